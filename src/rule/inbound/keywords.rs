//! The words that a house listens for, and how a text is read with them.

use std::collections::BTreeSet;

use super::typo::{is_near, squeezed};
use super::words::{
    DENIALS, Family, INTENTS, LONG, MISSPELT, POLITE, PROBABLE_PHRASES, SHORTENED, STOP_PHRASES, THINGS,
    WEAK, words_of,
};
use super::{Certainty, Reading, tokens};
use crate::model::Name;
use crate::seeded::{Bug, is_on};

/// The most words of a text in which a single word makes a probable stop.
const MOST_SHORT: usize = 6;
/// The most words that are one keyword, such as `oui appelez moi`.
const MOST_WORDS: usize = 3;
/// The longest keyword that journeys hear, in bytes.
const MOST_KEYWORD: usize = 64;

/// The words that a house listens for: its own beside those of French and English.
///
/// ```
/// use journeyman::rule::inbound::{Certainty, Family, Keywords, Reading};
/// let keywords = Keywords::default().brand("Studio Harmonie").word(Family::Start, "YES");
/// assert_eq!(keywords.read("STOP Studio Harmonie, merci"), Reading::Stop(Certainty::Definite));
/// assert_eq!(keywords.read("yes!"), Reading::Start);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    brand: BTreeSet<String>,
    stop: BTreeSet<String>,
    start: BTreeSet<String>,
    help: BTreeSet<String>,
}

impl Keywords {
    /// Adds a name that may stand beside a keyword: `STOP HARMONIE`.
    #[must_use]
    pub fn brand(mut self, name: &str) -> Self {
        self.brand.extend(tokens(name));
        self
    }

    /// Adds a word to a family; of several words only the first counts. Those of the house cannot be taken away.
    #[must_use]
    pub fn word(mut self, family: Family, word: &str) -> Self {
        let words = match family {
            Family::Stop => &mut self.stop,
            Family::Start => &mut self.start,
            Family::Help => &mut self.help,
        };
        words.extend(tokens(word).into_iter().next());
        self
    }

    /// What a text wants. A definite stop is looked for first, and no other word hides a probable one.
    #[must_use]
    pub fn read(&self, text: &str) -> Reading {
        let words = tokens(text);
        if is_on(Bug::KeywordWithinAWord) && words.iter().any(|word| word.contains("stop")) {
            return Reading::Stop(Certainty::Definite);
        }
        if self.is_all(&words, Family::Stop) {
            return Reading::Stop(Certainty::Definite);
        }
        // Nothing but words of these families is no mistaken stop; with a stop among them it is not nothing but them.
        if self.is_all(&words, Family::Start) {
            return Reading::Start;
        }
        if self.is_all(&words, Family::Help) {
            return Reading::Help;
        }
        if self.is_probable(&words) { Reading::Stop(Certainty::Probable) } else { Reading::Text }
    }

    /// The keyword that journeys hear: one to three words without the politeness beside them; `None` for a longer text. A
    /// stop, a start and a call for help are heard as `stop`, `start` and `help`, whatever the language.
    ///
    /// ```
    /// use journeyman::rule::inbound::Keywords;
    /// let keywords = Keywords::default();
    /// assert_eq!(keywords.keyword("Oui, merci !").as_deref(), Some("oui"));
    /// assert_eq!(keywords.keyword("Désabonner").as_deref(), Some("stop"));
    /// assert_eq!(keywords.keyword("On se voit mardi à dix heures"), None);
    /// ```
    #[must_use]
    pub fn keyword(&self, text: &str) -> Option<Name> {
        match self.read(text) {
            Reading::Text => {}
            Reading::Stop(Certainty::Probable) => return None,
            reading => return Some(reading.word().into()),
        }
        let words = tokens(text);
        let bare: Vec<&String> = words.iter().filter(|word| !POLITE.contains(&word.as_str())).collect();
        // `merci` alone is a word too.
        let bare = if bare.is_empty() { words.iter().collect() } else { bare };
        if bare.is_empty() || bare.len() > MOST_WORDS {
            return None;
        }
        let joined = bare.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        (joined.len() <= MOST_KEYWORD).then(|| joined.into())
    }

    fn own(&self, family: Family) -> &BTreeSet<String> {
        match family {
            Family::Stop => &self.stop,
            Family::Start => &self.start,
            Family::Help => &self.help,
        }
    }

    fn is_keyword(&self, word: &str, family: Family) -> bool {
        words_of(family).contains(&word) || self.own(family).contains(word)
    }

    /// Whether a text is nothing but keywords of a family and what may stand beside them.
    fn is_all(&self, words: &[String], family: Family) -> bool {
        let (mut found, mut weak, mut things) = (false, true, false);
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            let phrase =
                STOP_PHRASES.iter().find(|phrase| family == Family::Stop && starts_with(rest, phrase));
            if let Some(phrase) = phrase {
                (found, weak) = (true, false);
                rest = rest.get(phrase.len()..).unwrap_or_default();
                continue;
            }
            if self.is_keyword(word, family) {
                found = true;
                weak &= WEAK.contains(&word.as_str());
            } else if THINGS.contains(&word.as_str()) || (found && is_short_code(word)) {
                things = true;
            } else if !POLITE.contains(&word.as_str()) && !self.brand.contains(word) {
                return false;
            }
            rest = after;
        }
        found && !(weak && things && family == Family::Stop)
    }

    /// Whether a text speaks of a stop: a phrase anywhere, or a word of a short text that nothing denies.
    fn is_probable(&self, words: &[String]) -> bool {
        let after = |place: usize| words.get(place..).unwrap_or_default();
        let places = || 0..words.len();
        if places().any(|place| {
            let mut phrases = PROBABLE_PHRASES.iter().filter(|phrase| starts_with(after(place), phrase));
            // The `ne` of `ne … plus` belongs to the phrase, and denies nothing.
            phrases.any(|phrase| phrase.contains(&"plus") || !is_denied(words, place))
        }) {
            return true;
        }
        let bare: Vec<&String> = words.iter().filter(|word| !POLITE.contains(&word.as_str())).collect();
        if bare.len() > MOST_SHORT {
            return false;
        }
        let means_it = |word: &str| INTENTS.contains(&word) || self.stop.contains(word);
        if places()
            .any(|place| after(place).first().is_some_and(|word| means_it(word)) && !is_denied(words, place))
        {
            return true;
        }
        // Mistakes count in a word that stands alone: in a sentence it would more often be another word.
        let [word] = bare.as_slice() else { return false };
        MISSPELT.contains(&word.as_str())
            || squeezed(word) == "stop"
            || LONG.iter().any(|known| is_near(word, known, 2))
    }
}

fn starts_with(words: &[String], phrase: &[&str]) -> bool {
    words.len() >= phrase.len() && words.iter().zip(phrase).all(|(word, other)| word == other)
}

/// Whether the words just before a place deny it: `never stop`, `don't stop`, `n'arrête pas`, `ne t'arrête pas`.
fn is_denied(words: &[String], place: usize) -> bool {
    let before =
        |steps: usize| place.checked_sub(steps).and_then(|place| words.get(place)).map_or("", String::as_str);
    let (last, earlier) = (before(1), before(2));
    DENIALS.contains(&last)
        || [last, earlier].iter().any(|word| ["n", "ne"].contains(word))
        || (last == "t" && SHORTENED.contains(&earlier))
}

/// A number that a stop is sent to: `STOP au 36105`.
fn is_short_code(word: &str) -> bool {
    (3..=6).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}
