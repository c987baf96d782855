//! What journeys set off in each other, at one instant and in one order.

use crate::scene::Scene;

#[test]
fn an_emitted_event_happens_when_the_walk_has_come_to_rest() {
    let own = "
journey: own
enter: { on: { event: go } }
steps:
  - { id: say, emit: { event: greeted, properties: { loud: true } } }
  - { id: ask, branch: { when: [{ if: { performed: greeted }, goto: too_early }], else: next } }
  - { id: wait, wait_for: { any: [{ event: greeted, where: { loud: true } }], within: 1d, otherwise: too_early } }
  - { id: end, exit: heard }
  - { id: too_early, exit: too_early }
";
    let mut scene = Scene::of(&[own]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 own.say entered",
            "03-02 09:00 own.say emitted greeted",
            "03-02 09:00 own.ask else",
            "03-02 09:00 own.wait matched 0",
            "03-02 09:00 own.end exited by step heard"
        ]
    );
}

#[test]
fn an_emitted_event_ends_first_then_wakes_then_opens() {
    let mut scene = Scene::of(&[
        "{ journey: a-opens, enter: { on: { event: x } }, steps: [{ id: w, wait: 1d }] }",
        "{ journey: b-wakes, enter: { on: { event: go } }, steps: [{ id: w, wait_for: { any: [{ event: x }], within: 1d } }] }",
        "{ journey: c-ends, enter: { on: { event: go } }, exit: [{ on: { event: x } }], steps: [{ id: w, wait: 1d }] }",
        "{ journey: d-emits, enter: { on: { event: now } }, steps: [{ id: e, emit: { event: x } }, { id: w, wait: 1d }] }",
    ]);
    scene.event("go");
    scene.walked();
    scene.event("now");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 d-emits.e entered",
            "03-02 09:00 d-emits.e emitted x",
            "03-02 09:00 c-ends.w exited event x",
            "03-02 09:00 b-wakes.w matched 0",
            "03-02 09:00 b-wakes.w exited completed",
            "03-02 09:00 a-opens.w entered"
        ]
    );
}

#[test]
fn an_emitted_event_counts_as_performed() {
    let emits = "{ journey: emits, enter: { on: { event: go } }, steps: [{ id: e, emit: { event: x } }, { id: w, wait: 1m }, { id: b, branch: { when: [{ if: { performed: x }, goto: next }], else: w2 } }, { id: end, exit: performed }, { id: w2, wait: 1d }] }";
    let mut scene = Scene::of(&[emits]);
    scene.event("go");
    scene.until("03-03");
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:01 emits.end exited by step performed");
}

#[test]
fn an_emitted_event_can_end_the_run_that_emits_it() {
    let own = "{ journey: own, enter: { on: { event: go } }, exit: [{ on: { event: x }, as: goal }], steps: [{ id: e, emit: { event: x } }, { id: w, wait: 1d }] }";
    let mut scene = Scene::of(&[own]);
    scene.event("go");
    assert_eq!(scene.walked().last().unwrap(), "03-02 09:00 own.w exited goal x");
}

#[test]
fn a_timer_sets_off_what_it_sets_off_at_its_own_instant() {
    let mut scene = Scene::of(&[
        "{ journey: emits, enter: { on: { event: go } }, steps: [{ id: w, wait: 1h }, { id: e, emit: { event: x } }] }",
        "{ journey: opens, enter: { on: { event: x } }, steps: [{ id: w, wait: 1h }] }",
    ]);
    scene.event("go");
    scene.walked();
    scene.until("03-02 12:00");
    assert_eq!(
        scene.walked(),
        [
            "03-02 10:00 emits.w waited",
            "03-02 10:00 emits.e emitted x",
            "03-02 10:00 emits.e exited completed",
            "03-02 10:00 opens.w entered",
            "03-02 11:00 opens.w waited",
            "03-02 11:00 opens.w exited completed"
        ]
    );
}

#[test]
fn a_change_by_a_step_is_seen_by_the_next_step_and_then_happens_to_everybody() {
    let mut scene = Scene::of(&[
        "{ journey: a-opens, enter: { on: { attribute: plan, becomes: gold } }, steps: [{ id: w, wait: 1d }] }",
        "{ journey: b-wakes, enter: { on: { event: go } }, steps: [{ id: w, wait_for: { any: [{ if: { tag: vip } }], within: 1d } }, { id: v, wait: 1d }] }",
        "{ journey: c-ends, enter: { on: { event: go } }, exit: [{ on: { attribute: plan } }], steps: [{ id: w, wait: 1d }] }",
        "{ journey: d-sets, enter: { on: { event: now } }, steps: [{ id: s, set: { attributes: { plan: gold }, unset: [city], tags: [vip], untag: [cold] } }, { id: b, branch: { when: [{ if: { all: [{ tag: vip }, { attribute: plan, is: gold }, { not: { tag: cold } }] }, goto: next }], else: w } }, { id: w, wait: 1d }] }",
    ]);
    scene.know(|lea| lea.attribute("city", "Lyon").tag("cold"));
    scene.event("go");
    scene.walked();
    scene.event("now");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 d-sets.s entered",
            "03-02 09:00 d-sets.s changed",
            "03-02 09:00 d-sets.b way 0",
            "03-02 09:00 c-ends.w exited fact plan",
            "03-02 09:00 b-wakes.w matched 0",
            "03-02 09:00 a-opens.w entered"
        ]
    );
    let lea = scene.contact();
    assert_eq!((lea.attributes.len(), lea.tags.len()), (1, 1), "{lea:?}");
}

#[test]
fn a_change_to_what_is_already_so_sets_nothing_off() {
    let mut scene = Scene::of(&[
        "{ journey: opens, enter: { on: { attribute: plan } }, steps: [{ id: w, wait: 1d }] }",
        "{ journey: sets, enter: { on: { event: go } }, steps: [{ id: s, set: { attributes: { plan: gold } } }, { id: end, exit: done }] }",
    ]);
    scene.know(|lea| lea.attribute("plan", "gold"));
    scene.until("03-04");
    scene.walked();
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-04 00:00 sets.s entered",
            "03-04 00:00 sets.s changed",
            "03-04 00:00 sets.end exited by step done"
        ]
    );
}

#[test]
fn points_add_up_within_a_walk_and_cross_each_threshold_once() {
    let mut scene = Scene::of(&[
        "{ journey: hot, enter: { on: { score: spark, reaches: 20 } }, reenter: always, steps: [{ id: end, exit: done }] }",
        "{ journey: adds, enter: { on: { event: go } }, reenter: always, steps: [{ id: one, score: { name: spark, add: 15 } }, { id: two, score: { name: spark, add: 10 } }, { id: b, branch: { when: [{ if: { score: spark, at_least: 25 }, goto: next }], else: next } }] }",
    ]);
    scene.event("go");
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 adds.one entered",
            "03-02 09:00 adds.one scored 15",
            "03-02 09:00 adds.two scored 25",
            "03-02 09:00 adds.b way 0",
            "03-02 09:00 adds.b exited completed",
            "03-02 09:00 hot.end entered",
            "03-02 09:00 hot.end exited by step done"
        ]
    );
    scene.until("03-03");
    scene.event("go");
    assert_eq!((scene.walked().len(), scene.points("spark")), (5, 50));
}

#[test]
fn points_can_be_taken_away_below_nothing() {
    let mut scene = Scene::of(&[
        "{ journey: cold, enter: { on: { score: spark, falls_below: 0 } }, steps: [{ id: end, exit: done }] }",
        "{ journey: takes, enter: { on: { event: go } }, steps: [{ id: one, score: { name: spark, add: -5 } }] }",
    ]);
    scene.event("go");
    assert_eq!(
        scene.walked()[3..],
        ["03-02 09:00 cold.end entered", "03-02 09:00 cold.end exited by step done"]
    );
    assert_eq!(scene.points("spark"), -5);
}

#[test]
fn journeys_that_open_each_other_do_so_once_a_minute_at_most() {
    let opens = |name: &str, on: &str, emits: &str| {
        format!(
            "{{ journey: {name}, enter: {{ on: {{ event: {on} }} }}, reenter: always, steps: [{{ id: e, emit: {{ event: {emits} }} }}] }}"
        )
    };
    let mut scene = Scene::of(&[&opens("ping", "x", "y"), &opens("pong", "y", "x")]);
    scene.event("x");
    assert_eq!(scene.walked().len(), 6);
    assert_eq!((scene.runs(), scene.overflows()), (0, 0));
    // The world may do it at any time.
    scene.event("x");
    assert_eq!(scene.walked().len(), 3);
}

#[test]
fn journeys_that_wake_each_other_at_one_instant_end_by_the_limit() {
    let turns = |name: &str, on: &str, emits: &str| {
        format!(
            "
journey: {name}
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: hear, wait_for: {{ any: [{{ event: {on} }}], within: 1d, otherwise: end }} }}
  - {{ id: say, emit: {{ event: {emits} }}, goto: hear }}
  - {{ id: end, exit: done }}
"
        )
    };
    let mut scene = Scene::of(&[&turns("ping", "x", "y"), &turns("pong", "y", "x")]);
    scene.event("go");
    scene.walked();
    scene.event("x");
    let walked = scene.walked();
    // Eight walks may set each other off; what the ninth would set off is left out, and is said.
    assert_eq!(walked.iter().filter(|line| line.contains("emitted")).count(), 8);
    assert_eq!(walked.last().unwrap(), "03-02 09:00 ping.say dropped y");
    assert_eq!((scene.overflows(), scene.runs()), (1, 2));
    // The limit is for one instant; the next one begins anew.
    scene.until("03-02 09:01");
    scene.event("x");
    assert_eq!(scene.walked().iter().filter(|line| line.contains("emitted")).count(), 8);
}

#[test]
fn a_row_of_journeys_longer_than_the_limit_ends_with_a_dropped_event() {
    let row: Vec<String> = (0..10)
        .map(|n| format!("{{ journey: j{n}, enter: {{ on: {{ event: e{n} }} }}, steps: [{{ id: e, emit: {{ event: e{} }} }}] }}", n + 1))
        .collect();
    let row: Vec<&str> = row.iter().map(String::as_str).collect();
    let mut scene = Scene::of(&row);
    scene.event("e0");
    assert_eq!(
        scene.walked()[24..],
        ["03-02 09:00 j8.e entered", "03-02 09:00 j8.e dropped e9", "03-02 09:00 j8.e exited completed"]
    );
    assert_eq!(scene.overflows(), 1);
}

#[test]
fn what_an_input_sets_off_happens_with_the_input_and_not_later() {
    let mut scene = Scene::of(&[
        "{ journey: emits, enter: { on: { event: go } }, steps: [{ id: e, emit: { event: x } }] }",
        "{ journey: opens, enter: { on: { event: x } }, steps: [{ id: end, exit: done }] }",
    ]);
    scene.event("go");
    assert_eq!(
        scene.walked()[3..],
        ["03-02 09:00 opens.end entered", "03-02 09:00 opens.end exited by step done"]
    );
}
