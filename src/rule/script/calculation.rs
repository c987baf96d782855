//! What a script calculates with values that it does not know: sums that become the terms of an expression.

use rhai::{Dynamic, FuncRegistration, Module, NativeCallContext};

use super::ask::{COMPARISONS, Held, both, one};
use super::desk::{Answer, Desk, Refusal, Refused, again, at_desk, quoted};
use super::field::{Condition, Field, Owner, single};
use super::rule::checked;
use crate::model::Value;
use crate::rule::expression::{Operator, Term};
use crate::rule::{Number, Predicate};

/// The most parts of one expression.
const MOST_PARTS: usize = 64;
const SUMS: [(&str, Operator); 4] =
    [("+", Operator::Plus), ("-", Operator::Minus), ("*", Operator::Times), ("/", Operator::Over)];

/// A value that is calculated later.
#[derive(Clone, Debug)]
pub(super) struct Calculation {
    pub(super) term: Term,
    parts: usize,
}

impl Calculation {
    /// Takes a calculation, a field or a constant.
    pub(super) fn of(value: &Dynamic) -> Result<Self, Refusal> {
        if value.is::<Refused>() {
            return Err(again());
        }
        if let Some(calculation) = value.read_lock::<Self>() {
            return Ok(calculation.clone());
        }
        if let Some(field) = value.read_lock::<Field>() {
            return term(&field).map(|term| Self { term, parts: 1 });
        }
        if value.is::<Condition>() {
            let next = "choose by it: if_else(followers > 1000, 1, 0)";
            return Err(Refusal::new("R013", "a condition is no value", next));
        }
        if value.is_array() {
            let next = "write it below attributes, which takes it as it is";
            return Err(Refusal::new("R013", "a list is no value of an expression", next));
        }
        Ok(Self { term: Term::Constant(single(value)?), parts: 1 })
    }

    /// Its value, where that is the same for everybody.
    pub(super) fn constant(&self) -> Option<&Value> {
        match &self.term {
            Term::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn bounded(self) -> Result<Self, Refusal> {
        if self.parts > MOST_PARTS {
            let sentence = format!("the expression has more than {MOST_PARTS} parts");
            return Err(Refusal::new("R011", sentence, "compute a part of it in a step before"));
        }
        Ok(self)
    }
}

fn term(field: &Field) -> Result<Term, Refusal> {
    let name = field.name.clone();
    Ok(match field.owner {
        Owner::Either | Owner::Contact => Term::Attribute(name),
        Owner::Score => Term::Score(name),
        Owner::Tier => Term::Tier(name),
        Owner::Number => Term::Number(
            Number::parse(&name).map_err(|misread| Refusal::new("J110", misread.sentence, misread.next))?,
        ),
        Owner::Event => {
            let next = "write attribute(...), for there is no event here";
            return Err(Refusal::new("R014", "a property of an event is asked for", next));
        }
    })
}

/// What is the same for everybody is calculated at once, so that what can never work is told.
fn sum(operator: Operator, left: &Dynamic, right: &Dynamic) -> Answer {
    let (left, right) = (number(left)?, number(right)?);
    let divides_by_nothing = operator == Operator::Over
        && right.constant().is_some_and(|value| value.compare(&Value::Integer(0)).is_some_and(|o| o.is_eq()));
    let failed = || {
        let next = "use smaller numbers, and never divide by 0";
        Refusal::new("R006", "a calculation fails for everybody", next)
    };
    if divides_by_nothing {
        return Err(failed());
    }
    let calculation = match (left.constant(), right.constant()) {
        (Some(left), Some(right)) => {
            let value = operator.of(left, right).ok_or_else(failed)?;
            Calculation { term: Term::Constant(value), parts: 1 }
        }
        _ => {
            let parts = left.parts.saturating_add(right.parts).saturating_add(1);
            let term = Term::Sum(operator, left.term.into(), right.term.into());
            Calculation { term, parts }.bounded()?
        }
    };
    Ok(Dynamic::from(calculation))
}

fn number(value: &Dynamic) -> Result<Calculation, Refusal> {
    let calculation = Calculation::of(value)?;
    if calculation.term.may_be_number() {
        return Ok(calculation);
    }
    let what = match &calculation.term {
        Term::Tier(_) => "a tier".to_owned(),
        Term::Constant(Value::Text(_)) => "a text".to_owned(),
        Term::Constant(value) => quoted(&format!("{value:?}")),
        _ => "this choice".to_owned(),
    };
    let next = "calculate with numbers, and choose texts with if_else(...)";
    Err(Refusal::new("R013", format!("{what} is no number"), next))
}

pub(super) fn least(_: &mut Desk, left: &Dynamic, right: &Dynamic) -> Answer {
    sum(Operator::Least, left, right)
}

pub(super) fn most(_: &mut Desk, left: &Dynamic, right: &Dynamic) -> Answer {
    sum(Operator::Most, left, right)
}

pub(super) fn if_else(desk: &mut Desk, when: &Dynamic, yes: &Dynamic, no: &Dynamic) -> Answer {
    let when = Condition::of(when)?;
    if when.event {
        let next = "write attribute(...), for there is no event here";
        return Err(Refusal::new("R014", "a property of an event is asked for", next));
    }
    let (yes, no) = (Calculation::of(yes)?, Calculation::of(no)?);
    let parts = [when.parts, yes.parts, no.parts].into_iter().fold(1, usize::saturating_add);
    let definition = checked(desk, when.definition)?;
    let predicate = Predicate::compile(&definition, "", &mut Vec::new()).ok_or_else(again)?;
    let term = Term::Choice(predicate.into(), yes.term.into(), no.term.into());
    Ok(Dynamic::from(Calculation { term, parts }.bounded()?))
}

/// What calculates, where nothing is calculated with contacts.
pub(super) fn elsewhere(desk: &mut Desk, first: &Dynamic, _: &Dynamic) -> Answer {
    elsewhere_too(desk, first, first, first)
}

pub(super) fn elsewhere_too(_: &mut Desk, _: &Dynamic, _: &Dynamic, _: &Dynamic) -> Answer {
    let next = "compute an attribute in a step before, and compare that";
    Err(Refusal::new("R014", "nothing is calculated with a contact here", next))
}

/// Gives sums a meaning, and those of constants the same exact one.
pub(super) fn sums(mut module: Module) -> Module {
    for (sign, operator) in SUMS {
        everywhere(&mut module, sign, move |left, right| sum(operator, left, right));
    }
    for sign in ["%", "**"] {
        everywhere(&mut module, sign, move |_, _| {
            let next = "calculate with + - * /, min(...) and max(...)";
            Err(Refusal::new("R013", format!("{sign} is not computed"), next))
        });
    }
    let negate = |context: NativeCallContext<'_>, value: Dynamic| {
        at_desk(&context, |_| sum(Operator::Minus, &Dynamic::from(0_i64), &value))
    };
    one::<Field>(&mut module, "-", negate);
    one::<Calculation>(&mut module, "-", negate);
    one::<Condition>(&mut module, "-", negate);
    for (operator, mirrored) in COMPARISONS {
        both::<Calculation>(&mut module, operator, move |left, right| {
            compare(operator, mirrored, left, right)
        });
    }
    for operator in ["&", "|"] {
        both::<Calculation>(&mut module, operator, |_, _| Err(no_answer()));
    }
    one::<Calculation>(&mut module, "!", |context, _| at_desk(&context, |_| Err(no_answer())));
    module
}

pub(super) fn no_answer() -> Refusal {
    Refusal::new("R013", "a calculation is no yes or no", "compare an attribute with a number")
}

/// A field compares with what is calculated at once; nothing else is known while the script runs.
fn compare(operator: &str, mirrored: &str, left: &Dynamic, right: &Dynamic) -> Answer {
    for (field, operator, other) in [(left, operator, right), (right, mirrored, left)] {
        if let Some(field) = field.read_lock::<Field>() {
            return field.compare(operator, other).map(Dynamic::from);
        }
    }
    if left.is::<Refused>() || right.is::<Refused>() {
        return Err(again());
    }
    let next =
        "compare an attribute with a number, or compute an attribute in a step before, and compare that";
    Err(Refusal::new("R013", "a calculation is not compared", next))
}

/// For every kind of value that a sum can have.
fn everywhere(
    module: &mut Module,
    sign: &str,
    work: impl Fn(&Dynamic, &Dynamic) -> Answer + Copy + Send + Sync + 'static,
) {
    both::<Field>(module, sign, work);
    both::<Calculation>(module, sign, work);
    both::<Condition>(module, sign, work);
    constants(module, sign, work);
}

/// Takes the place of what the language itself does with two numbers.
fn constants(
    module: &mut Module,
    sign: &str,
    work: impl Fn(&Dynamic, &Dynamic) -> Answer + Copy + Send + Sync + 'static,
) {
    type Context<'c> = NativeCallContext<'c>;
    let call = move |context: &Context<'_>, a: Dynamic, b: Dynamic| at_desk(context, |_| work(&a, &b));
    let new = || FuncRegistration::new(sign).in_global_namespace();
    new().set_into_module(module, move |c: Context<'_>, a: i64, b: i64| call(&c, a.into(), b.into()));
    new().set_into_module(module, move |c: Context<'_>, a: i64, b: f64| call(&c, a.into(), b.into()));
    new().set_into_module(module, move |c: Context<'_>, a: f64, b: i64| call(&c, a.into(), b.into()));
    new().set_into_module(module, move |c: Context<'_>, a: f64, b: f64| call(&c, a.into(), b.into()));
}

impl Held for Calculation {
    fn dynamic(self) -> Dynamic {
        Dynamic::from(self)
    }
}
