//! New rules of a score count what was before: a job folds the history of each contact and puts the result into its mailbox.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Engine;
use super::program::Loaded;
use crate::error::{Error, StoreError};
use crate::machine::{ContactState, Envelope, Input, InputKind};
use crate::model::{ContactId, Hash, InputId, Name, Step};
use crate::port::store::{Job, JobKind, Receipt, StoredContact};
use crate::rule::score::History;

/// Contacts that one chunk looks at.
const CHUNK: usize = 256;

impl Engine {
    /// Works on the job until every contact was looked at, and answers whether anybody's history was counted anew. The job
    /// ends with a whole pass that finds nobody: a count that came too late is ignored by its contact, and made again.
    pub(super) async fn count_histories(&self, job: &Job, score: &Name, hash: Hash) -> Result<bool, Error> {
        let store = &self.shared.store;
        let revision = store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let scored = loaded.program.score(score);
        if scored.is_none_or(|scored| scored.model.hash() != hash || scored.history != History::Count) {
            // Newer rules took their place, and have a job of their own.
            store.advance_job(job.id, job.cursor, None).await?;
            return Ok(false);
        }
        let short = scored.map(|scored| scored.model.short_hash());
        let (mut cursor, mut whole) = (job.cursor, job.cursor == 0);
        let (mut found, mut counted) = (false, false);
        let mut parked: Option<BTreeSet<ContactId>> = None;
        loop {
            let page = store.scan(cursor, CHUNK).await?;
            let mut inputs = Vec::new();
            for (_, state) in page.iter().filter(|(_, state)| is_uncounted(state, score, short)) {
                let contact = &state.cold.contact.id;
                if parked.is_none() {
                    parked = Some(store.parked().await?.into_iter().map(|(contact, _)| contact).collect());
                }
                let counted = match self.count_history(&loaded, job, contact, score, hash).await {
                    // One row that cannot be read holds up nobody else.
                    Err(Error::Store(error @ StoreError::Corrupt { .. })) => {
                        tracing::error!(%contact, %score, %error, "its history cannot be counted");
                        continue;
                    }
                    counted => counted?,
                };
                // Who is parked reads nothing until somebody lets go, and the job does not wait for that.
                found |= parked.as_ref().is_none_or(|parked| !parked.contains(contact));
                inputs.extend(counted);
            }
            if !inputs.is_empty() {
                let receipts = store.append(&inputs, self.shared.horizon).await?;
                counted |= receipts.iter().any(|receipt| matches!(receipt, Receipt::Kept { .. }));
            }
            let last = page.last().map(|(row, _)| *row).filter(|_| page.len() == CHUNK);
            let next = last.or((found || !whole).then_some(0));
            if !store.advance_job(job.id, cursor, next).await? {
                return Ok(counted);
            }
            tracing::debug!(job = job.id, contacts = page.len(), counts = inputs.len(), %score, "histories counted");
            match last {
                Some(row) => cursor = row,
                None if found || whole => return Ok(counted),
                // It went on where a former worker had ended, and who came before was not looked at again.
                None => (cursor, whole) = (0, true),
            }
        }
    }

    /// The history of one contact, as an input that takes the place of its score.
    async fn count_history(
        &self,
        loaded: &Loaded,
        job: &Job,
        contact: &ContactId,
        score: &Name,
        hash: Hash,
    ) -> Result<Option<Input>, Error> {
        let Some(stored) = self.shared.store.contact(contact).await?.filter(|stored| !stored.erased) else {
            return Ok(None);
        };
        let (inputs, steps) = self.history_of(contact, &stored).await?;
        let as_of = stored.state.hot.now;
        // Total as it is, a count that panics all the same must not stop the engine.
        let count = || loaded.program.recount(score, &stored.state, &inputs, &steps);
        let Ok(Some(state)) = catch_unwind(AssertUnwindSafe(count)) else {
            return Ok(None);
        };
        let id = InputId::from_count(job.id, contact, stored.read_seq, as_of);
        let (score, through, state) = (score.clone(), stored.read_seq, Box::new(state));
        let kind = InputKind::Seed { score, hash, through, as_of, state };
        Ok(Some(Input::for_known(contact.clone(), Some(id), kind)))
    }
}

impl Engine {
    /// Whose history a job left out, because it read nothing, has it counted by a job of its own. Calling it again does no
    /// harm: a job ends where nobody is found.
    pub(super) async fn count_later(&self, contact: &ContactId) -> Result<(), Error> {
        let store = &self.shared.store;
        let Some(stored) = store.contact(contact).await?.filter(|stored| !stored.erased) else {
            return Ok(());
        };
        let revision = store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        for (score, scored) in loaded.program.scores() {
            let model = Some(scored.model.short_hash());
            if scored.history == History::Count && is_uncounted(&stored.state, score, model) {
                store.start(&JobKind::Seed { score: score.clone(), hash: scored.model.hash() }).await?;
            }
        }
        Ok(())
    }

    /// What a contact has read and what its journeys did, as it is committed.
    pub(super) async fn history_of(
        &self,
        contact: &ContactId,
        stored: &StoredContact,
    ) -> Result<(Vec<Envelope>, Vec<Step>), Error> {
        let inputs = self.shared.store.inputs(contact, 0, stored.read_seq).await?;
        let mut steps = self.shared.store.steps(contact).await?;
        steps.retain(|step| step.at <= stored.state.hot.now);
        Ok((inputs, steps))
    }
}

/// Whether a contact has a history that these rules have not counted.
fn is_uncounted(state: &ContactState, score: &str, model: Option<u64>) -> bool {
    let known = state.hot.now != chrono::DateTime::UNIX_EPOCH;
    let rating = &state.hot.rating;
    known && (rating.is_uncounted(score) || rating.state(score).map(|state| state.model) != model)
}
