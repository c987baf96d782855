//! A clock that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::port::Clock;

/// A clock that a test moves by hand. Clones share one time.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use journeyman::port::Clock;
/// use journeyman::testing::ManualClock;
///
/// let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse()?;
/// let clock = ManualClock::new(start);
/// let same = clock.clone();
/// clock.advance(TimeDelta::hours(2));
/// assert_eq!(same.now(), start + TimeDelta::hours(2));
///
/// clock.set(start); // never backwards
/// assert_eq!(clock.now(), start + TimeDelta::hours(2));
/// clock.jump_to(start); // unless a test says so
/// assert_eq!(clock.now(), start);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at an instant, cut to whole milliseconds.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// Moves on to an instant; an earlier one changes nothing.
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.fetch_max(at.timestamp_millis(), Ordering::SeqCst);
    }

    /// Moves on by a span; a negative one changes nothing.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds().max(0), Ordering::SeqCst);
    }

    /// Moves to an instant, backwards too, as the clock of a machine can.
    pub fn jump_to(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}
