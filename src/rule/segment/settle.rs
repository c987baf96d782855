//! Works out who is in which segment, and tells who moved.

use super::answer::View;
use super::bits::Bits;
use super::clock::Clock;
use super::leaf::Ask;
use super::seen::Seen;
use super::segments::{Move, Segments};
use super::state::{Membership, SegmentState};
use super::stream::Stream;
use super::touched::Touched;
use crate::seeded::{Bug, is_on};

/// A bit for each segment.
pub(super) type Places = [u64; Segments::MOST / 64];

impl Segments {
    /// Asks anew what was touched, and what is due by now, then decides every segment that reads it, and tells each move, in the order of the
    /// places. What is not touched is believed. A second time at the same instant changes nothing.
    ///
    /// A segment that lacks a stream stands still, see [`lacks`](Self::lacks).
    pub fn settle(
        &self,
        state: &mut SegmentState,
        touched: &mut Touched,
        seen: &Seen<'_>,
        now: i64,
        told: &mut impl FnMut(Move),
    ) {
        if self.is_empty() || state.set != self.0.short {
            return;
        }
        // What time brings about at this very instant belongs to it: nobody moves twice.
        self.fire(state, touched, now);
        if touched.is_empty() && !state.asleep {
            return;
        }
        let clock = Clock::new(now, seen.zone);
        let mut dirty: Places = [0; Segments::MOST / 64];
        if state.asleep || touched.is_all() {
            self.wake(state);
            touched.drain(|_| {});
            dirty = [u64::MAX; Segments::MOST / 64];
            for leaf in 0..u32::try_from(self.0.leaves.len()).unwrap_or(0) {
                self.ask(state, leaf, seen, &clock, &mut dirty);
            }
        } else {
            touched.drain(|leaf| self.ask(state, leaf, seen, &clock, &mut dirty));
        }
        self.decide(state, seen, &clock, dirty, told);
    }

    /// Makes room for everything that is worked out.
    #[cold]
    fn wake(&self, state: &mut SegmentState) {
        state.asleep = false;
        state.bits = Bits::off(self.0.leaves.len());
        state.flips.clear();
        state.flips.resize(self.0.timed.len(), i64::MAX);
        state.inside = Bits::off(self.0.segments.len());
        for (place, segment) in self.0.segments.iter().enumerate() {
            if state.members.contains_key(&segment.name) {
                state.inside.put(place, true);
            }
        }
        state.due = None;
    }

    /// Asks one leaf; where its answer changed, those who read it are decided anew.
    #[inline]
    fn ask(
        &self,
        state: &mut SegmentState,
        place: u32,
        seen: &Seen<'_>,
        clock: &Clock<'_>,
        dirty: &mut Places,
    ) {
        let Some(leaf) = self.leaf(place) else { return };
        if leaf.streams.iter().any(|stream| is_missing(state, *stream)) {
            return;
        }
        if let Ask::Held { stream, of, .. } = &leaf.ask {
            hold(state, *stream, of, seen, clock);
        }
        let (holds, next) = {
            let inside = |place: u32| state.inside.has(index(place));
            let view = View { streams: &state.streams, seen, clock, inside: &inside };
            (leaf.ask.holds(&view), leaf.slot.map(|slot| (slot, leaf.ask.next(&view))))
        };
        let forgets = is_on(Bug::SameAnswerForgetsItsEnd) && state.bits.has(index(place)) == holds;
        if let Some((slot, next)) = next.map(|(slot, next)| (slot, if forgets { i64::MAX } else { next })) {
            arm(state, slot, next);
        }
        if state.bits.has(index(place)) != holds {
            state.bits.put(index(place), holds);
            for reader in &leaf.readers {
                if let Some(word) = dirty.get_mut(index(*reader) / 64) {
                    *word |= 1 << (reader % 64);
                }
            }
        }
    }

    /// Decides segments in the order of their places: whoever asks another one comes after it.
    fn decide(
        &self,
        state: &mut SegmentState,
        seen: &Seen<'_>,
        clock: &Clock<'_>,
        mut dirty: Places,
        told: &mut impl FnMut(Move),
    ) {
        for word in 0..dirty.len() {
            // Deciding one can make later ones dirty, so the bits are read anew each time.
            while let Some(bits) = dirty.get(word).copied().filter(|bits| *bits != 0) {
                let place = word * 64 + usize::try_from(bits.trailing_zeros()).unwrap_or(0);
                if let Some(word) = dirty.get_mut(word) {
                    *word &= *word - 1;
                }
                let Some(segment) = self.0.segments.get(place) else { continue };
                let is_barred = seen.bars(place);
                if !is_barred && segment.streams.iter().any(|stream| is_missing(state, *stream)) {
                    continue;
                }
                let holds = !is_barred && segment.program.run(|leaf| state.bits.has(index(leaf)));
                if holds == state.inside.has(place) {
                    continue;
                }
                state.inside.put(place, holds);
                if holds {
                    let times = state.left.remove(&segment.name).unwrap_or(0).saturating_add(1);
                    let membership = Membership { since: clock.now, times, version: segment.version };
                    state.members.insert(segment.name.clone(), membership);
                } else if let Some(membership) = state.members.remove(&segment.name) {
                    state.left.insert(segment.name.clone(), membership.times);
                }
                told(Move { place, inside: holds });
                for leaf in &segment.askers {
                    self.ask(state, *leaf, seen, clock, &mut dirty);
                }
            }
        }
    }
}

/// Notes since when something is so, or that it no longer is.
fn hold(state: &mut SegmentState, stream: u32, of: &Ask, seen: &Seen<'_>, clock: &Clock<'_>) {
    let holds = {
        let inside = |place: u32| state.inside.has(index(place));
        of.holds(&View { streams: &state.streams, seen, clock, inside: &inside })
    };
    let place = index(stream);
    if state.streams.len() <= place {
        if !holds {
            return;
        }
        state.streams.resize(place.saturating_add(1), Stream::Empty);
    }
    match (state.streams.get_mut(place), holds) {
        (Some(stream @ Stream::Empty), true) => *stream = Stream::Since(clock.now),
        (Some(stream @ Stream::Since(_)), false) => *stream = Stream::Empty,
        _ => {}
    }
}

/// Notes when an answer may next change; the earliest one is always known.
fn arm(state: &mut SegmentState, slot: u32, next: i64) {
    let slot = index(slot);
    if state.flips.len() <= slot {
        state.flips.resize(slot.saturating_add(1), i64::MAX);
    }
    let Some(flip) = state.flips.get_mut(slot) else { return };
    let before = std::mem::replace(flip, next);
    if next == before {
        return;
    }
    let due = state.due.unwrap_or(i64::MAX);
    if is_on(Bug::LaterDeadlineKept) && next < due && due != i64::MAX {
        return;
    }
    let due =
        if before == due { state.flips.iter().copied().min().unwrap_or(i64::MAX) } else { due.min(next) };
    state.due = Some(due).filter(|due| *due != i64::MAX);
}

pub(super) fn is_missing(state: &SegmentState, stream: u32) -> bool {
    state.keys.get(index(stream)).is_none_or(|key| *key == 0)
}

pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
