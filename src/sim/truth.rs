//! What really happened, as the store's effects and the providers show it, and what must hold of it at once.
//!
//! It sees effects and never asks the engine; its rules are its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::consent::{Ledger, Partner, is_owed};
use super::fixture::{line, place};
use super::profile::Profiled;
use super::scenario::Scenario;
use super::segments::Sorted;
use super::spark::Rated;
use super::sums::Left;
use super::timeline::Timeline;
use crate::machine::Withdrawal;
use crate::model::{ContactId, DeliveryStatus, EnrollmentId, Hash, Message, MessageId, Name, Outcome};
use crate::port::store::{Lease, MessageStatus};
use crate::port::{Clock, OnUnknown};
use crate::testing::Invariant;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// Which one.
    pub invariant: Invariant,
    /// When it was seen, in virtual time.
    pub at: DateTime<Utc>,
    /// What was found.
    pub found: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}: {}", self.invariant, self.at.format("%d %H:%M:%S%.3f"), self.found)
    }
}

/// Everything that was seen. Clones are one.
#[derive(Clone)]
pub(super) struct Truth(Arc<Mutex<Seen>>);

pub(super) struct Seen {
    pub(super) timeline: Timeline,
    pub(super) breaches: Vec<Breach>,
    /// How often what happened, by word.
    pub(super) happened: BTreeMap<&'static str, u64>,
    /// How many effects there were; the order of everything below.
    pub(super) order: u64,
    pub(super) people: BTreeMap<String, SeenPerson>,
    pub(super) messages: BTreeMap<MessageId, SeenMessage>,
    /// By channel, address and by whom: what was denied, in order.
    pub(super) denials: Vec<Denial>,
    pub(super) suppressed: BTreeMap<(String, String), u64>,
    /// Under which token each row is held, and until when.
    pub(super) leases: BTreeMap<u64, (u64, DateTime<Utc>)>,
    pub(super) revisions: BTreeMap<u64, u64>,
    pub(super) rows: BTreeMap<u64, String>,
    pub(super) withdrawals: BTreeSet<[u8; 16]>,
    /// Who was drained, of what, and when.
    pub(super) drained: Vec<(String, Withdrawal, u64)>,
    /// Enrollments that ended before they came to their last step, with what they had not begun to say.
    pub(super) ended: BTreeSet<EnrollmentId>,
    /// When journeys went on after a pause.
    pub(super) resumes: BTreeSet<DateTime<Utc>>,
    /// The first answer to each call that took effect: its word.
    pub(super) first_answers: BTreeMap<MessageId, Option<Name>>,
    /// Every enrollment that took a step.
    pub(super) runs: BTreeSet<EnrollmentId>,
    /// Under which keys places were asked for, by offer.
    pub(super) keys: BTreeSet<(Name, Name)>,
    /// Which version of the score was published as of which revision.
    pub(super) scores: BTreeMap<u64, u32>,
    /// Which version of the segments.
    pub(super) segments: BTreeMap<u64, u32>,
    /// Whether anything was published or held after the beginning.
    pub(super) edited: bool,
    /// What is remembered of the limits that the policy sets.
    pub(super) limits: super::limits::Ledger,
    /// What was told of consents.
    pub(super) ledger: Ledger,
    /// What a third party was told.
    pub(super) partner: Partner,
    /// What the gate answered for each message.
    pub(super) answers: super::limits::Answers,
    /// When things are said at best, and until when.
    pub(super) liked: super::liked::Liked,
    /// What was decided, where the rules change.
    pub(super) editions: super::editions::Editions,
    /// What was told of contacts that turn out to be one.
    pub(super) twins: super::twins::Twins,
    /// Whether the store leases.
    pub(super) leases_are_exclusive: bool,
}

/// One person, as the effects on its mailbox show it.
#[derive(Default)]
pub(super) struct SeenPerson {
    pub(super) place: usize,
    pub(super) addresses: BTreeMap<String, String>,
    /// Purpose, channel and order of every grant.
    pub(super) grants: Vec<(String, String, u64)>,
    /// The order of the newest of those that were there from the beginning.
    pub(super) first_grants: u64,
    pub(super) erased: Option<u64>,
    /// How often each event of a host's id was kept.
    pub(super) events: BTreeMap<String, u64>,
    /// What each commit said of the person's score.
    pub(super) rated: Vec<Rated>,
    /// What each commit left of what steps compute.
    pub(super) left: Vec<Left>,
    /// What each commit said of the segments that the person is in.
    pub(super) sorted: Vec<Sorted>,
    pub(super) profiled: Vec<Profiled>,
}

pub(super) struct Denial {
    pub(super) by: String,
    /// Absent means every one.
    pub(super) purposes: Vec<String>,
    pub(super) channel: Option<String>,
    pub(super) addresses: BTreeMap<String, String>,
    pub(super) order: u64,
}

/// One message, from its decision on.
pub(super) struct SeenMessage {
    pub(super) enrollment: EnrollmentId,
    pub(super) person: String,
    pub(super) channel: String,
    pub(super) purpose: String,
    /// Whether it is owed to a third party, whatever anybody says.
    pub(super) is_removal: bool,
    pub(super) begun: BTreeMap<u32, SeenBegin>,
    /// What the engine was answered for each attempt; absent where the call never ended.
    pub(super) called: BTreeMap<u32, Option<Outcome>>,
    pub(super) accepted: u64,
    pub(super) content: Option<Hash>,
    /// How many clicks its contact had whenever it was taken before its first attempt.
    pub(super) clicks: BTreeSet<u64>,
    pub(super) settled: Option<MessageStatus>,
    /// Whether an operator asked for another attempt, knowing that its provider may have it.
    pub(super) repeated: bool,
    /// The attempts whose answer was written down in time.
    pub(super) answers: BTreeSet<u32>,
}

impl SeenMessage {
    /// A message as it is decided.
    pub(super) fn decided(message: &Message) -> (MessageId, Self) {
        let decided = Self {
            enrollment: message.enrollment,
            person: message.contact.to_string(),
            channel: message.channel.to_string(),
            purpose: message.purpose.to_string(),
            is_removal: message.is_removal(),
            begun: BTreeMap::new(),
            called: BTreeMap::new(),
            accepted: 0,
            content: None,
            clicks: BTreeSet::new(),
            settled: None,
            repeated: false,
            answers: BTreeSet::new(),
        };
        (message.id, decided)
    }
}

pub(super) struct SeenBegin {
    order: u64,
    not_after: DateTime<Utc>,
}

impl Truth {
    pub(super) fn new(timeline: Timeline, scenario: &Scenario, leases_are_exclusive: bool) -> Self {
        let people = scenario
            .people
            .iter()
            .map(|person| (person.id.clone(), SeenPerson { place: person.place, ..SeenPerson::default() }));
        Self(Arc::new(Mutex::new(Seen {
            timeline,
            breaches: Vec::new(),
            happened: BTreeMap::new(),
            order: 0,
            people: people.collect(),
            messages: BTreeMap::new(),
            denials: Vec::new(),
            suppressed: BTreeMap::new(),
            leases: BTreeMap::new(),
            revisions: BTreeMap::new(),
            rows: BTreeMap::new(),
            withdrawals: BTreeSet::new(),
            drained: Vec::new(),
            ended: BTreeSet::new(),
            resumes: BTreeSet::new(),
            first_answers: BTreeMap::new(),
            runs: BTreeSet::new(),
            keys: BTreeSet::new(),
            scores: BTreeMap::new(),
            segments: BTreeMap::new(),
            edited: false,
            ledger: Ledger::default(),
            partner: Partner::default(),
            answers: Default::default(),
            liked: super::liked::Liked::default(),
            editions: super::editions::Editions::of(scenario),
            twins: super::twins::Twins::default(),
            limits: super::limits::Ledger::new(scenario.limits.clone()),
            leases_are_exclusive,
        })))
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.timeline.now()
    }

    pub(super) fn breach(&mut self, invariant: Invariant, found: impl Into<String>) {
        // The first few tell the story; a broken engine would fill the memory.
        if self.breaches.len() < 64 {
            let at = self.now();
            self.breaches.push(Breach { invariant, at, found: found.into() });
        }
    }

    /// A commit is kept, and with it what it says of a person's score and segments, and of what its steps computed.
    pub(super) fn rated(
        &mut self,
        row: u64,
        (rated, left, sorted): (Rated, Left, Sorted),
        profiled: Profiled,
    ) {
        let person = self.rows.get(&row).cloned();
        if let Some(person) = person.and_then(|id| self.people.get_mut(&id)) {
            person.rated.push(rated);
            person.left.push(left);
            person.sorted.push(sorted);
            person.profiled.push(profiled);
        }
    }

    pub(super) fn count(&mut self, word: &'static str) {
        *self.happened.entry(word).or_default() += 1;
    }

    /// A lease ended; one that another worker took over meanwhile stays.
    pub(super) fn given_back(&mut self, lease: &Lease) {
        if self.leases.get(&lease.row).is_some_and(|(token, _)| *token == lease.token) {
            self.leases.remove(&lease.row);
        }
    }

    pub(super) fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// A contact is erased, and the store says whether it knew it.
    pub(super) fn erased(&mut self, contact: &ContactId, in_flight: bool, known: bool) {
        let order = self.next_order();
        let row = self.rows.iter().find(|(_, own)| own.as_str() == contact.as_str()).map(|(row, _)| *row);
        if let Some(row) = row {
            self.leases.remove(&row);
        }
        if in_flight {
            self.count("erased_in_flight");
        }
        self.count("erased");
        self.twins_erase(contact, known);
        let person = self.people.get_mut(contact.as_str()).filter(|person| known && person.erased.is_none());
        let Some(person) = person else { return };
        person.erased = Some(order);
        for (channel, address) in person.addresses.clone() {
            self.ledger.bury(&channel, &address, order);
        }
    }

    /// Who forbids a purpose on a channel to a person at an address, as of an order.
    fn forbidden(
        &self,
        person: &str,
        to: Option<&str>,
        channel: &str,
        purpose: &str,
        order: u64,
    ) -> Option<&str> {
        let denials = self.denials.iter().filter(|denial| {
            let concerned = denial.channel.as_ref().is_none_or(|own| own == channel)
                && (denial.purposes.is_empty() || denial.purposes.iter().any(|own| own == purpose));
            let here = denial.by == person
                || to.is_some_and(|to| denial.addresses.get(channel).is_some_and(|own| own == to));
            concerned && here && denial.order < order
        });
        let mut standing = denials.filter(|denial| {
            let grants = self.people.get(&denial.by).map_or(&[][..], |person| &person.grants);
            !grants.iter().any(|(granted, on, at)| {
                granted == purpose && on == channel && *at > denial.order && *at < order
            })
        });
        standing.next().map(|denial| denial.by.as_str())
    }

    /// Whether no call for a person starts any more, as a drain promised; a grant after it ends that.
    fn drained(&self, person: &str, channel: &str, purpose: &str) -> Option<String> {
        let drained = self.drained.iter().find(|(by, withdrawal, order)| {
            let grants = self.people.get(person).map_or(&[][..], |person| &person.grants);
            let lifted = grants.iter().any(|(_, _, at)| self.lifted_before(person, *at, *order));
            by == person && withdrawal.concerns(purpose, channel) && !lifted
        });
        drained.map(|(by, ..)| by.clone())
    }

    /// Whether a grant came between a withdrawal and the end of its drain.
    fn lifted_before(&self, person: &str, granted: u64, drained: u64) -> bool {
        let withdrawn = self.denials.iter().filter(|denial| denial.by == person && denial.order < drained);
        withdrawn.map(|denial| denial.order).max().is_none_or(|withdrawn| granted > withdrawn)
    }

    pub(super) fn begun(
        &mut self,
        id: MessageId,
        attempt: u32,
        taken_at: DateTime<Utc>,
        not_after: DateTime<Utc>,
    ) {
        let order = self.next_order();
        self.count("begun");
        let Some(message) = self.messages.get_mut(&id) else {
            return self.breach(Invariant::B1, format!("{id} has begun and was never decided"));
        };
        let again = message.begun.insert(attempt, SeenBegin { order, not_after }).is_some();
        let settled = message.settled.clone();
        let is_removal = message.is_removal;
        let enrollment = message.enrollment;
        let (person, channel, purpose) =
            (message.person.clone(), message.channel.clone(), message.purpose.clone());
        if attempt > 1 {
            self.count("begun_again");
        }
        if again {
            self.breach(Invariant::B2, format!("attempt {attempt} of {id} has begun twice"));
        }
        if self.ended.contains(&enrollment) {
            self.breach(Invariant::X5, format!("{id} has begun after the end of its enrollment"));
        }
        if let Some(status) = settled {
            self.breach(Invariant::B3, format!("{id} was {status:?} and has begun again"));
        }
        if not_after - taken_at > TimeDelta::seconds(5) || self.now() >= not_after {
            self.breach(Invariant::C2, format!("the permit of {id} lives until {not_after}"));
        }
        if is_removal {
            return self.count("removal_begun");
        }
        self.consent_of(id, &person, (&channel, &purpose), order, taken_at);
        let Some(seen) = self.people.get(&person) else { return };
        if seen.erased.is_some() {
            self.breach(Invariant::C4, format!("{id} has begun for {person}, who was erased"));
            return;
        }
        if purpose.is_empty() {
            // A call to the host: the contact has nothing to allow.
            return self.count("call_begun");
        }
        if is_owed(&purpose) {
            // Nobody is asked for it.
            return self.count("owed_begun");
        }
        let granted = seen.grants.iter().any(|(for_what, on, _)| *for_what == purpose && *on == channel);
        let place = place(seen.place);
        if !granted {
            self.breach(
                Invariant::C1,
                format!("{id} has begun, and {person} never allowed {purpose} by {channel}"),
            );
        }
        let local = place.time_of_day(taken_at);
        let quiet = local >= TimeDelta::hours(20) || local < TimeDelta::minutes(8 * 60 + 30);
        if channel == "sms" && purpose == "marketing" && quiet {
            self.breach(Invariant::C5, format!("{id} has begun in a quiet hour of {}", place.zone));
        }
        if let Some(by) = self.forbidden(&person, None, &channel, &purpose, order) {
            let found = format!("{id} for {purpose} by {channel} has begun, and {by} forbids it");
            self.breach(Invariant::C3, found);
        }
    }

    /// A channel is called, and the engine's last look is over.
    pub(super) fn called(&mut self, id: MessageId, attempt: u32, to: &str) {
        self.count("called");
        let now = self.now();
        let Some(message) = self.messages.get_mut(&id) else {
            return self.breach(Invariant::B2, format!("{id} was handed over and was never decided"));
        };
        let twice = message.called.insert(attempt, None).is_some();
        let (person, channel, purpose) =
            (message.person.clone(), message.channel.clone(), message.purpose.clone());
        let begun = message.begun.get(&attempt).map(|begun| (begun.order, begun.not_after));
        let is_removal = message.is_removal;
        if twice {
            self.breach(Invariant::B2, format!("attempt {attempt} of {id} was handed over twice"));
        }
        // A call to the host says nothing to the contact, so only its erasure forbids it.
        let is_call = purpose.is_empty() || is_owed(&purpose);
        let is_free = is_call || is_removal;
        if let Some(by) = self.drained(&person, &channel, &purpose).filter(|_| !is_free) {
            self.breach(Invariant::C3, format!("{id} was handed over after {by} had been drained"));
        }
        let Some((order, not_after)) = begun else {
            return self.breach(
                Invariant::B2,
                format!("attempt {attempt} of {id} was handed over and has not begun"),
            );
        };
        if now >= not_after {
            self.breach(
                Invariant::C2,
                format!("{id} was handed over at {now}, after its permit ended at {not_after}"),
            );
        }
        if let Some(by) = self.forbidden(&person, Some(to), &channel, &purpose, order).filter(|_| !is_free) {
            let found =
                format!("{id} for {purpose} by {channel} was handed over, and {by} forbids its address");
            self.breach(Invariant::C3, found);
        }
        if is_removal {
            return;
        }
        self.address_of(id, &person, (&channel, &purpose), to, order);
        let suppressed = self.suppressed.get(&(channel, to.to_owned())).is_some_and(|since| *since < order);
        if suppressed && !is_call {
            self.breach(Invariant::C3, format!("{id} was handed over to an address that is suppressed"));
        }
        if self.people.get(&person).and_then(|seen| seen.erased).is_some_and(|since| since < order) {
            self.breach(Invariant::C4, format!("{id} was handed over for {person}, who was erased"));
        }
    }

    pub(super) fn answered(&mut self, id: MessageId, attempt: u32, outcome: Option<Outcome>) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.called.insert(attempt, outcome);
        }
    }

    /// A message was taken that says for the first time how often its contact clicked.
    pub(super) fn taken(&mut self, id: MessageId, clicks: u64) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.clicks.insert(clicks);
        }
    }

    /// A message began to say something.
    pub(super) fn says(&mut self, id: MessageId, attempt: u32, text: &str) {
        let said = text.rsplit_once(" clicks ").and_then(|(_, clicks)| clicks.parse().ok());
        let Some((message, said)) = self.messages.get(&id).zip(said).filter(|_| attempt == 1) else { return };
        if !message.clicks.contains(&said) {
            let found = format!("{id} says {said} clicks, and there were {:?}", message.clicks);
            return self.breach(Invariant::B8, found);
        }
        if said > 0 {
            self.count("number_said");
        }
    }

    /// A provider has a message for good.
    pub(super) fn accepted(&mut self, id: MessageId, content: Hash) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        let line = line(&message.channel);
        message.accepted += 1;
        let (accepted, repeated) = (message.accepted, message.repeated);
        let same = *message.content.get_or_insert(content) == content;
        if !same {
            self.breach(Invariant::B5, format!("an attempt at {id} carries other bytes than one before it"));
        }
        if accepted > 1 && !line.honours_ids {
            self.count("accepted_twice_where_ids_mean_nothing");
            if line.on_unknown == OnUnknown::Park && !repeated {
                self.breach(
                    Invariant::B2,
                    format!("{} has {id} twice, and an unknown outcome parks", line.name),
                );
            }
        }
    }

    /// An answer is written down; `effective` where it was the current attempt's.
    pub(super) fn settled(&mut self, id: MessageId, attempt: u32, status: &DeliveryStatus, effective: bool) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        let heard = message.called.get(&attempt).cloned();
        let fits = match (&heard, status) {
            (Some(Some(Outcome::Accepted)), status) => matches!(status, DeliveryStatus::Accepted),
            (Some(Some(Outcome::Answered(said))), status) => {
                matches!(status, DeliveryStatus::Answered { answer } if answer == said)
            }
            (Some(Some(Outcome::Refused { .. })), status) => matches!(status, DeliveryStatus::Refused { .. }),
            (Some(Some(Outcome::Retry { .. })), status) => {
                matches!(status, DeliveryStatus::Retry { .. } | DeliveryStatus::Refused { .. })
            }
            (Some(Some(Outcome::Unknown) | None), status) => {
                matches!(status, DeliveryStatus::Retry { .. } | DeliveryStatus::Parked)
            }
            (None, status) => matches!(status, DeliveryStatus::Retry { .. }),
        };
        if effective {
            message.answers.insert(attempt);
            if let DeliveryStatus::Answered { answer } = status {
                self.first_answers.entry(id).or_insert_with(|| answer.result.clone());
            }
        } else {
            self.count("late_answer");
        }
        if !fits {
            let found = format!(
                "attempt {attempt} of {id} was answered by {heard:?} and is written down as {status:?}"
            );
            self.breach(Invariant::B6, found);
        }
        match status {
            DeliveryStatus::Accepted => self.count("settled_accepted"),
            DeliveryStatus::Answered { .. } => self.count("settled_answered"),
            DeliveryStatus::Refused { .. } => self.count("settled_refused"),
            DeliveryStatus::Retry { .. } => self.count("settled_retry"),
            DeliveryStatus::Parked => self.count("settled_parked"),
            DeliveryStatus::Deferred { .. } => self.count("settled_deferred"),
            DeliveryStatus::Cancelled { .. } | DeliveryStatus::Repeated { .. } => {}
        }
    }

    /// An operator asked for another attempt: what was final is so no more.
    pub(super) fn repeated(&mut self, id: MessageId) {
        self.count("message_repeated_by_hand");
        if let Some(message) = self.messages.get_mut(&id) {
            (message.settled, message.repeated) = (None, true);
        }
    }

    /// Where a message stands after something was written down about it; what is final stays.
    pub(super) fn stands(&mut self, id: MessageId, status: MessageStatus) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        let last = matches!(
            status,
            MessageStatus::Accepted
                | MessageStatus::Refused
                | MessageStatus::Parked
                | MessageStatus::Cancelled
        );
        match message.settled.clone() {
            Some(before) if before != status => {
                self.breach(Invariant::B3, format!("{id} was {before:?} and is {status:?}"));
            }
            None if last => message.settled = Some(status),
            _ => {}
        }
    }
}
