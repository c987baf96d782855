//! The people of a scenario: one by one, or many from one entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::MOST_CONTACTS;
use super::answer::{self, Turns};
use super::place::{Place, Problems};
use crate::engine::Limits;
use crate::model::{Address, Attributes, Contact, ContactId, Evidence, Name, Value};
use crate::time::Zone;

/// What an engine takes a list to be: no deeper.
const MOST_DEPTH: usize = 8;
/// What stands for the number of a contact that was made of an entry.
const NUMBER: &str = "{n}";

/// One contact, and what it allows from the beginning.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) contact: Contact,
    pub(super) allows: Arc<[Allowed]>,
}

/// Purposes on channels, and how that is known.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    pub(super) purposes: Vec<Name>,
    pub(super) channels: Vec<Name>,
    pub(super) evidence: Evidence,
}

/// What a scenario may name.
pub(super) struct Known<'k> {
    pub(super) channels: &'k [Name],
    pub(super) templates: &'k BTreeSet<Name>,
    pub(super) journeys: &'k BTreeSet<Name>,
}

/// Everybody, in the order of the file.
#[derive(Default)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    pub(super) index: BTreeMap<ContactId, u32>,
    pub(super) answers: BTreeMap<ContactId, BTreeMap<Name, Turns>>,
}

const FIELDS: [&str; 10] = [
    "id",
    "count",
    "from",
    "zone",
    "locale",
    "attributes",
    "tags",
    "addresses",
    "consents",
    "channel_answers",
];

impl People {
    pub(super) fn read(&mut self, place: &Place<'_>, known: &Known<'_>, problems: &mut Problems) {
        for entry in place.items() {
            if entry.is_map_of(&FIELDS, problems) && !self.entry(&entry, known, problems) {
                return;
            }
        }
    }

    /// One entry; false where there are too many contacts.
    fn entry(&mut self, place: &Place<'_>, known: &Known<'_>, problems: &mut Problems) -> bool {
        let id = place.need("id", problems).and_then(|place| Some((place.name(problems)?, place)));
        let mut contact = about(place, Contact::new(""), problems);
        contact.tags.extend(place.get("tags").into_iter().flat_map(|tags| tags.names(problems)));
        let mut allows = Vec::new();
        if let Some(consents) = place.get("consents") {
            for item in consents.items() {
                allows.extend(Allowed::read(&item, known, problems));
            }
        }
        let answers = place.get("channel_answers").map(|place| {
            let named = |name: &str| names(known, name);
            answer::read(&place, named, problems)
        });
        let many = place.get("count").or_else(|| place.get("from"));
        let count = place.get("count").map_or(Some(1), |place| place.count(problems));
        let from = place.get("from").map_or(Some(1), |place| place.count(problems));
        let (Some((id, at)), Some(count), Some(from)) = (id, count, from) else { return true };
        if let Some(many) = many.filter(|_| !id.contains(NUMBER)) {
            let sentence = format!("{count} contacts need ids of their own and {id} is one id");
            problems.tell("S013", many, sentence, format!("write {NUMBER} where the number stands"));
            return true;
        }
        if count > MOST_CONTACTS - self.all.len() {
            let sentence = format!("the scenario has more contacts than the limit of {MOST_CONTACTS}");
            problems.tell("S014", at, sentence, "take fewer");
            return false;
        }
        let allows: Arc<[Allowed]> = allows.into();
        for number in from..from.saturating_add(count) {
            let contact = match many {
                Some(_) => numbered(&contact, &id, number),
                None => Contact { id: ContactId::new(id.clone()), ..contact.clone() },
            };
            let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
            if self.index.insert(contact.id.clone(), next).is_some() {
                problems.tell("S012", at, format!("the contact {} is there twice", contact.id), "rename one");
                return true;
            }
            if let Some(answers) = answers.as_ref().filter(|answers| !answers.is_empty()) {
                self.answers.insert(contact.id.clone(), answers.clone());
            }
            self.all.push(Person { contact, allows: Arc::clone(&allows) });
        }
        true
    }
}

pub(super) fn names(known: &Known<'_>, name: &str) -> bool {
    known.channels.iter().any(|channel| **channel == *name) || known.templates.contains(name)
}

/// What both a contact and an update of one say.
pub(super) fn about(place: &Place<'_>, mut contact: Contact, problems: &mut Problems) -> Contact {
    contact.locale = place.get("locale").and_then(|place| place.name(problems));
    contact.zone = place.get("zone").and_then(|place| zone(&place, problems)).map(|(name, _)| name);
    if let Some(attributes) = place.get("attributes") {
        contact.attributes = attributes.typed::<Attributes>("S006", problems).unwrap_or_default();
        check_values(&attributes, &contact.attributes, problems);
    }
    if let Some(addresses) = place.get("addresses") {
        for (channel, place) in addresses.entries(problems) {
            let Some(value) = place.name(problems) else { continue };
            if value.chars().any(char::is_control) {
                problems.tell("S007", place, "the address holds a control character", "mend it");
            } else if place.check_name(channel, problems) {
                contact.addresses.insert(channel.into(), Address::new(value));
            }
        }
    }
    check_size(place, "contact", contact.size(), Limits::default().contact, problems);
    contact
}

pub(super) fn zone(place: &Place<'_>, problems: &mut Problems) -> Option<(Name, Zone)> {
    let name = place.name(problems)?;
    match Zone::named(&name) {
        Ok(zone) => Some((name, zone)),
        Err(_) => {
            let sentence = format!("the time zone {name:?} is unknown");
            problems.tell("S009", place, sentence, "use an IANA name such as Europe/Paris");
            None
        }
    }
}

pub(super) fn check_size(place: &Place<'_>, what: &str, size: usize, limit: usize, problems: &mut Problems) {
    if size > limit {
        let sentence = format!("the {what} has {size} bytes and the limit of the engine is {limit}");
        problems.tell("S023", place, sentence, "say less");
    }
}

pub(super) fn check_values(place: &Place<'_>, values: &Attributes, problems: &mut Problems) {
    fn depth(value: &Value) -> usize {
        match value {
            Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    if values.values().any(|value| depth(value) > MOST_DEPTH) {
        let sentence = format!("a list is nested deeper than {MOST_DEPTH}");
        problems.tell("S023", place, sentence, "flatten it");
    }
}

impl Allowed {
    pub(super) fn read(place: &Place<'_>, known: &Known<'_>, problems: &mut Problems) -> Option<Self> {
        if !place.is_map_of(&["purpose", "channels", "source", "wording"], problems) {
            return None;
        }
        let purposes = place.need("purpose", problems).map(|place| place.names(problems));
        let channels = place.get("channels").map(|place| channels(&place, known, problems));
        Some(Self {
            purposes: purposes?,
            channels: channels.unwrap_or_else(|| known.channels.to_vec()),
            evidence: evidence(place, problems),
        })
    }
}

/// How something is known; the scenario itself, where nothing is said.
pub(super) fn evidence(place: &Place<'_>, problems: &mut Problems) -> Evidence {
    let mut said = |name| place.get(name).and_then(|place| place.name(problems));
    let (source, wording) = (said("source"), said("wording"));
    Evidence::new(source.unwrap_or_else(|| "scenario".into()), wording.unwrap_or_else(|| "scenario".into()))
}

/// Names of channels that the scenario has.
pub(super) fn channels(place: &Place<'_>, known: &Known<'_>, problems: &mut Problems) -> Vec<Name> {
    let mut found = Vec::new();
    for item in place.items() {
        let Some(name) = item.name(problems) else { continue };
        if known.channels.contains(&name) {
            found.push(name);
        } else {
            let sentence = format!("the channel {name:?} is unknown");
            let next = format!("name one of {}, or add it to channels", known.channels.join(", "));
            problems.tell("S018", item, sentence, next);
        }
    }
    found
}

/// The contact of a number: it stands for itself in the id, in addresses and in texts.
fn numbered(contact: &Contact, id: &str, number: usize) -> Contact {
    fn value(old: &Value, number: &str) -> Value {
        match old {
            Value::Text(text) if text.contains(NUMBER) => Value::from(text.replace(NUMBER, number)),
            Value::List(items) => Value::List(items.iter().map(|item| value(item, number)).collect()),
            other => other.clone(),
        }
    }
    let number = &*number.to_string();
    let mut one = contact.clone();
    one.id = ContactId::new(id.replace(NUMBER, number));
    for attribute in one.attributes.values_mut() {
        *attribute = value(attribute, number);
    }
    for (_, address) in &mut one.addresses {
        if address.value.contains(NUMBER) {
            address.value = address.value.replace(NUMBER, number).into();
        }
    }
    one
}
