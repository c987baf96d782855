//! The cold side: screens, audits, replays, retention.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Row, ToSql, params};

use super::SqliteStore;
use super::db::Db;
use super::fault::{Fault, Step};
use super::rows::{
    blob, bytes, instant, int, message, messages, millis, optional_instant, state_of, status_of, text, uint,
};
use crate::machine::{ContactState, Envelope};
use crate::model::{ConsentRecord, ContactId, Hash, MessageId, Name, Step as JourneyStep};
use crate::port::store::{Archive, CommitRecord, MessageRecord, Purged, Result, StoredContact};
use crate::store::codec::decode;

#[async_trait]
impl Archive for SqliteStore {
    async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>> {
        let contact = contact.clone();
        self.read("read a contact", move |db| db.contact(&contact)).await
    }

    async fn alias(&self, contact: &ContactId) -> Result<Option<ContactId>> {
        let contact = contact.clone();
        self.read("read an alias", move |db| db.alias_of(&contact)).await
    }

    async fn aliases(&self, contact: &ContactId) -> Result<Vec<ContactId>> {
        let contact = contact.clone();
        self.read("read aliases", move |db| db.alias_ids(&contact)).await
    }

    async fn steps(&self, contact: &ContactId) -> Result<Vec<JourneyStep>> {
        self.of_contact("read steps", contact, |db, row| {
            let decoded = |row: &Row<'_>| Ok(decode::<Vec<JourneyStep>>("step", bytes(row, 0)?)?);
            let commits = db.all(
                "SELECT steps FROM commit_log WHERE contact = ?1 AND steps IS NOT NULL ORDER BY seq",
                [row],
                decoded,
            )?;
            Ok(commits.into_iter().flatten().collect())
        })
        .await
    }

    async fn messages(&self, contact: &ContactId) -> Result<Vec<MessageRecord>> {
        self.of_contact("read messages", contact, |db, row| {
            let records = db.all(
                messages!(
                    "outbox.status, attempts, not_before, content, answer, answered_at, policy, outbox.seq",
                    "commit_log JOIN outbox
                     ON outbox.seq BETWEEN first_message AND first_message + messages - 1",
                    "WHERE commit_log.contact = ?1 ORDER BY outbox.seq"
                ),
                [row],
                message_record,
            )?;
            db.with_deferrals(records)
        })
        .await
    }

    async fn message(&self, message: MessageId) -> Result<Option<MessageRecord>> {
        self.read("read a message", move |db| {
            let found = db.all(
                messages!(
                    "status, attempts, not_before, content, answer, answered_at, policy, outbox.seq",
                    "outbox",
                    "WHERE outbox.id = ?1"
                ),
                [message.as_bytes()],
                message_record,
            )?;
            Ok(db.with_deferrals(found)?.into_iter().next())
        })
        .await
    }

    async fn inputs(&self, contact: &ContactId, after: u64, until: u64) -> Result<Vec<Envelope>> {
        self.of_contact("read mail", contact, move |db, row| db.mail(row, int(after), int(until), usize::MAX))
            .await
    }

    async fn consents(&self, contact: &ContactId) -> Result<Vec<ConsentRecord>> {
        self.of_contact("read consents", contact, |db, row| {
            db.all("SELECT body FROM consent WHERE contact = ?1 ORDER BY seq", [row], |row| {
                Ok(decode("consent", bytes(row, 0)?)?)
            })
        })
        .await
    }

    async fn commits(&self, contact: &ContactId) -> Result<Vec<CommitRecord>> {
        self.of_contact("read commits", contact, |db, row| {
            db.all(
                "SELECT revision, now, read_seq, word FROM commit_log JOIN term ON term.id = commit_log.program
                 WHERE contact = ?1 ORDER BY seq",
                [row],
                |row| {
                    let (revision, read_seq) = (uint(row.get(0)?), uint(row.get(2)?));
                    Ok(CommitRecord::new(revision, instant(row.get(1)?)?, read_seq, Hash::from_bytes(row.get(3)?)))
                },
            )
        })
        .await
    }

    async fn scan(&self, after: u64, limit: usize) -> Result<Vec<(u64, ContactState)>> {
        self.read("scan contacts", move |db| db.scan(int(after), limit)).await
    }

    async fn parked(&self) -> Result<Vec<(ContactId, Name)>> {
        self.read("read who is parked", |db| db.parked()).await
    }

    async fn purge(&self, before: DateTime<Utc>) -> Result<Purged> {
        self.write("purge", 1, move |db| {
            let inputs = db
                .conn
                .prepare_cached(
                    "DELETE FROM input WHERE received_at < ?1
                     AND seq <= (SELECT read_seq FROM state WHERE state.id = input.contact)",
                )?
                .execute([millis(before)])?;
            let contents = db
                .conn
                .prepare_cached(
                    "UPDATE outbox SET content = NULL
                     WHERE content IS NOT NULL AND status > 1 AND answered_at < ?1",
                )?
                .execute([millis(before)])?;
            db.scrub |= inputs + contents > 0;
            Ok(Purged::new(inputs as u64, contents as u64))
        })
        .await
    }

    async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>> {
        self.read("read the sizes of segments", |db| db.segment_sizes()).await
    }

    async fn segment_size(&self, segment: &str) -> Result<u64> {
        let segment = segment.to_owned();
        self.read("read the size of a segment", move |db| db.segment_size(&segment)).await
    }
}

impl SqliteStore {
    /// Reads what belongs to a contact; nothing where it is unknown.
    async fn of_contact<T, F>(&self, operation: &'static str, contact: &ContactId, read: F) -> Result<Vec<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Db, i64) -> Step<Vec<T>> + Send + 'static,
    {
        let contact = contact.clone();
        self.read(operation, move |db| match db.find(&contact)? {
            Some(contact) => read(db, contact.row),
            None => Ok(Vec::new()),
        })
        .await
    }
}

impl Db {
    pub(super) fn all<T, const N: usize>(
        &self,
        sql: &str,
        keys: [impl ToSql; N],
        decoded: impl Fn(&Row<'_>) -> Step<T>,
    ) -> Step<Vec<T>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut found = statement.query(rusqlite::params_from_iter(keys))?;
        let mut all = Vec::new();
        while let Some(row) = found.next()? {
            all.push(decoded(row)?);
        }
        Ok(all)
    }

    fn contact(&self, contact: &ContactId) -> Step<Option<StoredContact>> {
        let found = self.all(
            "SELECT cold, hot, revision, read_seq, due_at, erased = 1 FROM contact JOIN state ON state.id = contact.id
             WHERE external = ?1",
            [contact.as_str()],
            |row| {
                let state = state_of(contact.as_str(), blob(row, 0)?, blob(row, 1)?)?;
                let (revision, read_seq) = (uint(row.get(2)?), uint(row.get(3)?));
                let due_at = optional_instant(row.get(4)?)?;
                Ok(StoredContact::new(state, revision, read_seq, due_at, row.get(5)?))
            },
        )?;
        Ok(found.into_iter().next())
    }

    fn scan(&self, after: i64, limit: usize) -> Step<Vec<(u64, ContactState)>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT contact.id, external, cold, hot FROM contact JOIN state ON state.id = contact.id
             WHERE contact.id > ?1 AND erased = 0 ORDER BY contact.id",
        )?;
        let mut found = statement.query(params![after])?;
        let mut contacts = Vec::new();
        while contacts.len() < limit {
            let Some(columns) = found.next()? else { break };
            let row = uint(columns.get(0)?);
            let state = (|| state_of(text(columns, 1)?, blob(columns, 2)?, blob(columns, 3)?))();
            match state {
                Ok(state) => contacts.push((row, state)),
                // One contact that cannot be read must not hold up a job over all of them.
                Err(Fault::Store(error)) => {
                    tracing::error!(row, %error, "a contact cannot be read and is left out")
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(contacts)
    }
}

impl Db {
    /// Parked messages of those who are not erased, in order of id.
    pub(super) fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Step<Vec<MessageRecord>> {
        let after = after.map_or_else(Vec::new, |after| after.as_bytes().to_vec());
        let keys: [&dyn ToSql; 2] = [&after, &int(limit as u64)];
        let records = self.all(
            messages!(
                "outbox.status, attempts, not_before, content, answer, answered_at, policy, outbox.seq",
                "outbox",
                "WHERE outbox.status = 4 AND outbox.id > ?1 AND contact.erased <> 1 ORDER BY outbox.id LIMIT ?2"
            ),
            keys,
            message_record,
        )?;
        self.with_deferrals(records)
    }

    /// Messages by their places, each with every time that it was put off.
    fn with_deferrals(&self, records: Vec<(i64, MessageRecord)>) -> Step<Vec<MessageRecord>> {
        let complete = |(seq, mut record): (i64, MessageRecord)| {
            record.deferrals =
                self.all("SELECT body FROM deferral WHERE message = ?1 ORDER BY number", [seq], |row| {
                    Ok(decode("deferral", bytes(row, 0)?)?)
                })?;
            Ok(record)
        };
        records.into_iter().map(complete).collect()
    }
}

fn message_record(row: &Row<'_>) -> Step<(i64, MessageRecord)> {
    let mut record = MessageRecord::new(message(row)?);
    record.status = status_of(row.get(6)?)?;
    record.attempts = row.get(7)?;
    record.not_before = instant(row.get(8)?)?;
    record.content = blob(row, 9)?.map(|content| decode("content", content)).transpose()?;
    record.answer = blob(row, 10)?.map(|answer| decode("answer", answer)).transpose()?;
    record.answered_at = optional_instant(row.get(11)?)?;
    record.policy = row.get_ref(12)?.as_str_or_null()?.map(Into::into);
    Ok((row.get(13)?, record))
}
