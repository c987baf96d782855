//! What ends a run wherever it stands.

use crate::scene::{Scene, instant};

const SAYS: &str = "
journey: says
enter: { on: { event: go } }
exit: [{ on: { event: bought, where: { size: 2 } }, as: goal }, { on: { event: bought }, if: { tag: vip } }]
max_duration: 5d
steps: [{ id: say, send: { channel: email, template: hello, purpose: news } }, { id: stay, wait: 9d }]
";

fn there() -> Scene {
    let mut scene = Scene::of(&[SAYS]);
    scene.event("go");
    scene.walked();
    scene
}

#[test]
fn a_goal_ends_a_run_at_once_and_takes_back_what_has_not_begun() {
    let mut scene = there();
    scene.until("03-03");
    scene.happens("bought", |event| event.property("size", 2));
    assert_eq!(scene.walked(), ["03-03 00:00 says.stay exited goal bought"]);
    assert_eq!(scene.taken_back(), ["hello"]);
}

#[test]
fn an_exit_ends_the_runs_of_those_for_whom_its_predicate_holds() {
    let mut scene = there();
    scene.event("bought");
    assert_eq!(scene.walked(), [""; 0]);
    scene.know(|lea| lea.tag("vip"));
    assert_eq!(scene.walked(), [""; 0]);
    scene.event("bought");
    assert_eq!(scene.walked(), ["03-02 09:00 says.stay exited event bought"]);
}

#[test]
fn the_first_exit_that_fits_names_the_end() {
    let mut scene = there();
    scene.know(|lea| lea.tag("vip"));
    scene.happens("bought", |event| event.property("size", 2));
    assert_eq!(scene.walked(), ["03-02 09:00 says.stay exited goal bought"]);
}

#[test]
fn an_event_from_before_the_entry_ends_nothing() {
    let mut scene = there();
    scene.until("03-03");
    scene.happens("bought", |event| event.property("size", 2).at(instant("03-02 08:59")));
    assert_eq!(scene.walked(), [""; 0]);
    scene.happens("bought", |event| event.property("size", 2).at(instant("03-02 09:00")));
    assert_eq!(scene.walked(), ["03-03 00:00 says.stay exited goal bought"]);
}

#[test]
fn the_longest_stay_ends_a_run_whatever_it_waits_for() {
    let mut scene = there();
    scene.until("03-10");
    assert_eq!(scene.walked(), ["03-07 09:00 says.stay exited max_duration"]);
    assert_eq!(scene.taken_back(), ["hello"]);
}

#[test]
fn who_walks_to_the_end_takes_nothing_back() {
    let mut scene = Scene::of(&[
        "{ journey: a, enter: { on: { event: go } }, steps: [{ id: say, send: { channel: email, template: hello, purpose: news } }] }",
        "{ journey: b, enter: { on: { event: go } }, steps: [{ id: say, send: { channel: email, template: bye, purpose: news } }, { exit: done }] }",
    ]);
    scene.event("go");
    assert_eq!((scene.said().len(), scene.taken_back().len()), (2, 0));
}

#[test]
fn a_goal_ends_a_run_even_while_its_journey_is_paused() {
    let mut scene = Scene::paused(&[SAYS], "says", &[("03-03", "03-20")]);
    scene.event("go");
    scene.until("03-04");
    scene.walked();
    scene.happens("bought", |event| event.property("size", 2));
    assert_eq!(scene.walked(), ["03-04 00:00 says.stay exited goal bought"]);
}
