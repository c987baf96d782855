//! Results back.

use std::sync::Arc;

use futures::future::join_all;

use super::bench::{
    Answer, Bench, EMAIL, LEA, MARKETING, SHARED, Stop, TOM, enrollment, evidence, id, journey, message,
    minutes, person, reads, same, visit,
};
use crate::machine::{Cold, Passage};
use crate::model::{
    ConsentRecord, ConsentStatus, EnrollmentId, Hash, JourneyId, MessageId, NodeId, Step, StepOutcome,
};
use crate::port::store::{Commit, CommitRecord, Committed, Definition, MessageStatus};
use crate::rule::TemplateDefinition;

cases! {
    commit_takes_effect_whole: "A commit that is done shows everywhere at once: state, place, steps, messages, consents, record.",
    commit_keeps_the_cold_part_where_none_is_given: "A commit without a cold part leaves it as it was.",
    commit_refuses_a_stale_lease: "A commit whose contact has another revision than its lease changes nothing.",
    lease_that_ran_out_commits_nothing_over_another: "A worker whose lease ran out, and whose work another has committed, commits nothing.",
    commit_refuses_a_stale_catalog: "A commit of an older catalog than the store's changes nothing.",
    one_stale_commit_does_not_stop_the_others: "Each commit of a batch is fenced by itself and answered in its place.",
    one_lease_commits_once_in_a_batch: "Of two commits with one lease in one batch, one takes effect.",
    mail_appended_during_work_is_not_lost: "Mail that came between claim and commit is handed out afterwards.",
    every_commit_grows_the_revision: "A contact's revision grows with every commit.",
    cancel_takes_back_what_has_not_begun: "A commit cancels its enrollments' messages that have not begun, its own included.",
    cancel_stops_what_has_begun_from_repeating: "A message that had begun when its enrollment was cancelled is not tried again.",
    cancel_leaves_what_has_begun: "A message that has begun stays, and settles as if nothing had been cancelled.",
    cancel_spares_other_enrollments: "Cancelling one enrollment leaves the messages of the others.",
    committing_one_contact_concurrently_lets_one_win: "Of many commits with one lease at once, one takes effect.",
}

fn step(contact: &str, ordinal: u32, commit: &Commit) -> Step {
    Step {
        enrollment: enrollment(contact, 1),
        ordinal,
        journey: JourneyId::from("welcome"),
        version: 1,
        node: NodeId::from("greet"),
        at: commit.now,
        outcome: StepOutcome::Entered,
        next: None,
        policy: None,
    }
}

fn grant(commit: &Commit) -> ConsentRecord {
    let input = super::bench::input_id(LEA, "grant");
    let (purpose, channel) = (Some(MARKETING.into()), Some(EMAIL.into()));
    let status = ConsentStatus::Granted;
    ConsentRecord::link(1, purpose, channel, status, commit.now, evidence(), None, input, Hash::default())
}

/// A commit that touches everything that a commit can touch.
async fn full(bench: &Bench) -> Answer<Commit> {
    bench.keep(visit(LEA, "full")).await?;
    let (work, mut commit) = bench.work(LEA).await?;
    let contact = person(LEA, EMAIL, SHARED).attribute("followers", 2_000).tag("singer");
    commit.cold = Some(Arc::new(Cold { contact, ..Cold::clone(&work.state.cold) }));
    commit.hot.entries.insert(JourneyId::from("welcome"), Passage::entered(commit.now));
    commit.hot.performed.record(&"visited".into(), commit.now);
    commit.due_at = Some(bench.now() + minutes(30));
    commit.program = Hash::of("program", &[b"suite"]);
    commit.steps = vec![step(LEA, 0, &commit), step(LEA, 1, &commit)];
    commit.messages = vec![message(LEA, 1, commit.now)];
    commit.consents = vec![grant(&commit)];
    Ok(commit)
}

async fn commit_takes_effect_whole(bench: Bench) -> Answer {
    bench.clock.advance(minutes(3));
    let commit = full(&bench).await?;
    bench.done(commit.clone()).await?;
    let stored = bench.contact(LEA).await?;
    check_eq!(stored.state.hot, commit.hot, "the hot part");
    check_eq!(Some(&stored.state.cold), commit.cold.as_ref(), "the cold part");
    check_eq!(
        (stored.read_seq, stored.due_at),
        (commit.read_seq, commit.due_at),
        "the place read and the due time"
    );
    check!(!stored.erased, "a contact that was committed counts as erased");
    check_eq!(bench.store.steps(&id(LEA)).await?, commit.steps, "the steps");
    let messages = bench.store.messages(&id(LEA)).await?;
    let found: Vec<_> = messages.iter().map(|record| &record.message).collect();
    check_eq!(found, commit.messages.iter().collect::<Vec<_>>(), "the messages");
    check_eq!(bench.store.consents(&id(LEA)).await?, commit.consents, "the consent chain");
    let record = CommitRecord::new(stored.revision, commit.now, commit.read_seq, commit.program);
    check_eq!(bench.store.commits(&id(LEA)).await?, [record], "the record of the commit");
    Ok(())
}

async fn commit_keeps_the_cold_part_where_none_is_given(bench: Bench) -> Answer {
    bench.know(person(LEA, EMAIL, SHARED).attribute("followers", 2_000)).await?;
    let before = bench.contact(LEA).await?.state.cold;
    bench.keep(visit(LEA, "a")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.hot.performed.record(&"visited".into(), commit.now);
    let hot = commit.hot.clone();
    bench.done(commit).await?;
    let after = bench.contact(LEA).await?.state;
    check_eq!((after.cold, after.hot), (before, hot), "the two parts");
    Ok(())
}

/// Everything that a commit can change of Léa.
async fn trace(bench: &Bench) -> Answer<String> {
    let (store, lea) = (&bench.store, id(LEA));
    Ok(format!(
        "{:?}",
        (
            store.contact(&lea).await?,
            store.steps(&lea).await?,
            store.messages(&lea).await?,
            store.consents(&lea).await?,
            store.commits(&lea).await?,
            store.scan(0, 10).await?,
        )
    ))
}

async fn refused(bench: &Bench, commit: Commit, expected: Committed) -> Answer {
    let before = trace(bench).await?;
    check_eq!(bench.commit(vec![commit]).await?, [expected], "the answer to a stale commit");
    same(&trace(bench).await?, &before, "what is stored after a stale commit")?;
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered after a stale commit"
    );
    Ok(())
}

async fn commit_refuses_a_stale_lease(bench: Bench) -> Answer {
    let zombie = full(&bench).await?;
    bench.done(reads_only(&zombie)).await?;
    refused(&bench, zombie.clone(), Committed::StaleLease).await?;
    bench.keep(visit(LEA, "later")).await?;
    refused(&bench, zombie, Committed::StaleLease).await
}

async fn lease_that_ran_out_commits_nothing_over_another(bench: Bench) -> Answer {
    let zombie = full(&bench).await?;
    bench.clock.advance(minutes(5));
    let heir = bench.reading(LEA).await?;
    bench.done(heir).await?;
    refused(&bench, zombie, Committed::StaleLease).await
}

/// The same lease, and nothing but the mail read.
fn reads_only(commit: &Commit) -> Commit {
    Commit::new(commit.lease.clone(), commit.catalog, commit.read_seq, commit.hot.clone())
}

async fn commit_refuses_a_stale_catalog(bench: Bench) -> Answer {
    let old = full(&bench).await?;
    bench.store.publish(&[Definition::Journey(journey("welcome", 1, "hello")?)]).await?;
    refused(&bench, old.clone(), Committed::StaleCatalog).await?;
    // Whether the refusal gave the lease up is the store's affair; once it has run out, the work comes back.
    bench.clock.advance(minutes(5));
    let anew = bench.reading(LEA).await?;
    check_eq!(anew.read_seq, old.read_seq, "the mail that is handed out again");
    bench.done(anew).await
}

async fn one_stale_commit_does_not_stop_the_others(bench: Bench) -> Answer {
    for contact in ["a", "b", "c"] {
        bench.keep(visit(contact, "x")).await?;
    }
    let claimed = bench.claim(10).await?;
    check_eq!(claimed.work.len(), 3, "how many contacts have mail");
    let commits: Vec<Commit> = claimed.work.iter().map(|work| reads(&claimed, work)).collect();
    bench.done(reads_only(&commits[1])).await?;
    let mut batch = commits.clone();
    batch[2].steps = vec![step("c", 0, &batch[2])];
    let answers = bench.commit(batch).await?;
    check_eq!(answers, [Committed::Done, Committed::StaleLease, Committed::Done], "the answers to a batch");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do after the batch");
    let last = claimed.work[2].state.cold.contact.id.clone();
    check_eq!(bench.store.steps(&last).await?.len(), 1, "the steps of the commit after the stale one");
    Ok(())
}

async fn one_lease_commits_once_in_a_batch(bench: Bench) -> Answer {
    let commit = full(&bench).await?;
    let answers = bench.commit(vec![commit.clone(), commit]).await?;
    check_eq!(answers, [Committed::Done, Committed::StaleLease], "the answers to one commit given twice");
    check_eq!(bench.store.steps(&id(LEA)).await?.len(), 2, "the number of steps");
    Ok(())
}

async fn mail_appended_during_work_is_not_lost(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "before")).await?;
    let commit = bench.reading(LEA).await?;
    let (_, seq) = bench.keep(visit(LEA, "during")).await?;
    bench.done(commit).await?;
    let (work, _) = bench.work(LEA).await?;
    let unread: Vec<u64> = work.envelopes.iter().map(|envelope| envelope.seq).collect();
    check_eq!(unread, [seq], "the places of unread mail");
    Ok(())
}

async fn every_commit_grows_the_revision(bench: Bench) -> Answer {
    let mut last = None;
    for word in ["a", "b", "c"] {
        bench.keep(visit(LEA, word)).await?;
        let commit = bench.reading(LEA).await?;
        bench.done(commit).await?;
        let revision = bench.contact(LEA).await?.revision;
        check!(last.is_none_or(|last| last < revision), "revision {revision} follows {last:?}");
        last = Some(revision);
    }
    Ok(())
}

/// A commit of Léa's that cancels enrollments.
async fn cancelling(bench: &Bench, enrollments: Vec<EnrollmentId>) -> Answer<Commit> {
    bench.keep(crate::model::Event::new(LEA, "goal")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.cancel = enrollments;
    Ok(commit)
}

async fn cancel_takes_back_what_has_not_begun(bench: Bench) -> Answer {
    let old = bench.lea_with_a_message().await?;
    let mut commit = cancelling(&bench, vec![old.enrollment, enrollment(LEA, 2)]).await?;
    let own = message(LEA, 2, bench.now());
    commit.messages = vec![own.clone()];
    bench.done(commit).await?;
    check_eq!(bench.status(&old).await?, MessageStatus::Cancelled, "the message of a commit before");
    check_eq!(bench.status(&own).await?, MessageStatus::Cancelled, "the message of the commit itself");
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn cancel_leaves_what_has_begun(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    let commit = cancelling(&bench, vec![message.enrollment]).await?;
    bench.done(commit).await?;
    check_eq!(bench.status(&message).await?, MessageStatus::Begun, "the message that has begun");
    bench.settle(&message, attempt, crate::model::DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&message).await?, MessageStatus::Accepted, "the message once it is settled");
    Ok(())
}

async fn cancel_stops_what_has_begun_from_repeating(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    let commit = cancelling(&bench, vec![message.enrollment]).await?;
    bench.done(commit).await?;
    let again = crate::model::DeliveryStatus::Retry { at: bench.now() };
    bench.settle(&message, attempt, again).await?;
    check_eq!(
        bench.status(&message).await?,
        MessageStatus::Cancelled,
        "the message that asked to be tried again"
    );
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn cancel_spares_other_enrollments(bench: Bench) -> Answer {
    let first = bench.lea_with_a_message().await?;
    let second = message(LEA, 2, bench.now());
    bench.decide(LEA, vec![second.clone()]).await?;
    let tom = bench.tom_with_a_message().await?;
    let commit = cancelling(&bench, vec![first.enrollment]).await?;
    bench.done(commit).await?;
    let mut offered = bench.offered().await?;
    offered.sort();
    let mut expected = vec![second.id, tom.id];
    expected.sort();
    check_eq!(offered, expected, "the messages that are offered");
    Ok(())
}

async fn committing_one_contact_concurrently_lets_one_win(bench: Bench) -> Answer {
    bench.store.publish(&[Definition::Template(TemplateDefinition::new("hello").text("hi"))]).await?;
    bench.keep(visit(TOM, "a")).await?;
    let commit = full(&bench).await?;
    let answers = join_all((0..16).map(|_| bench.commit(vec![commit.clone()]))).await;
    let mut won = 0;
    for answer in answers {
        match answer?.as_slice() {
            [Committed::Done] => won += 1,
            [Committed::StaleLease] => {}
            other => {
                return Err(Stop::failed(format_args!("a commit that came late was answered by {other:?}")));
            }
        }
    }
    check_eq!(won, 1, "how many commits took effect");
    check_eq!(bench.store.steps(&id(LEA)).await?.len(), 2, "the number of steps");
    check_eq!(bench.store.commits(&id(LEA)).await?.len(), 1, "the number of commits on record");
    Ok(())
}
