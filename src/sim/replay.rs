//! A simulation as a list of decisions, that can be kept as a file and made smaller.

use serde::{Deserialize, Serialize};

use super::faults::{FaultClass, Happening};
use super::scenario::Scenario;

/// Everything that was decided in a simulation: its people, what happens to them, and each fault at its call.
///
/// Who goes first among those that are ready is drawn from the seed, so a list that was made smaller is another story with
/// the same parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    pub(super) seed: u64,
    pub(super) classes: Vec<FaultClass>,
    pub(super) scenario: Scenario,
    pub(super) faults: Vec<Happening>,
}

impl Replay {
    /// How many decisions it has: people, deeds and faults.
    #[must_use]
    pub fn decisions(&self) -> usize {
        self.scenario.people.len() + self.scenario.deeds.len() + self.faults.len()
    }

    /// The parts that can be left out: faults first, then deeds, then people.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.faults.len() + self.scenario.deeds.len() + self.scenario.people.len()
    }

    /// The same with only those parts for which `keep` says so; one person always stays. What is done to a person who
    /// is left out is left out as well.
    #[must_use]
    pub fn with_only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let (faults, deeds) = (self.faults.len(), self.scenario.deeds.len());
        let mut smaller = self.clone();
        smaller.faults = pick(&self.faults, &keep);
        smaller.scenario.deeds = pick(&self.scenario.deeds, |index| keep(faults + index));
        smaller.scenario.people =
            pick(&self.scenario.people, |index| index == 0 || keep(faults + deeds + index));
        let people: Vec<String> = smaller.scenario.people.iter().map(|person| person.id.clone()).collect();
        smaller
            .scenario
            .deeds
            .retain(|deed| deed.what.person().is_none_or(|id| people.iter().any(|own| own == id)));
        smaller
    }

    /// As a file holds it.
    ///
    /// # Errors
    /// Never, in practice: everything in it is plain data.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Reads what [`to_json`](Replay::to_json) wrote.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn pick<T: Clone>(items: &[T], keep: impl Fn(usize) -> bool) -> Vec<T> {
    items.iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, item)| item.clone()).collect()
}
