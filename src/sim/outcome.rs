//! What a simulation came to.

use std::collections::BTreeMap;
use std::fmt;

use super::faults::FaultClass;
use super::replay::Replay;
use super::truth::Breach;

/// What one simulation came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The classes of faults that it drew.
    pub classes: Vec<FaultClass>,
    /// A hash of every choice and of when it was made: the same seed gives the same.
    pub trace: u64,
    /// Calls of the store, faults included.
    pub calls: u64,
    /// Faults that fired, by kind.
    pub faults: BTreeMap<String, u64>,
    /// What happened how often, by word: what a run never saw it did not test.
    pub happened: BTreeMap<String, u64>,
    /// Promises that were broken; none, one hopes.
    pub breaches: Vec<Breach>,
    /// Everything that was decided, to be told again, and made smaller.
    pub replay: Replay,
}

impl Outcome {
    /// All faults that fired.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.faults.values().sum()
    }

    /// The line that repeats this simulation.
    #[must_use]
    pub fn repeats(&self) -> String {
        format!(
            "JOURNEYMAN_SEED={} cargo test --release --features sim,testing --test simulation one_seed -- --nocapture",
            self.seed
        )
    }

    /// Ends the test unless every promise held.
    ///
    /// # Panics
    /// With the promises that were broken and the line that repeats it.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.breaches.is_empty(), "{self}");
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {} calls, {} faults, trace {:016x}, {} broken promises",
            self.seed,
            self.calls,
            self.fired(),
            self.trace,
            self.breaches.len()
        )?;
        for breach in self.breaches.iter().take(12) {
            writeln!(f, "  {breach}")?;
        }
        write!(f, "  again: {}", self.repeats())
    }
}
