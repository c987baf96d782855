//! Where a day is a public holiday, worked out once for the years that are asked for most.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::clock::YEARS;
use super::holiday;
use super::places::Places;
use super::tables::Entry;

/// The territories of each day on which it is a public holiday.
#[derive(Debug, Default)]
pub(super) struct FreeDays {
    /// The first day that is held, since 1970.
    first: i64,
    /// Which of `sets`, by day.
    days: Vec<u16>,
    /// Every set once; the first is empty.
    sets: Vec<Places>,
}

/// Days since 1970.
pub(super) fn day_of(date: NaiveDate) -> i64 {
    date.to_epoch_days().into()
}

impl FreeDays {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let start = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(day_of);
        let Some((first, end)) = start(YEARS.0).zip(start(YEARS.1)) else { return Self::default() };
        let mut places = vec![Places::default(); usize::try_from(end - first).unwrap_or(0)];
        // Many territories share one calendar, which is worked out once.
        let mut known: Vec<(&Entry, Vec<i64>)> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let shared =
                known.iter().position(|(other, _)| has_calendar_of(entry, other)).unwrap_or_else(|| {
                    known.push((entry, days_of(entry)));
                    known.len() - 1
                });
            let own = Places::only(super::Territory(u16::try_from(place).unwrap_or(u16::MAX)));
            for day in known.get(shared).into_iter().flat_map(|(_, days)| days) {
                let day = usize::try_from(day - first).ok().and_then(|day| places.get_mut(day));
                if let Some(day) = day {
                    *day = day.or(own);
                }
            }
        }
        let mut sets = vec![Places::default()];
        let mut number = |set: &Places| {
            let known = sets.iter().position(|known| known == set).unwrap_or_else(|| {
                sets.push(*set);
                sets.len() - 1
            });
            u16::try_from(known).unwrap_or(0)
        };
        let days = places.iter().map(&mut number).collect();
        Self { first, days, sets }
    }

    /// Where a day is one, among these territories.
    pub(super) fn among(&self, places: Places, day: i64) -> Places {
        let held = usize::try_from(day - self.first).ok().and_then(|day| self.days.get(day));
        match held.and_then(|set| self.sets.get(usize::from(*set))) {
            Some(set) => places.and(*set),
            None => worked_out(places, day),
        }
    }
}

fn worked_out(places: Places, day: i64) -> Places {
    let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
    let free = places.territories().filter(|territory| date.is_some_and(|date| territory.is_holiday(date)));
    free.fold(Places::default(), |free, territory| free.or(Places::only(territory)))
}

fn has_calendar_of(one: &Entry, other: &Entry) -> bool {
    let (one, other) = (&one.holidays, &other.holidays);
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other))
}

/// The days of the years that are held; what stands in for a holiday may lie in the year before it.
fn days_of(entry: &Entry) -> Vec<i64> {
    let days = (YEARS.0..=YEARS.1).flat_map(|year| {
        let days = holiday::of_year(&entry.holidays, year).into_iter().map(|(day, _)| day);
        days.filter(move |day| day.year() == year || day.year() == year - 1)
    });
    days.map(day_of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Territory, tables::tables};
    use super::*;

    #[test]
    fn every_day_of_every_territory_is_as_its_rules_say() {
        let held = &tables().unwrap().free_days;
        let all = Places::of(&Territory::all().collect::<Vec<_>>());
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (mut free, mut outside) = (0, 0);
        // A year more on each side, where nothing is held.
        for date in day("2019-01-01").iter_days().take_while(|date| *date < day("2042-01-01")) {
            let found = held.among(all, day_of(date));
            for territory in Territory::all() {
                let is_free = territory.is_holiday(date);
                assert_eq!(found.meets(Places::only(territory)), is_free, "{territory} {date}");
                free += u32::from(is_free);
            }
            outside += u32::from(!(2020..2041).contains(&date.year()));
        }
        assert!(free > 20_000 && outside > 700, "{free} {outside}");
        assert!(held.sets.len() < 1_000, "{}", held.sets.len());
    }
}
