//! A timeline in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use super::line::What;
use super::timeline::Timeline;
use super::words::{ending, reason};
use crate::model::{EnrollmentId, JourneyId, Name};

/// A timeline in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Contacts of the scenario.
    pub contacts: usize,
    /// Entries by journey.
    pub entered: BTreeMap<JourneyId, usize>,
    /// Ends by journey and reason: `completed`, `goal call.booked`, `erased` ...
    pub left: BTreeMap<JourneyId, BTreeMap<String, usize>>,
    /// Enrollments that go on, by journey.
    pub inside: BTreeMap<JourneyId, usize>,
    /// Accepted messages by channel.
    pub sent: BTreeMap<Name, usize>,
    /// Accepted messages by channel and template, written `email welcome`.
    pub messages: BTreeMap<String, usize>,
    /// Accepted messages by local day and channel.
    pub sent_by_day: BTreeMap<NaiveDate, BTreeMap<Name, usize>>,
    /// Deferrals by channel and reason, written `sms: quiet hours`; one message can be deferred more than once.
    pub held: BTreeMap<String, usize>,
    /// Messages that were never said, by channel and reason; one message can have several reasons.
    pub refused: BTreeMap<String, usize>,
    /// Messages whose outcome is unknown, by channel.
    pub parked: BTreeMap<Name, usize>,
    /// Messages that were taken back because their enrollment ended, by channel.
    pub cancelled: BTreeMap<Name, usize>,
}

fn add<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    *counts.entry(key).or_default() += 1;
}

impl Summary {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let mut summary = Self { contacts: timeline.contacts.len(), ..Self::default() };
        for (_, lines) in timeline.passages() {
            let mut open: BTreeMap<EnrollmentId, JourneyId> = BTreeMap::new();
            for line in lines {
                match &line.what {
                    What::Entered => {
                        if let (Some(journey), Some(enrollment)) = (&line.journey, line.enrollment) {
                            add(&mut summary.entered, journey.clone());
                            open.insert(enrollment, journey.clone());
                        }
                    }
                    What::Left { reason, name } => {
                        if let Some(journey) = line.enrollment.and_then(|enrollment| open.remove(&enrollment))
                        {
                            let why = ending(reason, name.as_deref());
                            add(summary.left.entry(journey).or_default(), why);
                        }
                    }
                    What::Erased => {
                        for journey in std::mem::take(&mut open).into_values() {
                            add(summary.left.entry(journey).or_default(), "erased".to_owned());
                        }
                    }
                    What::Sent { said } => {
                        add(&mut summary.sent, said.channel.clone());
                        add(&mut summary.messages, format!("{} {}", said.channel, said.template));
                        let day = summary.sent_by_day.entry(timeline.day(line.at)).or_default();
                        add(day, said.channel.clone());
                    }
                    What::Deferred { said, reasons, .. } => {
                        for why in distinct(reasons) {
                            add(&mut summary.held, format!("{}: {}", said.channel, reason(why)));
                        }
                    }
                    What::Refused { said, reasons, .. } => {
                        for why in distinct(reasons) {
                            add(&mut summary.refused, format!("{}: {}", said.channel, reason(why)));
                        }
                    }
                    What::Parked { said } => add(&mut summary.parked, said.channel.clone()),
                    What::Cancelled { said } => add(&mut summary.cancelled, said.channel.clone()),
                    _ => {}
                }
            }
            for journey in open.into_values() {
                add(&mut summary.inside, journey);
            }
        }
        summary
    }

    /// Every number under its name, in the order of the page.
    pub(super) fn rows(&self) -> Vec<(&'static str, String, usize)> {
        let mut rows = vec![("contacts", String::new(), self.contacts)];
        let mut push = |what, counts: Vec<(String, usize)>| {
            rows.extend(counts.into_iter().map(|(of, count)| (what, of, count)));
        };
        push("entered", named(&self.entered));
        for (journey, reasons) in &self.left {
            let reasons = reasons.iter().map(|(reason, count)| (format!("{journey}: {reason}"), *count));
            push("left", reasons.collect());
        }
        push("inside", named(&self.inside));
        push("sent", named(&self.sent));
        push("message", named(&self.messages));
        for (day, channels) in &self.sent_by_day {
            let day = day.format("%a %e %b %Y");
            push(
                "day",
                channels.iter().map(|(channel, count)| (format!("{day} {channel}"), *count)).collect(),
            );
        }
        push("held", named(&self.held));
        push("refused", named(&self.refused));
        push("parked", named(&self.parked));
        push("taken back", named(&self.cancelled));
        rows
    }
}

fn distinct(reasons: &[Name]) -> BTreeSet<&Name> {
    reasons.iter().collect()
}

fn named<K: fmt::Display>(counts: &BTreeMap<K, usize>) -> Vec<(String, usize)> {
    counts.iter().map(|(name, count)| (name.to_string(), *count)).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "summary")?;
        let rows = self.rows();
        let wide = rows.iter().map(|(_, of, _)| of.chars().count()).max().unwrap_or(0);
        let mut last = "";
        for (what, of, count) in rows {
            let what = if std::mem::replace(&mut last, what) == what { "" } else { what };
            writeln!(f, "  {what:<10}  {of:wide$}  {count:>7}")?;
        }
        Ok(())
    }
}
