//! A damaged row is an error or set aside, and stops nobody but its own contact.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::error::StoreError;
use journeyman::model::Evidence;
use journeyman::port::store::{Archive, Catalog, Claim, Mailbox, Outbox, Pausable, Take};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{Durability, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};
use rusqlite::types::Value;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::draw::{Bytes, one};

const START: i64 = 1_774_252_800_000;
const HEAD: &[u8] = br#"{"v":1,"d":"#;

/// Whose row it is.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    /// One contact's: nobody else may notice.
    Hers,
    /// The store's own.
    All,
}
use Whose::{All, Hers};

/// The first places hold rows of JSON.
const ROWS: usize = 10;
/// Every place with a form of its own: table and column, whose it is, and which rows. The contact of row 1 is damaged.
const PLACES: [(&str, &str, Whose, &str); 35] = [
    ("state", "hot", Hers, "id = 1"),
    ("contact", "cold", Hers, "id = 1"),
    ("input", "body", Hers, "contact = 1 AND seq = (SELECT max(seq) FROM input WHERE contact = 1)"),
    ("outbox", "body", Hers, "contact = 1"),
    ("outbox", "content", Hers, "contact = 1"),
    ("outbox", "answer", Hers, "contact = 1"),
    ("commit_log", "steps", Hers, "contact = 1"),
    ("consent", "body", Hers, "contact = 1"),
    ("definition", "body", All, "id = 1"),
    ("job", "kind", All, "true"),
    ("input", "id", Hers, "contact = 1 AND seq = (SELECT max(seq) FROM input WHERE contact = 1)"),
    ("input", "received_at", Hers, "contact = 1"),
    ("outbox", "id", Hers, "contact = 1 AND status = 0"),
    ("outbox", "enrollment", Hers, "contact = 1"),
    ("outbox", "journey", Hers, "contact = 1"),
    ("outbox", "status", Hers, "contact = 1"),
    ("outbox", "attempts", Hers, "contact = 1"),
    ("outbox", "answers", Hers, "contact = 1"),
    ("outbox", "not_before", Hers, "contact = 1"),
    ("outbox", "ready_at", Hers, "contact = 1 AND status = 0"),
    ("outbox", "cancelled", Hers, "contact = 1"),
    ("contact", "external", Hers, "id = 1"),
    ("contact", "epoch", Hers, "id = 1"),
    ("contact", "erased", Hers, "id = 1"),
    ("state", "revision", Hers, "id = 1"),
    ("state", "read_seq", Hers, "id = 1"),
    ("state", "due_at", Hers, "id = 1"),
    ("unread", "last", Hers, "contact = 1"),
    ("address", "epoch", Hers, "true"),
    ("denial", "withdrawn", Hers, "contact = 1"),
    ("commit_log", "now", Hers, "contact = 1"),
    ("term", "word", All, "id = 1"),
    ("head", "high_water", All, "true"),
    ("head", "revision", All, "true"),
    ("pause", "since", All, "true"),
];

/// What comes to stand in a place.
enum Damage {
    /// These bytes, or this number.
    Whole(Value),
    /// The row that was there, with other values at some of its leaves: their numbers and what they become.
    Leaves(Vec<(usize, Json)>),
}

/// A place and what stands there: `state.hot` and a line end, then the row, its version before it or not; `int`, `real`,
/// `text`, `blob` or `null` and a space before anything else; or lines `leaf NUMBER JSON` that change the row which was
/// there. Where no place is named, the first byte chooses it and the others are drawn from.
pub fn stored_row(data: &[u8]) -> bool {
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let named = |(table, column, ..): &(&str, &str, Whose, &str)| {
        data[..line].strip_prefix(table.as_bytes()).and_then(|rest| rest.strip_prefix(b"."))
            == Some(column.as_bytes())
    };
    let (place, damage) = match (PLACES.iter().position(named), data.split_first()) {
        (Some(place), _) => (place, written(data.get(line + 1..).unwrap_or_default())),
        (None, Some((first, rest))) => {
            let place = usize::from(*first) % PLACES.len();
            (place, drawn(&mut Bytes::new(rest), place < ROWS))
        }
        (None, None) => return false,
    };
    let (_, _, whose, _) = PLACES[place];
    let folder = folder();
    let path = folder.path().join("journeys.db");
    std::fs::write(&path, whole()).unwrap();
    if !damaged(&path, place, damage) {
        return false;
    }
    block_on(look(&path, whose))
}

fn drawn(bytes: &mut Bytes<'_>, row: bool) -> Damage {
    let numbers =
        [i64::MIN, -1, 0, 1, 2, 3, START, START + 10_000_000, 4_294_967_295, 4_294_967_296, i64::MAX];
    if !row {
        let number = one(bytes, &numbers);
        let any = [Value::Integer(*number), Value::Null, Value::Text("x".into()), Value::Blob(vec![7; 16])];
        return Damage::Whole(one(bytes, &any).clone());
    }
    let mut leaves = Vec::new();
    while !bytes.is_empty() && leaves.len() < 4 {
        let leaf = bytes.arbitrary::<u8>().unwrap_or(0).into();
        let value = match bytes.int_in_range(0..=9).unwrap_or(0) {
            0..=5 => (*one(bytes, &numbers)).into(),
            6 => Json::Null,
            7 => (*one(bytes, &["", "greeting", "end", "step-2", "2026-03-23T08:00:00Z", "tom", "email"]))
                .into(),
            8 => Json::from(vec![0; 3]),
            _ => serde_json::json!({ "until": { "at": one(bytes, &numbers) } }),
        };
        leaves.push((leaf, value));
    }
    Damage::Leaves(leaves)
}

fn written(body: &[u8]) -> Damage {
    let leaf = |line: &[u8]| {
        let (number, json) = std::str::from_utf8(line).ok()?.strip_prefix("leaf ")?.split_once(' ')?;
        Some((number.parse().ok()?, serde_json::from_str(json).ok()?))
    };
    let leaves: Vec<_> = body.split(|byte| *byte == b'\n').filter_map(leaf).collect();
    if leaves.is_empty() { Damage::Whole(value(body)) } else { Damage::Leaves(leaves) }
}

/// Puts other values into a row of JSON; numbers count its leaves, around and around.
fn change(row: &[u8], leaves: Vec<(usize, Json)>) -> Option<Vec<u8>> {
    /// Goes down to the leaf of this number; answers how many leaves it passed where there are fewer.
    fn replace(value: &mut Json, number: usize, new: &Json) -> Result<(), usize> {
        let parts: Vec<&mut Json> = match value {
            Json::Object(fields) if !fields.is_empty() => fields.values_mut().collect(),
            Json::Array(items) if !items.is_empty() => items.iter_mut().collect(),
            leaf if number == 0 => {
                leaf.clone_from(new);
                return Ok(());
            }
            _ => return Err(1),
        };
        let mut passed = 0;
        for part in parts {
            match replace(part, number - passed, new) {
                Ok(()) => return Ok(()),
                Err(leaves) => passed += leaves,
            }
        }
        Err(passed)
    }
    let mut json: Json = serde_json::from_slice(row.strip_prefix(HEAD)?.strip_suffix(b"}")?).ok()?;
    for (number, value) in leaves {
        if let Err(count) = replace(&mut json, number, &value) {
            replace(&mut json, number % count, &value).ok()?;
        }
    }
    Some([HEAD, json.to_string().as_bytes(), b"}"].concat())
}

/// A folder in memory where there is one, for a file is written for every input.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

fn value(body: &[u8]) -> Value {
    let (kind, rest) = match body.iter().position(|byte| *byte == b' ') {
        Some(space) => (&body[..space], &body[space + 1..]),
        None => (body, &body[body.len()..]),
    };
    let text = || String::from_utf8_lossy(rest).into_owned();
    match kind {
        b"int" => Value::Integer(text().trim().parse().unwrap_or(i64::MAX)),
        b"real" => Value::Real(text().trim().parse().unwrap_or(0.5)),
        b"text" => Value::Text(text()),
        b"blob" => Value::Blob(rest.to_vec()),
        b"null" => Value::Null,
        _ if body.starts_with(br#"{"v":"#) => Value::Blob(body.to_vec()),
        _ => Value::Blob([HEAD, body, b"}"].concat()),
    }
}

/// False where SQLite itself refuses the value, or there is no such row.
fn damaged(path: &Path, place: usize, damage: Damage) -> bool {
    let (table, column, _, rows) = PLACES[place];
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "OFF").unwrap();
    let value = match damage {
        Damage::Whole(value) => Some(value),
        Damage::Leaves(leaves) => {
            let sql = format!("SELECT {column} FROM {table} WHERE {rows} AND {column} IS NOT NULL");
            let row: Option<Vec<u8>> = conn.query_row(&sql, [], |row| row.get(0)).ok();
            row.and_then(|row| change(&row, leaves)).map(Value::Blob)
        }
    };
    let Some(value) = value else { return false };
    conn.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE {rows}"), [value])
        .is_ok_and(|rows| rows > 0)
}

fn engine(store: &SqliteStore, email: &RecordingChannel) -> Engine {
    Engine::builder(Arc::new(store.clone())).channel(email.clone()).build()
}

fn open(path: &Path, clock: &ManualClock) -> Result<SqliteStore, StoreError> {
    SqliteStore::builder(path).clock(Arc::new(clock.clone())).durability(Durability::Relaxed).open()
}

/// A file in which everything has happened once: lea has mail unread, a message sent and one that waits; tom has mail.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = folder();
        let path = folder.path().join("whole.db");
        let clock = ManualClock::new(DateTime::from_timestamp_millis(START).unwrap());
        let store = open(&path, &clock).unwrap();
        let engine = engine(&store, &RecordingChannel::new("email"));
        let journey = Journey::builder("greeting")
            .enter_on("signed_up")
            .goal("paid")
            .send("greet", "email", "hello", "onboarding")
            .wait_for("link.clicked", Span::days(2), "end")
            .send("again", "email", "hello", "onboarding")
            .wait(Span::days(1))
            .exit("end", "done");
        let hello = TemplateDefinition::new("hello").text("{{ contact.first_name }}");
        block_on(async {
            engine.publish([journey.build().unwrap().into(), hello.into()]).await.unwrap();
            for who in ["lea", "tom"] {
                let contact =
                    Contact::new(who).attribute("first_name", who).address("email", format!("{who}@x"));
                engine.identify(contact).await.unwrap();
                let evidence = Evidence::new("form", "v1");
                engine.consent(Consent::granted(who, "marketing", "email", evidence.clone())).await.unwrap();
                engine.consent(Consent::granted(who, "onboarding", "email", evidence)).await.unwrap();
            }
            let stop =
                journeyman::machine::Withdrawal::of("lea", "marketing", "email", Evidence::new("link", "v1"));
            engine.withdraw(&stop).await.unwrap();
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            engine.tick().await.unwrap();
            clock.advance(TimeDelta::hours(1));
            engine.track(Event::new("lea", "link.clicked")).await.unwrap();
            while engine.advance().await.unwrap().contacts > 0 {}
            engine.pause(&Pausable::Journey("greeting".into())).await.unwrap();
            clock.advance(TimeDelta::hours(1));
            engine.resume(&Pausable::Journey("greeting".into())).await.unwrap();
            engine.track(Event::new("lea", "seen")).await.unwrap();
            engine.track(Event::new("tom", "signed_up")).await.unwrap();
        });
        drop((engine, store));
        std::fs::read(&path).unwrap()
    })
}

/// Reads everything and works on; true where nothing was found to be wrong.
async fn look(path: &Path, whose: Whose) -> bool {
    let clock = ManualClock::new(DateTime::from_timestamp_millis(START).unwrap() + TimeDelta::hours(3));
    let store = match open(path, &clock) {
        Ok(store) => store,
        Err(error) => return unread(&error),
    };
    let lea = "lea".into();
    let mut sound = true;
    let mut read = |error: Option<StoreError>| sound &= error.is_none_or(|error| unread(&error));
    read(store.snapshot().await.err());
    read(store.jobs().await.err());
    read(store.contact(&lea).await.err());
    read(store.steps(&lea).await.err());
    read(store.inputs(&lea, 0, u64::MAX).await.err());
    read(store.consents(&lea).await.err());
    read(store.commits(&lea).await.err());
    read(store.scan(0, 10).await.err());
    read(store.next_due(&["email".into()]).await.err());
    match store.messages(&lea).await {
        Ok(messages) => {
            for message in messages {
                read(store.message(message.message.id).await.err());
            }
        }
        Err(error) => read(Some(error)),
    }
    let claimed = store.claim(&Claim::of(10)).await;
    let taken = store.take(&Take::of(10, ["email".into()])).await;
    if whose == Hers {
        assert!(claimed.is_ok() && taken.is_ok(), "one row stops all: {:?} {:?}", claimed.err(), taken.err());
    } else {
        read(claimed.err());
        read(taken.err());
    }
    let email = RecordingChannel::new("email");
    let engine = engine(&store, &email);
    for _ in 0..4 {
        match engine.tick().await {
            Ok(tick) => match tick.next_wake {
                Some(next) => clock.set(next.min(DateTime::from_timestamp_millis(2 * START).unwrap())),
                None => break,
            },
            Err(error) => {
                assert!(whose == All, "one row stops all: {error}");
                match error {
                    Error::Store(error) => sound &= unread(&error),
                    Error::Catalog { .. } => sound = false,
                    other => panic!("{other}"),
                }
                break;
            }
        }
    }
    if whose == Hers {
        assert!(email.sent().iter().any(|sent| sent.to == "tom@x"), "tom was not served");
    }
    sound
}

/// What a damaged row may be answered with; false, for the caller.
fn unread(error: &StoreError) -> bool {
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    false
}
