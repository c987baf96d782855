//! Randomness that a seed repeats, in one stream for each subsystem, so that a draw more in one shifts no other.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// One stream of random numbers.
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream of one subsystem.
    pub(super) fn fork(seed: u64, name: &str) -> Self {
        let hash = blake3::hash(format!("{seed}/{name}").as_bytes());
        Self(Xoshiro256PlusPlus::from_seed(*hash.as_bytes()))
    }

    /// A number in `[0, below)`; 0 where there is none.
    pub(super) fn below(&mut self, below: usize) -> usize {
        // The high half of a product is fair for everything far smaller than 2^64, and needs no division.
        ((u128::from(self.0.next_u64()) * below as u128) >> 64) as usize
    }

    /// A number in `[from, until)`.
    pub(super) fn between(&mut self, from: i64, until: i64) -> i64 {
        from + self.below(usize::try_from(until - from).unwrap_or(0)) as i64
    }

    /// True in so many of 10,000 cases.
    pub(super) fn chance(&mut self, of_ten_thousand: u32) -> bool {
        self.below(10_000) < of_ten_thousand as usize
    }

    /// One of several; the first of none is a mistake of the caller, who has always some.
    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_and_differs_from_the_others() {
        let draw = |seed, name| {
            let mut random = Random::fork(seed, name);
            std::array::from_fn::<usize, 8, _>(|_| random.below(1_000_000))
        };
        assert_eq!(draw(7, "faults"), draw(7, "faults"));
        assert_ne!(draw(7, "faults"), draw(7, "deeds"));
        assert_ne!(draw(7, "faults"), draw(8, "faults"));
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_them() {
        let mut random = Random::fork(1, "bounds");
        let drawn: std::collections::BTreeSet<i64> = (0..200).map(|_| random.between(-2, 3)).collect();
        assert_eq!(drawn, (-2..3).collect());
        assert!(!random.chance(0) && random.chance(10_000));
    }
}
