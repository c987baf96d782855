//! Workers that take, judge and begin, in every order that a seed finds: whatever lies between one's take and its begin.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::model::{Content, Delivery, DeliveryStatus, Evidence, MessageId, Permit, Reason};
use journeyman::port::store::{Begin, Begun, MessageStatus, Take, Taken, Verdict};
use journeyman::port::{Clock, Store};
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Cap, Policy, Rating, Spoken, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::time::{Span, Zone};
use journeyman::{Consent, Contact, Engine, Event, Journey};

use crate::common::stores;
use crate::oracle::{Entry, Log, Seeded};

const PEOPLE: [&str; 2] = ["lea", "tom"];
const WORKERS: usize = 4;

fn policy(seed: u64) -> Policy {
    let policy = Policy::new("test");
    match seed % 3 {
        0 => policy.cap(Cap::new("one", 1, Span::days(2)).for_purpose("marketing")),
        1 => policy
            .cap(Cap::new("sms", 1, Span::hours(30)).for_purpose("marketing").on_channel("sms"))
            .cap(Cap::new("all", 3, Span::days(4)).for_purpose("marketing").for_purpose("news")),
        _ => policy
            .cap(Cap::new("day", 2, Span::hours(20)).for_purpose("news"))
            .cap(Cap::new("week", 3, Span::days(7)).for_purpose("news")),
    }
}

fn content() -> Content {
    TemplateDefinition::new("t").text("x").compile().unwrap().render(&Contact::new("c")).unwrap()
}

/// A journey for each way of saying something, and people whom every one of them greets as often as they come.
async fn people(engine: &Engine) {
    let mut published = vec![TemplateDefinition::new("hello").text("Hello").into()];
    for channel in ["email", "sms"] {
        for purpose in ["marketing", "news", "receipts"] {
            let name = format!("{channel}-{purpose}");
            let journey = Journey::builder(name.as_str())
                .enter_on(name.as_str())
                .reenter(journeyman::journey::Reenter::Always)
                .send("say", channel, "hello", purpose);
            published.push(journey.build().unwrap().into());
        }
    }
    engine.publish(published).await.unwrap();
    for person in PEOPLE {
        let contact = Contact::new(person).address("email", format!("{person}@example.org"));
        engine.identify(contact.address("sms", "+33639980001")).await.unwrap();
        for channel in ["email", "sms"] {
            for purpose in ["marketing", "news", "receipts"] {
                let evidence = Evidence::new("form", "v1");
                engine.consent(Consent::granted(person, purpose, channel, evidence)).await.unwrap();
            }
        }
    }
}

struct Worker {
    /// What it judged and has not begun.
    at_hand: Vec<(Taken, Begin)>,
}

struct Scene<'s> {
    name: String,
    store: &'s dyn Store,
    clock: ManualClock,
    policy: Policy,
    log: Log,
    /// Attempts that have begun and are not settled.
    open: Vec<(MessageId, u32)>,
    stale: usize,
    deferred: usize,
}

impl Scene<'_> {
    fn judged(&self, taken: &Taken, now: DateTime<Utc>) -> Verdict {
        let message = &taken.message;
        let rating = Rating::default();
        let question =
            Question::new(&taken.cold.contact, &taken.cold.standing, &message.channel, &message.purpose)
                .at_gate(taken.denied, taken.suppressed)
                .counted(Spoken::new(&taken.said, &rating));
        match permit(&question, &self.policy, &Zone::utc(), now) {
            Permit::Permit => Verdict::Send {
                content: content(),
                permit: TimeDelta::seconds(5),
                lease: TimeDelta::hours(1),
            },
            Permit::Defer { until, reasons } => {
                self.is_full(taken, now, until, &reasons);
                Verdict::Defer { until, reasons }
            }
            Permit::Refuse { reasons } => Verdict::Refuse { reasons },
            other => panic!("{other:?}"),
        }
    }

    /// Nobody waits for a cap that has room, nor longer than it has none.
    fn is_full(&self, taken: &Taken, now: DateTime<Utc>, until: DateTime<Utc>, reasons: &[Reason]) {
        let named = |cap: &&Cap| reasons.contains(&Reason::Cap(cap.name.clone()));
        let caps: Vec<&Cap> = self.policy.caps.iter().filter(named).collect();
        assert!(!caps.is_empty(), "{}: deferred for {reasons:?}", self.name);
        // The window that would end here, without the message itself, which may have begun before.
        let others = |cap: &Cap, at: DateTime<Utc>| {
            let others = Log::default();
            let known = self.log.entries().into_iter().filter(|entry| entry.message != taken.message.id);
            known.for_each(|entry| others.push(entry));
            others.count(cap, taken.message.contact.as_str(), at)
        };
        for cap in &caps {
            assert!(others(cap, now) >= cap.most as usize, "{}: {} has room", self.name, cap.name);
        }
        let moment = TimeDelta::milliseconds(1);
        let still = |cap: &&&Cap| others(cap, until - moment) >= cap.most as usize;
        assert!(caps.iter().any(|cap| still(&cap)), "{}: nothing is full until {until}", self.name);
        let over = |cap: &&&Cap| others(cap, until) >= cap.most as usize;
        assert!(!caps.iter().any(|cap| over(&cap)), "{}: something is full at {until}", self.name);
    }

    async fn take(&self, worker: &mut Worker, random: &mut Seeded) {
        let take = Take::of(8, ["email".into(), "sms".into()]).with_counted(self.policy.counted());
        let batch = self.store.take(&take).await.unwrap();
        for taken in batch.messages {
            // A worker does not judge all that it could.
            if random.below(4) > 0
                && worker.at_hand.iter().all(|(other, _)| other.message.id != taken.message.id)
            {
                let begin = Begin::new(&taken, self.judged(&taken, batch.now), "default").unless_said(&taken);
                worker.at_hand.push((taken, begin));
            }
        }
    }

    async fn begin(&mut self, worker: &mut Worker, random: &mut Seeded) {
        let count = random.below(worker.at_hand.len() + 1);
        let now = self.clock.now();
        let (taken, begins): (Vec<_>, Vec<_>) = worker.at_hand.drain(..count).unzip();
        let sends: Vec<bool> =
            begins.iter().map(|begin| matches!(begin.verdict, Verdict::Send { .. })).collect();
        let answers = self.store.begin(begins).await.unwrap();
        for ((taken, sends), answer) in taken.into_iter().zip(sends).zip(answers) {
            match answer {
                Begun::Begun { attempt, .. } => {
                    self.open.push((taken.message.id, attempt));
                    self.log.push(Entry {
                        at: now,
                        message: taken.message.id,
                        contact: taken.message.contact.to_string(),
                        node: taken.message.node.to_string(),
                        channel: taken.message.channel.to_string(),
                        purpose: taken.message.purpose.to_string(),
                        refused: false,
                    });
                }
                Begun::Answered => self.deferred += usize::from(!sends),
                Begun::Stale => self.stale += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    /// The provider answers one attempt, late or never.
    async fn settle(&mut self, random: &mut Seeded) {
        if self.open.is_empty() {
            return;
        }
        let (message, attempt) = self.open.swap_remove(random.below(self.open.len()));
        let now = self.clock.now();
        let status = match random.below(6) {
            0 => DeliveryStatus::Retry { at: now + TimeDelta::hours(random.below(60) as i64) },
            1 => DeliveryStatus::Parked,
            2 => DeliveryStatus::Refused { reasons: vec![Reason::Channel("invalid".into())] },
            3 => return,
            _ => DeliveryStatus::Accepted,
        };
        let refused = matches!(status, DeliveryStatus::Refused { .. }) && attempt == 1;
        self.store.settle(&[Delivery::new(message, attempt, now, status)]).await.unwrap();
        let record = self.store.message(message).await.unwrap().unwrap();
        // The answer to an attempt that is over, because its lease was, changes nothing.
        if refused && record.status == MessageStatus::Refused && record.attempts == 1 {
            let entries = self.log.entries();
            self.log = Log::default();
            for mut entry in entries {
                entry.refused |= entry.message == message;
                self.log.push(entry);
            }
        }
    }
}

async fn run(name: &str, store: Arc<dyn Store>, clock: ManualClock, seed: u64) -> (usize, usize, usize) {
    let engine = Engine::builder(store.clone())
        .channel(journeyman::channel::RecordingChannel::new("email"))
        .channel(journeyman::channel::RecordingChannel::new("sms"))
        .build();
    people(&engine).await;
    let mut random = Seeded(seed);
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| Worker { at_hand: Vec::new() }).collect();
    let mut scene = Scene {
        name: format!("{name}, seed {seed}"),
        store: &*store,
        clock: clock.clone(),
        policy: policy(seed),
        log: Log::default(),
        open: Vec::new(),
        stale: 0,
        deferred: 0,
    };
    for round in 0..160 {
        match random.below(12) {
            0 | 1 => {
                let channel = *random.one(&["email", "sms"]);
                let purpose = *random.one(&["marketing", "news", "marketing", "news", "receipts"]);
                let event = Event::new(*random.one(&PEOPLE), format!("{channel}-{purpose}"));
                engine.track(event.id(format!("{round}"))).await.unwrap();
                while engine.advance().await.unwrap().contacts > 0 {}
            }
            2 => clock.advance(TimeDelta::milliseconds(random.below(2_000) as i64)),
            3 => clock.advance(TimeDelta::minutes(random.below(1_500) as i64)),
            4 | 5 => scene.settle(&mut random).await,
            6..=8 => {
                let place = random.below(WORKERS);
                scene.take(&mut workers[place], &mut random).await;
            }
            _ => {
                let place = random.below(WORKERS);
                scene.begin(&mut workers[place], &mut random).await;
            }
        }
    }
    scene.log.assert_capped(&scene.policy.caps, &scene.name);
    (scene.log.entries().len(), scene.stale, scene.deferred)
}

#[test]
fn consent_caps_hold_in_every_window_whatever_lies_between_take_and_begin() {
    let (mut begun, mut stale, mut deferred) = (0, 0, 0);
    for seed in 0..120 {
        let clock = ManualClock::new("2026-03-02T09:00:00Z".parse().unwrap());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            // A file is slower, and its seeds are others for the clocks.
            if name == "sqlite" && seed % 8 > 0 {
                continue;
            }
            let clock = clock.clone();
            let (one, two, three) = block_on(run(name, store, clock, seed));
            (begun, stale, deferred) = (begun + one, stale + two, deferred + three);
        }
    }
    println!("{begun} begins, {stale} stale answers, {deferred} deferrals, 0 windows too full");
    assert!(begun > 1_000 && stale > 200 && deferred > 200, "{begun} {stale} {deferred}");
}
