//! A person we may speak to.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{Attributes, ContactId, Fingerprint, Name, Value};

/// A person we may speak to, and the form in which a host says what it knows of one.
///
/// Identifying merges: what is given replaces what was there, what is not given stays, and what is named by
/// [`without`](Contact::without) or [`without_tag`](Contact::without_tag) goes.
///
/// ```
/// use journeyman::Contact;
/// let lea = Contact::new("c-1042")
///     .attribute("first_name", "Léa")
///     .attribute("followers", 2_000)
///     .address("email", "lea@example.org")
///     .address("sms", "+33600000001")
///     .zone("Europe/Paris")
///     .locale("fr")
///     .tag("chanteuse");
/// assert_eq!(lea.id.as_str(), "c-1042");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The host's own id.
    pub id: ContactId,
    /// What is known of the person.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Name>,
    /// The language of the person, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Name>,
    /// The IANA time zone that hours and days of this person are counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Name>,
    /// Where the person can be reached, by channel.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub addresses: LiteMap<Name, Address>,
    /// Names of attributes that this update takes away; always empty in what a store returns.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unset: BTreeSet<Name>,
    /// Tags that this update takes away; always empty in what a store returns.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untag: BTreeSet<Name>,
}

impl Contact {
    /// A contact of whom nothing but the id is said.
    #[must_use]
    pub fn new(id: impl Into<ContactId>) -> Self {
        Self {
            id: id.into(),
            attributes: Attributes::new(),
            tags: BTreeSet::new(),
            locale: None,
            zone: None,
            addresses: LiteMap::new(),
            unset: BTreeSet::new(),
            untag: BTreeSet::new(),
        }
    }

    /// Sets an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Name>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Sets where the person is reached on a channel.
    #[must_use]
    pub fn address(mut self, channel: impl Into<Name>, value: impl Into<Name>) -> Self {
        self.addresses.insert(channel.into(), Address::new(value));
        self
    }

    /// Sets the IANA time zone, such as `Europe/Paris`. It is checked when the contact is identified.
    #[must_use]
    pub fn zone(mut self, zone: impl Into<Name>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Sets the language.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<Name>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Takes an attribute away.
    #[must_use]
    pub fn without(mut self, name: impl Into<Name>) -> Self {
        self.unset.insert(name.into());
        self
    }

    /// Takes a tag away.
    #[must_use]
    pub fn without_tag(mut self, tag: impl Into<Name>) -> Self {
        self.untag.insert(tag.into());
        self
    }

    /// The size that limits count, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + value.size());
        let addresses = self.addresses.iter().map(|(channel, address)| channel.len() + address.value.len());
        let names = [&self.locale, &self.zone].into_iter().flatten().chain(&self.tags).map(|name| name.len());
        attributes.chain(addresses).chain(names).sum()
    }

    /// The size of the names that it takes away: nothing of a contact, but something of a mailbox.
    pub(crate) fn size_taken_away(&self) -> usize {
        self.unset.iter().chain(&self.untag).map(|name| name.len()).sum()
    }
}

/// Where a contact is reached on one channel.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Address {
    /// What the channel needs: an email address, a telephone number, a device token.
    pub value: Name,
    /// Who this address is, without saying what it is; the engine sets it from the host's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

impl Address {
    /// An address that has no fingerprint yet.
    #[must_use]
    pub fn new(value: impl Into<Name>) -> Self {
        Self { value: value.into(), fingerprint: None }
    }
}

// An address is a personal value: logs and panics show its fingerprint at most.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}
