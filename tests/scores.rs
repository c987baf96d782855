//! Scores, compared with a second opinion at every instant of random histories.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "scores/oracle.rs"]
mod oracle;

use journeyman::Contact;
use journeyman::model::{Attributes, Name, Value};
use journeyman::rule::PredicateDefinition;
use journeyman::rule::score::{
    Band, Cause, Change, Clamp, Decay, EventRule, Fold, MarkKind, MarkRule, Points, ScoreModel, ScoreState,
    Table, Told as Piece, Trail, TrailState, WhenRule,
};
use journeyman::time::Zone;
use oracle::{Asked, Kind, MISTAKES, Mistake, On, Oracle, Rules, Tier, Told, When};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

const EVENTS: [&str; 3] = ["opened", "clicked", "replied"];
const ATTRIBUTES: [&str; 2] = ["followers", "growth"];
/// The first instant of March in Paris; the stories lie around it.
const MONTH_END: i64 = 1_772_319_600_000;
const BEFORE: i64 = 150;

/// The same cases on every machine; `PROPTEST_CASES` and `JOURNEYMAN_FROM` (numbers) ask for more and for others.
fn config(cases: u32) -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("PROPTEST_CASES").map_or(cases, |cases| cases as u32),
        rng_seed: RngSeed::Fixed(number("JOURNEYMAN_FROM").unwrap_or(1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn span() -> impl Strategy<Value = i64> {
    prop_oneof![3 => 1..12i64, 2 => 12..60i64]
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        5 => prop_oneof![6 => 1..12i64, 2 => -6..=0i64].prop_map(Asked::Fixed),
        1 => (1..4i64, 1..4i64, -10..0i64, 1..12i64).prop_map(|(times, per, least, most)| Asked::Of(times, per, least, most)),
    ]
}

fn on() -> impl Strategy<Value = On> {
    let rare = prop::option::weighted::<std::ops::Range<i64>>;
    let cap = prop::option::weighted(0.4, (1..15i64, prop::option::weighted(0.6, span())));
    let lasts = prop::option::weighted(0.3, span());
    let engages = prop::option::weighted(0.25, any::<bool>());
    (0..3usize, asked(), rare(0.25, 0..8), prop::bool::weighted(0.15), cap, lasts, engages).prop_map(
        |(event, points, at_least, once, cap, lasts, engages)| On {
            event,
            points,
            at_least,
            once,
            cap,
            lasts,
            engages,
        },
    )
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let one = (1..12i64, prop_oneof![Just(0), 1..6i64], prop::option::weighted(0.4, span()));
    (-4..6i64, prop::collection::vec(one, 0..4)).prop_map(|(mut from, bands)| {
        let mut tiers = Vec::new();
        for (step, hysteresis, stay) in bands {
            tiers.push(Tier { from, hysteresis, stay });
            from += step;
        }
        tiers
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (-2..25i64).prop_map(Kind::Threshold),
        span().prop_map(Kind::Stagnation),
        span().prop_map(Kind::Inactivity),
        (2..30i64, 1..4usize, 500..4_000i64)
            .prop_map(|(window, least, permille)| Kind::Peak(window, least, permille)),
        (0..3usize, 1..8usize).prop_map(|(event, count)| Kind::Badge(event, count)),
        (0..3usize, 1..4usize).prop_map(|(event, count)| Kind::Challenge(event, count)),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let when = (0..2usize, 0..8i64, -8..12i64);
    let when = when.prop_map(|(attribute, at_least, points)| When { attribute, at_least, points });
    let clamp = (-6..6i64, 0..30i64).prop_map(|(least, room)| (least, least + room));
    (
        prop::collection::vec(on(), 0..6),
        prop::collection::vec(when, 0..3),
        prop::option::weighted(0.7, (span(), -8..0i64)),
        prop::option::weighted(0.6, clamp),
        tiers(),
        prop::collection::vec(kind(), 0..5),
        prop::option::weighted(0.4, span()),
    )
        .prop_map(|(on, when, decay, clamp, mut tiers, marks, trails)| {
            // Nobody reaches what lies above the bounds, which is refused.
            tiers.retain(|tier| clamp.is_none_or(|(_, most)| tier.from <= most));
            Rules { on, when, decay, clamp, tiers, marks, trails }
        })
}

fn told() -> impl Strategy<Value = Told> {
    let late = prop_oneof![3 => Just(0), 1 => 0..60i64];
    let number = prop::option::weighted(0.8, -6..12i64);
    let attribute = || prop::option::weighted(0.8, 0..10i64);
    prop_oneof![
        12 => (0..3usize, number, late).prop_map(|(event, number, late)| Told::Event(event, number, late)),
        3 => (attribute(), attribute()).prop_map(|(first, second)| Told::Attributes([first, second])),
        1 => (-6..10i64).prop_map(Told::Add),
        1 => (-8..40i64).prop_map(Told::Set),
    ]
}

/// What is told, each after a gap; now and then many at once, for what is bounded.
fn story() -> impl Strategy<Value = Vec<(i64, Told)>> {
    let gap = || prop_oneof![4 => 0..6i64, 2 => 6..30i64, 1 => 30..90i64];
    let burst =
        (0..3usize, 30..50usize).prop_map(|(event, times)| vec![(0, Told::Event(event, Some(5), 0)); times]);
    let calm = || prop::collection::vec((gap(), told()), 1..30);
    (calm(), prop::option::weighted(0.08, burst), calm()).prop_map(|(before, burst, after)| {
        before.into_iter().chain(burst.into_iter().flatten()).chain(after).collect()
    })
}

fn table(rules: &Rules) -> Table {
    let at_least = |attribute: &str, least: i64| PredicateDefinition {
        attribute: Some(attribute.into()),
        at_least: Some(least.into()),
        ..PredicateDefinition::default()
    };
    let mut table = Table::new();
    for on in &rules.on {
        let points = match on.points {
            Asked::Fixed(points) => Points::Fixed(points),
            Asked::Of(times, per, least, most) => {
                Points::Of { property: "number".into(), times, per, least, most }
            }
        };
        let mut rule = EventRule::of(EVENTS[on.event], points);
        rule.filter = on.at_least.map(|least| at_least("number", least));
        rule.once = on.once;
        if let Some((points, period)) = on.cap {
            rule = rule.cap(points, period);
        }
        rule.lasts = on.lasts;
        rule.engages = on.engages;
        table.rules.push(rule.into());
    }
    for (place, when) in rules.when.iter().enumerate() {
        let condition = at_least(ATTRIBUTES[when.attribute], when.at_least);
        table.rules.push(WhenRule::new(format!("when {place}"), condition, when.points).into());
    }
    table.decay = rules.decay.map(|(every, points)| Decay::new(every, points));
    table.clamp = rules.clamp.map(|(least, most)| Clamp::new(least, most));
    for (place, tier) in rules.tiers.iter().enumerate() {
        let mut band = Band::new(format!("tier {place}"), tier.from).hysteresis(tier.hysteresis);
        band.stay = tier.stay;
        table.tiers.push(band);
    }
    for (place, kind) in rules.marks.iter().enumerate() {
        let kind = match *kind {
            Kind::Threshold(least) => MarkKind::Threshold(least),
            Kind::Stagnation(span) => MarkKind::Stagnation(span),
            Kind::Inactivity(span) => MarkKind::Inactivity(span),
            Kind::Peak(window, least, permille) => MarkKind::Peak { window, least: least as u16, permille },
            Kind::Badge(event, count) => MarkKind::Badge { event: EVENTS[event].into(), count: count as u64 },
            Kind::Challenge(event, count) => {
                MarkKind::Challenge { event: EVENTS[event].into(), count: count as u64 }
            }
        };
        table.marks.push(MarkRule::new(place.to_string(), kind));
    }
    if let Some(span) = rules.trails {
        table.trails = vec![Trail::new(None, span), Trail::new(Some(ATTRIBUTES[0].into()), span)];
    }
    table
}

fn sentence(at: i64, change: &Change) -> String {
    let what = match change {
        Change::Points { cause, points, moved } => {
            let cause = match cause {
                Cause::Rule(place) => format!("rule {place}"),
                Cause::Gone(place) => format!("gone {place}"),
                Cause::Decay => "decay".to_owned(),
                Cause::Granted => "granted".to_owned(),
                other => panic!("{other:?} has no business here"),
            };
            format!("{cause} {points} moved {moved}")
        }
        Change::Score { before, after } => format!("score {before} to {after}"),
        Change::Tier { from, to, up } => {
            let place = |tier: &Option<u16>| tier.map(usize::from);
            format!("tier {:?} to {:?} up {up}", place(from), place(to))
        }
        Change::Mark { mark, up } => format!("mark {mark} up {up}"),
        other => panic!("{other:?} is new"),
    };
    format!("{at}: {what}")
}

fn first(story: &[(i64, Told)]) -> i64 {
    MONTH_END - BEFORE - story.len() as i64 % 40
}

/// When the last word was told, and when the story is over.
fn end(story: &[(i64, Told)]) -> i64 {
    first(story) + story.iter().map(|(gap, _)| gap).sum::<i64>() + 200
}

/// What the crate tells of a story; it is asked at every instant where `often`, and at what is told alone where not.
fn played(model: &ScoreModel, story: &[(i64, Told)], often: bool) -> (Vec<String>, ScoreState) {
    let paris = Zone::named("Europe/Paris").unwrap();
    let mut said = Vec::new();
    let mut sink = |at: i64, change: Change| said.push(sentence(at, &change));
    let mut fold = Fold::new(model);
    fold.tell(Piece::Zone(&paris), &mut sink);
    let (mut at, names) = (first(story), EVENTS.map(Name::from));
    for (gap, told) in story {
        if often {
            (at..at + gap).for_each(|instant| {
                fold.until(instant, &mut sink);
            });
        }
        at += gap;
        match told {
            Told::Event(event, number, late) => {
                let number = number.map(|number| ("number".into(), Value::from(number)));
                let properties: Attributes = number.into_iter().collect();
                let (name, happened_at) = (&names[*event], at - late);
                fold.tell(Piece::Event { name, properties: &properties, happened_at, at }, &mut sink);
            }
            Told::Attributes(values) => {
                let mut contact = Contact::new("lea");
                for (name, value) in ATTRIBUTES.iter().zip(values) {
                    contact.attributes.extend(value.map(|value| (Name::from(*name), Value::from(value))));
                }
                fold.tell(Piece::Contact { contact: &contact, at }, &mut sink);
            }
            Told::Add(points) => fold.tell(Piece::Granted { points: *points, at }, &mut sink),
            Told::Set(value) => fold.tell(Piece::Set { value: *value, at }, &mut sink),
        }
    }
    fold.until(end(story), &mut sink);
    (said, fold.into_state())
}

/// What the second opinion tells of it.
fn judged<'r>(rules: &'r Rules, story: &[(i64, Told)], mistake: Mistake) -> Oracle<'r> {
    let mut oracle = Oracle::new(rules, mistake, MONTH_END);
    let mut at = first(story);
    let mut instant = at;
    for (gap, told) in story {
        at += gap;
        while instant <= at {
            oracle.pass(instant);
            instant += 1;
        }
        oracle.tell(at, told);
    }
    while instant <= end(story) {
        oracle.pass(instant);
        instant += 1;
    }
    oracle
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn everything_that_is_told_is_what_the_rules_say(rules in rules(), story in story()) {
        let model = ScoreModel::from_table(table(&rules)).unwrap();
        let (said, state) = played(&model, &story, false);
        let oracle = judged(&rules, &story, Mistake::None);
        prop_assert_eq!(&said, &oracle.told);
        prop_assert_eq!((state.value, state.tier.map(usize::from)), (oracle.value, oracle.tier));
        if let (Some(span), [score, attribute]) = (rules.trails, &*state.trails) {
            for (trail, values) in [(score, &oracle.values), (attribute, &oracle.attributes)] {
                check_trail(trail, values, span, end(&story))?;
            }
        }
    }

    /// Waking often changes nothing: what is due is told at its own instant.
    #[test]
    fn one_long_sleep_equals_many_short_ones(rules in rules(), story in story()) {
        let model = ScoreModel::from_table(table(&rules)).unwrap();
        prop_assert_eq!(played(&model, &story, false), played(&model, &story, true));
    }

    /// A state that was stored goes on as if it had never been away, and stays small.
    #[test]
    fn a_stored_state_is_the_state(rules in rules(), story in story()) {
        let model = ScoreModel::from_table(table(&rules)).unwrap();
        let (_, state) = played(&model, &story, false);
        let text = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ScoreState>(&text).unwrap(), &state);
        prop_assert!(state.lasting.len() <= 32 * rules.on.len());
        prop_assert!(state.engagements.recent.len() <= 64);
        prop_assert!(state.caps.len() <= rules.on.len());
        prop_assert!(model.next_due(&state).is_none_or(|due| due > end(&story)));
    }
}

/// A trail answers what the number was, exactly or not at all; and it answers all of its span while few changes lie in it.
fn check_trail(
    trail: &TrailState,
    values: &[(i64, Option<i64>)],
    span: i64,
    end: i64,
) -> Result<(), TestCaseError> {
    for at in end - 400..=end {
        if let Some(known) = trail.value_at(at) {
            prop_assert_eq!(Some(known), Oracle::value_at(values, at), "at {}", at);
        }
    }
    let changed = values.last().map_or(end, |(at, _)| *at);
    if values.len() < 60 {
        for at in changed - span..=end {
            prop_assert_eq!(trail.value_at(at), Oracle::value_at(values, at), "at {}", at);
        }
    }
    Ok(())
}

/// Every way to misread a rule is seen in these stories, so that what holds above says something about each rule.
#[test]
fn every_misread_rule_is_noticed() {
    use proptest::strategy::ValueTree;
    let mut runner = TestRunner::new(config(1));
    let stories: Vec<_> =
        (0..500).map(|_| (rules(), story()).new_tree(&mut runner).unwrap().current()).collect();
    let right: Vec<_> =
        stories.iter().map(|(rules, story)| judged(rules, story, Mistake::None).told).collect();
    let mut seen = Vec::new();
    for mistake in MISTAKES {
        let differs = stories
            .iter()
            .zip(&right)
            .filter(|((rules, story), right)| judged(rules, story, mistake).told != **right);
        seen.push((mistake, differs.count()));
    }
    let unseen: Vec<_> = seen.iter().filter(|(_, count)| *count == 0).collect();
    assert!(unseen.is_empty(), "no story tells these from what is right: {unseen:?} of {seen:?}");
}

/// One table for each problem, and what it is called; docs/DIAGNOSTICS.md has the list.
#[test]
fn every_problem_of_a_table_is_told_and_all_at_once() {
    type Edit = fn(&mut Table);
    let wrong: [(&str, Edit); 24] = [
        ("R050", |table| table.rules = vec![EventRule::new("opened", 1).into(); 257]),
        ("R050", |table| {
            table.checklists.push(("actions".into(), (0..33).map(|n| n.to_string().into()).collect()))
        }),
        ("R051", |table| table.rules.push(EventRule::new(" ", 1).into())),
        ("R051", |table| table.tiers.push(Band::new("t".repeat(129), 1))),
        ("R052", |table| table.marks = vec![MarkRule::new("asleep", MarkKind::Threshold(1)); 2]),
        ("R052", |table| table.trails = vec![Trail::new(None, 1); 2]),
        ("R053", |table| table.clamp = Some(Clamp::new(120, 0))),
        ("R054", |table| table.decay = Some(Decay::new(7, 5))),
        ("R055", |table| table.tiers = vec![Band::new("a", 1), Band::new("b", 1)]),
        ("R055", |table| table.tiers = vec![Band::new("a", 1).hysteresis(-1)]),
        ("R055", |table| {
            table.clamp = Some(Clamp::new(0, 10));
            table.tiers = vec![Band::new("a", 11)];
        }),
        ("R056", |table| table.decay = Some(Decay::new(0, -5))),
        ("R056", |table| table.tiers = vec![Band::new("a", 1).stay(-1)]),
        ("R056", |table| table.marks = vec![MarkRule::new("stuck", MarkKind::Stagnation(i64::MAX))]),
        ("R056", |table| table.rules.push(EventRule::new("opened", 1).lasting(0).into())),
        ("R056", |table| table.rules.push(EventRule::new("opened", 1).cap(1, Some(0)).into())),
        ("R057", |table| table.rules.push(EventRule::new("opened", 1).cap(0, None).into())),
        ("R058", |table| {
            let points = Points::Of { property: "amount".into(), times: 1, per: 0, least: 0, most: 9 };
            table.rules.push(EventRule::of("opened", points).into());
        }),
        ("R058", |table| {
            let points = Points::Of { property: "amount".into(), times: 1, per: 1, least: 9, most: 3 };
            table.rules.push(EventRule::of("opened", points).into());
        }),
        ("R059", |table| {
            let tagged = PredicateDefinition { tag: Some("vip".into()), ..PredicateDefinition::default() };
            table.rules.push(EventRule::new("opened", 1).filter(tagged).into());
        }),
        ("R059", |table| {
            let seen =
                PredicateDefinition { performed: Some("seen".into()), ..PredicateDefinition::default() };
            table.rules.push(WhenRule::new("seen", seen, 1).into());
        }),
        ("R060", |table| table.checklists.push(("actions".into(), Vec::new()))),
        ("R061", |table| {
            table.marks =
                vec![MarkRule::new("fire", MarkKind::Peak { window: 7, least: 65, permille: 3_000 })];
        }),
        ("R062", |table| {
            table.marks = vec![MarkRule::new("ten", MarkKind::Badge { event: "e".into(), count: 0 })]
        }),
    ];
    let mut all = Table::new();
    for (code, edit) in wrong {
        let mut table = Table::new();
        edit(&mut table);
        edit(&mut all);
        let problems = ScoreModel::from_table(table).unwrap_err();
        assert!(problems.diagnostics.iter().all(|problem| problem.code == code), "{code}: {problems}");
    }
    assert!(ScoreModel::from_table(all).unwrap_err().diagnostics.len() > 10);
}

/// Other rules for a known contact: what it has stays, and what became of tiers and marks is told.
#[test]
fn a_contact_that_keeps_its_score_goes_on_with_the_new_rules() {
    let nothing = Attributes::new();
    let (clicked, joined): (Name, Name) = ("clicked".into(), "joined".into());
    let event = |name, at| Piece::Event { name, properties: &nothing, happened_at: at, at };
    let mut old = Table::new();
    let clicks = EventRule::new("clicked", 20);
    old.rules = vec![clicks.clone().cap(60, None).into(), EventRule::new("joined", 50).once().into()];
    old.tiers = vec![Band::new("cold", 0), Band::new("hot", 80)];
    old.marks = vec![
        MarkRule::new("gone", MarkKind::Threshold(50)),
        MarkRule::new("stuck", MarkKind::Stagnation(1_000)),
        MarkRule::new("ten", MarkKind::Badge { event: clicked.clone(), count: 1 }),
    ];
    let old = ScoreModel::from_table(old).unwrap();
    let mut state = old.fold([event(&joined, 0), event(&clicked, 0), event(&clicked, 5)], 10);
    assert_eq!((state.value, state.tier), (90, Some(1)));

    let mut new = Table::new();
    new.rules = vec![clicks.cap(30, None).into(), EventRule::new("joined", 50).once().into()];
    new.clamp = Some(Clamp::new(0, 85));
    new.decay = Some(Decay::new(7, -5));
    new.tiers = vec![Band::new("warm", 40), Band::new("glowing", 82)];
    new.marks = vec![
        MarkRule::new("stuck", MarkKind::Inactivity(4)),
        MarkRule::new("ten", MarkKind::Badge { event: clicked.clone(), count: 10 }),
        MarkRule::new("high", MarkKind::Threshold(85)),
    ];
    let new = ScoreModel::from_table(new).unwrap();
    let mut told = Vec::new();
    new.adopt(&mut state, Some("hot"), 10, &mut |change| told.push(sentence(10, &change)));
    let expected = [
        "score 90 to 85",
        "tier None to Some(1) up true",
        "mark gone up false",
        "mark stuck up true",
        "mark high up true",
    ];
    assert_eq!(told, expected.map(|what| format!("10: {what}")));
    // The grid goes on, the cap begins anew, and nobody joins twice.
    assert_eq!((state.model, new.next_due(&state)), (new.short_hash(), Some(12)));
    let paris = Zone::named("Europe/Paris").unwrap();
    new.pass(&mut state, 12, &paris, &mut |_, _| {});
    let performed = Default::default();
    let heard = |at| journeyman::rule::score::Heard::new(&nothing, at, at, &paris, &performed);
    let mut told = Vec::new();
    new.hear(&mut state, new.event("joined").unwrap(), &heard(13), &mut |change| {
        told.push(sentence(13, &change));
    });
    assert_eq!(told, ["13: mark stuck up false"]); // an engagement, and no points
    new.set(&mut state, 0, 13, &mut |_| {});
    for at in 14..17 {
        new.hear(&mut state, new.event("clicked").unwrap(), &heard(at), &mut |_| {});
    }
    assert_eq!(state.value, 30);

    // And what differs between the two is told where the history is counted instead.
    let mut told = Vec::new();
    let counted = new.fold([event(&joined, 0), event(&clicked, 0)], 1);
    new.moved(&state, Some("glowing"), &counted, &mut |change| told.push(sentence(17, &change)));
    let expected = ["score 30 to 70", "tier Some(1) to Some(0) up false", "mark ten up false"];
    assert_eq!(told, expected.map(|what| format!("17: {what}")));
}

/// At most 32 applications live, at most 64 engagements are kept, and both go on afterwards.
#[test]
fn what_is_bounded_stays_bounded() {
    let nothing = Attributes::new();
    let clicked: Name = "clicked".into();
    let event = |at| Piece::Event { name: &clicked, properties: &nothing, happened_at: at, at };
    let mut table = Table::new();
    table.rules = vec![EventRule::new("clicked", 1).lasting(1_000).into()];
    table.marks = vec![MarkRule::new("fire", MarkKind::Peak { window: 500, least: 64, permille: 1_000 })];
    let model = ScoreModel::from_table(table).unwrap();
    let many = model.fold((0..100).map(event), 100);
    assert_eq!((many.value, many.lasting.len(), many.engagements.recent.len()), (32, 32, 64));
    assert!(many.size() < 3_000, "{}", many.size());
    let later = model.fold((0..100).map(event).chain([event(1_000)]), 1_000);
    assert_eq!((later.value, later.lasting.len()), (32, 32));
    assert_eq!(model.fold((0..100).map(event), 1_031).value, 0);
}
