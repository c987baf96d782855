//! Rules of the law that change while the engines run, and a judge (C28) that decides everything again afterwards: by the rules that
//! each permit names, read back from how they are written.

mod judge;

pub(super) use judge::Editions;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::host::World;
use crate::testing::Stop;

impl World {
    /// One process after the other comes up with the newer tables.
    pub(super) async fn amends(self: &Arc<Self>) {
        self.amended.store(true, Ordering::Relaxed);
        {
            let mut seen = self.truth.seen();
            seen.editions.are_amended = true;
            seen.count("rules_amended");
        }
        for worker in &self.workers {
            if let Some((life, _)) = worker.running() {
                life.stop(Stop::Crash);
            }
            self.rest(1_000, 3_600_000).await;
        }
    }
}
