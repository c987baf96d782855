//! What scoring costs, beside the same rules written by hand in Rust. `cargo bench --bench score`.
//!
//! The table is measured first: both sides in turn, the fastest of many short rounds of each, so that whoever else uses the
//! machine changes little; allocations are counted, not sampled. Criterion's own figures follow.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)] // a bench measures time, and may stop

mod common;

use std::alloc::System;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use journeyman::Contact;
use journeyman::model::{Attributes, Value};
use journeyman::rule::score::{
    Band, Cause, Change, Clamp, Decay, EventId, EventRule, Heard, ScoreModel, ScoreState, Table,
};
use journeyman::rule::{Performed, PredicateDefinition};
use journeyman::time::Zone;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DAY: i64 = 86_400_000;
const EVENTS: [(&str, i64); 5] = [
    ("email.opened", 1),
    ("link.clicked", 3),
    ("app.login", 5),
    ("message.replied", 10),
    ("action.done", 15),
];
const SCRIPT: &str = r#"
    on("email.opened", 1);  on("link.clicked", 3);  on("app.login", 5);  on("message.replied", 10);
    on("action.done", 15);
    decay(7 * days, -5);  clamp(0, 120);
    tier("SPARK-READY", 80);  tier("MONA-POSSIBLE", 60);  tier("EN-DEVELOPPEMENT", 40);  tier("NON-PRIORITAIRE", 0);
    when("followers in range", between(followers, 1000, 15000), 20);
    when("genre", one_of(genre, ["rap", "pop", "rnb", "electro"]), 10);
    when("growth", growth > 5.0, 15);  when("city", known(city), 5);  when("solo", !team, 10);
"#;
/// How many events are told over and over.
const TOLD: usize = 1_024;

/// One thing that is measured: so many times, by the model or by hand.
type Work = Box<dyn FnMut(u64)>;

struct Case {
    name: &'static str,
    goal: &'static str,
    model: Work,
    native: Option<Work>,
}

/// What a programmer keeps who writes these very rules by hand.
#[derive(Clone, Default)]
struct Native {
    value: i64,
    engaged_at: Option<i64>,
    decays_at: Option<i64>,
    changed_at: Option<i64>,
    tier: Option<u16>,
    tier_since: Option<i64>,
}

impl Native {
    #[inline]
    fn event(&mut self, kind: u16, at: i64) {
        let points = match kind {
            0 => 1,
            1 => 3,
            2 => 5,
            3 => 10,
            4 => 15,
            _ => return,
        };
        let before = self.value;
        self.value = before.saturating_add(points).clamp(0, 120);
        if self.engaged_at < Some(at) {
            self.engaged_at = Some(at);
            self.decays_at = Some(at + 7 * DAY);
        }
        if self.value != before {
            self.changed_at = Some(at);
        }
    }

    #[inline]
    fn stand(&mut self, at: i64) {
        let tier = match self.value {
            80.. => Some(3),
            60.. => Some(2),
            40.. => Some(1),
            0.. => Some(0),
            _ => None,
        };
        if tier != self.tier {
            self.tier = tier;
            self.tier_since = Some(at);
        }
    }

    #[inline]
    fn pass(&mut self, until: i64) {
        while let Some(due) = self.decays_at.filter(|due| *due <= until) {
            self.value = (self.value - 5).clamp(0, 120);
            self.changed_at = Some(due);
            self.decays_at = (self.value > 0).then_some(due + 7 * DAY);
            self.stand(due);
        }
    }
}

fn table(tiers: bool) -> Table {
    let mut table = Table::new();
    table.rules = EVENTS.map(|(event, points)| EventRule::new(event, points).into()).into();
    table.decay = Some(Decay::new(7 * DAY, -5));
    table.clamp = Some(Clamp::new(0, 120));
    if tiers {
        let bands = [("spark-ready", 80), ("mona-possible", 60), ("developing", 40), ("no-priority", 0)];
        table.tiers = bands.map(|(tier, from)| Band::new(tier, from)).into();
    }
    table
}

/// The same events for everybody: which, and when; an hour to ten days apart.
fn told(model: &ScoreModel) -> Vec<(u16, EventId, i64)> {
    let ids = EVENTS.map(|(event, _)| model.event(event).unwrap());
    let (mut seed, mut at) = (42_u64, 0);
    (0..TOLD)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let kind = (seed >> 33) as usize % ids.len();
            at += (1 + (seed >> 40) as i64 % 240) * DAY / 24;
            (kind as u16, ids[kind], at)
        })
        .collect()
}

/// Events one by one; the score begins anew with each round, so that bounds and tiers are met.
fn events(name: &'static str, goal: &'static str, tiers: bool) -> Case {
    let model = ScoreModel::from_table(table(tiers)).unwrap();
    let told = told(&model);
    let by_hand = told.clone();
    let (zone, nothing, performed) = (Zone::utc(), Attributes::new(), Performed::default());
    let mut state = model.start();
    let work = move |times: u64| {
        let mut left = times;
        while left > 0 {
            state.value = 0;
            state.engaged_at = None;
            for (_, event, at) in black_box(&told).iter().take(left as usize) {
                let heard = Heard::new(&nothing, *at, *at, &zone, &performed);
                model.hear(&mut state, *event, &heard, &mut |_| {});
                black_box(&mut state.value);
            }
            left = left.saturating_sub(TOLD as u64);
        }
    };
    let mut state = Native::default();
    let native = move |times: u64| {
        let mut left = times;
        while left > 0 {
            state.value = 0;
            state.engaged_at = None;
            for (kind, _, at) in black_box(&by_hand).iter().take(left as usize) {
                state.event(*kind, *at);
                if tiers {
                    state.stand(*at);
                }
                black_box(&mut state.value);
            }
            left = left.saturating_sub(TOLD as u64);
        }
    };
    Case { name, goal, model: Box::new(work), native: Some(Box::new(native)) }
}

/// The same, and every change of points is written down; by hand too, for the ratio to the plain event is what is asked.
fn explained() -> Case {
    let plain = events("", "", false).native;
    let model = ScoreModel::from_table(table(false)).unwrap();
    let told = told(&model);
    let (zone, nothing, performed) = (Zone::utc(), Attributes::new(), Performed::default());
    let mut state = model.start();
    let mut log: Vec<(Cause, i64, i64)> = Vec::with_capacity(TOLD);
    let work = move |times: u64| {
        let mut left = times;
        while left > 0 {
            state.value = 0;
            state.engaged_at = None;
            log.clear();
            for (_, event, at) in black_box(&told).iter().take(left as usize) {
                let heard = Heard::new(&nothing, *at, *at, &zone, &performed);
                model.hear(&mut state, *event, &heard, &mut |change| {
                    if let Change::Points { cause, points, moved } = change {
                        log.push((cause, points, moved));
                    }
                });
                black_box(&mut state.value);
            }
            black_box(&mut log);
            left = left.saturating_sub(TOLD as u64);
        }
    };
    Case { name: "event, explained", goal: "3", model: Box::new(work), native: plain }
}

fn person() -> Contact {
    Contact::new("lea")
        .attribute("followers", 4_200)
        .attribute("growth", Value::Decimal("6.5".parse().unwrap()))
        .attribute("genre", "rnb")
        .attribute("city", "Saint-Denis")
        .attribute("team", false)
}

/// What a programmer has in a struct.
struct Profile {
    followers: i64,
    growth: i64,
    genre: String,
    city: Option<String>,
    team: bool,
}

#[inline]
fn fit_by_hand(profile: &Profile) -> i64 {
    let mut points = 0;
    if (1_000..=15_000).contains(&profile.followers) {
        points += 20;
    }
    if matches!(&*profile.genre, "rap" | "pop" | "rnb" | "electro") {
        points += 10;
    }
    if profile.growth > 5_000 {
        points += 15;
    }
    if profile.city.is_some() {
        points += 5;
    }
    if !profile.team {
        points += 10;
    }
    points.clamp(0, 120)
}

fn profile() -> Profile {
    Profile {
        followers: 4_200,
        growth: 6_500,
        genre: "rnb".to_owned(),
        city: Some("Saint-Denis".to_owned()),
        team: false,
    }
}

fn fit() -> Case {
    let model = ScoreModel::compile(SCRIPT).unwrap();
    let contact = person();
    let work = move |times: u64| {
        let values: Vec<_> = model.slots().iter().map(|slot| contact.attributes.get(slot)).collect();
        assert_eq!(model.fit(&values), 60);
        for _ in 0..times {
            black_box(model.fit(black_box(&values)));
        }
    };
    let profile = profile();
    assert_eq!(fit_by_hand(&profile), 60);
    let native = move |times: u64| {
        for _ in 0..times {
            black_box(fit_by_hand(black_box(&profile)));
        }
    };
    Case { name: "fit, 5 attributes", goal: "10 ns", model: Box::new(work), native: Some(Box::new(native)) }
}

/// Twenty events with everything that decayed in between and after, the fit and the tier.
fn rescore() -> Case {
    let model = ScoreModel::compile(SCRIPT).unwrap();
    let told: Vec<_> = told(&model).into_iter().take(20).collect();
    let by_hand = told.clone();
    let until = told[19].2 + 30 * DAY;
    let contact = person();
    let work = move |times: u64| {
        let (zone, nothing, performed) = (Zone::utc(), Attributes::new(), Performed::default());
        let values: Vec<_> = model.slots().iter().map(|slot| contact.attributes.get(slot)).collect();
        let mut state = model.start();
        for _ in 0..times {
            (state.value, state.rated, state.engaged_at, state.decays_at) = (0, false, None, None);
            (state.tier, state.tier_since, state.changed_at) = (None, None, None);
            for (_, event, at) in black_box(&told) {
                model.pass(&mut state, *at, &zone, &mut |_, _| {});
                model.hear(
                    &mut state,
                    *event,
                    &Heard::new(&nothing, *at, *at, &zone, &performed),
                    &mut |_| {},
                );
            }
            model.pass(&mut state, until, &zone, &mut |_, _| {});
            black_box(state.value + model.fit(black_box(&values)));
            black_box(&mut state);
        }
    };
    let profile = profile();
    let native = move |times: u64| {
        let mut state = Native::default();
        for _ in 0..times {
            state = Native { value: 0, ..Native::default() };
            for (kind, _, at) in black_box(&by_hand) {
                state.pass(*at);
                state.event(*kind, *at);
                state.stand(*at);
            }
            state.pass(until);
            black_box(state.value + fit_by_hand(black_box(&profile)));
            black_box(&mut state);
        }
        black_box(state);
    };
    Case { name: "20 events re-scored", goal: "2", model: Box::new(work), native: Some(Box::new(native)) }
}

/// One event that thirty rules are about, each with a filter and a cap of a day.
fn thirty() -> Case {
    let mut table = Table::new();
    for place in 0..30 {
        let filter = PredicateDefinition {
            all: Some(vec![
                PredicateDefinition {
                    attribute: Some("amount".into()),
                    at_least: Some((place * 10).into()),
                    ..Default::default()
                },
                PredicateDefinition {
                    attribute: Some("currency".into()),
                    is: Some("EUR".into()),
                    ..Default::default()
                },
            ]),
            ..Default::default()
        };
        table.rules.push(EventRule::new("purchase", 1).filter(filter).cap(9, Some(DAY)).into());
    }
    table.clamp = Some(Clamp::new(0, 1_000_000_000_000));
    let model = ScoreModel::from_table(table).unwrap();
    let event = model.event("purchase").unwrap();
    let (zone, performed) = (Zone::utc(), Performed::default());
    let mut properties = Attributes::new();
    properties.insert("amount".into(), 155.into());
    properties.insert("currency".into(), "EUR".into());
    let mut state = model.start();
    let mut at = 0;
    let work = move |times: u64| {
        for _ in 0..times {
            at += DAY / 12;
            let heard = Heard::new(&properties, at, at, &zone, &performed);
            model.hear(&mut state, event, black_box(&heard), &mut |_| {});
        }
        black_box(&mut state);
    };
    let rules: Vec<(i64, i64)> = (0..30).map(|place| (place * 10, 1)).collect();
    let (mut spent, mut value, mut at) = (vec![(i64::MIN / 2, 0); 30], 0_i64, 0);
    let native = move |times: u64| {
        for _ in 0..times {
            at += DAY / 12;
            let (amount, currency) = black_box((155, "EUR"));
            for ((least, points), spent) in black_box(&rules).iter().zip(&mut spent) {
                if amount < *least || currency != "EUR" {
                    continue;
                }
                if at >= spent.0 + DAY {
                    *spent = (at, 0);
                }
                let given = (*points).min(9 - spent.1);
                spent.1 += given;
                value = (value + given).clamp(0, 1_000_000_000_000);
            }
        }
        black_box(value);
    };
    Case {
        name: "event of 30 rules with filter and cap",
        goal: "1,000 ns",
        model: Box::new(work),
        native: Some(Box::new(native)),
    }
}

fn custom() -> Case {
    let script = r#"custom("fit", |c| if c.followers > 1000 { 10 } else { 0 });"#;
    let model = ScoreModel::builder().custom(true).compile(script).unwrap();
    let contact = person();
    let work = move |times: u64| {
        for _ in 0..times {
            assert!(matches!(model.custom_points("fit", black_box(&contact)), Some(Ok(10))));
        }
    };
    let profile = profile();
    let native = move |times: u64| {
        for _ in 0..times {
            black_box(if black_box(&profile).followers > 1_000 { 10 } else { 0 });
        }
    };
    Case { name: "custom function", goal: "1,000 ns", model: Box::new(work), native: Some(Box::new(native)) }
}

fn load() -> Case {
    let work = |times: u64| {
        for _ in 0..times {
            black_box(ScoreModel::compile(black_box(SCRIPT)).unwrap());
        }
    };
    Case { name: "load a script", goal: "500,000 ns", model: Box::new(work), native: None }
}

const SCRAPS: [&str; 24] = [
    "loop {",
    "}",
    "while true {",
    "let x = ",
    "x += x;",
    "[",
    "]",
    "(",
    ")",
    "1",
    "*",
    "for i in 0..1000 {",
    "`${x}${x}`",
    "fn f(n) { f(n+1); f(n+1) }",
    "f(1);",
    "let y = [x,x,x,x];",
    "y += y;",
    "one_of(a, [",
    "on(x + i, 1);",
    "switch x { _ => ",
    "try {",
    "y == y",
    "\"aaaaaaaaaaaaaaaaaaaaaaaa\"",
    "do {",
];

/// How long the slowest of so many hostile scripts takes, in microseconds: scraps, and good rules with scraps in them, each
/// as long as allowed. The fastest of several runs of each, for what is asked is not how long the machine was away.
fn slowest_hostile(scripts: usize) -> u128 {
    let mut seed = 42_u64;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    let mut slowest = 0;
    for number in 0..scripts {
        let mut script = if number % 2 == 0 { String::new() } else { SCRIPT.repeat(8_000 / SCRIPT.len()) };
        for _ in 0..next(12) {
            let places: Vec<usize> =
                script.char_indices().map(|(place, _)| place).chain([script.len()]).collect();
            script.insert_str(places[next(places.len())], SCRAPS[next(SCRAPS.len())]);
        }
        while script.len() < 8_150 {
            script.push_str(SCRAPS[next(SCRAPS.len())]);
        }
        let took = |script: &str| {
            let began = Instant::now();
            let _ = black_box(ScoreModel::compile(script));
            began.elapsed().as_micros()
        };
        let first = took(&script);
        slowest = slowest.max(if first > slowest {
            (0..9).map(|_| took(&script)).min().unwrap_or(first)
        } else {
            0
        });
    }
    slowest
}

fn cases() -> Vec<Case> {
    vec![
        events("event by id", "1.3", false),
        events("event by id, with tier", "1.5", true),
        explained(),
        rescore(),
        fit(),
        thirty(),
        custom(),
        load(),
    ]
}

/// How many times fill some two milliseconds.
fn batch(work: &mut Work) -> u64 {
    let mut times = 1;
    loop {
        let began = Instant::now();
        work(times);
        if began.elapsed() > Duration::from_millis(2) || times > 1 << 24 {
            return times;
        }
        times *= 2;
    }
}

fn fastest(work: &mut Work, times: u64, best: &mut f64) {
    let began = Instant::now();
    work(times);
    *best = best.min(began.elapsed().as_nanos() as f64 / times as f64);
}

fn allocations(work: &mut Work) -> f64 {
    const TIMES: u64 = 4_096;
    let region = Region::new(ALLOCATOR);
    work(TIMES);
    let change = region.change();
    // What is prepared before the first time is no part of it.
    ((change.allocations + change.reallocations) as f64 / TIMES as f64 * 100.0).floor() / 100.0
}

fn print_table() {
    let rounds = if common::is_test() { 1 } else { 400 };
    println!("{:<38} {:>11} {:>9} {:>7} {:>11} {:>12}", "", "ns", "by hand", "times", "goal", "allocations");
    for mut case in cases() {
        let times = batch(&mut case.model);
        let times_by_hand = case.native.as_mut().map_or(1, batch);
        let (mut own, mut native) = (f64::MAX, f64::MAX);
        for _ in 0..rounds {
            fastest(&mut case.model, times, &mut own);
            if let Some(work) = &mut case.native {
                fastest(work, times_by_hand, &mut native);
            }
        }
        let by_hand = if case.native.is_some() { format!("{native:.2}") } else { String::new() };
        let ratio = if case.native.is_some() { format!("{:.2}", own / native) } else { String::new() };
        let allocations = allocations(&mut case.model);
        println!("{:<38} {own:>11.2} {by_hand:>9} {ratio:>7} {:>11} {allocations:>12}", case.name, case.goal);
    }
    let scripts = if common::is_test() { 2 } else { 20_000 };
    let slowest = slowest_hostile(scripts);
    println!("the slowest of {scripts} hostile scripts takes {slowest} us (goal: 10,000)");
}

fn score(criterion: &mut Criterion) {
    if !common::is_wanted("score") {
        return;
    }
    print_table();
    let mut group = criterion.benchmark_group("score");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    for mut case in cases() {
        let mut run = |name: String, work: &mut Work| {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| {
                    let began = Instant::now();
                    work(times);
                    began.elapsed()
                });
            });
        };
        run(case.name.to_owned(), &mut case.model);
        if let Some(native) = &mut case.native {
            run(format!("{}, by hand", case.name), native);
        }
    }
    group.finish();
}

/// A state is small, and what the model does is what is done by hand.
fn agree(_: &mut Criterion) {
    if !common::is_wanted("score") {
        return;
    }
    let model = ScoreModel::from_table(table(true)).unwrap();
    let (zone, nothing, performed) = (Zone::utc(), Attributes::new(), Performed::default());
    let (mut state, mut native): (ScoreState, _) = (model.start(), Native::default());
    for (kind, event, at) in told(&model) {
        model.pass(&mut state, at, &zone, &mut |_, _| {});
        model.hear(&mut state, event, &Heard::new(&nothing, at, at, &zone, &performed), &mut |_| {});
        native.pass(at);
        native.event(kind, at);
        native.stand(at);
        assert_eq!(
            (state.value, state.tier, state.tier_since),
            (native.value, native.tier, native.tier_since)
        );
        assert_eq!((state.engaged_at, state.decays_at), (native.engaged_at, native.decays_at));
    }
    println!("a state takes {} bytes", state.size());
}

criterion_group!(benches, agree, score);
criterion_main!(benches);
