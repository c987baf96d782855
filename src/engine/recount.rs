//! New segments look into the past: a job looks through the history of each contact and puts what it tells into its mailbox.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Engine;
use super::program::Loaded;
use crate::error::{Error, StoreError};
use crate::machine::{ContactState, Envelope, Input, InputKind, Program};
use crate::model::{ContactId, Hash, InputId};
use crate::port::store::{Job, JobKind, Receipt};

/// Contacts that one chunk looks at.
const CHUNK: usize = 256;

/// What a contact must do to know the segments that are published.
enum Needs {
    /// Its history is to be looked through.
    History,
    /// It takes over what it can answer already.
    Waking,
}

impl Engine {
    /// Works on the job until every contact knows the segments that are published, or has an input that tells it; answers
    /// whether anybody has one now.
    pub(super) async fn seed_segments(&self, job: &Job, only: Option<&ContactId>) -> Result<bool, Error> {
        let store = &self.shared.store;
        let revision = store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        if let Some(contact) = only {
            let known = store.contact(contact).await?.filter(|stored| !stored.erased);
            let input = match known {
                Some(stored) => self.segment_input(&loaded, job, &stored.state).await?,
                None => None,
            };
            let told = self.append_all(input.into_iter().collect()).await?;
            store.advance_job(job.id, job.cursor, None).await?;
            return Ok(told);
        }
        let (mut cursor, mut whole, mut told) = (job.cursor, job.cursor == 0, false);
        loop {
            let page = store.scan(cursor, CHUNK).await?;
            let mut inputs = Vec::new();
            for (_, state) in &page {
                inputs.extend(self.segment_input(&loaded, job, state).await?);
            }
            let seeded = inputs.len();
            told |= self.append_all(inputs).await?;
            let last = page.last().map(|(row, _)| *row).filter(|_| page.len() == CHUNK);
            let next = last.or((!whole).then_some(0));
            if !store.advance_job(job.id, cursor, next).await? {
                return Ok(told);
            }
            tracing::debug!(job = job.id, contacts = page.len(), seeded, "histories looked through");
            match last {
                Some(row) => cursor = row,
                None if whole => return Ok(told),
                // It went on where a former worker had ended, and who came before was not looked at again.
                None => (cursor, whole) = (0, true),
            }
        }
    }

    async fn append_all(&self, inputs: Vec<Input>) -> Result<bool, Error> {
        if inputs.is_empty() {
            return Ok(false);
        }
        let receipts = self.shared.store.append(&inputs, self.shared.horizon).await?;
        Ok(receipts.iter().any(|receipt| matches!(receipt, Receipt::Kept { .. })))
    }

    /// What a contact must be told to know the segments that are published; `None` where it knows them.
    async fn segment_input(
        &self,
        loaded: &Loaded,
        job: &Job,
        state: &ContactState,
    ) -> Result<Option<Input>, Error> {
        let contact = &state.cold.contact.id;
        match needs(&loaded.program, state) {
            None => Ok(None),
            Some(Needs::Waking) => {
                let id = InputId::from_job(job.id, contact);
                Ok(Some(Input::for_known(contact.clone(), Some(id), InputKind::Wake)))
            }
            Some(Needs::History) => match self.segment_history(loaded, job, contact).await {
                // One row that cannot be read holds up nobody else.
                Err(Error::Store(error @ StoreError::Corrupt { .. })) => {
                    tracing::error!(%contact, %error, "its history cannot be looked through");
                    Ok(None)
                }
                input => input,
            },
        }
    }

    /// The history of one contact, as an input from which it takes what its segments lack.
    async fn segment_history(
        &self,
        loaded: &Loaded,
        job: &Job,
        contact: &ContactId,
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
        let count = || loaded.program.recount_segments(&stored.state, &inputs, &steps);
        let Ok(state) = catch_unwind(AssertUnwindSafe(count)) else {
            tracing::error!(%contact, "its history cannot be looked through");
            return Ok(None);
        };
        let (hash, through) = (loaded.program.segments().hash(), stored.read_seq);
        let kind = InputKind::SeedSegments { hash, through, as_of, state: Box::new(state) };
        Ok(Some(Input::for_known(contact.clone(), Some(id), kind)))
    }

    /// Has a contact's history looked through by a job of its own, where it lacks any of it.
    pub(super) async fn seed_later(&self, contact: &ContactId, state: &ContactState) -> Result<(), Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        if needs(&loaded.program, state).is_some() {
            let (hash, contact) = (loaded.program.segments().hash(), Some(contact.clone()));
            self.shared.store.start(&JobKind::SeedSegments { hash, contact }).await?;
        }
        Ok(())
    }
}

/// Whether a contact that has read this lacks a history all the same: what it was told came too late, or an event was taken
/// back. The job is started before that is committed, so that a crash in between forgets nobody.
pub(super) fn lacks_history(program: &Program, read: &[Envelope], state: &ContactState) -> Option<Hash> {
    let asks = |envelope: &Envelope| {
        matches!(envelope.kind, InputKind::SeedSegments { .. } | InputKind::Retract { .. })
    };
    let hot = &state.hot;
    let lacks = read.iter().any(asks) && (hot.retracted || program.segments().lacks(&hot.segments));
    lacks.then(|| program.segments().hash())
}

fn needs(program: &Program, state: &ContactState) -> Option<Needs> {
    let segments = program.segments();
    // Whom nobody has committed yet starts with every segment.
    if segments.is_empty() || state.hot.now == chrono::DateTime::UNIX_EPOCH {
        return None;
    }
    let mut known = state.hot.segments.clone();
    let is_new = segments.align(&mut known);
    match state.hot.retracted || segments.lacks(&known) {
        true => Some(Needs::History),
        // Most people stand where they stood when a line is drawn anew, and take it over when they are looked at next.
        false => (is_new && program.concerns(state)).then_some(Needs::Waking),
    }
}
