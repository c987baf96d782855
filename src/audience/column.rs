//! The values of one attribute, property or score, a row each.

use super::asked::{Asked, number, value};
use super::bits::Bits;
use super::dictionary::Dictionary;
use super::rows::Rows;
use crate::model::{Kind, Value};

/// A value a row, or none: as the code of a word that is kept once, or, where there are many and all are whole numbers,
/// instants or dates, as a number.
#[derive(Clone, Debug)]
pub(super) enum Column {
    Codes { dictionary: Dictionary, rows: Rows },
    Numbers { kind: Kind, base: i64, rows: Rows, present: Bits },
}

/// With more values than this, numbers are kept as numbers.
const MANY: usize = 64;
/// Up to so many runs of codes are looked for one by one, faster than each row is looked up.
const FEW_RUNS: usize = 3;

impl Default for Column {
    fn default() -> Self {
        Self::Codes { dictionary: Dictionary::default(), rows: Rows::default() }
    }
}

impl Column {
    /// A column of numbers, instants or dates from the first value on.
    pub(super) fn numbers(kind: Kind) -> Self {
        Self::Numbers { kind, base: 0, rows: Rows::default(), present: Bits::default() }
    }

    pub(super) fn set(&mut self, row: usize, value: Option<&Value>) {
        match (&mut *self, value) {
            (Self::Codes { dictionary, rows }, value) => {
                let (before, known) = (rows.at(row), dictionary.len());
                rows.set(row, value.map_or(0, |value| dictionary.enter(value)));
                dictionary.leave(before);
                // Looked at as it doubles only, so that nobody who comes and goes has all written anew each time.
                if dictionary.len() > known.max(MANY)
                    && dictionary.len().is_power_of_two()
                    && matches!(dictionary.kind(), Some(Kind::Integer | Kind::Instant | Kind::Date))
                {
                    self.count();
                }
            }
            (Self::Numbers { rows, present, .. }, None) => {
                if present.remove(row as u32) {
                    rows.set(row, 0);
                }
            }
            (Self::Numbers { kind, .. }, Some(value)) if *kind != Kind::of(value) => {
                self.spell();
                self.set(row, Some(value));
            }
            (Self::Numbers { .. }, Some(value)) => {
                if let Some(number) = number(value) {
                    self.put(row, number);
                }
            }
        }
    }

    fn put(&mut self, row: usize, number: i64) {
        let Self::Numbers { base, rows, present, .. } = self else { return };
        if present.words().is_empty() {
            *base = number;
        }
        if number < *base {
            // Twice as far down as needed, so that a falling row of numbers moves the base seldom.
            let greatest = present.iter().map(|row| rows.at(row as usize)).max().unwrap_or(0);
            let span = (i128::from(*base) - i128::from(number)) * 2 + i128::from(greatest);
            let low = i64::try_from(i128::from(number) - span).unwrap_or(i64::MIN);
            let moved = base.wrapping_sub(low) as u64;
            for row in present.iter() {
                let number = rows.at(row as usize).wrapping_add(moved);
                rows.set(row as usize, number);
            }
            *base = low;
        }
        present.insert(row as u32);
        rows.set(row, number.wrapping_sub(*base) as u64);
    }

    /// From words to numbers.
    fn count(&mut self) {
        let Self::Codes { dictionary, rows } = std::mem::take(self) else { return };
        let Some(kind) = dictionary.kind() else { return };
        let base = dictionary.values().iter().filter_map(number).min().unwrap_or(0);
        *self = Self::Numbers { kind, base, rows: Rows::default(), present: Bits::none(1) };
        for row in 0..rows.len() {
            if let Some(number) = dictionary.value(rows.at(row)).and_then(number) {
                self.put(row, number);
            }
        }
    }

    /// Writes words: for numbers, where one of another kind came, or in the place of words of which most are gone.
    fn spell(&mut self) {
        let old = std::mem::take(self);
        let (mut dictionary, mut rows) = (Dictionary::default(), Rows::default());
        for row in 0..old.len() {
            rows.set(row, old.at(row).map_or(0, |value| dictionary.enter(&value)));
        }
        *self = Self::Codes { dictionary, rows };
    }

    /// Takes out what a row says, so that nothing tells what it was: neither a word nor the number that others count from.
    pub(super) fn erase(&mut self, row: usize) {
        let is_base = matches!(&*self, Self::Numbers { base, .. } if self.number(row) == Some(*base));
        self.set(row, None);
        if is_base && let Self::Numbers { base, rows, present, .. } = self {
            let mut least = None;
            for row in present.iter() {
                let number = rows.at(row as usize);
                least = Some(least.map_or(number, |least: u64| least.min(number)));
                if number == 0 {
                    break;
                }
            }
            match least {
                None => (*base, *rows, *present) = (0, Rows::default(), Bits::default()),
                Some(0) => {}
                Some(least) => {
                    present.iter().for_each(|row| rows.set(row as usize, rows.at(row as usize) - least));
                    *base = base.wrapping_add(least as i64);
                }
            }
        }
    }

    /// Whether no row says anything.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Codes { dictionary, .. } => dictionary.is_empty(),
            Self::Numbers { present, .. } => present.words().iter().all(|word| *word == 0),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Codes { rows, .. } => rows.len(),
            // The last rows may all hold the base, which takes no room.
            Self::Numbers { present, .. } => present.words().len() * 64,
        }
    }

    pub(super) fn at(&self, row: usize) -> Option<Value> {
        match self {
            Self::Codes { dictionary, rows } => dictionary.value(rows.at(row)).cloned(),
            Self::Numbers { kind, .. } => self.number(row).and_then(|number| value(*kind, number)),
        }
    }

    /// The number at a row of numbers.
    #[inline]
    pub(super) fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Numbers { base, rows, present, .. } if present.has(row as u32) => {
                Some(base.wrapping_add(rows.at(row) as i64))
            }
            _ => None,
        }
    }

    /// Keeps the rows of `out` whose value is as asked; a row without one counts as `missing` says.
    pub(super) fn keep(&self, asked: &Asked, missing: bool, out: &mut Bits) {
        match self {
            Self::Codes { dictionary, rows } => {
                let passes: Vec<bool> = std::iter::once(missing)
                    .chain(dictionary.values().iter().map(|value| asked.holds(Some(value))))
                    .collect();
                keep_codes(rows, &passes, out);
            }
            Self::Numbers { kind, base, rows, present } => {
                let absent = missing.then(|| {
                    let mut absent = out.clone();
                    absent.minus(present);
                    absent
                });
                out.and(present);
                match asked.range(*kind) {
                    Some((first, last)) => {
                        let first = first.max(*base);
                        if first > last {
                            out.words_mut().fill(0);
                        } else {
                            let (first, last) = (first.wrapping_sub(*base), last.wrapping_sub(*base));
                            rows.keep(first as u64, last as u64, out.words_mut());
                        }
                    }
                    None => self.keep_each(out, |value| asked.holds(Some(&value))),
                }
                absent.iter().for_each(|absent| out.or(absent));
            }
        }
    }

    /// Keeps the rows of `out` whose value passes; the slow way, for what is no range.
    pub(super) fn keep_each(&self, out: &mut Bits, passes: impl Fn(Value) -> bool) {
        let mut kept = Bits::none(out.words().len() * 64);
        let rows = out.iter().filter(|row| self.at(*row as usize).is_some_and(&passes));
        rows.for_each(|row| kept.mark(row));
        *out = kept;
    }

    /// From `from` on, the rows that `order` names, in that order; it leaves out none that says anything.
    pub(super) fn reorder(&mut self, from: usize, order: &[u32]) {
        match self {
            Self::Codes { rows, .. } => rows.reorder(from, order),
            Self::Numbers { rows, present, .. } => {
                rows.reorder(from, order);
                let old = present.clone();
                present.truncate(from);
                let places = (from as u32..).zip(order).filter(|(_, row)| old.has(**row));
                places.for_each(|(place, _)| {
                    present.insert(place);
                });
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Codes { dictionary, rows } => dictionary.bytes() + rows.bytes(),
            Self::Numbers { rows, present, .. } => rows.bytes() + present.bytes(),
        }
    }

    pub(super) fn shrink(&mut self) {
        match self {
            Self::Codes { dictionary, .. } if dictionary.is_sparse() => self.spell(),
            Self::Codes { rows, .. } => rows.shrink(),
            Self::Numbers { rows, present, .. } => {
                rows.shrink();
                present.shrink();
            }
        }
    }
}

/// Keeps the rows of `out` whose code passes: by runs of codes where they are few.
fn keep_codes(rows: &Rows, passes: &[bool], out: &mut Bits) {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (code, _) in (0..).zip(passes).filter(|(_, passes)| **passes) {
        let full = runs.len() == FEW_RUNS;
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ if full => return rows.keep_those(passes, out.words_mut()),
            _ => runs.push((code, code)),
        }
    }
    match *runs {
        [] => out.words_mut().fill(0),
        [(first, last)] => rows.keep(first, last, out.words_mut()),
        _ => {
            let all = std::mem::take(out);
            for (first, last) in runs {
                let mut kept = all.clone();
                rows.keep(first, last, kept.words_mut());
                out.or(&kept);
            }
        }
    }
}
