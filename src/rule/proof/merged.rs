//! Another record of the person that was merged into the one that a proof is of.

use serde::{Deserialize, Serialize};

use super::ProofEvent;
use crate::model::{ConsentRecord, ContactId, Hash};

/// Another record of the person that was merged into the one that a proof is of, with the chain that it had.
///
/// Where the chain ends stands in the chain of the record that goes on too, as the commitment of an event whose source is
/// `merge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MergedRecord {
    /// Under which id it was kept.
    pub pii_principal_id: ContactId,
    /// What the person said under it, in order of receipt.
    pub events: Vec<ProofEvent>,
    /// How many links its chain has.
    pub length: u64,
    /// The hash of the newest one.
    pub head: Hash,
}

impl MergedRecord {
    /// Puts one together.
    #[must_use]
    pub fn new(contact: ContactId, records: Vec<ConsentRecord>) -> Self {
        let (length, head) = records.last().map_or((0, Hash::default()), |last| (last.seq, last.hash));
        let events = records.into_iter().map(|record| ProofEvent::new(&contact, record)).collect();
        Self { pii_principal_id: contact, events, length, head }
    }

    /// Whether its events form one unbroken chain from the first to its head.
    #[must_use]
    pub fn verify(&self) -> bool {
        let records: Vec<ConsentRecord> = self.events.iter().map(|event| event.record.clone()).collect();
        *self == Self::new(self.pii_principal_id.clone(), records.clone()) && ConsentRecord::verify(&records)
    }
}
