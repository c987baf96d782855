//! Which faults a simulation has, how often, and where each of them fired.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::random::Random;
use crate::testing::{ChannelCall, ChannelFault, Fault, FaultPlan, StoreCall};

/// A class of what can go wrong. A simulation draws its own few, so that each is also seen alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultClass {
    /// A store call fails before it takes effect: unavailable, busy, full.
    Errors,
    /// Whether a store call took effect is unknown: it did, or it did not.
    Ambiguity,
    /// A store call comes late.
    Delays,
    /// A worker stands still for longer than a lease, with its work in hand.
    Pauses,
    /// A worker's process dies, at a call or anywhere.
    Crashes,
    /// A call's future is dropped, and the engine lives on.
    Cancels,
    /// A channel refuses, or asks for another attempt.
    Answers,
    /// What became of a channel call is unknown, or comes late.
    Timeouts,
    /// A batch is answered in part, or in another order.
    Batches,
    /// A channel panics.
    Panics,
    /// Workers' clocks are wrong and jump.
    Skew,
    /// Events are told several times, by several hosts at once.
    Duplicates,
    /// Events come late, and from the future.
    Disorder,
    /// People withdraw, and addresses are suppressed.
    Withdrawals,
    /// People are erased.
    Erasures,
    /// New versions are published, journeys and channels are held.
    Edits,
    /// The store refuses every commit of some contact.
    Poison,
}

use FaultClass::*;

impl FaultClass {
    /// All of them.
    pub const ALL: [FaultClass; 17] = [
        Errors,
        Ambiguity,
        Delays,
        Pauses,
        Crashes,
        Cancels,
        Answers,
        Timeouts,
        Batches,
        Panics,
        Skew,
        Duplicates,
        Disorder,
        Withdrawals,
        Erasures,
        Edits,
        Poison,
    ];

    /// The word by which it is named.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Errors => "errors",
            Ambiguity => "ambiguity",
            Delays => "delays",
            Pauses => "pauses",
            Crashes => "crashes",
            Cancels => "cancels",
            Answers => "answers",
            Timeouts => "timeouts",
            Batches => "batches",
            Panics => "panics",
            Skew => "skew",
            Duplicates => "duplicates",
            Disorder => "disorder",
            Withdrawals => "withdrawals",
            Erasures => "erasures",
            Edits => "edits",
            Poison => "poison",
        }
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The classes that one simulation draws, each with its rate in 10,000 calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Swarm(BTreeMap<FaultClass, u32>);

impl Swarm {
    /// One simulation in ten has no fault, one in ten a single class, the others about two thirds of them.
    pub(super) fn draw(seed: u64, without: &[FaultClass]) -> Self {
        let random = &mut Random::fork(seed, "swarm");
        let mut classes = BTreeMap::new();
        let kind = random.below(10);
        let only = *random.pick(&FaultClass::ALL);
        for class in FaultClass::ALL {
            let rate = *random.pick(&[40, 120, 300, 600]);
            let drawn = random.chance(6_500);
            if (kind == 1 && class == only) || (kind > 1 && drawn) {
                classes.insert(class, rate);
            }
        }
        classes.retain(|class, _| !without.contains(class));
        Self(classes)
    }

    pub(super) fn has(&self, class: FaultClass) -> bool {
        self.0.contains_key(&class)
    }

    pub(super) fn classes(&self) -> Vec<FaultClass> {
        self.0.keys().copied().collect()
    }

    fn fires(&self, class: FaultClass, random: &mut Random) -> bool {
        self.0.get(&class).is_some_and(|rate| random.chance(*rate))
    }
}

/// One fault at one call: of the n-th call of an operation by a worker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Site {
    pub(super) worker: usize,
    pub(super) operation: String,
    pub(super) nth: u64,
}

/// What happens at a site, as a word and its length in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Happening {
    pub(super) site: Site,
    pub(super) fault: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) span: i64,
}

fn is_zero(span: &i64) -> bool {
    *span == 0
}

/// Where faults come from: drawn as they come, or from a list.
enum Source {
    Drawn(Box<(Swarm, Random)>),
    Listed(BTreeMap<Site, (String, i64)>),
}

struct State {
    source: Source,
    calls: BTreeMap<(usize, String), u64>,
    happened: Vec<Happening>,
}

/// The faults of one simulation; every worker has its own view of it.
#[derive(Clone)]
pub(super) struct Faults {
    state: Arc<Mutex<State>>,
    on: Arc<AtomicBool>,
}

impl Faults {
    pub(super) fn drawn(seed: u64, swarm: &Swarm) -> Self {
        Self::from(Source::Drawn(Box::new((swarm.clone(), Random::fork(seed, "faults")))))
    }

    pub(super) fn listed(happenings: &[Happening]) -> Self {
        let listed = happenings.iter().map(|one| (one.site.clone(), (one.fault.clone(), one.span))).collect();
        Self::from(Source::Listed(listed))
    }

    fn from(source: Source) -> Self {
        let state = State { source, calls: BTreeMap::new(), happened: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), on: Arc::new(AtomicBool::new(true)) }
    }

    pub(super) fn end(&self) {
        self.set(false);
    }

    /// Lets calls through until it is set again.
    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(super) fn happened(&self) -> Vec<Happening> {
        self.state().happened.clone()
    }

    pub(super) fn of(&self, worker: usize) -> Arc<dyn FaultPlan> {
        Arc::new(View { faults: self.clone(), worker })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(
        &self,
        worker: usize,
        operation: &str,
        draw: impl Fn(&Swarm, &mut Random) -> Option<(&'static str, i64)>,
    ) -> Option<(String, i64)> {
        if !self.on.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.state();
        let nth = state.calls.entry((worker, operation.to_owned())).or_default();
        *nth += 1;
        let site = Site { worker, operation: operation.to_owned(), nth: *nth };
        let (fault, span) = match &mut state.source {
            Source::Drawn(drawn) => {
                let (swarm, random) = &mut **drawn;
                draw(swarm, random).map(|(fault, span)| (fault.to_owned(), span))?
            }
            Source::Listed(listed) => listed.get(&site).cloned()?,
        };
        state.happened.push(Happening { site, fault: fault.clone(), span });
        Some((fault, span))
    }
}

struct View {
    faults: Faults,
    worker: usize,
}

impl FaultPlan for View {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        let (fault, span) = self.faults.decide(self.worker, call.operation, draw_store)?;
        let span = TimeDelta::milliseconds(span);
        Fault::kinds(span, span).into_iter().find(|kind| kind.name() == fault)
    }

    fn on_channel(&self, call: &ChannelCall<'_>) -> Option<ChannelFault> {
        let several = call.messages > 1;
        let draw = |swarm: &Swarm, random: &mut Random| draw_channel(swarm, random, several);
        let (fault, span) = self.faults.decide(self.worker, call.channel, draw)?;
        ChannelFault::kinds(TimeDelta::milliseconds(span)).into_iter().find(|kind| kind.name() == fault)
    }
}

fn draw_store(swarm: &Swarm, random: &mut Random) -> Option<(&'static str, i64)> {
    if swarm.fires(Errors, random) {
        return Some((*random.pick(&["unavailable", "unavailable", "busy", "full"]), 0));
    }
    if swarm.fires(Ambiguity, random) {
        return Some((*random.pick(&["unknown", "lost"]), 0));
    }
    if swarm.fires(Delays, random) {
        return Some(("delay", random.between(1, 8_000)));
    }
    // A pause costs two minutes of a worker's time, so it comes more rarely than what costs nothing.
    if random.chance(3_000) && swarm.fires(Pauses, random) {
        return Some((*random.pick(&["pause", "pause", "delay"]), random.between(20_000, 110_000)));
    }
    if random.chance(5_000) && swarm.fires(Crashes, random) {
        return Some((*random.pick(&["crash_before", "crash_after"]), 0));
    }
    if swarm.fires(Cancels, random) {
        return Some((*random.pick(&["cancel_before", "cancel_after"]), 0));
    }
    None
}

/// Channels are called far more rarely than the store, so their faults come more often.
fn draw_channel(swarm: &Swarm, random: &mut Random, several: bool) -> Option<(&'static str, i64)> {
    let mut fires = |class| (0..8).any(|_| swarm.fires(class, random));
    let class = [Answers, Timeouts, Batches, Panics, Crashes].into_iter().find(|class| fires(*class))?;
    let fault = match class {
        Answers => *random.pick(&["refuse", "retry", "retry"]),
        Timeouts => *random.pick(&["unknown", "accept_then_unknown", "slow", "hang"]),
        Batches if several => *random.pick(&["partial", "shuffled"]),
        Batches => return None,
        Panics => *random.pick(&["panic", "accept_then_panic"]),
        _ => *random.pick(&["crash_before", "crash_after"]),
    };
    let span = if fault == "slow" { random.between(1, 12_000) } else { 0 };
    Some((fault, span))
}
