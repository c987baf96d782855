//! How messages keep apart after one of them had to wait.

use crate::scene::Scene;

/// Three messages a few hours apart, of which quiet hours hold the first.
fn three(head: &str, waits: [&str; 2]) -> Scene {
    let [one, two] =
        waits.map(|wait| if wait.is_empty() { String::new() } else { format!("  - {{ wait: {wait} }}\n") });
    let text = format!(
        "
journey: says
{head}
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: a, send: {{ channel: sms, template: a, purpose: marketing }} }}
{one}  - {{ id: b, send: {{ channel: sms, template: b, purpose: marketing }} }}
{two}  - {{ id: c, send: {{ channel: sms, template: c, purpose: marketing }} }}
"
    );
    let mut scene = Scene::of(&[&text]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-20");
    scene
}

fn of_sends(scene: &mut Scene) -> Vec<String> {
    let mut walked = scene.walked();
    walked.retain(|line| !line.contains("waited") && !line.contains("entered") && !line.contains("exited"));
    walked
}

#[test]
fn a_message_after_one_that_was_held_keeps_twenty_hours_apart_and_so_does_the_next() {
    let mut scene = three("", ["2h", "2h"]);
    assert_eq!(
        of_sends(&mut scene),
        [
            "03-02 21:00 says.a deferred 03-03 08:30 quiethours",
            "03-03 08:30 says.a sent a",
            // 20 hours after 08:30 it is night.
            "03-03 10:30 says.b deferred 03-04 04:30 spacing",
            "03-04 04:30 says.b deferred 03-04 08:30 quiethours",
            "03-04 08:30 says.b sent b",
            "03-04 10:30 says.c deferred 03-05 04:30 spacing",
            "03-05 04:30 says.c deferred 03-05 08:30 quiethours",
            "03-05 08:30 says.c sent c"
        ]
    );
}

#[test]
fn nothing_keeps_apart_where_nothing_was_held() {
    let mut scene = Scene::of(&["
journey: says
enter: { on: { event: go } }
steps:
  - { id: a, send: { channel: sms, template: a, purpose: news } }
  - { id: b, send: { channel: sms, template: b, purpose: news } }
"]);
    scene.event("go");
    assert_eq!(scene.said(), ["03-02 09:00 a", "03-02 09:00 b"]);
}

#[test]
fn a_message_that_is_held_once_more_carries_the_chain_on_and_one_that_is_not_ends_it() {
    // Twenty-one hours after 08:30 it is night.
    let mut scene = three("", ["21h", "1h"]);
    assert_eq!(of_sends(&mut scene)[2], "03-04 05:30 says.b deferred 03-04 08:30 quiethours");
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-04 08:30 b", "03-05 08:30 c"]);
    let scene = three("", ["25h", "1h"]);
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-04 09:30 b", "03-04 10:30 c"]);
}

#[test]
fn the_span_is_the_journeys() {
    let scene = three("spacing: 3h", ["2h", "4h"]);
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 11:30 b", "03-03 15:30 c"]);
    let scene = three("spacing: 3h", ["2h", "2h"]);
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 11:30 b", "03-03 14:30 c"]);
}

#[test]
fn a_message_of_exactly_the_span_later_is_far_enough() {
    let mut scene = three("spacing: 3h", ["3h", "1h"]);
    assert_eq!(of_sends(&mut scene)[2], "03-03 11:30 says.b sent b");
    // It did not have to wait: nothing keeps apart from it.
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 11:30 b", "03-03 12:30 c"]);
}

#[test]
fn with_skip_a_message_that_comes_too_soon_is_left_out() {
    let mut scene = three("spacing: skip", ["2h", "24h"]);
    assert_eq!(
        of_sends(&mut scene)[1..],
        ["03-03 08:30 says.a sent a", "03-03 10:30 says.b refused spacing", "03-04 10:30 says.c sent c"]
    );
}

#[test]
fn with_merge_what_piled_up_is_said_by_its_last_message() {
    let mut scene = three("spacing: merge", ["", ""]);
    assert_eq!(
        of_sends(&mut scene)[1..],
        ["03-03 08:30 says.a sent ?", "03-03 08:30 says.b merged", "03-03 08:30 says.c merged"]
    );
    assert_eq!(scene.said(), ["03-03 08:30 c"]);
}

#[test]
fn with_merge_what_comes_later_is_said_by_itself() {
    let scene = three("spacing: merge", ["2h", ""]);
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 10:30 b", "03-03 10:30 c"]);
}

#[test]
fn a_message_merges_with_its_own_walk_and_not_with_one_of_the_same_instant() {
    let text = "
journey: says
spacing: merge
enter: { on: { event: go } }
steps:
  - { id: a, send: { channel: sms, template: a, purpose: marketing } }
  - { id: w, wait_for: { any: [{ event: now }], within: 1d } }
  - { id: b, send: { channel: sms, template: b, purpose: marketing } }
";
    let mut scene = Scene::of(&[text]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-03 08:30");
    // The first one is in the outbox, and may be on its way.
    scene.event("now");
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 08:30 b"]);
}

#[test]
fn spacing_that_would_pass_the_deadline_leaves_the_message_out() {
    let text = "
journey: says
enter: { on: { event: go } }
steps:
  - { id: a, send: { channel: sms, template: a, purpose: marketing } }
  - { id: b, send: { channel: sms, template: b, purpose: marketing, deadline: 20h } }
";
    let mut scene = Scene::of(&[text]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-10");
    assert_eq!(of_sends(&mut scene)[2..], ["03-03 08:30 says.b refused spacing+deadline"]);
    let longer = text.replace("20h", "25h");
    let mut scene = Scene::of(&[&longer]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-10");
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-04 08:30 b"]);
}

#[test]
fn each_run_keeps_apart_by_itself() {
    let one = |name: &str| {
        format!(
            "{{ journey: {name}, enter: {{ on: {{ event: go }} }}, steps: [{{ id: s, send: {{ channel: sms, template: {name}, purpose: marketing }} }}] }}"
        )
    };
    let mut scene = Scene::of(&[&one("a"), &one("b")]);
    scene.until("03-02 21:00");
    scene.event("go");
    scene.until("03-05");
    assert_eq!(scene.said(), ["03-03 08:30 a", "03-03 08:30 b"]);
}
