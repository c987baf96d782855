//! Draws definitions, contacts and values from bytes: mostly valid, with edges in between.

use arbitrary::Unstructured;
use chrono::{DateTime, NaiveDate};
use journeyman::journey::{
    AlternativeDefinition, BranchDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition,
    OneOrMany, Reenter, SendDefinition, StepDefinition, TriggerDefinition, WaitForDefinition,
    WaitUntilDefinition, WayDefinition,
};
use journeyman::model::Value;
use journeyman::rule::{ConditionDefinition, PredicateDefinition, Since};
use journeyman::time::Span;

pub(super) type Bytes<'b> = Unstructured<'b>;

pub(super) const ZONES: [&str; 6] =
    ["Europe/Paris", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"];
const EVENTS: [&str; 5] = ["signed_up", "link.clicked", "call.booked", "paid", "seen"];
const ATTRIBUTES: [&str; 4] = ["city", "score", "genres", "first_name"];
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

fn trigger(bytes: &mut Bytes<'_>) -> TriggerDefinition {
    let mut trigger = TriggerDefinition { event: event_name(bytes), ..TriggerDefinition::default() };
    if chance(bytes, 30) {
        trigger.filter.insert(attribute_name(bytes), condition(bytes));
    }
    trigger
}

/// A whole journey.
pub(super) fn definition(bytes: &mut Bytes<'_>) -> JourneyDefinition {
    let steps = 1 + number(bytes, 11);
    let doors = several(bytes, 1, 2, |bytes| {
        let on = trigger(bytes);
        EntryDefinition { on, when: chance(bytes, 30).then(|| predicate(bytes, 4)) }
    });
    let reenter = *one(bytes, &[Reenter::Never, Reenter::Always, Reenter::After(Span::days(1))]);
    let exits = several(bytes, 0, 2, |bytes| {
        let kind = *one(bytes, &[ExitKind::Exit, ExitKind::Goal]);
        ExitDefinition { on: trigger(bytes), kind }
    });
    let mut definition = JourneyDefinition {
        journey: if chance(bytes, 1) { name(bytes, &["Welcome"]) } else { "drawn".to_owned() },
        version: if chance(bytes, 2) { bytes.arbitrary().unwrap_or(1) } else { 1 },
        zone: chance(bytes, 20).then(|| name(bytes, &ZONES)),
        enter: OneOrMany::Many(doors),
        reenter: if chance(bytes, 10) { Reenter::After(span(bytes)) } else { reenter },
        exit: exits,
        max_duration: chance(bytes, 20).then(|| span(bytes)),
        ..JourneyDefinition::default()
    };
    definition.steps = (0..steps).map(|place| step(bytes, place, steps)).collect();
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
    match number(bytes, 9) {
        0..=2 => {
            let part =
                |bytes: &mut Bytes<'_>, usual: &[&str]| (!chance(bytes, 1)).then(|| name(bytes, usual));
            step.send = Some(SendDefinition {
                channel: part(bytes, &["email", "sms"]),
                template: part(bytes, &["hello"]),
                purpose: part(bytes, &["onboarding", "marketing"]),
                refused: chance(bytes, 30).then(|| target(bytes, place, steps)),
            });
        }
        3..=4 => step.wait = Some(span(bytes)),
        5 => {
            let time = *one(bytes, &["09:30", "02:30", "00:00", "23:59", "2:5", "24:00", "12:30:15"]);
            step.wait_until = Some(WaitUntilDefinition {
                entry: chance(bytes, 50).then(|| span(bytes)),
                time: chance(bytes, 70).then(|| time.to_owned()),
            });
        }
        6..=7 => {
            let any = several(bytes, 1, 3, |bytes| {
                let TriggerDefinition { event, filter } = trigger(bytes);
                let goto = chance(bytes, 40).then(|| target(bytes, place, steps));
                AlternativeDefinition { event, filter, goto }
            });
            step.wait_for = Some(WaitForDefinition {
                any,
                within: (!chance(bytes, 1)).then(|| span(bytes)),
                otherwise: chance(bytes, 40).then(|| target(bytes, place, steps)),
            });
        }
        8 => {
            let when = several(bytes, 1, 3, |bytes| {
                let when = predicate(bytes, 3);
                WayDefinition { when, goto: target(bytes, place, steps) }
            });
            step.branch = Some(BranchDefinition { when, otherwise: Some("next".to_owned()) });
        }
        _ if place + 1 == steps => step.exit = Some(name(bytes, &["done"])),
        _ => step.wait = Some(Span::hours(2)),
    }
    let goes_on = step.branch.is_none() && step.exit.is_none();
    step.goto = (goes_on && chance(bytes, 4)).then(|| target(bytes, place, steps));
    step
}
