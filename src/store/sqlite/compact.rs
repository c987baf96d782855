//! Writing the file anew, so that nothing is left in it but what can be read.

use super::SqliteStore;
use super::db::Db;
use super::fault::Step;
use crate::port::store::Result;

impl SqliteStore {
    /// Writes the whole file anew: what was deleted is nowhere in it or in its log afterwards, and its size is that of what is
    /// kept. False where another process reads the old log, which then goes with the next write.
    ///
    /// An erasure overwrites the rows of a person and empties the log at once. Yet SQLite leaves copies of rows in the unused
    /// room of pages that it had split while the file grew, which nothing reads and a later row covers at some time. Whoever
    /// must be able to say that no byte is left calls this once after the erasures of a day.
    ///
    /// Nothing else is answered meanwhile (seconds for each gigabyte), and the disk needs room for the file twice more.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::error::StoreError::Busy) where another process writes,
    /// [`StoreError::Full`](crate::error::StoreError::Full) where the room is missing, and the file is as before.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use journeyman::store::SqliteStore;
    /// use journeyman::{Contact, Engine};
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("journeys.db"))?;
    /// let engine = Engine::builder(std::sync::Arc::new(store.clone())).build();
    /// engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    /// engine.erase(&"lea".into()).await?;
    /// assert!(store.compact().await?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn compact(&self) -> Result<bool> {
        self.read("write its file anew", Db::compact).await
    }
}

impl Db {
    fn compact(&mut self) -> Step<bool> {
        // A file is written anew outside of transactions; the writer opened one to read, and ends one.
        self.conn.execute_batch("COMMIT; PRAGMA temp_store = FILE;")?;
        let done = self.conn.execute_batch("VACUUM");
        self.conn.execute_batch("PRAGMA temp_store = MEMORY;")?;
        let emptied = done.is_ok() && self.scrub_log();
        self.scrub |= !emptied;
        self.conn.execute_batch("BEGIN")?;
        done?;
        Ok(emptied)
    }
}
