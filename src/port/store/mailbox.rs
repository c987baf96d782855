//! The hot path: inputs in, work out, results back.

use async_trait::async_trait;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use std::sync::Arc;

use super::Result;
use crate::machine::Cold;
use crate::machine::ContactState;
use crate::machine::Denial;
use crate::machine::Envelope;
use crate::machine::Hot;
use crate::machine::Input;
use crate::machine::Lift;
use crate::model::ConsentRecord;
use crate::model::ContactId;
use crate::model::EnrollmentId;
use crate::model::Hash;
use crate::model::InputId;
use crate::model::Message;
use crate::model::MessageId;
use crate::model::Name;
use crate::model::Step;
use crate::port::Clock;

/// The hot path: inputs in, work out, results back.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// Puts inputs into their contacts' mailboxes, in order, in one transaction.
    ///
    /// When this returns, what was kept survives a crash and carries the store's `received_at`, which never goes back.
    /// An input whose id the contact's mailbox has seen is a [`Receipt::Duplicate`] and changes nothing; one that claims
    /// an instant older than `horizon` before its receipt is [`Receipt::Expired`]; one for an unknown contact that may
    /// not create it is [`Receipt::UnknownContact`]; one for an erased contact is [`Receipt::Erased`]. One that must
    /// be [permitted](Input::permitted) and that the gate denies is [`Receipt::Denied`]: the store asks what
    /// [`Gate::forbidden`](super::Gate::forbidden) answers, in the transaction that would keep it. Appending never changes a
    /// contact's revision.
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>>;

    /// Hands out contacts that have unread mail or whose `due_at` has come, oldest first in each lane, the lanes taking
    /// turns so that neither starves. No contact stands in one answer twice.
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;

    /// Applies all commits in one transaction, each fenced by itself: one that is refused is reported and changes
    /// nothing, and the others still take effect.
    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>>;

    /// Gives back what was claimed and will not be committed, so that it can be claimed at once; a lease that is no longer
    /// good is passed over. A store that claims by a plain read has nothing to give back.
    async fn give_back(&self, _leases: &[Lease]) -> Result<()> {
        Ok(())
    }

    /// Counts a failure of the work that a lease was given for, and gives the lease back. With the `most`-th in a row the
    /// contact is parked: no claim hands it out before [`release`](Mailbox::release), while its mailbox goes on to fill and
    /// its gate to hold. A commit ends the row. Answers how many there are now; `None` where the lease is no longer good,
    /// and then nothing was changed.
    async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>>;

    /// Lets a parked contact be claimed again, its failures forgotten; false where it was not parked.
    async fn release(&self, contact: &ContactId) -> Result<bool>;

    /// The instant at which there is something to do next, in any mailbox or in the outbox for these channels: the
    /// store's own now where mail is unread, the end of the lease where somebody else holds the contact; `None` where
    /// nothing is waited for. A parked contact waits for nothing.
    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>>;

    /// The clock that stamps and judges; an engine uses the same one.
    fn clock(&self) -> Arc<dyn Clock>;
}

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
    /// The gate denies what it must be permitted; nothing was kept.
    Denied,
    /// It violates its schema and is kept aside; the engine says so, and no store.
    Aside {
        /// Under which number.
        id: u64,
    },
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
    /// What the worker takes the time to be; only a planted bug looks at it.
    #[cfg(seeded_bugs)]
    pub worker_now: Option<DateTime<Utc>>,
}

impl Default for Claim {
    fn default() -> Self {
        Self {
            limit: 1_024,
            inputs_per_contact: 256,
            lease: TimeDelta::seconds(30),
            #[cfg(seeded_bugs)]
            worker_now: None,
        }
    }
}

impl Claim {
    /// The instant by which leases are judged: the store's own.
    pub(crate) fn judged_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        #[cfg(seeded_bugs)]
        if crate::seeded::is_on(crate::seeded::Bug::LeaseByTheWorkersClock) {
            return self.worker_now.unwrap_or(now);
        }
        now
    }

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
    /// Who holds it, or whatever else the store wants to find again.
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
    /// Enrollments whose messages that have not begun are cancelled, those of this commit included. One that has begun
    /// may still be accepted, and is not repeated.
    pub cancel: Vec<EnrollmentId>,
    /// Messages of this commit that are not cancelled with the others of their enrollment.
    pub spared: Vec<MessageId>,
    /// Appended to the consent chain.
    pub consents: Vec<ConsentRecord>,
    /// Denials of this contact that end.
    pub lifts: Vec<Lift>,
    /// What the gate denies from this commit on, in the same transaction: a withdrawal denies the contact and its addresses,
    /// those of unread mail included, a suppression one address; epochs are bumped, and the contact's messages that have not
    /// begun and that it forbids are cancelled and told of, as [`Gate::withdraw`](super::Gate::withdraw) and
    /// [`Gate::suppress`](super::Gate::suppress) do. They come before
    /// the lifts: a message of the commit that a later grant of it allows stays.
    pub denials: Vec<Denial>,
    /// Segments that the contact entered and left, in order; with the commit they change the
    /// [sizes](super::Archive::segment_sizes), and with nothing else but an erasure.
    pub moves: Vec<SegmentMove>,
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
            spared: Vec::new(),
            consents: Vec::new(),
            lifts: Vec::new(),
            denials: Vec::new(),
            moves: Vec::new(),
        }
    }
}

/// A contact entered a segment, or left it.
///
/// ```
/// use journeyman::port::store::SegmentMove;
/// let left = SegmentMove::new("active", false);
/// assert_eq!((&*left.segment, left.inside), ("active", false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentMove {
    /// Which segment.
    pub segment: Name,
    /// Whether the contact is in it now.
    pub inside: bool,
}

impl SegmentMove {
    /// Puts one together.
    #[must_use]
    pub fn new(segment: impl Into<Name>, inside: bool) -> Self {
        Self { segment: segment.into(), inside }
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
