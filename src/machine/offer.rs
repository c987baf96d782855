//! Places of offers: a step asks for one, keeps it, or gives it back; what is not kept is given back when the run ends.

use chrono::{DateTime, Utc};

use super::node::Move;
use super::transition::Run;
use crate::journey::{Confirm, Journey, Node, NodeKind, Reserve, Target};
use crate::model::{
    Answer, Attributes, Call, Enrollment, ExitReason, Hold, Message, MessageId, Name, NodeId, Offer, Reason,
    StepOutcome, Value, Waiting, derive_place,
};
use crate::seeded::{Bug, is_on};

/// The word by which a quota says that a place is given or kept.
const PLACE: &str = "place";

impl Run<'_> {
    /// Asks for a place, and waits for the answer.
    pub(super) fn reserve(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        journey: &Journey,
        reserve: &Reserve,
    ) -> Move {
        let zone = self.zone(journey);
        let enrollment = &self.out.state.hot.enrollments[index];
        let until = zone.add(at, reserve.within);
        let known = enrollment.offers.get(&reserve.offer);
        // A place that is held already is asked for once more under its own key, and so is the same.
        let key = match known {
            // What gives a place back may be overtaken by the question for the next one, and must not meet it.
            Some(offer) if offer.hold == Hold::Released => derive_place(enrollment.id, &offer.key),
            Some(offer) => offer.key.clone(),
            None => derive_place(enrollment.id, &reserve.offer),
        };
        let expires_at = match known {
            Some(offer) if offer.stands(at) => offer.expires_at,
            _ => zone.add(at, reserve.expires),
        };
        let mut with = asked(&reserve.offer, &key);
        with.insert("until".into(), Value::from(expires_at));
        if let Some(most) = reserve.most {
            with.insert("most".into(), Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
        }
        let call = Call { ask: "reserve".into(), with, due_at: None };
        let message = self.call_message(index, at, reserve.quota.clone(), call, Some(until));
        let enrollment = &mut self.out.state.hot.enrollments[index];
        if !known_and_kept(enrollment, &reserve.offer, at) {
            let offer = Offer::asked(reserve.quota.clone(), key, expires_at);
            enrollment.offers.insert(reserve.offer.clone(), offer);
        }
        waits(message, until)
    }

    /// Keeps the place for good, and waits for the answer; who holds none goes on as if none were left.
    pub(super) fn confirm(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        journey: &Journey,
        confirm: &Confirm,
    ) -> Move {
        let enrollment = &self.out.state.hot.enrollments[index];
        let held = enrollment.offers.get(&confirm.offer).filter(|offer| offer.stands(at));
        let Some(offer) = held else {
            return Move::go(StepOutcome::Refused { reasons: vec![Reason::NoPlace] }, confirm.full);
        };
        let call = Call { ask: "confirm".into(), with: asked(&confirm.offer, &offer.key), due_at: None };
        let quota = offer.quota.clone();
        let until = self.zone(journey).add(at, confirm.within);
        waits(self.call_message(index, at, quota, call, Some(until)), until)
    }

    /// Gives the place back, and waits for nothing.
    pub(super) fn release(&mut self, index: usize, at: DateTime<Utc>, node: &Node, offer: &Name) -> Move {
        let enrollment = &mut self.out.state.hot.enrollments[index];
        let held = enrollment.offers.get_mut(offer).filter(|offer| offer.hold != Hold::Released);
        let Some(held) = held else {
            return Move::go(StepOutcome::Refused { reasons: vec![Reason::NoPlace] }, node.next);
        };
        held.hold = Hold::Released;
        let call = Call { ask: "release".into(), with: asked(offer, &held.key), due_at: None };
        let quota = held.quota.clone();
        let message = self.call_message(index, at, quota, call, None);
        let outcome = StepOutcome::Called { message: message.id };
        Move::Go { outcome, to: node.next, message: Some(message) }
    }

    fn call_message(
        &self,
        index: usize,
        at: DateTime<Utc>,
        quota: Name,
        call: Call,
        not_after: Option<DateTime<Utc>>,
    ) -> Message {
        let enrollment = &self.out.state.hot.enrollments[index];
        Message {
            id: MessageId::derive(enrollment.id, enrollment.ordinal, at),
            contact: self.contact_id().clone(),
            enrollment: enrollment.id,
            journey: enrollment.journey.clone(),
            version: enrollment.version,
            node: enrollment.node.clone(),
            channel: quota,
            template: Default::default(),
            purpose: Default::default(),
            decided_at: at,
            not_after,
            wanted_by: None,
            call: Some(call),
            variables: Attributes::new(),
            sharing: None,
        }
    }

    /// A quota has answered; false where the enrollment does not stand at a step that asks one.
    pub(super) fn place_answered(
        &mut self,
        index: usize,
        at: DateTime<Utc>,
        message: MessageId,
        answer: &Answer,
    ) -> bool {
        let Some(node) = self.standing_node(index) else { return false };
        let (offer, hold, full, at_the_door) = match &node.kind {
            NodeKind::Reserve(reserve) => (&reserve.offer, Hold::Held, reserve.full, reserve.at_the_door),
            NodeKind::Confirm(confirm) => (&confirm.offer, Hold::Confirmed, confirm.full, false),
            _ => return false,
        };
        let (offer, next) = (offer.clone(), node.next);
        let given = answer.result.as_deref() == Some(PLACE);
        let remaining = match answer.values.get("remaining") {
            Some(Value::Integer(remaining)) => u64::try_from(*remaining).ok(),
            _ => None,
        };
        let offers = &mut self.out.state.hot.enrollments[index].offers;
        if !given {
            offers.remove(&offer);
        } else if let Some(held) = offers.get_mut(&offer) {
            // What is kept stays so, whoever asks for it once more.
            held.hold = if held.hold == Hold::Confirmed { Hold::Confirmed } else { hold };
            held.remaining = remaining.filter(|_| hold == Hold::Held).unwrap_or(held.remaining);
        }
        let outcome = StepOutcome::Answered { message, result: answer.result.clone() };
        if !given && at_the_door {
            self.record_step(index, at, outcome, None);
            self.exit(index, at, ExitReason::Full);
        } else {
            self.leave(index, at, outcome, Some(if given { next } else { full }));
        }
        true
    }

    /// A quota said nothing in time, or no; where that leads, if the enrollment stands at a step that asks one.
    pub(super) fn place_unknown(&mut self, index: usize, at: DateTime<Utc>, outcome: &StepOutcome) -> bool {
        let otherwise: Option<Target> = match self.standing_node(index).map(|node| &node.kind) {
            Some(NodeKind::Reserve(reserve)) => Some(reserve.otherwise).filter(|_| !reserve.at_the_door),
            Some(NodeKind::Confirm(confirm)) => Some(confirm.otherwise),
            _ => return false,
        };
        match otherwise {
            Some(otherwise) => self.leave(index, at, outcome.clone(), Some(otherwise)),
            None => {
                self.record_step(index, at, outcome.clone(), None);
                self.exit(index, at, ExitReason::Full);
            }
        }
        true
    }

    /// The nodes that give back what a run that ends has not kept, the last one first.
    pub(super) fn to_release(&self, enrollment: &Enrollment, reason: &ExitReason) -> Vec<NodeId> {
        let Some(journey) = self.program.journey_of(enrollment) else { return Vec::new() };
        if enrollment.undoing || is_on(Bug::PlaceKept) {
            return Vec::new();
        }
        let held = enrollment.offers.iter().filter(|(_, offer)| match offer.hold {
            Hold::Asked | Hold::Held => true,
            // What gives it back has perhaps not begun, and is taken back with the rest.
            Hold::Released => !keeps_what_it_said(reason),
            Hold::Confirmed => false,
        });
        let nodes = held.filter_map(|(offer, _)| journey.undoing.releases.get(offer).cloned());
        let mut nodes: Vec<NodeId> = nodes.collect();
        nodes.reverse();
        nodes
    }
}

/// Whether a run that ends so leaves in the outbox what it decided.
pub(super) fn keeps_what_it_said(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Completed | ExitReason::Exit(_) | ExitReason::Undone)
}

fn known_and_kept(enrollment: &Enrollment, offer: &Name, at: DateTime<Utc>) -> bool {
    enrollment.offers.get(offer).is_some_and(|offer| offer.stands(at))
}

fn asked(offer: &Name, key: &Name) -> Attributes {
    [("offer".into(), Value::Text(offer.clone())), ("key".into(), Value::Text(key.clone()))].into()
}

fn waits(message: Message, until: DateTime<Utc>) -> Move {
    Move::Stay {
        waiting: Waiting::Answer { message: message.id, until },
        outcome: Some(StepOutcome::Called { message: message.id }),
        message: Some(message),
    }
}
