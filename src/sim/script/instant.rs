//! Instants as an author writes them: on the calendar, or counted from the start.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::place::{Place, Problems};
use crate::model::truncate;
use crate::time::{Span, Zone};

const LOCAL: [&str; 4] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];

/// From when, and where, instants are counted.
pub(super) struct Calendar {
    pub(super) start: DateTime<Utc>,
    pub(super) zone: Zone,
}

/// An instant on the calendar: with its own offset, or local to a zone.
pub(super) fn absolute(text: &str, zone: &Zone) -> Option<DateTime<Utc>> {
    let local = || {
        let time = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
        time.or_else(day).map(|local| zone.resolve(local))
    };
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)).or_else(local).and_then(kept)
}

/// Instants of the years that the house counts with, cut to whole milliseconds.
fn kept(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (0..=253_370_764_800_000).contains(&at.timestamp_millis()).then(|| truncate(at))
}

impl Calendar {
    /// An instant on the calendar, or a span after the start, with a local time of that day or without one.
    pub(super) fn instant(&self, text: &str) -> Option<DateTime<Utc>> {
        let text = text.trim();
        let counted = || {
            let (span, time) = text.split_once(' ').map_or((text, None), |(span, time)| (span, Some(time)));
            let span: Span = span.parse().ok()?;
            match time {
                None => Some(self.zone.add(self.start, span)),
                Some(time) => {
                    let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?;
                    Some(self.zone.on_day(self.start, span, time))
                }
            }
        };
        absolute(text, &self.zone).or_else(counted).and_then(kept)
    }

    pub(super) fn read(&self, place: &Place<'_>, problems: &mut Problems) -> Option<DateTime<Utc>> {
        let text = place.text(problems)?;
        let at = self.instant(text);
        if at.is_none() {
            let sentence = format!("{:?} is not an instant", text.chars().take(40).collect::<String>());
            let next = "write 2026-03-23T09:00:00+01:00, 2026-03-23 09:00 (local), +2h, or 3d 10:00 (after the start)";
            problems.tell("S008", place, sentence, next);
        }
        at
    }

    /// The instant that lies so many spans after another; counted at once, so that clocks that jump do not add up.
    pub(super) fn nth(&self, from: DateTime<Utc>, span: Span, times: usize) -> DateTime<Utc> {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let mut whole = span;
        whole.months = span.months.saturating_mul(times);
        whole.days = span.days.saturating_mul(times);
        whole.milliseconds = span.milliseconds.saturating_mul(times.into());
        self.zone.add(from, whole)
    }
}
