//! The values of a column, each kept once.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::bits::grow;
use super::slots::Slots;
use crate::model::Kind;
use crate::model::Value;

/// Values, each with a code from 1; 0 stands for no value. A value goes as soon as no row says it any more, because it may be
/// what somebody who was erased had.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    values: Vec<Value>,
    /// How many rows say each.
    uses: Vec<u32>,
    /// The codes that stand for nothing any more.
    free: Vec<u32>,
    index: Slots,
    /// How many values there are of each kind.
    kinds: [u32; Kind::WORDS.len()],
    /// Bytes of texts and lists.
    heap: usize,
}

/// In the place of a value that is gone; no row says it.
const GONE: Value = Value::Bool(false);

fn heap_of(value: &Value) -> usize {
    match value {
        Value::Text(_) | Value::List(_) => value.size() + 16,
        _ => 0,
    }
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

    /// The code of a value, which one row more says; a new one where it has none.
    pub(super) fn enter(&mut self, value: &Value) -> u64 {
        let hash = hash_of(value);
        let found = self.index.find(hash, |place| self.values.get(place) == Some(value));
        let place = found.unwrap_or_else(|| self.add(value, hash));
        self.uses.get_mut(place).into_iter().for_each(|uses| *uses = uses.saturating_add(1));
        place as u64 + 1
    }

    fn add(&mut self, value: &Value, hash: u64) -> usize {
        let place = match self.free.pop() {
            Some(place) => place as usize,
            None => {
                grow(&mut self.values, 1);
                grow(&mut self.uses, 1);
                self.values.push(GONE);
                self.uses.push(0);
                self.values.len() - 1
            }
        };
        self.values.get_mut(place).into_iter().for_each(|held| *held = value.clone());
        self.kinds.get_mut(Kind::of(value) as usize).into_iter().for_each(|count| *count += 1);
        self.heap += heap_of(value);
        let values = &self.values;
        self.index.insert(hash, place, |place| values.get(place).map_or(0, hash_of));
        place
    }

    /// Says that one row less says what a code stands for, and forgets it after the last one.
    pub(super) fn leave(&mut self, code: u64) {
        let place = (code as usize).wrapping_sub(1);
        let (Some(uses), Some(value)) = (self.uses.get_mut(place), self.values.get_mut(place)) else {
            return;
        };
        *uses = uses.saturating_sub(1);
        if *uses > 0 {
            return;
        }
        self.index.remove(hash_of(value), place);
        self.kinds.get_mut(Kind::of(value) as usize).into_iter().for_each(|count| *count -= 1);
        self.heap -= heap_of(value);
        *value = GONE;
        self.free.push(place as u32);
    }

    /// The kind of every value, where they share one.
    pub(super) fn kind(&self) -> Option<Kind> {
        let mut kinds = Kind::WORDS.iter().zip(&self.kinds).filter(|(_, count)| **count > 0);
        match (kinds.next(), kinds.next()) {
            (Some(((_, kind), _)), None) => Some(*kind),
            _ => None,
        }
    }

    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.values.len()
    }

    /// Whether more codes stand for nothing than for something.
    pub(super) fn is_sparse(&self) -> bool {
        self.free.len() * 2 > self.values.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let codes = (self.uses.capacity() + self.free.capacity()) * 4;
        self.values.capacity() * size_of::<Value>() + codes + self.index.bytes() + self.heap
    }
}
