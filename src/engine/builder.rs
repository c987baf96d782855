//! The settings of an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;

use super::deliver::FIRST_HANDFUL;
use super::feed::Feed;
use super::link::Links;
use super::quota::QuotaChannel;
use super::throttle::{Rate, Throttle};
use super::{Backoff, Compiled, Engine, Shared};
use crate::audience::Audience;
use crate::link::{Bursts, LinkBase, LinkKeys};
use crate::model::{FingerprintKey, Name};
use crate::port::{Channel, Clock, Quota, Store};
use crate::rule::Policy;
#[cfg(feature = "addresses")]
use crate::rule::address::AddressRules;
use crate::rule::inbound::Keywords;
use crate::time::{Calendar, Zone};

/// The largest inputs that an engine takes, in bytes. What is larger is refused by name and nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// One event with its properties.
    pub event: usize,
    /// Everything said of one contact in one call.
    pub contact: usize,
    /// One id or name.
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event: 64 * 1024, contact: 256 * 1024, id: 256 }
    }
}

/// What an input for a contact that the store does not know means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownContacts {
    /// It creates the contact, of whom nothing but the id is known.
    #[default]
    Create,
    /// It is refused; only `identify` creates contacts, and what forbids: a withdrawal or a STOP of somebody unknown is kept.
    Refuse,
}

/// Settings of an [`Engine`]; everything has a default but the store.
#[must_use]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    clock: Option<Arc<dyn Clock>>,
    channels: BTreeMap<Name, Arc<dyn Channel>>,
    quotas: Vec<Arc<dyn Quota>>,
    purposes: Option<BTreeSet<Name>>,
    policy: Policy,
    keywords: Keywords,
    zone: Zone,
    holdout: u8,
    custom_scores: bool,
    calendars: BTreeMap<String, Calendar>,
    key: FingerprintKey,
    former_keys: Vec<FingerprintKey>,
    limits: Limits,
    unknown_contacts: UnknownContacts,
    horizon: TimeDelta,
    backoff: Backoff,
    backoffs: BTreeMap<Name, Backoff>,
    rates: BTreeMap<Name, Rate>,
    batch: usize,
    most_failures: u32,
    compiled: Compiled,
    audience: Option<Arc<Mutex<Audience>>>,
    links: Option<Links>,
    #[cfg(feature = "addresses")]
    addresses: AddressRules,
}

impl EngineBuilder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            clock: None,
            channels: BTreeMap::new(),
            quotas: Vec::new(),
            purposes: None,
            policy: Policy::default(),
            keywords: Keywords::default(),
            zone: Zone::utc(),
            holdout: 0,
            custom_scores: false,
            calendars: BTreeMap::new(),
            key: FingerprintKey::new([0; 32]),
            former_keys: Vec::new(),
            limits: Limits::default(),
            unknown_contacts: UnknownContacts::default(),
            horizon: TimeDelta::days(30),
            backoff: Backoff::default(),
            backoffs: BTreeMap::new(),
            rates: BTreeMap::new(),
            batch: 1_024,
            most_failures: 8,
            compiled: Compiled::default(),
            audience: None,
            links: None,
            #[cfg(feature = "addresses")]
            addresses: AddressRules::default(),
        }
    }

    /// Adds a channel under its own name; a second one of that name replaces the first.
    pub fn channel(mut self, channel: impl Channel) -> Self {
        self.channels.insert(channel.name().into(), Arc::new(channel));
        self
    }

    /// Adds a quota under its own name, for the steps `reserve`, `confirm` and `release` and for `cap`. It takes the place
    /// of a channel of that name.
    pub fn quota(mut self, quota: impl Quota) -> Self {
        self.quotas.push(Arc::new(quota));
        self
    }

    /// Declares a purpose. Once one is declared, a journey that names another is refused. It says nothing of what allows the
    /// purpose, which is for [`Policy::purpose`].
    pub fn purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.get_or_insert_default().insert(purpose.into());
        self
    }

    /// Sets the sending rules.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the words that are listened for in what comes in: brands that may stand beside a STOP, words of one's own.
    pub fn keywords(mut self, keywords: Keywords) -> Self {
        self.keywords = keywords;
        self
    }

    /// Whether the scripts of scores may have functions of their own, `custom("fit", |c| ...)`: they are run whenever an
    /// attribute of a contact changes, in the same sandbox, and are hundreds of times slower than a rule. Not allowed unless
    /// said; workers of one store must be told alike.
    pub fn custom_scores(mut self, allowed: bool) -> Self {
        self.custom_scores = allowed;
        self
    }

    /// Holds this many of a hundred contacts out of every journey: they walk it and are told nothing, so that the effect of
    /// all journeys together can be measured; 0 unless said. The same contacts for ever.
    pub fn holdout(mut self, percent: u8) -> Self {
        self.holdout = percent;
        self
    }

    /// Names a set of dates, such as school holidays, that schedules may keep to or keep off.
    pub fn calendar(mut self, calendar: Calendar) -> Self {
        self.calendars.insert(calendar.name.clone(), calendar);
        self
    }

    /// Sets the zone of contacts and journeys without one of their own; UTC unless said.
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Sets the secret behind the fingerprints of addresses. Set one and keep it outside the database: without it,
    /// whoever reads the database can guess which addresses it knows.
    pub fn fingerprint_key(mut self, key: FingerprintKey) -> Self {
        self.key = key;
        self
    }

    /// Names a secret that [`fingerprint_key`](EngineBuilder::fingerprint_key) had before, so that what it knew is not forgotten:
    /// an address that was suppressed or withdrawn from under it stays so, for everybody, under the new one. May be called for
    /// several.
    ///
    /// A fingerprint cannot be computed anew from an old one, so it happens address by address, whenever one is seen (at
    /// [`identify`](Engine::identify), [`import`](Engine::import), [`suppress`](Engine::suppress),
    /// [`receive`](Engine::receive), [`bounced`](Engine::bounced)), before anything else of that call; it costs one more write for
    /// each address and former key. **Keep a former secret for as long as its suppressions shall hold**: an address that was not
    /// seen since is known by it alone.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::{Engine, model::FingerprintKey, store::MemoryStore};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new()))
    ///     .fingerprint_key(FingerprintKey::new([8; 32]))
    ///     .former_fingerprint_key(FingerprintKey::new([7; 32]))
    ///     .build();
    /// ```
    pub fn former_fingerprint_key(mut self, key: FingerprintKey) -> Self {
        self.former_keys.push(key);
        self
    }

    /// Says which addresses are taken; whatever is given, unless said. What is no address is refused by name when a contact is
    /// identified, and nothing of it is kept.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::address::AddressRules;
    /// use journeyman::{Contact, Engine};
    /// let store = Arc::new(journeyman::store::MemoryStore::new());
    /// let engine = Engine::builder(store).addresses(AddressRules::strict()).build();
    /// let error = engine.identify(Contact::new("lea").address("sms", "+33123456789")).await.unwrap_err();
    /// assert!(error.to_string().contains("A014"), "{error}");
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    #[cfg(feature = "addresses")]
    pub fn addresses(mut self, rules: AddressRules) -> Self {
        self.addresses = rules;
        self
    }

    /// Sets the limits of inputs.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Says what an input for an unknown contact means.
    pub fn unknown_contacts(mut self, unknown_contacts: UnknownContacts) -> Self {
        self.unknown_contacts = unknown_contacts;
        self
    }

    /// Sets how old an event may be when it arrives; 30 days unless said.
    pub fn horizon(mut self, horizon: TimeDelta) -> Self {
        self.horizon = horizon;
        self
    }

    /// Sets when a failed handover is tried again.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets when a failed handover on one channel is tried again, in the place of [`backoff`](EngineBuilder::backoff). A
    /// step that says `retry` is stronger than both.
    pub fn backoff_for(mut self, channel: impl Into<Name>, backoff: Backoff) -> Self {
        self.backoffs.insert(channel.into(), backoff);
        self
    }

    /// Begins no more attempts on a channel than this, in the order in which their messages were decided; what is left waits
    /// in the outbox, and [`next_wake`](super::Tick::next_wake) says when it goes on. It is this engine's own rate: several
    /// engines on one store have one each, and a new process begins with none begun.
    pub fn throttle(mut self, channel: impl Into<Name>, rate: Rate) -> Self {
        self.rates.insert(channel.into(), rate);
        self
    }

    /// Sets how many contacts, and how many messages, are taken at a time; 1,024 unless said, at least 1.
    pub fn batch(mut self, batch: usize) -> Self {
        self.batch = batch.max(1);
        self
    }

    /// Sets after how many failures in a row a contact is parked; 8 unless said, at least 1. What fails is its commit alone,
    /// where those of others succeed, or the transition itself.
    pub fn most_failures(mut self, failures: u32) -> Self {
        self.most_failures = failures.max(1);
        self
    }

    /// Sets the clock of this worker; the store's own unless said. It measures how long a permit has lived and says how
    /// long to sleep; what is due, and when, the store's clock decides.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Keeps an audience up to date in memory, for the sizes of segments that nobody saved yet: the engine tells it of everybody
    /// whom it commits and forgets whom it erases, and [`build_audience`](Engine::build_audience) reads who was there before. It
    /// holds the lock for as long as a batch takes, and waits while the host holds it. Give it the engine's own
    /// [`zone`](EngineBuilder::zone), and share one engine between the workers of a process.
    pub fn audience(mut self, audience: Arc<Mutex<Audience>>) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Gives messages links: `{{ link.unsubscribe }}` and `{{ link.preferences }}` in templates, the lines `List-Unsubscribe`,
    /// `List-Unsubscribe-Post` and `List-Id` in the head of what goes by the channel `email`
    /// ([`list_channels`](EngineBuilder::list_channels) names others), and tracked links and a picture of one dot where the
    /// contact allows [`TRACKING`](crate::link::TRACKING). The host serves what lies below `base` by
    /// [`visit`](Engine::visit). Links whose scheme is not one of [`SCHEMES`](crate::link::SCHEMES) are refused then.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::{Engine, link::LinkKeys, store::MemoryStore};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new()))
    ///     .links(LinkKeys::new(2, [8; 32]).former(1, [7; 32]), "https://go.example.org/l".parse()?)
    ///     .build();
    /// # Ok::<(), journeyman::link::BadBase>(())
    /// ```
    pub fn links(mut self, keys: LinkKeys, base: LinkBase) -> Self {
        self.links = Some(Links::new(keys, base));
        self
    }

    /// Names the channels whose messages have a head, in the place of `email` alone; call it after
    /// [`links`](EngineBuilder::links), without which it says nothing.
    pub fn list_channels(mut self, channels: impl IntoIterator<Item = impl Into<Name>>) -> Self {
        if let Some(links) = &mut self.links {
            links.channels = channels.into_iter().map(Into::into).collect();
        }
        self
    }

    /// Shares what was compiled with other engines: a simulation brings up hundreds of them over the same definitions.
    #[cfg(feature = "sim")]
    pub(crate) fn compiled(mut self, compiled: Compiled) -> Self {
        self.compiled = compiled;
        self
    }

    /// The engine. Nothing is read or written before its first call.
    #[must_use]
    pub fn build(self) -> Engine {
        let clock = self.clock.unwrap_or_else(|| self.store.clock());
        let mut channels = self.channels;
        for quota in self.quotas {
            let channel = QuotaChannel { quota, clock: clock.clone() };
            channels.insert(channel.name().into(), Arc::new(channel));
        }
        Engine {
            shared: Arc::new(Shared {
                store: self.store,
                clock,
                channels,
                purposes: self.purposes,
                feed: self.audience.map(|audience| Feed::new(audience, &self.policy)),
                policy: self.policy,
                keywords: self.keywords,
                zone: self.zone,
                holdout: self.holdout.min(100),
                custom_scores: self.custom_scores,
                calendars: Arc::new(self.calendars),
                key: self.key,
                former_keys: self.former_keys,
                limits: self.limits,
                unknown_contacts: self.unknown_contacts,
                horizon: self.horizon,
                backoff: self.backoff,
                backoffs: self.backoffs,
                throttle: Throttle::new(self.rates),
                batch: self.batch,
                most_failures: self.most_failures,
                apart: AtomicUsize::new(0),
                loaded: Mutex::new(None),
                compiled: self.compiled,
                links: self.links,
                bursts: Mutex::new(Bursts::default()),
                under_way: Default::default(),
                #[cfg(feature = "addresses")]
                addresses: self.addresses,
                handful: AtomicUsize::new(FIRST_HANDFUL),
                #[cfg(feature = "tokio")]
                wake: tokio::sync::Notify::new(),
            }),
        }
    }
}
