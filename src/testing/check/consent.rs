//! C1, C3, C4 and C5, as far as a store shows them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::super::Invariant;
use super::known::Known;
use super::record::{Record, Sink};
use crate::machine::{ContactState, Envelope, InputKind};
use crate::model::{
    ConsentRecord, ConsentStatus, DeliveryStatus, Fingerprint, Message, Name, Reason, Step, StepOutcome,
};
use crate::port::store::{MessageRecord, MessageStatus};
use crate::rule::Basis;
use crate::time::Zone;

pub(super) fn judge(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    chain(record, sink);
    if record.has_history() {
        standing(known, record, sink);
        decided(known, record, sink);
    }
    withdrawn(record, sink);
}

/// C4.
pub(super) fn erased(record: &Record, sink: &mut Sink<'_>) {
    let stored = &record.stored;
    let mut left = |found: &str| sink.add(Invariant::C4, "the contact", format!("it was erased and {found}"));
    if stored.state != ContactState::new(record.contact.clone()) {
        left("its state is kept");
    }
    if stored.due_at.is_some() {
        left("it is still to be woken");
    }
    if !record.mail.is_empty() {
        left("its mail is kept");
    }
    if record.steps.iter().any(|step| !is_a_bare_refusal(step)) {
        left("what its steps did is kept");
    }
    for message in &record.messages {
        let place = format!("message {}", message.message.id);
        // What is owed to a third party goes on, and says nothing personal.
        if !message.message.is_removal()
            && (message.content.is_some() || message.answer.as_ref().is_some_and(has_words))
        {
            sink.add(Invariant::C4, &place, "its contact was erased and what was said is kept");
        }
        if !message.message.is_removal() && message.status == MessageStatus::Pending {
            sink.add(Invariant::C4, &place, "its contact was erased and it waits to be sent");
        }
    }
    chain(record, sink);
}

/// What is left of a contact that was merged into another one: its chain, and nothing to do.
pub(super) fn merged(record: &Record, sink: &mut Sink<'_>) {
    chain(record, sink);
    let waits = |one: &&MessageRecord| one.status == MessageStatus::Pending && !one.message.is_removal();
    for message in record.messages.iter().filter(waits) {
        let place = format!("message {}", message.message.id);
        sink.add(Invariant::C3, place, "its contact was merged into another one and it waits to be sent");
    }
}

/// C1: the chain.
fn chain(record: &Record, sink: &mut Sink<'_>) {
    if !ConsentRecord::verify(&record.consents) {
        sink.add(Invariant::C1, "the consents", "their chain is broken");
    }
}

/// What a contact says of one purpose on one channel: nothing, or a yes with the address that it is for.
///
/// The newest yes that no later act forbids. What does not say itself when it was stands in the order of receipt.
fn allowed(consents: &[ConsentRecord], purpose: &Name, channel: &Name) -> Option<Option<Fingerprint>> {
    let mut newest: Option<&ConsentRecord> = None;
    for record in consents.iter().filter(|record| record.concerns(purpose, channel)) {
        let is_yes = record.status == ConsentStatus::Granted && record.evidence.ground.is_consent();
        let named = record.purpose.is_some() && record.channel.is_some();
        if is_yes && named && newest.is_none_or(|known| comes_after(record, known)) {
            newest = Some(record);
        }
    }
    let yes = newest?;
    // What a START gives back is no newer than what the STOP took, against everything but a STOP.
    let is_start = |one: &ConsentRecord| *one.evidence.source == *"inbound.start";
    let before = consents.iter().filter(|one| {
        let is_yes = one.status == ConsentStatus::Granted && one.evidence.ground.is_consent();
        is_yes && one.concerns(purpose, channel) && one.seq < yes.seq && !is_start(one)
    });
    let taken = before.reduce(|newest, one| if comes_after(one, newest) { one } else { newest });
    let taken = taken.filter(|_| is_start(yes)).unwrap_or(yes);
    let is_stop = |one: &ConsentRecord| {
        one.status == ConsentStatus::Withdrawn
            && ["inbound.stop", "provider.block"].contains(&&*one.evidence.source)
    };
    let mut forbidding = consents.iter().filter(|one| one.status.forbids() && one.concerns(purpose, channel));
    let ends = |one: &ConsentRecord| comes_after(one, if is_stop(one) { yes } else { taken });
    (!forbidding.any(ends)).then_some(yes.address)
}

/// Whether an act counts against another one.
fn comes_after(act: &ConsentRecord, other: &ConsentRecord) -> bool {
    let says_when = |one: &ConsentRecord| one.received_at.is_some() || asked_at(one).is_some();
    let at = |one: &ConsentRecord| asked_at(one).map_or(one.at, |asked_at| asked_at.min(one.at));
    match at(act).cmp(&at(other)) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal if !says_when(act) && !says_when(other) => act.seq > other.seq,
        Ordering::Equal if act.status.forbids() => says_when(act) || says_when(other),
        Ordering::Equal => says_when(other) && !says_when(act) || act.seq > other.seq,
    }
}

fn asked_at(record: &ConsentRecord) -> Option<DateTime<Utc>> {
    record.evidence.confirms.as_ref().filter(|_| !record.status.forbids()).map(|confirmed| confirmed.asked_at)
}

/// Whether the instants of all acts were kept, so that what they come to is known: a policy asks for it, or the first of
/// them did, or none of them needs it.
fn keeps_instants(known: &Known, consents: &[ConsentRecord]) -> bool {
    let is_plain = |one: &ConsentRecord| {
        matches!(one.status, ConsentStatus::Granted | ConsentStatus::Withdrawn)
            && one.received_at.is_none()
            && asked_at(one).is_none()
    };
    known.policy.keeps_instants()
        || consents.first().is_none_or(|first| !is_plain(first))
        || consents.iter().all(is_plain)
}

/// C1: the fold of the chain is the standing.
fn standing(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    let standing = &record.stored.state.cold.standing;
    let place = "the standing";
    let head = record.consents.last().map_or((0, Default::default()), |last| (last.seq, last.hash));
    if standing.head() != head {
        let found = format!("it counts {} consents and the chain has {}", standing.head().0, head.0);
        return sink.add(Invariant::C1, place, found);
    }
    if !keeps_instants(known, &record.consents) {
        return;
    }
    let mut asked: BTreeSet<(Name, Name)> = known.sends().collect();
    let named = record.consents.iter().filter_map(|one| Some((one.purpose.clone()?, one.channel.clone()?)));
    asked.extend(named);
    for (purpose, channel) in asked {
        let expected = allowed(&record.consents, &purpose, &channel);
        let address = expected.flatten();
        let right = match expected {
            None => !standing.allows(&purpose, &channel, None),
            Some(_) => {
                let mut under = fingerprints(record, &channel).chain(address).map(Some);
                (standing.allows(&purpose, &channel, address)
                    || (address.is_some() && under.any(|own| standing.allows(&purpose, &channel, own))))
                    && standing.allows(&purpose, &channel, None) == address.is_none()
            }
        };
        if !right {
            let found = format!("it and the consents differ on {purpose} by {channel}");
            sink.add(Invariant::C1, place, found);
        }
    }
}

/// Every fingerprint that an address of a contact on a channel has had: a newer key gives one address another one.
fn fingerprints<'r>(record: &'r Record, channel: &'r str) -> impl Iterator<Item = Fingerprint> {
    let told = record.mail.iter().filter_map(|envelope| match &envelope.kind {
        InputKind::Identify(contact) => Some(contact),
        InputKind::Import { row, .. } => Some(&row.contact),
        _ => None,
    });
    let known = told.chain([&record.stored.state.cold.contact]);
    known.filter_map(move |contact| contact.addresses.get(channel)?.fingerprint)
}

/// C1: what was decided was granted when it was.
fn decided(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    let told_late = record.consents.iter().any(|one| one.received_at.is_some());
    for MessageRecord { message, .. } in record.messages.iter().filter(|one| one.message.is_said()) {
        let Message { purpose, channel, decided_at, .. } = message;
        // What is not asked of the contact, and what was known later than it was said, this does not show.
        if *known.policy.basis(purpose) != Basis::Consent || told_late {
            continue;
        }
        // Consents of the very instant may have come before the decision or after it.
        let before = record.consents.iter().filter(|one| one.at < *decided_at).count();
        let until = record.consents.iter().filter(|one| one.at <= *decided_at).count();
        let granted = (before..=until).any(|count| {
            allowed(&record.consents[..count.min(record.consents.len())], purpose, channel).is_some()
        });
        if !granted {
            let place = format!("message {}", message.id);
            sink.add(
                Invariant::C1,
                place,
                format!("it was decided and {purpose} by {channel} was not granted"),
            );
        }
    }
}

/// C3: a message that lay in the outbox when a withdrawal came that forbids it, and that still waits.
///
/// That it lay there is known of one that was answered before. One that was never answered may come of a worker that had
/// not read the withdrawal and committed after it; the gate refuses it when it is taken.
fn withdrawn(record: &Record, sink: &mut Sink<'_>) {
    let mut told: BTreeMap<_, u64> = BTreeMap::new();
    for envelope in &record.mail {
        if let InputKind::Delivery(delivery) = &envelope.kind {
            told.insert(delivery.message, envelope.seq);
        }
    }
    let read = |envelope: &&Envelope| envelope.seq <= record.stored.read_seq;
    // A call says nothing to the contact, so nothing that the contact says forbids it.
    for message in record.messages.iter().filter(|one| one.message.is_said()) {
        let Message { id, purpose, channel, .. } = &message.message;
        let Some(told) = told.get(id).filter(|_| message.status == MessageStatus::Pending) else { continue };
        let after = record.mail.iter().filter(|envelope| envelope.seq > *told);
        let granted_again = |withdrawal: &Envelope| {
            record.mail.iter().any(|envelope| {
                let grants = match &envelope.kind {
                    InputKind::Consent(consent) => consent.purpose == *purpose && consent.channel == *channel,
                    InputKind::Restore { channel: other, .. } => other == channel,
                    _ => false,
                };
                grants && envelope.seq > withdrawal.seq
            })
        };
        let mut forbidding = after.filter(read).filter(|envelope| match &envelope.kind {
            InputKind::Withdrawal(withdrawal) => withdrawal.concerns(purpose, channel),
            _ => false,
        });
        if let Some(withdrawal) = forbidding.find(|withdrawal| !granted_again(withdrawal)) {
            let found = format!("it waits to be sent and was withdrawn at {}", withdrawal.received_at);
            sink.add(Invariant::C3, format!("message {id}"), found);
        }
    }
}

/// C5: what was decided in an hour that is quiet wherever the contact may have been then. Asked only where the policy is
/// the one that the commits ran with and the mail is whole.
pub(super) fn quiet(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    if known.policy.quiet.is_empty() || record.messages.is_empty() {
        return;
    }
    let mut own: BTreeSet<&Name> = record.stored.state.cold.contact.zone.iter().collect();
    own.extend(record.mail.iter().filter_map(|envelope| match &envelope.kind {
        InputKind::Identify(contact) => contact.zone.as_ref(),
        InputKind::Import { row, .. } => row.contact.zone.as_ref(),
        _ => None,
    }));
    let own: Vec<Zone> = own.into_iter().filter_map(|zone| Zone::named(zone).ok()).collect();
    for MessageRecord { message, .. } in record.messages.iter().filter(|one| one.message.is_said()) {
        let journey = known.chart(&message.journey, message.version).and_then(|chart| chart.zone.as_ref());
        let fallback = journey.unwrap_or(&known.zone);
        let quiet = known.policy.quiet.iter().find(|quiet| {
            let meant = quiet.purposes.is_empty() || quiet.purposes.contains(&message.purpose);
            let mut zones = own.iter().chain([fallback]);
            meant
                && quiet.channel == message.channel
                && zones.all(|zone| quiet.window.contains(zone.local(message.decided_at).time()))
        });
        if let Some(quiet) = quiet {
            let found = format!("it was decided at {} and {} is quiet", message.decided_at, quiet.window);
            sink.add(Invariant::C5, format!("message {}", message.id), found);
        }
    }
}

/// Whether an answer holds words of somebody's, which could name the person.
fn has_words(answer: &DeliveryStatus) -> bool {
    match answer {
        DeliveryStatus::Refused { reasons } | DeliveryStatus::Deferred { reasons, .. } => speaks(reasons),
        DeliveryStatus::Accepted | DeliveryStatus::Retry { .. } | DeliveryStatus::Parked => false,
        _ => true,
    }
}

fn speaks(reasons: &[Reason]) -> bool {
    reasons.iter().any(|reason| match reason {
        Reason::Template(word) | Reason::Channel(word) | Reason::Answer(word) => !word.is_empty(),
        Reason::On { reasons, .. } => speaks(reasons),
        _ => false,
    })
}

/// Whether a step says that something was not said, and why, and nothing else.
fn is_a_bare_refusal(step: &Step) -> bool {
    match &step.outcome {
        StepOutcome::Refused { reasons } | StepOutcome::Deferred { reasons, .. } => !speaks(reasons),
        _ => false,
    }
}
