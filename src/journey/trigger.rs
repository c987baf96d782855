//! What opens a journey, ends it or ends a wait, compiled; and the one question whether something that happened is it.

use chrono::NaiveTime;

use super::definition::Moves;
use crate::model::{Attributes, Event, ExitReason, Fact, JourneyId, Name, Value};
use crate::rule::Facts;
use crate::rule::condition::{Filter, Test};
use crate::time::{Offset, Recurrence};

/// Something that happens to a contact, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trigger {
    Event { name: Name, filter: Filter },
    Keyword { words: Vec<Name>, channel: Option<Name> },
    Attribute { name: Name, becomes: Option<Test> },
    Segment { segment: Name, inside: bool },
    Tier { score: Name, moves: Moves, to: Option<Name> },
    Mark { score: Name, mark: Name, moves: Moves },
    Reaches { score: Name, at: i64 },
    FallsBelow { score: Name, at: i64 },
    Ended { journey: JourneyId, ends: Vec<Name> },
    Host { name: Name, filter: Filter },
    Date { attribute: Name, offset: Offset, time: Option<NaiveTime> },
    Schedule(Box<Recurrence>),
}

/// Something that happened, as a trigger sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Occurrence<'o> {
    Event(&'o Event),
    Fact(&'o Fact, i64),
    Attribute { name: &'o Name, value: Option<&'o Value> },
    Ended { journey: &'o JourneyId, reason: &'o ExitReason },
}

impl Occurrence<'_> {
    /// What is known of it, for the key of a run.
    pub(crate) fn properties(&self) -> Option<&Attributes> {
        match self {
            Self::Event(event) => Some(&event.properties),
            Self::Fact(Fact::Host { properties, .. }, _) => Some(properties),
            _ => None,
        }
    }

    /// Whether it can be told from the log alone when it happened; only an event can come late.
    pub(crate) fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            _ => None,
        }
    }
}

impl Trigger {
    /// Whether this is what happened.
    pub(crate) fn is(&self, occurrence: &Occurrence<'_>) -> bool {
        match (self, occurrence) {
            (Self::Event { name, filter }, Occurrence::Event(event)) => {
                *name == event.name && filter.passes(&event.properties)
            }
            (Self::Attribute { name, becomes }, Occurrence::Attribute { name: changed, value }) => {
                name == *changed && becomes.as_ref().is_none_or(|test| test.holds(*value))
            }
            (Self::Ended { journey, ends }, Occurrence::Ended { journey: ended, reason }) => {
                // That something was undone ends nothing once more for who did not ask for it.
                let any = ends.is_empty() && **reason != ExitReason::Undone;
                journey == *ended && (any || ends.iter().any(|end| **end == *reason.word()))
            }
            (trigger, Occurrence::Fact(fact, before)) => trigger.is_fact(fact, *before),
            _ => false,
        }
    }

    /// Whether the contact is where this leads, whenever it came there; never for what leaves no trace.
    pub(crate) fn stands(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Event { name, filter } => filter.is_empty() && facts.performed.tally(name).is_some(),
            Self::Attribute { name, becomes } => {
                let value = facts.contact.attributes.get(name);
                becomes.as_ref().map_or(value.is_some(), |test| test.holds(value))
            }
            Self::Segment { segment, inside } => facts.rating.is_in(segment) == *inside,
            Self::Tier { score, to, .. } => to.is_some() && facts.rating.tier(score) == to.as_ref(),
            Self::Mark { score, mark, moves } => *moves == Moves::Up && facts.rating.is_marked(score, mark),
            Self::Reaches { score, at } => facts.rating.score(score) >= *at,
            Self::FallsBelow { score, at } => {
                facts.rating.has_score(score) && facts.rating.score(score) < *at
            }
            Self::Keyword { .. }
            | Self::Ended { .. }
            | Self::Host { .. }
            | Self::Date { .. }
            | Self::Schedule(_) => false,
        }
    }

    /// `before` is the value that a score had.
    fn is_fact(&self, fact: &Fact, before: i64) -> bool {
        match (self, fact) {
            (Self::Keyword { words, channel }, Fact::Keyword { word, channel: on }) => {
                words.contains(&crate::model::keyword(word)) && (channel.is_none() || channel == on)
            }
            (Self::Segment { segment, inside }, Fact::Segment { segment: moved, inside: now }) => {
                segment == moved && inside == now
            }
            (Self::Tier { score, moves, to }, Fact::Tier { score: moved, to: reached, up, .. }) => {
                score == moved && moves.leads(*up) && (to.is_none() || to == reached)
            }
            (Self::Mark { score, mark, moves }, Fact::Mark { score: of, mark: reached, up }) => {
                score == of && mark == reached && moves.leads(*up)
            }
            (Self::Reaches { score, at }, Fact::Score { score: changed, value }) => {
                score == changed && before < *at && value >= at
            }
            (Self::FallsBelow { score, at }, Fact::Score { score: changed, value }) => {
                score == changed && before >= *at && value < at
            }
            (Self::Host { name, filter }, Fact::Host { name: said, properties }) => {
                name == said && filter.passes(properties)
            }
            _ => false,
        }
    }
}

impl Moves {
    /// Whether this way is meant.
    fn leads(self, up: bool) -> bool {
        match self {
            Moves::Up => up,
            Moves::Down => !up,
            _ => true,
        }
    }
}
