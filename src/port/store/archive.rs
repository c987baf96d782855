//! The cold side: screens, audits, replays, retention.

use async_trait::async_trait;
use chrono::DateTime;
use chrono::Utc;
use chrono::serde::ts_milliseconds;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

use super::Result;
use crate::machine::ContactState;
use crate::machine::Envelope;
use crate::model::ConsentRecord;
use crate::model::ContactId;
use crate::model::Content;
use crate::model::DeliveryStatus;
use crate::model::Hash;
use crate::model::Message;
use crate::model::MessageId;
use crate::model::Name;
use crate::model::Reason;
use crate::model::Step;

/// The cold side: screens, audits, replays, retention.
#[async_trait]
pub trait Archive: Send + Sync {
    /// One contact as it is committed.
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>>;

    /// Whom a contact was [merged](super::Gate::merge) into, in the end; `None` where it goes on by itself, or is unknown.
    async fn alias(&self, contact: &ContactId) -> Result<Option<ContactId>>;

    /// The contacts that were merged into this one, straight or by others, in order of id.
    async fn aliases(&self, contact: &ContactId) -> Result<Vec<ContactId>>;

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

    /// Contacts with rows after `after`, in order of row; erased ones, and those that were merged into others, are left out.
    async fn scan(&self, after: u64, limit: usize) -> Result<Vec<(u64, ContactState)>>;

    /// The contacts that are parked, with the reason of their last failure, in order of id.
    async fn parked(&self) -> Result<Vec<(ContactId, Name)>>;

    /// Forgets mail that was read, and contents of settled messages, from before an instant. Ids within it are forgotten
    /// too, so an instant within the horizon lets duplicates in.
    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged>;

    /// How many contacts are in each segment, erased ones left out; a segment that nobody is in is left out too.
    ///
    /// It reads one counter a segment, whatever number of contacts there is. Each is changed by the transaction of the
    /// [commit](super::Commit::moves) that moves a contact, or of the erasure that takes it out of every segment which its
    /// [hot part](crate::machine::Hot) says that it is in, and by nothing else: a commit that is refused counts nobody.
    async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>>;

    /// How many contacts are in one segment, by its counter; 0 where nobody is, or no such segment was ever entered.
    async fn segment_size(&self, segment: &str) -> Result<u64>;
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
    /// The newest answer: of the gate, or of the channel. After an erasure
    /// [without words](crate::model::DeliveryStatus::without_words); of what the erasure took back it is [`Reason::Erased`].
    pub answer: Option<DeliveryStatus>,
    /// When that answer came.
    pub answered_at: Option<DateTime<Utc>>,
    /// The edition of the sending rules by which the gate answered last, as its [`Begin`](crate::port::store::Begin) named it.
    pub policy: Option<Name>,
    /// Every time that the gate put it off, the newest one included, oldest first. They stay when the message is sent, and after
    /// an erasure.
    pub deferrals: Vec<Deferral>,
}

/// One time that the gate put a message off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deferral {
    /// When the gate answered.
    #[serde(with = "ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// Until when.
    #[serde(with = "ts_milliseconds")]
    pub until: DateTime<Utc>,
    /// Every reason, [without words](Reason::without_words).
    pub reasons: Vec<Reason>,
    /// The edition of the sending rules by which it answered.
    pub policy: Name,
}

impl Deferral {
    /// Puts one together; of the reasons only what names nobody is kept.
    #[must_use]
    pub fn new(at: DateTime<Utc>, until: DateTime<Utc>, reasons: &[Reason], policy: impl Into<Name>) -> Self {
        let reasons = reasons.iter().map(Reason::without_words).collect();
        Self { at, until, reasons, policy: policy.into() }
    }
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
            policy: None,
            deferrals: Vec::new(),
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
