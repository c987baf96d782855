//! Whether, when and how often one contact may enter again.

use crate::scene::Scene;

fn visits(reenter: &str) -> String {
    format!(
        "
journey: visits
enter: {{ on: {{ event: go }} }}
{reenter}
exit: [{{ on: {{ event: stop }} }}]
steps: [{{ id: stay, wait: 1d }}]
"
    )
}

/// The instants at which an event `go` opened the journey.
fn entered(reenter: &str, goes: &[&str]) -> Vec<String> {
    let mut scene = Scene::of(&[&visits(reenter)]);
    for go in goes {
        scene.until(go);
        scene.event("go");
    }
    let entered = scene.walked().into_iter().filter(|line| line.ends_with("entered"));
    entered.map(|line| line[..11].to_string()).collect()
}

#[test]
fn nobody_enters_again_unless_the_journey_says_so() {
    assert_eq!(entered("", &["03-03", "03-10", "12-10"]), ["03-03 00:00"]);
    assert_eq!(entered("reenter: never", &["03-03", "03-10"]), ["03-03 00:00"]);
}

#[test]
fn with_always_one_enters_again_as_soon_as_the_last_run_has_ended() {
    let goes = ["03-03", "03-03 23:59", "03-04", "03-06"];
    assert_eq!(entered("reenter: always", &goes), ["03-03 00:00", "03-04 00:00", "03-06 00:00"]);
}

#[test]
fn an_active_run_blocks_another_one_without_the_word() {
    assert_eq!(
        entered("reenter: { after: 1h }", &["03-03", "03-03 02:00", "03-04 00:00"]),
        ["03-03 00:00", "03-04 00:00"]
    );
}

#[test]
fn after_counts_from_the_entry_unless_said() {
    let goes = ["03-03", "03-05", "03-05 23:59", "03-06"];
    assert_eq!(entered("reenter: { after: 3d }", &goes), ["03-03 00:00", "03-06 00:00"]);
    assert_eq!(entered("reenter: { after: 3d, from: entry }", &goes), ["03-03 00:00", "03-06 00:00"]);
}

#[test]
fn after_counts_from_the_exit_where_it_is_said() {
    let goes = ["03-03", "03-06", "03-06 23:59", "03-07"];
    assert_eq!(entered("reenter: { after: 3d, from: exit }", &goes), ["03-03 00:00", "03-07 00:00"]);
}

#[test]
fn after_a_month_counts_on_the_calendar() {
    assert_eq!(
        entered("reenter: { after: 1mo }", &["03-31", "04-29", "04-30"]),
        ["03-31 00:00", "04-30 00:00"]
    );
}

#[test]
fn a_gap_keeps_entries_apart_that_come_too_fast() {
    let goes = ["03-03", "03-03 00:09", "03-03 00:10"];
    assert_eq!(entered("reenter: { concurrent: true, gap: 10m }", &goes), ["03-03 00:00", "03-03 00:10"]);
}

#[test]
fn concurrent_runs_stand_side_by_side_and_end_each_by_itself() {
    let mut scene = Scene::of(&[&visits("reenter: { concurrent: true }")]);
    scene.event("go");
    scene.until("03-02 12:00");
    scene.event("go");
    assert_eq!(scene.runs(), 2);
    scene.until("03-05");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 visits.stay entered",
            "03-02 12:00 visits.stay entered",
            "03-03 09:00 visits.stay waited",
            "03-03 09:00 visits.stay exited completed",
            "03-03 12:00 visits.stay waited",
            "03-03 12:00 visits.stay exited completed"
        ]
    );
}

/// One run for each order.
const ORDERS: &str = "
journey: orders
enter: { on: { event: ordered } }
reenter: { one_per: order }
exit: [{ on: { event: cancelled } }]
steps:
  - { id: wait, wait_for: { any: [{ event: paid, goto: paid }, { event: asked }], within: 9d, otherwise: end } }
  - { id: again, wait: 1d, goto: end }
  - { id: paid, wait: 2d }
  - { id: end, exit: done }
";

fn ordered(scene: &mut Scene, event: &str, order: &str) {
    scene.happens(event, |event| event.property("order", order));
}

#[test]
fn runs_of_different_keys_stand_side_by_side_and_one_key_opens_one_run() {
    let mut scene = Scene::of(&[ORDERS]);
    ordered(&mut scene, "ordered", "a");
    ordered(&mut scene, "ordered", "b");
    ordered(&mut scene, "ordered", "a");
    assert_eq!(scene.walked(), ["03-02 09:00 orders.wait entered", "03-02 09:00 orders.wait entered"]);
}

#[test]
fn an_event_with_a_key_reaches_the_run_of_its_key_alone() {
    let mut scene = Scene::of(&[ORDERS]);
    ordered(&mut scene, "ordered", "a");
    ordered(&mut scene, "ordered", "b");
    scene.walked();
    ordered(&mut scene, "paid", "b");
    assert_eq!(scene.walked(), ["03-02 09:00 orders.wait matched 0"]);
    ordered(&mut scene, "cancelled", "a");
    assert_eq!(scene.walked(), ["03-02 09:00 orders.wait exited event cancelled"]);
    ordered(&mut scene, "cancelled", "c");
    assert_eq!((scene.walked().len(), scene.runs()), (0, 1));
}

#[test]
fn an_event_without_a_key_reaches_every_run() {
    let mut scene = Scene::of(&[ORDERS]);
    ordered(&mut scene, "ordered", "a");
    ordered(&mut scene, "ordered", "b");
    scene.walked();
    scene.event("asked");
    assert_eq!(scene.walked(), ["03-02 09:00 orders.wait matched 1", "03-02 09:00 orders.wait matched 1"]);
    scene.event("cancelled");
    assert_eq!(scene.runs(), 0);
}

#[test]
fn an_entering_event_without_the_key_opens_nothing() {
    let mut scene = Scene::of(&[ORDERS]);
    scene.event("ordered");
    scene.happens("ordered", |event| event.property("order", vec!["a", "b"]));
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_key_is_used_once_unless_the_map_says_after() {
    let mut scene = Scene::of(&[ORDERS]);
    ordered(&mut scene, "ordered", "a");
    ordered(&mut scene, "cancelled", "a");
    ordered(&mut scene, "ordered", "a");
    assert_eq!(scene.runs(), 0);
    ordered(&mut scene, "ordered", "b");
    assert_eq!(scene.runs(), 1);
    let again = ORDERS.replace("one_per: order", "one_per: order, after: 2d");
    let mut scene = Scene::of(&[&again]);
    ordered(&mut scene, "ordered", "a");
    ordered(&mut scene, "cancelled", "a");
    scene.until("03-04 08:59");
    ordered(&mut scene, "ordered", "a");
    assert_eq!(scene.runs(), 0);
    scene.until("03-04 09:00");
    ordered(&mut scene, "ordered", "a");
    assert_eq!(scene.runs(), 1);
}

#[test]
fn a_key_may_be_a_number() {
    let mut scene = Scene::of(&[ORDERS]);
    for order in [7, 8, 7] {
        scene.happens("ordered", |event| event.property("order", order));
    }
    assert_eq!(scene.runs(), 2);
    scene.happens("cancelled", |event| event.property("order", 8));
    assert_eq!(scene.runs(), 1);
}

#[test]
fn one_input_opens_a_journey_once_however_many_of_its_doors_it_opens() {
    let doors = "
journey: doors
enter: [{ on: { attribute: plan } }, { on: { attribute: city } }]
reenter: { concurrent: true }
steps: [{ id: stay, wait: 1d }]
";
    let mut scene = Scene::of(&[doors]);
    scene.know(|lea| lea.attribute("plan", "gold").attribute("city", "Lyon"));
    assert_eq!(scene.walked(), ["03-02 09:00 doors.stay entered"]);
    scene.know(|lea| lea.attribute("plan", "silver"));
    assert_eq!(scene.walked(), ["03-02 09:00 doors.stay entered"]);
}

#[test]
fn nobody_enters_while_the_journey_is_paused() {
    let mut scene = Scene::paused(&[&visits("")], "visits", &[("03-03", "03-04")]);
    scene.until("03-03");
    scene.event("go");
    scene.until("03-04");
    assert_eq!(scene.walked(), [""; 0]);
    scene.event("go");
    assert_eq!(scene.walked(), ["03-04 00:00 visits.stay entered"]);
}
