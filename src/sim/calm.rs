//! How a simulation comes to rest: faults end, whoever was refused goes on, and then nothing may be due for long.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::fixture::{DESK, FINISHING, LINES, PARTNER, TELLING, start};
use super::host::{POLL, World, release};
use crate::error::Error;
use crate::model::{ContactId, Name};
use crate::port::Clock;
use crate::testing::Invariant;

impl World {
    /// While one contact is refused again and again, the others have been looked at.
    pub(super) async fn nobody_waits_behind(&self, poisoned: &str) -> Result<(), Error> {
        // A worker may sleep so long before it looks for what others did, and then needs a while.
        let long_ago = self.timeline.now() - POLL - TimeDelta::hours(1);
        let parked = self.store.parked().await?;
        for person in &self.scenario.people {
            let id = ContactId::from(person.id.as_str());
            if person.id == poisoned || parked.iter().any(|(parked, _)| *parked == id) {
                continue;
            }
            let Some(stored) = self.store.contact(&id).await? else { continue };
            let mail = self.store.inputs(&id, stored.read_seq, u64::MAX >> 1).await?;
            let waits =
                mail.first().map(|envelope| envelope.received_at).into_iter().chain(stored.due_at).min();
            if !stored.erased && waits.is_some_and(|since| since < long_ago) && !self.faulty.is_poisoned(&id)
            {
                let found = format!("{id} waits since {waits:?} while {poisoned} is refused");
                self.truth.seen().breach(Invariant::S6, found);
            }
        }
        Ok(())
    }

    pub(super) async fn cure(&self) -> Result<(), Error> {
        self.faulty.cure();
        for (contact, _) in self.store.parked().await? {
            self.tell(|engine| release(engine, contact.clone())).await?;
        }
        Ok(())
    }

    /// When everything was told, faults end; then everything that is due must happen.
    pub(super) async fn ends(self: Arc<Self>) {
        self.timeline.until(start() + TELLING).await;
        self.faults.end();
        if let Err(error) = self.finishes().await {
            self.truth.seen().breach(Invariant::S3, format!("the store does not answer: {error}"));
        }
        self.over.store(true, Ordering::Relaxed);
        self.timeline.ring();
    }

    async fn finishes(&self) -> Result<(), Error> {
        self.timeline.until(start() + TELLING + TimeDelta::days(3)).await;
        self.cure().await?;
        self.is_calm("three days after the last fault").await?;
        self.timeline.until(start() + TELLING + FINISHING).await;
        self.is_calm("at the end").await
    }

    /// Nothing is due that was due some time ago.
    async fn is_calm(&self, when: &str) -> Result<(), Error> {
        self.timeline.until(self.timeline.now() + TimeDelta::minutes(5)).await;
        let channels: Vec<Name> =
            LINES.iter().chain([&DESK, &PARTNER]).map(|line| Name::from(line.name)).collect();
        let due = self.store.next_due(&channels).await?;
        if let Some(due) = due.filter(|due| *due < self.timeline.now() - TimeDelta::minutes(4)) {
            self.truth.seen().breach(Invariant::S3, format!("{when} something is due since {due}"));
        }
        Ok(())
    }
}
