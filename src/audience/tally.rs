//! What the events of each contact come to.

use rust_decimal::Decimal;

use super::amounts::{Amount, Amounts};
use super::asked::{Asked, decimal};
use super::bits::Bits;
use super::dictionary::Dictionary;
use super::draft::{Events, Measure, Source, Window};
use super::evaluation::Evaluation;
use super::log::{Log, Span};
use super::ranks::Ranks;
use super::rows::{Rows, keep_counts};
use crate::model::Kind;
use crate::model::Value;

const DAY: i64 = 86_400_000;

impl Evaluation<'_> {
    /// The instants that a window holds, or a little more of them where it counts days.
    fn span(&self, window: Window) -> Span {
        let end = self.at.saturating_add(1);
        match window {
            Window::Ever => (i64::MIN, end),
            Window::Within(length) => (end.saturating_sub(length), end),
            Window::Days(days) => (end.saturating_sub(DAY.saturating_mul(i64::from(days) + 2)), end),
            Window::Between(from, to) => (from, to.min(end)),
        }
    }

    pub(super) fn logs(&self, source: &Source) -> Vec<&Log> {
        let history = &self.audience.history;
        match &source.prefix {
            Some(prefix) => {
                let from = history.range(prefix.clone()..);
                from.take_while(|(name, _)| name.starts_with(&**prefix)).map(|(_, log)| log).collect()
            }
            None => source.names.iter().filter_map(|name| history.get(name)).collect(),
        }
    }

    /// Every event that is alive, of somebody in `whom`.
    fn each(&self, events: &Events, whom: &Bits, mut tell: impl FnMut(usize, &Log, usize, u32)) {
        let span = self.span(events.window);
        for (place, log) in self.logs(&events.source).into_iter().enumerate() {
            log.each(span, &events.source.filter, whom, |row, contact| {
                let alive = match events.window {
                    Window::Days(days) => self
                        .calendar(contact)
                        .is_some_and(|calendar| calendar.is_within_days(log.time(row), days)),
                    _ => true,
                };
                if alive && self.counts(contact, log.time(row)) {
                    tell(place, log, row, contact);
                }
            });
        }
    }

    pub(super) fn keep_events(&self, events: &Events, out: &mut Bits) {
        match &events.measure {
            Measure::Count((first, last)) => self.keep_count(events, *first, *last, out),
            Measure::Sum(of, asked) => {
                self.keep_totals(events, of, out, |sum, _| asked.holds(Some(&Value::Decimal(sum))))
            }
            Measure::Average(of, asked) => self.keep_totals(events, of, out, |sum, count| {
                let mean = sum.checked_div(Decimal::from(count));
                mean.is_some_and(|mean| asked.holds(Some(&Value::Decimal(mean))))
            }),
            Measure::Min(of, asked) => self.keep_extreme(events, of, asked, Decimal::min, out),
            Measure::Max(of, asked) => self.keep_extreme(events, of, asked, Decimal::max, out),
            Measure::Distinct(of, (first, last)) => self.keep_distinct(events, of, *first, *last, out),
            Measure::First(_) | Measure::Last(_) | Measure::LastWith(_) => self.keep_ends(events, out),
        }
    }

    fn keep_count(&self, events: &Events, first: i64, last: i64, out: &mut Bits) {
        let (none, some) = ((first, last) == (0, 0), (first, last) == (1, i64::MAX));
        let plain =
            events.source.filter.is_empty() && !matches!(events.window, Window::Days(_)) && self.counts_all();
        let span = self.span(events.window);
        if first > last || last < 0 {
            out.words_mut().fill(0);
        } else if none || some {
            let mut seen = Bits::none(self.rows());
            if plain {
                for log in self.logs(&events.source) {
                    log.contacts(span).flatten().for_each(|contact| seen.mark(*contact));
                }
            } else {
                self.each(events, out, |_, _, _, contact| seen.mark(contact));
            }
            if none { out.minus(&seen) } else { out.and(&seen) }
        } else if last < 255 || (last == i64::MAX && first <= 255) {
            // A count that stays at 255 lies above every bound.
            let mut counts = vec![0_u8; self.rows()];
            let mut count = |contact: u32| {
                if let Some(count) = counts.get_mut(contact as usize) {
                    *count = count.saturating_add(1);
                }
            };
            if plain {
                for log in self.logs(&events.source) {
                    log.contacts(span).flatten().for_each(|contact| count(*contact));
                }
            } else {
                self.each(events, out, |_, _, _, contact| count(contact));
            }
            keep_counts(&counts, first.max(0) as u64, last.max(0) as u64, out);
        } else {
            let mut counts = Rows::Word(vec![0; self.rows()]);
            self.each(events, out, |_, _, _, contact| {
                counts.set(contact as usize, counts.at(contact as usize) + 1);
            });
            counts.keep(first.max(0) as u64, last.max(0) as u64, out.words_mut());
        }
    }

    /// Keeps those whose sum and number of amounts pass.
    fn keep_totals(&self, events: &Events, of: &str, out: &mut Bits, passes: impl Fn(Decimal, u64) -> bool) {
        let ranks = Ranks::new(out);
        let mut amounts: Vec<Amounts<'_>> =
            self.logs(&events.source).iter().map(|log| Amounts::new(log, of)).collect();
        let scale = amounts.iter().map(Amounts::scale).max().unwrap_or(0);
        amounts.iter_mut().for_each(|amounts| amounts.scaled(scale));
        let mut totals = vec![(0_i128, 0_u64); ranks.count];
        let mut odd = Bits::none(self.rows());
        self.each(events, out, |place, _, row, contact| {
            match amounts.get(place).map_or(Amount::Nothing, |amounts| amounts.amount(row)) {
                Amount::Nothing => {}
                Amount::Whole(amount) => {
                    totals.get_mut(ranks.of(contact)).into_iter().for_each(|(sum, count)| {
                        *sum += i128::from(amount);
                        *count += 1;
                    });
                }
                Amount::Odd => odd.mark(contact),
            }
        });
        let mut kept = Bits::none(self.rows());
        for (row, (sum, count)) in out.iter().zip(&totals).filter(|(row, _)| !odd.has(*row)) {
            let sum = Decimal::try_from_i128_with_scale(*sum, scale);
            if sum.is_ok_and(|sum| passes(sum, *count)) {
                kept.mark(row);
            }
        }
        for (row, sum, count) in self.decimal_totals(events, &amounts, &odd) {
            if passes(sum, count) {
                kept.mark(row);
            }
        }
        *out = kept;
    }

    /// The sums and numbers of amounts of a few, added one by one in the order in which the engine adds them: sums that do not
    /// fit depend on it.
    fn decimal_totals(
        &self,
        events: &Events,
        amounts: &[Amounts<'_>],
        whom: &Bits,
    ) -> Vec<(u32, Decimal, u64)> {
        let mut all: Vec<(u32, i64, Decimal)> = Vec::new();
        if whom.count() > 0 {
            self.each(events, whom, |place, log, row, contact| {
                let amount = amounts.get(place).and_then(|amounts| amounts.at(row));
                all.extend(amount.map(|amount| (contact, log.time(row), amount)));
            });
        }
        all.sort_by_key(|(contact, at, _)| (*contact, *at));
        let total = |each: &[(u32, i64, Decimal)]| {
            let numbers = each.iter().map(|(_, _, number)| *number);
            match events.window {
                Window::Ever => numbers.fold(Decimal::ZERO, add),
                // In windows the newest comes first.
                _ => numbers.rev().fold(Decimal::ZERO, add),
            }
        };
        let each = all.chunk_by(|one, other| one.0 == other.0);
        each.filter_map(|each| Some((each.first()?.0, total(each), each.len() as u64))).collect()
    }

    fn keep_extreme(
        &self,
        events: &Events,
        of: &str,
        asked: &Asked,
        choose: impl Fn(Decimal, Decimal) -> Decimal,
        out: &mut Bits,
    ) {
        let ranks = Ranks::new(out);
        let amounts: Vec<Amounts<'_>> =
            self.logs(&events.source).iter().map(|log| Amounts::new(log, of)).collect();
        let mut extremes: Vec<Option<Decimal>> = vec![None; ranks.count];
        self.each(events, out, |place, _, row, contact| {
            let amount = amounts.get(place).and_then(|amounts| amounts.at(row));
            if let Some((extreme, amount)) = extremes.get_mut(ranks.of(contact)).zip(amount) {
                *extreme = Some(extreme.map_or(amount, |extreme| choose(extreme, amount)));
            }
        });
        let mut kept = Bits::none(self.rows());
        let holds = |extreme: &Option<Decimal>| {
            extreme.is_some_and(|value| asked.holds(Some(&Value::Decimal(value))))
        };
        let all = out.iter().zip(&extremes).filter(|(_, extreme)| holds(extreme));
        all.for_each(|(row, _)| kept.mark(row));
        *out = kept;
    }

    fn keep_distinct(&self, events: &Events, of: &str, first: i64, last: i64, out: &mut Bits) {
        let ranks = Ranks::new(out);
        // 1 and 1.0 are one value.
        let mut values = Dictionary::default();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        self.each(events, out, |_, log, row, contact| {
            if let Some(value) = log.property(of).and_then(|column| column.at(row)) {
                let value = decimal(&value).map_or(value, |number| Value::Decimal(number.normalize()));
                pairs.push((ranks.of(contact) as u32, values.enter(&value) as u32));
            }
        });
        pairs.sort_unstable();
        pairs.dedup();
        let mut counts = vec![0_i64; ranks.count];
        for (rank, _) in pairs {
            counts.get_mut(rank as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut kept = Bits::none(self.rows());
        let all = out.iter().zip(&counts).filter(|(_, count)| first <= **count && **count <= last);
        all.for_each(|(row, _)| kept.mark(row));
        *out = kept;
    }

    /// What the first or the last event was like.
    fn keep_ends(&self, events: &Events, out: &mut Bits) {
        let ranks = Ranks::new(out);
        let first = matches!(events.measure, Measure::First(_));
        let mut ends: Vec<Option<i64>> = vec![None; ranks.count];
        let mut rows = vec![0_usize; ranks.count];
        self.each(events, out, |_, log, row, contact| {
            let (rank, at) = (ranks.of(contact), log.time(row));
            if let Some((end, held)) = ends.get_mut(rank).zip(rows.get_mut(rank))
                // Of one instant, the one that arrived later is the last one.
                && end.is_none_or(|end| if first { at < end } else { at >= end })
            {
                (*end, *held) = (Some(at), row);
            }
        });
        let like = match &events.measure {
            Measure::LastWith(filter) => {
                let all = (i64::MIN, i64::MAX);
                self.logs(&events.source).first().map(|log| log.passing(all, filter))
            }
            _ => None,
        };
        let holds = |row: u32, end: i64, held: usize| match &events.measure {
            Measure::First(moment) | Measure::Last(moment) => {
                self.calendar(row).is_some_and(|calendar| moment.holds(Kind::Instant, end, calendar))
            }
            _ => like.as_ref().is_some_and(|like| like.has(held as u32)),
        };
        let mut kept = Bits::none(self.rows());
        for (row, (end, held)) in out.iter().zip(ends.iter().zip(&rows)) {
            if end.is_some_and(|end| holds(row, end, *held)) {
                kept.mark(row);
            }
        }
        *out = kept;
    }
}

/// The sum, at its bound where it is beyond what can be kept.
fn add(one: Decimal, other: Decimal) -> Decimal {
    one.checked_add(other).unwrap_or(if other.is_sign_negative() { Decimal::MIN } else { Decimal::MAX })
}
