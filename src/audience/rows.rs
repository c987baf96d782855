//! A column of whole numbers that takes no more room than its greatest one needs.

use super::bits::{Bits, grow};

/// A whole number a row, as narrow as the greatest of them lets it be; rows beyond the last one hold 0.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    Byte(Vec<u8>),
    Short(Vec<u16>),
    Word(Vec<u32>),
    Long(Vec<u64>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Byte(Vec::new())
    }
}

/// The same for every width.
macro_rules! each {
    ($rows:expr, $items:ident => $answer:expr) => {
        match $rows {
            Rows::Byte($items) => $answer,
            Rows::Short($items) => $answer,
            Rows::Word($items) => $answer,
            Rows::Long($items) => $answer,
        }
    };
}

/// One bit for each of 64 flags that are 0 or 1.
#[inline]
fn pack(flags: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (place, eight) in flags.chunks_exact(8).enumerate() {
        let eight = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        // Moves bit 8i to 56 + i, so that the eight lie side by side.
        word |= (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (place * 8);
    }
    word
}

/// Keeps of each word the rows of which `holds` is 1; words that have none are passed over.
macro_rules! sift {
    ($items:expr, $out:expr, $row:ident => $holds:expr) => {{
        let (whole, rest) = $items.as_chunks::<64>();
        for (chunk, word) in whole.iter().zip($out.iter_mut()) {
            if *word != 0 {
                let mut flags = [0_u8; 64];
                for (flag, $row) in flags.iter_mut().zip(chunk) {
                    *flag = u8::from($holds);
                }
                *word &= pack(&flags);
            }
        }
        if let Some(word) = $out.get_mut(whole.len()).filter(|word| **word != 0) {
            // What has no row holds 0.
            let mut flags = [0_u8; 64];
            let padded = rest.iter().copied().chain(std::iter::repeat(0));
            for (flag, row) in flags.iter_mut().zip(padded) {
                let $row = &row;
                *flag = u8::from($holds);
            }
            *word &= pack(&flags);
        }
    }};
}

/// Keeps the rows from `first` to `last`, both included.
macro_rules! keep_between {
    ($items:expr, $first:expr, $last:expr, $kind:ty, $out:expr) => {{
        let (first, last): (u64, u64) = ($first, $last);
        // Nothing in so narrow a column is as great.
        let first = if first > u64::from(<$kind>::MAX) { None } else { Some(first as $kind) };
        match first {
            Some(first) => {
                let width = (last.min(<$kind>::MAX.into()) as $kind).wrapping_sub(first);
                sift!($items, $out, row => row.wrapping_sub(first) <= width);
            }
            None => $out.iter_mut().for_each(|word| *word = 0),
        }
    }};
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        each!(self, items => items.len())
    }

    #[inline]
    pub(super) fn at(&self, row: usize) -> u64 {
        match self {
            Self::Byte(items) => items.get(row).copied().unwrap_or(0).into(),
            Self::Short(items) => items.get(row).copied().unwrap_or(0).into(),
            Self::Word(items) => items.get(row).copied().unwrap_or(0).into(),
            Self::Long(items) => items.get(row).copied().unwrap_or(0),
        }
    }

    /// Sets a number, in a wider form where it needs one.
    pub(super) fn set(&mut self, row: usize, number: u64) {
        if number == 0 && row >= self.len() {
            return;
        }
        let room = match self {
            Self::Byte(_) => u8::MAX.into(),
            Self::Short(_) => u16::MAX.into(),
            Self::Word(_) => u32::MAX.into(),
            Self::Long(_) => u64::MAX,
        };
        if number > room {
            self.widen(number);
        }
        fn put<T: Copy + Default>(items: &mut Vec<T>, row: usize, number: T) {
            if row >= items.len() {
                grow(items, row + 1 - items.len());
                items.resize(row + 1, T::default());
            }
            if let Some(item) = items.get_mut(row) {
                *item = number;
            }
        }
        match self {
            Self::Byte(items) => put(items, row, number as u8),
            Self::Short(items) => put(items, row, number as u16),
            Self::Word(items) => put(items, row, number as u32),
            Self::Long(items) => put(items, row, number),
        }
    }

    fn widen(&mut self, number: u64) {
        let numbers = (0..self.len()).map(|row| self.at(row));
        *self = match number {
            0..=0xffff => Self::Short(numbers.map(|number| number as u16).collect()),
            0x1_0000..=0xffff_ffff => Self::Word(numbers.map(|number| number as u32).collect()),
            _ => Self::Long(numbers.collect()),
        };
    }

    /// Keeps of the rows in `out` those whose number lies from `first` to `last`, both included.
    pub(super) fn keep(&self, first: u64, last: u64, out: &mut [u64]) {
        if first > last {
            out.iter_mut().for_each(|word| *word = 0);
            return;
        }
        match self {
            Self::Byte(items) => keep_between!(items, first, last, u8, out),
            Self::Short(items) => keep_between!(items, first, last, u16, out),
            Self::Word(items) => keep_between!(items, first, last, u32, out),
            Self::Long(items) => keep_between!(items, first, last, u64, out),
        }
        if first > 0 {
            out.iter_mut().skip(self.len() / 64 + 1).for_each(|word| *word = 0);
        }
    }

    /// Keeps of the rows in `out` those whose number `passes`.
    pub(super) fn keep_those(&self, passes: &[bool], out: &mut [u64]) {
        each!(self, items => sift!(items, out, row => passes.get(*row as usize) == Some(&true)));
        if passes.first() != Some(&true) {
            out.iter_mut().skip(self.len() / 64 + 1).for_each(|word| *word = 0);
        }
    }

    /// From `from` on, the rows that `order` names, in that order and no others.
    pub(super) fn reorder(&mut self, from: usize, order: &[u32]) {
        fn pick<T: Copy + Default>(items: &mut Vec<T>, from: usize, order: &[u32]) {
            if from < items.len() {
                let picked: Vec<T> =
                    order.iter().map(|row| items.get(*row as usize).copied().unwrap_or_default()).collect();
                items.truncate(from);
                grow(items, picked.len());
                items.extend(picked);
            }
        }
        each!(self, items => pick(items, from, order));
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Byte(items) => items.capacity(),
            Self::Short(items) => items.capacity() * 2,
            Self::Word(items) => items.capacity() * 4,
            Self::Long(items) => items.capacity() * 8,
        }
    }

    pub(super) fn shrink(&mut self) {
        each!(self, items => items.shrink_to_fit());
    }
}

/// Keeps of the rows in `out` those whose count lies from `first` to `last`, both included.
pub(super) fn keep_counts(counts: &[u8], first: u64, last: u64, out: &mut Bits) {
    let out = out.words_mut();
    keep_between!(counts, first, last, u8, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_keeps_the_rows_that_lie_between_two_numbers() {
        for greatest in [200, 60_000, 4_000_000_000, u64::MAX] {
            let mut rows = Rows::default();
            let numbers: Vec<u64> =
                (0..200).map(|row| if row % 7 == 0 { greatest } else { row % 5 }).collect();
            numbers.iter().enumerate().for_each(|(row, number)| rows.set(row, *number));
            for (first, last) in [(0, 0), (1, 3), (2, u64::MAX), (greatest, greatest), (3, 2)] {
                let mut out = Bits::only(3..256);
                rows.keep(first, last, out.words_mut());
                let wanted: Vec<u32> = (3..256)
                    .filter(|row| {
                        let number = numbers.get(*row as usize).copied().unwrap_or(0);
                        first <= number && number <= last
                    })
                    .collect();
                assert_eq!(out.iter().collect::<Vec<_>>(), wanted, "{greatest} {first} {last}");
            }
        }
    }
}
