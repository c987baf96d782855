//! When a team is there, as an author writes it.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::WeeklyWindow;

/// When a team is there. Written as `"Mon-Fri 09:00-18:00"`, or as
/// `{ open: "Mon-Fri 09:00-18:00", zone: Europe/Paris, holidays: FR-MET }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoursDefinition {
    /// Half-open windows of the week, on the team's clock.
    pub open: WeeklyWindow,
    /// The team's zone; the journey's where absent, else the engine's. Never the contact's.
    pub zone: Option<String>,
    /// The territory whose public holidays the team keeps, by its code; none where absent.
    pub holidays: Option<String>,
}

impl HoursDefinition {
    /// A team that is there in these windows of the week.
    #[must_use]
    pub fn new(open: WeeklyWindow) -> Self {
        Self { open, zone: None, holidays: None }
    }

    /// Gives the team a clock of its own.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Says whose public holidays the team keeps, such as `FR-MET` or `DE-BY`.
    #[must_use]
    pub fn holidays(mut self, territory: impl Into<String>) -> Self {
        self.holidays = Some(territory.into());
        self
    }
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct HoursMap {
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    open: WeeklyWindow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holidays: Option<String>,
}

impl Serialize for HoursDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { open, zone, holidays } = self.clone();
        match (&zone, &holidays) {
            (None, None) => open.serialize(serializer),
            _ => HoursMap { open, zone, holidays }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for HoursDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = HoursDefinition;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "windows of the week such as Mon-Fri 09:00-18:00, or { open: …, zone: …, holidays: … }",
                )
            }

            fn visit_str<E: serde::de::Error>(self, open: &str) -> Result<HoursDefinition, E> {
                WeeklyWindow::deserialize(StrDeserializer::new(open)).map(HoursDefinition::new)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HoursDefinition, A::Error> {
                let HoursMap { open, zone, holidays } =
                    HoursMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(HoursDefinition { open, zone, holidays })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for HoursDefinition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HoursDefinition".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<HoursMap>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}
