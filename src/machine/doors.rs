//! Which journeys something that happens can open: the newest version of each, found by what opens it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::journey::{Base, Cause, Journey, NodeKind, Occurrence, Trigger};
use crate::model::{JourneyId, Name};

/// The newest version of every journey, by what opens it.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    events: BTreeMap<Name, Vec<Arc<Journey>>>,
    attributes: BTreeMap<Name, Vec<Arc<Journey>>>,
    ends: BTreeMap<JourneyId, Vec<Arc<Journey>>>,
    /// The journeys whose end an exit or a wait of any version looks out for.
    awaited_ends: BTreeSet<JourneyId>,
    facts: Vec<Arc<Journey>>,
    dates: BTreeMap<Name, Vec<(Arc<Journey>, u16)>>,
    scheduled: Vec<(Arc<Journey>, u16)>,
    /// Whether people of any version of any journey can wait for what is no event.
    watchful: bool,
}

impl Doors {
    /// From the newest version of each journey, and all versions of all.
    pub(super) fn of<'j>(
        newest: impl Iterator<Item = &'j Arc<Journey>>,
        all: impl Iterator<Item = &'j Arc<Journey>>,
    ) -> Self {
        let mut doors = Self::default();
        for journey in all {
            doors.watchful |= waits_for_more_than_events(journey);
            doors.awaited_ends.extend(awaited_ends(journey).cloned());
        }
        for journey in newest {
            for (door, entry) in (0..).zip(&journey.entries) {
                match &entry.trigger {
                    Trigger::Event { name, .. } => {
                        add(doors.events.entry(name.clone()).or_default(), journey)
                    }
                    Trigger::Attribute { name, .. } => {
                        add(doors.attributes.entry(name.clone()).or_default(), journey)
                    }
                    Trigger::Ended { journey: ended, .. } => {
                        add(doors.ends.entry(ended.clone()).or_default(), journey)
                    }
                    Trigger::Date { attribute, .. } => {
                        doors.dates.entry(attribute.clone()).or_default().push((journey.clone(), door));
                    }
                    Trigger::Schedule(_) => doors.scheduled.push((journey.clone(), door)),
                    _ => add(&mut doors.facts, journey),
                }
            }
        }
        doors
    }

    pub(super) fn opened_by(&self, occurrence: &Occurrence<'_>) -> &[Arc<Journey>] {
        let found = match occurrence {
            Occurrence::Event(event) => self.events.get(&event.name),
            Occurrence::Attribute { name, .. } => self.attributes.get(*name),
            Occurrence::Ended { journey, .. } => self.ends.get(*journey),
            Occurrence::Fact(..) => Some(&self.facts),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The doors that the date in an attribute opens.
    pub(super) fn dated(&self, attribute: &str) -> &[(Arc<Journey>, u16)] {
        self.dates.get(attribute).map_or(&[], Vec::as_slice)
    }

    /// The doors that the calendar opens.
    pub(super) fn scheduled(&self) -> &[(Arc<Journey>, u16)] {
        &self.scheduled
    }

    /// Whether another value of an attribute can mean anything to a journey.
    pub(super) fn cares_for(&self, attribute: &str) -> bool {
        self.watchful || self.attributes.contains_key(attribute) || self.dates.contains_key(attribute)
    }

    /// Whether the end of a journey opens another one, or ends one, or a wait in one.
    pub(super) fn cares_for_end(&self, journey: &JourneyId) -> bool {
        self.ends.contains_key(journey) || self.awaited_ends.contains(journey)
    }
}

fn add(journeys: &mut Vec<Arc<Journey>>, journey: &Arc<Journey>) {
    if !journeys.iter().any(|other| other.id == journey.id) {
        journeys.push(journey.clone());
    }
}

/// Whether anything in a journey can wait for what is no event: then its people are looked at on every change.
fn waits_for_more_than_events(journey: &Journey) -> bool {
    let exits = journey.exits.iter().any(|exit| !matches!(exit.trigger, Trigger::Event { .. }));
    exits
        || journey.nodes.iter().any(|node| match &node.kind {
            NodeKind::WaitFor(wait) => wait
                .alternatives
                .iter()
                .any(|other| !matches!(other.cause, Cause::Trigger(Trigger::Event { .. }))),
            NodeKind::WaitUntil(until) => matches!(until.base, Base::Date { .. }),
            _ => false,
        })
}

/// The journeys whose end something in this one looks out for.
fn awaited_ends(journey: &Journey) -> impl Iterator<Item = &JourneyId> {
    let waits = journey.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::WaitFor(wait) => Some(&wait.alternatives),
        _ => None,
    });
    let awaited = waits.flatten().filter_map(|alternative| match &alternative.cause {
        Cause::Trigger(trigger) => Some(trigger),
        Cause::Becomes(_) => None,
    });
    let triggers = journey.exits.iter().map(|exit| &exit.trigger).chain(awaited);
    triggers.filter_map(|trigger| match trigger {
        Trigger::Ended { journey, .. } => Some(journey),
        _ => None,
    })
}
