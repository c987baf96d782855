//! A little population whose histories have everything in them that the judge looks at.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::MigrationDefinition;
use journeyman::machine::Withdrawal;
use journeyman::model::{Answer, Deed, Evidence, Handover, Outcome};
use journeyman::port::Channel;
use journeyman::port::store::{Pausable, Store};
use journeyman::quota::MemoryQuota;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::testing::ManualClock;
use journeyman::testing::check::Checker;
use journeyman::time::Zone;
use journeyman::{Consent, Contact, Engine, Event, Journey};

pub(crate) const WELCOME: &str = r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
max_duration: 20d
exit:
  - { on: { event: booked }, as: goal }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: rest, wait: 2h }
  - { id: choice, branch: { when: [{ if: { tag: vip }, goto: gift }], else: ask } }
  - { id: gift, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: ask, wait_for: { any: [{ event: clicked }], within: 2d, otherwise: nudge } }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding }, goto: morning }
  - { id: nudge, send: { channel: sms, template: hello, purpose: marketing } }
  - { id: morning, wait_until: { entry: 5d, time: "09:00" } }
  - { id: fin, exit: done }
"#;

const NEW_WELCOME: &str = r#"
journey: welcome
version: 2
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: rest, wait: 20h }
  - { id: more, wait: 1h }
  - { id: fin, exit: done }
"#;

const CART: &str = r#"
journey: cart
version: 1
enter: { on: { event: left_cart } }
reenter: always
steps:
  - { id: remind, send: { channel: sms, template: hello, purpose: marketing, refused: letter }, goto: over }
  - { id: letter, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: over, exit: over }
"#;

const SURVEY: &str = r#"
journey: survey
version: 1
enter: { on: { event: bought } }
reenter: { after: 3d }
steps:
  - { id: later, wait: 1h }
"#;

const COURSE: &str = r#"
journey: course
version: 1
enter: { on: { event: enrolled } }
max_duration: 30h
steps:
  - { id: day, wait: 1d }
  - { id: more, wait: 2d }
"#;

const DEAL: &str = r#"
journey: deal
version: 1
enter: { on: { event: dealt } }
exit: [{ on: { event: dropped } }]
undo_on: exit
steps:
  - { id: mark, set: { tags: [dealing] }, undo: { set: { untag: [dealing] } } }
  - { id: grow, score: { name: deals, add: 1 }, undo: { score: { name: deals, add: -1 } } }
  - { id: hold, reserve: { offer: seat, quota: seats, expires: 5d } }
  - { id: think, wait: 4d }
"#;

const ASKS: &str = r#"
journey: asks
version: 1
enter: { on: { event: asked } }
steps:
  - { id: rate, call: { channel: desk, within: 1h, answer: { fit: integer }, results: [{ is: good, goto: phone }], otherwise: phone } }
  - { id: poor, exit: poor }
  - { id: phone, hand_over: { channel: desk, within: 2d } }
  - { id: fin, exit: done }
"#;

/// Lets those in who are tagged when it is published.
const CLUB: &str = r#"
journey: club
version: 1
enter: { on: { attribute: plan }, if: { tag: mover }, existing: true }
steps:
  - { id: stay, wait: 20d }
"#;

const MOVING: &str = r#"
journey: moving
version: 1
enter: { on: { event: moved } }
steps:
  - { id: rest, wait: 2d }
  - { id: fin, exit: done }
"#;

/// Counted for whoever is praised.
const SPARK: &str = r#"on("praised", 12); clamp(0, 30); tier("cold", 0); tier("hot", 20);"#;

/// Who was praised, who was here of late, and who once was: windows end while everybody lives on.
const SEGMENTS: [&str; 3] = [
    r#"{"segment": "praised", "where": {"event": "praised", "count": {"at_least": 2}}}"#,
    r#"{"segment": "recent", "where": {"prefix": "s", "within": "2d"}}"#,
    r#"{"segment": "starters", "where": {"event": "signed_up"}}"#,
];

pub(crate) const CONTACTS: [&str; 17] = [
    "lea", "tom", "zoe", "eva", "max", "noe", "joe", "ana", "kim", "pam", "bob", "ida", "cleo", "uma", "vic",
    "rob", "sam",
];

/// A channel of which everybody knows how it treats them.
struct Moody(&'static str);

#[async_trait]
impl Channel for Moody {
    fn name(&self) -> &str {
        self.0
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        match (self.0, handover.message.contact.as_str(), handover.attempt) {
            ("sms", "joe", _) => Outcome::Refused { reason: "landline".into() },
            ("sms", "ana", _) => Outcome::Unknown,
            ("sms", "kim", 1) => Outcome::Retry { after: None },
            ("sms", "pam", 1) => Outcome::Retry { after: Some(TimeDelta::hours(2)) },
            _ => Outcome::Accepted,
        }
    }
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

/// The settings of the population's engine.
pub(crate) fn checker() -> Checker {
    Checker::new().zone(Zone::named("Europe/Paris").unwrap())
}

struct Host {
    engine: Engine,
    clock: ManualClock,
}

impl Host {
    async fn event(&self, contact: &str, name: &str) {
        assert!(self.engine.track(Event::new(contact, name)).await.unwrap());
    }

    /// Answers the newest call of somebody.
    async fn answer(&self, contact: &str, answer: Answer) {
        let asked = self.engine.store().messages(&contact.into()).await.unwrap();
        assert!(self.engine.answer(contact, asked.last().unwrap().message.id, answer).await.unwrap());
    }

    /// Lets time pass until so many hours after the start, and does each thing when it is due.
    async fn until(&self, hours: i64) {
        let end = start() + TimeDelta::hours(hours);
        for _ in 0..1_000 {
            match self.engine.tick().await.unwrap().next_wake {
                Some(wake) if wake <= end => self.clock.set(wake),
                _ => {
                    self.clock.set(end);
                    self.engine.tick().await.unwrap();
                    return;
                }
            }
        }
        panic!("it does not come to rest within {hours} hours");
    }
}

/// Eight days in the life of everybody.
pub(crate) async fn live(store: Arc<dyn Store>, clock: ManualClock) {
    let engine = Engine::builder(store)
        .channel(Moody("email"))
        .channel(Moody("sms"))
        .quota(MemoryQuota::new("seats").offer("seat", 5))
        .channel(Moody("desk"))
        .zone(Zone::named("Europe/Paris").unwrap())
        .build();
    let host = Host { engine: engine.clone(), clock };
    let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.id }}");
    let journeys = [WELCOME, CART, SURVEY, COURSE, DEAL, ASKS, MOVING]
        .map(|text| Journey::from_yaml(text).unwrap().into());
    let spark = ScoreDefinition::new("spark", SPARK);
    let segments = SEGMENTS.map(|text| serde_json::from_str::<SegmentDefinition>(text).unwrap().into());
    let fans = SegmentDefinition::new(
        "fans",
        serde_json::from_str(r#"{"event": "praised", "within": "60d"}"#).unwrap(),
    );
    let others = [hello.into(), spark.into(), fans.into()];
    engine.publish(journeys.into_iter().chain(others).chain(segments)).await.unwrap();
    let evidence = || Evidence::new("form", "v1");
    for contact in CONTACTS {
        let known = Contact::new(contact)
            .address("email", format!("{contact}@x"))
            .address("sms", format!("+{contact}"))
            .attribute("plan", "basic");
        let known = match contact {
            "lea" => known.tag("vip"),
            "rob" => known.tag("mover"),
            _ => known,
        };
        engine.identify(known).await.unwrap();
        let consents: &[(&str, &str)] = match contact {
            "bob" => &[],
            _ => &[("onboarding", "email"), ("marketing", "sms")],
        };
        for (purpose, channel) in consents {
            engine.consent(Consent::granted(contact, *purpose, *channel, evidence())).await.unwrap();
        }
    }
    engine.tick().await.unwrap(); // what is known by then opens no door of it
    engine.publish([Journey::from_yaml(CLUB).unwrap().into()]).await.unwrap();
    host.event("lea", "signed_up").await;
    host.event("lea", "bought").await;
    host.event("lea", "enrolled").await;
    host.event("bob", "signed_up").await;
    host.event("vic", "dealt").await;
    host.event("cleo", "asked").await;
    host.until(0).await;
    host.answer("cleo", Answer::of("good").value("fit", 7)).await;
    host.event("rob", "moved").await;
    host.event("sam", "praised").await;
    host.event("sam", "praised").await;
    host.until(2).await;
    host.answer("cleo", Answer::of("done")).await;
    host.event("lea", "left_cart").await;
    host.until(5).await;
    host.event("lea", "clicked").await;
    host.event("vic", "dropped").await;
    for contact in ["kim", "joe", "ana"] {
        host.event(contact, "left_cart").await;
    }
    host.until(13).await; // 22:00 in Paris, a quiet hour
    host.event("eva", "left_cart").await;
    host.until(24).await;
    host.event("max", "signed_up").await;
    host.event("ida", "signed_up").await;
    host.event("noe", "signed_up").await;
    host.until(25).await;
    host.event("max", "booked").await;
    let longer = MOVING.replace("version: 1", "version: 2").replace("wait: 2d", "wait: 3d");
    let longer = longer.replace("  - { id: fin", "  - { id: more, wait: 1h }\n  - { id: fin");
    engine.publish([Journey::from_yaml(&longer).unwrap().into()]).await.unwrap();
    let map = MigrationDefinition::new("moving", 1, 2);
    engine.migrate(&map, Deed::new("ana", "an edit")).await.unwrap();
    host.until(48).await;
    host.event("kim", "bought").await;
    host.until(48).await;
    let survey = Pausable::Journey("survey".into());
    engine.pause(&survey).await.unwrap();
    host.until(60).await;
    engine.resume(&survey).await.unwrap();
    host.until(61).await;
    let stop = Withdrawal::everything("noe", evidence()).on_channel("sms").id("stop-1");
    engine.withdraw(&stop).await.unwrap();
    assert!(engine.erase(&"ida".into()).await.unwrap());
    host.until(96).await;
    engine.publish([Journey::from_yaml(NEW_WELCOME).unwrap().into()]).await.unwrap();
    host.event("lea", "bought").await;
    host.until(100).await;
    host.event("pam", "left_cart").await;
    host.until(101).await;
    engine.withdraw(&Withdrawal::everything("pam", evidence()).on_channel("sms")).await.unwrap();
    host.until(168).await;
    let sms = Pausable::Channel("sms".into());
    engine.pause(&sms).await.unwrap();
    host.event("tom", "enrolled").await;
    host.event("tom", "left_cart").await;
    host.event("tom", "signed_up").await;
    host.event("uma", "asked").await;
    host.event("zoe", "left_cart").await;
    host.until(180).await; // 21:00 in Paris
    host.event("eva", "left_cart").await;
    host.until(181).await;
    host.event("kim", "clicked").await; // nobody reads it any more
}
