//! A run begins in the place of one whose end asks that what was done be undone: newest first.

use chrono::{DateTime, Utc};

use super::offer::keeps_what_it_said;
use super::transition::{Run, Signal};
use crate::journey::undo::{is_done, is_taken_back};
use crate::journey::{Journey, Target};
use crate::model::{Enrollment, ExitReason, Hold, InputId, NodeId, StepOutcome, Waiting};
use crate::seeded::{Bug, is_on};

/// What tells the run that undoes from those that are entered.
pub(super) const UNDO: &str = "undo";

impl Run<'_> {
    /// Remembers what a step did that could be undone.
    pub(super) fn remember_what_is_done(&mut self, index: usize, outcome: &StepOutcome) {
        let program = self.program;
        let enrollment = &mut self.out.state.hot.enrollments[index];
        if enrollment.undoing {
            return;
        }
        let Some(journey) = program.journey_of(enrollment) else { return };
        let Some(nodes) = journey.undoing.nodes.get(&enrollment.node) else { return };
        let node = journey.node(&enrollment.node).and_then(|node| journey.nodes.get(node));
        if !node.is_some_and(|node| is_done(node, outcome)) {
            return;
        }
        // The last one is undone first, and what undoes one step keeps its order.
        enrollment.undo.extend(nodes.iter().rev().cloned());
        let most = Enrollment::MOST_TO_UNDO;
        enrollment.undo.drain(..enrollment.undo.len().saturating_sub(most));
    }

    /// What was asked and refused is nothing that could be undone.
    pub(super) fn forget_what_is_not_done(&mut self, index: usize, outcome: &StepOutcome) {
        let program = self.program;
        let enrollment = &mut self.out.state.hot.enrollments[index];
        let awaited = matches!(
            enrollment.waiting,
            Waiting::Answer { .. } | Waiting::Answered { .. } | Waiting::Refused { .. }
        );
        let Some(journey) = program.journey_of(enrollment).filter(|_| awaited && !enrollment.undoing) else {
            return;
        };
        let Some(nodes) = journey.undoing.nodes.get(&enrollment.node) else { return };
        let node = journey.node(&enrollment.node).and_then(|node| journey.nodes.get(node));
        if node.is_some_and(|node| is_taken_back(node, outcome)) {
            enrollment.undo.truncate(enrollment.undo.len().saturating_sub(nodes.len()));
        }
    }

    /// What the end of a run asks to be done in its place.
    pub(super) fn to_undo(&self, enrollment: &Enrollment, reason: &ExitReason) -> Vec<NodeId> {
        let Some(journey) = self.program.journey_of(enrollment).filter(|_| !enrollment.undoing) else {
            return Vec::new();
        };
        let asked = journey.undoing.on.contains(&reason.word());
        let known = |node: &NodeId| journey.node(node).is_some();
        let undo = enrollment.undo.iter().filter(|_| asked).cloned();
        // Places are given back when all else is undone.
        self.to_release(enrollment, reason).into_iter().chain(undo).filter(known).collect()
    }

    /// Begins the run that undoes, in the place of one that ended.
    pub(super) fn undo(
        &mut self,
        ended: &Enrollment,
        reason: &ExitReason,
        undo: Vec<NodeId>,
        cause: InputId,
        at: DateTime<Utc>,
    ) {
        let first = if is_on(Bug::UndoForwards) { undo.first() } else { undo.last() };
        let Some(first) = first.cloned() else { return };
        let id = self.enrollment_id(&ended.journey, cause, UNDO);
        let journey = ended.journey.clone();
        let mut enrollment = Enrollment::new(id, journey.clone(), ended.version, at, first.clone(), None);
        enrollment.key.clone_from(&ended.key);
        enrollment.offers.clone_from(&ended.offers);
        if !keeps_what_it_said(reason) {
            // What gave a place back has perhaps not begun, and was taken back with the rest.
            for (_, offer) in enrollment.offers.iter_mut().filter(|(_, offer)| offer.hold == Hold::Released) {
                offer.hold = Hold::Held;
            }
        }
        enrollment.undo = undo;
        enrollment.undoing = true;
        let contact = self.contact_id().clone();
        self.out.signals.push(Signal::Entered { contact, enrollment: id, journey, at });
        self.out.state.hot.enrollments.push(enrollment);
        let index = self.out.state.hot.enrollments.len() - 1;
        self.record_step(index, at, StepOutcome::Entered, Some(first));
        self.walk(index, at, None);
    }

    /// The node to visit: the edge's, or the next thing to undo.
    pub(super) fn visited(&mut self, index: usize, journey: &Journey, target: Target) -> Target {
        let enrollment = &mut self.out.state.hot.enrollments[index];
        if !enrollment.undoing {
            return target;
        }
        let next = match enrollment.undo.is_empty() {
            false if is_on(Bug::UndoForwards) => Some(enrollment.undo.remove(0)),
            _ => enrollment.undo.pop(),
        };
        journey.node(&next?)
    }

    /// The node that a step leads to: the edge's, or the next thing to undo.
    pub(super) fn led_to(&self, index: usize, journey: &Journey, target: Target) -> Option<NodeId> {
        let enrollment = &self.out.state.hot.enrollments[index];
        if !enrollment.undoing {
            return Some(journey.nodes.get(target?)?.id.clone());
        }
        let undo = &enrollment.undo;
        if is_on(Bug::UndoForwards) { undo.first().cloned() } else { undo.last().cloned() }
    }
}
