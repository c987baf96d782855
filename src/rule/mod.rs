//! Pure questions about a contact: facts and a rule go in, an answer comes out.

pub mod permit;
pub mod predicate;
mod sandbox;
pub mod template;
mod window;

pub use permit::{Policy, QuietHours, Standing};
pub use predicate::{ConditionDefinition, Predicate, PredicateDefinition, Since};
pub use template::{Template, TemplateDefinition};
pub use window::{Performed, Tally};

use chrono::{DateTime, Utc};

use crate::model::Contact;

/// Exactly what a predicate may see.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Facts<'a> {
    /// The person.
    pub contact: &'a Contact,
    /// What happened to it.
    pub performed: &'a Performed,
    /// When the enrollment that asks began.
    pub entered_at: Option<DateTime<Utc>>,
}

impl<'a> Facts<'a> {
    /// Facts for a question outside any enrollment.
    #[must_use]
    pub fn new(contact: &'a Contact, performed: &'a Performed) -> Self {
        Self { contact, performed, entered_at: None }
    }
}
