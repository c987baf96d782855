use journeyman::Journey;
use serde_json::json;

/// A journey that branches on a script; its problems, where it has some.
fn branch(script: &str) -> Result<Journey, String> {
    let definition = json!({
        "journey": "x", "version": 1, "enter": { "on": { "event": "signed_up" } },
        "steps": [
            { "branch": { "when": [{ "if": { "script": script }, "goto": "end" }], "else": "next" } },
            { "wait": "1d" },
            { "id": "end", "exit": "done" },
        ],
    });
    Journey::from_json(&definition.to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_branch_may_ask_in_the_language_of_scripts() {
    for script in [
        "followers > 1000 && score('spark') >= 60 && tier('spark') == 'hot'",
        "performed('call.booked') || segment(\"fans\")",
        "one_of(genre, ['rap', 'pop'])\n  && !tag('gone')",
        "known(tier('spark'))",
        "team",
        "mark('stuck', 'spark') && number('score.spark.change_14d') > 5",
        "performed('a') & between(score('spark'), 1, 9)",
    ] {
        branch(script).unwrap();
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_in_the_definition_and_in_the_script() {
    for (script, told) in [
        ("followers >> 1000", "R006"),
        ("followers > 1000 &&\n  folowers()", "line 2, position 3: there is no word \"folowers\""),
        ("1 + 1", "line 1, position 1: a whole number is no condition"),
        ("score('spark')", "a score alone is no yes or no; compare it"),
        ("property('amount') > 1", "R014"),
        ("on(\"a\", 1)", "R003"),
        ("let x = 1; x > 2", "R001"),
        ("followers > ", "R001"),
        ("", "R001"),
        ("tier('spark', 60)", "R003"),
        ("a > b", "line 1, position 3: \"b\" is no fixed value"),
        ("x == [[1]]", "R013"),
        ("tag('')", "R012"),
        ("number('score.spark')", "a number alone is no yes or no; compare it"),
    ] {
        let said = branch(script).unwrap_err();
        assert!(said.contains(told), "{script}\n{said}");
        assert!(said.contains("].if.script line "), "{script}\n{said}");
        assert_eq!(said.lines().count(), 1, "{script}\n{said}");
    }
}

#[test]
fn two_problems_of_a_condition_are_told_at_once() {
    let said = branch("a > b && c > d").unwrap_err();
    assert_eq!(said.lines().count(), 2, "{said}");
}
