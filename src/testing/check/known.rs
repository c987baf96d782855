//! What is published and paused: the charts of the journeys, and the programs that commits may have run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::chart::{Chart, Kind};
use crate::journey::Journey;
use crate::machine::{Pause, Program, ProgramParts, Scored};
use crate::model::{Hash, JourneyId, Name};
use crate::port::store::{CatalogSnapshot, Definition, JobKind, Result, Store};
use crate::rule::Policy;
use crate::rule::segment::Segments;
use crate::time::Zone;

/// The most earlier programs that are built to find the one of a commit.
const MOST_PROGRAMS: usize = 4_096;

pub(super) type Pauses = BTreeMap<JourneyId, Vec<Pause>>;

/// The catalog, as of one revision.
pub(super) struct Known {
    pub(super) snapshot: CatalogSnapshot,
    pub(super) policy: Policy,
    pub(super) zone: Zone,
    charts: BTreeMap<JourneyId, BTreeMap<u32, Chart>>,
    /// By template.
    editions: BTreeMap<Name, Editions>,
    /// The journeys whose people a job is still waking.
    pub(super) waking: BTreeSet<JourneyId>,
    /// What was paused after each change, from nothing to now.
    pub(super) history: Vec<Pauses>,
    /// In order of publication; empty where one cannot be compiled by this version.
    journeys: Vec<Arc<Journey>>,
    current: Arc<Ran>,
    earlier: OnceLock<BTreeMap<Hash, Arc<Ran>>>,
}

/// What one template ever said.
pub(super) struct Editions {
    /// From when on they were kept.
    pub(super) since: DateTime<Utc>,
    pub(super) hashes: BTreeSet<Hash>,
}

/// A program that a commit may have run, with what was paused then.
pub(super) struct Ran {
    pub(super) program: Program,
    pub(super) pauses: Pauses,
}

impl Known {
    pub(super) async fn load(store: &dyn Store, policy: &Policy, zone: &Zone) -> Result<Self> {
        let snapshot = store.snapshot().await?;
        let jobs = store.jobs().await?;
        let mut charts: BTreeMap<JourneyId, BTreeMap<u32, Chart>> = BTreeMap::new();
        let mut journeys = Some(Vec::new());
        let mut editions = BTreeMap::new();
        for definition in &snapshot.definitions {
            if let Definition::Template(template) = definition {
                let history = store.history(&template.template).await?;
                let hashes = history.iter().map(|edition| edition.hash).collect();
                let since = history.first().map_or(DateTime::<Utc>::MIN_UTC, |edition| edition.at);
                editions.insert(template.template.as_str().into(), Editions { since, hashes });
            }
            let Definition::Journey(definition) = definition else { continue };
            let id = JourneyId::from(definition.journey.as_str());
            charts.entry(id).or_default().insert(definition.version, Chart::of(definition));
            journeys = journeys.zip(Journey::compile(definition).ok()).map(|(mut all, one)| {
                all.push(Arc::new(one));
                all
            });
        }
        let waking = jobs.into_iter().filter_map(|job| match job.kind {
            JobKind::Resume { journey } | JobKind::Plan { journey } | JobKind::Enroll { journey, .. } => {
                Some(journey)
            }
            JobKind::Migrate(migration) => Some(migration.map.migrate.as_str().into()),
            JobKind::Seed { .. } | JobKind::SeedSegments { .. } => None,
        });
        let journeys = journeys.unwrap_or_default();
        let history = history(&snapshot.pauses);
        let current =
            Arc::new(run(&snapshot, policy, zone, &journeys, snapshot.pauses.clone(), &snapshot.archived));
        Ok(Self {
            policy: policy.clone(),
            zone: zone.clone(),
            charts,
            editions,
            waking: waking.collect(),
            history,
            journeys,
            current,
            earlier: OnceLock::new(),
            snapshot,
        })
    }

    pub(super) fn chart(&self, journey: &JourneyId, version: u32) -> Option<&Chart> {
        self.charts.get(journey)?.get(&version)
    }

    /// The program of now.
    pub(super) fn now(&self) -> &Program {
        &self.current.program
    }

    pub(super) fn editions(&self, template: &str) -> Option<&Editions> {
        self.editions.get(template)
    }

    /// The program of this hash: that of now, or one from an earlier catalog.
    pub(super) fn program(&self, hash: Hash) -> Option<&Ran> {
        if self.current.program.hash == hash {
            return Some(&self.current);
        }
        let earlier = self.earlier.get_or_init(|| {
            // Journeys are only ever added, and pauses only begin and end.
            let archives = history(&self.snapshot.archived);
            let halts =
                || self.history.iter().flat_map(|pauses| archives.iter().map(move |all| (pauses, all)));
            let parts = (0..=self.journeys.len()).flat_map(|count| halts().map(move |halts| (count, halts)));
            let build = |(count, (pauses, archived)): (usize, (&Pauses, &Pauses))| {
                let journeys = &self.journeys[..count];
                let ran = run(&self.snapshot, &self.policy, &self.zone, journeys, pauses.clone(), archived);
                (ran.program.hash, Arc::new(ran))
            };
            parts.take(MOST_PROGRAMS).map(build).collect()
        });
        earlier.get(&hash).map(|ran| &**ran)
    }

    /// Every purpose and channel for which something published is sent.
    pub(super) fn sends(&self) -> impl Iterator<Item = (Name, Name)> {
        let places = self.charts.values().flat_map(BTreeMap::values).flat_map(|chart| chart.places.values());
        let sends = places.filter_map(|place| match &place.kind {
            Kind::Send { ways, purpose, .. } => Some((ways, purpose)),
            _ => None,
        });
        sends.flat_map(|(ways, purpose)| {
            ways.iter().map(|(channel, _)| (purpose.as_str().into(), channel.as_str().into()))
        })
    }
}

fn run(
    snapshot: &CatalogSnapshot,
    policy: &Policy,
    zone: &Zone,
    journeys: &[Arc<Journey>],
    pauses: Pauses,
    archived: &Pauses,
) -> Ran {
    let lines = snapshot.lines();
    // Those that this version cannot compile are left out, and no program is found then.
    let segments = Arc::new(Segments::compile(snapshot.segments().cloned(), &lines).unwrap_or_default());
    let program = Program::new(ProgramParts {
        namespace: snapshot.namespace.clone(),
        catalog: snapshot.revision,
        journeys: journeys.to_vec(),
        pauses: pauses.clone(),
        archived: archived.clone(),
        policy: policy.clone(),
        zone: zone.clone(),
        holdout: 0,
        calendars: Arc::default(),
        scores: scores(snapshot),
        segments,
        lines,
    });
    Ran { program, pauses }
}

/// The models of scores; one that this version cannot compile is left out, and no program is found then.
fn scores(snapshot: &CatalogSnapshot) -> BTreeMap<Name, Scored> {
    let scores = snapshot.definitions.iter().filter_map(|definition| match definition {
        Definition::Score(score) => {
            let model = score.compile().ok()?;
            Some((
                score.score.as_str().into(),
                Scored::new(model.into(), score.history).purpose(score.purpose.as_deref()),
            ))
        }
        _ => None,
    });
    scores.collect()
}

/// What was paused after each change, from nothing to now.
fn history(pauses: &Pauses) -> Vec<Pauses> {
    let mut changes: Vec<(DateTime<Utc>, usize, bool, &JourneyId)> = Vec::new();
    for (journey, pauses) in pauses {
        for (number, pause) in pauses.iter().enumerate() {
            changes.push((pause.from, number, false, journey));
            changes.extend(pause.until.map(|until| (until, number, true, journey)));
        }
    }
    changes.sort();
    let mut states = vec![Pauses::new()];
    let mut now = Pauses::new();
    for (at, number, ends, journey) in changes {
        let paused = now.entry(journey.clone()).or_default();
        match paused.get_mut(number).filter(|_| ends) {
            Some(pause) => pause.until = Some(at),
            None => paused.push(Pause::new(at, None)),
        }
        states.push(now.clone());
    }
    states
}

/// When something that is due happens, if these pauses hold it: then, when the pause ends, or not as long as it lasts.
pub(super) fn held(pauses: &Pauses, journey: &JourneyId, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut due = due;
    for pause in pauses.get(journey).map_or(&[][..], Vec::as_slice) {
        if due >= pause.from {
            due = due.max(pause.until?);
        }
    }
    Some(due)
}
