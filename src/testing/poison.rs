//! Contacts whose commits a faulty store refuses.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::ContactId;
use crate::port::store::{Claimed, Lease};

/// Who is poisoned; clones share it.
#[derive(Clone, Default)]
pub(super) struct Poison(Arc<Mutex<Poisoned>>);

#[derive(Default)]
struct Poisoned {
    contacts: BTreeSet<ContactId>,
    /// Whose rows they are, as claims told.
    rows: BTreeSet<u64>,
}

impl Poison {
    pub(super) fn add(&self, contact: ContactId) {
        self.poisoned().contacts.insert(contact);
    }

    pub(super) fn clear(&self) {
        *self.poisoned() = Poisoned::default();
    }

    pub(super) fn has(&self, contact: &ContactId) -> bool {
        self.poisoned().contacts.contains(contact)
    }

    /// Remembers the rows of poisoned contacts that were handed out: a commit names nothing else.
    pub(super) fn learn(&self, claimed: &Claimed) {
        let mut poisoned = self.poisoned();
        for work in &claimed.work {
            if poisoned.contacts.contains(&work.state.cold.contact.id) {
                poisoned.rows.insert(work.lease.row);
            }
        }
    }

    pub(super) fn refuses(&self, lease: &Lease) -> bool {
        self.poisoned().rows.contains(&lease.row)
    }

    fn poisoned(&self) -> MutexGuard<'_, Poisoned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
