//! I9: for each cap of n messages in a window, every such window holds at most n begins, for any number of workers; what a cap
//! leaves goes to the message of the higher priority; and caps touch only the purposes that they name.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod common;

#[path = "caps/engines.rs"]
mod engines;
#[path = "caps/law.rs"]
mod law;
#[path = "caps/oracle.rs"]
mod oracle;
#[path = "caps/tiers.rs"]
mod tiers;
#[path = "caps/workers.rs"]
mod workers;
