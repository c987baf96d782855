//! Allocations of a transition and bytes of a contact, counted and not sampled. `cargo bench --bench footprint`.
//!
//! It is a program of its own, because counting costs time: the benches that measure time run on the plain allocator.

#![allow(clippy::unwrap_used)]

mod common;

use std::alloc::System;
use std::sync::Arc;

use futures::executor::block_on;
use journeyman::Contact;
use journeyman::Engine;
use journeyman::machine::{Envelope, Hot, Input};
use journeyman::model::{Address, ConsentRecord, Enrollment, Name, Step, Value};
use journeyman::port::Store;
use journeyman::port::store::{CommitRecord, MessageRecord};
use journeyman::rule::Standing;
use journeyman::store::{MemoryStore, MemoryStoreBuilder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    if !common::is_wanted("footprint") {
        return;
    }
    println!("{:<24} {:>11} {:>9}", "one transition", "allocations", "bytes");
    for scenario in common::scenarios() {
        scenario.check();
        let state = scenario.state.clone();
        let region = Region::new(ALLOCATOR);
        let transition = scenario.program.transition(state, &scenario.envelopes, scenario.now);
        let change = region.change();
        let allocations = change.allocations + change.reallocations;
        println!("{:<24} {:>11} {:>9}", scenario.name, allocations, change.bytes_allocated);
        drop(transition);
    }
    let contacts = if common::is_test() { 100 } else { 100_000 };
    memory("with history", MemoryStore::builder(), contacts);
    memory("without history", MemoryStore::builder().without_history(), contacts);
}

fn live(region: &Region<'_, System>, contacts: usize) -> i64 {
    let change = region.change();
    (change.bytes_allocated as i64 - change.bytes_deallocated as i64) / contacts as i64
}

fn memory(kind: &str, builder: MemoryStoreBuilder, contacts: usize) {
    println!("\nlive bytes of one contact in the memory store {kind}, {contacts} contacts of 10 attributes");
    let clock = common::clock();
    let region = Region::new(ALLOCATOR);
    let line = |what: &str, before: i64| {
        let now = live(&region, contacts);
        println!("{what:<52} {now:>6} {:>+6}", now - before);
        now
    };
    {
        let identified: Vec<_> = (0..contacts).map(common::admitted).collect();
        let bytes = live(&region, contacts);
        println!("{:<52} {bytes:>6}", "a Contact by itself, in a Vec");
        drop(identified);
    }
    let store: Arc<dyn Store> = Arc::new(builder.clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store.clone()).channel(common::NullChannel("email")).build();
    block_on(async {
        engine
            .publish([common::template("hello").into(), common::sequence("welcome", 4).into()])
            .await
            .unwrap();
        let before = line("published", 0);
        append(&engine, contacts, |number| common::contact(number).into()).await;
        let before = line("identify: in the mailbox", before);
        drain(&engine).await;
        let before = line("identify: read", before);
        append(&engine, contacts, |number| common::consent(number, "email").into()).await;
        drain(&engine).await;
        let before = line("consent: read", before);
        append(&engine, contacts, |number| common::event(number, "signed_up").into()).await;
        drain(&engine).await;
        let before = line("event: read, enrolled", before);
        clock.advance(chrono::TimeDelta::hours(1));
        store.purge(clock_now(&clock)).await.unwrap();
        let before = line("after a purge of the read mail", before);
        parts(&*store).await;
        clock.advance(chrono::TimeDelta::days(2));
        drain(&engine).await;
        line("after 4 more steps, 2 messages in the outbox", before);
    });
}

fn clock_now(clock: &journeyman::testing::ManualClock) -> chrono::DateTime<chrono::Utc> {
    journeyman::port::Clock::now(clock)
}

async fn append(engine: &Engine, contacts: usize, input: impl Fn(usize) -> Input) {
    for first in (0..contacts).step_by(1_024) {
        let inputs = (first..contacts.min(first + 1_024)).map(&input).collect();
        engine.append(inputs).await.unwrap();
    }
}

async fn drain(engine: &Engine) {
    while engine.advance().await.unwrap().contacts > 0 {}
}

/// What the parts of one contact weigh: a clone counts what is not shared.
async fn parts(store: &dyn Store) {
    let contact = "contact-0000001".into();
    let state = store.contact(&contact).await.unwrap().unwrap().state;
    let steps = store.steps(&contact).await.unwrap();
    let consents = store.consents(&contact).await.unwrap();
    let person = &state.cold.contact;
    let names = person.attributes.keys().chain(person.addresses.keys());
    let texts = person.attributes.values().filter_map(|value| match value {
        Value::Text(text) => Some(text),
        _ => None,
    });
    let text = |texts: &mut dyn Iterator<Item = &Name>| {
        texts.map(|text| text.len().next_multiple_of(8) + 16).sum::<usize>()
    };
    let sizes = [
        ("Contact", size_of::<Contact>()),
        ("Standing", size_of::<Standing>()),
        ("Hot", size_of::<Hot>()),
        ("Enrollment", size_of::<Enrollment>()),
        ("Step", size_of::<Step>()),
        ("Envelope", size_of::<Envelope>()),
        ("ConsentRecord", size_of::<ConsentRecord>()),
        ("CommitRecord", size_of::<CommitRecord>()),
        ("MessageRecord", size_of::<MessageRecord>()),
        ("Value", size_of::<Value>()),
        ("Address", size_of::<Address>()),
    ];
    println!("    {sizes:?}");
    println!("    {} steps, {} consents", steps.len(), consents.len());
    println!("    of which names of attributes and channels: {} bytes", text(&mut names.into_iter()));
    println!("    of which texts of attributes: {} bytes", text(&mut texts.into_iter()));
    weigh("attributes", || person.attributes.clone());
    weigh("addresses", || person.addresses.clone());
    weigh("standing", || state.cold.standing.clone());
    weigh("enrollments", || state.hot.enrollments.clone());
    weigh("entries", || state.hot.entries.clone());
    weigh("performed", || state.hot.performed.clone());
    weigh("steps", || steps.clone());
    weigh("consents", || consents.clone());
}

fn weigh<T>(what: &str, part: impl Fn() -> T) {
    let region = Region::new(ALLOCATOR);
    let part = part();
    let bytes = region.change().bytes_allocated;
    println!("    heap of a clone of {what}: {bytes} bytes");
    drop(part);
}
