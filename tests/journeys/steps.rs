//! Steps that choose and change: branch, split, set, jump.

use journeyman::model::Value;

use crate::scene::Scene;

fn branch(when: &str, unknown: &str) -> String {
    format!(
        "
journey: asks
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: ask, branch: {{ when: [{{ if: {when}, goto: yes }}], else: no{unknown} }} }}
  - {{ id: yes, exit: \"yes\" }}
  - {{ id: no, exit: \"no\" }}
  - {{ id: maybe, exit: maybe }}
"
    )
}

fn answers(when: &str, edge: bool, known: &[(&str, Value)]) -> String {
    let unknown = if edge { ", unknown: maybe" } else { "" };
    let mut text = branch(when, unknown);
    if !edge {
        text = text.replace("  - { id: maybe, exit: maybe }\n", "");
    }
    let mut scene = Scene::of(&[&text]);
    scene.know(|lea| known.iter().fold(lea, |lea, (name, value)| lea.attribute(*name, value.clone())));
    scene.event("go");
    scene.walked().last().unwrap().rsplit(' ').next().unwrap().to_string()
}

#[test]
fn what_is_not_known_goes_the_way_of_the_unknown_through_not_all_and_any() {
    let old = ("age", Value::from(70));
    let known = [old.clone(), ("plan", Value::from("gold"))];
    for (when, with_nothing, with_age, with_both) in [
        ("{ attribute: plan, is: gold }", "maybe", "maybe", "yes"),
        ("{ not: { attribute: plan, is: gold } }", "maybe", "maybe", "no"),
        ("{ all: [{ attribute: age, above: 60 }, { attribute: plan, is: gold }] }", "maybe", "maybe", "yes"),
        ("{ all: [{ attribute: age, below: 60 }, { attribute: plan, is: gold }] }", "maybe", "no", "no"),
        ("{ any: [{ attribute: age, above: 60 }, { attribute: plan, is: gold }] }", "maybe", "yes", "yes"),
        ("{ any: [{ attribute: age, below: 60 }, { attribute: plan, is: free }] }", "maybe", "maybe", "no"),
        (
            "{ not: { any: [{ attribute: age, above: 60 }, { attribute: plan, is: gold }] } }",
            "maybe",
            "no",
            "no",
        ),
        // Of another kind than what is asked for.
        ("{ attribute: age, is: old }", "maybe", "maybe", "maybe"),
        // These are always known.
        ("{ attribute: plan, exists: true }", "no", "no", "yes"),
        ("{ tag: vip }", "no", "no", "no"),
        ("{ performed: never }", "no", "no", "no"),
        ("{ score: spark, at_least: 1 }", "no", "no", "no"),
        ("{ segment: dormant }", "no", "no", "no"),
        ("{ tier: spark, is: hot }", "maybe", "maybe", "maybe"),
    ] {
        assert_eq!(answers(when, true, &[]), with_nothing, "{when}");
        assert_eq!(answers(when, true, std::slice::from_ref(&old)), with_age, "{when}");
        assert_eq!(answers(when, true, &known), with_both, "{when}");
    }
}

#[test]
fn without_the_edge_what_is_not_known_does_not_hold_and_not_is_the_complement() {
    assert_eq!(answers("{ attribute: plan, is: gold }", false, &[]), "no");
    assert_eq!(answers("{ not: { attribute: plan, is: gold } }", false, &[]), "yes");
    assert_eq!(answers("{ not: { attribute: age, above: 3 } }", false, &[("age", "old".into())]), "yes");
}

#[test]
fn the_first_way_that_holds_is_taken_and_an_unknown_one_before_it_is_asked_first() {
    let ways = "
journey: asks
enter: { on: { event: go } }
steps:
  - id: ask
    branch:
      when: [{ if: { tag: a }, goto: one }, { if: { attribute: plan, is: gold }, goto: two }, { if: { tag: b }, goto: three }]
      else: end
      unknown: maybe
  - { id: one, exit: one }
  - { id: two, exit: two }
  - { id: three, exit: three }
  - { id: end, exit: none }
  - { id: maybe, exit: maybe }
";
    let walk = |tags: &[&str]| {
        let mut scene = Scene::of(&[ways]);
        scene.know(|lea| tags.iter().fold(lea, |lea, tag| lea.tag(*tag)));
        scene.event("go");
        scene.walked()[1..].join(", ")
    };
    assert_eq!(walk(&["a", "b"]), "03-02 09:00 asks.ask way 0, 03-02 09:00 asks.one exited by step one");
    assert_eq!(walk(&["b"]), "03-02 09:00 asks.ask unknown 1, 03-02 09:00 asks.maybe exited by step maybe");
}

#[test]
fn performed_since_entry_asks_for_what_came_in_this_run() {
    let asks = "
journey: asks
enter: { on: { event: go } }
steps:
  - { id: w, wait: 1d }
  - { id: ask, branch: { when: [{ if: { performed: seen, since: entry }, goto: yes }], else: no } }
  - { id: yes, exit: \"yes\" }
  - { id: no, exit: \"no\" }
";
    for (before, after, end) in [(true, false, "no"), (false, true, "yes"), (true, true, "yes")] {
        let mut scene = Scene::of(&[asks]);
        if before {
            scene.event("seen");
        }
        scene.until("03-02 10:00");
        scene.event("go");
        if after {
            scene.event("seen");
        }
        scene.until("03-05");
        assert!(scene.walked().last().unwrap().ends_with(end));
    }
}

#[test]
fn a_lot_is_the_same_whenever_one_comes_by() {
    let split = "
journey: lots
enter: { on: { event: go } }
reenter: always
steps:
  - { id: draw, split: { ways: [{ weight: 50, goto: a }, { weight: 50, goto: b }] } }
  - { id: a, exit: a }
  - { id: b, exit: b }
";
    let mut ways = [0, 0];
    for number in 0..60 {
        let mut scene = Scene::whose(&format!("c{number}"), &[split], |_| {});
        scene.event("go");
        let first = scene.walked();
        scene.until("04-02");
        scene.event("go");
        let again = scene.walked();
        assert_eq!(first[1][12..], again[1][12..]);
        ways[usize::from(first[1].ends_with("drawn 1"))] += 1;
    }
    assert!(ways.iter().all(|way| (15..45).contains(way)), "{ways:?}");
}

#[test]
fn another_salt_draws_another_lot() {
    let split = |salt: &str| {
        format!(
            "{{ journey: lots, enter: {{ on: {{ event: go }} }}, steps: [{{ id: draw, split: {{ ways: [{{ weight: 50, goto: a }}, {{ weight: 50, goto: b }}]{salt} }} }}, {{ id: a, exit: a }}, {{ id: b, exit: b }}] }}"
        )
    };
    let draw = |contact: &str, salt: &str| {
        let mut scene = Scene::whose(contact, &[&split(salt)], |_| {});
        scene.event("go");
        scene.walked()[1].clone()
    };
    let moved = (0..60)
        .map(|number| format!("c{number}"))
        .filter(|contact| draw(contact, "") != draw(contact, ", salt: spring"));
    assert!((15..45).contains(&moved.count()));
}

#[test]
fn a_jump_is_taken_so_often_and_then_goes_on() {
    let jumps = "
journey: jumps
enter: { on: { event: go } }
steps:
  - { id: turn, wait: 1h }
  - { id: back, jump: { to: turn, most: 2 } }
  - { id: end, exit: done }
";
    let mut scene = Scene::of(&[jumps]);
    scene.event("go");
    scene.until("03-03");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 jumps.turn entered",
            "03-02 10:00 jumps.turn waited",
            "03-02 10:00 jumps.back jumped",
            "03-02 11:00 jumps.turn waited",
            "03-02 11:00 jumps.back jumped",
            "03-02 12:00 jumps.turn waited",
            "03-02 12:00 jumps.back jumped no more",
            "03-02 12:00 jumps.end exited by step done"
        ]
    );
}

#[test]
fn a_jump_is_counted_for_each_run() {
    let jumps = "{ journey: jumps, reenter: always, enter: { on: { event: go } }, steps: [{ id: turn, wait: 1h }, { id: back, jump: { to: turn, most: 1 } }] }";
    let mut scene = Scene::of(&[jumps]);
    scene.event("go");
    scene.until("03-03");
    let first = scene.walked().len();
    scene.event("go");
    scene.until("03-04");
    assert_eq!(scene.walked().len(), first);
}
