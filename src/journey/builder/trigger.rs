//! Triggers, one constructor for each kind.

use crate::journey::definition::{Moves, OneOrMany, TriggerDefinition};
use crate::model::Value;
use crate::rule::{ConditionDefinition, PredicateDefinition};
use crate::time::{Offset, RecurrenceDefinition};

/// An event by its name.
impl From<&str> for TriggerDefinition {
    fn from(event: &str) -> Self {
        Self::event(event)
    }
}

/// An event by its name.
impl From<String> for TriggerDefinition {
    fn from(event: String) -> Self {
        Self::event(event)
    }
}

impl TriggerDefinition {
    /// An event of this name happens.
    pub fn event(name: impl Into<String>) -> Self {
        Self { event: Some(name.into()), ..Self::default() }
    }

    /// A form of this name is submitted.
    pub fn form(name: impl Into<String>) -> Self {
        Self { form: Some(name.into()), ..Self::default() }
    }

    /// A word comes in.
    pub fn keyword(word: impl Into<String>) -> Self {
        Self { keyword: Some(OneOrMany::One(word.into())), ..Self::default() }
    }

    /// One of several words comes in.
    pub fn keywords<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { keyword: Some(OneOrMany::Many(words)), ..Self::default() }
    }

    /// An attribute changes.
    pub fn attribute_changed(name: impl Into<String>) -> Self {
        Self { attribute: Some(name.into()), ..Self::default() }
    }

    /// An attribute changes, and then equals a value or compares as a condition says.
    pub fn attribute_becomes(name: impl Into<String>, becomes: impl Into<ConditionDefinition>) -> Self {
        Self { becomes: Some(becomes.into()), ..Self::attribute_changed(name) }
    }

    /// The contact moves into a segment.
    pub fn segment_entered(name: impl Into<String>) -> Self {
        Self { segment: Some(name.into()), moves: Some(Moves::In), ..Self::default() }
    }

    /// The contact moves out of a segment.
    pub fn segment_left(name: impl Into<String>) -> Self {
        Self { segment: Some(name.into()), moves: Some(Moves::Out), ..Self::default() }
    }

    /// The tier of a score rises.
    pub fn tier_up(score: impl Into<String>) -> Self {
        Self { tier: Some(score.into()), moves: Some(Moves::Up), ..Self::default() }
    }

    /// The tier of a score falls.
    pub fn tier_down(score: impl Into<String>) -> Self {
        Self { tier: Some(score.into()), moves: Some(Moves::Down), ..Self::default() }
    }

    /// The tier of a score is another one.
    pub fn tier_changed(score: impl Into<String>) -> Self {
        Self { tier: Some(score.into()), moves: Some(Moves::Either), ..Self::default() }
    }

    /// A mark of a score is reached.
    pub fn mark_reached(mark: impl Into<String>, score: impl Into<String>) -> Self {
        Self { mark: Some(mark.into()), of: Some(score.into()), moves: Some(Moves::Up), ..Self::default() }
    }

    /// A mark of a score is over.
    pub fn mark_over(mark: impl Into<String>, score: impl Into<String>) -> Self {
        Self { moves: Some(Moves::Down), ..Self::mark_reached(mark, score) }
    }

    /// A score reaches a threshold from below.
    pub fn score_reaches(score: impl Into<String>, threshold: i64) -> Self {
        Self { score: Some(score.into()), reaches: Some(threshold), ..Self::default() }
    }

    /// A score falls below a threshold.
    pub fn score_falls_below(score: impl Into<String>, threshold: i64) -> Self {
        Self { score: Some(score.into()), falls_below: Some(threshold), ..Self::default() }
    }

    /// The day or instant in an attribute comes; opens a journey only.
    pub fn date(attribute: impl Into<String>) -> Self {
        Self { date: Some(attribute.into()), ..Self::default() }
    }

    /// The calendar says so; opens a journey only.
    #[must_use]
    pub fn schedule(recurrence: RecurrenceDefinition) -> Self {
        Self { schedule: Some(recurrence), ..Self::default() }
    }

    /// The contact's passage through another journey ends.
    pub fn journey_ended(journey: impl Into<String>) -> Self {
        Self { journey: Some(journey.into()), ..Self::default() }
    }

    /// The host says so, by this name.
    pub fn host(name: impl Into<String>) -> Self {
        Self { host: Some(name.into()), ..Self::default() }
    }

    /// Asks a property of the event, the form or the call to equal a value, or to compare as a condition says.
    #[must_use]
    pub fn whose(mut self, property: impl Into<String>, condition: impl Into<ConditionDefinition>) -> Self {
        self.filter.insert(property.into(), condition.into());
        self
    }

    /// Limits a keyword to a channel.
    #[must_use]
    pub fn on_channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Names the tier that must be reached.
    #[must_use]
    pub fn to_tier(mut self, tier: impl Into<String>) -> Self {
        self.to = Some(tier.into());
        self
    }

    /// Comes before or after the date.
    #[must_use]
    pub fn shifted(mut self, offset: Offset) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Comes at a local time of day, `HH:MM`, of the day that date and offset name.
    #[must_use]
    pub fn at_time(mut self, time: impl Into<String>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// Names an end that the other journey must have had; call it again for further ones.
    #[must_use]
    pub fn as_end(mut self, end: impl Into<String>) -> Self {
        self.ended = Some(match self.ended.take() {
            None => OneOrMany::One(end.into()),
            Some(OneOrMany::One(first)) => OneOrMany::Many(vec![first, end.into()]),
            Some(OneOrMany::Many(mut ends)) => {
                ends.push(end.into());
                OneOrMany::Many(ends)
            }
        });
        self
    }
}

impl From<Value> for ConditionDefinition {
    fn from(value: Value) -> Self {
        Self::Is(value)
    }
}

impl From<&str> for ConditionDefinition {
    fn from(value: &str) -> Self {
        Self::Is(value.into())
    }
}

impl From<i32> for ConditionDefinition {
    fn from(value: i32) -> Self {
        Self::Is(value.into())
    }
}

impl From<i64> for ConditionDefinition {
    fn from(value: i64) -> Self {
        Self::Is(value.into())
    }
}

impl From<bool> for ConditionDefinition {
    fn from(value: bool) -> Self {
        Self::Is(value.into())
    }
}

/// The comparisons of a predicate.
impl From<PredicateDefinition> for ConditionDefinition {
    fn from(comparisons: PredicateDefinition) -> Self {
        Self::Compare(Box::new(comparisons))
    }
}
