//! When the law lets something be said: every row that concerns it, on every clock that may be its reader's.
//!
//! What is asked before every send is whether all of it is open, so rows are asked for all places on one clock at once, in plain
//! numbers. The way to the next opening is gone for each place by itself, and only where something is closed.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::clock::Clock;
use super::free_days::day_of;
use super::places::Places;
use super::recipient::Whereabouts;
use super::tables::tables;
use super::{LegalHours, Profile, Recipient};
use crate::seeded::{Bug, is_on};
use crate::time::{Quarters, Zone};

/// How far ahead an opening is looked for: every date of a year and its weekday come by.
const HORIZON: TimeDelta = TimeDelta::days(400);
/// Milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// The hours that all profiles together leave to one message.
#[derive(Clone, Debug, Default)]
pub struct Legal<'a> {
    clauses: Vec<Clause<'a>>,
    /// The reader's own.
    clock: Option<Clock<'a>>,
    /// On which other hours are counted, where it is worked out already.
    counted: Option<Clock<'a>>,
}

/// One row in all places that it concerns.
#[derive(Clone, Copy, Debug)]
struct Clause<'a> {
    /// Which profile.
    profile: usize,
    row: &'a LegalHours,
    /// In milliseconds.
    lead: i64,
    places: Places,
    /// The first local day on which it is in force and the first on which it is no longer, since 1970.
    force: (Option<i64>, Option<i64>),
}

/// One row in places that share a clock.
#[derive(Clone, Copy, Debug)]
struct Binding<'a> {
    clause: Clause<'a>,
    places: Places,
    clock: Clock<'a>,
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
        Self::to(profiles, channel, || recipient.whereabouts())
    }

    /// What clocks show in the zone on which other hours are counted.
    pub(in super::super) fn time_of_day(&self, at: DateTime<Utc>, zone: &Zone) -> NaiveTime {
        let Some(clock) = self.counted else { return zone.local(at).time() };
        let shown = u32::try_from(clock.local(at.timestamp_millis()).rem_euclid(DAY)).unwrap_or(0);
        let (seconds, rest) = (shown / 1_000, shown % 1_000 * 1_000_000);
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, rest).unwrap_or_default()
    }

    /// What the profiles say of a channel to a reader, of whom nothing is asked where they say nothing. Other hours are counted
    /// in the zone, which is the reader's own where it has a clock of its own.
    pub(in super::super) fn of(
        profiles: &'a [Profile],
        channel: &str,
        zone: &'a Zone,
        reader: impl Fn() -> Whereabouts<'a>,
    ) -> Self {
        let legal = Self::to(profiles, channel, reader);
        let counted = || legal.clock.unwrap_or_else(|| Clock::of(zone));
        Self { counted: (!legal.is_free()).then(counted), ..legal }
    }

    fn to(profiles: &'a [Profile], channel: &str, reader: impl Fn() -> Whereabouts<'a>) -> Self {
        let (mut clauses, mut found) = (Vec::new(), None);
        for (number, profile) in profiles.iter().enumerate() {
            let mut held = None;
            for row in profile.rules.iter().filter(|row| *row.channel == *channel) {
                let held = *held.get_or_insert_with(|| {
                    let all = Places::of(&profile.territories);
                    found.get_or_insert_with(&reader).places.map_or(all, |places| places.and(all))
                });
                let named = || Places::of(&row.territories);
                let places = if row.territories.is_empty() { held } else { held.and(named()) };
                if !places.is_empty() {
                    let day = |date: Option<NaiveDate>| date.map(day_of);
                    let force = (day(row.from), day(row.until));
                    clauses.push(Clause { profile: number, row, lead: profile.lead(), places, force });
                }
            }
        }
        Self { clauses, clock: found.and_then(|reader| reader.clock()), counted: None }
    }

    /// Whether nothing binds.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Whether it may be said at an instant.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let at = at.timestamp_millis();
        self.bindings().all(|binding| binding.closed(at).is_none())
    }

    /// Whether it is open at an instant, and what keeps it closed then.
    pub(crate) fn looked_at(&self, at: DateTime<Utc>) -> Opening {
        let mut opening = Opening { at: Some(at), ..Opening::default() };
        let from = at.timestamp_millis();
        for closed in self.bindings().filter_map(|binding| binding.closed(from)) {
            opening.note(closed);
            opening.at = None;
        }
        opening
    }

    /// The first instant at or after `at` at which it may be said: it is open then, and nothing between is.
    #[must_use]
    pub fn next_open(&self, at: DateTime<Utc>) -> Opening {
        let mut opening = self.looked_at(at);
        if opening.at.is_none() {
            let opens = self.way(at, &mut opening);
            let opens = opens.map(|opens| if is_on(Bug::FirstOpeningSkipped) { opens + DAY } else { opens });
            opening.at = opens.and_then(DateTime::from_timestamp_millis);
        }
        opening
    }

    /// The way from an instant that is closed to the first one that is open.
    fn way(&self, at: DateTime<Utc>, opening: &mut Opening) -> Option<i64> {
        let end = at.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC).timestamp_millis();
        let mut here = at.timestamp_millis();
        if self.never_meets(here, end) {
            return None;
        }
        let bindings = self.apart();
        loop {
            let before = here;
            // Each in turn goes on to where it is open, until none has to.
            for binding in &bindings {
                here = binding.next_open(here, end, opening)?;
            }
            if here == before {
                return Some(here);
            }
        }
    }

    /// Whether clocks stand too far apart for any minute of a day to lie within the hours on all of them.
    fn never_meets(&self, from: i64, until: i64) -> bool {
        let mut open = Quarters::ALL;
        for binding in self.bindings() {
            let Some(all_ahead) = binding.clock.all_ahead(from, until) else { continue };
            if !binding.is_in_force_throughout(from, until) {
                continue;
            }
            let hours = binding.clause.row.hours.quarters();
            open = open.and(all_ahead.fold(Quarters::NONE, |own, ahead| own.or(hours.behind(ahead))));
            if open == Quarters::NONE {
                return true;
            }
        }
        false
    }

    /// Every row, on every clock once.
    fn bindings(&self) -> impl Iterator<Item = Binding<'a>> {
        let own = self.clock;
        self.clauses.iter().flat_map(move |clause| {
            let held = tables().filter(|_| own.is_none()).map_or(&[][..], |tables| &tables.zones);
            let held = held.iter().filter(|zone| zone.places.meets(clause.places));
            let held = held.map(|zone| (Clock::Held(zone), clause.places.and(zone.places)));
            let own = own.map(|clock| (clock, clause.places));
            own.into_iter().chain(held).map(|(clock, places)| Binding { clause: *clause, places, clock })
        })
    }

    /// Every row in every place by itself, those of one profile by their places.
    fn apart(&self) -> Vec<Binding<'a>> {
        let mut apart = Vec::new();
        for clauses in self.clauses.chunk_by(|one, other| one.profile == other.profile) {
            let all = clauses.iter().fold(Places::default(), |all, clause| all.or(clause.places));
            for territory in all.territories() {
                let places = Places::only(territory);
                for clause in clauses.iter().filter(|clause| clause.places.meets(places)) {
                    let bind = |clock| Binding { clause: *clause, places, clock };
                    match self.clock {
                        Some(clock) => apart.push(bind(clock)),
                        None => {
                            for zone in territory.zones() {
                                apart.push(bind(Clock::of(zone)));
                            }
                        }
                    }
                }
            }
        }
        apart
    }

    /// The first instant after `at` at which it may no longer be said, where it may be said at `at`; not before 400 days where it
    /// is `None`. The margin of a profile counts for what begins, and not for what arrives.
    #[must_use]
    pub fn closes_at(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = at.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC).timestamp_millis();
        let closes_at =
            self.bindings().filter_map(|binding| binding.closes_at(at.timestamp_millis(), end)).min();
        closes_at.and_then(DateTime::from_timestamp_millis)
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
    /// Why nothing may be said at an instant in some of its places; nothing where it may in all. What would close within the
    /// margin is closed.
    fn closed(&self, at: i64) -> Option<Closed> {
        let local = self.clock.local(at);
        // A row of tomorrow says nothing today, whatever the margin.
        if !self.is_in_force(local.div_euclid(DAY)) {
            return None;
        }
        let (shut, free) = self.shut(if is_on(Bug::LegalHoursInUtc) { at } else { local });
        // Where it is closed now, nobody asks for later.
        let waiting = if shut { Places::default() } else { self.places.without(free) };
        let mut closed = Closed { hours: shut, holiday: !free.is_empty() };
        if !waiting.is_empty() {
            let (shut, free) = self.shut(self.shows(at.saturating_add(self.clause.lead)));
            closed.hours |= shut;
            closed.holiday |= free.meets(waiting);
        }
        (closed.hours || closed.holiday).then_some(closed)
    }

    fn is_in_force(&self, today: i64) -> bool {
        let (from, until) = self.clause.force;
        let from = from.filter(|_| !is_on(Bug::RowBeforeItsDate));
        from.is_none_or(|from| today >= from) && until.is_none_or(|until| today < until)
    }

    /// Whether it holds on every local day that these instants touch on any clock.
    fn is_in_force_throughout(&self, from: i64, until: i64) -> bool {
        let (since, end) = self.clause.force;
        since.is_none_or(|since| from.div_euclid(DAY) > since)
            && end.is_none_or(|end| until.div_euclid(DAY) + 1 < end)
    }

    /// What the clocks show.
    fn shows(&self, at: i64) -> i64 {
        if is_on(Bug::LegalHoursInUtc) { at } else { self.clock.local(at) }
    }

    /// Whether its hours are over by what clocks show, and where it is a public holiday that it keeps.
    fn shut(&self, local: i64) -> (bool, Places) {
        let row = self.clause.row;
        let day = local.div_euclid(DAY);
        let free = tables().filter(|_| !row.holidays);
        let free = free.map_or(Places::default(), |tables| tables.free_days.among(self.places, day));
        (!row.hours.is_open_at(local), free)
    }

    fn next_open(&self, at: i64, end: i64, opening: &mut Opening) -> Option<i64> {
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

    fn closes_at(&self, at: i64, end: i64) -> Option<i64> {
        let mut here = self.boundary(at)?;
        while here <= end {
            let local = self.clock.local(here);
            if self.is_in_force(local.div_euclid(DAY)) {
                let (shut, free) = self.shut(local);
                if shut || !free.is_empty() {
                    return Some(here);
                }
            }
            here = self.boundary(here)?;
        }
        None
    }

    /// The next instant at which the row can open or close: a midnight, an hour of its own, or a jump of the clocks.
    fn boundary(&self, at: i64) -> Option<i64> {
        let local = self.clock.local(at);
        let ahead = local - at;
        let midnight = local.div_euclid(DAY).checked_add(1)?.checked_mul(DAY)?;
        let (_, turn) = self.clause.row.hours.turn(local);
        let instant = turn.unwrap_or(midnight).min(midnight).checked_sub(ahead)?;
        Some(self.clock.next_jump(at).map_or(instant, |jump| jump.min(instant)))
    }
}
