//! Ticks over many contacts, on the memory store and on SQLite. `cargo bench --bench tick` prints a table.
//!
//! `cargo bench --bench tick -- memory` runs one part; `--contacts N` changes how many contacts there are.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod common;

use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::Engine;
use journeyman::machine::Input;
use journeyman::port::Store;
use journeyman::store::MemoryStore;

use common::{Cost, NullChannel, StillClock, Used};

const BATCH: usize = 1_024;
const SENDS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let test = arguments.iter().any(|argument| argument == "--test");
    let wants = |part: &str| {
        let mut named =
            arguments.iter().filter(|argument| ["memory", "sqlite"].contains(&argument.as_str())).peekable();
        named.peek().is_none() || named.any(|argument| argument == part)
    };
    let given = arguments.iter().skip_while(|argument| *argument != "--contacts").nth(1);
    let contacts =
        |otherwise| given.map_or(if test { 200 } else { otherwise }, |given| given.parse().unwrap());
    println!(
        "{:<44} {:>9} {:>10} {:>8} {:>8} {:>8}",
        "", "count", "per second", "CPU us", "wall us", "bytes"
    );
    if wants("memory") {
        block_on(memory(contacts(100_000)));
    }
}

/// `steps` is what one line of the table is divided by.
fn line(what: &str, count: usize, cost: Cost) {
    let per = |time: std::time::Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{what:<44} {count:>9} {:>10.0} {:>8.2} {:>8.2} {:>8.0}",
        count as f64 / cost.cpu.as_secs_f64(),
        per(cost.cpu),
        per(cost.wall),
        cost.written as f64 / count as f64
    );
}

async fn enroll(engine: &Engine, contacts: usize) {
    engine
        .publish([common::template("hello").into(), common::sequence("welcome", SENDS).into()])
        .await
        .unwrap();
    for first in (0..contacts).step_by(BATCH) {
        let inputs: Vec<Input> = (first..contacts.min(first + BATCH))
            .flat_map(|number| {
                [
                    Input::from(common::contact(number)),
                    Input::from(common::consent(number, "email")),
                    Input::from(common::event(number, "signed_up")),
                ]
            })
            .collect();
        engine.append(inputs).await.unwrap();
    }
}

/// Rounds of `advance` until nothing is due; the steps that were taken.
async fn advance_all(engine: &Engine) -> (usize, usize) {
    let (mut steps, mut inputs) = (0, 0);
    loop {
        let tick = engine.advance().await.unwrap();
        if tick.contacts == 0 {
            return (steps, inputs);
        }
        steps += tick.steps;
        inputs += tick.inputs;
    }
}

async fn memory(contacts: usize) {
    let clock = StillClock::new();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store.clone()).channel(NullChannel("email")).batch(BATCH).build();
    println!("memory store, {contacts} contacts, batches of {BATCH}");
    let used = Used::now();
    enroll(&engine, contacts).await;
    line("  inputs appended (3 a contact)", contacts * 3, used.since());
    let used = Used::now();
    let (_, inputs) = advance_all(&engine).await;
    line("  inputs read", inputs, used.since());

    let (mut cost, mut steps) = (Cost::default(), 0);
    for _ in 0..2 {
        clock.advance(TimeDelta::days(1));
        let used = Used::now();
        steps += advance_all(&engine).await.0;
        cost += used.since();
    }
    assert_eq!(steps, contacts * 4);
    line("  steps, advance alone", steps, cost);

    let used = Used::now();
    let mut accepted = 0;
    loop {
        let tick = engine.deliver().await.unwrap();
        if tick.accepted == 0 {
            break;
        }
        accepted += tick.accepted;
    }
    line("  messages delivered", accepted, used.since());
    let used = Used::now();
    let (_, inputs) = advance_all(&engine).await;
    line("  deliveries read", inputs, used.since());

    clock.advance(TimeDelta::days(1));
    let used = Used::now();
    let (mut steps, mut accepted) = (0, 0);
    loop {
        let tick = engine.tick().await.unwrap();
        steps += tick.steps;
        accepted += tick.accepted;
        if tick.contacts == 0 {
            break;
        }
    }
    assert_eq!((steps, accepted), (contacts * 2, contacts));
    line("  steps, whole ticks with delivery", steps, used.since());
}
