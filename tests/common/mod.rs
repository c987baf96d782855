//! What several tests share.

use std::sync::Arc;

use journeyman::port::{Clock, Store};
use journeyman::store::{MemoryStore, SqliteStore};

/// A store of each kind on one clock, with what keeps its file alive.
pub(crate) fn stores(
    clock: Arc<dyn Clock>,
) -> Vec<(&'static str, Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite =
        SqliteStore::builder(folder.path().join("journeyman.db")).clock(clock.clone()).open().unwrap();
    let memory = MemoryStore::builder().clock(clock).build();
    vec![("memory", Arc::new(memory), None), ("sqlite", Arc::new(sqlite), Some(folder))]
}
