//! X15 to X17: what was done by hand holds until a hand undoes it, and what was imported stirs nothing.

use chrono::{DateTime, Utc};

use super::super::Invariant;
use super::known::Known;
use super::record::{Passage, Record, Sink, at};
use crate::machine::{Envelope, InputKind};
use crate::model::{
    EnrollmentId, ExitReason, InputId, JourneyId, Operated, OperationKind, Step, StepOutcome,
};

pub(super) fn judge(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    barred(known, record, sink);
    for passage in passages {
        held(passage, sink);
    }
    imported(known, record, sink);
}

/// X15: an entry after an ejection, without an admission between them.
fn barred(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    // What undoes a run begins in its place and lets nobody in.
    let undoes =
        |step: &&Step| known.chart(&step.journey, step.version).is_some_and(|chart| chart.undoes(&step.node));
    let ejected = |step: &&Step| step.outcome == (StepOutcome::Exited { reason: ExitReason::Ejected });
    for (place, end) in record.steps.iter().enumerate().filter(|(_, step)| ejected(step)) {
        let later = record.steps.iter().skip(place + 1);
        let enters = |step: &&Step| step.journey == end.journey && step.outcome == StepOutcome::Entered;
        let mut entries = later.filter(|step| enters(step) && !undoes(step));
        let Some(entry) = entries.next() else { continue };
        if !was_admitted(record, &end.journey, end.at, entry.at) {
            let found = format!("an operator had ended {} at {}", end.enrollment, end.at);
            sink.add(Invariant::X15, at(entry), found);
        }
    }
    let hot = &record.stored.state.hot;
    let inside = hot.enrollments.iter().filter(|one| hot.barred.contains_key(&one.journey) && !one.undoing);
    for enrollment in inside {
        let found = format!("its contact is barred from {}", enrollment.journey);
        sink.add(Invariant::X15, format!("enrollment {}", enrollment.id), found);
    }
}

/// Whether the mail tells of an admission that an ejection until `ended` came before. Mail that was purged tells nothing.
fn was_admitted(record: &Record, journey: &JourneyId, ended: DateTime<Utc>, entered: DateTime<Utc>) -> bool {
    let operated = |envelope: &Envelope, lifts: bool| match &envelope.kind {
        InputKind::Operate(operation) => match &operation.what {
            OperationKind::Eject { journey: other } => !lifts && other == journey,
            OperationKind::Admit { journey: other } | OperationKind::Enroll { journey: other } => {
                lifts && other == journey
            }
            _ => false,
        },
        _ => false,
    };
    let ejected =
        record.mail.iter().find(|envelope| operated(envelope, false) && envelope.received_at <= ended);
    let Some(ejected) = ejected else { return true };
    record.mail.iter().any(|envelope| {
        operated(envelope, true) && envelope.seq > ejected.seq && envelope.received_at <= entered
    })
}

/// X16: between a hold and its end, a run is ended from outside or not at all.
fn held(passage: &Passage<'_>, sink: &mut Sink<'_>) {
    let mut is_held = false;
    for step in passage.steps.iter().copied() {
        match &step.outcome {
            StepOutcome::Operated { what: Operated::Held, .. } => is_held = true,
            StepOutcome::Operated { what: Operated::Released, .. } => is_held = false,
            // A migration leads it to another version and lets it stand there.
            StepOutcome::Operated { .. } | StepOutcome::Replanned { .. } | StepOutcome::Migrated { .. } => {}
            StepOutcome::Exited { reason } if is_from_outside(reason) => {}
            outcome if is_held => {
                return sink.add(Invariant::X16, at(step), format!("it is held, and {outcome:?}"));
            }
            _ => {}
        }
    }
}

fn is_from_outside(reason: &ExitReason) -> bool {
    !matches!(
        reason,
        ExitReason::Completed
            | ExitReason::Exit(_)
            | ExitReason::MaxDuration
            | ExitReason::Late
            | ExitReason::StepBudget
    )
}

/// X17.
fn imported(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    let namespace = &known.snapshot.namespace;
    let entries: Vec<&Step> =
        record.steps.iter().filter(|step| step.outcome == StepOutcome::Entered).collect();
    for envelope in &record.mail {
        let InputKind::Import { row, triggers: false } = &envelope.kind else { continue };
        let parts = (0..row.events.len() as u64).map(|part| InputId::from_part(envelope.id, part));
        let causes: Vec<InputId> = std::iter::once(envelope.id).chain(parts).collect();
        let opened = entries.iter().find(|step| {
            let id = |cause| EnrollmentId::derive(namespace, &record.contact, &step.journey, cause, "");
            causes.iter().any(|cause| id(*cause) == step.enrollment)
        });
        if let Some(step) = opened {
            sink.add(Invariant::X17, at(step), format!("the import {} was to open nothing", envelope.seq));
        }
    }
}
