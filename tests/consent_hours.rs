//! Deadlines in team hours (invariant I30): what the library says is held against a walk over the minutes that shares nothing
//! with it. Zones are Python's (`fixtures/zones`), public holidays those that others compute (`fixtures/law`).

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "fixtures/law/holidays.rs"]
mod holidays;
#[path = "fixtures/zones/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use holidays::known_holidays;
use journeyman::model::{Answer, Handover, Outcome};
use journeyman::port::Store;
use journeyman::rule::TeamHours;
use journeyman::rule::law::Territory;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::time::Zone;
use journeyman::{Channel, Contact, Engine, Event, Journey};
use table::{DAY, Range, Table, is_inside};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Windows as they are written, and the same typed a second time.
fn windows() -> [(&'static str, Vec<Range>); 6] {
    let workdays = [1, 1, 1, 1, 1, 0, 0];
    [
        ("Mon-Fri 09:00-18:00", vec![(workdays, 540, 1080)]),
        (
            "Mon-Fri 09:00-12:00 13:30-18:00; Sat 10:00-12:00",
            vec![(workdays, 540, 720), (workdays, 810, 1080), ([0, 0, 0, 0, 0, 1, 0], 600, 720)],
        ),
        ("22:00-04:00", vec![([1; 7], 1320, 240)]),
        (
            "Sun 01:30-03:30; Mon 00:00-01:00",
            vec![([0, 0, 0, 0, 0, 0, 1], 90, 210), ([1, 0, 0, 0, 0, 0, 0], 0, 60)],
        ),
        ("02:00-03:00", vec![([1; 7], 120, 180)]),
        ("00:00-24:00", vec![([1; 7], 0, 1440)]),
    ]
}

/// The end of the so-manieth second in which the team is there, by a walk over minutes and jumps of the clocks.
fn walk(week: &[Range], closed: &BTreeSet<i64>, clock: &Table, from: i64, lasts: i64) -> i64 {
    let changes: BTreeSet<i64> = clock.changes().into_iter().collect();
    let (mut here, mut left) = (from, lasts);
    loop {
        let local = clock.local(here);
        let jump = changes.range(here + 1..).next().copied().unwrap_or(i64::MAX);
        let next = (here + 60 - local.rem_euclid(60)).min(jump);
        if is_inside(local, week) && !closed.contains(&local.div_euclid(DAY)) {
            if left <= next - here {
                return here + left;
            }
            left -= next - here;
        }
        here = next;
        assert!(here < from + 120 * DAY, "closed for months from {from}");
    }
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 24) % most.unsigned_abs()).cast_signed()
    }
}

/// How many deadlines were right, or the first that is not.
fn compare() -> Result<u32, String> {
    let zones = [
        ("Europe/Paris", Some("FR-MET")),
        ("Europe/Berlin", Some("DE-BY")),
        ("America/New_York", None),
        ("Europe/London", Some("GB-SCT")),
        ("America/Santiago", None),
        ("Australia/Lord_Howe", None),
        ("Asia/Kathmandu", None),
        ("Pacific/Auckland", None),
        ("Africa/Casablanca", None),
    ];
    let (mut draw, mut count) = (Draw(30), 0);
    for (name, territory) in zones {
        let (zone, table) = (Zone::named(name).unwrap(), Table::named(name));
        let territory = territory.map(|code| (Territory::named(code).unwrap()[0], known_holidays(code)));
        let years = time("2024-01-10T00:00:00Z").timestamp()..time("2031-08-01T00:00:00Z").timestamp();
        // Both changes of the clocks of each year, from up to four days before them, and anything else.
        let mut instants: Vec<i64> = Vec::new();
        for jump in table.changes().into_iter().filter(|jump| years.contains(&(jump - 4 * DAY))) {
            instants.extend([-3_600, -1, 0, 1, 1_800].map(|past| jump + past));
            instants.push(jump - draw.below(4 * DAY));
        }
        instants.extend((0..40).map(|_| years.start + draw.below(years.end - years.start)));
        for (open, week) in windows() {
            let hours = TeamHours::new(open.parse().unwrap());
            let (hours, closed) = match &territory {
                Some((territory, days)) => {
                    let days = days.iter().map(|day| i64::from(day.to_epoch_days())).collect();
                    (hours.on_holidays_of(*territory), days)
                }
                None => (hours, BTreeSet::new()),
            };
            for from in &instants {
                let lasts = match draw.below(4) {
                    0 => 120,
                    1 => 1 + draw.below(600),
                    2 => 60 * (1 + draw.below(180)),
                    _ => 3_600 * (1 + draw.below(4)),
                };
                let expected = at(walk(&week, &closed, table, *from, lasts));
                let is = hours.deadline(at(*from), TimeDelta::seconds(lasts), &zone);
                if is != expected {
                    let from = at(*from);
                    return Err(format!("I30: {name}, {open}, {lasts} s from {from}: {is}, not {expected}"));
                }
                count += 1;
            }
        }
    }
    Ok(count)
}

#[test]
fn consent_i30_a_deadline_counts_the_minutes_in_which_the_team_is_there() {
    let count = compare().unwrap_or_else(|difference| panic!("{difference}"));
    assert!(count > 3_000, "{count} deadlines");
}

#[cfg(seeded_bugs)]
#[test]
fn consent_the_bug_of_team_hours_is_found() {
    use journeyman::seeded::{Bug, plant};
    for bug in Bug::OF_HOURS {
        plant(Some(bug));
        let found = compare();
        plant(None);
        assert!(found.is_err(), "{bug:?} is found by nobody");
    }
}

// ---- On an engine ----

const HELP: &str = r#"
journey: help
version: 1
zone: Europe/Paris
enter: { on: { event: asked } }
steps:
  - id: desk
    hand_over:
      channel: desk
      ask: call_back
      within: 2m
      hours: { open: "Mon-Fri 09:00-18:00", holidays: FR-MET }
      otherwise: silent
  - { id: answered, exit: answered }
  - { id: silent, exit: silent }
"#;

/// Whoever is on duty hears of it.
const DUTY: &str = r#"
journey: duty
version: 1
enter: { on: { event: hand_over.overdue, where: { journey: help, step: desk, channel: desk, ask: call_back } } }
steps:
  - { set: { tags: [neglected] } }
"#;

/// A desk that takes every question and writes down until when an answer is due.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Vec<Option<DateTime<Utc>>>>>);

#[async_trait]
impl Channel for Desk {
    fn name(&self) -> &str {
        "desk"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        assert_eq!(handover.message.not_after, handover.call().unwrap().due_at);
        self.0.lock().unwrap().push(handover.deliver_by());
        Outcome::Accepted
    }
}

/// Two ask in Los Angeles on the evening before Labour Day of the team in Paris; one is answered just in time.
async fn asked(store: Arc<dyn Store>, clock: ManualClock) {
    let desk = Desk::default();
    let engine = Engine::builder(store).channel(desk.clone()).build();
    let journeys = [HELP, DUTY].map(|text| Journey::from_yaml(text).unwrap().into());
    engine.publish(journeys).await.unwrap();
    for name in ["lea", "tom"] {
        engine.identify(Contact::new(name).zone("America/Los_Angeles")).await.unwrap();
        engine.track(Event::new(name, "asked")).await.unwrap();
    }
    engine.tick().await.unwrap();
    // A minute of the two is on Thursday; Friday, 1 May 2026 is a holiday.
    let due = time("2026-05-04T07:01:00Z");
    assert_eq!(*desk.0.lock().unwrap(), [Some(due); 2]);

    clock.set(due - TimeDelta::milliseconds(1));
    engine.tick().await.unwrap();
    let message = engine.store().messages(&"tom".into()).await.unwrap()[0].message.id;
    engine.answer("tom", message, Answer::new()).await.unwrap();
    engine.tick().await.unwrap();
    let overdue = |name: &'static str| {
        let engine = &engine;
        async move {
            let hot = engine.store().contact(&name.into()).await.unwrap().unwrap().state;
            let told = hot.hot.performed.tally("hand_over.overdue").map(|tally| tally.last_at);
            (told, hot.cold.contact.tags.contains("neglected"))
        }
    };
    assert_eq!(overdue("lea").await, (None, false));
    clock.set(due);
    engine.tick().await.unwrap();
    assert_eq!(overdue("lea").await, (Some(due), true));
    clock.advance(TimeDelta::days(5));
    engine.tick().await.unwrap();
    assert_eq!(overdue("tom").await, (None, false));
    assert_eq!(overdue("lea").await, (Some(due), true), "once");
}

#[test]
fn consent_who_is_not_answered_in_team_hours_is_told_to_other_journeys_on_both_stores() {
    let start = "2026-04-30T15:59:00Z";
    let clock = ManualClock::new(time(start));
    let memory = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(asked(memory, clock));
    let clock = ManualClock::new(time(start));
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::builder(folder.path().join("team.db")).clock(Arc::new(clock.clone())).open();
    block_on(asked(Arc::new(sqlite.unwrap()), clock));
}
