//! What named third parties are told of a contact: never without a yes to that very purpose, and once the yes has ended exactly one
//! removal each, which no withdrawal, merge, crash or erasure stops; all of it on record.

mod common;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, select};
use journeyman::channel::RecordingChannel;
use journeyman::machine::Withdrawal;
use journeyman::model::{
    ConsentStatus, Deed, Evidence, FingerprintKey, Handover, MessageId, Outcome, Reason, Share, SharingAct,
};
use journeyman::port::store::{Amended, MessageRecord, MessageStatus};
use journeyman::port::{Channel, Clock, OnUnknown, Store};
use journeyman::rule::proof::{Controller, verify};
use journeyman::rule::{Minors, Policy, Purpose, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

const LEA: &str = "c-1042";
const PARTNERS: [&str; 2] = ["maison-k", "festival-b"];
/// What is personal, in every field: none of it may be in a removal.
const CANARY: &str = "canary-7f3a";

fn start() -> DateTime<Utc> {
    "2026-03-23T09:00:00Z".parse().unwrap()
}

fn form() -> Evidence {
    Evidence::new("form", "notice-2026-03").showing("Oui, parlez de moi à Maison K.")
}

fn channel_of(partner: &str) -> String {
    format!("share:{partner}")
}

fn policy() -> Policy {
    let told = |with: &str| Purpose::sharing(with).telling_attribute("first_name").telling_address("email");
    PARTNERS.iter().fold(Policy::new("ours"), |policy, with| policy.purpose(told(with)))
}

fn lea() -> Contact {
    Contact::new(LEA)
        .attribute("first_name", format!("Léa {CANARY}"))
        .attribute("secret", format!("undeclared-{CANARY}"))
        .address("email", format!("{CANARY}@example.org"))
}

/// One call of a third party.
#[derive(Clone, Debug)]
struct Call {
    at: DateTime<Utc>,
    message: MessageId,
    act: SharingAct,
    subject: String,
    bytes: String,
    accepted: bool,
}

/// What a third party does with its next call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Accept,
    Retry,
    Lose,
    Refuse,
    /// The worker dies while it waits.
    Hang,
}

struct Inner {
    name: String,
    clock: ManualClock,
    honours: bool,
    next: Mutex<VecDeque<Does>>,
    calls: Mutex<Vec<Call>>,
    hanging: Mutex<Option<oneshot::Sender<()>>>,
}

/// A third party that writes down every call.
#[derive(Clone)]
struct Partner(Arc<Inner>);

impl Partner {
    fn new(name: &str, clock: &ManualClock, honours: bool) -> Self {
        Self(Arc::new(Inner {
            name: channel_of(name),
            clock: clock.clone(),
            honours,
            next: Mutex::default(),
            calls: Mutex::default(),
            hanging: Mutex::default(),
        }))
    }

    fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap().clone()
    }

    fn does(&self, next: Does) {
        self.0.next.lock().unwrap().push_back(next);
    }

    fn count(&self, act: SharingAct) -> usize {
        let calls = self.calls();
        calls.iter().filter(|call| call.act == act).map(|call| call.message).collect::<BTreeSet<_>>().len()
    }
}

#[async_trait]
impl Channel for Partner {
    fn name(&self) -> &str {
        &self.0.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let sharing = handover.sharing().unwrap();
        assert_eq!(format!("share:{}", handover.to), self.0.name);
        assert!(handover.contact.is_none());
        let does = self.0.next.lock().unwrap().pop_front().unwrap_or(Does::Accept);
        // A third party that will never remove what it was told is a matter for people, not for a test.
        let does =
            if sharing.act == SharingAct::Removal && does == Does::Refuse { Does::Retry } else { does };
        self.0.calls.lock().unwrap().push(Call {
            at: self.0.clock.now(),
            message: handover.message.id,
            act: sharing.act,
            subject: format!("{:?}", sharing.subject),
            bytes: format!("{}\n{:?}", serde_json::to_string(handover.content).unwrap(), handover.to),
            accepted: does == Does::Accept,
        });
        match does {
            Does::Accept => Outcome::Accepted,
            Does::Retry => Outcome::Retry { after: None },
            Does::Lose => Outcome::Unknown,
            Does::Refuse => Outcome::Refused { reason: "no".into() },
            Does::Hang => {
                if let Some(hanging) = self.0.hanging.lock().unwrap().take() {
                    hanging.send(()).ok();
                }
                std::future::pending().await
            }
        }
    }

    fn honours_ids(&self) -> bool {
        self.0.honours
    }

    fn on_unknown(&self) -> OnUnknown {
        OnUnknown::Park
    }
}

/// An engine, its third parties, and what a crash leaves of them.
struct Scene {
    store: Arc<dyn Store>,
    engine: Engine,
    clock: ManualClock,
    partners: Vec<Partner>,
    key: u8,
}

fn engine_of(store: &Arc<dyn Store>, partners: &[Partner], key: u8) -> Engine {
    let mut builder =
        Engine::builder(store.clone()).policy(policy()).fingerprint_key(FingerprintKey::new([key; 32]));
    for partner in partners {
        builder = builder.channel(partner.clone());
    }
    builder.build()
}

impl Scene {
    fn new(store: Arc<dyn Store>, clock: &ManualClock, honours: bool) -> Self {
        let partners: Vec<_> = PARTNERS.iter().map(|name| Partner::new(name, clock, honours)).collect();
        let engine = engine_of(&store, &partners, 1);
        Self { store, engine, clock: clock.clone(), partners, key: 1 }
    }

    fn restart(&mut self) {
        self.engine = engine_of(&self.store, &self.partners, self.key);
    }

    /// Ticks until nothing is left to do at this instant; a worker that hangs dies, and another one begins.
    async fn tick(&mut self) {
        for _ in 0..6 {
            let (dies, died) = oneshot::channel();
            let dies = Arc::new(Mutex::new(Some(dies)));
            let mut listeners = Vec::new();
            for partner in &self.partners {
                let (tell, told) = oneshot::channel();
                *partner.0.hanging.lock().unwrap() = Some(tell);
                let dies = dies.clone();
                listeners.push(Box::pin(async move {
                    if told.await.is_ok()
                        && let Some(dies) = dies.lock().unwrap().take()
                    {
                        dies.send(()).ok();
                    }
                }));
            }
            let any = Box::pin(futures::future::join_all(listeners));
            let died = Box::pin(select(died, any));
            let ended = match select(Box::pin(self.engine.tick()), died).await {
                Either::Left((tick, _)) => {
                    tick.unwrap();
                    true
                }
                Either::Right(_) => false,
            };
            if !ended {
                self.restart();
            }
        }
    }

    /// Lets time pass until everything that can be settled is.
    async fn settle(&mut self) {
        for partner in &self.partners {
            partner.0.next.lock().unwrap().clear();
        }
        for _ in 0..12 {
            self.tick().await;
            self.clock.advance(TimeDelta::hours(8));
        }
        self.tick().await;
    }

    async fn know(&self, contact: Contact) {
        self.engine.identify(contact).await.unwrap();
    }

    async fn grant(&self, who: &str, partner: &str) {
        let yes = Consent::granted(who, partner, channel_of(partner), form());
        self.engine.consent(yes).await.unwrap();
    }

    async fn shared(&self, who: &str) -> Vec<MessageRecord> {
        let messages = self.store.messages(&who.into()).await.unwrap();
        messages.into_iter().filter(|one| one.message.sharing.is_some()).collect()
    }

    async fn count(&self, who: &str, act: SharingAct, status: MessageStatus) -> usize {
        let shared = self.shared(who).await.into_iter();
        shared.filter(|one| one.message.sharing.as_ref().unwrap().act == act && one.status == status).count()
    }
}

/// The same scene on every store.
fn on_every_store(run: impl AsyncFn(&'static str, Scene)) {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(run(name, Scene::new(store, &clock, false)));
    }
}

#[test]
fn consent_a_third_party_is_told_what_is_declared_and_told_to_remove_it_after_an_erasure_too() {
    on_every_store(async |name, mut scene| {
        scene.know(lea()).await;
        scene.grant(LEA, PARTNERS[0]).await;
        assert!(scene.engine.share(Share::new(LEA, PARTNERS[0]).id("1")).await.unwrap(), "{name}");
        assert!(!scene.engine.share(Share::new(LEA, PARTNERS[0]).id("1")).await.unwrap(), "{name}");
        scene.tick().await;
        let told = scene.partners[0].calls();
        assert_eq!(told.len(), 1, "{name}");
        for part in ["first_name", "email", "notice-2026-03", "hash"] {
            assert!(told[0].bytes.contains(part), "{name}: {part} in {}", told[0].bytes);
        }
        for part in ["undeclared", "secret", LEA] {
            assert!(!told[0].bytes.contains(part), "{name}: {part} in {}", told[0].bytes);
        }
        assert!(scene.partners[1].calls().is_empty());
        assert!(scene.engine.erase(&LEA.into()).await.unwrap());
        scene.tick().await;
        let told = scene.partners[0].calls();
        assert_eq!((told.len(), told[1].act), (2, SharingAct::Removal), "{name}");
        assert_eq!(told[0].subject, told[1].subject, "{name}");
        assert!(!told[1].bytes.contains(CANARY) && !told[1].bytes.contains(LEA), "{}", told[1].bytes);
        // Erased once more, restarted, much later: nothing else.
        scene.engine.erase(&LEA.into()).await.unwrap();
        scene.restart();
        scene.settle().await;
        assert_eq!(scene.partners[0].calls().len(), 2, "{name}");
        assert!(matches!(scene.engine.share(Share::new(LEA, PARTNERS[0])).await, Err(Error::Erased { .. })));
        // The proof has both.
        let controller = Controller::new("example-music", "privacy@example.org");
        let text = scene.engine.proof(&LEA.into(), &controller).await.unwrap().to_json();
        let acts: Vec<_> =
            verify(&text).unwrap().decisions.into_iter().map(|one| one.sharing.unwrap().act).collect();
        assert_eq!(acts, [SharingAct::Export, SharingAct::Removal], "{name}");
        let processing = &verify(&text).unwrap().processing[0];
        assert_eq!(processing.recipients, [PARTNERS[0].into()], "{name}");
        assert_eq!(processing.pii_information, ["first_name".into(), "email".into()], "{name}");
    });
}

#[test]
fn consent_every_refused_sharing_is_on_record_with_its_reasons() {
    on_every_store(async |name, mut scene| {
        let policy = policy().minors(Minors::new("age_band", "under_15"));
        let engine = Engine::builder(scene.store.clone()).policy(policy).channel(scene.partners[0].clone());
        scene.engine = engine.channel(scene.partners[1].clone()).build();
        scene.know(lea()).await;
        let ask = async |scene: &mut Scene, reasons: &[Reason]| {
            assert!(scene.engine.share(Share::new(LEA, PARTNERS[0])).await.unwrap());
            scene.engine.tick().await.unwrap();
            let last = scene.shared(LEA).await.pop().unwrap();
            assert_eq!(last.status, MessageStatus::Refused, "{name}");
            let why = scene.engine.why(&LEA.into(), last.message.id).await.unwrap();
            assert_eq!(why.decision.unwrap().reasons, reasons, "{name}");
            why.sentence
        };
        let sentence = ask(&mut scene, &[Reason::NoConsent]).await;
        let expected =
            "maison-k was not told of the contact: the contact never allowed \"maison-k\" by share:maison-k.";
        assert_eq!(sentence, expected);
        // A yes to another party, to a message, or to this party elsewhere is none.
        scene.grant(LEA, PARTNERS[1]).await;
        for (purpose, channel) in
            [("marketing", "email"), ("marketing", "share:maison-k"), ("maison-k", "email")]
        {
            let yes = Consent::granted(LEA, purpose, channel, form());
            scene.engine.consent(yes).await.unwrap();
        }
        ask(&mut scene, &[Reason::NoConsent]).await;
        scene.grant(LEA, PARTNERS[0]).await;
        scene.know(Contact::new(LEA).attribute("age_band", "under_15")).await;
        ask(&mut scene, &[Reason::Minor]).await;
        scene.know(Contact::new(LEA).attribute("age_band", "over")).await;
        // Somebody who had the same address is erased, and it is told to nobody.
        scene.know(Contact::new("twin").address("email", format!("{CANARY}@example.org"))).await;
        scene.engine.tick().await.unwrap();
        scene.engine.erase(&"twin".into()).await.unwrap();
        ask(&mut scene, &[Reason::Suppressed]).await;
        scene.engine.suppress("email", &format!("{CANARY}@example.org"), None, "bounce").await.unwrap();
        ask(&mut scene, &[Reason::Suppressed]).await;
        scene.engine.withdraw(&Withdrawal::objection(LEA, form())).await.unwrap();
        ask(&mut scene, &[Reason::Objected, Reason::Suppressed]).await;
        assert!(scene.partners[0].calls().is_empty(), "{name}");
        // Nothing had begun, so nothing is removed.
        assert_eq!(scene.shared(LEA).await.len(), 6, "{name}");
        let unknown = scene.engine.share(Share::new(LEA, "marketing")).await;
        assert!(matches!(unknown, Err(Error::Invalid { what: "sharing", .. })), "{name}");
        let stranger = scene.engine.share(Share::new("stranger", PARTNERS[0])).await;
        assert!(matches!(stranger, Err(Error::UnknownContact { .. })), "{name}");
    });
}

#[test]
fn consent_a_purpose_of_sharing_sends_nothing_and_no_step_tells_a_third_party() {
    on_every_store(async |name, scene| {
        let engine = Engine::builder(scene.store.clone()).policy(policy()).channel(scene.partners[0].clone());
        let engine = engine.channel(RecordingChannel::new("email")).build();
        let template = TemplateDefinition::new("hello").text("Bonjour");
        for (channel, purpose) in
            [("email", "maison-k"), ("share:maison-k", "maison-k"), ("share:maison-k", "news")]
        {
            let journey = Journey::builder("j").enter_on("e").send("say", channel, "hello", purpose);
            let published = engine.publish([template.clone().into(), journey.build().unwrap().into()]).await;
            let refused = published.unwrap_err().to_string();
            assert!(refused.contains("J124"), "{name}: {refused}");
        }
        let asks = Journey::builder("j").enter_on("e").call(
            "ask",
            journeyman::journey::CallDefinition::new("share:maison-k", journeyman::time::Span::hours(1)),
        );
        let refused = engine.publish([asks.build().unwrap().into()]).await.unwrap_err().to_string();
        assert!(refused.contains("J124"), "{name}: {refused}");
        // Published before the policy had the purpose: the gate refuses it all the same.
        let before = Engine::builder(scene.store.clone()).channel(RecordingChannel::new("email"));
        let before = before.channel(RecordingChannel::new("share:maison-k")).build();
        let email = Journey::builder("j").enter_on("e").send("say", "email", "hello", "maison-k");
        before.publish([template.into(), email.build().unwrap().into()]).await.unwrap();
        scene.know(lea()).await;
        for channel in ["email", "share:maison-k"] {
            engine.consent(Consent::granted(LEA, "maison-k", channel, form())).await.unwrap();
        }
        engine.track(Event::new(LEA, "e")).await.unwrap();
        engine.tick().await.unwrap();
        let run = engine.store().steps(&LEA.into()).await.unwrap()[0].enrollment;
        let why = engine.why(&LEA.into(), (run, "say")).await.unwrap();
        assert_eq!(why.decision.unwrap().reasons, [Reason::OtherUse], "{name}");
        let mut twice = policy();
        twice.purposes[1].usage = journeyman::rule::Use::Sharing { with: PARTNERS[0].into() };
        assert!(twice.check().unwrap_err().to_string().contains("J126"));
    });
}

#[test]
fn consent_the_id_that_a_third_party_was_given_outlives_the_key_and_no_two_parties_have_one() {
    on_every_store(async |name, mut scene| {
        scene.know(lea()).await;
        for partner in PARTNERS {
            scene.grant(LEA, partner).await;
            scene.engine.share(Share::new(LEA, partner)).await.unwrap();
        }
        scene.tick().await;
        scene.key = 2;
        scene.restart();
        scene.engine.share(Share::new(LEA, PARTNERS[0])).await.unwrap();
        scene.tick().await;
        scene.engine.withdraw(&Withdrawal::everything(LEA, form())).await.unwrap();
        scene.tick().await;
        let calls: Vec<_> = scene.partners.iter().map(Partner::calls).collect();
        let ids: Vec<BTreeSet<_>> =
            calls.iter().map(|calls| calls.iter().map(|call| call.subject.clone()).collect()).collect();
        assert_eq!((calls[0].len(), calls[1].len()), (3, 2), "{name}");
        assert_eq!((ids[0].len(), ids[1].len()), (1, 1), "{name}");
        assert_ne!(ids[0], ids[1], "{name}");
    });
}

#[test]
fn consent_a_removal_waits_for_the_call_that_it_removes_and_is_not_given_up() {
    on_every_store(async |name, mut scene| {
        for erased in [false, true] {
            let who = if erased { "erased" } else { "withdrawn" };
            scene.know(Contact::new(who).attribute("first_name", "A")).await;
            scene.grant(who, PARTNERS[0]).await;
            scene.engine.share(Share::new(who, PARTNERS[0])).await.unwrap();
            // The worker dies in the call: nobody knows what became of it, and it may still go on.
            scene.partners[0].does(Does::Hang);
            scene.tick().await;
            let before = scene.partners[0].calls().len();
            match erased {
                true => drop(scene.engine.erase(&who.into()).await.unwrap()),
                false => scene.engine.withdraw(&Withdrawal::everything(who, form())).await.unwrap(),
            }
            scene.tick().await;
            assert_eq!(scene.partners[0].calls().len(), before, "{name} {who}: the call may go on");
            // Nobody cancels what is owed, and no second withdrawal does.
            scene.clock.advance(TimeDelta::minutes(1));
            for _ in 0..11 {
                scene.partners[0].does(Does::Retry);
            }
            scene.partners[0].does(Does::Lose);
            for _ in 0..14 {
                scene.tick().await;
                for one in scene.shared(who).await.iter().filter(|one| one.message.is_removal()) {
                    let by = Deed::new("ops", "no");
                    let amended = scene.store.cancel_message(one.message.id, &by).await.unwrap();
                    assert_ne!(amended, Amended::Done, "{name} {who}");
                }
                if !erased {
                    scene.engine.withdraw(&Withdrawal::everything(who, form())).await.unwrap();
                }
                scene.clock.advance(TimeDelta::hours(8));
            }
            let calls = scene.partners[0].calls().split_off(before);
            assert_eq!(calls.len(), 13, "{name} {who}");
            assert!(calls.iter().all(|call| call.act == SharingAct::Removal && call.bytes == calls[0].bytes));
            assert_eq!(
                calls.iter().map(|call| call.message).collect::<BTreeSet<_>>().len(),
                1,
                "{name} {who}"
            );
            assert_eq!(
                scene.count(who, SharingAct::Removal, MessageStatus::Accepted).await,
                1,
                "{name} {who}"
            );
        }
    });
}

#[test]
fn consent_what_never_began_needs_no_removal_and_what_was_asked_before_the_stop_begins_no_more() {
    on_every_store(async |name, mut scene| {
        scene.know(lea()).await;
        scene.grant(LEA, PARTNERS[0]).await;
        scene.engine.share(Share::new(LEA, PARTNERS[0])).await.unwrap();
        scene.engine.withdraw(&Withdrawal::everything(LEA, form())).await.unwrap();
        scene.clock.advance(TimeDelta::seconds(1));
        // A fresh yes allows what is asked for after it.
        scene.grant(LEA, PARTNERS[0]).await;
        scene.settle().await;
        assert!(scene.partners[0].calls().is_empty(), "{name}");
        scene.engine.share(Share::new(LEA, PARTNERS[0])).await.unwrap();
        scene.tick().await;
        assert_eq!(scene.partners[0].count(SharingAct::Export), 1, "{name}");
        scene
            .engine
            .withdraw(&Withdrawal::of(LEA, PARTNERS[0], channel_of(PARTNERS[0]), form()))
            .await
            .unwrap();
        scene.settle().await;
        assert_eq!(scene.partners[0].count(SharingAct::Removal), 1, "{name}");
        assert_eq!(scene.shared(LEA).await.len(), 3, "{name}");
    });
}

#[test]
fn consent_a_yes_that_is_over_by_itself_is_a_stop_at_that_instant() {
    on_every_store(async |name, mut scene| {
        scene.know(lea()).await;
        let until = scene.clock.now() + TimeDelta::days(2);
        let yes = Consent::granted(LEA, PARTNERS[0], channel_of(PARTNERS[0]), form().until(until));
        scene.engine.consent(yes).await.unwrap();
        scene.engine.share(Share::new(LEA, PARTNERS[0])).await.unwrap();
        scene.tick().await;
        assert_eq!(scene.engine.tick().await.unwrap().next_wake, Some(until), "{name}");
        scene.clock.set(until - TimeDelta::milliseconds(1));
        scene.tick().await;
        assert_eq!(scene.partners[0].count(SharingAct::Removal), 0, "{name}");
        scene.clock.set(until);
        scene.tick().await;
        assert_eq!(scene.partners[0].count(SharingAct::Removal), 1, "{name}");
    });
}

#[test]
fn consent_whoever_is_merged_is_removed_and_the_one_that_goes_on_where_the_other_denies() {
    on_every_store(async |name, mut scene| {
        for (other, denies) in [("web-1", false), ("web-2", true), ("web-3", false)] {
            let lea = format!("lea-{other}");
            for who in [other, lea.as_str()] {
                scene.know(Contact::new(who).attribute("first_name", "A")).await;
                scene.grant(who, PARTNERS[0]).await;
                if !(denies && who == other) {
                    scene.engine.share(Share::new(who, PARTNERS[0])).await.unwrap();
                }
            }
            if other == "web-3" {
                // The call for the one that ends is under way.
                scene.partners[0].does(Does::Hang);
            }
            scene.tick().await;
            if denies {
                scene.engine.withdraw(&Withdrawal::everything(other, form())).await.unwrap();
                scene.tick().await;
            }
            let before = scene.partners[0].count(SharingAct::Removal);
            scene.engine.merge(&other.into(), &lea.as_str().into()).await.unwrap();
            scene.tick().await;
            if other == "web-3" {
                scene.clock.advance(TimeDelta::minutes(5));
                scene.tick().await;
            }
            assert_eq!(scene.partners[0].count(SharingAct::Removal), before + 1, "{name} {other}");
            scene.clock.advance(TimeDelta::minutes(1));
            scene.engine.erase(&lea.as_str().into()).await.unwrap();
            scene.settle().await;
            let both = before + if denies { 1 } else { 2 };
            assert_eq!(scene.partners[0].count(SharingAct::Removal), both, "{name} {other}");
        }
        let calls = scene.partners[0].calls();
        let of = |act| calls.iter().filter(move |call| call.act == act).map(|call| call.subject.clone());
        let exported: BTreeSet<_> = of(SharingAct::Export).collect();
        let removed: Vec<_> = of(SharingAct::Removal).collect();
        assert_eq!(exported.len(), removed.len(), "{name}");
        assert_eq!(exported, removed.into_iter().collect(), "{name}");
    });
}

#[test]
fn consent_a_removal_of_the_one_that_ends_outlives_the_merge() {
    on_every_store(async |name, mut scene| {
        for who in ["web-77", "lea"] {
            scene.know(Contact::new(who).attribute("first_name", "A")).await;
        }
        scene.grant("web-77", PARTNERS[0]).await;
        scene.engine.share(Share::new("web-77", PARTNERS[0])).await.unwrap();
        scene.tick().await;
        scene.partners[0].does(Does::Retry);
        scene.engine.withdraw(&Withdrawal::everything("web-77", form())).await.unwrap();
        scene.tick().await;
        assert_eq!(scene.count("web-77", SharingAct::Removal, MessageStatus::Pending).await, 1, "{name}");
        scene.engine.merge(&"web-77".into(), &"lea".into()).await.unwrap();
        scene.settle().await;
        assert_eq!(scene.count("web-77", SharingAct::Removal, MessageStatus::Accepted).await, 1, "{name}");
        assert_eq!(scene.partners[0].count(SharingAct::Removal), 1, "{name}");
    });
}

/// One random act.
#[derive(Clone, Debug)]
enum Act {
    Grant {
        partner: usize,
        days: Option<i64>,
    },
    /// Ends a yes: of one party, or of both.
    Stop {
        partner: Option<usize>,
        how: u8,
    },
    /// Says no to something else: nothing of this ends.
    Elsewhere(u8),
    Share {
        partner: usize,
        id: Option<u8>,
    },
    Tick,
    Pass {
        minutes: i64,
    },
    Do {
        partner: usize,
        does: Does,
    },
    Restart {
        key: u8,
    },
    Rename,
    Erase,
}

fn act() -> impl Strategy<Value = Act> {
    let partner = 0..PARTNERS.len();
    let does = prop_oneof![
        Just(Does::Retry),
        Just(Does::Lose),
        Just(Does::Refuse),
        Just(Does::Hang),
        Just(Does::Accept),
    ];
    prop_oneof![
        4 => (partner.clone(), proptest::option::weighted(0.3, 1..3_i64)).prop_map(|(partner, days)| Act::Grant { partner, days }),
        3 => (proptest::option::weighted(0.6, partner.clone()), 0..5_u8).prop_map(|(partner, how)| Act::Stop { partner, how }),
        1 => (0..3_u8).prop_map(Act::Elsewhere),
        6 => (partner.clone(), proptest::option::weighted(0.3, 0..3_u8)).prop_map(|(partner, id)| Act::Share { partner, id }),
        6 => Just(Act::Tick),
        3 => (1..3_000_i64).prop_map(|minutes| Act::Pass { minutes }),
        3 => (partner, does).prop_map(|(partner, does)| Act::Do { partner, does }),
        1 => (1..4_u8).prop_map(|key| Act::Restart { key }),
        1 => Just(Act::Rename),
        1 => Just(Act::Erase),
    ]
}

/// What was said of one third party, in order: from when on a yes stood, and from when on none did.
#[derive(Default)]
struct Answers(Vec<(DateTime<Utc>, Option<DateTime<Utc>>, bool)>);

impl Answers {
    fn yes(&mut self, at: DateTime<Utc>, until: Option<DateTime<Utc>>) {
        self.0.push((at, until, true));
    }

    fn no(&mut self, at: DateTime<Utc>) {
        self.0.push((at, None, false));
    }

    /// Whether a yes stands at an instant.
    fn stands(&self, at: DateTime<Utc>) -> bool {
        let newest = self.0.iter().rev().find(|(said_at, ..)| *said_at <= at);
        newest.is_some_and(|(_, until, yes)| *yes && until.is_none_or(|until| at < until))
    }

    /// Every instant at which a yes that stood ended.
    fn stops(&self) -> Vec<DateTime<Utc>> {
        let ends = self.0.iter().filter(|(.., yes)| !yes).map(|(at, ..)| *at);
        let over = self.0.iter().filter_map(|(_, until, _)| *until);
        let before = |at: DateTime<Utc>| self.stands(at - TimeDelta::milliseconds(1));
        let all: BTreeSet<_> = ends.chain(over).filter(|at| before(*at) && !self.stands(*at)).collect();
        all.into_iter().collect()
    }
}

/// What came of one history, beside what is asserted.
#[derive(Default)]
struct Seen {
    exports: usize,
    removals: usize,
    refused: usize,
    /// Those that were asked for under a yes, with nothing in the way.
    told: usize,
}

async fn play(name: &str, mut scene: Scene, acts: &[Act]) -> Seen {
    let mut answers = [Answers::default(), Answers::default()];
    let (mut asked, mut ids, mut erased) = (0, BTreeSet::new(), false);
    let (mut seen, mut due) = (Seen::default(), None);
    scene.know(lea()).await;
    for (number, act) in acts.iter().enumerate() {
        // No two acts at one instant.
        scene.clock.advance(TimeDelta::milliseconds(7));
        let now = scene.clock.now();
        match act {
            Act::Grant { partner, days } if !erased => {
                let until = days.map(|days| now + TimeDelta::days(days));
                let evidence = until.map_or_else(form, |until| form().until(until));
                let name = PARTNERS[*partner];
                scene.engine.consent(Consent::granted(LEA, name, channel_of(name), evidence)).await.unwrap();
                answers[*partner].yes(now, until);
            }
            Act::Stop { partner, how } if !erased => {
                let acts = [
                    ConsentStatus::Withdrawn,
                    ConsentStatus::Refused,
                    ConsentStatus::Expired,
                    ConsentStatus::Invalidated,
                ];
                let concerned = match (partner, acts.get(usize::from(*how))) {
                    (Some(partner), Some(status)) => {
                        let name = PARTNERS[*partner];
                        let no = Consent::of(*status, LEA, name, channel_of(name), form());
                        scene.engine.consent(no).await.unwrap();
                        vec![*partner]
                    }
                    (Some(partner), None) => {
                        let stop =
                            Withdrawal::everything(LEA, form()).on_channel(channel_of(PARTNERS[*partner]));
                        scene.engine.withdraw_and_drain(&stop).await.unwrap();
                        vec![*partner]
                    }
                    (None, Some(_)) => {
                        scene.engine.withdraw(&Withdrawal::everything(LEA, form())).await.unwrap();
                        vec![0, 1]
                    }
                    (None, None) => {
                        scene.engine.withdraw(&Withdrawal::objection(LEA, form())).await.unwrap();
                        vec![0, 1]
                    }
                };
                concerned.into_iter().for_each(|partner| answers[partner].no(now));
            }
            Act::Elsewhere(how) if !erased => {
                let no = match how {
                    0 => Withdrawal::everything(LEA, form()).on_channel("sms"),
                    1 => Withdrawal::of(LEA, "marketing", "email", form()),
                    _ => Withdrawal::of(LEA, PARTNERS[0], "sms", form()),
                };
                scene.engine.withdraw(&no).await.unwrap();
            }
            Act::Share { partner, id } => {
                let share = Share::new(LEA, PARTNERS[*partner]);
                let share = match id {
                    Some(id) => share.id(format!("batch-{id}")),
                    None => share,
                };
                match scene.engine.share(share).await {
                    Ok(new) => {
                        assert_eq!(new, id.is_none_or(|id| ids.insert((*partner, id))), "{name} {number}");
                        asked += usize::from(new);
                        let calls = scene.partners[*partner].calls();
                        let calm = calls.iter().all(|call| call.accepted)
                            && scene.partners[*partner].0.next.lock().unwrap().is_empty();
                        if new
                            && calm
                            && answers[*partner].stands(now)
                            && matches!(acts.get(number + 1), Some(Act::Tick))
                        {
                            due = Some((*partner, calls.len()));
                        }
                    }
                    Err(Error::Erased { .. }) => assert!(erased, "{name} {number}"),
                    Err(error) => panic!("{name} {number}: {error}"),
                }
            }
            Act::Tick => {
                scene.tick().await;
                if let Some((partner, before)) = due.take() {
                    let calls = scene.partners[partner].calls().split_off(before);
                    let told = calls.iter().any(|call| call.act == SharingAct::Export);
                    assert!(told, "{name} {number}: asked for under a yes, and not told");
                    seen.told += 1;
                }
            }
            Act::Pass { minutes } => scene.clock.advance(TimeDelta::minutes(*minutes)),
            Act::Do { partner, does } => scene.partners[*partner].does(*does),
            Act::Restart { key } => {
                scene.key = *key;
                scene.restart();
            }
            Act::Rename if !erased => {
                scene.know(Contact::new(LEA).attribute("first_name", format!("{CANARY} {number}"))).await;
            }
            Act::Erase if !erased => {
                // What was asked for and not read yet is forgotten with its mail, and was never decided.
                scene.tick().await;
                scene.clock.advance(TimeDelta::milliseconds(7));
                scene.engine.erase(&LEA.into()).await.unwrap();
                erased = true;
                answers.iter_mut().for_each(|answers| answers.no(scene.clock.now()));
            }
            _ => {}
        }
    }
    scene.settle().await;
    for (partner, answers) in scene.partners.iter().zip(&answers) {
        let name = format!("{name} {}", partner.0.name);
        let calls = partner.calls();
        let (exports, removals): (Vec<_>, Vec<_>) =
            calls.iter().partition(|call| call.act == SharingAct::Export);
        for export in &exports {
            assert!(answers.stands(export.at), "{name}: told at {} without a yes", export.at);
        }
        // One removal for each stop that something was told before, since the stop before it.
        let now = scene.clock.now();
        let stops: Vec<_> = answers.stops().into_iter().filter(|stop| *stop <= now).collect();
        let mut since = DateTime::<Utc>::MIN_UTC;
        let mut owed = Vec::new();
        for stop in stops {
            let last = exports.iter().rfind(|export| since <= export.at && export.at < stop);
            owed.extend(last.map(|last| (stop, last.at)));
            since = stop;
        }
        let mut first: BTreeMap<MessageId, DateTime<Utc>> = BTreeMap::new();
        let mut taken: BTreeMap<MessageId, usize> = BTreeMap::new();
        for removal in &removals {
            first.entry(removal.message).or_insert(removal.at);
            *taken.entry(removal.message).or_default() += usize::from(removal.accepted);
            assert!(
                !removal.bytes.contains(CANARY) && !removal.bytes.contains(LEA),
                "{name}: {}",
                removal.bytes
            );
            let known =
                exports.iter().any(|export| export.subject == removal.subject && export.at < removal.at);
            assert!(known, "{name}: a removal of what was never told");
            let later =
                exports.iter().any(|export| export.subject == removal.subject && export.at >= removal.at);
            assert!(!later, "{name}: told by an id that it was told to forget");
        }
        assert_eq!(first.len(), owed.len(), "{name}: owed {owed:?}, told {first:?}");
        assert!(taken.values().all(|taken| *taken == 1), "{name}: {taken:?}");
        let mut told: Vec<_> = first.into_values().collect();
        told.sort();
        for ((stop, last), told) in owed.iter().zip(told) {
            assert!(
                told >= *stop && told > *last,
                "{name}: told at {told}, owed from {stop}, last call {last}"
            );
        }
        seen.exports += exports.len();
        seen.removals += removals.len();
    }
    // All of it is on record.
    let shared = scene.shared(LEA).await;
    let of = |act| shared.iter().filter(move |one| one.message.sharing.as_ref().unwrap().act == act);
    assert_eq!(of(SharingAct::Export).count(), asked, "{name}: every one that was asked for");
    assert!(of(SharingAct::Removal).all(|one| one.status == MessageStatus::Accepted), "{name}: {shared:?}");
    seen.refused = of(SharingAct::Export).filter(|one| one.status == MessageStatus::Refused).count();
    if asked > 0 {
        let controller = Controller::new("example-music", "privacy@example.org");
        let text = scene.engine.proof(&LEA.into(), &controller).await.unwrap().to_json();
        let proof = verify(&text).unwrap();
        assert_eq!(
            proof.decisions.iter().filter(|one| one.sharing.is_some()).count(),
            shared.len(),
            "{name}"
        );
        for one in &shared {
            let why = scene.engine.why(&LEA.into(), one.message.id).await.unwrap();
            assert_eq!(why.decision.unwrap().sharing, one.message.sharing, "{name}");
        }
    }
    seen
}

#[test]
fn consent_no_party_is_told_without_a_yes_and_each_is_told_once_that_it_is_over() {
    let total = Mutex::new(Seen::default());
    let seed = RngSeed::Fixed(0x5ba2);
    let cases = std::env::var("SHARING_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(120);
    let config = Config { cases, rng_seed: seed, failure_persistence: None, ..Config::default() };
    proptest!(config, |(acts in proptest::collection::vec(act(), 1..40), honours in any::<bool>())| {
        let clock = ManualClock::new(start());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            clock.jump_to(start());
            let seen = block_on(play(name, Scene::new(store, &clock, honours), &acts));
            let mut total = total.lock().unwrap();
            total.exports += seen.exports;
            total.removals += seen.removals;
            total.refused += seen.refused;
            total.told += seen.told;
        }
    });
    let total = total.into_inner().unwrap();
    assert!(
        total.exports > 100 && total.removals > 50 && total.refused > 100 && total.told > 20,
        "it looked at too little: {}, {}, {}, {}",
        total.exports,
        total.removals,
        total.refused,
        total.told
    );
}
