//! Segments as whoever uses them sees them.

use std::collections::BTreeMap;

use super::scene::{DAY, Scene, compiled};
use super::*;
use crate::model::{Attributes, Contact, Fact};
use crate::time::Zone;

#[test]
fn an_event_counts_at_its_instant_and_stops_counting_at_the_end_of_its_window() {
    let mut scene = Scene::new(&[("s", r#"{"event": "e", "count": {"at_least": 2}, "within": "1d"}"#)]);
    scene.hear("e", 10, 10, &[]);
    scene.hear("e", 10, 20, &[]);
    scene.pass(9 * DAY);
    assert_eq!(scene.moved(), [(20, "s", true), (10 + DAY, "s", false)]);
    assert_eq!(scene.segments.next_due(&scene.state), None);
}

#[test]
fn a_late_event_counts_from_its_arrival_and_never_before_it() {
    let mut scene = Scene::new(&[("s", r#"{"event": "e", "within": "1d"}"#)]);
    scene.hear("e", DAY, DAY + 100, &[]);
    scene.hear("e", DAY - 50, 2 * DAY - 40, &[]);
    scene.pass(9 * DAY);
    assert_eq!(scene.moved(), [(DAY + 100, "s", true), (2 * DAY, "s", false)]);
}

#[test]
fn a_count_between_bounds_is_entered_from_above_as_time_passes() {
    let mut scene = Scene::new(&[("s", r#"{"event": "e", "count": {"is": 1}, "within": "1d"}"#)]);
    for at in [0, 10, 20] {
        scene.hear("e", at, at, &[]);
    }
    scene.pass(9 * DAY);
    assert_eq!(
        scene.moved(),
        [(0, "s", true), (10, "s", false), (10 + DAY, "s", true), (20 + DAY, "s", false)]
    );
}

#[test]
fn numbers_in_a_window_are_exact_in_both_directions() {
    let mut scene = Scene::new(&[
        ("sum", r#"{"event": "e", "sum": {"of": "v", "at_least": 10}, "within": "1d"}"#),
        ("mean", r#"{"event": "e", "average": {"of": "v", "below": 5}, "within": "1d"}"#),
        ("kinds", r#"{"event": "e", "distinct": {"of": "v", "at_least": 2}, "within": "1d"}"#),
    ]);
    scene.hear("e", 0, 0, &[("v", 12.into())]);
    scene.hear("e", 10, 10, &[("v", (-5).into())]);
    scene.hear("e", 20, 20, &[("v", "much".into())]);
    scene.pass(9 * DAY);
    assert_eq!(
        scene.moved(),
        [
            (0, "sum", true),
            (10, "kinds", true),
            (10, "mean", true),
            (10, "sum", false),
            (10 + DAY, "kinds", false),
            (10 + DAY, "mean", false),
        ]
    );
}

#[test]
fn calendar_days_end_with_the_local_day_across_a_change_of_the_clocks() {
    let mut scene = Scene::new(&[("s", r#"{"event": "e", "calendar_days": 2}"#)]);
    scene.zone = Zone::named("Europe/Paris").unwrap();
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis();
    // 23:30 on Saturday; Sunday has 23 hours.
    let event = at("2026-03-28T22:30:00Z");
    scene.hear("e", event, event, &[]);
    scene.pass(event + 9 * DAY);
    assert_eq!(scene.moved(), [(event, "s", true), (at("2026-03-29T22:00:00Z"), "s", false)]);
}

#[test]
fn what_has_been_so_for_a_while_holds_until_it_breaks() {
    let mut scene = Scene::new(&[
        ("s", r#"{"tag": "t", "held_for": "1d"}"#),
        ("t", r#"{"segment": "s", "held_for": "2d"}"#),
    ]);
    scene.contact = Contact::new("lea").tag("t");
    scene.settle(5);
    scene.pass(4 * DAY);
    scene.contact = Contact::new("lea");
    scene.segments.touch_tag(&mut scene.touched, "t");
    scene.settle(4 * DAY);
    assert_eq!(
        scene.moved(),
        [(5 + DAY, "s", true), (5 + 3 * DAY, "t", true), (4 * DAY, "s", false), (4 * DAY, "t", false)]
    );
}

#[test]
fn segments_that_ask_others_move_at_the_same_instant_after_them() {
    let mut scene =
        Scene::new(&[("a", r#"{"not": {"segment": "z"}}"#), ("z", r#"{"event": "e", "within": "1d"}"#)]);
    scene.settle(0);
    scene.hear("e", 7, 7, &[]);
    scene.pass(9 * DAY);
    assert_eq!(
        scene.moved(),
        [(0, "a", true), (7, "z", true), (7, "a", false), (7 + DAY, "z", false), (7 + DAY, "a", true)]
    );
    assert_eq!(scene.state.members.get("a").map(|it| (it.since, it.times)), Some((7 + DAY, 2)));
}

#[test]
fn a_state_reads_back_as_it_was_written_and_goes_on() {
    let definitions = [
        ("n", r#"{"event": "e", "count": {"at_least": 2}, "within": "1d"}"#),
        ("m", r#"{"event": "e", "max": {"of": "v", "at_least": 3}, "within": "1d"}"#),
        ("h", r#"{"tag": "t", "held_for": "1d"}"#),
        (
            "q",
            r#"{"sequence": {"first": {"event": "e"}, "never": {"event": "f"}, "within": "1h", "remember": "1d"}}"#,
        ),
    ];
    let mut scene = Scene::new(&definitions);
    for at in [5, 9] {
        scene.hear("e", at, at, &[("v", at.into())]);
    }
    let text = serde_json::to_string(&scene.state).unwrap();
    let read: SegmentState = serde_json::from_str(&text).unwrap();
    assert_eq!(read, scene.state, "{text}");
    scene.state = read;
    scene.pass(9 * DAY);
    let last: Vec<_> = scene.moved().into_iter().filter(|(at, ..)| *at > DAY).collect();
    assert_eq!(last, [(5 + DAY, "n", false), (9 + DAY, "m", false), (9 + DAY, "q", false)]);
}

#[test]
fn a_new_segment_stands_still_until_its_history_is_counted_and_the_others_go_on() {
    let old = ("old", r#"{"event": "e", "within": "1d"}"#);
    let new = ("new", r#"{"event": "f", "within": "1d"}"#);
    let mut scene = Scene::new(&[old]);
    scene.hear("e", 5, 5, &[]);
    scene.segments = compiled(&[old, new]);
    assert!(scene.segments.align(&mut scene.state) && scene.segments.lacks(&scene.state));
    assert!(!scene.segments.align(&mut scene.state));
    scene.hear("f", 10, 10, &[]);
    scene.pass(2 * DAY);
    assert_eq!(scene.moved(), [(5, "old", true), (5 + DAY, "old", false)]);
    let mut counted = Scene::new(&[old, new]);
    counted.hear("f", 2 * DAY - 5, 2 * DAY - 5, &[]);
    scene.segments.seed(&mut scene.state, &counted.state, &mut scene.touched);
    assert!(!scene.segments.lacks(&scene.state));
    scene.settle(2 * DAY);
    scene.pass(9 * DAY);
    assert_eq!(scene.moved()[2..], [(2 * DAY, "new", true), (3 * DAY - 5, "new", false)]);
}

#[test]
fn a_manual_segment_moves_as_the_rating_says() {
    let segments = Segments::compile([SegmentDefinition::manual("vip")], &BTreeMap::new()).unwrap();
    let mut scene = Scene { state: segments.start(), segments, ..Scene::new(&[]) };
    scene.settle(1);
    for (at, inside) in [(2, true), (3, true), (4, false)] {
        scene.rating.apply(&Fact::Segment { segment: "vip".into(), inside });
        scene.segments.touch_segment(&mut scene.touched, "vip");
        scene.settle(at);
    }
    assert_eq!(scene.moved(), [(2, "vip", true), (4, "vip", false)]);
}

#[test]
fn an_explanation_names_what_decides() {
    let mut scene = Scene::new(&[(
        "s",
        r#"{"all": [{"tag": "t"}, {"event": "e", "count": {"at_least": 2}, "within": "1d"}]}"#,
    )]);
    scene.contact = Contact::new("lea").tag("t");
    scene.hear("e", 5, 5, &[]);
    let said = scene.with_seen(|scene, seen| scene.segments.explain(0, &scene.state, seen, 5).to_string());
    insta::assert_snapshot!(said, @r#"
    not in s (version 1)
      {"event":"e","within":"1d","count":{"at_least":2}} does not hold: 1 event(s)
    "#);
    scene.hear("e", 6, 6, &[]);
    let said = scene.with_seen(|scene, seen| scene.segments.explain(0, &scene.state, seen, 6).to_string());
    insta::assert_snapshot!(said, @r#"
    in s (version 1) since 1970-01-01T00:00:00.006Z, entered 1 time(s)
      {"tag":"t"} holds: yes
      {"event":"e","within":"1d","count":{"at_least":2}} holds: 2 event(s); may change at 1970-01-02T00:00:00.005Z
    "#);
}

#[test]
fn circles_are_named_as_a_whole() {
    let read = |(name, question): &(&str, &str)| {
        SegmentDefinition::new(*name, serde_json::from_str(question).unwrap())
    };
    let definitions = [
        ("a", r#"{"segment": "b"}"#),
        ("b", r#"{"not": {"segment": "c"}}"#),
        ("c", r#"{"any": [{"tag": "t"}, {"segment": "b", "held_for": "1d"}]}"#),
    ];
    let error = Segments::compile(definitions.iter().map(read), &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(
        error,
        "S025 b/where: segments ask each other in a circle: b asks c asks b; let one of them ask something else"
    );
}

#[test]
fn an_event_at_the_end_of_a_window_takes_over_without_a_move() {
    let mut scene =
        Scene::new(&[("s", r#"{"event": "e", "within": "1d"}"#), ("n", r#"{"not": {"segment": "s"}}"#)]);
    scene.hear("e", 0, 0, &[]);
    // Both are of one instant: what is due is not fired before the event is heard.
    let (zone, properties) = (Zone::utc(), Attributes::new());
    let heard = Heard::new("e", &properties, DAY, DAY, &zone);
    scene.segments.hear(&mut scene.state, &mut scene.touched, &heard);
    scene.settle(DAY);
    scene.pass(9 * DAY);
    assert_eq!(scene.moved(), [(0, "s", true), (2 * DAY, "s", false), (2 * DAY, "n", true)]);
}

#[test]
fn dates_are_asked_as_local_clocks_show_them() {
    let mut scene = Scene::new(&[
        ("birthday", r#"{"attribute": "born", "anniversary": {"days": 2}}"#),
        ("old", r#"{"attribute": "since", "type": "instant", "older_than": "3d"}"#),
        ("soon", r#"{"attribute": "starts", "on": "+1d"}"#),
        ("week", r#"{"attribute": "starts", "on": "this_week"}"#),
    ]);
    scene.zone = Zone::named("Europe/Paris").unwrap();
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let date = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let begins = at("2026-03-20T12:00:00Z");
    scene.contact = Contact::new("lea")
        .attribute("born", date("2000-03-29"))
        .attribute("since", begins)
        .attribute("starts", date("2026-03-30"));
    scene.settle(begins.timestamp_millis());
    scene.pass(at("2026-04-10T00:00:00Z").timestamp_millis());
    let wanted = [
        ("2026-03-23T12:00:00Z", "old", true),
        ("2026-03-27T23:00:00Z", "birthday", true),
        ("2026-03-28T23:00:00Z", "soon", true),
        // Sunday the 29th has 23 hours.
        ("2026-03-29T22:00:00Z", "birthday", false),
        ("2026-03-29T22:00:00Z", "soon", false),
        ("2026-03-29T22:00:00Z", "week", true),
        ("2026-04-05T22:00:00Z", "week", false),
    ];
    let wanted = wanted.map(|(when, name, inside)| (at(when).timestamp_millis(), name, inside));
    assert_eq!(scene.moved(), wanted);
}

#[test]
fn another_zone_moves_whoever_it_concerns_at_once() {
    let mut scene = Scene::new(&[("s", r#"{"event": "e", "calendar_days": 1}"#)]);
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis();
    scene.hear("e", at("2026-03-20T22:00:00Z"), at("2026-03-20T22:00:00Z"), &[]);
    let now = at("2026-03-20T23:30:00Z");
    scene.zone = Zone::named("Europe/Paris").unwrap();
    scene.segments.touch_zone(&mut scene.touched);
    scene.settle(now);
    assert_eq!(scene.moved()[1..], [(now, "s", false)]);
}

#[test]
fn whether_a_message_was_opened_has_three_answers_which_part_everybody() {
    let mut scene = Scene::new(&[
        ("no", r#"{"opened": {"is": "no", "within": "1d"}}"#),
        ("unknown", r#"{"opened": {"is": "unknown", "within": "1d"}}"#),
        ("yes", r#"{"opened": {"is": "yes", "within": "1d"}}"#),
    ]);
    scene.settle(0);
    scene.hear("message.opened", 5, 5, &[("channel", "email".into())]);
    scene.pass(9 * DAY);
    assert_eq!(
        scene.moved(),
        [
            (0, "unknown", true),
            (5, "unknown", false),
            (5, "yes", true),
            (5 + DAY, "unknown", true),
            (5 + DAY, "yes", false)
        ]
    );
}

#[test]
fn a_rank_holds_whoever_stands_on_the_line_or_above() {
    let rank: RankDefinition =
        serde_json::from_str(r#"{"attribute": "fans", "first": 10, "every": {"every": "day"}}"#).unwrap();
    let line = Line::new(1, chrono::DateTime::UNIX_EPOCH, 500, "m".into());
    let ranked = || [SegmentDefinition::ranked("top", rank.clone())];
    let segments = Segments::compile(ranked(), &[("top".into(), line)].into()).unwrap();
    let mut scene = Scene { state: segments.start(), segments, ..Scene::new(&[]) };
    for (at, fans) in [(1, 499), (2, 500), (3, 501), (4, 499)] {
        scene.contact = Contact::new("lea").attribute("fans", fans);
        scene.segments.touch_attribute(&mut scene.touched, "fans");
        scene.settle(at);
        let rank = scene.with_seen(|scene, seen| scene.segments.rank(0, &scene.state, seen, at));
        assert_eq!(rank, Some(i64::from(fans)));
    }
    assert_eq!(scene.moved(), [(2, "top", true), (4, "top", false)]);
    let without = Segments::compile(ranked(), &BTreeMap::new()).unwrap();
    assert_ne!(without.hash(), scene.segments.hash());
    scene.contact = Contact::new("lea").attribute("fans", 900);
    assert!(!scene.with_seen(|scene, seen| without.holds(0, &scene.state, seen, 5)));
}

#[test]
fn only_the_highest_version_counts_and_what_it_shares_goes_on() {
    let question = |text: &str| serde_json::from_str(text).unwrap();
    let first = SegmentDefinition::new("s", question(r#"{"event": "e", "within": "1d"}"#));
    let second =
        SegmentDefinition::new("s", question(r#"{"event": "e", "count": {"at_least": 2}, "within": "2d"}"#))
            .version(2);
    let compiled = |all: &[&SegmentDefinition]| {
        Segments::compile(all.iter().copied().cloned(), &BTreeMap::new()).unwrap()
    };
    let segments = compiled(&[&first]);
    let mut scene = Scene { state: segments.start(), segments, ..Scene::new(&[]) };
    scene.hear("e", 5, 5, &[]);
    scene.segments = compiled(&[&second, &first]);
    assert_eq!(scene.segments.at(0).unwrap().version, 2);
    assert!(scene.segments.align(&mut scene.state) && !scene.segments.lacks(&scene.state));
    scene.settle(10);
    scene.hear("e", 20, 20, &[]);
    assert_eq!(scene.moved(), [(5, "s", true), (10, "s", false), (20, "s", true)]);
}
