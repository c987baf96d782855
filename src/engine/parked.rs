//! What operators do by hand to single messages.

use super::Engine;
use super::operate::check_deed;
use crate::error::Error;
use crate::model::{Deed, MessageId};
use crate::port::store::{Amended, MessageRecord, MessageStatus};

impl Engine {
    /// Messages whose outcome nobody knows and that are not repeated, oldest decision first, after one of them on.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn parked_messages(
        &self,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, Error> {
        Ok(self.shared.store.parked_messages(after, limit).await?)
    }

    /// Takes back a message that waits in the outbox, before its first attempt or between two. A run that waits for what
    /// becomes of it goes on as after a refusal.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a deed that does not say who or why, an unknown message, and one that has begun or is settled;
    /// [`Error::Store`].
    pub async fn cancel_message(&self, message: MessageId, by: Deed) -> Result<(), Error> {
        check_deed(&by)?;
        let amended = self.shared.store.cancel_message(message, &by).await?;
        tracing::info!(%message, who = %by.who, ?amended, "an operator takes a message back");
        self.amended(message, amended)
    }

    /// Lets a parked message be handed over again, under the same id and with the same content, when its permit allows it:
    /// the provider may have it already, and whoever repeats it has made sure that it has not, or accepts that it comes
    /// twice. What the run did meanwhile stays.
    ///
    /// # Errors
    /// As [`cancel_message`](Engine::cancel_message), for a message that is not parked or whose run was ended by a goal, an
    /// exit or a hand.
    pub async fn retry_message(&self, message: MessageId, by: Deed) -> Result<(), Error> {
        check_deed(&by)?;
        let amended = self.shared.store.retry_message(message, &by).await?;
        tracing::info!(%message, who = %by.who, ?amended, "an operator lets a message be tried again");
        self.amended(message, amended)
    }

    fn amended(&self, message: MessageId, amended: Amended) -> Result<(), Error> {
        let sentence = match amended {
            Amended::Done => {
                self.wake();
                return Ok(());
            }
            Amended::Unknown => format!("there is no message {message}, or its contact was erased"),
            Amended::TakenBack => format!("the run of {message} was ended, and took back what it had to say"),
            Amended::Stands(status) => format!("{message} is {}", word(&status)),
        };
        Err(Error::Invalid {
            what: "message",
            sentence,
            next: "read it with Archive::message, and decide anew",
        })
    }
}

fn word(status: &MessageStatus) -> &'static str {
    match status {
        MessageStatus::Pending => "pending",
        MessageStatus::Begun => "on its way",
        MessageStatus::Accepted => "accepted",
        MessageStatus::Refused => "refused",
        MessageStatus::Parked => "parked",
        MessageStatus::Cancelled => "taken back",
    }
}
