//! From a node to any type that a definition is read into, with the line of what does not fit.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::{Kind, Node, plain};

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Misfit {
    sentence: String,
    pub(super) place: Option<(u64, u64)>,
}

impl Misfit {
    /// The innermost place is the one that helps.
    fn at(mut self, node: &Node) -> Self {
        self.place.get_or_insert((node.line, node.column));
        self
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(sentence: T) -> Self {
        Self { sentence: sentence.to_string(), place: None }
    }
}

impl std::error::Error for Misfit {}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.sentence))
    }
}

/// Reads a node into a type.
pub(super) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Misfit> {
    T::deserialize(node).map_err(|misfit| misfit.at(node))
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let read = match &self.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(*value),
            Kind::Integer(value) => visitor.visit_i64(*value),
            Kind::Large(value) => visitor.visit_u64(*value),
            Kind::Float(value) => visitor.visit_f64(*value),
            Kind::Text(text) => visitor.visit_borrowed_str(text),
            Kind::List(items) => visitor.visit_seq(Items(items.iter())),
            Kind::Map(entries) => visitor.visit_map(Entries { left: entries.iter(), value: None }),
        };
        read.map_err(|misfit: Misfit| misfit.at(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text() {
            Some(text) => visitor.visit_borrowed_str(text).map_err(|misfit: Misfit| misfit.at(self)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        // A key with nothing behind it is an empty list, as it is where a definition is read from a file of its own.
        if self.is_null() {
            return visitor.visit_seq(Items([].iter()));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_null() {
            return visitor
                .visit_map(Entries { left: [].iter(), value: None })
                .map_err(|misfit| misfit.at(self));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let read = match (&self.kind, self.text()) {
            (_, Some(word)) => visitor.visit_enum(Word(word)),
            (Kind::Map(entries), _) => match entries.as_slice() {
                [(name, node)] => visitor.visit_enum(Tagged { name, node }),
                _ => Err(de::Error::custom("a map with one key was expected here")),
            },
            _ => {
                Err(de::Error::invalid_type(Unexpected::Other(self.what()), &"a word, or a map with one key"))
            }
        };
        read.map_err(|misfit| misfit.at(self))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|node| seed.deserialize(node).map_err(|misfit| misfit.at(node))).transpose()
    }
}

struct Entries<'de> {
    left: std::slice::Iter<'de, (Box<str>, Node)>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, node)) = self.left.next() else { return Ok(None) };
        self.value = Some(node);
        let name: StrDeserializer<'_, Misfit> = (**name).into_deserializer();
        seed.deserialize(name).map(Some).map_err(|misfit| misfit.at(node))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some(node) = self.value.take() else { return Err(de::Error::custom("a value is missing")) };
        seed.deserialize(node).map_err(|misfit| misfit.at(node))
    }
}

/// A variant without content.
struct Word<'de>(&'de str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Misfit> {
        let word: StrDeserializer<'_, Misfit> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Misfit> {
        Err(de::Error::custom(format!("{} needs a value: write {{ {}: … }}", self.0, self.0)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misfit> {
        Err(de::Error::custom(format!("{} needs a list", self.0)))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Misfit> {
        Err(de::Error::custom(format!("{} needs a map", self.0)))
    }
}

/// A variant with content: a map of one entry.
struct Tagged<'de> {
    name: &'de str,
    node: &'de Node,
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = Misfit;
    type Variant = &'de Node;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, &'de Node), Misfit> {
        let name: StrDeserializer<'_, Misfit> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.node))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        if self.is_null() { Ok(()) } else { Err(Misfit::at(de::Error::custom("nothing may follow"), self)) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self).map_err(|misfit| misfit.at(self))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_any(visitor)
    }
}
