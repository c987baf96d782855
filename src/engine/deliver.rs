//! From the outbox to a channel: take, permit and render, begin, send, settle.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use futures::channel::mpsc;
use futures::{FutureExt, StreamExt};

use super::places::{Places, in_order, is_capped};
use super::program::Loaded;
use super::share::strays;
use super::watch::Watch;
use super::{Backoff, Engine, Tick};
use crate::error::{Error, StoreError};
use crate::journey::Send;
use crate::machine::{Cold, Hot};
use crate::model::{
    Answer, Contact, Content, Delivery, DeliveryStatus, Handover, Message, MessageId, Outcome, Permit, Reason,
};
use crate::port::store::{Begin, Begun, Take, Taken, Verdict};
use crate::port::{Channel, OnUnknown};
use crate::rule::permit::{Question, Timing, deliver_by, permit};
use crate::rule::template::{RenderError, Template};
use crate::rule::{Facts, Spoken};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// How long a permit lives: between the gate's answer and the channel call.
pub(super) const PERMIT: TimeDelta = TimeDelta::seconds(5);
/// Channel calls side by side.
const SIDE_BY_SIDE: usize = 16;
/// Messages that are begun at a time before it is known how fast the channels are.
pub(super) const FIRST_HANDFUL: usize = 4 * SIDE_BY_SIDE;
/// How often an answer is written down before the next tick must do it.
const MOST_SETTLES: usize = 3;
/// The longest that a provider may ask to wait.
const MOST_PATIENCE: TimeDelta = TimeDelta::days(30);

/// A message whose attempt has begun.
struct Attempt {
    message: Message,
    to: Arc<str>,
    content: Content,
    /// The contact, for a call to the host.
    about: Option<Arc<Cold>>,
    number: u32,
    not_after: DateTime<Utc>,
    backoff: Backoff,
}

impl Engine {
    /// Hands over one batch of the messages that are due. [`tick`](Engine::tick) calls it; a worker that only delivers may
    /// call it alone.
    ///
    /// # Errors
    /// As [`tick`](Engine::tick).
    pub async fn deliver(&self) -> Result<Tick, Error> {
        let mut tick = Tick::default();
        self.deliver_into(&mut tick).await?;
        Ok(tick)
    }

    pub(super) async fn deliver_into(&self, tick: &mut Tick) -> Result<bool, Error> {
        let store = &self.shared.store;
        let channels = self.open_channels(self.shared.clock.elapsed());
        let handful = self.shared.handful.load(Ordering::Relaxed).min(self.shared.batch);
        let mut watch = Watch::start(self.shared.clock.clone());
        let policy = &self.shared.policy;
        let counted = policy.counted_on(|name| channels.iter().any(|channel| **channel == *name));
        let mut take = Take::of(handful, channels)
            .with_hot(self.reads_numbers() || policy.asks_tiers())
            .with_counted(counted);
        let (batch, loaded) = loop {
            let batch = store.take(&take).await?;
            if batch.messages.is_empty() {
                return Ok(false);
            }
            watch.set(batch.now);
            // A template is bound by its name when a message begins, so the newest one is asked for.
            let loaded = self.program(Some(batch.catalog)).await?;
            // One that reads numbers was published since; what was taken has not begun, and repeats.
            if !loaded.reads_numbers || take.hot || is_on(Bug::NumbersUnasked) {
                break (batch, loaded);
            }
            take.hot = true;
        };
        let (mut taken, mut begins) = (Vec::new(), Vec::new());
        let mut places = Places::default();
        for message in in_order(&loaded, batch.messages, take.counted.is_some()) {
            if places.is_taken(&loaded, &message) {
                // What begins before it in this handful counts; it is judged by the next take.
                continue;
            }
            let begin = self.in_turn(&loaded, &message, batch.now).await?;
            places.note(&loaded, &message, begin.as_ref());
            match begin {
                Some(mut begin) => {
                    self.track_links(&message, &mut begin).await?;
                    begins.push(begin);
                    taken.push(message);
                }
                None => tick.throttled += 1,
            }
        }
        let attempts = self.begin(&loaded, taken, begins, tick).await?;
        let calls = attempts.len();
        self.hand_over(attempts, &watch, tick).await?;
        self.pace(handful, calls, watch.elapsed());
        Ok(true)
    }

    /// The answer for a message, unless the rate of its channel lets nothing more begin: then it keeps its place.
    async fn in_turn(
        &self,
        loaded: &Loaded,
        taken: &Taken,
        now: DateTime<Utc>,
    ) -> Result<Option<Begin>, Error> {
        let (throttle, elapsed) = (&self.shared.throttle, self.shared.clock.elapsed());
        let channel = &taken.message.channel;
        if throttle.opens_in(channel, elapsed).is_some() {
            return Ok(None);
        }
        let verdict = match &taken.message.sharing {
            Some(sharing) => self.judge_sharing(loaded, taken, sharing, now).await?,
            None => self.judge(loaded, taken, now),
        };
        let begins = matches!(verdict, Verdict::Send { .. });
        let capped = begins && is_capped(loaded, &taken.message);
        let policy = match is_on(Bug::EditionOfThePolicyAlone) {
            true => loaded.program.policy.version.clone(),
            false => loaded.program.edition.clone(),
        };
        let begin = |verdict| match Begin::new(taken, verdict, policy) {
            begin if capped => begin.unless_said(taken),
            begin => begin,
        };
        Ok((!begins || throttle.count(channel, elapsed)).then(|| begin(verdict)))
    }

    /// When attempts of a message follow each other: as its step says, else its channel, else the engine.
    pub(super) fn backoff_of(&self, loaded: &Loaded, message: &Message) -> Backoff {
        let backoff = *self.shared.backoffs.get(&message.channel).unwrap_or(&self.shared.backoff);
        if message.is_removal() {
            // What is owed is not given up.
            return Backoff { attempts: u32::MAX, ..backoff };
        }
        loaded.program.retry_of(message).map_or(backoff, |retry| backoff.with(&retry))
    }

    /// Begins as many messages at a time as the channels take well within a permit.
    fn pace(&self, handful: usize, calls: usize, took: TimeDelta) {
        let next = match took {
            slow if slow > PERMIT / 3 => (handful / 2).max(SIDE_BY_SIDE),
            _ if calls == handful => handful.saturating_mul(2).min(self.shared.batch.max(SIDE_BY_SIDE)),
            _ => return,
        };
        self.shared.handful.store(next, Ordering::Relaxed);
    }

    /// The gate's answer for one message, on the contact as it is now.
    fn judge(&self, loaded: &Loaded, taken: &Taken, now: DateTime<Utc>) -> Verdict {
        let message = &taken.message;
        let Some(channel) = self.shared.channels.get(&message.channel) else {
            return Verdict::Refuse { reasons: vec![Reason::Channel("unknown".into())] };
        };
        let spent = taken.attempts >= self.backoff_of(loaded, message).attempts;
        if taken.unknown && (taken.cancelled || spent || !repeats_unknown(&**channel)) {
            return Verdict::Park;
        }
        if strays(message) {
            return Verdict::Refuse { reasons: vec![Reason::OtherUse] };
        }
        if message.call.is_some() {
            return judge_call(taken, &**channel, now);
        }
        let cold = &taken.cold;
        let question = Question::new(&cold.contact, &cold.standing, &message.channel, &message.purpose)
            .at_gate(taken.denied, taken.suppressed)
            .timed(self.timing_of(loaded, taken, now));
        let nothing = Hot::default();
        let hot = taken.hot.as_deref().unwrap_or(&nothing);
        let send = loaded.program.send_of(message);
        let drops = send.is_some_and(|send| send.drops_capped);
        let question = question.counted(Spoken::new(&taken.said, &hot.rating).dropping(drops));
        // What has begun before keeps its words, which were for this then.
        let question = match loaded.templates.get(&message.template).filter(|_| taken.content.is_none()) {
            Some(template) => question.saying(template.purpose.as_deref()),
            None => question,
        };
        let policy = &loaded.program.policy;
        let zone = if is_on(Bug::QuietHoursInUtc) { Zone::utc() } else { self.zone_of(loaded, taken) };
        if let Err(error) = policy.preferred_time(&message.purpose, &cold.contact) {
            tracing::warn!(message = %message.id, %error, "a preferred time is left aside");
        }
        // What began before has hours of its own, which the provider was told.
        let over = taken.content.as_ref().and_then(|content| content.deliver_by).is_some_and(|by| by <= now);
        match permit(&question, policy, &zone, now) {
            answer if over => return Verdict::Refuse { reasons: too_late(answer) },
            _ if is_on(Bug::ConsentAtPlanning) => {}
            Permit::Defer { until, reasons } => return Verdict::Defer { until, reasons },
            Permit::Refuse { reasons } => return Verdict::Refuse { reasons },
            Permit::Permit => {}
        }
        let facts = Facts::new(&cold.contact, &hot.performed, &hot.rating).at(now).scored_by(&loaded.program);
        let mut content = match (&taken.content, loaded.templates.get(&message.template)) {
            (Some(content), _) if !is_on(Bug::RenderedAnew) => content.clone(),
            (None, Some(_)) if has_no_sender(send, &cold.contact) => {
                return Verdict::Refuse { reasons: vec![Reason::NoOwner] };
            }
            (_, Some(template)) => match self.said(template, send, &facts, taken) {
                Ok(content) => match self.with_way_out(content, policy, taken, &zone, now) {
                    Ok(content) => content,
                    Err(error) => {
                        tracing::warn!(message = %message.id, template = %message.template, %error, "not said");
                        return Verdict::Refuse { reasons: vec![Reason::NoOptOut] };
                    }
                },
                Err(error) => {
                    tracing::warn!(message = %message.id, template = %message.template, %error, "not rendered");
                    return Verdict::Refuse {
                        reasons: vec![Reason::Template(format!("{}: {}", error.part, error.reason).into())],
                    };
                }
            },
            (_, None) => return Verdict::Refuse { reasons: vec![Reason::Template("unknown".into())] },
        };
        if taken.content.is_none() && !is_on(Bug::ValidityUnsaid) {
            content.deliver_by = deliver_by(&question, policy, &zone, now);
        }
        Verdict::Send {
            content,
            permit: PERMIT,
            lease: PERMIT.checked_add(&channel.deadline()).unwrap_or(TimeDelta::MAX),
        }
    }

    /// What a template says to a contact, in the words and under the name that the step gives, with its links.
    fn said(
        &self,
        template: &Template,
        send: Option<&Send>,
        facts: &Facts<'_>,
        taken: &Taken,
    ) -> Result<Content, RenderError> {
        let preheader = send.and_then(|send| send.preheader.as_ref());
        let links = template.reads_links() || preheader.is_some_and(Template::reads_links);
        let variables = self.variables_of(taken, links);
        let content = template.render_beside(facts, &variables, preheader)?;
        self.headed(sent_by(content, send, facts.contact), taken)
    }

    /// What the journey that decided the message says of its time.
    fn timing_of<'l>(&self, loaded: &'l Loaded, taken: &Taken, now: DateTime<Utc>) -> Timing<'l> {
        let message = &taken.message;
        let zone = self.zone_of(loaded, taken);
        loaded.program.timing(message, &zone, now)
    }

    pub(super) fn zone_of(&self, loaded: &Loaded, taken: &Taken) -> Zone {
        let journey = loaded.program.journey(&taken.message.journey, taken.message.version);
        let own = taken.cold.zone();
        own.or_else(|| journey?.zone.clone()).unwrap_or_else(|| loaded.program.zone.clone())
    }

    async fn begin(
        &self,
        loaded: &Loaded,
        taken: Vec<Taken>,
        begins: Vec<Begin>,
        tick: &mut Tick,
    ) -> Result<Vec<Attempt>, Error> {
        let answers: Vec<Verdict> = begins.iter().map(|begin| begin.verdict.clone()).collect();
        let begun = match self.shared.store.begin(begins).await {
            // Whoever began, no channel is called: what has begun comes back as unknown, what has not is taken again.
            Err(StoreError::Unknown { .. }) if is_on(Bug::AmbiguousBeginCounts) => {
                let begins = |taken: &Taken| Begun::Begun {
                    attempt: taken.attempts + 1,
                    not_after: taken.taken_at + PERMIT,
                };
                taken.iter().map(begins).collect()
            }
            Err(StoreError::Unknown { operation, reason }) => {
                tracing::warn!(operation, reason, "whether messages have begun is unknown");
                tick.unknown += 1;
                return Ok(Vec::new());
            }
            begun => begun?,
        };
        let mut attempts = Vec::with_capacity(begun.len());
        for ((taken, verdict), begun) in taken.into_iter().zip(answers).zip(begun) {
            match (begun, verdict) {
                (Begun::Begun { attempt, not_after }, Verdict::Send { content, .. }) => {
                    let unknown = taken.unknown;
                    let Taken { mut message, cold, .. } = taken;
                    if is_on(Bug::IdPerAttempt) || (is_on(Bug::NewIdAfterATimeout) && unknown) {
                        message.id =
                            MessageId::derive(message.enrollment, attempt + 1_000, message.decided_at);
                    }
                    let about = message.call.is_some().then(|| cold.clone());
                    let to = match cold.contact.addresses.get(&message.channel) {
                        _ if message.sharing.is_some() => {
                            message.sharing.as_ref().map(|sharing| sharing.with.clone()).unwrap_or_default()
                        }
                        Some(to) => to.value.clone(),
                        None if about.is_some() => Arc::default(),
                        None => continue,
                    };
                    let backoff = self.backoff_of(loaded, &message);
                    let not_after = content.deliver_by.map_or(not_after, |by| by.min(not_after));
                    attempts.push(Attempt {
                        message,
                        to,
                        content,
                        about,
                        number: attempt,
                        not_after,
                        backoff,
                    });
                }
                (Begun::Stale, verdict) => {
                    tick.stale += 1;
                    if let Verdict::Send { .. } = verdict {
                        self.shared.throttle.give_back(&taken.message.channel);
                    }
                }
                (_, Verdict::Defer { .. }) => tick.deferred += 1,
                (_, Verdict::Refuse { .. }) => tick.refused += 1,
                (_, Verdict::Park) => tick.parked += 1,
                (_, Verdict::Send { .. }) => {}
            }
        }
        Ok(attempts)
    }

    /// Calls the channels, side by side; each message gets an outcome, whatever the channel does.
    ///
    /// What is answered is written down at once: one call that hangs keeps no other answer back.
    async fn hand_over(&self, attempts: Vec<Attempt>, watch: &Watch, tick: &mut Tick) -> Result<(), Error> {
        let mut batches: Vec<(Arc<dyn Channel>, Vec<Attempt>)> = Vec::new();
        for attempt in attempts {
            let Some(channel) = self.shared.channels.get(&attempt.message.channel) else { continue };
            let open = batches.iter_mut().rev().find(|(other, _)| other.name() == channel.name());
            match open.filter(|(channel, batch)| batch.len() < channel.batch().max(1)) {
                Some((_, batch)) => batch.push(attempt),
                None => batches.push((channel.clone(), vec![attempt])),
            }
        }
        // A loop and no `map`: of a closure's futures the compiler cannot tell that they may move between threads.
        let mut calls = Vec::with_capacity(batches.len());
        for (channel, batch) in batches {
            calls.push(self.call(channel, batch, watch));
        }
        let count = calls.len().max(1);
        let mut answers = futures::stream::iter(calls).buffer_unordered(SIDE_BY_SIDE);
        let (answered, answers_to_settle) = mpsc::unbounded();
        // Side by side, for a store that is slow must not keep a channel's answer from being heard.
        let calling = async move {
            while let Some(deliveries) = answers.next().await {
                answered.unbounded_send(deliveries).ok();
            }
        };
        let mut chunks = answers_to_settle.ready_chunks(count);
        let settling = async {
            let mut first_failure = Ok(());
            while let Some(deliveries) = chunks.next().await {
                let settled = self.settle(&deliveries.concat(), tick).await;
                first_failure = first_failure.and(settled);
            }
            first_failure
        };
        futures::future::join(calling, settling).await.1
    }

    async fn call(&self, channel: Arc<dyn Channel>, batch: Vec<Attempt>, watch: &Watch) -> Vec<Delivery> {
        let now = watch.now();
        // The last look: a permit that ran out on the way is not used.
        let (alive, late): (Vec<_>, Vec<_>) = batch.into_iter().partition(|attempt| now < attempt.not_after);
        let handovers: Vec<Handover<'_>> = alive
            .iter()
            .map(|attempt| {
                let (message, to, content) = (&attempt.message, &attempt.to, &attempt.content);
                let handover = Handover::new(message, to, content, attempt.number);
                attempt.about.as_ref().map_or(handover, |cold| handover.about(&cold.contact))
            })
            .collect();
        let outcomes = match handovers.as_slice() {
            [] => Vec::new(),
            [one] => caught(channel.send(*one))
                .await
                .map_or_else(Vec::new, |outcome| vec![(one.message.id, outcome)]),
            several => caught(channel.send_many(several)).await.unwrap_or_default(),
        };
        let now = watch.now();
        let mut deliveries: Vec<Delivery> = alive
            .iter()
            .enumerate()
            .map(|(place, attempt)| {
                let placed = outcomes.get(place).map_or(Outcome::Unknown, |(_, outcome)| outcome.clone());
                let outcome = match is_on(Bug::AnswersByPosition) {
                    true => placed,
                    false => outcome_of(&outcomes, attempt.message.id),
                };
                let status = self.status(&*channel, attempt, outcome, now);
                Delivery::new(attempt.message.id, attempt.number, now, status)
            })
            .collect();
        deliveries.extend(late.iter().map(|attempt| {
            Delivery::new(attempt.message.id, attempt.number, now, DeliveryStatus::Retry { at: now })
        }));
        deliveries
    }

    fn status(
        &self,
        channel: &dyn Channel,
        attempt: &Attempt,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> DeliveryStatus {
        let again = attempt.backoff.next(attempt.message.id, attempt.number, now);
        match outcome {
            Outcome::Accepted => DeliveryStatus::Accepted,
            // Nobody asked: the message is delivered, and what else was said is left out.
            Outcome::Answered(_) if attempt.message.call.is_none() => DeliveryStatus::Accepted,
            Outcome::Answered(answer) => self.answer_of(answer),
            Outcome::Refused { reason } => DeliveryStatus::Refused { reasons: vec![Reason::Channel(reason)] },
            Outcome::Retry { after } => match (again, after) {
                (None, _) => DeliveryStatus::Refused { reasons: vec![Reason::Attempts] },
                (Some(_), Some(after)) => {
                    DeliveryStatus::Retry { at: now + after.clamp(TimeDelta::zero(), MOST_PATIENCE) }
                }
                (Some(at), None) => DeliveryStatus::Retry { at },
            },
            Outcome::Unknown => {
                match again.filter(|_| attempt.message.is_removal() || repeats_unknown(channel)) {
                    Some(at) => DeliveryStatus::Retry { at },
                    None => DeliveryStatus::Parked,
                }
            }
        }
    }

    /// What a channel answered, within the limits that hold for what a host says through the door.
    fn answer_of(&self, answer: Answer) -> DeliveryStatus {
        match self.check_answer(&answer) {
            Ok(()) => DeliveryStatus::Answered { answer },
            Err(error) => {
                tracing::warn!(%error, "an answer is left out");
                DeliveryStatus::Refused { reasons: vec![Reason::Answer("too_large".into())] }
            }
        }
    }

    /// Writes the answers down. Settling twice changes nothing, so a failure is tried again at once.
    async fn settle(&self, deliveries: &[Delivery], tick: &mut Tick) -> Result<(), Error> {
        if deliveries.is_empty() {
            return Ok(());
        }
        for attempt in 1.. {
            match self.shared.store.settle(deliveries).await {
                Ok(()) => break,
                Err(error) if attempt == MOST_SETTLES => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "what became of a handover is written down again"),
            }
        }
        for delivery in deliveries {
            match delivery.status {
                DeliveryStatus::Accepted | DeliveryStatus::Answered { .. } => tick.accepted += 1,
                DeliveryStatus::Refused { .. } => tick.refused += 1,
                DeliveryStatus::Deferred { .. } => tick.deferred += 1,
                DeliveryStatus::Retry { .. } => tick.retried += 1,
                DeliveryStatus::Parked => tick.parked += 1,
                // An operator's word, which no channel gives.
                DeliveryStatus::Cancelled { .. } | DeliveryStatus::Repeated { .. } => {}
            }
        }
        Ok(())
    }
}

/// A call says nothing to the contact: only its time can be over.
fn judge_call(taken: &Taken, channel: &dyn Channel, now: DateTime<Utc>) -> Verdict {
    if taken.message.not_after.is_some_and(|not_after| not_after <= now) {
        return Verdict::Refuse { reasons: vec![Reason::Deadline] };
    }
    Verdict::Send {
        content: Content::nothing(),
        permit: PERMIT,
        lease: PERMIT.checked_add(&channel.deadline()).unwrap_or(TimeDelta::MAX),
    }
}

/// Why a further attempt is not made once the message must no longer be delivered.
fn too_late(answer: Permit) -> Vec<Reason> {
    let mut reasons = match answer {
        Permit::Refuse { reasons } | Permit::Defer { reasons, .. } => reasons,
        _ => Vec::new(),
    };
    if !reasons.contains(&Reason::Deadline) {
        reasons.push(Reason::Deadline);
    }
    reasons
}

/// What a channel said of one message: unknown where it said nothing, or contradicted itself.
fn outcome_of(outcomes: &[(MessageId, Outcome)], message: MessageId) -> Outcome {
    let mut own = outcomes.iter().filter(|(id, _)| *id == message).map(|(_, outcome)| outcome);
    match own.next() {
        Some(first) if own.all(|other| other == first) => first.clone(),
        _ => Outcome::Unknown,
    }
}

pub(super) fn repeats_unknown(channel: &dyn Channel) -> bool {
    channel.honours_ids() || channel.on_unknown() == OnUnknown::Resend
}

/// A call into the host's code; a panic there is an unknown outcome and not the end of the tick.
pub(super) async fn caught<T>(call: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(call).catch_unwind().await.ok()
}

/// Whether the step wants the owner's name under the message, and nobody owns the contact.
pub(super) fn has_no_sender(send: Option<&Send>, contact: &Contact) -> bool {
    let from = send.and_then(|send| send.from.as_ref());
    from.is_some_and(|from| from.name(&contact.attributes).is_none())
}

/// The content, with the sender that the step names.
pub(super) fn sent_by(mut content: Content, send: Option<&Send>, contact: &Contact) -> Content {
    content.from = send.and_then(|send| send.from.as_ref()?.name(&contact.attributes));
    content.reply_to = send.and_then(|send| send.reply_to.clone());
    content
}
