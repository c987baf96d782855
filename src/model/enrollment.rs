//! One contact's passage through one journey version.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{Answer, EnrollmentId, JourneyId, MessageId, Name, NodeId, Offer, Reason};

/// One contact's passage through one journey version, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Enrollment {
    /// Derived from contact, journey and entry cause.
    pub id: EnrollmentId,
    /// Which journey.
    pub journey: JourneyId,
    /// Which version of it; an enrollment stays on the version it entered.
    pub version: u32,
    /// When it entered.
    #[serde(with = "ts_milliseconds")]
    pub entered_at: DateTime<Utc>,
    /// Where it stands.
    pub node: NodeId,
    /// Since when.
    #[serde(with = "ts_milliseconds")]
    pub arrived_at: DateTime<Utc>,
    /// The ordinal of its next step.
    pub ordinal: u32,
    /// What it waits for.
    pub waiting: Waiting,
    /// When its time is up, whatever it waits for.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The value that sets it apart from other runs of one journey, where its journey is `one_per` a property.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Name>,
    /// The date that opened it; where that moves, it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Dated>,
    /// When a message of it went that had had to wait; the following ones keep apart from it.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub delayed_at: Option<DateTime<Utc>>,
    /// How often each of its jumps was taken.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub jumps: LiteMap<NodeId, u16>,
    /// The places of offers that it asked for.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub offers: LiteMap<Name, Offer>,
    /// When its journey was entered before, in milliseconds since 1970, where only so many may enter: a run that found no
    /// place does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// What was done and can be undone: the nodes that do so, the last one first. Of more than
    /// [`MOST_TO_UNDO`](Enrollment::MOST_TO_UNDO), those of the oldest steps are forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<NodeId>,
    /// Whether it undoes what another run did, in whose place it began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undoing: bool,
    /// The time in which an operator held it, or holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

impl Enrollment {
    /// The most actions that one run remembers to undo.
    pub const MOST_TO_UNDO: usize = 256;

    pub(crate) fn new(
        id: EnrollmentId,
        journey: JourneyId,
        version: u32,
        entered_at: DateTime<Utc>,
        node: NodeId,
        expires_at: Option<DateTime<Utc>>,
    ) -> Self {
        let waiting = Waiting::Until { at: entered_at };
        Self {
            id,
            journey,
            version,
            entered_at,
            node,
            arrived_at: entered_at,
            ordinal: 0,
            waiting,
            expires_at,
            key: None,
            date: None,
            delayed_at: None,
            jumps: LiteMap::new(),
            offers: LiteMap::new(),
            before: None,
            undo: Vec::new(),
            undoing: false,
            held: None,
        }
    }
}

/// The time in which an operator holds a run, `[from, until)`: nothing of it is due in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Held {
    /// Since when.
    #[serde(with = "ts_milliseconds")]
    pub from: DateTime<Utc>,
    /// When it was let go on; absent while it is held.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Held {
    /// A hold from an instant on.
    #[must_use]
    pub fn new(from: DateTime<Utc>) -> Self {
        Self { from, until: None }
    }
}

/// The date that opened an enrollment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dated {
    /// The attribute that holds it.
    pub attribute: Name,
    /// When the journey was entered before, in milliseconds since 1970: a run whose date moved does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
}

/// What an enrollment waits for at its node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Waiting {
    /// An instant.
    Until {
        /// When the wait is over.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
    },
    /// Something that happens, until an instant.
    Event {
        /// When the wait gives up.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
        /// The alternatives, from 0, whose predicate held on arrival: they must cease to hold before they count.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stood: Vec<u16>,
    },
    /// The event came while the journey was paused: the way on is chosen, the step follows on resume.
    Matched {
        /// When the event applied.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
        /// Which of the declared alternatives, from 0.
        alternative: u16,
    },
    /// A send that may not happen now, such as in quiet hours.
    Permit {
        /// When it may be asked again.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
    },
    /// What was awaited of a message came while the journey was paused: the step follows on resume.
    Settled {
        /// When it applied.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
        /// The message.
        message: MessageId,
        /// Whether the channel took it.
        accepted: bool,
    },
    /// Nothing: it was led here and arrives, when its journey is not paused.
    Arrival {
        /// When it was led here.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
    },
    /// What becomes of a message whose refusal has an edge of its own.
    Delivery {
        /// The message.
        message: MessageId,
    },
    /// The end of another enrollment that this one began, until an instant.
    Enrollment {
        /// Which one.
        enrollment: EnrollmentId,
        /// When the wait gives up.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
    },
    /// The other enrollment ended while the journey was paused: the step follows on resume.
    Ended {
        /// When it ended.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
        /// How it ended.
        end: Name,
    },
    /// The host's answer to a call, until an instant.
    Answer {
        /// The message that asks.
        message: MessageId,
        /// When the wait gives up.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
    },
    /// The answer came while the journey was paused: the step follows on resume.
    Answered {
        /// When it came.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
        /// The message that asked.
        message: MessageId,
        /// What was answered.
        answer: Answer,
    },
    /// The call was refused while the journey was paused: the step follows on resume.
    Refused {
        /// When it was.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
        /// The message that asked.
        message: MessageId,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// It was put at its node by hand while it was held or its journey paused: it arrives there when it goes on.
    Moved {
        /// When it was put there.
        #[serde(with = "ts_milliseconds")]
        at: DateTime<Utc>,
    },
}

impl Waiting {
    /// The instant at which this wait ends by itself.
    #[must_use]
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Waiting::Until { at }
            | Waiting::Arrival { at }
            | Waiting::Matched { at, .. }
            | Waiting::Settled { at, .. }
            | Waiting::Ended { at, .. }
            | Waiting::Moved { at }
            | Waiting::Answered { at, .. }
            | Waiting::Refused { at, .. } => Some(*at),
            Waiting::Event { until, .. }
            | Waiting::Permit { until }
            | Waiting::Enrollment { until, .. }
            | Waiting::Answer { until, .. } => Some(*until),
            Waiting::Delivery { .. } => None,
        }
    }
}

/// Why an enrollment ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitReason {
    /// It passed the last step.
    Completed,
    /// It reached an exit step of this name.
    Exit(Name),
    /// The goal was reached: the event that says so.
    Goal(Name),
    /// An event that ends the journey without being its goal.
    Event(Name),
    /// Its longest stay was over.
    MaxDuration,
    /// What ends the journey without being its goal and is no event: the kind of it.
    Fact(Name),
    /// A step of another journey took the contact out.
    Left,
    /// An operator took the contact out.
    Ejected,
    /// The date that opened it moved or went away.
    DateMoved,
    /// A pause or an outage made it later than its journey allows.
    Late,
    /// Its journey lets in only so many, and no place was left.
    Full,
    /// It had begun in the place of another run, and has undone what that did.
    Undone,
    /// Its step has no successor in the version that its journey was migrated to.
    Migrated,
    /// Its contact was merged into another one.
    Merged,
    /// It passed more nodes in one go than the step budget allows.
    StepBudget,
    /// The journey version it stood on has no such node; only a damaged store shows this.
    UnknownNode,
}

impl ExitReason {
    /// The word by which other journeys know this end: the name of an exit step, else the kind of end.
    #[must_use]
    pub fn word(&self) -> Name {
        match self {
            ExitReason::Exit(name) => name.clone(),
            ExitReason::Completed => "completed".into(),
            ExitReason::Goal(_) => "goal".into(),
            ExitReason::Event(_) | ExitReason::Fact(_) => "exit".into(),
            ExitReason::Left => "left".into(),
            ExitReason::Ejected => "ejected".into(),
            ExitReason::DateMoved => "date_moved".into(),
            ExitReason::Late => "late".into(),
            ExitReason::Full => "full".into(),
            ExitReason::Undone => "undone".into(),
            ExitReason::MaxDuration => "max_duration".into(),
            ExitReason::Migrated => "migrated".into(),
            ExitReason::Merged => "merged".into(),
            ExitReason::StepBudget => "step_budget".into(),
            ExitReason::UnknownNode => "unknown_node".into(),
        }
    }
}
