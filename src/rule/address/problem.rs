//! What is wrong with an address, without the address.

use std::fmt;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AddressProblem {
    /// Nothing stands there.
    Empty,
    /// A letter that no address has: a space, a control character, a comma.
    Letter,
    /// No mail address: no `@`, several, a name in front of it.
    Shape,
    /// What stands before the `@` is none that every provider delivers to: quoted, with dots side by side, beyond ASCII.
    Local,
    /// What stands behind the `@` is no name in the public domain name system.
    Domain,
    /// Longer than an address may be.
    TooLong,
    /// No phone number.
    NotANumber,
    /// A number without its country.
    NoCountry,
    /// A number that no network gives out.
    NotInUse,
    /// A number with an extension behind it.
    Extension,
    /// A number that takes no short messages.
    NotMobile,
    /// A number in another form than `+` and digits.
    NotInternational,
}

impl AddressProblem {
    const fn said(self) -> (&'static str, &'static str, &'static str) {
        use AddressProblem::*;
        match self {
            Empty => ("A001", "it is empty", "leave the address out"),
            Letter => {
                ("A002", "it holds a letter that no address has", "take spaces, commas and controls out")
            }
            Shape => (
                "A003",
                "it is not of the form name@domain",
                "write the bare address, such as lea@example.org",
            ),
            Local => (
                "A004",
                "what stands before the @ is not delivered everywhere",
                "use letters of ASCII without quotes",
            ),
            Domain => (
                "A005",
                "what stands behind the @ is no public domain",
                "name a domain with its ending, such as example.org",
            ),
            TooLong => ("A006", "it is longer than an address may be", "mend it"),
            NotANumber => ("A010", "it is no phone number", "write it as + and digits, such as +33612345678"),
            NoCountry => ("A011", "its country is not known", "write it as + and digits, or say the region"),
            NotInUse => ("A012", "no network gives out such a number", "ask for it again"),
            Extension => ("A013", "it has an extension", "give the number alone"),
            NotMobile => (
                "A014",
                "it takes no short messages",
                "ask for a mobile number, or keep it on another channel",
            ),
            NotInternational => {
                ("A015", "it is not written in E.164", "give what Phone::parse answers, such as +33612345678")
            }
        }
    }

    /// Its code, stable for ever; listed in `docs/DIAGNOSTICS.md`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.said().0
    }

    /// What is wrong.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.said().1
    }

    /// What to do.
    #[must_use]
    pub const fn next(self) -> &'static str {
        self.said().2
    }
}

impl fmt::Display for AddressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, sentence, next) = self.said();
        write!(f, "{code}: {sentence}; {next}")
    }
}

/// A text is no address. It names the problem and never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
#[non_exhaustive]
pub struct AddressError {
    /// What is wrong.
    pub problem: AddressProblem,
}

impl From<AddressProblem> for AddressError {
    fn from(problem: AddressProblem) -> Self {
        Self { problem }
    }
}
