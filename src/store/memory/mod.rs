//! A store that lives as long as its process: for tests, simulations and hosts that keep nothing.
//!
//! It is also the reference that SQL stores are read against: the same contract in the plainest form.

mod archive;
mod aside;
mod catalog;
mod compact;
mod gate;
mod kept;
mod mailbox;
mod merge;
mod outbox;
mod person;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use self::kept::Kept;
use self::person::Person;
use super::denial::Denial;
use crate::error::StoreError;
use crate::journey::JourneyDefinition;
use crate::machine::{Cold, ContactState, Envelope, Hot, InputKind, Pause};
use crate::model::{
    ConsentRecord, ContactId, EnrollmentId, Fingerprint, InputId, JourneyId, MessageId, Name, Step, truncate,
};
use crate::port::store::{
    CommitRecord, Definition, Edition, Job, MessageRecord, MessageStatus, Pausable, Receipt, Result,
};
use crate::port::{Clock, SystemClock};

/// A store in memory. It leases contacts, so that several workers can share it.
///
/// ```
/// use journeyman::store::MemoryStore;
/// let store = MemoryStore::new();
/// let another = MemoryStore::builder().namespace("tests").build();
/// # let _ = (store, another);
/// ```
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    history: bool,
    inner: Mutex<Inner>,
}

/// Settings of a [`MemoryStore`].
#[must_use]
pub struct MemoryStoreBuilder {
    clock: Arc<dyn Clock>,
    history: bool,
    unpacked: bool,
    namespace: Name,
}

impl MemoryStore {
    /// An empty store on the system clock.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins the settings of a store.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder {
            clock: Arc::new(SystemClock),
            history: true,
            unpacked: false,
            namespace: "default".into(),
        }
    }

    /// The store, locked; a panic elsewhere cannot leave it half changed, because every call checks before it writes.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the store and stamps the call.
    fn stamped(&self) -> (MutexGuard<'_, Inner>, DateTime<Utc>) {
        let mut inner = self.lock();
        let now = truncate(self.clock.now()).max(inner.high_water.unwrap_or(DateTime::UNIX_EPOCH));
        inner.high_water = Some(now);
        (inner, now)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStoreBuilder {
    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps no steps, no commits, no consent records and no mail that was read, only what is needed to go on: for large
    /// populations that are simulated. Ids are still remembered, so that nothing happens twice.
    pub fn without_history(mut self) -> Self {
        self.history = false;
        self
    }

    /// Keeps every contact as it is worked on, and not packed: quicker, and some three times as large. For simulations of
    /// populations that fit into memory so.
    pub fn unpacked(mut self) -> Self {
        self.unpacked = true;
        self
    }

    /// Sets what goes into every derived id; `default` unless said.
    pub fn namespace(mut self, namespace: impl Into<Name>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The store, empty.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        let inner = Inner { namespace: self.namespace, unpacked: self.unpacked, ..Inner::default() };
        MemoryStore { clock: self.clock, history: self.history, inner: Mutex::new(inner) }
    }
}

#[derive(Default)]
struct Inner {
    namespace: Name,
    high_water: Option<DateTime<Utc>>,
    seq: u64,
    token: u64,
    #[allow(clippy::vec_box)] // a row is large, and a growing list of rows would double them all
    rows: Vec<Box<Row>>,
    names: compact::Names,
    unpacked: bool,
    by_id: BTreeMap<ContactId, usize>,
    seen: BTreeSet<(usize, InputId)>,
    /// Contacts by due instant.
    due: BTreeSet<(DateTime<Utc>, usize)>,
    /// Contacts by the place of their oldest unread mail.
    unread: BTreeSet<(u64, usize)>,
    /// Which lane the newest claim began with.
    due_first: bool,
    outbox: Vec<Entry>,
    by_message: BTreeMap<MessageId, usize>,
    /// Messages by the instant at which they can be taken.
    ready: BTreeSet<(DateTime<Utc>, usize)>,
    addresses: BTreeMap<(Name, Fingerprint), AddressRow>,
    /// Fingerprints under former keys and of former spellings, each with the one where the rows of its address stand.
    aliases: BTreeMap<(Name, Fingerprint), Fingerprint>,
    /// Fingerprints that another one is an alias of.
    alias_ends: BTreeSet<(Name, Fingerprint)>,
    epochs: BTreeMap<Pausable, u64>,
    paused: BTreeSet<Pausable>,
    revision: u64,
    definitions: Vec<Definition>,
    /// Every edition of each template, oldest first.
    editions: BTreeMap<Name, Vec<Edition>>,
    pauses: BTreeMap<JourneyId, Vec<Pause>>,
    /// When nobody entered which journey.
    archived: BTreeMap<JourneyId, Vec<Pause>>,
    drafts: BTreeMap<JourneyId, JourneyDefinition>,
    jobs: Vec<Job>,
    last_job: u64,
    aside: BTreeMap<u64, aside::AsideRow>,
    last_aside: u64,
    /// The few contacts whose work failed, by row.
    failing: BTreeMap<usize, Failing>,
    /// How many contacts are in which segment.
    sizes: BTreeMap<Name, i64>,
    /// Who was merged into whom.
    merges: merge::Merges,
}

/// How often the work of a contact failed in a row.
#[derive(Default)]
struct Failing {
    failures: u32,
    /// Why it is parked, where it is.
    parked: Option<Name>,
}

/// One contact.
struct Row {
    id: ContactId,
    person: Person,
    kept: Kept,
    revision: u64,
    read_seq: u64,
    due_at: Option<DateTime<Utc>>,
    unread_from: Option<u64>,
    lease: Option<(u64, DateTime<Utc>)>,
    epoch: u64,
    erased: bool,
    mail: Vec<Envelope>,
    /// None where the store keeps none.
    history: Option<Box<History>>,
    messages: Vec<usize>,
    /// What has begun, in order of the newest begin.
    said: Vec<usize>,
    /// The number of the newest begin.
    newest: u64,
    gate: Option<Box<RowGate>>,
}

/// What is kept of what a contact went through.
#[derive(Default)]
struct History {
    commits: Vec<(CommitRecord, Box<[Step]>)>,
    consents: Vec<ConsentRecord>,
}

/// What the gate keeps of the few contacts that withdrew something.
#[derive(Default)]
struct RowGate {
    denials: Vec<Denial>,
    addresses: BTreeSet<(Name, Fingerprint)>,
}

/// One message.
struct Entry {
    row: usize,
    record: MessageRecord,
    answers: u32,
    /// Whether its enrollment ended after it had begun.
    cancelled: bool,
    not_after: Option<DateTime<Utc>>,
    deadline: Option<DateTime<Utc>>,
    /// When its newest attempt began, as long as it counts as said.
    said_at: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct AddressRow {
    epoch: u64,
    suppressed: bool,
    denials: Vec<Denial>,
}

impl Inner {
    fn row_of(&mut self, contact: &ContactId) -> usize {
        if let Some(row) = self.by_id.get(contact) {
            return *row;
        }
        self.rows.push(Box::new(Row {
            id: contact.clone(),
            person: Person::of(&ContactState::new(contact.clone()).cold, self.unpacked, &mut self.names),
            kept: Kept::of(Hot::default()),
            revision: 0,
            read_seq: 0,
            due_at: None,
            unread_from: None,
            lease: None,
            epoch: 0,
            erased: false,
            mail: Vec::new(),
            history: None,
            messages: Vec::new(),
            said: Vec::new(),
            newest: 0,
            gate: None,
        }));
        self.by_id.insert(contact.clone(), self.rows.len() - 1);
        self.rows.len() - 1
    }

    /// What is known of a person, unpacked.
    fn cold(&self, row: usize) -> Arc<Cold> {
        let row = &self.rows[row];
        row.person.cold(&row.id, &self.names)
    }

    fn state(&self, row: usize) -> ContactState {
        ContactState::from_parts(self.cold(row), self.rows[row].kept.hot())
    }

    fn set_cold(&mut self, row: usize, cold: &Arc<Cold>) {
        self.rows[row].person = Person::of(cold, self.unpacked, &mut self.names);
    }

    fn share_names(&mut self, kind: InputKind) -> InputKind {
        match kind {
            InputKind::Identify(mut contact) => {
                let attributes = std::mem::take(&mut contact.attributes);
                contact.attributes =
                    attributes.into_iter().map(|(name, value)| (self.names.shared(&name), value)).collect();
                let addresses = std::mem::take(&mut contact.addresses);
                contact.addresses =
                    addresses.into_iter().map(|(channel, to)| (self.names.shared(&channel), to)).collect();
                contact.zone = contact.zone.map(|zone| self.names.shared(&zone));
                contact.locale = contact.locale.map(|locale| self.names.shared(&locale));
                InputKind::Identify(contact)
            }
            InputKind::Event(mut event) => {
                event.name = self.names.shared(&event.name);
                InputKind::Event(event)
            }
            InputKind::Consent(mut consent) => {
                consent.purpose = self.names.shared(&consent.purpose);
                consent.channel = self.names.shared(&consent.channel);
                consent.evidence.source = self.names.shared(&consent.evidence.source);
                consent.evidence.wording = self.names.shared(&consent.evidence.wording);
                InputKind::Consent(consent)
            }
            other => other,
        }
    }

    /// Puts an input into a mailbox, unless its id was seen.
    fn deliver(&mut self, row: usize, id: Option<InputId>, kind: InputKind, now: DateTime<Utc>) -> Receipt {
        let seq = self.seq + 1;
        let id = id.unwrap_or_else(|| InputId::from_place(&self.rows[row].id, seq));
        if !self.seen.insert((row, id)) {
            return Receipt::Duplicate;
        }
        self.seq = seq;
        let kind = self.share_names(kind);
        let contact = &mut self.rows[row];
        reserve(&mut contact.mail);
        contact.mail.push(Envelope::new(seq, id, now, kind));
        if contact.unread_from.is_none() {
            contact.unread_from = Some(seq);
            self.unread.insert((seq, row));
        }
        Receipt::Kept { id, seq }
    }

    fn set_due(&mut self, row: usize, due_at: Option<DateTime<Utc>>) {
        let old = std::mem::replace(&mut self.rows[row].due_at, due_at);
        if old != due_at {
            if let Some(old) = old {
                self.due.remove(&(old, row));
            }
            if let Some(due_at) = due_at {
                self.due.insert((due_at, row));
            }
        }
    }

    /// Recomputes which mail is unread: by place alone, never by a flag that a commit could overwrite.
    fn set_read(&mut self, row: usize, read_seq: u64) {
        let contact = &mut self.rows[row];
        contact.read_seq = read_seq;
        self.merges.read(row, read_seq);
        let first = contact.mail.partition_point(|envelope| envelope.seq <= read_seq);
        let unread_from = contact.mail.get(first).map(|envelope| envelope.seq);
        if let Some(old) = std::mem::replace(&mut contact.unread_from, unread_from) {
            self.unread.remove(&(old, row));
        }
        if let Some(from) = unread_from {
            self.unread.insert((from, row));
        }
    }

    /// When a message can be taken, by its status.
    fn ready_at(entry: &Entry) -> Option<DateTime<Utc>> {
        match entry.record.status {
            MessageStatus::Pending => Some(entry.record.not_before),
            MessageStatus::Begun => entry.deadline,
            _ => None,
        }
    }

    /// Changes a message and keeps the lane of ready ones true.
    fn change(&mut self, message: usize, change: impl FnOnce(&mut Entry)) {
        let entry = &mut self.outbox[message];
        let old = Self::ready_at(entry);
        change(entry);
        let new = Self::ready_at(entry);
        if old != new {
            if let Some(old) = old {
                self.ready.remove(&(old, message));
            }
            if let Some(new) = new {
                self.ready.insert((new, message));
            }
        }
    }

    /// Takes back the pending messages of a contact that `which` names.
    fn cancel(&mut self, row: usize, which: impl Fn(&MessageRecord) -> bool) {
        for message in self.rows[row].messages.clone() {
            let record = &self.outbox[message].record;
            if record.status == MessageStatus::Pending && which(record) {
                self.change(message, |entry| entry.record.status = MessageStatus::Cancelled);
            }
        }
    }

    /// Remembers that begun and parked messages of ended enrollments are not to be repeated.
    fn cancel_begun(&mut self, row: usize, enrollments: &[EnrollmentId]) {
        for message in &self.rows[row].messages {
            let entry = &mut self.outbox[*message];
            let begun = matches!(entry.record.status, MessageStatus::Begun | MessageStatus::Parked);
            entry.cancelled |= begun && enrollments.contains(&entry.record.message.enrollment);
        }
    }

    fn epoch(&self, target: &Pausable) -> u64 {
        self.epochs.get(target).copied().unwrap_or(0)
    }
}

/// Room for one more, without the slack that a short list of large items would have.
fn reserve<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact(1 + items.len() / 2);
    }
}

fn refused(operation: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { operation, reason: reason.into() }
}

/// The answer of a call that cannot fail.
fn done<T>(value: T) -> Result<T> {
    Ok(value)
}
