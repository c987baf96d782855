//! The forms of a journey: file and builder agree, files read back, unknown fields are refused, the schema knows what
//! the reader knows; and whatever compile accepts comes to an end.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::Journey;
use journeyman::journey::{
    AlternativeDefinition, BranchDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition,
    MOST_AT_ONCE, OneOrMany, Reenter, SendDefinition, StepDefinition, TriggerDefinition, WaitForDefinition,
    WaitUntilDefinition, WayDefinition, json_schema, parse_json, parse_yaml,
};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, Transition};
use journeyman::model::{
    ContactId, Delivery, DeliveryStatus, Evidence, ExitReason, InputId, Reason, StepOutcome, Value,
};
use journeyman::rule::{ConditionDefinition, PredicateDefinition, Since, TemplateDefinition};
use journeyman::time::Span;
use journeyman::{Consent, Contact, Event};
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use serde_json::Value as Json;

/// The journey of the design, with a word of everything that the language has.
const FULL: &str = r#"
journey: welcome-prospects
version: 2
description: Three messages and a call
zone: Europe/Paris
enter:
  - { on: { event: prospect.signed_up, where: { source: { one_of: [instagram, tiktok] }, age: { at_least: 18 } } } }
  - on: { event: form.sent }
    if: { any: [ { tag: vip }, { all: [ { attribute: followers, above: 10, at_most: 1000.5 }, { not: { performed: call.booked, since: entry } } ] } ] }
reenter: { after: 1mo }
exit:
  - { on: { event: call.booked }, as: goal }
  - { on: { event: account.closed, where: { final: true } }, as: exit }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: welcome, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing, refused: diagnosis } }
  - { wait_until: { entry: 3d, time: "09:30" } }
  - { id: diagnosis, send: { channel: email, template: diagnosis, purpose: onboarding } }
  - { wait_for: { any: [ { event: link.clicked, where: { cta: book }, goto: thanks } ], within: 2d, otherwise: objection } }
  - { id: thanks, send: { channel: email, template: see_you, purpose: onboarding }, goto: end }
  - { id: objection, branch: { when: [ { if: { attribute: city, is: Lyon }, goto: end } ], else: next } }
  - { wait_until: { time: "18:00" } }
  - { id: end, exit: completed }
"#;

#[test]
fn a_file_and_the_builder_make_one_definition() {
    let file: JourneyDefinition = parse_yaml(
        r#"
journey: welcome
version: 4
zone: Europe/Paris
enter:
  - { on: { event: signed_up } }
  - { on: { event: form.sent }, if: { not: { tag: vip } } }
reenter: always
exit:
  - { on: { event: call.booked }, as: goal }
  - { on: { event: account.closed } }
max_duration: 30d
steps:
  - { id: hello, send: { channel: email, template: welcome, purpose: onboarding } }
  - { wait: 2d }
  - { wait_until: { entry: 3d } }
  - { wait_until: { time: "09:30" } }
  - { wait_for: { any: [ { event: link.clicked } ], within: 12h, otherwise: ask } }
  - { wait: 1h, goto: end }
  - { id: ask, branch: { when: [ { if: { attribute: followers, at_least: 1000 }, goto: hello } ], else: end } }
  - { id: end, exit: completed }
"#,
    )
    .unwrap();
    let builder = Journey::builder("welcome")
        .version(4)
        .zone("Europe/Paris")
        .enter_on("signed_up")
        .enter_if("form.sent", PredicateDefinition::tag("vip").negated())
        .reenter(Reenter::Always)
        .goal("call.booked")
        .exit_on("account.closed")
        .max_duration(Span::days(30))
        .send("hello", "email", "welcome", "onboarding")
        .wait(Span::days(2))
        .wait_until_entry(Span::days(3))
        .wait_until_time("09:30")
        .wait_for("link.clicked", Span::hours(12), "ask")
        .wait(Span::hours(1))
        .goto("end")
        .branch("ask", PredicateDefinition::attribute_at_least("followers", 1_000), "hello", "end")
        .exit("end", "completed");
    assert_eq!(builder.definition(), &file);
    assert_eq!(builder.build().unwrap().hash, Journey::compile(&file).unwrap().hash);
    // One door needs no brackets, in both.
    let one: JourneyDefinition = parse_yaml(
        "{ journey: x, version: 1, enter: { on: { event: e } }, steps: [ { id: end, exit: done } ] }",
    )
    .unwrap();
    assert_eq!(Journey::builder("x").enter_on("e").exit("end", "done").definition(), &one);
}

#[test]
fn yaml_and_json_are_one_language() {
    let yaml: JourneyDefinition = parse_yaml(FULL).unwrap();
    let json: JourneyDefinition = parse_json(&serde_json::to_string(&yaml).unwrap()).unwrap();
    assert_eq!(yaml, json);
    // JSON is YAML.
    assert_eq!(parse_yaml::<JourneyDefinition>(&serde_json::to_string_pretty(&yaml).unwrap()).unwrap(), yaml);
    assert_eq!(Journey::from_yaml(FULL).unwrap().hash, Journey::compile(&json).unwrap().hash);
}

/// Every object inside a JSON value, by its path.
fn objects(value: &Json, path: Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Json::Object(fields) => {
            found.push(path.clone());
            for (name, field) in fields {
                objects(field, [&path[..], std::slice::from_ref(name)].concat(), found);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, [&path[..], &[index.to_string()]].concat(), found);
            }
        }
        _ => {}
    }
}

#[test]
fn an_unknown_field_is_refused_wherever_it_stands() {
    let definition: JourneyDefinition = parse_yaml(FULL).unwrap();
    let whole = serde_json::to_value(&definition).unwrap();
    let mut paths = Vec::new();
    objects(&whole, Vec::new(), &mut paths);
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        if path.last().is_some_and(|name| name == "where") {
            continue; // properties are named by the author
        }
        let mut broken = whole.clone();
        let place =
            broken.pointer_mut(&path.iter().map(|name| format!("/{name}")).collect::<String>()).unwrap();
        place["unknown_field"] = Json::Bool(true);
        let error = parse_json::<JourneyDefinition>(&broken.to_string());
        assert!(error.is_err(), "{path:?} takes an unknown field");
    }
    let template = r#"{"template": "t", "text": "x", "title": "y"}"#;
    assert!(parse_json::<TemplateDefinition>(template).is_err());
}

/// Every name that a schema allows where `value` stands, followed through `$ref`, `anyOf` and the like.
fn alternatives<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
        return alternatives(root, root.pointer(target.trim_start_matches('#')).unwrap());
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(Json::Array(parts)) = schema.get(word) {
            return parts.iter().flat_map(|part| alternatives(root, part)).collect();
        }
    }
    vec![schema]
}

/// Whether some alternative of the schema knows the value's kind and, for objects, all its fields.
fn knows(root: &Json, schema: &Json, value: &Json) -> bool {
    alternatives(root, schema).into_iter().any(|schema| {
        if schema == &Json::Bool(true)
            || schema.as_object().is_some_and(|schema| {
                !schema.contains_key("type") && !schema.contains_key("const") && !schema.contains_key("enum")
            })
        {
            return true; // anything
        }
        if let Some(wanted) = schema.get("const") {
            return wanted == value;
        }
        if let Some(Json::Array(wanted)) = schema.get("enum") {
            return wanted.contains(value);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        match value {
            Json::Null => kinds.contains(&"null"),
            Json::Bool(_) => kinds.contains(&"boolean"),
            Json::Number(_) => kinds.contains(&"integer") || kinds.contains(&"number"),
            Json::String(_) => kinds.contains(&"string"),
            Json::Array(items) => {
                kinds.contains(&"array") && items.iter().all(|item| knows(root, &schema["items"], item))
            }
            Json::Object(fields) => {
                let missing = schema["required"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|name| !fields.contains_key(name.as_str().unwrap()));
                kinds.contains(&"object")
                    && !missing
                    && fields.iter().all(|(name, field)| {
                        match (&schema["properties"][name], &schema["additionalProperties"]) {
                            (Json::Null, Json::Null | Json::Bool(false)) => false,
                            (Json::Null, other) => knows(root, other, field),
                            (known, _) => knows(root, known, field),
                        }
                    })
            }
        }
    })
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = json_schema();
    let pretty = serde_json::to_string_pretty(&schema).unwrap();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("journey_schema", pretty) });
    let definition: JourneyDefinition = parse_yaml(FULL).unwrap();
    let mut value = serde_json::to_value(&definition).unwrap();
    assert!(knows(&schema, &schema, &value));
    value["steps"][0]["send"]["subject"] = Json::from("x");
    assert!(!knows(&schema, &schema, &value), "the check can fail");
    let mut value = serde_json::to_value(&definition).unwrap();
    value["version"] = Json::from("first");
    assert!(!knows(&schema, &schema, &value));
    // And the other way: every field of the schema is one that the reader names.
    let fields = |name: &str| -> BTreeSet<String> {
        let schema = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for (name, text) in [
        ("", "{\"?\": 1}"),
        ("StepDefinition", "{\"steps\": [{\"?\": 1}]}"),
        ("SendDefinition", "{\"steps\": [{\"send\": {\"?\": 1}}]}"),
    ] {
        let said = parse_json::<JourneyDefinition>(text).unwrap_err().to_string();
        let listed = said.split("expected one of ").nth(1).unwrap().split(';').next().unwrap();
        assert_eq!(listed.split(", ").map(str::to_owned).collect::<BTreeSet<_>>(), fields(name), "{name}");
    }
}

// ---- Generated definitions ----

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        (1u32..50).prop_map(Span::hours),
        (1u32..5_000).prop_map(Span::minutes),
        (1u32..40).prop_map(Span::days),
        (1u32..4).prop_map(Span::months),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        "[a-cé]{0,3}".prop_map(Value::from),
        (-200i64..200).prop_map(|number| serde_json::from_str(&format!("{}.5", number)).unwrap()),
        vec(-3i64..3, 0..3).prop_map(Value::from),
        (0i64..4_000_000_000_000).prop_map(|at| Value::from(DateTime::from_timestamp_millis(at).unwrap())),
        (0i64..40_000)
            .prop_map(|day| Value::Date(DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive())),
    ]
}

fn comparisons() -> impl Strategy<Value = PredicateDefinition> {
    (of(value()), of(vec(value(), 1..3)), of(value()), of(value()), weighted(0.3, any::<bool>())).prop_map(
        |(is, one_of, at_least, below, exists)| {
            let exists =
                exists.or((is.is_none() && one_of.is_none() && at_least.is_none() && below.is_none())
                    .then_some(true));
            PredicateDefinition { is, one_of, at_least, below, exists, ..PredicateDefinition::default() }
        },
    )
}

fn predicate() -> impl Strategy<Value = PredicateDefinition> {
    let since = prop_oneof![Just(Since::Ever), Just(Since::Entry)];
    let leaf = prop_oneof![
        "[ab]".prop_map(PredicateDefinition::tag),
        ("e[0-3]", of(since)).prop_map(|(event, since)| PredicateDefinition {
            since,
            ..PredicateDefinition::performed(event)
        }),
        ("[ab]", comparisons())
            .prop_map(|(name, test)| PredicateDefinition { attribute: Some(name), ..test }),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3)
                .prop_map(|all| PredicateDefinition { all: Some(all), ..PredicateDefinition::default() }),
            vec(inner.clone(), 1..3)
                .prop_map(|any| PredicateDefinition { any: Some(any), ..PredicateDefinition::default() }),
            inner.prop_map(PredicateDefinition::negated),
        ]
    })
}

fn filter() -> impl Strategy<Value = BTreeMap<String, ConditionDefinition>> {
    let condition = prop_oneof![
        value().prop_map(ConditionDefinition::Is),
        comparisons().prop_map(|test| ConditionDefinition::Compare(Box::new(test))),
    ];
    btree_map("[pq]", condition, 0..2)
}

fn trigger() -> impl Strategy<Value = TriggerDefinition> {
    ("e[0-3]", filter()).prop_map(|(event, filter)| TriggerDefinition { event, filter })
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("next".to_owned()), 3 => (0usize..8).prop_map(|step| format!("s{step}"))]
}

fn step() -> impl Strategy<Value = StepDefinition> {
    let default = StepDefinition::default;
    let send =
        ("(email|sms)", "t[0-2]", "(marketing|onboarding)", weighted(0.3, target()), weighted(0.2, target()))
            .prop_map(move |(channel, template, purpose, refused, goto)| {
                let send = SendDefinition {
                    channel: Some(channel),
                    template: Some(template),
                    purpose: Some(purpose),
                    refused,
                };
                StepDefinition { send: Some(send), goto, ..default() }
            });
    let wait = (span(), weighted(0.2, target())).prop_map(move |(span, goto)| StepDefinition {
        wait: Some(span),
        goto,
        ..default()
    });
    let time = (0u32..24, 0u32..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let until = (of(span()), time, any::<bool>(), weighted(0.1, target())).prop_map(
        move |(entry, time, both, goto)| {
            let time = (both || entry.is_none()).then_some(time);
            StepDefinition { wait_until: Some(WaitUntilDefinition { entry, time }), goto, ..default() }
        },
    );
    let alternative = ("e[0-3]", filter(), weighted(0.5, target()))
        .prop_map(|(event, filter, goto)| AlternativeDefinition { event, filter, goto });
    let wait_for = (vec(alternative, 1..3), span(), weighted(0.5, target()), weighted(0.2, target()))
        .prop_map(move |(any, within, otherwise, goto)| StepDefinition {
            wait_for: Some(WaitForDefinition { any, within: Some(within), otherwise }),
            goto,
            ..default()
        });
    let branch = (vec((predicate(), target()), 1..3), target()).prop_map(move |(ways, otherwise)| {
        let when = ways.into_iter().map(|(when, goto)| WayDefinition { when, goto }).collect();
        StepDefinition { branch: Some(BranchDefinition { when, otherwise: Some(otherwise) }), ..default() }
    });
    let exit = "x[0-2]".prop_map(move |name| StepDefinition { exit: Some(name), ..default() });
    prop_oneof![3 => send, 3 => wait, 2 => until, 2 => wait_for, 2 => branch, 1 => exit]
}

fn definition() -> impl Strategy<Value = JourneyDefinition> {
    let entry =
        (trigger(), weighted(0.3, predicate())).prop_map(|(on, when)| EntryDefinition { on, when }).boxed();
    let enter =
        prop_oneof![entry.clone().prop_map(OneOrMany::One), vec(entry, 1..3).prop_map(OneOrMany::Many)];
    let kind = prop_oneof![Just(ExitKind::Exit), Just(ExitKind::Goal)];
    let exit = (trigger(), kind).prop_map(|(on, kind)| ExitDefinition { on, kind });
    let reenter = prop_oneof![Just(Reenter::Never), Just(Reenter::Always), span().prop_map(Reenter::After)];
    let zone =
        prop_oneof![Just("Europe/Paris"), Just("Pacific/Apia"), Just("America/Nuuk"), Just("Asia/Kathmandu")];
    (
        1u32..9,
        weighted(0.2, "[a-zé ]{0,9}"),
        of(zone),
        enter,
        reenter,
        vec(exit, 0..2),
        weighted(0.4, span()),
        vec(step(), 1..8),
    )
        .prop_map(|(version, description, zone, enter, reenter, exit, max_duration, mut steps)| {
            (0..).zip(&mut steps).for_each(|(number, step): (usize, _)| step.id = Some(format!("s{number}")));
            JourneyDefinition {
                journey: "generated".into(),
                version,
                description,
                zone: zone.map(str::to_owned),
                enter,
                reenter,
                exit,
                max_duration,
                steps,
            }
        })
}

/// Mends what a random definition gets wrong most often, so that enough of them are accepted.
fn mended(mut definition: JourneyDefinition) -> Option<Journey> {
    for _ in 0..12 {
        let problems = match Journey::compile(&definition) {
            Ok(journey) => return Some(journey),
            Err(error) => error.diagnostics,
        };
        let step_of = |place: &str| place.split("steps[").nth(1)?.split(']').next()?.parse::<usize>().ok();
        let mut gone = BTreeSet::new();
        for problem in problems {
            let step = step_of(&problem.place)?;
            match problem.code {
                "J010" => drop(gone.insert(step)),
                "J012" => {
                    definition.steps[step] = StepDefinition {
                        id: definition.steps[step].id.take(),
                        wait: Some(Span::hours(5)),
                        ..StepDefinition::default()
                    }
                }
                "J011" => retarget(&mut definition.steps[step]),
                _ => return None,
            }
        }
        let mut number = 0;
        definition.steps.retain(|_| {
            number += 1;
            !gone.contains(&(number - 1))
        });
    }
    None
}

fn retarget(step: &mut StepDefinition) {
    let next = || Some("next".to_owned());
    if step.goto.is_some() {
        step.goto = None;
    }
    if let Some(send) = &mut step.send {
        send.refused = send.refused.take().and_then(|_| next());
    }
    if let Some(wait) = &mut step.wait_for {
        wait.otherwise = None;
        wait.any.iter_mut().for_each(|alternative| alternative.goto = None);
    }
    if let Some(branch) = &mut step.branch {
        branch.otherwise = next();
        branch.when.iter_mut().for_each(|way| way.goto = "next".into());
    }
}

/// A contact's mailbox and state, driven by the heart alone.
struct Driver<'p> {
    program: &'p Program,
    id: ContactId,
    seq: u64,
    last: Transition,
    exits: Vec<ExitReason>,
    visits: usize,
}

impl<'p> Driver<'p> {
    fn new(program: &'p Program, start: DateTime<Utc>) -> Self {
        let id = ContactId::from("lea");
        let last = program.transition(ContactState::new(id.clone()), &[], start);
        Self { program, id, seq: 0, last, exits: Vec::new(), visits: 0 }
    }

    fn run(&mut self, kinds: Vec<InputKind>, now: DateTime<Utc>) {
        let envelopes: Vec<Envelope> = kinds
            .into_iter()
            .map(|kind| {
                self.seq += 1;
                Envelope::new(self.seq, InputId::from_place(&self.id, self.seq), now, kind)
            })
            .collect();
        let next = self.program.transition(self.last.state.clone(), &envelopes, now);
        assert_eq!(next.consumed, envelopes.len());
        self.exits.extend(next.steps.iter().filter_map(|step| match &step.outcome {
            StepOutcome::Exited { reason } => Some(reason.clone()),
            _ => None,
        }));
        self.visits += next.steps.len();
        self.last = next;
    }
}

const START: &str = "2026-01-15T09:30:00Z";

fn drive(journey: Journey, events: &[(u16, u8, Value)], tags: bool) -> Driver<'static> {
    // A program lives as long as the test.
    let program: &'static Program = Box::leak(Box::new(Program::of([journey])));
    let start: DateTime<Utc> = START.parse().unwrap();
    let end = start + TimeDelta::days(365);
    let mut driver = Driver::new(program, start);
    let mut contact =
        Contact::new("lea").address("email", "lea@example.org").attribute("a", 5).attribute("b", "ab");
    if tags {
        contact = contact.tag("a").address("sms", "+33600000001");
    }
    let evidence = || Evidence::new("form", "v1");
    let mut first = vec![InputKind::Identify(contact)];
    first.push(InputKind::Consent(Consent::granted("lea", "onboarding", "email", evidence())));
    first.push(InputKind::Consent(Consent::granted("lea", "marketing", "sms", evidence())));
    first.extend((0..4).map(|number| InputKind::Event(Event::new("lea", format!("e{number}")))));
    driver.run(first, start);

    let mut mail: Vec<(DateTime<Utc>, InputKind)> = events
        .iter()
        .map(|(hour, name, value)| {
            let event = Event::new("lea", format!("e{}", name % 4))
                .property("p", value.clone())
                .property("q", value.clone());
            (start + TimeDelta::hours((*hour % 8_700).into()), InputKind::Event(event))
        })
        .collect();
    mail.sort_by_key(|(at, _)| *at);
    let mut mail = mail.into_iter().peekable();
    let mut answers = Vec::new();
    let mut now = start;
    for turn in 0.. {
        assert!(turn < 200_000, "a year has no end");
        // Whatever is said is answered in the next second, every third time with a refusal.
        answers.extend(driver.last.messages.iter().map(|message| message.id));
        let due = driver.last.due_at;
        assert!(due.is_none_or(|due| due > now), "due at {due:?} after a transition at {now}");
        let answered = (!answers.is_empty()).then(|| now + TimeDelta::seconds(1));
        let Some(at) = [due, answered, mail.peek().map(|(at, _)| (*at).max(now))].into_iter().flatten().min()
        else {
            break;
        };
        if at > end {
            break;
        }
        now = at;
        let mut kinds: Vec<InputKind> =
            std::iter::from_fn(|| mail.next_if(|(at, _)| *at <= now)).map(|(_, kind)| kind).collect();
        if answered == Some(now) {
            kinds.extend(answers.drain(..).map(|message| {
                let refused = DeliveryStatus::Refused { reasons: vec![Reason::Attempts] };
                let status = if message.as_bytes()[0] % 3 == 0 { refused } else { DeliveryStatus::Accepted };
                InputKind::Delivery(Delivery::new(message, 1, now, status))
            }));
        }
        driver.run(kinds, now);
    }
    driver
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn generated_definitions_read_back(definition in definition()) {
        let json = serde_json::to_string(&definition).unwrap();
        prop_assert_eq!(&parse_json::<JourneyDefinition>(&json).unwrap(), &definition);
        let pretty = serde_json::to_string_pretty(&definition).unwrap();
        prop_assert_eq!(&parse_yaml::<JourneyDefinition>(&pretty).unwrap(), &definition, "{}", pretty);
        let schema = json_schema();
        prop_assert!(knows(&schema, &schema, &serde_json::from_str(&json).unwrap()), "{}", pretty);
        // Whatever compile says, it says it again, and says something of each refusal.
        let (first, second) = (Journey::compile(&definition), Journey::compile(&definition));
        match (first, second) {
            (Ok(first), Ok(second)) => prop_assert_eq!(first.hash, second.hash),
            (Err(first), Err(second)) => {
                prop_assert!(!first.diagnostics.is_empty());
                prop_assert_eq!(first, second);
            }
            _ => prop_assert!(false, "two answers"),
        }
    }

    #[test]
    fn what_is_accepted_comes_to_an_end(
        definition in definition(),
        events in vec((any::<u16>(), any::<u8>(), value()), 0..12),
        tags in any::<bool>(),
    ) {
        let Some(journey) = mended(definition) else { return Err(TestCaseError::reject("it is not accepted")) };
        let driver = drive(journey, &events, tags);
        for reason in &driver.exits {
            prop_assert!(!matches!(reason, ExitReason::StepBudget | ExitReason::UnknownNode), "{:?}", reason);
        }
        // Whoever still is in the journey waits for an instant.
        for enrollment in &driver.last.state.hot.enrollments {
            prop_assert!(enrollment.waiting.due_at().is_some(), "{:?}", enrollment);
        }
    }
}

/// The generator makes journeys worth driving: most are accepted, and people move in them.
#[test]
fn the_generator_is_not_idle() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut ended, mut visits) = (0, 0, 0);
    for _ in 0..200 {
        let definition = definition().new_tree(&mut runner).unwrap().current();
        let Some(journey) = mended(definition) else { continue };
        accepted += 1;
        let driver = drive(journey, &[(100, 0, Value::from(1)), (900, 1, Value::from("a"))], true);
        ended += driver.exits.len();
        visits += driver.visits;
    }
    assert!(
        accepted > 100 && ended > 60 && visits > 400,
        "{accepted} accepted, {ended} ended, {visits} steps"
    );
}

fn sends_in_a_row(count: usize) -> JourneyDefinition {
    let mut builder = Journey::builder("row").enter_on("e0");
    for number in 0..count {
        builder = builder.send(format!("s{number}"), "email", "t", "onboarding");
    }
    builder.definition().clone()
}

#[test]
fn the_longest_row_that_is_accepted_is_walked_to_its_end() {
    let journey = Journey::compile(&sends_in_a_row(MOST_AT_ONCE)).unwrap();
    assert_eq!(drive(journey, &[], false).exits, [ExitReason::Completed]);
    let error = Journey::compile(&sends_in_a_row(MOST_AT_ONCE + 1)).unwrap_err();
    assert_eq!(error.diagnostics[0].code, "J042");
    // A row that begins after a wait and ends in one is walked in one go, too.
    let mut definition = sends_in_a_row(MOST_AT_ONCE);
    let wait = StepDefinition { wait: Some(Span::hours(1)), ..StepDefinition::default() };
    definition.steps.insert(0, wait.clone());
    definition.steps.push(wait);
    assert_eq!(drive(Journey::compile(&definition).unwrap(), &[], false).exits, [ExitReason::Completed]);
}
