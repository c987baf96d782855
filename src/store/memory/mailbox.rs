//! The hot path of the memory store.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::denial;
use super::super::moved::Moved;
use super::kept::Kept;
use super::{Entry, Inner, MemoryStore, done, reserve};
use crate::machine::Input;
use crate::model::{ContactId, Fingerprint, Message, Name};
use crate::port::Clock;
use crate::port::store::{
    Claim, Claimed, Commit, CommitRecord, Committed, Lease, Mailbox, MessageRecord, Receipt, Result, Work,
};
use crate::seeded::{Bug, is_on};

#[async_trait]
impl Mailbox for MemoryStore {
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
        let (mut inner, now) = self.stamped();
        done(inputs.iter().map(|input| inner.append(input, horizon, now)).collect())
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let (mut inner, now) = self.stamped();
        // Each claim begins with the other lane, so that claims of one contact reach both.
        inner.due_first = !inner.due_first;
        let rows = inner.claimable(claim, now);
        let work = rows.into_iter().map(|row| inner.lease(row, claim, now)).collect();
        done(Claimed::new(now, inner.revision, work))
    }

    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
        let ((mut inner, now), mut moved) = (self.stamped(), Moved::default());
        let commit = |mut commit: Commit| {
            let moves = std::mem::take(&mut commit.moves);
            let answer = inner.commit(commit, self.history, now);
            moved.commit(moves, answer);
            answer
        };
        let answers = commits.into_iter().map(commit).collect();
        inner.count(moved);
        done(answers)
    }

    async fn give_back(&self, leases: &[Lease]) -> Result<()> {
        let mut inner = self.lock();
        for lease in leases {
            if let Some(row) = inner.held(lease) {
                inner.rows[row].lease = None;
            }
        }
        done(())
    }

    async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>> {
        let mut inner = self.lock();
        let Some(row) = inner.held(lease) else { return done(None) };
        inner.rows[row].lease = None;
        let failing = inner.failing.entry(row).or_default();
        failing.failures += 1;
        failing.parked = (failing.failures >= most).then(|| reason.clone());
        done(Some(failing.failures))
    }

    async fn release(&self, contact: &ContactId) -> Result<bool> {
        let mut inner = self.lock();
        let row = inner.meant(contact).filter(|row| inner.is_parked(*row));
        done(row.is_some_and(|row| inner.failing.remove(&row).is_some()))
    }

    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
        let (inner, now) = self.stamped();
        let mail = inner.earliest(inner.unread.iter().map(|(_, row)| (now, *row)), now);
        let timer = inner.earliest(inner.due.iter().copied(), now);
        done([mail, timer, inner.next_ready(channels)].into_iter().flatten().min())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }
}

impl Inner {
    pub(super) fn append(&mut self, input: &Input, horizon: TimeDelta, now: DateTime<Utc>) -> Receipt {
        let known = self.meant(&input.contact);
        if known.is_some_and(|row| self.rows[row].erased) {
            return Receipt::Erased;
        }
        if known.is_none() && !input.creates {
            return Receipt::UnknownContact;
        }
        let oldest = now.checked_sub_signed(horizon);
        if input.kind.claimed_at().zip(oldest).is_some_and(|(at, oldest)| at < oldest) {
            return Receipt::Expired;
        }
        let denied =
            |(channel, purpose): &(Name, Name)| self.forbidden(&input.contact, channel, purpose).denied;
        if input.permitted.as_ref().is_some_and(denied) {
            return Receipt::Denied;
        }
        let row = self.row_of(&input.contact);
        let row = self.merges.heir(row);
        if self.was_told(&input.contact, row, input.id) {
            return Receipt::Duplicate;
        }
        self.deliver(row, input.id, input.kind.clone(), now)
    }

    /// The contacts to hand out: from both lanes in turn, oldest first, each once, without those that others hold.
    fn claimable(&self, claim: &Claim, now: DateTime<Utc>) -> Vec<usize> {
        let judged = claim.judged_at(now);
        let free = |row: &usize| {
            let ended = |(_, until)| until <= judged && !is_on(Bug::LeaseWithoutEnd);
            self.rows[*row].lease.is_none_or(ended) && !self.is_parked(*row)
        };
        let mut mail = self.unread.iter().map(|(_, row)| *row).filter(free);
        let due_now = |due: &DateTime<Utc>| *due < now || (*due == now && !is_on(Bug::DueAfterItsInstant));
        let mut due = self.due.iter().take_while(|(due, _)| due_now(due)).map(|(_, row)| *row).filter(free);
        let mut lanes: [&mut dyn Iterator<Item = usize>; 2] = [&mut mail, &mut due];
        if self.due_first {
            lanes.reverse();
        }
        let mut rows = Vec::new();
        let mut taken = BTreeSet::new();
        loop {
            let before = rows.len();
            for lane in &mut lanes {
                if rows.len() < claim.limit
                    && let Some(row) = lane.find(|row| taken.insert(*row))
                {
                    rows.push(row);
                }
            }
            if rows.len() == before {
                return rows;
            }
        }
    }

    /// The first instant of a lane at which its contact is free: what somebody holds waits for the end of the lease.
    fn earliest(
        &self,
        lane: impl Iterator<Item = (DateTime<Utc>, usize)>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let mut earliest = None;
        for (at, row) in lane {
            if earliest.is_some_and(|earliest| earliest <= at) {
                break;
            }
            if self.is_parked(row) {
                continue;
            }
            let lease = self.rows[row].lease.map(|(_, until)| until).filter(|until| *until > now);
            let free = lease.map_or(at, |until| at.max(until));
            earliest = Some(earliest.map_or(free, |earliest| free.min(earliest)));
        }
        earliest
    }

    fn lease(&mut self, row: usize, claim: &Claim, now: DateTime<Utc>) -> Work {
        self.token += 1;
        let state = self.state(row);
        let contact = &mut self.rows[row];
        let until = now.checked_add_signed(claim.lease).unwrap_or(DateTime::<Utc>::MAX_UTC);
        contact.lease = Some((self.token, until));
        let first = contact.mail.partition_point(|envelope| envelope.seq <= contact.read_seq);
        let envelopes = contact.mail[first..].iter().take(claim.inputs_per_contact).cloned().collect();
        let lease = Lease::new(row as u64, contact.revision, self.token);
        let work = Work::new(lease, state, contact.read_seq, envelopes);
        if is_on(Bug::ReadAtTheClaim)
            && let Some(last) = work.envelopes.last()
        {
            self.set_read(row, last.seq);
        }
        work
    }

    /// The row of a lease that is still good.
    fn held(&self, lease: &Lease) -> Option<usize> {
        let row = usize::try_from(lease.row).ok()?;
        let contact = self.rows.get(row)?;
        let mine = contact.lease.is_some_and(|(token, _)| token == lease.token);
        (mine && contact.revision == lease.revision && !contact.erased).then_some(row)
    }

    /// Whose commit is applied although its lease is no good: nobody's, unless a bug is planted.
    fn held_all_the_same(&self, commit: &Commit) -> Option<usize> {
        let late = is_on(Bug::MessagesInASecondTransaction) && commit.steps.is_empty();
        let wanted = is_on(Bug::UnfencedCommit) || (late && !commit.messages.is_empty());
        usize::try_from(commit.lease.row).ok().filter(|row| wanted && !self.rows[*row].erased)
    }

    pub(super) fn is_parked(&self, row: usize) -> bool {
        self.failing.get(&row).is_some_and(|failing| failing.parked.is_some())
    }

    fn commit(&mut self, commit: Commit, history: bool, now: DateTime<Utc>) -> Committed {
        let held = self.held(&commit.lease).or_else(|| self.held_all_the_same(&commit));
        let Some(row) = held else { return Committed::StaleLease };
        if is_on(Bug::MessagesInASecondTransaction) && commit.steps.is_empty() && !commit.messages.is_empty()
        {
            self.put_out(row, commit.messages);
            return Committed::Done;
        }
        if commit.catalog != self.revision {
            self.rows[row].lease = None;
            return Committed::StaleCatalog;
        }
        if commit.due_at.is_some() || !is_on(Bug::TimerOutlivesTheExit) {
            self.set_due(row, commit.due_at);
        }
        let read_mail = commit.read_seq != self.rows[row].read_seq;
        if read_mail {
            self.set_read(row, commit.read_seq);
        }
        if let Some(cold) = &commit.cold {
            // What was taken with the old addresses and consents is looked at again.
            self.rows[row].epoch += 1;
            self.set_cold(row, cold);
        }
        let contact = &mut self.rows[row];
        contact.revision += 1;
        contact.lease = None;
        self.failing.remove(&row);
        // Reading mail is what makes the lists of a state grow; a copy has no slack.
        contact.kept = Kept::of(if read_mail { commit.hot.clone() } else { commit.hot });
        if history {
            let record = CommitRecord::new(contact.revision, commit.now, commit.read_seq, commit.program);
            let kept = contact.history.get_or_insert_default();
            reserve(&mut kept.commits);
            kept.commits.push((record, commit.steps.into()));
            kept.consents.reserve_exact(commit.consents.len());
            kept.consents.extend(commit.consents);
        } else {
            contact.mail.retain(|envelope| envelope.seq > commit.read_seq);
            contact.mail.shrink_to_fit();
        }
        self.deny_all(row, &commit.denials);
        // What was merged into a contact withdrew in its name too.
        let by: Vec<ContactId> = if commit.lifts.is_empty() {
            Vec::new()
        } else {
            self.merges.of(row).iter().chain([&row]).map(|row| self.rows[*row].id.clone()).collect()
        };
        let contact = &mut self.rows[row];
        if let Some(gate) = &mut contact.gate {
            let aliases = &self.aliases;
            let current = |channel: &Name, address: Fingerprint| {
                aliases.get(&(channel.clone(), address)).copied().unwrap_or(address)
            };
            for lift in commit.lifts {
                for by in &by {
                    denial::lift(&mut gate.denials, by, &lift.channel, &lift.purpose, lift.seq);
                }
                let meant = |(channel, address): &&(Name, Fingerprint)| {
                    let own = current(channel, *address);
                    lift.address.is_none_or(|meant| current(channel, meant) == own)
                };
                for (channel, address) in gate.addresses.iter().filter(meant) {
                    let address = (channel.clone(), current(channel, *address));
                    if let Some(row) = self.addresses.get_mut(&address) {
                        for by in &by {
                            denial::lift(&mut row.denials, by, &lift.channel, &lift.purpose, lift.seq);
                        }
                    }
                }
            }
        }
        self.put_out(row, commit.messages);
        if !commit.cancel.is_empty() {
            let spared = |record: &MessageRecord| commit.spared.contains(&record.message.id);
            self.cancel(row, |record| commit.cancel.contains(&record.message.enrollment) && !spared(record));
            self.cancel_begun(row, &commit.cancel);
        }
        self.take_back_denied(row, &commit.denials, now);
        Committed::Done
    }

    /// Puts messages into the outbox; one that is there already stays as it is.
    fn put_out(&mut self, row: usize, messages: Vec<Message>) {
        self.put_out_from(row, messages.into_iter().map(|message| (message.decided_at, message)));
    }

    /// The same, each from an instant on.
    pub(super) fn put_out_from(
        &mut self,
        row: usize,
        messages: impl IntoIterator<Item = (DateTime<Utc>, Message)>,
    ) {
        for (from, message) in messages {
            if self.by_message.contains_key(&message.id) {
                continue;
            }
            let index = self.outbox.len();
            self.by_message.insert(message.id, index);
            self.ready.insert((from, index));
            let mut record = MessageRecord::new(message);
            record.not_before = from;
            self.outbox.push(Entry {
                row,
                record,
                answers: 0,
                not_after: None,
                deadline: None,
                said_at: None,
                cancelled: false,
            });
            self.rows[row].messages.push(index);
        }
    }
}
