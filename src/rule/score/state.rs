//! What a contact keeps of one score.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::model::Name;

/// What a contact keeps of one score. Instants are milliseconds since 1970, in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScoreState {
    /// The first 8 bytes of the hash of the model that counted it.
    pub model: u64,
    /// Its value.
    pub value: i64,
    /// When the contact last engaged; absent where it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engaged_at: Option<i64>,
    /// The end of the span without engagement that is running; absent where nothing decays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decays_at: Option<i64>,
    /// When the value last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<i64>,
    /// The place of the tier in the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u16>,
    /// When the tier was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier_since: Option<i64>,
    /// What is true by name, each with its end, where it has one.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub marks: LiteMap<Name, Mark>,
    /// The rules on attributes that hold, each with the points that it gives.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub held: LiteMap<Name, i64>,
    /// The events that counted once and never again.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub once: LiteMap<Name, ()>,
}

/// A mark that was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Mark {
    /// Since when.
    pub since: i64,
    /// Until when; absent where something else ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}
