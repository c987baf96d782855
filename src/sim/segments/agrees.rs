//! The plain evaluation and the crate say the same of random histories, without a store between them.

use std::collections::BTreeMap;

use super::plain::{Fact, Plain};
use super::rules::{Asks, DAY, HOUR, Rule, definitions, rules};
use crate::model::{Attributes, Contact, Value};
use crate::rule::segment::{Heard, NoPassages, Seen, SegmentState, Segments, Touched};
use crate::rule::{Facts, Performed, Rating, Standing};
use crate::sim::fixture::{EVENTS, PLACES};
use crate::sim::random::Random;
use crate::time::Zone;

const MARCH: i64 = 1_774_252_800_000; // 2026-03-23T08:00:00Z

struct Both {
    segments: Segments,
    rules: &'static [Rule],
    state: SegmentState,
    touched: Touched,
    contact: Contact,
    zone: Zone,
    plain: Plain,
    /// When the crate moved somebody into which segment, or out of it.
    moved: Vec<(i64, String, bool)>,
    story: Vec<String>,
    compared: usize,
}

impl Both {
    fn settles(&mut self, now: i64) {
        let (performed, rating, standing) = (Performed::default(), Rating::default(), Standing::default());
        let facts = Facts::new(&self.contact, &performed, &rating);
        let seen = Seen::new(facts, &standing, &NoPassages, &self.zone);
        let (segments, moved) = (&self.segments, &mut self.moved);
        segments.settle(&mut self.state, &mut self.touched, &seen, now, &mut |step| {
            let name = segments.at(step.place).map(|segment| segment.name.to_string()).unwrap_or_default();
            moved.push((now, name, step.inside));
        });
    }

    fn compare(&mut self, now: i64) {
        for rule in self.rules {
            let (own, plain) = (self.state.is_in(rule.name), self.is_in(rule, now));
            assert_eq!(own, plain, "{} at {now}: {:#?}", rule.name, self.story);
            self.compared += 1;
        }
    }

    fn is_in(&self, rule: &Rule, now: i64) -> bool {
        let stands = |name: &str| self.plain.is_in(self.rules, name, now);
        match rule.asks {
            Asks::Nested { inside, outside } => stands(inside) && !stands(outside),
            _ => stands(rule.name),
        }
    }

    /// Lets time pass: the crate wakes when it asks for it, and nothing may change between.
    fn passes(&mut self, from: i64, until: i64) {
        let mut instants = self.plain.instants(self.rules, from, until);
        for _ in 0..10_000 {
            let due = self.segments.next_due(&self.state).filter(|due| *due <= until);
            while let Some(at) = instants.first().copied().filter(|at| due.is_none_or(|due| *at < due)) {
                instants.pop_first();
                if at < until {
                    self.compare(at);
                }
            }
            let Some(due) = due else { return };
            self.segments.fire(&self.state, &mut self.touched, due);
            self.settles(due);
            instants.remove(&due);
            self.compare(due);
        }
        panic!("it wakes for ever");
    }
}

#[test]
fn the_plain_evaluation_agrees_with_the_segments_on_random_histories() {
    let mut compared = 0;
    for seed in 1..=120_u64 {
        let random = &mut Random::fork(seed, "segments agree");
        let place = &PLACES[random.below(PLACES.len())];
        let version = random.between(1, 4) as u32;
        let segments = Segments::compile(definitions(version).unwrap(), &BTreeMap::new()).unwrap();
        let state = segments.start();
        let mut both = Both {
            segments,
            rules: rules(version),
            state,
            touched: Touched::default(),
            contact: Contact::new("lea"),
            zone: Zone::named(place.zone).unwrap(),
            plain: Plain::new(place),
            moved: Vec::new(),
            story: vec![format!("{} by version {version}", place.zone)],
            compared: 0,
        };
        let mut at = MARCH;
        both.settles(at);
        for _ in 0..40 {
            let before = at;
            // Whole hours, so that one thing ends when another one comes.
            at += random.between(0, 20) * HOUR;
            both.passes(before, at);
            if random.chance(1_500) {
                let score = random.between(30, 80);
                both.story.push(format!("{at}: score {score}"));
                both.contact = both.contact.clone().attribute("score", score);
                both.plain.learns(at, Fact::Score(score));
                both.segments.touch_attribute(&mut both.touched, "score");
            } else if random.chance(1_500) {
                let due = at + random.between(-24, 48) * HOUR;
                both.story.push(format!("{at}: due {due}"));
                let instant = chrono::DateTime::from_timestamp_millis(due).unwrap();
                both.contact = both.contact.clone().attribute("due", Value::Instant(instant));
                both.plain.learns(at, Fact::Due(Some(due)));
                both.segments.touch_attribute(&mut both.touched, "due");
            } else {
                let name = *random.pick(&EVENTS);
                let number = if random.chance(8_000) { Some(random.between(0, 5)) } else { None };
                let late = if random.chance(3_000) { random.between(0, 4 * DAY / HOUR) * HOUR } else { 0 };
                let happened = at - late;
                both.story.push(format!("{at}: {name} {number:?} of {happened}"));
                let mut properties = Attributes::new();
                if let Some(number) = number {
                    properties.insert("number".into(), Value::Integer(number));
                }
                let heard = Heard::new(name, &properties, happened, at, &both.zone);
                both.segments.hear(&mut both.state, &mut both.touched, &heard);
                both.plain.learns(at, Fact::Event { name: name.to_owned(), number, happened });
            }
            both.settles(at);
            both.compare(at);
            let settled = both.moved.len();
            both.settles(at);
            assert_eq!(both.moved.len(), settled, "a second look moves nobody");
        }
        for rule in both.rules {
            let moves = both.moved.iter().filter(|(_, name, _)| name == rule.name);
            let sides: Vec<bool> = moves.map(|(_, _, inside)| *inside).collect();
            assert!(sides.iter().enumerate().all(|(number, inside)| *inside == (number % 2 == 0)));
        }
        compared += both.compared;
    }
    assert!(compared > 100_000, "{compared}");
}
