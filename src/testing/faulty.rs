//! A store whose calls go wrong where one asks.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::fault::Fault;
use super::life::{Life, Stop};
use super::plan::{FaultPlan, StoreCall};
use super::rig::Rig;
use super::sleep::Sleep;
use crate::error::StoreError;
use crate::machine::{ContactState, Envelope, Input, Withdrawal};
use crate::model::{ConsentRecord, ContactId, Delivery, InputId, MessageId, Name, Step};
use crate::port::Clock;
use crate::port::store::{
    Archive, Begin, Begun, Catalog, CatalogSnapshot, Claim, Claimed, Commit, CommitRecord, Committed,
    Definition, Gate, InFlight, Job, Mailbox, MessageRecord, Outbox, Pausable, Purged, Receipt, Result,
    Store, StoredContact, Suppression, Take, Taken,
};

/// A store of which any call can go wrong, so that a test can break every call of a run in turn. It wraps any store;
/// clones share one count.
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
/// store.fail(1, Fault::Unavailable);
/// store.fail(2, Fault::Unknown);
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
    rig: Rig,
}

impl FaultyStore {
    /// Wraps a store; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, rig: Rig::default() }
    }

    /// Asks a plan at every call; what [`fail`](FaultyStore::fail) named comes first.
    #[must_use]
    pub fn plan(mut self, plan: Arc<dyn FaultPlan>) -> Self {
        self.rig.plan = Some(plan);
        self
    }

    /// Lets calls be late: without it, [`Fault::Delay`] and [`Fault::Pause`] do not happen.
    #[must_use]
    pub fn sleep(mut self, sleep: Arc<dyn Sleep>) -> Self {
        self.rig.sleep = Some(sleep);
        self
    }

    /// Lets calls end a life: outside of [`Life::live`], no crash and no cancellation happens. Once that life is dead,
    /// every call is [`StoreError::Unavailable`], is not counted and does not reach the store; the next process takes a
    /// clone with a new life.
    #[must_use]
    pub fn life(mut self, life: Life) -> Self {
        self.rig.life = Some(life);
        self
    }

    /// Makes one call go wrong, once; calls count from 1, over all operations. Several calls may be named.
    pub fn fail(&self, nth_call: u64, fault: Fault) {
        self.rig.planned.on_store_call(nth_call, fault);
    }

    /// How many calls were made; [`Mailbox::clock`] does not count.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.rig.calls()
    }

    /// Whether a fault has happened.
    #[must_use]
    pub fn fired(&self) -> bool {
        !self.rig.fired().is_empty()
    }

    /// How often each kind of fault has happened, by [`Fault::name`].
    #[must_use]
    pub fn fired_by_kind(&self) -> BTreeMap<&'static str, u64> {
        self.rig.fired()
    }

    /// The name of each call, in order, so that a test can say which one failed.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        self.rig.operations()
    }

    async fn around<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.rig.step().await;
        if self.rig.is_dead() {
            let reason = "the process is dead; give a clone of the store a new Life".to_owned();
            return Err(StoreError::Unavailable { operation, reason });
        }
        let asked = StoreCall::new(operation, self.rig.enter(operation));
        let answer = match self.rig.decide(|plan| plan.on_store(&asked), Fault::need, 1) {
            None => call.await,
            Some(fault) => self.break_call(operation, call, fault).await,
        };
        self.rig.step().await;
        answer
    }

    async fn break_call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
        fault: Fault,
    ) -> Result<T> {
        let fire = || self.rig.fire(fault.name());
        match fault {
            Fault::Unavailable => {
                fire();
                Err(StoreError::Unavailable { operation, reason: "a fault before the call".to_owned() })
            }
            Fault::Busy => {
                fire();
                Err(StoreError::Busy { operation })
            }
            Fault::Full => {
                fire();
                Err(StoreError::Full { operation })
            }
            Fault::Delay(span) => {
                fire();
                self.rig.sleep(span).await;
                call.await
            }
            Fault::Pause(span) => {
                fire();
                let answer = call.await;
                self.rig.sleep(span).await;
                answer
            }
            Fault::CrashBefore => {
                fire();
                self.rig.stop(Stop::Crash).await
            }
            Fault::CancelBefore => {
                fire();
                self.rig.stop(Stop::Cancel).await
            }
            // From here on the store's own error stands: then nothing took effect, and there is no answer to lose.
            Fault::Unknown => {
                call.await?;
                fire();
                Err(StoreError::Unknown { operation, reason: "a fault after the call".to_owned() })
            }
            Fault::CrashAfter => {
                call.await?;
                fire();
                self.rig.stop(Stop::Crash).await
            }
            Fault::CancelAfter => {
                call.await?;
                fire();
                self.rig.stop(Stop::Cancel).await
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

    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
        self.around("next_due", self.inner.next_due(channels)).await
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock()
    }
}

#[async_trait]
impl Outbox for FaultyStore {
    async fn take(&self, take: &Take) -> Result<Vec<Taken>> {
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

    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged> {
        self.around("purge", self.inner.purge(before)).await
    }
}
