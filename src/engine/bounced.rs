//! What came back from an address: bounces, complaints, blocks.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::error::Error;
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{ContactId, Event, Evidence, Fingerprint, Giver, How, InputId, MessageId, Name, truncate};
use crate::port::store::{Receipt, StoredContact, Suppression};
use crate::rule::BLOCK;
use crate::rule::bounce::{Bounce, read, row};

/// What a provider's webhook says of an address.
///
/// Name the contact or the message, so that its journeys hear of it, and the address, which may be another one than the
/// contact has by now.
///
/// ```
/// use journeyman::engine::Returned;
/// let gone = Returned::new("email", "smtp", "550 5.1.1 user unknown").contact("lea").address("lea@example.org");
/// assert_eq!(&*gone.provider, "smtp");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Returned {
    /// By which channel of the engine's it had gone.
    pub channel: Name,
    /// Whose code it is: `smtp`, `twilio` ..., see [`bounce::read`](crate::rule::bounce::read).
    pub provider: Name,
    /// The code, or the line that has it.
    pub code: String,
    /// Whose address it is.
    pub contact: Option<ContactId>,
    /// Which message came back.
    pub message: Option<MessageId>,
    /// Which address; the contact's own on the channel where absent.
    pub address: Option<String>,
    /// The provider's own id: telling twice is then safe.
    pub id: Option<Name>,
    /// When it came back, as the provider says.
    pub at: Option<DateTime<Utc>>,
}

// An address, and a line that may quote it, are in no log.
impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, provider, contact, message, id, at, .. } = self;
        let mut shown = f.debug_struct("Returned");
        shown.field("channel", channel).field("provider", provider).field("contact", contact);
        shown.field("message", message).field("id", id).field("at", at).finish_non_exhaustive()
    }
}

impl Returned {
    /// A code of a provider, for a channel.
    #[must_use]
    pub fn new(channel: impl Into<Name>, provider: impl Into<Name>, code: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            provider: provider.into(),
            code: code.into(),
            contact: None,
            message: None,
            address: None,
            id: None,
            at: None,
        }
    }

    /// Names the contact.
    #[must_use]
    pub fn contact(self, contact: impl Into<ContactId>) -> Self {
        Self { contact: Some(contact.into()), ..self }
    }

    /// Names the message.
    #[must_use]
    pub fn message(self, message: MessageId) -> Self {
        Self { message: Some(message), ..self }
    }

    /// Names the address.
    #[must_use]
    pub fn address(self, address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..self }
    }

    /// Sets the provider's own id.
    #[must_use]
    pub fn id(self, id: impl Into<Name>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Says when it came back.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        Self { at: Some(at), ..self }
    }
}

impl Engine {
    /// The event of what came back. Its properties: `channel`, `kind` (`hard`, `soft`, `reputation`, `blocked`), `provider`
    /// and `code`.
    pub const BOUNCED: &'static str = "message.bounced";
    /// The event of a complaint, with the same properties.
    pub const COMPLAINED: &'static str = "message.complained";

    /// Takes in what came back from an address, and answers how it was read.
    ///
    /// | kind | what is in force when this returns |
    /// |---|---|
    /// | hard | the address is never written to again, whoever has it |
    /// | soft | nothing; with the [tick](Engine::tick) that reads it, the same where the policy's [rule](crate::rule::bounce::SoftRule) says that nobody is there |
    /// | complaint | the contact allows nothing any more, on no channel, nor does the address, whoever has it |
    /// | blocked | the contact allows nothing any more on this channel, nor does the address |
    /// | reputation, reply | nothing |
    ///
    /// Then journeys hear [`BOUNCED`](Engine::BOUNCED) or [`COMPLAINED`](Engine::COMPLAINED); a machine's reply is not told.
    /// Where nobody is named, what the code forbids holds for the address alone.
    ///
    /// # Errors
    /// [`Error::Invalid`] where neither contact, message nor address is named, or the contact has no address on the channel
    /// and none is named; [`Error::UnknownContact`], [`Error::Erased`]: nobody is made known by a webhook, yet an address that
    /// is named is denied before. [`Error::TooLarge`], [`Error::Store`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::engine::Returned;
    /// use journeyman::rule::bounce::Bounce;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    /// let gone = Returned::new("email", "smtp", "550 5.1.1 user unknown").contact("lea").address("lea@example.org");
    /// assert_eq!(engine.bounced(&gone).await?, Bounce::Hard);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    pub async fn bounced(&self, returned: &Returned) -> Result<Bounce, Error> {
        self.check_returned(returned)?;
        let bounce = read(&returned.provider, &returned.code);
        if row(&returned.provider, &returned.code).is_none() {
            // The code stays out of the log: a line quotes addresses.
            tracing::warn!(provider = %returned.provider, "a code that no row of the bounces knows counts as soft");
        }
        let contact = self.returned_to(returned).await?;
        let named = returned.address.as_deref().filter(|address| !address.trim().is_empty());
        let named = match named {
            Some(address) => Some(self.seen(&returned.channel, address).await?),
            None => None,
        };
        let Some(contact) = contact else {
            let Some(address) = named else {
                return Err(Error::Invalid {
                    what: "bounce",
                    sentence: "it names nobody".to_owned(),
                    next: "name the contact, the message or the address that it is about",
                });
            };
            self.forbid_address(returned, bounce, address, None).await?;
            return Ok(bounce);
        };
        let stored = self.shared.store.contact(&contact).await?;
        let Some(stored) = stored.filter(|stored| !stored.erased) else {
            // A person is not made by a webhook; what the address tells holds all the same.
            if let Some(address) = named {
                self.forbid_address(returned, bounce, address, None).await?;
            }
            return Err(match self.shared.store.contact(&contact).await? {
                Some(_) => Error::Erased { contact },
                None => Error::UnknownContact { contact },
            });
        };
        self.forbid(returned, bounce, &contact, named.or_else(|| current(&stored, &returned.channel)))
            .await?;
        self.tell_bounced(returned, bounce, contact).await?;
        Ok(bounce)
    }

    fn check_returned(&self, returned: &Returned) -> Result<(), Error> {
        self.check_id("channel name", &returned.channel)?;
        self.check_id("provider name", &returned.provider)?;
        self.check_size("code", returned.code.len(), self.shared.limits.event)?;
        if let Some(contact) = &returned.contact {
            self.check_id("contact id", contact.as_str())?;
        }
        if let Some(id) = &returned.id {
            self.check_id("id of the bounce", id)?;
        }
        Ok(())
    }

    /// Whom it is about: the contact that is named, else the one that the message was for.
    async fn returned_to(&self, returned: &Returned) -> Result<Option<ContactId>, Error> {
        let named = match &returned.contact {
            Some(contact) => Some(self.meant(contact).await?),
            None => None,
        };
        let Some(message) = returned.message else { return Ok(named) };
        let found = match self.shared.store.message(message).await? {
            Some(record) => Some(self.meant(&record.message.contact).await?),
            None => None,
        };
        match (&named, found) {
            (None, found) => Ok(found),
            (Some(contact), Some(found)) if *contact == found => Ok(Some(found)),
            (Some(_), _) => Err(Error::Invalid {
                what: "bounce",
                sentence: format!("the contact was never sent {message}"),
                next: "name the contact or the message alone",
            }),
        }
    }

    /// What an address tells where nobody is known to have it.
    async fn forbid_address(
        &self,
        returned: &Returned,
        bounce: Bounce,
        address: Fingerprint,
        contact: Option<ContactId>,
    ) -> Result<(), Error> {
        if matches!(bounce, Bounce::Hard | Bounce::Complaint | Bounce::Blocked) {
            let reason = format!("bounce {}", bounce.word());
            let suppression = Suppression::new(returned.channel.clone(), address, contact, reason.into());
            self.shared.store.suppress(&suppression).await?;
            self.wake();
        }
        Ok(())
    }

    async fn forbid(
        &self,
        returned: &Returned,
        bounce: Bounce,
        contact: &ContactId,
        address: Option<Fingerprint>,
    ) -> Result<(), Error> {
        let source = match bounce {
            Bounce::Hard => {
                let Some(address) = address else {
                    return Err(Error::Invalid {
                        what: "bounce",
                        sentence: format!("the contact has no address on {}", returned.channel),
                        next: "name the address that it came back from",
                    });
                };
                return self.forbid_address(returned, bounce, address, Some(contact.clone())).await;
            }
            Bounce::Complaint => "complaint",
            Bounce::Blocked => BLOCK,
            Bounce::Soft | Bounce::Reputation | Bounce::Reply => return Ok(()),
        };
        let wording = format!("{} {}", returned.provider, known(returned));
        let by = Giver::Provider { name: returned.provider.clone() };
        let evidence = Evidence::new(source, wording).by(How::Api).given_by(by);
        let withdrawal = match bounce {
            Bounce::Complaint => Withdrawal::objection(contact.clone(), evidence),
            _ => Withdrawal::everything(contact.clone(), evidence),
        };
        let channel = (bounce == Bounce::Blocked).then(|| returned.channel.clone());
        let id = returned.id.as_ref().map(|id| format!("{source}/{}/{id}", returned.channel).into());
        let from = address.map(|address| (returned.channel.clone(), address));
        self.forbid_at_once(&Withdrawal { channel, id, from, ..withdrawal }).await
    }

    /// Lets journeys hear of it, and counts a soft bounce.
    async fn tell_bounced(
        &self,
        returned: &Returned,
        bounce: Bounce,
        contact: ContactId,
    ) -> Result<(), Error> {
        if bounce == Bounce::Reply {
            return Ok(());
        }
        // What it forbids is in force by now.
        self.check_instant("bounce", returned.at)?;
        let Returned { channel, provider, .. } = returned;
        let id = |kind: &str| {
            let id = returned.id.as_ref()?;
            Some(InputId::from_host("bounce", &contact, &format!("{channel}/{kind}/{id}")))
        };
        let mut inputs = Vec::new();
        let stored = self.shared.store.contact(&contact).await?;
        let named = returned.address.as_deref().filter(|address| !address.trim().is_empty());
        let named = named.map(|address| self.shared.key.fingerprint(channel, address));
        let address = named.or_else(|| current(stored.as_ref()?, channel));
        if let Some(address) = address.filter(|_| bounce == Bounce::Soft) {
            let bounced_at = returned.at.map(truncate);
            let counted = InputKind::SoftBounce { channel: channel.clone(), address, bounced_at };
            inputs.push(Input::for_known(contact.clone(), id("soft"), counted));
        }
        let name = if bounce == Bounce::Complaint { Self::COMPLAINED } else { Self::BOUNCED };
        let mut event = Event::new(contact.clone(), name)
            .property("channel", &**channel)
            .property("kind", bounce.word())
            .property("provider", &**provider)
            .property("code", known(returned));
        let now = self.shared.store.clock().now();
        event.at = returned.at.map(|at| truncate(at.min(now)));
        self.check_event(&mut event)?;
        inputs.push(Input::for_known(contact.clone(), id("event"), InputKind::Event(event)));
        match self.append_checked(inputs).await?.last() {
            Some(Receipt::Expired) => Err(self.expired(name)),
            Some(Receipt::Erased) => Err(Error::Erased { contact }),
            Some(Receipt::UnknownContact) => Err(Error::UnknownContact { contact }),
            _ => Ok(()),
        }
    }
}

fn current(stored: &StoredContact, channel: &Name) -> Option<Fingerprint> {
    stored.state.cold.contact.addresses.get(channel)?.fingerprint
}

/// The code as the table has it: the provider's own line can have the address in it, and would outlive an erasure.
fn known(returned: &Returned) -> &'static str {
    row(&returned.provider, &returned.code).map_or("unknown", |row| row.code)
}
