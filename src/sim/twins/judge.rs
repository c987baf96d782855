//! C6, asked of everything that reaches the store and leaves it.

use chrono::{DateTime, Utc};

use super::ledger::{Then, Word};
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{ConsentStatus, ContactId, MessageId};
use crate::port::store::Merging;
use crate::sim::truth::Seen;
use crate::testing::Invariant;

impl Seen {
    /// Something was kept in a mailbox.
    pub(in crate::sim) fn twins_hear(&mut self, input: &Input) {
        let name = input.contact.as_str();
        if !self.twins.knows(name) {
            return;
        }
        if self.twins.into.contains_key(name) {
            self.count("twin_told_by_its_old_name");
        }
        match &input.kind {
            InputKind::Identify(contact) => self.twins.moves(contact),
            InputKind::Consent(consent) if consent.status == ConsentStatus::Granted => {
                self.twins.allows(consent)
            }
            InputKind::Event(event) => {
                let Some(id) = &event.id else { return };
                if self.twins.happens(name, &event.name, id) > 1 {
                    self.breach(Invariant::C6, format!("{id} was told of {name} again, and counts twice"));
                }
            }
            _ => {}
        }
    }

    /// A withdrawal is in the gate. True where it is of one of them, and judged here alone.
    pub(in crate::sim) fn twins_withdraw(
        &mut self,
        withdrawal: &Withdrawal,
        from: Option<&(String, String)>,
    ) -> bool {
        let own = self.twins.knows(withdrawal.contact.as_str());
        if own {
            self.count("twin_withdrew");
            self.twins.forbids(withdrawal, from);
        }
        own
    }

    /// The store was asked to make two of them one.
    pub(in crate::sim) fn merged(&mut self, loser: &ContactId, winner: &ContactId, merging: &Merging) {
        if *merging != Merging::Done {
            return;
        }
        let (loser, winner) = (loser.as_str(), winner.as_str());
        if !self.twins.may_merge(loser, winner) {
            self.breach(Invariant::C6, format!("{loser} became part of {winner}, and that goes round"));
            return;
        }
        let shared = self.twins.merge(loser, winner);
        self.count(if shared { "twins_merged_at_one_address" } else { "twins_merged" });
    }

    /// Somebody was forgotten.
    pub(in crate::sim) fn twins_erase(&mut self, contact: &ContactId, known: bool) {
        if known && self.twins.knows(contact.as_str()) {
            self.twins.erase(contact.as_str());
            self.count("twin_erased");
        }
    }

    /// A step was kept.
    pub(in crate::sim) fn twins_step(&mut self, contact: &str) {
        if self.twins.into.contains_key(contact) {
            self.breach(Invariant::C6, format!("{contact} takes a step, and is part of somebody else"));
        }
    }

    /// A message begins.
    pub(in crate::sim) fn twins_begin(
        &mut self,
        id: MessageId,
        person: &str,
        (channel, purpose): (&str, &str),
        now: DateTime<Utc>,
    ) {
        let twins = &self.twins;
        let pair = (purpose.to_owned(), channel.to_owned());
        let own = twins.own.get(person).cloned().unwrap_or_default();
        let has_merged = twins.into.values().any(|into| into == person);
        let not_to = twins.denied_at(&pair);
        let found = match own.words.get(&pair) {
            _ if twins.into.contains_key(person) => Some(format!("{person} is part of somebody else")),
            _ if own.erased => Some(format!("{person} was erased")),
            Some(Word::Yes { until, .. }) if until.is_none_or(|until| until > now) => None,
            _ => Some(format!("what is known of {person} together allows no {purpose} by {channel}")),
        };
        let only_to = match own.words.get(&pair) {
            Some(Word::Yes { at, .. }) => at.clone(),
            _ => None,
        };
        if only_to.is_some() {
            self.count("twin_begin_at_the_address_it_took_over");
        }
        self.twins.begun.insert(id, Then { only_to, not_to });
        self.count(if has_merged { "twin_begin_judged" } else { "twin_begin_alone" });
        if let Some(found) = found {
            self.breach(Invariant::C6, format!("{id} has begun, and {found}"));
        }
    }

    /// A message goes out to an address.
    pub(in crate::sim) fn twins_call(&mut self, id: MessageId, person: &str, to: &str) {
        let Some(then) = self.twins.begun.get(&id) else { return };
        let elsewhere = then.only_to.as_ref().is_some_and(|only| only != to);
        let denied = then.not_to.contains(to);
        if elsewhere {
            self.breach(
                Invariant::C6,
                format!("{id} of {person} goes where its right was not taken over for"),
            );
        }
        if denied {
            self.breach(Invariant::C6, format!("{id} of {person} goes to an address where it was forbidden"));
        }
    }
}
