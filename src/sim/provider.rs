//! The providers behind the channels: they know what they accepted, whatever the engine believes.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;

use super::fixture::Line;
use super::random::Random;
use super::timeline::Timeline;
use super::truth::Truth;
use crate::model::{Handover, Hash, MessageId, Outcome};
use crate::port::{Channel, OnUnknown};
use crate::testing::Sleep;

/// The longest that a call of a provider takes when all is well.
const SLOWEST: i64 = 700;

/// A provider that accepts everything, sooner or later.
pub(super) struct Provider {
    pub(super) line: Line,
    pub(super) truth: Truth,
    pub(super) timeline: Timeline,
    pub(super) random: Arc<Mutex<Random>>,
    /// Whether some messages are put off and some refused, each by itself.
    pub(super) moody: bool,
}

impl Provider {
    async fn takes_its_time(&self) {
        let wait = self.random.lock().unwrap_or_else(PoisonError::into_inner).between(0, SLOWEST);
        self.timeline.sleep(TimeDelta::milliseconds(wait)).await;
    }

    /// A third party has what it was handed, also where it refuses it.
    fn hears(&self, handover: &Handover<'_>) {
        self.truth.seen().partner_has(handover);
    }

    fn answer(&self, handover: &Handover<'_>) -> Outcome {
        let mood = self.random.lock().unwrap_or_else(PoisonError::into_inner).below(12);
        match mood {
            0 | 1 if self.moody => Outcome::Retry { after: None },
            2 if self.moody => Outcome::Refused { reason: "moody".into() },
            _ => {
                self.accept(handover);
                Outcome::Accepted
            }
        }
    }

    fn accept(&self, handover: &Handover<'_>) {
        self.truth.seen().notes_links(handover);
        let content = handover.content;
        let parts = [&content.subject, &content.text, &content.html]
            .map(|part| part.as_deref().unwrap_or("-").as_bytes());
        self.truth.seen().accepted(handover.message.id, Hash::of("said", &parts));
    }
}

#[async_trait]
impl Channel for Provider {
    fn name(&self) -> &str {
        self.line.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.hears(&handover);
        self.takes_its_time().await;
        self.answer(&handover)
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        handovers.iter().for_each(|handover| self.hears(handover));
        self.takes_its_time().await;
        handovers.iter().map(|handover| (handover.message.id, self.answer(handover))).collect()
    }

    fn batch(&self) -> usize {
        self.line.batch
    }

    fn honours_ids(&self) -> bool {
        self.line.honours_ids
    }

    fn on_unknown(&self) -> OnUnknown {
        self.line.on_unknown
    }

    fn deadline(&self) -> TimeDelta {
        TimeDelta::seconds(15)
    }
}

/// What the engine and a channel say to each other, overheard before anything can go wrong between them.
pub(super) struct Overheard {
    pub(super) channel: Arc<dyn Channel>,
    pub(super) truth: Truth,
}

#[async_trait]
impl Channel for Overheard {
    fn name(&self) -> &str {
        self.channel.name()
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let (id, attempt) = (handover.message.id, handover.attempt);
        self.truth.seen().limits_read(&handover);
        self.truth.seen().called(id, attempt, handover.to);
        let outcome = self.channel.send(handover).await;
        self.truth.seen().answered(id, attempt, Some(outcome.clone()));
        outcome
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        for handover in handovers {
            self.truth.seen().limits_read(handover);
            self.truth.seen().called(handover.message.id, handover.attempt, handover.to);
        }
        let outcomes = self.channel.send_many(handovers).await;
        let mut seen = self.truth.seen();
        if outcomes.len() < handovers.len() {
            seen.count("batch_answered_in_part");
        }
        for handover in handovers {
            let own = outcomes.iter().find(|(id, _)| *id == handover.message.id);
            seen.answered(handover.message.id, handover.attempt, own.map(|(_, outcome)| outcome.clone()));
        }
        outcomes
    }

    fn batch(&self) -> usize {
        self.channel.batch()
    }

    fn honours_ids(&self) -> bool {
        self.channel.honours_ids()
    }

    fn on_unknown(&self) -> OnUnknown {
        self.channel.on_unknown()
    }

    fn deadline(&self) -> TimeDelta {
        self.channel.deadline()
    }
}
