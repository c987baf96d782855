//! What a text costs as a short message.

use std::collections::BTreeMap;
use std::fmt;

use super::alphabet::{holds, septets};
use super::segment::cut;
use crate::seeded::{Bug, is_on};

/// How the letters of a short message are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Encoding {
    /// The GSM alphabet, in septets; a letter of its extension takes two.
    Gsm7,
    /// UCS-2, in units of sixteen bits; a letter outside the first plane, such as an emoji, takes two.
    Ucs2,
}

impl Encoding {
    /// The most units of a message in one segment.
    #[must_use]
    pub const fn alone(self) -> usize {
        match self {
            Encoding::Gsm7 => 160,
            Encoding::Ucs2 => 70,
        }
    }

    /// The most units of each segment where there are several: the header that puts them together takes the rest.
    #[must_use]
    pub const fn joined(self) -> usize {
        match self {
            Encoding::Gsm7 => 153,
            Encoding::Ucs2 => 67,
        }
    }

    pub(super) fn units(self, letter: char) -> usize {
        match self {
            Encoding::Gsm7 => septets(letter).unwrap_or(1),
            Encoding::Ucs2 if is_on(Bug::SegmentsByLetters) => 1,
            Encoding::Ucs2 => letter.len_utf16(),
        }
    }
}

/// What a text costs as a short message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measure {
    /// How its letters are written.
    pub encoding: Encoding,
    /// How long it is, in units of the encoding.
    pub units: usize,
    /// How many segments are paid for; 0 for an empty text.
    pub segments: usize,
    /// The letters outside the GSM alphabet, each once, in the order in which they come; empty where it is kept to.
    pub offending: Vec<Offending>,
}

/// A letter outside the GSM alphabet: one of them makes the whole text UCS-2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offending {
    /// Which letter.
    pub letter: char,
    /// Where it comes first, in letters from 0.
    pub position: usize,
    /// How often it comes.
    pub times: usize,
}

impl fmt::Display for Offending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What cannot be seen, such as a space that does not break, is told by its number.
        let code = u32::from(self.letter);
        match self.letter {
            letter if letter.is_whitespace() || letter.is_control() => write!(f, "U+{code:04X}")?,
            letter => write!(f, "{letter} (U+{code:04X})")?,
        }
        write!(f, " at {}", self.position)?;
        if self.times > 1 { write!(f, ", {} times", self.times) } else { Ok(()) }
    }
}

/// Measures a text as it is sent: after its variables, and after the words of the opt-out.
///
/// ```
/// use journeyman::rule::sms::{Encoding, measure};
/// let plain = measure("Léa, ton audit est prêt");
/// assert_eq!((plain.encoding, plain.units, plain.segments), (Encoding::Ucs2, 23, 1));
/// // `é` is in the GSM alphabet, `ê` is not.
/// assert_eq!(plain.offending[0].to_string(), "ê (U+00EA) at 21");
/// assert_eq!(measure("5 € offerts").units, 12);
/// ```
#[must_use]
pub fn measure(text: &str) -> Measure {
    let encoding = encoding_of(text);
    let mut segments = 0;
    let units = cut(text, encoding, |_| segments += 1);
    Measure { encoding, units, segments, offending: offending(text) }
}

pub(super) fn encoding_of(text: &str) -> Encoding {
    if holds(text) { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// The letters outside the alphabet, in the order in which they come first.
pub(super) fn offending(text: &str) -> Vec<Offending> {
    let mut known: BTreeMap<char, Offending> = BTreeMap::new();
    for (position, letter) in text.chars().enumerate() {
        if septets(letter).is_none() {
            known.entry(letter).or_insert(Offending { letter, position, times: 0 }).times += 1;
        }
    }
    let mut found: Vec<Offending> = known.into_values().collect();
    found.sort_by_key(|offending| offending.position);
    found
}
