//! The store's time as a worker knows it, measured by what only ever grows.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::port::Clock;

/// Started before a store is asked for its time: from then on it is never behind the store's clock, whatever the worker's
/// own clock says, so that a permit which it calls alive is alive.
pub(super) struct Watch {
    clock: Arc<dyn Clock>,
    started: TimeDelta,
    store_now: DateTime<Utc>,
}

impl Watch {
    pub(super) fn start(clock: Arc<dyn Clock>) -> Self {
        let started = clock.elapsed();
        Self { clock, started, store_now: DateTime::UNIX_EPOCH }
    }

    /// Sets what the store said.
    pub(super) fn set(&mut self, store_now: DateTime<Utc>) {
        self.store_now = store_now;
    }

    /// How long it has run.
    pub(super) fn elapsed(&self) -> TimeDelta {
        self.clock.elapsed() - self.started
    }

    /// The store's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.store_now.checked_add_signed(self.elapsed()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
