//! Where a running script puts what it declares, and every problem that it has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Dynamic, FnPtr, NativeCallContext, Position};

use crate::error::Diagnostic;
use crate::model::Name;
use crate::rule::score::Table;

/// The longest name, in bytes.
const MOST_NAME: usize = 128;
/// More problems than this help nobody.
pub(super) const MOST_PROBLEMS: usize = 32;

/// What is wrong with one call, without its place.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) sentence: String,
    pub(super) next: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, sentence: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), next: next.into() }
    }

    pub(super) fn at(self, place: String) -> Diagnostic {
        Diagnostic::new(self.code, place, self.sentence, self.next)
    }
}

/// What a call answers, or why it has no answer.
pub(super) type Answer = Result<Dynamic, Refusal>;

/// What a declaration answers, so that methods can say more about it.
#[derive(Clone, Debug)]
pub(super) enum Handle {
    /// A rule of the table, by its place.
    Rule(usize),
    /// A tier, by the order of declaration.
    Tier(usize),
    /// A mark, by its place.
    Mark(usize),
    /// A declaration about which nothing more can be said.
    Other,
}

/// What was refused and told of: whoever meets it says nothing more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused;

/// What a script declared so far.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) table: Table,
    /// The functions of `custom`, in order.
    pub(super) custom: Vec<(Name, FnPtr, Position)>,
    pub(super) problems: Vec<Diagnostic>,
    /// Where each name was declared first, by the kind of thing that it names.
    names: BTreeMap<(&'static str, Name), Position>,
    /// Scores that must lie within the bounds, which may be declared later.
    pub(super) reached: Vec<(Position, i64)>,
    /// What begins each place: empty for a script of its own.
    prefix: String,
    /// Where the call stands that is at work.
    pub(super) position: Position,
}

/// A desk that the functions of an engine share; it travels as the tag of the engine.
#[derive(Clone, Debug)]
pub(super) struct SharedDesk(Arc<Mutex<Desk>>);

impl SharedDesk {
    pub(super) fn new(prefix: &str) -> Self {
        Self(Arc::new(Mutex::new(Desk { prefix: prefix.into(), ..Desk::default() })))
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Desk) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Lets a call work at the desk; what it refuses is noted, and the script goes on, so that one run finds every problem.
pub(super) fn at_desk(
    context: &NativeCallContext<'_>,
    work: impl FnOnce(&mut Desk) -> Answer,
) -> Result<Dynamic, Box<rhai::EvalAltResult>> {
    let desk = context.tag().and_then(|tag| tag.read_lock::<SharedDesk>().map(|desk| desk.clone()));
    let Some(desk) = desk else { return Err("there is no desk".into()) };
    desk.with(|desk| {
        desk.position = context.call_position();
        match work(desk) {
            Ok(answer) => Ok(answer),
            // What follows from a problem that was told of is no problem of its own.
            Err(refusal) if refusal.code.is_empty() => Ok(Dynamic::from(Refused)),
            Err(refusal) => {
                let place = desk.place(desk.position);
                desk.problems.push(refusal.at(place));
                if desk.problems.len() >= MOST_PROBLEMS {
                    return Err("there are too many problems".into());
                }
                Ok(Dynamic::from(Refused))
            }
        }
    })
}

impl Desk {
    /// A place in the script, as an author finds it.
    pub(super) fn place(&self, position: Position) -> String {
        place(&self.prefix, position.line(), position.position())
    }

    /// Takes a name that nothing of this kind has yet.
    pub(super) fn name(&mut self, kind: &'static str, name: &Dynamic) -> Result<Name, Refusal> {
        let name = self.word(kind, name)?;
        if let Some(first) = self.names.get(&(kind, name.clone())) {
            let sentence = match kind {
                "decay" | "clamp" => format!("{kind} stands twice"),
                "once" => format!("once({}, ...) stands twice", quoted(&name)),
                _ => format!("the {kind} {} is declared twice", quoted(&name)),
            };
            let next = format!("take one away; the first stands at {}", self.place(*first));
            return Err(Refusal::new("R010", sentence, next));
        }
        self.names.insert((kind, name.clone()), self.position);
        Ok(name)
    }

    /// A name that may be used often, such as an event's.
    pub(super) fn word(&self, kind: &str, name: &Dynamic) -> Result<Name, Refusal> {
        if name.is::<Refused>() {
            return Err(again());
        }
        let Ok(text) = name.as_immutable_string_ref() else {
            let next = match name.read_lock::<super::field::Field>() {
                Some(field) => format!("write it in quotes: \"{}\"", field.name),
                None => format!("write the name of the {kind} in quotes"),
            };
            return Err(Refusal::new("R003", format!("the name of the {kind} is no text"), next));
        };
        if text.trim().is_empty() {
            return Err(Refusal::new("R012", format!("the name of the {kind} is empty"), "write the name"));
        }
        if text.len() > MOST_NAME {
            let sentence = format!("the name of the {kind} has {} bytes", text.len());
            return Err(Refusal::new("R012", sentence, format!("use at most {MOST_NAME}")));
        }
        Ok(text.as_str().into())
    }
}

/// A refusal that follows from one that was told of already.
pub(super) fn again() -> Refusal {
    Refusal::new("", "", "")
}

/// `line 1, position 5`, after what leads up to the script.
pub(super) fn place(prefix: &str, line: Option<usize>, position: Option<usize>) -> String {
    let gap = if prefix.is_empty() { "" } else { " " };
    match (line, position) {
        (Some(line), Some(position)) => format!("{prefix}{gap}line {line}, position {position}"),
        (Some(line), None) => format!("{prefix}{gap}line {line}, position 1"),
        _ => format!("{prefix}{gap}line 1, position 1"),
    }
}

/// A text in quotes, short enough to be read.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("{:?}", short + rest)
}
