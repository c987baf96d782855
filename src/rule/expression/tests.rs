use super::*;
use crate::model::Contact;
use crate::rule::{Performed, Rating};

fn lea() -> Contact {
    let price: Decimal = "9.50".parse().unwrap();
    Contact::new("lea")
        .attribute("followers", 12_345)
        .attribute("debt", -7)
        .attribute("most", i64::MAX)
        .attribute("least", i64::MIN)
        .attribute("zero", 0)
        .attribute("price", price)
        .attribute("huge", Decimal::MAX)
        .attribute("plan", "gold")
        .attribute("a.b", 3)
}

fn computed(source: &str) -> Option<Value> {
    let mut problems = Vec::new();
    let expression = Expression::compile(source, "x", &mut problems);
    assert_eq!(problems, [], "{source}");
    let (contact, performed) = (lea(), Performed::default());
    let mut rating = Rating::default();
    rating.apply(&crate::model::Fact::Score { score: "spark".into(), value: 40 });
    rating.apply(&crate::model::Fact::Tier {
        score: "spark".into(),
        from: None,
        to: Some("warm".into()),
        up: true,
    });
    expression.unwrap().value(&Facts::new(&contact, &performed, &rating))
}

fn refused(source: &str) -> String {
    let mut problems = Vec::new();
    assert_eq!(Expression::compile(source, "x", &mut problems), None, "{source}");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn whole_numbers_stay_whole_and_round_down() {
    for (source, result) in [
        ("followers / 1000", 12),
        ("debt / 2", -4),
        ("debt / -2", 3),
        ("7 / -2", -4),
        ("-7 / 2", -4),
        ("-followers + 1", -12_344),
        ("score('spark') + 10 * attribute('a.b')", 70),
        ("number('score.spark') - number(\"number.followers\")", 40 - 12_345),
        ("score('unheard-of')", 0),
        ("min(followers, 1000)", 1_000),
        ("max(1 + 2, min(debt, 5))", 3),
        ("min(8, 9)", 8),
        ("7 * days / hours", 168),
        ("if_else(followers > 2 * 5000 && tier('spark') == 'warm', 1, missing)", 1),
        ("if_else(missing > 5, 1, 2)", 2),
    ] {
        assert_eq!(computed(source), Some(Value::Integer(result)), "{source}");
    }
}

#[test]
fn fractions_are_exact() {
    for (source, result) in [
        ("price * 2", "19.00"),
        ("0.1 + 0.2", "0.3"),
        ("price / 4", "2.375"),
        ("followers * 0.001", "12.345"),
        ("3.0 / 2", "1.5"),
        ("max(price, 9)", "9.50"),
    ] {
        assert_eq!(computed(source), Some(Value::Decimal(result.parse().unwrap())), "{source}");
    }
    assert_eq!(computed("min(price, 9)"), Some(Value::Integer(9)));
}

#[test]
fn a_value_can_be_of_any_kind_where_nothing_is_calculated() {
    for (source, result) in [
        ("plan", Value::from("gold")),
        ("tier('spark')", Value::from("warm")),
        ("'gold'", Value::from("gold")),
        ("if_else(tag('vip'), 'first', 'second')", Value::from("second")),
        ("date('2026-03-23')", Value::Date("2026-03-23".parse().unwrap())),
        ("true", Value::Bool(true)),
    ] {
        assert_eq!(computed(source), Some(result), "{source}");
    }
}

#[test]
fn what_has_no_exact_result_has_none() {
    for source in [
        "missing",
        "missing + 1",
        "plan + 1",
        "plan * zero",
        "min(plan, 1)",
        "followers / zero",
        "price / zero",
        "most + 1",
        "least - 1",
        "-least",
        "least / -1",
        "most * 2",
        "huge + huge",
        "huge * 2",
        "number('number.plan')",
        "tier('unheard-of')",
        "if_else(followers > 1, missing, 1)",
    ] {
        assert_eq!(computed(source), None, "{source}");
    }
}

#[test]
fn what_cannot_be_computed_is_refused_with_its_place() {
    for (source, said) in [
        ("followers > 1000", "R013 x line 1, position 1: a condition is no value"),
        ("1 + (followers > 1000)", "R013 x line 1, position 3: a condition is no value"),
        ("plan + 'x'", "R013 x line 1, position 6: a text is no number"),
        ("'a' * followers", "R013 x line 1, position 5: a text is no number"),
        ("tier('spark') + 1", "R013 x line 1, position 15: a tier is no number"),
        ("followers % 2", "R013 x line 1, position 11: % is not computed"),
        ("followers / (3 - 3)", "R006 x line 1, position 11: a calculation fails for everybody"),
        ("9223372036854775807 + 1", "R006 x line 1, position 21: a calculation fails for everybody"),
        ("number('score.spark.teir') + 1", "J110 x line 1, position 28: "),
        ("property('amount')", "R014 x line 1, position 1: a property of an event is asked for"),
        ("scroe('spark')", "R002 x line 1, position 1: there is no word \"scroe\"; did you mean score?"),
        ("followers +", "R001 x line 1, position 12: "),
        ("", "R001 x line 1, position 1: "),
        ("[1, 2]", "R013 x line 1, position 1: a list is no value"),
        ("min(1, 2, 3)", "R003 x line 1, position 1: min is given the wrong number of values"),
        ("if_else(followers, 1)", "R003 x line 1, position 1: if_else is given the wrong number"),
        ("if_else(followers / 2 > 3, 1, 2)", "R013 x line 1, position 23: a calculation is not compared"),
        ("followers / 2 && tag('vip')", "R013 x line 1, position 15: a calculation is no yes or no"),
    ] {
        assert!(refused(source).starts_with(said), "{source}: {}", refused(source));
    }
}

#[test]
fn an_expression_has_at_most_64_parts() {
    let chain = |terms: usize| vec!["a"; terms].join(" + ");
    // As many sums as terms, but for one.
    assert_eq!(computed(&chain(20)), None);
    let balanced = |terms: usize| {
        let rows: Vec<String> = (0..terms / 8).map(|_| format!("({})", chain(8))).collect();
        rows.join(" + ")
    };
    assert_eq!(computed(&balanced(32)), None);
    assert!(refused(&format!("{} + a", balanced(32))).starts_with("R011 x line 1, position 1"), "65 parts");
    // Constants are calculated at once.
    assert_eq!(computed(&vec!["(1 + 2)"; 20].join(" + ")), Some(Value::Integer(60)));
}
