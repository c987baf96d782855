//! Reads what an author wrote into what columns can answer.

use std::collections::BTreeMap;

use super::Audience;
use super::asked::{Asked, Kind, Range};
use super::draft::{Draft, Leaf, Node};
use super::moment::{Moment, Period};
use super::profile::MOST_COLUMNS;
use crate::error::{BuildError, Diagnostic};
use crate::model::Name;
use crate::rule::nearest;
use crate::rule::segment::{QuestionDefinition, SegmentDefinition};
use crate::time::Span;

/// One reading of a draft and of all that it names.
pub(super) struct Reader<'a> {
    pub(super) audience: &'a Audience,
    saved: BTreeMap<&'a str, &'a SegmentDefinition>,
    /// The segments that were read, each after those that it names.
    parts: Vec<Node>,
    places: BTreeMap<&'a str, usize>,
    /// The segments that are being read.
    open: Vec<&'a str>,
    problems: Vec<Diagnostic>,
}

/// The code of what columns do not keep.
const UNKEPT: &str = "S090";
/// The code of what no question is.
const UNREADABLE: &str = "S091";
/// The code of a segment that nobody knows, or that names itself.
const UNKNOWN: &str = "S092";

impl<'a> Reader<'a> {
    pub(super) fn read(
        audience: &'a Audience,
        definition: &'a SegmentDefinition,
        saved: &'a [SegmentDefinition],
    ) -> Result<Draft, BuildError> {
        let mut newest: BTreeMap<&str, &SegmentDefinition> = BTreeMap::new();
        for segment in saved {
            let held = newest.entry(&segment.segment).or_insert(segment);
            if held.version < segment.version {
                *held = segment;
            }
        }
        newest.insert(&definition.segment, definition);
        let mut reader = Self {
            audience,
            saved: newest,
            parts: Vec::new(),
            places: BTreeMap::new(),
            open: Vec::new(),
            problems: Vec::new(),
        };
        reader.segment(definition);
        BuildError::unless_empty(reader.problems)?;
        Ok(Draft { segment: definition.segment.as_str().into(), parts: reader.parts })
    }

    pub(super) fn unkept(&mut self, place: &str, what: &str) {
        let next = "ask Engine::count, which recounts every contact from its history";
        self.problems.push(Diagnostic::new(UNKEPT, place, format!("columns do not keep {what}"), next));
    }

    pub(super) fn unreadable(&mut self, place: impl Into<String>, sentence: impl Into<String>, next: &str) {
        self.problems.push(Diagnostic::new(UNREADABLE, place, sentence, next));
    }

    /// Reads a segment as the next part.
    fn segment(&mut self, definition: &'a SegmentDefinition) {
        let place = definition.segment.as_str();
        self.open.push(place);
        let node = match (&definition.condition, &definition.rank, definition.manual) {
            (Some(question), None, false) => self.question(question, &format!("{place}/where")),
            (None, None, true) => Some(Node::Leaf(Leaf::Member(place.into()))),
            (None, Some(_), false) => {
                self.unkept(&format!("{place}/rank"), "where the line of a rank lies");
                None
            }
            _ => {
                self.unreadable(
                    place,
                    "it has not exactly one of where, rank and manual",
                    "write one of them",
                );
                None
            }
        };
        self.open.pop();
        if let Some(node) = node {
            self.places.insert(place, self.parts.len());
            self.parts.push(node);
        }
    }

    /// A segment that is named by another.
    fn named(&mut self, name: &str, place: &str) -> Option<Node> {
        let Some((name, definition)) = self.saved.get_key_value(name).map(|(name, found)| (*name, *found))
        else {
            let near = nearest(name, self.saved.keys().copied());
            let next = near
                .map_or("name one of the saved segments".into(), |near| format!("did you mean {near:?}?"));
            let sentence = format!("there is no segment {name:?}");
            self.problems.push(Diagnostic::new(UNKNOWN, place, sentence, next));
            return None;
        };
        if let Some(begin) = self.open.iter().position(|open| *open == name) {
            let circle = self.open.iter().skip(begin).chain([&name]).copied().collect::<Vec<_>>().join(" → ");
            let sentence = format!("the segments name each other in a circle: {circle}");
            self.problems.push(Diagnostic::new(UNKNOWN, place, sentence, "take one of them out of it"));
            return None;
        }
        if !self.places.contains_key(name) {
            let before = self.problems.len();
            self.segment(definition);
            // What columns cannot answer, the engine has answered: whoever it put there.
            if self.problems.iter().skip(before).any(|problem| problem.code == UNKEPT)
                && self.problems.iter().skip(before).all(|problem| problem.code == UNKEPT)
            {
                self.problems.truncate(before);
                self.places.insert(name, self.parts.len());
                self.parts.push(Node::Leaf(Leaf::Member(name.into())));
            }
        }
        self.places.get(name).map(|place| Node::Part(*place))
    }

    fn several(&mut self, nodes: &[QuestionDefinition], place: &str) -> Option<Vec<Node>> {
        let read = nodes.iter().enumerate();
        let read: Vec<_> =
            read.map(|(number, node)| self.question(node, &format!("{place}[{number}]"))).collect();
        let mut read: Vec<Node> = read.into_iter().collect::<Option<_>>()?;
        read.sort_by_key(Node::cost);
        Some(read)
    }

    pub(super) fn question(&mut self, given: &QuestionDefinition, place: &str) -> Option<Node> {
        if given.held_for.is_some() {
            self.unkept(&format!("{place}.held_for"), "since when something has been so");
            return None;
        }
        let name = |text: &String| Name::from(text.as_str());
        let asked = Asked::question(given);
        if let Some(kind) = given.kind.as_deref().filter(|kind| Kind::named(kind).is_none()) {
            let near = nearest(kind, Kind::NAMES.iter().map(|(name, _)| *name)).unwrap_or("text");
            self.unreadable(
                format!("{place}.type"),
                format!("there is no type {kind:?}"),
                &format!("did you mean {near}?"),
            );
            return None;
        }
        let leaf = if let Some(nodes) = &given.all {
            return self.several(nodes, &format!("{place}.all")).map(Node::All);
        } else if let Some(nodes) = &given.any {
            return self.several(nodes, &format!("{place}.any")).map(Node::Any);
        } else if let Some(node) = &given.not {
            return self.question(node, &format!("{place}.not")).map(|node| Node::Not(Box::new(node)));
        } else if let Some(segment) = &given.segment {
            return self.named(segment, &format!("{place}.segment"));
        } else if let Some(tag) = &given.tag {
            Leaf::Tag(name(tag))
        } else if let Some(attribute) = &given.attribute {
            let profile = &self.audience.profile;
            if profile.full && !profile.attributes.contains_key(attribute.as_str()) {
                self.unkept(place, &format!("more than {MOST_COLUMNS} attributes"));
                return None;
            }
            let moment = self.moment(
                [&given.older_than, &given.newer_than],
                [&given.on, &given.before, &given.after],
                place,
            )?;
            let moment = Moment { anniversary: given.anniversary.map(|soon| soon.days), ..moment };
            Leaf::Attribute { name: name(attribute), asked, moment }
        } else if let Some(score) = &given.score {
            Leaf::Score { name: name(score), asked }
        } else if let Some(score) = &given.tier {
            Leaf::Tier { score: name(score), asked }
        } else if let Some(mark) = &given.mark {
            let score = given.of.as_ref().map(name).unwrap_or_default();
            Leaf::Mark((score, name(mark)))
        } else if let Some(purpose) = &given.consent {
            let channel = given.channel.as_ref().map(name).unwrap_or_default();
            return self.consent((name(purpose), channel), given, place);
        } else if let Some(journey) = &given.journey {
            return self.journey(name(journey), given, place);
        } else if let Some(bucket) = &given.bucket {
            Leaf::Bucket { salt: name(&bucket.salt), from: bucket.from, to: bucket.to }
        } else {
            return self.events(given, place);
        };
        Some(Node::Leaf(leaf))
    }

    fn consent(&mut self, consent: (Name, Name), given: &QuestionDefinition, place: &str) -> Option<Node> {
        let [granted, withdrawn] = [Leaf::Granted(consent.clone()), Leaf::Withdrawn(consent)].map(Node::Leaf);
        match self.word(given, "granted", place)? {
            "granted" => Some(granted),
            "withdrawn" => Some(withdrawn),
            "none" => Some(Node::Not(Box::new(Node::Any(vec![granted, withdrawn])))),
            other => {
                let sentence = format!("a consent is never {other:?}");
                self.unreadable(format!("{place}.is"), sentence, "write granted, withdrawn or none");
                None
            }
        }
    }

    /// The word of `is`.
    pub(super) fn word<'w>(
        &mut self,
        given: &'w QuestionDefinition,
        usual: &'w str,
        place: &str,
    ) -> Option<&'w str> {
        match &given.is {
            None => Some(usual),
            Some(crate::model::Value::Text(word)) => Some(word),
            Some(_) => {
                self.unreadable(format!("{place}.is"), "a word is asked for", "write a word");
                None
            }
        }
    }

    pub(super) fn moment(
        &mut self,
        [older, newer]: [&Option<String>; 2],
        [on, before, after]: [&Option<String>; 3],
        place: &str,
    ) -> Option<Moment> {
        let mut moment = Moment::default();
        for (field, text, length) in
            [("older_than", older, &mut moment.older), ("newer_than", newer, &mut moment.newer)]
        {
            if let Some(text) = text {
                *length = Some(self.length(text, &format!("{place}.{field}"))?);
            }
        }
        let periods = [
            ("on", on, &mut moment.on),
            ("before", before, &mut moment.before),
            ("after", after, &mut moment.after),
        ];
        for (field, text, period) in periods {
            if let Some(text) = text {
                *period = Period::read(text);
                if period.is_none() {
                    let sentence = format!("{text:?} is no local date");
                    self.unreadable(
                        format!("{place}.{field}"),
                        sentence,
                        "write 2026-03-28, today, this_week or +5d",
                    );
                    return None;
                }
            }
        }
        Some(moment)
    }

    /// A length in milliseconds.
    pub(super) fn length(&mut self, text: &str, place: &str) -> Option<i64> {
        let problem = match text.parse::<Span>() {
            Err(error) => error.to_string(),
            Ok(span) if span.months > 0 => format!("{text:?} has months, which are not of one length"),
            Ok(span) if span.is_zero() => format!("{text:?} is no time at all"),
            Ok(span) => {
                let exact = i64::try_from(span.milliseconds).ok()?;
                return Some(exact.saturating_add(i64::from(span.days) * 86_400_000));
            }
        };
        self.unreadable(place, problem, "write a length such as 12h or 30d");
        None
    }

    /// The numbers for which a comparison of a count holds.
    pub(super) fn range(&mut self, asked: &Asked, place: &str) -> Option<Range> {
        let range = asked.range(Kind::Integer);
        if range.is_none() {
            self.unreadable(place, "a count is compared with a whole number", "write one from 0 to 4096");
        }
        range
    }
}
