//! Logs carry ids and never a personal value.

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::Withdrawal;
use journeyman::model::Evidence;
use journeyman::rule::TemplateDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

/// Collects everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn consent_logs_carry_ids_and_never_a_personal_value() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // A test binary of its own, because what is logged is one setting of the whole process.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let clock = ManualClock::new("2026-03-23T08:00:00Z".parse().unwrap());
    for (_, store, _folder) in stores(Arc::new(clock)) {
        let engine = Engine::builder(store).channel(RecordingChannel::new("email")).build();
        block_on(async {
            let journey = Journey::builder("greeting").enter_on("signed_up").send(
                "greet",
                "email",
                "hello",
                "onboarding",
            );
            let hello = TemplateDefinition::new("hello")
                .text("Bonjour {{ contact.first_name }}{{ contact.nothing }}");
            engine.publish([hello.into(), journey.build().unwrap().into()]).await.unwrap();
            let lea = Contact::new("c-1042")
                .attribute("first_name", "CANARY-name")
                .address("email", "CANARY-address@x");
            engine.identify(lea).await.unwrap();
            engine.consent(Consent::granted("c-1042", "onboarding", "email", evidence())).await.unwrap();
            engine
                .track(Event::new("c-1042", "signed_up").property("note", "CANARY-property"))
                .await
                .unwrap();
            engine.tick().await.unwrap();
            engine.identify(Contact::new("c-1042").without("first_name")).await.unwrap();
            engine.tick().await.unwrap();
            engine.withdraw(&Withdrawal::everything("c-1042", evidence())).await.unwrap();
            engine.suppress("email", "CANARY-address@x", None, "complaint").await.unwrap();
            engine.erase(&"c-1042".into()).await.unwrap();
            engine.tick().await.unwrap();
        });
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("c-1042")
            && log.contains("ticked")
            && log.contains("published")
            && log.contains("not rendered"),
        "nothing was logged:\n{log}"
    );
    assert!(!log.contains("CANARY"), "{log}");
}
