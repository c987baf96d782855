//! A channel that remembers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::model::{Content, Handover, Message, MessageId, Outcome};
use crate::port::Channel;

/// Keeps every message that it accepts, and accepts each id once, as a good provider does: for tests.
///
/// ```
/// use journeyman::channel::RecordingChannel;
/// let email = RecordingChannel::new("email");
/// assert!(email.sent().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct RecordingChannel {
    name: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Vec<Sent>,
    ids: BTreeSet<MessageId>,
    calls: usize,
}

/// A message that the channel accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The message.
    pub message: Message,
    /// The address.
    pub to: String,
    /// What was said.
    pub content: Content,
    /// Which attempt it was, from 1.
    pub attempt: u32,
}

impl RecordingChannel {
    /// A channel of this name that has accepted nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), inner: Arc::default() }
    }

    /// Everything accepted, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }

    /// How often it was called, repetitions included.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).calls
    }
}

#[async_trait]
impl Channel for RecordingChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.calls += 1;
        if inner.ids.insert(handover.message.id) {
            inner.sent.push(Sent {
                message: handover.message.clone(),
                to: handover.to.to_owned(),
                content: handover.content.clone(),
                attempt: handover.attempt,
            });
        }
        Outcome::Accepted
    }

    fn honours_ids(&self) -> bool {
        true
    }
}
