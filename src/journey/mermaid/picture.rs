//! A journey as nodes and edges with words on them, whoever draws or has drawn it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::phrase::{field, moment, predicate, trigger, value, values};
use super::plain::is_plain;
use super::text::{shorten, tidy};
use crate::journey::JourneyDefinition;

/// What the node says to which the ways out of the journey lead.
pub(super) const END: &str = "end of the journey";
/// The longest list of events in the label of a wait, in bytes; the edges name them anyway.
const MOST_EVENTS: usize = 80;

/// Nodes and edges with words on them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::journey) struct Picture {
    pub(in crate::journey) title: Option<String>,
    pub(in crate::journey) version: u64,
    pub(in crate::journey) nodes: Vec<Node>,
    pub(in crate::journey) edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::journey) struct Node {
    pub(in crate::journey) id: String,
    pub(in crate::journey) shape: Shape,
    pub(in crate::journey) label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::journey) struct Edge {
    pub(in crate::journey) from: usize,
    pub(in crate::journey) to: usize,
    /// Empty where nothing stands on it.
    pub(in crate::journey) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::journey) enum Shape {
    /// What is done.
    Rectangle,
    /// Where time passes.
    Rounded,
    /// Where a question is asked.
    Rhombus,
    /// Where the journey begins or ends.
    Stadium,
}

/// What one step looks like: its shape, its words, its ways out.
struct Look {
    shape: Shape,
    words: String,
    ways: Vec<(String, To)>,
}

enum To {
    /// The step's own `goto`, or the following step.
    On,
    /// The following step, whatever the step's own `goto`.
    Following,
    /// A step by its name.
    Step(String),
}

impl Look {
    fn new(shape: Shape, words: impl Into<String>) -> Self {
        Self { shape, words: words.into(), ways: Vec::new() }
    }

    fn on(self) -> Self {
        self.way("", To::On)
    }

    fn way(mut self, label: impl Into<String>, to: To) -> Self {
        self.ways.push((label.into(), to));
        self
    }

    /// A way that a field names, where it does.
    fn named(self, label: impl Into<String>, map: &Map<String, Json>, name: &str) -> Self {
        match map.get(name) {
            Some(step) => self.way(label, To::Step(value(step))),
            None => self,
        }
    }
}

fn items<'j>(map: &'j Map<String, Json>, name: &str) -> impl Iterator<Item = &'j Map<String, Json>> {
    map.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
}

/// The target that a map names, or else another.
fn target(map: &Map<String, Json>, name: &str, or: To) -> To {
    map.get(name).map_or(or, |step| To::Step(value(step)))
}

/// What a step looks like, from its wire form; a kind that is not known here is shown by its own words.
fn look(step: &Map<String, Json>) -> Look {
    let action = step.iter().find(|(name, _)| !matches!(name.as_str(), "id" | "goto" | "undo"));
    let Some((kind, json)) = action else { return Look::new(Shape::Rectangle, "nothing").on() };
    let mut look = known(kind, json)
        .unwrap_or_else(|| Look::new(Shape::Rectangle, format!("{kind} {}", value(json))).on());
    look.words.extend(step.get("undo").map(|undo| format!(", undone by {}", undone(undo))));
    look
}

/// What undoes a step: one action or several, in the words of the same steps.
fn undone(json: &Json) -> String {
    let listed = json.as_array().map_or_else(|| vec![json], |actions| actions.iter().collect());
    let words = listed.into_iter().filter_map(Json::as_object).map(|action| look(action).words);
    words.collect::<Vec<_>>().join(" and ")
}

/// What a kind of step looks like. A new kind is added here and nowhere else.
fn known(kind: &str, json: &Json) -> Option<Look> {
    let nothing = Map::new();
    let map = json.as_object().unwrap_or(&nothing);
    let said = |name: &str| field(map, name);
    Some(match kind {
        "send" => {
            let mut words = match map.get("channels").and_then(Json::as_array) {
                Some(channels) => {
                    let names: Vec<String> = channels.iter().map(value).collect();
                    format!("send by the first of {} for {}", names.join(", "), said("purpose"))
                }
                None => format!("send {} {} for {}", said("channel"), said("template"), said("purpose")),
            };
            words.extend(map.get("window").map(|window| format!(", in {}", value(window))));
            words.extend(map.get("deadline").map(deadline));
            Look::new(Shape::Rectangle, words).on().named("refused", map, "refused")
        }
        "wait" => Look::new(Shape::Rounded, format!("wait {}", value(json))).on(),
        "wait_until" => Look::new(Shape::Rounded, wait_until(map)).on(),
        "wait_for" => {
            let mut look = Look::new(Shape::Rounded, wait_for(map));
            for alternative in items(map, "any") {
                let event = trigger(&Json::Object(alternative.clone()));
                look = look.way(event, target(alternative, "goto", To::On));
            }
            look.way("otherwise", target(map, "otherwise", To::Following))
        }
        "branch" => {
            let mut look = Look::new(Shape::Rhombus, "");
            for way in items(map, "when") {
                let asked = way.get("if").map(predicate).unwrap_or_default();
                look = look.way(asked, target(way, "goto", To::Following));
            }
            look.named("unknown", map, "unknown").named("else", map, "else")
        }
        "split" => {
            let ways = items(map, "ways");
            ways.fold(Look::new(Shape::Rhombus, "split at random"), |look, way| {
                look.way(format!("{} %", field(way, "weight")), target(way, "goto", To::Following))
            })
        }
        "set" => Look::new(Shape::Rectangle, set(map)).on(),
        "score" => {
            let add = said("add");
            let sign = if add.starts_with('-') { "" } else { "+" };
            Look::new(Shape::Rectangle, format!("score {} {sign}{add}", said("name"))).on()
        }
        "emit" => Look::new(Shape::Rectangle, format!("emit {}", said("event"))).on(),
        "jump" => Look::new(Shape::Rectangle, format!("jump, at most {} times", said("most")))
            .named("again", map, "to")
            .way("after that", To::On),
        "enter" => enter(map),
        "leave" => Look::new(Shape::Rectangle, format!("leave journey {}", said("journey"))).on(),
        "withdraw" => {
            let purpose = map.get("purpose").map_or("everything".to_owned(), value);
            let channel = map.get("channel").map(|channel| format!(" by {}", value(channel)));
            Look::new(Shape::Rectangle, format!("withdraw {purpose}{}", channel.unwrap_or_default())).on()
        }
        "call" | "hand_over" => ask(kind, map),
        "assign" => assign(map),
        "reserve" => Look::new(Shape::Rounded, format!("reserve {} for {}", said("offer"), said("expires")))
            .way("place", To::On)
            .way("full", target(map, "full", To::On))
            .way("otherwise", target(map, "otherwise", To::On)),
        "confirm" => Look::new(Shape::Rounded, format!("confirm {}", said("offer")))
            .way("place", To::On)
            .way("full", target(map, "full", To::On))
            .way("otherwise", target(map, "otherwise", To::On)),
        "release" => Look::new(Shape::Rectangle, format!("release {}", said("offer"))).on(),
        "exit" => Look::new(Shape::Stadium, format!("exit {}", value(json))),
        _ => return None,
    })
}

fn wait_until(map: &Map<String, Json>) -> String {
    let said = |name: &str| map.get(name).map(|json| values(json, ", "));
    let mut words = Vec::new();
    words.extend(said("entry").map(|span| format!("entry + {}", span.trim_start_matches('+'))));
    words.extend(said("date").map(|date| moment(&date, &said("offset").unwrap_or_default())));
    words.extend(said("days"));
    let at = if words.is_empty() { "" } else { "at " };
    words.extend(said("time").map(|time| format!("{at}{time}")));
    words.extend(said("window").map(|window| format!("within {window}")));
    format!("wait until {}", words.join(" "))
}

fn wait_for(map: &Map<String, Json>) -> String {
    let events: Vec<String> = items(map, "any").map(|one| field(one, "event")).collect();
    let listed = events.join(" or ");
    let named = events.iter().all(|event| !event.is_empty()) && listed.len() <= MOST_EVENTS;
    let events = match events.len() {
        _ if named => listed,
        1 => "an event".to_owned(),
        number => format!("one of {number} events"),
    };
    let since = match field(map, "since").as_str() {
        "" | "arrival" => String::new(),
        "entry" => " since the entry".to_owned(),
        other => format!(" {other}"),
    };
    format!("wait for {events}{since}, at most {}", field(map, "within"))
}

fn set(map: &Map<String, Json>) -> String {
    let mut parts = Vec::new();
    if let Some(Json::Object(attributes)) = map.get("attributes") {
        parts.extend(attributes.iter().map(|(name, json)| format!("set {name} to {}", value(json))));
    }
    if let Some(Json::Object(computed)) = map.get("computed") {
        parts.extend(computed.iter().map(|(name, json)| format!("compute {name} as {}", value(json))));
    }
    for (name, words) in [("unset", "unset"), ("tags", "tag"), ("untag", "untag")] {
        parts.extend(map.get(name).map(|json| format!("{words} {}", values(json, ", "))));
    }
    parts.join(", ")
}

fn deadline(json: &Json) -> String {
    match json.as_object() {
        Some(map) => format!(", within {}, then {}", field(map, "within"), field(map, "then")),
        None => format!(", within {}", value(json)),
    }
}

fn enter(map: &Map<String, Json>) -> Look {
    let words = format!("enter journey {}", field(map, "journey"));
    let Some(within) = map.get("within") else {
        return Look::new(Shape::Rectangle, words).on().named("otherwise", map, "otherwise");
    };
    let words = format!("{words} and wait for its end, at most {}", value(within));
    let look = items(map, "results").fold(Look::new(Shape::Rounded, words), |look, way| {
        look.way(field(way, "is"), target(way, "goto", To::Following))
    });
    look.way("any other end", To::On).way("otherwise", target(map, "otherwise", To::Following))
}

fn ask(kind: &str, map: &Map<String, Json>) -> Look {
    let what = map.get("ask").map(|ask| format!(" for {}", value(ask))).unwrap_or_default();
    let verb = if kind == "call" { "call" } else { "hand over to" };
    let hours = map.get("hours").map(|hours| format!(" of {}", team_hours(hours))).unwrap_or_default();
    let words = format!("{verb} {}{what}, at most {}{hours}", field(map, "channel"), field(map, "within"));
    let look = items(map, "results").fold(Look::new(Shape::Rounded, words), |look, way| {
        look.way(field(way, "is"), target(way, "goto", To::Following))
    });
    let rest = if map.contains_key("results") { "any other answer" } else { "" };
    look.way(rest, To::On).named("refused", map, "refused").named("otherwise", map, "otherwise")
}

/// When a team is there, such as `Mon-Fri 09:00-18:00 in Europe/Paris, but holidays of FR-MET`.
fn team_hours(hours: &Json) -> String {
    let Some(map) = hours.as_object() else { return value(hours) };
    let zone = map.get("zone").map(|zone| format!(" in {}", value(zone))).unwrap_or_default();
    let holidays = map.get("holidays").map(|place| format!(", but holidays of {}", value(place)));
    format!("{}{zone}{}", field(map, "open"), holidays.unwrap_or_default())
}

fn assign(map: &Map<String, Json>) -> Look {
    let role = field(map, "role");
    match map.get("channel") {
        None => {
            let among = map.get("among").map(|among| values(among, ", ")).unwrap_or_default();
            Look::new(Shape::Rectangle, format!("assign a {role}: one of {among}")).on()
        }
        Some(channel) => {
            let words = format!("assign a {role}: {} says, at most {}", value(channel), field(map, "within"));
            let look = Look::new(Shape::Rounded, words).on();
            look.named("refused", map, "refused").named("otherwise", map, "otherwise")
        }
    }
}

impl Picture {
    /// A definition as it is drawn; one that does not compile is drawn too, with what is missing.
    pub(in crate::journey) fn of(definition: &JourneyDefinition) -> Self {
        Self::of_wire(&serde_json::to_value(definition).unwrap_or_default())
    }

    fn of_wire(wire: &Json) -> Self {
        let nothing = Map::new();
        let head = wire.as_object().unwrap_or(&nothing);
        let mut drawing = Drawing::default();
        let steps: Vec<&Map<String, Json>> = items(head, "steps").collect();
        drawing.doors(head);
        let first = drawing.picture.nodes.len();
        drawing.steps(&steps);
        if !steps.is_empty() {
            drawing.picture.edges.extend((0..first).map(|from| Edge {
                from,
                to: first,
                label: String::new(),
            }));
        }
        drawing.ways(&steps, first);
        drawing.notes(head);
        drawing.picture.title = Some(field(head, "journey"));
        drawing.picture.version = head.get("version").and_then(Json::as_u64).unwrap_or_default();
        drawing.picture
    }
}

/// A picture while it is drawn.
#[derive(Default)]
struct Drawing {
    picture: Picture,
    taken: BTreeSet<String>,
    /// Nodes that no step stands for, by their label.
    beside: BTreeMap<String, usize>,
}

impl Drawing {
    /// Adds a node; a wanted id that is taken gets `_` behind it.
    fn node(&mut self, wanted: String, shape: Shape, label: &str) -> usize {
        let mut id = wanted;
        while !self.taken.insert(id.clone()) {
            id.push('_');
        }
        // A name of invisible letters leaves nothing to read, and Mermaid refuses an empty label.
        let label =
            Some(shorten(tidy(label))).filter(|label| !label.is_empty()).unwrap_or_else(|| id.clone());
        self.picture.nodes.push(Node { id, shape, label });
        self.picture.nodes.len() - 1
    }

    fn doors(&mut self, head: &Map<String, Json>) {
        let doors = match head.get("enter") {
            Some(Json::Array(doors)) => doors.iter().collect(),
            Some(door) => vec![door],
            None => Vec::new(),
        };
        for (number, door) in (1..).zip(doors) {
            let on = door.get("on").map(trigger).unwrap_or_default();
            let when = door.get("if").map(|when| format!(" if {}", predicate(when))).unwrap_or_default();
            let already = match door.get("existing") {
                Some(Json::Bool(true)) => ", also who qualifies already",
                _ => "",
            };
            self.node(format!("door_{number}"), Shape::Stadium, &format!("enters on {on}{when}{already}"));
        }
    }

    fn steps(&mut self, steps: &[&Map<String, Json>]) {
        for (number, step) in (1..).zip(steps) {
            let look = look(step);
            let name = step.get("id").map(value);
            let words = match (&name, look.words.as_str()) {
                (None, "") => "branch".to_owned(),
                (None, words) => words.to_owned(),
                (Some(name), "") => name.clone(),
                (Some(name), words) => format!("{name}: {words}"),
            };
            let id = name.filter(|name| is_plain(name)).unwrap_or_else(|| format!("step_{number}"));
            self.node(id, look.shape, &words);
        }
    }

    fn ways(&mut self, steps: &[&Map<String, Json>], first: usize) {
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            let name = step.get("id").map_or_else(|| format!("step-{}", number + 1), value);
            index.entry(name).or_insert(number);
        }
        for (number, step) in steps.iter().enumerate() {
            let following = (number + 1 < steps.len()).then_some(number + 1);
            for (label, to) in look(step).ways {
                let named = match to {
                    To::Step(name) => Some(name),
                    To::On => step.get("goto").map(value),
                    To::Following => None,
                };
                let to = match named {
                    Some(name) if name != "next" => match index.get(&name) {
                        Some(step) => first + step,
                        None => self.beside("missing", &format!("there is no step {name}")),
                    },
                    _ => match following {
                        Some(step) => first + step,
                        None => self.beside("finish", END),
                    },
                };
                let label = shorten(tidy(&label));
                self.picture.edges.push(Edge { from: first + number, to, label });
            }
        }
    }

    /// A node that no step stands for; the same for all edges that lead to it.
    fn beside(&mut self, id: &str, label: &str) -> usize {
        if let Some(node) = self.beside.get(label) {
            return *node;
        }
        let node = self.node(id.to_owned(), Shape::Stadium, label);
        self.beside.insert(label.to_owned(), node);
        node
    }

    /// What ends an enrollment wherever it stands: nodes that nothing leads to, because everything does.
    fn notes(&mut self, head: &Map<String, Json>) {
        for (number, exit) in (1..).zip(items(head, "exit")) {
            let kind = exit.get("as").map_or("exit".to_owned(), value);
            let on = exit.get("on").map(trigger).unwrap_or_default();
            let when = exit.get("if").map(|when| format!(" if {}", predicate(when))).unwrap_or_default();
            let label = format!("{kind} on {on}{when}, from any step");
            self.node(format!("exit_{number}"), Shape::Stadium, &label);
        }
        if let Some(ends) = head.get("undo_on") {
            let label = format!("undoes what was done where it ends by {}", values(ends, " or "));
            self.node("undo".to_owned(), Shape::Stadium, &label);
        }
        if let Some(span) = head.get("max_duration").filter(|span| !span.is_null()) {
            let label = format!("exit {} after the entry, from any step", value(span));
            self.node("longest_stay".to_owned(), Shape::Stadium, &label);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The words of the steps, and the edges by the ids of their nodes.
    fn drawn(wire: &Json) -> (Vec<String>, Vec<String>) {
        let picture = Picture::of_wire(wire);
        let id = |node: usize| picture.nodes[node].id.as_str();
        let edges = picture.edges.iter();
        let edges = edges.map(|edge| format!("{} [{}] {}", id(edge.from), edge.label, id(edge.to))).collect();
        (picture.nodes.iter().map(|node| node.label.clone()).collect(), edges)
    }

    #[test]
    fn every_kind_of_step_of_the_language_has_words_and_ways() {
        for (step, words, ways) in [
            (
                json!({"send": {"channel": "email", "template": "hello", "purpose": "news", "refused": "b"}}),
                "a: send email hello for news",
                vec!["a [] b", "a [refused] b"],
            ),
            (json!({"wait": "2d", "goto": "a"}), "a: wait 2d", vec!["a [] a"]),
            (
                json!({"wait_until": {"entry": "+3d", "time": "10:00"}}),
                "a: wait until entry + 3d at 10:00",
                vec!["a [] b"],
            ),
            (
                json!({"wait_until": {"date": "birthday", "offset": "-7d", "days": "Tue-Thu"}}),
                "a: wait until 7d before birthday Tue-Thu",
                vec!["a [] b"],
            ),
            (
                json!({"wait_for": {"any": [{"event": "x", "goto": "a"}, {"event": "y"}], "within": "2d"}}),
                "a: wait for x or y, at most 2d",
                vec!["a [x] a", "a [y] b", "a [otherwise] b"],
            ),
            (
                json!({"wait_for": {"any": [{"keyword": ["OUI"]}], "within": "2d", "since": "entry"}}),
                "a: wait for an event since the entry, at most 2d",
                vec!["a [message OUI] b", "a [otherwise] b"],
            ),
            (
                json!({"branch": {"when": [{"if": {"tag": "vip"}, "goto": "a"}], "unknown": "b", "else": "next"}}),
                "a",
                vec!["a [has tag vip] a", "a [unknown] b", "a [else] b"],
            ),
            (
                json!({"split": {"ways": [{"weight": 30, "goto": "a"}, {"weight": 70, "goto": "b"}]}}),
                "a: split at random",
                vec!["a [30 %] a", "a [70 %] b"],
            ),
            (
                json!({"set": {"attributes": {"city": "Lyon"}, "computed": {"level": "fans / 9"}, "unset": ["age"], "tags": ["vip"], "untag": ["x", "y"]}}),
                "a: set city to Lyon, compute level as fans / 9, unset age, tag vip, untag x, y",
                vec!["a [] b"],
            ),
            (json!({"score": {"name": "heat", "add": 10}}), "a: score heat +10", vec!["a [] b"]),
            (json!({"score": {"name": "heat", "add": -5}}), "a: score heat -5", vec!["a [] b"]),
            (json!({"emit": {"event": "seen"}}), "a: emit seen", vec!["a [] b"]),
            (
                json!({"jump": {"to": "a", "most": 3}}),
                "a: jump, at most 3 times",
                vec!["a [again] a", "a [after that] b"],
            ),
            (json!({"enter": {"journey": "spark"}}), "a: enter journey spark", vec!["a [] b"]),
            (
                json!({"enter": {"journey": "spark", "within": "7d", "results": [{"is": "goal", "goto": "a"}]}}),
                "a: enter journey spark and wait for its end, at most 7d",
                vec!["a [goal] a", "a [any other end] b", "a [otherwise] b"],
            ),
            (
                json!({"enter": {"journey": "spark", "otherwise": "a"}}),
                "a: enter journey spark",
                vec!["a [] b", "a [otherwise] a"],
            ),
            (
                json!({"send": {
                    "channel": "sms", "template": "hi", "purpose": "news", "window": "Tue-Thu 10:00-14:00",
                    "deadline": {"within": "24h", "then": "send"}
                }}),
                "a: send sms hi for news, in Tue-Thu 10:00-14:00, within 24h, then send",
                vec!["a [] b"],
            ),
            (json!({"leave": {"journey": "spark"}}), "a: leave journey spark", vec!["a [] b"]),
            (
                json!({"reserve": {"offer": "seat", "expires": "2d", "full": "b"}}),
                "a: reserve seat for 2d",
                vec!["a [place] b", "a [full] b", "a [otherwise] b"],
            ),
            (
                json!({"confirm": {"offer": "seat", "full": "a"}}),
                "a: confirm seat",
                vec!["a [place] b", "a [full] a", "a [otherwise] b"],
            ),
            (json!({"release": {"offer": "seat"}}), "a: release seat", vec!["a [] b"]),
            (
                json!({"emit": {"event": "told"}, "undo": [{"emit": {"event": "untold"}}, {"release": {"offer": "seat"}}]}),
                "a: emit told, undone by emit untold and release seat",
                vec!["a [] b"],
            ),
            (json!({"exit": "done"}), "a: exit done", vec![]),
            (json!({"dance": {"how": "wild"}}), "a: dance wild", vec!["a [] b"]),
        ] {
            let mut step = step;
            step["id"] = "a".into();
            let wire = json!({"journey": "x", "version": 1, "steps": [step, {"id": "b", "exit": "over"}]});
            let (labels, edges) = drawn(&wire);
            assert_eq!(labels, [words, "b: exit over"]);
            assert_eq!(edges, ways);
        }
    }

    /// Goes red when a kind of step is added to the language and not to `known`.
    #[test]
    #[cfg(feature = "schema")]
    fn every_kind_of_step_of_the_schema_is_known() {
        let schema = crate::journey::json_schema();
        let fields = schema["$defs"]["StepDefinition"]["properties"].as_object().unwrap();
        let kinds: Vec<&String> =
            fields.keys().filter(|name| !["id", "goto", "undo"].contains(&name.as_str())).collect();
        assert!(kinds.len() >= 6, "{kinds:?}");
        for kind in kinds {
            assert!(known(kind, &json!({})).is_some(), "{kind} has no look");
        }
        assert!(known("dance", &json!({})).is_none());
    }

    #[test]
    fn ids_are_plain_or_made() {
        for name in ["greet", "step-2", "A_b-3", "x"] {
            assert!(is_plain(name), "{name}");
        }
        let long = "a".repeat(65);
        for name in [
            "",
            "end",
            "End-1",
            "graph",
            "lifestyle",
            "1a",
            "a b",
            "a--b",
            "a-",
            "-a",
            "é",
            "a.b",
            "a\"]",
            &long,
        ] {
            assert!(!is_plain(name), "{name}");
        }
        let steps = json!([{"id": "door_1", "wait": "1d"}, {"id": "end", "wait": "1d"}, {"wait": "1d", "goto": "nowhere"}]);
        let wire = json!({"journey": "x", "version": 1, "enter": {"on": {"event": "e"}}, "steps": steps});
        let (labels, edges) = drawn(&wire);
        assert_eq!(
            labels,
            ["enters on e", "door_1: wait 1d", "end: wait 1d", "wait 1d", "there is no step nowhere"]
        );
        assert_eq!(
            edges,
            ["door_1 [] door_1_", "door_1_ [] step_2", "step_2 [] step_3", "step_3 [] missing"]
        );
    }
}
