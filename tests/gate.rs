//! Once a withdrawal has returned, nothing that it forbids begins: not in another thread, not in another process, not for
//! another contact with the same address.

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::Withdrawal;
use journeyman::model::{
    Content, Delivery, DeliveryStatus, Evidence, Handover, InputId, MessageId, Outcome, Permit, Reason,
};
use journeyman::port::store::{Begin, Begun, MessageStatus, Pausable, Take, Verdict};
use journeyman::port::{Channel, Clock, Store, SystemClock};
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Policy, Purpose, TemplateDefinition};
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::time::{Span, Zone};
use journeyman::{Consent, Contact, Engine, Event, Journey};

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn content() -> Content {
    let template = TemplateDefinition::new("t").text("x").compile().unwrap();
    template.render(&Contact::new("c")).unwrap()
}

fn greeting(channel: &str, purpose: &str) -> Journey {
    Journey::builder("greeting")
        .enter_on("signed_up")
        .reenter(journeyman::journey::Reenter::Always)
        .send("greet", channel, "hello", purpose)
        .build()
        .unwrap()
}

/// Publishes a greeting, and decides one for each contact without handing any over.
async fn decide(engine: &Engine, contacts: &[String], channel: &str) {
    let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.id }}");
    engine.publish([hello.into(), greeting(channel, "marketing").into()]).await.unwrap();
    for contact in contacts {
        engine
            .identify(Contact::new(contact.as_str()).address(channel, format!("{contact}@x")))
            .await
            .unwrap();
        engine.consent(Consent::granted(contact.as_str(), "marketing", channel, evidence())).await.unwrap();
        engine.track(Event::new(contact.as_str(), "signed_up").id("s")).await.unwrap();
    }
    while engine.advance().await.unwrap().contacts > 0 {}
}

/// One round of a worker that takes and begins whatever it can. Answers how many began, and how many of them began for
/// somebody whose withdrawal had returned before the worker asked.
async fn begin_round(store: &dyn Store, withdrawn: impl Fn() -> BTreeSet<String>) -> (usize, usize, bool) {
    let taken = store.take(&Take::of(4, ["email".into()])).await.unwrap().messages;
    let begins: Vec<Begin> = taken
        .iter()
        .map(|taken| {
            let question = Question::new(&taken.cold.contact, &taken.cold.standing, "email", "marketing")
                .at_gate(taken.denied, taken.suppressed);
            let verdict = match permit(&question, &Policy::default(), &Zone::utc(), SystemClock.now()) {
                Permit::Permit => Verdict::Send {
                    content: content(),
                    permit: TimeDelta::seconds(5),
                    lease: TimeDelta::seconds(30),
                },
                Permit::Refuse { reasons } => Verdict::Refuse { reasons },
                other => panic!("nothing defers an email: {other:?}"),
            };
            Begin::new(taken, verdict, "default")
        })
        .collect();
    // The pause in which a checked message waits for its turn, where every other design loses the race.
    std::thread::sleep(Duration::from_micros(300));
    let forbidden = withdrawn();
    let begun = store.begin(begins).await.unwrap();
    let mut late = 0;
    let mut count = 0;
    let mut deliveries = Vec::new();
    for (taken, begun) in taken.iter().zip(begun) {
        if let Begun::Begun { attempt, .. } = begun {
            count += 1;
            late += usize::from(forbidden.contains(taken.message.contact.as_str()));
            deliveries.push(Delivery::new(
                taken.message.id,
                attempt,
                SystemClock.now(),
                DeliveryStatus::Accepted,
            ));
        }
    }
    store.settle(&deliveries).await.unwrap();
    (count, late, taken.is_empty())
}

#[test]
fn consent_no_begin_succeeds_after_withdraw_returned() {
    for (name, store, _folder) in stores(Arc::new(SystemClock)) {
        // As many workers and contacts as where the race was measured first.
        let contacts: Vec<String> = (0..1_500).map(|number| format!("c{number}")).collect();
        let engine = Engine::builder(store.clone()).channel(RecordingChannel::new("email")).build();
        block_on(decide(&engine, &contacts, "email"));
        let withdrawn = Mutex::new(BTreeSet::new());
        let (begun, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    loop {
                        let known = || withdrawn.lock().unwrap().clone();
                        let (count, wrong, empty) = block_on(begin_round(&*store, known));
                        begun.fetch_add(count, Ordering::Relaxed);
                        late.fetch_add(wrong, Ordering::Relaxed);
                        if empty {
                            return;
                        }
                    }
                });
            }
            while begun.load(Ordering::Relaxed) < 10 {
                std::thread::yield_now();
            }
            // From the other end, so that withdrawals and workers meet in the middle.
            for contact in contacts.iter().rev() {
                let withdrawal = Withdrawal::everything(contact.as_str(), evidence());
                block_on(engine.withdraw(&withdrawal)).unwrap();
                withdrawn.lock().unwrap().insert(contact.clone());
            }
        });
        let mut cancelled = 0;
        for contact in &contacts {
            let messages = block_on(store.messages(&contact.as_str().into())).unwrap();
            cancelled += messages.iter().filter(|message| message.status == MessageStatus::Cancelled).count();
        }
        let (begun, late) = (begun.into_inner(), late.into_inner());
        println!(
            "{name}: {begun} begun before their withdrawal, {cancelled} cancelled by it, {late} begun after it"
        );
        assert_eq!(late, 0, "{name}");
        assert!(
            begun > 0 && cancelled > 0,
            "{name}: the race was no race: {begun} begun, {cancelled} cancelled"
        );
    }
}

/// A channel that notes every call that starts after the contact's drain was done.
struct Watching {
    drained: Arc<Mutex<BTreeSet<String>>>,
    late: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Channel for Watching {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.drained.lock().unwrap().contains(handover.message.contact.as_str()) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_micros(500));
        Outcome::Accepted
    }
}

#[test]
fn consent_no_channel_call_starts_after_a_completed_drain() {
    for (name, store, _folder) in stores(Arc::new(SystemClock)) {
        let (drained, late, calls) =
            <(Arc<Mutex<BTreeSet<_>>>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let channel = Watching { drained: drained.clone(), late: late.clone(), calls: calls.clone() };
        let engine = Engine::builder(store.clone()).channel(channel).batch(6).build();
        let contacts: Vec<String> = (0..300).map(|number| format!("c{number}")).collect();
        block_on(decide(&engine, &contacts, "email"));
        let stop = AtomicBool::new(false);
        let mut waited = 0;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let engine = engine.clone();
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        block_on(engine.tick()).unwrap();
                    }
                });
            }
            while calls.load(Ordering::Relaxed) < 10 {
                std::thread::yield_now();
            }
            for contact in contacts.iter().rev() {
                let withdrawal = Withdrawal::everything(contact.as_str(), evidence());
                let mut drain = block_on(engine.withdraw_and_drain(&withdrawal)).unwrap();
                waited += usize::from(!drain.is_done());
                while !block_on(engine.poll_drain(&mut drain)).unwrap() {
                    std::thread::sleep(Duration::from_micros(200));
                }
                assert_eq!(drain.unanswered, [], "{name}");
                drained.lock().unwrap().insert(contact.clone());
            }
            stop.store(true, Ordering::Relaxed);
        });
        let (calls, late) = (calls.load(Ordering::Relaxed), late.load(Ordering::Relaxed));
        println!("{name}: {calls} calls, {waited} drains had to wait, {late} calls after a drain");
        assert_eq!(late, 0, "{name}");
        assert!(calls > 0 && calls < contacts.len(), "{name}: the race was no race: {calls} calls");
    }
}

const FILE: &str = "JOURNEYMAN_GATE_FILE";

fn marks(file: &Path) -> PathBuf {
    file.with_extension("withdrawn")
}

/// The other process of the test below: begins whatever it can, and reports on standard output.
#[test]
fn consent_worker_of_the_race_between_processes() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = SqliteStore::open(&file).unwrap();
    let known = || match std::fs::read_to_string(marks(Path::new(&file))) {
        Ok(marks) => marks.split_terminator('\n').map(str::to_owned).collect(),
        Err(_) => BTreeSet::new(),
    };
    println!("\nready");
    let (mut begun, mut late) = (0, 0);
    loop {
        let (count, wrong, empty) = block_on(begin_round(&store, known));
        (begun, late) = (begun + count, late + wrong);
        if empty {
            break;
        }
    }
    println!("\nworker {begun} {late}");
}

#[test]
fn consent_no_begin_succeeds_in_another_process_after_withdraw_returned() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journeyman.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file).unwrap());
    let engine = Engine::builder(store.clone()).channel(RecordingChannel::new("email")).build();
    let contacts: Vec<String> = (0..300).map(|number| format!("c{number}")).collect();
    block_on(decide(&engine, &contacts, "email"));
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["consent_worker_of_the_race_between_processes", "--exact", "--nocapture"])
        .env(FILE, &file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "ready"));
    let mut log = std::fs::File::create(marks(&file)).unwrap();
    // The worker goes from the first contact on; the withdrawals come from the last one, once it is on its way.
    while block_on(store.messages(&"c9".into())).unwrap()[0].status == MessageStatus::Pending {
        std::thread::sleep(Duration::from_millis(1));
    }
    for contact in contacts.iter().rev() {
        block_on(engine.withdraw(&Withdrawal::everything(contact.as_str(), evidence()))).unwrap();
        // One write for each line, so that the other process never reads half a name.
        log.write_all(format!("{contact}\n").as_bytes()).unwrap();
    }
    let report = lines.find(|line| line.starts_with("worker ")).unwrap();
    assert!(worker.wait().unwrap().success());
    println!("begun, begun after their withdrawal: {report}");
    let numbers: Vec<usize> = report.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers[1], 0, "a message began after its withdrawal had returned");
    assert!((1..300).contains(&numbers[0]), "the race was no race: {report}");
}

/// Two contacts with one telephone, a message taken and not begun, a deferral at `begin` and a crash after it: one outcome.
#[test]
fn consent_a_shared_address_a_taken_message_a_deferral_and_a_crash_end_in_one_outcome() {
    let clock = ManualClock::new(at("2026-03-23T17:00:00Z"));
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(at("2026-03-23T17:00:00Z"));
        block_on(async {
            let sms = RecordingChannel::new("sms");
            let engine = || Engine::builder(store.clone()).channel(sms.clone()).zone(paris()).build();
            let first = engine();
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            first.publish([hello.into(), greeting("sms", "marketing").into()]).await.unwrap();
            for (contact, phone) in
                [("lea", "+33639980001"), ("tom", "+33639980001"), ("zoe", "+33639980002")]
            {
                first.identify(Contact::new(contact).address("sms", phone)).await.unwrap();
                first.consent(Consent::granted(contact, "marketing", "sms", evidence())).await.unwrap();
                first.track(Event::new(contact, "signed_up").id("1")).await.unwrap();
            }
            first.advance().await.unwrap();

            // Another worker takes all three and is slow.
            let taken = store.take(&Take::of(10, ["sms".into()])).await.unwrap().messages;
            assert_eq!(taken.len(), 3, "{name}");
            let stop = Withdrawal::everything("lea", Evidence::new("sms-keyword", "STOP")).on_channel("sms");
            first.withdraw(&stop).await.unwrap();
            let send = || Verdict::Send {
                content: content(),
                permit: TimeDelta::seconds(5),
                lease: TimeDelta::seconds(30),
            };
            let begun = store
                .begin(taken[..2].iter().map(|taken| Begin::new(taken, send(), "default")).collect())
                .await
                .unwrap();
            assert_eq!(begun, [Begun::Stale, Begun::Stale], "{name}: both share the address that withdrew");

            // Night falls: what is left is asked again, and the process dies right after the deferral of zoe's.
            clock.set(at("2026-03-23T19:30:00Z"));
            first.deliver().await.unwrap();
            drop(first);
            let statuses = statuses(&*store).await;
            assert_eq!(
                statuses,
                [MessageStatus::Cancelled, MessageStatus::Refused, MessageStatus::Pending],
                "{name}"
            );
            let zoe = taken[2].message.id;
            let deferred = store.message(zoe).await.unwrap().unwrap();
            assert_eq!(deferred.not_before, at("2026-03-24T07:30:00Z"), "{name}");
            let told = store.inputs(&"zoe".into(), 0, u64::MAX).await.unwrap();
            let answers = told.iter().filter(|input| input.id == InputId::from_attempt(zoe, 1)).count();
            assert_eq!(answers, 1, "{name}: the deferral reached the mailbox once");

            // A new process carries on in the morning: zoe's message keeps its id and goes out, tom's never does.
            let second = engine();
            second.tick().await.unwrap();
            assert!(sms.sent().is_empty(), "{name}");
            clock.set(at("2026-03-24T07:30:00Z"));
            second.tick().await.unwrap();
            assert_eq!(ids(&sms), [zoe], "{name}");

            // A grant of tom's own lifts nothing; one of lea's, who withdrew, lifts it for both.
            second.consent(Consent::granted("tom", "marketing", "sms", evidence())).await.unwrap();
            second.track(Event::new("tom", "signed_up").id("2")).await.unwrap();
            second.tick().await.unwrap();
            assert_eq!(ids(&sms).len(), 1, "{name}");
            second.consent(Consent::granted("lea", "marketing", "sms", evidence())).await.unwrap();
            second.tick().await.unwrap();
            second.track(Event::new("tom", "signed_up").id("3")).await.unwrap();
            second.tick().await.unwrap();
            assert_eq!(ids(&sms).len(), 2, "{name}");
            assert_eq!(sms.sent()[1].message.contact.as_str(), "tom", "{name}");
        });
    }
}

fn paris() -> Zone {
    Zone::named("Europe/Paris").unwrap()
}

async fn statuses(store: &dyn Store) -> Vec<MessageStatus> {
    let mut all = Vec::new();
    for contact in ["lea", "tom", "zoe"] {
        let messages = store.messages(&contact.into()).await.unwrap();
        all.extend(messages.into_iter().map(|message| message.status));
    }
    all
}

fn ids(channel: &RecordingChannel) -> Vec<MessageId> {
    channel.sent().iter().map(|sent| sent.message.id).collect()
}

#[test]
fn consent_a_paused_journey_holds_its_people_and_lets_them_go_at_the_resume() {
    let clock = ManualClock::new(at("2026-03-23T08:00:00Z"));
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(at("2026-03-23T08:00:00Z"));
        block_on(async {
            let email = RecordingChannel::new("email");
            let engine = Engine::builder(store.clone()).channel(email.clone()).build();
            let journey = Journey::builder("slow")
                .enter_on("signed_up")
                .wait(Span::hours(2))
                .send("greet", "email", "hello", "marketing")
                .wait(Span::hours(2))
                .send("again", "email", "hello", "marketing")
                .build()
                .unwrap();
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            engine.publish([hello.into(), journey.into()]).await.unwrap();
            engine.identify(Contact::new("lea").address("email", "lea@x")).await.unwrap();
            engine.consent(Consent::granted("lea", "marketing", "email", evidence())).await.unwrap();
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            engine.tick().await.unwrap();
            let slow = Pausable::Journey("slow".into());
            clock.advance(TimeDelta::hours(1));
            engine.pause(&slow).await.unwrap();
            clock.advance(TimeDelta::hours(5));
            let held = engine.tick().await.unwrap();
            assert_eq!((held.steps, held.next_wake, email.sent().len()), (0, None, 0), "{name}");
            engine.resume(&slow).await.unwrap();
            let resumed = engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 1, "{name}");
            // The wait that was held ended at the resume, and the next one counts from there.
            assert_eq!(resumed.next_wake, Some(at("2026-03-23T16:00:00Z")), "{name}");
            let channel = Pausable::Channel("email".into());
            engine.pause(&channel).await.unwrap();
            clock.advance(TimeDelta::hours(3));
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 1, "{name}: a paused channel says nothing");
            engine.resume(&channel).await.unwrap();
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 2, "{name}");
        });
    }
}

#[test]
fn consent_a_message_that_the_gate_takes_back_lets_its_enrollment_go_on() {
    let clock = ManualClock::new(at("2026-03-23T10:00:00Z"));
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(at("2026-03-23T10:00:00Z"));
        block_on(async {
            let (email, sms) = (RecordingChannel::new("email"), RecordingChannel::new("sms"));
            let engine = Engine::builder(store.clone()).channel(email.clone()).channel(sms).build();
            let journey = Journey::from_yaml(
                "{ journey: careful, version: 1, enter: { on: { event: signed_up } }, steps: [
                   { send: { channel: sms, template: hello, purpose: marketing, refused: plan_b } },
                   { exit: told },
                   { id: plan_b, send: { channel: email, template: hello, purpose: onboarding } } ] }",
            );
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            engine.publish([hello.into(), journey.unwrap().into()]).await.unwrap();
            engine
                .identify(Contact::new("lea").address("email", "lea@x").address("sms", "+33"))
                .await
                .unwrap();
            for (purpose, channel) in [("marketing", "sms"), ("onboarding", "email")] {
                engine.consent(Consent::granted("lea", purpose, channel, evidence())).await.unwrap();
            }
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            // Decided, and the enrollment waits for what becomes of it.
            engine.advance().await.unwrap();
            engine.withdraw(&Withdrawal::everything("lea", evidence()).on_channel("sms")).await.unwrap();
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 1, "{name}: the refused edge leads to plan B");
            let state = store.contact(&"lea".into()).await.unwrap().unwrap().state;
            assert!(state.hot.enrollments.is_empty(), "{name}");
        });
    }
}

#[test]
fn consent_a_goal_that_lies_unread_takes_back_what_is_due() {
    let clock = ManualClock::new(at("2026-03-23T08:00:00Z"));
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(at("2026-03-23T08:00:00Z"));
        block_on(async {
            let email = RecordingChannel::new("email");
            let engine = Engine::builder(store.clone()).channel(email.clone()).batch(4).build();
            let journey = Journey::builder("slow")
                .enter_on("signed_up")
                .goal("booked")
                .send("greet", "email", "hello", "marketing")
                .wait(Span::days(1))
                .build();
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            engine.publish([hello.into(), journey.unwrap().into()]).await.unwrap();
            let contacts: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
            for contact in &contacts {
                engine.identify(Contact::new(contact.as_str()).address("email", "a@x")).await.unwrap();
                let consent = Consent::granted(contact.as_str(), "marketing", "email", evidence());
                engine.consent(consent).await.unwrap();
                engine.track(Event::new(contact.as_str(), "signed_up")).await.unwrap();
            }
            // The messages are decided; before the next tick everybody books, in an order of their own.
            while engine.advance().await.unwrap().contacts > 0 {}
            for contact in contacts.iter().rev() {
                engine.track(Event::new(contact.as_str(), "booked")).await.unwrap();
            }
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 0, "{name}");
        });
    }
}

/// Says what it was told to say.
struct Scripted(Mutex<Vec<Outcome>>, bool);

#[async_trait]
impl Channel for Scripted {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, _: Handover<'_>) -> Outcome {
        match self.0.lock().unwrap().pop() {
            Some(outcome) => outcome,
            None => panic!("a channel that panics is a channel whose outcome is unknown"),
        }
    }

    fn honours_ids(&self) -> bool {
        self.1
    }
}

#[test]
fn consent_an_unknown_outcome_is_parked_or_repeated_as_the_channel_declares() {
    let clock = ManualClock::new(at("2026-03-23T08:00:00Z"));
    for (honours, end) in [(false, MessageStatus::Parked), (true, MessageStatus::Accepted)] {
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            block_on(async {
                // From the last to the first: nothing left to pop is a panic.
                let script = if honours { vec![Outcome::Accepted, Outcome::Unknown] } else { vec![] };
                let channel = Scripted(Mutex::new(script), honours);
                let engine = Engine::builder(store.clone()).channel(channel).build();
                decide(&engine, &["lea".to_owned()], "email").await;
                engine.tick().await.unwrap();
                clock.advance(TimeDelta::hours(1));
                engine.tick().await.unwrap();
                let message = &store.messages(&"lea".into()).await.unwrap()[0];
                assert_eq!(message.status, end, "{name}");
                assert_eq!(message.attempts, if honours { 2 } else { 1 }, "{name}");
            });
        }
    }
}

#[test]
fn consent_an_erased_contact_is_forgotten_and_its_address_stays_denied_but_for_what_is_owed() {
    let clock = ManualClock::new(at("2026-03-23T08:00:00Z"));
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        block_on(async {
            let email = RecordingChannel::new("email");
            let policy = Policy::new("test")
                .purpose(Purpose::consent("marketing"))
                .purpose(Purpose::contract("receipts"));
            let engine = Engine::builder(store.clone()).policy(policy).channel(email.clone()).build();
            let receipt = TemplateDefinition::new("receipt").text("Reçu").purpose("receipts");
            let paid = Journey::builder("paid").enter_on("paid").send("tell", "email", "receipt", "receipts");
            engine.publish([receipt.into(), paid.build().unwrap().into()]).await.unwrap();
            decide(&engine, &["lea".to_owned()], "email").await;
            assert!(engine.erase(&"lea".into()).await.unwrap(), "{name}");
            engine.tick().await.unwrap();
            assert!(email.sent().is_empty(), "{name}");
            let refused = engine.track(Event::new("lea", "signed_up")).await.unwrap_err();
            assert!(matches!(refused, journeyman::Error::Erased { .. }), "{name}: {refused}");
            // The same person under another id: the address is still not written to, unless something is owed there.
            engine.identify(Contact::new("lea-2").address("email", "lea@x")).await.unwrap();
            engine.consent(Consent::granted("lea-2", "marketing", "email", evidence())).await.unwrap();
            engine.track(Event::new("lea-2", "signed_up")).await.unwrap();
            engine.tick().await.unwrap();
            assert!(email.sent().is_empty(), "{name}");
            let message = &store.messages(&"lea-2".into()).await.unwrap()[0];
            let reasons = vec![Reason::Withdrawn];
            assert_eq!(message.answer, Some(DeliveryStatus::Refused { reasons }), "{name}");
            engine.track(Event::new("lea-2", "paid")).await.unwrap();
            engine.tick().await.unwrap();
            assert_eq!(email.sent().len(), 1, "{name}: what was bought is owed");
        });
    }
}

/// `permits` answers what the gate answers a message of that very instant.
#[test]
fn consent_what_a_host_is_told_of_a_contact_is_what_a_message_meets() {
    let policy = || {
        Policy::default()
            .purpose(Purpose::consent("marketing").confirmed())
            .minors(journeyman::rule::Minors::new("age", 15))
    };
    let asked_at = at("2026-03-24T08:00:00Z");
    let confirmed = || Evidence::new("click", "v1").confirming("form-1", asked_at);
    // What is told of the contact, in turn; with no tick after the last one.
    type Tells = fn(&Engine) -> futures::future::BoxFuture<'_, ()>;
    let stories: [(&str, Tells); 6] = [
        ("nothing", |_| Box::pin(async {})),
        ("withdrawn", |engine| {
            Box::pin(async {
                engine.withdraw(&Withdrawal::of("lea", "marketing", "sms", evidence())).await.unwrap();
            })
        }),
        ("of another channel", |engine| {
            Box::pin(async {
                engine.withdraw(&Withdrawal::of("lea", "marketing", "email", evidence())).await.unwrap();
            })
        }),
        ("suppressed", |engine| {
            Box::pin(async { engine.suppress("sms", "+33639980001", None, "bounce").await.unwrap() })
        }),
        ("a minor", |engine| {
            Box::pin(async {
                engine.identify(Contact::new("lea").attribute("age", "14")).await.unwrap();
                engine.advance().await.unwrap();
            })
        }),
        ("an objection", |engine| {
            Box::pin(async { engine.withdraw(&Withdrawal::objection("lea", evidence())).await.unwrap() })
        }),
    ];
    let mut answers = BTreeSet::new();
    for hour in ["2026-03-24T10:00:00Z", "2026-03-24T21:00:00Z"] {
        for (name, tells) in &stories {
            for says_yes in [false, true] {
                let clock = ManualClock::new(asked_at);
                for (store_name, store, _folder) in stores(Arc::new(clock.clone())) {
                    clock.set(asked_at);
                    let sms = RecordingChannel::new("sms");
                    let engine = Engine::builder(store).channel(sms.clone()).policy(policy()).build();
                    let answer = block_on(async {
                        let hello = TemplateDefinition::new("hello").text("Bonjour");
                        engine.publish([hello.into(), greeting("sms", "marketing").into()]).await.unwrap();
                        engine.identify(Contact::new("lea").address("sms", "+33639980001")).await.unwrap();
                        let asked = Consent::requested("lea", "marketing", "sms", evidence()).id("form-1");
                        engine.consent(asked).await.unwrap();
                        if says_yes {
                            let yes = Consent::granted("lea", "marketing", "sms", confirmed());
                            engine.consent(yes).await.unwrap();
                        }
                        engine.tick().await.unwrap();
                        tells(&engine).await;
                        clock.set(at(hour));
                        let answer = engine.permits(&"lea".into(), "marketing", "sms").await.unwrap();
                        engine.track(Event::new("lea", "signed_up")).await.unwrap();
                        engine.tick().await.unwrap();
                        answer
                    });
                    let is_said = !sms.sent().is_empty();
                    assert_eq!(answer == Permit::Permit, is_said, "{store_name}, {name}, {hour}: {answer:?}");
                    answers.insert(format!("{answer:?}").chars().take(6).collect::<String>());
                }
            }
        }
    }
    assert_eq!(answers.len(), 3, "{answers:?}: permitted, put off and refused");
}

/// Lets whatever runs beside it come next.
async fn others_run() {
    let mut is_first = true;
    futures::future::poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    })
    .await;
}

/// A channel whose call ends when it is let go.
struct Held {
    called: Arc<AtomicBool>,
    go: Arc<AtomicBool>,
}

#[async_trait]
impl Channel for Held {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, _: Handover<'_>) -> Outcome {
        self.called.store(true, Ordering::Relaxed);
        while !self.go.load(Ordering::Relaxed) {
            others_run().await;
        }
        Outcome::Accepted
    }
}

#[test]
fn consent_a_drain_waits_for_a_test_that_is_under_way() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(at("2026-03-02T10:00:00Z")))) {
        let (called, go) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let channel = Held { called: called.clone(), go: go.clone() };
        let engine = Engine::builder(store.clone()).channel(channel).build();
        block_on(async {
            decide(&engine, &["lea".to_owned()], "email").await;
            engine.identify(Contact::new("ana").address("email", "ana@x")).await.unwrap();
            engine.consent(Consent::granted("ana", "test", "email", evidence())).await.unwrap();
            engine.advance().await.unwrap();
            let (lea, ana) = ("lea".into(), "ana".into());
            let deed = journeyman::model::Deed::new("ana", "how does it look?");
            let test = engine.send_test("greeting", "greet", &lea, &ana, deed);
            let withdrawal = Withdrawal::everything("ana", evidence());
            let other = async {
                while !called.load(Ordering::Relaxed) {
                    others_run().await;
                }
                let mut drain = engine.withdraw_and_drain(&withdrawal).await.unwrap();
                assert_eq!((drain.waiting.len(), drain.is_done()), (1, false), "{name}");
                assert!(!engine.poll_drain(&mut drain).await.unwrap(), "{name}");
                go.store(true, Ordering::Relaxed);
                drain
            };
            let (outcome, mut drain) = futures::join!(test, other);
            assert_eq!(outcome.unwrap(), Outcome::Accepted, "{name}");
            assert!(engine.poll_drain(&mut drain).await.unwrap() && drain.unanswered.is_empty(), "{name}");
            // Nothing is left of it, and nothing begins any more.
            assert!(engine.withdraw_and_drain(&withdrawal).await.unwrap().is_done(), "{name}");
        });
    }
}
