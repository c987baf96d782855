//! Journeys as flowcharts: what is drawn has the nodes and edges of the definition, what is read compiles and survives
//! being drawn, and what cannot be read is refused with its place.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::BTreeMap;

use journeyman::Journey;
use journeyman::journey::{
    AlternativeDefinition, BranchDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition,
    MOST_STEPS, OneOrMany, SendDefinition, StepDefinition, TriggerDefinition, WaitForDefinition,
    WaitUntilDefinition, WayDefinition, parse_mermaid, parse_yaml,
};
use journeyman::rule::PredicateDefinition;
use journeyman::time::Span;
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

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
        assert_eq!(skeleton.enter.as_slice()[0].on.event, format!("{}.started", stages[0]));
        let (last, stages) = skeleton.steps.split_last().unwrap();
        for (stage, following) in stages.iter().zip(&skeleton.steps[1..]) {
            let name = stage.id.as_deref().unwrap();
            let wait = stage.wait_for.as_ref().unwrap();
            assert_eq!(wait.any[0].event, format!("{name}.done"));
            assert_eq!((wait.within, &wait.otherwise), (Some(Span::days(30)), &following.id));
            assert_eq!(stage.goto, None);
        }
        assert_eq!(last.exit, last.id);
        assert_eq!(parse_mermaid(&skeleton.to_mermaid()).unwrap(), skeleton);
    }
}

#[test]
fn a_flowchart_as_people_write_it_is_read() {
    let text = "\u{feff}```mermaid\r\n---\r\ntitle: Parcours d'été\r\n---\r\n%% drawn on a Monday\r\ngraph LR;\r\n\
                Start([Inscription]) --> A(\"Appel #quot;découverte#quot;\"); A-->|prêt| B{Prêt ?}\r\n\
                A -- \"pas<br/>joint\" --> A\r\n\
                B-- oui -->C[Contrat] ---> D([Signé])\r\nB --> |non|\r\n  E; %% nobody knows\r\n```\r\n";
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
    let branch = read.steps[0].branch.as_ref().unwrap();
    assert_eq!(branch.otherwise.as_deref(), Some("b"));
    let asked: Vec<_> = branch.when.iter().map(|way| (way.when.clone(), way.goto.as_str())).collect();
    let value = |text: &str| PredicateDefinition::attribute_is("ready", text);
    assert_eq!(asked, [(value("yes"), "c"), (value("d"), "d")]);
    let read = parse_mermaid("flowchart TD\n A -->|otherwise| B\n A -->|signed| C\n").unwrap();
    let wait = read.steps[0].wait_for.as_ref().unwrap();
    assert_eq!(wait.otherwise.as_deref(), Some("b"));
    assert_eq!((wait.any.len(), wait.any[0].event.as_str()), (1, "a.signed"));
}

#[test]
fn circles_of_questions_take_time() {
    let read = parse_mermaid("flowchart TD\n A{Ready?} -->|no| A\n A -->|yes| B\n").unwrap();
    let wait = read.steps[0].wait_for.as_ref().unwrap();
    let events: Vec<&str> = wait.any.iter().map(|one| one.event.as_str()).collect();
    assert_eq!(events, ["ready.no", "ready.yes"]);

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
    let branch = read.steps[0].branch.as_ref().unwrap();
    assert_eq!((branch.when.len(), branch.otherwise.as_deref()), (2, Some("d")));
    let unequal = parse_mermaid("flowchart TD\n S([Web]) --> A\n T([Phone]) --> B\n A --> B\n").unwrap();
    assert_eq!(names(&unequal)[0], "begin", "two doors to two places are no doors");
    let doors = parse_mermaid("flowchart TD\n S([Web]) --> A\n T([Phone]) --> A\n").unwrap();
    let events: Vec<&str> = doors.enter.as_slice().iter().map(|door| door.on.event.as_str()).collect();
    assert_eq!((events, names(&doors)), (vec!["web", "phone"], vec!["a"]));
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
    let text = "---\ntitle: x\n---\nflowchart BT\n  subgraph one\n  A[(x)] --> B\n  A -.-> B\n  B --> C & D\n  end\n";
    assert_eq!(
        refused(text),
        [
            "J061 line 4 column 11",
            "J062 line 5 column 3",
            "J064 line 6 column 4",
            "J063 line 7 column 5",
            "J063 line 8 column 11",
            "J062 line 9 column 3",
        ]
    );
    let first = parse_mermaid(text).unwrap_err().diagnostics[1].to_string();
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
    assert!(refused(&chain(100_000))[0].starts_with("J066 line 2 column "));
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
        let text = piece.repeat(MEBIBYTE / piece.len() / 2);
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
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(6), ..ProptestConfig::default() })]

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

// What is drawn has the nodes and edges of the definition.

/// Names of steps that a careless exporter would break on.
const NAMES: [&str; 16] = [
    "greet",
    "end",
    "graph",
    "a b",
    "été",
    "x\"y",
    "]",
    "o-1",
    "#1;",
    "door_1",
    "finish",
    "<b>",
    "step_2",
    "class",
    "two\nlines",
    "-->",
];

#[derive(Clone, Debug)]
enum Drawn {
    Send { refused: Option<usize> },
    Wait,
    WaitUntil,
    WaitFor { ways: Vec<(&'static str, Option<usize>)>, otherwise: Option<usize> },
    Branch { ways: Vec<(&'static str, usize)>, otherwise: usize },
    Exit,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    const TAGS: [&str; 4] = ["vip", "été", "a\"b", "[x]"];
    const EVENTS: [&str; 4] = ["paid", "a b", "x|y", "end"];
    prop_oneof![
        2 => of(0..12_usize).prop_map(|refused| Drawn::Send { refused }),
        3 => Just(Drawn::Wait),
        1 => Just(Drawn::WaitUntil),
        3 => (vec((select(EVENTS.to_vec()), of(0..12_usize)), 1..4), of(0..12_usize))
            .prop_map(|(ways, otherwise)| Drawn::WaitFor { ways, otherwise }),
        2 => (vec((select(TAGS.to_vec()), 0..12_usize), 1..4), 0..12_usize)
            .prop_map(|(ways, otherwise)| Drawn::Branch { ways, otherwise }),
        1 => Just(Drawn::Exit),
    ]
}

/// A step as it is drawn: whether it has a name, what it does, where it goes on.
type Plan = (bool, Drawn, Option<usize>);

fn name(plan: &[Plan], step: usize) -> String {
    let step = step % plan.len();
    if plan[step].0 {
        format!("{}{}", NAMES[step], "'".repeat(step / NAMES.len()))
    } else {
        format!("step-{}", step + 1)
    }
}

fn definition(plan: &[Plan], doors: usize, goal: bool) -> JourneyDefinition {
    let to = |step: &usize| name(plan, *step);
    let on = |event: &str| TriggerDefinition { event: event.to_owned(), ..TriggerDefinition::default() };
    let mut definition =
        JourneyDefinition { journey: "drawn".to_owned(), version: 1, ..JourneyDefinition::default() };
    let door = || EntryDefinition { on: on("signed_up"), when: None };
    definition.enter = OneOrMany::Many((0..doors).map(|_| door()).collect());
    definition.exit.extend(goal.then(|| ExitDefinition { on: on("call.booked"), kind: ExitKind::Goal }));
    for (number, (named, drawn, goto)) in plan.iter().enumerate() {
        let mut step = StepDefinition { id: named.then(|| name(plan, number)), ..StepDefinition::default() };
        step.goto = goto.as_ref().map(to);
        match drawn {
            Drawn::Send { refused } => {
                step.send = Some(SendDefinition {
                    channel: Some("email".to_owned()),
                    template: Some("hello".to_owned()),
                    purpose: Some("news".to_owned()),
                    refused: refused.as_ref().map(to),
                    ..SendDefinition::default()
                });
            }
            Drawn::Wait => step.wait = Some(Span::days(2)),
            Drawn::WaitUntil => {
                let entry = Some(Span::days(3));
                step.wait_until = Some(WaitUntilDefinition { entry, ..WaitUntilDefinition::default() });
            }
            Drawn::WaitFor { ways, otherwise } => {
                let one = |(event, goto): &(&str, Option<usize>)| AlternativeDefinition {
                    event: (*event).to_owned(),
                    goto: goto.as_ref().map(to),
                    ..AlternativeDefinition::default()
                };
                step.wait_for = Some(WaitForDefinition {
                    any: ways.iter().map(one).collect(),
                    within: Some(Span::days(2)),
                    otherwise: otherwise.as_ref().map(to),
                    ..WaitForDefinition::default()
                });
            }
            Drawn::Branch { ways, otherwise } => {
                let way = |(tag, goto): &(&str, usize)| WayDefinition {
                    when: PredicateDefinition::tag(*tag),
                    goto: to(goto),
                };
                let when = ways.iter().map(way).collect();
                step.branch = Some(BranchDefinition {
                    when,
                    otherwise: Some(to(otherwise)),
                    ..BranchDefinition::default()
                });
                step.goto = None;
            }
            Drawn::Exit => {
                step.exit = Some("done".to_owned());
                step.goto = None;
            }
        }
        definition.steps.push(step);
    }
    definition
}

/// The edges of a plan: from a step to a step or to the end, and what stands on them.
fn expected(plan: &[Plan]) -> Vec<(usize, Option<usize>, String)> {
    let mut edges = Vec::new();
    for (number, (_, drawn, goto)) in plan.iter().enumerate() {
        let following = Some(number + 1).filter(|next| *next < plan.len());
        let to = |step: &Option<usize>| step.map(|step| step % plan.len());
        let on = to(goto).or(following);
        let mut edge = |to: Option<usize>, label: &str| edges.push((number, to, label.to_owned()));
        match drawn {
            Drawn::Send { refused } => {
                edge(on, "");
                if refused.is_some() {
                    edge(to(refused), "refused");
                }
            }
            Drawn::Wait | Drawn::WaitUntil => edge(on, ""),
            Drawn::WaitFor { ways, otherwise } => {
                ways.iter().for_each(|(event, goto)| edge(to(goto).or(on), event));
                edge(to(otherwise).or(following), "otherwise");
            }
            Drawn::Branch { ways, otherwise } => {
                ways.iter().for_each(|(tag, goto)| edge(to(&Some(*goto)), &format!("has tag {tag}")));
                edge(to(&Some(*otherwise)), "else");
            }
            Drawn::Exit => {}
        }
    }
    edges
}

type Read = (Vec<(String, String)>, Vec<(usize, usize, String)>);

/// Puts entity codes back; knows nothing of the reader under test.
fn shown(written: &str) -> String {
    let mut parts = written.split('#');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once(';').unwrap();
        text.push(char::from_u32(code.parse().unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

/// A reader of exactly what the exporter may write: a line for each node, then a line for each edge.
fn read_mermaid(text: &str) -> Read {
    let (mut nodes, mut edges, mut index) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut lines = text.lines();
    let head: Vec<&str> = lines.by_ref().take(5).collect();
    assert_eq!(head, ["---", "title: \"drawn\"", "---", "flowchart TD", "    %% version 1"]);
    let is_id = |id: &str| {
        !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    };
    for line in lines {
        let line = line.strip_prefix("    ").unwrap();
        if let Some((from, rest)) = line.split_once(" -->") {
            let (label, to) = match rest.strip_prefix("|\"") {
                Some(rest) => rest.split_once("\"| ").unwrap(),
                None => ("", rest.strip_prefix(' ').unwrap()),
            };
            assert!(!label.contains(['"', '|', '[', ']', '<']), "{line}");
            edges.push((index[from], index[to], shown(label)));
            continue;
        }
        let (id, label) = line.split_once('"').unwrap();
        let (label, close) = label.split_once('"').unwrap();
        let open =
            id.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter));
        let id = &id[..id.len() - open.len()];
        assert!([("[", "]"), ("(", ")"), ("{", "}"), ("([", "])")].contains(&(open, close)), "{line}");
        assert!(is_id(id) && !["end", "graph", "class"].contains(&id), "{line}");
        assert!(index.insert(id, nodes.len()).is_none(), "{id} is there twice");
        nodes.push((shape_name(open).to_owned(), shown(label)));
    }
    (nodes, edges)
}

fn shape_name(open: &str) -> &'static str {
    match open {
        "[" => "box",
        "(" => "box, style=rounded",
        "{" => "diamond",
        _ => "oval",
    }
}

/// The next text in quotes, with its escapes undone, and what follows.
fn in_quotes(text: &str) -> (String, &str) {
    let mut read = String::new();
    let mut letters = text.strip_prefix('"').unwrap().char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return (read.replace("&amp;", "&"), &text[place + 2..]),
            '\\' => {
                let (_, escaped) = letters.next().unwrap();
                assert!(['"', '\\'].contains(&escaped), "{text}");
                read.push(escaped);
            }
            other => read.push(other),
        }
    }
    panic!("no end of the quotes: {text}");
}

/// A reader of exactly the DOT that the exporter may write.
fn read_dot(text: &str) -> Read {
    let (mut nodes, mut edges, mut index) = (Vec::new(), Vec::new(), BTreeMap::new());
    let body = text.strip_prefix("digraph \"drawn\" {\n    node [fontname=\"sans-serif\"];\n").unwrap();
    for line in body.strip_suffix("}\n").unwrap().lines() {
        let (id, rest) = in_quotes(line.trim_start());
        if let Some(rest) = rest.strip_prefix(" -> ") {
            let (to, rest) = in_quotes(rest);
            let label = rest.strip_prefix(" [label=").map(|rest| {
                let (label, rest) = in_quotes(rest);
                assert_eq!(rest, "];");
                label
            });
            edges.push((index[&id], index[&to], label.unwrap_or_default()));
            continue;
        }
        let (label, rest) = in_quotes(rest.strip_prefix(" [label=").unwrap());
        let shape = rest.strip_prefix(", shape=").unwrap().strip_suffix("];").unwrap();
        assert!(index.insert(id, nodes.len()).is_none());
        nodes.push((shape.to_owned(), label));
    }
    (nodes, edges)
}

fn plan() -> impl Strategy<Value = (Vec<Plan>, usize, bool)> {
    (vec((any::<bool>(), drawn(), weighted(0.2, 0..12_usize)), 1..12), 1..3_usize, any::<bool>())
}

/// What both pictures of a plan must show.
fn shows(plan: &[Plan], doors: usize, goal: bool, (nodes, edges): &Read) -> Result<(), TestCaseError> {
    let expected = expected(plan);
    let end = expected.iter().any(|(_, to, _)| to.is_none());
    prop_assert_eq!(nodes.len(), doors + plan.len() + usize::from(end) + usize::from(goal));
    let finish = nodes.iter().position(|(_, label)| label == "end of the journey");
    prop_assert_eq!(finish.is_some(), end);
    let mut all: Vec<(usize, usize, String)> = (0..doors).map(|door| (door, doors, String::new())).collect();
    all.extend(
        expected.into_iter().map(|(from, to, label)| {
            (doors + from, to.map_or_else(|| finish.unwrap(), |to| doors + to), label)
        }),
    );
    prop_assert_eq!(edges, &all);
    for (number, (named, drawn, _)) in plan.iter().enumerate() {
        let (shape, words) = match drawn {
            Drawn::Send { .. } => ("box", "send email hello for news"),
            Drawn::Wait => ("box, style=rounded", "wait 2d"),
            Drawn::WaitUntil => ("box, style=rounded", "wait until entry + 3d"),
            Drawn::WaitFor { .. } => ("box, style=rounded", "wait for "),
            Drawn::Branch { .. } => ("diamond", ""),
            Drawn::Exit => ("oval", "exit done"),
        };
        let own = name(plan, number).replace('\n', " ");
        let words = match (named, words) {
            (true, "") => own,
            (true, words) => format!("{own}: {words}"),
            (false, "") => "branch".to_owned(),
            (false, words) => words.to_owned(),
        };
        let (drawn, label) = &nodes[doors + number];
        prop_assert_eq!(drawn, shape);
        prop_assert!(label.starts_with(&words), "{} is not {}", label, words);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_picture_has_the_nodes_and_edges_of_its_definition((plan, doors, goal) in plan()) {
        let definition = definition(&plan, doors, goal);
        shows(&plan, doors, goal, &read_mermaid(&definition.to_mermaid()))?;
        shows(&plan, doors, goal, &read_dot(&definition.to_dot()))?;
        // Read back it is at least a skeleton, whenever the journey itself is one that people can walk.
        if let Ok(journey) = Journey::compile(&definition) {
            let read = parse_mermaid(&journey.to_mermaid()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!(read.steps.len() >= plan.len());
        }
    }
}

#[test]
fn many_plans_compile() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let compiled = (0..400).filter(|_| {
        let (plan, doors, goal) = plan().new_tree(&mut runner).unwrap().current();
        Journey::compile(&definition(&plan, doors, goal)).is_ok()
    });
    assert!(compiled.count() >= 60, "the property above says something of journeys that compile");
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
