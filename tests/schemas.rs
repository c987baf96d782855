//! Event schemas, on every kind of store: what violates the newest one is aside, and not lost.

mod common;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::model::Deed;
use journeyman::port::Store;
use journeyman::port::store::Receipt;
use journeyman::rule::{EventSchema, PropertyType};
use journeyman::testing::ManualClock;
use journeyman::{Engine, Error, Event};

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

fn ana() -> Deed {
    Deed::new("ana", "the shop was wrong")
}

fn paid() -> EventSchema {
    EventSchema::new("paid", 1).requires("total", PropertyType::Decimal).refuses_others()
}

/// An engine on each kind of store, with a schema for `paid`.
fn engines(story: impl AsyncFn(&str, Engine, Arc<dyn Store>, ManualClock)) {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        block_on(async {
            let engine = Engine::builder(store.clone()).build();
            engine.publish([paid().into()]).await.unwrap();
            story(name, engine, store, clock.clone()).await;
        });
    }
}

async fn count(engine: &Engine, contact: &str) -> u64 {
    engine.tick().await.unwrap();
    let stored = engine.store().contact(&contact.into()).await.unwrap();
    stored.and_then(|stored| Some(stored.state.hot.performed.tally("paid")?.count)).unwrap_or(0)
}

fn aside(told: Result<bool, Error>) -> u64 {
    match told {
        Err(Error::Aside { id, problems }) => {
            assert!(!problems.is_empty());
            id
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_violates_its_schema_is_told_so_kept_aside_and_counts_for_nothing() {
    engines(async |name, engine, _, _| {
        assert!(engine.track(Event::new("lea", "paid").property("total", 12)).await.unwrap(), "{name}");
        assert!(engine.track(Event::new("lea", "other").property("x", 1)).await.unwrap(), "{name}");
        let told = engine.track(Event::new("lea", "paid").id("o-1").property("totl", 12)).await;
        let sentence = told.as_ref().unwrap_err().to_string();
        assert!(
            sentence.contains("kept aside under the number 1") && sentence.contains("E010 paid.total"),
            "{sentence}"
        );
        assert_eq!(aside(told), 1, "{name}");
        // Told again, it is aside once.
        assert_eq!(
            aside(engine.track(Event::new("lea", "paid").id("o-1").property("totl", 12)).await),
            1,
            "{name}"
        );
        assert_eq!(count(&engine, "lea").await, 1, "{name}");
        let listed = engine.aside(0, 9).await.unwrap();
        assert_eq!((listed.len(), listed[0].problems.len()), (1, 2), "{name}");
    });
}

#[test]
fn of_several_events_those_that_violate_are_aside_and_the_others_are_kept() {
    engines(async |name, engine, _, _| {
        let event = |id: &str| Event::new("lea", "paid").id(id);
        let told = vec![
            event("a").property("total", 1).into(),
            event("b").into(),
            event("c").property("total", 2).into(),
            event("d").property("total", "two").into(),
        ];
        let receipts = engine.append(told).await.unwrap();
        assert!(
            matches!(
                receipts[..],
                [
                    Receipt::Kept { .. },
                    Receipt::Aside { id: 1 },
                    Receipt::Kept { .. },
                    Receipt::Aside { id: 2 }
                ]
            ),
            "{name}: {receipts:?}"
        );
        assert_eq!(count(&engine, "lea").await, 2, "{name}");
        let none = engine.append(vec![event("e").into(), event("f").into()]).await.unwrap();
        assert!(matches!(none[..], [Receipt::Aside { id: 3 }, Receipt::Aside { id: 4 }]), "{name}: {none:?}");
    });
}

#[test]
fn it_is_released_when_the_newest_schema_allows_it_or_somebody_forces_it() {
    engines(async |name, engine, _, clock| {
        let wrong = |id: &str| Event::new("lea", "paid").id(id);
        let first = aside(engine.track(wrong("a")).await);
        let second = aside(engine.track(wrong("b").property("x", 1)).await);
        assert_eq!(
            aside(engine.release_aside(first, false, ana()).await),
            first,
            "{name}: it violates it still"
        );
        engine
            .publish([EventSchema::new("paid", 2)
                .allows("total", PropertyType::Decimal)
                .refuses_others()
                .into()])
            .await
            .unwrap();
        clock.advance(TimeDelta::days(365));
        assert!(engine.release_aside(first, false, ana()).await.unwrap(), "{name}");
        assert_eq!(aside(engine.release_aside(second, false, ana()).await), second, "{name}");
        assert!(engine.release_aside(second, true, ana()).await.unwrap(), "{name}");
        assert_eq!(count(&engine, "lea").await, 2, "{name}");
        assert!(engine.aside(0, 9).await.unwrap().is_empty(), "{name}");
        for id in [first, 99] {
            let again = engine.release_aside(id, true, ana()).await.unwrap_err().to_string();
            assert!(again.contains(&format!("no event {id} is aside")), "{name}: {again}");
        }
        // What was released is known by its id.
        assert!(!engine.track(wrong("a")).await.unwrap(), "{name}");
    });
}

#[test]
fn it_is_dropped_by_somebody_who_says_why() {
    engines(async |name, engine, store, _| {
        let id = aside(engine.track(Event::new("lea", "paid")).await);
        assert!(engine.drop_aside(id, Deed::new("ana", "")).await.is_err(), "{name}");
        engine.drop_aside(id, ana()).await.unwrap();
        assert!(engine.drop_aside(id, ana()).await.is_err(), "{name}");
        let record = store.aside_record(id).await.unwrap().unwrap();
        assert_eq!((record.event, record.end.unwrap().by), (None, ana()), "{name}");
        assert_eq!(count(&engine, "lea").await, 0, "{name}");
    });
}

#[test]
fn a_published_schema_never_changes_and_the_newest_judges() {
    engines(async |name, engine, store, _| {
        let other = EventSchema::new("paid", 1);
        let refused = engine.publish([other.clone().into()]).await.unwrap_err().to_string();
        assert!(
            refused.contains("the schema of paid version 1 is published with other content"),
            "{name}: {refused}"
        );
        engine.publish([paid().into()]).await.unwrap();
        // An older version that comes later is not the newest.
        engine.publish([EventSchema::new("paid", 7).into()]).await.unwrap();
        engine.publish([EventSchema::new("paid", 3).requires("x", PropertyType::Text).into()]).await.unwrap();
        assert!(engine.track(Event::new("lea", "paid")).await.unwrap(), "{name}");
        let broken = engine.publish([EventSchema::new("", 0).into()]).await.unwrap_err().to_string();
        assert!(broken.contains("E001") && broken.contains("E002"), "{name}: {broken}");
        // An engine that was there before looks again when it is asked to.
        let second = Engine::builder(store.clone()).build();
        assert!(second.track(Event::new("tom", "paid")).await.unwrap(), "{name}");
        engine.publish([EventSchema::new("paid", 8).requires("x", PropertyType::Text).into()]).await.unwrap();
        second.refresh().await.unwrap();
        aside(second.track(Event::new("tom", "paid")).await);
    });
}

#[test]
fn an_erased_contact_leaves_nothing_aside_and_is_refused() {
    engines(async |name, engine, store, _| {
        let id = aside(engine.track(Event::new("lea", "paid").property("secret", "hush")).await);
        engine.erase(&"lea".into()).await.unwrap();
        assert!(store.aside_record(id).await.unwrap().is_none(), "{name}");
        engine.track(Event::new("tom", "other")).await.unwrap();
        engine.erase(&"tom".into()).await.unwrap();
        let told = engine.track(Event::new("tom", "paid")).await;
        assert!(matches!(told, Err(Error::Erased { .. })), "{name}: {told:?}");
        assert!(engine.aside(0, 9).await.unwrap().is_empty(), "{name}");
    });
}

#[cfg(feature = "yaml")]
#[test]
fn a_schema_is_written_in_yaml_and_reads_back() {
    let text = "
event: paid
version: 1
properties:
  total: { type: decimal, required: true }
others: refuse
";
    let schema: EventSchema = journeyman::journey::parse_yaml(text).unwrap();
    assert_eq!(schema, paid());
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<EventSchema>(&json).unwrap(), schema);
    assert!(
        journeyman::journey::parse_yaml::<EventSchema>("{ event: paid, version: 1, propertys: {} }").is_err()
    );
}
