//! Makes one thing of all definitions.

use std::collections::{BTreeMap, BTreeSet};

use super::author::Author;
use super::definition::{RankDefinition, SegmentDefinition};
use super::leaf::{Ask, By};
use super::line::Line;
use super::order::order;
use super::program::{Form, Program};
use super::segments::{Compiled, Index, Segment, SegmentKind, Segments};
use super::settle::index;
use crate::error::BuildError;
use crate::model::{Hash, Name};

/// A definition that was read.
pub(super) struct Read {
    pub(super) name: Name,
    version: u32,
    hash: Hash,
    kind: SegmentKind,
    purpose: Option<Name>,
    form: Form,
    rank: Option<(By, Option<Form>)>,
    /// The leaves that it asks, each once.
    pub(super) leaves: BTreeSet<u32>,
}

pub(super) fn compile(
    definitions: impl IntoIterator<Item = SegmentDefinition>,
    lines: &BTreeMap<Name, Line>,
) -> Result<Compiled, BuildError> {
    let mut newest: BTreeMap<String, SegmentDefinition> = BTreeMap::new();
    for definition in definitions {
        match newest.get(&definition.segment) {
            Some(known) if known.version >= definition.version => {}
            _ => drop(newest.insert(definition.segment.clone(), definition)),
        }
    }
    let mut author = Author { known: newest.keys().map(String::as_str).collect(), ..Author::default() };
    if newest.len() > Segments::MOST {
        let sentence =
            format!("there are {} segments, and at most {} are allowed", newest.len(), Segments::MOST);
        author.wrong::<()>("S030", "segments", sentence, "join those that ask nearly the same");
    }
    let read: Vec<_> = newest
        .values()
        .map(|definition| author.segment(definition, lines.get(&*definition.segment)))
        .collect();
    let known: Vec<_> = read.into_iter().flatten().collect();
    let sorted = if author.problems.is_empty() { order(known, &mut author) } else { None };
    BuildError::unless_empty(std::mem::take(&mut author.problems))?;
    Ok(finish(sorted.unwrap_or_default(), author, lines))
}

/// Everything that hangs on the places.
fn finish(sorted: Vec<Read>, author: Author<'_>, lines: &BTreeMap<Name, Line>) -> Compiled {
    let leaves = author.leaves;
    let mut compiled = Compiled {
        leaves: leaves.list,
        streams: leaves.rules,
        filters: leaves.filters,
        ..Compiled::default()
    };
    compiled.places = sorted.iter().enumerate().map(|(place, read)| (read.name.clone(), place)).collect();
    let mut hashes = Vec::new();
    for (place, read) in (0_u32..).zip(sorted) {
        hashes.extend_from_slice(read.hash.as_bytes());
        let mut streams = BTreeSet::new();
        for leaf in &read.leaves {
            let Some(leaf) = compiled.leaves.get_mut(index(*leaf)) else { continue };
            leaf.readers.push(place);
            streams.extend(leaf.streams.iter().copied());
        }
        let costs = |leaf| compiled.leaves.get(index(leaf)).map_or(0, |leaf| leaf.cost);
        let program = Program::new(&read.form, &costs);
        let Read { name, version, hash, kind, purpose, form, rank, .. } = read;
        let streams = streams.into_iter().collect();
        compiled.segments.push(Segment {
            name,
            version,
            hash,
            kind,
            purpose,
            form,
            program,
            streams,
            askers: Vec::new(),
            asks: Vec::new(),
            rank,
        });
    }
    let lines = serde_json::to_vec(lines).unwrap_or_default();
    compiled.hash = Hash::of("segments", &[&hashes, &lines]);
    compiled.short =
        compiled.hash.as_bytes().iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte));
    for (place, leaf) in (0_u32..).zip(&mut compiled.leaves) {
        resolve(&mut leaf.ask, &compiled.places);
        if leaf.ask.is_timed() {
            leaf.slot = u32::try_from(compiled.timed.len()).ok();
            compiled.timed.push(place);
        }
        for stream in &leaf.streams {
            compiled.streams.get_mut(index(*stream)).into_iter().for_each(|rule| rule.leaves.push(place));
        }
        if let Some(asked) = asks(&leaf.ask).and_then(|asked| compiled.places.get(asked)).copied() {
            compiled.segments.get_mut(asked).into_iter().for_each(|segment| segment.askers.push(place));
            for reader in &leaf.readers {
                let reader = compiled.segments.get_mut(index(*reader));
                reader.into_iter().for_each(|segment| segment.asks.extend(u32::try_from(asked)));
            }
        }
        note(&mut compiled.index, &leaf.ask, place);
    }
    compiled.keys = compiled.streams.iter().map(|rule| rule.key).collect();
    for (place, filter) in (0_u32..).zip(&compiled.filters) {
        for name in &filter.names {
            compiled.named.entry(name.clone()).or_default().push(place);
        }
        compiled.prefixes.extend(filter.prefix.iter().map(|prefix| (prefix.clone(), place)));
    }
    compiled
}

/// The segment that a leaf asks for.
pub(super) fn asks(ask: &Ask) -> Option<&str> {
    match ask {
        Ask::Segment { name, .. } => Some(name),
        Ask::Held { of, .. } => asks(of),
        _ => None,
    }
}

fn resolve(ask: &mut Ask, places: &BTreeMap<Name, usize>) {
    match ask {
        Ask::Segment { name, place } => {
            *place = places.get(name).and_then(|place| u32::try_from(*place).ok()).unwrap_or(u32::MAX);
        }
        Ask::Held { of, .. } => resolve(of, places),
        _ => {}
    }
}

/// Notes what a leaf reads.
fn note(all: &mut Index, ask: &Ask, place: u32) {
    let (map, name) = match ask {
        Ask::Held { of, .. } => return note(all, of, place),
        Ask::Attribute(ask) => {
            if !ask.moment.is_empty() || ask.anniversary.is_some() {
                all.civil.push(place);
            }
            (&mut all.attributes, &ask.name)
        }
        Ask::Tag(tag) => (&mut all.tags, tag),
        Ask::Score { score, .. } | Ask::Ranked { by: By::Score(score), .. } => (&mut all.scores, score),
        Ask::Ranked { by: By::Attribute(name), .. } => (&mut all.attributes, name),
        Ask::Tier { score, .. } => (&mut all.tiers, score),
        Ask::Mark { score, .. } => (&mut all.marks, score),
        Ask::Consent { purpose, .. } => (&mut all.consents, purpose),
        Ask::InJourney(journey) | Ask::NeverJourney(journey) => (&mut all.journeys, journey),
        Ask::Told(segment) => (&mut all.told, segment),
        Ask::Message { .. } => return all.consents.entry("tracking".into()).or_default().push(place),
        ask if ask.is_civil() => return all.civil.push(place),
        _ => return,
    };
    map.entry(name.clone()).or_default().push(place);
}

impl Author<'_> {
    /// Reads one definition.
    fn segment(&mut self, definition: &SegmentDefinition, line: Option<&Line>) -> Option<Read> {
        let before = self.problems.len();
        self.leaves.purpose.clone_from(&definition.purpose);
        let shown: String = definition.segment.chars().take(64).collect();
        let given = [definition.condition.is_some(), definition.rank.is_some(), definition.manual];
        if definition.segment.trim().is_empty() || definition.segment.len() > SegmentDefinition::MOST_NAME {
            let sentence =
                format!("the name of a segment has from 1 to {} bytes", SegmentDefinition::MOST_NAME);
            self.wrong::<()>("S004", &shown, sentence, "write a shorter one, or one at all");
        }
        if definition.version == 0 {
            let place = format!("{shown}/version");
            self.wrong::<()>("S003", &place, "versions are counted from 1", "write version: 1");
        }
        if definition.language == 0 || definition.language > SegmentDefinition::LANGUAGE {
            let sentence = format!("this crate reads the language up to {}", SegmentDefinition::LANGUAGE);
            let next = "use a newer version of the crate, or write it in what this one reads";
            self.wrong::<()>("S002", &format!("{shown}/language"), sentence, next);
        }
        if given.into_iter().filter(|given| *given).count() != 1 {
            let sentence = "a segment says in exactly one way who is in it";
            self.wrong::<()>("S001", &shown, sentence, "write one of where, rank or manual: true");
        }
        let (form, kind, rank) = if let Some(condition) = &definition.condition {
            (self.form(condition, &format!("{shown}/where"), 0), SegmentKind::Where, None)
        } else if let Some(rank) = &definition.rank {
            let (form, rank) = self.rank(definition, rank, line, &format!("{shown}/rank"))?;
            (Some(form), SegmentKind::Rank, Some(rank))
        } else {
            let text = format!("{{\"manual\":{:?}}}", definition.segment);
            let ask = Ask::Told(definition.segment.as_str().into());
            (self.ask(text, ask, Vec::new()), SegmentKind::Manual, None)
        };
        if self.problems.len() > before {
            return None;
        }
        let form = form?;
        let mut leaves = Vec::new();
        form.leaves(&mut leaves);
        let text = serde_json::to_vec(definition).unwrap_or_default();
        Some(Read {
            name: definition.segment.as_str().into(),
            version: definition.version,
            hash: Hash::of("segment", &[&text]),
            kind,
            purpose: definition.purpose.as_deref().map(Name::from),
            form,
            rank,
            leaves: leaves.into_iter().collect(),
        })
    }

    fn rank(
        &mut self,
        definition: &SegmentDefinition,
        rank: &RankDefinition,
        line: Option<&Line>,
        place: &str,
    ) -> Option<(Form, (By, Option<Form>))> {
        let before = self.problems.len();
        let by = match (&rank.score, &rank.attribute) {
            (Some(score), None) => self.named(score, &format!("{place}.score")).map(By::Score),
            (None, Some(name)) => self.path(name, &format!("{place}.attribute")).map(By::Attribute),
            _ => self.wrong("S028", place, "people rank by one number", "write either score or attribute"),
        };
        match (rank.first, rank.percent) {
            (Some(1..=1_000_000), None) | (None, Some(1..=100)) => {}
            (Some(first), None) => {
                let sentence = format!("the first 1 to 1,000,000 people are in, not {first}");
                self.wrong::<()>("S028", &format!("{place}.first"), sentence, "write how many");
            }
            (None, Some(percent)) => {
                let sentence = format!("1 to 100 of a hundred are in, not {percent}");
                self.wrong::<()>(
                    "S028",
                    &format!("{place}.percent"),
                    sentence,
                    "write how many of a hundred",
                );
            }
            _ => {
                let sentence = "a rank ends in one place";
                self.wrong::<()>("S028", place, sentence, "write either first or percent");
            }
        }
        if let Err(problems) = rank.every.compile() {
            for problem in problems {
                let at = format!("{place}.every.{}", problem.field);
                self.wrong::<()>("S028", &at, problem.sentence, problem.next);
            }
        }
        let among = match &rank.among {
            Some(among) => Some(self.form(among, &format!("{place}.among"), 1)?),
            None => None,
        };
        if self.problems.len() > before {
            return None;
        }
        let by = by?;
        let text = serde_json::to_string(&(&definition.segment, rank)).unwrap_or_default();
        let ranked = self.ask(text, Ask::Ranked { by: by.clone(), line: line.cloned() }, Vec::new())?;
        let form = match &among {
            Some(among) => Form::All(vec![among.clone(), ranked]),
            None => ranked,
        };
        Some((form, (by, among)))
    }
}
