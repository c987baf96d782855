//! A length of time before or after something, as an author writes it: `-7d`, `+24h`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Span;

/// A span before or after an instant: `-7d` is seven days before, `+24h` and `24h` are a day's hours after, `0d` is then.
///
/// ```
/// use journeyman::time::{Offset, Span, Zone};
/// let week: Offset = "-7d".parse()?;
/// assert_eq!(week, Offset::before(Span::days(7)));
/// // The clocks go forward on 29 March 2026; days keep the local time.
/// let paris = Zone::named("Europe/Paris")?;
/// let event = "2026-04-01T08:00:00Z".parse()?; // 10:00 in Paris
/// assert_eq!(paris.shift(event, week), "2026-03-25T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?); // 10:00
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offset {
    before: bool,
    span: Span,
}

/// The text is not an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an offset: {reason}; write it as -7d, +24h, 0d or -1mo")]
pub struct OffsetError {
    text: String,
    reason: &'static str,
}

impl Offset {
    /// This much later.
    #[must_use]
    pub const fn after(span: Span) -> Self {
        Self { before: false, span }
    }

    /// This much earlier.
    #[must_use]
    pub const fn before(span: Span) -> Self {
        // No time at all has no direction, so that equal offsets compare equal.
        Self { before: !span.is_zero(), span }
    }

    /// How much, without the direction.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Whether it points back in time.
    #[must_use]
    pub const fn is_before(&self) -> bool {
        self.before
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.span.is_zero()
    }
}

impl FromStr for Offset {
    type Err = OffsetError;

    fn from_str(text: &str) -> Result<Self, OffsetError> {
        let wrong = |reason| OffsetError { text: text.chars().take(40).collect(), reason };
        let (before, span) = match text.strip_prefix('-') {
            Some(span) if span.starts_with('+') => return Err(wrong("it has two signs")),
            Some(span) => (true, span),
            None => (false, text),
        };
        let span: Span = span.parse().map_err(|error: super::SpanError| wrong(error.reason()))?;
        Ok(if before { Self::before(span) } else { Self::after(span) })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_zero(), self.before) {
            (true, _) => f.write_str("0d"),
            (false, true) => write!(f, "-{}", self.span),
            (false, false) => write!(f, "+{}", self.span),
        }
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for (text, normal) in [
            ("-7d", "-1w"),
            ("+24h", "+24h"),
            ("3d", "+3d"),
            ("0d", "0d"),
            ("-0d", "0d"),
            ("+0h", "0d"),
            ("-1mo2d3h", "-1mo2d3h"),
        ] {
            let offset: Offset = text.parse().unwrap();
            assert_eq!(offset.to_string(), normal);
            assert_eq!(normal.parse(), Ok(offset));
            let wire = serde_json::to_string(&offset).unwrap();
            assert_eq!(serde_json::from_str::<Offset>(&wire).unwrap(), offset);
        }
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in ["", "-", "+", "--7d", "-+7d", "+-7d", "++7d", "7", "-7", "- 7d", "\u{2212}7d", "-40000d"]
        {
            let error = text.parse::<Offset>().unwrap_err().to_string();
            assert!(error.contains("is not an offset"), "{error}");
        }
    }
}
