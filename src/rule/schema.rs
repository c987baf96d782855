//! What an event of a name must look like: which properties, of which types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{BuildError, Diagnostic};
use crate::model::{Event, Value};

/// What an event of a name must look like. A published version never changes, and the newest one judges what is tracked.
///
/// ```
/// use journeyman::Event;
/// use journeyman::rule::{EventSchema, PropertyType};
///
/// let paid = EventSchema::new("order.paid", 1).requires("total", PropertyType::Decimal).refuses_others();
/// assert!(paid.check().is_ok());
/// assert!(paid.judge(&Event::new("lea", "order.paid").property("total", 12)).is_empty());
/// let problems = paid.judge(&Event::new("lea", "order.paid").property("totl", 12));
/// assert_eq!(problems.iter().map(|one| one.code).collect::<Vec<_>>(), ["E010", "E012"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EventSchema {
    /// The name of the event.
    pub event: String,
    /// From 1; a published version never changes.
    pub version: u32,
    /// The properties, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertySchema>,
    /// What is said of properties that are not named.
    #[serde(default)]
    pub others: Others,
}

/// What one property must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PropertySchema {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: PropertyType,
    /// Whether an event without it violates the schema.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// The type of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PropertyType {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number, whole or not.
    Decimal,
    /// A text.
    Text,
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A list.
    List,
    /// Whatever it is.
    Any,
}

/// What is said of properties that a schema does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Others {
    /// They may be there.
    #[default]
    Allow,
    /// An event with one violates the schema.
    Refuse,
}

impl PropertyType {
    /// Whether a value is of it.
    #[must_use]
    pub fn holds(self, value: &Value) -> bool {
        match self {
            Self::Boolean => matches!(value, Value::Bool(_)),
            Self::Integer => matches!(value, Value::Integer(_)),
            Self::Decimal => matches!(value, Value::Integer(_) | Value::Decimal(_)),
            Self::Text => matches!(value, Value::Text(_)),
            Self::Date => matches!(value, Value::Date(_)),
            Self::Instant => matches!(value, Value::Instant(_)),
            Self::List => matches!(value, Value::List(_)),
            Self::Any => true,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::List => "list",
            Self::Any => "any",
        }
    }
}

impl EventSchema {
    /// The most properties that one schema names.
    pub const MOST_PROPERTIES: usize = 1_000;

    /// A schema that asks for nothing and allows everything.
    #[must_use]
    pub fn new(event: impl Into<String>, version: u32) -> Self {
        Self { event: event.into(), version, properties: BTreeMap::new(), others: Others::Allow }
    }

    /// Asks for a property of a type.
    #[must_use]
    pub fn requires(mut self, name: impl Into<String>, kind: PropertyType) -> Self {
        self.properties.insert(name.into(), PropertySchema { kind, required: true });
        self
    }

    /// Says of which type a property is where it is there.
    #[must_use]
    pub fn allows(mut self, name: impl Into<String>, kind: PropertyType) -> Self {
        self.properties.insert(name.into(), PropertySchema { kind, required: false });
        self
    }

    /// Allows no property but those that are named.
    #[must_use]
    pub fn refuses_others(mut self) -> Self {
        self.others = Others::Refuse;
        self
    }

    /// Checks the schema itself.
    ///
    /// # Errors
    /// Every problem: an event or a property without a name (E001), a version of 0 (E002), more properties than
    /// [`MOST_PROPERTIES`](EventSchema::MOST_PROPERTIES) (E003).
    pub fn check(&self) -> Result<(), BuildError> {
        let place = |part: &str| format!("{}/{part}", self.event);
        let mut problems = Vec::new();
        let mut add = |code, place, sentence: &str, next: &str| {
            problems.push(Diagnostic::new(code, place, sentence, next));
        };
        if self.event.trim().is_empty() {
            add("E001", place("event"), "the schema does not name its event", "name it as it is tracked");
        }
        if self.properties.keys().any(|name| name.trim().is_empty()) {
            add("E001", place("properties"), "a property has no name", "name it, or take it away");
        }
        if self.version == 0 {
            add("E002", place("version"), "versions begin with 1", "write 1, and raise it with every change");
        }
        if self.properties.len() > Self::MOST_PROPERTIES {
            let sentence = format!(
                "it names {} properties and the limit is {}",
                self.properties.len(),
                Self::MOST_PROPERTIES
            );
            add("E003", place("properties"), &sentence, "leave out those that nobody asks for");
        }
        BuildError::unless_empty(problems)
    }

    /// What an event violates; nothing where it is as it should be. No sentence holds a value of the event.
    #[must_use]
    pub fn judge(&self, event: &Event) -> Vec<Diagnostic> {
        let place = |name: &str| format!("{}.{name}", self.event);
        let mut problems = Vec::new();
        for (name, property) in &self.properties {
            let kind = property.kind;
            let (code, sentence) = match event.properties.get(name.as_str()) {
                None if property.required => ("E010", "the property is missing".to_owned()),
                Some(value) if !kind.holds(value) => {
                    ("E011", format!("the property is not of the type {}", kind.word()))
                }
                _ => continue,
            };
            let next = format!("tell it so, or publish a version after {} that allows it", self.version);
            problems.push(Diagnostic::new(code, place(name), sentence, next));
        }
        if self.others == Others::Refuse {
            for name in event.properties.keys().filter(|name| !self.properties.contains_key(&***name)) {
                let next = format!("leave it out, or publish a version after {} that names it", self.version);
                problems.push(Diagnostic::new(
                    "E012",
                    place(name),
                    "the schema does not name this property",
                    next,
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_holds_its_own_values_and_a_decimal_holds_integers() {
        let kinds = [
            PropertyType::Boolean,
            PropertyType::Integer,
            PropertyType::Decimal,
            PropertyType::Text,
            PropertyType::Date,
            PropertyType::Instant,
            PropertyType::List,
        ];
        let date = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let values = [
            (Value::from(true), vec![PropertyType::Boolean]),
            (Value::from(1), vec![PropertyType::Integer, PropertyType::Decimal]),
            (Value::from(rust_decimal::Decimal::new(15, 1)), vec![PropertyType::Decimal]),
            (Value::from("a"), vec![PropertyType::Text]),
            (Value::from(date), vec![PropertyType::Date]),
            (Value::from(chrono::DateTime::UNIX_EPOCH), vec![PropertyType::Instant]),
            (Value::from(vec!["a"]), vec![PropertyType::List]),
        ];
        for (value, expected) in values {
            let found: Vec<_> = kinds.into_iter().filter(|kind| kind.holds(&value)).collect();
            assert_eq!(found, expected, "{value:?}");
            assert!(PropertyType::Any.holds(&value));
        }
    }

    #[test]
    fn a_schema_is_told_every_problem_at_once() {
        let problems = EventSchema::new(" ", 0).allows("", PropertyType::Any).check().unwrap_err();
        let codes: Vec<_> = problems.diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["E001", "E001", "E002"]);
        let many = |count: usize| {
            (0..count).fold(EventSchema::new("e", 1), |schema, name| {
                schema.allows(format!("p{name}"), PropertyType::Any)
            })
        };
        assert!(many(EventSchema::MOST_PROPERTIES).check().is_ok());
        assert_eq!(many(EventSchema::MOST_PROPERTIES + 1).check().unwrap_err().diagnostics[0].code, "E003");
    }

    #[test]
    fn what_an_event_violates_is_named_and_no_value_is() {
        let schema = EventSchema::new("paid", 3)
            .requires("total", PropertyType::Decimal)
            .allows("note", PropertyType::Text)
            .refuses_others();
        let event = Event::new("lea", "paid").property("note", 4_711).property("secret", "hush");
        let problems = schema.judge(&event);
        let codes: Vec<_> = problems.iter().map(|one| (one.code, one.place.as_str())).collect();
        assert_eq!(codes, [("E011", "paid.note"), ("E010", "paid.total"), ("E012", "paid.secret")]);
        let said: String = problems.iter().map(ToString::to_string).collect();
        assert!(!said.contains("4711") && !said.contains("hush"), "{said}");
        let right = Event::new("lea", "paid").property("total", 12);
        assert!(schema.judge(&right).is_empty());
    }
}
