//! What is drawn has the nodes and edges of the definition, as readers see that know nothing of the crate's own.

use std::collections::BTreeMap;

use journeyman::Journey;
use journeyman::journey::{JourneyDefinition, parse_mermaid};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

/// Names of steps that a careless exporter would break on.
const NAMES: [&str; 17] = [
    "greet",
    "&lt;",
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
    let door = json!({ "on": { "event": "signed_up" } });
    let goals = if goal { json!([{ "on": { "event": "call.booked" }, "as": "goal" }]) } else { json!([]) };
    let steps = plan.iter().enumerate().map(|(number, (named, drawn, goto))| {
        let mut step = match drawn {
            Drawn::Send { refused } => {
                let mut send = json!({ "channel": "email", "template": "hello", "purpose": "news" });
                if let Some(refused) = refused {
                    send["refused"] = to(refused).into();
                }
                json!({ "send": send })
            }
            Drawn::Wait => json!({ "wait": "2d" }),
            Drawn::WaitUntil => json!({ "wait_until": { "entry": "3d" } }),
            Drawn::WaitFor { ways, otherwise } => {
                let one = |(event, goto): &(&str, Option<usize>)| match goto {
                    Some(goto) => json!({ "event": event, "goto": to(goto) }),
                    None => json!({ "event": event }),
                };
                let any: Vec<Json> = ways.iter().map(one).collect();
                let mut wait = json!({ "any": any, "within": "2d" });
                if let Some(otherwise) = otherwise {
                    wait["otherwise"] = to(otherwise).into();
                }
                json!({ "wait_for": wait })
            }
            Drawn::Branch { ways, otherwise } => {
                let way = |(tag, goto): &(&str, usize)| json!({ "if": { "tag": tag }, "goto": to(goto) });
                let when: Vec<Json> = ways.iter().map(way).collect();
                json!({ "branch": { "when": when, "else": to(otherwise) } })
            }
            Drawn::Exit => json!({ "exit": "done" }),
        };
        if *named {
            step["id"] = name(plan, number).into();
        }
        if let Some(goto) = goto.as_ref().filter(|_| !matches!(drawn, Drawn::Branch { .. } | Drawn::Exit)) {
            step["goto"] = to(goto).into();
        }
        step
    });
    let steps: Vec<Json> = steps.collect();
    let doors = vec![door; doors];
    let wire = json!({ "journey": "drawn", "version": 1, "enter": doors, "exit": goals, "steps": steps });
    serde_json::from_value(wire).unwrap()
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
            '&' => {
                assert!(text[place + 1..].starts_with("&amp;"), "{text}");
                read.push('&');
            }
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
