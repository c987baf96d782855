//! Where the steps of a journey lead, read from its definition alone: a judge shares no code with what it judges.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::journey::{ExitKind, JourneyDefinition, Reenter, StepDefinition};
use crate::model::{NodeId, StepOutcome};
use crate::time::{Span, Zone};

/// Where an edge leads: a node, or the end of the journey.
pub(super) type Way = Option<NodeId>;

/// A journey version as its definition says it.
pub(super) struct Chart {
    pub(super) first: Way,
    pub(super) places: BTreeMap<NodeId, Place>,
    pub(super) exits: Vec<(String, ExitKind)>,
    pub(super) reenter: Reenter,
    pub(super) max_duration: Option<Span>,
    pub(super) zone: Option<Zone>,
}

/// One node.
pub(super) struct Place {
    next: Way,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Send { channel: String, template: String, purpose: String, refused: Option<Way> },
    Wait(Span),
    WaitUntil { entry: Option<Span>, timed: bool },
    WaitFor { alternatives: Vec<Way>, within: Span, otherwise: Way },
    Branch { ways: Vec<Way>, otherwise: Way },
    Exit(String),
}

impl Chart {
    pub(super) fn of(definition: &JourneyDefinition) -> Self {
        let names: Vec<NodeId> = (1..)
            .zip(&definition.steps)
            .map(|(number, step)| step.id.clone().unwrap_or_else(|| format!("step-{number}")).into())
            .collect();
        let places = definition.steps.iter().enumerate().filter_map(|(number, step)| {
            Some((names[number].clone(), place(step, names.get(number + 1).cloned())?))
        });
        Self {
            first: names.first().cloned(),
            places: places.collect(),
            exits: definition.exit.iter().map(|exit| (exit.on.event.clone(), exit.kind)).collect(),
            reenter: definition.reenter,
            max_duration: definition.max_duration,
            zone: definition.zone.as_deref().and_then(|zone| Zone::named(zone).ok()),
        }
    }

    pub(super) fn kind(&self, node: &NodeId) -> Option<&Kind> {
        self.places.get(node).map(|place| &place.kind)
    }

    /// Where an outcome leads from a node; absent where it cannot happen there.
    pub(super) fn leads(&self, node: &NodeId, outcome: &StepOutcome) -> Option<Way> {
        let Place { next, kind } = self.places.get(node)?;
        let way = match (outcome, kind) {
            (StepOutcome::Entered, _) if self.first.as_ref() == Some(node) => &self.first,
            (StepOutcome::Waited, Kind::Wait(_) | Kind::WaitUntil { .. }) => next,
            (StepOutcome::Matched { alternative }, Kind::WaitFor { alternatives, .. }) => {
                alternatives.get(usize::from(*alternative))?
            }
            (StepOutcome::TimedOut, Kind::WaitFor { otherwise, .. }) => otherwise,
            (StepOutcome::Branched { way: Some(way) }, Kind::Branch { ways, .. }) => {
                ways.get(usize::from(*way))?
            }
            (StepOutcome::Branched { way: None }, Kind::Branch { otherwise, .. }) => otherwise,
            (StepOutcome::Sent { .. }, Kind::Send { refused: None, .. }) => next,
            (StepOutcome::Sent { .. }, Kind::Send { refused: Some(_), .. }) => &None,
            (StepOutcome::Deferred { .. }, Kind::Send { .. }) => &None,
            (StepOutcome::Refused { .. }, Kind::Send { refused, .. }) => refused.as_ref().unwrap_or(next),
            (StepOutcome::Settled { accepted: false, .. }, Kind::Send { refused: Some(refused), .. }) => {
                refused
            }
            (StepOutcome::Settled { accepted: true, .. }, Kind::Send { refused: Some(_), .. }) => next,
            (StepOutcome::Exited { .. }, _) => &None,
            _ => return None,
        };
        Some(way.clone())
    }

    /// Whether an outcome leaves the enrollment where it is.
    pub(super) fn stays(&self, node: &NodeId, outcome: &StepOutcome) -> bool {
        match outcome {
            StepOutcome::Deferred { .. } => true,
            StepOutcome::Sent { .. } => {
                matches!(self.kind(node), Some(Kind::Send { refused: Some(_), .. }))
            }
            _ => false,
        }
    }
}

fn place(step: &StepDefinition, following: Way) -> Option<Place> {
    let target = |name: &String| match name.as_str() {
        "next" => following.clone(),
        name => Some(NodeId::from(name)),
    };
    let trimmed = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let next = step.goto.as_ref().map_or(following.clone(), target);
    let kind = if let Some(send) = &step.send {
        Kind::Send {
            channel: trimmed(&send.channel),
            template: trimmed(&send.template),
            purpose: trimmed(&send.purpose),
            refused: send.refused.as_ref().map(target),
        }
    } else if let Some(span) = step.wait {
        Kind::Wait(span)
    } else if let Some(until) = &step.wait_until {
        Kind::WaitUntil { entry: until.entry, timed: until.time.is_some() }
    } else if let Some(wait) = &step.wait_for {
        Kind::WaitFor {
            alternatives: wait.any.iter().map(|one| one.goto.as_ref().map_or(next.clone(), target)).collect(),
            within: wait.within.unwrap_or_default(),
            otherwise: wait.otherwise.as_ref().map_or(following.clone(), target),
        }
    } else if let Some(branch) = &step.branch {
        Kind::Branch {
            ways: branch.when.iter().map(|way| target(&way.goto)).collect(),
            otherwise: branch.otherwise.as_ref().and_then(target),
        }
    } else {
        Kind::Exit(step.exit.clone()?)
    };
    Some(Place { next, kind })
}

/// The earliest and the latest instant that lie a span after another one, whatever the zone: which zone a contact had
/// then is not known, days are up to a day shorter or longer where a calendar skips, and months differ by three days.
pub(super) fn after(instant: DateTime<Utc>, span: Span) -> (DateTime<Utc>, DateTime<Utc>) {
    let slack = match span {
        Span { months: 1.., .. } => TimeDelta::days(5),
        Span { days: 1.., .. } => TimeDelta::hours(25),
        _ => TimeDelta::zero(),
    };
    let exact = Zone::utc().add(instant, span);
    let earliest = exact.checked_sub_signed(slack).unwrap_or(exact);
    (earliest, exact.checked_add_signed(slack).unwrap_or(DateTime::<Utc>::MAX_UTC))
}
