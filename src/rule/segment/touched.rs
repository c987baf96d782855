//! Which questions must be asked anew.

/// The questions whose answer may have changed since the last time that everything was settled. It is kept from contact to
/// contact, so that nothing is allocated on the way.
///
/// ```
/// use journeyman::rule::segment::Touched;
/// assert!(Touched::default().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Touched {
    leaves: Vec<u64>,
    all: bool,
    any: bool,
}

impl Touched {
    /// Whether nothing was touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.any
    }

    #[inline]
    pub(super) fn mark(&mut self, leaf: u32) {
        let word = usize::try_from(leaf / 64).unwrap_or(usize::MAX);
        self.any = true;
        match self.leaves.get_mut(word) {
            Some(word) => *word |= 1 << (leaf % 64),
            None => self.grow(word, leaf),
        }
    }

    #[cold]
    fn grow(&mut self, word: usize, leaf: u32) {
        self.leaves.resize(word.saturating_add(1), 0);
        if let Some(word) = self.leaves.get_mut(word) {
            *word |= 1 << (leaf % 64);
        }
    }

    pub(super) fn mark_all(&mut self) {
        (self.all, self.any) = (true, true);
    }

    pub(super) fn is_all(&self) -> bool {
        self.all
    }

    /// Calls for each leaf that was touched, and forgets it.
    #[inline]
    pub(super) fn drain(&mut self, mut each: impl FnMut(u32)) {
        for (place, word) in (0_u32..).zip(&mut self.leaves) {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                each(place * 64 + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
        (self.all, self.any) = (false, false);
    }
}
