//! What third parties were told of a contact, and the removals that are owed once it no longer allows that.

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::transition::Run;
use super::{Absorb, Cold};
use crate::model::{
    Called, ContactId, Delivery, DeliveryStatus, EnrollmentId, Fingerprint, InputId, JourneyId, Message,
    MessageId, Name, NodeId, Sharing, SharingAct,
};
use crate::rule::channel_of;
use crate::seeded::{Bug, is_on};

/// The most third parties that a contact is told of at a time.
const MOST_EPISODES: usize = 64;
/// The most exports of one episode whose outcome is not known yet.
const MOST_EXPORTS: usize = 64;

/// What third parties were told of a contact and have not been told to remove.
///
/// An *episode* begins with the first export under a yes and ends with the removal that one stop of that yes owes, however many
/// exports there were. Before every call of the last of them is known to be over, the removal is not decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sharings(Vec<Episode>);

/// What one third party was told under one yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Episode {
    /// Stands in every message of it.
    run: EnrollmentId,
    purpose: Name,
    with: Name,
    /// Under which id, which no other yes has: a new key of the host's does not change it.
    subject: Fingerprint,
    #[serde(with = "ts_milliseconds")]
    since: DateTime<Utc>,
    /// How many exports were decided.
    decided: u32,
    /// Exports that may begin, or whose newest call may go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exports: Vec<MessageId>,
    /// Whether one is known to have begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    began: bool,
    /// Whether the yes has ended: nothing of it begins any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stopped: bool,
}

impl Episode {
    fn message(&self, contact: &ContactId, act: SharingAct, at: DateTime<Utc>) -> Message {
        message(self.run, contact, &self.purpose, Sharing::new(act, &*self.with, self.subject), at)
    }

    /// What is owed to the third party: one message, by the same id whoever decides it and when.
    fn removal(&self, contact: &ContactId, at: DateTime<Utc>) -> Message {
        let id = MessageId::derive(self.run, 0, self.since);
        Message { id, ..self.message(contact, SharingAct::Removal, at) }
    }
}

fn message(
    run: EnrollmentId,
    contact: &ContactId,
    purpose: &Name,
    sharing: Sharing,
    at: DateTime<Utc>,
) -> Message {
    let channel = channel_of(&sharing.with);
    Message {
        id: MessageId::derive(run, 1, at),
        contact: contact.clone(),
        enrollment: run,
        journey: JourneyId::from(&*channel),
        version: 0,
        node: NodeId::from(match sharing.act {
            SharingAct::Export => "export",
            SharingAct::Removal => "removal",
        }),
        channel,
        template: Name::default(),
        purpose: purpose.clone(),
        decided_at: at,
        not_after: None,
        wanted_by: None,
        call: None,
        variables: Default::default(),
        sharing: Some(sharing),
    }
}

impl Sharings {
    /// Whether no third party was told anything that it was not told to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an export may begin as far as its episode goes: the yes under which it was asked for has not ended.
    #[must_use]
    pub fn is_open(&self, export: &Message) -> bool {
        self.0.iter().any(|episode| episode.run == export.enrollment && !episode.stopped)
    }

    /// Ends every yes; `called` says of each export where its newest call stands.
    fn stop(&mut self, mut called: impl FnMut(MessageId) -> Called) {
        for episode in &mut self.0 {
            episode.stopped = true;
            let mut began = episode.began;
            episode.exports.retain(|export| match called(*export) {
                Called::Never => false,
                Called::Before => {
                    began = true;
                    false
                }
                Called::Until(_) => {
                    began = true;
                    true
                }
            });
            episode.began = began;
        }
        self.0.retain(|episode| episode.began);
    }

    /// The episode of an export that is asked for now; nothing where there is no room for one.
    fn open(
        &mut self,
        purpose: &Name,
        with: &Name,
        subject: Fingerprint,
        run: EnrollmentId,
        at: DateTime<Utc>,
    ) -> Option<&mut Episode> {
        let known =
            self.0.iter().position(|one| !one.stopped && one.purpose == *purpose && one.with == *with);
        let place = match known {
            Some(place) => place,
            None if self.0.len() >= MOST_EPISODES => return None,
            None => {
                let (purpose, with) = (purpose.clone(), with.clone());
                let (decided, exports) = (0, Vec::new());
                self.0.push(Episode {
                    run,
                    purpose,
                    with,
                    subject,
                    since: at,
                    decided,
                    exports,
                    began: false,
                    stopped: false,
                });
                self.0.len() - 1
            }
        };
        self.0.get_mut(place).filter(|episode| episode.exports.len() < MOST_EXPORTS)
    }
}

impl Cold {
    /// What an erasure owes to third parties: the removals to put into the outbox in its transaction, each with the instant
    /// before which it is not handed out, because a call of an export may still go on. One that is there already, by its id,
    /// stays as it is.
    ///
    /// `called` says where the newest call of an export stands, by its row. What [`merge`](crate::port::store::Gate::merge) and
    /// [`erase`](crate::port::store::Gate::erase) ask for.
    #[must_use]
    pub fn removals(
        &self,
        at: DateTime<Utc>,
        mut called: impl FnMut(MessageId) -> Called,
    ) -> Vec<(Message, DateTime<Utc>)> {
        let mut left = self.sharings.clone();
        let mut over = at;
        left.stop(|export| {
            let called = called(export);
            if let Called::Until(until) = called {
                over = over.max(until);
            }
            called
        });
        left.0.iter().map(|episode| (episode.removal(&self.contact.id, at), over)).collect()
    }
}

impl Absorb {
    /// The same with what third parties were told of the contact that ends: that is owed a removal, whatever the two allow
    /// together. `called` says where the newest call of an export stands, by its row.
    #[must_use]
    pub fn called(mut self, called: impl FnMut(MessageId) -> Called) -> Self {
        self.cold.sharings.stop(called);
        self
    }
}

impl Run<'_> {
    /// Decides an export, whatever the contact allows: the gate answers for it, and so every one that is refused is on record.
    pub(super) fn share(
        &mut self,
        purpose: &Name,
        with: &Name,
        subject: Fingerprint,
        input: InputId,
        at: DateTime<Utc>,
    ) {
        let channel = channel_of(with);
        let run = self.enrollment_id(&JourneyId::from(&*channel), input, "");
        // An id of its own: what is forgotten late takes nothing that is told under a newer yes.
        let subject = if is_on(Bug::OneIdForEveryYes) { subject } else { subject.under(run) };
        let contact = self.contact_id().clone();
        let allowed = self.out.state.cold.standing.shares(&self.program.policy, purpose, &channel, at);
        let episode = match allowed {
            true => self.cold().sharings.open(purpose, with, subject, run, at),
            // An episode that nobody opened: the gate refuses it, also where a yes comes in between.
            false => None,
        };
        let export = match episode {
            Some(episode) => {
                episode.decided = episode.decided.saturating_add(1);
                let id = MessageId::derive(episode.run, episode.decided, at);
                episode.exports.push(id);
                Message { id, ..episode.message(&contact, SharingAct::Export, at) }
            }
            None => message(run, &contact, purpose, Sharing::new(SharingAct::Export, &**with, subject), at),
        };
        self.out.messages.push(export);
    }

    /// Takes in what became of an export.
    pub(super) fn export_settled(&mut self, delivery: &Delivery) {
        let sharings = &self.out.state.cold.sharings.0;
        let Some(place) = sharings.iter().position(|one| Some(one.run) == delivery.enrollment) else {
            return;
        };
        let repeated = matches!(delivery.status, DeliveryStatus::Repeated { .. });
        let known = sharings[place].exports.contains(&delivery.message);
        if !known && (!repeated || sharings[place].stopped) {
            return;
        }
        let episode = &mut self.cold().sharings.0[place];
        episode.began |= delivery.attempt > 0;
        let over = match delivery.status {
            // After the stop there is no other attempt.
            DeliveryStatus::Retry { .. } | DeliveryStatus::Deferred { .. } => episode.stopped,
            DeliveryStatus::Repeated { .. } => false,
            _ => true,
        };
        episode.exports.retain(|export| !over || *export != delivery.message);
        if !known {
            episode.exports.push(delivery.message);
        }
    }

    /// Takes over what third parties were told of the record that ends.
    pub(super) fn absorb_sharings(&mut self, absorb: &Absorb) {
        for episode in &absorb.cold.sharings.0 {
            // No bound: what is owed is owed, and each contact had its own.
            self.cold().sharings.0.push(Episode { stopped: true, ..episode.clone() });
        }
    }

    /// When the next yes under which a third party was told is over by itself.
    pub(super) fn sharing_due_at(&self) -> Option<DateTime<Utc>> {
        let cold = &self.out.state.cold;
        let open = cold.sharings.0.iter().filter(|episode| !episode.stopped);
        open.filter_map(|one| {
            cold.standing.shares_until(&self.program.policy, &one.purpose, &channel_of(&one.with))
        })
        .min()
    }

    /// Ends the episodes whose yes no longer stands, and decides the removals of those whose calls are over.
    pub(super) fn settle_sharings(&mut self, at: DateTime<Utc>) {
        let cold = &self.out.state.cold;
        if cold.sharings.is_empty() {
            return;
        }
        let stands = |episode: &Episode| {
            cold.standing.shares(&self.program.policy, &episode.purpose, &channel_of(&episode.with), at)
        };
        let mut sharings = cold.sharings.clone();
        for episode in &mut sharings.0 {
            episode.stopped |= !stands(episode);
        }
        let (over, left): (Vec<_>, Vec<_>) = sharings
            .0
            .into_iter()
            .partition(|episode| episode.exports.is_empty() && (episode.stopped || !episode.began));
        let contact = self.contact_id().clone();
        let owed = over.iter().filter(|episode| episode.began && !is_on(Bug::RemovalForgotten));
        let owed: Vec<Message> = owed.map(|episode| episode.removal(&contact, at)).collect();
        if self.out.state.cold.sharings.0 != left {
            self.cold().sharings.0 = left;
        }
        self.out.messages.extend(owed);
    }
}
