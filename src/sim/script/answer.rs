//! What the channels of a scenario say to what they are handed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;

use super::host::Host;
use super::node::Kind;
use super::place::{Place, Problems};
use crate::model::{ContactId, Handover, MessageId, Name, Outcome};
use crate::port::{Channel, Clock};

/// Answers that are given in turn, the last one for ever.
pub(super) type Turns = Arc<[Outcome]>;

/// Answers by the name of a channel or of a template; what is not named is accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) all: BTreeMap<Name, Turns>,
    /// What is said of one contact's messages comes first.
    pub(super) own: BTreeMap<ContactId, BTreeMap<Name, Turns>>,
}

impl Answers {
    fn of(&self, handover: Handover<'_>) -> Option<(&Name, &Turns)> {
        let message = handover.message;
        let own = self.own.get(&message.contact);
        [own, Some(&self.all)].into_iter().flatten().find_map(|answers| {
            answers.get_key_value(&message.template).or_else(|| answers.get_key_value(&message.channel))
        })
    }
}

/// Reads the answers below a place. `known` holds the channels and templates.
pub(super) fn read(
    place: &Place<'_>,
    known: impl Fn(&str) -> bool,
    problems: &mut Problems,
) -> BTreeMap<Name, Turns> {
    let mut answers = BTreeMap::new();
    for (name, place) in place.entries(problems) {
        if !known(name) {
            let next = "name a channel or a template of this scenario";
            problems.tell("S018", place, format!("{name} is neither a channel nor a template"), next);
        }
        let turns: Vec<Outcome> = place.items().iter().filter_map(|item| one(item, problems)).collect();
        if turns.is_empty() {
            if matches!(&place.node.kind, Kind::List(items) if items.is_empty()) {
                problems.tell("S022", place, "the list of answers is empty", "leave it out, or fill it");
            }
            continue;
        }
        answers.insert(name.into(), turns.into());
    }
    answers
}

fn one(place: &Place<'_>, problems: &mut Problems) -> Option<Outcome> {
    const NEXT: &str = "write accepted, refused, retry, unknown, { refused: why } or { retry: 2h }";
    match (&place.node.kind, place.node.text()) {
        (_, Some("accepted")) => return Some(Outcome::Accepted),
        (_, Some("refused")) => return Some(Outcome::Refused { reason: "refused".into() }),
        (_, Some("retry")) => return Some(Outcome::Retry { after: None }),
        (_, Some("unknown")) => return Some(Outcome::Unknown),
        (Kind::Map(_), _) if place.is_map_of(&["refused", "retry"], problems) => {
            match (place.get("refused"), place.get("retry")) {
                (Some(why), None) => return why.name(problems).map(|reason| Outcome::Refused { reason }),
                (None, Some(span)) => {
                    let span = span.span(problems)?;
                    let days = i64::from(span.days) + 30 * i64::from(span.months);
                    let exact = i64::try_from(span.milliseconds).unwrap_or(i64::MAX);
                    let after = TimeDelta::try_milliseconds(exact).and_then(|exact| {
                        TimeDelta::try_days(days).and_then(|days| exact.checked_add(&days))
                    });
                    return Some(Outcome::Retry { after });
                }
                _ => {}
            }
        }
        _ => {}
    }
    problems.tell("S022", place, format!("{} is not an answer", place.node.what()), NEXT);
    None
}

/// A channel that says what a scenario lets it say.
pub(super) struct ScriptedChannel {
    name: Name,
    answers: Answers,
    /// How often a contact was answered under a name.
    turns: Arc<Mutex<BTreeMap<(ContactId, Name), usize>>>,
    host: Host,
    clock: Arc<dyn Clock>,
}

impl ScriptedChannel {
    /// Channels that count turns together.
    pub(super) fn all(names: &[Name], answers: &Answers, host: &Host, clock: &Arc<dyn Clock>) -> Vec<Self> {
        let turns: Arc<Mutex<_>> = Arc::default();
        let channel = |name: &Name| Self {
            name: name.clone(),
            answers: answers.clone(),
            turns: Arc::clone(&turns),
            host: host.clone(),
            clock: Arc::clone(clock),
        };
        names.iter().map(channel).collect()
    }

    /// What the channel itself says comes first; a call that it takes is the host's to answer.
    fn answer(&self, handover: Handover<'_>) -> Outcome {
        match self.scripted(handover) {
            Outcome::Accepted if handover.call().is_some() => self.host.hear(handover, self.clock.now()),
            other => other,
        }
    }

    fn scripted(&self, handover: Handover<'_>) -> Outcome {
        let Some((name, answers)) = self.answers.of(handover) else { return Outcome::Accepted };
        let turn = match answers.len() {
            1 => 0,
            _ => {
                let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
                let count = turns.entry((handover.message.contact.clone(), name.clone())).or_default();
                *count += 1;
                *count - 1
            }
        };
        answers.get(turn).or_else(|| answers.last()).cloned().unwrap_or(Outcome::Accepted)
    }
}

#[async_trait]
impl Channel for ScriptedChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.answer(handover)
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        handovers.iter().map(|handover| (handover.message.id, self.answer(*handover))).collect()
    }

    /// Few enough that looking for one answer among those of a call costs nothing.
    fn batch(&self) -> usize {
        32
    }
}
