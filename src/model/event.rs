//! Something that happened to a contact.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Attributes, ContactId, Name, Value};

/// Something that happened to a contact, at an instant.
///
/// Give the host's own [`id`](Event::id) wherever there is one: a second event with it is ignored, so that
/// telling twice is safe. Without an id every call is an event of its own.
///
/// ```
/// use journeyman::Event;
/// let click = Event::new("c-1042", "link.clicked").id("click-77").property("cta", "book");
/// assert_eq!(&*click.name, "link.clicked");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whom it happened to.
    pub contact: ContactId,
    /// The host's own id of this event, at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Name>,
    /// What happened, such as `call.booked`.
    pub name: Name,
    /// What is known of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub properties: Attributes,
    /// When it happened; the instant of receipt where this is absent. A late event counts at its own instant,
    /// one from the future waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

impl Event {
    /// An event that happens now.
    #[must_use]
    pub fn new(contact: impl Into<ContactId>, name: impl Into<Name>) -> Self {
        Self { contact: contact.into(), id: None, name: name.into(), properties: Attributes::new(), at: None }
    }

    /// Sets the host's own id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets a property.
    #[must_use]
    pub fn property(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// Says when it happened; cut to whole milliseconds.
    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(super::truncate(at));
        self
    }

    /// The size that limits count, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.name.len()
            + self.id.as_ref().map_or(0, |id| id.len())
            + self.properties.iter().map(|(name, value)| name.len() + value.size()).sum::<usize>()
    }
}
