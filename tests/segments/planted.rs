//! Bugs that are planted in the crate are found by the second opinion. Runs only where they are compiled in:
//! `RUSTFLAGS="--cfg seeded_bugs" CARGO_TARGET_DIR=target/seeded cargo test --release --test segments bug`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use journeyman::seeded::{Bug, plant};

use super::EVERYTHING;
use super::core::lots;
use super::machine::Machine;
use super::play::play;
use super::universe::Universe;

/// Universes within which a bug must be found; they are those that the sound crate passes.
const MOST_UNIVERSES: u64 = 480;

/// Bugs of segments that the simulator finds, and that must differ here, too.
const OF_THE_SIMULATOR: [Bug; 4] =
    [Bug::WindowClosed, Bug::LaterDeadlineKept, Bug::OneFewerKept, Bug::SameAnswerForgetsItsEnd];

#[test]
fn segments_with_any_bug_that_is_planted_differ_from_what_they_are() {
    let lots = lots();
    let mut missed = Vec::new();
    println!("| bug | what it does | first universe |\n|---|---|---|");
    for bug in Bug::OF_SEGMENTS.into_iter().chain(OF_THE_SIMULATOR) {
        plant(Some(bug));
        // A panic is no answer that differs.
        let differs = |seed: &u64| {
            let universe = Universe::draw(*seed, EVERYTHING);
            let mut machine = Machine::new(&universe);
            let played = catch_unwind(AssertUnwindSafe(|| play(&universe, &lots, &mut machine)));
            played.is_ok_and(|played| played.is_err())
        };
        let found = (0..MOST_UNIVERSES).find(differs);
        plant(None);
        let universe = found.map_or("not found".to_owned(), |seed| seed.to_string());
        println!("| {} | {} | {universe} |", bug.number(), bug.sentence());
        if found.is_none() {
            missed.push(bug);
        }
    }
    assert!(missed.is_empty(), "these differ in none of {MOST_UNIVERSES} universes: {missed:?}");
}
