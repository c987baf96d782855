//! Where a rank ends.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::ContactId;

/// The line that a rank segment was given when it was last drawn: whoever stands on it or above is in.
///
/// ```
/// use journeyman::rule::segment::Line;
/// let line = Line::new(1, chrono::DateTime::UNIX_EPOCH, 90, "b".into());
/// assert!(line.admits(91, &"z".into()) && line.admits(90, &"a".into()) && line.admits(90, &"b".into()));
/// assert!(!line.admits(90, &"c".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// How often it was drawn, this time included.
    pub edition: u32,
    /// When it was drawn.
    #[serde(with = "ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// The value of the last one who is in.
    pub value: i64,
    /// The last one who is in: of equal values, ids beyond it are out.
    pub last: ContactId,
}

impl Line {
    /// A line as it was drawn.
    #[must_use]
    pub fn new(edition: u32, at: DateTime<Utc>, value: i64, last: ContactId) -> Self {
        Self { edition, at, value, last }
    }

    /// Whether somebody of this value is in: the highest value comes first, of equal ones the least id.
    #[must_use]
    pub fn admits(&self, value: i64, contact: &ContactId) -> bool {
        value > self.value || (value == self.value && *contact <= self.last)
    }
}
