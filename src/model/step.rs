//! The record of one node visited by one enrollment.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{EnrollmentId, ExitReason, JourneyId, MessageId, Name, NodeId};

/// One line of the audit: what was decided at a node, when, and where it led. Append-only.
///
/// The steps of an enrollment are numbered from 0 without a gap. A step whose [`next`](Step::next) is absent either
/// stays (a deferral) or ends the enrollment ([`StepOutcome::Exited`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// Whose step.
    pub enrollment: EnrollmentId,
    /// Its number within the enrollment, from 0.
    pub ordinal: u32,
    /// Which journey.
    pub journey: JourneyId,
    /// Which version of it.
    pub version: u32,
    /// The node that was visited.
    pub node: NodeId,
    /// The instant of the decision: of its cause, never of when the engine woke.
    #[serde(with = "ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What was decided.
    pub outcome: StepOutcome,
    /// The node that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NodeId>,
}

impl Step {
    pub(crate) fn new(
        enrollment: &super::Enrollment,
        at: DateTime<Utc>,
        outcome: StepOutcome,
        next: Option<NodeId>,
    ) -> Self {
        Self {
            enrollment: enrollment.id,
            ordinal: enrollment.ordinal,
            journey: enrollment.journey.clone(),
            version: enrollment.version,
            node: enrollment.node.clone(),
            at,
            outcome,
            next,
        }
    }
}

/// What was decided at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepOutcome {
    /// The enrollment began; always step 0.
    Entered,
    /// A wait was over.
    Waited,
    /// The event that was waited for came.
    Matched {
        /// Which of the declared alternatives, from 0.
        alternative: u16,
    },
    /// The event that was waited for did not come in time.
    TimedOut,
    /// A branch was taken.
    Branched {
        /// Which way, from 0; absent for the else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<u16>,
    },
    /// A message was decided and put into the outbox.
    Sent {
        /// Its id, the channel's idempotency key.
        message: MessageId,
    },
    /// A send may not happen now; the enrollment stays until it may.
    Deferred {
        /// When it is asked again.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// A send may not happen.
    Refused {
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// What became of a message was awaited, and has come.
    Settled {
        /// The message.
        message: MessageId,
        /// Whether the channel took it.
        accepted: bool,
    },
    /// The enrollment ended.
    Exited {
        /// Why.
        reason: ExitReason,
    },
}

/// Why a message may not be sent, or not now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The contact was erased.
    Erased,
    /// The contact has no address on this channel.
    NoAddress,
    /// The address is on the suppression list.
    Suppressed,
    /// The contact never allowed this purpose on this channel.
    NoConsent,
    /// The contact, or another with the same address, withdrew this purpose on this channel.
    Withdrawn,
    /// It is a quiet hour where the contact lives.
    QuietHours,
    /// The template could not be rendered for this contact.
    Template(Name),
    /// The channel itself refused the message for good.
    Channel(Name),
    /// Every attempt allowed was used up.
    Attempts,
}

/// The answer of the gate: may this be said, now?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Permit {
    /// Yes.
    Permit,
    /// Not now.
    Defer {
        /// The first instant at which the answer can be another.
        until: DateTime<Utc>,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// No.
    Refuse {
        /// Every reason, those that would only defer included.
        reasons: Vec<Reason>,
    },
}
