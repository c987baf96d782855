//! What would make a short message cheaper, offered and never done by itself.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::alphabet::{holds, septets};
use super::{Measure, measure};

/// What a change takes away from a text; the later, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Loss {
    /// Nothing that is read: quotes, dashes, spaces that do not break, an accent that stood apart from its letter.
    Typography,
    /// The spelling: `ç` becomes `c`, `œ` becomes `oe`. A reader sees it, and a word can become another one.
    Spelling,
    /// A sign that has no letters: an emoji, an arrow. It is left out.
    Sign,
}

/// One letter that something else would stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What stands there: a letter, with the marks that follow it.
    pub from: String,
    /// What would stand there; empty where it is left out.
    pub to: String,
    /// What it takes away.
    pub loss: Loss,
    /// How often it comes.
    pub times: usize,
}

/// A text in other letters, with every change, for somebody to say yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transliteration {
    /// The text after the changes.
    pub text: String,
    /// Each change once, in the order in which they come.
    pub changes: Vec<Change>,
    /// What the text cost before.
    pub before: Measure,
    /// What it would cost then; what is left is among its `offending`.
    pub after: Measure,
}

/// Offers a text in the letters of the GSM alphabet. Nothing is changed that takes away more than `most`, and the engine
/// never calls it: an author reads the changes and says yes.
///
/// ```
/// use journeyman::rule::sms::{Loss, transliterate};
/// let offer = transliterate("Ça y est\u{202F}! L’audit commence…", Loss::Typography);
/// assert_eq!(offer.text, "Ça y est ! L'audit commence...");
/// assert_eq!((offer.before.segments, offer.after.offending.len()), (1, 0));
/// // `ç` is another matter: it changes the spelling, so it stays until somebody allows that.
/// assert_eq!(transliterate("leçon", Loss::Typography).text, "leçon");
/// let offer = transliterate("leçon", Loss::Spelling);
/// assert_eq!((offer.text.as_str(), offer.changes[0].from.as_str()), ("lecon", "ç"));
/// ```
#[must_use]
pub fn transliterate(text: &str, most: Loss) -> Transliteration {
    let mut changed = String::with_capacity(text.len());
    let mut changes: Vec<Change> = Vec::new();
    let mut left_out = false;
    let mut rest = text;
    while let Some(cluster) = first_cluster(rest) {
        rest = rest.get(cluster.len()..).unwrap_or_default();
        let Some((to, loss)) = offer(cluster).filter(|(_, loss)| *loss <= most) else {
            // The spaces on both sides of what was left out would be two.
            if !(left_out && cluster == " " && (changed.is_empty() || changed.ends_with([' ', '\n']))) {
                changed.push_str(cluster);
            }
            left_out = false;
            continue;
        };
        left_out = loss == Loss::Sign;
        changed.push_str(&to);
        match changes.iter_mut().find(|change| change.from == cluster) {
            Some(change) => change.times += 1,
            None => changes.push(Change { from: cluster.to_owned(), to, loss, times: 1 }),
        }
    }
    let (before, after) = (measure(text), measure(&changed));
    Transliteration { text: changed, changes, before, after }
}

/// The most marks that are looked at with their letter.
const MOST_MARKS: usize = 16;

/// The first letter with the marks that follow it.
fn first_cluster(text: &str) -> Option<&str> {
    let mut letters = text.char_indices();
    letters.next()?;
    let after = letters.take(MOST_MARKS).find(|(_, letter)| !is_combining_mark(*letter));
    let end = after.map(|(index, _)| index);
    let end = end.or_else(|| text.char_indices().nth(MOST_MARKS).map(|(index, _)| index));
    Some(end.and_then(|end| text.get(..end)).unwrap_or(text))
}

/// What could stand for a letter with its marks, and what that takes away; `None` where it is fine, or nothing could.
fn offer(cluster: &str) -> Option<(String, Loss)> {
    if holds(cluster) {
        return None;
    }
    let composed: String = cluster.nfc().collect();
    if holds(&composed) {
        return Some((composed, Loss::Typography));
    }
    let letter = cluster.chars().next()?;
    if let Some(to) = typography(letter) {
        return Some((to.to_owned(), Loss::Typography));
    }
    if let Some(to) = ligature(letter) {
        return Some((to.to_owned(), Loss::Spelling));
    }
    let bare: String = cluster.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    if !bare.is_empty() && holds(&bare) {
        return Some((bare, Loss::Spelling));
    }
    // A letter of another script is the text itself; it is not left out.
    let is_word = cluster.chars().any(char::is_alphanumeric);
    (!is_word && septets(letter).is_none()).then(|| (String::new(), Loss::Sign))
}

/// What is read as the same.
fn typography(letter: char) -> Option<&'static str> {
    Some(match letter {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '´' | '`' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‹' => "<",
        '›' => ">",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' | '‣' => "-",
        '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => "",
        '×' => "x",
        _ => return None,
    })
}

/// Letters that no accent can be taken from.
fn ligature(letter: char) -> Option<&'static str> {
    Some(match letter {
        'œ' => "oe",
        'Œ' => "OE",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ı' => "i",
        'ẞ' => "SS",
        '©' => "(c)",
        '®' => "(r)",
        _ => return None,
    })
}
