//! Two contacts that turn out to be one person, in memory.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::denial;
use super::super::moved::Moved;
use super::kept::Kept;
use super::{Inner, Receipt};
use crate::machine::{Absorb, InputKind};
use crate::model::{ContactId, Fingerprint, InputId, MergeRefusal, Name, Step};
use crate::port::store::{Merging, MessageStatus};
use crate::store::known_addresses;

/// Who was merged into whom, by row.
#[derive(Default)]
pub(super) struct Merges {
    into: BTreeMap<usize, usize>,
    of: BTreeMap<usize, Vec<usize>>,
    /// Where what was left lies in the mailbox of the one that goes on, until it was read.
    unread: BTreeMap<usize, u64>,
    /// The steps beside those of commits: the last ones of runs that a merge ended, and what an erasure leaves.
    pub(super) ended: BTreeMap<usize, Box<[Step]>>,
}

impl Merges {
    pub(super) fn is_merged(&self, row: usize) -> bool {
        self.into.contains_key(&row)
    }

    /// What was merged into a contact, straight or by others.
    pub(super) fn of(&self, row: usize) -> &[usize] {
        self.of.get(&row).map_or(&[], Vec::as_slice)
    }

    /// Whether nobody knows yet what a contact allows together with what was merged into it.
    pub(super) fn is_open(&self, row: usize) -> bool {
        self.unread.contains_key(&row)
    }

    /// Mail was read up to a place.
    pub(super) fn read(&mut self, row: usize, read_seq: u64) {
        if self.unread.get(&row).is_some_and(|place| *place <= read_seq) {
            self.unread.remove(&row);
        }
    }

    /// The contact that goes on.
    pub(super) fn heir(&self, row: usize) -> usize {
        self.into.get(&row).copied().unwrap_or(row)
    }
}

impl Inner {
    /// The row that a contact's id means: its own, or that of the contact that it was merged into.
    pub(super) fn meant(&self, contact: &ContactId) -> Option<usize> {
        self.by_id.get(contact).map(|row| self.merges.heir(*row))
    }

    /// Whether an input that is told under an alias was told before that was one.
    pub(super) fn was_told(&self, contact: &ContactId, row: usize, id: Option<InputId>) -> bool {
        let Some(id) = id.filter(|_| self.rows[row].id != *contact) else { return false };
        self.merges.of(row).iter().any(|alias| self.seen.contains(&(*alias, id)))
    }

    /// The addresses of what was merged into a contact.
    pub(super) fn addresses_of_aliases(&self, row: usize) -> Vec<(Name, Fingerprint)> {
        let aliases = self.merges.of(row).iter();
        aliases.flat_map(|alias| known_addresses(&self.cold(*alias), [])).collect()
    }

    pub(super) fn merge(
        &mut self,
        loser: &ContactId,
        winner: &ContactId,
        history: bool,
        now: DateTime<Utc>,
    ) -> Merging {
        let Some(row) = self.by_id.get(loser).copied() else { return Merging::Unknown(loser.clone()) };
        let Some(named) = self.by_id.get(winner).copied() else { return Merging::Unknown(winner.clone()) };
        let heir = self.merges.heir(named);
        for (id, row) in [(loser, self.merges.heir(row)), (winner, heir)] {
            if self.rows[row].erased {
                return Merging::Erased(id.clone());
            }
        }
        if row == named {
            return Merging::Refused(MergeRefusal::Itself);
        }
        if heir == row {
            return Merging::Refused(MergeRefusal::Circle);
        }
        if self.merges.is_merged(row) {
            let into = self.merges.heir(row);
            let elsewhere = || Merging::Refused(MergeRefusal::Elsewhere(self.rows[into].id.clone()));
            return if into == heir { Merging::Already } else { elsewhere() };
        }
        if self.rows[row].unread_from.is_some() {
            return Merging::Refused(MergeRefusal::Unread);
        }
        let left = self.close(row, history, now);
        self.inherit(row, heir, left, now);
        Merging::Done
    }

    /// Ends a contact, and answers what it leaves.
    fn close(&mut self, row: usize, history: bool, now: DateTime<Utc>) -> Absorb {
        let state = self.state(row);
        let gate = self.rows[row].gate.as_ref();
        let denied = gate.map(|gate| gate.denials.iter().map(denial::Denial::row).collect());
        let left = Absorb::of(&state, denied.unwrap_or_default()).called(|export| self.called(export));
        let mut moved = Moved::default();
        moved.erase(&state.hot);
        self.count(moved);
        self.set_due(row, None);
        self.failing.remove(&row);
        self.cancel(row, |record| !record.message.is_removal());
        for message in &self.rows[row].messages {
            let entry = &mut self.outbox[*message];
            let begun = matches!(entry.record.status, MessageStatus::Begun | MessageStatus::Parked);
            entry.cancelled |= begun && !entry.record.message.is_removal();
        }
        let (state, steps) = state.merged(now);
        if history && !steps.is_empty() {
            self.merges.ended.insert(row, steps.into());
        }
        let contact = &mut self.rows[row];
        contact.kept = Kept::of(state.hot);
        contact.revision += 1;
        contact.epoch += 1;
        contact.lease = None;
        left
    }

    /// Gives a contact what another one leaves, and closes it until that was read.
    fn inherit(&mut self, row: usize, heir: usize, left: Absorb, now: DateTime<Utc>) {
        let id = InputId::from_merge(&self.rows[row].id);
        self.rows[heir].epoch += 1;
        if let Some(gate) = &self.rows[row].gate {
            let (denials, addresses) = (gate.denials.clone(), gate.addresses.clone());
            let own = self.rows[heir].gate.get_or_insert_default();
            own.addresses.extend(addresses);
            denials.iter().for_each(|other| denial::absorb(&mut own.denials, other));
        }
        let said = std::mem::take(&mut self.rows[row].said);
        self.rows[heir].said.extend(said);
        let mut said = std::mem::take(&mut self.rows[heir].said);
        said.sort_by_key(|message| self.outbox[*message].said_at);
        self.rows[heir].said = said;
        if let Receipt::Kept { seq, .. } =
            self.deliver(heir, Some(id), InputKind::Absorb(Box::new(left)), now)
        {
            self.merges.unread.insert(heir, seq);
        }
        let mut aliases = self.merges.of.remove(&row).unwrap_or_default();
        aliases.push(row);
        for alias in &aliases {
            self.merges.into.insert(*alias, heir);
        }
        self.merges.of.entry(heir).or_default().extend(aliases);
    }
}
