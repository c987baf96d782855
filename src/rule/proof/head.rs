//! Where a chain of consents ends, as something to deposit elsewhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Proof, ProofError, Signature, check};
use crate::model::{ConsentRecord, ContactId, Hash, truncate};

/// Where the chain of one record ended at an instant. Whoever keeps it, signed, outside the house can show later that nothing of
/// the chain up to here was changed or left out: [`is_in`](Head::is_in).
///
/// ```
/// use journeyman::model::{ConsentRecord, Hash};
/// use journeyman::rule::Policy;
/// use journeyman::rule::proof::{Controller, Head, Proof};
/// let at = "2026-03-23T10:00:00Z".parse()?;
/// let head = Head::new("lea".into(), &[], at);
/// let controller = Controller::new("example-music", "privacy@example.org");
/// let proof = Proof::new("lea".into(), &controller, &Policy::default(), Vec::new(), Vec::new(), at);
/// assert_eq!(Head::read(&head.to_json())?, head);
/// assert!(head.is_in(&proof));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Head {
    /// Of whose record, by the host's own id.
    pub pii_principal_id: ContactId,
    /// How many links the chain has.
    pub length: u64,
    /// The hash of the newest one.
    pub head: Hash,
    /// When this was said.
    pub issued_at: DateTime<Utc>,
    /// Who vouches for it, where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Head {
    /// Of a chain from its first link; nobody vouches for it yet.
    #[must_use]
    pub fn new(contact: ContactId, records: &[ConsentRecord], issued_at: DateTime<Utc>) -> Self {
        let (length, head) = records.last().map_or((0, Hash::default()), |last| (last.seq, last.hash));
        Self { pii_principal_id: contact, length, head, issued_at: truncate(issued_at), signature: None }
    }

    /// The one form in which it is written, and in which alone it is accepted.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads one, and checks its signature where it has one. Whose signature it is, a
    /// [`ProofReader`](super::ProofReader) says (feature `proof`).
    ///
    /// # Errors
    /// [`ProofError::Form`], [`ProofError::Signature`], [`ProofError::Unchecked`] where there is one and the crate is built
    /// without the feature `proof`.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let head: Self = serde_json::from_str(text).map_err(|error| ProofError::Form(error.to_string()))?;
        if head.to_json() != text {
            return Err(ProofError::Form("another form of the same head".to_owned()));
        }
        head.signature
            .as_ref()
            .map_or(Ok(head.clone()), |signature| check(signature, &head.digest()).map(|()| head.clone()))
    }

    /// Whether a [verified](Proof::verify) proof of the record, or of one that it was merged into, goes on from here.
    #[must_use]
    pub fn is_in(&self, proof: &Proof) -> bool {
        let own = (&proof.header.pii_principal_id, &proof.events);
        let merged = proof.merged.iter().map(|merged| (&merged.pii_principal_id, &merged.events));
        std::iter::once(own).chain(merged).any(|(contact, events)| {
            let link = events.iter().find(|event| event.record.seq == self.length);
            let met = if self.length == 0 {
                self.head == Hash::default()
            } else {
                link.is_some_and(|link| link.record.hash == self.head)
            };
            *contact == self.pii_principal_id && met
        })
    }

    /// What is signed.
    pub(super) fn digest(&self) -> Hash {
        let bare = Self { signature: None, ..self.clone() };
        Hash::of("head", &[bare.to_json().as_bytes()])
    }
}
