//! What concerns many contacts: durable jobs that append inputs by a cursor and go on after a crash.

use super::Engine;
use crate::error::Error;
use crate::machine::{ContactState, Input, InputKind};
use crate::model::InputId;
use crate::port::store::{Job, JobKind};

/// Contacts that one chunk of a job looks at.
const CHUNK: usize = 512;

impl Engine {
    /// Works on every open job until it is done, one chunk after the other. A chunk that is done twice appends nothing
    /// twice, because its inputs' ids are derived from the job.
    ///
    /// Answers whether histories were counted, so that whoever was told meanwhile must be looked at again.
    pub(super) async fn work_on_jobs(&self) -> Result<bool, Error> {
        let mut counted = false;
        let jobs = self.shared.store.jobs().await?;
        for (place, job) in jobs.iter().enumerate() {
            if let JobKind::Seed { score, hash } = &job.kind {
                if !self.is_covered(job, jobs.get(place + 1..).unwrap_or_default()).await? {
                    counted |= self.count_histories(job, score, *hash).await?;
                }
                continue;
            }
            if let JobKind::SeedSegments { contact, .. } = &job.kind {
                if !self.is_covered(job, jobs.get(place + 1..).unwrap_or_default()).await? {
                    counted |= self.seed_segments(job, contact.as_ref()).await?;
                }
                continue;
            }
            let mut job = job.clone();
            while self.work_on(&mut job).await? {}
        }
        Ok(counted)
    }

    /// One chunk; false where the job is done, or another worker is at it.
    async fn work_on(&self, job: &mut Job) -> Result<bool, Error> {
        let store = &self.shared.store;
        let page = store.scan(job.cursor, CHUNK).await?;
        let inputs: Vec<Input> = page.iter().filter_map(|(_, state)| input(job, state)).collect();
        if !inputs.is_empty() {
            store.append(&inputs, self.shared.horizon).await?;
        }
        let last = page.last().map(|(row, _)| *row).filter(|_| page.len() == CHUNK);
        let moved = store.advance_job(job.id, job.cursor, last).await?;
        tracing::debug!(
            job = job.id,
            contacts = page.len(),
            inputs = inputs.len(),
            "a chunk of a job is done"
        );
        match last {
            Some(cursor) if moved => {
                job.cursor = cursor;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// What a job has to say to one contact.
fn input(job: &Job, state: &ContactState) -> Option<Input> {
    let contact = &state.cold.contact.id;
    match &job.kind {
        JobKind::Plan { journey } => {
            let kind = InputKind::Plan { journey: journey.clone() };
            Some(Input::for_known(contact.clone(), Some(InputId::from_job(job.id, contact)), kind))
        }
        JobKind::Enroll { journey, version } => {
            let kind = InputKind::Enroll { journey: journey.clone(), version: *version };
            Some(Input::for_known(contact.clone(), Some(InputId::from_job(job.id, contact)), kind))
        }
        JobKind::Migrate(migration) => {
            // Who is on an older version may be led on to this one by a migration that lies unread.
            let map = &migration.map;
            let inside = state.hot.enrollments.iter().any(|enrollment| {
                enrollment.journey.as_str() == map.migrate && enrollment.version <= map.from
            });
            let kind = InputKind::Migrate(migration.clone());
            inside.then(|| Input::for_known(contact.clone(), Some(InputId::from_job(job.id, contact)), kind))
        }
        JobKind::Seed { .. } | JobKind::SeedSegments { .. } => None, // every contact has a history of its own, which a page does not hold
        JobKind::Resume { journey } => {
            // A door that a date opens is held with the journey, whether or not the contact is inside.
            let inside = state.hot.enrollments.iter().any(|enrollment| enrollment.journey == *journey)
                || state.hot.planned.iter().any(|planned| planned.journey == *journey);
            let kind = InputKind::Resume { journey: journey.clone() };
            inside.then(|| Input::for_known(contact.clone(), Some(InputId::from_job(job.id, contact)), kind))
        }
    }
}
