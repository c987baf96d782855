//! What a question is answered with now, and when that may change.

use super::bucket::lot;
use super::clock::Clock;
use super::leaf::{Answer, Ask, AskAttribute, By, Range, Status, local_date, when};
use super::moment::{is_anniversary, next_anniversary};
use super::seen::Seen;
use super::stream::Stream;
use super::{count, number, sequence};
use crate::model::{Kind, Value};

/// Everything that an answer hangs on.
pub(super) struct View<'a> {
    pub(super) streams: &'a [Stream],
    pub(super) seen: &'a Seen<'a>,
    pub(super) clock: &'a Clock<'a>,
    /// Whether the contact is in the segment of a place.
    pub(super) inside: &'a dyn Fn(u32) -> bool,
}

/// What nothing happened to looks like.
static EMPTY: Stream = Stream::Empty;

impl<'a> View<'a> {
    pub(super) fn stream(&self, place: u32) -> &'a Stream {
        usize::try_from(place).ok().and_then(|place| self.streams.get(place)).unwrap_or(&EMPTY)
    }

    pub(super) fn times(&self, place: u32) -> &'a [i64] {
        if let Stream::Times(times) = self.stream(place) { times } else { &[] }
    }

    fn is_allowed(&self, purpose: &str, channel: &str) -> bool {
        let address = self.seen.facts.contact.addresses.get(channel);
        self.seen.standing.allows(purpose, channel, address.and_then(|address| address.fingerprint))
    }

    /// The value by which a contact ranks; nothing where it is left out.
    pub(super) fn rank(&self, by: &By) -> Option<i64> {
        let facts = &self.seen.facts;
        match by {
            By::Score(score) => facts.rating.has_score(score).then(|| facts.rating.score(score)),
            By::Attribute(name) => match facts.contact.attributes.get(name) {
                Some(Value::Integer(value)) => Some(*value),
                _ => None,
            },
        }
    }
}

impl Ask {
    /// Whether it holds now.
    pub(super) fn holds(&self, view: &View<'_>) -> bool {
        let facts = &view.seen.facts;
        match self {
            Self::Attribute(ask) => ask.holds(view),
            Self::Tag(tag) => facts.contact.tags.contains(tag),
            Self::Score { score, test } => test.holds(Some(&Value::Integer(facts.score(score)))),
            Self::Tier { score, test } => test.holds(facts.tier(score).as_ref()),
            Self::Mark { score, mark } => facts.rating.is_marked(score, mark),
            Self::Consent { purpose, channel, status } => {
                let granted = view.is_allowed(purpose, channel);
                match status {
                    Status::Granted => granted,
                    Status::Withdrawn => !granted && view.seen.standing.has_said(purpose, channel),
                    Status::None => !granted && !view.seen.standing.has_said(purpose, channel),
                }
            }
            Self::InJourney(journey) => view.seen.journeys.active_since(journey).is_some(),
            Self::NeverJourney(journey) => !view.seen.journeys.was_entered(journey),
            Self::Segment { place, .. } => (view.inside)(*place),
            Self::Told(segment) => facts.rating.is_in(segment),
            Self::Bucket { salt, from, to } => (*from..*to).contains(&lot(salt, &facts.contact.id)),
            Self::Ranked { by, line } => view
                .rank(by)
                .zip(line.as_ref())
                .is_some_and(|(value, line)| line.admits(value, &facts.contact.id)),
            Self::Count { stream, window, range } => {
                count::has_times(view.stream(*stream), *window, *range, view.clock)
            }
            Self::Kinds { stream, window, range } => {
                count::has_kinds(view.stream(*stream), *window, *range, view.clock)
            }
            Self::Number { stream, window, of, bounds } => {
                number::holds(view.stream(*stream), *window, *of, bounds, view.clock)
            }
            Self::First { stream, moment } => match view.stream(*stream) {
                Stream::Tally(_, first, _) => moment.holds(super::moment::When::At(*first), view.clock),
                _ => false,
            },
            Self::Last { stream, moment } => match view.stream(*stream) {
                Stream::Tally(_, _, last) => moment.holds(super::moment::When::At(*last), view.clock),
                _ => false,
            },
            Self::LastWith { stream } => matches!(view.stream(*stream), Stream::Last(_, true)),
            Self::Message { stream, window, is, channel } => {
                let once = Range { least: 1, most: usize::MAX };
                let happened = count::has_times(view.stream(*stream), *window, once, view.clock);
                match is {
                    Answer::Yes => happened,
                    Answer::No => !happened,
                    Answer::TrackedNo => !happened && view.is_allowed("tracking", channel),
                    Answer::Unknown => !happened && !view.is_allowed("tracking", channel),
                }
            }
            Self::Sequence { first, then, within, remember, never } => {
                let (xs, ys) = (view.times(*first), view.times(*then));
                sequence::holds(xs, ys, *within, *remember, *never, view.clock.now)
            }
            Self::Held { stream, span, of } => match view.stream(*stream) {
                Stream::Since(since) => since.saturating_add(*span) <= view.clock.now && of.holds(view),
                _ => false,
            },
        }
    }

    /// When the answer may next change by itself; always after now, and never too late.
    pub(super) fn next(&self, view: &View<'_>) -> i64 {
        let clock = view.clock;
        let next = match self {
            Self::Attribute(ask) => ask.next(view),
            Self::Count { stream, window, range } => {
                count::next_times(view.stream(*stream), *window, *range, clock)
            }
            Self::Kinds { stream, window, range } => {
                count::next_kinds(view.stream(*stream), *window, *range, clock)
            }
            Self::Number { stream, window, of, bounds } => {
                number::next(view.stream(*stream), *window, *of, bounds, clock)
            }
            Self::First { stream, moment } => match view.stream(*stream) {
                Stream::Tally(_, first, _) => moment.next(super::moment::When::At(*first), clock),
                _ => i64::MAX,
            },
            Self::Last { stream, moment } => match view.stream(*stream) {
                Stream::Tally(_, _, last) => moment.next(super::moment::When::At(*last), clock),
                _ => i64::MAX,
            },
            Self::Message { stream, window, .. } => {
                count::next_times(view.stream(*stream), *window, Range { least: 1, most: usize::MAX }, clock)
            }
            Self::Sequence { first, then, within, remember, never } => {
                let (xs, ys) = (view.times(*first), view.times(*then));
                sequence::next(xs, ys, *within, *remember, *never, clock.now)
            }
            Self::Held { stream, span, .. } => match view.stream(*stream) {
                Stream::Since(since) => {
                    let at = since.saturating_add(*span);
                    if at > clock.now { at } else { i64::MAX }
                }
                _ => i64::MAX,
            },
            _ => i64::MAX,
        };
        // Whatever is due is asked now; what would be asked again and again at one instant never ends.
        next.max(clock.now.saturating_add(1))
    }
}

impl AskAttribute {
    fn value<'v>(&self, view: &View<'v>) -> Option<&'v Value> {
        let value = view.seen.facts.contact.attributes.get(&self.name);
        value.filter(|value| self.kind.is_none_or(|kind| kind.takes(Kind::of(value))))
    }

    fn holds(&self, view: &View<'_>) -> bool {
        let value = self.value(view);
        if !self.test.holds(value) {
            return false;
        }
        if !self.moment.is_empty()
            && !value.and_then(when).is_some_and(|when| self.moment.holds(when, view.clock))
        {
            return false;
        }
        self.anniversary.is_none_or(|days| {
            let date = value.and_then(|value| local_date(value, view.clock));
            date.is_some_and(|date| is_anniversary(date, days, view.clock))
        })
    }

    fn next(&self, view: &View<'_>) -> i64 {
        let Some(value) = self.value(view) else { return i64::MAX };
        let mut next = i64::MAX;
        if let (false, Some(when)) = (self.moment.is_empty(), when(value)) {
            next = self.moment.next(when, view.clock);
        }
        if let (Some(days), Some(date)) = (self.anniversary, local_date(value, view.clock)) {
            next = next.min(next_anniversary(date, days, view.clock));
        }
        next
    }
}
