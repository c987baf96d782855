//! From a definition to a journey, or to every problem that it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveTime;

use super::definition::{
    BranchDefinition, JourneyDefinition, MOST_AT_ONCE, MOST_DEFINITION, MOST_STEPS, Reenter, SendDefinition,
    StepDefinition, TriggerDefinition, WaitForDefinition, WaitUntilDefinition,
};
use super::graph::Shape;
use super::{Alternative, Entry, Exit, Journey, Node, NodeKind, Target};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Hash, Name, NodeId};
use crate::rule::predicate::{Filter, Predicate};
use crate::time::{Span, Zone};

/// The word for the following step, where a target is mandatory.
const NEXT: &str = "next";
/// How many misspelt targets are compared with every name; a file with more has another problem.
const MOST_SUGGESTIONS: usize = 20;
/// The longest name that is compared with others.
const MOST_COMPARED: usize = 48;

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
        self.head();
        let zone = definition.zone.as_deref().and_then(|name| match Zone::named(name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let sentence = format!("the time zone {name:?} is unknown");
                self.problem(
                    "J029",
                    "zone",
                    sentence,
                    "use an IANA name such as Europe/Paris, or leave it out",
                );
                None
            }
        });
        let entries = self.entries();
        let exits = self.exits();
        self.name_steps();
        let nodes: Vec<Option<Node>> =
            (0..).zip(&definition.steps).map(|(step, definition)| self.node(step, definition)).collect();
        if self.problems.is_empty() {
            self.shape(&nodes);
        }
        let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
        match nodes {
            Some(nodes) if self.problems.is_empty() => Ok(Journey {
                id: definition.journey.as_str().into(),
                version: definition.version,
                hash: Hash::of("journey", &[&encoded]),
                definition: Arc::new(definition.clone()),
                zone,
                entries,
                exits,
                reenter: definition.reenter,
                max_duration: definition.max_duration,
                nodes,
                index: self.index,
            }),
            _ => Err(BuildError { diagnostics: self.problems }),
        }
    }

    fn head(&mut self) {
        let definition = self.definition;
        let allowed = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_' | '.')
        };
        let name = &definition.journey;
        if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
            let sentence = "the name of a journey has from 1 to 128 small letters, digits, -, _ and .";
            self.problem("J002", "journey", sentence, "rename it, such as welcome-prospects");
        }
        if definition.version == 0 {
            self.problem("J003", "version", "versions count from 1", "write version: 1");
        }
        if definition.steps.is_empty() {
            self.problem("J004", "steps", "the journey has no steps", "add at least one step");
        }
        if definition.steps.len() > MOST_STEPS {
            let sentence =
                format!("the journey has {} steps and the limit is {MOST_STEPS}", definition.steps.len());
            self.problem("J005", "steps", sentence, "split it into several journeys");
        }
        if definition.max_duration.is_some_and(|span| span.is_zero()) {
            self.problem(
                "J030",
                "max_duration",
                "the longest stay is no time at all",
                "write a span such as 8d",
            );
        }
        if let Some(span) = definition.max_duration {
            self.span(span, "max_duration");
        }
        if let Reenter::After(span) = definition.reenter {
            self.span(span, "reenter.after");
        }
        if matches!(definition.reenter, Reenter::After(span) if span.is_zero()) {
            self.problem(
                "J038",
                "reenter.after",
                "the span is no time at all",
                "write always, or a span such as 1mo",
            );
        }
    }

    /// Refuses a span made in Rust that would not read back from a file, and so not from a store.
    fn span(&mut self, span: Span, place: &str) {
        if span.to_string().parse() != Ok(span) {
            let sentence = "the span is longer than a hundred years, or counts parts of a second";
            self.problem("J043", place, sentence, "write it as 45m, 2h, 3d, 1w, 1mo or 1d12h");
        }
    }

    fn entries(&mut self) -> Vec<Entry> {
        let entries = self.definition.enter.as_slice();
        if entries.is_empty() {
            self.problem("J013", "enter", "nobody can enter the journey", "add enter: { on: { event: … } }");
        }
        let mut compiled = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let place = if entries.len() == 1 { "enter".to_owned() } else { format!("enter[{number}]") };
            let (event, filter) = self.trigger(&entry.on, &format!("{place}.on"));
            let when = entry.when.as_ref().and_then(|definition| {
                self.collect(&format!("{place}.if"), |place, problems| {
                    Predicate::compile(definition, place, problems)
                })
            });
            compiled.push(Entry { event, filter, when });
        }
        compiled
    }

    fn exits(&mut self) -> Vec<Exit> {
        let mut compiled: Vec<Exit> = Vec::with_capacity(self.definition.exit.len());
        for (number, exit) in self.definition.exit.iter().enumerate() {
            let place = format!("exit[{number}]");
            let (event, filter) = self.trigger(&exit.on, &format!("{place}.on"));
            if compiled.iter().any(|other| other.event == event && other.filter == filter) {
                let sentence =
                    format!("an earlier exit has the same event {event:?} and the same conditions");
                self.problem("J039", &place, sentence, "take one of them away");
            }
            compiled.push(Exit { event, filter, kind: exit.kind });
        }
        compiled
    }

    fn trigger(&mut self, definition: &TriggerDefinition, place: &str) -> (Name, Filter) {
        self.event(&definition.event, place);
        let filter = self.collect(&format!("{place}.where"), |place, problems| {
            Filter::compile(&definition.filter, place, problems)
        });
        (definition.event.as_str().into(), filter)
    }

    fn event(&mut self, name: &str, place: &str) {
        if name.trim().is_empty() {
            let next = "name it, such as call.booked";
            self.problem("J031", &format!("{place}.event"), "the event has no name", next);
        }
    }

    fn name_steps(&mut self) {
        for (step, definition) in self.definition.steps.iter().enumerate() {
            let name = definition.id.clone().unwrap_or_else(|| format!("step-{}", step + 1));
            let place = format!("steps[{step}].id");
            if name.trim().is_empty() || name == NEXT || name.len() > 128 {
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

    fn node(&mut self, step: usize, definition: &StepDefinition) -> Option<Node> {
        let place = self.place(step);
        let given = [
            ("send", definition.send.is_some()),
            ("wait", definition.wait.is_some()),
            ("wait_until", definition.wait_until.is_some()),
            ("wait_for", definition.wait_for.is_some()),
            ("branch", definition.branch.is_some()),
            ("exit", definition.exit.is_some()),
        ];
        let actions: Vec<&str> =
            given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        if actions.is_empty() {
            let next = "add one of send, wait, wait_until, wait_for, branch, exit";
            self.problem("J006", &place, "the step does nothing", next);
            return None;
        }
        if actions.len() > 1 {
            let sentence = format!("the step does {} things: {}", actions.len(), actions.join(", "));
            self.problem("J007", &place, sentence, "make them separate steps");
            return None;
        }
        let next = match &definition.goto {
            Some(_) if definition.branch.is_some() || definition.exit.is_some() => {
                let sentence = format!("goto has no effect beside {}", actions[0]);
                self.problem("J032", &format!("{place}.goto"), sentence, "take goto away");
                None
            }
            Some(name) => self.target(step, name, &format!("{place}.goto")),
            None => self.following(step),
        };
        let kind = if let Some(send) = &definition.send {
            self.send(step, send, &format!("{place}.send"))
        } else if let Some(span) = definition.wait {
            self.wait(span, &format!("{place}.wait"))
        } else if let Some(until) = &definition.wait_until {
            self.wait_until(until, &format!("{place}.wait_until"))
        } else if let Some(wait) = &definition.wait_for {
            self.wait_for(step, wait, next, &format!("{place}.wait_for"))
        } else if let Some(branch) = &definition.branch {
            self.branch(step, branch, &format!("{place}.branch"))
        } else {
            let name = definition.exit.as_deref().unwrap_or_default();
            if name.trim().is_empty() {
                self.problem(
                    "J040",
                    &format!("{place}.exit"),
                    "the exit has no name",
                    "name it, such as completed",
                );
            }
            Some(NodeKind::Exit { name: name.into() })
        };
        Some(Node { id: self.names[step].clone(), kind: kind?, next })
    }

    fn send(&mut self, step: usize, send: &SendDefinition, place: &str) -> Option<NodeKind> {
        let mut part = |code, field: &str, value: &Option<String>, next: &str| match value
            .as_deref()
            .map(str::trim)
        {
            Some(value) if !value.is_empty() => Some(Name::from(value)),
            _ => {
                self.problem(code, &format!("{place}.{field}"), format!("the send names no {field}"), next);
                None
            }
        };
        let channel = part("J015", "channel", &send.channel, "add channel, such as email");
        let template = part("J016", "template", &send.template, "add template: the name of what is said");
        let purpose = part("J014", "purpose", &send.purpose, "add purpose: consent is asked for it");
        let refused = send.refused.as_ref().map(|name| self.target(step, name, &format!("{place}.refused")));
        Some(NodeKind::Send { channel: channel?, template: template?, purpose: purpose?, refused })
    }

    fn wait(&mut self, span: Span, place: &str) -> Option<NodeKind> {
        if span.is_zero() {
            self.problem("J020", place, "the wait is no time at all", "write a span such as 2h or 3d");
        }
        self.span(span, place);
        Some(NodeKind::Wait { span })
    }

    fn wait_until(&mut self, until: &WaitUntilDefinition, place: &str) -> Option<NodeKind> {
        if until.entry.is_none() && until.time.is_none() {
            self.problem(
                "J021",
                place,
                "nothing says until when",
                "add entry: a span, or time: a time of day, or both",
            );
        }
        let time = until.time.as_deref().and_then(|text| match NaiveTime::parse_from_str(text, "%H:%M") {
            Ok(time) => Some(time),
            Err(_) => {
                let sentence = format!("{text:?} is not a time of day");
                self.problem(
                    "J041",
                    &format!("{place}.time"),
                    sentence,
                    "write it as HH:MM in quotes, such as \"09:30\"",
                );
                None
            }
        });
        if let Some(entry) = until.entry {
            self.span(entry, &format!("{place}.entry"));
        }
        if let (Some(entry), Some(most)) = (until.entry, self.definition.max_duration)
            && least_milliseconds(entry) >= most_milliseconds(most)
        {
            let sentence = format!("the journey ends {most} after the entry, before this wait of {entry}");
            let next = "lengthen max_duration, or shorten the wait";
            self.problem("J037", &format!("{place}.entry"), sentence, next);
        }
        Some(NodeKind::WaitUntil { entry: until.entry, time })
    }

    fn wait_for(
        &mut self,
        step: usize,
        wait: &WaitForDefinition,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        if wait.any.is_empty() || wait.any.len() > 100 {
            let sentence = format!("a wait has from 1 to 100 events, this one has {}", wait.any.len());
            self.problem("J022", &format!("{place}.any"), sentence, "name the events");
        }
        let mut alternatives = Vec::with_capacity(wait.any.len());
        for (number, event) in wait.any.iter().enumerate() {
            let place = format!("{place}.any[{number}]");
            self.event(&event.event, &place);
            let filter = self.collect(&format!("{place}.where"), |place, problems| {
                Filter::compile(&event.filter, place, problems)
            });
            let next =
                event.goto.as_ref().map_or(next, |name| self.target(step, name, &format!("{place}.goto")));
            alternatives.push(Alternative { event: event.event.as_str().into(), filter, next });
        }
        let within = wait.within.filter(|span| !span.is_zero());
        if within.is_none() {
            let next = "add within: a span such as 2d, so that nobody waits for ever";
            self.problem("J023", &format!("{place}.within"), "the wait has no longest time", next);
        }
        if let Some(within) = within {
            self.span(within, &format!("{place}.within"));
        }
        let otherwise = match &wait.otherwise {
            Some(name) => self.target(step, name, &format!("{place}.otherwise")),
            None => self.following(step),
        };
        Some(NodeKind::WaitFor { alternatives, within: within?, otherwise })
    }

    fn branch(&mut self, step: usize, branch: &BranchDefinition, place: &str) -> Option<NodeKind> {
        if branch.when.is_empty() {
            self.problem(
                "J024",
                &format!("{place}.when"),
                "the branch has no ways",
                "add when: [{ if: …, goto: … }]",
            );
        }
        let mut ways = Vec::with_capacity(branch.when.len());
        for (number, way) in branch.when.iter().enumerate() {
            let place = format!("{place}.when[{number}]");
            let target = self.target(step, &way.goto, &format!("{place}.goto"));
            let predicate = self.collect(&format!("{place}.if"), |place, problems| {
                Predicate::compile(&way.when, place, problems)
            });
            ways.extend(predicate.map(|predicate| (predicate, target)));
        }
        let otherwise = match &branch.otherwise {
            Some(name) => self.target(step, name, &format!("{place}.else")),
            None => {
                let next = "add else: the step for everybody else, or next";
                self.problem("J025", &format!("{place}.else"), "the branch has no else", next);
                None
            }
        };
        Some(NodeKind::Branch { ways, otherwise })
    }

    fn shape(&mut self, nodes: &[Option<Node>]) {
        let shape = Shape {
            waits: nodes.iter().flatten().map(|node| passes_time(&node.kind)).collect(),
            edges: nodes.iter().flatten().map(edges).collect(),
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

fn passes_time(kind: &NodeKind) -> bool {
    matches!(kind, NodeKind::Wait { .. } | NodeKind::WaitFor { .. })
}

fn edges(node: &Node) -> Vec<usize> {
    let mut targets: Vec<Target> = match &node.kind {
        NodeKind::Send { refused, .. } => vec![node.next, refused.unwrap_or(node.next)],
        NodeKind::Wait { .. } | NodeKind::WaitUntil { .. } => vec![node.next],
        NodeKind::WaitFor { alternatives, otherwise, .. } => {
            alternatives.iter().map(|alternative| alternative.next).chain([*otherwise]).collect()
        }
        NodeKind::Branch { ways, otherwise } => {
            ways.iter().map(|(_, target)| *target).chain([*otherwise]).collect()
        }
        NodeKind::Exit { .. } => Vec::new(),
    };
    targets.dedup();
    targets.into_iter().flatten().collect()
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

/// The name that an author most likely meant: the nearest by edit distance, if it is near at all.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    if length > MOST_COMPARED {
        return None;
    }
    let limit = (length / 3).max(1);
    known
        .filter(|other| other.chars().count().abs_diff(length) <= limit)
        .filter_map(|other| Some((edit_distance(name, other, limit)?, other)))
        .min()
        .map(|(_, other)| other)
}

/// How many letters must change, two that swapped their places counted once; `None` where it is above the limit.
fn edit_distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut before = None;
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let mut distance = (row[j] + usize::from(letter != *other)).min(row[j + 1] + 1).min(next[j] + 1);
            if j > 0 && before == Some(*other) && letter == b[j - 1] {
                distance = distance.min(above[j - 1] + 1);
            }
            next.push(distance);
        }
        if next.iter().chain(&row).all(|distance| *distance > limit) {
            return None;
        }
        above = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    Some(row[b.len()]).filter(|distance| *distance <= limit)
}
