//! Calls through an engine and both stores: what leaves, what forbids it, and what is answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::channel::{FunctionChannel, RecordingChannel};
use journeyman::machine::Withdrawal;
use journeyman::model::{Answer, DeliveryStatus, Evidence, MessageId, Outcome, Reason, Value};
use journeyman::port::store::{Archive as _, MessageStatus, Pausable, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::{ManualClock, check};
use journeyman::{Consent, Contact, Engine, Error, Event};

use crate::scene::journey;

const ASKS: &str = "
journey: asks
enter: { on: { event: go } }
exit: [{ on: { event: stop } }]
steps:
  - id: rate
    call: { channel: crm, answer: { fit: integer }, within: 1h, refused: refused, otherwise: silent }
  - { id: answered, exit: answered }
  - { id: refused, exit: refused }
  - { id: silent, exit: silent }
";

/// Often enough that what a channel answered was read.
fn tick(engine: &Engine) {
    for _ in 0..3 {
        block_on(engine.tick()).unwrap();
    }
}

struct House {
    name: &'static str,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    engine: Engine,
}

impl House {
    fn tick(&self) {
        tick(&self.engine);
    }

    fn asked(&self) -> MessageId {
        self.tick();
        block_on(self.store.messages(&"lea".into())).unwrap()[0].message.id
    }

    fn status(&self) -> (MessageStatus, Option<DeliveryStatus>) {
        let record = block_on(self.store.messages(&"lea".into())).unwrap().remove(0);
        (record.status, record.answer)
    }

    fn ended(&self) -> String {
        let steps = block_on(self.store.steps(&"lea".into())).unwrap();
        steps.last().map(|step| step.node.to_string()).unwrap_or_default()
    }
}

/// The same story on every store; what the store kept is judged when it is over.
fn everywhere(crm: impl Fn() -> FunctionChannel, story: impl Fn(&House)) {
    let start = "2026-03-02T09:00:00Z".parse().unwrap();
    for name in ["memory", "sqlite"] {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let store: Arc<dyn Store> = match name {
            "memory" => Arc::new(MemoryStore::builder().clock(clock.clone()).build()),
            _ => Arc::new(
                SqliteStore::builder(directory.path().join("asks.db")).clock(clock.clone()).open().unwrap(),
            ),
        };
        let engine = Engine::builder(store.clone()).channel(crm()).build();
        let house = House { name, store, clock, engine };
        block_on(house.engine.publish([journey(ASKS).into()])).unwrap();
        block_on(house.engine.identify(Contact::new("lea").attribute("city", "Paris"))).unwrap();
        block_on(house.engine.track(Event::new("lea", "go"))).unwrap();
        story(&house);
        let findings = block_on(check(&*house.store)).unwrap();
        assert!(findings.is_clean(), "{name}: {findings}");
    }
}

fn takes() -> FunctionChannel {
    FunctionChannel::new("crm", |_, _| async { Outcome::Accepted })
}

#[test]
fn a_function_that_answers_at_once_leads_on() {
    let crm = || {
        FunctionChannel::new("crm", |call, contact| async move {
            assert_eq!(&*call.ask, "rate");
            match contact.attributes.get("city") {
                Some(Value::Text(city)) if &**city == "Paris" => {
                    Outcome::Answered(Answer::new().value("fit", 7))
                }
                _ => Outcome::Refused { reason: "unknown city".into() },
            }
        })
    };
    everywhere(crm, |house| {
        house.tick();
        assert_eq!(house.ended(), "answered", "{}", house.name);
        assert_eq!(house.status().0, MessageStatus::Accepted);
        let lea = block_on(house.store.contact(&"lea".into())).unwrap().unwrap();
        assert_eq!(lea.state.cold.contact.attributes.get("fit"), Some(&Value::from(7)));
    });
}

#[test]
fn who_takes_a_call_answers_later_and_the_first_answer_counts() {
    everywhere(takes, |house| {
        let asked = house.asked();
        assert_eq!(house.status(), (MessageStatus::Accepted, Some(DeliveryStatus::Accepted)));
        let answer = |fit: i64| block_on(house.engine.answer("lea", asked, Answer::new().value("fit", fit)));
        assert_eq!((answer(1).unwrap(), answer(2).unwrap()), (true, false));
        house.tick();
        assert!(!answer(3).unwrap());
        let lea = block_on(house.store.contact(&"lea".into())).unwrap().unwrap();
        assert_eq!(lea.state.cold.contact.attributes.get("fit"), Some(&Value::from(1)));
        assert_eq!(house.ended(), "answered");
    });
}

#[test]
fn who_answers_what_was_never_asked_is_told() {
    everywhere(takes, |house| {
        let asked = house.asked();
        block_on(house.engine.identify(Contact::new("ben"))).unwrap();
        for (contact, message) in [("ben", asked), ("lea", MessageId::from_bytes([7; 16])), ("nobody", asked)]
        {
            let answered = block_on(house.engine.answer(contact, message, Answer::new()));
            assert!(matches!(answered, Err(Error::Invalid { .. })), "{contact}: {answered:?}");
        }
        let large = Answer::of("x".repeat(1024 * 1024));
        let answered = block_on(house.engine.answer("lea", asked, large));
        assert!(matches!(answered, Err(Error::TooLarge { .. })), "{answered:?}");
        block_on(house.engine.erase(&"lea".into())).unwrap();
        let answered = block_on(house.engine.answer("lea", asked, Answer::new()));
        assert!(matches!(answered, Err(Error::Erased { .. })), "{answered:?}");
    });
}

#[test]
fn what_a_channel_answers_has_the_limits_of_the_door() {
    let crm = || {
        FunctionChannel::new("crm", |_, _| async { Outcome::Answered(Answer::of("x".repeat(1024 * 1024))) })
    };
    everywhere(crm, |house| {
        house.tick();
        assert_eq!(house.ended(), "refused");
        let reasons = vec![Reason::Answer("too_large".into())];
        assert_eq!(house.status().1, Some(DeliveryStatus::Refused { reasons }));
    });
}

#[test]
fn a_channel_that_fails_is_asked_again_under_one_id_until_the_time_is_over() {
    let ids: Arc<Mutex<Vec<String>>> = Arc::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let crm = || {
        let calls = calls.clone();
        FunctionChannel::new("crm", move |_, _| {
            calls.fetch_add(1, Ordering::Relaxed);
            async { Outcome::Retry { after: Some(TimeDelta::minutes(25)) } }
        })
    };
    everywhere(crm, |house| {
        calls.store(0, Ordering::Relaxed);
        for _ in 0..5 {
            house.tick();
            ids.lock().unwrap().push(house.asked().to_string());
            house.clock.advance(TimeDelta::minutes(25));
        }
        // At 09:00, 09:25 and 09:50; at 10:00 nobody waits any more, and the question is not asked again.
        assert_eq!(calls.load(Ordering::Relaxed), 3, "{}", house.name);
        assert_eq!(house.status().1, Some(DeliveryStatus::Refused { reasons: vec![Reason::Deadline] }));
        assert_eq!(house.ended(), "silent");
        ids.lock().unwrap().dedup();
        assert_eq!(ids.lock().unwrap().drain(..).count(), 1);
    });
}

#[test]
fn what_the_contact_withdraws_forbids_no_call_and_an_erasure_does() {
    everywhere(takes, |house| {
        block_on(house.engine.pause(&Pausable::Channel("crm".into()))).unwrap();
        house.tick();
        let nothing = Withdrawal::everything("lea", Evidence::new("sms", "STOP"));
        block_on(house.engine.withdraw(&nothing)).unwrap();
        house.tick();
        assert_eq!(house.status(), (MessageStatus::Pending, None), "{}", house.name);
        block_on(house.engine.resume(&Pausable::Channel("crm".into()))).unwrap();
        house.tick();
        assert_eq!(house.status().0, MessageStatus::Accepted, "{}", house.name);
    });
    everywhere(takes, |house| {
        block_on(house.engine.pause(&Pausable::Channel("crm".into()))).unwrap();
        house.tick();
        block_on(house.engine.erase(&"lea".into())).unwrap();
        block_on(house.engine.resume(&Pausable::Channel("crm".into()))).unwrap();
        house.tick();
        assert_eq!(house.status().0, MessageStatus::Cancelled, "{}", house.name);
    });
}

#[test]
fn an_exit_takes_a_call_back_that_has_not_begun() {
    everywhere(takes, |house| {
        block_on(house.engine.pause(&Pausable::Channel("crm".into()))).unwrap();
        house.tick();
        block_on(house.engine.track(Event::new("lea", "stop"))).unwrap();
        house.tick();
        assert_eq!(house.status().0, MessageStatus::Cancelled, "{}", house.name);
    });
}

#[test]
fn a_message_is_written_in_the_name_of_the_owner_that_the_contact_has_when_it_goes() {
    let owns = "
journey: owns
enter: { on: { event: go } }
steps:
  - { id: say, send: { channel: email, template: hello, purpose: news, from: { owner: coach }, reply_to: desk } }
";
    let store = Arc::new(MemoryStore::new());
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(store.clone()).channel(email.clone()).build();
    let hello = TemplateDefinition::new("hello").text("Bonjour, {{ contact.owner_coach }}");
    block_on(engine.publish([hello.into(), journey(owns).into()])).unwrap();
    for (contact, gone) in [("lea", false), ("mia", true)] {
        let person = Contact::new(contact).address("email", format!("{contact}@example.org"));
        block_on(engine.identify(person.attribute("owner_coach", "ana"))).unwrap();
        let consent = Consent::granted(contact, "news", "email", Evidence::new("form", "v1"));
        block_on(engine.consent(consent)).unwrap();
        block_on(engine.pause(&Pausable::Channel("email".into()))).unwrap();
        block_on(engine.track(Event::new(contact, "go"))).unwrap();
        tick(&engine);
        if gone {
            block_on(engine.identify(Contact::new(contact).without("owner_coach"))).unwrap();
        } else {
            block_on(engine.identify(Contact::new(contact).attribute("owner_coach", "ben"))).unwrap();
        }
        tick(&engine);
        block_on(engine.resume(&Pausable::Channel("email".into()))).unwrap();
        tick(&engine);
    }
    let [sent] = &email.sent()[..] else { panic!("{:?}", email.sent()) };
    assert_eq!((sent.content.plain(), sent.content.from.as_deref()), ("Bonjour, ben", Some("ben")));
    assert_eq!(sent.content.reply_to.as_deref(), Some("desk"));
    let refused = block_on(store.messages(&"mia".into())).unwrap()[0].answer.clone();
    assert_eq!(refused, Some(DeliveryStatus::Refused { reasons: vec![Reason::NoOwner] }));
}
