//! Functions in a script that find points: the one thing that is interpreted whenever it is asked.

use std::fmt;
use std::sync::Arc;

use chrono::SecondsFormat;
use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString};
use rust_decimal::prelude::ToPrimitive;

use super::desk::place;
use super::explain::{explain, kind_of};
use super::sandbox;
use crate::model::{Contact, Name, Value};

/// A custom function that found no points: what the score was, it stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("custom {rule}, {place}: {sentence}; {next}")]
#[non_exhaustive]
pub struct Failure {
    /// The name of the rule.
    pub rule: Name,
    /// The line and the position in the script.
    pub place: String,
    /// What went wrong.
    pub sentence: String,
    /// What to do.
    pub next: String,
}

/// The functions of one script, ready to be called.
pub(in crate::rule) struct Library {
    engine: Engine,
    functions: AST,
    /// What the functions can read, in order.
    read: Arc<[Name]>,
}

/// One function that finds points.
#[derive(Clone)]
pub(in crate::rule) struct Custom {
    rule: Name,
    function: FnPtr,
    library: Arc<Library>,
}

/// The contact as a function sees it: the values of what the script can name.
#[derive(Clone)]
struct Person {
    values: Arc<[Dynamic]>,
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").field("rule", &self.rule).finish_non_exhaustive()
    }
}

impl Library {
    pub(super) fn new(functions: AST, read: &[String]) -> Arc<Self> {
        let mut engine = sandbox::reader();
        let read: Arc<[Name]> = read.iter().map(|name| name.as_str().into()).collect();
        for (place, name) in read.iter().enumerate() {
            engine.register_get(&**name, move |person: &mut Person| {
                person.values.get(place).cloned().unwrap_or(Dynamic::UNIT)
            });
        }
        let known = read.clone();
        engine.register_indexer_get(
            move |person: &mut Person, name: ImmutableString| -> Result<Dynamic, Box<EvalAltResult>> {
                let place = known.binary_search_by(|known| (**known).cmp(name.as_str()));
                let place = place.map_err(|_| "the name of an attribute is put together")?;
                Ok(person.values.get(place).cloned().unwrap_or(Dynamic::UNIT))
            },
        );
        // `"rap" in c.genres`; the package that has it for lists has much that is not bounded.
        engine.register_fn("contains", |list: &mut rhai::Array, wanted: Dynamic| {
            list.iter().any(|item| same(item, &wanted))
        });
        Arc::new(Self { engine, functions, read })
    }
}

fn same(item: &Dynamic, wanted: &Dynamic) -> bool {
    match (item.as_immutable_string_ref(), wanted.as_immutable_string_ref()) {
        (Ok(item), Ok(wanted)) => return *item == *wanted,
        (Err(_), Err(_)) => {}
        _ => return false,
    }
    let number = |value: &Dynamic| value.as_float().or_else(|_| value.as_int().map(|number| number as f64));
    match (number(item), number(wanted)) {
        (Ok(item), Ok(wanted)) => item == wanted,
        _ => matches!((item.as_bool(), wanted.as_bool()), (Ok(item), Ok(wanted)) if item == wanted),
    }
}

impl Custom {
    pub(super) fn new(rule: Name, function: FnPtr, library: Arc<Library>) -> Self {
        Self { rule, function, library }
    }

    /// The name of the rule.
    pub(in crate::rule) fn rule(&self) -> &str {
        &self.rule
    }

    /// The points that the function finds for a contact: a whole number, whatever kind of number says it.
    ///
    /// # Errors
    /// [`Failure`], where the function stops, takes more than 10,000 operations, or answers anything else.
    pub(in crate::rule) fn points(&self, contact: &Contact) -> Result<i64, Failure> {
        let values = self.library.read.iter().map(|name| seen(contact.attributes.get(name))).collect();
        let called: Result<Dynamic, _> =
            self.function.call(&self.library.engine, &self.library.functions, (Person { values },));
        let answer = called.map_err(|error| {
            let (mut refusal, position) = explain(&error);
            if refusal.code == "R003" {
                refusal.sentence = "nothing can be declared, nor asked, in a custom function".into();
                refusal.next = "use what the contact has: c.followers".into();
            }
            Failure {
                rule: self.rule.clone(),
                place: place("", position.line(), position.position()),
                sentence: refusal.sentence,
                next: refusal.next,
            }
        })?;
        self.whole(&answer)
    }

    fn whole(&self, answer: &Dynamic) -> Result<i64, Failure> {
        if let Ok(points) = answer.as_int() {
            return Ok(points);
        }
        // 2^63 itself is no i64, and every whole float below it is.
        let whole = |points: &f64| points.fract() == 0.0 && points.abs() < 9_223_372_036_854_775_808.0;
        if let Some(points) = answer.as_float().ok().filter(whole) {
            return Ok(points as i64);
        }
        let sentence = match answer.as_float() {
            Ok(points) => format!("the function answers {points}, which is no whole number"),
            Err(_) => format!("the function answers {}", kind_of(answer.type_name())),
        };
        Err(Failure {
            rule: self.rule.clone(),
            place: place("", None, None),
            sentence,
            next: "let it answer a whole number on every way".into(),
        })
    }
}

/// A value as scripts know it; what is missing is `()`.
fn seen(value: Option<&Value>) -> Dynamic {
    match value {
        None => Dynamic::UNIT,
        Some(Value::Bool(value)) => (*value).into(),
        Some(Value::Integer(value)) => (*value).into(),
        Some(Value::Decimal(value)) => value.to_f64().map_or(Dynamic::UNIT, Into::into),
        Some(Value::Text(value)) => (&**value).into(),
        Some(Value::Instant(value)) => value.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
        Some(Value::Date(value)) => value.to_string().into(),
        Some(Value::List(values)) => {
            Dynamic::from_array(values.iter().map(|value| seen(Some(value))).collect())
        }
    }
}
