//! Why a contact is in a segment, or is not.

use std::collections::BTreeMap;
use std::fmt;

use super::answer::View;
use super::bits::bit;
use super::clock::Clock;
use super::leaf::{Ask, By, Leaf};
use super::saw::{at, saw};
use super::seen::Seen;
use super::segments::{Segment, Segments};
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
    /// That a line is drawn anew is not foreseen here.
    pub next: Option<i64>,
    /// Since when the contact may not be profiled, in milliseconds since 1970: then it is in no such segment.
    pub unprofiled_since: Option<i64>,
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
        if let Some(since) = self.unprofiled_since {
            write!(f, ", profiling is off since {}", at(since))?;
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
                unprofiled_since: None,
            };
        };
        let below = self.below(place, state, seen, &clock);
        let inside = |asked: u32| bit(&below, index(asked));
        let view = View { streams: &state.streams, seen, clock: &clock, inside: &inside };
        let mut turns = Turns::new();
        let reached = self.reached(place);
        for each in (0..place).filter(|each| bit(&reached, *each)) {
            turns
                .extend(u32::try_from(each).ok().map(|asked| (asked, self.turn(each, state, &view, &turns))));
        }
        let because: Vec<_> = self
            .deciding(segment, &view)
            .map(|leaf| Reason {
                question: leaf.text.clone(),
                holds: leaf.ask.holds(&view),
                saw: saw(&leaf.ask, &view),
                next: Some(turn(&leaf.ask, &view, &turns)).filter(|next| *next != i64::MAX),
            })
            .collect();
        let inside = self.is_held(place, state, seen, &clock, &below);
        SegmentExplanation {
            segment: segment.name.clone(),
            version: segment.version,
            inside,
            membership: state.members.get(&segment.name).copied().filter(|_| inside),
            waits: self.is_waiting(place, state),
            next: because.iter().filter_map(|reason| reason.next).min(),
            because,
            unprofiled_since: None,
        }
    }

    /// The questions that decide a segment.
    fn deciding<'s>(
        &'s self,
        segment: &Segment,
        view: &View<'_>,
    ) -> impl Iterator<Item = &'s Leaf> + use<'s> {
        let mut deciding = Vec::new();
        let mut ask = |leaf: u32| self.leaf(leaf).is_some_and(|leaf| leaf.ask.holds(view));
        segment.form.decide(&mut ask, &mut deciding);
        deciding.into_iter().filter_map(|leaf| self.leaf(leaf))
    }

    /// When time may next move the contact in or out of a segment.
    fn turn(&self, place: usize, state: &SegmentState, view: &View<'_>, turns: &Turns) -> i64 {
        let Some(segment) = self.at(place).filter(|_| !self.is_waiting(place, state)) else {
            return i64::MAX;
        };
        self.deciding(segment, view).map(|leaf| turn(&leaf.ask, view, turns)).min().unwrap_or(i64::MAX)
    }
}

/// When time may next move the contact in or out, by the places of segments.
type Turns = BTreeMap<u32, i64>;

/// When time may next change an answer, be it by way of another segment or of a score.
fn turn(ask: &Ask, view: &View<'_>, turns: &Turns) -> i64 {
    match ask {
        Ask::Segment { place, .. } => turns.get(place).copied().unwrap_or(i64::MAX),
        Ask::Held { of, .. } => ask.next(view).min(turn(of, view, turns)),
        Ask::Score { score, .. }
        | Ask::Tier { score, .. }
        | Ask::Mark { score, .. }
        | Ask::Ranked { by: By::Score(score), .. } => {
            let due = view.seen.facts.rating.state(score).and_then(|state| state.due_at);
            due.map_or(i64::MAX, |due| due.max(view.clock.now.saturating_add(1)))
        }
        _ => ask.next(view),
    }
}
