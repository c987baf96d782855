//! What forbids.

use async_trait::async_trait;
use chrono::DateTime;
use chrono::Utc;

use super::{Merging, Result};
use crate::machine::Withdrawal;
use crate::model::ContactId;
use crate::model::Fingerprint;
use crate::model::InputId;
use crate::model::MessageId;
use crate::model::Name;

/// What forbids: each call bumps the epochs, writes the denial, cancels what has not begun and appends its input, in one
/// transaction.
#[async_trait]
pub trait Gate: Send + Sync {
    /// A contact no longer allows something. When this returns, no `begin` of a message that it forbids succeeds, for
    /// this contact or for another one with the same address.
    ///
    /// The denial is written for every address of the contact on the channels concerned (those of unread mail included)
    /// and for the contact itself. The contact's own messages that have not begun and that it forbids are cancelled, and its
    /// mailbox is told of each by an `Input::Delivery` that refuses it, with the id H(message, answers + 1); other
    /// contacts' are taken again and refused. A [removal](crate::model::Message::is_removal) is never cancelled. Purposes that it excepts are left alone: no denial of theirs is written, and one
    /// that an earlier withdrawal of everything wrote ends. An id that was seen before changes nothing; without one, the withdrawal's
    /// place in the mailbox is its identity, and no withdrawal is taken for another.
    async fn withdraw(&self, withdrawal: &Withdrawal, id: Option<InputId>) -> Result<()>;

    /// An address is never written to again, whoever has it.
    async fn suppress(&self, suppression: &Suppression) -> Result<()>;

    /// Two fingerprints are one address, under a former and the current key of the host: from now on the gate's rows of either
    /// are those of both, in every method. What either row suppresses or denies stays suppressed and denied, what was taken
    /// before with either does not begin, and rekeying twice changes nothing, in whichever direction.
    async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()>;

    /// Forgets a person: state, mail, steps, contents and addresses go; a tombstone keeps the revision and refuses that
    /// the contact comes back by itself; its addresses are denied for good, whoever has them, and no grant lifts that
    /// ([`Forbidden::erased`]); the consent chain stays as proof. What is owed to
    /// third parties is put into the outbox ([`Cold::removals`](crate::machine::Cold::removals)), and a message that
    /// [is a removal](crate::model::Message::is_removal) goes on as if nothing had happened. Erasing twice changes nothing. False where the contact was never known.
    async fn erase(&self, contact: &ContactId) -> Result<bool>;

    /// Makes two contacts one: `loser` ends and becomes an alias of `winner`, which goes on.
    ///
    /// Of the loser, in one transaction: its epoch and its revision grow; its messages that have not begun are cancelled, and
    /// what has begun is not repeated, but for [removals](crate::model::Message::is_removal), which go on; its runs end ([`ContactState::merged`](crate::machine::ContactState::merged)), and it is in
    /// no segment and due for nothing any more. Its mail, its steps, its messages and its consent chain stay under its id.
    ///
    /// Of the winner, in one transaction: its epoch grows; what the gate denies to the loser itself is denied to it too, until a
    /// grant that it gives later; and its mailbox has what the loser leaves ([`Absorb::of`](crate::machine::Absorb::of) with [`Absorb::called`](crate::machine::Absorb::called)), with the id
    /// [`InputId::from_merge`]. Until that was read and committed `take` hands out none of its messages, and
    /// [`forbidden`](Gate::forbidden) answers that it is denied: nobody knows yet what the two allow together.
    ///
    /// From then on the loser's id means the winner in every method of [`Mailbox`](super::Mailbox) and of this trait, and where an
    /// event is set aside; an id that the loser's mailbox has seen is a duplicate. A denial concerns the loser's addresses
    /// too, and a later grant of the winner lifts what the loser denied. What was said to the loser counts as said to the winner.
    /// An answer for a message of the loser reaches the winner's mailbox. [`erase`](Gate::erase) erases both. Aliases of the
    /// loser become aliases of the winner. [`Archive`](super::Archive) alone goes by the id as it is given, and
    /// [`scan`](super::Archive::scan) leaves the loser out.
    ///
    /// Either contact may be named by an alias. Refused, in this order: who is unknown, who was erased, one contact with itself, a
    /// circle, a loser that is part of a third contact, a loser with mail that was not read. A merge that was done is
    /// [`Merging::Already`].
    ///
    /// A store whose contacts lie in several places may do it in two transactions, the loser's first, which then keeps what the
    /// loser leaves until the second one is done: the same call again, or whatever is told of either contact, goes on from
    /// there before anything else. In between nobody may do more than before.
    async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging>;

    /// What the gate's own rows say of a purpose on a channel: what `take` would answer for a message of the contact to its
    /// address as it is committed. Nothing for a contact that is not known.
    async fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Result<Forbidden>;

    /// The contact's messages that have begun and have not settled.
    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>>;
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

/// What the gate's rows of a contact and of its address say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forbidden {
    /// Whether a row of the contact or of its address denies the purpose.
    pub denied: bool,
    /// Whether the row of its address suppresses it.
    pub suppressed: bool,
    /// Whether somebody was erased who had its address; it is denied then, for every purpose.
    pub erased: bool,
}

impl Forbidden {
    /// Puts an answer together.
    #[must_use]
    pub fn new(denied: bool, suppressed: bool) -> Self {
        Self { denied, suppressed, erased: false }
    }

    /// The same for an address of somebody who was erased.
    #[must_use]
    pub fn of_erased(self, erased: bool) -> Self {
        Self { denied: self.denied || erased, erased, ..self }
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
