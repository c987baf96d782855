//! What is remembered of a journey that a contact was in: enough to judge whether it may enter again.

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::Name;

/// When a contact entered and left a journey, in milliseconds since 1970, and by which keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passage {
    /// The last entry.
    pub entered_at: i64,
    /// The last exit.
    pub left_at: Option<i64>,
    /// The last entry and exit by each key, the newest [`MOST_KEYS`](Passage::MOST_KEYS) of them.
    pub keys: LiteMap<Name, (i64, Option<i64>)>,
}

/// The stored form: a bare number, the entry, where nothing else is remembered.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Entered(i64),
    Whole {
        entered_at: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_at: Option<i64>,
        #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
        keys: LiteMap<Name, (i64, Option<i64>)>,
    },
}

impl Serialize for Passage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entered_at, left_at, keys } = self.clone();
        if left_at.is_none() && keys.is_empty() {
            return Form::Entered(entered_at).serialize(serializer);
        }
        Form::Whole { entered_at, left_at, keys }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Passage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Entered(entered_at) => Self { entered_at, ..Self::default() },
            Form::Whole { entered_at, left_at, keys } => Self { entered_at, left_at, keys },
        })
    }
}

impl Passage {
    /// The most keys that one contact keeps of one journey; beyond them the one entered longest ago is forgotten.
    pub const MOST_KEYS: usize = 256;

    /// One entry at an instant, and nothing else.
    #[must_use]
    pub fn entered(at: DateTime<Utc>) -> Self {
        Self { entered_at: at.timestamp_millis(), ..Self::default() }
    }

    /// Remembers an entry.
    pub(super) fn enter(&mut self, key: Option<&Name>, at: DateTime<Utc>) {
        self.entered_at = at.timestamp_millis();
        let Some(key) = key else { return };
        if self.keys.len() >= Self::MOST_KEYS && !self.keys.contains_key(key) {
            let oldest =
                self.keys.iter().min_by_key(|(_, (entered_at, _))| *entered_at).map(|(key, _)| key.clone());
            oldest.map(|oldest| self.keys.remove(&oldest));
        }
        self.keys.insert(key.clone(), (self.entered_at, None));
    }

    /// Remembers an exit.
    pub(super) fn leave(&mut self, key: Option<&Name>, at: DateTime<Utc>) {
        self.left_at = Some(at.timestamp_millis());
        if let Some((_, left_at)) = key.and_then(|key| self.keys.get_mut(key)) {
            *left_at = self.left_at;
        }
    }

    /// Takes in what another record of the person remembers: of two the later one counts.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.entered_at = self.entered_at.max(other.entered_at);
        self.left_at = self.left_at.max(other.left_at);
        for (key, (entered_at, left_at)) in &other.keys {
            let room = self.keys.len() < Self::MOST_KEYS;
            if let Some(known) = self.keys.get_mut(key) {
                *known = (known.0.max(*entered_at), known.1.max(*left_at));
            } else if room {
                self.keys.insert(key.clone(), (*entered_at, *left_at));
            }
        }
    }

    /// The last entry and exit, by a key or by any.
    pub(super) fn last(&self, key: Option<&Name>) -> Option<(i64, Option<i64>)> {
        match key {
            Some(key) => self.keys.get(key).copied(),
            None => Some((self.entered_at, self.left_at)),
        }
    }
}
