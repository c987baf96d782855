//! What became of a message.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Call, Contact, Content, Deed, EnrollmentId, JourneyId, Message, MessageId, Name, Reason, Sharing,
};

/// What a channel is handed: everything it needs, borrowed for one call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Handover<'a> {
    /// The message; its id is the idempotency key, and the same id may come again.
    pub message: &'a Message,
    /// The address on this channel; empty for a call to the host where the contact has none, and of what a third party is told
    /// the name of that party.
    pub to: &'a str,
    /// What to say; every attempt under one id carries the same bytes.
    pub content: &'a Content,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// For a call to the host: the contact as it is committed.
    pub contact: Option<&'a Contact>,
}

impl<'a> Handover<'a> {
    /// Puts a handover together, as a test of a channel needs it.
    #[must_use]
    pub fn new(message: &'a Message, to: &'a str, content: &'a Content, attempt: u32) -> Self {
        Self { message, to, content, attempt, contact: None }
    }

    /// Adds the contact, as a call to the host has it.
    #[must_use]
    pub fn about(mut self, contact: &'a Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// After which instant it must not be delivered: the earlier of the declared deadline and the end of the hours in which it
    /// began (quiet hours, the hours of the law, the window of its step). Set the provider's validity period from it, such as
    /// that of an SMS; the engine only sees to it that no attempt begins later. Of a call to the host: until when its answer
    /// counts, such as the deadline of a hand-over in the hours of its team. Nothing where it is never too late.
    #[must_use]
    pub fn deliver_by(&self) -> Option<DateTime<Utc>> {
        match self.message.call {
            Some(_) => self.message.not_after,
            None => self.content.deliver_by,
        }
    }

    /// What is asked, where this is a call to the host and nothing for the contact.
    #[must_use]
    pub fn call(&self) -> Option<&'a Call> {
        self.message.call.as_ref()
    }

    /// What a third party is told, where that is what it is for: [`to`](Handover::to) is its name then, and the text of the
    /// content is the JSON that [`Engine::share`](crate::Engine::share) describes.
    #[must_use]
    pub fn sharing(&self) -> Option<&'a Sharing> {
        self.message.sharing.as_ref()
    }
}

/// What a channel says of one handover.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The provider has it. Of a call: it is taken, and its answer comes through [`Engine::answer`](crate::Engine::answer).
    Accepted,
    /// The answer to a call.
    Answered(Answer),
    /// The provider will never take it: a malformed address, a blocked sender.
    Refused {
        /// A word for it, without personal values.
        reason: Name,
    },
    /// Not this time.
    Retry {
        /// How long the provider asked to wait; the engine's own back-off where absent.
        after: Option<TimeDelta>,
    },
    /// Nobody knows: the connection was lost after the request was sent.
    Unknown,
}

/// What became of one attempt to deliver a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Which message.
    pub message: MessageId,
    /// Which attempt, from 1; 0 where the gate answered before any attempt.
    pub attempt: u32,
    /// When it was known.
    pub at: DateTime<Utc>,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Which enrollment decided it; the store fills it in. Absent in mail of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<EnrollmentId>,
    /// By which channel it was sent; the store fills it in where the channel took what is said to the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Name>,
    /// By which template; filled in with the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Name>,
    /// By which journey; filled in with the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyId>,
}

impl Delivery {
    /// Puts a delivery together.
    #[must_use]
    pub fn new(message: MessageId, attempt: u32, at: DateTime<Utc>, status: DeliveryStatus) -> Self {
        Self { message, attempt, at, status, enrollment: None, channel: None, template: None, journey: None }
    }

    /// Says of which message this is, as a store does: which enrollment decided it, and what was sent, where anything was.
    #[must_use]
    pub fn about(mut self, message: &Message) -> Self {
        self.enrollment = Some(message.enrollment);
        if self.status == DeliveryStatus::Accepted && message.is_said() {
            self.channel = Some(message.channel.clone());
            self.template = Some(message.template.clone());
            self.journey = Some(message.journey.clone());
        }
        self
    }

    /// Says which enrollment decided the message, as a store does.
    #[must_use]
    pub fn of(mut self, enrollment: EnrollmentId) -> Self {
        self.enrollment = Some(enrollment);
        self
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// The channel accepted it. Final.
    Accepted,
    /// The channel took the call and answered it. Final.
    Answered {
        /// What it said.
        answer: Answer,
    },
    /// The gate or the channel refused it. Final.
    Refused {
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// The gate deferred it; it keeps its id and waits in the outbox.
    Deferred {
        /// When it is asked again.
        until: DateTime<Utc>,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// The channel asked for another attempt.
    Retry {
        /// When it follows.
        at: DateTime<Utc>,
    },
    /// Its outcome is unknown and it is not repeated: an operator decides. Final until then.
    Parked,
    /// An operator took it back before it had begun, or while it waited for another attempt. Final.
    Cancelled {
        /// Who, and why.
        by: Deed,
    },
    /// An operator asked for another attempt at a message whose outcome is unknown.
    Repeated {
        /// When it may begin.
        at: DateTime<Utc>,
        /// Who, and why.
        by: Deed,
    },
}

impl DeliveryStatus {
    /// The same without whatever can name a person: what stays of it after an erasure. Nothing of an answer of the host, and of
    /// what an operator did.
    ///
    /// ```
    /// use journeyman::model::{DeliveryStatus, Reason};
    /// let refused = |reason| DeliveryStatus::Refused { reasons: vec![reason] };
    /// let words = refused(Reason::Channel("no such user: lea@example.org".into()));
    /// assert_eq!(words.without_words(), Some(refused(Reason::Channel("".into()))));
    /// ```
    #[must_use]
    pub fn without_words(&self) -> Option<Self> {
        let bare = |reasons: &[Reason]| reasons.iter().map(Reason::without_words).collect();
        match self {
            DeliveryStatus::Refused { reasons } => Some(DeliveryStatus::Refused { reasons: bare(reasons) }),
            DeliveryStatus::Deferred { until, reasons } => {
                Some(DeliveryStatus::Deferred { until: *until, reasons: bare(reasons) })
            }
            DeliveryStatus::Accepted | DeliveryStatus::Retry { .. } | DeliveryStatus::Parked => {
                Some(self.clone())
            }
            DeliveryStatus::Answered { .. }
            | DeliveryStatus::Cancelled { .. }
            | DeliveryStatus::Repeated { .. } => None,
        }
    }
}
