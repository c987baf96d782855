//! A text as whole words, without what a keyboard or a telephone adds.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::seeded::{Bug, is_on};

/// How much of a text is read, in bytes; what follows is left out.
pub const MOST_BYTES: usize = 10_000;

/// The words of a text: without compatibility forms, capitals, accents, signs, emoji and invisible letters.
///
/// Words that a hyphen joins are one word (`non-stop`), letters that stand alone one after another are one
/// (`S.T.O.P`), and an apostrophe parts (`n'arrête` is `n` and `arrete`). The words together are at most 18 times as long
/// as what is read of the text, the most that one letter of Unicode is written out to.
///
/// ```
/// use journeyman::rule::inbound::tokens;
/// assert_eq!(tokens("« ＳＴＯＰ », merci 🙏"), ["stop", "merci"]);
/// assert_eq!(tokens("s-t-o-p"), ["stop"]);
/// assert_eq!(tokens("Non-stop"), ["non-stop"]);
/// ```
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut hyphen = false;
    let plain = cut(text).nfkd().filter(|letter| !is_invisible(*letter)).flat_map(char::to_lowercase);
    for letter in plain.filter(|letter| !is_combining_mark(*letter) || is_on(Bug::AccentsAsWritten)) {
        if letter.is_alphanumeric() {
            // A hyphen counts between two letters only.
            if std::mem::take(&mut hyphen) && !word.is_empty() {
                word.push('-');
            }
            word.push(letter);
        } else if is_hyphen(letter) && !word.is_empty() && !hyphen {
            hyphen = true;
        } else {
            hyphen = false;
            take(&mut words, &mut word);
        }
    }
    take(&mut words, &mut word);
    join_letters(words)
}

fn take(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Joins what is spelt out: three or more single letters in a row, or joined by hyphens.
fn join_letters(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut letters: Vec<String> = Vec::new();
    for word in words {
        if word.chars().nth(1).is_none() {
            letters.push(word);
            continue;
        }
        close(&mut joined, &mut letters);
        let is_spelt = word.contains('-') && word.split('-').all(|part| part.chars().nth(1).is_none());
        joined.push(if is_spelt { word.replace('-', "") } else { word });
    }
    close(&mut joined, &mut letters);
    joined
}

fn close(joined: &mut Vec<String>, letters: &mut Vec<String>) {
    if letters.len() > 2 {
        joined.push(letters.concat());
        letters.clear();
    } else {
        joined.append(letters);
    }
}

/// The first bytes of a text that is too long, whole letters only.
pub(super) fn cut(text: &str) -> &str {
    // A letter has at most four bytes.
    let ends = (MOST_BYTES.saturating_sub(3)..=MOST_BYTES).rev();
    if text.len() <= MOST_BYTES {
        text
    } else {
        ends.filter_map(|end| text.get(..end)).next().unwrap_or_default()
    }
}

fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}' | '\u{2011}' | '\u{2212}')
}

/// Letters that are not seen and part no words: soft hyphens, joiners, marks of direction, selectors of an emoji's look.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
