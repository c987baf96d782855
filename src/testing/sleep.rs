//! How time passes while a call is late.

use chrono::TimeDelta;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::clock::ManualClock;

/// How time passes while a call is late. A [`ManualClock`] advances itself; a simulation lets others work meanwhile.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use journeyman::port::Clock;
/// use journeyman::testing::{ManualClock, Sleep};
///
/// let clock = ManualClock::new(DateTime::UNIX_EPOCH);
/// futures::executor::block_on(clock.sleep(TimeDelta::minutes(1)));
/// assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::minutes(1));
/// ```
pub trait Sleep: Send + Sync {
    /// Ends when the span has passed.
    fn sleep(&self, span: TimeDelta) -> BoxFuture<'static, ()>;

    /// Awaited before and after every call of a wrapper, so that a simulation can let another task go first there.
    fn step(&self) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

impl Sleep for ManualClock {
    fn sleep(&self, span: TimeDelta) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        async move { clock.advance(span) }.boxed()
    }
}
