//! X7 and T1: the mail of a contact is run again, commit by commit and in one go.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::super::Invariant;
use super::findings::Findings;
use super::known::Known;
use super::record::{Record, Sink};
use crate::machine::{ContactState, Envelope, InputKind, Program, Transition};
use crate::model::{
    ConsentRecord, Delivery, DeliveryStatus, EnrollmentId, InputId, JourneyId, Message, Step, StepOutcome,
};
use crate::port::store::CommitRecord;

/// How long mail that is stamped may take to become visible: so much later than a commit's instant it may be read and
/// still have been on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(1);

/// Whether every commit ran a program that is known, so that the policy is known too.
pub(super) fn programs_are_known(known: &Known, record: &Record) -> bool {
    record.commits.iter().all(|commit| known.program(commit.program).is_some())
}

pub(super) fn judge(known: &Known, record: &Record, findings: &mut Findings, sink: &mut Sink<'_>) {
    let mut state = ContactState::new(record.contact.clone());
    let (mut read_seq, mut passed) = (0, [0; 3]);
    let mut rest = record.commits.as_slice();
    // Commits that ran one program follow from their mail in one go, too.
    while let Some(first) = rest.first() {
        let Some(ran) = known.program(first.program) else {
            findings.skipped.without_program += rest.len() as u64;
            return;
        };
        let count = rest.iter().take_while(|commit| commit.program == first.program).count();
        let (run, later) = rest.split_at(count);
        let before = Before { state: state.clone(), read_seq, passed };
        let mut due_at = None;
        for commit in run {
            let mail = between(&record.mail, read_seq, commit.read_seq);
            let transition = ran.program.transition(state, mail, commit.now);
            let consumed = transition.consumed;
            due_at = transition.due_at;
            let mut told = Told::default();
            state = told.take_in(transition);
            let place = format!("commit {}", commit.revision);
            if consumed != mail.len() {
                let found = format!("it read {} inputs and reads {consumed}", mail.len());
                return sink.add(Invariant::X7, place, found);
            }
            if state.hot.now != commit.now {
                let found = format!("it came to {} and comes to {}", commit.now, state.hot.now);
                return sink.add(Invariant::X7, place, found);
            }
            if let Some(found) = told.departs_from(record, passed) {
                return sink.add(Invariant::X7, place, found);
            }
            passed = told.counted_from(passed);
            read_seq = commit.read_seq;
            findings.replayed += 1;
        }
        // One that used up its timers left the rest to the commit after it, which is not among these.
        let finished = run.last().is_some_and(|last| due_at.is_none_or(|due| due > last.now));
        if run.len() > 1 && finished {
            findings.at_once += 1;
            at_once(&ran.program, record, run, before, passed, sink);
        }
        rest = later;
    }
    let stored = [record.steps.len(), record.messages.len(), record.consents.len()];
    if passed != stored {
        let found = format!("{passed:?} of {stored:?} steps, messages and consents follow");
        return sink.add(Invariant::X7, "the history", found);
    }
    if state != record.stored.state {
        let part = if state.cold != record.stored.state.cold { "what is known" } else { "where it stands" };
        sink.add(Invariant::X7, "the state", format!("{part} is not the fold of the mail"));
    }
}

/// Where a contact stood before some commits.
struct Before {
    state: ContactState,
    read_seq: u64,
    /// Steps, messages and consents.
    passed: [usize; 3],
}

/// T1, of some commits of one program.
fn at_once(
    program: &Program,
    record: &Record,
    run: &[CommitRecord],
    before: Before,
    after: [usize; 3],
    sink: &mut Sink<'_>,
) {
    let Some(last) = run.last() else { return };
    let mut mail = between(&record.mail, before.read_seq, last.read_seq).to_vec();
    // What was on its way applied when the commit before it had run, and not when it was stamped.
    let mut commits = run.iter().peekable();
    let mut now = before.state.hot.now;
    for envelope in &mut mail {
        while let Some(commit) = commits.next_if(|commit| commit.read_seq < envelope.seq) {
            now = commit.now;
        }
        if now - envelope.received_at <= ON_ITS_WAY {
            envelope.received_at = envelope.received_at.max(now);
        }
    }
    let mut told = Told::default();
    let mut state = before.state;
    let mut rest = mail.as_slice();
    // A transition stops when its timers are used up; each one passes some of them.
    for _ in 0..=after[0] + mail.len() + ContactState::MOST_PENDING {
        let transition = program.transition(state, rest, last.now);
        rest = &rest[transition.consumed..];
        let left = transition.due_at.is_some_and(|due| due <= last.now);
        state = told.take_in(transition);
        if rest.is_empty() && !left {
            break;
        }
    }
    let short = (told.counted_from(before.passed) != after)
        .then(|| "other steps, messages or consents follow".to_owned());
    if let Some(found) = told.departs_from(record, before.passed).or(short) {
        let place = format!("the commits until {}", last.revision);
        sink.add(Invariant::T1, place, format!("in one go {found}"));
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
struct Told {
    steps: Vec<Step>,
    messages: Vec<Message>,
    consents: Vec<ConsentRecord>,
}

impl Told {
    fn take_in(&mut self, transition: Transition) -> ContactState {
        self.steps.extend(transition.steps);
        self.messages.extend(transition.messages);
        self.consents.extend(transition.consents);
        transition.state
    }

    fn counted_from(&self, [steps, messages, consents]: [usize; 3]) -> [usize; 3] {
        [steps + self.steps.len(), messages + self.messages.len(), consents + self.consents.len()]
    }

    /// The first thing that is not as it is stored, counted from there on.
    fn departs_from(&self, record: &Record, from: [usize; 3]) -> Option<String> {
        let step =
            (from[0]..).zip(&self.steps).find(|(place, step)| !is_kept(step, record.steps.get(*place)));
        if let Some((_, step)) = step {
            return Some(format!("step {} of enrollment {} is another one", step.ordinal, step.enrollment));
        }
        let stored = |place: usize| record.messages.get(place).map(|message| &message.message);
        let message =
            (from[1]..).zip(&self.messages).find(|(place, message)| stored(*place) != Some(message));
        if let Some((_, message)) = message {
            return Some(format!("message {} is another one", message.id));
        }
        let consent =
            (from[2]..).zip(&self.consents).find(|(place, one)| record.consents.get(*place) != Some(one));
        consent.map(|(_, one)| format!("consent {} is another one", one.seq))
    }
}

/// Whether a step is the one that is stored; what a former version wrote does not say by which rules.
fn is_kept(step: &Step, stored: Option<&Step>) -> bool {
    let is_former = stored.is_some_and(|stored| stored.policy.is_none());
    stored == Some(step) || (is_former && stored == Some(&step.clone().by(None)))
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
    // What undoes is in the place of a run, which no mail opened.
    let undoes = |step: &&Step| {
        let chart = known.chart(&step.journey, step.version);
        chart.is_some_and(|chart| chart.undoes(&step.node))
    };
    let entered = |step: &&Step| step.outcome == StepOutcome::Entered && !undoes(step);
    let entries = || record.steps.iter().filter(entered);
    let journeys: BTreeSet<&JourneyId> = entries().map(|step| &step.journey).collect();
    let mut opened = BTreeSet::new();
    for envelope in &record.mail {
        if let InputKind::Event(_) | InputKind::Enroll { .. } = envelope.kind {
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
            InputKind::Import { row, .. } => Some(&row.contact),
            InputKind::Absorb(left) => Some(&left.cold.contact),
            _ => None,
        })
    };
    // What the host answered is known too, and an owner that a step gave.
    let answered = |name: &str| {
        record.mail.iter().any(|envelope| match &envelope.kind {
            InputKind::Answer { answer, .. } => answer.values.contains_key(name),
            InputKind::Delivery(Delivery { status: DeliveryStatus::Answered { answer }, .. }) => {
                answer.values.contains_key(name)
            }
            _ => false,
        })
    };
    let gives_owners = |step: &Step| {
        matches!(step.outcome, StepOutcome::Assigned { .. } | StepOutcome::Answered { result: Some(_), .. })
    };
    let owner = |name: &str| name.starts_with("owner_") && record.steps.iter().any(gives_owners);
    let told = contact
        .attributes
        .keys()
        .all(|name| updates().any(|one| one.attributes.contains_key(name)) || answered(name) || owner(name))
        && contact.tags.iter().all(|tag| updates().any(|one| one.tags.contains(tag)))
        && contact.addresses.keys().all(|channel| updates().any(|one| one.addresses.contains_key(channel)));
    !told
}
