//! One spelling for all the ways to write an address, so that what is denied in one is denied in every other.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Fewer digits than these are no telephone number.
const FEWEST_DIGITS: usize = 5;

/// The spelling that stands for an address: what only its writing differs in comes to the same, whichever channel it is on.
///
/// Of every text: composed letters, no outer blanks, lower case. Of a telephone number: nothing between its digits, and `+` for
/// a leading `00`. Of what has an `@`: the domain in the letters of the domain name system (UTS 46), without a dot at its end.
pub(crate) fn canonical(address: &str) -> String {
    let composed: String = address.nfc().collect();
    let lower: String = composed.trim().to_lowercase().nfc().collect();
    if let Some(number) = number(&lower) {
        return number;
    }
    let Some((local, domain)) = lower.rsplit_once('@') else { return lower };
    // A domain that is none keeps its letters.
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::EMPTY)
        .unwrap_or(Cow::Borrowed(domain));
    format!("{local}@{}", domain.trim_end_matches('.'))
}

/// The spelling that a fingerprint was made of before there was a canonical one.
pub(super) fn former(address: &str) -> String {
    address.trim().to_lowercase()
}

/// A telephone number without what people put between its digits; `None` for what is none.
fn number(text: &str) -> Option<String> {
    let mut number: String = text.chars().filter(|letter| !is_between(*letter)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if digits.len() < FEWEST_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    if number.starts_with("00") {
        number.replace_range(..2, "+");
    }
    Some(number)
}

/// What stands between the digits of a number, and what address books put around it unseen.
fn is_between(letter: char) -> bool {
    let is_unseen =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}');
    letter.is_whitespace()
        || is_unseen
        || matches!(letter, '-' | '\u{2010}'..='\u{2013}' | '.' | '(' | ')' | '/')
}
