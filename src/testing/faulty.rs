//! Wrappers that fail one chosen call.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::StoreError;
use crate::machine::{ContactState, Envelope, Input, Withdrawal};
use crate::model::{ConsentRecord, ContactId, Delivery, Handover, InputId, MessageId, Name, Outcome, Step};
use crate::port::store::{
    Archive, Begin, Begun, Catalog, CatalogSnapshot, Claim, Claimed, Commit, CommitRecord, Committed,
    Definition, Gate, InFlight, Job, Lease, Mailbox, MessageRecord, Outbox, Pausable, Purged, Receipt,
    Result, Store, StoredContact, Suppression, Take, TakenBatch,
};
use crate::port::{Channel, Clock, OnUnknown};

/// Where a call of a store breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Before it took effect: the store is not called, the answer is [`StoreError::Unavailable`].
    Before,
    /// After it took effect: the store's answer is lost, the answer is [`StoreError::Unknown`].
    After,
}

/// A store whose n-th call fails, so that a test can break every call of a run in turn. Clones share one count.
///
/// ```
/// use std::sync::Arc;
/// use journeyman::StoreError;
/// use journeyman::port::store::{Catalog, Definition};
/// use journeyman::rule::TemplateDefinition;
/// use journeyman::store::MemoryStore;
/// use journeyman::testing::{Fault, FaultyStore};
///
/// # futures::executor::block_on(async {
/// let store = FaultyStore::new(Arc::new(MemoryStore::new()));
/// store.fail(1, Fault::Before);
/// store.fail(2, Fault::After);
/// let hello = [Definition::Template(TemplateDefinition::new("hello").text("hi"))];
///
/// assert!(matches!(store.publish(&hello).await, Err(StoreError::Unavailable { .. })));
/// assert!(matches!(store.publish(&hello).await, Err(StoreError::Unknown { .. })));
/// assert_eq!(store.snapshot().await?.definitions, hello); // the second call took effect
/// assert_eq!(store.operations(), ["publish", "publish", "snapshot"]);
/// assert!(store.fired());
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    log: Arc<Mutex<Log<Fault>>>,
}

/// What was called, and what is still to fail.
struct Log<F> {
    operations: Vec<&'static str>,
    planned: BTreeMap<u64, F>,
    fired: u64,
}

impl<F> Default for Log<F> {
    fn default() -> Self {
        Self { operations: Vec::new(), planned: BTreeMap::new(), fired: 0 }
    }
}

impl<F> Log<F> {
    fn enter(&mut self, operation: &'static str) -> Option<F> {
        self.operations.push(operation);
        let fault = self.planned.remove(&(self.operations.len() as u64));
        self.fired += u64::from(fault.is_some());
        fault
    }
}

// A test that fails while it holds the lock must not hide its own message behind a poisoned one.
fn lock<F>(log: &Mutex<Log<F>>) -> MutexGuard<'_, Log<F>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultyStore {
    /// Wraps a store; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, log: Arc::default() }
    }

    /// Makes one call fail, once; calls count from 1, over all operations. Several calls may be named.
    pub fn fail(&self, nth_call: u64, fault: Fault) {
        lock(&self.log).planned.insert(nth_call, fault);
    }

    /// How many calls were made; [`Mailbox::clock`] does not count.
    #[must_use]
    pub fn calls(&self) -> u64 {
        lock(&self.log).operations.len() as u64
    }

    /// Whether a planned fault has happened.
    #[must_use]
    pub fn fired(&self) -> bool {
        lock(&self.log).fired > 0
    }

    /// The name of each call, in order, so that a test can say which one failed.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        lock(&self.log).operations.clone()
    }

    async fn around<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let fault = lock(&self.log).enter(operation);
        match fault {
            None => call.await,
            Some(Fault::Before) => {
                Err(StoreError::Unavailable { operation, reason: "a fault before the call".to_owned() })
            }
            Some(Fault::After) => {
                // Its own error stands: then nothing took effect, and the outcome is known.
                call.await?;
                Err(StoreError::Unknown { operation, reason: "a fault after the call".to_owned() })
            }
        }
    }
}

#[async_trait]
impl Mailbox for FaultyStore {
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
        self.around("append", self.inner.append(inputs, horizon)).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.around("claim", self.inner.claim(claim)).await
    }

    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
        self.around("commit", self.inner.commit(commits)).await
    }

    async fn give_back(&self, leases: &[Lease]) -> Result<()> {
        self.around("give_back", self.inner.give_back(leases)).await
    }

    async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>> {
        self.around("fail", self.inner.fail(lease, reason, most)).await
    }

    async fn release(&self, contact: &ContactId) -> Result<bool> {
        self.around("release", self.inner.release(contact)).await
    }

    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
        self.around("next_due", self.inner.next_due(channels)).await
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock()
    }
}

#[async_trait]
impl Outbox for FaultyStore {
    async fn take(&self, take: &Take) -> Result<TakenBatch> {
        self.around("take", self.inner.take(take)).await
    }

    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>> {
        self.around("begin", self.inner.begin(begins)).await
    }

    async fn settle(&self, deliveries: &[Delivery]) -> Result<()> {
        self.around("settle", self.inner.settle(deliveries)).await
    }
}

#[async_trait]
impl Gate for FaultyStore {
    async fn withdraw(&self, withdrawal: &Withdrawal, id: InputId) -> Result<()> {
        self.around("withdraw", self.inner.withdraw(withdrawal, id)).await
    }

    async fn suppress(&self, suppression: &Suppression) -> Result<()> {
        self.around("suppress", self.inner.suppress(suppression)).await
    }

    async fn erase(&self, contact: &ContactId) -> Result<bool> {
        self.around("erase", self.inner.erase(contact)).await
    }

    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>> {
        self.around("in_flight", self.inner.in_flight(contact)).await
    }
}

#[async_trait]
impl Catalog for FaultyStore {
    async fn publish(&self, definitions: &[Definition]) -> Result<u64> {
        self.around("publish", self.inner.publish(definitions)).await
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        self.around("pause", self.inner.pause(target)).await
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        self.around("resume", self.inner.resume(target)).await
    }

    async fn revision(&self) -> Result<u64> {
        self.around("revision", self.inner.revision()).await
    }

    async fn snapshot(&self) -> Result<CatalogSnapshot> {
        self.around("snapshot", self.inner.snapshot()).await
    }

    async fn jobs(&self) -> Result<Vec<Job>> {
        self.around("jobs", self.inner.jobs()).await
    }

    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool> {
        self.around("advance_job", self.inner.advance_job(job, from, to)).await
    }
}

#[async_trait]
impl Archive for FaultyStore {
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>> {
        self.around("contact", self.inner.contact(contact)).await
    }

    async fn steps(&self, contact: &ContactId) -> Result<Vec<Step>> {
        self.around("steps", self.inner.steps(contact)).await
    }

    async fn messages(&self, contact: &ContactId) -> Result<Vec<MessageRecord>> {
        self.around("messages", self.inner.messages(contact)).await
    }

    async fn message(&self, message: MessageId) -> Result<Option<MessageRecord>> {
        self.around("message", self.inner.message(message)).await
    }

    async fn inputs(&self, contact: &ContactId, after: u64, until: u64) -> Result<Vec<Envelope>> {
        self.around("inputs", self.inner.inputs(contact, after, until)).await
    }

    async fn consents(&self, contact: &ContactId) -> Result<Vec<ConsentRecord>> {
        self.around("consents", self.inner.consents(contact)).await
    }

    async fn commits(&self, contact: &ContactId) -> Result<Vec<CommitRecord>> {
        self.around("commits", self.inner.commits(contact)).await
    }

    async fn scan(&self, after: u64, limit: usize) -> Result<Vec<(u64, ContactState)>> {
        self.around("scan", self.inner.scan(after, limit)).await
    }

    async fn parked(&self) -> Result<Vec<(ContactId, Name)>> {
        self.around("parked", self.inner.parked()).await
    }

    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged> {
        self.around("purge", self.inner.purge(before)).await
    }
}

/// How one handover breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelFault {
    /// The channel has it and its answer is lost: [`Outcome::Unknown`].
    AcceptThenUnknown,
    /// The channel never had it, and nobody knows: [`Outcome::Unknown`].
    Unknown,
    /// The channel never had it and asks for another attempt: [`Outcome::Retry`].
    Retry,
    /// The channel never had it, and panics.
    Panic,
}

/// A channel whose n-th handover fails. Clones share one count.
///
/// ```
/// use std::sync::Arc;
/// use journeyman::port::Channel;
/// use journeyman::testing::{ChannelFault, FaultyChannel};
///
/// fn flaky(channel: Arc<dyn Channel>) -> FaultyChannel {
///     let flaky = FaultyChannel::new(channel);
///     flaky.fail(1, ChannelFault::AcceptThenUnknown);
///     flaky.fail(3, ChannelFault::Panic);
///     flaky
/// }
/// ```
#[derive(Clone)]
pub struct FaultyChannel {
    inner: Arc<dyn Channel>,
    log: Arc<Mutex<Log<ChannelFault>>>,
}

impl FaultyChannel {
    /// Wraps a channel; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Channel>) -> Self {
        Self { inner, log: Arc::default() }
    }

    /// Makes one handover fail, once; handovers count from 1. Several may be named.
    pub fn fail(&self, nth_send: u64, fault: ChannelFault) {
        lock(&self.log).planned.insert(nth_send, fault);
    }

    /// How many handovers were asked for.
    #[must_use]
    pub fn calls(&self) -> u64 {
        lock(&self.log).operations.len() as u64
    }

    /// Whether a planned fault has happened.
    #[must_use]
    pub fn fired(&self) -> bool {
        lock(&self.log).fired > 0
    }
}

#[async_trait]
impl Channel for FaultyChannel {
    fn name(&self) -> &str {
        self.inner.name()
    }

    #[allow(clippy::panic)] // the fault that was asked for
    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let fault = lock(&self.log).enter("send");
        match fault {
            None => self.inner.send(handover).await,
            Some(ChannelFault::AcceptThenUnknown) => {
                self.inner.send(handover).await;
                Outcome::Unknown
            }
            Some(ChannelFault::Unknown) => Outcome::Unknown,
            Some(ChannelFault::Retry) => Outcome::Retry { after: None },
            Some(ChannelFault::Panic) => panic!("a fault that the test asked for"),
        }
    }

    fn honours_ids(&self) -> bool {
        self.inner.honours_ids()
    }

    fn on_unknown(&self) -> OnUnknown {
        self.inner.on_unknown()
    }

    fn deadline(&self) -> TimeDelta {
        self.inner.deadline()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;
    use crate::model::{Content, EnrollmentId, Hash, JourneyId, Message, NodeId};

    #[derive(Default)]
    struct Counting(AtomicU32);

    #[async_trait]
    impl Channel for Counting {
        fn name(&self) -> &str {
            "counting"
        }

        async fn send(&self, _: Handover<'_>) -> Outcome {
            self.0.fetch_add(1, Ordering::SeqCst);
            Outcome::Accepted
        }
    }

    #[test]
    fn each_fault_of_a_channel_fires_once_and_says_whether_it_was_reached() {
        let enrollment = EnrollmentId::from_bytes([1; 16]);
        let message = Message {
            id: MessageId::derive(enrollment, 1, DateTime::UNIX_EPOCH),
            contact: ContactId::from("lea"),
            enrollment,
            journey: JourneyId::from("welcome"),
            version: 1,
            node: NodeId::from("greet"),
            channel: "counting".into(),
            template: "hello".into(),
            purpose: "marketing".into(),
            decided_at: DateTime::UNIX_EPOCH,
        };
        let content = Content::new(None, Some("hi".to_owned()), None, Hash::default());
        let counting = Arc::new(Counting::default());
        let channel = FaultyChannel::new(counting.clone());
        let faults = [
            ChannelFault::AcceptThenUnknown,
            ChannelFault::Unknown,
            ChannelFault::Retry,
            ChannelFault::Panic,
        ];
        for (nth, fault) in (1..).zip(faults) {
            channel.fail(nth, fault);
        }
        let send = || {
            let handover = Handover::new(&message, "somewhere", &content, 1);
            let outcome = block_on(AssertUnwindSafe(channel.send(handover)).catch_unwind()).ok();
            (outcome, counting.0.load(Ordering::SeqCst))
        };
        assert_eq!(send(), (Some(Outcome::Unknown), 1));
        assert_eq!(send(), (Some(Outcome::Unknown), 1));
        assert_eq!(send(), (Some(Outcome::Retry { after: None }), 1));
        assert_eq!(send(), (None, 1));
        assert_eq!(send(), (Some(Outcome::Accepted), 2));
        assert!(channel.fired() && channel.calls() == 5);
    }
}
