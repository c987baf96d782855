//! Every piece of a journey in the reference compiles.

use journeyman::Journey;
use journeyman::journey::{MigrationDefinition, parse_yaml};
use journeyman::rule::{EventSchema, TemplateDefinition};

const DOCUMENT: &str = include_str!("../../docs/JOURNEYS.md");

/// Each block in YAML: the line on which it begins, what its fence says of it, and its text.
fn blocks(document: &str) -> Vec<(usize, &str, String)> {
    let mut blocks = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```yaml") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        blocks.push((number + 1, info.trim(), text.join("\n")));
    }
    blocks
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// A whole journey around a piece of one.
fn whole(info: &str, text: &str) -> String {
    let head = "journey: piece\nversion: 1\n";
    let enter = "enter: { on: { event: go } }\n";
    let steps = "steps: [{ exit: done }]\n";
    match info {
        "journey" => text.to_owned(),
        "head" => format!("{head}{text}\n{enter}{steps}"),
        "enter" => format!("{head}enter:\n{}{steps}", indented(text)),
        "exit" => format!("{head}{enter}exit:\n{}{steps}", indented(text)),
        "steps" => format!("{head}{enter}steps:\n{}", indented(text)),
        "predicates" => {
            let asks = "steps:\n  - branch:\n      else: end\n      when:\n        - goto: end\n          if:\n            all:\n";
            let deep = (0..6).fold(text.to_owned(), |text, _| indented(&text));
            format!("{head}{enter}{asks}{deep}  - {{ id: end, exit: done }}\n")
        }
        other => {
            panic!("the fence says {other:?}: say journey, head, enter, exit, steps, predicates or template")
        }
    }
}

#[test]
fn every_piece_of_a_journey_in_the_reference_compiles() {
    let blocks = blocks(DOCUMENT);
    assert!(blocks.len() >= 16, "only {} pieces were found", blocks.len());
    for (line, info, text) in &blocks {
        if info == &"template" {
            let template = parse_yaml::<TemplateDefinition>(text).and_then(|definition| definition.compile());
            template.unwrap_or_else(|problems| panic!("docs/JOURNEYS.md:{line}\n{problems}\n{text}"));
            continue;
        }
        if *info == "migration" {
            let map = parse_yaml::<MigrationDefinition>(text);
            assert!(map.is_ok(), "docs/JOURNEYS.md:{line}\n{map:?}");
            continue;
        }
        if *info == "schema" {
            let schema = parse_yaml::<EventSchema>(text).and_then(|schema| schema.check().map(|()| schema));
            assert!(schema.is_ok(), "docs/JOURNEYS.md:{line}\n{schema:?}");
            continue;
        }
        let text = whole(info, text);
        if let Err(problems) = Journey::from_yaml(&text) {
            panic!("docs/JOURNEYS.md:{line}\n{problems}\n{text}");
        }
    }
    for info in ["journey", "head", "enter", "exit", "steps", "predicates", "template", "migration", "schema"]
    {
        assert!(blocks.iter().any(|(_, other, _)| *other == info), "no piece says {info}");
    }
}

#[test]
fn a_piece_that_does_not_compile_is_found() {
    let wrong = "```yaml steps\n- { wait: soon }\n```\n```yaml steps\n- { wait: 2d }\n```\n";
    let compiles = |(_, info, text): &(usize, &str, String)| Journey::from_yaml(&whole(info, text)).is_ok();
    assert_eq!(blocks(wrong).iter().map(compiles).collect::<Vec<_>>(), [false, true]);
}

/// Every action, trigger and field of the language is in the reference.
#[test]
fn the_reference_names_every_word_of_the_language() {
    let schema = journeyman::journey::json_schema().to_string();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let mut words = std::collections::BTreeSet::new();
    properties(&schema, &mut words);
    assert!(words.len() > 60, "{words:?}");
    let missing: Vec<_> = words.iter().filter(|word| !named(word)).collect();
    // Told with the schedule itself, or words of the schema because `emit` has a field called properties.
    let elsewhere =
        ["interval", "day", "dates", "calendar", "except", "month", "additionalProperties", "type"];
    let missing: Vec<_> = missing.into_iter().filter(|word| !elsewhere.contains(&word.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whether the document has this as a word of its own.
fn named(word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    DOCUMENT.split(|letter| !part(letter)).any(|other| other == word)
}

fn properties(schema: &serde_json::Value, words: &mut std::collections::BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                words.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| properties(value, words));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| properties(item, words)),
        _ => {}
    }
}
