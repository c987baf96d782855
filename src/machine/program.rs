//! Everything compiled, immutable and shared: what a transition is a function of, besides the contact.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::bucket;
use super::doors::Doors;
use super::scored::{Scored, Scores};
use crate::journey::{Deadline, Journey, Late, NodeKind, RetryDefinition, Send};
use crate::model::{ContactId, Enrollment, Hash, JourneyId, Message, Name, NodeId};
use crate::rule::Policy;
use crate::rule::permit::Timing;
use crate::rule::score::History;
use crate::rule::segment::{Line, Segments};
use crate::seeded::{Bug, is_on};
use crate::time::{Calendar, Zone, tzdb_version};

/// The journeys, rules and settings that a worker runs, from one revision of the catalog.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Program {
    /// Goes into every derived id; one per store.
    pub namespace: Name,
    /// The catalog's revision that this was built from.
    pub catalog: u64,
    /// The sending rules.
    pub policy: Policy,
    /// Which edition of them, as it is recorded with what is said.
    pub(crate) edition: Name,
    /// The zone of contacts and journeys without one of their own.
    pub zone: Zone,
    /// Identifies everything that can change a result: journeys, rules, pauses, the time-zone database.
    pub hash: Hash,
    /// How many of a hundred contacts are held out of every journey.
    pub holdout: u8,
    /// Named sets of dates that schedules keep to.
    pub calendars: Arc<BTreeMap<String, Calendar>>,
    pub(super) scores: Scores,
    pub(crate) segments: Arc<Segments>,
    /// A short hash of the segments' definitions, without the lines of ranks.
    pub(super) segmented: u64,
    lines: BTreeMap<Name, Line>,
    journeys: BTreeMap<JourneyId, Versions>,
    doors: Doors,
}

#[derive(Clone, Debug, Default)]
struct Versions {
    all: BTreeMap<u32, Arc<Journey>>,
    pauses: Vec<Pause>,
    archived: Vec<Pause>,
}

/// A time in which a journey holds its people, `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pause {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; absent while it lasts.
    pub until: Option<DateTime<Utc>>,
}

impl Pause {
    /// A pause from an instant on.
    #[must_use]
    pub fn new(from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Self {
        Self { from, until }
    }
}

/// What a [`Program`] is put together from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProgramParts {
    /// Goes into every derived id; one per store.
    pub namespace: Name,
    /// The catalog's revision.
    pub catalog: u64,
    /// Every version of every journey; the highest version is the one that contacts enter.
    pub journeys: Vec<Arc<Journey>>,
    /// When which journey was paused, in order of time.
    pub pauses: BTreeMap<JourneyId, Vec<Pause>>,
    /// When nobody entered which journey, in order of time.
    pub archived: BTreeMap<JourneyId, Vec<Pause>>,
    /// The sending rules.
    pub policy: Policy,
    /// The zone of last resort.
    pub zone: Zone,
    /// How many of a hundred contacts are held out of every journey.
    pub holdout: u8,
    /// Named sets of dates that schedules keep to.
    pub calendars: Arc<BTreeMap<String, Calendar>>,
    /// The newest rules of each score.
    pub scores: BTreeMap<Name, Scored>,
    /// The newest version of every segment.
    pub segments: Arc<Segments>,
    /// The lines of those that rank.
    pub lines: BTreeMap<Name, Line>,
}

impl Default for ProgramParts {
    fn default() -> Self {
        Self {
            namespace: "default".into(),
            catalog: 0,
            journeys: Vec::new(),
            pauses: BTreeMap::new(),
            archived: BTreeMap::new(),
            policy: Policy::default(),
            zone: Zone::utc(),
            holdout: 0,
            calendars: Arc::default(),
            scores: BTreeMap::new(),
            segments: Arc::default(),
            lines: BTreeMap::new(),
        }
    }
}

impl Program {
    /// The most nodes that one input or one timer leads an enrollment through.
    pub const STEP_BUDGET: u32 = 64;
    /// What a message waits in the outbox before it can be too late for its journey, whatever grace that gives.
    pub const LEAST_OUTAGE: TimeDelta = TimeDelta::minutes(5);
    /// The most timers that one transition fires; what is left is due at once.
    pub const MOST_TIMERS: u32 = 1_024;

    /// Puts a program together.
    #[must_use]
    pub fn new(parts: ProgramParts) -> Self {
        let hash = hash(&parts);
        let mut journeys: BTreeMap<JourneyId, Versions> = BTreeMap::new();
        for journey in parts.journeys {
            journeys.entry(journey.id.clone()).or_default().all.insert(journey.version, journey);
        }
        for (journey, pauses) in parts.pauses {
            if let Some(versions) = journeys.get_mut(&journey) {
                versions.pauses = pauses;
            }
        }
        for (journey, archived) in parts.archived {
            if let Some(versions) = journeys.get_mut(&journey) {
                versions.archived = archived;
            }
        }
        let newest = journeys.values().filter_map(|versions| versions.all.values().next_back());
        let all = journeys.values().flat_map(|versions| versions.all.values());
        let doors = Doors::of(newest, all);
        Self {
            namespace: parts.namespace,
            catalog: parts.catalog,
            edition: parts.policy.edition(),
            policy: parts.policy,
            zone: parts.zone,
            holdout: parts.holdout,
            calendars: parts.calendars,
            scores: Scores::new(parts.scores),
            segmented: segmented(&parts.segments),
            segments: parts.segments,
            lines: parts.lines,
            hash,
            journeys,
            doors,
        }
    }

    /// A program of some journeys and the defaults, for tests and hosts without a catalog.
    #[must_use]
    pub fn of(journeys: impl IntoIterator<Item = Journey>) -> Self {
        let journeys = journeys.into_iter().map(Arc::new).collect();
        Self::new(ProgramParts { journeys, ..ProgramParts::default() })
    }

    /// One version of one journey.
    #[must_use]
    pub fn journey(&self, id: &JourneyId, version: u32) -> Option<&Arc<Journey>> {
        self.journeys.get(id)?.all.get(&version)
    }

    /// Every score, with its newest rules.
    pub(crate) fn scores(&self) -> impl Iterator<Item = (&Name, &Scored)> {
        self.scores.all().map(|(_, score, scored)| (score, scored))
    }

    /// The newest rules of a score, where some are published.
    #[must_use]
    pub fn score(&self, name: &str) -> Option<&Scored> {
        self.scores.place(name).and_then(|place| self.scores.at(place)).map(|(_, scored)| scored)
    }

    /// Every version of every journey, in order of name and version.
    pub fn journeys(&self) -> impl Iterator<Item = &Arc<Journey>> {
        self.journeys.values().flat_map(|versions| versions.all.values())
    }

    /// The version of a journey that contacts enter.
    #[must_use]
    pub fn newest(&self, id: &JourneyId) -> Option<&Arc<Journey>> {
        self.journeys.get(id)?.all.values().next_back()
    }

    /// Every segment, compiled together.
    #[must_use]
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Whether a rank has its first line, which belongs to its definition.
    pub(super) fn has_first_line(&self, segment: &str) -> bool {
        self.line(segment).is_some_and(|line| line.edition <= 1)
    }

    /// Where a segment that ranks ends, where its line was drawn.
    #[must_use]
    pub fn line(&self, segment: &str) -> Option<&Line> {
        self.lines.get(segment)
    }

    /// The same with other segments, which nobody was ever moved by.
    pub(crate) fn segmented_by(&self, segments: Segments) -> Self {
        Self { segmented: segmented(&segments), segments: Arc::new(segments), ..self.clone() }
    }

    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The step that decided a message.
    pub(crate) fn send_of(&self, message: &Message) -> Option<&Send> {
        self.send_at(&message.journey, message.version, &message.node)
    }

    /// What a step says, where it says something.
    pub(crate) fn send_at(&self, journey: &JourneyId, version: u32, node: &NodeId) -> Option<&Send> {
        let journey = self.journey(journey, version)?;
        match &journey.nodes.get(journey.node(node)?)?.kind {
            NodeKind::Send(send) => Some(send),
            _ => None,
        }
    }

    /// Whether a line that a step says in the place of its template's own reads numbers.
    pub(crate) fn reads_numbers(&self) -> bool {
        let mut nodes = self.journeys().flat_map(|journey| journey.nodes.iter());
        nodes.any(|node| match &node.kind {
            NodeKind::Send(send) => {
                send.preheader.as_ref().is_some_and(|preheader| preheader.reads_numbers())
            }
            _ => false,
        })
    }

    /// What the step that decided a message says of further attempts.
    pub(crate) fn retry_of(&self, message: &Message) -> Option<RetryDefinition> {
        let journey = self.journey(&message.journey, message.version)?;
        match &journey.nodes.get(journey.node(&message.node)?)?.kind {
            NodeKind::Send(send) => send.retry,
            NodeKind::Call(call) => call.retry,
            _ => None,
        }
    }

    /// Whether a contact is told nothing by a journey, so that its effect can be measured.
    pub(crate) fn holds_out(&self, contact: &ContactId, journey: &Journey) -> bool {
        bucket::is_held_out(contact, None, self.holdout)
            || bucket::is_held_out(contact, Some(&journey.id), journey.holdout)
    }

    /// What the journey that decided a message says of its time, on the contact's clock at `now`.
    pub(crate) fn timing(&self, message: &Message, zone: &Zone, now: DateTime<Utc>) -> Timing<'_> {
        let Message { not_after, wanted_by, .. } = *message;
        let mut timing = Timing { not_after, wanted_by, ..Timing::default() };
        let Some(journey) = self.journey(&message.journey, message.version) else { return timing };
        if let Some(send) = self.send_of(message) {
            timing.window = send.window.as_ref();
            let yields = send.deadline.is_some_and(|deadline| deadline.then == Deadline::Send);
            // As it was written down before the two were told apart.
            if yields && wanted_by.is_none() && send.offer.is_none() {
                (timing.not_after, timing.wanted_by) = (None, not_after);
            }
        }
        let late = journey.late.filter(|late| late.then != Late::Send);
        // A host that wakes a moment after the due instant is no outage.
        let no_outage = message.decided_at.checked_add_signed(Self::LEAST_OUTAGE).unwrap_or(now);
        timing.late = late.is_some_and(|late| zone.add(message.decided_at, late.grace).max(no_outage) < now);
        timing
    }

    /// When something that is due at `due` happens: then, or when the pause that holds it ends; never, while it lasts.
    pub(super) fn effective(&self, journey: &JourneyId, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let pauses = self.journeys.get(journey).map_or(&[][..], |versions| &versions.pauses);
        pauses.iter().try_fold(due, |due, pause| match pause.until {
            _ if due < pause.from => Some(due),
            Some(until) => Some(due.max(until)),
            None => None,
        })
    }

    /// The same for something of one run, which an operator may hold.
    pub(super) fn effective_for(&self, enrollment: &Enrollment, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = self.effective(&enrollment.journey, due)?;
        match enrollment.held {
            Some(held) if due >= held.from && !is_on(Bug::HeldRuns) => {
                self.effective(&enrollment.journey, due.max(held.until?))
            }
            _ => Some(due),
        }
    }

    /// Whether what ends a wait of a run now is remembered and not followed.
    pub(super) fn is_still(&self, enrollment: &Enrollment, at: DateTime<Utc>) -> bool {
        let held = enrollment.held.is_some_and(|held| held.until.is_none());
        held || self.is_paused(&enrollment.journey, at)
    }

    pub(crate) fn is_paused(&self, journey: &JourneyId, at: DateTime<Utc>) -> bool {
        self.effective(journey, at) != Some(at)
    }

    /// Whether nobody enters a journey any more, as of an instant.
    pub(super) fn is_archived(&self, journey: &JourneyId, at: DateTime<Utc>) -> bool {
        let archived = self.journeys.get(journey).map_or(&[][..], |versions| &versions.archived);
        archived.iter().any(|time| time.from <= at && time.until.is_none_or(|until| at < until))
    }

    pub(super) fn journey_of(&self, enrollment: &Enrollment) -> Option<&Arc<Journey>> {
        if is_on(Bug::NewestVersionInFlight) {
            return self.journeys.get(&enrollment.journey)?.all.values().next_back();
        }
        self.journey(&enrollment.journey, enrollment.version)
    }
}

fn hash(parts: &ProgramParts) -> Hash {
    let mut hashes: Vec<Vec<u8>> = vec![
        parts.namespace.as_bytes().to_vec(),
        tzdb_version().as_bytes().to_vec(),
        format!("{:?}", parts.zone).into_bytes(),
        serde_json::to_vec(&parts.policy).unwrap_or_default(),
        serde_json::to_vec(&parts.pauses).unwrap_or_default(),
        vec![parts.holdout],
        serde_json::to_vec(&*parts.calendars).unwrap_or_default(),
    ];
    if !parts.archived.is_empty() {
        hashes.push(serde_json::to_vec(&parts.archived).unwrap_or_default());
    }
    for (score, scored) in &parts.scores {
        hashes.push([b"score".as_slice(), score.as_bytes(), scored.model.hash().as_bytes()].concat());
        hashes.push(vec![u8::from(scored.history == History::Keep)]);
        if let Some(purpose) = &scored.purpose {
            hashes.push([b"purpose".as_slice(), purpose.as_bytes()].concat());
        }
    }
    if !parts.segments.is_empty() {
        hashes.push([b"segments".as_slice(), parts.segments.hash().as_bytes()].concat());
    }
    hashes.extend(parts.journeys.iter().map(|journey| journey.hash.as_bytes().to_vec()));
    let slices: Vec<&[u8]> = hashes.iter().map(Vec::as_slice).collect();
    Hash::of("program", &slices)
}

/// A short hash of definitions alone; 0 of none.
fn segmented(segments: &Segments) -> u64 {
    let places = 0..segments.names().count();
    let versions = places.filter_map(|place| segments.at(place));
    let versions: Vec<u8> = versions.flat_map(|segment| segment.hash.as_bytes().to_vec()).collect();
    if versions.is_empty() {
        return 0;
    }
    let hash = Hash::of("segmented", &[&versions]);
    hash.as_bytes().iter().take(8).fold(0, |short, byte| (short << 8) | u64::from(*byte))
}
