//! What a store remembers of one contact, as lines.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::definition::Published;
use super::line::{By, Line, Said, What};
use super::words::{code, coded};
use crate::error::StoreError;
use crate::journey::StepDefinition;
use crate::machine::InputKind;
use crate::model::{
    ContactId, Delivery, DeliveryStatus, EnrollmentId, ExitReason, MessageId, Name, NodeId, Reason, Step,
    StepOutcome,
};
use crate::port::Store;
use crate::port::store::{Definition, MessageRecord, MessageStatus};

/// What the sends of all journeys say, by journey, version and node.
#[derive(Default)]
pub(super) struct Sends<'p>(BTreeMap<(&'p str, u32), BTreeMap<NodeId, Said>>);

impl<'p> Sends<'p> {
    pub(super) fn learn(&mut self, published: &'p [Published]) {
        for one in published {
            let Definition::Journey(journey) = &one.definition else { continue };
            let sends = self.0.entry((&journey.journey, journey.version)).or_default();
            for (number, step) in (1..).zip(&journey.steps) {
                let id = step.id.as_deref().map_or_else(|| format!("step-{number}").into(), NodeId::from);
                if let Some(said) = asked(step, &id) {
                    sends.insert(id, said);
                    continue;
                }
                let Some(send) = &step.send else { continue };
                let name = |name: &Option<String>| Name::from(name.as_deref().unwrap_or_default());
                let said = Said {
                    channel: name(&send.channel),
                    template: name(&send.template),
                    purpose: name(&send.purpose),
                    ..Said::default()
                };
                sends.insert(id, said);
            }
        }
    }

    fn of(&self, step: &Step) -> Said {
        let sends = self.0.get(&(step.journey.as_str(), step.version));
        sends.and_then(|sends| sends.get(&step.node)).cloned().unwrap_or_default()
    }
}

/// What a step asks the host, where it asks.
fn asked(step: &StepDefinition, id: &NodeId) -> Option<Said> {
    let (channel, ask) = match (&step.call, &step.hand_over, &step.assign) {
        (Some(call), _, _) => (&call.channel, call.ask.as_deref().unwrap_or(id.as_str())),
        (_, Some(call), _) => (&call.channel, call.ask.as_deref().unwrap_or("hand_over")),
        (_, _, Some(assign)) => (assign.channel.as_ref()?, "assign"),
        _ => return None,
    };
    Some(Said { channel: channel.as_str().into(), template: ask.into(), ..Said::default() })
}

/// Where a line stands among those of one instant: steps, what became of their messages, and what followed from that.
type Rank = u32;

/// Every line of one contact, in order.
pub(super) async fn read(
    store: &dyn Store,
    contact: &ContactId,
    sends: &Sends<'_>,
    told: Vec<Line>,
) -> Result<Vec<Line>, StoreError> {
    let steps = store.steps(contact).await?;
    let messages = store.messages(contact).await?;
    let mail = if messages.is_empty() { Vec::new() } else { store.inputs(contact, 0, u64::MAX >> 1).await? };
    let mut passage = Passage { contact, sends, messages: &messages, lines: Vec::new() };
    passage.lines.extend(told.into_iter().map(|line| (0, line)));
    let mut ranks: BTreeMap<EnrollmentId, (DateTime<Utc>, Rank)> = BTreeMap::new();
    let mut decided: BTreeMap<MessageId, (DateTime<Utc>, Rank)> = BTreeMap::new();
    let mut ended: BTreeMap<EnrollmentId, DateTime<Utc>> = BTreeMap::new();
    for step in &steps {
        let (at, rank) = ranks.entry(step.enrollment).or_insert((step.at, 1));
        if *at != step.at {
            (*at, *rank) = (step.at, 1);
        }
        match &step.outcome {
            StepOutcome::Settled { .. } => *rank += 2,
            StepOutcome::Sent { message } => {
                decided.insert(*message, (step.at, *rank));
            }
            StepOutcome::Exited { reason } => {
                // Who walked over the end has said what was decided on the way; who was taken out has not.
                if matches!(reason, ExitReason::Completed | ExitReason::Exit(_)) {
                    *rank += 2;
                }
                ended.insert(step.enrollment, step.at);
            }
            _ => {}
        }
        let rank = *rank;
        passage.step(step, rank);
    }
    let after = |message, at| match decided.get(&message) {
        Some((when, rank)) if *when == at => rank + 1,
        _ => 2,
    };
    for envelope in &mail {
        if let InputKind::Delivery(delivery) = &envelope.kind {
            passage.delivery(delivery, after(delivery.message, delivery.at));
        }
    }
    for record in messages.iter().filter(|record| record.status == MessageStatus::Cancelled) {
        // One that a withdrawal took back was refused, and that was told.
        if matches!(record.answer, Some(DeliveryStatus::Refused { .. })) {
            continue;
        }
        if let Some(at) = ended.get(&record.message.enrollment) {
            let what = What::Cancelled { said: said(record, None) };
            passage.message(record, *at, 9, what);
        }
    }
    let mut lines = passage.lines;
    lines.sort_by_key(|(rank, line)| (line.at, *rank));
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

struct Passage<'p> {
    contact: &'p ContactId,
    sends: &'p Sends<'p>,
    messages: &'p [MessageRecord],
    lines: Vec<(Rank, Line)>,
}

impl Passage<'_> {
    fn step(&mut self, step: &Step, rank: Rank) {
        let what = match &step.outcome {
            StepOutcome::Entered => What::Entered,
            StepOutcome::Exited { reason } => {
                let (reason, about) = coded(reason);
                let name = about.map(|about| about.as_str().map_or_else(|| about.to_string(), str::to_owned));
                What::Left { reason, name: name.map(Name::from) }
            }
            StepOutcome::Sent { message } => {
                let record = self.record(*message);
                What::Decided {
                    said: record.map_or_else(|| self.sends.of(step), |record| said(record, None)),
                }
            }
            StepOutcome::Called { .. } => What::Asked { said: self.sends.of(step) },
            StepOutcome::Answered { result, .. } => {
                What::Answered { said: self.sends.of(step), result: result.clone() }
            }
            StepOutcome::Deferred { until, reasons } => What::Deferred {
                said: self.sends.of(step),
                by: By::Node,
                until: *until,
                reasons: codes(reasons),
            },
            StepOutcome::Replanned { until } => What::Replanned { until: *until },
            StepOutcome::Refused { reasons } => {
                What::Refused { said: self.sends.of(step), by: By::Node, reasons: codes(reasons) }
            }
            other => {
                let (outcome, about) = coded(other);
                let detail = match about {
                    Some(serde_json::Value::Object(detail)) => detail,
                    _ => serde_json::Map::new(),
                };
                What::Step { outcome, detail, next: step.next.clone() }
            }
        };
        let line = Line {
            journey: Some(step.journey.clone()),
            version: Some(step.version),
            enrollment: Some(step.enrollment),
            node: Some(step.node.clone()),
            ..Line::new(step.at, Some(self.contact.clone()), what)
        };
        self.lines.push((rank, line));
    }

    fn record(&self, message: MessageId) -> Option<&MessageRecord> {
        self.messages.iter().find(|record| record.message.id == message)
    }

    fn delivery(&mut self, delivery: &Delivery, rank: Rank) {
        let Some(record) = self.record(delivery.message).cloned() else { return };
        let mut said = said(&record, Some(delivery.attempt));
        // The gate answers before an attempt; what it says of a later one counts those before.
        let by = if self.answered_by_channel(delivery) { By::Channel } else { By::Gate };
        if by == By::Gate {
            said.attempt = None;
        }
        // What becomes of a call is told by the step that waited for it, but that it is asked again.
        if record.message.call.is_some() && !matches!(delivery.status, DeliveryStatus::Retry { .. }) {
            return;
        }
        let what = if let DeliveryStatus::Accepted = &delivery.status {
            What::Sent { said }
        } else if let DeliveryStatus::Refused { reasons } = &delivery.status {
            What::Refused { said, by, reasons: codes(reasons) }
        } else if let DeliveryStatus::Deferred { until, reasons } = &delivery.status {
            What::Deferred { said, by, until: *until, reasons: codes(reasons) }
        } else if let DeliveryStatus::Retry { at } = &delivery.status {
            What::Retried { said, until: *at }
        } else if let DeliveryStatus::Parked = &delivery.status {
            What::Parked { said }
        } else {
            return;
        };
        self.message(&record, delivery.at, rank, what);
    }

    fn answered_by_channel(&self, delivery: &Delivery) -> bool {
        match &delivery.status {
            DeliveryStatus::Refused { reasons } => {
                reasons.iter().any(|reason| matches!(reason, Reason::Channel(_) | Reason::Attempts))
            }
            DeliveryStatus::Deferred { .. } => false,
            _ => true,
        }
    }

    fn message(&mut self, record: &MessageRecord, at: DateTime<Utc>, rank: Rank, what: What) {
        let message = &record.message;
        let line = Line {
            journey: Some(message.journey.clone()),
            version: Some(message.version),
            enrollment: Some(message.enrollment),
            node: Some(message.node.clone()),
            ..Line::new(at, Some(self.contact.clone()), what)
        };
        self.lines.push((rank, line));
    }
}

fn said(record: &MessageRecord, attempt: Option<u32>) -> Said {
    let message = &record.message;
    let subject = record.content.as_ref().and_then(|content| content.subject.as_deref());
    let variant = record.content.as_ref().and_then(|content| content.variant.clone());
    Said {
        message: Some(message.id),
        channel: message.channel.clone(),
        template: message.call.as_ref().map_or_else(|| message.template.clone(), |call| call.ask.clone()),
        purpose: message.purpose.clone(),
        subject: subject.filter(|_| attempt.is_some()).map(Name::from),
        variant: variant.filter(|_| attempt.is_some()),
        attempt,
    }
}

fn codes(reasons: &[Reason]) -> Vec<Name> {
    reasons.iter().map(code).collect()
}
