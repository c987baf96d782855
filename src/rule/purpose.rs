//! What something is said for, and what allows that.

use serde::{Deserialize, Serialize};

use super::sharing::channel_of;
use crate::model::{Attributes, Ground, Name, SharedField, Value};
use crate::seeded::{Bug, is_on};
use crate::time::Span;

/// What allows that a purpose is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// A grant by the contact itself, and nothing else.
    #[default]
    Consent,
    /// A sale of the same family, of which the contact did not refuse to hear more; or a grant by the contact.
    SoftOptIn {
        /// What was sold.
        family: Name,
    },
    /// The host's interest, weighed and on record, to which the contact did not object; or a grant by the contact.
    LegitimateInterest,
    /// What the contact is owed by a contract. Nobody is asked, and only a suppressed address stops it.
    Contract,
    /// What a law demands to be said. Nobody is asked, and only a suppressed address stops it.
    LegalObligation,
}

impl Basis {
    /// Whether it needs no yes, and no withdrawal stops it.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        matches!(self, Basis::Contract | Basis::LegalObligation)
    }

    /// Whether a grant on this ground serves it.
    #[must_use]
    pub fn rests_on(&self, ground: &Ground) -> bool {
        match (self, ground) {
            (Basis::Contract | Basis::LegalObligation, _) | (_, Ground::Consent) => true,
            (Basis::SoftOptIn { family }, Ground::SoftOptIn { family: sold, sale }) => {
                (family == sold || is_on(Bug::AnySaleCounts)) && !sale.is_empty()
            }
            (Basis::LegitimateInterest, Ground::LegitimateInterest { assessment }) => !assessment.is_empty(),
            _ => false,
        }
    }
}

/// What is done with what is known of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Use {
    /// Something is said to it.
    #[default]
    Message,
    /// Scores and segments are made of what it does.
    Profiling,
    /// What it opens and follows is noted.
    Tracking,
    /// It is told to somebody else.
    Sharing {
        /// To whom.
        with: Name,
    },
}

/// What of the sending rules a purpose is spared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Spared {
    /// Its messages are counted by no cap and stopped by none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub caps: bool,
    /// It is said in quiet hours too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hours: bool,
    /// It is said outside of the window of its step too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub window: bool,
}

/// What something is said for. A purpose that a policy does not name rests on [`Basis::Consent`], the strictest.
///
/// ```
/// use journeyman::rule::{Policy, Purpose};
/// let policy = Policy::default()
///     .purpose(Purpose::contract("receipts").sparing_hours())
///     .purpose(Purpose::soft_opt_in("offers", "concerts"))
///     .purpose(Purpose::consent("news").confirmed());
/// assert!(policy.basis("receipts").is_owed() && !policy.basis("unheard of").is_owed());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Purpose {
    /// What sends, templates and consents call it.
    pub name: Name,
    /// What allows it.
    #[serde(default)]
    pub basis: Basis,
    /// What is done.
    #[serde(default, rename = "use", skip_serializing_if = "is_message")]
    pub usage: Use,
    /// What of the sending rules it is spared; asked of what is owed alone, see [`spares`](Purpose::spares).
    #[serde(default, skip_serializing_if = "is_spared_nothing")]
    pub spared: Spared,
    /// Whether a grant must be confirmed: [asked](crate::Consent::requested), and then [confirmed](crate::model::Evidence::confirming).
    /// That it was confirmed from the address is for the host to see, and to say by
    /// [`Consent::for_address`](crate::Consent::for_address); without that it holds for later addresses too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// Whether it is said at the time of day that the contact prefers, where the policy knows it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preferred: bool,
    /// What a purpose of sharing tells its third party; nothing else is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<SharedField>,
}

/// The purpose that a contact must have granted on a channel before it is noticed what it opens and follows there.
pub const TRACKING: &str = "tracking";

impl Purpose {
    /// A purpose on a basis.
    #[must_use]
    pub fn new(name: impl Into<Name>, basis: Basis) -> Self {
        Self {
            name: name.into(),
            basis,
            usage: Use::Message,
            spared: Spared::default(),
            confirmed: false,
            preferred: false,
            shares: Vec::new(),
        }
    }

    /// A purpose that the contact allows.
    #[must_use]
    pub fn consent(name: impl Into<Name>) -> Self {
        Self::new(name, Basis::Consent)
    }

    /// A purpose that a sale of the same family allows too.
    #[must_use]
    pub fn soft_opt_in(name: impl Into<Name>, family: impl Into<Name>) -> Self {
        Self::new(name, Basis::SoftOptIn { family: family.into() })
    }

    /// A purpose that an interest on record allows too.
    #[must_use]
    pub fn legitimate_interest(name: impl Into<Name>) -> Self {
        Self::new(name, Basis::LegitimateInterest)
    }

    /// A purpose that a contract demands.
    #[must_use]
    pub fn contract(name: impl Into<Name>) -> Self {
        Self::new(name, Basis::Contract)
    }

    /// A purpose that a law demands.
    #[must_use]
    pub fn legal_obligation(name: impl Into<Name>) -> Self {
        Self::new(name, Basis::LegalObligation)
    }

    /// Scores and segments for marketing; the contact allows it.
    #[must_use]
    pub fn profiling() -> Self {
        Self { usage: Use::Profiling, ..Self::consent("profiling") }
    }

    /// What the contact opens and follows; the contact allows it.
    #[must_use]
    pub fn tracking() -> Self {
        Self { usage: Use::Tracking, ..Self::consent(TRACKING) }
    }

    /// Telling a named third party of the contact; the contact allows it. Its name is the party's.
    ///
    /// It allows what [`Engine::share`](crate::Engine::share) tells that one party, and no message. A contact allows it on the
    /// [channel of the party](Purpose::third_party_channel).
    ///
    /// ```
    /// use journeyman::rule::{Policy, Purpose};
    /// let sponsor = Purpose::sharing("maison-k").telling_attribute("first_name").telling_address("email");
    /// assert_eq!(sponsor.third_party_channel().as_deref(), Some("share:maison-k"));
    /// assert!(Policy::default().purpose(sponsor).check().is_ok());
    /// ```
    #[must_use]
    pub fn sharing(with: impl Into<Name>) -> Self {
        let with = with.into();
        Self { usage: Use::Sharing { with: with.clone() }, ..Self::consent(with) }
    }

    /// Tells the third party what the host knows of the contact under this name.
    #[must_use]
    pub fn telling_attribute(mut self, name: impl Into<Name>) -> Self {
        self.shares.push(SharedField::Attribute(name.into()));
        self
    }

    /// Tells the third party the address of the contact on this channel.
    #[must_use]
    pub fn telling_address(mut self, channel: impl Into<Name>) -> Self {
        self.shares.push(SharedField::Address(channel.into()));
        self
    }

    /// The third party that is told, where it is a purpose of sharing.
    #[must_use]
    pub fn partner(&self) -> Option<&Name> {
        match &self.usage {
            Use::Sharing { with } => Some(with),
            _ => None,
        }
    }

    /// The channel by which its third party is told, and on which a contact allows that: `share:` and the name of the party.
    #[must_use]
    pub fn third_party_channel(&self) -> Option<Name> {
        self.partner().map(|with| channel_of(with))
    }

    /// Demands that a grant is confirmed: a double opt-in.
    #[must_use]
    pub fn confirmed(mut self) -> Self {
        self.confirmed = true;
        self
    }

    /// Says it at the time of day that the contact prefers, where that is known
    /// ([`Policy::preferred_time_in`](crate::rule::Policy::preferred_time_in)).
    #[must_use]
    pub fn at_preferred_time(mut self) -> Self {
        self.preferred = true;
        self
    }

    /// Lets it pass every cap, where it is owed.
    #[must_use]
    pub fn sparing_caps(mut self) -> Self {
        self.spared.caps = true;
        self
    }

    /// Lets it be said at every hour, where it is owed.
    #[must_use]
    pub fn sparing_hours(mut self) -> Self {
        self.spared.hours = true;
        self
    }

    /// Lets it be said outside of the window of its step, where it is owed.
    #[must_use]
    pub fn sparing_window(mut self) -> Self {
        self.spared.window = true;
        self
    }

    /// What of the sending rules it is spared: nothing, unless a contract or a law demands it.
    #[must_use]
    pub fn spares(&self) -> Spared {
        if self.basis.is_owed() { self.spared } else { Spared::default() }
    }
}

/// Who is too young to allow anything alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Minors {
    /// The attribute that tells.
    pub attribute: Name,
    /// What it says of a minor: the same word, or a number that is larger than the contact's own.
    pub under: Value,
}

impl Minors {
    /// Puts it together: `Minors::new("age_band", "under_15")`, or `Minors::new("age", 15)`.
    #[must_use]
    pub fn new(attribute: impl Into<Name>, under: impl Into<Value>) -> Self {
        Self { attribute: attribute.into(), under: under.into() }
    }

    /// Whether the attributes are a minor's. One of unknown age is none: without the attribute, or with an empty text. A number may be written as a
    /// text, as a form sends it; of an age that cannot be read nobody knows that it is enough.
    ///
    /// ```
    /// use journeyman::Contact;
    /// use journeyman::rule::Minors;
    /// let minors = Minors::new("age", 15);
    /// assert!(minors.include(&Contact::new("lea").attribute("age", "14").attributes));
    /// assert!(!minors.include(&Contact::new("zoe").attribute("age", 15).attributes));
    /// assert!(minors.include(&Contact::new("max").attribute("age", "quatorze").attributes));
    /// assert!(!minors.include(&Contact::new("noa").attributes));
    /// ```
    #[must_use]
    pub fn include(&self, attributes: &Attributes) -> bool {
        let Some(value) = attributes.get(&self.attribute) else { return false };
        let is_number = |value: &Value| matches!(value, Value::Integer(_) | Value::Decimal(_));
        if !is_number(&self.under) {
            return *value == self.under;
        }
        let written = match value {
            Value::Text(text) if text.trim().is_empty() => return false,
            Value::Text(text) => text.trim().parse().ok().map(Value::Decimal),
            value => Some(value.clone()).filter(is_number),
        };
        written.is_none_or(|own| own.compare(&self.under).is_none_or(std::cmp::Ordering::is_lt))
    }
}

/// How long a contact that is not heard of may still be told something for marketing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retention {
    /// How long after the last contact that came from the person.
    pub lasts: Span,
    /// The events that are such a contact, beside what a person says of its consents and the keywords that it sends. What
    /// a machine can cause, such as an opened message, is none.
    pub heard_by: Vec<Name>,
    /// Where the rule is written.
    pub source: Name,
    /// As of which day.
    pub as_of: Name,
}

impl Retention {
    /// So long after the last contact.
    #[must_use]
    pub fn new(lasts: Span, source: impl Into<Name>, as_of: impl Into<Name>) -> Self {
        Self { lasts, heard_by: Vec::new(), source: source.into(), as_of: as_of.into() }
    }

    /// Three years, as the French authority has it.
    ///
    /// ```
    /// use journeyman::rule::Retention;
    /// let retention = Retention::three_years().heard_by("app.login").heard_by("order.paid");
    /// assert_eq!(retention.lasts.months, 36);
    /// ```
    #[must_use]
    pub fn three_years() -> Self {
        let source = "CNIL, référentiel relatif à la gestion commerciale, durées de conservation";
        Self::new(Span::months(36), source, "2026-11-20")
    }

    /// Names an event that is a contact by the person.
    #[must_use]
    pub fn heard_by(mut self, event: impl Into<Name>) -> Self {
        self.heard_by.push(event.into());
        self
    }

    /// Whether an event of this name is a contact by the person.
    #[must_use]
    pub fn hears(&self, event: &str) -> bool {
        let by_the_person = !NEVER_HEARD.contains(&event) || is_on(Bug::OpeningsKeepAlive);
        by_the_person && self.heard_by.iter().any(|name| **name == *event)
    }
}

/// What the engine says, and what a mail program does by itself: nobody was heard of by that, whatever a policy names.
const NEVER_HEARD: [&str; 5] =
    ["message.sent", "message.delivered", "message.opened", "message.bounced", "message.complained"];

fn is_message(usage: &Use) -> bool {
    *usage == Use::Message
}

fn is_spared_nothing(spared: &Spared) -> bool {
    *spared == Spared::default()
}
