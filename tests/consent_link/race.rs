//! What happens between two looks of a visit into the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::Engine;
use journeyman::channel::RecordingChannel;
use journeyman::link::Request;
use journeyman::machine::{InputKind, Withdrawal};
use journeyman::port::Store;
use journeyman::testing::{Fault, FaultPlan, FaultyStore, StoreCall};

use super::tracking::tracked;
use super::{Host, PHONE, evidence, hosts, news, unsubscribe, with_links};

/// Somebody else reads the mail while one call of the store is made.
struct ReadMeanwhile {
    other: Engine,
    nth: u64,
}

impl FaultPlan for ReadMeanwhile {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        if call.nth == self.nth {
            let other = self.other.clone();
            thread::spawn(move || block_on(other.advance()).unwrap()).join().unwrap();
        }
        None
    }
}

/// An engine whose `nth` call of the store comes after another worker has read all mail.
fn disturbed(host: &Host, nth: u64) -> (Engine, FaultyStore) {
    let plan = Arc::new(ReadMeanwhile { other: host.engine.clone(), nth });
    let store = FaultyStore::new(host.store.clone()).plan(plan);
    (engine_on(Arc::new(store.clone())), store)
}

#[test]
fn consent_withdrawn_granted_and_withdrawn_again_by_one_link_ends_it_whatever_is_read_meanwhile() {
    let mut disturbances = 0;
    for nth in 1..=8 {
        for host in hosts() {
            block_on(async {
                host.publish(news()).await;
                host.meet("lea", &["marketing"]).await;
                let link = unsubscribe(&host.send("lea").await.unwrap());
                host.clock.advance(TimeDelta::minutes(1));
                let post = Request::new("POST", link.strip_prefix("https://go.example.org").unwrap())
                    .content_type("application/x-www-form-urlencoded")
                    .body("confirm=yes");
                assert_eq!(host.engine.visit(&post).await.status, 200);
                host.grant("lea", "marketing").await;
                let (engine, store) = disturbed(&host, nth);
                assert_eq!(engine.visit(&post).await.status, 200);
                disturbances += u64::from(store.calls() >= nth);
                assert_eq!(host.allowed("lea").await, [], "{} at call {nth}", host.name);
            });
        }
    }
    assert!(disturbances >= 6, "{disturbances}");
}

/// Somebody withdraws right before one append.
struct WithdrawBefore {
    other: Engine,
    done: AtomicBool,
}

impl FaultPlan for WithdrawBefore {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        if call.operation == "append" && !self.done.swap(true, Ordering::Relaxed) {
            let other = self.other.clone();
            thread::spawn(move || block_on(other.withdraw(&stop("lea"))).unwrap()).join().unwrap();
        }
        None
    }
}

fn stop(contact: &str) -> Withdrawal {
    Withdrawal::of(contact, "tracking", "email", evidence())
}

fn engine_on(store: Arc<dyn Store>) -> Engine {
    with_links(Engine::builder(store).channel(RecordingChannel::new("email"))).build()
}

/// The clicks and openings that lie in a mailbox, and the place of the newest withdrawal.
async fn mail(host: &Host, contact: &str) -> (Vec<u64>, u64) {
    let (mut visits, mut withdrawn) = (Vec::new(), 0);
    for envelope in host.store.inputs(&contact.into(), 0, u64::MAX >> 1).await.unwrap() {
        match envelope.kind {
            InputKind::Event(event) if event.name.starts_with("message.") => visits.push(envelope.seq),
            InputKind::Withdrawal(_) => withdrawn = envelope.seq,
            _ => {}
        }
    }
    (visits, withdrawn)
}

/// One engine, on which a click and the opening of a contact's mail wait to become events.
async fn visited(host: &Host, contact: &str, store: Arc<dyn Store>) -> Engine {
    host.meet(contact, &["marketing", "tracking"]).await;
    let content = host.send(contact).await.unwrap();
    let engine = engine_on(store);
    host.clock.advance(TimeDelta::minutes(1));
    let (clicks, picture) = tracked(host, &content).await;
    for link in [&clicks[0], &picture] {
        engine.visit(&Request::new("GET", link).user_agent(PHONE)).await;
    }
    engine
}

#[test]
fn consent_a_visit_that_was_permitted_before_the_withdrawal_is_not_kept_after_it() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            let plan = WithdrawBefore { other: host.engine.clone(), done: AtomicBool::new(false) };
            let store = FaultyStore::new(host.store.clone()).plan(Arc::new(plan));
            let engine = visited(&host, "lea", Arc::new(store)).await;
            host.clock.advance(TimeDelta::seconds(3));
            assert_eq!(engine.settle_visits().await.unwrap(), 0, "{}", host.name);
            let (visits, withdrawn) = mail(&host, "lea").await;
            assert!(withdrawn > 0, "{}: it was not asked to append", host.name);
            assert_eq!(visits, [0; 0], "{}: an opening lies in the mailbox", host.name);
            host.engine.tick().await.unwrap();
            assert_eq!(mail(&host, "lea").await.0, [0; 0], "{}", host.name);
        });
    }
}

#[test]
fn consent_no_thread_keeps_a_visit_after_the_withdrawal() {
    for host in hosts() {
        block_on(host.publish(news()));
        let (mut kept, contacts) = (0, 12);
        for number in 0..contacts {
            let contact = format!("person-{number}");
            let engines = block_on(async {
                let first = visited(&host, &contact, host.store.clone()).await;
                let content = host.email.sent().pop().unwrap().content;
                let (clicks, _) = tracked(&host, &content).await;
                let second = engine_on(host.store.clone());
                second.visit(&Request::new("GET", &clicks[1]).user_agent(PHONE)).await;
                host.clock.advance(TimeDelta::seconds(3));
                [first, second]
            });
            let gate = Barrier::new(engines.len() + 1);
            thread::scope(|scope| {
                for engine in &engines {
                    scope.spawn(|| {
                        gate.wait();
                        block_on(engine.settle_visits()).unwrap();
                    });
                }
                gate.wait();
                thread::sleep(std::time::Duration::from_micros(60 * number));
                block_on(host.engine.withdraw(&stop(&contact))).unwrap();
            });
            let (visits, withdrawn) = block_on(mail(&host, &contact));
            kept += visits.len();
            assert!(visits.iter().all(|seq| *seq < withdrawn), "{}: {visits:?}, {withdrawn}", host.name);
        }
        println!("{}: {kept} visits came before their withdrawal", host.name);
    }
}
