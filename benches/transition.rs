//! One transition: what a step costs without any store. `cargo bench --bench transition`.

#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn transition(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transition");
    for scenario in common::scenarios() {
        scenario.check();
        group.bench_function(scenario.name, |bencher| {
            // The state is cloned, and the transition dropped, outside of what is measured.
            bencher.iter_batched(
                || scenario.state.clone(),
                |state| {
                    scenario.program.transition(
                        state,
                        black_box(&scenario.envelopes),
                        black_box(scenario.now),
                    )
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, transition);
criterion_main!(benches);
