//! Which fields a question has, and which belong to which.

use super::question::QuestionDefinition;

const VALUE: [&str; 9] =
    ["is", "one_of", "above", "at_least", "below", "at_most", "contains", "starts_with", "exists"];
const OCCURRENCE: [&str; 14] = [
    "where",
    "within",
    "calendar_days",
    "from",
    "to",
    "count",
    "sum",
    "average",
    "min",
    "max",
    "distinct",
    "first",
    "last",
    "last_with",
];
const TIME: [&str; 6] = ["older_than", "newer_than", "on", "before", "after", "anniversary"];

/// Every question, with the fields that may stand beside it.
const QUESTIONS: [(&str, &[&[&str]]); 20] = [
    ("all", &[]),
    ("any", &[]),
    ("not", &[]),
    ("tag", &[&["held_for"]]),
    ("attribute", &[&VALUE, &TIME, &["type", "held_for"]]),
    ("score", &[&VALUE, &["held_for"]]),
    ("tier", &[&VALUE, &["held_for"]]),
    ("mark", &[&["of", "held_for"]]),
    ("consent", &[&["channel", "is", "held_for"]]),
    ("journey", &[&["is", "within", "held_for"]]),
    ("segment", &[&["held_for"]]),
    ("bucket", &[]),
    ("event", &[&OCCURRENCE]),
    ("events", &[&OCCURRENCE]),
    ("prefix", &[&OCCURRENCE]),
    ("sequence", &[]),
    ("sent", &[]),
    ("delivered", &[]),
    ("opened", &[]),
    ("clicked", &[]),
];

/// Every question there is, for a sentence.
pub(super) fn all_questions() -> String {
    QUESTIONS.map(|(question, _)| question).join(", ")
}

/// Whether this asks, or says more of what is asked.
pub(super) fn is_question(field: &str) -> bool {
    QUESTIONS.iter().any(|(question, _)| *question == field)
}

/// Whether a field may stand beside a question.
pub(super) fn belongs(field: &str, question: &str) -> bool {
    let beside = QUESTIONS.iter().find(|(known, _)| *known == question).map_or(&[][..], |(_, fields)| fields);
    beside.iter().any(|fields| fields.contains(&field))
}

/// The questions beside which a field may stand, for a sentence.
pub(super) fn homes(field: &str) -> String {
    let homes: Vec<_> =
        QUESTIONS.iter().map(|(question, _)| *question).filter(|question| belongs(field, question)).collect();
    homes.join(", ")
}

macro_rules! given {
    ($question:expr, $($field:ident: $name:literal),* $(,)?) => {
        [$(($question.$field.is_some(), $name)),*]
    };
}

/// The fields that were given, by the names that authors know.
pub(super) fn given(question: &QuestionDefinition) -> Vec<&'static str> {
    let all = given!(question,
        all: "all", any: "any", not: "not", tag: "tag", attribute: "attribute", score: "score", tier: "tier",
        mark: "mark", of: "of", consent: "consent", channel: "channel", journey: "journey", segment: "segment",
        bucket: "bucket", event: "event", events: "events", prefix: "prefix", sequence: "sequence", sent: "sent",
        delivered: "delivered", opened: "opened", clicked: "clicked", kind: "type", is: "is", one_of: "one_of",
        above: "above", at_least: "at_least", below: "below", at_most: "at_most", contains: "contains",
        starts_with: "starts_with", exists: "exists", older_than: "older_than", newer_than: "newer_than", on: "on",
        before: "before", after: "after", anniversary: "anniversary", held_for: "held_for", filter: "where",
        within: "within", calendar_days: "calendar_days", from: "from", to: "to", count: "count", sum: "sum",
        average: "average", min: "min", max: "max", distinct: "distinct", first: "first", last: "last",
        last_with: "last_with",
    );
    all.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect()
}
