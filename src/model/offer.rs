//! The place of an offer that an enrollment asked for.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Attributes, Name, Value};

/// The place of an offer that an enrollment asked for, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Offer {
    /// The quota that counts the places.
    pub quota: Name,
    /// Whose place: the same for every attempt of the enrollment, and for the run that undoes what it did.
    pub key: Name,
    /// How many places nobody held when this one was given.
    #[serde(default)]
    pub remaining: u64,
    /// From when on it is free again, unless it is confirmed.
    #[serde(with = "ts_milliseconds")]
    pub expires_at: DateTime<Utc>,
    /// How it stands.
    pub hold: Hold,
}

/// How the place of an enrollment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Hold {
    /// It was asked for, and nobody has said yet whether it was given.
    Asked,
    /// It was given.
    Held,
    /// It is kept for good.
    Confirmed,
    /// It was given back.
    Released,
}

impl Offer {
    pub(crate) fn asked(quota: Name, key: Name, expires_at: DateTime<Utc>) -> Self {
        Self { quota, key, remaining: 0, expires_at, hold: Hold::Asked }
    }

    /// Whether a message may still speak of it.
    pub(crate) fn stands(&self, at: DateTime<Utc>) -> bool {
        self.hold == Hold::Confirmed || (self.hold == Hold::Held && at < self.expires_at)
    }

    /// What a template sees of it.
    pub(crate) fn variables(&self, name: &Name) -> Attributes {
        let remaining = i64::try_from(self.remaining).unwrap_or(i64::MAX);
        [
            ("offer.name".into(), Value::Text(name.clone())),
            ("offer.remaining".into(), Value::Integer(remaining)),
            ("offer.expires_at".into(), Value::from(self.expires_at)),
        ]
        .into()
    }
}
