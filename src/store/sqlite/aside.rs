//! Events that violate their schema.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::params;

use super::SqliteStore;
use super::db::Db;
use super::fault::Step;
use super::rows::{bytes, int, uint};
use crate::machine::Input;
use crate::model::{ContactId, Deed};
use crate::port::store::{Aside, AsideEnd, AsideRecord, NewAside, Receipt, Result};
use crate::store::codec::{decode, encode};

#[async_trait]
impl Aside for SqliteStore {
    async fn set_aside(&self, events: &[NewAside]) -> Result<Vec<Option<u64>>> {
        let events = events.to_vec();
        self.write("set events aside", events.len(), move |db| {
            let now = db.now();
            events.iter().map(|new| db.put_aside(new, now)).collect()
        })
        .await
    }

    async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>> {
        self.read("list what is aside", move |db| {
            let mut statement = db.conn.prepare_cached(
                "SELECT id, body FROM aside WHERE open = 1 AND id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let mut found = statement.query([int(after), int(limit as u64)])?;
            let mut records = Vec::new();
            while let Some(row) = found.next()? {
                records.push(record(uint(row.get(0)?), bytes(row, 1)?)?);
            }
            Ok(records)
        })
        .await
    }

    async fn aside_record(&self, id: u64) -> Result<Option<AsideRecord>> {
        self.read("read what is aside", move |db| db.aside_record(id)).await
    }

    async fn release_aside(&self, id: u64, input: &Input, by: &Deed) -> Result<Option<Receipt>> {
        let (input, by) = (input.clone(), by.clone());
        self.write("release what is aside", 1, move |db| {
            let now = db.now();
            if !db.end_aside(id, AsideEnd::new(true, now, by))? {
                return Ok(None);
            }
            Ok(Some(db.append(&input, TimeDelta::MAX, now)?))
        })
        .await
    }

    async fn drop_aside(&self, id: u64, by: &Deed) -> Result<bool> {
        let by = by.clone();
        self.write("drop what is aside", 1, move |db| {
            let now = db.now();
            db.end_aside(id, AsideEnd::new(false, now, by))
        })
        .await
    }
}

/// The number is the row's, whatever the body says.
fn record(id: u64, body: &[u8]) -> Step<AsideRecord> {
    let record: AsideRecord = decode("aside", body)?;
    Ok(AsideRecord { id, ..record })
}

impl Db {
    fn put_aside(&mut self, new: &NewAside, now: DateTime<Utc>) -> Step<Option<u64>> {
        let contact = &new.event.contact;
        if self.meant(contact)?.is_some_and(|found| found.erased) {
            return Ok(None);
        }
        if let Some(id) = &new.event.id {
            let mut statement =
                self.conn.prepare_cached("SELECT id FROM aside WHERE contact = ?1 AND event = ?2")?;
            let mut found = statement.query([contact.as_str(), id])?;
            if let Some(row) = found.next()? {
                return Ok(Some(uint(row.get(0)?)));
            }
        }
        let record = AsideRecord::new(0, now, new.event.clone(), new.problems.clone());
        self.conn
            .prepare_cached("INSERT INTO aside (contact, event, open, body) VALUES (?1, ?2, 1, ?3)")?
            .execute(params![contact.as_str(), new.event.id.as_deref(), encode("aside", &record)?])?;
        Ok(Some(uint(self.conn.last_insert_rowid())))
    }

    fn aside_record(&self, id: u64) -> Step<Option<AsideRecord>> {
        let mut statement = self.conn.prepare_cached("SELECT body FROM aside WHERE id = ?1")?;
        let mut found = statement.query([int(id)])?;
        found.next()?.map(|row| record(id, bytes(row, 0)?)).transpose()
    }

    fn end_aside(&mut self, id: u64, end: AsideEnd) -> Step<bool> {
        let Some(found) = self.aside_record(id)?.filter(|found| found.end.is_none()) else {
            return Ok(false);
        };
        let body = encode("aside", &found.ended(end))?;
        self.conn
            .prepare_cached("UPDATE aside SET open = 0, event = NULL, body = ?2 WHERE id = ?1")?
            .execute(params![int(id), body])?;
        Ok(true)
    }

    /// Forgets what is aside of a person who is erased.
    pub(super) fn forget_aside(&mut self, contact: &ContactId) -> Step<()> {
        let gone =
            self.conn.prepare_cached("DELETE FROM aside WHERE contact = ?1")?.execute([contact.as_str()])?;
        self.scrub |= gone > 0;
        Ok(())
    }
}
