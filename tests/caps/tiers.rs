//! The welcome sequence completes beside the sequence of every tier: a cap that names the purpose of a tier's sequence touches
//! nothing else.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::model::{Evidence, Fact, Value};
use journeyman::port::{Clock, Store};
use journeyman::rule::{Cap, Policy, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Event};

use crate::oracle::{Entry, Log, Logging};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// The purpose of the sequences by tier, and of nothing else.
const TIERED: &str = "by-tier";

/// The sequence of each tier, and how much it may say.
fn tiers() -> [(&'static str, &'static str, u32, Span); 4] {
    [
        ("spark-ready", "spark-ready", 3, Span::days(7)),
        ("mona-possible", "mona-possible", 2, Span::days(7)),
        ("en-developpement", "en-developpement", 1, Span::days(7)),
        ("non-prioritaire", "non-prioritaire", 1, Span::days(30)),
    ]
}

fn journey(path: &str) -> JourneyDefinition {
    parse_yaml(&std::fs::read_to_string(Path::new(HERE).join(path)).unwrap()).unwrap()
}

fn templates(path: &str) -> Vec<TemplateDefinition> {
    parse_yaml(&std::fs::read_to_string(Path::new(HERE).join(path)).unwrap()).unwrap()
}

/// What Léa hears who signs up and falls into a tier at once, over so many weeks.
fn heard(welcome: &str, words: &str, tier: Option<&str>, policy: Policy, hour: i64) -> Vec<Entry> {
    let tiers: Vec<(i64, &str)> = tier.map(|tier| (0, tier)).into_iter().collect();
    moving(welcome, words, &tiers, policy, hour)
}

/// What Léa hears who is in each of these tiers from a number of hours after she signed up.
fn moving(welcome: &str, words: &str, tiers: &[(i64, &str)], policy: Policy, hour: i64) -> Vec<Entry> {
    let sequences = self::tiers();
    let start: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().unwrap();
    let clock = ManualClock::new(start + TimeDelta::hours(hour));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let log = Log::default();
    let channels = ["email", "sms", "push", "whatsapp"];
    let channel = |name| Logging { name, log: log.clone(), clock: clock.clone(), odds: 0 };
    let mut builder = Engine::builder(store).policy(policy);
    for name in channels {
        builder = builder.channel(channel(name));
    }
    let engine = builder.build();
    block_on(async {
        let mut published: Vec<_> = templates(words).into_iter().map(Into::into).collect();
        published.push(journey(welcome).into());
        for (_, sequence, ..) in sequences {
            let mut sequence_of = journey(&format!("examples/journeys/{sequence}.yaml"));
            for send in sequence_of.steps.iter_mut().filter_map(|step| step.send.as_mut()) {
                send.purpose = Some(TIERED.to_owned());
            }
            published.push(sequence_of.into());
            let words = templates(&format!("examples/journeys/templates/{sequence}.yaml"));
            published.extend(words.into_iter().map(Into::into));
        }
        engine.publish(published).await.unwrap();
        let list = |words: &str| Value::List(vec![words.into()].into());
        let contact = Contact::new("lea")
            .zone("Europe/Paris")
            .attribute("first_name", "Léa")
            .attribute("score", 85i64)
            .attribute("status", "mona-possible")
            .attribute("target_level", "spark-ready")
            .attribute("strengths", list("constance"))
            .attribute("weaknesses", list("visuels"))
            .attribute("actions", list("publier"))
            .attribute("news", list("une nouvelle villa en mai"))
            .attribute("recommended_service", "MONA 290");
        let contact =
            channels.iter().fold(contact, |contact, name| contact.address(*name, format!("lea-{name}")));
        engine.identify(contact).await.unwrap();
        for purpose in ["onboarding", "marketing", "coaching", TIERED] {
            for channel in channels {
                engine
                    .consent(Consent::granted("lea", purpose, channel, Evidence::new("form", "v1")))
                    .await
                    .unwrap();
            }
        }
        engine.track(Event::new("lea", "prospect.signed_up")).await.unwrap();
        let (begin, mut former) = (clock.now(), None);
        let ends =
            tiers.iter().skip(1).map(|(hours, _)| TimeDelta::hours(*hours)).chain([TimeDelta::days(70)]);
        let mut moves = tiers.iter();
        for until in ends {
            if let Some((_, tier)) = moves.next() {
                let up = place_of(former) < place_of(Some(tier));
                let from = former.map(Into::into);
                let fact = Fact::Tier { score: "mona".into(), from, to: Some((*tier).into()), up };
                engine.tell("lea", fact).await.unwrap();
                former = Some(*tier);
            }
            let end = begin + until;
            loop {
                match engine.tick().await.unwrap().next_wake {
                    Some(next) if next <= end => clock.set(next.max(clock.now())),
                    _ => break,
                }
            }
            clock.set(end);
        }
    });
    log.entries()
}

/// How high a tier is.
fn place_of(tier: Option<&str>) -> usize {
    let all = tiers();
    tier.and_then(|tier| all.iter().rev().position(|(name, ..)| *name == tier)).map_or(0, |place| place + 1)
}

fn welcoming(entries: &[Entry]) -> Vec<(DateTime<Utc>, String)> {
    let own = entries.iter().filter(|entry| entry.purpose != TIERED);
    own.map(|entry| (entry.at, entry.node.clone())).collect()
}

/// Caps of each tier that name the purpose of the sequences by tier alone, `tighter` than the brief asks.
fn policy(tighter: u32) -> (Policy, Vec<Cap>) {
    let caps: Vec<Cap> = tiers()
        .into_iter()
        .map(|(tier, _, most, per)| {
            let most = most.saturating_sub(tighter).max(1);
            Cap::new(tier, most, per).for_purpose(TIERED).in_tier("mona", tier)
        })
        .collect();
    let policy = caps.iter().fold(Policy::default(), |policy, cap| policy.cap(cap.clone()));
    (policy, caps)
}

#[test]
fn consent_the_welcome_sequence_completes_beside_the_sequence_of_every_tier() {
    let welcomes = [
        ("examples/journeys/welcome-prospects.yaml", "examples/journeys/templates/welcome-prospects.yaml"),
        ("examples/welcome/journey.yaml", "examples/welcome/templates.yaml"),
    ];
    let mut shifted = 0;
    for (welcome, words) in welcomes {
        for hour in [6, 13, 21] {
            let alone = welcoming(&heard(welcome, words, None, Policy::default(), hour));
            assert_eq!(alone.len(), 6, "{welcome}: {alone:#?}");
            for (tier, ..) in tiers() {
                for tighter in [0, 1] {
                    let (capped, caps) = policy(tighter);
                    let beside = heard(welcome, words, Some(tier), capped, hour);
                    assert_eq!(welcoming(&beside), alone, "{welcome} beside {tier}");
                    let log = Log::default();
                    beside.iter().for_each(|entry| log.push(entry.clone()));
                    let own: Vec<Cap> = caps.into_iter().filter(|cap| *cap.name == *tier).collect();
                    log.assert_capped(&own, tier);
                    let said = |entries: &[Entry]| {
                        entries.iter().filter(|entry| entry.purpose == TIERED).cloned().collect::<Vec<_>>()
                    };
                    let free = heard(welcome, words, Some(tier), Policy::default(), hour);
                    assert!(!said(&beside).is_empty(), "{tier} says nothing");
                    shifted += usize::from(said(&free) != said(&beside));
                }
            }
        }
    }
    assert!(shifted > 0, "no cap ever came into play");
}

#[test]
fn consent_the_welcome_sequence_completes_whichever_way_the_tier_moves() {
    let (welcome, words) =
        ("examples/journeys/welcome-prospects.yaml", "examples/journeys/templates/welcome-prospects.yaml");
    let alone = welcoming(&heard(welcome, words, None, Policy::default(), 13));
    let (mut told, mut later) = (0, 0);
    for (first, ..) in tiers() {
        for (second, ..) in tiers().into_iter().filter(|(second, ..)| *second != first) {
            for hours in [27, 9 * 24 + 5, 16 * 24 + 11] {
                let path = [(0, first), (hours, second), (hours + 13 * 24, first)];
                let (capped, _) = policy(0);
                let beside = moving(welcome, words, &path, capped, 13);
                assert_eq!(welcoming(&beside), alone, "{first} to {second} after {hours} h");
                // The cap of the tier in which she is counts what she was told in any tier.
                let begin: DateTime<Utc> = "2026-03-02T13:00:00Z".parse().unwrap();
                let own: Vec<DateTime<Utc>> =
                    beside.iter().filter(|entry| entry.purpose == TIERED).map(|entry| entry.at).collect();
                for at in &own {
                    let (_, tier) =
                        path.iter().rev().find(|(hours, _)| begin + TimeDelta::hours(*hours) <= *at).unwrap();
                    let (_, _, most, per) = tiers().into_iter().find(|(name, ..)| name == tier).unwrap();
                    // Of days on her clock one can be an hour shorter.
                    let window = TimeDelta::days(per.days.into()) - TimeDelta::hours(1);
                    let inside = own.iter().filter(|other| **other <= *at && **other + window > *at).count();
                    assert!(inside <= most as usize, "{inside} at {at} as {tier}: {own:?}");
                    later += usize::from(tier != &first);
                }
                told += own.len();
            }
        }
    }
    assert!(told > 100 && later > 20, "{told} and {later}");
}

/// The test above can fail: a cap that names a purpose of the welcome sequence does hold it back.
#[test]
fn consent_a_cap_that_names_a_purpose_of_the_welcome_sequence_holds_it_back() {
    let (welcome, words) =
        ("examples/journeys/welcome-prospects.yaml", "examples/journeys/templates/welcome-prospects.yaml");
    let alone = welcoming(&heard(welcome, words, None, Policy::default(), 6));
    let cap = Cap::new("greedy", 1, Span::days(30)).for_purpose("marketing").for_purpose(TIERED);
    let beside = heard(welcome, words, Some("spark-ready"), Policy::default().cap(cap), 6);
    assert_ne!(welcoming(&beside), alone);
}
