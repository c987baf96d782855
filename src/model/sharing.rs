//! Telling a third party of a contact, and telling it to forget.

use serde::{Deserialize, Serialize};

use super::{ContactId, Fingerprint, Name};

/// Asks that the third party of a purpose is told of a contact: [`Engine::share`](crate::Engine::share).
///
/// ```
/// use journeyman::model::Share;
/// let share = Share::new("c-1042", "maison-k").id("2027-01");
/// assert_eq!(&*share.purpose, "maison-k");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// Of whom.
    pub contact: ContactId,
    /// For which purpose, which names the third party.
    pub purpose: Name,
    /// The host's own id: asking twice is then safe.
    pub id: Option<Name>,
}

impl Share {
    /// Puts it together.
    #[must_use]
    pub fn new(contact: impl Into<ContactId>, purpose: impl Into<Name>) -> Self {
        Self { contact: contact.into(), purpose: purpose.into(), id: None }
    }

    /// Sets the host's own id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }
}

/// What a message tells a third party; it says nothing to the contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sharing {
    /// Whether it tells of the contact, or takes that back.
    pub act: SharingAct,
    /// Who is told.
    pub with: Name,
    /// Under which id the third party knows the contact. Each third party knows it under another one.
    pub subject: Fingerprint,
}

impl Sharing {
    /// Puts it together.
    #[must_use]
    pub fn new(act: SharingAct, with: impl Into<Name>, subject: Fingerprint) -> Self {
        Self { act, with: with.into(), subject }
    }
}

/// Whether a third party is told of a contact, or told to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SharingAct {
    /// It is told the declared fields, as long as the contact allows that.
    Export,
    /// It is told to remove what it was told. That is owed, whatever the contact says (GDPR art. 19).
    Removal,
}

/// Something of a contact that a purpose tells its third party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SharedField {
    /// What the host knows of the contact under this name.
    Attribute(Name),
    /// Its address on this channel.
    Address(Name),
}

impl SharedField {
    /// What it is called where somebody reads which data is told.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            SharedField::Attribute(name) | SharedField::Address(name) => name,
        }
    }
}

/// Where the newest call of a third party stands, for one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Called {
    /// There was none and there will be none.
    Never,
    /// It is over.
    Before,
    /// It has begun, and may go on until this instant.
    Until(chrono::DateTime<chrono::Utc>),
}
