//! By how many people the segments grew and shrank in one transaction: what both stores count, in one place.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;

use crate::machine::Hot;
use crate::model::Name;
use crate::port::store::{Committed, SegmentMove};
use crate::seeded::{Bug, is_on};

/// By how much each segment grew, so that a store changes a counter once a transaction, whatever number of contacts moved.
#[derive(Debug, Default)]
pub(super) struct Moved(BTreeMap<Name, i64>);

impl Moved {
    /// Counts the moves of a commit that took effect.
    pub(super) fn commit(&mut self, moves: Vec<SegmentMove>, answer: Committed) {
        if answer == Committed::Done || is_on(Bug::CountsStaleCommits) {
            moves.into_iter().for_each(|SegmentMove { segment, inside }| self.add(segment, inside));
        }
    }

    /// Takes an erased contact out of everything that it was in.
    pub(super) fn erase(&mut self, hot: &Hot) {
        if !is_on(Bug::ErasureKeepsTheCount) {
            hot.segments_inside().for_each(|segment| self.add(segment.clone(), false));
        }
    }

    fn add(&mut self, segment: Name, inside: bool) {
        *self.0.entry(segment).or_default() += if inside { 1 } else { -1 };
    }
}

impl IntoIterator for Moved {
    type Item = (Name, i64);
    type IntoIter = std::iter::Filter<IntoIter<Name, i64>, fn(&(Name, i64)) -> bool>;

    /// What changed, in order of name; who came and went changed nothing.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().filter(|(_, by)| *by != 0)
    }
}

/// A counter as it is answered. One below 0 is kept as it is, so that the sum stays right once what is missing comes.
pub(super) fn people(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_went_is_no_change_and_what_was_refused_counts_nobody() {
        let moves =
            |inside: &[bool]| inside.iter().map(|inside| SegmentMove::new("active", *inside)).collect();
        let mut moved = Moved::default();
        moved.commit(moves(&[true, false]), Committed::Done);
        moved.commit(moves(&[true]), Committed::StaleLease);
        moved.commit(vec![SegmentMove::new("new", true)], Committed::Done);
        moved.commit(vec![SegmentMove::new("new", true)], Committed::Done);
        assert_eq!(moved.into_iter().collect::<Vec<_>>(), [("new".into(), 2)]);
        assert_eq!((people(-3), people(3)), (0, 3));
    }
}
