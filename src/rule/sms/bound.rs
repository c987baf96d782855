//! How dear a template can become, before anybody is told anything.

use super::alphabet::{holds, septets};
use super::{Encoding, Offending, measure};
use crate::rule::TemplateDefinition;
use crate::rule::template::{Piece, Source, Worth};

/// The dearest that a template can become as a short message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorstCase {
    /// The most segments where every value keeps to the basic GSM alphabet; `None` where a value has no declared length.
    pub segments: Option<usize>,
    /// The most segments whatever the values hold: one `ê` in a name makes the whole text UCS-2.
    pub segments_of_anything: Option<usize>,
    /// How the author's own words are written.
    pub encoding: Encoding,
    /// The letters of the author's own words outside the GSM alphabet, counted from the start of the template's source.
    pub offending: Vec<Offending>,
    /// What is put in without a declared length: declare it in `longest`. Loops are never bounded.
    pub unbounded: Vec<String>,
}

/// The dearest that a template can become, with the words that are added to it, over its own text and all its variants.
///
/// The lengths of the values are those that the template declares in `longest`; a message with a longer value is refused, so
/// that the bound holds.
///
/// ```
/// use journeyman::rule::TemplateDefinition;
/// use journeyman::rule::sms::worst_case;
/// let hello = TemplateDefinition::new("hello")
///     .text("Bonjour {{ contact.first_name | default('à toi') }}, ton audit a commencé.")
///     .longest("first_name", 30);
/// let worst = worst_case(&hello, "STOP au 36111");
/// assert_eq!((worst.segments, worst.segments_of_anything), (Some(1), Some(2)));
/// ```
#[must_use]
pub fn worst_case(definition: &TemplateDefinition, added: &str) -> WorstCase {
    let own = definition.text.iter();
    let others = definition.variants.iter().filter_map(|variant| variant.text.as_ref());
    let (mut worst, mut unbounded) = (Extent::default(), Vec::new());
    let (mut words, mut offending) = (Encoding::Gsm7, Vec::new());
    for text in own.chain(others) {
        let source = Source::read(text, definition);
        let mut extent = Extent::default();
        for piece in source.pieces() {
            extent = extent.then(Extent::of(piece, &mut unbounded));
        }
        if !added.is_empty() {
            extent = extent.then(Extent::of_words(added).then(Extent::of_words(" ")));
        }
        worst = worst.or(extent);
        let measured = measure(source.words());
        words = words.max(measured.encoding);
        if offending.is_empty() {
            offending = measured.offending;
        }
    }
    unbounded.sort();
    unbounded.dedup();
    let bounded = |segments| unbounded.is_empty().then_some(segments);
    WorstCase {
        segments: bounded(worst.segments()),
        segments_of_anything: bounded(worst.segments_of_anything()),
        encoding: words.max(measure(added).encoding),
        offending,
        unbounded,
    }
}

/// The most that a part of a text can take.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    /// In septets, as long as nothing is outside the alphabet.
    septets: usize,
    /// In UTF-16 units, where values keep to the basic alphabet.
    units: usize,
    /// In UTF-16 units, whatever the values hold.
    units_of_anything: usize,
    /// Whether the author's own words leave the alphabet.
    leaves: bool,
    /// Whether a letter of two septets, or of two units, can be among the author's own words.
    doubles: bool,
    /// Whether something is put in.
    values: bool,
}

impl Extent {
    fn of(piece: &Piece, unbounded: &mut Vec<String>) -> Self {
        match piece {
            Piece::Words(words) => Self::of_words(words),
            Piece::Value(worths) => worths
                .iter()
                .map(|worth| match worth {
                    Worth::Words(words) => Self::of_words(words),
                    Worth::Letters { plain, units } => Self {
                        septets: *plain,
                        units: *plain,
                        units_of_anything: *units,
                        values: true,
                        ..Self::default()
                    },
                    Worth::Unknown(name) => {
                        unbounded.push(name.clone());
                        Self::default()
                    }
                })
                .fold(Self::default(), Self::or),
            Piece::Ways(ways) => ways
                .iter()
                .map(|way| {
                    way.iter().map(|piece| Self::of(piece, unbounded)).fold(Self::default(), Self::then)
                })
                .fold(Self::default(), Self::or),
        }
    }

    fn of_words(words: &str) -> Self {
        let units = words.encode_utf16().count();
        Self {
            septets: words.chars().filter_map(septets).sum(),
            units,
            units_of_anything: units,
            leaves: !holds(words),
            doubles: words.chars().any(|letter| septets(letter) == Some(2) || letter.len_utf16() == 2),
            values: false,
        }
    }

    fn then(self, next: Self) -> Self {
        Self {
            septets: self.septets.saturating_add(next.septets),
            units: self.units.saturating_add(next.units),
            units_of_anything: self.units_of_anything.saturating_add(next.units_of_anything),
            ..self.flags(next)
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            septets: self.septets.max(other.septets),
            units: self.units.max(other.units),
            units_of_anything: self.units_of_anything.max(other.units_of_anything),
            ..self.flags(other)
        }
    }

    fn flags(self, other: Self) -> Self {
        Self {
            leaves: self.leaves || other.leaves,
            doubles: self.doubles || other.doubles,
            values: self.values || other.values,
            ..self
        }
    }

    fn segments(self) -> usize {
        let gsm = most_segments(self.septets, Encoding::Gsm7, self.doubles);
        if !self.leaves {
            return gsm;
        }
        // A way without the letter that leaves the alphabet may be longer; it is counted in both.
        gsm.max(most_segments(self.units, Encoding::Ucs2, self.doubles))
    }

    fn segments_of_anything(self) -> usize {
        if !self.values {
            return self.segments();
        }
        self.segments().max(most_segments(self.units_of_anything, Encoding::Ucs2, true))
    }
}

/// The most segments of so many units: a letter of two that does not fit any more leaves one unit empty.
fn most_segments(units: usize, encoding: Encoding, doubles: bool) -> usize {
    if units <= encoding.alone() {
        return units.min(1);
    }
    units.div_ceil(encoding.joined() - usize::from(doubles))
}
