//! How somebody who gets a short message learns to stop them: the words, as dated data of the policy.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::law::Profile;
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
    /// Whether the channel or the provider says it by itself, with words, a button or a setting of its own; texts then stay as they
    /// are, and what the law asks for is met.
    #[serde(default, skip_serializing_if = "is_false")]
    pub carried: bool,
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
            carried: false,
            source: source.into(),
            as_of,
        }
    }

    /// What French operators ask of marketing by SMS: how to stop it, free of charge, by a word to a short number of the
    /// bands 36 and 38. Which number it is, the contract with the aggregator says: add it by [`words`](OptOut::words). The phrases
    /// that say it are those of the [profile](Profile::named) `fr`, which asks for them; of MMS it asks the same
    /// (`OptOut::france().on("mms")`).
    #[must_use]
    pub fn france() -> Self {
        let france = Profile::all().iter().find(|profile| &*profile.name == "fr");
        let asked = france.and_then(|france| france.opt_outs.iter().find(|row| row.concerns("sms")));
        let (source, as_of) = asked.map(|row| (row.source.clone(), row.as_of)).unwrap_or_default();
        let row = Self::new("sms", source, as_of);
        let row = row.country("FR", ["+33", "+262", "+508", "+590", "+594", "+596", "+681", "+687", "+689"]);
        asked.into_iter().flat_map(|row| &row.phrases).cloned().fold(row, Self::accept)
    }

    /// The same row on another channel.
    #[must_use]
    pub fn on(mut self, channel: impl Into<Name>) -> Self {
        self.channel = channel.into();
        self
    }

    /// Declares that the channel or the provider says it by itself: a provider that adds the words to each SMS, a button of
    /// WhatsApp, a setting that an app shows with each push. Nothing looks whether it does.
    ///
    /// ```
    /// use journeyman::rule::{OptOut, Policy};
    /// let row = OptOut::new("push", "the app's own settings, one tap from each message", "2026-11-23".parse()?).carried();
    /// let policy = Policy::new("2026-11").opt_out(row);
    /// assert_eq!(policy.completed("push", "marketing", "a-device", "Samedi, 20 h")?, "Samedi, 20 h");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn carried(mut self) -> Self {
        self.carried = true;
        self
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

    /// Whether a text says it: one of its phrases stands there, word by word. Any does where the channel says it by itself.
    #[must_use]
    pub fn is_said(&self, text: &str) -> bool {
        if self.carried {
            return true;
        }
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

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The words of a text, as they are compared: without capitals, accents, and what stands between them.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let plain: String =
        text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '#';
    plain.split(|letter| !is_part(letter)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a phrase stands somewhere among the words.
pub(crate) fn holds_phrase(said: &[String], phrase: &[String]) -> bool {
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
