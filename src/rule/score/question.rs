//! A condition of a rule, flat and without names, so that it is answered in nanoseconds.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::error::Diagnostic;
use crate::model::{Attributes, Name, Value};
use crate::rule::condition::{Test, compile_test};
use crate::rule::{Predicate, PredicateDefinition};

/// The digits after the point up to which decimals are compared as whole numbers.
const DIGITS: u32 = 9;
const BILLION: i128 = 1_000_000_000;

/// What a question is asked of: values by the place of their names.
pub(super) trait Source {
    fn value(&self, slot: u16) -> Option<&Value>;
    fn is_tagged(&self, tag: &str) -> bool;
}

/// Values that were looked up before.
pub(super) struct Given<'a>(pub(super) &'a [Option<&'a Value>]);

impl Source for Given<'_> {
    #[inline]
    fn value(&self, slot: u16) -> Option<&Value> {
        self.0.get(usize::from(slot)).copied().flatten()
    }

    fn is_tagged(&self, _: &str) -> bool {
        false
    }
}

/// Values that are looked up when they are asked for.
pub(super) struct Known<'a> {
    pub(super) names: &'a [Name],
    pub(super) values: &'a Attributes,
    pub(super) tags: Option<&'a BTreeSet<Name>>,
}

impl Source for Known<'_> {
    fn value(&self, slot: u16) -> Option<&Value> {
        self.values.get(self.names.get(usize::from(slot))?)
    }

    fn is_tagged(&self, tag: &str) -> bool {
        self.tags.is_some_and(|tags| tags.contains(tag))
    }
}

/// A compiled condition.
#[derive(Clone, Debug)]
pub(super) enum Question {
    All(Box<[Question]>),
    Any(Box<[Question]>),
    Not(Box<Question>),
    Tag(Name),
    /// A number within bounds, both included; decimals as billionths.
    Number {
        slot: u16,
        whole: (i64, i64),
        billionths: (i128, i128),
        other: Test,
    },
    /// One of these texts.
    Text {
        slot: u16,
        wanted: Box<[Text]>,
    },
    Flag {
        slot: u16,
        wanted: bool,
    },
    There {
        slot: u16,
        wanted: bool,
    },
    Other {
        slot: u16,
        test: Test,
    },
}

/// A text whose first 8 bytes tell nearly always that it is another one.
#[derive(Clone, Debug)]
pub(super) struct Text {
    head: u64,
    text: Name,
}

fn head(text: &str) -> u64 {
    let bytes = text.as_bytes();
    if let Some(first) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*first);
    }
    // Both ends, which meet or overlap: beside the length, they tell every short text from every other one.
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    match bytes {
        [] => 0,
        [first, .., last] => {
            let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
            u64::from(*first) << 16 | u64::from(middle) << 8 | u64::from(*last)
        }
        [only] => u64::from(*only),
    }
}

impl Text {
    fn new(text: &Name) -> Self {
        Self { head: head(text), text: text.clone() }
    }

    #[inline]
    fn is(&self, head: u64, text: &str) -> bool {
        self.head == head && self.text.len() == text.len() && (text.len() <= 8 || *self.text == *text)
    }
}

impl Question {
    /// Compiles a condition; every problem goes into `problems` with its place, and names get their places in `slots`.
    pub(super) fn compile(
        definition: &PredicateDefinition,
        place: &str,
        slots: &mut Vec<Name>,
        tags: Option<&mut BTreeSet<Name>>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        Predicate::compile(definition, place, problems)?;
        let mut compiler = Compiler { slots, tags };
        let question = compiler.question(definition);
        if question.is_none() {
            let (asked, next) = match compiler.tags {
                Some(_) => ("attributes and tags", "ask for attributes and tags alone"),
                None => ("properties of the event", "ask for properties alone"),
            };
            problems.push(Diagnostic::new(
                "R059",
                place,
                format!("the condition asks for something else than {asked}"),
                next,
            ));
        }
        question
    }

    /// The answer; what is not known makes a comparison false.
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(source)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(source)),
            Self::Not(part) => !part.holds(source),
            Self::Tag(tag) => source.is_tagged(tag),
            Self::Number { slot, whole, billionths, other } => match source.value(*slot) {
                None => false,
                Some(Value::Integer(number)) => whole.0 <= *number && *number <= whole.1,
                Some(Value::Decimal(number)) if number.scale() <= DIGITS => {
                    let number = in_billionths(number);
                    billionths.0 <= number && number <= billionths.1
                }
                value => other.holds(value),
            },
            Self::Text { slot, wanted } => match source.value(*slot) {
                Some(Value::Text(text)) => {
                    let head = head(text);
                    wanted.iter().any(|wanted| wanted.is(head, text))
                }
                _ => false,
            },
            Self::Flag { slot, wanted } => {
                matches!(source.value(*slot), Some(Value::Bool(flag)) if flag == wanted)
            }
            Self::There { slot, wanted } => source.value(*slot).is_some() == *wanted,
            Self::Other { slot, test } => test.holds(source.value(*slot)),
        }
    }
}

/// Exact for what has at most 9 digits after the point: 96 bits and 30 more fit into 128.
fn in_billionths(number: &Decimal) -> i128 {
    const TENS: [i64; 10] =
        [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let times = TENS.get(number.scale() as usize).copied().unwrap_or(1);
    let mantissa = number.mantissa();
    match i64::try_from(mantissa) {
        // One multiplication of words, and no check: nothing of it overflows.
        Ok(mantissa) => i128::from(mantissa) * i128::from(times),
        Err(_) => mantissa.saturating_mul(i128::from(times)),
    }
}

struct Compiler<'a> {
    slots: &'a mut Vec<Name>,
    tags: Option<&'a mut BTreeSet<Name>>,
}

impl Compiler<'_> {
    fn question(&mut self, definition: &PredicateDefinition) -> Option<Question> {
        if let Some(parts) = &definition.all {
            return self.list(parts).map(Question::All);
        }
        if let Some(parts) = &definition.any {
            return self.list(parts).map(Question::Any);
        }
        if let Some(part) = &definition.not {
            return self.question(part).map(|part| Question::Not(part.into()));
        }
        if let Some(tag) = &definition.tag {
            let tag = Name::from(tag.as_str());
            self.tags.as_mut()?.insert(tag.clone());
            return Some(Question::Tag(tag));
        }
        let slot = slot(self.slots, definition.attribute.as_deref()?)?;
        let test = compile_test(definition, "", &mut Vec::new());
        Some(leaf(slot, definition, test))
    }

    fn list(&mut self, parts: &[PredicateDefinition]) -> Option<Box<[Question]>> {
        parts.iter().map(|part| self.question(part)).collect()
    }
}

/// The place of a name, which it is given where it has none.
pub(super) fn slot(slots: &mut Vec<Name>, name: &str) -> Option<u16> {
    let place = slots.iter().position(|slot| **slot == *name).unwrap_or_else(|| {
        slots.push(name.into());
        slots.len() - 1
    });
    u16::try_from(place).ok()
}

fn leaf(slot: u16, asked: &PredicateDefinition, test: Test) -> Question {
    let PredicateDefinition { is, one_of, above, at_least, below, at_most, contains, exists, .. } = asked;
    let bounds = [is, above, at_least, below, at_most];
    let alone = contains.is_none() && bounds.iter().all(|bound| bound.is_none());
    if let (Some(wanted), true) = (exists, alone && one_of.is_none()) {
        return Question::There { slot, wanted: *wanted };
    }
    if exists.is_some() || contains.is_some() {
        return Question::Other { slot, test };
    }
    if let (Some(values), true) = (one_of, alone) {
        let texts = values.iter().map(|value| match value {
            Value::Text(text) => Some(Text::new(text)),
            _ => None,
        });
        if let Some(wanted) = texts.collect() {
            return Question::Text { slot, wanted };
        }
    }
    if one_of.is_some() {
        return Question::Other { slot, test };
    }
    if [above, at_least, below, at_most].iter().all(|bound| bound.is_none()) {
        match is {
            Some(Value::Text(text)) => return Question::Text { slot, wanted: [Text::new(text)].into() },
            Some(Value::Bool(wanted)) => return Question::Flag { slot, wanted: *wanted },
            _ => {}
        }
    }
    number(slot, asked, &test).unwrap_or(Question::Other { slot, test })
}

/// Bounds as whole numbers and as billionths, where every one of them is a number that is exact in both.
fn number(slot: u16, asked: &PredicateDefinition, test: &Test) -> Option<Question> {
    let mut least = i128::MIN;
    let mut most = i128::MAX;
    let bounds = [
        (&asked.is, true, true, 0),
        (&asked.at_least, true, false, 0),
        (&asked.above, true, false, 1),
        (&asked.at_most, false, true, 0),
        (&asked.below, false, true, -1),
    ];
    for (bound, lower, upper, next) in bounds {
        let Some(bound) = bound else { continue };
        let bound = match bound {
            Value::Integer(number) => i128::from(*number) * BILLION,
            Value::Decimal(number) if number.scale() <= DIGITS => in_billionths(number),
            _ => return None,
        };
        if lower {
            least = least.max(bound.saturating_add(next));
        }
        if upper {
            most = most.min(bound.saturating_add(next));
        }
    }
    // The whole numbers between the two; where there are none, the bounds are the wrong way round.
    let first = least.div_euclid(BILLION) + i128::from(least.rem_euclid(BILLION) != 0);
    let last = most.div_euclid(BILLION);
    let whole = if first > i128::from(i64::MAX) || last < i128::from(i64::MIN) {
        (i64::MAX, i64::MIN)
    } else {
        (i64::try_from(first).unwrap_or(i64::MIN), i64::try_from(last).unwrap_or(i64::MAX))
    };
    Some(Question::Number { slot, whole, billionths: (least, most), other: test.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Contact;
    use crate::rule::{Facts, Performed, Rating};

    /// Every form answers as the plain predicate does, whatever the value.
    #[test]
    fn a_flat_question_answers_as_its_predicate() {
        let questions = [
            r#"{"attribute": "a", "is": 5}"#,
            r#"{"attribute": "a", "is": 5.5}"#,
            r#"{"attribute": "a", "is": "rap"}"#,
            r#"{"attribute": "a", "is": true}"#,
            r#"{"attribute": "a", "above": 5}"#,
            r#"{"attribute": "a", "above": 5.0}"#,
            r#"{"attribute": "a", "above": 5.0000000001}"#,
            r#"{"attribute": "a", "at_least": -5, "below": 5.5}"#,
            r#"{"attribute": "a", "at_least": 5, "at_most": 4}"#,
            r#"{"attribute": "a", "at_most": "rap"}"#,
            r#"{"attribute": "a", "at_least": 9223372036854775807}"#,
            r#"{"attribute": "a", "above": 9223372036854775807}"#,
            r#"{"attribute": "a", "below": {"decimal": "79228162514264337593543950335"}}"#,
            r#"{"attribute": "a", "one_of": ["rap", "pop", "electronic music"]}"#,
            r#"{"attribute": "a", "one_of": ["rap", 5]}"#,
            r#"{"attribute": "a", "one_of": ["rap"], "above": "a"}"#,
            r#"{"attribute": "a", "contains": "a"}"#,
            r#"{"attribute": "a", "exists": true}"#,
            r#"{"attribute": "a", "exists": false}"#,
            r#"{"attribute": "a", "exists": true, "above": 4}"#,
            r#"{"not": {"attribute": "a", "above": 4}}"#,
            r#"{"any": [{"tag": "vip"}, {"all": [{"attribute": "a", "above": 4}, {"attribute": "b", "exists": true}]}]}"#,
        ];
        let values = [
            "5",
            "-5",
            "6",
            "4",
            "5.5",
            "5.0",
            "-5.1",
            "5.00000000005",
            "true",
            "false",
            "\"rap\"",
            "\"rapper\"",
            "\"electronic music\"",
            "\"electronic musik\"",
            "\"\"",
            "[\"a\"]",
            "[5]",
            "9223372036854775807",
            "-9223372036854775808",
            r#"{"decimal": "79228162514264337593543950335"}"#,
            r#"{"date": "2026-03-01"}"#,
        ];
        for question in questions {
            let definition: PredicateDefinition = serde_json::from_str(question).unwrap();
            let (mut problems, mut slots, mut tags) = (Vec::new(), Vec::new(), BTreeSet::new());
            let flat =
                Question::compile(&definition, "p", &mut slots, Some(&mut tags), &mut problems).unwrap();
            let plain = Predicate::compile(&definition, "p", &mut problems).unwrap();
            assert_eq!(problems, []);
            let contacts = values.iter().map(|value| serde_json::from_str::<Value>(value).unwrap());
            let contacts = contacts.map(|value| Contact::new("c").attribute("a", value).attribute("b", 1));
            for contact in contacts.chain([Contact::new("c"), Contact::new("c").tag("vip")]) {
                let (performed, rating) = (Performed::default(), Rating::default());
                let known = Known { names: &slots, values: &contact.attributes, tags: Some(&contact.tags) };
                let expected = plain.holds(&Facts::new(&contact, &performed, &rating));
                assert_eq!(flat.holds(&known), expected, "{question} of {:?}", contact.attributes);
            }
        }
    }

    #[test]
    fn what_a_score_cannot_know_is_refused() {
        let ask = |question: &str, tags: Option<&mut BTreeSet<Name>>| {
            let definition: PredicateDefinition = serde_json::from_str(question).unwrap();
            let mut problems = Vec::new();
            let question = Question::compile(&definition, "p", &mut Vec::new(), tags, &mut problems);
            (question.is_some(), problems.first().map(|problem| problem.code))
        };
        for question in
            [r#"{"score": "a", "above": 4}"#, r#"{"not": {"performed": "a"}}"#, r#"{"segment": "a"}"#]
        {
            assert_eq!(ask(question, Some(&mut BTreeSet::new())), (false, Some("R059")), "{question}");
        }
        assert_eq!(ask(r#"{"tag": "a"}"#, None), (false, Some("R059")));
        assert_eq!(ask(r#"{"tag": "a"}"#, Some(&mut BTreeSet::new())), (true, None));
    }
}
