//! Walks one enrollment from node to node until it must wait or ends.

use chrono::{DateTime, Utc};

use super::happen::Happening;
use super::node::{self, Move, Visit};
use super::offer::keeps_what_it_said;
use super::program::Program;
use super::transition::{Run, Signal};
use crate::journey::{CountedFrom, Journey, Node, NodeKind, Send, Target};
use crate::model::{
    Enrollment, EnrollmentId, Event, ExitReason, InputId, Message, MessageId, Name, NodeId, Step,
    StepOutcome, Waiting,
};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// A wait for time is over.
    pub(super) fn elapsed(&mut self, index: usize, at: DateTime<Utc>) {
        let next = self.standing_node(index).map(|node| node.next);
        self.leave(index, at, StepOutcome::Waited, next);
    }

    /// A wait for something gave up.
    pub(super) fn timed_out(&mut self, index: usize, at: DateTime<Utc>) {
        if self.place_unknown(index, at, &StepOutcome::TimedOut) {
            return;
        }
        self.overdue(index, at);
        let otherwise = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::WaitFor(wait) => Some(wait.otherwise),
            NodeKind::Call(call) => Some(call.otherwise),
            _ => None,
        });
        self.leave(index, at, StepOutcome::TimedOut, otherwise);
    }

    /// Nobody of the team answered in time: that happened, for whichever journey hears it.
    fn overdue(&mut self, index: usize, at: DateTime<Utc>) {
        let enrollment = &self.out.state.hot.enrollments[index];
        let overdue = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::Call(call) => call.overdue(&enrollment.journey, &enrollment.node),
            _ => None,
        });
        if let Some((name, properties)) = overdue {
            let event = Event { properties, ..Event::new(self.contact_id().clone(), name) };
            self.queue(Happening::Event(event), self.cause(index), at);
        }
    }

    /// What was waited for came.
    pub(super) fn matched(&mut self, index: usize, at: DateTime<Utc>, alternative: u16) {
        let next = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::WaitFor(wait) => Some(wait.alternatives.get(usize::from(alternative))?.next),
            _ => None,
        });
        self.leave(index, at, StepOutcome::Matched { alternative }, next);
    }

    /// The other enrollment ended, or did not in time.
    pub(super) fn returned(&mut self, index: usize, at: DateTime<Utc>, end: Option<Name>) {
        let next = self.standing_node(index).and_then(|node| match (&node.kind, &end) {
            (NodeKind::Enter(enter), None) => Some(enter.otherwise),
            (NodeKind::Enter(enter), Some(end)) => {
                let result = enter.results.iter().find(|(is, _)| is == end);
                Some(result.map_or(node.next, |(_, target)| *target))
            }
            _ => None,
        });
        let outcome = end.map_or(StepOutcome::TimedOut, |end| StepOutcome::Returned { end });
        self.leave(index, at, outcome, next);
    }

    /// What became of a message was awaited, and has come.
    pub(super) fn settled(&mut self, index: usize, at: DateTime<Utc>, message: MessageId, accepted: bool) {
        let next = self.standing_node(index).map(|node| match &node.kind {
            NodeKind::Send(Send { refused: Some(refused), .. }) if !accepted => *refused,
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

    /// Where an enrollment stands.
    pub(super) fn standing(&self, index: usize) -> Option<(&Journey, &NodeKind)> {
        let journey = self.program.journey_of(&self.out.state.hot.enrollments[index])?;
        Some((journey, &self.standing_node(index)?.kind))
    }

    pub(super) fn standing_node(&self, index: usize) -> Option<&Node> {
        let enrollment = &self.out.state.hot.enrollments[index];
        let journey = self.program.journey_of(enrollment)?;
        journey.nodes.get(journey.node(&enrollment.node)?)
    }

    /// Records the step that leaves the standing node, and walks on; without a way out the store is damaged.
    pub(super) fn leave(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        outcome: StepOutcome,
        next: Option<Target>,
    ) {
        let program = self.program;
        let journey = program.journey_of(&self.out.state.hot.enrollments[index]);
        match next.zip(journey) {
            Some((target, journey)) => {
                let next = self.led_to(index, journey, target);
                self.forget_what_is_not_done(index, &outcome);
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
        let said_before = self.out.messages.len();
        let undoing = self.out.state.hot.enrollments[index].undoing;
        // What undoes is a list and no graph: it ends by itself.
        let budget = if undoing { Enrollment::MOST_TO_UNDO + 1 } else { Program::STEP_BUDGET as usize };
        for _ in 0..budget {
            let Some(node) = self.visited(index, journey, target) else {
                let reason = if undoing { ExitReason::Undone } else { ExitReason::Completed };
                return self.exit(index, at, reason);
            };
            let node = &journey.nodes[node];
            let enrollment = &mut self.out.state.hot.enrollments[index];
            if enrollment.node != node.id || enrollment.arrived_at != at {
                // A deferral that is asked again keeps the instant of its arrival.
                if !matches!(enrollment.waiting, Waiting::Permit { .. }) || enrollment.node != node.id {
                    enrollment.arrived_at = at;
                }
                enrollment.node = node.id.clone();
            }
            let moved = match self.act(index, at, journey, node) {
                Some(moved) => moved,
                None => self.visit(index, at, journey, node, said_before),
            };
            match moved {
                Move::Go { outcome, to, message } => {
                    self.say(index, at, &outcome, message);
                    let next = self.led_to(index, journey, to);
                    self.record_step(index, at, outcome, next);
                    // The permit that was waited for is given: what follows arrives now.
                    self.out.state.hot.enrollments[index].waiting = Waiting::Until { at };
                    target = to;
                }
                Move::Stay { waiting, outcome, message } => {
                    if let Some(outcome) = &outcome {
                        self.say(index, at, outcome, message);
                    }
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

    fn visit(
        &self,
        index: usize,
        at: DateTime<Utc>,
        journey: &Journey,
        node: &Node,
        said_before: usize,
    ) -> Move {
        let zone = self.zone(journey);
        let state = &self.out.state;
        let enrollment = &state.hot.enrollments[index];
        let (late, held_out) = (self.late, self.is_held_out(journey));
        let messages = self.out.messages.get(said_before..).unwrap_or_default();
        let program = self.program;
        node::enter(&Visit {
            program,
            journey,
            node,
            state,
            enrollment,
            zone: &zone,
            at,
            late,
            held_out,
            messages,
        })
    }

    /// Puts a message out, and remembers whether it had had to wait.
    fn say(&mut self, index: usize, at: DateTime<Utc>, outcome: &StepOutcome, message: Option<Message>) {
        let Some(message) = message else { return };
        if let StepOutcome::Merged { instead_of, .. } = outcome {
            self.out.messages.retain(|other| other.id != *instead_of);
        }
        let enrollment = &mut self.out.state.hot.enrollments[index];
        if message.call.is_some() {
            // Nothing is said to the contact, so nothing keeps apart from it.
            self.out.messages.push(message);
            return;
        }
        let delayed = matches!(enrollment.waiting, Waiting::Permit { .. })
            || matches!(outcome, StepOutcome::Merged { .. });
        enrollment.delayed_at = delayed.then_some(at);
        // What is said after an operator moved the run is not taken back with what was said before.
        if self.out.cancel.contains(&message.enrollment) {
            self.out.spared.push(message.id);
        }
        self.out.messages.push(message);
    }

    /// Ends an enrollment. One that ends before its time takes back what it has not begun to say.
    pub(super) fn exit(&mut self, index: usize, at: DateTime<Utc>, reason: ExitReason) {
        self.record_step(index, at, StepOutcome::Exited { reason: reason.clone() }, None);
        let enrollment = self.out.state.hot.enrollments.remove(index);
        let leaves = is_on(Bug::ExitLeavesMessages);
        if !leaves && !keeps_what_it_said(&reason) {
            self.cancel(enrollment.id);
        }
        let contact = self.contact_id().clone();
        self.remember_exit(&enrollment, &reason, at);
        self.journey_left(&enrollment, &reason, at);
        let cause = InputId::from_step(enrollment.id, enrollment.ordinal);
        let awaits = |other: &Enrollment| matches!(&other.waiting, Waiting::Enrollment { enrollment: awaited, .. } if *awaited == enrollment.id);
        let awaited = self.out.state.hot.enrollments.iter().any(awaits);
        let undo = self.to_undo(&enrollment, &reason);
        let ended = enrollment;
        let (journey, enrollment) = (ended.journey.clone(), ended.id);
        if awaited || self.program.doors().cares_for_end(&journey) {
            let end = Happening::Ended { enrollment, journey: journey.clone(), reason: reason.clone() };
            self.queue(end, cause, at);
        }
        let exited = Signal::Exited { contact, enrollment, journey, reason: reason.clone(), at };
        self.out.signals.push(exited);
        self.undo(&ended, &reason, undo, cause, at);
    }

    /// Takes back everything that an enrollment has decided by now and not begun to say.
    pub(super) fn cancel(&mut self, enrollment: EnrollmentId) {
        self.out.cancel.push(enrollment);
        let messages = &self.out.messages;
        let own = |id: &MessageId| messages.iter().any(|one| one.id == *id && one.enrollment == enrollment);
        self.out.spared.retain(|id| !own(id));
    }

    /// When a contact left counts for those journeys alone whose re-entry asks for it.
    fn remember_exit(&mut self, enrollment: &Enrollment, reason: &ExitReason, at: DateTime<Utc>) {
        // Who found no place was never inside.
        let full = (*reason == ExitReason::Full).then_some(enrollment.before);
        let moved = enrollment.date.as_ref().filter(|_| *reason == ExitReason::DateMoved);
        let entries = &mut self.out.state.hot.entries;
        if let Some(before) = full.or(moved.map(|date| date.before)) {
            let entered_at = enrollment.entered_at.timestamp_millis();
            // An entry since then counts all the same.
            match (
                before,
                entries.get_mut(&enrollment.journey).filter(|passage| passage.entered_at == entered_at),
            ) {
                (_, None) => {}
                (Some(before), Some(passage)) => passage.entered_at = before,
                (None, Some(_)) => drop(entries.remove(&enrollment.journey)),
            }
            return;
        }
        let journey = self.program.newest(&enrollment.journey);
        let counts =
            journey.is_some_and(|journey| matches!(journey.reentry.again, Some((_, CountedFrom::Exit))));
        if let Some(passage) = self.out.state.hot.entries.get_mut(&enrollment.journey).filter(|_| counts) {
            passage.leave(enrollment.key.as_ref(), at);
        }
    }

    pub(super) fn record_step(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        outcome: StepOutcome,
        next: Option<NodeId>,
    ) {
        self.remember_what_is_done(index, &outcome);
        let keeps_back = matches!(outcome, StepOutcome::Refused { .. } | StepOutcome::Deferred { .. });
        let is_send = || {
            let node = self.standing_node(index);
            node.is_some_and(|node| matches!(node.kind, NodeKind::Send(_))) && !is_on(Bug::StepByNoRules)
        };
        let policy = (keeps_back && is_send()).then(|| self.program.edition.clone());
        let enrollment = &mut self.out.state.hot.enrollments[index];
        self.out.steps.push(Step::new(enrollment, at, outcome, next).by(policy));
        enrollment.ordinal = enrollment.ordinal.saturating_add(1);
    }
}
