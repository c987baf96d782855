//! What stands behind the channels of a story: a provider that writes down what it was handed and answers as it was told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use journeyman::model::{EnrollmentId, Handover, Message, MessageId, Outcome};
use journeyman::port::Channel;
use journeyman::testing::{FaultyChannel, Life, Sleep, Stop};

/// The channels of every story: `sms` does not honour ids, so an unknown outcome parks there; `post` takes batches.
pub(crate) const CHANNELS: [(&str, bool, usize); 3] =
    [("email", true, 1), ("sms", false, 1), ("post", true, 4)];

/// Whether an unknown outcome parks on a channel.
pub(crate) fn parks(channel: &str) -> bool {
    CHANNELS.iter().any(|(name, honours, _)| *name == channel && !honours)
}

/// What names a message in every run, whatever a fault did to its instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    pub(crate) contact: String,
    pub(crate) node: String,
    pub(crate) channel: String,
    enrollment: EnrollmentId,
}

impl Label {
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            contact: message.contact.to_string(),
            node: message.node.to_string(),
            channel: message.channel.to_string(),
            enrollment: message.enrollment,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.contact, self.node)
    }
}

/// What the provider does with the next handover of a message; it accepts where nothing was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Retry,
    Refuse,
    /// Never answers, until the host gives up and drops its call.
    Hold,
    /// Kills the process that asks.
    Kill,
    /// Takes a minute, in which another worker takes over, and then refuses what was overtaken.
    Late,
}

/// What a provider accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) id: MessageId,
    pub(crate) label: Label,
    pub(crate) to: String,
    pub(crate) said: String,
}

#[derive(Default)]
struct Pages {
    accepted: Vec<Accepted>,
    script: BTreeMap<(String, String), VecDeque<Answer>>,
    refused: BTreeSet<Label>,
    handed: BTreeMap<Label, u32>,
    calls: BTreeMap<String, Vec<Vec<(Label, u32)>>>,
    life: Life,
    held: bool,
}

/// Everything that the provider knows, of all channels.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how the next handovers of a contact's message at a node are answered.
    pub(crate) fn answers(&self, contact: &str, node: &str, answers: &[Answer]) {
        let script = answers.iter().copied().collect();
        self.pages().script.insert((contact.to_owned(), node.to_owned()), script);
    }

    /// Refuses these messages for good.
    pub(crate) fn refuses(&self, labels: BTreeSet<Label>) {
        self.pages().refused.extend(labels);
    }

    /// Whose call it is from now on; answers whose it was.
    pub(crate) fn lives(&self, life: Life) -> Life {
        std::mem::replace(&mut self.pages().life, life)
    }

    /// Whether a handover was held; forgotten when it is asked.
    pub(crate) fn was_held(&self) -> bool {
        std::mem::take(&mut self.pages().held)
    }

    pub(crate) fn accepted(&self) -> Vec<Accepted> {
        self.pages().accepted.clone()
    }

    /// The messages and attempts of every call, channel by channel.
    pub(crate) fn calls(&self) -> BTreeMap<String, Vec<Vec<(Label, u32)>>> {
        self.pages().calls.clone()
    }
}

/// The provider's end of one channel.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) honours: bool,
    pub(crate) batch: usize,
    pub(crate) book: Book,
    pub(crate) sleep: Arc<dyn Sleep>,
}

impl Provider {
    fn accept(&self, handover: Handover<'_>) -> Outcome {
        let mut pages = self.book.pages();
        let id = handover.message.id;
        if !self.honours || pages.accepted.iter().all(|other| other.id != id) {
            let (label, to) = (Label::of(handover.message), handover.to.to_owned());
            pages.accepted.push(Accepted { id, label, to, said: handover.content.plain().to_owned() });
        }
        Outcome::Accepted
    }
}

#[async_trait]
impl Channel for Provider {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let label = Label::of(handover.message);
        let refuse = || Outcome::Refused { reason: "fault".into() };
        let (answer, life, handed) = {
            let mut pages = self.book.pages();
            if pages.refused.contains(&label) {
                return refuse();
            }
            let script = pages.script.get_mut(&(label.contact.clone(), label.node.clone()));
            let answer = script.and_then(VecDeque::pop_front);
            pages.held |= answer == Some(Answer::Hold);
            let handed = pages.handed.entry(label.clone()).or_default();
            *handed += 1;
            let handed = *handed;
            (answer, pages.life.clone(), handed)
        };
        match answer {
            None => self.accept(handover),
            Some(Answer::Retry) => Outcome::Retry { after: None },
            Some(Answer::Refuse) => {
                // What is refused once is refused again, whoever heard so.
                self.book.pages().refused.insert(label);
                refuse()
            }
            Some(Answer::Hold) => {
                life.stop(Stop::Cancel);
                pending().await
            }
            Some(Answer::Kill) => {
                life.stop(Stop::Crash);
                pending().await
            }
            Some(Answer::Late) => {
                self.sleep.sleep(TimeDelta::minutes(1)).await;
                let overtaken = self.book.pages().handed.get(&label).is_some_and(|now| *now > handed);
                if overtaken { refuse() } else { Outcome::Retry { after: None } }
            }
        }
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn honours_ids(&self) -> bool {
        self.honours
    }
}

/// A channel that writes down every call before a fault can meet it.
pub(crate) struct Watched {
    pub(crate) channel: FaultyChannel,
    pub(crate) book: Book,
}

impl Watched {
    fn note(&self, handovers: &[Handover<'_>]) {
        let messages = handovers.iter().map(|handover| (Label::of(handover.message), handover.attempt));
        let call = messages.collect();
        self.book.pages().calls.entry(self.channel.name().to_owned()).or_default().push(call);
    }
}

#[async_trait]
impl Channel for Watched {
    fn name(&self) -> &str {
        self.channel.name()
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.note(&[handover]);
        self.channel.send(handover).await
    }

    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        self.note(handovers);
        self.channel.send_many(handovers).await
    }

    fn batch(&self) -> usize {
        self.channel.batch()
    }

    fn honours_ids(&self) -> bool {
        self.channel.honours_ids()
    }

    fn deadline(&self) -> TimeDelta {
        self.channel.deadline()
    }
}
