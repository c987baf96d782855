//! The segmentations that segments were built for, from the files of the example, through a whole engine on both stores; and
//! every piece of `docs/SEGMENTS.md`.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::journey::parse_yaml;
use journeyman::machine::Signal;
use journeyman::model::{Evidence, Fact, Value};
use journeyman::port::Store;
use journeyman::port::store::Definition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::{QuestionDefinition, SegmentDefinition, Segments};
use journeyman::testing::ManualClock;
use journeyman::{Clock, Consent, Contact, Engine, Event, Journey};

const FILES: [(&str, &str); 10] = [
    ("genre", include_str!("../examples/segments/genre.yaml")),
    ("place", include_str!("../examples/segments/place.yaml")),
    ("engagement", include_str!("../examples/segments/engagement.yaml")),
    ("history", include_str!("../examples/segments/history.yaml")),
    ("capacity", include_str!("../examples/segments/capacity.yaml")),
    ("goals", include_str!("../examples/segments/goals.yaml")),
    ("mona", include_str!("../examples/segments/mona.yaml")),
    ("tiers", include_str!("../examples/segments/tiers.yaml")),
    ("campaign", include_str!("../examples/segments/campaign.yaml")),
    ("moments", include_str!("../examples/segments/moments.yaml")),
];
const DOCUMENT: &str = include_str!("../docs/SEGMENTS.md");
const WELCOME: &str = "
journey: welcome
version: 1
enter: { on: { event: signed_up } }
steps: [{ wait: 720h }]
";

fn segments() -> Vec<SegmentDefinition> {
    let read = |(file, text): (&str, &str)| {
        parse_yaml::<Vec<SegmentDefinition>>(text).unwrap_or_else(|problems| panic!("{file}: {problems}"))
    };
    FILES.into_iter().flat_map(read).collect()
}

fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

struct World {
    engine: Engine,
    clock: ManualClock,
    /// Every move, in the order in which it was told.
    moves: Vec<(DateTime<Utc>, String, bool)>,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// One on each store, where all segments are published.
    fn all() -> Vec<Self> {
        let worlds = (0..2).map(|number| {
            let clock = ManualClock::new(start());
            let mut stores: Vec<(_, Arc<dyn Store>, _)> = stores(Arc::new(clock.clone()));
            let (_, store, folder) = stores.swap_remove(number);
            let email = RecordingChannel::new("email");
            let engine =
                Engine::builder(store).channel(email).purpose("marketing").purpose("tracking").build();
            let world = Self { engine, clock, moves: Vec::new(), _folder: folder };
            let mut definitions: Vec<Definition> = segments().into_iter().map(Definition::Segment).collect();
            let script = include_str!("../examples/scoring/mona.rhai");
            definitions.push(ScoreDefinition::new("mona", script).into());
            definitions.push(Journey::from_yaml(WELCOME).unwrap().into());
            block_on(world.engine.publish(definitions)).unwrap_or_else(|problems| panic!("{problems}"));
            world
        });
        worlds.collect()
    }

    /// Lets something be told of lea, and what follows at once.
    fn learns(&mut self, contact: impl FnOnce(Contact) -> Contact) {
        block_on(self.engine.identify(contact(Contact::new("lea")))).unwrap();
        self.tick();
    }

    fn tracks(&mut self, event: Event) {
        block_on(self.engine.track(event)).unwrap();
        self.tick();
    }

    fn does(&mut self, event: &str) {
        self.tracks(Event::new("lea", event));
    }

    fn tick(&mut self) -> Option<DateTime<Utc>> {
        let tick = block_on(self.engine.tick()).unwrap();
        for signal in tick.signals {
            if let Signal::Moved { segment, inside, at, .. } = signal {
                self.moves.push((at, segment.to_string(), inside));
            }
        }
        tick.next_wake
    }

    /// Lets time pass, waking only when the engine asks for it.
    fn passes(&mut self, span: TimeDelta) {
        let end = self.clock.now() + span;
        while let Some(wake) = self.tick().filter(|wake| *wake <= end) {
            self.clock.set(wake);
        }
        self.clock.set(end);
        self.tick();
    }

    /// The segments that lea is in.
    fn member_of(&self) -> BTreeSet<String> {
        let names = block_on(self.engine.memberships(&"lea".into())).unwrap();
        names.into_iter().map(|membership| membership.segment.to_string()).collect()
    }

    fn is_in(&self, segment: &str) -> bool {
        self.member_of().contains(segment)
    }

    /// Which of several lea is in.
    fn which(&self, of: &[&str]) -> Vec<String> {
        let own = self.member_of();
        of.iter().filter(|name| own.contains(**name)).map(ToString::to_string).collect()
    }

    /// When lea moved last, in or out.
    fn moved(&self, segment: &str) -> Option<(DateTime<Utc>, bool)> {
        self.moves.iter().rfind(|(_, name, _)| name == segment).map(|(at, _, inside)| (*at, *inside))
    }
}

const ENGAGEMENT: [&str; 3] = ["actifs", "moderes", "passifs"];
const HISTORY: [&str; 3] = ["nouveaux", "recurrents", "dormants"];
const CAPACITY: [&str; 3] = ["capacite-haute", "capacite-moyenne", "capacite-basse"];
const TIERS: [&str; 4] = ["spark-ready", "mona-possible", "en-developpement", "non-prioritaire"];

#[test]
fn segments_of_the_user_are_read_and_understood_together() {
    let segments = segments();
    let names: BTreeSet<&str> = segments.iter().map(|segment| segment.segment.as_str()).collect();
    assert_eq!((segments.len(), names.len()), (41, 41));
    Segments::compile(segments, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"));
}

#[test]
fn segments_of_who_somebody_is_follow_what_is_told() {
    for mut world in World::all() {
        world.learns(|lea| {
            lea.attribute("genre", "musique")
                .attribute("city", "Rennes")
                .attribute("region", "Bretagne")
                .attribute("country", "FR")
                .attribute("goals", Value::List(vec!["monetisation".into(), "artistique".into()].into()))
                .attribute("act", "solo")
                .attribute("production", "self")
                .attribute("followers", 1_000)
        });
        let about = ["musique", "art", "performance", "lyon", "bretagne", "france", "ailleurs", "mona"];
        assert_eq!(world.which(&about), ["musique", "bretagne", "france", "mona"]);
        let goals = ["objectif-notoriete", "objectif-monetisation", "objectif-artistique"];
        assert_eq!(world.which(&goals), ["objectif-monetisation", "objectif-artistique"]);
        world.learns(|lea| lea.attribute("followers", 15_001).attribute("country", "BE"));
        assert_eq!(world.which(&about), ["musique", "bretagne", "ailleurs"]);
        world.learns(|lea| lea.attribute("followers", 15_000).without("country").without("genre"));
        assert_eq!(world.which(&about), ["bretagne", "mona"]);
    }
}

#[test]
fn segments_of_engagement_hold_everybody_in_one_and_move_at_the_millisecond() {
    for mut world in World::all() {
        world.learns(|lea| lea);
        assert_eq!(world.which(&ENGAGEMENT), ["passifs"]);
        for event in ["app.login", "work.published", "purchase", "app.login"] {
            world.does(event);
            assert_eq!(world.which(&ENGAGEMENT).len(), 1);
            world.passes(TimeDelta::days(1));
        }
        assert_eq!(world.which(&ENGAGEMENT), ["actifs"]);
        world.passes(TimeDelta::days(26) - TimeDelta::milliseconds(1));
        assert_eq!(world.which(&ENGAGEMENT), ["actifs"]);
        world.passes(TimeDelta::milliseconds(1));
        assert_eq!(world.which(&ENGAGEMENT), ["moderes"]);
        world.passes(TimeDelta::days(40));
        assert_eq!(world.which(&ENGAGEMENT), ["passifs"]);
        let (first, last) = (start() + TimeDelta::days(30), start() + TimeDelta::days(33));
        assert_eq!(world.moved("actifs"), Some((first, false)));
        assert_eq!(world.moved("moderes"), Some((last, false)));
        assert_eq!(world.moved("passifs"), Some((last, true)));
    }
}

#[test]
fn segments_of_history_hold_everybody_in_one() {
    for mut world in World::all() {
        world.learns(|lea| lea.attribute("joined", Value::Instant(start())));
        world.does("app.login");
        assert_eq!(world.which(&HISTORY), ["nouveaux"]);
        world.passes(TimeDelta::days(30));
        assert_eq!(world.which(&HISTORY), ["recurrents"]);
        world.passes(TimeDelta::days(29));
        world.does("work.published");
        world.passes(TimeDelta::days(60) - TimeDelta::milliseconds(1));
        assert_eq!(world.which(&HISTORY), ["recurrents"]);
        world.passes(TimeDelta::milliseconds(1));
        assert_eq!(world.which(&HISTORY), ["dormants"]);
        assert_eq!(world.moved("dormants"), Some((start() + TimeDelta::days(119), true)));
        // What is told late counts at its own instant, from now on.
        world.tracks(Event::new("lea", "app.login").at(start() + TimeDelta::days(100)));
        assert_eq!(world.which(&HISTORY), ["recurrents"]);
        world.passes(TimeDelta::days(50));
        assert_eq!(world.moved("dormants"), Some((start() + TimeDelta::days(160), true)));
    }
}

#[test]
fn segments_of_capacity_read_a_budget_or_a_year() {
    for mut world in World::all() {
        world.learns(|lea| lea);
        assert_eq!(world.which(&CAPACITY), ["capacite-basse"]);
        let buys = |amount: i64| Event::new("lea", "purchase").property("amount", amount);
        world.tracks(buys(150));
        assert_eq!(world.which(&CAPACITY), ["capacite-moyenne"]);
        world.passes(TimeDelta::days(100));
        world.tracks(buys(450));
        assert_eq!(world.which(&CAPACITY), ["capacite-haute"]);
        world.passes(TimeDelta::days(265));
        assert_eq!(world.which(&CAPACITY), ["capacite-moyenne"]);
        assert_eq!(world.moved("capacite-haute"), Some((start() + TimeDelta::days(365), false)));
        world.learns(|lea| lea.attribute("budget", 300));
        assert_eq!(world.which(&CAPACITY), ["capacite-haute"]);
        world.tracks(Event::new("lea", "purchase").property("amount", "a lot"));
        world.learns(|lea| lea.attribute("budget", 99));
        assert_eq!(world.which(&CAPACITY), ["capacite-moyenne"]);
    }
}

#[test]
fn segments_of_the_four_tiers_follow_the_score() {
    for mut world in World::all() {
        world.learns(|lea| lea);
        assert_eq!(world.which(&TIERS), ["non-prioritaire"]);
        let mut seen = Vec::new();
        for _ in 0..6 {
            world.does("action.done");
            seen.extend(world.which(&TIERS));
        }
        assert_eq!(
            seen,
            [
                "non-prioritaire",
                "non-prioritaire",
                "en-developpement",
                "mona-possible",
                "mona-possible",
                "spark-ready"
            ]
        );
        // Silence takes what was earned.
        world.passes(TimeDelta::days(200));
        assert_eq!(world.which(&TIERS), ["non-prioritaire"]);
    }
}

#[test]
fn segments_of_several_audiences_hold_each_contact_once() {
    for mut world in World::all() {
        world.learns(|lea| {
            lea.attribute("act", "solo")
                .attribute("production", "self")
                .attribute("followers", 5_000)
                .attribute("genre", "musique")
                .attribute("region", "Bretagne")
                .attribute("joined", Value::Instant(start()))
                .address("email", "lea@example.org")
        });
        let campaign = ["bretons-fideles", "reunion", "intersection", "campagne"];
        assert_eq!(world.which(&campaign), ["reunion"]);
        let evidence = Evidence::new("form", "v1");
        block_on(world.engine.consent(Consent::granted("lea", "marketing", "email", evidence))).unwrap();
        for _ in 0..4 {
            world.does("app.login");
        }
        assert_eq!(world.which(&campaign), ["reunion", "intersection", "campagne"]);
        for amount in [50, 49, 80] {
            world.tracks(Event::new("lea", "purchase").property("amount", amount));
        }
        assert_eq!(world.which(&campaign), campaign);
        // By hand she is in another audience, which this one leaves out.
        let invited = |inside| Fact::Segment { segment: "invites".into(), inside };
        block_on(world.engine.tell("lea", invited(true))).unwrap();
        world.tick();
        assert_eq!(world.which(&["invites", "campagne"]), ["invites"]);
        block_on(world.engine.tell("lea", invited(false))).unwrap();
        // What a host tells of a segment that decides by itself is ignored.
        block_on(world.engine.tell("lea", Fact::Segment { segment: "mona".into(), inside: false })).unwrap();
        world.tick();
        assert_eq!(world.which(&["invites", "campagne", "mona"]), ["campagne", "mona"]);
        world.learns(|lea| lea.tag("team"));
        assert!(!world.is_in("campagne"));
    }
}

#[test]
fn segments_of_moments_come_and_go_by_themselves() {
    for mut world in World::all() {
        world.learns(|lea| {
            lea.zone("Europe/Paris")
                .attribute("birthday", Value::Date(NaiveDate::from_ymd_opt(1990, 3, 20).unwrap()))
                .attribute("appointment", Value::Instant(start() + TimeDelta::days(9)))
                .address("email", "lea@example.org")
        });
        let buys = |amount: i64| Event::new("lea", "purchase").property("amount", amount);
        world.tracks(buys(200));
        world.does("application.started");
        world.does("signed_up");
        world.tracks(buys(40).at(start() - TimeDelta::days(1)));
        assert_eq!(world.which(&["lecteurs", "sans-lecture", "lecture-inconnue"]), ["lecture-inconnue"]);
        assert!(world.is_in("dernier-achat-cher"), "the newest one, whatever came last");
        world.passes(TimeDelta::days(1));
        let evidence = Evidence::new("form", "v1");
        block_on(world.engine.consent(Consent::granted("lea", "tracking", "email", evidence))).unwrap();
        world.tick();
        assert_eq!(world.which(&["lecteurs", "sans-lecture", "lecture-inconnue"]), ["sans-lecture"]);
        world.does("message.opened");
        assert_eq!(world.which(&["lecteurs", "sans-lecture", "lecture-inconnue"]), ["lecteurs"]);
        world.passes(TimeDelta::days(40));
        // The application was never sent: told two days later, for the rest of thirty.
        let at = |days: i64| start() + TimeDelta::days(days);
        let moves = |segment: &str| -> Vec<(DateTime<Utc>, bool)> {
            let own = world.moves.iter().filter(|(_, name, _)| name == segment);
            own.map(|(at, _, inside)| (*at, *inside)).collect()
        };
        assert_eq!(moves("dossier-abandonne"), [(at(2), true), (at(30), false)]);
        assert_eq!(moves("dossier-envoye"), []);
        // Midnight in Paris is an hour before that of UTC, and two after the clocks have changed.
        let hour = TimeDelta::hours(1);
        assert_eq!(moves("anniversaire"), [(at(12) - hour, true), (at(19) - hour, false)]);
        assert_eq!(moves("rendez-vous-cette-semaine"), [(at(7) - hour, true), (at(14) - hour, false)]);
        assert_eq!(moves("accueillis-depuis-une-semaine"), [(at(7), true), (at(30), false)]);
        assert_eq!(moves("lecteurs"), [(at(1), true), (at(31), false)]);
        let halves = world.is_in("moitie");
        assert!(world.moved("moitie").is_none_or(|(at, inside)| at == start() && inside == halves));
    }
}

#[test]
fn segments_in_five_of_seven_days_ask_the_days_of_the_contact() {
    for mut world in World::all() {
        world.learns(|lea| lea.zone("Asia/Tokyo"));
        for _ in 0..5 {
            world.does("app.login");
            world.passes(TimeDelta::days(1));
        }
        assert!(world.is_in("assidus"));
        world.passes(TimeDelta::days(10));
        // The first day in Tokyo ends seven midnights later, nine hours before that of UTC.
        let over = start() + TimeDelta::days(7) - TimeDelta::hours(9);
        assert_eq!(world.moved("assidus"), Some((over, false)));
    }
}

#[test]
fn a_rank_of_segments_is_drawn_on_its_schedule_and_crossed_at_once() {
    for mut world in World::all() {
        for number in 0..40 {
            let id = format!("c-{number:02}");
            block_on(world.engine.identify(Contact::new(id.as_str()))).unwrap();
            for _ in 0..=number / 10 {
                block_on(world.engine.track(Event::new(id.as_str(), "app.login"))).unwrap();
            }
        }
        world.learns(|lea| lea);
        // 40 people have a score at the next drawing, and 5 % of them are two.
        world.passes(TimeDelta::days(8));
        let members = block_on(world.engine.members("tete", 0, 10)).unwrap();
        let members: Vec<String> = members.contacts.iter().map(ToString::to_string).collect();
        assert_eq!(members, ["c-30", "c-31"]);
        world.does("action.done");
        world.does("action.done");
        assert!(world.is_in("tete"), "above the line without waiting for the next one");
    }
}

#[test]
fn a_journey_of_segments_opens_by_a_move_and_not_by_a_definition() {
    for mut world in World::all() {
        world.learns(|lea| lea.address("email", "lea@example.org"));
        let evidence = Evidence::new("form", "v1");
        block_on(world.engine.consent(Consent::granted("lea", "marketing", "email", evidence))).unwrap();
        let journey = |name: &str, more: &str| {
            let yaml = format!(
                "journey: {name}\nversion: 1\nenter: {{ on: {{ segment: fraiche, moves: in }}{more} }}\nsteps: [{{ wait: 300d }}]"
            );
            Journey::from_yaml(&yaml).unwrap()
        };
        let own = [journey("moved", "").into(), journey("stood", ", existing: true").into()];
        let fresh: QuestionDefinition = parse_yaml("{ not: { event: purchase, within: 10d } }").unwrap();
        let fresh = SegmentDefinition::new("fraiche", fresh);
        block_on(world.engine.publish([Definition::Segment(fresh)])).unwrap();
        block_on(world.engine.publish(own)).unwrap();
        world.passes(TimeDelta::days(1));
        assert!(world.is_in("fraiche"));
        let journeys = |world: &World| -> Vec<String> {
            let report = block_on(world.engine.store().contact(&"lea".into())).unwrap().unwrap();
            report.state.hot.enrollments.iter().map(|run| run.journey.to_string()).collect()
        };
        assert_eq!(journeys(&world), ["stood"]);
        world.does("purchase");
        world.passes(TimeDelta::days(10));
        assert_eq!(journeys(&world), ["stood", "moved"]);
    }
}

/// Each block in YAML: the line on which it begins, what its fence says of it, and its text.
fn blocks(document: &str) -> Vec<(usize, &str, String)> {
    let mut blocks = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```yaml") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        blocks.push((number + 1, info.trim(), text.join("\n")));
    }
    blocks
}

#[test]
fn every_piece_about_segments_in_the_reference_compiles() {
    let blocks = blocks(DOCUMENT);
    assert_eq!(blocks.len(), 6);
    for (line, info, text) in blocks {
        if info == "enter" {
            let journey = format!("journey: piece\nversion: 1\nenter:\n{text}\nsteps: [{{ exit: done }}]\n");
            Journey::from_yaml(&journey).unwrap_or_else(|problems| panic!("SEGMENTS.md:{line}\n{problems}"));
            continue;
        }
        // What a piece asks for beside itself.
        let mut all = vec![SegmentDefinition::manual("dormants")];
        match info {
            "segments" => all.extend(parse_yaml::<Vec<SegmentDefinition>>(&text).unwrap()),
            "questions" => {
                let questions: Vec<QuestionDefinition> = parse_yaml(&text).unwrap();
                let pieces = questions.into_iter().enumerate();
                all.extend(
                    pieces.map(|(number, piece)| SegmentDefinition::new(format!("piece-{number}"), piece)),
                );
            }
            other => panic!("SEGMENTS.md:{line} says {other:?}: say segments, questions or enter"),
        }
        let compiled = Segments::compile(all, &BTreeMap::new());
        compiled.unwrap_or_else(|problems| panic!("SEGMENTS.md:{line}\n{problems}"));
    }
}
