//! An instant, and the local days around it.

use std::cell::Cell;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::time::Zone;

/// Now, and what the contact's calendar says of it; asked for only where somebody needs it.
pub(super) struct Clock<'a> {
    pub(super) now: i64,
    zone: &'a Zone,
    today: Cell<Option<NaiveDate>>,
    shift: Cell<Option<i64>>,
}

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or(if at < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

impl<'a> Clock<'a> {
    pub(super) fn new(now: i64, zone: &'a Zone) -> Self {
        Self { now, zone, today: Cell::new(None), shift: Cell::new(None) }
    }

    /// The local date of an instant.
    pub(super) fn date(&self, at: i64) -> NaiveDate {
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
