//! Steps that ask the host: a call to a function or a service, a person to whom the contact is handed over, an owner.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{HoursDefinition, ResultDefinition, RetryDefinition};
use crate::model::Value;
use crate::time::Span;

/// What is asked of the host, and where its answer leads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CallDefinition {
    /// By which channel: a function, a webhook, the desk of a team.
    pub channel: String,
    /// What is asked, by the name that the channel knows; the step's id where absent, `hand_over` for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// Values that go along. Who the contact is goes along by itself.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub with: BTreeMap<String, Value>,
    /// The values that the answer must have; they become attributes of the contact.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answer: BTreeMap<String, AnswerKind>,
    /// The longest wait for the answer, from the arrival at the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// When the people are there who answer: `within` counts those hours alone. Of a `hand_over` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<HoursDefinition>,
    /// Where to go after which answer; the step's own way on for every other one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultDefinition>,
    /// The step that follows where the channel refuses, or the answer is not as declared; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The step that follows where no answer came in time; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// When a failed attempt is followed by another; as the channel does it where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryDefinition>,
}

/// Who is responsible for the contact in a role: one of a list, or whom the host names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AssignDefinition {
    /// The role; the owner's name becomes the attribute `owner_` and this.
    pub role: String,
    /// One of these, by a stable hash of contact and role; an owner that is still among them stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<String>,
    /// The channel that is asked instead (`assign`); the result that it answers is the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Values that go along with the question.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub with: BTreeMap<String, Value>,
    /// The longest wait for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// The step that follows where the channel refuses or names nobody; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The step that follows where no answer came in time; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// What kind of value an answer must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnswerKind {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// An exact fraction; a whole number is one too.
    Decimal,
    /// A text.
    Text,
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A list of values.
    List,
}

impl AnswerKind {
    /// The value as this kind has it; `None` where it is of another one.
    pub(crate) fn read(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Decimal, Value::Integer(whole)) => Some(Value::Decimal(Decimal::from(*whole))),
            (Self::Boolean, Value::Bool(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Decimal, Value::Decimal(_))
            | (Self::Text, Value::Text(_))
            | (Self::Date, Value::Date(_))
            | (Self::Instant, Value::Instant(_))
            | (Self::List, Value::List(_)) => Some(value.clone()),
            _ => None,
        }
    }
}

impl CallDefinition {
    /// Asks a channel, and waits so long at the most.
    #[must_use]
    pub fn new(channel: impl Into<String>, within: Span) -> Self {
        Self { channel: channel.into(), within: Some(within), ..Self::default() }
    }

    /// Counts the longest wait in the hours of a team alone; for a `hand_over`.
    #[must_use]
    pub fn hours(mut self, hours: HoursDefinition) -> Self {
        self.hours = Some(hours);
        self
    }

    /// Names what is asked.
    #[must_use]
    pub fn ask(mut self, ask: impl Into<String>) -> Self {
        self.ask = Some(ask.into());
        self
    }

    /// Gives a value along.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with.insert(name.into(), value.into());
        self
    }

    /// Declares a value of the answer, which becomes an attribute of the contact.
    #[must_use]
    pub fn answer(mut self, name: impl Into<String>, kind: AnswerKind) -> Self {
        self.answer.insert(name.into(), kind);
        self
    }

    /// Names the step that follows an answer by this word.
    #[must_use]
    pub fn result(mut self, is: impl Into<String>, goto: impl Into<String>) -> Self {
        self.results.push(ResultDefinition { is: is.into(), goto: goto.into() });
        self
    }

    /// Names the step that follows a refusal.
    #[must_use]
    pub fn refused(mut self, target: impl Into<String>) -> Self {
        self.refused = Some(target.into());
        self
    }

    /// Names the step that follows where no answer came in time.
    #[must_use]
    pub fn otherwise(mut self, target: impl Into<String>) -> Self {
        self.otherwise = Some(target.into());
        self
    }
}

impl AssignDefinition {
    /// One of these owns the contact in a role.
    #[must_use]
    pub fn among<S: Into<String>>(role: impl Into<String>, among: impl IntoIterator<Item = S>) -> Self {
        let among = among.into_iter().map(Into::into).collect();
        Self { role: role.into(), among, ..Self::default() }
    }

    /// A channel says who owns the contact in a role, so long at the most.
    #[must_use]
    pub fn by(role: impl Into<String>, channel: impl Into<String>, within: Span) -> Self {
        Self { role: role.into(), channel: Some(channel.into()), within: Some(within), ..Self::default() }
    }
}
