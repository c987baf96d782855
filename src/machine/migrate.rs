//! Leads the runs of a contact to another version of their journey.

use chrono::{DateTime, Utc};
use litemap::LiteMap;

use super::node::wait_until;
use super::transition::Run;
use crate::journey::{Cause, Journey, Landing, MigrationDefinition, NodeKind, WaitFor, Waits};
use crate::model::{Enrollment, ExitReason, JourneyId, NodeId, StepOutcome, Waiting};
use crate::seeded::{Bug, is_on};
use crate::time::Span;

impl Run<'_> {
    /// Moves every run of the old version once. One that has moved already is of another version, and stays.
    pub(super) fn migrate(&mut self, map: &MigrationDefinition, at: DateTime<Utc>) {
        let program = self.program;
        let id = JourneyId::from(map.migrate.as_str());
        let (Some(from), Some(to)) = (program.journey(&id, map.from), program.journey(&id, map.to)) else {
            return;
        };
        let lands = |run: &Enrollment| {
            // What is being undone was done on the old version.
            let concerns = run.journey == id && run.version == map.from && !run.undoing;
            map.landing(from, to, &run.node).filter(|_| concerns)
        };
        while let Some(index) =
            self.out.state.hot.enrollments.iter().position(|run| lands(run) == Some(Landing::Exit))
        {
            self.exit(index, at, ExitReason::Migrated);
            // What that end sets off happens on the old version: what a run says after its move must not be taken back with it.
            self.drain(at);
        }
        for index in 0..self.out.state.hot.enrollments.len() {
            if let Some(Landing::Step(step)) = lands(&self.out.state.hot.enrollments[index]) {
                self.lead(index, map, from, to, step, at);
            }
        }
    }

    fn lead(
        &mut self,
        index: usize,
        map: &MigrationDefinition,
        from: &Journey,
        to: &Journey,
        step: usize,
        at: DateTime<Utc>,
    ) {
        let Some(node) = to.nodes.get(step) else { return };
        let waiting = self.kept(index, map.waits, from, to, step, at);
        let outcome = StepOutcome::Migrated { from: map.from, to: map.to, node: node.id.clone() };
        self.record_step(index, at, outcome, Some(node.id.clone()));
        let zone = self.zone(to);
        let run = &mut self.out.state.hot.enrollments[index];
        run.version = map.to;
        run.node = node.id.clone();
        // What is over by the new version is over now, and not in the past.
        run.expires_at = to.max_duration.map(|most| zone.add(run.entered_at, most).max(at));
        let mut jumps = LiteMap::new();
        for (old, taken) in run.jumps.iter() {
            if let Some(new) = map.successor(from, to, old).and_then(|new| to.nodes.get(new)) {
                jumps.insert(new.id.clone(), *taken);
            }
        }
        run.jumps = jumps;
        let undo = std::mem::take(&mut run.undo);
        run.undo = undo.iter().filter_map(|node| undoes_there(map, from, to, node)).collect();
        // A message that somebody waits for was said by the step that is kept; every other one may be said otherwise now.
        let asked = |waiting: &Waiting| {
            matches!(
                waiting,
                Waiting::Delivery { .. }
                    | Waiting::Settled { .. }
                    | Waiting::Answer { .. }
                    | Waiting::Answered { .. }
                    | Waiting::Refused { .. }
            )
        };
        if !waiting.as_ref().is_some_and(asked) {
            self.out.cancel.push(run.id);
        }
        match waiting {
            Some(waiting) => run.waiting = waiting,
            None => {
                run.arrived_at = at;
                run.waiting = Waiting::Arrival { at };
            }
        }
        // What is decided from here on belongs to a commit of its own, because this one takes back what was decided before.
        self.stops = true;
    }

    /// What a run that waits goes on to wait for at its new step; `None` where it arrives there.
    fn kept(
        &self,
        index: usize,
        waits: Waits,
        from: &Journey,
        to: &Journey,
        step: usize,
        at: DateTime<Utc>,
    ) -> Option<Waiting> {
        let run = self.out.state.hot.enrollments.get(index)?;
        let old = &from.nodes.get(from.node(&run.node)?)?.kind;
        let new = &to.nodes.get(step)?.kind;
        let waits = if is_on(Bug::MigrationLosesThePlace) { Waits::Restart } else { waits };
        let zone = self.zone(to);
        let until = |old: DateTime<Utc>, new: DateTime<Utc>| match waits {
            Waits::Recompute => new.max(at),
            _ => old,
        };
        Some(match (&run.waiting, old, new) {
            // What may have been handed over is not said a second time, whatever becomes of waits.
            (waiting @ (Waiting::Delivery { .. } | Waiting::Settled { .. }), _, NodeKind::Send(_)) => {
                waiting.clone()
            }
            // Nor is the host asked twice.
            (Waiting::Answer { message, until: due }, old, new) if asks_the_same(old, new) => {
                let anew = match new {
                    NodeKind::Call(call) => {
                        let clock = to.zone.as_ref().unwrap_or(&self.program.zone);
                        call.due_at(run.arrived_at, &zone, clock)
                    }
                    _ => within(new).map_or(*due, |within| zone.add(run.arrived_at, within)),
                };
                Waiting::Answer { message: *message, until: until(*due, anew) }
            }
            (waiting @ (Waiting::Answered { .. } | Waiting::Refused { .. }), old, new)
                if asks_the_same(old, new) =>
            {
                waiting.clone()
            }
            _ if waits == Waits::Restart => return None,
            (Waiting::Until { at: due }, NodeKind::Wait { .. }, NodeKind::Wait { span }) => {
                Waiting::Until { at: until(*due, zone.add(run.arrived_at, *span)) }
            }
            (Waiting::Until { at: due }, NodeKind::WaitUntil(_), NodeKind::WaitUntil(wait)) => {
                let anew = wait_until::due(wait, run, &self.out.state, &zone, run.arrived_at);
                Waiting::Until { at: until(*due, anew) }
            }
            (Waiting::Event { until: due, .. }, NodeKind::WaitFor(_), NodeKind::WaitFor(wait)) => {
                let anew = zone.add(run.arrived_at, wait.within);
                Waiting::Event { until: until(*due, anew), stood: self.stands(wait, run) }
            }
            (Waiting::Matched { at, alternative }, NodeKind::WaitFor(old), NodeKind::WaitFor(new)) => {
                let came = &old.alternatives.get(usize::from(*alternative))?.cause;
                let place = new.alternatives.iter().position(|other| other.cause == *came)?;
                Waiting::Matched { at: *at, alternative: u16::try_from(place).ok()? }
            }
            (Waiting::Permit { until: due }, NodeKind::Send(_), NodeKind::Send(_)) => {
                Waiting::Permit { until: until(*due, at) }
            }
            (Waiting::Enrollment { enrollment, until: due }, NodeKind::Enter(old), NodeKind::Enter(new))
                if old.journey == new.journey =>
            {
                let anew = zone.add(run.arrived_at, new.within?);
                Waiting::Enrollment { enrollment: *enrollment, until: until(*due, anew) }
            }
            (waiting @ Waiting::Ended { .. }, NodeKind::Enter(old), NodeKind::Enter(new))
                if old.journey == new.journey && new.within.is_some() =>
            {
                waiting.clone()
            }
            _ => return None,
        })
    }

    /// The alternatives of a wait whose predicate holds already: they must cease to hold before they count.
    fn stands(&self, wait: &WaitFor, run: &Enrollment) -> Vec<u16> {
        let facts = self.facts_of(run);
        let holds = |cause: &Cause| matches!(cause, Cause::Becomes(predicate) if predicate.holds(&facts));
        (0..)
            .zip(&wait.alternatives)
            .filter(|(_, other)| holds(&other.cause))
            .map(|(number, _)| number)
            .collect()
    }
}

/// Whether two steps put the same question to the same part of the host.
fn asks_the_same(old: &NodeKind, new: &NodeKind) -> bool {
    match (old, new) {
        (NodeKind::Call(old), NodeKind::Call(new)) => {
            (&old.channel, &old.ask, &old.owner) == (&new.channel, &new.ask, &new.owner)
        }
        (NodeKind::Reserve(old), NodeKind::Reserve(new)) => {
            (&old.quota, &old.offer) == (&new.quota, &new.offer)
        }
        (NodeKind::Confirm(old), NodeKind::Confirm(new)) => old.offer == new.offer,
        _ => false,
    }
}

fn within(node: &NodeKind) -> Option<Span> {
    match node {
        NodeKind::Reserve(reserve) => Some(reserve.within),
        NodeKind::Confirm(confirm) => Some(confirm.within),
        _ => None,
    }
}

/// The node of the new version that undoes what this one of the old version undoes, where there is one.
fn undoes_there(map: &MigrationDefinition, from: &Journey, to: &Journey, node: &NodeId) -> Option<NodeId> {
    let found =
        from.undoing.nodes.iter().find_map(|(step, nodes)| {
            nodes.iter().position(|other| other == node).map(|place| (step, place))
        });
    let (step, place) = found?;
    let step = map.successor(from, to, step).and_then(|step| to.nodes.get(step))?;
    to.undoing.nodes.get(&step.id)?.get(place).cloned()
}
