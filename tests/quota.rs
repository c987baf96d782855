//! Quotas: both adapters keep every obligation, quotas that break one are caught, and workers side by side never share a
//! place.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::thread;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::StoreError;
use journeyman::port::{Quota, Reservation, Reserved};
use journeyman::quota::{MemoryQuota, SqliteQuota};
use journeyman::testing::quota::check;

const NOTHING: [String; 0] = [];

fn memory() -> MemoryQuota {
    MemoryQuota::new("places").offer("two", 2).offer("other", 1)
}

#[test]
fn the_quota_in_memory_keeps_every_obligation() {
    assert_eq!(block_on(check(&memory())).unwrap(), NOTHING);
}

#[test]
fn the_quota_on_a_file_keeps_every_obligation() {
    let folder = tempfile::tempdir().unwrap();
    let quota = SqliteQuota::open("places", folder.path().join("places.db")).unwrap();
    assert_eq!(block_on(check(&quota.offer("two", 2).offer("other", 1))).unwrap(), NOTHING);
}

#[test]
fn a_file_remembers_its_places_and_another_process_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteQuota::open("places", folder.path().join("places.db")).unwrap().offer("two", 2);
    let until = DateTime::UNIX_EPOCH + TimeDelta::days(1);
    let reserve = |quota: &SqliteQuota, key: &str| {
        block_on(quota.reserve(&Reservation::new("two", key, DateTime::UNIX_EPOCH, until))).unwrap()
    };
    let (first, second) = (open(), open());
    assert_eq!(reserve(&first, "a"), Reserved::Place { remaining: 1 });
    assert_eq!(reserve(&second, "b"), Reserved::Place { remaining: 0 });
    drop((first, second));
    assert_eq!(reserve(&open(), "c"), Reserved::Full);
}

#[test]
fn a_file_of_another_kind_is_no_quota() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.db");
    std::fs::write(&path, "this is a text and by no means a database of anything at all").unwrap();
    assert!(matches!(SqliteQuota::open("places", &path), Err(StoreError::NotAStore { .. })));
    let nowhere = folder.path().join("none/places.db");
    assert!(matches!(SqliteQuota::open("places", nowhere), Err(StoreError::Unavailable { .. })));
}

/// A quota with one mistake.
struct Wrong {
    inner: MemoryQuota,
    mistake: Mistake,
}

#[derive(Clone, Copy, Debug)]
enum Mistake {
    AnotherKeyEachTime,
    OneTooMany,
    KeepsWhatIsOver,
    ForgetsWhatIsConfirmed,
    ReleasesNothing,
    OneCountForAll,
}

#[async_trait]
impl Quota for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }

    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError> {
        let mut asked = reservation.clone();
        match self.mistake {
            Mistake::AnotherKeyEachTime => asked.key = format!("{} {}", asked.key, asked.now).into(),
            Mistake::OneTooMany => asked.most = Some(3),
            Mistake::KeepsWhatIsOver => asked.until += TimeDelta::days(365),
            Mistake::OneCountForAll => asked.offer = "two".into(),
            _ => {}
        }
        self.inner.reserve(&asked).await
    }

    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError> {
        if matches!(self.mistake, Mistake::ForgetsWhatIsConfirmed) {
            return Ok(Reserved::Place { remaining: 0 });
        }
        self.inner.confirm(offer, key, now).await
    }

    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError> {
        if matches!(self.mistake, Mistake::ReleasesNothing) {
            return Ok(());
        }
        self.inner.release(offer, key).await
    }
}

#[test]
fn a_quota_that_breaks_an_obligation_is_caught() {
    for mistake in [
        Mistake::AnotherKeyEachTime,
        Mistake::OneTooMany,
        Mistake::KeepsWhatIsOver,
        Mistake::ForgetsWhatIsConfirmed,
        Mistake::ReleasesNothing,
        Mistake::OneCountForAll,
    ] {
        let broken = block_on(check(&Wrong { inner: memory(), mistake })).unwrap();
        assert!(!broken.is_empty(), "{mistake:?} is not caught");
    }
}

#[test]
fn workers_side_by_side_never_share_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.db");
    let until = DateTime::UNIX_EPOCH + TimeDelta::days(1);
    let given: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let quota = SqliteQuota::open("places", &path).unwrap().offer("ten", 10);
                scope.spawn(move || {
                    let keys = (0..5).map(|number| format!("{worker}-{number}"));
                    let asked = keys.map(|key| Reservation::new("ten", key, DateTime::UNIX_EPOCH, until));
                    let answers = asked.map(|asked| block_on(quota.reserve(&asked)).unwrap());
                    answers.filter(|answer| matches!(answer, Reserved::Place { .. })).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(given, 10);
}
