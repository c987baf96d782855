//! Publications that concern many people, through the engine: drafts, archives, and jobs that are killed on their way.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::engine::JourneyState;
use journeyman::journey::{MigrationDefinition, Waits};
use journeyman::model::{Deed, StepOutcome};
use journeyman::port::Store;
use journeyman::port::store::{Archive, Catalog, JobKind};
use journeyman::store::MemoryStore;
use journeyman::testing::check::check;
use journeyman::testing::{Fault, FaultyStore, ManualClock};
use journeyman::{Contact, Engine, Error, Event};

use crate::scene::{instant, journey};

const OLD: &str = "{ journey: care, enter: { on: { event: signed_up } }, steps: [{ id: pause, wait: 2d }, { id: end, exit: done }] }";
const NEW: &str = "{ journey: care, version: 2, enter: { on: { event: signed_up } }, steps: [{ id: pause, wait: 5d }, { id: end, exit: done }] }";
const EXISTING: &str =
    "{ journey: vip, enter: { on: { attribute: plan }, existing: true }, steps: [{ id: stay, wait: 1d }] }";

fn deed() -> Deed {
    Deed::new("ana", "two days were too short")
}

fn map() -> MigrationDefinition {
    MigrationDefinition::new("care", 1, 2).waits(Waits::Recompute)
}

/// More people than one chunk of a job looks at.
const PEOPLE: usize = 600;

async fn populated(store: Arc<dyn Store>) -> Engine {
    let engine = Engine::builder(store).build();
    engine.publish([journey(OLD).into()]).await.unwrap();
    let people = (0..PEOPLE).map(|number| format!("p{number}"));
    let inputs = people.flat_map(|id| {
        let contact = Contact::new(id.as_str()).attribute("plan", "gold");
        [contact.into(), Event::new(id.as_str(), "signed_up").into()]
    });
    engine.append(inputs.collect()).await.unwrap();
    engine.tick().await.unwrap();
    engine
}

/// What a person walked after the entry.
async fn outcomes(store: &dyn Store, person: usize) -> Vec<StepOutcome> {
    let steps = store.steps(&format!("p{person}").as_str().into()).await.unwrap();
    steps.into_iter().skip(1).map(|step| step.outcome).collect()
}

fn moved() -> Vec<StepOutcome> {
    vec![StepOutcome::Migrated { from: 1, to: 2, node: "pause".into() }]
}

#[test]
fn a_dry_run_counts_and_moves_nobody_and_a_migration_moves_everybody_once() {
    block_on(async {
        let clock = ManualClock::new(instant("03-02 09:00"));
        let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock)).build());
        let engine = populated(store.clone()).await;
        let refused = engine.dry_run(&map()).await.unwrap_err().to_string();
        assert!(refused.contains("J091 care/to"), "{refused}");
        engine.publish([journey(NEW).into()]).await.unwrap();
        let count = engine.dry_run(&map()).await.unwrap();
        assert_eq!((count.total, count.moves.len(), count.moves[0].runs), (PEOPLE as u64, 1, PEOPLE as u64));
        assert_eq!(count.moves[0].to, Some("pause".into()));
        assert!(outcomes(&*store, 0).await.is_empty());
        let nobody = engine.migrate(&map(), Deed::new("", "")).await;
        assert!(matches!(nobody, Err(Error::Invalid { what: "deed", .. })), "{nobody:?}");
        engine.migrate(&map(), deed()).await.unwrap();
        engine.migrate(&map(), deed()).await.unwrap();
        engine.tick().await.unwrap();
        for person in 0..PEOPLE {
            assert_eq!(outcomes(&*store, person).await, moved());
        }
        assert_eq!(engine.dry_run(&map()).await.unwrap().total, 0);
        check(&*store).await.unwrap().assert_clean();
    });
}

/// Every call of the job goes wrong once, before or after it took effect: the same inputs arrive all the same, once.
#[test]
fn a_migration_that_is_killed_anywhere_ends_with_the_same_inputs() {
    block_on(async {
        for (nth, fault) in (1..=8)
            .flat_map(|nth| [Fault::Unavailable, Fault::Unknown].into_iter().map(move |fault| (nth, fault)))
        {
            let clock = ManualClock::new(instant("03-02 09:00"));
            let inner = Arc::new(MemoryStore::builder().clock(Arc::new(clock)).build());
            let engine = populated(inner.clone()).await;
            engine.publish([journey(NEW).into(), journey(EXISTING).into()]).await.unwrap();
            engine.migrate(&map(), deed()).await.unwrap();
            let store = FaultyStore::new(inner.clone());
            store.fail(nth, fault);
            let engine = Engine::builder(Arc::new(store.clone())).build();
            let died = engine.tick().await.is_err();
            assert!(store.fired(), "{fault:?} at call {nth}: {died}");
            engine.tick().await.unwrap();
            assert!(inner.jobs().await.unwrap().is_empty());
            for person in [0, 511, 512, PEOPLE - 1] {
                let id = format!("p{person}").as_str().into();
                let steps = inner.steps(&id).await.unwrap();
                let of = |journey: &str| steps.iter().filter(|step| step.journey.as_str() == journey).count();
                assert_eq!((of("care"), of("vip")), (2, 1), "{fault:?} at call {nth}: {steps:?}");
                assert_eq!(inner.inputs(&id, 0, u64::MAX >> 1).await.unwrap().len(), 4);
            }
            check(&*inner).await.unwrap().assert_clean();
        }
    });
}

#[test]
fn the_first_version_that_says_existing_enrolls_and_later_ones_do_not() {
    block_on(async {
        let store = Arc::new(MemoryStore::new());
        let engine = Engine::builder(store.clone()).build();
        engine.identify(Contact::new("lea").attribute("plan", "gold")).await.unwrap();
        engine.publish([journey(&EXISTING.replace(", existing: true", "")).into()]).await.unwrap();
        assert!(store.jobs().await.unwrap().is_empty());
        let version =
            |number| journey(&EXISTING.replace("journey: vip", &format!("journey: vip, version: {number}")));
        engine.publish([version(2).into()]).await.unwrap();
        let jobs = store.jobs().await.unwrap();
        assert_eq!(jobs[0].kind, JobKind::Enroll { journey: "vip".into(), version: 2 });
        engine.tick().await.unwrap();
        assert_eq!(store.steps(&"lea".into()).await.unwrap().len(), 1);
        engine.publish([version(3).into()]).await.unwrap();
        assert!(store.jobs().await.unwrap().is_empty());
        check(&*store).await.unwrap().assert_clean();
    });
}

#[test]
fn a_draft_is_checked_is_entered_by_nobody_and_goes_with_its_publication() {
    block_on(async {
        let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
        let draft = |text: &str| journey(text).definition.clone();
        engine.draft(&draft(NEW)).await.unwrap();
        engine.track(Event::new("lea", "signed_up")).await.unwrap();
        assert_eq!(engine.tick().await.unwrap().steps, 0);
        let unknown = NEW.replace("wait: 5d", "send: { channel: emial, template: hi, purpose: news }");
        let refused = engine.draft(&draft(&unknown)).await.unwrap_err().to_string();
        assert!(refused.contains("J017") && refused.contains("J018"), "{refused}");
        engine.publish([journey(OLD).into()]).await.unwrap();
        let status = &engine.journeys().await.unwrap()[0];
        assert_eq!((status.state, status.newest, status.draft), (JourneyState::Running, Some(1), Some(2)));
        let other = NEW.replace("5d", "6d");
        engine.draft(&draft(&other)).await.unwrap();
        assert_eq!(engine.drafts().await.unwrap(), [(*draft(&other)).clone()]);
        engine.publish([journey(NEW).into()]).await.unwrap();
        assert!(engine.drafts().await.unwrap().is_empty());
        let late = engine.draft(&draft(&other)).await;
        assert!(matches!(late, Err(Error::Invalid { what: "draft", .. })), "{late:?}");
        let unknown = engine.archive(&"nobody".into()).await;
        assert!(matches!(unknown, Err(Error::Invalid { what: "journey", .. })), "{unknown:?}");
        engine.archive(&"care".into()).await.unwrap();
        engine.track(Event::new("tom", "signed_up")).await.unwrap();
        assert_eq!(engine.tick().await.unwrap().steps, 0);
        assert_eq!(engine.journeys().await.unwrap()[0].state, JourneyState::Archived);
        engine.unarchive(&"care".into()).await.unwrap();
        engine.track(Event::new("tom", "signed_up").id("again")).await.unwrap();
        assert_eq!(engine.tick().await.unwrap().steps, 1);
    });
}
