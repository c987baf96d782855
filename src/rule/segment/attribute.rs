//! Reads questions about an attribute: how it compares, and where it lies in time.

use super::author::Author;
use super::leaf::{Ask, AskAttribute};
use super::moment::Moment;
use super::period::Period;
use super::question::{MomentDefinition, QuestionDefinition};
use super::test::Test;
use crate::model::{Kind, Value};
use crate::rule::condition::{Comparison, comparisons};
use crate::rule::nearest;

impl Author<'_> {
    pub(super) fn attribute(&mut self, question: &QuestionDefinition, place: &str, at: &str) -> Option<Ask> {
        let name = self.path(question.attribute.as_deref()?, at);
        let kind = match &question.kind {
            Some(word) => Some(self.kind(word, &format!("{place}.type"))?),
            None => None,
        };
        let moment = MomentDefinition {
            older_than: question.older_than.clone(),
            newer_than: question.newer_than.clone(),
            on: question.on.clone(),
            before: question.before.clone(),
            after: question.after.clone(),
        };
        let before = self.problems.len();
        let moment = self.moment(&moment, place)?;
        let anniversary = match question.anniversary {
            Some(anniversary) if !(1..=366).contains(&anniversary.days) => {
                let sentence = format!("an anniversary comes within 1 to 366 days, not {}", anniversary.days);
                return self.wrong(
                    "S020",
                    &format!("{place}.anniversary.days"),
                    sentence,
                    "write 1 for today alone",
                );
            }
            anniversary => anniversary.map(|anniversary| anniversary.days),
        };
        let of_time = !moment.is_empty() || anniversary.is_some();
        if let Some(kind) = kind.filter(|kind| of_time && !matches!(kind, Kind::Instant | Kind::Date)) {
            let word = Kind::WORDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word);
            let sentence = format!("a value of type {word} lies nowhere in time");
            return self.wrong(
                "S009",
                &format!("{place}.type"),
                sentence,
                "write type: instant or type: date",
            );
        }
        let test = if of_time && comparisons!(question).is_empty() && question.starts_with.is_none() {
            Some(Test::default())
        } else {
            self.test(question, place, kind)
        };
        if self.problems.len() > before {
            return None;
        }
        Some(Ask::Attribute(Box::new(AskAttribute { name: name?, kind, test: test?, moment, anniversary })))
    }

    fn kind(&mut self, word: &str, place: &str) -> Option<Kind> {
        if let Some((_, kind)) = Kind::WORDS.iter().find(|(known, _)| *known == word) {
            return Some(*kind);
        }
        let known = Kind::WORDS.map(|(word, _)| word);
        let shown: String = word.chars().take(40).collect();
        let next = match nearest(word, known.into_iter()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("write one of {}", known.join(", ")),
        };
        self.wrong("S008", place, format!("there is no type {shown:?}"), next)
    }

    /// The comparisons of a value, which is of this kind where one is given.
    pub(super) fn test(
        &mut self,
        question: &QuestionDefinition,
        place: &str,
        kind: Option<Kind>,
    ) -> Option<Test> {
        let test = Test {
            comparisons: comparisons!(question),
            starts_with: question.starts_with.as_deref().map(Into::into),
        };
        if test.is_empty() {
            let next = "add is, one_of, above, at_least, below, at_most, contains, starts_with or exists";
            return self.wrong("S007", place, "nothing is compared", next);
        }
        let mut whole = Some(());
        if let Some(values) = &question.one_of {
            whole = self.length(values.len(), &format!("{place}.one_of"));
        }
        let Some(kind) = kind else { return whole.map(|()| test) };
        let word = Kind::WORDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word);
        for comparison in &test.comparisons {
            let (field, values) = operand(comparison);
            let fits = |value: &Value| match (comparison, kind) {
                (Comparison::Contains(_), Kind::List) => true,
                (Comparison::Contains(_), _) => kind == Kind::Text && Kind::of(value) == kind,
                // A whole number may stand beside a fraction, and the other way round.
                _ => kind.takes(Kind::of(value)) || Kind::of(value).takes(kind),
            };
            if !values.iter().all(fits) {
                let sentence = format!("a value of type {word} is never compared with this");
                let next = format!("write a value of type {word}, or mend the type");
                whole = self.wrong("S009", &format!("{place}.{field}"), sentence, next);
            }
        }
        if test.starts_with.is_some() && kind != Kind::Text {
            let sentence = format!("a value of type {word} does not begin with a text");
            whole = self.wrong("S009", &format!("{place}.starts_with"), sentence, "mend the type");
        }
        whole.map(|()| test)
    }

    /// Where an instant lies.
    pub(super) fn moment(&mut self, definition: &MomentDefinition, place: &str) -> Option<Moment> {
        let before = self.problems.len();
        let mut span = |text: &Option<String>, field: &str| {
            text.as_ref().and_then(|text| self.span(text, &format!("{place}.{field}")))
        };
        let (older, newer) =
            (span(&definition.older_than, "older_than"), span(&definition.newer_than, "newer_than"));
        let mut period = |text: &Option<String>, field: &str| {
            let text = text.as_ref()?;
            Period::parse(text).or_else(|| {
                let shown: String = text.chars().take(40).collect();
                let next = "write a date as 2026-03-28, or today, yesterday, tomorrow, this_week, last_month, next_year, +5d, -2w, +1mo, -1y";
                self.wrong("S027", &format!("{place}.{field}"), format!("{shown:?} is no day and no period"), next)
            })
        };
        let on = period(&definition.on, "on");
        let (before_that, after) = (period(&definition.before, "before"), period(&definition.after, "after"));
        (self.problems.len() == before).then_some(Moment { older, newer, on, before: before_that, after })
    }
}

/// The field that it is written in, and its values.
fn operand(comparison: &Comparison) -> (&'static str, &[Value]) {
    use std::slice::from_ref;
    match comparison {
        Comparison::Is(value) => ("is", from_ref(value)),
        Comparison::OneOf(values) => ("one_of", values),
        Comparison::Above(value) => ("above", from_ref(value)),
        Comparison::AtLeast(value) => ("at_least", from_ref(value)),
        Comparison::Below(value) => ("below", from_ref(value)),
        Comparison::AtMost(value) => ("at_most", from_ref(value)),
        Comparison::Contains(value) => ("contains", from_ref(value)),
        Comparison::Exists(_) => ("exists", &[]),
    }
}
