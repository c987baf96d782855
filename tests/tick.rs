//! What a tick counts, where it ends, and how the engine paces itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{BoxFuture, ready};
use journeyman::engine::{EngineBuilder, Tick};
use journeyman::machine::{Input, Signal};
use journeyman::model::{Evidence, Handover, MessageId, Outcome};
use journeyman::port::store::{Catalog, Pausable};
use journeyman::port::{Archive, Channel, Clock, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::{Fault, FaultPlan, FaultyStore, ManualClock, Sleep, StoreCall};
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Event, Journey, StoreError};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What a tick counted, without what it did not.
fn counts(tick: &Tick) -> Vec<(&'static str, usize)> {
    let all = [
        ("contacts", tick.contacts),
        ("inputs", tick.inputs),
        ("steps", tick.steps),
        ("messages", tick.messages),
        ("accepted", tick.accepted),
        ("refused", tick.refused),
        ("deferred", tick.deferred),
        ("retried", tick.retried),
        ("parked", tick.parked),
        ("stale", tick.stale),
        ("unknown", tick.unknown),
        ("failed", tick.failed),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// A clock that is moved to the nanosecond.
#[derive(Clone, Default)]
struct Stopwatch(Arc<Mutex<TimeDelta>>);

impl Clock for Stopwatch {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> TimeDelta {
        *self.0.lock().unwrap()
    }
}

/// A channel that answers as the address asks it to, and writes down how many messages each call carried.
#[derive(Clone)]
struct Moody {
    name: &'static str,
    batch: usize,
    calls: Arc<Mutex<Vec<usize>>>,
    /// How long each call takes, by a worker's clock.
    takes: Arc<Mutex<VecDeque<TimeDelta>>>,
    watch: Stopwatch,
}

impl Moody {
    fn new(name: &'static str, batch: usize) -> Self {
        Self { name, batch, calls: Arc::default(), takes: Arc::default(), watch: Stopwatch::default() }
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().clone()
    }

    fn call(&self, messages: usize) {
        self.calls.lock().unwrap().push(messages);
        if let Some(took) = self.takes.lock().unwrap().pop_front() {
            *self.watch.0.lock().unwrap() += took;
        }
    }

    fn answers(to: &str) -> Vec<Outcome> {
        let refused = || Outcome::Refused { reason: "moody".into() };
        match to.split('.').next().unwrap_or_default() {
            "no" => vec![refused()],
            "later" => vec![Outcome::Retry { after: Some(TimeDelta::seconds(60)) }],
            "lost" => vec![Outcome::Unknown],
            "silent" => vec![],
            "twice" => vec![Outcome::Accepted, Outcome::Accepted],
            "torn" => vec![Outcome::Accepted, refused()],
            _ => vec![Outcome::Accepted],
        }
    }
}

#[async_trait]
impl Channel for Moody {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.call(1);
        Self::answers(handover.to).pop().unwrap_or(Outcome::Unknown)
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        self.call(handovers.len());
        let each = handovers.iter().flat_map(|handover| {
            Self::answers(handover.to).into_iter().map(|outcome| (handover.message.id, outcome))
        });
        each.collect()
    }

    fn batch(&self) -> usize {
        self.batch
    }
}

/// The next call of each operation named goes wrong, in the order named.
#[derive(Default)]
struct Script(Mutex<Vec<(&'static str, Fault)>>);

impl Script {
    fn add(&self, operation: &'static str, fault: Fault, times: usize) {
        self.0.lock().unwrap().extend(std::iter::repeat_n((operation, fault), times));
    }
}

impl FaultPlan for Script {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        let mut named = self.0.lock().unwrap();
        let place = named.iter().position(|(operation, _)| *operation == call.operation)?;
        Some(named.remove(place).1)
    }
}

/// What somebody else does while a call is late.
#[derive(Default)]
struct Meanwhile(Mutex<Option<BoxFuture<'static, ()>>>);

impl Meanwhile {
    fn happens(&self, what: impl Future<Output = ()> + Send + 'static) {
        *self.0.lock().unwrap() = Some(what.boxed());
    }
}

impl Sleep for Meanwhile {
    fn sleep(&self, _: TimeDelta) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().take().unwrap_or_else(|| ready(()).boxed())
    }
}

struct Host {
    engine: Engine,
    store: FaultyStore,
    inner: Arc<dyn Store>,
    clock: ManualClock,
    script: Arc<Script>,
    meanwhile: Arc<Meanwhile>,
    email: Moody,
}

const A_WHILE: TimeDelta = TimeDelta::seconds(1);

/// An engine with a channel for email and one for SMS, and journeys that say something on each.
fn host(start: &str, email: Moody, set: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Host {
    let clock = ManualClock::new(at(start));
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let (script, meanwhile) = (Arc::new(Script::default()), Arc::new(Meanwhile::default()));
    let store = FaultyStore::new(inner.clone()).plan(script.clone()).sleep(meanwhile.clone());
    let builder =
        Engine::builder(Arc::new(store.clone())).channel(email.clone()).channel(Moody::new("sms", 1));
    let engine = set(builder).build();
    let series = (0..50).fold(Journey::builder("series").enter_on("subscribed"), |series, number| {
        series.send(format!("part-{number}"), "email", "hello", "news")
    });
    let journeys = [
        Journey::builder("greeting").enter_on("signed_up").send("greet", "email", "hello", "news"),
        Journey::builder("pair")
            .enter_on("paired")
            .send("one", "email", "hello", "news")
            .send("two", "email", "hello", "news"),
        Journey::builder("letter").enter_on("wrote").send("reply", "email", "personal", "news"),
        Journey::builder("offer").enter_on("asked").send("offer", "sms", "hello", "marketing"),
        Journey::builder("slow").enter_on("rested").wait(Span::days(1)),
        Journey::builder("reminder")
            .enter_on("subscribes")
            .goal("bought")
            .wait(Span::hours(1))
            .send("remind", "email", "hello", "news"),
        series,
    ];
    let templates = [
        TemplateDefinition::new("hello").text("Bonjour"),
        TemplateDefinition::new("personal").text("{{ contact.first_name }}"),
    ];
    let journeys = journeys.map(|journey| journey.build().unwrap().into());
    block_on(engine.publish(journeys.into_iter().chain(templates.map(Into::into)))).unwrap();
    Host { engine, store, inner, clock, script, meanwhile, email }
}

/// Three inputs: who it is, what it allows, what it did. The address begins with what the channel is to answer.
fn person(contact: &str, channel: &str, purpose: &str, event: &str) -> [Input; 3] {
    let evidence = Evidence::new("form", "v1");
    [
        Contact::new(contact).address(channel, contact).into(),
        Consent::granted(contact, purpose, channel, evidence).into(),
        Event::new(contact, event).into(),
    ]
}

async fn people(host: &Host, contacts: &[&str], channel: &str, purpose: &str, event: &str) {
    let inputs = contacts.iter().flat_map(|contact| person(contact, channel, purpose, event));
    host.engine.append(inputs.collect()).await.unwrap();
}

const MORNING: &str = "2026-03-23T09:00:00Z";

#[test]
fn a_tick_counts_what_it_read_and_decided_over_all_its_batches() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder.batch(2));
    block_on(people(&host, &["yes.a", "yes.b", "yes.c"], "email", "news", "paired"));
    let tick = block_on(host.engine.tick()).unwrap();
    // Each contact is looked at a second time, because of the mail that says what became of its two messages.
    let expected =
        [("contacts", 6), ("inputs", 3 * 3 + 6), ("steps", 3 * 4), ("messages", 6), ("accepted", 6)];
    assert_eq!(counts(&tick), expected);
    let entered = tick.signals.iter().filter(|signal| matches!(signal, Signal::Entered { .. })).count();
    let ended = tick.signals.iter().filter(|signal| matches!(signal, Signal::Exited { .. })).count();
    assert_eq!((entered, ended, tick.signals.len(), tick.next_wake), (3, 3, 6, None));
}

#[test]
fn what_the_gate_and_the_channels_answered_is_counted_under_its_own_name() {
    let host = host("2026-03-23T19:50:00Z", Moody::new("email", 1), |builder| builder);
    block_on(people(&host, &["yes.a", "yes.b"], "email", "news", "signed_up"));
    block_on(people(&host, &["no.a", "no.b", "no.c"], "email", "news", "signed_up"));
    block_on(people(&host, &["later.a", "later.b"], "email", "news", "signed_up"));
    block_on(people(&host, &["lost.a", "lost.b", "lost.c"], "email", "news", "signed_up"));
    // Nobody knows their first name, so that the gate refuses them.
    block_on(people(&host, &["yes.d", "yes.e"], "email", "news", "wrote"));
    // The hours in which these may be called end before the message begins.
    block_on(people(&host, &["yes.f", "yes.g", "yes.h"], "sms", "marketing", "asked"));
    block_on(async {
        let advanced = host.engine.advance().await.unwrap();
        assert_eq!((advanced.contacts, advanced.messages), (15, 15));
        host.clock.advance(TimeDelta::minutes(40));
        let tick = host.engine.deliver().await.unwrap();
        let expected = [("accepted", 2), ("refused", 2 + 3), ("deferred", 3), ("retried", 2), ("parked", 3)];
        assert_eq!(counts(&tick), expected);
        assert_eq!(host.email.calls(), vec![1; 10], "whom the gate stopped, no channel heard of");
        // What the channel asked for counts from the answer, by the store's clock.
        assert_eq!(host.engine.tick().await.unwrap().next_wake, Some(at("2026-03-23T20:31:00Z")));
    });
}

#[test]
fn an_answer_is_written_down_three_times_before_it_is_given_up_and_then_nobody_knows() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder);
    block_on(people(&host, &["yes.a", "yes.b"], "email", "news", "signed_up"));
    block_on(async {
        host.engine.advance().await.unwrap();
        host.script.add("settle", Fault::Unavailable, 2);
        let tick = host.engine.deliver().await.unwrap();
        assert_eq!(counts(&tick), [("accepted", 2)], "the third try took it down");

        people(&host, &["yes.c", "yes.d"], "email", "news", "signed_up").await;
        host.engine.advance().await.unwrap();
        host.script.add("settle", Fault::Unavailable, 3);
        let failed = host.engine.deliver().await.unwrap_err();
        assert!(matches!(failed, journeyman::Error::Store(StoreError::Unavailable { .. })), "{failed}");
        assert_eq!(host.store.operations().iter().filter(|operation| **operation == "settle").count(), 6);
        // Begun and never settled, on a channel that takes an id twice: both wait for an operator.
        host.clock.advance(TimeDelta::minutes(1));
        assert_eq!(counts(&host.engine.deliver().await.unwrap()), [("parked", 2)]);
        assert_eq!(host.email.calls(), [1; 4]);
    });
}

#[test]
fn what_another_one_overtakes_is_stale_and_is_done_again() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder);
    block_on(people(&host, &["yes.a", "yes.b", "yes.c"], "email", "news", "signed_up"));
    let pause = || {
        let inner = host.inner.clone();
        host.meanwhile.happens(async move { drop(inner.pause(&Pausable::Channel("email".into())).await) });
    };
    block_on(async {
        pause();
        host.script.add("commit", Fault::Delay(A_WHILE), 1);
        assert_eq!(counts(&host.engine.advance().await.unwrap()), [("stale", 3)]);
        host.engine.resume(&Pausable::Channel("email".into())).await.unwrap();
        host.clock.advance(TimeDelta::minutes(1));
        assert_eq!(host.engine.advance().await.unwrap().contacts, 3);

        pause();
        host.script.add("take", Fault::Pause(A_WHILE), 1);
        assert_eq!(counts(&host.engine.deliver().await.unwrap()), [("stale", 3)]);
        assert!(host.email.calls().is_empty());
        host.engine.resume(&Pausable::Channel("email".into())).await.unwrap();
        assert_eq!(host.engine.tick().await.unwrap().accepted, 3);
    });
}

#[test]
fn each_call_whose_outcome_is_unknown_is_counted_and_settled_by_what_is_read_later() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder.batch(1));
    block_on(people(&host, &["yes.a", "yes.b"], "email", "news", "signed_up"));
    block_on(async {
        host.script.add("commit", Fault::Lost, 2);
        assert_eq!(counts(&host.engine.tick().await.unwrap()), [("unknown", 2)]);
        host.clock.advance(TimeDelta::minutes(1));
        host.script.add("begin", Fault::Lost, 2);
        let tick = host.engine.tick().await.unwrap();
        assert_eq!((tick.unknown, tick.accepted), (2, 2), "what has not begun is taken again");
        assert_eq!(host.email.calls(), [1, 1]);
    });
}

#[test]
fn a_permit_is_used_before_its_end_and_not_at_it() {
    for (late, expected) in [(4_999, "accepted"), (5_000, "retried")] {
        let host = host(MORNING, Moody::new("email", 1), |builder| builder);
        block_on(people(&host, &["yes.a", "yes.b"], "email", "news", "signed_up"));
        block_on(host.engine.advance()).unwrap();
        host.script.add("begin", Fault::Pause(A_WHILE), 1);
        let clock = host.clock.clone();
        host.meanwhile.happens(async move { clock.advance(TimeDelta::milliseconds(late)) });
        assert_eq!(counts(&block_on(host.engine.deliver()).unwrap()), [(expected, 2)], "after {late} ms");
    }
}

#[test]
fn a_call_is_filled_before_the_next_one_and_what_is_said_twice_must_agree() {
    let host = host(MORNING, Moody::new("email", 3), |builder| builder);
    let contacts = ["yes.a", "twice.a", "torn.a", "silent.a", "twice.b", "twice.c", "yes.b"];
    block_on(people(&host, &contacts, "email", "news", "signed_up"));
    block_on(async {
        host.engine.advance().await.unwrap();
        let tick = host.engine.deliver().await.unwrap();
        assert_eq!(counts(&tick), [("accepted", 5), ("parked", 2)]);
        assert_eq!(host.email.calls(), [3, 3, 1]);
    });
}

/// How many messages each delivery begins, where the channel takes so long over them.
fn handfuls(people_waiting: usize, batch: usize, takes: &[TimeDelta]) -> Vec<usize> {
    let email = Moody::new("email", 10_000);
    let watch = email.watch.clone();
    let host = host(MORNING, email, |builder| builder.batch(batch).clock(Arc::new(watch)));
    let names: Vec<String> = (0..people_waiting).map(|number| format!("yes.{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    block_on(people(&host, &names, "email", "news", "subscribed"));
    block_on(async {
        while host.engine.advance().await.unwrap().contacts > 0 {}
        host.email.takes.lock().unwrap().extend(takes);
        for _ in takes {
            host.engine.deliver().await.unwrap();
        }
    });
    host.email.calls()
}

#[test]
fn as_many_messages_begin_at_a_time_as_the_channels_take_within_a_third_of_a_permit() {
    let fast = TimeDelta::zero();
    let limit = TimeDelta::seconds(5) / 3;
    let slow = limit + TimeDelta::nanoseconds(1);
    // A channel that is fast enough is given twice as many, one that is not is given half.
    let takes = [fast, fast, limit, slow, slow, fast, fast];
    assert_eq!(handfuls(34, 1_024, &takes), [64, 128, 256, 512, 256, 128, 256]);
    // Never fewer than go out side by side, and never more than a batch.
    assert_eq!(handfuls(3, 1_024, &[slow; 4]), [64, 32, 16, 16]);
    assert_eq!(handfuls(7, 100, &[fast; 3]), [64, 100, 100]);
}

#[test]
fn a_handful_that_was_not_full_says_nothing_of_what_the_channel_bears() {
    let host = host(MORNING, Moody::new("email", 10_000), |builder| builder);
    let fifty = async |contacts: &[&str]| {
        people(&host, contacts, "email", "news", "subscribed").await;
        host.engine.advance().await.unwrap();
    };
    block_on(async {
        fifty(&["yes.a", "yes.b"]).await;
        for _ in 0..2 {
            host.engine.deliver().await.unwrap();
        }
        fifty(&["yes.c", "yes.d", "yes.e", "yes.f"]).await;
        for _ in 0..2 {
            host.engine.deliver().await.unwrap();
        }
        assert_eq!(host.email.calls(), [64, 36, 128, 72]);
    });
}

#[test]
fn one_tick_reads_so_many_batches_and_says_nothing_before_the_rest_is_read() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder.batch(1));
    let names: Vec<String> = (0..1_030).map(|number| format!("yes.{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    block_on(people(&host, &names, "email", "news", "signed_up"));
    block_on(async {
        let tick = host.engine.tick().await.unwrap();
        assert_eq!((tick.contacts, tick.messages, tick.accepted), (1_024, 1_024, 0));
        assert_eq!(tick.next_wake, Some(at(MORNING)), "what is left is due at once");
        let rest = host.engine.tick().await.unwrap();
        assert_eq!((rest.messages, rest.accepted > 0), (6, true));
    });
}

#[test]
fn a_timer_waits_for_mail_that_is_older_and_did_not_fit_and_for_no_other() {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder);
    let hour = TimeDelta::hours(1);
    block_on(async {
        people(&host, &["yes.a", "yes.b"], "email", "news", "subscribes").await;
        // More than one claim reads; the goal is the last of it, and came before the wait was over.
        let visits = (0..300).map(|_| Event::new("yes.a", "visited").into());
        host.engine.append(visits.collect()).await.unwrap();
        host.clock.advance(hour / 2);
        host.engine.track(Event::new("yes.a", "bought")).await.unwrap();
        host.clock.advance(hour);
        let first = host.engine.advance().await.unwrap();
        // Of the other one everything fitted, so that its wait is over in the same commit.
        assert_eq!((first.contacts, first.inputs, first.messages), (2, 256 + 3, 1));
        let rest = host.engine.tick().await.unwrap();
        assert_eq!((rest.messages, rest.accepted), (0, 1), "whoever bought is told nothing");
        let steps = host.store.steps(&"yes.a".into()).await.unwrap();
        assert_eq!(steps.last().map(|step| step.at), Some(at(MORNING) + hour / 2));
    });
}

/// Six hundred people in a journey that was paused and goes on: more than one chunk of the job that wakes them.
fn resumed() -> Host {
    let host = host(MORNING, Moody::new("email", 1), |builder| builder);
    let rested = (0..600).map(|number| Event::new(format!("c-{number}"), "rested").into());
    block_on(async {
        host.engine.append(rested.collect()).await.unwrap();
        assert_eq!(host.engine.tick().await.unwrap().contacts, 600);
        let slow = Pausable::Journey("slow".into());
        host.engine.pause(&slow).await.unwrap();
        host.engine.resume(&slow).await.unwrap();
    });
    host
}

#[test]
fn one_tick_ends_a_job_of_several_chunks_and_everybody_is_told_once() {
    let host = resumed();
    block_on(async {
        let tick = host.engine.advance().await.unwrap();
        assert_eq!(counts(&tick), [("contacts", 600), ("inputs", 600)]);
        assert_eq!(host.store.jobs().await.unwrap(), []);
        assert_eq!(counts(&host.engine.tick().await.unwrap()), []);
    });
}

#[test]
fn a_job_that_another_worker_moved_is_left_to_it() {
    let host = resumed();
    let inner = host.inner.clone();
    host.meanwhile.happens(async move {
        let job = inner.jobs().await.unwrap().remove(0);
        assert!(inner.advance_job(job.id, job.cursor, Some(512)).await.unwrap());
    });
    host.script.add("advance_job", Fault::Delay(A_WHILE), 1);
    block_on(async {
        let tick = host.engine.advance().await.unwrap();
        assert_eq!(counts(&tick), [("contacts", 512), ("inputs", 512)]);
        assert_eq!(host.store.operations().iter().filter(|operation| **operation == "scan").count(), 1);
        assert_eq!(host.store.jobs().await.unwrap()[0].cursor, 512);
    });
}
