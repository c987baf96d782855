//! I12: what two records of one person allow together is what both allow, address by address; a merge never gives, and what is
//! told of the one that ended reaches the one that goes on.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::{Inbound, Returned};
use journeyman::machine::Withdrawal;
use journeyman::model::{ConsentRecord, ConsentStatus, ContactId, Evidence, MergeRefusal};
use journeyman::port::Store;
use journeyman::port::store::{MessageStatus, Take};
use journeyman::rule::proof::{Controller, verify};
use journeyman::rule::{Cap, Policy, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::testing::check::Checker;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

const CHANNELS: [&str; 2] = ["email", "push"];
const PURPOSES: [&str; 2] = ["marketing", "news"];
const WHO: [&str; 2] = ["web-77", "lea"];

fn clock() -> ManualClock {
    let monday: DateTime<Utc> = "2026-03-23T09:00:00Z".parse().unwrap();
    ManualClock::new(monday)
}

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

fn told(purpose: &str, channel: &str) -> String {
    format!("say.{purpose}.{channel}")
}

/// An engine with one journey for each purpose on each channel, and what left it.
struct Scene {
    engine: Engine,
    channels: Vec<RecordingChannel>,
    clock: ManualClock,
}

impl Scene {
    async fn new(store: Arc<dyn Store>, clock: &ManualClock, policy: Policy) -> Self {
        let channels: Vec<_> = CHANNELS.map(RecordingChannel::new).to_vec();
        let mut builder = Engine::builder(store).policy(policy);
        for channel in &channels {
            builder = builder.channel(channel.clone());
        }
        let engine = builder.build();
        let mut all = vec![TemplateDefinition::new("hello").text("Bonjour").into()];
        for purpose in PURPOSES {
            for channel in CHANNELS {
                let journey = Journey::builder(format!("{purpose}-{channel}"))
                    .enter_on(told(purpose, channel))
                    .reenter(journeyman::journey::Reenter::Always)
                    .send("say", channel, "hello", purpose);
                all.push(journey.build().unwrap().into());
            }
        }
        let slow = Journey::builder("slow").enter_on("order.paid").wait(Span::days(1));
        all.push(slow.build().unwrap().into());
        engine.publish(all).await.unwrap();
        Self { engine, channels, clock: clock.clone() }
    }

    async fn tick(&self) {
        self.engine.tick().await.unwrap();
    }

    async fn say_all(&self, who: &str) {
        for purpose in PURPOSES {
            for channel in CHANNELS {
                self.engine.track(Event::new(who, told(purpose, channel))).await.unwrap();
            }
        }
    }

    fn sent(&self) -> usize {
        self.channels.iter().map(|channel| channel.sent().len()).sum()
    }

    async fn merge(&self) -> Result<bool, Error> {
        self.engine.merge(&WHO[0].into(), &WHO[1].into()).await
    }
}

/// Something that is told of one of the two.
#[derive(Clone, Copy, Debug)]
enum Act {
    Lives { channel: usize, at: usize },
    Grants { purpose: usize, channel: usize },
    Stops { purpose: Option<usize>, channel: Option<usize> },
}

fn act() -> impl Strategy<Value = Act> {
    act_of(2)
}

/// One act, and how many of eight forbid.
fn act_of(stops: u32) -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..2usize, 0..2usize).prop_map(|(channel, at)| Act::Lives { channel, at }),
        6 - stops => (0..2usize, 0..2usize).prop_map(|(purpose, channel)| Act::Grants { purpose, channel }),
        stops => (prop::option::of(0..2usize), prop::option::of(0..2usize))
            .prop_map(|(purpose, channel)| Act::Stops { purpose, channel }),
    ]
}

fn address(at: usize, channel: usize) -> String {
    format!("place-{at}@{}.example.org", CHANNELS[channel])
}

async fn tell(engine: &Engine, who: &str, act: Act) {
    match act {
        Act::Lives { channel, at } => {
            let contact = Contact::new(who).address(CHANNELS[channel], address(at, channel));
            engine.identify(contact).await.unwrap();
        }
        Act::Grants { purpose, channel } => {
            let granted = Consent::granted(who, PURPOSES[purpose], CHANNELS[channel], evidence());
            engine.consent(granted).await.unwrap();
        }
        Act::Stops { purpose, channel } => {
            let mut stop = Withdrawal::everything(who, evidence());
            if let Some(channel) = channel {
                stop = stop.on_channel(CHANNELS[channel]);
            }
            if let Some(purpose) = purpose {
                stop = stop.for_purpose(PURPOSES[purpose]);
            }
            engine.withdraw(&stop).await.unwrap();
        }
    }
}

/// What one of the two said, as a plain list of the newest words: the oracle.
#[derive(Clone, Default)]
struct Said {
    lives: BTreeMap<usize, usize>,
    /// By purpose and channel, whether the newest word is a yes.
    words: BTreeMap<(usize, usize), bool>,
    /// Where alone such a yes holds, where it was taken over.
    bound: BTreeMap<(usize, usize), usize>,
}

impl Said {
    fn hear(&mut self, act: Act) {
        match act {
            Act::Lives { channel, at } => drop(self.lives.insert(channel, at)),
            Act::Grants { purpose, channel } => {
                self.words.insert((purpose, channel), true);
                self.bound.remove(&(purpose, channel));
            }
            Act::Stops { purpose, channel } => {
                for p in (0..2).filter(|p| purpose.is_none_or(|purpose| purpose == *p)) {
                    for c in (0..2).filter(|c| channel.is_none_or(|channel| channel == *c)) {
                        self.words.insert((p, c), false);
                    }
                }
            }
        }
    }

    /// Whether a yes holds at a place.
    fn holds(&self, pair: (usize, usize), at: usize) -> bool {
        self.words.get(&pair) == Some(&true) && self.bound.get(&pair).is_none_or(|bound| *bound == at)
    }

    /// The two as one: each address keeps the rights of who has it, less what the other one denies; one that both have keeps
    /// those that both gave. What is lost so was denied by nobody, and denies nothing to a third one.
    fn with(&self, loser: &Self) -> Self {
        let mut one = self.clone();
        one.lives.extend(loser.lives.iter().filter(|(channel, _)| !self.lives.contains_key(channel)));
        for pair in (0..2).flat_map(|purpose| (0..2).map(move |channel| (purpose, channel))) {
            if [self, loser].iter().any(|side| side.words.get(&pair) == Some(&false)) {
                one.words.insert(pair, false);
                continue;
            }
            match (self.lives.get(&pair.1), loser.lives.get(&pair.1)) {
                (Some(own), Some(at)) if own == at && self.holds(pair, *at) && !loser.holds(pair, *at) => {
                    one.words.remove(&pair);
                }
                (None, Some(at)) => {
                    one.words.remove(&pair);
                    if loser.holds(pair, *at) {
                        one.words.insert(pair, true);
                        one.bound.insert(pair, *at);
                    }
                }
                _ => {}
            }
        }
        one
    }

    fn may(&self, purpose: usize, channel: usize) -> bool {
        self.lives.get(&channel).is_some_and(|at| self.holds((purpose, channel), *at))
    }
}

fn config(cases: u32) -> Config {
    Config { rng_seed: RngSeed::Fixed(12), failure_persistence: None, ..Config::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn consent_of_a_merged_contact_is_what_both_allow(
        before in prop::collection::vec((0..2usize, act()), 0..14),
        unread in prop::collection::vec(act(), 0..4),
        after in prop::collection::vec((0..2usize, act()), 0..4),
        waiting in any::<bool>(),
    ) {
        let clock = clock();
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            let outcome = block_on(async {
                let scene = Scene::new(store.clone(), &clock, Policy::default()).await;
                for who in WHO {
                    scene.engine.identify(Contact::new(who)).await.unwrap();
                }
                let mut said = [Said::default(), Said::default()];
                for (who, act) in &before {
                    tell(&scene.engine, WHO[*who], *act).await;
                    said[*who].hear(*act);
                }
                if waiting {
                    for who in WHO {
                        scene.say_all(who).await;
                    }
                }
                // Everything is read, and nothing of it is handed over.
                while scene.engine.advance().await.unwrap().contacts > 0 {}
                for act in &unread {
                    tell(&scene.engine, WHO[1], *act).await;
                    said[1].hear(*act);
                }
                scene.merge().await.unwrap();
                let mut one = said[1].with(&said[0]);
                for (who, act) in &after {
                    tell(&scene.engine, WHO[*who], *act).await;
                    one.hear(*act);
                }
                scene.say_all(WHO[usize::from(waiting)]).await;
                scene.tick().await;
                scene.clock.advance(TimeDelta::minutes(1));
                scene.tick().await;
                let mut wrong = Vec::new();
                for (channel, on) in CHANNELS.iter().enumerate() {
                    let sent: BTreeSet<String> = scene.channels[channel]
                        .sent()
                        .iter()
                        .map(|sent| format!("{} {}", sent.message.purpose, sent.message.contact))
                        .collect();
                    for (purpose, word) in PURPOSES.iter().enumerate() {
                        let got = sent.contains(&format!("{word} {}", WHO[1]));
                        if got != one.may(purpose, channel) {
                            wrong.push(format!("{word} by {on}: sent {got}"));
                        }
                        if sent.contains(&format!("{word} {}", WHO[0])) {
                            wrong.push(format!("{word} was said to the one that ended"));
                        }
                    }
                }
                let findings = Checker::new().check(&*store).await.unwrap();
                if !findings.is_clean() {
                    wrong.push(format!("{findings:?}"));
                }
                wrong
            });
            prop_assert!(outcome.is_empty(), "{name}: {outcome:?}");
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn consent_of_three_that_become_one_is_denied_by_those_alone_who_said_no(
        homes in prop::collection::vec((0..3usize, 0..2usize, 0..2usize), 0..7),
        acts in prop::collection::vec((0..3usize, act_of(1)), 4..24),
        between in prop::collection::vec((0..3usize, act()), 0..4),
        after in prop::collection::vec((0..3usize, act()), 0..3),
        chain in any::<bool>(),
    ) {
        const ALL: [&str; 3] = ["web-77", "tel-12", "lea"];
        let clock = clock();
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            let outcome = block_on(async {
                let scene = Scene::new(store.clone(), &clock, Policy::default()).await;
                for who in ALL {
                    scene.engine.identify(Contact::new(who)).await.unwrap();
                }
                let mut said: [Said; 3] = Default::default();
                let homes = homes.iter().map(|(who, channel, at)| (*who, Act::Lives { channel: *channel, at: *at }));
                for (who, act) in homes.chain(acts.iter().copied()).collect::<Vec<_>>() {
                    tell(&scene.engine, ALL[who], act).await;
                    said[who].hear(act);
                }
                scene.tick().await;
                // One by one into the next, or both into the last.
                let first = if chain { 1 } else { 2 };
                scene.engine.merge(&ALL[0].into(), &ALL[first].into()).await.unwrap();
                said[first] = said[first].with(&said[0]);
                scene.tick().await;
                for (who, act) in &between {
                    tell(&scene.engine, ALL[*who], *act).await;
                    said[if *who == 0 { first } else { *who }].hear(*act);
                }
                scene.tick().await;
                scene.engine.merge(&ALL[1].into(), &ALL[2].into()).await.unwrap();
                let mut one = said[2].with(&said[1]);
                for (who, act) in &after {
                    tell(&scene.engine, ALL[*who], *act).await;
                    one.hear(*act);
                }
                scene.say_all("lea").await;
                scene.tick().await;
                let mut wrong = Vec::new();
                for (channel, on) in CHANNELS.iter().enumerate() {
                    let sent = scene.channels[channel].sent();
                    for (purpose, word) in PURPOSES.iter().enumerate() {
                        let got = sent.iter().any(|sent| &*sent.message.purpose == *word);
                        if got != one.may(purpose, channel) {
                            wrong.push(format!("{word} by {on}: sent {got}"));
                        }
                    }
                }
                let findings = Checker::new().check(&*store).await.unwrap();
                if !findings.is_clean() {
                    wrong.push(format!("{findings:?}"));
                }
                wrong
            });
            prop_assert!(outcome.is_empty(), "{name}: {outcome:?}");
        }
    }
}

/// Runs a story on each store.
fn on_each<F>(policy: &Policy, story: impl Fn(Scene, Arc<dyn Store>) -> F)
where
    F: Future<Output = ()>,
{
    let clock = clock();
    for (_, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let scene = Scene::new(store.clone(), &clock, policy.clone()).await;
            story(scene, store).await;
        });
    }
}

async fn two(scene: &Scene) {
    let lea = Contact::new("lea").address("email", "lea@example.org");
    let web = Contact::new("web-77").address("push", "token-1").attribute("city", "Lyon").tag("web");
    scene.engine.identify(lea).await.unwrap();
    scene.engine.identify(web).await.unwrap();
    for (who, channel) in [("lea", "email"), ("web-77", "push")] {
        scene.engine.consent(Consent::granted(who, "news", channel, evidence())).await.unwrap();
    }
    scene.tick().await;
}

#[test]
fn consent_of_nobody_begins_between_the_merge_and_its_reading() {
    on_each(&Policy::default(), |scene, store| async move {
        two(&scene).await;
        scene.engine.track(Event::new("lea", told("news", "email"))).await.unwrap();
        while scene.engine.advance().await.unwrap().contacts > 0 {}
        let take = Take::of(9, ["email".into(), "push".into()]);
        assert_eq!(store.take(&take).await.unwrap().messages.len(), 1);
        assert!(scene.merge().await.unwrap());
        assert!(store.take(&take).await.unwrap().messages.is_empty());
        assert!(store.forbidden(&"lea".into(), &"email".into(), &"news".into()).await.unwrap().denied);
        scene.tick().await;
        assert_eq!(scene.sent(), 1);
        assert!(!store.forbidden(&"lea".into(), &"email".into(), &"news".into()).await.unwrap().denied);
    });
}

#[test]
fn consent_merge_refuses_what_goes_round_and_repeats_without_effect() {
    on_each(&Policy::default(), |scene, store| async move {
        two(&scene).await;
        let engine = &scene.engine;
        let refused = |result: Result<bool, Error>| match result {
            Err(Error::NotMerged { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(engine.merge(&"lea".into(), &"lea".into()).await), MergeRefusal::Itself);
        let stranger = engine.merge(&"nobody".into(), &"lea".into()).await;
        assert!(matches!(stranger, Err(Error::UnknownContact { .. })));
        engine.track(Event::new("web-77", "seen")).await.unwrap();
        assert_eq!(refused(scene.merge().await), MergeRefusal::Unread);
        scene.tick().await;
        assert!(scene.merge().await.unwrap());
        let mail = store.inputs(&"lea".into(), 0, u64::MAX >> 1).await.unwrap().len();
        assert!(!scene.merge().await.unwrap());
        assert_eq!(store.inputs(&"lea".into(), 0, u64::MAX >> 1).await.unwrap().len(), mail);
        assert_eq!(refused(engine.merge(&"lea".into(), &"web-77".into()).await), MergeRefusal::Circle);
        // A chain: both end in the same contact.
        engine.identify(Contact::new("max")).await.unwrap();
        scene.tick().await;
        assert!(engine.merge(&"lea".into(), &"max".into()).await.unwrap());
        for alias in ["lea", "web-77"] {
            assert_eq!(store.alias(&alias.into()).await.unwrap(), Some("max".into()));
        }
        let both: Vec<ContactId> = vec!["lea".into(), "web-77".into()];
        assert_eq!(store.aliases(&"max".into()).await.unwrap(), both);
        engine.identify(Contact::new("tom")).await.unwrap();
        scene.tick().await;
        let other = refused(engine.merge(&"web-77".into(), &"tom".into()).await);
        assert_eq!(other, MergeRefusal::Elsewhere("max".into()));
        engine.erase(&"tom".into()).await.unwrap();
        let erased = engine.merge(&"tom".into(), &"max".into()).await;
        assert!(matches!(erased, Err(Error::Erased { .. })));
        let erased = engine.merge(&"max".into(), &"tom".into()).await;
        assert!(matches!(erased, Err(Error::Erased { .. })));
    });
}

#[test]
fn consent_and_all_else_that_is_told_of_an_alias_reaches_who_goes_on() {
    on_each(&Policy::default(), |scene, store| async move {
        two(&scene).await;
        let engine = &scene.engine;
        assert!(engine.track(Event::new("web-77", "order.paid").id("o-1")).await.unwrap());
        engine.track(Event::new("web-77", told("news", "push"))).await.unwrap();
        scene.tick().await;
        let message = store.messages(&"web-77".into()).await.unwrap()[0].message.id;
        scene.merge().await.unwrap();
        // One that was told before the merge is told twice, and another one is new.
        assert!(!engine.track(Event::new("web-77", "order.paid").id("o-1")).await.unwrap());
        assert!(engine.track(Event::new("web-77", "order.paid").id("o-2")).await.unwrap());
        engine.identify(Contact::new("web-77").attribute("level", 3)).await.unwrap();
        scene.tick().await;
        let lea = store.contact(&"lea".into()).await.unwrap().unwrap().state;
        assert_eq!(lea.hot.performed.tally("order.paid").map(|tally| tally.count), Some(2));
        let known = &lea.cold.contact;
        assert!(["city", "level"].into_iter().all(|name| known.attributes.contains_key(name)));
        assert!(known.tags.contains("web") && known.addresses.contains_key("push"));
        let ended = store.steps(&"web-77".into()).await.unwrap();
        assert!(format!("{:?}", ended.last()).contains("Merged"), "{ended:?}");
        assert!(store.contact(&"web-77".into()).await.unwrap().unwrap().state.hot.enrollments.is_empty());
        // What became of the message of the one that ended is answered for both ids.
        for who in ["lea", "web-77"] {
            assert!(engine.why(&who.into(), message).await.unwrap().sentence.starts_with("It was sent"));
        }
        // A word that comes in under the old id stops the person, and its old address.
        engine.receive(&Inbound::new("web-77", "push", "STOP")).await.unwrap();
        assert!(store.forbidden(&"lea".into(), &"push".into(), &"news".into()).await.unwrap().denied);
        let gone = Returned::new("email", "smtp", "550 5.1.1 user unknown").contact("web-77");
        engine.bounced(&gone).await.unwrap();
        assert!(store.forbidden(&"lea".into(), &"email".into(), &"news".into()).await.unwrap().suppressed);
        scene.tick().await;
        let sent = scene.sent();
        scene.say_all("web-77").await;
        scene.tick().await;
        assert_eq!(scene.sent(), sent);
    });
}

#[test]
fn consent_chains_of_both_are_in_the_proof_and_verify() {
    on_each(&Policy::default(), |scene, _| async move {
        two(&scene).await;
        scene.merge().await.unwrap();
        scene.tick().await;
        let school = Controller::new("Atelier du Fond", "privacy@example.org");
        for who in ["lea", "web-77"] {
            let text = scene.engine.proof(&who.into(), &school).await.unwrap().to_json();
            let proof = verify(&text).unwrap();
            assert_eq!(proof.header.pii_principal_id.as_str(), "lea");
            assert_eq!((proof.merged.len(), proof.merged[0].events.len()), (1, 1));
            let head = proof.merged[0].head;
            let linked = |event: &journeyman::rule::proof::ProofEvent| {
                event.record.evidence.commitment == Some(head) && &*event.record.evidence.source == "merge"
            };
            assert!(proof.events.iter().any(linked), "the chain names where the other one ended");
            let forged =
                text.replacen("\"pii_principal_id\": \"web-77\"", "\"pii_principal_id\": \"web-78\"", 1);
            assert!(verify(&forged).is_err());
        }
    });
}

#[test]
fn consent_that_a_merge_ends_is_no_word_against_a_third_one() {
    on_each(&Policy::default(), |scene, store| async move {
        two(&scene).await;
        let engine = &scene.engine;
        // She said yes before she had an address, and the address comes from somebody who never did.
        engine.identify(Contact::new("tel-12")).await.unwrap();
        for purpose in PURPOSES {
            engine.consent(Consent::granted("tel-12", purpose, "email", evidence())).await.unwrap();
        }
        engine
            .withdraw(&Withdrawal::everything("tel-12", evidence()).for_purpose("marketing"))
            .await
            .unwrap();
        engine.consent(Consent::granted("lea", "marketing", "email", evidence())).await.unwrap();
        engine.identify(Contact::new("web-77").address("email", "web@example.org")).await.unwrap();
        scene.tick().await;
        engine.merge(&"web-77".into(), &"tel-12".into()).await.unwrap();
        scene.tick().await;
        let silenced = |record: &ConsentRecord| {
            record.status == ConsentStatus::Invalidated && record.purpose.as_deref() == Some("news")
        };
        assert!(store.consents(&"tel-12".into()).await.unwrap().iter().any(silenced));
        engine.merge(&"tel-12".into(), &"lea".into()).await.unwrap();
        scene.tick().await;
        scene.say_all("lea").await;
        scene.tick().await;
        let sent: Vec<_> =
            scene.channels[0].sent().iter().map(|sent| sent.message.purpose.to_string()).collect();
        assert_eq!(sent, ["news"]);
    });
}

/// The same story with a bug that others shipped must end otherwise.
#[cfg(seeded_bugs)]
#[test]
fn consent_with_the_bug_of_silence_three_records_are_not_what_they_are() {
    use journeyman::seeded::{Bug, plant};
    for bug in Bug::OF_MERGES {
        plant(Some(bug));
        let told = std::panic::catch_unwind(consent_that_a_merge_ends_is_no_word_against_a_third_one);
        plant(None);
        println!("| {} | {} | {} |", bug.number(), bug.sentence(), bug.invariant());
        assert!(told.is_err(), "{bug:?} is not seen");
    }
}

#[test]
fn consent_caps_are_not_reset_by_a_merge() {
    let weekly = Cap::new("weekly", 1, Span::days(7)).for_purpose("news").at_least(1);
    let policy = Policy::default().cap(weekly);
    on_each(&policy, |scene, _| async move {
        two(&scene).await;
        scene.engine.track(Event::new("web-77", told("news", "push"))).await.unwrap();
        scene.tick().await;
        assert_eq!(scene.sent(), 1);
        scene.merge().await.unwrap();
        let floors = scene.engine.floors(&"lea".into()).await.unwrap();
        assert!(!floors[0].is_missed(), "what was said to the one that ended was said");
        scene.engine.track(Event::new("lea", told("news", "email"))).await.unwrap();
        scene.tick().await;
        assert_eq!(scene.sent(), 1);
        scene.clock.advance(TimeDelta::days(8));
        scene.tick().await;
        assert_eq!(scene.sent(), 2);
    });
}

#[test]
fn consent_erasure_by_either_id_forgets_both() {
    for who in ["lea", "web-77"] {
        on_each(&Policy::default(), |scene, store| async move {
            two(&scene).await;
            scene.engine.track(Event::new("web-77", told("news", "push"))).await.unwrap();
            scene.tick().await;
            scene.merge().await.unwrap();
            assert!(scene.engine.erase(&who.into()).await.unwrap());
            for id in ["lea", "web-77"] {
                let stored = store.contact(&id.into()).await.unwrap().unwrap();
                assert!(stored.erased && stored.state.cold.contact.size() == 0, "{id}");
                assert!(store.inputs(&id.into(), 0, u64::MAX >> 1).await.unwrap().is_empty());
                assert!(store.steps(&id.into()).await.unwrap().is_empty());
                let messages = store.messages(&id.into()).await.unwrap();
                assert!(
                    messages.iter().all(|one| one.content.is_none() && one.status != MessageStatus::Pending)
                );
                let again = scene.engine.track(Event::new(id, "seen")).await;
                assert!(matches!(again, Err(Error::Erased { .. })), "{again:?}");
            }
            // The address of the one that ended is denied for whoever has it.
            scene.engine.identify(Contact::new("tom").address("push", "token-1")).await.unwrap();
            scene.tick().await;
            assert!(store.forbidden(&"tom".into(), &"push".into(), &"news".into()).await.unwrap().denied);
        });
    }
}
