//! The JSON Schema of a definition, for editors and checks outside Rust.

use super::JourneyDefinition;

/// The JSON Schema (draft 2020-12) of a journey definition.
///
/// It describes the shape alone; what [`Journey::compile`](crate::Journey::compile) checks beyond it is listed in
/// `docs/DIAGNOSTICS.md`.
///
/// ```
/// let schema = journeyman::journey::json_schema();
/// assert_eq!(schema["title"], "JourneyDefinition");
/// ```
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(JourneyDefinition).into()
}
