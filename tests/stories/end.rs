//! How a story ends, and when two ends are the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::model::{ConsentRecord, DeliveryStatus, Reason, StepOutcome};
use journeyman::port::store::MessageStatus;
use serde_json::{Value, json};

use crate::host::{Host, MOST_ATTEMPTS};
use crate::provider::{Label, parks};

/// What became of one message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fate {
    pub(crate) status: MessageStatus,
    reasons: Vec<Reason>,
    content: Option<String>,
}

/// Everything that the end of a run is compared by.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// State, steps and consents of each contact, to the millisecond.
    exact: BTreeMap<String, Value>,
    /// The same to the hour, with messages named by what they are and not by when they were decided.
    to_the_hour: BTreeMap<String, Value>,
    pub(crate) messages: BTreeMap<Label, Fate>,
    /// To which address and in which words the provider accepted what.
    accepted: BTreeMap<Label, Vec<(String, String)>>,
    parked: Vec<String>,
    next_due: Option<DateTime<Utc>>,
    /// What no run may show, whatever is compared.
    pub(crate) flaws: Vec<String>,
}

/// The exceptions that one run may claim: the messages whose outcome nobody knew, and at which attempt.
pub(crate) type Unknown = BTreeMap<Label, u32>;

/// Whether an unknown outcome of this attempt parks the message: its channel does not honour ids, or no attempt is left.
fn is_parked(label: &Label, attempt: u32) -> bool {
    parks(&label.channel) || attempt >= MOST_ATTEMPTS
}

impl End {
    pub(crate) async fn of(host: &Host) -> Self {
        let store = host.inner();
        let channels: Vec<_> = host.channels.keys().map(|name| (*name).into()).collect();
        let mut end = Self {
            exact: BTreeMap::new(),
            to_the_hour: BTreeMap::new(),
            messages: BTreeMap::new(),
            accepted: BTreeMap::new(),
            parked: store.parked().await.unwrap().iter().map(|(contact, _)| contact.to_string()).collect(),
            next_due: store.next_due(&channels).await.unwrap(),
            flaws: Vec::new(),
        };
        let mut ids = BTreeMap::new();
        for contact in host.contacts() {
            let id = contact.as_str().into();
            for record in store.messages(&id).await.unwrap() {
                let label = Label::of(&record.message);
                ids.insert(record.message.id.to_string(), label.to_string());
                let reasons = match record.answer {
                    Some(DeliveryStatus::Refused { reasons }) => reasons,
                    _ => Vec::new(),
                };
                let content = record.content.map(|content| content.plain().to_owned());
                let fate = Fate { status: record.status, reasons, content };
                if end.messages.insert(label.clone(), fate).is_some() {
                    end.flaws.push(format!("{label} was decided twice"));
                }
            }
        }
        for contact in host.contacts() {
            let id = contact.as_str().into();
            let Some(stored) = store.contact(&id).await.unwrap() else {
                end.flaws.push(format!("{contact} is unknown"));
                continue;
            };
            let (steps, consents) = (store.steps(&id).await.unwrap(), store.consents(&id).await.unwrap());
            if !ConsentRecord::verify(&consents) {
                end.flaws.push(format!("the consent chain of {contact} is broken"));
            }
            let mut ordinals: BTreeMap<_, u32> = BTreeMap::new();
            for step in &steps {
                let next = ordinals.entry(step.enrollment).or_default();
                if step.ordinal != *next {
                    end.flaws.push(format!("{contact} has step {} where {next} follows", step.ordinal));
                }
                *next += 1;
            }
            let mut hot = serde_json::to_value(&stored.state.hot).unwrap();
            // When the contact was looked at last is the one thing that any failure may change.
            hot["now"] = Value::Null;
            let cold = serde_json::to_value(&*stored.state.cold).unwrap();
            let exact = json!({
                "hot": hot, "cold": cold, "steps": steps, "consents": consents, "erased": stored.erased,
            });
            end.to_the_hour.insert(contact.clone(), to_the_hour(&exact, &ids));
            end.exact.insert(contact, exact);
        }
        let mut heard = BTreeSet::new();
        for accepted in host.book.accepted() {
            if !heard.insert(accepted.id) {
                end.flaws.push(format!("{} was accepted twice under one id", accepted.label));
            }
            end.accepted.entry(accepted.label).or_default().push((accepted.to, accepted.said));
        }
        for (label, said) in &end.accepted {
            if said.len() > 1 {
                end.flaws.push(format!("{label} was accepted {} times", said.len()));
            }
        }
        end
    }

    /// What a calm run must not be, so that a delay of some minutes changes no order: a timer where the story acts.
    pub(crate) async fn timers_where_it_acts(host: &Host) -> Vec<String> {
        let mut found = Vec::new();
        for contact in host.contacts() {
            for step in host.inner().steps(&contact.as_str().into()).await.unwrap() {
                let timed = matches!(step.outcome, StepOutcome::Waited | StepOutcome::TimedOut);
                let near = |act: &DateTime<Utc>| (step.at - *act).abs() < TimeDelta::minutes(15);
                if timed && !host.resumed.contains(&step.at) && host.acts.iter().any(near) {
                    found.push(format!("{contact} leaves {} at {}, when the story acts", step.node, step.at));
                }
            }
        }
        found
    }

    /// Who heard what, and what became of the rest, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(label, fate): (&Label, &Fate)| {
            let status = format!("{:?}", fate.status).to_lowercase();
            match self.accepted.get(label) {
                Some(said) if fate.status != MessageStatus::Accepted => {
                    format!("{label} {status}, accepted {} times", said.len())
                }
                _ => format!("{label} {status}"),
            }
        };
        let mut lines: Vec<String> = self.messages.iter().map(line).collect();
        lines.sort();
        lines
    }

    /// What differs from the end that a calm run has, but for what its unknown outcomes allow; nothing where all is well.
    ///
    /// A message whose outcome nobody knew is parked where its channel does not honour ids, and where it was the last
    /// attempt; then, and only then, nobody can say whether the provider has it, and it has it once at most.
    pub(crate) fn differences(&self, calm: &Self, unknown: &Unknown, exact: bool) -> Vec<String> {
        let mut found = self.flaws.clone();
        let parks = |label: &Label| unknown.get(label).is_some_and(|attempt| is_parked(label, *attempt));
        let (mine, theirs) = match exact {
            true => (&self.exact, &calm.exact),
            false => (&self.to_the_hour, &calm.to_the_hour),
        };
        let contacts: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
        for contact in contacts {
            match (mine.get(contact), theirs.get(contact)) {
                (Some(mine), Some(theirs)) => differ_within(contact, mine, theirs, &mut found),
                (mine, theirs) => differ(contact, mine, theirs, &mut found),
            }
        }
        let labels: BTreeSet<&Label> =
            self.messages.keys().chain(calm.messages.keys()).chain(self.accepted.keys()).collect();
        for label in labels {
            let (fate, expected) = (self.messages.get(label), calm.messages.get(label));
            let (said, heard) = (self.accepted.get(label), calm.accepted.get(label));
            if expected.is_some() && parks(label) {
                if fate.is_none_or(|fate| fate.status != MessageStatus::Parked) {
                    found.push(format!("{label} is {fate:?}, and its outcome was unknown"));
                }
            } else {
                differ(&label.to_string(), fate, expected, &mut found);
                differ(&format!("what the provider has of {label}"), said, heard, &mut found);
            }
        }
        differ("who is parked", Some(&self.parked), Some(&calm.parked), &mut found);
        differ("what is left to do", Some(&self.next_due), Some(&calm.next_due), &mut found);
        found
    }

    /// What a calm run must not leave behind.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut found = self.flaws.clone();
        found.extend(self.parked.iter().map(|contact| format!("{contact} is parked")));
        found.extend(self.next_due.map(|due| format!("there is something to do at {due}")));
        found
    }
}

fn differ<T: PartialEq + std::fmt::Debug>(
    what: &str,
    mine: Option<&T>,
    theirs: Option<&T>,
    found: &mut Vec<String>,
) {
    if mine != theirs {
        found.push(format!("{what}:\n     is {mine:?}\n    was {theirs:?}"));
    }
}

/// Names the fields that differ, and not the whole contact.
fn differ_within(path: &str, mine: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => {
            let names: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
            for name in names {
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differ_within(&format!("{path}.{name}"), &of(mine), &of(theirs), found);
            }
        }
        (Value::Array(mine), Value::Array(theirs)) if mine.len() == theirs.len() => {
            for (index, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
                differ_within(&format!("{path}[{index}]"), mine, theirs, found);
            }
        }
        (mine, theirs) => differ(path, Some(mine), Some(theirs), found),
    }
}

/// Cuts instants to the hour, names messages, and leaves out hashes, into which instants went.
fn to_the_hour(value: &Value, ids: &BTreeMap<String, String>) -> Value {
    const HOUR: i64 = 3_600_000;
    match value {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(name, _)| !["head", "hash", "previous"].contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), to_the_hour(value, ids))).collect()
        }
        Value::Array(items) => items.iter().map(|item| to_the_hour(item, ids)).collect(),
        Value::Number(number) => match number.as_i64() {
            Some(millis) if millis > 1_000_000_000_000 => json!(millis / HOUR * HOUR),
            _ => value.clone(),
        },
        Value::String(text) => match (ids.get(text), text.parse::<DateTime<Utc>>()) {
            (Some(label), _) => json!(label),
            (None, Ok(at)) => json!(at.timestamp_millis() / HOUR * HOUR),
            (None, Err(_)) => value.clone(),
        },
        _ => value.clone(),
    }
}
