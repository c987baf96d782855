//! What a contact allowed and what it was told, as a document that stands by itself.
//!
//! The document has the shape of ISO/IEC TS 27560 (consent record information structure): header, processing, parties and
//! events; beside them every decision to say something or not, and the chain. [`verify`] needs no store and no engine.

mod decision;
mod head;
#[cfg(feature = "proof")]
mod key;
mod merged;
mod party;

pub use decision::{Decision, Said};
pub use head::Head;
#[cfg(feature = "proof")]
pub use key::{ProofKey, ProofReader};
pub use merged::MergedRecord;
pub use party::{Controller, Party, Processing};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::model::{ConsentRecord, ContactId, Giver, Hash, InputId, Name, truncate};
use crate::seeded::{Bug, is_on};

/// Which form a proof has.
const FORM: &str = "ISO/IEC TS 27560:2023; journeyman 1";

/// What a contact allowed and what it was told, as a document that stands by itself.
///
/// ```
/// use journeyman::rule::Policy;
/// use journeyman::rule::proof::{Controller, Proof, verify};
/// let controller = Controller::new("example-music", "privacy@example.org").jurisdiction("FR");
/// let at = "2026-03-23T10:00:00Z".parse()?;
/// let proof = Proof::new("lea".into(), &controller, &Policy::default(), Vec::new(), Vec::new(), at);
/// let text = proof.to_json();
/// assert_eq!(verify(&text)?, proof);
/// assert!(verify(&text.replace("example-music", "example-movie")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Proof {
    /// What this is, and of whom.
    pub header: Header,
    /// What is done with the person's data, purpose by purpose.
    pub processing: Vec<Processing>,
    /// Who takes part.
    pub parties: Vec<Party>,
    /// What the person said, in order of receipt.
    pub events: Vec<ProofEvent>,
    /// Other records of the person that were merged into this one, each with the chain that it had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedRecord>,
    /// What was said to the person, and what was not and why, in order of time.
    pub decisions: Vec<Decision>,
    /// Where the chain of events ends, and what the document comes to.
    pub chain: Chain,
    /// Who vouches for it, where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What a proof is, and of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Header {
    /// Which form the document has.
    pub schema_version: Name,
    /// The identity of the person's record, the same in every export.
    pub record_id: InputId,
    /// The person, by the host's own id.
    pub pii_principal_id: ContactId,
    /// When the document was made.
    pub issued_at: DateTime<Utc>,
    /// The edition of the sending rules at that time.
    pub policy: Name,
}

/// One event of the person's record, with the link of the chain that it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProofEvent {
    /// When it took effect.
    pub event_time: DateTime<Utc>,
    /// For how long it holds, in ISO 8601; until it is taken back where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_duration: Option<Name>,
    /// Who acted.
    pub entity_id: Name,
    /// By which act.
    pub event_type: Name,
    /// What it brought about.
    pub event_state: Name,
    /// The link of the chain.
    pub record: ConsentRecord,
}

/// Where the chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Chain {
    /// How many links it has.
    pub length: u64,
    /// The hash of the newest one.
    pub head: Hash,
    /// The hash of the whole document but this and the signature.
    pub digest: Hash,
}

/// Who vouches for a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Signature {
    /// How it was made: `ed25519`.
    pub algorithm: Name,
    /// The public key, in hexadecimal digits.
    pub key: Name,
    /// The signature over the digest, in hexadecimal digits.
    pub value: Name,
}

/// Why a document proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It is no proof, or not in the one form in which proofs are written.
    #[error("it is not written as a proof is: {0}; ask for the file as `Proof::to_json` wrote it")]
    Form(String),
    /// An event was changed, is missing, or stands elsewhere.
    #[error(
        "the chain of events is broken: one was changed, is missing or stands elsewhere; do not trust it, ask for another copy"
    )]
    Chain,
    /// Something was changed.
    #[error(
        "the document does not come to its digest: something in it was changed; do not trust it, ask for another copy"
    )]
    Digest,
    /// It is signed, and this build cannot tell whether rightly: it is built without the feature `proof`.
    #[error("it is signed, and signatures are checked with the feature `proof` alone; turn that feature on")]
    Unchecked,
    /// Nobody vouches for it, or not the one who should.
    #[error("it is not signed by the key; do not trust it, or name the key that vouches for it")]
    Signature,
}

#[cfg(feature = "proof")]
use key::check;

/// A signature that nobody looked at proves nothing.
#[cfg(not(feature = "proof"))]
fn check(_: &Signature, _: &Hash) -> Result<(), ProofError> {
    Err(ProofError::Unchecked)
}

impl ProofEvent {
    fn new(contact: &ContactId, record: ConsentRecord) -> Self {
        let evidence = &record.evidence;
        let seconds = evidence.valid_until.map(|until| (until - record.at).num_seconds().max(0));
        Self {
            event_time: record.at,
            validity_duration: seconds.map(|seconds| format!("PT{seconds}S").into()),
            entity_id: match &evidence.who {
                Giver::Guardian { reference } => reference.clone(),
                Giver::Operator { id, .. } => id.clone(),
                Giver::Provider { name } => name.clone(),
                Giver::Contact => contact.as_str().into(),
            },
            event_type: evidence.how.map_or("unspecified", |how| how.word()).into(),
            event_state: record.status.word().into(),
            record,
        }
    }
}

impl Proof {
    /// Puts a document together; nobody vouches for it yet.
    #[must_use]
    pub fn new(
        contact: ContactId,
        controller: &Controller,
        policy: &Policy,
        records: Vec<ConsentRecord>,
        mut decisions: Vec<Decision>,
        issued_at: DateTime<Utc>,
    ) -> Self {
        decisions.sort_by_key(|decision| decision.at);
        let (length, head) = records.last().map_or((0, Hash::default()), |last| (last.seq, last.hash));
        let mut proof = Self {
            header: Header {
                schema_version: FORM.into(),
                record_id: InputId::from_host("proof", &contact, ""),
                pii_principal_id: contact.clone(),
                issued_at: truncate(issued_at),
                policy: policy.edition(),
            },
            processing: Processing::all(controller, policy, &records, &decisions),
            parties: vec![controller.party(), Party::person(&contact)],
            events: records.into_iter().map(|record| ProofEvent::new(&contact, record)).collect(),
            merged: Vec::new(),
            decisions,
            chain: Chain { length, head, digest: Hash::default() },
            signature: None,
        };
        proof.chain.digest = proof.expected_digest();
        proof
    }

    /// The same with other records of the person that were merged into this one; nobody vouches for it yet.
    #[must_use]
    pub fn with_merged(mut self, merged: Vec<MergedRecord>) -> Self {
        (self.merged, self.signature) = (merged, None);
        self.chain.digest = self.expected_digest();
        self
    }

    /// The one form in which it is written, and in which alone it is accepted.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The links of the chain.
    #[must_use]
    pub fn records(&self) -> Vec<ConsentRecord> {
        self.events.iter().map(|event| event.record.clone()).collect()
    }

    /// Says whether the events form one unbroken chain from the first to the head, those of merged records too, and the document comes to its digest.
    ///
    /// Whoever can write a document can give it a chain and a digest of its own: that nothing was cut off at the end, only a
    /// [signature](ProofReader) shows, or a head that was written down before.
    ///
    /// # Errors
    /// [`ProofError::Chain`], [`ProofError::Digest`], [`ProofError::Signature`] where there is one that its own key did not
    /// make, [`ProofError::Unchecked`] where there is one and the crate is built without the feature `proof`.
    pub fn verify(&self) -> Result<(), ProofError> {
        let records = self.records();
        let contact = &self.header.pii_principal_id;
        let (length, head) = records.last().map_or((0, Hash::default()), |last| (last.seq, last.hash));
        let told = self.events.iter().all(|event| *event == ProofEvent::new(contact, event.record.clone()));
        let ends = (self.chain.length, self.chain.head) == (length, head);
        let merged = self.merged.iter().all(MergedRecord::verify);
        if !told || !ends || !merged || !ConsentRecord::verify(&records) {
            return Err(ProofError::Chain);
        }
        if self.chain.digest != self.expected_digest() {
            return Err(ProofError::Digest);
        }
        self.signature.as_ref().map_or(Ok(()), |signature| check(signature, &self.chain.digest))
    }

    fn expected_digest(&self) -> Hash {
        let mut bare = self.clone();
        (bare.chain.digest, bare.signature) = (Hash::default(), None);
        if is_on(Bug::ProofOfEventsAlone) {
            bare.decisions.clear();
        }
        Hash::of("proof", &[bare.to_json().as_bytes()])
    }
}

/// Reads a document, and says whether it proves anything; see [`Proof::verify`]. It needs no store and no engine.
///
/// # Errors
/// As [`Proof::verify`]; [`ProofError::Form`] where the text is not, byte for byte, what [`Proof::to_json`] writes.
pub fn verify(text: &str) -> Result<Proof, ProofError> {
    let proof: Proof = serde_json::from_str(text).map_err(|error| ProofError::Form(error.to_string()))?;
    if proof.to_json() != text {
        return Err(ProofError::Form("another form of the same document".to_owned()));
    }
    proof.verify()?;
    Ok(proof)
}
