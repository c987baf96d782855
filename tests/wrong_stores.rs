//! The suite is able to fail: a store with one fault is refused by exactly the obligations that the fault breaks.

#![allow(clippy::unwrap_used)] // a test may end by a poisoned lock

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::journey::JourneyDefinition;
use journeyman::machine::{ContactState, Denial, Envelope, Input, Withdrawal};
use journeyman::model::{
    ConsentRecord, ContactId, Deed, Delivery, Event, Fingerprint, InputId, JourneyId, MessageId, Name, Step,
};
use journeyman::port::Clock;
use journeyman::port::store::*;
use journeyman::store::MemoryStore;
use journeyman::testing::store::{StoreBuilder, Suite};

/// What a wrong store does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Nothing wrong.
    None,
    /// Keeps an input whose id was seen, under another id.
    KeepsDuplicates,
    /// Commits with whatever revision the contact has by now.
    IgnoresRevisions,
    /// Counts mail as read that came while the worker ran.
    LosesMail,
    /// Reads the epochs again before it begins: checking first and sending afterwards.
    RereadsEpochs,
    /// Takes an answer for whatever attempt is the current one.
    SettlesAnyAttempt,
    /// Is empty when it is opened again.
    Forgets,
    /// Lets a permit count from the begin, however old the judgement is.
    PermitsFromTheBegin,
    /// Counts failures and parks nobody.
    ParksNobody,
    /// Keeps the first message of a commit and loses the others.
    LosesMessages,
    /// Takes back what a commit spares.
    SparesNothing,
    /// Denies nothing that a commit denies.
    DeniesNothing,
    /// Denies what a commit denies after every grant, whenever it was said.
    DeniesForEver,
    /// Hands out work a minute before it is due.
    HurriesTimers,
    /// Answers one revision for ever.
    StandsStill,
    /// Keeps no more than the newest edition of a template.
    ForgetsEditions,
    /// Publishes new rules of scores and starts no job that counts.
    CountsNothing,
    /// Takes two fingerprints of one address for two addresses.
    ForgetsFormerKeys,
    /// Keeps editions without their deeds.
    ForgetsWhoAndWhy,
    /// Says that it merged, and did nothing.
    MergesInName,
    /// Publishes segments and starts no job that seeds them.
    SeedsNothing,
    /// Puts other content under a version of a segment.
    OverwritesSegments,
    /// Counts who moved in a commit that it refuses.
    CountsStaleCommits,
    /// Counts the first move of a commit alone.
    CountsOneMove,
    /// Erases a contact and still counts it.
    CountsTheErased,
    /// Takes somebody out of every segment whenever anybody is erased.
    ErasesFromEverySegment,
    /// Counts who enters and never who leaves.
    CountsNobodyOut,
    /// Counts the first contact of a batch alone.
    CountsABatchOnce,
    /// Counts by the state of a contact each time that it is committed.
    CountsStates,
    /// Answers the size of one segment for any.
    ConfusesSegments,
    /// Counts what was said first and begins afterwards.
    CountsThenBegins,
    /// Keeps no edition of the rules by which a message was answered.
    ForgetsTheRules,
    /// Knows of a message no more than the newest time that it was put off.
    KeepsTheNewestDeferral,
    /// Erases every step, whatever it says.
    ErasesEveryStep,
    /// Erases the answers for messages, whatever they say.
    ErasesEveryAnswer,
    /// Knows what was said an hour ago and no more.
    ForgetsWhatWasSaid,
    /// Hands out nothing that is owed to a third party.
    WithholdsRemovals,
    /// Panics where it is asked when to wake.
    Panics,
}

struct Wrong {
    inner: MemoryStore,
    fault: Fault,
    rows: Mutex<BTreeMap<u64, ContactId>>,
    /// By how much it counts wrong.
    miscounted: Mutex<BTreeMap<Name, i64>>,
}

/// A role of the wrong store: what it does itself, then what it leaves to the right one.
macro_rules! role {
    ($role:ident { $($own:item)* } $($name:ident($($argument:ident: $of:ty),*) -> $answer:ty,)*) => {
        #[async_trait]
        impl $role for Wrong {
            $($own)*
            $(async fn $name(&self, $($argument: $of),*) -> Result<$answer> {
                self.inner.$name($($argument),*).await
            })*
        }
    };
}

role! {
    Mailbox {
        async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
            let mut receipts = self.inner.append(inputs, horizon).await?;
            for (receipt, input) in receipts.iter_mut().zip(inputs) {
                if self.fault == Fault::KeepsDuplicates && *receipt == Receipt::Duplicate {
                    let mut again = input.clone();
                    again.id = None;
                    *receipt = self.inner.append(&[again], horizon).await?[0];
                }
            }
            Ok(receipts)
        }

        async fn claim(&self, claim: &Claim) -> Result<Claimed> {
            let claimed = self.inner.claim(claim).await?;
            let rows = claimed.work.iter().map(|work| (work.lease.row, work.state.cold.contact.id.clone()));
            self.rows.lock().unwrap().extend(rows);
            Ok(claimed)
        }

        async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
            let mut answers: Vec<Committed> = Vec::new();
            for mut commit in commits {
                let again = self.fault == Fault::CountsABatchOnce && !answers.is_empty();
                commit.moves.retain(|moved| !again && (moved.inside || self.fault != Fault::CountsNobodyOut));
                if self.fault == Fault::CountsOneMove {
                    commit.moves.truncate(1);
                }
                let contact = self.rows.lock().unwrap()[&commit.lease.row].clone();
                if self.fault == Fault::LosesMail {
                    let mail = self.inner.inputs(&contact, commit.read_seq, u64::MAX).await?;
                    commit.read_seq = mail.last().map_or(commit.read_seq, |envelope| envelope.seq);
                }
                if self.fault == Fault::SparesNothing {
                    commit.spared.clear();
                }
                if self.fault == Fault::DeniesNothing {
                    commit.denials.clear();
                }
                if self.fault == Fault::DeniesForEver {
                    for denial in &mut commit.denials {
                        if let Denial::Withdrawn { seq, .. } = denial {
                            *seq = u64::from(u32::MAX);
                        }
                    }
                }
                if self.fault == Fault::LosesMessages {
                    commit.messages.truncate(1);
                }
                if self.fault == Fault::HurriesTimers {
                    commit.due_at = commit.due_at.map(|due| due - TimeDelta::minutes(1));
                }
                let mut answer = self.inner.commit(vec![commit.clone()]).await?[0];
                if self.fault == Fault::IgnoresRevisions && answer == Committed::StaleLease {
                    answer = self.commit_anyway(&contact, commit.clone()).await?;
                }
                if self.fault == Fault::CountsStaleCommits && answer != Committed::Done {
                    for moved in &commit.moves {
                        self.miscount(&moved.segment, if moved.inside { 1 } else { -1 });
                    }
                }
                if self.fault == Fault::CountsStates && answer == Committed::Done && commit.moves.is_empty() {
                    commit.hot.segments_inside().for_each(|segment| self.miscount(segment, 1));
                }
                answers.push(answer);
            }
            Ok(answers)
        }

        async fn give_back(&self, leases: &[Lease]) -> Result<()> {
            self.inner.give_back(leases).await
        }

        async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>> {
            let most = if self.fault == Fault::ParksNobody { u32::MAX } else { most };
            self.inner.fail(lease, reason, most).await
        }

        async fn release(&self, contact: &ContactId) -> Result<bool> {
            self.inner.release(contact).await
        }

        async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
            assert!(self.fault != Fault::Panics, "out of order");
            self.inner.next_due(channels).await
        }

        fn clock(&self) -> Arc<dyn Clock> {
            self.inner.clock()
        }
    }
}

role! {
    Outbox {
        async fn begin(&self, mut begins: Vec<Begin>) -> Result<Vec<Begun>> {
            if self.fault == Fault::RereadsEpochs {
                let take = Take::of(1_000, ["email", "sms"].map(Name::from));
                let taken: BTreeMap<_, _> =
                    self.inner.take(&take).await?.messages.into_iter().map(|taken| (taken.message.id, taken.epochs)).collect();
                for begin in &mut begins {
                    begin.epochs = taken.get(&begin.message).copied().unwrap_or(begin.epochs);
                }
            }
            if self.fault == Fault::PermitsFromTheBegin {
                let now = self.inner.clock().now();
                begins.iter_mut().for_each(|begin| begin.taken_at = now);
            }
            if self.fault == Fault::ForgetsTheRules {
                begins.iter_mut().for_each(|begin| begin.policy = "".into());
            }
            if self.fault == Fault::CountsThenBegins {
                begins.iter_mut().for_each(|begin| begin.said = None);
            }
            self.inner.begin(begins).await
        }

        async fn take(&self, take: &Take) -> Result<TakenBatch> {
            let mut take = take.clone();
            if let Some(counted) = take.counted.as_mut().filter(|_| self.fault == Fault::ForgetsWhatWasSaid) {
                counted.within = TimeDelta::hours(1);
            }
            let mut taken = self.inner.take(&take).await?;
            let withheld = self.fault == Fault::WithholdsRemovals;
            taken.messages.retain(|taken| !withheld || !taken.message.is_removal());
            Ok(taken)
        }

        async fn settle(&self, deliveries: &[Delivery]) -> Result<()> {
            let mut deliveries = deliveries.to_vec();
            for delivery in &mut deliveries {
                if self.fault == Fault::SettlesAnyAttempt {
                    let record = self.inner.message(delivery.message).await?;
                    delivery.attempt = record.map_or(delivery.attempt, |record| record.attempts);
                }
            }
            self.inner.settle(&deliveries).await
        }
    }
    cancel_message(message: MessageId, by: &Deed) -> Amended,
    retry_message(message: MessageId, by: &Deed) -> Amended,
    parked_messages(after: Option<MessageId>, limit: usize) -> Vec<MessageRecord>,
}

role! {
    Aside {}
    set_aside(events: &[NewAside]) -> Vec<Option<u64>>,
    aside(after: u64, limit: usize) -> Vec<AsideRecord>,
    aside_record(id: u64) -> Option<AsideRecord>,
    release_aside(id: u64, input: &Input, by: &Deed) -> Option<Receipt>,
    drop_aside(id: u64, by: &Deed) -> bool,
}

role! {
    Gate {
        async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()> {
            if self.fault == Fault::ForgetsFormerKeys {
                return Ok(());
            }
            self.inner.rekey(channel, former, current).await
        }

        async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging> {
            if self.fault == Fault::MergesInName {
                return Ok(Merging::Done);
            }
            self.inner.merge(loser, winner).await
        }

        async fn erase(&self, contact: &ContactId) -> Result<bool> {
            let before = self.inner.contact(contact).await?;
            let erased = self.inner.erase(contact).await?;
            if self.fault == Fault::CountsTheErased {
                let inside = before.iter().flat_map(|stored| stored.state.hot.segments_inside());
                inside.for_each(|segment| self.miscount(segment, 1));
            }
            if self.fault == Fault::ErasesFromEverySegment {
                self.inner.segment_sizes().await?.keys().for_each(|segment| self.miscount(segment, -1));
            }
            Ok(erased)
        }
    }
    withdraw(withdrawal: &Withdrawal, id: Option<InputId>) -> (),
    suppress(suppression: &Suppression) -> (),
    in_flight(contact: &ContactId) -> Vec<InFlight>,
    forbidden(contact: &ContactId, channel: &Name, purpose: &Name) -> Forbidden,
}

role! {
    Catalog {
        async fn revision(&self) -> Result<u64> {
            if self.fault == Fault::StandsStill {
                return Ok(7);
            }
            self.inner.revision().await
        }

        async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64> {
            let published = self.inner.snapshot().await?.definitions;
            let mut definitions = definitions.to_vec();
            // What was refused is answered as if it had been taken.
            definitions.retain(|new| self.fault != Fault::OverwritesSegments || !published.iter().any(|old| match (old, new) {
                (Definition::Segment(old), Definition::Segment(new)) => (&old.segment, old.version) == (&new.segment, new.version),
                _ => false,
            }));
            self.inner.publish_by(&definitions, by.filter(|_| self.fault != Fault::ForgetsWhoAndWhy)).await
        }

        async fn jobs(&self) -> Result<Vec<Job>> {
            let mut jobs = self.inner.jobs().await?;
            jobs.retain(|job| self.fault != Fault::CountsNothing || !matches!(job.kind, JobKind::Seed { .. }));
            let seeds = |job: &Job| matches!(job.kind, JobKind::SeedSegments { .. });
            jobs.retain(|job| self.fault != Fault::SeedsNothing || !seeds(job));
            Ok(jobs)
        }

        async fn history(&self, template: &str) -> Result<Vec<Edition>> {
            let editions = self.inner.history(template).await?;
            let known = if self.fault == Fault::ForgetsEditions { editions.len().saturating_sub(1) } else { 0 };
            Ok(editions[known..].to_vec())
        }
    }
    pause(target: &Pausable) -> u64,
    resume(target: &Pausable) -> u64,
    draft(definition: &JourneyDefinition) -> (),
    archive(journey: &JourneyId) -> u64,
    unarchive(journey: &JourneyId) -> u64,
    start(kind: &JobKind) -> u64,
    snapshot() -> CatalogSnapshot,
    advance_job(job: u64, from: u64, to: Option<u64>) -> bool,
}

role! {
    Archive {
        async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>> {
            let mut sizes = self.inner.segment_sizes().await?;
            for (segment, by) in &*self.miscounted.lock().unwrap() {
                let size = sizes.entry(segment.clone()).or_default();
                *size = size.saturating_add_signed(*by);
            }
            sizes.retain(|_, size| *size > 0);
            Ok(sizes)
        }

        async fn segment_size(&self, segment: &str) -> Result<u64> {
            let sizes = self.segment_sizes().await?;
            let found = if self.fault == Fault::ConfusesSegments { sizes.values().next() } else { sizes.get(segment) };
            Ok(found.copied().unwrap_or(0))
        }

        async fn steps(&self, contact: &ContactId) -> Result<Vec<Step>> {
            let is_erased = self.inner.contact(contact).await?.is_some_and(|stored| stored.erased);
            match self.fault == Fault::ErasesEveryStep && is_erased {
                true => Ok(Vec::new()),
                false => self.inner.steps(contact).await,
            }
        }

        async fn messages(&self, contact: &ContactId) -> Result<Vec<MessageRecord>> {
            let mut messages = Vec::new();
            for record in self.inner.messages(contact).await? {
                messages.push(self.recalled(record).await?);
            }
            Ok(messages)
        }

        async fn message(&self, message: MessageId) -> Result<Option<MessageRecord>> {
            match self.inner.message(message).await? {
                Some(record) => Ok(Some(self.recalled(record).await?)),
                None => Ok(None),
            }
        }
    }
    contact(contact: &ContactId) -> Option<StoredContact>,
    alias(contact: &ContactId) -> Option<ContactId>,
    aliases(contact: &ContactId) -> Vec<ContactId>,
    inputs(contact: &ContactId, after: u64, until: u64) -> Vec<Envelope>,
    consents(contact: &ContactId) -> Vec<ConsentRecord>,
    commits(contact: &ContactId) -> Vec<CommitRecord>,
    scan(after: u64, limit: usize) -> Vec<(u64, ContactState)>,
    parked() -> Vec<(ContactId, Name)>,
    purge(before: DateTime<Utc>) -> Purged,
}

impl Wrong {
    /// What it says of a message.
    async fn recalled(&self, mut record: MessageRecord) -> Result<MessageRecord> {
        let is_erased =
            self.inner.contact(&record.message.contact).await?.is_some_and(|stored| stored.erased);
        if self.fault == Fault::KeepsTheNewestDeferral {
            record.deferrals = record.deferrals.pop().into_iter().collect();
        }
        if self.fault == Fault::ErasesEveryAnswer && is_erased {
            record.answer = None;
        }
        Ok(record)
    }

    fn miscount(&self, segment: &Name, by: i64) {
        *self.miscounted.lock().unwrap().entry(segment.clone()).or_default() += by;
    }

    /// Makes the contact claimable, claims it, and puts the fresh lease under the old commit.
    async fn commit_anyway(&self, contact: &ContactId, mut commit: Commit) -> Result<Committed> {
        let poke = Event::new(contact, "poke").into();
        let [Receipt::Kept { seq, .. }] = self.inner.append(&[poke], TimeDelta::days(1)).await?[..] else {
            return Ok(Committed::StaleLease);
        };
        let mut claim = Claim::of(1_000);
        claim.lease = TimeDelta::zero();
        for work in self.inner.claim(&claim).await?.work {
            if work.lease.row == commit.lease.row {
                (commit.lease, commit.read_seq) = (work.lease, seq);
                return Ok(self.inner.commit(vec![commit]).await?[0]);
            }
        }
        Ok(Committed::StaleLease)
    }
}

#[async_trait]
impl StoreBuilder for Fault {
    type Guard = Arc<dyn Store>;

    async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, Self::Guard)> {
        let inner = MemoryStore::builder().clock(clock).build();
        let store: Arc<dyn Store> =
            Arc::new(Wrong { inner, fault: *self, rows: Mutex::default(), miscounted: Mutex::default() });
        Ok((store.clone(), store))
    }

    async fn reopen(&self, guard: &Self::Guard, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>> {
        match self {
            Fault::Forgets => Ok(Some(self.build(clock).await?.0)),
            _ => Ok(Some(guard.clone())),
        }
    }
}

/// Exactly these obligations are not met.
fn breaks(fault: Fault, expected: &[&str]) {
    let wrong = block_on(Suite::run(fault));
    let found = wrong.failures();
    assert!(wrong.not_applicable.is_empty(), "{wrong}");
    assert_eq!(found, expected, "{fault:?} is refused by: {wrong}");
}

#[test]
fn a_store_with_nothing_wrong_is_not_refused() {
    breaks(Fault::None, &[]);
}

#[test]
fn a_store_that_keeps_duplicates_is_refused() {
    breaks(
        Fault::KeepsDuplicates,
        &[
            "append_answers_each_input_in_its_place",
            "append_ignores_a_seen_id",
            "appending_the_same_id_concurrently_keeps_one",
            "merged_id_means_the_winner",
            "purge_forgets_what_was_read",
            "purge_keeps_what_is_unread",
            "reopen_keeps_everything",
        ],
    );
}

#[test]
fn a_store_that_ignores_revisions_is_refused() {
    breaks(
        Fault::IgnoresRevisions,
        &[
            "commit_refuses_a_stale_lease",
            "lease_that_ran_out_commits_nothing_over_another",
            "one_stale_commit_does_not_stop_the_others",
            "one_lease_commits_once_in_a_batch",
            "committing_one_contact_concurrently_lets_one_win",
            "a_refused_commit_denies_nothing",
            "a_stale_commit_counts_nobody",
            "moving_one_contact_concurrently_counts_it_once",
        ],
    );
}

#[test]
fn a_store_that_loses_mail_is_refused() {
    breaks(
        Fault::LosesMail,
        &[
            "claim_limits_inputs_per_contact",
            "mail_appended_during_work_is_not_lost",
            "purge_keeps_what_is_unread",
        ],
    );
}

#[test]
fn a_store_that_checks_first_and_sends_afterwards_is_refused() {
    breaks(
        Fault::RereadsEpochs,
        &[
            "begin_refuses_after_suppress",
            "begin_refuses_after_pause",
            "withdraw_denies_another_contact_with_the_same_address",
            "withdraw_counts_addresses_of_unread_mail",
            "a_commit_that_withdraws_makes_takers_late",
            "a_commit_suppresses_an_address",
            "rekey_makes_takers_late",
            "reopen_keeps_what_is_forbidden",
        ],
    );
}

#[test]
fn a_store_that_settles_any_attempt_is_refused() {
    breaks(
        Fault::SettlesAnyAttempt,
        &["late_settle_of_an_older_attempt_is_ignored", "settle_before_begin_is_ignored"],
    );
}

#[test]
fn a_store_that_forgets_is_refused() {
    let expected = [
        "reopen_keeps_who_is_parked",
        "said_survives_a_restart",
        "reopen_keeps_what_an_operator_did",
        "reopen_keeps_what_is_aside",
        "score_and_its_job_outlive_the_store",
        "segments_and_their_job_outlive_the_store",
        "a_history_outlives_the_store",
        "reopen_keeps_drafts_archives_and_jobs",
        "reopen_keeps_everything",
        "reopen_keeps_what_is_forbidden",
        "reopen_keeps_what_has_begun",
        "reopen_keeps_time_from_going_back",
        "reopen_keeps_the_sizes",
    ];
    breaks(Fault::Forgets, &expected);
}

#[test]
fn a_store_that_keeps_the_newest_edition_alone_is_refused() {
    breaks(Fault::ForgetsEditions, &["every_edition_of_a_template_stays", "a_history_outlives_the_store"]);
}

#[test]
fn a_store_that_counts_nothing_by_new_rules_is_refused() {
    breaks(
        Fault::CountsNothing,
        &["publish_starts_the_counting_of_new_rules", "score_and_its_job_outlive_the_store"],
    );
}

#[test]
fn a_store_that_seeds_no_segments_is_refused() {
    breaks(
        Fault::SeedsNothing,
        &[
            "publish_starts_the_seeding_of_segments",
            "a_line_replaces_an_older_one",
            "segments_and_their_job_outlive_the_store",
        ],
    );
}

#[test]
fn a_store_that_overwrites_segments_is_refused() {
    breaks(
        Fault::OverwritesSegments,
        &["segment_version_is_immutable", "publish_starts_the_seeding_of_segments"],
    );
}

#[test]
fn a_store_that_forgets_who_published_is_refused() {
    breaks(Fault::ForgetsWhoAndWhy, &["every_edition_of_a_template_stays"]);
}

#[test]
fn a_store_whose_revision_stands_still_is_refused() {
    breaks(Fault::StandsStill, &["take_is_of_one_instant", "revision_is_what_the_snapshot_says"]);
}

#[test]
fn a_store_that_panics_is_refused_and_stops_nothing() {
    breaks(
        Fault::Panics,
        &[
            "next_due_is_the_minimum",
            "next_due_counts_the_outbox",
            "a_parked_contact_is_waited_for_by_nobody",
            "a_released_contact_goes_on",
            "erase_leaves_nothing_to_do",
            "erasing_owes_a_removal_of_what_was_exported",
        ],
    );
}

#[test]
fn a_store_that_lets_permits_count_from_the_begin_is_refused() {
    breaks(Fault::PermitsFromTheBegin, &["permit_that_ran_out_does_not_begin", "begin_gives_a_not_after"]);
}

#[test]
fn a_store_that_parks_nobody_is_refused() {
    breaks(
        Fault::ParksNobody,
        &[
            "a_contact_that_fails_too_often_is_parked",
            "a_parked_contact_is_waited_for_by_nobody",
            "a_parked_contact_keeps_no_other_waiting",
            "a_released_contact_goes_on",
            "reopen_keeps_who_is_parked",
        ],
    );
}

#[test]
fn a_store_that_loses_messages_is_refused() {
    breaks(
        Fault::LosesMessages,
        &[
            "a_commit_spares_what_it_names",
            "withdraw_spares_what_it_does_not_forbid",
            "grant_lifts_its_purpose_alone",
            "a_commit_denies_what_it_withdraws",
            "a_commit_takes_back_what_it_withdraws",
            "erase_keeps_why_nothing_was_said",
            "purge_forgets_contents_of_settled_messages",
        ],
    );
}

#[test]
fn a_store_that_takes_back_what_a_commit_spares_is_refused() {
    breaks(Fault::SparesNothing, &["a_commit_spares_what_it_names"]);
}

#[test]
fn a_store_that_denies_nothing_that_a_commit_denies_is_refused() {
    breaks(
        Fault::DeniesNothing,
        &[
            "a_commit_denies_what_it_withdraws",
            "a_commit_takes_back_what_it_withdraws",
            "a_commit_that_withdraws_makes_takers_late",
            "a_grant_after_what_a_commit_withdraws_lifts_it",
            "a_commit_suppresses_an_address",
        ],
    );
}

#[test]
fn a_store_whose_commits_deny_for_ever_is_refused() {
    breaks(
        Fault::DeniesForEver,
        &[
            "a_grant_after_what_a_commit_withdraws_lifts_it",
            "a_later_grant_of_the_same_commit_lifts_its_denial",
        ],
    );
}

#[test]
fn a_store_that_hurries_timers_is_refused() {
    breaks(
        Fault::HurriesTimers,
        &[
            "claim_hands_out_due_contacts_at_their_instant",
            "next_due_is_the_minimum",
            "commit_takes_effect_whole",
        ],
    );
}

#[test]
fn a_store_that_counts_stale_commits_is_refused() {
    breaks(
        Fault::CountsStaleCommits,
        &[
            "a_stale_commit_counts_nobody",
            "moving_one_contact_concurrently_counts_it_once",
            "a_zombie_after_an_erasure_counts_nobody",
        ],
    );
}

#[test]
fn a_store_that_counts_one_move_of_a_commit_is_refused() {
    breaks(
        Fault::CountsOneMove,
        &[
            "a_commit_counts_each_of_its_moves",
            "an_erasure_takes_the_contact_out_of_its_segments",
            "one_size_is_what_the_list_says",
            "reopen_keeps_the_sizes",
        ],
    );
}

#[test]
fn a_store_that_counts_nobody_out_is_refused() {
    breaks(
        Fault::CountsNobodyOut,
        &[
            "sizes_follow_who_moves",
            "a_commit_counts_each_of_its_moves",
            "an_erasure_takes_the_contact_out_of_its_segments",
            "one_size_is_what_the_list_says",
        ],
    );
}

#[test]
fn a_store_that_counts_a_batch_as_one_is_refused() {
    breaks(Fault::CountsABatchOnce, &["a_batch_counts_each_of_its_contacts", "a_stale_commit_counts_nobody"]);
}

#[test]
fn a_store_that_counts_what_was_said_and_begins_afterwards_is_refused() {
    breaks(
        Fault::CountsThenBegins,
        &[
            "begin_is_stale_once_something_was_said",
            "deferral_is_stale_once_something_was_said",
            "begins_of_one_batch_are_fenced_by_each_other",
            "refusal_by_the_channel_gives_the_place_back",
            "saying_concurrently_lets_one_win",
        ],
    );
}

#[test]
fn a_store_that_forgets_the_rules_is_refused() {
    breaks(
        Fault::ForgetsTheRules,
        &["message_names_the_rules_of_its_newest_answer", "deferrals_stay_with_their_message"],
    );
}

#[test]
fn a_store_that_forgets_deferrals_is_refused() {
    breaks(Fault::KeepsTheNewestDeferral, &["deferrals_stay_with_their_message"]);
}

#[test]
fn a_store_that_erases_every_answer_is_refused() {
    breaks(Fault::ErasesEveryAnswer, &["erase_keeps_why_nothing_was_said"]);
}

#[test]
fn a_store_that_erases_every_step_is_refused() {
    breaks(Fault::ErasesEveryStep, &["erase_keeps_why_steps_said_nothing"]);
}

#[test]
fn a_store_that_forgets_what_was_said_is_refused() {
    breaks(
        Fault::ForgetsWhatWasSaid,
        &["said_reaches_back_as_far_as_asked", "said_is_told_as_often_as_a_cap_may_ask"],
    );
}

#[test]
fn a_store_that_withholds_what_is_owed_to_third_parties_is_refused() {
    breaks(
        Fault::WithholdsRemovals,
        &["erasing_owes_a_removal_of_what_was_exported", "nothing_takes_a_removal_back"],
    );
}

#[test]
fn a_store_that_merges_in_name_alone_is_refused() {
    breaks(
        Fault::MergesInName,
        &[
            "merge_leaves_everything_by_one_input",
            "merge_closes_both_until_it_is_read",
            "merge_cancels_what_the_loser_had_to_say",
            "merge_makes_the_losers_worker_late",
            "merged_id_means_the_winner",
            "merge_carries_denials_over",
            "withdrawal_of_a_merged_contact_reaches_all_its_addresses",
            "erasing_a_merged_contact_erases_both",
            "merge_is_done_once",
            "merges_form_chains",
            "answer_for_a_merged_contact_reaches_the_winner",
            "a_merge_says_which_exports_have_begun",
        ],
    );
}

#[test]
fn a_store_that_forgets_former_keys_is_refused() {
    breaks(
        Fault::ForgetsFormerKeys,
        &[
            "rekey_carries_a_suppression_over",
            "rekey_carries_a_denial_over",
            "rekey_leaves_the_withdrawer_its_grant",
            "rekey_makes_takers_late",
            "rekey_reaches_what_has_not_begun",
            "rekey_goes_on_through_several_keys",
        ],
    );
}

#[test]
fn a_store_that_counts_by_states_is_refused() {
    breaks(Fault::CountsStates, &["what_moves_nobody_changes_no_size"]);
}

#[test]
fn a_store_that_still_counts_the_erased_is_refused() {
    breaks(
        Fault::CountsTheErased,
        &[
            "an_erasure_takes_the_contact_out_of_its_segments",
            "erasing_twice_counts_once",
            "reopen_keeps_the_sizes",
        ],
    );
}

#[test]
fn a_store_that_takes_somebody_out_of_every_segment_is_refused() {
    breaks(
        Fault::ErasesFromEverySegment,
        &[
            "an_erasure_takes_the_contact_out_of_its_segments",
            "erasing_twice_counts_once",
            "a_zombie_after_an_erasure_counts_nobody",
            "reopen_keeps_the_sizes",
        ],
    );
}

#[test]
fn a_store_that_confuses_segments_is_refused() {
    breaks(Fault::ConfusesSegments, &["one_size_is_what_the_list_says"]);
}
