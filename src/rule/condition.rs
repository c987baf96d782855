//! A condition on one value, and conditions on the properties of an event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::predicate::{MOST_VALUES, PredicateDefinition};
use crate::error::Diagnostic;
use crate::model::{Attributes, Name, Value};

/// The comparisons that a definition gives, predicate or question: their fields have the same names.
macro_rules! comparisons {
    ($definition:expr) => {{
        let given = $definition.clone();
        let all = [
            given.is.map(Comparison::Is),
            given.one_of.map(Comparison::OneOf),
            given.above.map(Comparison::Above),
            given.at_least.map(Comparison::AtLeast),
            given.below.map(Comparison::Below),
            given.at_most.map(Comparison::AtMost),
            given.contains.map(Comparison::Contains),
            given.exists.map(Comparison::Exists),
        ];
        all.into_iter().flatten().collect::<Vec<Comparison>>()
    }};
}
pub(super) use comparisons;

/// A condition on one value: a plain value means equality, a map compares.
///
/// ```
/// use journeyman::rule::ConditionDefinition;
/// let plain: ConditionDefinition = serde_json::from_str(r#""book""#)?;
/// let compared: ConditionDefinition = serde_json::from_str(r#"{"at_least": 100}"#)?;
/// assert_ne!(plain, compared);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(description = "A plain value means equality, a map compares."))]
#[serde(
    untagged,
    expecting = "a condition is a plain value, or a map of is, one_of, above, at_least, below, at_most, contains, exists"
)]
#[non_exhaustive]
pub enum ConditionDefinition {
    /// The value equals this one.
    Is(#[cfg_attr(feature = "schema", schemars(with = "serde_json::Value"))] Value),
    /// The value compares as a predicate on an attribute would.
    Compare(Box<PredicateDefinition>),
}

/// Every comparison that was given must hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test(Vec<Comparison>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Comparison {
    Is(Value),
    OneOf(Vec<Value>),
    Above(Value),
    AtLeast(Value),
    Below(Value),
    AtMost(Value),
    Contains(Value),
    Exists(bool),
}

impl Test {
    /// Compiles the condition on one value; every problem goes into `problems` with its place.
    pub(crate) fn compile(
        condition: &ConditionDefinition,
        place: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let definition = match condition {
            ConditionDefinition::Is(value) => return Some(Self(vec![Comparison::Is(value.clone())])),
            ConditionDefinition::Compare(definition) => definition,
        };
        if comparisons_only(definition) != **definition {
            problems.push(Diagnostic::new(
                "J026",
                place,
                "a value is compared, not combined",
                "use is, one_of, above, at_least, below, at_most, contains or exists",
            ));
            return None;
        }
        Some(compile_test(definition, place, problems))
    }

    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
        self.0.iter().all(|comparison| comparison.holds(value))
    }

    /// `None` where the value is missing or has no order with what is asked for.
    pub(crate) fn answer(&self, value: Option<&Value>) -> Option<bool> {
        let mut all = Some(true);
        for comparison in &self.0 {
            match comparison.is_known(value).then(|| comparison.holds(value)) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }
}

impl Comparison {
    fn is_known(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Comparison::Exists(_)) };
        match self {
            Comparison::Is(other)
            | Comparison::Above(other)
            | Comparison::AtLeast(other)
            | Comparison::Below(other)
            | Comparison::AtMost(other) => value.is_like(other),
            Comparison::OneOf(_) | Comparison::Contains(_) | Comparison::Exists(_) => true,
        }
    }

    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Comparison::Exists(false)) };
        match self {
            Comparison::Is(wanted) => equal(value, wanted),
            Comparison::OneOf(wanted) => wanted.iter().any(|wanted| equal(value, wanted)),
            Comparison::Above(bound) => value.compare(bound).is_some_and(|order| order.is_gt()),
            Comparison::AtLeast(bound) => value.compare(bound).is_some_and(|order| order.is_ge()),
            Comparison::Below(bound) => value.compare(bound).is_some_and(|order| order.is_lt()),
            Comparison::AtMost(bound) => value.compare(bound).is_some_and(|order| order.is_le()),
            Comparison::Contains(part) => match (value, part) {
                (Value::Text(text), Value::Text(part)) => text.contains(&**part),
                (Value::List(items), part) => items.iter().any(|item| equal(item, part)),
                _ => false,
            },
            Comparison::Exists(wanted) => *wanted,
        }
    }
}

fn equal(value: &Value, wanted: &Value) -> bool {
    value.compare(wanted).is_some_and(|order| order.is_eq())
}

/// Conditions on the properties of an event; all must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter(Vec<(Name, Test)>);

impl Filter {
    /// Compiles the `where` of an event; every problem goes into `problems` with its place.
    pub(crate) fn compile(
        definition: &BTreeMap<String, ConditionDefinition>,
        place: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut conditions = Vec::with_capacity(definition.len());
        for (name, condition) in definition {
            let place = format!("{place}.{name}");
            let Some(test) = Test::compile(condition, &place, problems) else { continue };
            conditions.push((Name::from(name.as_str()), test));
        }
        Self(conditions)
    }

    /// Whether nothing is asked.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an event's properties pass.
    #[must_use]
    pub fn passes(&self, properties: &Attributes) -> bool {
        self.0.iter().all(|(name, test)| test.holds(properties.get(name)))
    }
}

fn comparisons_only(definition: &PredicateDefinition) -> PredicateDefinition {
    PredicateDefinition {
        all: None,
        any: None,
        not: None,
        tag: None,
        performed: None,
        since: None,
        attribute: None,
        score: None,
        tier: None,
        mark: None,
        of: None,
        number: None,
        segment: None,
        ..definition.clone()
    }
}

pub(super) fn all_comparisons(definition: &PredicateDefinition) -> Vec<Comparison> {
    comparisons!(definition)
}

pub(super) fn compile_test(
    definition: &PredicateDefinition,
    place: &str,
    problems: &mut Vec<Diagnostic>,
) -> Test {
    let comparisons = all_comparisons(definition);
    if comparisons.is_empty() {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "nothing is compared",
            "add is, one_of, above, at_least, below, at_most, contains or exists",
        ));
    }
    for comparison in &comparisons {
        if let Comparison::OneOf(values) = comparison
            && (values.is_empty() || values.len() > MOST_VALUES)
        {
            problems.push(Diagnostic::new(
                "J033",
                format!("{place}.one_of"),
                format!("one_of has from 1 to {MOST_VALUES} values, this one has {}", values.len()),
                "list the values, or ask a tag that the host sets",
            ));
        }
    }
    Test(comparisons)
}
