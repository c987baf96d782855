//! Contacts whose work failed, and those that are parked for it.

use rusqlite::{OptionalExtension, params};

use super::db::Db;
use super::fault::Step;
use super::rows::int;
use crate::model::{ContactId, Name};
use crate::port::store::Lease;

impl Db {
    /// Counts a failure, unless the contact went on since the lease was given.
    pub(super) fn fail(&mut self, lease: &Lease, reason: &Name, most: u32) -> Step<Option<u32>> {
        let (row, revision) = (int(lease.row), int(lease.revision));
        if !self.holds(row, revision)? {
            return Ok(None);
        }
        let before: Option<u32> = self
            .conn
            .prepare_cached("SELECT failures FROM failing WHERE contact = ?1 AND revision = ?2")?
            .query_row([row, revision], |row| row.get(0))
            .optional()?;
        let failures = before.unwrap_or(0).saturating_add(1);
        let parked = (failures >= most).then_some(&**reason);
        self.conn
            .prepare_cached(
                "INSERT INTO failing (contact, revision, failures, parked) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (contact) DO UPDATE
                 SET revision = excluded.revision, failures = excluded.failures, parked = excluded.parked",
            )?
            .execute(params![row, revision, failures, parked])?;
        Ok(Some(failures))
    }

    pub(super) fn let_go(&mut self, contact: &ContactId) -> Step<bool> {
        let Some(found) = self.meant(contact)? else { return Ok(false) };
        let released = self
            .conn
            .prepare_cached("DELETE FROM failing WHERE contact = ?1 AND parked IS NOT NULL")?
            .execute([found.row])?;
        Ok(released > 0)
    }

    pub(super) fn parked(&self) -> Step<Vec<(ContactId, Name)>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT external, parked FROM failing JOIN contact ON contact.id = failing.contact
             WHERE parked IS NOT NULL ORDER BY external",
        )?;
        let parked = statement.query_map([], |row| {
            Ok((ContactId::from(row.get::<_, String>(0)?), Name::from(row.get::<_, String>(1)?)))
        })?;
        Ok(parked.collect::<Result<_, _>>()?)
    }
}
