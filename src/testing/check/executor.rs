//! X1 to X6 and X8 to X10: what the steps and commits of a contact say of how it was led.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::super::Invariant;
use super::chart::{Chart, Kind, after};
use super::known::Known;
use super::operators;
use super::record::{Passage, Record, Sink, at};
use crate::journey::{CountedFrom, ExitKind, Reenter};
use crate::machine::Program;
use crate::model::{ExitReason, JourneyId, NodeId, Operated, Step, StepOutcome};
use crate::port::store::MessageStatus;

pub(super) fn judge(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    commits(record, sink);
    twice(record, sink);
    for passage in passages {
        let first = passage.steps[0];
        match known.chart(&first.journey, first.version) {
            Some(chart) => {
                if let Some((step, found)) = wrong_step(known, passage) {
                    sink.add(Invariant::X1, at(step), found);
                }
                budget(known, chart, passage, sink);
                jumps(known, chart, passage, sink);
            }
            None => {
                let found =
                    format!("version {} of journey {} is not published", first.version, first.journey);
                sink.add(Invariant::X1, at(first), found);
            }
        }
        ended(record, passage, sink);
    }
    lots(passages, sink);
    standing(record, passages, sink);
    entries(known, record, sink);
    operators::judge(known, record, passages, sink);
}

/// X1: the first step that is not where it should be.
fn wrong_step<'r>(known: &Known, passage: &Passage<'r>) -> Option<(&'r Step, String)> {
    let mut before: Option<&Step> = None;
    let mut version = passage.steps.first()?.version;
    // What an operator does to a run that stays where it is lies between two steps and changes neither.
    let mut led: Option<&Step> = None;
    for step in passage.steps.iter().copied() {
        // A step on another version is told of by another name.
        let Some(chart) = known.chart(&step.journey, version) else {
            return Some((step, format!("version {version} of its journey is not published")));
        };
        let wrong = match before {
            None if step.ordinal != 0 => Some(format!("the first step has the number {}", step.ordinal)),
            None if step.outcome != StepOutcome::Entered => Some("the first step is no entry".to_owned()),
            None => None,
            // A step after the end is told of by another name.
            Some(Step { outcome: StepOutcome::Exited { .. }, .. }) => return None,
            Some(before) => {
                wrong_place(before, step).or_else(|| wrong_after(chart, led.unwrap_or(before), step))
            }
        };
        if let Some(wrong) = wrong.or_else(|| wrong_edge(known, chart, step)) {
            return Some((step, wrong));
        }
        if let StepOutcome::Migrated { to, .. } = &step.outcome {
            version = *to;
        }
        before = Some(step);
        // A call that is kept through a migration is answered at the new step.
        let asked = led.is_some_and(|led| matches!(led.outcome, StepOutcome::Called { .. }));
        let migrated = asked && matches!(step.outcome, StepOutcome::Migrated { .. });
        let restarts = migrated && !keeps_the_call(passage, step);
        led = if stays_by_hand(step) || (migrated && !restarts) { led } else { Some(step) };
    }
    None
}

/// Whether what follows a migration ends the call that was asked before it.
fn keeps_the_call(passage: &Passage<'_>, migrated: &Step) -> bool {
    let follows = passage.steps.iter().filter(|step| step.ordinal > migrated.ordinal);
    let mut follows =
        follows.filter(|step| !stays_by_hand(step) && !matches!(step.outcome, StepOutcome::Migrated { .. }));
    matches!(
        follows.next().map(|step| &step.outcome),
        Some(StepOutcome::Answered { .. } | StepOutcome::Refused { .. } | StepOutcome::TimedOut)
    )
}

/// Whether an operator did something to a run that left it at its step.
fn stays_by_hand(step: &Step) -> bool {
    matches!(&step.outcome, StepOutcome::Operated { what, .. } if *what != Operated::Moved)
}

fn wrong_edge(known: &Known, chart: &Chart, step: &Step) -> Option<String> {
    if let StepOutcome::Migrated { from, to, node } = &step.outcome {
        let there = known.chart(&step.journey, *to).is_some_and(|chart| chart.kind(node).is_some());
        let right = *from == step.version && step.next.as_ref() == Some(node) && there;
        return (!right)
            .then(|| format!("it was migrated from {from} to {to} at {node}, which is no such way"));
    }
    if let StepOutcome::Operated { what, .. } = &step.outcome {
        let there = step.next.as_ref().is_some_and(|next| chart.kind(next).is_some());
        let right = if *what == Operated::Moved { there } else { step.next.is_none() };
        return (!right).then(|| format!("an operator put it at {:?}", step.next));
    }
    let Some(way) = chart.leads(&step.node, &step.outcome) else {
        return Some(format!("the node {} has no such outcome", step.node));
    };
    if step.outcome != StepOutcome::Entered && chart.undoes(&step.node) {
        let undoes = step.next.as_ref().is_none_or(|next| chart.undoes(next));
        return (!undoes).then(|| format!("it leads to {:?}, which undoes nothing", step.next));
    }
    (way != step.next).then(|| format!("it leads to {:?} and its edge to {way:?}", step.next))
}

fn wrong_place(before: &Step, step: &Step) -> Option<String> {
    if step.ordinal != before.ordinal + 1 {
        return Some(format!("it follows number {}", before.ordinal));
    }
    if step.at < before.at {
        return Some(format!("it happened at {} and the step before it at {}", step.at, before.at));
    }
    (step.outcome == StepOutcome::Entered).then(|| "it is a second entry".to_owned())
}

fn wrong_after(chart: &Chart, before: &Step, step: &Step) -> Option<String> {
    let stays = chart.stays(&before.node, &before.outcome);
    let here = before.next.as_ref().unwrap_or(&before.node);
    let budget = StepOutcome::Exited { reason: ExitReason::StepBudget };
    // Whoever used up the budget never arrived at the node that would have been next.
    let stopped = step.outcome == budget && step.node == before.node;
    if step.node != *here && !stopped {
        return Some(format!("it was taken at {} and the step before it led to {here}", step.node));
    }
    match (&step.outcome, &before.outcome) {
        (StepOutcome::Migrated { .. }, _) => {
            (before.next.is_none() && !stays).then(|| "the journey was over".to_owned())
        }
        // What was waited for before a migration is waited for after it.
        (StepOutcome::Settled { .. }, StepOutcome::Migrated { .. }) => None,
        (
            StepOutcome::Settled { message, .. },
            StepOutcome::Sent { message: sent } | StepOutcome::Merged { message: sent, .. },
        ) if message == sent => None,
        (StepOutcome::Operated { .. }, _) if before.next.is_some() || stays => None,
        (StepOutcome::Settled { .. }, _) => Some("nobody waited for what it settles".to_owned()),
        (StepOutcome::Exited { reason }, _) => {
            let over = before.next.is_none() && !stays;
            wrong_exit(chart, step, reason, over)
        }
        (_, StepOutcome::Sent { .. } | StepOutcome::Merged { .. }) if stays => {
            Some("its message has not settled".to_owned())
        }
        (StepOutcome::Returned { .. } | StepOutcome::TimedOut, StepOutcome::Opened { .. }) if stays => None,
        (
            StepOutcome::Answered { .. } | StepOutcome::Refused { .. } | StepOutcome::TimedOut,
            StepOutcome::Called { .. },
        ) if stays => None,
        (_, StepOutcome::Called { .. }) if stays => Some("its call has not been answered".to_owned()),
        (StepOutcome::Answered { .. }, _) => Some("nobody asked what it answers".to_owned()),
        (_, StepOutcome::Opened { .. }) if stays => Some("the other journey has not ended".to_owned()),
        _ if before.next.is_none() && !stays => Some("the journey was over".to_owned()),
        _ => None,
    }
}

fn wrong_exit(chart: &Chart, step: &Step, reason: &ExitReason, over: bool) -> Option<String> {
    let declared = |event: &str, kind| {
        let names = |other: &Option<String>| other.as_deref().is_none_or(|other| other == event);
        chart.exits.iter().any(|(other, other_kind)| names(other) && *other_kind == kind)
    };
    let right = match reason {
        ExitReason::Completed => over,
        ExitReason::Exit(name) => {
            matches!(chart.kind(&step.node), Some(Kind::Exit(other)) if **other == **name)
        }
        ExitReason::Goal(event) => declared(event, ExitKind::Goal),
        ExitReason::Event(event) => declared(event, ExitKind::Exit),
        ExitReason::Fact(_) => {
            chart.exits.iter().any(|(event, kind)| event.is_none() && *kind == ExitKind::Exit)
        }
        ExitReason::MaxDuration => chart.max_duration.is_some(),
        ExitReason::Left | ExitReason::Migrated | ExitReason::Ejected => true,
        ExitReason::DateMoved => chart.dated,
        ExitReason::Late => chart.late,
        ExitReason::Full => matches!(chart.kind(&step.node), Some(Kind::Reserve { door: true, .. })),
        ExitReason::Undone => over && chart.undoes(&step.node),
        ExitReason::StepBudget => true,
        ExitReason::UnknownNode | ExitReason::Merged => false,
    };
    (!right).then(|| format!("it ended by {reason:?}, which its journey does not say there"))
}

/// X2.
fn twice(record: &Record, sink: &mut Sink<'_>) {
    let (mut visits, mut sent) = (BTreeSet::new(), BTreeSet::new());
    for step in &record.steps {
        if !visits.insert((step.enrollment, step.ordinal)) {
            sink.add(Invariant::X2, at(step), "a second step has the same number");
        } else if let StepOutcome::Sent { message }
        | StepOutcome::Merged { message, .. }
        | StepOutcome::Called { message } = step.outcome
            && !sent.insert(message)
        {
            sink.add(Invariant::X2, at(step), format!("a second step sent message {message}"));
        }
    }
}

/// X3: who is still in a journey, and who should be.
fn standing(record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    let enrollments = &record.stored.state.hot.enrollments;
    for passage in passages {
        let place = format!("enrollment {}", passage.id);
        let first = passage.steps[0];
        let mut version = first.version;
        let moved = |step: &&&Step| {
            let expected = version;
            if let StepOutcome::Migrated { to, .. } = &step.outcome {
                version = *to;
            }
            step.version != expected || step.journey != first.journey
        };
        if let Some(step) = passage.steps.iter().find(moved) {
            let found = format!("it was taken on version {} and entered on {}", step.version, first.version);
            sink.add(Invariant::X3, at(step), found);
            continue;
        }
        let standing = enrollments.iter().find(|enrollment| enrollment.id == passage.id);
        let (Some(last), None) = (passage.steps.last(), passage.end()) else { continue };
        let Some(enrollment) = standing else {
            sink.add(Invariant::X3, place, "it did not end and stands nowhere");
            continue;
        };
        let here = last.next.as_ref().unwrap_or(&last.node);
        let found = if enrollment.ordinal != last.ordinal + 1 {
            format!("its next step has the number {} and its last {}", enrollment.ordinal, last.ordinal)
        } else if enrollment.node != *here {
            format!("it stands at {} and its last step led to {here}", enrollment.node)
        } else if (&enrollment.journey, enrollment.version) != (&first.journey, version) {
            format!("it stands on version {} and entered {}", enrollment.version, first.version)
        } else if enrollment.entered_at != first.at {
            format!("it says that it entered at {} and entered at {}", enrollment.entered_at, first.at)
        } else if enrollment.arrived_at < arrival(passage, here) {
            format!("it says that it arrived at {}, before the step that led there", enrollment.arrived_at)
        } else {
            continue;
        };
        sink.add(Invariant::X3, place, found);
    }
    for enrollment in enrollments {
        if !passages.iter().any(|passage| passage.id == enrollment.id) {
            sink.add(Invariant::X3, format!("enrollment {}", enrollment.id), "it stands and never entered");
        }
    }
}

/// When the step was taken that led to the node where an enrollment stands.
fn arrival(passage: &Passage<'_>, here: &NodeId) -> DateTime<Utc> {
    let led = passage.steps.iter().rev().find(|step| step.next.as_ref() == Some(here));
    // A wait that a migration kept was arrived at before.
    let led = led.filter(|step| !matches!(step.outcome, StepOutcome::Migrated { .. }));
    led.map_or(DateTime::UNIX_EPOCH, |step| step.at)
}

/// X4.
fn commits(record: &Record, sink: &mut Sink<'_>) {
    let stored = &record.stored;
    let (mut revision, mut now, mut read_seq) = (0, DateTime::UNIX_EPOCH, 0);
    for commit in &record.commits {
        let place = format!("commit {}", commit.revision);
        if commit.revision != revision + 1 {
            sink.add(Invariant::X4, place, format!("it follows revision {revision}"));
        } else if commit.now < now {
            sink.add(Invariant::X4, place, format!("it ran at {} and the one before at {now}", commit.now));
        } else if commit.read_seq < read_seq {
            let found =
                format!("it read the mail up to {} and the one before up to {read_seq}", commit.read_seq);
            sink.add(Invariant::X4, place, found);
        }
        (revision, now, read_seq) = (commit.revision, commit.now, commit.read_seq);
    }
    let place = "the newest commit";
    if (revision, read_seq) != (stored.revision, stored.read_seq) {
        let found = format!(
            "it left revision {revision} and read up to {read_seq}, the contact has revision {} and read up to {}",
            stored.revision, stored.read_seq
        );
        sink.add(Invariant::X4, place, found);
    } else if !record.commits.is_empty() && now != stored.state.hot.now {
        sink.add(
            Invariant::X4,
            place,
            format!("it ran at {now} and the state is of {}", stored.state.hot.now),
        );
    }
}

/// X5.
fn ended(record: &Record, passage: &Passage<'_>, sink: &mut Sink<'_>) {
    let Some((number, reason)) = passage.end() else { return };
    let place = format!("enrollment {}", passage.id);
    if number + 1 != passage.steps.len() {
        sink.add(Invariant::X5, at(passage.steps[number + 1]), "it follows the end");
    }
    if record.stored.state.hot.enrollments.iter().any(|enrollment| enrollment.id == passage.id) {
        sink.add(Invariant::X5, &place, "it ended and has a state");
    }
    if matches!(reason, ExitReason::Completed | ExitReason::Exit(_) | ExitReason::Undone) {
        return;
    }
    let pending = record
        .messages
        .iter()
        .find(|message| message.message.enrollment == passage.id && message.status == MessageStatus::Pending);
    if let Some(message) = pending {
        let found =
            format!("it ended by {reason:?} and message {} still waits to be sent", message.message.id);
        sink.add(Invariant::X5, place, found);
    }
}

/// X6, from the steps in order of commit.
fn entries(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    let mut inside: BTreeMap<&JourneyId, &Step> = BTreeMap::new();
    let mut entered: BTreeMap<&JourneyId, &Step> = BTreeMap::new();
    let alone = |step: &Step| known.chart(&step.journey, step.version).is_none_or(Chart::is_alone);
    for step in record.steps.iter().filter(|step| alone(step)) {
        match &step.outcome {
            StepOutcome::Exited { reason: ExitReason::DateMoved | ExitReason::Full } => {
                inside.remove(&step.journey);
                entered.remove(&step.journey);
            }
            StepOutcome::Exited { .. }
                if inside.get(&step.journey).is_some_and(|other| other.enrollment == step.enrollment) =>
            {
                inside.remove(&step.journey);
            }
            StepOutcome::Entered => {
                let other = inside.insert(&step.journey, step);
                // What undoes is in the place of a run and is no entry.
                let undoes =
                    known.chart(&step.journey, step.version).is_some_and(|chart| chart.undoes(&step.node));
                let last = if undoes { None } else { entered.insert(&step.journey, step) };
                let again = |last: &Step| last.enrollment != step.enrollment;
                if let Some(other) = other.filter(|other| again(other)) {
                    let found = format!("enrollment {} of the same journey had not ended", other.enrollment);
                    sink.add(Invariant::X6, at(step), found);
                } else if let Some(last) = last.filter(|last| again(last))
                    && let Some(chart) = known.chart(&step.journey, step.version)
                    && !by_hand(record, step)
                {
                    too_soon(chart, last, step, sink);
                }
            }
            _ => {}
        }
    }
    let mut standing = BTreeSet::new();
    for enrollment in &record.stored.state.hot.enrollments {
        let alone = known.chart(&enrollment.journey, enrollment.version).is_none_or(Chart::is_alone);
        if alone && !standing.insert(&enrollment.journey) {
            let found = format!("another one of journey {} stands beside it", enrollment.journey);
            sink.add(Invariant::X6, format!("enrollment {}", enrollment.id), found);
        }
    }
}

/// Whether an operator opened a run, whatever the re-entry says.
fn by_hand(record: &Record, entry: &Step) -> bool {
    record.steps.iter().any(|step| {
        let enrolled = matches!(step.outcome, StepOutcome::Operated { what: Operated::Enrolled, .. });
        enrolled && step.enrollment == entry.enrollment
    })
}

fn too_soon(chart: &Chart, last: &Step, step: &Step, sink: &mut Sink<'_>) {
    let allowed = match &chart.reenter {
        Reenter::Always => true,
        Reenter::Never => false,
        Reenter::When(map) => match (map.after, map.from) {
            // When the last run ended is judged by the machine's own memory alone where it is not the entry that counts.
            (Some(span), None | Some(CountedFrom::Entry)) => step.at >= after(last.at, span).0,
            _ => true,
        },
    };
    if !allowed {
        let found = format!("the journey was entered at {} already, and says {:?}", last.at, chart.reenter);
        sink.add(Invariant::X6, at(step), found);
    }
}

/// X9.
fn lots(passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    let mut drawn: BTreeMap<(&JourneyId, u32, &NodeId), u16> = BTreeMap::new();
    for step in passages.iter().flat_map(|passage| passage.steps.iter().copied()) {
        let StepOutcome::Drawn { way } = step.outcome else { continue };
        let first = *drawn.entry((&step.journey, step.version, &step.node)).or_insert(way);
        if first != way {
            sink.add(Invariant::X9, at(step), format!("way {way} was drawn, and way {first} before"));
        }
    }
}

/// X10.
fn jumps<'k>(known: &'k Known, mut chart: &'k Chart, passage: &Passage<'_>, sink: &mut Sink<'_>) {
    let mut taken: BTreeMap<&NodeId, u16> = BTreeMap::new();
    for step in passage.steps.iter().copied() {
        if let StepOutcome::Migrated { to, .. } = &step.outcome {
            // Its jumps may have other names there.
            let Some(other) = known.chart(&step.journey, *to) else { return };
            chart = other;
            taken.clear();
            continue;
        }
        let Some(Kind::Jump { most, .. }) = chart.kind(&step.node) else { continue };
        let times = taken.entry(&step.node).or_default();
        *times = times.saturating_add(u16::from(step.outcome == StepOutcome::Jumped { taken: true }));
        if *times > *most {
            return sink.add(
                Invariant::X10,
                at(step),
                format!("it was taken {times} times and may be {most}"),
            );
        }
    }
}

/// X8: nodes that were passed since an input or a timer set the enrollment going.
fn budget<'k>(known: &'k Known, mut chart: &'k Chart, passage: &Passage<'_>, sink: &mut Sink<'_>) {
    if chart.undoes(&passage.steps[0].node) {
        return; // a list and no graph: it ends by itself
    }
    let mut passed = 0;
    let mut before: Option<&Step> = None;
    for step in passage.steps.iter().copied() {
        if let StepOutcome::Migrated { to, .. } = &step.outcome {
            chart = known.chart(&step.journey, *to).unwrap_or(chart);
        }
        let set_going = match &step.outcome {
            StepOutcome::Entered
            | StepOutcome::Matched { .. }
            | StepOutcome::TimedOut
            | StepOutcome::Returned { .. }
            | StepOutcome::Replanned { .. }
            | StepOutcome::Migrated { .. }
            | StepOutcome::Operated { .. }
            | StepOutcome::Settled { .. } => true,
            StepOutcome::Waited => matches!(chart.kind(&step.node), Some(Kind::Wait(_))),
            _ => false,
        };
        let asked_again = before.is_some_and(|before| {
            before.at != step.at || matches!(before.outcome, StepOutcome::Deferred { .. })
        });
        if set_going || asked_again {
            passed = 0;
        }
        passed += u32::from(!set_going && !matches!(step.outcome, StepOutcome::Exited { .. }));
        if passed > Program::STEP_BUDGET {
            let found = format!("more than {} nodes were passed at {}", Program::STEP_BUDGET, step.at);
            return sink.add(Invariant::X8, at(step), found);
        }
        before = Some(step);
    }
}
