//! The job that counts histories: once for each contact and state, and to an end, whoever cannot read what it is told.

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::machine::{InputKind, Signal};
use journeyman::port::{Archive, Catalog, Store};
use journeyman::rule::score::ScoreDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::{Fault, FaultyStore, Life, ManualClock, Stop};
use journeyman::{Contact, Engine, Event};

const SPARK: &str = r#"on("message.replied", 10); tier("low", 0); tier("hot", 20);"#;

struct World {
    engine: Engine,
    store: FaultyStore,
    inner: Arc<dyn Store>,
    life: Life,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// One on each store.
    fn all() -> Vec<Self> {
        let clock = ManualClock::new(start());
        let build = |(_, inner, folder): (_, Arc<dyn Store>, _)| {
            let life = Life::new();
            let store = FaultyStore::new(inner.clone()).life(life.clone());
            let engine = Engine::builder(Arc::new(store.clone())).most_failures(2).build();
            Self { engine, store, inner, life, _folder: folder }
        };
        stores(Arc::new(clock)).into_iter().map(build).collect()
    }

    fn publish(&self) {
        block_on(self.engine.publish([ScoreDefinition::new("spark", SPARK).into()])).unwrap();
    }

    fn replies(&self, contact: &str, times: usize) {
        for _ in 0..times {
            block_on(self.engine.track(Event::new(contact, "message.replied"))).unwrap();
        }
    }

    fn tick(&self) {
        block_on(self.engine.tick()).unwrap();
    }

    fn jobs(&self) -> usize {
        block_on(self.store.jobs()).unwrap().len()
    }

    fn value(&self, contact: &str) -> (i64, bool) {
        value(&self.engine, contact)
    }

    /// How often a history was folded: who is counted has its steps read for it.
    fn folds(&self) -> usize {
        self.store.operations().iter().filter(|operation| **operation == "steps").count()
    }

    /// The counts that ever came into a mailbox.
    fn counts(&self, contact: &str) -> usize {
        counts(&self.store, contact)
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn value(engine: &Engine, contact: &str) -> (i64, bool) {
    let spark = block_on(engine.score(&contact.into(), "spark")).unwrap();
    (spark.value, spark.counted)
}

fn counts(store: &dyn Archive, contact: &str) -> usize {
    let mail = block_on(store.inputs(&contact.into(), 0, u64::MAX)).unwrap();
    mail.iter().filter(|envelope| matches!(envelope.kind, InputKind::Seed { .. })).count()
}

/// 256 inputs are read at a time, and whoever counts after each batch counts in vain.
#[test]
fn a_history_is_counted_once_while_its_contact_reads_much_mail() {
    for world in World::all() {
        world.replies("lea", 1);
        world.tick();
        world.replies("lea", 2_000);
        world.publish();
        let mut ticks = 0;
        while block_on(world.engine.advance()).unwrap().contacts > 0 || world.jobs() > 0 {
            ticks += 1;
            assert!(ticks < 50, "it goes on for ever");
        }
        assert_eq!(world.value("lea"), (20_010, true));
        // One when the rules came in, and one when that turned out to know too little.
        assert_eq!((world.folds(), world.counts("lea")), (2, 2));
    }
}

/// A worker that dies between the append and the cursor does its chunk again, and asks before it counts.
#[test]
fn a_count_that_waits_unread_is_not_made_again_by_who_repeats_its_chunk() {
    for (at, world) in World::all().into_iter().enumerate() {
        world.replies("lea", 3);
        world.tick();
        world.publish();
        // Which call moves the cursor, a twin has told.
        let twin = World::all().remove(at);
        twin.replies("lea", 3);
        twin.tick();
        twin.publish();
        twin.tick();
        let moves = twin.store.operations().iter().position(|operation| *operation == "advance_job").unwrap();
        world.store.fail(moves as u64 + 1, Fault::Unavailable);
        assert!(block_on(world.engine.tick()).is_err());
        assert_eq!((world.folds(), world.counts("lea"), world.jobs()), (1, 1, 1));
        world.tick();
        assert_eq!((world.folds(), world.counts("lea"), world.jobs()), (1, 1, 0));
        assert_eq!(world.value("lea"), (30, true));
    }
}

#[test]
fn a_job_ends_without_who_is_parked_and_counts_it_when_it_is_let_go() {
    for world in World::all() {
        for contact in ["lea", "zoe"] {
            world.replies(contact, 1);
        }
        world.tick();
        world.store.poison("lea");
        world.replies("lea", 4);
        world.publish();
        world.tick();
        assert_eq!(block_on(world.store.parked()).unwrap().len(), 1);
        for _ in 0..5 {
            world.tick();
        }
        assert_eq!((world.jobs(), world.value("lea"), world.value("zoe")), (0, (0, false), (10, true)));
        assert!(world.counts("lea") <= 3, "each failure may have asked for one: {}", world.counts("lea"));
        world.store.cure();
        block_on(world.engine.release(&"lea".into())).unwrap();
        world.tick();
        assert_eq!((world.jobs(), world.value("lea")), (0, (50, true)));
    }
}

/// Whose mail is not read to its end, because a row of it is damaged, is let go by whoever mends it or by a later version.
#[test]
fn a_job_ends_without_who_has_unreadable_mail_and_counts_it_once_that_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let open = |path: &Path| {
        let clock = ManualClock::new(start() + TimeDelta::hours(1));
        let store = SqliteStore::builder(path).clock(Arc::new(clock)).open().unwrap();
        (Engine::builder(Arc::new(store.clone())).build(), store)
    };
    {
        let (engine, store) = open(&path);
        for contact in ["lea", "zoe"] {
            block_on(engine.track(Event::new(contact, "message.replied"))).unwrap();
        }
        block_on(engine.tick()).unwrap();
        block_on(engine.track(Event::new("lea", "message.replied"))).unwrap();
        block_on(engine.publish([ScoreDefinition::new("spark", SPARK).into()])).unwrap();
        drop((engine, store));
    }
    let file = || rusqlite::Connection::open(&path).unwrap();
    let unread = "(SELECT max(seq) FROM input)";
    let body: Vec<u8> = file()
        .query_row(&format!("SELECT body FROM input WHERE seq = {unread}"), [], |row| row.get(0))
        .unwrap();
    let seq: i64 = file().query_row(&format!("SELECT {unread}"), [], |row| row.get(0)).unwrap();
    file().execute("UPDATE input SET body = x'00' WHERE seq = ?1", [seq]).unwrap();
    {
        let (engine, store) = open(&path);
        for _ in 0..5 {
            block_on(engine.tick()).unwrap();
        }
        assert_eq!(block_on(store.jobs()).unwrap(), [], "nobody can go on, and nothing is held up");
        assert_eq!((value(&engine, "lea"), value(&engine, "zoe")), ((0, false), (10, true)));
    }
    file().execute("UPDATE input SET body = ?1 WHERE seq = ?2", rusqlite::params![body, seq]).unwrap();
    let (engine, store) = open(&path);
    let tick = block_on(engine.tick()).unwrap();
    let stale = tick.signals.iter().filter(|signal| matches!(signal, Signal::StaleSeed { .. })).count();
    assert_eq!((value(&engine, "lea"), stale), ((20, true), 1));
    assert_eq!((counts(&store, "lea"), block_on(store.jobs()).unwrap()), (2, vec![]));
}

/// The process dies in the moment in which it is committed that the count is void; who comes next is a process of its own.
#[test]
fn a_contact_whose_count_came_too_late_is_not_forgotten_by_a_crash() {
    for (at, world) in World::all().into_iter().enumerate() {
        let tell = |world: &World| {
            world.replies("lea", 1);
            world.tick();
            world.replies("lea", 1);
            world.publish();
        };
        // Which call commits, a twin has told.
        let twin = World::all().remove(at);
        tell(&twin);
        block_on(twin.engine.advance()).unwrap();
        let commits = twin.store.operations().iter().rposition(|operation| *operation == "commit").unwrap();
        tell(&world);
        world.store.fail(commits as u64 + 1, Fault::CrashAfter);
        assert_eq!(block_on(world.life.live(world.engine.advance())).err(), Some(Stop::Crash));
        let next = Engine::builder(world.inner.clone()).build();
        assert_eq!(value(&next, "lea"), (0, false));
        assert_eq!(counts(&*world.inner, "lea"), 1);
        block_on(next.tick()).unwrap();
        assert_eq!((value(&next, "lea"), counts(&*world.inner, "lea")), ((20, true), 2));
    }
}

/// What asks for another count is there before the contact has read that the former one is void.
#[test]
fn a_contact_whose_count_came_too_late_is_counted_by_whoever_comes_next() {
    for world in World::all() {
        world.replies("lea", 1);
        world.tick();
        world.replies("lea", 1);
        world.publish();
        let advanced = block_on(world.engine.advance()).unwrap();
        assert!(matches!(advanced.signals[..], [Signal::StaleSeed { .. }]), "{:?}", advanced.signals);
        assert_eq!((world.jobs(), world.value("lea")), (1, (0, false)));
        let other = Engine::builder(Arc::new(world.store.clone())).build();
        let tick = block_on(other.tick()).unwrap();
        assert_eq!((world.jobs(), value(&other, "lea"), tick.next_wake), (0, (20, true), None));
    }
}

#[test]
fn the_same_rules_that_kept_a_score_count_what_was_before_when_they_are_to_count() {
    for world in World::all() {
        for contact in ["lea", "zoe"] {
            world.replies(contact, 2);
        }
        world.tick();
        let keeping = ScoreDefinition::new("spark", SPARK).keeps();
        block_on(world.engine.publish([keeping.into()])).unwrap();
        // It is taken over by these rules, which know of this reply alone; the other has not been heard of since.
        world.replies("lea", 1);
        world.replies("ana", 1);
        world.tick();
        assert_eq!((world.value("lea"), world.value("zoe")), ((10, true), (0, false)));
        world.publish();
        assert!(!world.value("lea").1, "it stands still until it is counted");
        assert_eq!(block_on(world.engine.advice(&"lea".into(), "spark")).unwrap(), None);
        assert!(world.value("ana").1, "who was new to these rules has nothing else to be counted");
        // What comes before the count is read is part of it.
        world.replies("lea", 1);
        let stale = block_on(world.engine.advance()).unwrap().signals;
        assert!(
            matches!(&stale[..], [Signal::StaleSeed { contact, .. }] if contact.as_str() == "lea"),
            "{stale:?}"
        );
        assert_eq!(world.value("lea"), (10, false));
        world.tick();
        assert_eq!((world.value("lea"), world.value("zoe"), world.jobs()), ((40, true), (20, true), 0));
        assert_eq!((world.value("ana"), world.counts("ana")), ((10, true), 0));
        world.replies("lea", 1);
        world.tick();
        assert_eq!(world.value("lea"), (50, true));
    }
}

/// One that has not begun is covered by a later one, however many contacts asked for theirs.
#[test]
fn jobs_that_count_the_same_are_worked_on_as_one() {
    for world in World::all() {
        for contact in ["lea", "zoe"] {
            world.replies(contact, 1);
            block_on(world.engine.identify(Contact::new(contact).attribute("city", "Lyon"))).unwrap();
        }
        world.tick();
        world.publish();
        let kind = block_on(world.store.jobs()).unwrap().remove(0).kind;
        for _ in 0..4 {
            block_on(world.store.start(&kind)).unwrap();
        }
        world.tick();
        assert_eq!((world.folds(), world.counts("lea"), world.jobs()), (2, 1, 0));
        assert_eq!((world.value("lea"), world.value("zoe")), ((10, true), (10, true)));
    }
}
