//! A text as a tree in which every node knows its line, so that all problems can be looked for and each be placed.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::budget::Budget;
use serde_saphyr::{Location, Options, Spanned};

/// Nodes of one file; as many as a list of a million short items and more than any sensible scenario has.
const MOST_NODES: usize = 4_000_000;

/// One value of a file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) line: u64,
    pub(super) column: u64,
    /// What stands in the file, where it is no quoted text: `+33600000001` is a number and a telephone number.
    pub(super) raw: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Integer(i64),
    Large(u64),
    Float(f64),
    Text(Box<str>),
    List(Vec<Node>),
    Map(Vec<(Box<str>, Node)>),
}

/// Why a text is no tree.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) place: Option<(u64, u64)>,
    pub(super) sentence: String,
}

impl Node {
    /// Reads YAML, of which JSON is a part.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut budget = Budget::default();
        budget.max_nodes = MOST_NODES;
        budget.max_events = 3 * MOST_NODES;
        let mut options = Options::default();
        options.budget = Some(budget);
        options.with_snippet = false;
        let bare: Spanned<Bare> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location().map(|location| (location.line(), location.column()));
            Unreadable { place, sentence: plain(&error.without_snippet().to_string()) }
        })?;
        Ok(Self::dress(bare, text))
    }

    /// Reads JSON and nothing else.
    pub(super) fn parse_json(text: &str) -> Result<Self, Unreadable> {
        match serde_json::from_str::<de::IgnoredAny>(text) {
            Ok(_) => Self::parse(text),
            Err(error) => {
                let place = Some((error.line() as u64, error.column() as u64));
                Err(Unreadable { place, sentence: plain(&error.to_string()) })
            }
        }
    }

    fn dress(bare: Spanned<Bare>, text: &str) -> Self {
        let Spanned { value, referenced, defined } = bare;
        let raw = match value {
            Bare::Bool(_) | Bare::Integer(_) | Bare::Large(_) | Bare::Float(_) => slice(text, defined),
            _ => None,
        };
        let kind = match value {
            Bare::Null => Kind::Null,
            Bare::Bool(value) => Kind::Bool(value),
            Bare::Integer(value) => Kind::Integer(value),
            Bare::Large(value) => Kind::Large(value),
            Bare::Float(value) => Kind::Float(value),
            Bare::Text(value) => Kind::Text(value),
            Bare::List(items) => Kind::List(items.into_iter().map(|item| Self::dress(item, text)).collect()),
            Bare::Map(entries) => {
                let dressed = entries.into_iter().map(|(name, item)| (name, Self::dress(item, text)));
                Kind::Map(dressed.collect())
            }
        };
        Self { kind, line: referenced.line(), column: referenced.column(), raw }
    }

    /// What kind of value it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Integer(_) | Kind::Large(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The text of a scalar, as it stands in the file.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
            _ => self.raw.as_deref(),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(other, _)| **other == *name).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// What a parser says, without the place, which stands before it, and without advice for programmers.
pub(super) fn plain(sentence: &str) -> String {
    let said = sentence.rsplit_once(" at line ").map_or(sentence, |(said, _)| said);
    let said = said.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    said.replace("sequence", "list").replace("struct ", "").replace('`', "")
}

fn slice(text: &str, location: Location) -> Option<Box<str>> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
    text.get(start..end).map(|raw| raw.trim().into())
}

/// A value before its text is looked up.
enum Bare {
    Null,
    Bool(bool),
    Integer(i64),
    Large(u64),
    Float(f64),
    Text(Box<str>),
    List(Vec<Spanned<Bare>>),
    Map(Vec<(Box<str>, Spanned<Bare>)>),
}

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Bare, E> {
        Ok(Bare::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Bare, E> {
        Ok(Bare::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Bare, E> {
        Ok(Bare::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Bare, E> {
        Ok(Bare::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Bare, E> {
        Ok(i64::try_from(value).map_or(Bare::Large(value), Bare::Integer))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Bare, E> {
        Ok(Bare::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Bare, E> {
        Ok(Bare::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bare, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Bare::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            entries.push((name.into_boxed_str(), map.next_value()?));
        }
        Ok(Bare::Map(entries))
    }
}
