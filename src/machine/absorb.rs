//! Two records of one person become one: what the one that ends leaves, and what the one that goes on takes.

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::consent::Act;
use super::transition::Run;
use super::{Cold, ContactState, Envelope, Passage};
use crate::model::{
    ConsentStatus, Contact, ContactId, Deed, Evidence, ExitReason, Giver, InputId, JourneyId, Name, Step,
    StepOutcome,
};
use crate::rule::segment::SegmentState;
use crate::rule::{Lost, MERGE, Performed, Side};

/// What a contact that was merged into another one leaves to it: everything that the other one takes, in one input.
///
/// Stores make it with [`Absorb::of`], in the transaction of [`Gate::merge`](crate::port::store::Gate::merge). Scores, segments and
/// runs are not in it: those of the contact that goes on stand.
///
/// ```
/// use journeyman::machine::{Absorb, ContactState};
/// let left = Absorb::of(&ContactState::new("lea-2".into()), Vec::new());
/// assert_eq!(left.cold.contact.id.as_str(), "lea-2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Absorb {
    /// Who it was and what it allowed.
    pub cold: Cold,
    /// What the gate's rows of the contact itself denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<GateRow>,
    /// What happened to it, as aggregates.
    #[serde(default, skip_serializing_if = "Performed::is_empty")]
    pub performed: Performed,
    /// The journeys that it was ever in.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub entries: LiteMap<JourneyId, Passage>,
    /// The journeys that an operator took it out of.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub barred: LiteMap<JourneyId, Deed>,
    /// Events from the future that waited for their instant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Envelope>,
    /// Until when a record that was merged into it before might not be profiled, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unprofiled: Option<i64>,
}

/// A row of the gate: somebody's newest withdrawal of a purpose on a channel, and its newest grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GateRow {
    /// Who withdrew, and granted.
    pub by: ContactId,
    /// On which channel; absent means all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Name>,
    /// For which purpose; absent means all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Name>,
    /// The place of the withdrawal; 0 where there is none.
    pub withdrawn: u64,
    /// The place of the grant; 0 where there is none.
    pub granted: u64,
}

impl GateRow {
    /// Puts one together.
    #[must_use]
    pub fn new(
        by: ContactId,
        channel: Option<Name>,
        purpose: Option<Name>,
        withdrawn: u64,
        granted: u64,
    ) -> Self {
        Self { by, channel, purpose, withdrawn, granted }
    }

    fn concerns(&self, purpose: &str, channel: &str) -> bool {
        self.channel.as_ref().is_none_or(|name| **name == *channel)
            && self.purpose.as_ref().is_none_or(|name| **name == *purpose)
    }
}

impl Absorb {
    /// What a contact leaves, as it is committed, with the gate's rows of the contact itself.
    #[must_use]
    pub fn of(state: &ContactState, denied: Vec<GateRow>) -> Self {
        let hot = &state.hot;
        Self {
            cold: Cold::clone(&state.cold),
            denied,
            performed: hot.performed.clone(),
            entries: hot.entries.clone(),
            barred: hot.barred.clone(),
            pending: hot.pending.clone(),
            unprofiled: hot.profiling.merged,
        }
    }

    /// Whether the gate denied a purpose on a channel to the contact.
    fn denies(&self, purpose: &str, channel: &str) -> bool {
        let rows = || self.denied.iter().filter(|row| row.concerns(purpose, channel));
        rows().any(|row| {
            let granted = rows().filter(|other| other.by == row.by).map(|other| other.granted).max();
            row.withdrawn > granted.unwrap_or(0)
        })
    }

    /// What the one that goes on lacks.
    fn lacking_in(&self, known: &Contact) -> Contact {
        let left = &self.cold.contact;
        let mut update = Contact::new(known.id.clone());
        update.attributes = left.attributes.clone();
        update.attributes.retain(|name, _| !known.attributes.contains_key(name));
        update.addresses = left.addresses.clone();
        update.addresses.retain(|channel, _| !known.addresses.contains_key(channel));
        update.tags = left.tags.iter().filter(|tag| !known.tags.contains(*tag)).cloned().collect();
        update.locale = left.locale.clone().filter(|_| known.locale.is_none());
        update.zone = left.zone.clone().filter(|_| known.zone.is_none());
        update
    }
}

impl ContactState {
    /// The same once it was merged into another contact, and the last step of each of its runs: nothing is due any more.
    #[must_use]
    pub fn merged(mut self, at: DateTime<Utc>) -> (Self, Vec<Step>) {
        let runs = std::mem::take(&mut self.hot.enrollments);
        let ended = StepOutcome::Exited { reason: ExitReason::Merged };
        let steps = runs.iter().map(|run| Step::new(run, at, ended.clone(), None)).collect();
        self.hot.segments = SegmentState::default();
        self.hot.planned.clear();
        self.hot.pending.clear();
        (self, steps)
    }
}

impl Run<'_> {
    /// Takes over what another record of the person leaves. Nothing is opened or ended by it.
    pub(super) fn absorb(&mut self, absorb: &Absorb, input: InputId, at: DateTime<Utc>) {
        self.absorb_profiling(absorb, at);
        self.absorb_consents(absorb, input, at);
        self.mind_profiling(input, at);
        self.absorb_sharings(absorb);
        let update = absorb.lacking_in(&self.out.state.cold.contact);
        let stirred = self.stirred_by(&update, &update.untag);
        for name in self.take_in(&update, input, at).unwrap_or_default() {
            self.date_known(&name, input, at);
        }
        let hot = &mut self.out.state.hot;
        hot.performed.absorb(&absorb.performed);
        for (journey, passage) in &absorb.entries {
            match hot.entries.get_mut(journey) {
                Some(known) => known.absorb(passage),
                None => drop(hot.entries.insert(journey.clone(), passage.clone())),
            }
        }
        for (journey, by) in &absorb.barred {
            if hot.barred.len() < ContactState::MOST_BARRED && !hot.barred.contains_key(journey) {
                hot.barred.insert(journey.clone(), by.clone());
            }
        }
        let room = ContactState::MOST_PENDING.saturating_sub(hot.pending.len());
        hot.pending.extend(absorb.pending.iter().take(room).cloned());
        self.look(&stirred, input, at);
        self.settle(at);
    }

    /// Rights can only become fewer: what is lost and what is kept of the other record are acts of the chain.
    fn absorb_consents(&mut self, absorb: &Absorb, input: InputId, at: DateTime<Utc>) {
        let (cold, left) = (&self.out.state.cold, &absorb.cold);
        let gate = |purpose: &str, channel: &str| absorb.denies(purpose, channel);
        // What the gate denies to this one it goes on denying; nothing that is taken over lifts it.
        let unasked = |_: &str, _: &str| false;
        let winner = Side::new(&cold.contact, &cold.standing, &unasked);
        let loser = Side::new(&left.contact, &left.standing, &gate);
        let lost = winner.lost_beside(&loser);
        let kept = loser.left_to(&winner, at);
        let other = &left.contact.id;
        let by = Giver::Operator { id: MERGE.into(), reason: other.as_str().into() };
        let evidence = Evidence::new(MERGE, other.as_str()).given_by(by);
        let act = |status, purpose, channel, address, evidence| Act {
            status,
            purpose,
            channel,
            address,
            evidence,
            said_at: None,
            except: &[],
        };
        for Lost { purpose, channel, denied } in &lost {
            let status = if *denied { ConsentStatus::Withdrawn } else { ConsentStatus::Invalidated };
            self.record(&act(status, Some(purpose), Some(channel), None, &evidence), input, at);
        }
        for one in &kept {
            let (purpose, channel) = (Some(&one.purpose), Some(&one.channel));
            self.record(
                &act(ConsentStatus::Granted, purpose, channel, one.address, &one.evidence),
                input,
                at,
            );
        }
        // The link between the two chains: where that of the other record ends.
        let (length, head) = left.standing.head();
        if length > 0 {
            let link = Evidence { commitment: Some(head), ..evidence.clone() };
            self.record(&act(ConsentStatus::Imported, None, None, None, &link), input, at);
        }
        let standing = &mut self.cold().standing;
        for (channel, address) in left.standing.suppressed() {
            standing.suppress(channel, address);
        }
        if let Some(heard_at) = left.standing.heard_at().filter(|heard_at| standing.is_news(*heard_at)) {
            standing.hear(heard_at);
        }
    }
}
