//! Reads how many, and how much.

use super::author::Author;
use super::leaf::{Bounds, Range};
use super::question::AggregateDefinition;
use super::stream::{MOST_KEPT, number};
use crate::model::{Name, Value};

impl Author<'_> {
    pub(super) fn of(&mut self, definition: &AggregateDefinition, place: &str) -> Option<Name> {
        match &definition.of {
            Some(of) => self.path(of, &format!("{place}.of")),
            None => self.wrong("S017", place, "it does not say of which property", "write of: and its name"),
        }
    }

    /// How many.
    pub(super) fn range(&mut self, definition: &AggregateDefinition, place: &str) -> Option<Range> {
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

    pub(super) fn bounds(&mut self, definition: &AggregateDefinition, place: &str) -> Option<Bounds> {
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
