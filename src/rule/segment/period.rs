//! A local day, week, month or year, relative to today or not.

use chrono::{Datelike, Days, Months, NaiveDate};

/// Local dates in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    /// One date of the calendar.
    Date(NaiveDate),
    /// The day that lies so many days from today.
    Days(i32),
    /// The day that lies so many months from today.
    Months(i32),
    /// The week that lies so many weeks from this one; it begins on Monday.
    Week(i32),
    /// The month that lies so many months from this one.
    Month(i32),
    /// The year that lies so many years from this one.
    Year(i32),
}

/// Where a date lies beside a period. As days go by, it only ever falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Before,
    On,
    After,
}

/// The farthest that a period may lie away, in days: about a hundred years.
const FARTHEST: u32 = 36_600;

impl Period {
    /// What the author wrote; the words that there are, where it is none of them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "yesterday" => Self::Days(-1),
            "today" => Self::Days(0),
            "tomorrow" => Self::Days(1),
            _ => match text.split_once('_') {
                Some((which, unit)) => {
                    let away = match which {
                        "last" => -1,
                        "this" => 0,
                        "next" => 1,
                        _ => return None,
                    };
                    match unit {
                        "week" => Self::Week(away),
                        "month" => Self::Month(away),
                        "year" => Self::Year(away),
                        _ => return None,
                    }
                }
                None => return relative(text).or_else(|| date(text)),
            },
        })
    }

    /// The first and the last date.
    fn bounds(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let one = |date: Option<NaiveDate>| (date.unwrap_or(today), date.unwrap_or(today));
        match self {
            Self::Date(date) => (date, date),
            Self::Days(days) => one(moved(today, days)),
            Self::Months(months) => one(shifted(today, months)),
            Self::Week(weeks) => {
                let monday = i32::try_from(today.weekday().num_days_from_monday()).unwrap_or(0);
                let first = moved(today, weeks.saturating_mul(7).saturating_sub(monday)).unwrap_or(today);
                (first, moved(first, 6).unwrap_or(first))
            }
            Self::Month(months) => {
                let first = shifted(today.with_day(1).unwrap_or(today), months).unwrap_or(today);
                (first, shifted(first, 1).and_then(|next| next.pred_opt()).unwrap_or(first))
            }
            Self::Year(years) => {
                let year = today.year().saturating_add(years);
                let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or(today);
                (day(1, 1), day(12, 31))
            }
        }
    }

    /// Where a date lies, as of a day.
    pub(super) fn side(self, date: NaiveDate, today: NaiveDate) -> Side {
        let (first, last) = self.bounds(today);
        if date < first {
            Side::Before
        } else if date > last {
            Side::After
        } else {
            Side::On
        }
    }

    /// The first day after today on which the date lies elsewhere; nothing where it stays.
    pub(super) fn moves_on(self, date: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
        let side = self.side(date, today);
        if matches!(self, Self::Date(_)) || side == Side::Before {
            return None;
        }
        let elsewhere = |days: u64| {
            today.checked_add_days(Days::new(days)).is_some_and(|day| self.side(date, day) < side)
        };
        let (mut low, mut high) = (0_u64, 1_u64);
        while !elsewhere(high) {
            (low, high) = (high, high.saturating_mul(2));
            if high > 4_000_000 {
                return None;
            }
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            if elsewhere(middle) { high = middle } else { low = middle }
        }
        today.checked_add_days(Days::new(high))
    }
}

fn moved(date: NaiveDate, days: i32) -> Option<NaiveDate> {
    let by = Days::new(days.unsigned_abs().into());
    if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) }
}

fn shifted(date: NaiveDate, months: i32) -> Option<NaiveDate> {
    let by = Months::new(months.unsigned_abs());
    if months < 0 { date.checked_sub_months(by) } else { date.checked_add_months(by) }
}

/// `+5d`, `-2w`, `+1mo`, `-1y`.
fn relative(text: &str) -> Option<Period> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = rest.split_at_checked(digits)?;
    let number: u32 = number.parse().ok()?;
    let (each, days) = match unit {
        "d" => (1, 1),
        "w" => (7, 7),
        "mo" => (1, 31),
        "y" => (12, 366),
        _ => return None,
    };
    if number.checked_mul(days)? > FARTHEST {
        return None;
    }
    let away = i32::try_from(number.checked_mul(each)?).ok()?.checked_mul(sign)?;
    Some(if matches!(unit, "d" | "w") { Period::Days(away) } else { Period::Months(away) })
}

fn date(text: &str) -> Option<Period> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    // What is written once is written in one way.
    ((1..=9998).contains(&date.year()) && date.to_string() == text).then_some(Period::Date(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn words_are_periods_of_local_days() {
        let today = day("2026-03-25"); // a Wednesday
        for (text, first, last) in [
            ("today", "2026-03-25", "2026-03-25"),
            ("tomorrow", "2026-03-26", "2026-03-26"),
            ("this_week", "2026-03-23", "2026-03-29"),
            ("last_week", "2026-03-16", "2026-03-22"),
            ("next_month", "2026-04-01", "2026-04-30"),
            ("last_year", "2025-01-01", "2025-12-31"),
            ("+5d", "2026-03-30", "2026-03-30"),
            ("-2w", "2026-03-11", "2026-03-11"),
            ("+1mo", "2026-04-25", "2026-04-25"),
            ("-1y", "2025-03-25", "2025-03-25"),
            ("2026-03-28", "2026-03-28", "2026-03-28"),
        ] {
            assert_eq!(Period::parse(text).unwrap().bounds(today), (day(first), day(last)), "{text}");
        }
        for text in ["", "soon", "+5", "5d", "+5m", "2026-3-28", "next_day", "+99999d", "+é", "2026-02-30"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_on_which_a_date_lies_elsewhere_is_found() {
        for text in ["today", "this_week", "next_month", "last_year", "+5d", "+1mo", "-1mo", "-1y"] {
            let period = Period::parse(text).unwrap();
            for away in -800..800 {
                let today = day("2027-12-31");
                let date = moved(today, away).unwrap();
                let side = period.side(date, today);
                let naive = (1..3_000)
                    .filter_map(|days| moved(today, days))
                    .find(|later| period.side(date, *later) != side);
                assert_eq!(period.moves_on(date, today), naive, "{text} {date}");
            }
        }
    }
}
