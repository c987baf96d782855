//! The words that name what becomes true of a contact, and what is remembered.

use rhai::Dynamic;
use rust_decimal::prelude::ToPrimitive;

use super::desk::{Answer, Desk, Handle, Refusal, Refused, again};
use super::field::{Field, Owner, decimal};
use super::rule::{at_least, full, span, whole};
use crate::rule::score::{Band, MarkKind, MarkRule, Trail};

const MOST_TIERS: usize = 32;
const MOST_MARKS: usize = 64;
const MOST_TRAILS: usize = 16;
const MOST_LISTS: usize = 16;
const MOST_LISTED: usize = 32;

pub(super) fn tier(desk: &mut Desk, name: &Dynamic, from: &Dynamic) -> Answer {
    let tier = desk.name("tier", name)?;
    let from = whole(from, "the lowest score of the tier")?;
    full(desk.table.tiers.len(), MOST_TIERS, "tiers")?;
    if let Some(other) = desk.table.tiers.iter().find(|band| band.from == from) {
        let sentence = format!("the tiers {:?} and {tier:?} both begin at {from}", other.tier);
        return Err(Refusal::new("R010", sentence, "let one begin elsewhere, or take it away"));
    }
    desk.reached.push((desk.position, from));
    desk.table.tiers.push(Band { tier, from, hysteresis: 0, stay: None });
    Ok(Dynamic::from(Handle::Tier(desk.table.tiers.len() - 1)))
}

pub(super) fn threshold(desk: &mut Desk, name: &Dynamic, value: &Dynamic) -> Answer {
    let value = whole(value, "the threshold")?;
    let answer = mark(desk, name, MarkKind::Threshold(value))?;
    desk.reached.push((desk.position, value));
    Ok(answer)
}

pub(super) fn stagnation(desk: &mut Desk, name: &Dynamic, length: &Dynamic) -> Answer {
    let length = span(length)?;
    mark(desk, name, MarkKind::Stagnation(length))
}

pub(super) fn inactivity(desk: &mut Desk, name: &Dynamic, length: &Dynamic) -> Answer {
    let length = span(length)?;
    mark(desk, name, MarkKind::Inactivity(length))
}

pub(super) fn peak(desk: &mut Desk, name: &Dynamic, window: &Dynamic, factor: &Dynamic) -> Answer {
    let window = span(window)?;
    let factor = match factor.as_float() {
        Ok(factor) => decimal(factor)?,
        Err(_) => whole(factor, "the factor")?.into(),
    };
    let thousandths = factor.checked_mul(1_000.into()).and_then(|factor| factor.round().to_i64());
    let Some(permille) = thousandths.filter(|permille| (1..=1_000_000).contains(permille)) else {
        let next = "write a number such as 3.0: three times what is usual";
        return Err(Refusal::new("R009", "the factor of a peak lies between 0.001 and 1000", next));
    };
    mark(desk, name, MarkKind::Peak { window, least: 1, permille })
}

pub(super) fn badge(desk: &mut Desk, name: &Dynamic, event: &Dynamic, count: &Dynamic) -> Answer {
    let (event, count) = counted(desk, event, count)?;
    mark(desk, name, MarkKind::Badge { event, count })
}

pub(super) fn challenge(desk: &mut Desk, name: &Dynamic, event: &Dynamic, count: &Dynamic) -> Answer {
    let (event, count) = counted(desk, event, count)?;
    mark(desk, name, MarkKind::Challenge { event, count })
}

fn counted(desk: &Desk, event: &Dynamic, count: &Dynamic) -> Result<(crate::model::Name, u64), Refusal> {
    let event = desk.word("event", event)?;
    Ok((event, at_least(count, "the count", 1)?.unsigned_abs()))
}

fn mark(desk: &mut Desk, name: &Dynamic, kind: MarkKind) -> Answer {
    let mark = desk.name("mark", name)?;
    full(desk.table.marks.len(), MOST_MARKS, "marks")?;
    desk.table.marks.push(MarkRule { mark, kind });
    Ok(Dynamic::from(Handle::Mark(desk.table.marks.len() - 1)))
}

pub(super) fn trail(desk: &mut Desk, length: &Dynamic) -> Answer {
    desk.name("trail", &"the score".into())?;
    remember(desk, None, length)
}

pub(super) fn trail_of(desk: &mut Desk, attribute: &Dynamic, length: &Dynamic) -> Answer {
    let name = match attribute.read_lock::<Field>() {
        Some(field) if matches!(field.owner, Owner::Either | Owner::Contact) => field.name.to_string().into(),
        Some(_) => {
            let next = "write trail(followers, 30 * days)";
            return Err(Refusal::new("R014", "a trail is of an attribute of the contact", next));
        }
        None => attribute.clone(),
    };
    let attribute = desk.name("trail of", &name)?;
    remember(desk, Some(attribute), length)
}

fn remember(desk: &mut Desk, attribute: Option<crate::model::Name>, length: &Dynamic) -> Answer {
    let span = span(length)?;
    full(desk.table.trails.len(), MOST_TRAILS, "trails")?;
    desk.table.trails.push(Trail { attribute, span });
    Ok(Dynamic::from(Handle::Other))
}

pub(super) fn checklist(desk: &mut Desk, name: &Dynamic, events: &Dynamic) -> Answer {
    let name = desk.name("checklist", name)?;
    if events.is::<Refused>() {
        return Err(again());
    }
    let next = "write checklist(\"actions\", [\"profile.completed\", \"call.booked\"])";
    let Some(events) = events.read_lock::<rhai::Array>().map(|events| events.clone()) else {
        return Err(Refusal::new("R003", "a checklist is a list of events", next));
    };
    if events.is_empty() || events.len() > MOST_LISTED {
        let sentence =
            format!("a checklist has from 1 to {MOST_LISTED} events, this one has {}", events.len());
        return Err(Refusal::new("R011", sentence, next));
    }
    full(desk.table.checklists.len(), MOST_LISTS, "checklists")?;
    let mut listed = Vec::new();
    for event in &events {
        let event = desk.word("event", event)?;
        if listed.contains(&event) {
            let sentence = format!("the event {event:?} stands twice in the checklist");
            return Err(Refusal::new("R010", sentence, "take one away"));
        }
        listed.push(event);
    }
    desk.table.checklists.push((name, listed));
    Ok(Dynamic::from(Handle::Other))
}
