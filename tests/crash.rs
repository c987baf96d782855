//! Every store call of a story fails once before and once after it takes effect; the end is the same as of a calm run.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::{ContactState, Withdrawal};
use journeyman::model::{ConsentRecord, Evidence, MessageId, Step};
use journeyman::port::store::{MessageStatus, Pausable};
use journeyman::port::{Clock, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{Durability, MemoryStore, SqliteStore};
use journeyman::testing::check::Checker;
use journeyman::testing::{Fault, FaultyStore, ManualClock};
use journeyman::time::Zone;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

const WELCOME: &str = r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
exit:
  - { on: { event: booked }, as: goal }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: hello, purpose: marketing } }
  - { id: ask, wait_for: { any: [{ event: clicked }], within: 2d, otherwise: nudge } }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding }, goto: last }
  - { id: nudge, send: { channel: email, template: hello, purpose: marketing } }
  - { id: last, wait: 1d }
  - { id: bye, send: { channel: sms, template: hello, purpose: marketing } }
"#;

/// What must be the same at the end, whatever failed on the way.
#[derive(Debug, PartialEq)]
struct End {
    states: BTreeMap<String, ContactState>,
    steps: BTreeMap<String, Vec<Step>>,
    messages: BTreeMap<MessageId, MessageStatus>,
    consents: BTreeMap<String, Vec<ConsentRecord>>,
    accepted: Vec<MessageId>,
}

struct Host {
    engine: Engine,
    clock: ManualClock,
}

impl Host {
    /// Calls again until it succeeds, as a host does. Every call of the story may be repeated.
    async fn say<T, F: Future<Output = Result<T, Error>>>(&self, call: impl Fn() -> F) -> T {
        for _ in 0..5 {
            match call().await {
                Ok(answer) => return answer,
                Err(Error::Store(_)) => {}
                Err(error) => panic!("only the store fails in this story: {error}"),
            }
        }
        panic!("one fault cannot make five calls fail");
    }

    /// Ticks until nothing is left to do now; after a failure a lease may have to run out first.
    async fn settle(&self) {
        let mut failures = 0;
        loop {
            match self.engine.tick().await {
                Ok(tick) if tick.unknown > 0 => {
                    self.clock.advance(TimeDelta::seconds(40));
                }
                Ok(tick) => match tick.next_wake {
                    Some(wake) if wake <= self.clock.now() + TimeDelta::minutes(5) => {
                        self.clock.advance(TimeDelta::seconds(40));
                    }
                    _ => return,
                },
                Err(Error::Store(_)) => {
                    failures += 1;
                    assert!(failures < 5, "one fault cannot make five ticks fail");
                    self.clock.advance(TimeDelta::seconds(40));
                }
                Err(error) => panic!("only the store fails in this story: {error}"),
            }
        }
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

async fn tell(store: FaultyStore, inner: &dyn Store, clock: ManualClock) -> End {
    let evidence = || Evidence::new("form", "v1");
    let (email, sms) = (RecordingChannel::new("email"), RecordingChannel::new("sms"));
    let engine = Engine::builder(Arc::new(store))
        .channel(email.clone())
        .channel(sms.clone())
        .zone(Zone::named("Europe/Paris").unwrap())
        .build();
    let host = Host { engine: engine.clone(), clock: clock.clone() };
    let welcome = Journey::from_yaml(WELCOME).unwrap();
    let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.id }}");
    host.say(|| engine.publish([hello.clone().into(), welcome.clone().into()])).await;
    let contacts = ["lea", "tom", "zoe", "max"];
    for contact in contacts {
        let known = Contact::new(contact)
            .address("email", format!("{contact}@x"))
            .address("sms", format!("+{contact}"));
        host.say(|| engine.identify(known.clone())).await;
        for (purpose, channel) in [("onboarding", "email"), ("marketing", "email"), ("marketing", "sms")] {
            let consent =
                Consent::granted(contact, purpose, channel, evidence()).id(format!("{purpose}/{channel}"));
            host.say(|| engine.consent(consent.clone())).await;
        }
    }
    let event = async |contact: &str, name: &str| {
        let event = Event::new(contact, name).id(format!("{name}-1"));
        host.say(|| engine.track(event.clone())).await;
    };
    let until = |hours: i64| clock.set(start() + TimeDelta::hours(hours));
    event("lea", "signed_up").await;
    event("tom", "signed_up").await;
    host.settle().await;
    until(3);
    event("zoe", "signed_up").await;
    host.settle().await;
    until(10);
    event("tom", "clicked").await;
    host.settle().await;
    let pausable = Pausable::Journey("welcome".into());
    until(20);
    host.say(|| engine.pause(&pausable)).await;
    until(30);
    event("max", "signed_up").await;
    host.settle().await;
    until(40);
    host.say(|| engine.resume(&pausable)).await;
    host.settle().await;
    until(50);
    let withdrawal = Withdrawal::everything("lea", evidence()).on_channel("sms").id("stop-1");
    host.say(|| engine.withdraw(&withdrawal)).await;
    host.settle().await;
    until(60);
    let zoe = "zoe".into();
    host.say(|| engine.suppress("sms", "+zoe", Some(&zoe), "complaint")).await;
    event("zoe", "booked").await;
    host.settle().await;
    until(70);
    let max = "max".into();
    host.say(|| engine.erase(&max)).await;
    host.settle().await;
    until(200);
    host.settle().await;

    // Whatever failed, what was committed is found right.
    let checker = Checker::new().zone(Zone::named("Europe/Paris").unwrap()).keeps_all_mail();
    let mut findings = checker.check(inner).await.unwrap();
    findings.absorb(checker.check_contact(inner, &max).await.unwrap());
    findings.assert_clean();
    assert!(findings.skipped.is_nothing() && findings.contacts == 4, "{findings}");

    let mut end = End {
        states: BTreeMap::new(),
        steps: BTreeMap::new(),
        messages: BTreeMap::new(),
        consents: BTreeMap::new(),
        accepted: [email.sent(), sms.sent()].concat().iter().map(|sent| sent.message.id).collect(),
    };
    end.accepted.sort();
    for contact in contacts {
        let id = contact.into();
        let mut state = inner.contact(&id).await.unwrap().unwrap().state;
        // When the contact was looked at last is the one thing that a failure may change.
        state.hot.now = DateTime::UNIX_EPOCH;
        end.states.insert(contact.to_owned(), state);
        end.steps.insert(contact.to_owned(), inner.steps(&id).await.unwrap());
        end.consents.insert(contact.to_owned(), inner.consents(&id).await.unwrap());
        for record in inner.messages(&id).await.unwrap() {
            end.messages.insert(record.message.id, record.status);
        }
    }
    end
}

type Make = fn(ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>);

fn memory(clock: ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>) {
    (Arc::new(MemoryStore::builder().clock(Arc::new(clock)).build()), None)
}

fn sqlite(clock: ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>) {
    let folder = tempfile::tempdir().unwrap();
    let builder = SqliteStore::builder(folder.path().join("journeyman.db"));
    // The faults here are answers, not power losses, so nothing needs to reach the disk.
    let store = builder.clock(Arc::new(clock)).durability(Durability::Relaxed).open().unwrap();
    (Arc::new(store), Some(folder))
}

fn run(make: Make, fault: Option<(u64, Fault)>) -> (End, FaultyStore) {
    let clock = ManualClock::new(start());
    let (inner, _folder) = make(clock.clone());
    let faulty = FaultyStore::new(inner.clone());
    if let Some((call, fault)) = fault {
        faulty.fail(call, fault);
    }
    (block_on(tell(faulty.clone(), &*inner, clock)), faulty)
}

fn every_call_fails_once(make: Make) {
    let (calm, faulty) = run(make, None);
    let calls = faulty.calls();
    assert!(calls >= 50, "the story has {calls} calls");
    let steps: usize = calm.steps.values().map(Vec::len).sum();
    assert!(steps >= 20 && calm.accepted.len() >= 8, "{steps} steps, {} accepted", calm.accepted.len());
    for call in 1..=calls {
        for fault in [Fault::Unavailable, Fault::Unknown] {
            let (end, faulty) = run(make, Some((call, fault)));
            assert!(faulty.fired(), "call {call} never came");
            let operation = faulty.operations()[call as usize - 1];
            assert_eq!(calm, end, "call {call} ({operation}) failed {fault:?}");
        }
    }
    println!("{calls} calls, each failed before and after");
}

#[test]
fn every_call_of_the_memory_store_fails_once() {
    every_call_fails_once(memory);
}

#[test]
fn every_call_of_the_sqlite_store_fails_once() {
    every_call_fails_once(sqlite);
}
