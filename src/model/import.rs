//! Contacts and their history, brought in many at a time.

use serde::{Deserialize, Serialize};

use super::{Contact, Event, Name};

/// Contacts and their history from another system: each row is taken in once, whatever happens on the way.
///
/// Consents are not among it: a consent is told with its evidence, by [`Engine::consent`](crate::Engine::consent).
///
/// ```
/// use journeyman::model::{Import, ImportRow};
/// use journeyman::{Contact, Event};
///
/// let bought = "2019-05-01T10:00:00Z".parse()?;
/// let lea = ImportRow::new(Contact::new("lea").tag("customer")).event(Event::new("lea", "order.paid").at(bought));
/// let import = Import::new("shop-2026-03").row(lea);
/// assert!(!import.triggers); // nothing is opened, ended or matched by it
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Import {
    /// The name of this batch: a row is known by it and by its number.
    pub batch: Name,
    /// The rows, numbered from 0.
    pub rows: Vec<ImportRow>,
    /// Whether the rows open, end and match as if they had been told one by one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub triggers: bool,
}

impl Import {
    /// An empty batch that triggers nothing.
    #[must_use]
    pub fn new(batch: impl Into<Name>) -> Self {
        Self { batch: batch.into(), rows: Vec::new(), triggers: false }
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, row: ImportRow) -> Self {
        self.rows.push(row);
        self
    }

    /// Lets the rows open, end and match as if they had been told one by one.
    #[must_use]
    pub fn triggers(mut self) -> Self {
        self.triggers = true;
        self
    }
}

/// One contact, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportRow {
    /// What is known of the contact; merged as by [`Engine::identify`](crate::Engine::identify).
    pub contact: Contact,
    /// What happened to it, however long ago; each counts at its own instant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

impl ImportRow {
    /// The most events of one row; further ones make another row.
    pub const MOST_EVENTS: usize = 1_000;

    /// A contact without a history.
    #[must_use]
    pub fn new(contact: Contact) -> Self {
        Self { contact, events: Vec::new() }
    }

    /// Adds something that happened.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}
