//! The highest scores.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::model::ContactId;

/// Collects the highest scores out of any number of contacts, and keeps no more of them than are asked for.
///
/// ```
/// use journeyman::rule::score::Leaderboard;
/// let mut board = Leaderboard::new(3);
/// for (contact, value) in [("mia", 40), ("ada", 70), ("zoe", 40), ("lea", 90)] {
///     board.offer(contact.into(), value);
/// }
/// let ranks: Vec<_> = board.into_ranks().into_iter().map(|rank| (rank.rank, rank.contact.to_string())).collect();
/// assert_eq!(ranks, [(1, "lea".to_owned()), (2, "ada".to_owned()), (3, "mia".to_owned())]);
/// ```
#[derive(Clone, Debug)]
pub struct Leaderboard {
    most: usize,
    best: BTreeSet<(Reverse<i64>, ContactId)>,
}

/// A place on a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rank {
    /// From 1; equal scores share a rank, and the next lower one counts those before it.
    pub rank: usize,
    /// Who.
    pub contact: ContactId,
    /// The score.
    pub value: i64,
}

impl Leaderboard {
    /// A board of so many places.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, best: BTreeSet::new() }
    }

    /// Looks at a contact; each is offered once. Among equal scores the ids decide who is on the board.
    pub fn offer(&mut self, contact: ContactId, value: i64) {
        let is_full = self.best.len() >= self.most;
        if is_full && self.best.last().is_none_or(|last| *last <= (Reverse(value), contact.clone())) {
            return;
        }
        self.best.insert((Reverse(value), contact));
        if self.best.len() > self.most {
            self.best.pop_last();
        }
    }

    /// The board, best first, equal scores by id.
    #[must_use]
    pub fn into_ranks(self) -> Vec<Rank> {
        let mut ranks: Vec<Rank> = Vec::with_capacity(self.best.len());
        for (Reverse(value), contact) in self.best {
            let shared = ranks.last().filter(|last| last.value == value).map(|last| last.rank);
            let rank = shared.unwrap_or(ranks.len() + 1);
            ranks.push(Rank { rank, contact, value });
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_share_a_rank_and_the_order_of_arrival_makes_no_difference() {
        let all = [("a", 5), ("b", 9), ("c", 5), ("d", 7), ("e", 9), ("f", 1)];
        let mut backwards = all;
        backwards.reverse();
        for offered in [all, backwards] {
            let mut board = Leaderboard::new(5);
            offered.into_iter().for_each(|(contact, value)| board.offer(contact.into(), value));
            let ranks = board.into_ranks();
            let ranks: Vec<_> =
                ranks.iter().map(|rank| (rank.rank, rank.contact.as_str(), rank.value)).collect();
            assert_eq!(ranks, [(1, "b", 9), (1, "e", 9), (3, "d", 7), (4, "a", 5), (4, "c", 5)]);
        }
    }

    #[test]
    fn a_board_without_places_stays_empty() {
        let mut board = Leaderboard::new(0);
        board.offer("a".into(), 5);
        assert_eq!(board.into_ranks(), []);
    }
}
