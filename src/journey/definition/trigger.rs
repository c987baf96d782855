//! What opens a journey, ends it, or ends a wait.

use std::collections::BTreeMap;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::OneOrMany;
use crate::rule::{ConditionDefinition, PredicateDefinition};
use crate::time::{Offset, RecurrenceDefinition, Span};

/// A door into a journey.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EntryDefinition {
    /// What opens it.
    pub on: TriggerDefinition,
    /// Who may pass.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub when: Option<PredicateDefinition>,
    /// Whether those who already qualify enter when the journey is published; only what happens from then on opens it,
    /// unless said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
}

/// Something that happens to a contact: exactly one of these, with what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TriggerDefinition {
    /// An event of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Conditions on the properties of an event or a form; all must hold.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, ConditionDefinition>,
    /// A form of this name was submitted: the event `form.submitted` whose property `form` is this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// One of these words came in; case and accents make no difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<OneOrMany<String>>,
    /// The channel on which the keyword comes; any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The attribute of this name changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What the attribute must be after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes: Option<ConditionDefinition>,
    /// The contact moved in or out of the segment of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The tier of the score of this name changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The mark of this name was reached, or is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The score that the mark belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Which way: `in` or `out` of a segment, `up`, `down` or `either` for a tier or a mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<Moves>,
    /// The tier that is reached; any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The score of this name crossed a threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The threshold that is reached from below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaches: Option<i64>,
    /// The threshold that is left downwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub falls_below: Option<i64>,
    /// The day or instant in the attribute of this name comes; opens a journey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// How long before (`-7d`) or after (`+24h`) the date.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub offset: Option<Offset>,
    /// The local time of day on the day that date and offset name, `HH:MM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The calendar says so; opens a journey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<RecurrenceDefinition>,
    /// The contact's passage through the journey of this name ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// How it must have ended: `goal`, `completed`, `max_duration`, or the name of an exit; any way where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<OneOrMany<String>>,
    /// The host says so, by this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// Which way somebody moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Moves {
    /// Into a segment.
    In,
    /// Out of a segment.
    Out,
    /// To a higher tier.
    Up,
    /// To a lower tier.
    Down,
    /// To any other tier.
    Either,
}

/// Whether one contact may enter a journey again.
///
/// Written `never`, `always` or as a map. An active enrollment blocks a new one unless the map says `concurrent`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reenter {
    /// Once in a life.
    #[default]
    Never,
    /// As soon as the last enrollment has ended.
    Always,
    /// As the map says.
    When(ReenterDefinition),
}

impl Reenter {
    /// When this span has passed since the last entry.
    #[must_use]
    pub fn after(span: Span) -> Self {
        Self::When(ReenterDefinition { after: Some(span), ..ReenterDefinition::default() })
    }
}

/// When one contact may enter a journey again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReenterDefinition {
    /// This span must have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub after: Option<Span>,
    /// Since when the span counts: the last entry, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<CountedFrom>,
    /// One run for each value of this property of the entering event: runs of different values stand side by side, and
    /// an event with the property reaches the run of its value alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_per: Option<String>,
    /// An active enrollment does not block a new one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub concurrent: bool,
    /// The least time between two entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub gap: Option<Span>,
}

/// Since when a span counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountedFrom {
    /// The last entry.
    #[default]
    Entry,
    /// The last exit.
    Exit,
}

impl Serialize for Reenter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::Always => serializer.serialize_str("always"),
            Self::When(map) => map.serialize(serializer),
        }
    }
}

// Written by hand and not `untagged`, so that an error names the field and its line.
impl<'de> Deserialize<'de> for Reenter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Reenter;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("never, always, or a map such as { after: 1mo }")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Reenter, E> {
                match word {
                    "never" => Ok(Reenter::Never),
                    "always" => Ok(Reenter::Always),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reenter, A::Error> {
                ReenterDefinition::deserialize(MapAccessDeserializer::new(map)).map(Reenter::When)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Reenter {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Reenter".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<ReenterDefinition>();
        schemars::json_schema!({ "anyOf": [{ "enum": ["never", "always"] }, map] })
    }
}

/// Something that ends an enrollment wherever it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExitDefinition {
    /// What happens.
    pub on: TriggerDefinition,
    /// Whose enrollments it ends; everybody's where absent.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub when: Option<PredicateDefinition>,
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

/// How a journey keeps its messages apart after one of them had to wait. Written as a span, `skip` or `merge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spacing {
    /// The following message waits until this span has passed.
    Keep(Span),
    /// The following message that comes sooner than the default span is left out.
    Skip,
    /// What piled up is said by its last message alone.
    Merge,
}

impl Spacing {
    /// 20 hours: a day, less what lets a send hour drift.
    pub const DEFAULT: Span = Span::hours(20);

    /// Within which span messages are kept apart.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Keep(span) => *span,
            Self::Skip | Self::Merge => Self::DEFAULT,
        }
    }
}

impl Default for Spacing {
    fn default() -> Self {
        Self::Keep(Self::DEFAULT)
    }
}

impl Serialize for Spacing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep(span) => span.serialize(serializer),
            Self::Skip => serializer.serialize_str("skip"),
            Self::Merge => serializer.serialize_str("merge"),
        }
    }
}

impl<'de> Deserialize<'de> for Spacing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "skip" => Ok(Self::Skip),
            "merge" => Ok(Self::Merge),
            span => Span::deserialize(StrDeserializer::<D::Error>::new(span)).map(Self::Keep),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Spacing {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Spacing".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a span, skip or merge" })
    }
}

/// What happens to a step that a pause or an outage made late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LateDefinition {
    /// How late is still on time.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub grace: Span,
    /// What happens beyond it.
    pub then: Late,
}

/// What happens to a step that is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Late {
    /// It happens all the same.
    #[default]
    Send,
    /// Messages are left out until the enrollment waits again.
    Skip,
    /// The enrollment ends.
    Exit,
}
