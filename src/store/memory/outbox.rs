//! Messages between the commit and the channel, in memory.

use std::ops::Bound;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::denial::denies;
use super::super::said::{Recent, is_refusal};
use super::{Entry, Inner, MemoryStore, done};
use crate::machine::InputKind;
use crate::model::{
    Deed, Delivery, DeliveryStatus, Fingerprint, InputId, Message, MessageId, Name, Reason, Said,
};
use crate::port::store::{
    Amended, Begin, Begun, Deferral, Epochs, MessageRecord, MessageStatus, Outbox, Pausable, Result, Take,
    Taken, TakenBatch, Verdict,
};
use crate::rule::Counted;
use crate::seeded::{Bug, is_on};

#[async_trait]
impl Outbox for MemoryStore {
    async fn take(&self, take: &Take) -> Result<TakenBatch> {
        let (inner, now) = self.stamped();
        let ready = inner.ready.iter().take_while(|(at, _)| *at <= now).map(|(_, message)| *message);
        let mut messages: Vec<usize> =
            ready.filter(|message| inner.may_be_taken(*message, take)).take(take.limit).collect();
        messages.sort_unstable();
        let messages = messages.into_iter().map(|message| inner.taken(message, take, now)).collect();
        done(TakenBatch::new(now, inner.revision, messages))
    }

    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>> {
        let (mut inner, now) = self.stamped();
        done(begins.into_iter().map(|begin| inner.begin(begin, now)).collect())
    }

    async fn settle(&self, deliveries: &[Delivery]) -> Result<()> {
        let (mut inner, now) = self.stamped();
        for delivery in deliveries {
            inner.settle(delivery, now);
        }
        done(())
    }

    async fn cancel_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let (mut inner, now) = self.stamped();
        let Some(message) = inner.amendable(message) else { return done(Amended::Unknown) };
        let is_owed = inner.outbox[message].record.message.is_removal();
        done(match inner.outbox[message].record.status.clone() {
            MessageStatus::Pending if !is_owed => {
                inner.answer(message, DeliveryStatus::Cancelled { by: by.clone() }, now);
                Amended::Done
            }
            status => Amended::Stands(status),
        })
    }

    async fn retry_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let (mut inner, now) = self.stamped();
        let Some(message) = inner.amendable(message) else { return done(Amended::Unknown) };
        let entry = &inner.outbox[message];
        done(match entry.record.status.clone() {
            MessageStatus::Parked if entry.cancelled => Amended::TakenBack,
            MessageStatus::Parked => {
                inner.answer(message, DeliveryStatus::Repeated { at: now, by: by.clone() }, now);
                Amended::Done
            }
            status => Amended::Stands(status),
        })
    }

    async fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<MessageRecord>> {
        let inner = self.lock();
        let later =
            inner.by_message.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        let entries = later.map(|(_, message)| &inner.outbox[*message]);
        let parked = entries
            .filter(|entry| entry.record.status == MessageStatus::Parked && !inner.rows[entry.row].erased);
        done(parked.take(limit).map(|entry| entry.record.clone()).collect())
    }
}

impl Inner {
    /// The place of a message about which an operator may say something.
    fn amendable(&self, message: MessageId) -> Option<usize> {
        self.by_message.get(&message).copied().filter(|message| !self.rows[self.outbox[*message].row].erased)
    }

    fn is_held(&self, message: &Message) -> bool {
        self.paused.contains(&Pausable::Journey(message.journey.clone()))
            || self.paused.contains(&Pausable::Channel(message.channel.clone()))
    }

    /// Whether its contact is there; what is owed to a third party needs none.
    fn may_begin(&self, entry: &Entry) -> bool {
        !self.rows[entry.row].erased || entry.record.message.is_removal()
    }

    fn may_be_taken(&self, message: usize, take: &Take) -> bool {
        let entry = &self.outbox[message];
        let message = &entry.record.message;
        let free = self.may_begin(entry) && !self.merges.is_open(entry.row);
        take.channels.contains(&message.channel) && !self.is_held(message) && free
    }

    pub(super) fn next_ready(&self, channels: &[Name]) -> Option<DateTime<Utc>> {
        let mut ready = self.ready.iter();
        let next = ready.find(|(_, message)| {
            let entry = &self.outbox[*message];
            let message = &entry.record.message;
            let free = self.may_begin(entry) && !self.merges.is_open(entry.row);
            channels.contains(&message.channel) && !self.is_held(message) && free
        });
        next.map(|(at, _)| *at)
    }

    fn taken(&self, message: usize, take: &Take, now: DateTime<Utc>) -> Taken {
        let entry = &self.outbox[message];
        let Message { channel, purpose, .. } = &entry.record.message;
        let contact = &self.rows[entry.row];
        let cold = self.cold(entry.row);
        let address = cold.contact.addresses.get(channel).and_then(|address| address.fingerprint);
        let gate = address.and_then(|address| self.addresses.get(&self.canonical(channel, address)));
        let epochs = self.epochs_of(entry, address);
        let mut taken = Taken::new(entry.record.message.clone(), cold, epochs);
        taken.hot = take.hot.then(|| Box::new(contact.kept.hot()));
        taken.attempts = entry.record.attempts;
        taken.content = entry.record.content.clone();
        taken.unknown = entry.record.status == MessageStatus::Begun;
        taken.cancelled = entry.cancelled;
        taken.answers = entry.answers;
        taken.denied = contact.gate.as_ref().is_some_and(|own| denies(&own.denials, channel, purpose))
            || gate.is_some_and(|gate| denies(&gate.denials, channel, purpose));
        taken.suppressed = gate.is_some_and(|gate| gate.suppressed);
        if let Some(counted) = &take.counted {
            taken.newest = contact.newest;
            taken.said = self.said(entry.row, message, counted, now);
        }
        taken
    }

    /// What else was said to a contact of late, the newest first.
    fn said(&self, row: usize, message: usize, counted: &Counted, now: DateTime<Utc>) -> Vec<Said> {
        let after = now.checked_sub_signed(counted.within).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut recent = Recent::default();
        for other in self.rows[row].said.iter().rev().filter(|other| **other != message) {
            let Entry { record, said_at, .. } = &self.outbox[*other];
            match said_at {
                Some(at) if *at <= after => break,
                Some(at) if counted.purposes.contains(&record.message.purpose) => {
                    recent.push(&record.message.purpose, &record.message.channel, *at);
                }
                _ => {}
            }
        }
        recent.said
    }

    fn epochs_of(&self, entry: &Entry, address: Option<Fingerprint>) -> Epochs {
        let message = &entry.record.message;
        let address =
            address.and_then(|address| self.addresses.get(&self.canonical(&message.channel, address)));
        Epochs::new(
            self.rows[entry.row].epoch,
            address.map_or(0, |gate| gate.epoch),
            self.epoch(&Pausable::Journey(message.journey.clone())),
            self.epoch(&Pausable::Channel(message.channel.clone())),
        )
    }

    fn address_of(&self, entry: &Entry) -> Option<Fingerprint> {
        self.rows[entry.row].person.fingerprint(&entry.record.message.channel, &self.names)
    }

    fn begin(&mut self, begin: Begin, now: DateTime<Utc>) -> Begun {
        let Some(message) = self.by_message.get(&begin.message).copied() else { return Begun::Stale };
        let entry = &self.outbox[message];
        let again = is_on(Bug::FinishedBeginsAgain);
        let ready = again || Self::ready_at(entry).is_some_and(|at| at <= now);
        let same = entry.record.attempts == begin.attempts && entry.answers == begin.answers;
        let unchanged = (again || same)
            && self.epochs_of(entry, self.address_of(entry)) == begin.epochs
            && !self.is_held(&entry.record.message)
            && self.may_begin(entry)
            && (is_on(Bug::CapCheckedThenBegun)
                || begin.said.is_none_or(|newest| self.rows[entry.row].newest == newest));
        if !ready || !unchanged {
            return Begun::Stale;
        }
        match begin.verdict {
            Verdict::Send { permit, .. } if later(counts_from(&begin, now), permit) <= now => Begun::Stale,
            Verdict::Send { ref content, permit, lease } => {
                let from = counts_from(&begin, now);
                let (not_after, deadline) = (later(from, permit), later(from, lease));
                self.change(message, |entry| {
                    entry.record.status = MessageStatus::Begun;
                    entry.record.attempts += u32::from(!is_on(Bug::AttemptsCountedAtTheEnd));
                    entry.record.content.get_or_insert(content.clone());
                    entry.record.policy = Some(begin.policy.clone());
                    entry.not_after = Some(not_after);
                    entry.deadline = Some(deadline);
                });
                self.note_said(message, now);
                Begun::Begun { attempt: begin.attempts + 1, not_after }
            }
            Verdict::Defer { until, reasons } => {
                let deferral = Deferral::new(now, until, &reasons, begin.policy.clone());
                self.outbox[message].record.deferrals.push(deferral);
                self.answer_by(begin.policy, message, DeliveryStatus::Deferred { until, reasons }, now)
            }
            Verdict::Refuse { reasons } => {
                self.answer_by(begin.policy, message, DeliveryStatus::Refused { reasons }, now)
            }
            Verdict::Park => self.answer_by(begin.policy, message, DeliveryStatus::Parked, now),
        }
    }

    /// Records what the gate answered for a message, and by which rules.
    fn answer_by(
        &mut self,
        policy: Name,
        message: usize,
        status: DeliveryStatus,
        now: DateTime<Utc>,
    ) -> Begun {
        if !is_on(Bug::WaitsByNoRules) {
            self.outbox[message].record.policy = Some(policy);
        }
        self.answer(message, status, now);
        Begun::Answered
    }

    fn settle(&mut self, delivery: &Delivery, now: DateTime<Utc>) {
        let Some(message) = self.by_message.get(&delivery.message).copied() else { return };
        let record = &self.outbox[message].record;
        let attempt = match is_on(Bug::AttemptsCountedAtTheEnd) {
            true => record.attempts + 1,
            false => record.attempts,
        };
        if record.status == MessageStatus::Begun
            && (attempt == delivery.attempt || is_on(Bug::UnfencedAnswer))
        {
            let taken = matches!(delivery.status, DeliveryStatus::Accepted | DeliveryStatus::Answered { .. });
            let refused =
                is_refusal(&delivery.status, attempt) || (is_on(Bug::PlaceBackOnAnyAnswer) && !taken);
            self.change(message, |entry| {
                entry.record.attempts = attempt;
                entry.said_at = entry.said_at.filter(|_| !refused);
            });
            self.answer(message, delivery.status.clone(), now);
        }
    }

    /// Gives the contact a new number and keeps the instant.
    fn note_said(&mut self, message: usize, now: DateTime<Utc>) {
        let entry = &mut self.outbox[message];
        if !entry.record.message.is_said() {
            return;
        }
        let again = entry.said_at.replace(now).is_some();
        let contact = &mut self.rows[entry.row];
        contact.newest += 1;
        if again {
            contact.said.retain(|other| *other != message);
        }
        contact.said.push(message);
    }

    /// Takes back the pending messages of a contact that `which` names, and tells it of each: an enrollment may wait.
    pub(super) fn take_back(
        &mut self,
        row: usize,
        reason: &Reason,
        now: DateTime<Utc>,
        which: impl Fn(&MessageRecord) -> bool,
    ) {
        for message in self.rows[row].messages.clone() {
            let record = &self.outbox[message].record;
            let is_owed = record.message.is_removal();
            if record.status == MessageStatus::Pending && !is_owed && which(record) {
                self.answer(message, DeliveryStatus::Refused { reasons: vec![reason.clone()] }, now);
                self.change(message, |entry| entry.record.status = MessageStatus::Cancelled);
            }
        }
    }

    /// Records an answer for a message and tells its contact.
    fn answer(&mut self, message: usize, status: DeliveryStatus, now: DateTime<Utc>) {
        let told = status.clone();
        let erased = self.rows[self.outbox[message].row].erased;
        self.change(message, |entry| {
            entry.answers += 1;
            entry.deadline = None;
            entry.not_after = None;
            entry.record.status = match &status {
                DeliveryStatus::Accepted | DeliveryStatus::Answered { .. } => MessageStatus::Accepted,
                DeliveryStatus::Refused { .. } => MessageStatus::Refused,
                DeliveryStatus::Parked => MessageStatus::Parked,
                DeliveryStatus::Cancelled { .. } => MessageStatus::Cancelled,
                DeliveryStatus::Deferred { .. } | DeliveryStatus::Retry { .. }
                    if entry.cancelled || (erased && !entry.record.message.is_removal()) =>
                {
                    MessageStatus::Cancelled
                }
                DeliveryStatus::Deferred { until: at, .. }
                | DeliveryStatus::Retry { at }
                | DeliveryStatus::Repeated { at, .. } => {
                    entry.record.not_before = *at;
                    MessageStatus::Pending
                }
            };
            entry.record.answer = if erased { status.without_words() } else { Some(status) };
            entry.record.answered_at = Some(now);
        });
        let entry = &self.outbox[message];
        if erased {
            return;
        }
        let id = InputId::from_attempt(entry.record.message.id, entry.answers);
        let delivery = Delivery::new(entry.record.message.id, entry.record.attempts, now, told)
            .about(&entry.record.message);
        self.deliver(self.merges.heir(entry.row), Some(id), InputKind::Delivery(delivery), now);
    }
}

/// When a permit begins to count: when it was judged.
fn counts_from(begin: &Begin, now: DateTime<Utc>) -> DateTime<Utc> {
    if is_on(Bug::PermitFromTheBegin) { now } else { begin.taken_at }
}

fn later(now: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
