//! A score and a segment for marketing, and what must hold of them: who objects, and who is too young, has none.
//!
//! The judge walks the mail of a person as a plain list of what was said, and knows between which bounds the score lies by then.
//! It shares no code with the crate's own standing, policy or models. Everything else that simulations count is for what is owed, so
//! that its own judges need not ask whether it may be.

mod judge;
mod rest;

pub(super) use judge::Profiled;

use serde_json::json;

use crate::rule::score::ScoreDefinition;
use crate::rule::segment::SegmentDefinition;

const HEAT: &str = "leaning";
const FOUND: &str = "found";
/// What gives a point, and of how many points on somebody is hot, keen, and found.
const COUNTED: &str = "clicked";
const HOT: i64 = 3;
const KEEN: i64 = 4;
const ENOUGH: i64 = 2;

pub(super) fn score() -> ScoreDefinition {
    ScoreDefinition::new(
        HEAT,
        format!(r#"on("{COUNTED}", 1); tier("hot", {HOT}); badge("keen", "{COUNTED}", {KEEN});"#),
    )
}

/// It has had the version of the first segments since there are any.
pub(super) fn segment() -> Option<SegmentDefinition> {
    let question = json!({"event": COUNTED, "count": {"at_least": ENOUGH}});
    Some(SegmentDefinition::new(FOUND, serde_json::from_value(question).ok()?))
}
