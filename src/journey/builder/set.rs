//! What a step changes of the contact.

use crate::journey::definition::SetDefinition;
use crate::model::Value;

impl SetDefinition {
    /// Gives an attribute a value.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Takes an attribute away.
    #[must_use]
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.unset.insert(name.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Takes a tag away.
    #[must_use]
    pub fn without_tag(mut self, tag: impl Into<String>) -> Self {
        self.untag.insert(tag.into());
        self
    }
}
