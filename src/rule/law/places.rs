//! A set of territories, a bit each.

use super::Territory;
use super::tables::tables;

/// A set of the territories of the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(u128);

impl Places {
    /// The most territories that the tables can have.
    pub(super) const MOST: usize = 128;

    pub(super) fn only(territory: Territory) -> Self {
        // No table has more than there are bits.
        Self(1_u128.wrapping_shl(territory.0.into()))
    }

    pub(super) fn of(territories: &[Territory]) -> Self {
        territories.iter().fold(Self::default(), |places, territory| places.or(Self::only(*territory)))
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether more than one is in it.
    pub(super) const fn is_open(self) -> bool {
        self.0 & self.0.wrapping_sub(1) != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What is left of this by a lesser source, as far as that agrees.
    pub(super) const fn narrowed(self, lesser: Self) -> Self {
        let both = self.and(lesser);
        if both.is_empty() { self } else { both }
    }

    /// Its territories, in the order of the tables.
    pub(super) fn territories(self) -> impl Iterator<Item = Territory> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = u16::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
            left &= left - 1;
            Some(Territory(next))
        })
    }

    pub(super) fn list(self) -> Vec<Territory> {
        self.territories().collect()
    }
}

impl Places {
    /// Where a telephone number can be, as [`Territory::of_phone`] says.
    pub(super) fn of_phone(number: &str) -> Option<Self> {
        let number = number.trim().strip_prefix('+')?;
        let written =
            number.chars().filter(|letter| !matches!(letter, ' ' | '-' | '.' | '(' | ')' | '\u{a0}'));
        let digits = written.map_while(|letter| letter.to_digit(10)).take(15);
        tables()?.phones.longest(digits, 5)
    }

    /// Where a postcode is, as [`Territory::of_postcode`] says.
    pub(super) fn of_postcode(postcode: &str) -> Option<Self> {
        let written = || postcode.chars().filter(|letter| *letter != ' ').map(|letter| letter.to_digit(10));
        let is_one = written().all(|digit| digit.is_some()) && written().count() == 5;
        if is_one { tables()?.postcodes.longest(written().flatten(), 5) } else { None }
    }
}
