//! What was said to a contact, for caps: counted along one index, however much lies in the outbox.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::db::Db;
use super::fault::Step;
use super::rows::{instant, int, millis, text, uint};
use crate::model::{Name, Said};
use crate::rule::Counted;
use crate::store::said::Recent;

/// What a take asks for, in the words of the file.
pub(super) struct Wanted {
    purposes: BTreeMap<i64, Name>,
    after: i64,
}

impl Db {
    pub(super) fn wanted(&mut self, counted: &Counted, now: DateTime<Utc>) -> Step<Wanted> {
        let after = now.checked_sub_signed(counted.within).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut purposes = BTreeMap::new();
        for purpose in &counted.purposes {
            purposes.extend(self.known_term(purpose)?.map(|term| (term, purpose.clone())));
        }
        Ok(Wanted { purposes, after: millis(after) })
    }

    /// The number of a contact's newest begin.
    pub(super) fn newest(&self, contact: i64) -> Step<u64> {
        let newest: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT begun FROM outbox INDEXED BY outbox_said
                 WHERE contact = ?1 AND begun IS NOT NULL ORDER BY begun DESC LIMIT 1",
            )?
            .query_row([contact], |row| row.get(0))
            .optional()?;
        Ok(newest.map_or(0, uint))
    }

    /// What else was said to a contact of late, the newest first.
    pub(super) fn said(&self, contact: i64, seq: i64, wanted: &Wanted) -> Step<Vec<Said>> {
        // What was said to somebody who was merged into the contact was said to it.
        let mut all = Vec::new();
        for contact in self.aliases(contact)?.into_iter().chain([contact]) {
            self.said_to(contact, seq, wanted, &mut all)?;
        }
        all.sort_by_key(|(_, _, at)| std::cmp::Reverse(*at));
        let mut recent = Recent::default();
        all.iter().for_each(|(purpose, channel, at)| recent.push(purpose, channel, *at));
        Ok(recent.said)
    }

    fn said_to(
        &self,
        contact: i64,
        seq: i64,
        wanted: &Wanted,
        all: &mut Vec<(Name, Name, DateTime<Utc>)>,
    ) -> Step<()> {
        let mut statement = self.conn.prepare_cached(
            "SELECT said_at, purpose, term.word, seq FROM outbox INDEXED BY outbox_said
             JOIN term ON term.id = outbox.channel
             WHERE contact = ?1 AND begun IS NOT NULL ORDER BY begun DESC",
        )?;
        let mut found = statement.query([contact])?;
        while let Some(row) = found.next()? {
            let Some(said_at) = row.get::<_, Option<i64>>(0)? else { continue };
            if said_at <= wanted.after {
                break;
            }
            let own = row.get::<_, i64>(3)? == seq;
            let purpose = row.get::<_, Option<i64>>(1)?.and_then(|term| wanted.purposes.get(&term));
            if let Some(purpose) = purpose.filter(|_| !own) {
                all.push((purpose.clone(), text(row, 2)?.into(), instant(said_at)?));
            }
        }
        Ok(())
    }

    /// Gives the contact a new number and keeps the instant.
    pub(super) fn note_said(
        &mut self,
        seq: i64,
        contact: i64,
        purpose: &Name,
        now: DateTime<Utc>,
    ) -> Step<()> {
        let (purpose, number) = (self.term(purpose)?, self.newest(contact)? + 1);
        self.conn
            .prepare_cached("UPDATE outbox SET begun = ?2, said_at = ?3, purpose = ?4 WHERE seq = ?1")?
            .execute(params![seq, int(number), millis(now), purpose])?;
        Ok(())
    }

    /// What the channel refused for good was not said.
    pub(super) fn forget_said(&self, seq: i64) -> Step<()> {
        self.conn.prepare_cached("UPDATE outbox SET said_at = NULL WHERE seq = ?1")?.execute([seq])?;
        Ok(())
    }
}
