//! A mail address that every provider delivers to.

use std::fmt;

use email_address::{EmailAddress, Options};

use super::{AddressError, AddressProblem};

/// The longest address (RFC 5321 section 4.5.3.1.3, less its brackets), in bytes.
const MOST: usize = 254;
/// The longest part before the `@` (RFC 5321 section 4.5.3.1.1), in bytes.
const MOST_LOCAL: usize = 64;

/// A mail address, stricter than the standard: what the standard allows and nobody delivers to is refused, such as a quoted
/// name, an address in brackets or a domain without an ending.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Email {
    local: String,
    domain: String,
}

impl Email {
    /// Reads an address. Its domain is kept in the letters of the domain name system, `münchen.de` as `xn--mnchen-3ya.de`.
    ///
    /// ```
    /// use journeyman::rule::address::{AddressProblem, Email};
    /// assert_eq!(Email::parse("Lea.D@München.de")?.to_text(), "Lea.D@xn--mnchen-3ya.de");
    /// assert_eq!(Email::parse("lea@localhost").unwrap_err().problem, AddressProblem::Domain);
    /// assert_eq!(Email::parse("lea@example.org\r\nBcc: x").unwrap_err().problem, AddressProblem::Letter);
    /// # Ok::<(), journeyman::rule::address::AddressError>(())
    /// ```
    ///
    /// # Errors
    /// [`AddressError`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressProblem::Empty.into());
        }
        if text.len() > MOST {
            return Err(AddressProblem::TooLong.into());
        }
        let is_foreign =
            |letter: char| letter.is_control() || letter.is_whitespace() || ",;:<>()[]\\".contains(letter);
        if text.contains(is_foreign) {
            return Err(AddressProblem::Letter.into());
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressProblem::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressProblem::Shape.into());
        }
        if local.contains('@') && !local.contains('"') {
            return Err(AddressProblem::Shape.into());
        }
        if local.len() > MOST_LOCAL {
            return Err(AddressProblem::TooLong.into());
        }
        if !local.is_ascii() || local.contains('"') {
            return Err(AddressProblem::Local.into());
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressProblem::Domain)?;
        let ending = domain.rsplit('.').next().unwrap_or_default();
        // An ending is letters, or letters in disguise: an address of numbers is no name.
        if ending.len() < 2
            || ending.starts_with(|letter: char| letter.is_ascii_digit())
            || !domain.contains('.')
        {
            return Err(AddressProblem::Domain.into());
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let whole = format!("{local}@{domain}");
        if whole.len() > MOST {
            return Err(AddressProblem::TooLong.into());
        }
        match EmailAddress::parse_with_options(&whole, options) {
            Ok(_) => Ok(Self { local: local.to_owned(), domain }),
            Err(_) => Err(AddressProblem::Local.into()),
        }
    }

    /// What stands before the `@`, as it was written.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in the letters of the domain name system.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address as a mail server takes it.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}
