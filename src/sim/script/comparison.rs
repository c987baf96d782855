//! Two scenarios side by side: what they come to, and for whom.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::scenario::Scenario;
use super::summary::Summary;
use super::timeline::{Timeline, told};
use super::words::Style;
use crate::error::Error;
use crate::model::{ContactId, Name};
use crate::port::store::Definition;
use crate::sim::Simulation;

/// How many contacts a page lists.
const MOST_LISTED: usize = 20;

/// What an old and a new version come to, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The name of the old scenario.
    pub old: Name,
    /// The name of the new one.
    pub new: Name,
    /// Every number of both.
    pub rows: Vec<Row>,
    /// The contacts for whom something else happens, in order of id.
    pub differing: Vec<Difference>,
    /// How many contacts were looked at.
    pub contacts: usize,
}

/// One number of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// What is counted: `entered`, `left`, `inside`, `sent`, `message`, `day`, `held`, `refused`, `parked`, `taken back`.
    pub what: &'static str,
    /// Of what: a journey and a reason, a channel, a day.
    pub of: String,
    /// In the old one.
    pub old: usize,
    /// In the new one.
    pub new: usize,
}

/// A contact for whom something else happens, with the first thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Who.
    pub contact: ContactId,
    /// What happens in the old one; nothing more where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What happens in the new one; nothing more where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl Comparison {
    pub(super) fn of(old: &Timeline, new: &Timeline) -> Self {
        let (before, after) = (lives(old), lives(new));
        let everybody: std::collections::BTreeSet<&ContactId> =
            before.keys().chain(after.keys()).copied().collect();
        let differing = everybody.iter().filter_map(|contact| {
            let lines =
                |lives: &BTreeMap<&ContactId, Vec<String>>| lives.get(contact).cloned().unwrap_or_default();
            let (old, new) = (lines(&before), lines(&after));
            let place = (0..old.len().max(new.len())).find(|place| old.get(*place) != new.get(*place))?;
            Some(Difference {
                contact: ContactId::clone(contact),
                old: old.get(place).cloned(),
                new: new.get(place).cloned(),
            })
        });
        Self {
            old: old.scenario.clone(),
            new: new.scenario.clone(),
            rows: rows(&old.summary(), &new.summary()),
            contacts: old.contacts.len().max(new.contacts.len()),
            differing: differing.collect(),
        }
    }

    /// Whether nothing differs for anybody.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differing.is_empty() && self.rows.iter().all(|row| row.old == row.new)
    }
}

/// What happens to each contact, in words without versions.
fn lives(timeline: &Timeline) -> BTreeMap<&ContactId, Vec<String>> {
    let style = Style { versions: false, ..timeline.style() };
    let passages = timeline.passages().filter_map(|(contact, lines)| {
        let words = told(timeline, lines, &style);
        let words = words.into_iter().map(|told| format!("{} {}", style.instant(told.line.at), told.words));
        Some((contact?, words.collect()))
    });
    passages.collect()
}

/// The rows of both, in the order of the page; one that only one has is nought in the other.
fn rows(old: &Summary, new: &Summary) -> Vec<Row> {
    let (old, new) = (old.rows(), new.rows());
    let mut kinds: Vec<&'static str> = Vec::new();
    let order =
        ["contacts", "entered", "left", "inside", "sent", "message", "day", "held", "refused", "parked"];
    kinds.extend(order.into_iter().chain(["taken back"]));
    let mut rows = Vec::new();
    for kind in kinds {
        // Days stand in order of time, and both lists are.
        let mut of: Vec<&String> = Vec::new();
        for (what, name, _) in old.iter().chain(&new) {
            if *what == kind && !of.contains(&name) {
                of.push(name);
            }
        }
        for name in of {
            let count = |rows: &[(&'static str, String, usize)]| {
                let found = rows.iter().find(|(what, other, _)| *what == kind && other == name);
                found.map_or(0, |(.., count)| *count)
            };
            rows.push(Row { what: kind, of: name.clone(), old: count(&old), new: count(&new) });
        }
    }
    rows
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.rows.iter().map(|row| row.of.chars().count()).max().unwrap_or(0);
        writeln!(f, "old: {}\nnew: {}\n", self.old, self.new)?;
        writeln!(f, "  {:<10}  {:wide$}  {:>7}  {:>7}", "", "", "old", "new")?;
        for row in &self.rows {
            let (mark, change) = match row.new.cmp(&row.old) {
                std::cmp::Ordering::Equal => (' ', String::new()),
                std::cmp::Ordering::Greater => ('*', format!("  +{}", row.new - row.old)),
                std::cmp::Ordering::Less => ('*', format!("  -{}", row.old - row.new)),
            };
            writeln!(f, "{mark} {:<10}  {:wide$}  {:>7}  {:>7}{change}", row.what, row.of, row.old, row.new)?;
        }
        writeln!(f, "\n{} of {} contacts differ", self.differing.len(), self.contacts)?;
        for difference in self.differing.iter().take(MOST_LISTED) {
            let said = |words: &Option<String>| words.clone().unwrap_or_else(|| "nothing more".to_owned());
            writeln!(f, "  {}", difference.contact)?;
            writeln!(f, "    old  {}", said(&difference.old))?;
            writeln!(f, "    new  {}", said(&difference.new))?;
        }
        if self.differing.len() > MOST_LISTED {
            writeln!(f, "  and {} more", self.differing.len() - MOST_LISTED)?;
        }
        Ok(())
    }
}

impl Simulation {
    /// Runs two versions over the same people and what happens to them: `contacts` is the scenario that says who and what,
    /// and the definitions of each side take the places of those of their names.
    ///
    /// ```
    /// use journeyman::sim::{Scenario, Simulation};
    /// use journeyman::time::Span;
    /// use journeyman::Journey;
    ///
    /// let people = Scenario::from_yaml(r#"
    /// scenario: ten people
    /// start: 2026-03-23T09:00:00Z
    /// end: 30d
    /// templates: [ { template: hello, text: Hello } ]
    /// channels: [ email ]
    /// contacts:
    ///   - { count: 10, id: "c-{n}", addresses: { email: "c-{n}@example.org" }, consents: [ { purpose: news } ] }
    /// inputs:
    ///   - { at: "+1h", contacts: all, event: signed_up, apart: 1h }
    /// "#, |path| Err(std::io::Error::other(path.to_owned())))?;
    /// let waits = |days| {
    ///     let journey = Journey::builder("hello").enter_on("signed_up").wait(Span::days(days));
    ///     journey.send("greet", "email", "hello", "news").build()
    /// };
    /// let comparison = Simulation::compare([waits(2)?.into()], [waits(5)?.into()], &people)?;
    /// assert_eq!(comparison.differing.len(), 10);
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`] with every problem of the definitions, and as [`Scenario::run`].
    pub fn compare(
        old: impl IntoIterator<Item = Definition>,
        new: impl IntoIterator<Item = Definition>,
        contacts: &Scenario,
    ) -> Result<Comparison, Error> {
        let old = contacts.with(old)?;
        let new = contacts.with(new)?;
        let mut comparison = old.compare(&new)?;
        (comparison.old, comparison.new) = ("old".into(), "new".into());
        Ok(comparison)
    }
}
