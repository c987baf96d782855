//! One scenario, over and over, for `valgrind --tool=callgrind`: instructions do not depend on who else uses the machine.
//!
//! `cargo bench --bench instructions -- NAME [TIMES]`; without a name it says which there are. docs/PERFORMANCE.md has the
//! recipe.

#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use common::Scenario;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let scenarios = common::scenarios();
    let Some(name) = arguments.first() else {
        let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
        println!("scenarios: {}", names.join(", "));
        return;
    };
    let times = arguments.get(1).map_or(1_000, |times| times.parse().unwrap());
    let scenario = scenarios.iter().find(|scenario| scenario.name == name.as_str()).unwrap();
    let states = (0..times).map(|_| scenario.state.clone()).collect::<Vec<_>>();
    let transitions: Vec<_> = states.into_iter().map(|state| transition_alone(scenario, state)).collect();
    println!("{name}: {} transitions", transitions.len());
}

/// What `--toggle-collect='*transition_alone*'` counts: neither the clone of the state nor the drop of the result.
#[inline(never)]
fn transition_alone(
    scenario: &Scenario,
    state: journeyman::machine::ContactState,
) -> journeyman::machine::Transition {
    black_box(scenario.program.transition(state, black_box(&scenario.envelopes), black_box(scenario.now)))
}
