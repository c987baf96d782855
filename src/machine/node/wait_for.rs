//! Waits for an event that happens from now on, and gives up after a span.

use super::{Move, Visit};
use crate::model::Waiting;
use crate::time::Span;

pub(super) fn enter(visit: &Visit<'_>, within: Span) -> Move {
    Move::wait(Waiting::Event { until: visit.zone.add(visit.at, within) })
}
