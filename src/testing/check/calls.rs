//! X11: whether what the host answered was asked, was taken once, and led on.

use std::collections::BTreeSet;

use super::super::Invariant;
use super::record::{Passage, Record, Sink, at};
use crate::machine::{Envelope, InputKind};
use crate::model::{DeliveryStatus, MessageId, Operated, Step, StepOutcome, Waiting};

pub(super) fn judge(record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    let mut answered = BTreeSet::new();
    for passage in passages {
        // What operators and migrations do to a run that waits lies between a question and its answer.
        let lies_between = |step: &&&Step| {
            let by_hand =
                matches!(&step.outcome, StepOutcome::Operated { what, .. } if *what != Operated::Moved);
            by_hand || matches!(step.outcome, StepOutcome::Migrated { .. })
        };
        let steps: Vec<&Step> = passage.steps.iter().filter(|step| !lies_between(step)).copied().collect();
        for pair in steps.windows(2) {
            let [before, step] = *pair else { continue };
            if let StepOutcome::Answered { message, .. } = step.outcome {
                if !answered.insert(message) {
                    sink.add(Invariant::X11, at(step), format!("call {message} is answered a second time"));
                } else if before.outcome != (StepOutcome::Called { message }) {
                    sink.add(Invariant::X11, at(step), format!("it was not call {message} that was asked"));
                }
            }
            if let (StepOutcome::Called { message }, StepOutcome::TimedOut) = (&before.outcome, &step.outcome)
                && let Some(early) = first_word(record, *message)
                    .filter(|early| early.received_at < step.at && is_timely(record, early, step))
            {
                let found = format!("it gave up and the host had answered at {}", early.received_at);
                sink.add(Invariant::X11, at(step), found);
            }
        }
    }
    for enrollment in &record.stored.state.hot.enrollments {
        let Waiting::Answer { message, until } = &enrollment.waiting else { continue };
        let place = format!("enrollment {}", enrollment.id);
        if answered.contains(message) {
            sink.add(Invariant::X11, place, format!("it waits for call {message}, which led on already"));
        } else if let Some(early) = first_word(record, *message)
            .filter(|early| early.seq <= record.stored.read_seq && early.received_at < *until)
        {
            let found = format!("it waits, and the answer of {} was read", early.received_at);
            sink.add(Invariant::X11, place, found);
        }
    }
}

/// The first mail that ends a call: an answer, or that it came to nothing.
fn first_word(record: &Record, call: MessageId) -> Option<&Envelope> {
    record.mail.iter().find(|envelope| match &envelope.kind {
        InputKind::Answer { message, .. } => *message == call,
        InputKind::Delivery(delivery) if delivery.message == call => matches!(
            delivery.status,
            DeliveryStatus::Answered { .. } | DeliveryStatus::Refused { .. } | DeliveryStatus::Parked
        ),
        _ => false,
    })
}

/// Whether the mail was read by the commit that gave up, or by one before it.
fn is_timely(record: &Record, envelope: &Envelope, step: &Step) -> bool {
    let commit = record.commits.iter().find(|commit| commit.now >= step.at);
    commit.is_some_and(|commit| envelope.seq <= commit.read_seq)
}
