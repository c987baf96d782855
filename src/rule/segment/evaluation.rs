//! Who is in which segment, worked out of the streams and of what is seen alone.

use super::answer::View;
use super::bits::bit;
use super::clock::Clock;
use super::seen::Seen;
use super::segments::Segments;
use super::settle::{Places, index};
use super::state::SegmentState;

impl Segments {
    /// Whether the contact is in the segment of a place, worked out of the streams and of what is seen; what was worked out
    /// before is not believed. False where there is no such place.
    #[must_use]
    pub fn holds(&self, place: usize, state: &SegmentState, seen: &Seen<'_>, now: i64) -> bool {
        let clock = Clock::new(now, seen.zone);
        let below = self.below(place, state, seen, &clock);
        self.is_held(place, state, seen, &clock, &below)
    }

    /// The value by which the contact ranks in a rank segment; nothing where it is left out, or the segment is none.
    #[must_use]
    pub fn rank(&self, place: usize, state: &SegmentState, seen: &Seen<'_>, now: i64) -> Option<i64> {
        let (by, among) = self.at(place)?.rank.as_ref()?;
        let clock = Clock::new(now, seen.zone);
        let below = self.below(place, state, seen, &clock);
        let inside = |asked: u32| bit(&below, index(asked));
        let view = View { streams: &state.streams, seen, clock: &clock, inside: &inside };
        let mut ask = |leaf: u32| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(&view));
        let among = among.as_ref().is_none_or(|among| among.decide(&mut ask, &mut Vec::new()));
        among.then(|| view.rank(by))?
    }

    /// The segments that the one of a place hangs on, itself left out; all of them have lower places.
    pub(super) fn reached(&self, place: usize) -> Places {
        let mut reached = Places::default();
        self.reach(place, &mut reached);
        if reached != Places::default() {
            // Whoever asks comes after whom it asks, so that one walk down finds all.
            for each in (0..place).rev().filter(|each| *each < Self::MOST) {
                if bit(&reached, each) {
                    self.reach(each, &mut reached);
                }
            }
        }
        reached
    }

    fn reach(&self, place: usize, reached: &mut Places) {
        for asked in self.at(place).map_or(&[][..], |segment| &segment.asks) {
            add(reached, index(*asked));
        }
    }

    /// In which of the segments that the one of a place hangs on the contact is; each is decided once.
    pub(super) fn below(
        &self,
        place: usize,
        state: &SegmentState,
        seen: &Seen<'_>,
        clock: &Clock<'_>,
    ) -> Places {
        let (reached, mut inside) = (self.reached(place), Places::default());
        if reached != Places::default() {
            for each in (0..place).filter(|each| bit(&reached, *each)) {
                if self.is_held(each, state, seen, clock, &inside) {
                    add(&mut inside, each);
                }
            }
        }
        inside
    }

    /// Whether the contact is in the segment of a place, where it is known in which of those that it asks.
    pub(super) fn is_held(
        &self,
        place: usize,
        state: &SegmentState,
        seen: &Seen<'_>,
        clock: &Clock<'_>,
        below: &Places,
    ) -> bool {
        let Some(segment) = self.at(place) else { return false };
        if seen.bars(place) {
            return false;
        }
        if self.is_waiting(place, state) {
            return state.members.contains_key(&segment.name);
        }
        let inside = |asked: u32| bit(below, index(asked));
        let view = View { streams: &state.streams, seen, clock, inside: &inside };
        segment.program.run(|leaf| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(&view)))
    }
}

fn add(places: &mut Places, place: usize) {
    if let Some(word) = places.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}
