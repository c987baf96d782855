use journeyman::rule::PredicateDefinition;
use journeyman::rule::score::{EventRule, MarkKind, Points, Rule};

use super::table;

const DAY: i64 = 86_400_000;

/// The question that a JSON text asks, so that what a script declares stands beside what an author would write.
fn asked(json: &str) -> PredicateDefinition {
    serde_json::from_str(json).unwrap()
}

fn event(script: &str) -> EventRule {
    match table(script).rules.pop() {
        Some(Rule::On(rule)) => rule,
        other => panic!("{script} declares {other:?}"),
    }
}

fn when(condition: &str) -> PredicateDefinition {
    match table(&format!("when(\"x\", {condition}, 5);")).rules.pop() {
        Some(Rule::When(rule)) => rule.when,
        other => panic!("{condition} declares {other:?}"),
    }
}

fn mark(script: &str) -> MarkKind {
    table(script).marks.pop().unwrap().kind
}

#[test]
fn events_give_points() {
    let rule = event("on(\"email.opened\", 1);");
    assert_eq!((&*rule.event, rule.points), ("email.opened", Points::Fixed(1)));
    assert_eq!((rule.filter, rule.once, rule.cap, rule.lasts, rule.engages), (None, false, None, None, None));
    assert!(event("once(\"profile.completed\", 5);").once);
    assert_eq!(event("on(\"unsubscribed\", -10);").points, Points::Fixed(-10));
    assert_eq!(event("on(\"a\", 3).cap(9);").cap.map(|cap| (cap.points, cap.period)), Some((9, None)));
    assert_eq!(
        event("on(\"a\", 3).cap(9, 1 * days);").cap.map(|cap| (cap.points, cap.period)),
        Some((9, Some(DAY)))
    );
    let visit = event("on(\"visit\", 2).lasting(30 * days).silent();");
    assert_eq!((visit.lasts, visit.engages), (Some(30 * DAY), Some(false)));
    assert_eq!(event("on(\"refund\", -2).engages();").engages, Some(true));
}

#[test]
fn spans_are_elapsed_time() {
    for (written, span) in [
        ("90 * minutes", 5_400_000),
        ("36 * hours", 129_600_000),
        ("7 * days", 7 * DAY),
        ("2 * weeks", 14 * DAY),
        ("1 * days + 12 * hours", 129_600_000),
        ("days", DAY),
    ] {
        assert_eq!(event(&format!("on(\"a\", 1).lasting({written});")).lasts, Some(span), "{written}");
    }
}

#[test]
fn points_may_come_from_a_property() {
    let of = |times, per, least, most| Points::Of { property: "amount".into(), times, per, least, most };
    for (written, points) in [
        ("points(amount)", of(1, 1, i64::MIN, i64::MAX)),
        ("points(\"amount\").per(10)", of(1, 10, i64::MIN, i64::MAX)),
        ("points(amount).per(10).at_most(50)", of(1, 10, i64::MIN, 50)),
        ("points(property(\"amount\")).times(3).at_least(-1).at_most(9)", of(3, 1, -1, 9)),
    ] {
        assert_eq!(event(&format!("on(\"purchase\", {written});")).points, points, "{written}");
    }
}

#[test]
fn a_filter_is_a_question_about_properties() {
    let filter = |script: &str| event(script).filter.unwrap();
    assert_eq!(
        filter("on(\"purchase\", 20).where(amount >= 100 && currency == \"EUR\");"),
        asked(
            r#"{"all": [{"attribute": "amount", "at_least": 100}, {"attribute": "currency", "is": "EUR"}]}"#
        )
    );
    assert_eq!(
        filter("on(\"p\", 2).where(property(\"line.kind\") == 'tee').where(!gift);"),
        asked(
            r#"{"all": [{"attribute": "line.kind", "is": "tee"}, {"not": {"attribute": "gift", "is": true}}]}"#
        )
    );
}

#[test]
fn conditions_become_predicates() {
    for (written, question) in [
        ("growth > 5.0", r#"{"attribute": "growth", "above": {"decimal": "5"}}"#),
        ("growth >= 2.5", r#"{"attribute": "growth", "at_least": {"decimal": "2.5"}}"#),
        ("5.0 < growth", r#"{"attribute": "growth", "above": {"decimal": "5"}}"#),
        ("followers < 10", r#"{"attribute": "followers", "below": 10}"#),
        ("10 >= followers", r#"{"attribute": "followers", "at_most": 10}"#),
        ("followers <= -1", r#"{"attribute": "followers", "at_most": -1}"#),
        ("plan == \"gold\"", r#"{"attribute": "plan", "is": "gold"}"#),
        ("'gold' == plan", r#"{"attribute": "plan", "is": "gold"}"#),
        ("plan != \"gold\"", r#"{"not": {"attribute": "plan", "is": "gold"}}"#),
        ("one_of(genre, [\"rap\", \"pop\"])", r#"{"attribute": "genre", "one_of": ["rap", "pop"]}"#),
        ("genre in [\"rap\", \"pop\"]", r#"{"attribute": "genre", "one_of": ["rap", "pop"]}"#),
        ("genre !in [\"rap\"]", r#"{"not": {"attribute": "genre", "one_of": ["rap"]}}"#),
        (
            "between(followers, 1000, 15000)",
            r#"{"attribute": "followers", "at_least": 1000, "at_most": 15000}"#,
        ),
        ("known(city)", r#"{"attribute": "city", "exists": true}"#),
        ("!known(city)", r#"{"not": {"attribute": "city", "exists": true}}"#),
        ("contains(genres, \"rap\")", r#"{"attribute": "genres", "contains": "rap"}"#),
        ("genres.contains(\"rap\")", r#"{"attribute": "genres", "contains": "rap"}"#),
        ("team", r#"{"attribute": "team", "is": true}"#),
        ("!team", r#"{"not": {"attribute": "team", "is": true}}"#),
        ("team == false", r#"{"attribute": "team", "is": false}"#),
        ("tag(\"vip\")", r#"{"tag": "vip"}"#),
        ("attribute(\"a.b\") == 1", r#"{"attribute": "a.b", "is": 1}"#),
        ("born < date(\"2008-01-01\")", r#"{"attribute": "born", "below": {"date": "2008-01-01"}}"#),
        (
            "seen >= instant(\"2026-03-23T09:00:00Z\")",
            r#"{"attribute": "seen", "at_least": {"instant": "2026-03-23T09:00:00Z"}}"#,
        ),
        (
            "tag(\"vip\") || plan == \"gold\"",
            r#"{"any": [{"tag": "vip"}, {"attribute": "plan", "is": "gold"}]}"#,
        ),
        (
            "tag(\"a\") & tag(\"b\") & team",
            r#"{"all": [{"tag": "a"}, {"tag": "b"}, {"attribute": "team", "is": true}]}"#,
        ),
        (
            "!(tag(\"a\") || tag(\"b\")) && followers > 1",
            r#"{"all": [{"not": {"any": [{"tag": "a"}, {"tag": "b"}]}}, {"attribute": "followers", "above": 1}]}"#,
        ),
        (
            "a > 1 && b > 2 || c > 3",
            r#"{"any": [{"all": [{"attribute": "a", "above": 1}, {"attribute": "b", "above": 2}]}, {"attribute": "c", "above": 3}]}"#,
        ),
    ] {
        assert_eq!(when(written), asked(question), "{written}");
    }
}

/// rhai compares values of two kinds as unequal before it asks anybody, unless fast operators are off.
#[test]
fn no_comparison_is_silently_false() {
    for operator in [">", ">=", "<", "<=", "==", "!="] {
        for value in ["5", "5.0", "true", "\"x\"", "'x'", "[1]"] {
            if value != "[1]" && value != "true" {
                when(&format!("growth {operator} {value}"));
            }
            let mirrored = std::panic::catch_unwind(|| when(&format!("{value} {operator} growth")));
            let straight = std::panic::catch_unwind(|| when(&format!("growth {operator} {value}")));
            assert_eq!(mirrored.is_ok(), straight.is_ok(), "{value} {operator} growth");
        }
    }
}

#[test]
fn silence_bounds_and_tiers() {
    let table = table(
        "on(\"a\", 1); decay(7 * days, -5); clamp(0, 120);
         tier(\"spark-ready\", 80).hysteresis(2).stay(2 * days); tier(\"mona-possible\", 60);",
    );
    assert_eq!(table.decay.map(|decay| (decay.every, decay.points)), Some((7 * DAY, -5)));
    assert_eq!(table.clamp.map(|clamp| (clamp.least, clamp.most)), Some((0, 120)));
    let bands: Vec<_> =
        table.tiers.iter().map(|band| (&*band.tier, band.from, band.hysteresis, band.stay)).collect();
    assert_eq!(bands, [("mona-possible", 60, 0, None), ("spark-ready", 80, 2, Some(2 * DAY))]);
}

#[test]
fn marks() {
    assert_eq!(mark("threshold(\"milestone\", 60);"), MarkKind::Threshold(60));
    assert_eq!(mark("stagnation(\"stuck\", 14 * days);"), MarkKind::Stagnation(14 * DAY));
    assert_eq!(mark("inactivity(\"asleep\", 30 * days);"), MarkKind::Inactivity(30 * DAY));
    let peak = |least, permille| MarkKind::Peak { window: 7 * DAY, least, permille };
    assert_eq!(mark("peak(\"on-fire\", 7 * days, 3.0);"), peak(1, 3_000));
    assert_eq!(mark("peak(\"on-fire\", 7 * days, 2).at_least(5);"), peak(5, 2_000));
    assert_eq!(mark("peak(\"on-fire\", 7 * days, 1.0015);"), peak(1, 1_002));
    let counted = |script: &str| match mark(script) {
        MarkKind::Badge { event, count } | MarkKind::Challenge { event, count } => (event.to_string(), count),
        other => panic!("{other:?}"),
    };
    assert_eq!(counted("badge(\"ten\", \"message.replied\", 10);"), ("message.replied".into(), 10));
    assert_eq!(counted("challenge(\"march\", \"track.published\", 4);"), ("track.published".into(), 4));
}

#[test]
fn trails_and_checklists() {
    let table = table(
        "trail(30 * days); trail(followers, 7 * days); trail(\"a.b\", 1 * days);
         checklist(\"actions\", [\"profile.completed\", \"call.booked\"]);",
    );
    let trails: Vec<_> =
        table.trails.iter().map(|trail| (trail.attribute.as_deref(), trail.span / DAY)).collect();
    assert_eq!(trails, [(None, 30), (Some("followers"), 7), (Some("a.b"), 1)]);
    assert_eq!(
        table.checklists,
        [("actions".into(), vec!["profile.completed".into(), "call.booked".into()])]
    );
}

#[test]
fn a_script_may_compute_what_it_declares() {
    let table = table(
        "let base = 2; const GENRES = [\"rap\", \"pop\"];
         fn doubled(n) { n * 2 }
         for genre in GENRES { when(`likes ${genre}`, contains(genres, genre), doubled(base)); }
         for n in 1..4 { threshold(`level-${n}`, n * 10); }
         if base > 1 && base < 5 { on(\"x\", base); }",
    );
    let names: Vec<_> = table
        .rules
        .iter()
        .map(|rule| match rule {
            Rule::When(rule) => (&*rule.name, rule.points),
            Rule::On(rule) => (&*rule.event, 0),
            _ => ("", 0),
        })
        .collect();
    assert_eq!(names, [("likes rap", 4), ("likes pop", 4), ("x", 0)]);
    assert_eq!(table.marks.len(), 3);
}

#[test]
fn rules_keep_their_order_and_custom_ones_their_function() {
    let model = journeyman::rule::score::ScoreModel::builder()
        .custom(true)
        .compile("on(\"a\", 1); custom(\"b\", |c| 1); when(\"d\", e, 1); custom(\"f\", |c| 2);")
        .unwrap();
    let customs: Vec<_> = model
        .table()
        .rules
        .iter()
        .filter_map(|rule| match rule {
            Rule::Custom(rule) => Some((&*rule.name, rule.function)),
            _ => None,
        })
        .collect();
    assert_eq!(customs, [("b", 0), ("f", 1)]);
    assert_eq!(model.table().rules.len(), 4);
}
