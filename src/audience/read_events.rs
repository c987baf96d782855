//! Reads questions about events, messages and journeys.

use chrono::DateTime;

use super::asked::Asked;
use super::draft::{Events, Leaf, Measure, Node, Sequence, Source, Window};
use super::log::Log;
use super::moment::Moment;
use super::read::{Reader, length, moment, word};
use crate::model::Kind;
use crate::model::Name;
use crate::rule::segment::{
    AggregateDefinition, EventsDefinition, MessageDefinition, MomentDefinition, QuestionDefinition,
    SequenceDefinition, WhereDefinition,
};

#[allow(clippy::ptr_arg)] // what options of texts are mapped with
fn name(text: &String) -> Name {
    Name::from(text.as_str())
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn filter(given: Option<&WhereDefinition>) -> Vec<(Name, Asked)> {
    let all = given.into_iter().flatten();
    all.map(|(property, condition)| (name(property), Asked::condition(condition))).collect()
}

fn counted(source: Source, window: Window, range: (i64, i64)) -> Node {
    Node::Leaf(Leaf::Events(Events { source, window, measure: Measure::Count(range) }))
}

/// At least one.
const SOME: (i64, i64) = (1, i64::MAX);

impl Reader<'_> {
    fn source(&mut self, given: &EventsDefinition, place: &str) -> Option<Source> {
        let mut names: Vec<Name> =
            given.event.iter().chain(given.events.iter().flatten()).map(name).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() && given.prefix.is_none() {
            return None;
        }
        let source =
            Source { names, prefix: given.prefix.as_ref().map(name), filter: filter(given.filter.as_ref()) };
        let filtered: Vec<&Name> = source.filter.iter().map(|(property, _)| property).collect();
        self.properties(&source, &filtered, place)?;
        Some(source)
    }

    /// Whether the properties are kept, or never came.
    fn properties(&mut self, source: &Source, properties: &[&Name], place: &str) -> Option<()> {
        let history = &self.audience.history;
        let asked = history.iter().filter(|(event, _)| match &source.prefix {
            Some(prefix) => event.starts_with(&**prefix),
            None => source.names.contains(*event),
        });
        let is_left_out =
            |log: &Log| log.full && properties.iter().any(|property| log.property(property).is_none());
        let is_left_out = asked.into_iter().any(|(_, log)| is_left_out(log));
        let is_unknown = |event: &Name| !history.contains_key(event);
        let may_be = source.prefix.is_some() || source.names.iter().any(is_unknown);
        if is_left_out || self.audience.full && may_be {
            let most = Log::MOST_PROPERTIES;
            self.unkept(
                place,
                &format!("more than {most} properties of an event, or more than so many names"),
            );
            return None;
        }
        Some(())
    }

    pub(super) fn events(&mut self, given: &QuestionDefinition, place: &str) -> Option<Node> {
        if let Some(sequence) = &given.sequence {
            return self.sequence(sequence, &format!("{place}.sequence"));
        }
        for (event, message, tracked) in [
            ("message.sent", &given.sent, false),
            ("message.delivered", &given.delivered, false),
            ("message.opened", &given.opened, true),
            ("message.clicked", &given.clicked, true),
        ] {
            if let Some(message) = message {
                return message_of(event, message, tracked);
            }
        }
        let asked = EventsDefinition {
            event: given.event.clone(),
            events: given.events.clone(),
            prefix: given.prefix.clone(),
            filter: given.filter.clone(),
        };
        let source = self.source(&asked, place)?;
        let window = window(given)?;
        let mut nodes = Vec::new();
        let mut leaf = |measure: Measure| {
            nodes.push(Node::Leaf(Leaf::Events(Events { source: source.clone(), window, measure })));
        };
        if let Some(count) = &given.count {
            leaf(Measure::Count(Asked::aggregate(count).range(Kind::Integer)?));
        }
        if let Some(distinct) = &given.distinct {
            let range = Asked::aggregate(distinct).range(Kind::Integer)?;
            leaf(Measure::Distinct(self.of(&source, distinct, place)?, range));
        }
        type Make = fn(Name, Asked) -> Measure;
        let aggregates: [(&Option<AggregateDefinition>, Make); 4] = [
            (&given.sum, Measure::Sum),
            (&given.average, Measure::Average),
            (&given.min, Measure::Min),
            (&given.max, Measure::Max),
        ];
        for (aggregate, make) in aggregates {
            let Some(aggregate) = aggregate else { continue };
            leaf(make(self.of(&source, aggregate, place)?, Asked::aggregate(aggregate)));
        }
        if let Some(first) = &given.first {
            leaf(Measure::First(when(first)?));
        }
        if let Some(like) = &given.last_with {
            if source.names.len() != 1 {
                // Which of two names came last is not known where they share an instant.
                self.unkept(&format!("{place}.last_with"), "in which order events of several names arrived");
                return None;
            }
            let like = filter(Some(like));
            self.properties(&source, &like.iter().map(|(property, _)| property).collect::<Vec<_>>(), place)?;
            leaf(Measure::LastWith(like));
        }
        if let Some(last) = &given.last {
            let moment = when(last)?;
            if moment.is_civil() {
                leaf(Measure::Last(moment));
            } else {
                // Counting is cheaper than finding the last one.
                nodes.extend(newest(&source, &moment));
            }
        }
        match nodes.len() {
            0 => Some(counted(source, window, SOME)),
            1 => nodes.pop(),
            _ => Some(Node::All(nodes)),
        }
    }

    /// The property that an aggregate is of.
    fn of(&mut self, source: &Source, given: &AggregateDefinition, place: &str) -> Option<Name> {
        let of = name(given.of.as_ref()?);
        self.properties(source, &[&of], place)?;
        Some(of)
    }

    fn sequence(&mut self, given: &SequenceDefinition, place: &str) -> Option<Node> {
        let (second, comes) = match (&given.then, &given.never) {
            (Some(then), None) => (then, true),
            (None, Some(never)) => (never, false),
            _ => return None,
        };
        let first = self.source(&given.first, &format!("{place}.first"))?;
        let second = self.source(second, &format!("{place}.{}", if comes { "then" } else { "never" }))?;
        let within = length(&given.within)?;
        let remember = length(&given.remember)?;
        Some(Node::Leaf(Leaf::Sequence(Sequence { first, second, comes, within, remember })))
    }
}

fn when(given: &MomentDefinition) -> Option<Moment> {
    moment([&given.older_than, &given.newer_than], [&given.on, &given.before, &given.after])
}

fn window(given: &QuestionDefinition) -> Option<Window> {
    if let Some(within) = &given.within {
        return Some(Window::Within(length(within)?));
    }
    if let Some(days) = given.calendar_days {
        return Some(Window::Days(days));
    }
    if given.from.is_none() && given.to.is_none() {
        return Some(Window::Ever);
    }
    let mut ends = [i64::MIN, i64::MAX];
    for (text, end) in [&given.from, &given.to].into_iter().zip(&mut ends) {
        if let Some(text) = text {
            *end = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        }
    }
    let [from, to] = ends;
    Some(Window::Between(from, to))
}

fn message_of(event: &str, given: &MessageDefinition, tracked: bool) -> Option<Node> {
    let asked = [("journey", &given.journey), ("template", &given.template), ("channel", &given.channel)];
    let asked = asked.into_iter().filter_map(|(property, text)| {
        text.as_ref().map(|text| (Name::from(property), Asked::is(text.as_str())))
    });
    let source = Source { names: vec![event.into()], prefix: None, filter: asked.collect() };
    let window = match &given.within {
        Some(within) => Window::Within(length(within)?),
        None => Window::Ever,
    };
    let happened = counted(source, window, SOME);
    let channel = given.channel.as_ref().map_or("email".into(), name);
    let known = Node::Leaf(Leaf::Granted(("tracking".into(), channel)));
    match (given.is.as_str(), tracked) {
        ("yes", _) => Some(happened),
        ("no", false) => Some(not(happened)),
        ("no", true) => Some(Node::All(vec![known, not(happened)])),
        ("unknown", true) => Some(Node::All(vec![not(known), not(happened)])),
        _ => None,
    }
}

pub(super) fn journey_of(journey: Name, given: &QuestionDefinition) -> Option<Node> {
    let window = window(given)?;
    let left = |completed: bool| {
        let mut filter = vec![("journey".into(), Asked::is(&*journey))];
        if completed {
            filter.push(("completed".into(), Asked::is(true)));
        }
        counted(Source { names: vec!["journey.left".into()], prefix: None, filter }, window, SOME)
    };
    match word(given, "in")? {
        "in" => Some(Node::Leaf(Leaf::Active(journey))),
        // What a host tells of an entry is none.
        "never" => Some(not(Node::Leaf(Leaf::Entered(journey)))),
        "completed" => Some(left(true)),
        "left" => Some(left(false)),
        _ => None,
    }
}

/// The last of these events lies there.
fn newest(source: &Source, moment: &Moment) -> Vec<Node> {
    let mut nodes = vec![counted(source.clone(), Window::Ever, SOME)];
    if let Some(newer) = moment.newer {
        nodes = vec![counted(source.clone(), Window::Within(newer), SOME)];
    }
    nodes.extend(moment.older.map(|older| not(counted(source.clone(), Window::Within(older), SOME))));
    nodes
}
