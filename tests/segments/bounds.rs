//! Segments that ask for what rules make of a score, and counts at the bounds of what is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use journeyman::Event;
use journeyman::machine::{ContactState, Envelope, InputKind, Program, ProgramParts, Scored};
use journeyman::model::{Attributes, InputId};
use journeyman::rule::score::{Band, EventRule, History, MarkKind, MarkRule, ScoreModel, Table};
use journeyman::rule::segment::{
    Heard, NoPassages, Seen, SegmentDefinition, SegmentState, Segments, Touched,
};
use journeyman::time::Zone;
use serde_json::json;

use super::calendar::{HOUR, SECOND};
use super::random::Random;
use super::universe::LEA;
use super::words::instant;

fn defined(name: &str, question: serde_json::Value) -> SegmentDefinition {
    serde_json::from_value(json!({ "segment": name, "where": question })).unwrap()
}

/// Rules of a score let tiers and marks come and go by themselves; segments follow at the same instant.
#[test]
fn segments_follow_the_marks_and_tiers_that_rules_give() {
    const HELD: i64 = 2 * HOUR;
    let mut table = Table::new();
    table.rules.push(EventRule::new("seen", 10).lasting(3 * HOUR).into());
    table.tiers = vec![Band::new("low", 0), Band::new("high", 20)];
    table.marks = vec![
        MarkRule::new("hot", MarkKind::Threshold(20)),
        MarkRule::new("asleep", MarkKind::Inactivity(5 * HOUR)),
    ];
    let segments = Segments::compile(
        [
            defined("hot", json!({ "mark": "hot", "of": "heat" })),
            defined("asleep", json!({ "mark": "asleep", "of": "heat" })),
            defined("awake", json!({ "not": { "mark": "asleep", "of": "heat" } })),
            defined("high", json!({ "tier": "heat", "is": "high" })),
            defined("twenty", json!({ "score": "heat", "at_least": 20 })),
            defined("held", json!({ "mark": "hot", "of": "heat", "held_for": "2h" })),
            defined("high held", json!({ "tier": "heat", "is": "high", "held_for": "2h" })),
        ],
        &BTreeMap::new(),
    );
    let mut parts = ProgramParts::default();
    parts.segments = Arc::new(segments.unwrap());
    let model = ScoreModel::from_table(table).unwrap();
    parts.scores.insert("heat".into(), Scored::new(model.into(), History::Count));
    let program = Program::new(parts);
    let (mut compared, mut held_once) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let start = 1_774_256_400_000;
        let mut state = ContactState::new(LEA.into());
        let (mut now, mut since, mut due) = (start, None, None);
        let mut next_event = start;
        for seq in 1..=120 {
            // The next event, or whatever is due before it, with the moment before and the one after.
            let is_event = due.is_none_or(|due| due >= next_event);
            let at = if is_event { next_event } else { due.unwrap() };
            let looks = [at - 1, at, at + 1];
            let before = now;
            for look in looks.into_iter().filter(|look| *look > before || *look == start) {
                let mut mail = Vec::new();
                if is_event && look == at {
                    let kind = InputKind::Event(Event::new(LEA, "seen"));
                    mail.push(Envelope::new(seq, InputId::from_place(&LEA.into(), seq), instant(at), kind));
                    next_event = at + [SECOND, HOUR, HOUR, 3 * HOUR, 7 * HOUR][random.below(5)];
                } else if look < start {
                    continue;
                }
                let out = program.transition(state, &mail, instant(look));
                (state, now) = (out.state, look);
                due = out.due_at.map(|due| due.timestamp_millis());
                let (rating, kept) = (&state.hot.rating, &state.hot.segments);
                let hot = rating.is_marked("heat", "hot");
                let high = rating.tier("heat").is_some_and(|tier| **tier == *"high");
                let asleep = rating.is_marked("heat", "asleep");
                let twenty = rating.score("heat") >= 20;
                since = if hot { since.or(Some(look)) } else { None };
                let held = since.is_some_and(|since| since + HELD <= look);
                held_once += usize::from(held);
                for (name, is_in) in [
                    ("hot", hot),
                    ("asleep", asleep),
                    ("awake", !asleep),
                    ("high", high),
                    ("twenty", twenty),
                    ("held", held),
                    ("high held", held),
                ] {
                    assert_eq!(kept.is_in(name), is_in, "{name} in {seed} at {look}");
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} memberships by rules, {held_once} times held");
    assert!(held_once > 100);
}

/// As many events count as can be asked for; of numbers the newest ones are kept.
#[test]
fn segments_count_up_to_the_bound_of_what_may_be_asked() {
    let count = |bounds: serde_json::Value| json!({ "event": "seen", "count": bounds, "within": "1d" });
    let segments = Segments::compile(
        [
            defined("is", count(json!({ "is": 4096 }))),
            defined("at least", count(json!({ "at_least": 4096 }))),
            defined("above", count(json!({ "above": 4096 }))),
            defined("at most", count(json!({ "at_most": 4096 }))),
            defined("below", count(json!({ "below": 4096 }))),
            defined("sum", json!({ "event": "seen", "sum": { "of": "n", "is": 4096 }, "within": "1d" })),
            defined("ever", json!({ "event": "seen", "sum": { "of": "n", "at_least": 4100 } })),
        ],
        &BTreeMap::new(),
    );
    let segments = segments.unwrap();
    let contact = ContactState::new(LEA.into());
    let (zone, mut touched) = (Zone::utc(), Touched::default());
    let seen = Seen::new(contact.facts(), &contact.cold.standing, &NoPassages, &zone);
    let mut state = segments.start();
    let one = Attributes::from([("n".into(), 1.into())]);
    let answers = |state: &mut SegmentState, touched: &mut Touched, at: i64| {
        segments.fire(state, touched, at);
        segments.settle(state, touched, &seen, at, &mut |_| {});
        ["is", "at least", "above", "at most", "below", "sum", "ever"].map(|name| state.is_in(name))
    };
    for number in 1..=4_100_i64 {
        let heard = Heard::new("seen", &one, number, number, &zone);
        segments.hear(&mut state, &mut touched, &heard);
        if number < 4_094 && number % 512 > 1 {
            continue;
        }
        let found = answers(&mut state, &mut touched, number);
        let wanted = [
            number == 4_096,
            number >= 4_096,
            number > 4_096,
            number <= 4_096,
            number < 4_096,
            number >= 4_096,
            number >= 4_100,
        ];
        assert_eq!(found, wanted, "after {number}");
    }
    // As they end, one by one.
    for number in 1..=10_i64 {
        let found = answers(&mut state, &mut touched, 24 * HOUR + number);
        let left = 4_100 - number;
        let wanted =
            [left == 4_096, left >= 4_096, left > 4_096, left <= 4_096, left < 4_096, left >= 4_096, true];
        assert_eq!(found, wanted, "{left} are left");
    }
}
