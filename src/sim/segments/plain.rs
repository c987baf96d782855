//! Who is in which segment, asked of everything that was told, one fact after the other.

use std::collections::BTreeSet;

use super::rules::{Asks, DAY, Rule};
use crate::sim::fixture::Place;

/// Something that was told, as of when it was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Event { name: String, number: Option<i64>, happened: i64 },
    Score(i64),
    Due(Option<i64>),
}

/// All that is known of a person.
pub(super) struct Plain {
    place: &'static Place,
    /// In the order in which it became known, with when that was.
    told: Vec<(i64, Fact)>,
}

impl Plain {
    pub(super) fn new(place: &'static Place) -> Self {
        Self { place, told: Vec::new() }
    }

    pub(super) fn learns(&mut self, known: i64, fact: Fact) {
        self.told.push((known, fact));
    }

    /// The events of some names that have happened by an instant, among what was known by then.
    fn events(&self, now: i64, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (i64, Option<i64>)> {
        self.told.iter().filter(move |(known, _)| *known <= now).filter_map(move |(_, fact)| match fact {
            Fact::Event { name, number, happened } if *happened <= now && wanted(name) => {
                Some((*happened, *number))
            }
            _ => None,
        })
    }

    /// Since when the score has been at least this.
    fn held_since(&self, now: i64, least: i64) -> Option<i64> {
        let mut since = None;
        for (known, fact) in self.told.iter().filter(|(known, _)| *known <= now) {
            match fact {
                Fact::Score(score) if *score >= least => since = since.or(Some(*known)),
                Fact::Score(_) => since = None,
                _ => {}
            }
        }
        since
    }

    fn due(&self, now: i64) -> Option<i64> {
        let known = self.told.iter().filter(|(known, _)| *known <= now);
        let dues = known.filter_map(|(_, fact)| if let Fact::Due(due) = fact { Some(*due) } else { None });
        dues.fold(None, |_, due| due)
    }

    /// Whether the person is in a segment of these rules at an instant.
    pub(super) fn is_in(&self, rules: &[Rule], name: &str, now: i64) -> bool {
        let Some(rule) = rules.iter().find(|rule| rule.name == name) else { return false };
        match rule.asks {
            Asks::Many { events, within, least } => {
                let alive = self.events(now, |name| events.contains(&name));
                alive.filter(|(happened, _)| now - happened < within).count() >= least
            }
            Asks::Days { prefix, days, least } => {
                let today = self.place.day(now);
                let on = self.events(now, |name| name.starts_with(prefix));
                on.filter(|(happened, _)| today - self.place.day(*happened) < days).count() >= least
            }
            Asks::Then { first, then, within, remember } => {
                let seconds: Vec<i64> = self.events(now, |name| name == then).map(|event| event.0).collect();
                self.events(now, |name| name == first).any(|(at, _)| {
                    now < at + remember && seconds.iter().any(|then| (at..at + within).contains(then))
                })
            }
            Asks::Never { first, never, within, remember } => {
                let seconds: Vec<i64> = self.events(now, |name| name == never).map(|event| event.0).collect();
                self.events(now, |name| name == first).any(|(at, _)| {
                    (at + within..at + remember).contains(&now)
                        && !seconds.iter().any(|then| (at..at + within).contains(then))
                })
            }
            Asks::Held { least, length } => {
                self.held_since(now, least).is_some_and(|since| since + length <= now)
            }
            Asks::Sum { events, within, least } => {
                let alive = self.events(now, |name| events.contains(&name));
                let alive = alive.filter(|(happened, _)| now - happened < within);
                alive.filter_map(|(_, number)| number).sum::<i64>() >= least
            }
            Asks::Over { length } => self.due(now).is_some_and(|due| due + length <= now),
            Asks::Nested { inside, outside } => {
                self.is_in(rules, inside, now) && !self.is_in(rules, outside, now)
            }
        }
    }

    /// How many things come at an instant: what is told then, what waited for it.
    pub(super) fn comes_at(&self, now: i64) -> usize {
        let comes = |(known, fact): &&(i64, Fact)| match fact {
            Fact::Event { happened, .. } => (*known).max(*happened) == now,
            _ => *known == now,
        };
        self.told.iter().filter(comes).count()
    }

    /// Every instant of a span, its ends included, at which any answer may change.
    pub(super) fn instants(&self, rules: &[Rule], from: i64, until: i64) -> BTreeSet<i64> {
        let mut instants = BTreeSet::from([until]);
        let mut may = |at: i64| {
            if (from..=until).contains(&at) {
                instants.insert(at);
            }
        };
        for (known, fact) in &self.told {
            may(*known);
            let begins = match fact {
                Fact::Event { happened, .. } => *happened,
                Fact::Due(due) => due.unwrap_or(*known),
                Fact::Score(_) => *known,
            };
            may(begins);
            for rule in rules {
                match rule.asks {
                    Asks::Many { within, .. } | Asks::Sum { within, .. } => may(begins + within),
                    Asks::Then { within, remember, .. } | Asks::Never { within, remember, .. } => {
                        may(begins + within);
                        may(begins + remember);
                    }
                    Asks::Held { length, .. } | Asks::Over { length } => may(begins + length),
                    Asks::Days { .. } | Asks::Nested { .. } => {}
                }
            }
        }
        let mut at = from;
        while at <= until {
            // Midnight comes at least every 25 hours.
            let midnight = self.place.midnight_after(at);
            may(midnight);
            at = midnight.max(at + DAY / 24);
        }
        instants
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{HOUR, rules};
    use super::*;
    use crate::sim::fixture::PLACES;

    const MARCH: i64 = 1_774_252_800_000; // 2026-03-23T08:00:00Z

    fn event(name: &str, happened: i64) -> Fact {
        Fact::Event { name: name.to_owned(), number: Some(3), happened }
    }

    #[test]
    fn windows_are_half_open_and_late_events_count_from_their_arrival() {
        let mut lea = Plain::new(&PLACES[0]);
        for at in [MARCH, MARCH, MARCH + HOUR] {
            lea.learns(at, event("clicked", at));
        }
        let is_in = |lea: &Plain, name, at| lea.is_in(rules(1), name, at);
        assert!(is_in(&lea, "lively", MARCH + HOUR) && !is_in(&lea, "lively", MARCH + HOUR - 1));
        assert!(is_in(&lea, "lively", MARCH + 36 * HOUR - 1) && !is_in(&lea, "lively", MARCH + 36 * HOUR));
        assert!(is_in(&lea, "spent", MARCH + 3 * DAY - 1));
        lea.learns(MARCH + 36 * HOUR, event("seen", MARCH + 2 * HOUR));
        assert!(!is_in(&lea, "lively", MARCH + 36 * HOUR) && !is_in(&lea, "quick", MARCH + 35 * HOUR));
        lea.learns(MARCH + 36 * HOUR, event("clicked", MARCH + 2 * HOUR));
        assert!(is_in(&lea, "lively", MARCH + 36 * HOUR) && is_in(&lea, "quick", MARCH + 36 * HOUR));
        assert!(lea.instants(rules(1), MARCH, MARCH + 4 * DAY).contains(&(MARCH + 36 * HOUR)));
    }

    #[test]
    fn a_day_is_as_long_as_it_is_there() {
        let mut lea = Plain::new(&PLACES[0]);
        let saturday = 1_774_651_000_000; // 2026-03-27T22:36:40Z, which is Friday in Paris
        for _ in 0..2 {
            lea.learns(saturday, event("seen", saturday));
        }
        // The clocks change on the 29th: the second day is over at 23:00 of the 28th in UTC.
        let over = 1_774_738_800_000;
        assert!(lea.is_in(rules(1), "daily", over - 1) && !lea.is_in(rules(1), "daily", over));
        assert!(lea.instants(rules(1), saturday, over + DAY).contains(&over));
    }
}
