//! What an operator does by hand: to the bar of a journey, and to single runs.

use chrono::{DateTime, Utc};

use super::state::ContactState;
use super::transition::Run;
use crate::model::{
    Deed, EnrollmentId, ExitReason, Held, InputId, JourneyId, NodeId, Operated, Operation, OperationKind,
    StepOutcome, Waiting,
};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// What concerns a run that has ended meanwhile, or a step that its version does not have, changes nothing.
    pub(super) fn operate(&mut self, operation: &Operation, input: InputId, at: DateTime<Utc>) {
        let by = &operation.by;
        match &operation.what {
            OperationKind::Eject { journey } => self.eject(journey, by, at),
            OperationKind::Admit { journey } => drop(self.out.state.hot.barred.remove(journey)),
            OperationKind::Enroll { journey } => self.enroll(journey, by, input, at),
            OperationKind::Move { enrollment, node } => self.put_at(*enrollment, node, by, at),
            OperationKind::Hold { enrollment } => self.hold(*enrollment, by, at),
            OperationKind::Release { enrollment } => self.let_go(*enrollment, by, at),
        }
    }

    pub(super) fn is_barred(&self, journey: &JourneyId) -> bool {
        self.out.state.hot.barred.contains_key(journey)
    }

    fn eject(&mut self, journey: &JourneyId, by: &Deed, at: DateTime<Utc>) {
        let barred = &mut self.out.state.hot.barred;
        let room = barred.len() < ContactState::MOST_BARRED || barred.contains_key(journey);
        if room && !is_on(Bug::EjectForgets) {
            barred.insert(journey.clone(), by.clone());
        }
        let enrollments = |run: &Self| {
            run.out.state.hot.enrollments.iter().position(|other| other.journey == *journey && !other.undoing)
        };
        while let Some(index) = enrollments(self) {
            self.operated(index, at, Operated::Ejected, by, None);
            self.exit(index, at, ExitReason::Ejected);
        }
    }

    /// By hand one enters whatever the re-entry says; the window, a pause and an active run say no all the same.
    fn enroll(&mut self, journey: &JourneyId, by: &Deed, input: InputId, at: DateTime<Utc>) {
        self.out.state.hot.barred.remove(journey);
        let program = self.program;
        let Some(journey) = program.newest(journey) else { return };
        let open = !self.is_closed(journey, at) && self.is_free(journey, None);
        if open && journey.reentry.one_per.is_none() {
            let id = self.enrollment_id(&journey.id, input, "");
            self.enter_by(journey, id, None, None, Some(by), at);
        }
    }

    fn put_at(&mut self, enrollment: EnrollmentId, node: &NodeId, by: &Deed, at: DateTime<Utc>) {
        let Some(index) = self.position(enrollment) else { return };
        let standing = &self.out.state.hot.enrollments[index];
        if standing.undoing {
            return; // a list and no graph: there is no other place to be
        }
        let Some(target) = self.program.journey_of(standing).and_then(|journey| journey.node(node)) else {
            return;
        };
        let still = self.program.is_still(standing, at);
        self.cancel(enrollment);
        self.operated(index, at, Operated::Moved, by, Some(node.clone()));
        let standing = &mut self.out.state.hot.enrollments[index];
        standing.node = node.clone();
        standing.arrived_at = at;
        // Nothing of what it waited for at the other step counts at this one.
        standing.waiting = if still { Waiting::Moved { at } } else { Waiting::Until { at } };
        if !still {
            self.walk(index, at, Some(target));
        }
    }

    /// A run that was put at a step while it could not go on arrives there.
    pub(super) fn arrive(&mut self, index: usize, at: DateTime<Utc>) {
        let standing = &mut self.out.state.hot.enrollments[index];
        standing.arrived_at = at;
        standing.waiting = Waiting::Until { at };
        self.revisit(index, at);
    }

    fn hold(&mut self, enrollment: EnrollmentId, by: &Deed, at: DateTime<Utc>) {
        let Some(index) = self.position(enrollment) else { return };
        let held = self.out.state.hot.enrollments[index].held;
        if held.is_some_and(|held| held.until.is_none()) {
            return;
        }
        self.operated(index, at, Operated::Held, by, None);
        // What an earlier hold put off and a pause keeps back since then is put off by both.
        self.out.state.hot.enrollments[index].held = Some(Held::new(held.map_or(at, |held| held.from)));
    }

    /// What was due meanwhile happens now, or when the pause of its journey ends.
    fn let_go(&mut self, enrollment: EnrollmentId, by: &Deed, at: DateTime<Utc>) {
        let Some(index) = self.position(enrollment) else { return };
        let held = self.out.state.hot.enrollments[index].held.filter(|held| held.until.is_none());
        if let Some(held) = held {
            self.operated(index, at, Operated::Released, by, None);
            self.out.state.hot.enrollments[index].held = Some(Held { until: Some(at), ..held });
        }
    }

    pub(super) fn operated(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        what: Operated,
        by: &Deed,
        next: Option<NodeId>,
    ) {
        self.record_step(index, at, StepOutcome::Operated { what, by: by.clone() }, next);
    }
}
