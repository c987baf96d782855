//! A file that may not grow: every call says that it is full, nothing is lost or half there, and with room it goes on.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use futures::future::join_all;
use journeyman::channel::RecordingChannel;
use journeyman::machine::Withdrawal;
use journeyman::model::Evidence;
use journeyman::port::store::MessageStatus;
use journeyman::port::{Archive, Mailbox};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{Durability, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey, StoreError};
use process::end::{End, check, end};
use process::log::{Log, lines};
use process::story::{Act, Host, done, story};
use process::{assert_whole, folder};

/// Which operations met the end of the file, and how often.
type Fulls = BTreeMap<&'static str, usize>;

const NO_LIMIT: u32 = 1 << 20;

/// Tells as much of the story as the file has room for. False where it was full before the end.
async fn tell(file: &Path, log: &Path, acts: &[Act], pages: u32, bio: usize, fulls: &mut Fulls) -> bool {
    let mut full = |error: &StoreError| match error {
        StoreError::Full { operation } => {
            assert!(error.is_retryable());
            *fulls.entry(operation).or_default() += 1;
        }
        other => panic!("a full file is Full and nothing else: {other}"),
    };
    let settings = |store: journeyman::store::SqliteStoreBuilder| {
        store.most_pages(pages).durability(Durability::Relaxed)
    };
    let host = match Host::open(file, settings, Log::open(log), bio).await {
        Ok(host) => host,
        Err(error) => {
            full(&error);
            return false;
        }
    };
    let mut stuck = None;
    loop {
        match host.tell(acts, done(&lines(log))).await {
            Ok(()) => return true,
            Err((act, Error::Store(error))) => {
                full(&error);
                // The same host tries once more: a smaller piece may fit, and nothing else has changed.
                if stuck == Some(act) {
                    return false;
                }
                stuck = Some(act);
            }
            Err((_, error)) => panic!("only the file is full in this story: {error}"),
        }
    }
}

/// Tells the story in a file that has `first` pages and is given `more` each time that it is full.
fn in_small_pieces(seed: u64, first: u32, more: u32, bio: usize, calm: &End, fulls: &mut Fulls) -> usize {
    let acts = story(seed);
    let folder = folder();
    let (file, log) = (folder.path().join("journeyman.db"), folder.path().join("log"));
    let (mut pages, mut rounds) = (first, 0);
    while !block_on(tell(&file, &log, &acts, pages, bio, fulls)) {
        assert_whole(&file, &format!("{pages} pages"));
        if done(&lines(&log)) > 0 {
            let seen = block_on(check(&file, &log, &acts));
            assert_eq!((seen.lost, seen.twice), (0, 0), "{pages} pages: {seen:?}");
        }
        pages += more;
        rounds += 1;
        assert!(rounds < 2_000, "the file grows and grows");
    }
    block_on(end(&file)).assert_like(calm, &format!("story {seed} from {first} pages by {more}"));
    rounds
}

fn calm(seed: u64, bio: usize) -> End {
    let folder = folder();
    let (file, log) = (folder.path().join("journeyman.db"), folder.path().join("log"));
    assert!(block_on(tell(&file, &log, &story(seed), NO_LIMIT, bio, &mut Fulls::new())));
    let end = block_on(end(&file));
    assert!(end.size().2 > 30);
    end
}

#[test]
fn a_file_that_grows_page_by_page_comes_to_the_same_end() {
    let mut fulls = Fulls::new();
    let mut rounds = 0;
    // Texts of other lengths make other operations the first that need a page.
    for (seed, bio, more) in [(0, 10, 1), (1, 700, 1), (2, 3_000, 2), (3, 9_000, 5)] {
        let calm = calm(seed, bio);
        rounds += in_small_pieces(seed, 1, more, bio, &calm, &mut fulls);
    }
    println!("{rounds} times full: {fulls:?}");
    for operation in ["open its file", "append inputs", "commit", "begin messages", "settle messages"] {
        assert!(fulls.contains_key(operation), "{operation} never met the end of the file: {fulls:?}");
    }
}

/// What is larger than the space that is left, for each kind of call; then the same call with room.
#[test]
fn every_kind_of_call_is_told_that_the_file_is_full_and_succeeds_with_room() {
    let folder = folder();
    let file = folder.path().join("journeyman.db");
    let clock = ManualClock::new(process::story::start());
    let open = |pages: u32| {
        let store = SqliteStore::builder(&file).clock(Arc::new(clock.clone())).most_pages(pages);
        Engine::builder(Arc::new(store.open().unwrap())).channel(RecordingChannel::new("email")).build()
    };
    let large = "x".repeat(9_000);
    let evidence = || Evidence::new("form", "v1");
    let greeting =
        || Journey::builder("greeting").enter_on("seen").send("greet", "email", "hello", "marketing");
    let hello = || TemplateDefinition::new("hello").text(format!("{large} {{{{ contact.bio }}}}"));
    let names = (0..60).map(|number| format!("{number:0200}"));
    let withdrawal = names.fold(Withdrawal::everything("tom", evidence()).id("w"), Withdrawal::for_purpose);
    type Call<'a> = Box<dyn Fn(&Engine) -> Result<(), Error> + 'a>;
    let calls: [(&str, Call<'_>); 7] = [
        (
            "publish",
            Box::new(|engine| block_on(engine.publish([hello().into(), greeting().build()?.into()]))),
        ),
        (
            "append inputs",
            Box::new(|engine| {
                let lea = Contact::new("lea").attribute("bio", large.as_str()).address("email", "lea@x");
                block_on(engine.identify(lea))
            }),
        ),
        (
            "append inputs",
            Box::new(|engine| {
                block_on(engine.consent(Consent::granted("lea", "marketing", "email", evidence()).id("c")))?;
                let event = Event::new("lea", "seen").id("1").property("page", large.as_str());
                block_on(engine.track(event)).map(drop)
            }),
        ),
        ("commit", Box::new(|engine| block_on(engine.advance()).map(drop))),
        ("begin messages", Box::new(|engine| block_on(engine.deliver()).map(drop))),
        ("withdraw", Box::new(|engine| block_on(engine.withdraw(&withdrawal)))),
        (
            "append inputs",
            Box::new(|engine| {
                let event = Event::new("max", "seen").id("2").property("page", large.as_str());
                block_on(engine.track(event)).map(drop)
            }),
        ),
    ];
    drop(open(NO_LIMIT));
    for (operation, call) in &calls {
        let conn = rusqlite::Connection::open(&file).unwrap();
        let pages: u32 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        drop(conn);
        let tight = open(pages);
        for _ in 0..2 {
            match call(&tight) {
                Err(Error::Store(StoreError::Full { operation: told })) => assert_eq!(told, *operation),
                other => panic!("{operation}: {other:?}"),
            }
        }
        drop(tight);
        call(&open(NO_LIMIT)).unwrap();
        assert_whole(&file, operation);
    }
    let store = SqliteStore::builder(&file).clock(Arc::new(clock.clone())).open().unwrap();
    let messages = block_on(store.messages(&"lea".into())).unwrap();
    assert_eq!((messages.len(), &messages[0].status), (1, &MessageStatus::Accepted));
    assert_eq!(messages[0].attempts, 1, "what did not begin was not handed over");
}

/// What waits together is committed together, and lost together where one of them finds no page.
#[test]
fn callers_side_by_side_are_each_told_that_the_file_is_full() {
    let folder = folder();
    let file = folder.path().join("journeyman.db");
    let open = |pages| SqliteStore::builder(&file).most_pages(pages).durability(Durability::Relaxed).open();
    drop(open(NO_LIMIT).unwrap());
    let (mut kept, mut full) = (BTreeSet::new(), 0);
    for round in 0..12 {
        let store = open(100 + 20 * round).unwrap();
        let names: Vec<String> = (0..40).map(|number| format!("c{round}-{number}")).collect();
        let answers = block_on(join_all(names.iter().map(async |name| {
            let event = Event::new(name.as_str(), "seen").id("1").property("page", "x".repeat(2_000));
            store.append(&[event.into()], TimeDelta::days(1)).await
        })));
        for (name, answer) in names.iter().zip(answers) {
            match answer {
                Ok(_) => drop(kept.insert(name.clone())),
                Err(StoreError::Full { operation: "append inputs" }) => full += 1,
                Err(other) => panic!("a full file is Full and nothing else: {other}"),
            }
        }
    }
    println!("{} kept, {full} told that it is full", kept.len());
    assert!(kept.len() > 50 && full > 50);
    let found = block_on(open(NO_LIMIT).unwrap().scan(0, 1_000)).unwrap();
    let found: BTreeSet<String> = found.iter().map(|(_, state)| state.cold.contact.id.to_string()).collect();
    assert_eq!(found, kept, "what was acknowledged, and nothing else");
}
