//! A set of weekdays as an author writes it: `Tue-Thu`, `Mon,Wed`.

use std::fmt;
use std::str::FromStr;

use chrono::Weekday;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of weekdays, never empty.
///
/// Written as days and ranges of days, separated by commas: `Tue-Thu`, `Mon,Wed`, `Sat,Sun`; a range may go over the end
/// of the week: `Fri-Mon`. Capitals do not matter. In a definition a list is read as well: `[tue, thu]`.
///
/// ```
/// use chrono::Weekday;
/// use journeyman::time::Days;
/// let days: Days = "Fri-Mon".parse()?;
/// assert!(days.contains(Weekday::Sun) && !days.contains(Weekday::Tue));
/// assert_eq!("sun,sat".parse::<Days>()?.to_string(), "Sat,Sun");
/// assert!("Tuesdays".parse::<Days>().is_err());
/// # Ok::<(), journeyman::time::DaysError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    /// One bit for each day, Monday the lowest.
    bits: u8,
}

/// The text is not a set of weekdays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a set of weekdays: {reason}; write it as Tue-Thu, Mon,Wed or Sat,Sun")]
pub struct DaysError {
    text: String,
    reason: &'static str,
}

const NAMES: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Mon),
    ("Tue", Weekday::Tue),
    ("Wed", Weekday::Wed),
    ("Thu", Weekday::Thu),
    ("Fri", Weekday::Fri),
    ("Sat", Weekday::Sat),
    ("Sun", Weekday::Sun),
];

/// The three letters of a day.
pub(super) fn name_of(day: Weekday) -> &'static str {
    NAMES.iter().find(|(_, named)| *named == day).map_or("", |(name, _)| name)
}

/// The day with these three letters.
pub(super) fn day_named(text: &str) -> Option<Weekday> {
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, day)| *day)
}

const fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

impl Days {
    /// Every day of the week.
    pub const EVERY: Self = Self { bits: 0x7f };

    /// One day.
    #[must_use]
    pub const fn only(day: Weekday) -> Self {
        Self { bits: bit(day) }
    }

    /// These days and the other's.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits }
    }

    /// Whether this day is one of them.
    #[must_use]
    pub const fn contains(self, day: Weekday) -> bool {
        self.bits & bit(day) != 0
    }

    /// The days, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        NAMES.iter().map(|(_, day)| *day).filter(move |day| self.contains(*day))
    }
}

impl FromStr for Days {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        let wrong = |reason| DaysError { text: text.chars().take(40).collect(), reason };
        let day = |name: &str| {
            day_named(name.trim()).ok_or_else(|| wrong("a day is none of Mon Tue Wed Thu Fri Sat Sun"))
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                None => (day(part)?, day(part)?),
                Some((first, last)) if day(first)? == day(last)? => {
                    return Err(wrong("a range ends on the day on which it begins"));
                }
                Some((first, last)) => (day(first)?, day(last)?),
            };
            let mut here = first;
            bits |= bit(last);
            while here != last {
                bits |= bit(here);
                here = here.succ();
            }
        }
        Ok(Self { bits })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::EVERY {
            return f.write_str("Mon-Sun");
        }
        let mut separator = "";
        for first in self.iter().filter(|day| !self.contains(day.pred())) {
            let mut last = first;
            while self.contains(last.succ()) {
                last = last.succ();
            }
            // Two neighbours are a pair, three are a range.
            let between = match last.days_since(first) {
                0 => None,
                1 => Some(","),
                _ => Some("-"),
            };
            write!(f, "{separator}{}", name_of(first))?;
            if let Some(between) = between {
                write!(f, "{between}{}", name_of(last))?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;
        impl<'de> Visitor<'de> for TextOrList {
            type Value = Days;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("weekdays such as Tue-Thu or [tue, thu]")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Days, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Days, A::Error> {
                let mut all: Option<Days> = None;
                while let Some(days) = items.next_element::<String>()? {
                    let days: Days = days.parse().map_err(serde::de::Error::custom)?;
                    all = Some(all.map_or(days, |all| all.and(days)));
                }
                all.ok_or_else(|| serde::de::Error::custom("the list of weekdays is empty; name a day"))
            }
        }
        deserializer.deserialize_any(TextOrList)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Days {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Days".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Weekdays: a text such as Tue-Thu or Mon,Wed, or a list of such texts.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_days_reads_back() {
        for bits in 1..=0x7f {
            let days = Days { bits };
            assert_eq!(days.to_string().parse(), Ok(days));
            let wire = serde_json::to_string(&days).unwrap();
            assert_eq!(serde_json::from_str::<Days>(&wire).unwrap(), days);
        }
    }

    #[test]
    fn days_are_written_in_one_normal_form() {
        for (text, normal) in [
            ("tue-thu", "Tue-Thu"),
            ("Thu,Wed,Tue", "Tue-Thu"),
            ("Sat, Sun", "Sat,Sun"),
            ("fri-mon", "Fri-Mon"),
            ("Sun,Mon", "Sun,Mon"),
            ("Mon,Wed,Fri", "Mon,Wed,Fri"),
            ("Tue-Mon", "Mon-Sun"),
            ("Mon-Tue,Thu-Sat", "Mon,Tue,Thu-Sat"),
        ] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), normal, "{text}");
        }
        assert_eq!(serde_json::from_str::<Days>(r#"["tue", "thu"]"#).unwrap(), "Tue,Thu".parse().unwrap());
    }

    #[test]
    fn what_is_no_set_of_days_is_refused() {
        for text in ["", "Mo", "Monday", "Mon-", "-Mon", "Mon-Mon", "Mon,", "Mon Tue", "Mon-Wed-Fri", "é"] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Days>("[]").is_err());
        let long = "x".repeat(1000).parse::<Days>().unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }
}
