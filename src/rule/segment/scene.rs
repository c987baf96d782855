//! One contact and its time, for tests.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Attributes, Contact, Fact, Value};
use crate::rule::{Facts, Performed, Rating, Standing};
use crate::time::Zone;

pub(super) const DAY: i64 = 86_400_000;

/// One contact, and everything that segments may see of it.
pub(super) struct Scene {
    pub(super) segments: Segments,
    pub(super) state: SegmentState,
    pub(super) touched: Touched,
    pub(super) contact: Contact,
    pub(super) rating: Rating,
    pub(super) standing: Standing,
    pub(super) zone: Zone,
    pub(super) moves: Vec<(i64, String, bool)>,
}

pub(super) fn compiled(definitions: &[(&str, &str)]) -> Segments {
    let read = |(name, question): &(&str, &str)| {
        SegmentDefinition::new(*name, serde_json::from_str(question).unwrap())
    };
    Segments::compile(definitions.iter().map(read), &BTreeMap::new()).unwrap()
}

impl Scene {
    pub(super) fn new(definitions: &[(&str, &str)]) -> Self {
        let segments = compiled(definitions);
        Self {
            state: segments.start(),
            segments,
            touched: Touched::default(),
            contact: Contact::new("lea"),
            rating: Rating::default(),
            standing: Standing::default(),
            zone: Zone::utc(),
            moves: Vec::new(),
        }
    }

    pub(super) fn with_seen<T>(&mut self, each: impl FnOnce(&mut Self, &Seen<'_>) -> T) -> T {
        let (contact, rating) = (self.contact.clone(), self.rating.clone());
        let (standing, zone, performed) = (self.standing.clone(), self.zone.clone(), Performed::default());
        let seen = Seen::new(Facts::new(&contact, &performed, &rating), &standing, &NoPassages, &zone);
        each(self, &seen)
    }

    pub(super) fn settle(&mut self, now: i64) {
        self.with_seen(|scene, seen| {
            let mut told = Vec::new();
            scene
                .segments
                .settle(&mut scene.state, &mut scene.touched, seen, now, &mut |step| told.push(step));
            for step in told {
                let name = scene.segments.at(step.place).unwrap().name.clone();
                scene.rating.apply(&Fact::Segment { segment: name.clone(), inside: step.inside });
                scene.moves.push((now, name.to_string(), step.inside));
            }
            for place in 0..scene.segments.names().count() {
                let holds = scene.segments.holds(place, &scene.state, seen, now);
                let name = &scene.segments.at(place).unwrap().name;
                assert_eq!(holds, scene.state.is_in(name), "{name} at {now}");
            }
        });
    }

    /// Lets time pass until just before an instant.
    pub(super) fn pass(&mut self, until: i64) {
        let mut checks = 0;
        while let Some(due) = self.segments.next_due(&self.state).filter(|due| *due <= until) {
            checks += 1;
            assert!(checks < 5_000, "it never ends at {due}");
            self.segments.fire(&self.state, &mut self.touched, due);
            self.settle(due);
        }
    }

    pub(super) fn hear(&mut self, name: &str, at: i64, now: i64, properties: &[(&str, Value)]) {
        self.pass(now);
        let properties: Attributes =
            properties.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        let zone = self.zone.clone();
        let heard = Heard::new(name, &properties, at, now, &zone);
        self.segments.hear(&mut self.state, &mut self.touched, &heard);
        self.settle(now);
    }

    pub(super) fn moved(&self) -> Vec<(i64, &str, bool)> {
        self.moves.iter().map(|(at, name, inside)| (*at, name.as_str(), *inside)).collect()
    }
}
