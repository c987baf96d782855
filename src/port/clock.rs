//! Where the time comes from. The only file that reads the system clock.

use chrono::{DateTime, Utc};

use crate::model::truncate;

/// Says what time it is. A store stamps what it receives and judges leases by it.
pub trait Clock: Send + Sync + 'static {
    /// The instant, in whole milliseconds.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> DateTime<Utc> {
        truncate(std::time::SystemTime::now().into())
    }
}
