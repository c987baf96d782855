//! New rules of a score count what was before: the history of a contact, folded by them, takes the place of the old value.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::heard::emitted;
use super::profiling::PROFILING;
use super::program::{Program, ProgramParts};
use super::state::ContactState;
use super::transition::{Run, Signal};
use super::{Envelope, InputKind};
use crate::journey::NodeKind;
use crate::model::{Contact, Event, Fact, Hash, InputId, Name, Step, StepOutcome};
use crate::rule::score::{Cause, Change, Explanation, ScoreModel, ScoreState};
use crate::seeded::{Bug, is_on};

/// The most passes over a history; what is due after them is left to the contact's own timers.
const MOST_PASSES: u32 = 65_536;

/// A contact's history, counted by the rules of a score.
pub(super) struct Seed<'s> {
    pub(super) score: &'s Name,
    pub(super) hash: Hash,
    pub(super) through: u64,
    pub(super) as_of: i64,
    pub(super) state: &'s ScoreState,
}

impl Run<'_> {
    /// Takes a counted history in, unless it is of other rules, or something came after it that it does not know.
    pub(super) fn seed(&mut self, seed: &Seed<'_>, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        let Some((score, scored)) = program.scores.place(seed.score).and_then(|at| program.scores.at(at))
        else {
            return;
        };
        if scored.counts(score, &self.out.state.hot.rating) {
            return;
        }
        if self.is_unscored(scored) {
            let rating = &mut self.out.state.hot.rating;
            rating.uncounted.remove(score);
            rating.models.insert(score.clone(), scored.model.start());
            self.touch_rules();
            return;
        }
        let last = self.out.state.hot.rating.uncounted.get(score).copied().unwrap_or_default();
        // A profile that was given up since does not come back by what was counted before.
        let given_up = self.out.state.hot.profiling.from.is_some_and(|from| from > seed.as_of);
        let is_stale = last.seq > seed.through || last.at > seed.as_of || given_up;
        if scored.model.hash() != seed.hash || (is_stale && !is_on(Bug::SeedForgetsWhatCame)) {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::StaleSeed { contact, score: score.clone(), at });
            return;
        }
        let rating = &mut self.out.state.hot.rating;
        let old = rating.models.remove(score).unwrap_or_else(|| Self::told_before(rating, score));
        let tier = rating.tier(score).cloned();
        rating.uncounted.remove(score);
        let new = self.catch_up(&scored.model, seed.state.clone(), at);
        self.out.state.hot.rating.models.insert(score.clone(), new.clone());
        let (tier, mut changes) = (tier.as_deref(), Vec::new());
        scored.model.moved(&old, tier, &new, &mut |change| changes.push(change));
        let told = self.tell(score, &scored.model, changes, cause, at);
        self.touch_rules();
        self.happens_with(&[], &told, cause, at, at);
    }

    /// What fell due between the end of the history and now.
    fn catch_up(&mut self, model: &ScoreModel, mut state: ScoreState, at: DateTime<Utc>) -> ScoreState {
        let (zone, now) = (self.own_zone(), at.timestamp_millis());
        for _ in 0..MOST_PASSES {
            let Some(due) = model.next_due(&state).filter(|due| *due <= now) else { break };
            model.fire(&mut state, due, &zone, &mut |_| {});
            state.counted_at = Some(due);
        }
        state
    }
}

impl Program {
    /// Counts the history of a contact by the newest rules of a score, as of the instant that the contact was committed at:
    /// its inputs, and the events, attributes and points that steps of journeys gave it. `None` where the score is unknown.
    ///
    /// `inputs` are those that the contact has read, in order; `steps` all of its steps.
    ///
    /// ```
    /// use journeyman::machine::{ContactState, Envelope, Input, Program, ProgramParts, Scored};
    /// use journeyman::model::InputId;
    /// use journeyman::rule::score::{History, ScoreModel};
    /// use journeyman::Event;
    ///
    /// let at = "2026-03-23T09:00:00Z".parse()?;
    /// let input = Input::from(Event::new("lea", "message.replied"));
    /// let mail = [Envelope::new(1, InputId::from_place(&input.contact, 1), at, input.kind)];
    /// let known = Program::of([]).transition(ContactState::new("lea".into()), &mail, at).state;
    ///
    /// let model = ScoreModel::compile(r#"on("message.replied", 10);"#)?;
    /// let mut parts = ProgramParts::default();
    /// parts.scores.insert("spark".into(), Scored::new(model.into(), History::Count));
    /// let counted = Program::new(parts).recount("spark", &known, &mail, &[]);
    /// assert_eq!(counted.map(|state| state.value), Some(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recount(
        &self,
        score: &str,
        contact: &ContactState,
        inputs: &[Envelope],
        steps: &[Step],
    ) -> Option<ScoreState> {
        self.count(score, contact, inputs, steps).map(|(state, _)| state)
    }

    /// Says by what the score of a contact came about, from the same arguments as [`recount`](Program::recount). What the log
    /// no longer tells, because it was purged or counted by older rules that were to be kept, is one entry of its own.
    /// `None` where the score is unknown.
    #[must_use]
    pub fn explain_score(
        &self,
        score: &str,
        contact: &ContactState,
        inputs: &[Envelope],
        steps: &[Step],
    ) -> Option<Explanation> {
        let (counted, mut explanation) = self.count(score, contact, inputs, steps)?;
        let model = &self.score(score)?.model;
        let known = contact.hot.rating.state(score).filter(|state| state.model == counted.model);
        let missing = known.map_or(0, |known| known.value.saturating_sub(counted.value));
        if missing != 0 {
            let before = Change::Points { cause: Cause::History, points: missing, moved: missing };
            explanation.note(model, contact.hot.now.timestamp_millis(), &before, None);
        }
        Some(explanation)
    }

    fn count(
        &self,
        score: &str,
        contact: &ContactState,
        inputs: &[Envelope],
        steps: &[Step],
    ) -> Option<(ScoreState, Explanation)> {
        let (name, scored) = self.scores.at(self.scores.place(score)?)?;
        let alone = Self::new(ProgramParts {
            namespace: self.namespace.clone(),
            zone: self.zone.clone(),
            scores: BTreeMap::from([(name.clone(), scored.clone())]),
            ..ProgramParts::default()
        });
        if let Some(since) = self.unscored_since(contact, Some(scored)) {
            let explanation = Explanation { unprofiled_since: Some(since), ..Explanation::default() };
            return Some((scored.model.start(), explanation));
        }
        let until = contact.hot.now;
        let log = self.history(name, contact, inputs, steps);
        // Whoever was not to be profiled counts from the new yes on.
        let is_profiling = self.policy.is_profiling(scored.purpose.as_deref());
        let from = contact.hot.profiling.from.filter(|_| is_profiling);
        let counts = |at: DateTime<Utc>| from.is_none_or(|from| from <= at.timestamp_millis());
        let (before, log) = log.split_at(log.partition_point(|envelope| !counts(envelope.received_at)));
        let (model, mut explanation) = (&scored.model, Explanation::default());
        let mut state = ContactState::new(contact.cold.contact.id.clone());
        if let Some(from) = from.and_then(DateTime::from_timestamp_millis) {
            state = alone.begun_anew(state, before, from, &mut explanation);
        }
        let mut rest = log;
        for (at, points) in self.granted(name, steps).into_iter().filter(|(at, _)| counts(*at)) {
            // Of what is told at the very instant of a step, the input comes first.
            let before = rest.partition_point(|envelope| envelope.received_at <= at);
            let (now, later) = rest.split_at(before);
            rest = later;
            state = alone.passed(state, now, at, &mut explanation);
            if let Some(counted) = state.hot.rating.models.get_mut(name) {
                let at = at.timestamp_millis();
                model.add(counted, points, at, &mut |change| explanation.note(model, at, &change, None));
                counted.counted_at = Some(at);
            }
        }
        state = alone.passed(state, rest, until, &mut explanation);
        let mut counted = state.hot.rating.models.get(name)?.clone();
        let until = until.timestamp_millis();
        // What became known otherwise, by an answer or an assignment, is known by now.
        let mut note = |change: Change| explanation.note(model, until, &change, None);
        model.look(&mut counted, &contact.cold.contact, until, &mut note);
        Some((counted, explanation))
    }

    /// Somebody of whom everything is known, and nothing is counted, until an instant.
    fn begun_anew(
        &self,
        mut state: ContactState,
        before: &[Envelope],
        from: DateTime<Utc>,
        explanation: &mut Explanation,
    ) -> ContactState {
        let blind = Self::new(ProgramParts {
            namespace: self.namespace.clone(),
            zone: self.zone.clone(),
            ..ProgramParts::default()
        });
        state.hot.profiling.change(|known| known.from = Some(from.timestamp_millis()));
        state = blind.passed(state, before, from, &mut Explanation::default());
        let mut run = Run::new(self, state);
        run.explanation = Some(std::mem::take(explanation));
        run.out.state.hot.now = run.out.state.hot.now.max(from);
        run.begin_profile(InputId::from_clock(run.contact_id(), PROFILING, from), from);
        *explanation = run.explanation.take().unwrap_or_default();
        run.is_new = false;
        run.finish().state
    }

    /// A part of a history, and everything due until its end.
    fn passed(
        &self,
        mut state: ContactState,
        mut rest: &[Envelope],
        until: DateTime<Utc>,
        explanation: &mut Explanation,
    ) -> ContactState {
        for _ in 0..MOST_PASSES {
            let passed = self.explained(state, rest, until, explanation);
            rest = rest.get(passed.consumed..).unwrap_or_default();
            state = passed.state;
            if rest.is_empty() && passed.due_at.is_none_or(|due| due > until) {
                break;
            }
        }
        state
    }

    /// Everything that can concern a score, in order; what steps did comes after the input of their instant.
    fn history(
        &self,
        score: &Name,
        contact: &ContactState,
        inputs: &[Envelope],
        steps: &[Step],
    ) -> Vec<Envelope> {
        let told = inputs.iter().filter(|envelope| match &envelope.kind {
            InputKind::Event(_) | InputKind::Identify(_) | InputKind::Import { .. } => true,
            InputKind::Fact(Fact::Score { score: told, .. }) => told == score,
            _ => false,
        });
        let by_steps = steps.iter().filter_map(|step| {
            let cause = InputId::from_step(step.enrollment, step.ordinal);
            let kind = self.done_by(step, contact)?;
            Some((step.at, 1, Envelope::new(0, cause, step.at, kind)))
        });
        let told = told.map(|envelope| (envelope.received_at, 0, envelope.clone()));
        let mut all: Vec<(DateTime<Utc>, u8, Envelope)> = told.chain(by_steps).collect();
        all.sort_by_key(|(at, order, _)| (*at, *order));
        all.into_iter().map(|(.., envelope)| envelope).collect()
    }

    /// What a step did, as if it had been told.
    fn done_by(&self, step: &Step, contact: &ContactState) -> Option<InputKind> {
        let id = contact.cold.contact.id.clone();
        match (&step.outcome, self.visited(step)?) {
            (StepOutcome::Emitted { .. } | StepOutcome::TimedOut, kind) => {
                let (name, properties) = emitted(step, kind)?;
                Some(InputKind::Event(Event { properties, ..Event::new(id, name) }))
            }
            // What it computed the log does not tell: it is known by now, like an answer.
            (StepOutcome::Changed, NodeKind::Set(set)) => {
                let mut update = Contact::new(id);
                update.attributes.clone_from(&set.attributes);
                update.unset.clone_from(&set.unset);
                update.tags.clone_from(&set.tags);
                update.untag.clone_from(&set.untag);
                Some(InputKind::Identify(update))
            }
            _ => None,
        }
    }

    /// The points that steps gave to a score, in order of time.
    fn granted(&self, score: &Name, steps: &[Step]) -> Vec<(DateTime<Utc>, i64)> {
        let given = steps.iter().filter_map(|step| match (&step.outcome, self.visited(step)?) {
            (StepOutcome::Scored { .. }, NodeKind::Score { score: to, add }) if to == score => {
                Some((step.at, *add))
            }
            _ => None,
        });
        let mut given: Vec<(DateTime<Utc>, i64)> = given.collect();
        given.sort_by_key(|(at, _)| *at);
        given
    }

    fn visited(&self, step: &Step) -> Option<&NodeKind> {
        let journey = self.journey(&step.journey, step.version)?;
        Some(&journey.nodes.get(journey.node(&step.node)?)?.kind)
    }
}
