//! Pure questions about a contact: facts and a rule go in, an answer comes out.

pub mod condition;
pub mod permit;
pub mod predicate;
mod rating;
mod sandbox;
mod schema;
pub mod score;
mod script;
pub mod template;
mod variables;
mod window;

pub use condition::{ConditionDefinition, Filter};
pub use permit::{Policy, QuietHours, Standing};
pub use predicate::{Predicate, PredicateDefinition, Since};
pub use rating::Rating;
pub use schema::{EventSchema, Others, PropertySchema, PropertyType};
pub use template::{Template, TemplateDefinition, VariantDefinition};
pub use window::{Performed, Tally};

use chrono::{DateTime, Utc};

use crate::model::{Contact, Value};

/// Exactly what a predicate may see.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Facts<'a> {
    /// The person.
    pub contact: &'a Contact,
    /// What happened to it.
    pub performed: &'a Performed,
    /// Its scores, tiers and segments.
    pub rating: &'a Rating,
    /// When the enrollment that asks began.
    pub entered_at: Option<DateTime<Utc>>,
}

impl<'a> Facts<'a> {
    /// Facts for a question outside any enrollment.
    #[must_use]
    pub fn new(contact: &'a Contact, performed: &'a Performed, rating: &'a Rating) -> Self {
        Self { contact, performed, rating, entered_at: None }
    }

    fn score(&self, name: &str) -> i64 {
        self.rating.score(name)
    }

    fn tier(&self, score: &str) -> Option<Value> {
        self.rating.tier(score).cloned().map(Value::Text)
    }

    fn is_in(&self, segment: &str) -> bool {
        self.rating.is_in(segment)
    }
}
