//! Hours, holidays and windows as numbers, typed once more.

use chrono::{DateTime, TimeDelta, Utc};

use crate::sim::fixture::{PLACES, Place};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// What nothing begins in any more before hours end.
const MARGIN: i64 = 2 * MINUTE;
/// Days since 1970: Good Friday and Easter Monday of 2026.
const GOOD_FRIDAY: i64 = 20_546;
const EASTER_MONDAY: i64 = 20_549;
/// The day from which on letters have narrower hours: 30 March 2026.
const NARROWER: i64 = 20_542;

/// Where somebody may be, as far as it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Metropole,
    Alsace,
    Reunion,
}

impl Spot {
    fn is_holiday(self, day: i64) -> bool {
        day == EASTER_MONDAY || (self == Spot::Alsace && day == GOOD_FRIDAY)
    }

    fn clock(self) -> &'static Place {
        match self {
            Spot::Metropole | Spot::Alsace => &PLACES[0],
            Spot::Reunion => &PLACES[2],
        }
    }
}

/// Hours on a channel: a bit for each day from Monday on, two minutes of the day, whether holidays are open, from which day on.
pub(super) struct Hours {
    pub(super) channel: &'static str,
    week: u8,
    from: i64,
    until: i64,
    on_holidays: bool,
    since: i64,
}

const NOT_SUNDAY: u8 = 0b011_1111;
const EVERY_DAY: u8 = 0b111_1111;

/// The French operators' hours of an SMS.
pub(super) const TEXTS: Hours =
    Hours { channel: "sms", week: NOT_SUNDAY, from: 510, until: 1_200, on_holidays: false, since: 0 };
/// Hours of the house for letters, and narrower ones from a day on.
pub(super) const LETTERS: [Hours; 2] = [
    Hours { channel: "letter", week: NOT_SUNDAY, from: 450, until: 1_230, on_holidays: false, since: 0 },
    Hours { channel: "letter", week: EVERY_DAY, from: 540, until: 1_080, on_holidays: true, since: NARROWER },
];

impl Hours {
    /// Whether they leave an instant open at one spot on one clock.
    pub(super) fn is_open(&self, spot: Spot, clock: &Place, at: i64) -> bool {
        clock.day(at) < self.since || (self.holds(spot, clock, at) && self.holds(spot, clock, at + MARGIN))
    }

    fn holds(&self, spot: Spot, clock: &Place, at: i64) -> bool {
        let day = clock.day(at);
        let minute = time_of_day(clock, at) / MINUTE;
        // The first day of 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        self.week >> weekday & 1 == 1
            && (self.from..self.until).contains(&minute)
            && (self.on_holidays || !spot.is_holiday(day))
    }
}

/// Who may be where, on whose clock.
pub(super) struct Whereabouts {
    /// None of them where the law says nothing.
    pub(super) spots: Vec<Spot>,
    /// The person's own clock, where it has one.
    pub(super) clock: Option<&'static Place>,
}

impl Whereabouts {
    /// Whether these hours leave an instant open wherever the person may be.
    pub(super) fn is_open(&self, hours: &[&Hours], at: i64) -> bool {
        self.spots.iter().all(|spot| {
            let clock = self.clock.unwrap_or(spot.clock());
            hours.iter().all(|hours| hours.is_open(*spot, clock, at))
        })
    }
}

/// Milliseconds since local midnight.
pub(super) fn time_of_day(clock: &Place, at: i64) -> i64 {
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
    clock.time_of_day(at).num_milliseconds()
}

/// So many local days and hours later.
pub(super) fn later(clock: &Place, at: i64, days: i64, hours: i64) -> i64 {
    let local = clock.day(at) * DAY + time_of_day(clock, at) + days * DAY;
    clock.instant(local) + hours * 60 * MINUTE
}

/// The instants from one to another, by whole minutes.
pub(super) fn minutes(from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let first = from.timestamp_millis() / MINUTE + 1;
    let last = (until - TimeDelta::milliseconds(1)).timestamp_millis() / MINUTE;
    (first..=last).filter_map(|minute| DateTime::from_timestamp_millis(minute * MINUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
    }

    #[test]
    fn hours_are_counted_on_the_clock_of_the_reader() {
        let [paris, _, reunion, _] = &PLACES;
        let open = |spot, clock, text| TEXTS.is_open(spot, clock, at(text));
        assert!(open(Spot::Metropole, paris, "2026-03-24T07:30:00Z"));
        assert!(!open(Spot::Metropole, paris, "2026-03-24T07:29:59Z"));
        assert!(
            !open(Spot::Metropole, paris, "2026-03-24T18:58:00Z")
                && open(Spot::Metropole, paris, "2026-03-24T18:57:59Z")
        );
        assert!(!open(Spot::Metropole, paris, "2026-03-29T10:00:00Z"), "a Sunday");
        assert!(
            open(Spot::Metropole, paris, "2026-04-03T10:00:00Z")
                && !open(Spot::Alsace, paris, "2026-04-03T10:00:00Z")
        );
        assert!(!open(Spot::Reunion, reunion, "2026-04-06T10:00:00Z"), "Easter Monday");
        assert!(open(Spot::Reunion, reunion, "2026-04-04T04:30:00Z"));
        let letters = |text| LETTERS.iter().all(|hours| hours.is_open(Spot::Metropole, paris, at(text)));
        assert!(letters("2026-03-28T07:00:00Z") && !letters("2026-03-30T06:30:00Z"));
        assert_eq!(later(paris, at("2026-03-28T10:00:00Z"), 1, 1), at("2026-03-29T10:00:00Z"));
    }
}
