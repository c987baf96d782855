//! A journey written in Rust; it produces the same definition as a file would.

use std::collections::BTreeMap;

use super::definition::{
    AlternativeDefinition, BranchDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition,
    OneOrMany, Reenter, SendDefinition, StepDefinition, TriggerDefinition, WaitForDefinition,
    WaitUntilDefinition, WayDefinition,
};
use super::{Journey, compile};
use crate::error::BuildError;
use crate::model::Value;
use crate::rule::{ConditionDefinition, PredicateDefinition};
use crate::time::Span;

/// Builds a [`JourneyDefinition`] step by step. Problems are collected by [`build`](JourneyBuilder::build).
///
/// ```
/// use journeyman::Journey;
/// use journeyman::time::Span;
/// let journey = Journey::builder("hello")
///     .enter_on("signed_up")
///     .goal("call.booked")
///     .send("greet", "email", "hello", "onboarding")
///     .wait(Span::days(2))
///     .send("again", "email", "still_there", "marketing")
///     .build()?;
/// assert_eq!(journey.definition.steps.len(), 3);
/// # Ok::<(), journeyman::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JourneyBuilder {
    definition: JourneyDefinition,
}

impl JourneyBuilder {
    pub(super) fn new(journey: impl Into<String>) -> Self {
        let definition =
            JourneyDefinition { journey: journey.into(), version: 1, ..JourneyDefinition::default() };
        Self { definition }
    }

    /// Sets the version; 1 unless said.
    pub fn version(mut self, version: u32) -> Self {
        self.definition.version = version;
        self
    }

    /// Sets the zone of contacts who have none of their own.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.definition.zone = Some(zone.into());
        self
    }

    /// Opens a door: an event. Several calls open several doors.
    pub fn enter_on(self, event: impl Into<String>) -> Self {
        self.enter(trigger(event), None)
    }

    /// Opens a door for those for whom the predicate holds.
    pub fn enter_if(self, event: impl Into<String>, when: PredicateDefinition) -> Self {
        self.enter(trigger(event), Some(when))
    }

    fn enter(mut self, on: TriggerDefinition, when: Option<PredicateDefinition>) -> Self {
        let entry = EntryDefinition { on, when };
        self.definition.enter = match std::mem::take(&mut self.definition.enter) {
            OneOrMany::One(first) => OneOrMany::Many(vec![first, entry]),
            OneOrMany::Many(entries) if entries.is_empty() => OneOrMany::One(entry),
            OneOrMany::Many(mut entries) => {
                entries.push(entry);
                OneOrMany::Many(entries)
            }
        };
        self
    }

    /// Says whether a contact may enter again; never unless said.
    pub fn reenter(mut self, reenter: Reenter) -> Self {
        self.definition.reenter = reenter;
        self
    }

    /// Names the event that the journey is for; it ends the enrollment at once.
    pub fn goal(mut self, event: impl Into<String>) -> Self {
        self.definition.exit.push(ExitDefinition { on: trigger(event), kind: ExitKind::Goal });
        self
    }

    /// Names an event that ends the enrollment at once.
    pub fn exit_on(mut self, event: impl Into<String>) -> Self {
        self.definition.exit.push(ExitDefinition { on: trigger(event), kind: ExitKind::Exit });
        self
    }

    /// Sets the longest stay.
    pub fn max_duration(mut self, span: Span) -> Self {
        self.definition.max_duration = Some(span);
        self
    }

    /// Adds a step as a definition has it.
    pub fn step(mut self, step: StepDefinition) -> Self {
        self.definition.steps.push(step);
        self
    }

    /// Says something.
    pub fn send(
        self,
        id: impl Into<String>,
        channel: impl Into<String>,
        template: impl Into<String>,
        purpose: impl Into<String>,
    ) -> Self {
        self.step(StepDefinition {
            id: Some(id.into()),
            send: Some(SendDefinition {
                channel: Some(channel.into()),
                template: Some(template.into()),
                purpose: Some(purpose.into()),
                refused: None,
            }),
            ..StepDefinition::default()
        })
    }

    /// Waits for a span from here.
    pub fn wait(self, span: Span) -> Self {
        self.step(StepDefinition { wait: Some(span), ..StepDefinition::default() })
    }

    /// Waits until a span after the entry.
    pub fn wait_until_entry(self, span: Span) -> Self {
        let until = WaitUntilDefinition { entry: Some(span), time: None };
        self.step(StepDefinition { wait_until: Some(until), ..StepDefinition::default() })
    }

    /// Waits until the next local time of day, `HH:MM`.
    pub fn wait_until_time(self, time: impl Into<String>) -> Self {
        let until = WaitUntilDefinition { entry: None, time: Some(time.into()) };
        self.step(StepDefinition { wait_until: Some(until), ..StepDefinition::default() })
    }

    /// Waits for an event, and goes to `otherwise` where it did not come in time.
    pub fn wait_for(self, event: impl Into<String>, within: Span, otherwise: impl Into<String>) -> Self {
        let any = vec![AlternativeDefinition { event: event.into(), ..AlternativeDefinition::default() }];
        let wait = WaitForDefinition { any, within: Some(within), otherwise: Some(otherwise.into()) };
        self.step(StepDefinition { wait_for: Some(wait), ..StepDefinition::default() })
    }

    /// Goes to `then` where the predicate holds, else to `otherwise`; `next` is the following step.
    pub fn branch(
        self,
        id: impl Into<String>,
        when: PredicateDefinition,
        then: impl Into<String>,
        otherwise: impl Into<String>,
    ) -> Self {
        let when = vec![WayDefinition { when, goto: then.into() }];
        let branch = BranchDefinition { when, otherwise: Some(otherwise.into()) };
        self.step(StepDefinition { id: Some(id.into()), branch: Some(branch), ..StepDefinition::default() })
    }

    /// Ends the enrollment under a name.
    pub fn exit(self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.step(StepDefinition {
            id: Some(id.into()),
            exit: Some(name.into()),
            ..StepDefinition::default()
        })
    }

    /// Jumps from the step that was added last.
    pub fn goto(mut self, target: impl Into<String>) -> Self {
        if let Some(step) = self.definition.steps.last_mut() {
            step.goto = Some(target.into());
        }
        self
    }

    /// The definition so far, as a file would hold it.
    #[must_use]
    pub fn definition(&self) -> &JourneyDefinition {
        &self.definition
    }

    /// Compiles it.
    ///
    /// # Errors
    /// [`BuildError`] with every problem of the definition.
    pub fn build(self) -> Result<Journey, BuildError> {
        compile::compile(&self.definition)
    }
}

fn trigger(event: impl Into<String>) -> TriggerDefinition {
    TriggerDefinition { event: event.into(), filter: BTreeMap::new() }
}

impl PredicateDefinition {
    /// The contact has a tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..Self::default() }
    }

    /// An event happened at least once.
    pub fn performed(event: impl Into<String>) -> Self {
        Self { performed: Some(event.into()), ..Self::default() }
    }

    /// An attribute equals a value.
    pub fn attribute_is(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { attribute: Some(name.into()), is: Some(value.into()), ..Self::default() }
    }

    /// An attribute is at least a value.
    pub fn attribute_at_least(name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { attribute: Some(name.into()), at_least: Some(value.into()), ..Self::default() }
    }

    /// The complement.
    pub fn negated(self) -> Self {
        Self { not: Some(Box::new(self)), ..Self::default() }
    }
}

impl From<Value> for ConditionDefinition {
    fn from(value: Value) -> Self {
        Self::Is(value)
    }
}
