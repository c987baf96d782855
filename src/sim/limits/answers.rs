//! C25: what the gate answered for each message, as it was heard, against what a proof says of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::{EnrollmentId, MessageId, Name, NodeId, Reason, Step, StepOutcome};
use crate::port::store::{Begin, Begun, Verdict};
use crate::rule::proof::{self, Decision};
use crate::sim::truth::Seen;

/// What the gate answered for each message, and what steps decided without one.
#[derive(Default)]
pub(in crate::sim) struct Answers {
    messages: BTreeMap<MessageId, Answered>,
    /// What steps decided that came to no message.
    steps: Vec<OfStep>,
}

/// What a step decided that came to no message.
struct OfStep {
    person: String,
    enrollment: EnrollmentId,
    node: NodeId,
    at: DateTime<Utc>,
    said: proof::Said,
    reasons: Vec<Reason>,
}

/// What the gate answered for one message.
#[derive(Default)]
struct Answered {
    /// Every time that it was put off, with the rules by which.
    put_off: Vec<(Vec<Reason>, Name)>,
    /// Why it was refused in the end.
    refused: Option<Vec<Reason>>,
}

/// One answer, before it is known whether it took effect.
pub(in crate::sim) struct Said {
    message: MessageId,
    what: What,
    policy: Name,
}

enum What {
    Sent,
    PutOff(Vec<Reason>),
    Refused(Vec<Reason>),
    Other,
}

impl Said {
    pub(in crate::sim) fn of(begin: &Begin) -> Self {
        let what = match &begin.verdict {
            Verdict::Send { .. } => What::Sent,
            Verdict::Defer { reasons, .. } => What::PutOff(reasons.clone()),
            Verdict::Refuse { reasons } => What::Refused(reasons.clone()),
            Verdict::Park => What::Other,
        };
        Self { message: begin.message, what, policy: begin.policy.clone() }
    }
}

impl Seen {
    /// The gate has answered, where that took effect.
    pub(in crate::sim) fn gate_answered(&mut self, said: Said, begun: &Begun) {
        if matches!(begun, Begun::Stale) {
            return;
        }
        let Said { message, what, policy } = said;
        let own = self.answers.messages.entry(message).or_default();
        match what {
            What::Sent => own.refused = None,
            What::PutOff(reasons) => own.put_off.push((reasons, policy)),
            What::Refused(reasons) => {
                own.refused = Some(reasons.clone());
                self.likes_refused(message, &reasons);
            }
            What::Other => {}
        }
    }

    /// A step decided, and that took effect. What has no rules was no send.
    pub(in crate::sim) fn step_decided(&mut self, row: u64, step: &Step) {
        let (said, reasons) = match &step.outcome {
            StepOutcome::Refused { reasons } => (proof::Said::NotSent, reasons.clone()),
            StepOutcome::Deferred { reasons, .. } => (proof::Said::Deferred, reasons.clone()),
            _ => return,
        };
        let Some(person) = self.rows.get(&row).cloned().filter(|_| step.policy.is_some()) else { return };
        let (enrollment, node, at) = (step.enrollment, step.node.clone(), step.at);
        self.answers.steps.push(OfStep { person, enrollment, node, at, said, reasons });
    }

    /// What a proof leaves out of what steps decided without a message, whether or not its person was erased since.
    pub(in crate::sim) fn misses_steps(
        &mut self,
        person: &str,
        erased: bool,
        decisions: &[Decision],
    ) -> Option<String> {
        let own: Vec<&OfStep> = self.answers.steps.iter().filter(|step| step.person == person).collect();
        let is_told = |step: &&&OfStep| {
            decisions.iter().any(|one| {
                (one.message, one.enrollment, &one.node) == (None, step.enrollment, &step.node)
                    && (one.at, one.said) == (step.at, step.said)
                    && are_same(&one.reasons, &step.reasons)
            })
        };
        let missing = own.iter().find(|step| !is_told(step)).map(|step| {
            format!("does not say that {} at {} came to nothing for {:?}", step.node, step.at, step.reasons)
        });
        let some = !own.is_empty();
        if some {
            self.count(if erased { "limit_proof_of_steps_after_erasure" } else { "limit_proof_of_steps" });
        }
        missing
    }

    /// What a proof leaves out of the answers for a message, or adds to them.
    pub(in crate::sim) fn misses_answers(
        &mut self,
        message: MessageId,
        decisions: &[Decision],
    ) -> Option<String> {
        let own: Vec<&Decision> = decisions.iter().filter(|one| one.message == Some(message)).collect();
        let put_off = own.iter().filter(|one| {
            let waits = one.said == proof::Said::Waiting && !one.reasons.is_empty();
            one.said == proof::Said::Deferred || waits
        });
        let told: Vec<(&[Reason], Option<&Name>)> =
            put_off.map(|one| (one.reasons.as_slice(), one.policy.as_ref())).collect();
        let empty = Answered::default();
        let heard = self.answers.messages.get(&message).unwrap_or(&empty);
        let same = told.len() == heard.put_off.len()
            && told.iter().zip(&heard.put_off).all(|((reasons, policy), (heard, rules))| {
                are_same(reasons, heard) && *policy == Some(rules)
            });
        if !same {
            return Some(format!(
                "says that {message} was put off {told:?}, and that was {:?}",
                heard.put_off
            ));
        }
        if let Some(refused) = &heard.refused
            && !own.iter().any(|one| one.said == proof::Said::NotSent && are_same(&one.reasons, refused))
        {
            return Some(format!("does not say that {message} was refused for {refused:?}: {own:?}"));
        }
        let counted = (heard.put_off.len(), heard.refused.is_some());
        if counted.0 > 0 {
            self.count("limit_proof_of_deferrals");
        }
        if counted.1 {
            self.count("limit_proof_of_a_refusal");
        }
        None
    }
}

/// Whether reasons are the same but for words that an erasure takes along.
fn are_same(told: &[Reason], heard: &[Reason]) -> bool {
    let same = |told: &Reason, heard: &Reason| match (told, heard) {
        (Reason::Template(told), Reason::Template(heard))
        | (Reason::Channel(told), Reason::Channel(heard)) => told == heard || told.is_empty(),
        (told, heard) => told == heard,
    };
    told.len() == heard.len() && told.iter().zip(heard).all(|(told, heard)| same(told, heard))
}
