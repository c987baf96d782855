//! What an operator meets: a file that is reopened, that is not ours, that is too new, that is full.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::{Evidence, InputId};
use journeyman::port::store::{Claim, Commit, Pausable, Receipt};
use journeyman::port::{Archive, Catalog, Clock, Gate, Mailbox};
use journeyman::store::{Durability, SqliteStore};
use journeyman::{Consent, Contact, Engine, Event, StoreError};
use tempfile::TempDir;

#[derive(Default)]
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journeys.db");
    (folder, path)
}

fn horizon() -> TimeDelta {
    TimeDelta::days(30)
}

fn event(contact: &str, id: &str) -> Input {
    let mut event = Event::new(contact, "seen");
    event.id = Some(id.into());
    event.into()
}

#[test]
fn reopening_keeps_everything() {
    let (_folder, path) = file();
    let clock = Arc::new(ByHand(AtomicI64::new(5_000)));
    {
        let store = SqliteStore::builder(&path).clock(clock.clone()).namespace("shop").open().unwrap();
        let kept = block_on(
            store.append(&[Contact::new("lea").address("sms", "+33").into(), event("lea", "1")], horizon()),
        );
        assert!(kept.unwrap().iter().all(|receipt| matches!(receipt, Receipt::Kept { .. })));
        let claimed = block_on(store.claim(&Claim::of(10))).unwrap();
        let work = &claimed.work[0];
        let mut commit = Commit::new(work.lease.clone(), 0, work.envelopes[0].seq, work.state.hot.clone());
        commit.due_at = Some(claimed.now + TimeDelta::hours(1));
        commit.cold = Some(work.state.cold.clone());
        block_on(store.commit(vec![commit])).unwrap();
        let stop = Withdrawal::everything("lea", Evidence::new("keyword", "STOP"));
        block_on(store.withdraw(&stop, Some(InputId::from_bytes([9; 16])))).unwrap();
        block_on(store.pause(&Pausable::Channel("sms".into()))).unwrap();
    }
    clock.0.store(1_000, Ordering::SeqCst);
    let store = SqliteStore::builder(&path).clock(clock).open().unwrap();
    let snapshot = block_on(store.snapshot()).unwrap();
    assert_eq!((snapshot.revision, &*snapshot.namespace), (1, "shop"));
    assert_eq!(snapshot.high_water, DateTime::from_timestamp_millis(5_000));
    assert_eq!(snapshot.paused_channels, ["sms".into()]);
    let contact = block_on(store.contact(&"lea".into())).unwrap().unwrap();
    assert_eq!((contact.revision, contact.read_seq), (1, 1));
    assert_eq!(contact.due_at, DateTime::from_timestamp_millis(5_000 + 3_600_000));
    assert_eq!(block_on(store.append(&[event("lea", "1")], horizon())).unwrap(), [Receipt::Duplicate]);
    let claimed = block_on(store.claim(&Claim::of(10))).unwrap();
    assert_eq!(claimed.work[0].envelopes.len(), 2, "the event and the withdrawal");
    let Receipt::Kept { seq, .. } = block_on(store.append(&[event("lea", "2")], horizon())).unwrap()[0]
    else {
        panic!("kept")
    };
    let mail = block_on(store.inputs(&"lea".into(), seq - 1, u64::MAX)).unwrap();
    assert_eq!(mail[0].received_at.timestamp_millis(), 5_000, "the clock went back, the stamps do not");
}

#[test]
fn what_is_not_ours_is_refused_and_left_alone() {
    let (_folder, path) = file();
    std::fs::write(&path, b"a letter, and not a database, of more than a hundred bytes, so that it has no header of SQLite in any case").unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::NotAStore { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let (_folder, path) = file();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE shop (id INTEGER)").unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::NotAStore { .. })));
    let mode: String = foreign.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "nothing was changed");

    let (folder, path) = file();
    drop(SqliteStore::builder(&path).namespace("one").open().unwrap());
    assert!(matches!(SqliteStore::builder(&path).namespace("two").open(), Err(StoreError::NotAStore { .. })));
    assert!(SqliteStore::open(&path).is_ok());
    assert!(matches!(
        SqliteStore::open(folder.path().join("no/such/folder")),
        Err(StoreError::Unavailable { .. })
    ));
}

#[test]
fn a_newer_schema_is_refused_and_named() {
    let (_folder, path) = file();
    drop(SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 10).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 10, supported: 9 }), "{error}");
}

#[test]
fn a_full_file_refuses_and_loses_nothing() {
    let (_folder, path) = file();
    let store = SqliteStore::builder(&path).durability(Durability::Relaxed).most_pages(200).open().unwrap();
    let big = "x".repeat(8_000);
    let mut kept = 0;
    let error = loop {
        let contact = Contact::new(format!("c-{kept}")).attribute("bio", big.as_str());
        match block_on(store.append(&[contact.into()], horizon())) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }) && error.is_retryable(), "{error}");
    assert!(kept > 10);
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(block_on(store.scan(0, 1_000)).unwrap().len(), kept);
    let after = block_on(store.append(&[Contact::new("after").into()], horizon())).unwrap();
    assert!(matches!(after[0], Receipt::Kept { .. }), "with room again, it goes on");
}

#[test]
fn a_row_that_cannot_be_read_stops_nobody_else() {
    let (_folder, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let contacts: Vec<Input> = ["lea", "tom", "eva"].map(|name| event(name, "1")).into();
    block_on(store.append(&contacts, horizon())).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE state SET hot = x'00' WHERE id = 1", []).unwrap();
    assert_eq!(block_on(store.claim(&Claim::of(10))).unwrap().work.len(), 2);
    assert_eq!(block_on(store.claim(&Claim::of(1))).unwrap().work.len(), 1, "it takes nobody's place");
    assert_eq!(block_on(store.scan(0, 10)).unwrap().len(), 2);
    assert!(matches!(block_on(store.contact(&"lea".into())), Err(StoreError::Corrupt { .. })));
}

/// A row can be damaged in a way that decodes: then its commit would fail, and with it every commit of its batch.
#[test]
fn a_contact_that_could_never_be_committed_stops_nobody_else() {
    let damages = [
        "UPDATE state SET hot = NULL WHERE id = 1",
        "UPDATE state SET revision = 9223372036854775807 WHERE id = 1",
        "UPDATE state SET revision = -1 WHERE id = 1",
        "UPDATE state SET read_seq = 9223372036854775807 WHERE id = 1",
        "UPDATE state SET revision = 'x' WHERE id = 1",
        "UPDATE input SET id = x'00' WHERE seq = 2",
        "UPDATE contact SET external = x'00' WHERE id = 1",
        // The contact no longer knows how long its own chain is.
        "UPDATE contact SET cold = NULL WHERE id = 1",
    ];
    for damage in damages {
        let (_folder, path) = file();
        let store = SqliteStore::open(&path).unwrap();
        let engine = Engine::builder(Arc::new(store.clone())).build();
        let evidence = || Evidence::new("form", "v1");
        block_on(engine.consent(Consent::granted("lea", "news", "email", evidence()))).unwrap();
        block_on(engine.tick()).unwrap();
        drop((engine, store));
        let store = SqliteStore::open(&path).unwrap();
        let engine = Engine::builder(Arc::new(store.clone())).build();
        block_on(engine.consent(Consent::granted("lea", "offers", "email", evidence()))).unwrap();
        block_on(engine.track(Event::new("tom", "seen"))).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let tick = block_on(engine.tick()).unwrap_or_else(|error| panic!("{damage}: {error}"));
        assert_eq!((tick.inputs, tick.next_wake), (1, None), "{damage}");
        assert_eq!(block_on(store.contact(&"tom".into())).unwrap().unwrap().read_seq, 3, "{damage}");
    }
}

#[test]
fn nothing_of_an_erased_person_is_left_in_the_file() {
    let (folder, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let lea = Contact::new("c-1").attribute("name", "Ermintrude").address("email", "ermintrude@example.org");
    block_on(store.append(&[lea.into()], horizon())).unwrap();
    let claimed = block_on(store.claim(&Claim::of(1))).unwrap();
    let work = &claimed.work[0];
    let mut cold = (*work.state.cold).clone();
    cold.contact = cold.contact.attribute("name", "Ermintrude");
    let mut commit = Commit::new(work.lease.clone(), 0, 1, work.state.hot.clone());
    commit.cold = Some(cold.into());
    block_on(store.commit(vec![commit.clone()])).unwrap();
    let bytes = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
    };
    let found =
        || bytes().collect::<Vec<_>>().windows(10).any(|window| window.eq_ignore_ascii_case(b"ermintrude"));
    assert!(found());
    assert!(block_on(store.erase(&"c-1".into())).unwrap());
    assert!(!found(), "neither the file nor its log has it");
    assert_eq!(block_on(store.append(&[event("c-1", "2")], horizon())).unwrap(), [Receipt::Erased]);
}
