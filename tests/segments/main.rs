//! A second opinion on segments: whoever is in one by the history alone, asked anew at every instant, is in it by the crate's
//! own count, and moves at exactly the instant at which the answer changes.

#![allow(clippy::disallowed_methods)] // it shows how long it took
#![allow(clippy::unnecessary_fold)] // every part is asked, because each remembers something
#![allow(clippy::type_complexity)]

mod bounds;
mod calendar;
mod core;
mod language;
mod machine;
mod naive;
#[cfg(seeded_bugs)]
mod planted;
mod play;
mod random;
mod smaller;
mod universe;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use core::{Core, lots};
use journeyman::rule::segment::SegmentDefinition;
use language::{Question, Segment};
use machine::Machine;
use naive::MISTAKES;
use play::{Counts, Mistaken, Subject, Truth, play};
use random::Random;
use smaller::smaller;
use universe::{Allows, Told, Universe};

const EVERYTHING: Allows = Allows { retracts: true, publishes: true, ranks: true };
const NO_PAST: Allows = Allows { retracts: false, publishes: false, ranks: true };

/// Plays universes to somebody, on two threads, and makes the first that fails as small as it gets.
fn play_all<S: Subject>(
    seeds: Range<u64>,
    allows: Allows,
    subject: impl Fn(&Universe) -> S + Sync,
) -> Counts {
    let lots = lots();
    let one = |universe: &Universe| match catch_unwind(AssertUnwindSafe(|| {
        play(universe, &lots, &mut subject(universe)).map(|(counts, _)| counts)
    })) {
        Ok(played) => played,
        Err(panic) => Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panicked".to_owned())),
    };
    let half = |odd: u64| {
        let mut counts = Counts::default();
        for seed in seeds.clone().filter(|seed| seed % 2 == odd) {
            let universe = Universe::draw(seed, allows);
            match one(&universe) {
                Ok(played) => counts.add(played),
                Err(text) => {
                    eprintln!("{text}");
                    let small = smaller(universe, |other| one(other).is_err());
                    panic!("{text}\n\nwhich is, made smaller:\n{}", one(&small).unwrap_err());
                }
            }
        }
        counts
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut counts = half(0);
        counts.add(other.join().unwrap());
        counts
    })
}

/// How many of what is asked for, unless `JOURNEYMAN_UNIVERSES` asks for others.
fn seeds(usual: u64) -> Range<u64> {
    let from = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = from("JOURNEYMAN_FIRST").unwrap_or(0);
    first..first + from("JOURNEYMAN_UNIVERSES").unwrap_or(usual)
}

/// Whether somebody asks for other universes than the usual ones.
fn is_asked() -> bool {
    std::env::var("JOURNEYMAN_UNIVERSES").is_ok()
}

/// So much was compared and happened, or the universes are none; whoever asks for others sees for himself.
fn enough(counts: &Counts, memberships: usize) {
    if !is_asked() {
        counts.reach(memberships);
    }
}

#[test]
fn segments_kept_step_by_step_are_what_the_whole_history_makes_them() {
    let begin = Instant::now();
    let counts = play_all(seeds(120), NO_PAST, Core::new);
    println!("the core: {counts:?} in {:?}", begin.elapsed());
    enough(&counts, 500_000);
}

#[test]
fn segments_of_a_contact_are_exact_at_every_instant_and_move_at_exactly_theirs() {
    let begin = Instant::now();
    let counts = play_all(seeds(480), EVERYTHING, Machine::new);
    println!("the transition: {counts:?} in {:?}", begin.elapsed());
    enough(&counts, 2_000_000);
    let rare = counts.drawn.min(10 * counts.met);
    assert!(rare > counts.universes / 4 || is_asked(), "{counts:?}");
}

/// Until a history was looked through, what was published anew stands still, and everything else goes on.
#[test]
fn segments_go_on_while_the_history_of_others_is_looked_through() {
    let holds_others = |universe: &Universe| {
        let published = universe.told.iter().filter_map(|(_, told)| match told {
            Told::Publish(_, segment) => Some(segment),
            _ => None,
        });
        let mut found = false;
        for question in universe.segments.iter().chain(published).filter_map(Segment::question) {
            question.walk(&mut |one| {
                found |= matches!(one, Question::Held(base, ..) if matches!(**base, Question::Segment(_)));
            });
        }
        found
    };
    // Since when somebody was in another one hangs on when that was told.
    let patient = |universe: &Universe| match holds_others(universe) {
        true => Machine::new(universe),
        false => Machine::lazy(universe),
    };
    let counts = play_all(seeds(100), EVERYTHING, patient);
    println!("while histories are awaited: {counts:?}");
    enough(&counts, 350_000);
}

/// Strides of any length come to the same moves and to the same state, at the same instants.
#[test]
fn segments_move_alike_in_one_big_transition_and_in_many_small_ones() {
    let mut moves = 0;
    for seed in seeds(100) {
        let universe = Universe::draw(seed, NO_PAST);
        let mut random = Random::new(seed ^ 0xB16);
        let mut played = Vec::new();
        for strides in 0..3 {
            let mut machine = Machine::new(&universe);
            let mut mail = Vec::new();
            for (number, (at, told)) in universe.told.iter().enumerate() {
                let next = universe.told.get(number + 1).map_or(*at, |(next, _)| *next);
                let Some((id, kind)) = words::input(told) else { continue };
                mail.push(machine.envelope(*at, id, kind));
                // Everything at the end, each by itself, or a few at a time with a look at no particular instant.
                if strides == 1 || (strides == 2 && random.in_hundred(20)) {
                    machine.run(&std::mem::take(&mut mail), *at);
                    if strides == 2 {
                        machine.run(&[], random.between(*at, next));
                    }
                }
            }
            machine.run(&mail, universe.end);
            played.push((machine.moves(), serde_json::to_value(&machine.state.hot).unwrap()));
        }
        moves += played[0].0.len();
        for other in &played[1..] {
            assert_eq!(played[0].0, other.0, "universe {seed}");
            assert_eq!(played[0].1, other.1, "universe {seed}");
        }
    }
    println!("{moves} moves alike");
    assert!(moves > 500);
}

/// Nothing but the order of arrival of events of one batch differs: nothing else does from then on.
#[test]
fn segments_do_not_care_in_which_order_events_arrive() {
    let mut compared = 0;
    for seed in seeds(120) {
        let mut universe = Universe::draw(seed, NO_PAST);
        let now = universe.told.last().unwrap().0;
        let mut instants = BTreeSet::new();
        universe.told.retain_mut(|(at, told)| match told {
            // Of two that happened at once the later one to arrive is the last one: each has an instant of its own.
            Told::Event { at: then, .. } => {
                let happened = then.unwrap_or(*at).min(*at);
                (*at, *then) = (now, Some(happened));
                instants.insert(happened)
            }
            _ => true,
        });
        let (batch, before): (Vec<_>, Vec<_>) =
            universe.told.iter().cloned().partition(|(_, told)| matches!(told, Told::Event { .. }));
        let mut random = Random::new(seed ^ 0xAB);
        let mut played = Vec::new();
        for round in 0..2 {
            let mut machine = Machine::new(&universe);
            let mut all = batch.clone();
            if round > 0 {
                (0..all.len()).for_each(|place| all.swap(place, random.below(batch.len())));
            }
            for (at, told) in before.iter().chain(&all) {
                machine.passes(*at);
                machine.told(*at, told);
            }
            let at_once: Vec<bool> = (0..universe.segments.len()).map(|place| machine.is_in(place)).collect();
            machine.moves();
            machine.run(&[], universe.end);
            compared += at_once.len();
            played.push((at_once, machine.moves(), machine.state.hot.segments.is_empty()));
        }
        assert_eq!(played[0], played[1], "universe {seed}");
    }
    println!("{compared} memberships compared");
}

#[test]
fn segments_of_every_universe_are_read_as_they_are_written() {
    for seed in 0..300 {
        let universe = Universe::draw(seed, EVERYTHING);
        for segment in &universe.segments {
            let json = segment.json(&universe.names());
            let read: SegmentDefinition =
                serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"));
            // An instant on the full second is written without its milliseconds.
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<SegmentDefinition>(&written).unwrap(), read, "{json}");
        }
    }
}

/// A check of the check: each way to misread the rules is found out, and soon.
#[test]
fn segments_read_with_any_mistake_differ_from_what_they_are() {
    let lots = BTreeMap::from([("spring", 37), ("autumn", 61)]);
    for mistake in MISTAKES {
        let finds = |seed: &u64| {
            let universe = Universe::draw(*seed, EVERYTHING);
            let clocks = universe.clocks();
            let mut truth = Truth::new(&universe, &clocks, &lots);
            truth.mistake = mistake;
            play(&universe, &lots, &mut Mistaken(truth)).is_err()
        };
        let found = (0..1_500).find(finds);
        println!("{mistake:?} is found in universe {found:?}");
        assert!(found.is_some(), "{mistake:?} is found in no universe");
    }
}

#[test]
fn segments_read_without_a_mistake_are_what_they_are() {
    let lots = BTreeMap::from([("spring", 37), ("autumn", 61)]);
    let (mut counts, begin) = (Counts::default(), Instant::now());
    for seed in 0..40 {
        let universe = Universe::draw(seed, EVERYTHING);
        let clocks = universe.clocks();
        let truth = Truth::new(&universe, &clocks, &lots);
        counts.add(play(&universe, &lots, &mut Mistaken(truth)).unwrap().0);
    }
    println!("{counts:?} in {:?}", begin.elapsed());
    assert!(counts.by_time > 100 && counts.inside > 1_000 && counts.inside < counts.memberships / 2);
}
