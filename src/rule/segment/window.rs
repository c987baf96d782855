//! How far back events count.

use super::clock::Clock;
use crate::seeded::{Bug, is_on};

/// The milliseconds of a day of 24 hours.
pub(super) const DAY: i64 = 86_400_000;
/// No local date lies farther than this from the same date in UTC.
const FAR: i64 = 2 * DAY;

/// How far back events count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// For ever.
    Ever,
    /// In elapsed milliseconds.
    Elapsed(i64),
    /// On so many local days, today included.
    Days(u32),
}

impl Window {
    /// How long an event can count at most, in milliseconds.
    pub(super) fn longest(self) -> i64 {
        match self {
            Self::Ever => i64::MAX,
            Self::Elapsed(span) => span,
            Self::Days(days) => i64::from(days).saturating_mul(DAY).saturating_add(FAR),
        }
    }

    /// Whether an event counts now.
    #[inline]
    pub(super) fn has(self, at: i64, clock: &Clock<'_>) -> bool {
        match self {
            Self::Ever => true,
            Self::Elapsed(span) if is_on(Bug::WindowClosed) => clock.now <= at.saturating_add(span),
            Self::Elapsed(span) => clock.now < at.saturating_add(span),
            Self::Days(days) => in_days(days, at, clock),
        }
    }

    /// When an event that counts now stops counting, or should be asked about again; always after now.
    #[inline]
    pub(super) fn ends(self, at: i64, clock: &Clock<'_>) -> i64 {
        match self {
            Self::Ever => i64::MAX,
            Self::Elapsed(span) if is_on(Bug::WindowClosed) => at.saturating_add(span).saturating_add(1),
            Self::Elapsed(span) => at.saturating_add(span),
            Self::Days(days) => {
                let last = clock.date(at).checked_add_days(chrono::Days::new(days.into()));
                last.map_or(i64::MAX, |last| clock.until(last))
            }
        }
    }

    /// When an event that does not count now could come to count by itself: where local clocks go back over midnight.
    pub(super) fn begins(self, newest_first: impl Iterator<Item = i64>, clock: &Clock<'_>) -> i64 {
        let Self::Days(_) = self else { return i64::MAX };
        let mut newest_first = newest_first.peekable();
        if newest_first.peek().is_none() {
            return i64::MAX;
        }
        // Where clocks go back over midnight, a day that was over comes once more, and one that had begun is yet to come.
        let dates =
            newest_first.take_while(|at| clock.now.saturating_sub(*at) <= FAR).map(|at| clock.date(at));
        let ahead = dates.filter(|date| *date > clock.today()).min();
        clock.until_shift().min(ahead.map_or(i64::MAX, |date| clock.until(date)))
    }
}

fn in_days(days: u32, at: i64, clock: &Clock<'_>) -> bool {
    let age = clock.now.saturating_sub(at);
    let full = i64::from(days).saturating_mul(DAY);
    if age > full.saturating_add(FAR) {
        return false;
    }
    if age > FAR && age < full.saturating_sub(FAR) {
        return true;
    }
    let (date, today) = (clock.date(at), clock.today());
    let first = today.checked_sub_days(chrono::Days::new(u64::from(days.saturating_sub(1))));
    date <= today && first.is_none_or(|first| date >= first)
}
