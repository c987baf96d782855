//! Goes the first way whose predicate holds.

use super::{Move, Visit};
use crate::journey::Target;
use crate::model::StepOutcome;
use crate::rule::Predicate;

pub(super) fn enter(
    visit: &Visit<'_>,
    ways: &[(Predicate, Target)],
    otherwise: Target,
    unknown: Option<Target>,
) -> Move {
    let mut facts = visit.state.facts().scored_by(visit.program);
    facts.entered_at = Some(visit.enrollment.entered_at);
    for (way, (predicate, to)) in (0..).zip(ways) {
        match (predicate.answer(&facts), unknown) {
            (None, Some(unknown)) => return Move::go(StepOutcome::Unknown { way }, unknown),
            (Some(true), _) => return Move::go(StepOutcome::Branched { way: Some(way) }, *to),
            // Without an edge for it, what is not known is asked as what does not hold.
            (None, None) if predicate.holds(&facts) => {
                return Move::go(StepOutcome::Branched { way: Some(way) }, *to);
            }
            _ => {}
        }
    }
    Move::go(StepOutcome::Branched { way: None }, otherwise)
}
