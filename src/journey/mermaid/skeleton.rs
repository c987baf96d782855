//! From a picture to a definition that compiles and shows its author what to fill in. It is made in its wire form, as an
//! author would write it.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::meaning::{Kind, Role, is_otherwise, roles};
use super::order::order;
use super::picture::{Edge, Picture};
use super::slug::{Names, journey_name, slug};
use crate::error::{BuildError, Diagnostic};
use crate::journey::definition::{JourneyDefinition, MOST_AT_ONCE};
use crate::journey::graph::Shape;
use crate::journey::{Journey, Target};
use crate::time::Span;

/// The most ways out of one node, the last resort aside; a `wait_for` has no more events.
const MOST_WAYS: usize = 100;
/// The longest label that is a value of an attribute; with the longest name before it, it is still a label.
const MOST_VALUE: usize = 300;
/// How long a stage is waited for, until its author says better.
const WITHIN: Span = Span::days(30);

pub(super) fn definition(picture: &Picture) -> Result<JourneyDefinition, BuildError> {
    let (ways, ins) = edges(picture)?;
    let roles = roles(picture, &ways, &ins);
    let mut sketch = Sketch::new(&roles, &ways);
    if sketch.steps.is_empty() {
        let next = "draw at least one node, such as A[Call] --> B[Contract]";
        return Err(BuildError::of(Diagnostic::new("J068", "flowchart", "the flowchart has no steps", next)));
    }
    let first = sketch.begin()?;
    let order = sketch.order(first);
    sketch.let_time_pass();
    let mut wire = head(picture, &roles, &sketch.steps[first].name);
    let steps: Vec<Json> = (0..order.len()).map(|place| sketch.written(&order, place)).collect();
    wire.insert("steps".to_owned(), steps.into());
    let definition: JourneyDefinition = serde_json::from_value(wire.into()).map_err(|error| {
        let next = "write the journey by hand";
        BuildError::of(Diagnostic::new("J001", "flowchart", error.to_string(), next))
    })?;
    // Whatever else is wrong, the reader of a picture learns now and not when it is published.
    Journey::compile(&definition).map(|_| definition)
}

/// The ways out of every node, each once, and how many lead into it.
fn edges(picture: &Picture) -> Result<(Vec<Vec<Edge>>, Vec<usize>), BuildError> {
    let mut ways: Vec<Vec<Edge>> = vec![Vec::new(); picture.nodes.len()];
    let mut ins = vec![0; picture.nodes.len()];
    let mut seen = BTreeSet::new();
    for edge in picture.edges.iter().filter(|edge| seen.insert(*edge)) {
        ways[edge.from].push(edge.clone());
        ins[edge.to] += 1;
    }
    let mut problems = Vec::new();
    for (node, ways) in picture.nodes.iter().zip(&ways) {
        let number = ways.iter().filter(|way| !is_otherwise(&way.label)).count();
        if number > MOST_WAYS {
            let sentence = format!("the node has {number} ways out and the limit is {MOST_WAYS}");
            let place = format!("node {}", super::reader::quoted(&node.id));
            problems.push(Diagnostic::new("J066", place, sentence, "put nodes between them"));
        }
    }
    BuildError::unless_empty(problems).map(|()| (ways, ins))
}

fn head(picture: &Picture, roles: &[Role], first: &str) -> Map<String, Json> {
    let journey = picture.title.as_deref().and_then(journey_name).unwrap_or_else(|| "imported".to_owned());
    let mut head = Map::from_iter([("journey".to_owned(), journey.into()), ("version".to_owned(), 1.into())]);
    let (mut doors, mut exits) = (Vec::new(), Vec::new());
    for (role, node) in roles.iter().zip(&picture.nodes) {
        match role {
            Role::Door(event) => {
                let own = Some(slug(&node.label)).filter(|name| !name.is_empty());
                let event = event.clone().or(own).unwrap_or_else(|| "start".to_owned());
                doors.push(json!({ "on": { "event": event } }));
            }
            Role::Note { event, goal } => {
                let kind = if *goal { "goal" } else { "exit" };
                exits.push(json!({ "on": { "event": event }, "as": kind }));
            }
            Role::LongestStay(span) => {
                head.insert("max_duration".to_owned(), span.to_string().into());
            }
            Role::End | Role::Step(..) => {}
        }
    }
    let enter = match doors.as_slice() {
        [] => json!({ "on": { "event": format!("{first}.started") } }),
        [only] => only.clone(),
        _ => doors.into(),
    };
    head.insert("enter".to_owned(), enter);
    head.insert("exit".to_owned(), exits.into());
    head
}

/// A step on the way to its definition.
struct Step {
    name: String,
    kind: Kind,
    ways: Vec<Way>,
}

#[derive(Clone)]
struct Way {
    label: String,
    to: Target,
}

struct Sketch {
    steps: Vec<Step>,
    /// The step that the doors of the picture lead to.
    door: Option<usize>,
    names: Names,
}

impl Sketch {
    fn new(roles: &[Role], ways: &[Vec<Edge>]) -> Self {
        let mut sketch = Self { steps: Vec::new(), door: None, names: Names::default() };
        let mut index: Vec<Target> = vec![None; roles.len()];
        for (node, role) in roles.iter().enumerate() {
            let Role::Step(said, kind) = role else { continue };
            index[node] = Some(sketch.steps.len());
            sketch.add(&slug(said), kind.clone(), Vec::new());
        }
        for (node, role) in roles.iter().enumerate() {
            let mut out: Vec<Way> =
                ways[node].iter().map(|way| Way { label: way.label.clone(), to: index[way.to] }).collect();
            if let Role::Door(_) = role {
                sketch.door = out.first().and_then(|way| way.to);
            }
            let Some(step) = index[node].and_then(|step| sketch.steps.get_mut(step)) else { continue };
            // What the picture leads nowhere leads to the end of the journey.
            let ends = matches!(step.kind, Kind::Send(_) | Kind::Wait(_) | Kind::WaitUntil(_));
            if ends && out.iter().all(|way| !way.label.is_empty()) {
                out.push(Way { label: String::new(), to: None });
            }
            step.ways = out;
        }
        sketch
    }

    fn add(&mut self, name: &str, kind: Kind, ways: Vec<Way>) -> usize {
        let name = self.names.give(if name.is_empty() { "step" } else { name });
        self.steps.push(Step { name, kind, ways });
        self.steps.len() - 1
    }

    fn targets(&self) -> Vec<Vec<usize>> {
        self.steps.iter().map(|step| step.ways.iter().filter_map(|way| way.to).collect()).collect()
    }

    /// The first step: the one that leads to all others, or a question in front of those that nothing leads to.
    fn begin(&mut self) -> Result<usize, BuildError> {
        let targets = self.targets();
        let mut led = vec![false; targets.len()];
        targets.iter().flatten().for_each(|to| led[*to] = true);
        let unled = (0..targets.len()).filter(|step| !led[*step]);
        let mut reached = vec![false; targets.len()];
        let mut first = Vec::new();
        for start in self.door.into_iter().chain(unled).chain(0..targets.len()) {
            if reached[start] {
                continue;
            }
            first.push(start);
            let mut walk = vec![start];
            while let Some(step) = walk.pop() {
                if !std::mem::replace(&mut reached[step], true) {
                    walk.extend(targets[step].iter().copied());
                }
            }
        }
        if let [only] = first.as_slice() {
            return Ok(*only);
        }
        if first.len() > MOST_WAYS {
            let sentence =
                format!("the flowchart begins at {} nodes and the limit is {MOST_WAYS}", first.len());
            let next = "lead an arrow to every node but the first";
            return Err(BuildError::of(Diagnostic::new("J066", "flowchart", sentence, next)));
        }
        let ways = first.into_iter().map(|step| Way { label: String::new(), to: Some(step) }).collect();
        Ok(self.add("begin", Kind::Question, ways))
    }

    /// The steps in order. The end of the journey is the end of the list where only its last step leads there; else it is
    /// a step of its own.
    fn order(&mut self, first: usize) -> Vec<usize> {
        let sequence = order(&self.targets(), first);
        let ends = |step: &Step| step.ways.iter().any(|way| way.to.is_none());
        let others = sequence.split_last().map_or(&[][..], |(_, others)| others);
        if !others.iter().any(|step| ends(&self.steps[*step])) {
            return sequence;
        }
        let end = self.add("end", Kind::Exit(Some("completed".to_owned())), Vec::new());
        for way in self.steps.iter_mut().flat_map(|step| &mut step.ways) {
            way.to = way.to.or(Some(end));
        }
        order(&self.targets(), first)
    }

    /// A question takes no time; where a circle has nothing else, or a row is too long, its answer is waited for.
    fn let_time_pass(&mut self) {
        let circles = self.shape().circles();
        for step in circles.into_iter().flatten() {
            self.wait_for_answer(step);
        }
        if self.shape().longest_rush().is_some_and(|(_, length)| length > MOST_AT_ONCE) {
            (0..self.steps.len()).for_each(|step| self.wait_for_answer(step));
        }
    }

    fn shape(&self) -> Shape {
        let waits = |step: &Step| matches!(step.kind, Kind::Stage | Kind::WaitFor(_) | Kind::Wait(_));
        Shape { waits: self.steps.iter().map(waits).collect(), edges: self.targets() }
    }

    fn wait_for_answer(&mut self, step: usize) {
        let step = &mut self.steps[step];
        if step.kind == Kind::Question {
            step.kind = Kind::Stage;
        }
    }

    fn name(&self, to: Target) -> &str {
        to.map_or("next", |step| &self.steps[step].name)
    }

    /// The step at a place of the order, as an author would write it.
    fn written(&self, order: &[usize], place: usize) -> Json {
        let step = &self.steps[order[place]];
        let following = order.get(place + 1).copied();
        let labelled = |label: &str| step.ways.iter().find(|way| way.label == label).map(|way| way.to);
        let mut written = json!({ "id": step.name });
        let mut on = labelled("");
        match &step.kind {
            Kind::Send(send) => {
                written["send"] = send.clone();
                if let Some(to) = labelled("refused") {
                    written["send"]["refused"] = self.name(to).into();
                }
            }
            Kind::Wait(span) => written["wait"] = span.to_string().into(),
            Kind::WaitUntil(until) => written["wait_until"] = until.clone(),
            Kind::Exit(name) => written["exit"] = name.as_deref().unwrap_or(&step.name).into(),
            Kind::Question => {
                written["branch"] = self.branch(step);
                on = None;
            }
            Kind::Stage | Kind::WaitFor(_) => (written["wait_for"], on) = self.wait_for(step),
        }
        if let Some(to) = on.filter(|to| *to != following) {
            written["goto"] = self.name(to).into();
        }
        written
    }

    /// The ways of a step, and the one that is taken where nothing else is.
    fn split(step: &Step, last: bool) -> (Vec<&Way>, Option<&Way>) {
        let otherwise = step.ways.iter().position(|way| is_otherwise(&way.label));
        let otherwise = otherwise.or_else(|| step.ways.len().checked_sub(1).filter(|_| last));
        let others = step.ways.iter().enumerate().filter(|(place, _)| Some(*place) != otherwise);
        (others.map(|(_, way)| way).collect(), otherwise.and_then(|place| step.ways.get(place)))
    }

    /// A question asks for an attribute of its own name, and an edge says the value.
    fn branch(&self, step: &Step) -> Json {
        let (ways, otherwise) = Self::split(step, true);
        let mut seen = BTreeSet::new();
        let mut when: Vec<Json> = Vec::new();
        for way in ways {
            let own = way.label.strip_prefix(&step.name).and_then(|rest| rest.strip_prefix(" is "));
            let value = match own.unwrap_or(&way.label) {
                "" => way.to.map_or("end", |_| self.name(way.to)).to_owned(),
                long if long.chars().nth(MOST_VALUE).is_some() => slug(long),
                value => value.to_owned(),
            };
            if seen.insert((value.clone(), way.to)) {
                when.push(
                    json!({ "if": { "attribute": step.name, "is": value }, "goto": self.name(way.to) }),
                );
            }
        }
        json!({ "when": when, "else": otherwise.map(|way| self.name(way.to)) })
    }

    /// A stage waits for events of its own name: `.done`, or one for each way out. The last way is for those of whom
    /// nobody reports anything. Also returns where the step itself leads: where its only event does.
    fn wait_for(&self, step: &Step) -> (Json, Option<Target>) {
        let (ways, otherwise) = Self::split(step, false);
        let ways = if ways.is_empty() { otherwise.into_iter().collect() } else { ways };
        let mut names = Names::default();
        let events = ways.iter().map(|way| match step.kind {
            Kind::WaitFor(_) => way.label.clone(),
            _ => names.give(&format!("{}.{}", step.name, self.result(way, ways.len() == 1))),
        });
        let mut any: Vec<Json> = events.map(|event| json!({ "event": event })).collect();
        let on = match ways.as_slice() {
            [only] => Some(only.to),
            several => {
                for (one, way) in any.iter_mut().zip(several) {
                    one["goto"] = self.name(way.to).into();
                }
                None
            }
        };
        let last = otherwise.or_else(|| ways.last().copied()).and_then(|way| way.to);
        let within = match step.kind {
            Kind::WaitFor(within) => within,
            _ => WITHIN,
        };
        (json!({ "any": any, "within": within.to_string(), "otherwise": self.name(last) }), on)
    }

    /// What is reported of a stage that goes on by this way.
    fn result(&self, way: &Way, only: bool) -> String {
        match way.label.as_str() {
            label if only && (label.is_empty() || is_otherwise(label)) => "done".to_owned(),
            "" => way.to.map_or("end", |_| self.name(way.to)).to_owned(),
            label => Some(slug(label)).filter(|word| !word.is_empty()).unwrap_or_else(|| "way".to_owned()),
        }
    }
}
