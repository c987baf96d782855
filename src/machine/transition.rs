//! The one entry: inputs and time go in, a new state and everything that follows comes out.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::happen::Queued;
use super::profiling::PROFILING;
use super::program::Program;
use super::segment::MoveCause;
pub(super) use super::signal::Signal;
use super::state::{Cold, ContactState};
use super::{Envelope, InputKind};
use crate::journey::Late;
use crate::model::{
    ConsentRecord, ContactId, EnrollmentId, ExitReason, Fingerprint, InputId, JourneyId, Message, MessageId,
    Name, Step, Waiting,
};
use crate::rule::score::Explanation;
use crate::rule::segment::Touched;
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

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
    /// Messages of this transition that are not cancelled with the others of their enrollment: they were decided after an
    /// operator had moved it.
    pub spared: Vec<MessageId>,
    /// Appended to the contact's consent chain.
    pub consents: Vec<ConsentRecord>,
    /// Withdrawals of this contact that a later grant lifts in the gate.
    pub lifts: Vec<Lift>,
    /// What the contact's own runs, and what came back from its addresses, forbid in the gate.
    pub denials: Vec<Denial>,
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

/// What a transition forbids: the store writes it into the gate in the transaction of the commit.
///
/// A withdrawal of a step is recorded by the transition itself; this is the gate's part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// The contact no longer allows something, as [`Gate::withdraw`](crate::port::store::Gate::withdraw) writes it.
    Withdrawn {
        /// For which purpose; every one where absent.
        purpose: Option<Name>,
        /// On which channel; every one where absent.
        channel: Option<Name>,
        /// Purposes that it leaves alone, because a contract or a law demands them.
        except: Vec<Name>,
        /// Its place among the contact's mail: it comes after everything before this place, and a grant at this place or a
        /// later one lifts it. 0 means after everything that was read before the commit.
        seq: u64,
    },
    /// An address is never written to again, as [`Gate::suppress`](crate::port::store::Gate::suppress) writes it.
    Suppressed {
        /// On which channel.
        channel: Name,
        /// Which address.
        address: Fingerprint,
    },
}

impl Denial {
    /// Whether it forbids a message to the contact, or to the address.
    #[must_use]
    pub fn concerns(&self, message: &Message) -> bool {
        match self {
            Self::Withdrawn { purpose, channel, except, .. } => {
                purpose.as_ref().is_none_or(|purpose| *purpose == message.purpose)
                    && !except.contains(&message.purpose)
                    && channel.as_ref().is_none_or(|channel| *channel == message.channel)
            }
            Self::Suppressed { channel, .. } => *channel == message.channel,
        }
    }

    /// The same with a place, where it has none: after everything up to `read_seq`.
    #[must_use]
    pub fn placed(self, read_seq: u64) -> Self {
        match self {
            Self::Withdrawn { purpose, channel, except, seq: 0 } => {
                Self::Withdrawn { purpose, channel, except, seq: read_seq.saturating_add(1) }
            }
            other => other,
        }
    }
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
        run.pass(envelopes, now);
        run.finish()
    }

    /// The same, with what gave the contact points and took them.
    pub(super) fn explained(
        &self,
        state: ContactState,
        envelopes: &[Envelope],
        now: DateTime<Utc>,
        explanation: &mut Explanation,
    ) -> Transition {
        let mut run = Run::new(self, state);
        run.explanation = Some(std::mem::take(explanation));
        run.pass(envelopes, now);
        *explanation = run.explanation.take().unwrap_or_default();
        run.finish()
    }
}

/// One transition on its way.
pub(super) struct Run<'p> {
    pub(super) program: &'p Program,
    pub(super) out: Transition,
    timers: u32,
    /// What walks made happen at this instant and is still to be looked at.
    pub(super) queue: VecDeque<Queued>,
    /// How many walks lie between the cause from outside and what is looked at now.
    pub(super) generation: u8,
    /// How much happened at this cause.
    pub(super) happened: u32,
    /// Whether a pause made what is walked now later than its journey allows.
    pub(super) late: bool,
    /// Whether what follows belongs to the next transition: this one takes messages back that were decided before.
    pub(super) stops: bool,
    /// The place of the input that is read now; 0 for what time brings.
    pub(super) seq: u64,
    /// The place of the last input that this transition read; 0 before the first.
    pub(super) read: u64,
    /// What gave points and took them, where somebody asks.
    pub(super) explanation: Option<Explanation>,
    /// Whether nothing of the contact was committed yet, and its first input is still to be looked at.
    pub(super) is_new: bool,
    /// What segments must be asked again.
    pub(super) touched: Touched,
    /// What moves the contact now.
    pub(super) cause: MoveCause,
    /// The contact's own zone, once it was looked up.
    pub(super) own: Option<Zone>,
}

/// What can be due, in the order in which things of one instant happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A score, by its place: before the steps that may ask for it.
    Score(usize),
    /// A membership, before the steps that may ask for it.
    Segments,
    Step(usize),
    MaxDuration(usize),
    Date(usize),
    Pending(usize),
    /// The end of a yes under which a third party was told.
    Sharing,
}

impl<'p> Run<'p> {
    pub(super) fn new(program: &'p Program, state: ContactState) -> Self {
        let out = Transition {
            state,
            cold_changed: false,
            consumed: 0,
            due_at: None,
            steps: Vec::new(),
            messages: Vec::new(),
            cancel: Vec::new(),
            spared: Vec::new(),
            consents: Vec::new(),
            lifts: Vec::new(),
            denials: Vec::new(),
            signals: Vec::new(),
        };
        let mut run = Self {
            program,
            out,
            timers: 0,
            queue: VecDeque::new(),
            generation: 0,
            happened: 0,
            late: false,
            stops: false,
            seq: 0,
            read: 0,
            explanation: None,
            is_new: false,
            touched: Touched::default(),
            cause: MoveCause::Clock,
            own: None,
        };
        run.start_segments();
        run.start_scores();
        run
    }

    /// Reads the inputs that fit into one transition, and lets time pass until `now`.
    fn pass(&mut self, envelopes: &[Envelope], now: DateTime<Utc>) {
        for envelope in envelopes {
            let at = envelope.received_at.max(self.out.state.hot.now);
            if !self.fire_until(at) {
                return;
            }
            self.out.state.hot.now = at;
            (self.seq, self.read) = (envelope.seq, envelope.seq);
            self.mind_profiling(envelope.id, at);
            let new_scores = self.adopt_scores(at);
            if self.adopt_segments(at) || new_scores {
                self.drain(at);
            }
            self.cause = MoveCause::Input(envelope.id);
            let tells_who = matches!(envelope.kind, InputKind::Identify(_) | InputKind::Import { .. });
            let is_new = std::mem::take(&mut self.is_new);
            if is_new && !tells_who {
                self.look_at_all(envelope.id, at);
            }
            self.apply(envelope, at);
            self.settle_sharings(at);
            self.let_segments_move(at);
            self.drain(at);
            if is_new && tells_who {
                self.look_at_all(envelope.id, at);
            }
            self.out.consumed += 1;
            if self.stops {
                return;
            }
        }
        let now = now.max(self.out.state.hot.now);
        if self.fire_until(now) {
            self.out.state.hot.now = now;
        }
    }

    /// Fires everything due at or before `at`, in order; false where the budget of timers is used up.
    fn fire_until(&mut self, at: DateTime<Utc>) -> bool {
        while let Some((due, what)) = self.next_due().filter(|(due, _)| *due <= at) {
            if self.timers == Program::MOST_TIMERS {
                return false;
            }
            self.timers += 1;
            // New rules come in just before, so that what time brings at this very instant is told as its doing.
            let just_before = due.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(due);
            let stands_at = if self.knows_segments() && self.knows_scores() { due } else { just_before };
            self.out.state.hot.now = self.out.state.hot.now.max(stands_at);
            self.seq = 0;
            // What a pause held is due in the past, and new rules come in now.
            let now = self.out.state.hot.now;
            self.cause = MoveCause::Clock;
            if self.profiling_turned() {
                self.mind_profiling(InputId::from_clock(self.contact_id(), PROFILING, now), now);
            }
            let new_scores = self.adopt_scores(now);
            if self.adopt_segments(now) || new_scores {
                self.drain(now);
                continue;
            }
            match what {
                Due::Segments if is_on(Bug::FlipLate) => self.segments_come(at),
                Due::Segments => self.segments_come(due),
                Due::Score(place) if is_on(Bug::DecayAfterItsInstant) => self.score_comes(place, at),
                Due::Score(place) => self.score_comes(place, due),
                Due::Step(index) if is_on(Bug::WaitsFromTheWake) => self.wake(index, at),
                Due::Step(index) => self.wake(index, due),
                Due::MaxDuration(index) => self.exit(index, due, ExitReason::MaxDuration),
                Due::Date(index) => self.date_comes(index, due),
                Due::Pending(index) => {
                    let envelope = self.out.state.hot.pending.remove(index);
                    self.cause = MoveCause::Input(envelope.id);
                    self.apply(&envelope, due);
                    self.settle_sharings(due);
                    self.let_segments_move(due);
                }
                Due::Sharing => self.settle_sharings(due),
            }
            self.drain(due);
        }
        true
    }

    fn next_due(&self) -> Option<(DateTime<Utc>, Due)> {
        let hot = &self.out.state.hot;
        let effective = |journey, due: Option<DateTime<Utc>>| self.program.effective(journey, due?);
        let enrollments = hot.enrollments.iter().enumerate().flat_map(|(index, enrollment)| {
            let forgotten = is_on(Bug::CallForgets) && matches!(enrollment.waiting, Waiting::Answer { .. });
            let own = |due: Option<DateTime<Utc>>| self.program.effective_for(enrollment, due?);
            let step = own(enrollment.waiting.due_at().filter(|_| !forgotten));
            let end = own(enrollment.expires_at);
            [step.map(|due| (due, Due::Step(index))), end.map(|due| (due, Due::MaxDuration(index)))]
        });
        let planned = hot.planned.iter().enumerate().map(|(index, planned)| {
            let due = effective(&planned.journey, Some(planned.at));
            due.map(|due| (due, Due::Date(index)))
        });
        let pending = hot.pending.iter().enumerate().map(|(index, envelope)| {
            let due = envelope.kind.claimed_at().unwrap_or(envelope.received_at);
            Some((due, Due::Pending(index)))
        });
        let scores = self
            .program
            .scores
            .all()
            .map(|(place, ..)| self.score_due_at(place).map(|due| (due, Due::Score(place))));
        let segments = [self.segments_due_at().map(|due| (due, Due::Segments))];
        let sharing = [self.sharing_due_at().map(|due| (due, Due::Sharing))];
        let waits = pending.clone().flatten();
        let next = enrollments
            .chain(planned)
            .chain(pending)
            .chain(scores)
            .chain(segments)
            .chain(sharing)
            .flatten()
            .min()?;
        let comes_then = |(due, _): &(DateTime<Utc>, Due)| *due == next.0;
        let moves_then = self.segments_due_at() == Some(next.0);
        // What happens at an instant comes before the moves of that instant.
        Some(waits.filter(comes_then).min().filter(|_| moves_then).unwrap_or(next))
    }

    pub(super) fn finish(mut self) -> Transition {
        self.keep_score_dues();
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
        self.late = match self.lateness(index, waiting.due_at(), at) {
            Late::Exit => return self.exit(index, at, ExitReason::Late),
            late => late == Late::Skip,
        };
        self.wake_now(index, at, waiting);
        self.late = false;
    }

    /// What the journey wants of a step that was due at `due` and happens at `at`: only a pause lies between them.
    fn lateness(&self, index: usize, due: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Late {
        let enrollment = &self.out.state.hot.enrollments[index];
        let Some(journey) = self.program.journey_of(enrollment) else { return Late::Send };
        // What undoes is never too late.
        let late = journey
            .late
            .zip(due)
            .filter(|_| !enrollment.undoing)
            .filter(|(late, due)| self.zone(journey).add(*due, late.grace) < at);
        late.map_or(Late::Send, |(late, _)| late.then)
    }

    fn wake_now(&mut self, index: usize, at: DateTime<Utc>, waiting: Waiting) {
        match waiting {
            Waiting::Until { .. } => self.elapsed(index, at),
            Waiting::Event { .. } => self.timed_out(index, at),
            Waiting::Matched { alternative, .. } => self.matched(index, at, alternative),
            Waiting::Permit { .. } | Waiting::Arrival { .. } => self.revisit(index, at),
            Waiting::Settled { message, accepted, .. } => self.settled(index, at, message, accepted),
            Waiting::Enrollment { .. } => self.returned(index, at, None),
            Waiting::Ended { end, .. } => self.returned(index, at, Some(end)),
            Waiting::Answer { .. } => self.timed_out(index, at),
            Waiting::Answered { message, answer, .. } => self.answered(index, at, message, &answer),
            Waiting::Refused { reasons, .. } => self.call_ends(index, at, reasons),
            Waiting::Moved { .. } => self.arrive(index, at),
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

    pub(super) fn enrollment_id(&self, journey: &JourneyId, cause: InputId, key: &str) -> EnrollmentId {
        EnrollmentId::derive(&self.program.namespace, self.contact_id(), journey, cause, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::Journey;
    use crate::machine::Input;
    use crate::model::{Consent, Contact, Event, Evidence};
    use crate::time::Span;

    fn start() -> DateTime<Utc> {
        "2026-03-23T21:00:00Z".parse().unwrap()
    }

    /// Inputs in order, each received at its own instant.
    fn mail(inputs: impl IntoIterator<Item = (DateTime<Utc>, Input)>) -> Vec<Envelope> {
        let stamped = (1..).zip(inputs).map(|(seq, (at, input))| {
            Envelope::new(seq, InputId::from_place(&input.contact, seq), at, input.kind)
        });
        stamped.collect()
    }

    fn lea() -> ContactState {
        ContactState::new("lea".into())
    }

    fn sized(size: usize) -> Contact {
        Contact::new("lea").attribute("a", "x".repeat(size - 1))
    }

    #[test]
    fn a_contact_fills_what_may_be_known_of_it_to_the_last_byte() {
        let program = Program::of([]);
        let most = ContactState::MOST_SIZE;
        let full = program.transition(lea(), &mail([(start(), sized(most).into())]), start());
        assert_eq!((full.state.cold.contact.size(), full.signals.len()), (most, 0));
        let more = Contact::new("lea").tag("b");
        let after = program.transition(full.state, &mail([(start(), more.into())]), start());
        assert_eq!((after.state.cold.contact.size(), after.signals.len()), (most, 1));
        let over = program.transition(lea(), &mail([(start(), sized(most + 1).into())]), start());
        assert_eq!((over.state.cold.contact.size(), over.signals.len()), (0, 1));
    }

    /// One may be larger than the limit of today, because it grew under another one.
    #[test]
    fn what_only_takes_away_is_never_too_large() {
        let mut state = lea();
        Arc::make_mut(&mut state.cold).contact = sized(ContactState::MOST_SIZE + 1);
        let less = Contact::new("lea").without("a");
        let out = Program::of([]).transition(state, &mail([(start(), less.into())]), start());
        assert_eq!((out.state.cold.contact.size(), out.signals.len()), (0, 0));
    }

    #[test]
    fn so_many_events_wait_for_their_instant_and_the_next_one_counts_at_once() {
        let later = start() + TimeDelta::hours(1);
        let events = |count| mail((0..count).map(|_| (start(), Event::new("lea", "e").at(later).into())));
        let most = ContactState::MOST_PENDING;
        for (count, at_once) in [(most, None), (most + 1, Some(1))] {
            let hot = Program::of([]).transition(lea(), &events(count), start()).state.hot;
            assert_eq!(hot.pending.len(), most);
            assert_eq!(hot.performed.tally("e").map(|tally| tally.count), at_once);
        }
    }

    #[test]
    fn what_does_not_fit_into_the_budget_of_timers_is_due_at_once() {
        let rounds = Journey::builder("rounds").enter_on("e").wait(Span::minutes(1)).goto("step-1");
        let program = Program::of([rounds.build().unwrap()]);
        let most = Program::MOST_TIMERS;
        let entered = program.transition(lea(), &mail([(start(), Event::new("lea", "e").into())]), start());
        let minute = |count: u32| start() + TimeDelta::minutes(count.into());
        for (now, fired, stands_at) in [
            (minute(most), most, minute(most)),
            (
                minute(most + 1) - TimeDelta::milliseconds(1),
                most,
                minute(most + 1) - TimeDelta::milliseconds(1),
            ),
            (minute(most + 1), most, minute(most)),
            (minute(2 * most), most, minute(most)),
        ] {
            let out = program.transition(entered.state.clone(), &[], now);
            assert_eq!((out.steps.len(), out.state.hot.now), (fired as usize, stands_at));
            assert_eq!(out.due_at, Some(minute(most + 1)));
            // The next transition goes on where this one stopped, each timer at its own instant.
            let next = program.transition(out.state, &[], minute(most + 2));
            assert_eq!((next.steps.len(), next.state.hot.now), (2, minute(most + 2)));
        }
        // Mail that was received after what did not fit waits for it.
        let late = mail([(minute(most + 1), Event::new("lea", "other").into())]);
        let out = program.transition(entered.state, &late, minute(most + 1));
        assert_eq!((out.consumed, out.due_at), (0, Some(minute(most + 1))));
    }

    #[test]
    fn a_step_that_leads_to_itself_begins_anew_and_hears_nothing_older() {
        let asks = Journey::builder("asks").enter_on("e").wait_for("paid", Span::days(1), "step-1");
        let program = Program::of([asks.exit("end", "paid").build().unwrap()]);
        let day = |hours| start() + TimeDelta::hours(hours);
        let entered = program.transition(lea(), &mail([(start(), Event::new("lea", "e").into())]), start());
        let again = program.transition(entered.state, &[], day(25));
        assert_eq!(again.steps[0].next, Some("step-1".into()));
        let enrollment = &again.state.hot.enrollments[0];
        assert_eq!(
            (enrollment.arrived_at, &enrollment.waiting),
            (day(24), &Waiting::Event { until: day(48), stood: Vec::new() })
        );
        // What happened before the second visit, and is told during it, is not what that visit waits for.
        let paid = |at| Event::new("lea", "paid").at(at).into();
        let late = program.transition(again.state, &mail([(day(26), paid(day(23)))]), day(26));
        assert_eq!((late.steps.len(), late.state.hot.enrollments.len()), (0, 1));
        let heard = program.transition(late.state, &mail([(day(27), paid(day(24)))]), day(27));
        assert_eq!((&heard.steps[0].next, heard.state.hot.enrollments.len()), (&Some("end".into()), 0));
    }

    #[test]
    fn whoever_is_put_off_twice_still_arrived_when_it_arrived_and_what_follows_arrives_at_its_own_instant() {
        let offer = Journey::builder("offer").enter_on("e").send("offer", "sms", "offer", "marketing");
        let program = Program::of([offer.wait(Span::hours(1)).build().unwrap()]);
        let evidence = Evidence::new("form", "v1");
        let told = [
            Contact::new("lea").address("sms", "+33600000001").into(),
            Consent::granted("lea", "marketing", "sms", evidence).into(),
            Event::new("lea", "e").into(),
            // Eight hours behind, the morning that the offer waits for is the night again.
            Contact::new("lea").zone("America/Los_Angeles").into(),
        ];
        let first = program.transition(lea(), &mail(told.map(|input| (start(), input))), start());
        let morning: DateTime<Utc> = "2026-03-24T08:30:00Z".parse().unwrap();
        assert_eq!(first.due_at, Some(morning));
        let second = program.transition(first.state, &[], morning);
        let enrollment = &second.state.hot.enrollments[0];
        let until = morning + TimeDelta::hours(7);
        assert_eq!((enrollment.arrived_at, &enrollment.waiting), (start(), &Waiting::Permit { until }));
        let sent = program.transition(second.state, &[], until);
        assert_eq!(sent.messages.len(), 1);
        let enrollment = &sent.state.hot.enrollments[0];
        assert_eq!((enrollment.node.as_str(), enrollment.arrived_at), ("step-2", until));
        assert_eq!(sent.due_at, Some(until + TimeDelta::hours(1)));
    }
}
