//! What shall be said, to whom, on which channel.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Attributes, Call, ContactId, EnrollmentId, Hash, Header, JourneyId, MessageId, Name, NodeId, Sharing,
    SharingAct,
};

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
    /// By when its journey wants it said: a send window that opens only later is left aside. It may begin later all the same.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub wanted_by: Option<DateTime<Utc>>,
    /// What it asks the host. Such a message says nothing to the contact; its template and its purpose have no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// What its template sees beside the contact: `offer.name` and the like.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub variables: Attributes,
    /// What it tells a third party. Such a message says nothing to the contact either; its template has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
}

impl Message {
    /// Whether it says something to the contact, and not to the host or to a third party.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.call.is_none() && self.sharing.is_none()
    }

    /// Whether it takes back what a third party was told: no withdrawal, merge or erasure cancels it, and it is handed out
    /// after an erasure too.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| sharing.act == SharingAct::Removal)
    }
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
    /// The line that an inbox shows beside the subject, on channels that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML, its variables escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The hash of the template it was rendered from.
    pub template: Hash,
    /// Which variant of it, such as `fr-tu`; absent where it is the template's own wording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Name>,
    /// Whether it only shows a colleague what somebody else would get.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Further lines of its head, on channels that have one: `List-Unsubscribe`, `List-Unsubscribe-Post`, `List-Id`. A
    /// channel that signs what it sends signs them too (RFC 8058 asks for DKIM over the first two).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// After which instant it must not be delivered, as it was known when the message began; every attempt has the same.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub deliver_by: Option<DateTime<Utc>>,
    /// Where its tracked links lead, by their number; empty where nothing is tracked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
}

impl Content {
    pub(crate) fn new(
        subject: Option<String>,
        text: Option<String>,
        html: Option<String>,
        template: Hash,
    ) -> Self {
        Self {
            from: None,
            reply_to: None,
            subject,
            preheader: None,
            text,
            html,
            template,
            variant: None,
            test: false,
            headers: Vec::new(),
            deliver_by: None,
            links: Vec::new(),
        }
    }

    /// What a call says to the contact: nothing.
    pub(crate) fn nothing() -> Self {
        Self::new(None, None, None, Hash::default())
    }

    /// The value of a further line of its head, whatever the case of the line's name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|header| header.name().eq_ignore_ascii_case(name));
        named.next().map(Header::value)
    }

    /// The text a reader without HTML sees; empty where the template has HTML alone.
    #[must_use]
    pub fn plain(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}
