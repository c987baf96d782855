//! What a node means: what the exporter wrote comes back as what it was, anything else is a stage or a question.

use chrono::NaiveTime;
use serde_json::{Value as Json, json};

use super::picture::{END, Edge, Node, Picture, Shape};
use crate::time::Span;

/// The longest phrase that is taken for the exporter's; with the longest name before it, it is still a label.
const MOST_PHRASE: usize = 300;

/// What becomes of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A stage that somebody reports as done.
    Stage,
    /// A question that the contact's attributes answer.
    Question,
    /// The exporter's `wait for …`: the labels of its edges are the events.
    WaitFor(Span),
    Wait(Span),
    /// Its wire form.
    WaitUntil(Json),
    /// Its wire form, without the way of a refusal.
    Send(Json),
    /// Ends the enrollment under this name, or under the node's own.
    Exit(Option<String>),
}

/// What a node stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// A door, by its event; `None` is an event of the node's own name.
    Door(Option<String>),
    /// An event that ends the journey from anywhere, and whether it is the goal.
    Note { event: String, goal: bool },
    /// The longest stay.
    LongestStay(Span),
    /// The end of the journey.
    End,
    /// A step: what its name is made from, and what it does.
    Step(String, Kind),
}

/// Whether a label leads the way that is taken where nothing else is.
pub(super) fn is_otherwise(label: &str) -> bool {
    label.eq_ignore_ascii_case("otherwise") || label.eq_ignore_ascii_case("else")
}

/// A name of an event that a label can hold beside other words.
fn is_event(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || matches!(letter, '{' | '['))
}

/// What every node stands for; `ways` are the edges out of each, `ins` counts those into it.
pub(super) fn roles(picture: &Picture, ways: &[Vec<Edge>], ins: &[usize]) -> Vec<Role> {
    let ends: Vec<bool> = (picture.nodes.iter().zip(ways))
        .map(|(node, ways)| node.shape == Shape::Stadium && ways.is_empty() && node.label == END)
        .collect();
    let one = |node: &Node, ways: &[Edge], ins: usize| match ways {
        _ if node.shape != Shape::Stadium || ins > 0 => None,
        [only] if only.label.is_empty() && !ends.get(only.to).copied().unwrap_or(true) => Some(only.to),
        _ => None,
    };
    let doors: Vec<Option<usize>> =
        picture.nodes.iter().zip(ways).zip(ins).map(|((node, ways), ins)| one(node, ways, *ins)).collect();
    // Every door of a journey leads to its first step.
    let mut first = doors.iter().flatten();
    let target = first.next().copied().filter(|target| first.all(|other| other == target));
    let mut roles = Vec::with_capacity(picture.nodes.len());
    for (place, node) in picture.nodes.iter().enumerate() {
        let (ways, ins) = (&ways[place], ins[place]);
        let alone = node.shape == Shape::Stadium && ways.is_empty() && ins == 0;
        roles.push(if ends[place] {
            Role::End
        } else if target.is_some() && doors[place] == target {
            let event = node.label.strip_prefix("enters on ").filter(|event| is_event(event));
            Role::Door(event.map(str::to_owned))
        } else if let Some(note) = note(&node.label).filter(|_| alone) {
            note
        } else {
            step(node, ways)
        });
    }
    roles
}

fn note(label: &str) -> Option<Role> {
    let said = label.strip_suffix(", from any step")?;
    if let Some(span) = said.strip_prefix("exit ").and_then(|rest| rest.strip_suffix(" after the entry")) {
        return real(span).map(Role::LongestStay);
    }
    let (event, goal) = match said.strip_prefix("goal on ") {
        Some(event) => (event, true),
        None => (said.strip_prefix("exit on ")?, false),
    };
    is_event(event).then(|| Role::Note { event: event.to_owned(), goal })
}

/// A step is `PHRASE`, `NAME: PHRASE`, or whatever an author wrote.
fn step(node: &Node, ways: &[Edge]) -> Role {
    let label = node.label.as_str();
    let named = label.split_once(": ");
    for (name, said) in [Some((label, label)), named].into_iter().flatten() {
        if said.chars().nth(MOST_PHRASE).is_some() {
            continue;
        }
        if let Some(kind) = phrase(node.shape, said, ways) {
            return Role::Step(name.to_owned(), kind);
        }
    }
    let kind = match (node.shape, ways.len()) {
        (_, 0) => Kind::Exit(None),
        (Shape::Rhombus, 2..) => Kind::Question,
        _ => Kind::Stage,
    };
    Role::Step(label.to_owned(), kind)
}

/// What the exporter means by a phrase. The shape and the ways must be the exporter's too, so that a stage that an author
/// calls `wait 2d` in a plain box stays a stage.
fn phrase(shape: Shape, said: &str, ways: &[Edge]) -> Option<Kind> {
    let straight = match ways {
        [] => true,
        [only] => only.label.is_empty(),
        _ => false,
    };
    match shape {
        Shape::Rectangle => send(said, ways).map(Kind::Send),
        Shape::Stadium if ways.is_empty() => {
            Some(Kind::Exit(Some(said.strip_prefix("exit ").filter(|name| !name.is_empty())?.to_owned())))
        }
        Shape::Rounded => {
            if let Some(until) = said.strip_prefix("wait until ").filter(|_| straight) {
                wait_until(until).map(Kind::WaitUntil)
            } else if let Some(rest) = said.strip_prefix("wait for ") {
                let events = ways.iter().filter(|way| !is_otherwise(&way.label));
                let number = events.clone().count();
                let told =
                    number > 0 && number + 1 >= ways.len() && events.clone().all(|way| is_event(&way.label));
                // A wait that looks back is another one, and no stage.
                let forward =
                    |events: &str| !events.ends_with(" since the entry") && !events.ends_with(" ever");
                let within = rest.rsplit_once(", at most ").filter(|(events, _)| forward(events));
                let within = within.and_then(|(_, span)| real(span));
                within.filter(|_| told).map(Kind::WaitFor)
            } else {
                real(said.strip_prefix("wait ").filter(|_| straight)?).map(Kind::Wait)
            }
        }
        Shape::Rhombus | Shape::Stadium => None,
    }
}

/// A span that a step can wait.
fn real(text: &str) -> Option<Span> {
    text.parse().ok().filter(|span: &Span| !span.is_zero())
}

fn send(said: &str, ways: &[Edge]) -> Option<Json> {
    let words: Vec<&str> = said.split(' ').collect();
    let ["send", channel, template, "for", purpose] = words.as_slice() else { return None };
    let plain = ways.iter().filter(|way| way.label.is_empty()).count();
    let refused = ways.iter().filter(|way| way.label == "refused").count();
    if plain + refused != ways.len() || plain > 1 || refused > 1 {
        return None;
    }
    Some(json!({ "channel": channel, "template": template, "purpose": purpose }))
}

fn wait_until(said: &str) -> Option<Json> {
    let clock = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").is_ok();
    let span = |text: &str| text.parse::<Span>().is_ok();
    match said.split(' ').collect::<Vec<_>>().as_slice() {
        ["entry", "+", entry] if span(entry) => Some(json!({ "entry": entry })),
        ["entry", "+", entry, "at", time] if span(entry) && clock(time) => {
            Some(json!({ "entry": entry, "time": time }))
        }
        [time] if clock(time) => Some(json!({ "time": time })),
        _ => None,
    }
}
