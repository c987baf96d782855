//! A deterministic simulation: several engines over one store, in virtual time, while everything that can go wrong does.
//!
//! A seed decides all of it: who the people are, what is told of them and when, which faults happen at which calls, which
//! worker goes first. The same seed gives the same run, to the last choice. What really took effect is seen below all faults
//! and at the providers, and judged by [`Invariant`]s; at the end nothing may be left to do.
//!
//! ```
//! use journeyman::sim::Simulation;
//!
//! let outcome = Simulation::of(1).run();
//! outcome.assert_clean();
//! assert!(outcome.calls > 500);
//! assert_eq!(outcome.trace, Simulation::of(1).run().trace);
//! ```
//!
//! A run of a failing seed can be kept as its list of decisions, a [`Replay`], and be made smaller by leaving parts out.
//!
//! Each seed draws its own few [`FaultClass`]es and rates (swarm testing: Groce et al., ISSTA 2012): one in ten has no fault
//! at all, one in ten a single class.
//!
//! # Scenarios
//!
//! A [`Scenario`] is the opposite: no faults and no chance, but people, journeys and what happens to them, written in a file by
//! whoever answers for a journey, with a [`Timeline`] that reads like a calendar. `docs/SCENARIOS.md` has all of it.

mod aside;
mod by_hand;
mod calm;
mod consent;
mod desk;
mod editions;
mod executor;
mod faults;
mod fixture;
mod host;
mod liked;
mod limits;
mod outcome;
mod people;
mod profile;
mod provider;
mod random;
mod reads;
mod replay;
mod rest;
mod scenario;
mod script;
mod seats;
mod segments;
mod spark;
mod sums;
mod timeline;
mod truth;
mod twins;
mod witness;
mod words;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use faults::FaultClass;
pub use outcome::Outcome;
pub use replay::Replay;
pub use script::{
    By, ByDay, Comparison, Difference, Line, MOST_CONTACTS, MOST_INPUTS, MOST_SCENARIO, Row, Said, Scenario,
    Summary, Timeline, What,
};
pub use truth::Breach;

use self::executor::Spawner;
use self::faults::{Faults, Swarm};
use self::fixture::{LINES, start};
use self::host::{Worker, World, address, key};
use self::random::Random;
// The simulator's own scenario is drawn from a seed, and its timeline is a clock.
use self::scenario::Scenario as Drawn;
use self::timeline::Timeline as VirtualTime;
use self::truth::Truth;
use self::witness::Witness;
use crate::port::{Clock, Store};
use crate::store::MemoryStore;
use crate::testing::{FaultyStore, Invariant};

/// Makes the store of a simulation over its clock.
type Make = Box<dyn FnOnce(Arc<dyn Clock>) -> Arc<dyn Store>>;

/// One simulation, before it runs.
#[must_use]
pub struct Simulation {
    seed: u64,
    without: Vec<FaultClass>,
    replay: Option<Replay>,
    make: Make,
    leases: bool,
}

impl Simulation {
    /// The simulation of a seed, on a memory store.
    pub fn of(seed: u64) -> Self {
        let make = |clock| -> Arc<dyn Store> { Arc::new(MemoryStore::builder().clock(clock).build()) };
        Self { seed, without: Vec::new(), replay: None, make: Box::new(make), leases: true }
    }

    /// A simulation that was decided before.
    pub fn replay(replay: Replay) -> Self {
        Self { replay: Some(replay.clone()), ..Self::of(replay.seed) }
    }

    /// Leaves a class of faults out, as if the seed had not drawn it.
    pub fn without(mut self, class: FaultClass) -> Self {
        self.without.push(class);
        self
    }

    /// Plays on another store, which must be empty and read this clock. Two workers may then hold one contact where the
    /// store claims by a plain read and relies on the fence.
    pub fn on(mut self, make: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Store> + 'static) -> Self {
        self.make = Box::new(make);
        self.leases = false;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Outcome {
        let (seed, swarm) = match &self.replay {
            Some(replay) => (replay.seed, Swarm::default()),
            None => (self.seed, Swarm::draw(self.seed, &self.without)),
        };
        let (scenario, faults, classes) = match &self.replay {
            Some(replay) => (replay.scenario.clone(), Faults::listed(&replay.faults), replay.classes.clone()),
            None => (Drawn::draw(seed, &swarm), Faults::drawn(seed, &swarm), swarm.classes()),
        };
        let timeline = VirtualTime::new(start());
        let ears = self::consent::Ears::default();
        // Thousands of lines are read in one seed of eight; the others would say the same.
        let _listens = seed.is_multiple_of(8).then(|| tracing::subscriber::set_default(ears.clone()));
        let truth = Truth::new(timeline.clone(), &scenario, self.leases);
        let store: Arc<dyn Store> = Arc::new(Witness {
            store: (self.make)(Arc::new(timeline.clone())),
            truth: truth.clone(),
            claims: AtomicU64::new(0),
            addresses: known_addresses(&scenario),
        });
        let spawner = Spawner::default();
        let behind = self::desk::Behind::default();
        let world = Arc::new(World {
            workers: (0..scenario.workers).map(|_| Worker::new(&timeline)).collect(),
            channels: host::channels(
                &truth,
                &timeline,
                seed,
                classes.contains(&FaultClass::Answers),
                &behind,
            ),
            faulty: FaultyStore::new(store.clone()),
            random: Mutex::new(Random::fork(seed, "host")),
            over: AtomicBool::new(false),
            rotated: AtomicBool::new(false),
            amended: AtomicBool::new(false),
            timeline: timeline.clone(),
            spawner: spawner.clone(),
            truth: truth.clone(),
            faults: faults.clone(),
            scenario: scenario.clone(),
            store,
        });
        behind.set(Arc::downgrade(&world)).ok();
        let beginning = Arc::clone(&world);
        spawner.spawn(async move {
            if let Err(error) = beginning.begin().await {
                beginning.truth.seen().breach(Invariant::S3, format!("nothing could begin: {error}"));
            }
        });
        let mut choices = Random::fork(seed, "choices");
        let over = || world.over.load(Ordering::Relaxed);
        let ran = executor::run(&spawner, &timeline, &mut choices, over);
        if ran.stuck || !over() {
            truth.seen().breach(Invariant::S3, format!("it never ended: {} polls", ran.polls));
        }
        let judged = pollster::block_on(world.judge());
        if let Err(error) = pollster::block_on(world.proof_holds()) {
            truth.seen().breach(Invariant::C25, format!("no proof was made: {error}"));
        }
        if let Err(error) = &judged {
            truth.seen().breach(Invariant::S3, format!("the store does not answer: {error}"));
        }
        world.decisions_are_reproduced();
        let mut seen = truth.seen();
        let (lines, personal) = ears.heard();
        personal.into_iter().for_each(|found| seen.breach(Invariant::C14, found));
        // What is compiled once for a process is logged once, so that their number says nothing.
        seen.happened.insert("log_heard", u64::from(lines > 0));
        let mut happened: BTreeMap<String, u64> =
            seen.happened.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
        if let Ok(findings) = judged {
            for (word, count) in [
                ("checked_steps", findings.steps),
                ("checked_replays", findings.replayed),
                ("checked_at_once", findings.at_once),
            ] {
                happened.insert(word.to_owned(), count);
            }
        }
        let mut fired: BTreeMap<String, u64> = BTreeMap::new();
        for (word, count) in world.faulty.fired_by_kind() {
            *fired.entry(format!("store {word}")).or_default() += count;
        }
        for channel in &world.channels {
            for (word, count) in channel.fired_by_kind() {
                *fired.entry(format!("channel {word}")).or_default() += count;
            }
        }
        let breaches = std::mem::take(&mut seen.breaches);
        drop(seen);
        Outcome {
            seed,
            classes: classes.clone(),
            trace: ran.trace,
            calls: world.faulty.calls(),
            faults: fired,
            happened,
            breaches,
            replay: Replay { seed, classes, scenario, faults: faults.happened() },
        }
    }
}

/// Every address that somebody may have, under its fingerprint.
fn known_addresses(scenario: &Drawn) -> Vec<(String, crate::model::Fingerprint, String)> {
    let mut known = Vec::new();
    for person in &scenario.people {
        for line in LINES {
            for (of, moved) in [(&person.address, false), (&person.id, true)] {
                let address = address(of, line.name, moved);
                for key in [key(), self::consent::newer_key()] {
                    let fingerprint = key.fingerprint(line.name, &address);
                    known.push((line.name.to_owned(), fingerprint, address.clone()));
                }
            }
        }
    }
    for (line, address) in self::twins::homes() {
        for key in [key(), self::consent::newer_key()] {
            known.push((line.to_owned(), key.fingerprint(line, &address), address.clone()));
        }
    }
    known
}
