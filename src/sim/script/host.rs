//! What the host of a scenario answers to the calls of journeys, and when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::node::Kind;
use super::person::{check_size, check_values};
use super::place::{Place, Problems};
use crate::model::{Answer, Attributes, ContactId, Handover, MessageId, Name, Outcome};
use crate::time::{Span, Zone};

const FIELDS: [&str; 7] = ["channel", "ask", "contact", "after", "result", "values", "refuse"];
/// The largest answer that an engine takes unless it is told otherwise.
const MOST_ANSWER: usize = 64 * 1024;

/// One entry of `answers`.
#[derive(Clone, Debug)]
pub(super) struct HostAnswer {
    channel: Name,
    /// Absent for whatever is asked.
    ask: Option<Name>,
    /// Absent for everybody.
    contact: Option<Name>,
    after: Option<Span>,
    /// Absent where the channel refuses.
    says: Option<Answer>,
}

/// Answers that are still to be given, by their instants.
pub(super) type Later = Arc<Mutex<BTreeMap<(DateTime<Utc>, MessageId), (ContactId, Answer)>>>;

/// Reads the answers below a place. `known` holds the channels.
pub(super) fn read(
    place: &Place<'_>,
    known: impl Fn(&str) -> bool,
    problems: &mut Problems,
) -> Vec<HostAnswer> {
    place.items().iter().filter_map(|item| one(item, &known, problems)).collect()
}

fn one(place: &Place<'_>, known: impl Fn(&str) -> bool, problems: &mut Problems) -> Option<HostAnswer> {
    if !place.is_map_of(&FIELDS, problems) {
        return None;
    }
    let channel = place.need("channel", problems)?;
    let name = channel.name(problems)?;
    if !known(&name) {
        let next = "name a channel of this scenario";
        problems.tell("S018", channel, format!("there is no channel {name}"), next);
    }
    let named = |field: &'static str, problems: &mut Problems| {
        place.get(field).and_then(|place| place.name(problems))
    };
    let (ask, contact, result) =
        (named("ask", problems), named("contact", problems), named("result", problems));
    let after = place.get("after").and_then(|place| place.span(problems));
    let mut values = Attributes::new();
    if let Some(place) = place.get("values") {
        values = place.typed("S006", problems).unwrap_or_default();
        check_values(&place, &values, problems);
    }
    let mut answer = Answer { result, values };
    check_size(place, "answer", answer.size(), MOST_ANSWER, problems);
    let refuses = place.get("refuse").is_some_and(|place| matches!(place.node.kind, Kind::Bool(true)));
    if refuses && (answer != Answer::default() || after.is_some()) {
        let next = "leave result, values and after out, or refuse";
        problems.tell("S025", place, "it both refuses and answers", next);
        answer = Answer::default();
    }
    Some(HostAnswer { channel: name, ask, contact, after, says: (!refuses).then_some(answer) })
}

/// The host: the first entry that fits a call answers it; what none fits is taken and never answered.
#[derive(Clone, Debug)]
pub(super) struct Host {
    answers: Arc<[HostAnswer]>,
    pub(super) later: Later,
    zone: Zone,
}

impl Host {
    pub(super) fn new(answers: &[HostAnswer], zone: &Zone) -> Self {
        Self { answers: answers.into(), later: Later::default(), zone: zone.clone() }
    }

    /// What is said of a call that is handed over now.
    pub(super) fn hear(&self, handover: Handover<'_>, now: DateTime<Utc>) -> Outcome {
        let (message, Some(call)) = (handover.message, handover.call()) else { return Outcome::Accepted };
        let fits = |one: &&HostAnswer| {
            one.channel == message.channel
                && one.ask.as_ref().is_none_or(|ask| *ask == call.ask)
                && one.contact.as_ref().is_none_or(|contact| **contact == *message.contact.as_str())
        };
        match self.answers.iter().find(fits) {
            None => Outcome::Accepted,
            Some(HostAnswer { says: None, .. }) => Outcome::Refused { reason: "refused".into() },
            Some(HostAnswer { says: Some(answer), after: None, .. }) => Outcome::Answered(answer.clone()),
            Some(HostAnswer { says: Some(answer), after: Some(after), .. }) => {
                let at = self.zone.add(now, *after);
                let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
                later.insert((at, message.id), (message.contact.clone(), answer.clone()));
                Outcome::Accepted
            }
        }
    }

    /// When the next answer follows that is still to be given.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        later.keys().next().map(|(at, _)| *at)
    }

    /// Takes the answers whose instant has come.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<(ContactId, MessageId, Answer)> {
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while let Some(entry) = later.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, message), (contact, answer)) = entry.remove_entry();
            due.push((contact, message, answer));
        }
        due
    }
}
