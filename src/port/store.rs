//! Where state lives: five roles, and [`Store`] as their sum.
//!
//! A store author implements the roles and runs `testing::store::Suite`, whose cases carry the names of the obligations
//! below. What every method shares:
//!
//! - **All or nothing.** A call takes effect whole or not at all. An error other than [`StoreError::Unknown`] means
//!   that nothing was changed; a future that is dropped has an unknown outcome.
//! - **Fences.** A commit is refused whose contact has another revision than its lease, or whose program is older than
//!   the catalog. A lease may be a plain read that relies on the fence.
//! - **The store's clock** stamps what is received and judges leases and due times.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Clock;
use crate::error::StoreError;
use crate::journey::JourneyDefinition;
use crate::machine::{Cold, ContactState, Envelope, Hot, Input, Lift, Pause, Withdrawal};
use crate::model::{
    ConsentRecord, ContactId, Content, Delivery, DeliveryStatus, EnrollmentId, Fingerprint, Hash, InputId,
    JourneyId, Message, MessageId, Name, Reason, Step,
};
use crate::rule::TemplateDefinition;

/// A store's answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The hot path: inputs in, work out, results back.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// Puts inputs into their contacts' mailboxes, in order, in one transaction.
    ///
    /// When this returns, what was kept survives a crash and carries the store's `received_at`, which never goes back.
    /// An input whose id the contact's mailbox has seen is a [`Receipt::Duplicate`] and changes nothing; one that claims
    /// an instant older than `horizon` before its receipt is [`Receipt::Expired`]; one for an unknown contact that may
    /// not create it is [`Receipt::UnknownContact`]; one for an erased contact is [`Receipt::Erased`]. Appending never
    /// changes a contact's revision.
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>>;

    /// Hands out contacts that have unread mail or whose `due_at` has come, oldest first in each lane, the lanes taking
    /// turns so that neither starves. No contact stands in one answer twice.
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;

    /// Applies all commits in one transaction, each fenced by itself: one that is refused is reported and changes
    /// nothing, and the others still take effect.
    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>>;

    /// The instant at which there is something to do next, in any mailbox or in the outbox: the store's own now where
    /// mail is unread; `None` where nothing is waited for.
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>>;

    /// The clock that stamps and judges; an engine uses the same one.
    fn clock(&self) -> Arc<dyn Clock>;
}

/// Messages between the commit and the channel.
///
/// A message is *pending*, then *begun*, then *settled*. Taken and not begun, it repeats; begun and not settled when its
/// lease runs out, its outcome is unknown, and it is taken again with what was begun.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Hands out messages whose instant has come, in order of decision, of the channels named, except those of paused
    /// journeys and channels; with the contact as it is committed, the gate's answer and the epochs it was read at.
    async fn take(&self, take: &Take) -> Result<Vec<Taken>>;

    /// Answers for taken messages, in one transaction, each fenced by its epochs and attempt: a message is begun, deferred
    /// or refused only if no withdrawal, suppression, erasure, pause, cancellation or other worker came between.
    ///
    /// Beginning stores the content and counts the attempt. Deferring and refusing also append `Input::Delivery` with
    /// the id H(message, attempt) to the contact's mailbox.
    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>>;

    /// Records what became of begun messages, in one transaction, and appends `Input::Delivery` for each to its contact's
    /// mailbox. Settling one attempt twice changes nothing; an attempt that is no longer the current one is ignored.
    async fn settle(&self, deliveries: &[Delivery]) -> Result<()>;
}

/// What forbids: each call bumps the epochs, writes the denial, cancels what has not begun and appends its input, in one
/// transaction.
#[async_trait]
pub trait Gate: Send + Sync {
    /// A contact no longer allows something. When this returns, no `begin` of a message that it forbids succeeds, for
    /// this contact or for another one with the same address.
    ///
    /// The denial is written for every address of the contact on the channels concerned (those of unread mail included)
    /// and for the contact itself. The contact's own messages that have not begun and that it forbids are cancelled; other
    /// contacts' are taken again and refused. An id that was seen before changes nothing.
    async fn withdraw(&self, withdrawal: &Withdrawal, id: InputId) -> Result<()>;

    /// An address is never written to again, whoever has it.
    async fn suppress(&self, suppression: &Suppression) -> Result<()>;

    /// Forgets a person: state, mail, steps, contents and addresses go; a tombstone keeps the revision and refuses that
    /// the contact comes back by itself; its addresses are suppressed; the consent chain stays as proof. Erasing twice
    /// changes nothing. False where the contact was never known.
    async fn erase(&self, contact: &ContactId) -> Result<bool>;

    /// The contact's messages that have begun and have not settled.
    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>>;
}

/// Published definitions, and what is paused.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Adds definitions in one transaction and answers the new revision. The same definition again changes nothing.
    ///
    /// A journey version that is there with other content is refused by [`StoreError::Unavailable`]; a template replaces
    /// the one of its name.
    async fn publish(&self, definitions: &[Definition]) -> Result<u64>;

    /// Holds a journey's people, or a channel's messages. Bumps its epoch and the revision, and cancels nothing.
    async fn pause(&self, target: &Pausable) -> Result<u64>;

    /// Lets go again. For a journey this also starts the job that wakes its people, in the same transaction.
    async fn resume(&self, target: &Pausable) -> Result<u64>;

    /// Everything published, as of one revision.
    async fn snapshot(&self) -> Result<CatalogSnapshot>;

    /// The jobs that have not ended, oldest first.
    async fn jobs(&self) -> Result<Vec<Job>>;

    /// Moves a job's cursor on, if it still stands where `from` says.
    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool>;
}

/// The cold side: screens, audits, replays, retention.
#[async_trait]
pub trait Archive: Send + Sync {
    /// One contact as it is committed.
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>>;

    /// A contact's steps, in order of commit.
    async fn steps(&self, contact: &ContactId) -> Result<Vec<Step>>;

    /// A contact's messages with what became of them, in order of decision.
    async fn messages(&self, contact: &ContactId) -> Result<Vec<MessageRecord>>;

    /// One message with what became of it.
    async fn message(&self, message: MessageId) -> Result<Option<MessageRecord>>;

    /// A contact's mail with places in `(after, until]`.
    async fn inputs(&self, contact: &ContactId, after: u64, until: u64) -> Result<Vec<Envelope>>;

    /// A contact's consent chain, from its first record; it outlives an erasure.
    async fn consents(&self, contact: &ContactId) -> Result<Vec<ConsentRecord>>;

    /// What each commit of a contact read and ran, so that it can be replayed.
    async fn commits(&self, contact: &ContactId) -> Result<Vec<CommitRecord>>;

    /// Contacts with rows after `after`, in order of row; erased ones are left out.
    async fn scan(&self, after: u64, limit: usize) -> Result<Vec<(u64, ContactState)>>;

    /// Forgets mail that was read, and contents of settled messages, from before an instant. Ids within it are forgotten
    /// too, so an instant within the horizon lets duplicates in.
    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged>;
}

/// Everything that an engine needs from storage; implemented for whatever has the five roles.
pub trait Store: Mailbox + Outbox + Gate + Catalog + Archive + 'static {}
impl<T: Mailbox + Outbox + Gate + Catalog + Archive + 'static> Store for T {}

/// What became of one appended input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Receipt {
    /// It is in the mailbox.
    Kept {
        /// Its identity, given or made.
        id: InputId,
        /// Its place.
        seq: u64,
    },
    /// It was there before; nothing was changed.
    Duplicate,
    /// It claims an instant older than the horizon; nothing was kept.
    Expired,
    /// Its contact is unknown and it may not create it; nothing was kept.
    UnknownContact,
    /// Its contact was erased; nothing was kept.
    Erased,
}

/// How much work to hand out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// The most contacts.
    pub limit: usize,
    /// The most inputs of one contact.
    pub inputs_per_contact: usize,
    /// How long a store that leases keeps others away.
    pub lease: TimeDelta,
}

impl Default for Claim {
    fn default() -> Self {
        Self { limit: 1_024, inputs_per_contact: 256, lease: TimeDelta::seconds(30) }
    }
}

impl Claim {
    /// A claim of at most so many contacts.
    #[must_use]
    pub fn of(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// What a claim hands out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claimed {
    /// The store's clock, as the claim judged it.
    pub now: DateTime<Utc>,
    /// The catalog's revision.
    pub catalog: u64,
    /// The contacts.
    pub work: Vec<Work>,
}

impl Claimed {
    /// Puts an answer together.
    #[must_use]
    pub fn new(now: DateTime<Utc>, catalog: u64, work: Vec<Work>) -> Self {
        Self { now, catalog, work }
    }
}

/// One contact to look at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Work {
    /// Goes back with the commit.
    pub lease: Lease,
    /// The contact as it is committed.
    pub state: ContactState,
    /// The place up to which its mail was read.
    pub read_seq: u64,
    /// Its oldest unread mail.
    pub envelopes: Vec<Envelope>,
}

impl Work {
    /// Puts work together.
    #[must_use]
    pub fn new(lease: Lease, state: ContactState, read_seq: u64, envelopes: Vec<Envelope>) -> Self {
        Self { lease, state, read_seq, envelopes }
    }
}

/// The right to commit one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The contact's row, known to the store alone.
    pub row: u64,
    /// The revision that was read; the commit is refused if another one came between.
    pub revision: u64,
    /// Who holds it; 0 in a store that does not lease.
    pub token: u64,
}

impl Lease {
    /// Puts a lease together.
    #[must_use]
    pub fn new(row: u64, revision: u64, token: u64) -> Self {
        Self { row, revision, token }
    }
}

/// What a transition changed of one contact.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit {
    /// From the claim.
    pub lease: Lease,
    /// The revision of the catalog that the program was built from.
    pub catalog: u64,
    /// The program's hash.
    pub program: Hash,
    /// The instant up to which everything due has happened.
    pub now: DateTime<Utc>,
    /// The place up to which the mail is read now.
    pub read_seq: u64,
    /// When the contact must be looked at again.
    pub due_at: Option<DateTime<Utc>>,
    /// Replaces the hot part.
    pub hot: Hot,
    /// Replaces the cold part, where it changed.
    pub cold: Option<Arc<Cold>>,
    /// Appended.
    pub steps: Vec<Step>,
    /// Put into the outbox.
    pub messages: Vec<Message>,
    /// Enrollments whose messages that have not begun are cancelled, those of this commit included.
    pub cancel: Vec<EnrollmentId>,
    /// Appended to the consent chain.
    pub consents: Vec<ConsentRecord>,
    /// Denials of this contact that end.
    pub lifts: Vec<Lift>,
}

impl Commit {
    /// A commit of a new hot part and nothing else; the other fields are filled in by hand.
    #[must_use]
    pub fn new(lease: Lease, catalog: u64, read_seq: u64, hot: Hot) -> Self {
        Self {
            lease,
            catalog,
            program: Hash::default(),
            now: hot.now,
            read_seq,
            due_at: None,
            hot,
            cold: None,
            steps: Vec::new(),
            messages: Vec::new(),
            cancel: Vec::new(),
            consents: Vec::new(),
            lifts: Vec::new(),
        }
    }
}

/// What became of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Committed {
    /// It took effect.
    Done,
    /// Another worker or the gate came first; nothing was changed.
    StaleLease,
    /// The catalog has another revision; nothing was changed.
    StaleCatalog,
}

/// Which messages to hand out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Take {
    /// The most messages.
    pub limit: usize,
    /// The channels that the caller has.
    pub channels: Vec<Name>,
}

impl Take {
    /// At most so many messages of these channels.
    #[must_use]
    pub fn of(limit: usize, channels: impl IntoIterator<Item = Name>) -> Self {
        Self { limit, channels: channels.into_iter().collect() }
    }
}

/// One message to hand over, with everything that the permit needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Taken {
    /// The message.
    pub message: Message,
    /// How many attempts were begun before.
    pub attempts: u32,
    /// What an attempt before this one said; every attempt carries the same bytes.
    pub content: Option<Content>,
    /// Whether an attempt before this one was begun and never settled: its outcome is unknown.
    pub unknown: bool,
    /// The contact as it is committed.
    pub cold: Arc<Cold>,
    /// Whether a gate row of the contact or of its address denies the purpose.
    pub denied: bool,
    /// Whether the gate row of the address suppresses it.
    pub suppressed: bool,
    /// How often this message was answered for; the next answer's id is H(message, answers + 1).
    pub answers: u32,
    /// What `begin` compares.
    pub epochs: Epochs,
}

impl Taken {
    /// A message without a history.
    #[must_use]
    pub fn new(message: Message, cold: Arc<Cold>, epochs: Epochs) -> Self {
        Self {
            message,
            attempts: 0,
            content: None,
            unknown: false,
            cold,
            denied: false,
            suppressed: false,
            answers: 0,
            epochs,
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
    /// As they were taken.
    pub epochs: Epochs,
    /// As it was taken.
    pub attempts: u32,
    /// As it was taken.
    pub answers: u32,
    /// The answer.
    pub verdict: Verdict,
}

impl Begin {
    /// Answers for a taken message.
    #[must_use]
    pub fn new(taken: &Taken, verdict: Verdict) -> Self {
        Self {
            message: taken.message.id,
            epochs: taken.epochs,
            attempts: taken.attempts,
            answers: taken.answers,
            verdict,
        }
    }
}

/// What happens to a taken message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It is handed over.
    Send {
        /// What it says; an attempt before this one keeps its own.
        content: Content,
        /// How long the permit lives.
        permit: TimeDelta,
        /// How long until the attempt counts as unknown: the permit and the channel's deadline.
        lease: TimeDelta,
        /// The edition of the sending rules that permitted it.
        policy: Name,
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
        /// The permit's end, by the store's clock.
        not_after: DateTime<Utc>,
    },
    /// It was deferred, refused or parked, as asked.
    Answered,
    /// Something came between; nothing was changed, and what is left of the message is taken again.
    Stale,
}

/// An address that is never written to again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suppression {
    /// On which channel.
    pub channel: Name,
    /// Which address.
    pub address: Fingerprint,
    /// Whose messages to cancel at once, where it is known.
    pub contact: Option<ContactId>,
    /// A word for why, without personal values.
    pub reason: Name,
}

impl Suppression {
    /// Puts a suppression together.
    #[must_use]
    pub fn new(channel: Name, address: Fingerprint, contact: Option<ContactId>, reason: Name) -> Self {
        Self { channel, address, contact, reason }
    }

    /// The id of the input that it appends: suppressing one address of one contact twice is one input.
    #[must_use]
    pub fn input_id(&self, contact: &ContactId) -> InputId {
        InputId::from_host("suppression", contact, &format!("{}/{:?}", self.channel, self.address))
    }
}

/// A message that has begun and has not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InFlight {
    /// Which message.
    pub message: MessageId,
    /// By which channel.
    pub channel: Name,
    /// When its permit ends: no call starts after it.
    pub not_after: DateTime<Utc>,
    /// When its attempt counts as unknown: no call is under way after it.
    pub deadline: DateTime<Utc>,
}

impl InFlight {
    /// Puts one together.
    #[must_use]
    pub fn new(message: MessageId, channel: Name, not_after: DateTime<Utc>, deadline: DateTime<Utc>) -> Self {
        Self { message, channel, not_after, deadline }
    }
}

/// Something published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Definition {
    /// A journey version; immutable.
    Journey(JourneyDefinition),
    /// A template; the newest of its name is used.
    Template(TemplateDefinition),
}

/// What can be paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pausable {
    /// A journey, all its versions.
    Journey(JourneyId),
    /// A channel.
    Channel(Name),
}

/// Everything published, as of one revision.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CatalogSnapshot {
    /// The revision.
    pub revision: u64,
    /// Goes into every derived id.
    pub namespace: Name,
    /// Every journey version and the newest template of each name.
    pub definitions: Vec<Definition>,
    /// When which journey was paused, in order of time.
    pub pauses: std::collections::BTreeMap<JourneyId, Vec<Pause>>,
    /// The channels that are paused now.
    pub paused_channels: Vec<Name>,
    /// The latest instant that the store has seen; its clock never stamps an earlier one.
    pub high_water: Option<DateTime<Utc>>,
}

/// Work that concerns many contacts and survives a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// The row after which it goes on.
    pub cursor: u64,
}

impl Job {
    /// Puts a job together.
    #[must_use]
    pub fn new(id: u64, kind: JobKind, cursor: u64) -> Self {
        Self { id, kind, cursor }
    }
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobKind {
    /// Wakes everybody in a journey that was paused.
    Resume {
        /// Which journey.
        journey: JourneyId,
    },
}

/// A contact as it is committed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredContact {
    /// What is remembered; empty after an erasure.
    pub state: ContactState,
    /// Grows with every commit, and with an erasure.
    pub revision: u64,
    /// The place up to which the mail was read.
    pub read_seq: u64,
    /// When it must be looked at again.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether the person was erased.
    pub erased: bool,
}

impl StoredContact {
    /// Puts one together.
    #[must_use]
    pub fn new(
        state: ContactState,
        revision: u64,
        read_seq: u64,
        due_at: Option<DateTime<Utc>>,
        erased: bool,
    ) -> Self {
        Self { state, revision, read_seq, due_at, erased }
    }
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MessageStatus {
    /// It waits for its instant, or to be taken.
    Pending,
    /// An attempt has begun.
    Begun,
    /// The channel accepted it.
    Accepted,
    /// The gate or the channel refused it.
    Refused,
    /// Its outcome is unknown; an operator decides.
    Parked,
    /// It was taken back before it had begun.
    Cancelled,
}

/// A message with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageRecord {
    /// The message.
    pub message: Message,
    /// Where it stands.
    pub status: MessageStatus,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the next attempt may begin, while it is pending.
    pub not_before: DateTime<Utc>,
    /// What it says, once it was begun and until it is blanked.
    pub content: Option<Content>,
    /// The newest answer: of the gate, or of the channel.
    pub answer: Option<DeliveryStatus>,
    /// When that answer came.
    pub answered_at: Option<DateTime<Utc>>,
}

impl MessageRecord {
    /// A message without a history.
    #[must_use]
    pub fn new(message: Message) -> Self {
        let not_before = message.decided_at;
        Self {
            message,
            status: MessageStatus::Pending,
            attempts: 0,
            not_before,
            content: None,
            answer: None,
            answered_at: None,
        }
    }
}

/// What one commit read and ran.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitRecord {
    /// The contact's revision after it.
    pub revision: u64,
    /// The instant that it was run at.
    pub now: DateTime<Utc>,
    /// The place up to which the mail was read.
    pub read_seq: u64,
    /// The program's hash; the time-zone database is part of it.
    pub program: Hash,
}

impl CommitRecord {
    /// Puts one together.
    #[must_use]
    pub fn new(revision: u64, now: DateTime<Utc>, read_seq: u64, program: Hash) -> Self {
        Self { revision, now, read_seq, program }
    }
}

/// What a purge forgot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Inputs.
    pub inputs: u64,
    /// Contents of messages.
    pub contents: u64,
}

impl Purged {
    /// Puts one together.
    #[must_use]
    pub fn new(inputs: u64, contents: u64) -> Self {
        Self { inputs, contents }
    }
}
