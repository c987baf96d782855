//! What comes in from the contact and its addresses, and what a step withdraws in its name.

use chrono::{DateTime, Utc};

use super::consent::Act;
use super::transition::{Denial, Run};
use super::{Envelope, InputKind};
use crate::journey::Withdraw;
use crate::model::{ConsentStatus, Evidence, Fingerprint, Giver, Name, StepOutcome};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// A START gives back what the last STOP on the channel took away, and nothing else.
    pub(super) fn restore(
        &mut self,
        channel: &Name,
        evidence: &Evidence,
        said_at: Option<DateTime<Utc>>,
        envelope: &Envelope,
        at: DateTime<Utc>,
    ) {
        let standing = &self.out.state.cold.standing;
        let held = match is_on(Bug::StartGivesEverything) {
            false => standing.stopped.on(channel, said_at),
            true => {
                let here = standing.answers().filter(|(_, on)| *on == channel);
                here.map(|(purpose, _)| (purpose.clone(), None, None)).collect()
            }
        };
        for (purpose, address, until) in held {
            let mut evidence = evidence.clone();
            evidence.valid_until = until;
            let act = Act {
                status: ConsentStatus::Granted,
                purpose: Some(&purpose),
                channel: Some(channel),
                address,
                evidence: &evidence,
                said_at,
                except: &[],
            };
            self.record(&act, envelope.id, at);
            self.lift(&purpose, channel, address, envelope.seq);
        }
    }

    /// A message did not arrive for now; where that goes on, its address is never written to again.
    pub(super) fn soft_bounce(&mut self, channel: &Name, address: Fingerprint, at: DateTime<Utc>) {
        let rule = self.program.policy.soft;
        if self.cold().standing.bounced(channel, address, at, &rule) {
            self.cold().standing.suppress(channel, address);
            self.out.denials.push(Denial::Suppressed { channel: channel.clone(), address });
        }
    }

    /// A step withdraws in the contact's name: on record and in the gate with the commit of the step.
    pub(super) fn withdraw(&mut self, index: usize, at: DateTime<Utc>, withdraw: &Withdraw) -> StepOutcome {
        let enrollment = &self.out.state.hot.enrollments[index];
        let source = format!("journey {}", enrollment.journey);
        let wording = format!("version {}, step {}", enrollment.version, enrollment.node);
        // The journey's word, and not a sign of the person.
        let by = Giver::Operator { id: enrollment.journey.as_str().into(), reason: "withdraw step".into() };
        let evidence = Evidence::new(source, wording).given_by(by);
        let cause = self.cause(index);
        let (purpose, channel) = (withdraw.purpose.clone(), withdraw.channel.clone());
        let owed = self.program.policy.owed();
        let except: Vec<Name> =
            owed.filter(|owed| purpose.as_ref().is_none_or(|purpose| purpose == *owed)).cloned().collect();
        let act = Act {
            status: ConsentStatus::Withdrawn,
            purpose: purpose.as_ref(),
            channel: channel.as_ref(),
            address: None,
            evidence: &evidence,
            said_at: None,
            except: &except,
        };
        self.record(&act, cause, at);
        // Right after the last input that was read, so that a grant that was not read yet lifts it.
        let seq = if self.read == 0 { 0 } else { self.read.saturating_add(1) };
        if !is_on(Bug::StepWithdrawsOnRecordAlone) {
            self.out.denials.push(Denial::Withdrawn { purpose, channel, except, seq });
        }
        StepOutcome::Withdrawn
    }

    /// What a host alone cannot tell: it comes through the engine's door.
    pub(super) fn come_in(&mut self, envelope: &Envelope, at: DateTime<Utc>) {
        match &envelope.kind {
            InputKind::Restore { channel, evidence, said_at } => {
                self.restore(channel, evidence, *said_at, envelope, at)
            }
            InputKind::SoftBounce { channel, address, bounced_at } => {
                // One that is told late counts when it happened.
                let bounced_at = bounced_at.unwrap_or(at).min(at);
                self.soft_bounce(channel, *address, bounced_at);
            }
            _ => {}
        }
    }
}
