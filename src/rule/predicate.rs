//! A question about a contact that is answered yes or no.
//!
//! A missing attribute makes every comparison false, and `not` is the exact complement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Facts;
use crate::error::Diagnostic;
use crate::model::{Attributes, Name, Value};

/// The deepest nesting of a predicate.
pub const MOST_DEPTH: usize = 32;
/// The most values of one list.
pub const MOST_VALUES: usize = 1_000;

/// A predicate as an author writes it: exactly one question, or a combination of others.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use journeyman::rule::PredicateDefinition;
/// let definition: PredicateDefinition = journeyman::journey::parse_yaml(
///     "{ all: [ { attribute: followers, at_least: 1000 }, { not: { performed: call.booked } } ] }",
/// ).unwrap();
/// assert_eq!(definition.all.unwrap().len(), 2);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(description = "Exactly one question, or a combination of others."))]
#[serde(deny_unknown_fields, default)]
pub struct PredicateDefinition {
    /// Every one of these holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<PredicateDefinition>>,
    /// At least one of these holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<PredicateDefinition>>,
    /// This does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<PredicateDefinition>>,
    /// The contact has this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// An event of this name happened at least once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performed: Option<String>,
    /// Since when `performed` counts; ever, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// The attribute of this name compares as the further fields say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Equals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub is: Option<Value>,
    /// Equals one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<serde_json::Value>>"))]
    pub one_of: Option<Vec<Value>>,
    /// Is greater than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub above: Option<Value>,
    /// Is greater than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_least: Option<Value>,
    /// Is less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub below: Option<Value>,
    /// Is less than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_most: Option<Value>,
    /// A text has this part, a list this item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub contains: Option<Value>,
    /// Is there at all, or is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// Since when an event counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Since {
    /// Whenever it happened.
    #[default]
    Ever,
    /// At or after the instant at which the enrollment began.
    Entry,
}

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

/// A compiled predicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    All(Vec<Form>),
    Any(Vec<Form>),
    Not(Box<Form>),
    Tag(Name),
    Performed { event: Name, since: Since },
    Attribute { name: Name, test: Test },
}

/// Every comparison that was given must hold.
#[derive(Clone, Debug, PartialEq)]
struct Test(Vec<Comparison>);

#[derive(Clone, Debug, PartialEq)]
enum Comparison {
    Is(Value),
    OneOf(Vec<Value>),
    Above(Value),
    AtLeast(Value),
    Below(Value),
    AtMost(Value),
    Contains(Value),
    Exists(bool),
}

impl Predicate {
    /// Compiles a predicate; every problem goes into `problems` with its place.
    pub(crate) fn compile(
        definition: &PredicateDefinition,
        place: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        compile(definition, place, 0, problems).map(Predicate)
    }

    /// The answer for a contact.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        holds(&self.0, facts)
    }
}

fn holds(form: &Form, facts: &Facts<'_>) -> bool {
    match form {
        Form::All(parts) => parts.iter().all(|part| holds(part, facts)),
        Form::Any(parts) => parts.iter().any(|part| holds(part, facts)),
        Form::Not(part) => !holds(part, facts),
        Form::Tag(tag) => facts.contact.tags.contains(tag),
        Form::Performed { event, since } => facts.performed.tally(event).is_some_and(|tally| match since {
            Since::Ever => true,
            Since::Entry => facts.entered_at.is_none_or(|entered_at| tally.last_at >= entered_at),
        }),
        Form::Attribute { name, test } => test.holds(facts.contact.attributes.get(name)),
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        self.0.iter().all(|comparison| comparison.holds(value))
    }
}

impl Comparison {
    fn holds(&self, value: Option<&Value>) -> bool {
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
            let test = match condition {
                ConditionDefinition::Is(value) => Test(vec![Comparison::Is(value.clone())]),
                ConditionDefinition::Compare(definition) => {
                    let other = comparisons_only(definition);
                    if other != **definition {
                        problems.push(Diagnostic::new(
                            "J026",
                            &place,
                            "a property is compared, not combined",
                            "use is, one_of, above, at_least, below, at_most, contains or exists",
                        ));
                        continue;
                    }
                    compile_test(definition, &place, problems)
                }
            };
            conditions.push((Name::from(name.as_str()), test));
        }
        Self(conditions)
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
        ..definition.clone()
    }
}

fn compile(
    definition: &PredicateDefinition,
    place: &str,
    depth: usize,
    problems: &mut Vec<Diagnostic>,
) -> Option<Form> {
    if depth >= MOST_DEPTH {
        problems.push(Diagnostic::new(
            "J027",
            place,
            format!("the predicate is nested deeper than {MOST_DEPTH}"),
            "flatten it, or split the branch in two",
        ));
        return None;
    }
    let questions = [
        definition.all.is_some(),
        definition.any.is_some(),
        definition.not.is_some(),
        definition.tag.is_some(),
        definition.performed.is_some(),
        definition.attribute.is_some(),
    ];
    if questions.into_iter().filter(|asked| *asked).count() != 1 {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "a predicate asks exactly one question",
            "give one of all, any, not, tag, performed or attribute; combine several with all or any",
        ));
        return None;
    }
    if definition.attribute.is_none() && !all_comparisons(definition).is_empty() {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "a comparison needs an attribute to compare",
            "add attribute, or take the comparison away",
        ));
    }
    if definition.since.is_some() && definition.performed.is_none() {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "since belongs to performed",
            "add performed, or take since away",
        ));
    }
    if let Some(parts) = &definition.all {
        return compile_list(parts, &format!("{place}.all"), depth, problems).map(Form::All);
    }
    if let Some(parts) = &definition.any {
        return compile_list(parts, &format!("{place}.any"), depth, problems).map(Form::Any);
    }
    if let Some(part) = &definition.not {
        return compile(part, &format!("{place}.not"), depth + 1, problems)
            .map(|part| Form::Not(part.into()));
    }
    if let Some(tag) = &definition.tag {
        return named(tag, &format!("{place}.tag"), problems).map(Form::Tag);
    }
    if let Some(event) = &definition.performed {
        let since = definition.since.unwrap_or_default();
        return named(event, &format!("{place}.performed"), problems)
            .map(|event| Form::Performed { event, since });
    }
    let name = named(definition.attribute.as_deref()?, &format!("{place}.attribute"), problems)?;
    Some(Form::Attribute { name, test: compile_test(definition, place, problems) })
}

fn compile_list(
    parts: &[PredicateDefinition],
    place: &str,
    depth: usize,
    problems: &mut Vec<Diagnostic>,
) -> Option<Vec<Form>> {
    if parts.is_empty() || parts.len() > MOST_VALUES {
        problems.push(Diagnostic::new(
            "J028",
            place,
            format!("a list of predicates has from 1 to {MOST_VALUES} items, this one has {}", parts.len()),
            "add the missing predicates, or leave the list out",
        ));
        return None;
    }
    let compiled: Vec<_> = (0..)
        .zip(parts)
        .map(|(index, part)| compile(part, &format!("{place}[{index}]"), depth + 1, problems))
        .collect();
    compiled.into_iter().collect()
}

fn named(text: &str, place: &str, problems: &mut Vec<Diagnostic>) -> Option<Name> {
    if text.trim().is_empty() {
        problems.push(Diagnostic::new("J031", place, "the name is empty", "write the name"));
        return None;
    }
    Some(text.into())
}

fn all_comparisons(definition: &PredicateDefinition) -> Vec<Comparison> {
    let given = definition.clone();
    [
        given.is.map(Comparison::Is),
        given.one_of.map(Comparison::OneOf),
        given.above.map(Comparison::Above),
        given.at_least.map(Comparison::AtLeast),
        given.below.map(Comparison::Below),
        given.at_most.map(Comparison::AtMost),
        given.contains.map(Comparison::Contains),
        given.exists.map(Comparison::Exists),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn compile_test(definition: &PredicateDefinition, place: &str, problems: &mut Vec<Diagnostic>) -> Test {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Contact;
    use crate::rule::Performed;

    fn ask(definition: &str, contact: &Contact) -> bool {
        let definition: PredicateDefinition = serde_json::from_str(definition).unwrap();
        let mut problems = Vec::new();
        let predicate = Predicate::compile(&definition, "p", &mut problems);
        assert_eq!(problems, []);
        let mut performed = Performed::default();
        performed.record(&"seen".into(), chrono::DateTime::UNIX_EPOCH);
        predicate.unwrap().holds(&Facts::new(contact, &performed))
    }

    #[test]
    fn a_missing_value_is_false_and_not_is_the_complement() {
        let nobody = Contact::new("n");
        for question in [
            r#"{"attribute": "a", "is": 1}"#,
            r#"{"attribute": "a", "below": 1}"#,
            r#"{"attribute": "a", "one_of": [1]}"#,
            r#"{"attribute": "a", "exists": true}"#,
            r#"{"tag": "t"}"#,
            r#"{"performed": "unseen"}"#,
        ] {
            assert!(!ask(question, &nobody), "{question}");
            assert!(ask(&format!(r#"{{"not": {question}}}"#), &nobody), "{question}");
        }
        assert!(ask(r#"{"attribute": "a", "exists": false}"#, &nobody));
        assert!(ask(r#"{"performed": "seen"}"#, &nobody));
    }

    #[test]
    fn several_comparisons_are_a_band() {
        let band = r#"{"attribute": "score", "at_least": 40, "below": 60}"#;
        for (score, inside) in [(39, false), (40, true), (59, true), (60, false)] {
            assert_eq!(ask(band, &Contact::new("c").attribute("score", score)), inside);
        }
    }

    #[test]
    fn contains_looks_into_texts_and_lists() {
        let contact =
            Contact::new("c").attribute("genres", vec!["rap", "pop"]).attribute("city", "Saint-Denis");
        assert!(ask(r#"{"attribute": "genres", "contains": "pop"}"#, &contact));
        assert!(!ask(r#"{"attribute": "genres", "contains": "po"}"#, &contact));
        assert!(ask(r#"{"attribute": "city", "contains": "Denis"}"#, &contact));
    }
}
