//! Everything that segments ask and keep, each once.

use std::collections::BTreeMap;

use super::filter::EventFilter;
use super::leaf::Leaf;
use super::question::QuestionDefinition;
use super::segments::Rule;
use super::stream::{Keep, MOST_KEPT};
use super::window::{DAY, Window};
use crate::model::{Name, Value, derive};
use crate::rule::ConditionDefinition;
use crate::rule::condition::Filter;

/// What was read so far, by a text that tells it apart.
type Known = BTreeMap<String, u32>;

/// Everything that segments ask and keep, each once.
#[derive(Default)]
pub(super) struct Leaves {
    pub(super) list: Vec<Leaf>,
    pub(super) places: Known,
    pub(super) filters: Vec<EventFilter>,
    texts: Vec<String>,
    filter_places: Known,
    pub(super) rules: Vec<Rule>,
    rule_places: Known,
    /// What the segment that is read is for: what is kept for one purpose is not kept for another one, because one of them may end.
    pub(super) purpose: Option<String>,
}

/// Which events, before they have a place.
pub(super) struct Wanted {
    pub(super) names: Vec<Name>,
    pub(super) prefix: Option<Name>,
    pub(super) properties: BTreeMap<String, ConditionDefinition>,
    pub(super) filter: Filter,
    pub(super) from: i64,
    pub(super) to: i64,
}

fn place(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Leaves {
    /// The filter of these events.
    pub(super) fn filter(&mut self, mut wanted: Wanted) -> u32 {
        wanted.names.sort();
        wanted.names.dedup();
        let key = (&wanted.names, &wanted.prefix, &wanted.properties, wanted.from, wanted.to);
        let text = serde_json::to_string(&key).unwrap_or_default();
        if let Some(place) = self.filter_places.get(&text) {
            return *place;
        }
        let at = place(self.filters.len());
        let Wanted { names, prefix, filter, from, to, .. } = wanted;
        self.filters.push(EventFilter { names, prefix, properties: filter, from, to, streams: Vec::new() });
        self.texts.push(text.clone());
        self.filter_places.insert(text, at);
        at
    }

    /// Events of one name, whose properties equal these.
    pub(super) fn simple_filter(&mut self, event: &str, properties: Vec<(&str, Value)>) -> u32 {
        let is = |(name, value): (&str, Value)| (name.to_owned(), ConditionDefinition::Is(value));
        let properties: BTreeMap<_, _> = properties.into_iter().map(is).collect();
        // Equality is never wrong.
        let filter = Filter::compile(&properties, "", &mut Vec::new());
        self.filter(Wanted {
            names: vec![event.into()],
            prefix: None,
            properties,
            filter,
            from: i64::MIN,
            to: i64::MAX,
        })
    }

    /// What is kept of the events of a filter, under words that tell it apart.
    pub(super) fn stream(&mut self, filter: u32, words: &str, keep: Keep) -> u32 {
        let index = super::settle::index(filter);
        let of = self.texts.get(index).map_or("", String::as_str);
        let text = self.scoped(format!("{words} {of}"));
        if let Some(place) = self.rule_places.get(&text) {
            return *place;
        }
        let at = self.rule(text, keep);
        if let Some(filter) = self.filters.get_mut(index) {
            filter.streams.push(at);
        }
        at
    }

    /// A text that tells apart what is asked and kept for other purposes.
    pub(super) fn scoped(&self, text: String) -> String {
        match &self.purpose {
            Some(purpose) => format!("for {purpose:?} {text}"),
            None => text,
        }
    }

    fn rule(&mut self, text: String, keep: Keep) -> u32 {
        let at = place(self.rules.len());
        let digest = derive("segment stream", &[text.as_bytes()]);
        let key = digest.iter().take(6).fold(0, |key, byte| (key << 8) | u64::from(*byte));
        // 0 says that a stream is missing.
        self.rules.push(Rule { key: key.max(1), keep, leaves: Vec::new() });
        self.rule_places.insert(text, at);
        at
    }

    /// Since when something is so.
    pub(super) fn since(&mut self, question: &QuestionDefinition) -> u32 {
        // Whatever its span, it is true since the same instant.
        let question = QuestionDefinition { held_for: None, ..question.clone() };
        let text = self.scoped(format!("since {}", serde_json::to_string(&question).unwrap_or_default()));
        if let Some(place) = self.rule_places.get(&text) {
            return *place;
        }
        self.rule(text, Keep::Since)
    }

    /// What is kept to count so many events in a window. How many are kept rises in steps, so that a new segment that needs
    /// more of them leaves those alone that are kept for others.
    pub(super) fn counted(&mut self, filter: u32, window: Window, needs: usize) -> u32 {
        if window == Window::Ever {
            return self.stream(filter, "tally", Keep::Tally);
        }
        let steps = [4, 16, 64, 256, 1_024, MOST_KEPT + 2];
        let most = steps.into_iter().find(|step| *step >= needs).unwrap_or(MOST_KEPT + 2);
        self.stream(filter, &format!("newest {most}"), Keep::Times { most, span: i64::MAX })
    }

    /// Every instant within a span.
    pub(super) fn instants(&mut self, filter: u32, span: i64) -> u32 {
        let span = stepped(span);
        self.stream(filter, &format!("within {span}"), Keep::Times { most: MOST_KEPT, span })
    }

    /// The numbers that a property is.
    pub(super) fn numbers(&mut self, filter: u32, of: Name, window: Window) -> u32 {
        if window == Window::Ever {
            return self.stream(filter, &format!("total {of:?}"), Keep::Total { of });
        }
        let span = stepped(window.longest());
        self.stream(filter, &format!("numbers {of:?} {span}"), Keep::Numbers { of, span })
    }

    /// The values that a property has.
    pub(super) fn kinds(&mut self, filter: u32, of: Name, window: Window) -> u32 {
        let span = if window == Window::Ever { i64::MAX } else { stepped(window.longest()) };
        self.stream(filter, &format!("kinds {of:?} {span}"), Keep::Kinds { of, span })
    }
}

/// A span that is long enough: the next power of two in days, so that windows share what is kept.
fn stepped(span: i64) -> i64 {
    let mut step = DAY;
    while step < span && step < i64::MAX / 2 {
        step *= 2;
    }
    step
}
