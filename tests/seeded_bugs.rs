//! Every bug that is planted is caught, by the invariant that is named for it; but for `Bug::OF_SEGMENTS`, which `tests/segments`
//! must catch, and `Bug::OF_CONSENT`, which `tests/consent_planted` must. Runs only where bugs are compiled in:
//! `RUSTFLAGS="--cfg seeded_bugs" CARGO_TARGET_DIR=target/seeded cargo test --release --test seeded_bugs`.

#![cfg(seeded_bugs)]

#[path = "simulation/smaller.rs"]
mod smaller;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use journeyman::seeded::{Bug, plant};
use journeyman::sim::{FaultClass, Outcome, Replay, Simulation};

/// Seeds within which a bug must be found.
const MOST_SEEDS: u64 = 1_200;

/// A list with more decisions than these is no small story, and is not kept.
const MOST_DECISIONS: usize = 40;

fn caught(outcome: &Outcome, bug: Bug) -> bool {
    outcome.breaches.iter().any(|breach| breach.invariant.code() == bug.invariant())
}

/// Where `docs/RELIABILITY.md` says that a bug was found first. There it is looked for first.
fn told(bug: Bug) -> Option<u64> {
    let row = format!("| {} | {} | {} | ", bug.number(), bug.sentence(), bug.invariant());
    let rest = include_str!("../docs/RELIABILITY.md").split(&row).nth(1)?;
    rest.split(" |").next()?.parse().ok()
}

/// The first seed that catches a bug by its own invariant, and what it did.
fn hunt(bug: Bug, without: Option<FaultClass>, most: u64, near: Option<u64>) -> Option<(u64, Outcome)> {
    plant(Some(bug));
    let found = near.into_iter().chain(1..=most).find_map(|seed| {
        let simulation = Simulation::of(seed);
        let outcome = match without {
            Some(class) => simulation.without(class).run(),
            None => simulation.run(),
        };
        caught(&outcome, bug).then_some((seed, outcome))
    });
    plant(None);
    found
}

/// The bugs that the simulator must find.
fn of_the_simulator() -> Vec<Bug> {
    let others = [&Bug::OF_SEGMENTS[..], &Bug::OF_CONSENT, &Bug::OF_MERGES, &Bug::OF_STORES].concat();
    Bug::ALL.into_iter().filter(|bug| !others.contains(bug)).collect()
}

/// Those of them that `JOURNEYMAN_BUGS` names, such as `65-89,94`; all where it says nothing.
fn asked_for() -> Vec<Bug> {
    let Ok(text) = std::env::var("JOURNEYMAN_BUGS") else { return of_the_simulator() };
    let number = |text: &str| -> u8 {
        text.trim().parse().unwrap_or_else(|_| panic!("JOURNEYMAN_BUGS is no list of numbers: {text}"))
    };
    let ranges: Vec<_> = text
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((first, last)) => number(first)..=number(last),
            None => number(part)..=number(part),
        })
        .collect();
    let named = |bug: &Bug| ranges.iter().any(|range| range.contains(&bug.number()));
    of_the_simulator().into_iter().filter(named).collect()
}

/// Does something for every bug, on every core, and answers in order of the bugs.
fn for_each_bug<T: Send>(work: impl Fn(Bug) -> T + Sync) -> Vec<(Bug, T)> {
    let (bugs, next, done) = (asked_for(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(*bug);
                    done.lock().unwrap().push((*bug, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(bug, _)| *bug);
    done
}

fn kept(bug: Bug) -> PathBuf {
    let name = format!("bug-{:02}.json", bug.number());
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions").join(name)
}

#[test]
fn every_bug_is_caught_by_its_own_invariant() {
    let write = std::env::var_os("JOURNEYMAN_WRITE_REGRESSIONS").is_some();
    let anew = write || std::env::var_os("JOURNEYMAN_HUNT").is_some();
    let hunted = for_each_bug(|bug| {
        let found = hunt(bug, None, MOST_SEEDS, told(bug).filter(|seed| !anew && *seed <= MOST_SEEDS));
        if let Some((_, outcome)) = found.as_ref().filter(|_| write) {
            plant(Some(bug));
            let small = smaller::smaller(&outcome.replay, |outcome| caught(outcome, bug));
            plant(None);
            if small.decisions() <= MOST_DECISIONS {
                std::fs::write(kept(bug), small.to_json().unwrap()).unwrap();
            }
            println!("bug {}: {} decisions are left", bug.number(), small.decisions());
        }
        found
    });
    let mut missed = Vec::new();
    println!("| bug | what it does | invariant | first seed |\n|---|---|---|---|");
    for (bug, found) in &hunted {
        let seed = found.as_ref().map_or("not found".to_owned(), |(seed, _)| seed.to_string());
        println!("| {} | {} | {} | {seed} |", bug.number(), bug.sentence(), bug.invariant());
        if found.is_none() {
            missed.push(bug);
        }
    }
    assert!(missed.is_empty(), "not found within {MOST_SEEDS} seeds: {missed:?}");
}

#[test]
fn what_was_kept_of_each_bug_still_catches_it() {
    let told = for_each_bug(|bug| {
        let text = std::fs::read_to_string(kept(bug)).ok()?;
        plant(Some(bug));
        let outcome = Simulation::replay(Replay::from_json(&text).unwrap()).run();
        plant(None);
        Some(caught(&outcome, bug))
    });
    let silent: Vec<Bug> =
        told.iter().filter(|(_, told)| *told == Some(false)).map(|(bug, _)| *bug).collect();
    let count = told.iter().filter(|(_, told)| told.is_some()).count();
    println!("{count} kept stories");
    assert!(silent.is_empty(), "these are caught no more: {silent:?}");
    let all = asked_for().len() == of_the_simulator().len();
    assert!(!all || count >= 16, "{count} stories are kept");
}

/// Which class of faults alone catches which bug: without it, the bug is not found in as many seeds.
#[test]
fn each_class_of_faults_is_needed() {
    let Some(most) = std::env::var("JOURNEYMAN_ABLATION").ok().and_then(|text| text.parse().ok()) else {
        return;
    };
    let classes = FaultClass::ALL.map(|class| class.name()).join(" | ");
    println!("| bug | all | {classes} |\n|---|---|{}", "---|".repeat(FaultClass::ALL.len()));
    let table = for_each_bug(|bug| {
        let seed =
            |without| hunt(bug, without, most, None).map_or("-".to_owned(), |(seed, _)| seed.to_string());
        let mut row = vec![seed(None)];
        row.extend(FaultClass::ALL.map(|class| seed(Some(class))));
        row.join(" | ")
    });
    for (bug, row) in table {
        println!("| {} | {row} |", bug.number());
    }
}

/// Fails by the name of the invariant where `SEEDED_BUG` plants a bug, as a broken engine would.
#[test]
fn seeds_hold_every_promise_unless_a_bug_is_planted() {
    let number: u8 = std::env::var("SEEDED_BUG").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let bug = of_the_simulator().into_iter().find(|bug| bug.number() == number);
    plant(bug);
    let most = if bug.is_some() { MOST_SEEDS } else { 20 };
    for seed in 1..=most {
        let outcome = Simulation::of(seed).run();
        match bug {
            Some(bug) if caught(&outcome, bug) => {
                panic!("bug {number} breaks {}\n{outcome}", bug.invariant())
            }
            Some(_) => {}
            None => outcome.assert_clean(),
        }
    }
    plant(None);
}
