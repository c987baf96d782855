//! The wire form of a journey: what an author writes, in YAML, JSON or through the builder.
//!
//! A step is one object with exactly one action beside its optional `id` and `goto`. Unknown fields are refused.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{BuildError, Diagnostic};
use crate::rule::{ConditionDefinition, PredicateDefinition};
use crate::time::Span;

/// The largest definition, in bytes.
pub const MOST_DEFINITION: usize = 1024 * 1024;
/// The most steps of one journey.
pub const MOST_STEPS: usize = 1_000;
/// The most steps that may follow each other without a `wait` or a `wait_for`; one visit to a contact passes no more.
pub const MOST_AT_ONCE: usize = 63;

/// A journey as an author writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JourneyDefinition {
    /// The name: small letters, digits, `-`, `_` and `.`.
    pub journey: String,
    /// From 1; a published version never changes.
    pub version: u32,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The zone of contacts who have none of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The doors in: one, or a list.
    #[serde(default)]
    pub enter: OneOrMany<EntryDefinition>,
    /// Whether one contact may enter again.
    #[serde(default)]
    pub reenter: Reenter,
    /// Events that end an enrollment wherever it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<ExitDefinition>,
    /// The longest stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub max_duration: Option<Span>,
    /// In order; each flows to the following one unless it says `goto`.
    #[serde(default)]
    pub steps: Vec<StepDefinition>,
}

/// One item without brackets, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[non_exhaustive]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

// Written by hand and not `untagged`, so that an error names the field and its line.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map in { }, or a list of such maps")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMany<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany::Many)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T> OneOrMany<T> {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

/// A door into a journey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntryDefinition {
    /// What opens it.
    pub on: TriggerDefinition,
    /// Who may pass.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub when: Option<PredicateDefinition>,
}

/// An event, and what its properties must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TriggerDefinition {
    /// The name of the event.
    pub event: String,
    /// Conditions on its properties; all must hold.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, ConditionDefinition>,
}

/// Whether one contact may enter a journey again. An active enrollment always blocks a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reenter {
    /// Once in a life.
    #[default]
    Never,
    /// As soon as the last enrollment has ended.
    Always,
    /// When this span has passed since the last entry.
    After(#[cfg_attr(feature = "schema", schemars(with = "String"))] Span),
}

/// An event that ends an enrollment wherever it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExitDefinition {
    /// The event.
    pub on: TriggerDefinition,
    /// Whether it is what the journey is for.
    #[serde(default, rename = "as")]
    pub kind: ExitKind,
}

/// What an exit means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitKind {
    /// The journey is over.
    #[default]
    Exit,
    /// The journey is over because it reached its goal.
    Goal,
}

/// One step: exactly one action, an optional name, an optional jump.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StepDefinition {
    /// Its name; `step-N`, counted from 1, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<SendDefinition>,
    /// Waits for a span from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub wait: Option<Span>,
    /// Waits until an instant that the entry or the local clock names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<WaitUntilDefinition>,
    /// Waits for an event, and gives up after a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<WaitForDefinition>,
    /// Goes one of several ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchDefinition>,
    /// Ends the enrollment under this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
    /// The step that follows; the next one in the list where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goto: Option<String>,
}

/// What is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SendDefinition {
    /// By which channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// In which words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// For which purpose; the contact must have allowed it on this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The step that follows a refusal. With it the enrollment waits for what becomes of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An instant that the entry or the local clock names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WaitUntilDefinition {
    /// This span after the entry; with `time`, on that local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub entry: Option<Span>,
    /// A local time of day, `HH:MM`; alone, its next occurrence, now included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// An event that is waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WaitForDefinition {
    /// The first of these that comes ends the wait.
    pub any: Vec<AlternativeDefinition>,
    /// The longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// The step that follows where none came in time; the next one in the list where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// One event that ends a wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AlternativeDefinition {
    /// The name of the event.
    pub event: String,
    /// Conditions on its properties; all must hold.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, ConditionDefinition>,
    /// The step that follows; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goto: Option<String>,
}

/// Several ways and an else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BranchDefinition {
    /// The first way whose predicate holds is taken.
    pub when: Vec<WayDefinition>,
    /// The step that follows where none holds; `next` is the following one.
    #[serde(rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// One way of a branch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WayDefinition {
    /// When it is taken.
    #[serde(rename = "if")]
    pub when: PredicateDefinition,
    /// The step that follows; `next` is the following one.
    pub goto: String,
}

fn refuse_large(text: &str) -> Result<(), BuildError> {
    if text.len() <= MOST_DEFINITION {
        return Ok(());
    }
    let sentence = format!("the definition has {} bytes and the limit is {MOST_DEFINITION}", text.len());
    Err(BuildError::of(Diagnostic::new("J034", "definition", sentence, "split the journey in two")))
}

const MEND: &str = "mend the definition there";

/// What a parser says, without the place, which stands before it, and without advice for programmers.
fn plain(sentence: &str) -> String {
    let said = sentence.rsplit_once(" at line ").map_or(sentence, |(said, _)| said);
    let said = said.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    said.replace("a sequence", "a list").replace("struct ", "").replace('`', "")
}

/// Reads any definition in JSON.
///
/// # Errors
/// [`BuildError`] with code `J001` and the line and column of what cannot be read, or `J034` where it is too large.
pub fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T, BuildError> {
    refuse_large(text)?;
    serde_json::from_str(text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        BuildError::of(Diagnostic::new("J001", place, plain(&error.to_string()), MEND))
    })
}

/// Reads any definition in YAML.
///
/// # Errors
/// [`BuildError`] with code `J001` and the line and column of what cannot be read, or `J034` where it is too large.
#[cfg(feature = "yaml")]
pub fn parse_yaml<T: DeserializeOwned>(text: &str) -> Result<T, BuildError> {
    refuse_large(text)?;
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(
            || "definition".to_owned(),
            |location| format!("line {} column {}", location.line(), location.column()),
        );
        BuildError::of(Diagnostic::new("J001", place, plain(&error.without_snippet().to_string()), MEND))
    })
}
