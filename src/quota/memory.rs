//! Places in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::StoreError;
use crate::model::Name;
use crate::port::{Quota, Reservation, Reserved};

/// Counts places in memory, for tests and for what may be forgotten when the process ends. Clones share everything.
///
/// ```
/// use journeyman::quota::MemoryQuota;
/// let quota = MemoryQuota::new("places").offer("masterclass", 12);
/// assert!(quota.held("masterclass").is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct MemoryQuota {
    name: Name,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    most: BTreeMap<Name, u64>,
    /// Each key's place, with the instant from which on it is free again; absent once it is confirmed.
    held: BTreeMap<Name, BTreeMap<Name, Option<DateTime<Utc>>>>,
}

impl MemoryQuota {
    /// A quota of this name without offers.
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), inner: Arc::default() }
    }

    /// Says how many places an offer has. Fewer than are held take nothing away from whoever holds one.
    #[must_use]
    pub fn offer(self, offer: impl Into<Name>, most: u64) -> Self {
        self.lock().most.insert(offer.into(), most);
        self
    }

    /// The keys that hold a place of an offer, each with the instant from which on it is free again; absent where it is
    /// confirmed.
    #[must_use]
    pub fn held(&self, offer: &str) -> Vec<(Name, Option<DateTime<Utc>>)> {
        let inner = self.lock();
        let held = inner.held.get(offer).into_iter().flatten();
        held.map(|(key, until)| (key.clone(), *until)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remaining(&self, offer: &str, most: Option<u64>) -> Option<u64> {
        let most = most.or_else(|| self.most.get(offer).copied())?;
        let held = self.held.get(offer).map_or(0, BTreeMap::len);
        Some(most.saturating_sub(u64::try_from(held).unwrap_or(u64::MAX)))
    }

    /// Forgets what was not confirmed in time.
    fn free(&mut self, offer: &str, now: DateTime<Utc>) {
        if let Some(held) = self.held.get_mut(offer) {
            held.retain(|_, until| until.is_none_or(|until| now < until));
        }
    }
}

#[async_trait]
impl Quota for MemoryQuota {
    fn name(&self) -> &str {
        &self.name
    }

    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError> {
        let Reservation { offer, key, until, now, most } = reservation;
        let mut inner = self.lock();
        inner.free(offer, *now);
        let Some(remaining) = inner.remaining(offer, *most) else { return Ok(Reserved::Unknown) };
        if inner.held.get(offer).is_some_and(|held| held.contains_key(key)) {
            return Ok(Reserved::Place { remaining });
        }
        if remaining == 0 || until <= now {
            return Ok(Reserved::Full);
        }
        inner.held.entry(offer.clone()).or_default().insert(key.clone(), Some(*until));
        Ok(Reserved::Place { remaining: remaining - 1 })
    }

    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError> {
        let mut inner = self.lock();
        inner.free(offer, now);
        let Some(until) = inner.held.get_mut(offer).and_then(|held| held.get_mut(key)) else {
            return Ok(Reserved::Full);
        };
        *until = None;
        Ok(Reserved::Place { remaining: inner.remaining(offer, None).unwrap_or(0) })
    }

    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError> {
        if let Some(held) = self.lock().held.get_mut(offer) {
            held.remove(key);
        }
        Ok(())
    }
}
