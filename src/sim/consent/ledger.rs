//! The plain list of what was told: each act with the instant that it is of and the order in which it took effect.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::fixture::{DECLINES, PURPOSES};
use super::visits::{Followed, Linked};
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{Consent, ConsentStatus, Ground, InputId, Step, StepOutcome};
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// Everything that is known of what people said.
#[derive(Default)]
pub(in crate::sim) struct Ledger {
    /// By contact, in the order in which it took effect.
    pub(super) acts: BTreeMap<String, Vec<Told>>,
    /// The withdrawal that must be in force before an event is kept, by their identities.
    pub(super) stops_first: BTreeMap<[u8; 16], [u8; 16]>,
    /// Addresses where nobody is to be written to any more, and since which order.
    pub(super) banned: BTreeMap<(String, String), u64>,
    /// Addresses of whoever was erased, where nothing but what is owed may be said, and since which order.
    pub(super) buried: BTreeMap<(String, String), u64>,
    /// What was handed over with links.
    pub(super) linked: Vec<Linked>,
    pub(super) followed: Vec<Followed>,
    /// By contact: how many buttons are being pressed.
    pub(super) posting: BTreeMap<String, u32>,
    /// Grants that somebody told.
    pub(super) grants: BTreeSet<[u8; 16]>,
}

/// One act.
#[derive(Clone)]
pub(super) struct Told {
    /// When it counts.
    pub(super) at: DateTime<Utc>,
    /// When it took effect.
    pub(super) received: DateTime<Utc>,
    pub(super) order: u64,
    /// Whether it says itself when it was.
    pub(super) says_when: bool,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum What {
    Yes {
        purpose: String,
        channel: String,
        /// The family that was sold, where it is no answer of the person.
        sold: Option<String>,
        confirms: bool,
        until: Option<DateTime<Utc>>,
    },
    No {
        purposes: Vec<String>,
        channel: Option<String>,
        /// By channel: whoever has them is left alone too.
        addresses: BTreeMap<String, String>,
        /// Whether a START can take it back.
        stop: bool,
        /// Whether the person said it.
        said: bool,
    },
    Start {
        channel: String,
    },
}

impl Told {
    pub(super) fn forbids(&self, purpose: &str, channel: &str) -> bool {
        match &self.what {
            What::No { purposes, channel: own, .. } => {
                (purposes.is_empty() || purposes.iter().any(|own| own == purpose))
                    && own.as_ref().is_none_or(|own| own == channel)
            }
            _ => false,
        }
    }
}

impl Ledger {
    pub(super) fn of(&self, contact: &str) -> &[Told] {
        self.acts.get(contact).map_or(&[], Vec::as_slice)
    }

    /// Whether a contact never forbade anything and never said for how long, and no address on a channel is banned.
    pub(in crate::sim) fn is_untouched(&self, contact: &str, channel: &str) -> bool {
        let lasts = |told: &Told| match &told.what {
            What::Yes { until, .. } => until.is_none(),
            What::No { .. } => false,
            What::Start { .. } => true,
        };
        self.of(contact).iter().all(lasts)
            && !self.banned.keys().chain(self.buried.keys()).any(|(on, _)| on == channel)
    }

    /// Nobody is to be written to there any more.
    pub(in crate::sim) fn ban(&mut self, channel: &str, address: &str, order: u64) {
        self.banned.entry((channel.to_owned(), address.to_owned())).or_insert(order);
    }

    /// Whoever had it was erased.
    pub(in crate::sim) fn bury(&mut self, channel: &str, address: &str, order: u64) {
        self.buried.entry((channel.to_owned(), address.to_owned())).or_insert(order);
    }

    fn push(&mut self, contact: &str, told: Told) {
        self.acts.entry(contact.to_owned()).or_default().push(told);
    }
}

impl Seen {
    /// An input was kept.
    pub(in crate::sim) fn notes(&mut self, input: &Input, order: u64) {
        let now = self.now();
        self.twins_hear(input);
        self.likes_hear(input);
        match &input.kind {
            InputKind::Consent(consent) if consent.status == ConsentStatus::Granted => {
                self.notes_grant(input.id, consent, order);
            }
            InputKind::Restore { channel, said_at, .. } => {
                self.count("consent_start");
                let (at, channel) = (said_at.unwrap_or(now), channel.to_string());
                let told = Told { at, received: now, order, says_when: true, what: What::Start { channel } };
                self.ledger.push(input.contact.as_str(), told);
            }
            InputKind::Event(event) => {
                self.notes_visit(event);
                let first = input.id.and_then(|id| self.ledger.stops_first.get(id.as_bytes()).copied());
                let Some(first) = first else { return };
                self.count("stop_judged");
                if !self.withdrawals.contains(&first) {
                    let found =
                        format!("{} hears of a STOP by {} that forbids nothing", input.contact, event.name);
                    self.breach(Invariant::C10, found);
                }
            }
            _ => {}
        }
    }

    fn notes_grant(&mut self, id: Option<InputId>, consent: &Consent, order: u64) {
        if !id.is_some_and(|id| self.ledger.grants.contains(id.as_bytes())) {
            let found = format!("{} allows {} and nobody said so", consent.contact, consent.purpose);
            self.breach(Invariant::C9, found);
        }
        let now = self.now();
        let asked_at = consent.evidence.confirms.as_ref().map(|confirmed| confirmed.asked_at);
        let said_at = consent.at.map_or(now, |at| at.min(now));
        let sold = match &consent.evidence.ground {
            Ground::SoftOptIn { family, .. } => Some(family.to_string()),
            _ => None,
        };
        if consent.at.is_some() {
            self.count("grant_told_late");
        }
        let what = What::Yes {
            purpose: consent.purpose.to_string(),
            channel: consent.channel.to_string(),
            sold,
            confirms: asked_at.is_some(),
            until: consent.evidence.valid_until,
        };
        let told = Told {
            at: asked_at.map_or(said_at, |asked_at| asked_at.min(said_at)),
            received: now,
            order,
            says_when: consent.at.is_some() || asked_at.is_some(),
            what,
        };
        self.ledger.push(consent.contact.as_str(), told);
    }

    /// A withdrawal is in the gate. True where the list alone can judge it: it counts from another instant, or a word gives back
    /// what it takes.
    pub(in crate::sim) fn notes_withdrawal(
        &mut self,
        withdrawal: &Withdrawal,
        mut addresses: BTreeMap<String, String>,
        from: Option<(String, String)>,
        order: u64,
    ) -> bool {
        let now = self.now();
        if self.twins_withdraw(withdrawal, from.as_ref()) {
            return true;
        }
        addresses.extend(from);
        self.notes_pressed(&withdrawal.contact, &withdrawal.evidence.source);
        let source = &*withdrawal.evidence.source;
        let stop = source == "inbound.stop" || source == "provider.block";
        if withdrawal.at.is_some() {
            self.count("withdrawal_told_late");
        }
        self.count(match withdrawal.act {
            _ if stop => "consent_stop",
            ConsentStatus::Objected => "consent_objected",
            ConsentStatus::Expired => "consent_expired",
            _ => "consent_withdrawn",
        });
        let what = What::No {
            purposes: withdrawal.purposes.iter().map(ToString::to_string).collect(),
            channel: withdrawal.channel.as_ref().map(ToString::to_string),
            addresses,
            stop,
            said: withdrawal.act != ConsentStatus::Expired,
        };
        let at = withdrawal.at.map_or(now, |at| at.min(now));
        let told = Told { at, received: now, order, says_when: withdrawal.at.is_some(), what };
        self.ledger.push(withdrawal.contact.as_str(), told);
        stop || withdrawal.at.is_some()
    }

    /// A step was kept; some withdraw.
    pub(in crate::sim) fn notes_step(&mut self, contact: &str, step: &Step) {
        self.twins_step(contact);
        let (journey, purpose, channel) = DECLINES;
        if step.outcome != StepOutcome::Withdrawn || step.journey.as_str() != journey {
            return;
        }
        self.count("step_withdrew");
        let order = self.next_order();
        let addresses = self.people.get(contact).map(|person| person.addresses.clone()).unwrap_or_default();
        let (purposes, channel) = (vec![purpose.to_owned()], Some(channel.to_owned()));
        let what = What::No { purposes, channel, addresses, stop: false, said: true };
        let received = self.now();
        self.ledger.push(contact, Told { at: step.at, received, order, says_when: false, what });
    }

    /// Somebody is about to tell a grant.
    pub(in crate::sim) fn tells_grant(&mut self, consent: &Consent) {
        if let Some(id) = consent.input_id() {
            self.ledger.grants.insert(*id.as_bytes());
        }
    }
}

/// Every purpose that acts are about.
pub(super) fn purposes() -> impl Iterator<Item = &'static str> {
    PURPOSES.into_iter()
}
