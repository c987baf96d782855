//! A weekday of the month as an author writes it: `2nd tue`, `last fri`.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::days::{day_named, name_of};

/// A weekday of the month, counted from its beginning or the last. A month without a fifth one is passed over.
///
/// ```
/// use journeyman::time::Nth;
/// let second: Nth = "2nd tue".parse()?;
/// assert_eq!(second.to_string(), "2nd Tue");
/// assert!("6th tue".parse::<Nth>().is_err());
/// # Ok::<(), journeyman::time::NthError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nth {
    /// From 1; `None` is the last.
    count: Option<u8>,
    day: Weekday,
}

/// The text is not a weekday of the month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a weekday of the month; write it as 2nd tue or last fri, from 1st to 5th")]
pub struct NthError {
    text: String,
}

const COUNTS: [(&str, Option<u8>); 6] = [
    ("1st", Some(1)),
    ("2nd", Some(2)),
    ("3rd", Some(3)),
    ("4th", Some(4)),
    ("5th", Some(5)),
    ("last", None),
];

impl Nth {
    /// Its date in a month.
    pub(crate) fn date_in(self, year: i32, month: u32) -> Option<NaiveDate> {
        match self.count {
            Some(count) => NaiveDate::from_weekday_of_month_opt(year, month, self.day, count),
            None => [5, 4]
                .into_iter()
                .find_map(|count| NaiveDate::from_weekday_of_month_opt(year, month, self.day, count)),
        }
    }
}

impl FromStr for Nth {
    type Err = NthError;

    fn from_str(text: &str) -> Result<Self, NthError> {
        text.split_once(' ')
            .and_then(|(count, day)| {
                let (_, count) = COUNTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(count))?;
                Some(Self { count: *count, day: day_named(day)? })
            })
            .ok_or_else(|| NthError { text: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = COUNTS.iter().find(|(_, count)| *count == self.count).map_or("", |(name, _)| name);
        write!(f, "{count} {}", name_of(self.day))
    }
}

impl Serialize for Nth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["1st Mon", "2nd Tue", "3rd Wed", "4th Thu", "5th Sun", "last Fri"] {
            assert_eq!(text.parse::<Nth>().unwrap().to_string(), text);
            assert_eq!(text.to_uppercase().parse::<Nth>().unwrap().to_string(), text);
        }
        for text in ["", "tue", "2nd", "2 tue", "0th tue", "6th tue", "2nd  tue", "2nd tuesday", "first tue"]
        {
            assert!(text.parse::<Nth>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_one_is_the_fifth_where_there_is_one() {
        let last: Nth = "last Tue".parse().unwrap();
        assert_eq!(last.date_in(2026, 3), NaiveDate::from_ymd_opt(2026, 3, 31));
        assert_eq!(last.date_in(2026, 4), NaiveDate::from_ymd_opt(2026, 4, 28));
        assert_eq!("5th Tue".parse::<Nth>().unwrap().date_in(2026, 4), None);
    }
}
