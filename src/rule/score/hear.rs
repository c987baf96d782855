//! What an event, an attribute, a step or the host brings a score.

use super::model::{Asks, Listed, OnRule, Plain};
use super::question::{Given, Known, Source};
use super::{Cause, Change, EventId, Heard, Lasting, Points, ScoreModel, ScoreState, Spent};
use crate::model::{Contact, Value};
use crate::seeded::{Bug, is_on};

/// The most applications of one rule whose points will go.
const MOST_LASTING: usize = 32;
/// The same of all rules of a score: a contact stays small.
const MOST_LASTING_IN_ALL: usize = 256;
/// The most properties that are looked up before the rules are asked.
const MOST_GATHERED: usize = 16;

/// The event that an application is about, and whether it is an engagement.
pub(super) struct Occasion<'a> {
    pub(super) event: EventId,
    pub(super) heard: &'a Heard<'a>,
    pub(super) engages: bool,
}

impl ScoreModel {
    /// Counts an event. What is due at or before it must have been fired.
    #[inline]
    pub fn hear(
        &self,
        state: &mut ScoreState,
        event: EventId,
        heard: &Heard<'_>,
        told: &mut impl FnMut(Change),
    ) {
        let Some(listed) = self.heard.get(usize::from(event.0)) else { return };
        match &listed.plain {
            Some(plain) => self.hear_plain(state, plain, heard, told),
            None => {
                // A copy, so that nothing of it has to lie in memory where it is not asked for.
                let heard = *heard;
                self.hear_fully(state, event, listed, &heard, told);
            }
        }
    }

    /// One rule without any question, in a table without marks.
    #[inline]
    fn hear_plain(
        &self,
        state: &mut ScoreState,
        plain: &Plain,
        heard: &Heard<'_>,
        told: &mut impl FnMut(Change),
    ) {
        let before = state.value;
        let cause = Cause::Rule(plain.place);
        if before == plain.still && state.rated {
            // At its bound it stays, and there is nothing to find out.
            told(Change::Points { cause, points: plain.points, moved: 0 });
            return self.engage_plainly(state, plain, before, heard);
        }
        let after = before.saturating_add(plain.points).min(plain.most).max(plain.least);
        state.value = after;
        state.rated = true;
        told(Change::Points { cause, points: plain.points, moved: after.saturating_sub(before) });
        self.engage_plainly(state, plain, after, heard);
        if after != before {
            state.changed_at = Some(heard.at);
            told(Change::Score { before, after });
        }
        if plain.stands {
            self.stand(state, heard.at, told);
        }
    }

    /// What `engage` and `rest` do, at once.
    #[inline]
    fn engage_plainly(&self, state: &mut ScoreState, plain: &Plain, value: i64, heard: &Heard<'_>) {
        if !plain.engages || state.engaged_at >= Some(heard.happened_at) {
            return self.rest(state, heard.at);
        }
        state.engaged_at = Some(heard.happened_at);
        if plain.every > 0 {
            let ends_at = grid(heard.happened_at, plain.every, heard.at);
            state.decays_at = (value != plain.least).then_some(ends_at);
        }
    }

    #[inline(never)]
    fn hear_fully(
        &self,
        state: &mut ScoreState,
        event: EventId,
        listed: &Listed,
        heard: &Heard<'_>,
        told: &mut impl FnMut(Change),
    ) {
        let names = &*listed.properties;
        if names.len() > MOST_GATHERED {
            let source = Known { names, values: heard.properties, tags: None };
            return self.hear_from(state, event, listed, &source, heard, told);
        }
        let mut values = [None::<&Value>; MOST_GATHERED];
        for (value, name) in values.iter_mut().zip(names) {
            *value = heard.properties.get(name);
        }
        self.hear_from(state, event, listed, &Given(&values), heard, told);
    }

    fn hear_from(
        &self,
        state: &mut ScoreState,
        event: EventId,
        listed: &Listed,
        source: &impl Source,
        heard: &Heard<'_>,
        told: &mut impl FnMut(Change),
    ) {
        let before = state.value;
        let mut engages = false;
        for rule in &listed.rules {
            if rule.filter.as_ref().is_some_and(|filter| !filter.holds(source)) {
                continue;
            }
            let Some(points) = rule.points(source) else { continue };
            engages |= rule.rule.engages.unwrap_or(points > 0);
            if let Some(once) = &rule.once
                && state.once.insert(once.clone(), ()).is_some()
            {
                continue;
            }
            let given = rule.allowed(state, points, heard.at);
            self.give(state, Cause::Rule(rule.place), points, given, told);
        }
        if engages {
            self.engage(state, heard.happened_at, heard.at);
            if self.window > 0 {
                state.engagements.record(heard.at, self.window);
            }
        }
        self.settle(state, before, heard.at, Some(&Occasion { event, heard, engages }), told);
    }

    /// Asks again what is true of a contact: an attribute or a tag changed.
    pub fn look(&self, state: &mut ScoreState, contact: &Contact, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        let source = Known { names: &self.slots, values: &contact.attributes, tags: Some(&contact.tags) };
        for look in &self.looks {
            let held = state.held.get(&look.name).copied();
            let given = match &look.asks {
                Asks::When(question, points) => match (held, question.holds(&source) != look.not) {
                    (None, true) => Some((Cause::Rule(look.place), *points, Some(*points))),
                    (Some(held), false) => Some((Cause::Gone(look.place), held.saturating_neg(), None)),
                    _ => None,
                },
                // Where the function fails, what it found before stands.
                Asks::Custom(function) => {
                    match self.custom.get(usize::from(*function)).map(|it| it.points(contact)) {
                        Some(Ok(points)) if points != held.unwrap_or(0) => {
                            let more = points.saturating_sub(held.unwrap_or(0));
                            Some((Cause::Rule(look.place), more, Some(points)))
                        }
                        Some(Ok(_)) => None,
                        Some(Err(failure)) => {
                            told(Change::Failed { failure: failure.into() });
                            None
                        }
                        None => None,
                    }
                }
            };
            let Some((cause, points, held)) = given else { continue };
            match held {
                Some(held) => state.held.insert(look.name.clone(), held),
                None => state.held.remove(&look.name),
            };
            self.give(state, cause, points, points, told);
        }
        self.record_attributes(state, contact, at);
        self.settle(state, before, at, None, told);
    }

    /// Gives points that no rule gives: a step's.
    pub fn add(&self, state: &mut ScoreState, points: i64, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        self.give(state, Cause::Granted, points, points, told);
        self.settle(state, before, at, None, told);
    }

    /// Takes a value that the host tells, within the bounds.
    ///
    /// ```
    /// use journeyman::rule::score::{Clamp, ScoreModel, Table};
    /// let mut table = Table::new();
    /// table.clamp = Some(Clamp::new(0, 120));
    /// let model = ScoreModel::from_table(table)?;
    /// let mut state = model.start();
    /// model.set(&mut state, 500, 0, &mut |_| {});
    /// assert_eq!(state.value, 120);
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    pub fn set(&self, state: &mut ScoreState, value: i64, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        let points = value.saturating_sub(before);
        state.value = self.bounded(value);
        state.rated = true;
        told(Change::Points { cause: Cause::Granted, points, moved: state.value.saturating_sub(before) });
        self.settle(state, before, at, None, told);
    }

    /// Moves the value by what is `given` of `points`, within the bounds.
    pub(super) fn give(
        &self,
        state: &mut ScoreState,
        cause: Cause,
        points: i64,
        given: i64,
        told: &mut impl FnMut(Change),
    ) {
        let before = state.value;
        let value = before.saturating_add(given);
        state.value = if is_on(Bug::ClampAtTheEnd) { value } else { self.bounded(value) };
        state.rated = true;
        told(Change::Points { cause, points, moved: state.value.saturating_sub(before) });
    }

    /// Begins a new silence where the engagement is the latest one.
    #[inline]
    pub(super) fn engage(&self, state: &mut ScoreState, happened_at: i64, at: i64) {
        if state.engaged_at.is_some_and(|engaged_at| engaged_at >= happened_at) {
            return;
        }
        state.engaged_at = Some(happened_at);
        if let Some(decay) = self.table.decay {
            state.decays_at = Some(grid(happened_at, decay.every, at));
        }
    }

    /// Lets decay be due only where it can take something.
    #[inline]
    pub(super) fn rest(&self, state: &mut ScoreState, at: i64) {
        let Some(decay) = self.table.decay else { return };
        if state.value == self.bounds.least {
            state.decays_at = None;
        } else if let (None, Some(engaged_at)) = (state.decays_at, state.engaged_at) {
            state.decays_at = Some(grid(engaged_at, decay.every, at));
        }
    }

    /// Tells what an application came to, once all its points are given.
    pub(super) fn settle(
        &self,
        state: &mut ScoreState,
        before: i64,
        at: i64,
        occasion: Option<&Occasion<'_>>,
        told: &mut impl FnMut(Change),
    ) {
        if is_on(Bug::ClampAtTheEnd) {
            state.value = self.bounded(state.value);
        }
        let changed = state.value != before;
        if changed {
            state.changed_at = Some(at);
            told(Change::Score { before, after: state.value });
        }
        self.rest(state, at);
        if state.rated {
            self.stand(state, at, told);
        }
        self.mark(state, changed, at, occasion, told);
        self.record_score(state, at);
    }
}

/// The first `start + k * every` after `at`, k = 1, 2, …
#[inline]
pub(super) fn grid(start: i64, every: i64, at: i64) -> i64 {
    // Where it overflows, it is not after anything.
    let first = start.wrapping_add(every);
    if first > at { first } else { grid_after(start, every, at) }
}

#[cold]
fn grid_after(start: i64, every: i64, at: i64) -> i64 {
    let over = at.saturating_sub(start).checked_div(every).unwrap_or(0);
    start.saturating_add(over.saturating_add(1).saturating_mul(every))
}

impl OnRule {
    /// What the rule asks for; nothing where its property is no number.
    fn points(&self, source: &impl Source) -> Option<i64> {
        match &self.rule.points {
            Points::Fixed(points) => Some(*points),
            Points::Of { times, per, least, most, .. } => {
                let points = floored(source.value(self.property)?, *times, *per)?;
                Some(points.min(*most).max(*least))
            }
        }
    }

    /// How much of it cap and lasting let through, which is written down.
    fn allowed(&self, state: &mut ScoreState, points: i64, at: i64) -> i64 {
        let live = || state.lasting.iter().filter(|lasting| lasting.rule == self.place).count();
        let all = state.lasting.len();
        if self.rule.lasts.is_some() && (all >= MOST_LASTING_IN_ALL || live() >= MOST_LASTING) {
            return 0;
        }
        let given = self.capped(state, points, at);
        if let Some(lasts) = self.rule.lasts
            && given != 0
        {
            let ends_at = at.saturating_add(lasts);
            state.lasting.push(Lasting { rule: self.place, ends_at, points: given });
        }
        given
    }

    /// How many more points its cap lets through by now.
    pub(super) fn room(&self, state: &ScoreState, at: i64) -> i64 {
        let Some(cap) = self.rule.cap else { return i64::MAX };
        let spent = state.caps.iter().find(|spent| spent.rule == self.place);
        let open =
            spent.filter(|spent| cap.period.is_none_or(|period| at < spent.since.saturating_add(period)));
        cap.points.saturating_abs().saturating_sub(open.map_or(0, |spent| spent.points))
    }

    /// How many more applications can live at once.
    pub(super) fn times_left(&self, state: &ScoreState) -> i64 {
        if self.rule.lasts.is_none() {
            return i64::MAX;
        }
        let live = state.lasting.iter().filter(|lasting| lasting.rule == self.place).count();
        let all = MOST_LASTING_IN_ALL.saturating_sub(state.lasting.len());
        i64::try_from(MOST_LASTING.saturating_sub(live).min(all)).unwrap_or(0)
    }

    fn capped(&self, state: &mut ScoreState, points: i64, at: i64) -> i64 {
        let Some(cap) = self.rule.cap else { return points };
        let most = cap.points.saturating_abs();
        let place = state.caps.binary_search_by_key(&self.place, |spent| spent.rule);
        let spent = place.ok().and_then(|place| state.caps.get_mut(place));
        let is_open = |spent: &Spent| cap.period.is_none_or(|period| at < spent.since.saturating_add(period));
        let used = spent.as_deref().filter(|spent| is_open(spent)).map_or(0, |spent| spent.points);
        let left = most.saturating_sub(used);
        let given = points.min(left).max(left.saturating_neg());
        if given == 0 {
            return 0;
        }
        let points = used.saturating_add(given.saturating_abs());
        match spent {
            Some(spent) if is_open(spent) => spent.points = points,
            Some(spent) => (spent.since, spent.points) = (at, points),
            None => {
                let place = place.unwrap_or_else(|place| place).min(state.caps.len());
                state.caps.insert(place, Spent { rule: self.place, since: at, points });
            }
        }
        given
    }
}

/// `value * times / per`, rounded down; nothing where the value is no number.
pub(super) fn floored(value: &Value, times: i64, per: i64) -> Option<i64> {
    let (number, scale) = match value {
        Value::Integer(number) => (i128::from(*number), 0),
        Value::Decimal(number) => (number.mantissa(), number.scale()),
        _ => return None,
    };
    // 96 bits, 30 of a factor, 94 and 30 of a divisor: nothing of it overflows.
    let per = 10_i128.checked_pow(scale)?.checked_mul(i128::from(per))?;
    let points = number.checked_mul(i128::from(times))?.checked_div_euclid(per)?;
    Some(i64::try_from(points).unwrap_or(if points < 0 { i64::MIN } else { i64::MAX }))
}
