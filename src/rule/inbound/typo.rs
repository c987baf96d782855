//! Whether a word is a known one with a mistake in it.

/// The longest word that is compared, in letters; so the time it takes has a bound.
const MOST_LETTERS: usize = 24;

/// Whether one word becomes another by at most so many letters that are put in, left out or changed.
pub(super) fn is_near(word: &str, known: &str, most: usize) -> bool {
    let word: Vec<char> = word.chars().take(MOST_LETTERS + 1).collect();
    let known: Vec<char> = known.chars().collect();
    if word.len() > MOST_LETTERS || word.len().abs_diff(known.len()) > most {
        return false;
    }
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (line, letter) in (1..).zip(&word) {
        let mut diagonal = std::mem::replace(&mut row[0], line);
        for place in 1..row.len() {
            let changed = diagonal + usize::from(known[place - 1] != *letter);
            diagonal = row[place];
            row[place] = changed.min(diagonal + 1).min(row[place - 1] + 1);
        }
    }
    row.last().is_some_and(|distance| *distance <= most)
}

/// A word with every letter that is repeated written once: `stooop` is `stop`.
pub(super) fn squeezed(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for letter in word.chars() {
        if !plain.ends_with(letter) {
            plain.push(letter);
        }
    }
    plain
}
