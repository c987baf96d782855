//! Steps that enter and leave other journeys.

use crate::scene::Scene;

const CHILD: &str = "
journey: child
enter: { on: { host: nobody } }
reenter: always
exit: [{ on: { event: bought }, as: goal }, { on: { event: left } }]
max_duration: 5d
steps:
  - { id: ask, wait_for: { any: [{ event: yes, goto: yes }], within: 2d } }
  - { id: last, wait: 1d, goto: end }
  - { id: yes, exit: agreed }
  - { id: end, wait: 1h }
";

const PARENT: &str = "
journey: parent
enter: { on: { event: go } }
steps:
  - { id: sub, enter: { journey: child, within: 4d, results: [{ is: goal, goto: won }, { is: agreed, goto: yes }], otherwise: other } }
  - { id: onward, exit: any_other_end }
  - { id: won, exit: won }
  - { id: yes, exit: yes }
  - { id: other, exit: not_in_time }
";

fn waiting() -> Scene {
    let mut scene = Scene::of(&[PARENT, CHILD]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        ["03-02 09:00 parent.sub entered", "03-02 09:00 parent.sub opened", "03-02 09:00 child.ask entered"]
    );
    scene
}

#[test]
fn a_journey_that_is_entered_without_within_is_not_waited_for() {
    let parent = "
journey: parent
enter: { on: { event: go } }
steps: [{ id: sub, enter: { journey: child } }, { id: end, exit: done }]
";
    let mut scene = Scene::of(&[parent, CHILD]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 parent.sub entered",
            "03-02 09:00 parent.sub opened",
            "03-02 09:00 parent.end exited by step done",
            "03-02 09:00 child.ask entered"
        ]
    );
}

#[test]
fn the_way_on_is_chosen_by_the_goal_of_the_other_journey() {
    let mut scene = waiting();
    scene.event("bought");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 child.ask exited goal bought",
            "03-02 09:00 parent.sub returned goal",
            "03-02 09:00 parent.won exited by step won"
        ]
    );
}

#[test]
fn the_way_on_is_chosen_by_the_exit_step_of_the_other_journey() {
    let mut scene = waiting();
    scene.event("yes");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 child.ask matched 0",
            "03-02 09:00 child.yes exited by step agreed",
            "03-02 09:00 parent.sub returned agreed",
            "03-02 09:00 parent.yes exited by step yes"
        ]
    );
}

#[test]
fn an_end_that_no_result_names_goes_on_to_the_next_step() {
    let mut scene = waiting();
    scene.until("03-06");
    assert_eq!(
        scene.walked(),
        [
            "03-04 09:00 child.ask timed out",
            "03-05 09:00 child.last waited",
            "03-05 10:00 child.end waited",
            "03-05 10:00 child.end exited completed",
            "03-05 10:00 parent.sub returned completed",
            "03-05 10:00 parent.onward exited by step any_other_end"
        ]
    );
    let mut scene = waiting();
    scene.event("left");
    assert_eq!(scene.walked()[1], "03-02 09:00 parent.sub returned exit");
}

#[test]
fn what_does_not_end_in_time_is_left_to_itself() {
    let slow = CHILD.replace("wait: 1d", "wait: 2d");
    let mut scene = Scene::of(&[PARENT, &slow]);
    scene.event("go");
    scene.walked();
    scene.until("03-08");
    assert_eq!(
        scene.walked(),
        [
            "03-04 09:00 child.ask timed out",
            // Both are due: the parent entered first.
            "03-06 09:00 parent.sub timed out",
            "03-06 09:00 parent.other exited by step not_in_time",
            "03-06 09:00 child.last waited",
            "03-06 10:00 child.end waited",
            "03-06 10:00 child.end exited completed"
        ]
    );
}

#[test]
fn what_does_not_let_the_contact_in_is_refused_at_the_step() {
    let once = CHILD.replace("reenter: always", "reenter: never");
    let again = PARENT.replace("steps:", "reenter: always\nsteps:");
    let mut scene = Scene::of(&[&again, &once]);
    scene.event("go");
    scene.event("bought");
    scene.until("03-03");
    scene.walked();
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-03 00:00 parent.sub entered",
            "03-03 00:00 parent.sub not opened",
            "03-03 00:00 parent.other exited by step not_in_time"
        ]
    );
}

#[test]
fn a_journey_that_does_not_exist_or_is_one_per_something_lets_nobody_in() {
    let keyed = CHILD.replace("reenter: always", "reenter: { one_per: order }");
    for others in [&[PARENT][..], &[PARENT, &keyed]] {
        let mut scene = Scene::of(others);
        scene.event("go");
        assert_eq!(
            scene.walked()[1..],
            ["03-02 09:00 parent.sub not opened", "03-02 09:00 parent.other exited by step not_in_time"]
        );
    }
}

#[test]
fn a_journey_that_is_paused_lets_nobody_in() {
    let mut scene = Scene::paused(&[PARENT, CHILD], "child", &[("03-02", "03-04")]);
    scene.event("go");
    assert_eq!(scene.walked()[1], "03-02 09:00 parent.sub not opened");
}

#[test]
fn a_step_enters_another_journey_again_after_a_minute_at_the_earliest() {
    let quick = "{ journey: child, enter: { on: { host: nobody } }, reenter: always, steps: [{ id: wait, wait: 1s }] }";
    let parent = |wait: &str| {
        format!(
            "
journey: parent
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: sub, enter: {{ journey: child, within: 1d, otherwise: refused }} }}
  - {{ id: rest, wait: {wait} }}
  - {{ id: back, jump: {{ to: sub, most: 1 }} }}
  - {{ id: end, exit: twice }}
  - {{ id: refused, exit: refused }}
"
        )
    };
    for (wait, ends) in [
        ("58s", "03-02 09:00:59 parent.refused exited by step refused"),
        ("59s", "parent.end exited by step twice"),
    ] {
        let mut scene = Scene::of(&[&parent(wait), quick]);
        scene.event("go");
        scene.until("03-03");
        let walked = scene.walked();
        assert!(walked.last().unwrap().ends_with(ends), "{walked:?}");
        assert_eq!(
            walked.iter().filter(|line| line.ends_with("not opened")).count(),
            usize::from(wait == "58s")
        );
    }
}

#[test]
fn another_journey_that_ends_at_once_is_waited_for_all_the_same() {
    let quick = "{ journey: child, enter: { on: { host: nobody } }, steps: [{ id: end, exit: agreed }] }";
    let mut scene = Scene::of(&[PARENT, quick]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 parent.sub entered",
            "03-02 09:00 parent.sub opened",
            "03-02 09:00 child.end entered",
            "03-02 09:00 child.end exited by step agreed",
            "03-02 09:00 parent.sub returned agreed",
            "03-02 09:00 parent.yes exited by step yes"
        ]
    );
}

#[test]
fn where_two_steps_enter_one_journey_at_one_instant_the_second_goes_on_as_if_it_had_not_ended_in_time() {
    let twin = PARENT.replace("journey: parent", "journey: twin");
    let mut scene = Scene::of(&[PARENT, &twin, CHILD]);
    scene.event("go");
    assert_eq!(
        scene.walked()[4..],
        [
            "03-02 09:00 child.ask entered",
            "03-02 09:00 twin.sub timed out",
            "03-02 09:00 twin.other exited by step not_in_time"
        ]
    );
}

#[test]
fn an_end_that_comes_while_the_parent_is_paused_is_followed_when_the_pause_ends() {
    let mut scene = Scene::paused(&[PARENT, CHILD], "parent", &[("03-03", "03-10")]);
    scene.event("go");
    scene.until("03-04");
    scene.event("bought");
    scene.walked();
    scene.until("03-11");
    assert_eq!(
        scene.walked(),
        ["03-10 00:00 parent.sub returned goal", "03-10 00:00 parent.won exited by step won"]
    );
}

#[test]
fn a_pause_of_the_other_journey_holds_it_and_not_the_wait_for_it() {
    let mut scene = Scene::paused(&[PARENT, CHILD], "child", &[("03-03", "03-10")]);
    scene.event("go");
    scene.walked();
    scene.until("03-11");
    assert_eq!(
        scene.walked(),
        [
            "03-06 09:00 parent.sub timed out",
            "03-06 09:00 parent.other exited by step not_in_time",
            "03-10 00:00 child.ask timed out",
            "03-10 00:00 child.ask exited max_duration"
        ]
        .map(str::to_owned)
        .into_iter()
        .filter(|line| line != "03-10 00:00 child.ask exited max_duration")
        .chain(["03-10 00:00 child.last exited max_duration".to_owned()])
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_parent_that_ends_leaves_the_other_journey_alone() {
    let parent = PARENT.replace("steps:", "exit: [{ on: { event: stop } }]\nsteps:");
    let mut scene = Scene::of(&[&parent, CHILD]);
    scene.event("go");
    scene.event("stop");
    assert_eq!(scene.walked()[3..], ["03-02 09:00 parent.sub exited event stop"]);
    scene.event("bought");
    assert_eq!(scene.walked(), ["03-02 09:00 child.ask exited goal bought"]);
}

#[test]
fn a_step_takes_the_contact_out_of_every_run_of_another_journey() {
    let runs = "
journey: runs
enter: { on: { event: go } }
reenter: { concurrent: true }
steps: [{ id: say, send: { channel: email, template: hello, purpose: news } }, { id: stay, wait: 9d }]
";
    let out = "
journey: out
enter: { on: { event: bye } }
steps: [{ id: out, leave: { journey: runs } }, { id: end, exit: done }]
";
    let mut scene = Scene::of(&[runs, out]);
    scene.event("go");
    scene.event("go");
    scene.walked();
    scene.event("bye");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 out.out entered",
            "03-02 09:00 out.out left 2",
            "03-02 09:00 out.end exited by step done",
            "03-02 09:00 runs.stay exited left",
            "03-02 09:00 runs.stay exited left"
        ]
    );
    assert_eq!(scene.taken_back(), ["hello", "hello"]);
}

#[test]
fn leaving_a_journey_that_one_is_not_in_leaves_nothing() {
    let out =
        "{ journey: out, enter: { on: { event: bye } }, steps: [{ id: out, leave: { journey: runs } }] }";
    let mut scene = Scene::of(&[out]);
    scene.event("bye");
    assert_eq!(scene.walked()[1], "03-02 09:00 out.out left 0");
}

#[test]
fn a_journey_can_be_left_while_it_is_paused() {
    let out =
        "{ journey: out, enter: { on: { event: bye } }, steps: [{ id: out, leave: { journey: child } }] }";
    let mut scene = Scene::paused(&[PARENT, CHILD, out], "child", &[("03-03", "03-10")]);
    scene.event("go");
    scene.until("03-04");
    scene.walked();
    scene.event("bye");
    assert_eq!(
        scene.walked()[3..],
        [
            "03-04 00:00 child.ask exited left",
            "03-04 00:00 parent.sub returned left",
            "03-04 00:00 parent.onward exited by step any_other_end"
        ]
    );
}
