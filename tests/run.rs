//! The loop on tokio: it sleeps, wakes on append, and stops gracefully.
#![cfg(feature = "tokio")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman::channel::RecordingChannel;
use journeyman::model::{Evidence, Handover, Outcome};
use journeyman::port::store::MessageStatus;
use journeyman::port::{Archive, Channel};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::{Fault, FaultyStore};
use journeyman::{Consent, Contact, Engine, Error, Event, Journey, StoreError};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};

async fn greeting(engine: &Engine) {
    let journey =
        Journey::builder("greeting").enter_on("signed_up").send("greet", "email", "hello", "onboarding");
    let hello = TemplateDefinition::new("hello").text("Bonjour");
    engine.publish([hello.into(), journey.build().unwrap().into()]).await.unwrap();
    engine.identify(Contact::new("lea").address("email", "l@x")).await.unwrap();
    let consent = Consent::granted("lea", "onboarding", "email", Evidence::new("form", "v1"));
    engine.consent(consent).await.unwrap();
}

#[tokio::test]
async fn it_wakes_on_append_and_stops_when_it_is_told() {
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(email.clone()).build();
    greeting(&engine).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let runner = engine.clone();
    let run = tokio::spawn(async move { runner.run(async { drop(stopped.await) }).await });
    // Long enough for the loop to have nothing left to do, and far shorter than its longest sleep.
    sleep(Duration::from_millis(200)).await;
    let told = Instant::now();
    engine.track(Event::new("lea", "signed_up")).await.unwrap();
    while email.sent().is_empty() {
        sleep(Duration::from_millis(5)).await;
        assert!(told.elapsed() < Duration::from_secs(3), "an append did not wake the loop");
    }
    drop(stop);
    timeout(Duration::from_secs(2), run).await.unwrap().unwrap().unwrap();
}

/// A channel that never answers.
struct Silent;

#[async_trait]
impl Channel for Silent {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, _: Handover<'_>) -> Outcome {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_channel_that_hangs_does_not_keep_it_from_stopping() {
    let store = Arc::new(MemoryStore::new());
    let engine = Engine::builder(store.clone()).channel(Silent).build();
    greeting(&engine).await;
    engine.track(Event::new("lea", "signed_up")).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let runner = engine.clone();
    let run = tokio::spawn(async move { runner.run(async { drop(stopped.await) }).await });
    sleep(Duration::from_millis(200)).await;
    let told = Instant::now();
    drop(stop);
    timeout(Duration::from_secs(6), run).await.unwrap().unwrap().unwrap();
    assert!(told.elapsed() >= Duration::from_secs(4), "the batch under way had time to finish");
    let message = &engine.store().messages(&"lea".into()).await.unwrap()[0];
    assert_eq!(
        message.status,
        MessageStatus::Begun,
        "nobody knows what became of it, and nobody says otherwise"
    );
}

/// A channel that says when it was called.
struct Telling(Arc<Notify>);

#[async_trait]
impl Channel for Telling {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, _: Handover<'_>) -> Outcome {
        self.0.notify_one();
        Outcome::Accepted
    }
}

#[tokio::test]
async fn a_failure_that_may_pass_does_not_end_it() {
    for fault in [Fault::Unavailable, Fault::Busy, Fault::Full, Fault::Unknown, Fault::Lost] {
        let called = Arc::new(Notify::new());
        let store = FaultyStore::new(Arc::new(MemoryStore::new()));
        let engine = Engine::builder(Arc::new(store.clone())).channel(Telling(called.clone())).build();
        greeting(&engine).await;
        engine.track(Event::new("lea", "signed_up")).await.unwrap();
        // The first call of the first tick fails; what was appended before wakes the loop for the second one.
        store.fail(store.calls() + 1, fault);
        let run = engine.run(called.notified());
        timeout(Duration::from_secs(60), run).await.expect("no second tick came").unwrap();
        assert_eq!(store.fired_by_kind()[fault.name()], 1);
        let message = &store.messages(&"lea".into()).await.unwrap()[0];
        assert_eq!(message.status, MessageStatus::Accepted, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failure_that_will_not_pass_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journeyman.db");
    let engine = Engine::builder(Arc::new(SqliteStore::open(&path).unwrap())).build();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("INSERT INTO job VALUES (1, x'00', 0, 0)", []).unwrap();
    let run = timeout(Duration::from_secs(20), engine.run(std::future::pending()));
    let ended = run.await.expect("it was tried again").unwrap_err();
    assert!(matches!(ended, Error::Store(StoreError::Corrupt { .. })), "{ended}");
}
