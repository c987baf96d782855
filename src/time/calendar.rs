//! A named set of dates that the host gives: fairs, school holidays, bank holidays.

use chrono::{Datelike, Days as Count, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Problem, civil};

/// A named set of civil dates: seasons, single dates, or both.
///
/// A recurrence may be kept to the dates of a calendar (`calendar: NAME`) or off them (`except: NAME`). With `yearly` the
/// years that are written do not count: each season and each date comes every year, before and after. A yearly season
/// that begins or ends on 29 February does so on 1 March in a common year; a yearly date 29 February comes in leap years
/// alone.
///
/// ```
/// use chrono::NaiveDate;
/// use journeyman::time::Calendar;
/// let rest: Calendar = serde_json::from_str(r#"{
///     "name": "rest", "yearly": true,
///     "seasons": [{ "from": "2026-12-20", "until": "2027-01-05" }], "dates": ["2026-05-01"]
/// }"#)?;
/// assert_eq!(rest.check(), vec![]);
/// assert!(rest.contains(NaiveDate::from_ymd_opt(2041, 1, 4).unwrap()));
/// assert!(rest.contains(NaiveDate::from_ymd_opt(2041, 5, 1).unwrap()));
/// assert!(!rest.contains(NaiveDate::from_ymd_opt(2041, 1, 5).unwrap())); // a season is half-open
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// What a recurrence calls it.
    pub name: String,
    /// Stretches of dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seasons: Vec<Season>,
    /// Whether all of it comes every year.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
    /// Single dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "civil::dates")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub dates: Vec<NaiveDate>,
}

/// A stretch of civil dates, `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// The first date inside.
    #[serde(deserialize_with = "civil::date")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub from: NaiveDate,
    /// The first date after it.
    #[serde(deserialize_with = "civil::date")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub until: NaiveDate,
}

/// A stretch of dates, `[start, end)`, never empty.
type Run = (NaiveDate, NaiveDate);

impl Calendar {
    /// Every problem at once: no name, nothing in it, a season that ends before it begins. Empty where all is well.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.name.is_empty() {
            problems.push(Problem::new("name", "the calendar has no name", "give it one, such as holidays"));
        }
        if self.seasons.is_empty() && self.dates.is_empty() {
            problems.push(Problem::new("seasons", "nothing is in it", "add a season or a date"));
        }
        for season in self.seasons.iter().filter(|season| season.until <= season.from) {
            let sentence = format!("a season ends on {} and begins on {}", season.until, season.from);
            let next = "let until be a later date, of the next year where it goes over the new year";
            problems.push(Problem::new("seasons", sentence, next));
        }
        problems
    }

    /// Whether the date belongs to it.
    #[must_use]
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.runs(date).any(|(start, _)| start <= date)
    }

    /// The first of its dates at or after this one.
    pub(super) fn next_inside(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.runs(date).map(|(start, _)| start.max(date)).min()
    }

    /// The first date at or after this one that does not belong to it.
    pub(super) fn next_outside(&self, date: NaiveDate) -> Option<NaiveDate> {
        let mut here = date;
        // A chain of yearly ones can leave out 29 February alone, and eight years lie between those around 2100.
        for _ in 0..=10 * (self.seasons.len() + self.dates.len()) {
            match self.runs(here).filter(|(start, _)| *start <= here).map(|(_, end)| end).max() {
                None => return Some(here),
                Some(end) => here = end,
            }
        }
        None
    }

    /// The run of each season and date that ends after `date` and begins first.
    fn runs(&self, date: NaiveDate) -> impl Iterator<Item = Run> {
        let seasons = self.seasons.iter().filter_map(move |season| season.run(date, self.yearly));
        let dates = self.dates.iter().filter_map(move |day| {
            let start = if self.yearly { next_anniversary(*day, date)? } else { *day };
            (start >= date).then_some((start, start.succ_opt()?))
        });
        seasons.chain(dates)
    }
}

/// The first date at or after `date` with this day and month.
fn next_anniversary(day: NaiveDate, date: NaiveDate) -> Option<NaiveDate> {
    // Eight years lie between the 29 Februaries around 2100.
    (date.year()..=date.year() + 8)
        .filter_map(|year| NaiveDate::from_ymd_opt(year, day.month(), day.day()))
        .find(|candidate| *candidate >= date)
}

/// The same day of another year; 1 March where that year has no 29 February.
fn in_year(day: NaiveDate, year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, day.month(), day.day()).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
}

impl Season {
    fn run(&self, date: NaiveDate, yearly: bool) -> Option<Run> {
        if self.until <= self.from {
            return None;
        }
        if !yearly {
            return (self.until > date).then_some((self.from, self.until));
        }
        let years = self.until.year() - self.from.year();
        let within_the_year = |date: NaiveDate| (date.month(), date.day());
        if years > 1 || (years == 1 && within_the_year(self.until) >= within_the_year(self.from)) {
            // A year long every year is always; the end of such a run is far enough to leap over.
            return Some((date, date.checked_add_days(Count::new(366))?));
        }
        (date.year() - 1..=date.year() + 8).find_map(|year| {
            let (start, end) = (in_year(self.from, year)?, in_year(self.until, year + years)?);
            // From 29 February until 1 March is nothing in a common year.
            (start < end && end > date).then_some((start, end))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(text: &str) -> Calendar {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_year_long_season_that_comes_every_year_has_no_outside() {
        let always = calendar(
            r#"{"name": "x", "yearly": true, "seasons": [{"from": "2026-03-01", "until": "2026-09-01"},
               {"from": "2026-09-01", "until": "2027-03-01"}]}"#,
        );
        assert_eq!(always.next_outside(day("2026-05-01")), None);
        let long = calendar(
            r#"{"name": "x", "yearly": true, "seasons": [{"from": "2026-03-01", "until": "2028-02-01"}]}"#,
        );
        assert_eq!(long.next_outside(day("2026-05-01")), None);
        assert!(long.contains(day("2026-02-15")));
    }

    #[test]
    fn a_season_of_a_leap_day_is_empty_in_common_years() {
        let leap = calendar(
            r#"{"name": "x", "yearly": true, "seasons": [{"from": "2024-02-29", "until": "2024-03-01"}]}"#,
        );
        assert!(leap.contains(day("2028-02-29")) && !leap.contains(day("2027-03-01")));
        assert_eq!(leap.next_inside(day("2096-03-01")), Some(day("2104-02-29")));
    }

    #[test]
    fn a_season_that_leaves_out_29_february_alone_has_it_outside() {
        let most = calendar(
            r#"{"name": "x", "yearly": true, "seasons": [{"from": "2027-03-01", "until": "2028-02-29"}]}"#,
        );
        assert_eq!(most.next_outside(day("2096-03-01")), Some(day("2104-02-29")));
    }

    #[test]
    fn what_cannot_be_a_calendar_is_told_at_once() {
        let wrong = calendar(r#"{"name": "", "seasons": [{"from": "2026-12-20", "until": "2026-01-05"}]}"#);
        let fields: Vec<_> = wrong.check().iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["name", "seasons"]);
        assert_eq!(calendar(r#"{"name": "x"}"#).check()[0].field, "seasons");
        assert!(serde_json::from_str::<Calendar>(r#"{"name": "x", "dates": ["2026-02-29"]}"#).is_err());
    }
}
