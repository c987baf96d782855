//! Events that violate their schema, in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Inner, MemoryStore, done};
use crate::machine::Input;
use crate::model::{ContactId, Deed};
use crate::port::store::{Aside, AsideEnd, AsideRecord, NewAside, Receipt, Result};

/// One event that was set aside; whose it is outlives the event.
pub(super) struct AsideRow {
    contact: ContactId,
    record: AsideRecord,
}

#[async_trait]
impl Aside for MemoryStore {
    async fn set_aside(&self, events: &[NewAside]) -> Result<Vec<Option<u64>>> {
        let (mut inner, now) = self.stamped();
        done(events.iter().map(|new| inner.set_aside(new, now)).collect())
    }

    async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>> {
        let inner = self.lock();
        let later = inner.aside.range(after.saturating_add(1)..).map(|(_, row)| &row.record);
        done(later.filter(|record| record.end.is_none()).take(limit).cloned().collect())
    }

    async fn aside_record(&self, id: u64) -> Result<Option<AsideRecord>> {
        done(self.lock().aside.get(&id).map(|row| row.record.clone()))
    }

    async fn release_aside(&self, id: u64, input: &Input, by: &Deed) -> Result<Option<Receipt>> {
        let (mut inner, now) = self.stamped();
        if !inner.end_aside(id, AsideEnd::new(true, now, by.clone())) {
            return done(None);
        }
        done(Some(inner.append(input, chrono::TimeDelta::MAX, now)))
    }

    async fn drop_aside(&self, id: u64, by: &Deed) -> Result<bool> {
        let (mut inner, now) = self.stamped();
        done(inner.end_aside(id, AsideEnd::new(false, now, by.clone())))
    }
}

impl Inner {
    fn set_aside(&mut self, new: &NewAside, now: DateTime<Utc>) -> Option<u64> {
        let contact = &new.event.contact;
        if self.meant(contact).is_some_and(|row| self.rows[row].erased) {
            return None;
        }
        let same = |row: &AsideRow| {
            let open = row.record.event.as_ref().filter(|event| event.id.is_some());
            row.contact == *contact && open.is_some_and(|event| event.id == new.event.id)
        };
        if let Some((id, _)) = self.aside.iter().find(|(_, row)| same(row)) {
            return Some(*id);
        }
        self.last_aside += 1;
        let record = AsideRecord::new(self.last_aside, now, new.event.clone(), new.problems.clone());
        self.aside.insert(self.last_aside, AsideRow { contact: contact.clone(), record });
        Some(self.last_aside)
    }

    fn end_aside(&mut self, id: u64, end: AsideEnd) -> bool {
        let Some(row) = self.aside.get_mut(&id).filter(|row| row.record.end.is_none()) else { return false };
        row.record = row.record.clone().ended(end);
        true
    }

    /// Forgets what is aside of a person who is erased.
    pub(super) fn forget_aside(&mut self, contact: &ContactId) {
        self.aside.retain(|_, row| row.contact != *contact);
    }
}
