//! Decides a message, if it may be said now.

use chrono::{DateTime, Utc};

use super::{Move, Visit};
use crate::journey::{Deadline, Send, Spacing};
use crate::model::{Message, MessageId, Permit, Reason, StepOutcome, Waiting};
use crate::rule::permit::{Question, Timing, permit};

pub(super) fn enter(visit: &Visit<'_>, send: &Send) -> Move {
    let cold = &visit.state.cold;
    let deadline = send.deadline.map(|deadline| visit.zone.add(visit.enrollment.arrived_at, deadline.within));
    let timing = Timing {
        window: send.window.as_ref(),
        not_after: deadline,
        window_yields: send.deadline.is_some_and(|deadline| deadline.then == Deadline::Send),
        held_out: visit.held_out,
        late: visit.late,
    };
    let question = Question::new(&cold.contact, &cold.standing, &send.channel, &send.purpose).timed(timing);
    let answer = permit(&question, &visit.program.policy, visit.zone, visit.at);
    match spaced(visit, answer, deadline) {
        (Permit::Refuse { reasons }, _) => {
            Move::go(StepOutcome::Refused { reasons }, send.refused.unwrap_or(visit.node.next))
        }
        (Permit::Defer { until, reasons }, _) => Move::Stay {
            waiting: Waiting::Permit { until },
            outcome: Some(StepOutcome::Deferred { until, reasons }),
            message: None,
        },
        (Permit::Permit, instead_of) => {
            let message = message(visit, send, deadline);
            let id = message.id;
            let outcome = match instead_of {
                Some(instead_of) => StepOutcome::Merged { message: id, instead_of },
                None => StepOutcome::Sent { message: id },
            };
            match send.refused {
                None => Move::Go { outcome, to: visit.node.next, message: Some(message) },
                Some(_) => Move::Stay {
                    waiting: Waiting::Delivery { message: id },
                    outcome: Some(outcome),
                    message: Some(message),
                },
            }
        }
    }
}

/// Keeps a message apart from an earlier one of the enrollment that had had to wait, as the journey says: it waits in its
/// turn, or is left out, or is said in the place of the other.
fn spaced(visit: &Visit<'_>, answer: Permit, deadline: Option<DateTime<Utc>>) -> (Permit, Option<MessageId>) {
    let enrollment = visit.enrollment;
    let (Permit::Permit, Some(delayed_at)) = (&answer, enrollment.delayed_at) else { return (answer, None) };
    // One that has waited for the spacing itself is not asked again.
    let until = visit.zone.add(delayed_at, visit.journey.spacing.span());
    if until <= visit.at {
        return (answer, None);
    }
    match visit.journey.spacing {
        Spacing::Skip => (Permit::Refuse { reasons: vec![Reason::Spacing] }, None),
        Spacing::Keep(_) if deadline.is_some_and(|deadline| until >= deadline) => {
            (Permit::Refuse { reasons: vec![Reason::Spacing, Reason::Deadline] }, None)
        }
        Spacing::Keep(_) => (Permit::Defer { until, reasons: vec![Reason::Spacing] }, None),
        Spacing::Merge => {
            let said = visit.messages.iter().rev().find(|other| other.enrollment == enrollment.id);
            (answer, said.filter(|said| said.decided_at == visit.at).map(|said| said.id))
        }
    }
}

fn message(visit: &Visit<'_>, send: &Send, not_after: Option<DateTime<Utc>>) -> Message {
    let enrollment = visit.enrollment;
    Message {
        id: MessageId::derive(enrollment.id, enrollment.ordinal, visit.at),
        contact: visit.state.cold.contact.id.clone(),
        enrollment: enrollment.id,
        journey: enrollment.journey.clone(),
        version: enrollment.version,
        node: enrollment.node.clone(),
        channel: send.channel.clone(),
        template: send.template.clone(),
        purpose: send.purpose.clone(),
        decided_at: visit.at,
        not_after,
    }
}
