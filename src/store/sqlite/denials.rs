//! The rows of the gate: epochs, suppressions, pauses and denials.

use std::collections::BTreeSet;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension, Row, params};

use super::db::Db;
use super::fault::Step;
use super::rows::{int, text, uint};
use crate::machine::Lift;
use crate::model::{ContactId, Fingerprint, Name};
use crate::store::denial::{self, Denial};

/// The kinds of `switch` rows.
pub(super) const JOURNEY: i64 = 0;
pub(super) const CHANNEL: i64 = 1;

/// Whom a denial concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One contact, by its row.
    Contact(i64),
    /// Whoever has an address, by the channel's term.
    Address(i64, Fingerprint),
}

impl Scope {
    fn columns(self) -> (i64, Value) {
        match self {
            Self::Contact(row) => (0, Value::Integer(row)),
            Self::Address(channel, fingerprint) => (channel, Value::Blob(fingerprint.as_bytes().to_vec())),
        }
    }

    /// From the columns `scope, key`; `None` where they are damaged.
    fn of(row: &Row<'_>) -> Step<Option<Self>> {
        let channel: i64 = row.get(0)?;
        Ok(match row.get_ref(1)? {
            ValueRef::Integer(contact) => Some(Self::Contact(contact)),
            ValueRef::Blob(bytes) => {
                bytes.try_into().ok().map(|bytes| Self::Address(channel, Fingerprint::from_bytes(bytes)))
            }
            _ => None,
        })
    }
}

impl Db {
    /// Epoch and suppression of an address.
    pub(super) fn address_gate(&self, address: Scope) -> Step<(u64, bool)> {
        let (channel, fingerprint) = self.canonical(address)?.columns();
        let found: Option<(i64, bool)> = self
            .conn
            .prepare_cached("SELECT epoch, suppressed FROM address WHERE channel = ?1 AND fingerprint = ?2")?
            .query_row(params![channel, fingerprint], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.map_or((0, false), |(epoch, suppressed)| (uint(epoch), suppressed)))
    }

    /// Bumps the epoch of an address, and suppresses it where asked.
    pub(super) fn bump_address(&self, address: Scope, suppress: bool) -> Step<()> {
        let (channel, fingerprint) = self.canonical(address)?.columns();
        self.conn
            .prepare_cached(
                "INSERT INTO address (channel, fingerprint, epoch, suppressed) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT DO UPDATE SET epoch = epoch + 1, suppressed = max(suppressed, excluded.suppressed)",
            )?
            .execute(params![channel, fingerprint, suppress])?;
        Ok(())
    }

    /// Epoch of a journey or a channel, and whether it is paused.
    pub(super) fn switch(&self, kind: i64, term: i64) -> Step<(u64, bool)> {
        let found: Option<(i64, bool)> = self
            .conn
            .prepare_cached("SELECT epoch, paused FROM switch WHERE kind = ?1 AND term = ?2")?
            .query_row([kind, term], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.map_or((0, false), |(epoch, paused)| (uint(epoch), paused)))
    }

    /// Everything that is paused, as kind and term.
    pub(super) fn held(&self) -> Step<BTreeSet<(i64, i64)>> {
        let mut statement = self.conn.prepare_cached("SELECT kind, term FROM switch WHERE paused = 1")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The denials of one scope.
    pub(super) fn denials(&self, scope: Scope) -> Step<Vec<Denial>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT contact.external, channel.word, purpose.word, withdrawn, granted FROM denial
             JOIN contact ON contact.id = denial.contact
             LEFT JOIN term AS channel ON channel.id = denial.channel
             LEFT JOIN term AS purpose ON purpose.id = denial.purpose
             WHERE denial.scope = ?1 AND denial.key = ?2",
        )?;
        let (scope, key) = self.canonical(scope)?.columns();
        let mut found = statement.query(params![scope, key])?;
        let mut denials = Vec::new();
        while let Some(row) = found.next()? {
            denials.push(Denial {
                by: ContactId::from(text(row, 0)?),
                channel: row.get::<_, Option<String>>(1)?.map(Name::from),
                purpose: row.get::<_, Option<String>>(2)?.map(Name::from),
                withdrawn: uint(row.get(3)?),
                granted: uint(row.get(4)?),
            });
        }
        Ok(denials)
    }

    /// Changes the denials of one scope; a change concerns rows of `contact` alone.
    pub(super) fn change_denials(
        &mut self,
        scope: Scope,
        row: i64,
        contact: &ContactId,
        change: impl FnOnce(&mut Vec<Denial>),
    ) -> Step<()> {
        let mut denials = self.denials(scope)?;
        change(&mut denials);
        let (scope, key) = self.canonical(scope)?.columns();
        for denial in denials.iter().filter(|denial| denial.by == *contact) {
            let channel = self.optional_term(denial.channel.as_ref())?;
            let purpose = self.optional_term(denial.purpose.as_ref())?;
            self.conn
                .prepare_cached("INSERT OR REPLACE INTO denial VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute(params![
                    scope,
                    key,
                    row,
                    channel,
                    purpose,
                    int(denial.withdrawn),
                    int(denial.granted)
                ])?;
        }
        Ok(())
    }

    fn optional_term(&mut self, word: Option<&Name>) -> Step<i64> {
        word.map_or(Ok(0), |word| self.term(word))
    }

    /// Ends denials of a contact, for itself and for every address that it had when it withdrew.
    ///
    /// What was merged into the contact withdrew in its name too.
    pub(super) fn lift(&mut self, row: i64, lifts: &[Lift]) -> Step<()> {
        for row in self.aliases(row)?.into_iter().chain([row]) {
            self.lift_own(row, lifts)?;
        }
        Ok(())
    }

    fn lift_own(&mut self, row: i64, lifts: &[Lift]) -> Step<()> {
        let scopes = self.scopes_denied_by(row)?;
        if scopes.is_empty() {
            return Ok(());
        }
        let contact: String = self
            .conn
            .prepare_cached("SELECT external FROM contact WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        let contact = ContactId::from(contact);
        let meant_in = |lift: &Lift, scope: Scope| -> Step<bool> {
            let (Scope::Address(channel, _), Some(address)) = (scope, lift.address) else { return Ok(true) };
            Ok(self.canonical(Scope::Address(channel, address))? == scope)
        };
        let mut meant = Vec::new();
        for scope in scopes {
            for lift in lifts {
                if meant_in(lift, scope)? {
                    meant.push((scope, lift));
                }
            }
        }
        for (scope, lift) in meant {
            self.change_denials(scope, row, &contact, |denials| {
                denial::lift(denials, &contact, &lift.channel, &lift.purpose, lift.seq);
            })?;
        }
        Ok(())
    }

    fn scopes_denied_by(&self, row: i64) -> Step<Vec<Scope>> {
        let mut statement =
            self.conn.prepare_cached("SELECT DISTINCT scope, key FROM denial WHERE contact = ?1")?;
        let mut found = statement.query([row])?;
        let mut scopes = Vec::new();
        while let Some(row) = found.next()? {
            scopes.extend(Scope::of(row)?);
        }
        Ok(scopes)
    }
}
