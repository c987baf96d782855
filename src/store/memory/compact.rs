//! A contact as a few hundred bytes: names as numbers, values one behind the other. It never leaves this process.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate};
use litemap::LiteMap;
use rust_decimal::Decimal;

use crate::model::{Address, Contact, ContactId, Fingerprint, Name, Value};

/// Names that many contacts share, each kept once.
#[derive(Default)]
pub(super) struct Names {
    all: Vec<Name>,
    numbers: BTreeMap<Name, u64>,
}

/// The most names that are kept once for all contacts; further ones are kept with each contact.
const MOST_NAMES: usize = 10_000;

impl Names {
    /// A name as it is kept already.
    pub(super) fn shared(&mut self, name: &Name) -> Name {
        self.number(name).and_then(|number| self.get(number)).unwrap_or_else(|| name.clone())
    }

    fn number(&mut self, name: &Name) -> Option<u64> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.all.len() >= MOST_NAMES {
            return None;
        }
        self.all.push(name.clone());
        let number = self.all.len() as u64;
        self.numbers.insert(name.clone(), number);
        Some(number)
    }

    /// Names count from 1; 0 says that the text itself follows.
    fn get(&self, number: u64) -> Option<Name> {
        self.all.get(usize::try_from(number).ok()?.checked_sub(1)?).cloned()
    }
}

/// Packs everything but the id, which the row holds.
pub(super) fn pack(contact: &Contact, names: &mut Names) -> Box<[u8]> {
    let mut out = Packer { bytes: Vec::with_capacity(256), names };
    // Addresses come first, because a message asks for nothing else.
    out.count(contact.addresses.len());
    for (channel, address) in contact.addresses.iter() {
        out.name(channel);
        out.text(&address.value);
        out.count(usize::from(address.fingerprint.is_some()));
        if let Some(fingerprint) = address.fingerprint {
            out.bytes.extend_from_slice(fingerprint.as_bytes());
        }
    }
    out.count(contact.attributes.len());
    for (name, value) in &contact.attributes {
        out.name(name);
        out.value(value);
    }
    out.count(contact.tags.len());
    for tag in &contact.tags {
        out.name(tag);
    }
    for text in [&contact.locale, &contact.zone] {
        out.count(usize::from(text.is_some()));
        if let Some(text) = text {
            out.name(text);
        }
    }
    out.bytes.into()
}

/// Unpacks what [`pack`] packed.
pub(super) fn unpack(id: &ContactId, bytes: &[u8], names: &Names) -> Contact {
    let mut contact = Contact::new(id.clone());
    // What was packed here reads back whole; were it not so, what is readable would be kept.
    let _ = Unpacker { bytes, names }.contact(&mut contact);
    contact
}

/// The fingerprint of an address, without unpacking the rest.
pub(super) fn fingerprint(bytes: &[u8], channel: &Name, names: &Names) -> Option<Fingerprint> {
    Unpacker { bytes, names }.addresses()?.get(channel)?.fingerprint
}

struct Packer<'n> {
    bytes: Vec<u8>,
    names: &'n mut Names,
}

impl Packer<'_> {
    /// Seven bits a byte, smallest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn name(&mut self, name: &Name) {
        let number = self.names.number(name);
        self.number(number.unwrap_or(0));
        if number.is_none() {
            self.text(name);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.bytes.push(u8::from(*value)),
            Value::Integer(value) => {
                self.bytes.push(2);
                self.signed(*value);
            }
            Value::Decimal(value) => {
                self.bytes.push(3);
                self.bytes.extend_from_slice(&value.serialize());
            }
            Value::Text(text) => {
                self.bytes.push(4);
                self.text(text);
            }
            Value::Instant(instant) => {
                self.bytes.push(5);
                self.signed(instant.timestamp_millis());
            }
            Value::Date(date) => {
                self.bytes.push(6);
                self.signed(date.num_days_from_ce().into());
            }
            Value::List(items) => {
                self.bytes.push(7);
                self.count(items.len());
                items.iter().for_each(|item| self.value(item));
            }
        }
    }

    /// Small numbers of either sign are short.
    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }
}

struct Unpacker<'b> {
    bytes: &'b [u8],
    names: &'b Names,
}

impl<'b> Unpacker<'b> {
    fn addresses(&mut self) -> Option<LiteMap<Name, Address>> {
        let mut addresses = LiteMap::new();
        for _ in 0..self.number()? {
            let channel = self.name()?;
            let mut address = Address::new(self.text()?);
            address.fingerprint = self.optional(|unpacker| {
                let bytes = unpacker.take(16)?.try_into().ok()?;
                Some(Fingerprint::from_bytes(bytes))
            })?;
            addresses.insert(channel, address);
        }
        Some(addresses)
    }

    fn contact(&mut self, contact: &mut Contact) -> Option<()> {
        contact.addresses = self.addresses()?;
        // They were packed in order, so each goes to the end of the map.
        for _ in 0..self.number()? {
            let name = self.name()?;
            contact.attributes.insert(name, self.value()?);
        }
        for _ in 0..self.number()? {
            contact.tags.insert(self.name()?);
        }
        contact.locale = self.optional(Self::name)?;
        contact.zone = self.optional(Self::name)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn name(&mut self) -> Option<Name> {
        match self.number()? {
            0 => self.text().map(Name::from),
            number => self.names.get(number),
        }
    }

    /// The inner answer is absent where the value is; the outer one where the bytes are not readable.
    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.take(1)?[0] {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            2 => Value::Integer(self.signed()?),
            3 => Value::Decimal(Decimal::deserialize(self.take(16)?.try_into().ok()?)),
            4 => Value::Text(self.text()?.into()),
            5 => Value::Instant(DateTime::from_timestamp_millis(self.signed()?)?),
            6 => Value::Date(NaiveDate::from_num_days_from_ce_opt(i32::try_from(self.signed()?).ok()?)?),
            _ => {
                let count = self.number()?;
                Value::List((0..count).map(|_| self.value()).collect::<Option<_>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FingerprintKey;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<(i64, u8)>()
                .prop_map(|(number, scale)| Value::from(Decimal::new(number, u32::from(scale % 28)))),
            ".{0,40}".prop_map(Value::from),
            any::<i32>()
                .prop_map(|at| Value::from(DateTime::from_timestamp_millis(i64::from(at) * 1_000).unwrap())),
            (-700_000..700_000i32)
                .prop_map(|day| Value::from(NaiveDate::from_num_days_from_ce_opt(day).unwrap())),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(|items| Value::List(items.into()))
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_reads_back(
            attributes in prop::collection::btree_map("[a-zé]{0,6}", value(), 0..12),
            tags in prop::collection::btree_set("[a-z]{1,3}", 0..4),
            addresses in prop::collection::btree_map("[a-z]{1,4}", (".{1,20}", any::<bool>()), 0..3),
            locale in prop::option::of("[a-z]{2}"),
        ) {
            let mut contact = Contact::new("lea");
            for (name, value) in attributes {
                contact = contact.attribute(name, value);
            }
            for tag in tags {
                contact = contact.tag(tag);
            }
            let key = FingerprintKey::new([3; 32]);
            for (channel, (to, known)) in addresses {
                let mut address = Address::new(to);
                address.fingerprint = known.then(|| key.fingerprint(&channel, &address.value));
                contact.addresses.insert(channel.into(), address);
            }
            contact.locale = locale.map(Name::from);
            let mut names = Names::default();
            let bytes = pack(&contact, &mut names);
            prop_assert_eq!(unpack(&contact.id, &bytes, &names), contact.clone());
            for (channel, address) in contact.addresses.iter() {
                prop_assert_eq!(fingerprint(&bytes, channel, &names), address.fingerprint);
            }
            // With no room for another name, the texts themselves are packed.
            let mut full = Names { all: vec!["x".into(); MOST_NAMES], numbers: BTreeMap::new() };
            let bytes = pack(&contact, &mut full);
            prop_assert_eq!(unpack(&contact.id, &bytes, &full), contact);
        }
    }
}
