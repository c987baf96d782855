//! A story that a host tells: what it says of six people over five days, and when it ticks.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::engine::Backoff;
use journeyman::journey::Reenter;
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::Evidence;
use journeyman::port::store::Definition;
use journeyman::port::{Catalog, Clock};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{SqliteStore, SqliteStoreBuilder};
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey, StoreError};

use super::Random;
use super::log::Log;

/// People whose every instant is part of the story.
pub(crate) const MAIN: [&str; 4] = ["lea", "tom", "zoe", "max"];
/// People whose events come while a tick runs, so that the instant of their receipt is not part of it.
pub(crate) const BESIDE: [&str; 2] = ["ida", "kai"];
/// What everybody allows at first.
pub(crate) const GRANTED: [(&str, &str); 3] =
    [("onboarding", "email"), ("marketing", "email"), ("marketing", "sms")];

const WELCOME: &str = r#"
{ "journey": "welcome", "version": 1, "enter": { "on": { "event": "signed_up" } },
  "exit": [{ "on": { "event": "booked" }, "as": "goal" }],
  "steps": [
    { "id": "hello", "send": { "channel": "email", "template": "hello", "purpose": "onboarding" } },
    { "wait": "2h" },
    { "id": "proof", "send": { "channel": "sms", "template": "hello", "purpose": "marketing" } },
    { "id": "ask", "wait_for": { "any": [{ "event": "clicked" }], "within": "5h", "otherwise": "nudge" } },
    { "id": "thanks", "send": { "channel": "email", "template": "hello", "purpose": "onboarding" }, "goto": "last" },
    { "id": "nudge", "send": { "channel": "email", "template": "hello", "purpose": "marketing" } },
    { "id": "last", "wait": "1d" },
    { "id": "bye", "send": { "channel": "sms", "template": "hello", "purpose": "marketing" } } ] }
"#;

/// One thing that a host does, and has done once it returned.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Publish,
    Know(&'static str),
    /// Hours after the start.
    Clock(i64),
    Track(&'static str, &'static str, String),
    /// Reads mail and fires timers, and hands nothing over.
    Decide,
    Grant(&'static str, &'static str, &'static str, String),
    Withdraw(&'static str, &'static str, String),
    /// Hands over what was decided, and reads no mail: what was withdrawn is known to the gate alone.
    Deliver,
    /// Ticks until nothing is left, while events of `BESIDE` with these ids come in.
    Tick(Vec<String>),
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

/// The same acts for the same seed.
pub(crate) fn story(seed: u64) -> Vec<Act> {
    let mut random = Random::new(seed);
    let mut acts = vec![Act::Clock(0), Act::Publish];
    acts.extend(MAIN.iter().chain(&BESIDE).map(|contact| Act::Know(contact)));
    for hour in 0..16 {
        acts.push(Act::Clock(hour));
        for number in 0..=random.below(3) {
            let names = ["signed_up", "viewed", "signed_up", "viewed", "clicked", "viewed", "booked"];
            // Nobody has reached a goal in the first hours.
            let name = names[random.below(if hour < 8 { 6 } else { 7 }) as usize];
            acts.push(Act::Track(random.pick(&MAIN), name, format!("e{hour}-{number}")));
        }
        if hour % 2 == 1 {
            acts.push(Act::Decide);
        }
        let (contact, channel) = (random.pick(&MAIN), random.pick(&["email", "sms"]));
        match hour % 6 {
            // Between the decision and the handover, where every message that waits must be taken back.
            3 => acts.extend([Act::Withdraw(contact, channel, format!("w{hour}")), Act::Deliver]),
            5 => acts.push(Act::Withdraw(contact, "email", format!("w{hour}"))),
            4 | 0 => acts.push(Act::Grant(contact, "marketing", channel, format!("g{hour}"))),
            _ => {}
        }
        acts.push(Act::Tick((0..2).map(|number| format!("p{hour}-{number}")).collect()));
    }
    for hour in [24, 30, 40, 60, 100] {
        acts.extend([Act::Clock(hour), Act::Tick(Vec::new())]);
    }
    acts
}

pub(crate) fn definitions() -> Vec<Definition> {
    let follow_up = Journey::builder("follow_up")
        .enter_on("viewed")
        .reenter(Reenter::Always)
        .wait(Span::hours(1))
        .send("more", "email", "hello", "marketing")
        .wait(Span::hours(2))
        .send("last_call", "sms", "hello", "marketing")
        .build();
    let ping = Journey::builder("ping")
        .enter_on("pinged")
        .reenter(Reenter::Always)
        .send("pong", "email", "hello", "marketing")
        .build();
    let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.id }} {{ contact.bio }}");
    let welcome = Journey::from_json(WELCOME).unwrap();
    vec![hello.into(), welcome.into(), follow_up.unwrap().into(), ping.unwrap().into()]
}

pub(crate) fn ping(id: &str) -> Event {
    let second = id.ends_with('1');
    Event::new(BESIDE[usize::from(second)], "pinged").id(id)
}

/// A consent that the story grants, by the act's own id.
pub(crate) fn grant(contact: &str, purpose: &str, channel: &str, id: &str) -> Consent {
    Consent::granted(contact, purpose, channel, Evidence::new("form", "v1"))
        .id(format!("{id}/{purpose}/{channel}"))
}

pub(crate) fn withdrawal(contact: &str, channel: &str, id: &str) -> Withdrawal {
    Withdrawal::everything(contact, Evidence::new("form", "v1")).on_channel(channel).id(id)
}

/// The host: an engine on a file, with a clock that the story moves.
pub(crate) struct Host {
    engine: Engine,
    clock: ManualClock,
    log: Log,
    /// A text that makes contacts and messages larger.
    bio: String,
}

impl Host {
    /// Opens the file and takes up the clock where it was left.
    pub(crate) async fn open(
        file: &Path,
        settings: impl FnOnce(SqliteStoreBuilder) -> SqliteStoreBuilder,
        log: Log,
        bio: usize,
    ) -> Result<Self, StoreError> {
        let clock = ManualClock::new(start());
        let store = settings(SqliteStore::builder(file).clock(Arc::new(clock.clone()))).open()?;
        if let Some(latest) = store.snapshot().await?.high_water {
            clock.set(latest);
        }
        let engine = Engine::builder(Arc::new(store))
            .channel(log.channel("email", true))
            .channel(log.channel("sms", false))
            // A message may be unlucky more often than any backoff foresees.
            .backoff(Backoff { attempts: 1_000, ..Backoff::default() })
            .build();
        Ok(Self { engine, clock, log, bio: "x".repeat(bio) })
    }

    /// Does one act; what must stay is written into the log as soon as it is acknowledged.
    pub(crate) async fn perform(&self, act: &Act) -> Result<(), Error> {
        match act {
            Act::Publish => self.engine.publish(definitions()).await?,
            Act::Know(contact) => {
                let known = Contact::new(*contact)
                    .attribute("bio", self.bio.as_str())
                    .address("email", format!("{contact}@x"))
                    .address("sms", format!("+{contact}"));
                let mut inputs = vec![Input::from(known)];
                for (purpose, channel) in GRANTED {
                    self.log.write(&format!("granting {contact} {purpose} {channel}"));
                    inputs.push(grant(contact, purpose, channel, "first").into());
                }
                self.engine.append(inputs).await?;
            }
            Act::Clock(hours) => self.clock.set(start() + TimeDelta::hours(*hours)),
            Act::Track(contact, name, id) => {
                self.engine.track(Event::new(*contact, *name).id(id.as_str())).await?;
            }
            Act::Decide => while self.engine.advance().await?.contacts > 0 {},
            Act::Grant(contact, purpose, channel, id) => {
                // From here on it may hold, whether or not the host hears of it.
                self.log.write(&format!("granting {contact} {purpose} {channel}"));
                self.engine.consent(grant(contact, purpose, channel, id)).await?;
            }
            Act::Withdraw(contact, channel, id) => {
                self.engine.withdraw(&withdrawal(contact, channel, id)).await?;
                self.log.write(&format!("withdrew {contact} {channel}"));
            }
            Act::Deliver => {
                let tick = self.engine.deliver().await?;
                self.log.write(&format!("ticked {} {}", tick.steps, tick.accepted));
            }
            Act::Tick(pings) => {
                let events = async {
                    for id in pings {
                        self.engine.track(ping(id)).await?;
                        self.log.write(&format!("pinged {id}"));
                    }
                    Ok::<_, Error>(())
                };
                let (ticked, told) = futures::join!(self.settle(), events);
                ticked?;
                told?;
            }
        }
        Ok(())
    }

    /// Ticks until nothing is left to do now; what another life has begun must run out of its lease first.
    async fn settle(&self) -> Result<(), Error> {
        loop {
            let tick = self.engine.tick().await?;
            self.log.write(&format!("ticked {} {}", tick.steps, tick.accepted));
            match tick.next_wake {
                Some(wake) if wake <= self.clock.now() + TimeDelta::minutes(5) => {
                    self.clock.advance(TimeDelta::seconds(40));
                }
                _ => return Ok(()),
            }
        }
    }

    /// Tells the story from where the log says that it stands, to its end.
    pub(crate) async fn tell(&self, story: &[Act], done: usize) -> Result<(), (usize, Error)> {
        for act in &story[..done] {
            if let Act::Clock(_) = act {
                self.perform(act).await.map_err(|error| (done, error))?;
            }
        }
        for (number, act) in story.iter().enumerate().skip(done) {
            self.perform(act).await.map_err(|error| (number, error))?;
            self.log.write(&format!("did {number}"));
        }
        Ok(())
    }
}

/// How many acts of the story are acknowledged in a log.
pub(crate) fn done(lines: &[Vec<String>]) -> usize {
    let last = lines.iter().rev().find(|line| line[0] == "did");
    last.map_or(0, |line| line[1].parse::<usize>().unwrap() + 1)
}
