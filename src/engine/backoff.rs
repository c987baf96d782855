//! When a failed handover is tried again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::journey::RetryDefinition;
use crate::model::MessageId;
use crate::time::Span;

/// Waits that double from the first to the longest, spread by a stable hash so that failures do not return in step.
///
/// ```
/// use chrono::TimeDelta;
/// use journeyman::engine::Backoff;
/// let patient = Backoff { first: TimeDelta::minutes(5), ..Backoff::default() };
/// assert_eq!(patient.attempts, 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first attempt.
    pub first: TimeDelta,
    /// The longest wait.
    pub longest: TimeDelta,
    /// The most attempts; after the last one the message is given up.
    pub attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: TimeDelta::seconds(30), longest: TimeDelta::hours(6), attempts: 8 }
    }
}

impl Backoff {
    /// The same, with what a step says of its own.
    pub(super) fn with(self, retry: &RetryDefinition) -> Self {
        let delta = |span: Span| {
            let days = i64::from(span.months) * 30 + i64::from(span.days);
            let exact = TimeDelta::try_milliseconds(i64::try_from(span.milliseconds).unwrap_or(i64::MAX));
            let days = TimeDelta::try_days(days);
            days.zip(exact).and_then(|(days, exact)| days.checked_add(&exact)).unwrap_or(TimeDelta::MAX)
        };
        let first = retry.first.map_or(self.first, delta);
        let longest = retry.longest.map_or(self.longest.max(first), delta);
        Self { first, longest, attempts: retry.attempts.unwrap_or(self.attempts) }
    }

    /// When attempt `attempt` of a message, which failed at `now`, is followed by another; `None` after the last.
    #[must_use]
    pub fn next(&self, message: MessageId, attempt: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first.num_milliseconds().saturating_mul(1 << attempt.saturating_sub(1).min(30));
        let wait = doubled.clamp(1, self.longest.num_milliseconds().max(1));
        // Up to a fifth is added, the same for one message and attempt on every machine.
        let bytes = message.as_bytes();
        let spread = i64::from(u16::from_le_bytes([bytes[0], bytes[1]]) ^ (attempt as u16).rotate_left(7));
        let wait = wait.saturating_add(wait / 5 * spread / i64::from(u16::MAX));
        TimeDelta::try_milliseconds(wait).and_then(|wait| now.checked_add_signed(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let backoff = Backoff::default();
        let message = MessageId::from_bytes([9; 16]);
        let now = DateTime::UNIX_EPOCH;
        let waits: Vec<i64> = (1..8)
            .map(|attempt| (backoff.next(message, attempt, now).unwrap() - now).num_seconds())
            .collect();
        for (wait, base) in waits.iter().zip([30, 60, 120, 240, 480, 960, 1920]) {
            assert!((base..=base + base / 5).contains(wait), "{waits:?}");
        }
        assert_eq!(backoff.next(message, 8, now), None);
        assert!(backoff.next(message, 7, now) == backoff.next(message, 7, now));
    }
    #[test]
    fn a_wait_is_the_same_to_the_millisecond_everywhere_and_for_ever() {
        let backoff = Backoff::default();
        let wait = |byte, attempt| {
            let message = MessageId::from_bytes([byte; 16]);
            let next = backoff.next(message, attempt, DateTime::UNIX_EPOCH).unwrap();
            (next - DateTime::UNIX_EPOCH).num_milliseconds()
        };
        // Thirty seconds and 65,407 of 65,535 parts of a fifth, a minute and 65,279 parts; and so on.
        assert_eq!([1, 2, 3].map(|attempt| wait(0xff, attempt)), [35_988, 71_953, 143_859]);
        assert_eq!([1, 2, 3].map(|attempt| wait(0, attempt)), [30_011, 60_046, 120_140]);
    }
}
