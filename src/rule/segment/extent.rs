//! Reads which events are meant, and how far back.

use chrono::DateTime;

use super::author::Author;
use super::definition::WhereDefinition;
use super::leaves::Wanted;
use super::question::{EventsDefinition, QuestionDefinition};
use super::window::Window;
use crate::error::Diagnostic;
use crate::rule::condition::Filter;

/// The most local days of a window: about a hundred years.
const MOST_DAYS: u32 = 36_600;

impl Author<'_> {
    /// Which events.
    pub(super) fn events(
        &mut self,
        events: &EventsDefinition,
        place: &str,
        (from, to): (i64, i64),
    ) -> Option<u32> {
        let before = self.problems.len();
        let mut names = Vec::new();
        let mut prefix = None;
        match (&events.event, &events.events, &events.prefix) {
            (Some(event), None, None) => names.extend(self.named(event, &format!("{place}.event"))),
            (None, Some(list), None) => {
                self.length(list.len(), &format!("{place}.events"))?;
                for (index, event) in list.iter().enumerate() {
                    names.extend(self.named(event, &format!("{place}.events[{index}]")));
                }
            }
            (None, None, Some(start)) if start.is_empty() => {
                let next = "write how the names begin, such as cart.";
                return self.wrong(
                    "S029",
                    &format!("{place}.prefix"),
                    "every name begins with nothing",
                    next,
                );
            }
            (None, None, Some(start)) => prefix = self.named(start, &format!("{place}.prefix")),
            _ => {
                let sentence = "it does not say in one way which events these are";
                return self.wrong("S005", place, sentence, "write one of event, events or prefix");
            }
        }
        let properties = events.filter.clone().unwrap_or_default();
        let filter = self.filter(&properties, &format!("{place}.where"))?;
        let wanted = Wanted { names, prefix, properties, filter, from, to };
        (self.problems.len() == before).then(|| self.leaves.filter(wanted))
    }

    /// Conditions on properties.
    pub(super) fn filter(&mut self, definition: &WhereDefinition, place: &str) -> Option<Filter> {
        let before = self.problems.len();
        for name in definition.keys() {
            let shown: String = name.chars().take(40).collect();
            self.path(name, &format!("{place}.{shown}"));
        }
        let mut problems = Vec::new();
        let filter = Filter::compile(definition, place, &mut problems);
        // Journeys say the same under codes of their own.
        self.problems.extend(problems.into_iter().map(|problem| Diagnostic {
            code: if problem.place.ends_with(".one_of") { "S012" } else { "S007" },
            ..problem
        }));
        (self.problems.len() == before).then_some(filter)
    }

    /// How far back.
    pub(super) fn window(&mut self, question: &QuestionDefinition, place: &str) -> Option<Window> {
        let stretch = question.from.is_some() || question.to.is_some();
        let given = [question.within.is_some(), question.calendar_days.is_some(), stretch];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let sentence = "several windows are given at once";
            return self.wrong("S013", place, sentence, "write one of within, calendar_days, or from and to");
        }
        if let Some(within) = &question.within {
            return self.span(within, &format!("{place}.within")).map(Window::Elapsed);
        }
        match question.calendar_days {
            Some(days) if !(1..=MOST_DAYS).contains(&days) => {
                let sentence = format!("a window has from 1 to {MOST_DAYS} local days, not {days}");
                self.wrong("S010", &format!("{place}.calendar_days"), sentence, "write 1 for today alone")
            }
            Some(days) => Some(Window::Days(days)),
            None => Some(Window::Ever),
        }
    }

    /// From when to when.
    pub(super) fn stretch(&mut self, question: &QuestionDefinition, place: &str) -> Option<(i64, i64)> {
        let mut instant = |text: &Option<String>, field: &str, unsaid: i64| {
            let Some(text) = text else { return Some(unsaid) };
            match DateTime::parse_from_rfc3339(text) {
                Ok(at) => Some(at.timestamp_millis()),
                Err(_) => {
                    let shown: String = text.chars().take(40).collect();
                    let next = "write it as 2026-03-28T09:00:00Z, or with an offset";
                    self.wrong("S014", &format!("{place}.{field}"), format!("{shown:?} is no instant"), next)
                }
            }
        };
        let (from, to) = (instant(&question.from, "from", i64::MIN), instant(&question.to, "to", i64::MAX));
        let (from, to) = (from?, to?);
        if from >= to {
            let next = "let from lie before to, which no longer counts";
            return self.wrong("S014", &format!("{place}.to"), "the window ends before it begins", next);
        }
        Some((from, to))
    }
}
