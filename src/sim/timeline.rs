//! Virtual time: it stands still while anything can happen, and jumps to the next instant that somebody waits for.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::port::Clock;
use crate::testing::Sleep;

/// The one time of a simulation, and the store's clock. Clones are one time.
#[derive(Clone)]
pub(super) struct Timeline(Arc<Mutex<Inner>>);

struct Inner {
    now: DateTime<Utc>,
    next: u64,
    timers: BTreeMap<(DateTime<Utc>, u64), Waker>,
    bell: Vec<Waker>,
}

impl Timeline {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(Inner { now, next: 0, timers: BTreeMap::new(), bell: Vec::new() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an instant.
    pub(super) async fn until(&self, at: DateTime<Utc>) {
        let mut number = None;
        poll_fn(|context| {
            let mut inner = self.inner();
            if inner.now >= at {
                return Poll::Ready(());
            }
            let number = *number.get_or_insert_with(|| {
                inner.next += 1;
                inner.next
            });
            inner.timers.insert((at, number), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits until an instant, or until somebody rings.
    pub(super) async fn until_or_bell(&self, at: DateTime<Utc>) {
        let mut rung = false;
        let bell = poll_fn(|context| {
            if std::mem::replace(&mut rung, true) {
                return Poll::Ready(());
            }
            self.inner().bell.push(context.waker().clone());
            Poll::Pending
        });
        futures::future::select(std::pin::pin!(self.until(at)), std::pin::pin!(bell)).await;
    }

    /// Wakes whoever waits for the bell.
    pub(super) fn ring(&self) {
        let bell = std::mem::take(&mut self.inner().bell);
        bell.into_iter().for_each(Waker::wake);
    }

    /// Jumps to the next instant that somebody waits for; false where nobody does.
    pub(super) fn jump(&self) -> bool {
        let mut inner = self.inner();
        let Some((&(at, _), _)) = inner.timers.first_key_value() else { return false };
        inner.now = inner.now.max(at);
        let now = inner.now;
        let later = inner.timers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut inner.timers, later);
        drop(inner);
        due.into_values().for_each(Waker::wake);
        true
    }
}

impl Clock for Timeline {
    fn now(&self) -> DateTime<Utc> {
        self.inner().now
    }
}

impl Sleep for Timeline {
    fn sleep(&self, span: TimeDelta) -> BoxFuture<'static, ()> {
        let (timeline, until) = (self.clone(), self.now() + span);
        async move { timeline.until(until).await }.boxed()
    }

    /// Lets whoever else is ready go first.
    fn step(&self) -> BoxFuture<'static, ()> {
        let mut stepped = false;
        poll_fn(move |context| {
            if std::mem::replace(&mut stepped, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .boxed()
    }
}

/// What a worker thinks the time is: set wrong and set again, while what has elapsed is true.
#[derive(Clone)]
pub(super) struct WorkerClock {
    timeline: Timeline,
    skew: Arc<AtomicI64>,
}

impl WorkerClock {
    pub(super) fn new(timeline: Timeline) -> Self {
        Self { timeline, skew: Arc::default() }
    }

    /// Sets it wrong by so many milliseconds.
    pub(super) fn set(&self, skew: i64) {
        self.skew.store(skew, Ordering::Relaxed);
    }

    pub(super) fn skew(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.skew.load(Ordering::Relaxed))
    }
}

impl Clock for WorkerClock {
    fn now(&self) -> DateTime<Utc> {
        self.timeline.now() + self.skew()
    }

    fn elapsed(&self) -> TimeDelta {
        self.timeline.now() - DateTime::UNIX_EPOCH
    }
}
