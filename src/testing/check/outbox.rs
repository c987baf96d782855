//! B1, B3, B4 and B7: whether the outbox agrees with the steps, with itself, with the mailbox and with the templates.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Invariant;
use super::chart::Kind;
use super::known::Known;
use super::record::{Passage, Record, Sink};
use crate::machine::{Envelope, InputKind};
use crate::model::{
    Delivery, DeliveryStatus, InputId, Message, MessageId, Sharing, SharingAct, Step, StepOutcome, Value,
};
use crate::port::store::{MessageRecord, MessageStatus};
use crate::rule::channel_of;

/// The most answers of one message that are looked for.
const MOST_ANSWERS: u32 = 10_000;

pub(super) fn judge(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    if record.has_history() {
        sent(known, record, passages, sink);
        told(record, sink);
    }
    for message in &record.messages {
        if let Some(found) = disagreement(message) {
            sink.add(Invariant::B3, place(message.message.id), found);
        }
        if let Some(found) = unpublished(known, message) {
            sink.add(Invariant::B7, place(message.message.id), found);
        }
    }
}

fn place(message: MessageId) -> String {
    format!("message {message}")
}

/// B1.
fn sent(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    let mut sent: BTreeMap<MessageId, &Step> = BTreeMap::new();
    let mut replaced: BTreeSet<MessageId> = BTreeSet::new();
    for step in passages.iter().flat_map(|passage| passage.steps.iter().copied()) {
        if let StepOutcome::Sent { message }
        | StepOutcome::Merged { message, .. }
        | StepOutcome::Called { message } = step.outcome
        {
            // A second one is told of by another name.
            sent.entry(message).or_insert(step);
        }
        if let StepOutcome::Merged { instead_of, .. } = step.outcome {
            replaced.insert(instead_of);
        }
    }
    let mut found = BTreeSet::new();
    for message in &record.messages {
        let id = message.message.id;
        if !found.insert(id) {
            sink.add(Invariant::B1, place(id), "it stands in the outbox twice");
        } else if replaced.contains(&id) {
            sink.add(Invariant::B1, place(id), "another message was said in its place");
        } else if let Some(step) = sent.get(&id) {
            if let Some(wrong) = wrong_message(known, record, message, step) {
                sink.add(Invariant::B1, place(id), wrong);
            }
        } else if let Some(sharing) = &message.message.sharing {
            // What third parties are told no step sends.
            if let Some(wrong) = wrong_sharing(&message.message, sharing) {
                sink.add(Invariant::B1, place(id), wrong);
            }
        } else {
            sink.add(Invariant::B1, place(id), "no step sent it");
        }
    }
    for (id, step) in sent {
        if !found.contains(&id) && !replaced.contains(&id) {
            let found =
                format!("step {} of enrollment {} sent it and it is lost", step.ordinal, step.enrollment);
            sink.add(Invariant::B1, place(id), found);
        }
    }
}

/// A second removal of one yes has another id than the first, or the record holds it twice.
fn wrong_sharing(message: &Message, sharing: &Sharing) -> Option<&'static str> {
    let removes = sharing.act == SharingAct::Removal;
    let channel = channel_of(&sharing.with);
    let node = if removes { "removal" } else { "export" };
    let whole = message.channel == channel
        && *message.journey.as_str() == *channel
        && message.node.as_str() == node
        && message.template.is_empty()
        && message.call.is_none();
    // The place of a removal is the first of its yes, so that whoever decides it, it is one.
    let first = MessageId::derive(message.enrollment, 0, message.decided_at);
    let is_first = message.id.as_bytes()[6..] == first.as_bytes()[6..];
    match (whole, removes == is_first) {
        (false, _) => Some("it is not what a third party is told"),
        (true, false) => Some("its id is not that of its place under its yes"),
        (true, true) => None,
    }
}

fn wrong_message(known: &Known, record: &Record, message: &MessageRecord, step: &Step) -> Option<String> {
    let message = &message.message;
    if message.id != MessageId::derive(step.enrollment, step.ordinal, step.at) {
        return Some("its id is not derived from its step".to_owned());
    }
    let of_step = message.contact == record.contact
        && message.enrollment == step.enrollment
        && message.journey == step.journey
        && message.version == step.version
        && message.node == step.node
        && message.decided_at == step.at;
    if !of_step {
        return Some(format!("it says something else than step {} that sent it", step.ordinal));
    }
    match known.chart(&step.journey, step.version)?.kind(&step.node)? {
        Kind::Send { ways, purpose, .. } => {
            let way = |(channel, template): &(String, String)| {
                **channel == *message.channel && **template == *message.template
            };
            let said = ways.iter().any(way) && **purpose == *message.purpose;
            (!said).then(|| format!("it is not what the node {} says", step.node))
        }
        Kind::Call { channel, ask, .. } => {
            let asked = message.call.as_ref().is_some_and(|call| **ask == *call.ask);
            let said = asked
                && **channel == *message.channel
                && message.template.is_empty()
                && message.purpose.is_empty();
            (!said).then(|| format!("it is not what the node {} asks", step.node))
        }
        Kind::Reserve { quota, offer, .. } => {
            let said = **quota == *message.channel && asks(message, "reserve", offer);
            (!said).then(|| format!("it is not what the node {} asks", step.node))
        }
        Kind::Confirm { offer, .. } => {
            (!asks(message, "confirm", offer)).then(|| format!("it is not what the node {} asks", step.node))
        }
        Kind::Release { offer } => {
            (!asks(message, "release", offer)).then(|| format!("it is not what the node {} asks", step.node))
        }
        _ => None, // an edge that does not exist is told of by another name
    }
}

/// Whether a message asks a quota so, of this offer.
fn asks(message: &Message, ask: &str, offer: &str) -> bool {
    let call = message.call.as_ref().filter(|call| *call.ask == *ask);
    call.is_some_and(|call| call.with.get("offer") == Some(&Value::from(offer)))
        && message.template.is_empty()
        && message.purpose.is_empty()
}

/// B3: what of one message contradicts the rest.
fn disagreement(record: &MessageRecord) -> Option<&'static str> {
    use DeliveryStatus as Answer;
    let MessageRecord { status, attempts, content, answer, answered_at, .. } = record;
    let begun = *attempts > 0;
    if !begun && content.is_some() {
        return Some("it says something and was never begun");
    }
    if answer.is_some() && answered_at.is_none() {
        return Some("it was answered at no time");
    }
    // What an erased contact was told is blanked; that it was told stays.
    if answer.is_none() && answered_at.is_some() {
        return Some("it was answered and the answer is lost");
    }
    let open = matches!(
        answer,
        None | Some(Answer::Deferred { .. } | Answer::Retry { .. } | Answer::Repeated { .. })
    );
    if !begun
        && matches!(
            answer,
            Some(Answer::Accepted | Answer::Answered { .. } | Answer::Retry { .. } | Answer::Parked)
        )
    {
        return Some("a channel answered and no attempt was begun");
    }
    match status {
        MessageStatus::Pending => {
            let until = match answer {
                None if begun => return Some("it was begun, waits again and was not answered"),
                None => record.message.decided_at,
                Some(
                    Answer::Deferred { until: at, .. } | Answer::Retry { at } | Answer::Repeated { at, .. },
                ) => *at,
                Some(_) => return Some("it waits to be sent and has a final answer"),
            };
            if until.timestamp_millis() != record.not_before.timestamp_millis() {
                return Some("it waits for another instant than it was told");
            }
            (begun && content.is_none()).then_some("it was begun and what it says is lost")
        }
        MessageStatus::Begun => {
            if !begun {
                Some("it is begun and has no attempt")
            } else if content.is_none() {
                Some("it is begun and says nothing")
            } else {
                (!open).then_some("it is begun and has a final answer")
            }
        }
        MessageStatus::Accepted => {
            let answers = record.message.call.is_some() && matches!(answer, Some(Answer::Answered { .. }));
            (*answer != Some(Answer::Accepted) && !answers)
                .then_some("it is accepted and its answer is another")
        }
        MessageStatus::Refused => (!matches!(answer, Some(Answer::Refused { .. })))
            .then_some("it is refused and its answer is another"),
        MessageStatus::Parked => {
            (*answer != Some(Answer::Parked)).then_some("it is parked and its answer is another")
        }
        MessageStatus::Cancelled => {
            matches!(answer, Some(Answer::Accepted | Answer::Answered { .. } | Answer::Parked))
                .then_some("it is cancelled and a channel has it, or may have it")
        }
    }
}

/// B7. What was decided before editions were kept may say what nobody knows any more.
fn unpublished(known: &Known, record: &MessageRecord) -> Option<&'static str> {
    let (content, template) = (record.content.as_ref()?, &record.message.template);
    // One that the catalog does not have is not its node's, which is told of by another name.
    let editions = known.editions(template).filter(|_| record.attempts > 0)?;
    let unknown = record.message.decided_at >= editions.since && !editions.hashes.contains(&content.template);
    unknown.then_some("it says what no edition of its template says")
}

/// B4, as far as a mailbox shows it: whatever was answered for a message, its contact was told.
fn told(record: &Record, sink: &mut Sink<'_>) {
    let mut deliveries: BTreeMap<MessageId, Vec<(&Envelope, &Delivery)>> = BTreeMap::new();
    for envelope in &record.mail {
        if let InputKind::Delivery(delivery) = &envelope.kind {
            deliveries.entry(delivery.message).or_default().push((envelope, delivery));
        }
    }
    'messages: for message in &record.messages {
        let id = message.message.id;
        let told = deliveries.get(&id).map_or(&[][..], Vec::as_slice);
        let mut number = 0;
        for (envelope, delivery) in told {
            let numbers = number + 1..number + MOST_ANSWERS;
            match numbers.into_iter().find(|number| envelope.id == InputId::from_attempt(id, *number)) {
                Some(found) if found == number + 1 || !is_kept_since(record, message.message.decided_at) => {
                    number = found;
                }
                _ => {
                    let found = format!("the answer at {} has an id of its own", delivery.at);
                    sink.add(Invariant::B4, place(id), found);
                    continue 'messages;
                }
            }
        }
        let (Some(answer), Some(answered_at)) = (&message.answer, message.answered_at) else { continue };
        let same = |(envelope, delivery): &(&Envelope, &Delivery)| {
            envelope.received_at == answered_at && delivery.status == *answer
        };
        if told.iter().any(same) {
            continue;
        }
        let purged = told.is_empty() && !is_kept_since(record, answered_at);
        if !purged {
            sink.add(Invariant::B4, place(id), "its contact was not told of its answer");
        }
    }
}

/// Whether mail of that instant cannot have been purged: mail that is as old and was read is still there.
fn is_kept_since(record: &Record, instant: chrono::DateTime<chrono::Utc>) -> bool {
    let oldest = record.mail.iter().find(|envelope| envelope.seq <= record.stored.read_seq);
    oldest.is_some_and(|envelope| envelope.received_at <= instant)
}
