//! The one thread that owns the connection: it takes what waits, runs it in one transaction, and answers.

use std::sync::Arc;

use futures::channel::oneshot;

use super::db::Db;
use super::fault::{Fault, Loss, Step};
use super::queue::Queue;
use crate::error::StoreError;

/// The most requests of one group, and the most rows that a group takes on before it commits.
const MOST_REQUESTS: usize = 256;
const MOST_WEIGHT: usize = 4_096;

/// What a caller asks of the writer.
pub(super) struct Request {
    /// Whether it goes ahead of what is not, and ends its group.
    pub(super) urgent: bool,
    /// Whether it changes anything.
    pub(super) writes: bool,
    /// About how many rows it changes.
    pub(super) weight: usize,
    /// What to do.
    pub(super) call: Box<dyn Call>,
}

/// One piece of work with its caller.
pub(super) trait Call: Send {
    /// Does the work and keeps its answer; where it failed, says what that is for the calls beside it.
    fn run(&mut self, db: &mut Db) -> Result<(), Option<Loss>>;
    /// Takes back an answer that turned out not to hold.
    fn lose(&mut self, loss: &Loss);
    /// Hands the answer over.
    fn answer(self: Box<Self>);
}

/// Pairs work with the place where its answer is awaited.
pub(super) fn call<T, F>(
    operation: &'static str,
    work: F,
) -> (Box<dyn Call>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Db) -> Step<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { operation, work: Some(work), result: None, reply }), answer)
}

struct Pending<T, F> {
    operation: &'static str,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Call for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Db) -> Step<T> + Send,
{
    fn run(&mut self, db: &mut Db) -> Result<(), Option<Loss>> {
        let _span = tracing::debug_span!("store", operation = self.operation).entered();
        let Some(work) = self.work.take() else { return Err(None) };
        let result = work(db);
        let went = result.as_ref().map(drop).map_err(Fault::loss);
        self.result = Some(result.map_err(|fault| fault.of(self.operation)));
        went
    }

    fn lose(&mut self, loss: &Loss) {
        // A request that failed by itself keeps its own reason.
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(loss.of(self.operation)));
        }
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may be gone; the work stands all the same.
            self.reply.send(result).ok();
        }
    }
}

/// Runs until the queue is closed and empty.
pub(super) fn run(mut db: Db, queue: Arc<Queue<Request>>) {
    let closing = Closing(queue);
    let queue = &*closing.0;
    while let Some(request) = queue.next() {
        if request.writes {
            group(&mut db, queue, request);
        } else {
            read(&mut db, request);
        }
    }
}

/// Refuses what was never started when the thread ends, even by a panic.
struct Closing(Arc<Queue<Request>>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
        while let Some(mut request) = self.0.try_next() {
            request.call.lose(&Loss::Unavailable("its writer has ended".to_owned()));
            request.call.answer();
        }
    }
}

fn read(db: &mut Db, mut request: Request) {
    match db.begin_read() {
        Ok(()) => {
            request.call.run(db).ok();
            db.end_read();
        }
        Err(error) => request.call.lose(&Loss::from(&error)),
    }
    request.call.answer();
}

/// Runs a request and whatever else waits in one transaction, and answers when all of it is on disk.
fn group(db: &mut Db, queue: &Queue<Request>, mut first: Request) {
    if let Err(error) = db.begin_write() {
        first.call.lose(&Loss::from(&error));
        return first.call.answer();
    }
    let (mut done, mut reads, mut weight) = (Vec::new(), Vec::new(), 0);
    let mut next = Some(first);
    let mut loss = None;
    while let Some(mut request) = next {
        let urgent = request.urgent;
        weight += request.weight;
        loss = run_one(db, &mut request);
        done.push(request);
        let full = done.len() + reads.len() >= MOST_REQUESTS || weight >= MOST_WEIGHT;
        if loss.is_some() || full || (urgent && !queue.has_urgent()) {
            break;
        }
        next = next_write(queue, &mut reads);
    }
    if let Some(loss) = loss.or_else(|| db.end_write().err()) {
        done.iter_mut().for_each(|request| request.call.lose(&loss));
    }
    done.into_iter().for_each(|request| request.call.answer());
    reads.into_iter().for_each(|request| read(db, request));
}

/// Runs a request so that its failure undoes its own work alone; the loss of the whole group where that cannot be.
fn run_one(db: &mut Db, request: &mut Request) -> Option<Loss> {
    if let Err(error) = db.savepoint() {
        return Some(db.abandon(&error));
    }
    let went = request.call.run(db);
    let result = if went.is_ok() { db.release() } else { db.rollback_to_savepoint() };
    // SQLite ends the whole transaction where the disk is full; then the savepoint is gone and the cause is the call's.
    result.err().map(|error| {
        let loss = db.abandon(&error);
        went.err().flatten().unwrap_or(loss)
    })
}

/// The next request that writes; those that read wait until the group is committed.
fn next_write(queue: &Queue<Request>, reads: &mut Vec<Request>) -> Option<Request> {
    while reads.len() < MOST_REQUESTS {
        let request = queue.try_next()?;
        if request.writes {
            return Some(request);
        }
        reads.push(request);
    }
    None
}
