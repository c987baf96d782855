//! What the engine does is found right, and is really looked at.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::port::Store;
use journeyman::store::{Durability, MemoryStore, SqliteStore};
use journeyman::testing::check::{Checker, Findings, check_contact};
use journeyman::testing::{ManualClock, check};

use crate::population::{CONTACTS, checker, live, start};

fn is_found_right(store: Arc<dyn Store>, clock: ManualClock) {
    block_on(live(store.clone(), clock));
    let findings = block_on(checker().keeps_all_mail().check(&*store)).unwrap();
    println!("{findings}");
    findings.assert_clean();
    assert!(findings.skipped.is_nothing(), "{findings}");
    assert_eq!(findings.contacts, CONTACTS.len() as u64 - 1, "all but the erased one");
    let least = [
        (findings.enrollments, 15),
        (findings.steps, 70),
        (findings.messages, 15),
        (findings.inputs, 70),
        (findings.consents, 20),
        (findings.commits, 50),
        (findings.at_once, 12),
    ];
    assert!(least.iter().all(|(count, least)| count >= least), "{findings}");
    assert_eq!(findings.replayed, findings.commits, "every commit was run again");
    // Without the promise that all mail is kept, as much is judged.
    assert_eq!(block_on(checker().check(&*store)).unwrap(), findings);

    let ida = block_on(check_contact(&*store, &"ida".into())).unwrap();
    ida.assert_clean();
    assert_eq!((ida.contacts, ida.erased, ida.consents), (1, 1, 2));
    assert!(ida.messages > 0, "{ida}");
}

#[test]
fn what_the_engine_does_in_memory_is_found_right() {
    let clock = ManualClock::new(start());
    is_found_right(Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build()), clock);
}

#[test]
fn what_the_engine_does_on_sqlite_is_found_right() {
    let clock = ManualClock::new(start());
    let folder = tempfile::tempdir().unwrap();
    let builder = SqliteStore::builder(folder.path().join("journeyman.db")).clock(Arc::new(clock.clone()));
    is_found_right(Arc::new(builder.durability(Durability::Relaxed).open().unwrap()), clock);
}

#[test]
fn with_another_zone_nothing_is_replayed_and_that_is_counted() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let findings = block_on(check(&*store)).unwrap();
    findings.assert_clean();
    assert_eq!((findings.replayed, findings.skipped.without_program), (0, findings.commits), "{findings}");
}

#[test]
fn a_purge_is_no_violation_unless_nothing_is_ever_purged() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    // Between any two inputs, also of one commit.
    for hours in [1, 2, 13, 24, 61, 168, 180] {
        let before = start() + chrono::TimeDelta::hours(hours);
        block_on(journeyman::port::store::Archive::purge(&*store, before)).unwrap();
        let findings = block_on(checker().check(&*store)).unwrap();
        findings.assert_clean();
        assert!(findings.skipped.without_mail >= 1, "{findings}");
        let strict = block_on(checker().keeps_all_mail().check(&*store)).unwrap();
        assert!(!strict.is_clean(), "{strict}");
    }
}

#[test]
fn a_store_without_history_is_judged_by_what_stands() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).without_history().build());
    block_on(live(store.clone(), clock));
    let findings = block_on(checker().check(&*store)).unwrap();
    findings.assert_clean();
    assert_eq!((findings.skipped.without_history, findings.steps), (findings.contacts, 0), "{findings}");
    assert!(findings.messages > 0, "{findings}");
}

#[test]
fn a_check_of_nothing_says_so_and_satisfies_no_test() {
    let findings: Findings = block_on(Checker::new().check(&MemoryStore::new())).unwrap();
    assert!(findings.is_clean() && findings.to_string().starts_with("nothing was judged"), "{findings}");
    assert!(std::panic::catch_unwind(|| findings.assert_clean()).is_err());
}
