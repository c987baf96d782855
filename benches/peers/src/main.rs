//! The same events, scored by journeyman, by plain Rust and by what a host might pick instead.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml`. Times are CPU time of the thread, the median of
//! interleaved rounds; each contender's answers are compared with plain Rust's before anything is timed.

use std::hint::black_box;

use cpu_time::ThreadTime;

mod contender;
mod engines;
mod ours;

use contender::{Contender, Given, Native, given};
use engines::{Cel, Evalexpr, LuaJit, RhaiAst, Zen};
use ours::Ours;

const ROUNDS: usize = 31;

fn main() {
    table("one event, never a week of silence before it", &given(7));
    table("one event, after a week of silence or more in 5 of 12", &given(12));
}

fn table(title: &str, given: &[Given]) {
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(Native::new()),
        Box::new(Ours::new()),
        Box::new(LuaJit::new()),
        Box::new(Cel::new()),
        Box::new(RhaiAst::new()),
        Box::new(Zen::new()),
        Box::new(Evalexpr::new()),
    ];
    let mut native = Native::new();
    let expected: Vec<i64> = given.iter().map(|given| native.score(given)).collect();
    for contender in &mut contenders {
        for (given, expected) in given.iter().zip(&expected) {
            assert_eq!(contender.score(given), *expected, "{} scores {given:?} otherwise", contender.name());
        }
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let repeats = contender.repeats();
            let began = ThreadTime::now();
            for _ in 0..repeats {
                black_box(contender.score_all(black_box(given)));
            }
            times.push(began.elapsed().as_nanos() as f64 / (repeats * given.len()) as f64);
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let medians: Vec<f64> = times.iter_mut().map(median).collect();
    println!("{title:<56} {:>8} {:>9} {:>7}", "ns, CPU", "x native", "x ours");
    for (contender, ns) in contenders.iter().zip(&medians) {
        let (native, ours) = (ns / medians[0], ns / medians[1]);
        println!("{:<56} {ns:>8.1} {native:>9.1} {ours:>7.1}", contender.name());
    }
    println!();
}
