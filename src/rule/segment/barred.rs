//! Segments that somebody stands outside of, whatever they ask: profiles of whoever may not be profiled.

use super::segments::Segments;
use super::settle::index;
use super::state::SegmentState;
use super::stream::Stream;

/// The segments that a contact stands outside of, whatever they ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Barred([u64; Segments::MOST / 64]);

impl Barred {
    /// Whether it has the segment of a place.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

impl Segments {
    /// The segments whose declared purposes are barred.
    pub(crate) fn barred(&self, is_barred: impl Fn(Option<&str>) -> bool) -> Barred {
        let mut barred = Barred::default();
        for (place, segment) in self.0.segments.iter().enumerate() {
            if is_barred(segment.purpose.as_deref())
                && let Some(word) = barred.0.get_mut(place / 64)
            {
                *word |= 1 << (place % 64);
            }
        }
        barred
    }

    /// Forgets what barred segments alone had counted, and how often the contact was in them.
    pub(crate) fn forget(&self, state: &mut SegmentState, barred: &Barred) {
        if state.set != self.0.short {
            return;
        }
        self.put_back(state, &SegmentState::default(), barred);
        let left = |segment: &str| self.place(segment).is_none_or(|place| barred.has(place));
        state.left.retain(|segment, _| !left(segment));
    }

    /// Since when something is so begins no sooner than this, where barred segments alone ask.
    pub(crate) fn begin_at(&self, state: &mut SegmentState, from: i64, barred: &Barred) {
        let spared = self.spared(barred);
        for (stream, spared) in state.streams.iter_mut().zip(spared) {
            if let Stream::Since(since) = stream
                && !spared
            {
                *since = (*since).max(from);
            }
        }
    }

    /// Puts back what was counted before for barred segments alone.
    pub(crate) fn put_back(&self, state: &mut SegmentState, before: &SegmentState, barred: &Barred) {
        let spared = self.spared(barred);
        for (place, stream) in state.streams.iter_mut().enumerate() {
            if !spared.get(place).is_some_and(|spared| *spared) {
                *stream = before.streams.get(place).cloned().unwrap_or_default();
            }
        }
    }

    /// By stream, whether a segment that is not barred reads it.
    fn spared(&self, barred: &Barred) -> Vec<bool> {
        let mut spared = vec![false; self.0.streams.len()];
        let others = self.0.segments.iter().enumerate().filter(|(place, _)| !barred.has(*place));
        for stream in others.flat_map(|(_, segment)| &segment.streams) {
            spared.get_mut(index(*stream)).into_iter().for_each(|one| *one = true);
        }
        spared
    }
}
