//! How somebody who gets a short message learns to stop them: the words, as dated data of the policy.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::Name;

/// What a message on a channel must say of how to stop such messages. The words come from the policy, with who says so and
/// since when; code knows none.
///
/// A text that says it by itself stays as it is; to any other one the words are added. Where a row has no words of its own, a
/// text that does not say it is refused.
///
/// ```
/// use journeyman::rule::{OptOut, Policy};
/// let france = OptOut::new("sms", "contract with the aggregator", "2026-11-20".parse()?)
///     .country("FR", ["+33", "+262", "+508", "+590", "+594", "+596"])
///     .words("STOP au 36111");
/// let policy = Policy::new("2026-11").opt_out(france);
/// # let completed = |text, to| policy.completed("sms", "marketing", to, text);
/// assert_eq!(completed("Ton audit commence.", "+33612345678")?, "Ton audit commence. STOP au 36111");
/// assert_eq!(completed("Dis stop au 36111 !", "+33612345678")?, "Dis stop au 36111 !");
/// assert_eq!(completed("Your audit begins.", "+447400123456")?, "Your audit begins.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptOut {
    /// On which channel.
    pub channel: Name,
    /// For which purposes; every marketing purpose where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Name>,
    /// For whom, by the country's ISO 3166 code; everybody where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Name>,
    /// What the numbers of that country begin with, such as `+33`. An address that begins otherwise with `+` is elsewhere; one
    /// that does not say is held to the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<Name>,
    /// What is added where the text does not say it; nothing is added where absent, and such a text is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Name>,
    /// What else counts as having said it, compared by words; `#` stands for a digit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<Name>,
    /// Who says so.
    pub source: Name,
    /// When that was read.
    pub as_of: NaiveDate,
}

impl OptOut {
    /// A row that refuses every text on a channel that does not say it; [`words`](OptOut::words) adds instead.
    #[must_use]
    pub fn new(channel: impl Into<Name>, source: impl Into<Name>, as_of: NaiveDate) -> Self {
        Self {
            channel: channel.into(),
            purposes: Vec::new(),
            country: None,
            prefixes: Vec::new(),
            words: None,
            accepts: Vec::new(),
            source: source.into(),
            as_of,
        }
    }

    /// What French operators ask of marketing by SMS: how to stop it, free of charge, by a word to a short number of the
    /// bands 36 and 38. Which number it is, the contract with the aggregator says: add it by [`words`](OptOut::words).
    #[must_use]
    pub fn france() -> Self {
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap_or_default();
        let source =
            "CPCE art. L. 34-5 (a valid address for objections, free of charge); AF2M, code of conduct SMS+";
        let row = Self::new("sms", source, as_of);
        let row = row.country("FR", ["+33", "+262", "+508", "+590", "+594", "+596", "+681", "+687", "+689"]);
        ["STOP au 36###", "STOP au 38###", "STOP SMS au 36###", "STOP 36###", "STOP 38###"]
            .into_iter()
            .fold(row, Self::accept)
    }

    /// Limits it to a country, whose numbers begin with one of these.
    #[must_use]
    pub fn country<'p>(
        mut self,
        country: impl Into<Name>,
        prefixes: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        self.country = Some(country.into());
        self.prefixes = prefixes.into_iter().map(Name::from).collect();
        self
    }

    /// Adds these words where the text does not say it.
    #[must_use]
    pub fn words(mut self, words: impl Into<Name>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// Counts this as having said it too; `#` stands for a digit.
    #[must_use]
    pub fn accept(mut self, words: impl Into<Name>) -> Self {
        self.accepts.push(words.into());
        self
    }

    /// Limits it to a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }

    /// Whether a text says it: one of its phrases stands there, word by word.
    #[must_use]
    pub fn is_said(&self, text: &str) -> bool {
        let said = words_of(text);
        self.words.iter().chain(&self.accepts).any(|phrase| holds_phrase(&said, &words_of(phrase)))
    }

    /// Whether an address is of its country, as far as the address says.
    pub(super) fn reaches(&self, address: &str) -> bool {
        let digits: String =
            address.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
        // `00` is how the plus is dialled.
        let number = digits.strip_prefix("00").map_or(digits.clone(), |rest| format!("+{rest}"));
        self.prefixes.is_empty()
            || !number.starts_with('+')
            || self.prefixes.iter().any(|prefix| number.starts_with(&**prefix))
    }

    /// The text that says it, or `None` where it cannot.
    pub(crate) fn complete(&self, text: &str) -> Option<String> {
        if self.is_said(text) {
            return Some(text.to_owned());
        }
        let words = self.words.as_deref()?;
        let text = text.trim_end();
        let completed = if text.is_empty() { words.to_owned() } else { format!("{text} {words}") };
        // The words could be ones that nobody reads, such as a lone sign.
        self.is_said(&completed).then_some(completed)
    }
}

/// The words of a text, as they are compared: without capitals, accents, and what stands between them.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let plain: String =
        text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '#';
    plain.split(|letter| !is_part(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a phrase stands somewhere among the words.
fn holds_phrase(said: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty()
        && said
            .windows(phrase.len())
            .any(|words| words.iter().zip(phrase).all(|(word, wanted)| fits(word, wanted)))
}

fn fits(word: &str, wanted: &str) -> bool {
    let same = |(letter, wanted): (char, char)| match wanted {
        '#' => letter.is_ascii_digit(),
        _ => letter == wanted,
    };
    word.chars().count() == wanted.chars().count() && word.chars().zip(wanted.chars()).all(same)
}
