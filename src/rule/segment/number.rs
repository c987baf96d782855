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
    /// Counts one more, as far as it matters to what is asked.
    fn with(mut self, number: Decimal, of: Aggregate) -> Self {
        match of {
            Aggregate::Sum | Aggregate::Average => {
                self.count = self.count.saturating_add(1);
                self.sum = add(self.sum, number);
            }
            Aggregate::Min => self.least = Some(self.least.map_or(number, |least| least.min(number))),
            Aggregate::Max => self.most = Some(self.most.map_or(number, |most| most.max(number))),
        }
        self
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

pub(super) fn folded(stream: &Stream, window: Window, of: Aggregate, clock: &Clock<'_>) -> Folded {
    match stream {
        Stream::Total(count, sum, least, most) => {
            Folded { count: *count, sum: *sum, least: Some(*least), most: Some(*most) }
        }
        Stream::Numbers(numbers) => numbers
            .iter()
            .rev()
            .filter(|(at, _)| window.has(*at, clock))
            .fold(Folded::default(), |folded, (_, number)| folded.with(*number, of)),
        _ => Folded::default(),
    }
}

/// The numbers of a sum that count now, oldest first, where they stand together.
fn alive<'s>(
    stream: &'s Stream,
    window: Window,
    of: Aggregate,
    clock: &Clock<'_>,
) -> Option<&'s [(i64, Decimal)]> {
    let (Stream::Numbers(numbers), Window::Elapsed(_), Aggregate::Sum) = (stream, window, of) else {
        return None;
    };
    numbers.get(numbers.partition_point(|(at, _)| !window.has(*at, clock))..)
}

/// Bounds of a sum in whole units of one scale: as exact as decimals are, and many times faster.
struct Units {
    bounds: [Option<i128>; 5],
}

impl Units {
    /// The sum of some numbers, and the bounds in its units; nothing where their scales differ, or would not fit.
    fn of(numbers: &[(i64, Decimal)], bounds: &Bounds) -> Option<(i128, Self)> {
        let scale = numbers.first().map_or(0, |(_, number)| number.scale());
        // So many numbers of 96 bits cannot pass 128.
        let sum = numbers.iter().try_fold(0_i128, |sum, (_, number)| {
            (number.scale() == scale).then(|| sum + number.mantissa())
        })?;
        // What a decimal cannot hold is cut there.
        Decimal::try_from_i128_with_scale(sum, scale).ok()?;
        let mut units = [None; 5];
        let all = [bounds.is, bounds.above, bounds.at_least, bounds.below, bounds.at_most];
        for (slot, bound) in units.iter_mut().zip(all) {
            let Some(bound) = bound else { continue };
            let factor = 10_i128.checked_pow(scale.checked_sub(bound.scale())?)?;
            *slot = Some(bound.mantissa().checked_mul(factor)?);
        }
        Some((sum, Self { bounds: units }))
    }

    fn hold(&self, sum: i128) -> bool {
        let [is, above, at_least, below, at_most] = self.bounds;
        is.is_none_or(|bound| sum == bound)
            && above.is_none_or(|bound| sum > bound)
            && at_least.is_none_or(|bound| sum >= bound)
            && below.is_none_or(|bound| sum < bound)
            && at_most.is_none_or(|bound| sum <= bound)
    }
}

pub(super) fn holds(
    stream: &Stream,
    window: Window,
    of: Aggregate,
    bounds: &Bounds,
    clock: &Clock<'_>,
) -> bool {
    if let Some((sum, units)) = alive(stream, window, of, clock).and_then(|alive| Units::of(alive, bounds)) {
        return units.hold(sum);
    }
    folded(stream, window, of, clock).holds(of, bounds)
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
    if let Some(alive) = alive(stream, window, of, clock)
        && let Some((mut sum, units)) = Units::of(alive, bounds)
    {
        let holds = units.hold(sum);
        let changes = |(_, number): &&(i64, Decimal)| {
            sum -= number.mantissa();
            units.hold(sum) != holds
        };
        return alive.iter().find(changes).map_or(i64::MAX, |(at, _)| window.ends(*at, clock));
    }
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
        without = without.with(*number, of);
    }
    if !are_ordered {
        // Clocks went back over midnight in between: they do not end in the order in which they came.
        next = first.map(|(_, at)| at);
    }
    let newest_first = numbers.iter().rev().map(|(at, _)| *at);
    next.map_or(i64::MAX, |at| window.ends(at, clock)).min(window.begins(newest_first, clock))
}
