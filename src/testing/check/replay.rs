//! X7 and T1: the mail of a contact is run again, commit by commit and in one go.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::Invariant;
use super::findings::Findings;
use super::known::Known;
use super::record::{Record, Sink};
use crate::machine::{ContactState, Envelope, InputKind, Transition};
use crate::model::{ConsentRecord, EnrollmentId, InputId, JourneyId, Message, Step, StepOutcome};

/// How long mail that is stamped may take to become visible: so much later than a commit's instant it may be read and
/// still have been on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(1);

/// Whether every commit ran a program that is known, so that the policy is known too.
pub(super) fn programs_are_known(known: &Known, record: &Record) -> bool {
    record.commits.iter().all(|commit| known.program(commit.program).is_some())
}

pub(super) fn judge(known: &Known, record: &Record, findings: &mut Findings, sink: &mut Sink<'_>) {
    let mut all = Steps::default();
    let mut state = ContactState::new(record.contact.clone());
    let mut read_seq = 0;
    for (number, commit) in record.commits.iter().enumerate() {
        let Some(ran) = known.program(commit.program) else {
            findings.skipped.without_program += (record.commits.len() - number) as u64;
            return;
        };
        let mail = between(&record.mail, read_seq, commit.read_seq);
        let transition = ran.program.transition(state, mail, commit.now);
        let consumed = transition.consumed;
        state = all.take_in(transition);
        let place = format!("commit {}", commit.revision);
        if consumed != mail.len() {
            return sink.add(
                Invariant::X7,
                place,
                format!("it read {} inputs and reads {consumed}", mail.len()),
            );
        }
        if state.hot.now != commit.now {
            let found = format!("it came to {} and comes to {}", commit.now, state.hot.now);
            return sink.add(Invariant::X7, place, found);
        }
        if let Some(found) = all.departs_from(record) {
            return sink.add(Invariant::X7, place, found);
        }
        read_seq = commit.read_seq;
        findings.replayed += 1;
    }
    if let Some(found) = all.falls_short_of(record) {
        return sink.add(Invariant::X7, "the history", found);
    }
    if state != record.stored.state {
        let part = if state.cold != record.stored.state.cold { "what is known" } else { "where it stands" };
        return sink.add(Invariant::X7, "the state", format!("{part} is not the fold of the mail"));
    }
    at_once(known, record, findings, sink);
}

/// T1, where all commits ran one program.
fn at_once(known: &Known, record: &Record, findings: &mut Findings, sink: &mut Sink<'_>) {
    let [first, .., last] = record.commits.as_slice() else { return };
    let unfinished = record.stored.due_at.is_some_and(|due| due <= last.now);
    if unfinished || record.commits.iter().any(|commit| commit.program != first.program) {
        return;
    }
    let Some(ran) = known.program(first.program) else { return };
    let mut mail = between(&record.mail, 0, last.read_seq).to_vec();
    // What was on its way applied when the commit before it had run, and not when it was stamped.
    let mut commits = record.commits.iter().peekable();
    let mut before = DateTime::<Utc>::UNIX_EPOCH;
    for envelope in &mut mail {
        while let Some(commit) = commits.next_if(|commit| commit.read_seq < envelope.seq) {
            before = commit.now;
        }
        if before - envelope.received_at <= ON_ITS_WAY {
            envelope.received_at = envelope.received_at.max(before);
        }
    }
    let mut all = Steps::default();
    let mut state = ContactState::new(record.contact.clone());
    let mut rest = mail.as_slice();
    // A transition stops when its timers are used up; each one passes some of them.
    for _ in 0..=record.steps.len() + mail.len() + ContactState::MOST_PENDING {
        let transition = ran.program.transition(state, rest, last.now);
        rest = &rest[transition.consumed..];
        let left = transition.due_at.is_some_and(|due| due <= last.now);
        state = all.take_in(transition);
        if rest.is_empty() && !left {
            break;
        }
    }
    findings.at_once += 1;
    if let Some(found) = all.departs_from(record).or_else(|| all.falls_short_of(record)) {
        sink.add(Invariant::T1, "the history", format!("in one go {found}"));
    }
}

/// Mail with places in `(after, until]`.
fn between(mail: &[Envelope], after: u64, until: u64) -> &[Envelope] {
    let first = mail.partition_point(|envelope| envelope.seq <= after);
    let end = mail.partition_point(|envelope| envelope.seq <= until);
    mail.get(first..end).unwrap_or_default()
}

/// What a run gave so far.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    messages: Vec<Message>,
    consents: Vec<ConsentRecord>,
}

impl Steps {
    fn take_in(&mut self, transition: Transition) -> ContactState {
        self.steps.extend(transition.steps);
        self.messages.extend(transition.messages);
        self.consents.extend(transition.consents);
        transition.state
    }

    /// The first thing that is not as it is stored.
    fn departs_from(&self, record: &Record) -> Option<String> {
        let mut steps = self.steps.iter().zip(&record.steps);
        if self.steps.len() > record.steps.len() || steps.any(|(one, other)| one != other) {
            let pair =
                self.steps.iter().enumerate().find(|(number, step)| record.steps.get(*number) != Some(step));
            return pair.map(|(_, step)| {
                format!("step {} of enrollment {} is another one", step.ordinal, step.enrollment)
            });
        }
        let stored = |number: usize| record.messages.get(number).map(|message| &message.message);
        if let Some((_, message)) =
            self.messages.iter().enumerate().find(|(number, message)| stored(*number) != Some(message))
        {
            return Some(format!("message {} is another one", message.id));
        }
        let other =
            self.consents.iter().enumerate().find(|(number, one)| record.consents.get(*number) != Some(one));
        other.map(|(_, one)| format!("consent {} is another one", one.seq))
    }

    /// What is stored and was never reached.
    fn falls_short_of(&self, record: &Record) -> Option<String> {
        let counts = [
            ("steps", self.steps.len(), record.steps.len()),
            ("messages", self.messages.len(), record.messages.len()),
            ("consents", self.consents.len(), record.consents.len()),
        ];
        let short = counts.into_iter().find(|(_, run, stored)| run < stored);
        short.map(|(what, run, stored)| format!("{run} of {stored} {what} follow"))
    }
}

/// Whether mail that a commit read is missing.
pub(super) fn lacks_mail(record: &Record) -> bool {
    let mut read_seq = 0;
    record.commits.iter().any(|commit| {
        let read = std::mem::replace(&mut read_seq, commit.read_seq) < commit.read_seq;
        read && record.mail.binary_search_by_key(&commit.read_seq, |envelope| envelope.seq).is_err()
    })
}

/// Whether mail that was read may have been purged: something that it brought is there, and it is not.
pub(super) fn was_purged(known: &Known, record: &Record) -> bool {
    if lacks_mail(record) {
        return true;
    }
    let ids: BTreeSet<InputId> = record.mail.iter().map(|envelope| envelope.id).collect();
    if record.consents.iter().any(|consent| !ids.contains(&consent.input)) {
        return true;
    }
    let entries = || record.steps.iter().filter(|step| step.outcome == StepOutcome::Entered);
    let journeys: BTreeSet<&JourneyId> = entries().map(|step| &step.journey).collect();
    let mut opened = BTreeSet::new();
    for envelope in &record.mail {
        if let InputKind::Event(_) = envelope.kind {
            let namespace = &known.snapshot.namespace;
            let derive = |journey| EnrollmentId::derive(namespace, &record.contact, journey, envelope.id, "");
            opened.extend(journeys.iter().copied().map(derive));
        }
    }
    if entries().any(|step| !opened.contains(&step.enrollment)) {
        return true;
    }
    let contact = &record.stored.state.cold.contact;
    let updates = || {
        record.mail.iter().filter_map(|envelope| match &envelope.kind {
            InputKind::Identify(contact) => Some(contact),
            _ => None,
        })
    };
    let told = contact.attributes.keys().all(|name| updates().any(|one| one.attributes.contains_key(name)))
        && contact.tags.iter().all(|tag| updates().any(|one| one.tags.contains(tag)))
        && contact.addresses.keys().all(|channel| updates().any(|one| one.addresses.contains_key(channel)));
    !told
}
