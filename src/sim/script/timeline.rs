//! What happened in a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::line::{Line, Said, What};
use super::scenario::Plan;
use super::summary::Summary;
use super::words::{Style, instant};
use crate::model::{ContactId, EnrollmentId, MessageId, Name};
use crate::time::Zone;

/// What happened in a scenario, line by line.
///
/// `Display` writes it contact by contact with a summary, [`by_day`](Timeline::by_day) as a calendar,
/// [`json_lines`](Timeline::json_lines) for programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Timeline {
    /// The name of the scenario.
    pub scenario: Name,
    /// What the scenario says of itself.
    pub description: Option<Name>,
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended: at the end that it names, or with the last thing that happened.
    pub end: DateTime<Utc>,
    /// Its contacts, in the order of the file.
    pub contacts: Vec<ContactId>,
    /// Everything that happened: first what concerns everybody, then contact by contact in the order of the file.
    pub lines: Vec<Line>,
    zone: Zone,
    zone_name: Name,
    /// Whether lines must say which journey they are about.
    several_journeys: bool,
}

impl Timeline {
    pub(super) fn new(plan: &Plan, end: DateTime<Utc>, lines: Vec<Line>) -> Self {
        let journeys: BTreeSet<_> = lines.iter().filter_map(|line| line.journey.as_ref()).collect();
        let several_journeys = journeys.len() > 1;
        Self {
            several_journeys,
            scenario: plan.name.clone(),
            description: plan.description.clone(),
            start: plan.start,
            end,
            contacts: plan.people.iter().map(|person| person.contact.id.clone()).collect(),
            lines,
            zone: plan.zone.clone(),
            zone_name: plan.zone_name.clone(),
        }
    }

    /// The lines of one contact, in order.
    #[must_use]
    pub fn of(&self, contact: &ContactId) -> &[Line] {
        let own = |line: &Line| line.contact.as_ref() == Some(contact);
        let first = self.lines.iter().position(own).unwrap_or(self.lines.len());
        let count = self.lines.iter().skip(first).take_while(|line| own(line)).count();
        self.lines.get(first..first + count).unwrap_or_default()
    }

    /// The same timeline with the lines of one contact and those that concern everybody; of an unknown one there are none.
    #[must_use]
    pub fn only(&self, contact: &ContactId) -> Self {
        let everybody = self.lines.iter().take_while(|line| line.contact.is_none());
        let lines = everybody.chain(self.of(contact)).cloned().collect();
        let contacts = self.contacts.iter().filter(|other| *other == contact).cloned().collect();
        Self { contacts, lines, ..self.clone() }
    }

    /// One JSON object a line, in order of time; within one instant in the order of the contacts. `docs/SCENARIOS.md` lists
    /// the fields.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        lines.sort_by_key(|line| line.at);
        let mut text = String::new();
        for line in lines {
            // A line has texts, numbers and instants alone, which JSON can always say.
            text.push_str(&serde_json::to_string(line).unwrap_or_default());
            text.push('\n');
        }
        text
    }

    /// The same as a calendar: day by day, everybody together.
    #[must_use]
    pub fn by_day(&self) -> ByDay<'_> {
        ByDay(self)
    }

    /// Counts.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }

    pub(super) fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        self.zone.local(at).date()
    }

    pub(super) fn style(&self) -> Style<'_> {
        Style { zone: &self.zone, year: self.day(self.start).year(), versions: true }
    }

    /// The lines by contact, in the order of the file.
    pub(super) fn passages(&self) -> impl Iterator<Item = (Option<&ContactId>, &[Line])> {
        self.lines.chunk_by(|one, other| one.contact == other.contact).map(|lines| {
            let contact = lines.first().and_then(|line| line.contact.as_ref());
            (contact, lines)
        })
    }
}

/// One line in words, with what stands before them.
pub(super) struct Told<'t> {
    pub(super) line: &'t Line,
    /// Days since the entry.
    pub(super) day: Option<i64>,
    pub(super) words: String,
}

/// What is worth telling of one contact's lines.
pub(super) fn told<'t>(timeline: &Timeline, lines: &'t [Line], style: &Style<'_>) -> Vec<Told<'t>> {
    let mut entered: BTreeMap<EnrollmentId, NaiveDate> = BTreeMap::new();
    let mut first = None;
    let mut found = Vec::new();
    for line in lines {
        if let (What::Entered, Some(enrollment)) = (&line.what, line.enrollment) {
            let day = timeline.day(line.at);
            entered.insert(enrollment, day);
            first.get_or_insert(day);
        }
        // A decision is told by what became of it.
        if matches!(&line.what, What::Decided { said } if is_answered(said, lines)) {
            continue;
        }
        let Some(words) = style.words(line) else { continue };
        let since = line.enrollment.and_then(|enrollment| entered.get(&enrollment).copied()).or(first);
        let day = since.map(|since| (timeline.day(line.at) - since).num_days());
        found.push(Told { line, day, words });
    }
    found
}

fn is_answered(decided: &Said, lines: &[Line]) -> bool {
    let message = |what: &What| -> Option<MessageId> {
        match what {
            What::Sent { said }
            | What::Deferred { said, .. }
            | What::Refused { said, .. }
            | What::Retried { said, .. }
            | What::Parked { said }
            | What::Cancelled { said } => said.message,
            _ => None,
        }
    };
    decided.message.is_some() && lines.iter().any(|line| message(&line.what) == decided.message)
}

impl Told<'_> {
    fn day(&self) -> String {
        self.day.map_or_else(String::new, |day| format!("day {day}"))
    }

    fn words(&self, several: bool) -> String {
        match (&self.line.journey, several, &self.line.what) {
            (Some(journey), true, what) if !matches!(what, What::Entered) => {
                format!("{journey}: {}", self.words)
            }
            _ => self.words.clone(),
        }
    }
}

fn head(timeline: &Timeline, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}", timeline.scenario)?;
    if let Some(description) = &timeline.description {
        writeln!(f, "{}", description.trim())?;
    }
    let [start, end] = [timeline.start, timeline.end].map(|at| instant(at, &timeline.zone, None));
    writeln!(f, "{start} to {end}, {}", timeline.zone_name)
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(self, f)?;
        let mut passages = self.passages().peekable();
        if let Some((_, lines)) = passages.next_if(|(contact, _)| contact.is_none()) {
            self.passage("everybody", lines, f)?;
        }
        for contact in &self.contacts {
            let own = passages.next_if(|(other, _)| *other == Some(contact));
            self.passage(contact.as_str(), own.map_or(&[], |(_, lines)| lines), f)?;
        }
        write!(f, "\n{}", self.summary())
    }
}

impl Timeline {
    fn passage(&self, name: &str, lines: &[Line], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{name}")?;
        let (style, several) = (self.style(), self.several_journeys);
        let rows: Vec<[String; 3]> = told(self, lines, &style)
            .iter()
            .map(|told| [style.column(told.line.at), told.day(), told.words(several)])
            .collect();
        if rows.is_empty() {
            return writeln!(f, "  nothing happened");
        }
        let instants = rows.iter().map(|[instant, ..]| instant.len()).max().unwrap_or(0);
        let days = rows.iter().map(|[_, day, _]| day.len()).max().unwrap_or(0);
        for [instant, day, words] in &rows {
            write!(f, "  {instant:instants$}  ")?;
            if days > 0 {
                write!(f, "{day:days$}  ")?;
            }
            writeln!(f, "{words}")?;
        }
        Ok(())
    }
}

/// A timeline as a calendar.
#[derive(Clone, Copy, Debug)]
pub struct ByDay<'t>(&'t Timeline);

impl fmt::Display for ByDay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeline = self.0;
        head(timeline, f)?;
        let (style, several) = (timeline.style(), timeline.several_journeys);
        let mut all: Vec<Told<'_>> =
            timeline.passages().flat_map(|(_, lines)| told(timeline, lines, &style)).collect();
        all.sort_by_key(|told| told.line.at);
        let name = |told: &Told<'_>| {
            told.line.contact.as_ref().map_or_else(|| "everybody".to_owned(), ToString::to_string)
        };
        let wide = all.iter().map(|told| name(told).chars().count()).max().unwrap_or(0);
        let days = all.iter().map(|told| told.day().len()).max().unwrap_or(0);
        for day in all.chunk_by(|one, other| timeline.day(one.line.at) == timeline.day(other.line.at)) {
            if let Some(first) = day.first() {
                writeln!(f, "\n{}", timeline.day(first.line.at).format("%A %-d %B %Y"))?;
            }
            for told in day {
                let time = timeline.zone.local(told.line.at).format("%H:%M");
                let (name, since, words) = (name(told), told.day(), told.words(several));
                writeln!(f, "  {time}  {name:wide$}  {since:days$}  {words}")?;
            }
        }
        write!(f, "\n{}", timeline.summary())
    }
}
