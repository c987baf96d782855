//! From a definition to a journey. `cargo bench --bench compile`.

#![allow(clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use journeyman::Journey;
use journeyman::journey::{JourneyDefinition, parse_json};

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for steps in [10_usize, 100, 1_000] {
        let text = common::definition(steps);
        let definition: JourneyDefinition = parse_json(&text).unwrap();
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_with_input(BenchmarkId::new("parse_and_compile", steps), &text, |bencher, text| {
            bencher.iter(|| Journey::from_json(black_box(text)).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("compile", steps), &definition, |bencher, definition| {
            bencher.iter(|| Journey::compile(black_box(definition)).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
