//! Places in a SQLite file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::model::Name;
use crate::port::{Quota, Reservation, Reserved};

/// How long SQLite waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `freed_at` is absent where the place is confirmed.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS journeyman_place (
    offer TEXT NOT NULL, key TEXT NOT NULL, freed_at INTEGER, PRIMARY KEY (offer, key)
) WITHOUT ROWID, STRICT";

/// Counts places in one table of a SQLite file: its own, or one of the host's databases. Several processes may share it.
///
/// Each call is one transaction, on the thread that polls it: some hundred microseconds and the flush of the disk, and as
/// long as five seconds where another process holds the file. Clones share the connection.
///
/// ```
/// use journeyman::quota::SqliteQuota;
/// let folder = tempfile::tempdir()?;
/// let quota = SqliteQuota::open("places", folder.path().join("places.db"))?.offer("masterclass", 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SqliteQuota {
    name: Name,
    most: BTreeMap<Name, u64>,
    connection: Arc<Mutex<Connection>>,
}

impl SqliteQuota {
    /// Opens a file, or makes it, and adds the table where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be opened, [`StoreError::NotAStore`] where it is no database,
    /// [`StoreError::Busy`], [`StoreError::Full`] and [`StoreError::ReadOnly`] where it cannot be written.
    pub fn open(name: impl Into<Name>, path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| failure("open the file of its places", &error))?;
        Ok(Self { name: name.into(), most: BTreeMap::new(), connection: Arc::new(Mutex::new(connection)) })
    }

    /// Says how many places an offer has. Fewer than are held take nothing away from whoever holds one.
    #[must_use]
    pub fn offer(mut self, offer: impl Into<Name>, most: u64) -> Self {
        self.most.insert(offer.into(), most);
        self
    }

    fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| failure(operation, &error))?;
        let answer = work(&transaction).map_err(|error| failure(operation, &error))?;
        match transaction.commit() {
            Ok(()) => Ok(answer),
            // Of a commit that failed for another reason it cannot be said whether a reader will see it.
            Err(error) => match failure(operation, &error) {
                StoreError::Unavailable { operation, reason } => {
                    Err(StoreError::Unknown { operation, reason })
                }
                known => Err(known),
            },
        }
    }

    fn remaining(&self, conn: &Connection, offer: &str, most: Option<u64>) -> Result<Option<u64>, Error> {
        let Some(most) = most.or_else(|| self.most.get(offer).copied()) else { return Ok(None) };
        let count = "SELECT count(*) FROM journeyman_place WHERE offer = ?1";
        let held: i64 = conn.prepare_cached(count)?.query_row([offer], |row| row.get(0))?;
        Ok(Some(most.saturating_sub(u64::try_from(held).unwrap_or(0))))
    }
}

fn failure(operation: &'static str, error: &Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { operation },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { operation },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { operation },
        Some(ErrorCode::NotADatabase) => {
            StoreError::NotAStore { reason: "the file is not a database".to_owned() }
        }
        _ => StoreError::Unavailable { operation, reason: error.to_string() },
    }
}

/// Forgets what was not confirmed in time, and says whether the key still holds a place.
fn holds(conn: &Connection, offer: &str, key: &str, now: DateTime<Utc>) -> Result<bool, Error> {
    let free = "DELETE FROM journeyman_place WHERE offer = ?1 AND freed_at <= ?2";
    conn.prepare_cached(free)?.execute(params![offer, now.timestamp_millis()])?;
    let held = "SELECT 1 FROM journeyman_place WHERE offer = ?1 AND key = ?2";
    let found = conn.prepare_cached(held)?.query_row([offer, key], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

#[async_trait]
impl Quota for SqliteQuota {
    fn name(&self) -> &str {
        &self.name
    }

    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError> {
        let Reservation { offer, key, until, now, most } = reservation;
        self.write("reserve a place", |conn| {
            let holds = holds(conn, offer, key, *now)?;
            let Some(remaining) = self.remaining(conn, offer, *most)? else { return Ok(Reserved::Unknown) };
            if holds {
                return Ok(Reserved::Place { remaining });
            }
            if remaining == 0 || until <= now {
                return Ok(Reserved::Full);
            }
            let add = "INSERT INTO journeyman_place VALUES (?1, ?2, ?3)";
            conn.prepare_cached(add)?.execute(params![&**offer, &**key, until.timestamp_millis()])?;
            Ok(Reserved::Place { remaining: remaining - 1 })
        })
    }

    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError> {
        self.write("confirm a place", |conn| {
            if !holds(conn, offer, key, now)? {
                return Ok(Reserved::Full);
            }
            let keep = "UPDATE journeyman_place SET freed_at = NULL WHERE offer = ?1 AND key = ?2";
            conn.prepare_cached(keep)?.execute([offer, key])?;
            Ok(Reserved::Place { remaining: self.remaining(conn, offer, None)?.unwrap_or(0) })
        })
    }

    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError> {
        self.write("release a place", |conn| {
            let free = "DELETE FROM journeyman_place WHERE offer = ?1 AND key = ?2";
            conn.prepare_cached(free)?.execute([offer, key]).map(drop)
        })
    }
}
