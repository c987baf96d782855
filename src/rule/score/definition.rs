//! A score as a host publishes it: its name, its script, and what the past counts.

use serde::{Deserialize, Serialize};

use super::{ScoreModel, ScoreModelBuilder};
use crate::error::BuildError;
use crate::model::Hash;

/// A score as a host publishes it. The newest of its name is used, from the next input of each contact on.
///
/// ```
/// use journeyman::rule::score::ScoreDefinition;
/// let spark = ScoreDefinition::new("spark", r#"on("message.replied", 10); clamp(0, 120); tier("hot", 80);"#);
/// assert!(spark.compile().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ScoreDefinition {
    /// Its name.
    pub score: String,
    /// The rhai script that declares its rules.
    pub script: String,
    /// What becomes of contacts that are known already.
    #[serde(default)]
    pub history: History,
    /// What it is for: one that declares nothing is profiling for marketing, which an objection stops. One for a purpose that
    /// is owed goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// What becomes of contacts that are known already when a score is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum History {
    /// Their history is counted by the new rules, in a job that survives a crash.
    #[default]
    Count,
    /// They keep what they have, and the new rules count from now on.
    Keep,
}

impl ScoreDefinition {
    /// The longest name of a score, in bytes.
    pub const MOST_NAME: usize = 128;

    /// A score that counts the history of contacts that are known already.
    #[must_use]
    pub fn new(score: impl Into<String>, script: impl Into<String>) -> Self {
        Self { score: score.into(), script: script.into(), history: History::default(), purpose: None }
    }

    /// Lets contacts keep what they have.
    #[must_use]
    pub fn keeps(mut self) -> Self {
        self.history = History::Keep;
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Identifies the rules, as [`ScoreModel::hash`] does, without running them.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of("score", &[self.script.as_bytes()])
    }

    /// Runs the script, checks what it declares, and makes it fast to apply.
    ///
    /// # Errors
    /// [`BuildError`] with every problem; places begin with the name of the score.
    pub fn compile(&self) -> Result<ScoreModel, BuildError> {
        self.compile_by(ScoreModel::builder())
    }

    /// The same, with what a host allows scripts beside declarations.
    ///
    /// # Errors
    /// As [`compile`](ScoreDefinition::compile).
    pub fn compile_by(&self, builder: ScoreModelBuilder) -> Result<ScoreModel, BuildError> {
        builder.compile(&self.script).map_err(|mut error| {
            for problem in &mut error.diagnostics {
                problem.place = format!("{}/script {}", self.score, problem.place);
            }
            error
        })
    }
}
