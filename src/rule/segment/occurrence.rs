//! Reads questions about events.

use chrono::DateTime;

use super::author::Author;
use super::definition::WhereDefinition;
use super::leaf::{Aggregate, Ask, Bounds, Range};
use super::leaves::Wanted;
use super::program::Form;
use super::question::{
    AggregateDefinition, EventsDefinition, MomentDefinition, QuestionDefinition, SequenceDefinition,
};
use super::stream::{Keep, MOST_KEPT, number};
use super::window::Window;
use crate::error::Diagnostic;
use crate::model::Value;
use crate::rule::condition::Filter;

/// The most local days of a window: about a hundred years.
const MOST_DAYS: u32 = 36_600;

impl Author<'_> {
    /// A question about events of some names; where it counts several things, all of them.
    pub(super) fn occurrence(&mut self, question: &QuestionDefinition, place: &str) -> Option<Form> {
        let before = self.problems.len();
        let window = self.window(question, place);
        let events = EventsDefinition {
            event: question.event.clone(),
            events: question.events.clone(),
            prefix: question.prefix.clone(),
            filter: question.filter.clone(),
        };
        let range = self.stretch(question, place);
        let filter = self.events(&events, place, range.unwrap_or((i64::MIN, i64::MAX)));
        if self.problems.len() > before {
            return None;
        }
        let (window, filter) = (window?, filter?);
        let mut forms = Vec::new();
        self.aggregates(question, place, filter, window, &mut forms);
        self.moments(question, place, filter, &mut forms);
        if self.problems.len() > before {
            return None;
        }
        if forms.is_empty() {
            let stream = self.leaves.counted(filter, window, 1);
            let range = Range { least: 1, most: usize::MAX };
            return self.leaf(question, Ask::Count { stream, window, range }, vec![stream]);
        }
        if forms.len() == 1 { forms.pop() } else { Some(Form::All(forms)) }
    }

    /// Everything that is made of many events.
    fn aggregates(
        &mut self,
        question: &QuestionDefinition,
        place: &str,
        filter: u32,
        window: Window,
        forms: &mut Vec<Form>,
    ) {
        let plain = bare(question);
        if let Some(count) = &question.count {
            let at = format!("{place}.count");
            if count.of.is_some() {
                let sentence = "count counts events, not values of a property";
                self.wrong::<()>("S017", &format!("{at}.of"), sentence, "take of away, or ask for distinct");
            }
            if let Some(range) = self.range(count, &at) {
                let stream = self.leaves.counted(filter, window, range.needs());
                let shown = QuestionDefinition { count: question.count.clone(), ..plain.clone() };
                forms.extend(self.leaf(&shown, Ask::Count { stream, window, range }, vec![stream]));
            }
        }
        if let Some(distinct) = &question.distinct {
            let at = format!("{place}.distinct");
            let of = self.of(distinct, &at);
            if let (Some(range), Some(of)) = (self.range(distinct, &at), of) {
                let stream = self.leaves.kinds(filter, of, window);
                let shown = QuestionDefinition { distinct: question.distinct.clone(), ..plain.clone() };
                forms.extend(self.leaf(&shown, Ask::Kinds { stream, window, range }, vec![stream]));
            }
        }
        let numbers = [
            (&question.sum, "sum", Aggregate::Sum),
            (&question.average, "average", Aggregate::Average),
            (&question.min, "min", Aggregate::Min),
            (&question.max, "max", Aggregate::Max),
        ];
        for (definition, field, aggregate) in numbers {
            let Some(definition) = definition else { continue };
            let at = format!("{place}.{field}");
            let of = self.of(definition, &at);
            let (Some(bounds), Some(of)) = (self.bounds(definition, &at), of) else { continue };
            let stream = self.leaves.numbers(filter, of, window);
            let mut shown = plain.clone();
            let definition = Some(definition.clone());
            match aggregate {
                Aggregate::Sum => shown.sum = definition,
                Aggregate::Average => shown.average = definition,
                Aggregate::Min => shown.min = definition,
                Aggregate::Max => shown.max = definition,
            }
            forms.extend(self.leaf(
                &shown,
                Ask::Number { stream, window, of: aggregate, bounds },
                vec![stream],
            ));
        }
    }

    /// Everything that is asked of the first event or the last one.
    fn moments(&mut self, question: &QuestionDefinition, place: &str, filter: u32, forms: &mut Vec<Form>) {
        let windows = [
            ("within", question.within.is_some()),
            ("calendar_days", question.calendar_days.is_some()),
            ("from", question.from.is_some()),
            ("to", question.to.is_some()),
        ];
        let plain = bare(question);
        for (definition, field) in [(&question.first, "first"), (&question.last, "last")] {
            let Some(definition) = definition else { continue };
            self.no_window(&windows, field, place);
            let at = format!("{place}.{field}");
            if *definition == MomentDefinition::default() {
                let next = "add older_than, newer_than, on, before or after";
                self.wrong::<()>("S007", &at, "nothing is asked of its instant", next);
                continue;
            }
            let Some(moment) = self.moment(definition, &at) else { continue };
            let stream = self.leaves.stream(filter, "tally", Keep::Tally);
            let mut shown = plain.clone();
            let ask = if field == "first" {
                shown.first = Some(definition.clone());
                Ask::First { stream, moment }
            } else {
                shown.last = Some(definition.clone());
                Ask::Last { stream, moment }
            };
            forms.extend(self.leaf(&shown, ask, vec![stream]));
        }
        if let Some(with) = &question.last_with {
            self.no_window(&windows, "last_with", place);
            let Some(conditions) = self.filter(with, &format!("{place}.last_with")) else { return };
            let words = format!("last {}", serde_json::to_string(with).unwrap_or_default());
            let stream = self.leaves.stream(filter, &words, Keep::Last { with: conditions });
            let shown = QuestionDefinition { last_with: question.last_with.clone(), ..plain };
            forms.extend(self.leaf(&shown, Ask::LastWith { stream }, vec![stream]));
        }
    }

    fn no_window(&mut self, windows: &[(&str, bool)], field: &str, place: &str) {
        for (window, _) in windows.iter().filter(|(_, given)| *given) {
            let sentence = format!("{window} does not belong to {field}, which looks at all events");
            let next = format!("take {window} away, or say in {field} when it was");
            self.wrong::<()>("S006", &format!("{place}.{window}"), sentence, next);
        }
    }

    /// One event, and then another, or then not.
    pub(super) fn sequence(&mut self, question: &QuestionDefinition, place: &str) -> Option<Form> {
        let sequence: &SequenceDefinition = question.sequence.as_ref()?;
        let before = self.problems.len();
        let (second, field, never) = match (&sequence.then, &sequence.never) {
            (Some(then), None) => (then, "then", false),
            (None, Some(never)) => (never, "never", true),
            _ => {
                let sentence = "a sequence says what happened then, or what never did";
                return self.wrong("S022", place, sentence, "write either then or never");
            }
        };
        let first = self.events(&sequence.first, &format!("{place}.first"), (i64::MIN, i64::MAX));
        let then = self.events(second, &format!("{place}.{field}"), (i64::MIN, i64::MAX));
        let within = self.span(&sequence.within, &format!("{place}.within"));
        let remember = self.span(&sequence.remember, &format!("{place}.remember"));
        if self.problems.len() > before {
            return None;
        }
        let (within, remember) = (within?, remember?);
        if remember < within {
            let sentence = "it is forgotten before the second event has had its time";
            let next = "remember it at least as long as within";
            return self.wrong("S021", &format!("{place}.remember"), sentence, next);
        }
        let first = self.leaves.instants(first?, remember);
        let then = self.leaves.instants(then?, remember);
        self.leaf(question, Ask::Sequence { first, then, within, remember, never }, vec![first, then])
    }

    /// Which events.
    fn events(&mut self, events: &EventsDefinition, place: &str, (from, to): (i64, i64)) -> Option<u32> {
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
    fn filter(&mut self, definition: &WhereDefinition, place: &str) -> Option<Filter> {
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
    fn window(&mut self, question: &QuestionDefinition, place: &str) -> Option<Window> {
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
    fn stretch(&mut self, question: &QuestionDefinition, place: &str) -> Option<(i64, i64)> {
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

    fn of(&mut self, definition: &AggregateDefinition, place: &str) -> Option<crate::model::Name> {
        match &definition.of {
            Some(of) => self.path(of, &format!("{place}.of")),
            None => self.wrong("S017", place, "it does not say of which property", "write of: and its name"),
        }
    }

    /// How many.
    fn range(&mut self, definition: &AggregateDefinition, place: &str) -> Option<Range> {
        let mut range = Range { least: 0, most: usize::MAX };
        let before = self.problems.len();
        let all = operands(definition);
        if all.is_empty() {
            return self.nothing(place);
        }
        for (field, value) in all {
            let number = match value {
                Value::Integer(number) => usize::try_from(*number).ok().filter(|number| *number <= MOST_KEPT),
                _ => None,
            };
            let Some(number) = number else {
                let sentence = format!("a count is compared with a whole number from 0 to {MOST_KEPT}");
                self.wrong::<()>("S015", &format!("{place}.{field}"), sentence, "write a number in between");
                continue;
            };
            let (least, most) = match field {
                "is" => (number, number),
                "above" => (number + 1, usize::MAX),
                "at_least" => (number, usize::MAX),
                // Nothing is below 0: no count is from 1 to 0.
                "below" => number.checked_sub(1).map_or((1, 0), |most| (0, most)),
                _ => (0, number),
            };
            range = Range { least: range.least.max(least), most: range.most.min(most) };
        }
        (self.problems.len() == before).then_some(range)
    }

    fn bounds(&mut self, definition: &AggregateDefinition, place: &str) -> Option<Bounds> {
        let mut bounds = Bounds::default();
        let before = self.problems.len();
        let all = operands(definition);
        if all.is_empty() {
            return self.nothing(place);
        }
        for (field, value) in all {
            let Some(number) = number(value) else {
                let sentence = "a number is compared with a number";
                self.wrong::<()>("S009", &format!("{place}.{field}"), sentence, "write a number");
                continue;
            };
            let bound = match field {
                "is" => &mut bounds.is,
                "above" => &mut bounds.above,
                "at_least" => &mut bounds.at_least,
                "below" => &mut bounds.below,
                _ => &mut bounds.at_most,
            };
            *bound = Some(number);
        }
        (self.problems.len() == before).then_some(bounds)
    }

    fn nothing<T>(&mut self, place: &str) -> Option<T> {
        self.wrong("S007", place, "nothing is compared", "add is, above, at_least, below or at_most")
    }
}

/// The question without anything that is counted.
fn bare(question: &QuestionDefinition) -> QuestionDefinition {
    QuestionDefinition {
        count: None,
        sum: None,
        average: None,
        min: None,
        max: None,
        distinct: None,
        first: None,
        last: None,
        last_with: None,
        ..question.clone()
    }
}

fn operands(definition: &AggregateDefinition) -> Vec<(&'static str, &Value)> {
    let all = [
        ("is", &definition.is),
        ("above", &definition.above),
        ("at_least", &definition.at_least),
        ("below", &definition.below),
        ("at_most", &definition.at_most),
    ];
    all.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))).collect()
}
