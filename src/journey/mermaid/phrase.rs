//! Triggers and predicates in plain words. They are read from the wire form, so that a picture says the words of the file
//! and a word that is new there is seen here as it is.

use serde_json::{Map, Value as Json};

/// Deeper predicates are shown as `…`.
const MOST_DEPTH: usize = 8;

/// A value as people write it.
pub(super) fn value(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", list(items, ", ")),
        // A decimal, an instant or a date: its word is all that matters.
        Json::Object(fields) if fields.len() == 1 => fields.values().map(value).collect(),
        other => other.to_string(),
    }
}

/// Several values, or one that stands alone.
pub(super) fn values(json: &Json, joint: &str) -> String {
    json.as_array().map_or_else(|| value(json), |items| list(items, joint))
}

fn list(items: &[Json], joint: &str) -> String {
    items.iter().map(value).collect::<Vec<_>>().join(joint)
}

/// A field of a map as text; empty where it is absent.
pub(super) fn field(map: &Map<String, Json>, name: &str) -> String {
    map.get(name).map(value).unwrap_or_default()
}

/// A field with words before it; empty where it is absent.
fn with(before: &str, map: &Map<String, Json>, name: &str) -> String {
    map.get(name).map(|json| format!("{before}{}", values(json, " or "))).unwrap_or_default()
}

/// What is waited for, or opens a door: a new kind of trigger is added here.
pub(super) fn trigger(json: &Json) -> String {
    let Some(map) = json.as_object() else { return value(json) };
    let said = |name: &str| field(map, name);
    let mut told = if map.contains_key("event") {
        said("event")
    } else if map.contains_key("keyword") {
        format!("message {}{}", with("", map, "keyword"), with(" by ", map, "channel"))
    } else if map.contains_key("form") {
        format!("form {}", said("form"))
    } else if map.contains_key("segment") {
        let way = if said("moves") == "out" { "out of" } else { "into" };
        format!("moves {way} {}", said("segment"))
    } else if map.contains_key("tier") {
        let way = if said("moves") == "either" { String::new() } else { format!(" {}", said("moves")) };
        format!("tier of {} moves{way}{}", said("tier"), with(" to ", map, "to"))
    } else if map.contains_key("mark") {
        let way = match said("moves").as_str() {
            "down" => "is over",
            "either" => "comes or goes",
            _ => "is reached",
        };
        format!("mark {} of {} {way}", said("mark"), said("of"))
    } else if map.contains_key("score") {
        let ways = [with(" reaches ", map, "reaches"), with(" falls below ", map, "falls_below")];
        format!("score {}{}", said("score"), ways.concat())
    } else if map.contains_key("attribute") {
        let becomes =
            map.get("becomes").map_or(" changes".to_owned(), |json| format!(" becomes {}", condition(json)));
        format!("{}{}", said("attribute"), becomes.replacen(" becomes is ", " becomes ", 1))
    } else if map.contains_key("date") {
        let moment = moment(&said("date"), &said("offset"));
        // One word alone would be an event.
        let date = if moment == said("date") { "date " } else { "" };
        format!("{date}{moment}{}", with(" at ", map, "time"))
    } else if let Some(schedule) = map.get("schedule") {
        recurrence(schedule)
    } else if map.contains_key("journey") {
        format!("journey {} ends{}", said("journey"), with(" as ", map, "ended"))
    } else if map.contains_key("host") {
        format!("host calls {}", said("host"))
    } else if let Some(when) = map.get("if") {
        return predicate(when);
    } else {
        json.to_string()
    };
    if let Some(Json::Object(filter)) = map.get("where").filter(|filter| **filter != Json::Object(Map::new()))
    {
        let asked: Vec<String> =
            filter.iter().map(|(name, asked)| format!("{name} {}", condition(asked))).collect();
        told.push_str(&format!(" where {}", asked.join(" and ")));
    }
    if let Some(when) = map.get("if") {
        told.push_str(&format!(" if {}", predicate(when)));
    }
    told
}

/// A date and how far from it.
pub(super) fn moment(date: &str, offset: &str) -> String {
    let (span, way) = match offset.strip_prefix('-') {
        Some(span) => (span, "before"),
        None => (offset.strip_prefix('+').unwrap_or(offset), "after"),
    };
    if span.is_empty() || span == "0d" { date.to_owned() } else { format!("{span} {way} {date}") }
}

fn recurrence(json: &Json) -> String {
    let Some(map) = json.as_object() else { return value(json) };
    let parts = [
        with("every ", map, "every"),
        with(", interval ", map, "interval"),
        with("on ", map, "dates"),
        with(" on ", map, "on"),
        with(" on the ", map, "nth"),
        with(" on day ", map, "day"),
        with(" of month ", map, "month"),
        with(" at ", map, "at"),
        with(" from ", map, "from"),
        with(" until ", map, "until"),
        with(" on days of ", map, "calendar"),
        with(" except ", map, "except"),
    ];
    parts.concat()
}

/// The comparisons and their words, in the order of the language: a new one is added here.
const COMPARISONS: [(&str, &str); 7] = [
    ("is", "is"),
    ("one_of", "is one of"),
    ("above", "above"),
    ("at_least", "at least"),
    ("below", "below"),
    ("at_most", "at most"),
    ("contains", "contains"),
];

fn condition(json: &Json) -> String {
    let compared = json.as_object().map(comparisons).unwrap_or_default();
    if compared.is_empty() { format!("is {}", value(json)) } else { compared }
}

fn comparisons(map: &Map<String, Json>) -> String {
    let mut asked: Vec<String> = COMPARISONS
        .iter()
        .filter_map(|(name, words)| Some(format!("{words} {}", values(map.get(*name)?, ", "))))
        .collect();
    match map.get("exists") {
        Some(Json::Bool(true)) => asked.push("is known".to_owned()),
        Some(_) => asked.push("is not known".to_owned()),
        None => {}
    }
    asked.join(" and ")
}

/// A question about a contact: a new kind of predicate is added here.
pub(super) fn predicate(json: &Json) -> String {
    question(json, 0)
}

fn question(json: &Json, depth: usize) -> String {
    let Some(map) = json.as_object() else { return value(json) };
    if depth > MOST_DEPTH {
        return "…".to_owned();
    }
    let several = |items: &Json, joint: &str| {
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        let nested = |item: &Json| match item.as_object() {
            Some(map) if map.contains_key("all") || map.contains_key("any") => {
                format!("({})", question(item, depth + 1))
            }
            _ => question(item, depth + 1),
        };
        items.iter().map(nested).collect::<Vec<_>>().join(joint)
    };
    let said = |name: &str| field(map, name);
    if let Some(items) = map.get("all") {
        several(items, " and ")
    } else if let Some(items) = map.get("any") {
        several(items, " or ")
    } else if let Some(inner) = map.get("not") {
        format!("not ({})", question(inner, depth + 1))
    } else if map.contains_key("tag") {
        format!("has tag {}", said("tag"))
    } else if map.contains_key("performed") {
        let since = if said("since") == "entry" { " since the entry" } else { "" };
        format!("did {}{since}", said("performed"))
    } else if map.contains_key("segment") {
        format!("in segment {}", said("segment"))
    } else if map.contains_key("number") {
        format!("number {} {}", said("number"), comparisons(map))
    } else if map.contains_key("script") {
        said("script")
    } else if map.contains_key("tier") {
        format!("tier of {} {}", said("tier"), comparisons(map))
    } else if map.contains_key("mark") {
        format!("has mark {} of {}", said("mark"), said("of"))
    } else if map.contains_key("score") {
        format!("score {} {}", said("score"), comparisons(map))
    } else if map.contains_key("attribute") {
        format!("{} {}", said("attribute"), comparisons(map))
    } else {
        json.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_trigger_of_the_language_has_words() {
        for (written, told) in [
            (json!({"event": "signed_up"}), "signed_up"),
            (
                json!({"event": "paid", "where": {"amount": {"at_least": {"decimal": "9.50"}}, "shop": "Lyon"}}),
                "paid where amount at least 9.50 and shop is Lyon",
            ),
            (json!({"keyword": ["OUI", "YES"], "channel": "sms"}), "message OUI or YES by sms"),
            (json!({"form": "contact", "where": {"city": "Lyon"}}), "form contact where city is Lyon"),
            (json!({"attribute": "city"}), "city changes"),
            (json!({"attribute": "city", "becomes": "Lyon"}), "city becomes Lyon"),
            (json!({"attribute": "age", "becomes": {"at_least": 18}}), "age becomes at least 18"),
            (json!({"segment": "fans", "moves": "out"}), "moves out of fans"),
            (json!({"tier": "engagement", "moves": "up", "to": "hot"}), "tier of engagement moves up to hot"),
            (json!({"tier": "engagement", "moves": "either"}), "tier of engagement moves"),
            (json!({"mark": "stuck", "of": "spark"}), "mark stuck of spark is reached"),
            (json!({"mark": "stuck", "of": "spark", "moves": "down"}), "mark stuck of spark is over"),
            (json!({"mark": "stuck", "of": "spark", "moves": "either"}), "mark stuck of spark comes or goes"),
            (json!({"score": "engagement", "reaches": 75}), "score engagement reaches 75"),
            (json!({"score": "engagement", "falls_below": 40}), "score engagement falls below 40"),
            (json!({"date": "birthday", "offset": "-7d", "time": "10:00"}), "7d before birthday at 10:00"),
            (json!({"date": "birthday", "offset": "0d"}), "date birthday"),
            (json!({"schedule": {"every": "week", "interval": 2}}), "every week, interval 2"),
            (json!({"schedule": {"dates": ["2026-05-01", "2026-07-14"]}}), "on 2026-05-01 or 2026-07-14"),
            (
                json!({"schedule": {"every": "week", "on": ["tue", "thu"], "at": "10:00"}}),
                "every week on tue or thu at 10:00",
            ),
            (
                json!({"schedule": {"every": "month", "day": 31, "month": 2}}),
                "every month on day 31 of month 2",
            ),
            (
                json!({"journey": "mona", "ended": ["goal", "completed"]}),
                "journey mona ends as goal or completed",
            ),
            (json!({"host": "vip_import"}), "host calls vip_import"),
            (json!({"if": {"tag": "vip"}}), "has tag vip"),
            (json!({"event": "a", "if": {"tag": "vip"}}), "a if has tag vip"),
            (json!({"moon": "full"}), "{\"moon\":\"full\"}"),
        ] {
            assert_eq!(trigger(&written), told);
        }
    }

    #[test]
    fn every_predicate_of_the_language_has_words() {
        for (written, told) in [
            (json!({"tag": "vip"}), "has tag vip"),
            (json!({"performed": "paid", "since": "entry"}), "did paid since the entry"),
            (json!({"not": {"performed": "paid", "since": "ever"}}), "not (did paid)"),
            (json!({"attribute": "city", "one_of": ["Lyon", "Paris"]}), "city is one of Lyon, Paris"),
            (json!({"attribute": "age", "above": 10, "at_most": 20}), "age above 10 and at most 20"),
            (
                json!({"attribute": "tags", "contains": "rap", "exists": true}),
                "tags contains rap and is known",
            ),
            (json!({"attribute": "city", "exists": false}), "city is not known"),
            (json!({"score": "engagement", "below": 40}), "score engagement below 40"),
            (json!({"tier": "engagement", "is": "hot"}), "tier of engagement is hot"),
            (json!({"mark": "stuck", "of": "spark"}), "has mark stuck of spark"),
            (json!({"segment": "fans"}), "in segment fans"),
            (json!({"number": "score.spark.change_7d", "above": 5}), "number score.spark.change_7d above 5"),
            (json!({"script": "followers > 1000"}), "followers > 1000"),
            (
                json!({"any": [{"tag": "a"}, {"all": [{"tag": "b"}, {"tag": "c"}]}]}),
                "has tag a or (has tag b and has tag c)",
            ),
            (json!({"moon": "full"}), "{\"moon\":\"full\"}"),
        ] {
            assert_eq!(predicate(&written), told);
        }
        let deep = (0..500).fold(json!({"tag": "a"}), |inner, _| json!({"not": inner}));
        assert!(predicate(&deep).contains('…') && predicate(&deep).len() < 100);
    }
}
