//! One event, and then another, or then not.

use crate::seeded::{Bug, is_on};

/// Whether it holds: instants of the first and of the second, oldest first.
pub(super) fn holds(xs: &[i64], ys: &[i64], within: i64, remember: i64, never: bool, now: i64) -> bool {
    Walk { xs, ys, within, remember, never, now }.newest().is_some()
}

/// When that may next change; it may be too early.
pub(super) fn next(xs: &[i64], ys: &[i64], within: i64, remember: i64, never: bool, now: i64) -> i64 {
    let walk = Walk { xs, ys, within, remember, never, now };
    if let Some(x) = walk.newest() {
        // One that is ripe later can take over then.
        return x.saturating_add(remember);
    }
    let ripens = |x: &&i64| never && x.saturating_add(within) > now && !walk.is_followed(**x);
    xs.iter().filter(ripens).map(|x| x.saturating_add(within)).min().unwrap_or(i64::MAX)
}

struct Walk<'a> {
    xs: &'a [i64],
    ys: &'a [i64],
    within: i64,
    remember: i64,
    never: bool,
    now: i64,
}

impl Walk<'_> {
    /// Whether the second one came in time.
    fn is_followed(&self, x: i64) -> bool {
        let place = self.ys.partition_point(|y| *y < x || (is_on(Bug::SecondAfterFirst) && *y == x));
        self.ys.get(place).is_some_and(|y| *y < x.saturating_add(self.within))
    }

    /// The newest first event that makes it true now.
    fn newest(&self) -> Option<i64> {
        let alive = |x: &i64| self.now < x.saturating_add(self.remember);
        let ripe = |x: &i64| !self.never || x.saturating_add(self.within) <= self.now;
        let mut alive = self.xs.iter().rev().copied().take_while(alive).filter(ripe);
        alive.find(|x| self.is_followed(*x) != self.never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_counts_from_the_instant_of_the_first_until_just_before_its_time_is_over() {
        for (y, followed) in [(99, false), (100, true), (109, true), (110, false)] {
            assert_eq!(holds(&[100], &[y], 10, 50, false, 120), followed, "{y}");
            assert_eq!(holds(&[100], &[y], 10, 50, true, 120), !followed, "{y}");
        }
    }

    #[test]
    fn what_did_not_follow_is_true_from_the_end_of_its_time_until_it_is_forgotten() {
        let at = |now| holds(&[100], &[], 10, 50, true, now);
        assert_eq!([at(109), at(110), at(149), at(150)], [false, true, true, false]);
        assert_eq!(next(&[100], &[], 10, 50, true, 105), 110);
        assert_eq!(next(&[100], &[], 10, 50, true, 110), 150);
        assert_eq!(next(&[100], &[105], 10, 50, true, 110), i64::MAX);
        assert_eq!(next(&[100], &[105], 10, 50, false, 110), 150);
    }
}
