//! What happened in plain words, and the words behind codes.

use std::fmt::Write;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serialize;
use serde_json::Value;

use super::line::{By, Line, Said, What};
use crate::model::Name;
use crate::time::Zone;

/// A word of the model and what stands beside it, as its wire form has them: `goal` and `call.booked`.
pub(super) fn coded(word: &impl Serialize) -> (Name, Option<Value>) {
    match serde_json::to_value(word) {
        Ok(Value::String(word)) => (word.into(), None),
        Ok(Value::Object(map)) if map.len() == 1 => map
            .into_iter()
            .next()
            .map_or(("unknown".into(), None), |(word, about)| (word.into(), Some(about))),
        _ => ("unknown".into(), None),
    }
}

/// A word, and after a colon what it is about.
pub(super) fn code(word: &impl Serialize) -> Name {
    match coded(word) {
        (word, None) => word,
        (word, Some(Value::String(about))) => format!("{word}: {about}").into(),
        (word, Some(about)) => format!("{word}: {about}").into(),
    }
}

/// A reason for people.
pub(super) fn reason(code: &str) -> String {
    let (word, about) = code.split_once(": ").map_or((code, None), |(word, about)| (word, Some(about)));
    let plain = match word {
        "erased" => "the contact was erased",
        "suppressed" => "the address is suppressed",
        "withdrawn" => "consent was withdrawn",
        "template" => "the template cannot be filled",
        "answer" => "the answer is not as declared",
        "attempts" => "every attempt failed",
        "channel" => "the channel says",
        other => &other.replace('_', " "),
    };
    match about {
        Some(about) => format!("{plain}: {about}"),
        None => plain.to_owned(),
    }
}

fn reasons(codes: &[Name]) -> String {
    codes.iter().map(|code| reason(code)).collect::<Vec<_>>().join(", ")
}

/// A local instant with its weekday: `Mon 23 Mar 09:00`; with seconds where there are some, with the year where it must be.
pub(super) fn instant(at: DateTime<Utc>, zone: &Zone, year: Option<i32>) -> String {
    let local = zone.local(at);
    let day = if year == Some(local.year()) { "%a %-d %b" } else { "%a %-d %b %Y" };
    let time = if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    local.format(&format!("{day} {time}")).to_string()
}

/// Why an enrollment ended: `goal call.booked`.
pub(super) fn ending(reason: &str, name: Option<&str>) -> String {
    let word = reason.replace('_', " ");
    name.map_or(word.clone(), |name| format!("{word} {name}"))
}

/// How instants are written.
#[derive(Clone, Copy)]
pub(super) struct Style<'s> {
    pub(super) zone: &'s Zone,
    /// The year that need not be said.
    pub(super) year: i32,
    /// Whether versions are told.
    pub(super) versions: bool,
}

impl Style<'_> {
    pub(super) fn instant(&self, at: DateTime<Utc>) -> String {
        instant(at, self.zone, Some(self.year))
    }

    /// An instant that stands under others.
    pub(super) fn column(&self, at: DateTime<Utc>) -> String {
        let text = self.instant(at);
        match self.zone.local(at).day() {
            0..10 => text.replacen(' ', "  ", 1),
            _ => text,
        }
    }

    /// A line in plain words; none where it goes without saying.
    pub(super) fn words(&self, line: &Line) -> Option<String> {
        let said = |said: &Said| format!("{} {}", said.channel, said.template);
        let list = |names: &[Name], all: &str| match names {
            [] => all.to_owned(),
            names => names.join(", "),
        };
        Some(match &line.what {
            What::Entered => {
                let journey = line.journey.as_ref().map_or("", |journey| journey.as_str());
                match line.version.filter(|_| self.versions) {
                    Some(version) => format!("entered {journey} (version {version})"),
                    None => format!("entered {journey}"),
                }
            }
            What::Left { reason, name } => format!("left: {}", ending(reason, name.as_deref())),
            What::Step { outcome, .. } if matches!(&**outcome, "waited" | "settled") => return None,
            What::Step { outcome, detail, next } => {
                let mut words = outcome.replace('_', " ");
                for (name, value) in detail {
                    let _ = match value {
                        Value::String(text) => write!(words, ", {name} {text}"),
                        other => write!(words, ", {name} {other}"),
                    };
                }
                if let Some(next) = next {
                    let _ = write!(words, ", on to {next}");
                }
                words
            }
            What::Asked { said: message } => format!("asked {}", said(message)),
            What::Answered { said: message, result } => match result {
                Some(result) => format!("{} answered {} with {result}", message.channel, message.template),
                None => format!("{} answered {}", message.channel, message.template),
            },
            What::Decided { said: message } => format!("decided {}: waits in the outbox", said(message)),
            What::Sent { said: message } => {
                let subject = message.subject.as_ref();
                let subject = subject.map_or_else(String::new, |subject| format!(": \"{subject}\""));
                let variant =
                    message.variant.as_ref().map_or_else(String::new, |variant| format!(", {variant}"));
                format!("sent {} ({}{variant}){subject}", said(message), message.purpose)
            }
            What::Deferred { said: message, until, reasons: why, .. } => {
                format!("held {} until {}: {}", said(message), self.instant(*until), reasons(why))
            }
            What::Replanned { until } => format!("the date moved: waits until {}", self.instant(*until)),
            What::Refused { said: message, by, reasons: why } => {
                let who = if *by == By::Channel && why.is_empty() { "the channel says no" } else { "" };
                format!("refused {}: {}{who}", said(message), reasons(why))
            }
            What::Retried { said: message, until } => {
                format!("not taken {}, again {}", said(message), self.instant(*until))
            }
            What::Parked { said: message } => {
                format!("parked {}: nobody knows whether it arrived", said(message))
            }
            What::Cancelled { said: message } => format!("took back {}", said(message)),
            What::Event { event } => format!("event {event}"),
            What::Segment { segment, inside: true } => format!("came into the segment {segment}"),
            What::Segment { segment, inside: false } => format!("left the segment {segment}"),
            What::Tier { score, from, to, up } => {
                let none = Name::from("no tier");
                let (from, to) = (from.as_ref().unwrap_or(&none), to.as_ref().unwrap_or(&none));
                format!("{score} {} from {from} to {to}", if *up { "rose" } else { "fell" })
            }
            What::Score { score, value } => format!("{score} is {value}"),
            What::Mark { score, mark, up: true } => format!("{score}: {mark}"),
            What::Mark { score, mark, up: false } => format!("{score}: {mark} is over"),
            What::Keyword { word, channel } => match channel {
                Some(channel) => format!("answered {word} by {channel}"),
                None => format!("answered {word}"),
            },
            What::Host { name } => format!("called for {name}"),
            What::Identified => "identified".to_owned(),
            What::Consented { purposes, channels } => {
                format!("allowed {} by {}", purposes.join(", "), channels.join(", "))
            }
            What::Withdrew { purposes, channels } => {
                format!("withdrew {} by {}", list(purposes, "everything"), list(channels, "every channel"))
            }
            What::Suppressed { channels } => format!("suppressed the address for {}", channels.join(", ")),
            What::Erased => "erased".to_owned(),
            What::Published { definitions } => format!("published {}", definitions.join(", ")),
            What::Paused { target } => format!("paused {target}"),
            What::Resumed { target } => format!("resumed {target}"),
            What::Ignored { told, reason: why } => format!("ignored {told}: {}", reason(why)),
            What::SetAside { reason: why } => format!("set aside: {}", reason(why)),
        })
    }
}
