//! One scenario, over and over, for `valgrind --tool=callgrind`: instructions do not depend on who else uses the machine.
//!
//! `cargo bench --bench instructions -- NAME [TIMES]`; without a name it says which there are. docs/PERFORMANCE.md has the
//! recipe.

#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;
use std::sync::Arc;

use chrono::TimeDelta;
use common::Scenario;
use futures::executor::block_on;
use journeyman::Engine;
use journeyman::machine::{ContactState, Transition};
use journeyman::port::Store;
use journeyman::store::{MemoryStore, SqliteStore};

/// The contacts of a tick.
const CONTACTS: usize = 2_048;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let name = arguments.next().unwrap_or_default();
    let times = arguments.next().map(|times| times.parse::<usize>().unwrap());
    match name.as_str() {
        "memory_steps" => memory(times.unwrap_or(4), false),
        "memory_deliver" => memory(times.unwrap_or(4), true),
        "sqlite_steps" => sqlite(times.unwrap_or(4)),
        name => transitions(name, times.unwrap_or(1_000)),
    }
}

fn transitions(name: &str, times: usize) {
    let scenarios = common::scenarios();
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == name) else {
        let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
        return println!("scenarios: {}, memory_steps, memory_deliver, sqlite_steps", names.join(", "));
    };
    let states: Vec<_> = (0..times).map(|_| scenario.state.clone()).collect();
    let transitions: Vec<_> = states.into_iter().map(|state| transition_counted(scenario, state)).collect();
    println!("{name}: {} transitions", transitions.len());
}

/// Neither the clone of the state nor the drop of the result is counted.
#[inline(never)]
fn transition_counted(scenario: &Scenario, state: ContactState) -> Transition {
    black_box(scenario.program.transition(state, black_box(&scenario.envelopes), black_box(scenario.now)))
}

fn memory(rounds: usize, deliver: bool) {
    let clock = common::clock();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store).channel(common::NullChannel("email")).batch(common::BATCH).build();
    block_on(common::enroll(&engine, CONTACTS));
    block_on(common::advance_all(&engine));
    let mut count = 0;
    for _ in 0..rounds.min(common::SENDS) {
        clock.advance(TimeDelta::days(1));
        if deliver {
            block_on(common::advance_all(&engine));
            count += deliver_counted(&engine);
        } else {
            count += steps_counted(&engine);
        }
    }
    println!("{count} {}", if deliver { "messages" } else { "steps" });
}

#[inline(never)]
fn steps_counted(engine: &Engine) -> usize {
    block_on(common::advance_all(engine)).0
}

#[inline(never)]
fn deliver_counted(engine: &Engine) -> usize {
    block_on(async {
        let mut accepted = 0;
        loop {
            let tick = engine.deliver().await.unwrap();
            if tick.accepted == 0 {
                return accepted;
            }
            accepted += tick.accepted;
        }
    })
}

/// The writer has a thread of its own, so all of the program is counted: take the difference of two numbers of rounds.
fn sqlite(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let clock = common::clock();
    let file = folder.path().join("engine.db");
    let store = SqliteStore::builder(file).clock(Arc::new(clock.clone())).open().unwrap();
    let engine =
        Engine::builder(Arc::new(store)).channel(common::NullChannel("email")).batch(common::BATCH).build();
    block_on(common::enroll(&engine, CONTACTS));
    block_on(common::advance_all(&engine));
    let mut steps = 0;
    for _ in 0..rounds.min(common::SENDS) {
        clock.advance(TimeDelta::days(1));
        steps += block_on(common::advance_all(&engine)).0;
    }
    println!("{steps} steps");
}
