//! The wire form of a journey: what an author writes, in YAML, JSON or through the builder.
//!
//! A step is one object with exactly one action beside its optional `id` and `goto`. Unknown fields are refused.

mod call;
mod hours;
mod offer;
mod sender;
mod step;
mod trigger;
mod undo;

use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub use call::{AnswerKind, AssignDefinition, CallDefinition};
pub use hours::HoursDefinition;
pub(crate) use offer::{AT_THE_DOOR, PATIENCE, QUOTA, entries_of};
pub use offer::{CapDefinition, ConfirmDefinition, ReleaseDefinition, ReserveDefinition};
pub use sender::SenderDefinition;
pub use step::{
    AlternativeDefinition, BranchDefinition, Capped, Deadline, DeadlineDefinition, EmitDefinition,
    EnterDefinition, JumpDefinition, LeaveDefinition, LotDefinition, ResultDefinition, RetryDefinition,
    ScoreDefinition, SendDefinition, SetDefinition, SplitDefinition, StepDefinition, WaitForDefinition,
    WaitSince, WaitUntilDefinition, WayDefinition, WithdrawDefinition,
};
pub use trigger::{
    CountedFrom, EntryDefinition, ExitDefinition, ExitKind, Late, LateDefinition, Moves, Reenter,
    ReenterDefinition, Spacing, TriggerDefinition,
};
pub use undo::UndoDefinition;

use crate::error::{BuildError, Diagnostic};
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
    /// Which of a contact's messages take the places that a cap leaves: those of the higher priority, from -128 to 127. A send
    /// may have one of its own; 0 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// The doors in: one, or a list.
    #[serde(default)]
    pub enter: OneOrMany<EntryDefinition>,
    /// Whether one contact may enter again.
    #[serde(default)]
    pub reenter: Reenter,
    /// The local instant from which on one may enter, `YYYY-MM-DDTHH:MM` in the journey's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// The local instant from which on nobody enters any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<String>,
    /// How many of a hundred contacts walk the journey and are told nothing, so that its effect can be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<u8>,
    /// How messages keep apart after one of them had to wait; 20 hours, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spacing: Option<Spacing>,
    /// What happens to a step that a pause or an outage made late; it happens all the same, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateDefinition>,
    /// What ends an enrollment wherever it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<ExitDefinition>,
    /// How many may enter, over all contacts; as many as come unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapDefinition>,
    /// The ends at which a run undoes what it did, by the words of `ended`; none unless said.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub undo_on: OneOrMany<String>,
    /// The longest stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub max_duration: Option<Span>,
    /// In order; each flows to the following one unless it says `goto`.
    #[serde(default)]
    pub steps: Vec<StepDefinition>,
}

impl JourneyDefinition {
    /// Whether a date or the calendar opens it, so that every contact must plan its doors.
    #[must_use]
    pub fn plans(&self) -> bool {
        self.enter.as_slice().iter().any(|entry| entry.on.date.is_some() || entry.on.schedule.is_some())
    }

    /// Whether its publication lets those in who already qualify for one of its doors.
    #[must_use]
    pub fn enrolls(&self) -> bool {
        self.enter.as_slice().iter().any(|entry| entry.existing)
    }
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
                f.write_str("a map in { } (a word where words are listed), or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
                T::deserialize(StrDeserializer::<E>::new(text))
                    .map(OneOrMany::One)
                    .map_err(|_| E::invalid_type(serde::de::Unexpected::Str(text), &self))
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
    let said = said.replace("a sequence", "a list").replace("struct ", "").replace('`', "");
    let numbers =
        [("u8", "from 0 to 255"), ("u16", "from 0 to 65535"), ("u32", "from 0 to 4294967295"), ("i64", "")];
    let number = numbers.iter().find_map(|(kind, bounds)| {
        let said = said.strip_suffix(kind)?;
        let said =
            said.strip_suffix("invalid ").map_or_else(|| said.to_owned(), |said| format!("{said}not "));
        Some(format!("{said}a whole number {bounds}").trim_end().to_owned())
    });
    number.unwrap_or(said)
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
