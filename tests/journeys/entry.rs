//! Doors: who may pass, which door, and from which instant on.

use crate::scene::{Scene, instant};

#[test]
fn a_door_lets_those_pass_for_whom_its_predicate_holds() {
    let vip =
        "{ journey: vip, enter: { on: { event: go }, if: { tag: vip } }, steps: [{ id: w, wait: 1d }] }";
    let mut scene = Scene::of(&[vip]);
    scene.event("go");
    assert_eq!(scene.walked(), [""; 0]);
    scene.know(|lea| lea.tag("vip"));
    assert_eq!(scene.walked(), [""; 0]);
    scene.event("go");
    assert_eq!(scene.walked(), ["03-02 09:00 vip.w entered"]);
}

#[test]
fn any_of_several_doors_is_enough() {
    let doors = "{ journey: doors, enter: [{ on: { event: a }, if: { tag: vip } }, { on: { event: a, where: { size: 2 } } }, { on: { event: b } }], reenter: always, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[doors]);
    scene.event("a");
    assert_eq!(scene.walked().len(), 0);
    scene.happens("a", |event| event.property("size", 2));
    assert_eq!(scene.walked().len(), 2);
    scene.event("b");
    assert_eq!(scene.walked().len(), 2);
}

#[test]
fn the_entering_event_is_counted_before_the_door_is_asked() {
    let twice = "{ journey: twice, enter: { on: { event: go }, if: { performed: go } }, steps: [{ id: w, wait: 1d }] }";
    let mut scene = Scene::of(&[twice]);
    scene.event("go");
    assert_eq!(scene.walked(), ["03-02 09:00 twice.w entered"]);
}

#[test]
fn a_late_event_opens_a_journey_when_it_comes_and_one_from_the_future_when_it_is_due() {
    let opens =
        "{ journey: opens, enter: { on: { event: go } }, reenter: always, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[opens]);
    scene.happens("go", |event| event.at(instant("02-01 00:00")));
    assert_eq!(scene.walked()[0], "03-02 09:00 opens.end entered");
    scene.happens("go", |event| event.at(instant("03-05 07:30")));
    assert_eq!(scene.walked(), [""; 0]);
    scene.until("03-06");
    assert_eq!(scene.walked()[0], "03-05 07:30 opens.end entered");
}

#[test]
fn one_enters_the_newest_version_and_stays_on_the_version_that_one_entered() {
    let version = |version: u32, wait: &str| {
        format!(
            "{{ journey: j, version: {version}, enter: {{ on: {{ event: go }} }}, reenter: always, steps: [{{ id: w{version}, wait: {wait} }}] }}"
        )
    };
    let mut scene = Scene::of(&[&version(1, "1d"), &version(2, "2d")]);
    scene.event("go");
    scene.until("03-05");
    assert_eq!(
        scene.walked(),
        ["03-02 09:00 j.w2 entered", "03-04 09:00 j.w2 waited", "03-04 09:00 j.w2 exited completed"]
    );
}

#[test]
fn journeys_that_one_event_opens_begin_in_the_order_of_their_names() {
    let opens = |name: &str| {
        format!("{{ journey: {name}, enter: {{ on: {{ event: go }} }}, steps: [{{ id: w, wait: 1d }}] }}")
    };
    let mut scene = Scene::of(&[&opens("b"), &opens("c"), &opens("a")]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        ["03-02 09:00 a.w entered", "03-02 09:00 b.w entered", "03-02 09:00 c.w entered"]
    );
}

#[test]
fn one_does_not_leave_and_enter_by_the_same_event_unless_the_journey_lets_one_in_again() {
    let turns = |reenter: &str| {
        format!(
            "{{ journey: turns, reenter: {reenter}, enter: {{ on: {{ event: x }} }}, exit: [{{ on: {{ event: x }} }}], steps: [{{ id: w, wait: 9d }}] }}"
        )
    };
    let mut scene = Scene::of(&[&turns("never")]);
    scene.event("x");
    scene.event("x");
    assert_eq!((scene.walked().len(), scene.runs()), (2, 0));
    // Who leaves by it and may come again enters again: exits come before entries.
    let mut scene = Scene::of(&[&turns("always")]);
    scene.event("x");
    scene.event("x");
    assert_eq!(scene.walked()[1..], ["03-02 09:00 turns.w exited event x", "03-02 09:00 turns.w entered"]);
}
