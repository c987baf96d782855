//! What the tests with real processes and real files share: a child, a log that outlives it, a story to tell, an end to
//! compare.
#![allow(dead_code)] // each test uses a part of it

pub(crate) mod child;
pub(crate) mod end;
pub(crate) mod log;
pub(crate) mod story;

use std::path::Path;

use tempfile::TempDir;

/// Where flushing costs nothing, if there is such a place: a killed process loses nothing that the system has.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// SQLite's own check of every page, index and row of a file.
pub(crate) fn assert_whole(file: &Path, when: &str) {
    let conn = rusqlite::Connection::open(file).unwrap();
    let said: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(said, "ok", "{when}");
}

/// xorshift64: the same numbers in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds would begin alike.
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// From 0 to below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}
