//! The numbers that a property has.

use rust_decimal::Decimal;

use super::asked::{Kind, decimal};
use super::column::Column;
use super::log::Log;
use super::rows::Rows;

/// The numbers that a property has, by row.
pub(super) enum Amounts<'a> {
    Nothing,
    /// By code: as a number, and as a whole one at the common scale.
    Codes(&'a Rows, Vec<Option<Decimal>>, Vec<Option<i128>>),
    /// And by how much each is multiplied.
    Numbers(&'a Column, i128),
}

impl<'a> Amounts<'a> {
    pub(super) fn new(log: &'a Log, of: &str) -> Self {
        match log.property(of) {
            Some(Column::Codes { dictionary, rows }) => {
                let numbers = std::iter::once(None).chain(dictionary.values().iter().map(decimal));
                Self::Codes(rows, numbers.collect(), Vec::new())
            }
            Some(column @ Column::Numbers { kind: Kind::Integer, .. }) => Self::Numbers(column, 1),
            Some(Column::Numbers { .. }) | None => Self::Nothing,
        }
    }

    pub(super) fn scale(&self) -> u32 {
        match self {
            Self::Codes(_, numbers, _) => {
                numbers.iter().flatten().map(|number| number.normalize().scale()).max().unwrap_or(0)
            }
            Self::Nothing | Self::Numbers(..) => 0,
        }
    }

    /// The same as whole numbers; `None` where they are too great for billions of them to be added.
    pub(super) fn scaled(&self, scale: u32) -> Option<Self> {
        const MOST: i128 = 1 << 92;
        match self {
            Self::Nothing => Some(Self::Nothing),
            Self::Codes(rows, numbers, _) => {
                let whole = |number: &Option<Decimal>| match number.map(|number| number.normalize()) {
                    None => Some(None),
                    Some(number) => {
                        let times = 10_i128.checked_pow(scale.checked_sub(number.scale())?)?;
                        let whole = number.mantissa().checked_mul(times)?;
                        (-MOST..=MOST).contains(&whole).then_some(Some(whole))
                    }
                };
                let whole: Option<Vec<_>> = numbers.iter().map(whole).collect();
                Some(Self::Codes(rows, Vec::new(), whole?))
            }
            Self::Numbers(column, _) => {
                let times = 10_i128.checked_pow(scale)?;
                (times <= 1 << 28).then_some(Self::Numbers(column, times))
            }
        }
    }

    #[inline]
    pub(super) fn whole(&self, row: usize) -> Option<i128> {
        match self {
            Self::Nothing => None,
            Self::Codes(rows, _, whole) => whole.get(rows.at(row) as usize).copied().flatten(),
            Self::Numbers(column, times) => column.number(row).map(|number| i128::from(number) * times),
        }
    }

    pub(super) fn at(&self, row: usize) -> Option<Decimal> {
        match self {
            Self::Nothing => None,
            Self::Codes(rows, numbers, _) => numbers.get(rows.at(row) as usize).copied().flatten(),
            Self::Numbers(column, _) => column.number(row).map(Decimal::from),
        }
    }
}
