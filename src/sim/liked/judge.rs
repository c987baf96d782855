//! C26: what is said when it is liked is said then, unless a deadline is sooner. C27: what must not arrive late says until when,
//! the same at every attempt, and no attempt begins later; what is said after its deadline all the same is not lost to it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::rules::{BEST_HOUR, CHAT, CHATTED, HOURS, JOURNEY, Likes, QUIET, SAID_LATE};
use crate::machine::{Input, InputKind};
use crate::model::{Handover, Message, MessageId, Reason, Step, StepOutcome, Value};
use crate::sim::fixture::{PURPOSES, place};
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// The journey whose steps have windows of their own.
const WINDOWS: &str = "orders";

/// What is remembered of times.
#[derive(Default)]
pub(in crate::sim) struct Liked {
    /// What each person likes, once it was told.
    likes: BTreeMap<String, Likes>,
    /// Who talked before it had said that, so that nobody knows what held then.
    unclear: BTreeSet<String>,
    /// The deadline of each message that is said when it is liked.
    deadlines: BTreeMap<MessageId, Option<DateTime<Utc>>>,
    /// The messages that are said after their deadline all the same, each with it.
    wished: BTreeMap<MessageId, Option<DateTime<Utc>>>,
    /// Until when each message may arrive, as its provider was told first.
    until: BTreeMap<MessageId, Option<DateTime<Utc>>>,
}

impl Seen {
    /// Something was kept in a mailbox.
    pub(in crate::sim) fn likes_hear(&mut self, input: &Input) {
        let person = input.contact.to_string();
        match &input.kind {
            InputKind::Identify(contact) => {
                let Some(Value::Text(text)) = contact.attributes.get(BEST_HOUR) else { return };
                let known = HOURS.iter().find(|(wrote, _)| *wrote == &**text);
                self.liked.likes.insert(person, known.and_then(|(_, likes)| *likes));
            }
            InputKind::Event(event) if &*event.name == CHATTED && !self.liked.likes.contains_key(&person) => {
                self.liked.unclear.insert(person);
            }
            _ => {}
        }
    }

    /// Whether a person likes an instant; nothing where it said nothing that can be read.
    fn is_liked(&self, person: &str, at: DateTime<Utc>) -> Option<bool> {
        if self.liked.unclear.contains(person) {
            return None;
        }
        let (from, until) = (*self.liked.likes.get(person)?)?;
        let clock = place(self.people.get(person)?.place);
        let minute = clock.time_of_day(at).num_minutes();
        Some(match from <= until {
            true => (from..until).contains(&minute),
            false => minute >= from || minute < until,
        })
    }

    /// The first whole minute after an instant and before another one that is liked.
    fn liked_between(
        &self,
        person: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let first = from.timestamp_millis() / 60_000 + 1;
        let mut minutes = (first..).map_while(|minute| {
            DateTime::from_timestamp_millis(minute * 60_000).filter(|minute| *minute < until)
        });
        minutes.find(|minute| self.is_liked(person, *minute) == Some(true))
    }

    /// A message was decided.
    pub(in crate::sim) fn likes_decided(&mut self, message: &Message) {
        if &*message.purpose == CHAT {
            self.liked.deadlines.insert(message.id, message.not_after.or(message.wanted_by));
        }
        if message.journey.as_str() == JOURNEY && message.node.as_str() == SAID_LATE {
            self.liked.wished.insert(message.id, message.wanted_by);
        }
    }

    /// A message was refused when it was about to begin.
    pub(in crate::sim) fn likes_refused(&mut self, id: MessageId, reasons: &[Reason]) {
        // The end of the hours of the law is a deadline too.
        if reasons.contains(&Reason::Deadline)
            && self.liked.wished.contains_key(&id)
            && !self.limits.is_open()
        {
            let found = format!("{id} is refused for a deadline after which it is said all the same");
            self.breach(Invariant::C27, found);
        }
    }

    /// An attempt begins.
    pub(in crate::sim) fn likes_begin(&mut self, id: MessageId, person: &str, now: DateTime<Utc>) {
        if self.liked.until.get(&id).copied().flatten().is_some_and(|until| until <= now) {
            self.breach(Invariant::C27, format!("{id} begins when it must no longer arrive"));
        }
        if self.liked.wished.get(&id).copied().flatten().is_some_and(|wished| wished <= now) {
            self.count("said_after_its_deadline");
        }
        let Some(deadline) = self.liked.deadlines.get(&id).copied() else { return };
        let Some(liked) = self.is_liked(person, now) else { return };
        self.count("liked_judged");
        if liked {
            return;
        }
        let sooner = deadline.map(|deadline| self.liked_between(person, now, deadline));
        match sooner {
            Some(None) => self.count("liked_less_than_in_time"),
            Some(Some(at)) => {
                self.breach(Invariant::C26, format!("{id} begins for {person}, who likes {at} better"));
            }
            None => self.breach(Invariant::C26, format!("{id} begins when {person} does not like it")),
        }
    }

    /// A step was kept.
    pub(in crate::sim) fn likes_step(&mut self, row: u64, step: &Step) {
        let StepOutcome::Deferred { until, reasons } = &step.outcome else { return };
        if step.journey.as_str() != JOURNEY || *reasons != [Reason::PreferredTime] {
            return;
        }
        let Some(person) = self.rows.get(&row).cloned() else { return };
        let Some(liked) = self.is_liked(&person, *until) else { return };
        self.count("liked_waited");
        let sooner = self.liked_between(&person, step.at, *until);
        if let Some(sooner) = sooner {
            let found = format!("{} of {person} waits until {until}, and {sooner} is liked", step.node);
            self.breach(Invariant::C26, found);
        } else if !liked {
            let found = format!("{} of {person} waits until {until}, which is not liked", step.node);
            self.breach(Invariant::C26, found);
        }
    }

    /// A message leaves, and its provider is told until when it may arrive.
    pub(in crate::sim) fn arrives_in_time(&mut self, handover: &Handover<'_>) {
        let message = handover.message;
        if message.call.is_some() {
            return;
        }
        let (id, told, now) = (message.id, handover.deliver_by(), self.now());
        if told.is_some_and(|told| told <= now) {
            self.breach(Invariant::C27, format!("{id} leaves at {now}, and may arrive until {told:?}"));
        }
        let first = *self.liked.until.entry(id).or_insert(told);
        if first != told {
            let found = format!("{id} may arrive until {told:?}, and an attempt before said {first:?}");
            return self.breach(Invariant::C27, found);
        }
        let Some(home) = self.people.get(message.contact.as_str()).map(|seen| seen.place) else { return };
        let quiet = &*message.channel == "sms" && &*message.purpose == PURPOSES[1];
        // Of a later attempt that is no first one to be seen, the evening may be over.
        let quiet =
            (quiet && handover.attempt == 1).then(|| place(home).next(now, TimeDelta::minutes(QUIET)));
        let expected = quiet.into_iter().chain(message.not_after).min();
        self.count(if expected.is_some() { "validity_judged" } else { "validity_of_none" });
        let exact = !self.limits.is_open()
            && message.journey.as_str() != WINDOWS
            && (handover.attempt == 1 || &*message.channel != "sms");
        let late = expected.is_some_and(|expected| told.is_none_or(|told| told > expected));
        if late || (exact && told != expected) {
            let found = format!("{id} may arrive until {told:?}, and that is {expected:?}");
            self.breach(Invariant::C27, found);
        }
    }
}
