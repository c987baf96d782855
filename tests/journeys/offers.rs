//! Places of offers: asked for, held, kept, given back; and how many may enter.

use journeyman::model::{Answer, DeliveryStatus, Message, Reason, Value};

use crate::scene::{Scene, instant};

const WORKSHOP: &str = "
journey: workshop
enter: { on: { event: go } }
reenter: always
exit: [{ on: { event: bought }, as: goal }]
steps:
  - { id: hold, reserve: { offer: masterclass, quota: places, expires: 48h, within: 10m, full: sold_out, otherwise: later } }
  - { id: tell, send: { channel: email, template: your_place, purpose: news, offer: masterclass, refused: gone } }
  - { id: ask, wait_for: { any: [{ event: yes, goto: keep }], within: 3d, otherwise: again } }
  - { id: keep, confirm: { offer: masterclass, full: gone }, goto: in }
  - { id: again, send: { channel: email, template: still, purpose: news, offer: masterclass, refused: gone } }
  - { id: end, exit: silent }
  - { id: in, wait: 1d }
  - { id: thanks, send: { channel: email, template: see_you, purpose: news, offer: masterclass } }
  - { id: done, exit: done }
  - { id: gone, exit: gone }
  - { id: sold_out, exit: sold_out }
  - { id: later, exit: later }
";

/// The last call: its channel, what it asks, and what goes along.
fn asked(scene: &Scene) -> (String, String, Vec<String>) {
    let mut calls = scene.messages().iter().filter_map(|message| Some((message, message.call.as_ref()?)));
    let (message, call) = calls.next_back().unwrap();
    (message.channel.to_string(), call.ask.to_string(), call.with.keys().map(ToString::to_string).collect())
}

fn keys(scene: &Scene) -> Vec<Value> {
    let calls = scene.messages().iter().filter_map(|message| message.call.as_ref());
    calls.map(|call| call.with["key"].clone()).collect()
}

fn place(scene: &mut Scene, remaining: i64) {
    let answer = Answer::of("place").value("remaining", remaining);
    scene.settles(DeliveryStatus::Answered { answer });
}

fn full(scene: &mut Scene) {
    scene.settles(DeliveryStatus::Answered { answer: Answer::of("full") });
}

fn last(scene: &Scene) -> &Message {
    scene.messages().last().unwrap()
}

/// Lea holds a place, was told of it, and is asked.
fn holding() -> Scene {
    let mut scene = Scene::of(&[WORKSHOP]);
    scene.event("go");
    let along = vec!["key".to_owned(), "offer".to_owned(), "until".to_owned()];
    assert_eq!(asked(&scene), ("places".to_owned(), "reserve".to_owned(), along));
    place(&mut scene, 3);
    scene
}

#[test]
fn a_place_is_asked_for_and_the_message_speaks_of_it() {
    let mut scene = holding();
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 workshop.hold entered",
            "03-02 09:00 workshop.hold called",
            "03-02 09:00 workshop.hold answered place",
            "03-02 09:00 workshop.tell sent your_place",
        ]
    );
    let said = last(&scene);
    assert_eq!(said.variables["offer.remaining"], Value::from(3));
    assert_eq!(said.variables["offer.name"], Value::from("masterclass"));
    assert_eq!(said.variables["offer.expires_at"], Value::from(instant("03-04 09:00")));
    assert_eq!(said.not_after, Some(instant("03-04 09:00")));
}

#[test]
fn a_deadline_after_which_it_is_said_all_the_same_outlives_no_place() {
    let said = |deadline: &str| {
        let mut scene = Scene::of(&[&WORKSHOP.replacen(
            "news, offer: masterclass",
            &format!("news, offer: masterclass{deadline}"),
            1,
        )]);
        scene.event("go");
        place(&mut scene, 3);
        let said = last(&scene);
        (said.not_after, said.wanted_by)
    };
    let (day, expiry) = (Some(instant("03-03 09:00")), Some(instant("03-04 09:00")));
    assert_eq!(said(", deadline: { within: 1d, then: send }"), (expiry, day));
    assert_eq!(said(", deadline: 1d"), (day, None));
    assert_eq!(said(", deadline: 3d"), (expiry, None));
}

#[test]
fn a_place_is_kept_for_good() {
    let mut scene = holding();
    scene.answer(true);
    scene.event("yes");
    assert_eq!(asked(&scene).1, "confirm");
    place(&mut scene, 0);
    scene.until("03-10");
    let walked = scene.walked();
    assert_eq!(
        walked[walked.len() - 6..],
        [
            "03-02 09:00 workshop.ask matched 0",
            "03-02 09:00 workshop.keep called",
            "03-02 09:00 workshop.keep answered place",
            "03-03 09:00 workshop.in waited",
            "03-03 09:00 workshop.thanks sent see_you",
            "03-03 09:00 workshop.done exited by step done",
        ]
    );
    // Who keeps a place may be told of it at any time, and nothing is given back.
    assert_eq!((last(&scene).not_after, asked(&scene).1.as_str()), (None, "confirm"));
    let keys = keys(&scene);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn past_its_expiry_nothing_is_said_of_a_place_and_it_is_given_back_when_the_run_ends() {
    let mut scene = holding();
    scene.answer(true);
    scene.until("03-06");
    let walked = scene.walked();
    assert_eq!(
        walked[walked.len() - 6..],
        [
            "03-05 09:00 workshop.ask timed out",
            "03-05 09:00 workshop.again refused expired",
            "03-05 09:00 workshop.gone exited by step gone",
            "03-05 09:00 workshop.hold.release entered",
            "03-05 09:00 workshop.hold.release called",
            "03-05 09:00 workshop.hold.release exited undone",
        ]
    );
    assert_eq!(asked(&scene).1, "release");
    assert_eq!(keys(&scene)[0], keys(&scene)[1]);
    assert_eq!(scene.runs(), 0);
}

#[test]
fn an_exit_gives_a_place_back_and_does_not_take_that_back() {
    let mut scene = holding();
    scene.event("bought");
    assert_eq!(asked(&scene).1, "release");
    assert_eq!(scene.taken_back(), ["", "your_place"]); // the question and the message, not what gives it back
}

#[test]
fn a_confirmation_that_comes_too_late_leads_to_full_and_asks_nobody() {
    let mut scene = holding();
    scene.answer(true);
    scene.until("03-04 09:00");
    scene.event("yes");
    let walked = scene.walked();
    assert!(walked.contains(&"03-04 09:00 workshop.keep refused noplace".to_owned()), "{walked:?}");
}

#[test]
fn where_nothing_is_left_full_is_taken_and_nothing_is_given_back() {
    let mut scene = Scene::of(&[WORKSHOP]);
    scene.event("go");
    full(&mut scene);
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:00 workshop.sold_out exited by step sold_out");
    assert_eq!((asked(&scene).1.as_str(), scene.runs()), ("reserve", 0));
}

/// The place may have been given all the same.
#[test]
fn where_nobody_can_say_otherwise_is_taken_and_the_place_is_given_back() {
    let mut scene = Scene::of(&[WORKSHOP]);
    scene.event("go");
    scene.until("03-02 09:10");
    let walked = scene.walked();
    assert_eq!(
        walked[2..],
        [
            "03-02 09:10 workshop.hold timed out",
            "03-02 09:10 workshop.later exited by step later",
            "03-02 09:10 workshop.hold.release entered",
            "03-02 09:10 workshop.hold.release called",
            "03-02 09:10 workshop.hold.release exited undone",
        ]
    );
    let mut scene = Scene::of(&[WORKSHOP]);
    scene.event("go");
    scene.settles(DeliveryStatus::Refused { reasons: vec![Reason::Channel("unknown offer".into())] });
    assert_eq!(asked(&scene).1, "release");
}

#[test]
fn a_step_may_give_a_place_back_and_another_one_is_another_place() {
    let journey = "
journey: turns
enter: { on: { event: go } }
exit: [{ on: { event: stop } }]
steps:
  - { id: hold, reserve: { offer: seat, expires: 2d, within: 10m } }
  - { id: rest, wait: 1d }
  - { id: back, release: { offer: seat } }
  - { id: tell, send: { channel: email, template: seat, purpose: news, offer: seat } }
  - { id: once_more, release: { offer: seat } }
  - { id: turn, wait: 1h }
  - { id: again, jump: { to: hold, most: 1 } }
";
    let mut scene = Scene::of(&[journey]);
    scene.event("go");
    assert_eq!(asked(&scene).0, "quota");
    place(&mut scene, 1);
    scene.until("03-03 10:00");
    let walked = scene.walked();
    assert_eq!(
        walked[walked.len() - 6..],
        [
            "03-03 09:00 turns.back called",
            "03-03 09:00 turns.tell refused noplace",
            "03-03 09:00 turns.once_more refused noplace",
            "03-03 10:00 turns.turn waited",
            "03-03 10:00 turns.again jumped",
            "03-03 10:00 turns.hold called",
        ]
    );
    let keys = keys(&scene);
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
    // An end that takes everything back takes back what gives a place back, too: it is said once more.
    place(&mut scene, 0);
    scene.until("03-04 10:00");
    scene.event("stop");
    assert_eq!(scene.messages().iter().rev().filter(|message| message.call.is_some()).count(), 5);
    assert_eq!(asked(&scene).1, "release");
}

#[test]
fn what_undoes_comes_before_the_places_are_given_back() {
    let journey = "
journey: both
enter: { on: { event: go } }
exit: [{ on: { event: stop } }]
undo_on: exit
steps:
  - { id: mark, set: { tags: [marked] }, undo: { set: { untag: [marked] } } }
  - { id: b, reserve: { offer: bus, expires: 2d } }
  - { id: a, reserve: { offer: art, expires: 2d }, undo: { emit: { event: no_art } } }
  - { id: kept, confirm: { offer: bus }, undo: { release: { offer: bus } } }
  - { id: rest, wait: 1d }
";
    let mut scene = Scene::of(&[journey]);
    scene.event("go");
    (0..3).for_each(|_| place(&mut scene, 1));
    scene.walked();
    scene.event("stop");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 both.rest exited event stop",
            "03-02 09:00 both.kept.undo entered",
            "03-02 09:00 both.kept.undo called",
            "03-02 09:00 both.a.undo emitted no_art",
            "03-02 09:00 both.mark.undo changed",
            "03-02 09:00 both.a.release called",
            "03-02 09:00 both.a.release exited undone",
        ]
    );
}

const CAPPED: &str = "
journey: pilot
enter: { on: { event: go } }
cap: { most: 500, quota: places }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: news } }
  - { id: rest, wait: 1d }
";

#[test]
fn an_entry_takes_a_place_first_and_keeps_it_on_arrival() {
    let mut scene = Scene::of(&[CAPPED]);
    scene.event("go");
    let call = last(&scene).call.clone().unwrap();
    assert_eq!((call.with["offer"].clone(), call.with["most"].clone()), ("entries/pilot".into(), 500.into()));
    assert!(scene.said().iter().all(|said| said.ends_with(' ')), "{:?}", scene.said()); // nothing but the question
    place(&mut scene, 499);
    place(&mut scene, 0);
    scene.until("03-04");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 pilot.enter.place entered",
            "03-02 09:00 pilot.enter.place called",
            "03-02 09:00 pilot.enter.place answered place",
            "03-02 09:00 pilot.enter.confirm called",
            "03-02 09:00 pilot.enter.confirm answered place",
            "03-02 09:00 pilot.hello sent hello",
            "03-03 09:00 pilot.rest waited",
            "03-03 09:00 pilot.rest exited completed",
        ]
    );
}

#[test]
fn a_full_journey_ends_at_the_door_and_was_never_entered() {
    let mut scene = Scene::of(&[CAPPED]);
    scene.event("go");
    full(&mut scene);
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:00 pilot.enter.place exited full");
    assert_eq!(scene.runs(), 0);
    // It may be entered once, and has not been.
    scene.event("go");
    place(&mut scene, 3);
    assert_eq!(scene.runs(), 1);
}

#[test]
fn a_quota_that_says_nothing_lets_nobody_in() {
    let mut scene = Scene::of(&[CAPPED]);
    scene.event("go");
    scene.until("03-02 09:10");
    let walked = scene.walked();
    assert_eq!(
        walked[2..],
        [
            "03-02 09:10 pilot.enter.place timed out",
            "03-02 09:10 pilot.enter.place exited full",
            "03-02 09:10 pilot.enter.place.release entered",
            "03-02 09:10 pilot.enter.place.release called",
            "03-02 09:10 pilot.enter.place.release exited undone",
        ]
    );
    assert_eq!(scene.runs(), 0);
}
