//! Which of a contact's messages take the places that a cap leaves.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::program::Loaded;
use crate::model::{ContactId, Message};
use crate::port::store::{Begin, Taken, Verdict};
use crate::seeded::{Bug, is_on};

/// Whether a cap counts a message, whoever it is for.
pub(super) fn is_capped(loaded: &Loaded, message: &Message) -> bool {
    message.is_said() && loaded.program.policy.is_capped(&message.channel, &message.purpose)
}

/// What was taken, in the order in which it is judged: each contact keeps its turns among the others, and of its own messages
/// those that a cap counts come first, the higher priority before the lower, then the earlier decision.
pub(super) fn in_order(loaded: &Loaded, messages: Vec<Taken>, are_counted: bool) -> Vec<Taken> {
    if !are_counted {
        return messages;
    }
    let mut turns: BTreeMap<ContactId, Vec<usize>> = BTreeMap::new();
    for (turn, taken) in messages.iter().enumerate() {
        turns.entry(taken.message.contact.clone()).or_default().push(turn);
    }
    let mut own: BTreeMap<ContactId, Vec<Taken>> = BTreeMap::new();
    for taken in messages {
        own.entry(taken.message.contact.clone()).or_default().push(taken);
    }
    let mut ordered = BTreeMap::new();
    for (contact, mut messages) in own {
        messages.sort_by_key(|taken| {
            let priority = loaded.program.send_of(&taken.message).map_or(0, |send| send.priority);
            let capped = is_capped(loaded, &taken.message);
            let asked = capped && !is_on(Bug::PriorityForgotten);
            (!capped, if asked { -i16::from(priority) } else { 0 })
        });
        ordered.extend(turns.remove(&contact).unwrap_or_default().into_iter().zip(messages));
    }
    ordered.into_values().collect()
}

/// The contacts to whom something that a cap counts is said in this handful: what else a cap counts waits for the next take,
/// which knows of it.
#[derive(Default)]
pub(super) struct Places(BTreeSet<ContactId>);

impl Places {
    pub(super) fn is_taken(&self, loaded: &Loaded, taken: &Taken) -> bool {
        self.0.contains(&taken.message.contact) && is_capped(loaded, &taken.message)
    }

    /// Remembers who is told something, or would be if the pace of its channel let it.
    pub(super) fn note(&mut self, loaded: &Loaded, taken: &Taken, begin: Option<&Begin>) {
        let said = begin.is_none_or(|begin| matches!(begin.verdict, Verdict::Send { .. }));
        if said && is_capped(loaded, &taken.message) {
            self.0.insert(taken.message.contact.clone());
        }
    }
}
