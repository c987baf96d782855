//! What is published and what is paused.

use std::collections::{BTreeMap, BTreeSet};

use crate::journeys::{JOURNEYS, Journey};
use crate::person::Word;

/// Which versions are published beyond the first, and when journeys are paused.
#[derive(Clone, Default)]
pub(crate) struct Calendar {
    pub(crate) second: BTreeSet<Word>,
    pub(crate) pauses: BTreeMap<Word, Vec<(i64, Option<i64>)>>,
}

impl Calendar {
    pub(crate) fn newest(&self) -> impl Iterator<Item = &'static Journey> {
        JOURNEYS.iter().filter(|journey| (journey.version == 2) == self.second.contains(journey.name))
    }

    /// When something due at a minute happens: then, or when the pause that holds it ends.
    pub(crate) fn happens(&self, journey: Word, mut due: i64) -> Option<i64> {
        for (from, until) in self.pauses.get(journey).into_iter().flatten() {
            if *from <= due {
                due = due.max((*until)?);
            }
        }
        Some(due)
    }

    pub(crate) fn is_paused(&self, journey: Word, at: i64) -> bool {
        self.happens(journey, at) != Some(at)
    }
}
