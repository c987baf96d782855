//! A set of rows, a bit each.

/// A set of rows, a bit each, 64 in a word; rows beyond the last word are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

/// How many words hold so many rows.
pub(super) const fn words_of(rows: usize) -> usize {
    rows.div_ceil(64)
}

impl Bits {
    /// No row, with room for so many.
    pub(super) fn none(rows: usize) -> Self {
        Self { words: vec![0; words_of(rows)] }
    }

    /// These rows alone.
    pub(super) fn only(rows: std::ops::Range<usize>) -> Self {
        let mut all = Self::none(rows.end);
        let words = all.words.iter_mut().enumerate().skip(rows.start / 64);
        words.for_each(|(_, word)| *word = u64::MAX);
        if let Some(first) = all.words.get_mut(rows.start / 64) {
            *first &= u64::MAX << (rows.start % 64);
        }
        if rows.end % 64 > 0
            && let Some(last) = all.words.last_mut()
        {
            *last &= u64::MAX >> (64 - rows.end % 64);
        }
        all
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    #[inline]
    pub(super) fn has(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Puts a row in that there is room for.
    #[inline]
    pub(super) fn mark(&mut self, row: u32) {
        if let Some(word) = self.words.get_mut(row as usize / 64) {
            *word |= 1 << (row % 64);
        }
    }

    /// Puts a row in, with new room where there is none; answers whether that is news.
    pub(super) fn insert(&mut self, row: u32) -> bool {
        let word = row as usize / 64;
        if word >= self.words.len() {
            let more = word + 1 - self.words.len();
            grow(&mut self.words, more);
            self.words.resize(word + 1, 0);
        }
        let news = !self.has(row);
        self.mark(row);
        news
    }

    /// Takes a row out; answers whether it was in.
    pub(super) fn remove(&mut self, row: u32) -> bool {
        let was = self.has(row);
        if let Some(word) = self.words.get_mut(row as usize / 64) {
            *word &= !(1 << (row % 64));
        }
        was
    }

    pub(super) fn and(&mut self, other: &Self) {
        let known = other.words.len().min(self.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        self.words.iter_mut().skip(known).for_each(|word| *word = 0);
    }

    pub(super) fn or(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn minus(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    pub(super) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.words).flat_map(|(place, word)| ones(place, *word))
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.words.truncate(words_of(rows));
        if rows % 64 > 0
            && rows / 64 + 1 == self.words.len()
            && let Some(last) = self.words.last_mut()
        {
            *last &= u64::MAX >> (64 - rows % 64);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * 8
    }

    pub(super) fn shrink(&mut self) {
        self.words.shrink_to_fit();
    }
}

/// The rows that one word says.
#[inline]
pub(super) fn ones(place: u32, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let row = place * 64 + word.trailing_zeros();
        (word != 0).then(|| {
            word &= word - 1;
            row
        })
    })
}

/// Makes room an eighth at a time, because a doubled column would be half empty.
pub(super) fn grow<T>(items: &mut Vec<T>, more: usize) {
    if items.len() + more > items.capacity() {
        items.reserve_exact(more.max(items.len() / 8).max(64));
    }
}
