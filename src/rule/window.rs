//! What happened to a contact, as small exact aggregates.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::model::Name;

/// How often and when an event of one name happened. The order of arrival makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// The earliest instant.
    #[serde(with = "ts_milliseconds")]
    pub first_at: DateTime<Utc>,
    /// The latest instant.
    #[serde(with = "ts_milliseconds")]
    pub last_at: DateTime<Utc>,
}

/// A tally for every event name that a contact has had, up to a limit of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Performed(LiteMap<Name, Tally>);

impl Performed {
    /// The most names that one contact keeps; events of further names are logged and trigger journeys, but no
    /// predicate can ask for them later.
    pub const MOST_NAMES: usize = 256;

    /// Counts an event at its own instant.
    pub(crate) fn record(&mut self, name: &Name, at: DateTime<Utc>) {
        if let Some(tally) = self.0.get_mut(name) {
            tally.count = tally.count.saturating_add(1);
            tally.first_at = tally.first_at.min(at);
            tally.last_at = tally.last_at.max(at);
        } else if self.0.len() < Self::MOST_NAMES {
            self.0.insert(name.clone(), Tally { count: 1, first_at: at, last_at: at });
        }
    }

    /// Counts what happened to another record of the person as well.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (name, more) in other.0.iter() {
            if let Some(tally) = self.0.get_mut(name) {
                tally.count = tally.count.saturating_add(more.count);
                tally.first_at = tally.first_at.min(more.first_at);
                tally.last_at = tally.last_at.max(more.last_at);
            } else if self.0.len() < Self::MOST_NAMES {
                self.0.insert(name.clone(), *more);
            }
        }
    }

    /// The tally of one name.
    #[must_use]
    pub fn tally(&self, name: &str) -> Option<&Tally> {
        self.0.get(name)
    }

    /// Whether events of further names would not be counted, so that nobody knows how often they happened.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= Self::MOST_NAMES
    }

    /// Whether nothing ever happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
