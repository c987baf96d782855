//! A definition is refused with reasons, or compiles to the same journey again and leads everybody to an end.

use journeyman::error::BuildError;
use journeyman::journey::JourneyDefinition;
use journeyman::journey::parse_json;
use journeyman::{Diagnostic, Journey};
use serde_json::Value as Json;

use super::draw::{Bytes, definition};
use super::walk::walk;

/// Definitions in JSON; bytes that do not begin as JSON does are drawn from, through the same door.
pub fn definition_json(data: &[u8]) -> bool {
    if data.first().is_some_and(|first| b"{[\" \n\t".contains(first)) {
        return asked(data, Journey::from_json);
    }
    let drawn = definition(&mut Bytes::new(data));
    let compiled = Journey::compile(&drawn);
    let text = serde_json::to_string(&drawn).unwrap();
    match (&compiled, Journey::from_json(&text)) {
        (Ok(drawn), Ok(read)) => assert_eq!(drawn.hash, read.hash, "{text}"),
        (Ok(_), Err(error)) => panic!("compiled, but not from its own text: {error}\n{text}"),
        (Err(error), Err(_)) => explained(error),
        (Err(error), Ok(_)) => panic!("refused, but not from its own text: {error}\n{text}"),
    }
    compiled.is_ok_and(|journey| {
        walk(&journey);
        true
    })
}

/// Definitions in YAML; bytes that begin below the letters are drawn from and written as blocks.
pub fn definition_yaml(data: &[u8]) -> bool {
    if data.first().is_some_and(|first| *first > 8) {
        return asked(data, Journey::from_yaml);
    }
    let drawn = definition(&mut Bytes::new(data));
    let mut text = String::new();
    write_block(&serde_json::to_value(&drawn).unwrap(), 0, &mut text);
    match (Journey::compile(&drawn), Journey::from_yaml(&text)) {
        (Ok(drawn), Ok(read)) => assert_eq!(drawn.hash, read.hash, "{text}"),
        (Err(_), Err(_)) => {}
        (drawn, read) => panic!("from Rust: {:?}, from YAML: {:?}\n{text}", drawn.err(), read.err()),
    }
    asked(text.as_bytes(), Journey::from_yaml)
}

/// A value in YAML: maps and lists as blocks, anything else as in JSON.
fn write_block(value: &Json, depth: usize, text: &mut String) {
    let indent = " ".repeat(depth);
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                text.push_str(&format!("\n{indent}{}: ", quoted(name)));
                write_block(value, depth + 1, text);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                text.push_str(&format!("\n{indent}- "));
                write_block(item, depth + 1, text);
            }
        }
        Json::String(value) => text.push_str(&quoted(value)),
        value => text.push_str(&value.to_string()),
    }
}

/// A text in quotes; YAML takes fewer letters as they are than JSON does.
fn quoted(text: &str) -> String {
    let signs = |letter: char| letter.is_ascii_graphic() && letter != '"' && letter != '\\';
    let plain = |letter: char| letter.is_alphanumeric() || letter == ' ' || signs(letter);
    let letters = text.chars().map(|letter| {
        if plain(letter) { letter.to_string() } else { format!("\\U{:08X}", u32::from(letter)) }
    });
    format!("\"{}\"", letters.collect::<String>())
}

fn asked(data: &[u8], read: impl Fn(&str) -> Result<Journey, BuildError>) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    match read(text) {
        Ok(journey) => {
            let written = serde_json::to_string(&*journey.definition).unwrap();
            let again = parse_json::<JourneyDefinition>(&written).unwrap();
            assert_eq!(again, *journey.definition);
            assert_eq!(Journey::compile(&again).unwrap().hash, journey.hash);
            walk(&journey);
            true
        }
        Err(error) => {
            explained(&error);
            error.diagnostics.iter().all(|problem| problem.code != "J001")
        }
    }
}

/// A refusal says what is wrong, where, and what to do.
pub(super) fn explained(error: &BuildError) {
    assert!(!error.diagnostics.is_empty());
    for problem in &error.diagnostics {
        let Diagnostic { code, place, sentence, next, .. } = problem;
        let (letter, number) = code.split_at(1);
        assert!(
            ["J", "T", "R"].contains(&letter) && number.len() == 3 && number.parse::<u16>().is_ok(),
            "{code}"
        );
        for said in [place, sentence, next] {
            assert!(!said.trim().is_empty(), "{problem}");
        }
    }
}
