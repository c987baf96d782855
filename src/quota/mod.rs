//! Adapters of [`port::Quota`](crate::port::Quota). A host that counts places elsewhere brings its own.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::MemoryQuota;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteQuota;
