//! What shall be said, to whom, on which channel.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ContactId, EnrollmentId, Hash, JourneyId, MessageId, Name, NodeId};

/// A message as a journey decided it: what it says is rendered when it is begun, on the contact as it is then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The instant of the decision and `H(enrollment, step)`: every attempt carries it, and a channel that honours it accepts it once.
    pub id: MessageId,
    /// To whom.
    pub contact: ContactId,
    /// Which enrollment decided it.
    pub enrollment: EnrollmentId,
    /// Which journey.
    pub journey: JourneyId,
    /// Which version of it.
    pub version: u32,
    /// Which node.
    pub node: NodeId,
    /// By which channel.
    pub channel: Name,
    /// Which template, bound by name when it is begun.
    pub template: Name,
    /// For which purpose; consent is asked for it.
    pub purpose: Name,
    /// When it was decided.
    #[serde(with = "ts_milliseconds")]
    pub decided_at: DateTime<Utc>,
    /// From when on it may no longer begin.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub not_after: Option<DateTime<Utc>>,
}

/// What a template says for one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Content {
    /// Who says it, by the name that the journey gives; the channel knows the address or the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Name>,
    /// Where an answer goes, where that is somewhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Name>,
    /// The subject, on channels that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML, its variables escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The hash of the template it was rendered from.
    pub template: Hash,
}

impl Content {
    pub(crate) fn new(
        subject: Option<String>,
        text: Option<String>,
        html: Option<String>,
        template: Hash,
    ) -> Self {
        Self { from: None, reply_to: None, subject, text, html, template }
    }

    /// The text a reader without HTML sees; empty where the template has HTML alone.
    #[must_use]
    pub fn plain(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}
