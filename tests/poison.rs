//! A contact whose commits the store refuses is parked and slows nobody else; released, it goes on where it stood.

mod common;

use std::sync::Arc;

use chrono::TimeDelta;
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::Signal;
use journeyman::model::Evidence;
use journeyman::port::store::MessageStatus;
use journeyman::port::{Archive, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::testing::{Fault, FaultyStore, ManualClock};
use journeyman::{Consent, Contact, Engine, Event, Journey};

struct Host {
    engine: Engine,
    store: FaultyStore,
    email: RecordingChannel,
}

async fn host(store: Arc<dyn Store>, batch: usize) -> Host {
    let store = FaultyStore::new(store);
    let email = RecordingChannel::new("email");
    let engine =
        Engine::builder(Arc::new(store.clone())).channel(email.clone()).batch(batch).most_failures(3).build();
    let greeting = Journey::builder("greeting")
        .enter_on("signed_up")
        .send("greet", "email", "hello", "onboarding")
        .build()
        .unwrap();
    let hello = TemplateDefinition::new("hello").text("Bonjour");
    engine.publish([hello.into(), greeting.into()]).await.unwrap();
    Host { engine, store, email }
}

async fn signs_up(host: &Host, contact: &str) {
    let evidence = Evidence::new("form", "v1");
    let address = format!("{contact}@example.org");
    host.engine.identify(Contact::new(contact).address("email", address)).await.unwrap();
    host.engine.consent(Consent::granted(contact, "onboarding", "email", evidence)).await.unwrap();
    host.engine.track(Event::new(contact, "signed_up").id("1")).await.unwrap();
}

fn heard(host: &Host) -> Vec<String> {
    let mut heard: Vec<_> = host.email.sent().iter().map(|sent| sent.message.contact.to_string()).collect();
    heard.sort();
    heard
}

fn parked(signals: &[Signal]) -> Vec<&str> {
    let parked = signals.iter().filter_map(|signal| match signal {
        Signal::Parked { contact, .. } => Some(contact.as_str()),
        _ => None,
    });
    parked.collect()
}

#[test]
fn a_poisoned_contact_is_parked_by_one_tick_and_its_batch_goes_on() {
    for batch in [1, 2, 64] {
        let clock = ManualClock::new("2026-03-23T08:00:00Z".parse().unwrap());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            block_on(async {
                let host = host(store, batch).await;
                for contact in ["ana", "eve", "lea", "tom", "zoe"] {
                    signs_up(&host, contact).await;
                }
                host.store.poison("lea");
                let tick = host.engine.tick().await.unwrap();
                assert_eq!(heard(&host), ["ana", "eve", "tom", "zoe"], "{name}, batches of {batch}");
                assert_eq!(parked(&tick.signals), ["lea"], "{name}, batches of {batch}");
                assert_eq!(tick.failed, 3, "{name}, batches of {batch}");
                assert_eq!(tick.next_wake, None, "{name}: nobody waits for who is parked");

                let listed = host.store.parked().await.unwrap();
                assert_eq!(listed, [("lea".into(), "unavailable".into())], "{name}");
                let stored = host.store.contact(&"lea".into()).await.unwrap().unwrap();
                assert_eq!((stored.revision, stored.read_seq), (0, 0), "{name}: nothing of it was committed");

                host.store.cure();
                assert!(host.engine.release(&"lea".into()).await.unwrap(), "{name}");
                assert!(!host.engine.release(&"lea".into()).await.unwrap(), "{name}: it was parked once");
                host.engine.tick().await.unwrap();
                assert_eq!(heard(&host), ["ana", "eve", "lea", "tom", "zoe"], "{name}");
                assert!(host.store.parked().await.unwrap().is_empty(), "{name}");
            });
        }
    }
}

#[test]
fn a_store_that_refuses_a_batch_once_parks_nobody_and_loses_nothing() {
    let clock = ManualClock::new("2026-03-23T08:00:00Z".parse().unwrap());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let host = host(store, 64).await;
            for contact in ["ana", "eve", "lea"] {
                signs_up(&host, contact).await;
            }
            let calls = host.store.calls();
            // A tick asks for jobs, claims and commits; the program is at hand since the first event was told.
            host.store.fail(calls + 3, Fault::Unavailable);
            let tick = host.engine.tick().await.unwrap();
            let operations = host.store.operations();
            assert_eq!(operations[calls as usize + 2], "commit", "{name}: {operations:?}");
            assert_eq!((tick.failed, tick.contacts > 2), (0, true), "{name}");
            assert_eq!(heard(&host), ["ana", "eve", "lea"], "{name}");
        });
    }
}

#[test]
fn a_parked_contact_is_still_protected_by_its_gate() {
    let clock = ManualClock::new("2026-03-23T08:00:00Z".parse().unwrap());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let host = host(store, 64).await;
            signs_up(&host, "lea").await;
            host.engine.advance().await.unwrap();
            host.store.poison("lea");
            host.engine.track(Event::new("lea", "visited").id("2")).await.unwrap();
            let withdrawal = journeyman::machine::Withdrawal::everything("lea", Evidence::new("sms", "STOP"));
            host.engine.withdraw(&withdrawal).await.unwrap();
            host.engine.tick().await.unwrap();
            assert_eq!(host.store.parked().await.unwrap().len(), 1, "{name}");
            clock.advance(TimeDelta::hours(1));
            host.engine.tick().await.unwrap();
            assert!(heard(&host).is_empty(), "{name}: it was said after the withdrawal");
            let messages = host.store.messages(&"lea".into()).await.unwrap();
            assert_eq!(messages[0].status, MessageStatus::Cancelled, "{name}");
        });
    }
}

#[test]
fn whoever_is_left_of_a_refused_batch_by_another_worker_is_not_waited_for() {
    let clock = ManualClock::new("2026-03-23T08:00:00Z".parse().unwrap());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let host = host(store.clone(), 64).await;
            for contact in ["ana", "eve", "lea"] {
                signs_up(&host, contact).await;
            }
            // It asks for jobs, claims and commits; the program is at hand since the first event was told.
            host.store.fail(host.store.calls() + 3, Fault::Unavailable);
            let refused = host.engine.advance().await.unwrap();
            assert_eq!((refused.contacts, host.store.fired()), (0, true), "{name}");
            let other = Engine::builder(store).channel(host.email.clone()).build();
            assert_eq!(other.advance().await.unwrap().contacts, 3, "{name}");
            assert_eq!(host.engine.advance().await.unwrap().contacts, 0, "{name}");
            for contact in ["tom", "uma", "zoe"] {
                signs_up(&host, contact).await;
            }
            assert_eq!(
                host.engine.advance().await.unwrap().contacts,
                3,
                "{name}: they go in one batch again"
            );
        });
    }
}
