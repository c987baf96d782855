//! Many seeds of the simulator: every promise holds, and everything that can happen has happened.
//!
//! `JOURNEYMAN_SEEDS` says how many seeds (from `JOURNEYMAN_FROM` on), `JOURNEYMAN_SEED` which one `one_seed` runs.

mod fleet;
mod happened;
mod smaller;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use journeyman::port::{Clock, Store};
use journeyman::sim::{Replay, Simulation};
use journeyman::store::{Durability, SqliteStore};

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => otherwise,
    }
}

/// Says something that is worth reading although the test is green: past the capture of `println!`.
fn tell(words: &str) {
    std::io::stdout().write_all(format!("\n{words}\n").as_bytes()).unwrap();
}

fn regressions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions")
}

/// The seeds that every test run plays; they stay the same, so that a red one is red for everybody.
const FIXED: u64 = if cfg!(debug_assertions) { 24 } else { 300 };
/// The seeds that are played more than once, to see the same again.
const TWICE: u64 = if cfg!(debug_assertions) { 3 } else { 8 };

#[test]
fn one_seed() {
    let outcome = Simulation::of(number("JOURNEYMAN_SEED", 1)).run();
    println!("{outcome}\n{:?}\n{:?}\n{:?}", outcome.classes, outcome.faults, outcome.happened);
    outcome.assert_clean();
}

#[test]
fn seeds_hold_every_promise() {
    let (from, count) = (number("JOURNEYMAN_FROM", 1), number("JOURNEYMAN_SEEDS", FIXED));
    let sum = fleet::run(from, count, Simulation::of);
    tell(&sum.to_string());
    if let Some(broken) = sum.broken.first() {
        let own = broken.breaches[0].invariant;
        let small = smaller::smaller(&broken.replay, |outcome| {
            outcome.breaches.iter().any(|breach| breach.invariant == own)
        });
        let path = regressions().join(format!("found-{}.json", broken.seed));
        std::fs::write(&path, small.to_json().unwrap()).unwrap();
        let all: Vec<String> = sum.broken.iter().map(ToString::to_string).collect();
        panic!("{}\n{} decisions of it are in {}", all.join("\n"), small.decisions(), path.display());
    }
    if count >= happened::FEWEST_SEEDS {
        happened::must_have_happened(&sum);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let from = number("JOURNEYMAN_FROM", 1);
    for seed in from..from + TWICE {
        let (one, other) = (Simulation::of(seed).run(), Simulation::of(seed).run());
        assert_eq!((one.trace, one.calls, &one.happened), (other.trace, other.calls, &other.happened));
        assert_ne!(one.trace, Simulation::of(seed + 1_000).run().trace);
    }
}

#[test]
fn what_was_decided_is_decided_again() {
    for seed in 1..=TWICE {
        let drawn = Simulation::of(seed).run();
        let told = Replay::from_json(&drawn.replay.to_json().unwrap()).unwrap();
        let again = Simulation::replay(told).run();
        assert_eq!((drawn.trace, drawn.faults, drawn.happened), (again.trace, again.faults, again.happened));
    }
}

#[test]
fn the_same_promises_hold_on_a_sqlite_file() {
    let (from, count) = (number("JOURNEYMAN_SQLITE_FROM", 1), number("JOURNEYMAN_SQLITE_SEEDS", TWICE));
    let folder = tempfile::tempdir().unwrap();
    let sum = fleet::run(from, count, |seed| {
        let path = folder.path().join(format!("{seed}.db"));
        Simulation::of(seed).on(move |clock: Arc<dyn Clock>| -> Arc<dyn Store> {
            // The faults here are answers and deaths of workers, not power losses.
            Arc::new(SqliteStore::builder(path).clock(clock).durability(Durability::Relaxed).open().unwrap())
        })
    });
    tell(&format!("on SQLite: {sum}"));
    let all: Vec<String> = sum.broken.iter().map(ToString::to_string).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(sum.count("message_accepted") > 0 && sum.count("step_waited") > 0);
}

#[test]
fn what_once_failed_holds_now() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(regressions()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no regression was kept");
    for path in files {
        let replay = Replay::from_json(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let outcome = Simulation::replay(replay).run();
        assert!(outcome.breaches.is_empty(), "{}: {outcome}", path.display());
    }
}
