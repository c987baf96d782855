//! Waits for something to happen, and gives up after a span.

use super::{Move, Visit};
use crate::journey::{Cause, Trigger, WaitFor, WaitSince};
use crate::model::{StepOutcome, Waiting};

pub(super) fn enter(visit: &Visit<'_>, wait: &WaitFor) -> Move {
    let mut facts = visit.state.facts().scored_by(visit.program);
    facts.entered_at = Some(visit.enrollment.entered_at);
    let stands = |cause: &Cause| match cause {
        Cause::Becomes(predicate) => predicate.holds(&facts),
        Cause::Trigger(Trigger::Segment { segment, inside }) => {
            visit.state.hot.rating.is_in(segment) == *inside
        }
        Cause::Trigger(Trigger::Event { name, .. }) => {
            let tally = visit.state.hot.performed.tally(name);
            tally.is_some_and(|tally| wait.counts(tally.last_at, visit.enrollment))
        }
        Cause::Trigger(_) => false,
    };
    let numbered = (0..).zip(&wait.alternatives);
    let satisfied = numbered.clone().find(|(_, other)| stands(&other.cause));
    if let Some((number, alternative)) = satisfied.filter(|_| wait.since != WaitSince::Arrival) {
        return Move::go(StepOutcome::Matched { alternative: number }, alternative.next);
    }
    let predicates =
        numbered.filter(|(_, other)| matches!(other.cause, Cause::Becomes(_)) && stands(&other.cause));
    let stood: Vec<u16> = predicates.map(|(number, _)| number).collect();
    Move::wait(Waiting::Event { until: visit.zone.add(visit.at, wait.within), stood })
}
