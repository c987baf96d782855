//! Draws definitions, contacts and values from bytes: mostly valid, with edges in between.

use arbitrary::Unstructured;
use chrono::{DateTime, NaiveDate};
use journeyman::journey::{
    AlternativeDefinition, AnswerKind, AssignDefinition, BranchDefinition, CallDefinition, CapDefinition,
    Capped, ConfirmDefinition, CountedFrom, DeadlineDefinition, EmitDefinition, EnterDefinition,
    EntryDefinition, ExitDefinition, ExitKind, HoursDefinition, JourneyDefinition, JumpDefinition, Late,
    LateDefinition, LeaveDefinition, LotDefinition, Moves, OneOrMany, Reenter, ReenterDefinition,
    ReleaseDefinition, ReserveDefinition, ResultDefinition, RetryDefinition, ScoreDefinition, SendDefinition,
    SenderDefinition, SetDefinition, Spacing, SplitDefinition, StepDefinition, TriggerDefinition,
    UndoDefinition, WaitForDefinition, WaitSince, WaitUntilDefinition, WayDefinition,
};
use journeyman::model::Value;
use journeyman::rule::{ConditionDefinition, PredicateDefinition, Since};
use journeyman::time::{MonthDay, Offset, RecurrenceDefinition, Short, Span, WeeklyWindow};

pub(super) type Bytes<'b> = Unstructured<'b>;

pub(super) const ZONES: [&str; 6] =
    ["Europe/Paris", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"];
const EVENTS: [&str; 5] = ["signed_up", "link.clicked", "call.booked", "paid", "seen"];
const ATTRIBUTES: [&str; 4] = ["city", "score", "genres", "first_name"];
const SCORES: [&str; 2] = ["spark", "heat"];
const TIERS: [&str; 2] = ["gold", "silver"];
const SEGMENTS: [&str; 2] = ["dormant", "vips"];
const DATES: [&str; 2] = ["ends_at", "born_on"];
const JOURNEYS: [&str; 2] = ["drawn", "other"];
const ENDS: [&str; 3] = ["goal", "completed", "done"];
const ROLES: [&str; 2] = ["coach", "chef"];
const OFFERS: [&str; 2] = ["masterclass", "villa"];
const TAGS: [&str; 3] = ["vip", "été", "t"];

/// One of several; the first where the bytes are used up.
pub(super) fn one<'i, T>(bytes: &mut Bytes<'_>, items: &'i [T]) -> &'i T {
    &items[bytes.int_in_range(0..=items.len() - 1).unwrap_or(0)]
}

/// True so many times of a hundred; false where the bytes are used up.
pub(super) fn chance(bytes: &mut Bytes<'_>, percent: u8) -> bool {
    bytes.int_in_range(0..=99u8).is_ok_and(|number| number >= 100 - percent)
}

fn number(bytes: &mut Bytes<'_>, most: usize) -> usize {
    bytes.int_in_range(0..=most).unwrap_or(0)
}

/// From `least` to `most` of something.
fn several<'b, T>(
    bytes: &mut Bytes<'b>,
    least: usize,
    most: usize,
    mut draw: impl FnMut(&mut Bytes<'b>) -> T,
) -> Vec<T> {
    let count = bytes.int_in_range(least..=most).unwrap_or(least);
    (0..count).map(|_| draw(bytes)).collect()
}

/// A name from a list, or now and then a strange one.
fn name(bytes: &mut Bytes<'_>, usual: &[&str]) -> String {
    if !chance(bytes, 2) {
        return (*one(bytes, usual)).to_owned();
    }
    let long = "é".repeat(200);
    (*one(bytes, &["", " ", "next", "a\u{0}b", "\u{202e}x", "step-2", "<b>", &long])).to_owned()
}

pub(super) fn event_name(bytes: &mut Bytes<'_>) -> String {
    name(bytes, &EVENTS)
}

pub(super) fn attribute_name(bytes: &mut Bytes<'_>) -> String {
    name(bytes, &ATTRIBUTES)
}

pub(super) fn tag(bytes: &mut Bytes<'_>) -> String {
    name(bytes, &TAGS)
}

pub(super) fn value(bytes: &mut Bytes<'_>, depth: usize) -> Value {
    match number(bytes, 11) {
        0 => true.into(),
        1 => i64::from(bytes.arbitrary::<i8>().unwrap_or(0)).into(),
        2 => (*one(bytes, &[i64::MIN, -1, 0, 1, i64::MAX])).into(),
        3 => {
            let texts = ["0.5", "-0.0", "79228162514264337593543950335", "0.0000000000000000000000000001"];
            Value::Decimal(one(bytes, &texts).parse().unwrap())
        }
        4..=5 => (*one(bytes, &["Lyon", "", "Saint-Denis", "<b>&\"'", "\u{feff}", "0.5"])).into(),
        6 => {
            let length = number(bytes, 8).min(bytes.len());
            String::from_utf8_lossy(bytes.bytes(length).unwrap_or_default()).into_owned().into()
        }
        7 => {
            let instants =
                [0, 1_774_252_800_000, -62_135_596_800_000, 253_402_300_799_999, 8_210_266_876_799_000];
            Value::from(DateTime::from_timestamp_millis(*one(bytes, &instants)).unwrap())
        }
        8 => {
            let dates = [NaiveDate::MIN, NaiveDate::from_ymd_opt(2028, 2, 29).unwrap(), NaiveDate::MAX];
            Value::Date(*one(bytes, &dates))
        }
        9 if depth > 0 => Value::from(vec![value(bytes, depth - 1)]),
        10 if depth > 0 => Value::from(several(bytes, 0, 4, |bytes| value(bytes, depth - 1))),
        // Where lists may be deep they may be long too: more than any contact may have.
        11 if depth > 8 && chance(bytes, 5) => Value::from(vec![""; 300_000]),
        _ => Value::from("rap"),
    }
}

/// A span, one longer than may be written included.
fn span(bytes: &mut Bytes<'_>) -> Span {
    let usual = ["2h", "1d", "45m", "1mo", "3d12h", "30s", "1w"];
    let edges = ["1s", "1180mo", "36600d", "876000h", "1180mo1h"];
    match number(bytes, 19) {
        0 => one(bytes, &edges).parse().unwrap(),
        1 if chance(bytes, 30) => {
            let extremes =
                [Span::days(0), Span::days(u32::MAX), Span::hours(u32::MAX), Span::months(u32::MAX)];
            let mut span = *one(bytes, &extremes);
            if chance(bytes, 30) {
                span.milliseconds = bytes.arbitrary().unwrap_or(u64::MAX);
            }
            span
        }
        _ => one(bytes, &usual).parse().unwrap(),
    }
}

fn condition(bytes: &mut Bytes<'_>) -> ConditionDefinition {
    if chance(bytes, 60) {
        return ConditionDefinition::Is(value(bytes, 1));
    }
    let mut asked = PredicateDefinition::default();
    compare(bytes, &mut asked);
    ConditionDefinition::Compare(asked.into())
}

fn compare(bytes: &mut Bytes<'_>, asked: &mut PredicateDefinition) {
    for _ in 0..=number(bytes, 1) {
        match number(bytes, 7) {
            0 => asked.one_of = Some(vec![value(bytes, 1), value(bytes, 1)]),
            1 => asked.above = Some(value(bytes, 1)),
            2 => asked.at_least = Some(value(bytes, 1)),
            3 => asked.below = Some(value(bytes, 1)),
            4 => asked.at_most = Some(value(bytes, 1)),
            5 => asked.contains = Some(value(bytes, 1)),
            6 => asked.exists = bytes.arbitrary().ok(),
            _ => asked.is = Some(value(bytes, 1)),
        }
    }
}

/// A predicate; `depth` bounds what is drawn, and now and then it is wrapped deeper than any limit.
pub(super) fn predicate(bytes: &mut Bytes<'_>, depth: usize) -> PredicateDefinition {
    let mut asked = PredicateDefinition::default();
    match number(bytes, 8) {
        0 if depth > 0 => asked.not = Some(predicate(bytes, depth - 1).into()),
        1 if depth > 0 => asked.all = Some(several(bytes, 1, 4, |bytes| predicate(bytes, depth - 1))),
        2 if depth > 0 => asked.any = Some(several(bytes, 1, 4, |bytes| predicate(bytes, depth - 1))),
        3 => asked.tag = Some(tag(bytes)),
        4 => {
            asked.performed = Some(event_name(bytes));
            asked.since = chance(bytes, 50).then_some(Since::Entry);
        }
        5 if chance(bytes, 40) => {
            asked.score = Some(name(bytes, &SCORES));
            asked.at_least = Some(i64::from(bytes.arbitrary::<i8>().unwrap_or(0)).into());
        }
        6 if chance(bytes, 40) => {
            asked.tier = Some(name(bytes, &SCORES));
            asked.is = Some((*one(bytes, &TIERS)).into());
        }
        7 if chance(bytes, 40) => asked.segment = Some(name(bytes, &SEGMENTS)),
        5 if chance(bytes, 3) => {
            let levels = *one(bytes, &[30, 31, 32, 33, 60, 126, 500]);
            asked = (0..levels).fold(PredicateDefinition::tag("vip"), |inner, _| inner.negated());
        }
        6 if chance(bytes, 3) => asked.all = Some(Vec::new()),
        _ => {
            asked.attribute = Some(attribute_name(bytes));
            compare(bytes, &mut asked);
        }
    }
    asked
}

fn time_of_day(bytes: &mut Bytes<'_>) -> String {
    let edges = ["2:5", "24:00", "12:30:15"];
    let usual = ["09:30", "02:30", "00:00", "23:59"];
    (*if chance(bytes, 3) { one(bytes, &edges) } else { one(bytes, &usual) }).to_owned()
}

fn offset(bytes: &mut Bytes<'_>) -> Offset {
    let span = span(bytes);
    if chance(bytes, 50) { Offset::before(span) } else { Offset::after(span) }
}

fn window(bytes: &mut Bytes<'_>) -> WeeklyWindow {
    let windows = ["10:00-14:00", "Tue-Thu 10:00-14:00", "Fri 22:00-02:00", "00:00-24:00", "Sun 02:15-02:45"];
    one(bytes, &windows).parse().unwrap()
}

fn words(bytes: &mut Bytes<'_>, usual: &[&str]) -> OneOrMany<String> {
    if chance(bytes, 50) {
        return OneOrMany::Many(several(bytes, 1, 3, |bytes| name(bytes, usual)));
    }
    OneOrMany::One(name(bytes, usual))
}

fn schedule(bytes: &mut Bytes<'_>) -> RecurrenceDefinition {
    let beats = [
        r#"{"every": "day", "interval": 3}"#,
        r#"{"every": "week", "on": ["tue", "thu"]}"#,
        r#"{"every": "month", "nth": "last fri"}"#,
        r#"{"every": "year", "month": 2, "day": 29, "leap": "mar_1"}"#,
        r#"{"dates": ["2026-03-29", "2026-10-25"]}"#,
        r#"{"every": "month", "day": 31}"#,
    ];
    let beat = *one(bytes, &beats);
    let mut schedule: RecurrenceDefinition = serde_json::from_str(beat).unwrap();
    schedule.at = chance(bytes, 50).then(|| time_of_day(bytes));
    if chance(bytes, 5) {
        schedule.interval = bytes.arbitrary().ok();
        schedule.day = bytes.arbitrary().ok().map(MonthDay::Number);
        schedule.short = Some(Short::Skip);
    }
    schedule.except = chance(bytes, 10).then(|| name(bytes, &["holidays"]));
    schedule
}

/// Something that happens; mostly an event, and a date or the calendar only at a door.
fn trigger(bytes: &mut Bytes<'_>, door: bool) -> TriggerDefinition {
    let mut trigger = match number(bytes, 13) {
        0 => TriggerDefinition::form(name(bytes, &["signup"])),
        1 => TriggerDefinition::host(name(bytes, &["invite"])),
        2 => TriggerDefinition {
            keyword: Some(words(bytes, &["OUI", "été", "!"])),
            ..TriggerDefinition::default()
        },
        3 => {
            let becomes = chance(bytes, 50).then(|| condition(bytes));
            TriggerDefinition { becomes, ..TriggerDefinition::attribute_changed(attribute_name(bytes)) }
        }
        4 => TriggerDefinition::segment_entered(name(bytes, &SEGMENTS)),
        5 => TriggerDefinition::segment_left(name(bytes, &SEGMENTS)),
        6 => {
            let moves = one(bytes, &[None, Some(Moves::Up), Some(Moves::Down), Some(Moves::Either)]);
            let to = chance(bytes, 30).then(|| name(bytes, &TIERS));
            TriggerDefinition {
                tier: Some(name(bytes, &SCORES)),
                moves: *moves,
                to,
                ..TriggerDefinition::default()
            }
        }
        7 => {
            let at = *one(bytes, &[0, 1, 75, i64::MIN, i64::MAX]);
            let score = name(bytes, &SCORES);
            if chance(bytes, 50) {
                TriggerDefinition::score_reaches(score, at)
            } else {
                TriggerDefinition::score_falls_below(score, at)
            }
        }
        8 => {
            let ended = chance(bytes, 50).then(|| words(bytes, &ENDS));
            TriggerDefinition { ended, ..TriggerDefinition::journey_ended(name(bytes, &JOURNEYS)) }
        }
        9 if door || chance(bytes, 2) => {
            let mut date = TriggerDefinition::date(name(bytes, &DATES));
            date.offset = chance(bytes, 60).then(|| offset(bytes));
            date.time = chance(bytes, 60).then(|| time_of_day(bytes));
            date
        }
        10 if door => TriggerDefinition::schedule(schedule(bytes)),
        _ => TriggerDefinition::event(event_name(bytes)),
    };
    let whose = trigger.event.is_some() || trigger.form.is_some() || trigger.host.is_some();
    if whose && chance(bytes, 30) {
        trigger.filter.insert(attribute_name(bytes), condition(bytes));
    }
    if chance(bytes, 1) {
        trigger.moves = Some(Moves::In); // which most kinds do not know
    }
    trigger
}

fn reenter(bytes: &mut Bytes<'_>) -> Reenter {
    match number(bytes, 5) {
        0..=1 => Reenter::Never,
        2..=3 => Reenter::Always,
        _ => Reenter::When(ReenterDefinition {
            after: chance(bytes, 70).then(|| span(bytes)),
            from: chance(bytes, 30).then_some(CountedFrom::Exit),
            one_per: chance(bytes, 20).then(|| attribute_name(bytes)),
            concurrent: chance(bytes, 20),
            gap: chance(bytes, 20).then(|| span(bytes)),
        }),
    }
}

/// A whole journey.
pub(super) fn definition(bytes: &mut Bytes<'_>) -> JourneyDefinition {
    let steps = 1 + number(bytes, 11);
    let doors = several(bytes, 1, 2, |bytes| {
        let on = trigger(bytes, true);
        EntryDefinition {
            on,
            when: chance(bytes, 30).then(|| predicate(bytes, 4)),
            ..EntryDefinition::default()
        }
    });
    let reenter = reenter(bytes);
    let exits = several(bytes, 0, 2, |bytes| {
        let kind = *one(bytes, &[ExitKind::Exit, ExitKind::Goal]);
        let on = trigger(bytes, false);
        ExitDefinition { on, when: chance(bytes, 20).then(|| predicate(bytes, 2)), kind }
    });
    let mut definition = JourneyDefinition {
        journey: if chance(bytes, 1) { name(bytes, &["Welcome"]) } else { "drawn".to_owned() },
        version: if chance(bytes, 2) { bytes.arbitrary().unwrap_or(1) } else { 1 },
        zone: chance(bytes, 20).then(|| name(bytes, &ZONES)),
        enter: OneOrMany::Many(doors),
        reenter,
        exit: exits,
        max_duration: chance(bytes, 20).then(|| span(bytes)),
        ..JourneyDefinition::default()
    };
    if chance(bytes, 20) {
        let local = ["2011-12-30T00:00", "2026-03-29T02:30", "9998-01-01T00:00", "2026-13-01T00:00"];
        definition.opens = chance(bytes, 50).then(|| (*one(bytes, &local[..2])).to_owned());
        definition.closes = chance(bytes, 50).then(|| (*one(bytes, &local[1..])).to_owned());
    }
    definition.holdout = chance(bytes, 10).then(|| bytes.int_in_range(0..=101).unwrap_or(5));
    if chance(bytes, 30) {
        let spacing = [Spacing::Skip, Spacing::Merge, Spacing::Keep(span(bytes))];
        definition.spacing = Some(*one(bytes, &spacing));
    }
    if chance(bytes, 20) {
        let then = *one(bytes, &[Late::Send, Late::Skip, Late::Exit]);
        definition.late = Some(LateDefinition { grace: span(bytes), then });
    }
    definition.steps = (0..steps).map(|place| step(bytes, place, steps)).collect();
    if chance(bytes, 20) {
        definition.undo_on = OneOrMany::One(name(bytes, &ENDS));
        let done = number(bytes, steps - 1);
        let score = ScoreDefinition { name: name(bytes, &SCORES), add: -1 };
        definition.steps[done].undo =
            OneOrMany::One(UndoDefinition { score: Some(score), ..UndoDefinition::default() });
    }
    definition.cap = chance(bytes, 10)
        .then(|| CapDefinition { most: 1 + number(bytes, 3) as u64, ..CapDefinition::default() });
    definition
}

fn target(bytes: &mut Bytes<'_>, place: usize, steps: usize) -> String {
    match number(bytes, 9) {
        0 => format!("step-{}", 1 + number(bytes, steps)), // the last one does not exist
        1..=5 if place + 1 < steps => format!("step-{}", place + 2 + number(bytes, steps - place - 2)),
        _ => "next".to_owned(),
    }
}

fn step(bytes: &mut Bytes<'_>, place: usize, steps: usize) -> StepDefinition {
    let mut step = StepDefinition::default();
    match number(bytes, 16) {
        14..=16 => ask(bytes, &mut step, place, steps),
        0..=2 => step.send = Some(send(bytes, place, steps)),
        3..=4 => step.wait = Some(span(bytes)),
        5 => step.wait_until = Some(wait_until(bytes)),
        6..=7 => {
            let any = several(bytes, 1, 3, |bytes| {
                let goto = chance(bytes, 40).then(|| target(bytes, place, steps));
                if chance(bytes, 20) {
                    let when = Some(predicate(bytes, 3));
                    return AlternativeDefinition { when, goto, ..AlternativeDefinition::default() };
                }
                AlternativeDefinition { on: trigger(bytes, false), goto, ..AlternativeDefinition::default() }
            });
            step.wait_for = Some(WaitForDefinition {
                any,
                since: chance(bytes, 5)
                    .then(|| *one(bytes, &[WaitSince::Entry, WaitSince::Ever, WaitSince::Arrival])),
                within: (!chance(bytes, 1)).then(|| span(bytes)),
                otherwise: chance(bytes, 40).then(|| target(bytes, place, steps)),
            });
        }
        8 => {
            let when = several(bytes, 1, 3, |bytes| {
                let when = predicate(bytes, 3);
                WayDefinition { when, goto: target(bytes, place, steps) }
            });
            let unknown = chance(bytes, 30).then(|| target(bytes, place, steps));
            step.branch = Some(BranchDefinition { when, otherwise: Some("next".to_owned()), unknown });
        }
        9 => {
            let weight = bytes.int_in_range(0..=100).unwrap_or(50);
            let rest = if chance(bytes, 2) { weight } else { 100 - weight };
            let far = format!("step-{}", (place + 3).min(steps));
            let ways = [(weight, "next".to_owned()), (rest, far)];
            let ways = ways.into_iter().map(|(weight, goto)| LotDefinition { weight, goto }).collect();
            step.split = Some(SplitDefinition { ways, salt: chance(bytes, 20).then(|| tag(bytes)) });
        }
        10..=12 => act(bytes, &mut step, place, steps),
        _ if place + 1 == steps => step.exit = Some(name(bytes, &["done"])),
        _ => step.wait = Some(Span::hours(2)),
    }
    let goes_on = step.branch.is_none() && step.split.is_none() && step.exit.is_none();
    step.goto = (goes_on && chance(bytes, 4)).then(|| target(bytes, place, steps));
    step
}

fn send(bytes: &mut Bytes<'_>, place: usize, steps: usize) -> SendDefinition {
    let part = |bytes: &mut Bytes<'_>, usual: &[&str]| (!chance(bytes, 1)).then(|| name(bytes, usual));
    let deadline = |bytes: &mut Bytes<'_>| {
        let within = span(bytes);
        if chance(bytes, 70) { DeadlineDefinition::or_send(within) } else { within.into() }
    };
    SendDefinition {
        channel: part(bytes, &["email", "sms"]),
        template: part(bytes, &["hello"]),
        purpose: part(bytes, &["onboarding", "marketing"]),
        refused: chance(bytes, 30).then(|| target(bytes, place, steps)),
        window: chance(bytes, 30).then(|| window(bytes)),
        deadline: chance(bytes, 20).then(|| deadline(bytes)),
        from: chance(bytes, 10).then(|| sender(bytes)),
        reply_to: chance(bytes, 5).then(|| name(bytes, &["team"])),
        preheader: chance(bytes, 5)
            .then(|| name(bytes, &["{{ contact.first_name | default('toi') }}", "{{ a"])),
        retry: chance(bytes, 5).then(|| retry(bytes)),
        offer: chance(bytes, 5).then(|| name(bytes, &OFFERS)),
        priority: chance(bytes, 5).then(|| bytes.arbitrary().unwrap_or_default()),
        capped: chance(bytes, 5).then(|| *one(bytes, &[Capped::Wait, Capped::Drop])),
        channels: if chance(bytes, 3) { vec![name(bytes, &["sms", "email"])] } else { Vec::new() },
        templates: [].into(),
    }
}

fn sender(bytes: &mut Bytes<'_>) -> SenderDefinition {
    let otherwise = chance(bytes, 50).then(|| name(bytes, &["team"]));
    let owner = name(bytes, &ROLES);
    if chance(bytes, 50) {
        SenderDefinition::Name(owner)
    } else {
        SenderDefinition::Owner { owner, otherwise }
    }
}

/// A step that asks the host.
fn ask(bytes: &mut Bytes<'_>, step: &mut StepDefinition, place: usize, steps: usize) {
    let way = |bytes: &mut Bytes<'_>| chance(bytes, 40).then(|| target(bytes, place, steps));
    match number(bytes, 5) {
        0 => {
            let mut call = call(bytes);
            call.results = several(bytes, 0, 2, |bytes| ResultDefinition {
                is: name(bytes, &ENDS),
                goto: target(bytes, place, steps),
            });
            (call.refused, call.otherwise) = (way(bytes), way(bytes));
            if chance(bytes, 50) {
                step.call = Some(call);
            } else {
                call.hours = chance(bytes, 30).then(|| team(bytes));
                if call.hours.is_some() && !chance(bytes, 10) {
                    call.within = Some(Span::minutes(2));
                }
                step.hand_over = Some(call);
            }
        }
        1 => {
            let channel = chance(bytes, 50).then(|| name(bytes, &["crm"]));
            let among =
                if channel.is_some() { Vec::new() } else { vec![name(bytes, &["ana"]), "ben".to_owned()] };
            step.assign = Some(AssignDefinition {
                role: name(bytes, &ROLES),
                within: channel.is_some().then(|| span(bytes)),
                channel,
                among,
                ..AssignDefinition::default()
            });
        }
        2..=3 => {
            step.reserve = Some(ReserveDefinition {
                offer: name(bytes, &OFFERS),
                expires: Some(span(bytes)),
                full: way(bytes),
                otherwise: way(bytes),
                ..ReserveDefinition::default()
            });
        }
        4 => {
            step.confirm =
                Some(ConfirmDefinition { offer: name(bytes, &OFFERS), ..ConfirmDefinition::default() })
        }
        _ => step.release = Some(ReleaseDefinition { offer: name(bytes, &OFFERS) }),
    }
}

fn call(bytes: &mut Bytes<'_>) -> CallDefinition {
    let kinds = [AnswerKind::Integer, AnswerKind::Text, AnswerKind::Date, AnswerKind::List];
    let mut call = CallDefinition::new(name(bytes, &["crm"]), span(bytes));
    for _ in 0..number(bytes, 2) {
        call.answer.insert(attribute_name(bytes), *one(bytes, &kinds));
    }
    if chance(bytes, 30) {
        call.with.insert(attribute_name(bytes), value(bytes, 1));
    }
    call.retry = chance(bytes, 10).then(|| retry(bytes));
    call
}

/// When a team is there; a deadline that counts days is refused beside it.
fn team(bytes: &mut Bytes<'_>) -> HoursDefinition {
    let usual = ["Mon-Fri 09:00-18:00", "Sun 01:30-03:30", "00:00-24:00"];
    let mut hours = HoursDefinition::new(one(bytes, &usual).parse().unwrap());
    hours.zone = chance(bytes, 50).then(|| name(bytes, &["Europe/Paris", "America/Santiago"]));
    hours.holidays = chance(bytes, 30).then(|| name(bytes, &["FR-MET", "DE-BY"]));
    hours
}

fn retry(bytes: &mut Bytes<'_>) -> RetryDefinition {
    let attempts = chance(bytes, 50).then(|| bytes.int_in_range(0..=101).unwrap_or(5));
    let first = chance(bytes, 50).then(|| span(bytes));
    RetryDefinition { attempts, first, longest: chance(bytes, 50).then(|| span(bytes)) }
}

fn wait_until(bytes: &mut Bytes<'_>) -> WaitUntilDefinition {
    let mut until = WaitUntilDefinition::default();
    match number(bytes, 3) {
        0 => {
            until.date = Some(name(bytes, &DATES));
            until.offset = chance(bytes, 60).then(|| offset(bytes));
        }
        1..=2 => until.entry = Some(span(bytes)),
        _ => {}
    }
    until.time = chance(bytes, 60).then(|| time_of_day(bytes));
    until.days = chance(bytes, 20).then(|| one(bytes, &["Tue-Thu", "Sun", "Fri-Mon"]).parse().unwrap());
    until.window = chance(bytes, 20).then(|| window(bytes));
    until
}

/// A step that changes something.
fn act(bytes: &mut Bytes<'_>, step: &mut StepDefinition, place: usize, steps: usize) {
    match number(bytes, 6) {
        0 => {
            let mut set = SetDefinition::default();
            for _ in 0..number(bytes, 2) {
                set = set.attribute(attribute_name(bytes), value(bytes, 1));
            }
            if chance(bytes, 40) {
                let at = [1_774_252_800_000, 253_402_300_799_999, 0];
                let at = DateTime::from_timestamp_millis(*one(bytes, &at)).unwrap();
                set = set.attribute(name(bytes, &DATES), at);
            }
            if chance(bytes, 30) {
                set = set.without(attribute_name(bytes));
            }
            set = if chance(bytes, 30) { set.without_tag(tag(bytes)) } else { set.tag(tag(bytes)) };
            step.set = Some(set);
        }
        1 => {
            let add = *one(bytes, &[10, -10, 1, i64::MAX, i64::MIN, 0]);
            step.score = Some(ScoreDefinition { name: name(bytes, &SCORES), add });
        }
        2 => {
            let mut emit = EmitDefinition { event: event_name(bytes), ..EmitDefinition::default() };
            if chance(bytes, 50) {
                emit.properties.insert(attribute_name(bytes), value(bytes, 1));
            }
            step.emit = Some(emit);
        }
        3 => {
            step.jump =
                Some(JumpDefinition { to: target(bytes, place, steps), most: *one(bytes, &[1, 3, u16::MAX]) })
        }
        4 => {
            let result = |bytes: &mut Bytes<'_>| ResultDefinition {
                is: name(bytes, &ENDS),
                goto: target(bytes, place, steps),
            };
            let within = chance(bytes, 60).then(|| span(bytes));
            step.enter = Some(EnterDefinition {
                journey: name(bytes, &JOURNEYS),
                results: if within.is_some() { several(bytes, 0, 2, result) } else { Vec::new() },
                within,
                otherwise: chance(bytes, 40).then(|| target(bytes, place, steps)),
            });
        }
        5 => step.leave = Some(LeaveDefinition { journey: name(bytes, &JOURNEYS) }),
        _ => step.wait = Some(Span::hours(2)),
    }
}
