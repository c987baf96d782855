//! Adds steps, one method for each kind.

use super::JourneyBuilder;
use crate::journey::definition::{
    AlternativeDefinition, AssignDefinition, BranchDefinition, CallDefinition, ConfirmDefinition,
    EmitDefinition, EnterDefinition, JumpDefinition, LeaveDefinition, LotDefinition, ReleaseDefinition,
    ReserveDefinition, ScoreDefinition, SendDefinition, SetDefinition, SplitDefinition, StepDefinition,
    TriggerDefinition, WaitForDefinition, WaitUntilDefinition, WayDefinition, WithdrawDefinition,
};
use crate::rule::PredicateDefinition;
use crate::time::{Offset, Span};

impl JourneyBuilder {
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
                ..SendDefinition::default()
            }),
            ..StepDefinition::default()
        })
    }

    /// Waits for a span from here.
    pub fn wait(self, span: Span) -> Self {
        self.step(StepDefinition { wait: Some(span), ..StepDefinition::default() })
    }

    /// Waits until an instant as a definition has it.
    pub fn wait_until(self, until: WaitUntilDefinition) -> Self {
        self.step(StepDefinition { wait_until: Some(until), ..StepDefinition::default() })
    }

    /// Waits until a span after the entry.
    pub fn wait_until_entry(self, span: Span) -> Self {
        self.wait_until(WaitUntilDefinition { entry: Some(span), ..WaitUntilDefinition::default() })
    }

    /// Waits until the next local time of day, `HH:MM`.
    pub fn wait_until_time(self, time: impl Into<String>) -> Self {
        self.wait_until(WaitUntilDefinition { time: Some(time.into()), ..WaitUntilDefinition::default() })
    }

    /// Waits until before or after the day or instant in an attribute.
    pub fn wait_until_date(self, attribute: impl Into<String>, offset: Offset) -> Self {
        let offset = (!offset.is_zero()).then_some(offset);
        self.wait_until(WaitUntilDefinition {
            date: Some(attribute.into()),
            offset,
            ..WaitUntilDefinition::default()
        })
    }

    /// Waits for something to happen, an event by its name or any other trigger, and goes to `otherwise` where it did not
    /// come in time.
    pub fn wait_for(
        self,
        on: impl Into<TriggerDefinition>,
        within: Span,
        otherwise: impl Into<String>,
    ) -> Self {
        let any = vec![AlternativeDefinition { on: on.into(), ..AlternativeDefinition::default() }];
        self.wait_for_any(any, within, otherwise)
    }

    /// Waits for a predicate to become true, and goes to `otherwise` where it did not in time.
    pub fn wait_for_if(self, when: PredicateDefinition, within: Span, otherwise: impl Into<String>) -> Self {
        let any = vec![AlternativeDefinition { when: Some(when), ..AlternativeDefinition::default() }];
        self.wait_for_any(any, within, otherwise)
    }

    fn wait_for_any(
        self,
        any: Vec<AlternativeDefinition>,
        within: Span,
        otherwise: impl Into<String>,
    ) -> Self {
        let (within, otherwise) = (Some(within), Some(otherwise.into()));
        let wait = WaitForDefinition { any, since: None, within, otherwise };
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
        let branch = BranchDefinition { when, otherwise: Some(otherwise.into()), unknown: None };
        self.step(StepDefinition { id: Some(id.into()), branch: Some(branch), ..StepDefinition::default() })
    }

    /// Goes one of several ways by lot: each with its weight, together 100, and the step that follows.
    pub fn split<S: Into<String>>(
        self,
        id: impl Into<String>,
        ways: impl IntoIterator<Item = (u8, S)>,
    ) -> Self {
        let ways =
            ways.into_iter().map(|(weight, goto)| LotDefinition { weight, goto: goto.into() }).collect();
        let split = SplitDefinition { ways, salt: None };
        self.step(StepDefinition { id: Some(id.into()), split: Some(split), ..StepDefinition::default() })
    }

    /// Changes attributes and tags.
    pub fn set(self, set: SetDefinition) -> Self {
        self.step(StepDefinition { set: Some(set), ..StepDefinition::default() })
    }

    /// Adds to a score; a negative number takes points away.
    pub fn score(self, name: impl Into<String>, add: i64) -> Self {
        let score = ScoreDefinition { name: name.into(), add };
        self.step(StepDefinition { score: Some(score), ..StepDefinition::default() })
    }

    /// Makes an event happen to the contact.
    pub fn emit(self, event: impl Into<String>) -> Self {
        let emit = EmitDefinition { event: event.into(), ..EmitDefinition::default() };
        self.step(StepDefinition { emit: Some(emit), ..StepDefinition::default() })
    }

    /// Goes back or forth, `most` times in one enrollment; after that it goes on to the next step.
    pub fn jump(self, to: impl Into<String>, most: u16) -> Self {
        let jump = JumpDefinition { to: to.into(), most };
        self.step(StepDefinition { jump: Some(jump), ..StepDefinition::default() })
    }

    /// Enters another journey; with [`within`](Self::within) it waits for its end.
    pub fn enter_journey(self, id: impl Into<String>, journey: impl Into<String>) -> Self {
        let enter = EnterDefinition { journey: journey.into(), ..EnterDefinition::default() };
        self.step(StepDefinition { id: Some(id.into()), enter: Some(enter), ..StepDefinition::default() })
    }

    /// Leaves another journey.
    pub fn leave_journey(self, journey: impl Into<String>) -> Self {
        let leave = LeaveDefinition { journey: journey.into() };
        self.step(StepDefinition { leave: Some(leave), ..StepDefinition::default() })
    }

    /// Withdraws a consent in the contact's name; with neither channel nor purpose, everything.
    pub fn withdraw(self, channel: Option<&str>, purpose: Option<&str>) -> Self {
        let [channel, purpose] = [channel, purpose].map(|name| name.map(str::to_owned));
        let withdraw = WithdrawDefinition { channel, purpose };
        self.step(StepDefinition { withdraw: Some(withdraw), ..StepDefinition::default() })
    }

    /// Asks the host, and waits for its answer.
    pub fn call(self, id: impl Into<String>, call: CallDefinition) -> Self {
        self.step(StepDefinition { id: Some(id.into()), call: Some(call), ..StepDefinition::default() })
    }

    /// Hands the contact over to a person, and waits until that one is done.
    pub fn hand_over(self, id: impl Into<String>, call: CallDefinition) -> Self {
        self.step(StepDefinition { id: Some(id.into()), hand_over: Some(call), ..StepDefinition::default() })
    }

    /// Gives the contact an owner.
    pub fn assign(self, assign: AssignDefinition) -> Self {
        self.step(StepDefinition { assign: Some(assign), ..StepDefinition::default() })
    }

    /// Holds a place of an offer for a while.
    pub fn reserve(self, id: impl Into<String>, reserve: ReserveDefinition) -> Self {
        self.step(StepDefinition { id: Some(id.into()), reserve: Some(reserve), ..StepDefinition::default() })
    }

    /// Keeps the place of an offer for good.
    pub fn confirm(self, confirm: ConfirmDefinition) -> Self {
        self.step(StepDefinition { confirm: Some(confirm), ..StepDefinition::default() })
    }

    /// Gives the place of an offer back.
    pub fn release(self, offer: impl Into<String>) -> Self {
        let release = ReleaseDefinition::new(offer);
        self.step(StepDefinition { release: Some(release), ..StepDefinition::default() })
    }

    /// Ends the enrollment under a name.
    pub fn exit(self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.step(StepDefinition {
            id: Some(id.into()),
            exit: Some(name.into()),
            ..StepDefinition::default()
        })
    }
}
