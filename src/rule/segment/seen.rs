//! What segments may see of a contact.

use super::barred::Barred;
use crate::rule::{Facts, Standing};
use crate::time::Zone;

/// Everything that a segment may ask of a contact, as it is now.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::rule::segment::{NoPassages, Seen};
/// use journeyman::rule::{Facts, Performed, Rating, Standing};
/// use journeyman::time::Zone;
/// let (lea, performed, rating) = (Contact::new("lea"), Performed::default(), Rating::default());
/// let (standing, zone) = (Standing::default(), Zone::utc());
/// let seen = Seen::new(Facts::new(&lea, &performed, &rating), &standing, &NoPassages, &zone);
/// assert_eq!(seen.facts.contact.id.as_str(), "lea");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The person, its scores, tiers and marks, and the segments that it was put into.
    pub facts: Facts<'a>,
    /// What it allows.
    pub standing: &'a Standing,
    /// Which journeys it is in, and was in.
    pub journeys: &'a dyn Passages,
    /// Its own zone, else the program's.
    pub zone: &'a Zone,
    /// The segments that it stands outside of, whatever they ask.
    pub(crate) barred: Option<Barred>,
}

impl<'a> Seen<'a> {
    /// What there is to see.
    #[must_use]
    pub fn new(facts: Facts<'a>, standing: &'a Standing, journeys: &'a dyn Passages, zone: &'a Zone) -> Self {
        Self { facts, standing, journeys, zone, barred: None }
    }

    /// The same, outside of these segments.
    pub(crate) fn outside(mut self, barred: Option<Barred>) -> Self {
        self.barred = barred;
        self
    }

    pub(super) fn bars(&self, place: usize) -> bool {
        self.barred.as_ref().is_some_and(|barred| barred.has(place))
    }
}

impl std::fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("contact", &self.facts.contact.id).finish_non_exhaustive()
    }
}

/// The journeys of a contact, as whoever keeps them knows them.
pub trait Passages {
    /// Since when a run of the journey is active, in milliseconds since 1970; nothing where none is.
    fn active_since(&self, journey: &str) -> Option<i64>;
    /// Whether a run of the journey was ever begun.
    fn was_entered(&self, journey: &str) -> bool;
}

/// Somebody who never was in a journey.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPassages;

impl Passages for NoPassages {
    fn active_since(&self, _journey: &str) -> Option<i64> {
        None
    }

    fn was_entered(&self, _journey: &str) -> bool {
        false
    }
}
