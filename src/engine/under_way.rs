//! Tests that are under way in this process, so that a drain waits for them too.

use std::sync::{Mutex, PoisonError};

use super::Engine;
use crate::error::StoreError;
use crate::model::ContactId;
use crate::port::store::InFlight;

/// The tests that are under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<Vec<(ContactId, InFlight)>>);

/// One of them, until it is dropped.
pub(super) struct Trial<'e> {
    all: &'e UnderWay,
    own: (ContactId, InFlight),
}

impl UnderWay {
    /// Notes a test before the gate is asked: a withdrawal from then on either forbids it or waits for it.
    pub(super) fn begin(&self, contact: &ContactId, test: InFlight) -> Trial<'_> {
        let own = (contact.clone(), test);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(own.clone());
        Trial { all: self, own }
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn of(&self, contact: &ContactId) -> Vec<InFlight> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(own, _)| own == contact).map(|(_, test)| test.clone()).collect()
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|other| *other == self.own) {
            all.swap_remove(place);
        }
    }
}

impl Engine {
    /// What has begun for a contact and has not ended, tests of this process too.
    pub(super) async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>, StoreError> {
        let mut all = self.shared.store.in_flight(contact).await?;
        if !self.shared.under_way.is_empty() {
            all.extend(self.shared.under_way.of(&self.meant(contact).await?));
        }
        Ok(all)
    }
}
