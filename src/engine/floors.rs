//! How little was said to a contact, beside how much is meant to be.

use super::Engine;
use crate::error::Error;
use crate::model::{ContactId, DeliveryStatus, Name, Said};

/// What a cap asks to be said at least, and what was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Floor {
    /// The cap.
    pub cap: Name,
    /// How many messages are meant to be sent in one window.
    pub least: u32,
    /// How many a channel has accepted in the window that ends now.
    pub said: u32,
}

impl Floor {
    /// Whether less was said than is meant to be.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.said < self.least
    }
}

impl Engine {
    /// What the caps of the [policy](crate::rule::Policy) that hold for a contact ask to be said at least
    /// ([`Cap::at_least`](crate::rule::Cap::at_least)), and what was said in the window that ends now. It is a report: nothing is ever sent
    /// because of it. Only what a channel has accepted counts, at the instant at which that was known. Somebody who is new, or
    /// new in a tier, was told little so far; since when it could be more, the host knows.
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`], [`Error::Store`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::{Contact, Engine};
    /// # use journeyman::rule::{Cap, Policy};
    /// # use journeyman::store::MemoryStore;
    /// # use journeyman::time::Span;
    /// # futures::executor::block_on(async {
    /// let weekly = Cap::new("weekly", 3, Span::days(7)).for_purpose("nurture").at_least(2);
    /// let policy = Policy::new("2026-11").cap(weekly);
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).policy(policy).build();
    /// engine.identify(Contact::new("lea")).await?;
    /// engine.tick().await?;
    /// let floors = engine.floors(&"lea".into()).await?;
    /// assert!(floors[0].is_missed() && floors[0].said == 0);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    pub async fn floors(&self, contact: &ContactId) -> Result<Vec<Floor>, Error> {
        let state = self.known_contact(contact).await?.state;
        let store = &self.shared.store;
        let (mut records, now) = (Vec::new(), store.clock().now());
        // What was said to those who became part of the contact was said to it.
        for own in self.all_of(contact).await? {
            records.extend(store.messages(&own).await?);
        }
        let said: Vec<Said> = records
            .into_iter()
            .filter(|record| record.answer == Some(DeliveryStatus::Accepted) && record.message.is_said())
            .filter_map(|record| {
                Some(Said::new(record.message.purpose, record.message.channel, record.answered_at?))
            })
            .collect();
        let zone = state.cold.zone().unwrap_or_else(|| self.shared.zone.clone());
        let caps = self.shared.policy.caps.iter().filter(|cap| cap.holds_for(&state.hot.rating));
        let floors = caps.filter_map(|cap| {
            let said = cap.count(&said, &zone, now);
            Some(Floor { cap: cap.name.clone(), least: cap.least?, said })
        });
        Ok(floors.collect())
    }
}
