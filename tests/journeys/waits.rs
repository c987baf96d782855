//! Waits for something to happen.

use journeyman::model::Fact;

use crate::scene::{Scene, instant};

type Tell = fn(&mut Scene);

fn waits(wait: &str) -> String {
    format!(
        "
journey: waits
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: first, wait: 1d }}
  - {{ id: wait, wait_for: {wait} }}
  - {{ id: onward, exit: onward }}
  - {{ id: yes, exit: \"yes\" }}
  - {{ id: late, exit: late }}
"
    )
}

const THREE: &str = "{ any: [{ event: seen, goto: yes }, { event: clicked }, { if: { tag: vip }, goto: yes }], within: 2d, otherwise: late }";

/// What was walked at and after the wait, where `before` and `after` are told before and after the arrival.
fn walked(wait: &str, before: impl Fn(&mut Scene), after: impl Fn(&mut Scene)) -> Vec<String> {
    let mut scene = Scene::of(&[&waits(wait)]);
    scene.event("go");
    scene.until("03-02 12:00");
    before(&mut scene);
    scene.until("03-03 12:00");
    after(&mut scene);
    scene.until("03-10");
    scene.walked()[2..].to_vec()
}

#[test]
fn the_first_alternative_that_comes_ends_the_wait_by_its_own_way() {
    assert_eq!(
        walked(THREE, |_| {}, |scene| scene.event("seen")),
        ["03-03 12:00 waits.wait matched 0", "03-03 12:00 waits.yes exited by step yes"]
    );
    assert_eq!(
        walked(THREE, |_| {}, |scene| scene.event("clicked")),
        ["03-03 12:00 waits.wait matched 1", "03-03 12:00 waits.onward exited by step onward"]
    );
    assert_eq!(
        walked(THREE, |_| {}, |scene| scene.know(|lea| lea.tag("vip"))),
        ["03-03 12:00 waits.wait matched 2", "03-03 12:00 waits.yes exited by step yes"]
    );
}

#[test]
fn where_none_comes_in_time_the_wait_gives_up() {
    assert_eq!(
        walked(THREE, |_| {}, |_| {}),
        ["03-05 09:00 waits.wait timed out", "03-05 09:00 waits.late exited by step late"]
    );
    let next = THREE.replace(", otherwise: late", ", otherwise: next").replace("goto: yes", "goto: late");
    let next = waits(&next).replace("  - { id: yes, exit: \"yes\" }\n", "");
    let mut scene = Scene::of(&[&next]);
    scene.event("go");
    scene.until("03-10");
    assert_eq!(scene.walked().last().unwrap(), "03-05 09:00 waits.onward exited by step onward");
}

#[test]
fn what_comes_at_the_instant_of_giving_up_comes_too_late() {
    let mut scene = Scene::of(&[&waits(THREE)]);
    scene.event("go");
    scene.until("03-05 09:00");
    scene.event("seen");
    assert_eq!(scene.walked().last().unwrap(), "03-05 09:00 waits.late exited by step late");
}

#[test]
fn what_came_before_the_arrival_does_not_count_unless_it_is_said() {
    let before = |scene: &mut Scene| scene.event("seen");
    assert_eq!(walked(THREE, before, |_| {})[0], "03-05 09:00 waits.wait timed out");
    let entry = THREE.replace("{ any", "{ since: entry, any");
    assert_eq!(walked(&entry, before, |_| {})[0], "03-03 09:00 waits.wait matched 0");
}

#[test]
fn what_came_before_the_entry_counts_only_since_ever() {
    for (since, first) in
        [("entry", "03-05 09:00 waits.wait timed out"), ("ever", "03-03 09:00 waits.wait matched 0")]
    {
        let mut scene = Scene::of(&[&waits(&THREE.replace("{ any", &format!("{{ since: {since}, any")))]);
        scene.event("seen");
        scene.until("03-02 09:01");
        scene.event("go");
        scene.until("03-10");
        assert_eq!(scene.walked()[2].replace("09:01", "09:00"), first, "{since}");
    }
}

#[test]
fn the_entering_event_itself_came_since_the_entry() {
    let again = THREE.replace("event: seen", "event: go").replace("{ any", "{ since: entry, any");
    assert_eq!(walked(&again, |_| {}, |_| {})[0], "03-03 09:00 waits.wait matched 0");
}

#[test]
fn a_predicate_that_held_on_arrival_must_cease_to_hold_before_it_counts() {
    let vip = |scene: &mut Scene| scene.know(|lea| lea.tag("vip"));
    let not = |scene: &mut Scene| scene.know(|lea| lea.without_tag("vip"));
    assert_eq!(walked(THREE, vip, |_| {})[0], "03-05 09:00 waits.wait timed out");
    assert_eq!(walked(THREE, vip, vip)[0], "03-05 09:00 waits.wait timed out");
    assert_eq!(walked(THREE, vip, not)[0], "03-05 09:00 waits.wait timed out");
    let again = |scene: &mut Scene| {
        not(scene);
        scene.until("03-03 13:00");
        vip(scene);
    };
    assert_eq!(walked(THREE, vip, again)[0], "03-03 13:00 waits.wait matched 2");
    // Where what stands counts, it need not fall.
    let entry = THREE.replace("{ any", "{ since: entry, any");
    assert_eq!(walked(&entry, vip, |_| {})[0], "03-03 09:00 waits.wait matched 2");
}

#[test]
fn a_predicate_turns_by_whatever_changes_it() {
    let becomes = |when: &str| {
        format!("{{ any: [{{ if: {when}, goto: yes }}, {{ event: clicked }}], within: 2d, otherwise: late }}")
    };
    let tells: [(&str, Tell); 5] = [
        ("{ attribute: age, at_least: 18 }", |scene| scene.know(|lea| lea.attribute("age", 18))),
        ("{ performed: seen }", |scene| scene.event("seen")),
        ("{ score: spark, at_least: 5 }", |scene| scene.score("spark", 5)),
        ("{ segment: dormant }", |scene| {
            scene.fact(Fact::Segment { segment: "dormant".into(), inside: true })
        }),
        ("{ tier: spark, is: hot }", |scene| {
            scene.fact(Fact::Tier { score: "spark".into(), from: None, to: Some("hot".into()), up: true });
        }),
    ];
    for (when, tell) in tells {
        assert_eq!(walked(&becomes(when), |_| {}, tell)[0], "03-03 12:00 waits.wait matched 0", "{when}");
    }
    assert_eq!(
        walked(
            &becomes("{ not: { tag: vip } }"),
            |scene| scene.know(|lea| lea.tag("vip")),
            |scene| {
                scene.know(|lea| lea.without_tag("vip"));
            }
        )[0],
        "03-03 12:00 waits.wait matched 0"
    );
}

#[test]
fn a_segment_that_one_is_in_already_counts_since_ever_and_not_since_the_arrival() {
    let inside = |scene: &mut Scene| scene.fact(Fact::Segment { segment: "dormant".into(), inside: true });
    let wait = |since: &str| {
        format!(
            "{{ {since}any: [{{ segment: dormant, moves: in, goto: yes }}, {{ event: clicked }}], within: 2d, otherwise: late }}"
        )
    };
    assert_eq!(walked(&wait(""), inside, |_| {})[0], "03-05 09:00 waits.wait timed out");
    assert_eq!(walked(&wait("since: ever, "), inside, |_| {})[0], "03-03 09:00 waits.wait matched 0");
}

#[test]
fn a_late_event_counts_at_its_own_instant() {
    let at =
        |text: &'static str| move |scene: &mut Scene| scene.happens("seen", |event| event.at(instant(text)));
    // It happened before the arrival, after it, and while the wait lasts it is told.
    assert_eq!(walked(THREE, |_| {}, at("03-03 08:59"))[0], "03-05 09:00 waits.wait timed out");
    assert_eq!(walked(THREE, |_| {}, at("03-03 09:00"))[0], "03-03 12:00 waits.wait matched 0");
    let entry = THREE.replace("{ any", "{ since: entry, any");
    assert_eq!(walked(&entry, |_| {}, at("03-02 08:59"))[0], "03-05 09:00 waits.wait timed out");
    assert_eq!(walked(&entry, |_| {}, at("03-02 09:00"))[0], "03-03 12:00 waits.wait matched 0");
}

#[test]
fn what_comes_while_the_journey_is_paused_is_followed_when_the_pause_ends() {
    let mut scene = Scene::paused(&[&waits(THREE)], "waits", &[("03-03 10:00", "03-08")]);
    scene.event("go");
    scene.until("03-04");
    scene.event("clicked");
    scene.event("seen");
    scene.until("03-10");
    // The first one that came.
    assert_eq!(
        scene.walked()[2..],
        ["03-08 00:00 waits.wait matched 1", "03-08 00:00 waits.onward exited by step onward"]
    );
}

#[test]
fn a_pause_holds_the_giving_up_too() {
    let mut scene = Scene::paused(&[&waits(THREE)], "waits", &[("03-03 10:00", "03-08")]);
    scene.event("go");
    scene.until("03-06");
    scene.event("seen");
    scene.until("03-10");
    assert_eq!(scene.walked()[2], "03-08 00:00 waits.wait matched 0");
}
