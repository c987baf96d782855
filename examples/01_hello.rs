//! The whole engine in some twenty lines: a journey, a contact who agreed, an event, a tick.

use std::sync::Arc;

use journeyman::channel::ConsoleChannel;
use journeyman::model::Evidence;
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

fn main() -> Result<(), Error> {
    futures::executor::block_on(async {
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::builder(store).channel(ConsoleChannel::new("email")).build();
        let hello = TemplateDefinition::new("hello")
            .subject("Welcome, {{ contact.first_name }}")
            .text("Your audit has begun. You will have the result in three days.");
        let journey = Journey::builder("hello")
            .enter_on("signed_up")
            .send("greet", "email", "hello", "onboarding")
            .build()?;
        engine.publish([hello.into(), journey.into()]).await?;

        for (id, name) in [("c-1", "Léa"), ("c-2", "Karim")] {
            let contact = Contact::new(id).attribute("first_name", name);
            engine.identify(contact.address("email", format!("{id}@example.org"))).await?;
        }
        // Léa agreed; Karim was never asked, and nothing is sent without consent.
        engine
            .consent(Consent::granted("c-1", "onboarding", "email", Evidence::new("form", "2026-03")))
            .await?;
        engine.track(Event::new("c-1", "signed_up")).await?;
        engine.track(Event::new("c-2", "signed_up")).await?;

        let tick = engine.tick().await?;
        println!("{} message accepted; and why c-2 got none:", tick.accepted);
        for step in engine.store().steps(&"c-2".into()).await? {
            println!("  {}: {:?}", step.node, step.outcome);
        }
        Ok(())
    })
}
