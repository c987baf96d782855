//! What third parties were told, and what is owed to them, in memory.

use chrono::{DateTime, Utc};

use super::Inner;
use crate::machine::Cold;
use crate::model::{Called, Message, MessageId};
use crate::port::store::MessageStatus;

impl Inner {
    /// Where the newest call of an export stands.
    pub(super) fn called(&self, export: MessageId) -> Called {
        let entry = self.by_message.get(&export).map(|message| &self.outbox[*message]);
        match entry {
            Some(entry) if entry.record.attempts == 0 => Called::Never,
            Some(entry) if entry.record.status == MessageStatus::Begun => {
                entry.deadline.map_or(Called::Before, Called::Until)
            }
            Some(_) => Called::Before,
            None => Called::Never,
        }
    }

    /// The removals that an erasure owes, each with the instant from which on it may be handed out.
    pub(super) fn removals(&self, cold: &Cold, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, Message)> {
        let owed = cold.removals(now, |export| self.called(export));
        owed.into_iter().map(|(message, from)| (from, message)).collect()
    }
}
