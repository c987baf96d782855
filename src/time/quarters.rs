//! The parts of a day in which hours may be open.

/// A set of the quarters of an hour of a day, a bit each from midnight on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quarters(u128);

const OF_A_DAY: u32 = 96;
const ALL: u128 = (1 << OF_A_DAY) - 1;
/// Minutes, and milliseconds.
const LONG: u32 = 15;
const LASTS: i64 = 15 * 60_000;

impl Quarters {
    pub(crate) const ALL: Self = Self(ALL);
    pub(crate) const NONE: Self = Self(0);

    /// Those that a range of minutes touches, from one minute of a week to a later one.
    pub(super) const fn of_minutes(from: u32, until: u32) -> Self {
        let first = from / LONG;
        let touched = until.div_ceil(LONG).saturating_sub(first);
        let own = if touched >= OF_A_DAY { ALL } else { (1 << touched) - 1 };
        Self(own).later(first % OF_A_DAY)
    }

    /// The same on a clock that shows so many milliseconds less; where that is no whole quarter, all that is touched.
    pub(crate) fn behind(self, ahead: i64) -> Self {
        let day = i64::from(OF_A_DAY);
        let whole = u32::try_from(ahead.div_euclid(LASTS).rem_euclid(day)).unwrap_or(0);
        let own = self.later((OF_A_DAY - whole) % OF_A_DAY);
        if ahead.rem_euclid(LASTS) == 0 { own } else { own.or(own.later(OF_A_DAY - 1)) }
    }

    const fn later(self, by: u32) -> Self {
        Self((self.0 << by | self.0 >> (OF_A_DAY - by)) & ALL)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Minute by minute.
    fn touched(minutes: impl Iterator<Item = i64>) -> Quarters {
        Quarters(minutes.fold(0, |all, minute| all | 1 << (minute.rem_euclid(1_440) / 15)))
    }

    proptest! {
        #[test]
        fn a_range_touches_what_its_minutes_do(from in 0_u32..10_080, long in 1_u32..3_000, ahead in -900_i64..900) {
            let minutes = || i64::from(from)..i64::from(from + long);
            let quarters = Quarters::of_minutes(from, from + long);
            prop_assert_eq!(quarters, touched(minutes()));
            // Every minute of a quarter that is touched, as another clock shows it.
            let spread = minutes().flat_map(|minute| {
                let first = minute.div_euclid(15) * 15;
                (first..first + 15).map(|minute| minute - ahead)
            });
            prop_assert_eq!(quarters.behind(ahead * 60_000), touched(spread));
        }
    }

    #[test]
    fn nothing_is_never_and_all_is_always() {
        assert_eq!(Quarters::of_minutes(0, 10_080), Quarters::ALL);
        assert_eq!(Quarters::ALL.behind(1), Quarters::ALL);
        assert_eq!(Quarters::NONE.behind(-1), Quarters::NONE);
    }
}
