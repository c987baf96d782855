//! A question about a contact that is answered yes or no.
//!
//! A missing attribute makes every comparison false, and `not` is the exact complement.

use std::cell::Cell;

use serde::{Deserialize, Deserializer, Serialize};

use super::condition::{Test, all_comparisons, compile_test};
use super::{Facts, Number, script};
use crate::error::Diagnostic;
use crate::model::{Name, Value};

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
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "deeper")]
    pub all: Option<Vec<PredicateDefinition>>,
    /// At least one of these holds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "deeper")]
    pub any: Option<Vec<PredicateDefinition>>,
    /// This does not hold.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "deeper")]
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
    /// The score of this name compares as the further fields say; nobody begins with less or more than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The tier of the score of this name compares as the further fields say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The mark of this name is reached, and not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The score that the mark belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The number at this path compares as the further fields say, such as `score.spark.change_14d`; see
    /// [`Number`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The contact is in the segment of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The same in the language of scripts: `followers > 1000 && score("spark") >= 60 && tier("spark") == "hot"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
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

/// The deepest nesting that is read at all, so that no text can use up the stack; what is deeper than [`MOST_DEPTH`] is
/// explained by the compiler.
const MOST_READ: usize = MOST_DEPTH + 8;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Reads what is one level deeper.
fn deeper<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let depth = DEPTH.get();
    if depth >= MOST_READ {
        return Err(serde::de::Error::custom(format_args!(
            "the predicate is nested deeper than {MOST_READ}"
        )));
    }
    DEPTH.set(depth + 1);
    let read = Option::deserialize(deserializer);
    DEPTH.set(depth);
    read
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
    Score { name: Name, test: Test },
    Tier { score: Name, test: Test },
    Mark { mark: Name, score: Name },
    Number { number: Number, test: Test },
    Segment(Name),
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

    /// The path of a number that can change by time alone, where one is asked for.
    pub(crate) fn moves_with_time(&self) -> Option<&str> {
        fn find(form: &Form) -> Option<&str> {
            match form {
                Form::All(parts) | Form::Any(parts) => parts.iter().find_map(find),
                Form::Not(part) => find(part),
                Form::Number { number, .. } => number.moves_with_time().then(|| number.path()),
                _ => None,
            }
        }
        find(&self.0)
    }

    /// The answer for a contact; what is not known does not hold.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        holds(&self.0, facts)
    }

    /// The answer for a contact, `None` where it hangs on something that is not known: a comparison with an attribute or
    /// a tier that the contact does not have, or that has no order with the value asked for (Kleene, 1952).
    #[must_use]
    pub fn answer(&self, facts: &Facts<'_>) -> Option<bool> {
        answer(&self.0, facts)
    }
}

fn answer(form: &Form, facts: &Facts<'_>) -> Option<bool> {
    match form {
        Form::All(parts) => kleene(parts.iter().map(|part| answer(part, facts)), false),
        Form::Any(parts) => kleene(parts.iter().map(|part| answer(part, facts)), true),
        Form::Not(part) => answer(part, facts).map(|answer| !answer),
        Form::Attribute { name, test } => test.answer(facts.contact.attributes.get(name)),
        Form::Tier { score, test } => test.answer(facts.tier(score).as_ref()),
        Form::Number { number, test } => test.answer(number.of(facts).as_ref()),
        known => Some(holds(known, facts)),
    }
}

/// One `decisive` answer decides; else one that is not known leaves all of it unknown.
fn kleene(answers: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut all = Some(!decisive);
    for answer in answers {
        match answer {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => all = None,
        }
    }
    all
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
        Form::Score { name, test } => test.holds(Some(&Value::Integer(facts.score(name)))),
        Form::Tier { score, test } => test.holds(facts.tier(score).as_ref()),
        Form::Mark { mark, score } => facts.rating.is_marked(score, mark),
        Form::Number { number, test } => test.holds(number.of(facts).as_ref()),
        Form::Segment(segment) => facts.is_in(segment),
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
        definition.score.is_some(),
        definition.tier.is_some(),
        definition.mark.is_some(),
        definition.number.is_some(),
        definition.segment.is_some(),
        definition.script.is_some(),
    ];
    if questions.into_iter().filter(|asked| *asked).count() != 1 {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "a predicate asks exactly one question",
            "give one of all, any, not, tag, performed, attribute, score, tier, mark, number, segment or script; combine several with all or any",
        ));
        return None;
    }
    let compares = definition.attribute.is_some() || definition.score.is_some() || definition.tier.is_some();
    let compares = compares || definition.number.is_some();
    if !compares && !all_comparisons(definition).is_empty() {
        problems.push(Diagnostic::new(
            "J026",
            place,
            "a comparison needs an attribute to compare",
            "add attribute, score, tier or number, or take the comparison away",
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
    if definition.of.is_some() && definition.mark.is_none() {
        problems.push(Diagnostic::new("J026", place, "of belongs to mark", "add mark, or take of away"));
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
    if let Some(segment) = &definition.segment {
        return named(segment, &format!("{place}.segment"), problems).map(Form::Segment);
    }
    if let Some(source) = &definition.script {
        let place = format!("{place}.script");
        let asked = script::condition(source, &place, problems)?;
        return compile(&asked, &place, depth + 1, problems);
    }
    if let Some(mark) = &definition.mark {
        let mark = named(mark, &format!("{place}.mark"), problems)?;
        let Some(score) = &definition.of else {
            let sentence = format!("the mark {mark:?} does not say of which score it is");
            problems.push(Diagnostic::new("J099", place, sentence, "write of: and the name of the score"));
            return None;
        };
        let score = named(score, &format!("{place}.of"), problems)?;
        return Some(Form::Mark { mark, score });
    }
    let test = compile_test(definition, place, problems);
    if let Some(score) = &definition.score {
        let name = named(score, &format!("{place}.score"), problems)?;
        return Some(Form::Score { name, test });
    }
    if let Some(score) = &definition.tier {
        let score = named(score, &format!("{place}.tier"), problems)?;
        return Some(Form::Tier { score, test });
    }
    if let Some(path) = &definition.number {
        return match Number::parse(path) {
            Ok(number) => Some(Form::Number { number, test }),
            Err(misread) => {
                let place = format!("{place}.number");
                problems.push(Diagnostic::new("J110", place, misread.sentence, misread.next));
                None
            }
        };
    }
    let name = named(definition.attribute.as_deref()?, &format!("{place}.attribute"), problems)?;
    Some(Form::Attribute { name, test })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Contact;
    use crate::rule::{Performed, Rating};

    fn ask(definition: &str, contact: &Contact) -> bool {
        let definition: PredicateDefinition = serde_json::from_str(definition).unwrap();
        let mut problems = Vec::new();
        let predicate = Predicate::compile(&definition, "p", &mut problems);
        assert_eq!(problems, []);
        let mut performed = Performed::default();
        performed.record(&"seen".into(), chrono::DateTime::UNIX_EPOCH);
        predicate.unwrap().holds(&Facts::new(contact, &performed, &Rating::default()))
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

    #[test]
    fn a_number_that_is_not_known_does_not_hold_and_leaves_the_answer_open() {
        let definition = |text: &str| serde_json::from_str::<PredicateDefinition>(text).unwrap();
        let compiled = |text: &str| Predicate::compile(&definition(text), "p", &mut Vec::new()).unwrap();
        let (contact, performed, rating) = (Contact::new("c"), Performed::default(), Rating::default());
        let facts = Facts::new(&contact, &performed, &rating).at(chrono::DateTime::UNIX_EPOCH);
        for (question, answer) in [
            (r#"{"number": "event['app.login'].count", "is": 0}"#, Some(true)),
            (r#"{"number": "event['app.login'].days", "at_least": 0}"#, None),
            (r#"{"not": {"number": "event['app.login'].days", "at_least": 0}}"#, None),
            (r#"{"number": "event['app.login'].days", "exists": false}"#, Some(true)),
            (r#"{"all": [{"tag": "t"}, {"number": "score.spark.change", "above": 0}]}"#, Some(false)),
        ] {
            assert_eq!(compiled(question).answer(&facts), answer, "{question}");
        }
        assert!(!compiled(r#"{"number": "score.spark.change", "above": 0}"#).holds(&facts));
        assert_eq!(
            compiled(r#"{"any": [{"tag": "t"}, {"not": {"number": "event.e.days", "is": 1}}]}"#)
                .moves_with_time(),
            Some("event.e.days")
        );
        assert_eq!(compiled(r#"{"number": "score.s.change", "is": 1}"#).moves_with_time(), None);
        let mut problems = Vec::new();
        Predicate::compile(&definition(r#"{"number": "score.s.teir", "is": 1}"#), "p", &mut problems);
        assert_eq!((problems[0].code, &*problems[0].place), ("J110", "p.number"));
    }

    #[test]
    fn a_script_asks_what_the_same_words_ask() {
        let contacts: Vec<_> = (0..32)
            .map(|bits| {
                let contact = Contact::new("c");
                let contact = match bits % 4 {
                    0 => contact.attribute("followers", 1_000),
                    1 => contact.attribute("followers", 1_001),
                    2 => contact.attribute("followers", "many"),
                    _ => contact,
                };
                let contact = if bits & 4 > 0 { contact.attribute("plan", "gold") } else { contact };
                let contact = if bits & 8 > 0 { contact.attribute("team", bits & 4 > 0) } else { contact };
                if bits & 16 > 0 { contact.tag("vip") } else { contact }
            })
            .collect();
        for (script, question) in [
            ("followers > 1000", r#"{"attribute": "followers", "above": 1000}"#),
            ("!(followers > 1000)", r#"{"not": {"attribute": "followers", "above": 1000}}"#),
            ("plan != 'gold'", r#"{"not": {"attribute": "plan", "is": "gold"}}"#),
            (
                "!team || tag('vip')",
                r#"{"any": [{"not": {"attribute": "team", "is": true}}, {"tag": "vip"}]}"#,
            ),
            (
                "performed('seen') && known(plan)",
                r#"{"all": [{"performed": "seen"}, {"attribute": "plan", "exists": true}]}"#,
            ),
            ("score('spark') < 1", r#"{"score": "spark", "below": 1}"#),
        ] {
            let script = serde_json::json!({ "script": script }).to_string();
            let answers: Vec<_> = contacts.iter().map(|contact| ask(question, contact)).collect();
            assert_eq!(contacts.iter().map(|contact| ask(&script, contact)).collect::<Vec<_>>(), answers);
        }
    }
}
