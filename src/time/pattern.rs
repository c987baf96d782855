//! The dates of a recurrence, by arithmetic: no date is stepped over one by one.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::civil::LAST_YEAR;
use super::{Days, MonthDay, Nth};

/// Which dates a recurrence names, before calendars and bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Every n-th day from this one.
    Daily { first: NaiveDate, interval: u32 },
    /// These days of every n-th week from the one that begins on this Monday.
    Weekly { monday: NaiveDate, interval: u32, on: Days },
    /// A day of every n-th month from this one, counted from the year 0.
    Monthly { month: i64, interval: u32, day: DayRule },
    /// A day of a month of every n-th year from this one.
    Yearly { year: i64, interval: u32, month: u32, day: DayRule },
    /// These, in order, each once.
    Dates(Vec<NaiveDate>),
}

/// Which day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayRule {
    Day { day: MonthDay, short: WhenMissing },
    Nth(Nth),
}

/// What happens in a month without the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenMissing {
    LastDay,
    FirstOfNext,
    Nothing,
}

/// The days of a month repeat after this many months, whatever the weekday: 400 years are 146,097 days, whole weeks.
const MONTHS_OF_ALL: i64 = 400 * 12;

/// The Monday of a date's week.
pub(super) fn monday_of(date: NaiveDate) -> NaiveDate {
    let back = TimeDelta::days(date.weekday().num_days_from_monday().into());
    date.checked_sub_signed(back).unwrap_or(date)
}

/// The months from the year 0 until this date's.
pub(super) fn month_index(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// How far it is from `here` to the next of every n-th one that `first` is one of.
fn ahead(first: i64, here: i64, interval: u32) -> i64 {
    (first - here).rem_euclid(i64::from(interval.max(1)))
}

fn later(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    date.checked_add_signed(TimeDelta::try_days(days)?)
}

impl DayRule {
    fn date_in(self, year: i32, month: u32) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let next = first.checked_add_months(chrono::Months::new(1))?;
        match self {
            Self::Nth(nth) => nth.date_in(year, month),
            Self::Day { day: MonthDay::Last, .. } => next.pred_opt(),
            Self::Day { day: MonthDay::Number(day), short } => {
                NaiveDate::from_ymd_opt(year, month, day.into()).or(match short {
                    WhenMissing::LastDay => next.pred_opt(),
                    WhenMissing::FirstOfNext => Some(next),
                    WhenMissing::Nothing => None,
                })
            }
        }
    }

    /// The first date at or after `date`, in every n-th month from `first`.
    fn next(self, date: NaiveDate, first: i64, interval: u32) -> Option<NaiveDate> {
        // A 29 February can be 1 March, so the month before is looked at too.
        let here = month_index(date) - 1;
        let mut month = here + ahead(first, here, interval);
        // Two more turns than all different months, for those that may lie before the date.
        for _ in 0..MONTHS_OF_ALL + 2 {
            let year = i32::try_from(month.div_euclid(12)).ok().filter(|year| *year <= LAST_YEAR)?;
            let number = u32::try_from(month.rem_euclid(12)).ok()? + 1;
            match self.date_in(year, number) {
                Some(found) if found >= date => return Some(found),
                _ => month += i64::from(interval.max(1)),
            }
        }
        None
    }
}

impl Pattern {
    /// The first date at or after this one; `None` where there is none before the year 9999.
    pub(super) fn next(&self, date: NaiveDate) -> Option<NaiveDate> {
        let found = match self {
            Self::Daily { first, interval } => {
                later(date, ahead(first.num_days_from_ce().into(), date.num_days_from_ce().into(), *interval))
            }
            Self::Weekly { monday, interval, on } => {
                let week = |monday: NaiveDate| i64::from(monday.num_days_from_ce()).div_euclid(7);
                let here = monday_of(date);
                let wait = ahead(week(*monday), week(here), *interval);
                let day_of = |monday: NaiveDate, earliest: NaiveDate| {
                    on.iter()
                        .filter_map(|day| later(monday, day.num_days_from_monday().into()))
                        .find(|day| *day >= earliest)
                };
                let this = later(here, wait * 7)?;
                let next = || later(this, i64::from(*interval) * 7);
                day_of(this, date).or_else(|| day_of(next()?, date))
            }
            Self::Monthly { month, interval, day } => day.next(date, *month, *interval),
            Self::Yearly { year, interval, month, day } => {
                let first = year * 12 + i64::from(*month) - 1;
                day.next(date, first, interval.saturating_mul(12))
            }
            Self::Dates(dates) => dates.get(dates.partition_point(|listed| *listed < date)).copied(),
        };
        found.filter(|date| date.year() <= LAST_YEAR)
    }
}
