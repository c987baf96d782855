//! What clocks show in a zone, as plain numbers: those of the tables are worked out once.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use super::places::Places;
use super::tables::tables;
use crate::model::Name;
use crate::time::{Stretch, Zone};

/// The years for which the tables hold clocks and holidays, the last one not among them; others are worked out when asked.
pub(super) const YEARS: (i32, i32) = (2020, 2041);

/// A zone of the tables.
#[derive(Debug)]
pub(super) struct HeldZone {
    pub(super) name: Name,
    pub(super) zone: Zone,
    /// The territories whose clocks it is.
    pub(super) places: Places,
    /// How clocks stand in the years that are held, without a gap.
    stretches: Vec<Stretch>,
    /// Which of them was asked for last: most questions are of now.
    last: AtomicUsize,
}

impl HeldZone {
    pub(super) fn new(
        name: Name,
        zone: Zone,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        places: Places,
    ) -> Self {
        let mut stretches = Vec::new();
        let mut here = Some(from);
        while let Some(stretch) = here.filter(|here| *here < until).and_then(|here| zone.stretch(here)) {
            here = DateTime::from_timestamp_millis(stretch.until);
            stretches.push(stretch);
        }
        Self { name, zone, places, stretches, last: AtomicUsize::new(0) }
    }

    /// How clocks stand at an instant in milliseconds, where that is held.
    fn stretch(&self, at: i64) -> Option<&Stretch> {
        let holds = |stretch: &&Stretch| stretch.from <= at && at < stretch.until;
        let last = self.stretches.get(self.last.load(Ordering::Relaxed));
        last.filter(holds).or_else(|| {
            let place = self.stretches.partition_point(|stretch| stretch.until <= at);
            self.last.store(place, Ordering::Relaxed);
            self.stretches.get(place).filter(holds)
        })
    }
}

/// Clocks that may be a reader's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock<'a> {
    /// Those of a territory.
    Held(&'static HeldZone),
    /// Those of a contact that is elsewhere.
    Other(&'a Zone),
}

impl<'a> Clock<'a> {
    pub(super) fn of(zone: &'a Zone) -> Self {
        let held = zone.name().and_then(|name| tables()?.zone(name));
        held.map_or(Self::Other(zone), Self::Held)
    }

    fn zone(&self) -> &Zone {
        match self {
            Clock::Held(held) => &held.zone,
            Clock::Other(zone) => zone,
        }
    }

    fn held(&self, at: i64) -> Option<&'static Stretch> {
        match self {
            Clock::Held(held) => held.stretch(at),
            Clock::Other(_) => None,
        }
    }

    /// What they show at an instant: both in milliseconds.
    pub(super) fn local(&self, at: i64) -> i64 {
        let ahead = match self.held(at) {
            Some(stretch) => stretch.ahead,
            None => DateTime::from_timestamp_millis(at).map_or(0, |at| self.zone().ahead(at)),
        };
        at.saturating_add(ahead)
    }

    /// How far they are ahead of UTC at any instant from one to another, where that is held.
    pub(super) fn all_ahead(&self, from: i64, until: i64) -> Option<impl Iterator<Item = i64>> {
        let Clock::Held(held) = self else { return None };
        let first = held.stretches.partition_point(|stretch| stretch.until <= from);
        let stretches = held.stretches.get(first..)?;
        let is_held = stretches.first()?.from <= from && stretches.last()?.until > until;
        let within = stretches.iter().take_while(move |stretch| stretch.from <= until);
        is_held.then(|| within.map(|stretch| stretch.ahead))
    }

    /// When they jump next.
    pub(super) fn next_jump(&self, at: i64) -> Option<i64> {
        match self.held(at) {
            // The stretch goes on for ever where it has no end that a calendar reaches.
            Some(stretch) => {
                DateTime::from_timestamp_millis(stretch.until).map(|until| until.timestamp_millis())
            }
            None => self
                .zone()
                .next_transition(DateTime::from_timestamp_millis(at)?)
                .map(|at| at.timestamp_millis()),
        }
    }
}
