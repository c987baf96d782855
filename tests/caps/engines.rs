//! Engines side by side over one store, on threads of their own; and what becomes of what a cap leaves no place for.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::journey::{Capped, Reenter};
use journeyman::model::{DeliveryStatus, Evidence, Fact, Reason, StepOutcome};
use journeyman::port::store::MessageStatus;
use journeyman::port::{Clock, Store};
use journeyman::rule::{Cap, Policy, QuietHours, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::time::{Span, Zone};
use journeyman::{Consent, Contact, Engine, Event, Journey};

use crate::common::stores;
use crate::oracle::{Log, Logging, Seeded};

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn hello() -> TemplateDefinition {
    TemplateDefinition::new("hello").text("Hello")
}

fn weekly(most: u32) -> Cap {
    Cap::new("weekly", most, Span::days(7)).for_purpose("marketing")
}

/// An engine that logs what begins on both channels.
fn engine(store: &Arc<dyn Store>, clock: &ManualClock, log: &Log, policy: Policy, odds: u8) -> Engine {
    let channel = |name| Logging { name, log: log.clone(), clock: clock.clone(), odds };
    Engine::builder(store.clone())
        .channel(channel("email"))
        .channel(channel("sms"))
        .policy(policy)
        .zone(Zone::utc())
        .build()
}

async fn know(engine: &Engine, person: &str, purposes: &[&str]) {
    let contact = Contact::new(person).address("email", format!("{person}@example.org"));
    engine.identify(contact.address("sms", format!("+336{person}"))).await.unwrap();
    for purpose in purposes {
        for channel in ["email", "sms"] {
            let evidence = Evidence::new("form", "v1");
            engine.consent(Consent::granted(person, *purpose, channel, evidence)).await.unwrap();
        }
    }
}

/// A journey that says one thing whenever its event happens.
fn says(name: &str, channel: &str, purpose: &str) -> journeyman::journey::JourneyBuilder {
    Journey::builder(name).enter_on(name).reenter(Reenter::Always).send(name, channel, "hello", purpose)
}

/// What was said to Léa, by the name of its step.
fn said(log: &Log) -> Vec<String> {
    log.entries().into_iter().map(|entry| entry.node).collect()
}

#[test]
fn consent_caps_hold_for_engines_on_threads() {
    let caps = [weekly(3), Cap::new("sms", 1, Span::hours(50)).for_purpose("marketing").on_channel("sms")];
    let policy = caps.iter().fold(Policy::new("test"), |policy, cap| policy.cap(cap.clone()));
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        // One message in eight goes wrong at its first attempt.
        let engines: Vec<Engine> = (0..4).map(|_| engine(&store, &clock, &log, policy.clone(), 32)).collect();
        let people: Vec<String> = (0..6).map(|number| format!("p{number}")).collect();
        block_on(async {
            let steps = [("a", "email"), ("b", "sms"), ("c", "email")];
            let mut published = vec![hello().into()];
            for (step, channel) in steps {
                published.push(says(step, channel, "marketing").build().unwrap().into());
            }
            engines[0].publish(published).await.unwrap();
            for person in &people {
                know(&engines[0], person, &["marketing"]).await;
            }
        });
        let mut random = Seeded(7);
        for round in 0..if name == "sqlite" { 40 } else { 90 } {
            block_on(async {
                for _ in 0..3 {
                    let event = Event::new(random.one(&people).as_str(), *random.one(&["a", "b", "c"]));
                    engines[0].track(event.id(format!("{round}-{}", random.below(1 << 30)))).await.unwrap();
                }
            });
            std::thread::scope(|scope| {
                for engine in &engines {
                    scope.spawn(|| block_on(engine.tick()).unwrap());
                }
            });
            clock.advance(TimeDelta::hours(1 + random.below(14) as i64));
        }
        log.assert_capped(&caps, name);
        let begun = log.entries().len();
        assert!(begun > 30, "{name}: only {begun} begins");
        println!("{name}: {begun} begins by 4 engines, 0 windows too full");
    }
}

#[test]
fn consent_a_message_over_a_cap_waits_for_room_and_says_why() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let engine = engine(&store, &clock, &log, Policy::new("test").cap(weekly(1)), 0);
        block_on(async {
            let journey = says("news", "email", "marketing");
            engine.publish([hello().into(), journey.build().unwrap().into()]).await.unwrap();
            know(&engine, "lea", &["marketing"]).await;
            let first_at = clock.now();
            for id in ["1", "2"] {
                engine.track(Event::new("lea", "news").id(id)).await.unwrap();
                engine.tick().await.unwrap();
                clock.advance(TimeDelta::hours(1));
            }
            assert_eq!(log.entries().len(), 1, "{name}");
            let records = store.messages(&"lea".into()).await.unwrap();
            let room_at = first_at + TimeDelta::days(7);
            let reasons = vec![Reason::Cap("weekly".into())];
            assert_eq!(
                records[1].answer,
                Some(DeliveryStatus::Deferred { until: room_at, reasons }),
                "{name}"
            );
            assert_eq!(engine.tick().await.unwrap().next_wake, Some(room_at), "{name}");
            clock.set(room_at - TimeDelta::milliseconds(1));
            engine.tick().await.unwrap();
            assert_eq!(log.entries().len(), 1, "{name}");
            clock.set(room_at);
            engine.tick().await.unwrap();
            assert_eq!(log.entries().iter().map(|entry| entry.at).collect::<Vec<_>>(), [first_at, room_at]);
        });
    }
}

#[test]
fn consent_a_message_over_a_cap_is_left_out_where_its_step_says_so() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let engine = engine(&store, &clock, &log, Policy::new("test").cap(weekly(1)), 0);
        block_on(async {
            let drops = says("drops", "email", "marketing").capped(Capped::Drop);
            let late = says("late", "email", "marketing").deadline(Span::days(2));
            let both = [drops.build().unwrap().into(), late.build().unwrap().into()];
            engine.publish(both.into_iter().chain([hello().into()])).await.unwrap();
            know(&engine, "lea", &["marketing"]).await;
            for (id, event) in ["drops", "drops", "late"].into_iter().enumerate() {
                engine.track(Event::new("lea", event).id(id.to_string())).await.unwrap();
                engine.tick().await.unwrap();
            }
            assert_eq!(said(&log), ["drops"], "{name}");
            let records = store.messages(&"lea".into()).await.unwrap();
            assert!(records[1..].iter().all(|record| record.status == MessageStatus::Refused), "{name}");
            let cap = Reason::Cap("weekly".into());
            let expected = [vec![cap.clone()], vec![cap, Reason::Deadline]];
            for (record, reasons) in records[1..].iter().zip(expected) {
                assert_eq!(record.answer, Some(DeliveryStatus::Refused { reasons }), "{name}");
            }
        });
    }
}

#[test]
fn consent_what_would_have_room_after_the_night_is_not_left_out() {
    let clock = ManualClock::new("2026-03-02T21:00:00Z".parse().unwrap());
    let store: Arc<dyn Store> =
        Arc::new(journeyman::store::MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let log = Log::default();
    let night = QuietHours::new("sms", "22:00-08:00".parse().unwrap());
    let cap = Cap::new("hours", 1, Span::hours(4)).for_purpose("marketing");
    let engine = engine(&store, &clock, &log, Policy::new("test").cap(cap).quiet(night), 0);
    block_on(async {
        let drops = says("drops", "sms", "marketing").capped(Capped::Drop);
        engine.publish([hello().into(), drops.build().unwrap().into()]).await.unwrap();
        know(&engine, "lea", &["marketing"]).await;
        for (id, hours) in [("1", 2), ("2", 9)] {
            engine.track(Event::new("lea", "drops").id(id)).await.unwrap();
            engine.tick().await.unwrap();
            clock.advance(TimeDelta::hours(hours));
        }
        assert_eq!(log.entries().len(), 1);
        engine.tick().await.unwrap();
        assert_eq!(log.entries().len(), 2);
    });
}

#[test]
fn consent_the_higher_priority_takes_the_place_whichever_was_decided_first() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let engine = engine(&store, &clock, &log, Policy::new("test").cap(weekly(2)), 0);
        block_on(async {
            let journeys = [
                says("plain", "email", "marketing"),
                says("low", "sms", "marketing").priority(-1),
                says("high", "email", "marketing").priority(5),
                // A send of a lower journey may be more important than its journey.
                says("urgent", "sms", "marketing").priority(-128).send_priority(127),
                says("uncapped", "email", "receipts").priority(-100),
            ];
            let journeys = journeys.map(|journey| journey.build().unwrap().into());
            engine.publish(journeys.into_iter().chain([hello().into()])).await.unwrap();
            know(&engine, "lea", &["marketing", "receipts"]).await;
            know(&engine, "tom", &["marketing"]).await;
            // Decided one after the other, and ready in one take.
            for event in ["low", "plain", "uncapped", "high", "urgent"] {
                engine.track(Event::new("lea", event)).await.unwrap();
                while engine.advance().await.unwrap().contacts > 0 {}
                clock.advance(TimeDelta::seconds(1));
            }
            // Somebody else's turn is not touched by it.
            engine.track(Event::new("tom", "low")).await.unwrap();
            engine.tick().await.unwrap();
            let log_of = |person: &str| {
                let entries = log.entries().into_iter().filter(|entry| entry.contact == person);
                entries.map(|entry| entry.node).collect::<Vec<_>>()
            };
            assert_eq!(log_of("lea"), ["urgent", "uncapped", "high"], "{name}");
            assert_eq!(log_of("tom"), ["low"], "{name}");
            // The others wait; the earlier decision does not help the lower priority.
            clock.advance(TimeDelta::days(7));
            engine.tick().await.unwrap();
            assert_eq!(log_of("lea")[3..], ["plain", "low"], "{name}");
        });
    }
}

#[test]
fn consent_of_what_a_cap_leaves_no_place_for_one_waits_and_one_is_left_out_as_each_declares() {
    for low in [Capped::Wait, Capped::Drop] {
        let clock = ManualClock::new(start());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            let log = Log::default();
            let engine = engine(&store, &clock, &log, Policy::new("test").cap(weekly(1)), 0);
            block_on(async {
                // What the winner declares is not asked.
                let high = says("high", "email", "marketing").priority(9).capped(Capped::Drop);
                let loser = says("low", "sms", "marketing").capped(low);
                let both = [loser.build().unwrap().into(), high.build().unwrap().into(), hello().into()];
                engine.publish(both).await.unwrap();
                know(&engine, "lea", &["marketing"]).await;
                for event in ["low", "high"] {
                    engine.track(Event::new("lea", event)).await.unwrap();
                    while engine.advance().await.unwrap().contacts > 0 {}
                }
                let now = clock.now();
                for _ in 0..3 {
                    engine.tick().await.unwrap();
                }
                assert_eq!(said(&log), ["high"], "{name} {low:?}");
                let records = store.messages(&"lea".into()).await.unwrap();
                let record = records.iter().find(|record| &*record.message.channel == "sms").unwrap();
                let reasons = vec![Reason::Cap("weekly".into())];
                let expected = match low {
                    Capped::Drop => DeliveryStatus::Refused { reasons },
                    _ => DeliveryStatus::Deferred { until: now + TimeDelta::days(7), reasons },
                };
                assert_eq!(record.answer, Some(expected), "{name} {low:?}");
            });
        }
    }
}

#[test]
fn consent_ties_go_to_the_earlier_decision() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let engine = engine(&store, &clock, &log, Policy::new("test").cap(weekly(2)), 0);
        block_on(async {
            let journeys = ["c", "a", "b"].map(|step| says(step, "email", "marketing").priority(3));
            let journeys = journeys.map(|journey| journey.build().unwrap().into());
            engine.publish(journeys.into_iter().chain([hello().into()])).await.unwrap();
            know(&engine, "lea", &["marketing"]).await;
            for event in ["c", "a", "b"] {
                engine.track(Event::new("lea", event)).await.unwrap();
                while engine.advance().await.unwrap().contacts > 0 {}
            }
            engine.tick().await.unwrap();
            assert_eq!(said(&log), ["c", "a"], "{name}");
        });
    }
}

#[test]
fn consent_a_tier_cap_holds_in_its_tier_alone() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let policy = Policy::new("test")
            .cap(Cap::new("cold", 1, Span::days(7)).for_purpose("marketing").in_tier("spark", "cold"))
            .cap(Cap::new("hot", 3, Span::days(7)).for_purpose("marketing").in_tier("spark", "hot"));
        let engine = engine(&store, &clock, &log, policy, 0);
        block_on(async {
            let journey = says("news", "email", "marketing");
            engine.publish([hello().into(), journey.build().unwrap().into()]).await.unwrap();
            for (person, tier, expected) in
                [("nobody", None, 5), ("lea", Some("cold"), 1), ("tom", Some("hot"), 3)]
            {
                know(&engine, person, &["marketing"]).await;
                if let Some(tier) = tier {
                    let fact =
                        Fact::Tier { score: "spark".into(), from: None, to: Some(tier.into()), up: true };
                    engine.tell(person, fact).await.unwrap();
                }
                for id in 0..5 {
                    engine.track(Event::new(person, "news").id(format!("{id}"))).await.unwrap();
                }
                engine.tick().await.unwrap();
                let count = log.entries().iter().filter(|entry| entry.contact == person).count();
                assert_eq!(count, expected, "{name}: {person}");
            }
        });
    }
}

#[test]
fn consent_an_engine_whose_caps_cannot_hold_publishes_nothing() {
    let policy = Policy::new("test").cap(Cap::new("none", 0, Span::days(7)));
    let engine =
        Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).policy(policy.clone()).build();
    let refused = block_on(engine.publish([hello().into()])).unwrap_err().to_string();
    for said in ["J140 policy.caps[0].purposes", "J141 policy.caps[0].most"] {
        assert!(refused.contains(said), "{refused}");
    }
    assert_eq!(policy.check().unwrap_err().diagnostics.len(), 2);
}

#[test]
fn consent_a_policy_without_caps_is_written_as_before() {
    let written = serde_json::to_string(&Policy::default()).unwrap();
    assert!(!written.contains("caps"), "{written}");
    let capped = Policy::new("test").cap(weekly(2).on_channel("sms").in_tier("spark", "hot").at_least(1));
    let written = serde_json::to_string(&capped).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&written).unwrap(), capped, "{written}");
}

/// A send that falls back, and what it says to Léa, who prefers what is given.
async fn falls_back(
    preferred: Option<&str>,
    allowed: &[&str],
    quiet: bool,
) -> (Vec<String>, Vec<StepOutcome>) {
    let clock = ManualClock::new(start());
    let store: Arc<dyn Store> =
        Arc::new(journeyman::store::MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let (email, sms) = (RecordingChannel::new("email"), RecordingChannel::new("sms"));
    let policy = match quiet {
        true => Policy::new("test").quiet(QuietHours::new("sms", "08:00-12:00".parse().unwrap())),
        false => Policy::new("test"),
    };
    let engine = Engine::builder(store.clone())
        .channel(email.clone())
        .channel(sms.clone())
        .policy(policy)
        .zone(Zone::utc())
        .build();
    let short = TemplateDefinition::new("short").text("Hi");
    let journey = says("offer", "sms", "marketing");
    let journey = journey.or_send("email", "short").build().unwrap();
    engine.publish([hello().into(), short.into(), journey.into()]).await.unwrap();
    let contact = Contact::new("lea").address("email", "lea@example.org").address("sms", "+33639980001");
    let contact = preferred
        .into_iter()
        .fold(contact, |contact, channel| contact.attribute("preferred_channel", channel));
    engine.identify(contact).await.unwrap();
    for channel in allowed {
        let evidence = Evidence::new("form", "v1");
        engine.consent(Consent::granted("lea", "marketing", *channel, evidence)).await.unwrap();
    }
    engine.track(Event::new("lea", "offer")).await.unwrap();
    engine.tick().await.unwrap();
    let told = |channel: &RecordingChannel| {
        let sent = channel.sent().into_iter();
        sent.map(|sent| format!("{} {}", sent.message.channel, sent.message.template)).collect::<Vec<_>>()
    };
    let steps = store.steps(&"lea".into()).await.unwrap();
    ([told(&email), told(&sms)].concat(), steps.into_iter().map(|step| step.outcome).collect())
}

#[test]
fn consent_the_first_channel_that_permits_it_is_used_and_the_preferred_one_is_asked_first() {
    let both = ["email", "sms"];
    for (preferred, allowed, quiet, expected) in [
        (None, &both[..], false, "sms hello"),
        (Some("email"), &both[..], false, "email short"),
        (Some("pigeon"), &both[..], false, "sms hello"),
        (Some("email"), &["sms"][..], false, "sms hello"),
        (None, &["email"][..], false, "email short"),
        // Now, and not first of all.
        (Some("sms"), &both[..], true, "email short"),
    ] {
        let (found, _) = block_on(falls_back(preferred, allowed, quiet));
        assert_eq!(found, [expected], "{preferred:?} {allowed:?} {quiet}");
    }
}

#[test]
fn consent_a_message_that_no_channel_permits_is_refused_with_the_reasons_of_each() {
    let (found, outcomes) = block_on(falls_back(None, &[], true));
    assert!(found.is_empty());
    let on = |channel: &str, reasons| Reason::On { channel: channel.into(), reasons };
    let reasons =
        vec![on("sms", vec![Reason::NoConsent, Reason::QuietHours]), on("email", vec![Reason::NoConsent])];
    assert!(outcomes.contains(&StepOutcome::Refused { reasons }), "{outcomes:?}");
    // One of them will open: it is waited for.
    let (found, outcomes) = block_on(falls_back(None, &["sms"], true));
    assert!(found.is_empty());
    let until = "2026-03-02T12:00:00Z".parse().unwrap();
    let reasons = vec![on("sms", vec![Reason::QuietHours]), on("email", vec![Reason::NoConsent])];
    assert!(outcomes.contains(&StepOutcome::Deferred { until, reasons }), "{outcomes:?}");
}

#[test]
fn consent_floors_say_how_much_less_was_said_than_is_meant_to_be() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let log = Log::default();
        let policy = Policy::new("test")
            .cap(weekly(3).at_least(2))
            .cap(
                Cap::new("hot", 3, Span::days(7))
                    .for_purpose("marketing")
                    .in_tier("spark", "hot")
                    .at_least(1),
            )
            .cap(Cap::new("no floor", 3, Span::days(7)).for_purpose("marketing"));
        let engine = engine(&store, &clock, &log, policy, 0);
        block_on(async {
            let journeys = [says("news", "email", "marketing"), says("other", "email", "receipts")];
            let journeys = journeys.map(|journey| journey.build().unwrap().into());
            engine.publish(journeys.into_iter().chain([hello().into()])).await.unwrap();
            know(&engine, "lea", &["marketing", "receipts"]).await;
            let mut found = Vec::new();
            for (id, hours) in [24, 24 * 6, 0].into_iter().enumerate() {
                for event in ["news", "other"] {
                    engine.track(Event::new("lea", event).id(format!("{id}"))).await.unwrap();
                }
                engine.tick().await.unwrap();
                found.extend(engine.floors(&"lea".into()).await.unwrap());
                clock.advance(TimeDelta::hours(hours));
            }
            // The first one has left the window when the third is said.
            let said: Vec<(u32, u32, bool)> =
                found.iter().map(|floor| (floor.said, floor.least, floor.is_missed())).collect();
            assert_eq!(said, [(1, 2, true), (2, 2, false), (2, 2, false)], "{name}");
            assert!(found.iter().all(|floor| &*floor.cap == "weekly"), "{name}");
        });
    }
}
