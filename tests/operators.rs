//! What operators do through the engine, on every kind of store: clear errors at the door, deeds on record, imports once.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::RunFilter;
use journeyman::model::{
    Deed, DeliveryStatus, Evidence, ExitReason, Handover, Import, ImportRow, Operated, Outcome, StepOutcome,
};
use journeyman::port::store::{MessageStatus, Pausable};
use journeyman::port::{Channel, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::testing::{ManualClock, check};
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

/// Hands over what it can, or leaves its caller in doubt.
#[derive(Clone)]
struct Doubtful {
    email: RecordingChannel,
    doubt: Arc<AtomicBool>,
}

#[async_trait]
impl Channel for Doubtful {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        match self.doubt.load(Ordering::Relaxed) {
            true => Outcome::Unknown,
            false => self.email.send(handover).await,
        }
    }
}

struct Scene {
    name: &'static str,
    engine: Engine,
    store: Arc<dyn Store>,
    email: RecordingChannel,
    doubt: Arc<AtomicBool>,
    clock: ManualClock,
}

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

fn ana() -> Deed {
    Deed::new("ana", "the customer called")
}

/// Each kind of store, with a journey that greets at once and again after a day, and Léa in it.
fn scenes(story: impl AsyncFn(Scene)) {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        block_on(async {
            let email = RecordingChannel::new("email");
            let doubt = Arc::new(AtomicBool::new(false));
            let channel = Doubtful { email: email.clone(), doubt: doubt.clone() };
            let engine = Engine::builder(store.clone()).channel(channel).build();
            let journey = Journey::builder("greeting")
                .enter_on("signed_up")
                .wait(Span::days(1))
                .send("again", "email", "hello", "onboarding")
                .wait(Span::days(1))
                .exit("end", "done");
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            engine.publish([hello.into(), journey.build().unwrap().into()]).await.unwrap();
            for contact in ["lea", "tom"] {
                engine
                    .identify(Contact::new(contact).address("email", format!("{contact}@x")))
                    .await
                    .unwrap();
                let evidence = Evidence::new("form", "v1");
                engine.consent(Consent::granted(contact, "onboarding", "email", evidence)).await.unwrap();
            }
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            engine.tick().await.unwrap();
            let scene = Scene { name, engine, store, email, doubt, clock: clock.clone() };
            let judged = scene.store.clone();
            story(scene).await;
            let findings = check(&*judged).await.unwrap();
            assert!(findings.is_clean() && findings.replayed > 0, "{name}: {findings}");
        });
    }
}

impl Scene {
    async fn runs(&self) -> Vec<String> {
        let page = self.engine.runs(&RunFilter::all(), 0, 100).await.unwrap();
        page.runs.iter().map(|one| format!("{} {}", one.contact, one.run.node)).collect()
    }

    async fn passes(&self, hours: i64) {
        self.clock.advance(TimeDelta::hours(hours));
        self.engine.tick().await.unwrap();
    }
}

#[test]
fn every_deed_stands_in_the_steps_with_who_did_it_and_why() {
    scenes(async |scene| {
        let Scene { name, engine, store, email, .. } = &scene;
        let lea = "lea".into();
        let run = engine.runs(&RunFilter::all(), 0, 100).await.unwrap().runs[0].run.id;
        engine.hold(&lea, run, ana()).await.unwrap();
        scene.passes(48).await;
        assert!(email.sent().is_empty(), "{name}: a held run says nothing");
        assert_eq!(engine.runs(&RunFilter::all().held(true), 0, 9).await.unwrap().runs.len(), 1, "{name}");
        engine.release_run(&lea, run, ana()).await.unwrap();
        scene.passes(0).await;
        assert_eq!(email.sent().len(), 1, "{name}");
        engine.move_run(&lea, run, "step-1", ana()).await.unwrap();
        scene.passes(0).await;
        engine.eject(&lea, "greeting", ana()).await.unwrap();
        engine.track(Event::new("lea", "signed_up")).await.unwrap();
        scene.passes(0).await;
        assert!(scene.runs().await.is_empty(), "{name}");
        engine.admit(&lea, "greeting", ana()).await.unwrap();
        scene.passes(0).await;
        engine.enroll(&lea, "greeting", ana()).await.unwrap();
        scene.passes(0).await;
        assert_eq!(scene.runs().await, ["lea step-1"], "{name}");
        let steps = store.steps(&lea).await.unwrap();
        let deeds: Vec<Operated> = steps
            .iter()
            .filter_map(|step| match &step.outcome {
                StepOutcome::Operated { what, by } => {
                    assert_eq!(*by, ana(), "{name}");
                    Some(*what)
                }
                _ => None,
            })
            .collect();
        use Operated::*;
        assert_eq!(deeds, [Held, Released, Moved, Ejected, Enrolled], "{name}");
        let ejected = StepOutcome::Exited { reason: ExitReason::Ejected };
        assert!(steps.iter().any(|step| step.outcome == ejected), "{name}");
    });
}

#[test]
fn the_door_says_what_is_wrong_with_a_deed() {
    scenes(async |scene| {
        let Scene { name, engine, .. } = &scene;
        let (lea, nobody) = ("lea".into(), "nobody".into());
        let run = engine.runs(&RunFilter::all(), 0, 100).await.unwrap().runs[0].run.id;
        let says = |result: Result<(), Error>, part: &str| {
            let sentence = result.unwrap_err().to_string();
            assert!(sentence.contains(part), "{name}: {sentence}");
        };
        says(engine.eject(&lea, "greeting", Deed::new("ana", " ")).await, "it does not say why");
        says(engine.eject(&lea, "greeting", Deed::new("", "x")).await, "it does not say who");
        says(engine.eject(&lea, "greting", ana()).await, "no journey greting is published");
        says(engine.admit(&nobody, "greeting", ana()).await, "the contact nobody is unknown");
        says(engine.hold(&nobody, run, ana()).await, "the contact nobody is unknown");
        says(engine.hold(&"tom".into(), run, ana()).await, "tom has no run");
        says(engine.release_run(&"tom".into(), run, ana()).await, "tom has no run");
        says(engine.move_run(&lea, run, "hello", ana()).await, "version 1 of greeting has no step hello");
        says(engine.enroll(&lea, "greeting", ana()).await, "the contact is inside");
        engine.pause(&Pausable::Journey("greeting".into())).await.unwrap();
        says(engine.enroll(&"tom".into(), "greeting", ana()).await, "it is paused");
        engine.resume(&Pausable::Journey("greeting".into())).await.unwrap();
        engine.erase(&"tom".into()).await.unwrap();
        says(engine.eject(&"tom".into(), "greeting", ana()).await, "was erased");
        scene.passes(0).await;
        assert_eq!(scene.runs().await, ["lea step-1"], "{name}: nothing of it was done");
    });
}

#[test]
fn runs_are_listed_in_pages_that_end_with_a_contact() {
    scenes(async |scene| {
        let Scene { name, engine, .. } = &scene;
        for number in 0..300 {
            engine.track(Event::new(format!("c-{number:03}"), "signed_up")).await.unwrap();
        }
        scene.passes(1).await;
        let (mut after, mut found) = (0, Vec::new());
        loop {
            let page = engine.runs(&RunFilter::journey("greeting").version(1), after, 7).await.unwrap();
            found.extend(page.runs.iter().map(|one| one.contact.to_string()));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(found.len(), 301, "{name}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 301, "{name}: nobody is listed twice");
        let none = engine.runs(&RunFilter::journey("greeting").node("again"), 0, 7).await.unwrap();
        assert_eq!((none.runs.len(), none.next), (0, None), "{name}");
    });
}

#[test]
fn a_queued_message_is_taken_back_and_the_run_goes_on() {
    scenes(async |scene| {
        let Scene { name, engine, store, email, .. } = &scene;
        engine.pause(&Pausable::Channel("email".into())).await.unwrap();
        scene.passes(24).await;
        let message = store.messages(&"lea".into()).await.unwrap().remove(0).message.id;
        engine.cancel_message(message, ana()).await.unwrap();
        engine.resume(&Pausable::Channel("email".into())).await.unwrap();
        scene.passes(1).await;
        assert!(email.sent().is_empty(), "{name}");
        let record = store.message(message).await.unwrap().unwrap();
        assert_eq!(record.answer, Some(DeliveryStatus::Cancelled { by: ana() }), "{name}");
        let again = engine.cancel_message(message, ana()).await.unwrap_err();
        assert!(again.to_string().contains("is taken back"), "{name}: {again}");
        assert_eq!(scene.runs().await, ["lea step-3"], "{name}");
    });
}

#[test]
fn a_parked_message_is_tried_again_when_somebody_says_so() {
    scenes(async |scene| {
        let Scene { name, engine, store, email, .. } = &scene;
        scene.doubt.store(true, Ordering::Relaxed);
        scene.passes(24).await;
        let parked = engine.parked_messages(None, 9).await.unwrap();
        assert_eq!(parked.len(), 1, "{name}");
        let message = parked[0].message.id;
        assert!(engine.cancel_message(message, ana()).await.is_err(), "{name}: it may have arrived");
        scene.doubt.store(false, Ordering::Relaxed);
        scene.passes(1).await;
        let calls = email.sent().len();
        engine.retry_message(message, ana()).await.unwrap();
        scene.passes(0).await;
        assert_eq!(email.sent().len(), calls + 1, "{name}");
        let record = store.message(message).await.unwrap().unwrap();
        assert_eq!((record.status, record.attempts), (MessageStatus::Accepted, 2), "{name}");
        assert!(engine.parked_messages(None, 9).await.unwrap().is_empty(), "{name}");
        assert!(engine.retry_message(message, ana()).await.is_err(), "{name}");
    });
}

#[test]
fn a_parked_message_of_a_run_that_was_ended_by_hand_is_not_tried_again() {
    scenes(async |scene| {
        let Scene { name, engine, .. } = &scene;
        scene.doubt.store(true, Ordering::Relaxed);
        scene.passes(24).await;
        engine.eject(&"lea".into(), "greeting", ana()).await.unwrap();
        scene.passes(0).await;
        let message = engine.parked_messages(None, 9).await.unwrap()[0].message.id;
        let refused = engine.retry_message(message, ana()).await.unwrap_err().to_string();
        assert!(refused.contains("was ended"), "{name}: {refused}");
    });
}

#[test]
fn an_import_counts_once_however_often_it_is_told_and_opens_nothing() {
    scenes(async |scene| {
        let Scene { name, engine, store, .. } = &scene;
        let long_ago = start() - TimeDelta::days(4_000);
        let row = |number: usize| {
            let contact = Contact::new(format!("old-{number}")).attribute("city", "Lyon");
            let id = contact.id.clone();
            ImportRow::new(contact).event(Event::new(id, "signed_up").at(long_ago))
        };
        let import = (0..700).fold(Import::new("crm"), |import, number| import.row(row(number)));
        let told = engine.import(import.clone()).await.unwrap();
        assert_eq!((told.kept, told.known, told.erased), (700, 0, 0), "{name}");
        engine.erase(&"old-3".into()).await.unwrap();
        let told = engine.import(import).await.unwrap();
        assert_eq!((told.kept, told.known, told.erased), (0, 699, 1), "{name}");
        scene.passes(0).await;
        let old = store.contact(&"old-9".into()).await.unwrap().unwrap().state;
        assert_eq!(old.cold.contact.attributes["city"], "Lyon".into(), "{name}");
        assert_eq!(old.hot.performed.tally("signed_up").unwrap().last_at, long_ago, "{name}");
        assert_eq!(scene.runs().await, ["lea step-1"], "{name}: nobody enters by an import");
        let asked = Import::new("second").triggers().row(row(9));
        engine.import(asked).await.unwrap();
        scene.passes(0).await;
        assert_eq!(scene.runs().await, ["lea step-1", "old-9 step-1"], "{name}: unless it is to");
    });
}

#[test]
fn an_import_names_every_row_that_is_wrong_and_keeps_nothing() {
    scenes(async |scene| {
        let Scene { name, engine, store, .. } = &scene;
        let event = |contact: &str| Event::new(contact, "bought").at(start());
        let many = (0..=ImportRow::MOST_EVENTS)
            .fold(ImportRow::new(Contact::new("many")), |row, _| row.event(event("many")));
        let import = Import::new("crm")
            .row(ImportRow::new(Contact::new("right")))
            .row(ImportRow::new(Contact::new(" ")))
            .row(ImportRow::new(Contact::new("zone").zone("Europe/Lyon")))
            .row(ImportRow::new(Contact::new("other")).event(event("somebody")))
            .row(ImportRow::new(Contact::new("when")).event(Event::new("when", "bought")))
            .row(ImportRow::new(Contact::new("later")).event(event("later").at(start() + TimeDelta::days(1))))
            .row(many);
        let Err(Error::Rows(problems)) = engine.import(import).await else { panic!("{name}") };
        let rows: Vec<u64> = problems.iter().map(|problem| problem.row).collect();
        assert_eq!(rows, [1, 2, 3, 4, 5, 6], "{name}");
        for (problem, part) in problems.iter().zip([
            "empty",
            "time zone is unknown",
            "somebody",
            "when it happened",
            "not happened yet",
            "1001",
        ]) {
            assert!(problem.to_string().contains(part), "{name}: {problem}");
        }
        assert!(store.contact(&"right".into()).await.unwrap().is_none(), "{name}");
        assert!(engine.import(Import::new("")).await.is_err(), "{name}");
    });
}

#[test]
fn addresses_of_an_import_are_known_to_the_gate() {
    scenes(async |scene| {
        let Scene { name, engine, email, .. } = &scene;
        let eve = Contact::new("eve").address("email", "eve@x");
        engine.import(Import::new("crm").row(ImportRow::new(eve))).await.unwrap();
        engine.suppress("email", "eve@x", None, "complaint").await.unwrap();
        engine
            .consent(Consent::granted("eve", "onboarding", "email", Evidence::new("form", "v1")))
            .await
            .unwrap();
        engine.track(Event::new("eve", "signed_up")).await.unwrap();
        scene.passes(0).await;
        scene.passes(24).await;
        assert_eq!(email.sent().len(), 1, "{name}: Léa's alone");
    });
}
