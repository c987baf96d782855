//! Who did something by hand, and why.

use serde::{Deserialize, Serialize};

use super::Name;

/// Who did something by hand, and why: what an operator changes is on record with it.
///
/// ```
/// use journeyman::model::Deed;
/// let deed = Deed::new("ana", "the price in the second sentence was wrong");
/// assert_eq!(&*deed.who, "ana");
/// assert_eq!(deed.problem(), None);
/// assert!(Deed::new(" ", "tidying").problem().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deed {
    /// Who did it, by the host's own opaque id; at most [`MOST_WHO`](Deed::MOST_WHO) bytes.
    pub who: Name,
    /// Why, in the operator's words; at most [`MOST_WHY`](Deed::MOST_WHY) bytes.
    pub why: String,
}

impl Deed {
    /// The longest `who`, in bytes.
    pub const MOST_WHO: usize = 256;
    /// The longest `why`, in bytes.
    pub const MOST_WHY: usize = 1_024;

    /// Puts a deed together; [`problem`](Deed::problem) says whether it can be kept.
    #[must_use]
    pub fn new(who: impl Into<Name>, why: impl Into<String>) -> Self {
        Self { who: who.into(), why: why.into() }
    }

    /// What is wrong with it, as a sentence; `None` where it can be kept.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let too_long = |what: &str, size: usize, most: usize| {
            (size > most).then(|| format!("{what} has {size} bytes and the limit is {most}"))
        };
        if self.who.trim().is_empty() {
            return Some("it does not say who did it".to_owned());
        }
        if self.why.trim().is_empty() {
            return Some("it does not say why".to_owned());
        }
        too_long("who", self.who.len(), Self::MOST_WHO)
            .or_else(|| too_long("why", self.why.len(), Self::MOST_WHY))
    }

    /// The size that limits count, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.who.len() + self.why.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_says_who_and_why_within_its_limits() {
        assert_eq!(Deed::new("a".repeat(Deed::MOST_WHO), "b".repeat(Deed::MOST_WHY)).problem(), None);
        let wrong = [
            Deed::new("", "why"),
            Deed::new("ana", "\n"),
            Deed::new("a".repeat(Deed::MOST_WHO + 1), "why"),
            Deed::new("ana", "b".repeat(Deed::MOST_WHY + 1)),
        ];
        for deed in wrong {
            assert!(deed.problem().is_some(), "{deed:?}");
        }
    }
}
