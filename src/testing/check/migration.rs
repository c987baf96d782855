//! X13 and X14: what a publication did to people who were there before it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::super::Invariant;
use super::chart::{Kind, after};
use super::known::Known;
use super::record::{Passage, Record, Sink, at};
use crate::journey::{
    EntryDefinition, JourneyDefinition, MigrationDefinition, Removed, StepDefinition, Waits,
};
use crate::machine::{ContactState, Envelope, InputKind};
use crate::model::{EnrollmentId, NodeId, Step, StepOutcome, Waiting};
use crate::port::store::Definition;
use crate::rule::{Facts, Performed, Predicate, Rating};

pub(super) fn judge(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    for envelope in record.mail.iter().filter(|envelope| envelope.seq <= record.stored.read_seq) {
        match &envelope.kind {
            InputKind::Migrate(migration) => {
                left_behind(known, record, passages, envelope, &migration.map, sink)
            }
            InputKind::Enroll { journey, .. } => {
                let id = EnrollmentId::derive(
                    &known.snapshot.namespace,
                    &record.contact,
                    journey,
                    envelope.id,
                    "",
                );
                let enrolled = passages.iter().find(|passage| passage.id == id);
                if let Some(step) = enrolled.and_then(|passage| passage.steps.first())
                    && qualifies(known, record, envelope, step) == Some(false)
                {
                    sink.add(
                        Invariant::X14,
                        at(step),
                        "it was enrolled and passes no door for existing people",
                    );
                }
            }
            _ => {}
        }
    }
    for passage in passages {
        let mut left = BTreeSet::new();
        for (number, step) in passage.steps.iter().enumerate() {
            let StepOutcome::Migrated { from, to, node } = &step.outcome else { continue };
            if !left.insert(*from) {
                sink.add(Invariant::X13, at(step), format!("it was moved from version {from} before"));
            }
            // Where several maps lead there, each is allowed; where none is found, its mail was purged.
            let maps: Vec<&MigrationDefinition> = record
                .mail
                .iter()
                .filter_map(|envelope| match &envelope.kind {
                    InputKind::Migrate(migration) => Some(&migration.map),
                    _ => None,
                })
                .filter(|map| map.migrate == step.journey.as_str() && (map.from, map.to) == (*from, *to))
                .collect();
            let Some((old, new)) = definition(known, step, *from).zip(definition(known, step, *to)) else {
                continue;
            };
            let expected: Vec<Option<NodeId>> =
                maps.iter().map(|map| lands(map, old, new, &step.node)).collect();
            if !expected.is_empty() && !expected.contains(&Some(node.clone())) {
                let found = format!("it was led to {node} and the map leads to {expected:?}");
                sink.add(Invariant::X13, at(step), found);
            }
            if let [map] = maps.as_slice()
                && let Some(found) = wrong_wait(known, record, passage, number, map)
            {
                sink.add(Invariant::X13, at(step), found);
            }
        }
    }
}

fn definition<'k>(known: &'k Known, step: &Step, version: u32) -> Option<&'k JourneyDefinition> {
    known.snapshot.definitions.iter().find_map(|definition| match definition {
        Definition::Journey(other) if other.journey == step.journey.as_str() && other.version == version => {
            Some(other)
        }
        _ => None,
    })
}

/// A run of the old version that was inside when its contact read the map, and walked on there.
fn left_behind(
    known: &Known,
    record: &Record,
    passages: &[Passage<'_>],
    envelope: &Envelope,
    map: &MigrationDefinition,
    sink: &mut Sink<'_>,
) {
    let Some(commit) = record.commits.iter().find(|commit| commit.read_seq >= envelope.seq) else { return };
    for passage in passages {
        let first = passage.steps[0];
        if first.journey.as_str() != map.migrate || first.at >= envelope.received_at {
            continue;
        }
        // What is being undone was done on the old version.
        if known.chart(&first.journey, first.version).is_some_and(|chart| chart.undoes(&first.node)) {
            continue;
        }
        let mut version = first.version;
        for step in &passage.steps {
            if step.version == map.from && step.at > commit.now {
                let found = format!("it was taken on version {} after everybody had been moved", map.from);
                sink.add(Invariant::X13, at(step), found);
                break;
            }
            if let StepOutcome::Migrated { to, .. } = &step.outcome {
                version = *to;
            }
        }
        if version == map.from && passage.end().is_none() {
            let place = format!("enrollment {}", passage.id);
            sink.add(Invariant::X13, place, format!("it was not moved from version {}", map.from));
        }
    }
}

/// Where a map leads who stands at a node; absent out of the journey.
fn lands(
    map: &MigrationDefinition,
    old: &JourneyDefinition,
    new: &JourneyDefinition,
    node: &NodeId,
) -> Option<NodeId> {
    let name = |number: usize, step: &StepDefinition| {
        step.id.clone().unwrap_or_else(|| format!("step-{}", number + 1))
    };
    let place = |journey: &JourneyDefinition, wanted: &str| {
        journey.steps.iter().enumerate().position(|(number, step)| name(number, step) == wanted)
    };
    // Who has not come in yet waits at the door of the new version, or goes in where that has none.
    if ["enter.place", "enter.confirm"].contains(&node.as_str()) && place(old, node.as_str()).is_none() {
        let within = || new.steps.first().map(|step| name(0, step).as_str().into());
        return if new.cap.is_some() { Some(node.clone()) } else { within() };
    }
    let mut here = place(old, node.as_str())?;
    for _ in 0..=old.steps.len() {
        let step = old.steps.get(here)?;
        let called = name(here, step);
        if let Some(named) = map.steps.get(&called) {
            return Some(named.as_str().into());
        }
        let other = place(new, &called).and_then(|other| new.steps.get(other));
        if other.is_some_and(|other| (step.id.is_some() && other.id.is_some()) || step == other) {
            return Some(called.as_str().into());
        }
        if map.removed != Some(Removed::Next) || step.exit.is_some() {
            return None;
        }
        let on = match (&step.branch, &step.split) {
            (Some(branch), _) => branch.otherwise.clone(),
            (_, Some(split)) => split.ways.first().map(|way| way.goto.clone()),
            _ => step.goto.clone(),
        };
        here = match on.as_deref() {
            None | Some("next") => here + 1,
            Some(target) => place(old, target)?,
        };
    }
    None
}

/// A plain wait, or one for something, that does not end when the map says.
fn wrong_wait(
    known: &Known,
    record: &Record,
    passage: &Passage<'_>,
    number: usize,
    map: &MigrationDefinition,
) -> Option<String> {
    let step = *passage.steps.get(number)?;
    let before = passage.steps.get(number.checked_sub(1)?)?;
    // Where it was moved twice without a step between, the first wait is not known from steps alone.
    let by_hand = |step: &Step| matches!(step.outcome, StepOutcome::Operated { .. });
    let moved = matches!(before.outcome, StepOutcome::Migrated { .. }) || by_hand(before);
    if moved || before.next.as_ref() != Some(&step.node) {
        return None;
    }
    let StepOutcome::Migrated { from, to, node } = &step.outcome else { return None };
    let old = known.chart(&step.journey, *from)?.kind(&step.node)?;
    let new = known.chart(&step.journey, *to)?.kind(node)?;
    let (old, new) = match (old, new) {
        (Kind::Wait(old), Kind::Wait(new)) => (*old, *new),
        (Kind::WaitFor { within: old, .. }, Kind::WaitFor { within: new, .. }) => (*old, *new),
        _ => return None,
    };
    let (earliest, latest) = match map.waits {
        Waits::Keep => after(before.at, old),
        Waits::Restart => after(step.at, new),
        Waits::Recompute => {
            let (earliest, latest) = after(before.at, new);
            (earliest.max(step.at), latest.max(step.at))
        }
    };
    let held = passage.steps.iter().any(|step| by_hand(step));
    let paused = held || known.snapshot.pauses.contains_key(&step.journey);
    let wrong = |until: DateTime<Utc>, held: bool| {
        // A pause holds an arrival too, so that what begins anew begins later.
        let late = until > latest && !held;
        (until < earliest || late)
            .then(|| format!("it waits until {until} and the map says {earliest} to {latest}"))
    };
    match passage.steps.get(number + 1) {
        Some(next) if matches!(next.outcome, StepOutcome::Waited | StepOutcome::TimedOut) => {
            wrong(next.at, paused)
        }
        Some(_) => None,
        None => {
            let run = record.stored.state.hot.enrollments.iter().find(|run| run.id == passage.id)?;
            match &run.waiting {
                Waiting::Until { at } => wrong(*at, paused && map.waits == Waits::Restart),
                Waiting::Event { until, .. } => wrong(*until, paused && map.waits == Waits::Restart),
                _ => None,
            }
        }
    }
}

/// Whether a contact passes a door for existing people when it reads that a journey is published; `None` where that
/// depends on what no mail says.
fn qualifies(known: &Known, record: &Record, envelope: &Envelope, entered: &Step) -> Option<bool> {
    let journey = definition(known, entered, entered.version)?;
    let mut state = ContactState::new(record.contact.clone());
    let cold = std::sync::Arc::make_mut(&mut state.cold);
    let mut told = BTreeSet::new();
    for earlier in record.mail.iter().filter(|earlier| earlier.seq < envelope.seq) {
        match &earlier.kind {
            InputKind::Identify(update) => {
                cold.contact.attributes.retain(|name, _| !update.unset.contains(name));
                cold.contact.attributes.extend(update.attributes.clone());
                cold.contact.tags.retain(|tag| !update.untag.contains(tag));
                cold.contact.tags.extend(update.tags.iter().cloned());
            }
            InputKind::Event(event) => drop(told.insert(event.name.clone())),
            InputKind::Import { row, .. } => {
                cold.contact.attributes.retain(|name, _| !row.contact.unset.contains(name));
                cold.contact.attributes.extend(row.contact.attributes.clone());
                cold.contact.tags.retain(|tag| !row.contact.untag.contains(tag));
                cold.contact.tags.extend(row.contact.tags.iter().cloned());
                told.extend(row.events.iter().map(|event| event.name.clone()));
            }
            _ => {}
        }
    }
    let (performed, rating) = (Performed::default(), Rating::default());
    let facts = Facts::new(&cold.contact, &performed, &rating);
    let passes = |entry: &EntryDefinition| {
        let door = match (&entry.on.attribute, &entry.on.event) {
            (Some(name), _) if entry.on.becomes.is_none() => {
                cold.contact.attributes.contains_key(name.as_str())
            }
            (_, Some(name)) => told.contains(name.as_str()),
            _ => return None,
        };
        let Some(when) = &entry.when else { return Some(door) };
        // A step that changes the contact leaves its name and not its values.
        let text = serde_json::to_string(entry).unwrap_or_default();
        let asks = |word: &str| text.contains(&format!("\"{word}\""));
        if ["performed", "segment", "tier", "number"].into_iter().any(asks) || text.contains("\"score\":") {
            return None;
        }
        if changed(known).iter().any(|name| asks(name)) {
            return None;
        }
        let predicate = Predicate::compile(when, "", &mut Vec::new())?;
        Some(door && predicate.holds(&facts))
    };
    let mut answer = Some(false);
    for entry in journey.enter.as_slice().iter().filter(|entry| entry.existing) {
        match passes(entry) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

/// The names of attributes and tags that a step of any journey gives or takes away, or lets the host answer.
fn changed(known: &Known) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let steps = known.snapshot.definitions.iter().flat_map(|definition| match definition {
        Definition::Journey(journey) => journey.steps.as_slice(),
        _ => &[],
    });
    for step in steps {
        for set in step.set.iter().chain(step.undo.as_slice().iter().filter_map(|undo| undo.set.as_ref())) {
            let tags = set.unset.iter().chain(&set.tags).chain(&set.untag);
            names.extend(set.attributes.keys().chain(tags).cloned());
        }
        for call in step.call.iter().chain(&step.hand_over) {
            names.extend(call.answer.keys().cloned());
        }
        names.extend(step.assign.iter().map(|assign| format!("owner_{}", assign.role)));
    }
    names
}
