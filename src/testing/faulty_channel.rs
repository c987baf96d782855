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
use crate::model::{Handover, MessageId, Outcome};
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
                // Another call can have killed the process meanwhile.
                if self.rig.is_dead() { all(Outcome::Unknown) } else { call(handovers).await }
            }
            ChannelFault::Hang => {
                call(handovers).await;
                let deadline = self.inner.deadline();
                self.rig.sleep(deadline.checked_mul(2).unwrap_or(deadline)).await;
                all(Outcome::Unknown)
            }
            ChannelFault::Partial => call(&handovers[..handovers.len() / 2]).await,
            ChannelFault::Shuffled => call(handovers).await.shuffled(),
            ChannelFault::Panic => panics(),
            ChannelFault::AcceptThenPanic => {
                call(handovers).await;
                panics()
            }
            ChannelFault::CrashBefore => self.rig.stop(Stop::Crash).await,
            ChannelFault::CrashAfter => {
                call(handovers).await;
                self.rig.stop(Stop::Crash).await
            }
        }
    }
}

/// The panic that was asked for; it does not tell the panic hook, because thousands of them would hide everything else.
fn panics() -> ! {
    std::panic::resume_unwind(Box::new("a fault that the test asked for"))
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

impl Answer for Vec<(MessageId, Outcome)> {
    fn same(handovers: &[Handover<'_>], outcome: Outcome) -> Self {
        handovers.iter().map(|handover| (handover.message.id, outcome.clone())).collect()
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

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
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

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::sync::Mutex;

    use chrono::DateTime;
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;
    use crate::model::{Content, EnrollmentId, Hash, JourneyId, Message, NodeId};
    use crate::port::Clock;
    use crate::testing::ManualClock;

    const SLOW: TimeDelta = TimeDelta::seconds(2);
    const DEADLINE: TimeDelta = TimeDelta::seconds(10);

    /// Writes down which attempts it was given and when, and answers each in its own way.
    struct Counting {
        clock: ManualClock,
        seen: Mutex<Vec<(u32, TimeDelta)>>,
    }

    fn own(attempt: u32) -> Outcome {
        Outcome::Retry { after: Some(TimeDelta::seconds(attempt.into())) }
    }

    #[async_trait]
    impl Channel for Counting {
        fn name(&self) -> &str {
            "counting"
        }

        async fn send(&self, handover: Handover<'_>) -> Outcome {
            self.seen.lock().unwrap().push((handover.attempt, self.clock.now() - DateTime::UNIX_EPOCH));
            own(handover.attempt)
        }

        fn batch(&self) -> usize {
            7
        }

        fn honours_ids(&self) -> bool {
            true
        }

        fn on_unknown(&self) -> OnUnknown {
            OnUnknown::Resend
        }

        fn deadline(&self) -> TimeDelta {
            DEADLINE
        }
    }

    /// What the caller saw.
    #[derive(Clone, Debug, PartialEq)]
    enum Saw {
        Outcomes(Vec<Outcome>),
        Panic,
        Crash,
    }

    struct Story {
        channel: FaultyChannel,
        counting: Arc<Counting>,
        clock: ManualClock,
        life: Life,
    }

    impl Story {
        fn new() -> Self {
            let clock = ManualClock::new(DateTime::UNIX_EPOCH);
            let counting = Arc::new(Counting { clock: clock.clone(), seen: Mutex::default() });
            let life = Life::new();
            let channel =
                FaultyChannel::new(counting.clone()).sleep(Arc::new(clock.clone())).life(life.clone());
            Self { channel, counting, clock, life }
        }

        /// Hands over attempts 1 to `messages`; one goes by itself.
        fn hand_over(&self, messages: u32) -> Saw {
            let enrollment = EnrollmentId::from_bytes([1; 16]);
            let message = |number: u32| Message {
                id: MessageId::derive(enrollment, number, DateTime::UNIX_EPOCH),
                contact: "lea".into(),
                enrollment,
                journey: JourneyId::from("welcome"),
                version: 1,
                node: NodeId::from("greet"),
                channel: "counting".into(),
                template: "hello".into(),
                purpose: "marketing".into(),
                decided_at: DateTime::UNIX_EPOCH,
                not_after: None,
                wanted_by: None,
                call: None,
                variables: Default::default(),
                sharing: None,
            };
            let content = Content::new(None, Some("hi".to_owned()), None, Hash::default());
            let several: Vec<_> = (1..=messages).map(|number| (number, message(number))).collect();
            let handovers: Vec<_> = several
                .iter()
                .map(|(number, message)| Handover::new(message, "somewhere", &content, *number))
                .collect();
            let call = async {
                match handovers.as_slice() {
                    [one] => vec![self.channel.send(*one).await],
                    several => self
                        .channel
                        .send_many(several)
                        .await
                        .into_iter()
                        .map(|(_, outcome)| outcome)
                        .collect(),
                }
            };
            match block_on(AssertUnwindSafe(self.life.live(call)).catch_unwind()) {
                Ok(Ok(outcomes)) => Saw::Outcomes(outcomes),
                Ok(Err(_)) => Saw::Crash,
                Err(_) => Saw::Panic,
            }
        }
    }

    #[test]
    fn each_fault_shows_the_caller_its_own_face_and_reaches_the_channel_or_does_not() {
        for (fault, messages) in
            ChannelFault::kinds(SLOW).into_iter().flat_map(|fault| [(fault, 1), (fault, 5)])
        {
            let same = |outcome: Outcome| Saw::Outcomes(vec![outcome; messages as usize]);
            let each = || (1..=messages).map(own);
            let (at_once, nobody) = (Some((messages, TimeDelta::zero())), None);
            // What the caller sees, the last attempt that the channel saw and when, how long it took.
            let (saw, reached, took) = match fault {
                ChannelFault::Refuse => (same(Outcome::Refused { reason: "fault".into() }), nobody, 0),
                ChannelFault::Retry => (same(Outcome::Retry { after: None }), nobody, 0),
                ChannelFault::Unknown => (same(Outcome::Unknown), nobody, 0),
                ChannelFault::AcceptThenUnknown => (same(Outcome::Unknown), at_once, 0),
                ChannelFault::Slow(_) => (Saw::Outcomes(each().collect()), Some((messages, SLOW)), 2),
                ChannelFault::Hang => (same(Outcome::Unknown), at_once, 20),
                ChannelFault::Partial if messages > 1 => {
                    (Saw::Outcomes(vec![own(1), own(2)]), Some((2, TimeDelta::zero())), 0)
                }
                ChannelFault::Shuffled if messages > 1 => (Saw::Outcomes(each().rev().collect()), at_once, 0),
                ChannelFault::Partial | ChannelFault::Shuffled => {
                    (Saw::Outcomes(each().collect()), at_once, 0)
                }
                ChannelFault::Panic => (Saw::Panic, nobody, 0),
                ChannelFault::AcceptThenPanic => (Saw::Panic, at_once, 0),
                ChannelFault::CrashBefore => (Saw::Crash, nobody, 0),
                ChannelFault::CrashAfter => (Saw::Crash, at_once, 0),
            };
            let story = Story::new();
            story.channel.fail(1, fault);
            assert_eq!(story.hand_over(messages), saw, "{fault:?} of {messages}");
            assert_eq!(
                story.counting.seen.lock().unwrap().last().copied(),
                reached,
                "{fault:?} of {messages}"
            );
            assert_eq!(story.clock.now(), DateTime::UNIX_EPOCH + TimeDelta::seconds(took), "{fault:?}");
            let batch_only = matches!(fault, ChannelFault::Partial | ChannelFault::Shuffled);
            let fired = u64::from(!(batch_only && messages == 1));
            assert_eq!(story.channel.fired_by_kind().get(fault.name()).copied().unwrap_or(0), fired);

            // It happens once, and who is not dead goes on.
            let next = if saw == Saw::Crash { Saw::Crash } else { Saw::Outcomes(each().collect()) };
            assert_eq!(story.hand_over(messages), next, "after {fault:?} of {messages}");
        }
    }

    #[test]
    fn a_fault_that_cannot_happen_is_no_fault_and_is_not_counted() {
        let faults = [
            ChannelFault::Slow(SLOW),
            ChannelFault::Hang,
            ChannelFault::CrashBefore,
            ChannelFault::CrashAfter,
        ];
        for fault in faults {
            let mut story = Story::new();
            story.channel = FaultyChannel::new(story.counting.clone());
            story.channel.fail(1, fault);
            assert_eq!(story.hand_over(1), Saw::Outcomes(vec![own(1)]), "{fault:?}");
            assert!(!story.channel.fired(), "{fault:?}");
        }
    }

    #[test]
    fn a_dead_process_reaches_the_channel_no_more() {
        let mut story = Story::new();
        story.life.stop(Stop::Crash);
        story.life = Life::new();
        assert_eq!(story.hand_over(2), Saw::Outcomes(vec![Outcome::Unknown; 2]));
        assert!(story.counting.seen.lock().unwrap().is_empty() && story.channel.calls() == 0);
    }

    #[test]
    fn a_plan_hears_the_channel_the_call_and_the_messages() {
        struct Big;

        impl FaultPlan for Big {
            fn on_channel(&self, call: &ChannelCall<'_>) -> Option<ChannelFault> {
                (*call == ChannelCall::new("counting", 2, 3)).then_some(ChannelFault::Retry)
            }
        }

        let mut story = Story::new();
        story.channel = story.channel.plan(Arc::new(Big));
        assert_eq!(story.hand_over(3), Saw::Outcomes((1..=3).map(own).collect()));
        assert_eq!(story.hand_over(3), Saw::Outcomes(vec![Outcome::Retry { after: None }; 3]));
        assert_eq!(story.channel.operations(), ["send_many", "send_many"]);
    }

    #[test]
    fn what_a_channel_says_of_itself_passes_through() {
        let channel = Story::new().channel;
        assert_eq!((channel.name(), channel.batch(), channel.deadline()), ("counting", 7, DEADLINE));
        assert_eq!((channel.honours_ids(), channel.on_unknown()), (true, OnUnknown::Resend));
    }
}
