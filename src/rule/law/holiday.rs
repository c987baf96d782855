//! Public holidays, computed from rules.

use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::Deserialize;

use crate::model::Name;
use crate::time::Nth;

/// One rule of a calendar.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holiday {
    pub(super) name: Name,
    when: When,
    pub(super) territories: Vec<String>,
    pub(super) source: String,
    /// The first year.
    from: Option<i32>,
    /// The first year without it.
    until: Option<i32>,
    /// What stands in for it on a weekend; the day itself stays one.
    instead: Option<Instead>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum When {
    /// Month and day.
    Day(u32, u32),
    /// Days after Easter Sunday.
    Easter(i64),
    /// Such as the first Monday of a month.
    Nth(Nth, u32),
    /// The last such weekday before a month and day.
    Before(Weekday, u32, u32),
    /// Once.
    Date(NaiveDate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Instead {
    /// The next weekday that is no holiday.
    Next,
    /// Friday for Saturday, Monday for Sunday.
    Nearest,
}

/// Easter Sunday of a year of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher).
pub(super) fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let epact = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

fn moved(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

impl Holiday {
    /// Its own date in a year.
    fn date_in(&self, year: i32) -> Option<NaiveDate> {
        if self.from.is_some_and(|from| year < from) || self.until.is_some_and(|until| year >= until) {
            return None;
        }
        match &self.when {
            When::Day(month, day) => NaiveDate::from_ymd_opt(year, *month, *day),
            When::Easter(days) => moved(easter(year)?, *days),
            When::Nth(nth, month) => nth.date_in(year, *month),
            When::Before(weekday, month, day) => {
                let date = NaiveDate::from_ymd_opt(year, *month, *day)?;
                let back = (date.weekday().days_since(*weekday) + 6) % 7 + 1;
                moved(date, -i64::from(back))
            }
            When::Date(date) => Some(*date).filter(|date| date.year() == year),
        }
    }
}

/// The holidays that the rules give to a year, in order; one that stands in for another may lie in the year before.
pub(super) fn of_year(rules: &[Arc<Holiday>], year: i32) -> Vec<(NaiveDate, Name)> {
    let own = |rule: &Arc<Holiday>| Some((rule.date_in(year)?, rule.name.clone()));
    let mut days: Vec<(NaiveDate, Name)> = rules.iter().filter_map(own).collect();
    for rule in rules {
        let Some(date) = rule.date_in(year).filter(|date| is_weekend(*date)) else { continue };
        let stands_in = match rule.instead {
            None => continue,
            Some(Instead::Nearest) if date.weekday() == Weekday::Sat => date.pred_opt(),
            Some(Instead::Nearest) => date.succ_opt(),
            Some(Instead::Next) => {
                let free = |day: &NaiveDate| !is_weekend(*day) && days.iter().all(|(taken, _)| taken != day);
                date.iter_days().skip(1).take(14).find(free)
            }
        };
        days.extend(stands_in.map(|day| (day, rule.name.clone())));
    }
    days.sort_unstable();
    days
}

/// Whether one of the rules makes it a holiday.
pub(super) fn is_one(rules: &[Arc<Holiday>], date: NaiveDate) -> bool {
    let year = date.year();
    if rules.iter().any(|rule| rule.date_in(year) == Some(date)) {
        return true;
    }
    // The first of January can be kept on the last of December.
    rules.iter().any(|rule| rule.instead.is_some())
        && [year, year + 1].iter().any(|year| of_year(rules, *year).iter().any(|(day, _)| *day == date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_goes_from_its_first_possible_day_to_its_last() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(easter(1818), day("1818-03-22"));
        assert_eq!(easter(1943), day("1943-04-25"));
        assert_eq!(easter(2038), day("2038-04-25"));
        assert_eq!(easter(2285), day("2285-03-22"));
    }
}
