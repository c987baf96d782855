//! What the store answers of what it keeps, as the witness hands it on.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::witness::Witness;
use crate::machine::{ContactState, Envelope};
use crate::model::{ConsentRecord, ContactId, MessageId, Name, Step};
use crate::port::store::{Archive, CommitRecord, MessageRecord, Purged, Result, StoredContact};

/// What is only read passes through.
macro_rules! reads {
    ($($name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Archive for Witness {
            $(async fn $name(&self, $($argument: $of),*) -> Result<$answer> {
                pollster::block_on(self.store.$name($($argument),*))
            })*
        }
    };
}

reads! {
    contact(contact: &ContactId) -> Option<StoredContact>;
    alias(contact: &ContactId) -> Option<ContactId>;
    aliases(contact: &ContactId) -> Vec<ContactId>;
    steps(contact: &ContactId) -> Vec<Step>;
    messages(contact: &ContactId) -> Vec<MessageRecord>;
    message(message: MessageId) -> Option<MessageRecord>;
    inputs(contact: &ContactId, after: u64, until: u64) -> Vec<Envelope>;
    consents(contact: &ContactId) -> Vec<ConsentRecord>;
    commits(contact: &ContactId) -> Vec<CommitRecord>;
    scan(after: u64, limit: usize) -> Vec<(u64, ContactState)>;
    parked() -> Vec<(ContactId, Name)>;
    purge(before: DateTime<Utc>) -> Purged;
    segment_sizes() -> BTreeMap<Name, u64>;
    segment_size(segment: &str) -> u64;
}
