//! A value that is computed from what is known of a contact: a small tree, evaluated natively.

use rust_decimal::Decimal;

use super::{Facts, Number, Predicate, script};
use crate::error::Diagnostic;
use crate::model::{Name, Value};

/// A compiled expression such as `score('spark') + 10 * count`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression(Term);

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Constant(Value),
    Attribute(Name),
    Score(Name),
    /// Of the score of this name.
    Tier(Name),
    Number(Number),
    Sum(Operator, Box<Term>, Box<Term>),
    Choice(Box<Predicate>, Box<Term>, Box<Term>),
}

/// What is calculated with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    /// Of two whole numbers rounded down.
    Over,
    Least,
    Most,
}

impl Expression {
    /// Compiles the source of an expression; every problem goes into `problems` with its place.
    pub(crate) fn compile(source: &str, place: &str, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        script::expression(source, place, problems).map(Self)
    }

    /// The value for a contact; `None` where something of it is not known, is no number, or there is no exact result.
    pub(crate) fn value(&self, facts: &Facts<'_>) -> Option<Value> {
        value(&self.0, facts)
    }
}

/// As deep as an expression has parts, which are few.
fn value(term: &Term, facts: &Facts<'_>) -> Option<Value> {
    match term {
        Term::Constant(value) => Some(value.clone()),
        Term::Attribute(name) => facts.contact.attributes.get(name).cloned(),
        Term::Score(score) => Some(Value::Integer(facts.score(score))),
        Term::Tier(score) => facts.tier(score),
        Term::Number(number) => number.of(facts),
        Term::Sum(operator, left, right) => operator.of(&value(left, facts)?, &value(right, facts)?),
        Term::Choice(when, yes, no) => value(if when.holds(facts) { yes } else { no }, facts),
    }
}

impl Term {
    /// Whether it can be a number for somebody.
    pub(super) fn may_be_number(&self) -> bool {
        match self {
            Term::Constant(value) => decimal(value).is_some(),
            Term::Tier(_) => false,
            Term::Choice(_, yes, no) => yes.may_be_number() || no.may_be_number(),
            _ => true,
        }
    }
}

impl Operator {
    /// The result for two numbers; `None` for anything else, where it would overflow, and of a division by 0.
    pub(super) fn of(self, left: &Value, right: &Value) -> Option<Value> {
        let (a, b) = (decimal(left)?, decimal(right)?);
        let first = match self {
            Self::Least => a <= b,
            Self::Most => a >= b,
            _ => {
                return match (left, right) {
                    (Value::Integer(a), Value::Integer(b)) => self.whole(*a, *b).map(Value::Integer),
                    _ => self.exact(a, b).map(Value::Decimal),
                };
            }
        };
        Some(if first { left } else { right }.clone())
    }

    fn whole(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Plus => a.checked_add(b),
            Self::Minus => a.checked_sub(b),
            Self::Times => a.checked_mul(b),
            Self::Over => {
                let quotient = a.checked_div(b)?;
                let cut_up = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
                quotient.checked_sub(i64::from(cut_up))
            }
            Self::Least | Self::Most => None,
        }
    }

    fn exact(self, a: Decimal, b: Decimal) -> Option<Decimal> {
        match self {
            Self::Plus => a.checked_add(b),
            Self::Minus => a.checked_sub(b),
            Self::Times => a.checked_mul(b),
            Self::Over => a.checked_div(b),
            Self::Least | Self::Most => None,
        }
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Integer(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
