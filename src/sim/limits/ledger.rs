//! What the judge of the limits remembers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::drawn::Limits;
use super::rules::HEARD_BY;
use crate::machine::{Input, InputKind};
use crate::model::{ConsentStatus, ContactId, Fact, Giver, Message, MessageId, Value};
use crate::port::store::{StoredContact, TakenBatch};

/// For how long a take is remembered: longer than a permit lives.
const TAKES: TimeDelta = TimeDelta::seconds(10);

/// What the judge of the limits remembers; nothing where a seed has none.
#[derive(Default)]
pub(in crate::sim) struct Ledger {
    pub(super) limits: Option<Limits>,
    /// When each person was last heard of, by whatever can count as that.
    pub(super) heard: BTreeMap<String, i64>,
    /// Person, purpose and channel of every yes that a guardian gave.
    pub(super) guarded: BTreeSet<(String, String, String)>,
    /// The newest begin of every message that counts.
    pub(super) said: BTreeMap<MessageId, Said>,
    pub(super) takes: VecDeque<Seized>,
}

/// A message as caps count it.
pub(super) struct Said {
    pub(super) person: String,
    pub(super) channel: String,
    pub(super) purpose: String,
    pub(super) at: i64,
}

/// What one worker took at an instant.
pub(super) struct Seized {
    pub(super) at: DateTime<Utc>,
    pub(super) messages: BTreeMap<MessageId, Decided>,
}

/// A message, with what limits ask of its contact as that stood then.
#[derive(Clone)]
pub(in crate::sim) struct Decided {
    pub(super) person: String,
    pub(super) channel: String,
    pub(super) purpose: String,
    pub(super) journey: String,
    pub(super) tier: Option<String>,
    pub(super) age: Option<i64>,
}

impl Decided {
    pub(in crate::sim) fn new(message: &Message) -> Self {
        Self {
            person: message.contact.to_string(),
            channel: message.channel.to_string(),
            purpose: message.purpose.to_string(),
            journey: message.journey.to_string(),
            tier: None,
            age: None,
        }
    }

    fn of(self, stored: &StoredContact) -> Self {
        let age = match stored.state.cold.contact.attributes.get("age") {
            Some(Value::Integer(age)) => Some(*age),
            _ => None,
        };
        Self { tier: stored.state.hot.rating.tier("spark").map(ToString::to_string), age, ..self }
    }
}

impl Ledger {
    pub(in crate::sim) fn new(limits: Option<Limits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Whether there are any.
    pub(in crate::sim) fn is_open(&self) -> bool {
        self.limits.is_some()
    }

    /// Something was kept in a mailbox.
    pub(in crate::sim) fn hears(&mut self, input: &Input, now: DateTime<Utc>) {
        let is_heard = |name: &str| name == HEARD_BY;
        match &input.kind {
            // What another system brings nobody said now.
            InputKind::Consent(consent) if consent.status != ConsentStatus::Imported => {
                self.heard_of(&input.contact, consent.at.map_or(now, |at| at.min(now)));
                if let Giver::Guardian { .. } = consent.evidence.who {
                    let yes = (
                        consent.contact.to_string(),
                        consent.purpose.to_string(),
                        consent.channel.to_string(),
                    );
                    self.guarded.insert(yes);
                }
            }
            // A STOP is a withdrawal, which the gate sees.
            InputKind::Restore { .. } | InputKind::Fact(Fact::Keyword { .. }) => {
                self.heard_of(&input.contact, now);
            }
            // What is told of the future may count from then on.
            InputKind::Event(event) if is_heard(&event.name) => {
                self.heard_of(&input.contact, event.at.map_or(now, |at| at.max(now)));
            }
            InputKind::Import { row, .. } if row.events.iter().any(|event| is_heard(&event.name)) => {
                self.heard_of(&input.contact, now);
            }
            _ => {}
        }
    }

    /// The person spoke.
    pub(in crate::sim) fn heard_of(&mut self, person: &ContactId, at: DateTime<Utc>) {
        let heard = self.heard.entry(person.to_string()).or_insert(i64::MIN);
        *heard = (*heard).max(at.timestamp_millis());
    }

    /// A worker took messages, whose contacts stood like this.
    pub(super) fn takes(&mut self, batch: &TakenBatch, contacts: &[Option<StoredContact>]) {
        while self.takes.front().is_some_and(|take| take.at + TAKES < batch.now) {
            self.takes.pop_front();
        }
        let seen = batch.messages.iter().zip(contacts).filter(|(taken, _)| taken.message.call.is_none());
        let seen = seen.map(|(taken, contact)| {
            let decided = Decided::new(&taken.message);
            let decided = contact.as_ref().map_or(decided.clone(), |stored| decided.of(stored));
            (taken.message.id, decided)
        });
        self.takes.push_back(Seized { at: batch.now, messages: seen.collect() });
    }

    /// The takes of an instant in which a message was.
    pub(super) fn seized(&self, id: MessageId, at: DateTime<Utc>) -> Vec<&Seized> {
        self.takes.iter().filter(|take| take.at == at && take.messages.contains_key(&id)).collect()
    }
}
