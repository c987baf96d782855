//! What was decided, by which rules, and whether they decide it again.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{MessageId, Name, Permit, Reason, Step, StepOutcome};
use crate::port::store::{Begin, Begun, MessageRecord, Taken, TakenBatch, Verdict};
use crate::rule::permit::{Question, Timing, permit};
use crate::rule::{Policy, Spoken};
use crate::sim::host::{World, zone};
use crate::sim::limits::{Limits, NEWER_FROM};
use crate::sim::scenario::{Scenario, What};
use crate::sim::truth::Seen;
use crate::testing::Invariant;
use crate::time::Zone;

/// For how long a take is remembered: longer than a permit lives.
const TAKES: TimeDelta = TimeDelta::seconds(10);
/// Decisions of one run that are kept; the first ones, and so those before the change.
const MOST: usize = 4_000;
/// The journeys on a clock of their own, for whom nobody knows a better one.
const PARIS: [&str; 2] = ["welcome", "orders"];
/// The journey whose steps have windows, which the outbox does not tell.
const WINDOWS: &str = "orders";

/// What is remembered of decisions, where the rules change.
#[derive(Default)]
pub(in crate::sim) struct Editions {
    /// Whether they change at all in this seed.
    is_open: bool,
    /// Whether they have by now.
    pub(in crate::sim) are_amended: bool,
    takes: VecDeque<(DateTime<Utc>, BTreeMap<MessageId, Taken>)>,
    recorded: Vec<Recorded>,
    /// By message: the rules by which it was answered last.
    named: BTreeMap<MessageId, Name>,
}

/// A decision, with what was known when it was taken; several where workers took it at one instant.
struct Recorded {
    taken: Vec<Taken>,
    said: Decided,
}

enum Decided {
    /// It began, by the rules of this name.
    Begun(Name),
    Waits(DateTime<Utc>, Vec<Reason>),
}

impl Editions {
    pub(in crate::sim) fn of(scenario: &Scenario) -> Self {
        Self { is_open: scenario.deeds.iter().any(|deed| deed.what == What::Amends), ..Self::default() }
    }

    /// A worker took messages.
    pub(in crate::sim) fn takes(&mut self, batch: &TakenBatch) {
        if !self.is_open {
            return;
        }
        self.takes.retain(|(at, _)| *at + TAKES >= batch.now);
        let said = batch.messages.iter().filter(|taken| taken.message.call.is_none());
        let said = said.map(|taken| (taken.message.id, taken.clone()));
        self.takes.push_back((batch.now, said.collect()));
    }

    /// A worker's answers took effect.
    pub(in crate::sim) fn answered(&mut self, judged: &[Begin], begun: &[Begun]) {
        if !self.is_open {
            return;
        }
        for (begin, begun) in judged.iter().zip(begun) {
            if *begun != Begun::Stale {
                self.named.insert(begin.message, begin.policy.clone());
            }
            let said = match (begun, &begin.verdict) {
                (Begun::Begun { .. }, Verdict::Send { .. }) => Decided::Begun(begin.policy.clone()),
                (Begun::Answered, Verdict::Defer { until, reasons }) => {
                    Decided::Waits(*until, reasons.clone())
                }
                _ => continue,
            };
            let own = self.takes.iter().filter(|(at, _)| *at == begin.taken_at);
            let taken: Vec<Taken> = own.filter_map(|(_, taken)| taken.get(&begin.message).cloned()).collect();
            if !taken.is_empty() && self.recorded.len() < MOST {
                self.recorded.push(Recorded { taken, said });
            }
        }
    }
}

impl Seen {
    /// C28: whoever reads a step finds by which rules it kept a message back.
    pub(in crate::sim) fn step_names_its_rules(&mut self, limits: &Limits, step: &Step) {
        // What a step that asks the host is refused for has nothing to do with them.
        let by_rules = |reason: &Reason| {
            matches!(
                reason,
                Reason::NoAddress
                    | Reason::Suppressed
                    | Reason::NoConsent
                    | Reason::Withdrawn
                    | Reason::Objected
                    | Reason::OutOfDate
                    | Reason::Minor
                    | Reason::Lapsed
                    | Reason::QuietHours
                    | Reason::LegalHours
                    | Reason::Holiday
                    | Reason::On { .. }
            )
        };
        let must = match &step.outcome {
            StepOutcome::Refused { reasons } => reasons.iter().any(by_rules),
            StepOutcome::Deferred { .. } => true,
            _ => false,
        };
        if !must {
            return;
        }
        let known = [false, true].map(|amended| limits.policy_of(amended).edition());
        let are_out = if self.editions.are_amended { &known[..] } else { &known[..1] };
        self.count("rules_of_a_step");
        if step.policy.as_ref().is_none_or(|policy| !are_out.contains(policy)) {
            let found = format!("a step at {} kept a message back by {:?}", step.node, step.policy);
            self.breach(Invariant::C28, found);
        }
    }

    /// C28: whoever reads a message finds by which rules it was answered.
    pub(in crate::sim) fn rules_are_on_record(&mut self, record: &MessageRecord) {
        let Some(named) = self.editions.named.get(&record.message.id) else { return };
        let found = (record.policy.as_ref() != Some(named)).then(|| {
            format!("{} was answered by {named:?}, and says {:?}", record.message.id, record.policy)
        });
        self.count("rules_on_record");
        if let Some(found) = found {
            self.breach(Invariant::C28, found);
        }
    }
}

/// The answer for what was taken, by some rules; nothing but these and what was taken is asked.
fn again(taken: &Taken, policy: &Policy) -> Permit {
    let message = &taken.message;
    let paris = || Zone::named("Europe/Paris").ok().filter(|_| PARIS.contains(&message.journey.as_str()));
    let clock = taken.cold.zone().or_else(paris).unwrap_or_else(zone);
    let timing = Timing { not_after: message.not_after, wanted_by: message.wanted_by, ..Timing::default() };
    let rating = taken.hot.as_ref().map(|hot| hot.rating.clone()).unwrap_or_default();
    let question =
        Question::new(&taken.cold.contact, &taken.cold.standing, &message.channel, &message.purpose)
            .at_gate(taken.denied, taken.suppressed)
            .timed(timing)
            .counted(Spoken::new(&taken.said, &rating));
    permit(&question, policy, &clock, taken.taken_at)
}

/// Whether an answer is one that no rule of a later date has any part in.
fn is_before(answer: &Permit) -> bool {
    match answer {
        Permit::Defer { until, .. } => until.timestamp_millis() < NEWER_FROM,
        _ => true,
    }
}

impl World {
    /// C28: everything that was decided is decided again.
    pub(in crate::sim) fn decisions_are_reproduced(&self) {
        let Some(limits) = self.scenario.limits.as_ref() else { return };
        let mut seen = self.truth.seen();
        let recorded = std::mem::take(&mut seen.editions.recorded);
        // As an auditor has them: by the name, and as they were written down.
        let written = [false, true].map(|amended| {
            let policy = limits.policy_of(amended);
            let read = serde_json::to_string(&policy).ok().and_then(|text| serde_json::from_str(&text).ok());
            (policy.edition(), read.unwrap_or(policy))
        });
        let (former, newer) = (&written[0].1, &written[1].1);
        for Recorded { taken, said } in recorded {
            self.reproduces(&mut seen, &written, &taken, &said);
            for taken in taken.iter().filter(|taken| taken.taken_at.timestamp_millis() < NEWER_FROM) {
                let (before, after) = (again(taken, former), again(taken, newer));
                seen.count("decision_before_a_date");
                if before != after && is_before(&before) {
                    let found = format!(
                        "{} at {} is {before:?}, and {after:?} by rules of a later date",
                        taken.message.id, taken.taken_at
                    );
                    seen.breach(Invariant::C28, found);
                }
            }
        }
    }

    fn reproduces(&self, seen: &mut Seen, written: &[(Name, Policy); 2], taken: &[Taken], said: &Decided) {
        let Some(first) = taken.first() else { return };
        let found = match said {
            Decided::Begun(edition) => {
                seen.count(if *edition == written[1].0 {
                    "permit_of_newer_rules"
                } else {
                    "permit_of_former_rules"
                });
                let Some((_, rules)) = written.iter().find(|(name, _)| name == edition) else {
                    let found =
                        format!("{} was permitted by {edition:?}, which nobody knows", first.message.id);
                    return seen.breach(Invariant::C28, found);
                };
                let answers: Vec<Permit> = taken.iter().map(|taken| again(taken, rules)).collect();
                if answers.contains(&Permit::Permit) {
                    return;
                }
                format!("was permitted by {edition:?}, and that says {answers:?}")
            }
            Decided::Waits(until, reasons) => {
                if first.message.journey.as_str() == WINDOWS {
                    return;
                }
                seen.count("wait_reproduced");
                let waits = Permit::Defer { until: *until, reasons: reasons.clone() };
                let mut answers =
                    taken.iter().flat_map(|taken| written.each_ref().map(|(_, rules)| again(taken, rules)));
                if answers.any(|answer| answer == waits) {
                    return;
                }
                format!("waited until {until} for {reasons:?}, and no rules say so")
            }
        };
        seen.breach(Invariant::C28, format!("{} at {} {found}", first.message.id, first.taken_at));
    }
}
