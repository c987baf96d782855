//! Random contacts, events and questions; the same for the same seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value as Json, json};

use super::naive::Person;
use crate::machine::{ContactState, Passage};
use crate::model::{Attributes, Contact, Fact, Value};
use crate::rule::segment::SegmentDefinition;

pub(super) const DAY: i64 = 86_400_000;
/// 29 March 2026, 12:00 UTC: clocks in Paris went forward that night.
pub(super) const NOON: i64 = 1_774_785_600_000;

/// SplitMix64.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }

    /// Some instant of ten weeks, often the very same as another's.
    pub(super) fn instant(&mut self) -> i64 {
        let around = NOON + (self.below(70) as i64 - 50) * DAY;
        match self.below(3) {
            0 => around,
            1 => around + self.below(24) as i64 * 3_600_000 - 1,
            _ => around + self.below(86_400_000) as i64,
        }
    }
}

pub(super) const EVENTS: [&str; 6] =
    ["app.opened", "app.closed", "purchase", "message.sent", "message.opened", "journey.left"];
const SPANS: [&str; 6] = ["1h", "1d", "3d", "7d", "30d", "12h30m"];
const PERIODS: [&str; 10] = [
    "today",
    "yesterday",
    "tomorrow",
    "this_week",
    "last_week",
    "next_month",
    "this_year",
    "+5d",
    "-1mo",
    "2026-03-28",
];

fn number(draw: &mut Draw) -> Value {
    match draw.below(8) {
        0 => Value::Decimal(format!("{}.{}", draw.below(9), draw.below(100)).parse().unwrap()),
        1 => Value::Decimal(format!("{}.0", draw.below(5)).parse().unwrap()),
        2 => Value::from("many"),
        _ => Value::Integer(draw.below(12) as i64 - 3),
    }
}

pub(super) fn properties(draw: &mut Draw, event: &str) -> Attributes {
    let mut properties = Attributes::new();
    if event == "journey.left" {
        properties.insert("journey".into(), Value::from(draw.of(&["welcome", "winback"])));
    } else if event.starts_with("message") {
        properties.insert("channel".into(), Value::from(draw.of(&["email", "sms"])));
        properties.insert("journey".into(), Value::from(draw.of(&["welcome", "winback"])));
    } else {
        if draw.percent(70) {
            properties.insert("sku".into(), Value::from(draw.of(&["X", "Y", "Z", "Zulu"])));
        }
        if draw.percent(80) {
            properties.insert("amount".into(), number(draw));
        }
        if draw.percent(30) {
            properties.insert("total".into(), Value::Integer(draw.below(100_000) as i64 - 50_000));
        }
    }
    properties
}

pub(super) fn state(draw: &mut Draw, id: &str, seed: u64) -> ContactState {
    let mut contact = Contact::new(id);
    let date = |draw: &mut Draw| NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(draw.below(1_100));
    if draw.percent(80) {
        contact = contact.attribute("city", draw.of(&["Lyon", "Paris", "Liège", "Lille", ""]));
    }
    if draw.percent(80) {
        contact = contact.attribute(
            "followers",
            draw.below(20_000) as i64 - if seed.is_multiple_of(2) { 0 } else { 9_000 },
        );
    }
    if draw.percent(60) {
        contact = contact.attribute("price", number(draw));
    }
    if draw.percent(80) {
        contact = contact.attribute("joined", DateTime::from_timestamp_millis(draw.instant()).unwrap());
    }
    if draw.percent(80) {
        contact = contact.attribute("born", date(draw));
    }
    if draw.percent(20) {
        contact = contact.attribute("born", NaiveDate::from_ymd_opt(2024, 2, 29).unwrap());
    }
    if draw.percent(50) {
        contact = contact.attribute("genres", vec![draw.of(&["rap", "pop"]), draw.of(&["pop", "soul"])]);
    }
    if draw.percent(50) {
        let (date, number, yes) = (Value::from(date(draw)), Value::from(7), Value::from(true));
        contact = contact.attribute("odd", draw.of(&[date, number, yes]));
    }
    for tag in ["vip", "trial", "beta"] {
        if draw.percent(30) {
            contact = contact.tag(tag);
        }
    }
    if draw.percent(70) {
        contact =
            contact.zone(draw.of(&["Europe/Paris", "America/New_York", "Pacific/Apia", "Nowhere/Lost"]));
    }
    let mut state = ContactState::new(id.into());
    let standing = draw.below(4);
    if standing > 0 {
        contact = contact.tag("said");
    }
    let cold = Arc::make_mut(&mut state.cold);
    cold.contact = contact;
    let channels = r#"{"email": {}}"#;
    cold.standing = serde_json::from_str(&match standing {
        0 => "{}".into(),
        1 => r#"{"withdrawn": {"news": {"email": 3}, "tracking": {"email": 3}}}"#.into(),
        2 => format!(r#"{{"granted": {{"news": {channels}}}, "withdrawn": {{"tracking": {{"email": 1}}}}}}"#),
        _ => format!(r#"{{"granted": {{"news": {channels}, "tracking": {channels}}}}}"#),
    })
    .unwrap();
    let hot = &mut state.hot;
    if draw.percent(70) {
        hot.rating.apply(&Fact::Score { score: "spark".into(), value: draw.below(120) as i64 - 10 });
    }
    if draw.percent(60) {
        let tier = draw.of(&["hot", "cold"]);
        hot.rating.apply(&Fact::Tier { score: "spark".into(), from: None, to: Some(tier.into()), up: true });
    }
    for segment in ["held", "hand"] {
        if draw.percent(40) {
            hot.rating.apply(&Fact::Segment { segment: segment.into(), inside: true });
        }
    }
    if draw.percent(50) {
        let mut passage = Passage::entered(DateTime::from_timestamp_millis(draw.instant()).unwrap());
        passage.left_at = draw.percent(60).then(|| draw.instant());
        hot.entries.insert("welcome".into(), passage);
    }
    state
}

/// The segments that questions may name; the columns cannot answer the last two themselves.
pub(super) fn saved(draw: &mut Draw) -> Vec<SegmentDefinition> {
    let texts = [
        json!({"segment": "plain", "where": question(draw, 1, false)}),
        json!({"segment": "deep", "where": {"any": [{"segment": "plain"}, {"not": {"segment": "held"}}, {"segment": "plain"}]}}),
        json!({"segment": "held", "where": {"tag": "vip", "held_for": "7d"}}),
        json!({"segment": "hand", "manual": true}),
    ];
    texts.into_iter().map(|text| serde_json::from_value(text).unwrap()).collect()
}

fn compare(draw: &mut Draw, values: &[Json]) -> BTreeMap<String, Json> {
    let mut asked = BTreeMap::new();
    match draw.below(8) {
        0 => asked.insert("one_of".into(), json!([draw.of(values), draw.of(values)])),
        1 => asked.insert("exists".into(), json!(draw.percent(50))),
        2 => asked.insert("is".into(), draw.of(values)),
        3 => asked.insert("contains".into(), draw.of(values)),
        4 => {
            asked.insert("above".into(), draw.of(values));
            asked.insert("at_most".into(), draw.of(values))
        }
        5 => asked.insert("below".into(), draw.of(values)),
        _ => asked.insert("at_least".into(), draw.of(values)),
    };
    asked
}

fn moment(draw: &mut Draw) -> BTreeMap<String, Json> {
    let word = draw.of(&["older_than", "newer_than", "on", "before", "after"]);
    let value = if word.ends_with("than") { draw.of(&SPANS) } else { draw.of(&PERIODS) };
    [(word.to_owned(), json!(value))].into()
}

fn count(draw: &mut Draw) -> Json {
    let n = draw.of(&[0, 1, 2, 3, 5, 300]);
    match draw.below(5) {
        0 => json!({"is": n}),
        1 => json!({"below": n}),
        2 => json!({"at_most": n}),
        3 => json!({"above": n, "at_most": n + 2}),
        _ => json!({"at_least": n}),
    }
}

fn source(draw: &mut Draw) -> serde_json::Map<String, Json> {
    let mut asked = match draw.below(6) {
        0 => json!({"prefix": "app."}),
        1 => json!({"events": [draw.of(&EVENTS), draw.of(&EVENTS)]}),
        2 => json!({"event": "never.heard"}),
        3 | 4 => json!({"event": "purchase"}),
        _ => json!({"event": draw.of(&EVENTS)}),
    };
    let filter = match draw.below(8) {
        0 => json!({"sku": "X"}),
        1 => json!({"amount": {"at_least": 1.5}, "sku": {"contains": "Z"}}),
        2 => json!({"amount": {"exists": false}}),
        3 => json!({"total": {"above": -100, "below": 30000}}),
        _ => Json::Null,
    };
    if let (Json::Object(asked), false) = (&mut asked, filter.is_null()) {
        asked.insert("where".into(), filter);
    }
    asked.as_object().unwrap().clone()
}

fn events(draw: &mut Draw) -> Json {
    let mut asked = source(draw);
    if draw.percent(20) {
        let (within, remember) = (draw.of(&["1h", "1d", "3d"]), draw.of(&["3d", "7d", "30d"]));
        let second = draw.of(&["then", "never"]);
        return json!({"sequence": {"first": asked, second: source(draw), "within": within, "remember": remember}});
    }
    let ends = draw.below(12);
    if ends < 2 {
        asked.insert(draw.of(&["first", "last"]).into(), json!(moment(draw)));
        return Json::Object(asked);
    }
    if ends == 2 && asked.contains_key("event") {
        asked.insert("last_with".into(), json!({"sku": draw.of(&["X", "Y"])}));
        return Json::Object(asked);
    }
    match draw.below(6) {
        0 => drop(asked.insert("calendar_days".into(), json!(draw.of(&[1, 2, 7, 30])))),
        1 => drop(asked.insert("from".into(), json!("2026-03-20T00:00:00Z"))),
        2 => {
            asked.insert("from".into(), json!("2026-03-01T09:30:00+01:00"));
            asked.insert("to".into(), json!("2026-03-29T12:00:00Z"));
        }
        3 => {}
        _ => drop(asked.insert("within".into(), json!(draw.of(&SPANS)))),
    }
    let aggregate = draw.of(&["none", "count", "count", "sum", "average", "min", "max", "distinct"]);
    match aggregate {
        "none" => {}
        "count" => drop(asked.insert("count".into(), count(draw))),
        _ => {
            let mut value = count(draw);
            if aggregate != "distinct" && draw.percent(30) {
                value = json!({"at_least": 2.5});
            }
            value["of"] = json!(draw.of(&["amount", "total", "sku"]));
            asked.insert(aggregate.into(), value);
        }
    }
    Json::Object(asked)
}

/// A question that columns can answer.
pub(super) fn question(draw: &mut Draw, depth: u32, names: bool) -> Json {
    if depth > 0 && draw.percent(45) {
        let several: Vec<Json> = (0..1 + draw.below(3)).map(|_| question(draw, depth - 1, names)).collect();
        return match draw.below(3) {
            0 => json!({"any": several}),
            1 => json!({"not": question(draw, depth - 1, names)}),
            _ => json!({"all": several}),
        };
    }
    let attribute = |name: &str, kind: Option<&str>, asked: BTreeMap<String, Json>| {
        let mut question = json!({"attribute": name});
        asked.into_iter().for_each(|(word, value)| question[word] = value);
        if let Some(kind) = kind {
            question["type"] = json!(kind);
        }
        question
    };
    let texts = [json!("Lyon"), json!("Li"), json!("Paris"), json!("")];
    let numbers = [json!(0), json!(3), json!(2.5), json!(1000), json!(9000.0), json!("3")];
    let soon = json!({"days": draw.of(&[1, 2, 7, 60, 366])});
    match draw.below(if names { 26 } else { 24 }) {
        0 => json!({"tag": draw.of(&["vip", "trial", "nobody"])}),
        1 => attribute("city", None, compare(draw, &texts)),
        2 => json!({"attribute": "city", "starts_with": "Li"}),
        3 => attribute("followers", draw.of(&[None, Some("integer"), Some("text")]), compare(draw, &numbers)),
        4 => attribute("price", None, compare(draw, &numbers)),
        5 => attribute("genres", None, compare(draw, &[json!("pop"), json!(["rap", "pop"])])),
        6 => attribute(
            "odd",
            draw.of(&[None, Some("bool"), Some("date")]),
            compare(draw, &[json!(true), json!(7)]),
        ),
        7 => attribute("joined", None, moment(draw)),
        8 => attribute(draw.of(&["born", "odd", "city"]), None, moment(draw)),
        9 => json!({"attribute": draw.of(&["born", "joined"]), "anniversary": soon}),
        10 => {
            let mut asked = compare(draw, &numbers);
            asked.remove("contains");
            asked.insert("at_most".into(), json!(60));
            let mut question = json!({"score": "spark"});
            asked.into_iter().for_each(|(word, value)| question[word] = value);
            question
        }
        11 => json!({"tier": "spark", "is": draw.of(&["hot", "cold", "warm"])}),
        12 => {
            json!({"consent": "news", "channel": "email", "is": draw.of(&["granted", "withdrawn", "none"])})
        }
        13 => {
            let is = draw.of(&["in", "never", "left"]);
            let mut question = json!({"journey": "welcome", "is": is});
            if is == "left" && draw.percent(50) {
                question["within"] = json!(draw.of(&SPANS));
            }
            question
        }
        14 => json!({"bucket": {"salt": "s", "from": 10, "to": draw.of(&[20, 60, 100])}}),
        15 => json!({"sent": {"is": draw.of(&["yes", "no"]), "channel": "sms", "within": "7d"}}),
        16 => json!({"opened": {"is": draw.of(&["yes", "no", "unknown"]), "journey": "welcome"}}),
        17..=23 => events(draw),
        _ => json!({"segment": draw.of(&["plain", "deep", "held", "hand"])}),
    }
}

/// Contacts without any event yet.
pub(super) fn people(draw: &mut Draw, seed: u64, count: u64) -> Vec<Person> {
    let person = |number| Person { state: state(draw, &format!("c{number}"), seed), events: Vec::new() };
    (0..count).map(person).collect()
}
