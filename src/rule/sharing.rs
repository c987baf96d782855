//! Whether a named third party may be told of a contact, and until when what it was told stands.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::allowed::forbidding;
use super::permit::Question;
use super::{Basis, Policy, Purpose, Standing, Use};
use crate::error::Diagnostic;
use crate::model::{Name, Permit, Reason};
use crate::time::Zone;

/// How the channels of third parties begin; their names follow.
const CHANNEL: &str = "share:";

/// The channel by which a third party is told: `share:` and its name.
pub(crate) fn channel_of(with: &str) -> Name {
    format!("{CHANNEL}{with}").into()
}

/// Whether a channel is that of a third party.
pub(crate) fn is_third_party(channel: &str) -> bool {
    channel.starts_with(CHANNEL)
}

/// Whether what is asked is not what its purpose is for: a purpose of sharing permits what its own third party is told and nothing else,
/// and nothing else permits that; one of tracking or profiling permits nothing that is said.
pub(super) fn is_other_use(channel: &str, named: Option<&Purpose>) -> bool {
    match named.map(|named| &named.usage) {
        Some(Use::Sharing { with }) => *channel_of(with) != *channel,
        Some(Use::Tracking | Use::Profiling) => true,
        _ => is_third_party(channel),
    }
}

/// The answer where a third party would be told something under its own purpose; nothing for a message.
pub(super) fn permit(
    question: &Question<'_>,
    named: Option<&Purpose>,
    policy: &Policy,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Option<Permit> {
    let with = named.and_then(Purpose::partner)?;
    if *channel_of(with) != *question.channel {
        return None;
    }
    let mut reasons = Vec::new();
    if question.suppressed {
        reasons.push(Reason::Suppressed);
    }
    forbidding(question, named, policy, zone, None, now, &mut reasons);
    Some(if reasons.is_empty() { Permit::Permit } else { Permit::Refuse { reasons } })
}

impl Standing {
    /// Whether a yes to a purpose of sharing stands at an instant.
    pub(crate) fn shares(&self, policy: &Policy, purpose: &str, channel: &str, now: DateTime<Utc>) -> bool {
        self.yeses(policy, purpose, channel).any(|until| until.is_none_or(|until| until > now))
    }

    /// When the last yes to it is over by itself; nothing where none is, or one never is.
    pub(crate) fn shares_until(
        &self,
        policy: &Policy,
        purpose: &str,
        channel: &str,
    ) -> Option<DateTime<Utc>> {
        let until: Option<Vec<_>> = self.yeses(policy, purpose, channel).collect();
        until?.into_iter().max()
    }

    /// Until when each yes to it holds.
    fn yeses<'s>(
        &'s self,
        policy: &Policy,
        purpose: &'s str,
        channel: &'s str,
    ) -> impl Iterator<Item = Option<DateTime<Utc>>> + use<'s> {
        let confirmed = policy.find(purpose).is_some_and(|purpose| purpose.confirmed);
        let grants = self.all_grants(purpose, channel).filter(move |grant| {
            grant.is_for(None) && grant.ground().is_consent() && (grant.is_confirmed() || !confirmed)
        });
        grants.map(|grant| grant.valid_until())
    }
}

/// Everything that is wrong with the purposes by which third parties are told.
pub(super) fn problems_of(policy: &Policy) -> Vec<Diagnostic> {
    let (mut problems, mut partners) = (Vec::new(), BTreeSet::new());
    for (place, purpose) in policy.purposes.iter().enumerate() {
        let mut problem = |code, field: &str, sentence: String, next: &str| {
            let place = format!("policy.purposes[{place}].{field}");
            problems.push(Diagnostic::new(code, place, sentence, next));
        };
        let Some(with) = purpose.partner() else {
            if !purpose.shares.is_empty() {
                let sentence =
                    format!("{} tells nobody else anything, and names what it tells", purpose.name);
                problem("J127", "shares", sentence, "take the fields away, or make it Purpose::sharing");
            }
            continue;
        };
        if purpose.basis != Basis::Consent {
            let sentence = format!("{} tells {with:?} of contacts that were not asked", purpose.name);
            problem("J125", "basis", sentence, "let it rest on consent: Purpose::sharing");
        }
        if with.trim().is_empty() || !partners.insert(with) {
            let sentence =
                format!("{} names the third party {with:?}, which is no party of its own", purpose.name);
            problem("J126", "use", sentence, "name one third party in each, and each in one");
        }
        let fields: BTreeSet<_> = purpose.shares.iter().collect();
        if fields.len() < purpose.shares.len() {
            let sentence = format!("{} names a field that {with:?} is told twice", purpose.name);
            problem("J127", "shares", sentence, "name each field once");
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_party_is_told_by_one_purpose_of_consent_each_field_once() {
        let told = |purpose: Purpose| purpose.telling_attribute("city");
        let mut owed = told(Purpose::sharing("owed"));
        owed.basis = Basis::Contract;
        let mut second = told(Purpose::sharing("maison-k"));
        second.name = "again".into();
        let policy = Policy::new("ours")
            .purpose(told(Purpose::sharing("maison-k")))
            .purpose(owed)
            .purpose(second)
            .purpose(told(Purpose::sharing(" ")))
            .purpose(Purpose::sharing("nothing"))
            .purpose(told(told(Purpose::sharing("twice"))))
            .purpose(told(Purpose::consent("news")));
        let found: Vec<String> = problems_of(&policy)
            .iter()
            .map(|problem| format!("{} {}", problem.code, problem.place))
            .collect();
        let expected = [
            "J125 policy.purposes[1].basis",
            "J126 policy.purposes[2].use",
            "J126 policy.purposes[3].use",
            "J127 policy.purposes[5].shares",
            "J127 policy.purposes[6].shares",
        ];
        assert_eq!(found, expected);
    }
}
