//! What became of everybody, read back from the store: steps, messages and consents, never the story file's plans.

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::error::StoreError;
use journeyman::journey::{JourneyDefinition, StepDefinition};
use journeyman::model::{
    ConsentRecord, ConsentStatus, ContactId, DeliveryStatus, ExitReason, MessageId, Reason, Step,
    StepOutcome, Value,
};
use journeyman::port::store::{MessageRecord, MessageStatus};
use journeyman::time::Zone;
use journeyman::{Engine, port::Store};

use crate::story::{Person, Story};

/// One contact's way through the journey.
pub(crate) struct Passage {
    pub(crate) id: ContactId,
    pub(crate) name: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) case: String,
    pub(crate) zone: Zone,
    pub(crate) lines: Vec<Line>,
    /// One for each send step of the journey.
    pub(crate) cells: Vec<Cell>,
    pub(crate) ended: Ended,
    /// Messages that the provider took, by channel; all that is left to count of an erased person.
    pub(crate) sent: Vec<String>,
    pub(crate) erased: bool,
    /// Links of the consent chain, which outlives an erasure.
    pub(crate) proof: usize,
}

/// One line of a contact's timeline.
pub(crate) struct Line {
    pub(crate) at: DateTime<Utc>,
    pub(crate) send: Option<usize>,
    pub(crate) what: What,
}

pub(crate) enum What {
    Entered,
    /// Its subject, or how its text begins.
    Said(String),
    Held(DateTime<Utc>, String),
    NotSaid(String),
    Withdrew(String),
    Ended(String),
}

/// What became of one send step.
#[derive(Clone)]
pub(crate) enum Cell {
    NotReached,
    Held(DateTime<Utc>),
    Sent { late: TimeDelta },
    NotSent(&'static str),
    Waiting,
}

pub(crate) enum Ended {
    Not(Option<DateTime<Utc>>),
    At(DateTime<Utc>, String),
    Erased,
    NeverEntered,
}

/// A send step of the journey: its name, its channel, and when it comes.
pub(crate) struct Send {
    pub(crate) node: String,
    pub(crate) channel: String,
    pub(crate) purpose: String,
    pub(crate) when: String,
}

/// The send steps in order, each with the wait before it.
pub(crate) fn sends(journey: &JourneyDefinition) -> Vec<Send> {
    let mut when = "day 0".to_owned();
    let mut sends = Vec::new();
    for (number, StepDefinition { id, send, wait, wait_until, .. }) in (1..).zip(&journey.steps) {
        if let Some(wait) = wait {
            when = format!("+{wait}");
        }
        if let Some(entry) = wait_until.as_ref().and_then(|until| until.entry) {
            when = format!("day {}", entry.days);
        }
        if let Some(send) = send {
            sends.push(Send {
                node: id.clone().unwrap_or_else(|| format!("step-{number}")),
                channel: send.channel.clone().unwrap_or_default(),
                purpose: send.purpose.clone().unwrap_or_default(),
                when: when.clone(),
            });
        }
    }
    sends
}

pub(crate) async fn gather(
    engine: &Engine,
    story: &Story,
    journey: &JourneyDefinition,
    home: &Zone,
) -> Result<Vec<Passage>, StoreError> {
    let sends = sends(journey);
    let mut passages = Vec::with_capacity(story.people.len());
    for person in &story.people {
        passages.extend(passage(&**engine.store(), person, &sends, home).await?);
    }
    Ok(passages)
}

/// One contact; `None` where the store has not heard of it yet.
async fn passage(
    store: &dyn Store,
    person: &Person,
    sends: &[Send],
    home: &Zone,
) -> Result<Option<Passage>, StoreError> {
    let Some(stored) = store.contact(&person.id).await? else { return Ok(None) };
    let messages = store.messages(&person.id).await?;
    let consents = store.consents(&person.id).await?;
    let contact = &stored.state.cold.contact;
    let text = |name: &str| match contact.attributes.get(name) {
        Some(Value::Text(text)) => Some(text.to_string()),
        _ => None,
    };
    let waits = stored.state.hot.enrollments.first().map(|enrollment| enrollment.waiting.due_at());
    let accepted = messages.iter().filter(|record| record.status == MessageStatus::Accepted);
    let mut passage = Passage {
        id: person.id.clone(),
        name: text("first_name"),
        city: text("city"),
        case: person.case.clone(),
        zone: stored.state.cold.zone().unwrap_or_else(|| home.clone()),
        lines: Vec::new(),
        cells: vec![Cell::NotReached; sends.len()],
        ended: match waits {
            _ if stored.erased => Ended::Erased,
            Some(until) => Ended::Not(until),
            None => Ended::NeverEntered,
        },
        sent: accepted.map(|record| record.message.channel.to_string()).collect(),
        erased: stored.erased,
        proof: consents.len(),
    };
    for step in &store.steps(&person.id).await? {
        passage.read(step, sends, &messages, &consents);
    }
    for record in consents.iter().filter(|record| record.status == ConsentStatus::Withdrawn && !stored.erased)
    {
        let what = match &record.channel {
            Some(channel) => format!("withdraws what was allowed by {channel} ({})", record.evidence.source),
            None => format!("withdraws every consent ({})", record.evidence.source),
        };
        passage.lines.push(Line { at: record.at, send: None, what: What::Withdrew(what) });
    }
    passage.lines.sort_by_key(|line| line.at);
    Ok(Some(passage))
}

impl Passage {
    fn read(&mut self, step: &Step, sends: &[Send], messages: &[MessageRecord], consents: &[ConsentRecord]) {
        let index = sends.iter().position(|send| send.node == step.node.as_str());
        let what = match (&step.outcome, index) {
            (StepOutcome::Entered, _) => {
                return self.lines.push(Line { at: step.at, send: None, what: What::Entered });
            }
            (StepOutcome::Exited { reason }, _) => {
                let reason = ending(reason);
                self.ended = Ended::At(step.at, reason.clone());
                return self.lines.push(Line { at: step.at, send: None, what: What::Ended(reason) });
            }
            (StepOutcome::Deferred { until, reasons }, Some(index)) => {
                if !matches!(self.cells[index], Cell::Held(_)) {
                    self.cells[index] = Cell::Held(step.at);
                }
                What::Held(*until, said_of(reasons, &sends[index], consents))
            }
            (StepOutcome::Refused { reasons }, Some(index)) => {
                self.cells[index] = Cell::NotSent(short(reasons, &sends[index], consents));
                What::NotSaid(said_of(reasons, &sends[index], consents))
            }
            (StepOutcome::Sent { message }, Some(index)) => {
                let (cell, what) = self.outcome(*message, step.at, index, &sends[index], messages, consents);
                self.cells[index] = cell;
                what
            }
            _ => return, // waits speak for themselves
        };
        self.lines.push(Line { at: step.at, send: index, what });
    }

    /// What became of a message that was decided.
    fn outcome(
        &self,
        id: MessageId,
        decided_at: DateTime<Utc>,
        index: usize,
        send: &Send,
        messages: &[MessageRecord],
        consents: &[ConsentRecord],
    ) -> (Cell, What) {
        let Some(record) = messages.iter().find(|record| record.message.id == id) else {
            return (Cell::Waiting, What::NotSaid("not known".to_owned()));
        };
        match (&record.status, &record.answer) {
            (MessageStatus::Accepted, _) => {
                let held = match self.cells[index] {
                    Cell::Held(since) => decided_at - since,
                    _ => TimeDelta::zero(),
                };
                let content = record.content.as_ref();
                let words = content.map(|content| content.subject.as_deref().unwrap_or(content.plain()));
                (Cell::Sent { late: held }, What::Said(words.unwrap_or("(the text is gone)").to_owned()))
            }
            (MessageStatus::Refused, Some(DeliveryStatus::Refused { reasons })) => (
                Cell::NotSent(short(reasons, send, consents)),
                What::NotSaid(said_of(reasons, send, consents)),
            ),
            (MessageStatus::Cancelled, _) => {
                (Cell::NotSent("taken back"), What::NotSaid("taken back before it left".to_owned()))
            }
            (MessageStatus::Parked, _) => {
                (Cell::NotSent("unknown"), What::NotSaid("nobody knows whether it arrived".to_owned()))
            }
            _ => (Cell::Waiting, What::Held(record.not_before, "waits for the provider".to_owned())),
        }
    }
}

fn ending(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Completed => "completed".to_owned(),
        ExitReason::Exit(name) => format!("exit {name}"),
        ExitReason::Goal(event) => format!("goal reached: {event}"),
        ExitReason::Event(event) => format!("left on {event}"),
        ExitReason::MaxDuration => "its time was up".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether a withdrawal is the contact's own, or that of somebody with the same address.
fn is_own(send: &Send, consents: &[ConsentRecord]) -> bool {
    consents.iter().any(|record| {
        let same = |said: &Option<journeyman::model::Name>, asked: &str| {
            said.as_deref().is_none_or(|said| said == asked)
        };
        record.status == ConsentStatus::Withdrawn
            && same(&record.purpose, &send.purpose)
            && same(&record.channel, &send.channel)
    })
}

/// Every reason, in words.
fn said_of(reasons: &[Reason], send: &Send, consents: &[ConsentRecord]) -> String {
    let words: Vec<String> = reasons
        .iter()
        .map(|reason| match reason {
            Reason::NoAddress if send.channel == "sms" => "no phone number".to_owned(),
            Reason::NoAddress => format!("no {} address", send.channel),
            Reason::NoConsent => format!("{} by {} was never allowed", send.purpose, send.channel),
            Reason::Withdrawn if is_own(send, consents) => "consent was withdrawn".to_owned(),
            Reason::Withdrawn => "somebody else with this number said STOP".to_owned(),
            Reason::QuietHours => "quiet hours".to_owned(),
            Reason::Suppressed => "the address is suppressed".to_owned(),
            Reason::Template(why) => format!("the template needs what is not known ({why})"),
            Reason::Channel(why) => format!("the provider refused it ({why})"),
            Reason::Attempts => "every attempt failed".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    words.join(", ")
}

/// The first reason, in a word or two.
fn short(reasons: &[Reason], send: &Send, consents: &[ConsentRecord]) -> &'static str {
    match reasons.first() {
        Some(Reason::NoAddress) if send.channel == "sms" => "no phone",
        Some(Reason::NoAddress) => "no address",
        Some(Reason::NoConsent) => "no consent",
        Some(Reason::Withdrawn) if is_own(send, consents) => "withdrawn",
        Some(Reason::Withdrawn) => "shared STOP",
        Some(Reason::Suppressed) => "suppressed",
        Some(Reason::Template(_)) => "no data",
        _ => "refused",
    }
}
