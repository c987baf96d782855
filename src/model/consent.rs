//! What a contact allows, with its proof.

use std::fmt;

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::derive;
use super::spelling;
use super::{ContactId, EnrollmentId, Evidence, Giver, Ground, Hash, InputId, Name, truncate};

/// What was done; no record at all means no consent.
///
/// A grant is the only act that allows anything. What a contact allows is a fold of all acts: of two, the later one
/// counts, and of two at one instant the one that forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConsentStatus {
    /// The contact allows it.
    Granted,
    /// The contact no longer allows it.
    Withdrawn,
    /// The contact was asked; a grant that [confirms](Evidence::confirming) it may follow. Allows nothing.
    Requested,
    /// The contact was asked and said no.
    Refused,
    /// The contact objects to marketing, on every channel (GDPR art. 21). Scores and segments for marketing end with it.
    Objected,
    /// What was allowed is over, because its time has passed.
    Expired,
    /// What was allowed no longer holds, though nobody said no: its proof turned out to be wrong, or another record of the person,
    /// which was [merged](crate::Engine::merge) into this one, knows nothing of it.
    Invalidated,
    /// Another system says that it was allowed, without proof. Allows nothing.
    Imported,
}

impl ConsentStatus {
    /// The word for it, as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            ConsentStatus::Granted => "granted",
            ConsentStatus::Withdrawn => "withdrawn",
            ConsentStatus::Requested => "requested",
            ConsentStatus::Refused => "refused",
            ConsentStatus::Objected => "objected",
            ConsentStatus::Expired => "expired",
            ConsentStatus::Invalidated => "invalidated",
            ConsentStatus::Imported => "imported",
        }
    }

    /// Whether it forbids; such an act goes through the gate.
    #[must_use]
    pub const fn forbids(self) -> bool {
        match self {
            ConsentStatus::Granted | ConsentStatus::Requested | ConsentStatus::Imported => false,
            ConsentStatus::Withdrawn
            | ConsentStatus::Refused
            | ConsentStatus::Objected
            | ConsentStatus::Expired
            | ConsentStatus::Invalidated => true,
        }
    }

    /// Whether it shows that the person was there: it did something itself.
    pub(crate) const fn is_by_the_person(self) -> bool {
        match self {
            ConsentStatus::Granted
            | ConsentStatus::Withdrawn
            | ConsentStatus::Requested
            | ConsentStatus::Refused
            | ConsentStatus::Objected => true,
            ConsentStatus::Expired | ConsentStatus::Invalidated | ConsentStatus::Imported => false,
        }
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
    /// What was done.
    pub status: ConsentStatus,
    /// How it is known.
    pub evidence: Evidence,
    /// The host's own id of this answer: telling twice is then safe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Name>,
    /// The one address that this holds for; absent means every address of the contact on the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Fingerprint>,
    /// When it was said, where that is known better than by its receipt: a provider tells late. Never later than the receipt.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
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
        Self::of(ConsentStatus::Granted, contact, purpose, channel, evidence)
    }

    /// Any act.
    #[must_use]
    pub fn of(
        status: ConsentStatus,
        contact: impl Into<ContactId>,
        purpose: impl Into<Name>,
        channel: impl Into<Name>,
        evidence: Evidence,
    ) -> Self {
        Self {
            contact: contact.into(),
            purpose: purpose.into(),
            channel: channel.into(),
            status,
            evidence,
            id: None,
            address: None,
            at: None,
        }
    }

    /// A request: the first half of a double opt-in. Give it an [id](Consent::id), which the grant
    /// [confirms](Evidence::confirming).
    #[must_use]
    pub fn requested(
        contact: impl Into<ContactId>,
        purpose: impl Into<Name>,
        channel: impl Into<Name>,
        evidence: Evidence,
    ) -> Self {
        Self::of(ConsentStatus::Requested, contact, purpose, channel, evidence)
    }

    /// What another system says was allowed, without proof: it is on record and allows nothing. With its proof it is a
    /// [grant](Consent::granted) whose evidence says [`How::Import`](super::How::Import).
    #[must_use]
    pub fn imported(
        contact: impl Into<ContactId>,
        purpose: impl Into<Name>,
        channel: impl Into<Name>,
        evidence: Evidence,
    ) -> Self {
        Self::of(ConsentStatus::Imported, contact, purpose, channel, evidence)
    }

    /// Under which id it is kept, where the host gave one: another act, for another purpose or on another channel has another.
    #[must_use]
    pub fn input_id(&self) -> Option<InputId> {
        let id = self.id.as_deref()?;
        Some(InputId::from_act(self.status, &self.contact, [&*self.purpose], Some(&self.channel), id))
    }

    /// Says when it was said, where a provider tells late.
    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(truncate(at));
        self
    }

    /// Sets the host's own id of this answer; the answers of one form may share one.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Limits the answer to one address of the channel, so that it does not hold for whatever address the contact has later. A
    /// confirmation shows that one mailbox is the contact's, and should name it.
    ///
    /// ```
    /// use journeyman::Consent;
    /// use journeyman::model::{Evidence, FingerprintKey, How};
    /// # let asked_at = chrono::DateTime::UNIX_EPOCH;
    /// let key = FingerprintKey::new([3; 32]); // the one that the engine was given
    /// let clicked = Evidence::new("confirmation", "notice-2027-01").by(How::Link).confirming("form-1", asked_at);
    /// let yes = Consent::granted("c-1042", "marketing", "email", clicked)
    ///     .for_address(key.fingerprint("email", "camille@example.org"));
    /// assert!(yes.address.is_some());
    /// ```
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
    /// What was done.
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
    /// When the store received it, where the host said when it took effect.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// Purposes that it leaves alone, because they rest on a contract or a law.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Name>,
}

impl ConsentRecord {
    /// Whether it shows that the person was there: it, or its guardian, did something itself.
    pub(crate) fn is_by_the_person(&self) -> bool {
        let Evidence { who, ground, .. } = &self.evidence;
        self.status.is_by_the_person()
            && matches!(who, Giver::Contact | Giver::Guardian { .. })
            && !matches!(ground, Ground::LegitimateInterest { .. })
    }

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
            received_at: None,
            except: Vec::new(),
        };
        record.hash = record.expected_hash();
        record
    }

    /// The same with when it was received, where it says itself when it took effect, and with what it leaves alone.
    pub(crate) fn told(mut self, received_at: Option<DateTime<Utc>>, except: &[Name]) -> Self {
        self.received_at = received_at;
        self.except = except.to_vec();
        self.hash = self.expected_hash();
        self
    }

    /// Whether it says anything of a purpose on a channel.
    #[must_use]
    pub fn concerns(&self, purpose: &str, channel: &str) -> bool {
        self.purpose.as_ref().is_none_or(|name| **name == *purpose)
            && self.channel.as_ref().is_none_or(|name| **name == *channel)
            && !self.except.iter().any(|name| **name == *purpose)
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
        let status = self.status.word().as_bytes();
        let commitment = self.evidence.commitment.map(|hash| *hash.as_bytes());
        let address = self.address.map(|fingerprint| *fingerprint.as_bytes());
        let (seq, at) = (self.seq.to_le_bytes(), self.at.timestamp_millis().to_le_bytes());
        let mut parts: Vec<&[u8]> = vec![
            self.previous.as_bytes(),
            &seq,
            purpose_given,
            purpose,
            channel_given,
            channel,
            status,
            &at,
            self.evidence.source.as_bytes(),
            self.evidence.wording.as_bytes(),
            commitment.as_ref().map_or(&[], |bytes| bytes),
            address.as_ref().map_or(&[], |bytes| bytes),
            self.input.as_bytes(),
        ];
        let newer = self.newer_parts();
        parts.extend(newer.iter().map(Vec::as_slice));
        Hash::of("consent", &parts)
    }

    /// What was added to a record since: covered only where it is there, so that old chains still verify.
    fn newer_parts(&self) -> Vec<Vec<u8>> {
        let mut parts = self.evidence.newer_parts();
        if let Some(received_at) = self.received_at {
            parts.extend([b"received_at".to_vec(), received_at.timestamp_millis().to_le_bytes().to_vec()]);
        }
        for name in &self.except {
            parts.extend([b"except".to_vec(), name.as_bytes().to_vec()]);
        }
        parts
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

    /// The id by which a third party is told under one yes: of this and of what began with that yes.
    pub(crate) fn under(self, run: EnrollmentId) -> Self {
        Self::from_bytes(derive("subject", &[self.as_bytes(), run.as_bytes()]))
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

    /// The fingerprint of an address on a channel. How it is written makes no difference: letter case and outer blanks, what
    /// stands between the digits of a telephone number and `00` for its `+`, a mail domain in its own letters or in those of the
    /// domain name system. A number without its country is another one than the same with it.
    ///
    /// ```
    /// use journeyman::model::FingerprintKey;
    /// let key = FingerprintKey::new([7; 32]);
    /// assert_eq!(key.fingerprint("sms", "00 33 6.39.98.71.42"), key.fingerprint("sms", "+33639987142"));
    /// assert_eq!(key.fingerprint("email", "Lea@münchen.de"), key.fingerprint("email", "lea@xn--mnchen-3ya.de"));
    /// assert_ne!(key.fingerprint("sms", "06 39 98 71 42"), key.fingerprint("sms", "+33639987142"));
    /// ```
    #[must_use]
    pub fn fingerprint(&self, channel: &str, address: &str) -> Fingerprint {
        self.of_spelling(channel, &spelling::canonical(address))
    }

    /// The fingerprint that an address had before its spelling was made one; `None` where it is the same.
    pub(crate) fn former_fingerprint(&self, channel: &str, address: &str) -> Option<Fingerprint> {
        let former = spelling::former(address);
        (former != spelling::canonical(address)).then(|| self.of_spelling(channel, &former))
    }

    fn of_spelling(&self, channel: &str, spelling: &str) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [channel, spelling] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Fingerprint::from_bytes(bytes)
    }
}

impl FingerprintKey {
    /// The salt of the commitment to a text that came in with an id: whoever has the key and the text can show that it was
    /// that one, and nobody else can guess the text.
    ///
    /// ```
    /// use journeyman::model::FingerprintKey;
    /// let key = FingerprintKey::new([7; 32]);
    /// assert_eq!(key.salt("lea", "sms", "SM-1"), key.salt("lea", "sms", "SM-1"));
    /// assert_ne!(key.salt("lea", "sms", "SM-1"), FingerprintKey::new([8; 32]).salt("lea", "sms", "SM-1"));
    /// ```
    #[must_use]
    pub fn salt(&self, contact: &str, channel: &str, id: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // Three parts and a name of their own: never the fingerprint of an address.
        for part in ["salt of a text", contact, channel, id] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

impl FingerprintKey {
    /// What stands for a contact before a third party; [`Engine::share`](crate::Engine::share) makes of it an id for each yes. Who
    /// has no key cannot tell that two third parties were told of the same contact, nor of which.
    ///
    /// ```
    /// use journeyman::model::FingerprintKey;
    /// let key = FingerprintKey::new([7; 32]);
    /// assert_ne!(key.subject("maison-k", &"lea".into()), key.subject("festival-b", &"lea".into()));
    /// ```
    #[must_use]
    pub fn subject(&self, with: &str, contact: &ContactId) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // Three parts and a name of their own: never the fingerprint of an address.
        for part in ["subject of a third party", with, contact.as_str()] {
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
