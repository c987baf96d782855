//! X12: what a run did is undone newest first, once, where its end asks for it.

use std::collections::BTreeMap;

use super::super::Invariant;
use super::chart::{Chart, Kind};
use super::known::Known;
use super::record::{Passage, Record, Sink, at};
use crate::model::{EnrollmentId, ExitReason, Hold, InputId, NodeId, Operated, Step, StepOutcome};

/// As many actions as one run remembers.
const MOST: usize = 256;

pub(super) fn judge<'k>(known: &'k Known, record: &Record, passages: &[Passage<'k>], sink: &mut Sink<'_>) {
    // The runs that undo, each with what it owes.
    let mut owed: BTreeMap<EnrollmentId, Vec<NodeId>> = BTreeMap::new();
    for passage in passages {
        let Some((first, chart)) = begun(known, passage).filter(|(first, chart)| !chart.undoes(&first.node))
        else {
            continue;
        };
        let (Some((number, reason)), Some(StepOutcome::Entered)) =
            (passage.end(), passage.steps.first().map(|step| &step.outcome))
        else {
            continue;
        };
        let undo = owed_by(chart, passage, reason);
        if !undo.is_empty() {
            let cause = InputId::from_step(passage.id, passage.steps[number].ordinal.saturating_add(1));
            let namespace = &known.snapshot.namespace;
            owed.insert(
                EnrollmentId::derive(namespace, &record.contact, &first.journey, cause, "undo"),
                undo,
            );
        }
    }
    for passage in passages {
        let Some((first, chart)) = begun(known, passage).filter(|(first, chart)| chart.undoes(&first.node))
        else {
            continue;
        };
        match owed.remove(&passage.id) {
            None => sink.add(Invariant::X12, at(first), "no run that ended asks that anything be undone"),
            Some(owed) => {
                if let Some((step, found)) = wrong(chart, passage, &owed) {
                    sink.add(Invariant::X12, at(step), found);
                }
            }
        }
    }
    for (enrollment, owed) in owed {
        let found = format!("it never began, and owes {owed:?}");
        sink.add(Invariant::X12, format!("enrollment {enrollment}"), found);
    }
}

/// The first step of a run, and its journey.
fn begun<'k>(known: &'k Known, passage: &Passage<'k>) -> Option<(&'k Step, &'k Chart)> {
    let first = *passage.steps.first()?;
    Some((first, known.chart(&first.journey, first.version)?))
}

/// What the end of a run owes, in order: what undoes its steps where the end asks for it, then the places that it did not
/// keep, by the name of their offer.
fn owed_by(chart: &Chart, passage: &Passage<'_>, reason: &ExitReason) -> Vec<NodeId> {
    let mut done: Vec<NodeId> = Vec::new();
    let mut holds: BTreeMap<&str, Hold> = BTreeMap::new();
    let mut called: Option<&NodeId> = None;
    for step in &passage.steps {
        match &step.outcome {
            StepOutcome::Operated { what: Operated::Moved, .. } => {
                called = None;
                continue;
            }
            // What an operator or a migration does to a run that waits does nothing that could be undone.
            StepOutcome::Operated { .. } | StepOutcome::Migrated { .. } => continue,
            _ => {}
        }
        let nodes = chart.undo.get(&step.node);
        let ends_a_call = called.take() == Some(&step.node);
        match nodes {
            Some(nodes) if is_done(chart, step) => done.extend(nodes.iter().rev().cloned()),
            Some(nodes) if ends_a_call && is_taken_back(chart, step) => {
                done.truncate(done.len().saturating_sub(nodes.len()));
            }
            _ => {}
        }
        let forgotten = done.len().saturating_sub(MOST);
        done.drain(..forgotten);
        let asked = matches!(step.outcome, StepOutcome::Called { .. });
        called = asked.then_some(&step.node);
        let given = matches!(&step.outcome, StepOutcome::Answered { result, .. } if result.as_deref() == Some("place"));
        let answered = matches!(step.outcome, StepOutcome::Answered { .. });
        match chart.kind(&step.node) {
            Some(Kind::Reserve { offer, .. }) if asked => {
                let hold = holds.entry(offer).or_insert(Hold::Asked);
                *hold = if *hold == Hold::Released { Hold::Asked } else { *hold };
            }
            Some(Kind::Reserve { offer, .. }) if given => {
                let hold = holds.entry(offer).or_insert(Hold::Held);
                *hold = if *hold == Hold::Confirmed { Hold::Confirmed } else { Hold::Held };
            }
            Some(Kind::Confirm { offer, .. }) if given => drop(holds.insert(offer, Hold::Confirmed)),
            Some(Kind::Reserve { offer, .. } | Kind::Confirm { offer, .. }) if answered => {
                holds.remove(&**offer);
            }
            Some(Kind::Release { offer }) if asked => drop(holds.insert(offer, Hold::Released)),
            _ => {}
        }
    }
    if !chart.undo_on.iter().any(|word| **word == *reason.word()) {
        done.clear();
    }
    done.reverse();
    // What gave a place back may be taken back with the rest.
    let takes_back = !matches!(reason, ExitReason::Completed | ExitReason::Exit(_));
    let held = holds.into_iter().filter(|(_, hold)| match hold {
        Hold::Released => takes_back,
        hold => *hold != Hold::Confirmed,
    });
    done.extend(held.filter_map(|(offer, _)| chart.releases.get(offer).cloned()));
    done
}

/// Whether the end of a call says that nothing was done after all.
fn is_taken_back(chart: &Chart, step: &Step) -> bool {
    match (&step.outcome, chart.kind(&step.node)) {
        (StepOutcome::Refused { .. }, _) => true,
        (StepOutcome::Answered { result, .. }, Some(Kind::Reserve { .. } | Kind::Confirm { .. })) => {
            result.as_deref() != Some("place")
        }
        _ => false,
    }
}

fn is_done(chart: &Chart, step: &Step) -> bool {
    match &step.outcome {
        StepOutcome::Changed
        | StepOutcome::Scored { .. }
        | StepOutcome::Emitted { .. }
        | StepOutcome::Left { .. }
        | StepOutcome::Opened { enrollment: Some(_) }
        | StepOutcome::Settled { accepted: true, .. }
        | StepOutcome::Assigned { .. }
        | StepOutcome::Called { .. } => true,
        StepOutcome::Sent { .. } | StepOutcome::Merged { .. } => {
            matches!(chart.kind(&step.node), Some(Kind::Send { refused: None, .. }))
        }
        _ => false,
    }
}

/// The first step that is not what is owed next.
fn wrong<'r>(chart: &Chart, passage: &Passage<'r>, owed: &[NodeId]) -> Option<(&'r Step, String)> {
    let mut owed = owed.iter();
    let mut waits: Option<&NodeId> = None;
    for step in passage.steps.iter().copied() {
        match step.outcome {
            StepOutcome::Entered | StepOutcome::Operated { .. } => {}
            StepOutcome::Exited { .. } => {
                return owed.next().map(|next| (step, format!("it ended and owes {next}")));
            }
            // The end of a wait for an answer is told of by the edges.
            _ if waits == Some(&step.node) => waits = None,
            _ => match owed.next() {
                Some(next) if *next == step.node => {
                    let stays = chart.stays(&step.node, &step.outcome);
                    waits = stays.then_some(&step.node);
                }
                next => return Some((step, format!("it undid {} and owed {next:?}", step.node))),
            },
        }
    }
    None
}
