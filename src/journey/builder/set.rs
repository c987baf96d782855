//! What a step changes of the contact.

use crate::journey::definition::SetDefinition;
use crate::model::Value;

impl SetDefinition {
    /// The most attributes that one step computes.
    pub const MOST_COMPUTED: usize = 16;

    /// Gives an attribute a value.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Gives an attribute a value that is computed when the step is taken.
    ///
    /// ```
    /// use journeyman::Journey;
    /// use journeyman::journey::SetDefinition;
    /// let levels = SetDefinition::default().computed("level", "min(followers / 1000, 9)");
    /// assert!(Journey::builder("levels").enter_on("counted").set(levels).build().is_ok());
    /// ```
    #[must_use]
    pub fn computed(mut self, name: impl Into<String>, expression: impl Into<String>) -> Self {
        self.computed.insert(name.into(), expression.into());
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
