//! Reads what an author wrote into what columns can answer.

use std::collections::BTreeMap;

use super::Audience;
use super::asked::Asked;
use super::draft::{Draft, Leaf, Node, Part};
use super::moment::{Moment, Period};
use super::profile::{MOST_COLUMNS, MOST_SETS, Profile, Sets};
use super::read_events::journey_of;
use crate::error::{BuildError, Diagnostic};
use crate::model::{Name, Value};
use crate::rule::segment::{QuestionDefinition, SegmentDefinition, Segments};
use crate::time::Span;

/// One reading of a draft and of all that it names.
pub(super) struct Reader<'a> {
    pub(super) audience: &'a Audience,
    saved: BTreeMap<&'a str, &'a SegmentDefinition>,
    /// The segments that were read, each after those that it names.
    parts: Vec<Part>,
    places: BTreeMap<&'a str, usize>,
    problems: Vec<Diagnostic>,
}

/// The code of what columns do not keep.
const UNKEPT: &str = "S040";

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
        // What is wrong with any of them is said as where they are published; from here on they are whole.
        Segments::compile(newest.values().copied().cloned(), &BTreeMap::new())?;
        let mut reader = Self {
            audience,
            saved: newest,
            parts: Vec::new(),
            places: BTreeMap::new(),
            problems: Vec::new(),
        };
        reader.segment(definition);
        if reader.parts.is_empty() && reader.problems.is_empty() {
            reader.unkept(&definition.segment, "what it asks");
        }
        BuildError::unless_empty(reader.problems)?;
        Ok(Draft { segment: definition.segment.as_str().into(), parts: reader.parts })
    }

    pub(super) fn unkept(&mut self, place: &str, what: &str) {
        let next = "ask Engine::count, which recounts every contact from its history";
        self.problems.push(Diagnostic::new(UNKEPT, place, format!("columns do not keep {what}"), next));
    }

    fn is_profile(&self, definition: &SegmentDefinition) -> bool {
        self.audience.policy.is_profiling(definition.purpose.as_deref())
    }

    /// Reads a segment as the next part.
    fn segment(&mut self, definition: &'a SegmentDefinition) {
        let place = definition.segment.as_str();
        let node = match (&definition.condition, &definition.rank, definition.manual) {
            (Some(question), None, false) => self.question(question, &format!("{place}/where")),
            (None, None, true) => Some(Node::Leaf(Leaf::Member(place.into()))),
            (None, Some(_), false) => {
                self.unkept(&format!("{place}/rank"), "where the line of a rank lies");
                None
            }
            _ => None,
        };
        if let Some(node) = node {
            self.places.insert(place, self.parts.len());
            let is_profile = self.is_profile(definition);
            self.parts.push(Part { node, is_profile });
        }
    }

    /// A segment that is named by another.
    fn named(&mut self, name: &str) -> Option<Node> {
        let (name, definition) = self.saved.get_key_value(name).map(|(name, found)| (*name, *found))?;
        if !self.places.contains_key(name) {
            let before = self.problems.len();
            self.segment(definition);
            // What columns cannot answer, the engine has answered: whoever it put there.
            if self.problems.len() > before {
                self.problems.truncate(before);
                self.places.insert(name, self.parts.len());
                let node = Node::Leaf(Leaf::Member(name.into()));
                self.parts.push(Part { node, is_profile: self.is_profile(definition) });
            }
        }
        self.places.get(name).map(|place| Node::Part(*place))
    }

    /// What somebody may have, where nobody who has it was left out.
    fn known<K: Ord + Clone>(&mut self, of: fn(&Profile) -> &Sets<K>, key: K, place: &str) -> Option<K> {
        if of(&self.audience.profile).knows(&key) {
            return Some(key);
        }
        self.unkept(place, &format!("more than {MOST_SETS} of these by name"));
        None
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
        let leaf = if let Some(nodes) = &given.all {
            return self.several(nodes, &format!("{place}.all")).map(Node::All);
        } else if let Some(nodes) = &given.any {
            return self.several(nodes, &format!("{place}.any")).map(Node::Any);
        } else if let Some(node) = &given.not {
            return self.question(node, &format!("{place}.not")).map(|node| Node::Not(Box::new(node)));
        } else if let Some(segment) = &given.segment {
            return self.named(segment);
        } else if let Some(tag) = &given.tag {
            Leaf::Tag(self.known(|profile| &profile.tags, name(tag), place)?)
        } else if let Some(attribute) = &given.attribute {
            let profile = &self.audience.profile;
            if profile.full && !profile.attributes.contains_key(attribute.as_str()) {
                self.unkept(place, &format!("more than {MOST_COLUMNS} attributes"));
                return None;
            }
            let dates = [&given.on, &given.before, &given.after];
            let moment = moment([&given.older_than, &given.newer_than], dates)?;
            let moment = Moment { anniversary: given.anniversary.map(|soon| soon.days), ..moment };
            Leaf::Attribute { name: name(attribute), asked, moment }
        } else if let Some(score) = &given.score {
            Leaf::Score { name: name(score), asked }
        } else if let Some(score) = &given.tier {
            Leaf::Tier { score: name(score), asked }
        } else if let Some(mark) = &given.mark {
            let score = given.of.as_ref().map(name).unwrap_or_default();
            Leaf::Mark(self.known(|profile| &profile.marks, (score, name(mark)), place)?)
        } else if let Some(purpose) = &given.consent {
            let channel = given.channel.as_ref().map(name).unwrap_or_default();
            let asked = (name(purpose), channel);
            let asked = self.known(|profile| &profile.granted, asked, place)?;
            return consent(self.known(|profile| &profile.withdrawn, asked, place)?, given);
        } else if let Some(journey) = &given.journey {
            let journey = self.known(|profile| &profile.entered, name(journey), place)?;
            return journey_of(journey, given);
        } else if let Some(bucket) = &given.bucket {
            Leaf::Bucket { salt: name(&bucket.salt), from: bucket.from, to: bucket.to }
        } else {
            return self.events(given, place);
        };
        Some(Node::Leaf(leaf))
    }
}

fn consent(consent: (Name, Name), given: &QuestionDefinition) -> Option<Node> {
    let [granted, withdrawn] = [Leaf::Granted(consent.clone()), Leaf::Withdrawn(consent)].map(Node::Leaf);
    match word(given, "granted")? {
        "granted" => Some(granted),
        "withdrawn" => Some(withdrawn),
        "none" => Some(Node::Not(Box::new(Node::Any(vec![granted, withdrawn])))),
        _ => None,
    }
}

/// The word of `is`.
pub(super) fn word<'w>(given: &'w QuestionDefinition, usual: &'w str) -> Option<&'w str> {
    match &given.is {
        None => Some(usual),
        Some(Value::Text(word)) => Some(word),
        Some(_) => None,
    }
}

pub(super) fn moment(
    [older, newer]: [&Option<String>; 2],
    [on, before, after]: [&Option<String>; 3],
) -> Option<Moment> {
    let mut moment = Moment::default();
    for (text, span) in [(older, &mut moment.older), (newer, &mut moment.newer)] {
        if let Some(text) = text {
            *span = Some(length(text)?);
        }
    }
    for (text, period) in [(on, &mut moment.on), (before, &mut moment.before), (after, &mut moment.after)] {
        if let Some(text) = text {
            *period = Some(Period::read(text)?);
        }
    }
    Some(moment)
}

/// A length in milliseconds.
pub(super) fn length(text: &str) -> Option<i64> {
    let span: Span = text.parse().ok()?;
    let exact = i64::try_from(span.milliseconds).ok()?;
    (span.months == 0).then(|| exact.saturating_add(i64::from(span.days) * 86_400_000))
}
