//! A day of the month as an author writes it: `31`, `last`.

use std::fmt;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day of the month: a number, or the last.
///
/// ```
/// use journeyman::time::MonthDay;
/// assert_eq!(serde_json::from_str::<MonthDay>("31")?, MonthDay::Number(31));
/// assert_eq!(serde_json::from_str::<MonthDay>("\"last\"")?, MonthDay::Last);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MonthDay {
    /// From 1 to 31; others are refused when a recurrence is compiled.
    Number(u8),
    /// The last day, whichever it is.
    Last,
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Last => f.write_str("last"),
        }
    }
}

impl Serialize for MonthDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u8(*number),
            Self::Last => serializer.serialize_str("last"),
        }
    }
}

impl<'de> Deserialize<'de> for MonthDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrLast;
        impl Visitor<'_> for NumberOrLast {
            type Value = MonthDay;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day of the month from 1 to 31, or last")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<MonthDay, E> {
                let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
                u8::try_from(number).map(MonthDay::Number).map_err(|_| wrong())
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<MonthDay, E> {
                let wrong = || E::invalid_value(Unexpected::Signed(number), &self);
                u8::try_from(number).map(MonthDay::Number).map_err(|_| wrong())
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<MonthDay, E> {
                let wrong = || E::invalid_value(Unexpected::Str(text), &self);
                if text == "last" { Ok(MonthDay::Last) } else { Err(wrong()) }
            }
        }
        deserializer.deserialize_any(NumberOrLast)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for MonthDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A day of the month, or the last.",
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 31 }, { "const": "last" }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for day in [MonthDay::Number(1), MonthDay::Number(31), MonthDay::Last] {
            let wire = serde_json::to_string(&day).unwrap();
            assert_eq!(serde_json::from_str::<MonthDay>(&wire).unwrap(), day);
        }
        for text in ["-1", "300", "\"first\"", "\"31st\"", "1.5", "null"] {
            assert!(serde_json::from_str::<MonthDay>(text).is_err(), "{text}");
        }
    }
}
