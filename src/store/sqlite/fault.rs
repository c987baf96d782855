//! What SQLite says, as what an operator can do about it.

use rusqlite::types::FromSqlError;
use rusqlite::{Error, ErrorCode, ffi};

use crate::error::StoreError;

/// What a piece of work inside the writer ends with, before the operation is named.
pub(super) type Step<T> = Result<T, Fault>;

/// Why a piece of work failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite refused a statement.
    Sql(Error),
    /// The store refused the call.
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if is_damage(&error) { Self::Store(corrupt(&error)) } else { Self::Sql(error) }
    }
}

impl From<FromSqlError> for Fault {
    fn from(error: FromSqlError) -> Self {
        Self::from(Error::from(error))
    }
}

/// Whether a column holds what no column of ours can hold. Trying again does not help, and one row is no reason to stop all.
fn is_damage(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// The message of SQLite names types and places and quotes no text.
fn corrupt(error: &Error) -> StoreError {
    StoreError::Corrupt { row: "column", reason: error.to_string() }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// What it means for the calls beside it, where SQLite may have ended the whole transaction with this one.
    pub(super) fn loss(&self) -> Option<Loss> {
        match self {
            Self::Sql(error) => Some(Loss::from(error)),
            Self::Store(_) => None,
        }
    }

    /// The error for the caller of an operation.
    pub(super) fn of(self, operation: &'static str) -> StoreError {
        match self {
            Self::Sql(error) => Loss::from(&error).of(operation),
            Self::Store(error) => error,
        }
    }
}

/// One cause that fails several requests at once.
#[derive(Clone, Debug)]
pub(super) enum Loss {
    Full,
    Busy,
    ReadOnly,
    Corrupt(String),
    NotAStore,
    Unavailable(String),
    Unknown(String),
}

impl From<&Error> for Loss {
    fn from(error: &Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ if is_full_index(error) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::NotADatabase) => Self::NotAStore,
            None if is_damage(error) => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl Loss {
    /// The cause of a failed COMMIT after which the transaction is known to be gone.
    ///
    /// Only these come before the commit record is written; of any other it cannot be said whether a reader will see it.
    pub(super) fn of_commit(error: &Error) -> Self {
        match Self::from(error) {
            // The log has its frames by then: whoever opens the file before the next write may count them.
            Self::Full if is_full_index(error) => Self::Unknown(error.to_string()),
            known @ (Self::Full | Self::Busy | Self::ReadOnly) => known,
            _ => Self::Unknown(error.to_string()),
        }
    }

    /// The error for the caller of one operation.
    pub(super) fn of(&self, operation: &'static str) -> StoreError {
        match self {
            Self::Full => StoreError::Full { operation },
            Self::Busy => StoreError::Busy { operation },
            Self::ReadOnly => StoreError::ReadOnly { operation },
            Self::Corrupt(reason) => StoreError::Corrupt { row: "page", reason: reason.clone() },
            Self::NotAStore => StoreError::NotAStore { reason: "the file is not a database".to_owned() },
            Self::Unavailable(reason) => StoreError::Unavailable { operation, reason: reason.clone() },
            Self::Unknown(reason) => StoreError::Unknown { operation, reason: reason.clone() },
        }
    }
}

/// Whether there was no space for the index of the log, which SQLite reports as an I/O error.
fn is_full_index(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_full_disk_is_full_wherever_it_is_met() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(matches!(Loss::from(&failure(code)), Loss::Full), "{code}");
            assert!(matches!(Fault::from(failure(code)).of("commit"), StoreError::Full { .. }), "{code}");
        }
        assert!(matches!(Loss::from(&failure(ffi::SQLITE_IOERR_WRITE)), Loss::Unavailable(_)));
    }

    #[test]
    fn a_commit_that_failed_after_its_frames_were_written_is_unknown() {
        assert!(matches!(Loss::of_commit(&failure(ffi::SQLITE_FULL)), Loss::Full));
        assert!(matches!(Loss::of_commit(&failure(ffi::SQLITE_IOERR_SHMSIZE)), Loss::Unknown(_)));
        assert!(matches!(Loss::of_commit(&failure(ffi::SQLITE_IOERR_FSYNC)), Loss::Unknown(_)));
    }
}
