//! From a definition to a journey, or to every problem that it has.

mod call;
mod head;
mod hours;
mod node;
mod offer;
mod trigger;
mod undo;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveTime;

pub(super) use crate::rule::nearest;

use super::definition::{JourneyDefinition, MOST_AT_ONCE, MOST_DEFINITION};
use super::graph::Shape;
use super::{Journey, Node, Target};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Hash, Name, NodeId, is_one_line};
use crate::rule::{Predicate, PredicateDefinition};
use crate::time::{Offset, Span};

/// The word for the following step, where a target is mandatory.
const NEXT: &str = "next";
/// How many misspelt targets are compared with every name; a file with more has another problem.
const MOST_SUGGESTIONS: usize = 20;

pub(super) fn compile(definition: &JourneyDefinition) -> Result<Journey, BuildError> {
    Compiler::new(definition).journey()
}

struct Compiler<'d> {
    definition: &'d JourneyDefinition,
    index: BTreeMap<NodeId, usize>,
    names: Vec<NodeId>,
    problems: Vec<Diagnostic>,
    suggestions: usize,
}

impl<'d> Compiler<'d> {
    fn new(definition: &'d JourneyDefinition) -> Self {
        Self { definition, index: BTreeMap::new(), names: Vec::new(), problems: Vec::new(), suggestions: 0 }
    }

    fn problem(
        &mut self,
        code: &'static str,
        place: &str,
        sentence: impl Into<String>,
        next: impl Into<String>,
    ) {
        let place = if place.is_empty() {
            self.definition.journey.clone()
        } else {
            format!("{}/{place}", self.definition.journey)
        };
        self.problems.push(Diagnostic::new(code, place, sentence, next));
    }

    /// Lets a rule collect its problems under the journey's own place.
    fn collect<T>(&mut self, place: &str, with: impl FnOnce(&str, &mut Vec<Diagnostic>) -> T) -> T {
        with(&format!("{}/{place}", self.definition.journey), &mut self.problems)
    }

    fn journey(mut self) -> Result<Journey, BuildError> {
        let definition = self.definition;
        let encoded = serde_json::to_vec(definition).unwrap_or_default();
        if encoded.len() > MOST_DEFINITION {
            let sentence =
                format!("the definition has {} bytes and the limit is {MOST_DEFINITION}", encoded.len());
            self.problem("J034", "", sentence, "split the journey in two");
        }
        let head = self.head();
        let entries = self.entries();
        let exits = self.exits();
        self.name_steps();
        let mut nodes: Vec<Option<Node>> =
            (0..).zip(&definition.steps).map(|(step, definition)| self.node(step, definition)).collect();
        if self.problems.is_empty() {
            self.shape(&nodes);
        }
        let mut undoing = self.undoing(&mut nodes);
        self.releases(&mut nodes, &mut undoing);
        let door = definition.cap.as_ref().map_or(0, |cap| self.door(cap, &mut nodes, &mut undoing));
        let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
        match nodes {
            Some(nodes) if self.problems.is_empty() => Ok(Journey {
                id: definition.journey.as_str().into(),
                version: definition.version,
                hash: Hash::of("journey", &[&encoded]),
                definition: Arc::new(definition.clone()),
                zone: head.zone,
                window: head.window,
                holdout: head.holdout,
                spacing: definition.spacing.unwrap_or_default(),
                late: definition.late,
                entries,
                exits,
                reentry: head.reentry,
                max_duration: definition.max_duration,
                undoing,
                door,
                nodes,
                index: self.index,
            }),
            _ => Err(BuildError { diagnostics: self.problems }),
        }
    }

    /// Refuses a span made in Rust that would not read back from a file, and so not from a store.
    fn span(&mut self, span: Span, place: &str) {
        if span.to_string().parse() != Ok(span) {
            let sentence = "the span is longer than a hundred years, or counts parts of a second";
            self.problem("J043", place, sentence, "write it as 45m, 2h, 3d, 1w, 1mo or 1d12h");
        }
    }

    fn name_steps(&mut self) {
        for (step, definition) in self.definition.steps.iter().enumerate() {
            let name = definition.id.clone().unwrap_or_else(|| format!("step-{}", step + 1));
            let place = format!("steps[{step}].id");
            if name.trim().is_empty() || name == NEXT || name.len() > 128 || !is_one_line(&name) {
                let sentence = format!("a step cannot be called {name:?}");
                self.problem("J009", &place, sentence, "choose a name of 1 to 128 letters other than next");
            }
            let name = NodeId::from(name);
            if let Some(first) = self.index.get(&name).copied() {
                let sentence = format!("the name {name} is taken by steps[{first}]");
                self.problem("J008", &place, sentence, "rename one of them");
            } else {
                self.index.insert(name.clone(), step);
            }
            self.names.push(name);
        }
    }

    /// Refuses an offset made in Rust that would not read back from a file.
    fn offset(&mut self, offset: Option<Offset>, place: &str) -> Offset {
        let offset = offset.unwrap_or_default();
        self.span(offset.span(), &format!("{place}.offset"));
        offset
    }

    /// A name that must be there.
    fn named(&mut self, name: &str, place: &str, what: &str, example: &str) -> Name {
        if name.trim().is_empty() {
            self.problem(
                "J031",
                place,
                format!("the {what} has no name"),
                format!("name it, such as {example}"),
            );
        }
        // In logs and in the head of a message such a one could pass for two.
        if !is_one_line(name) {
            let next = "write the name on one line";
            self.problem("J031", place, format!("the {what} holds a control character"), next);
        }
        name.into()
    }

    fn predicate(&mut self, definition: &PredicateDefinition, place: &str) -> Option<Predicate> {
        self.collect(place, |place, problems| Predicate::compile(definition, place, problems))
    }

    fn time_of_day(&mut self, text: Option<&str>, place: &str) -> Option<NaiveTime> {
        let text = text?;
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok();
        if time.is_none() {
            let next = "write it as HH:MM in quotes, such as \"09:30\"";
            self.problem("J041", place, format!("{text:?} is not a time of day"), next);
        }
        time
    }

    fn place(&self, step: usize) -> String {
        match &self.definition.steps[step].id {
            Some(id) => format!("steps[{step}] ({id})"),
            None => format!("steps[{step}]"),
        }
    }

    fn following(&self, step: usize) -> Target {
        (step + 1 < self.definition.steps.len()).then_some(step + 1)
    }

    /// A target by name; `next` is the following step.
    fn target(&mut self, step: usize, name: &str, place: &str) -> Target {
        if name == NEXT {
            return self.following(step);
        }
        match self.index.get(name).copied() {
            Some(target) => Some(target),
            None => {
                self.suggestions += 1;
                let known = self.index.keys().map(NodeId::as_str);
                let near = if self.suggestions <= MOST_SUGGESTIONS { nearest(name, known) } else { None };
                let next = match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => "name a step of this journey, or next".to_owned(),
                };
                self.problem("J011", place, format!("there is no step {name:?}"), next);
                None
            }
        }
    }

    fn shape(&mut self, nodes: &[Option<Node>]) {
        let shape = Shape {
            waits: nodes.iter().flatten().map(Node::passes_time).collect(),
            edges: nodes.iter().flatten().map(Node::edges).collect(),
        };
        for step in shape.unreachable() {
            let place = self.place(step);
            let next = "lead a goto to it, or take it away";
            self.problem("J010", &place, "no way leads to this step", next);
        }
        let circles = shape.circles();
        if let Some((step, length)) = shape.longest_rush().filter(|(_, length)| *length > MOST_AT_ONCE) {
            let place = self.place(step);
            let sentence =
                format!("from here {length} steps follow without a wait and the limit is {MOST_AT_ONCE}");
            self.problem("J042", &place, sentence, "put a wait between them");
        }
        for circle in circles {
            let place = self.place(circle[0]);
            let names: Vec<&str> = circle.iter().map(|step| self.names[*step].as_str()).collect();
            let sentence = format!("no time passes in the circle {}", names.join(", "));
            self.problem("J012", &place, sentence, "put a wait into it; wait_until alone can pass at once");
        }
    }
}

/// A lower bound of a span, whatever the calendar.
fn least_milliseconds(span: Span) -> u64 {
    let days = u64::from(span.months) * 28 + u64::from(span.days);
    (days * 86_400_000).saturating_add(span.milliseconds)
}

/// An upper bound of a span, whatever the calendar.
fn most_milliseconds(span: Span) -> u64 {
    let days = u64::from(span.months) * 31 + u64::from(span.days);
    (days * 86_400_000).saturating_add(span.milliseconds)
}
