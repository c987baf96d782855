//! How many events or values count now, and when that changes.

use super::clock::Clock;
use super::leaf::Range;
use super::stream::Stream;
use super::window::Window;

/// How many of the newest events count now.
pub(super) fn times(stream: &Stream, window: Window, clock: &Clock<'_>) -> usize {
    match stream {
        Stream::Tally(count, _, _) => usize::try_from(*count).unwrap_or(usize::MAX),
        Stream::Times(times) => counting(times, |at| *at, window, clock),
        _ => 0,
    }
}

/// How many values count now.
pub(super) fn kinds(stream: &Stream, window: Window, clock: &Clock<'_>) -> usize {
    if let Stream::Kinds(kinds) = stream { counting(kinds, |(at, _)| *at, window, clock) } else { 0 }
}

/// Whether so many events count now.
pub(super) fn has_times(stream: &Stream, window: Window, range: Range, clock: &Clock<'_>) -> bool {
    match stream {
        Stream::Times(times) => has(times, |at| *at, window, range, clock),
        _ => range.has(times(stream, window, clock)),
    }
}

/// Whether so many values count now.
pub(super) fn has_kinds(stream: &Stream, window: Window, range: Range, clock: &Clock<'_>) -> bool {
    if let Stream::Kinds(kinds) = stream {
        has(kinds, |(at, _)| *at, window, range, clock)
    } else {
        range.has(0)
    }
}

pub(super) fn next_times(stream: &Stream, window: Window, range: Range, clock: &Clock<'_>) -> i64 {
    if let Stream::Times(times) = stream { next(times, |at| *at, window, range, clock) } else { i64::MAX }
}

pub(super) fn next_kinds(stream: &Stream, window: Window, range: Range, clock: &Clock<'_>) -> i64 {
    if let Stream::Kinds(kinds) = stream {
        next(kinds, |(at, _)| *at, window, range, clock)
    } else {
        i64::MAX
    }
}

#[inline]
fn counting<T>(kept: &[T], at: impl Fn(&T) -> i64, window: Window, clock: &Clock<'_>) -> usize {
    match window {
        Window::Ever => kept.len(),
        Window::Elapsed(_) => {
            // The newest ones count: most often all of them, or few are kept.
            kept.len() - kept.partition_point(|item| !window.has(at(item), clock))
        }
        Window::Days(_) => kept.iter().filter(|item| window.has(at(item), clock)).count(),
    }
}

/// Whether so many count at least.
#[inline]
fn reaches<T>(kept: &[T], at: impl Fn(&T) -> i64, many: usize, window: Window, clock: &Clock<'_>) -> bool {
    if let Window::Elapsed(_) = window {
        // They stop counting in the order in which they stand: so many count as long as the last of so many does.
        let last = kept.len().checked_sub(many).map(|place| kept.get(place));
        return last.is_some_and(|last| last.is_none_or(|item| window.has(at(item), clock)));
    }
    counting(kept, at, window, clock) >= many
}

/// Whether the count lies in the range.
#[inline]
fn has<T>(kept: &[T], at: impl Fn(&T) -> i64, window: Window, range: Range, clock: &Clock<'_>) -> bool {
    if let Window::Elapsed(_) = window {
        let over = range.most.checked_add(1);
        return reaches(kept, &at, range.least, window, clock)
            && !over.is_some_and(|over| reaches(kept, &at, over, window, clock));
    }
    range.has(counting(kept, at, window, clock))
}

/// When the count next leaves the range, or comes into it.
fn next<T>(kept: &[T], at: impl Fn(&T) -> i64, window: Window, range: Range, clock: &Clock<'_>) -> i64 {
    if window == Window::Ever {
        return i64::MAX;
    }
    // Beyond the range, it comes in once only the most are left.
    let over = range.most.checked_add(1);
    let mut bounds = over.into_iter().chain(Some(range.least).filter(|least| *least > 0));
    let deciding = bounds.find(|many| reaches(kept, &at, *many, window, clock));
    let newest_first = || kept.iter().rev().map(&at);
    let deciding = deciding.and_then(|nth| match window {
        // Where clocks go back over midnight, a later one can be of an earlier day.
        Window::Days(_) => {
            let counting = newest_first().filter(|at| window.has(*at, clock)).take(nth);
            counting.min_by_key(|at| clock.date(*at))
        }
        _ => newest_first().nth(nth - 1),
    });
    let ends = deciding.map_or(i64::MAX, |at| window.ends(at, clock));
    ends.min(window.begins(newest_first(), clock))
}
