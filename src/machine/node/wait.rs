//! Waits for a span, counted from the instant of arrival.

use super::{Move, Visit};
use crate::model::Waiting;
use crate::time::Span;

pub(super) fn enter(visit: &Visit<'_>, span: Span) -> Move {
    Move::wait(Waiting::Until { at: visit.zone.add(visit.at, span) })
}
