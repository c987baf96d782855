//! Contacts and their history, brought in many at a time.

use super::Engine;
use super::tracked::is_tracked;
use crate::error::{Error, RowProblem};
use crate::machine::{Input, InputKind};
use crate::model::{Event, Import, ImportRow, InputId};
use crate::port::store::Receipt;

/// Rows that are appended together.
const CHUNK: usize = 512;

/// What became of the rows of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Rows that are in their mailboxes now.
    pub kept: u64,
    /// Rows that an earlier call with this batch had brought.
    pub known: u64,
    /// Rows of contacts that were erased; nothing of them is kept.
    pub erased: u64,
    /// Openings and clicks that were left out of their rows: as of [`track`](Engine::track), their contact does not allow
    /// [`TRACKING`](crate::link::TRACKING), or no person did them.
    pub untracked: u64,
}

impl Engine {
    /// Takes in contacts and what happened to them, from a file or another system. A row is known by its batch and its
    /// number: where this call is broken off, the same call again brings what is missing, and nothing twice.
    ///
    /// What is known of a contact is merged, its events count at their own instants, however long ago, and a date that is
    /// to come opens its door when it comes. But no journey is opened, ended or gone on with by it, unless the import
    /// [triggers](Import::triggers); then its rows do what [`identify`](Engine::identify) and [`track`](Engine::track)
    /// would do now, event by event.
    ///
    /// Consents are never imported: each one is told with its evidence, by [`consent`](Engine::consent). An event of an
    /// import and the same one that is tracked count twice, for ids are compared with the batch alone.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::{Import, ImportRow};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let bought = Event::new("lea", "order.paid").at("2019-05-01T10:00:00Z".parse()?);
    /// let import = Import::new("shop-2026-03").row(ImportRow::new(Contact::new("lea").tag("customer")).event(bought));
    /// assert_eq!(engine.import(import.clone()).await?.kept, 1);
    /// assert_eq!(engine.import(import).await?.known, 1);
    /// engine.tick().await?;
    /// let lea = engine.store().contact(&"lea".into()).await?.ok_or("unknown")?;
    /// assert_eq!(lea.state.hot.performed.tally("order.paid").map(|tally| tally.count), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Rows`] with every row that is not valid, and nothing of any row is kept; [`Error::Invalid`] for a batch
    /// without a name; [`Error::Store`], after which the same call goes on where this one ended.
    pub async fn import(&self, import: Import) -> Result<Imported, Error> {
        let Import { batch, rows, triggers } = import;
        self.check_id("name of the batch", &batch)?;
        let mut inputs = Vec::with_capacity(rows.len());
        let mut problems = Vec::new();
        let mut imported = Imported::default();
        for (number, mut row) in (0..).zip(rows) {
            match self.check_row(&mut row) {
                Ok(()) => {
                    let contact = row.contact.id.clone();
                    imported.untracked += self.leave_out_untracked(&mut row).await?;
                    let id = InputId::from_import(&batch, number);
                    inputs.push(Input::new(contact, Some(id), InputKind::Import { row, triggers }));
                }
                Err(error) => problems.push(RowProblem { row: number, error: Box::new(error) }),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Rows(problems));
        }
        for chunk in inputs.chunks(CHUNK) {
            self.see_all(chunk).await?;
            for receipt in self.shared.store.append(chunk, self.shared.horizon).await? {
                match receipt {
                    Receipt::Kept { .. } => imported.kept += 1,
                    Receipt::Erased => imported.erased += 1,
                    _ => imported.known += 1,
                }
            }
            self.wake();
        }
        tracing::info!(%batch, kept = imported.kept, known = imported.known, "imported");
        Ok(imported)
    }

    async fn leave_out_untracked(&self, row: &mut ImportRow) -> Result<u64, Error> {
        if !row.events.iter().any(is_tracked) {
            return Ok(0);
        }
        let (told, mut kept) = (row.events.len(), Vec::new());
        for event in std::mem::take(&mut row.events) {
            if !is_tracked(&event) || self.may_know(&row.contact.id, &event).await? {
                kept.push(event);
            }
        }
        row.events = kept;
        Ok((told - row.events.len()) as u64)
    }

    fn check_row(&self, row: &mut ImportRow) -> Result<(), Error> {
        self.check_id("contact id", row.contact.id.as_str())?;
        self.check_contact(&mut row.contact)?;
        let invalid = |sentence: String, next| Err(Error::Invalid { what: "event", sentence, next });
        if row.events.len() > ImportRow::MOST_EVENTS {
            let (found, most) = (row.events.len(), ImportRow::MOST_EVENTS);
            return invalid(
                format!("there are {found} in one row and the limit is {most}"),
                "make another row",
            );
        }
        let size: usize = row.events.iter().map(Event::size).sum();
        self.check_size("row of the import", size, self.shared.limits.contact)?;
        let now = self.shared.store.clock().now();
        for event in &mut row.events {
            self.check_event(event)?;
            if event.contact != row.contact.id {
                let sentence =
                    format!("it happened to {} and stands in a row of {}", event.contact, row.contact.id);
                return invalid(sentence, "give each contact rows of its own");
            }
            if event.at.is_none_or(|at| at > now) {
                let sentence = "it does not say when it happened, or has not happened yet".to_owned();
                return invalid(sentence, "give it the instant at which it happened; track what is to come");
            }
        }
        Ok(())
    }
}
