//! One tick: claim, transition, commit, hand over. Read this file to know the crate.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::Engine;
use super::apart::Failed;
use super::feed::News;
use super::program::Loaded;
use super::recount::lacks_history;
use super::seed::came_too_late;
use crate::error::{Error, StoreError};
use crate::machine::{Signal, Transition};
use crate::model::{Hash, Name};
use crate::port::store::{Claim, Commit, Committed, JobKind, SegmentMove, Work};
use crate::seeded::{Bug, is_on};

/// Rounds of one tick; what is left then is due at once.
const MOST_ROUNDS: usize = 1_024;
/// Times that one tick counts histories anew, because they grew meanwhile.
const MOST_COUNTS: usize = 8;
/// Batches of contacts that one round reads.
const MOST_BATCHES: usize = 1_024;

/// What one tick did, and when the next one is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// Commits that took effect; a contact that was looked at twice counts twice.
    pub contacts: usize,
    /// Inputs that were read.
    pub inputs: usize,
    /// Steps that were taken.
    pub steps: usize,
    /// Messages that were decided.
    pub messages: usize,
    /// Messages that a channel accepted.
    pub accepted: usize,
    /// Messages that the gate or a channel refused.
    pub refused: usize,
    /// Messages that the gate deferred.
    pub deferred: usize,
    /// Attempts that follow later.
    pub retried: usize,
    /// Messages whose outcome is unknown and that an operator decides.
    pub parked: usize,
    /// Messages that keep their place in the outbox, because the rate of their channel lets nothing more begin now.
    pub throttled: usize,
    /// Commits and attempts that another worker or the gate overtook; they are done again or are void.
    pub stale: usize,
    /// Commits whose outcome the store did not know; the next claim reads it back.
    pub unknown: usize,
    /// Contacts whose work failed by itself; they are tried again, and parked after too many failures in a row.
    pub failed: usize,
    /// What the host may want to know.
    pub signals: Vec<Signal>,
    /// When there is something to do next; `None` where nothing is waited for.
    pub next_wake: Option<DateTime<Utc>>,
}

impl Engine {
    /// Does everything that is due: reads mail, fires timers, hands messages over. Then sleep until
    /// [`next_wake`](Tick::next_wake).
    ///
    /// Dropping the future is safe: what was committed stays, what was not is done by the next tick, and a handover under
    /// way counts as unknown.
    ///
    /// # Errors
    /// [`Error::Store`] where the store fails (tick again later if it is retryable), [`Error::Catalog`] where a newer
    /// version of this crate published something that this one does not understand.
    pub async fn tick(&self) -> Result<Tick, Error> {
        self.tick_while(|| true).instrument(tracing::debug_span!("tick")).await
    }

    pub(super) async fn tick_while(&self, go_on: impl Fn() -> bool) -> Result<Tick, Error> {
        let (mut tick, mut again) = (Tick::default(), false);
        self.settle_visits().await?;
        for _ in 0..MOST_COUNTS {
            again = self.work_on_jobs().await?;
            for _ in 0..MOST_ROUNDS {
                // A goal that lies unread takes a message back, so everything is read before anything is said.
                let mut left = MOST_BATCHES;
                while left > 0 && go_on() && self.advance_into(&mut tick, &mut again).await? {
                    left -= 1;
                }
                if left == 0 || !go_on() || !self.deliver_into(&mut tick).await? {
                    break;
                }
            }
            // Everybody stands where they stand now, so a line can be drawn; not over people whose history is looked
            // through, by this worker or another one.
            again |= go_on() && !self.is_seeding().await? && self.draw_lines().await?;
            // Whose history grew while it was counted is counted again, now that it was read.
            if !again || !go_on() {
                break;
            }
        }
        self.end_doubts().await?;
        let next = [self.next_due().await?, self.next_line().await?, self.next_visit()];
        tick.next_wake = next.into_iter().flatten().min();
        if again {
            // It stopped before every count was taken in, and no timer says so.
            let now = self.shared.store.clock().now();
            tick.next_wake = Some(tick.next_wake.map_or(now, |due| due.min(now)));
        }
        tracing::debug!(contacts = tick.contacts, steps = tick.steps, accepted = tick.accepted, "ticked");
        Ok(tick)
    }

    /// Works on open jobs, reads mail and fires timers of one batch of contacts, and hands nothing over. [`tick`](Engine::tick) calls it; a
    /// worker that only decides may call it alone.
    ///
    /// # Errors
    /// As [`tick`](Engine::tick).
    pub async fn advance(&self) -> Result<Tick, Error> {
        let mut tick = Tick::default();
        self.work_on_jobs().await?;
        self.advance_into(&mut tick, &mut false).await?;
        self.end_doubts().await?;
        Ok(tick)
    }

    /// One batch; false where nobody is left. Says where a job was started, because a count came too late.
    async fn advance_into(&self, tick: &mut Tick, started: &mut bool) -> Result<bool, Error> {
        let store = &self.shared.store;
        #[cfg_attr(not(seeded_bugs), expect(unused_mut))]
        let mut claim = Claim::of(self.batch_size());
        #[cfg(seeded_bugs)]
        {
            claim.worker_now = Some(self.shared.clock.now());
        }
        let claimed = store.claim(&claim).await?;
        if claimed.work.is_empty() {
            self.end_apart();
            return Ok(false);
        }
        let loaded = self.program(Some(claimed.catalog)).await?;
        let mut commits = Vec::with_capacity(claimed.work.len());
        let mut outcomes = Vec::with_capacity(claimed.work.len());
        let (mut failed, mut uncounted, mut unseeded) = (Vec::new(), BTreeSet::new(), Vec::new());
        for work in claimed.work {
            // Timers that lie after mail which did not fit into the claim must wait for it.
            let cut = work.envelopes.last().filter(|_| work.envelopes.len() >= claim.inputs_per_contact);
            let now = cut.map_or(claimed.now, |last| last.received_at);
            let now = if is_on(Bug::TimerByTheWorkersClock) { self.shared.clock.now() } else { now };
            let (contact, lease) = (work.state.cold.contact.id.clone(), work.lease.clone());
            // Total as it is, a transition that panics all the same must not take its batch along.
            let fed = self.shared.feed.is_some();
            match catch_unwind(AssertUnwindSafe(|| advance(&loaded, work, now, fed))) {
                Ok((commit, outcome, late, lacking)) => {
                    uncounted.extend(late);
                    unseeded.extend(lacking.map(|hash| (contact.clone(), hash)));
                    commits.push(commit);
                    outcomes.push((contact, lease, outcome));
                }
                Err(_) => failed.push(Failed { contact, lease, reason: "panic".into() }),
            }
        }
        for (score, hash) in uncounted {
            store.start(&JobKind::Seed { score, hash }).await?;
            *started = true;
        }
        for (contact, hash) in unseeded {
            store.start(&JobKind::SeedSegments { hash, contact: Some(contact) }).await?;
            *started = true;
        }
        if !commits.is_empty() {
            let late = messages_apart(&mut commits);
            let at_work = outcomes.iter().map(|(contact, ..)| contact.clone());
            // Whatever becomes of the commit, also where this future is dropped: what is not told is read again.
            let flight = self.shared.feed.as_ref().map(|feed| feed.begin(at_work));
            match store.commit(commits).await {
                Ok(committed) => {
                    if is_on(Bug::MessagesInASecondTransaction) {
                        store.commit(late).await?;
                    }
                    let mut told = Vec::new();
                    for ((.., mut outcome), committed) in outcomes.into_iter().zip(committed) {
                        let news = outcome.news.take().filter(|_| committed == Committed::Done);
                        told.push(news.unwrap_or(News::Overtaken));
                        match committed {
                            Committed::Done => outcome.count(tick),
                            Committed::StaleLease | Committed::StaleCatalog => tick.stale += 1,
                        }
                    }
                    if let Some(flight) = flight {
                        flight.end(told);
                    }
                }
                // The contacts are claimed again, which reads back what took effect; nothing is repeated blindly.
                Err(StoreError::Unknown { operation, reason }) => {
                    tracing::warn!(operation, reason, "the outcome of a commit is unknown");
                    tick.unknown += 1;
                }
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Corrupt { .. }))
                    if !is_on(Bug::PoisonStopsTheBatch) =>
                {
                    let refused = outcomes.into_iter().map(|(contact, lease, _)| (contact, lease));
                    failed.extend(self.set_apart(refused.collect(), &error).await?);
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.count_failures(failed, tick).await?;
        Ok(true)
    }
}

/// The messages of commits as commits of their own; none, unless a bug is planted.
fn messages_apart(commits: &mut [Commit]) -> Vec<Commit> {
    if !is_on(Bug::MessagesInASecondTransaction) {
        return Vec::new();
    }
    let apart = commits.iter_mut().filter(|commit| !commit.messages.is_empty()).map(|commit| Commit {
        messages: std::mem::take(&mut commit.messages),
        ..Commit::new(commit.lease.clone(), commit.catalog, commit.read_seq, commit.hot.clone())
    });
    apart.collect()
}

/// What a commit is worth once it took effect.
struct Outcome {
    inputs: usize,
    steps: usize,
    messages: usize,
    signals: Vec<Signal>,
    /// What an audience is told of it.
    news: Option<News>,
}

impl Outcome {
    fn count(self, tick: &mut Tick) {
        tick.contacts += 1;
        tick.inputs += self.inputs;
        tick.steps += self.steps;
        tick.messages += self.messages;
        tick.signals.extend(self.signals);
    }
}

/// The segment that a contact entered or left, where a signal tells of it.
fn moved(signal: &Signal) -> Option<SegmentMove> {
    match signal {
        Signal::Moved { segment, inside, .. } => Some(SegmentMove::new(segment.clone(), *inside)),
        _ => None,
    }
}

/// Runs the transition over one contact and says what to commit, which scores must be counted again, and for which segments
/// its history must be looked through.
fn advance(
    loaded: &Loaded,
    work: Work,
    now: DateTime<Utc>,
    fed: bool,
) -> (Commit, Outcome, Vec<(Name, Hash)>, Option<Hash>) {
    let program = &loaded.program;
    let Transition {
        state,
        cold_changed,
        consumed,
        due_at,
        steps,
        messages,
        cancel,
        spared,
        consents,
        lifts,
        denials,
        signals,
    } = program.transition(work.state, &work.envelopes, now);
    let last = consumed.checked_sub(1).and_then(|last| work.envelopes.get(last));
    let read_seq = last.map_or(work.read_seq, |envelope| envelope.seq);
    let read = work.envelopes.get(..consumed).unwrap_or_default();
    let uncounted = came_too_late(program, read, &state).collect();
    let lacking = lacks_history(program, read, &state);
    let moves = signals.iter().filter_map(moved).collect();
    let news = fed.then(|| News::of(loaded, state.clone(), read, &steps));
    let outcome = Outcome { inputs: consumed, steps: steps.len(), messages: messages.len(), signals, news };
    let commit = Commit {
        program: program.hash,
        due_at,
        cold: cold_changed.then_some(state.cold),
        steps,
        messages,
        cancel,
        spared,
        consents,
        lifts,
        denials: denials.into_iter().map(|denial| denial.placed(work.read_seq)).collect(),
        moves,
        ..Commit::new(work.lease, program.catalog, read_seq, state.hot)
    };
    (commit, outcome, uncounted, lacking)
}
