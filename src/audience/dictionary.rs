//! The values of a column, each kept once.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::asked::Kind;
use super::bits::grow;
use super::slots::Slots;
use crate::model::Value;

/// Values, each with a code from 1; 0 stands for no value.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    values: Vec<Value>,
    index: Slots,
    kind: Shared,
    /// Bytes of texts and lists.
    heap: usize,
}

/// Whether all values are of one kind.
#[derive(Clone, Copy, Debug, Default)]
enum Shared {
    #[default]
    Empty,
    All(Kind),
    Mixed,
}

fn hash_of(value: &Value) -> u64 {
    fn feed(value: &Value, hasher: &mut DefaultHasher) {
        (Kind::of(value) as u8).hash(hasher);
        match value {
            Value::Bool(value) => value.hash(hasher),
            Value::Integer(value) => value.hash(hasher),
            Value::Decimal(value) => value.hash(hasher),
            Value::Text(value) => value.hash(hasher),
            Value::Instant(value) => value.timestamp_millis().hash(hasher),
            Value::Date(value) => value.hash(hasher),
            Value::List(items) => items.iter().for_each(|item| feed(item, hasher)),
        }
    }
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// In order of their codes, from code 1.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    pub(super) fn value(&self, code: u64) -> Option<&Value> {
        self.values.get((code as usize).wrapping_sub(1))
    }

    /// The code of a value, 0 where it is not kept.
    pub(super) fn code(&self, value: &Value) -> u64 {
        let place = self.index.find(hash_of(value), |place| self.values.get(place) == Some(value));
        place.map_or(0, |place| place as u64 + 1)
    }

    /// The code of a value, a new one where it has none.
    pub(super) fn enter(&mut self, value: &Value) -> u64 {
        let code = self.code(value);
        if code > 0 {
            return code;
        }
        self.kind = match self.kind {
            Shared::Empty => Shared::All(Kind::of(value)),
            Shared::All(kind) if kind == Kind::of(value) => self.kind,
            _ => Shared::Mixed,
        };
        self.heap += match value {
            Value::Text(_) | Value::List(_) => value.size() + 16,
            _ => 0,
        };
        grow(&mut self.values, 1);
        self.values.push(value.clone());
        let (values, place) = (&self.values, self.values.len() - 1);
        self.index.insert(hash_of(value), place, |place| values.get(place).map_or(0, hash_of));
        place as u64 + 1
    }

    /// The kind of every value, where they share one.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.kind {
            Shared::All(kind) => Some(kind),
            Shared::Empty | Shared::Mixed => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<Value>() + self.index.bytes() + self.heap
    }
}
