//! New segments ask for what was before: the history of a contact is looked through, and what it lacks is taken from there.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::heard::emitted;
use super::program::{Program, ProgramParts};
use super::segment::{MoveCause, not_counted};
use super::state::ContactState;
use super::transition::{Run, Signal};
use super::undo::UNDO;
use super::{Envelope, InputKind};
use crate::journey::NodeKind;
use crate::model::{
    Contact, ContactId, Dated, Enrollment, EnrollmentId, Event, ExitReason, Fact, Hash, InputId, MessageId,
    Name, Step, StepOutcome, Waiting,
};
use crate::rule::segment::{Heard, SegmentState, Uncounted};
use crate::seeded::{Bug, is_on};

/// The most passes over a part of a history.
const MOST_PASSES: u32 = 65_536;

/// A contact's history, looked through for segments.
pub(super) struct Counted<'s> {
    pub(super) hash: Hash,
    pub(super) through: u64,
    pub(super) as_of: i64,
    pub(super) state: &'s SegmentState,
}

impl Run<'_> {
    /// Takes what a history tells of segments, unless it is of another set of them, or something came after it that it does
    /// not know.
    pub(super) fn seed_segments(&mut self, counted: &Counted<'_>, at: DateTime<Utc>) {
        let program = self.program;
        let state = &self.out.state.hot.segments;
        if !self.awaits_history(state) {
            return;
        }
        let is_newer = |last: Uncounted| last.seq > counted.through || last.at > counted.as_of;
        let is_stale = state.uncounted.is_some_and(is_newer);
        if program.segments.hash() != counted.hash || (is_stale && !is_on(Bug::SeedForgetsWhatCame)) {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::StaleSegments { contact, at });
            return;
        }
        let hot = &mut self.out.state.hot;
        match std::mem::take(&mut hot.retracted) {
            true => program.segments.replace(&mut hot.segments, counted.state, &mut self.touched),
            false if is_on(Bug::SeedForgetsStreams) => {
                program.segments.seed(&mut hot.segments, &program.segments.start(), &mut self.touched);
            }
            false => program.segments.seed(&mut hot.segments, counted.state, &mut self.touched),
        }
        hot.segments.uncounted = None;
        let told = self.settle_by(MoveCause::Definition, true, at);
        if let Some(first) = told.first() {
            self.happens_with(&[], &told, first.cause, at, at);
        }
    }

    /// An event that was told never happened: what events make is taken from a history without it, once that was looked
    /// through.
    pub(super) fn retract(&mut self, input: InputId, at: DateTime<Utc>) {
        let hot = &mut self.out.state.hot;
        let waiting = hot.pending.len();
        hot.pending.retain(|envelope| envelope.id != input);
        // What waited for its instant was not counted yet.
        if !self.program.segments.is_empty() && hot.pending.len() == waiting {
            hot.retracted = true;
            not_counted(&mut hot.segments, self.seq, at);
        }
    }
}

/// Something of a history that no input tells.
pub(super) enum Past<'s> {
    Told(&'s Envelope),
    Did(&'s Step),
}

impl Program {
    /// Looks through the history of a contact for everything that the segments of this program ask, as of the instant that
    /// the contact was committed at: its inputs, and what its journeys did. Events that were
    /// [retracted](crate::Engine::retract) are left out; of a contact that waits for that, everything that is known and that
    /// they do not concern is left out too.
    ///
    /// `inputs` are those that the contact has read, in order; `steps` all of its steps.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::sync::Arc;
    /// use journeyman::machine::{ContactState, Envelope, Input, Program, ProgramParts};
    /// use journeyman::model::InputId;
    /// use journeyman::rule::segment::{SegmentDefinition, Segments};
    /// use journeyman::Event;
    ///
    /// let at = "2026-03-23T09:00:00Z".parse()?;
    /// let input = Input::from(Event::new("lea", "app.opened"));
    /// let mail = [Envelope::new(1, InputId::from_place(&input.contact, 1), at, input.kind)];
    /// let known = Program::of([]).transition(ContactState::new("lea".into()), &mail, at).state;
    ///
    /// let active: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "active", "where": {"event": "app.opened", "within": "30d"}}"#)?;
    /// let mut parts = ProgramParts::default();
    /// parts.segments = Arc::new(Segments::compile([active], &BTreeMap::new())?);
    /// let counted = Program::new(parts).recount_segments(&known, &mail, &[]);
    /// assert!(counted.members.contains_key("active"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recount_segments(
        &self,
        contact: &ContactState,
        inputs: &[Envelope],
        steps: &[Step],
    ) -> SegmentState {
        let scores = self.scores().map(|(score, scored)| (score.clone(), scored.clone())).collect();
        let alone = Self::new(ProgramParts {
            namespace: self.namespace.clone(),
            zone: self.zone.clone(),
            // What the contact refused, it refuses again as its history is read.
            policy: self.policy.clone(),
            scores,
            segments: self.segments.clone(),
            ..ProgramParts::default()
        });
        let until = contact.hot.now;
        let mut state = ContactState::new(contact.cold.contact.id.clone());
        // What was before the contact let itself be profiled again counts for nothing, and a merge is in no history.
        state.hot.profiling.change(|known| known.from = contact.hot.profiling.from);
        let undoing = self.undoing(&contact.cold.contact.id, steps);
        for past in self.past(inputs, steps) {
            state = match past {
                Past::Told(envelope) => alone.told(state, envelope),
                Past::Did(step) if undoing.contains(&step.enrollment) && is_edge(step) => state,
                Past::Did(step) => alone.did(self, state, step),
            };
        }
        state = alone.waits(state, until);
        // What became known otherwise, by an answer or an assignment, is known by now.
        let mut run = Run::new(&alone, state);
        let (cold, hot) = (contact.cold.clone(), &contact.hot);
        run.out.state.cold = cold;
        run.out.state.hot.rating.clone_from(&hot.rating);
        run.out.state.hot.entries.clone_from(&hot.entries);
        run.out.state.hot.enrollments.clone_from(&hot.enrollments);
        run.out.state.hot.profiling.clone_from(&hot.profiling);
        run.own = None;
        if let Some(from) = hot.profiling.from {
            self.segments.begin_at(&mut run.out.state.hot.segments, from, &self.barred());
        }
        self.segments.touch_all(&mut run.touched);
        run.settle(until);
        let mut counted = run.out.state.hot.segments;
        if contact.hot.retracted {
            let retracted = retracted(inputs);
            let events = inputs.iter().filter(|envelope| retracted.contains(&envelope.id));
            let heard = events.filter_map(|envelope| match &envelope.kind {
                InputKind::Event(event) => {
                    let at = event.at.unwrap_or(envelope.received_at).timestamp_millis();
                    Some(Heard::new(&event.name, &event.properties, at, at, &self.zone))
                }
                _ => None,
            });
            let heard: Vec<Heard<'_>> = heard.collect();
            self.segments.narrow(&mut counted, &contact.hot.segments, &heard);
        }
        counted
    }

    /// Everything that can concern a segment, in order; what steps did comes after the input of their instant.
    pub(super) fn past<'s>(&self, inputs: &'s [Envelope], steps: &'s [Step]) -> Vec<Past<'s>> {
        let retracted = retracted(inputs);
        let told = inputs.iter().filter(|envelope| {
            let concerns = matches!(
                envelope.kind,
                InputKind::Event(_)
                    | InputKind::Identify(_)
                    | InputKind::Import { .. }
                    | InputKind::Fact(_)
                    | InputKind::Consent(_)
                    | InputKind::Withdrawal(_)
                    | InputKind::Suppression { .. }
                    | InputKind::Delivery(_)
            );
            concerns && !retracted.contains(&envelope.id)
        });
        let told = told.map(|envelope| (envelope.received_at, 0, Past::Told(envelope)));
        let did = steps.iter().map(|step| (step.at, 1, Past::Did(step)));
        let mut all: Vec<(DateTime<Utc>, u8, Past<'s>)> = told.chain(did).collect();
        all.sort_by_key(|(at, order, _)| (*at, *order));
        all.into_iter().map(|(.., past)| past).collect()
    }

    /// Reads one input again.
    fn told(&self, mut state: ContactState, envelope: &Envelope) -> ContactState {
        for _ in 0..MOST_PASSES {
            let passed = self.transition(state, std::slice::from_ref(envelope), envelope.received_at);
            state = passed.state;
            if passed.consumed > 0 {
                break;
            }
        }
        state
    }

    /// Lets time pass.
    fn waits(&self, mut state: ContactState, until: DateTime<Utc>) -> ContactState {
        if state.hot.now == DateTime::UNIX_EPOCH {
            return state;
        }
        for _ in 0..MOST_PASSES {
            let passed = self.transition(state, &[], until);
            state = passed.state;
            if passed.due_at.is_none_or(|due| due > until) {
                break;
            }
        }
        state
    }

    /// Does again what a step of a journey did; `full` has the journeys.
    fn did(&self, full: &Self, state: ContactState, step: &Step) -> ContactState {
        let state = self.waits(state, step.at);
        let mut run = Run::new(self, state);
        run.out.state.hot.now = run.out.state.hot.now.max(step.at);
        run.is_new = false;
        run.cause = MoveCause::Input(InputId::from_step(step.enrollment, step.ordinal));
        run.again(full, step);
        run.let_segments_move(step.at);
        run.drain(step.at);
        run.finish().state
    }

    /// The runs that only undid what others had done: no runs of their own, though what they did counts.
    pub(super) fn undoing(&self, contact: &ContactId, steps: &[Step]) -> BTreeSet<EnrollmentId> {
        let begun = steps.iter().filter(|step| matches!(step.outcome, StepOutcome::Exited { .. }));
        let begun = begun.map(|step| {
            let cause = InputId::from_step(step.enrollment, step.ordinal.saturating_add(1));
            EnrollmentId::derive(&self.namespace, contact, &step.journey, cause, UNDO)
        });
        begun.collect()
    }

    pub(super) fn did_by(&self, step: &Step) -> Option<&NodeKind> {
        let journey = self.journey(&step.journey, step.version)?;
        Some(&journey.nodes.get(journey.node(&step.node)?)?.kind)
    }
}

impl Run<'_> {
    fn again(&mut self, full: &Program, step: &Step) {
        let (at, cause) = (step.at, InputId::from_step(step.enrollment, step.ordinal));
        let id = self.contact_id().clone();
        match (&step.outcome, full.did_by(step)) {
            (StepOutcome::Entered, _) => self.begun_again(step),
            (StepOutcome::Exited { reason }, _) => self.ended_again(step, reason),
            (StepOutcome::Emitted { .. } | StepOutcome::TimedOut, Some(kind)) => {
                if let Some((name, properties)) = emitted(step, kind) {
                    self.event(&Event { properties, ..Event::new(id, name) }, cause, at);
                }
            }
            // What it computed the log does not tell.
            (StepOutcome::Changed, Some(NodeKind::Set(set))) => {
                let mut update = Contact::new(id);
                update.attributes.clone_from(&set.attributes);
                update.unset.clone_from(&set.unset);
                update.tags.clone_from(&set.tags);
                update.untag.clone_from(&set.untag);
                self.identify(&update, cause, at);
            }
            (StepOutcome::Scored { value }, Some(NodeKind::Score { score, add })) => {
                let points = super::score::Granted::Points(*add);
                if self.grant(score, points, cause, at).is_none() {
                    self.fact(&Fact::Score { score: score.clone(), value: *value }, cause, at);
                }
            }
            _ => {}
        }
    }

    /// A run that stands nowhere: it is only known to be there.
    fn begun_again(&mut self, step: &Step) {
        let Step { journey, at, .. } = step;
        let mut run =
            Enrollment::new(step.enrollment, journey.clone(), step.version, *at, step.node.clone(), None);
        run.waiting = Waiting::Delivery { message: MessageId::from_bytes([0; 16]) };
        let hot = &mut self.out.state.hot;
        run.before = hot.entries.get(journey).map(|passage| passage.entered_at);
        hot.entries.entry(journey.clone()).or_default().enter(None, *at);
        hot.enrollments.push(run);
        self.journey_entered(journey, *at);
    }

    fn ended_again(&mut self, step: &Step, reason: &ExitReason) {
        if let Some(index) = self.position(step.enrollment) {
            let run = &mut self.out.state.hot.enrollments[index];
            if *reason == ExitReason::DateMoved {
                run.date = Some(Dated { attribute: Name::default(), before: run.before });
            }
            self.exit(index, step.at, reason.clone());
        }
    }
}

/// Whether a run begins or ends here.
pub(super) fn is_edge(step: &Step) -> bool {
    matches!(step.outcome, StepOutcome::Entered | StepOutcome::Exited { .. })
}

/// The events that were taken back.
fn retracted(inputs: &[Envelope]) -> BTreeSet<InputId> {
    let told = inputs.iter().filter_map(|envelope| match envelope.kind {
        InputKind::Retract { input } => Some(input),
        _ => None,
    });
    told.collect()
}
