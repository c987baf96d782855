//! What a question asks of a value.

use chrono::{DateTime, Datelike, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::model::{Kind, Value};
use crate::rule::ConditionDefinition;
use crate::rule::segment::{AggregateDefinition, QuestionDefinition};

/// A value of a kind from the number that stands for it, where a number can.
pub(super) fn value(kind: Kind, number: i64) -> Option<Value> {
    match kind {
        Kind::Integer => Some(Value::Integer(number)),
        Kind::Instant => DateTime::from_timestamp_millis(number).map(Value::Instant),
        Kind::Date => date(number).map(Value::Date),
        Kind::Bool | Kind::Decimal | Kind::Text | Kind::List => None,
    }
}

/// The number that stands for a whole number, an instant or a date.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Instant(instant) => Some(instant.timestamp_millis()),
        Value::Date(date) => Some(date.num_days_from_ce().into()),
        Value::Bool(_) | Value::Decimal(_) | Value::Text(_) | Value::List(_) => None,
    }
}

/// The date that a number stands for.
pub(super) fn date(number: i64) -> Option<NaiveDate> {
    i32::try_from(number).ok().and_then(NaiveDate::from_num_days_from_ce_opt)
}

/// What is asked of a value; all of it must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// A value of another kind counts as missing.
    pub(super) kind: Option<Kind>,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    Is(Value),
    OneOf(Vec<Value>),
    Above(Value),
    AtLeast(Value),
    Below(Value),
    AtMost(Value),
    Contains(Value),
    StartsWith(String),
    Exists(bool),
}

/// The numbers from the first to the second, both included.
pub(super) type Range = (i64, i64);

macro_rules! comparisons {
    ($given:expr) => {
        [
            $given.is.clone().map(Test::Is),
            $given.above.clone().map(Test::Above),
            $given.at_least.clone().map(Test::AtLeast),
            $given.below.clone().map(Test::Below),
            $given.at_most.clone().map(Test::AtMost),
        ]
    };
}

impl Asked {
    pub(super) fn question(given: &QuestionDefinition) -> Self {
        let further = [
            given.one_of.clone().map(Test::OneOf),
            given.contains.clone().map(Test::Contains),
            given.starts_with.clone().map(Test::StartsWith),
            given.exists.map(Test::Exists),
        ];
        let tests = comparisons!(given).into_iter().chain(further).flatten().collect();
        Self { kind: given.kind.as_deref().and_then(Kind::named), tests }
    }

    pub(super) fn aggregate(given: &AggregateDefinition) -> Self {
        Self { kind: None, tests: comparisons!(given).into_iter().flatten().collect() }
    }

    pub(super) fn condition(given: &ConditionDefinition) -> Self {
        let tests = match given {
            ConditionDefinition::Is(value) => vec![Test::Is(value.clone())],
            ConditionDefinition::Compare(given) => {
                let further = [
                    given.one_of.clone().map(Test::OneOf),
                    given.contains.clone().map(Test::Contains),
                    given.exists.map(Test::Exists),
                ];
                comparisons!(given).into_iter().chain(further).flatten().collect()
            }
        };
        Self { kind: None, tests }
    }

    /// Equals this.
    pub(super) fn is(value: impl Into<Value>) -> Self {
        Self { kind: None, tests: vec![Test::Is(value.into())] }
    }

    /// Whether nothing is asked.
    pub(super) fn is_nothing(&self) -> bool {
        self.tests.is_empty()
    }

    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| self.kind.is_none_or(|kind| kind.takes(Kind::of(value))));
        self.tests.iter().all(|test| test.holds(value))
    }

    /// The numbers of this kind for which all of it holds; `None` where they are not one range.
    pub(super) fn range(&self, kind: Kind) -> Option<Range> {
        const NOBODY: Range = (i64::MAX, i64::MIN);
        if self.kind.is_some_and(|asked| !asked.takes(kind)) {
            return self.tests.iter().all(|test| !matches!(test, Test::Exists(false))).then_some(NOBODY);
        }
        let (mut first, mut last) = (i64::MIN, i64::MAX);
        for test in &self.tests {
            let bound = match test {
                Test::Is(bound)
                | Test::Above(bound)
                | Test::AtLeast(bound)
                | Test::Below(bound)
                | Test::AtMost(bound) => bound,
                Test::Exists(true) => continue,
                Test::StartsWith(_) | Test::Contains(_) | Test::Exists(false) => return Some(NOBODY),
                Test::OneOf(_) => return None,
            };
            // The greatest whole number at or below the bound, and whether it is the bound itself.
            let (floor, exact) = match bound {
                Value::Decimal(bound) if kind == Kind::Integer => match bound.floor().to_i64() {
                    Some(floor) => (floor, bound.fract().is_zero()),
                    None => return None,
                },
                bound if Kind::of(bound) == kind => (number(bound)?, true),
                _ => return Some(NOBODY),
            };
            let (above, below) =
                (floor.checked_add(1), if exact { floor.checked_sub(1) } else { Some(floor) });
            let (from, to) = match test {
                Test::Is(_) if exact => (Some(floor), Some(floor)),
                Test::Is(_) => return Some(NOBODY),
                Test::Above(_) => (above, Some(i64::MAX)),
                Test::AtLeast(_) => (if exact { Some(floor) } else { above }, Some(i64::MAX)),
                Test::Below(_) => (Some(i64::MIN), below),
                _ => (Some(i64::MIN), Some(floor)),
            };
            let (Some(from), Some(to)) = (from, to) else { return Some(NOBODY) };
            (first, last) = (first.max(from), last.min(to));
        }
        Some((first, last))
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Self::Exists(false)) };
        match self {
            Self::Is(wanted) => equal(value, wanted),
            Self::OneOf(wanted) => wanted.iter().any(|wanted| equal(value, wanted)),
            Self::Above(bound) => value.compare(bound).is_some_and(std::cmp::Ordering::is_gt),
            Self::AtLeast(bound) => value.compare(bound).is_some_and(std::cmp::Ordering::is_ge),
            Self::Below(bound) => value.compare(bound).is_some_and(std::cmp::Ordering::is_lt),
            Self::AtMost(bound) => value.compare(bound).is_some_and(std::cmp::Ordering::is_le),
            Self::Contains(part) => match (value, part) {
                (Value::Text(text), Value::Text(part)) => text.contains(&**part),
                (Value::List(items), part) => items.iter().any(|item| equal(item, part)),
                _ => false,
            },
            Self::StartsWith(start) => matches!(value, Value::Text(text) if text.starts_with(start.as_str())),
            Self::Exists(wanted) => *wanted,
        }
    }
}

fn equal(value: &Value, wanted: &Value) -> bool {
    value.compare(wanted).is_some_and(std::cmp::Ordering::is_eq)
}

/// The number that an aggregate counts with.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Integer(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_what_the_comparisons_say() {
        let bounds = ["3", "2.5", "-2.5", "3.0", "\"x\"", "99999999999999999999"];
        for bound in bounds {
            for word in ["is", "above", "at_least", "below", "at_most"] {
                let asked: AggregateDefinition =
                    serde_json::from_str(&format!("{{\"{word}\": {bound}}}")).unwrap();
                let asked = Asked::aggregate(&asked);
                let Some((first, last)) = asked.range(Kind::Integer) else { continue };
                for number in -5..=5 {
                    let value = Value::Integer(number);
                    assert_eq!(
                        asked.holds(Some(&value)),
                        first <= number && number <= last,
                        "{word} {bound} {number}"
                    );
                }
            }
        }
    }
}
