//! What a contact allows: the acts that reach it become links of its chain, and the standing follows.

use chrono::{DateTime, Utc};

use super::transition::{Lift, Run};
use super::{Envelope, Withdrawal};
use crate::model::{Consent, ConsentRecord, ConsentStatus, Evidence, Fingerprint, InputId, Name, truncate};

/// An act on its way into the chain.
pub(super) struct Act<'a> {
    pub(super) status: ConsentStatus,
    pub(super) purpose: Option<&'a Name>,
    pub(super) channel: Option<&'a Name>,
    pub(super) address: Option<Fingerprint>,
    pub(super) evidence: &'a Evidence,
    /// When it took effect, where it says so.
    pub(super) said_at: Option<DateTime<Utc>>,
    pub(super) except: &'a [Name],
}

impl Run<'_> {
    pub(super) fn consent(&mut self, consent: &Consent, envelope: &Envelope, at: DateTime<Utc>) {
        let Consent { purpose, channel, status, evidence, address, at: said_at, .. } = consent;
        let act = Act {
            status: *status,
            purpose: Some(purpose),
            channel: Some(channel),
            address: *address,
            evidence,
            said_at: *said_at,
            except: &[],
        };
        self.record(&act, envelope.id, at);
        if *status != ConsentStatus::Granted {
            return;
        }
        self.lift(purpose, channel, *address, envelope.seq);
    }

    /// Ends the gate's denials of what was just granted. A grant that an act beats which took effect after it, though it was
    /// received before, ends none.
    pub(super) fn lift(&mut self, purpose: &Name, channel: &Name, address: Option<Fingerprint>, seq: u64) {
        let mut standing = self.out.state.cold.standing.standing();
        if standing.any(|(other, on, to)| other == purpose && on == channel && to == address) {
            let (channel, purpose) = (channel.clone(), purpose.clone());
            self.out.lifts.push(Lift { channel, purpose, address, seq });
        }
    }

    pub(super) fn withdrawal(&mut self, withdrawal: &Withdrawal, envelope: &Envelope, at: DateTime<Utc>) {
        let Withdrawal { purposes, channel, evidence, act, at: said_at, except, .. } = withdrawal;
        let mut act = Act {
            status: if act.forbids() { *act } else { ConsentStatus::Withdrawn },
            purpose: None,
            channel: channel.as_ref(),
            address: None,
            evidence,
            said_at: *said_at,
            except,
        };
        if purposes.is_empty() {
            self.record(&act, envelope.id, at);
        }
        for purpose in purposes {
            act.purpose = Some(purpose);
            self.record(&act, envelope.id, at);
        }
        if said_at.is_none() {
            return;
        }
        // The gate forbade from the receipt on. What was allowed after it had been said still is.
        let standing = self.out.state.cold.standing.standing();
        let still = standing.filter(|(purpose, channel, _)| withdrawal.concerns(purpose, channel));
        let lifts = still.map(|(purpose, channel, address)| {
            let (channel, purpose) = (channel.clone(), purpose.clone());
            Lift { channel, purpose, address, seq: envelope.seq }
        });
        let lifts: Vec<Lift> = lifts.collect();
        self.out.lifts.extend(lifts);
    }

    pub(super) fn record(&mut self, act: &Act<'_>, input: InputId, at: DateTime<Utc>) {
        let keeps_instants = self.program.policy.keeps_instants();
        let standing = &mut self.cold().standing;
        let (length, head) = standing.head();
        let effective = act.said_at.map_or(at, |said_at| truncate(said_at).min(at));
        let record = ConsentRecord::link(
            length.saturating_add(1),
            act.purpose.cloned(),
            act.channel.cloned(),
            act.status,
            effective,
            act.evidence.clone(),
            act.address,
            input,
            head,
        );
        let record = record.told(act.said_at.map(|_| at), act.except);
        standing.apply(&record, keeps_instants);
        self.out.consents.push(record);
        self.touch_consent(act.purpose);
        self.mind_profiling(input, at);
    }

    /// Notes that the person was heard of, where an event shows that.
    pub(super) fn heard_of(&mut self, event: &str, at: DateTime<Utc>) {
        let retention = self.program.policy.retention.as_ref();
        if retention.is_some_and(|retention| retention.hears(event)) {
            self.heard_at(at);
        }
    }

    /// Notes that the person was heard of, where a policy asks for it.
    pub(super) fn heard_at(&mut self, at: DateTime<Utc>) {
        let asked = self.program.policy.retention.is_some();
        if asked && self.out.state.cold.standing.is_news(at) {
            self.cold().standing.hear(at);
        }
    }
}
