//! Weekly windows, offsets and recurrences: what others get wrong, by name, and properties against naive oracles that walk
//! minute by minute and day by day.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "fixtures/zones/table.rs"]
mod table;

use chrono::{DateTime, Datelike, Days as Count, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use journeyman::journey::parse_yaml;
use journeyman::time::{
    Calendar, Days, Every, Leap, MonthDay, Recurrence, RecurrenceDefinition, Season, Short, Span,
    WeeklyWindow, Zone,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use table::{DAY, Range, Table, is_inside};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn second(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn definition(yaml: &str) -> RecurrenceDefinition {
    parse_yaml(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

fn recurrence(yaml: &str) -> Recurrence {
    definition(yaml).compile().unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"))
}

/// The local dates on which it comes from an instant on.
fn dates_of(recurrence: &Recurrence, zone: &Zone, from: &str, count: usize) -> Vec<String> {
    let mut from = at(from);
    let mut dates = Vec::new();
    while let Some(next) = recurrence.next_at_or_after(from, zone, |_| None).filter(|_| dates.len() < count) {
        dates.push(zone.local(next).date().to_string());
        from = next + TimeDelta::milliseconds(1);
    }
    dates
}

// What others get wrong.

#[test]
fn a_tuesday_in_tokyo_is_tokyos_and_not_that_of_utc() {
    let tokyo = zone("Asia/Tokyo");
    let tuesday: Days = "Tue".parse().unwrap();
    // Monday 23:30 UTC is Tuesday 08:30 in Tokyo; Tuesday 23:30 UTC is Wednesday there.
    assert_eq!(
        tokyo.next_time_on_days(at("2026-03-23T20:00:00Z"), tuesday, time("08:30")),
        at("2026-03-23T23:30:00Z")
    );
    assert_eq!(
        tokyo.next_time_on_days(at("2026-03-24T00:00:00Z"), tuesday, time("08:30")),
        at("2026-03-30T23:30:00Z")
    );
    let morning: WeeklyWindow = "Tue 08:00-09:00".parse().unwrap();
    assert_eq!(morning.opens_at(at("2026-03-23T20:00:00Z"), &tokyo), Some(at("2026-03-23T23:00:00Z")));
    assert!(!morning.contains(tokyo.local(at("2026-03-24T23:30:00Z"))));
    let weekly = recurrence("{ every: week, on: [tue], at: '08:30' }");
    assert_eq!(
        weekly.next_at_or_after(at("2026-03-23T20:00:00Z"), &tokyo, |_| None),
        Some(at("2026-03-23T23:30:00Z"))
    );
}

#[test]
fn a_local_delay_across_a_new_york_clock_change_keeps_its_local_time() {
    let new_york = zone("America/New_York");
    // Saturday 7 March 2026, 20:00; the clocks go forward that night. The offset of then would make 09:00 an hour late.
    let evening = at("2026-03-08T01:00:00Z");
    assert_eq!(new_york.next_time_of_day(evening, time("09:00")), at("2026-03-08T13:00:00Z"));
    assert_eq!(new_york.add(evening, Span::days(1)), at("2026-03-09T00:00:00Z"));
    assert_eq!(new_york.shift(at("2026-03-09T00:00:00Z"), "-1d".parse().unwrap()), evening);
    let morning: WeeklyWindow = "09:00-12:00".parse().unwrap();
    assert_eq!(morning.opens_at(evening, &new_york), Some(at("2026-03-08T13:00:00Z")));
    let daily = recurrence("{ every: day, at: '09:00' }");
    assert_eq!(daily.next_at_or_after(evening, &new_york, |_| None), Some(at("2026-03-08T13:00:00Z")));
}

#[test]
fn a_night_window_is_not_swapped_into_the_day() {
    let night: WeeklyWindow = "22:00-06:00".parse().unwrap();
    let paris = zone("Europe/Paris");
    assert_eq!(night.to_string(), "22:00-06:00");
    let noon = at("2026-03-24T11:00:00Z");
    assert!(!night.contains(paris.local(noon)));
    assert_eq!(night.opens_at(noon, &paris), Some(at("2026-03-24T21:00:00Z")));
    assert_eq!(night.closes_at(at("2026-03-24T21:00:00Z"), &paris), Some(at("2026-03-25T05:00:00Z")));
    assert_eq!(night.longest_closed(), TimeDelta::hours(16));
}

#[test]
fn what_a_clock_change_moves_is_due_once_a_day_and_never_again_an_hour_later() {
    // 01:30 comes twice in New York on 1 November 2026, 02:30 not at all on 8 March; Lord Howe moves by half an hour and
    // Troll by two.
    for (name, from) in [
        ("America/New_York", "2026-03-01T12:00:00Z"),
        ("America/New_York", "2026-10-25T12:00:00Z"),
        ("Europe/Paris", "2026-03-22T12:00:00Z"),
        ("Europe/Paris", "2026-10-18T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-01T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-09-28T12:00:00Z"),
        ("Antarctica/Troll", "2026-03-22T12:00:00Z"),
        ("Antarctica/Troll", "2026-10-18T12:00:00Z"),
    ] {
        let (zone, from) = (zone(name), at(from));
        for text in ["00:00", "00:30", "01:30", "01:45", "02:00", "02:30", "03:00", "23:30"] {
            let daily = recurrence(&format!("{{ every: day, at: '{text}' }}"));
            let (mut next, mut due) = (from, Vec::new());
            while next < from + TimeDelta::days(14) {
                let here = daily.next_at_or_after(next, &zone, |_| None).unwrap();
                assert_eq!(here, zone.next_time_of_day(next, time(text)));
                // Asked again at the very instant, it is this instant: nothing is put off.
                assert_eq!(daily.next_at_or_after(here, &zone, |_| None), Some(here));
                due.push(zone.local(here).date());
                next = here + TimeDelta::milliseconds(1);
            }
            let days: Vec<_> = due[0].iter_days().take(due.len()).collect();
            assert_eq!(due, days, "{name} {text}");
            assert!((14..=15).contains(&due.len()), "{name} {text}: {} times in two weeks", due.len());
        }
        for text in ["09:00-17:00", "01:00-03:00", "22:00-02:30", "02:15-02:45"] {
            let window: WeeklyWindow = text.parse().unwrap();
            let (mut here, mut openings) = (from, 0);
            while here < from + TimeDelta::days(14) {
                let opens = window.opens_at(here, &zone).unwrap();
                assert_eq!(window.opens_at(opens, &zone), Some(opens), "{name} {text}");
                let closes = window.closes_at(opens, &zone).unwrap();
                assert!(closes > opens && !window.contains(zone.local(closes)), "{name} {text}");
                (here, openings) = (closes, openings + 1);
            }
            assert!((13..=16).contains(&openings), "{name} {text}: {openings} times in two weeks");
        }
    }
}

#[test]
fn day_31_comes_every_month_and_does_not_run_over_into_the_next() {
    let utc = Zone::utc();
    let clamped = dates_of(&recurrence("{ every: month, day: 31 }"), &utc, "2027-01-01T00:00:00Z", 5);
    assert_eq!(clamped, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    let skipped =
        dates_of(&recurrence("{ every: month, day: 31, short: skip }"), &utc, "2027-01-01T00:00:00Z", 3);
    assert_eq!(skipped, ["2027-01-31", "2027-03-31", "2027-05-31"]);
    let last =
        dates_of(&recurrence("{ every: month, day: last, interval: 3 }"), &utc, "2027-01-01T00:00:00Z", 3);
    assert_eq!(last, ["2027-01-31", "2027-04-30", "2027-07-31"]);
    // A month before 31 March is in February, not 3 March.
    assert_eq!(utc.shift(at("2027-03-31T10:00:00Z"), "-1mo".parse().unwrap()), at("2027-02-28T10:00:00Z"));
}

#[test]
fn a_birthday_on_29_february_comes_every_year_or_in_leap_years_as_is_said() {
    let utc = Zone::utc();
    let dates = |rest: &str| {
        let yaml = format!("{{ every: year, month: 2, day: 29{rest} }}");
        dates_of(&recurrence(&yaml), &utc, "2027-01-01T00:00:00Z", 3)
    };
    assert_eq!(dates(""), ["2027-02-28", "2028-02-29", "2029-02-28"]);
    assert_eq!(dates(", leap: feb_28"), ["2027-02-28", "2028-02-29", "2029-02-28"]);
    assert_eq!(dates(", leap: mar_1"), ["2027-03-01", "2028-02-29", "2029-03-01"]);
    assert_eq!(dates(", short: skip"), ["2028-02-29", "2032-02-29", "2036-02-29"]);
    assert_eq!(
        dates(", leap: mar_1, interval: 2, from: 2027-01-01"),
        ["2027-03-01", "2029-03-01", "2031-03-01"]
    );
    // Asked on 1 March itself.
    let first = recurrence("{ every: year, month: 2, day: 29, leap: mar_1 }");
    let here = at("2027-03-01T00:00:00Z");
    assert_eq!(first.next_at_or_after(here, &utc, |_| None), Some(here));
    assert_eq!(dates(", leap: mar_1, from: 2027-03-01")[0], "2027-03-01");
    // 2100 is no leap year.
    let leap = recurrence("{ every: year, month: 2, day: 29, short: skip }");
    assert_eq!(dates_of(&leap, &utc, "2096-03-01T00:00:00Z", 1), ["2104-02-29"]);
}

#[test]
fn a_day_that_a_zone_skips_brings_nothing_there() {
    let friday = recurrence("{ every: week, on: fri, at: '09:00' }");
    let apia = dates_of(&friday, &zone("Pacific/Apia"), "2011-12-24T00:00:00Z", 2);
    assert_eq!(apia, ["2012-01-06", "2012-01-13"]);
    let utc = dates_of(&friday, &Zone::utc(), "2011-12-24T00:00:00Z", 2);
    assert_eq!(utc, ["2011-12-30", "2012-01-06"]);
}

#[test]
fn a_time_that_a_gap_at_the_end_of_a_day_swallows_comes_at_the_first_instant_of_the_next() {
    // In Nuuk the clocks went from 23:00 on 30 March 2024 to midnight.
    let nuuk = zone("America/Nuuk");
    let saturday = recurrence("{ every: week, on: sat, at: '23:30' }");
    let midnight = at("2024-03-31T01:00:00Z");
    assert_eq!(nuuk.local(midnight).to_string(), "2024-03-31 00:00:00");
    assert_eq!(saturday.next_at_or_after(midnight, &nuuk, |_| None), Some(midnight));
    assert_eq!(nuuk.next_time_on_days(midnight, "Sat".parse().unwrap(), time("23:30")), midnight);
}

// The language.

#[test]
fn every_form_of_the_language_is_read_and_written_back() {
    for yaml in [
        "{ every: day, at: '10:00' }",
        "{ every: week, on: [tue, thu], interval: 2, from: 2026-03-02 }",
        "{ every: week, on: Tue-Thu, until: 2027-01-01 }",
        "{ every: month, day: 31, short: skip }",
        "{ every: month, day: last, calendar: fairs }",
        "{ every: month, nth: 2nd tue, except: holidays }",
        "{ every: year, month: 2, day: 29, leap: mar_1 }",
        "{ every: year, month: 11, nth: last fri }",
        "{ dates: [2026-03-28, 2026-10-25], at: '09:30' }",
    ] {
        let written = definition(yaml);
        written.compile().unwrap_or_else(|problems| panic!("{yaml}: {problems:?}"));
        let wire = serde_json::to_string(&written).unwrap();
        assert!(!wire.contains("null") && !wire.contains("[]"), "{wire}");
        assert_eq!(serde_json::from_str::<RecurrenceDefinition>(&wire).unwrap(), written, "{wire}");
    }
    for yaml in
        ["{ every: hour }", "{ each: day }", "{ every: day, from: 2026-02-29 }", "{ every: week, on: [] }"]
    {
        assert!(parse_yaml::<RecurrenceDefinition>(yaml).is_err(), "{yaml}");
    }
    let named = recurrence("{ every: day, calendar: fairs, except: holidays }");
    assert_eq!(named.calendars().collect::<Vec<_>>(), ["fairs", "holidays"]);
}

#[test]
fn what_can_never_come_is_refused_with_its_field() {
    for (yaml, fields) in [
        ("{}", "every"),
        ("{ at: '10:00', calendar: fairs }", "every"),
        ("{ every: day, dates: [2026-03-28] }", "dates"),
        ("{ every: day, interval: 0 }", "interval"),
        ("{ every: day, at: '24:00' }", "at"),
        ("{ every: day, on: mon }", "on"),
        ("{ every: day, from: 2026-03-28, until: 2026-03-28 }", "until"),
        ("{ every: day, calendar: '' }", "calendar"),
        ("{ every: day, calendar: fairs, except: fairs }", "except"),
        ("{ every: week }", "on"),
        ("{ every: week, on: mon, day: 3, month: 2 }", "day month"),
        ("{ every: week, on: sat, from: 2026-03-02, until: 2026-03-07 }", "every"),
        ("{ every: month }", "day"),
        ("{ every: month, day: 0 }", "day"),
        ("{ every: month, day: 32 }", "day"),
        ("{ every: month, day: 3, nth: 2nd tue }", "nth"),
        ("{ every: month, day: 28, short: skip }", "short"),
        ("{ every: month, day: last, short: last }", "short"),
        ("{ every: month, nth: 2nd tue, short: skip }", "short"),
        ("{ every: month, day: 29, leap: mar_1 }", "leap"),
        ("{ every: month, day: 31, short: skip, interval: 12, from: 2026-02-01 }", "every"),
        ("{ every: year, day: 3 }", "month"),
        ("{ every: year, month: 13, day: 3 }", "month"),
        ("{ every: year, month: 4 }", "day"),
        ("{ every: year, month: 2, day: 31 }", "day"),
        ("{ every: year, month: 4, day: 31 }", "day"),
        ("{ every: year, month: 2, day: 28, leap: mar_1 }", "leap"),
        ("{ every: year, month: 3, day: 31, short: skip }", "short"),
        ("{ every: year, month: 2, day: 29, leap: mar_1, short: skip }", "short"),
        ("{ every: year, month: 2, day: 29, short: skip, interval: 2, from: 2027-01-01 }", "every"),
        ("{ dates: [2026-03-28], until: 2026-03-01 }", "dates"),
        ("{ dates: [2026-03-28], interval: 2, leap: mar_1 }", "interval leap"),
    ] {
        let problems = definition(yaml).compile().expect_err(yaml);
        let told: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(told.join(" "), fields, "{yaml}: {problems:?}");
    }
}

#[test]
fn calendars_keep_a_recurrence_on_their_dates_or_off_them() {
    let fairs: Calendar =
        parse_yaml("{ name: fairs, seasons: [{ from: 2026-03-10, until: 2026-03-20 }] }").unwrap();
    let rest: Calendar = parse_yaml("{ name: rest, yearly: true, dates: [2020-03-12, 2020-03-17] }").unwrap();
    assert_eq!((fairs.check(), rest.check()), (vec![], vec![]));
    let find = |name: &str| [&fairs, &rest].into_iter().find(|calendar| calendar.name == name);
    let utc = Zone::utc();
    let weekly = recurrence("{ every: week, on: [tue, thu], calendar: fairs, except: rest }");
    let first = weekly.next_at_or_after(at("2026-01-01T00:00:00Z"), &utc, find);
    assert_eq!(first, Some(at("2026-03-10T00:00:00Z")));
    let second = weekly.next_at_or_after(at("2026-03-10T00:00:01Z"), &utc, find);
    assert_eq!(second, Some(at("2026-03-19T00:00:00Z")));
    assert_eq!(weekly.next_at_or_after(at("2026-03-19T00:00:01Z"), &utc, find), None);
    // A calendar that nobody gave: silence.
    assert_eq!(
        weekly.next_at_or_after(at("2026-01-01T00:00:00Z"), &utc, |name| find(name)
            .filter(|_| name == "fairs")),
        None
    );
    assert_eq!(
        weekly
            .next_at_or_after(at("2026-01-01T00:00:00Z"), &utc, |name| find(name).filter(|_| name == "rest")),
        None
    );
}

#[test]
fn what_calendars_never_allow_comes_no_more_and_is_known_at_once() {
    let august: Calendar =
        parse_yaml("{ name: august, yearly: true, seasons: [{ from: 2026-08-01, until: 2026-09-01 }] }")
            .unwrap();
    let leap: Calendar = parse_yaml("{ name: leap, yearly: true, dates: [2024-02-29] }").unwrap();
    let find = |name: &str| [&august, &leap].into_iter().find(|calendar| calendar.name == name);
    let next = |yaml: &str| recurrence(yaml).next_at_or_after(at("2026-01-01T00:00:00Z"), &Zone::utc(), find);
    assert_eq!(next("{ every: month, day: 15, calendar: leap }"), None);
    assert_eq!(next("{ every: year, month: 8, day: 15, except: august }"), None);
    assert_eq!(next("{ every: day, calendar: leap, until: 2028-02-29 }"), None);
    assert_eq!(next("{ every: day, interval: 4294967295 }"), None);
    // The 29 February that is a Monday comes again after 28 years, and after 40 around 2100.
    assert_eq!(next("{ every: week, on: mon, calendar: leap }"), Some(at("2044-02-29T00:00:00Z")));
    // Far away and rare, but it comes: 29 February on every 1,000th day, counted by hand of a naive loop.
    let first =
        date("1970-01-01").iter_days().step_by(1000).skip(21).find(|day| (day.month(), day.day()) == (2, 29));
    let expected = first.unwrap().and_time(NaiveTime::MIN).and_utc();
    assert_eq!(next("{ every: day, interval: 1000, calendar: leap }"), Some(expected));
    assert_eq!(next("{ every: week, on: mon-sun, calendar: leap, except: leap2 }"), None);
}

#[test]
fn nothing_comes_after_the_last_year() {
    let daily = recurrence("{ every: day }");
    let paris = zone("Europe/Paris");
    assert_eq!(daily.next_at_or_after(at("9998-12-31T23:30:00Z"), &paris, |_| None), None);
    assert_eq!(daily.next_at_or_after(DateTime::<Utc>::MAX_UTC, &paris, |_| None), None);
    // Before the first year it waits for it, and does not walk there day by day.
    assert_eq!(
        daily.next_at_or_after(DateTime::<Utc>::MIN_UTC, &paris, |_| None),
        Some(at("1970-01-01T23:00:00Z"))
    );
    let once = recurrence("{ dates: [2026-03-28] }");
    assert_eq!(once.next_at_or_after(at("2026-03-27T23:00:00.001Z"), &paris, |_| None), None);
}

// Naive oracles.

fn is_last_of_month(date: NaiveDate) -> bool {
    date.succ_opt().unwrap().month() != date.month()
}

fn monday(mut date: NaiveDate) -> NaiveDate {
    while date.weekday() != Weekday::Mon {
        date = date.pred_opt().unwrap();
    }
    date
}

/// Whether a date is the day of its month that is asked for.
fn is_the_day(written: &RecurrenceDefinition, date: NaiveDate) -> bool {
    if let Some(nth) = written.nth {
        let text = nth.to_string().to_lowercase();
        let (count, day) = text.split_once(' ').unwrap();
        let before =
            (1..=date.day()).filter(|day| date.with_day(*day).unwrap().weekday() == date.weekday()).count();
        let right = if count == "last" {
            date.checked_add_days(Count::new(7)).unwrap().month() != date.month()
        } else {
            count.starts_with(&before.to_string())
        };
        return right && date.weekday().to_string().to_lowercase() == day;
    }
    match written.day.unwrap() {
        MonthDay::Number(day) => {
            let clamped =
                is_last_of_month(date) && date.day() < day.into() && written.short != Some(Short::Skip);
            date.day() == u32::from(day) || clamped
        }
        _ => is_last_of_month(date),
    }
}

/// Whether it comes on a date, calendars aside.
fn comes(written: &RecurrenceDefinition, date: NaiveDate) -> bool {
    if written.from.is_some_and(|from| date < from) || written.until.is_some_and(|until| date >= until) {
        return false;
    }
    let first = written.from.unwrap_or_default(); // 1 January 1970
    let months = |date: NaiveDate| date.year() * 12 + date.month() as i32;
    let turn = |distance: i64| distance % i64::from(written.interval.unwrap_or(1)) == 0;
    match written.every {
        None => written.dates.contains(&date),
        Some(Every::Day) => turn((date - first).num_days()),
        Some(Every::Week) => {
            written.on.unwrap().contains(date.weekday())
                && turn((monday(date) - monday(first)).num_days() / 7)
        }
        Some(Every::Month) => is_the_day(written, date) && turn((months(date) - months(first)).into()),
        _ => {
            let right = if written.leap == Some(Leap::Mar1) {
                let leap_year = NaiveDate::from_ymd_opt(date.year(), 2, 29).is_some();
                (date.month(), date.day()) == if leap_year { (2, 29) } else { (3, 1) }
            } else {
                date.month() == u32::from(written.month.unwrap()) && is_the_day(written, date)
            };
            right && turn((date.year() - first.year()).into())
        }
    }
}

/// Whether a calendar has a date: every year's copy of every season is looked at.
fn has(calendar: &Calendar, date: NaiveDate) -> bool {
    let years = if calendar.yearly { -90..=90 } else { 0..=0 };
    let moved = |day: NaiveDate, years: i32| {
        let year = day.year() + years;
        NaiveDate::from_ymd_opt(year, day.month(), day.day()).or(NaiveDate::from_ymd_opt(year, 3, 1)).unwrap()
    };
    let in_season = |season: &Season| {
        years.clone().any(|years| moved(season.from, years) <= date && date < moved(season.until, years))
    };
    let same = |day: &NaiveDate| {
        *day == date || (calendar.yearly && (day.month(), day.day()) == (date.month(), date.day()))
    };
    calendar.seasons.iter().any(in_season) || calendar.dates.iter().any(same)
}

const ZONES: [&str; 6] =
    ["UTC", "Europe/Paris", "America/New_York", "Pacific/Apia", "America/Santiago", "Australia/Lord_Howe"];

fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn a_date() -> impl Strategy<Value = NaiveDate> {
    // 2004 to 2031, and the days around a leap day and a new year more often.
    prop_oneof![
        3 => (0u64..10_000).prop_map(|days| date("2004-01-01") + Count::new(days)),
        1 => (2004i32..2032, 0u64..4).prop_map(|(year, days)| NaiveDate::from_ymd_opt(year, 2, 27).unwrap() + Count::new(days)),
        1 => (2004i32..2032, 0u64..4).prop_map(|(year, days)| NaiveDate::from_ymd_opt(year, 12, 30).unwrap() + Count::new(days)),
    ]
}

fn a_calendar(name: &'static str) -> impl Strategy<Value = Calendar> {
    let season =
        (a_date(), 1u64..500).prop_map(|(from, days)| Season { from, until: from + Count::new(days) });
    (prop::collection::vec(season, 0..4), any::<bool>(), prop::collection::vec(a_date(), 0..6))
        .prop_map(move |(seasons, yearly, dates)| Calendar { name: name.to_owned(), seasons, yearly, dates })
}

fn a_recurrence() -> impl Strategy<Value = RecurrenceDefinition> {
    let days = (1u8..=0x7f).prop_map(|bits| {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let chosen: Vec<_> = (0..7).filter(|day| bits >> day & 1 == 1).map(|day| names[day]).collect();
        chosen.join(",").parse::<Days>().unwrap()
    });
    let nth = (0usize..6, 0usize..7).prop_map(|(count, day)| {
        let count = ["1st", "2nd", "3rd", "4th", "5th", "last"][count];
        format!("{count} {}", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day]).parse().unwrap()
    });
    let day = prop_oneof![
        (1u8..=31).prop_map(MonthDay::Number),
        (28u8..=31).prop_map(MonthDay::Number),
        Just(MonthDay::Last)
    ];
    let shape = (0u8..6, days, nth, day, 1u8..=12, any::<bool>(), 0u8..3).prop_map(
        |(shape, on, nth, day, month, skip, leap)| {
            let mut written = RecurrenceDefinition::default();
            let short =
                matches!(day, MonthDay::Number(29..)).then_some(if skip { Short::Skip } else { Short::Last });
            match shape {
                0 => written.every = Some(Every::Day),
                1 => (written.every, written.on) = (Some(Every::Week), Some(on)),
                2 => (written.every, written.nth) = (Some(Every::Month), Some(nth)),
                3 => (written.every, written.day, written.short) = (Some(Every::Month), Some(day), short),
                4 => {
                    (written.every, written.nth, written.month) = (Some(Every::Year), Some(nth), Some(month))
                }
                _ => {
                    (written.every, written.month) = (Some(Every::Year), Some(month));
                    written.day = Some(match (day, month) {
                        (MonthDay::Number(day), 2) if day > 29 => MonthDay::Number(29),
                        (MonthDay::Number(31), 4 | 6 | 9 | 11) => MonthDay::Number(30),
                        (day, _) => day,
                    });
                    if (written.day, month) == (Some(MonthDay::Number(29)), 2) {
                        match leap {
                            0 => written.short = Some(Short::Skip),
                            1 => written.leap = Some(Leap::Mar1),
                            _ => written.leap = Some(Leap::Feb28),
                        }
                    }
                }
            }
            written
        },
    );
    let beat = (shape, 1u32..6).prop_map(|(mut written, interval)| {
        written.interval = (interval > 1).then_some(interval);
        written
    });
    let listed = prop::collection::vec(a_date(), 1..12)
        .prop_map(|dates| RecurrenceDefinition { dates, ..RecurrenceDefinition::default() });
    let bounds = (prop::option::of(a_date()), prop::option::weighted(0.3, 1u64..3000));
    let calendars = (prop::option::weighted(0.4, Just("in")), prop::option::weighted(0.4, Just("out")));
    (prop_oneof![6 => beat, 1 => listed], bounds, calendars, 0u32..1440).prop_map(
        |(mut written, (from, length), (calendar, except), minute)| {
            written.until = from.zip(length).map(|(from, length)| from + Count::new(length));
            written.from = from;
            (written.calendar, written.except) = (calendar.map(str::to_owned), except.map(str::to_owned));
            written.at = (minute > 0).then(|| format!("{:02}:{:02}", minute / 60, minute % 60));
            written
        },
    )
}

/// Ranges of a week as text, and what they mean.
fn a_week() -> impl Strategy<Value = (String, Vec<Range>)> {
    let minute = prop_oneof![0i64..1440, (0i64..48).prop_map(|half| half * 30), 100i64..200];
    let range = (1u8..=0x7f, minute.clone(), minute).prop_filter("no length", |(_, start, end)| start != end);
    prop::collection::vec(range, 1..5).prop_map(|ranges| {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let text = ranges.iter().map(|(bits, start, end)| {
            let days: Vec<_> = (0..7).filter(|day| bits >> day & 1 == 1).map(|day| names[day]).collect();
            format!("{} {:02}:{:02}-{:02}:{:02}", days.join(","), start / 60, start % 60, end / 60, end % 60)
        });
        let text: Vec<_> = text.collect();
        let meant = ranges
            .iter()
            .map(|(bits, start, end)| (std::array::from_fn(|day| bits >> day & 1), *start, *end));
        (text.join("; "), meant.collect())
    })
}

/// An instant near a change of the offset, or anywhere from 2004 to 2035.
fn an_instant(table: &Table, pick: usize, away: i64) -> i64 {
    let changes: Vec<_> = table
        .changes()
        .into_iter()
        .filter(|change| (1_072_915_200..2_051_222_400).contains(change))
        .collect();
    match changes.len() {
        0 => 1_072_915_200 + (pick as i64 * 86_413) % 978_307_200 + away,
        count if !pick.is_multiple_of(3) => changes[pick % count] + away,
        _ => 1_072_915_200 + (pick as i64 * 86_413) % 978_307_200 + away,
    }
}

proptest! {
    #![proptest_config(config(1024, 7))]

    #[test]
    fn a_recurrence_comes_when_a_naive_walk_over_days_says_so(
        written in a_recurrence(), inside in a_calendar("in"), outside in a_calendar("out"),
        name in prop::sample::select(&ZONES[..]), pick in 0usize..100_000, away in -90_000i64..90_000,
    ) {
        let may = |date: NaiveDate| {
            comes(&written, date)
                && (written.calendar.is_none() || has(&inside, date))
                && !(written.except.is_some() && has(&outside, date))
        };
        let recurrence = match written.compile() {
            Ok(recurrence) => recurrence,
            Err(problems) => {
                // The only mistake that is drawn: nothing ever comes.
                prop_assert!(problems.len() == 1 && problems[0].sentence == "it never comes", "{:?}", problems);
                let first = written.from.unwrap_or_default();
                prop_assert!(!first.iter_days().take(60_000).any(|date| comes(&written, date)));
                return Ok(());
            }
        };
        let (zone, table) = (zone(name), Table::named(name));
        let from = an_instant(table, pick, away);
        let minutes = written.at.as_ref().map_or(0, |at| time(at).signed_duration_since(NaiveTime::MIN).num_minutes());
        let today = table.local(from).div_euclid(DAY);
        let until = 25_500; // the last days of 2039
        let expected = (today - 2..until)
            .filter(|day| may(NaiveDate::default() + TimeDelta::days(*day)))
            .find_map(|day| table.on_day(day, minutes * 60).filter(|instant| *instant >= from))
            .map(second);
        let find = |name: &str| if name == "in" { Some(&inside) } else { Some(&outside) };
        let ours = recurrence.next_at_or_after(second(from), &zone, find);
        match expected {
            Some(expected) => prop_assert_eq!(ours, Some(expected), "from {}", second(from)),
            None => prop_assert!(ours.is_none_or(|ours| ours >= second(until * DAY)), "{:?}", ours),
        }
    }
}

proptest! {
    #![proptest_config(config(768, 11))]

    #[test]
    fn a_window_opens_and_closes_when_a_walk_over_minutes_says_so(
        (text, meant) in a_week(), name in prop::sample::select(&ZONES[..]), pick in 0usize..100_000, away in -90_000i64..90_000,
    ) {
        let window: WeeklyWindow = text.parse().unwrap();
        let (zone, table) = (zone(name), Table::named(name));
        let from = an_instant(table, pick, away);
        let opens = table.walk(from, &meant, true);
        let closes = if opens == Some(from) { table.walk(from, &meant, false) } else { None };
        prop_assert_eq!(window.opens_at(second(from), &zone), opens.map(second), "{} from {}", &text, second(from));
        prop_assert_eq!(window.closes_at(second(from), &zone), closes.map(second), "{} from {}", &text, second(from));
    }

    #[test]
    fn openings_and_closings_follow_each_other(
        (text, _) in a_week(), name in prop::sample::select(&ZONES[..]), pick in 0usize..100_000,
        away in -90_000_000i64..90_000_000, later in 0i64..900_000_000,
    ) {
        let window: WeeklyWindow = text.parse().unwrap();
        let (zone, table) = (zone(name), Table::named(name));
        // Instants that are no whole minute.
        let from = second(an_instant(table, pick, 0)) + TimeDelta::milliseconds(away);
        let opens = window.opens_at(from, &zone).unwrap();
        prop_assert!(opens >= from && window.contains(zone.local(opens)));
        prop_assert_eq!(window.opens_at(opens, &zone), Some(opens));
        prop_assert_eq!(window.closes_at(from, &zone).is_some(), opens == from && window.closes_at(opens, &zone).is_some());
        // Who comes later is let in no earlier.
        let later = from + TimeDelta::milliseconds(later);
        prop_assert!(window.opens_at(later, &zone) >= Some(opens));
        if let Some(closes) = window.closes_at(opens, &zone) {
            prop_assert!(closes > opens && !window.contains(zone.local(closes)));
            prop_assert!(window.opens_at(closes, &zone) > Some(closes));
            let last = closes - TimeDelta::milliseconds(1);
            prop_assert_eq!((window.opens_at(last, &zone), window.closes_at(last, &zone)), (Some(last), Some(closes)));
        }
    }
}

proptest! {
    #![proptest_config(config(192, 13))]

    #[test]
    fn a_window_reads_back_and_is_closed_as_long_as_its_minutes_are((text, meant) in a_week()) {
        let window: WeeklyWindow = text.parse().unwrap();
        let normal = window.to_string();
        prop_assert_eq!(normal.parse::<WeeklyWindow>(), Ok(window.clone()), "{}", &normal);
        prop_assert_eq!(normal.parse::<WeeklyWindow>().unwrap().to_string(), normal);
        let wire = serde_json::to_string(&window).unwrap();
        prop_assert_eq!(&serde_json::from_str::<WeeklyWindow>(&wire).unwrap(), &window);
        // Two weeks of minutes, so that a stretch over the end of the week is whole.
        let (mut longest, mut closed) = (0, 0);
        for minute in 0..2 * 7 * 1440 {
            closed = if is_inside(minute * 60, &meant) { 0 } else { closed + 1 };
            longest = longest.max(closed);
            prop_assert_eq!(window.contains(second(minute * 60).naive_utc()), closed == 0, "minute {}", minute);
        }
        prop_assert_eq!(window.longest_closed(), TimeDelta::minutes(longest));
    }
}
