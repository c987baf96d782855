//! The SQLite store meets every obligation of a store.
#![cfg(feature = "sqlite")]

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use journeyman::port::Clock;
use journeyman::port::store::{Result, Store};
use journeyman::store::{Durability, SqliteStore};
use journeyman::testing::store::{StoreBuilder, Suite};
use tempfile::TempDir;

struct Sqlite;

fn open(folder: &TempDir, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>> {
    let builder = SqliteStore::builder(folder.path().join("journeys.db"));
    // The suite asks what is kept and not what survives the loss of power.
    Ok(Arc::new(builder.clock(clock).durability(Durability::Relaxed).open()?))
}

#[async_trait]
impl StoreBuilder for Sqlite {
    type Guard = TempDir;

    async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, TempDir)> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Ok((open(&folder, clock)?, folder))
    }

    async fn reopen(&self, folder: &TempDir, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>> {
        open(folder, clock).map(Some)
    }
}

#[test]
fn the_sqlite_store_meets_every_obligation() {
    let report = block_on(Suite::run(Sqlite));
    println!("{report}");
    report.assert_passed();
}
