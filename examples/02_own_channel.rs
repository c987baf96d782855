//! A channel of one's own, whose provider has a bad day: what it answers, and what the engine makes of that.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use journeyman::model::{Evidence, Handover, Outcome};
use journeyman::port::Channel;
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// Busy at first, then the line breaks in the middle of a call, then all is well.
struct Pigeon;

#[async_trait]
impl Channel for Pigeon {
    fn name(&self) -> &str {
        "pigeon"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let id = handover.message.id.to_string();
        // A provider of mail is given the lines of its head beside the text, and every provider until when it may deliver.
        let (_lines, _until) = (&handover.content.headers, handover.deliver_by());
        let outcome = match handover.attempt {
            1 => Outcome::Retry { after: Some(TimeDelta::minutes(10)) },
            2 => Outcome::Unknown, // nobody knows whether it arrived
            _ => Outcome::Accepted,
        };
        println!("attempt {} of message {id:.8}…: {outcome:?}", handover.attempt);
        outcome
    }

    /// It takes each id once, so it may be asked again after an unknown outcome; otherwise the message would be parked.
    fn honours_ids(&self) -> bool {
        true
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = ManualClock::new("2026-03-24T09:00:00Z".parse()?);
    let store = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
    let engine = Engine::builder(Arc::new(store)).channel(Pigeon).build();
    let note = TemplateDefinition::new("note").text("On its way.");
    let journey = Journey::builder("post").enter_on("ordered").send("note", "pigeon", "note", "service");
    futures::executor::block_on(async {
        engine.publish([note.into(), journey.build()?.into()]).await?;
        engine.identify(Contact::new("c-1").address("pigeon", "the red roof")).await?;
        engine.consent(Consent::granted("c-1", "service", "pigeon", Evidence::new("order", "v1"))).await?;
        engine.track(Event::new("c-1", "ordered")).await?;
        while let Some(next) = engine.tick().await?.next_wake {
            println!("  the next attempt follows at {}", next.format("%H:%M:%S"));
            clock.set(next);
        }
        for record in engine.store().messages(&"c-1".into()).await? {
            println!("{:?} after {} attempts under one id", record.status, record.attempts);
        }
        Ok(())
    })
}
