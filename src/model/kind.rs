//! The kinds that a value can have.

use super::Value;

/// The kinds that a value can have, each with the word that authors write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer,
    Decimal,
    Text,
    Instant,
    Date,
    List,
}

impl Kind {
    pub(crate) const WORDS: [(&'static str, Self); 7] = [
        ("bool", Self::Bool),
        ("integer", Self::Integer),
        ("decimal", Self::Decimal),
        ("text", Self::Text),
        ("instant", Self::Instant),
        ("date", Self::Date),
        ("list", Self::List),
    ];

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Bool,
            Value::Integer(_) => Self::Integer,
            Value::Decimal(_) => Self::Decimal,
            Value::Text(_) => Self::Text,
            Value::Instant(_) => Self::Instant,
            Value::Date(_) => Self::Date,
            Value::List(_) => Self::List,
        }
    }

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }

    /// Whether a value of another kind is one of this: a whole number is a decimal, too.
    pub(crate) fn takes(self, other: Self) -> bool {
        self == other || (self, other) == (Self::Decimal, Self::Integer)
    }
}
