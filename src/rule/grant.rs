//! One grant of a standing, and when it counts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{ConsentRecord, Evidence, Fingerprint, Giver, Ground, Name};
use crate::seeded::{Bug, is_on};

/// Something that a contact allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// The one address that it is for; all of the contact's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<Fingerprint>,
    /// When it counts, where instants are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
    /// What else is said of it, where anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<Box<Terms>>,
}

/// What is said of a grant beside when and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Terms {
    #[serde(skip_serializing_if = "Ground::is_consent")]
    ground: Ground,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_guardian: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<i64>,
    /// Where a START gave it back: when what the STOP had taken counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Mark>,
}

/// A grant that is no yes of the contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grounded {
    pub(super) purpose: Name,
    pub(super) channel: Name,
    pub(super) grant: Grant,
}

impl Grounded {
    pub(super) fn concerns(&self, purpose: &str, channel: &str) -> bool {
        *self.purpose == *purpose && *self.channel == *channel
    }
}

/// Where an act stands among others, the same in whatever order they are received.
///
/// First its instant, in milliseconds. At one instant: a grant that says when it was, then what does not say so, then what
/// forbids and says when. Last what tells two of one kind apart: the order of receipt for what does not say when, and the
/// input's identity for what does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Mark(i64, u8, u64);

impl Mark {
    /// Before everything that is said.
    const FIRST: Self = Self(i64::MIN, 0, 0);

    /// Of an act that was received before instants were kept: not later than the record with which that begins.
    pub(super) fn at_most(record: &ConsentRecord, seq: u64) -> Self {
        Self(record.received_at.unwrap_or(record.at).timestamp_millis(), 1, seq)
    }

    /// After everything that is said at an instant.
    pub(super) fn end_of(at: i64) -> Self {
        Self(at, u8::MAX, u64::MAX)
    }

    pub(super) fn at(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }

    pub(super) fn of(record: &ConsentRecord) -> Self {
        let confirms = record.evidence.confirms.as_ref().filter(|_| !record.status.forbids());
        let at = match confirms {
            _ if is_on(Bug::CountsFromReceipt) => record.received_at.unwrap_or(record.at),
            Some(confirmed) if !is_on(Bug::LateClickCounts) => confirmed.asked_at.min(record.at),
            _ => record.at,
        };
        let says_when = record.received_at.is_some() || confirms.is_some();
        let (rank, tie) = match says_when {
            false => (1, record.seq),
            true => {
                let mut short = [0; 8];
                short.copy_from_slice(&record.input.as_bytes()[..8]);
                (if record.status.forbids() { 2 } else { 0 }, u64::from_le_bytes(short))
            }
        };
        Self(at.timestamp_millis(), rank, tie)
    }
}

/// What a grant on another ground is without any terms.
static YES: Ground = Ground::Consent;

impl Grant {
    pub(super) fn of(record: &ConsentRecord, dated: bool) -> Self {
        let evidence = &record.evidence;
        let terms = Terms {
            ground: evidence.ground.clone(),
            by_guardian: matches!(evidence.who, Giver::Guardian { .. }),
            confirmed: evidence.confirms.is_some(),
            valid_until: evidence.valid_until.map(|until| until.timestamp_millis()),
            since: None,
        };
        let terms = (terms != Terms::default()).then(|| Box::new(terms));
        Self { address: record.address, mark: dated.then(|| Mark::of(record)), terms }
    }

    /// What a STOP took, given back: as it was, and against everything but a STOP no newer than it was.
    pub(super) fn gives_back(&mut self, taken: &Self) {
        let since = taken.terms.as_ref().and_then(|terms| terms.since).or(taken.mark);
        let terms = self.terms.get_or_insert_default();
        terms.since = Some(since.unwrap_or(Mark::FIRST));
        terms.confirmed = taken.is_confirmed();
        terms.by_guardian = taken.is_by_guardian();
    }

    /// When it counts against a STOP, or against every other act.
    pub(super) fn mark_against(&self, stop: bool) -> Option<Mark> {
        let since = self.terms.as_ref().and_then(|terms| terms.since).filter(|_| !stop);
        since.or(self.mark)
    }

    pub(super) fn ground(&self) -> &Ground {
        self.terms.as_ref().map_or(&YES, |terms| &terms.ground)
    }

    pub(super) fn is_for(&self, address: Option<Fingerprint>) -> bool {
        self.address.is_none() || self.address == address
    }

    /// The same right under the newer fingerprint of its address.
    pub(super) fn rekey(&mut self, former: Fingerprint, current: Fingerprint) {
        if self.address == Some(former) && !is_on(Bug::RightForTheOldKey) {
            self.address = Some(current);
        }
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.confirmed)
    }

    pub(super) fn is_by_guardian(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.by_guardian)
    }

    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        let until = self.terms.as_ref().and_then(|terms| terms.valid_until);
        until.is_some_and(|until| until <= now.timestamp_millis())
    }

    /// From when on it no longer holds.
    pub(super) fn valid_until(&self) -> Option<DateTime<Utc>> {
        let until = self.terms.as_ref().and_then(|terms| terms.valid_until);
        until.and_then(DateTime::from_timestamp_millis)
    }

    /// Whether it allows at least what another one does: as long, confirmed and by a guardian where the other one is.
    pub(super) fn is_no_weaker_than(&self, other: &Self) -> bool {
        let until =
            |grant: &Self| grant.terms.as_ref().and_then(|terms| terms.valid_until).unwrap_or(i64::MAX);
        self.is_like(other)
            && until(self) >= until(other)
            && (self.is_confirmed() || !other.is_confirmed())
            && (self.is_by_guardian() || !other.is_by_guardian())
    }

    /// The same again as evidence, where another record of the person takes it over.
    pub(super) fn evidence(&self, source: &str, wording: &str, at: DateTime<Utc>) -> Evidence {
        let mut evidence = Evidence::new(source, wording);
        if let Some(terms) = &self.terms {
            evidence.ground = terms.ground.clone();
            evidence.valid_until = self.valid_until();
            if terms.confirmed {
                evidence = evidence.confirming(source, at);
            }
        }
        let who = match self.is_by_guardian() {
            true => Giver::Guardian { reference: wording.into() },
            // The word of a merge, and not a sign of the person.
            false => Giver::Operator { id: source.into(), reason: wording.into() },
        };
        evidence.given_by(who)
    }

    /// Whether one takes the place of the other: the same ground, and of sales the same family.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self.ground(), other.ground()) {
            (Ground::SoftOptIn { family, .. }, Ground::SoftOptIn { family: other, .. }) => family == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// Where neither says when it counts, the one received later is newer.
    pub(super) fn is_newer_than(&self, later: &Self) -> bool {
        self.mark.zip(later.mark).is_some_and(|(known, later)| known > later)
    }
}
