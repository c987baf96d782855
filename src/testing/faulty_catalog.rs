//! What is published and held, through a store whose calls go wrong.

use async_trait::async_trait;

use super::faulty::FaultyStore;
use crate::journey::JourneyDefinition;
use crate::model::{Deed, JourneyId};
use crate::port::store::{Catalog, CatalogSnapshot, Definition, Edition, Job, JobKind, Pausable, Result};

#[async_trait]
impl Catalog for FaultyStore {
    async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64> {
        self.around("publish", self.inner.publish_by(definitions, by)).await
    }

    async fn history(&self, template: &str) -> Result<Vec<Edition>> {
        self.around("history", self.inner.history(template)).await
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        self.around("pause", self.inner.pause(target)).await
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        self.around("resume", self.inner.resume(target)).await
    }

    async fn draft(&self, definition: &JourneyDefinition) -> Result<()> {
        self.around("draft", self.inner.draft(definition)).await
    }

    async fn archive(&self, journey: &JourneyId) -> Result<u64> {
        self.around("archive", self.inner.archive(journey)).await
    }

    async fn unarchive(&self, journey: &JourneyId) -> Result<u64> {
        self.around("unarchive", self.inner.unarchive(journey)).await
    }

    async fn start(&self, kind: &JobKind) -> Result<u64> {
        self.around("start", self.inner.start(kind)).await
    }

    async fn revision(&self) -> Result<u64> {
        self.around("revision", self.inner.revision()).await
    }

    async fn snapshot(&self) -> Result<CatalogSnapshot> {
        self.around("snapshot", self.inner.snapshot()).await
    }

    async fn jobs(&self) -> Result<Vec<Job>> {
        self.around("jobs", self.inner.jobs()).await
    }

    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool> {
        self.around("advance_job", self.inner.advance_job(job, from, to)).await
    }
}
