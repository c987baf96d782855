//! Segments through a whole engine, on both stores: moved by what is told and by time, told to journeys, seeded, drawn.

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::Tick;
use journeyman::machine::{InputKind, MoveCause, Signal};
use journeyman::model::{Evidence, Fact, Import, ImportRow};
use journeyman::port::{Archive, Catalog, Mailbox};
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::testing::{Fault, FaultyStore, ManualClock};
use journeyman::{Consent, Contact, Engine, Event, Journey};
use serde_json::{Value, json};

struct World {
    engine: Engine,
    store: FaultyStore,
    clock: ManualClock,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// One on each store, each with a clock of its own.
    fn all() -> Vec<Self> {
        (0..2).map(Self::on).collect()
    }

    fn on(store: usize) -> Self {
        let clock = ManualClock::new(start());
        let (_, store, folder) = stores(Arc::new(clock.clone())).remove(store);
        let store = FaultyStore::new(store);
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(Arc::new(store.clone())).channel(email).build();
        Self { engine, store, clock, _folder: folder }
    }

    fn segment(&self, definition: Value) {
        block_on(self.engine.publish([segment(definition).into()])).unwrap();
    }

    fn journey(&self, yaml: &str) {
        let journey = Journey::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
        block_on(self.engine.publish([journey.into()])).unwrap();
    }

    fn track(&self, event: &str) {
        block_on(self.engine.track(Event::new("lea", event))).unwrap();
    }

    fn identify(&self, contact: Contact) {
        block_on(self.engine.identify(contact)).unwrap();
    }

    fn tick(&self) -> Tick {
        block_on(self.engine.tick()).unwrap()
    }

    /// Ticks, and answers who moved: the segment, which way, why, and how many milliseconds after the start.
    fn moves(&self) -> Vec<(String, bool, &'static str, i64)> {
        moves(&self.tick())
    }

    /// Sleeps until the engine asks to be woken, and ticks then.
    fn sleep(&self) -> Tick {
        let due = self.tick().next_wake.unwrap();
        self.clock.advance(due - self.now());
        self.tick()
    }

    fn now(&self) -> DateTime<Utc> {
        self.store.clock().now()
    }

    fn wait(&self, span: TimeDelta) {
        self.clock.advance(span);
    }

    fn is_in(&self, contact: &str) -> Vec<String> {
        let memberships = block_on(self.engine.memberships(&contact.into())).unwrap();
        memberships.iter().map(|membership| membership.segment.to_string()).collect()
    }

    /// The journeys that a contact is in.
    fn runs(&self, contact: &str) -> Vec<String> {
        let stored = block_on(self.store.contact(&contact.into())).unwrap().unwrap();
        stored.state.hot.enrollments.iter().map(|run| run.journey.to_string()).collect()
    }

    fn size(&self, segment: &str) -> u64 {
        let segments = block_on(self.engine.segments()).unwrap();
        segments.iter().find(|one| &*one.segment == segment).unwrap().size
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn segment(definition: Value) -> SegmentDefinition {
    serde_json::from_value(definition).unwrap()
}

fn active() -> Value {
    json!({ "segment": "active", "where": { "event": "app.opened", "within": "30d" } })
}

fn moves(tick: &Tick) -> Vec<(String, bool, &'static str, i64)> {
    let moved = tick.signals.iter().filter_map(|signal| match signal {
        Signal::Moved { segment, inside, cause, at, .. } => {
            let cause = match cause {
                MoveCause::Input(_) => "input",
                MoveCause::Clock => "clock",
                _ => "definition",
            };
            Some((segment.to_string(), *inside, cause, (*at - start()).num_milliseconds()))
        }
        _ => None,
    });
    moved.collect()
}

fn moved(
    segment: &str,
    inside: bool,
    cause: &'static str,
    at: TimeDelta,
) -> (String, bool, &'static str, i64) {
    (segment.to_owned(), inside, cause, at.num_milliseconds())
}

const DAY: TimeDelta = TimeDelta::days(1);

#[test]
fn in_segments_an_event_moves_a_contact_in_and_time_moves_it_out_at_the_exact_millisecond() {
    for world in World::all() {
        world.segment(active());
        world.track("app.opened");
        assert_eq!(world.moves(), [moved("active", true, "input", TimeDelta::zero())]);
        assert_eq!((world.is_in("lea"), world.size("active")), (vec!["active".to_owned()], 1));
        assert_eq!(world.tick().next_wake, Some(start() + TimeDelta::days(30)));
        world.wait(TimeDelta::days(30) - TimeDelta::milliseconds(1));
        assert_eq!(world.moves(), []);
        // However late the engine wakes, it was at that instant.
        world.wait(DAY);
        assert_eq!(world.moves(), [moved("active", false, "clock", TimeDelta::days(30))]);
        assert_eq!((world.is_in("lea"), world.size("active")), (vec![], 0));
        assert_eq!(world.tick().next_wake, None);
    }
}

#[test]
fn in_segments_a_journey_is_opened_by_coming_in_and_ended_by_leaving_at_the_instant_of_the_move() {
    for world in World::all() {
        world.segment(active());
        world.journey(
            "{ journey: care, version: 1, enter: { on: { segment: active, moves: in } },
               exit: [ { on: { segment: active, moves: out }, as: lapsed } ],
               steps: [ { wait: 90d }, { exit: done } ] }"
                .replace(", as: lapsed", "")
                .as_str(),
        );
        world.track("app.opened");
        world.tick();
        assert_eq!(world.runs("lea"), ["care"]);
        world.wait(TimeDelta::days(33));
        let tick = world.tick();
        assert_eq!(world.runs("lea"), [] as [&str; 0]);
        let ended = tick.signals.iter().find_map(|signal| match signal {
            Signal::Exited { at, .. } => Some(*at),
            _ => None,
        });
        assert_eq!(ended, Some(start() + TimeDelta::days(30)));
    }
}

/// Nobody ticked between the publication of something else and the instant.
#[test]
fn what_time_does_at_the_timer_that_brings_new_segments_in_is_told_as_its_doing() {
    for world in World::all() {
        world.segment(json!({ "segment": "active", "where": { "event": "app.opened", "within": "1d" } }));
        world.journey(
            "{ journey: back, version: 1, enter: { on: { segment: active, moves: out } },
               steps: [ { wait: 90d }, { exit: done } ] }",
        );
        world.track("app.opened");
        world.tick();
        world.segment(json!({ "segment": "others", "where": { "not": { "tag": "x" } } }));
        world.segment(json!({ "segment": "again", "where": { "event": "app.opened", "within": "1d" } }));
        world.wait(DAY);
        let before = DAY - TimeDelta::milliseconds(1);
        assert_eq!(
            world.moves(),
            [
                moved("again", true, "definition", before),
                moved("others", true, "definition", before),
                moved("active", false, "clock", DAY),
                moved("again", false, "clock", DAY),
            ]
        );
        assert_eq!(world.runs("lea"), ["back"]);
    }
}

#[test]
fn in_segments_who_is_in_by_definition_passes_those_doors_alone_that_let_existing_people_in() {
    for world in World::all() {
        let care = |name: &str, existing: bool| {
            world.journey(&format!(
                "{{ journey: {name}, version: 1,
                    enter: {{ on: {{ segment: active, moves: in }}, existing: {existing} }},
                    steps: [ {{ wait: 90d }}, {{ exit: done }} ] }}"
            ));
        };
        care("new", false);
        care("all", true);
        world.track("app.opened");
        world.tick();
        world.wait(DAY);
        world.segment(active());
        assert_eq!(world.moves(), [moved("active", true, "definition", DAY)]);
        assert_eq!(world.runs("lea"), ["all"]);
        // Its window still ends thirty days after the event, which was counted from the log.
        assert_eq!(world.tick().next_wake, Some(start() + TimeDelta::days(30)));
        world.wait(TimeDelta::days(30));
        world.tick();
        world.track("app.opened");
        world.tick();
        assert_eq!(world.runs("lea"), ["all", "new"]);
    }
}

#[test]
fn in_segments_another_version_counts_the_past_and_takes_the_place_of_the_first() {
    for world in World::all() {
        world.segment(active());
        world.track("app.opened");
        world.track("order.paid");
        world.tick();
        world.segment(json!({
            "segment": "active", "version": 2, "where": { "event": "order.paid", "count": { "at_least": 2 } }
        }));
        assert_eq!(world.moves(), [moved("active", false, "definition", TimeDelta::zero())]);
        world.track("order.paid");
        assert_eq!(world.moves(), [moved("active", true, "input", TimeDelta::zero())]);
        let status = &block_on(world.engine.segments()).unwrap()[0];
        assert_eq!((status.version, status.size), (2, 1));
        let lea = &block_on(world.engine.memberships(&"lea".into())).unwrap()[0];
        assert_eq!((lea.version, lea.times, lea.since), (2, 2, start()));
        let other = segment(json!({ "segment": "active", "version": 2, "where": { "tag": "x" } }));
        assert!(block_on(world.engine.publish([other.into()])).is_err());
    }
}

#[test]
fn in_segments_a_host_chooses_the_members_of_manual_segments_and_of_no_others() {
    for world in World::all() {
        world.segment(json!({ "segment": "friends", "manual": true }));
        world.segment(json!({ "segment": "vips", "where": { "tag": "vip" } }));
        world.segment(json!({ "segment": "both", "where": { "all": [{ "segment": "friends" }, { "segment": "vips" }] } }));
        world.identify(Contact::new("lea").tag("vip"));
        world.tick();
        let tell = |segment: &str, inside| {
            let fact = Fact::Segment { segment: segment.into(), inside };
            block_on(world.engine.tell("lea", fact)).unwrap();
            world.moves()
        };
        let zero = TimeDelta::zero();
        assert_eq!(
            tell("friends", true),
            [moved("friends", true, "input", zero), moved("both", true, "input", zero)]
        );
        assert_eq!(tell("friends", true), []);
        assert_eq!(tell("vips", false), []);
        assert_eq!(world.is_in("lea"), ["both", "friends", "vips"]);
        assert_eq!(
            tell("friends", false),
            [moved("friends", false, "input", zero), moved("both", false, "input", zero)]
        );
        let page = block_on(world.engine.members("vips", 0, 10)).unwrap();
        assert_eq!((page.contacts, page.next), (vec!["lea".into()], None));
        assert!(block_on(world.engine.members("nobodies", 0, 10)).is_err());
    }
}

/// Before it is published a segment is what the host says of it.
#[test]
fn in_segments_who_was_put_into_a_segment_before_it_had_a_definition_is_where_that_says() {
    for world in World::all() {
        world.journey(
            "{ journey: care, version: 1, enter: { on: { segment: active, moves: in } },
               exit: [ { on: { segment: active, moves: out } } ], steps: [ { wait: 90d }, { exit: done } ] }",
        );
        for contact in ["lea", "zoe"] {
            let fact = Fact::Segment { segment: "active".into(), inside: true };
            block_on(world.engine.tell(contact, fact)).unwrap();
        }
        world.track("app.opened");
        world.tick();
        assert_eq!((world.runs("lea").len(), world.runs("zoe").len()), (1, 1));
        world.segment(active());
        assert_eq!(world.moves(), [moved("active", true, "definition", TimeDelta::zero())]);
        assert_eq!((world.runs("lea").len(), world.runs("zoe").len()), (1, 0));
        world.segment(json!({ "segment": "friends", "manual": true }));
        world.tick();
        let zoe = block_on(world.store.contact(&"zoe".into())).unwrap().unwrap();
        assert!(!zoe.state.hot.rating.is_in("active"));
    }
}

#[test]
fn in_segments_an_import_is_counted_and_told_to_nobody_unless_it_asks_for_it() {
    for world in World::all() {
        world.segment(active());
        world.journey(
            "{ journey: care, version: 1, enter: { on: { segment: active, moves: in }, existing: true },
               steps: [ { wait: 90d }, { exit: done } ] }",
        );
        world.tick(); // nobody is there whom the door lets in
        let opened = |contact: &str| Event::new(contact, "app.opened").at(start() - DAY);
        let quiet = Import::new("a").row(ImportRow::new(Contact::new("lea")).event(opened("lea")));
        let loud = Import::new("b").row(ImportRow::new(Contact::new("zoe")).event(opened("zoe"))).triggers();
        block_on(world.engine.import(quiet)).unwrap();
        block_on(world.engine.import(loud)).unwrap();
        let tick = world.tick();
        assert_eq!(
            (world.is_in("lea"), world.is_in("zoe")),
            (vec!["active".to_owned()], vec!["active".to_owned()])
        );
        assert_eq!((world.runs("lea"), world.runs("zoe")), (vec![], vec!["care".to_owned()]));
        assert_eq!((moves(&tick).len(), tick.next_wake), (2, Some(start() + TimeDelta::days(29))));
    }
}

#[test]
fn in_segments_an_event_that_is_taken_back_counts_no_more_and_the_others_do() {
    for world in World::all() {
        world.segment(json!({
            "segment": "buyers", "where": { "event": "order.paid", "count": { "at_least": 2 }, "within": "30d" }
        }));
        for (id, days) in [("order-1", 0), ("order-2", 1), ("order-3", 2)] {
            world.wait(TimeDelta::days(days) - (world.now() - start()));
            block_on(world.engine.track(Event::new("lea", "order.paid").id(id))).unwrap();
            world.tick();
        }
        let retract = |id: &str| block_on(world.engine.retract(&"lea".into(), id));
        retract("order-3").unwrap();
        assert_eq!(world.moves(), []);
        // Of the two that are left, the older one ends first.
        assert_eq!(world.tick().next_wake, Some(start() + TimeDelta::days(30)));
        retract("order-3").unwrap();
        retract("order-1").unwrap();
        assert_eq!(world.moves(), [moved("buyers", false, "definition", TimeDelta::days(2))]);
        assert!(retract("order-9").unwrap_err().to_string().contains("order-9"));
        let later = Event::new("lea", "order.paid").id("order-4").at(start() + TimeDelta::days(3));
        block_on(world.engine.track(later)).unwrap();
        world.tick();
        retract("order-4").unwrap();
        world.tick();
        world.wait(DAY);
        assert_eq!(world.moves(), []);
    }
}

#[test]
fn in_segments_what_journeys_do_and_say_moves_contacts_too() {
    for world in World::all() {
        for (name, question) in [
            ("inside", json!({ "journey": "hello" })),
            ("never", json!({ "journey": "hello", "is": "never" })),
            ("through", json!({ "journey": "hello", "is": "completed", "within": "7d" })),
            (
                "greeted",
                json!({ "sent": { "is": "yes", "template": "hello", "channel": "email", "within": "10d" } }),
            ),
            ("marked", json!({ "tag": "greeted" })),
            ("allows", json!({ "consent": "news", "channel": "email" })),
        ] {
            world.segment(json!({ "segment": name, "where": question }));
        }
        block_on(world.engine.publish([TemplateDefinition::new("hello").text("Bonjour").into()])).unwrap();
        world.journey(
            "{ journey: hello, version: 1, enter: { on: { event: signed_up } }, steps: [
               { send: { channel: email, template: hello, purpose: news } }, { set: { tags: [greeted] } }, { wait: 2d }, { exit: done } ] }",
        );
        world.identify(Contact::new("lea").address("email", "lea@example.org"));
        let consent = Consent::granted("lea", "news", "email", Evidence::new("form", "1"));
        block_on(world.engine.consent(consent)).unwrap();
        world.tick();
        assert_eq!(world.is_in("lea"), ["allows", "never"]);
        world.track("signed_up");
        world.tick();
        world.tick();
        assert_eq!(world.is_in("lea"), ["allows", "greeted", "inside", "marked"]);
        let zero = TimeDelta::zero();
        assert_eq!(
            moves(&world.sleep()),
            [moved("inside", false, "clock", DAY * 2), moved("through", true, "clock", DAY * 2)]
        );
        assert_eq!(moves(&world.sleep()), [moved("through", false, "clock", DAY * 9)]);
        assert_eq!(moves(&world.sleep()), [moved("greeted", false, "clock", DAY * 10)]);
        assert_eq!(world.tick().next_wake, None, "{zero}");
        assert_eq!(world.is_in("lea"), ["allows", "marked"]);
    }
}

/// What the same history says when the segments are published after it.
#[test]
fn segments_that_come_late_find_the_same_in_the_history() {
    for world in World::all() {
        block_on(world.engine.publish([TemplateDefinition::new("hello").text("Bonjour").into()])).unwrap();
        world.journey(
            "{ journey: hello, version: 1, enter: { on: { event: signed_up } }, steps: [
               { send: { channel: email, template: hello, purpose: news } }, { emit: { event: greeted } }, { wait: 2d }, { exit: done } ] }",
        );
        world.identify(Contact::new("lea").address("email", "lea@example.org").attribute("plan", "free"));
        let consent = Consent::granted("lea", "news", "email", Evidence::new("form", "1"));
        block_on(world.engine.consent(consent)).unwrap();
        world.track("signed_up");
        world.tick();
        world.wait(TimeDelta::days(4));
        world.tick();
        world.identify(Contact::new("lea").attribute("plan", "gold"));
        world.tick();
        world.wait(DAY);
        let all = [
            ("a-through", json!({ "journey": "hello", "is": "completed", "within": "7d" })),
            ("b-greeted", json!({ "sent": { "is": "yes", "template": "hello", "within": "10d" } })),
            ("c-emitted", json!({ "event": "greeted", "within": "20d" })),
            ("d-held", json!({ "attribute": "plan", "is": "gold", "held_for": "1d" })),
            ("e-not-yet", json!({ "attribute": "plan", "is": "gold", "held_for": "3d" })),
        ];
        let all = all.map(|(name, question)| segment(json!({ "segment": name, "where": question })).into());
        block_on(world.engine.publish(all)).unwrap();
        world.tick();
        assert_eq!(world.is_in("lea"), ["a-through", "b-greeted", "c-emitted", "d-held"]);
        assert_eq!(moves(&world.sleep()), [moved("e-not-yet", true, "clock", DAY * 7)]);
        assert_eq!(moves(&world.sleep()), [moved("a-through", false, "clock", DAY * 9)]);
        assert_eq!(moves(&world.sleep()), [moved("b-greeted", false, "clock", DAY * 10)]);
        assert_eq!(moves(&world.sleep()), [moved("c-emitted", false, "clock", DAY * 20)]);
    }
}

/// A worker that dies in the middle of a job is followed by one that goes on.
#[test]
fn in_segments_a_job_that_is_broken_off_is_ended_by_the_next_worker_and_nobody_is_moved_twice() {
    for (at, world) in World::all().into_iter().enumerate() {
        let prepare = |world: &World| {
            for contact in ["lea", "zoe", "ana"] {
                block_on(world.engine.track(Event::new(contact, "app.opened"))).unwrap();
            }
            world.tick();
            world.segment(active());
        };
        prepare(&world);
        let twin = World::on(at);
        prepare(&twin);
        twin.tick();
        let operations = twin.store.operations();
        let advance = operations.iter().position(|operation| *operation == "advance_job").unwrap();
        world.store.fail(advance as u64 + 1, Fault::Unavailable);
        assert!(block_on(world.engine.tick()).is_err());
        assert_eq!(block_on(world.store.jobs()).unwrap().len(), 1);
        assert_eq!(world.moves().len(), 3);
        assert_eq!((world.size("active"), block_on(world.store.jobs()).unwrap().len()), (3, 0));
        let mail = block_on(world.store.inputs(&"lea".into(), 0, u64::MAX)).unwrap();
        let seeds = mail.iter().filter(|one| matches!(one.kind, InputKind::SeedSegments { .. }));
        assert_eq!(seeds.count(), 1);
    }
}

/// What comes while a history is looked through is not forgotten.
#[test]
fn in_segments_a_history_that_grew_meanwhile_is_looked_through_again() {
    for world in World::all() {
        world.track("app.opened");
        world.tick();
        world.segment(json!({
            "segment": "active", "where": { "event": "app.opened", "count": { "at_least": 2 } }
        }));
        // It lies before the history in the mailbox, and the history does not know it.
        world.track("app.opened");
        let tick = world.tick();
        let stale = tick.signals.iter().filter(|signal| matches!(signal, Signal::StaleSegments { .. }));
        assert_eq!(
            (stale.count(), moves(&tick)),
            (1, vec![moved("active", true, "definition", TimeDelta::zero())])
        );
        assert_eq!(block_on(world.store.jobs()).unwrap(), []);
    }
}

#[test]
fn in_segments_those_who_stand_highest_are_in_and_the_line_is_drawn_anew_on_its_schedule() {
    for world in World::all() {
        let fame = |contact: &str, followers: i64| {
            world.identify(Contact::new(contact).attribute("followers", followers));
        };
        for (contact, followers) in [("ana", 10), ("ben", 30), ("lea", 20), ("zoe", 20)] {
            fame(contact, followers);
        }
        world.identify(Contact::new("nobody"));
        world.tick();
        world.segment(json!({
            "segment": "top", "rank": { "attribute": "followers", "first": 2, "every": { "every": "day", "at": "12:00" } }
        }));
        let tick = world.tick();
        assert_eq!(
            (world.is_in("ben"), world.is_in("lea"), world.size("top")),
            (vec!["top".to_owned()], vec!["top".to_owned()], 2)
        );
        assert!(
            moves(&tick).iter().all(|(_, inside, cause, _)| *inside && *cause == "definition"),
            "{tick:?}"
        );
        let noon = start() + TimeDelta::hours(3);
        assert_eq!(tick.next_wake, Some(noon));
        // Whoever crosses the line moves at once, and nobody makes room for it.
        fame("zoe", 25);
        fame("ben", 19);
        assert_eq!(world.moves().len(), 2);
        assert_eq!((world.is_in("zoe"), world.is_in("ben")), (vec!["top".to_owned()], vec![]));
        fame("ben", 40);
        world.tick();
        assert_eq!(world.size("top"), 3);
        world.wait(noon - world.now());
        assert_eq!(world.moves(), [moved("top", false, "clock", TimeDelta::hours(3))]);
        assert_eq!((world.is_in("lea"), world.size("top")), (vec![], 2));
        let line = block_on(world.engine.segments()).unwrap()[0].line.clone().unwrap();
        assert_eq!((line.edition, line.value, line.last), (2, 25, "zoe".into()));
        assert_eq!(world.tick().next_wake, Some(noon + DAY));
    }
}

#[test]
fn in_segments_a_score_and_its_tier_are_settled_before_the_segments_that_ask_for_them() {
    for world in World::all() {
        let spark = r#"on("message.replied", 10); decay(7 * days, -5); tier("low", 0); tier("hot", 20);"#;
        block_on(world.engine.publish([ScoreDefinition::new("spark", spark).into()])).unwrap();
        world.segment(json!({ "segment": "hot", "where": { "tier": "spark", "is": "hot" } }));
        world.segment(json!({ "segment": "some", "where": { "score": "spark", "at_least": 10 } }));
        world.track("message.replied");
        assert_eq!(world.moves(), [moved("some", true, "input", TimeDelta::zero())]);
        world.track("message.replied");
        assert_eq!(world.moves(), [moved("hot", true, "input", TimeDelta::zero())]);
        let tick = world.sleep();
        assert_eq!(moves(&tick), [moved("hot", false, "clock", DAY * 7)]);
    }
}

#[test]
fn in_segments_a_draft_is_counted_over_everybody_without_being_published() {
    for world in World::all() {
        world.segment(active());
        for contact in ["lea", "zoe", "ana"] {
            world.identify(Contact::new(contact).tag(if contact == "ana" { "vip" } else { "new" }));
        }
        world.track("app.opened");
        world.tick();
        let draft = |question: Value| {
            let draft = segment(json!({ "segment": "draft", "where": question }));
            block_on(world.engine.count(&draft)).unwrap()
        };
        assert_eq!(draft(json!({ "not": { "segment": "active" } })), 2);
        assert_eq!(draft(json!({ "tag": "new" })), 2);
        assert_eq!(draft(json!({ "event": "app.opened", "within": "1d" })), 1);
        world.wait(DAY);
        assert_eq!(draft(json!({ "event": "app.opened", "within": "1d" })), 0);
        assert_eq!(block_on(world.engine.segments()).unwrap().len(), 1);
    }
}

#[test]
fn in_segments_a_journey_that_names_no_published_segment_is_refused_once_there_are_some() {
    for world in World::all() {
        let journey = |segment: &str| {
            let yaml = format!(
                "{{ journey: care, version: 1, enter: {{ on: {{ segment: {segment}, moves: in }} }}, steps: [ {{ exit: done }} ] }}"
            );
            block_on(world.engine.publish([Journey::from_yaml(&yaml).unwrap().into()]))
        };
        world.segment(active());
        let refused = journey("activ").unwrap_err().to_string();
        assert!(refused.contains("J113") && refused.contains("did you mean active?"), "{refused}");
        journey("active").unwrap();
    }
}

#[test]
fn in_segments_an_explanation_says_what_decides_and_until_when() {
    for world in World::all() {
        world.segment(active());
        world.track("app.opened");
        world.tick();
        let why = block_on(world.engine.explain_segment(&"lea".into(), "active")).unwrap();
        assert!(why.inside, "{why}");
        assert_eq!(why.next, Some((start() + TimeDelta::days(30)).timestamp_millis()), "{why}");
        assert!(block_on(world.engine.explain_segment(&"lea".into(), "activ")).is_err());
    }
}

#[test]
fn in_segments_an_erased_contact_is_in_no_segment_and_nobody_is_told() {
    for world in World::all() {
        world.segment(active());
        world.track("app.opened");
        world.tick();
        block_on(world.engine.erase(&"lea".into())).unwrap();
        assert_eq!((world.moves(), world.size("active")), (vec![], 0));
        world.wait(TimeDelta::days(31));
        assert_eq!(world.moves(), []);
    }
}

#[test]
fn in_segments_a_run_that_undoes_is_no_run_and_what_it_does_counts() {
    for world in World::all() {
        let twin = World::on(0);
        let all = [
            ("a-undone", json!({ "event": "untold", "within": "30d" })),
            ("b-tagged", json!({ "tag": "undone" })),
            (
                "c-once",
                json!({ "event": "journey.entered", "where": { "journey": "deal" }, "count": { "is": 1 } }),
            ),
            (
                "d-left",
                json!({ "event": "journey.left", "where": { "journey": "deal" }, "count": { "is": 1 } }),
            ),
            ("e-party", json!({ "event": "journey.entered", "where": { "journey": "party" } })),
            ("f-moved", json!({ "event": "journey.left", "where": { "journey": "party" } })),
        ];
        let publish = |world: &World| {
            let all =
                all.clone().map(|(name, asks)| segment(json!({ "segment": name, "where": asks })).into());
            block_on(world.engine.publish(all)).unwrap();
        };
        let live = |world: &World| {
            world.journey(
                "{ journey: deal, version: 1, enter: { on: { event: go } }, exit: [ { on: { event: cancelled } } ],
                   undo_on: [exit], steps: [
                     { id: tell, emit: { event: told }, undo: [ { emit: { event: untold } }, { set: { tags: [undone] } } ] },
                     { wait: 9d }, { exit: done } ] }",
            );
            world.journey(
                "{ journey: party, version: 1, enter: { on: { date: event_at } }, steps: [ { wait: 9d }, { exit: done } ] }",
            );
            world.identify(Contact::new("lea").attribute("event_at", start() + TimeDelta::hours(1)));
            world.track("go");
            world.tick();
            world.wait(TimeDelta::hours(2));
            world.tick();
            assert_eq!(world.runs("lea"), ["deal", "party"]);
            world.track("cancelled");
            world.identify(Contact::new("lea").attribute("event_at", start() + DAY * 90));
            world.tick();
            assert_eq!(world.runs("lea"), [] as [&str; 0]);
        };
        publish(&world);
        live(&world);
        live(&twin);
        publish(&twin);
        twin.tick();
        let expected = ["a-undone", "b-tagged", "c-once", "d-left", "e-party"];
        assert_eq!(
            (world.is_in("lea"), twin.is_in("lea")),
            (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec())
        );
    }
}

#[test]
fn in_segments_what_is_taken_back_after_a_purge_leaves_what_it_does_not_concern() {
    for world in World::all() {
        world.segment(json!({ "segment": "openers", "where": { "event": "app.opened", "within": "365d" } }));
        world.segment(json!({
            "segment": "buyers", "where": { "event": "order.paid", "count": { "at_least": 2 }, "within": "30d" }
        }));
        world.track("app.opened");
        world.tick();
        world.wait(DAY * 100);
        for id in ["order-1", "order-2"] {
            block_on(world.engine.track(Event::new("lea", "order.paid").id(id))).unwrap();
        }
        world.tick();
        assert_eq!(world.is_in("lea"), ["buyers", "openers"]);
        assert_eq!(block_on(world.store.purge(start() + DAY * 50)).unwrap().inputs, 1);
        block_on(world.engine.retract(&"lea".into(), "order-2")).unwrap();
        assert_eq!(world.moves(), [moved("buyers", false, "definition", DAY * 100)]);
        assert_eq!(world.is_in("lea"), ["openers"]);
        assert_eq!(world.tick().next_wake, Some(start() + DAY * 365));
        // A draft is counted from all that the log tells.
        let draft = json!({ "segment": "draft", "where": { "event": "order.paid", "within": "1d" } });
        block_on(world.engine.retract(&"lea".into(), "order-1")).unwrap();
        assert_eq!(block_on(world.engine.count(&segment(draft))).unwrap(), 1);
        world.tick();
    }
}

#[test]
fn in_segments_no_line_is_drawn_while_a_history_is_looked_through() {
    for world in World::all() {
        for (contact, followers) in [("lea", 20), ("zoe", 10)] {
            world.identify(Contact::new(contact).attribute("followers", followers));
            block_on(world.engine.track(Event::new(contact, "app.opened"))).unwrap();
        }
        world.tick();
        world.segment(json!({ "segment": "top", "rank": {
            "attribute": "followers", "first": 1, "among": { "event": "app.opened" },
            "every": { "every": "day", "at": "12:00" }
        } }));
        // What was counted of lea's history is too old by this, and is counted again.
        world.track("app.opened");
        let tick = world.tick();
        assert!(tick.signals.iter().any(|signal| matches!(signal, Signal::StaleSegments { .. })));
        let line = block_on(world.engine.segments()).unwrap()[0].line.clone().unwrap();
        assert_eq!((line.edition, line.last, world.is_in("lea").len()), (1, "lea".into(), 1));
    }
}

#[test]
fn in_segments_a_line_that_is_drawn_anew_wakes_those_alone_whom_it_moves() {
    for world in World::all() {
        for (contact, followers) in [("ana", 10), ("ben", 30), ("lea", 20)] {
            world.identify(Contact::new(contact).attribute("followers", followers));
        }
        world.segment(json!({ "segment": "top", "rank": {
            "attribute": "followers", "first": 1, "every": { "every": "day", "at": "12:00" }
        } }));
        world.segment(json!({ "segment": "others", "where": { "not": { "segment": "top" } } }));
        world.tick();
        let woken = || {
            let mail = |contact: &str| block_on(world.store.inputs(&contact.into(), 0, u64::MAX)).unwrap();
            ["ana", "ben", "lea"]
                .map(|contact| mail(contact).iter().filter(|one| matches!(one.kind, InputKind::Wake)).count())
        };
        let before = woken();
        world.identify(Contact::new("lea").attribute("followers", 40));
        world.wait(TimeDelta::hours(3));
        assert_eq!(
            world.moves().into_iter().map(|(segment, inside, ..)| (segment, inside)).collect::<Vec<_>>(),
            [("top", true), ("others", false), ("top", false), ("others", true)]
                .map(|(segment, inside)| (segment.to_owned(), inside))
        );
        assert_eq!(
            (woken(), world.is_in("lea")),
            ([before[0], before[1] + 1, before[2]], vec!["top".to_owned()])
        );
        // Who was not woken takes the new line over with whatever comes.
        world.identify(Contact::new("ana").attribute("followers", 35));
        assert_eq!(world.moves(), []);
        assert_eq!(
            (world.is_in("ana"), world.is_in("ben")),
            (vec!["others".to_owned()], vec!["others".to_owned()])
        );
    }
}

#[test]
fn in_segments_what_happens_at_the_instant_at_which_a_window_ends_keeps_the_contact_in() {
    for world in World::all() {
        world.segment(json!({ "segment": "active", "where": { "event": "app.opened", "within": "1d" } }));
        world.track("app.opened");
        block_on(world.engine.track(Event::new("lea", "app.opened").at(start() + DAY))).unwrap();
        world.tick();
        world.wait(DAY);
        assert_eq!(world.moves(), []);
        world.wait(DAY);
        assert_eq!(world.moves(), [moved("active", false, "clock", DAY * 2)]);
    }
}
