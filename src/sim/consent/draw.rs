//! What is said and when, drawn by itself so that nothing else is drawn otherwise.

use super::deed::{Act, CODES, How, TEXTS};
use super::fixture::PURPOSES;
use super::visits::LOOKS;
use crate::sim::fixture::{LINES, TELLING};
use crate::sim::random::Random;
use crate::sim::scenario::{Deed, Person, What};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Adds what some of the people say, within two days of each other, and what is said to them in between.
pub(in crate::sim) fn draw(seed: u64, people: &[Person], deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "consent");
    for person in people {
        if !random.chance(6_000) {
            continue;
        }
        let from = random.between(0, TELLING.num_milliseconds() - 3 * DAY);
        let mut at = from;
        let mut push = |at, act| {
            let what = What::Says { person: person.id.clone(), act };
            deeds.push(Deed { at, what });
        };
        for purpose in 2..PURPOSES.len() {
            if random.chance(7_000) {
                push(from, allows(random, purpose));
            }
        }
        for _ in 0..random.below(6) + 2 {
            at += random.between(MINUTE, 8 * HOUR);
            push(at, act(random));
            if random.chance(5_000) {
                push(at + random.between(0, 30 * MINUTE), Act::Rings);
            }
            if random.chance(6_000) {
                let (nth, how) = (random.below(1_000), *random.pick(&LOOKS));
                push(at + random.between(HOUR, 6 * HOUR), Act::Looks { nth, how });
            }
        }
        if random.chance(1_500) {
            push(at + HOUR, Act::Again);
        }
    }
    if random.chance(2_500) {
        deeds.push(Deed { at: random.between(0, TELLING.num_milliseconds()), what: What::Rotates });
    }
}

fn act(random: &mut Random) -> Act {
    let line = random.below(LINES.len());
    match random.below(16) {
        0..=3 => {
            let purpose = random.below(PURPOSES.len());
            allows(random, purpose)
        }
        4 => Act::Mentions { purpose: random.below(PURPOSES.len()), line, imported: random.chance(5_000) },
        5..=7 => {
            let how =
                *random.pick(&[How::Withdrawn, How::Withdrawn, How::Refused, How::Objected, How::Expired]);
            let purpose = random.chance(7_000).then(|| random.below(PURPOSES.len()));
            let line = random.chance(7_000).then_some(line);
            Act::Forbids { purpose, line, how, ago: ago(random) }
        }
        8..=11 => {
            // Texts are written by SMS, and now and then by mail.
            let line = usize::from(random.chance(8_000));
            Act::Writes { line, text: random.below(TEXTS.len()), ago: ago(random) }
        }
        12 => Act::Returns {
            line: random.below(2),
            code: random.below(CODES.len()),
            named: random.chance(7_000),
        },
        13 => Act::Declines,
        _ => Act::Rings,
    }
}

fn allows(random: &mut Random, purpose: usize) -> Act {
    let line = if purpose == 3 { 1 } else { usize::from(purpose < 2 && random.chance(5_000)) };
    let asked = (purpose == 2 || random.chance(1_000)).then(|| random.between(MINUTE, 10 * HOUR));
    let family = (purpose == 3 && random.chance(7_000)).then(|| usize::from(random.chance(3_000)));
    let lasts = random.chance(1_000).then(|| random.between(HOUR, 2 * DAY));
    Act::Allows { purpose, line, ago: ago(random), asked, family, lasts }
}

/// How late something is told.
fn ago(random: &mut Random) -> i64 {
    if random.chance(4_000) { random.between(MINUTE, 12 * HOUR) } else { 0 }
}
