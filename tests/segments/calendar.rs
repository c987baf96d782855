//! Local days by arithmetic of its own; of the crate it asks one thing, how far a zone's clock is from UTC at an instant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use journeyman::time::Zone;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The number of a day since 1 January 1970.
pub(crate) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let years = if month <= 2 { year - 1 } else { year };
    let era = years.div_euclid(400);
    let of_era = years.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day's number: the year is looked for, the rest is counted.
pub(crate) fn date_of(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while day_of(year + 1, 1, 1) <= day {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && day_of(year, month + 1, 1) <= day {
        month += 1;
    }
    (year, month, day - day_of(year, month, 1) + 1)
}

pub(crate) fn is_leap(year: i64) -> bool {
    day_of(year, 3, 1) - day_of(year, 2, 28) == 2
}

fn length_of(year: i64, month: i64) -> i64 {
    if month == 12 { 31 } else { day_of(year, month + 1, 1) - day_of(year, month, 1) }
}

/// The same day of the month so many months on, or the last one of a shorter month.
pub(crate) fn months_on(day: i64, months: i64) -> i64 {
    let (year, month, of_month) = date_of(day);
    let all = year * 12 + month - 1 + months;
    let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
    day_of(year, month, of_month.min(length_of(year, month)))
}

/// The first and last day of the week (from Monday), month or year that is so many of them away.
pub(crate) fn week(day: i64, away: i64) -> (i64, i64) {
    let monday = day - (day + 3).rem_euclid(7) + 7 * away;
    (monday, monday + 6)
}

pub(crate) fn month(day: i64, away: i64) -> (i64, i64) {
    let (year, month, _) = date_of(day);
    let first = months_on(day_of(year, month, 1), away);
    (first, months_on(first, 1) - 1)
}

pub(crate) fn year(day: i64, away: i64) -> (i64, i64) {
    let year = date_of(day).0 + away;
    (day_of(year, 1, 1), day_of(year, 12, 31))
}

pub(crate) fn written_day(day: i64) -> String {
    let (year, month, day) = date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

pub(crate) fn written(at: i64) -> String {
    let (day, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (hours, minutes) = (rest / HOUR, rest / 60_000 % 60);
    format!("{}T{hours:02}:{minutes:02}:{:02}.{:03}Z", written_day(day), rest / 1_000 % 60, rest % 1_000)
}

/// The clocks of some zones over a stretch of time.
pub(crate) struct Clocks {
    zones: BTreeMap<&'static str, Clock>,
}

pub(crate) struct Clock {
    zone: Zone,
    from: i64,
    to: i64,
    /// Since when the clock is how far from UTC.
    pieces: Vec<(i64, i64)>,
}

impl Clocks {
    pub(crate) fn new(names: &[&'static str], from: i64, to: i64) -> Self {
        Self { zones: names.iter().map(|name| (*name, Clock::new(name, from, to))).collect() }
    }

    pub(crate) fn of(&self, name: &str) -> &Clock {
        &self.zones[name]
    }
}

impl Clock {
    fn new(name: &str, from: i64, to: i64) -> Self {
        let zone = Zone::named(name).unwrap();
        let mut pieces = vec![(from, ahead(&zone, from))];
        let mut at = from;
        while at < to {
            let next = at + 6 * HOUR;
            let (before, after) = (ahead(&zone, at), ahead(&zone, next));
            if before != after {
                let (mut low, mut high) = (at, next);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if ahead(&zone, middle) == before { low = middle } else { high = middle }
                }
                pieces.push((high, after));
            }
            at = next;
        }
        Self { zone, from, to, pieces }
    }

    fn ahead(&self, at: i64) -> i64 {
        if at < self.from || at > self.to {
            return ahead(&self.zone, at);
        }
        let piece = self.pieces.iter().rev().find(|(since, _)| *since <= at);
        piece.unwrap().1
    }

    /// The local day of an instant.
    pub(crate) fn day(&self, at: i64) -> i64 {
        (at + self.ahead(at)).div_euclid(DAY)
    }

    /// The first instant at which clocks show this day, or a later one where the calendar skips it.
    pub(crate) fn first_of(&self, day: i64) -> i64 {
        let noon = day * DAY + DAY / 2;
        if noon < self.from + 3 * DAY || noon > self.to - 3 * DAY {
            // So far away the hour makes no difference.
            return day * DAY - self.ahead(day * DAY);
        }
        let begins = self.pieces.iter().enumerate().filter_map(|(place, (since, ahead))| {
            let end = self.pieces.get(place + 1).map_or(self.to, |next| next.0);
            let midnight = (day * DAY - ahead).max(*since);
            (midnight < end).then_some(midnight)
        });
        begins.min().unwrap()
    }

    /// Every instant in `[from, to)` at which the local day changes.
    pub(crate) fn changes(&self, from: i64, to: i64) -> Vec<i64> {
        let mut found: Vec<i64> = self.pieces.iter().map(|(since, _)| *since).collect();
        for (place, (since, ahead)) in self.pieces.iter().enumerate() {
            let end = self.pieces.get(place + 1).map_or(self.to, |next| next.0);
            let mut midnight = ((since + ahead).div_euclid(DAY) + 1) * DAY - ahead;
            while midnight < end {
                found.push(midnight);
                midnight += DAY;
            }
        }
        found.retain(|at| *at >= from && *at < to);
        found
    }
}

fn ahead(zone: &Zone, at: i64) -> i64 {
    let instant: DateTime<Utc> = DateTime::from_timestamp_millis(at).unwrap();
    zone.local(instant).and_utc().timestamp_millis() - at
}
