//! Messages between the commit and the channel.

use async_trait::async_trait;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use std::sync::Arc;

use super::MessageRecord;
use super::MessageStatus;
use super::Result;
use crate::machine::{Cold, Hot};
use crate::model::Content;
use crate::model::Deed;
use crate::model::Delivery;
use crate::model::Message;
use crate::model::MessageId;
use crate::model::Name;
use crate::model::Reason;
use crate::model::Said;
use crate::rule::Counted;

/// Messages between the commit and the channel.
///
/// A message is *pending*, then *begun*, then *settled*. Taken and not begun, it repeats; begun and not settled when its
/// lease runs out, its outcome is unknown, and it is taken again with what was begun.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Hands out messages whose instant has come, in order of decision, of the channels named, except those of paused
    /// journeys and channels; with the contact as it is committed (its hot part too where [`Take::hot`] asks for it), the gate's answer and the epochs it was read at. All of
    /// it is of one instant, which every message carries as `taken_at`. Of an erased contact it hands out
    /// [removals](crate::model::Message::is_removal) alone, and they begin and are settled as for any other. Where [`Take::counted`] asks for it, a message comes
    /// with what else was said to its contact, and with the number of its contact's newest begin.
    async fn take(&self, take: &Take) -> Result<TakenBatch>;

    /// Answers for taken messages, in one transaction, each fenced by its epochs and attempt: a message is begun, deferred
    /// or refused only if no withdrawal, suppression, erasure, pause, cancellation or other worker came between.
    ///
    /// The permit counts from `taken_at`, the instant that it was judged at: a message that is sent when it is over has not
    /// begun. Of each that is not stale the edition of the rules is kept ([`Begin::policy`]), with the message. Beginning stores the content and counts the attempt. Where the message is no call, it also gives the contact a
    /// new, higher number and keeps the instant; a begin that was judged by a number which is no longer the contact's newest
    /// ([`Begin::said`]) is stale, so that of several workers one alone takes the last place under a cap. Deferring, refusing and parking also append
    /// `Input::Delivery` with the id H(message, answers + 1) and the message's enrollment to the contact's mailbox.
    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>>;

    /// Records what became of begun messages, in one transaction, and appends `Input::Delivery` for each to its contact's
    /// mailbox, with the id H(message, answers + 1) and the message's enrollment. A message whose enrollment ended meanwhile is cancelled where it
    /// would be tried again. Where the channel refused the first attempt for good, so that every reason is [`Reason::Channel`], the
    /// message no longer counts as said; its number stays given. Settling one attempt twice changes nothing; an attempt that is no longer the current one is ignored.
    async fn settle(&self, deliveries: &[Delivery]) -> Result<()>;

    /// Takes back a message that is pending, whatever attempts came before, and tells its contact so
    /// ([`DeliveryStatus::Cancelled`](crate::model::DeliveryStatus::Cancelled)). In any other state nothing is changed, nor where
    /// it [is a removal](crate::model::Message::is_removal).
    async fn cancel_message(&self, message: MessageId, by: &Deed) -> Result<Amended>;

    /// Lets a parked message begin again, under its id and with its content, and tells its contact so
    /// ([`DeliveryStatus::Repeated`](crate::model::DeliveryStatus::Repeated)): permit, gate and epochs are asked as for any
    /// attempt. A message in any other state is not changed, nor one of an enrollment that took back what it had to say.
    async fn retry_message(&self, message: MessageId, by: &Deed) -> Result<Amended>;

    /// The messages that are parked, in order of id, from after one on; those of erased contacts are left out.
    async fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<MessageRecord>>;
}

/// What became of an operator's word about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amended {
    /// It took effect.
    Done,
    /// There is no such message, or its contact was erased.
    Unknown,
    /// The message stands where this cannot be done; nothing was changed.
    Stands(MessageStatus),
    /// The message is parked, and its enrollment took back what it had to say; nothing was changed.
    TakenBack,
}

/// Which messages to hand out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Take {
    /// The most messages.
    pub limit: usize,
    /// The channels that the caller has.
    pub channels: Vec<Name>,
    /// Whether what changes with every step is handed out too, for templates that read numbers.
    pub hot: bool,
    /// What was said of late is handed out too, for caps: of which purposes, and how far back.
    pub counted: Option<Counted>,
}

impl Take {
    /// At most so many messages of these channels.
    #[must_use]
    pub fn of(limit: usize, channels: impl IntoIterator<Item = Name>) -> Self {
        Self { limit, channels: channels.into_iter().collect(), hot: false, counted: None }
    }

    /// The same, with the contact's scores and what happened to it.
    #[must_use]
    pub fn with_hot(self, hot: bool) -> Self {
        Self { hot, ..self }
    }

    /// The same, with what was said to the contact of late.
    #[must_use]
    pub fn with_counted(self, counted: Option<Counted>) -> Self {
        Self { counted, ..self }
    }
}

/// What a take hands out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TakenBatch {
    /// The store's clock, as the take judged it.
    pub now: DateTime<Utc>,
    /// The catalog's revision.
    pub catalog: u64,
    /// The messages.
    pub messages: Vec<Taken>,
}

impl TakenBatch {
    /// Puts an answer together; every message is stamped with `now`.
    #[must_use]
    pub fn new(now: DateTime<Utc>, catalog: u64, mut messages: Vec<Taken>) -> Self {
        messages.iter_mut().for_each(|taken| taken.taken_at = now);
        Self { now, catalog, messages }
    }
}

/// One message to hand over, with everything that the permit needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Taken {
    /// The message.
    pub message: Message,
    /// When it was taken, by the store's clock.
    pub taken_at: DateTime<Utc>,
    /// How many attempts were begun before.
    pub attempts: u32,
    /// What an attempt before this one said; every attempt carries the same bytes.
    pub content: Option<Content>,
    /// Whether an attempt before this one was begun and never settled: its outcome is unknown.
    pub unknown: bool,
    /// Whether its enrollment ended after it had begun: it is not repeated.
    pub cancelled: bool,
    /// The contact as it is committed.
    pub cold: Arc<Cold>,
    /// Where it stands, as it is committed, read in the same instant; where the take asks for it and only there.
    pub hot: Option<Box<Hot>>,
    /// Whether a gate row of the contact or of its address denies the purpose.
    pub denied: bool,
    /// Whether the gate row of the address suppresses it.
    pub suppressed: bool,
    /// How often this message was answered for; the next answer's id is H(message, answers + 1).
    pub answers: u32,
    /// What `begin` compares.
    pub epochs: Epochs,
    /// Where the take asks for it: the contact's other messages that count as said, of the purposes asked for, whose newest
    /// begin is later than `taken_at` less the span asked for. Newest first; of one purpose on one channel the newest
    /// [`MOST_SAID`](crate::rule::MOST_SAID) will do. Calls say nothing.
    pub said: Vec<Said>,
    /// Where the take asks for it: the number of the contact's newest begin, of whichever purpose; 0 before the first.
    pub newest: u64,
}

impl Taken {
    /// A message without a history.
    #[must_use]
    pub fn new(message: Message, cold: Arc<Cold>, epochs: Epochs) -> Self {
        Self {
            message,
            taken_at: DateTime::UNIX_EPOCH,
            attempts: 0,
            content: None,
            unknown: false,
            cancelled: false,
            cold,
            hot: None,
            denied: false,
            suppressed: false,
            answers: 0,
            epochs,
            said: Vec::new(),
            newest: 0,
        }
    }
}

/// The epochs of everything that can forbid a message, as they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Epochs {
    /// Of the contact.
    pub contact: u64,
    /// Of its address on the channel.
    pub address: u64,
    /// Of the journey.
    pub journey: u64,
    /// Of the channel.
    pub channel: u64,
}

impl Epochs {
    /// Puts epochs together.
    #[must_use]
    pub fn new(contact: u64, address: u64, journey: u64, channel: u64) -> Self {
        Self { contact, address, journey, channel }
    }
}

/// The answer for one taken message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begin {
    /// Which message.
    pub message: MessageId,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// As they were taken.
    pub epochs: Epochs,
    /// As it was taken.
    pub attempts: u32,
    /// As it was taken.
    pub answers: u32,
    /// The answer.
    pub verdict: Verdict,
    /// The edition of the sending rules by which that was answered; it is kept with the message.
    pub policy: Name,
    /// The number of the contact's newest begin, as it was taken, where the answer holds only as long as nothing else is
    /// said; whatever it is by now, unless given.
    pub said: Option<u64>,
}

impl Begin {
    /// Answers for a taken message, by an edition of the sending rules.
    #[must_use]
    pub fn new(taken: &Taken, verdict: Verdict, policy: impl Into<Name>) -> Self {
        Self {
            message: taken.message.id,
            taken_at: taken.taken_at,
            epochs: taken.epochs,
            attempts: taken.attempts,
            answers: taken.answers,
            verdict,
            policy: policy.into(),
            said: None,
        }
    }

    /// The same, which is stale where anything else was said to the contact since it was taken.
    #[must_use]
    pub fn unless_said(self, taken: &Taken) -> Self {
        Self { said: Some(taken.newest), ..self }
    }
}

/// What happens to a taken message.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // nearly every verdict is the large one
pub enum Verdict {
    /// It is handed over.
    Send {
        /// What it says; an attempt before this one keeps its own.
        content: Content,
        /// How long the permit lives, from the take on.
        permit: TimeDelta,
        /// How long until the attempt counts as unknown, from the take on: the permit and the channel's deadline.
        lease: TimeDelta,
    },
    /// It waits in the outbox.
    Defer {
        /// Until when.
        until: DateTime<Utc>,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// It is never handed over.
    Refuse {
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// Its outcome is unknown and it is not repeated.
    Park,
}

/// What became of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// The attempt has begun; the channel may be called before `not_after` and never later.
    Begun {
        /// Which attempt, from 1.
        attempt: u32,
        /// The permit's end, by the store's clock: `taken_at` and the permit.
        not_after: DateTime<Utc>,
    },
    /// It was deferred, refused or parked, as asked.
    Answered,
    /// Something came between; nothing was changed, and what is left of the message is taken again.
    Stale,
}
