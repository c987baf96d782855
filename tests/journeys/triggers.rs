//! Every kind of trigger opens a journey, ends one and ends a wait; and what is nearly it does none of them.

use journeyman::model::{Fact, keyword};

use crate::scene::Scene;

type Tell = fn(&mut Scene);

/// Holds a trigger to all three of its places.
fn three(trigger: &str, before: &[Tell], others: &[Tell], does: Tell, end: &str) {
    let mut scene = Scene::of(&[
        &format!(
            "{{ journey: opens, enter: {{ on: {trigger} }}, reenter: {{ concurrent: true }}, steps: [{{ id: w, wait: 9d }}] }}"
        ),
        &format!(
            "{{ journey: ends, enter: {{ on: {{ event: go }} }}, exit: [{{ on: {trigger} }}], steps: [{{ id: w, wait: 9d }}] }}"
        ),
        &format!(
            "{{ journey: goal, enter: {{ on: {{ event: go }} }}, exit: [{{ on: {trigger}, as: goal }}], steps: [{{ id: w, wait: 9d }}] }}"
        ),
        &format!(
            "{{ journey: wakes, enter: {{ on: {{ event: go }} }}, steps: [{{ id: w, wait_for: {{ any: [{{ event: never }}, {trigger}], within: 9d }} }}, {{ id: v, wait: 9d }}] }}"
        ),
    ]);
    before.iter().for_each(|tell| tell(&mut scene));
    scene.event("go");
    scene.walked();
    for (number, other) in others.iter().enumerate() {
        other(&mut scene);
        assert_eq!(scene.walked(), [""; 0], "{trigger}: {number}");
    }
    does(&mut scene);
    let kind = if end == "event" { "event it".to_owned() } else { format!("fact {end}") };
    let name = kind.split(' ').next_back().unwrap();
    let expected = [
        format!("03-02 09:00 ends.w exited {kind}"),
        format!("03-02 09:00 goal.w exited goal {name}"),
        "03-02 09:00 wakes.w matched 1".into(),
        "03-02 09:00 opens.w entered".into(),
    ];
    assert_eq!(scene.walked(), expected, "{trigger}");
}

fn segment(scene: &mut Scene, segment: &str, inside: bool) {
    scene.fact(Fact::Segment { segment: segment.into(), inside });
}

fn tier(scene: &mut Scene, score: &str, to: Option<&str>, up: bool) {
    scene.fact(Fact::Tier { score: score.into(), from: None, to: to.map(Into::into), up });
}

fn word(scene: &mut Scene, word: &str, channel: Option<&str>) {
    scene.fact(Fact::Keyword { word: word.into(), channel: channel.map(Into::into) });
}

#[test]
fn an_event_passes_its_filter_whole() {
    three(
        "{ event: it, where: { size: { at_least: 2 }, kind: b } }",
        &[],
        &[
            |scene| scene.event("other"),
            |scene| scene.event("it"),
            |scene| scene.happens("it", |it| it.property("size", 2)),
            |scene| scene.happens("it", |it| it.property("size", 1).property("kind", "b")),
            |scene| scene.happens("it", |it| it.property("size", "2").property("kind", "b")),
        ],
        |scene| scene.happens("it", |it| it.property("size", 3).property("kind", "b").property("more", true)),
        "event",
    );
}

#[test]
fn a_form_is_the_event_that_names_it() {
    let mut scene = Scene::of(&[
        "{ journey: f, enter: { on: { form: contact, where: { city: Lyon } } }, steps: [{ id: w, wait: 1d }] }",
        "{ journey: g, enter: { on: { event: go } }, exit: [{ on: { form: contact } }], steps: [{ id: w, wait_for: { any: [{ form: other }], within: 1d } }, { id: v, wait: 1d }] }",
    ]);
    scene.event("go");
    scene.walked();
    scene.happens("form.submitted", |event| event.property("form", "contact_us").property("city", "Lyon"));
    assert_eq!(scene.walked(), [""; 0]);
    scene.happens("form.submitted", |event| event.property("form", "other").property("city", "Lyon"));
    assert_eq!(scene.walked(), ["03-02 09:00 g.w matched 0"]);
    scene.happens("form.submitted", |event| event.property("form", "contact"));
    assert_eq!(scene.walked(), ["03-02 09:00 g.v exited event form.submitted"]);
    scene.happens("form.submitted", |event| event.property("form", "contact").property("city", "Lyon"));
    assert_eq!(scene.walked(), ["03-02 09:00 f.w entered"]);
}

#[test]
fn a_keyword_is_a_whole_word_whatever_its_capitals_and_accents() {
    for said in ["ARRÊT", "arret", "  Arrêt ! ", "arre\u{302}t"] {
        assert_eq!(&*keyword(said), "arret", "{said}");
    }
    three(
        "{ keyword: [Arrêt, STOP], channel: sms }",
        &[],
        &[
            |scene| word(scene, "arrete", Some("sms")),
            |scene| word(scene, "unstoppable", Some("sms")),
            |scene| word(scene, "stop", Some("email")),
            |scene| word(scene, "stop", None),
        ],
        |scene| word(scene, "ARRET", Some("sms")),
        "keyword",
    );
    three(
        "{ keyword: Oui }",
        &[],
        &[|scene| word(scene, "non", None)],
        |scene| word(scene, "OUI", Some("chat")),
        "keyword",
    );
}

#[test]
fn the_same_keyword_comes_as_often_as_it_is_said() {
    let mut scene = Scene::of(&[
        "{ journey: k, enter: { on: { keyword: oui } }, reenter: always, steps: [{ id: end, exit: done }] }",
    ]);
    word(&mut scene, "oui", None);
    word(&mut scene, "oui", None);
    assert_eq!(scene.walked().len(), 4);
}

#[test]
fn an_attribute_that_has_another_value_has_changed() {
    three(
        "{ attribute: plan }",
        &[|scene| scene.know(|lea| lea.attribute("plan", "free"))],
        &[
            |scene| scene.know(|lea| lea.attribute("plan", "free")),
            |scene| scene.know(|lea| lea.attribute("city", "Lyon").tag("plan")),
        ],
        |scene| scene.know(|lea| lea.attribute("plan", "gold")),
        "plan",
    );
    three(
        "{ attribute: plan }",
        &[|scene| scene.know(|lea| lea.attribute("plan", "free"))],
        &[],
        |scene| scene.know(|lea| lea.without("plan")),
        "plan",
    );
}

#[test]
fn an_attribute_becomes_what_it_is_after_the_change() {
    three(
        "{ attribute: plan, becomes: { one_of: [gold, silver] } }",
        &[],
        &[
            |scene| scene.know(|lea| lea.attribute("plan", "free")),
            |scene| scene.know(|lea| lea.without("plan")),
        ],
        |scene| scene.know(|lea| lea.attribute("plan", "gold")),
        "plan",
    );
    // It need not have been another before: it changed, and is so now.
    three(
        "{ attribute: age, becomes: { at_least: 18 } }",
        &[|scene| scene.know(|lea| lea.attribute("age", 18))],
        &[|scene| scene.know(|lea| lea.attribute("age", 18))],
        |scene| scene.know(|lea| lea.attribute("age", 19)),
        "age",
    );
    three(
        "{ attribute: plan, becomes: { exists: false } }",
        &[],
        &[|scene| scene.know(|lea| lea.attribute("plan", "free"))],
        |scene| scene.know(|lea| lea.without("plan")),
        "plan",
    );
}

#[test]
fn a_segment_is_entered_once_until_it_is_left() {
    three(
        "{ segment: dormant, moves: in }",
        &[],
        &[|scene| segment(scene, "active", true), |scene| segment(scene, "dormant", false)],
        |scene| segment(scene, "dormant", true),
        "dormant",
    );
    three(
        "{ segment: dormant, moves: out }",
        &[|scene| segment(scene, "dormant", true)],
        &[|scene| segment(scene, "dormant", true), |scene| segment(scene, "active", false)],
        |scene| segment(scene, "dormant", false),
        "dormant",
    );
}

#[test]
fn a_tier_is_reached_by_the_way_and_the_name_that_are_asked_for() {
    three(
        "{ tier: spark, moves: up }",
        &[],
        &[|scene| tier(scene, "other", Some("hot"), true), |scene| tier(scene, "spark", Some("cold"), false)],
        |scene| tier(scene, "spark", Some("warm"), true),
        "spark",
    );
    three(
        "{ tier: spark, moves: down, to: cold }",
        &[],
        &[|scene| tier(scene, "spark", Some("hot"), true), |scene| tier(scene, "spark", Some("warm"), false)],
        |scene| tier(scene, "spark", Some("cold"), false),
        "spark",
    );
    three(
        "{ tier: spark }",
        &[|scene| tier(scene, "spark", Some("hot"), true)],
        &[|scene| tier(scene, "spark", Some("hot"), true)],
        |scene| tier(scene, "spark", None, false),
        "spark",
    );
}

#[test]
fn a_score_reaches_a_threshold_once_for_each_crossing() {
    three(
        "{ score: spark, reaches: 75 }",
        &[],
        &[|scene| scene.score("spark", 74), |scene| scene.score("other", 80)],
        |scene| scene.score("spark", 75),
        "spark",
    );
    let mut scene = Scene::of(&[
        "{ journey: s, enter: { on: { score: spark, reaches: 75 } }, reenter: always, steps: [{ id: end, exit: done }] }",
    ]);
    let mut entered = Vec::new();
    for value in [75, 75, 90, 75, 74, 74, 200, 0, 74, 75] {
        scene.score("spark", value);
        if !scene.walked().is_empty() {
            entered.push(value);
        }
    }
    assert_eq!(entered, [75, 200, 75]);
}

#[test]
fn a_score_falls_below_a_threshold_once_for_each_crossing() {
    three(
        "{ score: spark, falls_below: 40 }",
        &[|scene| scene.score("spark", 60)],
        &[|scene| scene.score("spark", 40)],
        |scene| scene.score("spark", 39),
        "spark",
    );
    let mut scene = Scene::of(&[
        "{ journey: s, enter: { on: { score: spark, falls_below: 40 } }, reenter: always, steps: [{ id: end, exit: done }] }",
    ]);
    let mut entered = Vec::new();
    // Nobody begins with less than 0, but with 0 itself: it did not fall there.
    for value in [10, 20, 40, 39, 38, 100, 0, -5] {
        scene.score("spark", value);
        if !scene.walked().is_empty() {
            entered.push(value);
        }
    }
    assert_eq!(entered, [39, 0]);
}

const OTHER: &str = "
journey: other
enter: { on: { event: begin } }
reenter: always
exit: [{ on: { event: bought }, as: goal }, { on: { event: left } }]
steps:
  - { id: w, wait_for: { any: [{ event: no, goto: no }, { event: yes }], within: 9d } }
  - { id: go, wait: 9d }
  - { id: no, exit: refused }
";

fn ended(by: &str) -> Vec<&'static str> {
    let all: [(&str, &str); 4] = [
        ("any", "{ journey: other }"),
        ("goal", "{ journey: other, ended: goal }"),
        ("refused", "{ journey: other, ended: [refused, completed] }"),
        ("exit", "{ journey: other, ended: exit }"),
    ];
    all.into_iter()
        .filter_map(|(name, trigger)| {
            let opens = format!("{{ journey: opens, enter: {{ on: {trigger} }}, steps: [{{ id: w, wait: 1d }}] }}");
            let ends = format!("{{ journey: ends, enter: {{ on: {{ event: begin }} }}, exit: [{{ on: {trigger} }}], steps: [{{ id: w, wait: 9d }}] }}");
            let wakes = format!("{{ journey: wakes, enter: {{ on: {{ event: begin }} }}, steps: [{{ id: w, wait_for: {{ any: [{trigger}], within: 9d }} }}, {{ id: v, wait: 9d }}] }}");
            let heard: Vec<bool> = [opens, ends, wakes]
                .iter()
                .map(|one| {
                    // Alone, so that each of the three places hears of the end by itself.
                    let mut scene = Scene::of(&[OTHER, one]);
                    scene.event("begin");
                    scene.walked();
                    scene.event(by);
                    scene.walked().iter().any(|line| !line.contains(" other."))
                })
                .collect();
            assert!(heard.iter().all(|one| *one == heard[0]), "{trigger}: {heard:?}");
            heard[0].then_some(name)
        })
        .collect()
}

#[test]
fn the_end_of_a_journey_opens_ends_and_wakes_by_how_it_ended() {
    assert_eq!(ended("bought"), ["any", "goal"]);
    assert_eq!(ended("no"), ["any", "refused"]);
    assert_eq!(ended("left"), ["any", "exit"]);
    assert_eq!(ended("yes"), [""; 0]);
}

#[test]
fn the_host_opens_ends_and_wakes_by_a_name_and_what_it_knows() {
    let call = |scene: &mut Scene, name: &str, size: i64| {
        let properties = [("size".into(), size.into())].into();
        scene.fact(Fact::Host { name: name.into(), properties });
    };
    let mut scene = Scene::of(&[
        "{ journey: opens, enter: { on: { host: invite, where: { size: { above: 1 } } } }, steps: [{ id: w, wait_for: { any: [{ host: invite }], within: 9d } }, { id: v, wait: 1d }] }",
        "{ journey: ends, enter: { on: { event: go } }, exit: [{ on: { host: invite } }], steps: [{ id: w, wait: 9d }] }",
    ]);
    scene.event("go");
    scene.event("invite");
    scene.walked();
    call(&mut scene, "invite", 1);
    assert_eq!(scene.walked(), ["03-02 09:00 ends.w exited fact invite"]);
    call(&mut scene, "invite", 2);
    assert_eq!(scene.walked(), ["03-02 09:00 opens.w entered"]);
    call(&mut scene, "other", 2);
    assert_eq!(scene.walked(), [""; 0]);
    call(&mut scene, "invite", 2);
    assert_eq!(scene.walked(), ["03-02 09:00 opens.w matched 0"]);
}
