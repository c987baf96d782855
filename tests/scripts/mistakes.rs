use super::{said, table};
use journeyman::rule::score::ScoreModel;

/// A mistake, and what is said of it, word for word.
const MISTAKES: [(&str, &str); 61] = [
    ("onn(\"a\", 1);", "R002 line 1, position 1: there is no word \"onn\"; did you mean on?"),
    (
        "\n  thresold(\"a\", 1);",
        "R002 line 2, position 3: there is no word \"thresold\"; did you mean threshold?",
    ),
    (
        "on(\"a\");",
        "R003 line 1, position 1: on is given the wrong number of values; write on(\"email.opened\", 1), or on(\"purchase\", points(amount))",
    ),
    ("on(a, 1);", "R003 line 1, position 1: the name of the event is no text; write it in quotes: \"a\""),
    (
        "on(\"a\", \"1\");",
        "R003 line 1, position 1: points are a text, not a whole number; write a whole number such as 10",
    ),
    (
        "on(\"a\", 1.5);",
        "R003 line 1, position 1: points are a number with a fraction, not a whole number; write a whole number such as 10",
    ),
    (
        "on(\"a\", amount);",
        "R003 line 1, position 1: points are the field \"amount\", not a whole number; write points(amount)",
    ),
    ("on(\"\", 1);", "R012 line 1, position 1: the name of the event is empty; write the name"),
    (
        "decay(7 * day, -5);",
        "R013 line 1, position 9: \"day\" is not known while the script runs, so nothing is calculated with it; did you mean days?",
    ),
    (
        "decay(7, -5);",
        "R009 line 1, position 1: the span is 7 milliseconds: its unit is missing; write a span such as 7 * days or 12 * hours",
    ),
    (
        "decay(0 * days, -5);",
        "R009 line 1, position 1: the span has no length; write a span such as 7 * days or 12 * hours",
    ),
    (
        "decay(1.5 * days, -5);",
        "R003 line 1, position 1: the span is no whole number; write 36 * hours for 1.5 * days",
    ),
    (
        "decay(7 * days, 5);",
        "R009 line 1, position 1: silence takes points; write a number below 0, such as -5",
    ),
    (
        "decay(7 * days, -5); decay(8 * days, -1);",
        "R010 line 1, position 22: decay stands twice; take one away; the first stands at line 1, position 1",
    ),
    (
        "clamp(120, 0);",
        "R009 line 1, position 1: the bounds leave no room; write the lower one first: clamp(0, 120)",
    ),
    (
        "clamp(10, 20);",
        "R009 line 1, position 1: 0, where everybody begins, is out of bounds; let the bounds hold 0",
    ),
    (
        "clamp(0, 100); tier(\"hot\", 120);",
        "R009 line 1, position 16: 120 is never reached: the score ends at 100; let clamp end later, or use a lower number",
    ),
    (
        "tier(\"a\", 1); tier(\"a\", 2);",
        "R010 line 1, position 15: the tier \"a\" is declared twice; take one away; the first stands at line 1, position 1",
    ),
    (
        "tier(\"a\", 1); tier(\"b\", 1);",
        "R010 line 1, position 15: the tiers \"a\" and \"b\" both begin at 1; let one begin elsewhere, or take it away",
    ),
    (
        "tier(\"a\", 1).cap(2);",
        "R015 line 1, position 14: cap belongs to a rule on an event; write it there, as in .cap(9), or .cap(9, 1 * days)",
    ),
    ("tier(\"a\", 1).hysteresis(-1);", "R009 line 1, position 14: the hysteresis is -1; use 0 or more"),
    (
        "when(\"a\", b, 1).silent();",
        "R015 line 1, position 17: silent belongs to a rule on an event; write it there, as in .silent()",
    ),
    (
        "on(\"a\", 1).stay(1 * days);",
        "R015 line 1, position 12: stay belongs to a tier; write it there, as in .stay(2 * days)",
    ),
    (
        "on(\"a\", 1).at_least(5);",
        "R015 line 1, position 12: at_least belongs to an amount, such as points(amount); write it there, as in .at_least(5)",
    ),
    (
        "threshold(\"a\", 1).at_least(5);",
        "R015 line 1, position 19: at_least belongs to a peak or an amount; write it there, as in .at_least(5)",
    ),
    ("on(\"a\", 1).cap(0);", "R009 line 1, position 12: the cap is 0; use 1 or more"),
    (
        "on(\"a\", -1).cap(5);",
        "R009 line 1, position 13: a rule that gives no points has no cap; take the cap away",
    ),
    ("on(\"a\", 1).cap(5).cap(6);", "R010 line 1, position 19: the rule has cap twice; take one away"),
    (
        "on(\"a\", 1).silent().engages();",
        "R010 line 1, position 21: a rule is silent or engages, not both; take one away",
    ),
    (
        "on(\"a\", 1).where(tag(\"vip\"));",
        "R014 line 1, position 12: where is about the event, and tag about the contact; write property(...), or use when(...)",
    ),
    (
        "on(\"a\", 1).where(attribute(\"b\") > 1);",
        "R014 line 1, position 12: where is about the event, and attribute about the contact; write property(...), or use when(...)",
    ),
    (
        "when(\"a\", property(\"b\") > 1, 1);",
        "R014 line 1, position 1: a rule about a contact asks for a property of an event; write attribute(...), or ask in on(...).where(...)",
    ),
    (
        "when(\"a\", score(\"b\") > 1, 1);",
        "R014 line 1, position 11: a score asks for attributes and tags alone; ask for scores, tiers, events and segments in a journey",
    ),
    (
        "when(\"a\", 5, 1);",
        "R013 line 1, position 1: a whole number is no condition; write a comparison such as followers > 1000, known(city) or tag(\"vip\")",
    ),
    (
        "when(\"a\", true, 1);",
        "R013 line 1, position 1: true or false is no condition; write a comparison such as followers > 1000, known(city) or tag(\"vip\")",
    ),
    (
        "when(\"a\", b > c, 1);",
        "R013 line 1, position 13: \"c\" is no fixed value, and only those are compared with; compare with a number, or with a text in quotes",
    ),
    (
        "when(\"a\", b == (), 1);",
        "R013 line 1, position 13: nothing cannot be compared with; ask known(...) whether there is a value",
    ),
    (
        "when(\"a\", b / 1000 > 1, 1);",
        "R013 line 1, position 13: \"b\" is not known while the script runs, so nothing is calculated with it; move the sum to the other side of the comparison, or set another attribute",
    ),
    (
        "when(\"a\", b > 1 > 2, 1);",
        "R013 line 1, position 17: a condition cannot be compared; join conditions with && and ||, and write ! for not",
    ),
    (
        "when(\"a\", b > 1, 1); when(\"a\", c, 1);",
        "R010 line 1, position 22: the rule \"a\" is declared twice; take one away; the first stands at line 1, position 1",
    ),
    (
        "when(\"a\", one_of(b, \"c\"), 1);",
        "R003 line 1, position 11: one_of compares with a list; write one_of(genre, [\"rap\", \"pop\"])",
    ),
    (
        "when(\"a\", between(b, 9, 1), 1);",
        "R009 line 1, position 11: between ends before it begins; swap its bounds",
    ),
    (
        "when(\"a\", between(b, 1, \"c\"), 1);",
        "R013 line 1, position 11: the bounds of between are of two kinds; use two numbers",
    ),
    (
        "when(\"a\", known(\"city\"), 1);",
        "R003 line 1, position 11: a text stands where a field is needed; write known(city)",
    ),
    (
        "when(\"a\", born > date(\"23.3.2026\"), 1);",
        "R003 line 1, position 18: \"23.3.2026\" is no date; write date(\"2026-03-23\")",
    ),
    (
        "if followers > 1000 { on(\"a\", 1); }",
        "R013 line 1, position 14: a condition has no answer while the script runs, for there is no contact yet; write when(\"name\", condition, points), or on(...).where(condition)",
    ),
    (
        "once(\"a\", 1); once(\"a\", 2);",
        "R010 line 1, position 15: once(\"a\", ...) stands twice; take one away; the first stands at line 1, position 1",
    ),
    (
        "peak(\"a\", 7 * days, 0);",
        "R009 line 1, position 1: the factor of a peak lies between 0.001 and 1000; write a number such as 3.0: three times what is usual",
    ),
    (
        "peak(\"a\", 7 * days, 3.0).at_least(65);",
        "R009 line 1, position 26: a peak counts at most 64 engagements; use 64 or less",
    ),
    ("badge(\"a\", \"b\", 0);", "R009 line 1, position 1: the count is 0; use 1 or more"),
    (
        "checklist(\"a\", []);",
        "R011 line 1, position 1: a checklist has from 1 to 32 events, this one has 0; write checklist(\"actions\", [\"profile.completed\", \"call.booked\"])",
    ),
    (
        "checklist(\"a\", [\"b\", \"b\"]);",
        "R010 line 1, position 1: the event \"b\" stands twice in the checklist; take one away",
    ),
    ("on(\"a\", points(b).per(0));", "R009 line 1, position 19: the divisor is 0; use 1 or more"),
    (
        "on(\"a\", points(b).at_least(5).at_most(1));",
        "R009 line 1, position 31: the least points are above the most; swap them",
    ),
    (
        "eval(\"1\");",
        "R005 line 1, position 1: \"eval\" is switched off; take it away; a script only declares",
    ),
    (
        "loop {}",
        "R004 line 1, position 6: the script takes more than 10000 operations; take loops away; a declaration needs none",
    ),
    (
        "on(\"a\", 1",
        "R001 line 1, position 10: the script cannot be read: \")\" is missing to close the arguments list of this function call 'on'; write ) here, or mend what stands before",
    ),
    (
        "on(\"a\", 1) on(\"b\", 2);",
        "R001 line 1, position 12: the script cannot be read: \";\" is missing to terminate this statement; write ; here, or mend what stands before",
    ),
    (
        "when(\"a\", new == 1, 1);",
        "R001 line 1, position 11: \"new\" is a word that scripts reserve; if it is a field, write attribute(\"new\") or property(\"new\")",
    ),
    (
        "on(\"a\", 1 / 0);",
        "R006 line 1, position 11: a calculation fails: Division by zero: 1 / 0; use smaller numbers, and never divide by 0",
    ),
    (
        "",
        "R018 line 1, position 1: the script declares nothing; declare a rule, such as on(\"message.replied\", 10)",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_the_next_step() {
    let wrong: Vec<String> = MISTAKES
        .iter()
        .filter(|(script, told)| said(script) != *told)
        .map(|(script, _)| format!("{script}\n{}", said(script)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_run_finds_every_problem() {
    let said = said(
        "on(\"\", 1);\ndecay(7, -5);\ntier(\"a\", 1);\ntier(\"a\", 2).stay(1);\nwhen(\"x\", b > c && !d, 1);",
    );
    let places: Vec<_> = said.lines().map(|line| &line[..27]).collect();
    assert_eq!(
        places,
        [
            "R012 line 1, position 1: th",
            "R009 line 2, position 1: th",
            "R010 line 4, position 1: th",
            "R009 line 4, position 14: t",
            "R013 line 5, position 13: \"",
        ]
    );
}

#[test]
fn limits_are_exact() {
    let rules = |count: usize| (0..count).map(|n| format!("on(\"e{n}\",1);")).collect::<String>();
    assert_eq!(table(&rules(256)).rules.len(), 256);
    assert!(said(&rules(257)).starts_with("R011 "));
    let tiers = |count: usize| (0..count).map(|n| format!("tier(\"t{n}\",{n});")).collect::<String>();
    assert_eq!(table(&tiers(32)).tiers.len(), 32);
    assert!(said(&tiers(33)).starts_with("R011 "));
    let name = |length: usize| format!("on(\"{}\", 1);", "x".repeat(length));
    table(&name(128));
    assert!(said(&name(129)).starts_with("R012 "));
    let padded = |length: usize| format!("{:length$}", "on(\"a\", 1);");
    table(&padded(8 * 1024));
    assert!(said(&padded(8 * 1024 + 1)).starts_with("R007 line 1, position 1: the script has 8193 bytes"));
}

#[test]
fn custom_functions_take_the_contact_alone() {
    let said = |script: &str| ScoreModel::builder().custom(true).compile(script).unwrap_err().to_string();
    for (script, told) in [
        ("custom(\"a\", 5);", "R017 line 1, position 1: a whole number is no function; "),
        ("custom(\"a\", fit);", "R017 line 1, position 1: the field \"fit\" is no function; "),
        (
            "custom(\"a\", || 5);",
            "R017 line 1, position 1: the function of \"a\" does not take the contact alone; ",
        ),
        (
            "custom(\"a\", |c, d| 5);",
            "R017 line 1, position 1: the function of \"a\" does not take the contact alone; ",
        ),
        (
            "let x = 5; custom(\"a\", |c| x);",
            "R017 line 1, position 12: a custom function uses a variable from outside; ",
        ),
        (
            "custom(\"a\", |c| 1); when(\"a\", b, 1);",
            "R010 line 1, position 21: the rule \"a\" is declared twice",
        ),
        ("custom(\"a\", |c| c.x > );", "R001 line 1, position 23: the script cannot be read: "),
        ("custom(\"a\", |c| eval(\"1\"));", "R005 line 1, position 17: "),
    ] {
        assert!(said(script).starts_with(told), "{script}\n{}", said(script));
    }
}
