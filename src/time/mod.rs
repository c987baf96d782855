//! Spans, local times, windows, recurrences: everything that knows a calendar.
//!
//! chrono is the public type. jiff answers what a zone does at its gaps and folds and is named in this room only; the
//! time-zone database is bundled, so the answer does not depend on the machine.
//!
//! The rules, everywhere the same:
//!
//! - A window is half-open, `[start, end)`. An end before its start crosses midnight and belongs to the day on which it
//!   starts. What counts is what local clocks show, instant by instant: a jump of the clocks opens and closes windows, and
//!   one that falls wholly into a gap does not open that day.
//! - A local time that does not exist is the first instant after the gap; one that occurs twice is its first occurrence; a
//!   date that the calendar of a zone skips altogether is passed over.
//! - Days, weeks, months and weekdays are those of the local calendar; hours and less are exact. Before and after follow
//!   the same rule: months and days first, then the exact rest.
//! - Months clamp to the last day, and 29 February to 28 February, unless a recurrence says otherwise.
//! - "At or after" includes the instant itself. Nothing is stepped over minute by minute or day by day.
//! - Instants are cut at the years 1970 and 9999; what would come later does not come.

mod calendar;
mod civil;
mod days;
mod month_day;
mod nth;
mod offset;
mod pattern;
mod problem;
mod quarters;
mod recurrence;
mod recurrence_check;
mod span;
mod weekly;
mod window;
mod zone;

pub use calendar::{Calendar, Season};
pub use days::{Days, DaysError};
pub use month_day::MonthDay;
pub use nth::{Nth, NthError};
pub use offset::{Offset, OffsetError};
pub use problem::Problem;
pub(crate) use quarters::Quarters;
pub use recurrence::{Every, Leap, Recurrence, RecurrenceDefinition, Short};
pub use span::{Span, SpanError};
pub use weekly::{WeeklyWindow, WeeklyWindowError};
pub use window::{DailyWindow, WindowError};
pub(crate) use zone::Stretch;
pub use zone::{UnknownZone, Zone, tzdb_version};
