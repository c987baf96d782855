//! What fails is worked on apart, so that one contact which the store refuses again and again slows nobody else.

use std::sync::atomic::Ordering;

use super::{Engine, Tick};
use crate::error::{Error, StoreError};
use crate::machine::Signal;
use crate::model::{ContactId, Name};
use crate::port::store::Lease;

/// A contact's work that failed.
pub(super) struct Failed {
    pub(super) contact: ContactId,
    pub(super) lease: Lease,
    pub(super) reason: Name,
}

impl Engine {
    /// How many contacts the next batch holds: one, while those that the store refused together are worked on apart.
    pub(super) fn batch_size(&self) -> usize {
        let apart = &self.shared.apart;
        match apart.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => 1,
            Err(_) => self.shared.batch,
        }
    }

    pub(super) fn end_apart(&self) {
        self.shared.apart.store(0, Ordering::Relaxed);
    }

    /// Gives a batch back that the store refused, to claim its contacts one by one; a batch of one has failed by itself.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn set_apart(
        &self,
        mut refused: Vec<(ContactId, Lease)>,
        error: &StoreError,
    ) -> Result<Option<Failed>, StoreError> {
        if refused.len() == 1 {
            return Ok(refused.pop().map(|(contact, lease)| {
                tracing::warn!(%contact, %error, "the store refuses a commit");
                Failed { contact, lease, reason: word(error).into() }
            }));
        }
        tracing::warn!(contacts = refused.len(), %error, "the store refuses a batch; each is tried apart");
        self.shared.apart.store(refused.len(), Ordering::Relaxed);
        let leases: Vec<Lease> = refused.into_iter().map(|(_, lease)| lease).collect();
        self.shared.store.give_back(&leases).await?;
        Ok(None)
    }

    /// Counts failures; the contact that failed too often is parked.
    ///
    /// # Errors
    /// [`Error::Store`]: a store that cannot even count is not failing because of one contact.
    pub(super) async fn count_failures(&self, failed: Vec<Failed>, tick: &mut Tick) -> Result<(), Error> {
        let most = self.shared.most_failures;
        for Failed { contact, lease, reason } in failed {
            let failures = self.shared.store.fail(&lease, &reason, most).await?;
            tick.failed += 1;
            if failures.is_some_and(|failures| failures >= most) {
                tracing::error!(%contact, %reason, "a contact failed too often and is parked");
                tick.signals.push(Signal::Parked { contact, reason });
            }
        }
        Ok(())
    }

    /// Lets a parked contact go on; false where it was not parked. [`Archive::parked`](crate::port::Archive::parked) lists
    /// who is.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn release(&self, contact: &ContactId) -> Result<bool, Error> {
        let released = self.shared.store.release(contact).await?;
        tracing::info!(%contact, released, "released");
        self.count_later(contact).await?;
        self.wake();
        Ok(released)
    }
}

/// A word for an error that is kept with the contact, without what the store said.
fn word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Unknown { .. } => "unknown",
        StoreError::Busy { .. } => "busy",
        StoreError::Full { .. } => "full",
        StoreError::ReadOnly { .. } => "read_only",
        StoreError::NewerSchema { .. } => "newer_schema",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::NotAStore { .. } => "not_a_store",
    }
}
