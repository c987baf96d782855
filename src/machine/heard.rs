//! What happened to a contact, as segments and audiences count it: the host's events, those of steps, and what journeys and
//! messages made happen.

use chrono::{DateTime, Utc};

use super::recount::{Past, is_edge};
use super::segment::{is_completed, was_inside};
use super::{ContactState, Envelope, InputKind, Program};
use crate::journey::NodeKind;
use crate::model::{
    Attributes, ContactId, Delivery, DeliveryStatus, Event, ExitReason, JourneyId, Name, Step, StepOutcome,
    Value,
};

/// What a journey that was entered made happen.
pub(super) const ENTERED: &str = "journey.entered";
/// What the end of a run made happen.
pub(super) const LEFT: &str = "journey.left";
/// What a message that a channel took made happen.
pub(super) const SENT: &str = "message.sent";

impl Program {
    /// Everything that happened to a contact by what it read and by its steps, each with its instant: events, also those that
    /// an import told of, that a step emitted, or that are still to come; `journey.entered`, `journey.left` and `message.sent`.
    /// Events that were retracted are left out.
    ///
    /// `inputs` are those that the contact has read, in order; `steps` what its journeys did meanwhile.
    ///
    /// ```
    /// use journeyman::Event;
    /// use journeyman::machine::{ContactState, Envelope, Input, Program};
    /// use journeyman::model::InputId;
    ///
    /// let at = "2026-03-23T09:00:00Z".parse()?;
    /// let input = Input::from(Event::new("lea", "app.opened"));
    /// let mail = [Envelope::new(1, InputId::from_place(&input.contact, 1), at, input.kind)];
    /// let heard = Program::of([]).heard(&ContactState::new("lea".into()), &mail, &[]);
    /// assert_eq!((&*heard[0].name, heard[0].at), ("app.opened", Some(at)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn heard(&self, contact: &ContactState, inputs: &[Envelope], steps: &[Step]) -> Vec<Event> {
        let id = &contact.cold.contact.id;
        let undoing = self.undoing(id, steps);
        let mut heard = Vec::new();
        for past in self.past(inputs, steps) {
            match past {
                Past::Told(envelope) => told(envelope, id, &mut heard),
                Past::Did(step) if undoing.contains(&step.enrollment) && is_edge(step) => {}
                Past::Did(step) => heard.extend(self.made_by(step, id)),
            }
        }
        heard
    }

    fn made_by(&self, step: &Step, contact: &ContactId) -> Option<Event> {
        let (name, properties): (Name, Attributes) = match (&step.outcome, self.did_by(step)) {
            (StepOutcome::Entered, _) => (ENTERED.into(), entered(&step.journey)),
            (StepOutcome::Exited { reason }, _) if !was_inside(reason) => return None,
            (StepOutcome::Exited { reason }, _) => (LEFT.into(), left(&step.journey, reason)),
            (_, Some(kind)) => emitted(step, kind)?,
            _ => return None,
        };
        Some(happened(contact, name, properties, step.at))
    }
}

/// What a step made happen by what it says, or by what did not come in time.
pub(super) fn emitted(step: &Step, kind: &NodeKind) -> Option<(Name, Attributes)> {
    match (&step.outcome, kind) {
        (StepOutcome::Emitted { .. }, NodeKind::Emit { event, properties }) => {
            Some((event.clone(), properties.clone()))
        }
        (StepOutcome::TimedOut, NodeKind::Call(call)) => call.overdue(&step.journey, &step.node),
        _ => None,
    }
}

/// What an input tells of.
fn told(envelope: &Envelope, contact: &ContactId, heard: &mut Vec<Event>) {
    let received_at = envelope.received_at;
    match &envelope.kind {
        InputKind::Event(event) => heard.push(event.clone().at(event.at.unwrap_or(received_at))),
        InputKind::Import { row, .. } => {
            let events = row.events.iter();
            heard.extend(
                events.map(|event| event.clone().at(event.at.unwrap_or(received_at).min(received_at))),
            );
        }
        InputKind::Delivery(delivery) => {
            let sent =
                sent(delivery).map(|sent| happened(contact, SENT.into(), sent, delivery.at.min(received_at)));
            heard.extend(sent);
        }
        _ => {}
    }
}

fn happened(contact: &ContactId, name: Name, properties: Attributes, at: DateTime<Utc>) -> Event {
    Event { properties, ..Event::new(contact.clone(), name).at(at) }
}

/// What is known of a journey that was entered.
pub(super) fn entered(journey: &JourneyId) -> Attributes {
    Attributes::from([("journey".into(), text(journey.as_str()))])
}

/// What is known of the end of a run.
pub(super) fn left(journey: &JourneyId, reason: &ExitReason) -> Attributes {
    Attributes::from([
        ("journey".into(), text(journey.as_str())),
        ("reason".into(), Value::Text(reason.word())),
        ("completed".into(), Value::Bool(is_completed(reason))),
    ])
}

/// What is known of a message that its channel took; `None` for any other answer, and for a call to the host.
pub(super) fn sent(delivery: &Delivery) -> Option<Attributes> {
    let (channel, template) = (delivery.channel.as_ref()?, delivery.template.as_ref()?);
    let journey = delivery.journey.as_ref()?;
    (delivery.status == DeliveryStatus::Accepted).then(|| {
        Attributes::from([
            ("message".into(), text(&delivery.message.to_string())),
            ("channel".into(), Value::Text(channel.clone())),
            ("template".into(), Value::Text(template.clone())),
            ("journey".into(), text(journey.as_str())),
        ])
    })
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}
