//! Where an instant or a date lies, seen from now.

use chrono::NaiveDate;

use super::clock::Clock;
use super::period::{Period, Side};

/// An instant, or a local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(i64),
    On(NaiveDate),
}

/// Where it must lie; all that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) older: Option<i64>,
    pub(super) newer: Option<i64>,
    pub(super) on: Option<Period>,
    pub(super) before: Option<Period>,
    pub(super) after: Option<Period>,
}

impl Moment {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn asks_dates(&self) -> bool {
        self.on.is_some() || self.before.is_some() || self.after.is_some()
    }

    pub(super) fn holds(&self, when: When, clock: &Clock<'_>) -> bool {
        if self.older.is_some() || self.newer.is_some() {
            let at = instant(when, clock);
            if self.older.is_some_and(|span| at.saturating_add(span) > clock.now) {
                return false;
            }
            if self.newer.is_some_and(|span| at > clock.now || at.saturating_add(span) <= clock.now) {
                return false;
            }
        }
        if !self.asks_dates() {
            return true;
        }
        let (date, today) = (date(when, clock), clock.today());
        let lies = |period: Option<Period>, side| period.is_none_or(|it| it.side(date, today) == side);
        lies(self.on, Side::On) && lies(self.before, Side::Before) && lies(self.after, Side::After)
    }

    /// When the answer may next change; always after now.
    pub(super) fn next(&self, when: When, clock: &Clock<'_>) -> i64 {
        let mut next = i64::MAX;
        let mut at_most = |at: i64| next = if at > clock.now { next.min(at) } else { next };
        if self.older.is_some() || self.newer.is_some() {
            let at = instant(when, clock);
            self.older.iter().for_each(|span| at_most(at.saturating_add(*span)));
            if let Some(span) = self.newer {
                at_most(at);
                at_most(at.saturating_add(span));
            }
        }
        if self.asks_dates() {
            let (date, today) = (date(when, clock), clock.today());
            for period in [self.on, self.before, self.after].into_iter().flatten() {
                if let Some(day) = period.moves_on(date, today) {
                    at_most(clock.until(day));
                } else if !matches!(period, Period::Date(_)) {
                    // Clocks that go back over midnight can make it yesterday once more.
                    at_most(clock.until_shift());
                }
            }
        }
        next
    }
}

fn instant(when: When, clock: &Clock<'_>) -> i64 {
    match when {
        When::At(at) => at,
        When::On(date) => clock.first_of(date),
    }
}

fn date(when: When, clock: &Clock<'_>) -> NaiveDate {
    match when {
        When::At(at) => clock.date(at),
        When::On(date) => date,
    }
}

/// Whether the day and month of a date come within so many local days, today included.
pub(super) fn is_anniversary(date: NaiveDate, days: u16, clock: &Clock<'_>) -> bool {
    let today = clock.today();
    coming(date, today).is_some_and(|comes| (comes - today).num_days() < i64::from(days))
}

/// When that may next change.
pub(super) fn next_anniversary(date: NaiveDate, days: u16, clock: &Clock<'_>) -> i64 {
    let Some(comes) = coming(date, clock.today()) else { return i64::MAX };
    let changes = if is_anniversary(date, days, clock) {
        comes.succ_opt()
    } else {
        comes.checked_sub_days(chrono::Days::new(u64::from(days.saturating_sub(1))))
    };
    changes.map_or(i64::MAX, |day| clock.until(day))
}

/// The next local date of this day and month, today included; 29 February comes on 28 February in a common year.
fn coming(date: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    let of = |year| {
        let exact = NaiveDate::from_ymd_opt(year, date.month(), date.day());
        exact.or_else(|| NaiveDate::from_ymd_opt(year, date.month(), 28))
    };
    of(today.year()).filter(|day| *day >= today).or_else(|| of(today.year().checked_add(1)?))
}
