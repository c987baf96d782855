//! What the third party was handed, against the plain list of what its people said.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::WITH;
use crate::model::{Fingerprint, Handover, MessageId, Outcome, SharingAct};
use crate::port::store::MessageRecord;
use crate::sim::consent::judge::allows;
use crate::sim::consent::ledger::{Told, What};
use crate::sim::fixture::PARTNER;
use crate::sim::scenario::Person;
use crate::sim::truth::{Seen, SeenMessage};
use crate::testing::Invariant;

/// What is known of the third party, by contact.
#[derive(Default)]
pub(in crate::sim) struct Partner(BTreeMap<String, Known>);

#[derive(Default)]
struct Known {
    /// When exports began: as of which look of the gate, and in which order.
    begun: Vec<(DateTime<Utc>, u64)>,
    /// In which order the third party was handed which export.
    exports: Vec<(MessageId, u64)>,
    /// In which order it was handed which removal.
    removals: Vec<(MessageId, u64)>,
    /// By which ids it was told to forget.
    forgotten: BTreeSet<Fingerprint>,
}

/// A yes ended: at an instant by itself, or else by what has an order.
#[derive(Clone, Copy)]
enum End {
    At(DateTime<Utc>),
    By(u64),
}

impl End {
    fn is_before(self, (at, order): (DateTime<Utc>, u64)) -> bool {
        match self {
            End::At(end) => end <= at,
            End::By(end) => end < order,
        }
    }
}

impl Seen {
    /// The third party has a call, whatever it answers.
    pub(in crate::sim) fn partner_has(&mut self, handover: &Handover<'_>) {
        let Some(sharing) = handover.sharing() else { return };
        let (id, subject, order) = (handover.message.id, sharing.subject, self.next_order());
        let known = self.partner.0.entry(handover.message.contact.to_string()).or_default();
        match sharing.act {
            SharingAct::Export => known.exports.push((id, order)),
            SharingAct::Removal => known.removals.push((id, order)),
        }
        // It may be told to forget what it never got: nobody knows whether a worker that died made the call.
        if sharing.act == SharingAct::Removal {
            known.forgotten.insert(subject);
        } else if known.forgotten.contains(&subject) {
            let found = format!("{WITH} is told by an id that it was told to forget, by {id}");
            self.breach(Invariant::C21, found);
        }
        self.count(match sharing.act {
            SharingAct::Export => "partner_told",
            SharingAct::Removal => "partner_told_to_remove",
        });
    }

    /// An export has begun: the acts of its contact must allow it.
    pub(in crate::sim::consent) fn export_begins(
        &mut self,
        id: MessageId,
        person: &str,
        order: u64,
        now: DateTime<Utc>,
    ) {
        self.count("export_begin_judged");
        self.partner.0.entry(person.to_owned()).or_default().begun.push((now, order));
        if !allows(self.ledger.of(person), WITH, PARTNER.name, order, now) {
            let found = format!("{id} has begun, and the acts of {person} let {WITH} be told nothing");
            self.breach(Invariant::C21, found);
        }
    }

    /// What an erasure decided by itself.
    pub(in crate::sim) fn owed_by_erasure(&mut self, records: &[MessageRecord]) {
        for record in records.iter().filter(|record| record.message.is_removal()) {
            let (id, message) = SeenMessage::decided(&record.message);
            if !self.messages.contains_key(&id) {
                self.count("removal_owed_by_an_erasure");
                self.messages.insert(id, message);
            }
        }
    }

    /// Everything is over: whoever's yes ended is forgotten by the third party, once for each yes, and nobody else is.
    pub(in crate::sim) fn sharing_is_right(&mut self, person: &Person) {
        let person = person.id.as_str();
        let Some(known) = self.partner.0.remove(person) else { return };
        let erased = self.people.get(person).and_then(|seen| seen.erased);
        let ends = ends(self.ledger.of(person), erased, self.now());
        let yes_of = |begin: &(DateTime<Utc>, u64)| ends.0.iter().filter(|end| end.is_before(*begin)).count();
        let told: BTreeSet<usize> = known.begun.iter().map(yes_of).collect();
        let ended = told.iter().filter(|yes| **yes < ends.0.len()).count();
        let removals: BTreeSet<MessageId> = known.removals.iter().map(|(id, _)| *id).collect();
        if removals.len() > ended {
            let found = format!(
                "{WITH} is told by {} removals to forget {person}, and {ended} yeses ended under which it was told",
                removals.len()
            );
            self.breach(Invariant::C21, found);
        }
        let Some((last, told_at)) = known.exports.last().copied() else { return };
        if ends.1 {
            return self.count("sharing_stands_at_rest");
        }
        self.count(if erased.is_some() { "removal_judged_after_an_erasure" } else { "removal_judged" });
        if ended > 1 {
            self.count("removals_of_several_yeses");
        }
        // One that is refused for good is no more repeated: that is for people.
        let refused = |message: &&SeenMessage| {
            message.is_removal
                && message.person == person
                && message.called.values().any(|answer| matches!(answer, Some(Outcome::Refused { .. })))
        };
        if known.removals.iter().all(|(_, order)| *order < told_at)
            && !self.messages.values().any(|message| refused(&message))
        {
            let found =
                format!("{WITH} was told of {person} by {last}, and is not told that this yes has ended");
            self.breach(Invariant::C21, found);
        }
    }
}

/// How often a yes ended, in order, and whether one stands at last.
fn ends(acts: &[Told], erased: Option<u64>, now: DateTime<Utc>) -> (Vec<End>, bool) {
    let kept = || acts.iter().filter(|told| erased.is_none_or(|erased| told.order < erased));
    let mut moments: Vec<(DateTime<Utc>, Option<u64>)> =
        kept().map(|told| (told.received, Some(told.order))).collect();
    moments.extend(kept().filter_map(|told| match &told.what {
        What::Yes { channel, until: Some(until), .. } if channel == PARTNER.name && *until <= now => {
            Some((*until, None))
        }
        _ => None,
    }));
    moments.sort();
    let (mut ends, mut stood) = (Vec::new(), false);
    for (at, order) in moments {
        let known = order.unwrap_or_else(|| {
            kept().filter(|told| told.received < at).map(|told| told.order).max().unwrap_or(0)
        });
        let stands = allows(&newest(acts, known), WITH, PARTNER.name, known + 1, at);
        if stood && !stands {
            ends.push(order.map_or(End::At(at), End::By));
        }
        stood = stands;
    }
    if let Some(erased) = erased.filter(|_| stood) {
        ends.push(End::By(erased));
        stood = false;
    }
    (ends, stood)
}

/// The acts without each yes to the third party that a newer one has replaced: a yes for a while ends, whatever was said before it.
fn newest(acts: &[Told], known: u64) -> Vec<Told> {
    let is_yes = |told: &&Told| matches!(&told.what, What::Yes { channel, .. } if channel == PARTNER.name);
    let last = acts.iter().filter(is_yes).map(|told| told.order).filter(|order| *order <= known).max();
    acts.iter().filter(|told| !is_yes(told) || last.is_none_or(|last| told.order >= last)).cloned().collect()
}
