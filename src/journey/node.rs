//! The places of a compiled journey.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::Trigger;
use super::definition::{AnswerKind, Deadline, DeadlineDefinition, RetryDefinition, WaitSince};
use crate::model::{Attributes, Contact, Enrollment, JourneyId, Name, NodeId, Value};
use crate::rule::predicate::Predicate;
use crate::rule::{Expression, TeamHours, Template};
use crate::seeded::{Bug, is_on};
use crate::time::{Days, Offset, Span, WeeklyWindow, Zone};

/// A place in a journey.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) kind: NodeKind,
    /// The way out that most kinds take; absent where the journey is over.
    pub(crate) next: Target,
}

/// Where an edge leads: a node, or the end of the journey.
pub(crate) type Target = Option<usize>;

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Send(Send),
    Wait { span: Span },
    WaitUntil(WaitUntil),
    WaitFor(WaitFor),
    Branch { ways: Vec<(Predicate, Target)>, otherwise: Target, unknown: Option<Target> },
    Split(Split),
    Set(Set),
    Score { score: Name, add: i64 },
    Emit { event: Name, properties: Attributes },
    Jump { to: Target, most: u16 },
    Enter(Enter),
    Leave { journey: JourneyId },
    Call(CallNode),
    Assign(AssignNode),
    Withdraw(Withdraw),
    Reserve(Reserve),
    Confirm(Confirm),
    Release { offer: Name },
    Exit { name: Name },
}

/// What is said.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) channel: Name,
    pub(crate) template: Name,
    pub(crate) purpose: Name,
    pub(crate) from: Option<Sender>,
    pub(crate) reply_to: Option<Name>,
    /// The offer that it speaks of.
    pub(crate) offer: Option<Name>,
    /// In the place of the template's own.
    pub(crate) preheader: Option<Template>,
    pub(crate) refused: Option<Target>,
    pub(crate) window: Option<WeeklyWindow>,
    pub(crate) deadline: Option<DeadlineDefinition>,
    pub(crate) retry: Option<RetryDefinition>,
    pub(crate) priority: i8,
    pub(crate) drops_capped: bool,
    /// Further channels, in order, each with its template.
    pub(crate) others: Vec<(Name, Name)>,
}

/// The attribute that names the channel on which a contact likes to be spoken to.
const PREFERRED: &str = "preferred_channel";

impl Send {
    /// The end of its deadline for whoever arrives at an instant, where it has one after which this happens.
    pub(crate) fn deadline_at(
        &self,
        then: Deadline,
        zone: &Zone,
        arrived_at: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let deadline = self.deadline.filter(|deadline| deadline.then == then)?;
        Some(zone.add(arrived_at, deadline.within))
    }

    /// The channels to ask, in order, each with its template: the one that the contact prefers first.
    pub(crate) fn ways(&self, contact: &Contact) -> Vec<(&Name, &Name)> {
        let own = std::iter::once((&self.channel, &self.template));
        let mut ways: Vec<_> =
            own.chain(self.others.iter().map(|(channel, template)| (channel, template))).collect();
        if let Some(Value::Text(preferred)) = contact.attributes.get(PREFERRED)
            && !is_on(Bug::PreferenceUnheard)
        {
            ways.sort_by_key(|(channel, _)| **channel != *preferred);
        }
        ways
    }
}

/// Who says it.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    Name(Name),
    /// Whoever stands in this attribute of the contact.
    Owner {
        attribute: Name,
        otherwise: Option<Name>,
    },
}

/// Until when.
#[derive(Clone, Debug)]
pub(crate) struct WaitUntil {
    pub(crate) base: Base,
    pub(crate) days: Option<Days>,
    pub(crate) time: Option<NaiveTime>,
    pub(crate) window: Option<WeeklyWindow>,
}

/// What an instant is counted from.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// The arrival at the node.
    Arrival,
    Entry(Span),
    Date {
        attribute: Name,
        offset: Offset,
    },
}

/// What ends a wait.
#[derive(Clone, Debug)]
pub(crate) struct WaitFor {
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) since: WaitSince,
    pub(crate) within: Span,
    pub(crate) otherwise: Target,
}

#[derive(Clone, Debug)]
pub(crate) struct Alternative {
    pub(crate) cause: Cause,
    pub(crate) next: Target,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    Trigger(Trigger),
    Becomes(Predicate),
}

/// Several ways by lot; each by its name.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) ways: Vec<(Name, u8, Target)>,
    pub(crate) salt: Name,
}

/// What changes of the contact.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) attributes: Attributes,
    /// Counted when the step is taken.
    pub(crate) computed: Vec<(Name, Expression)>,
    pub(crate) unset: BTreeSet<Name>,
    pub(crate) tags: BTreeSet<Name>,
    pub(crate) untag: BTreeSet<Name>,
}

/// Another journey that is entered.
#[derive(Clone, Debug)]
pub(crate) struct Enter {
    pub(crate) journey: JourneyId,
    pub(crate) within: Option<Span>,
    pub(crate) results: Vec<(Name, Target)>,
    pub(crate) otherwise: Target,
}

/// What happened where a person did not answer in time.
const OVERDUE: &str = "hand_over.overdue";

/// What is asked of the host, and where its answer leads.
#[derive(Clone, Debug)]
pub(crate) struct CallNode {
    pub(crate) channel: Name,
    pub(crate) ask: Name,
    pub(crate) with: Attributes,
    /// The values that become attributes, in order of their names.
    pub(crate) answer: Vec<(Name, AnswerKind)>,
    /// The attribute that the result becomes, where it names an owner.
    pub(crate) owner: Option<Name>,
    pub(crate) within: Span,
    /// In which hours `within` counts; at every one where absent.
    pub(crate) hours: Option<TeamHours>,
    /// Whether a person is to answer.
    pub(crate) hands_over: bool,
    pub(crate) results: Vec<(Name, Target)>,
    pub(crate) refused: Target,
    pub(crate) otherwise: Target,
    pub(crate) retry: Option<RetryDefinition>,
}

/// What the contact no longer allows.
#[derive(Clone, Debug)]
pub(crate) struct Withdraw {
    /// For which purpose; every one where absent.
    pub(crate) purpose: Option<Name>,
    /// On which channel; every one where absent.
    pub(crate) channel: Option<Name>,
}

/// One of several becomes the owner.
#[derive(Clone, Debug)]
pub(crate) struct AssignNode {
    pub(crate) role: Name,
    pub(crate) attribute: Name,
    pub(crate) among: Vec<Name>,
}

/// A place of an offer that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    pub(crate) offer: Name,
    pub(crate) quota: Name,
    pub(crate) expires: Span,
    pub(crate) within: Span,
    pub(crate) full: Target,
    pub(crate) otherwise: Target,
    /// How many places there are, where the journey says so.
    pub(crate) most: Option<u64>,
    /// Whether it is the place of an entry: without it the run is over.
    pub(crate) at_the_door: bool,
}

/// A place that is kept for good.
#[derive(Clone, Debug)]
pub(crate) struct Confirm {
    pub(crate) offer: Name,
    pub(crate) within: Span,
    pub(crate) full: Target,
    pub(crate) otherwise: Target,
}

impl Sender {
    /// The name under which a message goes out; `None` where the contact has no owner and nobody else is named.
    pub(crate) fn name(&self, attributes: &Attributes) -> Option<Name> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Owner { attribute, otherwise } => match attributes.get(attribute) {
                Some(Value::Text(owner)) if !owner.trim().is_empty() => Some(owner.clone()),
                _ => otherwise.clone(),
            },
        }
    }
}

impl CallNode {
    /// When an answer is due that is asked for at an instant: on the contact's clock, or in the hours of a team, whose clock is
    /// the journey's where it has none of its own.
    pub(crate) fn due_at(&self, from: DateTime<Utc>, contact: &Zone, journey: &Zone) -> DateTime<Utc> {
        match &self.hours {
            None => contact.add(from, self.within),
            Some(hours) => {
                let within =
                    i64::try_from(self.within.milliseconds).ok().and_then(TimeDelta::try_milliseconds);
                hours.deadline(from, within.unwrap_or(TimeDelta::MAX), journey)
            }
        }
    }

    /// What happened where a person did not answer in time: an event that every journey can hear. Of a call to a program there is
    /// none.
    pub(crate) fn overdue(&self, journey: &JourneyId, node: &NodeId) -> Option<(Name, Attributes)> {
        if !self.hands_over {
            return None;
        }
        let text = |text: &str| Value::Text(text.into());
        let properties = Attributes::from([
            ("journey".into(), text(journey.as_str())),
            ("step".into(), text(node.as_str())),
            ("channel".into(), Value::Text(self.channel.clone())),
            ("ask".into(), Value::Text(self.ask.clone())),
        ]);
        Some((OVERDUE.into(), properties))
    }
}

impl WaitFor {
    /// Whether something that happened then counts for an enrollment that stands here.
    pub(crate) fn counts(&self, happened_at: DateTime<Utc>, enrollment: &Enrollment) -> bool {
        match self.since {
            WaitSince::Arrival => happened_at >= enrollment.arrived_at,
            WaitSince::Entry => happened_at >= enrollment.entered_at,
            WaitSince::Ever => true,
        }
    }
}

impl Node {
    /// Every node that follows this one in some case, in order, each once where it stands beside itself.
    pub(crate) fn edges(&self) -> Vec<usize> {
        let mut targets: Vec<Target> = match &self.kind {
            NodeKind::Send(send) => vec![self.next, send.refused.unwrap_or(self.next)],
            NodeKind::WaitFor(wait) => {
                wait.alternatives.iter().map(|alternative| alternative.next).chain([wait.otherwise]).collect()
            }
            NodeKind::Branch { ways, otherwise, unknown } => {
                ways.iter().map(|(_, target)| *target).chain([*otherwise]).chain(*unknown).collect()
            }
            NodeKind::Split(split) => split.ways.iter().map(|(_, _, target)| *target).collect(),
            NodeKind::Jump { to, .. } => vec![*to, self.next],
            NodeKind::Enter(enter) => {
                let results = enter.results.iter().map(|(_, target)| *target);
                results.chain([self.next, enter.otherwise]).collect()
            }
            NodeKind::Call(call) => {
                let results = call.results.iter().map(|(_, target)| *target);
                results.chain([self.next, call.refused, call.otherwise]).collect()
            }
            NodeKind::Reserve(reserve) => vec![self.next, reserve.full, reserve.otherwise],
            NodeKind::Confirm(confirm) => vec![self.next, confirm.full, confirm.otherwise],
            NodeKind::Exit { .. } => Vec::new(),
            _ => vec![self.next],
        };
        targets.dedup();
        targets.into_iter().flatten().collect()
    }

    /// Whether time must pass here.
    pub(crate) fn passes_time(&self) -> bool {
        match &self.kind {
            NodeKind::Wait { .. } => true,
            // What already stands can end such a wait at once.
            NodeKind::WaitFor(wait) => wait.since == WaitSince::Arrival,
            _ => false,
        }
    }
}
