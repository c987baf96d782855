//! What was said to a contact, as caps count it.

use chrono::{DateTime, Utc};

use super::Name;

/// A message that has begun, as caps count it: once, at its newest begin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// For which purpose.
    pub purpose: Name,
    /// By which channel.
    pub channel: Name,
    /// When its newest attempt began.
    pub at: DateTime<Utc>,
}

impl Said {
    /// Puts one together, as a store does.
    #[must_use]
    pub fn new(purpose: impl Into<Name>, channel: impl Into<Name>, at: DateTime<Utc>) -> Self {
        Self { purpose: purpose.into(), channel: channel.into(), at }
    }
}
