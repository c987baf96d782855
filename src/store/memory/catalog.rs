//! Published definitions and what is paused, in memory.

use async_trait::async_trait;

use super::{MemoryStore, done, refused};
use crate::machine::Pause;
use crate::port::store::{Catalog, CatalogSnapshot, Definition, Job, JobKind, Pausable, Result};

#[async_trait]
impl Catalog for MemoryStore {
    async fn publish(&self, definitions: &[Definition]) -> Result<u64> {
        let mut inner = self.lock();
        let mut all = inner.definitions.clone();
        let mut planning = Vec::new();
        for definition in definitions {
            match all.iter_mut().find(|other| same_place(other, definition)) {
                Some(other) if other == definition => {}
                Some(Definition::Journey(other)) => {
                    let reason = format!(
                        "journey {} version {} is published with other content; raise its version",
                        other.journey, other.version
                    );
                    return Err(refused("publish", reason));
                }
                Some(other) => *other = definition.clone(),
                None => {
                    all.push(definition.clone());
                    if let Definition::Journey(journey) = definition
                        && journey.plans()
                    {
                        planning.push(JobKind::Plan { journey: journey.journey.as_str().into() });
                    }
                }
            }
        }
        if all != inner.definitions {
            inner.definitions = all;
            inner.revision += 1;
            for kind in planning {
                inner.last_job += 1;
                let job = Job::new(inner.last_job, kind, 0);
                inner.jobs.push(job);
            }
        }
        done(inner.revision)
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

fn same_place(one: &Definition, other: &Definition) -> bool {
    match (one, other) {
        (Definition::Journey(one), Definition::Journey(other)) => {
            (&one.journey, one.version) == (&other.journey, other.version)
        }
        (Definition::Template(one), Definition::Template(other)) => one.template == other.template,
        _ => false,
    }
}
