//! The host's answer to a call: the first one is taken, and leads on.

use chrono::{DateTime, Utc};

use super::state::ContactState;
use super::transition::{Run, Signal};
use crate::journey::{CallNode, NodeKind};
use crate::model::{
    Answer, Attributes, Contact, DeliveryStatus, MessageId, Name, Reason, StepOutcome, Value, Waiting,
};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// The host answers; an answer that nobody waits for changes nothing.
    pub(super) fn answer(&mut self, message: MessageId, answer: &Answer, at: DateTime<Utc>) {
        let waiting = self.awaits_answer(message);
        let any = |waiting: &Waiting| matches!(waiting, Waiting::Answer { .. }) && is_on(Bug::AnswerTwice);
        let other = || self.out.state.hot.enrollments.iter().position(|one| any(&one.waiting));
        let Some(index) = waiting.or_else(other) else { return };
        if self.program.is_still(&self.out.state.hot.enrollments[index], at) {
            let answer = answer.clone();
            self.out.state.hot.enrollments[index].waiting = Waiting::Answered { at, message, answer };
        } else {
            self.answered(index, at, message, answer);
        }
    }

    /// Whether this answers a call, or says that it came to nothing; one that is only taken is still to be answered.
    pub(super) fn call_settled(
        &mut self,
        message: MessageId,
        status: &DeliveryStatus,
        at: DateTime<Utc>,
    ) -> bool {
        let reasons = match status {
            DeliveryStatus::Answered { answer } if self.awaits_answer(message).is_some() => {
                self.answer(message, answer, at);
                return true;
            }
            DeliveryStatus::Refused { reasons } => reasons.clone(),
            DeliveryStatus::Parked => vec![Reason::Channel("unknown".into())],
            _ => return false,
        };
        let Some(index) = self.awaits_answer(message) else { return false };
        if self.program.is_still(&self.out.state.hot.enrollments[index], at) {
            self.out.state.hot.enrollments[index].waiting = Waiting::Refused { at, message, reasons };
        } else {
            self.call_ends(index, at, reasons);
        }
        true
    }

    fn awaits_answer(&self, message: MessageId) -> Option<usize> {
        let awaits = |waiting: &Waiting| match waiting {
            Waiting::Answer { message: asked, .. } => *asked == message,
            _ => false,
        };
        self.out.state.hot.enrollments.iter().position(|enrollment| awaits(&enrollment.waiting))
    }

    /// Takes an answer in and walks on; one that is not as declared counts as a refusal.
    pub(super) fn answered(&mut self, index: usize, at: DateTime<Utc>, message: MessageId, answer: &Answer) {
        if self.place_answered(index, at, message, answer) {
            return;
        }
        let Some(NodeKind::Call(call)) = self.standing_node(index).map(|node| &node.kind) else {
            return self.leave(index, at, StepOutcome::TimedOut, None);
        };
        let values = match values_of(call, answer) {
            Ok(values) => values,
            Err(name) => return self.call_ends(index, at, vec![Reason::Answer(name)]),
        };
        if let Err(name) = self.learn(index, at, values) {
            return self.call_ends(index, at, vec![Reason::Answer(name)]);
        }
        let next = self.standing_node(index).map(|node| match &node.kind {
            NodeKind::Call(call) => {
                let named = call.results.iter().find(|(is, _)| Some(is) == answer.result.as_ref());
                named.map_or(node.next, |(_, target)| *target)
            }
            _ => node.next,
        });
        let result = answer.result.clone();
        self.leave(index, at, StepOutcome::Answered { message, result }, next);
    }

    /// The host was not asked, or said no: the call's own way out.
    pub(super) fn call_ends(&mut self, index: usize, at: DateTime<Utc>, reasons: Vec<Reason>) {
        let outcome = StepOutcome::Refused { reasons: reasons.clone() };
        if self.place_unknown(index, at, &outcome) {
            return;
        }
        let refused = self.standing_node(index).and_then(|node| match &node.kind {
            NodeKind::Call(call) => Some(call.refused),
            _ => None,
        });
        self.leave(index, at, StepOutcome::Refused { reasons }, refused);
    }

    /// Gives the contact what is known now; what would make it too large is left out whole, and named.
    pub(super) fn learn(&mut self, index: usize, at: DateTime<Utc>, values: Attributes) -> Result<(), Name> {
        let Some(first) = values.keys().next().cloned() else { return Ok(()) };
        let cause = self.cause(index);
        let mut update = Contact::new(self.contact_id().clone());
        update.attributes = values;
        if self.out.state.cold.contact.size() + update.size() > ContactState::MOST_SIZE {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::TooLarge { contact, input: cause, at });
            return Err(first);
        }
        let changed = self.changed_by(&update);
        let stirred = self.stirred_by(&update, &update.untag);
        self.touch_update(&update);
        self.cold().contact.attributes.extend(update.attributes);
        self.attributes_set(changed, &stirred, cause, at);
        Ok(())
    }
}

/// The values that the step declares; or the name of the first that is missing or of another kind.
fn values_of(call: &CallNode, answer: &Answer) -> Result<Attributes, Name> {
    let mut values = Attributes::new();
    for (name, kind) in &call.answer {
        let value = answer.values.get(name).and_then(|value| kind.read(value));
        values.insert(name.clone(), value.ok_or_else(|| name.clone())?);
    }
    if let Some(owner) = &call.owner {
        // Who is named is the owner, whatever else was said.
        let named = answer.result.as_ref().filter(|result| !result.trim().is_empty());
        values.insert(owner.clone(), Value::Text(named.ok_or_else(|| owner.clone())?.clone()));
    }
    Ok(values)
}
