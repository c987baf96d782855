//! Whoever objects, and whoever is too young, has no profile: no score, no tier, no segment, and nothing that would make one.
//!
//! The oracle looks at what was told as a list; it shares no code with the crate.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod common;
#[path = "consent_profiling/drafts.rs"]
mod drafts;
#[path = "consent_profiling/merge.rs"]
mod merge;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::{
    ContactState, Envelope, Input, InputKind, Program, ProgramParts, Scored, Signal, Withdrawal,
};
use journeyman::model::{Evidence, Fact, InputId};
use journeyman::rule::score::{History, ScoreDefinition};
use journeyman::rule::segment::{SegmentDefinition, Segments};
use journeyman::rule::{Minors, Policy, Purpose};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::json;

fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x0021_0203), failure_persistence: None, ..Config::default() }
}

fn start() -> DateTime<Utc> {
    "2026-03-23T10:00:00Z".parse().unwrap()
}

fn evidence() -> Evidence {
    Evidence::new("form", "notice-1")
}

/// One score and two segments for marketing, and one of each for what a law demands.
const SCRIPT: &str = r#"on("opened", 1); tier("hot", 2); badge("keen", "opened", 3);"#;

fn scores() -> [ScoreDefinition; 2] {
    [ScoreDefinition::new("heat", SCRIPT), ScoreDefinition::new("care", SCRIPT).purpose("exclusion")]
}

fn segments() -> [SegmentDefinition; 4] {
    let active = json!({"event": "opened", "count": {"at_least": 2}, "within": "30d"});
    let active: journeyman::rule::segment::QuestionDefinition = serde_json::from_value(active).unwrap();
    let loyal = serde_json::from_value(json!({"tag": "fan", "held_for": "5m"})).unwrap();
    [
        SegmentDefinition::new("loyal", loyal),
        SegmentDefinition::new("active", active.clone()),
        SegmentDefinition::new("spared", active).purpose("exclusion"),
        SegmentDefinition::manual("vips"),
    ]
}

fn policy() -> Policy {
    Policy::new("test").purpose(Purpose::legal_obligation("exclusion")).minors(Minors::new("age", 15))
}

/// With a purpose for profiling, a yes to anything else brings no profile back.
fn strict() -> Policy {
    policy().purpose(Purpose::profiling())
}

fn program(policy: Policy) -> Program {
    let mut parts = ProgramParts::default();
    parts.policy = policy;
    for score in scores() {
        let scored = Scored::new(score.compile().unwrap().into(), History::Count);
        parts.scores.insert(score.score.as_str().into(), scored.purpose(score.purpose.as_deref()));
    }
    parts.segments = Arc::new(Segments::compile(segments(), &BTreeMap::new()).unwrap());
    Program::new(parts)
}

#[derive(Clone, Debug)]
enum Act {
    /// It opened something, so many minutes ago.
    Opened(i64),
    Objects,
    /// It takes everything back, and objects to nothing.
    Withdraws,
    Agrees(&'static str),
    Age(i64),
    /// The host puts it into a segment by hand.
    Vip(bool),
    /// It gets a tag, which a segment asks for once it is five minutes old.
    Fan,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => prop_oneof![Just(0), 1i64..6].prop_map(Act::Opened),
        2 => Just(Act::Objects),
        1 => Just(Act::Withdraws),
        2 => prop_oneof![Just("marketing"), Just("profiling")].prop_map(Act::Agrees),
        1 => prop_oneof![Just(12), Just(30)].prop_map(Act::Age),
        1 => any::<bool>().prop_map(Act::Vip),
        1 => Just(Act::Fan),
    ]
}

impl Act {
    fn input(&self, at: DateTime<Utc>) -> Input {
        match self {
            Act::Opened(0) => Event::new("lea", "opened").into(),
            Act::Opened(ago) => Event::new("lea", "opened").at(at - TimeDelta::minutes(*ago)).into(),
            Act::Objects => told(InputKind::Withdrawal(Withdrawal::objection("lea", evidence()))),
            Act::Withdraws => told(InputKind::Withdrawal(Withdrawal::everything("lea", evidence()))),
            Act::Agrees(purpose) => Consent::granted("lea", *purpose, "email", evidence()).into(),
            Act::Age(age) => Contact::new("lea").attribute("age", *age).into(),
            Act::Vip(inside) => {
                let fact = Fact::Segment { segment: "vips".into(), inside: *inside };
                told(InputKind::Fact(fact))
            }
            Act::Fan => Contact::new("lea").tag("fan").into(),
        }
    }
}

fn told(kind: InputKind) -> Input {
    Input::new("lea".into(), None, kind)
}

/// What must be true after some acts, each at its minute.
#[derive(Debug, PartialEq)]
struct Expected {
    off: bool,
    heat: Option<i64>,
    care: Option<i64>,
    hot: bool,
    keen: bool,
    loyal: bool,
    active: bool,
    spared: bool,
    vip: bool,
}

fn expected(acts: &[Act], is_strict: bool) -> Expected {
    // Whether it ever objected, what it agrees to since, and whether it took back its yes to profiling.
    let (mut objected, mut yes, mut taken_back) = (false, BTreeSet::new(), false);
    let (mut minor, mut off, mut from, mut vip) = (false, false, i64::MIN, false);
    let (mut heat, mut care, mut fan) = (0, 0, None);
    for (minute, act) in (0i64..).zip(acts) {
        match act {
            Act::Objects | Act::Withdraws => {
                objected |= matches!(act, Act::Objects);
                taken_back |= yes.contains("profiling");
                yes.clear();
            }
            Act::Agrees(purpose) => {
                taken_back = taken_back && *purpose != "profiling";
                yes.insert(*purpose);
            }
            Act::Age(age) => minor = *age < 15,
            Act::Opened(ago) => {
                care += 1;
                heat += i64::from(!off && minute - ago >= from);
            }
            Act::Vip(inside) => vip = if off { vip } else { *inside },
            Act::Fan => fan = fan.or(Some(minute)),
        }
        let was_off = off;
        let lifted = if is_strict { yes.contains("profiling") } else { !yes.is_empty() };
        off = minor || (objected && !lifted) || (is_strict && taken_back);
        if off {
            (heat, vip) = (0, false);
        } else if was_off {
            from = minute;
        }
    }
    let last = i64::try_from(acts.len()).unwrap() - 1;
    let known = |value: i64| Some(value).filter(|value| *value > 0);
    Expected {
        off,
        heat: known(heat),
        care: known(care),
        hot: heat >= 2,
        keen: heat >= 3,
        loyal: !off && fan.is_some_and(|fan: i64| last - fan.max(from) >= 5),
        active: heat >= 2,
        spared: care >= 2,
        vip,
    }
}

fn found(state: &ContactState) -> Expected {
    let (rating, segments) = (&state.hot.rating, &state.hot.segments);
    let known = |score: &str| rating.has_score(score).then(|| rating.score(score)).filter(|value| *value > 0);
    let inside = |segment: &str| {
        assert_eq!(rating.is_in(segment), segments.members.contains_key(segment), "{segment}");
        rating.is_in(segment)
    };
    Expected {
        off: state.hot.profiling.off_since.is_some(),
        heat: known("heat"),
        care: known("care"),
        hot: rating.tier("heat").is_some(),
        keen: rating.is_marked("heat", "keen"),
        loyal: inside("loyal"),
        active: inside("active"),
        spared: inside("spared"),
        vip: inside("vips"),
    }
}

/// Nothing in what is kept may be of a former profile.
fn nothing_is_kept(state: &ContactState) {
    let (rating, segments) = (&state.hot.rating, &state.hot.segments);
    assert!(!rating.has_score("heat") && rating.tier("heat").is_none());
    let model = rating.state("heat").unwrap();
    assert_eq!((model.value, model.rated, model.counted_at, model.changed_at), (0, false, None, None));
    assert!(!segments.left.contains_key("active") && !segments.left.contains_key("vips"));
}

fn play(acts: &[Act], is_strict: bool) {
    let program = program(if is_strict { strict() } else { policy() });
    let (mut state, mut mail) = (ContactState::new("lea".into()), Vec::new());
    for (number, act) in acts.iter().enumerate() {
        let at = start() + TimeDelta::minutes(i64::try_from(number).unwrap());
        let input = act.input(at);
        let seq = number as u64 + 1;
        let envelope = Envelope::new(seq, InputId::from_place(&input.contact, seq), at, input.kind);
        mail.push(envelope.clone());
        state = program.transition(state, &[envelope], at).state;
        let until = &acts[..=number];
        assert_eq!(found(&state), expected(until, is_strict), "after {until:?}");
        if state.hot.profiling.off_since.is_some() {
            nothing_is_kept(&state);
        }
    }
    // In one go it comes to the same.
    let last = mail.last().unwrap().received_at;
    assert_eq!(program.transition(ContactState::new("lea".into()), &mail, last).state, state);
    // Neither does a history bring anything back.
    let expected = expected(acts, is_strict);
    for (score, value) in [("heat", expected.heat), ("care", expected.care)] {
        let counted = program.recount(score, &state, &mail, &[]).unwrap();
        assert_eq!(counted.value, value.unwrap_or(0), "{score} after {acts:?}");
        let kept = state.hot.rating.state(score).unwrap();
        assert!(counted.marks.keys().eq(kept.marks.keys()), "{score} after {acts:?}");
    }
    let counted = program.recount_segments(&state, &mail, &[]);
    for (segment, inside) in
        [("active", expected.active), ("spared", expected.spared), ("loyal", expected.loyal)]
    {
        assert_eq!(counted.members.contains_key(segment), inside, "{segment} after {acts:?}");
    }
    let explained = program.explain_score("heat", &state, &mail, &[]).unwrap();
    assert_eq!(explained.to_string().starts_with("profiling is off since"), expected.off);
    let explained = program.explain_segment("active", &state, last).unwrap();
    assert_eq!(explained.to_string().contains("profiling is off since"), expected.off);
    assert_eq!(program.explain_segment("spared", &state, last).unwrap().unprofiled_since, None);
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn consent_whoever_objects_or_is_too_young_has_no_profile(
        acts in prop::collection::vec(act(), 1..24),
        is_strict in any::<bool>(),
    ) {
        play(&acts, is_strict);
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn consent_it_has_none_in_any_store_either(
        acts in prop::collection::vec(act(), 1..16),
        is_strict in any::<bool>(),
    ) {
        let clock = ManualClock::new(start());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            clock.jump_to(start());
            let policy = if is_strict { strict() } else { policy() };
            let engine = Engine::builder(store).policy(policy).channel(RecordingChannel::new("email")).build();
            let scores = scores().map(Into::into);
            block_on(engine.publish(scores.into_iter().chain(segments().map(Into::into)))).unwrap();
            for (number, act) in acts.iter().enumerate() {
                let at = start() + TimeDelta::minutes(i64::try_from(number).unwrap());
                clock.jump_to(at);
                match act {
                    Act::Objects => {
                        block_on(engine.withdraw(&Withdrawal::objection("lea", evidence()))).unwrap();
                    }
                    Act::Withdraws => {
                        block_on(engine.withdraw(&Withdrawal::everything("lea", evidence()))).unwrap();
                    }
                    Act::Agrees(purpose) => {
                        let yes = Consent::granted("lea", *purpose, "email", evidence());
                        block_on(engine.consent(yes)).unwrap();
                    }
                    Act::Age(age) => {
                        block_on(engine.identify(Contact::new("lea").attribute("age", *age))).unwrap();
                    }
                    Act::Vip(inside) => {
                        let fact = Fact::Segment { segment: "vips".into(), inside: *inside };
                        block_on(engine.tell("lea", fact)).unwrap();
                    }
                    Act::Fan => block_on(engine.identify(Contact::new("lea").tag("fan"))).unwrap(),
                    Act::Opened(ago) => {
                        let opened = Event::new("lea", "opened").at(at - TimeDelta::minutes(*ago));
                        block_on(engine.track(opened)).unwrap();
                    }
                }
                block_on(engine.tick()).unwrap();
            }
            let stored = block_on(engine.store().contact(&"lea".into())).unwrap().unwrap();
            assert_eq!(found(&stored.state), expected(&acts, is_strict), "{name}");
        }
    }
}

/// The host hears who left, a run that hangs on the tier ends, and none begins by it.
#[test]
fn consent_a_stop_is_told_and_opens_no_door() {
    let ends = "{ journey: hot, version: 1, enter: { on: { tier: heat, moves: up, to: hot } }, \
                exit: [{ on: { tier: heat, moves: down } }], steps: [{ wait: 90d }] }";
    let opens =
        "{ journey: cold, version: 1, enter: { on: { tier: heat, moves: down } }, steps: [{ wait: 90d }] }";
    let lost = "{ journey: lost, version: 1, enter: { on: { segment: active, moves: out } }, steps: [{ wait: 90d }] }";
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let engine = Engine::builder(store).policy(policy()).build();
        let all = scores().map(Into::into).into_iter().chain(segments().map(Into::into));
        block_on(engine.publish(all)).unwrap();
        for yaml in [ends, opens, lost] {
            block_on(engine.publish([Journey::from_yaml(yaml).unwrap().into()])).unwrap();
        }
        for _ in 0..2 {
            block_on(engine.track(Event::new("lea", "opened"))).unwrap();
        }
        block_on(engine.tick()).unwrap();
        let stands = || block_on(engine.store().contact(&"lea".into())).unwrap().unwrap().state;
        assert_eq!(stands().hot.enrollments.len(), 1, "{name}");
        clock.advance(TimeDelta::minutes(1));
        block_on(engine.withdraw(&Withdrawal::objection("lea", evidence()))).unwrap();
        let tick = block_on(engine.tick()).unwrap();
        let left = tick.signals.iter().filter(
            |signal| matches!(signal, Signal::Moved { segment, inside: false, .. } if **segment == *"active"),
        );
        assert_eq!(left.count(), 1, "{name}");
        assert_eq!(stands().hot.enrollments.len(), 0, "{name}");
        let why = block_on(engine.explain_score(&"lea".into(), "heat")).unwrap().to_string();
        assert_eq!(why, "profiling is off since 2026-03-23 10:01:00 UTC", "{name}");
        // New rules that count what was before find nothing of it.
        let other = ScoreDefinition::new("heat", r#"on("opened", 7); tier("hot", 2);"#);
        block_on(engine.publish([other.into()])).unwrap();
        for _ in 0..5 {
            clock.advance(TimeDelta::minutes(1));
            block_on(engine.tick()).unwrap();
        }
        assert!(!stands().hot.rating.has_score("heat"), "{name}");
    }
}

/// What watches people is no purpose of a message, and no policy may rest it on what nobody can refuse.
#[test]
fn consent_a_purpose_that_watches_people_asks_them_and_sends_nothing() {
    let codes = |policy: Policy| -> Vec<String> {
        let problems = policy.check().err().map_or(Vec::new(), |error| error.diagnostics);
        problems.iter().map(|problem| format!("{} {}", problem.code, problem.place)).collect()
    };
    for owed in [Purpose::contract("tracking"), Purpose::soft_opt_in("tracking", "concerts")] {
        assert_eq!(codes(policy().purpose(owed)), ["J128 policy.purposes[1].basis"]);
    }
    let mut profiling = Purpose::contract("profiles");
    profiling.usage = Purpose::profiling().usage;
    assert_eq!(codes(policy().purpose(profiling)), ["J128 policy.purposes[1].basis"]);
    let sound = strict().purpose(Purpose::tracking());
    assert!(codes(sound.clone()).is_empty(), "{:?}", codes(sound));
    for (home, is_place) in
        [("FR", true), ("RE", true), ("BE", true), ("RF", false), ("France-Sud", false), ("", false)]
    {
        assert_eq!(codes(policy().at_home(home)).is_empty(), is_place, "{home:?}: J129");
    }
    block_on(async {
        for purpose in [Purpose::tracking(), Purpose::profiling()] {
            let (name, email) = (purpose.name.clone(), RecordingChannel::new("email"));
            let store = Arc::new(journeyman::store::MemoryStore::new());
            let engine = Engine::builder(store.clone())
                .policy(policy().purpose(purpose))
                .channel(email.clone())
                .build();
            let hello = journeyman::rule::TemplateDefinition::new("hello").text("Bonjour");
            let journey = Journey::builder("j").enter_on("e").send("say", "email", "hello", &*name);
            let definitions = [hello.into(), journey.build().unwrap().into()];
            let refused = engine.publish(definitions.clone()).await.unwrap_err().to_string();
            assert!(refused.contains("J124"), "{name}: {refused}");
            // Published before the policy had the purpose: the gate refuses it all the same.
            Engine::builder(store).channel(email.clone()).build().publish(definitions).await.unwrap();
            engine.identify(Contact::new("lea").address("email", "lea@example.org")).await.unwrap();
            engine.consent(Consent::granted("lea", name.clone(), "email", evidence())).await.unwrap();
            engine.track(Event::new("lea", "e")).await.unwrap();
            engine.tick().await.unwrap();
            assert!(email.sent().is_empty(), "{name}");
            let answer = engine.permits(&"lea".into(), &name, "email").await.unwrap();
            let reasons = vec![journeyman::model::Reason::OtherUse];
            assert_eq!(answer, journeyman::model::Permit::Refuse { reasons }, "{name}");
        }
    });
}
