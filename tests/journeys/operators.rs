//! What operators do by hand to runs, and what an import does and does not set off.

use journeyman::machine::InputKind;
use journeyman::model::{Deed, ImportRow, Operation, OperationKind};
use journeyman::{Contact, Event};

use crate::scene::{Scene, instant, moment};

const ASKS: &str = "
journey: asks
enter: { on: { event: go } }
reenter: always
exit: [{ on: { event: bought }, as: goal }]
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: news } }
  - { id: ask, wait_for: { any: [{ event: answered, goto: thanks }], within: 2d, otherwise: remind } }
  - { id: thanks, exit: answered }
  - { id: remind, send: { channel: email, template: remind, purpose: news } }
  - { id: stay, wait: 1d }
";

impl Scene {
    fn by_hand(&mut self, what: OperationKind) {
        self.hear(InputKind::Operate(Operation::new(what, Deed::new("ana", "she asked for it"))));
    }

    fn eject(&mut self, journey: &str) {
        self.by_hand(OperationKind::Eject { journey: journey.into() });
    }

    fn admit(&mut self, journey: &str) {
        self.by_hand(OperationKind::Admit { journey: journey.into() });
    }

    fn enroll(&mut self, journey: &str) {
        self.by_hand(OperationKind::Enroll { journey: journey.into() });
    }

    fn move_to(&mut self, node: &str) {
        let enrollment = self.first_run();
        self.by_hand(OperationKind::Move { enrollment, node: node.into() });
    }

    fn hold(&mut self) {
        let enrollment = self.first_run();
        self.by_hand(OperationKind::Hold { enrollment });
    }

    fn let_go(&mut self) {
        let enrollment = self.first_run();
        self.by_hand(OperationKind::Release { enrollment });
    }

    fn import(&mut self, contact: impl FnOnce(Contact) -> Contact, events: &[(&str, &str)], triggers: bool) {
        let mut row = ImportRow::new(contact(Contact::new("lea")));
        for (name, at) in events {
            row = row.event(Event::new("lea", *name).at(instant(at)));
        }
        self.hear(InputKind::Import { row, triggers });
    }
}

/// Lea, who was asked.
fn asked() -> Scene {
    let mut scene = Scene::of(&[ASKS]);
    scene.event("go");
    scene.walked();
    scene
}

#[test]
fn who_is_ejected_leaves_at_once_and_is_told_nothing_more() {
    let mut scene = asked();
    scene.eject("asks");
    assert_eq!(
        scene.walked(),
        ["03-02 09:00 asks.ask ejected by ana", "03-02 09:00 asks.ask exited ejected"]
    );
    assert_eq!((scene.runs(), scene.taken_back()), (0, vec!["hello".to_owned()]));
}

#[test]
fn who_is_ejected_stays_out_until_somebody_lets_it_in() {
    let mut scene = asked();
    scene.eject("asks");
    scene.walked();
    scene.event("go");
    scene.until("03-20");
    scene.event("go");
    assert_eq!(scene.walked(), [""; 0]);
    scene.admit("asks");
    assert_eq!(scene.walked(), [""; 0], "an admission enters nothing by itself");
    scene.event("go");
    assert_eq!(scene.walked()[0], "03-20 00:00 asks.hello entered");
}

#[test]
fn who_was_never_inside_can_be_barred_and_another_journey_is_no_concern_of_the_bar() {
    let other = "{ journey: other, enter: { on: { event: go } }, steps: [{ id: w, wait: 1d }] }";
    let mut scene = Scene::of(&[ASKS, other]);
    scene.eject("asks");
    scene.event("go");
    assert_eq!(scene.walked(), ["03-02 09:00 other.w entered"]);
}

#[test]
fn a_bar_holds_for_dates_and_steps_of_other_journeys_too() {
    let mut scene = Scene::of(&[
        "{ journey: due, enter: { on: { date: due } }, reenter: always, steps: [{ id: w, wait: 1d }] }",
        "{ journey: opens, enter: { on: { event: go } }, steps: [{ id: e, enter: { journey: due } }] }",
    ]);
    scene.eject("due");
    scene.know(|lea| lea.attribute("due", moment("03-03 10:00")));
    scene.event("go");
    scene.until("03-04");
    let steps = ["03-02 09:00 opens.e entered", "03-02 09:00 opens.e not opened"];
    assert_eq!(scene.walked()[..2], steps);
    assert_eq!(scene.runs(), 0);
}

#[test]
fn the_end_of_an_ejected_run_is_known_by_its_word() {
    let mut scene = Scene::of(&[
        ASKS,
        "{ journey: sorry, enter: { on: { journey: asks, ended: [ejected] } }, steps: [{ id: w, wait: 1d }] }",
    ]);
    scene.event("go");
    scene.eject("asks");
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:00 sorry.w entered");
}

#[test]
fn by_hand_one_enters_whatever_the_doors_and_the_re_entry_say() {
    let once =
        "{ journey: once, enter: { on: { event: go }, if: { tag: vip } }, steps: [{ id: w, wait: 1d }] }";
    let mut scene = Scene::of(&[once]);
    for at in ["03-03", "03-05"] {
        scene.until(at);
        scene.walked();
        scene.enroll("once");
        assert_eq!(
            scene.walked(),
            [format!("{at} 00:00 once.w entered"), format!("{at} 00:00 once.w enrolled by ana")]
        );
    }
    // An active run is in the way.
    scene.enroll("once");
    assert_eq!((scene.walked().len(), scene.runs()), (0, 1));
    scene.eject("once");
    scene.enroll("once");
    assert_eq!(scene.runs(), 1, "a hand lifts what a hand barred");
}

#[test]
fn a_hand_enters_nobody_into_a_pause_a_closed_journey_or_one_that_has_keys() {
    let plain = "{ journey: j, enter: { on: { event: go } }, steps: [{ id: w, wait: 1d }] }";
    let mut paused = Scene::paused(&[plain], "j", &[("03-02", "03-04")]);
    paused.enroll("j");
    paused.enroll("nobody-knows");
    assert_eq!(paused.runs(), 0);
    for head in ["closes: \"2026-03-02T00:00\"", "reenter: { one_per: order }"] {
        let journey = format!(
            "{{ journey: j, {head}, enter: {{ on: {{ event: go }} }}, steps: [{{ id: w, wait: 1d }}] }}"
        );
        let mut scene = Scene::of(&[&journey]);
        scene.enroll("j");
        assert_eq!(scene.runs(), 0, "{head}");
    }
}

#[test]
fn a_moved_run_arrives_at_the_other_step_and_takes_back_what_it_had_to_say() {
    let mut scene = asked();
    scene.until("03-03");
    scene.move_to("remind");
    assert_eq!(scene.walked(), ["03-03 00:00 asks.ask moved by ana", "03-03 00:00 asks.remind sent remind"]);
    assert_eq!(scene.taken_back(), ["hello"]);
    assert_eq!(scene.said(), ["03-03 00:00 remind"]);
    // What the other step waited for means nothing here, and the wait counts from now.
    scene.event("answered");
    scene.until("03-05");
    assert_eq!(scene.walked(), ["03-04 00:00 asks.stay waited", "03-04 00:00 asks.stay exited completed"]);
}

#[test]
fn what_is_said_at_the_instant_of_a_move_before_it_is_taken_back_too() {
    let mut scene = Scene::of(&[ASKS]);
    scene.event("go");
    scene.move_to("remind");
    assert_eq!(
        (scene.taken_back(), scene.said()),
        (vec!["hello".to_owned()], vec!["03-02 09:00 remind".to_owned()])
    );
    // What ends the run afterwards takes back the rest.
    scene.event("bought");
    assert_eq!(scene.taken_back(), ["hello", "remind"]);
}

#[test]
fn a_run_may_be_moved_to_where_it_stands_and_waits_anew() {
    let mut scene = asked();
    scene.until("03-03");
    scene.move_to("ask");
    scene.walked();
    scene.until("03-06");
    assert_eq!(scene.walked()[0], "03-05 00:00 asks.ask timed out");
}

#[test]
fn what_names_no_run_or_no_step_changes_nothing() {
    let mut scene = asked();
    scene.move_to("nowhere");
    let enrollment = scene.first_run();
    scene.let_go();
    scene.event("bought");
    scene.walked();
    for what in [
        OperationKind::Hold { enrollment },
        OperationKind::Release { enrollment },
        OperationKind::Move { enrollment, node: "ask".into() },
        OperationKind::Eject { journey: "nobody-knows".into() },
    ] {
        scene.by_hand(what);
    }
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_held_run_waits_and_what_was_due_meanwhile_happens_when_it_is_let_go() {
    let mut scene = asked();
    scene.until("03-03");
    scene.hold();
    scene.hold();
    scene.until("03-10");
    assert_eq!(scene.walked(), ["03-03 00:00 asks.ask held by ana"]);
    scene.let_go();
    scene.let_go();
    scene.until("03-12");
    assert_eq!(
        scene.walked(),
        [
            "03-10 00:00 asks.ask let go by ana",
            "03-10 00:00 asks.ask timed out",
            "03-10 00:00 asks.remind sent remind",
            "03-11 00:00 asks.stay waited",
            "03-11 00:00 asks.stay exited completed",
        ]
    );
}

#[test]
fn what_is_not_due_yet_when_a_run_is_let_go_keeps_its_instant() {
    let mut scene = asked();
    scene.hold();
    scene.until("03-03");
    scene.let_go();
    scene.walked();
    scene.until("03-05");
    assert_eq!(scene.walked()[0], "03-04 09:00 asks.ask timed out");
}

#[test]
fn what_ends_the_wait_of_a_held_run_is_remembered_and_what_ends_the_run_ends_it() {
    let mut scene = asked();
    scene.hold();
    scene.until("03-03");
    scene.event("answered");
    scene.until("03-20");
    assert_eq!(scene.walked(), ["03-02 09:00 asks.ask held by ana"]);
    scene.let_go();
    assert_eq!(
        scene.walked(),
        [
            "03-20 00:00 asks.ask let go by ana",
            "03-20 00:00 asks.ask matched 0",
            "03-20 00:00 asks.thanks exited by step answered",
        ]
    );
    let mut scene = asked();
    scene.hold();
    scene.event("bought");
    assert_eq!(scene.walked()[1], "03-02 09:00 asks.ask exited goal bought");
}

#[test]
fn the_longest_stay_of_a_held_run_is_held_too_and_late_says_what_is_too_late() {
    let journey = "
journey: slow
enter: { on: { event: go } }
max_duration: 5d
late: { grace: 1d, then: skip }
steps: [{ id: w, wait: 1d }, { id: say, send: { channel: email, template: hello, purpose: news } }, { id: w2, wait: 9d }]
";
    let mut scene = Scene::of(&[journey]);
    scene.event("go");
    scene.hold();
    scene.until("03-20");
    scene.walked();
    scene.let_go();
    let walked = scene.walked();
    assert_eq!(walked[2], "03-20 00:00 slow.say refused late");
    assert_eq!(walked.last().unwrap(), "03-20 00:00 slow.w2 exited max_duration");
}

#[test]
fn a_run_that_is_held_and_moved_arrives_when_it_is_let_go() {
    let mut scene = asked();
    scene.hold();
    scene.move_to("remind");
    scene.until("03-05");
    assert_eq!(scene.said(), [""; 0]);
    scene.walked();
    scene.let_go();
    assert_eq!(
        scene.walked(),
        ["03-05 00:00 asks.remind let go by ana", "03-05 00:00 asks.remind sent remind"]
    );
}

#[test]
fn a_run_of_a_paused_journey_that_is_moved_arrives_when_the_pause_ends() {
    let mut scene = Scene::paused(&[ASKS], "asks", &[("03-03", "03-06")]);
    scene.event("go");
    scene.until("03-04");
    scene.walked();
    scene.move_to("remind");
    scene.until("03-06");
    assert_eq!(scene.walked(), ["03-04 00:00 asks.ask moved by ana", "03-06 00:00 asks.remind sent remind"]);
}

#[test]
fn a_hold_and_a_pause_both_hold_whatever_their_order() {
    let pause = &[("03-03", "03-08")];
    for (held, released, happens) in [
        ("03-02 10:00", "03-05", "03-08 00:00"),
        ("03-05", "03-10", "03-10 00:00"),
        ("03-02 10:00", "03-03", "03-08 00:00"),
        ("03-02 10:00", "03-03 12:00", "03-08 00:00"),
    ] {
        let mut scene = Scene::paused(&[ASKS], "asks", pause);
        scene.event("go");
        scene.until(held);
        scene.hold();
        scene.until(released);
        scene.let_go();
        scene.until("03-12");
        let given_up = format!("{happens} asks.ask timed out");
        assert!(scene.walked().contains(&given_up), "{held} until {released}");
    }
    // Held twice, and the pause keeps back in between what the first hold had put off.
    let mut scene = Scene::paused(&[ASKS], "asks", &[("03-04 12:00", "03-08")]);
    scene.event("go");
    for (hold, release) in [("03-03", "03-05"), ("03-06", "03-10")] {
        scene.until(hold);
        scene.hold();
        scene.until(release);
        scene.let_go();
    }
    scene.until("03-12");
    assert!(scene.walked().contains(&"03-10 00:00 asks.ask timed out".to_owned()));
}

const LOOKS: &str = "
journey: looks
enter: [{ on: { event: go } }, { on: { attribute: plan } }]
exit: [{ on: { event: bought }, as: goal }]
steps: [{ id: look, wait_for: { any: [{ event: seen }, { if: { tag: vip } }], within: 9d } }, { id: end, exit: done }]
";

#[test]
fn an_import_is_taken_in_and_sets_nothing_off() {
    let mut scene = Scene::of(&[LOOKS]);
    scene.import(|lea| lea.attribute("plan", "gold"), &[("go", "02-01"), ("bought", "02-03")], false);
    assert_eq!(scene.walked(), [""; 0]);
    assert_eq!(scene.contact().attributes["plan"], "gold".into());
    scene.event("go");
    scene.walked();
    scene.import(|lea| lea.tag("vip"), &[("seen", "03-02 09:00"), ("bought", "03-02 09:00")], false);
    assert_eq!((scene.walked().len(), scene.runs()), (0, 1));
}

#[test]
fn an_import_that_triggers_does_what_was_told_one_by_one() {
    let mut scene = Scene::of(&[LOOKS]);
    scene.import(|lea| lea, &[("go", "02-01"), ("seen", "02-02")], true);
    // The journey begins now, and what was seen before it began is no answer.
    assert_eq!(scene.walked(), ["03-02 09:00 looks.look entered"]);
    scene.import(|lea| lea.tag("vip"), &[], true);
    assert_eq!(scene.walked()[0], "03-02 09:00 looks.look matched 1");
}

#[test]
fn imported_events_count_at_their_own_instants() {
    let journey = "
journey: counts
enter: { on: { event: go } }
steps:
  - { id: b, branch: { when: [{ if: { performed: bought, since: entry }, goto: now }, { if: { performed: bought }, goto: once }], else: never } }
  - { id: now, exit: now }
  - { id: once, exit: once }
  - { id: never, exit: never }
";
    let mut scene = Scene::of(&[journey]);
    scene.import(|lea| lea, &[("bought", "01-05")], false);
    scene.event("go");
    assert_eq!(scene.walked()[1], "03-02 09:00 counts.b way 1");
}

#[test]
fn an_imported_date_that_is_to_come_opens_its_door_and_one_that_is_over_does_not() {
    let journey = "
journey: due
enter: { on: { date: due } }
reenter: always
late: { grace: 1d, then: send }
steps: [{ id: w, wait: 1d }]
";
    let mut scene = Scene::of(&[journey]);
    scene.import(|lea| lea.attribute("due", moment("03-01")), &[], false);
    scene.until("03-03");
    assert_eq!(scene.walked(), [""; 0]);
    scene.import(|lea| lea.attribute("due", moment("03-05")), &[], false);
    scene.until("03-05");
    assert_eq!(scene.walked(), ["03-05 00:00 due.w entered"]);
    // Nor does another date end the run that the former one opened.
    scene.import(|lea| lea.attribute("due", moment("03-09")), &[], false);
    assert_eq!((scene.walked().len(), scene.runs()), (0, 1));
    scene.until("03-09");
    assert_eq!(scene.walked().last().unwrap(), "03-09 00:00 due.w entered");
}

#[test]
fn a_wait_for_a_date_moves_with_an_imported_one() {
    let journey = "
journey: waits
enter: { on: { event: go } }
steps: [{ id: w, wait_until: { date: due } }]
";
    let mut scene = Scene::of(&[journey]);
    scene.know(|lea| lea.attribute("due", moment("03-05")));
    scene.event("go");
    scene.walked();
    scene.import(|lea| lea.attribute("due", moment("03-07")), &[], false);
    assert_eq!(scene.walked(), ["03-02 09:00 waits.w replanned 03-07 00:00"]);
}
