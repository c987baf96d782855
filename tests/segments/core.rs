//! The crate's own answer, from the part of it that keeps what segments ask, driven by hand.

use std::collections::{BTreeMap, BTreeSet};

use journeyman::machine::{ContactState, Envelope, Program};
use journeyman::model::{Attributes, InputId, Value};
use journeyman::rule::segment::{Heard, Passages, Seen, SegmentState, Segments, Touched};
use journeyman::time::Zone;

use super::language::{Holds, Question, Segment};
use super::play::Subject;
use super::random::Random;
use super::universe::{LEA, SALTS, Told, Universe};
use super::words::{compiled, input, instant, value};

pub(crate) struct Core {
    segments: Segments,
    names: Vec<&'static str>,
    /// Where the crate keeps each.
    places: Vec<usize>,
    state: SegmentState,
    touched: Touched,
    /// Knows the contact, and nothing of segments.
    program: Program,
    contact: ContactState,
    manual: BTreeSet<&'static str>,
    journeys: Runs,
    last_resort: Zone,
    seq: u64,
    moves: Vec<(i64, usize, bool)>,
    random: Random,
    begun: bool,
}

#[derive(Default)]
struct Runs {
    active: BTreeMap<String, i64>,
    entered: BTreeSet<String>,
}

impl Passages for Runs {
    fn active_since(&self, journey: &str) -> Option<i64> {
        self.active.get(journey).copied()
    }

    fn was_entered(&self, journey: &str) -> bool {
        self.entered.contains(journey)
    }
}

impl Core {
    pub(crate) fn new(universe: &Universe) -> Self {
        let segments = compiled(&universe.segments);
        let names = universe.names();
        let places = names.iter().map(|name| segments.place(name).unwrap()).collect();
        let manual = universe.segments.iter().filter(|segment| segment.holds == Holds::Manual);
        Self {
            manual: manual.map(|segment| segment.name).collect(),
            names,
            places,
            state: segments.start(),
            segments,
            touched: Touched::default(),
            program: Program::of([]),
            contact: ContactState::new(LEA.into()),
            journeys: Runs::default(),
            last_resort: Zone::named(universe.zone).unwrap(),
            seq: 0,
            moves: Vec::new(),
            random: Random::new(universe.seed ^ 77),
            begun: false,
        }
    }

    fn zone(&self) -> Zone {
        self.contact.cold.zone().unwrap_or_else(|| self.last_resort.clone())
    }

    fn settle(&mut self, at: i64) {
        let (zone, mut moved) = (self.zone(), Vec::new());
        let seen = Seen::new(self.contact.facts(), &self.contact.cold.standing, &self.journeys, &zone);
        let segments = &self.segments;
        segments.settle(&mut self.state, &mut self.touched, &seen, at, &mut |one| moved.push(one));
        for one in moved {
            let place = self.places.iter().position(|place| *place == one.place).unwrap();
            self.moves.push((at, place, one.inside));
        }
    }

    fn hears(&mut self, name: &str, properties: &Attributes, happened: i64, at: i64) {
        let zone = self.zone();
        let heard = Heard::new(name, properties, happened, at, &zone);
        self.segments.hear(&mut self.state, &mut self.touched, &heard);
    }

    fn takes_in(&mut self, at: i64, told: &Told) {
        let (segments, touched) = (&self.segments, &mut self.touched);
        match told {
            Told::Update { zone, set, unset, tag, untag, address } => {
                set.iter().for_each(|(name, _)| segments.touch_attribute(touched, name));
                unset.iter().for_each(|name| segments.touch_attribute(touched, name));
                tag.iter().chain(untag).for_each(|tag| segments.touch_tag(touched, tag));
                if zone.is_some() {
                    segments.touch_zone(touched);
                }
                if address.is_some() {
                    segments.touch_consents(touched);
                }
            }
            Told::Score(score, _) => segments.touch_score(touched, score),
            Told::Tier(score, _) => segments.touch_tier(touched, score),
            Told::Manual(segment, _) => {
                segments.touch_segment(touched, segment);
                if !self.manual.contains(segment) {
                    return;
                }
            }
            Told::Grant(purpose, ..) => segments.touch_consent(touched, purpose),
            Told::Withdraw(Some(purpose), _) => segments.touch_consent(touched, purpose),
            Told::Withdraw(None, _) => segments.touch_consents(touched),
            Told::Event { name, properties, at: then, .. } => {
                let happened = then.unwrap_or(at).min(at);
                let properties = properties.iter().map(|(name, thing)| ((*name).into(), value(thing)));
                return self.hears(name, &properties.collect(), happened, at);
            }
            Told::Begin(journey) => {
                if self.journeys.active.contains_key(*journey) {
                    return;
                }
                self.journeys.active.insert((*journey).to_owned(), at);
                self.journeys.entered.insert((*journey).to_owned());
                segments.touch_journey(touched, journey);
                let properties = Attributes::from([("journey".into(), Value::from(*journey))]);
                return self.hears("journey.entered", &properties, at, at);
            }
            Told::End(journey, completed) => {
                if self.journeys.active.remove(*journey).is_none() {
                    return;
                }
                segments.touch_journey(touched, journey);
                let reason = if *completed { "goal" } else { "exit" };
                let properties = Attributes::from([
                    ("journey".into(), Value::from(*journey)),
                    ("reason".into(), Value::from(reason)),
                    ("completed".into(), Value::from(*completed)),
                ]);
                return self.hears("journey.left", &properties, at, at);
            }
            Told::Sent { at: sent, by: [channel, template, journey], .. } => {
                let properties = Attributes::from([
                    ("channel".into(), Value::from(*channel)),
                    ("template".into(), Value::from(*template)),
                    ("journey".into(), Value::from(*journey)),
                ]);
                return self.hears("message.sent", &properties, at.min(*sent), at);
            }
            Told::Again(_) | Told::Retract(_) | Told::Publish(..) | Told::Erase => return,
        }
        let Some((_, kind)) = input(told) else { return };
        self.seq += 1;
        let id = InputId::from_place(&LEA.into(), self.seq);
        let envelope = Envelope::new(self.seq, id, instant(at), kind);
        self.contact = self.program.transition(self.contact.clone(), &[envelope], instant(at)).state;
    }
}

impl Subject for Core {
    fn passes(&mut self, at: i64) {
        while let Some(due) = self.segments.next_due(&self.state).filter(|due| *due <= at) {
            self.segments.fire(&self.state, &mut self.touched, due);
            self.settle(due);
        }
    }

    fn told(&mut self, at: i64, told: &Told) {
        if matches!(told, Told::Erase) {
            (self.state, self.touched) = (self.segments.start(), Touched::default());
            (self.contact, self.journeys) = (ContactState::new(LEA.into()), Runs::default());
            (self.seq, self.begun) = (0, false);
            return;
        }
        if !self.begun {
            self.begun = true;
            self.segments.touch_all(&mut self.touched);
        }
        if matches!(told, Told::Begin(_) | Told::End(..)) {
            self.settle(at);
        }
        if !matches!(told, Told::Event { at: Some(then), .. } if *then > at) {
            self.takes_in(at, told);
        }
        self.settle(at);
    }

    fn comes(&mut self, at: i64, told: &Told) {
        self.passes(at - 1);
        self.takes_in(at, told);
        self.settle(at);
    }

    fn is_in(&mut self, place: usize) -> bool {
        self.state.is_in(self.names[place])
    }

    fn moves(&mut self) -> Vec<(i64, usize, bool)> {
        std::mem::take(&mut self.moves)
    }

    fn check(&mut self, at: i64) -> Result<(), String> {
        if !self.begun || !self.random.in_hundred(10) {
            return Ok(());
        }
        // From the streams alone the answer is the same.
        let zone = self.zone();
        let seen = Seen::new(self.contact.facts(), &self.contact.cold.standing, &self.journeys, &zone);
        for (place, name) in self.places.iter().zip(&self.names) {
            let (holds, is_in) =
                (self.segments.holds(*place, &self.state, &seen, at), self.state.is_in(name));
            if holds != is_in {
                return Err(format!("of {name:?} the streams say {holds} and the membership {is_in}"));
            }
            let explained = self.segments.explain(*place, &self.state, &seen, at);
            if explained.inside != is_in || explained.next.is_some_and(|next| next <= at) {
                return Err(format!("{name:?} is explained otherwise: {explained}"));
            }
        }
        // Whatever is asked again changes nothing, and is due when it was.
        let before = self.state.clone();
        let segments = &self.segments;
        segments.touch_all(&mut self.touched);
        let mut moved = 0;
        segments.settle(&mut self.state, &mut self.touched, &seen, at, &mut |_| moved += 1);
        if moved > 0 || self.state.members != before.members {
            return Err(format!("settled twice, {moved} moved"));
        }
        let text = serde_json::to_string(&self.state).unwrap();
        let read: SegmentState = serde_json::from_str(&text).unwrap();
        if read != self.state {
            return Err(format!("read back differs: {text}"));
        }
        self.state = read;
        Ok(())
    }
}

/// The lot of the contact in each split: it is in one of a hundred parts, and in no other.
pub(crate) fn lots() -> BTreeMap<&'static str, i64> {
    let lot = |salt: &'static str| {
        let parts = (0..100).map(|from| {
            let question = Question::Bucket { salt, from, to: from + 1 };
            let name: &'static str = String::leak(format!("part{from:03}"));
            Segment { name, version: 1, holds: Holds::Where(question) }
        });
        let parts: Vec<Segment> = parts.collect();
        let segments = compiled(&parts);
        let contact = ContactState::new(LEA.into());
        let (zone, runs) = (Zone::utc(), Runs::default());
        let seen = Seen::new(contact.facts(), &contact.cold.standing, &runs, &zone);
        let state = segments.start();
        let is_in = |part: &i64| {
            let place = segments.place(parts[*part as usize].name).unwrap();
            segments.holds(place, &state, &seen, 0)
        };
        let found: Vec<i64> = (0..100).filter(is_in).collect();
        assert_eq!(found.len(), 1, "of {salt:?} the contact is in the parts {found:?}");
        found[0]
    };
    SALTS.iter().map(|salt| (*salt, lot(salt))).collect()
}
