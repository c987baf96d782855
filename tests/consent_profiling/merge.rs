//! Two records of one person become one: where one of them may not be profiled, the one that goes on may not either, until a newer yes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::rule::Policy;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::testing::ManualClock;
use journeyman::testing::check::Checker;
use journeyman::{Contact, Engine, Event};
use proptest::prelude::*;
use serde_json::json;

use super::common::stores;
use super::{config, evidence, nothing_is_kept, policy, scores, segments, start, strict};
use journeyman::Consent;
use journeyman::machine::Withdrawal;

#[derive(Clone, Copy, Debug)]
enum Act {
    Objects,
    Withdraws,
    Agrees(&'static str),
    Age(i64),
    Opened,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        2 => Just(Act::Objects),
        1 => Just(Act::Withdraws),
        3 => prop_oneof![Just("marketing"), Just("profiling")].prop_map(Act::Agrees),
        1 => prop_oneof![Just(12), Just(30)].prop_map(Act::Age),
        3 => Just(Act::Opened),
    ];
    prop::collection::vec(act, 1..7)
}

/// What was said of one record, each at its minute.
#[derive(Clone, Default)]
struct Record {
    objected: Option<i64>,
    /// Until when a merge denies.
    merged: Option<i64>,
    denied: bool,
    yes: BTreeMap<&'static str, i64>,
    taken_back: bool,
    age: Option<i64>,
}

impl Record {
    fn takes(&mut self, act: Act, minute: i64) {
        match act {
            Act::Objects | Act::Withdraws => {
                if matches!(act, Act::Objects) {
                    self.objected = Some(minute);
                }
                self.denied = true;
                self.taken_back |= self.yes.contains_key("profiling");
                self.yes.clear();
            }
            Act::Agrees(purpose) => {
                self.yes.insert(purpose, minute);
                self.taken_back &= purpose != "profiling";
            }
            Act::Age(age) => self.age = Some(age),
            Act::Opened => {}
        }
    }

    fn is_minor(&self) -> bool {
        self.age.is_some_and(|age| age < 15)
    }

    fn has_agreed_since(&self, at: i64, is_strict: bool) -> bool {
        let mut yes = self.yes.iter().filter(|(purpose, _)| !is_strict || **purpose == "profiling");
        yes.any(|(_, minute)| *minute > at)
    }

    fn last_no(&self) -> Option<i64> {
        self.objected.max(self.merged)
    }

    fn refuses(&self, is_strict: bool) -> bool {
        let objects = self.last_no().is_some_and(|at| !self.has_agreed_since(at, is_strict));
        objects || (is_strict && self.taken_back)
    }

    fn absorbs(&mut self, other: &Self, minute: i64, is_strict: bool) {
        let let_since = other.last_no().is_some_and(|at| self.has_agreed_since(at, is_strict));
        let denies = other.refuses(is_strict) && ((is_strict && other.taken_back) || !let_since);
        let other_age = other.is_minor() && self.age.is_some() && !self.is_minor();
        if self.refuses(is_strict) || denies || other_age {
            self.merged = Some(minute);
        }
        // What the other one denies, and does not allow since, is lost.
        let lost = |purpose: &str| other.denied && !other.yes.contains_key(purpose);
        self.taken_back |= self.yes.contains_key("profiling") && lost("profiling");
        self.yes.retain(|purpose, _| !lost(purpose));
        self.age = self.age.or(other.age);
    }
}

fn says(engine: &Engine, who: &str, act: Act) {
    match act {
        Act::Objects => block_on(engine.withdraw(&Withdrawal::objection(who, evidence()))).unwrap(),
        Act::Withdraws => block_on(engine.withdraw(&Withdrawal::everything(who, evidence()))).unwrap(),
        Act::Agrees(purpose) => {
            block_on(engine.consent(Consent::granted(who, purpose, "email", evidence()))).unwrap();
        }
        Act::Age(age) => block_on(engine.identify(Contact::new(who).attribute("age", age))).unwrap(),
        Act::Opened => {
            block_on(engine.track(Event::new(who, "opened"))).unwrap();
        }
    }
    block_on(engine.tick()).unwrap();
}

fn play(acts: &[(bool, Act)], after: &[Act], is_strict: bool) {
    let clock = ManualClock::new(start());
    let checked = |policy: &Policy| Checker::new().policy(policy.clone()).keeps_all_mail();
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let policy = if is_strict { strict() } else { policy() };
        let engine = Engine::builder(store).policy(policy.clone()).build();
        let all = scores().map(Into::into).into_iter().chain(segments().map(Into::into));
        block_on(engine.publish(all)).unwrap();
        let (mut loser, mut winner, mut minute) = (Record::default(), Record::default(), 0);
        // How often the one that goes on opened something since it may be profiled.
        let mut opened = 1;
        let often = json!({"event": "opened", "count": {"at_least": 2}});
        let often = SegmentDefinition::new("often", serde_json::from_value(often).unwrap());
        let is_off = |record: &Record| record.is_minor() || record.refuses(is_strict);
        let next = |minute: &mut i64| {
            *minute += 1;
            clock.jump_to(start() + TimeDelta::minutes(*minute));
        };
        for who in ["web", "lea"] {
            says(&engine, who, Act::Opened);
        }
        for (is_winner, act) in acts {
            next(&mut minute);
            says(&engine, if *is_winner { "lea" } else { "web" }, *act);
            if *is_winner {
                winner.takes(*act, minute)
            } else {
                loser.takes(*act, minute)
            }
            opened += u64::from(*is_winner && matches!(act, Act::Opened));
            opened = if is_off(&winner) { 0 } else { opened };
        }
        next(&mut minute);
        block_on(engine.merge(&"web".into(), &"lea".into())).unwrap();
        block_on(engine.tick()).unwrap();
        winner.absorbs(&loser, minute, is_strict);
        opened = if is_off(&winner) { 0 } else { opened };
        for act in [None].into_iter().chain(after.iter().map(Some)) {
            if let Some(act) = act {
                next(&mut minute);
                // What is told of either id reaches the one that goes on.
                says(&engine, if minute % 2 == 0 { "lea" } else { "web" }, *act);
                winner.takes(*act, minute);
                opened += u64::from(matches!(act, Act::Opened));
                opened = if is_off(&winner) { 0 } else { opened };
            }
            let state = block_on(engine.store().contact(&"lea".into())).unwrap().unwrap().state;
            let story = format!("{name}, strict {is_strict}: {acts:?}, merged, {after:?} until {act:?}");
            assert_eq!(state.hot.profiling.off_since.is_some(), is_off(&winner), "{story}");
            if is_off(&winner) {
                nothing_is_kept(&state);
            }
            // A history that is looked through does not know what a merge denied.
            let sized = block_on(engine.count(&often)).unwrap();
            assert_eq!(sized, u64::from(opened >= 2), "{opened}: {story}");
        }
        let findings = block_on(checked(&policy).check_contact(&**engine.store(), &"lea".into())).unwrap();
        assert!(findings.violations.is_empty(), "{name}: {:?}", findings.violations);
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn consent_who_objects_under_one_id_is_not_profiled_under_the_other(
        loser in acts(),
        winner in acts(),
        mixed in any::<u64>(),
        after in acts(),
        is_strict in any::<bool>(),
    ) {
        let (mut loser, mut winner) = (loser.into_iter(), winner.into_iter());
        let mut all = Vec::new();
        for bit in 0..64 {
            let is_winner = mixed >> bit & 1 == 1;
            all.extend(if is_winner { winner.next() } else { loser.next() }.map(|act| (is_winner, act)));
        }
        play(&all, &after, is_strict);
    }
}

/// What is taken over from the other record is no yes of the person: it lifts no objection. A later one does.
#[test]
fn consent_a_yes_that_a_merge_brings_lifts_nothing() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let engine = Engine::builder(store).policy(policy()).build();
        block_on(engine.publish(scores().map(Into::into))).unwrap();
        let yes = |who: &str| Consent::granted(who, "marketing", "email", evidence());
        block_on(engine.identify(Contact::new("web").address("email", "lea@example.org"))).unwrap();
        block_on(engine.consent(yes("web"))).unwrap();
        let mut objection = Withdrawal::objection("lea", evidence());
        objection.purposes = vec!["news".into()];
        block_on(engine.withdraw(&objection)).unwrap();
        block_on(engine.tick()).unwrap();
        clock.advance(TimeDelta::minutes(1));
        block_on(engine.merge(&"web".into(), &"lea".into())).unwrap();
        block_on(engine.tick()).unwrap();
        let lea = || block_on(engine.store().contact(&"lea".into())).unwrap().unwrap().state;
        assert!(lea().cold.standing.allows(
            "marketing",
            "email",
            lea().cold.contact.addresses.get("email").and_then(|address| address.fingerprint)
        ));
        assert!(lea().hot.profiling.off_since.is_some(), "{name}");
        clock.advance(TimeDelta::minutes(1));
        block_on(engine.consent(yes("lea"))).unwrap();
        block_on(engine.tick()).unwrap();
        assert!(lea().hot.profiling.off_since.is_none(), "{name}");
    }
}
