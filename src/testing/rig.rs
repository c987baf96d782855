//! What a faulty wrapper carries beside what it wraps.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::life::{Life, Stop};
use super::plan::{FaultPlan, Planned};
use super::sleep::Sleep;

/// What a fault cannot happen without.
#[derive(Clone, Copy)]
pub(super) enum Need {
    Nothing,
    Sleep,
    Life,
    Batch,
}

/// What was called and what of it went wrong; clones share one log.
#[derive(Default)]
struct Log {
    operations: Vec<&'static str>,
    fired: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Default)]
pub(super) struct Rig {
    log: Arc<Mutex<Log>>,
    pub(super) planned: Arc<Planned>,
    pub(super) plan: Option<Arc<dyn FaultPlan>>,
    pub(super) sleep: Option<Arc<dyn Sleep>>,
    pub(super) life: Option<Life>,
}

impl Rig {
    /// Counts a call; answers its number, from 1.
    pub(super) fn enter(&self, operation: &'static str) -> u64 {
        let mut log = self.log();
        log.operations.push(operation);
        log.operations.len() as u64
    }

    /// The first fault that one of the plans asks for, if it can happen here.
    pub(super) fn decide<F>(
        &self,
        ask: impl Fn(&dyn FaultPlan) -> Option<F>,
        need: impl Fn(&F) -> Need,
        messages: usize,
    ) -> Option<F> {
        let fault = ask(&*self.planned).or_else(|| ask(&**self.plan.as_ref()?))?;
        let possible = match need(&fault) {
            Need::Nothing => true,
            Need::Sleep => self.sleep.is_some(),
            // Nobody would drop a call that nobody lives, and it would wait for ever.
            Need::Life => self.life.as_ref().is_some_and(Life::is_lived),
            Need::Batch => messages > 1,
        };
        possible.then_some(fault)
    }

    pub(super) fn fire(&self, name: &'static str) {
        *self.log().fired.entry(name).or_default() += 1;
    }

    pub(super) async fn step(&self) {
        if let Some(sleep) = &self.sleep {
            sleep.step().await;
        }
    }

    pub(super) async fn sleep(&self, span: TimeDelta) {
        if let Some(sleep) = &self.sleep {
            sleep.sleep(span).await;
        }
    }

    /// Whether the process died, so that its calls must not reach anything any more.
    pub(super) fn is_dead(&self) -> bool {
        self.life.as_ref().is_some_and(Life::is_dead)
    }

    /// Stops the life; whoever lives it drops this call.
    pub(super) async fn stop<T>(&self, stop: Stop) -> T {
        if let Some(life) = &self.life {
            life.stop(stop);
        }
        pending().await
    }

    pub(super) fn operations(&self) -> Vec<&'static str> {
        self.log().operations.clone()
    }

    pub(super) fn calls(&self) -> u64 {
        self.log().operations.len() as u64
    }

    pub(super) fn fired(&self) -> BTreeMap<&'static str, u64> {
        self.log().fired.clone()
    }

    // A test that fails while it holds the lock must not hide its own message behind a poisoned one.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
