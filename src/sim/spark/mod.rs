//! A score that every simulation keeps, and its judge: a second, plain implementation of the same rules.
//!
//! The rules stand here twice, as a script for the engine and as numbers for the judge, who shares no code with
//! [`rule::score`](crate::rule::score): it knows nothing of tables, and walks the whole log again, instant by instant.

#[cfg(test)]
mod agrees;
mod judge;
mod plain;
mod rest;
mod rules;

pub(super) use self::judge::Rated;
pub(super) use self::rules::{definition, version_of};
