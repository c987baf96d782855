//! The conformance suite for stores: one named case for each obligation of [`port::store`](crate::port::store).
//!
//! Whoever writes a store writes a [`StoreBuilder`] and runs [`Suite::run`]. The cases drive the store through its port
//! alone and build every commit by hand, so that the judge shares no code with the engine.
//!
//! ```
//! use std::sync::Arc;
//! use async_trait::async_trait;
//! use journeyman::port::Clock;
//! use journeyman::port::store::{Result, Store};
//! use journeyman::store::MemoryStore;
//! use journeyman::testing::store::{StoreBuilder, Suite};
//!
//! struct Memory;
//!
//! #[async_trait]
//! impl StoreBuilder for Memory {
//!     type Guard = ();
//!
//!     async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, ())> {
//!         Ok((Arc::new(MemoryStore::builder().clock(clock).build()), ()))
//!     }
//! }
//!
//! futures::executor::block_on(Suite::run(Memory)).assert_passed();
//! ```

/// Ends the case with a reason where something does not hold.
macro_rules! check {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::testing::store::bench::Stop::failed(format!($($why)+)));
        }
    };
}

/// Ends the case with a reason where two values differ.
macro_rules! check_eq {
    ($found:expr, $expected:expr, $what:literal) => {
        match (&$found, &$expected) {
            (found, expected) => {
                check!(*found == *expected, "{}: found {found:?}, expected {expected:?}", $what)
            }
        }
    };
}

/// Lists the cases of a file: the name of a function and the obligation that it states.
macro_rules! cases {
    ($($name:ident: $obligation:literal,)+) => {
        pub(super) const CASES: &[$crate::testing::store::Case] = &[$($crate::testing::store::Case {
            name: stringify!($name),
            obligation: $obligation,
            run: |bench| Box::pin($name(bench)),
        }),+];
    };
}

mod amend;
mod archive;
mod aside;
mod bench;
mod caps;
mod catalog;
mod claim;
mod commit;
mod denial;
mod erase;
mod gate;
mod mailbox;
mod merge;
mod outbox;
mod park;
mod rekey;
mod settle;
mod sharing;
mod sizes;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;

use self::bench::{Answer, Bench, Stop};
use crate::port::Clock;
use crate::port::store::{Result, Store};

/// Makes the stores that the suite judges.
#[async_trait]
pub trait StoreBuilder: Send + Sync + 'static {
    /// What keeps a store's place alive while a case runs: a temporary directory, a schema; `()` where there is none.
    type Guard: Send + Sync + 'static;

    /// A new and empty store, apart from every other one, that reads this clock.
    async fn build(&self, clock: Arc<dyn Clock>) -> Result<(Arc<dyn Store>, Self::Guard)>;

    /// The store of this place, opened again after it was dropped; `None` where nothing outlives a store.
    async fn reopen(&self, guard: &Self::Guard, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>> {
        let _ = (guard, clock);
        Ok(None)
    }
}

/// One obligation of a store, and the code that asks for it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What a store must do, in one line.
    pub obligation: &'static str,
    run: fn(Bench) -> BoxFuture<'static, Answer>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.obligation)
    }
}

/// The suite.
#[derive(Clone, Copy, Debug)]
pub struct Suite;

impl Suite {
    /// Every case, role by role.
    pub fn cases() -> impl Iterator<Item = &'static Case> {
        [
            mailbox::CASES,
            claim::CASES,
            park::CASES,
            commit::CASES,
            outbox::CASES,
            caps::CASES,
            settle::CASES,
            amend::CASES,
            aside::CASES,
            gate::CASES,
            denial::CASES,
            erase::CASES,
            rekey::CASES,
            merge::CASES,
            sharing::CASES,
            catalog::CASES,
            archive::CASES,
            sizes::CASES,
        ]
        .into_iter()
        .flatten()
    }

    /// Runs every case, each on a store of its own.
    pub async fn run<B: StoreBuilder>(builder: B) -> Report {
        Self::run_only(builder, |_| true).await
    }

    /// Runs the cases whose name passes, such as the one that is being mended.
    pub async fn run_only<B: StoreBuilder>(builder: B, wanted: impl Fn(&str) -> bool) -> Report {
        let builder = Arc::new(builder);
        let wanted: Vec<&Case> = Self::cases().filter(|case| wanted(case.name)).collect();
        let mut report = Report::default();
        for case in wanted {
            let builder = builder.clone();
            let answer = AssertUnwindSafe(async move { (case.run)(Bench::build(builder).await?).await });
            let reason = match answer.catch_unwind().await {
                Ok(Ok(())) => {
                    report.passed.push(case.name);
                    continue;
                }
                Ok(Err(Stop::NotApplicable)) => {
                    report.not_applicable.push(case.name);
                    continue;
                }
                Ok(Err(Stop::Failed(reason))) => reason,
                Err(panic) => format!("the store panicked: {}", bench::panic_message(&*panic)),
            };
            report.failed.push(Failure { name: case.name, obligation: case.obligation, reason });
        }
        report
    }
}

/// What the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Report {
    /// The names of the cases that hold.
    pub passed: Vec<&'static str>,
    /// The names of the cases that ask for what this store does not claim to do, such as to outlive the process.
    pub not_applicable: Vec<&'static str>,
    /// The cases that do not hold.
    pub failed: Vec<Failure>,
}

/// An obligation that a store does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the case.
    pub name: &'static str,
    /// What a store must do.
    pub obligation: &'static str,
    /// What this store did, and which line of the suite saw it.
    pub reason: String,
}

impl Report {
    /// The names of the cases that do not hold.
    #[must_use]
    pub fn failures(&self) -> Vec<&'static str> {
        self.failed.iter().map(|failure| failure.name).collect()
    }

    /// Ends the test unless every case holds.
    ///
    /// # Panics
    /// With the list of the obligations that are not met.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.failed.is_empty() && !self.passed.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, failed) = (self.passed.len(), self.failed.len());
        write!(
            f,
            "{passed} obligations met, {failed} not met, {} not applicable",
            self.not_applicable.len()
        )?;
        for name in &self.not_applicable {
            write!(f, "\n  not applicable: {name}")?;
        }
        for Failure { name, obligation, reason } in &self.failed {
            write!(f, "\n  NOT MET: {name}\n    {obligation}\n    {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own_and_an_obligation() {
        let names: BTreeSet<&str> = Suite::cases().map(|case| case.name).collect();
        assert_eq!(names.len(), Suite::cases().count());
        assert!(Suite::cases().all(|case| case.obligation.ends_with('.')));
    }
}
