//! The cold side of the memory store.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::super::moved::{Moved, people};
use super::{Inner, MemoryStore, Row, done};
use crate::machine::{ContactState, Envelope};
use crate::model::{ConsentRecord, ContactId, MessageId, Name, Step};
use crate::port::store::{
    Archive, CommitRecord, MessageRecord, MessageStatus, Purged, Result, StoredContact,
};

#[async_trait]
impl Archive for MemoryStore {
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>> {
        let inner = self.lock();
        done(inner.by_id.get(contact).map(|index| {
            let row = &inner.rows[*index];
            StoredContact::new(inner.state(*index), row.revision, row.read_seq, row.due_at, row.erased)
        }))
    }

    async fn alias(&self, contact: &ContactId) -> Result<Option<ContactId>> {
        let inner = self.lock();
        let row = inner.meant(contact).map(|row| &inner.rows[row].id);
        done(row.filter(|id| *id != contact).cloned())
    }

    async fn aliases(&self, contact: &ContactId) -> Result<Vec<ContactId>> {
        let inner = self.lock();
        let rows = inner.by_id.get(contact).map_or(&[][..], |row| inner.merges.of(*row));
        let mut aliases: Vec<ContactId> = rows.iter().map(|row| inner.rows[*row].id.clone()).collect();
        aliases.sort();
        done(aliases)
    }

    async fn steps(&self, contact: &ContactId) -> Result<Vec<Step>> {
        let inner = self.lock();
        let history = inner.find(contact).and_then(|row| row.history.as_ref());
        let commits = history.into_iter().flat_map(|history| &history.commits);
        let ended = inner.by_id.get(contact).and_then(|row| inner.merges.ended.get(row));
        let ended = ended.into_iter().flat_map(|steps| steps.iter());
        done(commits.flat_map(|(_, steps)| steps.iter()).chain(ended).cloned().collect())
    }

    async fn messages(&self, contact: &ContactId) -> Result<Vec<MessageRecord>> {
        let inner = self.lock();
        let messages = inner.find(contact).into_iter().flat_map(|row| &row.messages);
        done(messages.map(|message| inner.outbox[*message].record.clone()).collect())
    }

    async fn message(&self, message: MessageId) -> Result<Option<MessageRecord>> {
        let inner = self.lock();
        done(inner.by_message.get(&message).map(|message| inner.outbox[*message].record.clone()))
    }

    async fn inputs(&self, contact: &ContactId, after: u64, until: u64) -> Result<Vec<Envelope>> {
        let inner = self.lock();
        let mail = inner.find(contact).into_iter().flat_map(|row| &row.mail);
        done(mail.filter(|envelope| after < envelope.seq && envelope.seq <= until).cloned().collect())
    }

    async fn consents(&self, contact: &ContactId) -> Result<Vec<ConsentRecord>> {
        let inner = self.lock();
        let history = inner.find(contact).and_then(|row| row.history.as_ref());
        done(history.map_or_else(Vec::new, |history| history.consents.clone()))
    }

    async fn commits(&self, contact: &ContactId) -> Result<Vec<CommitRecord>> {
        let inner = self.lock();
        let history = inner.find(contact).and_then(|row| row.history.as_ref());
        let commits = history.into_iter().flat_map(|history| &history.commits);
        done(commits.map(|(record, _)| record.clone()).collect())
    }

    async fn scan(&self, after: u64, limit: usize) -> Result<Vec<(u64, ContactState)>> {
        let inner = self.lock();
        // Rows count from 1 here, so that 0 is before the first.
        let first = usize::try_from(after).unwrap_or(usize::MAX);
        let goes_on = |row: &usize| !inner.rows[*row].erased && !inner.merges.is_merged(*row);
        let rows = (first..inner.rows.len()).filter(goes_on);
        done(rows.take(limit).map(|row| (row as u64 + 1, inner.state(row))).collect())
    }

    async fn parked(&self) -> Result<Vec<(ContactId, Name)>> {
        let inner = self.lock();
        let parked = inner
            .failing
            .iter()
            .filter_map(|(row, failing)| Some((inner.rows[*row].id.clone(), failing.parked.clone()?)));
        let mut parked: Vec<_> = parked.collect();
        parked.sort();
        done(parked)
    }

    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged> {
        let mut inner = self.lock();
        let Inner { rows, outbox, seen, .. } = &mut *inner;
        let mut purged = Purged::default();
        for (index, row) in rows.iter_mut().enumerate() {
            let read_seq = row.read_seq;
            row.mail.retain(|envelope| {
                let kept = envelope.seq > read_seq || envelope.received_at >= before;
                if !kept {
                    seen.remove(&(index, envelope.id));
                    purged.inputs += 1;
                }
                kept
            });
            row.mail.shrink_to_fit();
        }
        for entry in outbox {
            let settled = !matches!(entry.record.status, MessageStatus::Pending | MessageStatus::Begun);
            if settled
                && entry.record.answered_at.is_some_and(|at| at < before)
                && entry.record.content.is_some()
            {
                entry.record.content = None;
                purged.contents += 1;
            }
        }
        done(purged)
    }

    async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>> {
        let inner = self.lock();
        let sizes = inner.sizes.iter().map(|(segment, size)| (segment.clone(), people(*size)));
        done(sizes.filter(|(_, size)| *size > 0).collect())
    }

    async fn segment_size(&self, segment: &str) -> Result<u64> {
        done(self.lock().sizes.get(segment).map_or(0, |size| people(*size)))
    }
}

impl Inner {
    /// Changes the sizes of segments.
    pub(super) fn count(&mut self, moved: Moved) {
        for (segment, by) in moved {
            let size = self.sizes.entry(segment).or_default();
            *size = size.saturating_add(by);
        }
    }

    fn find(&self, contact: &ContactId) -> Option<&Row> {
        self.by_id.get(contact).map(|row| &*self.rows[*row])
    }
}
