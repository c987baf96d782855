//! What one input changes, in the one order: facts first, then goals and exits, then waits, then entries.

use chrono::{DateTime, Utc};

use super::heard::{SENT, sent};
use super::recount::Counted;
use super::score::Granted;
use super::seed::Seed;
use super::transition::{Run, Signal};
use super::{ContactState, Envelope, InputKind};
use crate::journey::{Late, Occurrence};
use crate::model::{
    Address, Contact, Delivery, DeliveryStatus, EnrollmentId, Event, ExitReason, Fact, Fingerprint, InputId,
    Name, Reason, Waiting,
};
use crate::rule::is_one;

impl Run<'_> {
    pub(super) fn apply(&mut self, envelope: &Envelope, at: DateTime<Utc>) {
        self.plan_schedules(at);
        match &envelope.kind {
            InputKind::Plan { journey } => self.plan_journey(journey, envelope.id, at),
            InputKind::Identify(contact) => self.identify(contact, envelope.id, at),
            InputKind::Event(event) => {
                if !self.keep_for_later(envelope, at) {
                    self.event(event, envelope.id, at);
                }
            }
            InputKind::Fact(fact) => self.fact(fact, envelope.id, at),
            InputKind::Consent(consent) => self.consent(consent, envelope, at),
            InputKind::Withdrawal(withdrawal) => self.withdrawal(withdrawal, envelope, at),
            InputKind::Suppression { channel, address } => self.cold().standing.suppress(channel, *address),
            InputKind::Share { purpose, with, subject } => {
                self.share(purpose, with, *subject, envelope.id, at);
            }
            InputKind::Delivery(delivery) => self.delivery(delivery, at),
            InputKind::Answer { message, answer } => self.answer(*message, answer, at),
            InputKind::Enroll { journey, .. } => self.enroll_existing(journey, envelope.id, at),
            InputKind::Migrate(migration) => self.migrate(&migration.map, at),
            InputKind::Operate(operation) => self.operate(operation, envelope.id, at),
            InputKind::Absorb(absorb) => self.absorb(absorb, envelope.id, at),
            InputKind::Import { row, triggers } => self.import(row, *triggers, envelope.id, at),
            InputKind::Seed { score, hash, through, as_of, state } => {
                let (hash, as_of) = (*hash, as_of.timestamp_millis());
                self.seed(&Seed { score, hash, through: *through, as_of, state }, envelope.id, at);
            }
            InputKind::SeedSegments { hash, through, as_of, state } => {
                let as_of = as_of.timestamp_millis();
                self.seed_segments(&Counted { hash: *hash, through: *through, as_of, state }, at);
            }
            InputKind::Retract { input } => self.retract(*input, at),
            InputKind::Restore { .. } | InputKind::SoftBounce { .. } => self.come_in(envelope, at),
            InputKind::Resume { .. } | InputKind::Wake => {} // the program knows the pause; the input only wakes the contact
        }
    }

    pub(super) fn identify(&mut self, update: &Contact, input: InputId, at: DateTime<Utc>) {
        let stirred = self.stirred_by(update, &update.untag);
        if let Some(changed) = self.take_in(update, input, at) {
            let told = self.look(&stirred, input, at);
            self.attributes_changed(changed, &told, input, at, at);
        }
    }

    /// Merges an update, and answers which attributes have another value; `None` where it was too large.
    pub(super) fn take_in(
        &mut self,
        update: &Contact,
        input: InputId,
        at: DateTime<Utc>,
    ) -> Option<Vec<Name>> {
        let known = self.out.state.cold.contact.size();
        if known + update.size() > ContactState::MOST_SIZE && update.size() > 0 {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::TooLarge { contact, input, at });
            return None;
        }
        let changed = self.changed_by(update);
        let moved = update.zone.is_some() && update.zone != self.out.state.cold.contact.zone;
        let contact = &mut self.cold().contact;
        for name in &update.unset {
            contact.attributes.remove(name);
        }
        for tag in &update.untag {
            contact.tags.remove(tag);
        }
        contact
            .attributes
            .extend(update.attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
        contact.tags.extend(update.tags.iter().cloned());
        let rekeyed: Vec<_> =
            update.addresses.iter().filter_map(|(channel, to)| rekeyed(contact, channel, to)).collect();
        contact.addresses.extend(update.addresses.iter().map(|(channel, to)| (channel.clone(), to.clone())));
        if update.locale.is_some() {
            contact.locale.clone_from(&update.locale);
        }
        if update.zone.is_some() {
            contact.zone.clone_from(&update.zone);
        }
        for (channel, former, current) in rekeyed {
            self.cold().standing.rekey(&channel, former, current);
        }
        self.touch_update(update);
        self.mind_profiling(input, at);
        if moved {
            self.plan_all(at);
        }
        Some(changed)
    }

    /// The names of the attributes that an update gives another value, or takes away.
    pub(super) fn changed_by(&self, update: &Contact) -> Vec<Name> {
        let known = &self.out.state.cold.contact.attributes;
        let given = update.attributes.iter().filter(|(name, value)| known.get(*name) != Some(*value));
        let taken = update
            .unset
            .iter()
            .filter(|name| known.contains_key(*name) && !update.attributes.contains_key(*name));
        let mut changed: Vec<Name> = given.map(|(name, _)| name).chain(taken).cloned().collect();
        changed.retain(|name| self.program.doors().cares_for(name));
        changed
    }

    pub(super) fn event(&mut self, event: &Event, cause: InputId, at: DateTime<Utc>) {
        // A late event counts at its own instant, one for which no room was left to wait counts now.
        let happened_at = event.at.unwrap_or(at).min(at);
        self.perform(&event.name, happened_at, at);
        self.heard_of(&event.name, happened_at);
        let told = self.hear(event, cause, happened_at, at);
        self.hear_in_segments(&event.name, &event.properties, happened_at, at);
        self.happens_with(&[Occurrence::Event(event)], &told, cause, happened_at, at);
    }

    /// Takes a fact in and lets it happen, unless it was known.
    pub(super) fn fact(&mut self, fact: &Fact, cause: InputId, at: DateTime<Utc>) {
        if matches!(fact, Fact::Keyword { .. }) {
            self.heard_at(at);
        }
        if self.is_unprofiled_fact(fact) {
            return;
        }
        let told = match fact {
            // Of a segment that is asked for, the answer alone says who is in it.
            Fact::Segment { segment, .. } if self.is_told(segment) == Some(false) => return,
            Fact::Segment { segment, inside } if self.is_told(segment) == Some(true) => {
                self.out.state.hot.rating.put_into(segment, *inside);
                self.touch_fact(fact);
                return;
            }
            Fact::Score { score, value } => self.grant(score, Granted::Value(*value), cause, at),
            // Of a score that has rules, they alone know where it stands.
            Fact::Tier { score, .. } | Fact::Mark { score, .. } if self.program.score(score).is_some() => {
                return;
            }
            _ => None,
        };
        if let Some(told) = told {
            return self.happens_with(&[], &told, cause, at, at);
        }
        let before = match fact {
            Fact::Score { score, .. } => self.out.state.hot.rating.score(score),
            _ => 0,
        };
        let is_news = self.out.state.hot.rating.apply(fact);
        self.touch_fact(fact);
        if is_news {
            self.happens(&[Occurrence::Fact(fact, before)], cause, at, at);
        }
    }

    fn delivery(&mut self, delivery: &Delivery, at: DateTime<Utc>) {
        self.sent(delivery, at);
        self.export_settled(delivery);
        if let Some(index) = self.ends_late(delivery) {
            return self.exit(index, at, ExitReason::Late);
        }
        let accepted = match &delivery.status {
            status if self.call_settled(delivery.message, status, at) => return,
            DeliveryStatus::Accepted | DeliveryStatus::Answered { .. } => true,
            DeliveryStatus::Refused { .. } | DeliveryStatus::Parked | DeliveryStatus::Cancelled { .. } => {
                false
            }
            DeliveryStatus::Deferred { .. }
            | DeliveryStatus::Retry { .. }
            | DeliveryStatus::Repeated { .. } => return,
        };
        let message = delivery.message;
        let awaited = Waiting::Delivery { message };
        let Some(index) = self.out.state.hot.enrollments.iter().position(|other| other.waiting == awaited)
        else {
            return;
        };
        if self.program.is_still(&self.out.state.hot.enrollments[index], at) {
            self.out.state.hot.enrollments[index].waiting = Waiting::Settled { at, message, accepted };
        } else {
            self.settled(index, at, message, accepted);
        }
    }

    /// What was said to the contact is an event that segments can ask for.
    fn sent(&mut self, delivery: &Delivery, at: DateTime<Utc>) {
        if let Some(properties) = sent(delivery) {
            self.hear_in_segments(&SENT.into(), &properties, delivery.at.min(at), at);
        }
    }

    /// The enrollment that ends because a message of it came too late at the gate, where its journey says so.
    fn ends_late(&self, delivery: &Delivery) -> Option<usize> {
        let DeliveryStatus::Refused { reasons } = &delivery.status else { return None };
        let index = self.position(delivery.enrollment.filter(|_| reasons.contains(&Reason::Late))?)?;
        let late = self.program.journey_of(self.out.state.hot.enrollments.get(index)?)?.late;
        late.filter(|late| late.then == Late::Exit).map(|_| index)
    }

    pub(super) fn position(&self, enrollment: EnrollmentId) -> Option<usize> {
        self.out.state.hot.enrollments.iter().position(|other| other.id == enrollment)
    }
}

/// The fingerprints of an address that a contact has already, where the key has changed since.
fn rekeyed(contact: &Contact, channel: &Name, to: &Address) -> Option<(Name, Fingerprint, Fingerprint)> {
    let known = contact.addresses.get(channel).filter(|known| is_one(known, to))?;
    let (former, current) = known.fingerprint.zip(to.fingerprint)?;
    (former != current).then(|| (channel.clone(), former, current))
}
