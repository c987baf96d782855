//! The hours in which people of a team are there, and deadlines that count only those.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use super::law::Territory;
use crate::seeded::{Bug, is_on};
use crate::time::{WeeklyWindow, Zone};

/// How far ahead a deadline is looked for; what counts more hours than a year has is due then.
const HORIZON: TimeDelta = TimeDelta::days(400);

/// When a team is there: half-open windows of the week on the team's own clock, but for the public holidays of where it is.
///
/// ```
/// use chrono::TimeDelta;
/// use journeyman::rule::TeamHours;
/// use journeyman::rule::law::Territory;
/// use journeyman::time::Zone;
///
/// let metropolitan = Territory::named("FR-MET")?[0];
/// let hours = TeamHours::new("Mon-Fri 09:00-18:00".parse()?).on_holidays_of(metropolitan);
/// let paris = Zone::named("Europe/Paris")?;
/// // Half a minute before the team leaves on Friday; Easter Monday is a holiday.
/// let friday = "2026-04-03T15:59:30Z".parse()?;
/// let due = hours.deadline(friday, TimeDelta::minutes(2), &paris);
/// assert_eq!(due, "2026-04-07T07:01:30Z".parse::<chrono::DateTime<chrono::Utc>>()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TeamHours {
    /// When it is there.
    pub open: WeeklyWindow,
    /// On whose clock; that of whoever asks where absent.
    pub zone: Option<Zone>,
    /// Whose public holidays it keeps; none where absent.
    pub holidays: Option<Territory>,
}

impl TeamHours {
    /// A team that is there in these windows of the week, on holidays too.
    #[must_use]
    pub fn new(open: WeeklyWindow) -> Self {
        Self { open, zone: None, holidays: None }
    }

    /// Gives the team a clock of its own.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Says whose public holidays the team keeps.
    #[must_use]
    pub fn on_holidays_of(mut self, territory: Territory) -> Self {
        self.holidays = Some(territory);
        self
    }

    /// Whether the team is there. `zone` is the clock where it has none of its own.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>, zone: &Zone) -> bool {
        let local = self.zone.as_ref().unwrap_or(zone).local(at);
        self.open.contains(local)
            && !self.holidays.is_some_and(|territory| territory.is_holiday(local.date()))
    }

    /// The first instant at which so much of the team's time has passed since `from`: exact over holidays and every change of
    /// the clocks. Where it is the end of a window, it is that end and not the next opening. Never later than 400 days.
    #[must_use]
    pub fn deadline(&self, from: DateTime<Utc>, lasts: TimeDelta, zone: &Zone) -> DateTime<Utc> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        if is_on(Bug::TeamHoursElapsed) {
            return from.checked_add_signed(lasts).unwrap_or(DateTime::<Utc>::MAX_UTC);
        }
        let end = from.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let (mut here, mut left) = (from, lasts);
        while here < end {
            let next = self.boundary(here, zone).unwrap_or(end).min(end);
            if self.is_open(here, zone) {
                let room = next.signed_duration_since(here);
                if left <= room {
                    return here.checked_add_signed(left).unwrap_or(end);
                }
                left -= room;
            }
            here = next;
        }
        end
    }

    /// The next instant at which it can open or close: a window's edge, a midnight where holidays count, a jump of the clocks.
    fn boundary(&self, at: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let local = zone.local(at);
        let edge = match self.open.contains(local) {
            true => self.open.closes_at(at, zone),
            false => self.open.opens_at(at, zone),
        };
        let midnight = self.holidays.and_then(|_| {
            let midnight = local.date().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
            at.checked_add_signed(midnight.signed_duration_since(local))
        });
        [edge, midnight, zone.next_transition(at)].into_iter().flatten().min()
    }
}
