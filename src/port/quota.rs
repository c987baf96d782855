//! Where places are counted: a number of places that many contacts share.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::StoreError;
use crate::model::{EnrollmentId, Name, derive_place};

/// A request for one place of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// Of which offer.
    pub offer: Name,
    /// Whose place: the same key never holds two places of one offer.
    pub key: Name,
    /// From when on the place is free again, unless it was confirmed.
    pub until: DateTime<Utc>,
    /// What time it is, by the host's clock.
    pub now: DateTime<Utc>,
    /// How many places there are, where the journey says so; what the quota itself knows of the offer otherwise.
    pub most: Option<u64>,
}

impl Reservation {
    /// A place of an offer under a key, from `now` until an instant.
    #[must_use]
    pub fn new(
        offer: impl Into<Name>,
        key: impl Into<Name>,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Self {
        Self { offer: offer.into(), key: key.into(), until, now, most: None }
    }

    /// Says how many places there are.
    #[must_use]
    pub fn most(mut self, most: u64) -> Self {
        self.most = Some(most);
        self
    }

    /// The key under which one enrollment holds its place of an offer: the same for every attempt.
    #[must_use]
    pub fn key_of(enrollment: EnrollmentId, offer: &str) -> Name {
        derive_place(enrollment, offer)
    }
}

/// What a quota says of a request for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reserved {
    /// The place is this key's.
    Place {
        /// How many places nobody holds after that.
        remaining: u64,
    },
    /// Nothing is left.
    Full,
    /// Nobody said how many places this offer has.
    Unknown,
}

/// Counts the places of offers that many contacts share: seats of a workshop, copies of a record, entries of a journey.
///
/// Every method may be called again with the same key, after an answer that was lost: the second call changes nothing and
/// answers as the first did. Calls come from several workers at once, and from several processes.
///
/// `testing::quota::check` asks an adapter for every one of these obligations.
///
/// ```
/// use journeyman::port::{Quota, Reservation, Reserved};
/// use journeyman::quota::MemoryQuota;
///
/// # futures::executor::block_on(async {
/// let quota = MemoryQuota::new("places").offer("masterclass", 1);
/// let now = "2026-03-23T09:00:00Z".parse()?;
/// let until = "2026-03-25T09:00:00Z".parse()?;
/// let lea = Reservation::new("masterclass", "lea", now, until);
/// assert_eq!(quota.reserve(&lea).await?, Reserved::Place { remaining: 0 });
/// assert_eq!(quota.reserve(&lea).await?, Reserved::Place { remaining: 0 }); // the same place
/// assert_eq!(quota.reserve(&Reservation::new("masterclass", "ben", now, until)).await?, Reserved::Full);
///
/// // What was not confirmed in time is free again.
/// let later = "2026-03-25T09:00:00Z".parse()?;
/// let ben = Reservation::new("masterclass", "ben", later, "2026-03-27T09:00:00Z".parse()?);
/// assert_eq!(quota.reserve(&ben).await?, Reserved::Place { remaining: 0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Quota: Send + Sync + 'static {
    /// The name that journeys use; it must differ from those of the channels.
    fn name(&self) -> &str;

    /// Gives the key a place, where one is free: one that nobody holds, or one that was not confirmed before its `until`. A
    /// key that holds one already keeps it, with the `until` of the first time. A request whose own `until` is over gets
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`] where nobody can say; nothing was changed then, or it is not known
    /// ([`StoreError::Unknown`]), and the call is repeated.
    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError>;

    /// Keeps the place for good. [`Reserved::Full`] where the key holds none: it was never given, was released, or was not
    /// confirmed in time. `remaining` is counted as by [`reserve`](Quota::reserve), and is 0 where how many places there are
    /// is not known.
    ///
    /// # Errors
    /// As [`reserve`](Quota::reserve).
    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError>;

    /// Gives the place back, confirmed or not. A key that holds none is no error.
    ///
    /// # Errors
    /// As [`reserve`](Quota::reserve).
    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError>;
}
