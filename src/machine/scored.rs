//! The models of scores that a program runs, by name and by the events that they are about.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Program;
use crate::model::Name;
use crate::rule::score::{EventId, History, ScoreModel, ScoreState};
use crate::rule::{Models, Rating};

/// The newest rules of a score, and what they make of contacts that are known already.
///
/// ```
/// use journeyman::machine::{Program, ProgramParts, Scored};
/// use journeyman::rule::score::{History, ScoreModel};
/// let model = ScoreModel::compile(r#"on("message.replied", 10);"#)?;
/// let mut parts = ProgramParts::default();
/// parts.scores.insert("spark".into(), Scored::new(model.into(), History::Keep));
/// assert!(Program::new(parts).score("spark").is_some());
/// # Ok::<(), journeyman::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scored {
    /// The rules.
    pub model: Arc<ScoreModel>,
    /// What becomes of contacts that are known already.
    pub history: History,
    /// What they are for, where they say so.
    pub purpose: Option<Name>,
}

impl Scored {
    /// Puts the two together.
    #[must_use]
    pub fn new(model: Arc<ScoreModel>, history: History) -> Self {
        Self { model, history, purpose: None }
    }

    /// Says what they are for.
    #[must_use]
    pub fn purpose(mut self, purpose: Option<&str>) -> Self {
        self.purpose = purpose.map(Name::from);
        self
    }

    /// Whether a score is one of these rules, and knows everything that it is to know.
    pub(crate) fn counts(&self, score: &str, rating: &Rating) -> bool {
        let counts = |state: &ScoreState| {
            // What other rules had counted was taken over, and now its history is asked for.
            let is_kept = state.kept && self.history == History::Count;
            state.model == self.model.short_hash() && !is_kept
        };
        !rating.is_uncounted(score) && rating.state(score).is_some_and(counts)
    }

    /// Whether these rules are to go on with what others had counted.
    pub(super) fn takes_over(&self, score: &str, rating: &Rating) -> bool {
        self.history == History::Keep && !self.counts(score, rating)
    }
}

/// Every model of a program, in order of their names; each is known by its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    all: Vec<(Name, Scored)>,
    /// By event, the models that count it; each knows it by a number of its own.
    events: BTreeMap<Name, Vec<(usize, EventId)>>,
}

impl Scores {
    pub(super) fn new(all: BTreeMap<Name, Scored>) -> Self {
        let mut events: BTreeMap<Name, Vec<(usize, EventId)>> = BTreeMap::new();
        for (place, scored) in all.values().enumerate() {
            for (event, id) in scored.model.events() {
                events.entry(event.clone()).or_default().push((place, id));
            }
        }
        Self { all: all.into_iter().collect(), events }
    }

    pub(super) fn place(&self, score: &str) -> Option<usize> {
        self.all.binary_search_by(|(name, _)| (**name).cmp(score)).ok()
    }

    pub(super) fn at(&self, place: usize) -> Option<(&Name, &Scored)> {
        self.all.get(place).map(|(name, scored)| (name, scored))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Name, &Scored)> {
        self.all.iter().enumerate().map(|(place, (name, scored))| (place, name, scored))
    }

    pub(super) fn hearing(&self, event: &str) -> &[(usize, EventId)] {
        self.events.get(event).map_or(&[], Vec::as_slice)
    }
}

impl Models for Program {
    fn model(&self, score: &str) -> Option<&ScoreModel> {
        self.score(score).map(|scored| &*scored.model)
    }

    fn scores(&self) -> Vec<&Name> {
        self.scores.all().map(|(_, score, _)| score).collect()
    }
}
