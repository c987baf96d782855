//! Which contact stands in which row.

use super::bits::{Bits, grow};
use super::slots::{Slots, hash_of};

/// The contacts, by row: their ids lie end to end in one text, so that each takes little more than its letters.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    text: Vec<u8>,
    /// By row, where the id begins and, in the lower bits, how long it is.
    places: Vec<u64>,
    index: Slots,
    known: Bits,
    count: usize,
    /// Rows that nobody stands in any more and that events still speak of.
    empty: Vec<u32>,
    /// Rows that nobody stands in and nothing speaks of.
    free: Vec<u32>,
    /// Letters of those who are gone.
    waste: usize,
}

const LENGTH_BITS: u32 = 24;

impl Roster {
    /// How many contacts there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many rows there are, empty ones included.
    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    pub(super) fn known(&self) -> &Bits {
        &self.known
    }

    fn letters(&self, row: usize) -> &[u8] {
        let place = self.places.get(row).copied().unwrap_or(0);
        let (start, length) = ((place >> LENGTH_BITS) as usize, (place & ((1 << LENGTH_BITS) - 1)) as usize);
        self.text.get(start..start + length).unwrap_or_default()
    }

    pub(super) fn id(&self, row: u32) -> &str {
        std::str::from_utf8(self.letters(row as usize)).unwrap_or_default()
    }

    pub(super) fn row(&self, id: &str) -> Option<u32> {
        self.index.find(hash_of(id), |row| self.letters(row) == id.as_bytes()).map(|row| row as u32)
    }

    /// The row of a contact, a new one where it has none; `None` where there is no room for more.
    pub(super) fn enter(&mut self, id: &str) -> Option<u32> {
        if let Some(row) = self.row(id) {
            return Some(row);
        }
        if id.len() >= 1 << LENGTH_BITS {
            return None;
        }
        let place = (self.text.len() as u64) << LENGTH_BITS | id.len() as u64;
        let row = match self.free.pop() {
            Some(row) => row,
            // The last two numbers mean something else to the index.
            None => u32::try_from(self.places.len()).ok().filter(|row| *row < u32::MAX - 1)?,
        };
        grow(&mut self.text, id.len());
        self.text.extend_from_slice(id.as_bytes());
        match self.places.get_mut(row as usize) {
            Some(free) => *free = place,
            None => {
                grow(&mut self.places, 1);
                self.places.push(place);
            }
        }
        let mut index = std::mem::take(&mut self.index);
        index.insert(hash_of(id), row as usize, |row| hash_of(self.id(row as u32)));
        self.index = index;
        self.known.insert(row);
        self.count += 1;
        Some(row)
    }

    /// Wipes an id out. Its row stays empty until no event speaks of it any more.
    pub(super) fn leave(&mut self, row: u32) {
        if !self.known.remove(row) {
            return;
        }
        self.index.remove(hash_of(self.id(row)), row as usize);
        let place = self.places.get_mut(row as usize).map_or(0, std::mem::take);
        let (start, length) = ((place >> LENGTH_BITS) as usize, (place & ((1 << LENGTH_BITS) - 1)) as usize);
        if let Some(letters) = self.text.get_mut(start..start + length) {
            letters.fill(0);
        }
        self.waste += length;
        self.count -= 1;
        self.empty.push(row);
        if self.waste > self.text.len() / 2 + 4_096 {
            self.rewrite();
        }
    }

    fn rewrite(&mut self) {
        let mut text = Vec::with_capacity(self.text.len() - self.waste);
        for row in 0..self.places.len() {
            let start = text.len() as u64;
            text.extend_from_slice(self.letters(row));
            if let Some(place) = self.places.get_mut(row) {
                *place = start << LENGTH_BITS | (text.len() as u64 - start);
            }
        }
        (self.text, self.waste) = (text, 0);
    }

    /// How many rows events may still speak of though nobody stands there.
    pub(super) fn empty(&self) -> usize {
        self.empty.len()
    }

    /// Lets the empty rows be used anew, once no event speaks of them.
    pub(super) fn release(&mut self) {
        self.free.append(&mut self.empty);
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.places.capacity() * 8
            + self.index.bytes()
            + self.known.bytes()
            + (self.empty.capacity() + self.free.capacity()) * 4
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.places.shrink_to_fit();
        self.known.shrink();
    }
}
