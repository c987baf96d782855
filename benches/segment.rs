//! What segments cost in the pure core, beside the same five written by hand over the whole history.
//! `cargo bench --bench segment`.
//!
//! The table is measured first, the fastest of several rounds, so that whoever else uses the machine changes little: "warm" over
//! contacts that lie in the cache, as one does that was just read from a store, "random" over all of them. Allocations are
//! counted, not sampled. Both sides must find the same members. Criterion's figures follow.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)] // a bench measures time, and may stop

mod common;

use std::alloc::System;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use journeyman::Contact;
use journeyman::model::{Attributes, Value};
use journeyman::rule::segment::{
    Heard, NoPassages, Seen, SegmentDefinition, SegmentState, Segments, Touched,
};
use journeyman::rule::{Facts, Performed, Rating, Standing};
use journeyman::time::Zone;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DAY: i64 = 86_400_000;
const NOW: i64 = 20_600 * DAY;
const CONTACTS: usize = 20_000;
/// So many lie in the cache together, as a contact does that was just read.
const WARM: usize = 256;
const ROUNDS: usize = 7;
const WARM_ROUNDS: usize = 200;
/// Five segments: of attributes and tags alone, a count, silence, a sequence, and everything nested.
const SEGMENTS: [(&str, &str); 5] = [
    (
        "s1",
        r#"{"all": [{"attribute": "country", "one_of": ["FR", "BE"]}, {"attribute": "plan", "is": "pro"},
            {"attribute": "age", "at_least": 30}, {"tag": "vip"}, {"not": {"tag": "blocked"}}]}"#,
    ),
    ("s2", r#"{"event": "opened", "count": {"at_least": 3}, "within": "30d"}"#),
    (
        "s3",
        r#"{"all": [{"attribute": "plan", "is": "pro"},
            {"not": {"events": ["opened", "clicked", "login", "bought"], "within": "7d"}}]}"#,
    ),
    (
        "s4",
        r#"{"sequence": {"first": {"event": "bought", "where": {"sku": "x"}},
            "never": {"event": "bought", "where": {"sku": "y"}}, "within": "14d", "remember": "60d"}}"#,
    ),
    (
        "s5",
        r#"{"all": [{"not": {"segment": "s3"}}, {"any": [{"tag": "vip"}, {"tag": "press"}]},
            {"any": [{"segment": "s2"}, {"event": "login", "within": "3d"}]},
            {"event": "bought", "sum": {"of": "amount", "at_least": 100}, "within": "90d"}]}"#,
    ),
];
const KINDS: [&str; 4] = ["opened", "clicked", "login", "bought"];

#[derive(Clone)]
struct Told {
    kind: usize,
    properties: Attributes,
    at: i64,
}

#[derive(Clone)]
struct Person {
    contact: Contact,
    state: SegmentState,
    told: Vec<Told>,
}

/// Pseudo-random numbers of a fixed seed: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn event(&mut self, at: i64) -> Told {
        let kind = [0, 0, 0, 1, 1, 2, 2, 3][self.roll(8) as usize];
        let mut properties = Attributes::new();
        if kind == 3 {
            let sku = ["x", "y", "z"][self.roll(3) as usize];
            properties.insert("sku".into(), sku.into());
            properties.insert("amount".into(), Value::from(5 + self.roll(80) as i64));
        }
        Told { kind, properties, at }
    }

    fn contact(&mut self, number: usize) -> Contact {
        let country = ["FR", "BE", "DE", "ES"][self.roll(4) as usize];
        let plan = ["pro", "free"][self.roll(2) as usize];
        let mut contact = Contact::new(format!("c{number}"))
            .attribute("country", country)
            .attribute("plan", plan)
            .attribute("age", 15 + self.roll(60) as i64);
        for (tag, sides) in [("vip", 4), ("press", 5), ("blocked", 20)] {
            if self.roll(sides) == 0 {
                contact = contact.tag(tag);
            }
        }
        contact
    }
}

/// What every contact of the bench has alike.
struct Room {
    segments: Segments,
    performed: Performed,
    rating: Rating,
    standing: Standing,
    zone: Zone,
}

impl Room {
    fn new() -> Self {
        let read = |(name, question): (&str, &str)| {
            SegmentDefinition::new(name, serde_json::from_str(question).unwrap())
        };
        let segments = Segments::compile(SEGMENTS.map(read), &BTreeMap::new()).unwrap();
        Self {
            segments,
            performed: Performed::default(),
            rating: Rating::default(),
            standing: Standing::default(),
            zone: Zone::named("Europe/Paris").unwrap(),
        }
    }

    fn seen<'a>(&'a self, contact: &'a Contact) -> Seen<'a> {
        let facts = Facts::new(contact, &self.performed, &self.rating);
        Seen::new(facts, &self.standing, &NoPassages, &self.zone)
    }

    fn hear(&self, person: &mut Person, touched: &mut Touched, told: &Told, now: i64) -> u64 {
        let mut moves = 0;
        let heard = Heard::new(KINDS[told.kind], &told.properties, told.at, now, &self.zone);
        self.segments.hear(&mut person.state, touched, &heard);
        let seen = self.seen(&person.contact);
        self.segments.settle(&mut person.state, touched, &seen, now, &mut |_| moves += 1);
        moves
    }

    /// Lets time pass; answers how often something was due, and how many moves that made.
    fn pass(&self, person: &mut Person, touched: &mut Touched, until: i64) -> (u64, u64) {
        let (mut checks, mut moves) = (0, 0);
        while let Some(due) = self.segments.next_due(&person.state).filter(|due| *due <= until) {
            checks += 1;
            self.segments.fire(&person.state, touched, due);
            let seen = self.seen(&person.contact);
            self.segments.settle(&mut person.state, touched, &seen, due, &mut |_| moves += 1);
        }
        (checks, moves)
    }

    fn people(&self) -> Vec<Person> {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut touched = Touched::default();
        (0..CONTACTS)
            .map(|number| {
                let contact = dice.contact(number);
                let mut person = Person { contact, state: self.segments.start(), told: Vec::new() };
                let count = dice.roll(20);
                let mut ages: Vec<_> = (0..count).map(|_| (dice.roll(120) * dice.roll(100)) as i64).collect();
                ages.sort_by_key(|age| -age);
                for age in ages {
                    let jitter = dice.roll(80_000_000) as i64 / 100;
                    let told = dice.event(NOW - age * DAY / 100 - jitter);
                    self.pass(&mut person, &mut touched, told.at);
                    let now = told.at.max(person.told.last().map_or(i64::MIN, |told| told.at));
                    self.hear(&mut person, &mut touched, &told, now);
                    person.told.push(told);
                }
                self.pass(&mut person, &mut touched, NOW);
                let seen = self.seen(&person.contact);
                self.segments.settle(&mut person.state, &mut touched, &seen, NOW, &mut |_| {});
                person
            })
            .collect()
    }
}

/// The same five segments by hand, over everything that ever happened.
fn naive(person: &Person, now: i64) -> [bool; 5] {
    let contact = &person.contact;
    let text = |name: &str| match contact.attributes.get(name) {
        Some(Value::Text(text)) => &**text,
        _ => "",
    };
    let alive = |kind: usize, days: i64| {
        person
            .told
            .iter()
            .filter(move |told| told.kind == kind && told.at <= now && now < told.at + days * DAY)
    };
    let sku = |told: &Told, wanted: &str| told.properties.get("sku") == Some(&Value::from(wanted));
    let older = contact.attributes.get("age").is_some_and(|age| matches!(age, Value::Integer(30..)));
    let s1 = matches!(text("country"), "FR" | "BE")
        && text("plan") == "pro"
        && older
        && contact.tags.contains("vip")
        && !contact.tags.contains("blocked");
    let s2 = alive(0, 30).count() >= 3;
    let s3 = text("plan") == "pro" && (0..4).all(|kind| alive(kind, 7).count() == 0);
    let s4 = alive(3, 60).filter(|x| sku(x, "x") && x.at + 14 * DAY <= now).any(|x| {
        let follows = |y: &&Told| y.kind == 3 && sku(y, "y") && y.at >= x.at && y.at < x.at + 14 * DAY;
        !person.told.iter().any(|y| follows(&y))
    });
    let amount = |told: &Told| match told.properties.get("amount") {
        Some(Value::Integer(amount)) => *amount,
        _ => 0,
    };
    let s5 = !s3
        && (contact.tags.contains("vip") || contact.tags.contains("press"))
        && (s2 || alive(2, 3).count() > 0)
        && alive(3, 90).map(amount).sum::<i64>() >= 100;
    [s1, s2, s3, s4, s5]
}

/// The fastest of some rounds, in nanoseconds for each of what a round did.
fn fastest(rounds: usize, mut round: impl FnMut() -> u64) -> f64 {
    fastest_of(rounds, &[], |_| round())
}

/// The same, each round with people of its own.
fn fastest_of(rounds: usize, people: &[Person], mut round: impl FnMut(&mut [Person]) -> u64) -> f64 {
    let measured = (0..rounds).map(|_| {
        let mut people = people.to_vec();
        let began = Instant::now();
        let done = round(&mut people);
        began.elapsed().as_nanos() as f64 / done.max(1) as f64
    });
    measured.fold(f64::MAX, f64::min)
}

fn table() {
    let room = Room::new();
    let people = room.people();
    let places = SEGMENTS.map(|(name, _)| room.segments.place(name).unwrap());
    let mut members = [0_u64; 5];
    for person in &people {
        let wanted = naive(person, NOW);
        for (count, (place, wanted)) in members.iter_mut().zip(places.into_iter().zip(wanted)) {
            let seen = room.seen(&person.contact);
            let name = &room.segments.at(place).unwrap().name;
            assert_eq!(room.segments.holds(place, &person.state, &seen, NOW), wanted, "{name}");
            assert_eq!(person.state.is_in(name), wanted, "{name}");
            *count += u64::from(wanted);
        }
    }
    println!("{CONTACTS} contacts, members of the five: {members:?}, alike on both sides");
    println!("{:<44}{:>10}{:>10}{:>12}{:>8}", "ns", "warm", "random", "naive warm", "goal");
    let shown = |what: &str, warm: f64, random: f64, naive: f64, goal: &str| {
        println!("{what:<44}{warm:>10.0}{random:>10.0}{naive:>12.0}{goal:>8}");
    };
    let hand = fastest(WARM_ROUNDS, || {
        people.iter().take(WARM).for_each(|person| {
            black_box(naive(person, NOW));
        });
        WARM as u64
    });
    for (number, place) in places.into_iter().enumerate() {
        let holds =
            |person: &&Person| room.segments.holds(place, &person.state, &room.seen(&person.contact), NOW);
        let warm = fastest(WARM_ROUNDS, || {
            black_box(people.iter().take(WARM).filter(holds).count());
            WARM as u64
        });
        let random = fastest(ROUNDS, || {
            black_box(people.iter().filter(holds).count());
            CONTACTS as u64
        });
        shown(&format!("one contact from state, {}", SEGMENTS[number].0), warm, random, hand, "250");
    }
    let mut dice = Dice(77);
    let events: Vec<_> = (0..CONTACTS).map(|_| dice.event(NOW)).collect();
    let mut touched = Touched::default();
    let (mut allocations, mut moves) = (0, 0);
    let mut applied = |people: &mut [Person]| {
        let region = Region::new(ALLOCATOR);
        moves =
            people.iter_mut().zip(&events).map(|(one, told)| room.hear(one, &mut touched, told, NOW)).sum();
        allocations = region.change().allocations;
    };
    let warm = fastest_of(WARM_ROUNDS, &people[..WARM], |people| {
        applied(people);
        WARM as u64
    });
    let random = fastest_of(ROUNDS, &people, |people| {
        applied(people);
        CONTACTS as u64
    });
    shown("event applied to five segments, settled", warm, random, hand, "300");
    println!("  moves {moves}, allocations {allocations} over {CONTACTS} events");
    let mut made = (0, 0);
    let mut pass = |people: &mut [Person]| {
        made = people.iter_mut().fold((0, 0), |(checks, moves), person| {
            let more = room.pass(person, &mut touched, NOW + 30 * DAY);
            (checks + more.0, moves + more.1)
        });
        made.0
    };
    let warm = fastest_of(WARM_ROUNDS, &people[..WARM], &mut pass);
    let random = fastest_of(ROUNDS, &people, &mut pass);
    shown("what time brings about, each", warm, random, hand, "300");
    println!("  {} checks in 30 days, {} moves", made.0, made.1);
    let bytes: usize = people.iter().map(|person| person.state.size()).sum();
    let stored: usize = people.iter().map(|person| serde_json::to_vec(&person.state).unwrap().len()).sum();
    println!("bytes a contact: {} in memory, {} in JSON", bytes / CONTACTS, stored / CONTACTS);
    // A hostile text costs what the filter that compares it costs.
    let mut person = Person { contact: Contact::new("h"), state: room.segments.start(), told: Vec::new() };
    let text = Value::from("x".repeat(60 * 1024));
    let told =
        Told { kind: 3, properties: [("sku".into(), text.clone()), ("amount".into(), text)].into(), at: NOW };
    room.hear(&mut person, &mut touched, &told, NOW);
    let hostile = fastest(ROUNDS, || {
        (0..10_000).map(|_| room.hear(&mut person, &mut touched, &told, NOW)).sum::<u64>().max(10_000)
    });
    println!("event with two texts of 60 KiB: {hostile:.0} ns");
}

fn one_contact(criterion: &mut Criterion) {
    if !common::is_wanted("segment") {
        return;
    }
    if !std::env::args().any(|argument| argument == "--test") {
        table();
    }
    let room = Room::new();
    let people = room.people();
    let place = room.segments.place("s5").unwrap();
    let mut next = 0;
    criterion.bench_function("segment/one contact from state", |bencher| {
        bencher.iter(|| {
            next = (next + 7_919) % CONTACTS;
            let person = &people[next];
            room.segments.holds(place, &person.state, &room.seen(&person.contact), NOW)
        });
    });
}

criterion_group!(benches, one_contact);
criterion_main!(benches);
