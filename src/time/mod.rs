//! Spans, local times, quiet windows: everything that knows a calendar.
//!
//! chrono is the public type. jiff answers what a zone does at its gaps and folds and is named in this room only; the
//! time-zone database is bundled, so the answer does not depend on the machine.
//!
//! The rules, everywhere the same: a window is half-open, `[start, end)`; a local time that does not exist is the first
//! instant after the gap; one that occurs twice is its first occurrence; days, weeks and months are calendar days of
//! the zone, hours and less are exact; months clamp to the last day.

mod span;
mod window;
mod zone;

pub use span::{Span, SpanError};
pub use window::{DailyWindow, WindowError};
pub use zone::{UnknownZone, Zone, tzdb_version};
