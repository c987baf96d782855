//! The one entry: inputs and time go in, a new state and everything that follows comes out.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::program::Program;
use super::state::{Cold, ContactState};
use super::{Envelope, InputKind};
use crate::model::{
    ConsentRecord, ContactId, EnrollmentId, ExitReason, Fingerprint, InputId, JourneyId, Message, Name, Step,
    Waiting,
};
use crate::seeded::{Bug, is_on};

/// What follows from a contact's inputs at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// Replaces the old state.
    pub state: ContactState,
    /// Whether the cold part of the state changed.
    pub cold_changed: bool,
    /// How many of the inputs were read; the rest waits in the mailbox.
    pub consumed: usize,
    /// The earliest instant at which the contact must be looked at without new mail.
    pub due_at: Option<DateTime<Utc>>,
    /// The audit of every decision, in order.
    pub steps: Vec<Step>,
    /// For the outbox.
    pub messages: Vec<Message>,
    /// Enrollments whose messages that have not begun are cancelled, those of this transition included.
    pub cancel: Vec<EnrollmentId>,
    /// Appended to the contact's consent chain.
    pub consents: Vec<ConsentRecord>,
    /// Withdrawals of this contact that a later grant lifts in the gate.
    pub lifts: Vec<Lift>,
    /// For the host.
    pub signals: Vec<Signal>,
}

/// A grant that came later than a withdrawal: the gate's denial of this purpose ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lift {
    /// On which channel.
    pub channel: Name,
    /// For which purpose.
    pub purpose: Name,
    /// The one address that the grant is for; denials of other addresses stay.
    pub address: Option<Fingerprint>,
    /// The grant's place in the mailbox; denials with a later place stay.
    pub seq: u64,
}

/// A fact for the host, told after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// An enrollment began.
    Entered {
        /// Who.
        contact: ContactId,
        /// Which enrollment.
        enrollment: EnrollmentId,
        /// Which journey.
        journey: JourneyId,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was said of a contact would have made it larger than [`ContactState::MOST_SIZE`], and was left out.
    TooLarge {
        /// Who.
        contact: ContactId,
        /// The input.
        input: InputId,
        /// When.
        at: DateTime<Utc>,
    },
    /// The contact's work failed too often in a row; it waits until somebody releases it.
    Parked {
        /// Who.
        contact: ContactId,
        /// A word for the last failure.
        reason: Name,
    },
    /// An enrollment ended.
    Exited {
        /// Who.
        contact: ContactId,
        /// Which enrollment.
        enrollment: EnrollmentId,
        /// Which journey.
        journey: JourneyId,
        /// Why.
        reason: ExitReason,
        /// When.
        at: DateTime<Utc>,
    },
}

impl Program {
    /// Folds `envelopes` into `state` at `now` and says what follows.
    ///
    /// Total: it never fails, panics, waits, reads a clock or draws randomness. The same arguments give the same answer,
    /// on every machine, for ever; and folding the inputs one by one, with `now` at any instants between them, gives the
    /// same steps and messages as folding them at once.
    ///
    /// Before each envelope everything due at or before its receipt happens, in order of due time and each at its own
    /// instant; after the last, everything due until `now`.
    ///
    /// ```
    /// use journeyman::machine::{ContactState, Envelope, Input, Program};
    /// use journeyman::model::InputId;
    /// use journeyman::time::Span;
    /// use journeyman::{Event, Journey};
    ///
    /// let journey = Journey::builder("hello").enter_on("signed_up").wait(Span::hours(2)).exit("end", "done").build()?;
    /// let program = Program::of([journey]);
    /// let signed_up = Input::from(Event::new("lea", "signed_up"));
    /// let at = "2026-03-23T09:00:00Z".parse()?;
    /// let envelope = Envelope::new(1, InputId::from_place(&signed_up.contact, 1), at, signed_up.kind);
    ///
    /// let entered = program.transition(ContactState::new("lea".into()), &[envelope], at);
    /// assert_eq!(entered.due_at, Some("2026-03-23T11:00:00Z".parse()?));
    /// let later = program.transition(entered.state, &[], "2026-03-23T12:00:00Z".parse()?);
    /// assert_eq!(later.steps.len(), 2); // the wait is over, the exit is reached
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn transition(&self, state: ContactState, envelopes: &[Envelope], now: DateTime<Utc>) -> Transition {
        let mut run = Run::new(self, state);
        for envelope in envelopes {
            let at = envelope.received_at.max(run.out.state.hot.now);
            if !run.fire_until(at) {
                return run.finish();
            }
            run.out.state.hot.now = at;
            run.apply(envelope, at);
            run.out.consumed += 1;
        }
        let now = now.max(run.out.state.hot.now);
        if run.fire_until(now) {
            run.out.state.hot.now = now;
        }
        run.finish()
    }
}

/// One transition on its way.
pub(super) struct Run<'p> {
    pub(super) program: &'p Program,
    pub(super) out: Transition,
    timers: u32,
}

/// What can be due, in the order in which things of one instant happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Step(usize),
    MaxDuration(usize),
    Pending(usize),
}

impl<'p> Run<'p> {
    fn new(program: &'p Program, state: ContactState) -> Self {
        let out = Transition {
            state,
            cold_changed: false,
            consumed: 0,
            due_at: None,
            steps: Vec::new(),
            messages: Vec::new(),
            cancel: Vec::new(),
            consents: Vec::new(),
            lifts: Vec::new(),
            signals: Vec::new(),
        };
        Self { program, out, timers: 0 }
    }

    /// Fires everything due at or before `at`, in order; false where the budget of timers is used up.
    fn fire_until(&mut self, at: DateTime<Utc>) -> bool {
        while let Some((due, what)) = self.next_due().filter(|(due, _)| *due <= at) {
            if self.timers == Program::MOST_TIMERS {
                return false;
            }
            self.timers += 1;
            self.out.state.hot.now = self.out.state.hot.now.max(due);
            match what {
                Due::Step(index) if is_on(Bug::WaitsFromTheWake) => self.wake(index, at),
                Due::Step(index) => self.wake(index, due),
                Due::MaxDuration(index) => self.exit(index, due, ExitReason::MaxDuration),
                Due::Pending(index) => {
                    let envelope = self.out.state.hot.pending.remove(index);
                    self.apply(&envelope, due);
                }
            }
        }
        true
    }

    fn next_due(&self) -> Option<(DateTime<Utc>, Due)> {
        let hot = &self.out.state.hot;
        let effective = |journey, due: Option<DateTime<Utc>>| self.program.effective(journey, due?);
        let enrollments = hot.enrollments.iter().enumerate().flat_map(|(index, enrollment)| {
            let step = effective(&enrollment.journey, enrollment.waiting.due_at());
            let end = effective(&enrollment.journey, enrollment.expires_at);
            [step.map(|due| (due, Due::Step(index))), end.map(|due| (due, Due::MaxDuration(index)))]
        });
        let pending = hot.pending.iter().enumerate().map(|(index, envelope)| {
            let due = envelope.kind.claimed_at().unwrap_or(envelope.received_at);
            Some((due, Due::Pending(index)))
        });
        enrollments.chain(pending).flatten().min()
    }

    fn finish(mut self) -> Transition {
        self.out.due_at = self.next_due().map(|(due, _)| due);
        self.out
    }

    /// The cold part, to be changed.
    pub(super) fn cold(&mut self) -> &mut Cold {
        self.out.cold_changed = true;
        Arc::make_mut(&mut self.out.state.cold)
    }

    /// Something an enrollment waited for by time has come.
    fn wake(&mut self, index: usize, at: DateTime<Utc>) {
        let waiting = self.out.state.hot.enrollments[index].waiting.clone();
        match waiting {
            Waiting::Until { .. } => self.elapsed(index, at),
            Waiting::Event { .. } => self.timed_out(index, at),
            Waiting::Matched { alternative, .. } => self.matched(index, at, alternative),
            Waiting::Permit { .. } => self.revisit(index, at),
            Waiting::Settled { message, accepted, .. } => self.settled(index, at, message, accepted),
            Waiting::Delivery { .. } => {} // nothing of it is ever due
        }
    }

    /// Says that an envelope must wait for its own instant, and keeps it; false where it applies now.
    pub(super) fn keep_for_later(&mut self, envelope: &Envelope, at: DateTime<Utc>) -> bool {
        let later = matches!(envelope.kind, InputKind::Event(_)) && envelope.kind.claimed_at() > Some(at);
        let room = self.out.state.hot.pending.len() < ContactState::MOST_PENDING;
        if later && room {
            self.out.state.hot.pending.push(envelope.clone());
        }
        later && room
    }

    /// The cause of an entry.
    pub(super) fn contact_id(&self) -> &ContactId {
        &self.out.state.cold.contact.id
    }

    pub(super) fn enrollment_id(&self, journey: &JourneyId, cause: InputId) -> EnrollmentId {
        EnrollmentId::derive(&self.program.namespace, self.contact_id(), journey, cause, "")
    }
}
