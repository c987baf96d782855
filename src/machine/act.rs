//! Steps that change something: the contact, its scores, its other journeys.

use chrono::{DateTime, Utc};

use super::happen::{Happening, MOST_GENERATIONS};
use super::node::Move;
use super::score::Granted;
use super::state::ContactState;
use super::transition::{Run, Signal};
use crate::journey::{Enter, Journey, Node, NodeKind, Set, Target};
use crate::model::{Attributes, EnrollmentId, Event, Fact, InputId, JourneyId, Name, StepOutcome, Waiting};
use crate::rule::Expression;
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// Does what a node of such a kind does; `None` for every other kind.
    pub(super) fn act(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        journey: &Journey,
        node: &Node,
    ) -> Option<Move> {
        let outcome = match &node.kind {
            NodeKind::Set(set) => self.set(index, at, set),
            NodeKind::Score { score, add } => self.score(index, at, score, *add),
            NodeKind::Emit { event, properties } => self.emit(index, at, event, properties),
            NodeKind::Jump { to, most } => return Some(self.jump(index, node, *to, *most)),
            NodeKind::Enter(enter) => return Some(self.enter_other(index, at, journey, node, enter)),
            NodeKind::Leave { journey } => self.leave_other(index, at, journey),
            NodeKind::Reserve(reserve) => return Some(self.reserve(index, at, journey, reserve)),
            NodeKind::Confirm(confirm) => return Some(self.confirm(index, at, journey, confirm)),
            NodeKind::Release { offer } => return Some(self.release(index, at, node, offer)),
            NodeKind::Withdraw(withdraw) => self.withdraw(index, at, withdraw),
            NodeKind::Assign(assign) => self.assign(index, at, assign),
            _ => return None,
        };
        Some(Move::go(outcome, node.next))
    }

    pub(super) fn cause(&self, index: usize) -> InputId {
        let enrollment = &self.out.state.hot.enrollments[index];
        InputId::from_step(enrollment.id, enrollment.ordinal)
    }

    fn set(&mut self, index: usize, at: DateTime<Utc>, set: &Set) -> StepOutcome {
        let cause = self.cause(index);
        let mut update = crate::model::Contact::new(self.contact_id().clone());
        update.attributes.clone_from(&set.attributes);
        update.unset.clone_from(&set.unset);
        update.tags.clone_from(&set.tags);
        update.untag.clone_from(&set.untag);
        update.attributes.extend(self.computed(index, set));
        if self.out.state.cold.contact.size() + update.size() > ContactState::MOST_SIZE {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::TooLarge { contact, input: cause, at });
            return StepOutcome::Changed;
        }
        let changed = self.changed_by(&update);
        let stirred = self.stirred_by(&update, &set.untag);
        self.touch_update(&update);
        let contact = &mut self.cold().contact;
        contact.attributes.retain(|name, _| !set.unset.contains(name));
        contact.attributes.extend(update.attributes);
        contact.tags.retain(|tag| !set.untag.contains(tag));
        contact.tags.extend(set.tags.iter().cloned());
        self.attributes_set(changed, &stirred, cause, at);
        StepOutcome::Changed
    }

    /// What a step computes, from what it sets and what was known before; what has no value is left out.
    fn computed(&self, index: usize, set: &Set) -> Attributes {
        if set.computed.is_empty() {
            return Attributes::new();
        }
        let mut contact = self.out.state.cold.contact.clone();
        if !is_on(Bug::ComputesTooEarly) {
            contact.attributes.retain(|name, _| !set.unset.contains(name));
            contact
                .attributes
                .extend(set.attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
            contact.tags.retain(|tag| !set.untag.contains(tag));
            contact.tags.extend(set.tags.iter().cloned());
        }
        let mut facts = self.facts_of(&self.out.state.hot.enrollments[index]);
        facts.contact = &contact;
        let known = |(name, expression): &(Name, Expression)| Some((name.clone(), expression.value(&facts)?));
        set.computed.iter().filter_map(known).collect()
    }

    fn score(&mut self, index: usize, at: DateTime<Utc>, score: &Name, add: i64) -> StepOutcome {
        let cause = self.cause(index);
        if let Some(told) = self.grant(score, Granted::Points(add), cause, at) {
            if !told.is_empty() {
                self.queue(Happening::Rated(told), cause, at);
            }
            return StepOutcome::Scored { value: self.out.state.hot.rating.score(score) };
        }
        let before = self.out.state.hot.rating.score(score);
        if self.is_unprofiled_fact(&Fact::Score { score: score.clone(), value: before }) {
            return StepOutcome::Scored { value: before };
        }
        let value = before.saturating_add(add);
        let fact = Fact::Score { score: score.clone(), value };
        // The following steps of the walk see it, and a second step adds to it.
        let is_news = self.out.state.hot.rating.apply(&fact);
        self.touch_fact(&fact);
        if is_news {
            self.queue(Happening::Scored { fact, before }, cause, at);
        }
        StepOutcome::Scored { value }
    }

    fn emit(&mut self, index: usize, at: DateTime<Utc>, name: &Name, properties: &Attributes) -> StepOutcome {
        let cause = self.cause(index);
        let mut event = Event::new(self.contact_id().clone(), name.clone());
        event.properties.clone_from(properties);
        match self.queue(Happening::Event(event), cause, at) {
            true => StepOutcome::Emitted { event: name.clone() },
            false => StepOutcome::Dropped { event: name.clone() },
        }
    }

    fn jump(&mut self, index: usize, node: &Node, to: Target, most: u16) -> Move {
        let jumps = &mut self.out.state.hot.enrollments[index].jumps;
        let taken = jumps.get(&node.id).copied().unwrap_or(0);
        if taken >= most && !is_on(Bug::JumpsForEver) {
            return Move::go(StepOutcome::Jumped { taken: false }, node.next);
        }
        jumps.insert(node.id.clone(), taken.saturating_add(1));
        Move::go(StepOutcome::Jumped { taken: true }, to)
    }

    fn enter_other(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        journey: &Journey,
        node: &Node,
        enter: &Enter,
    ) -> Move {
        let cause = self.cause(index);
        let target = self.program.newest(&enter.journey);
        let allowed = target
            .is_some_and(|target| target.reentry.one_per.is_none() && self.may_enter(target, None, true, at));
        let enrollment = self.enrollment_id(&enter.journey, cause, "");
        let open = Happening::Open { journey: enter.journey.clone(), enrollment };
        if !allowed || self.generation >= MOST_GENERATIONS || !self.queue(open, cause, at) {
            return Move::go(StepOutcome::Opened { enrollment: None }, enter.otherwise);
        }
        let outcome = StepOutcome::Opened { enrollment: Some(enrollment) };
        match enter.within {
            None => Move::go(outcome, node.next),
            Some(within) => {
                let until = self.zone(journey).add(at, within);
                Move::Stay {
                    waiting: Waiting::Enrollment { enrollment, until },
                    outcome: Some(outcome),
                    message: None,
                }
            }
        }
    }

    fn leave_other(&mut self, index: usize, at: DateTime<Utc>, journey: &JourneyId) -> StepOutcome {
        let cause = self.cause(index);
        let runs = self
            .out
            .state
            .hot
            .enrollments
            .iter()
            .filter(|other| other.journey == *journey && !other.undoing)
            .count();
        self.queue(Happening::Leave { journey: journey.clone() }, cause, at);
        StepOutcome::Left { runs: u16::try_from(runs).unwrap_or(u16::MAX) }
    }

    /// The other journey did not let the contact in after all: who waits for its end goes on as if it had not ended in time.
    pub(super) fn not_opened(&mut self, enrollment: EnrollmentId, at: DateTime<Utc>) {
        let awaits = |waiting: &Waiting| matches!(waiting, Waiting::Enrollment { enrollment: other, .. } if *other == enrollment);
        if let Some(index) = self.out.state.hot.enrollments.iter().position(|other| awaits(&other.waiting)) {
            self.returned(index, at, None);
        }
    }
}
