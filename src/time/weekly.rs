//! Windows of the local week.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::zone::latest;
use super::{Days, Quarters, Zone};

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// Half-open windows of the local week, such as the hours in which one may send.
///
/// Written as groups separated by `;`. A group is optional days (every day where absent), then one or more ranges
/// `HH:MM-HH:MM`: `"Tue-Thu 10:00-14:00 18:00-20:00; Sat 10:00-12:00"`. A range may end at `24:00`. An end before its
/// start crosses midnight, and the range belongs to the day on which it starts: `"Fri 22:00-02:00"` is open on Saturday at
/// 01:00. Ranges may overlap or touch. Two windows are equal where they are open at the same minutes of the week, however
/// they are written; `Display` writes one form for all of them.
///
/// What counts is what local clocks show, instant by instant. A jump of the clocks can open or close a window, an hour that
/// comes twice is open twice, and a window that falls wholly into the hour that a jump leaves out does not open that day.
///
/// ```
/// use journeyman::time::{WeeklyWindow, Zone};
/// let window: WeeklyWindow = "Tue-Thu 10:00-14:00 18:00-20:00".parse()?;
/// let tokyo = Zone::named("Asia/Tokyo")?;
/// // On Monday at 23:00 UTC it is Tuesday 08:00 in Tokyo.
/// let instant = "2026-03-23T23:00:00Z".parse()?;
/// assert_eq!(window.opens_at(instant, &tokyo), Some("2026-03-24T01:00:00Z".parse()?));
/// assert_eq!(window.closes_at("2026-03-24T01:00:00Z".parse()?, &tokyo), Some("2026-03-24T05:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeeklyWindow {
    /// Minutes since Monday 00:00, `[start, end)`: in order, apart from each other, none over the end of the week, never
    /// none at all.
    open: Vec<(u32, u32)>,
    /// When it may be open on some day of the week.
    quarters: Quarters,
}

/// The text is not a window of the week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a window of the week: {reason}; write it as Tue-Thu 10:00-14:00 18:00-20:00; Sat 10:00-12:00"
)]
pub struct WeeklyWindowError {
    text: String,
    reason: &'static str,
}

/// Minutes since midnight of `HH:MM`, `24:00` included.
pub(super) fn minutes_of_day(text: &str) -> Option<u32> {
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if plain { digits.parse::<u32>().ok() } else { None }
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
}

/// The minute of the week that local clocks show.
fn minute_of_week(local: NaiveDateTime) -> u32 {
    local.weekday().num_days_from_monday() * DAY + local.hour() * 60 + local.minute()
}

/// The same of milliseconds; 1 January 1970 was a Thursday.
fn minute_of(local: i64) -> u32 {
    let minute = local.div_euclid(60_000) + 3 * i64::from(DAY);
    u32::try_from(minute.rem_euclid(WEEK.into())).unwrap_or(0)
}

/// How long local clocks take from here to a minute of this week or the next, if they do not jump.
fn until(local: NaiveDateTime, minute: u32) -> TimeDelta {
    let past = TimeDelta::seconds(local.second().into())
        + TimeDelta::nanoseconds(local.nanosecond().min(999_999_999).into());
    TimeDelta::minutes(i64::from(minute) - i64::from(minute_of_week(local))) - past
}

impl WeeklyWindow {
    /// Minutes of the week that may overlap or go over its end.
    fn of(mut ranges: Vec<(u32, u32)>) -> Self {
        let over: Vec<_> =
            ranges.iter().filter(|(_, end)| *end > WEEK).map(|(_, end)| (0, end - WEEK)).collect();
        ranges.iter_mut().for_each(|(_, end)| *end = (*end).min(WEEK));
        ranges.extend(over);
        ranges.sort_unstable();
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (start, end) in ranges {
            match open.last_mut() {
                Some((_, before)) if start <= *before => *before = end.max(*before),
                _ => open.push((start, end)),
            }
        }
        let quarters = open.iter().map(|(start, end)| Quarters::of_minutes(*start, *end));
        Self { quarters: quarters.fold(Quarters::NONE, Quarters::or), open }
    }

    /// Whether it is open when local clocks show this.
    #[must_use]
    pub fn contains(&self, local: NaiveDateTime) -> bool {
        self.around(minute_of_week(local)).is_some()
    }

    /// Whether it is open when local clocks show this, in milliseconds as if they stood on UTC, and when it turns if they
    /// do not jump; never where it is always open.
    pub(crate) fn turn(&self, local: i64) -> (bool, Option<i64>) {
        let minute = minute_of(local);
        let open = self.around(minute).is_some();
        let turn = if open { self.next_end(minute) } else { Some(self.next_start(minute)) };
        let here = local - local.rem_euclid(60_000);
        (open, turn.map(|turn| here.saturating_add((i64::from(turn) - i64::from(minute)) * 60_000)))
    }

    /// Whether it is open when local clocks show this, in milliseconds as if they stood on UTC.
    pub(crate) fn is_open_at(&self, local: i64) -> bool {
        self.around(minute_of(local)).is_some()
    }

    /// When it may be open on some day of the week, as local clocks show it.
    pub(crate) const fn quarters(&self) -> Quarters {
        self.quarters
    }

    /// The range around a minute of the week.
    fn around(&self, minute: u32) -> Option<(u32, u32)> {
        self.open.iter().copied().find(|(start, end)| *start <= minute && minute < *end)
    }

    /// The next opening after a minute outside, in this week or the next.
    fn next_start(&self, minute: u32) -> u32 {
        let first = self.open.first().map_or(0, |(start, _)| *start);
        self.open.iter().map(|(start, _)| *start).find(|start| *start > minute).unwrap_or(first + WEEK)
    }

    /// The end of the opening around a minute, in this week or the next; `None` where it is always open.
    fn next_end(&self, minute: u32) -> Option<u32> {
        let (_, end) = self.around(minute)?;
        match self.open.first() {
            Some((0, WEEK)) => None,
            Some((0, first)) if end == WEEK => Some(WEEK + first),
            _ => Some(end),
        }
    }

    /// The first instant at or after `instant` at which local clocks stand inside: `instant` itself where they do.
    ///
    /// `None` only where it does not open again before the year 9999.
    #[must_use]
    pub fn opens_at(&self, instant: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut outside = instant;
        while outside < latest() {
            let local = zone.local(outside);
            if self.contains(local) {
                return Some(outside);
            }
            let start = outside.checked_add_signed(until(local, self.next_start(minute_of_week(local))))?;
            // Until clocks jump they only run, so nothing opens before the boundary or the jump, whichever is first.
            match zone.next_transition(outside) {
                Some(jump) if jump <= start => outside = jump,
                _ => return Some(start).filter(|start| *start < latest()),
            }
        }
        None
    }

    /// The first instant after `instant` at which local clocks stand outside, where at `instant` they stand inside.
    ///
    /// `None` where they stand outside at `instant`, and where it does not close before the year 9999: a window of the
    /// whole week never does.
    #[must_use]
    pub fn closes_at(&self, instant: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut inside = instant;
        while inside < latest() {
            let local = zone.local(inside);
            if !self.contains(local) {
                return Some(inside).filter(|end| *end > instant);
            }
            let end = inside.checked_add_signed(until(local, self.next_end(minute_of_week(local))?))?;
            match zone.next_transition(inside) {
                Some(jump) if jump <= end => inside = jump,
                _ => return Some(end).filter(|end| *end < latest()),
            }
        }
        None
    }

    /// The longest stretch of local clocks without an opening; zero where it is always open.
    ///
    /// A day on which the clocks jump can make it longer: by the jump, or until the next opening where the jump leaves a
    /// whole opening out.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use journeyman::time::WeeklyWindow;
    /// let office: WeeklyWindow = "Mon-Fri 09:00-17:00".parse()?;
    /// assert_eq!(office.longest_closed(), TimeDelta::hours(64)); // Friday 17:00 to Monday 09:00
    /// # Ok::<(), journeyman::time::WeeklyWindowError>(())
    /// ```
    #[must_use]
    pub fn longest_closed(&self) -> TimeDelta {
        let next = self.open.iter().skip(1).map(|(start, _)| *start);
        let again = self.open.first().map(|(start, _)| start + WEEK);
        let gaps = self.open.iter().zip(next.chain(again)).map(|((_, end), start)| start - end);
        TimeDelta::minutes(gaps.max().unwrap_or(0).into())
    }

    /// How long it is open in a week whose clocks do not jump.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use journeyman::time::WeeklyWindow;
    /// let office: WeeklyWindow = "Mon-Fri 09:00-18:00".parse()?;
    /// assert_eq!(office.open_each_week(), TimeDelta::hours(45));
    /// # Ok::<(), journeyman::time::WeeklyWindowError>(())
    /// ```
    #[must_use]
    pub fn open_each_week(&self) -> TimeDelta {
        TimeDelta::minutes(self.open.iter().map(|(start, end)| i64::from(end - start)).sum())
    }

    /// The ranges by the day on which they start, Monday first: minutes of that day, an end before its start on the next.
    fn by_day(&self) -> [Vec<(u32, u32)>; 7] {
        let mut runs = self.open.clone();
        if let (Some((0, first)), Some((_, last))) = (runs.first().copied(), runs.last_mut())
            && *last == WEEK
            && first < WEEK
        {
            *last += first;
            runs.remove(0);
        }
        let mut days: [Vec<(u32, u32)>; 7] = Default::default();
        for (mut start, end) in runs {
            while start < end {
                let midnight = (start / DAY + 1) * DAY;
                // Less than a day is one range, over midnight too; what is longer is cut at each midnight.
                let stop = if end - start < DAY { end } else { end.min(midnight) };
                let shown = if stop == midnight { DAY } else { stop % DAY };
                if let Some(day) = days.get_mut((start / DAY % 7) as usize) {
                    day.push((start % DAY, shown));
                    day.sort_unstable();
                }
                start = stop;
            }
        }
        days
    }
}

impl FromStr for WeeklyWindow {
    type Err = WeeklyWindowError;

    fn from_str(text: &str) -> Result<Self, WeeklyWindowError> {
        let wrong = |reason| WeeklyWindowError { text: text.chars().take(40).collect(), reason };
        let mut open = Vec::new();
        for group in text.split(';').map(str::trim) {
            let hours = group.find(|letter: char| letter.is_ascii_digit());
            let (days, hours) = group.split_at(hours.ok_or_else(|| wrong("a group has no hours"))?);
            let days = match days.trim() {
                "" => Days::EVERY,
                days => days.parse().map_err(|_| wrong("its days are not understood"))?,
            };
            for range in hours.split_whitespace() {
                let (start, end) = range
                    .split_once('-')
                    .and_then(|(start, end)| minutes_of_day(start).zip(minutes_of_day(end)))
                    .ok_or_else(|| wrong("its hours are not understood"))?;
                if start == end {
                    return Err(wrong("a range ends where it starts (the whole day is 00:00-24:00)"));
                }
                if start == DAY {
                    return Err(wrong("a range starts at 24:00"));
                }
                let length = if end > start { end - start } else { end + DAY - start };
                open.extend(days.iter().map(|day| {
                    let start = day.num_days_from_monday() * DAY + start;
                    (start, start + length)
                }));
            }
        }
        Ok(Self::of(open))
    }
}

impl fmt::Display for WeeklyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_day: Vec<_> =
            Days::EVERY.iter().zip(self.by_day()).filter(|(_, day)| !day.is_empty()).collect();
        for (index, (first, ranges)) in by_day.iter().enumerate() {
            // Days with the same ranges are one group, which stands where its first day does.
            let alike = by_day.iter().filter(|(_, others)| others == ranges).map(|(day, _)| *day);
            if by_day.iter().take(index).any(|(_, others)| others == ranges) {
                continue;
            }
            let days = alike.map(Days::only).fold(Days::only(*first), Days::and);
            f.write_str(if index > 0 { "; " } else { "" })?;
            if days != Days::EVERY {
                write!(f, "{days} ")?;
            }
            for (number, (start, end)) in ranges.iter().enumerate() {
                let space = if number > 0 { " " } else { "" };
                write!(f, "{space}{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)?;
            }
        }
        Ok(())
    }
}

impl Serialize for WeeklyWindow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WeeklyWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> WeeklyWindow {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn windows_are_written_in_one_normal_form() {
        for (text, normal) in [
            ("Tue-Thu 10:00-14:00 18:00-20:00", "Tue-Thu 10:00-14:00 18:00-20:00"),
            ("10:00-12:00 11:00-14:00 14:00-15:00", "10:00-15:00"),
            ("22:00-06:00", "22:00-06:00"),
            ("Sun 22:00-06:00", "Sun 22:00-06:00"),
            ("22:00-00:00", "22:00-24:00"),
            ("00:00-24:00", "00:00-24:00"),
            ("Sat,Sun 00:00-24:00", "Sat,Sun 00:00-24:00"),
            ("Sat 00:00-24:00; Sun 00:00-24:00; Mon 00:00-08:00", "Mon 00:00-08:00; Sat,Sun 00:00-24:00"),
            ("Fri 18:00-24:00; Sat 00:00-04:00", "Fri 18:00-04:00"),
            ("Mon 10:00-10:00; Tue 10:00-12:00", "!"),
            ("fri-mon 09:00-10:00;Tue 09:00-10:00 ; Wed,Thu 9:00-10:00", "!"),
            ("fri-mon 09:00-10:00;Tue 09:00-10:00 ; Wed,Thu 09:00-10:00", "09:00-10:00"),
            ("Wed 09:00-10:00; Mon 08:00-09:00; Fri 09:00-10:00", "Mon 08:00-09:00; Wed,Fri 09:00-10:00"),
            ("12:00-11:59", "12:00-11:59"),
            ("12:00-13:00 13:00-12:00", "00:00-24:00"),
        ] {
            match text.parse::<WeeklyWindow>() {
                Ok(window) => {
                    assert_eq!(window.to_string(), normal, "{text}");
                    assert_eq!(normal.parse().as_ref(), Ok(&window), "{text}");
                }
                Err(error) => assert_eq!(normal, "!", "{error}"),
            }
        }
    }

    #[test]
    fn what_is_no_window_is_refused_with_a_reason() {
        for text in [
            "",
            ";",
            "Mon",
            "Mon 10:00",
            "10-12",
            "10:00-25:00",
            "10:60-11:00",
            "24:00-01:00",
            "10:00-12:00;",
            "10:00 - 12:00",
            "+1:00-02:00",
            "Mon 10:00-12:00 Tue 10:00-12:00",
            "Lun 10:00-12:00",
            "é10:00-12:00",
            "10:00-12:00,14:00-16:00",
            "00:00-00:00",
        ] {
            assert!(text.parse::<WeeklyWindow>().is_err(), "{text}");
        }
        let error = "x".repeat(1000).parse::<WeeklyWindow>().unwrap_err().to_string();
        assert!(error.len() < 200 && error.contains("no hours"), "{error}");
    }

    #[test]
    fn an_end_before_its_start_belongs_to_the_day_on_which_it_starts() {
        let late = window("Fri 22:00-02:00");
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert!(late.contains(local("2026-03-28T01:59:59"))); // a Saturday
        assert!(!late.contains(local("2026-03-27T01:00:00"))); // the Friday
        assert!(!late.contains(local("2026-03-28T02:00:00")));
        let over_the_week = window("Sun 22:00-02:00");
        assert!(over_the_week.contains(local("2026-03-23T00:00:00"))); // a Monday
    }

    #[test]
    fn an_opening_in_a_gap_waits_for_the_next_day() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let gone = window("02:15-02:45");
        assert_eq!(gone.opens_at(at("2026-03-29T00:00:00Z"), &paris), Some(at("2026-03-30T00:15:00Z")));
        // Half of it is left.
        let half = window("02:30-03:30");
        assert_eq!(half.opens_at(at("2026-03-29T00:00:00Z"), &paris), Some(at("2026-03-29T01:00:00Z")));
    }

    #[test]
    fn an_opening_that_comes_twice_ends_before_the_clocks_go_back() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let twice = window("02:15-02:45");
        let first = at("2026-10-25T00:20:00Z");
        assert_eq!(twice.closes_at(first, &paris), Some(at("2026-10-25T00:45:00Z")));
        assert_eq!(twice.opens_at(at("2026-10-25T00:45:00Z"), &paris), Some(at("2026-10-25T01:15:00Z")));
        // It would end at the very instant at which the clocks go back into it.
        assert_eq!(window("01:00-03:00").closes_at(first, &paris), Some(at("2026-10-25T02:00:00Z")));
    }

    #[test]
    fn what_is_always_open_never_closes() {
        let always = window("00:00-24:00");
        let instant = at("2026-03-24T09:00:00.123Z");
        assert_eq!(always.opens_at(instant, &Zone::utc()), Some(instant));
        assert_eq!(always.closes_at(instant, &Zone::utc()), None);
        assert_eq!(always.longest_closed(), TimeDelta::zero());
        assert_eq!(window("Sun 23:00-01:00").longest_closed(), TimeDelta::hours(166));
    }

    #[test]
    fn nothing_opens_after_the_last_year() {
        let monday = window("Mon 10:00-11:00");
        let paris = Zone::named("Europe/Paris").unwrap();
        assert_eq!(monday.opens_at(at("9998-12-31T00:00:00Z"), &paris), None);
        assert_eq!(monday.opens_at(DateTime::<Utc>::MAX_UTC, &paris), None);
        assert_eq!(monday.closes_at(DateTime::<Utc>::MAX_UTC, &paris), None);
    }
}
