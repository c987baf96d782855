//! The numbers that a property has.

use rust_decimal::Decimal;

use super::asked::decimal;
use super::column::Column;
use super::log::Log;
use super::rows::Rows;
use crate::model::Kind;

/// The numbers that a property has, by row.
pub(super) enum Amounts<'a> {
    Nothing,
    /// By code: as a number, and at the common scale.
    Codes(&'a Rows, Vec<Option<Decimal>>, Vec<Amount>),
    /// And by how much each is multiplied.
    Numbers(&'a Column, i64),
}

/// A number at the common scale.
#[derive(Clone, Copy)]
pub(super) enum Amount {
    Nothing,
    /// Small enough for billions of them to be added without loss.
    Whole(i64),
    /// Too great for that, or too fine.
    Odd,
}

/// What is finer is added as a decimal, so that it makes nobody else's amounts too great.
const FINEST: u32 = 6;
/// Four thousand million of these stay below the 96 bits of a decimal, whatever the order.
const MOST: i128 = 1 << 60;

impl Amount {
    fn of(number: Decimal, scale: u32) -> Self {
        let number = number.normalize();
        let times = scale.checked_sub(number.scale()).and_then(|places| 10_i128.checked_pow(places));
        let whole = times.and_then(|times| number.mantissa().checked_mul(times));
        whole.map_or(Self::Odd, Self::whole)
    }

    #[inline]
    fn whole(whole: i128) -> Self {
        if (-MOST..=MOST).contains(&whole) { Self::Whole(whole as i64) } else { Self::Odd }
    }
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

    /// The scale at which most numbers are whole.
    pub(super) fn scale(&self) -> u32 {
        match self {
            Self::Codes(_, numbers, _) => {
                let scales = numbers.iter().flatten().map(|number| number.normalize().scale());
                scales.filter(|scale| *scale <= FINEST).max().unwrap_or(0)
            }
            Self::Nothing | Self::Numbers(..) => 0,
        }
    }

    /// Says the scale at which numbers are to be whole.
    pub(super) fn scaled(&mut self, scale: u32) {
        match self {
            Self::Nothing => {}
            Self::Codes(_, numbers, whole) => {
                let amount =
                    |number: &Option<Decimal>| number.map_or(Amount::Nothing, |it| Amount::of(it, scale));
                *whole = numbers.iter().map(amount).collect();
            }
            Self::Numbers(_, times) => *times = 10_i64.saturating_pow(scale),
        }
    }

    #[inline]
    pub(super) fn amount(&self, row: usize) -> Amount {
        match self {
            Self::Codes(rows, _, whole) => {
                whole.get(rows.at(row) as usize).copied().unwrap_or(Amount::Nothing)
            }
            Self::Numbers(column, times) => match column.number(row) {
                None => Amount::Nothing,
                Some(number) => Amount::whole(i128::from(number) * i128::from(*times)),
            },
            Self::Nothing => Amount::Nothing,
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
