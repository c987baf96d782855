//! What such people say and when they are found to be one, drawn by itself so that nothing else is drawn otherwise.

use super::deed::Act;
use super::fixture::{HOMES, LINES, NAMES, PURPOSES};
use crate::sim::fixture::TELLING;
use crate::sim::random::Random;
use crate::sim::scenario::{Deed, What};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Adds two or three of them to some seeds.
pub(in crate::sim) fn draw(seed: u64, deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "twins");
    if !random.chance(4_000) {
        return;
    }
    let names = &NAMES[..2 + usize::from(random.chance(3_000))];
    let from = random.between(0, TELLING.num_milliseconds() - 5 * DAY);
    let mut push = |at: i64, who: &str, act| {
        deeds.push(Deed { at, what: What::Twin { who: who.to_owned(), act } });
    };
    for (own, who) in names.iter().enumerate() {
        push(from, who, Act::Comes { homes: homes(random, own) });
        for purpose in 0..PURPOSES.len() {
            for line in 0..LINES.len() {
                if random.chance(6_500) {
                    push(from + random.between(MINUTE, HOUR), who, allows(random, purpose, line));
                }
            }
        }
        for number in 0..random.below(5) {
            let name = format!("before-{own}-{number}");
            push(from + random.between(HOUR, DAY), who, act(random, own, name));
        }
    }
    let mut at = from + random.between(DAY, 2 * DAY);
    for (own, who) in names.iter().enumerate() {
        // Somebody is in the middle of something: what is queued, and what waits for its time.
        if random.chance(7_000) {
            let name = format!("then-{own}");
            push(at - random.between(0, 5_000), who, Act::Rings { name, lag: 0 });
        }
        if random.chance(7_000) {
            push(at - random.between(0, DAY), who, Act::Joins { name: format!("join-{own}") });
        }
        if random.chance(3_000) {
            push(at - random.between(0, 2_000), who, forbids(random));
        }
        if random.chance(3_000) {
            let (name, lag) = (format!("soon-{own}"), random.between(HOUR, DAY));
            push(at - random.between(MINUTE, 6 * HOUR), who, Act::Rings { name, lag });
        }
    }
    for own in 1..names.len() {
        // Either goes on; the third joins whichever name it was told.
        let (loser, winner) = match own {
            1 if random.chance(5_000) => (0, 1),
            1 => (1, 0),
            _ if random.chance(7_000) => (2, random.below(2)),
            _ => (random.below(2), 2),
        };
        push(at, names[loser], Act::Merges { into: names[winner].to_owned() });
        at += random.between(0, DAY);
    }
    for number in 0..random.below(8) + 4 {
        let own = random.below(names.len());
        // What was told before is told again, of whichever name.
        let name = match random.chance(3_000) {
            true => format!("{}-{own}", random.pick(&["then", "soon", "join"])),
            false => format!("after-{number}"),
        };
        push(at + random.between(0, 2 * DAY), names[own], act(random, own, name));
    }
    if random.chance(1_000) {
        push(at + random.between(HOUR, DAY), names[random.below(names.len())], Act::Erases);
    }
}

fn homes(random: &mut Random, own: usize) -> Vec<Option<usize>> {
    let mut home = || {
        let shared = random.chance(6_000);
        random.chance(8_500).then_some(if shared { 0 } else { own + 1 })
    };
    LINES.map(|_| home()).to_vec()
}

fn act(random: &mut Random, own: usize, name: String) -> Act {
    debug_assert!(own + 1 < HOMES.len());
    match random.below(12) {
        0..=4 => Act::Rings { name, lag: 0 },
        5 => Act::Joins { name },
        6..=7 => {
            let (purpose, line) = (random.below(PURPOSES.len()), random.below(LINES.len()));
            allows(random, purpose, line)
        }
        8..=9 => forbids(random),
        10 if random.chance(5_000) => Act::Stops { line: 1 },
        10 => Act::Returns { line: random.below(LINES.len()) },
        _ => Act::Comes { homes: homes(random, own) },
    }
}

fn allows(random: &mut Random, purpose: usize, line: usize) -> Act {
    let lasts = random.chance(1_500).then(|| random.between(HOUR, 4 * DAY));
    Act::Allows { purpose, line, lasts }
}

fn forbids(random: &mut Random) -> Act {
    let purpose = random.chance(7_000).then(|| random.below(PURPOSES.len()));
    let line = random.chance(7_000).then(|| random.below(LINES.len()));
    Act::Forbids { purpose, line }
}
