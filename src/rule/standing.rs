//! What a contact allows, as a fold of its consent records.

mod profiling;

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::Basis;
use super::bounce::{SoftRule, Softs};
use super::grant::{Grant, Grounded, Mark};
use super::merging::is_silence;
use super::stopped::{START, Stopped, is_stop};
use crate::model::{ConsentRecord, ConsentStatus, Fingerprint, Hash, Name};
use crate::seeded::{Bug, is_on};

/// What a contact allows, as a fold of its consent records: the current answer for every purpose and channel.
///
/// Of two acts that concern one purpose on one channel the later one counts, by the instant at which it took effect, in
/// whatever order they were received; of two at one instant the one that forbids, unless neither says itself when it was:
/// then their order of receipt is known. A grant that confirms a request counts from when that was asked. Instants are
/// kept from the first act on that needs them, or where the policy does; before that the order of receipt is all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// By purpose and channel: the newest yes of the contact.
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
    /// Grants on other grounds than a yes, the newest for each; and the newest confirmed yes, where a later one is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grounded: Vec<Grounded>,
    /// Grants that a merge ended though nobody said no: they allow nothing, and deny nothing to a third record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silenced: Vec<Grounded>,
    /// What was forbidden, where instants are kept: the newest of each scope.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied: Vec<Denied>,
    /// Whether instants are kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dated: bool,
    /// The last contact that came from the person, where instants are kept, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_at: Option<i64>,
    /// How many records the chain has.
    length: u64,
    /// The hash of the newest record.
    head: Hash,
}

/// An act that forbids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Denied {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    except: Vec<Name>,
    /// Whether it is an objection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    objected: bool,
    /// Whether the person said it: then no sale and no interest outweighs it either, however new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    said: bool,
    /// Whether it is a STOP, which a START takes back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stop: bool,
    mark: Mark,
}

impl Denied {
    fn concerns(&self, purpose: &str, channel: &str) -> bool {
        self.purpose.as_ref().is_none_or(|name| **name == *purpose)
            && self.channel.as_ref().is_none_or(|name| **name == *channel)
            && !self.except.iter().any(|name| **name == *purpose)
    }

    fn has_scope_of(&self, other: &Self) -> bool {
        let scope = |one: &Self| (one.purpose.clone(), one.channel.clone(), one.objected, one.stop);
        self.except == other.except && scope(self) == scope(other)
    }

    /// Whether a grant does not stand beside it.
    fn beats(&self, grant: &Grant) -> bool {
        (self.said && !grant.ground().is_consent())
            || grant.mark_against(self.stop).is_some_and(|mark| self.mark > mark)
    }
}

impl Standing {
    /// How many consent records the contact has, and the hash of the newest.
    #[must_use]
    pub fn head(&self) -> (u64, Hash) {
        (self.length, self.head)
    }

    /// Whether the contact said yes to a purpose on a channel, for the address given. That is on record; whether it may be acted on now,
    /// confirmed, in time, of age and not suppressed, [`Engine::permits`](crate::Engine::permits) answers.
    #[must_use]
    pub fn allows(&self, purpose: &str, channel: &str, address: Option<Fingerprint>) -> bool {
        self.yes(purpose, channel).is_some_and(|grant| grant.is_for(address))
    }

    /// The last contact that came from the person, as far as it is known.
    #[must_use]
    pub fn heard_at(&self) -> Option<DateTime<Utc>> {
        self.heard_at.and_then(DateTime::from_timestamp_millis)
    }

    /// Whether the contact objects, and has not said yes to this since.
    #[must_use]
    pub fn objects(&self, purpose: &str, channel: &str) -> bool {
        self.denied.iter().any(|denied| denied.objected && denied.concerns(purpose, channel))
            && self.yes(purpose, channel).is_none()
    }

    fn yes(&self, purpose: &str, channel: &str) -> Option<&Grant> {
        self.granted.get(purpose)?.get(channel)
    }

    /// The grants that a purpose on a basis can rest on, for the address given; a yes first. Where a yes must be confirmed, the
    /// newest that is stands beside the newest of all.
    pub(super) fn grants<'s>(
        &'s self,
        purpose: &'s str,
        channel: &'s str,
        address: Option<Fingerprint>,
        basis: &'s Basis,
        confirmed: bool,
    ) -> impl Iterator<Item = &'s Grant> {
        let others = self.grounded.iter().filter(move |one| one.concerns(purpose, channel));
        let others = others.map(|one| &one.grant).filter(move |grant| {
            basis.rests_on(grant.ground()) && (confirmed || !grant.ground().is_consent())
        });
        self.yes(purpose, channel).into_iter().chain(others).filter(move |grant| grant.is_for(address))
    }

    /// Every grant that stands, with its purpose, its channel and its address.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (&Name, &Name, Option<Fingerprint>)> {
        let yes = self.granted.iter().flat_map(|(purpose, channels)| {
            channels.iter().map(move |(channel, grant)| (purpose, channel, grant.address))
        });
        yes.chain(self.grounded.iter().map(|one| (&one.purpose, &one.channel, one.grant.address)))
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

    /// What a chain comes to: each record folded in, in its order.
    ///
    /// `keeps_instants` is what the policy says; where it names purposes, minors or a retention, instants are kept.
    ///
    /// ```
    /// use journeyman::rule::Standing;
    /// assert_eq!(Standing::of(&[], true).head().0, 0);
    /// ```
    #[must_use]
    pub fn of(records: &[ConsentRecord], keeps_instants: bool) -> Self {
        records.iter().fold(Self::default(), |mut standing, record| {
            standing.apply(record, keeps_instants);
            standing
        })
    }

    /// Notes that the person was heard of.
    pub(crate) fn hear(&mut self, at: DateTime<Utc>) {
        self.heard_at = self.heard_at.max(Some(at.timestamp_millis()));
    }

    /// Whether a contact at an instant is news.
    pub(crate) fn is_news(&self, at: DateTime<Utc>) -> bool {
        self.heard_at < Some(at.timestamp_millis())
    }

    /// Folds the next record in.
    pub(crate) fn apply(&mut self, record: &ConsentRecord, keeps_instants: bool) {
        (self.length, self.head) = (record.seq, record.hash);
        let plain = matches!(record.status, ConsentStatus::Granted | ConsentStatus::Withdrawn)
            && record.received_at.is_none()
            && record.evidence.confirms.is_none();
        // A yes to what nobody had said yes to before is weighed against a withdrawal of everything by its instant alone.
        let is_wide = record.status.forbids() && (record.purpose.is_none() || record.channel.is_none());
        if !self.dated && (keeps_instants || !plain || is_wide) {
            self.keep_instants(record);
        }
        if self.dated && record.is_by_the_person() {
            self.hear(record.at);
        }
        match (record.status, &record.purpose, &record.channel) {
            (ConsentStatus::Granted, Some(purpose), Some(channel)) => {
                self.grant(record, purpose, channel);
            }
            (status, ..) if status.forbids() => self.deny(record),
            _ => {} // a grant is never wider than one purpose on one channel; what is asked or imported allows nothing
        }
        self.granted.retain(|_, channels| !channels.is_empty());
        self.withdrawn.retain(|_, channels| !channels.is_empty());
    }

    /// Keeps instants from a record on. When what is withdrawn by then was said, nobody knows: at the latest, now.
    fn keep_instants(&mut self, record: &ConsentRecord) {
        self.dated = true;
        for (purpose, channels) in &self.withdrawn {
            for (channel, seq) in channels {
                self.denied.push(Denied {
                    purpose: Some(purpose.clone()),
                    channel: Some(channel.clone()),
                    except: Vec::new(),
                    objected: false,
                    said: true,
                    stop: false,
                    mark: Mark::at_most(record, *seq),
                });
            }
        }
    }

    fn grant(&mut self, record: &ConsentRecord, purpose: &Name, channel: &Name) {
        let mut grant = Grant::of(record, self.dated);
        let says_when = record.received_at.is_some() || record.evidence.confirms.is_some();
        let is_dated = self.denied.iter().any(|denied| denied.concerns(purpose, channel));
        // Of a withdrawal without an instant nobody knows which of the two was said last.
        let gives_back = *record.evidence.source == *START;
        let is_unclear = (says_when && !gives_back) || !grant.ground().is_consent();
        if !is_dated && is_unclear && self.has_withdrawn(purpose, channel) {
            return;
        }
        let mut denied = self.denied.iter().filter(|denied| denied.concerns(purpose, channel));
        if denied.any(|denied| denied.beats(&grant)) {
            if self.yes(purpose, channel).is_none() {
                self.withdrawn.entry(purpose.clone()).or_default().insert(channel.clone(), record.seq);
            }
            return;
        }
        if let Some(taken) = self.stopped.taken(purpose, channel)
            && gives_back
        {
            grant.gives_back(taken);
        }
        self.stopped.apply(record, []);
        self.silenced.retain(|one| !one.concerns(purpose, channel));
        if let Some(channels) = self.withdrawn.get_mut(purpose) {
            channels.remove(channel);
        }
        if grant.ground().is_consent() {
            self.say_yes(purpose, channel, grant);
            return;
        }
        let mut others = self.grounded.iter_mut().filter(|one| one.concerns(purpose, channel));
        match others.find(|one| one.grant.is_like(&grant)).map(|one| &mut one.grant) {
            Some(known) if known.is_newer_than(&grant) => {}
            Some(known) => *known = grant,
            None => self.set_beside(purpose, channel, grant),
        }
    }

    /// The newest yes counts; what a confirmed one allows, a later one that is not confirmed leaves alone.
    fn say_yes(&mut self, purpose: &Name, channel: &Name, grant: Grant) {
        let channels = self.granted.entry(purpose.clone()).or_default();
        let (newest, older) = match channels.remove(channel) {
            Some(known) if known.is_newer_than(&grant) => (known, Some(grant)),
            known => (grant, known),
        };
        let confirmed = newest.is_confirmed();
        channels.insert(channel.clone(), newest);
        let is_yes = |one: &Grounded| one.grant.ground().is_consent() && one.concerns(purpose, channel);
        if confirmed {
            self.grounded.retain(|one| !is_yes(one));
            return;
        }
        let Some(older) = older.filter(Grant::is_confirmed) else { return };
        match self.grounded.iter_mut().find(|one| is_yes(one)) {
            Some(known) if known.grant.is_newer_than(&older) => {}
            Some(known) => known.grant = older,
            None => self.set_beside(purpose, channel, older),
        }
    }

    fn set_beside(&mut self, purpose: &Name, channel: &Name, grant: Grant) {
        self.grounded.push(Grounded { purpose: purpose.clone(), channel: channel.clone(), grant });
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

    fn deny(&mut self, record: &ConsentRecord) {
        let denied = Denied {
            purpose: record.purpose.clone(),
            channel: record.channel.clone(),
            except: record.except.clone(),
            objected: record.status == ConsentStatus::Objected,
            said: record.status.is_by_the_person(),
            stop: is_stop(record),
            mark: Mark::of(record),
        };
        if let (Some(purpose), Some(channel)) = (&denied.purpose, &denied.channel)
            && !denied.except.contains(purpose)
        {
            self.withdrawn.entry(purpose.clone()).or_default().insert(channel.clone(), record.seq);
        }
        let falls = |purpose: &Name, channel: &Name, grant: &Grant| {
            // What has no instant was received before this.
            denied.concerns(purpose, channel) && (grant.mark.is_none() || denied.beats(grant))
        };
        let mut ended = Vec::new();
        for (purpose, channels) in &mut self.granted {
            let (gone, kept): (LiteMap<Name, Grant>, LiteMap<Name, Grant>) = std::mem::take(channels)
                .into_iter()
                .partition(|(channel, grant)| falls(purpose, channel, grant));
            *channels = kept;
            let withdrawn = self.withdrawn.entry(purpose.clone()).or_default();
            for (channel, grant) in gone {
                withdrawn.insert(channel.clone(), record.seq);
                ended.push((purpose.clone(), channel, grant));
            }
        }
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.grounded)
            .into_iter()
            .partition(|one| falls(&one.purpose, &one.channel, &one.grant));
        self.grounded = kept;
        self.silenced.retain(|one| !falls(&one.purpose, &one.channel, &one.grant));
        if is_silence(record) {
            let yes = ended.iter().map(|(purpose, channel, grant)| Grounded {
                purpose: purpose.clone(),
                channel: channel.clone(),
                grant: grant.clone(),
            });
            self.silenced.extend(yes.chain(gone.iter().cloned()));
        }
        self.stopped.apply(record, ended);
        for one in gone {
            self.withdrawn.entry(one.purpose).or_default().insert(one.channel, record.seq);
        }
        if self.dated {
            match self.denied.iter_mut().find(|other| other.has_scope_of(&denied)) {
                Some(known) => {
                    known.mark = known.mark.max(denied.mark);
                    known.said |= denied.said;
                }
                None => self.denied.push(denied),
            }
        }
        // What still stands is not withdrawn.
        for (purpose, channels) in &mut self.withdrawn {
            let yes = self.granted.get(purpose);
            channels.retain(|channel, _| yes.is_none_or(|yes| !yes.contains_key(channel)));
        }
    }

    /// Every grant of a purpose on a channel, for whichever address and on whichever ground.
    pub(super) fn all_grants<'s>(
        &'s self,
        purpose: &'s str,
        channel: &'s str,
    ) -> impl Iterator<Item = &'s Grant> {
        let others = self.grounded.iter().filter(move |one| one.concerns(purpose, channel));
        self.yes(purpose, channel).into_iter().chain(others.map(|one| &one.grant))
    }

    /// Whether the contact said no to a purpose on a channel, or to more, and nothing stands against that.
    pub(super) fn says_no(&self, purpose: &str, channel: &str) -> bool {
        let denied = self.denied.iter().any(|denied| denied.concerns(purpose, channel));
        let no = denied || self.has_withdrawn(purpose, channel);
        let mut silenced = self.silenced.iter().filter(|_| !is_on(Bug::SilenceIsNo));
        let is_silent = silenced.any(|one| one.concerns(purpose, channel));
        self.objects(purpose, channel)
            || (no && !is_silent && self.all_grants(purpose, channel).next().is_none())
    }

    /// The addresses that are suppressed, with their channels.
    pub(crate) fn suppressed(&self) -> impl Iterator<Item = (&Name, Fingerprint)> {
        self.suppressed
            .iter()
            .flat_map(|(channel, addresses)| addresses.iter().map(move |address| (channel, *address)))
    }

    /// Remembers that one of the contact's addresses is suppressed.
    pub(crate) fn suppress(&mut self, channel: &Name, address: Fingerprint) {
        let addresses = self.suppressed.entry(channel.clone()).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// What is for one address is for it under its newer fingerprint too.
    pub(crate) fn rekey(&mut self, channel: &str, former: Fingerprint, current: Fingerprint) {
        let granted = self.granted.iter_mut().filter_map(|(_, channels)| channels.get_mut(channel));
        let others = self.grounded.iter_mut().chain(&mut self.silenced);
        let others = others.filter(|one| *one.channel == *channel).map(|one| &mut one.grant);
        for grant in granted.chain(others).chain(self.stopped.grants_on(channel)) {
            grant.rekey(former, current);
        }
        if let Some(addresses) = self.suppressed.get_mut(channel)
            && addresses.contains(&former)
            && !addresses.contains(&current)
        {
            addresses.push(current);
        }
        if let Some(soft) = self.soft.get_mut(channel).filter(|soft| soft.address == former) {
            soft.address = current;
        }
    }

    pub(super) fn is_suppressed(&self, channel: &str, address: Option<Fingerprint>) -> bool {
        let addresses = self.suppressed.get(channel);
        address.zip(addresses).is_some_and(|(address, addresses)| addresses.contains(&address))
    }
}
