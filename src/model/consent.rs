//! What a contact allows, with its proof.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ContactId, Hash, InputId, Name};

/// Granted or withdrawn; no record at all means no consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConsentStatus {
    /// The contact allows it.
    Granted,
    /// The contact no longer allows it.
    Withdrawn,
}

/// How it is known: what a host could show to somebody who asks for proof.
///
/// The evidence itself (a form's content, an inbound text) stays with the host; the record keeps a salted
/// commitment to it, so that erasing the salt and the value erases the person and leaves the chain whole.
///
/// ```
/// use journeyman::model::Evidence;
/// let evidence = Evidence::new("signup-form", "notice-2026-03").committed(b"salt", b"the form as it was sent");
/// assert!(evidence.commitment.is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where the answer was given: a form, a keyword, a page, an operator.
    pub source: Name,
    /// The version of the words that the contact saw.
    pub wording: Name,
    /// `H(salt, value)` of the evidence that the host keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Hash>,
}

impl Evidence {
    /// Evidence with its two mandatory parts.
    #[must_use]
    pub fn new(source: impl Into<Name>, wording: impl Into<Name>) -> Self {
        Self { source: source.into(), wording: wording.into(), commitment: None }
    }

    /// Commits to a value without storing it.
    #[must_use]
    pub fn committed(mut self, salt: &[u8], value: &[u8]) -> Self {
        self.commitment = Some(Hash::of("evidence", &[salt, value]));
        self
    }
}

/// A change of what a contact allows: purpose × channel, as the host says it.
///
/// ```
/// use journeyman::{Consent, model::Evidence};
/// let consent = Consent::granted("c-1042", "marketing", "sms", Evidence::new("signup-form", "notice-2026-03"));
/// assert_eq!(&*consent.purpose, "marketing");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Whose consent.
    pub contact: ContactId,
    /// What for.
    pub purpose: Name,
    /// By which channel.
    pub channel: Name,
    /// Granted or withdrawn.
    pub status: ConsentStatus,
    /// How it is known.
    pub evidence: Evidence,
    /// The host's own id of this answer: telling twice is then safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Name>,
    /// The one address that this holds for; absent means every address of the contact on the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Fingerprint>,
}

impl Consent {
    /// A grant.
    #[must_use]
    pub fn granted(
        contact: impl Into<ContactId>,
        purpose: impl Into<Name>,
        channel: impl Into<Name>,
        evidence: Evidence,
    ) -> Self {
        Self {
            contact: contact.into(),
            purpose: purpose.into(),
            channel: channel.into(),
            status: ConsentStatus::Granted,
            evidence,
            id: None,
            address: None,
        }
    }

    /// Sets the host's own id of this answer.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Limits the answer to one address.
    #[must_use]
    pub fn for_address(mut self, address: Fingerprint) -> Self {
        self.address = Some(address);
        self
    }
}

/// One link of a contact's consent chain; append-only.
///
/// `hash = H(previous, every other field)`, so a row that is changed, dropped or slipped in breaks the chain from
/// there on; [`ConsentRecord::verify`] needs no store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsentRecord {
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// What for; absent where everything was withdrawn at once.
    pub purpose: Option<Name>,
    /// By which channel; absent where every channel was meant.
    pub channel: Option<Name>,
    /// Granted or withdrawn.
    pub status: ConsentStatus,
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// How it is known.
    pub evidence: Evidence,
    /// The one address that it holds for; absent means all of the contact's.
    pub address: Option<Fingerprint>,
    /// The input that brought it.
    pub input: InputId,
    /// The hash of the record before it; all zero for the first.
    pub previous: Hash,
    /// The hash of this record.
    pub hash: Hash,
}

impl ConsentRecord {
    #[allow(clippy::too_many_arguments)] // every field of the row, none with a default
    pub(crate) fn link(
        seq: u64,
        purpose: Option<Name>,
        channel: Option<Name>,
        status: ConsentStatus,
        at: DateTime<Utc>,
        evidence: Evidence,
        address: Option<Fingerprint>,
        input: InputId,
        previous: Hash,
    ) -> Self {
        let mut record = Self {
            seq,
            purpose,
            channel,
            status,
            at,
            evidence,
            address,
            input,
            previous,
            hash: Hash::default(),
        };
        record.hash = record.expected_hash();
        record
    }

    fn expected_hash(&self) -> Hash {
        fn optional(text: &Option<Name>) -> [&[u8]; 2] {
            match text {
                Some(text) => [b"1", text.as_bytes()],
                None => [b"0", b""],
            }
        }
        let [purpose_given, purpose] = optional(&self.purpose);
        let [channel_given, channel] = optional(&self.channel);
        let status: &[u8] = match self.status {
            ConsentStatus::Granted => b"granted",
            ConsentStatus::Withdrawn => b"withdrawn",
        };
        let commitment = self.evidence.commitment.map(|hash| *hash.as_bytes());
        let address = self.address.map(|fingerprint| *fingerprint.as_bytes());
        Hash::of(
            "consent",
            &[
                self.previous.as_bytes(),
                &self.seq.to_le_bytes(),
                purpose_given,
                purpose,
                channel_given,
                channel,
                status,
                &self.at.timestamp_millis().to_le_bytes(),
                self.evidence.source.as_bytes(),
                self.evidence.wording.as_bytes(),
                commitment.as_ref().map_or(&[], |bytes| bytes),
                address.as_ref().map_or(&[], |bytes| bytes),
                self.input.as_bytes(),
            ],
        )
    }

    /// Says whether a contact's records form one unbroken chain from the first.
    #[must_use]
    pub fn verify(records: &[ConsentRecord]) -> bool {
        let mut previous = Hash::default();
        records.iter().zip(1..).all(|(record, seq)| {
            let linked =
                record.previous == previous && record.seq == seq && record.hash == record.expected_hash();
            previous = record.hash;
            linked
        })
    }
}

/// Who an address is, without saying what it is: a keyed hash that survives the contact, the list and the erasure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(InputId);

impl Fingerprint {
    /// Wraps 16 bytes that a store reads back.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(InputId::from_bytes(bytes))
    }

    /// The 16 bytes, as a store keeps them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The host's secret for [`Fingerprint`]s. Keep it outside the database: with it, addresses can be guessed.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// Wraps 32 secret bytes of the host's.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The fingerprint of an address on a channel; letter case and outer blanks make no difference.
    #[must_use]
    pub fn fingerprint(&self, channel: &str, address: &str) -> Fingerprint {
        let canonical = address.trim().to_lowercase();
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [channel, canonical.as_str()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Fingerprint::from_bytes(bytes)
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<ConsentRecord> {
        let at = DateTime::UNIX_EPOCH;
        let input = InputId::from_bytes([1; 16]);
        let evidence = Evidence::new("form", "v1");
        let first = ConsentRecord::link(
            1,
            Some("marketing".into()),
            Some("sms".into()),
            ConsentStatus::Granted,
            at,
            evidence.clone(),
            None,
            input,
            Hash::default(),
        );
        let second = ConsentRecord::link(
            2,
            None,
            None,
            ConsentStatus::Withdrawn,
            at,
            evidence,
            None,
            input,
            first.hash,
        );
        vec![first, second]
    }

    #[test]
    fn a_chain_breaks_where_it_is_touched() {
        assert!(ConsentRecord::verify(&chain()));
        let mut changed = chain();
        changed[0].status = ConsentStatus::Withdrawn;
        assert!(!ConsentRecord::verify(&changed));
        let mut wider = chain();
        wider[1].purpose = Some("".into());
        assert!(!ConsentRecord::verify(&wider));
        assert!(!ConsentRecord::verify(&chain()[1..]));
    }

    #[test]
    fn a_fingerprint_needs_the_key_and_forgives_case() {
        let key = FingerprintKey::new([7; 32]);
        assert_eq!(key.fingerprint("email", "Lea@Example.org "), key.fingerprint("email", "lea@example.org"));
        assert_ne!(key.fingerprint("email", "x"), key.fingerprint("sms", "x"));
        assert_ne!(key.fingerprint("email", "x"), FingerprintKey::new([8; 32]).fingerprint("email", "x"));
    }
}
