//! The words that give and take points.

use rhai::{Dynamic, FnPtr};

use super::desk::{Answer, Desk, Handle, Refusal, Refused, again};
use super::field::{Condition, kind};
use super::more::Amount;
use crate::error::Diagnostic;
use crate::rule::score::{Clamp, CustomRule, Decay, EventRule, Points, Rule, WhenRule};
use crate::rule::{Predicate, PredicateDefinition};

const MOST_RULES: usize = 256;
/// The longest span: a hundred years.
const MOST_SPAN: i64 = 36_600 * 86_400_000;

pub(super) fn on(desk: &mut Desk, event: &Dynamic, points: &Dynamic) -> Answer {
    let event = desk.word("event", event)?;
    let points = points_of(points)?;
    push(desk, event_rule(event, points, false))
}

pub(super) fn once(desk: &mut Desk, event: &Dynamic, points: &Dynamic) -> Answer {
    let event = desk.name("once", event)?;
    let points = points_of(points)?;
    push(desk, event_rule(event, points, true))
}

fn event_rule(event: crate::model::Name, points: Points, once: bool) -> Rule {
    Rule::On(EventRule { event, points, filter: None, once, cap: None, lasts: None, engages: None })
}

pub(super) fn when(desk: &mut Desk, name: &Dynamic, condition: &Dynamic, points: &Dynamic) -> Answer {
    let name = desk.name("rule", name)?;
    let condition = Condition::of(condition)?;
    let points = whole(points, "points")?;
    if condition.event {
        let next = "write attribute(...), or ask in on(...).where(...)";
        return Err(Refusal::new("R014", "a rule about a contact asks for a property of an event", next));
    }
    let when = checked(desk, condition.definition)?;
    push(desk, Rule::When(WhenRule { name, when, points }))
}

/// Compiles a condition, so that what is wrong with it is told with its place in the script.
pub(super) fn checked(desk: &mut Desk, when: PredicateDefinition) -> Result<PredicateDefinition, Refusal> {
    let mut problems = Vec::new();
    Predicate::compile(&when, "", &mut problems);
    match problems.pop() {
        None => Ok(when),
        Some(problem) => {
            let place = desk.place(desk.position);
            desk.problems
                .extend(problems.into_iter().map(|other| Diagnostic { place: place.clone(), ..other }));
            Err(Refusal::new(problem.code, problem.sentence, problem.next))
        }
    }
}

pub(super) fn custom(desk: &mut Desk, name: &Dynamic, function: &Dynamic) -> Answer {
    let name = desk.name("rule", name)?;
    let usage = "write custom(\"fit\", |c| if c.followers > 1000 { 10 } else { 0 })";
    let Some(function) = function.read_lock::<FnPtr>().map(|function| function.clone()) else {
        return Err(Refusal::new("R017", format!("{} is no function", kind(function)), usage));
    };
    if function.is_curried() {
        let next = "write the values of other variables into the function";
        return Err(Refusal::new("R017", "a custom function uses a variable from outside", next));
    }
    let place = u16::try_from(desk.custom.len()).unwrap_or(u16::MAX);
    desk.custom.push((name.clone(), function, desk.position));
    push(desk, Rule::Custom(CustomRule { name, function: place }))
}

pub(super) fn decay(desk: &mut Desk, every: &Dynamic, points: &Dynamic) -> Answer {
    desk.name("decay", &"decay".into())?;
    let every = span(every)?;
    let points = whole(points, "points")?;
    if points >= 0 {
        return Err(Refusal::new("R009", "silence takes points", "write a number below 0, such as -5"));
    }
    desk.table.decay = Some(Decay { every, points });
    Ok(Dynamic::from(Handle::Other))
}

pub(super) fn clamp(desk: &mut Desk, least: &Dynamic, most: &Dynamic) -> Answer {
    desk.name("clamp", &"clamp".into())?;
    let (least, most) = (whole(least, "the lowest score")?, whole(most, "the highest score")?);
    if least >= most {
        return Err(Refusal::new(
            "R009",
            "the bounds leave no room",
            "write the lower one first: clamp(0, 120)",
        ));
    }
    if least > 0 || most < 0 {
        return Err(Refusal::new(
            "R009",
            "0, where everybody begins, is out of bounds",
            "let the bounds hold 0",
        ));
    }
    desk.table.clamp = Some(Clamp { least, most });
    Ok(Dynamic::from(Handle::Other))
}

fn push(desk: &mut Desk, rule: Rule) -> Answer {
    full(desk.table.rules.len(), MOST_RULES, "rules")?;
    desk.table.rules.push(rule);
    Ok(Dynamic::from(Handle::Rule(desk.table.rules.len() - 1)))
}

/// Refuses one more than there may be.
pub(super) fn full(have: usize, most: usize, what: &str) -> Result<(), Refusal> {
    if have < most {
        return Ok(());
    }
    Err(Refusal::new(
        "R011",
        format!("there are more than {most} {what}"),
        "declare fewer, or use two scores",
    ))
}

fn points_of(points: &Dynamic) -> Result<Points, Refusal> {
    if let Some(amount) = points.read_lock::<Amount>() {
        return Ok(amount.0.clone());
    }
    whole(points, "points").map(Points::Fixed)
}

/// A whole number.
pub(super) fn whole(number: &Dynamic, what: &str) -> Result<i64, Refusal> {
    if number.is::<Refused>() {
        return Err(again());
    }
    number.as_int().map_err(|_| {
        let next = match number.read_lock::<super::field::Field>() {
            Some(field) if what == "points" => format!("write points({})", field.name),
            _ => "write a whole number such as 10".into(),
        };
        let verb = if what == "points" { "are" } else { "is" };
        Refusal::new("R003", format!("{what} {verb} {}, not a whole number", kind(number)), next)
    })
}

/// A whole number of at least so much.
pub(super) fn at_least(number: &Dynamic, what: &str, least: i64) -> Result<i64, Refusal> {
    let number = whole(number, what)?;
    if number < least {
        return Err(Refusal::new("R009", format!("{what} is {number}"), format!("use {least} or more")));
    }
    Ok(number)
}

/// A span in milliseconds, above 0.
pub(super) fn span(span: &Dynamic) -> Result<i64, Refusal> {
    let next = "write a span such as 7 * days or 12 * hours";
    if span.is_float() {
        return Err(Refusal::new("R003", "the span is no whole number", "write 36 * hours for 1.5 * days"));
    }
    let Refusal { code, sentence, .. } = match whole(span, "the span") {
        Ok(span) if span <= 0 => Refusal::new("R009", "the span has no length", ""),
        Ok(span) if span > MOST_SPAN => Refusal::new("R009", "the span is longer than 36600 days", ""),
        Ok(span) if span < 1_000 => {
            Refusal::new("R009", format!("the span is {span} milliseconds: its unit is missing"), "")
        }
        Ok(span) => return Ok(span),
        Err(refusal) => refusal,
    };
    Err(Refusal::new(code, sentence, next))
}
