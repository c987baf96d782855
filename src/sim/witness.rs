//! A store that tells the truth what really took effect, below all faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::limits::Said;
use super::profile::Profiled;
use super::segments::{self, Sorted};
use super::spark::{self, Rated};
use super::sums::Left;
use super::truth::{Denial, SeenMessage, Truth};
use super::words::{verdict, word};
use crate::journey::JourneyDefinition;
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{
    ConsentStatus, ContactId, Deed, Delivery, ExitReason, Fingerprint, Giver, InputId, JourneyId, MessageId,
    Name, Step, StepOutcome,
};
use crate::port::Clock;
use crate::port::store::{
    Amended, Begin, Begun, Catalog, CatalogSnapshot, Claim, Claimed, Commit, Committed, Definition, Edition,
    Forbidden, Gate, InFlight, Job, JobKind, Lease, Mailbox, Merging, MessageRecord, MessageStatus, Outbox,
    Pausable, Receipt, Result, Store, Suppression, Take, TakenBatch, Verdict,
};
use crate::testing::Invariant;

/// How many claims lie between two looks at what a claim left out.
const LOOK_EVERY: u64 = 12;

pub(super) struct Witness {
    pub(super) store: Arc<dyn Store>,
    pub(super) truth: Truth,
    pub(super) claims: AtomicU64,
    /// What fingerprints mean, to be read back from suppressions.
    pub(super) addresses: Vec<(String, crate::model::Fingerprint, String)>,
}

/// Waits for the store at once: to a simulation one call of it is one instant, whatever threads it has.
macro_rules! now {
    ($call:expr) => {
        pollster::block_on($call)
    };
}

impl Witness {
    /// Whoever is ready and free must be in a claim that had room left.
    fn look_for_forgotten(&self, claimed: &Claimed) -> Result<()> {
        let parked: Vec<ContactId> = now!(self.store.parked())?.into_iter().map(|(id, _)| id).collect();
        let people: Vec<String> = self.truth.seen().people.keys().cloned().collect();
        for id in people {
            let contact = ContactId::from(id.as_str());
            let Some(stored) = now!(self.store.contact(&contact))? else { continue };
            let due = stored.due_at.is_some_and(|due| due <= claimed.now);
            let mail = !now!(self.store.inputs(&contact, stored.read_seq, u64::MAX >> 1))?.is_empty();
            let handed_out = claimed.work.iter().any(|work| work.state.cold.contact.id == contact);
            let mut seen = self.truth.seen();
            let held = seen.rows.iter().any(|(row, own)| {
                *own == id && seen.leases.get(row).is_some_and(|(_, until)| *until > claimed.now)
            });
            if (due || mail) && !stored.erased && !held && !handed_out && !parked.contains(&contact) {
                let found = format!("{id} has something to do, is free and is not handed out");
                seen.breach(Invariant::S6, found);
            }
        }
        Ok(())
    }

    /// What a fingerprint means.
    fn known(&self, channel: &str, address: Fingerprint) -> Option<(String, String)> {
        let mut known = self.addresses.iter().filter(|(on, own, _)| on == channel && *own == address);
        known.next().map(|(channel, _, address)| (channel.clone(), address.clone()))
    }

    fn stands(&self, id: MessageId) -> Result<()> {
        if let Some(record) = now!(self.store.message(id))? {
            self.truth.seen().stands(id, record.status);
        }
        Ok(())
    }
}

#[async_trait]
impl Mailbox for Witness {
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
        let receipts = now!(self.store.append(inputs, horizon))?;
        let mut seen = self.truth.seen();
        for (input, receipt) in inputs.iter().zip(&receipts) {
            match receipt {
                Receipt::Kept { .. } => {}
                Receipt::Duplicate | Receipt::Erased => {
                    let is_known = *receipt == Receipt::Duplicate;
                    seen.count(if is_known { "duplicate" } else { "told_of_the_erased" });
                    continue;
                }
                _ => continue,
            }
            let order = seen.next_order();
            let now = seen.now();
            seen.limits.hears(input, now);
            seen.notes(input, order);
            let Some(person) = seen.people.get_mut(input.contact.as_str()) else { continue };
            let erased = person.erased.is_some();
            match &input.kind {
                InputKind::Identify(contact) => {
                    for (channel, address) in &contact.addresses {
                        person.addresses.insert(channel.to_string(), address.value.to_string());
                    }
                }
                InputKind::Consent(consent) if consent.status == ConsentStatus::Granted => {
                    person.grants.push((consent.purpose.to_string(), consent.channel.to_string(), order));
                }
                InputKind::Event(event) => {
                    if let Some(id) = &event.id {
                        let kept = person.events.entry(id.to_string()).or_default();
                        *kept += 1;
                        if *kept > 1 {
                            let found = format!("the event {id} of {} was kept {kept} times", input.contact);
                            seen.breach(Invariant::X2, found);
                        }
                    }
                }
                InputKind::Answer { message, answer } => {
                    seen.first_answers.entry(*message).or_insert_with(|| answer.result.clone());
                }
                _ => {}
            }
            if erased {
                seen.breach(Invariant::C4, format!("{} was erased and receives mail", input.contact));
            }
        }
        Ok(receipts)
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let claimed = now!(self.store.claim(claim))?;
        let room = claimed.work.len() < claim.limit;
        if room && self.claims.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            self.look_for_forgotten(&claimed)?;
        }
        let mut seen = self.truth.seen();
        for work in &claimed.work {
            let (row, id) = (work.lease.row, work.state.cold.contact.id.to_string());
            let held = seen.leases.get(&row).map(|(_, until)| *until);
            if seen.leases_are_exclusive && held.is_some_and(|until| until > claimed.now) {
                seen.breach(Invariant::S4, format!("{id} is handed out while another worker holds it"));
            }
            if held.is_some_and(|until| until <= claimed.now) {
                seen.count("lease_stolen");
            }
            if seen.leases_are_exclusive {
                seen.leases.insert(row, (work.lease.token, claimed.now + claim.lease));
            }
            seen.rows.insert(row, id);
        }
        Ok(claimed)
    }

    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
        struct Noted {
            lease: Lease,
            now: DateTime<Utc>,
            steps: Vec<Step>,
            messages: Vec<(MessageId, SeenMessage)>,
            said: Vec<crate::model::Message>,
            cancels: bool,
            rated: Rated,
            left: Left,
            sorted: Sorted,
            profiled: Profiled,
        }
        let (revisions, sorts) = {
            let seen = self.truth.seen();
            (seen.scores.clone(), seen.segments.clone())
        };
        let noted: Vec<Noted> = commits
            .iter()
            .map(|commit| Noted {
                lease: commit.lease.clone(),
                now: commit.now,
                steps: commit.steps.clone(),
                messages: commit.messages.iter().map(SeenMessage::decided).collect(),
                said: commit.messages.clone(),
                cancels: !commit.cancel.is_empty(),
                rated: Rated::new(commit, published(&revisions, commit.catalog)),
                left: Left::new(commit),
                sorted: Sorted::new(commit, published(&sorts, commit.catalog)),
                profiled: Profiled::new(commit),
            })
            .collect();
        let committed = now!(self.store.commit(commits))?;
        let mut cancelled = Vec::new();
        {
            let mut seen = self.truth.seen();
            for (noted, committed) in noted.into_iter().zip(&committed) {
                let row = noted.lease.row;
                match committed {
                    Committed::Done => {}
                    Committed::StaleLease => {
                        seen.count("zombie_refused");
                        continue;
                    }
                    Committed::StaleCatalog => {
                        seen.count("old_program_refused");
                        seen.given_back(&noted.lease);
                        continue;
                    }
                }
                seen.leases.remove(&row);
                let before = seen.revisions.insert(row, noted.lease.revision);
                if before.is_some_and(|before| before >= noted.lease.revision) {
                    let found = format!("revision {} of row {row} was committed twice", noted.lease.revision);
                    seen.breach(Invariant::S4, found);
                }
                seen.rated(row, (noted.rated, noted.left, noted.sorted), noted.profiled);
                let now = seen.now();
                if noted.now > now {
                    seen.breach(Invariant::S2, format!("a commit of row {row} is of {}", noted.now));
                }
                for step in &noted.steps {
                    seen.count(word(&step.outcome));
                    seen.limits_step(row, step);
                    if let Some(contact) = seen.rows.get(&row).cloned() {
                        seen.notes_step(&contact, step);
                    }
                    seen.runs.insert(step.enrollment);
                    if let StepOutcome::Exited { reason } = &step.outcome
                        && !matches!(reason, ExitReason::Completed | ExitReason::Exit(_) | ExitReason::Undone)
                    {
                        seen.ended.insert(step.enrollment);
                        seen.count("ended_before_its_time");
                    }
                    if step.at > now {
                        let found = format!("step {} of {} is of {}", step.ordinal, step.enrollment, step.at);
                        seen.breach(Invariant::S2, found);
                    }
                }
                noted.said.iter().for_each(|message| seen.limits_choice(message));
                for (id, message) in noted.messages {
                    if noted.cancels {
                        cancelled.push(id);
                    }
                    seen.messages.entry(id).or_insert(message);
                }
            }
        }
        cancelled.into_iter().try_for_each(|id| self.stands(id))?;
        Ok(committed)
    }

    async fn give_back(&self, leases: &[Lease]) -> Result<()> {
        now!(self.store.give_back(leases))?;
        let mut seen = self.truth.seen();
        for lease in leases {
            seen.given_back(lease);
        }
        seen.count("given_back");
        Ok(())
    }

    async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>> {
        let failures = now!(self.store.fail(lease, reason, most))?;
        let mut seen = self.truth.seen();
        if failures.is_some() {
            seen.given_back(lease);
        }
        if failures.is_some_and(|failures| failures >= most) {
            seen.count("parked");
        }
        Ok(failures)
    }

    async fn release(&self, contact: &ContactId) -> Result<bool> {
        let released = now!(self.store.release(contact))?;
        if released {
            self.truth.seen().count("released");
        }
        Ok(released)
    }

    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
        now!(self.store.next_due(channels))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.store.clock()
    }
}

/// The version of the score, or of the segments, as of a revision.
fn published(revisions: &BTreeMap<u64, u32>, catalog: u64) -> u32 {
    revisions.range(..=catalog).next_back().map_or(0, |(_, version)| *version)
}

#[async_trait]
impl Outbox for Witness {
    async fn take(&self, take: &Take) -> Result<TakenBatch> {
        let batch = now!(self.store.take(take))?;
        for taken in batch.messages.iter().filter(|taken| taken.attempts == 0) {
            let Some(contact) = now!(self.store.contact(&taken.message.contact))? else { continue };
            let clicks = contact.state.hot.performed.tally("clicked").map_or(0, |tally| tally.count);
            self.truth.seen().taken(taken.message.id, clicks);
        }
        if self.truth.seen().limits.is_open() {
            let own = batch.messages.iter().map(|taken| now!(self.store.contact(&taken.message.contact)));
            let contacts = own.collect::<Result<Vec<_>>>()?;
            self.truth.seen().limits_taken(&batch, &contacts);
        }
        Ok(batch)
    }

    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>> {
        let judged: Vec<Begin> = match self.truth.seen().limits.is_open() {
            true => begins.clone(),
            false => Vec::new(),
        };
        let asked: Vec<_> =
            begins.iter().map(|begin| (begin.message, begin.taken_at, verdict(&begin.verdict))).collect();
        let varied = begins.iter().map(|begin| match &begin.verdict {
            Verdict::Send { content, .. } => content.variant.is_some(),
            _ => false,
        });
        let varied: Vec<bool> = varied.collect();
        let said: Vec<Said> = begins.iter().map(Said::of).collect();
        let texts: Vec<Option<(String, bool)>> = begins
            .iter()
            .map(|begin| match &begin.verdict {
                Verdict::Send { content, .. } => {
                    Some((content.plain().to_owned(), !content.links.is_empty()))
                }
                _ => None,
            })
            .collect();
        let begun = now!(self.store.begin(begins))?;
        self.truth.seen().limits_answered(&judged, &begun);
        for (said, begun) in said.into_iter().zip(&begun) {
            self.truth.seen().gate_answered(said, begun);
        }
        let varied = varied.into_iter().zip(texts);
        for (((id, taken_at, verdict), begun), (varied, text)) in asked.into_iter().zip(&begun).zip(varied) {
            match begun {
                Begun::Begun { attempt, not_after } => {
                    if varied {
                        self.truth.seen().count("said_in_a_variant");
                    }
                    self.truth.seen().begun(id, *attempt, taken_at, *not_after);
                    if let Some((text, tracked)) = text {
                        self.truth.seen().says(id, *attempt, &text);
                        if tracked {
                            self.truth.seen().tracks(id, *attempt, taken_at);
                        }
                    }
                }
                Begun::Answered => {
                    self.truth.seen().count(verdict);
                    self.stands(id)?;
                }
                Begun::Stale => self.truth.seen().count("stale_begin"),
            }
        }
        Ok(begun)
    }

    async fn settle(&self, deliveries: &[Delivery]) -> Result<()> {
        // One by one: two answers for one attempt must be told apart.
        for delivery in deliveries {
            let before = now!(self.store.message(delivery.message))?;
            now!(self.store.settle(std::slice::from_ref(delivery)))?;
            let effective = before.as_ref().is_some_and(|record| {
                record.status == MessageStatus::Begun && record.attempts == delivery.attempt
            });
            if !effective && before != now!(self.store.message(delivery.message))? {
                let found = format!("{} was changed by the answer for another attempt", delivery.message);
                self.truth.seen().breach(Invariant::B6, found);
            }
            let mut seen = self.truth.seen();
            seen.settled(delivery.message, delivery.attempt, &delivery.status, effective);
            if effective && delivery.attempt == 1 && seen.refused_at_once(delivery.message) {
                seen.place_comes_back(delivery.message);
            }
            drop(seen);
            self.stands(delivery.message)?;
        }
        Ok(())
    }

    async fn cancel_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let amended = now!(self.store.cancel_message(message, by))?;
        if amended == Amended::Done {
            self.truth.seen().count("message_taken_back_by_hand");
        }
        self.stands(message)?;
        Ok(amended)
    }

    async fn retry_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let amended = now!(self.store.retry_message(message, by))?;
        if amended == Amended::Done {
            self.truth.seen().repeated(message);
        }
        self.stands(message)?;
        Ok(amended)
    }

    async fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<MessageRecord>> {
        now!(self.store.parked_messages(after, limit))
    }
}

#[async_trait]
impl Gate for Witness {
    async fn withdraw(&self, withdrawal: &Withdrawal, id: Option<InputId>) -> Result<()> {
        now!(self.store.withdraw(withdrawal, id))?;
        let mut seen = self.truth.seen();
        let now = seen.now();
        // What a provider says, the person did not.
        if withdrawal.act != ConsentStatus::Expired
            && !matches!(withdrawal.evidence.who, Giver::Provider { .. })
        {
            let said_at = withdrawal.at.map_or(now, |at| at.min(now));
            seen.limits.heard_of(&withdrawal.contact, said_at);
        }
        let order = seen.next_order();
        if id.is_some_and(|id| !seen.withdrawals.insert(*id.as_bytes())) {
            seen.count("withdrawn_twice");
            return Ok(());
        }
        seen.count("withdrawn");
        let by = withdrawal.contact.to_string();
        let addresses = seen.people.get(&by).map(|person| person.addresses.clone()).unwrap_or_default();
        let from = withdrawal.from.as_ref().and_then(|(on, own)| self.known(on, *own));
        if seen.notes_withdrawal(withdrawal, addresses.clone(), from, order) {
            return Ok(());
        }
        let purposes = withdrawal.purposes.iter().map(ToString::to_string).collect();
        let channel = withdrawal.channel.as_ref().map(ToString::to_string);
        seen.denials.push(Denial { by, purposes, channel, addresses, order });
        Ok(())
    }

    async fn suppress(&self, suppression: &Suppression) -> Result<()> {
        now!(self.store.suppress(suppression))?;
        let mut seen = self.truth.seen();
        seen.count("suppressed");
        let order = seen.next_order();
        let (channel, address) = (&*suppression.channel, suppression.address);
        if let Some(known) = self.known(channel, address) {
            seen.suppressed.entry(known).or_insert(order);
        }
        Ok(())
    }

    async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()> {
        now!(self.store.rekey(channel, former, current))
    }

    async fn erase(&self, contact: &ContactId) -> Result<bool> {
        let begun = now!(self.store.in_flight(contact))?.len();
        let known = now!(self.store.erase(contact))?;
        let messages = now!(self.store.messages(contact))?;
        let mut seen = self.truth.seen();
        seen.erased(contact, begun > 0, known);
        seen.owed_by_erasure(&messages);
        Ok(known)
    }

    async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging> {
        let merging = now!(self.store.merge(loser, winner))?;
        self.truth.seen().merged(loser, winner, &merging);
        Ok(merging)
    }

    async fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Result<Forbidden> {
        now!(self.store.forbidden(contact, channel, purpose))
    }

    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>> {
        now!(self.store.in_flight(contact))
    }
}

#[async_trait]
impl Catalog for Witness {
    async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64> {
        let revision = now!(self.store.publish_by(definitions, by))?;
        let mut replaced = 0;
        for definition in definitions {
            if let Definition::Score(score) = definition
                && let Some(version) = spark::version_of(score)
            {
                self.truth.seen().scores.insert(revision, version);
            }
            if let Definition::Segment(segment) = definition {
                // The highest version counts, whenever it was published.
                let mut seen = self.truth.seen();
                let newest = seen.segments.values().copied().max().unwrap_or_default();
                seen.segments.insert(revision, segments::version_of(segment).max(newest));
            }
            let Definition::Template(template) = definition else { continue };
            replaced += usize::from(now!(self.store.history(&template.template))?.len() > 1);
        }
        let mut seen = self.truth.seen();
        if replaced > 0 {
            seen.count("template_replaced");
        }
        seen.edited |= revision > 1;
        seen.count("published");
        Ok(revision)
    }

    async fn history(&self, template: &str) -> Result<Vec<Edition>> {
        now!(self.store.history(template))
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        let revision = now!(self.store.pause(target))?;
        let mut seen = self.truth.seen();
        seen.edited = true;
        seen.count("paused");
        Ok(revision)
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        let revision = now!(self.store.resume(target))?;
        let mut seen = self.truth.seen();
        let now = seen.now();
        seen.resumes.insert(now);
        seen.count("resumed");
        Ok(revision)
    }

    async fn draft(&self, definition: &JourneyDefinition) -> Result<()> {
        now!(self.store.draft(definition))
    }

    async fn archive(&self, journey: &JourneyId) -> Result<u64> {
        now!(self.store.archive(journey))
    }

    async fn unarchive(&self, journey: &JourneyId) -> Result<u64> {
        now!(self.store.unarchive(journey))
    }

    async fn start(&self, kind: &JobKind) -> Result<u64> {
        let job = now!(self.store.start(kind))?;
        self.truth.seen().count("migration_started");
        Ok(job)
    }

    async fn revision(&self) -> Result<u64> {
        now!(self.store.revision())
    }

    async fn snapshot(&self) -> Result<CatalogSnapshot> {
        now!(self.store.snapshot())
    }

    async fn jobs(&self) -> Result<Vec<Job>> {
        now!(self.store.jobs())
    }

    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool> {
        let moved = now!(self.store.advance_job(job, from, to))?;
        self.truth.seen().count(if moved { "job_moved" } else { "job_moved_by_another" });
        Ok(moved)
    }
}
