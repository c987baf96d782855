//! A number made of events, and when it comes to lie elsewhere.

use rust_decimal::Decimal;

use super::clock::Clock;
use super::leaf::{Aggregate, Bounds};
use super::stream::{Stream, add};
use super::window::Window;

/// Numbers that were counted so far, the newest first.
#[derive(Clone, Copy, Default)]
pub(super) struct Folded {
    count: u64,
    sum: Decimal,
    least: Option<Decimal>,
    most: Option<Decimal>,
}

impl Folded {
    fn with(self, number: Decimal) -> Self {
        Self {
            count: self.count.saturating_add(1),
            sum: add(self.sum, number),
            least: Some(self.least.map_or(number, |least| least.min(number))),
            most: Some(self.most.map_or(number, |most| most.max(number))),
        }
    }

    /// The number itself; nothing where there is none.
    pub(super) fn number(&self, of: Aggregate) -> Option<Decimal> {
        match of {
            Aggregate::Sum => Some(self.sum),
            Aggregate::Average => self.sum.checked_div(self.count.into()),
            Aggregate::Min => self.least,
            Aggregate::Max => self.most,
        }
    }

    fn holds(&self, of: Aggregate, bounds: &Bounds) -> bool {
        self.number(of).is_some_and(|number| bounds.hold(number))
    }
}

pub(super) fn folded(stream: &Stream, window: Window, clock: &Clock<'_>) -> Folded {
    match stream {
        Stream::Total(count, sum, least, most) => {
            Folded { count: *count, sum: *sum, least: Some(*least), most: Some(*most) }
        }
        Stream::Numbers(numbers) => numbers
            .iter()
            .rev()
            .filter(|(at, _)| window.has(*at, clock))
            .fold(Folded::default(), |folded, (_, number)| folded.with(*number)),
        _ => Folded::default(),
    }
}

pub(super) fn holds(
    stream: &Stream,
    window: Window,
    of: Aggregate,
    bounds: &Bounds,
    clock: &Clock<'_>,
) -> bool {
    folded(stream, window, clock).holds(of, bounds)
}

/// The first expiry after which the answer is another one.
pub(super) fn next(
    stream: &Stream,
    window: Window,
    of: Aggregate,
    bounds: &Bounds,
    clock: &Clock<'_>,
) -> i64 {
    let Stream::Numbers(numbers) = stream else { return i64::MAX };
    let holds = holds(stream, window, of, bounds, clock);
    let mut next = None;
    let mut without = Folded::default();
    let (mut first, mut are_ordered) = (None, true);
    for (at, number) in numbers.iter().rev().filter(|(at, _)| window.has(*at, clock)) {
        if let Window::Days(_) = window {
            let end = (clock.date(*at), *at);
            are_ordered &= first.is_none_or(|(first, _)| end.0 <= first);
            first = Some(first.map_or(end, |first| end.min(first)));
        }
        // `without` is what is left once this one and all older ones are gone.
        if without.holds(of, bounds) != holds {
            next = Some(*at);
        }
        without = without.with(*number);
    }
    if !are_ordered {
        // Clocks went back over midnight in between: they do not end in the order in which they came.
        next = first.map(|(_, at)| at);
    }
    let newest_first = numbers.iter().rev().map(|(at, _)| *at);
    next.map_or(i64::MAX, |at| window.ends(at, clock)).min(window.begins(newest_first, clock))
}
