//! Opening a file: whose it is, which schema it has, how it is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::db::Db;
use super::fault::Step;
use super::{BUSY_TIMEOUT, SqliteStore};
use crate::error::StoreError;
use crate::model::Name;
use crate::port::{Clock, SystemClock};

/// `JNYM`, in the header of every file of ours.
const APPLICATION_ID: i64 = 0x4A4E_594D;

/// One step per schema version, from 1; a released step never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
];

const OPEN: &str = "open its file";

/// What survives the loss of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Everything that was acknowledged. One disk flush per group of requests.
    #[default]
    Full,
    /// Everything but the last commits: the file stays whole, a message that was sent may be forgotten and sent again.
    /// A crash of the process alone loses nothing.
    Relaxed,
}

/// Settings of a [`SqliteStore`].
#[derive(Clone)]
#[must_use]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    durability: Durability,
    namespace: Option<Name>,
    most_pages: Option<u32>,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            clock: Arc::new(SystemClock),
            durability: Durability::default(),
            namespace: None,
            most_pages: None,
        }
    }

    /// Sets the clock; the system's unless said.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets what survives the loss of power; everything unless said.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets what goes into every derived id: kept in the file when it is made, `default` unless said, and compared when
    /// it is opened again.
    pub fn namespace(mut self, namespace: impl Into<Name>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Caps the size of the file, in pages of 4 KiB; beyond it calls fail with [`StoreError::Full`] and change nothing.
    pub fn most_pages(mut self, pages: u32) -> Self {
        self.most_pages = Some(pages);
        self
    }

    /// Opens the file, or makes it, and starts the thread that writes it.
    ///
    /// # Errors
    /// [`StoreError::NotAStore`] for another program's file or another namespace, [`StoreError::NewerSchema`] for a file
    /// of a later version, [`StoreError::ReadOnly`], [`StoreError::Busy`] and [`StoreError::Full`] where the file cannot
    /// be written, [`StoreError::Unavailable`] where it cannot be opened.
    pub fn open(self) -> Result<SqliteStore, StoreError> {
        let (conn, namespace) = self.connect().map_err(|fault| fault.of(OPEN))?;
        let db = Db::new(conn, Arc::clone(&self.clock), namespace);
        SqliteStore::start(db, self.clock)
    }

    fn connect(&self) -> Step<(Connection, Name)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        // Nothing is written before it is known that the file is ours.
        schema_of(&conn)?;
        if conn.is_readonly(rusqlite::MAIN_DB)? {
            return Err(StoreError::ReadOnly { operation: OPEN }.into());
        }
        self.configure(&conn)?;
        self.migrate(&mut conn)?;
        let namespace = self.namespace_of(&conn)?;
        Ok((conn, namespace))
    }

    fn configure(&self, conn: &Connection) -> Step<()> {
        conn.execute_batch("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;")?;
        let synchronous = match self.durability {
            Durability::Full => "FULL",
            Durability::Relaxed => "NORMAL",
        };
        conn.pragma_update(None, "synchronous", synchronous)?;
        conn.execute_batch(
            "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16000; PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON;",
        )?;
        if let Some(pages) = self.most_pages {
            conn.pragma_update(None, "max_page_count", pages)?;
        }
        // Without it SQLite plans a statement anew for each value of its `LIMIT ?`.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.set_prepared_statement_cache_capacity(128);
        Ok(())
    }

    /// Brings the file to the newest schema in one transaction; another process may have done so in the meantime.
    fn migrate(&self, conn: &mut Connection) -> Step<()> {
        if schema_of(conn)? == MIGRATIONS.len() {
            return Ok(());
        }
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = schema_of(&transaction)?;
        for step in MIGRATIONS.iter().skip(found) {
            transaction.execute_batch(step)?;
        }
        if found == 0 {
            let namespace = self.namespace.as_deref().unwrap_or("default");
            transaction.execute("INSERT INTO meta VALUES ('namespace', ?1)", [namespace])?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
        transaction.commit()?;
        Ok(())
    }

    /// The namespace of the file, where it is the one that was asked for.
    fn namespace_of(&self, conn: &Connection) -> Step<Name> {
        let found: String =
            conn.query_row("SELECT value FROM meta WHERE key = 'namespace'", [], |row| row.get(0))?;
        match &self.namespace {
            Some(wanted) if **wanted != *found => {
                let reason = format!("its namespace is {found:?}, and {wanted:?} was asked for");
                Err(StoreError::NotAStore { reason }.into())
            }
            _ => Ok(found.into()),
        }
    }
}

/// The schema version of a file of ours; 0 for an empty one.
fn schema_of(conn: &Connection) -> Step<usize> {
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match application {
        APPLICATION_ID => {}
        0 if version == 0 && tables == 0 => return Ok(0),
        _ => {
            let reason = "the file is a database of another program".to_owned();
            return Err(StoreError::NotAStore { reason }.into());
        }
    }
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    let supported = MIGRATIONS.len() as u32;
    if found > supported {
        return Err(StoreError::NewerSchema { found, supported }.into());
    }
    Ok(found as usize)
}
