//! What each fuzz target asks, as plain functions over bytes. `tests/corpus.rs` of the crate includes these files too, so
//! that every input of the corpora is asked again by `cargo test`, on stable.
//!
//! Each function panics where a promise is broken, and answers whether the bytes came past the parser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // to panic is how a target speaks

mod definition;
mod draw;
mod ingest;
mod predicate;
mod row;
mod script;
mod template;
mod walk;

pub use definition::{definition_json, definition_yaml};
pub use ingest::event_ingest;
pub use predicate::predicate;
pub use row::stored_row;
pub use script::score_script;
pub use template::template_render;

use std::sync::atomic::{AtomicU64, Ordering};

static SEEN: AtomicU64 = AtomicU64::new(0);
static PAST: AtomicU64 = AtomicU64::new(0);

/// Counts one input, and says now and then how many came past the parser.
pub fn count(past: bool) {
    let past = PAST.fetch_add(u64::from(past), Ordering::Relaxed) + u64::from(past);
    let seen = SEEN.fetch_add(1, Ordering::Relaxed) + 1;
    if seen.is_power_of_two() && seen >= 1_024 {
        eprintln!("past the parser: {} % of {seen}", past * 100 / seen);
    }
}
