//! I10: no plaintext of an erased person is reachable, in what the store answers and in the bytes of its files.

use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use journeyman::model::ConsentRecord;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::{Contact, Engine, Event};

use super::common::stores;
use super::life::{CANARY, Host, LEA, ZONE, start};
use super::log;

/// The canaries in the file of a store, its write-ahead log and its shared memory, with what follows them.
fn found_in(folder: &Path, canary: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let places = bytes.windows(canary.len()).enumerate().filter(|(_, part)| *part == canary.as_bytes());
        found.extend(places.map(|(at, _)| {
            let end = bytes.len().min(at + 40);
            format!("{} at {at}: {}", path.display(), String::from_utf8_lossy(&bytes[at..end]))
        }));
    }
    found
}

#[test]
fn consent_nothing_of_an_erased_person_is_left_in_the_store_its_files_and_the_log() {
    log::listen();
    let clock = ManualClock::new(start());
    for (name, store, folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        block_on(async {
            let host = Host::on(store, clock.clone()).await;
            host.live(LEA).await;
            let before = host.all(LEA).await;
            for canary in [
                "name", "note", "tag", "mail", "number", "key", "city", "owner", "fit", "said", "inbound",
                "call", "payee", "record", "imported", "unread", "device",
            ] {
                let told = before.contains(&format!("CANARY-{canary}"));
                // The debug form of an address has its fingerprint alone.
                assert!(
                    told || ["mail", "number", "device"].contains(&canary),
                    "{name}: {canary} is not known"
                );
            }
            if let Some(folder) = &folder {
                for canary in
                    ["CANARY-mail", "CANARY-number", "CANARY-device", "CANARY-name CANARY-fit", ZONE]
                {
                    assert!(!found_in(folder.path(), canary).is_empty(), "{canary} was never in the file");
                }
            }
            let chain = host.store.consents(&LEA.into()).await.unwrap();
            assert!(chain.len() >= 5 && ConsentRecord::verify(&chain), "{chain:?}");

            assert!(host.engine.erase(&LEA.into()).await.unwrap());
            let after = host.all(LEA).await;
            assert!(!after.contains(CANARY) && !after.contains(ZONE), "{name}: {after}");
            if let Some(folder) = &folder {
                let left = [CANARY, ZONE].map(|canary| found_in(folder.path(), canary)).concat();
                assert!(left.is_empty(), "{left:#?}");
            }
            let stored = host.store.contact(&LEA.into()).await.unwrap().unwrap();
            assert!(stored.erased && stored.state.cold.contact == Contact::new(LEA), "{name}: {stored:?}");
            // What stays is the proof, with its words that name no person.
            assert_eq!(host.store.consents(&LEA.into()).await.unwrap(), chain, "{name}");
            host.engine.tick().await.unwrap();
            host.everything_fails(LEA).await;
            let told = host.errors.lock().unwrap().clone();
            assert!(told.contains("its time zone is unknown"), "{name}: {told}");
            assert!(!told.contains(CANARY), "{name}: {told}");
            let stored = host.store.contact(&LEA.into()).await.unwrap().unwrap();
            assert!(stored.erased && stored.state.cold.contact == Contact::new(LEA), "{name}: {stored:?}");
            assert!(!host.all(LEA).await.contains(CANARY), "{name}");
        });
        if let Some(folder) = &folder {
            let left = found_in(folder.path(), CANARY);
            assert!(left.is_empty(), "after a further tick and what came late: {left:#?}");
        }
    }
    log::holds_no_canary();
}

/// Pages are split, merged and freed while a population grows; bytes that were moved must not stay where they were.
#[test]
fn consent_erasing_some_of_many_leaves_no_byte_of_theirs_and_every_byte_of_the_others() {
    log::listen();
    const PEOPLE: usize = 240;
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(start());
    let store = SqliteStore::builder(folder.path().join("journeyman.db"));
    let store = Arc::new(store.clock(Arc::new(clock.clone())).open().unwrap());
    let engine = Engine::builder(store.clone()).build();
    // One letter ends it, so that no canary is the beginning of another.
    let canary = |person: usize| format!("CANARY-{person}x");
    block_on(async {
        let mut erased = Vec::new();
        for round in 0..4 {
            for person in 0..PEOPLE {
                let id = format!("p{person}");
                let long = canary(person).repeat(1 + (person * 37 + round * 101) % 160);
                let told = Contact::new(id.as_str()).attribute("note", long.as_str()).tag(canary(person));
                engine.identify(told.address("email", format!("{}@example.org", canary(person)))).await.ok();
                let event = Event::new(id.as_str(), "seen").property("what", long.as_str());
                engine.track(event).await.ok();
            }
            engine.tick().await.unwrap();
            for person in (round..PEOPLE).step_by(7) {
                engine.erase(&format!("p{person}").into()).await.unwrap();
                erased.push(person);
            }
        }
        engine.tick().await.unwrap();
        // The log is empty after each erasure; what pages keep in their unused room goes with the file that they are in.
        let log = folder.path().join("journeyman.db-wal");
        engine.erase(&"p239".into()).await.unwrap();
        erased.push(239);
        assert_eq!(std::fs::metadata(log).unwrap().len(), 0, "the log is not emptied");
        assert!(store.compact().await.unwrap());
        for person in &erased {
            let left = found_in(folder.path(), &canary(*person));
            assert!(left.is_empty(), "{} of {}: {left:#?}", person, erased.len());
        }
        for person in (0..PEOPLE).filter(|person| !erased.contains(person)).step_by(40) {
            assert!(!found_in(folder.path(), &canary(person)).is_empty(), "{person}");
        }
    });
}
