//! How it is known what a contact allows: what a host could show to somebody who asks for proof.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Hash, Name, truncate};

/// How it is known: what a host could show to somebody who asks for proof.
///
/// The evidence itself (a form's content, an inbound text) stays with the host; the record keeps a salted
/// commitment to it, so that erasing the salt and the value erases the person and leaves the chain whole.
///
/// ```
/// use journeyman::model::{Evidence, How};
/// let evidence = Evidence::new("signup-form", "notice-2026-03")
///     .showing("Yes, write to me about new songs.")
///     .by(How::Checkbox)
///     .in_language("en")
///     .committed(b"salt", b"the form as it was sent");
/// assert!(evidence.commitment.is_some() && evidence.wording_hash.is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where the answer was given: a form, a keyword, a page, an operator.
    pub source: Name,
    /// The version of the words that the contact saw.
    pub wording: Name,
    /// `H(salt, value)` of the evidence that the host keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Hash>,
    /// The hash of the words themselves, so that a version cannot be reworded afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording_hash: Option<Hash>,
    /// By which act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// The language in which it was asked, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Name>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Giver::is_contact")]
    pub who: Giver,
    /// What a grant rests on.
    #[serde(default, skip_serializing_if = "Ground::is_consent")]
    pub ground: Ground,
    /// The request that a grant confirms, where it was asked twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirms: Option<Confirmed>,
    /// From when on a grant no longer holds.
    #[serde(default, with = "ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
}

/// By which act an answer was given. Silence, a box that was ticked before and an account that was opened are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum How {
    /// A box that the contact ticked.
    Checkbox,
    /// A button that the contact pressed.
    Button,
    /// A link that was sent to the address, and followed.
    Link,
    /// A word that the contact sent.
    Keyword,
    /// The one click that a mail program offers (RFC 8058).
    OneClick,
    /// A page of preferences.
    Preferences,
    /// Another program of the host's.
    Api,
    /// Taken over from another system, with its proof.
    Import,
    /// Told to an agent, who wrote it down.
    Agent,
    /// On paper.
    Paper,
}

impl How {
    /// The word for it, as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            How::Checkbox => "checkbox",
            How::Button => "button",
            How::Link => "link",
            How::Keyword => "keyword",
            How::OneClick => "one_click",
            How::Preferences => "preferences",
            How::Api => "api",
            How::Import => "import",
            How::Agent => "agent",
            How::Paper => "paper",
        }
    }
}

/// Who gave an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Giver {
    /// The contact.
    #[default]
    Contact,
    /// Who has parental responsibility for the contact.
    Guardian {
        /// Where the host keeps who that is.
        reference: Name,
    },
    /// Somebody of the host's, for the contact.
    Operator {
        /// Who.
        id: Name,
        /// Why.
        reason: Name,
    },
    /// A provider: a carrier, a mail service.
    Provider {
        /// Which.
        name: Name,
    },
}

impl Giver {
    fn is_contact(&self) -> bool {
        *self == Giver::Contact
    }

    /// The word for it, and what it names.
    pub(super) fn parts(&self) -> [&str; 3] {
        match self {
            Giver::Contact => ["contact", "", ""],
            Giver::Guardian { reference } => ["guardian", reference, ""],
            Giver::Operator { id, reason } => ["operator", id, reason],
            Giver::Provider { name } => ["provider", name, ""],
        }
    }
}

/// What a grant rests on. A policy says on which of them a purpose may be served.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ground {
    /// The contact said yes.
    #[default]
    Consent,
    /// The contact bought something, got to know that it would be told of similar things, and did not refuse.
    SoftOptIn {
        /// Where the host keeps the sale.
        sale: Name,
        /// What was sold; only things of this family may be told of.
        family: Name,
    },
    /// The host's interest, weighed against the contact's (of businesses alone).
    LegitimateInterest {
        /// Where the host keeps the assessment.
        assessment: Name,
    },
}

impl Ground {
    /// Whether the contact said yes.
    #[must_use]
    pub fn is_consent(&self) -> bool {
        *self == Ground::Consent
    }

    /// The word for it, and what it names.
    pub(super) fn parts(&self) -> [&str; 3] {
        match self {
            Ground::Consent => ["consent", "", ""],
            Ground::SoftOptIn { sale, family } => ["soft_opt_in", sale, family],
            Ground::LegitimateInterest { assessment } => ["legitimate_interest", assessment, ""],
        }
    }
}

/// The request that a grant confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confirmed {
    /// The host's own id of the request.
    pub request: Name,
    /// When it was asked: what was withdrawn after that is not allowed again by a late click.
    #[serde(with = "ts_milliseconds")]
    pub asked_at: DateTime<Utc>,
}

impl Evidence {
    /// Evidence with its two mandatory parts.
    #[must_use]
    pub fn new(source: impl Into<Name>, wording: impl Into<Name>) -> Self {
        Self {
            source: source.into(),
            wording: wording.into(),
            commitment: None,
            wording_hash: None,
            how: None,
            locale: None,
            who: Giver::Contact,
            ground: Ground::Consent,
            confirms: None,
            valid_until: None,
        }
    }

    /// Commits to a value without storing it.
    #[must_use]
    pub fn committed(mut self, salt: &[u8], value: &[u8]) -> Self {
        self.commitment = Some(Hash::of("evidence", &[salt, value]));
        self
    }

    /// Fixes the words that the contact saw, by their hash; the host keeps the words.
    #[must_use]
    pub fn showing(mut self, words: &str) -> Self {
        self.wording_hash = Some(Hash::of("wording", &[words.as_bytes()]));
        self
    }

    /// Says by which act the answer was given.
    #[must_use]
    pub fn by(mut self, how: How) -> Self {
        self.how = Some(how);
        self
    }

    /// Says in which language it was asked.
    #[must_use]
    pub fn in_language(mut self, locale: impl Into<Name>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Says who acted; the contact unless said.
    #[must_use]
    pub fn given_by(mut self, who: Giver) -> Self {
        self.who = who;
        self
    }

    /// Says that a guardian acted; the host keeps who that is under `reference`.
    #[must_use]
    pub fn from_guardian(self, reference: impl Into<Name>) -> Self {
        self.given_by(Giver::Guardian { reference: reference.into() })
    }

    /// Lets a grant rest on a sale: the contact was told and did not refuse.
    #[must_use]
    pub fn of_sale(mut self, sale: impl Into<Name>, family: impl Into<Name>) -> Self {
        self.ground = Ground::SoftOptIn { sale: sale.into(), family: family.into() };
        self
    }

    /// Lets a grant rest on the host's interest, by an assessment.
    #[must_use]
    pub fn of_interest(mut self, assessment: impl Into<Name>) -> Self {
        self.ground = Ground::LegitimateInterest { assessment: assessment.into() };
        self
    }

    /// Says which request is confirmed, by the host's own id of it, and when that was asked.
    #[must_use]
    pub fn confirming(mut self, request: impl Into<Name>, asked_at: DateTime<Utc>) -> Self {
        self.confirms = Some(Confirmed { request: request.into(), asked_at: truncate(asked_at) });
        self
    }

    /// Says from when on a grant no longer holds.
    #[must_use]
    pub fn until(mut self, instant: DateTime<Utc>) -> Self {
        self.valid_until = Some(truncate(instant));
        self
    }

    /// Every name in it, with what it is, for limits.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let [_, who, why] = self.who.parts();
        let [_, first, second] = self.ground.parts();
        let request = self.confirms.as_ref().map(|confirmed| &*confirmed.request);
        [("source of the evidence", &*self.source), ("wording of the evidence", &*self.wording)]
            .into_iter()
            .chain(self.locale.as_deref().map(|locale| ("locale of the evidence", locale)))
            .chain((!self.who.is_contact()).then_some(("giver of the evidence", who)))
            .chain(matches!(self.who, Giver::Operator { .. }).then_some(("reason of the operator", why)))
            .chain((!self.ground.is_consent()).then_some(("ground of the evidence", first)))
            .chain(
                matches!(self.ground, Ground::SoftOptIn { .. }).then_some(("family of the evidence", second)),
            )
            .chain(request.map(|request| ("request of the evidence", request)))
    }

    /// What the chain covers of the newer fields: each that is there, under a word of its own, so that records of before
    /// hash as they did.
    pub(super) fn newer_parts(&self) -> Vec<Vec<u8>> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut put = |word: &str, values: &[&[u8]]| {
            parts.push(word.as_bytes().to_vec());
            parts.extend(values.iter().map(|value| value.to_vec()));
        };
        if let Some(hash) = &self.wording_hash {
            put("wording_hash", &[hash.as_bytes()]);
        }
        if let Some(how) = self.how {
            put("how", &[how.word().as_bytes()]);
        }
        if let Some(locale) = &self.locale {
            put("locale", &[locale.as_bytes()]);
        }
        if !self.who.is_contact() {
            put("who", &self.who.parts().map(str::as_bytes));
        }
        if !self.ground.is_consent() {
            put("ground", &self.ground.parts().map(str::as_bytes));
        }
        if let Some(Confirmed { request, asked_at }) = &self.confirms {
            put("confirms", &[request.as_bytes(), &asked_at.timestamp_millis().to_le_bytes()]);
        }
        if let Some(until) = self.valid_until {
            put("valid_until", &[&until.timestamp_millis().to_le_bytes()]);
        }
        parts
    }
}
