//! One big tick equals many small ones, whatever the inputs and whenever the engine wakes.

mod common;
#[path = "properties/journeys.rs"]
mod journeys;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::journey::{JourneyDefinition, Late, LateDefinition};
use journeyman::machine::{
    ContactState, Envelope, Hot, Input, InputKind, Pause, Program, ProgramParts, Scored, Transition,
    Withdrawal,
};
use journeyman::model::{
    ConsentRecord, Delivery, DeliveryStatus, EnrollmentId, Evidence, Fact, InputId, JourneyId, Message, Step,
    Value, Waiting,
};
use journeyman::port::{Clock, Store};
use journeyman::rule::score::{
    Band, Clamp, Decay, EventRule, History, MarkKind, MarkRule, ScoreModel, Table, WhenRule,
};
use journeyman::rule::{PredicateDefinition, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event};
use journeys::journeys;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Something that reaches the mailbox some time after what came before it.
#[derive(Clone, Debug)]
enum Told {
    Event {
        name: u8,
        number: i64,
        lag: i64,
    },
    Attribute {
        name: u8,
        value: i64,
    },
    /// The date comes, moves or goes away.
    Date {
        hours: Option<i64>,
        whole_day: bool,
    },
    Tag {
        gone: bool,
    },
    Fact {
        kind: u8,
        number: i64,
    },
    Zone(u8),
    Grant {
        purpose: u8,
        channel: u8,
    },
    Withdraw {
        purpose: u8,
        channel: u8,
    },
    /// What became of the message that the contact awaits, if it awaits one.
    Delivery {
        accepted: bool,
    },
}

const EVENTS: [&str; 6] = ["signed_up", "clicked", "booked", "replied", "seen", "form.submitted"];
const CHANNELS: [&str; 2] = ["email", "sms"];
const PURPOSES: [&str; 2] = ["onboarding", "marketing"];
const ZONES: [&str; 4] = ["Europe/Paris", "Indian/Reunion", "America/Montreal", "Pacific/Apia"];

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        // Late by up to three days, from the future by up to two.
        8 => (0..6u8, 0..4i64, prop_oneof![4 => Just(0), 1 => -172_800_000..259_200_000i64])
            .prop_map(|(name, number, lag)| Told::Event { name, number, lag }),
        2 => (0..2u8, 0..100i64).prop_map(|(name, value)| Told::Attribute { name, value }),
        2 => (prop::option::weighted(0.8, 0..240i64), any::<bool>())
            .prop_map(|(hours, whole_day)| Told::Date { hours, whole_day }),
        1 => any::<bool>().prop_map(|gone| Told::Tag { gone }),
        4 => (0..5u8, 0..90i64).prop_map(|(kind, number)| Told::Fact { kind, number }),
        1 => (0..4u8).prop_map(Told::Zone),
        3 => (0..2u8, 0..2u8).prop_map(|(purpose, channel)| Told::Grant { purpose, channel }),
        1 => (0..2u8, 0..2u8).prop_map(|(purpose, channel)| Told::Withdraw { purpose, channel }),
        3 => any::<bool>().prop_map(|accepted| Told::Delivery { accepted }),
    ]
}

/// Gaps in milliseconds: often none at all, so that several things share an instant.
fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0),
        4 => 1..7_200_000i64,
        4 => (0..96i64).prop_map(|half_hours| half_hours * 1_800_000),
    ]
}

/// What is told of who the contact is, or became true of it.
fn known(told: &Told) -> Option<InputKind> {
    let lea = Contact::new("lea");
    Some(match told {
        Told::Attribute { name, value } => {
            InputKind::Identify(lea.attribute(["score", "age"][usize::from(*name)], *value))
        }
        Told::Date { hours: None, .. } => InputKind::Identify(lea.without("event_at")),
        Told::Date { hours: Some(hours), whole_day } => {
            let instant = start() + TimeDelta::hours(*hours);
            let value = if *whole_day { Value::from(instant.date_naive()) } else { Value::from(instant) };
            InputKind::Identify(lea.attribute("event_at", value))
        }
        Told::Tag { gone: true } => InputKind::Identify(lea.without_tag("gold")),
        Told::Tag { gone: false } => InputKind::Identify(lea.tag("gold")),
        Told::Zone(zone) => InputKind::Identify(lea.zone(ZONES[usize::from(*zone)])),
        Told::Fact { kind, number } => InputKind::Fact(match kind {
            0 => Fact::Keyword { word: ["OUI", "stop"][usize::from(number % 2 == 0)].into(), channel: None },
            1 => Fact::Segment { segment: "dormant".into(), inside: number % 3 > 0 },
            2 => {
                let to = ["cold", "warm", "hot"][(number % 3) as usize];
                Fact::Tier {
                    score: "spark".into(),
                    from: None,
                    to: Some(to.into()),
                    up: number % 2 == 0 && to != "cold",
                }
            }
            3 => Fact::Score { score: "spark".into(), value: *number },
            _ => Fact::Host {
                name: "invite".into(),
                properties: [("number".into(), (number % 3).into())].into(),
            },
        }),
        _ => return None,
    })
}

fn event(name: u8, number: i64) -> Event {
    Event::new("lea", EVENTS[usize::from(name)]).property("number", number).property("form", "contact")
}

fn start() -> DateTime<Utc> {
    // Both daylight-saving changes of spring lie within the story.
    "2026-03-05T08:00:00Z".parse().unwrap()
}

fn program(pauses: &[(i64, i64)]) -> Program {
    let journeys: Vec<_> = journeys().into_iter().map(std::sync::Arc::new).collect();
    let mut from = start();
    let mut held = Vec::new();
    for (gap, length) in pauses {
        from += TimeDelta::milliseconds(*gap);
        let until = from + TimeDelta::milliseconds(*length);
        held.push(Pause::new(from, Some(until)));
        from = until;
    }
    let mut parts = ProgramParts::default();
    parts.pauses =
        journeys.iter().take(5).map(|journey| (JourneyId::clone(&journey.id), held.clone())).collect();
    parts.journeys = journeys;
    let heat = ScoreModel::from_table(heat()).unwrap();
    parts.scores.insert("heat".into(), Scored::new(heat.into(), History::Count));
    Program::new(parts)
}

/// A score with everything that time alone can change.
fn heat() -> Table {
    const HOUR: i64 = 3_600_000;
    let mut table = Table::new();
    table.rules.push(EventRule::new("clicked", 7).cap(20, Some(36 * HOUR)).into());
    table.rules.push(EventRule::new("seen", 2).lasting(20 * HOUR).engages(false).into());
    table.rules.push(EventRule::new("booked", 25).once().into());
    table.rules.push(EventRule::new("replied", -4).into());
    table.rules.push(WhenRule::new("gold", PredicateDefinition::tag("gold"), 9).into());
    table.rules.push(WhenRule::new("old", PredicateDefinition::attribute_at_least("age", 50), -6).into());
    table.decay = Some(Decay::new(12 * HOUR, -3));
    table.clamp = Some(Clamp::new(-10, 60));
    table.tiers = vec![Band::new("warm", 5), Band::new("hot", 15).hysteresis(3).stay(9 * HOUR)];
    table.marks = vec![
        MarkRule::new("stuck", MarkKind::Stagnation(15 * HOUR)),
        MarkRule::new("asleep", MarkKind::Inactivity(24 * HOUR)),
        MarkRule::new("high", MarkKind::Threshold(20)),
    ];
    table
}

/// Everything that must not depend on when the engine woke.
#[derive(Debug, Default, PartialEq)]
struct Record {
    steps: Vec<Step>,
    messages: Vec<Message>,
    cancel: Vec<EnrollmentId>,
    consents: Vec<ConsentRecord>,
}

impl Record {
    fn add(&mut self, transition: &Transition) {
        self.steps.extend(transition.steps.iter().cloned());
        self.messages.extend(transition.messages.iter().cloned());
        self.cancel.extend(transition.cancel.iter().copied());
        self.consents.extend(transition.consents.iter().cloned());
    }
}

/// Runs one transition after another until nothing is left to do at `now`, as an engine would.
fn run(
    program: &Program,
    mut state: ContactState,
    mut mail: &[Envelope],
    now: DateTime<Utc>,
    record: &mut Record,
) -> ContactState {
    loop {
        let transition = program.transition(state, mail, now);
        record.add(&transition);
        mail = &mail[transition.consumed..];
        state = transition.state;
        if mail.is_empty() && transition.due_at.is_none_or(|due| due > now) {
            return state;
        }
    }
}

/// Ticks after every input; what became of a message is told when it is awaited, and so enters the log.
fn live(program: &Program, story: &[(i64, Told)]) -> (Vec<Envelope>, ContactState, Record) {
    let mut at = start();
    let mut state = ContactState::new("lea".into());
    let mut record = Record::default();
    let mut log = Vec::new();
    let mut tell = |kind: InputKind, at, state, record: &mut Record| {
        let seq = log.len() as u64 + 1;
        log.push(Envelope::new(seq, InputId::from_place(&"lea".into(), seq), at, kind));
        run(program, state, &log[log.len() - 1..], at, record)
    };
    let lea = Contact::new("lea").address("email", "lea@example.org").address("sms", "+33639980001");
    state = tell(InputKind::Identify(lea), at, state, &mut record);
    for (gap, told) in story {
        at += TimeDelta::milliseconds(*gap);
        let kind = match told {
            Told::Event { name, number, lag } => {
                let event = event(*name, *number);
                let event = if *lag == 0 { event } else { event.at(at - TimeDelta::milliseconds(*lag)) };
                Input::from(event).kind
            }
            Told::Grant { purpose, channel } => {
                let (purpose, channel) = (PURPOSES[usize::from(*purpose)], CHANNELS[usize::from(*channel)]);
                Input::from(Consent::granted("lea", purpose, channel, Evidence::new("form", "v1"))).kind
            }
            Told::Withdraw { purpose, channel } => {
                let (purpose, channel) = (PURPOSES[usize::from(*purpose)], CHANNELS[usize::from(*channel)]);
                InputKind::Withdrawal(Withdrawal::of("lea", purpose, channel, Evidence::new("page", "v1")))
            }
            Told::Delivery { accepted } => {
                // Everything due by now happens first, so that the message is known to whoever answers.
                state = run(program, state, &[], at, &mut record);
                let awaited = state.hot.enrollments.iter().find_map(|enrollment| match enrollment.waiting {
                    Waiting::Delivery { message } => Some(message),
                    _ => None,
                });
                let Some(message) = awaited else { continue };
                let status = if *accepted { DeliveryStatus::Accepted } else { DeliveryStatus::Parked };
                InputKind::Delivery(Delivery::new(message, 1, at, status))
            }
            other => known(other).unwrap(),
        };
        state = tell(kind, at, state, &mut record);
    }
    (log, state, record)
}

/// The state without the instant up to which it was looked at, which is the one thing that waking changes.
fn comparable(state: ContactState) -> ContactState {
    let ContactState { cold, hot, .. } = state;
    let mut hot: Hot = hot;
    hot.now = DateTime::UNIX_EPOCH;
    ContactState::from_parts(cold, hot)
}

/// The same cases on every machine; `PROPTEST_CASES` and `JOURNEYMAN_FROM` (numbers) ask for more and for others. Without
/// optimisation, where a case takes ten times as long, a quarter of them.
fn config(cases: u32) -> ProptestConfig {
    let cases = if cfg!(debug_assertions) { cases.div_ceil(4) } else { cases };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("PROPTEST_CASES").map_or(cases, |cases| cases as u32),
        rng_seed: RngSeed::Fixed(number("JOURNEYMAN_FROM").unwrap_or(1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

mod properties {
    use super::*;

    proptest! {
        #![proptest_config(config(512))]

        #[test]
        fn one_big_tick_equals_many_small_ones(
            story in prop::collection::vec((gap(), told()), 1..40),
            pauses in prop::collection::vec((0..400_000_000i64, 1..200_000_000i64), 0..3),
            wakes in prop::collection::vec(0..2_000_000_000i64, 0..40),
            chunks in prop::collection::vec(1..6usize, 1..20),
        ) {
            let program = program(&pauses);
            let (log, state, small) = live(&program, &story);
            let end = log.last().unwrap().received_at + TimeDelta::days(20);
            let mut small = small;
            let after_small = comparable(run(&program, state, &[], end, &mut small));

            // All at once, at the end.
            let mut big = Record::default();
            let after_big = comparable(run(&program, ContactState::new("lea".into()), &log, end, &mut big));
            prop_assert_eq!(&small, &big);
            prop_assert_eq!(&after_small, &after_big);

            // At random moments, with whatever has arrived by then, in claims of random size.
            let mut wakes: Vec<_> = wakes.iter().map(|wake| start() + TimeDelta::milliseconds(*wake)).collect();
            wakes.sort();
            wakes.push(end);
            let mut chunks = chunks.into_iter().cycle();
            let mut moments = Record::default();
            let mut state = ContactState::new("lea".into());
            let mut read = 0;
            for wake in wakes {
                let wake = wake.min(end);
                let arrived = log.iter().filter(|envelope| envelope.received_at <= wake).count().max(read);
                while read < arrived {
                    let until = arrived.min(read + chunks.next().unwrap_or(1));
                    // A claim that is cut short may not fire what lies after the mail it left behind.
                    let now = if until < arrived { log[until - 1].received_at } else { wake };
                    state = run(&program, state, &log[read..until], now, &mut moments);
                    read = until;
                }
                state = run(&program, state, &[], wake, &mut moments);
            }
            prop_assert_eq!(&small, &moments);
            prop_assert_eq!(&after_small, &comparable(state));
        }

        #[test]
        fn the_steps_of_an_enrollment_are_one_unbroken_walk(
            story in prop::collection::vec((gap(), told()), 1..40),
        ) {
            let program = program(&[]);
            let (_, _, record) = live(&program, &story);
            let mut enrollments: std::collections::BTreeMap<EnrollmentId, Vec<&Step>> = Default::default();
            for step in &record.steps {
                enrollments.entry(step.enrollment).or_default().push(step);
            }
            for steps in enrollments.values() {
                for (ordinal, step) in steps.iter().enumerate() {
                    prop_assert_eq!(step.ordinal as usize, ordinal);
                }
                for pair in steps.windows(2) {
                    prop_assert!(pair[0].at <= pair[1].at);
                    if let Some(next) = &pair[0].next {
                        prop_assert_eq!(next, &pair[1].node);
                    }
                }
            }
            for message in &record.messages {
                let consented = record.consents.iter().any(|consent| {
                    consent.status == journeyman::model::ConsentStatus::Granted
                        && consent.purpose.as_ref() == Some(&message.purpose)
                        && consent.channel.as_ref() == Some(&message.channel)
                        && consent.at <= message.decided_at
                });
                prop_assert!(consented, "a message was decided without any grant before it");
            }
            prop_assert!(ConsentRecord::verify(&record.consents));
        }
    }

    /// The properties above would hold over stories in which nothing happens; so every kind of outcome must happen.
    #[test]
    fn the_stories_reach_every_outcome() {
        use journeyman::model::{ExitReason, Reason, StepOutcome};
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        let strategy = prop::collection::vec((gap(), told()), 1..40);
        let mut seen = std::collections::BTreeMap::<&str, usize>::new();
        for _ in 0..800 {
            let story = strategy.new_tree(&mut runner).unwrap().current();
            let program = program(&[(100_000_000, 50_000_000)]);
            let (log, state, mut record) = live(&program, &story);
            let end = log.last().unwrap().received_at + TimeDelta::days(20);
            run(&program, state, &[], end, &mut record);
            for step in &record.steps {
                let name = match &step.outcome {
                    StepOutcome::Entered => "entered",
                    StepOutcome::Waited => "waited",
                    StepOutcome::Matched { alternative: 0 } => "first alternative",
                    StepOutcome::Matched { .. } => "second alternative",
                    StepOutcome::TimedOut => "timed out",
                    StepOutcome::Branched { way: Some(_) } => "branched",
                    StepOutcome::Branched { way: None } => "else",
                    StepOutcome::Unknown { .. } => "unknown",
                    StepOutcome::Drawn { .. } => "drawn",
                    StepOutcome::Changed => "changed",
                    StepOutcome::Scored { .. } => "scored",
                    StepOutcome::Emitted { .. } => "emitted",
                    StepOutcome::Dropped { .. } => "dropped",
                    StepOutcome::Jumped { taken: true } => "jumped",
                    StepOutcome::Jumped { taken: false } => "jumped no more",
                    StepOutcome::Opened { enrollment: Some(_) } => "opened",
                    StepOutcome::Opened { enrollment: None } => "not opened",
                    StepOutcome::Returned { .. } => "returned",
                    StepOutcome::Left { .. } => "left another",
                    StepOutcome::Replanned { .. } => "replanned",
                    StepOutcome::Merged { .. } => "merged",
                    StepOutcome::Sent { .. } => "sent",
                    StepOutcome::Deferred { reasons, .. } => match reasons[0] {
                        Reason::Window => "deferred by the window",
                        Reason::Spacing => "deferred by spacing",
                        _ => "deferred",
                    },
                    StepOutcome::Refused { reasons } => match reasons[0] {
                        Reason::Holdout => "held out",
                        Reason::Spacing => "refused by spacing",
                        _ if reasons.contains(&Reason::Late) => "refused as late",
                        _ if reasons.contains(&Reason::Deadline) => "refused by the deadline",
                        _ => "refused",
                    },
                    StepOutcome::Settled { accepted: true, .. } => "accepted",
                    StepOutcome::Settled { accepted: false, .. } => "not accepted",
                    StepOutcome::Exited { reason: ExitReason::Completed } => "completed",
                    StepOutcome::Exited { reason: ExitReason::Exit(_) } => "exit step",
                    StepOutcome::Exited { reason: ExitReason::Goal(_) } => "goal",
                    StepOutcome::Exited { reason: ExitReason::Event(_) } => "exit by event",
                    StepOutcome::Exited { reason: ExitReason::MaxDuration } => "max duration",
                    StepOutcome::Exited { reason: ExitReason::Fact(_) } => "exit by fact",
                    StepOutcome::Exited { reason: ExitReason::Left } => "left",
                    StepOutcome::Exited { reason: ExitReason::DateMoved } => "date moved",
                    StepOutcome::Exited { reason: ExitReason::Late } => "late",
                    other => panic!("nothing accepted may lead to {other:?}"),
                };
                *seen.entry(name).or_default() += 1;
            }
        }
        assert_eq!(seen.len(), 41, "{seen:?}");
        assert!(seen.values().all(|count| *count >= 10), "{seen:?}");
    }

    /// The same through the engine, on both stores: a host tells the story at its instants and ticks when it likes.
    async fn host(
        store: std::sync::Arc<dyn Store>,
        clock: &ManualClock,
        story: &[(i64, Told)],
        ticks: impl Fn(usize) -> bool,
    ) -> (Vec<Step>, Vec<Message>) {
        let channels = CHANNELS.map(RecordingChannel::new);
        let mut builder = Engine::builder(store.clone());
        for channel in channels {
            builder = builder.channel(channel);
        }
        let engine = builder.build();
        let templates = ["hello", "proof", "objection", "thanks", "note"];
        let templates = templates.map(|name| TemplateDefinition::new(name).text("Bonjour").into());
        // The journey with refused edges is left out: when its messages are answered depends on when the host ticks.
        let journeys =
            journeys().into_iter().filter(|journey| journey.id.as_str() != "careful").map(|journey| {
                // So does what is too late for its journey: whoever ticks rarely is an outage.
                let mut definition = JourneyDefinition::clone(&journey.definition);
                definition.late = definition.late.map(|late| LateDefinition { then: Late::Skip, ..late });
                definition
            });
        engine.publish(templates.into_iter().chain(journeys.map(Into::into))).await.unwrap();
        clock.jump_to(start());
        let lea = Contact::new("lea").address("email", "lea@example.org").address("sms", "+33639980001");
        engine.identify(lea).await.unwrap();
        for (place, (gap, told)) in story.iter().enumerate() {
            clock.advance(TimeDelta::milliseconds(*gap));
            let consent = |purpose: &u8, channel: &u8| {
                (
                    PURPOSES[usize::from(*purpose)],
                    CHANNELS[usize::from(*channel)],
                    Evidence::new("form", "v1"),
                )
            };
            match told {
                Told::Event { name, number, lag } => {
                    let event = event(*name, *number);
                    // Without an id, its place in the log would name it, and answers of channels stand in that log too.
                    let event = event.id(place.to_string());
                    let at = clock.now() - TimeDelta::milliseconds(*lag);
                    engine.track(if *lag == 0 { event } else { event.at(at) }).await.unwrap();
                }
                Told::Grant { purpose, channel } => {
                    let (purpose, channel, evidence) = consent(purpose, channel);
                    engine.consent(Consent::granted("lea", purpose, channel, evidence)).await.unwrap();
                }
                Told::Withdraw { purpose, channel } => {
                    let (purpose, channel, evidence) = consent(purpose, channel);
                    engine.withdraw(&Withdrawal::of("lea", purpose, channel, evidence)).await.unwrap();
                }
                Told::Delivery { .. } => {}
                other => {
                    // As above: what it opens goes by its id.
                    let id = InputId::from_host("told", &"lea".into(), &place.to_string());
                    let input = Input::new("lea".into(), Some(id), known(other).unwrap());
                    store.append(&[input], TimeDelta::days(90)).await.unwrap();
                }
            }
            if ticks(place) {
                engine.tick().await.unwrap();
            }
        }
        clock.advance(TimeDelta::days(20));
        engine.tick().await.unwrap();
        let messages = store.messages(&"lea".into()).await.unwrap();
        let messages = messages.into_iter().map(|record| record.message).collect();
        (store.steps(&"lea".into()).await.unwrap(), messages)
    }

    proptest! {
        #![proptest_config(config(24))]

        #[test]
        fn a_host_that_ticks_rarely_sees_what_one_that_ticks_often_sees(
            story in prop::collection::vec((gap(), told()), 1..25),
            moments in prop::collection::vec(any::<bool>(), 25),
        ) {
            let clock = ManualClock::new(start());
            let fresh = |kind: usize| {
                clock.jump_to(start());
                stores(std::sync::Arc::new(clock.clone())).remove(kind)
            };
            for kind in 0..2 {
                let (_, often, _folder) = fresh(kind);
                let often = block_on(host(often, &clock, &story, |_| true));
                let (_, once, _folder) = fresh(kind);
                prop_assert_eq!(&often, &block_on(host(once, &clock, &story, |_| false)));
                let (name, random, _folder) = fresh(kind);
                prop_assert_eq!(&often, &block_on(host(random, &clock, &story, |place| moments[place])), "{}", name);
            }
        }
    }
}
