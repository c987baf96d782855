//! The fingerprint key changes while the engines run: one process after the other comes up with the newer one.

use std::sync::atomic::Ordering;

use crate::engine::EngineBuilder;
use crate::model::FingerprintKey;
use crate::sim::host::{World, key};
use crate::testing::Stop;

pub(in crate::sim) fn newer_key() -> FingerprintKey {
    FingerprintKey::new([6; 32])
}

/// Gives an engine the keys of its day.
pub(in crate::sim) fn keyed(builder: EngineBuilder, rotated: bool) -> EngineBuilder {
    match rotated {
        true => builder.fingerprint_key(newer_key()).former_fingerprint_key(key()),
        false => builder.fingerprint_key(key()),
    }
}

impl World {
    /// Restarts one worker after the other.
    pub(in crate::sim) async fn rotates(&self) {
        self.rotated.store(true, Ordering::Relaxed);
        self.truth.seen().count("key_rotated");
        for worker in &self.workers {
            if let Some((life, _)) = worker.running() {
                life.stop(Stop::Crash);
            }
            self.rest(1_000, 3_600_000).await;
        }
    }
}
