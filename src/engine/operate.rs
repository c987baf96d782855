//! What operators do by hand to runs: each deed is on record with who did it and why.

use super::Engine;
use crate::error::Error;
use crate::machine::{ContactState, Input, InputKind};
use crate::model::{ContactId, Deed, Enrollment, EnrollmentId, JourneyId, NodeId, Operation, OperationKind};

/// Contacts that are looked at together.
const PAGE: usize = 256;

/// Which runs to list; what is absent is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunFilter {
    /// Runs of this journey.
    pub journey: Option<JourneyId>,
    /// Runs of this version.
    pub version: Option<u32>,
    /// Runs that stand at this step.
    pub node: Option<NodeId>,
    /// Runs that are held, or are not.
    pub held: Option<bool>,
}

impl RunFilter {
    /// Every run.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Runs of a journey, all its versions.
    #[must_use]
    pub fn journey(journey: impl Into<JourneyId>) -> Self {
        Self { journey: Some(journey.into()), ..Self::default() }
    }

    /// Only those of a version.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// Only those that stand at a step.
    #[must_use]
    pub fn node(mut self, node: impl Into<NodeId>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// Only those that are held, or only those that are not.
    #[must_use]
    pub fn held(mut self, held: bool) -> Self {
        self.held = Some(held);
        self
    }

    fn fits(&self, run: &Enrollment) -> bool {
        self.journey.as_ref().is_none_or(|journey| *journey == run.journey)
            && self.version.is_none_or(|version| version == run.version)
            && self.node.as_ref().is_none_or(|node| *node == run.node)
            && self.held.is_none_or(|held| held == is_held(run))
    }
}

/// A run with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedRun {
    /// Whose.
    pub contact: ContactId,
    /// The run as it stands.
    pub run: Enrollment,
}

/// Some runs, and where the next ones begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunPage {
    /// The runs, by contact.
    pub runs: Vec<ListedRun>,
    /// What to ask for next; absent at the end.
    pub next: Option<u64>,
}

fn is_held(run: &Enrollment) -> bool {
    run.held.is_some_and(|held| held.until.is_none())
}

impl Engine {
    /// Runs that have not ended, at least `limit` of them where there are so many: a page ends with a contact. Begin with 0
    /// for `after`, and go on with [`RunPage::next`]. It reads every contact on the way, for screens and not for a hot path.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::engine::RunFilter;
    /// use journeyman::model::Deed;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::time::Span;
    /// use journeyman::{Engine, Event, Journey};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let slow = Journey::builder("slow").enter_on("e").wait(Span::days(9)).exit("end", "done").build()?;
    /// engine.publish([slow.into()]).await?;
    /// engine.track(Event::new("lea", "e")).await?;
    /// engine.tick().await?;
    ///
    /// let page = engine.runs(&RunFilter::journey("slow").node("step-1"), 0, 100).await?;
    /// let run = &page.runs[0];
    /// engine.move_run(&run.contact, run.run.id, "end", Deed::new("ana", "she has answered by telephone")).await?;
    /// engine.tick().await?;
    /// assert!(engine.runs(&RunFilter::all(), 0, 100).await?.runs.is_empty());
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn runs(&self, filter: &RunFilter, after: u64, limit: usize) -> Result<RunPage, Error> {
        let mut page = RunPage { runs: Vec::new(), next: Some(after) };
        while let Some(after) = page.next {
            let contacts = self.shared.store.scan(after, PAGE).await?;
            page.next = contacts.last().map(|(row, _)| *row).filter(|_| contacts.len() == PAGE);
            for (row, state) in contacts {
                let ContactState { cold, hot, .. } = state;
                let found = hot.enrollments.into_iter().filter(|run| filter.fits(run));
                page.runs.extend(found.map(|run| ListedRun { contact: cold.contact.id.clone(), run }));
                if page.runs.len() >= limit {
                    page.next = Some(row);
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }

    /// Ends every run of a journey that the contact is in, as [`Ejected`](crate::model::ExitReason::Ejected), and bars it:
    /// nothing lets it in again but [`admit`](Engine::admit) and [`enroll`](Engine::enroll). Messages that have not begun
    /// are taken back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a deed that does not say who or why and for an unknown journey, [`Error::UnknownContact`],
    /// [`Error::Erased`], [`Error::Store`].
    pub async fn eject(
        &self,
        contact: &ContactId,
        journey: impl Into<JourneyId>,
        by: Deed,
    ) -> Result<(), Error> {
        let journey = journey.into();
        self.known_journey(&journey).await?;
        self.operate(contact, OperationKind::Eject { journey }, by).await
    }

    /// Lifts what [`eject`](Engine::eject) barred: from now on the doors let the contact in as the journey says. It enters
    /// nothing by itself.
    ///
    /// # Errors
    /// As [`eject`](Engine::eject).
    pub async fn admit(
        &self,
        contact: &ContactId,
        journey: impl Into<JourneyId>,
        by: Deed,
    ) -> Result<(), Error> {
        let journey = journey.into();
        self.known_journey(&journey).await?;
        self.operate(contact, OperationKind::Admit { journey }, by).await
    }

    /// Lifts a bar and enters the contact, whatever the doors, their `if` and the re-entry of the journey say. A pause, the
    /// window, an active run and a journey that is `one_per` something are in the way all the same; what comes between this
    /// call and the entry is asked again and then nothing happens.
    ///
    /// # Errors
    /// As [`eject`](Engine::eject), and [`Error::Invalid`] where the journey lets nobody in, or not so.
    pub async fn enroll(
        &self,
        contact: &ContactId,
        journey: impl Into<JourneyId>,
        by: Deed,
    ) -> Result<(), Error> {
        let id = journey.into();
        let contact = &self.meant(contact).await?;
        let loaded = self.known_journey(&id).await?;
        let stored = self.shared.store.contact(contact).await?;
        let runs = stored.iter().flat_map(|stored| &stored.state.hot.enrollments);
        let now = self.shared.store.clock().now();
        let Some(journey) = loaded.program.newest(&id) else { return Ok(()) };
        let sentence = if journey.reentry.one_per.is_some() {
            "it is one_per a property, and by hand there is none to tell the run by"
        } else if loaded.program.is_paused(&id, now) {
            "it is paused"
        } else if !journey.window.contains(now) {
            "it is not open now"
        } else if !journey.reentry.concurrent && runs.into_iter().any(|run| run.journey == id) {
            "the contact is inside"
        } else {
            return self.operate(contact, OperationKind::Enroll { journey: id }, by).await;
        };
        let sentence = format!("{id} does not let {contact} in: {sentence}");
        Err(Error::Invalid { what: "enrollment", sentence, next: "see the head of the journey" })
    }

    /// Lets a run arrive at another step of its version, now; where it is held or its journey paused, when it goes on.
    /// Messages that have not begun are taken back, and nothing of what it waited for counts any more.
    ///
    /// # Errors
    /// As [`eject`](Engine::eject), and [`Error::Invalid`] where the contact has no such run or its version no such step.
    pub async fn move_run(
        &self,
        contact: &ContactId,
        enrollment: EnrollmentId,
        node: impl Into<NodeId>,
        by: Deed,
    ) -> Result<(), Error> {
        let node = node.into();
        let run = self.run_of(contact, enrollment).await?;
        let loaded = self.known_journey(&run.journey).await?;
        let journey = loaded.program.journey(&run.journey, run.version);
        if journey.is_none_or(|journey| journey.node(&node).is_none()) {
            let sentence = format!("version {} of {} has no step {node}", run.version, run.journey);
            return Err(Error::Invalid { what: "step", sentence, next: "name a step of that version" });
        }
        self.operate(contact, OperationKind::Move { enrollment, node }, by).await
    }

    /// Holds a run where it stands, until [`release_run`](Engine::release_run): nothing of it is due, its longest stay
    /// neither. Goals and exits still end it, and what ends its wait is remembered. A message that is in the outbox is not
    /// held; [`cancel_message`](Engine::cancel_message) takes it back.
    ///
    /// # Errors
    /// As [`eject`](Engine::eject), and [`Error::Invalid`] where the contact has no such run.
    pub async fn hold(&self, contact: &ContactId, enrollment: EnrollmentId, by: Deed) -> Result<(), Error> {
        self.run_of(contact, enrollment).await?;
        self.operate(contact, OperationKind::Hold { enrollment }, by).await
    }

    /// Lets a held run go on: what was due meanwhile happens now, and what is too late follows `late` of its journey.
    ///
    /// # Errors
    /// As [`hold`](Engine::hold).
    pub async fn release_run(
        &self,
        contact: &ContactId,
        enrollment: EnrollmentId,
        by: Deed,
    ) -> Result<(), Error> {
        self.run_of(contact, enrollment).await?;
        self.operate(contact, OperationKind::Release { enrollment }, by).await
    }

    async fn operate(&self, contact: &ContactId, what: OperationKind, by: Deed) -> Result<(), Error> {
        check_deed(&by)?;
        tracing::info!(%contact, who = %by.who, ?what, "an operator does something by hand");
        let kind = InputKind::Operate(Operation::new(what, by));
        self.append_checked(vec![Input::for_known(contact.clone(), None, kind)]).await.map(drop)
    }

    async fn known_journey(
        &self,
        journey: &JourneyId,
    ) -> Result<std::sync::Arc<super::program::Loaded>, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        if loaded.program.newest(journey).is_some() {
            return Ok(loaded);
        }
        let sentence = format!("no journey {journey} is published");
        Err(Error::Invalid { what: "journey", sentence, next: "publish it, or mend its name" })
    }

    async fn run_of(&self, contact: &ContactId, enrollment: EnrollmentId) -> Result<Enrollment, Error> {
        let contact = &self.meant(contact).await?;
        let Some(stored) = self.shared.store.contact(contact).await? else {
            return Err(Error::UnknownContact { contact: contact.clone() });
        };
        if stored.erased {
            return Err(Error::Erased { contact: contact.clone() });
        }
        let runs = stored.state.hot.enrollments;
        runs.into_iter().find(|run| run.id == enrollment).ok_or_else(|| Error::Invalid {
            what: "enrollment",
            sentence: format!("{contact} has no run {enrollment} that has not ended"),
            next: "list the runs of the contact with Engine::runs",
        })
    }
}

/// A deed must say who did it and why.
pub(super) fn check_deed(by: &Deed) -> Result<(), Error> {
    match by.problem() {
        None => Ok(()),
        Some(sentence) => Err(Error::Invalid { what: "deed", sentence, next: "say who does it, and why" }),
    }
}
