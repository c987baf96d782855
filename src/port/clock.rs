//! Where the time comes from. The only file that reads the system clock.

use std::sync::OnceLock;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::truncate;

/// Says what time it is. A store stamps what it receives and judges leases by it.
pub trait Clock: Send + Sync + 'static {
    /// The instant, in whole milliseconds.
    fn now(&self) -> DateTime<Utc>;

    /// How long it is since some fixed moment: what only ever grows, while [`now`](Clock::now) may be set. A worker measures
    /// its permits by it. The time since 1970 unless said, which is right for a clock that nobody sets.
    fn elapsed(&self) -> TimeDelta {
        self.now() - DateTime::UNIX_EPOCH
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> DateTime<Utc> {
        truncate(std::time::SystemTime::now().into())
    }

    #[allow(clippy::disallowed_methods)] // the one place
    fn elapsed(&self) -> TimeDelta {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let first = *FIRST.get_or_init(Instant::now);
        TimeDelta::from_std(Instant::now().saturating_duration_since(first)).unwrap_or(TimeDelta::MAX)
    }
}
