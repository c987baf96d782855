//! The events of somebody, heard in the order in which they came and backwards, come to the same.

use std::collections::BTreeSet;

use super::judge::SETS;
use super::rules::{Asks, rules};
use crate::machine::{ContactState, Envelope, InputKind};
use crate::model::Event;
use crate::rule::segment::{Heard, Seen, SegmentState, Segments, Touched};
use crate::sim::fixture::Place;
use crate::time::Zone;

/// An event of the log.
struct Told<'m> {
    event: &'m Event,
    happened: i64,
    /// When it is heard: one from the future waits for its instant.
    heard: i64,
}

/// What came of hearing a person's events both ways.
#[derive(Default)]
pub(super) struct Compared {
    /// As of how many arrivals somebody was in a segment.
    pub(super) inside: usize,
    pub(super) broken: Option<String>,
}

fn told(mail: &[Envelope]) -> Vec<Told<'_>> {
    let mut told = Vec::new();
    for envelope in mail {
        let events = match &envelope.kind {
            InputKind::Event(event) => std::slice::from_ref(event),
            InputKind::Import { row, .. } => &row.events[..],
            _ => &[],
        };
        let received = envelope.received_at.timestamp_millis();
        told.extend(events.iter().map(|event| {
            let happened = event.at.map_or(received, |own| own.timestamp_millis());
            Told { event, happened, heard: received.max(happened) }
        }));
    }
    told
}

/// Somebody of whom nothing else is known hears these events, all at one instant.
fn hear<'m>(
    set: &Segments,
    told: impl Iterator<Item = &'m Told<'m>>,
    seen: &Seen<'_>,
    zone: &Zone,
    now: i64,
) -> SegmentState {
    let (mut state, mut touched) = (set.start(), Touched::default());
    for Told { event, happened, .. } in told {
        let heard = Heard::new(&event.name, &event.properties, *happened, now, zone);
        set.hear(&mut state, &mut touched, &heard);
    }
    set.settle(&mut state, &mut touched, seen, now, &mut |_| {});
    state
}

/// Hears the events of a log both ways, as of each arrival: at rest, nearly every window is over.
pub(super) fn compare(
    place: &'static Place,
    state: &ContactState,
    mail: &[Envelope],
    newest: u32,
) -> Compared {
    let mut compared = Compared::default();
    let zone = state.cold.zone().or_else(|| Zone::named(place.zone).ok());
    let (Some(set), Some(zone)) = (SETS.get(newest as usize), zone) else { return compared };
    let seen = Seen::new(state.facts(), &state.cold.standing, &state.hot, &zone);
    // `steady` and `overdue` ask for attributes, which no event moves; since when one has held hangs on when it was told.
    let by_events =
        rules(newest).iter().filter(|rule| !matches!(rule.asks, Asks::Held { .. } | Asks::Over { .. }));
    let names: Vec<&str> = by_events.map(|rule| rule.name).collect();
    let told = told(mail);
    for now in told.iter().map(|one| one.heard).collect::<BTreeSet<i64>>() {
        let known = || told.iter().filter(|one| one.heard <= now);
        if known().nth(1).is_none() {
            continue;
        }
        let forwards = hear(set, known(), &seen, &zone, now);
        let backwards = hear(set, known().rev(), &seen, &zone, now);
        let members = |state: &SegmentState| names.iter().copied().filter(|name| state.is_in(name)).collect();
        let (one, other): (Vec<&str>, Vec<&str>) = (members(&forwards), members(&backwards));
        let (due, later) = (set.next_due(&forwards), set.next_due(&backwards));
        if one != other || due != later {
            let found = format!(
                "it is in {one:?} until {due:?} at {now}, and backwards in {other:?} until {later:?}"
            );
            compared.broken = Some(found);
            return compared;
        }
        compared.inside += usize::from(!one.is_empty());
    }
    compared
}
