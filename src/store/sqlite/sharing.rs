//! What third parties were told, and what is owed to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::db::Db;
use super::fault::Step;
use super::rows::{BEGUN, blob, cold_of, instant, message, messages, millis, text};
use crate::machine::Cold;
use crate::model::{Called, Message, MessageId};

/// The columns of a removal that an erasure or a merge would change.
pub(super) struct Removal {
    pub(super) seq: i64,
    status: i64,
    ready_at: Option<i64>,
}

/// Where the newest call of an export stands, of those that were looked up.
pub(super) fn called_in(called: &BTreeMap<MessageId, Called>, export: MessageId) -> Called {
    called.get(&export).copied().unwrap_or(Called::Never)
}

impl Db {
    /// Where the newest call of each export stands that a contact still knows of.
    pub(super) fn called(&self, cold: &Cold) -> Step<BTreeMap<MessageId, Called>> {
        let mut exports = Vec::new();
        // Nothing is changed: it is asked which are looked for.
        drop(cold.removals(DateTime::UNIX_EPOCH, |export| {
            exports.push(export);
            Called::Never
        }));
        let mut called = BTreeMap::new();
        for export in exports {
            let found: Option<(i64, i64, Option<i64>)> = self
                .conn
                .prepare_cached("SELECT status, attempts, deadline FROM outbox WHERE id = ?1")?
                .query_row([export.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let stands = match found {
                None | Some((_, 0, _)) => Called::Never,
                Some((BEGUN, _, Some(deadline))) => Called::Until(instant(deadline)?),
                Some(_) => Called::Before,
            };
            called.insert(export, stands);
        }
        Ok(called)
    }

    /// The removals that an erasure owes. A contact that cannot be read must not stop its erasure.
    pub(super) fn removals(&self, row: i64, now: DateTime<Utc>) -> Step<Vec<(Message, DateTime<Utc>)>> {
        let mut statement = self.conn.prepare_cached("SELECT external, cold FROM contact WHERE id = ?1")?;
        let mut found = statement.query([row])?;
        let Some(columns) = found.next()? else { return Ok(Vec::new()) };
        let Ok(cold) = cold_of(text(columns, 0)?, blob(columns, 1)?) else {
            tracing::error!(
                row,
                "a contact cannot be read: which third parties were told of it is not known"
            );
            return Ok(Vec::new());
        };
        let called = self.called(&cold)?;
        Ok(cold.removals(now, |export| called_in(&called, export)))
    }

    /// Puts removals out in a commit of their own; no program ran.
    pub(super) fn put_out_owed(
        &mut self,
        row: i64,
        owed: &[(Message, DateTime<Utc>)],
        now: DateTime<Utc>,
    ) -> Step<()> {
        let (mut first, mut count) = (None, 0);
        for (message, from) in owed {
            if let Some(seq) = self.put_out(row, message, *from)? {
                first.get_or_insert(seq);
                count += 1;
            }
        }
        if count > 0 {
            self.conn
                .prepare_cached(
                    "INSERT INTO commit_log (contact, revision, now, read_seq, first_message, messages)
                     VALUES (?1, (SELECT revision FROM state WHERE id = ?1), ?2, 0, ?3, ?4)",
                )?
                .execute(params![row, millis(now), first, count])?;
        }
        Ok(())
    }

    /// The removals that wait or have begun, and those whose outcome is not known.
    pub(super) fn open_removals(&self, row: i64) -> Step<Vec<Removal>> {
        let mut kept = Vec::new();
        for open in [
            messages!("seq, status, ready_at", "outbox", "WHERE outbox.contact = ?1 AND status <= 1"),
            messages!("seq, status, ready_at", "outbox", "WHERE outbox.contact = ?1 AND status = 4"),
        ] {
            let mut statement = self.conn.prepare_cached(open)?;
            let mut found = statement.query([row])?;
            while let Some(columns) = found.next()? {
                if message(columns).is_ok_and(|message| message.is_removal()) {
                    let (seq, status, ready_at) = (columns.get(6)?, columns.get(7)?, columns.get(8)?);
                    kept.push(Removal { seq, status, ready_at });
                }
            }
        }
        Ok(kept)
    }

    /// Gives removals back what an erasure or a merge took from every message.
    pub(super) fn reopen(&self, kept: &[Removal]) -> Step<()> {
        for Removal { seq, status, ready_at } in kept {
            self.conn
                .prepare_cached("UPDATE outbox SET status = ?2, ready_at = ?3, cancelled = 0 WHERE seq = ?1")?
                .execute(params![seq, status, ready_at])?;
        }
        Ok(())
    }
}
