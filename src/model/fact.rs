//! Something that became true of a contact and is no event: the engine's own rules find it, or the host does.

use serde::{Deserialize, Serialize};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Attributes, Name};

/// Something that became true of a contact: a score crossed a line, a segment was left, a word came in.
///
/// Rules for scores, tiers and segments find such facts by themselves; a host that computes them elsewhere tells them
/// with [`Engine::tell`](crate::Engine::tell).
///
/// ```
/// use journeyman::model::Fact;
/// let left: Fact = serde_json::from_str(r#"{"segment": {"segment": "active", "inside": false}}"#)?;
/// assert_eq!(left, Fact::Segment { segment: "active".into(), inside: false });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fact {
    /// A word of an inbound message was recognised.
    Keyword {
        /// The word.
        word: Name,
        /// The channel on which it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<Name>,
    },
    /// The contact is in a segment, or no longer is.
    Segment {
        /// Which segment.
        segment: Name,
        /// Whether the contact is in it now.
        inside: bool,
    },
    /// A score stands in another tier.
    Tier {
        /// Which score.
        score: Name,
        /// The tier that was left; absent where there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Name>,
        /// The tier that was reached; absent below the lowest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Name>,
        /// Whether it is the higher one.
        up: bool,
    },
    /// A score changed.
    Score {
        /// Which score.
        score: Name,
        /// Its new value.
        value: i64,
    },
    /// Something that a score declares became true of the contact, or is over.
    Mark {
        /// Which score.
        score: Name,
        /// Which mark of it.
        mark: Name,
        /// Whether it was reached.
        up: bool,
    },
    /// The host says so.
    Host {
        /// The name that journeys know it by.
        name: Name,
        /// What is known of it.
        #[serde(default, skip_serializing_if = "Attributes::is_empty")]
        properties: Attributes,
    },
}

impl Fact {
    /// The size that limits count, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Keyword { word, channel } => {
                word.len() + channel.as_ref().map_or(0, |channel| channel.len())
            }
            Self::Segment { segment, .. } => segment.len(),
            Self::Tier { score, from, to, .. } => {
                score.len() + [from, to].into_iter().flatten().map(|tier| tier.len()).sum::<usize>()
            }
            Self::Score { score, .. } => score.len() + 8,
            Self::Mark { score, mark, .. } => score.len() + mark.len(),
            Self::Host { name, properties } => {
                name.len() + properties.iter().map(|(name, value)| name.len() + value.size()).sum::<usize>()
            }
        }
    }
}

/// A keyword as it is compared: without capitals, accents and what surrounds it.
///
/// ```
/// use journeyman::model::keyword;
/// assert_eq!(&*keyword(" Arrêt ! "), "arret");
/// assert_eq!(keyword("OUI"), keyword("oui"));
/// ```
#[must_use]
pub fn keyword(word: &str) -> Name {
    let plain: String =
        word.nfd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect();
    plain.trim_matches(|letter: char| !letter.is_alphanumeric()).into()
}
