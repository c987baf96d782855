//! Many seeds of the simulator, and what they must have seen together.

use std::collections::BTreeMap;

use journeyman::sim::{Outcome, Simulation};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn one_seed() {
    let outcome = Simulation::of(number("JOURNEYMAN_SEED").unwrap_or(1)).run();
    println!("{outcome}\n{:?}\n{:#?}\n{:?}", outcome.faults, outcome.happened, outcome.classes);
    outcome.assert_clean();
}

#[test]
fn seeds_hold_every_promise() {
    let first = number("JOURNEYMAN_FROM").unwrap_or(1);
    let count = number("JOURNEYMAN_SEEDS").unwrap_or(20);
    let mut happened: BTreeMap<String, u64> = BTreeMap::new();
    let mut faults: BTreeMap<String, u64> = BTreeMap::new();
    let (mut calls, mut broken) = (0, 0);
    for seed in first..first + count {
        let outcome: Outcome = Simulation::of(seed).run();
        calls += outcome.calls;
        for (word, count) in &outcome.happened { *happened.entry(word.clone()).or_default() += count; }
        for (word, count) in &outcome.faults { *faults.entry(word.clone()).or_default() += count; }
        if !outcome.breaches.is_empty() {
            broken += 1;
            if broken < 8 { println!("{outcome}"); }
        }
    }
    println!("{count} seeds, {calls} calls, {} faults, {broken} broken\n{faults:#?}\n{happened:#?}", faults.values().sum::<u64>());
    assert_eq!(broken, 0);
}
