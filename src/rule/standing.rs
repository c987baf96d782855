//! What a contact allows, as a fold of its consent records.

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::bounce::{SoftRule, Softs};
use super::stopped::Stopped;
use crate::model::{ConsentRecord, ConsentStatus, Fingerprint, Hash, Name};

/// What a contact allows, as a fold of its consent records: the current answer for every purpose and channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// By purpose and channel: the sequence number of the newest record and its address scope.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    granted: LiteMap<Name, LiteMap<Name, Grant>>,
    /// Purposes and channels that were granted once and are withdrawn now.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    withdrawn: LiteMap<Name, LiteMap<Name, u64>>,
    /// The suppressed addresses of this contact, by channel.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    suppressed: LiteMap<Name, Vec<Fingerprint>>,
    /// What a STOP took away and a START gives back.
    #[serde(skip_serializing_if = "Stopped::is_empty")]
    pub(crate) stopped: Stopped,
    /// The soft bounces of the contact's address, by channel.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    soft: LiteMap<Name, Softs>,
    /// How many records the chain has.
    length: u64,
    /// The hash of the newest record.
    head: Hash,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Fingerprint>,
}

impl Standing {
    /// How many consent records the contact has, and the hash of the newest.
    #[must_use]
    pub fn head(&self) -> (u64, Hash) {
        (self.length, self.head)
    }

    /// Whether a purpose is allowed on a channel, for the address given.
    #[must_use]
    pub fn allows(&self, purpose: &str, channel: &str, address: Option<Fingerprint>) -> bool {
        let grant = self.granted.get(purpose).and_then(|channels| channels.get(channel));
        grant.is_some_and(|grant| grant.address.is_none() || grant.address == address)
    }

    /// Whether a purpose was ever granted or withdrawn on a channel, and that is on record.
    pub(crate) fn has_said(&self, purpose: &str, channel: &str) -> bool {
        let granted = self.granted.get(purpose).is_some_and(|channels| channels.contains_key(channel));
        granted || self.has_withdrawn(purpose, channel)
    }

    pub(super) fn has_withdrawn(&self, purpose: &str, channel: &str) -> bool {
        self.withdrawn.get(purpose).is_some_and(|channels| channels.contains_key(channel))
    }

    /// Every purpose and channel that something was said of.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&Name, &Name)> {
        fn pairs<V>(map: &LiteMap<Name, LiteMap<Name, V>>) -> impl Iterator<Item = (&Name, &Name)> {
            map.iter()
                .flat_map(|(purpose, channels)| channels.iter().map(move |(channel, _)| (purpose, channel)))
        }
        pairs(&self.granted).chain(pairs(&self.withdrawn))
    }

    /// Folds the next record in.
    pub(crate) fn apply(&mut self, record: &ConsentRecord) {
        let ended = self.grants_ended_by(record);
        self.stopped.apply(record, ended);
        self.fold(record);
        self.granted.retain(|_, channels| !channels.is_empty());
        self.withdrawn.retain(|_, channels| !channels.is_empty());
    }

    /// The grants that a withdrawal ends, with purpose, channel and address.
    fn grants_ended_by(&self, record: &ConsentRecord) -> Vec<(Name, Name, Option<Fingerprint>)> {
        let concerns = |named: &Option<Name>, name: &Name| named.as_ref().is_none_or(|named| named == name);
        let grants = self.granted.iter().flat_map(|(purpose, channels)| {
            channels.iter().map(move |(channel, grant)| (purpose, channel, grant.address))
        });
        grants
            .filter(|(purpose, channel, _)| {
                concerns(&record.purpose, purpose) && concerns(&record.channel, channel)
            })
            .map(|(purpose, channel, address)| (purpose.clone(), channel.clone(), address))
            .collect()
    }

    fn fold(&mut self, record: &ConsentRecord) {
        (self.length, self.head) = (record.seq, record.hash);
        match (record.status, &record.purpose, &record.channel) {
            (ConsentStatus::Granted, Some(purpose), Some(channel)) => {
                if let Some(channels) = self.withdrawn.get_mut(purpose) {
                    channels.remove(channel);
                }
                let grant = Grant { address: record.address };
                self.granted.entry(purpose.clone()).or_default().insert(channel.clone(), grant);
            }
            (ConsentStatus::Granted, _, _) => {} // a grant is never wider than one purpose on one channel
            (ConsentStatus::Withdrawn, purpose, channel) => {
                if let (Some(purpose), Some(channel)) = (purpose, channel) {
                    self.withdrawn.entry(purpose.clone()).or_default().insert(channel.clone(), record.seq);
                }
                for (name, channels) in &mut self.granted {
                    if purpose.as_ref().is_some_and(|purpose| purpose != name) {
                        continue;
                    }
                    let (gone, kept) = std::mem::take(channels)
                        .into_iter()
                        .partition(|(granted, _)| channel.as_ref().is_none_or(|channel| channel == granted));
                    *channels = kept;
                    let gone: LiteMap<Name, Grant> = gone;
                    let withdrawn = self.withdrawn.entry(name.clone()).or_default();
                    withdrawn.extend(gone.into_iter().map(|(channel, _)| (channel, record.seq)));
                }
            }
        }
    }

    /// Counts a soft bounce of an address; true where nobody is there any more.
    pub(crate) fn bounced(
        &mut self,
        channel: &Name,
        address: Fingerprint,
        at: DateTime<Utc>,
        rule: &SoftRule,
    ) -> bool {
        let softs = Softs::after(self.soft.get(channel), address, at, rule);
        let enough = softs.are_enough(rule);
        if enough {
            self.soft.remove(channel);
        } else {
            self.soft.insert(channel.clone(), softs);
        }
        enough
    }

    /// Remembers that one of the contact's addresses is suppressed.
    pub(crate) fn suppress(&mut self, channel: &Name, address: Fingerprint) {
        let addresses = self.suppressed.entry(channel.clone()).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    pub(super) fn is_suppressed(&self, channel: &str, address: Option<Fingerprint>) -> bool {
        let addresses = self.suppressed.get(channel);
        address.zip(addresses).is_some_and(|(address, addresses)| addresses.contains(&address))
    }
}
