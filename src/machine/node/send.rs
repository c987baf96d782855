//! Decides a message, if it may be said now.

use chrono::{DateTime, Utc};

use super::{Move, Visit};
use crate::journey::{Deadline, Send, Spacing};
use crate::model::{Attributes, Hold, Message, MessageId, Name, Permit, Reason, StepOutcome, Waiting};
use crate::rule::permit::{Question, Timing, permit};

pub(super) fn enter(visit: &Visit<'_>, send: &Send) -> Move {
    let cold = &visit.state.cold;
    let offer = send.offer.as_ref().map(|name| (name, visit.enrollment.offers.get(name)));
    let speaks_of = match offer {
        None => None,
        Some((name, Some(offer))) if offer.stands(visit.at) => Some((name, offer)),
        Some((_, held)) => {
            let expired = held.is_some_and(|offer| offer.hold == Hold::Held);
            let reasons = vec![if expired { Reason::Expired } else { Reason::NoPlace }];
            return Move::go(StepOutcome::Refused { reasons }, send.refused.unwrap_or(visit.node.next));
        }
    };
    let deadline = |then| send.deadline_at(then, visit.zone, visit.enrollment.arrived_at);
    let expiry = speaks_of.filter(|(_, offer)| offer.hold == Hold::Held).map(|(_, offer)| offer.expires_at);
    let timing = Timing {
        window: send.window.as_ref(),
        // Nothing is said of a place when it is free again.
        not_after: deadline(Deadline::Skip).into_iter().chain(expiry).min(),
        wanted_by: deadline(Deadline::Send),
        held_out: visit.held_out,
        late: visit.late,
    };
    let (way, answer) = chosen(visit, send, timing);
    let nobody = send.from.as_ref().is_some_and(|from| from.name(&cold.contact.attributes).is_none());
    let answer = if nobody { without_owner(answer) } else { answer };
    match spaced(visit, answer, timing.not_after) {
        (Permit::Refuse { reasons }, _) => {
            Move::go(StepOutcome::Refused { reasons }, send.refused.unwrap_or(visit.node.next))
        }
        (Permit::Defer { until, reasons }, _) => Move::Stay {
            waiting: Waiting::Permit { until },
            outcome: Some(StepOutcome::Deferred { until, reasons }),
            message: None,
        },
        (Permit::Permit, instead_of) => {
            let variables = speaks_of.map(|(name, offer)| offer.variables(name)).unwrap_or_default();
            let message = message(visit, send, way, timing, variables);
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

/// The first channel on which it may be said now, and what forbids it where there is none: then it waits for the one that
/// opens first, or is refused on all of them.
fn chosen<'s>(visit: &Visit<'_>, send: &'s Send, timing: Timing<'_>) -> ((&'s Name, &'s Name), Permit) {
    let cold = &visit.state.cold;
    let ask = |channel: &Name| {
        let question = Question::new(&cold.contact, &cold.standing, channel, &send.purpose).timed(timing);
        permit(&question, &visit.program.policy, visit.zone, visit.at)
    };
    let own = (&send.channel, &send.template);
    if send.others.is_empty() {
        return (own, ask(&send.channel));
    }
    let (mut opens_at, mut forbidden) = (None, Vec::new());
    for way in send.ways(&cold.contact) {
        let reasons = match ask(way.0) {
            Permit::Permit => return (way, Permit::Permit),
            Permit::Defer { until, reasons } => {
                opens_at = opens_at.into_iter().chain([until]).min();
                reasons
            }
            Permit::Refuse { reasons } => reasons,
        };
        forbidden.push(Reason::On { channel: way.0.clone(), reasons });
    }
    let answer = match opens_at {
        Some(until) => Permit::Defer { until, reasons: forbidden },
        None => Permit::Refuse { reasons: forbidden },
    };
    (own, answer)
}

/// Nobody is there to say it: that is a refusal, beside whatever else forbids it.
fn without_owner(answer: Permit) -> Permit {
    let mut reasons = match answer {
        Permit::Refuse { reasons } | Permit::Defer { reasons, .. } => reasons,
        Permit::Permit => Vec::new(),
    };
    reasons.push(Reason::NoOwner);
    Permit::Refuse { reasons }
}

/// Keeps a message apart from an earlier one of the enrollment that had had to wait, as the journey says: it waits in its
/// turn, or is left out, or is said in the place of the other.
fn spaced(
    visit: &Visit<'_>,
    answer: Permit,
    not_after: Option<DateTime<Utc>>,
) -> (Permit, Option<MessageId>) {
    let enrollment = visit.enrollment;
    let (Permit::Permit, Some(delayed_at)) = (&answer, enrollment.delayed_at) else { return (answer, None) };
    // One that has waited for the spacing itself is not asked again.
    let until = visit.zone.add(delayed_at, visit.journey.spacing.span());
    if until <= visit.at {
        return (answer, None);
    }
    match visit.journey.spacing {
        Spacing::Skip => (Permit::Refuse { reasons: vec![Reason::Spacing] }, None),
        Spacing::Keep(_) if not_after.is_some_and(|not_after| until >= not_after) => {
            (Permit::Refuse { reasons: vec![Reason::Spacing, Reason::Deadline] }, None)
        }
        Spacing::Keep(_) => (Permit::Defer { until, reasons: vec![Reason::Spacing] }, None),
        Spacing::Merge => {
            let said = visit.messages.iter().rev().find(|other| other.enrollment == enrollment.id);
            (answer, said.filter(|said| said.decided_at == visit.at).map(|said| said.id))
        }
    }
}

fn message(
    visit: &Visit<'_>,
    send: &Send,
    (channel, template): (&Name, &Name),
    timing: Timing<'_>,
    variables: Attributes,
) -> Message {
    let enrollment = visit.enrollment;
    Message {
        id: MessageId::derive(enrollment.id, enrollment.ordinal, visit.at),
        contact: visit.state.cold.contact.id.clone(),
        enrollment: enrollment.id,
        journey: enrollment.journey.clone(),
        version: enrollment.version,
        node: enrollment.node.clone(),
        channel: channel.clone(),
        template: template.clone(),
        purpose: send.purpose.clone(),
        decided_at: visit.at,
        not_after: timing.not_after,
        wanted_by: timing.wanted_by,
        call: None,
        variables,
        sharing: None,
    }
}
