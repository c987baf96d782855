//! A process that can die at any await.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Why a call ended without its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stop {
    /// The call's future was dropped, as `select!` or a timeout does; the engine lives on.
    Cancel,
    /// The process died: whatever it held in memory is gone, and the host builds a new engine with a new [`Life`].
    Crash,
}

/// The life of one process: what it runs within [`live`](Life::live) ends when the life is stopped. Clones are one life.
///
/// [`Fault::CrashAfter`](super::Fault::CrashAfter) and its kin stop the life of the wrapper at which they happen.
///
/// ```
/// use std::sync::Arc;
/// use journeyman::port::store::{Catalog, Definition};
/// use journeyman::rule::TemplateDefinition;
/// use journeyman::store::MemoryStore;
/// use journeyman::testing::{Fault, FaultyStore, Life, Stop};
///
/// # futures::executor::block_on(async {
/// let life = Life::new();
/// let store = FaultyStore::new(Arc::new(MemoryStore::new())).life(life.clone());
/// store.fail(1, Fault::CancelBefore);
/// store.fail(2, Fault::CrashAfter);
/// let hello = [Definition::Template(TemplateDefinition::new("hello").text("hi"))];
///
/// assert_eq!(life.live(store.publish(&hello)).await.err(), Some(Stop::Cancel));
/// assert_eq!(life.live(store.publish(&hello)).await.err(), Some(Stop::Crash));
/// assert_eq!(life.live(store.snapshot()).await.err(), Some(Stop::Crash)); // dead for ever
///
/// // The next process finds what the last one committed.
/// let next = Life::new();
/// let store = store.life(next.clone());
/// assert_eq!(next.live(store.snapshot()).await.unwrap()?.definitions, hello);
/// # Ok::<(), journeyman::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Life(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    stop: Option<Stop>,
    /// Whom to wake when the life is stopped: one for each call that is under way.
    calls: BTreeMap<u64, Waker>,
    next: u64,
}

impl Life {
    /// A new life.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends what runs within [`live`](Life::live). A crash ends every call, now and later; a cancellation ends one: the
    /// call that is being polled, or else the next one that is. Where several threads cancel, give each a life of its own.
    pub fn stop(&self, stop: Stop) {
        let mut state = self.state();
        state.stop = state.stop.max(Some(stop));
        let calls: Vec<Waker> = state.calls.values().cloned().collect();
        drop(state);
        calls.into_iter().for_each(Waker::wake);
    }

    /// Whether the process died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.state().stop == Some(Stop::Crash)
    }

    /// Whether a call is under way within [`live`](Life::live), so that there is something to stop.
    #[must_use]
    pub fn is_lived(&self) -> bool {
        !self.state().calls.is_empty()
    }

    /// Runs a call until it answers or the life is stopped; then the call is dropped where it stands.
    ///
    /// # Errors
    /// [`Stop::Crash`] when the process died, before or during the call; [`Stop::Cancel`] when this call was cancelled:
    /// the next one runs.
    pub async fn live<T>(&self, call: impl Future<Output = T>) -> Result<T, Stop> {
        let under_way = UnderWay::new(self);
        let mut call = pin!(call);
        poll_fn(|context| {
            under_way.wakes(context.waker());
            if let Some(stop) = self.take() {
                return Poll::Ready(Err(stop));
            }
            let answer = call.as_mut().poll(context);
            // The stop comes first: a dead process hears no answer.
            match self.take() {
                Some(stop) => Poll::Ready(Err(stop)),
                None => answer.map(Ok),
            }
        })
        .await
    }

    /// The stop that is to be answered; a crash stays, a cancellation is used up.
    fn take(&self) -> Option<Stop> {
        let mut state = self.state();
        let stop = state.stop;
        state.stop = stop.filter(|stop| *stop == Stop::Crash);
        stop
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call within a life, from its first poll until it is dropped.
struct UnderWay<'a> {
    life: &'a Life,
    number: u64,
}

impl<'a> UnderWay<'a> {
    fn new(life: &'a Life) -> Self {
        let mut state = life.state();
        state.next += 1;
        Self { life, number: state.next }
    }

    fn wakes(&self, waker: &Waker) {
        self.life.state().calls.insert(self.number, waker.clone());
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.life.state().calls.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::future::{join, pending, ready};

    use super::*;

    struct Dropped(Arc<Mutex<bool>>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = true;
        }
    }

    #[test]
    fn a_life_that_is_not_stopped_changes_nothing() {
        assert_eq!(block_on(Life::new().live(ready(7))), Ok(7));
    }

    #[test]
    fn a_stop_drops_the_call_before_it_is_answered() {
        let (life, dropped) = (Life::new(), Arc::new(Mutex::new(false)));
        let (stopping, guard) = (life.clone(), Dropped(dropped.clone()));
        let call = async move {
            let _guard = guard;
            assert!(stopping.is_lived());
            stopping.stop(Stop::Cancel);
            pending::<()>().await;
        };
        block_on(async {
            assert_eq!(life.live(call).await, Err(Stop::Cancel));
            assert!(*dropped.lock().unwrap() && !life.is_lived());
        });
    }

    #[test]
    fn a_cancelled_life_lives_again_and_a_crashed_one_does_not() {
        let life = Life::new();
        life.stop(Stop::Cancel);
        assert_eq!(block_on(life.live(ready(1))), Err(Stop::Cancel));
        assert_eq!(block_on(life.live(ready(2))), Ok(2));
        life.stop(Stop::Crash);
        life.stop(Stop::Cancel);
        assert_eq!(block_on(life.live(ready(3))), Err(Stop::Crash));
        assert_eq!(block_on(life.live(ready(4))), Err(Stop::Crash));
        assert!(life.is_dead() && !Life::new().is_dead());
    }

    #[test]
    fn a_crash_wakes_and_ends_every_call_that_is_under_way() {
        let life = Life::new();
        let waits = life.live(pending::<()>());
        let crashes = life.live(async {
            life.stop(Stop::Crash);
            pending::<()>().await;
        });
        assert_eq!(block_on(join(waits, crashes)), (Err(Stop::Crash), Err(Stop::Crash)));
    }

    #[test]
    fn an_answer_in_the_moment_of_a_crash_is_not_heard() {
        let life = Life::new();
        assert_eq!(block_on(life.live(async { life.stop(Stop::Crash) })), Err(Stop::Crash));
    }
}
