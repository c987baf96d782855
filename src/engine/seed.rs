//! New rules of a score count what was before: a job folds the history of each contact and puts the result into its mailbox.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Engine;
use super::program::Loaded;
use crate::error::{Error, StoreError};
use crate::machine::{ContactState, Envelope, Input, InputKind, Program, Scored};
use crate::model::{ContactId, Hash, InputId, Name, Step};
use crate::port::store::{Job, JobKind, Receipt, StoredContact};
use crate::rule::score::History;

/// Contacts that one chunk looks at.
const CHUNK: usize = 256;

impl Engine {
    /// Works on the job until every contact was looked at, and answers whether anybody's history was counted anew. A count
    /// that waits in a mailbox is no longer the job's: whoever finds it too late asks for [another](came_too_late), so
    /// nobody waits for contacts that cannot read.
    pub(super) async fn count_histories(&self, job: &Job, score: &Name, hash: Hash) -> Result<bool, Error> {
        let store = &self.shared.store;
        let revision = store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let is_newest = |scored: &&Scored| scored.model.hash() == hash && scored.history == History::Count;
        let Some(scored) = loaded.program.score(score).filter(is_newest) else {
            // Newer rules took their place, and have a job of their own.
            store.advance_job(job.id, job.cursor, None).await?;
            return Ok(false);
        };
        let (mut cursor, mut whole, mut counted) = (job.cursor, job.cursor == 0, false);
        loop {
            let page = store.scan(cursor, CHUNK).await?;
            let mut inputs = Vec::new();
            for (_, state) in page.iter().filter(|(_, state)| is_uncounted(state, score, scored)) {
                let contact = &state.cold.contact.id;
                match self.count_history(&loaded, job, contact, score, hash).await {
                    // One row that cannot be read holds up nobody else.
                    Err(Error::Store(error @ StoreError::Corrupt { .. })) => {
                        tracing::error!(%contact, %score, %error, "its history cannot be counted");
                    }
                    counted => inputs.extend(counted?),
                }
            }
            if !inputs.is_empty() {
                let receipts = store.append(&inputs, self.shared.horizon).await?;
                counted |= receipts.iter().any(|receipt| matches!(receipt, Receipt::Kept { .. }));
            }
            let last = page.last().map(|(row, _)| *row).filter(|_| page.len() == CHUNK);
            let next = last.or((!whole).then_some(0));
            if !store.advance_job(job.id, cursor, next).await? {
                return Ok(counted);
            }
            tracing::debug!(job = job.id, contacts = page.len(), counts = inputs.len(), %score, "histories counted");
            match last {
                Some(row) => cursor = row,
                None if whole => return Ok(counted),
                // It went on where a former worker had ended, and who came before was not looked at again.
                None => (cursor, whole) = (0, true),
            }
        }
    }

    /// Whether a later job does what this one has not begun; it is ended then.
    pub(super) async fn is_covered(&self, job: &Job, later: &[Job]) -> Result<bool, Error> {
        // What segments ask is looked up for all of them together.
        let all = |kind: &JobKind| matches!(kind, JobKind::SeedSegments { contact: None, .. });
        let same = |other: &JobKind| *other == job.kind || (all(other) && all(&job.kind));
        let covers = |other: &Job| other.cursor == 0 && same(&other.kind);
        if job.cursor != 0 || !later.iter().any(covers) {
            return Ok(false);
        }
        self.shared.store.advance_job(job.id, 0, None).await?;
        Ok(true)
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
        let as_of = stored.state.hot.now;
        let id = InputId::from_count(job.id, contact, stored.read_seq, as_of);
        if self.is_unread(contact, stored.read_seq, id).await? {
            return Ok(None);
        }
        let (inputs, steps) = self.history_of(contact, &stored).await?;
        // Total as it is, a count that panics all the same must not stop the engine.
        let count = || loaded.program.recount(score, &stored.state, &inputs, &steps);
        let Ok(Some(state)) = catch_unwind(AssertUnwindSafe(count)) else {
            tracing::error!(%contact, %score, "its history cannot be counted");
            return Ok(None);
        };
        let (score, through, state) = (score.clone(), stored.read_seq, Box::new(state));
        let kind = InputKind::Seed { score, hash, through, as_of, state };
        Ok(Some(Input::for_known(contact.clone(), Some(id), kind)))
    }

    /// Whether an input waits in a mailbox that was read as far as this.
    pub(super) async fn is_unread(
        &self,
        contact: &ContactId,
        read_seq: u64,
        id: InputId,
    ) -> Result<bool, Error> {
        match self.shared.store.inputs(contact, read_seq, u64::MAX).await {
            Ok(unread) => Ok(unread.iter().any(|envelope| envelope.id == id)),
            // It may wait behind what cannot be read; appended again, it is a duplicate.
            Err(StoreError::Corrupt { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
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
            if scored.history == History::Count && is_uncounted(&stored.state, score, scored) {
                store.start(&JobKind::Seed { score: score.clone(), hash: scored.model.hash() }).await?;
            }
        }
        self.seed_later(contact, &stored.state).await
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

/// The rules that must count again, because a contact has read a count that came too late. Their jobs are started before that is
/// committed: a crash in between forgets nobody, and a worker that is quicker than the commit leaves another count, which is
/// read after it.
pub(super) fn came_too_late(
    program: &Program,
    read: &[Envelope],
    state: &ContactState,
) -> impl Iterator<Item = (Name, Hash)> {
    read.iter().filter_map(|envelope| {
        let InputKind::Seed { score, hash, .. } = &envelope.kind else { return None };
        let scored = program.score(score)?;
        let is_newest = scored.history == History::Count && scored.model.hash() == *hash;
        let is_late = is_newest && is_uncounted(state, score, scored);
        is_late.then(|| (score.clone(), *hash))
    })
}

/// Whether a contact has a history that these rules have not counted.
fn is_uncounted(state: &ContactState, score: &str, scored: &Scored) -> bool {
    state.hot.now != chrono::DateTime::UNIX_EPOCH && !scored.counts(score, &state.hot.rating)
}
