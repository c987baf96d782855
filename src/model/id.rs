//! Names that people choose, and ids that are derived and never drawn at random.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ConsentStatus;
use crate::seeded::{Bug, is_on};

/// A short text that is shared, not copied: attribute, channel, template and purpose names.
pub type Name = Arc<str>;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text; the text is the id, byte for byte.
            #[must_use]
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_id!(
    /// The host's own, opaque id of a contact. Use one that says nothing about the person:
    /// ids appear in logs and outlive an erasure.
    ContactId
);
text_id!(
    /// The name of a journey, the same for all its versions.
    JourneyId
);
text_id!(
    /// The name of a node, chosen by the author, or `step-N` (counted from 1) where none was given.
    NodeId
);

/// 128 bits of BLAKE3 over length-prefixed parts, so that no two lists of parts collide by gluing.
pub(crate) fn derive(domain: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    id
}

macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Wraps 16 bytes that were derived before, as a store reads them back.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, as a store keeps them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let mut bytes = [0; 16];
                read_hex(text, &mut bytes).map(|()| Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_hex(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut bytes = [0; 16];
                deserialize_hex(deserializer, &mut bytes).map(|()| Self(bytes))
            }
        }
    };
}

derived_id!(
    /// `H(store namespace, contact, journey, entry cause, key)`: the same entry is the same enrollment, for ever.
    EnrollmentId
);
derived_id!(
    /// The instant of the decision, then `H(enrollment, step ordinal)`: the key under which a channel may see the same
    /// message twice. Ids of one time lie side by side, so that an index over them is written in one place.
    MessageId
);
derived_id!(
    /// The identity of an input. The host's own event id makes it; without one the store makes it from the
    /// place in the mailbox.
    InputId
);

impl EnrollmentId {
    /// Derives the id of the enrollment that `cause` opens.
    #[must_use]
    pub fn derive(
        namespace: &str,
        contact: &ContactId,
        journey: &JourneyId,
        cause: InputId,
        key: &str,
    ) -> Self {
        Self(derive(
            "enrollment",
            &[
                namespace.as_bytes(),
                contact.as_str().as_bytes(),
                journey.as_str().as_bytes(),
                &cause.0,
                key.as_bytes(),
            ],
        ))
    }
}

impl MessageId {
    /// Derives the id of the message that step `ordinal` of an enrollment decides at an instant: 48 bits of
    /// milliseconds since 1970, largest first, then 80 bits of the hash.
    #[must_use]
    pub fn derive(enrollment: EnrollmentId, ordinal: u32, decided_at: DateTime<Utc>) -> Self {
        let mut id = derive("message", &[&enrollment.0, &ordinal.to_le_bytes()]);
        let milliseconds = u64::try_from(decided_at.timestamp_millis()).unwrap_or(0).to_be_bytes();
        id[..6].copy_from_slice(&milliseconds[2..]);
        Self(id)
    }
}

impl InputId {
    /// The id of an input that carries the host's own id, such as an event's.
    #[must_use]
    pub fn from_host(kind: &str, contact: &ContactId, id: &str) -> Self {
        Self(derive("input", &[kind.as_bytes(), contact.as_str().as_bytes(), id.as_bytes()]))
    }

    /// The id of an act of consent that carries the host's own id: telling it again is telling it once, and another act under the
    /// same id, for another purpose or on another channel, is another one. Whom it concerns and by which address is not
    /// asked: that can change with a key of fingerprints between two tellings.
    #[must_use]
    pub(crate) fn from_act<'a>(
        act: ConsentStatus,
        contact: &ContactId,
        purposes: impl IntoIterator<Item = &'a str>,
        channel: Option<&str>,
        id: &str,
    ) -> Self {
        if is_on(Bug::OneIdOneAct) {
            return Self::from_host(act.word(), contact, id);
        }
        let mut purposes: Vec<&str> = purposes.into_iter().collect();
        purposes.sort_unstable();
        purposes.dedup();
        let mut parts = vec![contact.as_str().as_bytes(), id.as_bytes(), act.word().as_bytes()];
        parts.push(channel.unwrap_or_default().as_bytes());
        parts.extend(purposes.into_iter().map(str::as_bytes));
        Self(derive("act", &parts))
    }

    /// The id of an input without one of its own: its place in the store's log.
    #[must_use]
    pub fn from_place(contact: &ContactId, seq: u64) -> Self {
        Self(derive("place", &[contact.as_str().as_bytes(), &seq.to_le_bytes()]))
    }

    /// The id of what became of one attempt to deliver a message.
    #[must_use]
    pub fn from_attempt(message: MessageId, attempt: u32) -> Self {
        Self(derive("attempt", &[&message.0, &attempt.to_le_bytes()]))
    }

    /// The id of the host's answer to a call: the first one counts.
    #[must_use]
    pub fn from_answer(message: MessageId) -> Self {
        Self(derive("answer", &[&message.0]))
    }

    /// The id of what a step of an enrollment makes happen.
    #[must_use]
    pub fn from_step(enrollment: EnrollmentId, ordinal: u32) -> Self {
        Self(derive("step", &[&enrollment.0, &ordinal.to_le_bytes()]))
    }

    /// The id of what a date of a contact brings about: a door of a journey, at an instant.
    #[must_use]
    pub fn from_date(contact: &ContactId, journey: &JourneyId, door: u16, at: DateTime<Utc>) -> Self {
        let (door, at) = (door.to_le_bytes(), at.timestamp_millis().to_le_bytes());
        Self(derive("date", &[contact.as_str().as_bytes(), journey.as_str().as_bytes(), &door, &at]))
    }

    /// The id of a row of an import: the same row of the same batch never reaches a contact twice.
    #[must_use]
    pub fn from_import(batch: &str, row: u64) -> Self {
        Self(derive("import", &[batch.as_bytes(), &row.to_le_bytes()]))
    }

    /// The id of what a contact leaves to the one that it is merged into: a contact is merged once.
    #[must_use]
    pub fn from_merge(loser: &ContactId) -> Self {
        Self(derive("merge", &[loser.as_str().as_bytes()]))
    }

    /// The id of one of several things that one input tells of.
    #[must_use]
    pub fn from_part(input: InputId, part: u64) -> Self {
        Self(derive("part", &[&input.0, &part.to_le_bytes()]))
    }

    /// The id of what the clock brings about for a score or a segment.
    #[must_use]
    pub fn from_clock(contact: &ContactId, score: &str, at: DateTime<Utc>) -> Self {
        let at = at.timestamp_millis().to_le_bytes();
        Self(derive("clock", &[contact.as_str().as_bytes(), score.as_bytes(), &at]))
    }

    /// The id of a fact that the rules of a score found, because something happened.
    #[must_use]
    pub fn from_score(cause: InputId, fact: &super::Fact) -> Self {
        let fact = serde_json::to_vec(fact).unwrap_or_default();
        Self(derive("score", &[&cause.0, &fact]))
    }

    /// The id of a move into a segment or out of it that an input brought about.
    #[must_use]
    pub fn from_move(cause: InputId, segment: &str, inside: bool) -> Self {
        Self(derive("move", &[&cause.0, segment.as_bytes(), &[u8::from(inside)]]))
    }

    /// The id of a history that a job counted: it is counted again once more was read, or time has passed for it.
    #[must_use]
    pub fn from_count(job: u64, contact: &ContactId, through: u64, as_of: DateTime<Utc>) -> Self {
        let (job, through) = (job.to_le_bytes(), through.to_le_bytes());
        let as_of = as_of.timestamp_millis().to_le_bytes();
        Self(derive("count", &[&job, contact.as_str().as_bytes(), &through, &as_of]))
    }

    /// The id of an input that a durable job appends: the same job never reaches a contact twice.
    #[must_use]
    pub fn from_job(job: u64, contact: &ContactId) -> Self {
        Self(derive("job", &[&job.to_le_bytes(), contact.as_str().as_bytes()]))
    }
}

/// The key of the place that an enrollment holds of an offer: `H("place", enrollment, offer)` in hexadecimal digits.
pub(crate) fn derive_place(enrollment: EnrollmentId, offer: &str) -> Name {
    InputId(derive("place", &[&enrollment.0, offer.as_bytes()])).to_string().into()
}

/// A full BLAKE3 hash: of a definition, a program, a body, a link of the consent chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Hashes length-prefixed parts under a domain.
    #[must_use]
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(&domain.as_bytes()).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Wraps 32 bytes that were hashed before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_hex(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 32];
        deserialize_hex(deserializer, &mut bytes).map(|()| Self(bytes))
    }
}

/// The text is not the hexadecimal form of an id.
#[derive(Debug, thiserror::Error)]
#[error("not an id: expected {expected} hexadecimal digits")]
pub struct NotAnId {
    expected: usize,
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex_into<'b>(bytes: &[u8], buffer: &'b mut [u8; 64]) -> &'b str {
    for (pair, byte) in buffer.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(&buffer[..bytes.len() * 2]).unwrap_or_default()
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(hex_into(bytes, &mut [0; 64]))
}

fn read_hex(text: &str, bytes: &mut [u8]) -> Result<(), NotAnId> {
    let wrong = NotAnId { expected: bytes.len() * 2 };
    if text.len() != wrong.expected {
        return Err(wrong);
    }
    for (pair, byte) in text.as_bytes().chunks_exact(2).zip(bytes) {
        match ((pair[0] as char).to_digit(16), (pair[1] as char).to_digit(16)) {
            (Some(high), Some(low)) => *byte = (high * 16 + low) as u8,
            _ => return Err(wrong),
        }
    }
    Ok(())
}

fn serialize_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(hex_into(bytes, &mut [0; 64]))
}

struct Hex<'b>(&'b mut [u8]);

impl serde::de::Visitor<'_> for Hex<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hexadecimal digits", self.0.len() * 2)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        read_hex(text, self.0).map_err(E::custom)
    }
}

fn deserialize_hex<'de, D: Deserializer<'de>>(deserializer: D, bytes: &mut [u8]) -> Result<(), D::Error> {
    deserializer.deserialize_str(Hex(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Golden vectors: a change here changes every id in every host's store and provider.
    #[test]
    fn derived_ids_never_change() {
        let contact = ContactId::from("lea");
        let cause = InputId::from_host("event", &contact, "signup-1");
        let enrollment = EnrollmentId::derive("default", &contact, &JourneyId::from("welcome"), cause, "");
        let message =
            MessageId::derive(enrollment, 1, DateTime::from_timestamp_millis(1_774_256_400_123).unwrap());
        let all = [
            cause.to_string(),
            InputId::from_place(&contact, 7).to_string(),
            InputId::from_attempt(message, 1).to_string(),
            InputId::from_job(3, &contact).to_string(),
            InputId::from_step(enrollment, 4).to_string(),
            InputId::from_date(&contact, &"welcome".into(), 1, DateTime::UNIX_EPOCH).to_string(),
            enrollment.to_string(),
            message.to_string(),
            InputId::from_import("shop-2026-03", 7).to_string(),
            InputId::from_part(cause, 2).to_string(),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn parts_are_not_glued() {
        assert_ne!(derive("x", &[b"ab", b"c"]), derive("x", &[b"a", b"bc"]));
    }

    #[test]
    fn hexadecimal_reads_back_and_refuses_the_rest() {
        let id = InputId::from_bytes([0xa7; 16]);
        assert_eq!(id.to_string().parse::<InputId>().ok(), Some(id));
        assert!("a7".parse::<InputId>().is_err());
        assert!("zz".repeat(16).parse::<InputId>().is_err());
        assert!("é".repeat(16).parse::<InputId>().is_err());
    }
}
