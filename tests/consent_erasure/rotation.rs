//! The key of fingerprints changes, and nobody is written to whom the former one protected.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::{Inbound, Returned};
use journeyman::machine::Withdrawal;
use journeyman::model::{Evidence, FingerprintKey, Import, ImportRow, Reason};
use journeyman::port::Store;
use journeyman::testing::ManualClock;
use journeyman::{Contact, Engine};
use proptest::prelude::*;

use super::common::stores;
use super::import::{grant, publish, refusals};
use super::life::start;

/// Two secrets ago, one ago, and now.
const KEYS: [u8; 3] = [7, 8, 9];
const ADDRESSES: [&str; 2] = ["home@example.org", "work@example.org"];

/// A worker after `turns` changes of the key.
fn engine(store: &Arc<dyn Store>, turns: usize, email: &RecordingChannel) -> Engine {
    let key = |turn: usize| FingerprintKey::new([KEYS[turn]; 32]);
    let builder = Engine::builder(store.clone()).channel(email.clone()).fingerprint_key(key(turns));
    (0..turns).rev().fold(builder, |builder, former| builder.former_fingerprint_key(key(former))).build()
}

async fn meet(engine: &Engine, contact: &str, address: &str, imports: bool) {
    let known = Contact::new(contact).address("email", address);
    if imports {
        let row = Import::new(format!("list-{contact}")).row(ImportRow::new(known));
        engine.import(row).await.unwrap();
    } else {
        engine.identify(known).await.unwrap();
    }
}

#[test]
fn consent_without_the_former_key_a_suppression_is_forgotten_and_with_it_it_is_not() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock)) {
        let email = RecordingChannel::new("email");
        block_on(async {
            let before = engine(&store, 0, &email);
            publish(&before).await;
            before.suppress("email", ADDRESSES[0], None, "complaint").await.unwrap();
            before.suppress("email", ADDRESSES[1], None, "complaint").await.unwrap();
            let alone = Engine::builder(store.clone()).channel(email.clone());
            let alone = alone.fingerprint_key(FingerprintKey::new([8; 32])).build();
            meet(&alone, "lea", ADDRESSES[0], false).await;
            grant(&alone, "lea").await;
            assert_eq!(refusals(&alone, &store, "lea").await, [], "{name}: what the docs warn of");
            let after = engine(&store, 1, &email);
            meet(&after, "tom", ADDRESSES[1], true).await;
            grant(&after, "tom").await;
            assert!(refusals(&after, &store, "tom").await.contains(&Reason::Suppressed), "{name}");
        });
    }
}

#[test]
fn consent_a_right_for_one_address_outlives_the_key_and_goes_to_no_other() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let email = RecordingChannel::new("email");
        block_on(async {
            let before = engine(&store, 0, &email);
            publish(&before).await;
            // Of two records the one that goes on has no address of its own: the right that it takes over is for that address.
            meet(&before, "tom", ADDRESSES[0], false).await;
            grant(&before, "tom").await;
            before.identify(Contact::new("lea").attribute("name", "Léa")).await.unwrap();
            before.tick().await.unwrap();
            before.merge(&"tom".into(), &"lea".into()).await.unwrap();
            before.tick().await.unwrap();
            let allows = async || {
                let cold = store.contact(&"lea".into()).await.unwrap().unwrap().state.cold;
                let own = cold.contact.addresses.get("email").unwrap().fingerprint;
                assert!(
                    own.is_some() && !cold.standing.allows("marketing", "email", None),
                    "for one address"
                );
                (own, cold.standing.allows("marketing", "email", own))
            };
            let mut known = allows().await;
            assert!(known.1, "{name}: what it took over");
            for turns in [1, 2] {
                let after = engine(&store, turns, &email);
                meet(&after, "lea", ADDRESSES[0], turns == 1).await;
                after.tick().await.unwrap();
                let now = allows().await;
                assert!(now.1 && now.0 != known.0, "{name}: key {turns}");
                known = now;
            }
            meet(&engine(&store, 2, &email), "lea", ADDRESSES[1], false).await;
            engine(&store, 2, &email).tick().await.unwrap();
            assert!(!allows().await.1, "{name}: another address");
        });
    }
}

#[test]
fn consent_what_names_an_address_after_the_change_reaches_who_is_known_from_before() {
    let clock = ManualClock::new(start());
    for what in [Forbid::Suppress, Forbid::Stop, Forbid::Bounce] {
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            let email = RecordingChannel::new("email");
            block_on(async {
                let (before, after) = (engine(&store, 0, &email), engine(&store, 1, &email));
                publish(&before).await;
                meet(&before, "tom", ADDRESSES[0], false).await;
                grant(&before, "tom").await;
                // Léa has another address by now, and nobody tells the engine this one again.
                meet(&before, "lea", ADDRESSES[1], false).await;
                before.tick().await.unwrap();
                forbid(&after, what).await;
                let refused = refusals(&after, &store, "tom").await;
                let stands = refused.contains(&Reason::Suppressed) || refused.contains(&Reason::Withdrawn);
                assert!(stands, "{name}: {what:?}: {refused:?}");
            });
        }
    }
}

/// What forbids an address, by the worker and for the contact that are named.
#[derive(Clone, Copy, Debug)]
enum Forbid {
    Suppress,
    Withdraw,
    Stop,
    Bounce,
    Erase,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    forbid: Forbid,
    /// Under which key who forbids was met, and under which it is forbidden.
    met: usize,
    forbidden: usize,
    /// Under which key another contact with the address is met, before or after, and by an import or not.
    other: usize,
    after: bool,
    imports: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let forbid = prop_oneof![
        Just(Forbid::Suppress),
        Just(Forbid::Withdraw),
        Just(Forbid::Stop),
        Just(Forbid::Bounce),
        Just(Forbid::Erase)
    ];
    (forbid, 0..3_usize, 0..3_usize, 0..3_usize, any::<bool>(), any::<bool>()).prop_map(
        |(forbid, one, two, other, after, imports)| {
            // Keys change in one direction: whoever is met after a change is met by a worker that knows of it.
            let (met, forbidden) = (one.min(two), one.max(two));
            let other = if after { other.max(forbidden) } else { other.min(forbidden) };
            Plan { forbid, met, forbidden, other, after, imports }
        },
    )
}

async fn forbid(engine: &Engine, what: Forbid) {
    match what {
        Forbid::Suppress => engine.suppress("email", ADDRESSES[0], None, "complaint").await.unwrap(),
        Forbid::Withdraw => {
            let stop = Withdrawal::everything("lea", Evidence::new("page", "v1"));
            engine.withdraw(&stop).await.unwrap();
        }
        Forbid::Stop => {
            let stop = Inbound::new("lea", "email", "STOP").from_address(ADDRESSES[0]);
            engine.receive(&stop).await.unwrap();
        }
        Forbid::Bounce => {
            let gone = Returned::new("email", "smtp", "550 5.1.1 unknown").contact("lea");
            engine.bounced(&gone.address(ADDRESSES[0])).await.unwrap();
        }
        Forbid::Erase => drop(engine.erase(&"lea".into()).await.unwrap()),
    }
}

async fn follow(name: &str, store: Arc<dyn Store>, plan: Plan) {
    let email = RecordingChannel::new("email");
    publish(&engine(&store, 0, &email)).await;
    let (met, forbidding, other) = (
        engine(&store, plan.met, &email),
        engine(&store, plan.forbidden, &email),
        engine(&store, plan.other, &email),
    );
    let meets_lea = async {
        meet(&met, "lea", ADDRESSES[0], false).await;
        grant(&met, "lea").await;
        met.tick().await.unwrap();
    };
    let meets_tom = async {
        meet(&other, "tom", ADDRESSES[0], plan.imports).await;
        grant(&other, "tom").await;
        other.tick().await.unwrap();
    };
    if plan.after || plan.other >= plan.met {
        meets_lea.await;
        if plan.after {
            forbid(&forbidding, plan.forbid).await;
            meets_tom.await;
        } else {
            meets_tom.await;
            forbid(&forbidding, plan.forbid).await;
        }
    } else {
        meets_tom.await;
        meets_lea.await;
        forbid(&forbidding, plan.forbid).await;
    }
    // Whoever is written to is written to by the newest worker, which sees the address again.
    let last = engine(&store, 2, &email);
    meet(&last, "zoe", ADDRESSES[0], plan.imports).await;
    meet(&last, "eve", ADDRESSES[1], plan.imports).await;
    for contact in ["zoe", "eve"] {
        grant(&last, contact).await;
    }
    for contact in ["tom", "zoe"] {
        let refused = refusals(&last, &store, contact).await;
        let stands = refused.contains(&Reason::Suppressed) || refused.contains(&Reason::Withdrawn);
        assert!(stands, "{name}: {plan:?}: {contact} is refused for {refused:?}");
    }
    assert_eq!(refusals(&last, &store, "eve").await, [], "{name}: {plan:?}");
    let to: Vec<String> = email.sent().into_iter().map(|sent| sent.to.clone()).collect();
    assert_eq!(to, [ADDRESSES[1]], "{name}: {plan:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn consent_what_was_forbidden_under_one_key_stays_so_under_every_later_one(plan in plan()) {
        let clock = ManualClock::new(start());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            block_on(follow(name, store, plan));
        }
    }
}
