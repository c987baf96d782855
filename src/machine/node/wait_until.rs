//! Waits until an instant that the entry, a date or the local clock names; passes at once where it is over.

use chrono::{DateTime, Datelike, Utc};

use super::super::plan::instant_of;
use super::super::state::ContactState;
use super::{Move, Visit};
use crate::journey::{Base, WaitUntil};
use crate::model::{Enrollment, StepOutcome, Waiting};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

pub(super) fn enter(visit: &Visit<'_>, until: &WaitUntil) -> Move {
    let at = due(until, visit.enrollment, visit.state, visit.zone, visit.at);
    if at <= visit.at {
        return Move::go(StepOutcome::Waited, visit.node.next);
    }
    Move::wait(Waiting::Until { at })
}

/// When the wait is over, for an enrollment that arrived at `at`.
pub(in crate::machine) fn due(
    until: &WaitUntil,
    enrollment: &Enrollment,
    state: &ContactState,
    zone: &Zone,
    at: DateTime<Utc>,
) -> DateTime<Utc> {
    let utc = Zone::utc();
    let clock = if is_on(Bug::LocalTimeInUtc) { &utc } else { zone };
    let entered_at = enrollment.entered_at;
    let base = match (&until.base, until.time) {
        (Base::Entry(span), Some(time)) => zone.on_day(entered_at, *span, time),
        (Base::Entry(span), None) => zone.add(entered_at, *span),
        (Base::Date { attribute, offset }, time) => {
            let value = state.cold.contact.attributes.get(attribute);
            match value.and_then(|value| instant_of(value, *offset, time, zone)) {
                Some(instant) => instant,
                None => return at,
            }
        }
        (Base::Arrival, Some(time)) if until.days.is_none() => clock.next_time_of_day(at, time),
        (Base::Arrival, _) => at,
    };
    let on_day = match until.days {
        Some(days) if until.time.is_none() && days.contains(clock.local(base).weekday()) => base,
        Some(days) => clock.next_time_on_days(base, days, until.time.unwrap_or_default()),
        None => base,
    };
    let open = until.window.as_ref().map(|window| window.opens_at(on_day, clock));
    open.map_or(on_day, |open| open.unwrap_or(on_day))
}
