//! The record of one node visited by one enrollment.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Deed, EnrollmentId, ExitReason, JourneyId, MessageId, Name, NodeId, Operated};
use crate::seeded::{Bug, is_on};

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
    /// By which edition of the sending rules ([`Policy::edition`](crate::rule::Policy::edition)) a send was refused or put off
    /// here; absent for every other step. What was decided of a message is told by the [record](crate::port::store::MessageRecord)
    /// of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Name>,
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
            policy: None,
        }
    }

    /// What stays of it after an erasure: that something was not said or was put off, when, and the codes of the reasons. Nothing
    /// stays of any other step.
    ///
    /// ```
    /// use journeyman::model::{Reason, Step, StepOutcome};
    /// let step: Step = serde_json::from_value(serde_json::json!({
    ///     "enrollment": "5e2fd54d1f6f5a5c9ef9c0d9a6c2b1a0", "ordinal": 2, "journey": "audit", "version": 1, "node": "remind",
    ///     "at": 1_798_000_000_000_i64, "outcome": { "refused": { "reasons": ["no_consent", { "template": "no name: Léa" }] } },
    /// }))?;
    /// let reasons = vec![Reason::NoConsent, Reason::Template("".into())];
    /// assert_eq!(step.without_words().map(|step| step.outcome), Some(StepOutcome::Refused { reasons }));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn without_words(&self) -> Option<Self> {
        let codes = |reasons: &[Reason]| reasons.iter().map(Reason::without_words).collect();
        let outcome = match &self.outcome {
            StepOutcome::Refused { reasons } => StepOutcome::Refused { reasons: codes(reasons) },
            StepOutcome::Deferred { until, reasons } => {
                StepOutcome::Deferred { until: *until, reasons: codes(reasons) }
            }
            _ => return None,
        };
        (!is_on(Bug::ErasureTakesDecisions)).then(|| Self { outcome, ..self.clone() })
    }

    pub(crate) fn by(self, policy: Option<Name>) -> Self {
        Self { policy, ..self }
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
    /// A branch was left by its edge for what is not known.
    Unknown {
        /// The way, from 0, that could not be judged.
        way: u16,
    },
    /// A lot was drawn.
    Drawn {
        /// Which way, from 0.
        way: u16,
    },
    /// Attributes and tags were changed.
    Changed,
    /// A score was changed.
    Scored {
        /// Its new value.
        value: i64,
    },
    /// An event was made to happen.
    Emitted {
        /// Its name.
        event: Name,
    },
    /// An event was to happen, and did not: too many had made each other happen at one instant.
    Dropped {
        /// Its name.
        event: Name,
    },
    /// A jump was taken, or was not because it had been taken often enough.
    Jumped {
        /// Whether it was taken.
        taken: bool,
    },
    /// Another journey was to be entered.
    Opened {
        /// The enrollment there; absent where its journey did not let the contact in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<EnrollmentId>,
    },
    /// The enrollment in the other journey ended.
    Returned {
        /// How.
        end: Name,
    },
    /// Another journey was left.
    Left {
        /// How many runs of it ended.
        runs: u16,
    },
    /// The date that is waited for moved.
    Replanned {
        /// Until when it waits now.
        #[serde(with = "ts_milliseconds")]
        until: DateTime<Utc>,
    },
    /// The enrollment was led to another version of its journey.
    Migrated {
        /// The version that it left.
        from: u32,
        /// The version that it is on.
        to: u32,
        /// The step of that version where it stands.
        node: NodeId,
    },
    /// A message was decided in the place of an earlier one that had had to wait until now.
    Merged {
        /// Its id.
        message: MessageId,
        /// The one that is not said.
        instead_of: MessageId,
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
    /// A send may not happen; or a call was refused, or was answered otherwise than the step declares.
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
    /// The host was asked; the enrollment stays until it answers.
    Called {
        /// The message that asks; its id is the call's.
        message: MessageId,
    },
    /// The host answered.
    Answered {
        /// The message that asked.
        message: MessageId,
        /// By which word, where it gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Name>,
    },
    /// A consent was withdrawn in the contact's name.
    Withdrawn,
    /// The contact has an owner now, or keeps the one it had.
    Assigned {
        /// Who.
        owner: Name,
    },
    /// An operator did something to the enrollment.
    Operated {
        /// What.
        what: Operated,
        /// Who, and why.
        by: Deed,
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
    /// It offers no way out that the law asks for where the contact may be, or does not say how to stop such messages as the policy
    /// asks for.
    NoOptOut,
    /// It is a quiet hour where the contact lives.
    QuietHours,
    /// The law, or who carries the message, closes the channel at this hour where the contact may be.
    LegalHours,
    /// It is a public holiday where the contact may be, and the law closes the channel on it.
    Holiday,
    /// The send window is closed.
    Window,
    /// It is not the time of day that the contact prefers.
    PreferredTime,
    /// It would be too late.
    Deadline,
    /// A pause or an outage made it later than its journey allows.
    Late,
    /// A message that had had to wait went too shortly before.
    Spacing,
    /// As much was said to the contact as the cap of this name allows.
    Cap(Name),
    /// What forbids it on one of the channels that the step may use.
    On {
        /// Which channel.
        channel: Name,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// The contact is held out, so that the effect of what others are told can be measured.
    Holdout,
    /// The template could not be rendered for this contact.
    Template(Name),
    /// The channel itself refused the message for good.
    Channel(Name),
    /// Every attempt allowed was used up.
    Attempts,
    /// The host's answer is not what the step declares: the value that is missing, of another kind or too large.
    Answer(Name),
    /// The sender is the contact's owner, and nobody owns it.
    NoOwner,
    /// The run holds no place of the offer.
    NoPlace,
    /// The place of the offer is free again, because it was not confirmed in time.
    Expired,
    /// The contact objects to marketing, or to what is made of what it does.
    Objected,
    /// The person was not heard of for longer than its data may be used for this.
    Lapsed,
    /// The time for which it was allowed is over.
    OutOfDate,
    /// The contact is a minor, and no guardian allowed this.
    Minor,
    /// The template does not declare the purpose, which is owed and therefore needs that.
    NotDeclared,
    /// The purpose is for something else: for telling one third party, for tracking, for profiling; or this is for a third party, and the
    /// purpose is not.
    OtherUse,
}

impl Reason {
    /// The same without what a channel, a template or the host said, which can name the person: what stays of it after an erasure.
    ///
    /// ```
    /// use journeyman::model::Reason;
    /// let words = Reason::Channel("no such user: lea@example.org".into());
    /// assert_eq!(words.without_words(), Reason::Channel("".into()));
    /// assert_eq!(Reason::QuietHours.without_words(), Reason::QuietHours);
    /// ```
    #[must_use]
    pub fn without_words(&self) -> Self {
        match self {
            Reason::Template(_) => Reason::Template(Name::default()),
            Reason::Channel(_) => Reason::Channel(Name::default()),
            Reason::Answer(_) => Reason::Answer(Name::default()),
            Reason::On { channel, reasons } => Reason::On {
                channel: channel.clone(),
                reasons: reasons.iter().map(Reason::without_words).collect(),
            },
            other => other.clone(),
        }
    }
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
