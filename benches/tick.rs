//! Ticks over many contacts, on the memory store and on SQLite. `cargo bench --bench tick` prints a table.
//!
//! `cargo bench --bench tick -- memory` runs one part; `--contacts N` and `--rounds N` change its size.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod common;

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::Engine;
use journeyman::machine::Input;
use journeyman::port::Store;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use common::{BATCH, Cost, NullChannel, SENDS, Used, advance_all, enroll, publish};

/// Days that are measured on SQLite, unless `--rounds` says so.
const ROUNDS: usize = 6;

/// In which order contacts fall due.
#[derive(Clone, Copy)]
enum Order {
    /// As their rows lie in the file.
    Rows,
    /// All over the file: each step touches a page of its own.
    Scattered,
}

fn main() {
    if !common::is_wanted("tick") {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let test = common::is_test();
    let wants = |part: &str| {
        let mut named =
            arguments.iter().filter(|argument| ["memory", "sqlite"].contains(&argument.as_str())).peekable();
        named.peek().is_none() || named.any(|argument| argument == part)
    };
    let number = |name: &str| {
        let given = arguments.iter().skip_while(|argument| *argument != name).nth(1);
        given.map(|given| given.parse::<usize>().unwrap())
    };
    let given = number("--contacts");
    let rounds = number("--rounds").unwrap_or(ROUNDS).min(SENDS);
    let contacts = |otherwise| given.unwrap_or(if test { 200 } else { otherwise });
    println!(
        "{:<44} {:>9} {:>10} {:>8} {:>8} {:>8}",
        "", "count", "per second", "CPU us", "wall us", "bytes"
    );
    if wants("memory") {
        block_on(memory(contacts(100_000)));
    }
    if wants("sqlite") {
        for order in [Order::Rows, Order::Scattered] {
            block_on(sqlite(contacts(20_000), rounds, order));
        }
    }
}

/// `steps` is what one line of the table is divided by.
fn line(what: &str, count: usize, cost: Cost) {
    let per = |time: std::time::Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{what:<44} {count:>9} {:>10.0} {:>8.2} {:>8.2} {:>8.0}",
        count as f64 / cost.cpu.as_secs_f64(),
        per(cost.cpu),
        per(cost.wall),
        cost.written as f64 / count as f64
    );
}

async fn memory(contacts: usize) {
    let clock = common::clock();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store.clone()).channel(NullChannel("email")).batch(BATCH).build();
    println!("memory store, {contacts} contacts, batches of {BATCH}");
    let used = Used::now();
    enroll(&engine, contacts).await;
    line("  inputs appended (3 a contact)", contacts * 3, used.since());
    let used = Used::now();
    let (_, inputs) = advance_all(&engine).await;
    line("  inputs read", inputs, used.since());

    let (mut cost, mut steps) = (Cost::default(), 0);
    for _ in 0..2 {
        clock.advance(TimeDelta::days(1));
        let used = Used::now();
        steps += advance_all(&engine).await.0;
        cost += used.since();
    }
    assert_eq!(steps, contacts * 4);
    line("  steps, advance alone", steps, cost);

    let used = Used::now();
    let mut accepted = 0;
    loop {
        let tick = engine.deliver().await.unwrap();
        if tick.accepted == 0 {
            break;
        }
        accepted += tick.accepted;
    }
    line("  messages delivered", accepted, used.since());
    let used = Used::now();
    let (_, inputs) = advance_all(&engine).await;
    line("  deliveries read", inputs, used.since());

    clock.advance(TimeDelta::days(1));
    let used = Used::now();
    let (mut steps, mut accepted) = (0, 0);
    loop {
        let tick = engine.tick().await.unwrap();
        steps += tick.steps;
        accepted += tick.accepted;
        if tick.contacts == 0 {
            break;
        }
    }
    assert_eq!((steps, accepted), (contacts * 2, contacts));
    line("  steps, whole ticks with delivery", steps, used.since());
}

/// The engine on a real file, and beside it the least that could write the same rows: rusqlite alone, on a copy of the
/// same file, with the same settings, the same batches and the very rows that the engine wrote.
async fn sqlite(contacts: usize, rounds: usize, order: Order) {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("engine.db"), folder.path().join("bare.db"));
    let clock = common::clock();
    let order_name = match order {
        Order::Rows => "in order of rows",
        Order::Scattered => "in scattered order",
    };
    println!("SQLite, synchronous FULL, {contacts} contacts due {order_name}, batches of {BATCH}");
    {
        let engine = open(&file, &clock);
        publish(&engine).await;
        let used = Used::now();
        for first in (0..contacts).step_by(BATCH) {
            let numbers = first..contacts.min(first + BATCH);
            let known = numbers.flat_map(|number| {
                [Input::from(common::contact(number)), Input::from(common::consent(number, "email"))]
            });
            engine.append(known.collect()).await.unwrap();
        }
        for first in (0..contacts).step_by(BATCH) {
            clock.advance(TimeDelta::milliseconds(1));
            let numbers = (first..contacts.min(first + BATCH)).map(|place| place_of(place, contacts, order));
            engine
                .append(numbers.map(|number| common::event(number, "signed_up").into()).collect())
                .await
                .unwrap();
        }
        line("  inputs appended (3 a contact)", contacts * 3, used.since());
        let used = Used::now();
        let (_, inputs) = advance_all(&engine).await;
        line("  inputs read", inputs, used.since());
    } // closing moves the log into the file
    std::fs::copy(&file, &copy).unwrap();

    let engine = open(&file, &clock);
    let mut bare = Bare::open(&copy);
    let (mut cost, mut steps) = (Cost::default(), 0);
    let mut bare_cost = Cost::default();
    for _ in 0..rounds {
        clock.advance(TimeDelta::days(1));
        let used = Used::now();
        steps += advance_all(&engine).await.0;
        cost += used.since();
        let rows = bare.rows_of(&file);
        let used = Used::now();
        bare.write(&rows);
        bare_cost += used.since();
    }
    assert_eq!(steps, contacts * 2 * rounds);
    let used = Used::now();
    drop(engine);
    cost += used.since();
    let used = Used::now();
    drop(bare);
    bare_cost += used.since();
    line("  steps, advance alone", steps, cost);
    line("  bare rusqlite, the same rows", steps, bare_cost);
    sizes(&file);
    println!(
        "  the engine reaches {:.2} of the bare loop by wall time, {:.2} by CPU",
        bare_cost.wall.as_secs_f64() / cost.wall.as_secs_f64(),
        bare_cost.cpu.as_secs_f64() / cost.cpu.as_secs_f64()
    );

    let engine = open(&file, &clock);
    let used = Used::now();
    let mut accepted = 0;
    loop {
        let tick = engine.deliver().await.unwrap();
        if tick.accepted == 0 {
            break;
        }
        accepted += tick.accepted;
    }
    assert_eq!(accepted, contacts * rounds);
    line("  messages delivered", accepted, used.since());
    let used = Used::now();
    let (_, inputs) = advance_all(&engine).await;
    line("  deliveries read", inputs, used.since());
}

fn open(file: &Path, clock: &ManualClock) -> Engine {
    let store = SqliteStore::builder(file).clock(Arc::new(clock.clone())).open().unwrap();
    Engine::builder(Arc::new(store)).channel(NullChannel("email")).batch(BATCH).build()
}

/// A permutation without a table: multiplication by a number that shares no factor with `contacts`.
fn place_of(place: usize, contacts: usize, order: Order) -> usize {
    match order {
        Order::Rows => place,
        Order::Scattered => {
            let factor =
                [7_919, 7_907, 7_901].into_iter().find(|factor| !contacts.is_multiple_of(*factor)).unwrap();
            place * factor % contacts
        }
    }
}

/// What one commit weighs in the file: the blobs, without the keys and the indexes.
fn sizes(file: &Path) {
    let conn = Connection::open(file).unwrap();
    let mean = |column: &str, table: &str| -> f64 {
        let sql =
            format!("SELECT coalesce(avg(length({column})), 0) FROM {table} WHERE {column} IS NOT NULL");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    println!(
        "  mean bytes of a blob: cold {:.0}, hot {:.0}, steps of a commit {:.0}, message {:.0}, input {:.0}",
        mean("cold", "contact"),
        mean("hot", "state"),
        mean("steps", "commit_log"),
        mean("body", "outbox"),
        mean("body", "input"),
    );
}

struct Bare {
    conn: Connection,
    commits: i64,
    messages: i64,
}

/// One commit, as it stands in the file of the engine.
struct CommitRow {
    state: Vec<Value>,
    commit: Vec<Value>,
    messages: Vec<Vec<Value>>,
}

const STATE: &str = "SELECT revision, read_seq, due_at, hot, id FROM state WHERE id = ?1";
const UPDATE: &str =
    "UPDATE state SET revision = ?1, read_seq = ?2, due_at = ?3, hot = ?4 WHERE id = ?5 AND revision < ?1";
const COMMITS: &str = "SELECT * FROM commit_log WHERE seq > ?1 ORDER BY seq";
const MESSAGES: &str = "SELECT * FROM outbox WHERE seq > ?1 ORDER BY seq";

impl Bare {
    fn open(file: &Path) -> Self {
        let conn = Connection::open(file).unwrap();
        // What the store sets.
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 16000; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;
             PRAGMA secure_delete = ON;",
        )
        .unwrap();
        let last = |table: &str| {
            let sql = format!("SELECT coalesce(max(seq), 0) FROM {table}");
            conn.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let (commits, messages) = (last("commit_log"), last("outbox"));
        Self { conn, commits, messages }
    }

    /// What the engine has written since the last call.
    fn rows_of(&mut self, file: &Path) -> Vec<CommitRow> {
        let conn = Connection::open(file).unwrap();
        let commits = rows(&conn, COMMITS, self.commits);
        let mut messages = rows(&conn, MESSAGES, self.messages).into_iter().peekable();
        let mut found = Vec::with_capacity(commits.len());
        for commit in commits {
            let state = rows(&conn, STATE, integer(&commit[1])).remove(0);
            let mut own = Vec::new();
            while messages.peek().is_some_and(|message| message[2] == commit[1] && own.is_empty()) {
                own.extend(messages.next());
            }
            found.push(CommitRow { state, commit, messages: own });
        }
        assert!(messages.next().is_none());
        self.commits += found.len() as i64;
        self.messages += found.iter().map(|row| row.messages.len() as i64).sum::<i64>();
        found
    }

    fn write(&mut self, rows: &[CommitRow]) {
        let marks = |count: usize| vec!["?"; count].join(", ");
        let (commit, message) = (rows[0].commit.len(), rows[0].messages[0].len());
        let commit = format!("INSERT INTO commit_log VALUES ({})", marks(commit));
        let message = format!("INSERT INTO outbox VALUES ({})", marks(message));
        for batch in rows.chunks(BATCH) {
            let transaction = self.conn.transaction().unwrap();
            {
                let mut update = transaction.prepare_cached(UPDATE).unwrap();
                let mut commit = transaction.prepare_cached(&commit).unwrap();
                let mut message = transaction.prepare_cached(&message).unwrap();
                for row in batch {
                    assert_eq!(update.execute(params_from_iter(&row.state)).unwrap(), 1);
                    for values in &row.messages {
                        message.execute(params_from_iter(values)).unwrap();
                    }
                    commit.execute(params_from_iter(&row.commit)).unwrap();
                }
            }
            transaction.commit().unwrap();
        }
    }
}

fn rows(conn: &Connection, sql: &str, key: i64) -> Vec<Vec<Value>> {
    let mut statement = conn.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map(params![key], |row| (0..columns).map(|column| row.get(column)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(value) => *value,
        _ => 0,
    }
}
