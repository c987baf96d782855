//! Events that violate their schema: set aside at the door, released or dropped by hand.

use std::collections::BTreeMap;

use super::Engine;
use super::operate::check_deed;
use super::program::Loaded;
use crate::error::Error;
use crate::machine::{Input, InputKind};
use crate::model::{Deed, Event};
use crate::port::store::{AsideRecord, NewAside, Receipt};

/// What became of an event that violates its schema; without a number where its contact was erased.
pub(super) struct NowAside {
    pub(super) id: Option<u64>,
    pub(super) problems: Vec<String>,
}

impl Engine {
    /// Sets the events aside that violate their schema, and answers their places among `inputs`.
    pub(super) async fn set_aside(&self, inputs: &[Input]) -> Result<BTreeMap<usize, NowAside>, Error> {
        if !inputs.iter().any(|input| matches!(input.kind, InputKind::Event(_))) {
            return Ok(BTreeMap::new());
        }
        let loaded = self.program(None).await?;
        if loaded.schemas.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (mut places, mut violating) = (Vec::new(), Vec::new());
        for (place, input) in inputs.iter().enumerate() {
            let InputKind::Event(event) = &input.kind else { continue };
            // What must be permitted when it is kept does not lie aside, where nobody would ask.
            if input.permitted.is_some() {
                continue;
            }
            let problems = violations(&loaded, event);
            if !problems.is_empty() {
                places.push(place);
                violating.push(NewAside::new(event.clone(), problems));
            }
        }
        if violating.is_empty() {
            return Ok(BTreeMap::new());
        }
        let numbers = self.shared.store.set_aside(&violating).await?;
        tracing::warn!(events = numbers.len(), "events violate their schema and are set aside");
        let aside =
            numbers.into_iter().zip(violating).map(|(id, new)| NowAside { id, problems: new.problems });
        Ok(places.into_iter().zip(aside).collect())
    }

    /// Events that violated their schema and wait for somebody's decision, with numbers after `after`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Deed;
    /// use journeyman::rule::{EventSchema, PropertyType};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Error, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([EventSchema::new("order.paid", 1).requires("total", PropertyType::Decimal).into()]).await?;
    /// let told = engine.track(Event::new("lea", "order.paid").id("o-1")).await;
    /// assert!(matches!(told, Err(Error::Aside { id: 1, .. }))); // not lost, and not counted
    ///
    /// let aside = engine.aside(0, 10).await?;
    /// assert!(aside[0].problems[0].starts_with("E010 order.paid.total"));
    /// engine.publish([EventSchema::new("order.paid", 2).allows("total", PropertyType::Decimal).into()]).await?;
    /// engine.release_aside(1, false, Deed::new("ana", "the shop sends no total for vouchers")).await?;
    /// assert!(engine.aside(0, 10).await?.is_empty());
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>, Error> {
        Ok(self.shared.store.aside(after, limit).await?)
    }

    /// Puts an event that was set aside into its mailbox, as if it had been tracked now: it is judged by the newest schema
    /// once more, unless it is `forced`. True where it is new; false where its id was told before.
    ///
    /// # Errors
    /// [`Error::Aside`] where it violates the newest schema too, and it stays aside; [`Error::Invalid`] for a deed that does
    /// not say who or why and for a number that is not open; [`Error::UnknownContact`], [`Error::Erased`], [`Error::Store`].
    pub async fn release_aside(&self, id: u64, forced: bool, by: Deed) -> Result<bool, Error> {
        check_deed(&by)?;
        let record = self.shared.store.aside_record(id).await?;
        let Some(event) = record.and_then(|record| record.event) else { return Err(not_open(id)) };
        if !forced {
            let revision = self.shared.store.revision().await?;
            let loaded = self.program(Some(revision)).await?;
            let problems = violations(&loaded, &event);
            if !problems.is_empty() {
                return Err(Error::Aside { id, problems });
            }
        }
        let contact = event.contact.clone();
        let mut input = Input::from(event);
        self.check_input(&mut input)?;
        if !self.untracked(std::slice::from_mut(&mut input)).await?.is_empty() {
            return Err(Error::Invalid {
                what: "event",
                sentence:
                    "its contact does not allow that openings and clicks are known, or no person did it"
                        .into(),
                next: "drop it",
            });
        }
        if !input.creates && self.shared.store.contact(&contact).await?.is_none() {
            return Err(Error::UnknownContact { contact });
        }
        let receipt = self.shared.store.release_aside(id, &input, &by).await?;
        tracing::info!(aside = id, who = %by.who, forced, "an event that was aside is released");
        self.wake();
        match receipt {
            Some(Receipt::Kept { .. }) => Ok(true),
            Some(Receipt::Erased) => Err(Error::Erased { contact }),
            Some(_) => Ok(false),
            None => Err(not_open(id)),
        }
    }

    /// Drops an event that was set aside, for good; that somebody did stays on record.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a deed that does not say who or why and for a number that is not open; [`Error::Store`].
    pub async fn drop_aside(&self, id: u64, by: Deed) -> Result<(), Error> {
        check_deed(&by)?;
        let dropped = self.shared.store.drop_aside(id, &by).await?;
        tracing::info!(aside = id, who = %by.who, dropped, "an event that was aside is dropped");
        if dropped { Ok(()) } else { Err(not_open(id)) }
    }

    /// Reads the catalog again, where it has changed. A tick does so by itself; a process that only tells what happens
    /// calls this, so that it judges events by the newest schemas.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Catalog`].
    pub async fn refresh(&self) -> Result<(), Error> {
        let revision = self.shared.store.revision().await?;
        self.program(Some(revision)).await.map(drop)
    }
}

/// What an event violates of the newest schema of its name, a sentence each.
pub(super) fn violations(loaded: &Loaded, event: &Event) -> Vec<String> {
    let schema = loaded.schemas.get(&event.name);
    schema.map_or_else(Vec::new, |schema| schema.judge(event)).iter().map(ToString::to_string).collect()
}

fn not_open(id: u64) -> Error {
    Error::Invalid {
        what: "number of an event",
        sentence: format!("no event {id} is aside"),
        next: "list what is aside with Engine::aside",
    }
}
