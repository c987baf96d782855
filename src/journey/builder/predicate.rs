//! Predicates, one constructor for each question.

use crate::model::Value;
use crate::rule::{PredicateDefinition, Since};

impl PredicateDefinition {
    /// The contact has a tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..Self::default() }
    }

    /// An event happened at least once.
    pub fn performed(event: impl Into<String>) -> Self {
        Self { performed: Some(event.into()), ..Self::default() }
    }

    /// An event happened since the enrollment began.
    pub fn performed_since_entry(event: impl Into<String>) -> Self {
        Self { since: Some(Since::Entry), ..Self::performed(event) }
    }

    /// An attribute equals a value.
    pub fn attribute_is(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { attribute: Some(name.into()), is: Some(value.into()), ..Self::default() }
    }

    /// An attribute is at least a value.
    pub fn attribute_at_least(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { attribute: Some(name.into()), at_least: Some(value.into()), ..Self::default() }
    }

    /// A score is at least so high.
    pub fn score_at_least(score: impl Into<String>, points: i64) -> Self {
        Self { score: Some(score.into()), at_least: Some(points.into()), ..Self::default() }
    }

    /// A score is below so many points.
    pub fn score_below(score: impl Into<String>, points: i64) -> Self {
        Self { score: Some(score.into()), below: Some(points.into()), ..Self::default() }
    }

    /// A score stands in a tier.
    pub fn tier_is(score: impl Into<String>, tier: impl Into<Value>) -> Self {
        Self { tier: Some(score.into()), is: Some(tier.into()), ..Self::default() }
    }

    /// A mark of a score is reached, and not over.
    pub fn has_mark(mark: impl Into<String>, score: impl Into<String>) -> Self {
        Self { mark: Some(mark.into()), of: Some(score.into()), ..Self::default() }
    }

    /// The number at a path, such as `score.spark.change_14d`, is at least so much.
    pub fn number_at_least(path: impl Into<String>, least: impl Into<Value>) -> Self {
        Self { number: Some(path.into()), at_least: Some(least.into()), ..Self::default() }
    }

    /// The number at a path, such as `score.spark.change_14d`, is below so much.
    pub fn number_below(path: impl Into<String>, bound: impl Into<Value>) -> Self {
        Self { number: Some(path.into()), below: Some(bound.into()), ..Self::default() }
    }

    /// The contact is in a segment.
    pub fn in_segment(segment: impl Into<String>) -> Self {
        Self { segment: Some(segment.into()), ..Self::default() }
    }

    /// What a script asks, such as `followers > 1000 && tag("vip")`.
    ///
    /// ```
    /// use journeyman::rule::PredicateDefinition;
    /// let asked = PredicateDefinition::script("followers > 1000 && score('spark') >= 60");
    /// assert!(asked.script.is_some());
    /// ```
    pub fn script(source: impl Into<String>) -> Self {
        Self { script: Some(source.into()), ..Self::default() }
    }

    /// Every one of these holds.
    pub fn every(parts: impl IntoIterator<Item = Self>) -> Self {
        Self { all: Some(parts.into_iter().collect()), ..Self::default() }
    }

    /// At least one of these holds.
    pub fn either(parts: impl IntoIterator<Item = Self>) -> Self {
        Self { any: Some(parts.into_iter().collect()), ..Self::default() }
    }

    /// The complement.
    pub fn negated(self) -> Self {
        Self { not: Some(Box::new(self)), ..Self::default() }
    }
}
