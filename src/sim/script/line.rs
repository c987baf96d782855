//! One line of a timeline: what happened, when, to whom.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::{ContactId, EnrollmentId, Fact, JourneyId, MessageId, Name, NodeId};

/// One line of a timeline. As JSON it is one flat object; what is not known or does not apply is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; absent for what concerns everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// In which journey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyId>,
    /// In which version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// In which passage through it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<EnrollmentId>,
    /// At which node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened; its name in JSON is `kind`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// An enrollment began.
    Entered,
    /// An enrollment ended.
    Left {
        /// A word: `completed`, `exit`, `goal`, `event`, `max_duration` ...
        reason: Name,
        /// The exit or the event that the word is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
    },
    /// A node was passed that says nothing to the contact.
    Step {
        /// A word: `waited`, `matched`, `timed_out`, `branched`, `settled` ...
        outcome: Name,
        /// What the step itself records beside the word, such as `alternative` or `way`.
        #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
        detail: serde_json::Map<String, serde_json::Value>,
        /// The node that follows.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<NodeId>,
    },
    /// A message was decided and put into the outbox.
    Decided {
        /// Which one.
        #[serde(flatten)]
        said: Said,
    },
    /// The host was asked; the channel and what is asked, which stands in the place of the template.
    Asked {
        /// What.
        #[serde(flatten)]
        said: Said,
    },
    /// The host answered.
    Answered {
        /// What.
        #[serde(flatten)]
        said: Said,
        /// By which word.
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Name>,
    },
    /// The channel accepted a message.
    Sent {
        /// Which one.
        #[serde(flatten)]
        said: Said,
    },
    /// A message may not be said now.
    Deferred {
        /// Which one.
        #[serde(flatten)]
        said: Said,
        /// Who says so.
        by: By,
        /// When it is asked again.
        until: DateTime<Utc>,
        /// Every reason: a word, and after a colon what it is about.
        reasons: Vec<Name>,
    },
    /// The date that is waited for moved.
    Replanned {
        /// Until when it is waited now.
        until: DateTime<Utc>,
    },
    /// A message is never said.
    Refused {
        /// Which one.
        #[serde(flatten)]
        said: Said,
        /// Who says so.
        by: By,
        /// Every reason: a word, and after a colon what it is about.
        reasons: Vec<Name>,
    },
    /// The channel did not take a message this time.
    Retried {
        /// Which one.
        #[serde(flatten)]
        said: Said,
        /// When it is tried again.
        until: DateTime<Utc>,
    },
    /// Nobody knows whether a message arrived, and it is not repeated.
    Parked {
        /// Which one.
        #[serde(flatten)]
        said: Said,
    },
    /// A message was taken back before it left, because its enrollment ended.
    Cancelled {
        /// Which one.
        #[serde(flatten)]
        said: Said,
    },
    /// The scenario told an event.
    Event {
        /// Which one.
        event: Name,
    },
    /// The contact came into a segment, or left it.
    Segment {
        /// Which one.
        segment: Name,
        /// Whether it is inside now.
        inside: bool,
    },
    /// A score of the contact stands in another tier.
    Tier {
        /// Which score.
        score: Name,
        /// The tier that was left.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Name>,
        /// The tier that was reached.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<Name>,
        /// Whether it is the higher one.
        up: bool,
    },
    /// A score of the contact changed.
    Score {
        /// Which one.
        score: Name,
        /// Its value.
        value: i64,
    },
    /// A mark of a score was reached, or is over.
    Mark {
        /// Which score.
        score: Name,
        /// Which mark of it.
        mark: Name,
        /// Whether it was reached.
        up: bool,
    },
    /// A word came in.
    Keyword {
        /// Which one.
        word: Name,
        /// By which channel.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<Name>,
    },
    /// The host called for something.
    Host {
        /// By which name.
        name: Name,
    },
    /// The scenario told more of a contact.
    Identified,
    /// The scenario told of a consent.
    Consented {
        /// For what.
        purposes: Vec<Name>,
        /// By what.
        channels: Vec<Name>,
    },
    /// The scenario told of a withdrawal.
    Withdrew {
        /// Of what; of everything where nothing is named.
        purposes: Vec<Name>,
        /// By what; by everything where nothing is named.
        channels: Vec<Name>,
    },
    /// The scenario put addresses of a contact on the suppression list.
    Suppressed {
        /// On which channels.
        channels: Vec<Name>,
    },
    /// The scenario erased a contact.
    Erased,
    /// The scenario published definitions.
    Published {
        /// Their names.
        definitions: Vec<Name>,
    },
    /// The scenario paused a journey or a channel.
    Paused {
        /// Which.
        target: Name,
    },
    /// The scenario let it go on.
    Resumed {
        /// Which.
        target: Name,
    },
    /// What was told changed nothing.
    Ignored {
        /// What was told.
        told: Name,
        /// A word: `duplicate`, `expired`, `erased`, `unknown_contact`, `too_large`.
        reason: Name,
    },
    /// The work of a contact failed too often in a row; it waits.
    SetAside {
        /// A word for the last failure.
        reason: Name,
    },
}

/// A message, or what would have been one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Said {
    /// Its id; absent where it was refused or deferred before there was a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// By which channel.
    pub channel: Name,
    /// In which words.
    pub template: Name,
    /// For which purpose.
    pub purpose: Name,
    /// The subject as it was rendered, where the template has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Name>,
    /// In which variant of the template, such as `fr-tu`, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Name>,
    /// Which attempt it was, from 1; absent where none had begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// Who answered for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum By {
    /// The node, before there was a message.
    Node,
    /// The gate, before the channel was called.
    Gate,
    /// The channel.
    Channel,
}

impl Line {
    pub(super) fn new(at: DateTime<Utc>, contact: Option<ContactId>, what: What) -> Self {
        Self { at, contact, journey: None, version: None, enrollment: None, node: None, what }
    }
}

impl What {
    /// A fact, as the timeline tells it.
    pub(super) fn of_fact(fact: &Fact) -> Self {
        match fact.clone() {
            Fact::Keyword { word, channel } => Self::Keyword { word, channel },
            Fact::Segment { segment, inside } => Self::Segment { segment, inside },
            Fact::Tier { score, from, to, up } => Self::Tier { score, from, to, up },
            Fact::Score { score, value } => Self::Score { score, value },
            Fact::Mark { score, mark, up } => Self::Mark { score, mark, up },
            Fact::Host { name, .. } => Self::Host { name },
        }
    }
}
