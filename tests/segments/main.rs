//! A second opinion on segments: whoever is in one by the history alone, asked anew at every instant, is in it by the crate's
//! own count, and moves at exactly the instant at which the answer changes.

mod calendar;
mod language;
mod naive;
mod play;
mod random;
mod smaller;
mod universe;

use std::collections::BTreeMap;
use std::time::Instant;

use journeyman::rule::segment::SegmentDefinition;
use naive::MISTAKES;
use play::{Counts, Mistaken, Truth, play};
use universe::{Allows, Universe};

const EVERYTHING: Allows = Allows { retracts: true, publishes: true, ranks: true };

#[test]
fn segments_of_every_universe_are_read_as_they_are_written() {
    for seed in 0..300 {
        let universe = Universe::draw(seed, EVERYTHING);
        for segment in &universe.segments {
            let json = segment.json(&universe.names());
            let read: SegmentDefinition =
                serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"));
            assert_eq!(serde_json::to_value(read).unwrap(), json);
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
        let found = (0..400).find(finds);
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
