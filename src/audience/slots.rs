//! An index from a hash to places, 4 bytes each.

use std::hash::{DefaultHasher, Hash, Hasher};

/// An open-addressed index: which place has something of this hash. What lies at a place, its owner knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// 0 where nothing is, [`GONE`] where something was, else the place and 1.
    table: Vec<u32>,
    used: usize,
}

const GONE: u32 = u32::MAX;

/// The hash of something; the same in every run.
pub(super) fn hash_of(thing: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

impl Slots {
    fn steps(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.table.len().wrapping_sub(1);
        let start = hash as usize;
        (0..self.table.len()).map(move |step| start.wrapping_add(step) & mask)
    }

    /// The place at which `is` finds it.
    pub(super) fn find(&self, hash: u64, is: impl Fn(usize) -> bool) -> Option<usize> {
        for slot in self.steps(hash) {
            match self.table.get(slot).copied() {
                None | Some(0) => return None,
                Some(GONE) => {}
                Some(place) if is(place as usize - 1) => return Some(place as usize - 1),
                Some(_) => {}
            }
        }
        None
    }

    /// Remembers a place; `hash_at` says the hash of what lies at another one.
    pub(super) fn insert(&mut self, hash: u64, place: usize, hash_at: impl Fn(usize) -> u64) {
        if (self.used + 1) * 4 > self.table.len() * 3 {
            let live = self.table.iter().filter(|place| !matches!(**place, 0 | GONE)).count();
            let size = ((live + 1) * 3 / 2).next_power_of_two().max(16);
            let old = std::mem::replace(&mut self.table, vec![0; size]);
            self.used = 0;
            for place in old.into_iter().filter(|place| !matches!(*place, 0 | GONE)) {
                self.enter(hash_at(place as usize - 1), place);
            }
        }
        self.enter(hash, place as u32 + 1);
    }

    fn enter(&mut self, hash: u64, place: u32) {
        for slot in self.steps(hash) {
            if let Some(free) = self.table.get_mut(slot)
                && *free == 0
            {
                *free = place;
                self.used += 1;
                return;
            }
        }
    }

    /// Forgets a place.
    pub(super) fn remove(&mut self, hash: u64, place: usize) {
        for slot in self.steps(hash) {
            match self.table.get_mut(slot) {
                None => return,
                Some(held) if *held == 0 => return,
                Some(held) if *held == place as u32 + 1 => {
                    *held = GONE;
                    return;
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.capacity() * 4
    }
}
