//! What a contact keeps of the events that pass a filter: exact, and bounded.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::model::{Attributes, Value, derive};
use crate::seeded::{Bug, is_on};

/// The most instants or values that one stream keeps.
pub(super) const MOST_KEPT: usize = 4_096;

/// What a contact keeps of the events that pass a filter. Instants are milliseconds since 1970, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stream {
    /// Nothing happened.
    #[default]
    #[serde(rename = "0")]
    Empty,
    /// How often, the first and the last instant.
    #[serde(rename = "n")]
    Tally(u64, i64, i64),
    /// The newest instants.
    #[serde(rename = "t")]
    Times(Kept<i64, 6>),
    /// The newest numbers, each with its instant.
    #[serde(rename = "v")]
    Numbers(Kept<(i64, Decimal), 2>),
    /// Short hashes of values, each with the newest instant at which it was seen.
    #[serde(rename = "k")]
    Kinds(Kept<(i64, u64), 3>),
    /// How many numbers there were, what they add up to, the least and the greatest.
    #[serde(rename = "s")]
    Total(u64, Decimal, Decimal, Decimal),
    /// The newest instant, and whether the last event was as it is asked for.
    #[serde(rename = "l")]
    Last(i64, bool),
    /// Since when something is true.
    #[serde(rename = "h")]
    Since(i64),
}

/// What is kept of the events of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Keep {
    Tally,
    /// So many of the newest instants, none older than the span.
    Times {
        most: usize,
        span: i64,
    },
    Numbers {
        of: crate::model::Name,
        span: i64,
    },
    Kinds {
        of: crate::model::Name,
        span: i64,
    },
    Total {
        of: crate::model::Name,
    },
    Last {
        with: crate::rule::condition::Filter,
    },
    /// Nothing of events.
    Since,
}

impl Keep {
    /// Counts an event; false where it makes no difference.
    pub(super) fn hear(&self, stream: &mut Stream, properties: &Attributes, at: i64, now: i64) -> bool {
        match self {
            Self::Tally => {
                *stream = match stream {
                    Stream::Tally(count, first, last) => {
                        Stream::Tally(count.saturating_add(1), at.min(*first), at.max(*last))
                    }
                    _ => Stream::Tally(1, at, at),
                };
                true
            }
            Self::Times { most, span } => {
                if at <= now.saturating_sub(*span) {
                    return false;
                }
                let Stream::Times(times) = stream else {
                    *stream = Stream::Times(Kept::one(at));
                    return true;
                };
                drop_old(times, now.saturating_sub(*span), |at| *at);
                insert(times, at, most.saturating_sub(usize::from(is_on(Bug::OneFewerKept))), |at| *at)
            }
            Self::Numbers { of, span } => {
                let Some(number) = properties.get(of).and_then(number) else { return false };
                if at <= now.saturating_sub(*span) {
                    return false;
                }
                let Stream::Numbers(numbers) = stream else {
                    *stream = Stream::Numbers(Kept::one((at, number)));
                    return true;
                };
                drop_old(numbers, now.saturating_sub(*span), |(at, _)| *at);
                insert(numbers, (at, number), MOST_KEPT, |(at, _)| *at)
            }
            Self::Kinds { of, span } => {
                let Some(value) = properties.get(of) else { return false };
                if at <= now.saturating_sub(*span) {
                    return false;
                }
                let kind = short_hash(value);
                let Stream::Kinds(kinds) = stream else {
                    *stream = Stream::Kinds(Kept::one((at, kind)));
                    return true;
                };
                if let Some(place) = kinds.iter().position(|(_, known)| *known == kind) {
                    if kinds.get(place).is_some_and(|(known, _)| *known >= at) {
                        return false;
                    }
                    kinds.forget(place, 1);
                }
                drop_old(kinds, now.saturating_sub(*span), |(at, _)| *at);
                insert(kinds, (at, kind), MOST_KEPT, |(at, _)| *at)
            }
            Self::Total { of } => {
                let Some(number) = properties.get(of).and_then(number) else { return false };
                *stream = match stream {
                    Stream::Total(count, sum, least, most) => Stream::Total(
                        count.saturating_add(1),
                        add(*sum, number),
                        number.min(*least),
                        number.max(*most),
                    ),
                    _ => Stream::Total(1, number, number, number),
                };
                true
            }
            Self::Last { with } => {
                if let Stream::Last(last, _) = stream
                    && *last > at
                {
                    return false;
                }
                *stream = Stream::Last(at, with.passes(properties));
                true
            }
            Self::Since => false,
        }
    }
}

fn drop_old<T: Copy + Default, const N: usize>(kept: &mut Kept<T, N>, until: i64, at: impl Fn(&T) -> i64) {
    if kept.first().is_some_and(|oldest| at(oldest) <= until) {
        let over = kept.partition_point(|item| at(item) <= until);
        kept.forget(0, over);
    }
}

/// Puts an item in its place, after those of its instant, and lets the oldest go where there are too many.
fn insert<T: Copy + Default, const N: usize>(
    kept: &mut Kept<T, N>,
    item: T,
    most: usize,
    at: impl Fn(&T) -> i64,
) -> bool {
    let new = at(&item);
    if is_on(Bug::EqualInstantsCollapse) && kept.iter().any(|other| at(other) == new) {
        return false;
    }
    let full = kept.len() >= most;
    if full && kept.first().is_some_and(|oldest| new < at(oldest)) {
        if let Some(oldest) = kept.items().first_mut().filter(|_| is_on(Bug::NewestByArrival)) {
            *oldest = item;
        }
        return false;
    }
    let newest = kept.last().is_none_or(|last| at(last) <= new);
    let place = if newest { kept.len() } else { kept.partition_point(|other| at(other) <= new) };
    if full && place > 0 {
        // The oldest one makes room: everything before the place moves down by one.
        if let Some(moved) = kept.items().get_mut(..place) {
            moved.rotate_left(1);
            moved.last_mut().into_iter().for_each(|slot| *slot = item);
        }
    } else if !full {
        kept.insert(place, item);
    }
    true
}

/// The number that a value is.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Integer(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

/// The sum, at its bound where it is beyond what can be kept.
pub(super) fn add(one: Decimal, other: Decimal) -> Decimal {
    one.checked_add(other).unwrap_or(if other.is_sign_negative() { Decimal::MIN } else { Decimal::MAX })
}

/// 64 bits of a hash of a value: equal for values that compare as equal.
fn short_hash(value: &Value) -> u64 {
    let digest = match value {
        Value::Text(text) => derive("kind", &[b"text", text.as_bytes()]),
        Value::Integer(number) => derive("kind", &[b"number", number.to_string().as_bytes()]),
        Value::Decimal(number) => derive("kind", &[b"number", plain(*number).as_bytes()]),
        other => {
            let mut text = String::new();
            write(other, &mut text);
            derive("kind", &[b"other", text.as_bytes()])
        }
    };
    digest.iter().take(8).fold(0, |short, byte| (short << 8) | u64::from(*byte))
}

fn plain(number: Decimal) -> String {
    let number = number.normalize();
    // Zero has two signs.
    if number.is_zero() { "0".to_owned() } else { number.to_string() }
}

fn write(value: &Value, text: &mut String) {
    use std::fmt::Write;
    // Lists are equal where their items are the same, kind for kind.
    let _ = match value {
        Value::Bool(value) => write!(text, "b{value};"),
        Value::Integer(value) => write!(text, "i{value};"),
        Value::Decimal(value) => write!(text, "d{};", plain(*value)),
        Value::Text(value) => write!(text, "t{}:{value};", value.len()),
        Value::Instant(value) => write!(text, "m{};", value.timestamp_millis()),
        Value::Date(value) => write!(text, "y{value};"),
        Value::List(items) => {
            text.push('[');
            items.iter().for_each(|item| write(item, text));
            text.write_str("];")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(value: Value) -> Attributes {
        [("v".into(), value)].into()
    }

    #[test]
    fn the_newest_instants_are_kept_in_any_order_of_arrival() {
        let keep = Keep::Times { most: 3, span: i64::MAX };
        for order in [[1, 2, 3, 4, 4], [4, 3, 4, 2, 1], [2, 4, 1, 3, 4]] {
            let mut stream = Stream::Empty;
            for at in order {
                keep.hear(&mut stream, &Attributes::new(), at, 9);
            }
            assert_eq!(stream, Stream::Times(vec![3, 4, 4].into()));
        }
    }

    #[test]
    fn equal_values_are_one_kind() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(short_hash(&Value::from(1)), short_hash(&decimal("1.00")));
        assert_eq!(short_hash(&Value::from(0)), short_hash(&decimal("-0.0")));
        assert_ne!(short_hash(&Value::from("1")), short_hash(&Value::from(1)));
        assert_ne!(short_hash(&Value::from(vec!["a;t1:b"])), short_hash(&Value::from(vec!["a", "b"])));
        let keep = Keep::Kinds { of: "v".into(), span: i64::MAX };
        let mut stream = Stream::Empty;
        for (at, value) in
            [(5, Value::from(1)), (3, decimal("1.0")), (7, Value::from("x")), (9, Value::from(1))]
        {
            keep.hear(&mut stream, &attributes(value), at, 9);
        }
        let Stream::Kinds(kinds) = stream else { unreachable!() };
        assert_eq!(kinds.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [7, 9]);
    }

    #[test]
    fn of_one_instant_the_later_arrival_is_the_last() {
        let with = crate::rule::condition::Filter::compile(
            &[("v".to_owned(), serde_json::from_str("1").unwrap())].into(),
            "",
            &mut Vec::new(),
        );
        let keep = Keep::Last { with };
        let mut stream = Stream::Empty;
        assert!(keep.hear(&mut stream, &attributes(1.into()), 5, 9));
        assert!(keep.hear(&mut stream, &attributes(2.into()), 5, 9));
        assert!(!keep.hear(&mut stream, &attributes(1.into()), 4, 9));
        assert_eq!(stream, Stream::Last(5, false));
    }
}
