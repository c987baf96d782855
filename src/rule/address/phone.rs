//! A phone number, with its country and whether it takes short messages.

use std::fmt;
use std::panic::catch_unwind;

use rlibphonenumber::{ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

use super::{AddressError, AddressProblem};
use crate::model::Name;

/// The longest text that is read as a number, in bytes.
const MOST: usize = 64;

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PhoneKind {
    /// A mobile one.
    Mobile,
    /// One where mobile ones look like those of a line, as in North America.
    LineOrMobile,
    /// One of a line.
    Line,
    /// A free one, a dear one, a pager: nobody's own.
    Other,
}

/// A phone number that a network gives out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phone {
    number: String,
    territory: Option<Name>,
    kind: PhoneKind,
}

impl Phone {
    /// Reads a number as people write it. One without its country is of `region`, an ISO 3166 code such as `FR`.
    ///
    /// ```
    /// use journeyman::rule::address::{Phone, PhoneKind};
    /// let phone = Phone::parse("06 12 34 56 78", Some("FR"))?;
    /// assert_eq!((phone.number(), phone.territory(), phone.kind()), ("+33612345678", Some("FR"), PhoneKind::Mobile));
    /// // A number of Réunion is no number of mainland France: its hours and holidays are others.
    /// assert_eq!(Phone::parse("+262 692 12 34 56", None)?.territory(), Some("RE"));
    /// assert!(!Phone::parse("+33 1 23 45 67 89", None)?.takes_short_messages());
    /// # Ok::<(), journeyman::rule::address::AddressError>(())
    /// ```
    ///
    /// # Errors
    /// [`AddressError`] with what is wrong.
    pub fn parse(text: &str, region: Option<&str>) -> Result<Self, AddressError> {
        if text.trim().is_empty() {
            return Err(AddressProblem::Empty.into());
        }
        if text.len() > MOST {
            return Err(AddressProblem::TooLong.into());
        }
        if text.contains(char::is_control) {
            return Err(AddressProblem::Letter.into());
        }
        // The library reads letters as on a keypad, and `x12` as an extension.
        if text.contains(char::is_alphabetic) {
            let is_extension = text.contains(['x', 'X']) || text.to_lowercase().contains("ext");
            let problem = if is_extension { AddressProblem::Extension } else { AddressProblem::NotANumber };
            return Err(problem.into());
        }
        if text.contains(['#', ';', ',', '*']) {
            return Err(AddressProblem::Extension.into());
        }
        let region = region.map(Region::from_code).transpose().map_err(|_| AddressProblem::NoCountry)?;
        // A panic in there refuses one number, and must not end the host's call.
        let read = catch_unwind(|| read(text, region)).map_err(|_| AddressProblem::NotANumber)?;
        Ok(read?)
    }

    /// The number in E.164: `+`, the country, the rest, without spaces.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// Where it is given out, by the ISO 3166 code; `None` for one of no territory.
    #[must_use]
    pub fn territory(&self) -> Option<&str> {
        self.territory.as_deref()
    }

    /// What kind of number it is.
    #[must_use]
    pub fn kind(&self) -> PhoneKind {
        self.kind
    }

    /// Whether a short message can reach it, as far as the number says.
    #[must_use]
    pub fn takes_short_messages(&self) -> bool {
        matches!(self.kind, PhoneKind::Mobile | PhoneKind::LineOrMobile)
    }
}

fn read(text: &str, region: Option<Region>) -> Result<Phone, AddressProblem> {
    let phone = PhoneNumber::parse(text, region).map_err(|error| match error {
        ParseError::InvalidCountryCode if !text.trim_start().starts_with(['+', '＋']) => {
            AddressProblem::NoCountry
        }
        _ => AddressProblem::NotANumber,
    })?;
    if !phone.is_valid() {
        return Err(AddressProblem::NotInUse);
    }
    let kind = match phone.get_type() {
        PhoneNumberType::Mobile => PhoneKind::Mobile,
        PhoneNumberType::FixedLineOrMobile => PhoneKind::LineOrMobile,
        PhoneNumberType::FixedLine => PhoneKind::Line,
        _ => PhoneKind::Other,
    };
    let territory = phone.get_region_code().filter(|region| *region != Region::World);
    let territory = territory.map(|region| Name::from(region.to_string().as_str()));
    Ok(Phone { number: phone.format_as(PhoneNumberFormat::E164).to_string(), territory, kind })
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone")
            .field("territory", &self.territory)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
