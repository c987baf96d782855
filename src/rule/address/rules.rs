//! Which addresses are taken at the door, by channel.

use std::collections::BTreeMap;

use super::{AddressError, AddressProblem, Email, Phone};
use crate::model::Name;

/// What the addresses of a channel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressKind {
    /// Mail addresses.
    Email,
    /// Phone numbers in E.164 that take short messages.
    Mobile,
    /// Any phone numbers in E.164.
    Phone,
}

/// Which addresses are taken at the door. A channel without a rule takes whatever it is given.
///
/// ```
/// use journeyman::rule::address::{AddressKind, AddressRules};
/// let rules = AddressRules::strict().channel("whatsapp", AddressKind::Mobile);
/// assert!(rules.check("email", "lea@example.org").is_ok());
/// assert_eq!(rules.check("sms", "06 12 34 56 78").unwrap_err().problem.code(), "A011");
/// assert!(rules.check("push", "a token").is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    channels: BTreeMap<Name, AddressKind>,
}

impl AddressRules {
    /// Mail addresses on `email`, mobile numbers on `sms`, phone numbers on `voice`.
    #[must_use]
    pub fn strict() -> Self {
        let none = Self::default();
        let none = none.channel("email", AddressKind::Email).channel("sms", AddressKind::Mobile);
        none.channel("voice", AddressKind::Phone)
    }

    /// Says what the addresses of a channel are.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<Name>, kind: AddressKind) -> Self {
        self.channels.insert(channel.into(), kind);
        self
    }

    /// Whether an address is one of its channel.
    ///
    /// # Errors
    /// [`AddressError`] with what is wrong.
    pub fn check(&self, channel: &str, address: &str) -> Result<(), AddressError> {
        let Some(kind) = self.channels.get(channel) else { return Ok(()) };
        if *kind == AddressKind::Email {
            return Email::parse(address).map(drop);
        }
        let phone = Phone::parse(address, None)?;
        if *kind == AddressKind::Mobile && !phone.takes_short_messages() {
            return Err(AddressProblem::NotMobile.into());
        }
        // Two ways to write one number would be two fingerprints, and a withdrawal would reach one of them.
        if phone.number() != address {
            return Err(AddressProblem::NotInternational.into());
        }
        Ok(())
    }
}
