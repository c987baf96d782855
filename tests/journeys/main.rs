//! The rules of the language, each as one story on the pure machine.
//!
//! A story is told at its instants and every timer fires at its own; what the contact walked is compared line by line. When
//! it is over, the same log is folded once more in one go, and must give the same.

mod asks;
mod calls;
mod chains;
mod computed;
mod dates;
mod docs;
mod ends;
mod entry;
mod existing;
mod head;
mod late;
mod migration;
mod migration_job;
mod offers;
mod operators;
mod other_journeys;
mod owners;
mod pace;
mod reentry;
mod scene;
mod sends;
mod spacing;
mod stage;
mod steps;
mod times;
mod triggers;
mod undo;
mod waits;
mod wordings;
