//! An import goes through suppression, and never brings a consent.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::model::{ConsentStatus, Evidence, Import, ImportRow, Reason, StepOutcome};
use journeyman::port::Store;
use journeyman::rule::TemplateDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

use super::common::stores;
use super::life::start;

pub(super) async fn publish(engine: &Engine) {
    let hello = TemplateDefinition::new("hello").text("Bonjour");
    let journey = Journey::builder("greeting").enter_on("signed_up");
    let journey = journey.send("greet", "email", "hello", "marketing").build().unwrap();
    engine.publish([hello.into(), journey.into()]).await.unwrap();
}

pub(super) async fn grant(engine: &Engine, contact: &str) {
    let evidence = Evidence::new("form", "v1");
    engine.consent(Consent::granted(contact, "marketing", "email", evidence)).await.unwrap();
}

/// Why a contact was not written to, once everything is done.
pub(super) async fn refusals(engine: &Engine, store: &Arc<dyn Store>, contact: &str) -> Vec<Reason> {
    engine.track(Event::new(contact, "signed_up")).await.unwrap();
    engine.tick().await.unwrap();
    engine.tick().await.unwrap();
    let steps = store.steps(&contact.into()).await.unwrap().into_iter();
    let mut refused: Vec<Reason> = steps
        .filter_map(|step| match step.outcome {
            StepOutcome::Refused { reasons } => Some(reasons),
            _ => None,
        })
        .flatten()
        .collect();
    for record in store.messages(&contact.into()).await.unwrap() {
        if let Some(journeyman::model::DeliveryStatus::Refused { reasons }) = record.answer {
            refused.extend(reasons);
        }
    }
    refused
}

#[test]
fn consent_an_imported_address_on_the_suppression_list_is_not_written_to() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock)) {
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone()).channel(email.clone()).build();
        block_on(async {
            publish(&engine).await;
            engine.suppress("email", "Gone@Example.org", None, "complaint").await.unwrap();
            engine.identify(Contact::new("old").address("email", "erased@example.org")).await.unwrap();
            engine.tick().await.unwrap();
            engine.erase(&"old".into()).await.unwrap();
            let mut import = Import::new("shop");
            for (id, address) in
                [("lea", "gone@example.org"), ("tom", " ERASED@example.org"), ("zoe", "free@example.org")]
            {
                import = import.row(ImportRow::new(Contact::new(id).address("email", address)));
            }
            assert_eq!(engine.import(import).await.unwrap().kept, 3);
            for id in ["lea", "tom", "zoe"] {
                grant(&engine, id).await;
            }
            for (id, reason) in [("lea", Reason::Suppressed), ("tom", Reason::Withdrawn)] {
                let refused = refusals(&engine, &store, id).await;
                assert!(refused.contains(&reason), "{name}: {id}: {refused:?}");
            }
            assert_eq!(refusals(&engine, &store, "zoe").await, [], "{name}");
            let to: Vec<String> = email.sent().into_iter().map(|sent| sent.to.to_string()).collect();
            assert_eq!(to, ["free@example.org"], "{name}");
        });
    }
}

#[test]
fn consent_an_import_brings_none_and_one_that_is_told_as_imported_authorises_nothing() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock)) {
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone()).channel(email.clone()).build();
        block_on(async {
            publish(&engine).await;
            // What a row says of consent is an attribute like any other.
            let lea = Contact::new("lea").address("email", "lea@example.org").attribute("consent", true);
            let row = ImportRow::new(lea.tag("opted_in"));
            engine.import(Import::new("shop").row(row).triggers()).await.unwrap();
            let refused = refusals(&engine, &store, "lea").await;
            assert!(refused.contains(&Reason::NoConsent), "{name}: {refused:?}");
            assert_eq!(store.consents(&"lea".into()).await.unwrap(), [], "{name}");
            let tom = Contact::new("tom").address("email", "tom@example.org");
            engine.import(Import::new("crm").row(ImportRow::new(tom))).await.unwrap();
            let evidence = Evidence::new("old-crm", "unknown");
            engine.consent(Consent::imported("tom", "marketing", "email", evidence)).await.unwrap();
            let refused = refusals(&engine, &store, "tom").await;
            assert!(refused.contains(&Reason::NoConsent), "{name}: {refused:?}");
            let chain = store.consents(&"tom".into()).await.unwrap();
            assert_eq!(chain.iter().map(|own| own.status).collect::<Vec<_>>(), [ConsentStatus::Imported]);
            assert_eq!(email.sent().len(), 0, "{name}");
            // The same row, and a grant that was told with its evidence.
            let zoe = Contact::new("zoe").address("email", "zoe@example.org");
            engine.import(Import::new("crm-2").row(ImportRow::new(zoe))).await.unwrap();
            grant(&engine, "zoe").await;
            assert_eq!(refusals(&engine, &store, "zoe").await, [], "{name}");
            assert_eq!(email.sent().len(), 1, "{name}");
        });
    }
}
