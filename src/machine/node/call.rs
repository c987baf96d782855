//! Asks the host, and waits for its answer.

use super::{Move, Visit};
use crate::journey::CallNode;
use crate::model::{Call, Message, MessageId, StepOutcome, Waiting};

/// Nothing is said to the contact: no consent is asked for it, no address, no hour and no lot.
pub(super) fn enter(visit: &Visit<'_>, call: &CallNode) -> Move {
    let enrollment = visit.enrollment;
    let journey = visit.journey.zone.as_ref().unwrap_or(&visit.program.zone);
    let until = call.due_at(visit.at, visit.zone, journey);
    let message = Message {
        id: MessageId::derive(enrollment.id, enrollment.ordinal, visit.at),
        contact: visit.state.cold.contact.id.clone(),
        enrollment: enrollment.id,
        journey: enrollment.journey.clone(),
        version: enrollment.version,
        node: enrollment.node.clone(),
        channel: call.channel.clone(),
        template: Default::default(),
        purpose: Default::default(),
        decided_at: visit.at,
        // Nobody waits for the answer any more: the question is not asked then.
        not_after: Some(until),
        wanted_by: None,
        call: Some(Call {
            ask: call.ask.clone(),
            with: call.with.clone(),
            due_at: call.hours.as_ref().map(|_| until),
        }),
        variables: Default::default(),
        sharing: None,
    };
    Move::Stay {
        waiting: Waiting::Answer { message: message.id, until },
        outcome: Some(StepOutcome::Called { message: message.id }),
        message: Some(message),
    }
}
