//! A write-ahead log that was cut or damaged anywhere: the file opens with the commits before that place, each of them
//! whole, and carries on.
//!
//! By default every 37th byte of the last three frames and every boundary of the whole log; `JOURNEYMAN_EVERY_BYTE=1`
//! cuts at every byte of the last three.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::Event;
use journeyman::machine::Input;
use journeyman::port::Mailbox;
use journeyman::port::store::Receipt;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use process::end::whole;
use process::log::Log;
use process::story::{Act, Host, MAIN, start};
use process::{Random, folder};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const PAGE: usize = 4_096;
const FRAME: usize = FRAME_HEADER + PAGE;

/// The parts of a frame's header: page, size after a commit, two salts, two sums.
const FIELD: usize = 4;

/// A file with its log, as a killed process leaves them.
struct Left {
    main: Vec<u8>,
    log: Vec<u8>,
    /// Each event that was acknowledged, with the length of the log by then.
    acknowledged: Vec<(Event, usize)>,
}

/// One state of the file between two commits.
struct State {
    /// How long the log must be for it.
    log: usize,
    /// Everything in all tables.
    rows: u64,
}

/// Everything in all tables, in a number.
fn rows(conn: &Connection) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut tables =
        conn.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        hasher.write(table.as_bytes());
        let mut statement = conn.prepare_cached(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Null => hasher.write_u8(0),
                    ValueRef::Integer(number) => hasher.write_i64(number),
                    ValueRef::Real(number) => hasher.write_u64(number.to_bits()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        hasher.write_usize(bytes.len());
                        hasher.write(bytes);
                    }
                }
            }
        }
    }
    hasher.finish()
}

async fn host(folder: &Path) -> Host {
    Host::open(&folder.join("journeyman.db"), |store| store, Log::open(&folder.join("log")), 10)
        .await
        .unwrap()
}

/// Twelve commits that are acknowledged, and the files as they lie there without a clean end.
fn leave() -> Left {
    let folder = folder();
    let file = folder.path().join("journeyman.db");
    let log = folder.path().join("journeyman.db-wal");
    let first = [Act::Publish, Act::Know("lea"), Act::Know("tom"), Act::Tick(Vec::new())];
    block_on(async { host(folder.path()).await.tell(&first, 0).await.unwrap() });
    // A clean end has folded the log into the file.
    assert!(!log.exists());
    block_on(async {
        let host = host(folder.path()).await;
        let mut acknowledged = Vec::new();
        for number in 0..12 {
            let contact = MAIN[number % 2];
            let name = if number % 3 == 0 { "signed_up" } else { "viewed" };
            let id = format!("e{number}");
            let event = Event::new(contact, name).id(id.as_str());
            host.perform(&Act::Track(contact, name, id)).await.unwrap();
            acknowledged.push((event, std::fs::metadata(&log).unwrap().len() as usize));
            if number % 4 == 2 {
                host.perform(&Act::Clock(number as i64)).await.unwrap();
                host.perform(&Act::Tick(Vec::new())).await.unwrap();
            }
        }
        Left { main: std::fs::read(&file).unwrap(), log: std::fs::read(&log).unwrap(), acknowledged }
    })
}

/// Every state that a cut may leave, made without SQLite's recovery: the pages of each commit laid over the file.
fn states(left: &Left) -> Vec<State> {
    let folder = folder();
    let file = folder.path().join("overlay.db");
    let mut image = left.main.clone();
    let mut states = Vec::new();
    let mut look = |image: &[u8], log: usize| {
        std::fs::write(&file, image).unwrap();
        let conn = Connection::open(&file).unwrap();
        states.push(State { log, rows: rows(&conn) });
    };
    look(&image, 0);
    for (number, frame) in left.log[WAL_HEADER..].chunks_exact(FRAME).enumerate() {
        let field = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap()) as usize;
        let (page, size) = (field(0), field(4));
        image.resize(image.len().max(page * PAGE), 0);
        image[(page - 1) * PAGE..page * PAGE].copy_from_slice(&frame[FRAME_HEADER..]);
        if size > 0 {
            image.resize(size * PAGE, 0);
            look(&image, WAL_HEADER + (number + 1) * FRAME);
        }
    }
    states
}

/// One damaged log, and how much of it is good.
struct Damage {
    log: Vec<u8>,
    good: usize,
    what: String,
}

/// Opens the damaged file through the store and looks at all of it; then lets it carry on.
fn assert_carries_on(left: &Left, states: &[State], damage: &Damage, folder: &Path) -> usize {
    let Damage { log, good, what } = damage;
    let file = folder.join("journeyman.db");
    std::fs::write(&file, &left.main).unwrap();
    std::fs::write(folder.join("journeyman.db-wal"), log).unwrap();
    std::fs::remove_file(folder.join("journeyman.db-shm")).ok();
    std::fs::remove_file(folder.join("log")).ok();
    block_on(async {
        let host = host(folder).await;
        let conn = Connection::open(&file).unwrap();
        let said: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok", "{what}");
        let expected = states.iter().rposition(|state| state.log <= *good).unwrap();
        let rows = rows(&conn);
        let found = states.iter().position(|state| state.rows == rows);
        assert_eq!(found, Some(expected), "{what}: not the commits that are whole");
        drop(conn);
        host.perform(&Act::Track("lea", "viewed", "after".to_owned())).await.unwrap();
        host.perform(&Act::Tick(Vec::new())).await.unwrap();
        expected
    })
}

/// What a state says of itself through the store: a prefix of what was acknowledged, and nothing half.
fn assert_is_a_prefix(left: &Left, state: &State, folder: &Path) {
    let file = folder.join("journeyman.db");
    std::fs::write(&file, &left.main).unwrap();
    std::fs::write(folder.join("journeyman.db-wal"), &left.log[..state.log]).unwrap();
    std::fs::remove_file(folder.join("journeyman.db-shm")).ok();
    let store = SqliteStore::builder(&file).clock(Arc::new(ManualClock::new(start()))).open().unwrap();
    block_on(async {
        assert_eq!(whole(&store, MAIN.into_iter()).await.twice, 0);
        for (event, log) in &left.acknowledged {
            let input: Input = event.clone().into();
            let receipt = store.append(&[input], TimeDelta::days(30)).await.unwrap()[0];
            assert_eq!(receipt == Receipt::Duplicate, *log <= state.log, "{event:?} at {}", state.log);
        }
    });
}

/// All damages by two threads; answers how many there were of each resulting state.
fn all(left: &Left, states: &[State], damages: &[Damage]) -> BTreeMap<usize, usize> {
    let halves = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let folder = folder();
                let mine = damages.iter().skip(half).step_by(2);
                mine.map(|damage| assert_carries_on(left, states, damage, folder.path())).collect::<Vec<_>>()
            })
        });
        halves.map(|half| half.join().unwrap())
    });
    let mut counts = BTreeMap::new();
    for state in halves.concat() {
        *counts.entry(state).or_default() += 1;
    }
    counts
}

#[test]
fn a_log_that_was_cut_anywhere_keeps_the_whole_commits_before_the_cut() {
    let left = leave();
    let states = states(&left);
    let end = left.log.len();
    assert_eq!((end - WAL_HEADER) % FRAME, 0);
    assert!(states.len() > left.acknowledged.len() && states.last().unwrap().log == end);
    for (event, log) in &left.acknowledged {
        assert!(
            states.iter().any(|state| state.log == *log),
            "{event:?} was acknowledged before it was written"
        );
    }
    let temp = folder();
    states.iter().for_each(|state| assert_is_a_prefix(&left, state, temp.path()));

    let every = std::env::var("JOURNEYMAN_EVERY_BYTE").is_ok_and(|set| set == "1");
    let mut cuts: BTreeSet<usize> = (end - 3 * FRAME..=end).step_by(if every { 1 } else { 37 }).collect();
    // The fields of the log's header and of the last frames', and every frame's edges.
    cuts.extend((0..=WAL_HEADER).step_by(FIELD));
    for frame in (WAL_HEADER..=end).step_by(FRAME) {
        cuts.extend([frame - 1, frame, frame + 1, frame + FRAME_HEADER]);
        if frame + 3 * FRAME >= end {
            cuts.extend(
                (0..FRAME_HEADER).step_by(FIELD).flat_map(|field| [frame + field, frame + field + 1]),
            );
        }
    }
    let cuts = cuts.into_iter().filter(|cut| *cut <= end);
    let damages: Vec<Damage> = cuts
        .map(|cut| Damage {
            log: left.log[..cut].to_vec(),
            good: cut,
            what: format!("cut at {cut} of {end}"),
        })
        .collect();
    let counts = all(&left, &states, &damages);
    println!("{} cuts of a log of {} frames: {counts:?}", damages.len(), (end - WAL_HEADER) / FRAME);
    assert_eq!(counts.len(), states.len(), "every state was left by some cut");
}

#[test]
fn a_bit_that_flipped_in_the_log_costs_the_commits_from_there_on_and_no_other() {
    let left = leave();
    let states = states(&left);
    let end = left.log.len();
    let mut random = Random::new(7);
    let mut bits: BTreeSet<usize> = ((end - FRAME) * 8..(end - FRAME + FRAME_HEADER) * 8).collect();
    bits.extend((0..200).map(|_| (end - FRAME) * 8 + random.below(FRAME as u64 * 8) as usize));
    bits.extend((0..100).map(|_| random.below(end as u64 * 8) as usize));
    bits.extend((0..WAL_HEADER * 8).step_by(13));
    let damages: Vec<Damage> = bits
        .into_iter()
        .map(|bit| {
            let byte = bit / 8;
            let mut log = left.log.clone();
            log[byte] ^= 1 << (bit % 8);
            // All before the damaged frame is good; a damaged header makes the whole log unreadable.
            let good = byte.checked_sub(WAL_HEADER).map_or(0, |place| WAL_HEADER + place / FRAME * FRAME);
            Damage { log, good, what: format!("bit {bit} of {}", end * 8) }
        })
        .collect();
    let counts = all(&left, &states, &damages);
    println!("{} bits: {counts:?}", damages.len());
    assert!(counts.len() > 5 && counts[&(states.len() - 2)] > 300 && counts[&0] > 10);
}
