//! The connection with what the writer remembers between requests.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Error, OptionalExtension, params};

use super::BUSY_TIMEOUT;
use super::fault::{Loss, Step};
use super::rows::{cold_of, hot_of, int, millis, uint};
use crate::machine::{Cold, Hot};
use crate::model::{ContactId, Hash, Name};
use crate::port::Clock;

/// How long cleaning up after an erasure waits for other readers.
const SCRUB_TIMEOUT: Duration = Duration::from_millis(200);

/// The connection, owned by the writer's thread.
pub(super) struct Db {
    pub(super) conn: Connection,
    pub(super) namespace: Name,
    /// As of this transaction; another process may have moved it since the last one.
    pub(super) head: Head,
    /// Whether bytes of an erased person may stand in the write-ahead log.
    pub(super) scrub: bool,
    /// Which lane a claim of an odd size begins with.
    pub(super) due_first: bool,
    /// Contacts that could not be decoded.
    pub(super) unreadable: BTreeSet<i64>,
    /// Messages that could not be decoded.
    pub(super) unreadable_messages: BTreeSet<i64>,
    clock: Arc<dyn Clock>,
    stored: Head,
    saved: Head,
    /// The latest instant given out, written or not.
    latest: Option<DateTime<Utc>>,
    terms: BTreeMap<Name, i64>,
    program: Option<(Hash, i64)>,
    /// Contacts that were decoded or committed here.
    known: RefCell<BTreeMap<i64, Known>>,
}

/// A contact as this store saw it last; whatever changes a part, in whichever process, bumps its number.
struct Known {
    epoch: u64,
    cold: Arc<Cold>,
    hot: Option<(u64, Hot)>,
}

/// The most contacts that are remembered: some 50 MB where each has ten attributes.
const MOST_KNOWN: usize = 32_768;

/// The one row that every transaction reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: u64,
    pub(super) last_seq: u64,
    pub(super) high_water: Option<DateTime<Utc>>,
}

/// A contact's row.
pub(super) struct ContactRow {
    pub(super) row: i64,
    pub(super) erased: bool,
    /// Whether it was merged into another one.
    pub(super) merged: bool,
}

impl ContactRow {
    /// From the columns `id, erased`.
    pub(super) fn of(row: i64, erased: i64) -> Result<Self, Error> {
        Ok(Self { row, erased: erased == 1, merged: erased == 2 })
    }
}

impl Db {
    pub(super) fn new(conn: Connection, clock: Arc<dyn Clock>, namespace: Name) -> Self {
        Self {
            conn,
            namespace,
            head: Head::default(),
            scrub: false,
            due_first: false,
            unreadable: BTreeSet::new(),
            unreadable_messages: BTreeSet::new(),
            clock,
            stored: Head::default(),
            saved: Head::default(),
            latest: None,
            terms: BTreeMap::new(),
            program: None,
            known: RefCell::default(),
        }
    }

    /// A contact's cold part; a claim, a take and a begin of one contact decode it once.
    pub(super) fn cold(
        &self,
        row: i64,
        epoch: u64,
        external: &str,
        column: Option<&[u8]>,
    ) -> Step<Arc<Cold>> {
        let mut known = self.known.borrow_mut();
        if let Some(known) = known.get(&row).filter(|known| known.epoch == epoch) {
            return Ok(Arc::clone(&known.cold));
        }
        let cold = Arc::new(cold_of(external, column)?);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(row, Known { epoch, cold: Arc::clone(&cold), hot: None });
        Ok(cold)
    }

    /// A contact's hot part; what this store committed last need not be decoded.
    pub(super) fn hot(&self, row: i64, revision: u64, column: Option<&[u8]>) -> Step<Hot> {
        let committed = self.known.borrow_mut().get_mut(&row).and_then(|known| known.hot.take());
        match committed {
            Some((committed, hot)) if committed == revision => Ok(hot),
            _ => hot_of(column),
        }
    }

    /// Remembers what a commit wrote.
    pub(super) fn remember(&self, row: i64, revision: u64, hot: Hot) {
        if let Some(known) = self.known.borrow_mut().get_mut(&row) {
            known.hot = Some((revision, hot));
        }
    }

    pub(super) fn begin_read(&mut self) -> Result<(), Error> {
        self.begin("BEGIN")
    }

    pub(super) fn end_read(&mut self) {
        if let Err(error) = self.execute("COMMIT") {
            tracing::warn!(%error, "a read did not end");
            self.abandon(&error);
        }
    }

    pub(super) fn begin_write(&mut self) -> Result<(), Error> {
        self.begin("BEGIN IMMEDIATE")
    }

    fn begin(&mut self, sql: &str) -> Result<(), Error> {
        // A transaction that could not be rolled back in time is rolled back now.
        if !self.conn.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        self.execute(sql)?;
        let head = self.conn.prepare_cached("SELECT revision, last_seq, high_water FROM head").and_then(
            |mut statement| {
                statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?)))
            },
        );
        let (revision, last_seq, high_water) = match head {
            Ok(head) => head,
            Err(error) => {
                self.abandon(&error);
                return Err(error);
            }
        };
        self.stored = Head {
            revision: uint(revision),
            last_seq: uint(last_seq),
            high_water: high_water.and_then(DateTime::from_timestamp_millis),
        };
        self.head = self.stored;
        self.head.high_water = self.head.high_water.max(self.latest);
        Ok(())
    }

    /// Commits, and says what became of it where it failed.
    pub(super) fn end_write(&mut self) -> Result<(), Loss> {
        if self.head != self.stored
            && let Err(error) = self.write_head()
        {
            return Err(self.abandon(&error));
        }
        if let Err(error) = self.execute("COMMIT") {
            let rolled_back = self.forget_transaction();
            return Err(if rolled_back { Loss::of_commit(&error) } else { Loss::Unknown(error.to_string()) });
        }
        if self.scrub {
            self.scrub = !self.scrub_log();
        }
        Ok(())
    }

    fn write_head(&self) -> Result<(), Error> {
        let Head { revision, last_seq, high_water } = self.head;
        self.conn
            .prepare_cached("UPDATE head SET revision = ?1, last_seq = ?2, high_water = ?3")?
            .execute(params![int(revision), int(last_seq), high_water.map(millis)])?;
        Ok(())
    }

    /// Ends a transaction that cannot go on. Nothing of it was committed, whatever the rollback says.
    pub(super) fn abandon(&mut self, error: &Error) -> Loss {
        self.forget_transaction();
        Loss::from(error)
    }

    /// Rolls back what is open and forgets what was learnt in it; false where the rollback failed.
    fn forget_transaction(&mut self) -> bool {
        self.scrub = false;
        self.forget_terms();
        // SQLite may have rolled back by itself, so this does not wait for a statement that says so.
        self.known.borrow_mut().clear();
        self.conn.is_autocommit() || self.execute("ROLLBACK").is_ok()
    }

    pub(super) fn savepoint(&mut self) -> Result<(), Error> {
        self.saved = self.head;
        self.execute("SAVEPOINT request")
    }

    pub(super) fn release(&mut self) -> Result<(), Error> {
        self.execute("RELEASE request")
    }

    pub(super) fn rollback_to_savepoint(&mut self) -> Result<(), Error> {
        self.head = self.saved;
        self.forget_terms();
        self.execute("ROLLBACK TO request")?;
        self.release()
    }

    /// Takes erased bytes out of the write-ahead log, as far as other readers let it.
    pub(super) fn scrub_log(&self) -> bool {
        self.conn.busy_timeout(SCRUB_TIMEOUT).ok();
        // A checkpoint that others keep from finishing says so in its first column and is no error.
        let done = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match &done {
            Ok(0) => {}
            Ok(_) => tracing::warn!("others read: the log is truncated after an erasure by the next write"),
            Err(error) => tracing::warn!(%error, "the log could not be truncated after an erasure"),
        }
        self.conn.busy_timeout(BUSY_TIMEOUT).ok();
        matches!(done, Ok(0))
    }

    /// Forgets what was decoded of a contact.
    pub(super) fn forget(&self, row: i64) {
        self.known.borrow_mut().remove(&row);
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        if sql.starts_with("ROLLBACK") {
            // What was read inside may never have been.
            self.known.borrow_mut().clear();
        }
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// The instant, by a clock that never goes back.
    pub(super) fn now(&mut self) -> DateTime<Utc> {
        let now = crate::model::truncate(self.clock.now());
        let now = self.head.high_water.map_or(now, |latest| now.max(latest));
        self.head.high_water = Some(now);
        self.latest = self.latest.max(Some(now));
        now
    }

    pub(super) fn find(&self, contact: &ContactId) -> Step<Option<ContactRow>> {
        let found = self
            .conn
            .prepare_cached("SELECT id, erased FROM contact WHERE external = ?1")?
            .query_row([contact.as_str()], |row| ContactRow::of(row.get(0)?, row.get(1)?))
            .optional()?;
        Ok(found)
    }

    /// The row of a contact, made where it is unknown.
    pub(super) fn find_or_make(&self, contact: &ContactId) -> Step<ContactRow> {
        if let Some(found) = self.find(contact)? {
            return Ok(found);
        }
        self.conn
            .prepare_cached("INSERT INTO contact (external, shard) VALUES (?1, ?2)")?
            .execute(params![contact.as_str(), shard(contact)])?;
        let row = self.conn.last_insert_rowid();
        let hot = super::rows::fresh_hot()?;
        self.conn
            .prepare_cached("INSERT INTO state (id, hot) VALUES (?1, ?2)")?
            .execute(params![row, hot])?;
        Ok(ContactRow { row, erased: false, merged: false })
    }

    /// The number of a name, made where it is new. Numbers never change, so another process cannot make it wrong.
    pub(super) fn term(&mut self, word: &str) -> Step<i64> {
        if let Some(term) = self.known_term(word)? {
            return Ok(term);
        }
        self.conn.prepare_cached("INSERT INTO term (word) VALUES (?1)")?.execute([word])?;
        let term = self.conn.last_insert_rowid();
        self.terms.insert(word.into(), term);
        Ok(term)
    }

    /// The number of a name, where it has one.
    pub(super) fn known_term(&mut self, word: &str) -> Step<Option<i64>> {
        if let Some(term) = self.terms.get(word) {
            return Ok(Some(*term));
        }
        let found: Option<i64> = self
            .conn
            .prepare_cached("SELECT id FROM term WHERE word = ?1")?
            .query_row([word], |row| row.get(0))
            .optional()?;
        if let Some(term) = found {
            self.terms.insert(word.into(), term);
        }
        Ok(found)
    }

    /// The number of a program's hash.
    pub(super) fn program(&mut self, hash: Hash) -> Step<i64> {
        if let Some((_, term)) = self.program.filter(|(known, _)| *known == hash) {
            return Ok(term);
        }
        let found: Option<i64> = self
            .conn
            .prepare_cached("SELECT id FROM term WHERE word = ?1")?
            .query_row([hash.as_bytes()], |row| row.get(0))
            .optional()?;
        let term = match found {
            Some(term) => term,
            None => {
                self.conn
                    .prepare_cached("INSERT INTO term (word) VALUES (?1)")?
                    .execute([hash.as_bytes()])?;
                self.conn.last_insert_rowid()
            }
        };
        self.program = Some((hash, term));
        Ok(term)
    }

    /// What was learnt in a transaction that is rolled back may not exist.
    fn forget_terms(&mut self) {
        self.terms.clear();
        self.program = None;
    }
}

/// A stable number from 0 to 1,023 that a host may split a store by.
fn shard(contact: &ContactId) -> i64 {
    let hash = blake3::hash(contact.as_str().as_bytes());
    let [low, high, ..] = *hash.as_bytes();
    i64::from(u16::from_le_bytes([low, high]) & 1_023)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemClock;

    /// A COMMIT that fails can roll back by itself; then no ROLLBACK is said, and what was learnt must go all the same.
    #[test]
    fn a_transaction_that_rolled_back_by_itself_leaves_nothing_remembered() {
        let conn = Connection::open_in_memory().unwrap();
        let mut db = Db::new(conn, Arc::new(SystemClock), "default".into());
        db.cold(1, 7, "phantom", None).unwrap();
        db.remember(1, 3, Hot { now: DateTime::<Utc>::MAX_UTC, ..Hot::default() });
        assert_eq!(
            db.cold(1, 7, "real", None).unwrap().contact.id.as_str(),
            "phantom",
            "nothing is remembered at all"
        );
        assert!(db.conn.is_autocommit());
        db.abandon(&Error::InvalidQuery);
        assert_eq!(db.cold(1, 7, "real", None).unwrap().contact.id.as_str(), "real");
        assert_eq!(db.hot(1, 3, None).unwrap(), Hot::default());
    }
}
