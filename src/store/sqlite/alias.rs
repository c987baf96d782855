//! Addresses whose fingerprint changed with the key of the host.

use rusqlite::{OptionalExtension, params};

use super::db::Db;
use super::denials::Scope;
use super::fault::Step;
use crate::model::Fingerprint;

impl Db {
    /// Where the rows of a scope stand.
    pub(super) fn canonical(&self, scope: Scope) -> Step<Scope> {
        let Scope::Address(channel, fingerprint) = scope else { return Ok(scope) };
        let current: Option<[u8; 16]> = self
            .conn
            .prepare_cached("SELECT current FROM alias WHERE channel = ?1 AND fingerprint = ?2")?
            .query_row(params![channel, fingerprint.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(current.map_or(scope, |current| Scope::Address(channel, Fingerprint::from_bytes(current))))
    }

    /// Makes the rows of two fingerprints one; deny wins, and the epoch is above both.
    pub(super) fn rekey(&self, channel: i64, former: Fingerprint, current: Fingerprint) -> Step<()> {
        let (former, current) = (
            self.canonical(Scope::Address(channel, former))?,
            self.canonical(Scope::Address(channel, current))?,
        );
        let (Scope::Address(_, from), Scope::Address(_, to)) = (former, current) else { return Ok(()) };
        if from == to {
            return Ok(());
        }
        for sql in [
            "INSERT INTO address (channel, fingerprint, epoch, suppressed)
             SELECT channel, ?3, epoch + 1, suppressed FROM address WHERE channel = ?1 AND fingerprint = ?2
             ON CONFLICT DO UPDATE SET epoch = epoch + excluded.epoch,
               suppressed = max(suppressed, excluded.suppressed)",
            "DELETE FROM address WHERE channel = ?1 AND fingerprint = ?2 AND ?2 <> ?3",
            "INSERT INTO denial SELECT scope, ?3, contact, channel, purpose, withdrawn, granted FROM denial
             WHERE scope = ?1 AND key = ?2
             ON CONFLICT DO UPDATE SET withdrawn = max(withdrawn, excluded.withdrawn),
               granted = max(granted, excluded.granted)",
            "DELETE FROM denial WHERE scope = ?1 AND key = ?2 AND ?2 <> ?3",
            "UPDATE alias SET current = ?3 WHERE channel = ?1 AND current = ?2",
            "INSERT INTO alias (channel, fingerprint, current) VALUES (?1, ?2, ?3)",
        ] {
            self.conn.prepare_cached(sql)?.execute(params![channel, from.as_bytes(), to.as_bytes()])?;
        }
        Ok(())
    }
}
