//! What happens to steps that a pause made late.

use crate::scene::Scene;

/// A message a day after the entry on 2 March at 09:00, another one two hours later, and a pause that ends at `resumed`.
fn resumed(late: &str, until: &str) -> Scene {
    let text = format!(
        "
journey: says
{late}
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: first, wait: 1d }}
  - {{ id: a, send: {{ channel: email, template: a, purpose: news }} }}
  - {{ id: b, send: {{ channel: email, template: b, purpose: news }} }}
  - {{ id: second, wait: 2h }}
  - {{ id: c, send: {{ channel: email, template: c, purpose: news }} }}
"
    );
    let mut scene = Scene::paused(&[&text], "says", &[("03-03", until)]);
    scene.event("go");
    scene.until("03-20");
    scene
}

#[test]
fn what_a_pause_made_late_happens_all_the_same_unless_said() {
    for late in ["", "late: { then: send }", "late: { grace: 1h, then: send }"] {
        let scene = resumed(late, "03-06 12:00");
        assert_eq!(scene.said(), ["03-06 12:00 a", "03-06 12:00 b", "03-06 14:00 c"], "{late}");
    }
}

#[test]
fn with_skip_messages_are_left_out_until_the_run_waits_again() {
    let mut scene = resumed("late: { grace: 2h, then: skip }", "03-06 12:00");
    assert_eq!(
        scene.walked()[1..],
        [
            "03-06 12:00 says.first waited",
            "03-06 12:00 says.a refused late",
            "03-06 12:00 says.b refused late",
            "03-06 14:00 says.second waited",
            "03-06 14:00 says.c sent c",
            "03-06 14:00 says.c exited completed"
        ]
    );
}

#[test]
fn with_exit_a_run_that_is_late_ends() {
    let mut scene = resumed("late: { grace: 2h, then: exit }", "03-06 12:00");
    assert_eq!(scene.walked()[1..], ["03-06 12:00 says.first exited late"]);
}

#[test]
fn what_is_late_by_exactly_the_grace_is_on_time() {
    for then in ["skip", "exit"] {
        let late = format!("late: {{ grace: 3h, then: {then} }}");
        assert_eq!(
            resumed(&late, "03-03 12:00").said(),
            ["03-03 12:00 a", "03-03 12:00 b", "03-03 14:00 c"],
            "{then}"
        );
        assert_ne!(resumed(&late, "03-03 12:01").said().len(), 3, "{then}");
    }
}

#[test]
fn what_a_pause_does_not_touch_is_not_late() {
    let mut scene = resumed("late: { then: exit }", "03-03 09:00");
    assert_eq!(scene.said().len(), 3);
    assert_eq!(scene.walked().last().unwrap(), "03-03 11:00 says.c exited completed");
}

#[test]
fn a_wait_whose_end_came_in_the_pause_is_late_by_when_it_came() {
    let text = "
journey: says
late: { grace: 2h, then: exit }
enter: { on: { event: go } }
steps: [{ id: w, wait_for: { any: [{ event: seen }], within: 9d } }, { id: end, exit: done }]
";
    for (seen, end) in [("03-03 09:59", "exited late"), ("03-03 10:00", "exited by step done")] {
        let mut scene = Scene::paused(&[text], "says", &[("03-03", "03-03 12:00")]);
        scene.event("go");
        scene.until(seen);
        scene.event("seen");
        scene.until("03-20");
        assert!(scene.walked().last().unwrap().ends_with(end), "{seen}");
    }
}

#[test]
fn a_message_that_a_pause_held_back_beyond_the_grace_is_left_out() {
    let text = "
journey: says
late: { grace: 2h, then: skip }
enter: { on: { event: go } }
steps: [{ id: s, send: { channel: sms, template: a, purpose: marketing } }]
";
    let mut scene = Scene::paused(&[text], "says", &[("03-03", "03-03 12:00")]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-20");
    assert_eq!(
        scene.walked()[1..],
        [
            "03-02 21:00 says.s deferred 03-03 08:30 quiethours",
            "03-03 12:00 says.s refused late",
            "03-03 12:00 says.s exited completed"
        ]
    );
}

#[test]
fn the_longest_stay_is_over_when_the_pause_ends() {
    let text =
        "{ journey: says, max_duration: 2d, enter: { on: { event: go } }, steps: [{ id: w, wait: 9d }] }";
    let mut scene = Scene::paused(&[text], "says", &[("03-03", "03-06 12:00")]);
    scene.event("go");
    scene.until("03-20");
    assert_eq!(scene.walked()[1..], ["03-06 12:00 says.w exited max_duration"]);
}
