//! Contacts by their place in a bitmap.

use super::bits::Bits;

/// The contacts of a bitmap, numbered in their order.
pub(super) struct Ranks<'b> {
    whom: &'b Bits,
    before: Vec<u32>,
    pub(super) count: usize,
}

impl<'b> Ranks<'b> {
    pub(super) fn new(whom: &'b Bits) -> Self {
        let mut count = 0;
        let mut before = Vec::with_capacity(whom.words().len());
        for word in whom.words() {
            before.push(count);
            count += word.count_ones();
        }
        Self { whom, before, count: count as usize }
    }

    #[inline]
    pub(super) fn of(&self, contact: u32) -> usize {
        let word = self.whom.words().get(contact as usize / 64).copied().unwrap_or(0);
        let below = word & !(u64::MAX << (contact % 64));
        (self.before.get(contact as usize / 64).copied().unwrap_or(0) + below.count_ones()) as usize
    }
}
