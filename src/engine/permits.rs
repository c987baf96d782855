//! What may be said to a contact now, for a host that shows it.

use super::Engine;
use crate::error::Error;
use crate::model::{ContactId, Name, Permit};
use crate::rule::permit::Timing;

impl Engine {
    /// Asks the gate whether something may be said to a contact now, for a purpose by a channel, and says nothing: what a
    /// page of preferences shows, or a desk before it calls. Unlike
    /// [`Standing::allows`](crate::rule::Standing::allows) it asks all that the record and the policy have to say: whether
    /// the yes is confirmed and still holds, age, retention, denials and suppressions, hours. Caps, pauses and what a
    /// journey adds (a window, a deadline, a holdout) are asked of messages alone.
    ///
    /// A withdrawal counts at once, as `Withdrawn` until a tick has read which act it was; a yes, and what [`identify`](Engine::identify) said, once a tick has read it.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::{Evidence, Permit, Reason};
    /// use journeyman::rule::{Policy, Purpose};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Contact, Engine};
    ///
    /// let policy = Policy::default().purpose(Purpose::consent("news").confirmed());
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).policy(policy).build();
    /// engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    /// engine.consent(Consent::granted("lea", "news", "email", Evidence::new("form", "v1"))).await?;
    /// engine.tick().await?;
    /// let answer = engine.permits(&"lea".into(), "news", "email").await?;
    /// assert_eq!(answer, Permit::Refuse { reasons: vec![Reason::NoConsent] }); // not confirmed yet
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`], [`Error::Invalid`] for an empty name, [`Error::Store`].
    pub async fn permits(&self, contact: &ContactId, purpose: &str, channel: &str) -> Result<Permit, Error> {
        self.check_id("purpose", purpose)?;
        self.check_id("channel name", channel)?;
        let (purpose, channel) = (Name::from(purpose), Name::from(channel));
        let cold = self.known(contact).await?.cold;
        let forbidden = self.shared.store.forbidden(contact, &channel, &purpose).await?;
        let (zone, policy) = (cold.zone().unwrap_or_else(|| self.shared.zone.clone()), &self.shared.policy);
        Ok(self.asked(&cold, &channel, &purpose, None, forbidden, Timing::default(), policy, &zone))
    }
}
