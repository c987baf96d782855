//! What explanations foresee, and what hangs on many segments.

use std::fmt::Write;

use super::scene::{DAY, Scene};
use crate::model::Contact;
use crate::rule::score::ScoreState;
use crate::time::Zone;

/// When the segment of this name may next turn, as its explanation says, and its only reason.
fn next(scene: &mut Scene, segment: &str, now: i64) -> Option<i64> {
    let place = scene.segments.place(segment).unwrap();
    let explained = scene.with_seen(|scene, seen| scene.segments.explain(place, &scene.state, seen, now));
    assert_eq!(explained.because.iter().filter_map(|reason| reason.next).min(), explained.next);
    explained.next
}

#[test]
fn an_explanation_foresees_what_time_does_by_way_of_other_segments() {
    let mut scene = Scene::new(&[
        ("active", r#"{"event": "e", "within": "1d"}"#),
        ("asleep", r#"{"not": {"segment": "active"}}"#),
        ("lost", r#"{"segment": "asleep", "held_for": "2d"}"#),
        ("still", r#"{"any": [{"segment": "lost"}, {"tag": "t"}]}"#),
    ]);
    scene.hear("e", 5, 5, &[]);
    for segment in ["active", "asleep", "lost", "still"] {
        // Never too late: the last ones turn two days after the first ones.
        assert_eq!(next(&mut scene, segment, 5), Some(5 + DAY), "{segment}");
    }
    scene.pass(5 + DAY);
    assert_eq!(next(&mut scene, "asleep", 5 + DAY), None);
    for segment in ["lost", "still"] {
        assert_eq!(next(&mut scene, segment, 5 + DAY), Some(5 + 3 * DAY), "{segment}");
    }
    scene.pass(5 + 3 * DAY);
    assert!(scene.state.is_in("still"));
    assert_eq!(next(&mut scene, "still", 5 + 3 * DAY), None);
}

#[test]
fn an_explanation_foresees_what_time_does_to_a_score() {
    let mut scene = Scene::new(&[
        ("high", r#"{"score": "mona", "at_least": 10}"#),
        ("tiered", r#"{"tier": "mona", "is": "ready"}"#),
        ("marked", r#"{"not": {"mark": "stuck", "of": "mona"}}"#),
        ("long", r#"{"score": "mona", "below": 10, "held_for": "9d"}"#),
        ("nested", r#"{"segment": "long"}"#),
        ("other", r#"{"score": "spark", "at_least": 10}"#),
    ]);
    let state = ScoreState { due_at: Some(3 * DAY), ..ScoreState::default() };
    scene.rating.models.insert("mona".into(), state);
    scene.settle(0);
    for segment in ["high", "tiered", "marked", "long", "nested"] {
        assert_eq!(next(&mut scene, segment, DAY), Some(3 * DAY), "{segment}");
    }
    assert_eq!(next(&mut scene, "other", DAY), None);
}

#[test]
fn segments_that_are_asked_again_and_again_are_decided_once() {
    let mut definitions = vec![("s00".to_owned(), r#"{"event": "e", "within": "1d"}"#.to_owned())];
    for level in 1..=40 {
        let (name, mut question) = (format!("s{level:02}"), String::new());
        let below = format!("s{:02}", level - 1);
        write!(
            question,
            r#"{{"any": [{{"all": [{{"segment": "{below}"}}, {{"tag": "a"}}]}},
                         {{"all": [{{"segment": "{below}"}}, {{"tag": "b"}}]}}]}}"#,
        )
        .unwrap();
        definitions.push((name, question));
    }
    let definitions: Vec<_> =
        definitions.iter().map(|(name, question)| (name.as_str(), question.as_str())).collect();
    let mut scene = Scene::new(&definitions);
    scene.contact = Contact::new("lea").tag("b");
    // Each settlement compares every segment with what it is from the state alone.
    scene.settle(0);
    scene.hear("e", 5, 5, &[]);
    assert_eq!(scene.moves.len(), 41);
    assert_eq!(next(&mut scene, "s40", 5), Some(5 + DAY));
    scene.pass(9 * DAY);
    assert_eq!(scene.moves.len(), 82);
}

#[test]
fn local_days_are_exact_where_clocks_go_back_over_midnight() {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis();
    let mut scene = Scene::new(&[
        ("count", r#"{"event": "e", "calendar_days": 2, "count": {"at_least": 2}}"#),
        ("fewer", r#"{"event": "e", "calendar_days": 2, "count": {"is": 1}}"#),
        ("kinds", r#"{"event": "e", "calendar_days": 2, "distinct": {"of": "v", "at_least": 2}}"#),
        ("sum", r#"{"event": "e", "calendar_days": 2, "sum": {"of": "v", "at_least": 3}}"#),
    ]);
    // One minute after midnight it is 23:01 of the day before once more.
    scene.zone = Zone::named("America/St_Johns").unwrap();
    // On the 7th, and half an hour later on the 6th.
    let (a, b) = (at("2010-11-07T02:30:30Z"), at("2010-11-07T03:00:00Z"));
    scene.hear("e", a, a, &[("v", 1.into())]);
    scene.hear("e", b, b, &[("v", 2.into())]);
    let days = [
        a,
        at("2010-11-07T02:31:00Z"),
        b,
        at("2010-11-07T03:30:00Z"),
        at("2010-11-08T03:30:00Z"),
        at("2010-11-09T03:30:00Z"),
    ];
    for now in days[3..].iter().flat_map(|at| [at - 1, *at, at + 1]) {
        scene.pass(now);
        scene.with_seen(|scene, seen| {
            for place in 0..4 {
                let name = &scene.segments.at(place).unwrap().name;
                let holds = scene.segments.holds(place, &scene.state, seen, now);
                assert_eq!(scene.state.is_in(name), holds, "{name} at {now}");
            }
        });
    }
    let moved = |name: &str| -> Vec<_> {
        let moves = scene.moves.iter().filter(|(_, moved, _)| moved == name);
        moves.map(|(at, _, inside)| (days.iter().position(|day| day == at), *inside)).collect()
    };
    for name in ["count", "kinds", "sum"] {
        // The first one is of tomorrow until midnight comes again; the second one is the first to go.
        assert_eq!(moved(name), [(Some(3), true), (Some(4), false)], "{name}");
    }
    let fewer = [(Some(0), true), (Some(1), false), (Some(2), true), (Some(3), false), (Some(4), true)];
    assert_eq!(moved("fewer"), [&fewer[..], &[(Some(5), false)]].concat());
}
