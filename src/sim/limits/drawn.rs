//! Which limits a seed has, and what of its people they ask.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plain::{Spot, Whereabouts};
use super::rules::CAPS;
use crate::model::{Consent, Contact, Evidence};
use crate::sim::fixture::{NOWHERE, PLACES, place};
use crate::sim::random::Random;
use crate::sim::scenario::Person;

/// Whose hours hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Law {
    #[default]
    None,
    /// France, and the house's own for letters.
    France,
    /// The house's own, whose clocks stand close together: who may be anywhere has hours there.
    House,
}

/// Which limits a seed has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::sim) struct Limits {
    pub(super) law: Law,
    /// Numbers into the caps.
    pub(super) caps: Vec<usize>,
    pub(super) opt_out: bool,
    pub(super) links: bool,
    pub(super) minors: bool,
    pub(super) silence: bool,
    pub(super) owed: bool,
    /// Whether the newer rules have no words of how to stop a short message, so that some are not said any more.
    pub(super) mute: bool,
    /// Whether a proof is made at the end.
    pub(super) proof: bool,
    pub(super) people: BTreeMap<String, Traits>,
}

/// What limits ask of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::sim) struct Traits {
    /// A number into the territories.
    pub(super) territory: Option<usize>,
    pub(super) age: Option<i64>,
    /// Whether a guardian said yes to everything.
    pub(super) guarded: bool,
    pub(super) prefers: Option<String>,
}

/// What attributes say of where somebody is; the last one is elsewhere.
const TERRITORIES: [&str; 4] = ["FR-75", "FR-67", "RE", "BE"];

/// Something that such a seed is told, beside the rest.
pub(in crate::sim) enum Told {
    Offered(String, i64),
    Billed(String),
    /// The template of bills declares what it is for, or no longer.
    Declared(bool),
    Age(String, i64),
}

const HOUR: i64 = 3_600_000;

impl Limits {
    /// Two seeds in five have some.
    pub(in crate::sim) fn draw(random: &mut Random, people: &[Person]) -> Option<Self> {
        if !random.chance(4_000) {
            return None;
        }
        let law = *random.pick(&[Law::None, Law::France, Law::House]);
        let caps = match random.chance(7_000) {
            true => (0..CAPS.len()).filter(|_| random.chance(4_000)).collect(),
            false => Vec::new(),
        };
        let mut half = || random.chance(5_000);
        let (opt_out, links, minors, owed, proof) = (half(), half(), half(), half(), half());
        let silence = random.chance(2_500);
        let mut limits = Self {
            law,
            caps,
            opt_out,
            links,
            minors,
            silence,
            owed,
            proof,
            mute: false,
            people: BTreeMap::new(),
        };
        for person in people {
            let traits = Traits::draw(random);
            limits.people.insert(person.id.clone(), traits);
        }
        Some(limits)
    }

    /// Lets the newer rules have no words where the law asks for them; not where versions are published under them, because none that
    /// says nothing would be.
    pub(in crate::sim) fn muted(&mut self) {
        self.mute = self.law == Law::France;
    }

    /// Whether the rules have words of how to stop a short message.
    pub(super) fn has_words(&self, amended: bool) -> bool {
        (self.opt_out || self.law == Law::France) && !(amended && self.mute)
    }

    /// From which age on nobody is a minor, where the policy asks.
    pub(in crate::sim) fn of_age(&self) -> Option<i64> {
        self.minors.then_some(super::rules::OF_AGE)
    }

    /// Somebody of whom nobody knows where it lives, where that makes a difference.
    pub(in crate::sim) fn strangers(&self) -> Vec<Person> {
        let grants = (0..2).flat_map(|purpose| (0..3).map(move |line| (purpose, line))).collect();
        let stranger = Person { id: "s0".into(), place: NOWHERE, address: "s0".into(), score: 7, grants };
        if self.law == Law::House { vec![stranger] } else { Vec::new() }
    }

    /// What is told, and when, in milliseconds from the start.
    pub(in crate::sim) fn told(&self, random: &mut Random, people: &[Person], end: i64) -> Vec<(i64, Told)> {
        let mut told = Vec::new();
        for person in people {
            // Several close together, so that they want the same places.
            for _ in 0..random.below(3) + 1 {
                let at = random.between(0, end);
                for _ in 0..random.below(3) + 1 {
                    let number = random.between(0, 4);
                    let lies = random.between(0, 3 * HOUR);
                    told.push((at + lies, Told::Offered(person.id.clone(), number)));
                }
                if self.owed {
                    told.push((random.between(0, end), Told::Billed(person.id.clone())));
                }
            }
            if self.minors && random.chance(3_000) {
                told.push((random.between(0, end), Told::Age(person.id.clone(), random.between(10, 20))));
            }
        }
        if self.owed {
            let at = random.between(0, end);
            told.push((at, Told::Declared(false)));
            told.push((at + random.between(HOUR, 48 * HOUR), Told::Declared(true)));
            // Somebody is billed while it happens.
            for person in people.iter().take(2) {
                told.push((at - random.between(0, 3_000), Told::Billed(person.id.clone())));
            }
        }
        told
    }

    /// A contact with what the limits ask of it.
    pub(in crate::sim) fn describes(&self, mut contact: Contact) -> Contact {
        let Some(traits) = self.people.get(contact.id.as_str()) else { return contact };
        if let Some(territory) = traits.territory.and_then(|number| TERRITORIES.get(number)) {
            contact = contact.attribute("territory", *territory);
        }
        if let Some(age) = traits.age {
            contact = contact.attribute("age", age);
        }
        if let Some(channel) = &traits.prefers {
            contact = contact.attribute("preferred_channel", channel.as_str());
        }
        contact
    }

    /// The yes of somebody for whom a guardian speaks.
    pub(in crate::sim) fn speaks(&self, consent: Consent) -> Consent {
        let guarded = self.people.get(consent.contact.as_str()).is_some_and(|traits| traits.guarded);
        match guarded && self.minors {
            true => Consent { evidence: Evidence::new("form", "v1").from_guardian("g-1"), ..consent },
            false => consent,
        }
    }

    /// Where somebody may be.
    pub(super) fn whereabouts(&self, person: &str, number: usize) -> Whereabouts {
        let everywhere = vec![Spot::Metropole, Spot::Alsace, Spot::Reunion];
        let own = place(number);
        let clock = (number != NOWHERE).then_some(own);
        let told = self.people.get(person).and_then(|traits| traits.territory);
        let spots = match told {
            Some(0) => vec![Spot::Metropole],
            Some(1) => vec![Spot::Alsace],
            Some(2) => vec![Spot::Reunion],
            Some(_) => Vec::new(),
            // A clock is a hint; one that stands nowhere in France is none.
            None if number == NOWHERE => everywhere,
            None if own.zone == PLACES[0].zone => vec![Spot::Metropole, Spot::Alsace],
            None if own.zone == PLACES[2].zone => vec![Spot::Reunion],
            None => everywhere,
        };
        Whereabouts { spots, clock }
    }
}

impl Traits {
    fn draw(random: &mut Random) -> Self {
        Self {
            territory: random.chance(6_000).then(|| random.below(TERRITORIES.len())),
            age: random.chance(5_000).then(|| random.between(10, 20)),
            guarded: random.chance(4_000),
            prefers: random.chance(5_000).then(|| (*random.pick(&["email", "sms", "pigeon"])).to_owned()),
        }
    }
}
