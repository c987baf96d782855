//! The words that networks act on by themselves: STOP, HELP, START and their families. A text that asks for one of them as
//! an answer to something else is never answered as its author means.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::rule::opt_out::words_of;

/// What networks and senders do when such a word comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Meaning {
    /// No more messages.
    Stop,
    /// Who sends this, and how it is stopped.
    Help,
    /// Messages again, after a stop.
    Start,
}

/// A reserved word that a text asks for as an answer to something else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misuse {
    /// Which word, as it is compared.
    pub word: String,
    /// What it means to the networks.
    pub meaning: Meaning,
}

#[derive(Deserialize)]
struct Reserved {
    rows: Vec<Row>,
    asking: Vec<String>,
    between: Vec<String>,
    then: Vec<String>,
    fitting: BTreeMap<Meaning, Vec<String>>,
}

#[derive(Deserialize)]
struct Row {
    meaning: Meaning,
    words: Vec<String>,
}

/// The table, with its sources and its date; `None` cannot be, and a test says so.
fn reserved() -> Option<&'static Reserved> {
    static RESERVED: OnceLock<Option<Reserved>> = OnceLock::new();
    RESERVED.get_or_init(|| serde_json::from_str(include_str!("reserved.json")).ok()).as_ref()
}

/// How far after the word its reason is looked for, in words.
const MOST_AFTER: usize = 6;

/// The reserved words that a text asks for as an answer to something else.
///
/// ```
/// use journeyman::rule::sms::misuses;
/// let misused = misuses("Si tu galères, réponds \"HELP\" et je t'aide en 2 min");
/// assert_eq!(misused[0].word, "help");
/// assert!(misuses("Reply HELP for help, STOP to cancel").is_empty());
/// assert!(misuses("Répondez STOP pour ne plus recevoir de SMS").is_empty());
/// ```
#[must_use]
pub fn misuses(text: &str) -> Vec<Misuse> {
    let Some(reserved) = reserved() else { return Vec::new() };
    let mut found: Vec<Misuse> = Vec::new();
    for sentence in text.split(['.', '!', '?', ';', '…', '\n']) {
        misuses_of(sentence, reserved, &mut found);
    }
    found
}

/// Those of one sentence.
fn misuses_of(sentence: &str, reserved: &Reserved, found: &mut Vec<Misuse>) {
    let words = words_of(sentence);
    let is_among = |list: &[String], word: &String| list.contains(word);
    for (place, _) in words.iter().enumerate().filter(|(_, word)| is_among(&reserved.asking, word)) {
        let after = words.iter().skip(place + 1).skip_while(|word| is_among(&reserved.between, word));
        let after: Vec<&String> = after.take(2 + MOST_AFTER).collect();
        let Some((word, rest)) = after.split_first() else { continue };
        let Some(row) = reserved.rows.iter().find(|row| is_among(&row.words, word)) else { continue };
        let says_what_for = rest.first().is_some_and(|next| is_among(&reserved.then, next));
        let fits = reserved.fitting.get(&row.meaning);
        let fits = fits.is_some_and(|fitting| rest.iter().skip(1).any(|word| is_among(fitting, word)));
        // `et je t'aide` is what the sender would do, and no network does it.
        let by_the_sender = rest.first().is_some_and(|next| matches!(next.as_str(), "et" | "and"));
        let misused = says_what_for && (!fits || by_the_sender && row.meaning != Meaning::Stop);
        if misused && !found.iter().any(|known| known.word == **word) {
            found.push(Misuse { word: (*word).clone(), meaning: row.meaning });
        }
    }
}

/// Whether a text names any word that stops messages, in whatever sentence.
#[must_use]
pub fn names_a_stop(text: &str) -> bool {
    let Some(reserved) = reserved() else { return false };
    let mut stops = reserved.rows.iter().filter(|row| row.meaning == Meaning::Stop);
    let words = words_of(text);
    stops.any(|row| words.iter().any(|word| row.words.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_every_word_is_as_it_is_compared() {
        let reserved = reserved().unwrap();
        assert_eq!(reserved.rows.len(), 3);
        let lists = [&reserved.asking, &reserved.between, &reserved.then];
        let all = lists.into_iter().chain(reserved.rows.iter().map(|row| &row.words));
        for word in all.chain(reserved.fitting.values()).flatten() {
            assert_eq!(words_of(word), std::slice::from_ref(word));
        }
    }
}
