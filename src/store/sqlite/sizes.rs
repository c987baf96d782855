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
        let mut statement =
            self.conn.prepare_cached("SELECT segment, size FROM segment_size WHERE size > 0")?;
        let sizes =
            statement.query_map([], |row| Ok((Name::from(row.get::<_, String>(0)?), people(row.get(1)?))))?;
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures::executor::block_on;

    use super::super::SqliteStore;
    use crate::Event;
    use crate::port::store::{Archive, Claim, Commit, Committed, Gate, Mailbox, SegmentMove};

    fn moved(store: &SqliteStore) {
        let input = Event::new("lea", "seen").into();
        block_on(store.append(&[input], TimeDelta::days(1))).unwrap();
        let claimed = block_on(store.claim(&Claim::of(1))).unwrap();
        let work = claimed.work[0].clone();
        let read_seq = work.envelopes.last().unwrap().seq;
        let mut commit = Commit::new(work.lease, claimed.catalog, read_seq, work.state.hot);
        commit.moves = vec![SegmentMove::new("active", true)];
        assert_eq!(block_on(store.commit(vec![commit])).unwrap(), [Committed::Done]);
    }

    #[test]
    fn a_size_is_found_by_its_key_however_many_people_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journeys.db")).unwrap();
        moved(&store);
        let plan = block_on(store.read("explain", |db| {
            let sql = "EXPLAIN QUERY PLAN SELECT size FROM segment_size WHERE segment = 'active'";
            Ok(db.conn.query_row(sql, [], |row| row.get::<_, String>(3))?)
        }));
        let plan = plan.unwrap();
        assert!(plan.starts_with("SEARCH segment_size USING PRIMARY KEY"), "{plan}");
    }

    #[test]
    fn a_state_that_cannot_be_read_stops_no_erasure() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journeys.db")).unwrap();
        moved(&store);
        block_on(store.write("damage", 1, |db| Ok(db.conn.execute("UPDATE state SET hot = x'00'", [])?)))
            .unwrap();
        assert!(block_on(store.erase(&"lea".into())).unwrap());
        assert_eq!(block_on(store.segment_size("active")).unwrap(), 1);
        assert!(block_on(store.contact(&"lea".into())).unwrap().unwrap().erased);
    }
}
