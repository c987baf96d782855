//! Which events something is about.

use crate::model::{Attributes, Name};
use crate::rule::condition::Filter;

/// Events of some names, with properties that pass, in a stretch of time.
#[derive(Clone, Debug)]
pub(super) struct EventFilter {
    /// Of these names; none where a prefix says which.
    pub(super) names: Vec<Name>,
    pub(super) prefix: Option<Name>,
    pub(super) properties: Filter,
    /// From this instant on, and before that one.
    pub(super) from: i64,
    pub(super) to: i64,
    /// The streams that it feeds.
    pub(super) streams: Vec<u32>,
}

impl EventFilter {
    #[inline]
    pub(super) fn passes(&self, properties: &Attributes, at: i64) -> bool {
        at >= self.from && at < self.to && self.properties.passes(properties)
    }
}
