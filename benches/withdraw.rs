//! How long a withdrawal takes on a SQLite file: alone, and while four workers send. `cargo bench --bench withdraw` prints a
//! table, and counts what began and what was called after it.
//!
//! `--contacts N` changes the size.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::executor::block_on;
use journeyman::journey::Reenter;
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::{Evidence, Handover, Outcome};
use journeyman::port::Channel;
use journeyman::rule::TemplateDefinition;
use journeyman::store::SqliteStore;
use journeyman::{Consent, Contact, Engine, Event, Journey};

const WORKERS: usize = 4;

/// Counts what is called for somebody whose withdrawal was over before the call, and for whom the drain was.
#[derive(Clone, Default)]
struct Provider {
    calls: Arc<AtomicUsize>,
    withdrawn: Arc<Mutex<BTreeSet<String>>>,
    drained: Arc<Mutex<BTreeSet<String>>>,
    in_flight: Arc<AtomicUsize>,
    late: Arc<AtomicUsize>,
}

#[async_trait]
impl Channel for Provider {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let contact = handover.message.contact.as_str();
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Had begun before, and was under way: that is what a drain waits for.
        self.in_flight
            .fetch_add(usize::from(self.withdrawn.lock().unwrap().contains(contact)), Ordering::Relaxed);
        self.late.fetch_add(usize::from(self.drained.lock().unwrap().contains(contact)), Ordering::Relaxed);
        Outcome::Accepted
    }

    fn batch(&self) -> usize {
        64
    }
}

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

fn main() {
    if !common::is_wanted("withdraw") {
        return;
    }
    let given = std::env::args().skip_while(|argument| argument != "--contacts").nth(1);
    let contacts = given.map_or(if common::is_test() { 600 } else { 60_000 }, |given| given.parse().unwrap());
    println!(
        "{:<44} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "withdrawals on SQLite, ms", "count", "p50", "p99", "p99.9", "most"
    );
    measure("nobody sends", contacts, 0, false);
    measure("four workers send", contacts, WORKERS, false);
    measure("four workers send, drained", contacts, WORKERS, true);
}

fn measure(what: &str, contacts: usize, workers: usize, drained: bool) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("journeyman.db")).unwrap());
    let provider = Provider::default();
    let engine = Engine::builder(store).channel(provider.clone()).batch(256).build();
    let people: Vec<String> = (0..contacts).map(|number| format!("c{number}")).collect();
    block_on(prepare(&engine, &people));
    let stop = AtomicBool::new(false);
    let mut took = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let engine = engine.clone();
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if block_on(engine.tick()).unwrap().accepted == 0 {
                        std::thread::yield_now();
                    }
                }
            });
        }
        // From the other end, so that withdrawals and workers meet in the middle.
        for contact in people.iter().rev().take(contacts / 30) {
            let withdrawal = Withdrawal::everything(contact.as_str(), evidence());
            let begins = Instant::now();
            if drained {
                let mut drain = block_on(engine.withdraw_and_drain(&withdrawal)).unwrap();
                while !block_on(engine.poll_drain(&mut drain)).unwrap() {
                    std::thread::yield_now();
                }
                provider.drained.lock().unwrap().insert(contact.clone());
            } else {
                block_on(engine.withdraw(&withdrawal)).unwrap();
                provider.withdrawn.lock().unwrap().insert(contact.clone());
            }
            took.push(begins.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
    });
    took.sort();
    let at = |per_mille: usize| millis(took[(took.len() - 1) * per_mille / 1_000]);
    println!(
        "{what:<44} {:>9} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
        took.len(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    );
    let (calls, in_flight) =
        (provider.calls.load(Ordering::Relaxed), provider.in_flight.load(Ordering::Relaxed));
    let late = provider.late.load(Ordering::Relaxed);
    println!("  {calls} calls, {in_flight} of what had begun before a withdrawal, {late} after a drain");
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A greeting and a reminder for everybody, decided and not yet handed over.
async fn prepare(engine: &Engine, people: &[String]) {
    let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.id }}");
    let greeting = Journey::builder("greeting")
        .enter_on("signed_up")
        .reenter(Reenter::Always)
        .send("greet", "email", "hello", "marketing")
        .build()
        .unwrap();
    engine.publish([hello.into(), greeting.into()]).await.unwrap();
    for chunk in people.chunks(512) {
        let mut inputs: Vec<Input> = Vec::new();
        for person in chunk {
            let id = person.as_str();
            inputs.push(Contact::new(id).address("email", format!("{id}@example.org")).into());
            inputs.push(Consent::granted(id, "marketing", "email", evidence()).into());
            inputs.push(Event::new(id, "signed_up").into());
        }
        engine.append(inputs).await.unwrap();
    }
    while engine.advance().await.unwrap().contacts > 0 {}
}
