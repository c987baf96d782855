//! Scores in the heart: what their rules make true opens, ends and asks, in the one order, whenever somebody wakes.

#![allow(clippy::unwrap_used)] // helpers of tests

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::machine::{
    ContactState, Envelope, Input, InputKind, Program, ProgramParts, Scored, Signal, Transition,
};
use journeyman::model::{Fact, ImportRow, InputId, Step};
use journeyman::rule::PredicateDefinition;
use journeyman::rule::score::{
    Band, Clamp, Decay, EventRule, History, MarkKind, MarkRule, ScoreModel, Table, WhenRule,
};
use journeyman::{Contact, Event, Journey};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn at(days: i64) -> DateTime<Utc> {
    start() + TimeDelta::days(days)
}

/// 10 points a reply, 15 for being known, 5 off for a week of silence, from 0 to 100.
fn spark() -> Table {
    let mut table = Table::new();
    table.rules.push(EventRule::new("replied", 10).into());
    table.rules.push(EventRule::new("complained", -30).into());
    table.rules.push(WhenRule::new("vip", PredicateDefinition::tag("vip"), 15).into());
    table.decay = Some(Decay::new(7 * DAY, -5));
    table.clamp = Some(Clamp::new(0, 100));
    table.tiers = vec![Band::new("low", 0), Band::new("hot", 20)];
    table.marks = vec![
        MarkRule::new("milestone", MarkKind::Threshold(30)),
        MarkRule::new("stuck", MarkKind::Stagnation(3 * DAY)),
        MarkRule::new("asleep", MarkKind::Inactivity(10 * DAY)),
    ];
    table
}

fn program(table: Table, history: History, journeys: &[&str]) -> Program {
    let mut parts = ProgramParts::default();
    let journey =
        |text: &&str| Journey::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}")).into();
    parts.journeys = journeys.iter().map(journey).collect();
    let model = ScoreModel::from_table(table).unwrap_or_else(|problems| panic!("{problems}"));
    parts.scores.insert("spark".into(), Scored::new(model.into(), history));
    Program::new(parts)
}

/// A contact with its mailbox.
struct Lea {
    state: ContactState,
    seq: u64,
    steps: Vec<Step>,
    log: Vec<Envelope>,
}

impl Lea {
    fn new() -> Self {
        Self { state: ContactState::new("lea".into()), seq: 0, steps: Vec::new(), log: Vec::new() }
    }

    fn hear(&mut self, program: &Program, kind: InputKind, now: DateTime<Utc>) -> Transition {
        self.seq += 1;
        let id = InputId::from_place(&"lea".into(), self.seq);
        self.log.push(Envelope::new(self.seq, id, now, kind));
        let mail = self.log[self.log.len() - 1..].to_vec();
        self.pass(program, &mail, now)
    }

    fn pass(&mut self, program: &Program, mail: &[Envelope], now: DateTime<Utc>) -> Transition {
        let passed = program.transition(self.state.clone(), mail, now);
        self.state = passed.state.clone();
        self.steps.extend(passed.steps.iter().cloned());
        passed
    }

    fn event(&mut self, program: &Program, name: &str, now: DateTime<Utc>) -> Transition {
        self.hear(program, Input::from(Event::new("lea", name)).kind, now)
    }

    fn value(&self) -> i64 {
        self.state.hot.rating.score("spark")
    }

    fn tier(&self) -> Option<&str> {
        self.state.hot.rating.tier("spark").map(|tier| &**tier)
    }

    /// What was walked, as journey, node and day.
    fn walked(&self) -> Vec<String> {
        let told = |step: &Step| format!("{}.{} {}", step.journey, step.node, step.at.format("%d %H:%M"));
        self.steps.iter().map(told).collect()
    }

    fn seed(&mut self, by: &Program, as_of: DateTime<Utc>, through: u64) -> InputKind {
        let read: Vec<Envelope> = self.log.iter().filter(|one| one.seq <= through).cloned().collect();
        let state = by.recount("spark", &self.state, &read, &self.steps).unwrap();
        let hash = by.score("spark").unwrap().model.hash();
        InputKind::Seed { score: "spark".into(), hash, through, as_of, state: state.into() }
    }
}

#[test]
fn a_mark_of_a_score_opens_a_journey_each_way_and_answers_a_branch() {
    let program = program(
        spark(),
        History::Count,
        &[
            "{ journey: up, version: 1, enter: { on: { mark: milestone, of: spark } }, reenter: always, \
             steps: [{ id: ask, branch: { when: [{ if: { mark: milestone, of: spark }, goto: yes }], else: next } }, \
             { id: no, exit: no }, { id: yes, exit: yes }] }",
            "{ journey: down, version: 1, enter: { on: { mark: milestone, of: spark, moves: down } }, \
             steps: [{ id: ask, branch: { when: [{ if: { mark: milestone, of: spark }, goto: yes }], else: next } }, \
             { id: no, exit: no }, { id: yes, exit: yes }] }",
            "{ journey: either, version: 1, enter: { on: { mark: milestone, of: spark, moves: either } }, reenter: always, \
             steps: [{ exit: done }] }",
            "{ journey: other, version: 1, enter: { on: { mark: milestone, of: other, moves: either } }, steps: [{ exit: done }] }",
        ],
    );
    let mut lea = Lea::new();
    for _ in 0..3 {
        lea.event(&program, "replied", start());
    }
    let opened = |lea: &Lea| {
        let first = lea.steps.iter().filter(|step| step.ordinal == 0);
        first.map(|step| step.journey.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(opened(&lea), ["either", "up"]);
    assert!(lea.walked().contains(&"up.yes 02 09:00".to_owned()), "{:?}", lea.walked());
    lea.event(&program, "complained", at(1));
    assert_eq!(opened(&lea), ["either", "up", "down", "either"]);
    assert!(lea.walked().contains(&"down.no 03 09:00".to_owned()), "{:?}", lea.walked());
    // What the host says of a score with rules counts for nothing.
    let told = Fact::Mark { score: "spark".into(), mark: "milestone".into(), up: true };
    lea.hear(&program, InputKind::Fact(told), at(2));
    assert_eq!(opened(&lea).len(), 4);
    let told = Fact::Mark { score: "other".into(), mark: "milestone".into(), up: true };
    lea.hear(&program, InputKind::Fact(told), at(2));
    assert_eq!(opened(&lea).len(), 5);
}

#[test]
fn the_marks_of_a_silent_score_come_at_their_exact_instants_whoever_wakes() {
    let journeys = [
        "{ journey: stuck, version: 1, enter: { on: { mark: stuck, of: spark } }, reenter: always, steps: [{ exit: done }] }",
        "{ journey: asleep, version: 1, enter: { on: { mark: asleep, of: spark, moves: either } }, reenter: always, steps: [{ exit: done }] }",
    ];
    let program = program(spark(), History::Count, &journeys);
    let (mut big, mut small) = (Lea::new(), Lea::new());
    for lea in [&mut big, &mut small] {
        lea.event(&program, "replied", start());
    }
    for hours in 0..40 * 24 {
        small.pass(&program, &[], start() + TimeDelta::hours(hours));
    }
    big.pass(&program, &[], at(40));
    let entered = |lea: &Lea| lea.walked().into_iter().filter(|step| step.contains(".done")).count();
    assert_eq!(big.walked(), small.walked());
    let instants: Vec<String> = big
        .steps
        .iter()
        .filter(|step| step.ordinal == 0)
        .map(|step| format!("{} {}", step.journey, step.at.format("%m-%d %H:%M")))
        .collect();
    // Two decays take 10 points, at day 7 and 14; each change begins the span anew.
    let stuck = ["stuck 03-05 09:00", "stuck 03-12 09:00", "asleep 03-12 09:00", "stuck 03-19 09:00"];
    assert_eq!(instants, stuck);
    assert_eq!(entered(&big), entered(&small));
}

#[test]
fn what_is_due_of_a_score_happens_before_the_steps_of_its_instant() {
    let program = program(
        spark(),
        History::Count,
        &["{ journey: week, version: 1, enter: { on: { event: replied } }, \
           steps: [{ wait: 7d }, { id: ask, branch: { when: [{ if: { score: spark, at_least: 10 }, goto: still }], else: next } }, \
           { id: less, exit: less }, { id: still, exit: still }] }"],
    );
    let mut lea = Lea::new();
    lea.event(&program, "replied", start());
    lea.pass(&program, &[], at(9));
    assert_eq!(lea.walked().last().map(String::as_str), Some("week.less 09 09:00"));
}

#[test]
fn what_an_event_makes_of_a_score_is_told_with_it_and_ends_runs_before_it_opens_any() {
    let program = program(
        spark(),
        History::Count,
        &[
            "{ journey: cold, version: 1, enter: { on: { event: greeted } }, exit: [{ on: { tier: spark, moves: up, to: hot }, as: goal }], \
             steps: [{ id: hold, wait_for: { any: [{ event: replied }], within: 9d } }, { id: after, wait: 1d }] }",
            "{ journey: next, version: 1, enter: { on: { event: replied } }, reenter: always, \
             steps: [{ id: ask, branch: { when: [{ if: { tier: spark, is: hot }, goto: hot }], else: next } }, { id: cool, exit: cool }, { id: hot, exit: hot }] }",
        ],
    );
    let mut lea = Lea::new();
    lea.event(&program, "replied", start());
    lea.event(&program, "greeted", start());
    lea.steps.clear();
    lea.event(&program, "replied", at(1));
    // The second reply reaches the tier: the run ends, and its wait for the reply is no longer there to go on.
    let expected = ["cold.hold 03 09:00", "next.ask 03 09:00", "next.ask 03 09:00", "next.hot 03 09:00"];
    assert_eq!(lea.walked(), expected);
}

#[test]
fn steps_that_tag_and_add_points_are_counted_and_seen_by_the_next_step() {
    let program = program(
        spark(),
        History::Count,
        &["{ journey: gift, version: 1, enter: { on: { event: gift } }, steps: [{ set: { tags: [vip] } }, \
           { score: { name: spark, add: 5 } }, { emit: { event: replied } }, \
           { id: ask, branch: { when: [{ if: { score: spark, at_least: 20 }, goto: rich }], else: next } }, { id: poor, exit: poor }, \
           { id: rich, exit: rich }] }"],
    );
    let mut lea = Lea::new();
    lea.event(&program, "gift", start());
    assert_eq!(lea.walked().last().map(String::as_str), Some("gift.rich 02 09:00"));
    assert_eq!((lea.value(), lea.tier()), (30, Some("hot")), "what was emitted counts after the walk");
    let update = Contact::new("lea").without_tag("vip");
    lea.hear(&program, InputKind::Identify(update), at(1));
    assert_eq!((lea.value(), lea.tier()), (15, Some("low")));
    // The history comes to the same, with what steps did.
    let counted = program.recount("spark", &lea.state, &lea.log, &lea.steps).unwrap();
    assert_eq!(counted.value, 15);
}

#[test]
fn an_imported_history_of_a_score_counts_at_its_own_instants_and_tells_nobody() {
    let journeys = [
        "{ journey: hot, version: 1, enter: { on: { tier: spark, moves: either } }, steps: [{ exit: done }] }",
    ];
    let program = program(spark(), History::Count, &journeys);
    let mut row = ImportRow::new(Contact::new("lea").tag("vip"));
    for days in [-40, -39, -20, -1] {
        row = row.event(Event::new("lea", "replied").at(at(days)));
    }
    let mut lea = Lea::new();
    lea.hear(&program, InputKind::Import { row: row.clone(), triggers: false }, start());
    // 20, less 5 at -32 and -25, 20 again, less 5 at -13 and -6, 20 again; and 15 for being known, as of now.
    assert_eq!((lea.value(), lea.tier()), (35, Some("hot")));
    assert_eq!(lea.walked(), [""; 0]);
    let state = lea.state.hot.rating.state("spark").unwrap().clone();
    assert_eq!(state.engaged_at, Some(at(-1).timestamp_millis()));
    let due = lea.pass(&program, &[], start()).due_at;
    assert_eq!(due, Some(at(3)), "it is stuck when nothing changed for three days");
    // Told aloud, the same row happens now.
    let mut aloud = Lea::new();
    aloud.hear(&program, InputKind::Import { row, triggers: true }, start());
    assert_eq!(aloud.walked().len(), 2);
}

#[test]
fn an_import_never_goes_back_behind_what_was_counted() {
    let program = program(spark(), History::Count, &[]);
    let mut lea = Lea::new();
    lea.event(&program, "replied", start());
    let row = ImportRow::new(Contact::new("lea")).event(Event::new("lea", "replied").at(at(-300)));
    lea.hear(&program, InputKind::Import { row, triggers: false }, at(1));
    assert_eq!(lea.value(), 20);
    let state = lea.state.hot.rating.state("spark").unwrap();
    assert_eq!(state.changed_at, Some(start().timestamp_millis()));
}

#[test]
fn a_seed_of_a_score_that_does_not_know_the_newest_is_ignored_and_said_so() {
    let before = Program::of([]);
    let after = program(spark(), History::Count, &[]);
    let mut lea = Lea::new();
    lea.event(&before, "replied", start());
    let early = lea.seed(&after, start(), 1);
    lea.event(&after, "replied", at(1));
    assert_eq!((lea.value(), lea.tier()), (0, None), "what is not counted yet stands still");
    let passed = lea.hear(&after, early, at(1));
    assert!(matches!(passed.signals[..], [Signal::StaleSeed { .. }]), "{:?}", passed.signals);
    assert_eq!(lea.value(), 0);
    let late = lea.seed(&after, at(1), 3);
    // Time passes before it is read, and takes its points.
    let passed = lea.hear(&after, late.clone(), at(9));
    assert_eq!((passed.signals.len(), lea.value(), lea.tier()), (0, 15, Some("low")));
    assert_eq!(lea.event(&after, "replied", at(9)).signals, []);
    let twice = lea.hear(&after, late, at(9));
    assert_eq!((twice.signals.len(), lea.value()), (0, 25), "a second one finds it counted");
}

#[test]
fn a_seed_of_a_score_told_by_time_alone_is_stale_as_well() {
    let text = "{ journey: nudge, version: 1, enter: { on: { event: greeted } }, steps: [{ wait: 2d }, { emit: { event: replied } }] }";
    let before = Program::of([Journey::from_yaml(text).unwrap()]);
    let after = program(spark(), History::Count, &[text]);
    let mut lea = Lea::new();
    lea.event(&before, "greeted", start());
    let early = lea.seed(&after, start(), 1);
    lea.pass(&after, &[], at(3));
    let passed = lea.hear(&after, early, at(3));
    assert!(matches!(passed.signals[..], [Signal::StaleSeed { .. }]), "{:?}", passed.signals);
    let late = lea.seed(&after, at(3), 2);
    lea.hear(&after, late, at(3));
    assert_eq!(lea.value(), 10);
}

#[test]
fn rules_of_a_score_that_keep_it_come_in_with_what_was_due_by_the_old_ones() {
    let old = program(spark(), History::Count, &[]);
    let mut table = spark();
    table.tiers = vec![Band::new("met", 5)];
    table.decay = Some(Decay::new(DAY, -1));
    let new = program(
        table,
        History::Keep,
        &["{ journey: met, version: 1, enter: { on: { tier: spark, to: met } }, steps: [{ exit: done }] }"],
    );
    let mut lea = Lea::new();
    lea.event(&old, "replied", start());
    lea.pass(&new, &[], at(2));
    assert_eq!((lea.value(), lea.tier()), (10, Some("low")), "nothing was due by then");
    lea.pass(&new, &[], at(3));
    // Nobody rose into a tier that took the place of one that the rules no longer know.
    assert_eq!((lea.tier(), lea.walked().len()), (Some("met"), 0));
    lea.pass(&new, &[], at(5));
    assert_eq!(lea.value(), 7, "they came in just before, and take a point a day from this day on");
}

#[test]
fn a_late_event_of_a_score_counts_when_it_is_heard_and_engages_when_it_happened() {
    let program = program(spark(), History::Count, &[]);
    let mut lea = Lea::new();
    lea.event(&program, "replied", start());
    lea.pass(&program, &[], at(8));
    let late = Event::new("lea", "replied").at(at(6));
    lea.hear(&program, Input::from(late).kind, at(8));
    let state = lea.state.hot.rating.state("spark").unwrap().clone();
    assert_eq!((state.value, state.changed_at), (15, Some(at(8).timestamp_millis())));
    lea.pass(&program, &[], at(13));
    assert_eq!(lea.value(), 10);
}
