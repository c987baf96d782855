//! The async shell: thin, and without decisions of its own.
//!
//! An [`Engine`] appends what the host says, and [`tick`](Engine::tick)s: it claims contacts that have mail or are due,
//! runs the transition over each, commits the batch in one transaction, and hands over what passed the gate. It needs no
//! runtime and starts no thread; the host calls `tick` and sleeps until `tick.next_wake`.

mod apart;
mod aside;
mod backoff;
mod bounced;
mod builder;
mod compiled;
mod consent;
mod deliver;
mod door;
mod drain;
mod feed;
mod floors;
mod import;
mod jobs;
mod link;
mod merge;
mod migration;
mod operate;
mod parked;
mod permits;
mod places;
mod preview;
mod program;
mod proof;
mod quota;
mod rank;
mod receive;
mod recount;
mod rekey;
#[cfg(feature = "tokio")]
mod run;
mod score;
mod seed;
mod segment;
mod share;
mod shelf;
mod size;
mod throttle;
mod tick;
mod tracked;
mod under_way;
mod visit;
mod watch;
mod way_out;
mod why;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

pub use backoff::Backoff;
pub use bounced::Returned;
pub use builder::{EngineBuilder, Limits, UnknownContacts};
#[cfg(feature = "sim")]
pub(crate) use compiled::Compiled;
pub use drain::Drain;
pub use floors::Floor;
pub use import::Imported;
pub use migration::{MigrationCount, MigrationMove};
pub use operate::{ListedRun, RunFilter, RunPage};
pub use preview::Preview;
#[cfg(feature = "sim")]
pub(crate) use quota::QuotaChannel;
pub use receive::Inbound;
pub use score::ScoreStanding;
pub use segment::{MemberPage, SegmentMembership, SegmentStatus};
pub use shelf::{JourneyState, JourneyStatus};
pub use throttle::Rate;
pub use tick::Tick;
pub use why::{Asked, Why};

use crate::error::StoreError;
use crate::link::Bursts;
use crate::model::{FingerprintKey, Name};
use crate::port::{Channel, Clock, Store};
use crate::rule::Policy;
use crate::rule::inbound::Keywords;
use crate::time::{Calendar, Zone};
#[cfg(not(feature = "sim"))]
use compiled::Compiled;
use feed::Feed;
use program::Loaded;
use throttle::Throttle;
use under_way::UnderWay;

/// Runs journeys over a store, through channels. Cheap to clone; clones share everything.
///
/// ```
/// use std::sync::Arc;
/// use journeyman::channel::RecordingChannel;
/// use journeyman::model::Evidence;
/// use journeyman::rule::TemplateDefinition;
/// use journeyman::store::MemoryStore;
/// use journeyman::{Consent, Contact, Engine, Event, Journey};
///
/// # futures::executor::block_on(async {
/// let email = RecordingChannel::new("email");
/// let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(email.clone()).build();
/// engine.publish([
///     TemplateDefinition::new("hello").text("Bonjour {{ contact.first_name }} !").into(),
///     Journey::builder("hello").enter_on("signed_up").send("greet", "email", "hello", "onboarding").build()?.into(),
/// ]).await?;
///
/// engine.identify(Contact::new("lea").attribute("first_name", "Léa").address("email", "lea@example.org")).await?;
/// engine.consent(Consent::granted("lea", "onboarding", "email", Evidence::new("signup-form", "2026-03"))).await?;
/// engine.track(Event::new("lea", "signed_up")).await?;
/// let tick = engine.tick().await?;
/// assert_eq!(tick.accepted, 1);
/// assert_eq!(email.sent()[0].content.plain(), "Bonjour Léa !");
/// # Ok::<(), journeyman::Error>(())
/// # })?;
/// # Ok::<(), journeyman::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    channels: BTreeMap<Name, Arc<dyn Channel>>,
    purposes: Option<std::collections::BTreeSet<Name>>,
    policy: Policy,
    keywords: Keywords,
    zone: Zone,
    holdout: u8,
    custom_scores: bool,
    calendars: Arc<BTreeMap<String, Calendar>>,
    key: FingerprintKey,
    former_keys: Vec<FingerprintKey>,
    limits: Limits,
    unknown_contacts: UnknownContacts,
    horizon: TimeDelta,
    backoff: Backoff,
    backoffs: BTreeMap<Name, Backoff>,
    throttle: Throttle,
    batch: usize,
    most_failures: u32,
    /// How many contacts are still worked on one by one, after the store refused them together.
    apart: AtomicUsize,
    loaded: Mutex<Option<Arc<Loaded>>>,
    compiled: Compiled,
    /// Where it tells what it commits, if the host keeps an audience.
    feed: Option<Feed>,
    /// What links are made of, if the host serves any.
    links: Option<link::Links>,
    /// Visits of links that wait until it is known whether a scanner made them.
    bursts: Mutex<Bursts>,
    /// Tests that are under way.
    under_way: UnderWay,
    /// Which addresses are taken.
    #[cfg(feature = "addresses")]
    addresses: crate::rule::address::AddressRules,
    /// How many messages are begun at a time, as fast as the channels are.
    handful: AtomicUsize,
    #[cfg(feature = "tokio")]
    wake: tokio::sync::Notify,
}

impl Engine {
    /// Begins the settings of an engine. The store is the one thing without a default.
    pub fn builder(store: Arc<dyn Store>) -> EngineBuilder {
        EngineBuilder::new(store)
    }

    /// The store, for screens, audits and exports.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (store, elapsed) = (&self.shared.store, self.shared.clock.elapsed());
        let mut next = store.next_due(&self.open_channels(elapsed)).await?;
        for channel in self.shared.channels.keys() {
            let Some(opens_in) = self.shared.throttle.opens_in(channel, elapsed) else { continue };
            // What waits for a channel that is closed by its rate goes when that opens, and never earlier.
            if let Some(due) = store.next_due(std::slice::from_ref(channel)).await? {
                let opens =
                    store.clock().now().checked_add_signed(opens_in).unwrap_or(DateTime::<Utc>::MAX_UTC);
                next = Some(next.map_or(due.max(opens), |next| next.min(due.max(opens))));
            }
        }
        Ok(next)
    }

    /// The channels that are not closed by their rate.
    fn open_channels(&self, elapsed: TimeDelta) -> Vec<Name> {
        let open = |channel: &&Name| self.shared.throttle.opens_in(channel, elapsed).is_none();
        self.shared.channels.keys().filter(open).cloned().collect()
    }

    /// Tells a sleeping [`run`](Engine::run) that there is something to do.
    fn wake(&self) {
        #[cfg(feature = "tokio")]
        self.shared.wake.notify_one();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("channels", &self.shared.channels.keys()).finish_non_exhaustive()
    }
}
