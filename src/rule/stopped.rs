//! What a STOP took away, so that a START can give back exactly that.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::grant::Grant;
use crate::model::{ConsentRecord, ConsentStatus, Fingerprint, Name};
use crate::seeded::{Bug, is_on};

/// The source of the evidence of a STOP that came in.
pub(crate) const STOP: &str = "inbound.stop";
/// The source of the evidence of a START that came in.
pub(crate) const START: &str = "inbound.start";
/// The source of the evidence where a provider says that the contact stopped it there: a STOP that the provider read.
pub(crate) const BLOCK: &str = "provider.block";

/// What was granted on each channel until a STOP there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stopped(LiteMap<Name, Held>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// When the newest STOP took effect.
    #[serde(with = "ts_milliseconds")]
    at: DateTime<Utc>,
    /// By purpose, the grant that ended.
    grants: LiteMap<Name, Grant>,
}

/// Whether an act is a STOP: one that came in, or that a provider read.
pub(super) fn is_stop(record: &ConsentRecord) -> bool {
    record.status == ConsentStatus::Withdrawn && [STOP, BLOCK].contains(&&*record.evidence.source)
}

impl Stopped {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a START on a channel gives back: nothing where it was said before the STOP.
    pub(crate) fn on(
        &self,
        channel: &str,
        said_at: Option<DateTime<Utc>>,
    ) -> Vec<(Name, Option<Fingerprint>, Option<DateTime<Utc>>)> {
        let held = self.0.get(channel).filter(|held| said_at.is_none_or(|said_at| said_at >= held.at));
        let grants = held.into_iter().flat_map(|held| held.grants.iter());
        grants.map(|(purpose, grant)| (purpose.clone(), grant.address, grant.valid_until())).collect()
    }

    /// What a START gives back on a channel.
    pub(super) fn grants_on(&mut self, channel: &str) -> impl Iterator<Item = &mut Grant> {
        let held = self.0.get_mut(channel);
        held.into_iter().flat_map(|held| held.grants.iter_mut().map(|(_, grant)| grant))
    }

    /// What a START gives back of a purpose on a channel.
    pub(super) fn taken(&self, purpose: &str, channel: &str) -> Option<&Grant> {
        self.0.get(channel)?.grants.get(purpose)
    }

    /// Takes the next record in, with the grants that it ends: those of the last STOP that ended one are kept, every other act
    /// settles the matter.
    pub(super) fn apply(
        &mut self,
        record: &ConsentRecord,
        ended: impl IntoIterator<Item = (Name, Name, Grant)>,
    ) {
        let concerns = |named: &Option<Name>, name: &Name| named.as_ref().is_none_or(|named| named == name);
        if is_stop(record) {
            let mut taken: LiteMap<Name, LiteMap<Name, Grant>> = LiteMap::new();
            // What was over by then was not taken by it.
            for (purpose, channel, grant) in ended.into_iter().filter(|(.., grant)| !grant.is_over(record.at))
            {
                taken.entry(channel).or_default().insert(purpose, grant);
            }
            for (channel, grants) in taken {
                match self.0.get_mut(&channel) {
                    Some(held) if is_on(Bug::StartGivesAnOlderStop) => held.grants.extend(grants),
                    // A START answers the STOP that took something last; what one before it took stays taken.
                    Some(held) => held.grants = grants,
                    None => drop(self.0.insert(channel, Held { at: record.at, grants })),
                }
            }
            for (_, held) in self.0.iter_mut().filter(|(channel, _)| concerns(&record.channel, channel)) {
                held.at = held.at.max(record.at);
            }
            return;
        }
        for (_, held) in self.0.iter_mut().filter(|(channel, _)| concerns(&record.channel, channel)) {
            held.grants.retain(|purpose, _| !concerns(&record.purpose, purpose));
        }
        self.0.retain(|_, held| !held.grants.is_empty());
    }
}
