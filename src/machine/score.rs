//! Scores: what happens to a contact goes through the models of its scores, and what that brings about is told with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::scored::Scored;
use super::transition::{Run, Signal};
use crate::model::{Contact, Event, Fact, InputId, Name};
use crate::rule::Rating;
use crate::rule::score::{Change, Heard, History, ScoreModel, ScoreState};
use crate::time::Zone;

/// What a model made true, with the value that the score had before.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) fact: Fact,
    pub(super) before: i64,
    pub(super) cause: InputId,
    /// Whether nothing happened: a segment is new, or asked for otherwise.
    pub(super) by_definition: bool,
}

/// The most timers of one score that fire without a word, where history is brought in; what is left fires aloud.
const MOST_QUIET: u32 = 65_536;
/// The most timers of one score that fire at one instant before anybody is told; what is left is due at once.
const MOST_AT_ONCE: u32 = 1_024;

impl Run<'_> {
    /// Whom nobody has committed yet starts with the newest rules of every score: there is no history to count.
    pub(super) fn start_scores(&mut self) {
        let hot = &mut self.out.state.hot;
        if hot.now != DateTime::UNIX_EPOCH {
            return;
        }
        for (_, score, scored) in self.program.scores.all() {
            hot.rating.models.insert(score.clone(), scored.model.start());
        }
        self.is_new = true;
    }

    /// When the model of a score has something due for this contact: a new one that keeps what is there comes in with what
    /// the old one had due.
    pub(super) fn score_due_at(&self, place: usize) -> Option<DateTime<Utc>> {
        let (score, scored) = self.program.scores.at(place)?;
        let state = self.out.state.hot.rating.models.get(score)?;
        let due = match scored.history {
            _ if scored.counts(score, &self.out.state.hot.rating) => scored.model.next_due(state),
            History::Keep => state.due_at,
            History::Count => None,
        };
        due.and_then(DateTime::from_timestamp_millis)
    }

    /// What the models have due is kept for the rules that may come after them.
    pub(super) fn keep_score_dues(&mut self) {
        for (_, score, scored) in self.program.scores.all() {
            if !scored.counts(score, &self.out.state.hot.rating) {
                continue;
            }
            if let Some(state) = self.out.state.hot.rating.models.get_mut(score) {
                state.due_at = scored.model.next_due(state);
            }
        }
    }

    /// The rules on attributes that hold before anything is told give their points with the first input of a contact.
    pub(super) fn look_at_all(&mut self, cause: InputId, at: DateTime<Utc>) {
        let places: Vec<usize> = self.program.scores.all().map(|(place, ..)| place).collect();
        let told = self.look_again(&places, true, cause, at);
        if !told.is_empty() {
            self.happens_with(&[], &told, cause, at, at);
            self.drain(at);
        }
    }

    /// A span without engagement is over, a stay, a mark: whatever any model has due at this instant, before anybody is told.
    pub(super) fn score_comes(&mut self, place: usize, at: DateTime<Utc>) {
        let program = self.program;
        let (mut told, mut first) = (Vec::new(), None);
        for (other, score, scored) in program.scores.all() {
            let cause = InputId::from_clock(self.contact_id(), score, at);
            for _ in 0..MOST_AT_ONCE {
                // The one that is asked for is due, whatever a clock says; the others are where theirs does.
                let is_first = other == place && first.is_none();
                if !is_first && self.score_due_at(other).is_none_or(|due| due > at) {
                    break;
                }
                first = first.or(is_first.then_some(cause));
                let mut changes = Vec::new();
                self.fire_one(score, &scored.model, at.timestamp_millis(), &mut changes);
                told.extend(self.tell(score, &scored.model, changes, cause, at));
            }
        }
        if let Some(cause) = first {
            self.happens_with(&[], &told, cause, at, at);
        }
    }

    /// Whether no rules wait to be taken over.
    pub(super) fn knows_scores(&self) -> bool {
        let rating = &self.out.state.hot.rating;
        self.program.scores.all().all(|(_, score, scored)| !scored.takes_over(score, rating))
    }

    /// Contacts whose new rules keep what is there take them over at their next input, or just before their next timer;
    /// whether any were.
    pub(super) fn adopt_scores(&mut self, at: DateTime<Utc>) -> bool {
        let program = self.program;
        let mut adopted = false;
        for (_, score, scored) in program.scores.all() {
            if !scored.takes_over(score, &self.out.state.hot.rating) {
                continue;
            }
            let is_unscored = self.is_unscored(scored);
            let rating = &mut self.out.state.hot.rating;
            if is_unscored {
                rating.uncounted.remove(score);
                rating.models.insert(score.clone(), scored.model.start());
                self.touch_rules();
                adopted = true;
                continue;
            }
            let mut state = rating.models.remove(score).unwrap_or_else(|| Self::told_before(rating, score));
            let mut changes = Vec::new();
            let tier = rating.tier(score).map(|tier| &**tier);
            let now = at.timestamp_millis();
            scored.model.adopt(&mut state, tier, now, &mut |change| changes.push(change));
            let contact = &self.out.state.cold.contact;
            scored.model.look(&mut state, contact, now, &mut |change| changes.push(change));
            (state.counted_at, state.kept) = (Some(now), true);
            let rating = &mut self.out.state.hot.rating;
            rating.models.insert(score.clone(), state);
            rating.uncounted.remove(score);
            let cause = InputId::from_clock(self.contact_id(), score, at);
            let told = self.tell(score, &scored.model, changes, cause, at);
            self.touch_rules();
            self.happens_with(&[], &told, cause, at, at);
            adopted = true;
        }
        adopted
    }

    /// An event goes through every model that is about it.
    pub(super) fn hear(
        &mut self,
        event: &Event,
        cause: InputId,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Vec<Told> {
        let program = self.program;
        let mut told = Vec::new();
        for (place, id) in program.scores.hearing(&event.name) {
            let Some((score, scored)) = program.scores.at(*place) else { continue };
            if self.scores_nothing(scored, happened_at, at) || !self.counts_or_waits(score, scored, at) {
                continue;
            }
            let zone = self.zone_for(&scored.model);
            let anew = self.is_counted_anew(scored);
            let hot = &mut self.out.state.hot;
            let performed = if anew { &hot.profiling.performed } else { &hot.performed };
            let Some(state) = hot.rating.models.get_mut(score) else { continue };
            let (happened_at, now) = (happened_at.timestamp_millis(), at.timestamp_millis());
            let heard = Heard::new(&event.properties, happened_at, now, &zone, performed);
            let mut changes = Vec::new();
            scored.model.hear(state, *id, &heard, &mut |change| changes.push(change));
            state.counted_at = Some(now);
            told.extend(self.tell(score, &scored.model, changes, cause, at));
        }
        told
    }

    /// An event of long ago counts at its own instant, or when something was last counted; nobody is told.
    pub(super) fn hear_history(
        &mut self,
        event: &Event,
        cause: InputId,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let program = self.program;
        for (place, id) in program.scores.hearing(&event.name) {
            let Some((score, scored)) = program.scores.at(*place) else { continue };
            if self.scores_nothing(scored, happened_at, at) || !self.counts_or_waits(score, scored, at) {
                continue;
            }
            let last = self.out.state.hot.rating.state(score).and_then(|state| state.counted_at);
            let happened_at = happened_at.timestamp_millis();
            let then = happened_at.max(last.unwrap_or(happened_at));
            self.fire_quietly(score, &scored.model, then, cause, at);
            let zone = self.zone_for(&scored.model);
            let anew = self.is_counted_anew(scored);
            let hot = &mut self.out.state.hot;
            let performed = if anew { &hot.profiling.performed } else { &hot.performed };
            let Some(state) = hot.rating.models.get_mut(score) else { continue };
            let heard = Heard::new(&event.properties, happened_at, then, &zone, performed);
            let mut changes = Vec::new();
            scored.model.hear(state, *id, &heard, &mut |change| changes.push(change));
            state.counted_at = Some(then);
            self.tell(score, &scored.model, changes, cause, at);
        }
    }

    /// What fell due between the events of a history and now has happened too.
    pub(super) fn history_ends(&mut self, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        for (_, score, scored) in program.scores.all() {
            if scored.counts(score, &self.out.state.hot.rating) {
                self.fire_quietly(score, &scored.model, at.timestamp_millis(), cause, at);
            }
        }
    }

    /// The scores with a rule that reads what an update changes; asked before it is merged.
    pub(super) fn stirred_by(&self, update: &Contact, untag: &BTreeSet<Name>) -> Vec<usize> {
        let contact = &self.out.state.cold.contact;
        let tagged = update.tags.iter().filter(|tag| !contact.tags.contains(*tag));
        let tags: Vec<&Name> = tagged.chain(untag.iter().filter(|tag| contact.tags.contains(*tag))).collect();
        let known = &contact.attributes;
        let given = update.attributes.iter().filter(|(name, value)| known.get(*name) != Some(*value));
        let taken = update.unset.iter().filter(|name| known.contains_key(*name));
        let changed: Vec<&Name> = given.map(|(name, _)| name).chain(taken).collect();
        let reads = |model: &ScoreModel| {
            changed.iter().any(|name| model.reads(name)) || tags.iter().any(|tag| model.reads_tag(tag))
        };
        let stirred = self.program.scores.all().filter(|(.., scored)| reads(&scored.model));
        stirred.map(|(place, ..)| place).collect()
    }

    /// Asks the rules on attributes of these scores again.
    pub(super) fn look(&mut self, places: &[usize], cause: InputId, at: DateTime<Utc>) -> Vec<Told> {
        self.look_again(places, false, cause, at)
    }

    fn look_again(&mut self, places: &[usize], first: bool, cause: InputId, at: DateTime<Utc>) -> Vec<Told> {
        let program = self.program;
        let mut told = Vec::new();
        for place in places {
            let Some((score, scored)) = program.scores.at(*place) else { continue };
            if self.is_unscored(scored) || !self.counts_or_waits(score, scored, at) {
                continue;
            }
            let state = &mut self.out.state;
            let Some(kept) = state.hot.rating.models.get_mut(score) else { continue };
            let (mut changes, now) = (Vec::new(), at.timestamp_millis());
            scored.model.look(kept, &state.cold.contact, now, &mut |change| changes.push(change));
            // A first look that finds nothing counts nothing: a history may still come in at its own instants.
            if !changes.is_empty() || !first {
                kept.counted_at = Some(now);
            }
            told.extend(self.tell(score, &scored.model, changes, cause, at));
        }
        told
    }

    /// Points from a step, or a value from the host; `None` where no model counts the score.
    pub(super) fn grant(
        &mut self,
        score: &str,
        points: Granted,
        cause: InputId,
        at: DateTime<Utc>,
    ) -> Option<Vec<Told>> {
        let program = self.program;
        let (score, scored) = program.scores.at(program.scores.place(score)?)?;
        if self.is_unscored(scored) || !self.counts_or_waits(score, scored, at) {
            return Some(Vec::new());
        }
        let rating = &mut self.out.state.hot.rating;
        let state = rating.models.get_mut(score)?;
        let (mut changes, now) = (Vec::new(), at.timestamp_millis());
        match points {
            Granted::Points(points) => {
                scored.model.add(state, points, now, &mut |change| changes.push(change));
            }
            Granted::Value(value) => {
                scored.model.set(state, value, now, &mut |change| changes.push(change));
            }
        }
        state.counted_at = Some(now);
        Some(self.tell(score, &scored.model, changes, cause, at))
    }

    /// What the host had told, or steps had added, before the score had rules.
    pub(super) fn told_before(rating: &Rating, score: &str) -> ScoreState {
        ScoreState { value: rating.score(score), rated: rating.has_score(score), ..ScoreState::default() }
    }

    /// The contact's own clock, or that of last resort; no journey has a say in a score.
    pub(super) fn own_zone(&self) -> Zone {
        self.out.state.cold.zone().unwrap_or_else(|| self.program.zone.clone())
    }

    /// The same, where the model looks at a calendar at all: finding a zone by its name takes longer than an event.
    fn zone_for(&self, model: &ScoreModel) -> Zone {
        if model.counts_months() { self.own_zone() } else { Zone::utc() }
    }

    /// Whether the score counts by these rules; where it does not, remembers that something was not counted, so that no older
    /// count takes its place.
    fn counts_or_waits(&mut self, score: &Name, scored: &Scored, at: DateTime<Utc>) -> bool {
        let counts = scored.counts(score, &self.out.state.hot.rating);
        if !counts {
            let rating = &mut self.out.state.hot.rating;
            let mut last = rating.uncounted.get(score).copied().unwrap_or_default();
            last.seq = last.seq.max(self.seq);
            last.at = last.at.max(at.timestamp_millis());
            rating.uncounted.insert(score.clone(), last);
        }
        counts
    }

    /// Lets everything happen that is due until an instant, and tells nobody.
    pub(super) fn fire_quietly(
        &mut self,
        score: &Name,
        model: &ScoreModel,
        until: i64,
        cause: InputId,
        at: DateTime<Utc>,
    ) {
        for _ in 0..MOST_QUIET {
            let state = self.out.state.hot.rating.models.get(score);
            let due = state.and_then(|state| model.next_due(state)).filter(|due| *due <= until);
            let Some(due) = due else { return };
            let mut changes = Vec::new();
            self.fire_one(score, model, due, &mut changes);
            self.tell(score, model, changes, cause, at);
        }
    }

    fn fire_one(&mut self, score: &Name, model: &ScoreModel, due: i64, changes: &mut Vec<Change>) {
        let zone = self.zone_for(model);
        let rating = &mut self.out.state.hot.rating;
        let Some(state) = rating.models.get_mut(score) else { return };
        model.fire(state, due, &zone, &mut |change| changes.push(change));
        state.counted_at = Some(due);
    }

    /// Turns what a model changed into facts, and keeps them where predicates see them.
    pub(super) fn tell(
        &mut self,
        score: &Name,
        model: &ScoreModel,
        changes: Vec<Change>,
        cause: InputId,
        at: DateTime<Utc>,
    ) -> Vec<Told> {
        if let Some(explanation) = &mut self.explanation {
            let rating = &self.out.state.hot.rating;
            let state = rating.state(score);
            let then = state.and_then(|state| state.counted_at).unwrap_or_else(|| at.timestamp_millis());
            let engaged_at = state.and_then(|state| state.engaged_at);
            changes.iter().for_each(|change| explanation.note(model, then, change, engaged_at));
        }
        let mut told = Vec::new();
        for change in changes {
            let score = score.clone();
            let (fact, before) = match change {
                Change::Points { .. } => continue,
                Change::Failed { failure } => {
                    let (contact, failure) = (self.contact_id().clone(), Arc::unwrap_or_clone(failure));
                    self.out.signals.push(Signal::ScoreFailed { contact, score, failure, at });
                    continue;
                }
                Change::Score { before, after } => (Fact::Score { score, value: after }, before),
                Change::Tier { to, up, .. } => {
                    let band = to.and_then(|band| model.table().tiers.get(usize::from(band)));
                    let from = self.out.state.hot.rating.tier(&score).cloned();
                    (Fact::Tier { score, from, to: band.map(|band| band.tier.clone()), up }, 0)
                }
                Change::Mark { mark, up } => (Fact::Mark { score, mark, up }, 0),
            };
            let is_renamed = matches!(&fact, Fact::Tier { from: Some(from), .. }
                if model.table().tiers.iter().all(|band| band.tier != *from));
            // A tier that the rules no longer know was neither risen from nor fallen from.
            let is_news = self.out.state.hot.rating.apply(&fact);
            self.touch_fact(&fact);
            if is_news && !is_renamed {
                let cause = InputId::from_score(cause, &fact);
                told.push(Told { fact, before, cause, by_definition: false });
            }
        }
        told
    }
}

/// What is given to a score by who is no rule of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Granted {
    /// By a step.
    Points(i64),
    /// By the host.
    Value(i64),
}
