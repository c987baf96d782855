//! Everything that a store keeps of one contact, as of one instant.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Invariant;
use super::findings::Violation;
use crate::machine::Envelope;
use crate::model::{ConsentRecord, ContactId, EnrollmentId, ExitReason, Name, Step, StepOutcome};
use crate::port::store::{CommitRecord, MessageRecord, Result, Store, StoredContact};

/// How often a contact is read again that changes while it is read.
const MOST_READS: usize = 4;

/// Everything that a store keeps of one contact.
pub(super) struct Record {
    pub(super) contact: ContactId,
    pub(super) stored: StoredContact,
    pub(super) steps: Vec<Step>,
    pub(super) messages: Vec<MessageRecord>,
    pub(super) mail: Vec<Envelope>,
    pub(super) consents: Vec<ConsentRecord>,
    pub(super) commits: Vec<CommitRecord>,
    /// The sizes of the segments that it is in.
    pub(super) sizes: Vec<(Name, u64)>,
}

/// What reading a contact gave.
pub(super) enum Read {
    Whole(Box<Record>),
    Unknown,
    Changing,
}

impl Record {
    /// Reads a contact; its revision stands still meanwhile, or it is read again.
    pub(super) async fn read(store: &dyn Store, contact: &ContactId) -> Result<Read> {
        for _ in 0..MOST_READS {
            let Some(stored) = store.contact(contact).await? else { return Ok(Read::Unknown) };
            let steps = store.steps(contact).await?;
            let commits = store.commits(contact).await?;
            let consents = store.consents(contact).await?;
            // An answer changes its message and the mailbox at once and raises no revision: what a message says was told
            // is in mail that is read after it.
            let messages = store.messages(contact).await?;
            let mail = store.inputs(contact, 0, u64::MAX).await?;
            let mut sizes = Vec::new();
            for segment in stored.state.hot.segments_inside() {
                sizes.push((segment.clone(), store.segment_size(segment).await?));
            }
            let now = store.contact(contact).await?;
            if now.is_some_and(|now| now.revision == stored.revision) {
                let contact = contact.clone();
                return Ok(Read::Whole(Box::new(Self {
                    contact,
                    stored,
                    steps,
                    messages,
                    mail,
                    consents,
                    commits,
                    sizes,
                })));
            }
        }
        Ok(Read::Changing)
    }

    /// Whether the store kept what led here. One that keeps no history has no commits of a contact that was committed.
    pub(super) fn has_history(&self) -> bool {
        self.stored.revision == 0 || !self.commits.is_empty() || !self.steps.is_empty()
    }

    /// The steps of each enrollment, a doubled one left out.
    pub(super) fn passages(&self) -> Vec<Passage<'_>> {
        let mut passages: BTreeMap<EnrollmentId, Vec<&Step>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for step in &self.steps {
            let steps = passages.entry(step.enrollment).or_default();
            if seen.insert((step.enrollment, step.ordinal)) {
                steps.push(step);
            }
        }
        passages.into_iter().map(|(id, steps)| Passage { id, steps }).collect()
    }
}

/// The steps of one enrollment, in order of commit; at least one.
pub(super) struct Passage<'r> {
    pub(super) id: EnrollmentId,
    pub(super) steps: Vec<&'r Step>,
}

impl<'r> Passage<'r> {
    /// The step that ended it, and why.
    pub(super) fn end(&self) -> Option<(usize, &'r ExitReason)> {
        self.steps.iter().enumerate().find_map(|(number, step)| match &step.outcome {
            StepOutcome::Exited { reason } => Some((number, reason)),
            _ => None,
        })
    }
}

/// Collects what is found of one contact.
pub(super) struct Sink<'r> {
    contact: &'r ContactId,
    pub(super) violations: Vec<Violation>,
}

impl<'r> Sink<'r> {
    pub(super) fn new(contact: &'r ContactId) -> Self {
        Self { contact, violations: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        invariant: Invariant,
        place: impl std::fmt::Display,
        found: impl Into<String>,
    ) {
        self.violations.push(Violation::new(invariant, self.contact.clone(), place.to_string(), found));
    }
}

/// The place of a step.
pub(super) fn at(step: &Step) -> String {
    format!("enrollment {} step {}", step.enrollment, step.ordinal)
}
