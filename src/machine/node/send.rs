//! Decides a message, if it may be said now.

use super::{Move, Visit};
use crate::journey::Target;
use crate::model::{Message, MessageId, Name, Permit, StepOutcome, Waiting};
use crate::rule::permit::{Question, permit};

pub(super) fn enter(
    visit: &Visit<'_>,
    channel: &Name,
    template: &Name,
    purpose: &Name,
    refused: Option<Target>,
) -> Move {
    let cold = &visit.state.cold;
    let question = Question::new(&cold.contact, &cold.standing, channel, purpose);
    match permit(&question, &visit.program.policy, visit.zone, visit.at) {
        Permit::Refuse { reasons } => {
            Move::go(StepOutcome::Refused { reasons }, refused.unwrap_or(visit.node.next))
        }
        Permit::Defer { until, reasons } => Move::Stay {
            waiting: Waiting::Permit { until },
            outcome: Some(StepOutcome::Deferred { until, reasons }),
            message: None,
        },
        Permit::Permit => {
            let enrollment = visit.enrollment;
            let id = MessageId::derive(enrollment.id, enrollment.ordinal, visit.at);
            let message = Some(Message {
                id,
                contact: cold.contact.id.clone(),
                enrollment: enrollment.id,
                journey: enrollment.journey.clone(),
                version: enrollment.version,
                node: enrollment.node.clone(),
                channel: channel.clone(),
                template: template.clone(),
                purpose: purpose.clone(),
                decided_at: visit.at,
            });
            let outcome = StepOutcome::Sent { message: id };
            match refused {
                None => Move::Go { outcome, to: visit.node.next, message },
                Some(_) => {
                    Move::Stay { waiting: Waiting::Delivery { message: id }, outcome: Some(outcome), message }
                }
            }
        }
    }
}
