//! The engine's door: what the host says is checked, stamped with fingerprints and put into mailboxes.

use super::{Engine, UnknownContacts};
use crate::error::{Error, StoreError};
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{
    Consent, ConsentStatus, Contact, ContactId, Event, Evidence, Fact, InputId, Name, Value, keyword,
    truncate,
};
use crate::port::store::{Receipt, Suppression};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

const MOST_DEPTH: usize = 8;
const MOST_PURPOSES: usize = 100;

impl Engine {
    /// Says what the host knows of a contact; merged into what is known already.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Invalid`] (an empty id, an unknown time zone), [`Error::Erased`], [`Error::Store`].
    pub async fn identify(&self, contact: Contact) -> Result<(), Error> {
        self.append(vec![Input::from(contact)]).await.map(drop)
    }

    /// Says that something happened to a contact. True where it is new; false where its id was told before.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Invalid`], [`Error::Expired`] where it is older than the horizon,
    /// [`Error::UnknownContact`] where the engine refuses those, [`Error::Erased`], [`Error::Store`]. After
    /// [`StoreError::Unknown`] an event with an id may be told again.
    pub async fn track(&self, event: Event) -> Result<bool, Error> {
        let receipts = self.append(vec![Input::from(event)]).await?;
        Ok(matches!(receipts.first(), Some(Receipt::Kept { .. })))
    }

    /// Says that something became true of a contact by rules that are not the engine's: a segment, a tier, a score that the
    /// host computes, a keyword that it recognised, or its own call for a journey. A fact that is known already changes
    /// nothing, except a keyword and a call, which happen each time.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Fact;
    /// use journeyman::store::MemoryStore;
    /// let engine = journeyman::Engine::builder(Arc::new(MemoryStore::default())).build();
    /// engine.tell("lea", Fact::Segment { segment: "dormant".into(), inside: true }).await?;
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`track`](Engine::track).
    pub async fn tell(&self, contact: impl Into<ContactId>, fact: Fact) -> Result<(), Error> {
        self.append(vec![Input::new(contact.into(), None, InputKind::Fact(fact))]).await.map(drop)
    }

    /// Says what a contact allows. A withdrawal takes the same way as [`withdraw`](Engine::withdraw).
    ///
    /// # Errors
    /// As [`track`](Engine::track).
    pub async fn consent(&self, consent: Consent) -> Result<(), Error> {
        match consent.status {
            ConsentStatus::Granted => self.append(vec![Input::from(consent)]).await.map(drop),
            ConsentStatus::Withdrawn => {
                let Consent { contact, purpose, channel, evidence, id, .. } = consent;
                let withdrawal = Withdrawal::of(contact, purpose, channel, evidence);
                self.withdraw(&Withdrawal { id, ..withdrawal }).await
            }
        }
    }

    /// Puts many inputs into their mailboxes in one transaction; one receipt for each, in order.
    ///
    /// # Errors
    /// The first input that is not valid refuses all of them, and nothing is kept; [`Error::Expired`],
    /// [`Error::UnknownContact`] and [`Error::Erased`] are errors where one input was given, receipts where several were.
    pub async fn append(&self, mut inputs: Vec<Input>) -> Result<Vec<Receipt>, Error> {
        for input in &mut inputs {
            self.admit(input)?;
        }
        if is_on(Bug::CheckedThenInserted) {
            for input in &mut inputs {
                let mail = self.shared.store.inputs(&input.contact, 0, u64::MAX >> 1).await?;
                if mail.iter().any(|envelope| envelope.kind == input.kind) {
                    return Ok(vec![Receipt::Duplicate]);
                }
                input.id = None;
            }
        }
        let receipts = self.shared.store.append(&inputs, self.shared.horizon).await?;
        self.wake();
        if let ([input], [receipt]) = (inputs.as_slice(), receipts.as_slice()) {
            let contact = input.contact.clone();
            match receipt {
                Receipt::Expired => {
                    let name = match &input.kind {
                        InputKind::Event(event) => event.name.clone(),
                        _ => Name::from("input"),
                    };
                    return Err(Error::Expired { name, days: self.shared.horizon.num_days() });
                }
                Receipt::UnknownContact => return Err(Error::UnknownContact { contact }),
                Receipt::Erased => return Err(Error::Erased { contact }),
                Receipt::Kept { .. } | Receipt::Duplicate => {}
            }
        }
        Ok(receipts)
    }

    /// Says that a contact no longer allows something. When this returns, no message that it forbids can begin.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty id; [`Error::Store`], and then it must be said again.
    pub async fn withdraw(&self, withdrawal: &Withdrawal) -> Result<(), Error> {
        self.check_id("contact id", withdrawal.contact.as_str())?;
        self.check_evidence(&withdrawal.evidence)?;
        if withdrawal.purposes.len() > MOST_PURPOSES {
            return Err(Error::Invalid {
                what: "withdrawal",
                sentence: format!("it names more than {MOST_PURPOSES} purposes"),
                next: "name none, which means every purpose",
            });
        }
        for name in withdrawal.purposes.iter().chain(&withdrawal.channel).chain(&withdrawal.id) {
            self.check_id("name in the withdrawal", name)?;
        }
        // Without an id of the host's no two withdrawals are one, for a grant can lie between them.
        let id = withdrawal.id.as_ref().map(|id| InputId::from_host("withdrawal", &withdrawal.contact, id));
        let first = self.shared.store.withdraw(withdrawal, id).await;
        // Withdrawing twice forbids what withdrawing once does, so an unknown outcome is settled by telling it again.
        match first {
            Err(StoreError::Unknown { .. }) => self.shared.store.withdraw(withdrawal, id).await?,
            other => other?,
        }
        tracing::info!(contact = %withdrawal.contact, "consent withdrawn");
        self.wake();
        Ok(())
    }

    /// Never writes to an address again, whoever has it: a hard bounce, a complaint, a blocklist.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooLarge`], [`Error::Store`].
    pub async fn suppress(
        &self,
        channel: &str,
        address: &str,
        contact: Option<&ContactId>,
        reason: &str,
    ) -> Result<(), Error> {
        self.check_id("channel name", channel)?;
        self.check_id("address", address)?;
        self.check_id("reason", reason)?;
        let fingerprint = self.shared.key.fingerprint(channel, address);
        let suppression = Suppression::new(channel.into(), fingerprint, contact.cloned(), reason.into());
        self.shared.store.suppress(&suppression).await?;
        self.wake();
        Ok(())
    }

    /// Forgets a person. The suppression of its addresses and the proof of its consents stay; false where the contact was
    /// never known.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn erase(&self, contact: &ContactId) -> Result<bool, Error> {
        let known = self.shared.store.erase(contact).await?;
        tracing::info!(%contact, known, "erased");
        Ok(known)
    }

    /// Checks an input and makes it ready for the store.
    fn admit(&self, input: &mut Input) -> Result<(), Error> {
        let limits = self.shared.limits;
        self.check_id("contact id", input.contact.as_str())?;
        match &mut input.kind {
            InputKind::Identify(contact) => {
                self.check_size("contact", contact.size() + contact.size_taken_away(), limits.contact)?;
                self.check_values("contact", contact.attributes.values())?;
                if let Some(zone) = &contact.zone {
                    Zone::named(zone).map_err(|error| Error::Invalid {
                        what: "contact",
                        sentence: error.to_string(),
                        next: "give the contact a zone that exists, or none",
                    })?;
                }
                for (channel, address) in &mut contact.addresses {
                    self.check_id("channel name", channel)?;
                    if address.value.trim().is_empty() || address.value.chars().any(char::is_control) {
                        return Err(Error::Invalid {
                            what: "contact",
                            sentence: format!(
                                "its address on {channel} is empty or holds a control character"
                            ),
                            next: "leave the address out, or mend it",
                        });
                    }
                    address.fingerprint = Some(self.shared.key.fingerprint(channel, &address.value));
                }
            }
            InputKind::Event(event) => {
                self.check_id("event name", &event.name)?;
                if let Some(id) = &event.id {
                    self.check_id("event id", id)?;
                }
                self.check_size("event", event.size(), limits.event)?;
                self.check_values("event", event.properties.values())?;
                // One that was read from a text may be finer than what is stored.
                event.at = event.at.map(truncate);
                if event.at.is_some_and(|at| !(0..=253_370_764_800_000).contains(&at.timestamp_millis())) {
                    return Err(Error::Invalid {
                        what: "event",
                        sentence: "its instant lies outside the years 1970 to 9998".to_owned(),
                        next: "give it the instant at which it happened",
                    });
                }
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            InputKind::Fact(fact) => {
                self.check_size("fact", fact.size(), limits.event)?;
                match fact {
                    Fact::Keyword { word, .. } => {
                        self.check_id("keyword", word)?;
                        *word = keyword(word);
                    }
                    Fact::Host { name, properties } => {
                        self.check_id("name of the call", name)?;
                        self.check_values("call", properties.values())?;
                    }
                    Fact::Segment { segment: name, .. }
                    | Fact::Tier { score: name, .. }
                    | Fact::Score { score: name, .. } => self.check_id("name in the fact", name)?,
                }
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            InputKind::Consent(consent) => {
                self.check_id("purpose", &consent.purpose)?;
                self.check_evidence(&consent.evidence)?;
                if let Some(id) = &consent.id {
                    self.check_id("consent id", id)?;
                }
                self.check_id("channel name", &consent.channel)?;
                if consent.status == ConsentStatus::Withdrawn {
                    return Err(Error::Invalid {
                        what: "consent",
                        sentence: "a withdrawal does not go through the mailbox".to_owned(),
                        next: "call withdraw, which takes effect at once",
                    });
                }
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            _ => {
                return Err(Error::Invalid {
                    what: "input",
                    sentence: "this kind of input is made by the engine alone".to_owned(),
                    next: "call the engine's method for it",
                });
            }
        }
        Ok(())
    }

    fn check_evidence(&self, evidence: &Evidence) -> Result<(), Error> {
        self.check_id("source of the evidence", &evidence.source)?;
        self.check_id("wording of the evidence", &evidence.wording)
    }

    fn check_id(&self, what: &'static str, id: &str) -> Result<(), Error> {
        if id.trim().is_empty() {
            return Err(Error::Invalid { what, sentence: "it is empty".to_owned(), next: "give one" });
        }
        self.check_size(what, id.len(), self.shared.limits.id)
    }

    fn check_size(&self, what: &'static str, size: usize, limit: usize) -> Result<(), Error> {
        if size > limit { Err(Error::TooLarge { what, size, limit }) } else { Ok(()) }
    }

    fn check_values<'v>(
        &self,
        what: &'static str,
        mut values: impl Iterator<Item = &'v Value>,
    ) -> Result<(), Error> {
        if values.all(|value| depth(value) <= MOST_DEPTH) {
            return Ok(());
        }
        let sentence = format!("it has a list nested deeper than {MOST_DEPTH}");
        Err(Error::Invalid { what, sentence, next: "flatten the list" })
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
