//! The host behind the calls of journeys: it answers at once, later, twice, wrongly, or never.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use chrono::TimeDelta;

use super::fixture::DESK;
use super::host::World;
use super::random::Random;
use super::timeline::Timeline;
use super::truth::Truth;
use crate::model::{Answer, ContactId, Handover, Hash, MessageId, Outcome};
use crate::port::{Channel, Clock as _};
use crate::testing::Sleep;

/// The world that a desk answers to, once there is one.
pub(super) type Behind = Arc<OnceLock<Weak<World>>>;

/// A channel that takes calls.
pub(super) struct Desk {
    pub(super) truth: Truth,
    pub(super) timeline: Timeline,
    pub(super) random: Mutex<Random>,
    pub(super) behind: Behind,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

impl Desk {
    fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers in the hours that follow, sometimes a second time with another answer.
    fn answers_later(&self, contact: &ContactId, message: MessageId) {
        let Some(world) = self.behind.get().and_then(Weak::upgrade) else { return };
        let (first, again) = self.draw(|random| {
            let first = random.between(MINUTE, 9 * HOUR);
            (first, random.chance(3_000).then(|| random.between(0, 3 * HOUR)))
        });
        let plan = [Some((first, answer(true))), again.map(|after| (first + after, answer(false)))];
        for (after, answer) in plan.into_iter().flatten() {
            let at = self.timeline.now() + TimeDelta::milliseconds(after);
            let task = Arc::clone(&world).host_answers(contact.clone(), message, answer, at);
            world.spawner.spawn(task);
        }
    }
}

fn answer(good: bool) -> Answer {
    Answer::of(if good { "good" } else { "bad" }).value("fit", if good { 80 } else { 7 })
}

#[async_trait]
impl Channel for Desk {
    fn name(&self) -> &str {
        DESK.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let (wait, mood) = self.draw(|random| (random.between(0, 700), random.below(10)));
        self.timeline.sleep(TimeDelta::milliseconds(wait)).await;
        let (contact, message) = (&handover.message.contact, handover.message.id);
        if handover.call().is_none() || handover.contact.map(|contact| &contact.id) != Some(contact) {
            return Outcome::Refused { reason: "nobody asked".into() };
        }
        if mood == 0 {
            return Outcome::Refused { reason: "closed".into() };
        }
        self.truth.seen().accepted(message, Hash::of("asked", &[]));
        match mood {
            1..=2 => Outcome::Answered(answer(true)),
            3 => Outcome::Answered(Answer::of("good").value("fit", "eighty")),
            4 => Outcome::Accepted,
            _ => {
                self.answers_later(contact, message);
                Outcome::Accepted
            }
        }
    }

    fn honours_ids(&self) -> bool {
        DESK.honours_ids
    }

    fn deadline(&self) -> TimeDelta {
        TimeDelta::seconds(15)
    }
}
