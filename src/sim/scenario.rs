//! What happens to the engines from outside: people, what is told of them and when, what is done to the workers.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::faults::{FaultClass, Swarm};
use super::fixture::{ASKED, COUNTED, EVENTS, JOURNEYS, LINES, PLACES, PRAISED, PURPOSES, TELLING, start};
use super::limits::{BILLED, Limits, OFFERED, Told};
use super::random::Random;
use crate::error::BuildError;
use crate::journey::Waits;
use crate::port::store::Definition;
use crate::rule::Policy;

/// Everything that is decided before a simulation begins, so that a smaller one can be made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scenario {
    /// How many engines share the store.
    pub(super) workers: usize,
    /// Contacts that one claim hands out at most.
    pub(super) batch: usize,
    pub(super) people: Vec<Person>,
    pub(super) deeds: Vec<Deed>,
    /// The limits that the policy sets, in some seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<Limits>,
}

/// A person, and what it allows from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) id: String,
    /// A number into the places.
    pub(super) place: usize,
    /// Whose addresses it shares, itself where nobody's.
    pub(super) address: String,
    pub(super) score: i64,
    /// Numbers into purposes and lines.
    pub(super) grants: Vec<(usize, usize)>,
}

/// Something that happens at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deed {
    /// Milliseconds after the start.
    pub(super) at: i64,
    pub(super) what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// An event is told, by several hosts at once where it has copies, late or early by some milliseconds.
    Event {
        person: String,
        name: usize,
        number: i64,
        lag: i64,
        copies: usize,
    },
    /// An attribute changes.
    Score {
        person: String,
        score: i64,
    },
    /// The date of something changes by some milliseconds from then, or goes away.
    Due {
        person: String,
        after: Option<i64>,
    },
    /// The host says what a score of its own is.
    Heat {
        person: String,
        value: i64,
    },
    /// Addresses change to some that nobody shares.
    Move {
        person: String,
    },
    Grant {
        person: String,
        purpose: usize,
        line: usize,
    },
    /// Absent means every one.
    Withdraw {
        person: String,
        purpose: Option<usize>,
        line: Option<usize>,
        drain: bool,
    },
    Suppress {
        person: String,
        line: usize,
    },
    Erase {
        person: String,
    },
    Publish {
        version: u32,
    },
    /// The score gets its first rules only now, over people who are known already.
    FirstRules,
    /// A version is published, and everybody in a journey (by number) is led to it.
    Migrate {
        journey: usize,
        version: u32,
        waits: Waits,
        /// Whether those leave whose step is gone.
        exits: bool,
    },
    /// A journey (by number) or else a channel is held for some milliseconds.
    HoldJourney {
        journey: usize,
        length: i64,
    },
    HoldChannel {
        line: usize,
        length: i64,
    },
    /// A worker's process dies, wherever it is.
    Kill {
        worker: usize,
    },
    /// A worker's clock is set wrong by some milliseconds.
    Skew {
        worker: usize,
        skew: i64,
    },
    /// An operator does something by hand, and undoes it after some milliseconds where it can be undone.
    Operate {
        person: String,
        journey: usize,
        what: ByHand,
        length: i64,
    },
    /// Another system's history of a person.
    Import {
        person: String,
        name: usize,
        ago: i64,
    },
    /// An event that opens the journeys under limits.
    Speak {
        person: String,
        event: String,
        number: i64,
    },
    /// A person's age changes.
    Age {
        person: String,
        age: i64,
    },
    /// The template of bills declares what it is for, or no longer.
    Declare {
        declared: bool,
    },
    /// The fingerprint key changes, from one process to the next.
    Rotates,
    /// The tables of the law change, from one process to the next.
    Amends,
    /// Something is said of a consent, or done about it.
    Says {
        person: String,
        act: super::consent::Act,
    },
    /// Something is said of what a third party is told.
    Shares {
        person: String,
        act: super::consent::Sharing,
    },
    /// Something is said of a best hour, or in it.
    Likes {
        person: String,
        act: super::liked::Act,
    },
    /// Something is said by one of several records of a person, or they are found to be one.
    Twin {
        who: String,
        act: super::twins::Act,
    },
    /// The store refuses every commit of a contact for some milliseconds.
    Poison {
        person: String,
        length: i64,
    },
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ByHand {
    /// Ends the runs of a journey, and lets the person in again.
    Eject,
    Enroll,
    /// Puts the first run at a step of its version, by number.
    Move {
        node: usize,
    },
    Hold,
    /// Takes back everything of the person that waits.
    Cancel,
    /// Lets everything be tried again that is parked.
    Retry,
}

impl What {
    /// Whom it is about, where it is about one person.
    pub(super) fn person(&self) -> Option<&str> {
        match self {
            What::Event { person, .. }
            | What::Score { person, .. }
            | What::Due { person, .. }
            | What::Heat { person, .. }
            | What::Move { person }
            | What::Speak { person, .. }
            | What::Age { person, .. }
            | What::Grant { person, .. }
            | What::Withdraw { person, .. }
            | What::Suppress { person, .. }
            | What::Erase { person }
            | What::Operate { person, .. }
            | What::Import { person, .. }
            | What::Says { person, .. }
            | What::Shares { person, .. }
            | What::Likes { person, .. }
            | What::Poison { person, .. } => Some(person),
            What::Publish { .. }
            | What::Declare { .. }
            | What::FirstRules
            | What::Migrate { .. }
            | What::Rotates
            | What::Amends
            | What::Twin { .. }
            | What::HoldJourney { .. }
            | What::HoldChannel { .. }
            | What::Kill { .. }
            | What::Skew { .. } => None,
        }
    }

    fn person_mut(&mut self) -> Option<&mut String> {
        match self {
            What::Withdraw { person, .. }
            | What::Suppress { person, .. }
            | What::Erase { person }
            | What::Operate { person, .. }
            | What::Poison { person, .. } => Some(person),
            _ => None,
        }
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Scenario {
    pub(super) fn draw(seed: u64, swarm: &Swarm) -> Self {
        let random = &mut Random::fork(seed, "scenario");
        let count = random.below(4) + 3;
        let mut people: Vec<Person> = Vec::with_capacity(count);
        for number in 0..count {
            let id = format!("p{number}");
            let address = match people.is_empty() || !random.chance(2_500) {
                true => id.clone(),
                false => random.pick(&people).address.clone(),
            };
            let mut grants = Vec::new();
            for purpose in 0..PURPOSES.len() {
                for line in 0..LINES.len() {
                    if random.chance(8_500) {
                        grants.push((purpose, line));
                    }
                }
            }
            let place = random.below(PLACES.len());
            people.push(Person { id, place, address, score: random.between(0, 100), grants });
        }
        let mut deeds = Vec::new();
        let end = TELLING.num_milliseconds();
        // Something concerns everybody at once, so that channels see batches.
        for _ in 0..random.below(3) {
            let (at, name, number) = (random.between(0, end), random.below(2), random.between(0, 4));
            for person in &people {
                let what = What::Event { person: person.id.clone(), name, number, lag: 0, copies: 1 };
                deeds.push(Deed { at, what });
            }
        }
        for person in &people {
            for _ in 0..random.below(10) + 6 {
                let at = random.between(0, end);
                deeds.push(Deed { at, what: told(random, person, swarm) });
            }
        }
        for (class, most, make) in WORLD {
            if swarm.has(class) {
                for _ in 0..random.below(most) + 1 {
                    let (mut at, mut what) = make(random, &people);
                    // Half of it comes in the middle of something else that happens to the same person.
                    if random.chance(5_000) && !deeds.is_empty() {
                        let other = random.pick(&deeds);
                        at = other.at + random.between(0, 2_000);
                        if let (Some(own), Some(person)) = (what.person_mut(), other.what.person()) {
                            person.clone_into(own);
                        }
                    }
                    deeds.push(Deed { at, what });
                }
            }
        }
        asks(seed, &people, &mut deeds);
        praises(seed, &people, swarm, &mut deeds);
        counts(seed, &people, swarm, &mut deeds);
        first_rules(seed, &people, swarm, &mut deeds);
        let mut limits = limit(seed, &mut people, &mut deeds);
        amend(seed, limits.as_mut(), swarm, &mut deeds);
        super::consent::draw(seed, &people, &mut deeds);
        if limits.is_none() {
            super::twins::draw(seed, &mut deeds);
            super::liked::draw(seed, &people, &mut deeds);
            super::consent::draw_sharing(seed, &people, &mut deeds);
        }
        let workers = random.below(3) + 2;
        for deed in &mut deeds {
            if let What::Kill { worker } | What::Skew { worker, .. } = &mut deed.what {
                *worker %= workers;
            }
        }
        deeds.sort_by_key(|deed| deed.at);
        Self { workers, batch: random.below(6) + 1, people, deeds, limits }
    }

    /// The sending rules of its engines.
    pub(super) fn policy(&self) -> Policy {
        self.policy_of(false)
    }

    /// The same, before the tables of the law change or after it.
    pub(super) fn policy_of(&self, amended: bool) -> Policy {
        let limits = self.limits.as_ref();
        let policy = limits.map_or_else(super::consent::policy, |limits| limits.policy_of(amended));
        let policy = if self.likes() { super::liked::policy(policy) } else { policy };
        if self.shares() { super::consent::sharing_policy(policy) } else { policy }
    }

    /// What is published beside the little world.
    pub(super) fn definitions(&self) -> Result<Vec<Definition>, BuildError> {
        let mut all = Vec::new();
        if let Some(limits) = &self.limits {
            all.extend(limits.definitions()?);
        }
        if self.deeds.iter().any(|deed| matches!(deed.what, What::Twin { .. })) {
            all.extend(super::twins::definitions()?);
        }
        if self.likes() {
            all.extend(super::liked::definitions()?);
        }
        Ok(all)
    }

    /// Whether people say which hour they like.
    fn likes(&self) -> bool {
        self.deeds.iter().any(|deed| matches!(deed.what, What::Likes { .. }))
    }

    /// Whether a third party is told of people.
    fn shares(&self) -> bool {
        self.deeds.iter().any(|deed| matches!(deed.what, What::Shares { .. }))
    }

    pub(super) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }
}

impl Deed {
    pub(super) fn instant(&self) -> DateTime<Utc> {
        start() + TimeDelta::milliseconds(self.at)
    }
}

/// What a host says of a person in the course of things.
fn told(random: &mut Random, person: &Person, swarm: &Swarm) -> What {
    let id = person.id.clone();
    match random.below(24) {
        0 => What::Score { person: id, score: random.between(0, 100) },
        1 => {
            What::Grant { person: id, purpose: random.below(PURPOSES.len()), line: random.below(LINES.len()) }
        }
        2 => What::Move { person: id },
        3..=4 => {
            let after = random.chance(8_000).then(|| random.between(HOUR, 5 * DAY));
            What::Due { person: id, after }
        }
        5..=6 => What::Heat { person: id, value: random.between(0, 80) },
        _ => {
            // Entries come more often than exits, else nobody stays.
            let name = match random.below(10) {
                0..=3 => 0,
                4..=5 => 1,
                6 => 2,
                7 if random.chance(5_000) => 3,
                _ => 4,
            };
            let lag = match swarm.has(FaultClass::Disorder) && random.chance(3_000) {
                true => random.between(-2 * DAY, DAY),
                false => 0,
            };
            let copies = match swarm.has(FaultClass::Duplicates) && random.chance(4_000) {
                true => random.below(3) + 1,
                false => 1,
            };
            debug_assert!(name < EVENTS.len());
            What::Event { person: id, name, number: random.between(0, 4), lag, copies }
        }
    }
}

/// When people enter the journey that asks the host, drawn by itself so that nothing else is drawn otherwise.
fn asks(seed: u64, people: &[Person], deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "asks");
    for person in people {
        for _ in 0..random.below(4) {
            let (at, number) = (instant(random), random.between(0, 4));
            let what = What::Event { person: person.id.clone(), name: ASKED, number, lag: 0, copies: 1 };
            deeds.push(Deed { at, what });
        }
    }
}

/// When somebody's score rises, several times in a day or two, drawn by itself as well.
fn praises(seed: u64, people: &[Person], swarm: &Swarm, deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "praises");
    for person in people {
        let from = random.between(0, TELLING.num_milliseconds() - 2 * DAY);
        for _ in 0..random.below(8) {
            let (at, number) = (from + random.between(0, 2 * DAY), random.between(0, 4));
            let late = swarm.has(FaultClass::Disorder) && random.chance(3_000);
            let lag = if late { random.between(-2 * DAY, HOUR) } else { 0 };
            let several = swarm.has(FaultClass::Duplicates) && random.chance(3_000);
            let copies = if several { random.below(3) + 1 } else { 1 };
            let what = What::Event { person: person.id.clone(), name: PRAISED, number, lag, copies };
            deeds.push(Deed { at, what });
        }
    }
}

/// When somebody enters the journey that computes, drawn by itself as well.
fn counts(seed: u64, people: &[Person], swarm: &Swarm, deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "counts");
    for person in people {
        for _ in 0..random.below(5) {
            let (at, number) = (instant(random), random.between(0, 4));
            let late = swarm.has(FaultClass::Disorder) && random.chance(3_000);
            let lag = if late { random.between(-2 * DAY, DAY) } else { 0 };
            let what = What::Event { person: person.id.clone(), name: COUNTED, number, lag, copies: 1 };
            deeds.push(Deed { at, what });
        }
    }
}

/// Now and then the score gets its first rules late; not where versions are published too, one of which may come before.
fn first_rules(seed: u64, people: &[Person], swarm: &Swarm, deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "first rules");
    if !swarm.has(FaultClass::Edits) && random.chance(3_000) {
        let at = random.between(HOUR, 7 * DAY);
        deeds.push(Deed { at, what: What::FirstRules });
        // Something comes while the histories are counted.
        for person in people {
            let (at, number) = (at + random.between(0, 2_000), random.between(0, 4));
            let what = What::Event { person: person.id.clone(), name: PRAISED, number, lag: 0, copies: 1 };
            deeds.push(Deed { at, what });
        }
    }
}

/// In some seeds the policy sets limits, and people are spoken to under them; drawn by itself as well.
fn limit(seed: u64, people: &mut Vec<Person>, deeds: &mut Vec<Deed>) -> Option<Limits> {
    let random = &mut Random::fork(seed, "limits");
    let limits = Limits::draw(random, people)?;
    people.extend(limits.strangers());
    for (at, told) in limits.told(random, people, TELLING.num_milliseconds()) {
        let what = match told {
            Told::Offered(person, number) => What::Speak { person, event: OFFERED.into(), number },
            Told::Billed(person) => What::Speak { person, event: BILLED.into(), number: 0 },
            Told::Declared(declared) => What::Declare { declared },
            Told::Age(person, age) => What::Age { person, age },
        };
        deeds.push(Deed { at: at.max(0), what });
    }
    Some(limits)
}

/// Now and then the tables of the law change; drawn by itself as well.
fn amend(seed: u64, limits: Option<&mut Limits>, swarm: &Swarm, deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "editions");
    let Some(limits) = limits.filter(|limits| limits.has_law() && random.chance(5_000)) else { return };
    deeds.push(Deed { at: instant(random), what: What::Amends });
    if !swarm.has(FaultClass::Edits) {
        limits.muted();
    }
}

type Make = fn(&mut Random, &[Person]) -> (i64, What);

/// What is done only where the swarm has its class, and how often at most.
const WORLD: [(FaultClass, usize, Make); 9] = [
    (FaultClass::Withdrawals, 6, |random, people| {
        let line = random.chance(7_000).then(|| random.below(LINES.len()));
        let purpose = random.chance(6_000).then(|| random.below(PURPOSES.len()));
        let (person, drain) = (random.pick(people).id.clone(), random.chance(3_000));
        (instant(random), What::Withdraw { person, purpose, line, drain })
    }),
    (FaultClass::Withdrawals, 2, |random, people| {
        let (person, line) = (random.pick(people).id.clone(), random.below(LINES.len()));
        (instant(random), What::Suppress { person, line })
    }),
    (FaultClass::Erasures, 2, |random, people| {
        (instant(random), What::Erase { person: random.pick(people).id.clone() })
    }),
    (FaultClass::Edits, 4, |random, _| match random.below(6) {
        0 => (instant(random), What::Publish { version: random.between(2, 4) as u32 }),
        2 | 3 => {
            // The first journey is the one in which people wait longest.
            let journey = if random.chance(5_000) { 0 } else { random.below(JOURNEYS.len()) };
            let version = random.between(2, 4) as u32;
            let waits = *random.pick(&[Waits::Keep, Waits::Restart, Waits::Recompute]);
            (instant(random), What::Migrate { journey, version, waits, exits: random.chance(3_000) })
        }
        1 => {
            let (line, length) = (random.below(LINES.len()), random.between(MINUTE, 12 * HOUR));
            (instant(random), What::HoldChannel { line, length })
        }
        _ => {
            let (journey, length) = (random.below(JOURNEYS.len()), random.between(MINUTE, DAY));
            (instant(random), What::HoldJourney { journey, length })
        }
    }),
    (FaultClass::Crashes, 20, |random, _| (instant(random), What::Kill { worker: random.below(12) })),
    (FaultClass::Skew, 10, |random, _| {
        let skew = match random.below(5) {
            0 => random.between(-400 * DAY, 400 * DAY),
            1 => 0,
            _ => random.between(-2 * MINUTE, 2 * MINUTE),
        };
        (random.between(0, TELLING.num_milliseconds()), What::Skew { worker: random.below(12), skew })
    }),
    (FaultClass::Poison, 2, |random, people| {
        let (person, length) = (random.pick(people).id.clone(), random.between(HOUR, 2 * DAY));
        (random.between(0, TELLING.num_milliseconds()), What::Poison { person, length })
    }),
    (FaultClass::Edits, 12, |random, people| {
        let person = random.pick(people).id.clone();
        let what = match random.below(8) {
            0..=1 => ByHand::Eject,
            2 => ByHand::Enroll,
            3 => ByHand::Move { node: random.below(12) },
            4..=5 => ByHand::Hold,
            6 => ByHand::Cancel,
            _ => ByHand::Retry,
        };
        let (journey, length) = (random.below(JOURNEYS.len()), random.between(MINUTE, 2 * DAY));
        (instant(random), What::Operate { person, journey, what, length })
    }),
    (FaultClass::Edits, 3, |random, people| {
        let (person, name) = (random.pick(people).id.clone(), random.below(EVENTS.len()));
        (instant(random), What::Import { person, name, ago: random.between(MINUTE, 400 * DAY) })
    }),
];

fn instant(random: &mut Random) -> i64 {
    random.between(0, TELLING.num_milliseconds())
}
