//! How many contacts are in each segment.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::db::Db;
use super::fault::Step;
use super::rows::{blob, hot_of};
use crate::machine::Hot;
use crate::model::Name;
use crate::store::moved::{Moved, people};

impl Db {
    /// Changes the sizes of segments: one statement each, however many contacts moved.
    pub(super) fn count(&self, moved: Moved) -> Step<()> {
        for (segment, by) in moved {
            self.conn
                .prepare_cached(
                    "INSERT INTO segment_size (segment, size) VALUES (?1, ?2)
                     ON CONFLICT (segment) DO UPDATE SET size = size + excluded.size",
                )?
                .execute(params![&*segment, by])?;
        }
        Ok(())
    }

    /// Takes a contact that is erased out of everything that it was in, while its state can still be read.
    pub(super) fn leave_segments(&self, row: i64) -> Step<()> {
        let mut moved = Moved::default();
        moved.erase(&self.stored_hot(row)?);
        self.count(moved)
    }

    fn stored_hot(&self, row: i64) -> Step<Hot> {
        let mut statement = self.conn.prepare_cached("SELECT hot FROM state WHERE id = ?1")?;
        let mut found = statement.query([row])?;
        let Some(columns) = found.next()? else { return Ok(Hot::default()) };
        Ok(hot_of(blob(columns, 0)?).unwrap_or_else(|_| {
            // It must not stop an erasure.
            tracing::error!(row, "a contact cannot be read: the sizes of its segments stay as they are");
            Hot::default()
        }))
    }

    pub(super) fn segment_sizes(&self) -> Step<BTreeMap<Name, u64>> {
        let mut statement = self.conn.prepare_cached("SELECT segment, size FROM segment_size WHERE size > 0")?;
        let sizes = statement.query_map([], |row| Ok((Name::from(row.get::<_, String>(0)?), people(row.get(1)?))))?;
        Ok(sizes.collect::<Result<_, _>>()?)
    }

    pub(super) fn segment_size(&self, segment: &str) -> Step<u64> {
        let size = self
            .conn
            .prepare_cached("SELECT size FROM segment_size WHERE segment = ?1")?
            .query_row([segment], |row| row.get(0))
            .optional()?;
        Ok(size.map_or(0, people))
    }
}
