//! Goes the way that the contact's lot says.

use super::super::bucket;
use super::{Move, Visit};
use crate::journey::Split;
use crate::model::StepOutcome;
use crate::seeded::{Bug, is_on};

pub(super) fn enter(visit: &Visit<'_>, split: &Split) -> Move {
    let ways = split.ways.iter().map(|(name, weight, _)| (name, *weight));
    let (contact, journey) = (&visit.state.cold.contact.id, &visit.journey.id);
    let own = visit.enrollment.id.to_string();
    let salt = if is_on(Bug::DrawsAnew) { own.as_str() } else { &split.salt };
    let way = bucket::way(contact, journey, &visit.node.id, salt, ways).unwrap_or(0);
    let to = split.ways.get(way).and_then(|(_, _, to)| *to);
    Move::go(StepOutcome::Drawn { way: u16::try_from(way).unwrap_or(u16::MAX) }, to)
}
