//! One third party that is told of people, and what must hold of what it is told.
//!
//! The judge knows what reached the store, which exports began and what the third party was handed; it counts how often the yes ended by
//! the plain list of the acts, and knows nothing of the episodes of the crate.

mod draw;
mod judge;

pub(in crate::sim) use draw::{Act, draw};
pub(in crate::sim) use judge::Partner;

use crate::rule::{Policy, Purpose};
use crate::sim::fixture::PARTNER;

/// The purpose, by the name of the third party that it is for.
const WITH: &str = "maison";

/// The sending rules, with the purpose of telling the third party.
pub(in crate::sim) fn policy(policy: Policy) -> Policy {
    policy.purpose(Purpose::sharing(WITH).telling_attribute("score").telling_address("email"))
}

/// Whether a channel is the third party's.
pub(in crate::sim) fn is_partner(channel: &str) -> bool {
    channel == PARTNER.name
}
