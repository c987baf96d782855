//! Civil dates as an author writes them: `2026-03-28`, and a sentence where one is not.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer};

/// The years that the house counts with.
pub(super) const LAST_YEAR: i32 = 9998;
const FIRST_YEAR: i32 = 1970;

fn parse(text: &str) -> Result<NaiveDate, String> {
    let shown: String = text.chars().take(40).collect();
    // chrono reads 2026-3-8 and spaces as well; what is written once is written in one way.
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| format!("{shown:?} is not a date of the calendar; write it as 2026-03-28"))?;
    if (FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
        Ok(date)
    } else {
        Err(format!("{shown:?} is not in the years {FIRST_YEAR} to {LAST_YEAR}; write it as 2026-03-28"))
    }
}

/// One date.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// A date, or nothing.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse(&text)).transpose().map_err(serde::de::Error::custom)
}

/// A list of dates.
pub(super) fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NaiveDate>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| parse(text)).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_date_is_refused() {
        assert_eq!(parse("2028-02-29"), Ok(NaiveDate::from_ymd_opt(2028, 2, 29).unwrap()));
        for text in [
            "",
            "2026-2-28",
            "2027-02-29",
            "28.03.2026",
            "1969-12-31",
            "9999-01-01",
            " 2026-03-2",
            "2026-03-28T00",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
