//! A channel whose calls go wrong where one asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::fault::ChannelFault;
use super::life::{Life, Stop};
use super::plan::{ChannelCall, FaultPlan};
use super::rig::Rig;
use super::sleep::Sleep;
use crate::model::{Handover, Outcome};
use crate::port::{Channel, OnUnknown};

/// A channel of which any call can go wrong. It wraps any channel; clones share one count.
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
///
/// let email = flaky(Arc::new(journeyman::channel::RecordingChannel::new("email")));
/// assert_eq!((email.name(), email.calls()), ("email", 0));
/// ```
#[derive(Clone)]
pub struct FaultyChannel {
    inner: Arc<dyn Channel>,
    rig: Rig,
}

impl FaultyChannel {
    /// Wraps a channel; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Channel>) -> Self {
        Self { inner, rig: Rig::default() }
    }

    /// Asks a plan at every call; what [`fail`](FaultyChannel::fail) named comes first.
    #[must_use]
    pub fn plan(mut self, plan: Arc<dyn FaultPlan>) -> Self {
        self.rig.plan = Some(plan);
        self
    }

    /// Lets calls be late: without it, [`ChannelFault::Slow`] and [`ChannelFault::Hang`] do not happen.
    #[must_use]
    pub fn sleep(mut self, sleep: Arc<dyn Sleep>) -> Self {
        self.rig.sleep = Some(sleep);
        self
    }

    /// Lets calls end a life: outside of [`Life::live`], no crash happens. Once that life is dead, every call is
    /// [`Outcome::Unknown`], is not counted and does not reach the channel; the next process takes a clone with a new life.
    #[must_use]
    pub fn life(mut self, life: Life) -> Self {
        self.rig.life = Some(life);
        self
    }

    /// Makes one call go wrong, once; calls count from 1, and a batch is one call. Several may be named.
    pub fn fail(&self, nth_call: u64, fault: ChannelFault) {
        self.rig.planned.on_channel_call(nth_call, fault);
    }

    /// How many calls were made; a batch is one.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.rig.calls()
    }

    /// Whether a fault has happened.
    #[must_use]
    pub fn fired(&self) -> bool {
        !self.rig.fired().is_empty()
    }

    /// How often each kind of fault has happened, by [`ChannelFault::name`].
    #[must_use]
    pub fn fired_by_kind(&self) -> BTreeMap<&'static str, u64> {
        self.rig.fired()
    }

    /// The name of each call, in order: `send` or `send_many`.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        self.rig.operations()
    }

    async fn around<'h, A: Answer>(
        &self,
        operation: &'static str,
        handovers: &'h [Handover<'h>],
        call: impl FnOnce(&'h [Handover<'h>]) -> BoxFuture<'h, A> + Send,
    ) -> A {
        self.rig.step().await;
        if self.rig.is_dead() {
            return A::same(handovers, Outcome::Unknown);
        }
        let messages = handovers.len();
        let asked = ChannelCall::new(self.inner.name(), self.rig.enter(operation), messages);
        let answer = match self.rig.decide(|plan| plan.on_channel(&asked), ChannelFault::need, messages) {
            None => call(handovers).await,
            Some(fault) => {
                self.rig.fire(fault.name());
                self.break_call(handovers, call, fault).await
            }
        };
        self.rig.step().await;
        answer
    }

    #[allow(clippy::panic)] // the fault that was asked for
    async fn break_call<'h, A: Answer>(
        &self,
        handovers: &'h [Handover<'h>],
        call: impl FnOnce(&'h [Handover<'h>]) -> BoxFuture<'h, A> + Send,
        fault: ChannelFault,
    ) -> A {
        let all = |outcome| A::same(handovers, outcome);
        match fault {
            ChannelFault::Refuse => all(Outcome::Refused { reason: "fault".into() }),
            ChannelFault::Retry => all(Outcome::Retry { after: None }),
            ChannelFault::Unknown => all(Outcome::Unknown),
            ChannelFault::AcceptThenUnknown => {
                call(handovers).await;
                all(Outcome::Unknown)
            }
            ChannelFault::Slow(span) => {
                self.rig.sleep(span).await;
                call(handovers).await
            }
            ChannelFault::Hang => {
                call(handovers).await;
                let deadline = self.inner.deadline();
                self.rig.sleep(deadline.checked_mul(2).unwrap_or(deadline)).await;
                all(Outcome::Unknown)
            }
            ChannelFault::Partial => call(&handovers[..handovers.len() / 2]).await,
            ChannelFault::Shuffled => call(handovers).await.shuffled(),
            ChannelFault::Panic => panic!("a fault that the test asked for"),
            ChannelFault::AcceptThenPanic => {
                call(handovers).await;
                panic!("a fault that the test asked for")
            }
            ChannelFault::CrashBefore => self.rig.stop(Stop::Crash).await,
            ChannelFault::CrashAfter => {
                call(handovers).await;
                self.rig.stop(Stop::Crash).await
            }
        }
    }
}

/// What a call answers, for one message or for a batch.
trait Answer: Send {
    /// One outcome for every message.
    fn same(handovers: &[Handover<'_>], outcome: Outcome) -> Self;

    /// The same answer in another order.
    fn shuffled(self) -> Self;
}

impl Answer for Outcome {
    fn same(_: &[Handover<'_>], outcome: Outcome) -> Self {
        outcome
    }

    fn shuffled(self) -> Self {
        self
    }
}

impl Answer for Vec<Outcome> {
    fn same(handovers: &[Handover<'_>], outcome: Outcome) -> Self {
        handovers.iter().map(|_| outcome.clone()).collect()
    }

    fn shuffled(mut self) -> Self {
        self.reverse();
        self
    }
}

#[async_trait]
impl Channel for FaultyChannel {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.around("send", &[handover], |_| self.inner.send(handover)).await
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<Outcome> {
        self.around("send_many", handovers, |some| self.inner.send_many(some)).await
    }

    fn batch(&self) -> usize {
        self.inner.batch()
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
