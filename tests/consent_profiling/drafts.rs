//! Drafts of segments, which nobody saved: whoever may not be profiled is in none for marketing, and counts anew after a yes.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::audience::Audience;
use journeyman::machine::Withdrawal;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Clock, Consent, Contact, Engine, Event};
use proptest::prelude::*;
use serde_json::json;

use super::common::stores;
use super::{config, evidence, policy, start};

const PEOPLE: [&str; 3] = ["lea", "max", "zoe"];

#[derive(Clone, Copy, Debug)]
enum Act {
    Opened(i64),
    Closed,
    Objects,
    Agrees,
    Age(i64),
}

fn act() -> impl Strategy<Value = (usize, Act)> {
    let act = prop_oneof![
        4 => (0i64..4).prop_map(Act::Opened),
        2 => Just(Act::Closed),
        1 => Just(Act::Objects),
        2 => Just(Act::Agrees),
        1 => prop_oneof![Just(12), Just(30)].prop_map(Act::Age),
    ];
    (0..PEOPLE.len(), act)
}

#[derive(Clone, Default)]
struct Person {
    objects: bool,
    is_minor: bool,
    was_off: bool,
    from: Option<i64>,
    /// Every event, with the minute at which it happened.
    opened: Vec<i64>,
    closed: Vec<i64>,
    is_known: bool,
}

impl Person {
    fn takes(&mut self, act: Act, minute: i64) {
        self.is_known = true;
        match act {
            Act::Opened(ago) => self.opened.push(minute - ago),
            Act::Closed => self.closed.push(minute),
            Act::Objects => self.objects = true,
            Act::Agrees => self.objects = false,
            Act::Age(age) => self.is_minor = age < 15,
        }
        if self.was_off && !self.is_off() {
            self.from = Some(minute);
        }
        self.was_off = self.is_off();
    }

    fn is_off(&self) -> bool {
        self.objects || self.is_minor
    }

    /// Whether it is in each of the drafts below.
    fn is_in(&self, is_exempt: bool) -> [bool; 4] {
        let from = self.from.filter(|_| !is_exempt).unwrap_or(i64::MIN);
        let is_there = self.is_known && (is_exempt || !self.is_off());
        let opened = || self.opened.iter().filter(|minute| **minute >= from);
        let followed =
            opened().any(|opened| self.closed.iter().any(|closed| closed >= opened && *closed >= from));
        let all = [opened().count() >= 2, opened().count() == 0, followed, opened().count() >= 1];
        all.map(|is_in| is_there && is_in)
    }
}

fn drafts() -> [SegmentDefinition; 4] {
    let draft =
        |name: &str, question| SegmentDefinition::new(name, serde_json::from_value(question).unwrap());
    [
        draft("twice", json!({"event": "opened", "count": {"at_least": 2}})),
        draft("never", json!({"not": {"event": "opened"}})),
        draft(
            "closed",
            json!({"sequence": {"first": {"event": "opened"}, "then": {"event": "closed"}, "within": "30d", "remember": "60d"}}),
        ),
        draft("within", json!({"event": "opened", "within": "30d"})),
    ]
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn consent_whoever_may_not_be_profiled_is_in_no_draft(acts in prop::collection::vec(act(), 1..20)) {
        let clock = ManualClock::new(start());
        for (name, store, _folder) in stores(Arc::new(clock.clone())) {
            clock.jump_to(start());
            let audience = Arc::new(Mutex::new(Audience::default()));
            let engine = Engine::builder(store).policy(policy()).audience(audience.clone()).build();
            let mut people = vec![Person::default(); PEOPLE.len()];
            for (minute, (who, act)) in (0i64..).zip(&acts) {
                let at = start() + TimeDelta::minutes(minute);
                clock.jump_to(at);
                let id = PEOPLE[*who];
                match act {
                    Act::Opened(ago) => {
                        let event = Event::new(id, "opened").at(at - TimeDelta::minutes(*ago));
                        block_on(engine.track(event)).unwrap();
                    }
                    Act::Closed => {
                        block_on(engine.track(Event::new(id, "closed"))).unwrap();
                    }
                    Act::Objects => block_on(engine.withdraw(&Withdrawal::objection(id, evidence()))).unwrap(),
                    Act::Agrees => {
                        let yes = Consent::granted(id, "marketing", "email", evidence());
                        block_on(engine.consent(yes)).unwrap();
                    }
                    Act::Age(age) => {
                        block_on(engine.identify(Contact::new(id).attribute("age", *age))).unwrap();
                    }
                }
                block_on(engine.tick()).unwrap();
                people[*who].takes(*act, minute);
            }
            for (place, draft) in drafts().into_iter().enumerate() {
                for is_exempt in [false, true] {
                    let draft = if is_exempt { draft.clone().purpose("exclusion") } else { draft.clone() };
                    let expected = people.iter().filter(|person| person.is_in(is_exempt)[place]).count() as u64;
                    let story = format!("{name}, {}, exempt {is_exempt}: {acts:?}", draft.segment);
                    assert_eq!(block_on(engine.count(&draft)).unwrap(), expected, "counted by {story}");
                    let audience = audience.lock().unwrap();
                    let read = audience.draft(&draft, &[]).unwrap();
                    assert_eq!(audience.size(&read, clock.now()), expected, "sized by {story}");
                }
            }
        }
    }
}
