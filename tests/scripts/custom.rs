use journeyman::model::{Contact, Value};
use journeyman::rule::score::{Failure, ScoreModel};

fn model(function: &str) -> ScoreModel {
    ScoreModel::builder().custom(true).compile(&format!("custom(\"fit\", {function});")).unwrap()
}

fn points(function: &str, contact: &Contact) -> Result<i64, Failure> {
    model(function).custom_points("fit", contact).unwrap()
}

fn lea() -> Contact {
    Contact::new("lea")
        .attribute("followers", 2_500)
        .attribute("growth", Value::Decimal("2.5".parse().unwrap()))
        .attribute("city", "Paris")
        .attribute("team", false)
        .attribute("genres", vec!["rap", "pop"])
        .attribute("a.b", 7)
}

#[test]
fn a_function_reads_what_the_contact_has() {
    for (function, found) in [
        ("|c| if c.followers > 1000 { 10 } else { 0 }", 10),
        ("|c| c.followers / 1000", 2),
        ("|c| (c.growth * 2.0)", 5),
        ("|c| if c.city == \"Paris\" && !c.team { 1 } else { 2 }", 1),
        ("|c| if c.city == 'Paris' { 1 } else { 2 }", 1),
        ("|c| if \"rap\" in c.genres { 3 } else { 4 }", 3),
        ("|c| if \"jazz\" in c.genres { 3 } else { 4 }", 4),
        ("|c| c[\"a.b\"]", 7),
        ("|c| switch c.city { \"Lyon\" => 1, \"Paris\" => 2, _ => 3 }", 2),
        ("|c| { let sum = 0; for genre in c.genres { sum += 5; } sum }", 10),
        ("|c| if c.missing == () { 1 } else { 2 }", 1),
        ("|c| if c.missing != () && c.missing.len() > 3 { 1 } else { 2 }", 2),
        ("|c| c.missing ?? 8", 8),
        ("|c| -4", -4),
        ("|c| 4.0", 4),
    ] {
        assert_eq!(points(function, &lea()), Ok(found), "{function}");
    }
}

#[test]
fn helpers_may_read_too() {
    let script = "fn reach(c) { c.followers + c.fans } custom(\"fit\", |c| reach(c));";
    let model = ScoreModel::builder().custom(true).compile(script).unwrap();
    let contact = lea().attribute("fans", 500);
    assert_eq!(model.custom_points("fit", &contact), Some(Ok(3_000)));
    assert_eq!(model.custom_points("other", &contact), None);
}

#[test]
fn whatever_goes_wrong_is_a_failure_with_its_place() {
    for (function, told) in [
        ("|c| loop {}", "10000 operations"),
        ("|c| 1.5", "1.5, which is no whole number"),
        ("|c| 1.0 / 0.0", "which is no whole number"),
        ("|c| 9223372036854775808.0", "no whole number"),
        ("|c| 0.0 / 0.0", "no whole number"),
        ("|c| \"ten\"", "answers a text"),
        ("|c| ()", "answers nothing"),
        ("|c| c", "answers the contact"),
        ("|c| c.city / 2", "/ does not work with a text and a whole number"),
        ("|c| c.followers / 0", "a calculation fails"),
        ("|c| c.missing + 1", "+ does not work with nothing and a whole number"),
        ("|c| throw \"no\"", "gives up: no"),
        ("|c| c.nobody.here", "no property"),
        ("|c| c[\"fol\" + \"lowers\"]", "put together"),
        ("|c| { c.followers = 1; 1 }", "property"),
        ("|c| on(\"a\", 1)", "nothing can be declared"),
        ("|c| { let s = \"x\"; loop { s += s; } }", "too large"),
        ("|c| c.city[99]", "nothing at this index"),
    ] {
        let failure = points(function, &lea()).unwrap_err();
        let said = failure.to_string();
        assert!(said.contains(told), "{function}: {said}");
        assert!(said.starts_with("custom fit, line 1, position "), "{said}");
    }
    let deep = "fn f(n) { f(n + 1) } custom(\"fit\", |c| f(1));";
    let model = ScoreModel::builder().custom(true).compile(deep).unwrap();
    let said = model.custom_points("fit", &lea()).unwrap().unwrap_err().to_string();
    assert!(said.contains("too deeply"), "{said}");
}

/// A scope that is kept between calls keeps what was defined in it, until there are too many variables.
#[test]
fn nothing_is_left_of_a_call() {
    let model = model("|c| { let a = 1; let b = 2; let d = c.followers; a + b + d }");
    for _ in 0..1_000 {
        assert_eq!(model.custom_points("fit", &lea()), Some(Ok(2_503)));
    }
}

#[test]
fn large_values_can_be_read() {
    let contact = lea().attribute("bio", "x".repeat(8_000)).attribute("tracks", vec![1; 500]);
    assert_eq!(points("|c| if c.bio == \"x\" { 1 } else { 2 }", &contact), Ok(2));
    assert_eq!(points("|c| if 1 in c.tracks { 1 } else { 2 }", &contact), Ok(1));
}

#[test]
fn functions_are_refused_where_nobody_allowed_them() {
    let refused = ScoreModel::compile("on(\"a\", 1);\n  custom(\"fit\", |c| 1);").unwrap_err().to_string();
    assert!(refused.starts_with("R016 line 2, position 3: "), "{refused}");
}
