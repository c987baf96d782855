//! What a run did is undone where its end asks for it.

use journeyman::model::{Answer, DeliveryStatus, Reason};

use crate::scene::Scene;

const DEAL: &str = "
journey: deal
enter: { on: { event: go } }
reenter: always
exit: [{ on: { event: cancelled } }, { on: { event: signed }, as: goal }]
max_duration: 10d
undo_on: [exit, max_duration, failed]
steps:
  - { id: mark, set: { tags: [in_deal] }, undo: { set: { untag: [in_deal] } } }
  - { id: rate, score: { name: spark, add: 20 }, undo: [{ score: { name: spark, add: -20 } }, { emit: { event: rated_back } }] }
  - { id: rest, wait: 2d }
  - { id: tell, emit: { event: told }, undo: { emit: { event: untold } } }
  - { id: more, wait_for: { any: [{ event: broken, goto: failed }], within: 30d } }
  - { id: end, exit: done }
  - { id: failed, exit: failed }
";

#[test]
fn what_was_done_is_undone_newest_first_where_the_end_asks_for_it() {
    let mut scene = Scene::of(&[DEAL]);
    scene.event("go");
    scene.until("03-05");
    scene.walked();
    assert_eq!((scene.points("spark"), scene.contact().tags.contains("in_deal")), (20, true));
    scene.event("broken");
    assert_eq!(
        scene.walked(),
        [
            "03-05 00:00 deal.more matched 0",
            "03-05 00:00 deal.failed exited by step failed",
            "03-05 00:00 deal.tell.undo entered",
            "03-05 00:00 deal.tell.undo emitted untold",
            "03-05 00:00 deal.rate.undo scored 0",
            "03-05 00:00 deal.rate.undo.2 emitted rated_back",
            "03-05 00:00 deal.mark.undo changed",
            "03-05 00:00 deal.mark.undo exited undone",
        ]
    );
    assert_eq!((scene.points("spark"), scene.contact().tags.contains("in_deal")), (0, false));
    assert_eq!(scene.runs(), 0);
}

#[test]
fn only_what_was_reached_is_undone() {
    let mut scene = Scene::of(&[DEAL]);
    scene.event("go");
    scene.event("cancelled");
    let walked = scene.walked();
    assert!(!walked.iter().any(|line| line.contains("tell.undo")), "{walked:?}");
    assert_eq!(walked.last().map(String::as_str), Some("03-02 09:00 deal.mark.undo exited undone"));
}

#[test]
fn an_end_that_does_not_ask_for_it_undoes_nothing() {
    for end in ["signed", "left"] {
        let leaver =
            "{ journey: leaver, enter: { on: { event: left } }, steps: [{ leave: { journey: deal } }] }";
        let mut scene = Scene::of(&[DEAL, leaver]);
        scene.event("go");
        scene.event(end);
        assert_eq!((scene.points("spark"), scene.runs()), (20, 0), "{end}");
    }
}

#[test]
fn the_longest_stay_is_an_end_like_others() {
    let mut scene = Scene::of(&[DEAL]);
    scene.event("go");
    scene.until("03-20");
    assert_eq!(scene.points("spark"), 0);
}

#[test]
fn a_journey_that_waits_for_any_end_is_told_once_and_one_that_asks_hears_that_it_was_undone() {
    let once = "{ journey: once, reenter: always, enter: { on: { journey: deal } }, steps: [{ score: { name: ends, add: 1 } }] }";
    let undone = "{ journey: undone, enter: { on: { journey: deal, ended: undone } }, steps: [{ set: { tags: [told] } }] }";
    let mut scene = Scene::of(&[DEAL, once, undone]);
    scene.event("go");
    scene.event("cancelled");
    assert_eq!(scene.points("ends"), 1);
    assert!(scene.contact().tags.contains("told"));
}

const CALLS: &str = "
journey: deal
enter: { on: { event: go } }
reenter: always
exit: [{ on: { event: cancelled } }]
max_duration: 2d
undo_on: exit
steps:
  - { id: first, call: { channel: crm, within: 1h }, undo: { call: { channel: crm, ask: cancel_first } } }
  - { id: second, call: { channel: crm, within: 1h }, undo: { call: { channel: crm, ask: cancel_second, within: 3d } } }
  - { id: rest, wait: 1d }
";

fn asked(scene: &Scene) -> Vec<String> {
    let asks = scene.messages().iter().filter_map(|message| message.call.as_ref());
    asks.map(|call| call.ask.to_string()).collect()
}

#[test]
fn a_call_is_undone_by_a_call_and_the_run_goes_on_whatever_comes_of_it() {
    let mut scene = Scene::of(&[CALLS]);
    scene.event("go");
    scene.host_answers(Answer::of("good"));
    scene.host_answers(Answer::of("good"));
    scene.event("cancelled");
    assert_eq!(asked(&scene), ["first", "second", "cancel_second"]);
    // It is no run that an exit, a second entry or a longest stay could end.
    scene.event("cancelled");
    scene.event("go");
    assert_eq!(scene.runs(), 1);
    scene.until("03-05 08:59");
    assert_eq!(asked(&scene), ["first", "second", "cancel_second"]);
    scene.until("03-05 09:00");
    assert_eq!(asked(&scene), ["first", "second", "cancel_second", "cancel_first"]);
    scene.settles(DeliveryStatus::Refused { reasons: vec![Reason::Attempts] });
    let walked = scene.walked();
    assert_eq!(
        walked[walked.len() - 6..],
        [
            "03-02 09:00 deal.second.undo entered",
            "03-02 09:00 deal.second.undo called",
            "03-05 09:00 deal.second.undo timed out",
            "03-05 09:00 deal.first.undo called",
            "03-05 09:00 deal.first.undo refused attempts",
            "03-05 09:00 deal.first.undo exited undone",
        ]
    );
    scene.event("go");
    assert_eq!(scene.runs(), 1);
}

#[test]
fn what_was_refused_is_not_undone_and_what_nobody_answered_is() {
    let mut scene = Scene::of(&[CALLS]);
    scene.event("go");
    scene.settles(DeliveryStatus::Refused { reasons: vec![Reason::Attempts] });
    scene.event("cancelled");
    assert_eq!(asked(&scene), ["first", "second", "cancel_second"]);
    let mut scene = Scene::of(&[CALLS]);
    scene.event("go");
    scene.until("03-02 10:30");
    scene.event("cancelled");
    scene.host_answers(Answer::of("good"));
    assert_eq!(asked(&scene), ["first", "second", "cancel_second", "cancel_first"]);
}

#[test]
fn it_goes_on_in_a_pause_as_far_as_it_waits_for_nobody() {
    let mut scene = Scene::paused(&[DEAL], "deal", &[("03-03", "03-09")]);
    scene.event("go");
    scene.until("03-04");
    scene.event("cancelled");
    assert_eq!((scene.points("spark"), scene.runs()), (0, 0));
}

#[test]
fn a_run_of_a_key_is_undone_under_its_key() {
    let keyed = DEAL.replace("reenter: always", "reenter: { one_per: order }");
    let mut scene = Scene::of(&[&keyed]);
    for order in ["a", "b"] {
        scene.happens("go", |event| event.property("order", order));
    }
    assert_eq!(scene.points("spark"), 40);
    scene.happens("cancelled", |event| event.property("order", "a"));
    assert_eq!((scene.points("spark"), scene.runs()), (20, 1));
}

/// A loop of thirty turns does more than a run remembers.
#[test]
fn of_more_than_256_actions_the_oldest_are_forgotten() {
    let many = "
journey: many
enter: { on: { event: go } }
exit: [{ on: { event: stop } }]
undo_on: exit
steps:
  - { id: turn, wait: 1h }
  - { id: add, score: { name: spark, add: 1 }, undo: { score: { name: spark, add: -1 } } }
  - { id: back, jump: { to: turn, most: 299 } }
  - { id: rest, wait: 30d }
";
    let mut scene = Scene::of(&[many]);
    scene.event("go");
    scene.until("03-20");
    assert_eq!(scene.points("spark"), 300);
    scene.event("stop");
    assert_eq!((scene.points("spark"), scene.runs()), (300 - 256, 0));
}
