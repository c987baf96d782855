//! Fields of a contact or an event, and conditions on them: values of a script that become predicates.

use rhai::Dynamic;
use rust_decimal::Decimal;

use super::calculation::{Calculation, no_answer};
use super::desk::{Refusal, Refused, again, quoted};
use crate::model::{Name, Value};
use crate::rule::PredicateDefinition;

/// The deepest condition; predicates allow no more than 32 levels.
const MOST_DEPTH: usize = 24;
/// The most parts of one condition.
const MOST_PARTS: usize = 256;

/// Of what a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Of the contact in `when`, of the event in `where`.
    Either,
    /// An attribute of the contact.
    Contact,
    /// A property of the event.
    Event,
    /// The number of a score.
    Score,
    /// The tier of a score.
    Tier,
    /// What a path names.
    Number,
}

/// Something that a script compares without knowing it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) owner: Owner,
    pub(super) name: Name,
}

/// A yes or no that is answered later.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub(super) definition: PredicateDefinition,
    /// Whether a part is about the contact alone, and a word for it.
    pub(super) contact: Option<&'static str>,
    /// Whether a part is about the event alone.
    pub(super) event: bool,
    depth: usize,
    pub(super) parts: usize,
}

/// A constant that scripts have no literal for.
#[derive(Clone, Debug)]
pub(super) struct Constant(pub(super) Value);

impl Field {
    pub(super) fn new(owner: Owner, name: Name) -> Self {
        Self { owner, name }
    }

    /// A predicate about this field, to which a comparison is added.
    fn about(&self) -> Condition {
        let name = Some(self.name.to_string());
        let mut condition = Condition { depth: 1, parts: 1, ..Condition::default() };
        match self.owner {
            Owner::Either => condition.definition.attribute = name,
            Owner::Contact => {
                condition.definition.attribute = name;
                condition.contact = Some("attribute");
            }
            Owner::Event => {
                condition.definition.attribute = name;
                condition.event = true;
            }
            Owner::Score => condition.definition.score = name,
            Owner::Tier => condition.definition.tier = name,
            Owner::Number => condition.definition.number = name,
        }
        condition
    }

    /// The condition that something about this field holds.
    pub(super) fn that(&self, edit: impl FnOnce(&mut PredicateDefinition)) -> Condition {
        let mut condition = self.about();
        edit(&mut condition.definition);
        condition
    }

    /// Compares with a value; the operator is seen from the field.
    pub(super) fn compare(&self, operator: &str, other: &Dynamic) -> Result<Condition, Refusal> {
        let value = Some(value(other)?);
        Ok(match operator {
            ">" => self.that(|test| test.above = value),
            ">=" => self.that(|test| test.at_least = value),
            "<" => self.that(|test| test.below = value),
            "<=" => self.that(|test| test.at_most = value),
            "==" => self.that(|test| test.is = value),
            _ => self.that(|test| test.is = value).not()?,
        })
    }
}

impl Condition {
    /// A question that is about no field.
    pub(super) fn question(definition: PredicateDefinition) -> Self {
        Self { definition, depth: 1, parts: 1, ..Self::default() }
    }

    pub(super) fn not(self) -> Result<Self, Refusal> {
        let mut condition = Self { depth: self.depth + 1, parts: self.parts + 1, ..self.clone() };
        condition.definition =
            PredicateDefinition { not: Some(self.definition.into()), ..Default::default() };
        condition.bounded()
    }

    /// Both, or at least one of them; chains of one operator stay flat.
    pub(super) fn and(self, other: Self, all: bool) -> Result<Self, Refusal> {
        let mut condition = Self {
            definition: PredicateDefinition::default(),
            contact: self.contact.or(other.contact),
            event: self.event || other.event,
            depth: (self.depth + 1).max(other.depth + 1),
            parts: self.parts.saturating_add(other.parts).saturating_add(1),
        };
        let list = |definition: &mut PredicateDefinition| {
            if all { definition.all.take() } else { definition.any.take() }
        };
        let mut parts = Vec::new();
        for Self { mut definition, depth, .. } in [self, other] {
            match list(&mut definition) {
                Some(own) => {
                    condition.depth = condition.depth.max(depth);
                    parts.extend(own);
                }
                None => parts.push(definition),
            }
        }
        let slot = if all { &mut condition.definition.all } else { &mut condition.definition.any };
        *slot = Some(parts);
        condition.depth = condition.definition_depth();
        condition.bounded()
    }

    /// How deep it is, now that chains are flat.
    fn definition_depth(&self) -> usize {
        fn depth(definition: &PredicateDefinition) -> usize {
            let list = definition.all.iter().chain(&definition.any).flatten();
            1 + list.chain(definition.not.as_deref()).map(depth).max().unwrap_or(0)
        }
        depth(&self.definition)
    }

    fn bounded(self) -> Result<Self, Refusal> {
        if self.depth > MOST_DEPTH || self.parts > MOST_PARTS {
            let sentence =
                format!("a condition has more than {MOST_PARTS} parts, or more than {MOST_DEPTH} levels");
            return Err(Refusal::new("R011", sentence, "split it into several rules"));
        }
        Ok(self)
    }

    /// Takes a condition, or a field that must be true.
    pub(super) fn of(value: &Dynamic) -> Result<Self, Refusal> {
        if value.is::<Refused>() {
            return Err(again());
        }
        if let Some(condition) = value.read_lock::<Condition>() {
            return Ok(condition.clone());
        }
        if value.is::<Calculation>() {
            return Err(no_answer());
        }
        let next = "write a comparison such as followers > 1000, known(city) or tag(\"vip\")";
        if let Some(field) = value.read_lock::<Field>() {
            return match field.owner {
                Owner::Score | Owner::Tier | Owner::Number => {
                    let word = match field.owner {
                        Owner::Score => "score",
                        Owner::Tier => "tier",
                        _ => "number",
                    };
                    Err(Refusal::new("R013", format!("a {word} alone is no yes or no"), "compare it"))
                }
                _ => Ok(field.that(|test| test.is = Some(Value::Bool(true)))),
            };
        }
        Err(Refusal::new("R013", format!("{} is no condition", kind(value)), next))
    }
}

/// A value of a script as a predicate compares it.
pub(super) fn value(value: &Dynamic) -> Result<Value, Refusal> {
    if let Some(items) = value.read_lock::<rhai::Array>() {
        let values = items.iter().map(single).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::List(values.into()));
    }
    single(value)
}

pub(super) fn single(value: &Dynamic) -> Result<Value, Refusal> {
    if value.is::<Refused>() {
        return Err(again());
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Integer(number));
    }
    if let Ok(number) = value.as_float() {
        return decimal(number).map(Value::Decimal);
    }
    if let Ok(answer) = value.as_bool() {
        return Ok(Value::Bool(answer));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Value::Text(text.as_str().into()));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Value::Text(letter.to_string().into()));
    }
    if let Some(constant) = value.read_lock::<Constant>() {
        return Ok(constant.0.clone());
    }
    if let Some(value) = value.read_lock::<Calculation>().and_then(|known| known.constant().cloned()) {
        return Ok(value);
    }
    if let Some(field) = value.read_lock::<Field>() {
        let sentence = format!("{} is no fixed value, and only those are compared with", quoted(&field.name));
        let next = "compare with a number, or with a text in quotes";
        return Err(Refusal::new("R013", sentence, next));
    }
    let next = if value.is_unit() {
        "ask known(...) whether there is a value"
    } else {
        "compare with a number, a text in quotes, true, false or a list of those"
    };
    Err(Refusal::new("R013", format!("{} cannot be compared with", kind(value)), next))
}

/// The decimal that was written; what is no number, or too large for exact ones, is refused.
pub(super) fn decimal(number: f64) -> Result<Decimal, Refusal> {
    format!("{number}").parse().map_err(|_| {
        let next = "use a number below 10^28";
        Refusal::new("R009", "the number is too large, or none", next)
    })
}

/// What a value is, in words.
pub(super) fn kind(value: &Dynamic) -> String {
    if let Some(field) = value.read_lock::<Field>() {
        return format!("the field {}", quoted(&field.name));
    }
    super::explain::kind_of(value.type_name()).into()
}
