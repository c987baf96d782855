//! The conformance check for quotas: every obligation of [`port::Quota`](crate::port::Quota), asked through the port alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::StoreError;
use crate::port::{Quota, Reservation, Reserved};

/// Asks a quota for everything that it owes, and answers with each obligation that it does not keep; nothing where it keeps
/// them all.
///
/// The quota must be empty and know an offer `two` of two places and an offer `other` of one place; it is used up.
///
/// # Errors
/// The [`StoreError`] of the first call that failed.
///
/// ```
/// use journeyman::quota::MemoryQuota;
/// use journeyman::testing::quota::check;
/// let quota = MemoryQuota::new("places").offer("two", 2).offer("other", 1);
/// assert!(futures::executor::block_on(check(&quota))?.is_empty());
/// # Ok::<(), journeyman::StoreError>(())
/// ```
pub async fn check(quota: &dyn Quota) -> Result<Vec<String>, StoreError> {
    let mut bench = Bench { quota, broken: Vec::new() };
    bench.places_are_counted().await?;
    bench.places_come_back().await?;
    bench.what_is_over_is_free().await?;
    Ok(bench.broken)
}

struct Bench<'q> {
    quota: &'q dyn Quota,
    broken: Vec<String>,
}

fn minute(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(number)
}

const FULL: Reserved = Reserved::Full;

const fn place(remaining: u64) -> Reserved {
    Reserved::Place { remaining }
}

impl Bench<'_> {
    fn expect(&mut self, found: Reserved, expected: Reserved, obligation: &str) {
        if found != expected {
            self.broken.push(format!("{obligation}: it answers {found:?} and owes {expected:?}"));
        }
    }

    /// Asks for a place from one minute until another.
    async fn reserve(&self, offer: &str, key: &str, from: i64, until: i64) -> Result<Reserved, StoreError> {
        self.quota.reserve(&Reservation::new(offer, key, minute(from), minute(until))).await
    }

    async fn places_are_counted(&mut self) -> Result<(), StoreError> {
        let found = self.reserve("two", "a", 0, 10).await?;
        self.expect(found, place(1), "a free place is given, and what is left is counted");
        let found = self.reserve("two", "a", 1, 20).await?;
        self.expect(found, place(1), "the same key keeps its one place");
        let found = self.reserve("two", "b", 0, 10).await?;
        self.expect(found, place(0), "the last place is given");
        let found = self.reserve("two", "c", 0, 10).await?;
        self.expect(found, FULL, "no more places are given than there are");
        let found = self.reserve("two", "a", 2, 20).await?;
        self.expect(found, place(0), "who holds a place keeps it when all are held");
        let found = self.reserve("other", "a", 0, 10).await?;
        self.expect(found, place(0), "each offer is counted by itself");
        let found = self.reserve("nowhere", "a", 0, 10).await?;
        self.expect(
            found,
            Reserved::Unknown,
            "an offer of which nobody said how many places it has is unknown",
        );
        let asked = Reservation::new("entries", "a", minute(0), minute(10)).most(1);
        let found = self.quota.reserve(&asked).await?;
        self.expect(found, place(0), "the request may say how many places there are");
        let found = self.quota.reserve(&Reservation { key: "b".into(), ..asked }).await?;
        self.expect(found, FULL, "what the request says is the limit");
        Ok(())
    }

    async fn places_come_back(&mut self) -> Result<(), StoreError> {
        self.quota.release("two", "a").await?;
        self.quota.release("two", "a").await?;
        self.quota.release("two", "nobody").await?;
        let found = self.quota.confirm("two", "a", minute(3)).await?;
        self.expect(found, FULL, "what was released cannot be confirmed");
        let found = self.reserve("two", "c", 3, 10).await?;
        self.expect(found, place(0), "a released place is free, once, whoever releases it twice");
        let found = self.quota.confirm("two", "c", minute(4)).await?;
        self.expect(found, place(0), "a held place is confirmed");
        let found = self.quota.confirm("two", "c", minute(4)).await?;
        self.expect(found, place(0), "confirming twice changes nothing");
        let found = self.quota.confirm("two", "nobody", minute(4)).await?;
        self.expect(found, FULL, "who holds no place confirms none");
        Ok(())
    }

    /// `b` holds a place until minute 10, `c` one for good.
    async fn what_is_over_is_free(&mut self) -> Result<(), StoreError> {
        let found = self.reserve("two", "d", 9, 20).await?;
        self.expect(found, FULL, "a place is held until its instant");
        let found = self.quota.confirm("two", "b", minute(10)).await?;
        self.expect(found, FULL, "what was not confirmed in time cannot be confirmed");
        let found = self.reserve("two", "d", 10, 20).await?;
        self.expect(found, place(0), "what was not confirmed in time is free at its instant");
        let found = self.reserve("two", "e", 1_000, 1_000).await?;
        self.expect(found, FULL, "a request whose own time is over gets nothing");
        let found = self.reserve("two", "e", 1_000, 1_010).await?;
        self.expect(found, place(0), "what was confirmed stays held for ever");
        let found = self.reserve("two", "f", 1_000, 1_010).await?;
        self.expect(found, FULL, "what was confirmed stays held for ever");
        self.quota.release("two", "c").await?;
        let found = self.reserve("two", "f", 1_000, 1_010).await?;
        self.expect(found, place(0), "a confirmed place can be released");
        Ok(())
    }
}
