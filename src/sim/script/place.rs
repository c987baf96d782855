//! A place in a file and what can be read there; whatever does not fit is told and the reading goes on.

use std::fmt;

use serde::de::DeserializeOwned;

use super::node::{Kind, Node};
use super::typed;
use crate::error::Diagnostic;
use crate::model::Name;
use crate::time::Span;

/// The longest id or name that an engine takes.
const MOST_NAME: usize = 256;

/// A node, and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    up: Option<&'p Place<'p>>,
    part: Part<'p>,
    pub(super) node: &'p Node,
}

#[derive(Clone, Copy)]
enum Part<'p> {
    File(&'p str),
    Field(&'p str),
    Item(usize),
}

/// All problems that were found so far.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Diagnostic>);

impl Problems {
    pub(super) fn tell(
        &mut self,
        code: &'static str,
        place: impl fmt::Display,
        sentence: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.0.push(Diagnostic::new(code, place.to_string(), sentence, next));
    }
}

impl<'p> Place<'p> {
    pub(super) fn file(name: &'p str, node: &'p Node) -> Self {
        Self { up: None, part: Part::File(name), node }
    }

    /// The field of a map; nothing where it is absent or empty.
    pub(super) fn get(&'p self, name: &'p str) -> Option<Place<'p>> {
        let node = self.node.field(name).filter(|node| !node.is_null())?;
        Some(Place { up: Some(self), part: Part::Field(name), node })
    }

    /// The field of a map that must be there.
    pub(super) fn need(&'p self, name: &'p str, problems: &mut Problems) -> Option<Place<'p>> {
        let found = self.get(name);
        if found.is_none() && matches!(self.node.kind, Kind::Map(_)) {
            problems.tell("S005", self, format!("{name} is missing"), format!("add {name}"));
        }
        found
    }

    /// Whether it is a map of these fields and no others; what is not is told.
    pub(super) fn is_map_of(&self, known: &[&str], problems: &mut Problems) -> bool {
        let Kind::Map(entries) = &self.node.kind else {
            self.misfit("a map", problems);
            return false;
        };
        for (name, node) in entries {
            if !known.contains(&&**name) {
                let place = Place { up: Some(self), part: Part::Field(name), node };
                problems.tell(
                    "S004",
                    place,
                    format!("the field {name} is unknown"),
                    format!("use one of {}", known.join(", ")),
                );
            }
        }
        true
    }

    /// The entries of a map with names of the author's own.
    pub(super) fn entries(&'p self, problems: &mut Problems) -> Vec<(&'p str, Place<'p>)> {
        match &self.node.kind {
            Kind::Map(entries) => entries
                .iter()
                .map(|(name, node)| (&**name, Place { up: Some(self), part: Part::Field(name), node }))
                .collect(),
            _ => {
                self.misfit("a map", problems);
                Vec::new()
            }
        }
    }

    /// The items of a list; one value without brackets is a list of one.
    pub(super) fn items(&'p self) -> Vec<Place<'p>> {
        match &self.node.kind {
            Kind::List(items) => items
                .iter()
                .enumerate()
                .map(|(number, node)| Place { up: Some(self), part: Part::Item(number), node })
                .collect(),
            _ => vec![*self],
        }
    }

    fn misfit(&self, expected: &str, problems: &mut Problems) {
        let sentence = format!("{expected} is expected here and {} was found", self.node.what());
        problems.tell("S006", self, sentence, "mend it there");
    }

    pub(super) fn text(&self, problems: &mut Problems) -> Option<&'p str> {
        let text = self.node.text();
        if text.is_none() {
            self.misfit("a text", problems);
        }
        text
    }

    /// An id or a name: not blank, and not longer than an engine takes.
    pub(super) fn name(&self, problems: &mut Problems) -> Option<Name> {
        let text = self.text(problems)?;
        self.check_name(text, problems).then(|| text.into())
    }

    pub(super) fn check_name(&self, text: &str, problems: &mut Problems) -> bool {
        if text.trim().is_empty() {
            problems.tell("S007", self, "the name is empty", "write it, or leave the field out");
        } else if text.len() > MOST_NAME {
            let sentence = format!("the name has {} bytes and the limit is {MOST_NAME}", text.len());
            problems.tell("S007", self, sentence, "shorten it");
        } else {
            return true;
        }
        false
    }

    /// One name without brackets, or a list of them.
    pub(super) fn names(&self, problems: &mut Problems) -> Vec<Name> {
        self.items().iter().filter_map(|item| item.name(problems)).collect()
    }

    pub(super) fn span(&self, problems: &mut Problems) -> Option<Span> {
        match self.text(problems)?.parse::<Span>() {
            Ok(span) if !span.is_zero() => Some(span),
            Ok(_) => {
                problems.tell("S006", self, "the span is no time at all", "write it as 45m, 2h or 3d");
                None
            }
            Err(error) => {
                let (sentence, next) = advised(&error.to_string());
                problems.tell("S006", self, sentence, next);
                None
            }
        }
    }

    pub(super) fn count(&self, problems: &mut Problems) -> Option<usize> {
        match self.node.kind {
            Kind::Integer(number) if number >= 1 => usize::try_from(number).ok(),
            _ => {
                self.misfit("a whole number from 1", problems);
                None
            }
        }
    }

    /// Any type that says itself what it expects.
    pub(super) fn typed<T: DeserializeOwned>(
        &self,
        code: &'static str,
        problems: &mut Problems,
    ) -> Option<T> {
        match typed::read(self.node) {
            Ok(value) => Some(value),
            Err(misfit) => {
                let place = Placed { place: self, at: misfit.place };
                let (sentence, next) = advised(&misfit.to_string());
                problems.tell(code, place, sentence, next);
                None
            }
        }
    }

    /// The way to it without its line, for what says more exactly where.
    pub(super) fn origin(&self) -> String {
        struct Path<'p>(&'p Place<'p>);
        impl fmt::Display for Path<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.path(f)
            }
        }
        Path(self).to_string()
    }

    fn path(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.up, self.part) {
            (_, Part::File(name)) => f.write_str(name),
            (Some(up), Part::Field(name)) => {
                up.path(f)?;
                f.write_str(if matches!(up.part, Part::File(_)) { " " } else { "." })?;
                f.write_str(name)
            }
            (Some(up), Part::Item(number)) => {
                up.path(f)?;
                f.write_str(if matches!(up.part, Part::File(_)) { " " } else { "" })?;
                write!(f, "[{number}]")
            }
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Placed { place: self, at: None }.fmt(f)
    }
}

/// A sentence with its own advice, in two parts.
pub(super) fn advised(sentence: &str) -> (String, String) {
    let (sentence, next) = sentence.split_once("; ").unwrap_or((sentence, "mend it there"));
    (sentence.to_owned(), next.to_owned())
}

/// A place, and a more exact line within it.
struct Placed<'p> {
    place: &'p Place<'p>,
    at: Option<(u64, u64)>,
}

impl fmt::Display for Placed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.path(f)?;
        let (line, column) = self.at.unwrap_or((self.place.node.line, self.place.node.column));
        write!(f, " line {line} column {column}")
    }
}
