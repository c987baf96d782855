//! Where each journey stands: as a draft, published, paused, archived.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::error::Error;
use crate::journey::JourneyDefinition;
use crate::machine::Pause;
use crate::model::JourneyId;
use crate::port::store::{CatalogSnapshot, Definition};

/// Where a journey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JourneyState {
    /// It was never published.
    Draft,
    /// One enters and walks.
    Running,
    /// Its people are held, and nobody enters.
    Paused,
    /// Nobody enters; whoever is inside walks on.
    Archived,
}

/// What a host shows of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JourneyStatus {
    /// Which journey.
    pub id: JourneyId,
    /// Where it stands. One that is paused and archived is `Paused`, because its people are held.
    pub state: JourneyState,
    /// Its published versions, in order.
    pub versions: Vec<u32>,
    /// The version that one enters.
    pub newest: Option<u32>,
    /// The version that is being written.
    pub draft: Option<u32>,
}

impl Engine {
    /// Keeps a definition that nobody enters, in place of the former draft of its journey. It is checked as if it were
    /// published, and is gone when a version of its number or a higher one is.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::engine::JourneyState;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Journey};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let journey = Journey::builder("hello").enter_on("signed_up").exit("end", "done").build()?;
    /// engine.draft(&journey.definition).await?;
    /// assert_eq!(engine.journeys().await?[0].state, JourneyState::Draft);
    /// engine.publish([journey.into()]).await?;
    /// assert_eq!((engine.journeys().await?[0].state, engine.drafts().await?.len()), (JourneyState::Running, 0));
    /// engine.archive(&"hello".into()).await?;
    /// assert_eq!(engine.journeys().await?[0].state, JourneyState::Archived);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`] with every problem, as [`publish`](Engine::publish); [`Error::Invalid`] where its version is not above
    /// those that are published; [`Error::Store`].
    pub async fn draft(&self, definition: &JourneyDefinition) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot().await?;
        self.check(std::slice::from_ref(&Definition::Journey(definition.clone())), &snapshot)?;
        let newest = versions(&snapshot).remove(&JourneyId::from(definition.journey.as_str()));
        let newest = newest.and_then(|versions| versions.last().copied());
        if let Some(newest) = newest.filter(|newest| *newest >= definition.version) {
            let sentence = format!("version {newest} of {} is published already", definition.journey);
            return Err(Error::Invalid { what: "draft", sentence, next: "raise its version" });
        }
        self.shared.store.draft(definition).await?;
        Ok(())
    }

    /// What is being written, in order of the journeys' names.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn drafts(&self) -> Result<Vec<JourneyDefinition>, Error> {
        Ok(self.shared.store.snapshot().await?.drafts)
    }

    /// Lets nobody enter a journey any more, by whatever way: doors, dates, schedules, steps of other journeys. Whoever is
    /// inside walks on. What would have opened it meanwhile is over when it is taken back out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a journey that is not published, [`Error::Store`].
    pub async fn archive(&self, journey: &JourneyId) -> Result<(), Error> {
        self.must_be_published(journey).await?;
        self.shared.store.archive(journey).await?;
        Ok(())
    }

    /// Lets a journey be entered again.
    ///
    /// # Errors
    /// As [`archive`](Engine::archive).
    pub async fn unarchive(&self, journey: &JourneyId) -> Result<(), Error> {
        self.must_be_published(journey).await?;
        self.shared.store.unarchive(journey).await?;
        Ok(())
    }

    /// Every journey, drafts included, in order of name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn journeys(&self) -> Result<Vec<JourneyStatus>, Error> {
        let snapshot = self.shared.store.snapshot().await?;
        let mut all = versions(&snapshot);
        for draft in &snapshot.drafts {
            all.entry(draft.journey.as_str().into()).or_default();
        }
        let status = |(id, versions): (JourneyId, Vec<u32>)| {
            let draft = snapshot.drafts.iter().find(|draft| draft.journey == id.as_str());
            let newest = versions.last().copied();
            let state = match newest {
                None => JourneyState::Draft,
                Some(_) if lasts(&snapshot.pauses, &id) => JourneyState::Paused,
                Some(_) if lasts(&snapshot.archived, &id) => JourneyState::Archived,
                Some(_) => JourneyState::Running,
            };
            JourneyStatus { id, state, versions, newest, draft: draft.map(|draft| draft.version) }
        };
        Ok(all.into_iter().map(status).collect())
    }

    async fn must_be_published(&self, journey: &JourneyId) -> Result<(), Error> {
        if versions(&self.shared.store.snapshot().await?).contains_key(journey) {
            return Ok(());
        }
        let sentence = format!("{journey} is not published");
        Err(Error::Invalid { what: "journey", sentence, next: "name one that is" })
    }
}

fn versions(snapshot: &CatalogSnapshot) -> BTreeMap<JourneyId, Vec<u32>> {
    let mut all: BTreeMap<JourneyId, Vec<u32>> = BTreeMap::new();
    for definition in &snapshot.definitions {
        if let Definition::Journey(journey) = definition {
            all.entry(journey.journey.as_str().into()).or_default().push(journey.version);
        }
    }
    all.values_mut().for_each(|versions| versions.sort_unstable());
    all
}

fn lasts(times: &BTreeMap<JourneyId, Vec<Pause>>, journey: &JourneyId) -> bool {
    let last: Option<Option<DateTime<Utc>>> =
        times.get(journey).and_then(|times| times.last()).map(|last| last.until);
    last == Some(None)
}
