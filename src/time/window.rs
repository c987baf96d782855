//! A window of the local day.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Zone;

/// A half-open window of the local day, `[start, end)`; an end before its start crosses midnight. A window is never the
/// whole day.
///
/// ```
/// use journeyman::time::{DailyWindow, Zone};
/// let night: DailyWindow = "20:00-08:30".parse()?;
/// let paris = Zone::named("Europe/Paris")?;
/// // 21:00 in Paris is inside; the window ends at 08:30 the next morning.
/// let evening = "2026-03-23T20:00:00Z".parse()?;
/// assert_eq!(night.end_after(evening, &paris), Some("2026-03-24T07:30:00Z".parse()?));
/// // The end itself is outside.
/// assert_eq!(night.end_after("2026-03-24T07:30:00Z".parse()?, &paris), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyWindow {
    start: NaiveTime,
    end: NaiveTime,
}

/// The text is not a window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a window of the day; write it as 20:00-08:30")]
pub struct WindowError {
    text: String,
}

impl DailyWindow {
    /// A window from `start` until `end`, local time.
    #[must_use]
    pub const fn new(start: NaiveTime, end: NaiveTime) -> Self {
        Self { start, end }
    }

    /// Whether local clocks stand inside.
    #[must_use]
    pub fn contains(&self, time: NaiveTime) -> bool {
        if self.start < self.end {
            self.start <= time && time < self.end
        } else {
            time >= self.start || time < self.end
        }
    }

    /// The first instant at or after `instant` at which local clocks stand inside: `instant` itself where they do.
    #[must_use]
    pub fn opens_at(&self, instant: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut outside = instant;
        // Clocks that jump over the whole window open it a day later.
        for _ in 0..8 {
            let local = zone.local(outside).time();
            if self.contains(local) {
                return Some(outside);
            }
            let left = self.start.signed_duration_since(local);
            let left = if left > TimeDelta::zero() { left } else { left + TimeDelta::days(1) };
            let start = outside.checked_add_signed(left)?;
            match zone.next_transition(outside) {
                Some(transition) if transition <= start => outside = transition,
                _ => return Some(start),
            }
        }
        None
    }

    /// The first instant after the window, where `instant` is inside it; `None` where it is outside.
    #[must_use]
    pub fn end_after(&self, instant: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut inside = instant;
        // Clocks that jump can end the window early or open it again, so each jump is looked at on its way.
        for _ in 0..4 {
            let local = zone.local(inside).time();
            if !self.contains(local) {
                return (inside > instant).then_some(inside);
            }
            let left = self.end.signed_duration_since(local);
            let left = if left > TimeDelta::zero() { left } else { left + TimeDelta::days(1) };
            let end = inside + left;
            match zone.next_transition(inside) {
                // At the end itself too: clocks that go back then show an hour inside once more.
                Some(transition) if transition <= end => inside = transition,
                _ => return Some(end),
            }
        }
        Some(inside)
    }
}

impl std::str::FromStr for DailyWindow {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        text.split_once('-')
            .and_then(|(start, end)| Some(Self { start: time(start)?, end: time(end)? }))
            .filter(|window| window.start != window.end)
            .ok_or_else(|| WindowError { text: text.chars().take(40).collect() })
    }
}

impl std::fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.start.format("%H:%M"), self.end.format("%H:%M"))
    }
}

impl Serialize for DailyWindow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DailyWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_that_the_clocks_go_back_into_ends_when_they_show_its_end_for_good() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let night: DailyWindow = "20:00-03:00".parse().unwrap();
        // 03:00 is 02:00 again on 25 October 2026: the end is an hour later, not in the middle of the night.
        let end = night.end_after("2026-10-25T00:30:00Z".parse().unwrap(), &paris);
        assert_eq!(end, Some("2026-10-25T02:00:00Z".parse().unwrap()));
    }
}
