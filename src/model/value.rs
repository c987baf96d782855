//! The one dynamic type of the house.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Name;

/// Named values, in order of their names.
pub type Attributes = BTreeMap<Name, Value>;

/// A value of an attribute or of an event's property. No float is ever stored: a fraction is a [`Decimal`].
///
/// In JSON, texts, booleans, integers and lists are themselves; a fraction may be written `1.5` and reads back
/// as a decimal; what JSON has no word for is written `{"decimal": "1.50"}`, `{"instant": "2026-03-23T09:00:00Z"}`,
/// `{"date": "2026-03-23"}`.
///
/// ```
/// use journeyman::model::Value;
/// let price: Value = serde_json::from_str("12.5")?;
/// assert_eq!(price, Value::Decimal("12.5".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// An exact fraction.
    Decimal(Decimal),
    /// A text.
    Text(Name),
    /// An instant, in whole milliseconds.
    Instant(DateTime<Utc>),
    /// A civil date, in the contact's own calendar.
    Date(NaiveDate),
    /// A list of values.
    List(Box<[Value]>),
}

impl Value {
    /// The size that limits count: bytes of text, 8 for anything else, and all of a list's items, 8 at least for each.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::List(items) => 8 + items.iter().map(|item| item.size().max(8)).sum::<usize>(),
            _ => 8,
        }
    }

    /// Compares two values of one kind, integers with decimals; `None` where no order exists.
    #[must_use]
    pub fn compare(&self, other: &Value) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
            (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
            (Value::Integer(a), Value::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
            (Value::Decimal(a), Value::Integer(b)) => Some(a.cmp(&Decimal::from(*b))),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::List(a), Value::List(b)) if a == b => Some(std::cmp::Ordering::Equal),
            _ => None,
        }
    }
}

impl Value {
    /// Whether the two are of one kind, so that a comparison means something.
    pub(crate) fn is_like(&self, other: &Value) -> bool {
        matches!((self, other), (Value::List(_), Value::List(_))) || self.compare(other).is_some()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::Text(value) => write!(f, "{value:?}"),
            Value::Instant(value) => write!(f, "{}", value.to_rfc3339()),
            Value::Date(value) => write!(f, "{value}"),
            Value::List(items) => f.debug_list().entries(items.iter()).finish(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Integer(value.into())
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Value::Decimal(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value.into())
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Value::Instant(super::truncate(value))
    }
}

impl From<NaiveDate> for Value {
    fn from(value: NaiveDate) -> Self {
        Value::Date(value)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn tagged<S: Serializer>(
            serializer: S,
            tag: &str,
            value: &impl Serialize,
        ) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(tag, value)?;
            map.end()
        }
        match self {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(items) => items.serialize(serializer),
            Value::Decimal(value) => tagged(serializer, "decimal", &value.to_string()),
            Value::Instant(value) => tagged(serializer, "instant", value),
            Value::Date(value) => tagged(serializer, "date", value),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, a number, a text, a list, or one of {decimal: …}, {instant: …}, {date: …}")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(Value::Integer(value)),
            Err(_) => Ok(Value::Decimal(value.into())),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // The shortest text that reads back as this float is what the author wrote.
        let text = value.to_string();
        text.parse().map(Value::Decimal).map_err(|_| {
            E::custom(format!("the number {text} is not an exact decimal; write it as {{decimal: \"…\"}}"))
        })
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Tag {
            Decimal,
            Instant,
            Date,
        }
        let value = match map.next_key::<Tag>()? {
            Some(Tag::Decimal) => {
                let text: String = map.next_value()?;
                Value::Decimal(
                    text.parse().map_err(|_| de::Error::custom(format!("{text:?} is not a decimal")))?,
                )
            }
            Some(Tag::Instant) => Value::from(map.next_value::<DateTime<Utc>>()?),
            Some(Tag::Date) => Value::Date(map.next_value()?),
            None => return Err(de::Error::custom("an empty map is not a value")),
        };
        match map.next_key::<String>()? {
            None => Ok(value),
            Some(_) => Err(de::Error::custom("a tagged value has one key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_as_it_was_written() {
        let instant: DateTime<Utc> = "2026-03-23T09:00:00.123Z".parse().unwrap();
        let all = vec![
            Value::from(true),
            Value::from(-7),
            Value::Decimal("1.50".parse().unwrap()),
            Value::from("été"),
            Value::from(instant),
            Value::from(instant.date_naive()),
            Value::from(vec!["a", "b"]),
        ];
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap(), all);
    }

    #[test]
    fn integers_and_decimals_have_one_order() {
        let half = Value::Decimal("0.5".parse().unwrap());
        assert_eq!(Value::from(1).compare(&half), Some(std::cmp::Ordering::Greater));
        assert_eq!(Value::from("1").compare(&half), None);
    }
}
