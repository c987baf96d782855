//! Waits until an instant that the entry or the local clock names; passes at once where it is over.

use chrono::NaiveTime;

use super::{Move, Visit};
use crate::model::{StepOutcome, Waiting};
use crate::seeded::{Bug, is_on};
use crate::time::{Span, Zone};

pub(super) fn enter(visit: &Visit<'_>, entry: Option<Span>, time: Option<NaiveTime>) -> Move {
    let entered_at = visit.enrollment.entered_at;
    let at = match (entry, time) {
        (Some(span), Some(time)) => visit.zone.on_day(entered_at, span, time),
        (Some(span), None) => visit.zone.add(entered_at, span),
        (None, Some(time)) if is_on(Bug::LocalTimeInUtc) => Zone::utc().next_time_of_day(visit.at, time),
        (None, Some(time)) => visit.zone.next_time_of_day(visit.at, time),
        (None, None) => visit.at,
    };
    if at <= visit.at {
        return Move::go(StepOutcome::Waited, visit.node.next);
    }
    Move::wait(Waiting::Until { at })
}
