//! What the channel saw, and what caps make of it, counted in the plainest way.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use journeyman::model::{Handover, MessageId, Outcome};
use journeyman::port::{Channel, Clock};
use journeyman::rule::Cap;
use journeyman::testing::ManualClock;

/// One begin, as a channel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: DateTime<Utc>,
    pub(crate) message: MessageId,
    pub(crate) contact: String,
    pub(crate) node: String,
    pub(crate) channel: String,
    pub(crate) purpose: String,
    /// Whether the provider refused it for good, and never saw it before.
    pub(crate) refused: bool,
}

/// The log of several channels.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Entry>>>);

impl Log {
    pub(crate) fn push(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }

    /// What counts: a message that was refused at its first begin was not said.
    fn said(&self) -> Vec<Entry> {
        let mut entries = self.entries();
        entries.retain(|entry| !entry.refused);
        entries
    }

    /// How many messages count in the window that ends at an instant.
    pub(crate) fn count(&self, cap: &Cap, contact: &str, at: DateTime<Utc>) -> usize {
        let from = at - length(cap);
        let said = self.said();
        let inside =
            said.iter().filter(|entry| entry.contact == contact && entry.at > from && entry.at <= at);
        let mut messages: Vec<MessageId> =
            inside.filter(|entry| concerns(cap, entry)).map(|entry| entry.message).collect();
        messages.sort_unstable();
        messages.dedup();
        messages.len()
    }

    /// Asks every window that ends at a begin: there is no fuller one.
    pub(crate) fn assert_capped(&self, caps: &[Cap], told: &str) {
        for entry in self.said() {
            for cap in caps.iter().filter(|cap| concerns(cap, &entry)) {
                let count = self.count(cap, &entry.contact, entry.at);
                assert!(
                    count <= cap.most as usize,
                    "{told}: {} has {count} messages in the window of {} that ends at {}: {:#?}",
                    entry.contact,
                    cap.name,
                    entry.at,
                    self.said()
                );
            }
        }
    }
}

pub(crate) fn concerns(cap: &Cap, entry: &Entry) -> bool {
    cap.purposes.iter().any(|purpose| **purpose == *entry.purpose)
        && (cap.channels.is_empty() || cap.channels.iter().any(|channel| **channel == *entry.channel))
}

/// The length of a window where clocks never change.
fn length(cap: &Cap) -> TimeDelta {
    assert_eq!(cap.per.months, 0);
    TimeDelta::days(cap.per.days.into()) + TimeDelta::milliseconds(cap.per.milliseconds.try_into().unwrap())
}

/// A channel that writes down what begins. It answers by the bits of the message's id, `odds` in 256 of them badly.
pub(crate) struct Logging {
    pub(crate) name: &'static str,
    pub(crate) log: Log,
    pub(crate) clock: ManualClock,
    pub(crate) odds: u8,
}

#[async_trait]
impl Channel for Logging {
    fn name(&self) -> &str {
        self.name
    }

    fn honours_ids(&self) -> bool {
        true
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let message = handover.message;
        let bytes = message.id.as_bytes();
        let bad = bytes[15] < self.odds && handover.attempt == 1;
        let outcome = match bytes[14] % 3 {
            _ if !bad => Outcome::Accepted,
            0 => Outcome::Refused { reason: "invalid".into() },
            1 => Outcome::Retry { after: Some(TimeDelta::hours(30)) },
            _ => Outcome::Unknown,
        };
        self.log.push(Entry {
            at: self.clock.now(),
            message: message.id,
            contact: message.contact.to_string(),
            node: message.node.to_string(),
            channel: message.channel.to_string(),
            purpose: message.purpose.to_string(),
            refused: matches!(outcome, Outcome::Refused { .. }),
        });
        outcome
    }
}

/// Numbers from a seed: the same for ever.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn one<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }
}
