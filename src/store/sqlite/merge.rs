//! Two contacts that turn out to be one person.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::db::{ContactRow, Db};
use super::denials::Scope;
use super::fault::Step;
use super::rows::{blob, int, millis, state_of};
use super::sharing::called_in;
use crate::error::StoreError;
use crate::machine::{Absorb, ContactState, InputKind};
use crate::model::{ContactId, InputId, MergeRefusal};
use crate::port::store::{Merging, Receipt};
use crate::store::codec::encode;
use crate::store::denial::Denial;

impl Db {
    /// The contact that an id means: itself, or the one that it was merged into.
    pub(super) fn meant(&self, contact: &ContactId) -> Step<Option<ContactRow>> {
        match self.find(contact)? {
            Some(found) if found.merged => self.heir_of(&found).map(Some),
            found => Ok(found),
        }
    }

    /// The contact that goes on for one that was merged.
    pub(super) fn heir_of(&self, found: &ContactRow) -> Step<ContactRow> {
        let heir = self
            .conn
            .prepare_cached(
                "SELECT contact.id, erased FROM merged JOIN contact ON contact.id = winner WHERE loser = ?1",
            )?
            .query_row([found.row], |row| ContactRow::of(row.get(0)?, row.get(1)?))
            .optional()?;
        let missing =
            || StoreError::Corrupt { row: "contact", reason: "it was merged into nobody".to_owned() };
        Ok(heir.ok_or_else(missing)?)
    }

    /// The row whose mailbox hears of a contact.
    pub(super) fn heir(&self, row: i64) -> Step<i64> {
        let heir = self
            .conn
            .prepare_cached("SELECT winner FROM merged WHERE loser = ?1")?
            .query_row([row], |row| row.get(0))
            .optional()?;
        Ok(heir.unwrap_or(row))
    }

    /// What was merged into a contact, straight or by others.
    pub(super) fn aliases(&self, row: i64) -> Step<Vec<i64>> {
        let mut statement =
            self.conn.prepare_cached("SELECT loser FROM merged WHERE winner = ?1 ORDER BY loser")?;
        let aliases = statement.query_map([row], |row| row.get(0))?;
        Ok(aliases.collect::<Result<_, _>>()?)
    }

    pub(super) fn external(&self, row: i64) -> Step<ContactId> {
        let external: String = self
            .conn
            .prepare_cached("SELECT external FROM contact WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        Ok(ContactId::from(external))
    }

    /// Whether nobody knows yet what a contact allows together with what was merged into it.
    pub(super) fn is_open(&self, row: i64) -> Step<bool> {
        let mut statement = self.conn.prepare_cached(
            "SELECT 1 FROM merged JOIN state ON state.id = winner WHERE winner = ?1 AND place > read_seq",
        )?;
        Ok(statement.exists([row])?)
    }

    /// The contacts of which nobody knows that yet.
    pub(super) fn open_contacts(&self) -> Step<BTreeSet<i64>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT DISTINCT winner FROM merged CROSS JOIN state ON state.id = winner WHERE place > read_seq",
        )?;
        let open = statement.query_map([], |row| row.get(0))?;
        Ok(open.collect::<Result<_, _>>()?)
    }

    /// Whether an input that is told under an alias was told before that was one.
    pub(super) fn was_told(&self, row: i64, id: Option<InputId>) -> Step<bool> {
        let Some(id) = id else { return Ok(false) };
        let mut statement = self.conn.prepare_cached(
            "SELECT 1 FROM merged JOIN input ON input.contact = loser WHERE winner = ?1 AND input.id = ?2",
        )?;
        Ok(statement.exists(params![row, id.as_bytes()])?)
    }

    pub(super) fn merge(
        &mut self,
        loser: &ContactId,
        winner: &ContactId,
        now: DateTime<Utc>,
    ) -> Step<Merging> {
        let Some(own) = self.find(loser)? else { return Ok(Merging::Unknown(loser.clone())) };
        let Some(named) = self.find(winner)? else { return Ok(Merging::Unknown(winner.clone())) };
        let heir = if named.merged { self.heir_of(&named)?.row } else { named.row };
        let into = if own.merged { Some(self.heir_of(&own)?) } else { None };
        if own.erased || into.as_ref().is_some_and(|into| into.erased) {
            return Ok(Merging::Erased(loser.clone()));
        }
        if self.erased_at(heir)? {
            return Ok(Merging::Erased(winner.clone()));
        }
        if own.row == named.row {
            return Ok(Merging::Refused(MergeRefusal::Itself));
        }
        if heir == own.row {
            return Ok(Merging::Refused(MergeRefusal::Circle));
        }
        if let Some(into) = into {
            return Ok(match into.row == heir {
                true => Merging::Already,
                false => Merging::Refused(MergeRefusal::Elsewhere(self.external(into.row)?)),
            });
        }
        let mut unread = self.conn.prepare_cached("SELECT 1 FROM unread WHERE contact = ?1")?;
        if unread.exists([own.row])? {
            return Ok(Merging::Refused(MergeRefusal::Unread));
        }
        drop(unread);
        let left = self.close(own.row, loser, now)?;
        self.inherit(own.row, loser, heir, left, now)?;
        Ok(Merging::Done)
    }

    fn erased_at(&self, row: i64) -> Step<bool> {
        let mut statement = self.conn.prepare_cached("SELECT 1 FROM contact WHERE id = ?1 AND erased = 1")?;
        Ok(statement.exists([row])?)
    }

    /// Ends a contact, and answers what it leaves.
    fn close(&mut self, row: i64, loser: &ContactId, now: DateTime<Utc>) -> Step<Absorb> {
        let (state, revision, read_seq) = self.standing_state(row, loser)?;
        let denied = self.denials(Scope::Contact(row))?.iter().map(Denial::row).collect();
        let called = self.called(&state.cold)?;
        let left = Absorb::of(&state, denied).called(|export| called_in(&called, export));
        let kept = self.open_removals(row)?;
        self.leave_segments(row)?;
        let (state, steps) = state.merged(now);
        self.conn
            .prepare_cached(
                "UPDATE state SET revision = revision + 1, due_at = NULL, hot = ?2 WHERE id = ?1",
            )?
            .execute(params![row, encode("state", &state.hot)?])?;
        for sql in [
            "UPDATE contact SET erased = 2, epoch = epoch + 1 WHERE id = ?1",
            "DELETE FROM failing WHERE contact = ?1",
            "UPDATE outbox SET status = 5, ready_at = NULL WHERE contact = ?1 AND status = 0 AND status <= 1",
            "UPDATE outbox SET cancelled = 1 WHERE contact = ?1 AND status = 1 AND status <= 1",
            "UPDATE outbox SET cancelled = 1 WHERE contact = ?1 AND status = 4",
        ] {
            self.conn.prepare_cached(sql)?.execute([row])?;
        }
        self.reopen(&kept)?;
        if !steps.is_empty() {
            // No program ran: the runs ended by the merge alone.
            self.conn
                .prepare_cached(
                    "INSERT INTO commit_log (contact, revision, now, read_seq, messages, steps)
                     VALUES (?1, ?2, ?3, ?4, 0, ?5)",
                )?
                .execute(params![row, revision + 1, millis(now), read_seq, encode("step", &steps)?])?;
        }
        self.forget(row);
        Ok(left)
    }

    fn standing_state(&self, row: i64, contact: &ContactId) -> Step<(ContactState, i64, i64)> {
        let mut statement = self.conn.prepare_cached(
            "SELECT cold, hot, revision, read_seq FROM contact JOIN state ON state.id = contact.id WHERE contact.id = ?1",
        )?;
        let mut found = statement.query([row])?;
        let missing = || StoreError::Corrupt { row: "contact", reason: "it is missing".to_owned() };
        let columns = found.next()?.ok_or_else(missing)?;
        let state = state_of(contact.as_str(), blob(columns, 0)?, blob(columns, 1)?)?;
        Ok((state, columns.get(2)?, columns.get(3)?))
    }

    /// Gives a contact what another one leaves, and closes it until that was read.
    fn inherit(
        &mut self,
        row: i64,
        loser: &ContactId,
        heir: i64,
        left: Absorb,
        now: DateTime<Utc>,
    ) -> Step<()> {
        self.conn.prepare_cached("UPDATE contact SET epoch = epoch + 1 WHERE id = ?1")?.execute([heir])?;
        self.conn
            .prepare_cached(
                "INSERT INTO denial SELECT scope, ?2, contact, channel, purpose, withdrawn, granted FROM denial
                 WHERE scope = 0 AND key = ?1
                 ON CONFLICT DO UPDATE SET withdrawn = max(withdrawn, excluded.withdrawn),
                   granted = max(granted, excluded.granted)",
            )?
            .execute([row, heir])?;
        let id = InputId::from_merge(loser);
        let winner = self.external(heir)?;
        let place = match self.deliver(heir, &winner, Some(id), &InputKind::Absorb(Box::new(left)), now)? {
            Receipt::Kept { seq, .. } => seq,
            _ => self.head.last_seq,
        };
        self.conn
            .prepare_cached("UPDATE merged SET winner = ?2, place = ?3 WHERE winner = ?1")?
            .execute(params![row, heir, int(place)])?;
        self.conn
            .prepare_cached("INSERT INTO merged (loser, winner, place) VALUES (?1, ?2, ?3)")?
            .execute(params![row, heir, int(place)])?;
        Ok(())
    }

    /// The ids of what was merged into a contact.
    pub(super) fn alias_ids(&self, contact: &ContactId) -> Step<Vec<ContactId>> {
        let Some(found) = self.find(contact)? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare_cached(
            "SELECT external FROM merged JOIN contact ON contact.id = loser WHERE winner = ?1 ORDER BY external",
        )?;
        let ids = statement.query_map([found.row], |row| Ok(ContactId::from(row.get::<_, String>(0)?)))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Whom a contact was merged into.
    pub(super) fn alias_of(&self, contact: &ContactId) -> Step<Option<ContactId>> {
        let Some(found) = self.find(contact)? else { return Ok(None) };
        let heir = self.heir(found.row)?;
        if heir == found.row { Ok(None) } else { self.external(heir).map(Some) }
    }
}
