//! One decision to say something, or not.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{EnrollmentId, JourneyId, MessageId, Name, NodeId, Reason, Sharing};

/// One decision to say something to a contact, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Decision {
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// Which run of a journey.
    pub enrollment: EnrollmentId,
    /// Which journey.
    pub journey: JourneyId,
    /// Which version of it.
    pub version: u32,
    /// Which step.
    pub node: NodeId,
    /// By which channel.
    pub channel: Name,
    /// By which template.
    pub template: Name,
    /// For which purpose.
    pub purpose: Name,
    /// The message, where it came to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// What became of it.
    pub said: Said,
    /// Every reason why it was not said, or not then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What a third party was to be told, where nothing was to be said to the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// By which edition of the sending rules ([`Policy::edition`](crate::rule::Policy::edition)) the step or the gate answered
    /// last. None where neither was asked yet, and of what a former version of this crate put off or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Name>,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Said {
    /// The channel took it.
    Sent,
    /// It was not said and will not be.
    NotSent,
    /// It was put off, and asked again later.
    Deferred,
    /// It waits.
    Waiting,
    /// Whether it was said is not known.
    Unknown,
}

impl Decision {
    /// A decision of a step that has not come to a message.
    #[must_use]
    #[allow(clippy::too_many_arguments)] // every field of a row, none with a default
    pub fn new(
        at: DateTime<Utc>,
        enrollment: EnrollmentId,
        journey: JourneyId,
        version: u32,
        node: NodeId,
        [channel, template, purpose]: [Name; 3],
        said: Said,
        reasons: Vec<Reason>,
    ) -> Self {
        Self {
            at,
            enrollment,
            journey,
            version,
            node,
            channel,
            template,
            purpose,
            message: None,
            said,
            reasons,
            sharing: None,
            policy: None,
        }
    }

    /// The same with the message that it came to.
    #[must_use]
    pub fn of(self, message: MessageId) -> Self {
        Self { message: Some(message), ..self }
    }

    /// The same with the edition of the sending rules by which it was decided.
    #[must_use]
    pub fn by(self, policy: Option<Name>) -> Self {
        Self { policy, ..self }
    }

    /// The same with what a third party was to be told.
    #[must_use]
    pub fn telling(self, sharing: Option<Sharing>) -> Self {
        Self { sharing, ..self }
    }
}
