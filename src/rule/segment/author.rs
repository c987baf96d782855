//! Takes down what authors write: each question once, each stream once, every problem.

use std::collections::BTreeSet;

use super::fields::{all_questions, belongs, given, homes, is_question};
use super::leaf::{Ask, Leaf};
use super::leaves::Leaves;
use super::program::Form;
use super::question::QuestionDefinition;
use super::segments::Segments;
use crate::error::Diagnostic;
use crate::model::Name;
use crate::rule::nearest;
use crate::rule::predicate::{MOST_DEPTH, MOST_VALUES};
use crate::time::Span;

/// The longest name of anything, in bytes.
const MOST_NAME: usize = 128;

/// Everything that was read so far.
#[derive(Default)]
pub(super) struct Author<'n> {
    pub(super) problems: Vec<Diagnostic>,
    pub(super) leaves: Leaves,
    /// The segments that there are.
    pub(super) known: BTreeSet<&'n str>,
}

impl Author<'_> {
    /// Notes a problem; answers that there is nothing to go on with.
    pub(super) fn wrong<T>(
        &mut self,
        code: &'static str,
        place: &str,
        sentence: impl Into<String>,
        next: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Diagnostic::new(code, place, sentence, next));
        None
    }

    /// Reads a question and all below it.
    pub(super) fn form(&mut self, question: &QuestionDefinition, place: &str, depth: usize) -> Option<Form> {
        if depth >= MOST_DEPTH {
            let sentence = format!("the question is nested deeper than {MOST_DEPTH}");
            return self.wrong(
                "S011",
                place,
                sentence,
                "flatten it, or make a segment of a part and name it",
            );
        }
        let given = given(question);
        let asked: Vec<_> = given.iter().copied().filter(|field| is_question(field)).collect();
        let [asked] = asked[..] else {
            let sentence = if asked.is_empty() {
                "nothing is asked".to_owned()
            } else {
                format!("{} are asked at once", asked.join(" and "))
            };
            let next = format!("ask one of {}; combine several with all or any", all_questions());
            return self.wrong("S005", place, sentence, next);
        };
        let before = self.problems.len();
        for field in given.iter().filter(|field| **field != asked && !belongs(field, asked)) {
            let homes = homes(field);
            let next = format!("take {field} away; it belongs to {homes}");
            self.wrong::<()>(
                "S006",
                &format!("{place}.{field}"),
                format!("{field} does not belong to {asked}"),
                next,
            );
        }
        let form = match asked {
            "all" => self.list(question.all.as_deref()?, &format!("{place}.all"), depth).map(Form::All),
            "any" => self.list(question.any.as_deref()?, &format!("{place}.any"), depth).map(Form::Any),
            "not" => {
                let of = question.not.as_deref()?;
                let place = format!("{place}.not");
                self.known_complement(of, &place);
                self.form(of, &place, depth + 1).map(|part| Form::Not(part.into()))
            }
            "event" | "events" | "prefix" => self.occurrence(question, place),
            _ => self.question(asked, question, place),
        };
        form.filter(|_| self.problems.len() == before)
    }

    fn list(&mut self, parts: &[QuestionDefinition], place: &str, depth: usize) -> Option<Vec<Form>> {
        self.length(parts.len(), place)?;
        let parts: Vec<_> = (0..)
            .zip(parts)
            .map(|(index, part)| self.form(part, &format!("{place}[{index}]"), depth + 1))
            .collect();
        parts.into_iter().collect()
    }

    /// What is not known of somebody is no complement of what is.
    fn known_complement(&mut self, of: &QuestionDefinition, place: &str) {
        let mut of = of;
        for _ in 0..MOST_DEPTH {
            let list = of.all.as_deref().or(of.any.as_deref());
            let Some([only]) = list else { break };
            of = only;
        }
        for (asked, name) in [(&of.opened, "opened"), (&of.clicked, "clicked")] {
            if asked.is_some() {
                let sentence = format!(
                    "whether a message was {name} is not known of everybody, so it has no plain opposite"
                );
                let next = format!("write {name}: {{ is: no }}, or {{ is: unknown }}, or any of both");
                self.wrong::<()>("S023", place, sentence, next);
            }
        }
    }

    pub(super) fn length(&mut self, length: usize, place: &str) -> Option<()> {
        if (1..=MOST_VALUES).contains(&length) {
            return Some(());
        }
        let sentence = format!("a list has from 1 to {MOST_VALUES} items, this one has {length}");
        self.wrong("S012", place, sentence, "fill it, split it, or leave it out")
    }

    /// A name of something.
    pub(super) fn named(&mut self, text: &str, place: &str) -> Option<Name> {
        if text.trim().is_empty() {
            return self.wrong("S031", place, "the name is empty", "write the name");
        }
        if text.len() > MOST_NAME {
            let sentence = format!("the name has {} bytes, and {MOST_NAME} at most are allowed", text.len());
            return self.wrong("S031", place, sentence, "write a shorter name");
        }
        Some(text.into())
    }

    /// The name of a property, which a filter leads to.
    pub(super) fn path(&mut self, text: &str, place: &str) -> Option<Name> {
        let fault = if text.is_empty() {
            "is empty"
        } else if text.len() > MOST_NAME {
            "is longer than 128 bytes"
        } else if text.chars().any(char::is_control) {
            "has control characters"
        } else {
            return Some(text.into());
        };
        let next = "write the name of a property as events carry it; a dot is a part of the name";
        self.wrong("S018", place, format!("the name of a property {fault}"), next)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, text: &str, place: &str, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let shown: String = text.chars().take(40).collect();
        let next = match nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean {near}? There are {}", known.join(", ")),
            None => format!("write one of {}", known.join(", ")),
        };
        self.wrong("S016", place, format!("{shown:?} is not among the words that can stand here"), next)
    }

    /// An elapsed span, in milliseconds.
    pub(super) fn span(&mut self, text: &str, place: &str) -> Option<i64> {
        let next = "write it in elapsed time, as 45m, 12h, 30d or 1w; a day has 24 hours";
        let span: Span = match text.parse() {
            Ok(span) => span,
            Err(problem) => return self.wrong("S010", place, problem.to_string(), next),
        };
        if span.months > 0 {
            return self.wrong("S010", place, "months are not equally long", next);
        }
        let rest = i64::try_from(span.milliseconds).unwrap_or(i64::MAX);
        let span = i64::from(span.days).saturating_mul(super::window::DAY).saturating_add(rest);
        if span <= 0 {
            return self.wrong("S010", place, "the span is no time at all", next);
        }
        Some(span)
    }

    /// Asks this, or what asks the same already.
    pub(super) fn leaf(
        &mut self,
        question: &QuestionDefinition,
        ask: Ask,
        streams: Vec<u32>,
    ) -> Option<Form> {
        let text = serde_json::to_string(question).unwrap_or_default();
        self.ask(text, ask, streams)
    }

    pub(super) fn ask(&mut self, text: String, ask: Ask, streams: Vec<u32>) -> Option<Form> {
        let key = self.leaves.scoped(text.clone());
        if let Some(place) = self.leaves.places.get(&key) {
            return Some(Form::Leaf(*place));
        }
        let place = u32::try_from(self.leaves.list.len()).unwrap_or(u32::MAX);
        let cost = ask.cost();
        self.leaves.places.insert(key, place);
        self.leaves.list.push(Leaf { ask, text, streams, readers: Vec::new(), slot: None, cost });
        if self.leaves.list.len() == Segments::MOST_QUESTIONS + 1 {
            let sentence =
                format!("all segments together ask more than {} questions", Segments::MOST_QUESTIONS);
            return self.wrong("S030", "segments", sentence, "let segments share questions, or ask fewer");
        }
        Some(Form::Leaf(place))
    }

    /// A segment that there is.
    pub(super) fn known_segment(&mut self, text: &str, place: &str) -> Option<Name> {
        let name = self.named(text, place)?;
        if self.known.contains(text) {
            return Some(name);
        }
        let next = match nearest(text, self.known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => "publish it before this one, or in the same call".to_owned(),
        };
        self.wrong("S024", place, format!("there is no segment {text:?}"), next)
    }
}
