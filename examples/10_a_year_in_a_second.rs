//! A year of virtual time: a thousand people walk a yearly programme, every wait ends at its own instant, and the machine
//! rests in between. How long it takes depends on the machine; what happens does not.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::model::Evidence;
use journeyman::port::{Clock, SystemClock};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// A welcome, then a letter on the first Tuesday of every month at ten where each lives, and a thank-you a year on.
const YEAR: [&str; 2] = [
    r#"
journey: year
version: 1
zone: Europe/Paris
enter: { on: { event: signed_up } }
steps:
  - { id: welcome, send: { channel: email, template: note, purpose: news } }
  - { id: first, wait: 3d }
  - { id: tips, send: { channel: email, template: note, purpose: news } }
  - { id: rest, wait_until: { entry: 12mo, time: "09:00" } }
  - { id: thanks, send: { channel: email, template: note, purpose: news } }
"#,
    r#"
journey: monthly
version: 1
zone: Europe/Paris
enter: { on: { schedule: { every: month, nth: "1st tue", at: "10:00" } } }
reenter: always
steps:
  - { id: letter, send: { channel: email, template: note, purpose: news } }
"#,
];

const PEOPLE: usize = 1_000;
const ZONES: [&str; 4] = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Indian/Reunion"];

/// A clock that jumps to whatever is next.
#[derive(Clone)]
struct Hands(Arc<Mutex<DateTime<Utc>>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    futures::executor::block_on(async {
        let start: DateTime<Utc> = "2026-01-01T08:00:00Z".parse()?;
        let end = start + TimeDelta::days(366);
        let hands = Hands(Arc::new(Mutex::new(start)));
        let store = MemoryStore::builder().clock(Arc::new(hands.clone())).without_history().build();
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(Arc::new(store)).channel(email.clone()).build();
        let note = TemplateDefinition::new("note").text("Bonjour {{ contact.id }}");
        let journeys = [Journey::from_yaml(YEAR[0])?, Journey::from_yaml(YEAR[1])?];
        engine.publish(journeys.map(Into::into).into_iter().chain([note.into()])).await?;

        let began = SystemClock.now();
        let mut inputs = Vec::new();
        for number in 0..PEOPLE {
            let id = format!("c-{number}");
            let contact = Contact::new(id.as_str()).zone(ZONES[number % ZONES.len()]);
            inputs.push(contact.address("email", format!("{id}@example.org")).into());
            inputs.push(Consent::granted(id.as_str(), "news", "email", Evidence::new("form", "v1")).into());
            inputs.push(Event::new(id.as_str(), "signed_up").into());
        }
        engine.append(inputs).await?;
        let (mut ticks, mut steps) = (0, 0);
        loop {
            let tick = engine.tick().await?;
            (ticks, steps) = (ticks + 1, steps + tick.steps);
            let Some(wake) = tick.next_wake.filter(|wake| *wake <= end) else { break };
            let mut now = hands.0.lock().unwrap_or_else(PoisonError::into_inner);
            *now = wake.max(*now);
        }
        let sent = email.sent();
        println!(
            "{PEOPLE} people, {} days: {steps} steps, {} messages",
            (end - start).num_days(),
            sent.len()
        );
        let took = (SystemClock.now() - began).num_milliseconds().max(1);
        eprintln!("{ticks} ticks in {took} ms");
        let year = (end - start).num_milliseconds() / took;
        eprintln!("time went {year} times as fast");
        Ok(())
    })
}
