//! Comparisons of one value.

use crate::model::{Name, Value};
use crate::rule::condition::Comparison;

/// Comparisons of one value; all must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Test {
    pub(super) comparisons: Vec<Comparison>,
    pub(super) starts_with: Option<Name>,
}

impl Test {
    pub(super) fn is_empty(&self) -> bool {
        self.comparisons.is_empty() && self.starts_with.is_none()
    }

    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        self.comparisons.iter().all(|comparison| comparison.holds(value))
            && self
                .starts_with
                .as_ref()
                .is_none_or(|start| matches!(value, Some(Value::Text(text)) if text.starts_with(&**start)))
    }
}
