//! Why a contact is in a segment, or is not.

use std::fmt;

use super::answer::View;
use super::clock::Clock;
use super::saw::{at, saw};
use super::seen::Seen;
use super::segments::Segments;
use super::settle::index;
use super::state::{Membership, SegmentState};
use crate::model::Name;

/// Why a contact is in a segment, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentExplanation {
    /// Which segment.
    pub segment: Name,
    /// Under which version.
    pub version: u32,
    /// Whether the contact is in it.
    pub inside: bool,
    /// The passage that goes on, where the contact is in it.
    pub membership: Option<Membership>,
    /// Whether it stands still, because the contact's history was not counted for it yet.
    pub waits: bool,
    /// The questions that decide.
    pub because: Vec<Reason>,
    /// When one of their answers may next change by itself, in milliseconds since 1970; it can be too early, never too late.
    pub next: Option<i64>,
}

/// A question that decides, and what it was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// The question, as its author wrote it, in JSON.
    pub question: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was seen.
    pub saw: String,
    /// When the answer may next change by itself, in milliseconds since 1970.
    pub next: Option<i64>,
}

impl fmt::Display for SegmentExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.inside { "in" } else { "not in" };
        write!(f, "{is} {} (version {})", self.segment, self.version)?;
        if let Some(membership) = self.membership {
            write!(f, " since {}, entered {} time(s)", at(membership.since), membership.times)?;
        }
        if self.waits {
            f.write_str(", until its history is counted")?;
        }
        for reason in &self.because {
            let holds = if reason.holds { "holds" } else { "does not hold" };
            write!(f, "\n  {} {holds}: {}", reason.question, reason.saw)?;
            if let Some(next) = reason.next {
                write!(f, "; may change at {}", at(next))?;
            }
        }
        Ok(())
    }
}

impl Segments {
    /// Whether the contact is in the segment of a place, worked out of the streams and of what is seen; what was worked out
    /// before is not believed. False where there is no such place.
    #[must_use]
    pub fn holds(&self, place: usize, state: &SegmentState, seen: &Seen<'_>, now: i64) -> bool {
        self.holds_by(place, state, seen, &Clock::new(now, seen.zone))
    }

    fn holds_by(&self, place: usize, state: &SegmentState, seen: &Seen<'_>, clock: &Clock<'_>) -> bool {
        let Some(segment) = self.at(place) else { return false };
        if self.is_waiting(place, state) {
            return state.members.contains_key(&segment.name);
        }
        // Those that it asks have lower places, so this ends.
        let inside = |asked: u32| index(asked) < place && self.holds_by(index(asked), state, seen, clock);
        let view = View { streams: &state.streams, seen, clock, inside: &inside };
        segment.program.run(|leaf| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(&view)))
    }

    /// The value by which the contact ranks in a rank segment; nothing where it is left out, or the segment is none.
    #[must_use]
    pub fn rank(&self, place: usize, state: &SegmentState, seen: &Seen<'_>, now: i64) -> Option<i64> {
        let segment = self.at(place)?;
        let (by, among) = segment.rank.as_ref()?;
        let clock = Clock::new(now, seen.zone);
        let inside = |asked: u32| index(asked) < place && self.holds_by(index(asked), state, seen, &clock);
        let view = View { streams: &state.streams, seen, clock: &clock, inside: &inside };
        let mut ask = |leaf: u32| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(&view));
        let among = among.as_ref().is_none_or(|among| among.decide(&mut ask, &mut Vec::new()));
        among.then(|| view.rank(by))?
    }

    /// Why the contact is in the segment of a place, or is not: the questions that decide, with what they saw.
    #[must_use]
    pub fn explain(
        &self,
        place: usize,
        state: &SegmentState,
        seen: &Seen<'_>,
        now: i64,
    ) -> SegmentExplanation {
        let clock = Clock::new(now, seen.zone);
        let Some(segment) = self.at(place) else {
            return SegmentExplanation {
                segment: "".into(),
                version: 0,
                inside: false,
                membership: None,
                waits: false,
                because: Vec::new(),
                next: None,
            };
        };
        let inside = |asked: u32| index(asked) < place && self.holds_by(index(asked), state, seen, &clock);
        let view = View { streams: &state.streams, seen, clock: &clock, inside: &inside };
        let mut deciding = Vec::new();
        let mut ask = |leaf: u32| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(&view));
        segment.form.decide(&mut ask, &mut deciding);
        let because: Vec<_> = deciding
            .into_iter()
            .filter_map(|leaf| self.leaf(leaf))
            .map(|leaf| Reason {
                question: leaf.text.clone(),
                holds: leaf.ask.holds(&view),
                saw: saw(&leaf.ask, &view),
                next: Some(leaf.ask.next(&view)).filter(|next| *next != i64::MAX),
            })
            .collect();
        let inside = self.holds_by(place, state, seen, &clock);
        SegmentExplanation {
            segment: segment.name.clone(),
            version: segment.version,
            inside,
            membership: state.members.get(&segment.name).copied().filter(|_| inside),
            waits: self.is_waiting(place, state),
            next: because.iter().filter_map(|reason| reason.next).min(),
            because,
        }
    }
}
