//! Contacts that turn out to be one person, in some seeds, and a judge (C6) that keeps what each of them said as a plain list of
//! newest words.
//!
//! Such people are nobody else: journeys, purposes and addresses of their own, so that the other judges need not know that two
//! can become one.

mod deed;
mod draw;
mod fixture;
mod host;
mod judge;
mod ledger;
mod rest;

pub(super) use deed::Act;
pub(super) use draw::draw;
pub(super) use fixture::{definitions, homes};
pub(super) use ledger::Twins;
