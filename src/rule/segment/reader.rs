//! Reads questions, however deep they are nested, without using up the stack.

use std::cell::Cell;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::question::QuestionDefinition;
use crate::rule::predicate::MOST_DEPTH;

/// The deepest nesting that is read at all, so that no text can use up the stack; what is deeper than
/// [`MOST_DEPTH`](crate::rule::predicate::MOST_DEPTH) is explained by the compiler.
const MOST_READ: usize = MOST_DEPTH + 8;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A question is large: what is passed from level to level is where it lies.
struct Boxed(Box<QuestionDefinition>);

impl<'de> Deserialize<'de> for QuestionDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Boxed::deserialize(deserializer).map(|question| *question.0)
    }
}

impl<'de> Deserialize<'de> for Boxed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("QuestionDefinition", FIELDS, Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Boxed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a question: a map of one of all, any, not, tag, attribute, event and further ones")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Boxed, A::Error> {
        let mut question = Box::<QuestionDefinition>::default();
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "all" => list(&mut map, &mut question.all, "all")?,
                "any" => list(&mut map, &mut question.any, "any")?,
                "not" => one(&mut map, &mut question.not)?,
                _ => plain(&mut map, &mut question, &field)?,
            }
        }
        Ok(Boxed(question))
    }
}

/// Reads what is one level deeper.
fn deeper<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
    let depth = DEPTH.get();
    if depth >= MOST_READ {
        return Err(A::Error::custom(format_args!("the question is nested deeper than {MOST_READ}")));
    }
    DEPTH.set(depth + 1);
    let read = map.next_value();
    DEPTH.set(depth);
    read
}

fn list<'de, A: MapAccess<'de>>(
    map: &mut A,
    slot: &mut Option<Vec<QuestionDefinition>>,
    name: &'static str,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    let parts: Option<Vec<Boxed>> = deeper(map)?;
    *slot = parts.map(|parts| parts.into_iter().map(|part| *part.0).collect());
    Ok(())
}

fn one<'de, A: MapAccess<'de>>(
    map: &mut A,
    slot: &mut Option<Box<QuestionDefinition>>,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field("not"));
    }
    *slot = deeper::<_, Boxed>(map)?.map(|part| part.0);
    Ok(())
}

/// Reads a field without questions below it.
fn read<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    slot: &mut Option<T>,
    name: &'static str,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *slot = map.next_value()?;
    Ok(())
}

macro_rules! plain {
    ($($field:ident: $name:literal),* $(,)?) => {
        const FIELDS: &[&str] = &["all", "any", "not", $($name),*];

        fn plain<'de, A: MapAccess<'de>>(
            map: &mut A,
            question: &mut QuestionDefinition,
            field: &str,
        ) -> Result<(), A::Error> {
            match field {
                $($name => read(map, &mut question.$field, $name),)*
                _ => Err(A::Error::unknown_field(field, FIELDS)),
            }
        }
    };
}

plain! {
    tag: "tag", attribute: "attribute", score: "score", tier: "tier", mark: "mark", of: "of", consent:
    "consent", channel: "channel", journey: "journey", segment: "segment", bucket: "bucket", event:
    "event", events: "events", prefix: "prefix", sequence: "sequence", sent: "sent", delivered:
    "delivered", opened: "opened", clicked: "clicked", kind: "type", is: "is", one_of: "one_of", above:
    "above", at_least: "at_least", below: "below", at_most: "at_most", contains: "contains", starts_with:
    "starts_with", exists: "exists", older_than: "older_than", newer_than: "newer_than", on: "on", before:
    "before", after: "after", anniversary: "anniversary", held_for: "held_for", filter: "where", within:
    "within", calendar_days: "calendar_days", from: "from", to: "to", count: "count", sum: "sum", average:
    "average", min: "min", max: "max", distinct: "distinct", first: "first", last: "last", last_with:
    "last_with",
}
