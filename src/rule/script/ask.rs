//! The words that ask: fields, conditions and the operators that join them.

use chrono::{DateTime, NaiveDate, Utc};
use rhai::{Dynamic, FuncRegistration, Module, NativeCallContext};

use super::desk::{Answer, Desk, Refusal, Refused, again, at_desk, quoted};
use super::field::{Condition, Constant, Field, Owner, kind, value};
use super::words::SPANS;
use crate::model::Value;
use crate::rule::{PredicateDefinition, nearest};

pub(super) fn attribute(desk: &mut Desk, name: &Dynamic) -> Answer {
    field(desk, "attribute", Owner::Contact, name)
}

pub(super) fn property(desk: &mut Desk, name: &Dynamic) -> Answer {
    field(desk, "property", Owner::Event, name)
}

pub(super) fn score(desk: &mut Desk, name: &Dynamic) -> Answer {
    field(desk, "score", Owner::Score, name)
}

pub(super) fn tier(desk: &mut Desk, name: &Dynamic) -> Answer {
    field(desk, "score", Owner::Tier, name)
}

pub(super) fn number(desk: &mut Desk, path: &Dynamic) -> Answer {
    field(desk, "number", Owner::Number, path)
}

pub(super) fn mark(desk: &mut Desk, mark: &Dynamic, score: &Dynamic) -> Answer {
    let mark = Some(desk.word("mark", mark)?.to_string());
    let of = Some(desk.word("score", score)?.to_string());
    Ok(Dynamic::from(Condition::question(PredicateDefinition { mark, of, ..Default::default() })))
}

/// What a score would ask anew at every event: rules on contacts are asked when an attribute or a tag changes.
pub(super) fn elsewhere(_: &mut Desk, _: &Dynamic) -> Answer {
    let sentence = "a score asks for attributes and tags alone";
    Err(Refusal::new("R014", sentence, "ask for scores, tiers, events and segments in a journey"))
}

pub(super) fn elsewhere_too(desk: &mut Desk, first: &Dynamic, _: &Dynamic) -> Answer {
    elsewhere(desk, first)
}

fn field(desk: &mut Desk, kind: &'static str, owner: Owner, name: &Dynamic) -> Answer {
    Ok(Dynamic::from(Field::new(owner, desk.word(kind, name)?)))
}

pub(super) fn tag(desk: &mut Desk, name: &Dynamic) -> Answer {
    let tag = Some(desk.word("tag", name)?.to_string());
    let mut condition = Condition::question(PredicateDefinition { tag, ..Default::default() });
    condition.contact = Some("tag");
    Ok(Dynamic::from(condition))
}

pub(super) fn performed(desk: &mut Desk, name: &Dynamic) -> Answer {
    let performed = Some(desk.word("event", name)?.to_string());
    Ok(Dynamic::from(Condition::question(PredicateDefinition { performed, ..Default::default() })))
}

pub(super) fn segment(desk: &mut Desk, name: &Dynamic) -> Answer {
    let segment = Some(desk.word("segment", name)?.to_string());
    Ok(Dynamic::from(Condition::question(PredicateDefinition { segment, ..Default::default() })))
}

pub(super) fn known(_: &mut Desk, field: &Dynamic) -> Answer {
    let field = the_field(field, "known(city)")?;
    if field.owner == Owner::Score {
        return Err(Refusal::new("R013", "a score is always known", "compare it"));
    }
    Ok(Dynamic::from(field.that(|test| test.exists = Some(true))))
}

pub(super) fn one_of(_: &mut Desk, field: &Dynamic, values: &Dynamic) -> Answer {
    let field = the_field(field, "one_of(genre, [\"rap\", \"pop\"])")?;
    let Value::List(values) = value(values)? else {
        return Err(Refusal::new(
            "R003",
            "one_of compares with a list",
            "write one_of(genre, [\"rap\", \"pop\"])",
        ));
    };
    Ok(Dynamic::from(field.that(|test| test.one_of = Some(values.into_vec()))))
}

pub(super) fn between(_: &mut Desk, field: &Dynamic, least: &Dynamic, most: &Dynamic) -> Answer {
    let field = the_field(field, "between(followers, 1000, 15000)")?;
    let (least, most) = (value(least)?, value(most)?);
    match least.compare(&most) {
        Some(order) if order.is_le() => {}
        Some(_) => return Err(Refusal::new("R009", "between ends before it begins", "swap its bounds")),
        None => {
            return Err(Refusal::new("R013", "the bounds of between are of two kinds", "use two numbers"));
        }
    }
    Ok(Dynamic::from(field.that(|test| {
        test.at_least = Some(least);
        test.at_most = Some(most);
    })))
}

/// `contains(genres, "rap")`, and `genre in ["rap", "pop"]`, which scripts read as `contains(list, genre)`.
pub(super) fn contains(desk: &mut Desk, whole: &Dynamic, part: &Dynamic) -> Answer {
    if whole.is_array() && part.is::<Field>() {
        return one_of(desk, part, whole);
    }
    let field = the_field(whole, "contains(genres, \"rap\")")?;
    let part = value(part)?;
    Ok(Dynamic::from(field.that(|test| test.contains = Some(part))))
}

pub(super) fn date(_: &mut Desk, text: &Dynamic) -> Answer {
    let text = text.as_immutable_string_ref().map(|text| text.to_string()).unwrap_or_default();
    let date: NaiveDate = text.parse().map_err(|_| {
        Refusal::new("R003", format!("{} is no date", quoted(&text)), "write date(\"2026-03-23\")")
    })?;
    Ok(Dynamic::from(Constant(Value::Date(date))))
}

pub(super) fn instant(_: &mut Desk, text: &Dynamic) -> Answer {
    let text = text.as_immutable_string_ref().map(|text| text.to_string()).unwrap_or_default();
    let next = "write instant(\"2026-03-23T09:00:00Z\")";
    let instant: DateTime<Utc> =
        text.parse().map_err(|_| Refusal::new("R003", format!("{} is no instant", quoted(&text)), next))?;
    Ok(Dynamic::from(Constant(Value::from(instant))))
}

fn the_field(field: &Dynamic, usage: &str) -> Result<Field, Refusal> {
    if field.is::<Refused>() {
        return Err(again());
    }
    let found = field.read_lock::<Field>().map(|field| field.clone());
    found.ok_or_else(|| {
        Refusal::new(
            "R003",
            format!("{} stands where a field is needed", kind(field)),
            format!("write {usage}"),
        )
    })
}

pub(super) const COMPARISONS: [(&str, &str); 6] =
    [(">", "<"), (">=", "<="), ("<", ">"), ("<=", ">="), ("==", "=="), ("!=", "!=")];
const SUMS: [&str; 6] = ["+", "-", "*", "/", "%", "**"];

/// Gives the operators a meaning for fields and conditions, on either side of anything.
pub(super) fn operators(mut module: Module) -> Module {
    for (operator, mirrored) in COMPARISONS {
        both::<Field>(&mut module, operator, move |left, right| match left.read_lock::<Field>() {
            Some(field) => field.compare(operator, right).map(Dynamic::from),
            None => the_field(right, "followers > 1000")?.compare(mirrored, left).map(Dynamic::from),
        });
        both::<Condition>(&mut module, operator, |_, _| {
            let next = "join conditions with && and ||, and write ! for not";
            Err(Refusal::new("R013", "a condition cannot be compared", next))
        });
    }
    for (operator, all) in [("&", true), ("|", false)] {
        let join = move |left: &Dynamic, right: &Dynamic| {
            Condition::of(left)?.and(Condition::of(right)?, all).map(Dynamic::from)
        };
        both::<Field>(&mut module, operator, join);
        both::<Condition>(&mut module, operator, join);
    }
    let not = |context: NativeCallContext<'_>, value: Dynamic| {
        at_desk(&context, |_| Condition::of(&value)?.not().map(Dynamic::from))
    };
    one::<Field>(&mut module, "!", not);
    one::<Condition>(&mut module, "!", not);
    // What was refused stays refused, whatever is done with it.
    for operator in COMPARISONS.map(|(operator, _)| operator).into_iter().chain(SUMS).chain(["&", "|"]) {
        both::<Refused>(&mut module, operator, |_, _| Err(again()));
    }
    one::<Refused>(&mut module, "!", |context, _| at_desk(&context, |_| Err(again())));
    module
}

/// Refuses sums of what is not known, in every script but an expression.
pub(super) fn no_sums(mut module: Module) -> Module {
    for operator in SUMS {
        let refuse = |left: &Dynamic, right: &Dynamic| Err(no_sum(left, right));
        both::<Field>(&mut module, operator, refuse);
        both::<Condition>(&mut module, operator, refuse);
    }
    let negate =
        |context: NativeCallContext<'_>, value: Dynamic| at_desk(&context, |_| Err(no_sum(&value, &value)));
    one::<Field>(&mut module, "-", negate);
    one::<Condition>(&mut module, "-", negate);
    module
}

fn no_sum(left: &Dynamic, right: &Dynamic) -> Refusal {
    let field =
        [left, right].into_iter().find_map(|value| value.read_lock::<Field>().map(|field| field.clone()));
    let Some(field) = field else {
        return Refusal::new(
            "R013",
            "a condition is no number",
            "compare numbers, and join comparisons with &&",
        );
    };
    let spans = SPANS.iter().map(|(name, _)| *name);
    let next = match nearest(&field.name, spans) {
        Some(span) => format!("did you mean {span}?"),
        None => "move the sum to the other side of the comparison, or set another attribute".into(),
    };
    let sentence = format!(
        "{} is not known while the script runs, so nothing is calculated with it",
        quoted(&field.name)
    );
    Refusal::new("R013", sentence, next)
}

type Work = fn(NativeCallContext<'_>, Dynamic) -> Result<Dynamic, Box<rhai::EvalAltResult>>;

pub(super) fn one<T: Clone + Held>(module: &mut Module, operator: &str, work: Work) {
    let call = move |context: NativeCallContext<'_>, value: T| work(context, value.dynamic());
    FuncRegistration::new(operator).in_global_namespace().set_into_module(module, call);
}

pub(super) fn both<T: Clone + Held>(
    module: &mut Module,
    operator: &str,
    work: impl Fn(&Dynamic, &Dynamic) -> Answer + Copy + Send + Sync + 'static,
) {
    let first =
        move |context: NativeCallContext<'_>, a: T, b: Dynamic| at_desk(&context, |_| work(&a.dynamic(), &b));
    let second =
        move |context: NativeCallContext<'_>, a: Dynamic, b: T| at_desk(&context, |_| work(&a, &b.dynamic()));
    FuncRegistration::new(operator).in_global_namespace().set_into_module(module, first);
    FuncRegistration::new(operator).in_global_namespace().set_into_module(module, second);
}

/// What a script holds and operators know.
pub(super) trait Held: Send + Sync + 'static {
    fn dynamic(self) -> Dynamic;
}

impl Held for Field {
    fn dynamic(self) -> Dynamic {
        Dynamic::from(self)
    }
}

impl Held for Condition {
    fn dynamic(self) -> Dynamic {
        Dynamic::from(self)
    }
}

impl Held for Refused {
    fn dynamic(self) -> Dynamic {
        Dynamic::from(self)
    }
}
