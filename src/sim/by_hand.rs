//! Operators, who do something by hand to whoever they meet.

use chrono::{DateTime, TimeDelta, Utc};

use super::host::World;
use super::scenario::ByHand;
use crate::engine::Engine;
use crate::error::Error;
use crate::model::{ContactId, Deed, EnrollmentId, JourneyId, MessageId};
use crate::port::Clock as _;
use crate::port::store::{Definition, MessageStatus};

impl World {
    /// What an operator does meets people where they happen to be; what the door says no to was no deed.
    pub(super) async fn operate(
        &self,
        at: DateTime<Utc>,
        person: &ContactId,
        journey: &'static str,
        what: ByHand,
        length: i64,
    ) -> Result<(), Error> {
        let Some(stored) = self.store.contact(person).await? else { return Ok(()) };
        let run = stored.state.hot.enrollments.first().cloned();
        let done = |result: Result<(), Error>| match result {
            Err(Error::Invalid { .. }) => Ok(()),
            other => other,
        };
        let until = at + TimeDelta::milliseconds(length);
        match (what, run) {
            (ByHand::Eject, run) => {
                let journey = run.map_or_else(|| JourneyId::from(journey), |run| run.journey);
                done(self.tell(|engine| ejects(engine, person.clone(), journey.clone())).await)?;
                self.timeline.until(until).await;
                done(self.tell(|engine| admits(engine, person.clone(), journey.clone())).await)
            }
            (ByHand::Enroll, _) => done(self.tell(|engine| enrolls(engine, person.clone(), journey)).await),
            (ByHand::Move { node }, Some(run)) => {
                let snapshot = self.store.snapshot().await?;
                let steps = snapshot.definitions.iter().find_map(|definition| match definition {
                    Definition::Journey(one)
                        if *one.journey == *run.journey.as_str() && one.version == run.version =>
                    {
                        Some(&one.steps)
                    }
                    _ => None,
                });
                let named: Vec<&String> =
                    steps.into_iter().flatten().filter_map(|step| step.id.as_ref()).collect();
                let Some(node) = named.get(node % named.len().max(1)) else { return Ok(()) };
                done(self.tell(|engine| moves(engine, person.clone(), run.id, (*node).clone())).await)
            }
            (ByHand::Hold, Some(run)) => {
                done(self.tell(|engine| holds(engine, person.clone(), run.id)).await)?;
                self.timeline.until(until).await;
                done(self.tell(|engine| lets_go(engine, person.clone(), run.id)).await)
            }
            (ByHand::Cancel | ByHand::Retry, _) => {
                if what == ByHand::Cancel {
                    self.waits_for_mail(person, until).await?;
                }
                for record in self.store.messages(person).await? {
                    let id = record.message.id;
                    match record.status {
                        MessageStatus::Pending if what == ByHand::Cancel => {
                            done(self.tell(|engine| cancels(engine, id)).await)?;
                        }
                        MessageStatus::Parked if what == ByHand::Retry => {
                            done(self.tell(|engine| retries(engine, id)).await)?;
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            (ByHand::Move { .. } | ByHand::Hold, None) => Ok(()),
        }
    }
}

impl World {
    /// An operator looks now and then, until there is something to take back.
    async fn waits_for_mail(&self, person: &ContactId, until: DateTime<Utc>) -> Result<(), Error> {
        while self.timeline.now() < until {
            let messages = self.store.messages(person).await?;
            if messages.iter().any(|record| record.status == MessageStatus::Pending) {
                break;
            }
            self.timeline.until(self.timeline.now() + TimeDelta::minutes(5)).await;
        }
        Ok(())
    }
}

// Each call owns its engine, so that a host may repeat it.

fn by_hand() -> Deed {
    Deed::new("operator", "a story asks for it")
}

async fn ejects(engine: Engine, person: ContactId, journey: JourneyId) -> Result<(), Error> {
    engine.eject(&person, journey, by_hand()).await
}

async fn admits(engine: Engine, person: ContactId, journey: JourneyId) -> Result<(), Error> {
    engine.admit(&person, journey, by_hand()).await
}

async fn enrolls(engine: Engine, person: ContactId, journey: &'static str) -> Result<(), Error> {
    engine.enroll(&person, journey, by_hand()).await
}

async fn moves(engine: Engine, person: ContactId, run: EnrollmentId, node: String) -> Result<(), Error> {
    engine.move_run(&person, run, node, by_hand()).await
}

async fn holds(engine: Engine, person: ContactId, run: EnrollmentId) -> Result<(), Error> {
    engine.hold(&person, run, by_hand()).await
}

async fn lets_go(engine: Engine, person: ContactId, run: EnrollmentId) -> Result<(), Error> {
    engine.release_run(&person, run, by_hand()).await
}

async fn cancels(engine: Engine, message: MessageId) -> Result<(), Error> {
    engine.cancel_message(message, by_hand()).await
}

async fn retries(engine: Engine, message: MessageId) -> Result<(), Error> {
    engine.retry_message(message, by_hand()).await
}
