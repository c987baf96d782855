//! The memory store meets every obligation of a store.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use journeyman::port::Clock;
use journeyman::port::store::{Result, Store};
use journeyman::store::MemoryStore;
use journeyman::testing::store::{StoreBuilder, Suite};

struct Memory;

#[async_trait]
impl StoreBuilder for Memory {
    type Guard = ();

    async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, ())> {
        Ok((Arc::new(MemoryStore::builder().clock(clock).build()), ()))
    }
}

#[test]
fn the_memory_store_meets_every_obligation() {
    let report = block_on(Suite::run(Memory));
    println!("{report}");
    report.assert_passed();
}

/// With a bug that others shipped it meets them no more.
#[cfg(seeded_bugs)]
#[test]
fn the_memory_store_with_a_bug_is_refused() {
    use journeyman::seeded::{Bug, plant};
    for bug in Bug::OF_STORES {
        plant(Some(bug));
        let report = block_on(Suite::run(Memory));
        plant(None);
        println!("| {} | {} | {} |", bug.number(), bug.sentence(), report.failures().join(", "));
        assert!(report.failures().contains(&"begin_is_stale_once_something_was_said"), "{bug:?}: {report}");
    }
}
