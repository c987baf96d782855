//! The hours of the law (invariants I6, I7 and I23), over every zone and the years 2024 to 2031.
//!
//! What the library says is held against an oracle that shares nothing with it: Python's zones (`fixtures/zones`), windows
//! typed here once more as minutes, public holidays as others compute them (`fixtures/law`), and a walk over the minutes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "fixtures/law/holidays.rs"]
mod holidays;
#[path = "fixtures/zones/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use futures::executor::block_on;
use holidays::known_holidays;
use journeyman::channel::RecordingChannel;
use journeyman::model::{Evidence, Permit, Reason};
use journeyman::rule::law::{Force, Legal, Profile, Recipient, Territory};
use journeyman::rule::permit::{Question, Timing, permit};
use journeyman::rule::{Policy, Standing, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::time::Zone;
use journeyman::{Consent, Contact, Engine, Event, Journey};
use table::{DAY, Range, Table, is_inside};

/// What nothing begins in any more before a window closes, in seconds.
const MARGIN: i64 = 120;
const WEEK: [u8; 7] = [1; 7];
const WORKDAYS: [u8; 7] = [1, 1, 1, 1, 1, 0, 0];
const SATURDAY: [u8; 7] = [0, 0, 0, 0, 0, 1, 0];
const NOT_SUNDAY: [u8; 7] = [1, 1, 1, 1, 1, 1, 0];
const SUNDAY: [u8; 7] = [0, 0, 0, 0, 0, 0, 1];
const WEEKEND: [u8; 7] = [0, 0, 0, 0, 0, 1, 1];

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn profile(name: &str) -> Profile {
    Profile::named(name).unwrap()
}

fn territories(name: &str) -> Vec<Territory> {
    Territory::named(name).unwrap()
}

// ---- The oracle ----

/// One row in one place on one clock, typed a second time.
struct Row {
    week: Vec<Range>,
    /// Days since 1970 on which it is closed.
    closed: BTreeSet<i64>,
    /// The first day since 1970 on which it is in force no longer.
    until: i64,
    clock: &'static Table,
}

fn row(week: &[Range], holidays: Option<&str>, zone: &str) -> Row {
    let days = holidays.map(known_holidays).unwrap_or_default();
    let closed = days.iter().map(|day| i64::from(day.to_epoch_days())).collect();
    Row { week: week.to_vec(), closed, until: i64::MAX, clock: Table::named(zone) }
}

impl Row {
    fn is_open(&self, second: i64) -> bool {
        let local = self.clock.local(second);
        is_inside(local, &self.week) && !self.closed.contains(&local.div_euclid(DAY))
    }
}

fn is_open(rows: &[Row], second: i64) -> bool {
    let is_over = |row: &Row| row.clock.local(second).div_euclid(DAY) >= row.until;
    rows.iter().all(|row| is_over(row) || (row.is_open(second) && row.is_open(second + MARGIN)))
}

/// The first open second from `from` on, by a walk: minutes of the local clocks that `step` divides, and their jumps.
fn walk(rows: &[Row], from: i64, step: i64) -> i64 {
    let changes: BTreeSet<i64> = rows.iter().flat_map(|row| row.clock.changes()).collect();
    let mut here = from;
    while !is_open(rows, here) {
        let ticks = rows.iter().map(|row| here + step - row.clock.local(here).rem_euclid(step));
        let jump = changes.range(here + 1..).next().copied();
        here = ticks.chain(jump).min().unwrap();
        assert!(here < from + 60 * DAY, "closed for two months from {from}");
    }
    here
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn second(&mut self, from: i64, until: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + ((self.0 >> 24) % (until - from).unsigned_abs()).cast_signed()
    }
}

/// The years that are asked: 2024 to 2031, less what an answer at their end needs.
fn years() -> (i64, i64) {
    let start = |text: &str| time(text).timestamp();
    (start("2024-01-01T00:00:00Z"), start("2031-12-20T00:00:00Z"))
}

/// Instants around everything that can go wrong on a clock: each jump of it, leap days, the turns of the years, openings
/// and closings on some days, and any others.
fn instants(table: &Table, draw: &mut Draw, others: usize) -> Vec<i64> {
    let (from, until) = years();
    let mut instants = Vec::new();
    for jump in table.changes().into_iter().filter(|jump| (from + DAY..until).contains(jump)) {
        instants.extend([-86_400, -5_400, -1, 0, 1, 1_800, 30_600].map(|past| jump + past));
    }
    for day in ["2024-02-28", "2024-02-29", "2028-02-29", "2026-04-02", "2026-12-24", "2027-03-27"] {
        let day = i64::from(date(day).to_epoch_days());
        for past in [0, 30_599, 30_600, 71_879, 71_880, 72_000] {
            instants.push(table.instant_of(day * DAY + past));
        }
    }
    instants.extend((0..others).map(|_| draw.second(from, until)));
    instants
}

// ---- I6 and I7 ----

fn french_sms(zone: &str, holidays: &str) -> Row {
    row(&[(NOT_SUNDAY, 510, 1200)], Some(holidays), zone)
}

/// Holds one answer against the walk, and answers whether it was open at once.
fn hold(legal: &Legal<'_>, rows: &[Row], second: i64, step: i64, who: &str) -> bool {
    let open = is_open(rows, second);
    assert_eq!(legal.is_open(at(second)), open, "I6: {who} at {}", at(second));
    let opening = legal.next_open(at(second));
    assert_eq!(opening.at, Some(at(walk(rows, second, step))), "I7: {who} from {}", at(second));
    assert_eq!(opening.hours || opening.holiday, !open, "{who} at {}: why", at(second));
    open
}

#[test]
fn consent_i6_i7_hours_are_those_of_every_zone_of_the_world() {
    let policy = Policy::new("law").profile(profile("fr"));
    let (mut draw, mut zones, mut counts) = (Draw(7), 0, [0_u32; 2]);
    for table in Table::all() {
        for (number, name) in table.names.iter().enumerate() {
            let zone = Zone::named(name).unwrap();
            let contact = Contact::new("c").zone(*name).address("sms", "+33612345678");
            let recipient = Recipient::of(&contact, "sms", &policy, &zone);
            let legal = Legal::new(&policy.profiles, "sms", &recipient);
            // The number may be one of Alsace, whose holidays are all others' too.
            let rows = [french_sms(name, "FR-AM")];
            zones += 1;
            // Names of one clock are asked once in full, the others a little.
            let instants = instants(&table, &mut draw, 8);
            let some = if number == 0 { 1 } else { 29 };
            for (turn, second) in instants.iter().copied().enumerate().filter(|(turn, _)| turn % some == 0) {
                let step = if turn % 41 == 0 { 60 } else { 1_800 };
                counts[usize::from(hold(&legal, &rows, second, step, name))] += 1;
            }
        }
    }
    println!("{zones} zones, {} open, {} closed", counts[1], counts[0]);
    assert!(zones > 590 && counts.iter().all(|count| *count > 3_000), "{zones} zones, {counts:?}");
}

#[test]
fn consent_i6_i7_hours_of_the_other_profiles_are_kept_in_every_zone_too() {
    let long_week = [(WORKDAYS, 480, 1200), (SATURDAY, 540, 1080)];
    type Case = (&'static str, &'static str, &'static str, Vec<Range>, Option<&'static str>);
    let cases: [Case; 6] = [
        ("gb", "GB-SCT", "sms", vec![(WEEK, 540, 1200)], None),
        ("de", "DE-BY", "voice", long_week.to_vec(), Some("DE-BY")),
        ("us", "US-NY", "voice", vec![(WEEK, 480, 1260)], None),
        ("us", "US-AL", "mms", vec![(NOT_SUNDAY, 480, 1200)], Some("US")),
        ("us", "US-RI", "sms", vec![(WORKDAYS, 540, 1080), (SATURDAY, 600, 1020)], Some("US")),
        ("fr", "RE", "voice", vec![(WORKDAYS, 600, 780), (WORKDAYS, 840, 1200)], Some("RE")),
    ];
    let (mut draw, mut zones) = (Draw(13), 0);
    let mut counts = [[0_u32; 2]; 6];
    for (turn, table) in Table::all().into_iter().enumerate() {
        let name = table.names[0];
        let zone = Zone::named(name).unwrap();
        zones += 1;
        for (number, (country, place, channel, week, holidays)) in cases.iter().enumerate() {
            let policy = Policy::new("law").profile(profile(country)).territory_in("place");
            let contact = Contact::new("c").zone(name).attribute("place", *place);
            let recipient = Recipient::of(&contact, channel, &policy, &zone);
            let legal = Legal::new(&policy.profiles, channel, &recipient);
            let rows = [row(week, *holidays, name)];
            let instants = instants(&table, &mut draw, 8);
            for second in instants.into_iter().skip((turn + number) % 11).step_by(11) {
                let open = hold(&legal, &rows, second, 1_800, &format!("{place} in {name}"));
                counts[number][usize::from(open)] += 1;
            }
        }
    }
    println!("{zones} clocks, closed and open: {counts:?}");
    assert!(zones > 200 && counts.iter().flatten().all(|count| *count > 40), "{zones}, {counts:?}");
}

#[test]
fn consent_i6_i7_a_number_stands_for_every_clock_and_calendar_that_it_can_have() {
    let paris = Zone::named("Europe/Paris").unwrap();
    let policy = Policy::new("law").profile(profile("fr")).profile(profile("us")).profile(profile("gb"));
    let (ny, chicago, denver) = ("America/New_York", "America/Chicago", "America/Denver");
    let all_week = |from, until| vec![(WEEK, from, until)];
    let federal = |zone| row(&all_week(480, 1260), None, zone);
    let cases: Vec<(&str, Vec<Row>)> = vec![
        (
            "+33 6 12 34 56 78",
            vec![french_sms("Europe/Paris", "FR-MET"), french_sms("Europe/Paris", "FR-AM")],
        ),
        ("+262 692 00 00 01", vec![french_sms("Indian/Reunion", "RE")]),
        ("+262639000001", vec![french_sms("Indian/Mayotte", "YT")]),
        ("+590690000001", ["GP", "MF", "BL"].map(|code| french_sms("America/Guadeloupe", code)).into()),
        ("+596696000001", vec![french_sms("America/Martinique", "MQ")]),
        ("+594694000001", vec![french_sms("America/Cayenne", "GF")]),
        ("+508550001", vec![french_sms("America/Miquelon", "PM")]),
        ("+687750001", vec![french_sms("Pacific/Noumea", "NC")]),
        (
            "+68987000001",
            ["Tahiti", "Marquesas", "Gambier"]
                .map(|isle| french_sms(&format!("Pacific/{isle}"), "PF"))
                .into(),
        ),
        ("+681800001", vec![french_sms("Pacific/Wallis", "WF")]),
        ("+447700900001", vec![row(&all_week(540, 1200), None, "Europe/London")]),
        ("+12055550100", vec![federal(chicago), row(&[(NOT_SUNDAY, 480, 1200)], Some("US"), chicago)]),
        (
            "+1 (305) 555-0100",
            vec![row(&all_week(480, 1200), None, ny), row(&all_week(480, 1200), None, chicago)],
        ),
        (
            "+12145550100",
            [chicago, denver]
                .map(|zone| row(&[(NOT_SUNDAY, 540, 1260), (SUNDAY, 720, 1260)], None, zone))
                .into(),
        ),
        ("+14015550100", vec![row(&[(WORKDAYS, 540, 1080), (SATURDAY, 600, 1020)], Some("US"), ny)]),
        ("+18085550100", vec![federal("Pacific/Honolulu")]),
    ];
    let mut draw = Draw(11);
    for (number, rows) in cases {
        let contact = Contact::new("c").address("sms", number);
        let recipient = Recipient::of(&contact, "sms", &policy, &paris);
        let legal = Legal::new(&policy.profiles, "sms", &recipient);
        // Texas asks for its hours since 1 September 2025 alone.
        let since = if number == "+12145550100" { time("2025-09-03T00:00:00Z") } else { at(years().0) };
        let mut counts = [0; 2];
        for (turn, second) in instants(rows[0].clock, &mut draw, 60).into_iter().enumerate() {
            if at(second) >= since {
                let step = if turn % 23 == 0 { 60 } else { 1_800 };
                counts[usize::from(hold(&legal, &rows, second, step, number))] += 1;
            }
        }
        assert!(counts.iter().all(|count| *count > 10), "{number}: {counts:?}");
    }
}

#[test]
fn consent_i6_i7_hours_that_begin_and_end_at_midnight_or_at_night_follow_the_clocks() {
    let odd = Profile::read(
        r#"{"name": "odd", "edition": "1", "said": "x", "territories": ["FR"], "margin": "2m", "rules": [
            {"channel": "all", "hours": "00:00-24:00", "holidays": false,
             "force": "law", "source": "x", "as_of": "2026-11-20"},
            {"channel": "night", "hours": "Mon-Fri 23:00-02:30; Sat,Sun 00:15-03:45", "holidays": false,
             "force": "law", "source": "x", "as_of": "2026-11-20"},
            {"channel": "gone", "hours": "Mon 00:00-00:10", "holidays": true,
             "force": "law", "source": "x", "as_of": "2026-11-20", "until": "2026-11-01"}]}"#,
    );
    let odd = [odd.unwrap()];
    let end = i64::from(date("2026-11-01").to_epoch_days()); // clocks go back on it in America
    let (from, until) = years();
    let mut draw = Draw(23);
    for table in Table::all() {
        let name = table.names[0];
        let zone = Zone::named(name).unwrap();
        let recipient = Recipient::within(territories("FR-AM")).on_clock(&zone);
        let all = [row(&[(WEEK, 0, 1440)], Some("FR-AM"), name)];
        let night = [row(&[(WORKDAYS, 1380, 150), (WEEKEND, 15, 225)], Some("FR-AM"), name)];
        let gone = [Row { until: end, ..row(&[([1, 0, 0, 0, 0, 0, 0], 0, 10)], None, name) }];
        let jumps = table.changes().into_iter().filter(|jump| (from + 2 * DAY..until).contains(jump));
        let mut seconds: Vec<i64> =
            jumps.flat_map(|jump| [-90_000, -7_200, -60, 0].map(|past| jump + past)).collect();
        for holiday in ["2026-11-01", "2026-05-14", "2029-12-26"] {
            let midnight = table.instant_of(i64::from(date(holiday).to_epoch_days()) * DAY);
            seconds.extend([-121, -120, -1, 0, 43_200, 86_399].map(|past| midnight + past));
        }
        seconds.push(draw.second(from, until));
        for (channel, rows) in [("all", &all), ("night", &night), ("gone", &gone)] {
            let legal = Legal::new(&odd, channel, &recipient);
            for second in &seconds {
                hold(&legal, rows, *second, 900, &format!("{channel} {name}"));
            }
        }
    }
}

#[test]
fn consent_i7_every_profile_opens_at_the_first_minute_that_is_open_and_says_so_in_time() {
    let utc = Zone::utc();
    let mut draw = Draw(13);
    let numbers =
        ["+18005550100", "+13345550100", "+19165550100", "+491701234567", "+12535550100", "+33612345678"];
    for held in Profile::all() {
        let policy = Policy::new("law").profile(held.clone());
        for number in numbers {
            for channel in ["sms", "voice", "email"] {
                let contact = Contact::new("c").address(channel, number);
                let recipient = Recipient::of(&contact, channel, &policy, &utc);
                let legal = Legal::new(&policy.profiles, channel, &recipient);
                for _ in 0..3 {
                    // A whole minute, for clocks that stand apart by minutes.
                    let from = draw.second(years().0, years().1) / 60 * 60;
                    let opening =
                        legal.next_open(at(from)).at.unwrap_or_else(|| panic!("{number} never opens"));
                    let end = opening.timestamp();
                    assert!(end >= from && legal.is_open(opening), "{} {channel} {number}", held.name);
                    let between = (from..end).step_by(600).chain((from.max(end - 1_200)..end).step_by(60));
                    for second in between {
                        assert!(!legal.is_open(at(second)), "{} {number} {}", held.name, at(second));
                    }
                }
            }
        }
    }
}

#[test]
fn consent_i6_somebody_who_may_be_anywhere_waits_for_hours_that_all_share() {
    let utc = Zone::utc();
    let policy = Policy::new("law").profile(profile("us"));
    let nowhere = Contact::new("c").address("sms", "+18885550100"); // free of charge: any state
    let recipient = Recipient::of(&nowhere, "sms", &policy, &utc);
    assert_eq!(recipient.territories().map(<[_]>::len), Some(51));
    let legal = Legal::new(&policy.profiles, "sms", &recipient);
    let rows = [
        row(&[(WEEK, 480, 1260)], None, "America/Adak"),
        row(&[(WORKDAYS, 540, 1080), (SATURDAY, 600, 1020)], Some("US"), "America/New_York"),
        row(&[(NOT_SUNDAY, 480, 1200)], Some("US"), "America/Chicago"),
    ];
    let (mut draw, mut open) = (Draw(17), 0);
    for second in instants(rows[0].clock, &mut draw, 300) {
        if legal.is_open(at(second)) {
            open += 1;
            assert!(is_open(&rows, second), "{}", at(second));
        }
    }
    assert!(open > 20, "{open}");
    // The clocks of France stand too far apart: there is no hour for somebody who may be in Wallis or in Tahiti.
    let policy = Policy::new("law").profile(profile("fr"));
    let legal = Legal::new(&policy.profiles, "sms", &Recipient::unknown());
    let never = legal.next_open(time("2026-11-20T09:00:00Z"));
    assert_eq!((never.at, never.hours), (None, true));
    let question = Contact::new("c").address("sms", "06 12 34 56 78");
    let standing = Standing::default();
    let question = Question::new(&question, &standing, "sms", "marketing");
    let answer = permit(&question, &policy, &utc, time("2026-11-20T09:00:00Z"));
    let Permit::Refuse { reasons } = answer else { panic!("{answer:?}") };
    assert!(reasons.contains(&Reason::LegalHours));
    let at_home = policy.at_home("FR-75");
    let answer = permit(&question, &at_home, &utc, time("2026-11-20T09:00:00Z"));
    assert_eq!(answer, Permit::Refuse { reasons: vec![Reason::NoConsent] });
}

// ---- I23 ----

/// The French profile with one more row on SMS.
fn with_row(dates: &str) -> Profile {
    let mut profile = profile("fr");
    let more = format!(
        r#"{{"name": "x", "edition": "x", "said": "x", "territories": ["FR"], "margin": "2m", "rules": [{{
            "channel": "sms", "hours": "Tue-Thu 11:00-12:00", "holidays": true, "force": "law", "source": "x",
            "as_of": "2026-11-20", {dates} }}]}}"#
    );
    profile.rules.extend(Profile::read(&more).unwrap().rules);
    profile.edition = "x".into();
    profile
}

#[test]
fn consent_i23_a_row_from_a_date_changes_nothing_before_it() {
    let before = [profile("fr")];
    let (mut draw, mut differences) = (Draw(19), 0);
    for (number, table) in Table::all().iter().enumerate() {
        let name = table.names[0];
        let zone = Zone::named(name).unwrap();
        let recipient = Recipient::within(territories("FR-67")).on_clock(&zone);
        // Among them the days on which clocks jump, and a midnight that does not exist (Beirut, Havana, Santiago).
        let dates = ["2025-03-30", "2026-03-08", "2026-09-06", "2028-02-29", "2027-06-02", "2026-11-01"];
        let day = date(dates[number % dates.len()]);
        let after = [with_row(&format!(r#""from": "{day}""#))];
        let until = [with_row(&format!(r#""until": "{day}""#))];
        let [old, new, gone] =
            [&before, &after, &until].map(|profiles| Legal::new(profiles, "sms", &recipient));
        let midnight = i64::from(day.to_epoch_days()) * DAY;
        let some = (0..24).map(|_| draw.second(midnight - 4 * DAY, midnight + 4 * DAY));
        for local in some.chain([-90_000, -61, -60, -1, 0, 1, 60].map(|past| midnight + past)) {
            let second = table.instant_of(local);
            let is_before = table.local(second).div_euclid(DAY) < midnight.div_euclid(DAY);
            let [was, is, then] = [&old, &new, &gone].map(|legal| legal.is_open(at(second)));
            if is_before {
                assert_eq!(was, is, "{name} at {}", at(second));
            } else {
                assert_eq!(was, then, "{name} at {}", at(second));
            }
            differences += u32::from(was != is) + u32::from(was != then);
            // What opens before the date opens then with either table.
            let opens = old.next_open(at(second)).at.unwrap();
            if table.local(opens.timestamp()).div_euclid(DAY) < midnight.div_euclid(DAY) {
                assert_eq!(new.next_open(at(second)).at, Some(opens), "{name} from {}", at(second));
            }
        }
    }
    assert!(differences > 1_000, "the row changed {differences} answers only");
}

#[test]
fn consent_i23_an_answer_names_its_rules_and_they_are_found_again() {
    let policy =
        Policy::new("ours-7").profile(profile("fr")).profile(profile("gb").at_least(Force::Practice));
    assert_eq!(&*policy.edition(), "ours-7+fr@2026-11-23.2+gb:practice@2026-11-23.2");
    let wire = serde_json::to_value(&policy).unwrap();
    assert_eq!(wire["profiles"][0], serde_json::json!({"name": "fr", "edition": "2026-11-23.2"}));
    assert_eq!(serde_json::from_value::<Policy>(wire).unwrap(), policy);
    let other = r#"{"version": "x", "quiet": [], "profiles": [{"name": "fr", "edition": "1999-01-01"}]}"#;
    let error = serde_json::from_str::<Policy>(other).unwrap_err().to_string();
    assert!(error.contains("1999-01-01"), "{error}");
    assert_eq!(serde_json::to_string(&Policy::new("x")).unwrap(), r#"{"version":"x","quiet":[]}"#);
    let wire = serde_json::to_string(&[Reason::LegalHours, Reason::Holiday]).unwrap();
    assert_eq!(wire, r#"["legal_hours","holiday"]"#);
    // Older rules are older rows: Florida had no hours of its own before July 2021, France none for calls before 2023.
    let utc = Zone::utc();
    for (profiles, channel, place, open, closed) in [
        ([profile("us")], "sms", "US-FL", "2021-06-30T20:30:00Z", "2021-07-01T20:30:00Z"),
        ([profile("fr")], "voice", "RE", "2023-02-28T21:30:00Z", "2023-03-01T21:30:00Z"),
    ] {
        let recipient = Recipient::within(territories(place)).on_clock(&utc);
        let legal = Legal::new(&profiles, channel, &recipient);
        assert!(legal.is_open(time(open)) && !legal.is_open(time(closed)), "{place}");
    }
}

#[test]
fn consent_i23_every_row_of_every_profile_has_a_source_and_a_date() {
    assert_eq!(Profile::all().len(), 5);
    for profile in Profile::all() {
        assert!(!profile.rules.is_empty() && !profile.said.is_empty(), "{}", profile.name);
        for row in &profile.rules {
            assert!(row.source.len() > 10 && row.as_of.year() >= 2026, "{} {}", profile.name, row.channel);
        }
        assert!(!profile.opt_outs.is_empty());
        for row in &profile.opt_outs {
            assert!(row.source.len() > 10 && row.as_of.year() >= 2026 && row.force == Force::Law, "{row:?}");
        }
        assert_eq!(profile.rules.len(), profile.clone().at_least(Force::Practice).rules.len());
    }
    assert!(profile("fr").at_least(Force::Law).rules.iter().all(|row| &*row.channel == "voice"));
    assert!(profile("gb").at_least(Force::Law).rules.is_empty());
}

// ---- The question and the engine ----

#[test]
fn consent_law_is_beaten_by_no_deadline_and_by_no_window_that_yields() {
    let zone = Zone::named("Europe/Paris").unwrap();
    let policy = Policy::new("law").profile(profile("fr"));
    let lea = Contact::new("lea").zone("Europe/Paris").attribute("x", 1).address("sms", "+33612345678");
    let standing = Standing::default();
    let saturday_night = time("2026-04-04T19:00:00Z"); // before Easter
    let asked = |timing: Timing<'_>| {
        let question = Question::new(&lea, &standing, "sms", "marketing").timed(timing);
        let Permit::Refuse { reasons } = permit(&question, &policy, &zone, saturday_night) else { panic!() };
        reasons
    };
    let law = [Reason::NoConsent, Reason::LegalHours, Reason::Holiday];
    assert_eq!(asked(Timing::default()), law);
    let sunday: journeyman::time::WeeklyWindow = "Sat,Sun 10:00-22:00".parse().unwrap();
    let mut timing = Timing::default();
    timing.not_after = Some(saturday_night + TimeDelta::hours(24));
    assert_eq!(asked(timing), [&law[..], &[Reason::Deadline]].concat());
    timing.window = Some(&sunday);
    (timing.not_after, timing.wanted_by) = (None, timing.not_after);
    assert_eq!(asked(timing), law, "the window yields to the deadline, and the law to nothing");
    // Where the law is open, nothing of it is said.
    let question = Question::new(&lea, &standing, "sms", "marketing");
    let answer = permit(&question, &policy, &zone, time("2026-04-07T10:00:00Z"));
    assert_eq!(answer, Permit::Refuse { reasons: vec![Reason::NoConsent] });
    // Neither does it say anything of email.
    let mail = Contact::new("lea").address("email", "lea@example.org");
    let question = Question::new(&mail, &standing, "email", "marketing");
    assert_eq!(
        permit(&question, &policy, &zone, saturday_night),
        Permit::Refuse { reasons: vec![Reason::NoConsent] }
    );
}

#[test]
fn consent_i6_an_engine_hands_nothing_over_until_the_law_opens_where_the_number_is() {
    block_on(async {
        let clock = ManualClock::new(time("2027-12-18T15:59:00Z"));
        let sms = RecordingChannel::new("sms");
        let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
        let policy = Policy::new("law").profile(profile("fr"));
        let engine = Engine::builder(store).channel(sms.clone()).policy(policy).build();
        let hello = TemplateDefinition::new("hello").text("Bonjour. STOP au 36111");
        let journey =
            Journey::builder("hi").enter_on("x").send("greet", "sms", "hello", "marketing").build().unwrap();
        engine.publish([hello.into(), journey.into()]).await.unwrap();
        // Réunion is four hours ahead: Saturday 19:59, Sunday the 19th, the holiday of the 20th, Tuesday 08:30.
        for (name, number) in [("jean", "+262692000001"), ("lea", "+33612345678")] {
            engine.identify(Contact::new(name).address("sms", number)).await.unwrap();
            let evidence = Evidence::new("form", "v1");
            engine.consent(Consent::granted(name, "marketing", "sms", evidence)).await.unwrap();
            engine.track(Event::new(name, "x")).await.unwrap();
        }
        while engine.tick().await.unwrap().steps > 0 {}
        let told = || sms.sent().iter().map(|sent| sent.to.to_string()).collect::<Vec<_>>();
        assert_eq!(told(), ["+33612345678"], "it is afternoon in Paris");
        let opens = time("2027-12-21T04:30:00Z");
        while clock.now_is_before(opens) {
            engine.tick().await.unwrap();
            assert_eq!(told().len(), 1, "on a Saturday night, a Sunday or a holiday");
            clock.advance(TimeDelta::minutes(10));
        }
        clock.set(opens);
        for _ in 0..3 {
            engine.tick().await.unwrap();
        }
        assert_eq!(told(), ["+33612345678", "+262692000001"]);
    });
}

/// A clock that says whether an instant is still to come.
trait Before {
    fn now_is_before(&self, instant: DateTime<Utc>) -> bool;
}

impl Before for ManualClock {
    fn now_is_before(&self, instant: DateTime<Utc>) -> bool {
        journeyman::port::Clock::now(self) + TimeDelta::minutes(10) < instant
    }
}
