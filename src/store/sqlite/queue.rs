//! The two lanes in front of the writer: what forbids goes ahead of everything else.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The most requests that wait in one lane; further callers wait outside.
const MOST_WAITING: usize = 1_024;

/// Requests on their way to the writer.
pub(super) struct Queue<T> {
    lanes: Mutex<Lanes<T>>,
    filled: Condvar,
}

struct Lanes<T> {
    urgent: Lane<T>,
    bulk: Lane<T>,
    closed: bool,
}

struct Lane<T> {
    waiting: VecDeque<T>,
    outside: Vec<Waker>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let lanes = Lanes { urgent: Lane::new(), bulk: Lane::new(), closed: false };
        Self { lanes: Mutex::new(lanes), filled: Condvar::new() }
    }

    /// Puts a request in, once there is room; gives it back where the writer is gone.
    pub(super) async fn push(&self, request: T, urgent: bool) -> Result<(), T> {
        let mut request = Some(request);
        poll_fn(|context| self.poll_push(&mut request, urgent, context)).await
    }

    fn poll_push(
        &self,
        request: &mut Option<T>,
        urgent: bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), T>> {
        let mut lanes = self.lock();
        let closed = lanes.closed;
        let lane = if urgent { &mut lanes.urgent } else { &mut lanes.bulk };
        if lane.waiting.len() >= MOST_WAITING && !closed {
            if !lane.outside.iter().any(|waker| waker.will_wake(context.waker())) {
                lane.outside.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        match request.take() {
            Some(request) if closed => Poll::Ready(Err(request)),
            Some(request) => {
                lane.waiting.push_back(request);
                drop(lanes);
                self.filled.notify_one();
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Ok(())),
        }
    }

    /// The next request, urgent ones first; waits for one, and is `None` when the queue is closed and empty.
    pub(super) fn next(&self) -> Option<T> {
        let mut lanes = self.lock();
        loop {
            if let Some((request, outside)) = lanes.pop() {
                drop(lanes);
                outside.into_iter().for_each(Waker::wake);
                return Some(request);
            }
            if lanes.closed {
                return None;
            }
            lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next request, where one waits.
    pub(super) fn try_next(&self) -> Option<T> {
        let (request, outside) = self.lock().pop()?;
        outside.into_iter().for_each(Waker::wake);
        Some(request)
    }

    /// Whether something urgent waits.
    pub(super) fn has_urgent(&self) -> bool {
        !self.lock().urgent.waiting.is_empty()
    }

    /// Lets nothing more in; what waits is still handed out.
    pub(super) fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        let mut outside = std::mem::take(&mut lanes.urgent.outside);
        outside.append(&mut lanes.bulk.outside);
        drop(lanes);
        self.filled.notify_all();
        outside.into_iter().for_each(Waker::wake);
    }

    /// A panic elsewhere cannot leave the lanes half changed.
    fn lock(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lanes<T> {
    fn pop(&mut self) -> Option<(T, Vec<Waker>)> {
        for lane in [&mut self.urgent, &mut self.bulk] {
            if let Some(request) = lane.waiting.pop_front() {
                return Some((request, std::mem::take(&mut lane.outside)));
            }
        }
        None
    }
}

impl<T> Lane<T> {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), outside: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn what_is_urgent_goes_first_and_a_closed_queue_gives_back() {
        let queue = Queue::new();
        block_on(queue.push("bulk", false)).unwrap();
        block_on(queue.push("urgent", true)).unwrap();
        assert!(queue.has_urgent());
        assert_eq!((queue.next(), queue.try_next()), (Some("urgent"), Some("bulk")));
        block_on(queue.push("last", false)).unwrap();
        queue.close();
        assert_eq!(block_on(queue.push("late", false)), Err("late"));
        assert_eq!((queue.next(), queue.next()), (Some("last"), None));
    }

    #[test]
    fn a_full_lane_makes_callers_wait_and_lets_the_other_lane_through() {
        let queue = Queue::new();
        for request in 0..MOST_WAITING {
            block_on(queue.push(request, false)).unwrap();
        }
        let mut context = Context::from_waker(Waker::noop());
        assert!(queue.poll_push(&mut Some(0), false, &mut context).is_pending());
        assert!(queue.poll_push(&mut Some(0), true, &mut context).is_ready());
        queue.next();
        assert!(queue.poll_push(&mut Some(0), false, &mut context).is_pending());
        queue.next();
        assert!(queue.poll_push(&mut Some(0), false, &mut context).is_ready());
    }
}
