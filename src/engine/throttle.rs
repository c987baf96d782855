//! How many messages a channel is handed in a span of time, so that what piled up does not pour out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::model::Name;

/// At most so many in every span of this length, wherever the span begins.
///
/// ```
/// use chrono::TimeDelta;
/// use journeyman::engine::Rate;
/// assert_eq!(Rate::per_minute(60), Rate { most: 60, per: TimeDelta::minutes(1) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most; at least 1.
    pub most: u32,
    /// In which span; at least a millisecond.
    pub per: TimeDelta,
}

impl Rate {
    /// At most so many in a second.
    #[must_use]
    pub const fn per_second(most: u32) -> Self {
        Self { most, per: TimeDelta::seconds(1) }
    }

    /// At most so many in a minute.
    #[must_use]
    pub const fn per_minute(most: u32) -> Self {
        Self { most, per: TimeDelta::minutes(1) }
    }

    /// At most so many in an hour.
    #[must_use]
    pub const fn per_hour(most: u32) -> Self {
        Self { most, per: TimeDelta::hours(1) }
    }
}

/// The rates of an engine, with what it began lately. Instants are those of a clock that only grows.
#[derive(Default)]
pub(super) struct Throttle(BTreeMap<Name, Mutex<Window>>);

/// One channel's rate, and when each message within the last span was begun, oldest first.
struct Window {
    most: usize,
    per: TimeDelta,
    begun: VecDeque<TimeDelta>,
}

impl Throttle {
    pub(super) fn new(rates: BTreeMap<Name, Rate>) -> Self {
        let window = |rate: Rate| Window {
            most: usize::try_from(rate.most).unwrap_or(usize::MAX).max(1),
            per: rate.per.max(TimeDelta::milliseconds(1)),
            begun: VecDeque::new(),
        };
        Self(rates.into_iter().map(|(channel, rate)| (channel, Mutex::new(window(rate)))).collect())
    }

    /// How long a channel is closed; `None` where a message may begin now.
    pub(super) fn opens_in(&self, channel: &str, now: TimeDelta) -> Option<TimeDelta> {
        let mut window = self.window(channel)?;
        window.forget(now);
        let first = window.begun.front().filter(|_| window.begun.len() >= window.most)?;
        // Whole milliseconds, and rather too late than too soon.
        Some(TimeDelta::milliseconds((*first + window.per - now).num_milliseconds() + 1))
    }

    /// Counts a message that is about to begin; false where the channel is closed.
    pub(super) fn count(&self, channel: &str, now: TimeDelta) -> bool {
        let Some(mut window) = self.window(channel) else { return true };
        window.forget(now);
        let open = window.begun.len() < window.most;
        if open {
            window.begun.push_back(now);
        }
        open
    }

    /// Takes back a message that did not begin after all.
    pub(super) fn give_back(&self, channel: &str) {
        if let Some(mut window) = self.window(channel) {
            window.begun.pop_back();
        }
    }

    fn window(&self, channel: &str) -> Option<MutexGuard<'_, Window>> {
        self.0.get(channel).map(|window| window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Window {
    /// Forgets what is a whole span ago. A clock that was set back all the same shortens no wait and lengthens none.
    fn forget(&mut self, now: TimeDelta) {
        if self.begun.back().is_some_and(|last| *last > now) {
            self.begun.iter_mut().for_each(|begun| *begun = (*begun).min(now));
        }
        while self.begun.front().is_some_and(|first| *first + self.per <= now) {
            self.begun.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(most: u32) -> Throttle {
        Throttle::new([(Name::from("sms"), Rate::per_minute(most))].into())
    }

    #[test]
    fn no_minute_sees_more_than_its_rate_wherever_it_begins() {
        let throttle = throttle(3);
        let mut begun: Vec<i64> = Vec::new();
        for second in 0..600 {
            // Bursts and single ones, at odd seconds.
            for _ in 0..(second * 7 % 5) {
                if throttle.count("sms", TimeDelta::seconds(second)) {
                    begun.push(second);
                }
            }
        }
        for from in 0..600 {
            let within = begun.iter().filter(|at| (from..from + 60).contains(*at)).count();
            assert!(within <= 3, "{within} in the minute from second {from}");
        }
        assert!(begun.len() >= 27, "{begun:?}");
    }

    #[test]
    fn a_closed_channel_says_when_it_opens_and_does() {
        let throttle = throttle(2);
        assert!(throttle.count("sms", TimeDelta::seconds(10)));
        assert_eq!(throttle.opens_in("sms", TimeDelta::seconds(20)), None);
        assert!(throttle.count("sms", TimeDelta::seconds(20)));
        assert!(!throttle.count("sms", TimeDelta::seconds(30)));
        let opens = throttle.opens_in("sms", TimeDelta::seconds(30)).unwrap();
        assert_eq!(opens, TimeDelta::milliseconds(40_001));
        assert!(throttle.count("sms", TimeDelta::seconds(30) + opens));
        throttle.give_back("sms");
        assert_eq!(throttle.opens_in("sms", TimeDelta::seconds(30) + opens), None);
        assert!(throttle.count("email", TimeDelta::zero()), "a channel without a rate is always open");
    }

    #[test]
    fn a_clock_that_is_set_back_closes_a_channel_no_longer_than_its_span() {
        let throttle = throttle(1);
        assert!(throttle.count("sms", TimeDelta::hours(5)));
        assert!(throttle.opens_in("sms", TimeDelta::hours(1)).unwrap() <= TimeDelta::milliseconds(60_001));
    }
}
