//! A predicate is refused with reasons, or has one answer for one contact, and `not` is its complement.

use std::collections::BTreeSet;

use chrono::DateTime;
use journeyman::journey::{BranchDefinition, EntryDefinition, OneOrMany, TriggerDefinition};
use journeyman::journey::{JourneyDefinition, StepDefinition, WayDefinition};
use journeyman::machine::{ContactState, Envelope, InputKind, Program};
use journeyman::model::{Attributes, InputId, Name, StepOutcome};
use journeyman::rule::PredicateDefinition;
use journeyman::rule::predicate::MOST_DEPTH;
use journeyman::{Contact, Event, Journey};
use serde::Deserialize;

use super::definition::explained;
use super::draw::{Bytes, attribute_name, chance, event_name, predicate as draw, tag, value};

/// A question about somebody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "if")]
    asked: PredicateDefinition,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    tags: BTreeSet<Name>,
    #[serde(default)]
    events: Vec<Name>,
}

/// A case in JSON; bytes that do not begin as JSON does are drawn from.
pub fn predicate(data: &[u8]) -> bool {
    let case = match data.first() {
        Some(b'{') => match serde_json::from_slice(data) {
            Ok(case) => case,
            Err(_) => return false,
        },
        _ => drawn(&mut Bytes::new(data)),
    };
    let deep = depth(&case.asked) > MOST_DEPTH;
    let journey = match Journey::compile(&journey(&case.asked)) {
        Ok(journey) => journey,
        Err(error) => {
            explained(&error);
            assert!(!deep || error.diagnostics.iter().any(|problem| problem.code == "J027"), "{error}");
            return true;
        }
    };
    assert!(!deep, "deeper than {MOST_DEPTH}");
    let program = Program::of([journey]);
    let answer = ask(&program, &case);
    assert_eq!(ask(&program, &case), answer);
    let negated = case.asked.clone().negated();
    if let Ok(journey) = Journey::compile(&self::journey(&negated)) {
        assert_eq!(ask(&Program::of([journey]), &case), !answer, "not is the complement");
    }
    true
}

fn drawn(bytes: &mut Bytes<'_>) -> Case {
    let asked = draw(bytes, 6);
    let mut case = Case { asked, attributes: Attributes::new(), tags: BTreeSet::new(), events: Vec::new() };
    while !bytes.is_empty() && case.attributes.len() < 8 {
        case.attributes.insert(attribute_name(bytes).into(), value(bytes, 2));
        if chance(bytes, 30) {
            case.tags.insert(tag(bytes).into());
        }
        if chance(bytes, 30) {
            case.events.push(event_name(bytes).into());
        }
    }
    case
}

fn depth(asked: &PredicateDefinition) -> usize {
    let parts = asked.all.iter().chain(&asked.any).flatten().chain(asked.not.as_deref());
    1 + parts.map(depth).max().unwrap_or(0)
}

/// A journey that asks at its door and once more at a branch.
fn journey(asked: &PredicateDefinition) -> JourneyDefinition {
    let on = TriggerDefinition::event("asked");
    let way = WayDefinition { when: asked.clone(), goto: "next".to_owned() };
    let branch = BranchDefinition { when: vec![way], otherwise: Some("next".to_owned()), unknown: None };
    JourneyDefinition {
        journey: "question".to_owned(),
        version: 1,
        enter: OneOrMany::One(EntryDefinition { on, ..EntryDefinition::default() }),
        steps: vec![StepDefinition { branch: Some(branch), ..StepDefinition::default() }],
        ..JourneyDefinition::default()
    }
}

fn ask(program: &Program, case: &Case) -> bool {
    let now = DateTime::from_timestamp_millis(1_774_252_800_000).unwrap();
    let mut contact = Contact::new("lea");
    contact.attributes.clone_from(&case.attributes);
    contact.tags.clone_from(&case.tags);
    let asked: Name = "asked".into();
    let events =
        case.events.iter().chain([&asked]).map(|name| InputKind::Event(Event::new("lea", name.clone())));
    let told = [InputKind::Identify(contact)].into_iter().chain(events);
    let envelopes: Vec<Envelope> = (1..)
        .zip(told)
        .map(|(seq, kind)| Envelope::new(seq, InputId::from_place(&"lea".into(), seq), now, kind))
        .collect();
    let out = program.transition(ContactState::new("lea".into()), &envelopes, now);
    let mut answers = out.steps.iter().filter_map(|step| match step.outcome {
        StepOutcome::Branched { way } => Some(way.is_some()),
        _ => None,
    });
    answers.next_back().expect("the branch was reached")
}
