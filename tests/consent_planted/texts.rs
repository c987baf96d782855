//! I17: as many segments as an encoder needs that writes the octets, and the parts are the text.

use journeyman::rule::sms::{measure, segments};

use super::{Draw, encoder};

const LETTERS: [&str; 8] = ["a", "é", "ê", "€", "🔥", "ù", " ", "œ"];

/// What is wrong with the price of a text.
pub(super) fn differs(seed: u64) -> Option<String> {
    let draw = &mut Draw(seed);
    // Few kinds of letters at a time, so that texts of one alphabet come too.
    let kinds = [draw.below(LETTERS.len()), draw.below(LETTERS.len()), draw.below(2)];
    let text: String = (0..draw.below(480)).map(|_| LETTERS[kinds[draw.below(3)]]).collect();
    let (paid, needed) = (measure(&text).segments, encoder::encode(&text).len());
    let parts = segments(&text);
    let whole = parts.concat() == text && parts.len() == needed;
    (paid != needed || !whole).then(|| format!("{paid} for {needed}, in {} parts: {text}", parts.len()))
}
