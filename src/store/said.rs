//! What counts as said, the same for every store.

use chrono::{DateTime, Utc};
use litemap::LiteMap;

use crate::model::{DeliveryStatus, Name, Reason, Said};
use crate::rule::MOST_SAID;

/// Whether the channel never took the message: it refused the first attempt for good. An attempt before could have reached
/// somebody, whatever a later one is told.
pub(super) fn is_refusal(status: &DeliveryStatus, attempt: u32) -> bool {
    match status {
        DeliveryStatus::Refused { reasons } => {
            attempt == 1 && reasons.iter().all(|reason| matches!(reason, Reason::Channel(_)))
        }
        _ => false,
    }
}

/// What was said of late, at most so much of each purpose on each channel.
#[derive(Default)]
pub(super) struct Recent {
    pub(super) said: Vec<Said>,
    counts: LiteMap<(Name, Name), usize>,
}

impl Recent {
    /// Takes the next one in, the newest first.
    pub(super) fn push(&mut self, purpose: &Name, channel: &Name, at: DateTime<Utc>) {
        let count = self.counts.entry((purpose.clone(), channel.clone())).or_insert(0);
        if *count < MOST_SAID {
            *count += 1;
            self.said.push(Said { purpose: purpose.clone(), channel: channel.clone(), at });
        }
    }
}
