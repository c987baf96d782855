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
/// One at as many digits after the point, in billionths.
const UNITS: [i128; 10] = [BILLION, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

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
    Number(Between),
    Text(OneOf),
    Flag(Flag),
    There(There),
    Other { slot: u16, test: Test },
}

/// A number within bounds, both included.
#[derive(Clone, Debug)]
pub(super) struct Between {
    slot: u16,
    whole: (i64, i64),
    other: Box<Bounds>,
}

/// One of these texts.
#[derive(Clone, Debug)]
pub(super) struct OneOf {
    slot: u16,
    wanted: Texts,
}

/// True, or false.
#[derive(Clone, Debug)]
pub(super) struct Flag {
    slot: u16,
    wanted: bool,
}

/// Known, or not.
#[derive(Clone, Debug)]
pub(super) struct There {
    slot: u16,
    wanted: bool,
}

/// The same bounds for decimals.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// For a mantissa of one word, by its digits after the point.
    scaled: [(i64, i64); 10],
    billionths: (i128, i128),
    test: Test,
}

/// Texts, and keys that tell every short one from every other one, and nearly all the long ones.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    /// Four at a time, so that no loop is needed for a few; what is left over is [`NO_KEY`].
    keys: Box<[[u64; 4]]>,
    texts: Box<[Name]>,
}

/// The length of the texts that their keys tell apart.
const SHORT: usize = 7;

/// No text has it, for no byte of a text is 255.
const NO_KEY: u64 = u64::MAX;

/// The first 7 bytes, and the length up to 255: no long text has the key of a short one.
#[inline]
fn key(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let length = bytes.len().min(255) as u64;
    let start = if let Some(first) = bytes.first_chunk::<8>() {
        u64::from_le_bytes(*first) << 8 >> 8
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The two meet or overlap, and say the same where they do.
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
    } else {
        match bytes {
            [] => 0,
            [first, .., last] => {
                let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
                u64::from(*first) | u64::from(middle) << 8 | u64::from(*last) << 16
            }
            [only] => u64::from(*only),
        }
    };
    start | length << 56
}

impl FromIterator<Name> for Texts {
    fn from_iter<T: IntoIterator<Item = Name>>(texts: T) -> Self {
        let texts: Box<[Name]> = texts.into_iter().collect();
        let four = |texts: &[Name]| {
            let mut keys = [NO_KEY; 4];
            keys.iter_mut().zip(texts).for_each(|(own, text)| *own = key(text));
            keys
        };
        Self { keys: texts.chunks(4).map(four).collect(), texts }
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

    /// The same without the words that turn it round, and whether they do.
    pub(super) fn upright(self) -> (Self, bool) {
        match self {
            Self::Not(part) => {
                let (part, not) = part.upright();
                (part, !not)
            }
            part => (part, false),
        }
    }

    /// The answer; what is not known makes a comparison false.
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        match self {
            Self::Number(number) => number.holds(source),
            Self::Text(text) => text.holds(source),
            Self::Flag(flag) => flag.holds(source),
            Self::There(there) => there.holds(source),
            _ => self.holds_by_its_parts(source),
        }
    }

    #[inline(never)]
    fn holds_by_its_parts(&self, source: &impl Source) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(source)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(source)),
            Self::Not(part) => !part.holds(source),
            Self::Tag(tag) => source.is_tagged(tag),
            Self::Other { slot, test } => test.holds(source.value(*slot)),
            leaf => leaf.holds(source),
        }
    }
}

impl Between {
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        self.at_once(source).unwrap_or_else(|| self.other.hold(source.value(self.slot)))
    }

    /// The answer, but where the value is no number of one word.
    #[inline]
    pub(super) fn at_once(&self, source: &impl Source) -> Option<bool> {
        match source.value(self.slot) {
            None => Some(false),
            Some(Value::Integer(number)) => Some((self.whole.0 <= *number) & (*number <= self.whole.1)),
            Some(Value::Decimal(number)) => self.other.at_once(number),
            Some(_) => None,
        }
    }
}

impl OneOf {
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        self.at_once(source).unwrap_or_else(|| match source.value(self.slot) {
            Some(Value::Text(text)) => self.wanted.texts.contains(text),
            _ => false,
        })
    }

    /// The answer, but where a long text begins like one of them.
    #[inline]
    pub(super) fn at_once(&self, source: &impl Source) -> Option<bool> {
        let Some(Value::Text(text)) = source.value(self.slot) else { return Some(false) };
        let key = key(text);
        let is_one = |[a, b, c, d]: &[u64; 4]| (*a == key) | (*b == key) | (*c == key) | (*d == key);
        let is_likely = self.wanted.keys.iter().any(is_one);
        (!is_likely || text.len() <= SHORT).then_some(is_likely)
    }
}

impl Flag {
    #[inline]
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        matches!(source.value(self.slot), Some(Value::Bool(flag)) if *flag == self.wanted)
    }
}

impl There {
    #[inline]
    pub(super) fn holds(&self, source: &impl Source) -> bool {
        source.value(self.slot).is_some() == self.wanted
    }
}

impl Bounds {
    #[inline]
    fn at_once(&self, number: &Decimal) -> Option<bool> {
        let parts = number.unpack();
        let mantissa = i64::from(parts.mid) << 32 | i64::from(parts.lo);
        if parts.hi != 0 || mantissa < 0 {
            return None;
        }
        let (least, most) = self.scaled.get(parts.scale as usize)?;
        let mantissa = if parts.negative { -mantissa } else { mantissa };
        Some((*least <= mantissa) & (mantissa <= *most))
    }

    fn hold(&self, value: Option<&Value>) -> bool {
        match value {
            Some(Value::Decimal(number)) if number.scale() <= DIGITS => {
                let number = in_billionths(number);
                self.billionths.0 <= number && number <= self.billionths.1
            }
            value => self.test.holds(value),
        }
    }
}

/// Exact for what has at most 9 digits after the point: 96 bits and 30 more fit into 128.
fn in_billionths(number: &Decimal) -> i128 {
    let unit = UNITS.get(number.scale() as usize).copied().unwrap_or(1);
    number.mantissa().saturating_mul(unit)
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
        return Question::There(There { slot, wanted: *wanted });
    }
    if exists.is_some() || contains.is_some() {
        return Question::Other { slot, test };
    }
    if let (Some(values), true) = (one_of, alone) {
        let texts = values.iter().map(|value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(wanted) = texts.collect() {
            return Question::Text(OneOf { slot, wanted });
        }
    }
    if one_of.is_some() {
        return Question::Other { slot, test };
    }
    if [above, at_least, below, at_most].iter().all(|bound| bound.is_none()) {
        match is {
            Some(Value::Text(text)) => {
                return Question::Text(OneOf { slot, wanted: [text.clone()].into_iter().collect() });
            }
            Some(Value::Bool(wanted)) => return Question::Flag(Flag { slot, wanted: *wanted }),
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
    let scaled = UNITS.map(|unit| between(least, most, unit));
    let other = Bounds { scaled, billionths: (least, most), test: test.clone() };
    Some(Question::Number(Between { slot, whole: between(least, most, BILLION), other: other.into() }))
}

/// How many units lie between two bounds in billionths; where there are none, the bounds are the wrong way round.
fn between(least: i128, most: i128, unit: i128) -> (i64, i64) {
    let first = least.div_euclid(unit) + i128::from(least.rem_euclid(unit) != 0);
    let last = most.div_euclid(unit);
    if first > i128::from(i64::MAX) || last < i128::from(i64::MIN) {
        (i64::MAX, i64::MIN)
    } else {
        (i64::try_from(first).unwrap_or(i64::MIN), i64::try_from(last).unwrap_or(i64::MAX))
    }
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
