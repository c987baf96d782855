//! The loop that a host on tokio does not have to write.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{Either, select};

use super::Engine;
use crate::error::{Error, StoreError};

/// How long a stop may take.
const GRACE: Duration = Duration::from_secs(5);
/// The longest sleep: what other processes append is seen after it at the latest.
const LONGEST: Duration = Duration::from_secs(5);
/// The pause after a failure that may pass.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Engine {
    /// Ticks until `stop` completes: sleeps until the next due instant, wakes when this engine appends something, and
    /// looks every 5 seconds for what other processes appended.
    ///
    /// When `stop` completes nothing new is taken; the batch under way has 5 seconds to finish, then it is let go. What was
    /// not committed is done by the next run.
    ///
    /// # Errors
    /// [`Error`] where it will not pass by itself. A store that is busy, full or unavailable is tried again every second.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let stopping = AtomicBool::new(false);
        let mut stop = pin!(stop);
        loop {
            let tick = pin!(self.tick_while(|| !stopping.load(Ordering::Relaxed)));
            let tick = match select(tick, stop.as_mut()).await {
                Either::Left((tick, _)) => tick,
                Either::Right(((), under_way)) => {
                    stopping.store(true, Ordering::Relaxed);
                    // The batch under way may finish; a dropped one leaves nothing half done.
                    return match tokio::time::timeout(GRACE, under_way).await {
                        Ok(tick) => tick.map(drop),
                        Err(_) => Ok(()),
                    };
                }
            };
            let sleep = match tick {
                Ok(tick) => tick.next_wake.map_or(LONGEST, |at| {
                    (at - self.shared.clock.now()).to_std().unwrap_or(Duration::ZERO).min(LONGEST)
                }),
                Err(Error::Store(error))
                    if error.is_retryable() || matches!(error, StoreError::Unknown { .. }) =>
                {
                    tracing::warn!(%error, "the store failed; it is tried again");
                    AFTER_FAILURE
                }
                Err(error) => return Err(error),
            };
            let (asleep, called) = (pin!(tokio::time::sleep(sleep)), pin!(self.shared.wake.notified()));
            let woken = select(asleep, called);
            if let Either::Right(_) = select(woken, stop.as_mut()).await {
                return Ok(());
            }
        }
    }
}
