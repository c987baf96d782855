//! The judge of what a store holds: it is content with what the engine does, and each invariant is able to fail.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod clean;
#[path = "../common/mod.rs"]
mod common;
mod doctored;
mod history;
mod population;
mod sizes;
mod wrong_worker;
