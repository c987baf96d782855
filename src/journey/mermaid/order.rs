//! In which order the steps of a graph are listed, so that most of them flow to the following one.

use std::collections::BTreeSet;

/// The nodes from `first` on: a node after all that lead to it where circles allow, and best right after one of them.
///
/// Each choice depends on what was chosen before and then on the numbers alone, so a graph whose nodes are numbered in
/// this order keeps it.
pub(super) fn order(ways: &[Vec<usize>], first: usize) -> Vec<usize> {
    let ways: Vec<BTreeSet<usize>> = ways.iter().map(|ways| ways.iter().copied().collect()).collect();
    let mut missing = vec![0_usize; ways.len()];
    let steps = || ways.iter().enumerate().flat_map(|(from, ways)| ways.iter().map(move |to| (from, *to)));
    steps().filter(|(from, to)| from != to).for_each(|(_, to)| missing[to] += 1);
    let mut reached: BTreeSet<usize> = BTreeSet::from([first]);
    let mut left: BTreeSet<usize> = (0..ways.len()).collect();
    let mut order: Vec<usize> = Vec::with_capacity(ways.len());
    while !left.is_empty() {
        let last = order.last().copied();
        let follows = |node: usize| last.is_some_and(|last| ways[last].contains(&node));
        let best = reached.iter().copied().min_by_key(|node| (missing[*node] > 0, !follows(*node), *node));
        let Some(node) = best.or_else(|| left.first().copied()) else { break };
        left.remove(&node);
        reached.remove(&node);
        order.push(node);
        for to in ways[node].iter().copied().filter(|to| *to != node) {
            missing[to] -= 1;
            if left.contains(&to) {
                reached.insert(to);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_stays_together_and_ways_that_meet_meet_late() {
        assert_eq!(order(&[vec![3], vec![], vec![1], vec![2]], 0), [0, 3, 2, 1]);
        assert_eq!(order(&[vec![1, 2], vec![4], vec![3], vec![4], vec![]], 0), [0, 1, 2, 3, 4]);
        assert_eq!(order(&[vec![1, 3], vec![2], vec![5], vec![4], vec![5], vec![]], 0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(order(&[vec![2, 1], vec![3], vec![4], vec![], vec![]], 0), [0, 1, 3, 2, 4]);
    }

    #[test]
    fn a_circle_has_an_order_too() {
        assert_eq!(order(&[vec![1], vec![2], vec![0, 1, 2]], 1), [1, 2, 0]);
        assert_eq!(order(&[vec![0]], 0), [0]);
    }
}
