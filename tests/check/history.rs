//! A store that answers with the altered history of one contact.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::JourneyDefinition;
use journeyman::machine::{ContactState, Envelope, Input, Withdrawal};
use journeyman::model::{
    ConsentRecord, ContactId, Deed, Delivery, Fingerprint, InputId, JourneyId, MessageId, Name, Step,
};
use journeyman::port::Clock;
use journeyman::port::store::*;
use journeyman::store::MemoryStore;

/// Everything that a store says of one contact, and of the catalog.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) stored: StoredContact,
    pub(crate) steps: Vec<Step>,
    pub(crate) messages: Vec<MessageRecord>,
    pub(crate) mail: Vec<Envelope>,
    pub(crate) consents: Vec<ConsentRecord>,
    pub(crate) commits: Vec<CommitRecord>,
    pub(crate) snapshot: CatalogSnapshot,
    pub(crate) sizes: BTreeMap<Name, u64>,
}

impl History {
    pub(crate) async fn read(store: &MemoryStore, contact: &ContactId) -> Self {
        Self {
            stored: store.contact(contact).await.unwrap().unwrap(),
            steps: store.steps(contact).await.unwrap(),
            messages: store.messages(contact).await.unwrap(),
            mail: store.inputs(contact, 0, u64::MAX).await.unwrap(),
            consents: store.consents(contact).await.unwrap(),
            commits: store.commits(contact).await.unwrap(),
            snapshot: store.snapshot().await.unwrap(),
            sizes: store.segment_sizes().await.unwrap(),
        }
    }
}

/// A store whose archive was tampered with.
pub(crate) struct Doctored {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) history: History,
    /// How many more times the contact is another one when it is asked for.
    pub(crate) moves: AtomicU64,
}

impl Doctored {
    pub(crate) fn new(inner: &Arc<MemoryStore>, history: History) -> Self {
        Self { inner: inner.clone(), history, moves: AtomicU64::new(0) }
    }
}

/// A role of the store: what it answers itself, then what it leaves to the right one.
macro_rules! role {
    ($role:ident { $($own:item)* } $($name:ident($($argument:ident: $of:ty),*) -> $answer:ty,)*) => {
        #[async_trait]
        impl $role for Doctored {
            $($own)*
            $(async fn $name(&self, $($argument: $of),*) -> Result<$answer> {
                self.inner.$name($($argument),*).await
            })*
        }
    };
}

role! {
    Mailbox {
        fn clock(&self) -> Arc<dyn Clock> {
            self.inner.clock()
        }
    }
    append(inputs: &[Input], horizon: TimeDelta) -> Vec<Receipt>,
    claim(claim: &Claim) -> Claimed,
    commit(commits: Vec<Commit>) -> Vec<Committed>,
    give_back(leases: &[Lease]) -> (),
    fail(lease: &Lease, reason: &Name, most: u32) -> Option<u32>,
    release(contact: &ContactId) -> bool,
    next_due(channels: &[Name]) -> Option<DateTime<Utc>>,
}

role! {
    Outbox {}
    take(take: &Take) -> TakenBatch,
    begin(begins: Vec<Begin>) -> Vec<Begun>,
    settle(deliveries: &[Delivery]) -> (),
    cancel_message(message: MessageId, by: &Deed) -> Amended,
    retry_message(message: MessageId, by: &Deed) -> Amended,
    parked_messages(after: Option<MessageId>, limit: usize) -> Vec<MessageRecord>,
}

role! {
    Aside {}
    set_aside(events: &[NewAside]) -> Vec<Option<u64>>,
    aside(after: u64, limit: usize) -> Vec<AsideRecord>,
    aside_record(id: u64) -> Option<AsideRecord>,
    release_aside(id: u64, input: &Input, by: &Deed) -> Option<Receipt>,
    drop_aside(id: u64, by: &Deed) -> bool,
}

role! {
    Gate {}
    withdraw(withdrawal: &Withdrawal, id: Option<InputId>) -> (),
    suppress(suppression: &Suppression) -> (),
    rekey(channel: &Name, former: Fingerprint, current: Fingerprint) -> (),
    erase(contact: &ContactId) -> bool,
    in_flight(contact: &ContactId) -> Vec<InFlight>,
    merge(loser: &ContactId, winner: &ContactId) -> Merging,
    forbidden(contact: &ContactId, channel: &Name, purpose: &Name) -> Forbidden,
}

role! {
    Catalog {
        async fn snapshot(&self) -> Result<CatalogSnapshot> {
            Ok(self.history.snapshot.clone())
        }
    }
    publish_by(definitions: &[Definition], by: Option<&Deed>) -> u64,
    history(template: &str) -> Vec<Edition>,
    pause(target: &Pausable) -> u64,
    resume(target: &Pausable) -> u64,
    draft(definition: &JourneyDefinition) -> (),
    archive(journey: &JourneyId) -> u64,
    unarchive(journey: &JourneyId) -> u64,
    start(kind: &JobKind) -> u64,
    revision() -> u64,
    jobs() -> Vec<Job>,
    advance_job(job: u64, from: u64, to: Option<u64>) -> bool,
}

role! {
    Archive {
        async fn contact(&self, _: &ContactId) -> Result<Option<StoredContact>> {
            let mut stored = self.history.stored.clone();
            let left = self.moves.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            stored.revision += left.unwrap_or(0);
            Ok(Some(stored))
        }

        async fn steps(&self, _: &ContactId) -> Result<Vec<Step>> {
            Ok(self.history.steps.clone())
        }

        async fn messages(&self, _: &ContactId) -> Result<Vec<MessageRecord>> {
            Ok(self.history.messages.clone())
        }

        async fn inputs(&self, _: &ContactId, _: u64, _: u64) -> Result<Vec<Envelope>> {
            Ok(self.history.mail.clone())
        }

        async fn consents(&self, _: &ContactId) -> Result<Vec<ConsentRecord>> {
            Ok(self.history.consents.clone())
        }

        async fn commits(&self, _: &ContactId) -> Result<Vec<CommitRecord>> {
            Ok(self.history.commits.clone())
        }

        async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>> {
            let left = self.moves.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).unwrap_or(0);
            let sizes = self.history.sizes.iter();
            Ok(sizes.map(|(segment, size)| (segment.clone(), size + left)).collect())
        }

        async fn segment_size(&self, segment: &str) -> Result<u64> {
            Ok(self.history.sizes.get(segment).copied().unwrap_or(0))
        }
    }
    alias(contact: &ContactId) -> Option<ContactId>,
    aliases(contact: &ContactId) -> Vec<ContactId>,
    message(message: MessageId) -> Option<MessageRecord>,
    scan(after: u64, limit: usize) -> Vec<(u64, ContactState)>,
    parked() -> Vec<(ContactId, Name)>,
    purge(before: DateTime<Utc>) -> Purged,
}
