//! Where an instant or a date lies, seen from now.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};

use super::asked::date as date_of;
use crate::model::Kind;
use crate::time::Zone;

/// Where it must lie; all that is given must hold. Lengths in milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    pub(super) older: Option<i64>,
    pub(super) newer: Option<i64>,
    pub(super) on: Option<Period>,
    pub(super) before: Option<Period>,
    pub(super) after: Option<Period>,
    /// Within so many local days.
    pub(super) anniversary: Option<u16>,
}

/// Local dates in a row, seen from today.
#[derive(Clone, Copy, Debug)]
pub(super) enum Period {
    Date(NaiveDate),
    Day(i32),
    DayOfMonth(i32),
    Week(i32),
    Month(i32),
    Year(i32),
}

/// About a hundred years.
const FARTHEST: i32 = 36_600;

impl Period {
    pub(super) fn read(text: &str) -> Option<Self> {
        let relative = |text: &str| match text {
            "last" => Some(-1),
            "this" => Some(0),
            "next" => Some(1),
            _ => None,
        };
        match text {
            "yesterday" => return Some(Self::Day(-1)),
            "today" => return Some(Self::Day(0)),
            "tomorrow" => return Some(Self::Day(1)),
            _ => {}
        }
        if let Some((which, unit)) = text.split_once('_') {
            let which = relative(which)?;
            return match unit {
                "week" => Some(Self::Week(which)),
                "month" => Some(Self::Month(which)),
                "year" => Some(Self::Year(which)),
                _ => None,
            };
        }
        if !text.starts_with(['+', '-']) {
            return text.parse().ok().map(Self::Date);
        }
        let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, unit) = text.split_at_checked(unit)?;
        let number: i32 = number.parse().ok()?;
        let (times, days) = match unit {
            "d" => (1, 1),
            "w" => (7, 7),
            "mo" => (1, 31),
            "y" => (12, 366),
            _ => return None,
        };
        if number.checked_abs()?.checked_mul(days)? > FARTHEST {
            return None;
        }
        Some(if days < 31 { Self::Day(number * times) } else { Self::DayOfMonth(number * times) })
    }

    /// The first and the last date.
    fn dates(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let one = |date: NaiveDate| (date, date);
        match self {
            Self::Date(date) => one(date),
            Self::Day(days) => one(later(today, days)),
            Self::DayOfMonth(months) => one(months_later(today, months)),
            Self::Week(weeks) => {
                let monday = later(today, weeks * 7 - today.weekday().num_days_from_monday() as i32);
                (monday, later(monday, 6))
            }
            Self::Month(months) => {
                let first = months_later(today.with_day(1).unwrap_or(today), months);
                (first, later(months_later(first, 1), -1))
            }
            Self::Year(years) => {
                let day =
                    |month, day| NaiveDate::from_ymd_opt(today.year() + years, month, day).unwrap_or(today);
                (day(1, 1), day(12, 31))
            }
        }
    }
}

fn later(date: NaiveDate, days: i32) -> NaiveDate {
    let count = Days::new(days.unsigned_abs().into());
    let moved = if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) };
    moved.unwrap_or(date)
}

fn months_later(date: NaiveDate, months: i32) -> NaiveDate {
    let count = Months::new(months.unsigned_abs());
    let moved = if months < 0 { date.checked_sub_months(count) } else { date.checked_add_months(count) };
    moved.unwrap_or(date)
}

/// Now, and the calendar of one zone.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    zone: Zone,
    now: i64,
    today: NaiveDate,
}

impl Calendar {
    pub(super) fn new(zone: Zone, now: i64) -> Self {
        let today = local_date(&zone, now);
        Self { zone, now, today }
    }

    /// Whether the local date of an instant that is not ahead is one of the last `days`, today included.
    pub(super) fn is_within_days(&self, at: i64, days: u32) -> bool {
        let first = later(self.today, 1 - i32::try_from(days).unwrap_or(i32::MAX));
        let date = local_date(&self.zone, at);
        at <= self.now && first <= date && date <= self.today
    }

    fn first_of(&self, date: NaiveDate) -> i64 {
        self.zone.resolve(date.and_time(NaiveTime::MIN)).timestamp_millis()
    }
}

fn local_date(zone: &Zone, at: i64) -> NaiveDate {
    let end = if at < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    zone.local(DateTime::from_timestamp_millis(at).unwrap_or(end)).date()
}

/// The next local date of this day and month, today included; 29 February comes on 28 February in a common year.
fn coming(date: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    let of = |year| {
        let exact = NaiveDate::from_ymd_opt(year, date.month(), date.day());
        exact.or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
    };
    of(today.year()).filter(|day| *day >= today).or_else(|| of(today.year() + 1))
}

impl Moment {
    /// Whether nothing is asked.
    pub(super) fn is_nothing(&self) -> bool {
        self.older.is_none() && self.newer.is_none() && !self.is_civil()
    }

    /// Whether the answer depends on a calendar.
    pub(super) fn is_civil(&self) -> bool {
        self.on.is_some() || self.before.is_some() || self.after.is_some() || self.anniversary.is_some()
    }

    /// The instants for which all of it holds, first and last, where no calendar is asked.
    pub(super) fn range(&self, now: i64) -> (i64, i64) {
        let older = self.older.map_or(i64::MAX, |span| now.saturating_sub(span));
        let newer = self.newer.map_or(i64::MIN, |span| now.saturating_sub(span).saturating_add(1));
        (newer, if self.newer.is_some() { older.min(now) } else { older })
    }

    /// Whether it lies there: an instant in milliseconds, or a date as a number of days.
    pub(super) fn holds(&self, kind: Kind, number: i64, calendar: &Calendar) -> bool {
        if self.older.is_some() || self.newer.is_some() {
            let at = match (kind, date_of(number)) {
                (Kind::Date, Some(date)) => calendar.first_of(date),
                _ => number,
            };
            let (first, last) = self.range(calendar.now);
            if at < first || at > last {
                return false;
            }
        }
        if !self.is_civil() {
            return true;
        }
        let date = match (kind, date_of(number)) {
            (Kind::Date, Some(date)) => date,
            _ => local_date(&calendar.zone, number),
        };
        let today = calendar.today;
        let dates = |period: Option<Period>| period.map(|period| period.dates(today));
        dates(self.on).is_none_or(|(first, last)| first <= date && date <= last)
            && dates(self.before).is_none_or(|(first, _)| date < first)
            && dates(self.after).is_none_or(|(_, last)| date > last)
            && self.anniversary.is_none_or(|days| {
                coming(date, today).is_some_and(|comes| (comes - today).num_days() < i64::from(days))
            })
    }
}
