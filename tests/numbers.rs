//! Numbers through a whole engine: what a message says and a branch asks is what was committed.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::journey::parse_yaml;
use journeyman::model::{DeliveryStatus, Evidence, ExitReason, Fact, Reason, Step, StepOutcome};
use journeyman::port::Store;
use journeyman::port::store::Definition;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

mod common;

struct World {
    engine: Engine,
    store: Arc<dyn Store>,
    email: RecordingChannel,
    clock: ManualClock,
}

/// A world with each kind of store, in which `lea` allows news.
fn worlds(test: impl Fn(&World)) {
    let clock = ManualClock::new("2026-03-23T09:00:00Z".parse().unwrap());
    for (kind, store, _folder) in common::stores(Arc::new(clock.clone())) {
        let email = RecordingChannel::new("email");
        let engine = Engine::builder(store.clone()).channel(email.clone()).build();
        let world = World { engine, store, email, clock: clock.clone() };
        block_on(async {
            world.engine.identify(Contact::new("lea").address("email", "lea@example.org")).await.unwrap();
            let evidence = Evidence::new("form", "2026-03");
            world.engine.consent(Consent::granted("lea", "news", "email", evidence)).await.unwrap();
        });
        world.run();
        println!("{kind}"); // says which one it was, where a test fails
        test(&world);
    }
}

impl World {
    fn publish(&self, definitions: impl IntoIterator<Item = Definition>) {
        block_on(self.engine.publish(definitions)).unwrap();
    }

    /// A journey of one mail, three days after `start`.
    fn publish_mail(&self, text: &str) {
        let journey =
            "{ journey: mail, version: 1, enter: { on: { event: start } }, reenter: always, steps: [
            { wait: 3d }, { id: say, send: { channel: email, template: mail, purpose: news } } ] }";
        let journey = Journey::from_yaml(journey).unwrap();
        self.publish([TemplateDefinition::new("mail").text(text).into(), journey.into()]);
    }

    fn track(&self, event: &str) {
        block_on(self.engine.track(Event::new("lea", event))).unwrap();
    }

    fn scored(&self, value: i64) {
        let fact = Fact::Score { score: "spark".into(), value };
        block_on(self.engine.tell("lea", fact)).unwrap();
    }

    fn run(&self) {
        (0..8).for_each(|_| drop(block_on(self.engine.tick()).unwrap()));
    }

    fn later(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.run();
    }

    fn said(&self) -> Vec<String> {
        self.email.sent().iter().map(|sent| sent.content.plain().to_owned()).collect()
    }
}

#[test]
fn a_mail_says_what_is_committed_when_it_begins() {
    worlds(|world| {
        world.publish_mail(
            "{{ score.spark }} points, {{ event['app.login'].count }} logins, {{ event.start.days }} days",
        );
        world.track("start");
        world.track("app.login");
        world.scored(12);
        world.later(TimeDelta::days(1));
        world.track("app.login");
        world.scored(47);
        world.later(TimeDelta::days(2));
        assert_eq!(world.said(), ["47 points, 2 logins, 3 days"]);
    });
}

#[test]
fn a_number_that_is_not_known_refuses_the_mail_and_says_which() {
    worlds(|world| {
        world.publish_mail("{{ score.spark.change_30d }}");
        world.track("start");
        world.run();
        world.later(TimeDelta::days(3));
        assert_eq!(world.said(), [""; 0]);
        let messages = block_on(world.store.messages(&"lea".into())).unwrap();
        let Some(DeliveryStatus::Refused { reasons }) = &messages[0].answer else {
            unreachable!("{messages:?}")
        };
        let said = "a value is missing in line 1; not known: score.spark.change_30d";
        assert_eq!(*reasons, [Reason::Template(format!("text: {said}").into())]);
    });
}

/// The program at hand knows of no numbers when the message is taken, and must not render it without them.
#[test]
fn a_template_that_begins_to_read_numbers_is_given_them_at_once() {
    worlds(|world| {
        world.publish_mail("no number");
        world.track("start");
        world.later(TimeDelta::days(3));
        world.track("start");
        world.scored(8);
        world.run();
        let other = Engine::builder(world.store.clone()).build();
        let mended = TemplateDefinition::new("mail").text("{{ score.spark }} points");
        block_on(other.publish([mended.into()])).unwrap();
        world.later(TimeDelta::days(3));
        assert_eq!(world.said(), ["no number", "8 points"]);
    });
}

#[test]
fn a_preheader_of_a_step_reads_numbers_too() {
    worlds(|world| {
        let journey = r#"{ journey: mail, version: 1, enter: { on: { event: start } }, steps: [
            { id: say, send: { channel: email, template: mail, purpose: news, preheader: "{{ score.spark }} points" } } ] }"#;
        let journey = Journey::from_yaml(journey).unwrap();
        world.publish([TemplateDefinition::new("mail").text("hello").into(), journey.into()]);
        world.scored(31);
        world.track("start");
        world.run();
        assert_eq!(world.email.sent()[0].content.preheader.as_deref(), Some("31 points"));
    });
}

#[test]
fn a_branch_asks_numbers_at_its_own_instant_whenever_the_engine_woke() {
    worlds(|world| {
        let journey = r#"{ journey: idle, version: 1, enter: { on: { event: start } }, reenter: always, steps: [
            { wait: 7d },
            { branch: { when: [ { if: { number: "event['app.login'].days", at_least: 7 }, goto: asleep },
                                { if: { number: "event['app.login'].days", at_least: 6 }, goto: nearly } ],
                        else: awake, unknown: never } },
            { id: asleep, exit: asleep }, { id: nearly, exit: nearly },
            { id: awake, exit: awake }, { id: never, exit: never } ] }"#;
        world.publish([Journey::from_yaml(journey).unwrap().into()]);
        let start = |login_after: i64| {
            let (first, second) =
                if login_after > 0 { ("start", "app.login") } else { ("app.login", "start") };
            world.track(first);
            world.later(TimeDelta::milliseconds(1));
            world.track(second);
            world.run();
            // Two days late; the branch is asked on day 7 all the same.
            world.later(TimeDelta::days(9));
        };
        world.track("start");
        world.later(TimeDelta::days(30));
        start(-1);
        start(1);
        let steps = block_on(world.store.steps(&"lea".into())).unwrap();
        let end = |step: &Step| match &step.outcome {
            StepOutcome::Exited { reason: ExitReason::Exit(name) } => Some(name.to_string()),
            _ => None,
        };
        assert_eq!(steps.iter().filter_map(end).collect::<Vec<_>>(), ["never", "asleep", "nearly"]);
    });
}

#[test]
fn a_preview_says_what_would_be_said_now() {
    worlds(|world| {
        world.publish_mail("{{ score.spark }} points, {{ event['app.login'].days }} days");
        world.scored(20);
        world.track("app.login");
        world.run();
        world.clock.advance(TimeDelta::days(2));
        let preview = block_on(world.engine.preview("mail", None, "say", &"lea".into())).unwrap();
        assert_eq!(preview.content.plain(), "20 points, 2 days");
    });
}

const SPARK: &str = include_str!("../examples/journeys/scores/spark.rhai");

/// The first result and the half-way mail of MONA 290, on the model of the programme.
#[test]
fn a_mail_says_where_one_started_how_far_one_came_and_where_it_leads() {
    let templates = include_str!("../examples/journeys/templates/nurturing-mona-290.yaml");
    let templates: Vec<TemplateDefinition> = parse_yaml(templates).unwrap();
    let named = |name: &str| templates.iter().find(|one| one.template == name).unwrap().clone();
    worlds(|world| {
        let journey = "{ journey: mona, version: 1, enter: { on: { event: bought } }, steps: [
            { wait: 7d }, { send: { channel: email, template: mona-290.premiers-resultats, purpose: news } },
            { wait: 7d }, { send: { channel: email, template: mona-290.mi-parcours, purpose: news } } ] }";
        world.publish([
            ScoreDefinition::new("spark", SPARK).into(),
            named("mona-290.premiers-resultats").into(),
            named("mona-290.mi-parcours").into(),
            Journey::from_yaml(journey).unwrap().into(),
        ]);
        let followers = |count: i64| {
            block_on(world.engine.identify(Contact::new("lea").attribute("followers", count))).unwrap();
        };
        followers(1_200);
        let start = Event::new("lea", "diagnosis.completed").property("score", 47);
        block_on(world.engine.track(start)).unwrap();
        world.track("bought");
        world.later(TimeDelta::days(2));
        world.track("profile.completed"); // 62
        world.track("app.login"); // 67
        world.later(TimeDelta::days(5));
        let said = world.said();
        let has =
            |text: &str, part: &str| assert!(text.replace('\u{a0}', " ").contains(part), "{part}: {text}");
        has(&said[0], "Score MONA : de 47 à 67 (+20 points)");
        has(&said[0], "Actions menées : 1 sur 5");
        // Day 9 takes five points; day 10 gives fifteen.
        world.later(TimeDelta::days(3));
        world.track("coach.met");
        followers(1_410);
        world.later(TimeDelta::days(4));
        let said = world.said();
        has(&said[1], "Score : 77 points (+30 depuis le début)");
        has(&said[1], "Actions menées : 2 sur 5");
        has(&said[1], "Nouveaux abonnés : 210");
        has(&said[1], "vous finirez le mois à 107 points");
    });
}

/// Who was first seen less than a span ago, and who was counted by other rules, has no change over it.
#[test]
fn what_the_model_did_not_see_is_not_known() {
    worlds(|world| {
        let text = "{{ score.spark.change_7d | default('-') }} {{ score.spark.projected_7d | default('-') }} \
                    {{ number.followers.change_7d | default('-') }} {{ done.actions.done | default('-') }}";
        world.publish([ScoreDefinition::new("spark", SPARK).into()]);
        world.publish_mail(text);
        block_on(world.engine.identify(Contact::new("lea").attribute("followers", 10))).unwrap();
        world.track("message.replied");
        world.track("start");
        world.later(TimeDelta::days(3));
        world.track("start");
        world.later(TimeDelta::days(2));
        block_on(world.engine.identify(Contact::new("lea").attribute("followers", 25))).unwrap();
        world.later(TimeDelta::days(3));
        assert_eq!(world.said()[0], "- - - 0");
        world.track("start");
        world.later(TimeDelta::days(3));
        // Ten points since day 0, five taken on day 7.
        assert_eq!(world.said()[2], "-5 0 15 0");
    });
}

#[test]
fn a_branch_asks_what_a_model_remembers() {
    worlds(|world| {
        let journey =
            "{ journey: pace, version: 1, enter: { on: { event: start } }, reenter: always, steps: [
            { wait: 7d },
            { branch: { when: [ { if: { number: score.spark.change_7d, at_least: 10 }, goto: fast } ],
                        else: slow, unknown: unknown } },
            { id: fast, exit: fast }, { id: slow, exit: slow }, { id: unknown, exit: unknown } ] }";
        world.publish([
            ScoreDefinition::new("spark", SPARK).into(),
            Journey::from_yaml(journey).unwrap().into(),
        ]);
        world.track("start");
        world.later(TimeDelta::days(1));
        world.track("message.replied");
        world.later(TimeDelta::days(6));
        for event in ["profile.completed", "message.replied"] {
            world.track("start");
            world.later(TimeDelta::days(3));
            world.track(event);
            world.later(TimeDelta::days(4));
        }
        let steps = block_on(world.store.steps(&"lea".into())).unwrap();
        let end = |step: &Step| match &step.outcome {
            StepOutcome::Exited { reason: ExitReason::Exit(name) } => Some(name.to_string()),
            _ => None,
        };
        assert_eq!(steps.iter().filter_map(end).collect::<Vec<_>>(), ["unknown", "fast", "slow"]);
    });
}
