//! Who says something: a name, or whoever owns the contact in a role.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who says a message. Written as a name, or as `{ owner: coach, otherwise: team }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SenderDefinition {
    /// Always the same name.
    Name(String),
    /// The contact's owner in a role.
    Owner {
        /// The role.
        owner: String,
        /// Who says it where the contact has no such owner; without it, the message is refused.
        otherwise: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct OwnerMap {
    owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otherwise: Option<String>,
}

impl From<&str> for SenderDefinition {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for SenderDefinition {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl Serialize for SenderDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::Name(name) => serializer.serialize_str(&name),
            Self::Owner { owner, otherwise } => OwnerMap { owner, otherwise }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SenderDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = SenderDefinition;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name such as coach, or { owner: coach, otherwise: team }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<SenderDefinition, E> {
                Ok(name.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SenderDefinition, A::Error> {
                let OwnerMap { owner, otherwise } = OwnerMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(SenderDefinition::Owner { owner, otherwise })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SenderDefinition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SenderDefinition".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<OwnerMap>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}
