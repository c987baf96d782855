//! What forbids, in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::super::denial::{self, Forbids};
use super::super::known_addresses;
use super::super::moved::Moved;
use super::kept::Kept;
use super::{Inner, MemoryStore, done};
use crate::machine::{ContactState, Denial, InputKind, Withdrawal};
use crate::model::{ContactId, DeliveryStatus, Fingerprint, InputId, Name, Reason, Step};
use crate::port::store::{Forbidden, Gate, InFlight, Merging, MessageStatus, Receipt, Result, Suppression};
use crate::seeded::{Bug, is_on};

#[async_trait]
impl Gate for MemoryStore {
    async fn withdraw(&self, withdrawal: &Withdrawal, id: Option<InputId>) -> Result<()> {
        let (mut inner, now) = self.stamped();
        inner.withdraw(withdrawal, id, now);
        done(())
    }

    async fn suppress(&self, suppression: &Suppression) -> Result<()> {
        let (mut inner, now) = self.stamped();
        inner.suppress(suppression, now);
        done(())
    }

    async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()> {
        self.lock().rekey(channel, former, current);
        done(())
    }

    async fn erase(&self, contact: &ContactId) -> Result<bool> {
        let (mut inner, now) = self.stamped();
        inner.forget_aside(contact);
        let Some(row) = inner.meant(contact) else { return done(false) };
        // Whoever was merged into it is the same person.
        for row in inner.merges.of(row).iter().copied().chain([row]).collect::<Vec<_>>() {
            let id = inner.rows[row].id.clone();
            inner.forget_aside(&id);
            if !inner.rows[row].erased {
                inner.erase(row, now);
            }
        }
        done(true)
    }

    async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging> {
        let (mut inner, now) = self.stamped();
        done(inner.merge(loser, winner, self.history, now))
    }

    async fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Result<Forbidden> {
        done(self.lock().forbidden(contact, channel, purpose))
    }

    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>> {
        let inner = self.lock();
        let Some(row) = inner.meant(contact) else { return done(Vec::new()) };
        let rows = inner.merges.of(row).iter().chain([&row]);
        let begun = rows.flat_map(|row| &inner.rows[*row].messages).map(|message| &inner.outbox[*message]);
        done(
            begun
                .filter(|entry| entry.record.status == MessageStatus::Begun)
                .filter_map(|entry| {
                    let (id, channel) = (entry.record.message.id, entry.record.message.channel.clone());
                    Some(InFlight::new(id, channel, entry.not_after?, entry.deadline?))
                })
                .collect(),
        )
    }
}

impl Inner {
    pub(super) fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Forbidden {
        let Some(row) = self.meant(contact) else { return Forbidden::default() };
        let own = &self.rows[row];
        let address = own.person.fingerprint(channel, &self.names);
        let gate = address.and_then(|address| self.addresses.get(&self.canonical(channel, address)));
        let denied = own.gate.as_ref().is_some_and(|own| denial::denies(&own.denials, channel, purpose))
            || self.merges.is_open(row)
            || gate.is_some_and(|gate| denial::denies(&gate.denials, channel, purpose));
        Forbidden::new(denied, gate.is_some_and(|gate| gate.suppressed))
            .of_erased(gate.is_some_and(|gate| denial::are_of_erased(&gate.denials)))
    }

    fn withdraw(&mut self, withdrawal: &Withdrawal, id: Option<InputId>, now: DateTime<Utc>) {
        let row = self.row_of(&withdrawal.contact);
        let row = self.merges.heir(row);
        if self.rows[row].erased || self.was_told(&withdrawal.contact, row, id) {
            return;
        }
        let withdrawal = &Withdrawal { contact: self.rows[row].id.clone(), ..withdrawal.clone() };
        let Receipt::Kept { seq, .. } = self.deliver(row, id, InputKind::Withdrawal(withdrawal.clone()), now)
        else {
            return;
        };
        if is_on(Bug::WithdrawalWaitsItsTurn) {
            return;
        }
        self.deny(row, &Forbids::by(withdrawal, seq));
        self.take_back(row, &Reason::Withdrawn, now, |record| {
            let message = &record.message;
            message.call.is_none() && withdrawal.concerns(&message.purpose, &message.channel)
        });
    }

    /// Writes what is forbidden into the gate's rows of the contact and of its addresses, and of the one that it came from.
    fn deny(&mut self, row: usize, what: &Forbids<'_>) {
        let (channel, from) = (what.channel, what.from);
        let cold = self.cold(row);
        let contact = &mut self.rows[row];
        contact.epoch += 1;
        let own = contact.gate.get_or_insert_default();
        denial::forbid(&mut own.denials, what, channel);
        let first = contact.mail.partition_point(|envelope| envelope.seq <= contact.read_seq);
        let mut addresses = known_addresses(&cold, &contact.mail[first..]);
        for address in self.addresses_of_aliases(row) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses.extend(from.filter(|from| !addresses.contains(from)).cloned());
        for address in addresses {
            if channel.is_some_and(|channel| *channel != address.0) {
                continue;
            }
            let current = self.canonical(&address.0, address.1);
            let gate = self.addresses.entry(current).or_default();
            gate.epoch += 1;
            denial::forbid(&mut gate.denials, what, Some(&address.0));
            self.rows[row].gate.get_or_insert_default().addresses.insert(address);
        }
    }

    /// Writes what a commit denies.
    pub(super) fn deny_all(&mut self, row: usize, denials: &[Denial]) {
        for denied in denials {
            match denied {
                Denial::Withdrawn { purpose, channel, except, seq } => {
                    let by = self.rows[row].id.clone();
                    let (purposes, channel) = (purpose.as_slice(), channel.as_ref());
                    self.deny(row, &Forbids { by: &by, channel, purposes, except, from: None, seq: *seq });
                }
                Denial::Suppressed { channel, address } => {
                    let current = self.canonical(channel, *address);
                    let gate = self.addresses.entry(current).or_default();
                    gate.epoch += 1;
                    gate.suppressed = true;
                    self.rows[row].epoch += 1;
                }
            }
        }
    }

    /// Takes back what a commit denies, but for what a later grant of the same commit allows again.
    pub(super) fn take_back_denied(&mut self, row: usize, denials: &[Denial], now: DateTime<Utc>) {
        for denied in denials {
            let (reason, rows) = match denied {
                Denial::Withdrawn { .. } => {
                    let own = self.rows[row].gate.as_ref();
                    (Reason::Withdrawn, own.map(|own| own.denials.clone()).unwrap_or_default())
                }
                Denial::Suppressed { channel, address } => {
                    let own = self.rows[row].person.fingerprint(channel, &self.names);
                    let current = |address| self.canonical(channel, address);
                    if own.map(current) != Some(current(*address)) {
                        continue;
                    }
                    (Reason::Suppressed, Vec::new())
                }
            };
            self.take_back(row, &reason, now, |record| {
                let message = &record.message;
                let stands =
                    reason == Reason::Suppressed || denial::denies(&rows, &message.channel, &message.purpose);
                message.call.is_none() && denied.concerns(message) && stands
            });
        }
    }

    fn suppress(&mut self, suppression: &Suppression, now: DateTime<Utc>) {
        let address = self.canonical(&suppression.channel, suppression.address);
        let gate = self.addresses.entry(address).or_default();
        gate.epoch += 1;
        gate.suppressed |= suppression.contact.is_none() || !is_on(Bug::BounceMarksTheContact);
        let Some(contact) = &suppression.contact else { return };
        let Some(row) = self.meant(contact).filter(|row| !self.rows[*row].erased) else { return };
        self.rows[row].epoch += 1;
        let cold = self.cold(row);
        let current =
            cold.contact.addresses.get(&suppression.channel).and_then(|address| address.fingerprint);
        let kind =
            InputKind::Suppression { channel: suppression.channel.clone(), address: suppression.address };
        self.deliver(row, Some(suppression.input_id(contact)), kind, now);
        let place = |address| self.canonical(&suppression.channel, address);
        if current.map(place) == Some(place(suppression.address)) {
            self.take_back(row, &Reason::Suppressed, now, |record| {
                record.message.call.is_none() && record.message.channel == suppression.channel
            });
        }
    }

    /// Where the rows of an address stand.
    pub(super) fn canonical(&self, channel: &Name, address: Fingerprint) -> (Name, Fingerprint) {
        let address = (channel.clone(), address);
        match self.aliases.get(&address) {
            Some(current) => (address.0, *current),
            None => address,
        }
    }

    /// Makes the rows of two fingerprints one; deny wins, and the epoch is above both.
    fn rekey(&mut self, channel: &Name, former: Fingerprint, current: Fingerprint) {
        let (from, to) = (self.canonical(channel, former), self.canonical(channel, current));
        if from == to {
            return;
        }
        // Most fingerprints stand for no other one, and there can be many aliases.
        let stands_for_others = self.alias_ends.remove(&from);
        for (_, place) in self
            .aliases
            .iter_mut()
            .filter(|_| stands_for_others)
            .filter(|((on, _), place)| *on == from.0 && **place == from.1)
        {
            *place = to.1;
        }
        if let Some(row) = self.addresses.remove(&from) {
            let kept = self.addresses.entry(to.clone()).or_default();
            kept.epoch += row.epoch + 1;
            kept.suppressed |= row.suppressed;
            row.denials.into_iter().for_each(|denial| denial::absorb(&mut kept.denials, &denial));
        }
        self.aliases.insert(from, to.1);
        self.alias_ends.insert(to);
    }

    fn erase(&mut self, row: usize, now: DateTime<Utc>) {
        if !is_on(Bug::ErasureFreesTheAddress) {
            let by = self.rows[row].id.clone();
            self.deny(row, &Forbids::for_good(&by));
        }
        self.set_due(row, None);
        if let Some(from) = self.rows[row].unread_from.take() {
            self.unread.remove(&(from, row));
        }
        self.failing.remove(&row);
        let spared = is_on(Bug::ErasureSparesTheOutbox);
        let cold = self.cold(row);
        let removals = self.removals(&cold, now);
        for message in self.rows[row].messages.clone().into_iter().filter(|_| !spared) {
            let record = &self.outbox[message].record;
            if record.status != MessageStatus::Pending || record.message.is_removal() {
                continue;
            }
            self.change(message, |entry| {
                entry.record.status = MessageStatus::Cancelled;
                entry.record.answer = Some(DeliveryStatus::Refused { reasons: vec![Reason::Erased] });
                entry.record.answered_at = Some(now);
            });
        }
        for message in &self.rows[row].messages {
            let entry = &mut self.outbox[*message];
            entry.cancelled |= !entry.record.message.is_removal();
        }
        let mut moved = Moved::default();
        moved.erase(&self.rows[row].kept.hot());
        self.count(moved);
        let blank = ContactState::new(cold.contact.id.clone());
        self.set_cold(row, &blank.cold);
        let contact = &mut self.rows[row];
        contact.erased = true;
        contact.revision += 1;
        contact.epoch += 1;
        contact.lease = None;
        contact.kept = Kept::of(blank.hot);
        contact.mail.clear();
        let commits = contact.history.as_mut().map(|history| std::mem::take(&mut history.commits));
        let commits = commits.into_iter().flatten().map(|(_, steps)| steps);
        let all = commits.chain(self.merges.ended.remove(&row));
        let kept: Box<[Step]> =
            all.flat_map(|steps| steps.into_iter().filter_map(|step| step.without_words())).collect();
        if !kept.is_empty() {
            self.merges.ended.insert(row, kept);
        }
        for message in self.rows[row].messages.clone().into_iter().filter(|_| !spared) {
            let record = &mut self.outbox[message].record;
            record.content = None;
            record.answer = record.answer.take().and_then(|answer| answer.without_words());
            if is_on(Bug::ErasureTakesReasons) {
                record.answer = None;
            }
        }
        self.put_out_from(row, removals);
    }
}
