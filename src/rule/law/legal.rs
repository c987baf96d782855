//! When the law lets something be said: every row that concerns it, on every clock that may be its reader's.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use super::{LegalHours, Profile, Recipient, Territory};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// How far ahead an opening is looked for: every date of a year and its weekday come by.
const HORIZON: TimeDelta = TimeDelta::days(400);

/// The hours that all profiles together leave to one message.
#[derive(Clone, Debug, Default)]
pub struct Legal<'a> {
    bindings: Vec<Binding<'a>>,
}

/// One row in one place on one clock.
#[derive(Clone, Copy, Debug)]
struct Binding<'a> {
    row: &'a LegalHours,
    lead: TimeDelta,
    territory: Territory,
    zone: &'a Zone,
}

/// When the law opens, and what keeps it closed until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// The first instant; never within 400 days where it is `None`.
    pub at: Option<DateTime<Utc>>,
    /// The hour of the day or the day of the week keeps it closed.
    pub hours: bool,
    /// A public holiday does.
    pub holiday: bool,
}

impl<'a> Legal<'a> {
    /// What the profiles say of a channel to a recipient. Where nothing is known of it, it may be in every territory of the
    /// profiles; on the clock of every zone there, unless it has one of its own.
    #[must_use]
    pub fn new(profiles: &'a [Profile], channel: &str, recipient: &Recipient<'a>) -> Self {
        let mut bindings = Vec::new();
        for profile in profiles {
            // Most profiles say nothing of most channels.
            if !profile.rules.iter().any(|row| *row.channel == *channel) {
                continue;
            }
            let places = recipient.territories().unwrap_or(&profile.territories);
            let concerned = places.iter().filter(|place| profile.territories.binary_search(place).is_ok());
            for territory in concerned.copied() {
                for row in profile.rules.iter().filter(|row| row.concerns(channel, territory)) {
                    let bind = |zone: &'a Zone| Binding { row, lead: profile.lead(), territory, zone };
                    match recipient.clock() {
                        Some(zone) => bindings.push(bind(zone)),
                        None => {
                            for zone in territory.zones() {
                                bindings.push(bind(zone));
                            }
                        }
                    }
                }
            }
        }
        Self { bindings }
    }

    /// Whether nothing binds.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.bindings.is_empty()
    }

    /// Whether it may be said at an instant.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.bindings.iter().all(|binding| binding.closed(at).is_none())
    }

    /// Whether it is open at an instant, and what keeps it closed then.
    pub(crate) fn looked_at(&self, at: DateTime<Utc>) -> Opening {
        let mut opening = Opening { at: Some(at), ..Opening::default() };
        for closed in self.bindings.iter().filter_map(|binding| binding.closed(at)) {
            opening.note(closed);
            opening.at = None;
        }
        opening
    }

    /// The first instant at or after `at` at which it may be said: it is open then, and nothing between is.
    #[must_use]
    pub fn next_open(&self, at: DateTime<Utc>) -> Opening {
        let mut opening = self.looked_at(at);
        if opening.at.is_some() {
            return opening;
        }
        let end = at.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut here = at;
        loop {
            let before = here;
            // Each in turn goes on to where it is open, until none has to.
            for binding in &self.bindings {
                match binding.next_open(here, end, &mut opening) {
                    Some(next) => here = next,
                    None => return opening,
                }
            }
            if here == before {
                opening.at = Some(here);
                return opening;
            }
        }
    }
}

impl Opening {
    fn note(&mut self, closed: Closed) {
        self.hours |= closed.hours;
        self.holiday |= closed.holiday;
    }
}

/// Why a row is closed.
#[derive(Clone, Copy, Debug)]
struct Closed {
    hours: bool,
    holiday: bool,
}

impl Binding<'_> {
    /// Why nothing may be said at an instant; nothing where it may. What would close within the margin is closed.
    fn closed(&self, at: DateTime<Utc>) -> Option<Closed> {
        // A row of tomorrow says nothing today, whatever the margin.
        if !self.row.is_in_force(self.zone.local(at).date()) {
            return None;
        }
        let shut = |at| self.shut(at);
        shut(at).or_else(|| shut(at.checked_add_signed(self.lead)?))
    }

    fn shut(&self, at: DateTime<Utc>) -> Option<Closed> {
        let local = if is_on(Bug::LegalHoursInUtc) { at.naive_utc() } else { self.zone.local(at) };
        let hours = !self.row.hours.contains(local);
        let holiday = !self.row.holidays && self.territory.is_holiday(local.date());
        (hours || holiday).then_some(Closed { hours, holiday })
    }

    fn next_open(
        &self,
        at: DateTime<Utc>,
        end: DateTime<Utc>,
        opening: &mut Opening,
    ) -> Option<DateTime<Utc>> {
        let mut here = at;
        while here <= end {
            match self.closed(here) {
                None => return Some(here),
                Some(closed) => opening.note(closed),
            }
            here = self.boundary(here)?;
        }
        None
    }

    /// The next instant at which the row can open or close: a midnight, an hour of its own, or a jump of the clocks.
    fn boundary(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = self.zone.local(at);
        let midnight = local.date().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
        let midnight = at.checked_add_signed(midnight.signed_duration_since(local))?;
        let hour = match self.row.hours.contains(local) {
            true => self.row.hours.closes_at(at, self.zone),
            false => self.row.hours.opens_at(at, self.zone),
        };
        let jump = self.zone.next_transition(at);
        [Some(midnight), hour, jump].into_iter().flatten().min()
    }
}
