//! A journey written in Rust; it produces the same definition as a file would.

mod last;
mod predicate;
mod set;
mod step;
mod trigger;

use super::definition::{
    CapDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition, Late, LateDefinition,
    OneOrMany, Reenter, Spacing, TriggerDefinition,
};
use super::{Journey, compile};
use crate::error::BuildError;
use crate::rule::PredicateDefinition;
use crate::time::Span;

/// Builds a [`JourneyDefinition`] step by step. Problems are collected by [`build`](JourneyBuilder::build).
///
/// What concerns one step only, such as [`goto`](JourneyBuilder::goto) or [`window`](JourneyBuilder::window), follows the
/// step and changes the one that was added last. Said of a step that has no such thing, it makes that step do two things,
/// which `build` refuses.
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
///
/// With doors, windows, lots and another journey:
///
/// ```
/// use journeyman::Journey;
/// use journeyman::journey::{DeadlineDefinition, SetDefinition, Spacing, TriggerDefinition};
/// use journeyman::time::{Offset, Span};
/// let journey = Journey::builder("renewal")
///     .zone("Europe/Paris")
///     .enter_on(TriggerDefinition::date("ends_at").shifted(Offset::before(Span::days(30))).at_time("10:00"))
///     .enter_on(TriggerDefinition::tier_up("spark").to_tier("gold"))
///     .goal(TriggerDefinition::attribute_becomes("plan", "premium"))
///     .holdout(5)
///     .spacing(Spacing::Merge)
///     .send("ask", "email", "renew", "marketing")
///     .window("Tue-Thu 10:00-14:00".parse()?)
///     .deadline(DeadlineDefinition::or_send(Span::days(2)))
///     .wait_for(TriggerDefinition::keyword("OUI").on_channel("sms"), Span::days(3), "remind")
///     .set(SetDefinition::default().tag("wants-to-stay"))
///     .goto("end")
///     .split("remind", [(50, "call"), (50, "end")])
///     .enter_journey("call", "call-reminders")
///     .within(Span::days(7))
///     .result("goal", "end")
///     .score("spark", -10)
///     .exit("end", "completed")
///     .build()?;
/// assert_eq!(journey.definition.steps.len(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// Says for people what it is.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
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

    /// Opens a door: an event by its name, or any other trigger. Several calls open several doors.
    pub fn enter_on(self, on: impl Into<TriggerDefinition>) -> Self {
        self.enter(on.into(), None)
    }

    /// Opens a door for those for whom the predicate holds.
    pub fn enter_if(self, on: impl Into<TriggerDefinition>, when: PredicateDefinition) -> Self {
        self.enter(on.into(), Some(when))
    }

    fn enter(mut self, on: TriggerDefinition, when: Option<PredicateDefinition>) -> Self {
        let entry = EntryDefinition { on, when, ..EntryDefinition::default() };
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

    /// Opens the last door at publication too, to those who qualify by then.
    ///
    /// ```
    /// use journeyman::Journey;
    /// use journeyman::journey::TriggerDefinition;
    /// let dormant = TriggerDefinition::segment_entered("dormant");
    /// let journey = Journey::builder("win-back").enter_on(dormant).existing().exit("end", "done").build()?;
    /// assert!(journey.definition.enrolls());
    /// # Ok::<(), journeyman::BuildError>(())
    /// ```
    pub fn existing(mut self) -> Self {
        match &mut self.definition.enter {
            OneOrMany::One(entry) => entry.existing = true,
            OneOrMany::Many(entries) => {
                entries.iter_mut().next_back().into_iter().for_each(|last| last.existing = true)
            }
        }
        self
    }

    /// Says whether a contact may enter again; never unless said.
    pub fn reenter(mut self, reenter: Reenter) -> Self {
        self.definition.reenter = reenter;
        self
    }

    /// Sets the local instant from which on one may enter, `YYYY-MM-DDTHH:MM`.
    pub fn opens(mut self, local: impl Into<String>) -> Self {
        self.definition.opens = Some(local.into());
        self
    }

    /// Sets the local instant from which on nobody enters any more, `YYYY-MM-DDTHH:MM`.
    pub fn closes(mut self, local: impl Into<String>) -> Self {
        self.definition.closes = Some(local.into());
        self
    }

    /// Sets how many of a hundred contacts walk the journey and are told nothing.
    pub fn holdout(mut self, percent: u8) -> Self {
        self.definition.holdout = Some(percent);
        self
    }

    /// Sets which of a contact's messages take the places that a cap leaves: those of the higher priority.
    pub fn priority(mut self, priority: i8) -> Self {
        self.definition.priority = Some(priority);
        self
    }

    /// Sets how messages keep apart after one of them had to wait.
    pub fn spacing(mut self, spacing: Spacing) -> Self {
        self.definition.spacing = Some(spacing);
        self
    }

    /// Says what happens to a step that is later than `grace` after a pause or an outage.
    pub fn late(mut self, grace: Span, then: Late) -> Self {
        self.definition.late = Some(LateDefinition { grace, then });
        self
    }

    /// Names what the journey is for; it ends the enrollment at once.
    pub fn goal(self, on: impl Into<TriggerDefinition>) -> Self {
        self.leave(on.into(), None, ExitKind::Goal)
    }

    /// Names what the journey is for, where the predicate holds.
    pub fn goal_if(self, on: impl Into<TriggerDefinition>, when: PredicateDefinition) -> Self {
        self.leave(on.into(), Some(when), ExitKind::Goal)
    }

    /// Names what ends the enrollment at once.
    pub fn exit_on(self, on: impl Into<TriggerDefinition>) -> Self {
        self.leave(on.into(), None, ExitKind::Exit)
    }

    /// Names what ends the enrollment at once, where the predicate holds.
    pub fn exit_if(self, on: impl Into<TriggerDefinition>, when: PredicateDefinition) -> Self {
        self.leave(on.into(), Some(when), ExitKind::Exit)
    }

    fn leave(mut self, on: TriggerDefinition, when: Option<PredicateDefinition>, kind: ExitKind) -> Self {
        self.definition.exit.push(ExitDefinition { on, when, kind });
        self
    }

    /// Sets how many may enter, over all contacts.
    pub fn cap(mut self, cap: CapDefinition) -> Self {
        self.definition.cap = Some(cap);
        self
    }

    /// Says at which ends a run undoes what it did, by the words of `ended`: `goal`, `max_duration`, the name of an exit
    /// step.
    pub fn undo_on<S: Into<String>>(mut self, ends: impl IntoIterator<Item = S>) -> Self {
        ends.into_iter().for_each(|end| self.definition.undo_on.push(end.into()));
        self
    }

    /// Sets the longest stay.
    pub fn max_duration(mut self, span: Span) -> Self {
        self.definition.max_duration = Some(span);
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
