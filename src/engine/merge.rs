//! Two contacts that turn out to be one person.

use super::Engine;
use super::feed::News;
use crate::error::{Error, StoreError};
use crate::model::ContactId;
use crate::port::store::Merging;

impl Engine {
    /// Makes two contacts one: the loser ends and its id becomes an alias of the winner, which goes on. True where it is new;
    /// false where it was done before, and then nothing changes.
    ///
    /// When this returns, nothing begins any more for either of them but what **both** allow at an address that both have, and
    /// at any other address what its own contact allows and the other one does not deny. What the winner knows stands; what it lacks
    /// comes from the loser with the next [tick](Engine::tick): attributes, tags, addresses, how often what happened, the
    /// journeys that it was in, the bars. The loser's runs end ([`ExitReason::Merged`](crate::model::ExitReason::Merged)); scores and
    /// segments go on counting what the winner itself was told. What was said to the loser counts in the winner's caps.
    ///
    /// From then on whatever is told of the loser reaches the winner. A merge is not taken back.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Evidence;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Contact, Engine};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    /// engine.identify(Contact::new("web-77").address("email", "lea@example.org").attribute("city", "Lyon")).await?;
    /// engine.consent(Consent::granted("lea", "news", "email", Evidence::new("form", "v1"))).await?;
    /// engine.tick().await?;
    ///
    /// assert!(engine.merge(&"web-77".into(), &"lea".into()).await?);
    /// engine.tick().await?;
    /// let lea = engine.store().contact(&"lea".into()).await?.ok_or("known")?.state.cold.clone();
    /// assert!(lea.contact.attributes.contains_key("city"));
    /// // The other record has the address too and never allowed it.
    /// assert!(!lea.standing.allows("news", "email", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotMerged`] for a contact with itself, a circle, a loser that is part of a third contact, and a loser with mail
    /// that no tick has read yet; [`Error::UnknownContact`], [`Error::Erased`], [`Error::Invalid`], [`Error::TooLarge`];
    /// [`Error::Store`], and then it is safe to say it again.
    pub async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<bool, Error> {
        self.check_id("contact id", loser.as_str())?;
        self.check_id("contact id", winner.as_str())?;
        let flight = self.shared.feed.as_ref().map(|feed| feed.begin([loser.clone()]));
        let first = self.shared.store.merge(loser, winner).await;
        // Merging twice changes nothing more, so an unknown outcome is settled by saying it again.
        let (merging, again) = match first {
            Err(StoreError::Unknown { .. }) => (self.shared.store.merge(loser, winner).await?, true),
            other => (other?, false),
        };
        if let Some(flight) = flight {
            let gone = matches!(merging, Merging::Done | Merging::Already);
            flight.end(vec![if gone { News::Gone } else { News::Overtaken }]);
        }
        match merging {
            Merging::Done => {
                tracing::info!(%loser, %winner, "merged");
                self.wake();
                Ok(true)
            }
            Merging::Already => Ok(again),
            Merging::Unknown(contact) => Err(Error::UnknownContact { contact }),
            Merging::Erased(contact) => Err(Error::Erased { contact }),
            Merging::Refused(why) => {
                Err(Error::NotMerged { loser: loser.clone(), winner: winner.clone(), why })
            }
        }
    }

    /// The contact that an id means, with whoever was merged into it, itself last.
    pub(super) async fn all_of(&self, contact: &ContactId) -> Result<Vec<ContactId>, StoreError> {
        let meant = self.meant(contact).await?;
        let mut all = self.shared.store.aliases(&meant).await?;
        all.push(meant);
        Ok(all)
    }

    /// The contact that an id means: itself, or the one that it was merged into.
    pub(super) async fn meant(&self, contact: &ContactId) -> Result<ContactId, StoreError> {
        Ok(self.shared.store.alias(contact).await?.unwrap_or_else(|| contact.clone()))
    }
}
