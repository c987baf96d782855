//! One thread that runs every task of a simulation, choosing at random among those that are ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::task::{ArcWake, waker};

use super::random::Random;
use super::timeline::Timeline;
use crate::port::Clock;

/// Polls after which a simulation counts as stuck.
const MOST_POLLS: u64 = 3_000_000;

type Ready = Arc<Mutex<Vec<usize>>>;

/// Where tasks are put; clones are one place.
#[derive(Clone, Default)]
pub(super) struct Spawner(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Spawner {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Wake {
    task: usize,
    queued: AtomicBool,
    ready: Ready,
}

impl ArcWake for Wake {
    fn wake_by_ref(this: &Arc<Self>) {
        if !this.queued.swap(true, Ordering::Relaxed) {
            this.ready.lock().unwrap_or_else(PoisonError::into_inner).push(this.task);
        }
    }
}

struct Task {
    future: Option<BoxFuture<'static, ()>>,
    wake: Arc<Wake>,
}

/// How a run ended.
pub(super) struct Ran {
    /// A hash of every choice and of the time at which it was made.
    pub(super) trace: u64,
    pub(super) polls: u64,
    /// Whether it was given up.
    pub(super) stuck: bool,
}

/// Runs until `done` says so, or nothing is left to do.
pub(super) fn run(
    spawner: &Spawner,
    timeline: &Timeline,
    random: &mut Random,
    done: impl Fn() -> bool,
) -> Ran {
    let ready: Ready = Arc::default();
    let mut tasks: Vec<Task> = Vec::new();
    let mut ran = Ran { trace: 0xcbf2_9ce4_8422_2325, polls: 0, stuck: false };
    while !done() {
        for future in spawner.take() {
            let wake = Wake { task: tasks.len(), queued: AtomicBool::new(true), ready: ready.clone() };
            ready.lock().unwrap_or_else(PoisonError::into_inner).push(tasks.len());
            tasks.push(Task { future: Some(future), wake: Arc::new(wake) });
        }
        let chosen = {
            let mut ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
            let count = ready.len();
            if count == 0 { None } else { Some(ready.swap_remove(random.below(count))) }
        };
        let Some(chosen) = chosen else {
            if timeline.jump() {
                continue;
            }
            break;
        };
        ran.mix(chosen as u64, timeline.now());
        if ran.polls >= MOST_POLLS {
            ran.stuck = true;
            break;
        }
        let task = &mut tasks[chosen];
        task.wake.queued.store(false, Ordering::Relaxed);
        let Some(future) = &mut task.future else { continue };
        let waker = waker(task.wake.clone());
        if let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            task.future = None;
        }
    }
    ran
}

impl Ran {
    fn mix(&mut self, chosen: u64, now: DateTime<Utc>) {
        self.polls += 1;
        for part in [chosen, now.timestamp_millis() as u64] {
            self.trace = (self.trace ^ part).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }
}
