//! What becomes of a known contact when its score has other rules.

use super::due::begins_at;
use super::mark::turn;
use super::{Change, Engagements, MarkKind, ScoreModel, ScoreState};

impl ScoreModel {
    /// Goes on with what another model counted: the value stays, within the bounds; what happened once is never given
    /// again and what holds is not given twice; caps and points that were to go begin anew. The tier is known by its name.
    ///
    /// ```
    /// use journeyman::rule::score::{Band, Change, ScoreModel, Table};
    /// let mut table = Table::new();
    /// table.tiers.push(Band::new("hot", 80));
    /// let model = ScoreModel::from_table(table)?;
    /// let mut state = model.start();
    /// model.set(&mut state, 90, 0, &mut |_| {});
    /// let mut told = Vec::new();
    /// let mut lower = Table::new();
    /// lower.tiers = vec![Band::new("warm", 40), Band::new("hot", 60)];
    /// let lower = ScoreModel::from_table(lower)?;
    /// lower.adopt(&mut state, Some("hot"), 1, &mut |change| told.push(change));
    /// assert_eq!((state.value, state.tier, told), (90, Some(1), vec![]));
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    pub fn adopt(&self, state: &mut ScoreState, tier: Option<&str>, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        state.model = self.short_hash();
        state.rated |= before != 0 || tier.is_some();
        if state.rated {
            state.value = self.bounded(before);
        }
        state.caps.clear();
        state.lasting.clear();
        state.trails.clear();
        state.months.retain(|name, _| self.table.marks.iter().any(|rule| rule.mark == *name));
        if self.window == 0 {
            state.engagements = Engagements::default();
        }
        state.decays_at = None;
        let changed = state.value != before;
        if changed {
            state.changed_at = Some(at);
            told(Change::Score { before, after: state.value });
        }
        self.rest(state, at);
        self.stand_anew(state, tier, at, told);
        self.mark_anew(state, at, told);
        self.mark(state, changed, at, None, told);
        self.record_score(state, at);
    }

    /// Finds the tier among others than those by whose names the former one is known.
    fn stand_anew(&self, state: &mut ScoreState, tier: Option<&str>, at: i64, told: &mut impl FnMut(Change)) {
        state.tier = tier.and_then(|tier| self.tier_called(tier));
        let is_gone = tier.is_some() && state.tier.is_none();
        if is_gone || tier.is_none() {
            state.tier_since = None;
        }
        if state.rated {
            self.stand(state, at, told);
        }
        if is_gone && state.tier.is_none() {
            told(Change::Tier { from: None, to: None, up: false });
        }
    }

    /// Takes away what no rule of this name says any more, and finds out what time alone makes true.
    fn mark_anew(&self, state: &mut ScoreState, at: i64, told: &mut impl FnMut(Change)) {
        let kind =
            |name: &str| self.table.marks.iter().find(|rule| *rule.mark == *name).map(|rule| &rule.kind);
        let is_over = |name: &str, until: Option<i64>, state: &ScoreState| match kind(name) {
            None => true,
            Some(MarkKind::Stagnation(span)) => {
                state.changed_at.is_none_or(|since| since.saturating_add(*span) > at)
            }
            Some(MarkKind::Inactivity(span)) => {
                state.engaged_at.is_none_or(|since| since.saturating_add(*span) > at)
            }
            Some(MarkKind::Peak { .. } | MarkKind::Challenge { .. }) => until.is_none_or(|until| until <= at),
            Some(MarkKind::Threshold(_) | MarkKind::Badge { .. }) => until.is_some(),
        };
        let known: Vec<_> = state.marks.iter().map(|(name, mark)| (name.clone(), mark.until)).collect();
        for (name, until) in known {
            if is_over(&name, until, state) {
                turn(state, &name, false, None, at, told);
            } else if matches!(kind(&name), Some(MarkKind::Stagnation(_) | MarkKind::Inactivity(_))) {
                turn(state, &name, true, None, at, told);
            }
        }
        for rule in &self.table.marks {
            if begins_at(state, rule).is_some_and(|begins_at| begins_at <= at) {
                turn(state, &rule.mark, true, None, at, told);
            }
        }
    }

    /// Tells what differs between what a contact had, by whatever model and in the tier of this name, and what counting its
    /// history by this one came to.
    ///
    /// ```
    /// use journeyman::rule::score::{Change, ScoreModel, Table};
    /// let model = ScoreModel::from_table(Table::new())?;
    /// let (old, mut new, mut told) = (model.start(), model.start(), Vec::new());
    /// model.add(&mut new, 7, 0, &mut |_| {});
    /// model.moved(&old, None, &new, &mut |change| told.push(change));
    /// assert_eq!(told, [Change::Score { before: 0, after: 7 }]);
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    pub fn moved(
        &self,
        old: &ScoreState,
        tier: Option<&str>,
        new: &ScoreState,
        told: &mut impl FnMut(Change),
    ) {
        if old.value != new.value {
            told(Change::Score { before: old.value, after: new.value });
        }
        let from = tier.and_then(|tier| self.tier_called(tier));
        if from != new.tier || (tier.is_some() && from.is_none()) {
            told(Change::Tier { from, to: new.tier, up: new.tier > from });
        }
        for mark in old.marks.keys().filter(|mark| !new.marks.contains_key(*mark)) {
            told(Change::Mark { mark: mark.clone(), up: false });
        }
        let reached = self.table.marks.iter().map(|rule| &rule.mark);
        for mark in reached.filter(|mark| new.marks.contains_key(*mark) && !old.marks.contains_key(*mark)) {
            told(Change::Mark { mark: mark.clone(), up: true });
        }
    }

    fn tier_called(&self, name: &str) -> Option<u16> {
        let place = self.table.tiers.iter().position(|band| *band.tier == *name);
        place.and_then(|place| u16::try_from(place).ok())
    }
}
