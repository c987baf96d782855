//! The three ways to wait: for a span, until an instant, for something to happen.

use super::trigger::At;
use super::{Compiler, least_milliseconds, most_milliseconds};
use crate::journey::definition::{AlternativeDefinition, WaitForDefinition, WaitSince, WaitUntilDefinition};
use crate::journey::node::{Alternative, Base, Cause, WaitFor, WaitUntil};
use crate::journey::{NodeKind, Target, Trigger};
use crate::time::Span;

impl Compiler<'_> {
    pub(super) fn wait(&mut self, span: Span, place: &str) -> Option<NodeKind> {
        self.some_time(span, place, "J020", "the wait is no time at all", "write a span such as 2h or 3d");
        Some(NodeKind::Wait { span })
    }

    pub(super) fn wait_until(&mut self, until: &WaitUntilDefinition, place: &str) -> Option<NodeKind> {
        if *until == WaitUntilDefinition::default() {
            let next = "add entry: a span, date: an attribute, days, time: a time of day, or window";
            self.problem("J021", place, "nothing says until when", next);
        }
        if until.entry.is_some() && until.date.is_some() {
            let next = "count from the entry or from the date, not from both";
            self.problem("J021", place, "the wait counts from two instants", next);
        }
        if until.offset.is_some() && until.date.is_none() {
            let next = "add date: the attribute that holds it, or take offset away";
            self.problem("J045", &format!("{place}.offset"), "offset means nothing without date", next);
        }
        let time = self.time_of_day(until.time.as_deref(), &format!("{place}.time"));
        if let Some(entry) = until.entry {
            self.span(entry, &format!("{place}.entry"));
        }
        if let (Some(entry), Some(most)) = (until.entry, self.definition.max_duration)
            && least_milliseconds(entry) >= most_milliseconds(most)
        {
            let sentence = format!("the journey ends {most} after the entry, before this wait of {entry}");
            let next = "lengthen max_duration, or shorten the wait";
            self.problem("J037", &format!("{place}.entry"), sentence, next);
        }
        let base = match (&until.date, until.entry) {
            (Some(date), _) => {
                let attribute = self.named(date, &format!("{place}.date"), "attribute", "event_at");
                Base::Date { attribute, offset: self.offset(until.offset, place) }
            }
            (None, Some(span)) => Base::Entry(span),
            (None, None) => Base::Arrival,
        };
        Some(NodeKind::WaitUntil(WaitUntil { base, days: until.days, time, window: until.window.clone() }))
    }

    pub(super) fn wait_for(
        &mut self,
        step: usize,
        wait: &WaitForDefinition,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        if wait.any.is_empty() || wait.any.len() > 100 {
            let sentence = format!("a wait has from 1 to 100 alternatives, this one has {}", wait.any.len());
            self.problem("J022", &format!("{place}.any"), sentence, "name what is waited for");
        }
        let since = wait.since.unwrap_or_default();
        let mut alternatives = Vec::with_capacity(wait.any.len());
        for (number, alternative) in wait.any.iter().enumerate() {
            let place = format!("{place}.any[{number}]");
            let cause = self.cause(alternative, since, &place);
            let next = alternative
                .goto
                .as_ref()
                .map_or(next, |name| self.target(step, name, &format!("{place}.goto")));
            alternatives.extend(cause.map(|cause| Alternative { cause, next }));
        }
        let within = wait.within.filter(|span| !span.is_zero());
        if within.is_none() {
            let next = "add within: a span such as 2d, so that nobody waits for ever";
            self.problem("J023", &format!("{place}.within"), "the wait has no longest time", next);
        }
        if let Some(within) = within {
            self.span(within, &format!("{place}.within"));
        }
        let otherwise = match &wait.otherwise {
            Some(name) => self.target(step, name, &format!("{place}.otherwise")),
            None => self.following(step),
        };
        Some(NodeKind::WaitFor(WaitFor { alternatives, since, within: within?, otherwise }))
    }

    fn cause(&mut self, alternative: &AlternativeDefinition, since: WaitSince, place: &str) -> Option<Cause> {
        if let Some(when) = &alternative.when {
            if alternative.on != Default::default() {
                let next = "make them two alternatives, or ask about the event's properties with where";
                self.problem(
                    "J044",
                    place,
                    "if stands alone: it waits until the predicate becomes true",
                    next,
                );
            }
            let predicate = self.predicate(when, &format!("{place}.if"))?;
            if let Some(path) = predicate.moves_with_time() {
                let sentence = format!("{path} changes by time alone, which ends no wait");
                let next = "wait a span, and ask it in a branch";
                self.problem("J111", &format!("{place}.if"), sentence, next);
            }
            return Some(Cause::Becomes(predicate));
        }
        let trigger = self.trigger(&alternative.on, At::Wait, place)?;
        let counted = matches!(&trigger, Trigger::Event { filter, .. } if filter.is_empty())
            || matches!(trigger, Trigger::Segment { .. });
        if since != WaitSince::Arrival && !counted {
            let sentence = "whether this came before the arrival is not remembered";
            let next = "take since away, or wait for an event without where, a segment, or if: a predicate";
            self.problem("J051", place, sentence, next);
        }
        Some(Cause::Trigger(trigger))
    }
}
