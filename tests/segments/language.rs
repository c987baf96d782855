//! The language of segments once more, and how it is written down.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::calendar::{DAY, written, written_day};

/// A value; fractions in hundredths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Thing {
    Bool(bool),
    Whole(i64),
    Hundredths(i64),
    Text(&'static str),
    Instant(i64),
    Date(i64),
    List(Vec<Thing>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Is(Thing),
    OneOf(Vec<Thing>),
    Above(Thing),
    AtLeast(Thing),
    Below(Thing),
    AtMost(Thing),
    Contains(Thing),
    StartsWith(&'static str),
    Exists(bool),
}

/// Some local days, seen from today.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Period {
    Date(i64),
    Word(&'static str),
    Days(i64),
    Weeks(i64),
    Months(i64),
    Years(i64),
}

/// Where an instant lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    Older(i64),
    Newer(i64),
    On(Period),
    Before(Period),
    After(Period),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Names {
    One(&'static str),
    Several(Vec<&'static str>),
    Prefix(&'static str),
}

/// Some events: by name, and what their properties must be like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Which {
    pub(crate) names: Names,
    pub(crate) filter: Vec<(&'static str, Vec<Test>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reach {
    Ever,
    Within(i64),
    Days(i64),
    Between(Option<i64>, Option<i64>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asks {
    Any,
    Count(Vec<Test>),
    Sum(&'static str, Vec<Test>),
    Average(&'static str, Vec<Test>),
    Min(&'static str, Vec<Test>),
    Max(&'static str, Vec<Test>),
    Distinct(&'static str, Vec<Test>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    All(Vec<Question>),
    Any(Vec<Question>),
    Not(Box<Question>),
    /// What is asked has been so for so long; the text tells it from others.
    Held(Box<Question>, i64, String),
    Tag(&'static str),
    Attribute {
        name: &'static str,
        kind: Option<&'static str>,
        tests: Vec<Test>,
        whens: Vec<When>,
        anniversary: Option<i64>,
    },
    Score(&'static str, Vec<Test>),
    Tier(&'static str, Vec<Test>),
    Mark(&'static str, &'static str),
    Consent {
        purpose: &'static str,
        channel: &'static str,
        is: Option<&'static str>,
    },
    Journey {
        name: &'static str,
        is: Option<&'static str>,
        within: Option<i64>,
    },
    /// Another one, by its place.
    Segment(usize),
    Bucket {
        salt: &'static str,
        from: i64,
        to: i64,
    },
    Events {
        of: Which,
        reach: Reach,
        asks: Asks,
    },
    First(Which, Vec<When>),
    Last(Which, Vec<When>),
    LastWith(Which, Vec<(&'static str, Vec<Test>)>),
    Sequence {
        first: Which,
        second: Which,
        then: bool,
        within: i64,
        remember: i64,
    },
    Message {
        what: &'static str,
        is: &'static str,
        journey: Option<&'static str>,
        template: Option<&'static str>,
        channel: Option<&'static str>,
        within: Option<i64>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Holds {
    Where(Question),
    Manual,
    /// The line, where one was drawn: value and id of the last one inside.
    Rank {
        score: Option<&'static str>,
        attribute: Option<&'static str>,
        among: Option<Question>,
        line: Option<(i64, &'static str)>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) holds: Holds,
}

/// An elapsed time, in whole seconds, with the largest units that it has.
pub(crate) fn span(length: i64) -> String {
    let seconds = length / 1_000;
    let mut text = String::new();
    let mut rest = seconds;
    for (size, unit) in [(604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if rest / size > 0 && (unit != "w" || rest % size == 0) {
            text += &format!("{}{unit}", rest / size);
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

impl Thing {
    pub(crate) fn json(&self) -> Json {
        match self {
            Thing::Bool(value) => json!(value),
            Thing::Whole(value) => json!(value),
            Thing::Hundredths(value) => {
                let sign = if *value < 0 { "-" } else { "" };
                json!({ "decimal": format!("{sign}{}.{:02}", value.abs() / 100, value.abs() % 100) })
            }
            Thing::Text(value) => json!(value),
            Thing::Instant(at) => json!({ "instant": written(*at) }),
            Thing::Date(day) => json!({ "date": written_day(*day) }),
            Thing::List(items) => Json::Array(items.iter().map(Thing::json).collect()),
        }
    }

    /// In hundredths, where it is a number.
    pub(crate) fn number(&self) -> Option<i128> {
        match self {
            Thing::Whole(value) => Some(i128::from(*value) * 100),
            Thing::Hundredths(value) => Some(i128::from(*value)),
            _ => None,
        }
    }

    pub(crate) fn against(&self, other: &Thing) -> Option<Ordering> {
        match (self, other) {
            (Thing::Bool(a), Thing::Bool(b)) => Some(a.cmp(b)),
            (Thing::Text(a), Thing::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Thing::Instant(a), Thing::Instant(b)) | (Thing::Date(a), Thing::Date(b)) => Some(a.cmp(b)),
            (Thing::List(_), Thing::List(_)) => (self == other).then_some(Ordering::Equal),
            _ => Some(self.number()?.cmp(&other.number()?)),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Thing::Bool(_) => "bool",
            Thing::Whole(_) => "integer",
            Thing::Hundredths(_) => "decimal",
            Thing::Text(_) => "text",
            Thing::Instant(_) => "instant",
            Thing::Date(_) => "date",
            Thing::List(_) => "list",
        }
    }
}

impl Period {
    fn text(&self) -> String {
        match self {
            Period::Date(day) => written_day(*day),
            Period::Word(word) => (*word).to_owned(),
            Period::Days(away) => format!("{away:+}d"),
            Period::Weeks(away) => format!("{away:+}w"),
            Period::Months(away) => format!("{away:+}mo"),
            Period::Years(away) => format!("{away:+}y"),
        }
    }
}

fn tests(into: &mut Map<String, Json>, tests: &[Test]) {
    for test in tests {
        let (key, value) = match test {
            Test::Is(thing) => ("is", thing.json()),
            Test::OneOf(things) => ("one_of", things.iter().map(Thing::json).collect()),
            Test::Above(thing) => ("above", thing.json()),
            Test::AtLeast(thing) => ("at_least", thing.json()),
            Test::Below(thing) => ("below", thing.json()),
            Test::AtMost(thing) => ("at_most", thing.json()),
            Test::Contains(thing) => ("contains", thing.json()),
            Test::StartsWith(text) => ("starts_with", json!(text)),
            Test::Exists(there) => ("exists", json!(there)),
        };
        into.insert(key.to_owned(), value);
    }
}

fn whens(into: &mut Map<String, Json>, whens: &[When]) {
    for when in whens {
        let (key, text) = match when {
            When::Older(length) => ("older_than", span(*length)),
            When::Newer(length) => ("newer_than", span(*length)),
            When::On(period) => ("on", period.text()),
            When::Before(period) => ("before", period.text()),
            When::After(period) => ("after", period.text()),
        };
        into.insert(key.to_owned(), json!(text));
    }
}

fn filter(conditions: &[(&'static str, Vec<Test>)]) -> Json {
    let mut all = Map::new();
    for (name, asked) in conditions {
        let one = match asked.as_slice() {
            [Test::Is(thing)] if name.len() % 2 == 0 => thing.json(),
            _ => {
                let mut map = Map::new();
                tests(&mut map, asked);
                Json::Object(map)
            }
        };
        all.insert((*name).to_owned(), one);
    }
    Json::Object(all)
}

impl Which {
    fn write(&self, into: &mut Map<String, Json>) {
        match &self.names {
            Names::One(name) => into.insert("event".to_owned(), json!(name)),
            Names::Several(names) => into.insert("events".to_owned(), json!(names)),
            Names::Prefix(prefix) => into.insert("prefix".to_owned(), json!(prefix)),
        };
        if !self.filter.is_empty() {
            into.insert("where".to_owned(), filter(&self.filter));
        }
    }

    fn json(&self) -> Json {
        let mut map = Map::new();
        self.write(&mut map);
        Json::Object(map)
    }
}

impl Question {
    pub(crate) fn held(self, length: i64) -> Question {
        let key = format!("{self:?}");
        Question::Held(Box::new(self), length, key)
    }

    pub(crate) fn not(self) -> Question {
        Question::Not(Box::new(self))
    }

    pub(crate) fn json(&self, names: &[&'static str]) -> Json {
        let mut map = Map::new();
        self.write(&mut map, names);
        Json::Object(map)
    }

    fn write(&self, map: &mut Map<String, Json>, names: &[&'static str]) {
        let mut put = |key: &str, value: Json| {
            map.insert(key.to_owned(), value);
        };
        match self {
            Question::All(all) => put("all", all.iter().map(|one| one.json(names)).collect()),
            Question::Any(any) => put("any", any.iter().map(|one| one.json(names)).collect()),
            Question::Not(one) => put("not", one.json(names)),
            Question::Held(one, length, _) => {
                put("held_for", json!(span(*length)));
                one.write(map, names);
            }
            Question::Tag(tag) => put("tag", json!(tag)),
            Question::Attribute { name, kind, tests: asked, whens: when, anniversary } => {
                put("attribute", json!(name));
                if let Some(kind) = kind {
                    put("type", json!(kind));
                }
                if let Some(days) = anniversary {
                    put("anniversary", json!({ "days": days }));
                }
                tests(map, asked);
                whens(map, when);
            }
            Question::Score(name, asked) => {
                put("score", json!(name));
                tests(map, asked);
            }
            Question::Tier(name, asked) => {
                put("tier", json!(name));
                tests(map, asked);
            }
            Question::Mark(mark, of) => {
                put("mark", json!(mark));
                put("of", json!(of));
            }
            Question::Consent { purpose, channel, is } => {
                put("consent", json!(purpose));
                put("channel", json!(channel));
                if let Some(is) = is {
                    put("is", json!(is));
                }
            }
            Question::Journey { name, is, within } => {
                put("journey", json!(name));
                if let Some(is) = is {
                    put("is", json!(is));
                }
                if let Some(within) = within {
                    put("within", json!(span(*within)));
                }
            }
            Question::Segment(place) => put("segment", json!(names[*place])),
            Question::Bucket { salt, from, to } => {
                put("bucket", json!({ "salt": salt, "from": from, "to": to }));
            }
            Question::Events { of, reach, asks } => {
                match reach {
                    Reach::Ever => {}
                    Reach::Within(length) => put("within", json!(span(*length))),
                    Reach::Days(days) => put("calendar_days", json!(days)),
                    Reach::Between(from, to) => {
                        for (key, at) in [("from", from), ("to", to)] {
                            if let Some(at) = at {
                                put(key, json!(written(*at)));
                            }
                        }
                    }
                }
                let (key, property, asked) = match asks {
                    Asks::Any => return of.write(map),
                    Asks::Count(asked) => ("count", None, asked),
                    Asks::Sum(of, asked) => ("sum", Some(of), asked),
                    Asks::Average(of, asked) => ("average", Some(of), asked),
                    Asks::Min(of, asked) => ("min", Some(of), asked),
                    Asks::Max(of, asked) => ("max", Some(of), asked),
                    Asks::Distinct(of, asked) => ("distinct", Some(of), asked),
                };
                let mut inner = Map::new();
                if let Some(property) = property {
                    inner.insert("of".to_owned(), json!(property));
                }
                tests(&mut inner, asked);
                put(key, Json::Object(inner));
                of.write(map);
            }
            Question::First(of, when) | Question::Last(of, when) => {
                let key = if matches!(self, Question::First(..)) { "first" } else { "last" };
                let mut inner = Map::new();
                whens(&mut inner, when);
                put(key, Json::Object(inner));
                of.write(map);
            }
            Question::LastWith(of, conditions) => {
                put("last_with", filter(conditions));
                of.write(map);
            }
            Question::Sequence { first, second, then, within, remember } => {
                let key = if *then { "then" } else { "never" };
                let inner = json!({
                    "first": first.json(), key: second.json(),
                    "within": span(*within), "remember": span(*remember),
                });
                put("sequence", inner);
            }
            Question::Message { what, is, journey, template, channel, within } => {
                let mut inner = Map::new();
                inner.insert("is".to_owned(), json!(is));
                for (key, text) in [("journey", journey), ("template", template), ("channel", channel)] {
                    if let Some(text) = text {
                        inner.insert(key.to_owned(), json!(text));
                    }
                }
                if let Some(within) = within {
                    inner.insert("within".to_owned(), json!(span(*within)));
                }
                put(what, Json::Object(inner));
            }
        }
    }

    /// Everything asked, this one first.
    pub(crate) fn walk<'q>(&'q self, visit: &mut impl FnMut(&'q Question)) {
        visit(self);
        match self {
            Question::All(all) | Question::Any(all) => {
                for one in all {
                    one.walk(visit);
                }
            }
            Question::Not(one) | Question::Held(one, ..) => one.walk(visit),
            _ => {}
        }
    }
}

impl Segment {
    pub(crate) fn json(&self, names: &[&'static str]) -> Json {
        let mut map = Map::new();
        map.insert("segment".to_owned(), json!(self.name));
        map.insert("version".to_owned(), json!(self.version));
        match &self.holds {
            Holds::Where(question) => map.insert("where".to_owned(), question.json(names)),
            Holds::Manual => map.insert("manual".to_owned(), json!(true)),
            Holds::Rank { score, attribute, among, .. } => {
                let mut rank = Map::new();
                for (key, name) in [("score", score), ("attribute", attribute)] {
                    if let Some(name) = name {
                        rank.insert(key.to_owned(), json!(name));
                    }
                }
                rank.insert("first".to_owned(), json!(1));
                if let Some(among) = among {
                    rank.insert("among".to_owned(), among.json(names));
                }
                rank.insert("every".to_owned(), json!({ "every": "day", "at": "03:00" }));
                map.insert("rank".to_owned(), Json::Object(rank))
            }
        };
        Json::Object(map)
    }

    /// What is asked, and of a ranked one, of whom.
    pub(crate) fn question(&self) -> Option<&Question> {
        match &self.holds {
            Holds::Where(question) => Some(question),
            Holds::Rank { among, .. } => among.as_ref(),
            Holds::Manual => None,
        }
    }

    /// Every length of time that it speaks of.
    pub(crate) fn lengths(&self) -> Vec<i64> {
        let mut found = Vec::new();
        let of_whens = |whens: &[When]| -> Vec<i64> {
            let lengths = whens.iter().filter_map(|when| match when {
                When::Older(length) | When::Newer(length) => Some(*length),
                _ => None,
            });
            lengths.collect()
        };
        let Some(question) = self.question() else { return found };
        question.walk(&mut |one| match one {
            Question::Held(_, length, _) => found.push(*length),
            Question::Attribute { whens, .. } | Question::First(_, whens) | Question::Last(_, whens) => {
                found.extend(of_whens(whens));
            }
            Question::Events { reach: Reach::Within(length), .. } => found.push(*length),
            Question::Sequence { within, remember, .. } => found.extend([*within, *remember]),
            Question::Journey { within: Some(length), .. }
            | Question::Message { within: Some(length), .. } => {
                found.push(*length);
            }
            _ => {}
        });
        found.sort_unstable();
        found.dedup();
        found.retain(|length| *length < 400 * DAY);
        found
    }
}
