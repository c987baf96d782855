//! Offers with places through a whole engine: what is asked leaves by the outbox, and what a quota says leads on.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::model::Evidence;
use journeyman::port::{Quota, Reservation, Reserved, Store};
use journeyman::quota::{MemoryQuota, SqliteQuota};
use journeyman::rule::TemplateDefinition;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::{ManualClock, check};
use journeyman::{Consent, Contact, Engine, Event, Journey, StoreError};

const WORKSHOP: &str = r#"
journey: workshop
version: 1
enter: { on: { event: invited } }
exit: [{ on: { event: cancelled } }]
reenter: always
steps:
  - { id: hold, reserve: { offer: seat, quota: places, expires: 48h, full: sold_out, otherwise: later } }
  - { id: tell, send: { channel: email, template: seat, purpose: news, offer: seat } }
  - { id: ask, wait_for: { any: [{ event: booked, goto: keep }], within: 3d, otherwise: gone } }
  - { id: keep, confirm: { offer: seat, full: gone } }
  - { id: booked, exit: booked }
  - { id: sold_out, exit: sold_out }
  - { id: later, exit: later }
  - { id: gone, exit: gone }
"#;

const PILOT: &str = r#"
journey: pilot
version: 1
enter: { on: { event: invited } }
cap: { most: 2, quota: places }
steps:
  - { id: tell, send: { channel: email, template: pilot, purpose: news } }
  - { id: rest, wait: 1d }
"#;

struct World {
    engine: Engine,
    store: Arc<dyn Store>,
    email: RecordingChannel,
    clock: ManualClock,
}

impl World {
    fn of(journey: &str, store: impl Fn(Arc<ManualClock>) -> Arc<dyn Store>, quota: impl Quota) -> Self {
        let clock = ManualClock::new("2026-03-23T09:00:00Z".parse().unwrap());
        let store = store(Arc::new(clock.clone()));
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone()).channel(email.clone()).quota(quota).build();
        let world = Self { engine, store, email, clock };
        let seat = "{{ offer.name }}, {{ offer.remaining }} left";
        block_on(world.engine.publish([
            TemplateDefinition::new("seat").text(seat).into(),
            TemplateDefinition::new("pilot").text("in").into(),
            Journey::from_yaml(journey).unwrap().into(),
        ]))
        .unwrap();
        for name in ["lea", "tom", "zoe"] {
            block_on(async {
                let contact = Contact::new(name).address("email", format!("{name}@example.org"));
                world.engine.identify(contact).await.unwrap();
                let evidence = Evidence::new("form", "v1");
                world.engine.consent(Consent::granted(name, "news", "email", evidence)).await.unwrap();
            });
        }
        world
    }

    fn tell(&self, contact: &str, event: &str) {
        block_on(self.engine.track(Event::new(contact, event))).unwrap();
        self.settle();
    }

    fn settle(&self) {
        (0..8).for_each(|_| drop(block_on(self.engine.tick()).unwrap()));
    }

    fn said(&self) -> Vec<String> {
        let sent = self.email.sent();
        sent.iter().map(|one| format!("{}: {}", one.message.contact, one.content.plain())).collect()
    }

    /// The judge of the store has nothing to say of it.
    fn is_sound(&self) {
        let findings = block_on(check(&*self.store)).unwrap();
        assert!(findings.is_clean() && findings.replayed > 0, "{findings}");
    }
}

fn memory(clock: Arc<ManualClock>) -> Arc<dyn Store> {
    Arc::new(MemoryStore::builder().clock(clock).build())
}

#[test]
fn the_last_place_is_given_once_and_comes_back_when_it_is_not_kept() {
    let quota = MemoryQuota::new("places").offer("seat", 1);
    let world = World::of(WORKSHOP, memory, quota.clone());
    world.tell("lea", "invited");
    world.tell("tom", "invited");
    assert_eq!(world.said(), ["lea: seat, 0 left"]);
    world.tell("lea", "cancelled");
    assert!(quota.held("seat").is_empty());
    world.tell("tom", "invited");
    assert_eq!(world.said(), ["lea: seat, 0 left", "tom: seat, 0 left"]);
    world.tell("tom", "booked");
    assert_eq!(quota.held("seat").iter().map(|(_, until)| *until).collect::<Vec<_>>(), [None]);
    world.clock.advance(TimeDelta::days(30));
    world.tell("zoe", "invited");
    assert_eq!(world.said().len(), 2);
    world.is_sound();
}

#[test]
fn a_place_that_nobody_keeps_is_free_at_its_instant_and_a_file_counts_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let quota = SqliteQuota::open("places", folder.path().join("places.db")).unwrap().offer("seat", 1);
    let file = folder.path().join("journeys.db");
    let sqlite = |clock: Arc<ManualClock>| -> Arc<dyn Store> {
        Arc::new(SqliteStore::builder(&file).clock(clock).open().unwrap())
    };
    let world = World::of(WORKSHOP, sqlite, quota);
    world.tell("lea", "invited");
    world.clock.advance(TimeDelta::hours(47));
    world.tell("tom", "invited");
    world.clock.advance(TimeDelta::hours(1));
    world.tell("zoe", "invited");
    assert_eq!(world.said(), ["lea: seat, 0 left", "zoe: seat, 0 left"]);
    world.tell("lea", "booked"); // too late: the place is Zoe's
    world.tell("zoe", "booked");
    world.clock.advance(TimeDelta::days(9));
    world.settle();
    world.is_sound();
    let end = |name: &str| {
        let steps = block_on(world.store.steps(&name.into())).unwrap();
        let ends = steps.iter().filter(|step| format!("{:?}", step.outcome).contains("Exit("));
        ends.map(|step| step.node.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (end("lea"), end("tom"), end("zoe")),
        (vec!["gone".into()], vec!["sold_out".into()], vec!["booked".into()])
    );
}

#[test]
fn only_so_many_enter_and_who_comes_too_late_was_never_inside() {
    let quota = MemoryQuota::new("places");
    let world = World::of(PILOT, memory, quota.clone());
    for name in ["lea", "tom", "zoe"] {
        world.tell(name, "invited");
    }
    assert_eq!(world.said(), ["lea: in", "tom: in"]);
    let held = quota.held("entries/pilot");
    assert!(held.len() == 2 && held.iter().all(|(_, until)| until.is_none()), "{held:?}");
    let zoe = block_on(world.store.contact(&"zoe".into())).unwrap().unwrap().state;
    assert!(zoe.hot.entries.is_empty() && zoe.hot.enrollments.is_empty());
    world.is_sound();
}

/// Loses the answer of every first call.
struct Forgetful {
    inner: MemoryQuota,
    calls: std::sync::atomic::AtomicUsize,
}

impl Forgetful {
    fn answer<T>(&self, answer: T) -> Result<T, StoreError> {
        match self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2 {
            0 => Err(StoreError::Unknown { operation: "answer", reason: "the line broke".into() }),
            _ => Ok(answer),
        }
    }
}

#[async_trait]
impl Quota for Forgetful {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError> {
        self.answer(self.inner.reserve(reservation).await?)
    }

    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError> {
        self.answer(self.inner.confirm(offer, key, now).await?)
    }

    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError> {
        self.inner.release(offer, key).await?;
        self.answer(())
    }
}

#[test]
fn an_answer_that_is_lost_takes_no_second_place() {
    let inner = MemoryQuota::new("places").offer("seat", 5);
    let quota = Forgetful { inner: inner.clone(), calls: Default::default() };
    let world = World::of(WORKSHOP, memory, quota);
    for name in ["lea", "tom"] {
        world.tell(name, "invited");
        world.clock.advance(TimeDelta::minutes(5));
        world.settle();
    }
    assert_eq!((inner.held("seat").len(), world.said().len()), (2, 2));
    world.tell("lea", "cancelled");
    world.clock.advance(TimeDelta::minutes(5));
    world.settle();
    assert_eq!(inner.held("seat").len(), 1);
    world.is_sound();
}

#[test]
fn an_offer_that_nobody_knows_is_a_refusal_with_its_reason() {
    let world = World::of(WORKSHOP, memory, MemoryQuota::new("places"));
    world.tell("lea", "invited");
    let steps = block_on(world.store.steps(&"lea".into())).unwrap();
    let refused = steps.iter().find(|step| format!("{:?}", step.outcome).contains("unknown offer")).unwrap();
    assert_eq!(refused.next.as_ref().map(|next| next.as_str()), Some("later"));
    world.is_sound();
}
