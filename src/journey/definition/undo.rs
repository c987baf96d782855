//! What undoes a step, where the end of its run asks for it.

use serde::{Deserialize, Serialize};

use super::{
    CallDefinition, EmitDefinition, OneOrMany, ReleaseDefinition, ScoreDefinition, SetDefinition,
    StepDefinition,
};
use crate::time::Span;

/// What undoes a step: exactly one action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UndoDefinition {
    /// Changes attributes and tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<SetDefinition>,
    /// Adds to a score; a negative number takes points away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreDefinition>,
    /// Makes an event happen to the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emit: Option<EmitDefinition>,
    /// Asks the host to take something back; it leads nowhere, whatever is answered. The wait is an hour where `within` is
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallDefinition>,
    /// Gives the place of an offer back, a kept one too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseDefinition>,
}

impl UndoDefinition {
    /// The most actions that undo one step.
    pub const MOST: usize = 8;

    /// The same action as a step of its own.
    pub(crate) fn step(&self) -> StepDefinition {
        StepDefinition {
            set: self.set.clone(),
            score: self.score.clone(),
            emit: self.emit.clone(),
            call: self
                .call
                .clone()
                .map(|call| CallDefinition { within: call.within.or(Some(Span::hours(1))), ..call }),
            release: self.release.clone(),
            ..StepDefinition::default()
        }
    }
}

impl From<SetDefinition> for UndoDefinition {
    fn from(set: SetDefinition) -> Self {
        Self { set: Some(set), ..Self::default() }
    }
}

impl From<ScoreDefinition> for UndoDefinition {
    fn from(score: ScoreDefinition) -> Self {
        Self { score: Some(score), ..Self::default() }
    }
}

impl From<EmitDefinition> for UndoDefinition {
    fn from(emit: EmitDefinition) -> Self {
        Self { emit: Some(emit), ..Self::default() }
    }
}

impl From<CallDefinition> for UndoDefinition {
    fn from(call: CallDefinition) -> Self {
        Self { call: Some(call), ..Self::default() }
    }
}

impl From<ReleaseDefinition> for UndoDefinition {
    fn from(release: ReleaseDefinition) -> Self {
        Self { release: Some(release), ..Self::default() }
    }
}

impl<T> OneOrMany<T> {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Adds one more.
    pub(crate) fn push(&mut self, item: T) {
        *self = match std::mem::take(self) {
            Self::Many(items) if items.is_empty() => Self::One(item),
            Self::Many(mut items) => {
                items.push(item);
                Self::Many(items)
            }
            Self::One(first) => Self::Many(vec![first, item]),
        };
    }
}
