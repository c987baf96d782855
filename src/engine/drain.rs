//! Waiting, after a withdrawal, for what had begun before it.

use chrono::{DateTime, Utc};

use super::Engine;
use crate::error::Error;
use crate::machine::Withdrawal;
use crate::model::{ContactId, MessageId};
use crate::port::store::InFlight;

/// What a withdrawal still waits for: the contact's messages that had begun before it. What had begun for another contact
/// with the same address is not waited for; nothing more of it begins.
///
/// Poll it with [`Engine::poll_drain`] until [`is_done`](Drain::is_done); after that, no channel call for the withdrawing
/// contact starts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// Who withdrew.
    pub contact: ContactId,
    /// What has begun, and has neither settled nor passed its deadline.
    pub waiting: Vec<InFlight>,
    /// What passed its channel's deadline without an answer: nobody knows what became of it.
    pub unanswered: Vec<MessageId>,
}

impl Drain {
    /// Whether there is nothing left to wait for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When it is over at the latest.
    #[must_use]
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().map(|message| message.deadline).max()
    }
}

impl Engine {
    /// Withdraws, and says what had begun before. The value is polled, because the engine has no runtime to wait with.
    ///
    /// # Errors
    /// As [`withdraw`](Engine::withdraw).
    pub async fn withdraw_and_drain(&self, withdrawal: &Withdrawal) -> Result<Drain, Error> {
        self.withdraw(withdrawal).await?;
        let mut waiting = self.in_flight(&withdrawal.contact).await?;
        waiting
            .retain(|message| withdrawal.channel.as_ref().is_none_or(|channel| *channel == message.channel));
        let mut drain = Drain { contact: withdrawal.contact.clone(), waiting, unanswered: Vec::new() };
        self.poll_drain(&mut drain).await?;
        Ok(drain)
    }

    /// Looks again at what a withdrawal waits for; true where it is done.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn poll_drain(&self, drain: &mut Drain) -> Result<bool, Error> {
        if drain.is_done() {
            return Ok(true);
        }
        // Deadlines are of the store's clock.
        let now = self.shared.store.clock().now();
        let begun = self.in_flight(&drain.contact).await?;
        for message in std::mem::take(&mut drain.waiting) {
            // Another attempt of the same message cannot have begun: the withdrawal forbids it.
            if !begun.contains(&message) {
                continue;
            }
            if now < message.deadline {
                drain.waiting.push(message);
            } else {
                drain.unanswered.push(message.message);
            }
        }
        Ok(drain.is_done())
    }
}
