//! Leads three contacts through an accepted journey, and checks at every transition that nobody is stuck and that no
//! transition does more than its budgets allow.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use journeyman::journey::{Moves, TriggerDefinition};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, Transition};
use journeyman::model::{
    Attributes, Delivery, DeliveryStatus, Evidence, ExitReason, Fact, InputId, MessageId, Name, Reason,
    StepOutcome, Value, Waiting, keyword,
};
use journeyman::rule::{ConditionDefinition, PredicateDefinition};
use journeyman::{Consent, Contact, Event, Journey};

const ROUNDS: usize = 24;
/// Steps after which a contact has shown enough.
const ENOUGH: usize = 4_000;

/// Days on which local clocks do something strange, and one near the end of the calendar.
const STARTS: [&str; 3] = ["2026-03-28T22:30:00Z", "2011-12-29T09:00:00Z", "9997-12-30T23:00:00Z"];

pub(super) fn walk(journey: &Journey) {
    let program = Program::of([journey.clone()]);
    let evidence = || Evidence::new("form", "v1");
    let sends = || journey.definition.steps.iter().filter_map(|step| step.send.as_ref());
    let mut consents = Vec::new();
    let mut known = Contact::new("mia").zone("America/Sao_Paulo");
    for send in sends() {
        let (channel, purpose) = (send.channel.clone().unwrap(), send.purpose.clone().unwrap());
        known = known.address(channel.trim(), "mia@example.org");
        let consent = |who: &str| Consent::granted(who, purpose.trim(), channel.trim(), evidence());
        consents.push(consent("mia"));
    }
    let mut asked = Vec::new();
    let doors = journey.definition.enter.as_slice().iter().filter_map(|door| door.when.as_ref());
    let ways = journey.definition.steps.iter().filter_map(|step| step.branch.as_ref());
    asked.extend(doors);
    asked.extend(ways.flat_map(|branch| branch.when.iter().map(|way| &way.when)));
    for predicate in asked {
        known = satisfy(known, predicate);
    }
    let reached = Contact { tags: BTreeSet::new(), attributes: Attributes::new(), ..known.clone() };
    let told = told(journey);
    let said = consents.into_iter().map(InputKind::Consent);
    let all: Vec<InputKind> = said.collect();
    follow(&program, STARTS[0], Contact::new("tom").zone("Europe/Paris"), &[], &told);
    follow(&program, STARTS[1], reached.zone("Pacific/Apia"), &all, &told);
    follow(&program, STARTS[2], known, &all, &told);
}

/// Everything that the journey names: events with properties that pass its filter, facts, attributes; and what no journey
/// names, so that there is something to tell.
fn told(journey: &Journey) -> Vec<InputKind> {
    let definition = &journey.definition;
    let doors = definition.enter.as_slice().iter().map(|door| &door.on);
    let waits = definition.steps.iter().filter_map(|step| step.wait_for.as_ref()).flat_map(|wait| &wait.any);
    let exits = definition.exit.iter().map(|exit| &exit.on);
    let named = doors.chain(waits.map(|one| &one.on)).chain(exits).take(40);
    let unnamed = InputKind::Event(Event::new("mia", "nobody.knows"));
    named.filter_map(happening).chain([unnamed]).collect()
}

fn properties(on: &TriggerDefinition) -> Attributes {
    let wanted = on.filter.iter().filter_map(|(property, condition)| {
        let wanted = match condition {
            ConditionDefinition::Is(value) => Some(value.clone()),
            ConditionDefinition::Compare(asked) => satisfying(asked),
            _ => None,
        };
        Some((Name::from(property.as_str()), wanted?))
    });
    wanted.collect()
}

/// What a trigger waits for.
fn happening(on: &TriggerDefinition) -> Option<InputKind> {
    let name = |name: &String| Name::from(name.as_str());
    let mia = || Contact::new("mia");
    if let Some(event) = on.event.as_deref().or(on.form.as_deref().map(|_| "form.submitted")) {
        let mut event = Event::new("mia", event);
        event.properties = properties(on);
        event.properties.extend(on.form.iter().map(|form| ("form".into(), form.as_str().into())));
        return Some(InputKind::Event(event));
    }
    if let Some(date) = &on.date {
        let days = [Value::Date(NaiveDate::from_ymd_opt(2026, 4, 2)?), Value::Date(NaiveDate::MAX)];
        return Some(InputKind::Identify(mia().attribute(name(date), days[date.len() % 2].clone())));
    }
    if let Some(attribute) = &on.attribute {
        let value = match &on.becomes {
            Some(ConditionDefinition::Is(value)) => value.clone(),
            Some(ConditionDefinition::Compare(asked)) => satisfying(asked)?,
            _ => Value::from(true),
        };
        return Some(InputKind::Identify(mia().attribute(name(attribute), value)));
    }
    let fact = if let Some(words) = &on.keyword {
        Fact::Keyword { word: keyword(words.as_slice().first()?), channel: on.channel.as_ref().map(name) }
    } else if let Some(segment) = &on.segment {
        Fact::Segment { segment: name(segment), inside: on.moves == Some(Moves::In) }
    } else if let Some(score) = &on.tier {
        let to = on.to.as_ref().map_or_else(|| "gold".into(), name);
        Fact::Tier { score: name(score), from: None, to: Some(to), up: on.moves != Some(Moves::Down) }
    } else if let Some(score) = &on.score {
        let value = on.reaches.or(on.falls_below.map(|at| at.saturating_sub(1))).unwrap_or(0);
        Fact::Score { score: name(score), value }
    } else {
        Fact::Host { name: name(on.host.as_ref()?), properties: properties(on) }
    };
    Some(InputKind::Fact(fact))
}

fn satisfying(asked: &PredicateDefinition) -> Option<Value> {
    let listed = asked.one_of.as_ref().and_then(|values| values.first());
    let given = [&asked.is, &asked.at_least, &asked.at_most, &asked.contains, &asked.above, &asked.below];
    listed.or(given.into_iter().flatten().next()).cloned()
}

/// A contact of whom the leaves of a predicate hold.
fn satisfy(mut contact: Contact, asked: &PredicateDefinition) -> Contact {
    for part in asked.all.iter().chain(&asked.any).flatten() {
        contact = satisfy(contact, part);
    }
    if let Some(tag) = &asked.tag {
        contact = contact.tag(tag.as_str());
    }
    match (&asked.attribute, satisfying(asked)) {
        (Some(name), Some(value)) => contact.attribute(name.as_str(), value),
        _ => contact,
    }
}

/// One contact's way, for so many rounds; after each, the next one is at the instant that the transition asked for.
fn follow(program: &Program, start: &str, contact: Contact, consents: &[InputKind], told: &[InputKind]) {
    let who = contact.id.clone();
    let mut now: DateTime<Utc> = start.parse().unwrap();
    let mut state = ContactState::new(who.clone());
    let mut mail = vec![InputKind::Identify(contact)];
    mail.extend(consents.iter().cloned());
    let mut awaited = BTreeSet::new();
    let (mut seq, mut steps) = (0, 0);
    for round in 0..ROUNDS {
        // The doors come first and again and again; an event from the past and one from the future are among them.
        let mut kind = told[round % told.len()].clone();
        if let InputKind::Event(event) = &mut kind {
            event.at = match round % 7 {
                3 => Some(now - TimeDelta::hours(1)),
                5 => Some(now + TimeDelta::hours(1)),
                _ => None,
            };
        }
        mail.push(kind);
        let envelopes: Vec<Envelope> = mail
            .drain(..)
            .map(|kind| {
                seq += 1;
                Envelope::new(seq, InputId::from_place(&who, seq), now, kind)
            })
            .collect();
        let out = program.transition(state, &envelopes, now);
        steps += out.steps.len();
        awaited.extend(out.messages.iter().map(|message| message.id));
        check(&out, envelopes.len(), now, &awaited);
        mail.extend(envelopes.into_iter().skip(out.consumed).map(|envelope| envelope.kind));
        for (number, message) in out.messages.iter().enumerate() {
            mail.push(InputKind::Delivery(Delivery::new(message.id, 1, now, status(round + number, now))));
            if let Some(InputKind::Delivery(Delivery { status: DeliveryStatus::Retry { .. }, .. })) =
                mail.last()
            {
                mail.push(InputKind::Delivery(Delivery::new(message.id, 2, now, DeliveryStatus::Accepted)));
            }
        }
        if steps > ENOUGH {
            return;
        }
        now = out.due_at.unwrap_or(now + TimeDelta::days(1)).max(now);
        // Every answer that was awaited is in the mail now.
        awaited.clear();
        awaited.extend(mail.iter().filter_map(|kind| match kind {
            InputKind::Delivery(delivery) => Some(delivery.message),
            _ => None,
        }));
        state = out.state;
    }
}

fn status(number: usize, now: DateTime<Utc>) -> DeliveryStatus {
    match number % 4 {
        0 | 1 => DeliveryStatus::Accepted,
        2 => DeliveryStatus::Refused { reasons: vec![Reason::Channel("blocked".into())] },
        _ => DeliveryStatus::Retry { at: now },
    }
}

fn check(out: &Transition, inputs: usize, now: DateTime<Utc>, awaited: &BTreeSet<MessageId>) {
    // An input or a timer ends and walks so many enrollments, none further than the budget; and so does what they set off,
    // which goes on for eight generations.
    let people = 2 + out.state.hot.enrollments.len();
    let most =
        (Program::MOST_TIMERS as usize + 2 * inputs) * (Program::STEP_BUDGET as usize + 4) * people * 9;
    assert!(out.steps.len() <= most, "{} steps", out.steps.len());
    for step in &out.steps {
        let wedged = [ExitReason::StepBudget, ExitReason::UnknownNode];
        let exited = matches!(&step.outcome, StepOutcome::Exited { reason } if wedged.contains(reason));
        assert!(!exited, "an accepted journey ended by {:?}", step.outcome);
    }
    let tired = out.steps.len() >= Program::MOST_TIMERS as usize / 2;
    assert!(out.consumed == inputs || tired, "mail was left unread for no reason");
    for enrollment in &out.state.hot.enrollments {
        match &enrollment.waiting {
            Waiting::Delivery { message } => assert!(awaited.contains(message), "nobody will answer"),
            waiting => {
                let due = waiting.due_at().expect("it waits for an instant");
                assert!(due > now || tired, "{due} is over and {:?} was not left", enrollment.node);
                assert!(out.due_at.is_some_and(|at| at <= due), "nobody will wake it");
            }
        }
    }
}
