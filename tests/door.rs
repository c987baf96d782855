//! What the engine's door says to bad input, and that nothing of it is kept or lost.

mod common;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::{Limits, UnknownContacts};
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::{ConsentStatus, DeliveryStatus, Evidence, Reason, Value};
use journeyman::port::Store;
use journeyman::port::store::Receipt;
use journeyman::rule::TemplateDefinition;
use journeyman::testing::{Fault, FaultPlan, FaultyStore, ManualClock, StoreCall};
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

/// An engine on each kind of store, with a journey that greets.
fn engines(set: impl Fn(&str, Engine, Arc<dyn Store>, RecordingChannel, ManualClock)) {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone()).channel(email.clone()).build();
        let journey =
            Journey::builder("greeting").enter_on("signed_up").send("greet", "email", "hello", "onboarding");
        let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.first_name }}");
        block_on(engine.publish([hello.into(), journey.build().unwrap().into()])).unwrap();
        set(name, engine, store, email, clock.clone());
    }
}

#[test]
fn an_event_for_an_unknown_contact_creates_it_or_is_refused_as_the_host_asks() {
    engines(|name, engine, store, email, _| {
        block_on(async {
            assert!(engine.track(Event::new("lea", "signed_up")).await.unwrap(), "{name}");
            engine.tick().await.unwrap();
            assert!(store.contact(&"lea".into()).await.unwrap().is_some(), "{name}");
            assert!(email.sent().is_empty(), "{name}: nothing is known of the contact, so nothing is said");

            let strict = Engine::builder(store.clone()).unknown_contacts(UnknownContacts::Refuse).build();
            let refused = strict.track(Event::new("tom", "signed_up")).await.unwrap_err();
            assert!(
                matches!(&refused, Error::UnknownContact { contact } if contact.as_str() == "tom"),
                "{name}"
            );
            assert!(refused.to_string().contains("identify it first"), "{refused}");
            assert!(store.contact(&"tom".into()).await.unwrap().is_none(), "{name}");
            strict.identify(Contact::new("tom")).await.unwrap();
            assert!(strict.track(Event::new("tom", "signed_up")).await.unwrap(), "{name}");
            let granted = || Consent::granted("eve", "onboarding", "email", evidence());
            let refused = strict.consent(granted()).await.unwrap_err();
            assert!(matches!(refused, Error::UnknownContact { .. }), "{name}: {refused}");
            engine.consent(granted()).await.unwrap();
            assert!(store.contact(&"eve".into()).await.unwrap().is_some(), "{name}");
        });
    });
}

#[test]
fn an_event_that_is_told_twice_happens_once() {
    engines(|name, engine, store, email, _| {
        block_on(async {
            engine
                .identify(Contact::new("lea").attribute("first_name", "Léa").address("email", "l@x"))
                .await
                .unwrap();
            engine.consent(Consent::granted("lea", "onboarding", "email", evidence())).await.unwrap();
            assert!(engine.track(Event::new("lea", "signed_up").id("s-1")).await.unwrap(), "{name}");
            assert!(!engine.track(Event::new("lea", "signed_up").id("s-1")).await.unwrap(), "{name}");
            engine.tick().await.unwrap();
            assert!(!engine.track(Event::new("lea", "signed_up").id("s-1")).await.unwrap(), "{name}");
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 1, "{name}");
            let tally = store.contact(&"lea".into()).await.unwrap().unwrap();
            assert_eq!(tally.state.hot.performed.tally("signed_up").unwrap().count, 1, "{name}");
        });
    });
}

#[test]
fn what_is_too_large_is_refused_at_its_limit_and_kept_below_it() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            let limit = Limits::default().event;
            let event = |size: usize| Event::new("lea", "e").property("p", "x".repeat(size));
            assert!(engine.track(event(limit - 2)).await.unwrap(), "{name}: exactly at the limit");
            let refused = engine.track(event(limit - 1)).await.unwrap_err();
            assert!(
                matches!(refused, Error::TooLarge { what: "event", size, .. } if size == limit + 1),
                "{refused}"
            );
            assert_eq!(
                refused.to_string(),
                "the event has 65537 bytes and the limit is 65536; send less, or raise the limit in Limits"
            );
            let huge = Contact::new("lea").attribute("a", "x".repeat(Limits::default().contact));
            assert!(
                matches!(engine.identify(huge).await, Err(Error::TooLarge { what: "contact", .. })),
                "{name}"
            );
            // What is empty takes room all the same, and so do names that are taken away.
            let empties = Contact::new("lea").attribute("a", vec![""; 40_000]);
            assert!(
                matches!(engine.identify(empties).await, Err(Error::TooLarge { what: "contact", .. })),
                "{name}"
            );
            let less = Contact::new("lea").without("x".repeat(Limits::default().contact + 1));
            assert!(
                matches!(engine.identify(less).await, Err(Error::TooLarge { what: "contact", .. })),
                "{name}"
            );
            let long = engine.track(Event::new("x".repeat(257), "e")).await.unwrap_err();
            assert!(matches!(long, Error::TooLarge { what: "contact id", .. }), "{name}");
            assert_eq!(store.inputs(&"lea".into(), 0, u64::MAX).await.unwrap().len(), 1, "{name}");
            // In a batch, one that is refused refuses all, and nothing is kept.
            let batch = vec![Input::from(Event::new("tom", "e")), Input::from(event(limit))];
            assert!(engine.append(batch).await.is_err(), "{name}");
            assert!(store.contact(&"tom".into()).await.unwrap().is_none(), "{name}");
        });
    });
}

#[test]
fn what_is_not_valid_is_refused_with_what_to_do() {
    engines(|name, engine, _, _, _| {
        block_on(async {
            let nested = (0..12).fold(Value::from(1), |value, _| Value::from(vec![value]));
            let wrong = [
                engine.identify(Contact::new("")).await.unwrap_err(),
                engine.identify(Contact::new("lea").zone("Europe/Pariss")).await.unwrap_err(),
                engine.identify(Contact::new("lea").address("email", "a@x\r\nBcc: b@x")).await.unwrap_err(),
                engine.identify(Contact::new("lea").attribute("a", nested)).await.unwrap_err(),
                engine.track(Event::new("lea", " ")).await.unwrap_err(),
                engine
                    .track(Event::new("lea", "e").at("1869-01-01T00:00:00Z".parse().unwrap()))
                    .await
                    .unwrap_err(),
                engine.withdraw(&Withdrawal::everything("", evidence())).await.unwrap_err(),
            ];
            for error in wrong {
                assert!(matches!(error, Error::Invalid { .. }), "{name}: {error}");
                assert!(!error.to_string().contains("Bcc"), "{name}: an error shows no address");
            }
        });
    });
}

#[test]
fn a_late_event_counts_at_its_instant_one_from_the_future_waits_and_an_old_one_is_refused() {
    engines(|name, engine, store, _, clock| {
        block_on(async {
            let hour = TimeDelta::hours(1);
            engine.track(Event::new("lea", "e").at(start() - hour)).await.unwrap();
            engine.track(Event::new("lea", "e").at(start() + hour)).await.unwrap();
            let old =
                engine.track(Event::new("lea", "e").at(start() - TimeDelta::days(31))).await.unwrap_err();
            assert!(matches!(&old, Error::Expired { name, days: 30 } if &**name == "e"), "{name}: {old}");
            let tick = engine.tick().await.unwrap();
            assert_eq!(tick.next_wake, Some(start() + hour), "{name}");
            let tally = async || {
                let contact = store.contact(&"lea".into()).await.unwrap().unwrap();
                let tally = *contact.state.hot.performed.tally("e").unwrap();
                (tally.count, tally.first_at, tally.last_at)
            };
            assert_eq!(tally().await, (1, start() - hour, start() - hour), "{name}");
            clock.advance(hour);
            engine.tick().await.unwrap();
            assert_eq!(tally().await, (2, start() - hour, start() + hour), "{name}");
        });
    });
}

/// What is decided on an instant must be decided again when that instant comes back from the store.
#[test]
fn an_instant_is_cut_to_what_is_stored_before_anything_is_decided() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            for at in ["2026-03-23T07:00:00.000000001Z", "2026-03-22T23:59:60Z"] {
                let event = format!(r#"{{"contact": "lea", "name": "e", "at": "{at}"}}"#);
                engine.track(serde_json::from_str(&event).unwrap()).await.unwrap();
            }
            engine.tick().await.unwrap();
            let contact = store.contact(&"lea".into()).await.unwrap().unwrap();
            let tally = contact.state.hot.performed.tally("e").unwrap();
            let told = [tally.first_at, tally.last_at].map(|at| at.to_rfc3339());
            assert_eq!(told, ["2026-03-23T00:00:00+00:00", "2026-03-23T07:00:00+00:00"], "{name}");
        });
    });
}

#[test]
fn a_batch_answers_for_each_input() {
    engines(|name, engine, _, _, _| {
        block_on(async {
            engine.erase(&"nobody".into()).await.unwrap();
            engine.identify(Contact::new("gone")).await.unwrap();
            engine.erase(&"gone".into()).await.unwrap();
            let receipts = engine
                .append(vec![
                    Event::new("lea", "e").id("1").into(),
                    Event::new("lea", "e").id("1").into(),
                    Event::new("gone", "e").into(),
                    Event::new("lea", "e").at(start() - TimeDelta::days(40)).into(),
                ])
                .await
                .unwrap();
            assert!(matches!(receipts[0], Receipt::Kept { .. }), "{name}");
            assert_eq!(receipts[1..], [Receipt::Duplicate, Receipt::Erased, Receipt::Expired], "{name}");
        });
    });
}

#[test]
fn a_template_that_lacks_a_value_refuses_the_message_and_says_which() {
    engines(|name, engine, store, email, _| {
        block_on(async {
            engine.identify(Contact::new("lea").address("email", "l@x")).await.unwrap();
            engine.consent(Consent::granted("lea", "onboarding", "email", evidence())).await.unwrap();
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            let tick = engine.tick().await.unwrap();
            assert_eq!((tick.refused, email.sent().len()), (1, 0), "{name}");
            let message = &store.messages(&"lea".into()).await.unwrap()[0];
            let reason = "text: a value is missing in line 1; not known: first_name";
            let reasons = vec![Reason::Template(reason.into())];
            assert_eq!(message.answer, Some(DeliveryStatus::Refused { reasons }), "{name}");
        });
    });
}

#[test]
fn publishing_finds_what_only_the_surroundings_know_and_is_all_or_nothing() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            let before = store.snapshot().await.unwrap().revision;
            let other =
                Journey::builder("other").enter_on("e").send("a", "emial", "helo", "p").build().unwrap();
            let broken = TemplateDefinition::new("late").text("{{ first_name }}");
            let problems = engine.publish([other.into(), broken.into()]).await.unwrap_err().to_string();
            for expected in ["J017", "did you mean email?", "J018", "did you mean hello?", "T005"] {
                assert!(problems.contains(expected), "{name}: {problems}");
            }
            assert_eq!(store.snapshot().await.unwrap().revision, before, "{name}");
        });
    });
}

#[test]
fn a_contact_does_not_grow_without_bound() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            let mut told = 0;
            for number in 0..5 {
                let update = Contact::new("lea").attribute(format!("a{number}"), "x".repeat(100_000));
                engine.identify(update).await.unwrap();
                let tick = engine.tick().await.unwrap();
                told += tick
                    .signals
                    .iter()
                    .filter(|signal| matches!(signal, journeyman::machine::Signal::TooLarge { .. }))
                    .count();
            }
            let known =
                store.contact(&"lea".into()).await.unwrap().unwrap().state.cold.contact.attributes.len();
            assert_eq!((known, told), (2, 3), "{name}");
            // What is taken away makes room again.
            engine.identify(Contact::new("lea").without("a0").without("a1")).await.unwrap();
            engine.identify(Contact::new("lea").attribute("b", "x".repeat(100_000))).await.unwrap();
            engine.tick().await.unwrap();
            let known =
                store.contact(&"lea".into()).await.unwrap().unwrap().state.cold.contact.attributes.len();
            assert_eq!(known, 1, "{name}");
        });
    });
}

#[test]
fn every_limit_is_the_largest_that_is_taken() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            let nested = |depth| (0..depth).fold(Value::from(1), |value, _| Value::from(vec![value]));
            let deep = |depth| Contact::new("lea").attribute("a", nested(depth));
            engine.identify(deep(8)).await.unwrap();
            assert!(matches!(engine.identify(deep(9)).await, Err(Error::Invalid { what: "contact", .. })));

            let limits = Limits::default();
            let long = |size| Contact::new("lea").attribute("b", "x".repeat(size - 1));
            engine.identify(long(limits.contact)).await.unwrap();
            assert!(matches!(engine.identify(long(limits.contact + 1)).await, Err(Error::TooLarge { .. })));
            let named = |size| Event::new("lea", "e".repeat(size));
            engine.track(named(limits.id)).await.unwrap();
            assert!(matches!(engine.track(named(limits.id + 1)).await, Err(Error::TooLarge { .. })));

            let of = |purposes| {
                let names = (0..purposes).map(|number| format!("purpose-{number}"));
                names.fold(Withdrawal::everything("lea", evidence()), Withdrawal::for_purpose)
            };
            engine.withdraw(&of(100)).await.unwrap();
            let refused = engine.withdraw(&of(101)).await.unwrap_err();
            assert!(matches!(refused, Error::Invalid { what: "withdrawal", .. }), "{name}: {refused}");
            assert_eq!(store.inputs(&"lea".into(), 0, u64::MAX).await.unwrap().len(), 4, "{name}");
        });
    });
}

#[test]
fn an_answer_without_evidence_is_no_answer() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            for empty in [Evidence::new("", "v1"), Evidence::new("form", " ")] {
                let granted = Consent::granted("lea", "onboarding", "email", empty.clone());
                let refused = engine.consent(granted).await.unwrap_err();
                assert!(matches!(refused, Error::Invalid { .. }), "{name}: {refused}");
                let refused = engine.withdraw(&Withdrawal::everything("lea", empty)).await.unwrap_err();
                assert!(matches!(refused, Error::Invalid { .. }), "{name}: {refused}");
            }
            assert!(store.contact(&"lea".into()).await.unwrap().is_none(), "{name}: nothing was kept");
        });
    });
}

#[test]
fn a_withdrawal_that_is_told_as_consent_keeps_the_id_under_which_it_counts_once() {
    engines(|name, engine, store, _, _| {
        block_on(async {
            let withdrawn = |id: Option<&str>| {
                let mut consent = Consent::granted("lea", "onboarding", "email", evidence());
                consent.status = ConsentStatus::Withdrawn;
                consent.id = id.map(Into::into);
                consent
            };
            for id in [Some("stop-1"), Some("stop-1"), Some("stop-2"), None, None] {
                engine.consent(withdrawn(id)).await.unwrap();
            }
            engine.tick().await.unwrap();
            let chain = store.consents(&"lea".into()).await.unwrap();
            assert_eq!(chain.len(), 4, "{name}: what was told twice under one id is one record");
        });
    });
}

struct NeverSettled;

impl FaultPlan for NeverSettled {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        (call.operation == "settle").then_some(Fault::Unavailable)
    }
}

/// Only on the channel that was withdrawn from, and to the end of the channel's deadline.
#[test]
fn a_drain_waits_for_what_the_withdrawal_forbids_until_its_deadline() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let store = FaultyStore::new(store).plan(Arc::new(NeverSettled));
        let channels = ["email", "sms"].map(RecordingChannel::new);
        let engine = channels
            .iter()
            .fold(Engine::builder(Arc::new(store.clone())), |builder, channel| {
                builder.channel(channel.clone())
            })
            .build();
        block_on(async {
            let journey = Journey::builder("both")
                .enter_on("signed_up")
                .send("a", "email", "hello", "onboarding")
                .send("b", "sms", "hello", "onboarding");
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            engine.publish([hello.into(), journey.build().unwrap().into()]).await.unwrap();
            engine
                .identify(Contact::new("lea").address("email", "l@x").address("sms", "+336"))
                .await
                .unwrap();
            for channel in ["email", "sms"] {
                engine.consent(Consent::granted("lea", "onboarding", channel, evidence())).await.unwrap();
            }
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            engine.advance().await.unwrap();
            // Both are handed over, and no answer can be written down.
            engine.deliver().await.unwrap_err();
            assert_eq!(channels.each_ref().map(RecordingChannel::calls), [1, 1], "{name}");
            let stop = Withdrawal::everything("lea", evidence()).on_channel("email");
            let mut drain = engine.withdraw_and_drain(&stop).await.unwrap();
            let email = drain.waiting.iter().map(|message| &*message.channel).collect::<Vec<_>>();
            assert_eq!((email, drain.is_done()), (vec!["email"], false), "{name}");
            let deadline = start() + TimeDelta::seconds(35);
            assert_eq!(drain.until(), Some(deadline), "{name}");
            clock.jump_to(deadline - TimeDelta::milliseconds(1));
            assert!(!engine.poll_drain(&mut drain).await.unwrap(), "{name}: it may still be under way");
            clock.jump_to(deadline);
            assert!(engine.poll_drain(&mut drain).await.unwrap(), "{name}");
            assert_eq!((drain.unanswered.len(), drain.until()), (1, None), "{name}");
        });
    }
}

/// Names of 60 letters each, which together are all of Unicode; every 64th of them where nobody asks for all.
fn names(all: bool) -> impl Iterator<Item = String> {
    let step = if all && std::env::var_os("JOURNEYMAN_EVERY_LETTER").is_some() { 1 } else { 64 };
    let letters: Vec<char> = ('\0'..=char::MAX).collect();
    let names: Vec<String> = letters.chunks(60).map(|letters| letters.iter().collect()).collect();
    // The first ones are those of the control characters.
    names
        .into_iter()
        .enumerate()
        .filter(move |(place, _)| *place < 8 || place % step == 0)
        .map(|(_, name)| name)
        // One alone among others, where a whole line could be refused for its neighbour.
        .chain(('\0'..='\u{ff}').map(|letter| format!("a{letter}b")))
}

#[test]
fn consent_every_letter_of_unicode_in_a_name_is_kept_or_refused() {
    engines(|store_name, engine, store, _, _| {
        block_on(async {
            let (mut kept, mut refused) = (0, 0);
            // A file takes a sample of them.
            for name in names(store_name == "memory") {
                let is_fit = !name.chars().any(char::is_control) && !name.trim().is_empty();
                let known =
                    engine.identify(Contact::new(name.as_str()).attribute("letters", name.as_str())).await;
                let heard = engine.track(Event::new("lea", name.as_str())).await;
                let yes = Consent::granted("lea", name.as_str(), name.as_str(), evidence());
                let allowed = engine.consent(yes).await;
                let stopped = engine.withdraw(&Withdrawal::of("lea", name.as_str(), "sms", evidence())).await;
                for answer in [known.map(drop), heard.map(drop), allowed.map(drop), stopped] {
                    match answer {
                        Ok(()) => assert!(is_fit, "{store_name}: {name:?} is taken"),
                        Err(Error::Invalid { .. }) => assert!(!is_fit, "{store_name}: {name:?} is refused"),
                        Err(other) => panic!("{store_name}: {name:?}: {other}"),
                    }
                }
                let there = store.contact(&name.as_str().into()).await.unwrap();
                assert_eq!(there.is_some(), is_fit, "{store_name}: {name:?}");
                if is_fit { kept += 1 } else { refused += 1 }
            }
            assert!(kept > 400 && refused >= 65, "{store_name}: {kept} kept, {refused} refused");
        });
    });
}
