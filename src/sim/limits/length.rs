//! C30: what a short message costs is what an encoder needs for its very letters, after variables and the words of a STOP.

use crate::model::Handover;
use crate::rule::sms::{Encoding, measure, segments};
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// 3GPP TS 23.038 section 6.2.1, without the escape, in any order: only what is in it counts here.
const ALPHABET: &str = concat!(
    "0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz \n\r !\"#%&'()*+,-./:;<=>?@_",
    "£$¥¤§¡¿ ÄÅÆÇÉÑÖØÜß àäåæèéìñòöøùü ΔΦΓΛΩΠΨΣΘΞ",
);
/// Section 6.2.1.1: each after an escape.
const ESCAPED: &str = "\u{C}^{}\\[~]|€";

/// What one segment carries, and what each of several does beside its header, in bits (TS 23.040 section 9.2.3.24.1).
const ALONE: usize = 140 * 8;
const OF_SEVERAL: usize = 134 * 8;

/// How a text is written: whether in the alphabet, how many units it takes, and the letters of each segment.
fn encode(text: &str) -> (bool, usize, Vec<String>) {
    let plain = text.chars().all(|letter| ALPHABET.contains(letter) || ESCAPED.contains(letter));
    let bits = |letter: char| match plain {
        true => 7 * (1 + usize::from(ESCAPED.contains(letter))),
        false => 8 * String::from(letter).encode_utf16().flat_map(u16::to_be_bytes).count(),
    };
    let all: usize = text.chars().map(bits).sum();
    let room = if all <= ALONE { ALONE } else { OF_SEVERAL };
    let (mut parts, mut left) = (Vec::<String>::new(), 0);
    for letter in text.chars() {
        if bits(letter) > left || parts.is_empty() {
            parts.push(String::new());
            left = room;
        }
        left -= bits(letter);
        if let Some(open) = parts.last_mut() {
            open.push(letter);
        }
    }
    (plain, all / if plain { 7 } else { 16 }, parts)
}

impl Seen {
    /// A short message leaves.
    pub(super) fn length_is_right(&mut self, handover: &Handover<'_>) {
        let text = handover.content.plain();
        let (plain, units, parts) = encode(text);
        self.count(match (plain, parts.len()) {
            (true, _) => "limit_length_judged",
            (false, 0 | 1) => "limit_length_of_signs",
            (false, _) => "limit_length_in_parts",
        });
        let told = measure(text);
        let told = (told.encoding == Encoding::Gsm7, told.units, told.segments);
        if told != (plain, units, parts.len()) || segments(text) != parts {
            let id = handover.message.id;
            let found =
                format!("{id} is told to take {told:?}, and takes {units} in {}: {text}", parts.len());
            self.breach(Invariant::C30, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_takes_what_the_standard_says() {
        let parts = |text: &str| encode(text).2.len();
        assert_eq!(parts(""), 0);
        assert_eq!((parts(&"a".repeat(160)), parts(&"a".repeat(161))), (1, 2));
        assert_eq!((parts(&"€".repeat(80)), parts(&"€".repeat(81))), (1, 2));
        assert_eq!((parts(&"ê".repeat(70)), parts(&"ê".repeat(71))), (1, 2));
        assert_eq!((parts(&"🔥".repeat(35)), parts(&"🔥".repeat(66)), parts(&"🔥".repeat(67))), (1, 2, 3));
        assert_eq!(encode("5 € d'écart").1, 12);
    }
}
