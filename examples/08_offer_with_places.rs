//! Two places for three people, counted in a SQLite file: one books, one lets it go, and the third gets what is free again.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::model::Evidence;
use journeyman::quota::SqliteQuota;
use journeyman::rule::TemplateDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

const WORKSHOP: &str = r#"
journey: workshop
version: 1
enter: { on: { event: invited } }
reenter: always
steps:
  - { id: hold, reserve: { offer: masterclass, quota: places, expires: 48h, full: sold_out, otherwise: sold_out } }
  - { id: tell, send: { channel: email, template: your_place, purpose: news, offer: masterclass } }
  - { id: ask, wait_for: { any: [{ event: booked, goto: keep }], within: 3d } }
  - { id: too_late, exit: too_late }
  - { id: keep, confirm: { offer: masterclass, full: too_late } }
  - { id: booked, exit: booked }
  - { id: sold_out, send: { channel: email, template: sold_out, purpose: news } }
"#;

const PEOPLE: [&str; 3] = ["lea", "tom", "zoe"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let start: DateTime<Utc> = "2026-03-23T09:00:00Z".parse()?;
    let clock = ManualClock::new(start);
    let store =
        SqliteStore::builder(folder.path().join("journeys.db")).clock(Arc::new(clock.clone())).open()?;
    let places = SqliteQuota::open("places", folder.path().join("places.db"))?.offer("masterclass", 2);
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(Arc::new(store)).channel(email.clone()).quota(places).build();
    futures::executor::block_on(async {
        let text = "Place held until {{ offer.expires_at }}, {{ offer.remaining }} left after it.";
        let your_place = TemplateDefinition::new("your_place").text(text);
        let sold_out = TemplateDefinition::new("sold_out").text("Sold out for now.");
        let workshop = Journey::from_yaml(WORKSHOP)?;
        engine.publish([your_place.into(), sold_out.into(), workshop.into()]).await?;
        for name in PEOPLE {
            engine.identify(Contact::new(name).address("email", format!("{name}@example.org"))).await?;
            engine.consent(Consent::granted(name, "news", "email", Evidence::new("form", "v1"))).await?;
        }

        for name in PEOPLE {
            engine.track(Event::new(name, "invited")).await?;
            settle(&engine).await?;
        }
        clock.advance(TimeDelta::hours(1));
        engine.track(Event::new("lea", "booked")).await?;
        settle(&engine).await?;
        clock.advance(TimeDelta::days(4)); // Tom says nothing for four days
        settle(&engine).await?;
        engine.track(Event::new("zoe", "invited")).await?;
        settle(&engine).await?;

        for sent in email.sent() {
            println!(
                "{} {}: {}",
                sent.message.decided_at.format("%a %H:%M"),
                sent.message.contact,
                sent.content.plain()
            );
        }
        for name in PEOPLE {
            let steps = engine.store().steps(&name.into()).await?;
            let ends: Vec<String> = steps
                .iter()
                .filter(|step| step.next.is_none() && step.node.as_str() != "tell")
                .map(|step| format!("{} {:?}", step.node, step.outcome))
                .filter(|line| line.contains("Exited"))
                .collect();
            println!("{name}: {}", ends.join("; "));
        }
        Ok(())
    })
}

/// Ticks until nothing is left to do now.
async fn settle(engine: &Engine) -> Result<(), journeyman::Error> {
    for _ in 0..8 {
        engine.tick().await?;
    }
    Ok(())
}
