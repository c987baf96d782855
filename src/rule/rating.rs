//! Where a contact stands by the rules of others: its scores, their tiers, its segments.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::score::ScoreState;
use crate::model::{Fact, Name};

/// The scores of a contact, the tiers that they fall in, and the segments that it is in, as facts told them.
///
/// ```
/// use journeyman::machine::ContactState;
/// assert_eq!(ContactState::new("lea".into()).hot.rating.score("spark"), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rating {
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    scores: LiteMap<Name, i64>,
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    tiers: LiteMap<Name, Name>,
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    segments: LiteMap<Name, ()>,
    /// What the models of scores keep, by score.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub(crate) models: LiteMap<Name, ScoreState>,
    /// What was last heard that a model should have counted, while the contact's history was not counted by it yet.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub(crate) uncounted: LiteMap<Name, Uncounted>,
}

/// Something that concerned a score and was not counted, because the contact's history was not counted yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Uncounted {
    /// The last input, by its place in the mailbox.
    pub(crate) seq: u64,
    /// The last instant, in milliseconds since 1970.
    pub(crate) at: i64,
}

impl Rating {
    /// The most scores, tiers and segments that one contact keeps of each; a further one is told to journeys and not kept.
    pub const MOST: usize = 256;

    /// The value of a score; 0 where nothing was ever added.
    #[must_use]
    pub fn score(&self, name: &str) -> i64 {
        self.scores.get(name).copied().unwrap_or(0)
    }

    /// Whether a value of a score was ever told.
    #[must_use]
    pub fn has_score(&self, name: &str) -> bool {
        self.scores.contains_key(name)
    }

    /// The tier that a score falls in.
    #[must_use]
    pub fn tier(&self, score: &str) -> Option<&Name> {
        self.tiers.get(score)
    }

    /// Whether the contact is in a segment.
    #[must_use]
    pub fn is_in(&self, segment: &str) -> bool {
        self.segments.contains_key(segment)
    }

    /// Whether a mark of a score is reached.
    #[must_use]
    pub fn is_marked(&self, score: &str, mark: &str) -> bool {
        self.models.get(score).is_some_and(|state| state.marks.contains_key(mark))
    }

    /// What the model of a score keeps.
    #[must_use]
    pub fn state(&self, score: &str) -> Option<&ScoreState> {
        self.models.get(score)
    }

    /// Whether something came that the newest rules of a score have not counted.
    #[must_use]
    pub fn is_uncounted(&self, score: &str) -> bool {
        self.uncounted.contains_key(score)
    }

    /// Every score that was told.
    pub(crate) fn scores(&self) -> impl Iterator<Item = (&Name, i64)> {
        self.scores.iter().map(|(score, value)| (score, *value))
    }

    /// Every tier that a score falls in.
    pub(crate) fn tiers(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.tiers.iter()
    }

    /// Every segment that the contact is in.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &Name> {
        self.segments.iter().map(|(segment, ())| segment)
    }

    /// Every mark that is reached, after its score.
    pub(crate) fn marked(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.models.iter().flat_map(|(score, state)| state.marks.iter().map(move |(mark, _)| (score, mark)))
    }

    /// Whether nothing was ever told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let told = self.scores.is_empty() && self.tiers.is_empty() && self.segments.is_empty();
        // What waits for its history to be counted is known by this alone.
        told && self.models.is_empty() && self.uncounted.is_empty()
    }

    /// Keeps what the rules of a segment found; there are never more of those than are kept.
    pub(crate) fn put_into(&mut self, segment: &Name, inside: bool) {
        match inside {
            true => drop(self.segments.insert(segment.clone(), ())),
            false => drop(self.segments.remove(segment)),
        }
    }

    /// Every score of which anything is kept.
    pub(crate) fn rated(&self) -> impl Iterator<Item = &Name> {
        let known = self.models.keys().chain(self.scores.keys()).chain(self.tiers.keys());
        let all: std::collections::BTreeSet<&Name> = known.chain(self.uncounted.keys()).collect();
        all.into_iter()
    }

    /// Forgets a score with everything that hangs on it, and says what is no longer true, each with the value before.
    pub(crate) fn forget(&mut self, score: &Name, gone: &mut Vec<(Fact, i64)>) {
        self.uncounted.remove(score);
        let marks = self.models.remove(score).map(|state| state.marks).unwrap_or_default();
        for (mark, _) in marks {
            gone.push((Fact::Mark { score: score.clone(), mark, up: false }, 0));
        }
        if let Some(tier) = self.tiers.remove(score) {
            gone.push((Fact::Tier { score: score.clone(), from: Some(tier), to: None, up: false }, 0));
        }
        if let Some(value) = self.scores.remove(score).filter(|value| *value != 0) {
            gone.push((Fact::Score { score: score.clone(), value: 0 }, value));
        }
    }

    /// Takes a fact in; false where it changes nothing.
    pub(crate) fn apply(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::Score { score, value } => put(&mut self.scores, score, *value),
            Fact::Tier { score, to: Some(tier), .. } => put(&mut self.tiers, score, tier.clone()),
            Fact::Tier { score, to: None, .. } => self.tiers.remove(score).is_some(),
            Fact::Segment { segment, inside: true } => put(&mut self.segments, segment, ()),
            Fact::Segment { segment, inside: false } => self.segments.remove(segment).is_some(),
            Fact::Keyword { .. } | Fact::Mark { .. } | Fact::Host { .. } => true,
        }
    }
}

fn put<V: PartialEq>(map: &mut LiteMap<Name, V>, name: &Name, value: V) -> bool {
    if map.len() >= Rating::MOST && !map.contains_key(name) {
        return true;
    }
    let news = map.get(name) != Some(&value);
    if news {
        map.insert(name.clone(), value);
    }
    news
}
