//! What the benches share: journeys, contacts, a clock that stands still, and what a process has used so far.

#![allow(dead_code)] // each bench uses a part
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)] // a bench measures time, and may stop

use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::{
    BranchDefinition, JourneyDefinition, SendDefinition, StepDefinition, WayDefinition,
};
use journeyman::machine::{ContactState, Envelope, Input, Program};
use journeyman::model::{Evidence, FingerprintKey, Handover, InputId, MessageId, Outcome, Value};
use journeyman::port::Channel;
use journeyman::rule::{PredicateDefinition, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// Contacts of one batch.
pub(crate) const BATCH: usize = 1_024;
/// Messages of the sequence that is ticked through.
pub(crate) const SENDS: usize = 8;

/// Whether the numbers do not matter: with `--test`, and where `cargo test --all-targets` runs a bench.
pub(crate) fn is_test() -> bool {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    given("--test") || !given("--bench")
}

/// The benches that take no filter of their own.
const BENCHES: [&str; 6] = ["audience", "footprint", "score", "segment", "tick", "withdraw"];

/// Whether a bench is meant: `cargo bench segment` hands its word to all of them.
pub(crate) fn is_wanted(bench: &str) -> bool {
    let mut named =
        std::env::args().skip(1).filter(|argument| BENCHES.contains(&argument.as_str())).peekable();
    named.peek().is_none() || named.any(|argument| argument == bench)
}

/// A Monday morning.
pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// A clock that moves when a bench says so.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new(start())
}

/// A channel that accepts everything and keeps nothing.
pub(crate) struct NullChannel(pub(crate) &'static str);

#[async_trait]
impl Channel for NullChannel {
    fn name(&self) -> &str {
        self.0
    }

    async fn send(&self, _: Handover<'_>) -> Outcome {
        Outcome::Accepted
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        handovers.iter().map(|handover| (handover.message.id, Outcome::Accepted)).collect()
    }

    fn batch(&self) -> usize {
        256
    }

    fn honours_ids(&self) -> bool {
        true
    }
}

/// A contact with 10 attributes, an email address, a telephone number and a zone.
pub(crate) fn contact(number: usize) -> Contact {
    Contact::new(format!("contact-{number:07}"))
        .attribute("first_name", "Léa")
        .attribute("last_name", "Martin")
        .attribute("followers", 2_000 + number as i64 % 977)
        .attribute("score", 45)
        .attribute("city", "Lyon")
        .attribute("country", "FR")
        .attribute("plan", if number.is_multiple_of(3) { "gold" } else { "free" })
        .attribute("newsletter", true)
        .attribute("signed_up", Value::Instant(start()))
        .attribute("lifetime_value", Value::Decimal("129.90".parse().unwrap()))
        .address("email", format!("contact-{number:07}@example.org"))
        .address("sms", format!("+336{number:08}"))
        .zone("Europe/Paris")
        .locale("fr")
}

/// The same contact as the engine hands it to a store: its addresses carry their fingerprints.
pub(crate) fn admitted(number: usize) -> Contact {
    let key = FingerprintKey::new([7; 32]);
    let mut contact = contact(number);
    for (channel, address) in &mut contact.addresses {
        address.fingerprint = Some(key.fingerprint(channel, &address.value));
    }
    contact
}

pub(crate) fn consent(number: usize, channel: &str) -> Consent {
    let evidence = Evidence::new("signup-form", "2026-03");
    Consent::granted(format!("contact-{number:07}"), "marketing", channel, evidence)
}

pub(crate) fn event(number: usize, name: &str) -> Event {
    Event::new(format!("contact-{number:07}"), name)
}

pub(crate) fn template(name: &str) -> TemplateDefinition {
    TemplateDefinition::new(name)
        .subject("{{ contact.first_name }}, du nouveau pour toi")
        .text("Bonjour {{ contact.first_name }}, ton score est de {{ contact.score }} points.")
}

/// Wait a day, send an email, and so on, as often as `sends` says.
pub(crate) fn sequence(name: &str, sends: usize) -> Journey {
    let mut journey = Journey::builder(name).enter_on("signed_up");
    for number in 0..sends {
        let send = format!("send-{number}");
        journey = journey.wait(Span::days(1)).send(send, "email", "hello", "marketing");
    }
    journey.wait(Span::days(3_650)).build().unwrap()
}

pub(crate) async fn publish(engine: &Engine) {
    engine.publish([template("hello").into(), sequence("welcome", SENDS).into()]).await.unwrap();
}

pub(crate) async fn enroll(engine: &Engine, contacts: usize) {
    engine.publish([template("hello").into(), sequence("welcome", SENDS).into()]).await.unwrap();
    for first in (0..contacts).step_by(BATCH) {
        let inputs: Vec<Input> = (first..contacts.min(first + BATCH))
            .flat_map(|number| {
                [
                    Input::from(contact(number)),
                    Input::from(consent(number, "email")),
                    Input::from(event(number, "signed_up")),
                ]
            })
            .collect();
        engine.append(inputs).await.unwrap();
    }
}

/// Rounds of `advance` until nothing is due; the steps that were taken.
pub(crate) async fn advance_all(engine: &Engine) -> (usize, usize) {
    let (mut steps, mut inputs) = (0, 0);
    loop {
        let tick = engine.advance().await.unwrap();
        if tick.contacts == 0 {
            return (steps, inputs);
        }
        steps += tick.steps;
        inputs += tick.inputs;
    }
}

/// One transition, ready to run: what it is given, and what it must do.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    pub(crate) state: ContactState,
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) steps: usize,
    pub(crate) messages: usize,
}

impl Scenario {
    /// Says so where the transition does not do what the scenario is named after.
    pub(crate) fn check(&self) {
        let transition = self.program.transition(self.state.clone(), &self.envelopes, self.now);
        let did = (transition.steps.len(), transition.messages.len());
        assert_eq!(did, (self.steps, self.messages), "{}: {:#?}", self.name, transition.steps);
    }
}

/// A contact of 10 attributes who is in `journey` and in two others, and what was given to it so far.
fn enrolled(journey: Journey) -> (Program, ContactState) {
    let slow = |name| {
        let journey = Journey::builder(name).enter_on("signed_up").goal("call.booked");
        journey.wait(Span::days(30)).send("late", "email", "hello", "marketing").build().unwrap()
    };
    let program = Program::of([journey, slow("slow-1"), slow("slow-2")]);
    let inputs = [
        Input::from(admitted(1)),
        Input::from(consent(1, "email")),
        Input::from(consent(1, "sms")),
        Input::from(event(1, "signed_up")),
    ];
    let envelopes: Vec<Envelope> =
        (1..).zip(inputs).map(|(seq, input)| stamped(seq, start(), input)).collect();
    let state = ContactState::new("contact-0000001".into());
    let state = program.transition(state, &envelopes, start()).state;
    assert_eq!(state.hot.enrollments.len(), 3);
    (program, state)
}

fn stamped(seq: u64, at: DateTime<Utc>, input: Input) -> Envelope {
    Envelope::new(seq, InputId::from_place(&input.contact, seq), at, input.kind)
}

/// The transitions that are measured.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let (program, state) = enrolled(sequence("welcome", 3));
    let due = start() + TimeDelta::days(1);
    let due_send =
        Scenario { name: "due_send", program, state, envelopes: Vec::new(), now: due, steps: 2, messages: 1 };

    let (program, state) = enrolled(sequence("welcome", 3));
    let hour = start() + TimeDelta::hours(1);
    let nothing = Scenario {
        name: "event_matches_nothing",
        program,
        state,
        envelopes: vec![stamped(9, hour, Input::from(event(1, "page.viewed").property("path", "/prices")))],
        now: hour,
        steps: 0,
        messages: 0,
    };

    let waits = Journey::builder("waits")
        .enter_on("signed_up")
        .wait_for("link.clicked", Span::days(7), "bye")
        .wait(Span::days(1))
        .exit("bye", "done");
    let (program, state) = enrolled(waits.build().unwrap());
    let wait_for = Scenario {
        name: "event_matches_wait_for",
        program,
        state,
        envelopes: vec![stamped(9, hour, Input::from(event(1, "link.clicked").property("cta", "book")))],
        now: hour,
        steps: 1,
        messages: 0,
    };

    let way = |when, goto: &str| WayDefinition { when, goto: goto.to_owned() };
    let branch = BranchDefinition {
        when: vec![
            way(PredicateDefinition::attribute_is("plan", "platinum"), "a"),
            way(PredicateDefinition::attribute_at_least("followers", 10_000), "b"),
            way(PredicateDefinition::performed("signed_up"), "c"),
        ],
        otherwise: Some("a".to_owned()),
        unknown: None,
    };
    let branches = Journey::builder("branches")
        .enter_on("signed_up")
        .wait(Span::days(1))
        .step(StepDefinition { branch: Some(branch), ..StepDefinition::default() })
        .step(named_wait("a"))
        .step(named_wait("b"))
        .step(named_wait("c"));
    let (program, state) = enrolled(branches.build().unwrap());
    let three_ways = Scenario {
        name: "branch_three_ways",
        program,
        state,
        envelopes: Vec::new(),
        now: due,
        steps: 2,
        messages: 0,
    };

    let night = Journey::builder("night")
        .enter_on("signed_up")
        .wait(Span::hours(12)) // 22:00 in Paris
        .send("late", "sms", "hello", "marketing")
        .wait(Span::days(1));
    let (program, state) = enrolled(night.build().unwrap());
    let quiet = Scenario {
        name: "sms_in_quiet_hours",
        program,
        state,
        envelopes: Vec::new(),
        now: start() + TimeDelta::hours(12),
        steps: 2,
        messages: 0,
    };
    vec![due_send, nothing, wait_for, three_ways, quiet]
}

fn named_wait(id: &str) -> StepDefinition {
    StepDefinition { id: Some(id.to_owned()), wait: Some(Span::days(1)), ..StepDefinition::default() }
}

/// A journey of about this many steps, of every kind, as JSON.
pub(crate) fn definition(steps: usize) -> String {
    let mut definition =
        JourneyDefinition { journey: "large".to_owned(), version: 1, ..JourneyDefinition::default() };
    definition.enter = Journey::builder("x").enter_on("signed_up").definition().enter.clone();
    for number in 0..steps {
        let id = Some(format!("node-{number}"));
        let step = match number % 5 {
            0 => StepDefinition {
                send: Some(SendDefinition {
                    channel: Some("email".to_owned()),
                    template: Some("hello".to_owned()),
                    purpose: Some("marketing".to_owned()),
                    ..SendDefinition::default()
                }),
                ..StepDefinition::default()
            },
            3 if number + 2 < steps => StepDefinition {
                branch: Some(BranchDefinition {
                    when: vec![WayDefinition {
                        when: PredicateDefinition::attribute_is("plan", "gold"),
                        goto: format!("node-{}", number + 2),
                    }],
                    otherwise: Some("next".to_owned()),
                    unknown: None,
                }),
                ..StepDefinition::default()
            },
            _ => StepDefinition { wait: Some(Span::days(1)), ..StepDefinition::default() },
        };
        definition.steps.push(StepDefinition { id, ..step });
    }
    serde_json::to_string_pretty(&definition).unwrap()
}

/// What the process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    wall: Instant,
    cpu: Duration,
    written: u64,
}

/// The difference of two readings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// All threads of the process.
    pub(crate) cpu: Duration,
    /// Bytes that the process passed to write calls (`wchar`). `write_bytes` would count pages of the page cache, as often
    /// as they happen to be dirtied, and differs between runs that write the same.
    pub(crate) written: u64,
}

impl Used {
    pub(crate) fn now() -> Self {
        Self { wall: Instant::now(), cpu: cpu(), written: written() }
    }

    pub(crate) fn since(self) -> Cost {
        let now = Self::now();
        Cost {
            wall: now.wall - self.wall,
            cpu: now.cpu.saturating_sub(self.cpu),
            written: now.written - self.written,
        }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.written += other.written;
    }
}

/// On-CPU time of all threads that live, in nanoseconds (Linux; zero elsewhere).
fn cpu() -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanos = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}
