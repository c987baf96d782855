//! What happens: one entry of a file, for one contact or many, once or again and again.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::MOST_INPUTS;
use super::definition::{self, Published};
use super::instant::Calendar;
use super::loader::Loader;
use super::person::{self, Allowed, Known, People};
use super::place::{Place, Problems};
use crate::engine::Limits;
use crate::model::{Attributes, Contact, ContactId, Event, Evidence, Fact, Name, keyword};
use crate::port::store::Pausable;

/// Something that is told or done at an instant.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) at: DateTime<Utc>,
    /// Its number in the file, which decides between deeds of one instant.
    pub(super) number: u32,
    /// Which repetition it is.
    pub(super) turn: u32,
    /// Whom it concerns; everybody where absent.
    pub(super) person: Option<u32>,
    pub(super) act: Arc<Act>,
}

/// What is told or done.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Event { event: Event, given: bool },
    Identify(Contact),
    Fact(Fact),
    Consent(Allowed),
    Withdraw { purposes: Vec<Name>, channels: Vec<Name>, evidence: Evidence },
    Suppress { channels: Vec<Name>, reason: Name },
    Erase,
    Pause(Pausable),
    Resume(Pausable),
    Publish(Vec<Published>),
}

const ACTS: [&str; 10] =
    ["event", "identify", "fact", "consent", "withdraw", "suppress", "erase", "pause", "resume", "publish"];
const FIELDS: [&str; 19] = [
    "fact",
    "at",
    "contact",
    "contacts",
    "every",
    "times",
    "apart",
    "properties",
    "id",
    "happened",
    "event",
    "identify",
    "consent",
    "withdraw",
    "suppress",
    "erase",
    "pause",
    "resume",
    "publish",
];

/// Contacts that are compared with patterns, over all inputs: a hundred patterns for the most contacts.
const MOST_LOOKED: usize = 10_000_000;

/// What deeds are read with.
pub(super) struct Reading<'r> {
    pub(super) calendar: &'r Calendar,
    pub(super) end: Option<DateTime<Utc>>,
    pub(super) known: Known<'r>,
    pub(super) people: &'r People,
    pub(super) deeds: Vec<Deed>,
    /// How many contacts were looked at to find those that patterns name.
    pub(super) looked: usize,
    /// False where the start is not known, so that nothing can be said of instants.
    pub(super) timed: bool,
}

impl Reading<'_> {
    /// Reads every entry, and puts what happens in order.
    pub(super) fn all(&mut self, place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) {
        for (number, entry) in (0..).zip(place.items()) {
            if entry.is_map_of(&FIELDS, problems) && !self.entry(number, &entry, loader, problems) {
                return;
            }
        }
        self.deeds.sort_by_key(|deed| (deed.at, deed.number, deed.turn));
    }

    /// One entry; false where there are too many deeds.
    fn entry(&mut self, number: u32, place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> bool {
        let before = problems.0.len();
        let at = place.need("at", problems).and_then(|at| self.at(&at, problems));
        let act = self.act(place, loader, problems);
        let Some(act) = act else { return true };
        let general = matches!(act, Act::Pause(_) | Act::Resume(_) | Act::Publish(_));
        let people = if general { self.nobody(place, problems) } else { self.people(place, problems) };
        if self.looked > MOST_LOOKED {
            problems.tell("S015", *place, "the scenario has too many patterns for its contacts", "use fewer");
            return false;
        }
        let every = place.get("every").and_then(|place| place.span(problems));
        let times = place.get("times").and_then(|place| place.count(problems));
        let apart = place.get("apart").and_then(|place| place.span(problems));
        if let Some(times) = place.get("times").filter(|_| place.get("every").is_none()) {
            problems.tell("S021", times, "times says how often and every is missing", "add every");
        }
        let Some(at) = at.filter(|_| self.timed && problems.0.len() == before) else { return true };
        let turns = match (every, times, self.end) {
            (None, ..) => 1,
            (Some(_), Some(times), _) => times,
            (Some(every), None, Some(end)) => {
                let within = |turn: &usize| self.calendar.nth(at, every, *turn) <= end;
                (0..=MOST_INPUTS).take_while(within).count()
            }
            (Some(_), None, None) => {
                let next = "add times, or give the scenario an end that is an instant";
                problems.tell("S021", place, "nothing says when the repetition ends", next);
                return true;
            }
        };
        if turns.saturating_mul(people.len()) > MOST_INPUTS - self.deeds.len() {
            let sentence = format!("the scenario has more inputs than the limit of {MOST_INPUTS}");
            problems.tell("S015", place, sentence, "repeat less often, or for fewer contacts");
            return false;
        }
        let act = Arc::new(act);
        let first = self.deeds.len();
        for turn in 0..turns {
            let from = every.map_or(at, |every| self.calendar.nth(at, every, turn));
            for (nth, person) in people.iter().enumerate() {
                let at = apart.map_or(from, |apart| self.calendar.nth(from, apart, nth));
                let turn = u32::try_from(turn).unwrap_or(u32::MAX);
                self.deeds.push(Deed { at, number, turn, person: *person, act: Arc::clone(&act) });
            }
        }
        let late = self.deeds.iter().skip(first).filter(|deed| self.end.is_some_and(|end| deed.at > end));
        let late = late.count();
        if late > 0 {
            let sentence = format!("{late} of its inputs lie after the end of the scenario");
            problems.tell("S011", place, sentence, "move the end, or the inputs");
        }
        true
    }

    fn at(&self, place: &Place<'_>, problems: &mut Problems) -> Option<DateTime<Utc>> {
        let at = self.calendar.read(place, problems)?;
        if self.timed && at < self.calendar.start {
            problems.tell("S011", place, "it lies before the start of the scenario", "move one of them");
            return None;
        }
        Some(at)
    }

    /// What concerns the engine and no contact.
    fn nobody(&self, place: &Place<'_>, problems: &mut Problems) -> Vec<Option<u32>> {
        for field in ["contact", "contacts", "apart"] {
            if let Some(place) = place.get(field) {
                let sentence = "this concerns everybody and names somebody";
                problems.tell("S017", place, sentence, format!("take {field} away"));
            }
        }
        vec![None]
    }

    /// The contacts that an entry names: ids, patterns, or all of them.
    fn people(&mut self, place: &Place<'_>, problems: &mut Problems) -> Vec<Option<u32>> {
        let named = match (place.get("contact"), place.get("contacts")) {
            (Some(one), None) => one,
            (None, Some(several)) => several,
            (None, None) => {
                problems.tell("S017", place, "nothing says whom it happens to", "add contact or contacts");
                return Vec::new();
            }
            (Some(_), Some(several)) => {
                problems.tell("S017", several, "contact is there too", "take one of them away");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for item in named.items() {
            let Some(name) = item.text(problems) else { continue };
            let before = found.len();
            if name.contains('*') {
                self.looked = self.looked.saturating_add(self.people.all.len());
            }
            if name == "all" && !self.people.index.contains_key(name) {
                found.extend((0u32..).zip(&self.people.all).map(|(index, _)| index));
            } else if name.contains('*') {
                let matching = (0u32..).zip(&self.people.all);
                let matching = matching.filter(|(_, person)| matches(name, person.contact.id.as_str()));
                found.extend(matching.map(|(index, _)| index));
            } else {
                found.extend(self.people.index.get(name));
            }
            if found.len() == before {
                let sentence = format!("there is no contact {name:?}");
                problems.tell("S017", item, sentence, "mend the id, or add the contact to contacts");
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(Some).collect()
    }

    /// The one thing that an entry does.
    fn act(&self, place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> Option<Act> {
        let mut acts = ACTS.iter().filter_map(|name| place.node.field(name).map(|_| *name));
        let (Some(name), None) = (acts.next(), acts.next()) else {
            let next = format!("use exactly one of {}", ACTS.join(", "));
            problems.tell("S016", place, "it does nothing, or several things at once", next);
            return None;
        };
        for field in ["properties", "id", "happened"] {
            if let Some(place) = place.get(field).filter(|_| name != "event") {
                problems.tell("S004", place, format!("{field} belongs to an event"), "take it away");
            }
        }
        let Some(what) = place.get(name) else {
            problems.tell("S006", place, format!("{name} says nothing"), "fill it");
            return None;
        };
        match name {
            "event" => self.event(place, &what, problems),
            "fact" => fact(&what, problems).map(Act::Fact),
            "identify" => identify(&what, problems).map(Act::Identify),
            "consent" => Allowed::read(&what, &self.known, problems).map(Act::Consent),
            "withdraw" => self.withdraw(&what, problems),
            "suppress" => self.suppress(&what, problems),
            "erase" => match what.node.text() {
                Some("true") => Some(Act::Erase),
                _ => {
                    problems.tell("S006", what, "erase can only be true", "write erase: true");
                    None
                }
            },
            "pause" => pausable(&what, &self.known, problems).map(Act::Pause),
            "resume" => pausable(&what, &self.known, problems).map(Act::Resume),
            _ => Some(Act::Publish(definition::read(&what, loader, problems))),
        }
    }

    fn event(&self, place: &Place<'_>, name: &Place<'_>, problems: &mut Problems) -> Option<Act> {
        let mut event = Event::new(ContactId::from(""), name.name(problems)?);
        event.id = place.get("id").and_then(|place| place.name(problems));
        event.at = place.get("happened").and_then(|place| self.calendar.read(&place, problems));
        if let Some(properties) = place.get("properties") {
            event.properties = properties.typed::<Attributes>("S006", problems).unwrap_or_default();
            person::check_values(&properties, &event.properties, problems);
        }
        person::check_size(place, "event", event.size(), Limits::default().event, problems);
        let given = event.id.is_some();
        Some(Act::Event { event, given })
    }

    fn withdraw(&self, place: &Place<'_>, problems: &mut Problems) -> Option<Act> {
        if !place.is_map_of(&["purpose", "channels", "source", "wording"], problems) {
            return None;
        }
        let purposes = place.get("purpose").map_or_else(Vec::new, |place| place.names(problems));
        let channels = place.get("channels");
        let channels =
            channels.map_or_else(Vec::new, |place| person::channels(&place, &self.known, problems));
        Some(Act::Withdraw { purposes, channels, evidence: person::evidence(place, problems) })
    }

    fn suppress(&self, place: &Place<'_>, problems: &mut Problems) -> Option<Act> {
        if !place.is_map_of(&["channels", "reason"], problems) {
            return None;
        }
        let channels = place.need("channels", problems)?;
        let channels = person::channels(&channels, &self.known, problems);
        let reason = place.get("reason").and_then(|place| place.name(problems));
        Some(Act::Suppress { channels, reason: reason.unwrap_or_else(|| "scenario".into()) })
    }
}

/// A fact, by the name of what it is about: `{ tier: spark, from: a, to: b, moves: up }`, `{ segment: dormant, moves: in }`,
/// `{ score: spark, value: 75 }`, `{ keyword: OUI, channel: sms }`, `{ host: invite, properties: { … } }`.
fn fact(place: &Place<'_>, problems: &mut Problems) -> Option<Fact> {
    const FIELDS: [&str; 11] = [
        "tier",
        "from",
        "to",
        "segment",
        "moves",
        "score",
        "value",
        "keyword",
        "channel",
        "host",
        "properties",
    ];
    if !place.is_map_of(&FIELDS, problems) {
        return None;
    }
    let kinds: [(&str, &[&str]); 5] = [
        ("tier", &["from", "to", "moves"]),
        ("segment", &["moves"]),
        ("score", &["value"]),
        ("keyword", &["channel"]),
        ("host", &["properties"]),
    ];
    let mut given = kinds.iter().filter(|(kind, _)| place.get(kind).is_some());
    let (Some((kind, fields)), None) = (given.next(), given.next()) else {
        let next = "use exactly one of tier, segment, score, keyword, host";
        problems.tell("S016", place, "the fact is about nothing, or about several things at once", next);
        return None;
    };
    for field in FIELDS.iter().filter(|field| *field != kind && !fields.contains(field)) {
        if let Some(place) = place.get(field) {
            problems.tell("S004", place, format!("{field} means nothing beside {kind}"), "take it away");
        }
    }
    let about = place.get(kind).and_then(|place| place.name(problems))?;
    let mut name = |field| place.get(field).and_then(|place| place.name(problems));
    Some(match *kind {
        "tier" => {
            let (from, to) = (name("from"), name("to"));
            Fact::Tier { score: about, from, to, up: moves(place, ["up", "down"], problems)? }
        }
        "segment" => Fact::Segment { segment: about, inside: moves(place, ["in", "out"], problems)? },
        "score" => {
            let value = place.need("value", problems)?;
            Fact::Score { score: about, value: value.typed::<i64>("S006", problems)? }
        }
        "keyword" => Fact::Keyword { word: keyword(&about), channel: name("channel") },
        _ => {
            let properties =
                place.get("properties").and_then(|place| place.typed::<Attributes>("S006", problems));
            Fact::Host { name: about, properties: properties.unwrap_or_default() }
        }
    })
}

/// Whether it moves the first way.
fn moves(place: &Place<'_>, [first, second]: [&str; 2], problems: &mut Problems) -> Option<bool> {
    let moves = place.need("moves", problems)?;
    match moves.node.text() {
        Some(word) if word == first => Some(true),
        Some(word) if word == second => Some(false),
        _ => {
            problems.tell("S006", moves, "this is no way to move here", format!("write {first} or {second}"));
            None
        }
    }
}

fn identify(place: &Place<'_>, problems: &mut Problems) -> Option<Contact> {
    const FIELDS: [&str; 7] = ["attributes", "unset", "tags", "untag", "locale", "zone", "addresses"];
    if !place.is_map_of(&FIELDS, problems) {
        return None;
    }
    let mut contact = person::about(place, Contact::new(""), problems);
    let mut names =
        |field| place.get(field).into_iter().flat_map(|place| place.names(problems)).collect::<Vec<_>>();
    let (unset, tags, untag) = (names("unset"), names("tags"), names("untag"));
    contact.unset.extend(unset);
    contact.tags.extend(tags);
    contact.untag.extend(untag);
    Some(contact)
}

/// A journey or a channel; that a journey exists is looked at when all are known.
fn pausable(place: &Place<'_>, known: &Known<'_>, problems: &mut Problems) -> Option<Pausable> {
    if !place.is_map_of(&["journey", "channel"], problems) {
        return None;
    }
    match (place.get("journey"), place.get("channel")) {
        (Some(journey), None) => {
            let name = journey.name(problems)?;
            if !known.journeys.contains(&name) {
                let sentence = format!("the journey {name:?} is unknown");
                problems.tell("S019", journey, sentence, "mend the name, or add the journey to journeys");
            }
            Some(Pausable::Journey((&*name).into()))
        }
        (None, Some(channel)) => {
            person::channels(&channel, known, problems).into_iter().next().map(Pausable::Channel)
        }
        _ => {
            problems.tell("S016", place, "it names neither or both", "name a journey or a channel");
            None
        }
    }
}

/// Whether an id fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| id.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = rest.get(found + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, id) in
            [("artist-*", "artist-7"), ("*", ""), ("a*c*e", "abcde"), ("*7", "artist-7"), ("aa*", "aa")]
        {
            assert!(matches(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [("artist-*", "fan-7"), ("a*c*e", "abcd"), ("a*a", "a"), ("*7", "8")] {
            assert!(!matches(pattern, id), "{pattern} {id}");
        }
    }
}
