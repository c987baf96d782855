//! What a contact keeps of all segments.

use std::sync::Arc;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::stream::Stream;
use crate::model::Name;

/// What a contact keeps of all segments. Instants are milliseconds since 1970, in UTC.
///
/// The streams and the memberships are the truth; everything else is worked out of them and of the contact.
///
/// ```
/// use journeyman::rule::segment::SegmentState;
/// assert!(SegmentState::default().is_empty());
/// assert_eq!(serde_json::to_string(&SegmentState::default())?, "{}");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SegmentState {
    /// In which segments the contact is.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub members: LiteMap<Name, Membership>,
    /// How often it had entered the segments that it has left.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub left: LiteMap<Name, u32>,
    /// What was last heard that a stream should have counted, while the contact's history was not counted by it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncounted: Option<Uncounted>,
    /// The first 8 bytes of the hash of the segments that this was counted for.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) set: u64,
    /// The keys of the streams, in order; 0 where a stream is missing.
    #[serde(with = "keys", skip_serializing_if = "is_none")]
    pub(super) keys: Arc<[u64]>,
    /// The streams, in the same order; those at the end that are empty may be left out.
    #[serde(with = "sparse", skip_serializing_if = "all_empty")]
    pub(super) streams: Vec<Stream>,
    /// Whether every question must be asked before any answer is believed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) asleep: bool,
    /// The answers, a bit each.
    #[serde(skip_serializing_if = "Bits::is_empty")]
    pub(super) bits: Bits,
    /// The memberships once more, a bit each.
    #[serde(skip_serializing_if = "Bits::is_empty")]
    pub(super) inside: Bits,
    /// When answers may change by themselves, by their slots; the greatest instant where they do not.
    #[serde(with = "flips", skip_serializing_if = "all_still")]
    pub(super) flips: Vec<i64>,
    /// The earliest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<i64>,
}

/// One passage through a segment, which goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Membership {
    /// Since when.
    pub since: i64,
    /// How often the contact entered, this time included.
    pub times: u32,
    /// Under which version it entered.
    pub version: u32,
}

/// Something that concerned a stream and was not counted, because the contact's history was not counted yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Uncounted {
    /// The last input, by its place in the mailbox.
    pub seq: u64,
    /// The last instant.
    pub at: i64,
}

impl PartialEq for SegmentState {
    /// What is empty at the end of a list makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
            && self.left == other.left
            && self.uncounted == other.uncounted
            && (self.set, self.asleep, self.due) == (other.set, other.asleep, other.due)
            && self.keys == other.keys
            && trimmed(&self.streams, &Stream::Empty) == trimmed(&other.streams, &Stream::Empty)
            && trimmed(&self.flips, &i64::MAX) == trimmed(&other.flips, &i64::MAX)
            && (&self.bits, &self.inside) == (&other.bits, &other.inside)
    }
}

impl Eq for SegmentState {}

fn trimmed<'a, T: PartialEq>(list: &'a [T], nothing: &T) -> &'a [T] {
    let length = list.iter().rposition(|item| item != nothing).map_or(0, |last| last + 1);
    list.get(..length).unwrap_or(list)
}

impl SegmentState {
    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the contact is in a segment.
    #[must_use]
    pub fn is_in(&self, segment: &str) -> bool {
        self.members.contains_key(segment)
    }

    /// What it takes in memory, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let streams = self.streams.iter().map(|stream| match stream {
            Stream::Times(times) => times.size(),
            Stream::Numbers(numbers) => numbers.size(),
            Stream::Kinds(kinds) => kinds.size(),
            _ => 0,
        });
        size_of::<Self>()
            + self.members.len() * (size_of::<Name>() + size_of::<Membership>())
            + self.left.len() * (size_of::<Name>() + 4)
            + self.streams.len() * size_of::<Stream>()
            + streams.sum::<usize>()
            + self.bits.size()
            + self.inside.size()
            + self.flips.len() * 8
    }
}

// serde passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_none(keys: &Arc<[u64]>) -> bool {
    keys.is_empty()
}

fn all_empty(streams: &[Stream]) -> bool {
    streams.iter().all(|stream| *stream == Stream::Empty)
}

fn all_still(flips: &[i64]) -> bool {
    flips.iter().all(|at| *at == i64::MAX)
}

/// Keys as one text, 12 hexadecimal digits each.
mod keys {
    use std::fmt::Write;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(keys: &Arc<[u64]>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(keys.len() * 12);
        for key in keys.iter() {
            let _ = write!(text, "{key:012x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u64]>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit =
            |key: u64, digit: &u8| char::from(*digit).to_digit(16).map(|digit| (key << 4) | u64::from(digit));
        let read = |digits: &[u8]| digits.iter().try_fold(0, digit).filter(|_| digits.len() == 12);
        let keys: Option<Vec<u64>> = text.as_bytes().chunks(12).map(read).collect();
        keys.map(Into::into).ok_or_else(|| serde::de::Error::custom("keys are 12 hexadecimal digits each"))
    }
}

/// The most places that a stored list may name.
const MOST_PLACES: u32 = 65_536;

/// A list as its entries that say something, each with its place.
fn fill<T, E: serde::de::Error>(entries: Vec<(u32, T)>, nothing: impl Fn() -> T) -> Result<Vec<T>, E> {
    let mut list = Vec::new();
    for (place, entry) in entries {
        let place = usize::try_from(place).ok().filter(|_| place < MOST_PLACES);
        let place = place.filter(|place| *place >= list.len());
        let place = place.ok_or_else(|| E::custom("places rise, and are not too many"))?;
        list.resize_with(place, &nothing);
        list.push(entry);
    }
    Ok(list)
}

mod sparse {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Stream;

    pub(super) fn serialize<S: Serializer>(streams: &[Stream], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0_u32..).zip(streams).filter(|(_, stream)| **stream != Stream::Empty))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Stream>, D::Error> {
        super::fill(Vec::<(u32, Stream)>::deserialize(deserializer)?, Stream::default)
    }
}

mod flips {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(flips: &[i64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0_u32..).zip(flips).filter(|(_, at)| **at != i64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
        super::fill(Vec::<(u32, i64)>::deserialize(deserializer)?, || i64::MAX)
    }
}
