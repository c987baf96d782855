//! A journey is edited while people are inside: they stay on their version until a migration moves them, which is checked
//! and counted first. On a SQLite file, in virtual time.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::engine::JourneyStatus;
use journeyman::journey::{MigrationDefinition, Waits};
use journeyman::model::{Deed, Evidence, StepOutcome};
use journeyman::port::Clock;
use journeyman::port::store::Archive;
use journeyman::rule::TemplateDefinition;
use journeyman::store::SqliteStore;
use journeyman::{Consent, Contact, Engine, Event, Journey};

const FIRST: &str = r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: pause, wait: 2d }
  - { id: proof, send: { channel: email, template: proof, purpose: onboarding } }
  - { id: rest, wait: 3d }
  - { id: offer, send: { channel: email, template: offer, purpose: onboarding } }
"#;

/// The pause is longer, the proof has become a story, and nobody rests any more.
const SECOND: &str = r#"
journey: welcome
version: 2
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: pause, wait: 4d }
  - { id: story, send: { channel: email, template: story, purpose: onboarding } }
  - { id: offer, send: { channel: email, template: offer, purpose: onboarding } }
"#;

/// A clock that the story moves.
#[derive(Clone)]
struct Hands(Arc<Mutex<DateTime<Utc>>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// Lets time pass, and everything happen at its own instant.
async fn until(engine: &Engine, clock: &Hands, end: DateTime<Utc>) -> Result<(), journeyman::Error> {
    loop {
        match engine.tick().await?.next_wake.filter(|wake| *wake <= end) {
            Some(wake) => clock.set(wake.max(clock.now())),
            None => break clock.set(end),
        }
    }
    engine.tick().await.map(drop)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("journeyman-edit-{}.db", std::process::id()));
    let result = futures::executor::block_on(story(&path));
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{ending}", path.display())).ok();
    }
    result
}

async fn story(path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse()?;
    let clock = Hands(Arc::new(Mutex::new(start)));
    let day = |days| start + TimeDelta::days(days);
    let store = Arc::new(SqliteStore::builder(path).clock(Arc::new(clock.clone())).open()?);
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(store.clone()).channel(email.clone()).build();
    let templates =
        ["hello", "proof", "story", "offer"].map(|name| TemplateDefinition::new(name).text(name).into());
    engine.publish(templates.into_iter().chain([Journey::from_yaml(FIRST)?.into()])).await?;

    for (id, at) in [("ana", 0), ("ben", 1), ("cleo", 3)] {
        until(&engine, &clock, day(at)).await?;
        engine.identify(Contact::new(id).address("email", format!("{id}@example.org"))).await?;
        engine.consent(Consent::granted(id, "onboarding", "email", Evidence::new("form", "2026-03"))).await?;
        engine.track(Event::new(id, "signed_up")).await?;
    }
    until(&engine, &clock, day(3)).await?;

    // An edit is a new version. It stands as a draft first, and reaches nobody who is inside when it is published.
    let second = Journey::from_yaml(SECOND)?;
    engine.draft(&second.definition).await?;
    show(&engine.journeys().await?);
    engine.publish([second.into()]).await?;
    show(&engine.journeys().await?);

    println!("\na map that forgets somebody is refused, with everything that is wrong:");
    let map = MigrationDefinition::new("welcome", 1, 2).step("proof", "storry");
    match engine.dry_run(&map).await {
        Err(problems) => println!("{problems}"),
        Ok(count) => println!("it was accepted: {count:?}"),
    }

    println!("\nwhole, it says whom it would move:");
    let map = MigrationDefinition::new("welcome", 1, 2).step("proof", "story");
    let map = map.removed_go_on().waits(Waits::Recompute);
    let count = engine.dry_run(&map).await?;
    for moved in &count.moves {
        let to = moved.to.as_ref().map_or("out", |to| to.as_str());
        println!("  {} from {} to {to}", moved.runs, moved.from);
    }
    println!("  {} in all", count.total);

    engine.migrate(&map, Deed::new("ana.b", "people asked for more time")).await?;
    until(&engine, &clock, day(10)).await?;
    println!("\nwhat became of each:");
    for id in ["ana", "ben", "cleo"] {
        println!("  {id}");
        for step in store.steps(&id.into()).await? {
            let what = match &step.outcome {
                StepOutcome::Sent { .. } => "says it",
                StepOutcome::Migrated { .. } => "is led to the second version",
                StepOutcome::Exited { .. } => "is through",
                _ => continue,
            };
            println!("    day {} {}.{} {what}", (step.at - start).num_days(), step.version, step.node);
        }
    }
    println!(
        "\n{} messages, {} runs left on the first version",
        email.sent().len(),
        engine.dry_run(&map).await?.total
    );
    Ok(())
}

fn show(journeys: &[JourneyStatus]) {
    for journey in journeys {
        let draft =
            journey.draft.map_or(String::new(), |version| format!(", and a draft of version {version}"));
        println!("{} is {:?}, versions {:?}{draft}", journey.id, journey.state, journey.versions);
    }
}
