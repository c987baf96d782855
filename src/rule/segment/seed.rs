//! Brings what is kept of a contact to the segments that are published now.

use std::sync::Arc;

use super::bits::Bits;
use super::hear::Heard;
use super::segments::Segments;
use super::state::SegmentState;
use super::stream::{Keep, Stream};
use super::touched::Touched;
use crate::seeded::{Bug, is_on};

impl Segments {
    /// Whether nothing is left for [`align`](Self::align) to do.
    #[must_use]
    pub fn is_aligned(&self, state: &SegmentState) -> bool {
        let set = if self.is_empty() { 0 } else { self.0.short };
        state.set == set
    }

    /// Takes over what another set of segments kept: streams that are still asked for go on, what nobody reads is dropped,
    /// and what is new is missing. It answers whether anything changed; everything is asked anew then.
    pub fn align(&self, state: &mut SegmentState) -> bool {
        if self.is_empty() {
            let changed = state.set != 0;
            if changed {
                let members = std::mem::take(&mut state.members);
                let left = std::mem::take(&mut state.left);
                *state = SegmentState { members, left, ..SegmentState::default() };
            }
            return changed;
        }
        if state.set == self.0.short {
            return false;
        }
        let mut old: Vec<(u64, Stream)> = Vec::with_capacity(state.keys.len());
        let mut streams = std::mem::take(&mut state.streams).into_iter();
        for key in state.keys.iter() {
            let stream = streams.next().unwrap_or_default();
            if *key != 0 {
                old.push((*key, stream));
            }
        }
        old.sort_by_key(|(key, _)| *key);
        let mut missing = false;
        let mut keys = Vec::with_capacity(self.0.keys.len());
        state.streams.reserve(self.0.keys.len());
        for key in self.0.keys.iter() {
            let known = old.binary_search_by_key(key, |(key, _)| *key).ok().and_then(|at| old.get_mut(at));
            missing |= known.is_none();
            keys.push(if known.is_some() { *key } else { 0 });
            state.streams.push(known.map_or(Stream::Empty, |(_, stream)| std::mem::take(stream)));
        }
        state.keys = if missing { keys.into() } else { Arc::clone(&self.0.keys) };
        state.set = self.0.short;
        state.asleep = true;
        state.due = None;
        state.flips.clear();
        (state.bits, state.inside) = (Bits::None, Bits::None);
        true
    }

    /// Whether some stream is missing, so that the contact's history must be counted.
    #[must_use]
    pub fn lacks(&self, state: &SegmentState) -> bool {
        if state.set != self.0.short {
            let known = |key: &u64| state.keys.contains(key);
            return !self.is_empty() && !self.0.keys.iter().all(known);
        }
        // What lacks nothing shares the keys, or has the same ones.
        !Arc::ptr_eq(&state.keys, &self.0.keys) && state.keys != self.0.keys
    }

    /// Whether this segment stands still, because a stream that it reads is missing.
    #[must_use]
    pub fn is_waiting(&self, place: usize, state: &SegmentState) -> bool {
        let streams = self.at(place).map_or(&[][..], |segment| &segment.streams);
        streams.iter().any(|stream| super::settle::is_missing(state, *stream))
    }

    /// Takes the streams that `state` lacks from a recount of the whole history, which was made for the same segments;
    /// [`settle`](Self::settle) follows.
    pub fn seed(&self, state: &mut SegmentState, counted: &SegmentState, touched: &mut Touched) {
        self.take(state, counted, touched, |key, _| key == 0);
    }

    /// Takes all that events make from a recount: something of the history was taken back. Since when something is true is
    /// kept, where it is known.
    pub fn replace(&self, state: &mut SegmentState, counted: &SegmentState, touched: &mut Touched) {
        // Only what a sequence asks keeps instants of a span.
        let of_sequence = |keep: &Keep| matches!(keep, Keep::Times { span, .. } if *span != i64::MAX);
        let stays = |keep: &Keep| is_on(Bug::RetractionKeepsSequences) && of_sequence(keep);
        self.take(state, counted, touched, |key, keep| key == 0 || (*keep != Keep::Since && !stays(keep)));
    }

    /// Leaves of a recount only what `state` lacks, and what would have counted one of these events: the rest is known, of
    /// more than a log that was purged can tell.
    pub fn narrow(&self, counted: &mut SegmentState, state: &SegmentState, taken_back: &[Heard<'_>]) {
        let mut concerned = vec![false; counted.keys.len()];
        for event in taken_back {
            for place in self.feeds(event) {
                concerned.get_mut(place).into_iter().for_each(|one| *one = true);
            }
        }
        let known = |key: &u64| state.keys.contains(key);
        let keys = counted.keys.iter().zip(concerned);
        counted.keys = keys.map(|(key, concerned)| if concerned || !known(key) { *key } else { 0 }).collect();
    }

    fn take(
        &self,
        state: &mut SegmentState,
        counted: &SegmentState,
        touched: &mut Touched,
        takes: impl Fn(u64, &Keep) -> bool,
    ) {
        if counted.set != self.0.short {
            return;
        }
        self.align(state);
        let mut keys = state.keys.to_vec();
        state.streams.resize(keys.len(), Stream::Empty);
        for (place, rule) in self.0.streams.iter().enumerate() {
            let Some(key) = keys.get_mut(place).filter(|key| takes(**key, &rule.keep)) else { continue };
            let Some(new) = counted.keys.get(place).filter(|key| **key != 0) else { continue };
            *key = *new;
            if let Some(stream) = state.streams.get_mut(place) {
                *stream = counted.streams.get(place).cloned().unwrap_or_default();
            }
            // A segment that stood still is decided even where no answer changes.
            touched.mark_all();
        }
        state.keys = if keys[..] == self.0.keys[..] { Arc::clone(&self.0.keys) } else { keys.into() };
    }
}
