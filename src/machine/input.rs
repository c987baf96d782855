//! What reaches a contact's mailbox.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Absorb;
use crate::journey::Migration;
use crate::model::{
    Answer, Consent, ConsentStatus, Contact, ContactId, Delivery, Event, Evidence, Fact, Fingerprint, Hash,
    ImportRow, InputId, JourneyId, MessageId, Name, Operation, truncate,
};
use crate::rule::score::ScoreState;
use crate::rule::segment::SegmentState;

/// Something for a contact's mailbox, before the store has stamped it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// Whose mailbox.
    pub contact: ContactId,
    /// Its identity; the store gives it one where absent. A second input with it is ignored.
    pub id: Option<InputId>,
    /// Whether it may create a contact that the store does not know.
    pub creates: bool,
    /// The channel and the purpose that the gate must not deny when it is kept; nothing is asked where absent.
    pub permitted: Option<(Name, Name)>,
    /// What it says.
    pub kind: InputKind,
}

impl Input {
    /// An input that creates its contact where it is unknown.
    #[must_use]
    pub fn new(contact: ContactId, id: Option<InputId>, kind: InputKind) -> Self {
        Self { contact, id, creates: true, permitted: None, kind }
    }

    /// An input for a contact that must be known.
    #[must_use]
    pub fn for_known(contact: ContactId, id: Option<InputId>, kind: InputKind) -> Self {
        Self { contact, id, creates: false, permitted: None, kind }
    }

    /// The same, kept only where the gate denies the contact this purpose on this channel no more than it did: a withdrawal
    /// that came first leaves nothing of it.
    ///
    /// ```
    /// use journeyman::Event;
    /// use journeyman::machine::Input;
    /// let opened = Input::from(Event::new("lea", "message.opened")).permitted("email", "tracking");
    /// assert!(opened.permitted.is_some());
    /// ```
    #[must_use]
    pub fn permitted(mut self, channel: impl Into<Name>, purpose: impl Into<Name>) -> Self {
        self.permitted = Some((channel.into(), purpose.into()));
        self
    }
}

impl From<Contact> for Input {
    fn from(contact: Contact) -> Self {
        Self::new(contact.id.clone(), None, InputKind::Identify(contact))
    }
}

impl From<Event> for Input {
    fn from(event: Event) -> Self {
        let id = event.id.as_ref().map(|id| InputId::from_host("event", &event.contact, id));
        Self::new(event.contact.clone(), id, InputKind::Event(event))
    }
}

impl From<Consent> for Input {
    fn from(consent: Consent) -> Self {
        Self::new(consent.contact.clone(), consent.input_id(), InputKind::Consent(consent))
    }
}

/// What an input says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InputKind {
    /// Who the contact is; merged into what is known.
    Identify(Contact),
    /// Something happened.
    Event(Event),
    /// Something became true of the contact, by rules that are not the engine's.
    Fact(Fact),
    /// The contact allows something.
    Consent(Consent),
    /// The contact no longer allows something; the gate wrote the denial in the same transaction.
    Withdrawal(Withdrawal),
    /// An address of the contact is on the suppression list.
    Suppression {
        /// On which channel.
        channel: Name,
        /// Which address.
        address: Fingerprint,
    },
    /// The contact wants again what its STOP on a channel ended.
    Restore {
        /// On which channel.
        channel: Name,
        /// How it is known.
        evidence: Evidence,
        /// When it was said, as the channel tells it: one from before the STOP gives nothing back.
        #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
        said_at: Option<DateTime<Utc>>,
    },
    /// A message did not arrive for now.
    SoftBounce {
        /// On which channel.
        channel: Name,
        /// At which address.
        address: Fingerprint,
        /// When, where the provider says so.
        #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
        bounced_at: Option<DateTime<Utc>>,
    },
    /// A third party shall be told of the contact.
    Share {
        /// For which purpose.
        purpose: Name,
        /// Which third party.
        with: Name,
        /// Under which id, where it does not know the contact under another one.
        subject: Fingerprint,
    },
    /// What became of a message.
    Delivery(Delivery),
    /// The host's answer to a call that its channel had taken.
    Answer {
        /// The message that asked.
        message: MessageId,
        /// What is answered.
        answer: Answer,
    },
    /// A journey that a date or the calendar opens was published; plans its doors.
    Plan {
        /// Which journey.
        journey: JourneyId,
    },
    /// A journey was published that lets those in who already qualify.
    Enroll {
        /// Which journey.
        journey: JourneyId,
        /// Its first version that says so.
        version: u32,
    },
    /// Runs of one version of a journey are led to another one.
    Migrate(Migration),
    /// A paused journey goes on; wakes the contact.
    Resume {
        /// Which journey.
        journey: JourneyId,
    },
    /// The contact's history, counted by new rules of a score.
    Seed {
        /// Which score.
        score: Name,
        /// Its rules.
        hash: Hash,
        /// The last input that was counted.
        through: u64,
        /// The instant up to which time had passed for the contact.
        #[serde(with = "ts_milliseconds")]
        as_of: DateTime<Utc>,
        /// What it comes to.
        state: Box<ScoreState>,
    },
    /// What the contact's history tells of the segments that are published.
    SeedSegments {
        /// All of them.
        hash: Hash,
        /// The last input that was looked at.
        through: u64,
        /// The instant up to which time had passed for the contact.
        #[serde(with = "ts_milliseconds")]
        as_of: DateTime<Utc>,
        /// What it comes to.
        state: Box<SegmentState>,
    },
    /// An event that was told never happened.
    Retract {
        /// Which input told it.
        input: InputId,
    },
    /// Something else is published, and the contact takes it over.
    Wake,
    /// An operator does something to the contact's runs.
    Operate(Operation),
    /// Another record of the person was merged into this one, and leaves it what it was.
    Absorb(Box<Absorb>),
    /// What another system knew of the contact.
    Import {
        /// The contact and its history.
        row: ImportRow,
        /// Whether it opens, ends and matches as if it had been told one by one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        triggers: bool,
    },
}

impl InputKind {
    /// The instant that it claims for itself, where it claims one.
    #[must_use]
    pub fn claimed_at(&self) -> Option<DateTime<Utc>> {
        match self {
            InputKind::Event(event) => event.at,
            _ => None,
        }
    }
}

/// What a contact no longer allows.
///
/// ```
/// use journeyman::machine::Withdrawal;
/// use journeyman::model::Evidence;
/// let stop = Withdrawal::everything("c-1042", Evidence::new("sms-keyword", "STOP")).on_channel("sms");
/// assert!(stop.purposes.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Withdrawal {
    /// Whose consent.
    pub contact: ContactId,
    /// What for; every purpose where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Name>,
    /// By which channel; every one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Name>,
    /// How it is known.
    pub evidence: Evidence,
    /// The host's own id: telling twice is then safe. One id may serve several acts, such as those of one form: each counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Name>,
    /// The address from which it came, with its channel: it is denied too, whether it is one of the contact's or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<(Name, Fingerprint)>,
    /// Which act it is; one that forbids.
    #[serde(default = "withdrawn", skip_serializing_if = "is_withdrawn")]
    pub act: ConsentStatus,
    /// When it took effect, where that is known better than by its receipt: a provider tells late. Never later than the
    /// receipt. The gate forbids from the receipt on.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Purposes that it leaves alone, because a contract or a law demands them; the engine fills in those of its policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Name>,
}

fn withdrawn() -> ConsentStatus {
    ConsentStatus::Withdrawn
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_withdrawn(act: &ConsentStatus) -> bool {
    *act == ConsentStatus::Withdrawn
}

impl Withdrawal {
    /// Every purpose on every channel.
    #[must_use]
    pub fn everything(contact: impl Into<ContactId>, evidence: Evidence) -> Self {
        Self {
            contact: contact.into(),
            purposes: Vec::new(),
            channel: None,
            evidence,
            id: None,
            act: ConsentStatus::Withdrawn,
            at: None,
            except: Vec::new(),
            from: None,
        }
    }

    /// An objection to marketing (GDPR art. 21): every purpose that nobody is owed, on every channel.
    /// No sale and no interest outweighs it later; a yes does.
    #[must_use]
    pub fn objection(contact: impl Into<ContactId>, evidence: Evidence) -> Self {
        Self { act: ConsentStatus::Objected, ..Self::everything(contact, evidence) }
    }

    /// One purpose on one channel.
    #[must_use]
    pub fn of(
        contact: impl Into<ContactId>,
        purpose: impl Into<Name>,
        channel: impl Into<Name>,
        evidence: Evidence,
    ) -> Self {
        Self::everything(contact, evidence).on_channel(channel).for_purpose(purpose)
    }

    /// Under which id it is kept, where the host gave one: an act for another purpose or on another channel has another.
    #[must_use]
    pub fn input_id(&self) -> Option<InputId> {
        let purposes = || self.purposes.iter().map(AsRef::as_ref);
        let channel = self.channel.as_deref();
        self.id.as_ref().map(|id| InputId::from_act(self.act, &self.contact, purposes(), channel, id))
    }

    /// Limits it to a channel.
    #[must_use]
    pub fn on_channel(mut self, channel: impl Into<Name>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Limits it to a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }

    /// Names the address from which it came.
    #[must_use]
    pub fn from_address(mut self, channel: impl Into<Name>, address: Fingerprint) -> Self {
        self.from = Some((channel.into(), address));
        self
    }

    /// Sets the host's own id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Name>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Says when it was said, where a provider tells late.
    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(truncate(at));
        self
    }

    /// Whether it concerns a purpose on a channel.
    #[must_use]
    pub fn concerns(&self, purpose: &str, channel: &str) -> bool {
        !self.spares(purpose)
            && (self.purposes.is_empty() || self.purposes.iter().any(|name| **name == *purpose))
            && self.channel.as_ref().is_none_or(|name| **name == *channel)
    }

    /// Whether it leaves a purpose alone.
    #[must_use]
    pub fn spares(&self, purpose: &str) -> bool {
        self.except.iter().any(|name| **name == *purpose)
    }
}

/// An input with its identity, its place in the mailbox and the instant at which the store received it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Envelope {
    /// Its place in the log; grows within a mailbox.
    pub seq: u64,
    /// Its identity.
    pub id: InputId,
    /// When the store received it.
    pub received_at: DateTime<Utc>,
    /// What it says.
    pub kind: InputKind,
}

impl Envelope {
    /// Stamps an input, as a store does.
    #[must_use]
    pub fn new(seq: u64, id: InputId, received_at: DateTime<Utc>, kind: InputKind) -> Self {
        Self { seq, id, received_at: truncate(received_at), kind }
    }
}
