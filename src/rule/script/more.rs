//! The methods: what is said of a rule, of an amount, of a tier and of a mark after it was declared.

use rhai::Dynamic;

use super::desk::{Answer, Desk, Handle, Refusal, Refused, again};
use super::field::{Condition, Field, Owner};
use super::rule::{at_least as least_of, checked, span, whole};
use crate::rule::PredicateDefinition;
use crate::rule::score::{Band, Cap, EventRule, MarkKind, Points, Rule};

/// Points from a property of the event.
#[derive(Clone, Debug)]
pub(super) struct Amount(pub(super) Points);

pub(super) fn points(desk: &mut Desk, property: &Dynamic) -> Answer {
    let property = match property.read_lock::<Field>() {
        Some(field) if matches!(field.owner, Owner::Either | Owner::Event) => field.name.clone(),
        Some(_) => {
            let next = "write points(amount), where amount is a property of the event";
            return Err(Refusal::new("R014", "points are counted from a property of the event", next));
        }
        None => desk.word("property", property)?,
    };
    let amount = Points::Of { property, times: 1, per: 1, least: i64::MIN, most: i64::MAX };
    Ok(Dynamic::from(Amount(amount)))
}

pub(super) fn per(_: &mut Desk, amount: &Dynamic, number: &Dynamic) -> Answer {
    let number = least_of(number, "the divisor", 1)?;
    amount_with(amount, "per", |_, per, _, _| *per = number)
}

pub(super) fn times(_: &mut Desk, amount: &Dynamic, number: &Dynamic) -> Answer {
    let number = whole(number, "the factor")?;
    amount_with(amount, "times", |times, _, _, _| *times = number)
}

pub(super) fn at_most(_: &mut Desk, amount: &Dynamic, number: &Dynamic) -> Answer {
    let number = whole(number, "the most")?;
    amount_with(amount, "at_most", |_, _, _, most| *most = number)
}

/// `points(amount).at_least(1)`, and `peak(...).at_least(5)`.
pub(super) fn at_least(desk: &mut Desk, value: &Dynamic, number: &Dynamic) -> Answer {
    let mark = match value.read_lock::<Handle>().map(|handle| handle.clone()) {
        Some(Handle::Mark(place)) => desk.table.marks.get_mut(place),
        _ => {
            let number = whole(number, "the least")?;
            return amount_with(value, "at_least", |_, _, least, _| *least = number);
        }
    };
    let Some(MarkKind::Peak { least, .. }) = mark.map(|mark| &mut mark.kind) else {
        return Err(foreign("at_least", "a peak or an amount"));
    };
    let number = least_of(number, "the least number of engagements", 1)?;
    *least = u16::try_from(number)
        .ok()
        .filter(|number| *number <= 64)
        .ok_or_else(|| Refusal::new("R009", "a peak counts at most 64 engagements", "use 64 or less"))?;
    Ok(value.clone())
}

fn amount_with(
    value: &Dynamic,
    word: &str,
    edit: impl FnOnce(&mut i64, &mut i64, &mut i64, &mut i64),
) -> Answer {
    refused(value)?;
    let Some(Amount(mut points)) = value.read_lock::<Amount>().map(|amount| amount.clone()) else {
        return Err(foreign(word, "an amount, such as points(amount)"));
    };
    if let Points::Of { times, per, least, most, .. } = &mut points {
        edit(times, per, least, most);
        if least > most {
            return Err(Refusal::new("R009", "the least points are above the most", "swap them"));
        }
    }
    Ok(Dynamic::from(Amount(points)))
}

pub(super) fn cap(desk: &mut Desk, rule: &Dynamic, points: &Dynamic) -> Answer {
    let points = least_of(points, "the cap", 1)?;
    capped(desk, rule, Cap { points, period: None })
}

pub(super) fn cap_in(desk: &mut Desk, rule: &Dynamic, points: &Dynamic, period: &Dynamic) -> Answer {
    let (points, period) = (least_of(points, "the cap", 1)?, Some(span(period)?));
    capped(desk, rule, Cap { points, period })
}

fn capped(desk: &mut Desk, rule: &Dynamic, cap: Cap) -> Answer {
    let event = event_rule(desk, rule, "cap")?;
    if matches!(event.points, Points::Fixed(points) if points <= 0) {
        return Err(Refusal::new("R009", "a rule that gives no points has no cap", "take the cap away"));
    }
    if event.cap.replace(cap).is_some() {
        return Err(twice("cap"));
    }
    Ok(rule.clone())
}

pub(super) fn filter(desk: &mut Desk, rule: &Dynamic, condition: &Dynamic) -> Answer {
    refused(rule)?;
    event_rule(desk, rule, "where")?;
    let condition = Condition::of(condition)?;
    if let Some(word) = condition.contact {
        let sentence = format!("where is about the event, and {word} about the contact");
        return Err(Refusal::new("R014", sentence, "write property(...), or use when(...)"));
    }
    let condition = checked(desk, condition.definition)?;
    let event = event_rule(desk, rule, "where")?;
    event.filter = Some(match event.filter.take() {
        None => condition,
        Some(first) => PredicateDefinition { all: Some(vec![first, condition]), ..Default::default() },
    });
    let grown = event.filter.clone().unwrap_or_default();
    checked(desk, grown)?;
    Ok(rule.clone())
}

pub(super) fn lasting(desk: &mut Desk, rule: &Dynamic, length: &Dynamic) -> Answer {
    let length = span(length)?;
    let event = event_rule(desk, rule, "lasting")?;
    if event.lasts.replace(length).is_some() {
        return Err(twice("lasting"));
    }
    Ok(rule.clone())
}

pub(super) fn silent(desk: &mut Desk, rule: &Dynamic) -> Answer {
    engagement(desk, rule, "silent", false)
}

pub(super) fn engages(desk: &mut Desk, rule: &Dynamic) -> Answer {
    engagement(desk, rule, "engages", true)
}

fn engagement(desk: &mut Desk, rule: &Dynamic, word: &'static str, engages: bool) -> Answer {
    let event = event_rule(desk, rule, word)?;
    if event.engages.replace(engages).is_some_and(|before| before != engages) {
        return Err(Refusal::new("R010", "a rule is silent or engages, not both", "take one away"));
    }
    Ok(rule.clone())
}

pub(super) fn hysteresis(desk: &mut Desk, tier: &Dynamic, number: &Dynamic) -> Answer {
    let number = least_of(number, "the hysteresis", 0)?;
    band(desk, tier, "hysteresis")?.hysteresis = number;
    Ok(tier.clone())
}

pub(super) fn stay(desk: &mut Desk, tier: &Dynamic, length: &Dynamic) -> Answer {
    let length = span(length)?;
    band(desk, tier, "stay")?.stay = Some(length);
    Ok(tier.clone())
}

fn event_rule<'d>(
    desk: &'d mut Desk,
    rule: &Dynamic,
    word: &'static str,
) -> Result<&'d mut EventRule, Refusal> {
    refused(rule)?;
    let place = match rule.read_lock::<Handle>().map(|handle| handle.clone()) {
        Some(Handle::Rule(place)) => place,
        _ => return Err(foreign(word, "a rule on an event")),
    };
    match desk.table.rules.get_mut(place) {
        Some(Rule::On(event)) => Ok(event),
        _ => Err(foreign(word, "a rule on an event")),
    }
}

fn band<'d>(desk: &'d mut Desk, tier: &Dynamic, word: &'static str) -> Result<&'d mut Band, Refusal> {
    refused(tier)?;
    match tier.read_lock::<Handle>().map(|handle| handle.clone()) {
        Some(Handle::Tier(place)) => desk.table.tiers.get_mut(place).ok_or_else(again),
        _ => Err(foreign(word, "a tier")),
    }
}

fn refused(value: &Dynamic) -> Result<(), Refusal> {
    if value.is::<Refused>() { Err(again()) } else { Ok(()) }
}

fn foreign(word: &str, owner: &str) -> Refusal {
    let next = super::words::usage(word).map_or_else(String::new, |usage| format!(" as in {usage}"));
    Refusal::new("R015", format!("{word} belongs to {owner}"), format!("write it there,{next}"))
}

fn twice(word: &str) -> Refusal {
    Refusal::new("R010", format!("the rule has {word} twice"), "take one away")
}
