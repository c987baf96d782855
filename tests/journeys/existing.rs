//! Who already qualifies when a journey is published, and who enters no journey that is archived.

use journeyman::machine::{InputKind, Pause};
use journeyman::model::Fact;

use crate::scene::{Scene, day, instant};

/// Publishes a journey with this door to somebody of whom more is known, and says whether she entered.
fn enters(door: &str, know: impl FnOnce(&mut Scene)) -> bool {
    let mut scene = Scene::of(&[]);
    know(&mut scene);
    scene.publish(&[&format!("{{ journey: care, enter: [{door}], steps: [{{ wait: 1d }}] }}")]);
    scene.hear(InputKind::Enroll { journey: "care".into(), version: 1 });
    scene.runs() == 1
}

#[test]
fn who_stands_where_a_door_leads_enters_when_it_is_published() {
    let dormant =
        |inside| move |scene: &mut Scene| scene.fact(Fact::Segment { segment: "dormant".into(), inside });
    let gold = |scene: &mut Scene| {
        scene.fact(Fact::Tier { score: "spark".into(), from: None, to: Some("gold".into()), up: true });
    };
    let plan = |scene: &mut Scene| scene.know(|lea| lea.attribute("plan", "gold"));
    let nothing = |_: &mut Scene| {};
    let score = |value| move |scene: &mut Scene| scene.score("spark", value);
    let paid = |scene: &mut Scene| scene.event("paid");
    let moves_in = "{ on: { segment: dormant, moves: in }, existing: true }";
    assert_eq!((enters(moves_in, dormant(true)), enters(moves_in, nothing)), (true, false));
    let moves_out = "{ on: { segment: dormant, moves: out }, existing: true }";
    assert_eq!((enters(moves_out, dormant(true)), enters(moves_out, nothing)), (false, true));
    let tier = "{ on: { tier: spark, to: gold }, existing: true }";
    assert_eq!((enters(tier, gold), enters(tier, nothing)), (true, false));
    let reaches = "{ on: { score: spark, reaches: 75 }, existing: true }";
    assert_eq!((enters(reaches, score(75)), enters(reaches, score(74))), (true, false));
    let falls = "{ on: { score: spark, falls_below: 40 }, existing: true }";
    assert_eq!(
        (enters(falls, score(39)), enters(falls, score(40)), enters(falls, nothing)),
        (true, false, false)
    );
    let becomes = "{ on: { attribute: plan, becomes: gold }, existing: true }";
    assert_eq!((enters(becomes, plan), enters(becomes, nothing)), (true, false));
    let any = "{ on: { attribute: plan }, existing: true }";
    assert_eq!((enters(any, plan), enters(any, nothing)), (true, false));
    let event = "{ on: { event: paid }, existing: true }";
    assert_eq!((enters(event, paid), enters(event, nothing)), (true, false));
}

#[test]
fn nobody_enters_by_what_was_before_unless_the_door_says_so_and_its_condition_holds() {
    let gold = |scene: &mut Scene| scene.know(|lea| lea.attribute("plan", "gold"));
    assert!(!enters("{ on: { attribute: plan } }", gold));
    assert!(!enters("{ on: { attribute: plan }, if: { tag: vip }, existing: true }", gold));
    assert!(!enters("{ on: { attribute: plan } }, { on: { attribute: city }, existing: true }", gold));
    assert!(enters("{ on: { attribute: plan }, if: { not: { tag: vip } }, existing: true }", gold));
}

const CARE: &str = "{ journey: care, enter: { on: { attribute: plan }, existing: true }, REENTER steps: [{ id: stay, wait: 1d }] }";

#[test]
fn who_is_inside_or_may_not_enter_again_is_not_enrolled() {
    for (reenter, runs) in [("", 0), ("reenter: always,", 1), ("reenter: { after: 10d },", 0)] {
        let mut scene = Scene::of(&[&CARE.replace("REENTER", reenter)]);
        scene.know(|lea| lea.attribute("plan", "gold"));
        let enroll = || InputKind::Enroll { journey: "care".into(), version: 1 };
        scene.hear(enroll());
        assert_eq!(scene.runs(), 1);
        scene.until("03-05 09:00");
        assert_eq!(scene.runs(), 0);
        scene.hear(enroll());
        assert_eq!(scene.runs(), runs, "{reenter}");
    }
}

#[test]
fn neither_window_nor_pause_lets_in_who_already_qualifies() {
    let closed = CARE.replace("REENTER", "closes: 2026-01-01T00:00,");
    let open = CARE.replace("REENTER", "");
    let paused = Scene::paused(&[&open], "care", &[("03-01", "03-09")]);
    for mut scene in [Scene::of(&[&closed]), paused] {
        scene.know(|lea| lea.attribute("plan", "gold"));
        scene.hear(InputKind::Enroll { journey: "care".into(), version: 1 });
        assert_eq!(scene.runs(), 0);
    }
}

const STEADY: [&str; 2] = [
    "{ journey: care, enter: [{ on: { event: seen } }, { on: { date: show } }, { on: { schedule: { every: day, at: \"12:00\" } } }], reenter: always, steps: [{ id: stay, wait: 1h }] }",
    "{ journey: other, enter: { on: { event: asked } }, steps: [{ enter: { journey: care } }, { wait: 1h }] }",
];

#[test]
fn nobody_enters_an_archived_journey_by_any_way_and_who_is_inside_walks_on() {
    let mut scene = Scene::of(&STEADY);
    scene.know(|lea| lea.attribute("show", day("03-04")));
    scene.event("seen");
    let archived = |until: Option<&str>| vec![Pause::new(instant("03-02 09:00"), until.map(instant))];
    scene.change(|parts| drop(parts.archived.insert("care".into(), archived(None))));
    scene.walked();
    scene.until("03-05 09:00");
    assert_eq!(scene.walked(), ["03-02 10:00 care.stay waited", "03-02 10:00 care.stay exited completed"]);
    scene.event("seen");
    scene.event("asked");
    assert_eq!(scene.walked(), ["03-05 09:00 other.step-1 entered", "03-05 09:00 other.step-1 not opened"]);
    scene.change(|parts| drop(parts.archived.insert("care".into(), archived(Some("03-05 09:00")))));
    scene.event("seen");
    assert_eq!(scene.walked(), ["03-05 09:00 care.stay entered"]);
}

#[test]
fn a_drawing_says_that_a_door_opens_to_who_qualifies_already() {
    let drawn = crate::scene::journey(&CARE.replace("REENTER", "")).definition.to_mermaid();
    assert!(drawn.contains("also who qualifies already"), "{drawn}");
}
