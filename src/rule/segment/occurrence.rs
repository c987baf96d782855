//! Reads questions about events.

use super::author::Author;
use super::leaf::{Aggregate, Ask, Range};
use super::program::Form;
use super::question::{EventsDefinition, MomentDefinition, QuestionDefinition, SequenceDefinition};
use super::stream::Keep;
use super::window::Window;

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
