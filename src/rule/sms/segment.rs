//! Where a text is cut into segments: never within a letter.

use super::Encoding;
use super::measure::encoding_of;

/// The parts in which a text is sent; put together they are the text. None for an empty text.
///
/// ```
/// use journeyman::rule::sms::segments;
/// // The bell takes two units and is not torn: the first segment holds 66 of its 67.
/// let text = format!("{}🔔{}", "x".repeat(66), "x".repeat(10));
/// let parts = segments(&text);
/// assert_eq!((parts.len(), parts[0].len(), parts.concat()), (2, 66, text.clone()));
/// ```
#[must_use]
pub fn segments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    cut(text, encoding_of(text), |end| {
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        parts.push(part);
        rest = after;
    });
    parts
}

/// Calls `part` with the length in bytes of every part, and answers how many units there are in all.
pub(super) fn cut(text: &str, encoding: Encoding, mut part: impl FnMut(usize)) -> usize {
    let units: usize = text.chars().map(|letter| encoding.units(letter)).sum();
    if units <= encoding.alone() {
        if !text.is_empty() {
            part(text.len());
        }
        return units;
    }
    let (mut filled, mut bytes) = (0, 0);
    for letter in text.chars() {
        let size = encoding.units(letter);
        if filled + size > encoding.joined() {
            part(bytes);
            (filled, bytes) = (0, 0);
        }
        filled += size;
        bytes += letter.len_utf8();
    }
    part(bytes);
    units
}
