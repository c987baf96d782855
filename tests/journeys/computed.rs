//! A `set` that computes: expressions over what is known of the contact, evaluated where the step stands.

use journeyman::journey::SetDefinition;
use journeyman::machine::{ContactState, Envelope, Input, Program, ProgramParts, Scored};
use journeyman::model::{Fact, InputId, Value};
use journeyman::rule::score::{History, ScoreModel};
use journeyman::{Contact, Event, Journey};

use crate::scene::{Scene, instant, journey};

const LEVELS: &str = "
journey: levels
enter: { on: { event: counted } }
reenter: always
steps:
  - { id: compute, set: { computed: { level: followers / 1000, rank: \"score('spark') + 10 * level\" } } }
  - { id: ask, branch: { when: [{ if: { attribute: level, at_least: 12 }, goto: star }], else: small } }
  - { id: star, exit: star }
  - { id: small, exit: small }
";

const GREETS: &str = "
journey: greets
enter: { on: { attribute: level, becomes: { at_least: 12 } } }
reenter: always
steps:
  - { id: greet, send: { channel: email, template: star, purpose: news } }
";

fn attribute(scene: &Scene, name: &str) -> Option<Value> {
    scene.contact().attributes.get(name).cloned()
}

#[test]
fn a_computed_attribute_leads_the_next_step_and_opens_a_door() {
    let mut scene = Scene::of(&[LEVELS, GREETS]);
    scene.know(|lea| lea.attribute("followers", 11_999));
    scene.event("counted");
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:00 levels.small exited by step small");
    scene.know(|lea| lea.attribute("followers", 12_345));
    scene.fact(Fact::Score { score: "spark".into(), value: 7 });
    scene.until("03-03");
    scene.event("counted");
    assert_eq!(
        scene.walked(),
        [
            "03-03 00:00 levels.compute entered",
            "03-03 00:00 levels.compute changed",
            "03-03 00:00 levels.ask way 0",
            "03-03 00:00 levels.star exited by step star",
            "03-03 00:00 greets.greet entered",
            "03-03 00:00 greets.greet sent star",
            "03-03 00:00 greets.greet exited completed",
        ]
    );
    assert_eq!(attribute(&scene, "level"), Some(12.into()));
    // The level of before the step: what a step computes does not see what else it computes.
    assert_eq!(attribute(&scene, "rank"), Some((7 + 10 * 11).into()));
    // The same value again is no change.
    scene.event("counted");
    assert!(scene.walked().iter().all(|step| step.contains("levels.")));
}

fn after(set: &str, known: impl FnOnce(Contact) -> Contact) -> Scene {
    let journey = format!(
        "{{ journey: computes, reenter: always, enter: {{ on: {{ event: go }} }}, steps: [{{ set: {set} }}] }}"
    );
    let mut scene = Scene::of(&[&journey]);
    scene.know(known);
    scene.event("go");
    scene
}

#[test]
fn what_the_step_sets_is_known_to_what_it_computes() {
    let set = "{ attributes: { price: { decimal: '9.50' } }, unset: [discount], tags: [paid], untag: [trial], computed: {
      total: 'price * visits', less: 'price - discount', paid: \"if_else(tag('paid') && !tag('trial'), 'yes', 'no')\" } }";
    let scene = after(set, |lea| {
        lea.attribute("price", 1).attribute("visits", 2).attribute("discount", 3).tag("trial")
    });
    let total: rust_decimal::Decimal = "19.00".parse().unwrap();
    assert_eq!(attribute(&scene, "total"), Some(total.into()));
    assert_eq!(attribute(&scene, "less"), None);
    assert_eq!(attribute(&scene, "paid"), Some("yes".into()));
}

#[test]
fn what_cannot_be_computed_stays_as_it_was_and_the_rest_is_written() {
    let set = "{ computed: { a: 'missing + 1', b: plan * 2, c: 7 / zero, d: most + 1, e: visits + 1, f: missing } }";
    let mut scene = after(set, |lea| {
        let known = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6), ("zero", 0)];
        let lea = known.into_iter().fold(lea, |lea, (name, value)| lea.attribute(name, value));
        lea.attribute("most", i64::MAX).attribute("plan", "gold").attribute("visits", 8)
    });
    let all = |scene: &Scene| ["a", "b", "c", "d", "e", "f"].map(|name| attribute(scene, name).unwrap());
    assert_eq!(all(&scene), [1, 2, 3, 4, 9, 6].map(Value::from));
    scene.know(|lea| lea.attribute("missing", "text"));
    scene.event("go");
    assert_eq!(all(&scene)[5], Value::from("text"));
    assert_eq!(all(&scene)[0], Value::from(1));
}

#[test]
fn a_computed_number_counts_on() {
    let mut scene = after("{ computed: { visits: 'if_else(known(visits), visits + 1, 1)' } }", |lea| lea);
    scene.until("03-03");
    scene.event("go");
    scene.event("go");
    assert_eq!(attribute(&scene, "visits"), Some(3.into()));
}

#[test]
fn the_score_of_its_own_rules_and_its_trail_are_known() {
    let journey = "{ journey: computes, enter: { on: { event: go } }, steps: [
      { set: { computed: { moved: \"number('score.spark.change')\", tier: \"tier('spark')\" } } }] }";
    let rules = "on(\"replied\", 10); tier(\"cold\", 0); tier(\"warm\", 20); trail(30 * days);";
    let model = ScoreModel::compile(rules).unwrap();
    let mut scene = Scene::with(&[journey], |parts| {
        let scored = Scored::new(model.into(), History::Count);
        parts.scores.insert("spark".into(), scored);
    });
    scene.event("replied");
    scene.until("03-03");
    scene.event("replied");
    scene.event("replied");
    scene.event("go");
    assert_eq!(attribute(&scene, "tier"), Some("warm".into()));
    assert_eq!(attribute(&scene, "moved"), Some(20.into()));
}

#[test]
fn an_undo_computes_too() {
    let journey = "
journey: places
enter: { on: { event: go } }
undo_on: [left]
steps:
  - { id: take, set: { computed: { taken: taken + 1 } }, undo: { set: { computed: { taken: taken - 1 } } } }
  - { id: rest, wait: 2d }
";
    let leaves =
        "{ journey: leaves, enter: { on: { event: stop } }, steps: [{ leave: { journey: places } }] }";
    let mut scene = Scene::of(&[journey, leaves]);
    scene.know(|lea| lea.attribute("taken", 4));
    scene.event("go");
    assert_eq!(attribute(&scene, "taken"), Some(5.into()));
    scene.event("stop");
    assert_eq!(attribute(&scene, "taken"), Some(4.into()));
}

#[test]
fn a_step_computes_at_most_sixteen_attributes() {
    let build = |count: usize| {
        let set = (0..count)
            .fold(SetDefinition::default(), |set, number| set.computed(format!("a{number}"), "followers"));
        Journey::builder("levels").enter_on("go").set(set).build()
    };
    assert!(build(16).is_ok());
    let problems = build(17).unwrap_err().diagnostics;
    assert_eq!((problems.len(), problems[0].code), (1, "J112"));
}

#[test]
fn new_rules_of_a_score_know_what_was_computed_before_them() {
    let at = instant("03-02 09:00");
    let told = [
        Input::from(Contact::new("lea").attribute("followers", 12_345)),
        Event::new("lea", "counted").into(),
    ];
    let mail: Vec<Envelope> = (1..)
        .zip(told)
        .map(|(seq, input)| Envelope::new(seq, InputId::from_place(&input.contact, seq), at, input.kind))
        .collect();
    let walked = Program::of([journey(LEVELS)]).transition(ContactState::new("lea".into()), &mail, at);
    assert_eq!(walked.consumed, 2);
    let mut parts = ProgramParts::default();
    parts.journeys.push(journey(LEVELS).into());
    let model = ScoreModel::compile("when(\"star\", level >= 12, 5);").unwrap();
    parts.scores.insert("spark".into(), Scored::new(model.into(), History::Count));
    let counted = Program::new(parts).recount("spark", &walked.state, &mail, &walked.steps).unwrap();
    assert_eq!(counted.value, 5);
}
