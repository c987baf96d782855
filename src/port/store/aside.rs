//! Events that violate their schema: kept, and in nobody's mailbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Receipt, Result};
use crate::machine::Input;
use crate::model::{Deed, Event};

/// Events that violate their schema, until somebody decides.
///
/// An erasure forgets those of its contact, whether or not the contact was ever known.
#[async_trait]
pub trait Aside: Send + Sync {
    /// Keeps events aside, in one transaction; answers the number of each, which grows and never comes twice. An event with
    /// a host's id that is aside for its contact already, and open, keeps its number. `None` where the contact was erased,
    /// and then nothing of it is kept.
    async fn set_aside(&self, events: &[NewAside]) -> Result<Vec<Option<u64>>>;

    /// What is aside and open, with numbers after `after`, in order.
    async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>>;

    /// One event that was set aside, whatever became of it.
    async fn aside_record(&self, id: u64) -> Result<Option<AsideRecord>>;

    /// Puts an open one into its mailbox, in the same transaction in which it is marked as released, whatever its age;
    /// `None` where it is not open. The record keeps who did it and loses the event.
    async fn release_aside(&self, id: u64, input: &Input, by: &Deed) -> Result<Option<Receipt>>;

    /// Drops an open one; false where it is not open. The record keeps who did it and loses the event.
    async fn drop_aside(&self, id: u64, by: &Deed) -> Result<bool>;
}

/// An event to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAside {
    /// The event.
    pub event: Event,
    /// What it violates, a sentence each, without personal values.
    pub problems: Vec<String>,
}

impl NewAside {
    /// Puts one together.
    #[must_use]
    pub fn new(event: Event, problems: Vec<String>) -> Self {
        Self { event, problems }
    }
}

/// An event that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AsideRecord {
    /// Its number.
    pub id: u64,
    /// When it was set aside.
    pub at: DateTime<Utc>,
    /// The event, as long as nobody has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// What it violates, a sentence each.
    pub problems: Vec<String>,
    /// What was decided, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<AsideEnd>,
}

impl AsideRecord {
    /// One that is open.
    #[must_use]
    pub fn new(id: u64, at: DateTime<Utc>, event: Event, problems: Vec<String>) -> Self {
        Self { id, at, event: Some(event), problems, end: None }
    }

    /// What it is once somebody has decided.
    #[must_use]
    pub fn ended(mut self, end: AsideEnd) -> Self {
        (self.event, self.end) = (None, Some(end));
        self
    }
}

/// What was decided of an event that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AsideEnd {
    /// Whether it went into its mailbox.
    pub released: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, and why.
    pub by: Deed,
}

impl AsideEnd {
    /// Puts one together.
    #[must_use]
    pub fn new(released: bool, at: DateTime<Utc>, by: Deed) -> Self {
        Self { released, at, by }
    }
}
