//! Goes the first way whose predicate holds.

use super::{Move, Visit};
use crate::journey::Target;
use crate::model::StepOutcome;
use crate::rule::Predicate;

pub(super) fn enter(visit: &Visit<'_>, ways: &[(Predicate, Target)], otherwise: Target) -> Move {
    let mut facts = visit.state.facts();
    facts.entered_at = Some(visit.enrollment.entered_at);
    match (0..).zip(ways).find(|(_, (predicate, _))| predicate.holds(&facts)) {
        Some((way, (_, to))) => Move::go(StepOutcome::Branched { way: Some(way) }, *to),
        None => Move::go(StepOutcome::Branched { way: None }, otherwise),
    }
}
