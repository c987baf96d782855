//! A segment as an author writes it: whom it holds, or how it ranks, or that people are put into it by hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::question::QuestionDefinition;
use crate::time::RecurrenceDefinition;

/// A segment as a host publishes it; exactly one of `where`, `rank` and `manual` says who is in it.
///
/// ```
/// use journeyman::rule::segment::SegmentDefinition;
/// let active: SegmentDefinition = serde_json::from_str(
///     r#"{"segment": "active", "where": {"event": "app.opened", "count": {"at_least": 3}, "within": "30d"}}"#,
/// )?;
/// assert_eq!((active.segment.as_str(), active.version), ("active", 1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SegmentDefinition {
    /// Its name.
    pub segment: String,
    /// Which edition this is, from 1. A published version never changes; the highest is the one that counts.
    #[serde(default = "first")]
    pub version: u32,
    /// The version of the language that it is written in, [`LANGUAGE`](SegmentDefinition::LANGUAGE) where absent.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub language: u32,
    /// Who is in it: everybody of whom this is true.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<QuestionDefinition>,
    /// Who is in it: those who stand highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<RankDefinition>,
    /// Who is in it: those whom the host [puts](crate::Engine::tell) there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manual: bool,
    /// What it is for: one that declares nothing is profiling for marketing, which an objection stops. One for a purpose that
    /// is owed goes on, such as a list of those who are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// Those who stand highest, as of the last time that the line was drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RankDefinition {
    /// By which score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// By which attribute, a whole number; whoever has none is left out, and so is whoever has a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// How many, of equal ones those whose ids come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// How many of a hundred, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Among whom; everybody where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<QuestionDefinition>,
    /// When the line is drawn anew, on the engine's clock.
    pub every: RecurrenceDefinition,
}

impl SegmentDefinition {
    /// The version of the language that this crate reads and writes.
    pub const LANGUAGE: u32 = 1;
    /// The longest name, in bytes.
    pub const MOST_NAME: usize = 128;

    /// Everybody of whom something is true.
    #[must_use]
    pub fn new(segment: impl Into<String>, condition: QuestionDefinition) -> Self {
        Self { condition: Some(condition), ..Self::empty(segment) }
    }

    /// Those whom the host puts there.
    #[must_use]
    pub fn manual(segment: impl Into<String>) -> Self {
        Self { manual: true, ..Self::empty(segment) }
    }

    /// Those who stand highest.
    #[must_use]
    pub fn ranked(segment: impl Into<String>, rank: RankDefinition) -> Self {
        Self { rank: Some(rank), ..Self::empty(segment) }
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    fn empty(segment: impl Into<String>) -> Self {
        let segment = segment.into();
        let (condition, rank, purpose) = (None, None, None);
        Self { segment, version: 1, language: Self::LANGUAGE, condition, rank, manual: false, purpose }
    }
}

/// Conditions on the properties of an event, by name.
pub type WhereDefinition = BTreeMap<String, crate::rule::ConditionDefinition>;

const fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
const fn is_first(number: &u32) -> bool {
    *number == 1
}
