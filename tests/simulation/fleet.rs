//! Many simulations side by side, and what they came to together.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use journeyman::sim::{Outcome, Simulation};

/// What many simulations came to.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) seeds: u64,
    pub(crate) calls: u64,
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) happened: BTreeMap<String, u64>,
    pub(crate) broken: Vec<Outcome>,
}

/// Broken runs that are kept whole; the others are counted.
const MOST_KEPT: usize = 8;

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.calls += outcome.calls;
        for (word, count) in &outcome.faults {
            *self.faults.entry(word.clone()).or_default() += count;
        }
        for (word, count) in &outcome.happened {
            *self.happened.entry(word.clone()).or_default() += count;
        }
        if !outcome.breaches.is_empty() {
            *self.happened.entry("broken".to_owned()).or_default() += 1;
            if self.broken.len() < MOST_KEPT {
                self.broken.push(outcome);
            }
        }
    }

    /// How often something happened, or a fault fired.
    pub(crate) fn count(&self, word: &str) -> u64 {
        self.happened.get(word).or_else(|| self.faults.get(word)).copied().unwrap_or(0)
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fired: u64 = self.faults.values().sum();
        let seeds = self.seeds.max(1);
        writeln!(
            f,
            "{} seeds, {} store calls ({} a seed), {fired} faults ({} a seed), {} crashes, {} zombies refused, {} messages accepted, {} violations",
            self.seeds,
            self.calls,
            self.calls / seeds,
            fired / seeds,
            self.count("crashed"),
            self.count("zombie_refused"),
            self.count("message_accepted"),
            self.count("broken"),
        )?;
        let line = |map: &BTreeMap<String, u64>| {
            map.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "  faults: {}", line(&self.faults))?;
        write!(f, "  happened: {}", line(&self.happened))
    }
}

/// Runs the seeds `from..from + count` on every core.
pub(crate) fn run(from: u64, count: u64, make: impl Fn(u64) -> Simulation + Sync) -> Sum {
    let (next, sum) = (AtomicU64::new(from), Mutex::new(Sum::default()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count {
                        return;
                    }
                    let outcome = make(seed).run();
                    sum.lock().unwrap().add(outcome);
                }
            });
        }
    });
    sum.into_inner().unwrap()
}
