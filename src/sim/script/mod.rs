//! Scenario files: people, what happens to them and when, and the journeys that they walk, in a file that needs no Rust.
//!
//! A [`Scenario`] is read whole, or answered with every problem that it has; it runs in virtual time through the real engine
//! on the memory store; what happened is a [`Timeline`]. The way of a file through this room:
//!
//! ```text
//! text ─► node ─► scenario (head, people, deeds, definitions, answers) ─► check ─► play ─► passage ─► timeline
//! ```

mod answer;
mod check;
mod comparison;
mod deed;
mod definition;
mod head;
mod host;
mod instant;
mod line;
mod loader;
mod node;
mod passage;
mod person;
mod place;
mod play;
mod scenario;
mod summary;
mod timeline;
mod typed;
mod words;

pub use comparison::{Comparison, Difference, Row};
pub use line::{By, Line, Said, What};
pub use scenario::Scenario;
pub use summary::Summary;
pub use timeline::{ByDay, Timeline};

/// The largest scenario file, in bytes; definitions in files of their own have the limit of definitions.
pub const MOST_SCENARIO: usize = 16 * 1024 * 1024;
/// The most contacts of a scenario.
pub const MOST_CONTACTS: usize = 100_000;
/// The most inputs of a scenario, each counted once for every contact that it concerns and for every repetition.
pub const MOST_INPUTS: usize = 1_000_000;
