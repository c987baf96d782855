//! Gives a contact an owner.

use chrono::{DateTime, Utc};

use super::bucket;
use super::transition::Run;
use crate::journey::AssignNode;
use crate::model::{Attributes, Name, Reason, StepOutcome, Value};

impl Run<'_> {
    /// Keeps the owner where it is still one of them; else the contact's lot says who is.
    pub(super) fn assign(&mut self, index: usize, at: DateTime<Utc>, assign: &AssignNode) -> StepOutcome {
        let kept = match self.out.state.cold.contact.attributes.get(&assign.attribute) {
            Some(Value::Text(owner)) => assign.among.iter().find(|name| *name == owner),
            _ => None,
        };
        if let Some(owner) = kept {
            return StepOutcome::Assigned { owner: owner.clone() };
        }
        let Some(owner) = bucket::owner(self.contact_id(), &assign.role, assign.among.iter()) else {
            return StepOutcome::Refused { reasons: vec![Reason::NoOwner] };
        };
        let owner: Name = owner.clone();
        let values: Attributes = [(assign.attribute.clone(), Value::Text(owner.clone()))].into();
        match self.learn(index, at, values) {
            Ok(()) => StepOutcome::Assigned { owner },
            Err(name) => StepOutcome::Refused { reasons: vec![Reason::Answer(name)] },
        }
    }
}
