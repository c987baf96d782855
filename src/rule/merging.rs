//! What two records of one person allow together: what either denies is denied, and silence is no right.

use chrono::{DateTime, Utc};

use super::Standing;
use super::grant::Grant;
use crate::model::{Address, ConsentRecord, ConsentStatus, Contact, Evidence, Fingerprint, Name, canonical};
use crate::seeded::{Bug, is_on};

/// The source of the evidence of what a merge records.
pub(crate) const MERGE: &str = "merge";

/// Whether an act ends what the other record of a merge says nothing of, so that nobody said no.
pub(super) fn is_silence(record: &ConsentRecord) -> bool {
    record.status == ConsentStatus::Invalidated && *record.evidence.source == *MERGE
}

/// One of two records that become one.
pub(crate) struct Side<'a> {
    contact: &'a Contact,
    standing: &'a Standing,
    /// Whether the gate denies a purpose on a channel to it, as far as that is known.
    gate: &'a dyn Fn(&str, &str) -> bool,
}

/// What the record that goes on no longer allows.
pub(crate) struct Lost {
    pub(crate) purpose: Name,
    pub(crate) channel: Name,
    /// Whether the other one denies it; otherwise nobody said no.
    pub(crate) denied: bool,
}

/// A grant of the record that ends, which the other one takes over.
pub(crate) struct Kept {
    pub(crate) purpose: Name,
    pub(crate) channel: Name,
    pub(crate) address: Option<Fingerprint>,
    pub(crate) evidence: Evidence,
}

impl<'a> Side<'a> {
    pub(crate) fn new(
        contact: &'a Contact,
        standing: &'a Standing,
        gate: &'a dyn Fn(&str, &str) -> bool,
    ) -> Self {
        Self { contact, standing, gate }
    }

    fn address(&self, channel: &str) -> Option<&Address> {
        self.contact.addresses.get(channel)
    }

    fn denies(&self, purpose: &str, channel: &str) -> bool {
        (self.gate)(purpose, channel) || self.standing.says_no(purpose, channel)
    }

    fn pairs(&self) -> Vec<(Name, Name)> {
        let standing = self.standing.standing();
        let mut pairs: Vec<_> =
            standing.map(|(purpose, channel, _)| (purpose.clone(), channel.clone())).collect();
        pairs.sort();
        pairs.dedup();
        pairs
    }

    /// What this record, which goes on, no longer allows once the other one is part of it.
    ///
    /// What the other one denies; at an address that both have, what the other one does not allow as well and as strongly;
    /// at an address that comes from the other one, everything that this one had said without having an address there.
    pub(crate) fn lost_beside(&self, other: &Side<'_>) -> Vec<Lost> {
        if is_on(Bug::MergeWidens) {
            return Vec::new();
        }
        let lost = |(purpose, channel): (Name, Name)| {
            let denied = other.denies(&purpose, &channel);
            let lost = denied || self.is_silent_beside(other, &purpose, &channel);
            lost.then_some(Lost { purpose, channel, denied })
        };
        self.pairs().into_iter().filter_map(lost).collect()
    }

    /// Whether the other one says nothing where this one spoke for both.
    fn is_silent_beside(&self, other: &Side<'_>, purpose: &str, channel: &str) -> bool {
        match (self.address(channel), other.address(channel)) {
            (None, Some(_)) => true,
            (Some(own), Some(others)) if is_one(own, others) => {
                let meant = |grant: &&Grant| grant.is_for(own.fingerprint);
                let mut grants = self.standing.all_grants(purpose, channel).filter(meant);
                grants.any(|grant| !other.covers(grant, purpose, channel, others))
            }
            _ => false,
        }
    }

    fn covers(&self, grant: &Grant, purpose: &str, channel: &str, address: &Address) -> bool {
        let mut own = self.standing.all_grants(purpose, channel);
        own.any(|one| one.is_for(address.fingerprint) && one.is_no_weaker_than(grant))
    }

    /// What this record, which ends, leaves to the other one: grants for addresses that it alone has, each for its address.
    pub(crate) fn left_to(&self, other: &Side<'_>, at: DateTime<Utc>) -> Vec<Kept> {
        let mut kept = Vec::new();
        for (purpose, channel) in self.pairs() {
            let Some(address) = self.address(&channel).and_then(|address| address.fingerprint) else {
                continue;
            };
            let taken = other.address(&channel).is_some();
            if taken || other.denies(&purpose, &channel) || self.denies(&purpose, &channel) {
                continue;
            }
            for grant in self.standing.all_grants(&purpose, &channel) {
                if grant.is_for(Some(address)) && !grant.is_over(at) {
                    let (purpose, channel) = (purpose.clone(), channel.clone());
                    let evidence = grant.evidence(MERGE, self.contact.id.as_str(), at);
                    kept.push(Kept { purpose, channel, address: Some(address), evidence });
                }
            }
        }
        kept
    }
}

/// Whether two addresses are one, also where their fingerprints were made by different keys.
pub(crate) fn is_one(one: &Address, other: &Address) -> bool {
    (one.fingerprint.is_some() && one.fingerprint == other.fingerprint)
        || canonical(&one.value) == canonical(&other.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_two_spellings_is_one_address() {
        let number = |text: &str| Address { value: text.into(), fingerprint: None };
        assert!(is_one(&number("+33 6 12 34 56 78"), &number("0033612345678")));
        assert!(!is_one(&number("+33 6 12 34 56 78"), &number("+33 6 12 34 56 79")));
    }
}
