//! The writer: one group, one transaction, and nobody's failure is another's.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::path::PathBuf;

use chrono::TimeDelta;
use futures::executor::block_on;
use futures::future::join_all;
use futures::{FutureExt, join};
use journeyman::journey::JourneyDefinition;
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::{Content, Delivery, DeliveryStatus, Evidence, InputId, Message};
use journeyman::port::store::{
    Begin, Begun, Claim, Commit, Committed, Definition, MessageStatus, Receipt, Take, Verdict,
};
use journeyman::port::{Archive, Catalog, Gate, Mailbox, Outbox};
use journeyman::store::SqliteStore;
use journeyman::{Event, StoreError};
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journeys.db");
    (folder, path)
}

fn event(contact: &str) -> Input {
    Event::new(contact, "seen").into()
}

async fn append(store: &SqliteStore, contact: &str) -> Vec<Receipt> {
    store.append(&[event(contact)], TimeDelta::days(30)).await.unwrap()
}

fn journey(description: &str) -> Definition {
    Definition::Journey(JourneyDefinition {
        journey: "hello".into(),
        version: 1,
        description: Some(description.into()),
        ..JourneyDefinition::default()
    })
}

fn message(contact: &str, number: u8) -> Message {
    let id = format!("{number:032x}");
    serde_json::from_value(serde_json::json!({
        "id": id, "contact": contact, "enrollment": "0".repeat(32), "journey": "hello", "version": 1,
        "node": "step-1", "channel": "sms", "template": "hi", "purpose": "marketing", "decided_at": 0,
    }))
    .unwrap()
}

fn send() -> Verdict {
    let content: Content =
        serde_json::from_value(serde_json::json!({"text": "hi", "template": "0".repeat(64)})).unwrap();
    let (permit, lease) = (TimeDelta::seconds(5), TimeDelta::seconds(35));
    Verdict::Send { content, permit, lease }
}

async fn commit_message(store: &SqliteStore, contact: &str, number: u8) {
    append(store, contact).await;
    let claimed = store.claim(&Claim::of(1)).await.unwrap();
    let work = &claimed.work[0];
    let mut commit =
        Commit::new(work.lease.clone(), claimed.catalog, work.envelopes[0].seq, work.state.hot.clone());
    commit.messages.push(message(contact, number));
    assert_eq!(store.commit(vec![commit]).await.unwrap(), [Committed::Done]);
}

fn sms() -> Take {
    Take::of(10, ["sms".into()])
}

#[test]
fn a_request_that_fails_takes_no_other_one_with_it() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(block_on(store.publish(&[journey("one")])).unwrap(), 1);
    for round in 0..20 {
        let names: Vec<String> = (0..10).map(|index| format!("c-{round}-{index}")).collect();
        let (definition, other) = ([journey("another")], [journey("one")]);
        let (kept, refused, same) = block_on(async {
            join!(
                join_all(names.iter().map(|name| append(&store, name))),
                store.publish(&definition),
                store.publish(&other)
            )
        });
        assert!(kept.iter().all(|receipts| matches!(receipts[0], Receipt::Kept { .. })));
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })));
        assert_eq!(same.unwrap(), 1);
    }
    assert_eq!(block_on(store.scan(0, 1_000)).unwrap().len(), 200);
}

#[test]
fn of_two_commits_of_one_lease_exactly_one_takes_effect() {
    let (_folder, path) = file();
    let (one, other) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    block_on(append(&one, "lea"));
    for round in 0..20 {
        let claimed = block_on(one.claim(&Claim::of(1))).unwrap();
        let again = block_on(other.claim(&Claim::of(1))).unwrap();
        assert_eq!((claimed.work.len(), again.work.len()), (1, 1));
        let commit = |claimed: &journeyman::port::store::Claimed| {
            let work = &claimed.work[0];
            let mut commit = Commit::new(work.lease.clone(), 0, 0, work.state.hot.clone());
            commit.due_at = Some(claimed.now);
            vec![commit]
        };
        let (first, second) =
            block_on(async { join!(one.commit(commit(&claimed)), other.commit(commit(&again))) });
        let mut answers = [first.unwrap()[0], second.unwrap()[0]];
        answers.sort_by_key(|answer| *answer == Committed::StaleLease);
        assert_eq!(answers, [Committed::Done, Committed::StaleLease], "round {round}");
    }
    assert_eq!(block_on(other.contact(&"lea".into())).unwrap().unwrap().revision, 20);
}

#[test]
fn another_process_sees_what_was_published_and_stamps_later_places() {
    let (_folder, path) = file();
    let (one, other) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    block_on(append(&one, "lea"));
    let claimed = block_on(other.claim(&Claim::of(1))).unwrap();
    assert_eq!(block_on(one.publish(&[journey("one")])).unwrap(), 1);
    let work = &claimed.work[0];
    let commit = Commit::new(work.lease.clone(), claimed.catalog, 1, work.state.hot.clone());
    assert_eq!(block_on(other.commit(vec![commit])).unwrap(), [Committed::StaleCatalog]);
    let seqs: Vec<u64> = (0..6)
        .map(|index| match block_on(append(if index % 2 == 0 { &one } else { &other }, "lea"))[0] {
            Receipt::Kept { seq, .. } => seq,
            _ => 0,
        })
        .collect();
    assert_eq!(seqs, [2, 3, 4, 5, 6, 7]);
}

#[test]
fn after_a_withdrawal_nothing_taken_before_begins() {
    let (_folder, path) = file();
    let (one, other) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    block_on(async {
        commit_message(&one, "lea", 1).await;
        commit_message(&one, "tom", 2).await;
        let taken = one.take(&sms()).await.unwrap().messages;
        assert_eq!(taken.len(), 2);
        let stop = Withdrawal::everything("lea", Evidence::new("keyword", "STOP"));
        other.withdraw(&stop, Some(InputId::from_bytes([7; 16]))).await.unwrap();
        let begins = taken.iter().map(|taken| Begin::new(taken, send(), "default")).collect();
        let begun = one.begin(begins).await.unwrap();
        assert_eq!(begun[0], Begun::Stale);
        assert!(matches!(begun[1], Begun::Begun { attempt: 1, .. }));
        let records = one.messages(&"lea".into()).await.unwrap();
        assert_eq!(records[0].status, MessageStatus::Cancelled);
        assert_eq!(one.in_flight(&"tom".into()).await.unwrap().len(), 1);
        let now = one.clock().now();
        let delivery = Delivery::new(taken[1].message.id, 1, now, DeliveryStatus::Accepted);
        one.settle(&[delivery.clone(), delivery]).await.unwrap();
        let record = one.message(taken[1].message.id).await.unwrap().unwrap();
        assert_eq!((record.status, record.attempts), (MessageStatus::Accepted, 1));
        let mail = one.inputs(&"tom".into(), 0, u64::MAX).await.unwrap();
        assert_eq!(mail.len(), 2, "the event and one delivery");
    });
}

#[test]
fn a_dropped_future_stops_nothing_and_the_last_handle_finishes_what_waits() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let clone = store.clone();
    for index in 0..50 {
        let name = format!("c-{index}");
        // Polled once, so that it stands in the queue, and then dropped.
        assert!(append(&store, &name).boxed().now_or_never().is_none_or(|receipts| receipts.len() == 1));
    }
    drop(store);
    assert_eq!(block_on(append(&clone, "last")).len(), 1);
    drop(clone);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(block_on(store.scan(0, 100)).unwrap().len(), 51);
}

#[test]
fn many_callers_more_than_the_queue_holds_are_all_answered() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let names: Vec<String> = (0..3_000).map(|index| format!("c-{index}")).collect();
    let answers = block_on(join_all(names.iter().map(|name| append(&store, name))));
    assert_eq!(answers.len(), 3_000);
    assert_eq!(block_on(store.scan(0, 10_000)).unwrap().len(), 3_000);
}
