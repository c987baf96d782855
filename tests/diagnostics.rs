//! Broken definitions and what is said of them. Each file below `fixtures/broken` is a mistake that somebody makes; its
//! snapshot is what that person reads.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

use journeyman::error::BuildError;
use journeyman::journey::{
    JourneyDefinition, Late, MigrationDefinition, Reenter, Scope, ScoreNames, Spacing, TriggerDefinition,
    check, parse_json, parse_yaml,
};
use journeyman::model::Name;
use journeyman::port::store::Definition;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreModel;
use journeyman::rule::segment::{QuestionDefinition, SegmentDefinition, Segments};
use journeyman::store::MemoryStore;
use journeyman::time::{Offset, Span};
use journeyman::{Diagnostic, Engine, Journey};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What the engine of these stories has: its channels, templates, purposes and other journeys.
fn scope() -> Scope {
    let names = |names: &[&str]| Some(names.iter().map(|name| Name::from(*name)).collect());
    let mut scope = Scope::default();
    scope.channels = names(&["email", "sms"]);
    scope.templates = names(&["again", "objection", "proof", "receipt", "see_you", "welcome"]);
    scope.purposes = names(&["marketing", "onboarding", "receipts"]);
    scope.declared = [("receipt".into(), "receipts".into())].into();
    scope.owed = ["receipts".into()].into();
    let model = ScoreModel::compile(r#"on("a", 1); tier("warm", 10); tier("hot", 20);"#).unwrap();
    scope.scores = [("spark".into(), ScoreNames::of(&model))].into();
    scope.segments = names(&["active", "dormant"]);
    scope.journeys = Some(["onboarding", "trial", "win-back"].into_iter().map(Into::into).collect());
    scope
}

fn problems_of_journey(path: &Path, text: &str) -> Vec<Diagnostic> {
    let compiled = match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Journey::from_json(text),
        _ => Journey::from_yaml(text),
    };
    compiled
        .and_then(|journey| check(&journey, &scope()))
        .map_or_else(|error| error.diagnostics, |()| Vec::new())
}

fn problems_of_template(text: &str) -> Vec<Diagnostic> {
    parse_yaml::<TemplateDefinition>(text)
        .and_then(|definition| definition.compile())
        .map_or_else(|error| error.diagnostics, |_| Vec::new())
}

fn problems_of_script(text: &str) -> Vec<Diagnostic> {
    // Only what is about functions is allowed to have them.
    let allowed = text.starts_with("// custom functions are allowed");
    ScoreModel::builder().custom(allowed).compile(text).map_or_else(|error| error.diagnostics, |_| Vec::new())
}

/// The versions of a journey that migrations lead people through.
fn care(version: u32) -> Option<Journey> {
    let steps = match version {
        1 => "{ id: pause, wait: 2d }, { id: proof, wait: 1d }, { wait: 3d }",
        2 => "{ id: pause, wait: 3d }, { id: story, wait: 1d }, { wait: 1h }",
        3 => "{ id: other, wait: 3d }",
        _ => return None,
    };
    let head = format!("journey: care, version: {version}, enter: {{ on: {{ event: signed_up }} }}");
    Some(Journey::from_yaml(&format!("{{ {head}, steps: [{steps}] }}")).unwrap())
}

fn problems_of_migration(text: &str) -> Vec<Diagnostic> {
    parse_yaml::<MigrationDefinition>(text)
        .and_then(|map| map.check(care(map.from).as_ref(), care(map.to).as_ref()))
        .map_or_else(|error| error.diagnostics, |()| Vec::new())
}

/// One segment, or a list of them that are published together.
fn problems_of_segments(text: &str) -> Vec<Diagnostic> {
    let read = if text.starts_with('-') {
        parse_yaml::<Vec<SegmentDefinition>>(text)
    } else {
        parse_yaml::<SegmentDefinition>(text).map(|definition| vec![definition])
    };
    read.and_then(|definitions| Segments::compile(definitions, &BTreeMap::new()))
        .map_or_else(|error| error.diagnostics, |_| Vec::new())
}

fn problems(path: &Path) -> Vec<Diagnostic> {
    let text = fs::read_to_string(path).unwrap();
    if path.parent().is_some_and(|folder| folder.ends_with("segments")) {
        return problems_of_segments(&text);
    }
    if path.parent().is_some_and(|folder| folder.ends_with("migrations")) {
        return problems_of_migration(&text);
    }
    if path.parent().is_some_and(|folder| folder.ends_with("scripts")) {
        return problems_of_script(&text);
    }
    if path.parent().is_some_and(|folder| folder.ends_with("templates")) {
        problems_of_template(&text)
    } else {
        problems_of_journey(path, &text)
    }
}

fn printed(problems: &[Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_mistake_is_explained() {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::glob!("fixtures/broken", "**/*.{yaml,json,rhai}", |path| {
            let problems = problems(path);
            assert!(!problems.is_empty(), "{} has no problem", path.display());
            insta::assert_snapshot!(printed(&problems));
        });
    });
}

/// Journeys may name each other where they are published together, and nobody else.
#[test]
fn an_engine_knows_the_journeys_of_its_store_and_of_the_publication() {
    let journey = |name: &str, other: &str| {
        let door = TriggerDefinition::journey_ended(other);
        Definition::from(Journey::builder(name).enter_on(door).wait(Span::days(1)).build().unwrap())
    };
    futures::executor::block_on(async {
        let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
        engine.publish([journey("first", "second"), journey("second", "first")]).await.unwrap();
        engine.publish([journey("third", "first"), journey("of-itself", "of-itself")]).await.unwrap();
        let refused = engine.publish([journey("fourth", "thrid")]).await.unwrap_err().to_string();
        assert!(refused.contains("J056 fourth/enter.on.journey") && refused.contains("third?"), "{refused}");
    });
}

#[test]
fn five_problems_are_reported_at_once() {
    let path = Path::new(HERE).join("tests/fixtures/broken/five_problems_at_once.yaml");
    let codes: Vec<_> = problems(&path).iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["J029", "J014", "J020", "J023", "J011"]);
}

/// Problems that only a file too large to keep can have, or a definition made in Rust.
fn large_problems() -> Vec<(&'static str, Vec<Diagnostic>)> {
    let journey = |steps: Vec<serde_json::Value>| {
        let definition = serde_json::json!({
            "journey": "large", "version": 1, "enter": { "on": { "event": "signed_up" } }, "steps": steps,
        });
        problems_of_journey(Path::new("large.json"), &definition.to_string())
    };
    let send =
        serde_json::json!({ "send": { "channel": "email", "template": "again", "purpose": "marketing" } });
    let wait = serde_json::json!({ "wait": "1d" });
    let text = "x".repeat(256 * 1024);
    let mut half_a_second = Span::days(0);
    half_a_second.milliseconds = 500;
    let spans = Journey::builder("spans")
        .enter_on("signed_up")
        .reenter(Reenter::after(Span::months(u32::MAX)))
        .max_duration(Span::hours(u32::MAX))
        .wait(Span::days(u32::MAX))
        .wait(half_a_second)
        .wait_until_entry(Span::days(36_601))
        .wait_for("clicked", Span::days(36_601), "next")
        .wait_until_date("ends_at", Offset::before(Span::days(36_601)))
        .enter_on(TriggerDefinition::date("ends_at").shifted(Offset::after(Span::months(u32::MAX))))
        .spacing(Spacing::Keep(Span::days(36_601)))
        .late(Span::days(36_601), Late::Skip)
        .send("hello", "email", "welcome", "onboarding")
        .deadline(Span::days(36_601))
        .enter_journey("trial", "trial")
        .within(Span::days(36_601));
    vec![
        ("a thousand and one steps", journey(vec![wait.clone(); 1_001])),
        ("sixty-four sends in a row", journey(vec![send; 64])),
        ("a span of four billion days", spans.build().unwrap_err().diagnostics),
        ("a megabyte of definition", problems_of_journey(Path::new("large.json"), &" ".repeat(1_048_577))),
        ("a template of a quarter megabyte", problems_of_template(&format!("template: t\ntext: x{text}"))),
        ("257 segments, and 4,097 questions", {
            let question = |tag: usize| QuestionDefinition {
                tag: Some(format!("t{tag}")),
                ..QuestionDefinition::default()
            };
            let segments = (0..257).map(|segment| {
                let any = Some((0..16).map(|tag| question(segment * 16 + tag)).collect());
                SegmentDefinition::new(
                    format!("s{segment}"),
                    QuestionDefinition { any, ..QuestionDefinition::default() },
                )
            });
            Segments::compile(segments, &BTreeMap::new()).unwrap_err().diagnostics
        }),
        ("a script of nine kilobytes", problems_of_script(&"on(\"a\", 1); ".repeat(750))),
    ]
}

#[test]
fn what_is_too_large_is_explained() {
    let said: Vec<String> =
        large_problems().iter().map(|(what, problems)| format!("{what}:\n{}", printed(problems))).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

/// Every `J…`, `T…`, `E…`, `R…` and `S…` code between quotes in the text.
fn codes_in(text: &str, quote: char) -> BTreeSet<String> {
    text.split(quote)
        .filter(|part| {
            let mut letters = part.chars();
            part.len() == 4
                && matches!(letters.next(), Some('J' | 'T' | 'E' | 'R' | 'S'))
                && letters.all(|letter| letter.is_ascii_digit())
        })
        .map(str::to_owned)
        .collect()
}

fn codes_of_source() -> BTreeSet<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.extend(codes_in(&fs::read_to_string(path).unwrap(), '"'));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(HERE).join("src"), &mut found);
    found
}

#[test]
fn the_list_of_codes_is_whole_and_every_code_is_shown() {
    let source = codes_of_source();
    assert!(source.len() > 40, "the codes were found: {source:?}");
    let list = fs::read_to_string(Path::new(HERE).join("docs/DIAGNOSTICS.md")).unwrap();
    // A row of the table begins with its code; codes that were given up stand in a row of their own.
    let listed: BTreeSet<String> = list
        .lines()
        .filter_map(|line| codes_in(line.strip_prefix("| ")?.split('|').next()?, '`').pop_first())
        .collect();
    let given_up: BTreeSet<String> = list
        .lines()
        .filter(|line| line.starts_with("Never used:"))
        .flat_map(|line| codes_in(line, '`'))
        .collect();
    assert_eq!(listed, source, "docs/DIAGNOSTICS.md lists the codes of src, each once");
    assert!(listed.is_disjoint(&given_up));

    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |problems: &[Diagnostic]| {
        problems.iter().for_each(|problem| *shown.entry(problem.code.to_owned()).or_default() += 1);
    };
    let broken = Path::new(HERE).join("tests/fixtures/broken");
    for folder in ["", "templates", "migrations", "scripts", "segments"].map(|folder| broken.join(folder)) {
        let files =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.for_each(|path| count(&problems(&path)));
    }
    large_problems().iter().for_each(|(_, problems)| count(problems));
    // What a flowchart can be answered with is shown by a test of its own.
    let text = fs::read_to_string(Path::new(HERE).join("tests/mermaid.rs")).unwrap();
    let drawn = source.iter().filter(|code| code.starts_with("J06") && text.contains(code.as_str())).cloned();
    // So is what a schema and its events can be answered with.
    let text = fs::read_to_string(Path::new(HERE).join("src/rule/schema.rs")).unwrap();
    let tests = text.split("mod tests").last().unwrap();
    let judged = source.iter().filter(|code| code.starts_with('E') && tests.contains(code.as_str())).cloned();
    // And what a build without limits is answered with, which no fixture can be.
    let text = fs::read_to_string(Path::new(HERE).join("src/rule/script/sandbox.rs")).unwrap();
    let unlimited = codes_in(text.split("mod tests").last().unwrap(), '"');
    // And what a table made in Rust is answered with, which no script can declare.
    let tables = codes_in(&fs::read_to_string(Path::new(HERE).join("tests/scores.rs")).unwrap(), '"');
    // And what columns are asked in vain, which a segment may well ask.
    let columns =
        codes_in(&fs::read_to_string(Path::new(HERE).join("src/audience/tests/mod.rs")).unwrap(), '"');
    // And what sending rules are answered with, which are made in Rust too.
    let caps = fs::read_to_string(Path::new(HERE).join("src/rule/cap.rs")).unwrap();
    let tests = caps.split("mod tests").last().unwrap();
    let capped =
        source.iter().filter(|code| code.starts_with("J14") && tests.contains(code.as_str())).cloned();
    // And what only a policy forbids or warns of, which no definition alone can be answered with.
    let lints = ["lints", "way_out"].map(|name| {
        let path = Path::new(HERE).join(format!("tests/consent_message/{name}.rs"));
        fs::read_to_string(path).unwrap()
    });
    let lints = codes_in(&lints.concat(), '"');
    // And what a policy is answered with that tells third parties or watches people, and a step that would.
    let texts = ["src/rule/sharing.rs", "tests/consent_sharing.rs", "tests/consent_profiling.rs"];
    let texts = texts.map(|path| fs::read_to_string(Path::new(HERE).join(path)).unwrap());
    let tests = texts.map(|text| text.split("mod tests").last().unwrap().to_owned()).concat();
    let told = source.iter().filter(|code| code.starts_with("J12") && tests.contains(code.as_str())).cloned();
    let shown: BTreeSet<String> = shown
        .into_keys()
        .chain(drawn)
        .chain(judged)
        .chain(unlimited)
        .chain(tables)
        .chain(columns)
        .chain(capped)
        .chain(lints)
        .chain(told)
        .collect();
    assert_eq!(shown, source, "every code has a mistake that shows it");
}

/// Runs hostile work on a small stack of its own and says whether it ended in time; a panic or an overflow fails the test.
fn ends_quickly(
    what: &str,
    work: impl FnOnce() -> Result<(), BuildError> + Send + 'static,
) -> Option<BuildError> {
    let (done, answer) = std::sync::mpsc::channel();
    let thread = thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
        let _ = done.send(work().err());
    });
    match answer.recv_timeout(Duration::from_secs(20)) {
        Ok(answer) => answer,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("{what} takes too long"),
        Err(_) => panic!("{what} panicked: {:?}", thread.unwrap().join().map_err(|_| "see above")),
    }
}

#[test]
fn hostile_definitions_end_in_an_error() {
    let head = r#""journey": "x", "version": 1, "enter": { "on": { "event": "x" } }"#;
    let nested =
        |depth: usize| format!(r#"{}{{"tag": "x"}}{}"#, r#"{"not": "#.repeat(depth), "}".repeat(depth));
    let with_if = |depth| {
        let door = format!(r#"{{ "on": {{ "event": "x" }}, "if": {} }}"#, nested(depth));
        format!(r#"{{ "journey": "x", "version": 1, "enter": {door}, "steps": [ {{ "wait": "1d" }} ] }}"#)
    };
    let flow =
        |depth: usize| format!("journey: x\nversion: 1\nenter: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    let mut bomb = String::from("journey: x\nversion: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    // The same, where the fields are known: each list of predicates holds the one before it ten times.
    let mut predicates =
        String::from("journey: x\nversion: 1\nenter:\n  on: { event: x }\n  if:\n    any:\n");
    predicates.push_str("      - &p0 { any: [ { tag: a }, { tag: b } ] }\n");
    for level in 1..9 {
        let before = vec![format!("*p{}", level - 1); 10].join(", ");
        predicates.push_str(&format!("      - &p{level} {{ any: [ {before} ] }}\n"));
    }
    predicates.push_str("steps: [ { wait: 1d } ]\n");
    let many = |step: &str| format!("{{ {head}, \"steps\": [{}] }}", vec![step; 100_000].join(","));
    let circles: Vec<String> = (0..999)
        .map(|step| format!(r#"{{"id": "s{step}", "branch": {{"when": [{{"if": {{"tag": "t"}}, "goto": "s0"}}], "else": "next"}}}}"#))
        .collect();
    let circle = format!("{{ {head}, \"steps\": [{}, {{\"wait\": \"1d\"}}] }}", circles.join(","));
    let misspelt: Vec<String> = (0..999)
        .map(|step| {
            format!(r#"{{"id": "{}{step}", "wait": "1d", "goto": "{}"}}"#, "a".repeat(45), "b".repeat(48))
        })
        .collect();
    let misspelt = format!("{{ {head}, \"steps\": [{}] }}", misspelt.join(","));
    let lists = format!(
        r#"{{ {head}, "steps": [{{"wait_for": {{"any": [{{"event": "x", "where": {{"p": {}{}}}}}], "within": "1d"}}}}] }}"#,
        "[".repeat(400_000),
        "]".repeat(400_000)
    );
    let merge = "a: &a { <<: *a }\njourney: x\nversion: 1\n".to_owned();

    let json: Vec<(&str, String)> = vec![
        (
            "a definition of 2 MiB",
            format!("{{ {head}, \"description\": \"{}\" }}", "x".repeat(2 * 1024 * 1024)),
        ),
        ("a predicate 500 deep", with_if(500)),
        ("a predicate 40 deep", with_if(40)),
        ("a predicate 100,000 deep", with_if(100_000)),
        ("a list 400,000 deep", "[".repeat(400_000)),
        ("a value 400,000 deep", lists),
        ("100,000 empty steps", many("{}")),
        ("100,000 steps", many(r#"{"wait":"1d"}"#)),
        ("999 branches in a circle", circle),
        ("999 misspelt targets", misspelt),
        ("a number out of range", format!("{{ {head}, \"steps\": [{{\"wait\": 1e999}}] }}")),
        ("a version out of range", r#"{"journey": "x", "version": 99999999999}"#.to_owned()),
        ("half a surrogate", r#"{"journey": "\ud800", "version": 1}"#.to_owned()),
        ("nothing", String::new()),
        ("a zero byte", "\0".to_owned()),
    ];
    for (what, text) in json {
        let error = ends_quickly(what, move || Journey::from_json(&text).map(drop));
        assert!(!error.unwrap_or_else(|| panic!("{what} was accepted")).diagnostics.is_empty());
    }
    let yaml: Vec<(&str, String)> = vec![
        ("a predicate 500 deep", with_if(500)),
        ("a flow 100,000 deep", flow(100_000)),
        ("a bomb of aliases", bomb),
        ("a bomb of predicates", predicates),
        ("an alias of itself", merge),
        ("an unknown alias", "journey: *nobody\nversion: 1\n".to_owned()),
        ("two documents", "journey: x\nversion: 1\n---\njourney: y\nversion: 1\n".to_owned()),
        ("a tag of another language", "journey: !!python/object:os.system x\nversion: 1\n".to_owned()),
        ("a definition of 2 MiB", "#".repeat(2 * 1024 * 1024)),
        (
            "blocks 20,000 deep",
            (0..1_000).fold(String::new(), |text, depth| text + " ".repeat(depth).as_str() + "a:\n"),
        ),
        ("nothing", String::new()),
        ("a zero byte", "journey: \"\0\"\n".to_owned()),
    ];
    for (what, text) in yaml {
        let error = ends_quickly(what, move || Journey::from_yaml(&text).map(drop));
        assert!(!error.unwrap_or_else(|| panic!("{what} was accepted")).diagnostics.is_empty());
    }
}

#[test]
fn hostile_templates_end_in_an_error() {
    let texts = [
        ("parentheses", format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000))),
        ("lists", format!("{{{{ {}1{} }}}}", "[".repeat(50_000), "]".repeat(50_000))),
        ("not not not", format!("{{{{ {} contact.a }}}}", "not ".repeat(50_000))),
        ("ifs", format!("{}{}", "{% if contact.a %}".repeat(5_000), "{% endif %}".repeat(5_000))),
        ("minus signs", format!("{{{{ {}1 }}}}", "- ".repeat(50_000))),
        ("minus signs within the limit", format!("{{{{ {}1 }}}}", "-".repeat(500))),
        ("filters", format!("{{{{ contact.a {} }}}}", "|upper".repeat(30_000))),
        ("dots", format!("{{{{ contact{} }}}}", ".a".repeat(50_000))),
        ("ors", format!("{{{{ contact.a {} }}}}", "or contact.a ".repeat(15_000))),
        ("indices", format!("{{{{ contact.a {} }}}}", "[0]".repeat(50_000))),
        ("calls", format!("{{{{ contact.a {} }}}}", "()".repeat(50_000))),
        ("divisions", format!("{{{{ contact.a {} }}}}", "/1".repeat(50_000))),
        ("ternaries", format!("{{{{ contact.a {} }}}}", "if 1 else 1 ".repeat(15_000))),
        ("elifs", format!("{{% if contact.a %}}{}{{% endif %}}", "{% elif contact.a %}".repeat(10_000))),
    ];
    for (what, text) in texts {
        // Accepted or not: it ends.
        ends_quickly(what, move || TemplateDefinition::new("t").text(text).compile().map(drop));
    }
}

/// A segment written in Rust can nest deeper than any file.
#[test]
fn a_deep_question_from_rust_ends_in_an_error() {
    let error = ends_quickly("a question 500 deep", || {
        let mut question = QuestionDefinition { tag: Some("x".to_owned()), ..QuestionDefinition::default() };
        for _ in 0..500 {
            question = QuestionDefinition { not: Some(Box::new(question)), ..QuestionDefinition::default() };
        }
        Segments::compile([SegmentDefinition::new("x", question)], &BTreeMap::new()).map(drop)
    });
    assert_eq!(error.unwrap().diagnostics[0].code, "S011");
}

/// A definition written in Rust can nest deeper than any file.
#[test]
fn a_deep_predicate_from_rust_ends_in_an_error() {
    let error = ends_quickly("a predicate 500 deep", || {
        let mut predicate = journeyman::rule::PredicateDefinition::tag("x");
        for _ in 0..500 {
            predicate = predicate.negated();
        }
        Journey::builder("x").enter_if("x", predicate).exit("end", "done").build().map(drop)
    });
    assert_eq!(error.unwrap().diagnostics[0].code, "J027");
}

#[test]
fn an_error_of_any_definition_names_line_and_column() {
    let broken = "{\n  \"journey\": \"x\",\n  \"version\": true\n}";
    let error = parse_json::<JourneyDefinition>(broken).unwrap_err();
    assert!(error.diagnostics[0].place.starts_with("line 3 column"), "{error}");
    let error = parse_yaml::<JourneyDefinition>("journey: x\nversion: yes please\n").unwrap_err();
    assert!(error.diagnostics[0].place.starts_with("line 2 column"), "{error}");
}
