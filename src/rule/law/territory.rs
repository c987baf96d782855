//! A place with public holidays and hours of its own.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::holiday;
use super::places::Places;
use super::tables::{Entry, tables};
use crate::model::Name;
use crate::time::Zone;

/// A place with public holidays and hours of its own: one of the thirteen French zones, a German Land, a nation of the
/// United Kingdom, a state of the United States. Its code is that of ISO 3166 where there is one; metropolitan France is
/// `FR-MET`, and Alsace with Moselle is `FR-AM`.
///
/// ```
/// use journeyman::rule::law::Territory;
/// let candidates = Territory::named("FR-67").unwrap(); // Bas-Rhin
/// assert_eq!(candidates[0].code(), "FR-AM");
/// assert!(candidates[0].is_holiday("2026-04-03".parse()?)); // Good Friday, there alone
/// assert!(!Territory::named("FR-75").unwrap()[0].is_holiday("2026-04-03".parse()?));
/// assert_eq!(Territory::named("FR").unwrap().len(), 13);
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Territory(pub(super) u16);

/// The text names no territory that a profile could concern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no territory of the tables; write a code such as FR, RE, DE-BY, GB-SCT or US-FL")]
pub struct UnknownTerritory {
    text: String,
}

impl Territory {
    fn entry(self) -> Option<&'static Entry> {
        tables()?.entries.get(usize::from(self.0))
    }

    /// Every territory that the tables know, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        let count = tables().map_or(0, |tables| tables.entries.len());
        (0..u16::try_from(count).unwrap_or(0)).map(Self)
    }

    /// The territories that a code or a name can mean: one, or all of a country; in the order of the tables, capitals do not
    /// matter. A country with a subdivision that the tables do not know is the whole country.
    ///
    /// # Errors
    /// [`UnknownTerritory`] where the tables have neither.
    pub fn named(text: &str) -> Result<Vec<Self>, UnknownTerritory> {
        let found = tables().and_then(|tables| tables.named(text)).map(Places::list);
        found.ok_or_else(|| UnknownTerritory { text: text.chars().take(40).collect() })
    }

    /// The territories that a telephone number in the international form, such as `+33612345678`, can belong to; none where
    /// it belongs to another country, `None` where it is not written in that form.
    #[must_use]
    pub fn of_phone(number: &str) -> Option<Vec<Self>> {
        Places::of_phone(number).map(Places::list)
    }

    /// The territories that a French postcode belongs to; `None` where it is none.
    #[must_use]
    pub fn of_postcode(postcode: &str) -> Option<Vec<Self>> {
        Places::of_postcode(postcode).map(Places::list)
    }

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.entry().map_or("", |entry| &entry.code)
    }

    /// The time zones that its clocks follow.
    pub fn zones(self) -> impl Iterator<Item = &'static Zone> {
        self.entry().into_iter().flat_map(|entry| entry.zones.iter())
    }

    /// Whether a civil date is a public holiday there. Both the day and the weekday that stands in for it are.
    #[must_use]
    pub fn is_holiday(self, date: NaiveDate) -> bool {
        self.entry().is_some_and(|entry| holiday::is_one(&entry.holidays, date))
    }

    /// The public holidays of a year, in order, with their names.
    #[must_use]
    pub fn holidays(self, year: i32) -> Vec<(NaiveDate, Name)> {
        let Some(entry) = self.entry() else { return Vec::new() };
        let years = [year, year.saturating_add(1)];
        let mut days: Vec<_> =
            years.iter().flat_map(|year| holiday::of_year(&entry.holidays, *year)).collect();
        days.retain(|(day, _)| day.year() == year);
        days.sort_unstable();
        days
    }
}

impl fmt::Debug for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A list of territories as a profile writes it: codes and countries.
pub(super) mod list {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Territory};

    pub(in super::super) fn serialize<S: Serializer>(
        list: &[Territory],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        list.iter().map(|territory| territory.code()).collect::<Vec<_>>().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Territory>, D::Error> {
        let mut list = Vec::new();
        for name in Vec::<String>::deserialize(deserializer)? {
            list.extend(Territory::named(&name).map_err(serde::de::Error::custom)?);
        }
        list.sort_unstable();
        list.dedup();
        Ok(list)
    }
}
