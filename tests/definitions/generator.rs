//! Random definitions with every word of the language, and random things that happen to a contact.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use journeyman::journey::{
    AlternativeDefinition, AnswerKind, AssignDefinition, BranchDefinition, CallDefinition, CapDefinition,
    Capped, ConfirmDefinition, CountedFrom, DeadlineDefinition, EmitDefinition, EnterDefinition,
    EntryDefinition, ExitDefinition, ExitKind, HoursDefinition, JourneyDefinition, JumpDefinition, Late,
    LateDefinition, LeaveDefinition, LotDefinition, Moves, OneOrMany, Reenter, ReenterDefinition,
    ReleaseDefinition, ReserveDefinition, ResultDefinition, RetryDefinition, ScoreDefinition, SendDefinition,
    SenderDefinition, SetDefinition, Spacing, SplitDefinition, StepDefinition, TriggerDefinition,
    UndoDefinition, WaitForDefinition, WaitSince, WaitUntilDefinition, WayDefinition, WithdrawDefinition,
};
use journeyman::machine::InputKind;
use journeyman::model::{Attributes, Fact, Name, Value, keyword};
use journeyman::rule::{ConditionDefinition, PredicateDefinition, Since};
use journeyman::time::{
    Days, Every, Leap, MonthDay, Offset, RecurrenceDefinition, Short, Span, WeeklyWindow,
};
use journeyman::{Contact, Event, Journey};
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;

fn span() -> BoxedStrategy<Span> {
    prop_oneof![
        (1u32..50).prop_map(Span::hours),
        (1u32..5_000).prop_map(Span::minutes),
        (1u32..40).prop_map(Span::days),
        (1u32..4).prop_map(Span::months),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        "[a-cé]{0,3}".prop_map(Value::from),
        (-200i64..200).prop_map(|number| serde_json::from_str(&format!("{}.5", number)).unwrap()),
        vec(-3i64..3, 0..3).prop_map(Value::from),
        (0i64..4_000_000_000_000).prop_map(|at| Value::from(DateTime::from_timestamp_millis(at).unwrap())),
        (0i64..40_000)
            .prop_map(|day| Value::Date(DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive())),
    ]
    .boxed()
}

fn comparisons() -> BoxedStrategy<PredicateDefinition> {
    (of(value()), of(vec(value(), 1..3)), of(value()), of(value()), weighted(0.3, any::<bool>()))
        .prop_map(|(is, one_of, at_least, below, exists)| {
            let exists =
                exists.or((is.is_none() && one_of.is_none() && at_least.is_none() && below.is_none())
                    .then_some(true));
            PredicateDefinition { is, one_of, at_least, below, exists, ..PredicateDefinition::default() }
        })
        .boxed()
}

fn predicate() -> BoxedStrategy<PredicateDefinition> {
    let default = PredicateDefinition::default;
    let since = prop_oneof![Just(Since::Ever), Just(Since::Entry)];
    let points = (-20i64..90, any::<bool>()).prop_map(move |(points, above)| match above {
        true => PredicateDefinition { at_least: Some(points.into()), ..default() },
        false => PredicateDefinition { below: Some(points.into()), ..default() },
    });
    let leaf = prop_oneof![
        "[ab]".prop_map(PredicateDefinition::tag),
        ("e[0-3]", of(since)).prop_map(|(event, since)| PredicateDefinition {
            since,
            ..PredicateDefinition::performed(event)
        }),
        ("[ab]", comparisons())
            .prop_map(|(name, test)| PredicateDefinition { attribute: Some(name), ..test }),
        ("[rs]", points).prop_map(|(name, test)| PredicateDefinition { score: Some(name), ..test }),
        ("[rs]", "(gold|silver)").prop_map(|(score, tier)| PredicateDefinition::tier_is(score, tier)),
        ("[mn]", "[rs]").prop_map(|(mark, score)| PredicateDefinition::has_mark(mark, score)),
        "[gh]".prop_map(PredicateDefinition::in_segment),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(PredicateDefinition::every),
            vec(inner.clone(), 1..3).prop_map(PredicateDefinition::either),
            inner.prop_map(PredicateDefinition::negated),
        ]
    })
    .boxed()
}

fn condition() -> BoxedStrategy<ConditionDefinition> {
    prop_oneof![
        value().prop_map(ConditionDefinition::from),
        comparisons().prop_map(ConditionDefinition::from)
    ]
    .boxed()
}

fn filter() -> BoxedStrategy<BTreeMap<String, ConditionDefinition>> {
    prop_oneof![2 => Just(BTreeMap::new()), 1 => btree_map("[pq]", condition(), 1..2)].boxed()
}

fn one_or_many(words: &'static str) -> BoxedStrategy<OneOrMany<String>> {
    prop_oneof![words.prop_map(OneOrMany::One), vec(words, 1..3).prop_map(OneOrMany::Many)].boxed()
}

fn time() -> BoxedStrategy<String> {
    (0u32..24, 0u32..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")).boxed()
}

fn offset() -> BoxedStrategy<Offset> {
    prop_oneof![span().prop_map(Offset::before), span().prop_map(Offset::after), Just(Offset::default())]
        .boxed()
}

fn days() -> BoxedStrategy<Days> {
    prop_oneof![Just("Tue-Thu"), Just("Mon"), Just("Fri-Mon"), Just("Mon,Wed,Sun")]
        .prop_map(|days| days.parse().unwrap())
        .boxed()
}

fn window() -> BoxedStrategy<WeeklyWindow> {
    let windows = ["10:00-14:00", "Tue-Thu 10:00-14:00 18:00-20:00", "Fri 22:00-02:00", "00:00-24:00"];
    proptest::sample::select(windows.to_vec()).prop_map(|window| window.parse().unwrap()).boxed()
}

fn schedule() -> BoxedStrategy<RecurrenceDefinition> {
    let default = RecurrenceDefinition::default;
    let date = |text: &str| text.parse().unwrap();
    let (from, until) = (date("2026-01-01"), date("2030-01-01"));
    let number = prop_oneof![(1u8..=31).prop_map(MonthDay::Number), Just(MonthDay::Last)];
    let dates = prop_oneof![
        of(1u32..5).prop_map(move |interval| RecurrenceDefinition {
            every: Some(Every::Day),
            interval,
            ..default()
        }),
        days().prop_map(move |on| RecurrenceDefinition {
            every: Some(Every::Week),
            on: Some(on),
            ..default()
        }),
        number.prop_map(move |day| {
            let short = matches!(day, MonthDay::Number(29..)).then_some(Short::Skip);
            RecurrenceDefinition { every: Some(Every::Month), day: Some(day), short, ..default() }
        }),
        "(1st|2nd|last) (tue|sun)".prop_map(move |nth| RecurrenceDefinition {
            every: Some(Every::Year),
            month: Some(5),
            nth: Some(nth.parse().unwrap()),
            ..default()
        }),
        prop_oneof![Just(Leap::Feb28), Just(Leap::Mar1)].prop_map(move |leap| RecurrenceDefinition {
            every: Some(Every::Year),
            month: Some(2),
            day: Some(MonthDay::Number(29)),
            leap: Some(leap),
            ..default()
        }),
        Just(RecurrenceDefinition { dates: vec![from, until], ..default() }),
    ];
    (dates, of(time()), any::<bool>(), of("(work|school)"), of("holidays"))
        .prop_map(move |(dates, at, bounded, calendar, except)| {
            let (from, until) =
                if bounded && dates.dates.is_empty() { (Some(from), Some(until)) } else { (None, None) };
            RecurrenceDefinition { at, from, until, calendar, except, ..dates }
        })
        .boxed()
}

/// What happens: of every kind that a wait and an exit know.
fn trigger() -> BoxedStrategy<TriggerDefinition> {
    let default = TriggerDefinition::default;
    let moves = prop_oneof![Just(Moves::Up), Just(Moves::Down), Just(Moves::Either)];
    prop_oneof![
        6 => ("e[0-3]", filter()).prop_map(|(event, filter)| TriggerDefinition { filter, ..TriggerDefinition::event(event) }),
        1 => ("f[01]", filter()).prop_map(|(form, filter)| TriggerDefinition { filter, ..TriggerDefinition::form(form) }),
        1 => ("(invite|call)", filter())
            .prop_map(|(name, filter)| TriggerDefinition { filter, ..TriggerDefinition::host(name) }),
        1 => (one_or_many("(OUI|Non|été)"), of("(sms|email)"))
            .prop_map(move |(words, channel)| TriggerDefinition { keyword: Some(words), channel, ..default() }),
        1 => ("[ab]", of(condition()))
            .prop_map(|(name, becomes)| TriggerDefinition { becomes, ..TriggerDefinition::attribute_changed(name) }),
        1 => "[gh]".prop_map(TriggerDefinition::segment_entered),
        1 => "[gh]".prop_map(TriggerDefinition::segment_left),
        1 => ("[rs]", of(moves), of("(gold|silver)"))
            .prop_map(move |(score, moves, to)| TriggerDefinition { tier: Some(score), moves, to, ..default() }),
        1 => ("[mn]", "[rs]", of(prop_oneof![Just(Moves::Up), Just(Moves::Down), Just(Moves::Either)]))
            .prop_map(|(mark, score, moves)| TriggerDefinition { moves, ..TriggerDefinition::mark_reached(mark, score) }),
        1 => ("[rs]", -20i64..90, any::<bool>()).prop_map(|(score, at, reaches)| match reaches {
            true => TriggerDefinition::score_reaches(score, at),
            false => TriggerDefinition::score_falls_below(score, at),
        }),
        1 => ("(generated|other)", of(one_or_many("(goal|completed|x0|max_duration)")))
            .prop_map(|(journey, ended)| TriggerDefinition { ended, ..TriggerDefinition::journey_ended(journey) }),
    ]
    .boxed()
}

/// Those, and what only a door knows.
fn door() -> BoxedStrategy<TriggerDefinition> {
    prop_oneof![
        8 => trigger(),
        1 => ("d[01]", of(offset()), of(time()))
            .prop_map(|(name, offset, time)| TriggerDefinition { offset, time, ..TriggerDefinition::date(name) }),
        1 => schedule().prop_map(TriggerDefinition::schedule),
    ]
    .boxed()
}

fn target() -> BoxedStrategy<String> {
    prop_oneof![2 => Just("next".to_owned()), 3 => (0usize..8).prop_map(|step| format!("s{step}"))].boxed()
}

fn send() -> BoxedStrategy<SendDefinition> {
    let deadline =
        prop_oneof![span().prop_map(DeadlineDefinition::from), span().prop_map(DeadlineDefinition::or_send)];
    let refused = weighted(0.3, target());
    let owner = of("team").prop_map(|otherwise| SenderDefinition::Owner { owner: "coach".into(), otherwise });
    let sender = prop_oneof![Just(SenderDefinition::from("coach")), owner];
    (
        "(email|sms)",
        "t[0-2]",
        "(marketing|onboarding)",
        refused,
        weighted(0.4, window()),
        weighted(0.3, deadline),
        sender,
        weighted(0.2, Just("Plus que {{ contact.places | default(3) }}".to_owned())),
        weighted(0.2, retry()),
        (
            weighted(0.2, -3i8..=3),
            weighted(0.2, prop_oneof![Just(Capped::Wait), Just(Capped::Drop)]),
            weighted(0.2, "t[0-2]"),
        ),
    )
        .prop_map(|(channel, template, purpose, refused, window, deadline, from, preheader, retry, more)| {
            let (priority, capped, fallback) = more;
            let other = if channel == "sms" { "email" } else { "sms" };
            SendDefinition {
                channels: fallback.iter().flat_map(|_| [channel.clone(), other.to_owned()]).collect(),
                templates: fallback.iter().map(|words| (other.to_owned(), words.clone())).collect(),
                priority,
                capped,
                channel: fallback.is_none().then_some(channel),
                template: Some(template),
                purpose: Some(purpose),
                from: refused.is_some().then_some(from),
                reply_to: None,
                preheader,
                refused,
                window,
                deadline,
                retry,
                ..SendDefinition::default()
            }
        })
        .boxed()
}

fn retry() -> BoxedStrategy<RetryDefinition> {
    let minutes = |minutes: u32| Some(Span::minutes(minutes));
    prop_oneof![
        (1u32..=100).prop_map(|attempts| RetryDefinition { attempts: Some(attempts), ..Default::default() }),
        (1u32..=60, 60u32..=43_200).prop_map(move |(first, longest)| RetryDefinition {
            attempts: None,
            first: minutes(first),
            longest: minutes(longest),
        }),
    ]
    .boxed()
}

fn wait_until() -> BoxedStrategy<WaitUntilDefinition> {
    let base = prop_oneof![
        2 => of(span()).prop_map(|entry| (entry, None, None)),
        1 => ("d[01]", of(offset())).prop_map(|(date, offset)| (None, Some(date), offset)),
    ];
    (base, of(time()), weighted(0.3, days()), weighted(0.3, window()))
        .prop_map(|((entry, date, offset), time, days, window)| {
            let nothing = entry.is_none() && date.is_none() && days.is_none() && window.is_none();
            let time = time.or(nothing.then(|| "09:30".to_owned()));
            WaitUntilDefinition { entry, date, offset, days, time, window }
        })
        .boxed()
}

fn wait_for() -> BoxedStrategy<WaitForDefinition> {
    let default = AlternativeDefinition::default;
    let alternative = prop_oneof![
        3 => (trigger(), weighted(0.5, target()))
            .prop_map(move |(on, goto)| AlternativeDefinition { on, goto, ..default() }),
        1 => (predicate(), weighted(0.5, target()))
            .prop_map(move |(when, goto)| AlternativeDefinition { when: Some(when), goto, ..default() }),
    ];
    let since = prop_oneof![Just(WaitSince::Arrival), Just(WaitSince::Entry), Just(WaitSince::Ever)];
    (vec(alternative, 1..3), weighted(0.3, since), span(), weighted(0.5, target()))
        .prop_map(|(any, since, within, otherwise)| WaitForDefinition {
            any,
            since,
            within: Some(within),
            otherwise,
        })
        .boxed()
}

fn enter_journey() -> BoxedStrategy<EnterDefinition> {
    let result = ("(goal|completed|x0|done)", target()).prop_map(|(is, goto)| ResultDefinition { is, goto });
    ("(other|other|generated)", of(span()), vec(result, 0..2), of(target()))
        .prop_map(|(journey, within, results, otherwise)| {
            let results = if within.is_some() { results } else { Vec::new() };
            EnterDefinition { journey, within, results, otherwise }
        })
        .boxed()
}

fn answer_kind() -> BoxedStrategy<AnswerKind> {
    use AnswerKind::*;
    proptest::sample::select(vec![Boolean, Integer, Decimal, Text, Date, Instant, List]).boxed()
}

fn call() -> BoxedStrategy<CallDefinition> {
    let result = ("(good|bad|x0)", target()).prop_map(|(is, goto)| ResultDefinition { is, goto });
    (
        "(crm|desk)",
        of("(rate|look)"),
        btree_map("[ab]", value(), 0..2),
        btree_map("[abc]", answer_kind(), 0..2),
        span(),
        vec(result, 0..2),
        of(target()),
        of(target()),
    )
        .prop_map(|(channel, ask, with, answer, within, mut results, refused, otherwise)| {
            results.dedup_by(|one, other| one.is == other.is);
            let within = Some(within);
            let (hours, retry) = (None, None);
            CallDefinition { channel, ask, with, answer, within, hours, results, refused, otherwise, retry }
        })
        .boxed()
}

/// When a team is there, and a deadline that fits into that.
fn hours() -> BoxedStrategy<(HoursDefinition, Span)> {
    let zone = proptest::sample::select(vec!["Europe/Paris", "America/Santiago"]);
    let holidays = proptest::sample::select(vec!["FR-MET", "DE-BY", "US-FL"]);
    (window(), of(zone), of(holidays), 1_u32..=600)
        .prop_map(|(open, zone, holidays, minutes)| {
            let mut hours = HoursDefinition::new(open);
            (hours.zone, hours.holidays) = (zone.map(str::to_owned), holidays.map(str::to_owned));
            (hours, Span::minutes(minutes))
        })
        .boxed()
}

/// A hand-over, with or without the hours of a team.
fn hand_over() -> BoxedStrategy<CallDefinition> {
    (call(), of(hours()))
        .prop_map(|(call, hours)| match hours {
            Some((hours, within)) => CallDefinition { within: Some(within), ..call.hours(hours) },
            None => call,
        })
        .boxed()
}

fn assign() -> BoxedStrategy<AssignDefinition> {
    let asked = ("(crm|desk)", span(), of(target()), of(target())).prop_map(
        |(channel, within, refused, otherwise)| {
            let assign = AssignDefinition::by("coach", channel, within);
            AssignDefinition { refused, otherwise, ..assign }
        },
    );
    let lots = vec("(ana|ben|zoe)", 1..4).prop_map(|names| {
        AssignDefinition::among("coach", names.into_iter().collect::<std::collections::BTreeSet<_>>())
    });
    prop_oneof![asked, lots].boxed()
}

/// A step that passes or takes time, with what follows it.
fn waiting_step() -> BoxedStrategy<StepDefinition> {
    let default = StepDefinition::default;
    let kind = prop_oneof![
        3 => send().prop_map(move |send| StepDefinition { send: Some(send), ..default() }),
        3 => span().prop_map(move |span| StepDefinition { wait: Some(span), ..default() }),
        2 => wait_until().prop_map(move |until| StepDefinition { wait_until: Some(until), ..default() }),
        3 => wait_for().prop_map(move |wait| StepDefinition { wait_for: Some(wait), ..default() }),
        2 => call().prop_map(move |call| StepDefinition { call: Some(call), ..default() }),
        1 => hand_over().prop_map(move |call| StepDefinition { hand_over: Some(call), ..default() }),
        1 => assign().prop_map(move |assign| StepDefinition { assign: Some(assign), ..default() }),
    ];
    (kind, weighted(0.15, target())).prop_map(|(step, goto)| StepDefinition { goto, ..step }).boxed()
}

/// A step that speaks of the places of an offer.
fn offering_step() -> BoxedStrategy<StepDefinition> {
    let default = StepDefinition::default;
    let way = || weighted(0.4, target());
    let reserve = (2u32..90, way(), way()).prop_map(|(hours, full, otherwise)| {
        let reserve = ReserveDefinition::new("o", Span::hours(hours));
        ReserveDefinition { full, otherwise, ..reserve }
    });
    let confirm = (way(), way()).prop_map(|(full, otherwise)| ConfirmDefinition {
        full,
        otherwise,
        ..ConfirmDefinition::new("o")
    });
    prop_oneof![
        3 => reserve.prop_map(move |reserve| StepDefinition { reserve: Some(reserve), ..default() }),
        1 => confirm.prop_map(move |confirm| StepDefinition { confirm: Some(confirm), ..default() }),
        1 => Just(StepDefinition { release: Some(ReleaseDefinition::new("o")), ..default() }),
        1 => send().prop_map(move |mut send| {
            send.offer = Some("o".into());
            StepDefinition { send: Some(send), ..default() }
        }),
    ]
    .boxed()
}

/// What undoes a step.
fn undo() -> BoxedStrategy<UndoDefinition> {
    prop_oneof![
        Just(SetDefinition::default().without_tag("c").into()),
        (1i64..9).prop_map(|add| ScoreDefinition { name: "r".into(), add: -add }.into()),
        "e[0-3]".prop_map(|event| EmitDefinition { event, ..EmitDefinition::default() }.into()),
        of(span()).prop_map(|within| CallDefinition { within, ..CallDefinition::new("crm", Span::hours(1)) }.into()),
    ]
    .boxed()
}

/// A step that changes something, with what follows it.
fn acting_step() -> BoxedStrategy<StepDefinition> {
    let default = StepDefinition::default;
    let expression = "(a / [1-3]|min\\(a, b\\) \\+ 1|score\\('[rs]'\\) \\* 10|if_else\\(b > 3, 'x', number\\('event\\.e1\\.days'\\)\\))";
    let computed = btree_map("[gh]", expression, 0..2);
    let set = (btree_map("[ab]", value(), 0..2), of("[c]"), of("[ab]"), of("[cd]"), any::<bool>(), computed)
        .prop_map(|(attributes, unset, tag, untag, dated, computed)| {
            let mut set = SetDefinition {
                attributes,
                computed,
                unset: unset.into_iter().collect(),
                tags: tag.into_iter().collect(),
                untag: untag.into_iter().collect(),
            };
            if dated || set == SetDefinition::default() {
                set = set.attribute("d0", Value::Date("2026-08-01".parse().unwrap()));
            }
            set
        });
    let emit = ("e[0-3]", btree_map("[pq]", value(), 0..2))
        .prop_map(|(event, properties)| EmitDefinition { event, properties });
    let score =
        ("[rs]", prop_oneof![-30i64..0, 1i64..60]).prop_map(|(name, add)| ScoreDefinition { name, add });
    let kind = prop_oneof![
        set.prop_map(move |set| StepDefinition { set: Some(set), ..default() }),
        score.prop_map(move |score| StepDefinition { score: Some(score), ..default() }),
        emit.prop_map(move |emit| StepDefinition { emit: Some(emit), ..default() }),
        (target(), 1u16..4).prop_map(move |(to, most)| StepDefinition {
            jump: Some(JumpDefinition { to, most }),
            ..default()
        }),
        enter_journey().prop_map(move |enter| StepDefinition { enter: Some(enter), ..default() }),
        (weighted(0.6, "(email|sms)"), weighted(0.6, "(marketing|onboarding)")).prop_map(
            move |(channel, purpose)| StepDefinition {
                withdraw: Some(WithdrawDefinition { channel, purpose }),
                ..default()
            }
        ),
        "(other|generated)".prop_map(move |journey| StepDefinition {
            leave: Some(LeaveDefinition { journey }),
            ..default()
        }),
    ];
    (kind, weighted(0.1, target())).prop_map(|(step, goto)| StepDefinition { goto, ..step }).boxed()
}

/// A step that chooses.
fn choosing_step() -> BoxedStrategy<StepDefinition> {
    let default = StepDefinition::default;
    let way = (predicate(), target()).prop_map(|(when, goto)| WayDefinition { when, goto });
    let branch =
        (vec(way, 1..3), target(), weighted(0.4, target())).prop_map(|(when, otherwise, unknown)| {
            BranchDefinition { when, otherwise: Some(otherwise), unknown }
        });
    let split = (0u8..=100, target(), of("[xy]")).prop_map(|(weight, goto, salt)| {
        let other = if goto == "next" { "s7".to_owned() } else { "next".to_owned() };
        let ways = vec![LotDefinition { weight, goto }, LotDefinition { weight: 100 - weight, goto: other }];
        SplitDefinition { ways, salt }
    });
    prop_oneof![
        2 => branch.prop_map(move |branch| StepDefinition { branch: Some(branch), ..default() }),
        1 => split.prop_map(move |split| StepDefinition { split: Some(split), ..default() }),
        1 => "x[0-2]".prop_map(move |name| StepDefinition { exit: Some(name), ..default() }),
    ]
    .boxed()
}

fn step() -> BoxedStrategy<StepDefinition> {
    let undone = (acting_step(), vec(undo(), 0..3)).prop_map(|(step, undo)| {
        let undo = if step.jump.is_some() { OneOrMany::default() } else { OneOrMany::Many(undo) };
        StepDefinition { undo, ..step }
    });
    prop_oneof![16 => waiting_step(), 8 => undone, 8 => choosing_step(), 1 => offering_step()].boxed()
}

fn reenter() -> BoxedStrategy<Reenter> {
    let from = prop_oneof![Just(CountedFrom::Entry), Just(CountedFrom::Exit)];
    let map = (of(span()), of(from), weighted(0.3, "[pq]"), weighted(0.2, Just(true)), weighted(0.3, span()))
        .prop_map(|(after, from, one_per, concurrent, gap)| {
            let after = after.or((one_per.is_none() && gap.is_none()).then_some(Span::hours(1)));
            let (from, concurrent) = (from.filter(|_| after.is_some()), concurrent.is_some());
            Reenter::When(ReenterDefinition { after, from, one_per, concurrent, gap })
        });
    prop_oneof![1 => Just(Reenter::Never), 2 => Just(Reenter::Always), 2 => map].boxed()
}

/// What the head of a definition says beside doors and exits.
fn head() -> BoxedStrategy<JourneyDefinition> {
    let zone =
        prop_oneof![Just("Europe/Paris"), Just("Pacific/Apia"), Just("America/Nuuk"), Just("Asia/Kathmandu")];
    let window = prop_oneof![Just((None, None)), Just((Some("2025-06-01T00:00"), Some("2026-11-01T00:00")))];
    let spacing = prop_oneof![span().prop_map(Spacing::Keep), Just(Spacing::Skip), Just(Spacing::Merge)];
    let late = prop_oneof![Just(Late::Send), Just(Late::Skip), Just(Late::Exit)];
    let late = (span(), late).prop_map(|(grace, then)| LateDefinition { grace, then });
    (
        1u32..9,
        weighted(0.2, "[a-zé ]{0,9}"),
        of(zone),
        window,
        weighted(0.1, 1u8..=100),
        of(spacing),
        weighted(0.2, late),
        reenter(),
        (weighted(0.4, span()), one_or_many("(goal|exit|completed|max_duration)"), weighted(0.03, 1u64..9)),
    )
        .prop_map(|(version, description, zone, (opens, closes), holdout, spacing, late, reenter, last)| {
            let (max_duration, undo_on, most) = last;
            JourneyDefinition {
                journey: "generated".into(),
                version,
                description,
                zone: zone.map(str::to_owned),
                opens: opens.map(str::to_owned),
                closes: closes.map(str::to_owned),
                holdout,
                spacing,
                late,
                reenter,
                max_duration,
                undo_on,
                cap: most.map(CapDefinition::new),
                ..JourneyDefinition::default()
            }
        })
        .boxed()
}

pub(crate) fn definition() -> BoxedStrategy<JourneyDefinition> {
    let entry = (door(), weighted(0.2, predicate()))
        .prop_map(|(on, when)| EntryDefinition { on, when, ..EntryDefinition::default() })
        .boxed();
    let enter =
        prop_oneof![entry.clone().prop_map(OneOrMany::One), vec(entry, 1..4).prop_map(OneOrMany::Many)];
    let kind = prop_oneof![Just(ExitKind::Exit), Just(ExitKind::Goal)];
    let exit = (trigger(), weighted(0.3, predicate()), kind).prop_map(|(on, when, kind)| ExitDefinition {
        on,
        when,
        kind,
    });
    (head(), enter, vec(exit, 0..2), vec(step(), 1..8))
        .prop_map(|(mut head, enter, exit, mut steps)| {
            let keyed = |on: &TriggerDefinition| on.event.is_some() || on.form.is_some() || on.host.is_some();
            if let Reenter::When(map) = &mut head.reenter
                && !enter.as_slice().iter().all(|entry| keyed(&entry.on))
            {
                map.one_per = None;
                map.after = map.after.or(map.gap.is_none().then_some(Span::hours(1)));
            }
            (0..).zip(&mut steps).for_each(|(number, step): (usize, _)| step.id = Some(format!("s{number}")));
            let is_undone = steps.iter().any(|step| !step.undo.is_empty());
            let undo_on = head.undo_on.clone();
            let undo_on = if is_undone { undo_on } else { OneOrMany::default() };
            JourneyDefinition { enter, exit, steps, undo_on, ..head }
        })
        .boxed()
}

/// What happens to a contact: events that definitions name, attributes, and facts of every kind.
fn input() -> BoxedStrategy<InputKind> {
    let lea = || Contact::new("lea");
    let name = |names: &'static [&'static str]| proptest::sample::select(names).prop_map(Name::from);
    let event = (0u8..4, value()).prop_map(|(number, value)| {
        let event = Event::new("lea", format!("e{number}"));
        InputKind::Event(event.property("p", value.clone()).property("q", value))
    });
    let form = ("f[01]", value()).prop_map(|(form, value)| {
        InputKind::Event(Event::new("lea", "form.submitted").property("form", form).property("p", value))
    });
    let attribute =
        ("[ab]", value()).prop_map(move |(name, value)| InputKind::Identify(lea().attribute(name, value)));
    let date = ("d[01]", 20_400i64..20_900).prop_map(move |(name, day)| {
        let date = DateTime::from_timestamp(day * 86_400, 0).unwrap().date_naive();
        InputKind::Identify(lea().attribute(name, Value::Date(date)))
    });
    let without = "[abd]".prop_map(move |name| {
        InputKind::Identify(lea().without(if name == "d" { "d0".into() } else { name }))
    });
    let tag = ("[ab]", any::<bool>()).prop_map(move |(tag, comes)| {
        InputKind::Identify(if comes { lea().tag(tag) } else { lea().without_tag(tag) })
    });
    let fact = prop_oneof![
        (name(&["OUI", "Non", "été"]), of(name(&["sms"])))
            .prop_map(|(word, channel)| Fact::Keyword { word: keyword(&word), channel }),
        (name(&["g", "h"]), any::<bool>()).prop_map(|(segment, inside)| Fact::Segment { segment, inside }),
        (name(&["r", "s"]), of(name(&["gold", "silver"])), any::<bool>())
            .prop_map(|(score, to, up)| Fact::Tier { score, from: None, to, up }),
        (name(&["r", "s"]), -30i64..100).prop_map(|(score, value)| Fact::Score { score, value }),
        (name(&["invite", "call"]), value()).prop_map(|(name, value)| Fact::Host {
            name,
            properties: Attributes::from_iter([("p".into(), value)]),
        }),
    ];
    prop_oneof![
        3 => event,
        1 => form,
        2 => attribute,
        1 => date,
        1 => without,
        1 => tag,
        4 => fact.prop_map(InputKind::Fact),
    ]
    .boxed()
}

/// What happens, each with its hour of the year.
pub(crate) fn inputs() -> BoxedStrategy<Vec<(u16, InputKind)>> {
    vec((0u16..8_700, input()), 0..24).boxed()
}

/// Mends what a random definition gets wrong most often, so that enough of them are accepted.
pub(crate) fn mended(mut definition: JourneyDefinition) -> Option<Journey> {
    for _ in 0..12 {
        let problems = match Journey::compile(&definition) {
            Ok(journey) => return Some(journey),
            Err(error) => error.diagnostics,
        };
        let step_of = |place: &str| place.split("steps[").nth(1)?.split(']').next()?.parse::<usize>().ok();
        let mut gone = BTreeSet::new();
        for problem in problems {
            let step = if problem.code == "J078" { 0 } else { step_of(&problem.place)? };
            match problem.code {
                "J010" => drop(gone.insert(step)),
                "J078" => {
                    definition.undo_on = OneOrMany::default();
                    definition.steps.iter_mut().for_each(|step| step.undo = OneOrMany::default());
                }
                "J012" | "J049" | "J079" => {
                    definition.steps[step] = StepDefinition {
                        id: definition.steps[step].id.take(),
                        wait: Some(Span::hours(5)),
                        ..StepDefinition::default()
                    }
                }
                "J011" => retarget(&mut definition.steps[step]),
                "J037" => definition.max_duration = None,
                "J050" => definition.steps[step].send.iter_mut().for_each(|send| send.deadline = None),
                "J051" => definition.steps[step].wait_for.iter_mut().for_each(|wait| wait.since = None),
                _ => return None,
            }
        }
        let mut number = 0;
        definition.steps.retain(|_| {
            number += 1;
            !gone.contains(&(number - 1))
        });
    }
    None
}

fn retarget(step: &mut StepDefinition) {
    let next = || Some("next".to_owned());
    if step.goto.is_some() {
        step.goto = None;
    }
    if let Some(send) = &mut step.send {
        send.refused = send.refused.take().and_then(|_| next());
    }
    if let Some(wait) = &mut step.wait_for {
        wait.otherwise = None;
        wait.any.iter_mut().for_each(|alternative| alternative.goto = None);
    }
    if let Some(branch) = &mut step.branch {
        branch.otherwise = next();
        branch.when.iter_mut().for_each(|way| way.goto = "next".into());
        branch.unknown = None;
    }
    if let Some(jump) = &mut step.jump {
        jump.to = "next".into();
    }
    if let Some(reserve) = &mut step.reserve {
        (reserve.full, reserve.otherwise) = (None, None);
    }
    if let Some(confirm) = &mut step.confirm {
        (confirm.full, confirm.otherwise) = (None, None);
    }
    if let Some(enter) = &mut step.enter {
        enter.otherwise = None;
        enter.results.iter_mut().for_each(|result| result.goto = "next".into());
    }
    if let Some(split) = step.split.take() {
        let ways = split
            .ways
            .iter()
            .map(|way| WayDefinition { when: PredicateDefinition::tag("a"), goto: way.goto.clone() });
        let when = ways.filter(|way| way.goto == "next").collect();
        step.branch = Some(BranchDefinition { when, otherwise: Some("next".into()), unknown: None });
    }
}
