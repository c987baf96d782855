//! Dates that come again, at a local time of day.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use super::zone::{earliest, latest};
use super::{Calendar, Days, MonthDay, Nth, Problem, Zone, civil};

/// What an author writes of a recurrence. Every field is optional; which belong together is checked by
/// [`compile`](Self::compile).
///
/// | what comes | is written |
/// |---|---|
/// | every second day | `{ every: day, interval: 2, from: 2026-03-02 }` |
/// | on Tuesdays and Thursdays at ten | `{ every: week, on: [tue, thu], at: "10:00" }` |
/// | on the 31st, on the last day in shorter months | `{ every: month, day: 31 }` |
/// | on the 31st, not in shorter months | `{ every: month, day: 31, short: skip }` |
/// | on the second Tuesday of a month | `{ every: month, nth: "2nd tue" }` |
/// | on 29 February, else on 1 March | `{ every: year, month: 2, day: 29, leap: mar_1 }` |
/// | on dates that no rule knows | `{ dates: [2026-03-28, 2026-10-25] }` |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RecurrenceDefinition {
    /// The beat. Without it, `dates` says which dates there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// Every n-th of them, 1 where absent. Counted from the day, week, month or year of `from`, else of 1 January 1970. A
    /// week begins on Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u32>,
    /// A local time of day, `HH:MM`; 00:00 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The weekdays of a week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Days>,
    /// The day of a month, or of `month` in a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<MonthDay>,
    /// What becomes of `day` in a month that is too short for it; `last` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
    /// The weekday of a month, or of `month` in a year, instead of `day`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub nth: Option<Nth>,
    /// The month of a year, from 1 to 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
    /// When 29 February comes in a common year; `feb_28` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leap: Option<Leap>,
    /// The first local date that may come.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "civil::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub from: Option<NaiveDate>,
    /// The first local date that comes no more.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "civil::optional")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub until: Option<NaiveDate>,
    /// The dates themselves, instead of `every`.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "civil::dates")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub dates: Vec<NaiveDate>,
    /// The name of a calendar; dates that it does not have do not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// The name of a calendar; dates that it has do not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub except: Option<String>,
}

/// The beat of a recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Every {
    /// Each local date.
    Day,
    /// Some weekdays of a week.
    Week,
    /// One day of a month.
    Month,
    /// One day of a year.
    Year,
}

/// What becomes of a day in a month that is too short for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Short {
    /// It comes on the last day of that month.
    #[default]
    Last,
    /// It does not come in that month.
    Skip,
}

/// When 29 February comes in a common year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Leap {
    /// On 28 February.
    #[default]
    #[serde(rename = "feb_28")]
    Feb28,
    /// On 1 March.
    #[serde(rename = "mar_1")]
    Mar1,
}

impl RecurrenceDefinition {
    /// Checks everything and makes a recurrence of it.
    ///
    /// # Errors
    /// Every [`Problem`] at once: nothing that says which dates, fields that do not belong together, values out of range,
    /// and what can never come, such as 31 February or an `until` before the first date.
    ///
    /// ```
    /// use journeyman::time::RecurrenceDefinition;
    /// let wrong: RecurrenceDefinition = serde_json::from_str(r#"{"every": "week", "day": 3, "at": "25:00"}"#)?;
    /// let fields: Vec<_> = wrong.compile().unwrap_err().iter().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["at", "day", "on"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn compile(&self) -> Result<Recurrence, Vec<Problem>> {
        super::recurrence_check::compile(self)
    }
}

/// Local dates that come again, at a local time of day; made by [`RecurrenceDefinition::compile`].
///
/// Where the time of day does not exist on a date, it comes at the first instant after the gap; where it occurs twice, at
/// the first. A date that the calendar of a zone skips altogether does not come there.
///
/// ```
/// use journeyman::time::{RecurrenceDefinition, Zone};
/// let monthly: RecurrenceDefinition = serde_json::from_str(r#"{"every": "month", "day": 31, "at": "10:00"}"#)?;
/// let monthly = monthly.compile().map_err(|problems| problems[0].to_string())?;
/// let paris = Zone::named("Europe/Paris")?;
/// let next = monthly.next_at_or_after("2027-02-01T00:00:00Z".parse()?, &paris, |_| None);
/// assert_eq!(next, Some("2027-02-28T09:00:00Z".parse()?)); // clamped
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    pub(super) pattern: Pattern,
    pub(super) at: NaiveTime,
    pub(super) from: Option<NaiveDate>,
    pub(super) until: Option<NaiveDate>,
    pub(super) calendar: Option<String>,
    pub(super) except: Option<String>,
}

/// The dates that calendars may refuse in a row. Weekdays and leap years repeat after 146,097 days, and no beat names more
/// dates before it and a yearly calendar meet again in the same way; what never came in twice as many comes no more.
const MOST_REFUSED: u32 = 2 * 146_097;

impl Recurrence {
    /// The names of the calendars that [`next_at_or_after`](Self::next_at_or_after) asks for.
    pub fn calendars(&self) -> impl Iterator<Item = &str> {
        self.calendar.iter().chain(&self.except).map(String::as_str)
    }

    /// The first instant at or after `instant` at which it comes; `None` where it comes no more before the year 9999. An
    /// instant before 1970 is taken for 1970.
    ///
    /// `calendars` finds a calendar by its name. Where one that is named is not found, nothing comes: it is better to be
    /// silent than to speak on a holiday.
    ///
    /// The work is bounded whatever the interval and the calendars are: dates are computed and not stepped over.
    #[must_use]
    pub fn next_at_or_after<'c>(
        &self,
        instant: DateTime<Utc>,
        zone: &Zone,
        calendars: impl Fn(&str) -> Option<&'c Calendar>,
    ) -> Option<DateTime<Utc>> {
        let find = |name: &Option<String>| name.as_deref().map(&calendars);
        let (calendar, except) = (find(&self.calendar), find(&self.except));
        if calendar == Some(None) || except == Some(None) {
            return None;
        }
        let (calendar, except) = (calendar.flatten(), except.flatten());
        let instant = instant.max(earliest());
        // A gap can end a day, so that what was missing yesterday is due at the first instant of today.
        let today = zone.local(instant).date();
        let mut date = today.pred_opt().unwrap_or(today);
        loop {
            date = self.next_date(date, calendar, except)?;
            if let Some(found) = zone.on_date(date, self.at).filter(|found| *found >= instant) {
                return Some(found).filter(|found| *found < latest());
            }
            date = date.succ_opt()?;
        }
    }

    /// The first of its dates at or after this one.
    pub(super) fn next_date(
        &self,
        date: NaiveDate,
        calendar: Option<&Calendar>,
        except: Option<&Calendar>,
    ) -> Option<NaiveDate> {
        let mut date = self.from.map_or(date, |from| from.max(date));
        for _ in 0..MOST_REFUSED {
            date = self.pattern.next(date)?;
            if self.until.is_some_and(|until| date >= until) {
                return None;
            }
            let allowed = calendar.map_or(Some(date), |calendar| calendar.next_inside(date))?;
            let allowed = except.map_or(Some(allowed), |except| except.next_outside(allowed))?;
            if allowed == date {
                return Some(date);
            }
            date = allowed;
        }
        None
    }
}
