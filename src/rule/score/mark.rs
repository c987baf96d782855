//! What becomes true of a contact besides its tier.

use chrono::{DateTime, Datelike, NaiveDate};

use super::hear::Occasion;
use super::{Change, Mark, MarkKind, ScoreModel, ScoreState};
use crate::model::Name;
use crate::time::Zone;

impl ScoreModel {
    /// Tells what an application makes of the marks, in the order of the table.
    pub(super) fn mark(
        &self,
        state: &mut ScoreState,
        changed: bool,
        at: i64,
        occasion: Option<&Occasion<'_>>,
        told: &mut impl FnMut(Change),
    ) {
        let engages = occasion.is_some_and(|occasion| occasion.engages);
        for (rule, event) in self.table.marks.iter().zip(&self.marked) {
            let mark = &rule.mark;
            match &rule.kind {
                MarkKind::Threshold(least) if state.rated => {
                    turn(state, mark, state.value >= *least, None, at, told);
                }
                MarkKind::Stagnation(_) if changed => turn(state, mark, false, None, at, told),
                // A late engagement can be so old that the silence after it is over the span already.
                MarkKind::Inactivity(span) if engages => {
                    let since = state.engaged_at.map(|engaged_at| engaged_at.saturating_add(*span));
                    turn(state, mark, since.is_some_and(|since| since <= at), None, at, told);
                }
                MarkKind::Peak { window, least, permille }
                    if engages && is_peak(state, at, *window, *least, *permille) =>
                {
                    turn(state, mark, true, Some(at.saturating_add(*window)), at, told);
                }
                MarkKind::Badge { event: name, count } => {
                    let Some(occasion) = occasion.filter(|occasion| Some(occasion.event) == *event) else {
                        continue;
                    };
                    if occasion.heard.performed.tally(name).is_some_and(|tally| tally.count >= *count) {
                        turn(state, mark, true, None, at, told);
                    }
                }
                MarkKind::Challenge { count, .. } => {
                    let Some(occasion) = occasion.filter(|occasion| Some(occasion.event) == *event) else {
                        continue;
                    };
                    let heard = occasion.heard;
                    let (month, ends_at) = month_of(heard.zone, at);
                    if month_of(heard.zone, heard.happened_at).0 != month {
                        continue;
                    }
                    let mut counted = state.months.get(mark).copied().filter(|known| known.month == month);
                    let known = counted.get_or_insert(super::Month { month, count: 0 });
                    known.count = known.count.saturating_add(1);
                    let reached = known.count >= *count;
                    state.months.insert(mark.clone(), *known);
                    if reached {
                        turn(state, mark, true, Some(ends_at), at, told);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Turns a mark on or off, which is told where it is news.
pub(super) fn turn(
    state: &mut ScoreState,
    mark: &Name,
    up: bool,
    until: Option<i64>,
    at: i64,
    told: &mut impl FnMut(Change),
) {
    match (state.marks.get_mut(mark), up) {
        (Some(known), true) => known.until = until,
        (None, true) => {
            state.marks.insert(mark.clone(), Mark { since: at, until });
            told(Change::Mark { mark: mark.clone(), up });
        }
        (Some(_), false) => {
            state.marks.remove(mark);
            told(Change::Mark { mark: mark.clone(), up });
        }
        (None, false) => {}
    }
}

/// Whether a contact engages far more often than its own past before the window lets expect.
fn is_peak(state: &ScoreState, at: i64, window: i64, least: u16, permille: i64) -> bool {
    let engagements = &state.engagements;
    let begins = at.saturating_sub(window);
    let within = engagements.recent.iter().filter(|then| **then > begins).count();
    let earlier = engagements.count.saturating_sub(u64::try_from(within).unwrap_or(u64::MAX));
    let past = begins.saturating_sub(engagements.first_at);
    if within < usize::from(least) || earlier == 0 || past <= 0 {
        return false;
    }
    let wide = |number: i64| i128::from(number);
    let within = i128::try_from(within).unwrap_or(i128::MAX);
    let found = within.saturating_mul(wide(past)).saturating_mul(1_000);
    let expected = wide(permille).saturating_mul(i128::from(earlier)).saturating_mul(wide(window));
    found >= expected
}

/// The local month of an instant, counted from the year 0, and the instant at which it ends.
fn month_of(zone: &Zone, at: i64) -> (i32, i64) {
    let instant = DateTime::from_timestamp_millis(at).unwrap_or_default();
    let date = zone.local(instant).date();
    let next =
        if date.month() == 12 { (date.year().saturating_add(1), 1) } else { (date.year(), date.month() + 1) };
    let ends_at = NaiveDate::from_ymd_opt(next.0, next.1, 1)
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .map_or(i64::MAX, |first| zone.resolve(first).timestamp_millis());
    let month = date.year().saturating_mul(12).saturating_add(i32::try_from(date.month0()).unwrap_or(0));
    (month, ends_at)
}
