//! A store whose calls go wrong where one asks.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::fault::Fault;
use super::life::{Life, Stop};
use super::plan::{FaultPlan, StoreCall};
use super::poison::Poison;
use super::rig::Rig;
use super::sleep::Sleep;
use crate::error::StoreError;
use crate::machine::{ContactState, Envelope, Input, Withdrawal};
use crate::model::{ConsentRecord, ContactId, Deed, Delivery, Fingerprint, InputId, MessageId, Name, Step};
use crate::port::Clock;
use crate::port::store::{
    Amended, Archive, Begin, Begun, Claim, Claimed, Commit, CommitRecord, Committed, Forbidden, Gate,
    InFlight, Lease, Mailbox, Merging, MessageRecord, Outbox, Purged, Receipt, Result, Store, StoredContact,
    Suppression, Take, TakenBatch,
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
    pub(super) inner: Arc<dyn Store>,
    rig: Rig,
    poison: Poison,
}

impl FaultyStore {
    /// Wraps a store; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, rig: Rig::default(), poison: Poison::default() }
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

    /// Refuses every commit that a contact is part of, from its next claim on: the contact that poisons its batch.
    pub fn poison(&self, contact: impl Into<ContactId>) {
        self.poison.add(contact.into());
    }

    /// Ends what [`poison`](FaultyStore::poison) began, for everybody.
    pub fn cure(&self) {
        self.poison.clear();
    }

    /// Whether commits of a contact are refused.
    #[must_use]
    pub fn is_poisoned(&self, contact: &ContactId) -> bool {
        self.poison.has(contact)
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

    pub(super) async fn around<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.rig.step().await;
        if self.rig.is_dead() {
            return Err(dead(operation));
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
            Fault::Lost => {
                fire();
                Err(StoreError::Unknown { operation, reason: "a fault instead of the call".to_owned() })
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
                // Another call can have killed the process meanwhile.
                if self.rig.is_dead() { Err(dead(operation)) } else { call.await }
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

fn dead(operation: &'static str) -> StoreError {
    let reason = "the process is dead; give a clone of the store a new Life".to_owned();
    StoreError::Unavailable { operation, reason }
}

#[async_trait]
impl Mailbox for FaultyStore {
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
        self.around("append", self.inner.append(inputs, horizon)).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let claim = async {
            let claimed = self.inner.claim(claim).await?;
            self.poison.learn(&claimed);
            Ok(claimed)
        };
        self.around("claim", claim).await
    }

    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
        let commit = async {
            if commits.iter().any(|commit| self.poison.refuses(&commit.lease)) {
                self.rig.fire("poison");
                let reason = "a contact of the batch is poisoned".to_owned();
                return Err(StoreError::Unavailable { operation: "commit", reason });
            }
            self.inner.commit(commits).await
        };
        self.around("commit", commit).await
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

    async fn cancel_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        self.around("cancel_message", self.inner.cancel_message(message, by)).await
    }

    async fn retry_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        self.around("retry_message", self.inner.retry_message(message, by)).await
    }

    async fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<MessageRecord>> {
        self.around("parked_messages", self.inner.parked_messages(after, limit)).await
    }
}

#[async_trait]
impl Gate for FaultyStore {
    async fn withdraw(&self, withdrawal: &Withdrawal, id: Option<InputId>) -> Result<()> {
        self.around("withdraw", self.inner.withdraw(withdrawal, id)).await
    }

    async fn suppress(&self, suppression: &Suppression) -> Result<()> {
        self.around("suppress", self.inner.suppress(suppression)).await
    }

    async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()> {
        self.around("rekey", self.inner.rekey(channel, former, current)).await
    }

    async fn erase(&self, contact: &ContactId) -> Result<bool> {
        self.around("erase", self.inner.erase(contact)).await
    }

    async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging> {
        self.around("merge", self.inner.merge(loser, winner)).await
    }

    async fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Result<Forbidden> {
        self.around("forbidden", self.inner.forbidden(contact, channel, purpose)).await
    }

    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>> {
        self.around("in_flight", self.inner.in_flight(contact)).await
    }
}

#[async_trait]
impl Archive for FaultyStore {
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>> {
        self.around("contact", self.inner.contact(contact)).await
    }

    async fn alias(&self, contact: &ContactId) -> Result<Option<ContactId>> {
        self.around("alias", self.inner.alias(contact)).await
    }

    async fn aliases(&self, contact: &ContactId) -> Result<Vec<ContactId>> {
        self.around("aliases", self.inner.aliases(contact)).await
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

    async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>> {
        self.around("segment_sizes", self.inner.segment_sizes()).await
    }

    async fn segment_size(&self, segment: &str) -> Result<u64> {
        self.around("segment_size", self.inner.segment_size(segment)).await
    }

    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged> {
        self.around("purge", self.inner.purge(before)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures::FutureExt;
    use futures::executor::block_on;
    use futures::future::{BoxFuture, join, ready};

    use super::*;
    use crate::model::Event;
    use crate::port::store::Catalog;
    use crate::store::MemoryStore;
    use crate::testing::ManualClock;
    use crate::testing::store::{StoreBuilder, Suite};

    const DELAY: TimeDelta = TimeDelta::seconds(2);
    const PAUSE: TimeDelta = TimeDelta::minutes(2);

    fn memory() -> (Arc<MemoryStore>, ManualClock) {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        (Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build()), clock)
    }

    async fn append(store: &FaultyStore) -> Result<()> {
        let event = Event::new("lea", "signed_up").id("signup-1");
        store.append(&[event.into()], TimeDelta::days(1)).await.map(|receipts| assert_eq!(receipts.len(), 1))
    }

    /// When the store received the event, if it did.
    fn received(store: &dyn Store) -> Option<TimeDelta> {
        let inputs = block_on(store.inputs(&"lea".into(), 0, u64::MAX)).unwrap();
        inputs.first().map(|input| input.received_at - DateTime::UNIX_EPOCH)
    }

    fn word(seen: &std::result::Result<Result<()>, Stop>) -> &'static str {
        match seen {
            Ok(Ok(())) => "answered",
            Ok(Err(StoreError::Unavailable { .. })) => "unavailable",
            Ok(Err(StoreError::Unknown { .. })) => "unknown",
            Ok(Err(StoreError::Busy { .. })) => "busy",
            Ok(Err(StoreError::Full { .. })) => "full",
            Ok(Err(_)) => "another error",
            Err(Stop::Crash) => "crashed",
            Err(Stop::Cancel) => "cancelled",
        }
    }

    #[test]
    fn each_fault_shows_the_caller_its_own_face_and_reaches_the_store_or_does_not() {
        let at_once = Some(TimeDelta::zero());
        for fault in Fault::kinds(DELAY, PAUSE) {
            // What the caller sees, when the store was reached, how long it took.
            let expected = match fault {
                Fault::Unavailable => ("unavailable", None, TimeDelta::zero()),
                Fault::Unknown => ("unknown", at_once, TimeDelta::zero()),
                Fault::Lost => ("unknown", None, TimeDelta::zero()),
                Fault::Busy => ("busy", None, TimeDelta::zero()),
                Fault::Full => ("full", None, TimeDelta::zero()),
                Fault::Delay(_) => ("answered", Some(DELAY), DELAY),
                Fault::Pause(_) => ("answered", at_once, PAUSE),
                Fault::CrashBefore => ("crashed", None, TimeDelta::zero()),
                Fault::CrashAfter => ("crashed", at_once, TimeDelta::zero()),
                Fault::CancelBefore => ("cancelled", None, TimeDelta::zero()),
                Fault::CancelAfter => ("cancelled", at_once, TimeDelta::zero()),
            };
            let (inner, clock) = memory();
            let life = Life::new();
            let store = FaultyStore::new(inner.clone()).sleep(Arc::new(clock.clone())).life(life.clone());
            store.fail(1, fault);
            let seen = block_on(life.live(append(&store)));
            let took = clock.now() - DateTime::UNIX_EPOCH;
            assert_eq!((word(&seen), received(&*inner), took), expected, "{fault:?}");
            assert_eq!(store.fired_by_kind(), BTreeMap::from([(fault.name(), 1)]));

            // It happens once, and who is not dead goes on.
            let next = block_on(life.live(append(&store)));
            let expected = if expected.0 == "crashed" { "crashed" } else { "answered" };
            assert_eq!(word(&next), expected, "after {fault:?}");
            assert_eq!(store.fired_by_kind(), BTreeMap::from([(fault.name(), 1)]));
        }
    }

    #[test]
    fn the_stores_own_error_stands_and_no_answer_is_lost() {
        for fault in [Fault::Unknown, Fault::CrashAfter, Fault::CancelAfter] {
            let inner = FaultyStore::new(memory().0);
            inner.fail(1, Fault::Busy);
            let life = Life::new();
            let store = FaultyStore::new(Arc::new(inner)).life(life.clone());
            store.fail(1, fault);
            assert_eq!(word(&block_on(life.live(append(&store)))), "busy", "{fault:?}");
            assert!(!store.fired(), "{fault:?}");
        }
    }

    #[test]
    fn a_fault_that_cannot_happen_is_no_fault_and_is_not_counted() {
        for fault in Fault::kinds(DELAY, PAUSE) {
            let possible = matches!(
                fault,
                Fault::Unavailable | Fault::Unknown | Fault::Lost | Fault::Busy | Fault::Full
            );
            let (inner, _) = memory();
            // A life within which nobody runs the call.
            let store = FaultyStore::new(inner.clone()).life(Life::new());
            store.fail(1, fault);
            // At once or never: a call that nobody can drop must not wait for it.
            let answered = append(&store).now_or_never().expect("an answer").is_ok();
            assert_eq!((answered, store.fired()), (!possible, possible), "{fault:?}");
            assert!(possible || received(&*inner).is_some(), "{fault:?}");
        }
    }

    #[test]
    fn a_dead_process_reaches_the_store_no_more_and_the_next_one_does() {
        let (inner, _) = memory();
        let life = Life::new();
        let store = FaultyStore::new(inner.clone()).life(life.clone());
        store.fail(1, Fault::CrashBefore);
        // The second call is polled after the first has killed the process, before anybody noticed.
        let both = join(store.revision(), append(&store));
        assert_eq!(block_on(life.live(both)).err(), Some(Stop::Crash));
        assert_eq!((received(&*inner), store.operations()), (None, vec!["revision"]));
        assert!(matches!(block_on(append(&store)), Err(StoreError::Unavailable { .. })));

        let store = store.life(Life::new());
        block_on(append(&store)).unwrap();
        assert_eq!((received(&*inner), store.calls()), (Some(TimeDelta::zero()), 2));
    }

    #[test]
    fn a_call_that_is_late_does_not_reach_the_store_when_the_process_died_meanwhile() {
        /// Whoever sleeps wakes up in the moment in which the process dies.
        struct Nightmare(Life);

        impl Sleep for Nightmare {
            fn sleep(&self, _: TimeDelta) -> BoxFuture<'static, ()> {
                let life = self.0.clone();
                async move { life.stop(Stop::Crash) }.boxed()
            }
        }

        let (inner, _) = memory();
        let life = Life::new();
        let store =
            FaultyStore::new(inner.clone()).sleep(Arc::new(Nightmare(life.clone()))).life(life.clone());
        store.fail(1, Fault::Delay(DELAY));
        assert_eq!(word(&block_on(life.live(append(&store)))), "crashed");
        assert_eq!((received(&*inner), store.fired()), (None, true));
    }

    #[test]
    fn whoever_sleeps_is_asked_before_and_after_every_call() {
        #[derive(Default)]
        struct Steps(AtomicU64);

        impl Sleep for Steps {
            fn sleep(&self, _: TimeDelta) -> BoxFuture<'static, ()> {
                ready(()).boxed()
            }

            fn step(&self) -> BoxFuture<'static, ()> {
                self.0.fetch_add(1, Ordering::SeqCst);
                ready(()).boxed()
            }
        }

        let steps = Arc::new(Steps::default());
        let store = FaultyStore::new(memory().0).sleep(steps.clone());
        store.fail(2, Fault::Unavailable);
        block_on(append(&store)).unwrap();
        assert_eq!(steps.0.load(Ordering::SeqCst), 2);
        block_on(append(&store)).unwrap_err();
        assert_eq!(steps.0.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn a_plan_hears_of_every_call_but_what_was_named_comes_first() {
        struct Full;

        impl FaultPlan for Full {
            fn on_store(&self, call: &StoreCall) -> Option<Fault> {
                (call.operation == "append" && call.nth <= 2).then_some(Fault::Full)
            }
        }

        let store = FaultyStore::new(memory().0).plan(Arc::new(Full));
        store.fail(1, Fault::Busy);
        let seen = [(); 3].map(|()| word(&Ok(block_on(append(&store)))));
        assert_eq!(seen, ["busy", "full", "answered"]);
    }

    struct Wrapped;

    #[async_trait]
    impl StoreBuilder for Wrapped {
        type Guard = ();

        async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, ())> {
            let store = MemoryStore::builder().clock(clock).build();
            Ok((Arc::new(FaultyStore::new(Arc::new(store)).life(Life::new())), ()))
        }
    }

    #[test]
    fn a_wrapped_store_without_faults_keeps_every_obligation() {
        block_on(Suite::run(Wrapped)).assert_passed();
    }
}
