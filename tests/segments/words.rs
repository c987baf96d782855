//! What is told of the contact, in the words of the crate.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use journeyman::journey::Reenter;
use journeyman::machine::{InputKind, Withdrawal};
use journeyman::model::{
    Address, Delivery, DeliveryStatus, Evidence, Fact, Fingerprint, InputId, Name, Value,
};
use journeyman::rule::segment::{Line, SegmentDefinition, Segments};
use journeyman::time::Span;
use journeyman::{Consent, Contact, Event, Journey};

use super::language::{Holds, Segment, Thing};
use super::universe::{JOURNEYS, LEA, Told};

pub(crate) fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap()
}

pub(crate) fn value(thing: &Thing) -> Value {
    serde_json::from_value(thing.json()).unwrap()
}

pub(crate) fn definitions(segments: &[Segment]) -> Vec<SegmentDefinition> {
    let names: Vec<&'static str> = segments.iter().map(|segment| segment.name).collect();
    segments.iter().map(|segment| serde_json::from_value(segment.json(&names)).unwrap()).collect()
}

/// Everything compiled, with the lines that the ranks were given.
pub(crate) fn compiled(segments: &[Segment]) -> Segments {
    let mut lines: BTreeMap<Name, Line> = BTreeMap::new();
    for segment in segments {
        if let Holds::Rank { line: Some((value, last)), .. } = &segment.holds {
            let line = Line::new(1, instant(0), *value, (*last).into());
            lines.insert(segment.name.into(), line);
        }
    }
    Segments::compile(definitions(segments), &lines).unwrap_or_else(|error| panic!("{error}"))
}

/// Journeys that begin and end at a word.
pub(crate) fn journeys() -> Vec<Journey> {
    let journeys = JOURNEYS.map(|name| {
        let journey = Journey::builder(name).enter_on(format!("begin.{name}").as_str());
        let journey = journey.goal(format!("won.{name}").as_str()).exit_on(format!("end.{name}").as_str());
        journey.reenter(Reenter::Always).wait(Span::days(900)).exit("end", "done").build().unwrap()
    });
    journeys.into()
}

pub(crate) fn id_of(event: u64) -> InputId {
    InputId::from_host("event", &LEA.into(), &event.to_string())
}

/// The input that tells it, and its identity where it has one; nothing of what is no input.
pub(crate) fn input(told: &Told) -> Option<(Option<InputId>, InputKind)> {
    let evidence = || Evidence::new("form", "v1");
    let address = |number: u8| Fingerprint::from_bytes([number; 16]);
    let kind = match told {
        Told::Update { zone, set, unset, tag, untag, address: reached } => {
            let mut contact = Contact::new(LEA);
            for (name, thing) in set {
                contact = contact.attribute(*name, value(thing));
            }
            for name in unset {
                contact = contact.without(*name);
            }
            contact.tags.extend(tag.map(Into::into));
            contact.untag.extend(untag.map(Into::into));
            contact.zone = zone.map(Into::into);
            if let Some((channel, number)) = reached {
                let mut to = Address::new(format!("address {number}"));
                to.fingerprint = Some(address(*number));
                contact.addresses.insert((*channel).into(), to);
            }
            InputKind::Identify(contact)
        }
        Told::Event { name, properties, at, id } => {
            let mut event = Event::new(LEA, name.as_str());
            for (name, thing) in properties {
                event = event.property(*name, value(thing));
            }
            event.at = at.map(instant);
            return Some((Some(id_of(*id)), InputKind::Event(event)));
        }
        Told::Sent { at, by: [channel, template, journey], number } => {
            let message = serde_json::from_value(format!("{number:032x}").into()).unwrap();
            let mut delivery = Delivery::new(message, 1, instant(*at), DeliveryStatus::Accepted);
            delivery.channel = Some((*channel).into());
            delivery.template = Some((*template).into());
            delivery.journey = Some((*journey).into());
            InputKind::Delivery(delivery)
        }
        Told::Again(_) | Told::Retract(_) | Told::Publish(..) | Told::Erase => return None,
        Told::Score(score, value) => InputKind::Fact(Fact::Score { score: (*score).into(), value: *value }),
        Told::Tier(score, to) => {
            let to = to.map(Into::into);
            InputKind::Fact(Fact::Tier { score: (*score).into(), from: None, to, up: true })
        }
        Told::Manual(segment, inside) => {
            InputKind::Fact(Fact::Segment { segment: (*segment).into(), inside: *inside })
        }
        Told::Grant(purpose, channel, number) => {
            let mut consent = Consent::granted(LEA, *purpose, *channel, evidence());
            consent.address = number.map(address);
            InputKind::Consent(consent)
        }
        Told::Withdraw(purpose, channel) => {
            let mut withdrawal = Withdrawal::everything(LEA, evidence());
            withdrawal.purposes.extend(purpose.map(Into::into));
            withdrawal.channel = channel.map(Into::into);
            InputKind::Withdrawal(withdrawal)
        }
        Told::Begin(journey) => InputKind::Event(Event::new(LEA, format!("begin.{journey}"))),
        Told::End(journey, completed) => {
            let word = if *completed { "won" } else { "end" };
            InputKind::Event(Event::new(LEA, format!("{word}.{journey}")))
        }
    };
    Some((None, kind))
}
