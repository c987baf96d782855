//! Everything that is remembered of one contact, in two parts.

use std::sync::Arc;

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::profiling::Profiling;
use super::{Envelope, Passage, Sharings};
use crate::model::{Contact, ContactId, Deed, Enrollment, InputId, JourneyId, Name};
use crate::rule::segment::SegmentState;
use crate::rule::{Facts, Performed, Rating, Standing};
use crate::time::Zone;

/// Everything that is remembered of one contact: what rarely changes, and what every step changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContactState {
    /// Who the contact is and what it allows; shared, so that a step copies none of it.
    pub cold: Arc<Cold>,
    /// Where the contact stands.
    pub hot: Hot,
}

/// Who a contact is and what it allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cold {
    /// The person.
    pub contact: Contact,
    /// What it allows.
    #[serde(default)]
    pub standing: Standing,
    /// What third parties were told of it.
    #[serde(default, skip_serializing_if = "Sharings::is_empty")]
    pub sharings: Sharings,
}

/// Where a contact stands: what every step changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hot {
    /// The instant up to which everything due has happened.
    #[serde(with = "ts_milliseconds")]
    pub now: DateTime<Utc>,
    /// Every enrollment that has not ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrollments: Vec<Enrollment>,
    /// What is remembered of each journey that the contact was ever in.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub entries: LiteMap<JourneyId, Passage>,
    /// What happened, as aggregates.
    #[serde(default, skip_serializing_if = "Performed::is_empty")]
    pub performed: Performed,
    /// Scores, tiers and segments.
    #[serde(default, skip_serializing_if = "Rating::is_empty")]
    pub rating: Rating,
    /// The segments that the contact is in, and what is kept to know when that ends.
    #[serde(default, skip_serializing_if = "SegmentState::is_empty")]
    pub segments: SegmentState,
    /// A short hash of the definitions that decided that.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub segmented: u64,
    /// Whether an event was taken back that segments had counted, and the history is still to be looked through without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retracted: bool,
    /// Whether scores and segments may be made of what the contact does.
    #[serde(default, skip_serializing_if = "Profiling::is_plain")]
    pub profiling: Profiling,
    /// Doors that a date will open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<Planned>,
    /// Events from the future that wait for their instant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Envelope>,
    /// The journeys that an operator took the contact out of, and who did: nothing lets it in again but an operator.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub barred: LiteMap<JourneyId, Deed>,
}

/// A door that a date will open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Planned {
    /// Of which journey.
    pub journey: JourneyId,
    /// Which of its doors, from 0.
    pub door: u16,
    /// When.
    #[serde(with = "ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What told the date: one instant that is told again opens a run of its own.
    pub cause: InputId,
}

impl ContactState {
    /// The most bytes that are known of one person; an update that would pass it is left out whole, and a signal says so.
    pub const MOST_SIZE: usize = 256 * 1024;
    /// The most events from the future that one contact keeps; later ones apply at once.
    pub const MOST_PENDING: usize = 64;
    /// The most journeys that one contact is barred from; beyond them a run is ended and the bar is left out.
    pub const MOST_BARRED: usize = 64;
    /// The most doors that dates of one contact wait to open; further dates are left out.
    pub const MOST_PLANNED: usize = 64;

    /// A contact of whom nothing is known yet.
    #[must_use]
    pub fn new(id: ContactId) -> Self {
        let cold =
            Cold { contact: Contact::new(id), standing: Standing::default(), sharings: Sharings::default() };
        Self::from_parts(Arc::new(cold), Hot::default())
    }

    /// Puts the two parts together, as a store reads them back.
    #[must_use]
    pub fn from_parts(cold: Arc<Cold>, hot: Hot) -> Self {
        Self { cold, hot }
    }

    /// What a predicate may see.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts::new(&self.cold.contact, &self.hot.performed, &self.hot.rating).at(self.hot.now)
    }
}

impl Hot {
    /// The segments that the contact is in, as a store counts them: an erasure takes the contact out of each.
    ///
    /// ```
    /// use journeyman::machine::ContactState;
    /// assert_eq!(ContactState::new("lea".into()).hot.segments_inside().count(), 0);
    /// ```
    pub fn segments_inside(&self) -> impl Iterator<Item = &Name> {
        self.segments.members.keys()
    }
}

impl Cold {
    /// The contact's own zone, where it has one.
    #[must_use]
    pub fn zone(&self) -> Option<Zone> {
        self.contact.zone.as_ref().and_then(|name: &Name| Zone::named(name).ok())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for Hot {
    fn default() -> Self {
        Self {
            now: DateTime::UNIX_EPOCH,
            enrollments: Vec::new(),
            entries: LiteMap::new(),
            performed: Performed::default(),
            rating: Rating::default(),
            segments: SegmentState::default(),
            segmented: 0,
            retracted: false,
            profiling: Profiling::default(),
            planned: Vec::new(),
            pending: Vec::new(),
            barred: LiteMap::new(),
        }
    }
}
