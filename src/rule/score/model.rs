//! A table made fast to apply.

use std::collections::BTreeMap;

use super::{Cause, Change, Points, Rule, ScoreState, Table};
use crate::error::BuildError;
use crate::model::{Attributes, Contact, Hash, Name};
use crate::rule::script;
use crate::rule::{Facts, Performed, Predicate, Rating};
use crate::time::Zone;

/// The rules of one score: immutable, shared, and known by the hash of what they were written in.
#[derive(Clone, Debug)]
pub struct ScoreModel {
    hash: Hash,
    table: Table,
    /// By event, the rules that it sets off.
    events: BTreeMap<Name, EventId>,
    rules: Vec<Vec<u16>>,
    filters: Vec<Option<Predicate>>,
}

/// An event that a model knows, so that no name is compared on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId(pub(crate) u16);

/// An event as a model hears it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Heard<'a> {
    /// What is known of it.
    pub properties: &'a Attributes,
    /// When it happened, in milliseconds since 1970; at most `at`.
    pub happened_at: i64,
    /// When it counts: never before what counted before.
    pub at: i64,
    /// The contact's zone, for months alone.
    pub zone: &'a Zone,
    /// How often and when events of each name happened, this one included.
    pub performed: &'a Performed,
}

impl<'a> Heard<'a> {
    /// An event as it is heard.
    #[must_use]
    pub fn new(
        properties: &'a Attributes,
        happened_at: i64,
        at: i64,
        zone: &'a Zone,
        performed: &'a Performed,
    ) -> Self {
        Self { properties, happened_at, at, zone, performed }
    }
}

impl ScoreModel {
    /// Runs a script once and takes what it declares.
    ///
    /// # Errors
    /// [`BuildError`] with every problem; places are lines and positions of the script.
    pub fn compile(source: &str) -> Result<Self, BuildError> {
        let table = script::declare(source)?;
        let mut model = Self::from_table(table)?;
        model.hash = Hash::of("score", &[source.as_bytes()]);
        Ok(model)
    }

    /// The same from a table that was put together in Rust.
    ///
    /// # Errors
    /// [`BuildError`] with everything in the table that cannot be.
    pub fn from_table(table: Table) -> Result<Self, BuildError> {
        let mut problems = Vec::new();
        let (mut events, mut rules) = (BTreeMap::new(), Vec::new());
        let mut filters = Vec::new();
        for (place, rule) in (0u16..).zip(&table.rules) {
            let question = match rule {
                Rule::On(on) => {
                    let next = EventId(u16::try_from(rules.len()).unwrap_or(u16::MAX));
                    let id = *events.entry(on.event.clone()).or_insert(next);
                    if id == next {
                        rules.push(Vec::new());
                    }
                    if let Some(own) = rules.get_mut(usize::from(id.0)) {
                        own.push(place);
                    }
                    on.filter.as_ref()
                }
                Rule::When(when) => Some(&when.when),
                Rule::Custom(_) => None,
            };
            filters.push(question.and_then(|question| {
                Predicate::compile(question, &format!("rules[{place}]"), &mut problems)
            }));
        }
        BuildError::unless_empty(problems)?;
        let hash = Hash::of("table", &[format!("{table:?}").as_bytes()]);
        Ok(Self { hash, table, events, rules, filters })
    }

    /// Identifies the rules.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The first 8 bytes of the hash, as states keep it.
    #[must_use]
    pub fn short_hash(&self) -> u64 {
        self.hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// What was declared.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The event of this name, where a rule or a mark is about it.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<EventId> {
        self.events.get(name).copied()
    }

    /// Every event that a rule or a mark is about.
    pub fn events(&self) -> impl Iterator<Item = (&Name, EventId)> {
        self.events.iter().map(|(name, id)| (name, *id))
    }

    /// Whether a rule reads the attribute of this name.
    #[must_use]
    pub fn reads(&self, attribute: &str) -> bool {
        let _ = attribute;
        self.table.rules.iter().any(|rule| !matches!(rule, Rule::On(_)))
    }

    /// What a contact of whom nothing is known has.
    #[must_use]
    pub fn start(&self) -> ScoreState {
        ScoreState { model: self.short_hash(), ..ScoreState::default() }
    }

    /// Counts an event. What is due at or before it must have been fired.
    pub fn hear(
        &self,
        state: &mut ScoreState,
        event: EventId,
        heard: &Heard<'_>,
        told: &mut impl FnMut(Change),
    ) {
        let before = state.value;
        for place in self.rules.get(usize::from(event.0)).into_iter().flatten() {
            let Some(Rule::On(rule)) = self.table.rules.get(usize::from(*place)) else { continue };
            let Points::Fixed(points) = rule.points else { continue };
            if rule.once && state.once.insert(rule.event.clone(), ()).is_some() {
                continue;
            }
            self.give(state, Cause::Rule(*place), points, told);
            if rule.engages.unwrap_or(points > 0) {
                state.engaged_at = state.engaged_at.max(Some(heard.happened_at));
                state.decays_at = state.engaged_at.zip(self.table.decay).map(|(at, decay)| at + decay.every);
            }
        }
        self.settle(state, before, heard.at, told);
    }

    /// Asks again what is true of a contact: an attribute changed.
    pub fn look(&self, state: &mut ScoreState, contact: &Contact, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        let (performed, rating) = (Performed::default(), Rating::default());
        for (place, rule) in (0u16..).zip(&self.table.rules) {
            let Rule::When(rule) = rule else { continue };
            let Some(Some(filter)) = self.filters.get(usize::from(place)) else { continue };
            let holds = filter.holds(&Facts::new(contact, &performed, &rating));
            match state.held.get(&rule.name).copied() {
                None if holds => {
                    state.held.insert(rule.name.clone(), rule.points);
                    self.give(state, Cause::Rule(place), rule.points, told);
                }
                Some(points) if !holds => {
                    state.held.remove(&rule.name);
                    self.give(state, Cause::Gone(place), points.saturating_neg(), told);
                }
                _ => {}
            }
        }
        self.settle(state, before, at, told);
    }

    /// Gives points that no rule gives: a step's.
    pub fn add(&self, state: &mut ScoreState, points: i64, at: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        self.give(state, Cause::Granted, points, told);
        self.settle(state, before, at, told);
    }

    /// When something happens by itself; never before what was applied last.
    #[must_use]
    pub fn next_due(&self, state: &ScoreState) -> Option<i64> {
        state.decays_at
    }

    /// Lets one thing happen that is due at `at`, which [`next_due`](Self::next_due) answered.
    pub fn fire(&self, state: &mut ScoreState, at: i64, zone: &Zone, told: &mut impl FnMut(Change)) {
        let _ = zone;
        let before = state.value;
        let Some(decay) = self.table.decay else { return };
        state.decays_at = Some(at.saturating_add(decay.every));
        self.give(state, Cause::Decay, decay.points, told);
        self.settle(state, before, at, told);
    }

    fn give(&self, state: &mut ScoreState, cause: Cause, points: i64, told: &mut impl FnMut(Change)) {
        let before = state.value;
        let value = before.saturating_add(points);
        state.value = self.table.clamp.map_or(value, |clamp| value.max(clamp.least).min(clamp.most));
        told(Change::Points { cause, points, moved: state.value.saturating_sub(before) });
    }

    fn settle(&self, state: &mut ScoreState, before: i64, at: i64, told: &mut impl FnMut(Change)) {
        if state.value == before {
            return;
        }
        state.changed_at = Some(at);
        told(Change::Score { before, after: state.value });
        let band = self.table.tiers.iter().rposition(|band| state.value >= band.from);
        let to = band.and_then(|band| u16::try_from(band).ok());
        if to != state.tier {
            let from = std::mem::replace(&mut state.tier, to);
            state.tier_since = Some(at);
            told(Change::Tier { from, to, up: to > from });
        }
    }
}
