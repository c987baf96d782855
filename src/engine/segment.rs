//! Who is in which segment, since when, and why.

use chrono::{DateTime, Utc};

use super::Engine;
use crate::error::Error;
use crate::machine::{Input, InputKind};
use crate::model::{ContactId, InputId, Name};
use crate::rule::segment::{Line, SegmentDefinition, SegmentExplanation, SegmentKind, Segments};

/// Contacts that are read together.
const PAGE: usize = 512;

/// A segment that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentStatus {
    /// Its name.
    pub segment: Name,
    /// Its newest version, which decides who is in it.
    pub version: u32,
    /// How that is decided.
    pub kind: SegmentKind,
    /// How many contacts are in it, as they are committed.
    pub size: u64,
    /// Where it ends, where it ranks and its line was drawn.
    pub line: Option<Line>,
}

/// One segment that a contact is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentMembership {
    /// Which one.
    pub segment: Name,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often the contact came into it, this time included.
    pub times: u32,
    /// The version by which it came in.
    pub version: u32,
}

/// Some members of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberPage {
    /// Who is in it.
    pub contacts: Vec<ContactId>,
    /// Where the next page begins; `None` where there is none.
    pub next: Option<u64>,
}

impl Engine {
    /// Every segment that is published, in order of name; their sizes are kept and not counted.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let vips: SegmentDefinition = serde_json::from_str(r#"{"segment": "vips", "where": {"tag": "vip"}}"#)?;
    /// engine.publish([vips.into()]).await?;
    /// engine.identify(Contact::new("lea").tag("vip")).await?;
    /// engine.tick().await?;
    /// let vips = &engine.segments().await?[0];
    /// assert_eq!((&*vips.segment, vips.version, vips.size), ("vips", 1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Catalog`].
    pub async fn segments(&self) -> Result<Vec<SegmentStatus>, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let sizes = self.shared.store.segment_sizes().await?;
        let segments = loaded.program.segments();
        let known = segments.names().filter_map(|name| segments.at(segments.place(name)?));
        let mut all: Vec<SegmentStatus> = known
            .map(|segment| SegmentStatus {
                segment: segment.name.clone(),
                version: segment.version,
                kind: segment.kind,
                size: sizes.get(&segment.name).copied().unwrap_or(0),
                line: loaded.program.line(&segment.name).cloned(),
            })
            .collect();
        all.sort_by(|one, other| one.segment.cmp(&other.segment));
        Ok(all)
    }

    /// Who is in a segment, as they are committed. It reads contacts, in an order of the store's own; `after` is 0 at first,
    /// and then what the former page says.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Fact;
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::Engine;
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([SegmentDefinition::manual("friends").into()]).await?;
    /// engine.tell("lea", Fact::Segment { segment: "friends".into(), inside: true }).await?;
    /// engine.tick().await?;
    /// let page = engine.members("friends", 0, 100).await?;
    /// assert_eq!((page.contacts, page.next), (vec!["lea".into()], None));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a segment that is not published; [`Error::Store`], [`Error::Catalog`].
    pub async fn members(&self, segment: &str, after: u64, limit: usize) -> Result<MemberPage, Error> {
        self.check_segment(segment).await?;
        let (mut page, mut after) = (MemberPage::default(), after);
        loop {
            let contacts = self.shared.store.scan(after, PAGE).await?;
            if contacts.is_empty() {
                return Ok(page);
            }
            for (row, state) in contacts {
                if page.contacts.len() >= limit {
                    page.next = Some(after);
                    return Ok(page);
                }
                after = row;
                if state.hot.segments.is_in(segment) {
                    page.contacts.push(state.cold.contact.id.clone());
                }
            }
        }
    }

    /// The segments that a contact is in, as it is committed, in order of name.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let active: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "active", "where": {"event": "app.opened", "within": "30d"}}"#)?;
    /// engine.publish([active.into()]).await?;
    /// engine.track(Event::new("lea", "app.opened")).await?;
    /// engine.tick().await?;
    /// let lea = engine.memberships(&"lea".into()).await?;
    /// assert_eq!((&*lea[0].segment, lea[0].times), ("active", 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`], [`Error::Store`].
    pub async fn memberships(&self, contact: &ContactId) -> Result<Vec<SegmentMembership>, Error> {
        let stored = self.known_contact(contact).await?;
        let inside =
            stored.state.hot.segments.members.iter().map(|(segment, membership)| SegmentMembership {
                segment: segment.clone(),
                since: DateTime::from_timestamp_millis(membership.since).unwrap_or_default(),
                times: membership.times,
                version: membership.version,
            });
        Ok(inside.collect())
    }

    /// Why a contact is in a segment, or is not: the questions that decide it, with what is known of the contact now, and
    /// when that may next change.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let vips: SegmentDefinition = serde_json::from_str(r#"{"segment": "vips", "where": {"tag": "vip"}}"#)?;
    /// engine.publish([vips.into()]).await?;
    /// engine.identify(Contact::new("lea").tag("vip")).await?;
    /// engine.tick().await?;
    /// let why = engine.explain_segment(&"lea".into(), "vips").await?;
    /// assert!(why.to_string().contains("vip"), "{why}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`]; [`Error::Invalid`] for a segment that is not published;
    /// [`Error::Store`], [`Error::Catalog`].
    pub async fn explain_segment(
        &self,
        contact: &ContactId,
        segment: &str,
    ) -> Result<SegmentExplanation, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let stored = self.known_contact(contact).await?;
        let now = self.shared.store.clock().now().max(stored.state.hot.now);
        let explained = loaded.program.explain_segment(segment, &stored.state, now);
        explained.ok_or_else(|| unknown(segment))
    }

    /// How many contacts a segment would hold now that is not published, or not in this version. The history of every contact
    /// is looked through for it, so it is exact whatever it asks, and slow where there are many.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.track(Event::new("lea", "app.opened")).await?;
    /// engine.track(Event::new("zoe", "app.closed")).await?;
    /// engine.tick().await?;
    /// let draft: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "active", "where": {"event": "app.opened", "within": "30d"}}"#)?;
    /// assert_eq!(engine.count(&draft).await?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`] with everything that is wrong with it; [`Error::Store`], [`Error::Catalog`].
    pub async fn count(&self, draft: &SegmentDefinition) -> Result<u64, Error> {
        let snapshot = self.shared.store.snapshot().await?;
        let loaded = self.program(Some(snapshot.revision)).await?;
        let saved = snapshot.segments().filter(|saved| saved.segment != draft.segment).cloned();
        let segments = Segments::compile(saved.chain([draft.clone()]), &snapshot.lines())?;
        let program = loaded.program.segmented_by(segments);
        let place = program.segments().place(&draft.segment).ok_or_else(|| unknown(&draft.segment))?;
        let (mut count, mut after) = (0, 0);
        loop {
            let page = self.shared.store.scan(after, PAGE).await?;
            let Some((row, _)) = page.last() else { return Ok(count) };
            after = *row;
            for (_, state) in page {
                let contact = &state.cold.contact.id;
                let Some(stored) = self.shared.store.contact(contact).await?.filter(|stored| !stored.erased)
                else {
                    continue;
                };
                let (inputs, steps) = self.history_of(contact, &stored).await?;
                let mut known = stored.state;
                // A draft knows nothing yet, so that everything is counted.
                known.hot.retracted = false;
                known.hot.segments = program.recount_segments(&known, &inputs, &steps);
                let now = self.shared.store.clock().now().max(known.hot.now);
                count += u64::from(program.holds(place, &known, now));
            }
        }
    }

    /// Takes back an event that was told by mistake, by the id that the host gave it: it counts in no segment any more. Who
    /// moves by that is told as if a definition had changed. What it did before stays: steps that were taken, points that
    /// were given, how often it is remembered to have happened. The log of the contact is looked through for it, as far as it
    /// was not purged.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let buyers: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "buyers", "where": {"event": "order.paid"}}"#)?;
    /// engine.publish([buyers.into()]).await?;
    /// engine.track(Event::new("lea", "order.paid").id("order-7")).await?;
    /// engine.tick().await?;
    /// engine.retract(&"lea".into(), "order-7").await?;
    /// engine.tick().await?;
    /// assert_eq!(engine.memberships(&"lea".into()).await?, []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`]; [`Error::Invalid`] where no event of this id is known of the contact;
    /// [`Error::Store`].
    pub async fn retract(&self, contact: &ContactId, event: &str) -> Result<(), Error> {
        self.known_contact(contact).await?;
        let input = InputId::from_host("event", contact, event);
        let known = self.shared.store.inputs(contact, 0, u64::MAX).await?;
        let is_it =
            |other: &crate::machine::Envelope| other.id == input && matches!(other.kind, InputKind::Event(_));
        if !known.iter().any(is_it) {
            let sentence = format!("no event of the id {event:?} is known of {contact}");
            return Err(Error::Invalid {
                what: "event",
                sentence,
                next: "give the id that it was told with",
            });
        }
        let id = InputId::from_host("retract", contact, event);
        let retract = Input::for_known(contact.clone(), Some(id), InputKind::Retract { input });
        self.shared.store.append(&[retract], self.shared.horizon).await?;
        self.wake();
        Ok(())
    }

    async fn check_segment(&self, segment: &str) -> Result<(), Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        loaded.program.segments().place(segment).map(drop).ok_or_else(|| unknown(segment))
    }
}

fn unknown(segment: &str) -> Error {
    let sentence = format!("no segment {segment} is published");
    Error::Invalid { what: "segment", sentence, next: "publish it, or mend its name" }
}
