//! The plain rules and those of the crate say the same of random histories, without a store between them.

use super::plain::Plain;
use super::rules::{DAY, HEARD, VERSIONS, definition};
use crate::model::{Attributes, Contact, Value};
use crate::rule::Performed;
use crate::rule::score::{Heard, ScoreModel, ScoreState};
use crate::sim::fixture::PLACES;
use crate::sim::random::Random;
use crate::time::Zone;

const MARCH: i64 = 1_774_252_800_000; // 2026-03-23T08:00:00Z

fn compare(state: &ScoreState, plain: &Plain, at: i64, story: &[String]) {
    let marks: Vec<String> = state.marks.iter().map(|(name, _)| name.to_string()).collect();
    let own: Vec<String> = plain.marks.iter().map(ToString::to_string).collect();
    assert_eq!(
        (state.value, state.tier.map(usize::from), marks),
        (plain.value, plain.tier, own),
        "at {at} by version {}: {story:#?}",
        plain.rules.version
    );
}

/// Lets everything happen that is due until an instant, each alone, and compares after each.
fn fire(
    model: &ScoreModel,
    state: &mut ScoreState,
    plain: &mut Plain,
    zone: &Zone,
    until: i64,
    story: &[String],
) {
    for _ in 0..1_000 {
        let Some(due) = model.next_due(state).filter(|due| *due <= until) else { break };
        // What is due at one instant is compared when all of it has happened.
        while model.next_due(state) == Some(due) {
            model.fire(state, due, zone, &mut |_| {});
        }
        plain.until(due);
        compare(state, plain, due, story);
    }
    plain.until(until);
    compare(state, plain, until, story);
}

#[test]
fn the_plain_rules_agree_with_the_model_on_random_histories() {
    let mut counted = 0;
    for seed in 1..=150_u64 {
        let random = &mut Random::fork(seed, "agrees");
        let place = &PLACES[random.below(PLACES.len())];
        let rules = &VERSIONS[random.below(VERSIONS.len())];
        let model = definition(rules.version).compile().unwrap();
        let (zone, mut performed) = (Zone::named(place.zone).unwrap(), Performed::default());
        let (mut state, mut plain, mut at) = (model.start(), Plain::new(rules, place), MARCH);
        let mut story = Vec::new();
        for _ in 0..60 {
            let most = if random.chance(8_000) { DAY / 4 } else { 4 * DAY };
            at += random.between(0, most);
            fire(&model, &mut state, &mut plain, &zone, at, &story);
            if random.chance(1_000) {
                let score = random.between(0, 100);
                story.push(format!("{at}: score {score}"));
                let contact = Contact::new("lea").attribute("score", score);
                model.look(&mut state, &contact, at, &mut |_| {});
                plain.learns(score, at);
            } else {
                let name = *random.pick(&HEARD);
                let number = if random.chance(8_000) { Some(random.between(0, 5)) } else { None };
                let late = if random.chance(2_000) { 2 * DAY } else { 1 };
                let happened = at - random.between(0, late);
                story.push(format!("{at}: {name} {number:?} of {happened}"));
                let mut properties = Attributes::new();
                if let Some(number) = number {
                    properties.insert("number".into(), Value::Integer(number));
                }
                let when = chrono::DateTime::from_timestamp_millis(happened).unwrap();
                performed.record(&name.into(), when);
                let heard = Heard::new(&properties, happened, at, &zone, &performed);
                let id = model.event(name).unwrap();
                model.hear(&mut state, id, &heard, &mut |_| {});
                plain.hears(name, number, happened, at);
                counted += 1;
            }
            compare(&state, &plain, at, &story);
        }
    }
    assert!(counted > 5_000);
}
