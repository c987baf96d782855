//! What a step asks the host, and what the host answers.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Attributes, Name, Value};

/// A question to the host: it goes by a channel as a message does, and says nothing to the contact.
///
/// ```
/// use journeyman::model::Call;
/// let call = Call::new("rate").with("city", "Paris");
/// assert_eq!((&*call.ask, call.with.len()), ("rate", 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Call {
    /// What is asked, by the name that the channel knows.
    pub ask: Name,
    /// What the journey gives along; what the contact is stands in the handover.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub with: Attributes,
    /// Until when an answer counts, where it is counted in the hours of a team: what a desk shows beside the task.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
}

impl Call {
    /// Asks this, with nothing along.
    #[must_use]
    pub fn new(ask: impl Into<Name>) -> Self {
        Self { ask: ask.into(), with: Attributes::new(), due_at: None }
    }

    /// Gives a value along.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.with.insert(name.into(), value.into());
        self
    }
}

/// What the host answers: a word that chooses the way on, and values that become attributes of the contact where the step
/// declares them.
///
/// ```
/// use journeyman::model::Answer;
/// let answer = Answer::of("good").value("fit", 80);
/// assert_eq!(answer.result.as_deref(), Some("good"));
/// assert_eq!(answer.size(), 4 + 3 + 8); // the bytes of the words, 8 for a number
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// The word for it, where one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Name>,
    /// What is known now.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub values: Attributes,
}

impl Answer {
    /// An answer without a word: the step's own way on.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer by a word.
    #[must_use]
    pub fn of(result: impl Into<Name>) -> Self {
        Self { result: Some(result.into()), values: Attributes::new() }
    }

    /// Adds a value.
    #[must_use]
    pub fn value(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The size that limits count: the bytes of the words, and each value as it counts.
    #[must_use]
    pub fn size(&self) -> usize {
        let values = self.values.iter().map(|(name, value)| name.len() + value.size());
        self.result.as_ref().map_or(0, |result| result.len()) + values.sum::<usize>()
    }
}
