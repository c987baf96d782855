//! What is known of every contact, a column each.

use std::collections::{BTreeMap, BTreeSet};

use super::bits::Bits;
use super::column::Column;
use super::members::Members;
use crate::machine::ContactState;
use crate::model::Kind;
use crate::model::{ContactId, Name, Value};

/// What is known of every contact, as of when it was last told.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) attributes: BTreeMap<Name, Column>,
    pub(super) zones: Column,
    pub(super) scores: BTreeMap<Name, Column>,
    pub(super) tiers: BTreeMap<Name, Column>,
    pub(super) tags: Sets<Name>,
    /// By purpose and channel.
    pub(super) granted: Sets<(Name, Name)>,
    pub(super) withdrawn: Sets<(Name, Name)>,
    /// By score and mark.
    pub(super) marks: Sets<(Name, Name)>,
    pub(super) active: Sets<Name>,
    pub(super) entered: Sets<Name>,
    pub(super) segments: Sets<Name>,
    /// Whether an attribute was left out.
    pub(super) full: bool,
}

/// The most columns of one kind; what is named after them is left out.
pub(super) const MOST_COLUMNS: usize = 1_024;

/// The most sets of one kind that somebody is in; what is named after them is left out.
pub(super) const MOST_SETS: usize = 4_096;

/// Sets of contacts by what they have.
#[derive(Clone, Debug)]
pub(super) struct Sets<K> {
    sets: BTreeMap<K, Members>,
    /// Whether one was left out.
    full: bool,
}

impl<K> Default for Sets<K> {
    fn default() -> Self {
        Self { sets: BTreeMap::new(), full: false }
    }
}

impl<K: Ord + Clone> Sets<K> {
    pub(super) fn at(&self, key: &K) -> Option<&Members> {
        self.sets.get(key)
    }

    /// Whether nobody who has it was left out.
    pub(super) fn knows(&self, key: &K) -> bool {
        !self.full || self.sets.contains_key(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.sets.keys()
    }

    /// Says everything that one contact has.
    fn put(&mut self, row: u32, has: &BTreeSet<K>) {
        self.sets
            .iter_mut()
            .filter(|(key, _)| !has.contains(*key))
            .for_each(|(_, members)| members.put(row, false));
        self.sets.retain(|_, members| members.count() > 0);
        for key in has {
            let known = self.sets.len();
            match self.sets.get_mut(key) {
                Some(members) => members.put(row, true),
                // Once one was left out, nobody knows who else has it.
                None if known < MOST_SETS && !self.full => {
                    self.sets.entry(key.clone()).or_default().put(row, true);
                }
                None => self.full = true,
            }
        }
    }

    fn bytes(&self) -> usize {
        self.sets.values().map(|members| 64 + members.bytes()).sum()
    }

    /// Keeps of `out` who has it.
    pub(super) fn keep(&self, key: &K, out: &mut Bits) {
        match self.sets.get(key) {
            Some(members) => members.keep(out),
            None => out.words_mut().fill(0),
        }
    }
}

/// Says every value that one contact has, in new columns where there may be `more`; answers whether one was left out.
fn put<'v>(
    columns: &mut BTreeMap<Name, Column>,
    row: u32,
    values: impl Iterator<Item = (&'v Name, Value)>,
    more: bool,
    new: impl Fn() -> Column,
) -> bool {
    let mut full = false;
    let mut unsaid: Vec<&mut Column> = Vec::new();
    let values: BTreeMap<&Name, Value> = values.collect();
    for name in values.keys() {
        if !columns.contains_key(*name) {
            if more && columns.len() < MOST_COLUMNS {
                columns.insert((*name).clone(), new());
            } else {
                full = true;
            }
        }
    }
    for (name, column) in columns.iter_mut() {
        match values.get(name) {
            Some(value) => column.set(row as usize, Some(value)),
            None => unsaid.push(column),
        }
    }
    unsaid.into_iter().for_each(|column| column.set(row as usize, None));
    full
}

impl Profile {
    pub(super) fn put(&mut self, row: u32, state: &ContactState) {
        let (contact, standing, hot) = (&state.cold.contact, &state.cold.standing, &state.hot);
        let attributes = contact.attributes.iter().map(|(name, value)| (name, value.clone()));
        self.full |= put(&mut self.attributes, row, attributes, !self.full, Column::default);
        self.zones.set(row as usize, contact.zone.clone().map(Value::Text).as_ref());
        let scores = hot.rating.scores().map(|(name, value)| (name, Value::Integer(value)));
        put(&mut self.scores, row, scores, true, || Column::numbers(Kind::Integer));
        let tiers = hot.rating.tiers().map(|(name, tier)| (name, Value::Text(tier.clone())));
        put(&mut self.tiers, row, tiers, true, Column::default);
        self.tags.put(row, &contact.tags);
        let (mut granted, mut withdrawn) = (BTreeSet::new(), BTreeSet::new());
        for (purpose, channel) in standing.answers() {
            let address = contact.addresses.get(channel).and_then(|address| address.fingerprint);
            let allows = standing.allows(purpose, channel, address);
            let set = if allows { &mut granted } else { &mut withdrawn };
            set.insert((purpose.clone(), channel.clone()));
        }
        self.granted.put(row, &granted);
        self.withdrawn.put(row, &withdrawn);
        self.marks
            .put(row, &hot.rating.marked().map(|(score, mark)| (score.clone(), mark.clone())).collect());
        let named = |name: &str| Name::from(name);
        // What undoes is no run of its own.
        let active = hot.enrollments.iter().filter(|run| !run.undoing);
        self.active.put(row, &active.map(|run| named(run.journey.as_str())).collect());
        let entered = hot.entries.iter().map(|(journey, _)| named(journey.as_str()));
        self.entered.put(row, &entered.collect());
        self.segments.put(row, &hot.rating.segments().cloned().collect());
    }

    /// Forgets everything about a contact, also the names of what nobody else has.
    pub(super) fn erase(&mut self, row: u32) {
        for columns in [&mut self.attributes, &mut self.scores, &mut self.tiers] {
            columns.values_mut().for_each(|column| column.erase(row as usize));
            columns.retain(|_, column| !column.is_empty());
        }
        self.zones.erase(row as usize);
        self.put(row, &ContactState::new(ContactId::from("")));
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        let by_name = [&self.attributes, &self.scores, &self.tiers];
        by_name.into_iter().flat_map(BTreeMap::values).chain([&self.zones])
    }

    pub(super) fn bytes(&self) -> usize {
        let columns: usize = self.columns().map(|column| 64 + column.bytes()).sum();
        let pairs = [&self.granted, &self.withdrawn, &self.marks];
        let names = [&self.tags, &self.active, &self.entered, &self.segments];
        columns
            + pairs.into_iter().map(Sets::bytes).sum::<usize>()
            + names.into_iter().map(Sets::bytes).sum::<usize>()
    }

    pub(super) fn shrink(&mut self) {
        let by_name = [&mut self.attributes, &mut self.scores, &mut self.tiers];
        by_name.into_iter().flat_map(BTreeMap::values_mut).chain([&mut self.zones]).for_each(Column::shrink);
        for pairs in [&mut self.granted, &mut self.withdrawn, &mut self.marks] {
            pairs.sets.values_mut().for_each(Members::shrink);
        }
        for names in [&mut self.tags, &mut self.active, &mut self.entered, &mut self.segments] {
            names.sets.values_mut().for_each(Members::shrink);
        }
    }
}
