//! What comes after an erasure is refused or changes nothing, and nobody comes back by it.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::engine::{Inbound, Returned};
use journeyman::link::Request;
use journeyman::machine::Withdrawal;
use journeyman::model::{Answer, Deed, DeliveryStatus, Evidence, Fact, Import, ImportRow, Reason};
use journeyman::port::store::MessageStatus;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Error, Event};

use super::common::stores;
use super::life::{CANARY, Host, LEA, start};
use super::log;

impl Host {
    /// Every call that names a contact, with canaries in it, once the contact is erased.
    pub(super) async fn everything_fails(&self, id: &str) {
        let engine = &self.engine;
        let lea = Contact::new(id).attribute("name", "CANARY-again").address("email", "CANARY-back@x.org");
        let refused = |what: &str, error: Option<Error>| {
            assert!(matches!(error, Some(Error::Erased { .. })), "{what}: {error:?}");
            self.keep(Err::<(), _>(error.unwrap()));
        };
        refused("identify", engine.identify(lea.clone()).await.err());
        let event = Event::new(id, "signed_up").property("order", "CANARY-late").id("CANARY-late");
        refused("track", engine.track(event).await.err());
        refused("aside", engine.track(Event::new(id, "paid").property("to", "CANARY-late")).await.err());
        let fact = Fact::Host { name: "called".into(), properties: [("x".into(), "CANARY".into())].into() };
        refused("tell", engine.tell(id, fact).await.err());
        let evidence = Evidence::new("form", "v1").committed(b"CANARY", b"CANARY");
        let grant = Consent::granted(id, "marketing", "email", evidence.clone()).id("CANARY-grant");
        refused("consent", engine.consent(grant).await.err());
        for text in ["STOP CANARY", "bonjour CANARY", "START", "HELP", "CANARY please stop it or so"] {
            let inbound = Inbound::new(id, "email", text).id(text).from_address("CANARY-from@x.org");
            refused(text, engine.receive(&inbound).await.err());
        }
        for code in ["550 5.1.1 <CANARY@x.org>", "452 4.2.2 <CANARY@x.org>", "CANARY"] {
            let returned = Returned::new("email", "smtp", code).contact(id).address("CANARY-gone@x.org");
            refused(code, engine.bounced(&returned.id(code)).await.err());
        }
        let records = self.store.messages(&id.into()).await.unwrap();
        assert!(!records.is_empty(), "the messages' own rows stay");
        for record in &records {
            let message = record.message.id;
            let returned = Returned::new("email", "smtp", "550 5.1.1 CANARY").message(message);
            refused("bounce of a message", engine.bounced(&returned).await.err());
            if record.message.call.is_some() {
                let answer = Answer::of("reached").value("said", "CANARY-late");
                refused("answer", engine.answer(id, message, answer).await.err());
            }
        }
        let row = ImportRow::new(lea).event(Event::new(id, "bought").at(start()).property("x", "CANARY"));
        let imported = engine.import(Import::new("late").row(row)).await.unwrap();
        assert_eq!((imported.kept, imported.erased), (0, 1));
        // What forbids is answered as done, and does nothing: it must be safe to say.
        engine.withdraw(&Withdrawal::everything(id, evidence)).await.unwrap();
        engine.suppress("email", "CANARY-mail@example.org", Some(&id.into()), "late").await.unwrap();
        assert!(engine.erase(&id.into()).await.unwrap(), "it was known");
        let by = || Deed::new("ana", "to see");
        assert_eq!(self.keep(engine.enroll(&id.into(), "artist", by()).await), None);
        for record in &records {
            self.keep(engine.cancel_message(record.message.id, by()).await);
            self.keep(engine.retry_message(record.message.id, by()).await);
        }
        for aside in 0..4 {
            self.keep(engine.release_aside(aside, true, by()).await);
            self.keep(engine.drop_aside(aside, by()).await);
        }
        self.keep(engine.preview("artist", None, "hello", &id.into()).await);
        engine.tick().await.unwrap();
    }

    async fn visit(&self, method: &str, url: &str) -> u16 {
        let path = url.strip_prefix("https://go.example.org").unwrap();
        let response =
            self.engine.visit(&Request::new(method, path).body("List-Unsubscribe=One-Click")).await;
        let told = format!("{response:?}");
        assert!(!told.contains(CANARY), "{told}");
        response.status
    }
}

#[test]
fn consent_a_link_of_an_erased_person_leads_nowhere_and_tells_nothing() {
    log::listen();
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        block_on(async {
            let host = Host::on(store, clock.clone()).await;
            host.live(LEA).await;
            let content = host.content();
            let text = content.text.as_deref().unwrap();
            let unsubscribe = &text[text.find("https://go.").unwrap()..];
            let html = content.html.as_deref().unwrap().replace("&#x2f;", "/");
            let click = &html[html.find("https://go.").unwrap()..];
            let click = &click[..click.find('"').unwrap()];
            assert_eq!(
                host.engine
                    .visit(&Request::new("GET", &click["https://go.example.org".len()..]))
                    .await
                    .status,
                302
            );
            host.engine.erase(&LEA.into()).await.unwrap();
            assert_eq!(host.visit("GET", click).await, 404, "{name}: where it led is forgotten");
            assert_eq!(host.visit("GET", unsubscribe).await, 200, "{name}");
            assert_eq!(host.visit("POST", unsubscribe).await, 200, "{name}: it is withdrawn already");
            clock.advance(chrono::TimeDelta::minutes(1));
            host.engine.tick().await.unwrap();
            assert_eq!(host.engine.settle_visits().await.unwrap(), 0, "{name}: a visit became an event");
            assert!(host.store.contact(&LEA.into()).await.unwrap().unwrap().erased, "{name}");
            assert!(!host.all(LEA).await.contains(CANARY), "{name}");
        });
    }
    log::holds_no_canary();
}

#[test]
fn consent_a_message_in_flight_settles_after_the_erasure_and_leaves_nothing() {
    log::listen();
    let clock = ManualClock::new(start());
    for (name, store, folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        block_on(async {
            let host = Host::on(store, clock.clone()).await;
            host.live(LEA).await;
            // Its channel erases whom it writes to, and its provider names them afterwards.
            host.engine.track(Event::new(LEA, "text_me")).await.unwrap();
            host.engine.tick().await.unwrap();
            let message = host.in_flight.lock().unwrap().last().copied();
            let steps = host.store.steps(&LEA.into()).await.unwrap();
            let message = message.unwrap_or_else(|| panic!("it was not handed over: {steps:?}"));
            let record = host.store.message(message).await.unwrap().unwrap();
            assert_eq!(record.status, MessageStatus::Refused, "{name}");
            assert_eq!(record.content, None, "{name}");
            let reasons = vec![Reason::Channel("".into())];
            assert_eq!(
                record.answer,
                Some(DeliveryStatus::Refused { reasons }),
                "{name}: no word of the provider"
            );
            assert!(host.store.contact(&LEA.into()).await.unwrap().unwrap().erased, "{name}");
            assert!(!host.all(LEA).await.contains(CANARY), "{name}");
            let next = host.engine.tick().await.unwrap();
            assert_eq!(next.next_wake, None, "{name}: something is left to do");
            if let Some(folder) = folder {
                for entry in std::fs::read_dir(folder.path()).unwrap() {
                    let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                    assert!(!bytes.windows(6).any(|part| part == CANARY.as_bytes()), "{name}");
                }
            }
        });
    }
    log::holds_no_canary();
}

#[test]
fn consent_a_webhook_of_a_stranger_makes_nobody_known() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let host = Host::on(store, clock.clone()).await;
            let returned = Returned::new("email", "smtp", "550 5.1.1 gone").contact("nobody");
            let refused = host.engine.bounced(&returned.address("CANARY@x.org")).await;
            assert!(matches!(refused, Err(Error::UnknownContact { .. })), "{refused:?}");
            assert!(host.store.contact(&"nobody".into()).await.unwrap().is_none(), "{name}");
            assert_eq!(host.store.scan(0, 10).await.unwrap().len(), 0, "{name}");
        });
    }
}
