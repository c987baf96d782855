//! How a score came about, in words when they are asked for.

use std::fmt;

use chrono::{DateTime, Datelike};

use super::{Cause, Change, Fold, ScoreModel, Told};
use crate::model::Name;

/// How a score came about: what gave and took points, in the order in which each first did.
///
/// ```
/// use journeyman::model::{Attributes, Name};
/// use journeyman::rule::score::{Decay, EventRule, ScoreModel, Table, Told};
/// let mut table = Table::new();
/// table.rules = vec![EventRule::new("message.replied", 10).into(), EventRule::new("link.clicked", 3).into()];
/// table.decay = Some(Decay::new(7 * 86_400_000, -5));
/// let model = ScoreModel::from_table(table)?;
/// let (replied, clicked): (Name, Name) = ("message.replied".into(), "link.clicked".into());
/// let (day, nothing) = (86_400_000, Attributes::new());
/// let event = |name, at| Told::Event { name, properties: &nothing, happened_at: at, at };
/// let history = [event(&replied, 59 * day), event(&clicked, 60 * day), event(&clicked, 61 * day)];
/// let explanation = model.explain(history, 68 * day);
/// assert_eq!(explanation.to_string(), "+10 message.replied, +6 link.clicked twice, -5 idle since 3 March 1970");
/// # Ok::<(), journeyman::error::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The score that the entries come to.
    pub value: i64,
    /// What gave and took points.
    pub entries: Vec<Entry>,
    /// Since when the contact may not be profiled, in milliseconds since 1970: then it has no score.
    pub unprofiled_since: Option<i64>,
}

/// What gave or took points, however often it did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// By what.
    pub cause: Cause,
    /// The event or the name of the rule; absent where no rule is the cause.
    pub rule: Option<Name>,
    /// How many points the rule says, all times together.
    pub points: i64,
    /// By how many the score moved.
    pub moved: i64,
    /// The first instant, in milliseconds since 1970.
    pub first_at: i64,
    /// The latest instant.
    pub at: i64,
    /// Since when there was silence, where that is the cause.
    pub idle_since: Option<i64>,
    /// How often.
    pub times: u64,
}

impl ScoreModel {
    /// Says how the score of a history came about, by counting it once more.
    #[must_use]
    pub fn explain<'a>(&self, history: impl IntoIterator<Item = Told<'a>>, until: i64) -> Explanation {
        let mut explanation = Explanation::default();
        let mut fold = Fold::new(self);
        let mut changes = Vec::new();
        let mut note = |fold: &Fold<'_>, changes: &mut Vec<(i64, Change)>, engaged_at: Option<i64>| {
            for (at, change) in changes.drain(..) {
                explanation.note(self, at, &change, engaged_at);
            }
            explanation.value = fold.state().value;
        };
        for told in history {
            // What fires before an event belongs to the silence before it.
            let engaged_at = fold.state().engaged_at;
            fold.tell(told, &mut |at, change| changes.push((at, change)));
            note(&fold, &mut changes, engaged_at);
        }
        fold.until(until, &mut |at, change| changes.push((at, change)));
        note(&fold, &mut changes, fold.state().engaged_at);
        explanation
    }
}

impl Explanation {
    /// Takes a change in; what follows from points alone says nothing more. A host that hears changes as they come can keep
    /// an explanation of its own this way.
    pub fn note(&mut self, model: &ScoreModel, at: i64, change: &Change, engaged_at: Option<i64>) {
        let Change::Points { cause, points, moved } = *change else { return };
        self.value = self.value.saturating_add(moved);
        let idle_since = engaged_at.filter(|_| cause == Cause::Decay);
        let known =
            self.entries.iter_mut().find(|entry| entry.cause == cause && entry.idle_since == idle_since);
        if let Some(entry) = known {
            entry.points = entry.points.saturating_add(points);
            entry.moved = entry.moved.saturating_add(moved);
            entry.at = at;
            entry.times = entry.times.saturating_add(1);
            return;
        }
        let rule = match cause {
            Cause::Rule(place) | Cause::Gone(place) => model.rule_name(place).cloned(),
            Cause::Decay | Cause::Granted | Cause::History => None,
        };
        self.entries.push(Entry { cause, rule, points, moved, first_at: at, at, idle_since, times: 1 });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(since) = self.unprofiled_since.and_then(DateTime::from_timestamp_millis) {
            write!(f, "profiling is off since {}", since.format("%Y-%m-%d %H:%M:%S UTC"))?;
        }
        for (place, entry) in self.entries.iter().enumerate() {
            write!(f, "{}{entry}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Shows by how many points the score moved, so that what is shown adds up, and what the rule says where that differs.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+}", self.moved)?;
        if self.moved != self.points {
            write!(f, " of {:+}", self.points)?;
        }
        let rule = self.rule.as_deref().unwrap_or("a rule");
        match self.cause {
            Cause::Rule(_) => write!(f, " {rule}")?,
            Cause::Gone(_) => write!(f, " {rule}, which is over")?,
            Cause::Decay => f.write_str(" idle")?,
            Cause::Granted => f.write_str(" granted")?,
            Cause::History => f.write_str(" from before")?,
        }
        if let Some(since) = self.idle_since.and_then(DateTime::from_timestamp_millis) {
            return write!(f, " since {} {} {}", since.day(), month(since.month0()), since.year());
        }
        match self.times {
            1 => Ok(()),
            2 => f.write_str(" twice"),
            times => write!(f, " {times} times"),
        }
    }
}

fn month(number: u32) -> &'static str {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    MONTHS.get(number as usize).copied().unwrap_or_default()
}
