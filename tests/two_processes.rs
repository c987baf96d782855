//! Two processes on one file, both telling and ticking at once: every event, visit and message once.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod process;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::journey::Reenter;
use journeyman::model::Evidence;
use journeyman::port::Archive;
use journeyman::port::store::MessageStatus;
use journeyman::rule::TemplateDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey, StoreError};
use process::child::{Child, say, wait};
use process::end::whole;
use process::log::{Log, handovers, lines};
use process::story::start;
use process::{assert_whole, folder};

const FOLDER: &str = "JOURNEYMAN_PAIR_FOLDER";
const NAME: &str = "JOURNEYMAN_PAIR_NAME";

/// How many events each process tells, of which the other one tells as many as `SHARED`.
const EVENTS: usize = 200;
const SHARED: usize = 100;
const CONTACTS: usize = 20;
/// Both processes, one event per enrollment.
const NAMES: [&str; 2] = ["one", "other"];

fn contacts() -> Vec<String> {
    (0..CONTACTS).map(|number| format!("c{number}")).collect()
}

fn engine(folder: &Path, clock: &ManualClock, log: &Log) -> Engine {
    let store =
        SqliteStore::builder(folder.join("journeyman.db")).clock(Arc::new(clock.clone())).open().unwrap();
    // Without ids: a message that two processes begin is heard twice, or parked.
    Engine::builder(Arc::new(store)).channel(log.channel("email", false)).batch(8).build()
}

/// Asks again where the other process holds the file for long, as the error says; nothing else may go wrong.
async fn ask<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> T {
    loop {
        match call().await {
            Err(Error::Store(StoreError::Busy { .. })) => {}
            answer => return answer.unwrap(),
        }
    }
}

/// One of the two processes: tells and ticks at once, and after a word of the parent lets the waits end.
#[test]
fn child_of_the_pair() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let name = std::env::var(NAME).unwrap();
    let first = if name == NAMES[0] { 0 } else { EVENTS - SHARED };
    let clock = ManualClock::new(start());
    let log = Log::open(&Path::new(&folder).join(&name));
    let engine = engine(Path::new(&folder), &clock, &log);
    let (mut stale, mut told) = (0, 0);
    say("ready");
    wait();
    block_on(async {
        // Each from its own end, so that they meet in the middle, where both tell the same.
        for step in 0..EVENTS {
            let number = if first == 0 { step } else { first + EVENTS - 1 - step };
            let event = Event::new(format!("c{}", number % CONTACTS), "seen").id(format!("e{number}"));
            let kept = async { usize::from(ask(|| engine.track(event.clone())).await) };
            let ticked = async { if step % 4 == 0 { ask(|| engine.tick()).await.stale } else { 0 } };
            let (kept, lost) = futures::join!(kept, ticked);
            (told, stale) = (told + kept, stale + lost);
        }
        stale += ask(|| engine.tick()).await.stale;
    });
    say("told");
    wait();
    clock.advance(TimeDelta::hours(2));
    block_on(async {
        loop {
            let tick = ask(|| engine.tick()).await;
            stale += tick.stale;
            if tick.next_wake.is_none_or(|wake| wake > start() + TimeDelta::hours(2)) {
                break;
            }
        }
    });
    say(&format!("{told} {stale}"));
}

#[test]
fn two_processes_on_one_file_do_everything_once() {
    let folder = folder();
    let clock = ManualClock::new(start());
    {
        let engine = engine(folder.path(), &clock, &Log::open(&folder.path().join("log")));
        let journey = Journey::builder("seen")
            .enter_on("seen")
            .reenter(Reenter::Always)
            .send("at_once", "email", "hello", "marketing")
            .build();
        let late = Journey::builder("late")
            .enter_on("seen")
            .wait(Span::hours(1))
            .send("later", "email", "hello", "marketing")
            .build();
        let hello = TemplateDefinition::new("hello").text("Bonjour");
        block_on(async {
            engine.publish([hello.into(), journey.unwrap().into(), late.unwrap().into()]).await.unwrap();
            for contact in contacts() {
                let address = Contact::new(contact.as_str()).address("email", format!("{contact}@x"));
                engine.identify(address).await.unwrap();
                let consent =
                    Consent::granted(contact.as_str(), "marketing", "email", Evidence::new("form", "v1"));
                engine.consent(consent).await.unwrap();
            }
        });
    }
    let path = folder.path().to_str().unwrap();
    let mut pair = NAMES.map(|name| Child::start("child_of_the_pair", &[(FOLDER, path), (NAME, name)]));
    for phase in ["ready", "told"] {
        for child in &mut pair {
            assert!(child.says(phase), "a child ended before it was {phase}");
        }
        pair.iter_mut().for_each(Child::go_on);
    }
    let mut kept = 0;
    for mut child in pair {
        let report = child.line().unwrap();
        println!("kept, stale: {report}");
        kept += report.split(' ').next().unwrap().parse::<usize>().unwrap();
        child.end();
    }

    let file = folder.path().join("journeyman.db");
    assert_whole(&file, "after two processes");
    let events = 2 * EVENTS - SHARED;
    assert_eq!(kept, events, "every event is kept by one of the two");
    let store = SqliteStore::builder(&file).clock(Arc::new(clock)).open().unwrap();
    let names = contacts();
    let whole = block_on(whole(&store, names.iter().map(String::as_str)));
    assert_eq!(whole.twice, 0, "a visit twice");
    // Each event opens one enrollment and says one message; the first of each contact says a late one too.
    assert_eq!(whole.attempts.len(), events + CONTACTS);
    assert!(whole.attempts.values().all(|attempts| *attempts == 1), "a message was begun twice");
    assert_eq!(whole.accepted, events + CONTACTS);
    let mut enrollments = BTreeSet::new();
    for contact in contacts() {
        let contact = contact.as_str().into();
        enrollments.extend(block_on(store.steps(&contact)).unwrap().into_iter().map(|step| step.enrollment));
        let messages = block_on(store.messages(&contact)).unwrap();
        assert!(messages.iter().all(|record| record.status == MessageStatus::Accepted));
    }
    assert_eq!(enrollments.len(), events + CONTACTS);

    // What the providers heard: each id once, in one of the two processes.
    let heard = NAMES.map(|name| handovers(&lines(&folder.path().join(name))));
    assert!(heard.iter().all(|heard| heard.values().all(|sent| sent.len() == 1)), "an id was accepted twice");
    assert!(heard[0].keys().all(|id| !heard[1].contains_key(id)), "an id was accepted by both");
    assert_eq!(heard[0].len() + heard[1].len(), events + CONTACTS);
    println!("handed over by each: {} {}", heard[0].len(), heard[1].len());
    assert!(heard.iter().all(|heard| !heard.is_empty()), "the race was no race");
}
