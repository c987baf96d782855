//! The tables that every profile stands on: places, prefixes, clocks and public holidays, read once.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Deserialize;

use super::Territory;
use super::clock::{HeldZone, YEARS};
use super::free_days::FreeDays;
use super::holiday::Holiday;
use super::places::Places;
use super::prefixes::Prefixes;
use crate::model::Name;
use crate::time::Zone;

/// One territory, as its calendar and its clocks need it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) code: Name,
    pub(super) zones: Vec<Zone>,
    pub(super) holidays: Vec<Arc<Holiday>>,
}

#[derive(Debug)]
pub(super) struct Tables {
    pub(super) entries: Vec<Entry>,
    /// Codes, names and countries in small letters.
    named: BTreeMap<String, Places>,
    pub(super) phones: Prefixes,
    pub(super) postcodes: Prefixes,
    /// Every zone of a territory once, in order of [`by_length`].
    pub(super) zones: Vec<HeldZone>,
    pub(super) free_days: FreeDays,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceTable {
    as_of: NaiveDate,
    source: String,
    territories: Vec<PlaceRow>,
    groups: Vec<GroupRow>,
    postcodes: Vec<PrefixRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceRow {
    code: Name,
    zones: Vec<Name>,
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRow {
    names: Vec<String>,
    of: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phones {
    as_of: NaiveDate,
    source: String,
    prefixes: Vec<PrefixRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrefixRow {
    to: Vec<String>,
    prefixes: Vec<Name>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holidays {
    as_of: NaiveDate,
    holidays: Vec<Holiday>,
}

/// The tables; nothing where they cannot be read, and then no profile can be either.
pub(super) fn tables() -> Option<&'static Tables> {
    static TABLES: OnceLock<Option<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| read().ok()).as_ref()
}

/// Data is taken only with where and when it was read: from somewhere, and in one of the years that the tables hold.
fn vouched<'a>(as_of: NaiveDate, mut sources: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let is_dated = (YEARS.0..YEARS.1).contains(&as_of.year());
    match is_dated && sources.all(|source| !source.trim().is_empty()) {
        true => Ok(()),
        false => Err(format!("a table as of {as_of} does not say where and when it was read")),
    }
}

fn read() -> Result<Tables, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let places: PlaceTable = serde_json::from_str(include_str!("data/territories.json")).map_err(wrong)?;
    let phones: Phones = serde_json::from_str(include_str!("data/phones.json")).map_err(wrong)?;
    let holidays: Holidays = serde_json::from_str(include_str!("data/holidays.json")).map_err(wrong)?;
    vouched(places.as_of, [&*places.source].into_iter())?;
    vouched(phones.as_of, [&*phones.source].into_iter())?;
    vouched(holidays.as_of, holidays.holidays.iter().map(|holiday| &*holiday.source))?;
    let mut tables = Tables {
        entries: Vec::new(),
        named: BTreeMap::new(),
        phones: Prefixes::new(),
        postcodes: Prefixes::new(),
        zones: Vec::new(),
        free_days: FreeDays::default(),
    };
    if places.territories.len() > Places::MOST {
        return Err(format!("there are more than {} territories", Places::MOST));
    }
    for (place, row) in places.territories.into_iter().enumerate() {
        let territory = Territory(u16::try_from(place).map_err(|error| error.to_string())?);
        for name in row.names.iter().chain([&row.code.to_string()]) {
            if tables.named.insert(name.to_lowercase(), Places::only(territory)).is_some() {
                return Err(format!("{name} is written twice"));
            }
        }
        let zones =
            row.zones.iter().map(|name| tables.hold_zone(name, territory)).collect::<Result<_, _>>()?;
        tables.entries.push(Entry { code: row.code, zones, holidays: Vec::new() });
    }
    for group in places.groups {
        let of = tables.all(&group.of)?;
        for name in group.names {
            tables.named.insert(name.to_lowercase(), of);
        }
    }
    tables.phones = tables.prefixes(phones.prefixes)?;
    tables.postcodes = tables.prefixes(places.postcodes)?;
    tables.zones.sort_by(|one, other| by_length(&one.name, &other.name));
    for holiday in holidays.holidays {
        let holiday = Arc::new(holiday);
        for territory in tables.all(&holiday.territories)?.territories() {
            if let Some(entry) = tables.entries.get_mut(usize::from(territory.0)) {
                entry.holidays.push(holiday.clone());
            }
        }
    }
    tables.free_days = FreeDays::of(&tables.entries);
    Ok(tables)
}

/// Names in an order that is quickly told.
fn by_length(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// The instants between which clocks are held.
fn years() -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let start = |year| Some(NaiveDate::from_ymd_opt(year, 1, 1)?.and_hms_opt(0, 0, 0)?.and_utc());
    start(YEARS.0).zip(start(YEARS.1))
}

impl Tables {
    /// What a text names: a place, or its country where it says which; capitals do not matter.
    pub(super) fn named(&self, text: &str) -> Option<Places> {
        let text = text.trim();
        // Most are short and plain, and lowered without asking for memory.
        let mut room = [0; 32];
        let long;
        let written = match room.get_mut(..text.len()).filter(|_| text.is_ascii()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                room.make_ascii_lowercase();
                std::str::from_utf8(room).ok()?
            }
            None => {
                long = text.to_lowercase();
                &long
            }
        };
        let country = || written.split('-').next().filter(|country| country.len() == 2);
        self.named.get(written).or_else(|| self.named.get(country()?)).copied()
    }

    /// A zone of some territory; capitals do not matter.
    pub(super) fn zone(&self, name: &str) -> Option<&HeldZone> {
        match self.zones.binary_search_by(|held| by_length(&held.name, name)) {
            Ok(place) => self.zones.get(place),
            Err(_) => self.zones.iter().find(|held| held.name.eq_ignore_ascii_case(name)),
        }
    }

    fn hold_zone(&mut self, name: &Name, territory: Territory) -> Result<Zone, String> {
        if let Some(held) = self.zones.iter_mut().find(|held| held.name == *name) {
            held.places = held.places.or(Places::only(territory));
            return Ok(held.zone.clone());
        }
        let zone = Zone::named(name).map_err(|error| error.to_string())?;
        let (from, until) = years().ok_or("there are no such years")?;
        let held = HeldZone::new(name.clone(), zone.clone(), from, until, Places::only(territory));
        self.zones.push(held);
        Ok(zone)
    }

    fn all(&self, names: &[String]) -> Result<Places, String> {
        names.iter().try_fold(Places::default(), |all, name| {
            let found = self.named.get(&name.to_lowercase());
            Ok(all.or(*found.ok_or_else(|| format!("{name} is no territory"))?))
        })
    }

    fn prefixes(&self, rows: Vec<PrefixRow>) -> Result<Prefixes, String> {
        let mut prefixes = Prefixes::new();
        for row in rows {
            let to = self.all(&row.to)?;
            for prefix in row.prefixes {
                prefixes.insert(&prefix, to)?;
            }
        }
        Ok(prefixes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        let tables = read().unwrap_or_else(|error| panic!("{error}"));
        assert!(tables.entries.iter().all(|entry| !entry.zones.is_empty() && !entry.holidays.is_empty()));
    }

    #[test]
    fn a_table_says_where_and_when_it_was_read() {
        let read_in = |year| NaiveDate::from_ymd_opt(year, 11, 20).unwrap();
        assert!(vouched(read_in(2026), ["Code du travail L. 3133-1", "loi 83-550"].into_iter()).is_ok());
        assert!(vouched(read_in(2026), ["Code du travail L. 3133-1", " "].into_iter()).is_err());
        assert!(vouched(read_in(1970), ["Code du travail L. 3133-1"].into_iter()).is_err());
    }
}
