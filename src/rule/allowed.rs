//! Whether what a contact said allows a purpose, and everything that keeps it from that.

use chrono::{DateTime, Utc};

use super::grant::Grant;
use super::permit::Question;
use super::{Basis, Minors, Policy, Purpose, Use};
use crate::model::{Fingerprint, Reason};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// Why what the contact said, or did not say, does not allow this; nothing where it does.
pub(super) fn forbidding(
    question: &Question<'_>,
    named: Option<&Purpose>,
    policy: &Policy,
    zone: &Zone,
    address: Option<Fingerprint>,
    now: DateTime<Utc>,
    reasons: &mut Vec<Reason>,
) {
    let Question { contact, standing, channel, purpose, .. } = *question;
    let basis = named.map_or(&Basis::Consent, |named| &named.basis);
    if basis.is_owed() {
        return;
    }
    let is_minor = policy.minors.as_ref().is_some_and(|minors| Minors::include(minors, &contact.attributes));
    let asks_guardian = is_minor && !is_on(Bug::MinorsAskNobody);
    let confirmed = named.is_some_and(|named: &Purpose| named.confirmed);
    let profiling = named.is_some_and(|named| named.usage == Use::Profiling);
    let lacks = |grant: &Grant| Lacks {
        over: grant.is_over(now),
        guardian: asks_guardian && (profiling || !grant.is_by_guardian()),
        confirmation: confirmed && !grant.is_confirmed(),
    };
    let grants = standing.grants(purpose, channel, address, basis, confirmed);
    // Of several the one that lacks least.
    let best = grants.map(lacks).min_by_key(|lacks| lacks.count());
    let unwilling = match best {
        _ if standing.objects(purpose, channel) => Some(Reason::Objected),
        _ if question.denied => Some(Reason::Withdrawn),
        Some(_) => None,
        None if standing.has_withdrawn(purpose, channel) => Some(Reason::Withdrawn),
        None if is_on(Bug::SilenceAllows) => None,
        None => Some(Reason::NoConsent),
    };
    if is_on(Bug::FirstReasonAlone) && unwilling.is_some() {
        return reasons.extend(unwilling);
    }
    let best = best.unwrap_or(Lacks { guardian: asks_guardian, ..Lacks::default() });
    reasons.extend(unwilling);
    if best.confirmation && !reasons.contains(&Reason::NoConsent) {
        reasons.push(Reason::NoConsent);
    }
    if best.over {
        reasons.push(Reason::OutOfDate);
    }
    if best.guardian {
        reasons.push(Reason::Minor);
    }
    let lapsed = |retention: &super::Retention| {
        let Some(heard_at) = standing.heard_at() else { return true };
        // A calendar is asked only where it can matter.
        let passed = now.timestamp_millis().saturating_sub(heard_at.timestamp_millis());
        passed >= retention.lasts.at_least().num_milliseconds() && zone.add(heard_at, retention.lasts) <= now
    };
    let retention = policy.retention.as_ref().filter(|_| !is_on(Bug::SilenceBySweep));
    if retention.is_some_and(lapsed) {
        reasons.push(Reason::Lapsed);
    }
}

/// What a grant lacks to allow what is asked.
#[derive(Clone, Copy, Default)]
struct Lacks {
    over: bool,
    guardian: bool,
    confirmation: bool,
}

impl Lacks {
    fn count(self) -> u8 {
        u8::from(self.over) + u8::from(self.guardian) + u8::from(self.confirmation)
    }
}
