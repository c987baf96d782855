//! What somebody who answers wants: to be left alone, to be told again, to be helped, or to say something.
//!
//! Words are compared as a person reads them: without capitals, accents, signs and invisible letters, and as whole words
//! only. So `Arrêt !`, `S.T.O.P` and `Stop. Merci` are the keyword, `non-stop` and `stopover` are not.

mod fold;
mod keywords;
mod typo;
mod words;

pub use fold::{MOST_BYTES, tokens};
pub use keywords::Keywords;
pub use words::{Family, STOP_PHRASES, words_of};

/// What an inbound text wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reading {
    /// To be left alone: marketing stops at once, for both certainties.
    Stop(Certainty),
    /// To get again what an earlier stop ended.
    Start,
    /// To be helped by a person.
    Help,
    /// Anything else.
    Text,
}

/// How sure it is that somebody wants to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Certainty {
    /// The whole text is a keyword, with nothing but politeness beside it.
    Definite,
    /// It speaks of it; a person looks at it too.
    Probable,
}

impl Reading {
    /// The word for it, as events and keyword triggers say it: `stop`, `unclear`, `start`, `help` or `text`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop(Certainty::Definite) => "stop",
            Self::Stop(Certainty::Probable) => "unclear",
            Self::Start => "start",
            Self::Help => "help",
            Self::Text => "text",
        }
    }

    /// Whether marketing stops.
    #[must_use]
    pub fn is_stop(self) -> bool {
        matches!(self, Self::Stop(_))
    }
}

/// Reads a text with the words of the house, French and English; see [`Keywords`] for brands and words of one's own.
///
/// It never fails, and takes time in proportion to the first [`MOST_BYTES`] of the text.
///
/// ```
/// use journeyman::rule::inbound::{Certainty, Reading, read};
/// assert_eq!(read("Arrêt, merci !"), Reading::Stop(Certainty::Definite));
/// assert_eq!(read("please stop texting me"), Reading::Stop(Certainty::Probable));
/// assert_eq!(read("We play non-stop on Friday"), Reading::Text);
/// assert_eq!(read("AIDE"), Reading::Help);
/// ```
#[must_use]
pub fn read(text: &str) -> Reading {
    Keywords::default().read(text)
}

#[cfg(test)]
mod tests;
