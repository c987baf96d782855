//! A host's loop on tokio: `run` sleeps until the next due instant, wakes when something is told, and stops gracefully.

use std::sync::Arc;
use std::time::Duration;

use journeyman::channel::ConsoleChannel;
use journeyman::model::{Evidence, StepOutcome};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::{Consent, Contact, Engine, Event, Journey};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(ConsoleChannel::new("email")).build();
    let journey = Journey::builder("quick")
        .enter_on("signed_up")
        .goal("call.booked")
        .send("hello", "email", "hello", "onboarding")
        .wait("1s".parse()?)
        .send("again", "email", "again", "onboarding")
        .build()?;
    let say = |name: &str, text: &str| TemplateDefinition::new(name).text(text).into();
    engine.publish([say("hello", "Welcome!"), say("again", "Still there?"), journey.into()]).await?;

    // The loop is a task of its own. It takes nothing new once the channel says so, or is dropped.
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = engine.clone();
    let worker = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });

    // Meanwhile the application says what happens, from wherever it happens.
    for contact in ["c-1", "c-2"] {
        engine.identify(Contact::new(contact).address("email", format!("{contact}@example.org"))).await?;
        let evidence = Evidence::new("form", "2026-03");
        engine.consent(Consent::granted(contact, "onboarding", "email", evidence)).await?;
        engine.track(Event::new(contact, "signed_up")).await?;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    engine.track(Event::new("c-2", "call.booked")).await?; // nothing more is said to this one
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    let _ = stop.send(());
    tokio::time::timeout(Duration::from_secs(5), worker).await???;
    for contact in ["c-1", "c-2"] {
        let steps = engine.store().steps(&contact.into()).await?;
        let sent = steps.iter().filter(|step| matches!(step.outcome, StepOutcome::Sent { .. })).count();
        println!("{contact}: {sent} message(s), then {:?}", steps.last().map(|step| &step.outcome));
    }
    Ok(())
}
