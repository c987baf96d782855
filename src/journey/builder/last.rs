//! Changes the step that was added last.

use super::JourneyBuilder;
use crate::journey::definition::{
    AlternativeDefinition, Capped, Deadline, DeadlineDefinition, ResultDefinition, RetryDefinition,
    StepDefinition, TriggerDefinition, UndoDefinition, WaitSince, WayDefinition,
};
use crate::model::Value;
use crate::rule::PredicateDefinition;
use crate::time::{Days, Span, WeeklyWindow};

impl JourneyBuilder {
    fn last(mut self, change: impl FnOnce(&mut StepDefinition)) -> Self {
        // Without any step, one that does nothing takes the change, and is refused.
        if self.definition.steps.is_empty() {
            self.definition.steps.push(StepDefinition::default());
        }
        if let Some(step) = self.definition.steps.last_mut() {
            change(step);
        }
        self
    }

    /// Jumps from the step that was added last.
    pub fn goto(self, target: impl Into<String>) -> Self {
        self.last(|step| step.goto = Some(target.into()))
    }

    /// Names the step that was added last, where its method did not.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.last(|step| step.id = Some(id.into()))
    }

    /// Names what undoes the step that was added last, where its run ends as [`undo_on`](Self::undo_on) says; call it again
    /// for further actions.
    pub fn undo(self, action: impl Into<UndoDefinition>) -> Self {
        self.last(|step| step.undo.push(action.into()))
    }

    /// Says when the last send, or the last `wait_until`, may go on, on the contact's own clock.
    pub fn window(self, window: WeeklyWindow) -> Self {
        self.last(|step| match &mut step.wait_until {
            Some(until) => until.window = Some(window),
            None => step.send.get_or_insert_default().window = Some(window),
        })
    }

    /// Lets the last send speak of an offer whose place the run holds.
    pub fn offer(self, offer: impl Into<String>) -> Self {
        self.last(|step| step.send.get_or_insert_default().offer = Some(offer.into()))
    }

    /// Says how long the last send may still be said: a span after which it is left out, or a
    /// [`DeadlineDefinition`].
    pub fn deadline(self, deadline: impl Into<DeadlineDefinition>) -> Self {
        self.last(|step| step.send.get_or_insert_default().deadline = Some(deadline.into()))
    }

    /// Names the step that follows a refusal of the last send; the enrollment then waits for what becomes of it.
    pub fn refused(self, target: impl Into<String>) -> Self {
        self.last(|step| step.send.get_or_insert_default().refused = Some(target.into()))
    }

    /// Sets the preheader of the last send, in the place of its template's own.
    pub fn preheader(self, line: impl Into<String>) -> Self {
        self.last(|step| step.send.get_or_insert_default().preheader = Some(line.into()))
    }

    /// Gives the last send a priority of its own: of a contact's messages, those of the higher one take the places that a cap
    /// leaves.
    pub fn send_priority(self, priority: i8) -> Self {
        self.last(|step| step.send.get_or_insert_default().priority = Some(priority))
    }

    /// Says what becomes of the last send where a cap leaves no place.
    pub fn capped(self, capped: Capped) -> Self {
        self.last(|step| step.send.get_or_insert_default().capped = Some(capped))
    }

    /// Adds a channel to fall back on to the last send, with a template of its own. The first one on which it may be said is
    /// used, the one that the contact's attribute `preferred_channel` names before the others.
    pub fn or_send(self, channel: impl Into<String>, template: impl Into<String>) -> Self {
        self.last(|step| {
            let send = step.send.get_or_insert_default();
            if let (Some(first), words) = (send.channel.take(), send.template.take()) {
                send.templates.extend(words.map(|words| (first.clone(), words)));
                send.channels.push(first);
            }
            let channel = channel.into();
            send.templates.insert(channel.clone(), template.into());
            send.channels.push(channel);
        })
    }

    /// Says how often, and when, a failed attempt of the last send or call is tried again.
    pub fn retry(self, retry: RetryDefinition) -> Self {
        self.last(|step| match step.call.as_mut().or(step.hand_over.as_mut()) {
            Some(call) => call.retry = Some(retry),
            None => step.send.get_or_insert_default().retry = Some(retry),
        })
    }

    /// Says which local weekdays will do for the last `wait_until`.
    pub fn days(self, days: Days) -> Self {
        self.last(|step| step.wait_until.get_or_insert_default().days = Some(days))
    }

    /// Sets the local time of day of the last `wait_until`, `HH:MM`.
    pub fn at_time(self, time: impl Into<String>) -> Self {
        self.last(|step| step.wait_until.get_or_insert_default().time = Some(time.into()))
    }

    /// Lets something else end the last `wait_for`, too.
    pub fn or(self, on: impl Into<TriggerDefinition>, goto: impl Into<String>) -> Self {
        let other = AlternativeDefinition { on: on.into(), when: None, goto: Some(goto.into()) };
        self.last(|step| step.wait_for.get_or_insert_default().any.push(other))
    }

    /// Lets a predicate that becomes true end the last `wait_for`, too.
    pub fn or_if(self, when: PredicateDefinition, goto: impl Into<String>) -> Self {
        let other = AlternativeDefinition {
            when: Some(when),
            goto: Some(goto.into()),
            ..AlternativeDefinition::default()
        };
        self.last(|step| step.wait_for.get_or_insert_default().any.push(other))
    }

    /// Lets what came before the arrival count for the last `wait_for`.
    pub fn since(self, since: WaitSince) -> Self {
        self.last(|step| step.wait_for.get_or_insert_default().since = Some(since))
    }

    /// Adds a way to the last branch.
    pub fn way(self, when: PredicateDefinition, goto: impl Into<String>) -> Self {
        let way = WayDefinition { when, goto: goto.into() };
        self.last(|step| step.branch.get_or_insert_default().when.push(way))
    }

    /// Names the step that follows the last branch where a way cannot be judged.
    pub fn unknown(self, target: impl Into<String>) -> Self {
        self.last(|step| step.branch.get_or_insert_default().unknown = Some(target.into()))
    }

    /// Lets the last split draw another lot.
    pub fn salt(self, salt: impl Into<String>) -> Self {
        self.last(|step| step.split.get_or_insert_default().salt = Some(salt.into()))
    }

    /// Gives the last emitted event a property.
    pub fn property(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.last(|step| {
            step.emit.get_or_insert_default().properties.insert(name.into(), value.into());
        })
    }

    /// Lets the last entered journey be waited for, so long at the most.
    pub fn within(self, span: Span) -> Self {
        self.last(|step| step.enter.get_or_insert_default().within = Some(span))
    }

    /// Names the step that follows where the last entered journey ended so.
    pub fn result(self, is: impl Into<String>, goto: impl Into<String>) -> Self {
        let result = ResultDefinition { is: is.into(), goto: goto.into() };
        self.last(|step| step.enter.get_or_insert_default().results.push(result))
    }

    /// Names the step that follows where the last entered journey could not be entered, or did not end in time.
    pub fn otherwise(self, target: impl Into<String>) -> Self {
        self.last(|step| step.enter.get_or_insert_default().otherwise = Some(target.into()))
    }
}

impl DeadlineDefinition {
    /// Goes out at once where the window would open only after this span.
    #[must_use]
    pub const fn or_send(within: Span) -> Self {
        Self { within, then: Deadline::Send }
    }
}

impl From<Span> for DeadlineDefinition {
    fn from(within: Span) -> Self {
        Self { within, then: Deadline::Skip }
    }
}
