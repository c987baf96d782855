//! Whether a contact let itself be profiled no more: what it objected to, and what it said since.

use chrono::{DateTime, Utc};

use super::Standing;
use crate::rule::grant::{Grant, Mark};
use crate::rule::{Policy, Use};

impl Standing {
    /// Whether the contact objects to marketing or to profiling, or took back its yes to profiling, and said no newer yes.
    ///
    /// `merged` is until when another record of the person, which became part of this one, did; in milliseconds.
    pub(crate) fn refuses_profiling(&self, policy: &Policy, merged: Option<i64>) -> bool {
        if self.denied.is_empty() && self.withdrawn.is_empty() && merged.is_none() {
            return false;
        }
        let last = self.last_objection(policy).max(merged.map(Mark::end_of));
        (last.is_some() && self.last_yes_to_profiling(policy) < last) || self.took_profiling_back(policy)
    }

    /// Whether a yes to profiling was taken back, and none stands.
    pub(crate) fn took_profiling_back(&self, policy: &Policy) -> bool {
        let mut withdrawn = self.withdrawn.keys();
        withdrawn
            .any(|purpose| *usage(policy, purpose) == Use::Profiling && !self.granted.contains_key(purpose))
    }

    /// Whether the newest yes that lets the contact be profiled was said after an instant.
    pub(crate) fn lets_profile_since(&self, policy: &Policy, at: i64) -> bool {
        self.last_yes_to_profiling(policy) > Some(Mark::end_of(at))
    }

    /// Of when the newest objection to marketing or to profiling is.
    pub(crate) fn objects_at(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.last_objection(policy).and_then(Mark::at)
    }

    fn last_objection(&self, policy: &Policy) -> Option<Mark> {
        let objections = self.denied.iter().filter(|denied| {
            denied.objected && denied.purpose.as_deref().is_none_or(|purpose| is_marketing(policy, purpose))
        });
        objections.map(|denied| denied.mark).max()
    }

    /// Where the policy names purposes for profiling, only a yes to one of those counts; else one to any purpose of marketing.
    /// A yes is what the person said, and no sale; one of which the purpose asks that it was confirmed must be.
    fn last_yes_to_profiling(&self, policy: &Policy) -> Option<Mark> {
        let names_it = policy.purposes.iter().any(|named| named.usage == Use::Profiling);
        let lifts = |purpose: &str| match names_it {
            true => *usage(policy, purpose) == Use::Profiling,
            false => is_marketing(policy, purpose),
        };
        let newest = self
            .granted
            .iter()
            .flat_map(|(purpose, channels)| channels.values().map(move |grant| (purpose, grant)));
        // A confirmed yes stays beside a newer one that is not.
        let confirmed = self.grounded.iter().filter(|one| one.grant.ground().is_consent());
        let all = newest.chain(confirmed.map(|one| (&one.purpose, &one.grant)));
        let counts = |(purpose, grant): &(&crate::model::Name, &Grant)| {
            let asks = policy.find(purpose).is_some_and(|named| named.confirmed);
            lifts(purpose) && (!asks || grant.is_confirmed())
        };
        all.filter(counts).filter_map(|(_, grant)| grant.mark_against(false)).max()
    }
}

fn usage<'p>(policy: &'p Policy, purpose: &str) -> &'p Use {
    policy.find(purpose).map_or(&Use::Message, |named| &named.usage)
}

fn is_marketing(policy: &Policy, purpose: &str) -> bool {
    !policy.basis(purpose).is_owed() && matches!(usage(policy, purpose), Use::Message | Use::Profiling)
}
