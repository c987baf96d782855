//! Why somebody got a message, or did not: one answer, from the record.

use super::Engine;
use crate::error::Error;
use crate::model::{
    ConsentRecord, ContactId, EnrollmentId, ExitReason, JourneyId, MessageId, Name, NodeId, Reason, Sharing,
    SharingAct, Step, StepOutcome,
};
use crate::rule::proof::{Decision, Said};

/// What is asked after: a message, a step of a run, or a step of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// A message, by its id.
    Message(MessageId),
    /// What a step of a run would have said.
    Step(EnrollmentId, NodeId),
    /// What a step of a journey would have said, in the contact's newest run of it, or where there was none.
    At(JourneyId, NodeId),
}

impl From<MessageId> for Asked {
    fn from(message: MessageId) -> Self {
        Asked::Message(message)
    }
}

impl<N: Into<NodeId>> From<(EnrollmentId, N)> for Asked {
    fn from((enrollment, node): (EnrollmentId, N)) -> Self {
        Asked::Step(enrollment, node.into())
    }
}

impl<N: Into<NodeId>> From<(JourneyId, N)> for Asked {
    fn from((journey, node): (JourneyId, N)) -> Self {
        Asked::At(journey, node.into())
    }
}

impl<N: Into<NodeId>> From<(&str, N)> for Asked {
    fn from((journey, node): (&str, N)) -> Self {
        Asked::At(journey.into(), node.into())
    }
}

/// Why somebody got a message, or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// What became of it.
    pub said: Said,
    /// The newest decision about it; absent where the run never came to the step.
    pub decision: Option<Decision>,
    /// Decisions about it before that, oldest first: it was put off, or refused at an earlier visit.
    pub before: Vec<Decision>,
    /// What the contact said of its purpose on its channel until then, oldest first.
    pub consents: Vec<ConsentRecord>,
    /// The same in plain words, without personal values.
    pub sentence: String,
}

impl Engine {
    /// Says why a contact got a message, or did not: `engine.why(&lea, message_id)`, or `engine.why(&lea, (enrollment,
    /// "reminder"))` for what a step would have said, or `engine.why(&lea, ("audit", "reminder"))` for that in the newest run of a
    /// journey, also where the contact never entered it. It reads the record and decides nothing anew.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::channel::RecordingChannel;
    /// use journeyman::rule::TemplateDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine, Event, Journey};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(RecordingChannel::new("email")).build();
    /// let journey = Journey::builder("hello").enter_on("signed_up").send("greet", "email", "hello", "news").build()?;
    /// engine.publish([TemplateDefinition::new("hello").text("Bonjour").into(), journey.into()]).await?;
    /// engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    /// engine.track(Event::new("lea", "signed_up")).await?;
    /// engine.tick().await?;
    /// let why = engine.why(&"lea".into(), ("hello", "greet")).await?;
    /// assert_eq!(why.sentence, "It was not sent by email: the contact never allowed \"news\" by email.");
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`]; [`Error::Invalid`] where the contact never had the message or the run, or nobody published the
    /// journey with that step; [`Error::Store`], [`Error::Catalog`].
    pub async fn why(&self, contact: &ContactId, asked: impl Into<Asked> + Send) -> Result<Why, Error> {
        let asked = asked.into();
        let Some(stored) = self.shared.store.contact(contact).await? else {
            return Err(Error::UnknownContact { contact: contact.clone() });
        };
        let decisions = self.decisions(contact).await?;
        let (mut steps, mut chain) = (Vec::new(), Vec::new());
        for contact in self.all_of(contact).await? {
            steps.extend(self.shared.store.steps(&contact).await?);
            chain.extend(self.shared.store.consents(&contact).await?);
        }
        // Of several chains, in order of receipt.
        chain.sort_by_key(|record| record.received_at.unwrap_or(record.at));
        let (enrollment, node) = match &asked {
            Asked::Step(enrollment, node) => (*enrollment, node.clone()),
            Asked::Message(id) => {
                let found = decisions.iter().find(|one| one.message == Some(*id));
                let found = found.ok_or_else(|| Error::Invalid {
                    what: "question",
                    sentence: format!("the contact never had a message {id}"),
                    next: "give the id of a message of this contact",
                })?;
                (found.enrollment, found.node.clone())
            }
            Asked::At(journey, node) => match newest_run(journey, &steps, &decisions) {
                Some(enrollment) => (enrollment, node.clone()),
                None => return self.never_entered(journey, node, stored.erased).await,
            },
        };
        let decided = decisions.iter().any(|one| one.enrollment == enrollment);
        let mut before: Vec<Decision> =
            decisions.into_iter().filter(|one| (one.enrollment, &one.node) == (enrollment, &node)).collect();
        before.sort_by_key(|one| one.at);
        let decision = match &asked {
            // Whatever put it off stands before it.
            Asked::Message(id) => before.iter().rposition(|one| one.message == Some(*id)),
            // Of a deferral and what came of it at one instant, the message is what came.
            Asked::Step(..) | Asked::At(..) => {
                (0..before.len()).max_by_key(|at| (before[*at].at, before[*at].message))
            }
        };
        let decision = decision.map(|at| before.remove(at));
        let Some(decision) = decision else {
            let run: Vec<&Step> = steps.iter().filter(|step| step.enrollment == enrollment).collect();
            if let (Asked::At(journey, _), []) = (&asked, run.as_slice()) {
                return self.never_entered(journey, &node, stored.erased).await;
            }
            let known = !run.is_empty() || decided;
            if !known {
                return Err(Error::Invalid {
                    what: "question",
                    sentence: format!("the contact never had a run {enrollment}"),
                    next: "give the id of a run of this contact",
                });
            }
            let sentence = match stored.erased {
                true => erased_since(&node),
                false => not_reached(&run, &node),
            };
            return Ok(Why::not_sent(sentence));
        };
        before.retain(|one| one.at <= decision.at);
        chain.retain(|record| {
            let mut asked = asked_on(&decision);
            asked.any(|channel| record.concerns(&decision.purpose, channel))
                && record.received_at.unwrap_or(record.at) <= decision.at
        });
        let unsaid = decision.said == Said::NotSent && decision.reasons.is_empty();
        let sentence = match unsaid && stored.erased && decision.sharing.is_none() {
            true => {
                let channel = &decision.channel;
                format!("It was not sent by {channel}: it was taken back, and the contact was erased since.")
            }
            false => sentence(&decision, &chain),
        };
        Ok(Why { said: decision.said, decision: Some(decision), before, consents: chain, sentence })
    }

    /// The answer for a step of a journey of which no run is on record.
    async fn never_entered(&self, journey: &JourneyId, node: &NodeId, erased: bool) -> Result<Why, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let mut versions = loaded.program.journeys().filter(|version| version.id == *journey);
        if !versions.any(|version| version.node(node).is_some()) {
            return Err(Error::Invalid {
                what: "question",
                sentence: format!("there is no journey {journey} with a step {node}"),
                next: "publish it first, or mend the names",
            });
        }
        let sentence = match erased {
            true => erased_since(node),
            false => format!("It was not sent: the contact never entered {journey}."),
        };
        Ok(Why::not_sent(sentence))
    }
}

impl Why {
    /// Nothing was decided.
    fn not_sent(sentence: String) -> Self {
        Self { said: Said::NotSent, decision: None, before: Vec::new(), consents: Vec::new(), sentence }
    }
}

fn erased_since(node: &NodeId) -> String {
    format!(
        "It was not sent, as far as is known: the contact was erased, and no message of {node} is on record."
    )
}

/// The run of a journey that began last; after an erasure the decisions alone say which it was.
fn newest_run(journey: &JourneyId, steps: &[Step], decisions: &[Decision]) -> Option<EnrollmentId> {
    let began = steps.iter().filter(|step| step.journey == *journey && step.ordinal == 0);
    let newest = began.max_by_key(|step| step.at).map(|step| step.enrollment);
    let of_messages = decisions.iter().filter(|one| one.journey == *journey);
    newest.or_else(|| of_messages.max_by_key(|one| one.at).map(|one| one.enrollment))
}

/// Why a run said nothing at a step that it never decided at.
fn not_reached(run: &[&Step], node: &NodeId) -> String {
    let ended = run.iter().find_map(|step| match &step.outcome {
        StepOutcome::Exited { reason } => Some((step.at, reason)),
        _ => None,
    });
    match (ended, run.last()) {
        (Some((at, reason)), _) => {
            let why = match reason {
                ExitReason::Goal(_) => "its goal was reached",
                ExitReason::Completed | ExitReason::Exit(_) => "it went another way to its end",
                ExitReason::MaxDuration => "its time was up",
                ExitReason::Ejected => "an operator ended it",
                ExitReason::Late => "it had become too late",
                ExitReason::Merged => "its contact was merged into another one",
                _ => "something ended it",
            };
            format!(
                "It was not sent: the run ended on {at} before it decided anything at {node}, because {why}."
            )
        }
        (None, Some(last)) => {
            let stands = last.next.as_ref().unwrap_or(&last.node);
            format!("It was not sent yet: the run stands at {stands} and has decided nothing at {node}.")
        }
        (None, None) => "It was not sent: nothing is known of the run.".to_owned(),
    }
}

/// The channels that were asked.
fn asked_on(decision: &Decision) -> impl Iterator<Item = &Name> {
    let others = decision.reasons.iter().filter_map(|reason| match reason {
        Reason::On { channel, .. } => Some(channel),
        _ => None,
    });
    std::iter::once(&decision.channel).chain(others)
}

fn sentence(decision: &Decision, chain: &[ConsentRecord]) -> String {
    if let Some(sharing) = &decision.sharing {
        return told(decision, sharing, chain);
    }
    let Decision { channel, at, reasons, said, .. } = decision;
    let because = || {
        let words: Vec<String> =
            reasons.iter().map(|reason| words(reason, &decision.purpose, channel, chain)).collect();
        words.join("; ")
    };
    match (said, reasons.is_empty()) {
        (Said::Sent, _) => format!("It was sent by {channel}: the channel took it on {at}."),
        (Said::NotSent, false) if asked_on(decision).nth(1).is_some() => {
            format!("It was not sent: {}.", because())
        }
        (Said::NotSent, false) => format!("It was not sent by {channel}: {}.", because()),
        (Said::NotSent, true) => {
            format!(
                "It was not sent by {channel}: it was taken back before it had begun, because its run ended or an operator took it back."
            )
        }
        (Said::Deferred, _) => format!("It was put off on {at}: {}.", because()),
        (Said::Waiting, false) => format!("It waits: {}.", because()),
        (Said::Waiting, true) => "It waits for its turn.".to_owned(),
        (Said::Unknown, _) => {
            format!("Whether it was sent by {channel} is not known: the channel gave no answer.")
        }
    }
}

/// What a third party was told, or was not.
fn told(decision: &Decision, sharing: &Sharing, chain: &[ConsentRecord]) -> String {
    let Decision { channel, purpose, at, reasons, said, .. } = decision;
    let with = &sharing.with;
    let what = match sharing.act {
        SharingAct::Export => format!("{with} was not told of the contact"),
        SharingAct::Removal => format!("{with} was not told to remove what it knows of the contact"),
    };
    let because: Vec<String> = reasons.iter().map(|reason| words(reason, purpose, channel, chain)).collect();
    let because = because.join("; ");
    match (said, sharing.act) {
        (Said::Sent, SharingAct::Export) => format!("{with} was told of the contact on {at}."),
        (Said::Sent, SharingAct::Removal) => {
            format!("{with} was told on {at} to remove what it knows of the contact.")
        }
        (Said::NotSent, _) if reasons.is_empty() => {
            format!("{what}: it was taken back before it had begun.")
        }
        (Said::NotSent, _) => format!("{what}: {because}."),
        (Said::Unknown, _) => format!("Whether {with} was told is not known: the channel gave no answer."),
        _ if reasons.is_empty() => format!("{what} yet: it waits for its turn."),
        _ => format!("{what} yet: {because}."),
    }
}

fn words(reason: &Reason, purpose: &Name, channel: &Name, chain: &[ConsentRecord]) -> String {
    let mut own = chain.iter().rev().filter(|record| record.concerns(purpose, channel));
    let newest = own.clone().find(|record| record.status.forbids());
    let grant = own.find(|record| !record.status.forbids());
    match reason {
        Reason::Erased => "the contact was erased".to_owned(),
        Reason::NoAddress => format!("the contact has no address on {channel}"),
        Reason::Suppressed => "the address is on the suppression list".to_owned(),
        Reason::NoConsent if grant.is_some() => {
            format!("what is on record does not allow {purpose:?} by {channel}")
        }
        Reason::NoConsent => format!("the contact never allowed {purpose:?} by {channel}"),
        Reason::Withdrawn | Reason::Objected => match newest {
            Some(record) => format!(
                "{} on {} (record {}, from {:?})",
                if *reason == Reason::Objected {
                    "the contact objected to marketing".to_owned()
                } else {
                    format!("the contact no longer allowed {purpose:?} by {channel}")
                },
                record.at,
                record.seq,
                record.evidence.source
            ),
            None => format!("somebody with the same address no longer allowed {purpose:?} by {channel}"),
        },
        Reason::NoOptOut => format!("it did not say how to stop {purpose:?} by {channel}, as it must"),
        Reason::QuietHours => "it was a quiet hour where the contact lives".to_owned(),
        Reason::LegalHours => "the law does not allow it at that hour where the contact may be".to_owned(),
        Reason::Holiday => "it was a public holiday where the contact may be".to_owned(),
        Reason::Cap(name) => format!("the contact had been told enough (cap {name:?})"),
        Reason::On { channel: other, reasons } => {
            let reasons: Vec<String> =
                reasons.iter().map(|reason| words(reason, purpose, other, chain)).collect();
            format!("by {other}: {}", reasons.join(", and "))
        }
        Reason::Window => "the window of its step was closed".to_owned(),
        Reason::PreferredTime => "it was not the time of day that the contact prefers".to_owned(),
        Reason::Deadline => "it would have been too late".to_owned(),
        Reason::Late => "a pause or an outage had made it too late".to_owned(),
        Reason::Spacing => "another message of the run went too shortly before".to_owned(),
        Reason::Holdout => "the contact is held out, to measure what others are told".to_owned(),
        Reason::Template(why) => format!("the template could not be rendered ({why})"),
        Reason::Channel(why) => format!("the channel refused it ({why})"),
        Reason::Attempts => "every attempt failed".to_owned(),
        Reason::Answer(name) => format!("the host's answer did not fit ({name})"),
        Reason::NoOwner => "nobody owns the contact, in whose name it would be sent".to_owned(),
        Reason::NoPlace => "the run holds no place of the offer".to_owned(),
        Reason::Expired => "the place of the offer was free again".to_owned(),
        Reason::Lapsed => "the person was not heard of for longer than its data may be used".to_owned(),
        Reason::OutOfDate => format!("the time for which {purpose:?} was allowed is over"),
        Reason::Minor => "the contact is a minor and no guardian allowed it".to_owned(),
        Reason::OtherUse => format!("{purpose:?} is for something else"),
        Reason::NotDeclared => format!("its template does not declare that it is for {purpose:?}"),
    }
}
