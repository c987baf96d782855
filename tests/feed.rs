//! An audience that an engine feeds says what the engine itself counts, whatever goes wrong on the way.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::audience::Audience;
use journeyman::channel::RecordingChannel;
use journeyman::model::{ContactId, Evidence};
use journeyman::port::store::Store;
use journeyman::port::{Archive, Clock};
use journeyman::rule::TemplateDefinition;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::check::Checker;
use journeyman::testing::{Fault, FaultyStore, Life, ManualClock};
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// Saved ones, which both sides count in their own way.
const SAVED: [&str; 6] = [
    r#"{"segment": "active", "where": {"event": "app.opened", "count": {"at_least": 2}, "within": "30d"}}"#,
    r#"{"segment": "singers", "where": {"tag": "singer"}}"#,
    r#"{"segment": "welcomed", "where": {"event": "message.sent", "where": {"template": "hello"}}}"#,
    r#"{"segment": "under_way", "where": {"event": "journey.entered", "where": {"journey": "welcome"}}}"#,
    r#"{"segment": "done", "where": {"event": "journey.left", "where": {"completed": true}}}"#,
    r#"{"segment": "thanked", "where": {"event": "thanked"}}"#,
];

const WELCOME: &str = r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: rest, wait: 1d }
  - { id: thanks, emit: { event: thanked } }
"#;

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

fn saved() -> Vec<SegmentDefinition> {
    SAVED.map(|text| serde_json::from_str(text).unwrap()).into()
}

struct Host {
    inner: Arc<MemoryStore>,
    store: FaultyStore,
    clock: ManualClock,
    engine: Engine,
    audience: Arc<Mutex<Audience>>,
}

impl Host {
    fn new() -> Self {
        let clock = ManualClock::new(start());
        let inner = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
        let store = FaultyStore::new(inner.clone()).sleep(Arc::new(clock.clone()));
        let (engine, audience) = engine(Arc::new(store.clone()));
        block_on(async {
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            let segments = saved().into_iter().map(Into::into);
            let journey = Journey::from_yaml(WELCOME).unwrap();
            engine.publish(segments.chain([hello.into(), journey.into()])).await.unwrap();
        });
        Self { inner, store, clock, engine, audience }
    }

    async fn tick(&self) {
        while self.engine.tick().await.unwrap().next_wake.is_some_and(|wake| wake <= self.clock.now()) {}
    }

    /// The audience counts every segment as the store does: what is put there, and asked anew as a draft.
    async fn agrees(&self, expected: &[(&str, u64)]) {
        let sizes = self.inner.segment_sizes().await.unwrap();
        let sizes: Vec<(&str, u64)> = sizes.iter().map(|(segment, size)| (&**segment, *size)).collect();
        assert_eq!(sizes, expected, "what the store counts");
        let findings = Checker::new().check_sizes(&*self.inner).await.unwrap();
        assert!(findings.is_clean(), "{findings}");
        agrees(&self.audience, expected, self.clock.now());
    }
}

fn engine(store: Arc<dyn Store>) -> (Engine, Arc<Mutex<Audience>>) {
    let audience = Arc::new(Mutex::new(Audience::default()));
    let engine = Engine::builder(store).channel(RecordingChannel::new("email")).audience(audience.clone());
    (engine.build(), audience)
}

fn agrees(audience: &Mutex<Audience>, expected: &[(&str, u64)], at: DateTime<Utc>) {
    let audience = audience.lock().unwrap();
    for definition in saved() {
        let segment = definition.segment.as_str();
        let size = expected.iter().find(|(name, _)| *name == segment).map_or(0, |(_, size)| *size);
        assert_eq!(audience.size_of(segment), size, "{segment}, as it was put");
        let draft = audience.draft(&definition, &[]).unwrap();
        assert_eq!(audience.size(&draft, at), size, "{segment}, asked anew");
    }
}

fn person(id: &str) -> Contact {
    Contact::new(id).address("email", format!("{id}@example.org")).tag("singer")
}

async fn tell(host: &Host, contact: &str) {
    let evidence = Evidence::new("form", "v1");
    host.engine.identify(person(contact)).await.unwrap();
    host.engine.consent(Consent::granted(contact, "onboarding", "email", evidence)).await.unwrap();
    for event in ["app.opened", "app.opened", "signed_up"] {
        host.engine.track(Event::new(contact, event)).await.unwrap();
    }
}

#[test]
fn of_segments_an_audience_that_is_fed_agrees_with_the_counters_at_every_step() {
    let host = Host::new();
    block_on(async {
        for contact in ["lea", "tom", "zoe"] {
            tell(&host, contact).await;
        }
        host.tick().await;
        host.agrees(&[("active", 3), ("singers", 3), ("under_way", 3), ("welcomed", 3)]).await;
        host.engine.identify(Contact::new("tom").without_tag("singer")).await.unwrap();
        host.clock.advance(TimeDelta::days(1));
        host.tick().await;
        let all =
            [("active", 3), ("done", 3), ("singers", 2), ("thanked", 3), ("under_way", 3), ("welcomed", 3)];
        host.agrees(&all).await;
        host.clock.advance(TimeDelta::days(29));
        host.tick().await;
        let left = [("done", 3), ("singers", 2), ("thanked", 3), ("under_way", 3), ("welcomed", 3)];
        host.agrees(&left).await;
    });
}

#[test]
fn of_segments_an_audience_that_is_built_from_the_store_is_the_one_that_was_fed() {
    let host = Host::new();
    block_on(async {
        for contact in ["lea", "tom", "zoe"] {
            tell(&host, contact).await;
        }
        host.tick().await;
        host.clock.advance(TimeDelta::days(2));
        host.tick().await;
        host.engine.erase(&"zoe".into()).await.unwrap();
        let (other, audience) = engine(host.inner.clone());
        assert_eq!(other.build_audience().await.unwrap(), 2);
        let all =
            [("active", 2), ("done", 2), ("singers", 2), ("thanked", 2), ("under_way", 2), ("welcomed", 2)];
        host.agrees(&all).await;
        agrees(&audience, &all, host.clock.now());
        // Done again, it counts nobody twice.
        assert_eq!(other.build_audience().await.unwrap(), 2);
        agrees(&audience, &all, host.clock.now());
    });
}

#[test]
fn of_segments_whoever_is_erased_is_forgotten_by_the_audience_at_once() {
    let host = Host::new();
    block_on(async {
        tell(&host, "lea").await;
        tell(&host, "tom").await;
        host.tick().await;
        host.engine.erase(&"lea".into()).await.unwrap();
        host.agrees(&[("active", 1), ("singers", 1), ("under_way", 1), ("welcomed", 1)]).await;
        assert_eq!(host.audience.lock().unwrap().len(), 1);
    });
}

#[test]
fn of_segments_an_engine_without_an_audience_says_that_it_has_none() {
    let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    assert!(block_on(engine.build_audience()).is_err());
}

/// Each store call in turn, in every way in which it can go wrong.
#[test]
fn of_segments_no_fault_at_any_call_leaves_the_audience_behind() {
    let mut told = 0;
    for nth in 1..=60 {
        for fault in Fault::kinds(TimeDelta::seconds(2), TimeDelta::minutes(2)) {
            if matches!(fault, Fault::CrashBefore | Fault::CrashAfter) {
                continue; // the audience dies with its process
            }
            let mut host = Host::new();
            let life = Life::new();
            host.store = host.store.life(life.clone());
            let (engine, audience) = engine(Arc::new(host.store.clone()));
            (host.engine, host.audience) = (engine, audience);
            block_on(async {
                for event in ["app.opened", "app.opened"] {
                    host.engine.track(Event::new("lea", event)).await.unwrap();
                    host.engine.track(Event::new("tom", event)).await.unwrap();
                }
                host.engine.identify(person("lea")).await.unwrap();
                let before = host.store.calls();
                host.store.fail(before + nth, fault);
                // Whoever calls again after what went wrong.
                for _ in 0..6 {
                    let _ = life.live(host.engine.tick()).await;
                    host.clock.advance(TimeDelta::minutes(1));
                }
                told += u64::from(host.store.fired());
                host.agrees(&[("active", 2), ("singers", 1)]).await;
            });
        }
    }
    assert!(told > 40, "{told} faults happened");
}

#[test]
fn of_segments_two_workers_of_one_engine_tell_the_audience_what_was_committed_last() {
    let host = Host::new();
    block_on(async {
        for number in 0..40 {
            let contact = format!("c{}", number % 5);
            host.engine.track(Event::new(contact.as_str(), "app.opened")).await.unwrap();
            if number % 3 == 0 {
                host.engine.identify(person(&contact)).await.unwrap();
            }
            let (one, other) = (host.engine.clone(), host.engine.clone());
            let (one, other) = futures::join!(one.tick(), other.tick());
            one.unwrap();
            other.unwrap();
        }
        host.tick().await;
        host.agrees(&[("active", 5), ("singers", 5)]).await;
        let contact: ContactId = "c0".into();
        assert!(host.inner.contact(&contact).await.unwrap().is_some());
    });
}
