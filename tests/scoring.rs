//! Scores through a whole engine, on both stores: counted, decayed at the exact instant, told, seeded.

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::ScoreStanding;
use journeyman::machine::Signal;
use journeyman::model::Fact;
use journeyman::port::Store;
use journeyman::port::store::JobKind;
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::{Contact, Engine, Event, Journey};

const SPARK: &str = r#"
    on("email.opened", 1); on("link.clicked", 3); on("message.replied", 10); once("profile.completed", 15);
    decay(7 * days, -5); clamp(0, 120);
    tier("low", 0); tier("warm", 10); tier("hot", 20);
"#;

struct World {
    engine: Engine,
    store: Arc<dyn Store>,
    clock: ManualClock,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// One on each store.
    fn all() -> Vec<Self> {
        let clock = ManualClock::new(start());
        let build = |(_, store, folder): (_, Arc<dyn Store>, _)| {
            let clock = clock.clone();
            let engine = Engine::builder(store.clone()).channel(RecordingChannel::new("email")).build();
            Self { engine, store, clock, _folder: folder }
        };
        let worlds = stores(Arc::new(clock.clone())).into_iter().map(build);
        worlds.collect()
    }

    fn publish(&self, score: ScoreDefinition) {
        block_on(self.engine.publish([score.into()])).unwrap();
    }

    fn journey(&self, yaml: &str) {
        let journey = Journey::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}"));
        block_on(self.engine.publish([journey.into()])).unwrap();
    }

    fn track(&self, event: &str) {
        block_on(self.engine.track(Event::new("lea", event))).unwrap();
    }

    fn tick(&self) -> journeyman::engine::Tick {
        block_on(self.engine.tick()).unwrap()
    }

    fn wait(&self, hours: i64) -> journeyman::engine::Tick {
        self.clock.advance(TimeDelta::hours(hours));
        self.tick()
    }

    fn spark(&self) -> ScoreStanding {
        block_on(self.engine.score(&"lea".into(), "spark")).unwrap()
    }

    fn value(&self) -> i64 {
        self.spark().value
    }

    /// The journeys that the contact entered, with when.
    fn entered(&self) -> Vec<(String, DateTime<Utc>)> {
        let steps = block_on(self.store.steps(&"lea".into())).unwrap();
        let first = steps.iter().filter(|step| step.ordinal == 0);
        first.map(|step| (step.journey.to_string(), step.at)).collect()
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn spark() -> ScoreDefinition {
    ScoreDefinition::new("spark", SPARK)
}

#[test]
fn a_score_counts_what_happens_and_loses_points_at_the_exact_instant_of_silence() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.track("message.replied");
        world.track("link.clicked");
        let due = world.tick().next_wake;
        assert_eq!((world.value(), due), (13, Some(start() + TimeDelta::days(7))));
        // Two spans of silence passed while nobody woke.
        world.wait(15 * 24);
        assert_eq!(world.value(), 3);
        let stored = block_on(world.store.contact(&"lea".into())).unwrap().unwrap();
        let state = stored.state.hot.rating.state("spark").unwrap().clone();
        let second = start() + TimeDelta::days(14);
        assert_eq!(state.changed_at, Some(second.timestamp_millis()));
    }
}

#[test]
fn a_tier_of_a_score_opens_a_journey_when_it_is_reached_and_ends_it_when_it_is_left() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.journey(
            "{ journey: hot, version: 1, enter: { on: { tier: spark, moves: up, to: hot } }, \
             exit: [{ on: { tier: spark, moves: down } }], reenter: always, steps: [{ wait: 90d }] }",
        );
        world.track("message.replied");
        world.track("message.replied");
        world.tick();
        assert_eq!(world.entered(), [("hot".to_owned(), start())]);
        let running = |world: &World| {
            block_on(world.store.contact(&"lea".into())).unwrap().unwrap().state.hot.enrollments.len()
        };
        assert_eq!(running(&world), 1);
        world.wait(8 * 24);
        assert_eq!((world.value(), running(&world)), (15, 0));
        let steps = block_on(world.store.steps(&"lea".into())).unwrap();
        assert_eq!(steps.last().map(|step| step.at), Some(start() + TimeDelta::days(7)));
    }
}

#[test]
fn points_of_steps_and_values_of_the_host_go_through_the_rules_of_the_score() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.journey(
            "{ journey: gift, version: 1, enter: { on: { event: gift } }, reenter: always, \
             steps: [{ score: { name: spark, add: 100 } }, { id: ask, branch: { when: [{ if: { score: spark, \
             at_least: 120 }, goto: full }], else: next } }, { id: more, exit: more }, { id: full, exit: full }] }",
        );
        world.track("gift");
        world.track("gift");
        world.tick();
        assert_eq!((world.value(), world.spark().tier.as_deref()), (120, Some("hot")));
        let tell = |fact| block_on(world.engine.tell("lea", fact)).unwrap();
        tell(Fact::Score { score: "spark".into(), value: -40 });
        tell(Fact::Tier { score: "spark".into(), from: None, to: Some("made-up".into()), up: true });
        world.tick();
        assert_eq!((world.value(), world.spark().tier.as_deref()), (0, Some("low")));
        tell(Fact::Score { score: "other".into(), value: -40 });
        world.tick();
        let other = block_on(world.engine.score(&"lea".into(), "other")).unwrap();
        assert_eq!((other.value, other.counted), (-40, false), "what has no rules is as it is told");
    }
}

#[test]
fn a_new_score_counts_the_history_of_everybody_who_is_known() {
    for world in World::all() {
        world.clock.jump_to(start());
        for _ in 0..3 {
            world.track("message.replied");
        }
        block_on(world.engine.identify(Contact::new("zoe"))).unwrap();
        world.tick();
        world.wait(8 * 24);
        world.publish(spark());
        assert!(matches!(&block_on(world.store.jobs()).unwrap()[0].kind, JobKind::Seed { .. }));
        world.tick();
        assert_eq!((world.value(), world.spark().tier.as_deref()), (25, Some("hot")));
        assert!(world.spark().counted);
        assert_eq!(block_on(world.store.jobs()).unwrap(), [], "the job ends by itself");
        let zoe = block_on(world.engine.score(&"zoe".into(), "spark")).unwrap();
        assert_eq!((zoe.value, zoe.tier, zoe.counted), (0, None, true));
        world.wait(6 * 24);
        assert_eq!(world.value(), 20, "the grid of silence goes on");
    }
}

#[test]
fn other_rules_count_a_score_anew_and_tell_the_difference() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.journey(
            "{ journey: cooled, version: 1, enter: { on: { tier: spark, moves: down, to: low } }, steps: [{ wait: 1d }] }",
        );
        world.track("message.replied");
        world.track("profile.completed");
        world.tick();
        assert_eq!(world.spark().tier.as_deref(), Some("hot"));
        let stricter = SPARK.replace(r#"on("message.replied", 10)"#, r#"on("message.replied", 1)"#);
        world.publish(ScoreDefinition::new("spark", stricter.replace(", 15)", ", 4)")));
        world.clock.advance(TimeDelta::hours(1));
        // It reaches the mailbox before the job has counted, and is part of the count.
        world.track("link.clicked");
        world.tick();
        assert_eq!((world.value(), world.spark().tier.as_deref()), (8, Some("low")));
        assert_eq!(world.entered(), [("cooled".to_owned(), start() + TimeDelta::hours(1))]);
        // Given once, whatever the rules are called.
        world.track("profile.completed");
        world.tick();
        assert_eq!(world.value(), 8);
    }
}

#[test]
fn other_rules_that_keep_the_score_count_from_now_on() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.track("message.replied");
        world.tick();
        let other = r#"on("message.replied", 1); tier("met", 5); tier("friend", 11); clamp(0, 50);"#;
        world.publish(ScoreDefinition::new("spark", other).keeps());
        world.journey(
            "{ journey: met, version: 1, enter: { on: { tier: spark, to: met } }, steps: [{ wait: 1d }] }",
        );
        world.tick();
        assert_eq!(block_on(world.store.jobs()).unwrap(), []);
        assert!(!world.spark().counted);
        world.clock.advance(TimeDelta::hours(1));
        world.track("message.replied");
        world.tick();
        assert_eq!((world.value(), world.spark().tier.as_deref()), (11, Some("friend")));
        // A tier that the new rules do not know was neither risen from nor fallen from; what they know moves as ever.
        assert_eq!(world.entered(), []);
        assert_eq!(world.wait(30 * 24).next_wake, None, "what the old rules took in silence is over");
        assert_eq!(world.value(), 11);
    }
}

/// New segments that are published beside them move nothing: every rule comes in at the same instant.
#[test]
fn other_rules_take_a_score_over_just_before_a_timer() {
    for with_segment in [false, true] {
        for world in World::all() {
            world.clock.jump_to(start());
            world.publish(spark());
            world.track("message.replied");
            world.tick();
            let lower = SPARK
                .replace(r#"tier("hot", 20)"#, r#"tier("hot", 10)"#)
                .replace(r#"tier("warm", 10)"#, r#"tier("warm", 6)"#);
            world.publish(ScoreDefinition::new("spark", lower).keeps());
            world.journey("{ journey: hot, version: 1, enter: { on: { tier: spark, to: hot } }, steps: [{ wait: 1d }] }");
            if with_segment {
                let segment = r#"{"segment": "active", "where": {"event": "app.opened", "within": "30d"}}"#;
                let segment: SegmentDefinition = serde_json::from_str(segment).unwrap();
                block_on(world.engine.publish([segment.into()])).unwrap();
            }
            world.wait(30 * 24);
            // A week of silence takes its points by the new rules, after they came in.
            let silence = start() + TimeDelta::days(7);
            assert_eq!(
                world.entered(),
                [("hot".to_owned(), silence - TimeDelta::milliseconds(1))],
                "{with_segment}"
            );
        }
    }
}

#[test]
fn why_a_score_is_what_it_is_adds_up_to_it() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.publish(spark());
        world.journey(
            "{ journey: gift, version: 1, enter: { on: { event: message.replied } }, steps: [{ score: { name: spark, add: 4 } }, \
             { emit: { event: email.opened } }] }",
        );
        world.track("message.replied");
        world.track("link.clicked");
        world.track("link.clicked");
        world.wait(8 * 24);
        let why = block_on(world.engine.explain_score(&"lea".into(), "spark")).unwrap();
        let told = "+10 message.replied, +6 link.clicked twice, +1 email.opened, +4 granted, -5 idle since 2 March 2026";
        assert_eq!((why.to_string().as_str(), why.value), (told, world.value()));
        let unknown = block_on(world.engine.explain_score(&"lea".into(), "sprak")).unwrap_err();
        assert!(unknown.to_string().contains("no rules of a score sprak"), "{unknown}");
        assert!(block_on(world.engine.explain_score(&"zoe".into(), "spark")).is_err());
        let advice = block_on(world.engine.advice(&"lea".into(), "spark")).unwrap().unwrap();
        assert_eq!((&*advice.tier, advice.missing), ("hot", 4));
        let board = block_on(world.engine.leaderboard("spark", 3)).unwrap();
        assert_eq!(board.iter().map(|rank| (rank.rank, rank.value)).collect::<Vec<_>>(), [(1, 16)]);
    }
}

/// A worker that dies after it has put counts into mailboxes, and before the job's cursor moved: the next one does it again.
#[test]
fn a_count_of_scores_that_is_broken_off_goes_on_and_counts_nobody_twice() {
    for world in World::all() {
        world.clock.jump_to(start());
        for contact in 0..600 {
            block_on(world.engine.track(Event::new(format!("c{contact:03}"), "message.replied"))).unwrap();
        }
        world.tick();
        world.publish(spark());
        let job = block_on(world.store.jobs()).unwrap().remove(0);
        // Half of the work is done and the rest is not, and nobody knows of the first half's rows any more.
        assert!(block_on(world.store.advance_job(job.id, 0, Some(300))).unwrap());
        world.tick();
        assert_eq!(block_on(world.store.jobs()).unwrap(), []);
        let board = block_on(world.engine.leaderboard("spark", 1_000)).unwrap();
        assert_eq!((board.len(), board.iter().map(|rank| rank.value).sum::<i64>()), (600, 6_000));
    }
}

#[test]
fn scores_are_gone_with_the_person_and_counted_from_what_a_purge_left() {
    for world in World::all() {
        world.clock.jump_to(start());
        world.track("message.replied");
        world.tick();
        world.clock.advance(TimeDelta::days(30));
        world.track("link.clicked");
        world.tick();
        block_on(world.store.purge(start() + TimeDelta::days(20))).unwrap();
        world.publish(spark());
        world.tick();
        assert_eq!(world.value(), 3);
        assert!(block_on(world.engine.erase(&"lea".into())).unwrap());
        let stored = block_on(world.store.contact(&"lea".into())).unwrap().unwrap();
        assert!(stored.state.hot.rating.is_empty());
        assert!(block_on(world.engine.score(&"lea".into(), "spark")).is_err());
        assert_eq!(block_on(world.engine.leaderboard("spark", 9)).unwrap(), []);
        // A count that was under way reaches nobody.
        world.publish(ScoreDefinition::new("spark", SPARK.replace("10)", "11)")));
        world.tick();
        assert_eq!(block_on(world.store.jobs()).unwrap(), []);
    }
}

#[test]
fn a_score_is_the_same_when_its_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(start());
    let open = || {
        let store =
            SqliteStore::builder(folder.path().join("j.db")).clock(Arc::new(clock.clone())).open().unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        (Engine::builder(store.clone()).build(), store)
    };
    {
        let (engine, _store) = open();
        block_on(engine.publish([spark().into()])).unwrap();
        block_on(engine.track(Event::new("lea", "message.replied"))).unwrap();
        block_on(engine.tick()).unwrap();
    }
    clock.advance(TimeDelta::days(7));
    let (engine, _store) = open();
    block_on(engine.tick()).unwrap();
    let spark = block_on(engine.score(&"lea".into(), "spark")).unwrap();
    assert_eq!((spark.value, spark.tier.as_deref(), spark.counted), (5, Some("low"), true));
}

#[test]
fn a_journey_that_names_what_the_rules_of_its_score_do_not_declare_is_refused() {
    let world = World::all().remove(0);
    world.publish(spark());
    let journey = Journey::from_yaml(
        "{ journey: hot, version: 1, enter: { on: { tier: spark, moves: up, to: hto } }, steps: [{ wait: 1d }] }",
    );
    let refused = block_on(world.engine.publish([journey.unwrap().into()])).unwrap_err().to_string();
    assert!(refused.contains("J097") && refused.contains("did you mean hot?"), "{refused}");
    let nameless = block_on(world.engine.publish([ScoreDefinition::new(" ", SPARK).into()])).unwrap_err();
    assert!(nameless.to_string().contains("the score has no name"), "{nameless}");
    let broken = block_on(world.engine.publish([ScoreDefinition::new("spark", "on(").into()])).unwrap_err();
    assert!(broken.to_string().contains("line 1"), "{broken}");
}

/// What a function of the script cannot find changes nothing: neither the score, nor what time takes of it.
#[test]
fn a_function_of_a_score_that_fails_leaves_the_score_and_its_time_and_says_so() {
    let clock = ManualClock::new(start());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let script = r#"on("message.replied", 10); decay(7 * days, -5); clamp(0, 120); custom("fit", |c| 1000 / c.followers);"#;
    let refused = Engine::builder(store.clone()).build();
    assert!(
        block_on(refused.publish([ScoreDefinition::new("spark", script).into()])).is_err(),
        "nobody allowed it"
    );
    let engine = Engine::builder(store.clone()).custom_scores(true).build();
    block_on(engine.publish([ScoreDefinition::new("spark", script).into()])).unwrap();
    block_on(engine.track(Event::new("lea", "message.replied"))).unwrap();
    block_on(engine.identify(Contact::new("lea").attribute("followers", 100))).unwrap();
    block_on(engine.tick()).unwrap();
    let value = || block_on(engine.score(&"lea".into(), "spark")).unwrap().value;
    assert_eq!(value(), 20);
    clock.advance(TimeDelta::days(1));
    block_on(engine.identify(Contact::new("lea").attribute("followers", 0))).unwrap();
    let tick = block_on(engine.tick()).unwrap();
    assert!(
        matches!(&tick.signals[..], [Signal::ScoreFailed { score, .. }] if **score == *"spark"),
        "{tick:?}"
    );
    assert_eq!((value(), tick.next_wake), (20, Some(start() + TimeDelta::days(7))));
    clock.advance(TimeDelta::days(1));
    block_on(engine.identify(Contact::new("lea").attribute("followers", 500))).unwrap();
    assert_eq!(block_on(engine.tick()).unwrap().signals, []);
    assert_eq!(value(), 12);
}

/// Weights by recency, as SCORING says: much for a while, and less from then on.
#[test]
fn points_of_a_score_that_last_weigh_what_is_recent_until_the_exact_instant() {
    for world in World::all() {
        world.clock.jump_to(start());
        let script = r#"on("message.replied", 6).lasting(30 * days); on("message.replied", 4);"#;
        world.publish(ScoreDefinition::new("spark", script));
        world.track("message.replied");
        let due = world.tick().next_wake;
        assert_eq!((world.value(), due), (10, Some(start() + TimeDelta::days(30))));
        world.wait(30 * 24);
        assert_eq!(world.value(), 4);
    }
}

/// Without a floor a silence takes points for ever, and wakes each time; with one it ends.
#[test]
fn a_silence_that_takes_points_of_a_score_wakes_for_ever_unless_there_is_a_floor() {
    for (clamp, last) in [("", Some(start() + TimeDelta::days(7 * 53))), ("clamp(0, 120);", None)] {
        for world in World::all() {
            world.clock.jump_to(start());
            let script = format!(r#"on("message.replied", 10); decay(7 * days, -5); {clamp}"#);
            world.publish(ScoreDefinition::new("spark", script));
            world.track("message.replied");
            world.tick();
            assert_eq!(world.wait(52 * 7 * 24).next_wake, last);
        }
    }
}

#[test]
fn a_milestone_and_a_stagnation_of_a_score_open_journeys_at_their_instants() {
    for world in World::all() {
        world.clock.jump_to(start());
        let marks = r#"threshold("milestone", 20); stagnation("stuck", 2 * days);"#;
        world.publish(ScoreDefinition::new("spark", format!("{SPARK}{marks}")));
        let yaml =
            "{ journey: NAME, version: 1, enter: { on: { mark: NAME, of: spark } }, steps: [{ wait: 1d }] }";
        world.journey(&yaml.replace("NAME", "milestone"));
        world.journey(&yaml.replace("NAME", "stuck"));
        world.track("message.replied");
        world.track("message.replied");
        world.tick();
        assert_eq!(world.spark().marks.len(), 1);
        world.wait(3 * 24);
        let entered = [("milestone".to_owned(), start()), ("stuck".to_owned(), start() + TimeDelta::days(2))];
        assert_eq!(world.entered(), entered);
        assert_eq!(world.spark().marks.len(), 2);
    }
}
