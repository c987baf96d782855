//! A judge of everything that a store has ever committed: for tests, simulations, and a host's own store.
//!
//! [`check()`] walks all contacts and reads what the store kept of each: steps, commits, messages, consents and mail. It
//! says which [`Invariant`] does not hold, and where. It writes nothing, holds one contact at a time,
//! and looks again where a contact changes meanwhile, so that it may run beside the workers of a live store.
//!
//! ```
//! use std::sync::Arc;
//! use journeyman::channel::RecordingChannel;
//! use journeyman::model::Evidence;
//! use journeyman::rule::TemplateDefinition;
//! use journeyman::store::MemoryStore;
//! use journeyman::testing::check;
//! use journeyman::{Consent, Contact, Engine, Event, Journey};
//!
//! # futures::executor::block_on(async {
//! let store = Arc::new(MemoryStore::new());
//! let engine = Engine::builder(store.clone()).channel(RecordingChannel::new("email")).build();
//! let hello = TemplateDefinition::new("hello").text("Bonjour");
//! let journey = Journey::builder("hello").enter_on("signed_up").send("hi", "email", "hello", "onboarding").build()?;
//! engine.publish([hello.into(), journey.into()]).await?;
//! engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
//! engine.consent(Consent::granted("lea", "onboarding", "email", Evidence::new("form", "v1"))).await?;
//! engine.track(Event::new("lea", "signed_up")).await?;
//! engine.tick().await?;
//!
//! let findings = check(&*store).await?;
//! assert!(findings.is_clean(), "{findings}");
//! // A check of nothing is clean too, so look at what was judged.
//! assert_eq!((findings.contacts, findings.steps, findings.messages), (1, 3, 1));
//! assert!(findings.replayed > 0 && findings.skipped.is_nothing());
//! # Ok::<(), journeyman::Error>(())
//! # })?;
//! # Ok::<(), journeyman::Error>(())
//! ```
//!
//! # What it cannot see
//!
//! When an attempt began, what the provider knows and who held which lease stand in no store: B2, B5, B6, C2, S3 to S6,
//! and the begun half of C1, C3 and C5 are judged by whoever sees them; X18 by the simulator, which knows the sums in another way. A commit is replayed only if its program can
//! still be built: give the engine's [policy](Checker::policy) and [zone](Checker::zone), or nothing of a host that
//! changed them is replayed, which [`Findings::skipped`] counts. A contact whose mail was purged is not replayed either.
//! The sizes of segments (X19) are those of everybody: [`check()`] compares them, [`check_contact`] sees no more than a segment
//! that counts nobody.
//! [`scan`](crate::port::store::Archive::scan) leaves erased contacts out: name them to [`check_contact`].

mod calls;
mod chart;
mod consent;
mod executor;
mod findings;
mod known;
mod migration;
mod operators;
mod outbox;
mod record;
mod replay;
mod scheduler;
mod scores;
mod segments;
mod sizes;
mod undo;

pub use findings::{Findings, Skipped, Violation};

use self::known::Known;
use self::record::{Read, Record, Sink};
use super::Invariant;
use crate::model::ContactId;
use crate::port::store::{Result, Store};
use crate::rule::Policy;
use crate::time::Zone;

/// Contacts that are looked up at a time.
const PAGE: usize = 256;

/// Judges every contact of a store whose engine has the default policy and zone.
///
/// # Errors
/// [`StoreError`](crate::StoreError) where the store cannot be read.
pub async fn check(store: &dyn Store) -> Result<Findings> {
    Checker::new().check(store).await
}

/// Judges one contact, an erased one too. Of a contact that the store does not know, nothing is judged.
///
/// # Errors
/// [`StoreError`](crate::StoreError) where the store cannot be read.
pub async fn check_contact(store: &dyn Store, contact: &ContactId) -> Result<Findings> {
    Checker::new().check_contact(store, contact).await
}

/// A check with the settings of the engine whose store it is.
///
/// ```
/// use journeyman::store::MemoryStore;
/// use journeyman::testing::check::Checker;
/// use journeyman::time::Zone;
///
/// let checker = Checker::new().zone(Zone::named("Europe/Paris")?).keeps_all_mail();
/// let findings = futures::executor::block_on(checker.check(&MemoryStore::new()))?;
/// assert_eq!(findings.contacts, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Checker {
    policy: Policy,
    zone: Zone,
    keeps_all_mail: bool,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// The settings of an engine that was given none.
    pub fn new() -> Self {
        Self { policy: Policy::default(), zone: Zone::utc(), keeps_all_mail: false }
    }

    /// Sets the sending rules of the engine.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the engine's zone of last resort.
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Says that nothing is ever purged: mail that is missing breaks X7, where it would count as purged otherwise.
    pub fn keeps_all_mail(mut self) -> Self {
        self.keeps_all_mail = true;
        self
    }

    /// Judges every contact that is not erased, page by page, and the sizes of segments.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) where the store cannot be read.
    pub async fn check(&self, store: &dyn Store) -> Result<Findings> {
        let mut known = self.load(store).await?;
        let mut findings = Findings::default();
        let mut after = 0;
        loop {
            let page = store.scan(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let contacts: Vec<ContactId> =
                page.into_iter().map(|(_, state)| state.cold.contact.id.clone()).collect();
            for contact in contacts {
                findings.absorb(self.look_at(store, &mut known, &contact).await?);
            }
        }
        findings.absorb(self.check_sizes(store).await?);
        Ok(findings)
    }

    /// Judges the sizes of segments alone (X19): counts who is in which, and compares. [`check`](Checker::check) does so too.
    ///
    /// ```
    /// use journeyman::store::MemoryStore;
    /// use journeyman::testing::check::Checker;
    /// let findings = futures::executor::block_on(Checker::new().check_sizes(&MemoryStore::new()))?;
    /// assert!(findings.is_clean() && findings.segments == 0);
    /// # Ok::<(), journeyman::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) where the store cannot be read.
    pub async fn check_sizes(&self, store: &dyn Store) -> Result<Findings> {
        sizes::judge(store).await
    }

    /// Judges one contact, an erased one too.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) where the store cannot be read.
    pub async fn check_contact(&self, store: &dyn Store, contact: &ContactId) -> Result<Findings> {
        let mut known = self.load(store).await?;
        self.look_at(store, &mut known, contact).await
    }

    async fn load(&self, store: &dyn Store) -> Result<Known> {
        Known::load(store, &self.policy, &self.zone).await
    }

    async fn look_at(&self, store: &dyn Store, known: &mut Known, contact: &ContactId) -> Result<Findings> {
        loop {
            let mut findings = Findings::default();
            let is_merged = store.alias(contact).await?.is_some();
            match Record::read(store, contact).await? {
                Read::Whole(record) if is_merged && !record.stored.erased => {
                    let mut sink = Sink::new(&record.contact);
                    consent::merged(&record, &mut sink);
                    (findings.contacts, findings.violations) = (1, sink.violations);
                }
                Read::Whole(record) => self.judge(known, &record, &mut findings),
                Read::Changing => findings.skipped.changing += 1,
                Read::Unknown => {}
            }
            // What was published or paused since the catalog was read is no fault of the contact.
            if findings.is_clean() || store.revision().await? == known.snapshot.revision {
                return Ok(findings);
            }
            *known = self.load(store).await?;
        }
    }

    fn judge(&self, known: &Known, record: &Record, findings: &mut Findings) {
        let passages = record.passages();
        findings.contacts = 1;
        findings.erased = u64::from(record.stored.erased);
        findings.enrollments = passages.len() as u64;
        findings.steps = record.steps.len() as u64;
        findings.messages = record.messages.len() as u64;
        findings.inputs = record.mail.len() as u64;
        findings.consents = record.consents.len() as u64;
        findings.commits = record.commits.len() as u64;
        let mut sink = Sink::new(&record.contact);
        if record.stored.erased {
            consent::erased(record, &mut sink);
            findings.violations = sink.violations;
            return;
        }
        let history = record.has_history();
        if history {
            executor::judge(known, record, &passages, &mut sink);
            calls::judge(record, &passages, &mut sink);
            undo::judge(known, record, &passages, &mut sink);
            migration::judge(known, record, &passages, &mut sink);
        } else {
            findings.skipped.without_history = 1;
        }
        scheduler::judge(known, record, &passages, &mut sink);
        outbox::judge(known, record, &passages, &mut sink);
        consent::judge(known, record, &mut sink);
        scores::judge(known.now(), record, &mut sink);
        segments::judge(known.now(), record, &mut sink);
        sizes::judge_one(record, &mut sink);
        if history {
            self.run_again(known, record, findings, &mut sink);
        }
        findings.violations = sink.violations;
    }

    /// What is wrong already would only be told of a second time, by a name that says less.
    fn run_again(&self, known: &Known, record: &Record, findings: &mut Findings, sink: &mut Sink<'_>) {
        let purged = !self.keeps_all_mail && replay::was_purged(known, record);
        if self.keeps_all_mail && replay::lacks_mail(record) {
            sink.add(Invariant::X7, "the mailbox", "mail that was read is missing");
        }
        if !purged && replay::programs_are_known(known, record) {
            consent::quiet(known, record, sink);
        }
        if !sink.violations.is_empty() {
            findings.skipped.broken = 1;
        } else if purged {
            findings.skipped.without_mail = 1;
        } else {
            replay::judge(known, record, findings, sink);
        }
    }
}
