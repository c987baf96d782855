//! A contact of whom everything that can be known is known, each value with a canary in it.

use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use journeyman::channel::{FunctionChannel, RecordingChannel};
use journeyman::engine::{Inbound, Returned};
use journeyman::link::LinkKeys;
use journeyman::model::{Answer, Content, Evidence, Fact, Handover, Import, ImportRow, MessageId, Outcome};
use journeyman::port::{Channel, Store};
use journeyman::rule::{EventSchema, PropertyType, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

pub(super) const CANARY: &str = "CANARY";
pub(super) const LEA: &str = "c-1042";
/// A canary that must be a real zone; its clocks are those of UTC.
pub(super) const ZONE: &str = "Africa/Ouagadougou";

const ARTIST: &str = r#"
journey: artist
version: 1
enter: { on: { event: signed_up } }
reenter: { one_per: order }
steps:
  - { id: coach, assign: { role: coach, channel: team, within: 10m } }
  - { id: rate, call: { channel: team, answer: { fit: text }, within: 10m } }
  - { id: note, set: { computed: { copied: "note" } } }
  - { id: say, emit: { event: rated, properties: { why: spring } } }
  - { id: hello, send: { channel: email, template: hello, purpose: marketing, from: { owner: coach, otherwise: team } } }
  - { id: phone, hand_over: { channel: desk, ask: call_back, within: 2d, answer: { said: text } } }
  - { id: later, send: { channel: email, template: hello, purpose: marketing, window: "Sun 03:00-04:00" } }
  - { id: done, exit: talked }
"#;

/// Erases whoever it is to write to, and answers afterwards with the provider's words.
#[derive(Default)]
pub(super) struct Eraser {
    engine: Arc<OnceLock<Engine>>,
    pub(super) erased: Arc<Mutex<Vec<MessageId>>>,
}

#[async_trait]
impl Channel for Eraser {
    fn name(&self) -> &str {
        "sms"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let engine = self.engine.get().unwrap();
        assert!(engine.erase(&handover.message.contact).await.unwrap());
        self.erased.lock().unwrap().push(handover.message.id);
        Outcome::Refused { reason: "CANARY-provider says no to CANARY-number".into() }
    }
}

/// An engine on a store, and what is known outside of it.
pub(super) struct Host {
    pub(super) engine: Engine,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: ManualClock,
    pub(super) email: RecordingChannel,
    pub(super) asked: Arc<Mutex<Vec<MessageId>>>,
    pub(super) in_flight: Arc<Mutex<Vec<MessageId>>>,
    /// What calls answered that failed, in both forms.
    pub(super) errors: Mutex<String>,
}

pub(super) fn start() -> DateTime<Utc> {
    "2026-03-24T12:00:00Z".parse().unwrap()
}

fn keys() -> LinkKeys {
    LinkKeys::new(1, [7; 32])
}

impl Host {
    pub(super) async fn on(store: Arc<dyn Store>, clock: ManualClock) -> Self {
        let team = FunctionChannel::new("team", |call, _| {
            let answer = match &*call.ask {
                "assign" => Answer::of("CANARY-owner"),
                _ => Answer::of("good").value("fit", "CANARY-fit"),
            };
            async move { Outcome::Answered(answer) }
        });
        let asked = Arc::new(Mutex::new(Vec::new()));
        let desk = Desk(asked.clone());
        let eraser = Eraser::default();
        let (own, in_flight) = (eraser.engine.clone(), eraser.erased.clone());
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone())
            .channel(team)
            .channel(desk)
            .channel(eraser)
            .channel(email.clone())
            .links(keys(), "https://go.example.org/l".parse().unwrap())
            .build();
        own.set(engine.clone()).ok();
        let errors = Mutex::default();
        let host = Self { engine, store, clock, email, asked, in_flight, errors };
        host.publish().await;
        host
    }

    async fn publish(&self) {
        let paid = EventSchema::new("paid", 1).requires("total", PropertyType::Decimal).refuses_others();
        let hello = TemplateDefinition::new("hello")
            .subject("Bonjour {{ contact.name }}")
            .text("{{ contact.name }} {{ contact.fit }} https://shop.example/a {{ link.unsubscribe }}")
            .html("<body><p><a href=\"https://shop.example/{{ contact.name }}\">a</a></p></body>");
        let text = TemplateDefinition::new("text").text("{{ contact.name }}");
        let texted = Journey::builder("texted").enter_on("text_me").send("tell", "sms", "text", "marketing");
        let artist = Journey::from_yaml(ARTIST).unwrap();
        let definitions =
            [paid.into(), hello.into(), text.into(), artist.into(), texted.build().unwrap().into()];
        self.engine.publish(definitions).await.unwrap();
    }

    /// Keeps what failed as a host would log it.
    pub(super) fn keep<T>(&self, result: Result<T, Error>) -> Option<T> {
        let told = |error: &dyn Display, debug: &dyn Debug| {
            *self.errors.lock().unwrap() += &format!("{error}\n{debug:?}\n");
        };
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                told(&error, &error);
                None
            }
        }
    }

    /// The whole life, up to the instant before the erasure.
    pub(super) async fn live(&self, id: &str) {
        let engine = &self.engine;
        let lea = Contact::new(id)
            .attribute("name", "CANARY-name")
            .attribute("note", "CANARY-note")
            .tag("CANARY-tag")
            .address("email", "CANARY-mail@example.org")
            .address("sms", "CANARY-number")
            .zone(ZONE);
        engine.identify(lea).await.unwrap();
        self.keep(engine.identify(Contact::new(id).zone("CANARY-zone")).await);
        for (purpose, channel) in
            [("marketing", "email"), ("marketing", "sms"), ("tracking", "email"), ("news", "push")]
        {
            let evidence = Evidence::new("form", "v1").committed(b"CANARY-salt", b"CANARY-form");
            let evidence = evidence.showing("CANARY-words");
            let told = Consent::granted(id, purpose, channel, evidence);
            let told = told.id(format!("CANARY-{purpose}-{channel}"));
            engine.consent(told).await.unwrap();
        }
        let signed = Event::new(id, "signed_up").id("CANARY-event").property("order", "CANARY-key");
        engine.track(signed.property("city", "CANARY-city")).await.unwrap();
        for _ in 0..8 {
            engine.tick().await.unwrap();
            self.clock.advance(TimeDelta::minutes(1));
        }
        let asked = *self.asked.lock().unwrap().last().expect("the desk is asked");
        engine.answer(id, asked, Answer::of("reached").value("said", "CANARY-said")).await.unwrap();
        self.hear(id).await;
        engine.tick().await.unwrap();
        // Mail that is not read before the erasure.
        let moved = Contact::new(id).attribute("name", "CANARY-unread").address("push", "CANARY-device");
        engine.identify(moved).await.unwrap();
    }

    async fn hear(&self, id: &str) {
        let engine = &self.engine;
        let inbound = Inbound::new(id, "email", "bonjour CANARY-inbound").id("CANARY-inbound-id");
        engine.receive(&inbound.from_address("CANARY-other@example.org")).await.unwrap();
        let returned = Returned::new("email", "smtp", "452 4.2.2 <CANARY-mail@example.org> full");
        engine.bounced(&returned.contact(id).address("CANARY-old@example.org").id("CANARY-b")).await.unwrap();
        let properties = [("why".into(), "CANARY-call".into())].into();
        engine.tell(id, Fact::Host { name: "called".into(), properties }).await.unwrap();
        let paid = Event::new(id, "paid").id("CANARY-aside").property("to", "CANARY-payee");
        let aside = engine.track(paid).await;
        assert!(matches!(aside, Err(Error::Aside { .. })), "{aside:?}");
        self.keep(aside);
        let bought = Event::new(id, "bought").at(start()).property("what", "CANARY-record");
        let row = ImportRow::new(Contact::new(id).attribute("old", "CANARY-imported")).event(bought);
        engine.import(Import::new(format!("shop-{id}")).row(row)).await.unwrap();
        let stop = Inbound::new(id, "push", "STOP CANARY-stop").id("CANARY-stop-id");
        engine.receive(&stop.from_address("CANARY-token")).await.unwrap();
    }

    /// The content of the newest mail.
    pub(super) fn content(&self) -> Content {
        self.email.sent().pop().expect("a mail was sent").content
    }

    /// Everything that the store answers of a contact, as text.
    pub(super) async fn all(&self, id: &str) -> String {
        let (store, id) = (&self.store, id.into());
        let mut all = format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
            store.contact(&id).await.unwrap(),
            store.inputs(&id, 0, u64::MAX >> 1).await.unwrap(),
            store.consents(&id).await.unwrap(),
            store.messages(&id).await.unwrap(),
            store.steps(&id).await.unwrap(),
            store.commits(&id).await.unwrap(),
            store.scan(0, 1_000).await.unwrap(),
            store.parked().await.unwrap(),
            store.aside(0, 1_000).await.unwrap(),
        );
        all += &format!("{:?}", store.parked_messages(None, 1_000).await.unwrap());
        all
    }
}

/// Takes what it is asked, and answers later.
struct Desk(Arc<Mutex<Vec<MessageId>>>);

#[async_trait]
impl Channel for Desk {
    fn name(&self) -> &str {
        "desk"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.0.lock().unwrap().push(handover.message.id);
        Outcome::Accepted
    }
}
