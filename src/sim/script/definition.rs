//! The journeys, templates and scores of a scenario: in its own text, or in files of theirs.

use serde::Deserialize;

use super::loader::{self, Loader};
use super::node::{Kind, Node};
use super::place::{Place, Problems};
use crate::error::Diagnostic;
use crate::journey::{JourneyDefinition, MOST_DEFINITION, StepDefinition};
use crate::model::Name;
use crate::port::store::Definition;
use crate::rule::TemplateDefinition;
use crate::rule::score::{History, ScoreDefinition};

/// A definition and where it was read.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) definition: Definition,
    pub(super) origin: Name,
}

impl Published {
    /// Puts the origin before the place of a problem.
    pub(super) fn found(&self, problem: Diagnostic) -> Diagnostic {
        let place = match &*self.origin {
            "" => problem.place,
            origin => format!("{origin} {}", problem.place),
        };
        Diagnostic { place, ..problem }
    }

    /// The channels that it sends by.
    pub(super) fn channels(&self) -> impl Iterator<Item = Name> {
        let steps = match &self.definition {
            Definition::Journey(journey) => journey.steps.as_slice(),
            _ => &[],
        };
        let named = |step: &StepDefinition| -> Option<Name> {
            let asks = step.call.as_ref().or(step.hand_over.as_ref()).map(|call| call.channel.as_str());
            let assigns = step.assign.as_ref().and_then(|assign| assign.channel.as_deref());
            let sends = step.send.as_ref().and_then(|send| send.channel.as_deref());
            let counts = step.reserve.as_ref().map(|one| one.quota.as_deref().unwrap_or("quota"));
            sends.or(asks).or(assigns).or(counts).map(Name::from)
        };
        let cap = match &self.definition {
            Definition::Journey(journey) => journey.cap.as_ref(),
            _ => None,
        };
        let cap = cap.map(|cap| Name::from(cap.quota.as_deref().unwrap_or("quota")));
        let sends = steps.iter().filter_map(|step| step.send.as_ref());
        let further = sends.flat_map(|send| send.channels.iter().map(|name| Name::from(name.as_str())));
        steps.iter().filter_map(named).chain(further).chain(cap)
    }
}

/// Every definition below a place: a definition or the name of a file, one or several.
pub(super) fn read(place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> Vec<Published> {
    let mut found = Vec::new();
    for item in place.items() {
        match &item.node.kind {
            Kind::Map(_) => found.extend(one(&item, loader, problems)),
            Kind::Text(path) => match loader(path) {
                Ok(text) => file(path, &text, loader, &mut found, problems),
                Err(error) => {
                    let why = loader::why(&error);
                    let sentence = format!("the file {path} cannot be read: {why}");
                    problems.tell("S002", item, sentence, "mend the path, which is relative to this file");
                }
            },
            _ => {
                let sentence = format!(
                    "a definition or the name of a file is expected here and {} was found",
                    item.node.what()
                );
                problems.tell("S006", item, sentence, "mend it there");
            }
        }
    }
    found
}

fn file(path: &str, text: &str, loader: Loader<'_>, found: &mut Vec<Published>, problems: &mut Problems) {
    if text.len() > MOST_DEFINITION {
        let sentence = format!("the file has {} bytes and the limit is {MOST_DEFINITION}", text.len());
        return problems.tell("J034", path, sentence, "split it in two");
    }
    let parsed = if path.ends_with(".json") { Node::parse_json(text) } else { Node::parse(text) };
    match parsed {
        Ok(node) => {
            let whole = Place::file(path, &node);
            for item in whole.items() {
                found.extend(one(&item, loader, problems));
            }
        }
        Err(unreadable) => {
            let place = match unreadable.place {
                Some((line, column)) => format!("{path} line {line} column {column}"),
                None => path.to_owned(),
            };
            problems.tell("J001", place, unreadable.sentence, "mend the definition there");
        }
    }
}

/// One definition; what it is called says what it is.
fn one(place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> Option<Published> {
    let definition = if place.node.field("template").is_some() {
        place.typed::<TemplateDefinition>("J001", problems).map(Definition::Template)
    } else if place.node.field("score").is_some() {
        score(place, loader, problems).map(Definition::Score)
    } else {
        place.typed::<JourneyDefinition>("J001", problems).map(Definition::Journey)
    };
    Some(Published { definition: definition?, origin: place.origin().into() })
}

/// A score as a file of scripts gives it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreInFile {
    score: String,
    file: String,
    #[serde(default)]
    history: History,
}

/// A score: its script stands there, or in a file of its own.
fn score(place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> Option<ScoreDefinition> {
    let Some(named) = place.get("file") else { return place.typed::<ScoreDefinition>("J001", problems) };
    let ScoreInFile { score, file, history } = place.typed("J001", problems)?;
    match loader(&file) {
        Ok(script) => {
            let definition = ScoreDefinition::new(score, script);
            Some(if history == History::Keep { definition.keeps() } else { definition })
        }
        Err(error) => {
            let why = loader::why(&error);
            let sentence = format!("the file {file} cannot be read: {why}");
            problems.tell("S002", named, sentence, "mend the path, which is relative to this file");
            None
        }
    }
}
