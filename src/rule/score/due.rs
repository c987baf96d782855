//! What a score does by itself, at its exact instant.

use super::hear::grid;
use super::mark::turn;
use super::{Cause, Change, MarkKind, MarkRule, ScoreModel, ScoreState};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

impl ScoreModel {
    /// When something happens by itself; absent where nothing will.
    ///
    /// ```
    /// use journeyman::rule::score::{Decay, ScoreModel, Table};
    /// let mut table = Table::new();
    /// table.decay = Some(Decay::new(7 * 86_400_000, -5));
    /// let model = ScoreModel::from_table(table)?;
    /// assert_eq!(model.next_due(&model.start()), None); // nobody decays who never engaged
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn next_due(&self, state: &ScoreState) -> Option<i64> {
        if self.only_decays { state.decays_at } else { self.first_due(state) }
    }

    fn first_due(&self, state: &ScoreState) -> Option<i64> {
        let lasting = state.lasting.iter().map(|lasting| lasting.ends_at);
        let ends = self.table.marks.iter().filter_map(|rule| ends_at(state, rule));
        let begins = self.table.marks.iter().filter_map(|rule| begins_at(state, rule));
        let once = [state.decays_at, self.stay_ends_at(state)].into_iter().flatten();
        once.chain(lasting).chain(ends).chain(begins).min()
    }

    /// Lets everything happen that is due at or before `until`, each at its own instant, which `told` hears too.
    ///
    /// ```
    /// use journeyman::model::Attributes;
    /// use journeyman::rule::Performed;
    /// use journeyman::rule::score::{Decay, EventRule, Heard, ScoreModel, Table};
    /// use journeyman::time::Zone;
    /// let mut table = Table::new();
    /// table.rules.push(EventRule::new("clicked", 20).into());
    /// table.decay = Some(Decay::new(7_000, -5));
    /// let model = ScoreModel::from_table(table)?;
    /// let (mut state, zone) = (model.start(), Zone::utc());
    /// let (nothing, performed) = (Attributes::new(), Performed::default());
    /// let clicked = model.event("clicked").unwrap();
    /// model.hear(&mut state, clicked, &Heard::new(&nothing, 0, 0, &zone, &performed), &mut |_| {});
    /// model.pass(&mut state, 15_000, &zone, &mut |_, _| {});
    /// assert_eq!(state.value, 10);
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    #[inline]
    pub fn pass(&self, state: &mut ScoreState, until: i64, zone: &Zone, told: &mut impl FnMut(i64, Change)) {
        if self.only_decays {
            return self.pass_decays(state, until, told);
        }
        while let Some(due) = self.next_due(state).filter(|due| *due <= until) {
            self.fire(state, due, zone, &mut |change| told(due, change));
        }
    }

    /// The same where nothing else happens by itself.
    #[inline]
    fn pass_decays(&self, state: &mut ScoreState, until: i64, told: &mut impl FnMut(i64, Change)) {
        let Some(decay) = self.table.decay else { return };
        while let Some(due) = state.decays_at.filter(|due| *due <= until) {
            let before = state.value;
            let after = self.bounded(before.saturating_add(decay.points));
            state.value = after;
            let moved = after.saturating_sub(before);
            told(due, Change::Points { cause: Cause::Decay, points: decay.points, moved });
            if after != before {
                state.changed_at = Some(due);
                told(due, Change::Score { before, after });
            }
            state.decays_at = (after != self.bounds.least).then(|| due.saturating_add(decay.every));
            self.stand(state, due, &mut |change| told(due, change));
        }
    }

    /// Lets one thing happen that is due at `at`, which [`next_due`](Self::next_due) answered. Of several it is, in this
    /// order: points that go, decay, a tier that was kept, a mark that ends, one that begins.
    pub fn fire(&self, state: &mut ScoreState, at: i64, zone: &Zone, told: &mut impl FnMut(Change)) {
        let _ = zone;
        let before = state.value;
        let is_due = |due: Option<i64>| due.is_some_and(|due| due <= at);
        let lasting = state.lasting.iter().enumerate().min_by_key(|(_, lasting)| lasting.ends_at);
        if let Some((place, gone)) = lasting.filter(|(_, lasting)| lasting.ends_at <= at) {
            let (cause, points) = (Cause::Gone(gone.rule), gone.points.saturating_neg());
            state.lasting.remove(place);
            self.give(state, cause, points, points, told);
            return self.settle(state, before, at, None, told);
        }
        if let Some(decay) = self.table.decay
            && is_due(state.decays_at)
        {
            state.decays_at = match is_on(Bug::DecayAfterItsInstant) {
                true => Some(at.saturating_add(decay.every)),
                false => state.engaged_at.map(|engaged_at| grid(engaged_at, decay.every, at)),
            };
            self.give(state, Cause::Decay, decay.points, decay.points, told);
            return self.settle(state, before, at, None, told);
        }
        if is_due(self.stay_ends_at(state)) {
            return self.stand(state, at, told);
        }
        let marks = &self.table.marks;
        if let Some(over) = marks.iter().find(|rule| is_due(ends_at(state, rule))) {
            return turn(state, &over.mark, false, None, at, told);
        }
        if let Some(reached) = marks.iter().find(|rule| is_due(begins_at(state, rule))) {
            turn(state, &reached.mark, true, None, at, told);
        }
    }
}

/// When a mark ends by itself.
fn ends_at(state: &ScoreState, rule: &MarkRule) -> Option<i64> {
    match rule.kind {
        MarkKind::Peak { .. } | MarkKind::Challenge { .. } => state.marks.get(&rule.mark)?.until,
        _ => None,
    }
}

/// When a mark begins by itself.
pub(super) fn begins_at(state: &ScoreState, rule: &MarkRule) -> Option<i64> {
    let (since, span) = match rule.kind {
        MarkKind::Stagnation(span) => (state.changed_at?, span),
        MarkKind::Inactivity(span) => (state.engaged_at?, span),
        _ => return None,
    };
    if state.marks.contains_key(&rule.mark) {
        return None;
    }
    Some(since.saturating_add(span))
}
