//! Seven days from a sign-up to a first call, on a real SQLite file, in virtual time.
//!
//! ```text
//! cargo run --example welcome
//! ```
//!
//! `journey.yaml` is the journey, `templates.yaml` its words, `contacts.yaml` the people and what happens to them. The clock
//! is moved by hand from one instant of interest to the next, so a week takes a second. Everything else is what a host does
//! in production: a durable store, a provider that honours message ids, and facts told under ids of their own, so that
//! the process may be killed at any moment and run again on the same file.

mod facts;
mod options;
mod page;
mod provider;
mod story;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use journeyman::Engine;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::model::{FingerprintKey, Name};
use journeyman::port::store::Definition;
use journeyman::port::{Catalog, Clock};
use journeyman::rule::TemplateDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::time::Zone;

use options::Options;
use provider::Provider;
use story::Story;

const CHANNELS: [&str; 2] = ["email", "sms"];
const JOURNEY: &str = include_str!("journey.yaml");
const TEMPLATES: &str = include_str!("templates.yaml");
const CONTACTS: &str = include_str!("contacts.yaml");

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(sentence) => {
            eprintln!("welcome: {sentence}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match futures::executor::block_on(run(&options)) {
        Ok(page) => {
            say(&page);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("welcome: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints; a reader that has gone away is no error.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

async fn run(options: &Options) -> Result<String, Box<dyn Error>> {
    let journey: JourneyDefinition = parse_yaml(JOURNEY)?;
    let templates: Vec<TemplateDefinition> = parse_yaml(TEMPLATES)?;
    let paris = Zone::named("Europe/Paris")?;
    let story = Story::read(CONTACTS, &paris)?;

    let clock = ManualClock::new(story.start);
    let store = SqliteStore::builder(&options.db).clock(Arc::new(clock.clone())).open()?;
    let seen = store.snapshot().await?.high_water;
    if let Some(seen) = seen {
        clock.set(seen); // virtual time goes on where the file left it
    }
    let provider = Provider::open(&options.sent(), options.pause)?;
    let engine = Engine::builder(Arc::new(store))
        .channel(provider.channel(CHANNELS[0]))
        .channel(provider.channel(CHANNELS[1]))
        .purpose("onboarding")
        .purpose("marketing")
        .zone(paris.clone())
        .fingerprint_key(FingerprintKey::new(*b"a secret of the host, 32 bytes..")) // a real one is never in the source
        .build();
    let mut definitions: Vec<Definition> = templates.into_iter().map(Definition::from).collect();
    definitions.push(journey.clone().into());
    engine.publish(definitions).await?;

    let until = options.until.map(|span| paris.add(story.start, span));
    let waiting = engine.store().next_due(&CHANNELS.map(Name::from)).await?;
    let over = seen.is_some_and(|seen| seen > story.end) && waiting.is_none();
    if let Some((seen, until)) = seen.zip(until).filter(|(seen, until)| over || seen > until) {
        let (seen, until) = (paris.local(seen).format("%a %d %b"), paris.local(until).format("%a %d %b"));
        return Err(format!("the file is at {seen} already and --until means {until}; leave it out").into());
    }
    // A finished file is only read.
    let stopped = if over { None } else { play(&engine, &story, &clock, until).await? };

    if provider.repeated() > 0 {
        eprintln!(
            "welcome: after an interruption {} message(s) were handed over again under the same id; \
             the provider took each of them once",
            provider.repeated()
        );
    }
    let mut page = page::print(&facts::gather(&engine, &story, &journey, &paris).await?, &story, &journey);
    if let Some(stopped) = stopped {
        page.push_str(&options.how_to_go_on(&paris.local(stopped).format("%A %-d %B, %H:%M").to_string()));
    }
    Ok(page)
}

/// Runs virtual time: tell what happens now, tick, go on to the next instant of interest. Answers where it stopped early.
async fn play(
    engine: &Engine,
    story: &Story,
    clock: &ManualClock,
    until: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, Box<dyn Error>> {
    // After an interruption everything up to now is told again: what is known already changes nothing.
    let mut told = 0;
    loop {
        told = story.tell(engine, told, clock.now()).await?;
        let tick = engine.tick().await?;
        let next = [tick.next_wake, story.next(told)].into_iter().flatten().min();
        match (next, until) {
            (None, _) => return Ok(None),
            (Some(next), Some(until)) if next > until => return Ok(Some(until)),
            (Some(next), _) => clock.set(next),
        }
    }
}
