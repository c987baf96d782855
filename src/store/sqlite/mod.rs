//! The store in one SQLite file.
//!
//! One thread owns the connection. Calls put their work into its queue and await the answer, so no runtime is needed and
//! a dropped future stops nothing. What waits together is committed together, each call in a savepoint of its own; what
//! forbids (a withdrawal, a suppression, an erasure, a pause) goes ahead of all else.
//!
//! A claim is a plain read: two workers, of one process or of several, may be handed the same contact, and the revision
//! in the lease lets one of their commits through.

mod alias;
mod archive;
mod aside;
mod catalog;
mod compact;
mod db;
mod denials;
mod failing;
mod fault;
mod gate;
mod mailbox;
mod merge;
mod open;
mod outbox;
mod queue;
mod rows;
mod said;
mod sharing;
mod sizes;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use db::Db;
use fault::{Loss, Step};
pub use open::{Durability, SqliteStoreBuilder};
use queue::Queue;
use writer::Request;

use crate::error::StoreError;
use crate::port::Clock;
use crate::port::store::Result;

/// How long SQLite waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in one SQLite file, which standard tools can read and which several processes may open.
///
/// Clones share the one writer; it ends, having finished what waits, when the last clone is dropped.
///
/// ```
/// use journeyman::store::SqliteStore;
/// let folder = tempfile::tempdir()?;
/// let store = SqliteStore::open(folder.path().join("journeys.db"))?;
/// let another = store.clone();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    handle: Arc<Handle>,
}

struct Handle {
    queue: Arc<Queue<Request>>,
    clock: Arc<dyn Clock>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteStore {
    /// Opens a file with the settings of [`SqliteStore::builder`], or makes it.
    ///
    /// # Errors
    /// As [`SqliteStoreBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder(path).open()
    }

    /// Begins the settings of a store.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.as_ref())
    }

    fn start(db: Db, clock: Arc<dyn Clock>) -> Result<Self> {
        let queue = Arc::new(Queue::new());
        let waiting = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("journeyman-sqlite".to_owned())
            .spawn(move || writer::run(db, waiting))
            .map_err(|error| StoreError::Unavailable {
                operation: "start its writer",
                reason: error.to_string(),
            })?;
        Ok(Self { handle: Arc::new(Handle { queue, clock, thread: Mutex::new(Some(thread)) }) })
    }

    /// Reads, in a transaction of its own.
    async fn read<T, F>(&self, operation: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Step<T> + Send + 'static,
    {
        self.ask(operation, Lane { urgent: false, writes: false, weight: 0 }, work).await
    }

    /// Writes about `weight` rows, together with whatever else waits.
    async fn write<T, F>(&self, operation: &'static str, weight: usize, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Step<T> + Send + 'static,
    {
        self.ask(operation, Lane { urgent: false, writes: true, weight }, work).await
    }

    /// Writes ahead of everything that is not urgent.
    async fn forbid<T, F>(&self, operation: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Step<T> + Send + 'static,
    {
        self.ask(operation, Lane { urgent: true, writes: true, weight: 1 }, work).await
    }

    async fn ask<T, F>(&self, operation: &'static str, lane: Lane, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Step<T> + Send + 'static,
    {
        let (call, answer) = writer::call(operation, work);
        let Lane { urgent, writes, weight } = lane;
        let request = Request { urgent, writes, weight, call };
        let gone = || "its writer has ended".to_owned();
        if self.handle.queue.push(request, urgent).await.is_err() {
            return Err(Loss::Unavailable(gone()).of(operation));
        }
        match answer.await {
            Ok(result) => result,
            // The writer broke after it had begun: a read is lost, a write may stand.
            Err(_) if writes => Err(Loss::Unknown(gone()).of(operation)),
            Err(_) => Err(Loss::Unavailable(gone()).of(operation)),
        }
    }
}

/// How a request goes through the queue.
struct Lane {
    urgent: bool,
    writes: bool,
    weight: usize,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // An answer can wake and drop the last owner on the writer's own thread, which cannot wait for itself.
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            thread.join().ok();
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures::executor::block_on;

    use super::*;
    use crate::Event;
    use crate::port::Mailbox;

    fn append(store: &SqliteStore) -> Result<()> {
        block_on(store.append(&[Event::new("lea", "seen").into()], TimeDelta::days(1))).map(drop)
    }

    #[test]
    fn a_store_that_may_only_be_read_says_so_and_still_reads() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journeys.db")).unwrap();
        append(&store).unwrap();
        let close = |db: &mut Db| Ok(db.conn.pragma_update(None, "query_only", true)?);
        block_on(store.read("close", close)).unwrap();
        assert!(matches!(append(&store), Err(StoreError::ReadOnly { .. })));
        assert!(block_on(store.next_due(&[])).unwrap().is_some());
    }

    #[test]
    fn a_writer_that_is_gone_leaves_one_outcome_unknown_and_refuses_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journeys.db");
        let store = SqliteStore::open(&path).unwrap();
        let broken: Result<()> = block_on(store.write("break", 1, |_| panic!("as a test asks")));
        assert!(matches!(broken, Err(StoreError::Unknown { .. })));
        assert!(matches!(append(&store), Err(StoreError::Unavailable { .. })));
        append(&SqliteStore::open(&path).unwrap()).unwrap();
    }

    /// SQLite answers some statements of a full file by ending the transaction, savepoints and all.
    #[test]
    fn a_group_that_meets_a_full_file_is_told_so_in_every_member() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journeys.db")).unwrap();
        append(&store).unwrap();
        block_on(async {
            // The writer is kept busy until all of them wait, so that they are one group.
            let (go, wait) = std::sync::mpsc::channel();
            let busy = store.read("hold", move |db| {
                let pages: i64 = db.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                db.conn.pragma_update(None, "max_page_count", pages)?;
                wait.recv().ok();
                Ok(())
            });
            let small = |id: &str| {
                let event = Event::new("lea", "seen").id(id);
                let store = store.clone();
                async move { store.append(&[event.into()], TimeDelta::days(1)).await.map(drop) }
            };
            let big = store.write("grow", 1, |db| {
                db.conn.execute("INSERT INTO meta VALUES ('big', ?1)", ["x".repeat(100_000)])?;
                Ok(())
            });
            let start = async { go.send(()).ok() };
            let (_, one, grown, two, _) = futures::join!(busy, small("one"), big, small("two"), start);
            for (member, result) in [("one", one), ("big", grown)] {
                assert!(matches!(result, Err(StoreError::Full { .. })), "{member}: {result:?}");
            }
            // It came after the group that was lost, and fits.
            two.unwrap();
        });
        append(&store).unwrap();
    }

    #[test]
    fn two_processes_wait_for_each_other_and_the_loser_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journeys.db");
        let store = SqliteStore::open(&path).unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        block_on(store.read("hurry", |db| Ok(db.conn.busy_timeout(Duration::from_millis(1))?))).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(matches!(append(&store), Err(StoreError::Busy { .. })));
        other.execute_batch("ROLLBACK").unwrap();
        append(&store).unwrap();
    }
}
