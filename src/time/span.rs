//! A length of time as an author writes it: `45m`, `2h`, `3d`, `1w`, `1mo`.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time: calendar months and days, then exact milliseconds.
///
/// Written as numbers with a unit, largest first: `1mo`, `2w`, `3d`, `12h`, `45m`, `30s`, or several: `1d12h`. A
/// leading `+` is allowed. Days are calendar days in the zone that they are counted in; hours are exact.
///
/// ```
/// use journeyman::time::Span;
/// let span: Span = "1d12h".parse()?;
/// assert_eq!((span.days, span.milliseconds), (1, 12 * 3_600_000));
/// assert_eq!(span.to_string(), "1d12h");
/// assert!("soon".parse::<Span>().is_err());
/// # Ok::<(), journeyman::time::SpanError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Span {
    /// Calendar months.
    pub months: u32,
    /// Calendar days; a week is seven.
    pub days: u32,
    /// Exact milliseconds.
    pub milliseconds: u64,
}

/// The longest span that may be written: about a hundred years, so that no sum of instants overflows.
const MOST_DAYS: u64 = 36_600;
const UNITS: [(&str, Unit); 6] = [
    ("mo", Unit::Months(1)),
    ("w", Unit::Days(7)),
    ("d", Unit::Days(1)),
    ("h", Unit::Milliseconds(3_600_000)),
    ("m", Unit::Milliseconds(60_000)),
    ("s", Unit::Milliseconds(1_000)),
];

#[derive(Clone, Copy)]
enum Unit {
    Months(u64),
    Days(u64),
    Milliseconds(u64),
}

impl Span {
    /// Calendar days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { months: 0, days, milliseconds: 0 }
    }

    /// What no calendar and no clock makes it shorter than: months of 28 days, and two days for what clocks jump.
    pub(crate) fn at_least(&self) -> TimeDelta {
        let days = i64::from(self.months) * 28 + i64::from(self.days) - 2;
        let exact = i64::try_from(self.milliseconds).unwrap_or(i64::MAX);
        TimeDelta::milliseconds(exact.saturating_add(days * 86_400_000))
    }

    /// Exact hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self { months: 0, days: 0, milliseconds: hours as u64 * 3_600_000 }
    }

    /// Exact minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self { months: 0, days: 0, milliseconds: minutes as u64 * 60_000 }
    }

    /// Calendar months.
    #[must_use]
    pub const fn months(months: u32) -> Self {
        Self { months, days: 0, milliseconds: 0 }
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.months == 0 && self.days == 0 && self.milliseconds == 0
    }
}

/// The text is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a span: {reason}; write it as 45m, 2h, 3d, 1w, 1mo or 1d12h")]
pub struct SpanError {
    text: String,
    reason: &'static str,
}

impl SpanError {
    /// What is wrong, for an error that speaks of more than the span.
    pub(super) const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = |reason| SpanError { text: text.chars().take(40).collect(), reason };
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.is_empty() {
            return Err(wrong("it is empty"));
        }
        let (mut months, mut days, mut milliseconds) = (0u64, 0u64, 0u64);
        let mut allowed = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 =
                rest[..digits].parse().map_err(|_| wrong("a number is missing or too large"))?;
            rest = &rest[digits..];
            let (index, (name, unit)) = UNITS
                .iter()
                .enumerate()
                .find(|(_, (name, _))| rest.starts_with(name))
                .ok_or_else(|| wrong("a unit is missing or unknown"))?;
            if index < allowed {
                return Err(wrong("the units are not in order, largest first, each once"));
            }
            allowed = index + 1;
            rest = &rest[name.len()..];
            let (total, size) = match unit {
                Unit::Months(size) => (&mut months, size),
                Unit::Days(size) => (&mut days, size),
                Unit::Milliseconds(size) => (&mut milliseconds, size),
            };
            let added = number.checked_mul(*size).and_then(|number| total.checked_add(number));
            *total = added.ok_or_else(|| wrong("it is too long"))?;
        }
        let whole_days =
            months.saturating_mul(31).saturating_add(days).saturating_add(milliseconds / 86_400_000);
        if whole_days > MOST_DAYS {
            return Err(wrong("it is longer than a hundred years"));
        }
        Ok(Self { months: months as u32, days: days as u32, milliseconds })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0s");
        }
        let mut rest = self.milliseconds;
        if self.months > 0 {
            write!(f, "{}mo", self.months)?;
        }
        match self.days {
            0 => {}
            days if days % 7 == 0 => write!(f, "{}w", days / 7)?,
            days => write!(f, "{days}d")?,
        }
        for (size, unit) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if rest / size > 0 {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["45m", "2h", "3d", "1w", "1mo", "1d12h", "1mo2d3h4m5s", "90d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("+3d".parse::<Span>(), Ok(Span::days(3)));
        assert_eq!("1w1d".parse::<Span>(), Ok(Span::days(8)));
        assert_eq!(Span::default().to_string().parse(), Ok(Span::default()));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "+", "3", "d", "3 d", "-3d", "1h1d", "1d1d", "99999999999999999999d", "40000d", "3é"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_calendar_makes_a_span_shorter_than_it_is_at_least() {
        let zones =
            ["Pacific/Apia", "Pacific/Kwajalein", "Asia/Manila", "Australia/Lord_Howe", "Europe/Paris"];
        let start: chrono::DateTime<chrono::Utc> = "2011-01-01T00:30:00Z".parse().unwrap();
        let mut nearest = TimeDelta::MAX;
        for zone in zones.map(|name| crate::time::Zone::named(name).unwrap()) {
            for hours in (0..366 * 24).step_by(7) {
                let from = start + TimeDelta::hours(hours);
                for (months, days) in [(0, 1), (0, 2), (1, 0), (1, 3), (2, 0), (12, 0), (36, 1)] {
                    let span = Span { months, days, milliseconds: 5 };
                    let over = zone.add(from, span) - from - span.at_least();
                    assert!(over >= TimeDelta::zero(), "{from} and {span}");
                    nearest = nearest.min(over);
                }
            }
        }
        assert!(nearest < TimeDelta::days(1) + TimeDelta::hours(1), "{nearest}: it says little");
    }
}
