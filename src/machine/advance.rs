//! Walks one enrollment from node to node until it must wait or ends.

use chrono::{DateTime, Utc};

use super::node::{self, Move, Visit};
use super::program::Program;
use super::transition::{Run, Signal};
use crate::journey::{Node, NodeKind, Target};
use crate::model::{EnrollmentId, Event, ExitReason, MessageId, NodeId, Step, StepOutcome, Waiting};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// A wait for time is over.
    pub(super) fn elapsed(&mut self, index: usize, at: DateTime<Utc>) {
        let next = self.standing_node(index).map(|node| node.next);
        self.leave(index, at, StepOutcome::Waited, next);
    }

    /// A wait for an event gave up.
    pub(super) fn timed_out(&mut self, index: usize, at: DateTime<Utc>) {
        let otherwise = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::WaitFor { otherwise, .. } => Some(*otherwise),
            _ => None,
        });
        self.leave(index, at, StepOutcome::TimedOut, otherwise);
    }

    /// The event that was waited for came.
    pub(super) fn matched(&mut self, index: usize, at: DateTime<Utc>, alternative: u16) {
        let next = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::WaitFor { alternatives, .. } => Some(alternatives.get(usize::from(alternative))?.next),
            _ => None,
        });
        self.leave(index, at, StepOutcome::Matched { alternative }, next);
    }

    /// What became of a message was awaited, and has come.
    pub(super) fn settled(&mut self, index: usize, at: DateTime<Utc>, message: MessageId, accepted: bool) {
        let next = self.standing_node(index).map(|node| match &node.kind {
            NodeKind::Send { refused: Some(refused), .. } if !accepted => *refused,
            _ => node.next,
        });
        self.leave(index, at, StepOutcome::Settled { message, accepted }, next);
    }

    /// A node that could not be passed is asked again.
    pub(super) fn revisit(&mut self, index: usize, at: DateTime<Utc>) {
        let enrollment = &self.out.state.hot.enrollments[index];
        let node = self.program.journey_of(enrollment).and_then(|journey| journey.node(&enrollment.node));
        match node {
            Some(node) => self.walk(index, at, Some(node)),
            None => self.exit(index, at, ExitReason::UnknownNode),
        }
    }

    /// The enrollments that wait for this event, each with the alternative that it satisfies.
    pub(super) fn waiting_for(&self, event: &Event, happened_at: DateTime<Utc>) -> Vec<(EnrollmentId, u16)> {
        let mut found = Vec::new();
        for (index, enrollment) in self.out.state.hot.enrollments.iter().enumerate() {
            if !matches!(enrollment.waiting, Waiting::Event { .. }) || happened_at < enrollment.arrived_at {
                continue;
            }
            let Some(NodeKind::WaitFor { alternatives, .. }) =
                self.standing_node(index).map(|node| &node.kind)
            else {
                continue;
            };
            let satisfied = (0..).zip(alternatives).find(|(_, alternative)| {
                alternative.event == event.name && alternative.filter.passes(&event.properties)
            });
            found.extend(satisfied.map(|(number, _)| (enrollment.id, number)));
        }
        found
    }

    fn standing_node(&self, index: usize) -> Option<&Node> {
        let enrollment = &self.out.state.hot.enrollments[index];
        let journey = self.program.journey_of(enrollment)?;
        journey.nodes.get(journey.node(&enrollment.node)?)
    }

    /// Records the step that leaves the standing node, and walks on; without a way out the store is damaged.
    fn leave(&mut self, index: usize, at: DateTime<Utc>, outcome: StepOutcome, next: Option<Target>) {
        match next {
            Some(target) => {
                let next = self.node_id(index, target);
                self.record_step(index, at, outcome, next);
                self.walk(index, at, target);
            }
            None => self.exit(index, at, ExitReason::UnknownNode),
        }
    }

    /// Visits `target` and what follows, until the enrollment waits or ends.
    pub(super) fn walk(&mut self, index: usize, at: DateTime<Utc>, mut target: Target) {
        let program = self.program;
        let Some(journey) = program.journey_of(&self.out.state.hot.enrollments[index]) else { return };
        for _ in 0..Program::STEP_BUDGET {
            let Some(node) = target else { return self.exit(index, at, ExitReason::Completed) };
            let node = &journey.nodes[node];
            let enrollment = &mut self.out.state.hot.enrollments[index];
            if enrollment.node != node.id || enrollment.arrived_at != at {
                // A deferral that is asked again keeps the instant of its arrival.
                if !matches!(enrollment.waiting, Waiting::Permit { .. }) || enrollment.node != node.id {
                    enrollment.arrived_at = at;
                }
                enrollment.node = node.id.clone();
            }
            let zone = self.zone(journey);
            let state = &self.out.state;
            let enrollment = &state.hot.enrollments[index];
            let visit = Visit { program, node, state, enrollment, zone: &zone, at };
            match node::enter(&visit) {
                Move::Go { outcome, to, message } => {
                    self.out.messages.extend(message);
                    let next = to.map(|to| journey.nodes[to].id.clone());
                    self.record_step(index, at, outcome, next);
                    // The permit that was waited for is given: what follows arrives now.
                    self.out.state.hot.enrollments[index].waiting = Waiting::Until { at };
                    target = to;
                }
                Move::Stay { waiting, outcome, message } => {
                    self.out.messages.extend(message);
                    if let Some(outcome) = outcome {
                        self.record_step(index, at, outcome, None);
                    }
                    self.out.state.hot.enrollments[index].waiting = waiting;
                    return;
                }
                Move::End { reason } => return self.exit(index, at, reason),
            }
        }
        self.exit(index, at, ExitReason::StepBudget);
    }

    /// Ends an enrollment. One that ends before its time takes back what it has not begun to say.
    pub(super) fn exit(&mut self, index: usize, at: DateTime<Utc>, reason: ExitReason) {
        self.record_step(index, at, StepOutcome::Exited { reason: reason.clone() }, None);
        let enrollment = self.out.state.hot.enrollments.remove(index);
        let leaves = is_on(Bug::ExitLeavesMessages);
        if !leaves && !matches!(reason, ExitReason::Completed | ExitReason::Exit(_)) {
            self.out.cancel.push(enrollment.id);
        }
        let contact = self.contact_id().clone();
        let (journey, enrollment) = (enrollment.journey, enrollment.id);
        self.out.signals.push(Signal::Exited { contact, enrollment, journey, reason, at });
    }

    pub(super) fn record_step(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        outcome: StepOutcome,
        next: Option<NodeId>,
    ) {
        let enrollment = &mut self.out.state.hot.enrollments[index];
        self.out.steps.push(Step::new(enrollment, at, outcome, next));
        enrollment.ordinal = enrollment.ordinal.saturating_add(1);
    }

    fn node_id(&self, index: usize, target: Target) -> Option<NodeId> {
        let journey = self.program.journey_of(&self.out.state.hot.enrollments[index])?;
        Some(journey.nodes.get(target?)?.id.clone())
    }
}
