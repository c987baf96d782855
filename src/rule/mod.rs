//! Pure questions about a contact: facts and a rule go in, an answer comes out.

#[cfg(feature = "addresses")]
pub mod address;
mod allowed;
pub mod bounce;
mod cap;
pub mod condition;
mod expression;
mod grant;
mod hours;
pub mod inbound;
pub mod law;
mod merging;
mod nearest;
mod number;
pub mod opt_out;
pub mod permit;
mod policy;
pub mod predicate;
mod preferred;
pub mod proof;
mod purpose;
mod rating;
mod sandbox;
mod schema;
pub mod score;
mod script;
pub mod segment;
mod sharing;
pub mod sms;
mod standing;
mod stopped;
pub mod template;
mod variables;
mod window;

pub use cap::{Cap, CapTier, Counted, MOST_SAID, Spoken};
pub use condition::{ConditionDefinition, Filter};
pub(crate) use expression::Expression;
pub use hours::TeamHours;
pub(crate) use merging::{Lost, MERGE, Side, is_one};
pub(crate) use nearest::nearest;
pub use number::{Misread, Models, Number};
pub use opt_out::OptOut;
pub use policy::{ConsentPath, NoOptOut, Policy, QuietHours};
pub use predicate::{Predicate, PredicateDefinition, Since};
pub use preferred::UnreadableTime;
pub use purpose::{Basis, Minors, Purpose, Retention, Spared, TRACKING, Use};
pub use rating::Rating;
pub use schema::{EventSchema, Others, PropertySchema, PropertyType};
pub(crate) use sharing::{channel_of, is_third_party};
pub use standing::Standing;
pub(crate) use stopped::{BLOCK, START, STOP};
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
    /// When it is asked; what counts back from there is not known without it.
    pub at: Option<DateTime<Utc>>,
    /// The models of the scores; what they alone remember is not known without them.
    pub models: Option<&'a dyn Models>,
}

impl<'a> Facts<'a> {
    /// Facts for a question outside any enrollment.
    #[must_use]
    pub fn new(contact: &'a Contact, performed: &'a Performed, rating: &'a Rating) -> Self {
        Self { contact, performed, rating, entered_at: None, at: None, models: None }
    }

    /// The same, asked at an instant.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        Self { at: Some(at), ..self }
    }

    /// The same, for who knows the models of the scores.
    #[must_use]
    pub fn scored_by(self, models: &'a dyn Models) -> Self {
        Self { models: Some(models), ..self }
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
