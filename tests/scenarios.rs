//! Scenario files: what they print, what they refuse, and that they are the same every time and for everybody.
//!
//! `cargo test` builds the example first; `cargo test --test scenarios` alone takes the one that was built last.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{fs, io};

use journeyman::journey::parse_yaml;
use journeyman::model::ContactId;
use journeyman::port::store::Definition;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::sim::{Line, Scenario, Simulation, Timeline, What};
use journeyman::time::Span;
use journeyman::{Diagnostic, Journey};
use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn example(name: &str) -> PathBuf {
    Path::new(HERE).join("examples/scenarios").join(name)
}

fn alone(path: &str) -> io::Result<String> {
    Err(io::Error::other(format!("{path} is not given")))
}

fn scenario(text: &str) -> Scenario {
    Scenario::from_yaml(text, alone).unwrap_or_else(|problems| panic!("{problems}"))
}

fn run(text: &str) -> Timeline {
    scenario(text).run().unwrap()
}

/// A journey of one SMS after an hour, a template, and whatever follows.
fn with_sms(rest: &str) -> String {
    format!(
        r#"
scenario: sms
start: 2026-03-23T09:00:00Z
templates: [{{ template: hello, text: Hello }}]
journeys:
  - journey: hello
    version: 1
    enter: {{ on: {{ event: signed_up }} }}
    reenter: always
    exit: [{{ on: {{ event: bought }}, as: goal }}]
    steps:
      - {{ wait: 1h }}
      - {{ id: greet, send: {{ channel: sms, template: hello, purpose: news }} }}
contacts:
  - {{ id: lea, addresses: {{ sms: +33639980001 }}, consents: [{{ purpose: news }}] }}
  - {{ id: tom, addresses: {{ sms: +33639980002 }}, consents: [{{ purpose: news }}] }}
{rest}
"#
    )
}

/// The kinds of a contact's lines, with the minutes since the start.
fn kinds(timeline: &Timeline, contact: &str) -> Vec<String> {
    let lines = timeline.of(&contact.into()).iter();
    lines
        .map(|line| {
            let kind = serde_json::to_value(line).unwrap()["kind"].as_str().unwrap().to_owned();
            format!("{} {kind}", (line.at - timeline.start).num_minutes())
        })
        .collect()
}

fn printed(problems: &[Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_examples_print_the_same_every_time() {
    for name in ["hello", "consent"] {
        let path = example(&format!("{name}.yaml"));
        let timeline =
            Scenario::from_path(&path).unwrap_or_else(|problems| panic!("{problems}")).run().unwrap();
        insta::assert_snapshot!(format!("{name}_text"), timeline);
        insta::assert_snapshot!(format!("{name}_json"), timeline.json_lines());
        insta::assert_snapshot!(format!("{name}_by_day"), timeline.by_day());
        let again = Scenario::from_path(&path).unwrap().run().unwrap();
        assert_eq!(timeline.to_string(), again.to_string());
        assert_eq!(timeline.json_lines(), again.json_lines());
    }
}

/// Every sequence of the programme, as a calendar; the small examples stand above.
#[test]
fn journeys_of_the_programme_read_like_a_calendar() {
    let mut seen = 0;
    insta::glob!("../examples/scenarios", "*.yaml", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if matches!(name, "hello" | "consent") {
            return;
        }
        seen += 1;
        let scenario = Scenario::from_path(path).unwrap_or_else(|problems| panic!("{problems}"));
        insta::assert_snapshot!("calendar", scenario.run().unwrap().to_string());
    });
    assert_eq!(seen, 16);
}

#[test]
fn a_scenario_in_json_is_the_same_scenario() {
    let yaml = fs::read_to_string(example("consent.yaml")).unwrap();
    let load = |path: &str| fs::read_to_string(example("consent.yaml").with_file_name(path));
    let tree: Value = parse_yaml(&yaml).unwrap();
    // A telephone number without quotes is a number to a tree of values.
    let mut json = tree;
    for (contact, number) in
        [(0, "+33639980001"), (1, "+33639980001"), (2, "+33639980002"), (4, "+15145550107")]
    {
        json["contacts"][contact]["addresses"]["sms"] = number.into();
    }
    json["contacts"][5]["addresses"]["sms"] = "+33639980012".into();
    let json = Scenario::from_json(&serde_json::to_string_pretty(&json).unwrap(), load).unwrap();
    let yaml = Scenario::from_yaml(&yaml, load).unwrap();
    assert_eq!(json.run().unwrap().json_lines(), yaml.run().unwrap().json_lines());
    let refused = Scenario::from_json("scenario: yaml", alone).unwrap_err();
    assert_eq!(refused.diagnostics[0].code, "S001");
}

/// Problems of the files below `fixtures/scenarios`, and of texts that are too large to keep.
fn problems() -> &'static BTreeMap<String, Vec<Diagnostic>> {
    static FOUND: OnceLock<BTreeMap<String, Vec<Diagnostic>>> = OnceLock::new();
    FOUND.get_or_init(find_problems)
}

fn find_problems() -> BTreeMap<String, Vec<Diagnostic>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(Path::new(HERE).join("tests/fixtures/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        let error = Scenario::from_path(&path).err().unwrap_or_else(|| panic!("{path:?} has no problem"));
        found.insert(path.file_stem().unwrap().to_string_lossy().into_owned(), error.diagnostics);
    }
    let text = "x".repeat(256 * 1024);
    let event = "x".repeat(64 * 1024);
    let lists = format!("{}{}", "[".repeat(10), "]".repeat(10));
    let large = format!(
        "{{ \"scenario\": \"large\", \"start\": \"2026-03-23\", \"contacts\": [{{ \"id\": \"lea\", \"attributes\": \
         {{ \"a\": \"{text}\" }} }}], \"inputs\": [{{ \"at\": \"1h\", \"contact\": \"lea\", \"event\": \"x\", \
         \"properties\": {{ \"a\": \"{event}\" }} }}, {{ \"at\": \"1h\", \"contact\": \"lea\", \"event\": \"x\", \
         \"properties\": {{ \"a\": {lists} }} }}] }}"
    );
    let refused = |text: &str| Scenario::from_yaml(text, alone).unwrap_err().diagnostics;
    found.insert("~ a contact and an event that no engine takes".to_owned(), refused(&large));
    found.insert("~ sixteen megabytes".to_owned(), refused(&" ".repeat(16 * 1024 * 1024 + 1)));
    let inputs = "\n  - { at: 1h, contacts: \"*x\", event: x }".repeat(101);
    let patterns = format!(
        "scenario: x\nstart: 2026-03-23\ncontacts: {{ count: 100000, id: \"x{{n}}\" }}\ninputs:{inputs}"
    );
    let mut patterns = refused(&patterns);
    found.insert("~ patterns without end".to_owned(), patterns.split_off(patterns.len() - 1));
    let mebibyte = Scenario::from_yaml("scenario: x\nstart: 2026-03-23\njourneys: large.yaml", |_| {
        Ok(" ".repeat(1024 * 1024 + 1))
    });
    found.insert("~ a definition of a megabyte".to_owned(), mebibyte.unwrap_err().diagnostics);
    found
}

#[test]
fn every_problem_is_explained_and_all_at_once() {
    let problems = problems();
    let said: Vec<String> =
        problems.iter().map(|(name, problems)| format!("{name}\n{}", printed(problems))).collect();
    insta::assert_snapshot!(said.join("\n\n"));
    let codes: Vec<_> = problems["everything_at_once"].iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["S009", "S004", "S008", "S017", "S004", "S016", "T006", "J003", "J011"]);
}

/// Every `S…` code between quotes in the text.
fn codes_in(text: &str, quote: char) -> BTreeSet<String> {
    let is_code = |part: &&str| {
        part.len() == 4 && part.starts_with('S') && part[1..].bytes().all(|letter| letter.is_ascii_digit())
    };
    text.split(quote).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn the_list_of_codes_is_whole_and_every_code_is_shown() {
    let mut source = BTreeSet::new();
    for entry in fs::read_dir(Path::new(HERE).join("src/sim/script")).unwrap() {
        source.extend(codes_in(&fs::read_to_string(entry.unwrap().path()).unwrap(), '"'));
    }
    assert!(source.len() > 20, "the codes were found: {source:?}");
    let list = fs::read_to_string(Path::new(HERE).join("docs/SCENARIOS.md")).unwrap();
    let rows = list.lines().filter_map(|line| line.strip_prefix("| `S")?.split('|').next());
    let listed: BTreeSet<String> =
        rows.filter_map(|row| codes_in(&format!("`S{row}"), '`').pop_first()).collect();
    assert_eq!(listed, source, "docs/SCENARIOS.md lists the codes, each once");
    let shown: BTreeSet<String> =
        problems().values().flatten().map(|problem| problem.code.to_owned()).collect();
    let own: BTreeSet<String> = shown.into_iter().filter(|code| code.starts_with('S')).collect();
    assert_eq!(own, source, "every code has a mistake that shows it");
}

#[test]
fn a_definition_in_a_scenario_is_read_as_it_is_alone() {
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(HERE).join("tests/fixtures/broken")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let alone = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Journey::from_json(&text),
            _ => Journey::from_yaml(&text),
        };
        let codes = |problems: Vec<Diagnostic>| -> BTreeSet<&'static str> {
            // Which templates there are is the scenario's business.
            problems.iter().map(|problem| problem.code).filter(|code| *code != "J018").collect()
        };
        let alone = codes(alone.err().map_or_else(Vec::new, |error| error.diagnostics));
        let ending = path.extension().unwrap().to_string_lossy();
        let head = format!("scenario: x\nstart: 2026-03-23\njourneys: it.{ending}");
        let within = Scenario::from_yaml(&head, |_| Ok(text.clone()));
        let within = within.err().map_or_else(Vec::new, |error| error.diagnostics);
        assert_eq!(codes(within.clone()), alone, "{}\n{}", path.display(), printed(&within));
        seen += 1;
    }
    assert!(seen > 40);
}

#[test]
fn a_file_stays_within_the_folder_that_holds_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let template = "{ template: a, text: b }";
    for path in ["home/secret.yaml", "home/all/beside/near.yaml", "home/all/own/below/near.yaml"] {
        write(path, template);
    }
    let read = |named: &str| {
        write(
            "home/all/own/scenario.yaml",
            &format!("scenario: x\nstart: 2026-03-23\ntemplates: \"{named}\""),
        );
        Scenario::from_path(folder.path().join("home/all/own/scenario.yaml"))
    };
    for near in ["below/near.yaml", "../beside/near.yaml", "./../own/below/near.yaml"] {
        assert!(read(near).is_ok(), "{near}");
    }
    let absolute = folder.path().join("home/all/own/below/near.yaml");
    for far in ["../../secret.yaml", "../../all/../secret.yaml", absolute.to_str().unwrap()] {
        assert_eq!(read(far).unwrap_err().diagnostics[0].code, "S002", "{far}");
    }
    #[cfg(unix)]
    {
        let link = folder.path().join("home/all/own/link.yaml");
        std::os::unix::fs::symlink(folder.path().join("home/secret.yaml"), link).unwrap();
        assert_eq!(read("link.yaml").unwrap_err().diagnostics[0].code, "S002");
    }
    let missing = Scenario::from_path(folder.path().join("nobody.yaml")).unwrap_err();
    assert_eq!(missing.diagnostics[0].code, "S002");
}

#[test]
fn channels_say_what_they_are_told_to_say() {
    let inputs = "
inputs:
  - { at: 1h, contacts: all, event: signed_up }
  - { at: 8h, contacts: all, event: signed_up }";
    let answers = "
channel_answers: { sms: [retry, { retry: 30m }, accepted, { refused: full }] }";
    let timeline = run(&with_sms(&format!("{inputs}{answers}")));
    let message = |line: &Line| match &line.what {
        What::Sent { said } => Some(format!("sent on attempt {}", said.attempt.unwrap())),
        What::Retried { until, .. } => Some(format!("again in {} s", (*until - line.at).num_seconds())),
        What::Refused { reasons, .. } => Some(format!("refused, {}", reasons.join(", "))),
        _ => None,
    };
    let said: Vec<String> = timeline.of(&"lea".into()).iter().filter_map(message).collect();
    assert_eq!(said[1..], ["again in 1800 s", "sent on attempt 3", "refused, channel: full"], "{said:?}");
    // Each contact is answered in turn by itself.
    assert_eq!(timeline.of(&"tom".into()).iter().filter_map(message).count(), 4);

    // What is said of one contact's messages comes before what is said of a template, and that before a channel.
    let zoe = "  - { id: zoe, addresses: { sms: +33639980003 }, consents: [{ purpose: news }], channel_answers: { sms: refused } }";
    let answers = "channel_answers: { hello: { refused: template }, sms: { refused: channel } }";
    let summary = run(&with_sms(&format!("{zoe}{inputs}\n{answers}"))).summary();
    let refused = |why: &str| summary.refused.get(&format!("sms: the channel says: {why}")).copied();
    assert_eq!((refused("refused"), refused("template"), refused("channel")), (Some(2), Some(4), None));

    let unknown = run(&with_sms(&format!("{inputs}\nchannel_answers: {{ hello: unknown }}")));
    assert_eq!(unknown.summary().parked["sms"], 4);
}

#[test]
fn what_happens_at_one_instant_happens_in_the_order_of_the_file() {
    // A message is due at the instant of the withdrawal, and everything before it has been done.
    let timeline = run(&with_sms(
        "inputs:
  - { at: 0h, contacts: all, event: signed_up }
  - { at: 1h, contact: lea, withdraw: {} }
  - { at: 59m, contact: tom, withdraw: { purpose: news, channels: sms } }",
    ));
    assert!(kinds(&timeline, "lea").contains(&"60 sent".to_owned()), "{timeline}");
    assert!(kinds(&timeline, "tom").contains(&"60 refused".to_owned()), "{timeline}");
    let timeline = run(&with_sms(
        "inputs:
  - { at: 0h, contact: lea, event: signed_up }
  - { at: 30m, contact: tom, event: signed_up }
  - { at: 30m, pause: { journey: hello } }
  - { at: 3h, resume: { journey: hello } }
  - { at: 3h, contact: tom, event: bought }",
    ));
    assert_eq!(kinds(&timeline, "lea").last().unwrap(), "180 left");
    assert!(kinds(&timeline, "tom").contains(&"30 entered".to_owned()), "{timeline}");
    let reversed = run(&with_sms(
        "inputs:
  - { at: 30m, pause: { journey: hello } }
  - { at: 30m, contact: tom, event: signed_up }",
    ));
    assert_eq!(kinds(&reversed, "tom"), ["30 event"]);
}

#[test]
fn what_happens_at_the_end_still_happens() {
    let ends = |end: &str| {
        let inputs =
            "inputs: [{ at: 0h, contacts: all, event: signed_up }, { at: 30m, contact: tom, event: page }]";
        run(&with_sms(&format!("end: {end}\n{inputs}")))
    };
    let timeline = ends("1h");
    assert_eq!(kinds(&timeline, "lea").last().unwrap(), "60 left");
    assert_eq!(timeline.end - timeline.start, chrono::TimeDelta::hours(1));
    assert_eq!(kinds(&ends("59m"), "lea"), ["0 event", "0 entered"]);
    assert_eq!(kinds(&ends("30m"), "tom"), ["0 event", "0 entered", "30 event"]);
    assert_eq!(ends("30m").summary().inside["hello"], 2);
}

#[test]
fn local_times_survive_the_change_of_the_clocks() {
    let timeline = run(r#"
scenario: summer
start: 2026-03-28 09:00
end: 3d
zone: Europe/Paris
contacts: [{ id: lea, tags: [a] }]
inputs:
  - { at: 1d 10:00, contact: lea, event: local }
  - { at: "+25h", contact: lea, event: exact }
  - { at: 2026-03-28 10:00, contact: lea, event: daily, every: 1d }
"#);
    let instants: Vec<String> =
        timeline.of(&"lea".into()).iter().map(|line| line.at.format("%dT%H:%M").to_string()).collect();
    assert_eq!(instants, ["28T09:00", "29T08:00", "29T08:00", "29T09:00", "30T08:00"]);
}

#[test]
fn an_erased_contact_keeps_its_line_of_life() {
    let timeline = run(&with_sms(
        "inputs:
  - { at: 0h, contact: lea, event: signed_up }
  - { at: 2h, contact: lea, event: signed_up }
  - { at: 150m, contact: lea, erase: true }
  - { at: 4h, contact: lea, event: signed_up }
  - { at: 5h, contact: lea, event: signed_up }
  - { at: 5h, contact: tom, event: signed_up }",
    ));
    let kinds = kinds(&timeline, "lea");
    assert_eq!(kinds[kinds.len() - 3..], ["150 erased", "240 ignored", "300 ignored"]);
    assert!(kinds.contains(&"60 sent".to_owned()));
    let summary = timeline.summary();
    assert_eq!(summary.left["hello"]["erased"], 1);
    assert!(summary.inside.is_empty());
}

#[test]
fn a_late_and_a_repeated_event_are_told_as_what_they_are() {
    let timeline = run(&with_sms(
        "inputs:
  - { at: 40d, contact: lea, event: old, happened: 1d }
  - { at: 40d, contact: tom, event: page, id: one, every: 1h, times: 3 }
policy: none",
    ));
    assert_eq!(kinds(&timeline, "lea"), ["57600 ignored"]);
    assert_eq!(kinds(&timeline, "tom"), ["57600 event", "57660 ignored", "57720 ignored"]);
    assert!(timeline.to_string().contains("ignored event old: expired"), "{timeline}");
}

#[test]
fn a_timeline_says_in_which_variant_a_contact_was_told() {
    let text = with_sms(
        "inputs:
  - { at: 1h, contact: lea, event: signed_up }
  - { at: 2h, contact: tom, event: signed_up }",
    );
    let variants = "variants: [{ language: fr, form: tu, text: Salut }, { language: fr, text: Bonjour }]";
    let text = text.replace("text: Hello }", &format!("text: Hello, {variants} }}"));
    let text = text.replace("{ id: lea,", "{ id: lea, locale: fr-FR, attributes: { address_form: tu },");
    let timeline = run(&text.replace("{ id: tom,", "{ id: tom, locale: en,"));
    let sent: Vec<String> =
        timeline.json_lines().lines().filter(|line| line.contains("\"sent\"")).map(str::to_owned).collect();
    assert!(sent[0].contains(r#""variant":"fr-tu""#) && !sent[1].contains("variant"), "{sent:?}");
    assert!(timeline.to_string().contains("(news, fr-tu)"), "{timeline}");
}

/// Two thousand people who sign up one after the other.
fn crowd(from: usize, count: usize, sign_up: &str) -> Scenario {
    let text = format!(
        r#"
scenario: crowd
start: 2026-03-23T09:00:00+01:00
end: 30d
zone: Europe/Paris
journeys: journey.yaml
templates: templates.yaml
channel_answers: {{ started: [retry, accepted], answers: {{ refused: full }} }}
contacts:
  - count: {count}
    from: {from}
    id: "artist-{{n}}"
    attributes: {{ first_name: "Léa {{n}}", score: 78, status: a, target_level: b, strengths: [c], weaknesses: [d], recommended_service: e }}
    addresses: {{ email: "artist-{{n}}@example.org", sms: "+3363998{{n}}" }}
    consents: [{{ purpose: [onboarding, marketing], channels: [email, sms] }}]
  - {{ id: other-3 }}
  - {{ id: other-7 }}
inputs:
  - {{ at: {sign_up}, contacts: all, event: prospect.signed_up, apart: 7m }}
  - {{ at: 12d, contacts: "*7", event: call.booked }}
  - {{ at: 13d, contacts: "*3", withdraw: {{ purpose: marketing }} }}
"#
    );
    let welcome = Path::new(HERE).join("examples/welcome");
    Scenario::from_yaml(&text, |path| fs::read_to_string(welcome.join(path)))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_contact_among_two_thousand_walks_as_it_does_alone() {
    let crowded = crowd(1, 2_000, "+10m");
    let timeline = crowded.run().unwrap();
    assert_eq!(timeline.summary().entered["welcome-prospects"], 2_002);
    for number in [1, 3, 407, 813, 1_337, 1_777, 2_000] {
        let contact = ContactId::from(format!("artist-{number}"));
        let among = timeline.of(&contact);
        let alone = crowded.only([&contact]).run().unwrap();
        assert!(among.len() > 10, "{number}");
        assert_eq!(alone.of(&contact), among);
        // And in a file of its own, where it signs up at the same instant.
        let text = format!("\"+{}m\"", 10 + 7 * (number - 1));
        let own = crowd(number, 1, &text).run().unwrap();
        assert_eq!(own.of(&contact), among);
    }
}

fn waits(days: u32) -> Definition {
    let journey = Journey::builder("hello").enter_on("signed_up").goal("bought").wait(Span::days(days));
    journey.send("greet", "sms", "hello", "news").build().unwrap().into()
}

#[test]
fn two_versions_are_compared_over_the_same_people() {
    let people = scenario(&with_sms(
        "inputs:
  - { at: 1h, contacts: all, event: signed_up }
  - { at: 4d, contact: tom, event: bought }",
    ));
    let comparison = Simulation::compare([waits(2)], [waits(5)], &people).unwrap();
    insta::assert_snapshot!("comparison", comparison);
    assert_eq!(comparison.differing.len(), 2);
    insta::assert_snapshot!("comparison_json", serde_json::to_string_pretty(&comparison).unwrap());
    assert!(Simulation::compare([waits(2)], [waits(2)], &people).unwrap().is_same());

    let old = people.with([waits(2)]).unwrap();
    let new = people.with([TemplateDefinition::new("hello").subject("News").text("Hello").into()]).unwrap();
    assert!(Scenario::compare(&old, &old).unwrap().is_same());
    assert_eq!(Scenario::compare(&old, &new).unwrap().differing.len(), 2);
    let unknown = Journey::builder("hello").enter_on("x").send("a", "sms", "nobody", "news").build().unwrap();
    let refused = people.with([unknown.into()]).unwrap_err();
    assert_eq!(refused.diagnostics[0].code, "J018");
}

#[test]
fn a_later_version_takes_new_people_and_leaves_those_inside() {
    let timeline = run(&with_sms(
        "inputs:
  - { at: 0h, contact: lea, event: signed_up }
  - { at: 10m, publish: { journey: hello, version: 2, enter: { on: { event: signed_up } }, steps: [{ wait: 3h }] } }
  - { at: 10m, contact: tom, event: signed_up }",
    ));
    let version = |contact: &str| timeline.of(&contact.into()).iter().find_map(|line| line.version);
    assert_eq!((version("lea"), version("tom")), (Some(1), Some(2)));
    assert_eq!(kinds(&timeline, "tom").last().unwrap(), "190 left");
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }
}

/// The text with a few lines, words or letters changed.
fn mutated(text: &str, random: &mut Random) -> String {
    const WORDS: [&str; 16] = [
        "-1",
        "0",
        "[]",
        "{}",
        "null",
        "*knows",
        "&a",
        "'",
        "10000000000h",
        "9999-12-31",
        "all",
        "!!str",
        "é",
        "\t",
        "{n}",
        "]",
    ];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        let line = random.below(lines.len());
        match random.below(5) {
            0 => drop(lines.remove(line)),
            1 => lines.insert(line, lines[random.below(lines.len())].clone()),
            2 => {
                let other = random.below(lines.len());
                lines.swap(line, other);
            }
            3 => {
                let mut words: Vec<&str> = lines[line].split(' ').collect();
                let place = random.below(words.len());
                words[place] = WORDS[random.below(WORDS.len())];
                lines[line] = words.join(" ");
            }
            _ => {
                let mut letters: Vec<char> = lines[line].chars().collect();
                let place = random.below(letters.len() + 1);
                match random.below(3) {
                    0 if place < letters.len() => drop(letters.remove(place)),
                    1 if place < letters.len() => letters[place] = char::from(32 + random.below(95) as u8),
                    _ => letters.insert(place, char::from(32 + random.below(95) as u8)),
                }
                lines[line] = letters.into_iter().collect();
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

#[test]
fn a_file_that_is_damaged_in_any_way_is_read_or_refused() {
    let texts = ["hello.yaml", "consent.yaml"].map(|name| fs::read_to_string(example(name)).unwrap());
    let welcome = Path::new(HERE).join("examples/scenarios");
    let random = &mut Random(7);
    let (mut read, mut refused) = (0, 0);
    for number in 0..1_500 {
        let text = mutated(&texts[number % 2], random);
        match Scenario::from_yaml(&text, |path| fs::read_to_string(welcome.join(path))) {
            Ok(scenario) => {
                read += 1;
                // A few of them are run: reading is what strangers can reach.
                if read % 8 == 0 && scenario.contacts() < 20 && scenario.inputs() < 100 {
                    let timeline = scenario.run().unwrap_or_else(|error| panic!("{error}\n{text}"));
                    assert!(!timeline.to_string().is_empty());
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.diagnostics.is_empty());
                assert!(error.diagnostics.iter().all(|problem| !problem.place.is_empty()), "{error}");
            }
        }
    }
    assert!(read > 150 && refused > 500, "{read} were read and {refused} refused");
}

fn replay(arguments: &[&str]) -> Output {
    let deps = std::env::current_exe().unwrap();
    let target = deps.parent().and_then(Path::parent).unwrap();
    let path = target.join("examples").join(format!("replay{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "run `cargo build --examples` first: there is no {}", path.display());
    Command::new(path).args(arguments).output().unwrap()
}

#[test]
fn the_example_prints_a_page_or_every_problem() {
    let path = example("hello.yaml");
    let hello = path.to_str().unwrap();
    let timeline = Scenario::from_path(&path).unwrap().run().unwrap();
    let page = |arguments: &[&str]| {
        let output = replay(&[&[hello], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(page(&[]), timeline.to_string());
    assert_eq!(page(&["--json"]), timeline.json_lines());
    assert_eq!(page(&["--by-day"]), timeline.by_day().to_string());
    assert_eq!(page(&["--summary"]), timeline.summary().to_string());
    assert_eq!(page(&["--json", "--contact", "tom"]), timeline.only(&"tom".into()).json_lines());
    assert!(page(&["--against", hello]).contains("0 of 3 contacts differ"));
    for usage in
        [&[][..], &["--jsn", hello], &[hello, hello], &[hello, "--contact"], &["--json", "--summary", hello]]
    {
        let output = replay(usage);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{usage:?}");
    }
    let broken = Path::new(HERE).join("tests/fixtures/scenarios/everything_at_once.yaml");
    let output = replay(&[broken.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 9);
    assert_eq!(replay(&[hello, "--contact", "nobody"]).status.code(), Some(1));
}

/// Four people ask: one is answered at once, one later, one is refused, one hears nothing.
#[test]
fn the_host_answers_calls_as_the_file_says() {
    let timeline = run(r#"
scenario: host
start: 2026-03-23T09:00:00Z
templates: [{ template: hello, text: "{{ contact.fit }}" }]
journeys:
  - journey: asks
    version: 1
    enter: { on: { event: go } }
    steps:
      - id: rate
        call:
          channel: crm
          answer: { fit: integer }
          within: 1h
          results: [{ is: good, goto: desk }]
          refused: refused
          otherwise: silent
      - { id: bad, exit: bad }
      - { id: desk, hand_over: { channel: desk, within: 2d } }
      - { id: own, assign: { role: coach, channel: crm, within: 1h }, goto: done }
      - { id: refused, exit: refused }
      - { id: silent, exit: silent }
      - { id: done, exit: done }
answers:
  - { channel: crm, ask: rate, contact: tom, refuse: true }
  - { channel: crm, ask: rate, contact: mia, after: 2h, result: good, values: { fit: 1 } }
  - { channel: crm, ask: rate, contact: zoe, after: 5m, result: good, values: { fit: many } }
  - { channel: crm, ask: rate, after: 5m, result: good, values: { fit: 80 } }
  - { channel: crm, ask: assign, result: ana }
  - { channel: desk, after: 1d, result: reached }
channel_answers: { desk: [retry, accepted] }
contacts: [{ id: lea }, { id: tom }, { id: mia }, { id: zoe }]
inputs: [{ at: "+0m", contacts: all, event: go }]
"#);
    let page = timeline.to_string();
    for expected in [
        "asked crm rate",
        "crm answered rate with good",
        "asked desk hand_over",
        "not taken desk hand_over, again",
        "desk answered hand_over with reached",
        "crm answered assign with ana",
        "refused crm rate: the channel says: refused",
        "refused crm rate: the answer is not as declared: fit",
        "timed out",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    let left = &timeline.summary().left["asks"];
    assert_eq!((left["exit done"], left["exit refused"], left["exit silent"]), (1, 2, 1), "{page}");
    assert_eq!(timeline.summary().sent.len(), 0, "nothing was said to anybody");
    let lea = kinds(&timeline, "lea");
    assert_eq!(lea[..5], ["0 event", "0 entered", "0 asked", "5 answered", "5 asked"], "{lea:?}");
    assert_eq!(lea.iter().filter(|line| line.ends_with("retried")).count(), 1, "{lea:?}");
}

/// The rules of a score stand in the file, in a file of definitions or in a script of their own, and are run.
#[test]
fn scores_are_published_however_they_are_written() {
    let script = "on(\"clicked\", 30); clamp(0, 50);";
    let files = |path: &str| match path {
        "spark.rhai" => Ok(script.to_owned()),
        "spark.yaml" => Ok(format!("{{ score: spark, history: keep, script: '{script}' }}")),
        _ => alone(path),
    };
    let tail = r#"
        inputs:
          - { at: 10m, contact: lea, event: clicked }
          - { at: 20m, contact: lea, event: clicked }
          - { at: 30m, contact: lea, event: signed_up }"#;
    let text = with_sms(tail.replace("\n        ", "\n").as_str());
    let text = text.replace("text: Hello", "text: '{{ score.spark }} points', subject: '{{ score.spark }}'");
    for scores in [
        format!("[{{ score: spark, script: '{script}' }}]"),
        "{ score: spark, file: spark.rhai, history: keep }".to_owned(),
        "spark.yaml".to_owned(),
    ] {
        let text = text.replace("templates:", &format!("scores: {scores}\ntemplates:"));
        let timeline = Scenario::from_yaml(&text, files).unwrap_or_else(|all| panic!("{all}")).run().unwrap();
        let page = timeline.to_string();
        assert!(page.contains("sent sms hello (news): \"50\""), "{page}");
    }
    // Without the rules nobody told a score.
    let page = run(&text).to_string();
    assert!(page.contains("not known: score.spark"), "{page}");
}

/// A script of its own takes the place of the one of its name, as a template does.
#[test]
fn a_scenario_is_tried_with_other_scores() {
    let text = with_sms(
        "inputs: [{ at: 1m, contact: lea, event: bought }, { at: 2m, contact: lea, event: signed_up }]",
    );
    let text = text.replace("text: Hello", "text: x, subject: '{{ score.spark }}'");
    let text =
        text.replace("templates:", "scores: { score: spark, script: 'on(\"bought\", 3);' }\ntemplates:");
    let old = scenario(&text);
    let other = ScoreDefinition::new("spark", "on(\"bought\", 4);");
    let new = old.with([Definition::Score(other)]).unwrap();
    assert!(old.run().unwrap().to_string().contains("\"3\""));
    assert!(new.run().unwrap().to_string().contains("\"4\""));
}
