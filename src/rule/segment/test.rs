//! Comparisons of one value, and the kinds that it can have.

use crate::model::{Name, Value};
use crate::rule::condition::Comparison;

/// Comparisons of one value; all must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Test {
    pub(super) comparisons: Vec<Comparison>,
    pub(super) starts_with: Option<Name>,
}

impl Test {
    pub(super) fn is_empty(&self) -> bool {
        self.comparisons.is_empty() && self.starts_with.is_none()
    }

    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        self.comparisons.iter().all(|comparison| comparison.holds(value))
            && self
                .starts_with
                .as_ref()
                .is_none_or(|start| matches!(value, Some(Value::Text(text)) if text.starts_with(&**start)))
    }
}

/// The kinds that an attribute can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Integer,
    Decimal,
    Text,
    Instant,
    Date,
    List,
}

impl Kind {
    pub(super) const WORDS: [(&'static str, Self); 7] = [
        ("bool", Self::Bool),
        ("integer", Self::Integer),
        ("decimal", Self::Decimal),
        ("text", Self::Text),
        ("instant", Self::Instant),
        ("date", Self::Date),
        ("list", Self::List),
    ];

    /// Whether a value is of this kind; every whole number is a decimal, too.
    pub(super) fn has(self, value: &Value) -> bool {
        match value {
            Value::Bool(_) => self == Self::Bool,
            Value::Integer(_) => matches!(self, Self::Integer | Self::Decimal),
            Value::Decimal(_) => self == Self::Decimal,
            Value::Text(_) => self == Self::Text,
            Value::Instant(_) => self == Self::Instant,
            Value::Date(_) => self == Self::Date,
            Value::List(_) => self == Self::List,
        }
    }
}
