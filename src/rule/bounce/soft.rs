//! Soft bounces of one address, counted and forgotten.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::model::Fingerprint;

/// When soft bounces say that nobody is there: data of the policy.
///
/// ```
/// use journeyman::rule::bounce::SoftRule;
/// let rule = SoftRule::default();
/// assert_eq!((rule.least, rule.over.num_hours(), rule.forgotten.num_days()), (3, 72, 14));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoftRule {
    /// How many there must be.
    pub least: u32,
    /// How long there must lie between the first and the last of them, in milliseconds.
    #[serde(with = "milliseconds")]
    pub over: TimeDelta,
    /// After how long without one the earlier ones no longer count, in milliseconds.
    #[serde(with = "milliseconds")]
    pub forgotten: TimeDelta,
}

impl SoftRule {
    /// At least so many, over at least such a time.
    #[must_use]
    pub fn new(least: u32, over: TimeDelta) -> Self {
        Self { least, over, ..Self::default() }
    }

    /// Sets after how long without one the earlier ones no longer count.
    #[must_use]
    pub fn forgotten(self, forgotten: TimeDelta) -> Self {
        Self { forgotten, ..self }
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for SoftRule {
    /// Three over 72 hours, forgotten after 14 days: the practice of mailbox providers and senders (as of 2026-11-20).
    fn default() -> Self {
        Self { least: 3, over: TimeDelta::hours(72), forgotten: TimeDelta::days(14) }
    }
}

/// The soft bounces of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Softs {
    /// Of which address.
    pub address: Fingerprint,
    /// How many.
    pub count: u32,
    /// The first that counts.
    #[serde(with = "ts_milliseconds")]
    pub first_at: DateTime<Utc>,
    /// The last.
    #[serde(with = "ts_milliseconds")]
    pub last_at: DateTime<Utc>,
}

impl Softs {
    /// Counts one more, after what is known of the channel; another address begins anew, and so does one whose bounces were
    /// forgotten. A late one, from before the last, counts and moves nothing.
    #[must_use]
    pub fn after(known: Option<&Self>, address: Fingerprint, at: DateTime<Utc>, rule: &SoftRule) -> Self {
        let known = known.filter(|known| known.address == address);
        match known.filter(|known| at - known.last_at <= rule.forgotten) {
            // One that would be forgotten by now says nothing of today.
            Some(known) if known.last_at - at > rule.forgotten => known.clone(),
            Some(known) => Self {
                address,
                count: known.count.saturating_add(1),
                first_at: known.first_at.min(at),
                last_at: known.last_at.max(at),
            },
            None => Self { address, count: 1, first_at: at, last_at: at },
        }
    }

    /// Whether they say that nobody is there.
    #[must_use]
    pub fn are_enough(&self, rule: &SoftRule) -> bool {
        self.count >= rule.least && self.last_at - self.first_at >= rule.over
    }
}

mod milliseconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(span.num_milliseconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
        let milliseconds = i64::deserialize(deserializer)?;
        TimeDelta::try_milliseconds(milliseconds)
            .ok_or_else(|| serde::de::Error::custom("the span is too long"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn counted(hours: &[i64]) -> Softs {
        let address = Fingerprint::from_bytes([1; 16]);
        let rule = SoftRule::default();
        let first = Softs::after(None, address, at(hours[0]), &rule);
        hours[1..].iter().fold(first, |known, hour| Softs::after(Some(&known), address, at(*hour), &rule))
    }

    #[test]
    fn they_are_enough_by_number_and_by_time_and_are_forgotten() {
        let rule = SoftRule::default();
        assert!(!counted(&[0, 1, 2, 3, 4]).are_enough(&rule), "five within an hour or so are one outage");
        assert!(!counted(&[0, 100]).are_enough(&rule));
        assert!(counted(&[0, 40, 72]).are_enough(&rule));
        assert!(!counted(&[0, 40, 71]).are_enough(&rule));
        assert!(!counted(&[0, 40, 40 + 14 * 24 + 1]).are_enough(&rule), "forgotten");
        let other = Softs::after(Some(&counted(&[0, 40])), Fingerprint::from_bytes([2; 16]), at(72), &rule);
        assert_eq!(other.count, 1, "another address begins anew");
    }
}
