//! The events of one name, in order of their instants.

use std::collections::BTreeMap;
use std::ops::Range;

use super::asked::Asked;
use super::bits::{Bits, grow};
use super::column::Column;
use crate::model::{Attributes, Name};

/// Events of one name: who and when, in order, then those that came late, in order of arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    contacts: Vec<u32>,
    /// The lower halves of the instants that are in order.
    low: Vec<u32>,
    /// Where the upper halves change.
    eras: Vec<Era>,
    /// The instants of the late ones.
    late: Vec<i64>,
    properties: BTreeMap<Name, Column>,
    /// Whether a property was left out.
    pub(super) full: bool,
}

/// Events from a place on whose instants share their upper half: about 50 days.
#[derive(Clone, Copy, Debug)]
struct Era {
    start: usize,
    high: i64,
}

/// The instants from the first to before the second, in milliseconds.
pub(super) type Span = (i64, i64);

/// What the properties of an event must be like.
pub(super) type Filter = [(Name, Asked)];

/// So many late events are looked through one by one, besides a small part of the rest.
const FEW_LATE: usize = 1_024;

impl Log {
    /// The most properties that are kept of events of one name.
    pub(super) const MOST_PROPERTIES: usize = 64;

    pub(super) fn len(&self) -> usize {
        self.contacts.len()
    }

    pub(super) fn push(&mut self, contact: u32, properties: &Attributes, at: i64) {
        let row = self.contacts.len();
        grow(&mut self.contacts, 1);
        self.contacts.push(contact);
        if self.late.is_empty() && self.newest().is_none_or(|newest| newest <= at) {
            self.append(at);
        } else {
            grow(&mut self.late, 1);
            self.late.push(at);
        }
        for (name, value) in properties {
            let known = self.properties.len();
            match self.properties.get_mut(name) {
                Some(column) => column.set(row, Some(value)),
                None if known < Self::MOST_PROPERTIES && !self.full => {
                    self.properties.entry(name.clone()).or_default().set(row, Some(value));
                }
                None => self.full = true,
            }
        }
        if self.late.len() > FEW_LATE + self.low.len() / 64 {
            self.settle();
        }
    }

    fn newest(&self) -> Option<i64> {
        self.low.len().checked_sub(1).map(|last| self.time(last))
    }

    fn append(&mut self, at: i64) {
        let high = at >> 32;
        if self.eras.last().is_none_or(|era| era.high != high) {
            self.eras.push(Era { start: self.low.len(), high });
        }
        grow(&mut self.low, 1);
        self.low.push(at as u32);
    }

    /// When the event at a row was.
    pub(super) fn time(&self, row: usize) -> i64 {
        match self.low.get(row) {
            Some(low) => {
                let era = self.eras.partition_point(|era| era.start <= row).wrapping_sub(1);
                self.eras.get(era).map_or(0, |era| era.high << 32) | i64::from(*low)
            }
            None => self.late.get(row - self.low.len()).copied().unwrap_or(0),
        }
    }

    /// The first row in order that is not before an instant.
    fn place(&self, at: i64) -> usize {
        let high = at >> 32;
        let era = self.eras.partition_point(|era| era.high < high);
        let start = self.eras.get(era).map_or(self.low.len(), |era| era.start);
        if self.eras.get(era).is_none_or(|era| era.high != high) {
            return start;
        }
        let end = self.eras.get(era + 1).map_or(self.low.len(), |era| era.start);
        start + self.low.get(start..end).unwrap_or_default().partition_point(|low| *low < at as u32)
    }

    /// The rows in order whose instants lie in a span.
    fn ordered(&self, (from, to): Span) -> Range<usize> {
        let start = self.place(from);
        start..self.place(to).max(start)
    }

    /// Whose events lie in a span: those in order, then the late ones.
    pub(super) fn contacts(&self, span: Span) -> impl Iterator<Item = &[u32]> {
        let ordered = self.contacts.get(self.ordered(span)).unwrap_or_default();
        std::iter::once(ordered)
            .chain(self.late_rows(span).map(|row| self.contacts.get(row..=row).unwrap_or_default()))
    }

    fn late_rows(&self, (from, to): Span) -> impl Iterator<Item = usize> {
        let late = (self.low.len()..).zip(&self.late);
        late.filter(move |(_, at)| from <= **at && **at < to).map(|(row, _)| row)
    }

    /// The rows in a span that pass a filter.
    pub(super) fn passing(&self, span: Span, filter: &Filter) -> Bits {
        let mut rows = Bits::only(self.ordered(span));
        self.late_rows(span).for_each(|row| {
            rows.insert(row as u32);
        });
        for (name, asked) in filter {
            let missing = asked.holds(None);
            match self.properties.get(name) {
                Some(column) => column.keep(asked, missing, &mut rows),
                None if missing => {}
                None => rows.words_mut().fill(0),
            }
        }
        rows
    }

    /// Every event in a span that passes a filter and is of somebody in `whom`: its row and contact; by instants, the late
    /// ones at the end in order of arrival.
    pub(super) fn each(&self, span: Span, filter: &Filter, whom: &Bits, mut tell: impl FnMut(usize, u32)) {
        if filter.is_empty() {
            for row in self.ordered(span).chain(self.late_rows(span)) {
                if let Some(contact) = self.contacts.get(row).filter(|contact| whom.has(**contact)) {
                    tell(row, *contact);
                }
            }
            return;
        }
        for row in self.passing(span, filter).iter() {
            if let Some(contact) = self.contacts.get(row as usize).filter(|contact| whom.has(**contact)) {
                tell(row as usize, *contact);
            }
        }
    }

    /// The contact of a row.
    pub(super) fn contact(&self, row: u32) -> Option<u32> {
        self.contacts.get(row as usize).copied()
    }

    pub(super) fn property(&self, name: &str) -> Option<&Column> {
        self.properties.get(name)
    }

    /// Brings the late events into order: only what lies behind the earliest of them moves.
    pub(super) fn settle(&mut self) {
        let Some(earliest) = self.late.iter().min().copied() else { return };
        // What is in order at its instant came before it.
        let from = self.place(earliest.saturating_add(1));
        let mut rows: Vec<(i64, u32)> =
            (from..self.contacts.len()).map(|row| (self.time(row), row as u32)).collect();
        // Of one instant, in order of arrival.
        rows.sort_unstable();
        self.rebuild(from, &rows);
    }

    /// Wipes out what the events are like of those whom `stays` does not name; answers whether any other is left.
    pub(super) fn wipe(&mut self, stays: &Bits) -> bool {
        let gone = (0..).zip(&self.contacts).filter(|(_, contact)| !stays.has(**contact));
        let gone: Vec<usize> = gone.map(|(row, _)| row).collect();
        for column in self.properties.values_mut() {
            gone.iter().for_each(|row| column.erase(*row));
        }
        // Its name may say something, too.
        self.properties.retain(|_, column| !column.is_empty());
        gone.len() < self.contacts.len()
    }

    /// Takes the events out of those whom `stays` does not name.
    pub(super) fn retain(&mut self, stays: &Bits) {
        self.wipe(stays);
        self.settle();
        let rows: Vec<(i64, u32)> = (0_u32..)
            .zip(&self.contacts)
            .filter(|(_, contact)| stays.has(**contact))
            .map(|(row, _)| (self.time(row as usize), row))
            .collect();
        if rows.len() < self.contacts.len() {
            self.rebuild(0, &rows);
        }
    }

    fn rebuild(&mut self, from: usize, rows: &[(i64, u32)]) {
        let order: Vec<u32> = rows.iter().map(|(_, row)| *row).collect();
        let contacts: Vec<u32> = order.iter().filter_map(|row| self.contact(*row)).collect();
        self.contacts.truncate(from);
        self.contacts.extend(contacts);
        self.properties.values_mut().for_each(|column| column.reorder(from, &order));
        self.low.truncate(from);
        self.eras.retain(|era| era.start < from);
        self.late.clear();
        rows.iter().for_each(|(at, _)| self.append(*at));
    }

    pub(super) fn bytes(&self) -> usize {
        let properties: usize =
            self.properties.iter().map(|(name, column)| name.len() + 64 + column.bytes()).sum();
        let instants =
            self.low.capacity() * 4 + self.eras.capacity() * size_of::<Era>() + self.late.capacity() * 8;
        self.contacts.capacity() * 4 + instants + properties
    }

    pub(super) fn shrink(&mut self) {
        self.contacts.shrink_to_fit();
        self.low.shrink_to_fit();
        self.late.shrink_to_fit();
        self.properties.values_mut().for_each(Column::shrink);
    }
}
