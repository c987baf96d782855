//! Journeys as flowcharts: what is drawn has the nodes and edges of the definition, what is read compiles and survives
//! being drawn, and what cannot be read is refused with its place.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "mermaid/drawn.rs"]
mod drawn;

use journeyman::Journey;
use journeyman::journey::{JourneyDefinition, MOST_STEPS, parse_mermaid, parse_yaml};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

const MONA: &str = include_str!("../examples/journeys/mona_workflow.mmd");
const SPARK: &str = include_str!("../examples/journeys/spark_workflow.mmd");

/// Every kind of step, and names that Mermaid could take for its own words.
const WELCOME: &str = r#"
journey: welcome-prospects
version: 2
enter:
  - { on: { event: prospect.signed_up, where: { source: { one_of: [instagram, tiktok] }, age: { at_least: 18 } } } }
  - on: { event: form.sent }
    if: { any: [ { tag: vip }, { not: { performed: call.booked, since: entry } } ] }
exit:
  - { on: { event: call.booked }, as: goal }
  - { on: { event: account.closed, where: { final: true } }, as: exit }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: welcome, purpose: onboarding } }
  - { wait: 2h }
  - { id: "class \"A\"", send: { channel: sms, template: proof, purpose: marketing, refused: diagnosis } }
  - { wait_until: { entry: 3d, time: "09:30" } }
  - { id: diagnosis, send: { channel: email, template: diagnosis, purpose: onboarding } }
  - { wait_for: { any: [ { event: link.clicked, where: { cta: book }, goto: thanks }, { event: reply } ], within: 2d, otherwise: objection } }
  - { id: thanks, send: { channel: email, template: see_you, purpose: onboarding }, goto: end }
  - { id: objection, branch: { when: [ { if: { attribute: city, is: "L'Isle [39]; #1" }, goto: end }, { if: { attribute: fans, above: 10, at_most: 1000.5 }, goto: hello } ], else: next } }
  - { wait_until: { time: "18:00" }, goto: last }
  - { id: end, exit: completed }
  - { id: last, wait: 1d }
"#;

#[test]
fn a_journey_is_drawn_with_all_that_happens_in_it() {
    let journey = Journey::from_yaml(WELCOME).unwrap();
    insta::assert_snapshot!("mermaid_welcome", journey.to_mermaid());
    insta::assert_snapshot!("mermaid_welcome_dot", journey.to_dot());
}

/// A definition as it is written; kinds of triggers may come and go in Rust, the words of a file stay.
fn wire(definition: &JourneyDefinition) -> Json {
    serde_json::to_value(definition).unwrap()
}

/// What a step waits for.
fn events(step: &Json) -> Vec<&str> {
    step["wait_for"]["any"].as_array().unwrap().iter().map(|one| one["event"].as_str().unwrap()).collect()
}

fn names(definition: &JourneyDefinition) -> Vec<&str> {
    definition.steps.iter().filter_map(|step| step.id.as_deref()).collect()
}

#[test]
fn the_two_workflows_become_journeys_of_stages() {
    for (text, stages) in [
        (
            MONA,
            [
                "prospection",
                "check-up-digital",
                "prescription",
                "execution",
                "fidelisation",
                "qualification-spark",
            ],
        ),
        (
            SPARK,
            [
                "qualification",
                "preparation-villa",
                "live-twitch",
                "production-contenu",
                "showcase",
                "monetisation-sponsors",
            ],
        ),
    ] {
        let skeleton = parse_mermaid(text).unwrap();
        Journey::compile(&skeleton).unwrap();
        assert_eq!(names(&skeleton), stages);
        let written = wire(&skeleton);
        assert_eq!(written["enter"], json!({ "on": { "event": format!("{}.started", stages[0]) } }));
        let (last, others) = written["steps"].as_array().unwrap().split_last().unwrap();
        for ((stage, name), following) in others.iter().zip(stages).zip(&stages[1..]) {
            let any = json!([{ "event": format!("{name}.done") }]);
            let wait = json!({ "any": any, "within": "30d", "otherwise": following });
            assert_eq!(*stage, json!({ "id": name, "wait_for": wait }));
        }
        assert_eq!(*last, json!({ "id": stages[5], "exit": stages[5] }));
        assert_eq!(parse_mermaid(&skeleton.to_mermaid()).unwrap(), skeleton);
    }
}

#[test]
fn a_flowchart_as_people_write_it_is_read() {
    let text = "\u{feff}```mermaid\r\n---\r\ntitle: Parcours d'été\r\n---\r\n%% drawn on a Monday\r\ngraph LR;\r\n\
                Start([Inscription]) --> A(\"Appel #quot;découverte#quot;\"); A-->|prêt| B{Prêt ?}\r\n\
                A -- \"pas<br/>joint\" --> A\r\n\
                B-- oui -->C[Contrat] ---> D([Signé])\r\nB -- non -->\r\n  E; %% nobody knows\r\n```\r\n";
    let read = parse_mermaid(text).unwrap();
    let expected: JourneyDefinition = parse_yaml(
        r#"
journey: parcours-d-ete
version: 1
enter: { on: { event: inscription } }
steps:
  - id: appel-decouverte
    wait_for:
      any:
        - { event: appel-decouverte.pret, goto: pret }
        - { event: appel-decouverte.pas-joint, goto: appel-decouverte }
      within: 30d
      otherwise: appel-decouverte
  - { id: pret, branch: { when: [ { if: { attribute: pret, is: oui }, goto: contrat } ], else: e } }
  - { id: contrat, wait_for: { any: [ { event: contrat.done } ], within: 30d, otherwise: signe } }
  - { id: signe, exit: signe }
  - { id: e, exit: e }
"#,
    )
    .unwrap();
    assert_eq!(read, expected);
}

#[test]
fn a_way_that_says_else_is_the_last_resort() {
    let read = parse_mermaid("flowchart TD\n A{Ready} -->|Else| B\n A -->|yes| C\n A --> D\n").unwrap();
    let way = |value: &str, goto: &str| json!({ "if": { "attribute": "ready", "is": value }, "goto": goto });
    let branch = json!({ "when": [way("yes", "c"), way("d", "d")], "else": "b" });
    assert_eq!(wire(&read)["steps"][0]["branch"], branch);
    let read = parse_mermaid("flowchart TD\n A -->|otherwise| B\n A -->|signed| C\n").unwrap();
    let stage = &wire(&read)["steps"][0];
    assert_eq!((events(stage), &stage["wait_for"]["otherwise"]), (vec!["a.signed"], &json!("b")));
}

#[test]
fn an_arrow_that_is_drawn_twice_is_one_way() {
    let read = parse_mermaid("flowchart TD\n A --> B\n A ----> B\n B{B} -->|x| C\n B -->|x| C\n").unwrap();
    assert_eq!([events(&wire(&read)["steps"][0]), events(&wire(&read)["steps"][1])], [["a.done"], ["b.x"]]);
}

#[test]
fn a_wait_with_two_last_resorts_is_a_stage() {
    let arrows = "A -->|paid| B\n A -->|otherwise| C\n A -->|Otherwise| D\n";
    let read = parse_mermaid(&format!("flowchart TD\n A(\"wait for paid, at most 2d\")\n {arrows}")).unwrap();
    let name = "wait-for-paid-at-most-2d";
    assert_eq!(events(&wire(&read)["steps"][0]), [format!("{name}.paid"), format!("{name}.otherwise")]);
    let looks_back = "flowchart TD\n A(\"a: wait for paid since the entry, at most 2d\") -->|paid| B";
    let read = parse_mermaid(looks_back).unwrap();
    assert_eq!(names(&read)[0], "a-wait-for-paid-since-the-entry-at-most-2d");
}

#[test]
fn circles_of_questions_take_time() {
    let read = parse_mermaid("flowchart TD\n A{Ready?} -->|no| A\n A -->|yes| B\n").unwrap();
    assert_eq!(events(&wire(&read)["steps"][0]), ["ready.no", "ready.yes"]);

    let row: String =
        (0..200).map(|n| format!("N{n}{{Q {n}}} -->|yes| N{}\nN{n} -->|no| Out\n", n + 1)).collect();
    let read = parse_mermaid(&format!("flowchart TD\n{row}")).unwrap();
    assert!(
        read.steps.iter().all(|step| step.branch.is_none()),
        "200 questions in a row are too many at once"
    );
    let row: String =
        (0..40).map(|n| format!("N{n}{{Q {n}}} -->|yes| N{}\nN{n} -->|no| Out\n", n + 1)).collect();
    let read = parse_mermaid(&format!("flowchart TD\n{row}")).unwrap();
    assert_eq!(read.steps.iter().filter(|step| step.branch.is_some()).count(), 40);
}

#[test]
fn several_beginnings_begin_with_a_question() {
    let read = parse_mermaid("flowchart TD\n A --> C\n B --> C\n D --> E\n E --> D\n").unwrap();
    assert_eq!(names(&read), ["begin", "a", "b", "c", "d", "e"]);
    let branch = &wire(&read)["steps"][0]["branch"];
    assert_eq!((branch["when"].as_array().unwrap().len(), &branch["else"]), (2, &json!("d")));
    let unequal = parse_mermaid("flowchart TD\n S([Web]) --> A\n T([Phone]) --> B\n A --> B\n").unwrap();
    assert_eq!(names(&unequal)[0], "begin", "two doors to two places are no doors");
    let doors = parse_mermaid("flowchart TD\n S([Web]) --> A\n T([Phone]) --> A\n").unwrap();
    let door = |event: &str| json!({ "on": { "event": event } });
    assert_eq!((&wire(&doors)["enter"], names(&doors)), (&json!([door("web"), door("phone")]), vec!["a"]));
}

#[test]
fn names_are_made_once_and_are_never_words_of_the_language() {
    let read = parse_mermaid("flowchart TD\n A[Next] --> B[Next!] --> C[\"?\"] --> D[\"#33;\"]\n").unwrap();
    assert_eq!(names(&read), ["next-2", "next-3", "step", "step-2"]);
    let last = parse_mermaid("flowchart TD\n A[Old] --> B\n A[New]\n").unwrap();
    assert_eq!(names(&last), ["new", "b"], "the last label of a node counts");
}

/// What a refusal says, as `CODE place`.
fn refused(text: &str) -> Vec<String> {
    let problems = parse_mermaid(text).unwrap_err().diagnostics;
    for problem in &problems {
        assert!(!problem.sentence.is_empty() && !problem.next.is_empty(), "{problem}");
    }
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.place)).collect()
}

#[test]
fn what_is_not_supported_is_refused_at_its_place() {
    for (text, problem) in [
        ("", "J060 line 1 column 1"),
        ("%% nothing\n\n", "J060 line 3 column 1"),
        ("sequenceDiagram\n A->>B: hi", "J060 line 1 column 1"),
        ("A --> B", "J060 line 1 column 1"),
        ("```python\nprint()\n```", "J060 line 1 column 1"),
        ("flowchart RL\n A --> B", "J061 line 1 column 11"),
        ("graph BT\n A --> B", "J061 line 1 column 7"),
        ("flowchart TD A --> B", "J067 line 1 column 14"),
        ("flowchart TD\n subgraph one\n A --> B", "J062 line 2 column 2"),
        ("flowchart TD\n A --> B\n classDef x fill:#fff", "J062 line 3 column 2"),
        ("flowchart TD\n A --> B; class A x", "J062 line 2 column 11"),
        ("flowchart TD\n style A fill:#fff\n A --> B", "J062 line 2 column 2"),
        ("flowchart TD\n A --> B\n linkStyle 0 stroke:red", "J062 line 3 column 2"),
        ("flowchart TD\n A --> B\n click A href \"x\"", "J062 line 3 column 2"),
        ("flowchart TD\n direction LR\n A --> B", "J062 line 2 column 2"),
        ("flowchart TD\n A:::x --> B", "J062 line 2 column 3"),
        ("flowchart TD\n A --> end", "J062 line 2 column 8"),
        ("flowchart TD\n A -.-> B", "J063 line 2 column 4"),
        ("flowchart TD\n é -. x .-> B", "J063 line 2 column 4"),
        ("flowchart TD\n A ==> B", "J063 line 2 column 4"),
        ("flowchart TD\n A --- B", "J063 line 2 column 4"),
        ("flowchart TD\n A -- text --- B", "J063 line 2 column 4"),
        ("flowchart TD\n A --x B", "J063 line 2 column 4"),
        ("flowchart TD\n A --o B", "J063 line 2 column 4"),
        ("flowchart TD\n A <--> B", "J063 line 2 column 4"),
        ("flowchart TD\n A ~~~ B", "J063 line 2 column 4"),
        ("flowchart TD\n A & B --> C", "J063 line 2 column 4"),
        ("flowchart TD\n A[[x]] --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A[(x)] --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A((x)) --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A{{x}} --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A>x] --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A[/x/] --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A@{ shape: doc } --> B", "J064 line 2 column 3"),
        ("flowchart TD\n A[x --> B", "J065 line 2 column 11"),
        ("flowchart TD\n A[f(x)] --> B", "J065 line 2 column 5"),
        ("flowchart TD\n A[\"x] --> B", "J065 line 2 column 3"),
        ("flowchart TD\n A([x] --> B", "J065 line 2 column 6"),
        ("flowchart TD\n A -->|x B", "J065 line 2 column 11"),
        ("flowchart TD\n A --> ", "J067 line 2 column 8"),
        ("flowchart TD\n A -> B", "J067 line 2 column 4"),
        ("flowchart TD\n A B", "J067 line 2 column 4"),
        ("flowchart TD\n [x]", "J067 line 2 column 2"),
        ("```mermaid\nflowchart TD\n A --> B\n```\nand then", "J067 line 5 column 1"),
        ("flowchart TD\n", "J068 flowchart"),
        ("flowchart TD\n E([end of the journey])", "J068 flowchart"),
        ("---\ntitle: x\ntheme: dark\n---\nflowchart TD\n A --> B", "J069 line 3 column 1"),
        ("---\ntitle: x\nflowchart TD\n A --> B", "J069 line 1 column 1"),
    ] {
        assert_eq!(refused(text).first().map(String::as_str), Some(problem), "{text}");
    }
    let long = format!("flowchart TD\n A[{}] --> B", "x".repeat(401));
    assert_eq!(refused(&long), ["J065 line 2 column 3"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "---\ntheme: x\n---\nflowchart BT\n  subgraph one\n  A[(x)] --> B\n  A -.-> B\n  B --> C & D\n  end\n";
    assert_eq!(
        refused(text),
        [
            "J069 line 2 column 1",
            "J061 line 4 column 11",
            "J062 line 5 column 3",
            "J064 line 6 column 4",
            "J063 line 7 column 5",
            "J063 line 8 column 11",
            "J062 line 9 column 3",
        ]
    );
    let first = parse_mermaid(text).unwrap_err().diagnostics[2].to_string();
    insta::assert_snapshot!(first, @"J062 line 5 column 3: subgraph is not supported; nodes, arrows --> and comments %% are supported; take it away");
}

#[test]
fn hostile_flowcharts_meet_a_limit() {
    const MEBIBYTE: usize = 1024 * 1024;
    let chain = |nodes: usize| {
        let nodes: Vec<String> = (0..nodes).map(|node| format!("n{node}")).collect();
        format!("graph TD\n{}", nodes.join("-->"))
    };
    let read = parse_mermaid(&chain(MOST_STEPS)).unwrap();
    assert_eq!(read.steps.len(), MOST_STEPS);
    assert_eq!(refused(&chain(MOST_STEPS + 1)), ["J005 imported/steps"]);
    assert_eq!(refused(&chain(MOST_STEPS + 101)).len(), 1);
    let problems = refused(&chain(100_000));
    assert!(problems.len() == 1 && problems[0].starts_with("J066 line 2 column "), "{problems:?}");
    let star: String = (0..101).map(|way| format!("A -->|{way}| B\n")).collect();
    assert_eq!(refused(&format!("graph TD\n{star}")), ["J066 node \"A\""]);
    let isles: String = (0..101).map(|isle| format!("A{isle}\n")).collect();
    assert_eq!(refused(&format!("graph TD\n{isles}")), ["J066 flowchart"]);
    assert_eq!(refused(&" ".repeat(MEBIBYTE + 1)), ["J066 flowchart"]);
    let problems = refused(&format!("graph TD\n{}", "?\n".repeat(MEBIBYTE / 3)));
    assert_eq!((problems.len(), problems.last().unwrap().as_str()), (101, "J066 line 102 column 1"));
    // A dense graph: every node leads to many others.
    let dense: String = (0..90_000).map(|edge| format!("a{}-->b{}\n", edge % 300, edge / 300)).collect();
    assert!(refused(&format!("graph TD\n{dense}"))[0].starts_with("J066 node "));
    for piece in [
        "[", "(", "{", "\"", "A[", "A-->", "--", "A--", "A|", "```", "---\n", "%%", ";", "\u{202e}", "é-",
        "\0", "A -- ", "#", "a\n",
    ] {
        let text = piece.repeat(MEBIBYTE / piece.len() / 8);
        for text in [text.clone(), format!("graph TD\n{text}"), format!("graph TD\nA[\"{text}\"]-->B")] {
            let _ = parse_mermaid(&text);
        }
    }
}

// What is read survives being drawn.

/// Labels with all that could break a picture, and words that the exporter uses.
const LABELS: [&str; 24] = [
    "Prospection",
    "Check-up Digital",
    "Exécution",
    "end",
    "a",
    "A",
    "next",
    "subgraph",
    "graph TD",
    "begin",
    "检查",
    "yes",
    "no",
    "else",
    "otherwise",
    "[x] (y) {z}",
    "a --> b",
    "100 % | #1; \"so\" <b>",
    "style: #1;",
    "www.x.org",
    "a: b",
    "1. first",
    "?!",
    "a is yes",
];
/// Labels that mean something to the reader.
const PHRASES: [&str; 18] = [
    "enters on signed_up",
    "send email hello for news",
    "greet: send sms hi for news",
    "wait 2d",
    "pause: wait 1mo2h",
    "wait until entry + 3d",
    "wait until 10:00",
    "wait until entry + 1d at 09:30",
    "wait for paid, at most 2d",
    "pay: wait for one of 9 events, at most 1w",
    "exit done",
    "over: exit very done",
    "end of the journey",
    "goal on call.booked, from any step",
    "exit on left, from any step",
    "exit 90d after the entry, from any step",
    "wait 0d",
    "refused",
];

#[derive(Clone, Debug)]
struct Chart {
    title: Option<&'static str>,
    nodes: Vec<(&'static str, usize)>,
    edges: Vec<(usize, usize, Option<&'static str>, usize)>,
}

fn chart(labels: Vec<&'static str>) -> impl Strategy<Value = Chart> {
    (1_usize..14).prop_flat_map(move |number| {
        let title = of(select(vec!["welcome", "Été à Lyon", "???"]));
        let nodes = vec((select(labels.clone()), 0..4_usize), number);
        let edges = vec((0..number, 0..number, of(select(labels.clone())), 0..4_usize), 0..20);
        (title, nodes, edges).prop_map(|(title, nodes, edges)| Chart { title, nodes, edges })
    })
}

/// A label in quotes, with numbers for what is not a letter.
fn entities(label: &str) -> String {
    let letter = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | ' ' | 'é' | '检' | '查' => letter.to_string(),
        other => format!("#{};", u32::from(other)),
    };
    format!("\"{}\"", label.chars().map(letter).collect::<String>())
}

impl Chart {
    fn text(&self) -> String {
        let mut text = self.title.map(|title| format!("---\ntitle: \"{title}\"\n---\n")).unwrap_or_default();
        text.push_str("flowchart TD\n");
        let mut told = vec![false; self.nodes.len()];
        let mut node = |node: usize| {
            if std::mem::replace(&mut told[node], true) {
                return format!("n{node}");
            }
            let (label, shape) = self.nodes[node];
            let (open, close) = [("[", "]"), ("(", ")"), ("([", "])"), ("{", "}")][shape];
            format!("n{node}{open}{}{close}", entities(label))
        };
        for (from, to, label, way) in &self.edges {
            let arrow = match (label, way) {
                (None, 0 | 1) => "-->".to_owned(),
                (None, _) => "---->".to_owned(),
                (Some(label), 0) => format!("-- {} -->", entities(label)),
                (Some(label), _) => format!("-->|{}|", entities(label)),
            };
            text.push_str(&format!("  {} {arrow} {}\n", node(*from), node(*to)));
        }
        (0..self.nodes.len()).for_each(|number| text.push_str(&format!("{};", node(number))));
        text
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(6), ..ProptestConfig::default() })]

    #[test]
    fn every_graph_survives_being_drawn(chart in chart(LABELS.to_vec())) {
        let text = chart.text();
        let read = parse_mermaid(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(Journey::compile(&read).is_ok());
        let drawn = read.to_mermaid();
        let again = parse_mermaid(&drawn).map_err(|error| TestCaseError::fail(format!("{error}\n{drawn}")))?;
        prop_assert_eq!(&again, &read, "{}\n{}", text, drawn);
        prop_assert_eq!(again.to_mermaid(), drawn);
    }

    #[test]
    fn words_of_the_exporter_survive_too_where_they_make_sense(
        chart in chart(PHRASES.into_iter().chain(["", "a", "refused", "otherwise", "paid", "call.booked"]).collect())
    ) {
        let text = chart.text();
        let Ok(read) = parse_mermaid(&text) else { return Ok(()) };
        prop_assert!(Journey::compile(&read).is_ok());
        let drawn = read.to_mermaid();
        let again = parse_mermaid(&drawn).map_err(|error| TestCaseError::fail(format!("{error}\n{drawn}")))?;
        prop_assert_eq!(again, read, "{}\n{}", text, drawn);
    }

    #[test]
    fn no_text_makes_the_reader_fall(text in "(flowchart TD\n)?([A-C]|-->|--|\\[|\\]|\\(|\\)|\\{|\\}|\\||\"|;|\n| |#|&|é|%%|:::|@|`|\\.|=){0,60}") {
        if let Ok(read) = parse_mermaid(&text) {
            prop_assert!(Journey::compile(&read).is_ok());
        }
    }
}

#[test]
fn what_the_exporter_wrote_comes_back_as_what_it_was() {
    let journey = Journey::from_yaml(
        r#"
journey: welcome_v1.2
version: 1
enter: [ { on: { event: signed_up } }, { on: { event: form.sent } } ]
exit: [ { on: { event: call.booked }, as: goal }, { on: { event: closed }, as: exit } ]
max_duration: 90d
steps:
  - { id: greet, send: { channel: email, template: hello_you, purpose: onboarding } }
  - { id: pause, wait: 1mo2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing, refused: answer } }
  - { id: morning, wait_until: { entry: 3d, time: "09:30" } }
  - { id: third, wait_until: { entry: 3d } }
  - { id: evening, wait_until: { time: "18:00" } }
  - id: answer
    wait_for: { any: [ { event: link.clicked, goto: city }, { event: reply, goto: pause } ], within: 2d, otherwise: over }
  - { id: city, branch: { when: [ { if: { attribute: city, is: Lyon }, goto: again } ], else: over } }
  - { id: again, wait: 1d, goto: greet }
  - { id: over, exit: very completed }
"#,
    )
    .unwrap();
    let read = parse_mermaid(&journey.to_mermaid()).unwrap();
    assert_eq!(read, *journey.definition);

    let open = "journey: open\nversion: 1\nenter: { on: { event: e } }\nsteps: [ { id: a, wait: 2h }, { id: b, wait: 2d } ]";
    let open = Journey::from_yaml(open).unwrap();
    assert_eq!(parse_mermaid(&open.to_mermaid()).unwrap(), *open.definition, "the end needs no step");
}

#[test]
fn what_does_not_compile_is_drawn_with_what_is_missing() {
    let broken: JourneyDefinition = serde_json::from_str(
        r#"{"journey": "x", "version": 1, "steps": [{"wait": "2h", "goto": "nowhere"}, {"id": "a"}]}"#,
    )
    .unwrap();
    let text = broken.to_mermaid();
    assert!(text.contains("missing([\"there is no step nowhere\"])"), "{text}");
    assert!(text.contains("a[\"a: nothing\"]"), "{text}");
}
