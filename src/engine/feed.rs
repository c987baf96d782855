//! An audience that the host keeps in memory hears of everybody as each is committed.
//!
//! A commit tells what it changed; whoever it cannot be said of what was committed (a call was dropped, its outcome is
//! unknown, two workers were at one contact at once) is read again, whole, before the next tick ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Engine;
use super::program::Loaded;
use crate::audience::Audience;
use crate::error::{Error, StoreError};
use crate::machine::{ContactState, Envelope, InputKind};
use crate::model::{ContactId, Event, Step};
use crate::rule::Policy;

/// Contacts that are read together.
const PAGE: usize = 512;

/// Where an engine tells what it commits.
pub(super) struct Feed {
    audience: Arc<Mutex<Audience>>,
    open: Mutex<BTreeMap<ContactId, Open>>,
}

/// A contact that somebody is at, or of whom it is not known what was committed.
#[derive(Default)]
struct Open {
    flights: u32,
    doubtful: bool,
}

/// What there is to tell of a contact.
pub(super) enum News {
    /// It was committed.
    Committed(Box<Committed>),
    /// Everything that is known of it, in the place of what was told.
    Whole(Box<Committed>),
    /// It was erased, or cannot be read.
    Gone,
    /// Another worker came first.
    Overtaken,
}

/// A contact as it is committed, and what happened to it.
pub(super) struct Committed {
    state: ContactState,
    heard: Vec<Event>,
}

impl Feed {
    /// The audience is asked by the policy of the engine: who may not be profiled is in no draft for marketing.
    pub(super) fn new(audience: Arc<Mutex<Audience>>, policy: &Policy) -> Self {
        let feed = Self { audience, open: Mutex::default() };
        feed.audience().ask_by(policy.clone());
        feed
    }

    /// Says that somebody is about to commit these contacts; what is not ended is doubted.
    pub(super) fn begin(&self, contacts: impl IntoIterator<Item = ContactId>) -> Flight<'_> {
        let (mut open, mut begun) = (self.open(), Vec::new());
        for contact in contacts {
            let entry = open.entry(contact.clone()).or_default();
            // Of two who are at one contact at once nobody knows who told of it last.
            entry.doubtful |= entry.flights > 0;
            entry.flights += 1;
            begun.push(contact);
        }
        Flight { feed: self, contacts: begun }
    }

    /// Says that a contact is read anew, which ends all doubt unless somebody else is at it.
    fn begin_anew(&self, contact: &ContactId) -> Flight<'_> {
        if let Some(entry) = self.open().get_mut(contact) {
            entry.doubtful = false;
        }
        self.begin([contact.clone()])
    }

    fn doubtful(&self) -> Vec<ContactId> {
        let open = self.open();
        let doubtful = open.iter().filter(|(_, entry)| entry.doubtful && entry.flights == 0);
        doubtful.map(|(contact, _)| contact.clone()).collect()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<ContactId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self, contacts: Vec<ContactId>, news: Vec<News>) {
        let mut open = self.open();
        let mut audience = self.audience();
        for (contact, news) in contacts.into_iter().zip(news) {
            let Some(entry) = open.get_mut(&contact) else { continue };
            entry.flights = entry.flights.saturating_sub(1);
            let sure = !entry.doubtful;
            match news {
                News::Committed(committed) if sure => committed.tell(&contact, &mut audience),
                News::Whole(committed) if sure => {
                    audience.renew(&contact);
                    committed.tell(&contact, &mut audience);
                }
                News::Committed(_) | News::Whole(_) => {}
                News::Gone => audience.forget(&contact),
                News::Overtaken => entry.doubtful = true,
            }
            if entry.flights == 0 && !entry.doubtful {
                open.remove(&contact);
            }
        }
    }
}

impl Committed {
    fn tell(&self, contact: &ContactId, audience: &mut Audience) {
        audience.put(&self.state);
        for event in &self.heard {
            let at = event.at.unwrap_or(self.state.hot.now);
            audience.hear(contact, &event.name, &event.properties, at);
        }
    }
}

/// Contacts that somebody is at.
pub(super) struct Flight<'f> {
    feed: &'f Feed,
    contacts: Vec<ContactId>,
}

impl Flight<'_> {
    /// Ends it, with the news of each contact in its place.
    pub(super) fn end(mut self, news: Vec<News>) {
        let contacts = std::mem::take(&mut self.contacts);
        self.feed.land(contacts, news);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.contacts.is_empty() {
            return;
        }
        let mut open = self.feed.open();
        for contact in &self.contacts {
            if let Some(entry) = open.get_mut(contact) {
                entry.flights = entry.flights.saturating_sub(1);
                entry.doubtful = true;
            }
        }
    }
}

impl News {
    /// What a transition has to tell, once it is committed.
    pub(super) fn of(loaded: &Loaded, state: ContactState, read: &[Envelope], steps: &[Step]) -> Self {
        // What is taken back was told already.
        if read.iter().any(|envelope| matches!(envelope.kind, InputKind::Retract { .. })) {
            return Self::Overtaken;
        }
        let heard = loaded.program.heard(&state, read, steps);
        Self::Committed(Box::new(Committed { state, heard }))
    }
}

impl Engine {
    /// Reads everybody, and puts them into the [audience](super::EngineBuilder::audience) of this engine: contacts as they are
    /// committed, and what ever happened to them. Answers how many there are. Do it once, when the process begins; from then
    /// on ticks keep the audience up to date, also while this is still at work.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # futures::executor::block_on(async {
    /// use journeyman::audience::Audience;
    /// use journeyman::port::SystemClock;
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Clock, Engine, Event};
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let before = Engine::builder(store.clone()).build();
    /// before.track(Event::new("lea", "app.opened")).await?;
    /// before.tick().await?;
    ///
    /// let audience = Arc::new(Mutex::new(Audience::default()));
    /// let engine = Engine::builder(store).audience(audience.clone()).build();
    /// assert_eq!(engine.build_audience().await?, 1);
    /// engine.track(Event::new("zoe", "app.opened")).await?;
    /// engine.tick().await?;
    ///
    /// let draft: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "draft", "where": {"event": "app.opened", "within": "30d"}}"#)?;
    /// let audience = audience.lock().unwrap();
    /// let draft = audience.draft(&draft, &[])?;
    /// assert_eq!(audience.size(&draft, SystemClock.now()), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// What was purged is not known any more. Where several engines or processes share a store, each tells its audience what
    /// it commits itself: do this again for what the others did meanwhile.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the engine was given no audience; [`Error::Store`], [`Error::Catalog`].
    pub async fn build_audience(&self) -> Result<u64, Error> {
        let Some(feed) = &self.shared.feed else {
            return Err(Error::Invalid {
                what: "audience",
                sentence: "this engine was given none".to_owned(),
                next: "give it one with EngineBuilder::audience",
            });
        };
        let (mut after, mut people) = (0, 0);
        loop {
            let page = self.shared.store.scan(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            people += page.len() as u64;
            let loaded = self.current().await?;
            for (_, state) in page {
                self.read_anew(feed, &loaded, &state.cold.contact.id).await?;
            }
        }
        feed.audience().tidy();
        Ok(people)
    }

    /// Reads everybody again of whom it is not known what was committed.
    pub(super) async fn end_doubts(&self) -> Result<(), Error> {
        let Some(feed) = &self.shared.feed else { return Ok(()) };
        let doubtful = feed.doubtful();
        if doubtful.is_empty() {
            return Ok(());
        }
        let loaded = self.current().await?;
        for contact in doubtful {
            self.read_anew(feed, &loaded, &contact).await?;
        }
        Ok(())
    }

    async fn current(&self) -> Result<Arc<Loaded>, Error> {
        let revision = self.shared.store.revision().await?;
        self.program(Some(revision)).await
    }

    async fn read_anew(&self, feed: &Feed, loaded: &Loaded, contact: &ContactId) -> Result<(), Error> {
        let flight = feed.begin_anew(contact);
        let news = match self.everything_of(loaded, contact).await {
            Ok(news) => news,
            Err(Error::Store(error @ StoreError::Corrupt { .. })) => {
                tracing::error!(%contact, %error, "a contact cannot be read and is in no audience");
                News::Gone
            }
            Err(error) => return Err(error),
        };
        flight.end(vec![news]);
        Ok(())
    }

    async fn everything_of(&self, loaded: &Loaded, contact: &ContactId) -> Result<News, Error> {
        let stored = self.shared.store.contact(contact).await?;
        let Some(stored) = stored.filter(|stored| !stored.erased) else { return Ok(News::Gone) };
        let (inputs, steps) = self.history_of(contact, &stored).await?;
        let heard = loaded.program.heard(&stored.state, &inputs, &steps);
        Ok(News::Whole(Box::new(Committed { state: stored.state, heard })))
    }
}
