//! An instant, and the local days around it.

use std::cell::Cell;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::seeded::{Bug, is_on};
use crate::time::{Stretch, Zone};

/// Now, and what the contact's calendar says of it; asked for only where somebody needs it.
pub(super) struct Clock<'a> {
    pub(super) now: i64,
    zone: &'a Zone,
    today: Cell<Option<NaiveDate>>,
    shift: Cell<Option<i64>>,
    /// How many dates were asked of the zone.
    asked: Cell<u8>,
    stretch: Cell<Option<Stretch>>,
}

/// So many dates are asked of the zone before the stretch around one of them is, which is dearer.
const FEW: u8 = 3;

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or(if at < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

impl<'a> Clock<'a> {
    pub(super) fn new(now: i64, zone: &'a Zone) -> Self {
        Self {
            now,
            zone,
            today: Cell::new(None),
            shift: Cell::new(None),
            asked: Cell::new(0),
            stretch: Cell::new(None),
        }
    }

    /// The local date of an instant.
    pub(super) fn date(&self, at: i64) -> NaiveDate {
        if is_on(Bug::CalendarDaysInUtc) {
            return instant(at).date_naive();
        }
        if let Some(stretch) =
            self.stretch.get().filter(|stretch| (stretch.from..stretch.until).contains(&at))
        {
            return instant(at.saturating_add(stretch.ahead)).date_naive();
        }
        // Long lists are walked: most of their dates lie in one stretch.
        if self.asked.get() < FEW {
            self.asked.set(self.asked.get() + 1);
        } else {
            self.stretch.set(self.zone.stretch(instant(at)));
        }
        self.zone.local(instant(at)).date()
    }

    /// The local date of now.
    pub(super) fn today(&self) -> NaiveDate {
        if let Some(today) = self.today.get() {
            return today;
        }
        let today = self.date(self.now);
        self.today.set(Some(today));
        today
    }

    /// The first instant of a local date.
    pub(super) fn first_of(&self, date: NaiveDate) -> i64 {
        self.zone.resolve(date.and_time(NaiveTime::MIN)).timestamp_millis()
    }

    /// When it may first be that date, or another one comes that should be asked about; always after now.
    pub(super) fn until(&self, date: NaiveDate) -> i64 {
        let first = self.first_of(date);
        // Where midnight comes twice, its first occurrence may be over.
        let first = if first <= self.now { self.midnight() } else { first };
        first.min(self.shift())
    }

    /// When the local date changes by itself, as local clocks go now.
    fn midnight(&self) -> i64 {
        let local = self.zone.local(instant(self.now));
        let next = local.date().succ_opt().unwrap_or(local.date()).and_time(NaiveTime::MIN);
        let left = next.signed_duration_since(local).max(TimeDelta::milliseconds(1));
        self.now.saturating_add(left.num_milliseconds().max(1))
    }

    /// When local clocks next jump: days can come twice there, or not at all.
    pub(super) fn until_shift(&self) -> i64 {
        self.shift()
    }

    fn shift(&self) -> i64 {
        if let Some(shift) = self.shift.get() {
            return shift;
        }
        let shift = self.zone.next_transition(instant(self.now)).map_or(i64::MAX, |at| at.timestamp_millis());
        self.shift.set(Some(shift));
        shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_are_remembered_are_those_of_the_zone() {
        for name in ["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"] {
            let zone = Zone::named(name).unwrap();
            let clock = Clock::new(0, &zone);
            // Two years around the changes of 2010, each side of every third hour; there and back, and across each other.
            let at = |step: i64| 1_257_552_000_000 + step * 10_800_000;
            let steps = (0..5_840).chain((0..5_840).rev()).chain((0..2_000).map(|step| step * 7_919 % 5_840));
            for at in steps.flat_map(|step| [at(step) - 1, at(step), at(step) + 60_000]) {
                assert_eq!(clock.date(at), zone.local(instant(at)).date(), "{name} {at}");
            }
        }
    }

    #[test]
    fn a_long_list_asks_the_zone_a_few_times() {
        let zone = Zone::named("Europe/Paris").unwrap();
        let clock = Clock::new(0, &zone);
        for minute in 0..4_096 {
            clock.date(1_257_552_000_000 + minute * 60_000);
        }
        let stretch = clock.stretch.get().unwrap();
        assert!(clock.asked.get() == FEW && stretch.from < 1_257_552_000_000 && stretch.ahead == 3_600_000);
    }
}
