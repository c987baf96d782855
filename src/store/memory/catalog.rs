//! Published definitions and what is paused, in memory.

use async_trait::async_trait;

use super::{MemoryStore, done, refused};
use crate::journey::JourneyDefinition;
use crate::machine::Pause;
use crate::model::{Deed, JourneyId};
use crate::port::store::{Catalog, CatalogSnapshot, Definition, Edition, Job, JobKind, Pausable, Result};
use crate::rule::score::{History, ScoreDefinition};
use crate::seeded::{Bug, is_on};

#[async_trait]
impl Catalog for MemoryStore {
    async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64> {
        let (mut inner, now) = self.stamped();
        let mut all = inner.definitions.clone();
        let (mut started, mut editions) = (Vec::new(), Vec::new());
        let (mut drafts, mut seeded) = (inner.drafts.clone(), Vec::new());
        for definition in definitions {
            if let Definition::Score(score) = definition {
                let known = all.iter().any(|other| counts_like(other, score));
                if !known && score.history == History::Count {
                    started.push(JobKind::Seed { score: score.score.as_str().into(), hash: score.hash() });
                }
            }
            match all.iter_mut().find(|other| same_place(other, definition)) {
                Some(other) if other == definition => {}
                Some(Definition::Line(other)) => {
                    if let Definition::Line(line) = definition
                        && line.replaces(other)
                    {
                        *other = line.clone();
                        seeded.push(definition);
                    }
                }
                Some(Definition::Journey(other)) => {
                    let reason = format!(
                        "journey {} version {} is published with other content; raise its version",
                        other.journey, other.version
                    );
                    return Err(refused("publish", reason));
                }
                Some(Definition::Schema(other)) => {
                    let reason = format!(
                        "the schema of {} version {} is published with other content; raise its version",
                        other.event, other.version
                    );
                    return Err(refused("publish", reason));
                }
                Some(Definition::Segment(other)) => {
                    let reason = format!(
                        "segment {} version {} is published with other content; raise its version",
                        other.segment, other.version
                    );
                    return Err(refused("publish", reason));
                }
                Some(other) => {
                    *other = definition.clone();
                    if !is_on(Bug::EditionForgotten) {
                        editions.push(definition);
                    }
                }
                None => {
                    if let Definition::Journey(journey) = definition {
                        let id = JourneyId::from(journey.journey.as_str());
                        if journey.plans() {
                            started.push(JobKind::Plan { journey: id.clone() });
                        }
                        if journey.enrolls() && !all.iter().any(|other| enrolls(other, &id)) {
                            started.push(JobKind::Enroll { journey: id.clone(), version: journey.version });
                        }
                        drafts.retain(|other, draft| *other != id || draft.version > journey.version);
                    }
                    editions.push(definition);
                    seeded.push(definition);
                    all.push(definition.clone());
                }
            }
        }
        started.extend(JobKind::seeding(seeded));
        if !editions.is_empty() || all != inner.definitions {
            (inner.definitions, inner.drafts) = (all, drafts);
            inner.revision += 1;
            let revision = inner.revision;
            for definition in editions {
                let Definition::Template(template) = definition else { continue };
                let edition = Edition::new(revision, now, template.clone(), by.cloned());
                inner.editions.entry(template.template.as_str().into()).or_default().push(edition);
            }
            for kind in started {
                inner.last_job += 1;
                let job = Job::new(inner.last_job, kind, 0);
                inner.jobs.push(job);
            }
        }
        done(inner.revision)
    }

    async fn history(&self, template: &str) -> Result<Vec<Edition>> {
        done(self.lock().editions.get(template).cloned().unwrap_or_default())
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        let (mut inner, now) = self.stamped();
        if inner.paused.insert(target.clone()) {
            if let Pausable::Journey(journey) = target {
                inner.pauses.entry(journey.clone()).or_default().push(Pause::new(now, None));
            }
            *inner.epochs.entry(target.clone()).or_default() += 1;
            inner.revision += 1;
        }
        done(inner.revision)
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        let (mut inner, now) = self.stamped();
        if inner.paused.remove(target) {
            if let Pausable::Journey(journey) = target {
                if let Some(last) = inner.pauses.get_mut(journey).and_then(|pauses| pauses.last_mut()) {
                    last.until = Some(now);
                }
                inner.last_job += 1;
                let kind = JobKind::Resume { journey: journey.clone() };
                let job = Job::new(inner.last_job, kind, 0);
                inner.jobs.push(job);
            }
            *inner.epochs.entry(target.clone()).or_default() += 1;
            inner.revision += 1;
        }
        done(inner.revision)
    }

    async fn draft(&self, definition: &JourneyDefinition) -> Result<()> {
        let mut inner = self.lock();
        inner.drafts.insert(definition.journey.as_str().into(), definition.clone());
        done(())
    }

    async fn archive(&self, journey: &JourneyId) -> Result<u64> {
        let (mut inner, now) = self.stamped();
        let times = inner.archived.entry(journey.clone()).or_default();
        if times.last().is_none_or(|last| last.until.is_some()) {
            times.push(Pause::new(now, None));
            inner.revision += 1;
        }
        done(inner.revision)
    }

    async fn unarchive(&self, journey: &JourneyId) -> Result<u64> {
        let (mut inner, now) = self.stamped();
        let last = inner.archived.get_mut(journey).and_then(|times| times.last_mut());
        if let Some(last) = last.filter(|last| last.until.is_none()) {
            last.until = Some(now);
            inner.revision += 1;
        }
        done(inner.revision)
    }

    async fn start(&self, kind: &JobKind) -> Result<u64> {
        let mut inner = self.lock();
        inner.last_job += 1;
        let job = Job::new(inner.last_job, kind.clone(), 0);
        inner.jobs.push(job);
        done(inner.last_job)
    }

    async fn revision(&self) -> Result<u64> {
        done(self.lock().revision)
    }

    async fn snapshot(&self) -> Result<CatalogSnapshot> {
        let inner = self.lock();
        let channels = inner.paused.iter().filter_map(|target| match target {
            Pausable::Channel(channel) => Some(channel.clone()),
            Pausable::Journey(_) => None,
        });
        done(CatalogSnapshot {
            revision: inner.revision,
            namespace: inner.namespace.clone(),
            definitions: inner.definitions.clone(),
            pauses: inner.pauses.clone(),
            archived: inner.archived.clone(),
            drafts: inner.drafts.values().cloned().collect(),
            paused_channels: channels.collect(),
            high_water: inner.high_water,
        })
    }

    async fn jobs(&self) -> Result<Vec<Job>> {
        done(self.lock().jobs.clone())
    }

    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool> {
        let mut inner = self.lock();
        let Some(index) = inner.jobs.iter().position(|other| other.id == job && other.cursor == from) else {
            return done(false);
        };
        match to {
            Some(to) => inner.jobs[index].cursor = to,
            None => {
                inner.jobs.remove(index);
            }
        }
        done(true)
    }
}

/// Whether a version of this journey lets those in who already qualify.
fn enrolls(definition: &Definition, journey: &JourneyId) -> bool {
    matches!(definition, Definition::Journey(other) if other.journey == journey.as_str() && other.enrolls())
}

/// Whether the rules of a score are published already, and count what was before.
fn counts_like(definition: &Definition, score: &ScoreDefinition) -> bool {
    matches!(definition, Definition::Score(other) if other.score == score.score
        && other.script == score.script
        && other.history == History::Count)
}

fn same_place(one: &Definition, other: &Definition) -> bool {
    match (one, other) {
        (Definition::Journey(one), Definition::Journey(other)) => {
            (&one.journey, one.version) == (&other.journey, other.version)
        }
        (Definition::Template(one), Definition::Template(other)) => one.template == other.template,
        (Definition::Score(one), Definition::Score(other)) => one.score == other.score,
        (Definition::Schema(one), Definition::Schema(other)) => {
            (&one.event, one.version) == (&other.event, other.version)
        }
        (Definition::Segment(one), Definition::Segment(other)) => {
            (&one.segment, one.version) == (&other.segment, other.version)
        }
        (Definition::Line(one), Definition::Line(other)) => one.segment == other.segment,
        _ => false,
    }
}
