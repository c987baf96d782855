//! What the simulated people say of their consent, by every way that there is, and a judge that keeps a plain list of it.
//!
//! The judge knows what reached the store and when, and works out by brute force what that allows; it shares no code with
//! the crate's own fold, gate or permit.

mod deed;
mod draw;
mod ears;
mod fixture;
mod host;
mod judge;
mod ledger;
mod rest;
mod rotation;
mod sharing;
mod visits;

pub(super) use deed::Act;
pub(super) use draw::draw;
pub(super) use ears::{Ears, says_something_personal};
pub(super) use fixture::{OWED, definitions, is_owed, policy};
pub(super) use ledger::Ledger;
pub(super) use rotation::{keyed, newer_key};
pub(super) use sharing::{Act as Sharing, Partner, draw as draw_sharing, policy as sharing_policy};
pub(super) use visits::{BASE, linked};
