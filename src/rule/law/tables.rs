//! The tables that every profile stands on: places, prefixes and public holidays, read once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use serde::Deserialize;

use super::Territory;
use super::holiday::Holiday;
use crate::model::Name;
use crate::time::Zone;

/// The most digits that a prefix has.
const LONGEST_PREFIX: usize = 6;

/// One territory, as its calendar and its clocks need it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) code: Name,
    pub(super) zones: Vec<(Name, Zone)>,
    pub(super) holidays: Vec<Arc<Holiday>>,
}

/// Which territories numbers or postcodes belong to, by how they begin.
pub(super) type Prefixes = BTreeMap<Name, Vec<Territory>>;

#[derive(Debug)]
pub(super) struct Tables {
    pub(super) entries: Vec<Entry>,
    /// Codes, names and countries in small letters.
    pub(super) named: BTreeMap<String, Vec<Territory>>,
    pub(super) phones: Prefixes,
    pub(super) postcodes: Prefixes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // where a table comes from is for its readers
struct Places {
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
#[allow(dead_code)] // as above
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
#[allow(dead_code)] // as above
struct Holidays {
    as_of: NaiveDate,
    holidays: Vec<Holiday>,
}

/// The tables; nothing where they cannot be read, and then no profile can be either.
pub(super) fn tables() -> Option<&'static Tables> {
    static TABLES: OnceLock<Option<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| read().ok()).as_ref()
}

fn read() -> Result<Tables, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let places: Places = serde_json::from_str(include_str!("data/territories.json")).map_err(wrong)?;
    let phones: Phones = serde_json::from_str(include_str!("data/phones.json")).map_err(wrong)?;
    let holidays: Holidays = serde_json::from_str(include_str!("data/holidays.json")).map_err(wrong)?;
    let mut tables = Tables {
        entries: Vec::new(),
        named: BTreeMap::new(),
        phones: Prefixes::new(),
        postcodes: Prefixes::new(),
    };
    for (place, row) in places.territories.into_iter().enumerate() {
        let territory = Territory(u16::try_from(place).map_err(|error| error.to_string())?);
        for name in row.names.iter().chain([&row.code.to_string()]) {
            if tables.named.insert(name.to_lowercase(), vec![territory]).is_some() {
                return Err(format!("{name} is written twice"));
            }
        }
        let zone = |name: &Name| Zone::named(name).map(|zone| (name.clone(), zone));
        let zones =
            row.zones.iter().map(zone).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        tables.entries.push(Entry { code: row.code, zones, holidays: Vec::new() });
    }
    for group in places.groups {
        let of = tables.all(&group.of)?;
        for name in group.names {
            tables.named.insert(name.to_lowercase(), of.clone());
        }
    }
    tables.phones = tables.prefixes(phones.prefixes)?;
    tables.postcodes = tables.prefixes(places.postcodes)?;
    for holiday in holidays.holidays {
        let holiday = Arc::new(holiday);
        for territory in tables.all(&holiday.territories)? {
            if let Some(entry) = tables.entries.get_mut(usize::from(territory.0)) {
                entry.holidays.push(holiday.clone());
            }
        }
    }
    Ok(tables)
}

impl Tables {
    fn all(&self, names: &[String]) -> Result<Vec<Territory>, String> {
        let mut all = Vec::new();
        for name in names {
            let found = self.named.get(&name.to_lowercase());
            all.extend(found.ok_or_else(|| format!("{name} is no territory"))?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    fn prefixes(&self, rows: Vec<PrefixRow>) -> Result<Prefixes, String> {
        let mut prefixes = Prefixes::new();
        for row in rows {
            let to = self.all(&row.to)?;
            for prefix in row.prefixes {
                if prefixes.insert(prefix.clone(), to.clone()).is_some() {
                    return Err(format!("the prefix {prefix} is written twice"));
                }
            }
        }
        Ok(prefixes)
    }
}

/// What the longest prefix of these digits says.
pub(super) fn longest<'t>(prefixes: &'t Prefixes, digits: &str) -> Option<&'t [Territory]> {
    let lengths = (0..=digits.len().min(LONGEST_PREFIX)).rev();
    lengths.filter_map(|length| prefixes.get(digits.get(..length)?)).map(Vec::as_slice).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        let tables = read().unwrap_or_else(|error| panic!("{error}"));
        assert!(tables.entries.iter().all(|entry| !entry.zones.is_empty() && !entry.holidays.is_empty()));
        for prefix in tables.phones.keys().chain(tables.postcodes.keys()) {
            assert!(prefix.len() <= LONGEST_PREFIX && prefix.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
