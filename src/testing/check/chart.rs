//! Where the steps of a journey lead, read from its definition alone: a judge shares no code with what it judges.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::journey::{ExitKind, JourneyDefinition, Late, Reenter, SendDefinition, StepDefinition};
use crate::model::{NodeId, Reason, StepOutcome};
use crate::time::{Span, Zone};

/// Where an edge leads: a node, or the end of the journey.
pub(super) type Way = Option<NodeId>;

/// A journey version as its definition says it.
pub(super) struct Chart {
    pub(super) first: Way,
    pub(super) places: BTreeMap<NodeId, Place>,
    /// The event of each exit, absent for one that is no event.
    pub(super) exits: Vec<(Option<String>, ExitKind)>,
    pub(super) reenter: Reenter,
    pub(super) max_duration: Option<Span>,
    pub(super) zone: Option<Zone>,
    /// Whether a date opens it.
    pub(super) dated: bool,
    /// Whether it lets go of who is late.
    pub(super) late: bool,
    /// The words of the ends that ask that what was done be undone.
    pub(super) undo_on: Vec<String>,
    /// What undoes each step, in order: places that no edge leads to.
    pub(super) undo: BTreeMap<NodeId, Vec<NodeId>>,
    /// What gives the place of each offer back.
    pub(super) releases: BTreeMap<String, NodeId>,
}

/// One node.
pub(super) struct Place {
    next: Way,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Send {
        /// The channels, each with its template.
        ways: Vec<(String, String)>,
        purpose: String,
        refused: Option<Way>,
    },
    Wait(Span),
    WaitUntil {
        entry: Option<Span>,
        timed: bool,
    },
    WaitFor {
        alternatives: Vec<Way>,
        within: Span,
        otherwise: Way,
    },
    Branch {
        ways: Vec<Way>,
        otherwise: Way,
        unknown: Option<Way>,
    },
    Split(Vec<Way>),
    /// Changes something and goes on: `set`, `score`, `emit` or `leave`.
    Act(&'static str),
    Jump {
        to: Way,
        most: u16,
    },
    Enter {
        waits: Option<Span>,
        results: Vec<(String, Way)>,
        otherwise: Way,
    },
    Call {
        channel: String,
        ask: String,
        within: Span,
        /// Whether `within` counts the hours of a team alone, so that more time passes.
        in_hours: bool,
        results: Vec<(String, Way)>,
        refused: Way,
        otherwise: Way,
    },
    Reserve {
        quota: String,
        offer: String,
        within: Span,
        full: Way,
        otherwise: Way,
        /// Whether it is the place of an entry.
        door: bool,
    },
    Confirm {
        offer: String,
        within: Span,
        full: Way,
        otherwise: Way,
    },
    Release {
        offer: String,
    },
    Exit(String),
}

impl Chart {
    pub(super) fn of(definition: &JourneyDefinition) -> Self {
        let names: Vec<NodeId> = (1..)
            .zip(&definition.steps)
            .map(|(number, step)| step.id.clone().unwrap_or_else(|| format!("step-{number}")).into())
            .collect();
        let places = definition.steps.iter().enumerate().filter_map(|(number, step)| {
            let name = names[number].clone();
            let place = place(step, &name, names.get(number + 1).cloned())?;
            Some((name, place))
        });
        let mut places: BTreeMap<NodeId, Place> = places.collect();
        let mut undo: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (name, step) in names.iter().zip(&definition.steps) {
            for (number, action) in (1..).zip(step.undo.as_slice()) {
                let hidden = match number {
                    1 => NodeId::from(format!("{name}.undo")),
                    number => NodeId::from(format!("{name}.undo.{number}")),
                };
                places.extend(place(&action.step(), name, None).map(|place| (hidden.clone(), place)));
                undo.entry(name.clone()).or_default().push(hidden);
            }
        }
        let mut releases: BTreeMap<String, NodeId> = BTreeMap::new();
        for (name, step) in names.iter().zip(&definition.steps) {
            if let Some(reserve) = &step.reserve {
                let hidden = || NodeId::from(format!("{name}.release"));
                releases.entry(reserve.offer.clone()).or_insert_with(hidden);
            }
        }
        let mut first = names.first().cloned();
        if let Some(cap) = &definition.cap {
            let offer = format!("entries/{}", definition.journey);
            let [door, confirm] = ["enter.place", "enter.confirm"].map(NodeId::from);
            let reserve = Kind::Reserve {
                quota: cap.quota.clone().unwrap_or_else(|| "quota".to_owned()),
                offer: offer.clone(),
                within: cap.within.unwrap_or(Span::minutes(10)),
                full: None,
                otherwise: None,
                door: true,
            };
            places.insert(door.clone(), Place { next: Some(confirm.clone()), kind: reserve });
            let kept = Kind::Confirm {
                offer: offer.clone(),
                within: cap.within.unwrap_or(Span::minutes(10)),
                full: first.clone(),
                otherwise: first.clone(),
            };
            places.insert(confirm, Place { next: first, kind: kept });
            releases.insert(offer, "enter.place.release".into());
            first = Some(door);
        }
        for (offer, hidden) in &releases {
            let kind = Kind::Release { offer: offer.clone() };
            places.insert(hidden.clone(), Place { next: None, kind });
        }
        Self {
            first,
            places,
            releases,
            undo_on: definition.undo_on.as_slice().to_vec(),
            undo,
            exits: definition.exit.iter().map(|exit| (exit.on.event.clone(), exit.kind)).collect(),
            reenter: definition.reenter.clone(),
            max_duration: definition.max_duration,
            zone: definition.zone.as_deref().and_then(|zone| Zone::named(zone).ok()),
            dated: definition.enter.as_slice().iter().any(|entry| entry.on.date.is_some()),
            late: definition.late.is_some_and(|late| late.then == Late::Exit),
        }
    }

    /// Whether one contact has one run of it at a time.
    pub(super) fn is_alone(&self) -> bool {
        !matches!(&self.reenter, Reenter::When(map) if map.concurrent || map.one_per.is_some())
    }

    /// Whether a place undoes something: where it leads, the run that it undoes says.
    pub(super) fn undoes(&self, node: &NodeId) -> bool {
        self.undo.values().any(|hidden| hidden.contains(node))
            || self.releases.values().any(|one| one == node)
    }

    pub(super) fn kind(&self, node: &NodeId) -> Option<&Kind> {
        self.places.get(node).map(|place| &place.kind)
    }

    /// Where an outcome leads from a node; absent where it cannot happen there.
    pub(super) fn leads(&self, node: &NodeId, outcome: &StepOutcome) -> Option<Way> {
        let Place { next, kind } = self.places.get(node)?;
        let way = match (outcome, kind) {
            (StepOutcome::Entered, _) if self.first.as_ref() == Some(node) => &self.first,
            (StepOutcome::Entered, _) if self.undoes(node) => &Some(node.clone()),
            (StepOutcome::Waited, Kind::Wait(_) | Kind::WaitUntil { .. }) => next,
            (StepOutcome::Matched { alternative }, Kind::WaitFor { alternatives, .. }) => {
                alternatives.get(usize::from(*alternative))?
            }
            (StepOutcome::TimedOut, Kind::WaitFor { otherwise, .. }) => otherwise,
            (StepOutcome::Branched { way: Some(way) }, Kind::Branch { ways, .. }) => {
                ways.get(usize::from(*way))?
            }
            (StepOutcome::Branched { way: None }, Kind::Branch { otherwise, .. }) => otherwise,
            (StepOutcome::Unknown { .. }, Kind::Branch { unknown: Some(unknown), .. }) => unknown,
            (StepOutcome::Drawn { way }, Kind::Split(ways)) => ways.get(usize::from(*way))?,
            (StepOutcome::Changed, Kind::Act("set"))
            | (StepOutcome::Scored { .. }, Kind::Act("score"))
            | (StepOutcome::Emitted { .. } | StepOutcome::Dropped { .. }, Kind::Act("emit"))
            | (StepOutcome::Left { .. }, Kind::Act("leave"))
            | (StepOutcome::Withdrawn, Kind::Act("withdraw"))
            | (StepOutcome::Assigned { .. } | StepOutcome::Refused { .. }, Kind::Act("assign"))
            | (StepOutcome::Jumped { taken: false }, Kind::Jump { .. })
            | (StepOutcome::Opened { enrollment: Some(_) }, Kind::Enter { waits: None, .. }) => next,
            (StepOutcome::Jumped { taken: true }, Kind::Jump { to, .. }) => to,
            (StepOutcome::Opened { enrollment: Some(_) }, Kind::Enter { waits: Some(_), .. })
            | (StepOutcome::Replanned { .. }, Kind::WaitUntil { .. }) => &None,
            (
                StepOutcome::Opened { enrollment: None } | StepOutcome::TimedOut,
                Kind::Enter { otherwise, .. },
            ) => otherwise,
            (StepOutcome::Returned { end }, Kind::Enter { results, .. }) => {
                results.iter().find(|(is, _)| **is == **end).map_or(next, |(_, way)| way)
            }
            (StepOutcome::Sent { .. } | StepOutcome::Merged { .. }, Kind::Send { refused: None, .. }) => next,
            (StepOutcome::Sent { .. } | StepOutcome::Merged { .. }, Kind::Send { refused: Some(_), .. }) => {
                &None
            }
            (StepOutcome::Deferred { .. }, Kind::Send { .. }) => &None,
            (StepOutcome::Refused { .. }, Kind::Send { refused, .. }) => refused.as_ref().unwrap_or(next),
            (StepOutcome::Settled { accepted: false, .. }, Kind::Send { refused: Some(refused), .. }) => {
                refused
            }
            (StepOutcome::Settled { accepted: true, .. }, Kind::Send { refused: Some(_), .. }) => next,
            (StepOutcome::Called { .. }, Kind::Call { .. } | Kind::Reserve { .. } | Kind::Confirm { .. }) => {
                &None
            }
            (StepOutcome::Called { .. } | StepOutcome::Refused { .. }, Kind::Release { .. }) => next,
            (
                StepOutcome::Answered { result, .. },
                Kind::Reserve { full, .. } | Kind::Confirm { full, .. },
            ) => {
                if result.as_deref() == Some("place") {
                    next
                } else {
                    full
                }
            }
            (StepOutcome::Refused { reasons }, Kind::Confirm { full, .. })
                if reasons.contains(&Reason::NoPlace) =>
            {
                full
            }
            (
                StepOutcome::Refused { .. } | StepOutcome::TimedOut,
                Kind::Reserve { otherwise, .. } | Kind::Confirm { otherwise, .. },
            ) => otherwise,
            (StepOutcome::Answered { result, .. }, Kind::Call { results, .. }) => {
                let named = results.iter().find(|(is, _)| Some(&**is) == result.as_deref());
                named.map_or(next, |(_, way)| way)
            }
            (StepOutcome::Refused { .. }, Kind::Call { refused, .. }) => refused,
            (StepOutcome::TimedOut, Kind::Call { otherwise, .. }) => otherwise,
            // After a migration alone; that somebody waited for it is judged beside this.
            (StepOutcome::Settled { .. }, Kind::Send { refused: None, .. }) => next,
            (StepOutcome::Exited { .. }, _) => &None,
            _ => return None,
        };
        Some(way.clone())
    }

    /// Whether an outcome leaves the enrollment where it is.
    pub(super) fn stays(&self, node: &NodeId, outcome: &StepOutcome) -> bool {
        match outcome {
            StepOutcome::Deferred { .. } | StepOutcome::Replanned { .. } => true,
            StepOutcome::Called { .. } => !matches!(self.kind(node), Some(Kind::Release { .. })),
            StepOutcome::Opened { enrollment } => {
                enrollment.is_some() && matches!(self.kind(node), Some(Kind::Enter { waits: Some(_), .. }))
            }
            StepOutcome::Sent { .. } | StepOutcome::Merged { .. } => {
                matches!(self.kind(node), Some(Kind::Send { refused: Some(_), .. }))
            }
            _ => false,
        }
    }
}

/// The channels of a send, each with what it says there.
fn ways(send: &SendDefinition) -> Vec<(String, String)> {
    let words = send.template.as_deref().unwrap_or_default().trim();
    let own = |channel: &String| send.templates.get(channel).map_or(words, |words| words.trim()).to_owned();
    let listed = send.channels.iter().chain(&send.channel);
    listed.map(|channel| (channel.trim().to_owned(), own(channel))).collect()
}

fn place(step: &StepDefinition, name: &NodeId, following: Way) -> Option<Place> {
    let target = |name: &String| match name.as_str() {
        "next" => following.clone(),
        name => Some(NodeId::from(name)),
    };
    let trimmed = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let next = step.goto.as_ref().map_or(following.clone(), target);
    let kind = if let Some(send) = &step.send {
        Kind::Send {
            ways: ways(send),
            purpose: trimmed(&send.purpose),
            refused: send.refused.as_ref().map(target),
        }
    } else if let Some(span) = step.wait {
        Kind::Wait(span)
    } else if let Some(until) = &step.wait_until {
        let timed = until.time.is_some() || until.days.is_some() || until.window.is_some();
        Kind::WaitUntil { entry: until.entry, timed }
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
            unknown: branch.unknown.as_ref().map(target),
        }
    } else if let Some(split) = &step.split {
        Kind::Split(split.ways.iter().map(|way| target(&way.goto)).collect())
    } else if step.set.is_some() {
        Kind::Act("set")
    } else if step.score.is_some() {
        Kind::Act("score")
    } else if step.emit.is_some() {
        Kind::Act("emit")
    } else if step.leave.is_some() {
        Kind::Act("leave")
    } else if step.withdraw.is_some() {
        Kind::Act("withdraw")
    } else if let Some(jump) = &step.jump {
        Kind::Jump { to: target(&jump.to), most: jump.most }
    } else if let Some(enter) = &step.enter {
        Kind::Enter {
            waits: enter.within,
            results: enter.results.iter().map(|result| (result.is.clone(), target(&result.goto))).collect(),
            otherwise: enter.otherwise.as_ref().map_or(following.clone(), target),
        }
    } else if let Some(call) = step.call.as_ref().or(step.hand_over.as_ref()) {
        let own = if step.call.is_some() { name.as_str() } else { "hand_over" };
        Kind::Call {
            channel: call.channel.clone(),
            ask: call.ask.clone().unwrap_or_else(|| own.to_owned()),
            within: call.within.unwrap_or_default(),
            in_hours: call.hours.is_some(),
            results: call.results.iter().map(|result| (result.is.clone(), target(&result.goto))).collect(),
            refused: call.refused.as_ref().map_or(next.clone(), target),
            otherwise: call.otherwise.as_ref().map_or(next.clone(), target),
        }
    } else if let Some(assign) = &step.assign {
        match &assign.channel {
            None => Kind::Act("assign"),
            Some(channel) => Kind::Call {
                channel: channel.clone(),
                ask: "assign".to_owned(),
                within: assign.within.unwrap_or_default(),
                in_hours: false,
                results: Vec::new(),
                refused: assign.refused.as_ref().map_or(next.clone(), target),
                otherwise: assign.otherwise.as_ref().map_or(next.clone(), target),
            },
        }
    } else if let Some(reserve) = &step.reserve {
        Kind::Reserve {
            quota: reserve.quota.clone().unwrap_or_else(|| "quota".to_owned()),
            offer: reserve.offer.clone(),
            within: reserve.within.unwrap_or(Span::minutes(10)),
            full: reserve.full.as_ref().map_or(next.clone(), target),
            otherwise: reserve.otherwise.as_ref().map_or(next.clone(), target),
            door: false,
        }
    } else if let Some(confirm) = &step.confirm {
        Kind::Confirm {
            offer: confirm.offer.clone(),
            within: confirm.within.unwrap_or(Span::minutes(10)),
            full: confirm.full.as_ref().map_or(next.clone(), target),
            otherwise: confirm.otherwise.as_ref().map_or(next.clone(), target),
        }
    } else if let Some(release) = &step.release {
        Kind::Release { offer: release.offer.clone() }
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
