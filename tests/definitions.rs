//! The forms of a journey: file and builder agree, files read back, unknown fields are refused, the schema knows what
//! the reader knows; and whatever compile accepts comes to an end.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "definitions/generator.rs"]
mod generator;
#[path = "definitions/walk.rs"]
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use generator::{definition, inputs, mended};
use journeyman::Journey;
use journeyman::journey::{
    CallDefinition, CapDefinition, ConfirmDefinition, CountedFrom, DeadlineDefinition, JourneyBuilder,
    JourneyDefinition, Late, MOST_AT_ONCE, Reenter, ReenterDefinition, ReleaseDefinition, ReserveDefinition,
    ScoreDefinition, SetDefinition, Spacing, StepDefinition, TriggerDefinition, WaitSince, json_schema,
    parse_json, parse_yaml,
};
use journeyman::model::ExitReason;
use journeyman::rule::{PredicateDefinition, TemplateDefinition};
use journeyman::time::{Every, Offset, RecurrenceDefinition, Span, WeeklyWindow};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value as Json;
use walk::Walk;

/// The journey of the design, with a word of everything that the language has.
const FULL: &str = r#"
journey: welcome-prospects
version: 2
description: Three messages and a call
zone: Europe/Paris
opens: "2026-09-01T00:00"
closes: "2026-12-31T00:00"
holdout: 5
spacing: merge
late: { grace: 2h, then: skip }
cap: { most: 500, quota: places, within: 5m }
undo_on: [max_duration, exit]
enter:
  - { on: { event: prospect.signed_up, where: { source: { one_of: [instagram, tiktok] }, age: { at_least: 18 } } } }
  - { on: { form: signup, where: { step: 2 } } }
  - { on: { keyword: [OUI, YES], channel: sms } }
  - { on: { keyword: GO } }
  - { on: { attribute: plan, becomes: { one_of: [trial, premium] } } }
  - { on: { segment: dormant, moves: in } }
  - { on: { tier: spark, moves: up, to: gold } }
  - { on: { score: spark, reaches: 75 } }
  - { on: { score: spark, falls_below: 40 } }
  - { on: { date: event_at, offset: -7d, time: "10:00" } }
  - { on: { schedule: { every: month, nth: 2nd tue, at: "10:00", from: 2026-01-01, until: 2027-01-01, except: holidays } } }
  - { on: { schedule: { every: year, month: 2, day: 29, leap: mar_1 } } }
  - { on: { journey: trial, ended: [goal, completed] } }
  - { on: { host: invite } }
  - on: { event: form.sent }
    if: { any: [ { tag: vip }, { all: [ { attribute: followers, above: 10, at_most: 1000.5 }, { not: { performed: call.booked, since: entry } } ] } ] }
reenter: { after: 1mo, from: exit, concurrent: true, gap: 10m }
exit:
  - { on: { event: call.booked }, as: goal }
  - { on: { event: account.closed, where: { final: true } }, as: exit }
  - { on: { segment: customers, moves: in }, if: { segment: vips }, as: goal }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: welcome, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing, refused: diagnosis, window: "Tue-Thu 10:00-14:00", deadline: { within: 24h, then: send } } }
  - { wait_until: { entry: 3d, time: "09:30" } }
  - { wait_until: { date: event_at, offset: -7d, days: Tue-Thu, window: "10:00-14:00" } }
  - { set: { attributes: { plan: trial }, unset: [old_plan], tags: [asked], untag: [new] } }
  - { score: { name: spark, add: -10 }, undo: [{ score: { name: spark, add: 10 } }, { set: { untag: [asked] } }, { emit: { event: untold } }, { call: { channel: crm, ask: cancel } }, { release: { offer: seat } }] }
  - { reserve: { offer: seat, quota: places, expires: 48h, within: 10m, full: end, otherwise: next } }
  - { send: { channel: email, template: your_seat, purpose: onboarding, offer: seat } }
  - { confirm: { offer: seat, within: 5m, full: end, otherwise: next }, undo: { release: { offer: seat } } }
  - { release: { offer: seat } }
  - { emit: { event: asked, properties: { by: journey } } }
  - { split: { ways: [ { weight: 50, goto: next }, { weight: 50, goto: diagnosis } ], salt: again } }
  - { enter: { journey: trial, within: 7d, results: [ { is: goal, goto: end } ], otherwise: diagnosis } }
  - { leave: { journey: newsletter } }
  - { id: diagnosis, send: { channel: email, template: diagnosis, purpose: onboarding } }
  - { wait_for: { any: [ { event: link.clicked, where: { cta: book }, goto: thanks } ], within: 2d, otherwise: once_more } }
  - { id: thanks, send: { channel: email, template: see_you, purpose: onboarding }, goto: end }
  - { id: once_more, wait_for: { any: [ { if: { score: spark, at_least: 75 }, goto: thanks }, { segment: vips, moves: out }, { event: call.booked } ], since: entry, within: 2d } }
  - { id: objection, branch: { when: [ { if: { attribute: city, is: Lyon }, goto: end }, { if: { tier: spark, is: gold }, goto: end } ], else: next, unknown: next } }
  - { wait_until: { time: "18:00" } }
  - { hand_over: { channel: desk, within: 2m, hours: { open: "Mon-Fri 09:00-18:00", zone: Europe/Paris, holidays: FR-MET }, otherwise: end } }
  - { jump: { to: diagnosis, most: 3 } }
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
fn a_file_and_the_builder_agree_on_every_step_and_every_trigger() {
    let file: JourneyDefinition = parse_yaml(
        r#"
journey: renewal
version: 1
description: Everything once
opens: "2026-09-01T00:00"
closes: "2026-12-31T00:00"
holdout: 5
spacing: skip
late: { grace: 2h, then: exit }
enter:
  - { on: { form: signup, where: { step: 2 } } }
  - { on: { keyword: OUI, channel: sms } }
  - { on: { keyword: [OUI, YES] }, if: { all: [ { segment: vips }, { any: [ { score: spark, at_least: 75 }, { score: spark, below: 40 } ] } ] } }
  - { on: { attribute: plan } }
  - { on: { attribute: plan, becomes: premium } }
  - { on: { segment: dormant, moves: in } }
  - { on: { segment: dormant, moves: out } }
  - { on: { tier: spark, moves: up, to: gold } }
  - { on: { tier: spark, moves: down } }
  - { on: { tier: spark, moves: either } }
  - { on: { score: spark, reaches: 75 } }
  - { on: { score: spark, falls_below: 40 } }
  - { on: { date: ends_at, offset: -7d, time: "10:00" } }
  - { on: { schedule: { every: week, on: [tue, thu], at: "10:00" } } }
  - { on: { journey: trial, ended: [goal, completed] } }
  - { on: { host: invite, where: { age: { at_least: 18 } } } }
reenter: { after: 1mo, from: exit }
exit:
  - { on: { segment: customers, moves: in }, as: goal }
  - { on: { tier: spark, moves: up }, if: { tag: vip }, as: goal }
  - { on: { event: closed }, if: { performed: paid, since: entry } }
steps:
  - { id: ask, send: { channel: email, template: renew, purpose: marketing, window: "Tue-Thu 10:00-14:00", deadline: { within: 24h, then: send }, refused: call } }
  - { wait_until: { date: ends_at, offset: -7d, days: Tue-Thu, time: "10:00", window: "10:00-14:00" } }
  - { wait_for: { any: [ { event: opened }, { if: { tag: vip }, goto: call }, { segment: vips, moves: out, goto: end } ], since: entry, within: 2d, otherwise: next } }
  - { id: turn, wait_for: { any: [ { if: { tier: spark, is: gold } } ], within: 2d, otherwise: end } }
  - { id: city, branch: { when: [ { if: { attribute: city, is: Lyon }, goto: call }, { if: { tag: vip }, goto: end } ], else: next, unknown: call } }
  - { id: lot, split: { ways: [ { weight: 40, goto: next }, { weight: 60, goto: call } ], salt: again } }
  - { set: { attributes: { plan: trial }, unset: [old_plan], tags: [asked], untag: [new] } }
  - { score: { name: spark, add: -10 } }
  - { emit: { event: asked, properties: { by: journey } } }
  - { wait: 1d }
  - { jump: { to: city, most: 3 } }
  - { id: call, enter: { journey: call-reminders, within: 7d, results: [ { is: goal, goto: end } ], otherwise: next } }
  - { leave: { journey: newsletter } }
  - { id: last, send: { channel: sms, template: bye, purpose: onboarding, deadline: 4h } }
  - { id: end, exit: completed }
"#,
    )
    .unwrap();
    let weekly = RecurrenceDefinition {
        every: Some(Every::Week),
        on: Some("Tue,Thu".parse().unwrap()),
        at: Some("10:00".into()),
        ..RecurrenceDefinition::default()
    };
    let grown_up = PredicateDefinition { at_least: Some(18.into()), ..PredicateDefinition::default() };
    let vip = || PredicateDefinition::tag("vip");
    let hours: WeeklyWindow = "Tue-Thu 10:00-14:00".parse().unwrap();
    let score = PredicateDefinition::either([
        PredicateDefinition::score_at_least("spark", 75),
        PredicateDefinition::score_below("spark", 40),
    ]);
    let builder = Journey::builder("renewal")
        .description("Everything once")
        .opens("2026-09-01T00:00")
        .closes("2026-12-31T00:00")
        .holdout(5)
        .spacing(Spacing::Skip)
        .late(Span::hours(2), Late::Exit)
        .enter_on(TriggerDefinition::form("signup").whose("step", 2))
        .enter_on(TriggerDefinition::keyword("OUI").on_channel("sms"))
        .enter_if(
            TriggerDefinition::keywords(["OUI", "YES"]),
            PredicateDefinition::every([PredicateDefinition::in_segment("vips"), score]),
        )
        .enter_on(TriggerDefinition::attribute_changed("plan"))
        .enter_on(TriggerDefinition::attribute_becomes("plan", "premium"))
        .enter_on(TriggerDefinition::segment_entered("dormant"))
        .enter_on(TriggerDefinition::segment_left("dormant"))
        .enter_on(TriggerDefinition::tier_up("spark").to_tier("gold"))
        .enter_on(TriggerDefinition::tier_down("spark"))
        .enter_on(TriggerDefinition::tier_changed("spark"))
        .enter_on(TriggerDefinition::score_reaches("spark", 75))
        .enter_on(TriggerDefinition::score_falls_below("spark", 40))
        .enter_on(TriggerDefinition::date("ends_at").shifted(Offset::before(Span::days(7))).at_time("10:00"))
        .enter_on(TriggerDefinition::schedule(weekly))
        .enter_on(TriggerDefinition::journey_ended("trial").as_end("goal").as_end("completed"))
        .enter_on(TriggerDefinition::host("invite").whose("age", grown_up))
        .reenter(Reenter::When(ReenterDefinition {
            after: Some(Span::months(1)),
            from: Some(CountedFrom::Exit),
            ..ReenterDefinition::default()
        }))
        .goal(TriggerDefinition::segment_entered("customers"))
        .goal_if(TriggerDefinition::tier_up("spark"), vip())
        .exit_if("closed", PredicateDefinition::performed_since_entry("paid"))
        .send("ask", "email", "renew", "marketing")
        .window(hours)
        .deadline(DeadlineDefinition::or_send(Span::hours(24)))
        .refused("call")
        .wait_until_date("ends_at", Offset::before(Span::days(7)))
        .days("Tue-Thu".parse().unwrap())
        .at_time("10:00")
        .window("10:00-14:00".parse().unwrap())
        .wait_for("opened", Span::days(2), "next")
        .or_if(vip(), "call")
        .or(TriggerDefinition::segment_left("vips"), "end")
        .since(WaitSince::Entry)
        .wait_for_if(PredicateDefinition::tier_is("spark", "gold"), Span::days(2), "end")
        .id("turn")
        .branch("city", PredicateDefinition::attribute_is("city", "Lyon"), "call", "next")
        .way(vip(), "end")
        .unknown("call")
        .split("lot", [(40, "next"), (60, "call")])
        .salt("again")
        .set(
            SetDefinition::default()
                .attribute("plan", "trial")
                .without("old_plan")
                .tag("asked")
                .without_tag("new"),
        )
        .score("spark", -10)
        .emit("asked")
        .property("by", "journey")
        .wait(Span::days(1))
        .jump("city", 3)
        .enter_journey("call", "call-reminders")
        .within(Span::days(7))
        .result("goal", "end")
        .otherwise("next")
        .leave_journey("newsletter")
        .send("last", "sms", "bye", "onboarding")
        .deadline(Span::hours(4))
        .exit("end", "completed");
    assert_eq!(serde_json::to_value(builder.definition()).unwrap(), serde_json::to_value(&file).unwrap());
    assert_eq!(builder.definition(), &file);
    assert_eq!(builder.build().unwrap().hash, Journey::compile(&file).unwrap().hash);
}

#[test]
fn a_file_and_the_builder_agree_on_offers_and_on_what_undoes() {
    let file: JourneyDefinition = parse_yaml(
        r#"
journey: workshop
version: 1
enter: { on: { event: asked } }
cap: { most: 40, quota: places }
undo_on: [completed, gone]
steps:
  - { id: hold, reserve: { offer: seat, quota: places, expires: 2d, within: 5m, full: end, otherwise: next } }
  - { id: tell, send: { channel: email, template: seat, purpose: news, offer: seat } }
  - { confirm: { offer: seat, full: end }, undo: { release: { offer: seat } } }
  - { score: { name: spark, add: 5 }, undo: [{ score: { name: spark, add: -5 } }, { call: { channel: crm, within: 1d } }] }
  - { release: { offer: seat } }
  - { id: end, exit: gone }
"#,
    )
    .unwrap();
    let builder = Journey::builder("workshop")
        .enter_on("asked")
        .cap(CapDefinition::new(40).quota("places"))
        .undo_on(["completed", "gone"])
        .reserve(
            "hold",
            ReserveDefinition::new("seat", Span::days(2))
                .quota("places")
                .within(Span::minutes(5))
                .full("end")
                .otherwise("next"),
        )
        .send("tell", "email", "seat", "news")
        .offer("seat")
        .confirm(ConfirmDefinition::new("seat").full("end"))
        .undo(ReleaseDefinition::new("seat"))
        .score("spark", 5)
        .undo(ScoreDefinition { name: "spark".into(), add: -5 })
        .undo(CallDefinition::new("crm", Span::days(1)))
        .release("seat")
        .exit("end", "gone");
    assert_eq!(builder.definition(), &file);
    assert_eq!(builder.build().unwrap().hash, Journey::compile(&file).unwrap().hash);
}

/// What concerns a send alone, said of a wait, is not lost in silence.
#[test]
fn what_is_said_of_the_wrong_step_is_refused() {
    let window: WeeklyWindow = "10:00-14:00".parse().unwrap();
    let wait = Journey::builder("x").enter_on("e").wait(Span::days(1));
    let codes = |builder: JourneyBuilder| {
        builder.build().unwrap_err().diagnostics.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(wait.clone().window(window.clone())), ["J007"]);
    assert_eq!(codes(wait.clone().salt("x")), ["J007"]);
    assert_eq!(codes(wait.within(Span::days(1))), ["J007"]);
    assert_eq!(codes(Journey::builder("x").enter_on("e").goto("next")), ["J006"]);
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
    assert!(paths.len() > 90, "{paths:?}");
    for path in paths {
        if path.last().is_some_and(|name| ["where", "attributes", "properties"].contains(&name.as_str())) {
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
        ("TriggerDefinition", "{\"enter\": {\"on\": {\"?\": 1}}}"),
        ("RecurrenceDefinition", "{\"enter\": {\"on\": {\"schedule\": {\"?\": 1}}}}"),
        ("ReenterDefinition", "{\"reenter\": {\"?\": 1}}"),
        ("AlternativeDefinition", "{\"steps\": [{\"wait_for\": {\"any\": [{\"?\": 1}]}}]}"),
        ("WaitUntilDefinition", "{\"steps\": [{\"wait_until\": {\"?\": 1}}]}"),
        ("EnterDefinition", "{\"steps\": [{\"enter\": {\"?\": 1}}]}"),
        ("PredicateDefinition", "{\"enter\": {\"if\": {\"?\": 1}}}"),
    ] {
        let said = parse_json::<JourneyDefinition>(text).unwrap_err().to_string();
        let listed = said.split("expected one of ").nth(1).unwrap().split(';').next().unwrap();
        assert_eq!(listed.split(", ").map(str::to_owned).collect::<BTreeSet<_>>(), fields(name), "{name}");
    }
}

/// The same cases on every machine; `PROPTEST_CASES` and `JOURNEYMAN_SEED` (a number) ask for more and for others.
fn config() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("PROPTEST_CASES").map_or(256, |cases| cases as u32),
        rng_seed: RngSeed::Fixed(number("JOURNEYMAN_SEED").unwrap_or(1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

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

    /// An accepted definition never wedges; what is checked at every jump is in `Walk`.
    #[test]
    fn what_is_accepted_never_wedges(
        definition in definition(),
        inputs in inputs(),
        tags in any::<bool>(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let Some(journey) = mended(definition) else { return Err(TestCaseError::reject("it is not accepted")) };
        let walk = Walk::of(journey, &inputs, tags);
        // However the same year is cut into transitions, the same steps follow.
        prop_assert_eq!(&walk.with_a_stop_before(cut.index(usize::MAX)), &walk.steps, "with a stop");
        prop_assert_eq!(&walk.one_by_one(), &walk.steps, "one by one");
        prop_assert_eq!(&walk.at_once(), &walk.steps, "at once");
    }
}

/// The generator makes journeys worth walking: most are accepted, people move in them, and every kind of step is taken.
#[test]
fn the_generator_is_not_idle() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut ended, mut outcomes) = (0, 0, BTreeMap::new());
    for _ in 0..2_000 {
        let definition = definition().new_tree(&mut runner).unwrap().current();
        let inputs = inputs().new_tree(&mut runner).unwrap().current();
        let Some(journey) = mended(definition) else { continue };
        accepted += 1;
        let walk = Walk::of(journey, &inputs, true);
        ended += walk.exits.len();
        for step in &walk.steps {
            let outcome = serde_json::to_value(&step.outcome).unwrap();
            let word =
                outcome.as_str().map(str::to_owned).or_else(|| outcome.as_object()?.keys().next().cloned());
            *outcomes.entry(word.unwrap()).or_insert(0) += 1;
        }
    }
    assert!(accepted > 400 && ended > 300, "{accepted} accepted, {ended} ended, {outcomes:?}");
    let kinds = [
        "entered",
        "waited",
        "matched",
        "timed_out",
        "branched",
        "unknown",
        "drawn",
        "changed",
        "scored",
        "emitted",
        "jumped",
        "opened",
        "returned",
        "left",
        "replanned",
        "sent",
        "deferred",
        "refused",
        "settled",
        "exited",
    ];
    for kind in kinds {
        assert!(outcomes.contains_key(kind), "nothing was {kind}: {outcomes:?}");
    }
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
    assert_eq!(Walk::of(journey, &[], false).exits, [ExitReason::Completed]);
    let error = Journey::compile(&sends_in_a_row(MOST_AT_ONCE + 1)).unwrap_err();
    assert_eq!(error.diagnostics[0].code, "J042");
    // A row that begins after a wait and ends in one is walked in one go, too.
    let mut definition = sends_in_a_row(MOST_AT_ONCE);
    let wait = StepDefinition { wait: Some(Span::hours(1)), ..StepDefinition::default() };
    definition.steps.insert(0, wait.clone());
    definition.steps.push(wait);
    assert_eq!(Walk::of(Journey::compile(&definition).unwrap(), &[], false).exits, [ExitReason::Completed]);
}
